"""The artefacts of dbt mean what its documentation says (https://docs.getdbt.com/reference/artifacts), and what dbt itself wrote
for a small project (``dbt_shop``) means what was worked out by hand.
"""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ray_lineage.compile import CompileOptions
from ray_lineage.compile.dbt.artefacts import claims
from ray_lineage.compile.dbt.facts import compile_part, split_manifest
from ray_lineage.compile.dbt.lines import written
from ray_lineage.link import Linker
from ray_lineage.link.shared import SharedCatalog, link_file
from ray_lineage.model import encode_facts, part_path
from tests.unit.inputs.linked import Graph, compiled
from tests.unit.inputs.manifests import catalog, manifest, model, source

SHOP = Path(__file__).parent / "dbt_shop"
RAW = source("orders")


def graph(*nodes: Any, **more: Any) -> Graph:
    return Graph({"target/manifest.json": manifest(*nodes, **more)})


# --------------------------------------------------------------------------- what dbt wrote for a project

SHOP_FLOWS = {
    "shop.main.raw_orders.id -> shop.main.stg_orders.order_id",
    "shop.main.raw_orders.user_id -> shop.main.stg_orders.user_id",
    "shop.main.raw_orders.amount -> shop.main.stg_orders.amount",
    "shop.main.raw_orders.ordered_at -> shop.main.stg_orders.ordered_at",
    "shop.main.stg_orders.order_id -> shop.main_marts.orders.order_id",
    "shop.main.stg_orders.amount -> shop.main_marts.orders.amount",
    "shop.main.raw_users.first_name -> shop.main_marts.orders.full_name",
    "shop.main.raw_users.last_name -> shop.main_marts.orders.full_name",
    "shop.main_marts.orders.order_id -> shop.snaps.orders_snap.order_id",
    "shop.main_marts.orders.full_name -> shop.snaps.orders_snap.full_name",
    "shop.main_marts.orders.amount -> shop.snaps.orders_snap.amount",
}
SHOP_FEEDS = {
    "shop.main.raw_orders -> shop.main.stg_orders",
    "shop.main.stg_orders -> shop.main_marts.orders",
    "shop.main.raw_users -> shop.main_marts.orders",
    "shop.main_marts.orders -> shop.main_marts.orders",  # where it is incremental
    "shop.main_marts.orders -> shop.snaps.orders_snap",
    'shop.main_marts.orders -> "exposure.shop.weekly"',
    'shop.main_marts.orders -> "semantic_model.shop.orders"',
    '"semantic_model.shop.orders" -> "metric.shop.revenue"',
}


@pytest.mark.parametrize("name", ["manifest.json", "parsed.json"], ids=["built", "parsed only"])
def test_a_project(name: str) -> None:
    found = Graph({"manifest.json": (SHOP / name).read_bytes()})
    assert found.flows == SHOP_FLOWS
    assert found.feeds == SHOP_FEEDS
    assert {d.severity for d in found.diagnostics} <= {"info"}  # a macro is not in its manifest


def test_the_lines_are_those_of_the_models_as_they_were_written() -> None:
    lines = Graph({"manifest.json": (SHOP / "manifest.json").read_bytes()}).lines
    assert lines["shop.main.raw_orders.id -> shop.main.stg_orders.order_id"] == 8
    assert lines["shop.main.raw_orders.amount -> shop.main.stg_orders.amount"] == 10
    assert lines["shop.main.stg_orders.amount -> shop.main_marts.orders.amount"] == 5


def test_the_catalog_beside_it_gives_types() -> None:
    found = Graph({name: (SHOP / name).read_bytes() for name in ("manifest.json", "catalog.json")})
    assert found.flows == SHOP_FLOWS
    assert found.columns["shop.main.stg_orders"] == [
        "order_id INTEGER",
        "user_id INTEGER",
        "amount DOUBLE",
        "ordered_at DATE",
    ]
    assert found.columns["shop.main.raw_users"] == ["id INTEGER", "first_name VARCHAR", "last_name VARCHAR"]
    assert found.codes == []


def test_the_same_artefacts_indented() -> None:
    text = json.dumps(json.loads((SHOP / "manifest.json").read_bytes()), indent=2)
    assert Graph({"manifest.json": text}).flows == SHOP_FLOWS


