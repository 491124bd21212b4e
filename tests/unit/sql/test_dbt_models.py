"""dbt models and templated scripts: what they make, what they read, and at which lines."""

from __future__ import annotations

import json

import pytest
from jinja2 import Environment

from ray_lineage.compile import CompileOptions, compile_source
from ray_lineage.compile.text.template import untemplate
from ray_lineage.link import Linker
from ray_lineage.model import Contribution, encode_facts


def linked(**files: str) -> dict[str, Contribution]:
    linker = Linker("p")
    for name, text in files.items():
        facts = compile_source(text, CompileOptions("snowflake", model=name))
        assert [d for d in facts.diagnostics if d.severity == "error"] == []
        linker.put(f"{name}.sql", "", encode_facts(facts))
    found = {c.path: c for c in linker.link()}
    linker.close()
    return found


def edges(contribution: Contribution) -> set[tuple[str, str, int, str, str]]:
    """Source, target, line, transformation, certainty."""
    return {(r[0][2:], r[1][2:], r[3], r[4], r[5]) for r in contribution.rows.get("FLOWS_TO", [])}


def test_a_model_is_a_dataset_of_the_files_name() -> None:
    found = linked(
        stg_orders="select id, amount\nfrom {{ source('raw', 'orders') }}",
        orders="{{ config(materialized='table') }}\nselect id,\n  sum(amount) as total\nfrom {{ ref('stg_orders') }}\ngroup by 1",
    )
    assert edges(found["orders.sql"]) == {
        ("stg_orders.id", "orders.id", 2, "identity", "certain"),
        ("stg_orders.amount", "orders.total", 3, "aggregation", "certain"),
    }
    assert ("raw.orders.id", "stg_orders.id", 1, "identity", "certain") in edges(found["stg_orders.sql"])
    kinds = {r[5]: r[6] for r in found["orders.sql"].rows["Dataset"]}
    assert kinds == {"orders": "Table"}


def test_loops_over_constants_are_unrolled() -> None:
    text = (
        "{% set methods = ['card', 'cash'] %}\nselect\n{% for m in methods %}\n"
        "sum(case when kind = '{{ m }}' then amount end) as {{ m }}_amount{% if not loop.last %},{% endif %}\n"
        "{% endfor %}\nfrom {{ ref('payments') }}"
    )
    targets = {t for _, t, *_ in edges(linked(m=text)["m.sql"])}
    assert targets == {"m.card_amount", "m.cash_amount"}


def test_an_incremental_condition_shapes_rows_only() -> None:
    text = "select a from {{ ref('x') }}\n{% if is_incremental() %}\nwhere ts > (select max(ts) from {{ this }})\n{% endif %}"
    found = linked(m=text)["m.sql"]
    assert {(s, t) for s, t, *_ in edges(found)} == {("x.a", "m.a")}
    assert ("p:x.ts", "p:m") in {(r[0], r[1]) for r in found.rows["INFLUENCES"]}


def test_what_a_model_calls_this_is_what_it_makes_whatever_else_has_its_alias() -> None:
    text = "{{ config(alias='x', schema='%s') }}\nwith x as (select a, ts from {{ source('raw', 'x') }})\nselect a, ts from x where a > (select max(ts) from {{ this }})"
    found = linked(m=text % "s", n=text % "r")["m.sql"]
    assert {(s, t) for s, t, *_ in edges(found)} == {("raw.x.a", "s.x.a"), ("raw.x.ts", "s.x.ts")}
    assert {(r[0], r[1]) for r in found.rows["INFLUENCES"]} == {("p:raw.x.a", "p:s.x"), ("p:s.x.ts", "p:s.x")}


