"""Macros of a template: expanded where they are known, and an honest unknown where they are not.

Expectations are those of dbt's and dbt_utils' manuals, and of what the SQL means that they write.
"""

from __future__ import annotations

import pytest

import ray_lineage
from ray_lineage.compile import CompileOptions, compile_source
from ray_lineage.model import UNKNOWN, TableRef, reachable

SCHEMA = {"a": ["id", "amount", "flag"], "b": ["id", "note", "amount"], "x": ["id", "jan", "feb"]}


def flows(text: str, dialect: str = "snowflake") -> set[tuple[str, str]]:
    found = ray_lineage.lineage(text, dialect, schema=SCHEMA)
    assert [d for d in found.diagnostics if d.severity == "error"] == []
    return {(str(c.source), str(c.target)) for c in found.columns}


def reads(text: str) -> set[str]:
    return set(ray_lineage.lineage(text, "snowflake", schema=SCHEMA).sources)


STAR = "select {{ dbt_utils.star(%s) }} from {{ ref('a') }} q join {{ ref('x') }} x2 on q.id = x2.id"
UNION = "with u as ({{ dbt_utils.union_relations([ref('a'), ref('b')]%s) }}) select %s from u"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (STAR % "from=ref('a'), relation_alias='q', except=['ID']", {("a.amount", "amount"), ("a.flag", "flag")}),
        (STAR % "ref('a'), 'q', ['id', 'flag'], 'p_', '_s'", {("a.amount", "p_amount_s")}),
        (STAR % "ref('x'), except=['id']", {("x.jan", "jan"), ("x.feb", "feb")}),  # of that relation, without an alias too
        (UNION % ("", "amount, note"), {("a.amount", "amount"), ("b.amount", "amount"), ("b.note", "note")}),
        (UNION % (", include=['id']", "id"), {("a.id", "id"), ("b.id", "id")}),
        (UNION % (", exclude=['id']", "*"), {("a.amount", "amount"), ("b.amount", "amount"), ("a.flag", "flag"), ("b.note", "note")}),
        (UNION % (", source_column_name='src'", "src, flag"), {("a.flag", "flag")}),
        (
            "{{ dbt_utils.unpivot(relation=ref('x'), exclude=['id'], field_name='mon', value_name='val') }}",
            {("x.id", "id"), ("x.jan", "val"), ("x.feb", "val")},
        ),
        ("select {{ dbt_utils.generate_surrogate_key(['id', 'flag']) }} as k from {{ ref('a') }}", {("a.id", "k"), ("a.flag", "k")}),
        ("select {{ dbt_utils.surrogate_key('id', 'flag') }} as k from {{ ref('a') }}", {("a.id", "k"), ("a.flag", "k")}),
        ("select {{ dbt_utils.safe_divide('amount', 'nullif(flag, 0)') }} as k from {{ ref('a') }}", {("a.amount", "k"), ("a.flag", "k")}),
        ("select {{ dbt.datediff('id', 'amount', 'day') }} as k from {{ ref('a') }}", {("a.id", "k"), ("a.amount", "k")}),
        ("select {{ dbt.safe_cast('id', api.Column.translate_type('string')) }} as k from {{ ref('a') }}", {("a.id", "k")}),
        ("select id from {{ ref('a') }} {{ dbt_utils.group_by(1) }}", {("a.id", "id")}),
        ("{{ dbt_utils.deduplicate(ref('x'), 'id', 'jan desc') }}", {("x.id", "id"), ("x.jan", "jan"), ("x.feb", "feb")}),
        (
            "select {{ dbt_utils.pivot('flag', ['on', 'off-line'], quote_identifiers=False, then_value='amount') }} from {{ ref('a') }}",
            {("a.flag", "on"), ("a.amount", "on"), ("a.flag", "off_line"), ("a.amount", "off_line")},
        ),
    ],
)  # fmt: skip
def test_macros_of_the_manuals(text: str, expected: set[tuple[str, str]]) -> None:
    for dialect in ("snowflake", "bigquery", "duckdb", "postgres", "redshift"):
        assert flows(text, dialect) == expected, dialect