# --------------------------------------------------------------------------- which files


@pytest.mark.parametrize(
    "version", ["manifest/v1", "manifest/v4", "manifest/v6", "manifest/v12", "manifest/v20", "manifest/v99"]
)
def test_it_is_read_by_its_fields_and_not_by_its_number(version: str) -> None:
    text = manifest(
        RAW, model("m", "select id from db.raw.orders"), version=f"https://schemas.getdbt.com/dbt/{version}.json"
    )
    assert claims("manifest", text)
    assert Graph({"manifest.json": text}).flows == {"db.raw.orders.id -> db.main.m.id"}


def test_it_may_be_called_otherwise_and_say_no_version() -> None:
    text = json.dumps({"nodes": dict([model("m", "select id from db.raw.orders")])})
    assert Graph({"state/old.json": text}).feeds == {"db.raw.orders -> db.main.m"}


@pytest.mark.parametrize("kind", ["run-results/v6", "sources/v3", "semantic-manifest/v1"])
def test_its_other_artefacts_are_passed_over_in_silence(kind: str) -> None:
    text = json.dumps(
        {"metadata": {"dbt_schema_version": f"https://schemas.getdbt.com/dbt/{kind}.json"}, "nodes": {}, "results": []}
    )
    found = Graph({"x.json": text})
    assert (claims("x", text), found.datasets, found.codes) == (False, set(), [])


@pytest.mark.parametrize("text", ['{"nodes": []}', '{"nodes": {"a": 1}}', '{"graph": {"nodes": [{"id": 1}]}}'])
def test_other_json_with_nodes_is_passed_over(text: str) -> None:
    assert not claims("manifest", text)


# --------------------------------------------------------------------------- models


@pytest.mark.parametrize("field", ["compiled_code", "compiled_sql"])
def test_the_field_of_the_code_has_had_two_names(field: str) -> None:
    """``compiled_sql`` up to version 6."""
    name, node = model("m")
    assert graph(RAW, (name, {**node, field: "select id from db.raw.orders"})).flows == {
        "db.raw.orders.id -> db.main.m.id"
    }


@pytest.mark.parametrize(
    ("materialized", "kind"),
    [
        ("table", "Table"),
        ("view", "View"),
        ("incremental", "Table"),
        ("materialized_view", "MaterializedView"),
        ("mine", "Table"),
    ],
)
def test_kinds(materialized: str, kind: str) -> None:
    assert graph(model("m", "select 1 as a", materialized=materialized)).kinds == {"db.main.m": kind}


def test_a_model_is_called_as_its_relation() -> None:
    """An alias, a schema and a version of its own are in there."""
    found = graph(
        model(
            "m", "select 1 as a", relation_name='"db"."main_marts"."orders_v2"', alias="orders_v2", schema="main_marts"
        )
    )
    assert found.writes == {"db.main_marts.orders_v2"}


@pytest.mark.parametrize(
    ("adapter", "relation", "means"),
    [
        ("postgres", '"db"."main"."Orders"', "db.main.Orders"),
        ("duckdb", '"db"."main"."Orders"', "db.main.orders"),
        ("snowflake", "DB.MAIN.ORDERS", "db.main.orders"),
        ("snowflake", "db.main.orders", "db.main.orders"),
        ("bigquery", "`my-project`.`ds`.`Orders`", "my-project.ds.orders"),
        ("bigquery", "`my-project.ds.orders`", "my-project.ds.orders"),
        ("databricks", "`main`.`ds`.`orders`", "main.ds.orders"),
        ("spark", "ds.orders", "ds.orders"),
        ("sqlserver", '"db"."dbo"."orders"', "db.dbo.orders"),
        ("sqlserver", "[db].[dbo].[orders]", "db.dbo.orders"),
        ("redshift", '"db"."main"."Orders"', "db.main.orders"),
        ("trino", '"cat"."s"."t"', "cat.s.t"),
        ("nobody_knows", '"db"."main"."t"', "db.main.t"),
    ],
)
def test_relations_as_adapters_write_them(adapter: str, relation: str, means: str) -> None:
    assert graph(model("m", "select 1 as a", relation_name=relation), adapter=adapter).writes == {means}


