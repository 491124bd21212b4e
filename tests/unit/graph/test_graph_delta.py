"""What one write changes: an edge that only moved is the same edge."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from ray_lineage.graph.delta import Batch, Delta, Stored, difference, pieces
from ray_lineage.graph.schema import RELS
from ray_lineage.model import Contribution
from tests.factory import contributions

REL = {r.type: r for r in RELS}


def made(text: str) -> list[Contribution]:
    return list(contributions("p", {"a.sql": text}).values())


def stored(found: list[Contribution]) -> Stored:
    """As a server holds it: each edge has a handle."""
    out = Stored()
    batch = Batch("p", found, [])
    out.nodes = batch.nodes
    for kind, rows in batch.rels.items():
        for row in rows:
            out.add_rel(kind, row, ("handle", kind, row))
    return out


def changed(before: str, after: str) -> Delta:
    return difference(Batch("p", made(after), []), stored(made(before)))


VIEW = "CREATE VIEW v AS SELECT a, a + 1 AS b FROM t WHERE c > 1 AND c < 9;\n"


def test_a_comment_above_moves_edges() -> None:
    delta = changed(VIEW, f"-- why\n{VIEW}")
    assert delta.drop == {} and delta.add == {}
    assert {kind for kind, found in delta.move.items() if found} == {"DECLARES", "FLOWS_TO", "INFLUENCES"}
    for kind, found in delta.move.items():
        for row, (_, of, old) in found:
            assert (of, row[:3]) == (kind, old[:3])


def test_a_statement_above_moves_edges() -> None:
    delta = changed(VIEW, f"SELECT 1;\n{VIEW}")
    assert set(delta.drop) <= {"CONTAINS", "READS", "WRITES"}
    assert {"FLOWS_TO", "INFLUENCES", "FEEDS"} <= set(delta.move)


def test_another_expression_is_the_same_edge_and_another_transformation_is_not() -> None:
    assert (
        "FLOWS_TO"
        not in changed("CREATE VIEW v AS SELECT a + 1 AS b FROM t", "CREATE VIEW v AS SELECT a + d AS b FROM t").drop
    )
    delta = changed("CREATE VIEW v AS SELECT a + 1 AS b FROM t", "CREATE VIEW v AS SELECT SUM(a) AS b FROM t")
    assert len(delta.drop["FLOWS_TO"]) == len(delta.add["FLOWS_TO"]) == 1


def test_equal_edges_are_told_apart_by_their_order() -> None:
    insert = "INSERT INTO v (b) SELECT a FROM t;\n"
    delta = changed(insert * 3, "-- c\n" + insert * 3)
    lines = [(old[4], row[4]) for row, (_, _, old) in delta.move["FLOWS_TO"]]
    assert sorted(lines) == [(1, 2), (2, 3), (3, 4)]


TEXTS = st.lists(
    st.sampled_from(["-- c", VIEW.strip(), "INSERT INTO v (b) SELECT a FROM t;", "INSERT INTO v (b) SELECT MAX(a) FROM t;", "SELECT 1;"]),
    max_size=5,
).map("\n".join)  # fmt: skip


@given(before=TEXTS, after=TEXTS, rows=st.integers(1, 8))
def test_any_difference_leads_from_one_graph_to_the_other(before: str, after: str, rows: int) -> None:
    batch, there = Batch("p", made(after), []), stored(made(before))
    wanted = {kind: set(found) for kind, found in batch.rels.items()}
    assert done(there, [difference(batch, there)]) == wanted
    assert done(there, pieces(batch, there, rows)) == wanted


def done(there: Stored, deltas: Any) -> dict[str, set[Any]]:
    """The edges after these changes; no handle is used twice."""
    edges = {kind: dict(rows) for kind, rows in there.rels.items()}
    used: list[Any] = []
    for delta in deltas:
        for kind, found in delta.drop.items():
            for row, handle in found:
                assert edges[kind].pop(row) == handle
                used.append(handle)
        for kind, found in delta.move.items():
            for row, handle in found:
                of = REL[kind].identity
                old = handle[2]
                assert [row[i] for i in of] == [old[i] for i in of]
                used.append(handle)
                edges[kind] = {r: h for r, h in edges[kind].items() if h != handle} | {row: handle}
        for kind, rows in delta.add.items():
            edges[kind] |= dict.fromkeys(rows)
    assert len(used) == len({msgspec.json.encode(h) for h in used})
    return {kind: set(rows) for kind, rows in edges.items()}
