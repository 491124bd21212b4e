"""What a project of dbt says about its files: which are models, and in which schemas they are.

https://docs.getdbt.com/docs/build/sql-models, .../reference/project-configs/model-paths, .../docs/build/custom-schemas,
.../reference/dbt-jinja-functions/target
"""

from __future__ import annotations

import pytest

from ray_lineage.compile import CompileOptions, compile_source, needs_name
from ray_lineage.compile.text.jinja_values import constant
from ray_lineage.model import FileFacts

PROJECT = b"name: shop\nprofile: shop\n"
PROFILE = (
    b"shop:\n  target: dev\n  outputs:\n    dev: {type: postgres, schema: dbt_alice, dbname: lake}\n"
    b"    prod: {type: postgres, schema: analytics}\n"
)


def read(text: str, folder: str = "p/models/mart") -> FileFacts:
    """Before it was given anything."""
    return compile_source(text, CompileOptions("postgres", model="m", folder=folder))


def in_project(text: str, project: bytes = PROJECT, folder: str = "p/models/mart", **given: bytes) -> FileFacts:
    found = {
        "dbt_project.yml": project,
        "/p/dbt_project.yml": project,
        **{k.replace("_", ":", 1): v for k, v in given.items()},
    }
    return compile_source(text, CompileOptions("postgres", model="m", folder=folder), given=found)


def made(facts: FileFacts) -> list[tuple[str, ...]]:
    return [s.target for s in facts.statements]


# ------------------------------------------------------------- plain SQL


@pytest.mark.parametrize(
    "text", ["select a from t", "-- why\nwith c as (select a from t) select * from c", "/* ** */ (select a from t);"]
)
def test_a_query_below_the_models_of_a_project_is_a_model(text: str) -> None:
    """ "Each .sql file contains one model / select statement. The model name is inherited from the filename." """
    facts = in_project(text)
    assert made(facts) == [("m",)]
    assert [d.name for d in facts.declarations if d.name[-1] != "m"] != []  # and others may refer to it
    assert needs_name(text, CompileOptions("postgres"))


def test_it_is_configured_as_any_model() -> None:
    project = PROJECT + b"models:\n  shop:\n    mart:\n      +schema: marts\n      +database: lake\n"
    properties = b"models:\n  - name: m\n    config: {alias: other, materialized: table}\n"
    facts = in_project("select a from t", project, model_m=properties)
    assert made(facts) == [("lake", "marts", "other")]
    assert [d.kind for d in facts.declarations if d.name == ("lake", "marts", "other")] == ["Table"]


def test_it_asks_for_its_project_first_and_then_where_that_lies() -> None:
    text = "select a from t"
    assert read(text).needs == ("dbt_project.yml",)
    options = CompileOptions("postgres", model="m", folder="p/models/mart")
    assert compile_source(text, options, given={"dbt_project.yml": PROJECT}).needs == (
        "dbt_project.yml",
        "/p/dbt_project.yml",
    )
    assert "model:m" in in_project(text).needs


@pytest.mark.parametrize(
    ("paths", "folder"),
    [
        ("[transformations]", "p/transformations/a"),
        ('["./dbt/models/"]', "p/dbt/models"),
        ("[models, more]", "p/more/models"),
    ],
)
def test_model_paths_are_relative_to_the_project(paths: str, folder: str) -> None:
    assert made(in_project("select a from t", PROJECT + f"model-paths: {paths}\n".encode(), folder)) == [("m",)]


@pytest.mark.parametrize("folder", ["p/sqlmesh/models", "p/analyses", "p/transformations", "p/tests/models/x"])
def test_a_folder_that_looks_like_one_is_none(folder: str) -> None:
    """dbt_project.yml lies in p: its models are those of p/models."""
    given = {"dbt_project.yml": PROJECT, "/p/dbt_project.yml": PROJECT}
    facts = compile_source("select a from t", CompileOptions("postgres", model="m", folder=folder), given=given)
    assert made(facts) == [()]


@pytest.mark.parametrize(
    "text", ["create table t (a int)", "insert into x select a from t", "select 1; select 2", "set x = 1"]
)
def test_what_is_no_query_alone_is_no_model_and_asks_nobody(text: str) -> None:
    assert read(text).needs == ()
    assert in_project(text).needs == ()
    assert all(d.name[-1] != "m" for d in in_project(text).declarations)


def test_a_template_without_refs_is_one_too() -> None:
    text = "{% set n = 3 %}select a from t limit {{ n }}"
    assert "dbt_project.yml" in read(text).needs
    assert made(in_project(text)) == [("m",)]
    assert made(in_project(text, folder="p/elsewhere")) == [()]


# ------------------------------------------------------------- templates in settings


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ 'a' if target.name == 'prod' else 'b' }}", "b"),
        ("{% if target.name == 'dev' %}x{% elif true %}y{% endif %}", "x"),
        ("{%- if var('prefix', None) != None -%}{{ var('prefix') }}_layer{% else %}layer{%- endif -%}\n", "layer"),
        ("{%- if var('set', None) is not none -%}{{ var('set') }}_layer{% else %}layer{%- endif -%}", "pre_layer"),
        ("{% set s = target.schema %}{{ s }}_x", "dbt_alice_x"),
        ("{{ env_var('NOBODY_SETS', 'usual') }}", "usual"),
        ("{{ target.user }}", None),
        ("{% if target.threads > 3 %}a{% endif %}", None),
        ("{% if %}", None),
        ("{% for x in [1] %}a{% endfor %}", None),
        ("plain text", "plain text"),
    ],
)  # fmt: skip
def test_a_setting_that_is_a_template(text: str, expected: str | None) -> None:
    assert constant(text, {"set": "pre"}, {"name": "dev", "schema": "dbt_alice"}) == expected


