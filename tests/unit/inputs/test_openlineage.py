"""Events of OpenLineage mean what its specification says (https://openlineage.io/docs/spec).

Events of real producers are in that project's repository, under ``integration/*/integrations/container``: several here are cut
down from those.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from ray_lineage.compile.openlineage import claims, statements
from tests.unit.inputs.events import PG, dataset, done, event, field, lineage, lines, schema
from tests.unit.inputs.linked import Graph, compiled

ONE = event([dataset("db.raw.o")], [dataset("db.mart.o", columnLineage=lineage(id=[field("db.raw.o", "k")]))])


def graph(*events: Any, **more: bytes | str) -> Graph:
    return Graph({"e.ndjson": lines(*events), **{k.replace("_", "."): v for k, v in more.items()}})


# --------------------------------------------------------------------------- forms of files


@pytest.mark.parametrize(
    "data",
    [
        json.dumps(ONE),
        json.dumps(ONE, indent=2),
        json.dumps([ONE, ONE]),
        json.dumps([ONE], indent=4),
        f"{json.dumps(ONE)}\n{json.dumps(ONE)}\n",
        f"{json.dumps(ONE)}\r\n\r\n{json.dumps(ONE)}",
        json.dumps(ONE, indent=1) + "\n" + json.dumps(ONE, indent=1),
        json.dumps({"totalCount": 1, "events": [ONE]}),
        "\ufeff" + json.dumps(ONE),
    ],
    ids=["object", "indented", "array", "indented array", "lines", "CRLF", "indented objects", "Marquez", "BOM"],
)
def test_a_file_is_an_object_an_array_or_lines(data: str) -> None:
    assert claims("e", data)
    assert Graph({"e.json": data}).flows == {"db.raw.o.k -> db.mart.o.id"}


def test_a_file_in_utf_16_is_read() -> None:
    assert Graph({"e.json": json.dumps(ONE).encode("utf-16")}).flows == {"db.raw.o.k -> db.mart.o.id"}


def test_the_line_is_that_of_the_event_or_of_the_field_within_it() -> None:
    assert graph({**ONE, "job": {"namespace": "n", "name": "other"}, "outputs": []}, ONE).lines == {
        "db.raw.o.k -> db.mart.o.id": 2
    }
    text = json.dumps([ONE], indent=2)
    number = next(n for n, line in enumerate(text.splitlines(), 1) if '"id": {' in line)
    assert Graph({"e.json": text}).lines == {"db.raw.o.k -> db.mart.o.id": number}


@pytest.mark.parametrize(
    "data",
    [
        '{"name": "x", "dependencies": {}}',
        "[]",
        "{}",
        '{"job": {"name": "ci"}, "steps": []}',
        '{"eventTime": "x"}',
        "",
        "null",
        "[1, 2]",
    ],
)
def test_other_json_is_passed_over_in_silence(data: str) -> None:
    assert not claims("e", data)
    found = Graph({"e.json": data})
    assert (found.datasets, found.codes) == (set(), [])


# --------------------------------------------------------------------------- the three kinds of events


def test_a_run_event() -> None:
    assert graph(ONE).feeds == {"db.raw.o -> db.mart.o"}


def test_a_job_event_has_no_run() -> None:
    assert graph({k: v for k, v in ONE.items() if k not in ("run", "eventType")}).flows == {
        "db.raw.o.k -> db.mart.o.id"
    }


def test_a_dataset_event_says_what_a_dataset_is() -> None:
    said = {"eventTime": "2026-01-01T00:00:00Z", "producer": "p", "schemaURL": "https://openlineage.io/spec/2-0-2/x"}
    found = graph({**said, "dataset": dataset("db.s.t", schema=schema("a int", "b text"))})
    assert found.columns == {"db.s.t": ["a int", "b text"]}
    assert found.kinds == {"db.s.t": "Table"}


def test_a_job_that_only_reads() -> None:
    found = graph(event([dataset("db.raw.o")]))
    assert (found.reads, found.writes, found.feeds) == ({"db.raw.o"}, set(), set())


def test_a_job_that_only_writes() -> None:
    found = graph(event([], [dataset("db.raw.o")]))
    assert (found.reads, found.writes, found.feeds) == (set(), {"db.raw.o"}, set())


# --------------------------------------------------------------------------- what comes from what


def test_all_inputs_by_all_outputs_are_bounded_and_what_is_left_out_is_said() -> None:
    many = event([dataset(f"db.r.i{n}") for n in range(400)], [dataset(f"db.m.o{n}") for n in range(400)])
    facts = compiled("e.json", json.dumps(many))
    assert sum(len(s.relations) - 1 for s in facts.statements) == 400 * 250
    assert [(d.code, d.severity, d.line) for d in facts.diagnostics] == [("RL305", "warning", 1)]
    assert "150 of the inputs are left out" in facts.diagnostics[0].message


def test_many_jobs_of_one_file_are_bounded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "_MAX_FILE_EDGES", 10)
    said = event([dataset(f"db.r.i{n}") for n in range(3)], [dataset(f"db.m.o{n}") for n in range(3)])
    facts = compiled("e.ndjson", lines(*({**said, "job": {"namespace": "n", "name": name}} for name in "abc")))
    assert [len(s.relations) - 1 for s in facts.statements] == [3] * 3 + [1] * 6
    assert [(d.code, d.line) for d in facts.diagnostics] == [("RL305", 2), ("RL305", 3)]


def test_inputs_into_one_output_are_all_kept() -> None:
    facts = compiled("e.json", json.dumps(event([dataset(f"db.r.i{n}") for n in range(2_000)], [dataset("db.m.o")])))
    assert ([len(s.relations) for s in facts.statements], facts.diagnostics) == ([2_001], ())


def test_without_column_lineage_every_input_feeds_every_output() -> None:
    found = graph(event([dataset("db.s.a"), dataset("db.s.b")], [dataset("db.s.x"), dataset("db.s.y")]))
    assert found.feeds == {"db.s.a -> db.s.x", "db.s.a -> db.s.y", "db.s.b -> db.s.x", "db.s.b -> db.s.y"}
    assert found.flows == set()


def test_column_lineage_says_which_inputs_feed_which_output() -> None:
    found = graph(
        event(
            [dataset("db.s.a"), dataset("db.s.b")],
            [
                dataset("db.s.x", columnLineage=lineage(c=[field("db.s.a", "c")])),
                dataset("db.s.y", columnLineage=lineage(d=[field("db.s.b", "d")])),
            ],
        )
    )
    assert found.feeds == {"db.s.a -> db.s.x", "db.s.b -> db.s.y"}
    assert found.flows == {"db.s.a.c -> db.s.x.c", "db.s.b.d -> db.s.y.d"}


def test_an_input_without_columns_feeds_the_only_output() -> None:
    """``SELECT a.c FROM a CROSS JOIN b``."""
    found = graph(
        event(
            [dataset("db.s.a"), dataset("db.s.b")], [dataset("db.s.x", columnLineage=lineage(c=[field("db.s.a", "c")]))]
        )
    )
    assert found.feeds == {"db.s.a -> db.s.x", "db.s.b -> db.s.x"}


@pytest.mark.parametrize(
    "facet", [{"fields": {}}, {"fields": {"a": {"inputFields": []}}}, {}], ids=["none", "no inputs", "empty"]
)
def test_an_empty_facet_says_nothing(facet: Any) -> None:
    """Spark sends one where it did not understand the plan."""
    found = graph(event([dataset("db.s.a")], [dataset("db.s.x", columnLineage=facet)]))
    assert found.feeds == {"db.s.a -> db.s.x"}


TRANSFORMATIONS = [
    (done("DIRECT", "IDENTITY"), "identity"),
    (done("DIRECT", "TRANSFORMATION"), "transformation"),
    (done("DIRECT", "AGGREGATION"), "aggregation"),
    (done("DIRECT", "TRANSFORMATION", masking=True), "masking"),
    (done("DIRECT", "AGGREGATION", masking=True), "masking"),
    (done("INDIRECT", "CONDITIONAL"), "conditional"),
    (done("INDIRECT", "WINDOW"), "window"),
    (done("DIRECT", "TRANSFORMATION", "a + 1"), "transformation a + 1"),
    ({"type": "DIRECT"}, "transformation"),
    ({"type": "DIRECT", "subtype": None, "masking": None}, "transformation"),
]


@pytest.mark.parametrize(("given", "means"), TRANSFORMATIONS)
def test_transformations(given: Any, means: str) -> None:
    found = graph(event([], [dataset("db.s.x", columnLineage=lineage(c=[field("db.s.a", "c", PG, given)]))]))
    assert found.how == {f"db.s.a.c -> db.s.x.c: {means}"}


@pytest.mark.parametrize(
    ("type_", "means"), [("IDENTITY", "identity"), ("MASKED", "masking"), ("OTHER", "transformation")]
)
def test_the_older_transformation_stands_beside_all_input_fields(type_: str, means: str) -> None:
    """columnLineage up to 1-0-1."""
    facet = {
        "fields": {
            "c": {"inputFields": [field("db.s.a", "c")], "transformationType": type_, "transformationDescription": "d"}
        }
    }
    assert graph(event([], [dataset("db.s.x", columnLineage=facet)])).how == {f"db.s.a.c -> db.s.x.c: {means} d"}


@pytest.mark.parametrize(
    ("subtype", "how"), [("FILTER", "filter"), ("JOIN", "join"), ("GROUP_BY", "group_by"), ("SORT", "sort")]
)
def test_what_shapes_rows_influences_the_dataset(subtype: str, how: str) -> None:
    """Beside the fields since 1-2-0, in each of them before."""
    whole = [field("db.s.a", "k", PG, done("INDIRECT", subtype))]
    new = graph(event([], [dataset("db.s.x", columnLineage=lineage(whole, c=[field("db.s.a", "c")]))]))
    old = graph(event([], [dataset("db.s.x", columnLineage=lineage(c=[*whole, field("db.s.a", "c")]))]))
    assert new.influences == old.influences == {f"db.s.a.k -> db.s.x: {how}"}
    assert new.flows == old.flows == {"db.s.a.c -> db.s.x.c"}


def test_one_field_may_be_used_in_several_ways() -> None:
    given = field("db.s.a", "c", PG, done("DIRECT", "IDENTITY"), done("INDIRECT", "JOIN"))
    found = graph(event([], [dataset("db.s.x", columnLineage=lineage(c=[given]))]))
    assert (found.how, found.influences) == ({"db.s.a.c -> db.s.x.c: identity"}, {"db.s.a.c -> db.s.x: join"})


def test_a_dataset_may_come_from_itself() -> None:
    """A merge of Delta tables."""
    given = lineage(id=[field("db.s.x", "id"), field("db.s.a", "id")])
    found = graph(event([dataset("db.s.a")], [dataset("db.s.x", columnLineage=given)]))
    assert found.flows == {"db.s.x.id -> db.s.x.id", "db.s.a.id -> db.s.x.id"}


# --------------------------------------------------------------------------- the lineage facet


def source(name: str, column: str = "", *transformations: Any) -> dict[str, Any]:
    found = {"namespace": PG, "name": name, "type": "DATASET"}
    return {
        **found,
        **({"field": column} if column else {}),
        **({"transformations": list(transformations)} if transformations else {}),
    }


def entry(name: str, inputs: Any = None, **fields: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"namespace": PG, "name": name, "type": "DATASET"}
    if inputs is not None:
        found["inputs"] = inputs
    return {**found, "fields": {k: {"inputs": v} for k, v in fields.items()}} if fields else found


def test_the_lineage_facet_of_a_job_leaves_no_product() -> None:
    both = ([dataset("db.s.a"), dataset("db.s.b")], [dataset("db.s.x"), dataset("db.s.y")])
    said = {"entries": [entry("db.s.x", [source("db.s.a")]), entry("db.s.y", [source("db.s.b")])]}
    assert graph(event(*both, lineage=said)).feeds == {"db.s.a -> db.s.x", "db.s.b -> db.s.y"}


def test_the_lineage_facet_wins_over_column_lineage() -> None:
    out = dataset("db.s.x", columnLineage=lineage(c=[field("db.s.old", "c")]))
    said = {"entries": [entry("db.s.x", c=[source("db.s.a", "k", done("DIRECT", "AGGREGATION", "sum()"))])]}
    found = graph(event([dataset("db.s.a")], [out], lineage=said))
    assert found.how == {"db.s.a.k -> db.s.x.c: aggregation sum()"}
    assert found.feeds == {"db.s.a -> db.s.x"}


def test_empty_inputs_say_that_nothing_is_upstream() -> None:
    found = graph(event([dataset("db.s.a")], [dataset("db.s.x")], lineage={"entries": [entry("db.s.x", [])]}))
    assert (found.feeds, found.writes) == (set(), {"db.s.x"})


def test_the_lineage_facet_of_a_dataset() -> None:
    """The example of its documentation."""
    facet = {
        "inputs": [source("db.raw.customers")],
        "fields": {"customer_id": {"inputs": [source("db.raw.customers", "id")]}},
    }
    said = {"eventTime": "2026-01-01T00:00:00Z", "producer": "p", "schemaURL": "https://openlineage.io/spec/2-0-2/x"}
    found = graph({**said, "dataset": dataset("db.mart.active", lineage=facet)})
    assert found.flows == {"db.raw.customers.id -> db.mart.active.customer_id"}
    assert found.feeds == {"db.raw.customers -> db.mart.active"}


def test_a_field_of_an_input_of_the_whole_dataset_shapes_rows() -> None:
    said = {"entries": [entry("db.s.x", [source("db.s.a", "k", done("INDIRECT", "FILTER"))])]}
    assert graph(event([], [], lineage=said)).influences == {"db.s.a.k -> db.s.x: filter"}


def test_a_whole_dataset_may_feed_a_field() -> None:
    found = graph(event([], [], lineage={"entries": [entry("db.s.x", c=[source("db.s.a")])]}))
    assert (found.feeds, found.flows) == ({"db.s.a -> db.s.x"}, set())


def test_a_job_hands_on_what_goes_into_it() -> None:
    into = {"type": "JOB", "inputs": [source("db.s.a")]}
    out = entry("db.s.x", [{"type": "JOB"}])
    assert graph(event([], [], lineage={"entries": [into, out]})).feeds == {"db.s.a -> db.s.x"}


def test_what_jobs_hand_on_is_bounded_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "_MAX_FILE_EDGES", 10)
    into = {"type": "JOB", "inputs": [source(f"db.s.a{n}") for n in range(4)]}
    out = [entry(f"db.s.x{n}", [{"type": "JOB"}]) for n in range(4)]
    facts = compiled("e.json", json.dumps(event([], [], lineage={"entries": [into, *out]})))
    assert sum(len(s.relations) - 1 for s in facts.statements) == 10
    assert [(d.code, d.line) for d in facts.diagnostics] == [("RL305", 1)]


def test_a_job_in_another_event_hands_on_what_goes_into_it() -> None:
    named = {"namespace": "n", "name": "extract", "type": "JOB"}
    first = event([], [], job="extract", lineage={"entries": [{**named, "inputs": [source("db.s.a")]}]})
    second = event([], [], job="load", lineage={"entries": [entry("db.s.x", [named])]})
    assert graph(first, second).feeds == {"db.s.a -> db.s.x"}


def test_jobs_that_feed_one_another_in_a_circle_end() -> None:
    one, two = ({"namespace": "n", "name": name, "type": "JOB"} for name in ("one", "two"))
    said = {"entries": [{**one, "inputs": [two]}, {**two, "inputs": [one]}, entry("db.s.x", [one])]}
    assert graph(event([], [], lineage=said)).feeds == set()


def test_a_target_that_is_a_job_reads() -> None:
    found = graph(event([], [], lineage={"entries": [{"type": "JOB", "inputs": [source("db.s.a")]}]}))
    assert (found.reads, found.feeds) == ({"db.s.a"}, set())


# --------------------------------------------------------------------------- the SQL of a job


def ran(sql: str, inputs: Any = ("db.s.a",), outputs: Any = ("db.s.x",), **more: Any) -> Graph:
    return graph(event([dataset(n) for n in inputs], [dataset(n) for n in outputs], sql={"query": sql}, **more))


def test_sql_is_compiled_where_no_column_lineage_is_given() -> None:
    found = ran("INSERT INTO s.x (c) SELECT upper(k)\nFROM s.a -- all\nWHERE k > 1")
    assert found.how == {"db.s.a.k -> db.s.x.c: transformation upper(k)"}
    assert found.influences == {"db.s.a.k -> db.s.x: filter"}
    assert found.lines == {"db.s.a.k -> db.s.x.c": 1}
    assert found.datasets == {"db.s.a", "db.s.x"}


def test_a_bare_query_is_where_the_only_output_comes_from() -> None:
    """BigQuery's destination table is not in the text."""
    found = ran("SELECT k AS c FROM a")
    assert (found.flows, found.feeds) == ({"db.s.a.k -> db.s.x.c"}, {"db.s.a -> db.s.x"})


