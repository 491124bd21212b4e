"""A first load of the server store: what is written in which order, and what follows when something fails."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ray_lineage.graph import cypher
from ray_lineage.graph.base import column_rows, dataset_rows
from ray_lineage.graph.delta import Batch
from ray_lineage.graph.fill import (  # fmt: skip
    COLUMNS,
    DATASETS,
    LANES,
    NODES,
    Aside,
    Crew,
    Filling,
    Job,
    Transaction,
    Write,
    cut,
    halves,
)
from ray_lineage.graph.pack import Pack, pack
from ray_lineage.graph.schema import COLUMN, DATASET, FILE, HAS_COLUMN, RELS, STATEMENT, Node
from ray_lineage.model import DATASET_KINDS, Contribution
from tests.factory import contributions, wide
from tests.unit.graph.graph_model import DIALECT, histories

_DEADLINE_SECONDS = 60


class Graph:
    """What the statements of a first load would make; refuses a second node of an id, and ends that are not there."""

    def __init__(self) -> None:
        self.nodes: dict[str, dict[str, tuple[Any, ...]]] = {n.label: {} for n in (FILE, STATEMENT, DATASET, COLUMN)}
        self.rels: dict[str, Counter[tuple[Any, ...]]] = {r.type: Counter() for r in (*RELS, HAS_COLUMN)}
        self._makes = {cypher.fill_nodes(n): n for n in (FILE, STATEMENT, COLUMN)}
        self._makes |= {cypher.fill_nodes(DATASET, k): DATASET for k in DATASET_KINDS}
        self._relates = {cypher.fill_rels(r): r for r in (*RELS, HAS_COLUMN)}
        self._kinds = {cypher.describe_datasets(k): k for k in DATASET_KINDS}

    def run(self, write: Write) -> None:
        rows = list(zip(*write.columns.values(), strict=True))
        if node := self._makes.get(write.query):
            assert tuple(write.columns) == node.columns
            self._make(node, rows)
        elif rel := self._relates.get(write.query):
            found = self.nodes[rel.source].keys(), self.nodes[rel.target].keys()
            assert all(r[0] in found[0] and r[1] in found[1] for r in rows)
            self.rels[rel.type].update(rows)
        elif kind := self._kinds.get(write.query):
            for identity, *described in rows:
                old = self.nodes["Dataset"][identity]
                self.nodes["Dataset"][identity] = (*old[:6], kind, True, *described)
        else:
            assert write.query == cypher.DESCRIBE_COLUMNS
            for identity, *described in rows:
                self.nodes["Column"][identity] = (*self.nodes["Column"][identity][:3], *described)

    def _make(self, node: Node, rows: list[tuple[Any, ...]]) -> None:
        for row in rows:
            assert row[0] not in self.nodes[node.label]
            self.nodes[node.label][row[0]] = row


def fill(graph: Graph, packs: list[Pack], rows: int) -> None:
    filling = Filling("p")
    for packed in packs:
        job = filling.job(packed)
        for lane in (NODES, COLUMNS, DATASETS):
            for transaction in cut(job.writes(lane), rows):
                for write in transaction:
                    graph.run(write)
                filling.note(transaction)
        filling.keep(job.later())
    for write in filling.later:
        graph.run(write)


def assert_holds(graph: Graph, files: list[Contribution]) -> None:
    batch = Batch("p", files, ())
    wanted: dict[str, dict[str, Any]] = dict(batch.nodes)
    wanted["Dataset"] = {r[0]: r for r in dataset_rows("p", batch.datasets)} | batch.nodes["Dataset"]
    wanted["Column"] = {r[0]: r for r in column_rows(batch.columns)} | batch.nodes["Column"]
    assert graph.nodes == wanted
    assert {t: c for t, c in graph.rels.items() if t != "HAS_COLUMN"} == {t: Counter(r) for t, r in batch.rels.items()}
    assert graph.rels["HAS_COLUMN"] == Counter((r[1], r[0]) for r in wanted["Column"].values())


@given(histories, st.integers(1, 3), st.integers(1, 20))
def test_packs_in_any_size_make_every_row_once(history: list[Any], files: int, rows: int) -> None:
    last = {path: sql for edits in history for path, sql in edits if sql is not None}
    linked = [c for _, c in sorted(contributions("p", last, DIALECT).items())]
    graph = Graph()
    fill(graph, [pack("p", linked[i : i + files]) for i in range(0, len(linked), files)], rows)
    assert_holds(graph, linked)


def test_what_a_later_pack_describes_is_said_at_the_end() -> None:
    files = {"a.sql": "INSERT INTO t (x) SELECT y FROM v", "b.sql": "CREATE VIEW v AS SELECT y FROM u"}
    linked = [c for _, c in sorted(contributions("p", files).items())]
    filling = Filling("p")
    for packed in (pack("p", [c]) for c in linked):
        job = filling.job(packed)
        filling.note(list(job.writes(NODES)))
        filling.keep(job.later())
    said = {w.query: w.columns["id"] for w in filling.later if w.rows}
    assert said == {cypher.describe_datasets("View"): ["p:v"], cypher.DESCRIBE_COLUMNS: ["p:v.y"]}


@given(st.lists(st.integers(0, 30), max_size=10), st.integers(1, 25))
def test_a_transaction_is_full_unless_it_is_the_last(sizes: list[int], rows: int) -> None:
    writes = [Write(f"{n}", {"a": list(range(size)), "b": list(range(size))}) for n, size in enumerate(sizes)]
    made = list(cut(writes, rows))
    counted = [sum(w.rows for w in transaction) for transaction in made]
    assert all(c == rows for c in counted[:-1]) and all(0 < c <= rows for c in counted)
    assert flat(made) == flat([writes])
    for transaction in made:
        if sum(w.rows for w in transaction) > 1:
            both = list(halves(transaction))
            assert len(both) == 2 and flat(both) == flat([transaction])


def flat(transactions: list[Transaction]) -> list[tuple[Any, ...]]:
    return [(w.query, *row) for t in transactions for w in t for row in zip(*w.columns.values(), strict=True)]


# ------------------------------------------------------------------ the two threads


class Desk:
    """Notes who writes what, and when."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.busy: set[str] = set()
        self.most = 0
        self.written: list[tuple[str, str]] = []

    def __call__(self, lane: str, job: Job) -> None:
        path = job.packed.files.path[0]
        with self.lock:
            assert lane not in self.busy
            self.busy.add(lane)
            self.most = max(self.most, len(self.busy))
            self.written.append((lane, path))
        try:
            self.write(lane, path)
        finally:
            with self.lock:
                self.busy.discard(lane)

    def write(self, lane: str, path: str) -> None:
        """What a test lets happen."""