def test_without_a_relation_its_parts_are_the_name() -> None:
    """Manifests before version 4 have none of sources."""
    found = graph(source("orders", relation_name=None, identifier="Member List"), adapter="duckdb")
    assert found.datasets == {"db.raw.member list"}


def test_code_is_read_in_the_dialect_of_the_adapter() -> None:
    found = graph(model("m", "select `id` from `db`.`raw`.`orders`"), adapter="bigquery")
    assert found.flows == {"db.raw.orders.id -> db.main.m.id"}


def test_code_is_completed_with_the_place_of_the_model() -> None:
    assert graph(model("m", "select id from other")).feeds == {"db.main.other -> db.main.m"}


def test_what_the_code_reads_counts_and_not_what_it_depends_on() -> None:
    found = graph(
        RAW,
        source("unused"),
        model("m", "select id from db.raw.orders", "source.shop.raw.orders", "source.shop.raw.unused"),
    )
    assert found.feeds == {"db.raw.orders -> db.main.m"}


def test_ephemeral_models_stand_in_the_code_of_those_that_use_them() -> None:
    sql = "with __dbt__cte__e as (select id as k from db.raw.orders) select k from __dbt__cte__e"
    found = graph(RAW, model("e", "select id as k from db.raw.orders", materialized="ephemeral"), model("m", sql, "e"))
    assert found.flows == {"db.raw.orders.id -> db.main.m.k"}
    assert found.datasets == {"db.raw.orders", "db.main.m"}


def test_an_incremental_model_may_read_itself() -> None:
    sql = 'select id from db.raw.orders where id > (select max(id) from "db"."main"."m")'
    assert graph(model("m", sql, materialized="incremental")).feeds == {
        "db.raw.orders -> db.main.m",
        "db.main.m -> db.main.m",
    }


def test_a_snapshot_has_columns_of_dbt() -> None:
    found = graph(RAW, model("s", "select id from db.raw.orders", resource_type="snapshot", materialized="snapshot"))
    assert found.columns == {"db.main.s": ["id", "dbt_scd_id", "dbt_updated_at", "dbt_valid_from", "dbt_valid_to"]}


def test_a_seed_is_a_table_without_code() -> None:
    found = graph(model("countries", resource_type="seed", materialized="seed"))
    assert (found.kinds, found.writes) == ({"db.main.countries": "Table"}, set())


@pytest.mark.parametrize("kind", ["test", "unit_test", "analysis", "operation", "sql_operation"])
def test_what_makes_no_relation_counts_for_nothing(kind: str) -> None:
    found = graph(model("t", "select id from db.raw.orders where id is null", resource_type=kind))
    assert found.datasets == set()


def test_a_disabled_model_counts_for_nothing() -> None:
    assert graph(model("m", "select id from db.raw.orders", config={"enabled": False})).datasets == set()


def test_several_statements_of_one_model() -> None:
    """A ``sql_header`` stands in front of the query."""
    found = graph(model("m", "create temp table t as select id from db.raw.orders; select id from t"))
    assert found.flows == {"db.raw.orders.id -> db.main.m.id"}


def test_code_that_cannot_be_read_leaves_what_it_depends_on() -> None:
    found = graph(RAW, model("m", "((( this is no sql", "source.shop.raw.orders"))
    assert found.feeds == {"db.raw.orders -> db.main.m"}
    assert "models/m.sql" in found.diagnostics[0].message


def test_stars_over_models_are_expanded() -> None:
    found = graph(model("a", "select 1 as x, 2 as y"), model("b", 'select * from "db"."main"."a"'))
    assert found.flows == {"db.main.a.x -> db.main.b.x", "db.main.a.y -> db.main.b.y"}


def test_a_model_of_python_is_known_by_its_tables() -> None:
    code = "def model(dbt, session):\n    return dbt.ref('a')\n"
    found = graph(model("a", "select 1 as x"), model("p", code, "a", language="python"))
    assert found.feeds == {"db.main.a -> db.main.p"}


# --------------------------------------------------------------------------- parsed only


def parsed(name: str, raw: str, *parents: str, **more: Any) -> Any:
    return model(name, "", *parents, raw_code=raw, **more)