@pytest.mark.parametrize(
    ("rest", "codes"),
    [("", []), (" union all select b from {{ m(ref('late')) }}", ["RL126", "RL127"])],
)
def test_of_a_model_that_a_comment_names_no_column_comes_and_that_is_known(rest: str, codes: list[str]) -> None:
    text = f"-- depends_on: {{{{ ref('late') }}}}\nselect a from {{{{ ref('x') }}}}{rest}"
    facts = compile_source(text, CompileOptions("snowflake", model="m"))
    assert [d.code for d in facts.diagnostics if d.code in ("RL126", "RL127")] == codes
    found = linked(m=text)["m.sql"]
    assert {r[1] for r in found.rows["READS"]} == {"p:x", "p:late"}


def test_the_identifier_of_this_is_its_alias() -> None:
    text = "{{ config(alias='x') }}\nselect a from {{ ref('y') }} where k = '{{ this.identifier }}'"
    assert untemplate(text, "m").text.splitlines()[1].endswith("k = 'x'")


def test_both_branches_of_an_if_are_read() -> None:
    text = "select a as k from {% if target.name == 'dev' %}{{ ref('small') }}{% else %}{{ ref('big') }}{% endif %}"
    found = {(s, t): c for s, t, _, _, c in edges(linked(m=text)["m.sql"])}
    assert set(found) == {("small.a", "m.k"), ("big.a", "m.k")}


@pytest.mark.parametrize(
    "text",
    [
        "{% if not is_incremental() %}where a{% endif %} {% if is_incremental() %}where b{% endif %} and c",
        "{% if is_incremental() %}a{% else %}b{% endif %} {% if is_incremental() %}c{% else %}d{% endif %}",
        "{% if is_incremental() %}a{% endif %} {% if not is_incremental() %}b{% else %}c{% endif %}",
        "{% if not not is_incremental() %}a{% else %}b{% endif %} {% if is_incremental() %}c{% endif %}",
        "{% if is_incremental() and flags.x %}a{% endif %} {% if not (is_incremental() and flags.x) %}b{% endif %}",
    ],
)
def test_a_condition_holds_everywhere_or_nowhere(text: str) -> None:
    """As Jinja itself writes the template where it is true, and where it is not."""
    expected = {
        " ".join(
            Environment().from_string(text).render(is_incremental=lambda holds=holds: holds, flags={"x": 1}).split()
        )
        for holds in (True, False)
    }
    found = untemplate(text, "m", '"')
    assert found is not None
    assert {" ".join(t.split()) for t in (found.text, *found.variants)} == expected


@pytest.mark.parametrize(
    "text",
    [
        "{% if is_incremental() %}a{% endif %} b {% if is_incremental() %}c{% endif %}",
        "{% set x = f() %}{% if x %}a{% endif %} b {% if not x %}c{% endif %}",
        "{% for x in f() %}{% if x %}a{% endif %} b {% if not x %}c{% endif %}{% endfor %}",
    ],
)
def test_nothing_is_left_out_where_all_may_be_there(text: str) -> None:
    """What a name is bound to may be another value each time."""
    found = untemplate(text, "m", '"')
    assert found is not None
    assert (found.text.split(), found.variants) == (["a", "b", "c"], ())


def test_a_model_with_one_where_or_another_is_read_with_both() -> None:
    text = (
        "select a from {{ ref('x') }}\n{% if not is_incremental() %}\nwhere b > 1\n{% endif %}\n"
        "{% if is_incremental() %}\nwhere c > 1\n{% endif %}\nand d > 1"
    )
    found = linked(m=text)["m.sql"]
    assert json.loads(found.rows["File"][0][7]) == []
    assert {r[0] for r in found.rows["INFLUENCES"]} == {"p:x.b", "p:x.c", "p:x.d"}


def test_a_file_of_plain_sql_is_no_model() -> None:
    assert edges(linked(m="select a from t")["m.sql"]) == set()


def test_sqlcmd_variables_in_names() -> None:
    facts = compile_source(
        ":setvar db warehouse\nINSERT INTO [$(db)].dbo.o (x) SELECT a FROM $(db).dbo.t", CompileOptions("tsql")
    )
    assert [s.target for s in facts.statements] == [("warehouse", "dbo", "o")]
    assert facts.status == "ok"