def test_a_spine_of_dates_has_one_column() -> None:
    text = "with s as ({{ dbt_utils.date_spine('day', \"(select min(jan) from x)\", 'current_date') }}) select date_day from s"
    assert flows(text) == {("x.jan", "date_day")}


@pytest.mark.parametrize(
    ("macro", "use", "expected"),
    [
        ("m(c) %}{{ c }} / 100{%", "select {{ m('amount') }} as e from {{ ref('a') }}", {("a.amount", "e")}),
        ("m(c, n='flag') %}{{ c }} || {{ n }}{%", "select {{ m('id') }} as e from {{ ref('a') }}", {("a.id", "e"), ("a.flag", "e")}),
        ("m(c) %}{{ return(c ~ '_' ~ 'x') }}{%", "select 1 as {{ m('k') }}, id from {{ ref('a') }}", {("a.id", "id")}),
        ("m(r) %}(select id from {{ r }}){%", "select s.id from {{ m(ref('a')) }} s", {("a.id", "id")}),
        ("m(n) %}{{ ref(n) }}{%", "select id from {{ m('b') }}", {("b.id", "id")}),
        ("m() %}{{ return(['id', 'flag']) }}{%", "select {% for c in m() %}{{ c }}{{ ',' if not loop.last }}{% endfor %} from {{ ref('a') }}", {("a.id", "id"), ("a.flag", "flag")}),
        ("m() %}, z as (select id from y){%", "with y as (select id from {{ ref('a') }}){{ m() }} select id from z", {("a.id", "id")}),
        ("m() %}select id from y{%", "with y as (select id from {{ ref('a') }}) {{ m() }}", {("a.id", "id")}),
        ("m(c) %}{% if c == 'a' %}id{% else %}flag{% endif %}{%", "select {{ m('b') }} as e from {{ ref('a') }}", {("a.flag", "e")}),
        ("m() %}{% if not execute %}{{ return('') }}{% endif %}id{%", "select {{ m() }} from {{ ref('a') }}", {("a.id", "id")}),
        ("m(c) %}{{ adapter.dispatch('n')(c) }}{% endmacro %}{% macro default__n(c) %}lower({{ c }}){%", "select {{ m('id') }} as e from {{ ref('a') }}", {("a.id", "e")}),
        ("m(c) %}{% set ns = namespace(p='x') %}{% set ns.p = c %}{{ ns.p }}{%", "select {{ m('id') }} from {{ ref('a') }}", {("a.id", "id")}),
        ("m() %} id {%", "select {{ 'lower(' ~ m() ~ ')' }} as e from {{ ref('a') }}", {("a.id", "e")}),
    ],
)  # fmt: skip
def test_macros_are_expanded(macro: str, use: str, expected: set[tuple[str, str]]) -> None:
    assert flows("{% macro " + macro + " endmacro %}" + use) == expected


@pytest.mark.parametrize(
    "text",
    [
        "{{ unheard_of(ref('a'), 'day') }}",
        "select id from {{ unheard_of(ref('a')) }}",
        "{% set q = unheard_of(ref('a')) %}select 1 as one",
        "with c as (select id from {{ ref('a') }}) {{ unheard_of() }}",
        "with c as (select id from {{ ref('a') }}), {{ unheard_of() }} select 1 as one",
        "select {{ unheard_of(['jan', 'feb']) }}, id from {{ ref('a') }}",
        "select id as {{ var('name') }}, {{ var('columns') }} from {{ ref('a') }}",
        "select {% for c in adapter.get_columns_in_relation(ref('a')) %}{{ c.name }} as p_{{ c.name }}, {% endfor %} 1 as one from {{ ref('b') }}",
        "-- depends_on: {{ ref('a') }}\nselect 1 as one",
        "selec id from {{ ref('a') }}",
        "{% macro m() %}{% for r in unheard_of() %}select * from {{ r }}{% endfor %}{% endmacro %}{{ m() }} {{ ref('a') }}",
    ],
)  # fmt: skip
def test_what_is_not_known_keeps_its_refs_and_invents_nothing(text: str) -> None:
    facts = compile_source(text, CompileOptions("snowflake", model="m"))
    read = {r.name for s in facts.statements for i in reachable(s) if isinstance(r := s.relations[i], TableRef)}
    assert "a" in {name[-2] for name in read if len(name) > 1}
    (model,) = [s for s in facts.statements if s.target]
    names = [o.name for r in model.relations for o in getattr(r, "outputs", ())]
    assert not [n for n in names if n is not None and UNKNOWN in n]
    assert not [n for n in read if UNKNOWN in ".".join(n) and n != ("#" + UNKNOWN,)]