def test_inputs_that_the_sql_does_not_name_feed_the_output_too() -> None:
    """Those behind a view."""
    assert ran("SELECT k AS c FROM a", ("db.s.a", "db.s.b")).feeds == {"db.s.a -> db.s.x", "db.s.b -> db.s.x"}


def test_of_two_outputs_the_one_that_the_sql_does_not_write_gets_all_inputs() -> None:
    found = ran("INSERT INTO s.x SELECT k FROM s.a", ("db.s.a", "db.s.b"), ("db.s.x", "db.s.y"))
    assert found.feeds == {"db.s.a -> db.s.x", "db.s.a -> db.s.y", "db.s.b -> db.s.y"}


def test_temporary_tables_of_the_sql_are_looked_through() -> None:
    assert ran("CREATE TEMP TABLE t AS SELECT k FROM s.a; INSERT INTO s.x (c) SELECT k FROM t").flows == {
        "db.s.a.k -> db.s.x.c"
    }


def test_sql_that_cannot_be_read_leaves_the_tables() -> None:
    assert ran("THIS IS (( NO SQL").feeds == {"db.s.a -> db.s.x"}


def test_column_lineage_wins_over_the_sql() -> None:
    given = dataset("db.s.x", columnLineage=lineage(c=[field("db.s.a", "said")]))
    found = graph(event([dataset("db.s.a")], [given], sql={"query": "INSERT INTO s.x (c) SELECT k FROM s.a"}))
    assert found.flows == {"db.s.a.said -> db.s.x.c"}


