"""A dbt project through an ingest: what files ask one another for, and what an edit of one compiles again."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from ray_lineage.compile import CompileOptions
from ray_lineage.graph.sqlite import SqliteStore
from ray_lineage.model import FileFacts, SourceFile
from ray_lineage.runtime import alone
from ray_lineage.runtime.alone import read_alone
from ray_lineage.runtime.ingest import ingest
from ray_lineage.runtime.needs import Needs
from ray_lineage.runtime.parse import Task
from ray_lineage.settings import Settings, load_settings

PROJECT = {
    "p/dbt_project.yml": "name: shop\nprofile: shop\nvars:\n  from: \"{{ ref('stg') }}\"\n"
    "models:\n  shop:\n    marts:\n      +schema: mart\n",
    "p/ci/profiles.yml": "shop:\n  outputs:\n    dev:\n      type: snowflake\n",
    "p/models/stg/src.yml": "sources:\n  - name: raw\n    database: lake\n    schema: ingest\n    tables:\n"
    "      - name: o\n        identifier: ORDERS_1\nmodels:\n  - name: stg\n    config:\n      alias: stage\n",
    "p/models/stg/stg.sql": "select id, amt from {{ source('raw', 'o') }}",
    "p/models/marts/top.sql": "select {{ cents('amt') }} as d from {{ var('from') }} qualify 1 = 1",
    "p/macros/money.sql": "{% macro cents(c) %}{{ half(c) }} / 50{% endmacro %}",
    "p/macros/half.sql": "{% macro half(c) %}({{ c }} / 2){% endmacro %}",
    "p/tests/t.sql": "select * from {{ ref('top') }} where d is null",
    "p/target/compiled/shop/models/marts/top.sql": "create table wrong as select 1 as x",
    "other/config.yml": "models: [1]",
}


def write(root: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    chosen = {"data_dir": str(tmp_path / "d"), "executor": "local", "ingest_workers": 0, "project": "p"}
    return load_settings(chosen, environ={}).settings


def graph(settings: Settings) -> tuple[set[tuple[str, str]], dict[str, str]]:
    """Edges of columns, and the dialects of files."""
    store = SqliteStore(str(Path(settings.data_dir) / "graph.db"), read_only=True)
    dump = store.dump("p")
    store.close()
    return {(r[0][2:], r[1][2:]) for r in dump["FLOWS_TO"]}, {r[2]: r[4] for r in dump["File"]}


def test_each_kind_of_resource_has_a_section_of_its_own(tmp_path: Path, settings: Settings) -> None:
    """https://docs.getdbt.com/reference/dbt_project.yml: what ``seeds`` says is said of no model."""
    root = tmp_path / "sql"
    write(
        root,
        {
            "dbt_project.yml": "name: shop\nmodels:\n  shop:\n    stg:\n      +schema: staging\n"
            "seeds:\n  +schema: seed_data\nsnapshots:\n  +schema: history\n",
            "models/stg/a.sql": "{{ config(materialized='view') }} select id from raw.t",
            "models/b.sql": "select id from {{ ref('a') }}",
            "snapshots/c.sql": "{% snapshot c %}{{ config(unique_key='id', strategy='check', check_cols='all') }}"
            "select id from {{ ref('b') }}{% endsnapshot %}",
        },
    )
    ingest(settings, [str(root)])
    assert {(a, b) for a, b in graph(settings)[0] if b.endswith(".id")} == {
        ("raw.t.id", "staging.a.id"), ("staging.a.id", "b.id"), ("b.id", "history.c.id"),
    }  # fmt: skip


def test_a_model_of_plain_sql_is_a_link_of_the_chain(tmp_path: Path, settings: Settings) -> None:
    """https://docs.getdbt.com/docs/build/sql-models: each file below the models is one; another tool's folder of that name is none."""
    root = tmp_path / "sql"
    project = "name: shop\nmodels:\n  +schema: \"{{ 'live' if target.name == 'prod' else 'mart' }}\"\nprofile: shop\n"
    write(
        root,
        {
            "t/dbt_project.yml": project,
            "t/profiles.yml": "shop:\n  target: dev\n  outputs:\n    dev:\n      type: duckdb\n",
            "t/models/a.sql": "select id from raw.t",
            "t/models/b.sql": "select id from {{ ref('a') }}",
            "mesh/models/c.sql": "select id from mart.b",
        },
    )
    ingest(settings, [str(root)])
    assert graph(settings)[0] == {("raw.t.id", "mart.a.id"), ("mart.a.id", "mart.b.id")}

    (root / "t/dbt_project.yml").rename(root / "dbt_project.yml")  # t/models is not below its models any more
    ingest(settings, [str(root)])
    assert ("raw.t.id", "mart.a.id") not in graph(settings)[0]