@pytest.mark.parametrize("field", ["raw_code", "raw_sql"])
def test_without_compiled_code_the_template_is_read(field: str) -> None:
    name, node = model("m", "", "source.shop.raw.orders")
    found = graph(RAW, (name, {**node, "raw_code": None, field: "select id from {{ source('raw', 'orders') }}"}))
    assert found.flows == {"db.raw.orders.id -> db.main.m.id"}


def test_references_mean_relations() -> None:
    other = model(
        "stg", "", raw_code="select 1 as x", relation_name='"db"."other"."staged"', alias="staged", schema="other"
    )
    assert graph(other, parsed("m", "select x from {{ ref('stg') }}", "stg")).flows == {
        "db.other.staged.x -> db.main.m.x"
    }


def test_a_reference_may_name_its_package() -> None:
    found = graph(parsed("stg", "select 1 as x"), parsed("m", "select x from {{ ref('shop', 'stg') }}", "stg"))
    assert found.flows == {"db.main.stg.x -> db.main.m.x"}


def test_this_is_the_model_itself() -> None:
    raw = "select id from {{ source('raw', 'orders') }} {% if is_incremental() %} where id > (select max(id) from {{ this }}) {% endif %}"
    found = graph(RAW, parsed("m", raw, "source.shop.raw.orders", relation_name='"db"."main"."other"', alias="other"))
    assert found.feeds == {"db.raw.orders -> db.main.other", "db.main.other -> db.main.other"}


def test_ephemeral_models_are_looked_through() -> None:
    found = graph(
        RAW,
        parsed("m", "select b from {{ ref('e2') }}", "e2"),
        parsed("e2", "select a as b from {{ ref('e1') }}", "e1", materialized="ephemeral"),
        parsed(
            "e1",
            "select id as a from {{ source('raw', 'orders') }}",
            "source.shop.raw.orders",
            materialized="ephemeral",
        ),
    )
    assert found.flows == {"db.raw.orders.id -> db.main.m.b"}
    assert found.datasets == {"db.raw.orders", "db.main.m"}


def test_ephemeral_models_in_a_circle_end() -> None:
    one, two = (
        parsed(a, f"select x from {{{{ ref('{b}') }}}}", b, materialized="ephemeral")
        for a, b in (("a", "b"), ("b", "a"))
    )
    assert graph(one, two, parsed("m", "select x from {{ ref('a') }}", "a")).writes == {"db.main.m"}


def test_what_a_macro_reads_is_known_by_its_tables() -> None:
    found = graph(model("a", "select 1 as x"), parsed("m", "{{ my_union([ref('a')]) }}", "a"))
    assert found.feeds == {"db.main.a -> db.main.m"}


def test_a_model_without_any_code_is_known_by_its_tables() -> None:
    """Some tools strip the code."""
    assert graph(RAW, parsed("m", "", "source.shop.raw.orders")).feeds == {"db.raw.orders -> db.main.m"}


def test_tables_are_looked_for_behind_ephemeral_models() -> None:
    found = graph(RAW, model("e", "", "source.shop.raw.orders", materialized="ephemeral"), parsed("m", "", "e"))
    assert found.feeds == {"db.raw.orders -> db.main.m"}


# --------------------------------------------------------------------------- consumers


def test_an_exposure_consumes() -> None:
    parts = {
        "exposures": {
            "exposure.shop.weekly": {
                "name": "weekly",
                "resource_type": "exposure",
                "depends_on": {"nodes": ["model.shop.m"]},
            }
        }
    }
    found = graph(model("m", "select 1 as a"), **parts)
    assert found.feeds == {'db.main.m -> "exposure.shop.weekly"'}
    assert found.kinds['"exposure.shop.weekly"'] == "Exposure"


def test_metrics_consume_semantic_models() -> None:
    parts = {
        "semantic_models": {"semantic_model.shop.s": {"name": "s", "depends_on": {"nodes": ["model.shop.m"]}}},
        "metrics": {"metric.shop.r": {"name": "r", "depends_on": {"nodes": ["semantic_model.shop.s"]}}},
    }
    found = graph(model("m", "select 1 as a"), **parts)
    assert found.feeds == {'db.main.m -> "semantic_model.shop.s"', '"semantic_model.shop.s" -> "metric.shop.r"'}


