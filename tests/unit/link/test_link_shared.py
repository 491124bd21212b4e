"""Shares of the files, linked by others from the shared catalog, are what the linker's own process makes of them."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ray_lineage.link import Linker
from ray_lineage.link.shared import SharedCatalog, link_file
from ray_lineage.model import Contribution
from tests.factory import facts, sha
from tests.unit.link.scripts import apply, rounds_of


def link_shares(linker: Linker, shares: int) -> list[Contribution]:
    """Link what has to be linked as ``shares`` other processes would; those that differ from before."""
    work, catalogs = linker.settle(), [SharedCatalog(linker.shared()) for _ in range(shares)]
    done = [
        link_file("p", path, linker.sha256(path), linker.facts_bytes(path), catalogs[number % shares])
        for number, path in enumerate(work)
    ]
    return [c for c, uses in reversed(done) if linker.linked(c.path, c.fingerprint, uses)]


@pytest.mark.parametrize("dialect", ["postgres", "tsql"])
@settings(max_examples=40)
@given(data=st.data(), shares=st.integers(1, 3))
def test_shares_equal_linking_alone(data: st.DataObject, shares: int, dialect: str) -> None:
    linker, alone = Linker("p"), Linker("p")
    files: dict[str, str] = {}
    for edited in data.draw(rounds_of(dialect)):
        apply(linker, files, edited, dialect)
        apply(alone, files, edited, dialect)
        assert sorted(link_shares(linker, shares), key=lambda c: c.path) == list(alone.link())
        assert linker.counts == alone.counts
    linker.close()
    alone.close()


def test_what_was_not_linked_is_named_again() -> None:
    linker = Linker("p")
    for path, sql in {"a.sql": "CREATE TABLE a (x int)", "b.sql": "CREATE VIEW b AS SELECT * FROM a"}.items():
        linker.put(path, sha(sql), facts(sql))
    assert linker.settle() == linker.settle() == ["a.sql", "b.sql"]
    linker.linked("a.sql", "0", b"\0")
    assert linker.settle() == ["b.sql"]
    linker.remove("b.sql")
    assert linker.settle() == []
    linker.close()


def test_foreign_bytes_are_no_catalog() -> None:
    with pytest.raises(msgspec.DecodeError):
        SharedCatalog(b"something else")