def test_the_dialect_is_that_of_the_facet_or_of_the_datasets() -> None:
    said = event(
        [dataset("Shop.a", "mysql://h:1")],
        [dataset("Shop.x", "mysql://h:1")],
        sql={"query": "INSERT INTO `x` (`c`) SELECT `k` FROM `a`"},
    )
    assert graph(said).flows == {"shop.a.k -> shop.x.c"}
    named = {"query": "INSERT INTO x (c) SELECT k FROM [a]", "dialect": "tsql"}
    assert graph(event([dataset("db.s.a")], [dataset("db.s.x")], sql=named)).flows == {"db.s.a.k -> db.s.x.c"}


# --------------------------------------------------------------------------- events of one job


def test_events_of_one_run_are_united() -> None:
    """START has the inputs, COMPLETE the outputs."""
    assert graph(event([dataset("db.s.a")], kind="START"), event([], [dataset("db.s.x")])).feeds == {"db.s.a -> db.s.x"}


def test_events_of_two_jobs_are_not() -> None:
    assert graph(event([dataset("db.s.a")], job="one"), event([], [dataset("db.s.x")], job="two")).feeds == set()


def out(time: str, *names: str) -> dict[str, Any]:
    facets = {"columnLineage": lineage(c=[field("db.s.a", n) for n in names])} if names else {}
    return event([dataset("db.s.a")], [dataset("db.s.x", **facets)], time=time)