def test_an_older_metric_consumes_its_model() -> None:
    """Version 4 to 7."""
    parts = {
        "metrics": {"metric.shop.r": {"name": "r", "model": "ref('m')", "depends_on": {"nodes": ["model.shop.m"]}}}
    }
    assert graph(model("m", "select 1 as a"), **parts).feeds == {'db.main.m -> "metric.shop.r"'}


def test_a_short_name_never_means_a_consumer() -> None:
    """Semantic models are called as their models are."""
    parts = {"semantic_models": {"semantic_model.shop.m": {"name": "m", "depends_on": {"nodes": ["model.shop.m"]}}}}
    found = Graph(
        {"manifest.json": manifest(model("m", "select 1 as a"), **parts), "v.sql": "create view v as select a from m"}
    )
    assert (found.flows, found.codes) == ({"db.main.m.a -> v.a"}, [])


# --------------------------------------------------------------------------- columns


def test_columns_of_yaml_are_no_list() -> None:
    """They are what somebody described, not all that there are."""
    documented = source("orders", columns={"id": {"name": "id", "data_type": "int"}})
    found = graph(documented, model("m", "select other from db.raw.orders"))
    assert (found.flows, found.codes) == ({"db.raw.orders.other -> db.main.m.other"}, [])


def test_columns_of_an_enforced_contract_are() -> None:
    columns = {c: {"name": c, "data_type": "int"} for c in ("id", "amount")}
    enforced = model("m", "", raw_code="", columns=columns, config={"contract": {"enforced": True}}, language="python")
    assert graph(enforced).columns == {"db.main.m": ["id int", "amount int"]}


# --------------------------------------------------------------------------- catalog.json


def test_a_catalog_lists_columns_in_their_order() -> None:
    text = json.loads(catalog(m={"b": "NUMBER", "a": "TEXT"}))
    columns = text["nodes"]["model.shop.m"]["columns"]
    text["nodes"]["model.shop.m"]["columns"] = dict(sorted(columns.items()))
    found = Graph({"catalog.json": json.dumps(text)})
    assert found.columns == {"db.main.m": ["b NUMBER", "a TEXT"]}


def test_its_names_are_those_of_the_models() -> None:
    """Snowflake says upper case, the manifest may say lower case."""
    upper = model("m", "select id from DB.RAW.ORDERS", relation_name="DB.MAIN.M")
    files = {"manifest.json": manifest(upper, adapter="snowflake"), "catalog.json": catalog(m={"id": "NUMBER"})}
    assert Graph(files).columns == {"db.main.m": ["id NUMBER"]}


def test_it_lists_what_a_star_over_a_source_means() -> None:
    table = {"metadata": {"type": "BASE TABLE", "database": "DB", "schema": "RAW", "name": "ORDERS"}}
    columns = {c: {"name": c, "type": "NUMBER", "index": str(k)} for k, c in enumerate(("ID", "QTY"))}
    text = json.dumps(
        {
            "metadata": {},
            "nodes": {},
            "sources": {"source.shop.raw.orders": {**table, "columns": columns, "unique_id": "x"}},
        }
    )
    files = {"catalog.json": text, "manifest.json": manifest(RAW, model("m", "select * from db.raw.orders"))}
    assert Graph(files).flows == {"db.raw.orders.id -> db.main.m.id", "db.raw.orders.qty -> db.main.m.qty"}


def test_a_stale_one_is_named_and_does_not_count() -> None:
    files = {
        "manifest.json": manifest(model("m", "select 1 as new, 2 as kept")),
        "catalog.json": catalog(m={"old": "INT", "kept": "INT"}),
    }
    found = Graph(files)
    assert found.columns == {"db.main.m": ["new", "kept INT"]}
    assert found.codes == ["RL306"]
    assert "has old and lacks new" in found.diagnostics[0].message


def test_a_fresh_one_says_nothing() -> None:
    files = {"manifest.json": manifest(model("m", "select 1 as a")), "catalog.json": catalog(m={"a": "INT"})}
    assert Graph(files).codes == []