def test_a_broken_template_is_said_and_the_rest_is_read() -> None:
    facts = compile_source("{% if %}\nINSERT INTO o (x) SELECT a FROM t", CompileOptions("postgres", model="m"))
    assert any(d.code.startswith("RL12") for d in facts.diagnostics)
    assert [s.kind for s in facts.statements] == ["insert"]


def pairs(text: str) -> set[tuple[str, str, str]]:
    return {(s, t, how) for s, t, _, how, _ in edges(linked(m=text)["m.sql"])}


def test_macros_of_dbt_utils_are_what_their_manual_says() -> None:
    union = "with u as ({{ dbt_utils.union_relations(relations=[ref('a'), source('r', 'b')]) }}) select k from u"
    assert pairs(union) == {("a.k", "m.k", "identity"), ("r.b.k", "m.k", "identity")}
    star = "select {{ dbt_utils.star(from=ref('x'), relation_alias='s', except=['j']) }} from (select j, k from {{ ref('x') }}) s"
    assert pairs(star) == {("x.k", "m.k", "identity")}
    pivot = "select {{ dbt_utils.pivot('c', ['red'], agg='max', then_value='n', else_value='null', prefix='is_', quote_identifiers=False) }} from {{ ref('x') }}"
    assert pairs(pivot) == {("x.n", "m.is_red", "aggregation"), ("x.c", "m.is_red", "conditional")}
    unique = "{{ dbt_utils.deduplicate(relation=ref('x'), partition_by='a', order_by='b desc') }}"
    assert pairs(unique) == {("x.*", "m.*", "identity")}
    union = (
        "with y as (select j, k from {{ ref('x') }}) {{ dbt_utils.union_relations(relations=['y'], exclude=['j']) }}"
    )
    assert pairs(union) == {("x.k", "m.k", "identity")}


def test_a_macro_of_the_project_is_not_taken_for_one_of_dbt_utils() -> None:
    text = "{% macro star(x) %}a, b{% endmacro %}select {{ star('q') }} as c from {{ ref('x') }}"
    assert ("x.*", "m.*", "identity") not in pairs(text)


def test_a_snapshot_has_a_name_and_a_schema_of_its_own() -> None:
    text = "{% snapshot s %}{{ config(target_schema='snaps', strategy='check') }}select a from {{ source('r', 'x') }}{% endsnapshot %}"
    assert pairs(text) == {("r.x.a", "snaps.s.a", "identity")}


def test_a_snapshot_has_columns_of_dbt() -> None:
    found = linked(
        s="{% snapshot s %}{{ config(strategy='check') }}select a from {{ source('r', 'x') }}{% endsnapshot %}",
        m="select * from {{ ref('s') }}",
    )
    added = {"dbt_scd_id", "dbt_updated_at", "dbt_valid_from", "dbt_valid_to"}
    assert {(s, t) for s, t, *_ in edges(found["m.sql"])} == {(f"s.{c}", f"m.{c}") for c in {"a", *added}}


def test_a_statement_block_is_no_part_of_the_model() -> None:
    text = "{% call statement('n', fetch_result=True) %} select 1 from {{ ref('z') }} {% endcall %}\nselect a from {{ ref('x') }}"
    assert pairs(text) == {("x.a", "m.a", "identity")}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('select x.a from x left join{{ ref("y") }} on 1=1', {("x.a", "m.a")}),
        ('insert into{{ ref("y") }}select a from{{ source("s","t") }}where 1=1', {("s.t.a", "y.a")}),
        ('select a from {{ ref("y") }}_old', {("y_old.a", "m.a")}),
    ],
)
def test_a_relation_beside_a_word_stands_apart(text: str, expected: set[tuple[str, str]]) -> None:
    """dbt writes a quoted name, which needs no blank; what is a part of a name stays one."""
    assert {e[:2] for e in edges(linked(m=text)["m.sql"])} == expected
