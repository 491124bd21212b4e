"""The questions to a graph besides walks: names, one dataset, one edge, a way, what nobody reads, SQL. Through the store that is
embedded, on what a few scripts say."""

from __future__ import annotations

import doctest
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import nullcontext
from functools import partial
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import networkx
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ray_lineage
import ray_lineage.graph.ask
from ray_lineage.agents import _Questions
from ray_lineage.asking import failure
from ray_lineage.compile import CompileOptions
from ray_lineage.compile.dbt.facts import compile_part, split_manifest
from ray_lineage.errors import UsageError
from ray_lineage.graph.ask import ask
from ray_lineage.graph.sqlite import SqliteStore
from ray_lineage.graph.store import Edge, GraphStore
from ray_lineage.link import Linker
from ray_lineage.model import Contribution, encode_facts, part_path
from ray_lineage.query import graph as api
from ray_lineage.query.explain import codes_of, explain, known_codes
from ray_lineage.query.find import find, ranked
from ray_lineage.query.graph import Graph
from ray_lineage.query.lineage import selection, walk
from ray_lineage.query.show import show
from ray_lineage.query.unused import unused
from ray_lineage.query.walk import Direction, resolve
from ray_lineage.query.why import path, shortest, why
from ray_lineage.settings import Settings
from tests.factory import contributions, load, sha
from tests.unit.inputs.manifests import manifest, model, source

FILES = {
    "raw/orders.sql": "CREATE TABLE raw.orders (amount int, customer_id int, status text, note text);\n"
    "CREATE TABLE raw.old (id int, gone text);\n",
    "core/orders.sql": "CREATE VIEW core.orders AS\nSELECT amount, customer_id FROM raw.orders\nWHERE status = 'x';\n",
    "mart/total.sql": "CREATE VIEW mart.total AS\nSELECT SUM(amount) AS total FROM core.orders\nGROUP BY customer_id;\n",
}
TSQL = {
    "load.sql": "CREATE PROCEDURE dbo.load_it AS\nBEGIN\nINSERT INTO dw.fact (a) SELECT a FROM stg.src;\nEXEC dbo.clean;\nEND\n",
    "clean.sql": "CREATE PROCEDURE dbo.clean AS\nDELETE FROM dw.fact WHERE a = 1;\n",
    "maybe.sql": "CREATE TABLE s.one (k int);\nINSERT INTO s.t (x) SELECT x FROM s.one JOIN s.two ON s.one.k = s.two.k JOIN s.three ON s.three.k = s.one.k;\n",
}


MANIFEST = manifest(
    source("orders"),
    model("paid", "select id, amount\nfrom db.raw.orders\nwhere state = 'paid'", "source.shop.raw.orders"),
    model("total", "select sum(amount) as total\nfrom db.main.paid", "paid"),
)