@pytest.mark.parametrize(
    ("type_", "kind"),
    [("VIEW", "View"), ("BASE TABLE", "Table"), ("MATERIALIZED VIEW", "MaterializedView"), (None, "Table")],
)
def test_kinds_of_a_catalog(type_: str | None, kind: str) -> None:
    text = json.loads(catalog(m={"a": "INT"}))
    text["nodes"]["model.shop.m"]["metadata"]["type"] = type_
    assert Graph({"catalog.json": json.dumps(text)}).kinds == {"db.main.m": kind}


# --------------------------------------------------------------------------- what is broken


def test_a_torn_manifest_says_where() -> None:
    text = manifest(model("m", "select 1 as a"))
    found = Graph({"manifest.json": text[:-40]})
    assert [(d.code, d.severity) for d in found.diagnostics] == [("RL130", "error")]
    assert "byte" in found.diagnostics[0].message


def test_a_node_that_is_none_costs_itself() -> None:
    found = graph(
        model("m", "select id from db.raw.orders"), ("model.shop.bad", {"resource_type": "model", "compiled_code": 5})
    )
    assert found.feeds == {"db.raw.orders -> db.main.m"}
    assert found.codes == ["RL130"]


@pytest.mark.parametrize("value", [None, 5, "x", [], {}, [None], {"nodes": 5}])
@pytest.mark.parametrize(
    "field", ["depends_on", "config", "columns", "relation_name", "database", "compiled_code", "metadata"]
)
def test_whatever_stands_where_something_else_should_is_a_diagnostic_at_most(field: str, value: Any) -> None:
    name, node = model("m", "select id from db.raw.orders")
    found = graph((name, {**node, field: value}), **({"metadata": value} if field == "metadata" else {}))
    assert set(found.codes) <= {"RL130"}


@pytest.mark.parametrize(
    "nodes",
    [b'{"a":' * 5_000, b"[" * 100_000, b'{"x": NaN}', b'{"x": {"name": "\xff"}}', b'{"x": {"name": "\\ud800"}}'],
    ids=["deep objects", "deep arrays", "NaN", "no UTF-8", "half a pair"],
)
def test_hostile_json_gives_diagnostics_only(nodes: bytes) -> None:
    data = (
        b'{"metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json"}, "nodes": '
        + nodes
        + b"}"
    )
    assert set(Graph({"manifest.json": data}).codes) <= {"RL130"}


# --------------------------------------------------------------------------- lines


def test_lines_of_compiled_code_are_those_of_the_template() -> None:
    raw = "{{ config() }}\n\nselect\n  a,\n  {{ cents('b') }} as b,\n  {% for x in y %}\n  {{ x }},\n  {% endfor %}\n  c\nfrom {{ ref('t') }}"
    compiled = "\n\nselect\n  a,\n  (b\n / 100) as b,\n  \n  x,\n  \n  y,\n  \n  c\nfrom db.t"
    found = written(compiled, raw)
    lines = {text.strip(): found.line(k) for k, text in enumerate(compiled.split("\n"), 1) if text.strip()}
    assert lines["a,"] == 4
    assert lines["(b"] == 5
    assert lines["c"] == 9
    assert lines["from db.t"] == 10


@pytest.mark.parametrize("raw", ["", "x", "\n" * 50])
def test_lines_are_within_the_file(raw: str) -> None:
    compiled = "select 1\nas a\nfrom t"
    found = written(compiled, raw)
    assert all(1 <= found.line(k) <= max(raw.count("\n") + 1, 1) for k in range(1, 4))


# --------------------------------------------------------------------------- beside the models themselves

TEMPLATE = "{{ config(alias='other') }} select id from {{ source('raw', 'orders') }}"


def shop() -> dict[str, bytes | str]:
    made = model(
        "m", "select id from db.raw.orders", relation_name='"db"."main"."other"', original_file_path="models/m.sql"
    )
    return {
        "dbt/models/m.sql": TEMPLATE,
        "dbt/target/manifest.json": manifest(RAW, made),
        "v.sql": "create view v as select id from other",
    }


def test_with_a_manifest_each_model_counts_once() -> None:
    found = Graph(shop())
    assert found.datasets == {"db.raw.orders", "db.main.other", "v"}
    assert found.flows == {"db.raw.orders.id -> db.main.other.id", "db.main.other.id -> v.id"}
    assert found.codes == ["RL307"]
    assert found.contributions["dbt/models/m.sql"].rows.keys() == {"File"}