def test_the_newest_column_lineage_holds_whatever_the_order() -> None:
    old, new = out("2026-01-01T00:00:00Z", "old"), out("2026-01-02T00:00:00+02:00", "new")
    assert graph(old, new).flows == graph(new, old).flows == {"db.s.a.new -> db.s.x.c"}


def test_times_are_compared_in_their_zones_and_with_any_fraction() -> None:
    new, old = out("2026-01-01T00:00:00.123456789-05:00", "new"), out("2026-01-01T04:59:00.1Z", "old")
    assert graph(new, old).flows == {"db.s.a.new -> db.s.x.c"}


def test_a_later_event_that_says_nothing_takes_nothing_back() -> None:
    assert graph(out("2026-01-01T00:00:00Z", "c"), out("2026-01-02T00:00:00Z")).flows == {"db.s.a.c -> db.s.x.c"}


def test_a_deleted_facet_takes_back_what_it_said() -> None:
    gone = event([], [dataset("db.s.x", columnLineage={"_deleted": True})], time="2026-01-02T00:00:00Z")
    found = graph(out("2026-01-01T00:00:00Z", "c"), gone)
    assert (found.flows, found.feeds) == (set(), {"db.s.a -> db.s.x"})


def test_the_newest_schema_holds() -> None:
    old, new = (
        event([], [dataset("db.s.x", schema=schema(*names))], time=time)
        for time, names in (("2026-01-01T00:00:00Z", ("a",)), ("2026-01-02T00:00:00Z", ("a", "b")))
    )
    assert graph(new, old).columns == {"db.s.x": ["a int", "b int"]}