def nodes(project: str, manifest: str) -> list[Contribution]:
    """Of a manifest and its nodes."""
    linker = Linker(project)
    own, each, _ = split_manifest(manifest.encode(), CompileOptions())
    linker.put("target/manifest.json", sha(manifest), encode_facts(own))
    for part in each:
        linker.put(
            part_path("target/manifest.json", part.name), "of the part", encode_facts(compile_part(part.content))
        )
    found = list(linker.link())
    linker.close()
    return found


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the graph of both projects."""
    file = tmp_path_factory.mktemp("questions") / "g.db"
    store = SqliteStore(str(file))
    load(store, "shop", store.acquire("shop"), contributions("shop", FILES).values())
    load(store, "dw", store.acquire("dw"), contributions("dw", TSQL, "tsql").values())
    store.close()
    return file


@pytest.fixture(scope="module")
def store(place: Path) -> Iterator[GraphStore]:
    opened = SqliteStore(str(place), read_only=True)
    yield opened
    opened.close()


@pytest.fixture
def of_dbt(tmp_path: Path) -> Iterator[GraphStore]:
    """The graph of a manifest."""
    opened = SqliteStore(str(tmp_path / "g.db"))
    load(opened, "dbt", opened.acquire("dbt"), nodes("dbt", MANIFEST))
    yield opened
    opened.close()


# --------------------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("words", "first", "exact"),
    [
        (["orders"], "raw.orders", True), (["ORD", "amount"], "raw.orders.amount", True), (["total"], "mart.total", True),
        (["core.orders.a"], "core.orders.amount", True), (["ordrs"], "raw.orders", False), (["custmer_id"], "raw.orders.customer_id", False),
    ],
)  # fmt: skip
def test_find(store: GraphStore, words: list[str], first: str, exact: bool) -> None:
    found = find(store, words, "shop")
    assert (found.hits[0].name, found.exact) == (first, exact)
    assert found.total >= len(found.hits)


def test_what_is_found_says_what_and_where_it_is(store: GraphStore) -> None:
    (hit,) = find(store, ["raw.old"], "shop").hits[:1]
    assert (hit.project, hit.kind, hit.file, hit.line) == ("shop", "Table", "raw/orders.sql", 2)
    (column,) = find(store, ["gone"], "shop").hits
    assert (column.name, column.is_column, column.kind) == ("raw.old.gone", True, "text")


def test_a_limit_keeps_the_total(store: GraphStore) -> None:
    found = find(store, ["a"], "shop", limit=2)
    assert (len(found.hits), found.total > 2) == (2, True)
    assert find(store, ["zzzzzz"], "shop").hits == []


@pytest.mark.parametrize("words", [[], [""], [" ", "\t"]])
def test_nothing_to_look_for_is_said(store: GraphStore, words: list[str]) -> None:
    with pytest.raises(UsageError, match="nothing to look for") as caught:
        Graph(store, "shop").find(*words)
    assert "find order amount" in (caught.value.help or "")


def test_an_agent_hears_of_the_names_that_were_cut(store: GraphStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Questions, "_graph", lambda self: nullcontext(Graph(store, "shop")))
    questions = _Questions(Settings(), ())
    whole = questions.find("a")
    assert (whole["cut"], "total" in whole) == (False, False)
    cut = questions.find("a", limit=2)
    assert (len(cut["hits"]), cut["cut"], cut["total"]) == (2, True, {"hits": len(whole["hits"])})
    monkeypatch.setattr("ray_lineage.query.bounded.MOST_CHARACTERS", 200)
    small = questions.find("a")
    assert (len(small["hits"]) < len(whole["hits"]), small["total"]) == (True, cut["total"])
    with pytest.raises(UsageError, match="nothing to look for"):
        questions.find("  ")


@pytest.mark.parametrize(
    ("said", "code", "message", "hint"),
    [
        (
            "warning x\nerror[RL204]: nothing is called 'a'\n  help: did you mean b?\n",
            "RL204",
            "nothing is called 'a'",
            "did you mean b?",
        ),
        ("error[RL253]: no git\n  of two lines\n  --> base\n", "RL253", "no git\n  of two lines\n  --> base", None),
        ("Killed", "RL249", "impact ended with exit code 3: Killed", None),
    ],
)
def test_a_command_that_failed_for_an_agent_keeps_its_code(
    said: str, code: str, message: str, hint: str | None
) -> None:
    error = failure("impact", 3, said)
    assert (error.code, error.message, error.help) == (code, message, hint)


def test_a_name_that_is_called_so_comes_first() -> None:
    rows = [("p", "x.orders_old", None), ("p", "x.t", "orders"), ("p", "orders_dim.t", None), ("p", "x.orders", None)]
    assert [r[1] for r in ranked(rows, ["orders"])] == ["x.orders", "x.t", "x.orders_old", "orders_dim.t"]


@pytest.mark.parametrize(
    ("name", "says"),
    [("core.orders.amuont", "did you mean amount?"), ("core.ordrs", "core.orders"), ("core.orders.zzz", "its columns: amount")],
)  # fmt: skip
def test_a_name_that_is_typed_wrong(store: GraphStore, name: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        resolve(store, name, "shop")
    assert says in (caught.value.help or "")


def test_a_mention_that_nobody_declares_names_what_may_be_meant(tmp_path: Path) -> None:
    files = {
        "a.sql": "CREATE TABLE one.sofa (id int, score int);\nCREATE TABLE two.sofa (id int);",
        "b.sql": "CREATE VIEW v AS SELECT 1 AS x FROM sofa;",
    }
    opened = SqliteStore(str(tmp_path / "g.db"))
    load(opened, "p", opened.acquire("p"), contributions("p", files).values())
    assert (show(opened, "sofa").name, show(opened, "sofa").namesakes) == ("sofa", ["one.sofa", "two.sofa"])
    assert show(opened, "two.sofa").namesakes == []
    assert resolve(opened, "sofa.score").dataset == "one.sofa"
    with pytest.raises(UsageError, match="2 different things"):
        resolve(opened, "sofa.id")
    opened.close()


def test_selectors_choose_datasets(store: GraphStore) -> None:
    def names(text: str) -> list[str]:
        return [name for _, name in selection(store, text, "shop")]

    assert names("core.orders") == ["core.orders"]
    assert names("1+core.orders+1") == ["core.orders", "mart.total", "raw.orders"]
    assert names("+mart.total") == ["mart.total", "core.orders", "raw.orders"]
    assert names("1+mart.total") == ["mart.total", "core.orders"]


# --------------------------------------------------------------------------- one dataset


def test_show_counts_uses_per_column(store: GraphStore) -> None:
    found = show(store, "raw.orders", "shop")
    assert (found.kind, [(p.file, p.line) for p in found.declared]) == ("Table", [("raw/orders.sql", 1)])
    assert {c.name: (c.type, c.feeds, c.uses) for c in found.columns} == {
        "amount": ("int", 1, {"select": 1}),
        "customer_id": ("int", 1, {"select": 1}),
        "status": ("text", 0, {"filter": 1}),
        "note": ("text", 0, {}),
    }
    assert [(u.file, u.line, u.kind) for u in found.readers] == [("core/orders.sql", 1, "create_view")]


def test_show_has_a_star_where_it_stands_for_something(tmp_path: Path) -> None:
    files = {
        "a.sql": "CREATE TABLE s.t (a int, b int);\nINSERT INTO s.t VALUES (1, 2);\nINSERT INTO s.t VALUES (3, 4);",
        "b.sql": "CREATE VIEW s.v AS SELECT * FROM s.unknown;",
    }
    opened = SqliteStore(str(tmp_path / "g.db"))
    load(opened, "p", opened.acquire("p"), contributions("p", files).values())
    shown = {name: [c.name for c in show(opened, name).columns] for name in ("s.t", "s.v")}
    opened.close()
    assert shown == {"s.t": ["a", "b"], "s.v": ["*"]}


def test_show_of_a_program(store: GraphStore) -> None:
    found = show(store, "load_it", "dw")
    assert (found.kind, found.reads, found.writes, found.calls) == (
        "Procedure",
        ["stg.src"],
        ["dw.fact"],
        ["dbo.clean"],
    )
    assert show(store, "clean", "dw").called_by == ["dbo.load_it"]
    (writer,) = (u for u in show(store, "dw.fact", "dw").writers if u.kind == "insert")
    assert (writer.file, writer.line, writer.program) == ("load.sql", 3, "dbo.load_it")


def test_show_has_what_is_said_of_its_statements(store: GraphStore, tmp_path: Path) -> None:
    """And nothing of the others in the same file."""
    doubtful = (
        "CREATE TABLE raw.log (a int);\nUPDATE raw.log SET a = nope;\n"
        "CREATE TABLE raw.x (a int);\nUPDATE raw.x\nSET a = gone;\n"
    )
    opened = SqliteStore(str(tmp_path / "g.db"))
    load(opened, "p", opened.acquire("p"), contributions("p", {"log.sql": doubtful}).values())
    said = {name: show(opened, name, "p").diagnostics for name in ("raw.log", "raw.x")}
    opened.close()
    assert {name: [(d.path, d.line) for d in found] for name, found in said.items()} == {
        "raw.log": [("log.sql", 2)], "raw.x": [("log.sql", 5)],
    }  # fmt: skip
    assert ["nope" in said["raw.log"][0].message, "gone" in said["raw.x"][0].message] == [True, True]
    assert {d.code for found in said.values() for d in found} <= set(known_codes())
    with pytest.raises(UsageError, match="is a column"):
        show(store, "core.orders.amount", "shop")


def test_a_procedure_comes_from_what_it_reads(store: GraphStore) -> None:
    assert walk(store, "load_it", "upstream", project="dw").nodes == {"stg.src": 1}
    found = walk(store, "load_it", "downstream", project="dw")
    assert (found.nodes, found.steps[0].how, found.steps[0].line) == ({"dw.fact": 1}, "writes", 3)


def test_edges_between_datasets_have_the_line_of_their_statement(store: GraphStore) -> None:
    (step,) = walk(store, "dw.fact", "upstream", project="dw").steps
    assert (step.file, step.line) == ("load.sql", 3)


# --------------------------------------------------------------------------- one edge, a way


def test_why(store: GraphStore) -> None:
    (one,) = why(store, "core.orders.amount", "mart.total.total", "shop").evidence
    assert (one.how, one.certainty, one.expression) == ("aggregation", "certain", "SUM(amount)")
    assert (one.file, one.line, one.kind, one.candidates) == ("mart/total.sql", 2, "create_view", [])
    (shapes,) = why(store, "raw.orders.status", "core.orders.amount", "shop").evidence
    assert (shapes.how, shapes.target) == ("filter", "core.orders")
    (whole,) = why(store, "core.orders", "mart.total", "shop").evidence
    assert (whole.how, whole.line) == ("", 1)
    assert why(store, "raw.orders.amount", "mart.total.total", "shop").evidence == []


def test_why_of_what_is_only_possible_names_the_others(store: GraphStore) -> None:
    found = why(store, "s.two.x", "s.t.x", "dw").evidence
    assert [(e.certainty, e.candidates) for e in found] == [("possible", ["s.one", "s.three"])]


def test_path(store: GraphStore) -> None:
    found = path(store, "raw.orders.amount", "mart.total.total", "shop")
    assert found.names == ["raw.orders.amount", "core.orders.amount", "mart.total.total"]
    assert [(s.how, s.line) for s in found.steps] == [("identity", 2), ("aggregation", 2)]
    around = path(store, "raw.orders.status", "mart.total.total", "shop")
    assert [s.how for s in around.steps] == ["filter", "aggregation"]
    assert path(store, "raw.orders", "mart.total", "shop").names == ["raw.orders", "core.orders", "mart.total"]


def test_no_path_says_if_there_is_one_the_other_way(store: GraphStore) -> None:
    back = path(store, "mart.total.total", "raw.orders.amount", "shop")
    assert (back.steps, back.reverse) == ([], True)
    none = path(store, "raw.old", "mart.total", "shop")
    assert (none.steps, none.reverse) == ([], False)


def test_a_node_of_a_manifest_is_in_the_file_that_it_was_written_in(of_dbt: GraphStore) -> None:
    """Of which no hash is known: what was read is the manifest."""
    paid, total = "models/paid.sql", "models/total.sql"
    hits = {hit.name: (hit.file, hit.line) for hit in find(of_dbt, ["main"], "dbt").hits}
    assert (hits["db.main.paid"], hits["db.main.total"]) == ((paid, 1), (total, 1))
    shown = show(of_dbt, "paid", "dbt")
    assert [(p.file, p.line) for p in shown.declared] == [(paid, 1)]
    assert ({u.file for u in shown.writers}, {u.file for u in shown.readers}) == ({paid}, {total})
    (edge,) = why(of_dbt, "paid.amount", "total.total", "dbt").evidence
    assert (edge.file, edge.line, edge.sha256) == (total, 1, "")
    assert [s.file for s in path(of_dbt, "orders.amount", "total.total", "dbt").steps] == [paid, total]
    assert {s.file for s in walk(of_dbt, "total.total", "upstream", project="dbt").steps} == {paid, total}
    assert [u.file for u in unused(of_dbt, "dbt").datasets] == [total]


NODES = [f"n{i}" for i in range(8)]


@given(st.lists(st.tuples(st.sampled_from(NODES), st.sampled_from(NODES)), max_size=25))
def test_a_shortest_way_is_one_and_all_are_counted(pairs: list[tuple[str, str]]) -> None:
    """Against counting walks of each length by brute force."""
    edges = [Edge(s, t, "f", 0, 1, "", "certain") for s, t in set(pairs)]

    def hops(ids: list[str], direction: Direction) -> list[Edge]:
        return [e for e in edges if (e.target if direction == "upstream" else e.source) in set(ids)]

    found, others = shortest(hops, ["n0"], ["n7"])
    ways = {"n0": 1}
    for length in range(1, len(NODES) + 1):
        ways = {n: c for n in NODES if (c := sum(ways.get(e.source, 0) for e in edges if e.target == n))}
        if "n7" in ways:
            assert (len(found), others + 1) == (length, ways["n7"])
            assert (found[0].source, found[-1].target) == ("n0", "n7")
            assert all(a.target == b.source for a, b in pairwise(found))
            return
    assert found == []


# --------------------------------------------------------------------------- what nobody reads


def test_unused(store: GraphStore) -> None:
    found = unused(store, "shop")
    assert [u.dataset for u in found.datasets] == ["mart.total", "raw.old"]
    assert [(u.dataset, u.column) for u in found.columns] == [("raw.orders", "note")]  # a filter reads status
    assert [u.dataset for u in unused(store, "shop", "RAW").datasets] == ["raw.old"]
    assert "unknown" in found.unknown


@pytest.mark.parametrize(
    ("schema", "says"), [("corre", "did you mean core?"), ("nosuch", "there are: core, mart, raw"), ("a.raw", "did you mean raw?")]
)  # fmt: skip
def test_a_schema_that_there_is_not_is_no_answer(store: GraphStore, schema: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        unused(store, "shop", schema)
    assert caught.value.help == says


# --------------------------------------------------------------------------- SQL


def asked(place: Path, query: str, seconds: float = 20) -> list[tuple[object, ...]]:
    with ask(str(place), query, seconds) as answer:
        return list(answer.rows)


def test_a_question_in_sql(place: Path) -> None:
    query = "SELECT target_column FROM column_lineage WHERE source_dataset = 'core.orders' AND project = 'shop'"
    assert asked(place, query) == [("total",)]
    assert asked(place, "WITH t AS (SELECT path FROM files) SELECT count(*) FROM t") == [(6,)]


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM file", "ATTACH '/tmp/x.db' AS y", "PRAGMA user_version = 1", "PRAGMA query_only = OFF", "VACUUM INTO '/tmp/x.db'",
        "CREATE TEMP TABLE x (a)", "SELECT load_extension('x')", "SELECT * FROM dataset", "SELECT * FROM pragma_database_list",
        "DROP VIEW files", "BEGIN IMMEDIATE", "SELECT 1; DELETE FROM file", "", "nonsense", "SELECT zeroblob(2000000000)",
        "SELECT instr(zeroblob(4000000), zeroblob(2000000) || x'01')", "SELECT 'a' LIKE replace(hex(zeroblob(600)), '0', '_%')",
    ],
)  # fmt: skip
def test_nothing_but_questions_is_allowed(place: Path, query: str) -> None:
    before = place.read_bytes()
    with pytest.raises(UsageError) as caught:
        asked(place, query)
    assert caught.value.code == "RL248"
    assert place.read_bytes() == before


def test_a_question_ends_in_time(place: Path) -> None:
    endless = "WITH RECURSIVE a(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM a) SELECT count(*) FROM a"
    with pytest.raises(UsageError, match="no answer within"):
        asked(place, endless, 0.1)


def test_a_function_that_hears_of_no_deadline_is_found(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite looks at no clock before the call ends, and this one ends when it was found."""
    hung = threading.Event()
    opened = ray_lineage.graph.ask._opened

    def with_function(path: str) -> sqlite3.Connection:
        connection = opened(path)
        connection.create_function("hangs", 0, lambda: hung.wait(60))
        return connection

    monkeypatch.setattr(ray_lineage.graph.ask, "_GRACE", 0.002)
    monkeypatch.setattr(ray_lineage.graph.ask, "_opened", with_function)
    with ask(str(place), "SELECT hangs()", 0.001, hung.set) as answer:
        assert list(answer.rows) == [(True,)]