def test_a_manifest_that_was_put_beside_the_models() -> None:
    files = shop()
    files["dbt/manifest.json"] = files.pop("dbt/target/manifest.json")
    assert Graph(files).codes == ["RL307"]


def test_models_that_the_manifest_does_not_have_are_read() -> None:
    found = Graph({**shop(), "dbt/models/new.sql": "create table new as select id from db.main.other"})
    assert "db.main.other.id -> new.id" in found.flows


def test_models_that_the_manifest_does_not_have_refer_to_its_relations() -> None:
    found = Graph({**shop(), "dbt/models/new.sql": "{{ config() }} select id from {{ ref('m') }}"})
    assert "db.main.other.id -> new.id" in found.flows


def test_models_of_packages_are_those_of_their_folders() -> None:
    package = model("p", "select 1 as a", package_name="tools", original_file_path="models/p.sql")
    files = {
        "dbt_packages/tools/models/p.sql": "select 1 as b from t",
        "models/p.sql": "select 1 as c from u",
        "target/manifest.json": manifest(package),
    }
    found = Graph(files)
    assert found.contributions["dbt_packages/tools/models/p.sql"].rows.keys() == {"File"}
    assert found.reads == {"u"}


def test_whatever_order_files_come_and_go_in() -> None:
    """As linking from nothing gives it."""
    files = shop()
    facts = {path: encode_facts(compiled(path, content)) for path, content in files.items()}
    for order in permutations(files):
        linker = Linker("p")
        known: dict[str, Any] = {}
        for path in order:
            linker.put(path, "", facts[path])
            known.update({c.path: c for c in linker.link()})
        assert known == Graph(files).contributions
        saved = linker.save("tag")
        again = Linker("p", facts.__getitem__)
        assert again.restore(saved, "tag")
        for one in (linker, again):
            one.remove("dbt/target/manifest.json")
            left = {path: c for path, c in known.items() if path != "dbt/target/manifest.json"}
            left.update({c.path: c for c in one.link()})
            assert left == Graph({k: v for k, v in files.items() if k in left}).contributions
            one.close()


def test_workers_elsewhere_link_the_same() -> None:
    files = shop()
    linker = Linker("p")
    for path, content in files.items():
        linker.put(path, "", encode_facts(compiled(path, content)))
    tasks = linker.settle()
    shared = SharedCatalog(linker.shared())
    assert {p: link_file("p", p, "", linker.facts_bytes(p), shared).contribution for p in tasks} == Graph(
        files
    ).contributions
    linker.close()


# --------------------------------------------------------------------------- a file a node


def _contents(text: str) -> dict[str, bytes]:
    return {p.name: p.content for p in split_manifest(text.encode(), CompileOptions()).each}


def test_a_node_depends_on_nothing_but_what_it_reads() -> None:
    """Its content is its key in the cache: another model's text is not in it, the name of what it reads is."""
    b = model("b", "select id from db.main.a", "a")
    before = _contents(manifest(RAW, model("a", "select id from db.raw.orders"), b))
    edited = _contents(manifest(RAW, model("a", "select 2 as id"), b, model("c", "select 1 as x")))
    assert before["model.shop.a"] != edited["model.shop.a"]
    assert before["model.shop.b"] == edited["model.shop.b"]
    moved = _contents(manifest(RAW, model("a", "select 2 as id", relation_name='"db"."x"."a"'), b))
    assert moved["model.shop.b"] != edited["model.shop.b"]


@pytest.mark.parametrize("name", ["manifest.json", "parsed.json"], ids=["built", "parsed only"])
def test_the_nodes_say_together_what_the_manifest_says(name: str) -> None:
    data = (SHOP / name).read_bytes()
    own, each, _ = split_manifest(data, CompileOptions())
    linker = Linker("p")
    linker.put("manifest.json", "", encode_facts(own))
    for part in each:
        linker.put(part_path("manifest.json", part.name), "", encode_facts(compile_part(part.content)))
    rows = [(r[0][2:], r[1][2:]) for c in linker.link() for r in c.rows.get("FLOWS_TO", ())]
    linker.close()
    assert {f"{a} -> {b}" for a, b in rows} == SHOP_FLOWS