def test_the_target_is_the_one_that_the_profile_names() -> None:
    project = PROJECT + b"models:\n  +schema: \"{{ 'a' if target.name == 'prod' else target.dbname }}\"\n"
    assert made(in_project("select a from t", project, profile_shop=PROFILE)) == [("lake", "m")]
    config = "{{ config(schema='a' if target.name == 'dev' else 'b') }} select a from t"
    assert made(in_project(config, PROJECT, profile_shop=PROFILE)) == [("a", "m")]


def test_a_target_without_a_name_is_called_default() -> None:
    """dbt Core: a profile that names no target means the output ``default``."""
    profile = b"shop:\n  outputs:\n    default: {type: postgres}\n"
    project = PROJECT + b'models:\n  +schema: "{{ target.name }}_x"\n'
    assert made(in_project("select a from t", project, profile_shop=profile)) == [("default_x", "m")]


def test_what_is_not_known_hides_what_the_folder_around_says() -> None:
    project = PROJECT + b'models:\n  +schema: outer\n  shop:\n    mart:\n      +schema: "{{ target.name }}"\n'
    assert made(in_project("select a from t", project)) == [("m",)]


# ------------------------------------------------------------- generate_schema_name

HEAD = "{% macro generate_schema_name(custom_schema_name, node) -%}"
CUSTOM_ALONE = HEAD + (
    "{%- set default_schema = target.schema -%}{%- if custom_schema_name is none -%}{{ default_schema }}"
    "{%- else -%}{{ custom_schema_name | trim }}{%- endif -%}{%- endmacro %}"
)
ONLY_IN_PRODUCTION = HEAD + (
    "{%- set default_schema = target.schema -%}"
    "{%- if (target.name == 'prod' or target.schema == 'analytics') and custom_schema_name is not none -%}"
    "{{ custom_schema_name | trim }}{%- else -%}{{ default_schema }}{%- endif -%}{%- endmacro %}"
)
BY_ENVIRONMENT = HEAD + "{{ generate_schema_name_for_env(custom_schema_name, node) }}{%- endmacro %}"
BUILT_IN = (
    HEAD
    + "{{ target.schema }}{% if custom_schema_name is not none %}_{{ custom_schema_name | trim }}{% endif %}{% endmacro %}"
)
PREFIXED = (
    HEAD
    + "{% if custom_schema_name is none %}{{ target.schema }}{% else %}dw_{{ custom_schema_name | upper }}{% endif %}{% endmacro %}"
)
ONE_FOR_ALL = HEAD + "warehouse{% endmacro %}"
BY_KIND = HEAD + "{% if node.resource_type == 'seed' %}seeds{% else %}{{ custom_schema_name }}{% endif %}{% endmacro %}"
UNCLEAR = HEAD + "{{ target.name ~ '_' if target.name != 'prod' else '' }}{{ custom_schema_name }}{% endmacro %}"


@pytest.mark.parametrize(
    ("macro", "schema"),
    [
        (CUSTOM_ALONE, "marts"), (ONLY_IN_PRODUCTION, "marts"), (BY_ENVIRONMENT, "marts"), (BUILT_IN, "marts"),
        (PREFIXED, "dw_marts"), (ONE_FOR_ALL, "warehouse"), (BY_KIND, "marts"), (UNCLEAR, "marts"),
    ],
)  # fmt: skip
def test_a_project_says_what_a_custom_schema_becomes(macro: str, schema: str) -> None:
    """The target's own schema is a deployment's, and no part of a name here."""
    project = PROJECT + b"models:\n  +schema: marts\n"
    given = {"dbt_project.yml": project, "/p/dbt_project.yml": project}
    options = CompileOptions("postgres", model="m", folder="p/models")
    asked = compile_source("select a from t", options, given=given)
    assert {"macro:/generate_schema_name", "macro:/default__generate_schema_name"} <= set(asked.needs)
    given["macro:/generate_schema_name"] = macro.encode()
    assert made(compile_source("select a from t", options, given=given)) == [(schema, "m")]


@pytest.mark.parametrize(
    "macro", [CUSTOM_ALONE, ONLY_IN_PRODUCTION, BY_ENVIRONMENT, BUILT_IN, PREFIXED, ONE_FOR_ALL, BY_KIND]
)
def test_a_macro_that_is_understood_is_no_news(macro: str) -> None:
    assert [d.code for d in read(macro, "p/macros").diagnostics] == []


def test_a_macro_that_is_not_understood_is_said_once_where_it_stands() -> None:
    found = read("\n" + UNCLEAR, "p/macros").diagnostics
    assert [(d.code, d.line) for d in found] == [("RL180", 2)]
    assert [
        d.code for d in read(UNCLEAR.replace("macro generate", "macro default__generate"), "p/macros").diagnostics
    ] == ["RL180"]