def packs(count: int) -> Iterator[Pack]:
    return (pack("p", [wide("p", f"{n:03}", 3)]) for n in range(count))


def run(desk: Desk, count: int) -> tuple[Crew, int]:
    crew = Crew(Filling("p"), desk)
    try:
        told = sum(crew.add(packed) for packed in packs(count))
        told += sum(crew.finish())
    finally:
        crew.end()
    assert not any(t.name.startswith("neo4j-") for t in threading.enumerate())
    return crew, told


def test_lanes_are_in_order_and_nodes_come_first() -> None:
    desk = Desk()
    crew, told = run(desk, 40)
    assert told == 40 and not crew.aside and desk.most <= 2
    for lane in LANES:
        assert [p for at, p in desk.written if at == lane] == [f"{n:03}" for n in range(40)]
    first = {item: at for at, item in enumerate(desk.written)}
    assert all(first[NODES, p] < min(first[COLUMNS, p], first[DATASETS, p]) for _, p in desk.written)


def test_two_lanes_are_written_at_once() -> None:
    together = threading.Barrier(2, timeout=_DEADLINE_SECONDS)

    class Meeting(Desk):
        def write(self, lane: str, path: str) -> None:
            if lane != NODES:
                together.wait()

    assert run(Meeting(), 3)[1] == 3


@pytest.mark.parametrize("at", LANES)
def test_a_pack_that_cannot_be_written_is_set_aside(at: str) -> None:
    class Failing(Desk):
        def write(self, lane: str, path: str) -> None:
            if (lane, path) == (at, "002"):
                raise Aside

    desk = Failing()
    crew, told = run(desk, 5)
    assert told == 4 and [p.files.path for p in crew.aside] == [["002"]]
    if at == NODES:
        assert [lane for lane, path in desk.written if path == "002"] == [NODES]


@pytest.mark.parametrize("at", LANES)
def test_an_error_ends_all_and_is_raised_by_the_caller(at: str) -> None:
    class Failing(Desk):
        def write(self, lane: str, path: str) -> None:
            if (lane, path) == (at, "002"):
                raise KeyError(path)

    with pytest.raises(KeyError):
        run(Failing(), 30)


def test_a_caller_that_fails_waits_for_what_is_being_written() -> None:
    begun, go_on, done = threading.Event(), threading.Event(), threading.Event()

    class Slow(Desk):
        def write(self, lane: str, path: str) -> None:
            begun.set()
            assert go_on.wait(_DEADLINE_SECONDS)
            done.set()

    crew = Crew(Filling("p"), Slow())
    crew.add(next(packs(1)))
    assert begun.wait(_DEADLINE_SECONDS)
    threading.Timer(0, go_on.set).start()
    crew.end()
    assert done.is_set()