def test_an_ephemeral_model_that_nobody_compiled_is_in_each_node_that_reads_it() -> None:
    e = model("e", "select id as k from {{ source('raw', 'orders') }}", "source.shop.raw.orders", materialized="ephemeral",
              compiled_code=None)  # fmt: skip
    text = manifest(RAW, e, model("m", "select k from {{ ref('e') }}", "e", compiled_code=None))
    contents = _contents(text)
    assert set(contents) == {"source.shop.raw.orders", "model.shop.m"}
    said = compile_part(contents["model.shop.m"])
    assert Graph({"target/manifest.json": text}).flows == {"db.raw.orders.id -> db.main.m.k"}
    assert said.origin == "models/m.sql"


# --------------------------------------------------------------------------- cut again

_QUERIES = st.sampled_from(["select id from db.raw.orders", "select * from db.main.m0", "select {{ x }}", ""])
_MORE = st.sampled_from(
    [
        {}, {}, {}, {"materialized": "view"}, {"materialized": "ephemeral"}, {"materialized": "ephemeral", "compiled_code": None},
        {"compiled_code": None}, {"resource_type": "test"}, {"config": {"enabled": False}}, {"description": "new"},
        {"relation_name": '"db"."x"."y"'}, {"alias": 3}, {"columns": {"id": {"name": "id", "description": "k"}}},
        {"language": "python"}, {"unknown": [1]}, {"compiled_code": 7},
    ]
)  # fmt: skip
_NODES = st.lists(st.tuples(st.integers(0, 3), _QUERIES, st.lists(st.integers(0, 3), max_size=2), _MORE), max_size=4)
_CUT_MANIFESTS = st.builds(
    lambda nodes, adapter, parts: manifest(
        RAW,
        *(model(f"m{k}", sql, "source.shop.raw.orders", *(f"m{p}" for p in parents), **more) for k, sql, parents, more in nodes),
        adapter=adapter,
        **parts,
    ),
    _NODES,
    st.sampled_from(["postgres", "postgres", "snowflake"]),
    st.sampled_from(
        [
            {}, {}, {"exposures": {"exposure.shop.e": {"name": "e", "depends_on": {"nodes": ["model.shop.m0"]}}}},
            {"sources": {"model.shop.m0": {"name": "m0", "relation_name": "a.b"}}},
        ]
    ),
)  # fmt: skip


@given(st.lists(_CUT_MANIFESTS, min_size=2, max_size=4))
def test_what_an_earlier_cut_left_changes_nothing(texts: list[str]) -> None:
    """Nodes come, go and change, what they make does, or the rest of the manifest: a cut with what the last one left is that of a
    cut from nothing."""
    before = b""
    for text in texts:
        own, each, _ = split_manifest(text.encode(), CompileOptions())
        again = split_manifest(text.encode(), CompileOptions(), before=before)
        whole, parts = list(each), list(again.each)
        assert again.own == own
        assert [(p.name, p.sha256) for p in parts] == [(p.name, p.sha256) for p in whole]
        assert all(p.content in (b"", w.content) for p, w in zip(parts, whole, strict=True))
        before = again.left(parts)


def test_a_node_whose_text_alone_changed_is_the_only_one_that_is_looked_at() -> None:
    others = [
        RAW,
        model("b", "select * from db.main.a", "a"),
        model("e", "select 1 as x", "b", materialized="ephemeral"),
    ]
    old = manifest(*others, model("a", "select id from db.raw.orders", "source.shop.raw.orders"))
    new = manifest(*others, model("a", "select id, 2 as k from db.raw.orders", "source.shop.raw.orders"))
    first = split_manifest(old.encode(), CompileOptions())
    left = first.left(list(first.each))
    assert [p.name for p in split_manifest(new.encode(), CompileOptions(), before=left).each if p.content] == [
        "model.shop.a"
    ]
    assert not any(p.content for p in split_manifest(old.encode(), CompileOptions(), before=left).each)
    moved = old.replace('"db\\".\\"main\\".\\"a', '"db\\".\\"other\\".\\"a')
    assert moved != old
    assert all(p.content for p in split_manifest(moved.encode(), CompileOptions(), before=left).each)
    assert all(p.content for p in split_manifest(new.encode(), CompileOptions(), before=b"\x93 no such thing").each)