def test_a_project_says_what_its_models_mean(tmp_path: Path, settings: Settings) -> None:
    root = tmp_path / "sql"
    write(root, PROJECT)
    summary = ingest(settings, [str(root)])
    edges, dialects = graph(settings)
    assert edges == {
        ("lake.ingest.orders_1.id", "stage.id"),
        ("lake.ingest.orders_1.amt", "stage.amt"),
        ("stage.amt", "mart.top.d"),
    }
    assert {dialects[f] for f in ("p/models/stg/stg.sql", "p/models/marts/top.sql", "p/tests/t.sql")} == {"snowflake"}
    assert not [f for f in dialects if "target" in f or f.startswith("other/")]
    assert summary.read_as == {"snowflake": 5}
    assert ingest(settings, [str(root)]).unchanged == len(dialects)

    write(root, {"p/macros/half.sql": "{% macro half(c) %}({{ c }} + id){% endmacro %}"})
    again = ingest(settings, [str(root)])
    assert ("stage.id", "mart.top.d") in graph(settings)[0]
    assert again.files_written == 2  # the macro's file and the one model that calls it

    write(root, {"p/models/stg/src.yml": PROJECT["p/models/stg/src.yml"].replace("alias: stage", "alias: other")})
    ingest(settings, [str(root)])
    assert ("other.amt", "mart.top.d") in graph(settings)[0]

    (root / "p/macros/half.sql").unlink()
    ingest(settings, [str(root)])
    edges, _ = graph(settings)
    assert ("other.amt", "mart.top.d") in edges  # an argument of what nobody knows
    assert ("other.id", "mart.top.d") not in edges
    store_settings = load_settings(
        {"data_dir": str(tmp_path / "anew"), "executor": "local", "ingest_workers": 0, "project": "p"}, environ={}
    ).settings
    ingest(store_settings, [str(root)])
    assert graph(store_settings) == graph(settings)


@pytest.mark.parametrize("touched", ["p/macros/money.sql", "p/dbt_project.yml", "p/models/marts/top.sql"])
def test_a_file_that_is_touched_leaves_its_folder_the_dialect_that_its_project_gives_it(
    tmp_path: Path, settings: Settings, touched: str
) -> None:
    root = tmp_path / "sql"
    write(root, PROJECT)
    ingest(settings, [str(root)])
    before = graph(settings)
    os.utime(root / touched, (1_700_000_000, 1_700_000_000))
    assert ingest(settings, [str(root)]).unchanged == len(before[1])
    assert graph(settings) == before


def test_a_file_alone_is_read_as_in_an_ingest(tmp_path: Path, settings: Settings) -> None:
    write(tmp_path, {**PROJECT, "ray_lineage.toml": ""})
    facts = read_alone(str(tmp_path / "p/models/marts/top.sql"), settings)
    assert facts is not None
    assert (facts.dialect, [s.target for s in facts.statements]) == ("snowflake", [("mart", "top")])
    assert [d for d in facts.diagnostics if d.code == "RL126"] == []
    assert read_alone(str(tmp_path / "other/config.yml"), settings) is None


def test_of_a_large_tree_the_nearest_files_are_looked_at(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    near = {f"b/{k}.sql": "create table `t` (a int) engine=InnoDB;" for k in range(3)}
    far = {f"a/{k}.sql": "select top 1 [a] from [t]\ngo\n" for k in range(9)}
    write(tmp_path, {"ray_lineage.toml": "", "b/c/own.sql": "insert into o (a) select a from i", **near, **far})
    monkeypatch.setattr(alone, "_MOST", 3)
    assert said(read_alone(str(tmp_path / "b/c/own.sql"), settings)) == "mysql"
    monkeypatch.setattr(alone, "_FOLDERS", 1)  # its own
    assert said(read_alone(str(tmp_path / "b/c/own.sql"), settings)) == ""


def said(facts: FileFacts | None) -> str:
    assert facts is not None
    return facts.dialect


def task(path: str) -> Task:
    return Task(SourceFile(path, "/", path, 1, 0, 0, 0, 2), CompileOptions())


def given(needs: Needs, paths: list[str]) -> dict[str, dict[str, str]]:
    files = {p: task(p).file for p in paths}
    return {t.file.path: {g.name: g.file.path for g in t.given} for t in needs.due({p: p for p in paths}, files.get)}


def test_what_is_asked_for_by_name_is_the_nearest_that_provides_it() -> None:
    paths = ["a/models/m.sql", "a/macros/x.sql", "b/macros/x.sql", "b/pkg/y.sql", "z.sql"]
    needs = Needs()
    for path in ("a/macros/x.sql", "b/macros/x.sql", "b/pkg/y.sql"):
        needs.note(task(path), (), provides=("macro:x", "+macro:/y"))
    needs.note(task("z.sql"), (), provides=("macro:y",))
    needs.note(task("a/models/m.sql"), ("macro:/x", "macro:nobody/has"))
    assert given(needs, paths) == {"a/models/m.sql": {"macro:/x": "a/macros/x.sql", "macro:/y": "z.sql"}}
    needs.note(task("a/models/m.sql"), ("macro:pkg/x",))
    assert given(needs, paths)["a/models/m.sql"]["macro:pkg/x"] == "b/pkg/y.sql"
    needs.discard("b/pkg/y.sql")
    assert given(needs, paths)["a/models/m.sql"]["macro:pkg/x"] == "a/macros/x.sql"
    needs.discard("z.sql")
    assert given(needs, paths) == {"a/models/m.sql": {"macro:pkg/x": "a/macros/x.sql"}}
    assert given(needs, paths) == {}
