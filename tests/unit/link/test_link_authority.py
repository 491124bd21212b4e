"""Who describes a dataset that several files declare: the first in path order, but a dump only where no DDL does."""

from __future__ import annotations

from itertools import permutations

import pytest

from ray_lineage.link import Linker
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
