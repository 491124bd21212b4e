"""What would take twice as long with each line, or four times as long for twice the text, takes as long as the text is."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator

import pytest

from ray_lineage.compile import DIALECTS, CompileOptions, compile_source
from tests.unit.sql.cases import pairs


def joins(n: int) -> str:
    return "INSERT INTO o (x) SELECT u0.a FROM u u0 " + " ".join(f"JOIN u u{k}" for k in range(1, n)) + ";"


BOMBS: list[tuple[str, Callable[[int], str], int]] = [
    ("mysql", joins, 150),
    ("spark", lambda n: joins(n).replace("JOIN", "LEFT JOIN"), 150),
    ("mysql", lambda n: joins(n).replace("JOIN", "STRAIGHT_JOIN"), 150),
    ("postgres", lambda n: "SELECT a" + "[1]" * n + " FROM t", 900),
    ("tsql", lambda n: "IF 1 = 1 BEGIN " * n + "SELECT a FROM t " + "END " * n, 4_000),
    ("tsql", lambda n: "SELECT x.value('a', 'int') FROM t CROSS APPLY c" + ".nodes('/a')" * n + " AS q (x)", 4_000),
]


def cpu(text: str, dialect: str) -> float:
    start = time.process_time()
    compile_source(text, CompileOptions(dialect))
    return time.process_time() - start


@pytest.fixture
def nothing_left_of_others() -> Iterator[None]:
    """What thousands of tests before this one left in memory is not looked through for garbage while it measures."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("dialect", "text", "size"), BOMBS, ids=range(len(BOMBS)))
def test_time_grows_as_the_text_does(
    dialect: str, text: Callable[[int], str], size: int, nothing_left_of_others: None
) -> None:
    cpu(text(2), dialect)
    half = whole = float("inf")
    for again in range(9):  # on a busy machine the least of three is at times no better than the first
        half, whole = min(half, cpu(text(size // 2), dialect)), min(whole, cpu(text(size), dialect))
        if again > 1 and whole < 3.2 * half:
            break
    assert whole < max(3.2 * half, 0.05)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_joins_without_on_end(dialect: str) -> None:
    assert compile_source(joins(29), CompileOptions(dialect)).status == "ok"


ALIKE = "JOIN u b JOIN u c ON b.id = c.id ON b.id = t.id"


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT t.a FROM t JOIN u AS b JOIN u AS c JOIN u AS d JOIN u AS e JOIN u AS f JOIN u AS g", "t.a > a i"),
        (f"SELECT t.a, b.c AS k FROM t {ALIKE} JOIN u d ON d.id = t.id JOIN u e USING (id) NATURAL JOIN u f JOIN u g",
         "t.a > a i, u.c > k i"),
        ("SELECT q.k FROM (SELECT b.c AS k FROM t JOIN u b JOIN u c) q JOIN u d JOIN u e JOIN u f JOIN u g WHERE q.k > 1",
         "u.c > k i"),
    ],
)  # fmt: skip
def test_joins_without_on_are_read(sql: str, expected: str) -> None:
    schema = {"t": ["id", "a"], "u": ["id", "c"]}
    assert pairs(sql, "mysql", schema) == {e.strip() for e in expected.split(",")}