# --------------------------------------------------------------------------- life cycle


def change(state: str, before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {"lifecycleStateChange": state}
    return {**found, "previousIdentifier": {"namespace": PG, "name": before}} if before else found


@pytest.mark.parametrize("state", ["DROP", "TRUNCATE"])
def test_what_is_dropped_gets_nothing(state: str) -> None:
    found = graph(event([dataset("db.s.a")], [dataset("db.s.x", lifecycleStateChange=change(state))]))
    assert (found.feeds, found.writes) == (set(), {"db.s.x"})


def test_what_is_renamed_comes_from_what_it_was() -> None:
    found = graph(event([], [dataset("db.s.new", lifecycleStateChange=change("RENAME", "db.s.old"))]))
    assert found.feeds == {"db.s.old -> db.s.new"}
    assert found.flows == {"db.s.old.* -> db.s.new.*"}


# --------------------------------------------------------------------------- names


NAMES = [
    ("postgres://h:5432", "Db.Public.Users", "Db.Public.Users"),
    ("postgres://h:5432", "db.public.users", "db.public.users"),
    ("snowflake://org-acc", "DB.PUBLIC.USERS", "db.public.users"),
    ("snowflake://org-acc", "db.public.users", "db.public.users"),
    ("bigquery", "proj-x.ds.T", "proj-x.ds.t"),
    ("mssql://h:1433", "Db.dbo.Users", "db.dbo.users"),
    ("mysql://h:3306", "shop.users", "shop.users"),
    ("oracle://h:1521", "SVC.HR.EMP", "svc.hr.emp"),
    ("hive://h:9083", "default.users", "default.users"),
    ("trino://h:8080", "cat.s.t", "cat.s.t"),
    ("unitycatalog://h", "cat.s.t", "cat.s.t"),
    ("awsathena://athena.eu.amazonaws.com", "awsdatacatalog.db.t", "awsdatacatalog.db.t"),
    ("arn:aws:glue:us-east-1:123", "table/db/t", "db.t"),
    ("azurecosmos://h/dbs/shop", "colls/orders", "shop.orders"),
    ("azurekusto://h.kusto.windows.net", "db/t", "db.t"),
    ("kafka://h:9092", "orders", 'external.kafka:orders'),
    ("s3://bucket", "a/b.parquet", 'external."s3://bucket/a/b.parquet"'),
    ("s3://bucket", "/a/b", "external.s3://bucket/a/b"),
    ("gs://bucket", "/", "external.gs://bucket/"),
    ("abfss://c@acc.dfs.core.windows.net", "/t", 'external."abfss://c@acc.dfs.core.windows.net/t"'),
    ("hdfs://nn:8020", "/user/x", "external.hdfs://nn:8020/user/x"),
    ("file", "/tmp/data", "external./tmp/data"),
    ("my-namespace", "CUSTOMERS", "customers"),
    ("my-namespace", "a.B.c", "a.b.c"),
]  # fmt: skip


@pytest.mark.parametrize(("namespace", "name", "means"), NAMES)
def test_names(namespace: str, name: str, means: str) -> None:
    """The table of https://openlineage.io/docs/spec/naming."""
    assert graph(event([], [dataset(name, namespace)])).writes == {means}


def test_names_join_those_of_sql() -> None:
    found = graph(ONE, v_sql="CREATE VIEW v AS SELECT id FROM mart.o")
    assert found.flows == {"db.raw.o.k -> db.mart.o.id", "db.mart.o.id -> v.id"}


def test_a_secret_in_an_address_is_left_out() -> None:
    assert graph(event([], [dataset("a?sig=hunter2", "s3://b")])).writes == {"external.s3://b/a"}


def test_equal_names_in_two_places_are_two_datasets() -> None:
    a, b = "postgres://a:1", "postgres://b:1"
    copied = event([dataset("app.public.users", a)], [dataset("app.public.users", b)])
    assert graph(copied).feeds == {"a:1.app.public.users -> b:1.app.public.users"}


def test_the_two_namespaces_of_a_snowflake_account_are_one() -> None:
    one, two = "snowflake://org-acc", "snowflake://xy123.eu-west-1.aws"
    read = event([dataset("DB.S.T", one)], [dataset("DB.S.U", one)], job="one")
    written = event([], [dataset("DB.S.T", two)], job="two")
    assert graph(read, written).datasets == {"db.s.t", "db.s.u"}


# --------------------------------------------------------------------------- symlinks


WAREHOUSE = "s3://warehouse"


def linked(path: str, table: str, **facets: Any) -> dict[str, Any]:
    link = {"namespace": "hive://metastore", "name": table, "type": "TABLE"}
    return dataset(path, WAREHOUSE, symlinks={"identifiers": [link]}, **facets)


def test_a_path_is_called_as_its_table() -> None:
    """Spark names paths, and the table in a symlink."""
    found = graph(event([linked("/w/a", "shop.a")], [linked("/w/x", "shop.x")]))
    assert found.feeds == {"shop.a -> shop.x"}


@pytest.mark.parametrize(("name", "namespace"), [("/w/a", WAREHOUSE), ("shop.a", "hive://metastore")])
def test_input_fields_may_use_either_identity(name: str, namespace: str) -> None:
    given = lineage(c=[field(name, "c", namespace)])
    found = graph(event([linked("/w/a", "shop.a")], [linked("/w/x", "shop.x", columnLineage=given)]))
    assert found.flows == {"shop.a.c -> shop.x.c"}


def test_a_symlink_of_one_event_holds_in_the_others() -> None:
    """Some outputs miss it."""
    later = event([], [dataset("/w/x", WAREHOUSE)], job="other")
    assert graph(event([], [linked("/w/x", "shop.x")]), later).writes == {"shop.x"}


def test_the_path_of_a_partition_is_its_table() -> None:
    given = lineage(c=[field("/w/a/day=2026-01-01/hour=3", "c", WAREHOUSE)])
    found = graph(event([linked("/w/a", "shop.a")], [linked("/w/x", "shop.x", columnLineage=given)]))
    assert found.flows == {"shop.a.c -> shop.x.c"}


# --------------------------------------------------------------------------- columns


def test_schemas_list_the_columns_that_stars_mean() -> None:
    written = event([], [dataset("db.s.x", schema=schema("a", "b"))])
    found = graph(written, v_sql="CREATE VIEW v AS SELECT * FROM db.s.x")
    assert found.flows == {"db.s.x.a -> v.a", "db.s.x.b -> v.b"}


def test_ddl_wins_over_a_schema_facet() -> None:
    written = event([], [dataset("db.s.x", schema=schema("a", "old"))])
    found = graph(written, t_sql="CREATE TABLE db.s.x (a int, new text)")
    assert found.columns == {"db.s.x": ["a int", "new text"]}
    assert found.codes == ["RL306"]


def test_columns_are_folded_as_the_system_does() -> None:
    given = lineage(NAME=[field("DB.S.A", "FIRST_NAME", "snowflake://o-a")])
    found = graph(event([], [dataset("DB.S.X", "snowflake://o-a", columnLineage=given)]))
    assert found.flows == {"db.s.a.first_name -> db.s.x.name"}


# --------------------------------------------------------------------------- what is broken


def test_a_broken_line_costs_itself_and_is_named() -> None:
    data = lines(ONE) + b"\n" + lines(ONE)[:60] + b"\n" + lines({**ONE, "job": {"namespace": "n", "name": "k"}})
    found = Graph({"e.ndjson": data})
    assert found.flows == {"db.raw.o.k -> db.mart.o.id"}
    assert [(d.code, d.severity) for d in found.diagnostics] == [("RL130", "warning")]
    assert found.diagnostics[0].line in (2, 3)


def test_a_torn_array_keeps_what_was_whole() -> None:
    found = Graph({"e.json": b"[" + lines(ONE) + b",\n" + lines(ONE)[:80]})
    assert found.flows == {"db.raw.o.k -> db.mart.o.id"}
    assert found.codes == ["RL130"]


def test_a_broken_facet_costs_itself() -> None:
    bad = event(
        [dataset("db.s.a")],
        [dataset("db.s.x", columnLineage={"fields": {"c": {"inputFields": 5}}}, schema=schema("c"))],
    )
    found = graph(bad)
    assert found.feeds == {"db.s.a -> db.s.x"}
    assert found.columns == {"db.s.x": ["c int"]}
    assert found.codes == ["RL130"]


@pytest.mark.parametrize("part", ["inputs", "outputs", "job"])
@pytest.mark.parametrize("value", [None, 5, "x", [], {}, [None], [5], [{"name": 5}]])
def test_whatever_stands_where_something_else_should_is_a_diagnostic_at_most(part: str, value: Any) -> None:
    assert set(graph({**ONE, part: value}).codes) <= {"RL130"}


@pytest.mark.parametrize(
    "data",
    [
        b'{"eventTime":' * 5_000,
        b"[" * 100_000,
        b'{"eventTime": NaN, "job": {}, "inputs": []}',
        b'{"job": "\xff\xfe"}',
        b'{"job": {"name": "\\ud800"}}',
    ],
    ids=["deep objects", "deep arrays", "NaN", "no UTF-8", "half a pair"],
)
def test_hostile_json_gives_diagnostics_only(data: bytes) -> None:
    marked = data + b'\n{"producer": 1, "eventTime": 2, "outputs": [], "job": {}}'
    assert set(Graph({"e.json": marked}).codes) <= {"RL130"}


def test_of_two_members_of_one_name_the_last_counts() -> None:
    data = lines(ONE).replace(b'"inputs":', b'"inputs": [], "inputs":')
    assert Graph({"e.json": data}).flows == {"db.raw.o.k -> db.mart.o.id"}