def test_one_unknown_word_is_one_column() -> None:
    assert flows("select id, {{ unheard_of('flag') }}, amount from {{ ref('a') }}") == {
        ("a.id", "id"), ("a.flag", "flag"), ("a.amount", "amount"),
    }  # fmt: skip
    found = ray_lineage.lineage(
        "select {{ unheard_of('flag', 'amount') }}, id from {{ ref('a') }}", "snowflake", SCHEMA
    )
    assert {str(c.target) for c in found.columns} == {"id"}
    assert [d.code for d in found.diagnostics] == ["RL126"]


def test_quotes_in_arguments() -> None:
    text = (
        "select {{ tidy(\"format_timestamp('%Y-%m', flag)\") }} as t, {{ tidy('it''s {id}') }} as u from {{ ref('a') }}"
    )
    assert flows(text.replace("it''s {id}", "a word, or two"), "bigquery") == {("a.flag", "t")}


def test_raw_blocks_are_templates_of_the_next_step() -> None:
    text = "{% raw %}select id {% if first() %}, flag{% endif %} from {{ ref('a') }}{% endraw %}"
    assert flows(text) == {("a.id", "id"), ("a.flag", "flag")}


@pytest.mark.parametrize(
    "text",
    [
        "select id, '{{' as open from {{ ref('a') }}",
        "select id, '{{% x' as open from {{ ref('a') }} where flag = '{{ var(\"x\") }}'",
        "select id from {{ ref('a') }} where flag like '%{%' or flag like '{{.*}}'",
    ],
)
def test_marks_in_strings_are_text(text: str) -> None:
    assert ("a.id", "id") in flows(text)


def test_a_bomb_of_macros_ends() -> None:
    text = "".join(f"{{% macro m{n}() %}}{{{{ m{n + 1}() }}}}{{{{ m{n + 1}() }}}}{{% endmacro %}}" for n in range(40))
    text += "{% macro m40() %}x{% endmacro %}{% macro r() %}{{ r() }}{% endmacro %}"
    facts = compile_source(
        text + "select id, {{ m0() }} as p, {{ r() }} as q from {{ ref('a') }}", CompileOptions("duckdb", model="m")
    )
    assert [s.kind for s in facts.statements] == ["dbt_model"]
    assert "RL124" in {d.code for d in facts.diagnostics}


def test_a_template_gives_the_known_end_of_a_name() -> None:
    assert reads("select id from {{ target.schema }}.orders join {{ var('db') }}.raw.items using (id)") == {
        "orders",
        "raw.items",
    }
    assert reads("select id from events_{{ var('day') }}") == set()


def test_ctes_that_a_loop_over_the_unknown_or_a_macro_writes() -> None:
    sql = """CREATE VIEW ds.v AS
WITH
{% for app in applications %}
  {{ app }} AS (SELECT s.a FROM ds.s AS s),
{% endfor %}
{{ more_of_them() }},
x AS (SELECT t.a FROM ds.t AS t)
SELECT a FROM x;"""
    assert flows(sql, "bigquery") == {("ds.t.a", "ds.v.a")}


def test_what_stands_between_the_turns_of_a_loop_over_the_unknown() -> None:
    """Whether a turn is the last one of both loops nobody knows."""
    sql = """CREATE VIEW ds.v AS WITH
{% for app in apps %}{% set outer = loop %}{% for d in app %}
  {{ d }}_x AS (SELECT s.a FROM ds.s AS s) {% if not (outer.last and loop.last) %},{% endif %}
{% endfor %}{% endfor %}
{% for app in apps %}{% set outer = loop %}{% for d in app %}
  SELECT t.a FROM ds.t AS t {% if not (outer.last and loop.last) %} UNION ALL {% endif %}
{% endfor %}{% endfor %}"""
    assert flows(sql, "bigquery") == {("ds.t.a", "ds.v.a")}
