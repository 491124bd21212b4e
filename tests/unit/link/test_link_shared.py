"""Shares of the files, linked by others from the shared catalog, are what the linker's own process makes of them."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ray_lineage.link import Linker, contribute, shared
from ray_lineage.link.shared import SharedCatalog, link_file, without_lineage
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


def test_a_fault_of_ours_costs_one_file_its_lineage(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the others nothing, whoever links; the words are the same each time, so that nothing is written again."""
    statement = contribute._statement

    def fails(rows: contribute._Rows, *more: object) -> None:
        if rows.file == "p:bad.sql":
            raise KeyError(object())  # its text has an address, another one each time
        statement(rows, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(contribute, "_statement", fails)
    monkeypatch.setattr(shared, "without_lineage", without_lineage)
    linker = Linker("p")
    for path, sql in (
        ("bad.sql", "CREATE VIEW b AS SELECT x FROM t"),
        ("good.sql", "CREATE VIEW g AS SELECT x FROM b"),
    ):
        linker.put(path, sha(sql), facts(sql))
    found = {c.path: c for c in linker.link()}
    row = found["bad.sql"].rows["File"][0]
    assert (row[6], [d[0] for d in json.loads(row[7])]) == ("failed", ["RL199"])
    assert "KeyError, test_link_shared.py:" in row[7]
    assert len(found["good.sql"].rows["FLOWS_TO"]) == 1
    there = SharedCatalog(linker.shared())
    assert (
        link_file("p", "bad.sql", sha("CREATE VIEW b AS SELECT x FROM t"), linker.facts_bytes("bad.sql"), there)[0]
        == found["bad.sql"]
    )
    linker.close()
