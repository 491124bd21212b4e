"""Who describes a dataset that several files declare: the first in path order, but a dump only where no DDL does."""

from __future__ import annotations

from itertools import permutations

import pytest

from ray_lineage.compile import CompileOptions, compile_source
from ray_lineage.link import Linker
from ray_lineage.link.script import Script
from ray_lineage.model import Declaration, DeclaredColumn, FileFacts, encode_facts

NAME = ("dbo", "t")


def declaring(column: str, *, weak: bool = False, adds: bool = False) -> bytes:
    declaration = Declaration(NAME, "Table", 1, (DeclaredColumn(column),), weak=weak, adds=adds)
    return encode_facts(FileFacts("", "ok", (), (declaration,)))


FILES = {
    "a.json": declaring("dumped", weak=True),
    "b.sql": declaring("made"),
    "c.sql": declaring("made_again"),
    "d.sql": declaring("added", adds=True),
}


@pytest.mark.parametrize("order", list(permutations(FILES)))
def test_ddl_comes_before_a_dump_whatever_the_order(order: tuple[str, ...]) -> None:
    linker = Linker("p")
    for path in order:
        linker.put(path, "", FILES[path])
    view = linker.view()
    owner = view.owner("dbo.t")
    assert owner is not None and owner.path == "b.sql"
    assert view.columns("dbo.t") == ("made", "added")
    for path in ("b.sql", "c.sql"):
        linker.remove(path)
    view = linker.view()
    assert view.columns("dbo.t") == ("dumped", "added")
    linker.close()


@pytest.mark.parametrize(
    ("made", "values", "expected"),
    [
        ("CREATE TABLE t (a int, b int, c int); ", "x, y, z", {"s.x > a", "s.y > b", "s.z > c"}),
        ("CREATE TABLE t (a int, b int, c int); ", "x, y", {"s.x > c", "s.y > b"}),  # of that other table
        ("CREATE TABLE t (a int) PARTITIONED BY (b int, c int); ", "x, y, z", {"s.x > a", "s.y > b", "s.z > c"}),
        ("", "x, y, z", {"s.x > c", "s.y > b", "s.z > a"}),
        ("CREATE TABLE t (a int, b int, c int); ALTER TABLE t ADD COLUMNS (d int); ", "x, y, z",
         {"s.x > c", "s.y > b", "s.z > a"}),
    ],
    ids=["as made here", "as many as there", "partitioned", "not made here", "not all of it"],
)  # fmt: skip
def test_a_file_that_makes_a_table_writes_it_as_it_makes_it(made: str, values: str, expected: set[str]) -> None:
    """Two folders may each make a table of one name, with other columns or in another order."""
    linker = Linker("p")
    linker.put(
        "1.sql", "", encode_facts(compile_source("CREATE TABLE t (c int, b int, a int)", CompileOptions("hive")))
    )
    facts = compile_source(f"{made}INSERT INTO t SELECT {values} FROM s", CompileOptions("hive"))
    linker.put("2.sql", "", encode_facts(facts))
    flows = [f for _, _, result in Script(facts, linker.view()).run() for f in result.flows]
    assert {f"{f.source[0]}.{f.source[1]} > {f.target}" for f in flows} == expected