def test_the_time_of_who_reads_the_rows_does_not_count(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(ray_lineage.graph.ask, "time", SimpleNamespace(monotonic=lambda: now[0]))
    with ask(str(place), "SELECT path FROM files", 0.1, pytest.fail) as answer:
        first = next(answer.rows)
        now[0] = 1.0
        assert len([first, *answer.rows]) == 6


# --------------------------------------------------------------------------- codes, Python


def test_every_code_is_explained() -> None:
    for code in known_codes():
        found = explain(code.lower())
        assert found is not None and found.meaning and bool(found.severity) != bool(found.exit)
    assert explain("RL999") is None
    assert codes_of("RL210 - RL212, RL300") == {"RL210", "RL211", "RL212", "RL300"}


def examples_of(what: object, name: str) -> list[doctest.DocTest]:
    names = {"ray_lineage": ray_lineage, "networkx": networkx}
    return [t for t in doctest.DocTestFinder().find(what, name, globs=names) if t.examples]


def test_the_examples_of_the_api_are_true(
    store: GraphStore, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They ask the graph of this test; the page and ``lineage()`` begin no process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Graph, "close", lambda self: None)
    functions = {name: getattr(ray_lineage, name) for name in ("lineage", "open_graph", "picture")}
    examples = examples_of(api.Graph, "Graph")
    questions = {name for name in vars(api.Graph) if name[0] != "_"} - {"open", "close"}
    assert {e.name.partition(".")[2] for e in examples} == questions
    monkeypatch.setattr(ray_lineage, "open_graph", lambda: Graph(store, "shop"), raising=False)
    monkeypatch.setattr(ray_lineage, "lineage", partial(functions["lineage"], seconds=None), raising=False)
    monkeypatch.setattr(
        ray_lineage, "picture", partial(functions["picture"], store=str(place), project="shop"), raising=False
    )
    page = (Path(__file__).parents[3] / "docs" / "python.md").read_text("utf-8")
    examples.append(doctest.DocTestParser().get_doctest(page, {}, "python.md", "docs/python.md", 0))
    for name, function in functions.items():
        found = examples_of(function, name)
        assert found, name
        examples += found
    for example in examples:
        assert doctest.DocTestRunner(verbose=False).run(example).failed == 0, example.name
    assert (tmp_path / "lineage.html").read_text().startswith("<!doctype html>")
