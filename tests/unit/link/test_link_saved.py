"""A linker's state in bytes: what is restored goes on as if there had been no end, and what is not it is refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ray_lineage.link import Linker
from ray_lineage.model import Contribution
from tests.factory import contributions, facts, sha
from tests.unit.link.scripts import apply, rounds_of

FILES = {
    "t.sql": "CREATE TABLE s.t (x int)",
    "v.sql": "CREATE VIEW s.v AS SELECT * FROM t",
    "w.sql": "INSERT INTO s.w SELECT * FROM s.v",
}


def restored(before: Linker, files: dict[str, str], dialect: str, tag: str = "1") -> Linker:
    """Another linker, with the state of the first and the facts where they are asked for."""
    linker = Linker("p", lambda path: facts(files[path], dialect))
    assert linker.restore(before.save(tag), tag)
    before.close()
    return linker


@pytest.mark.parametrize("dialect", ["postgres", "tsql"])
@settings(max_examples=60)
@given(data=st.data())
def test_a_restored_linker_goes_on(data: st.DataObject, dialect: str) -> None:
    linker, always = Linker("p"), Linker("p")
    files: dict[str, str] = {}
    known: dict[str, Contribution] = {}
    for edited in data.draw(rounds_of(dialect)):
        linker = restored(linker, files, dialect)
        apply(linker, files, edited, dialect)
        apply(always, {}, edited, dialect)
        before = always.counts
        linked = list(linker.link())
        assert linked == list(always.link())
        assert linker.counts == tuple(a - b for a, b in zip(always.counts, before, strict=True))
        known = {path: c for path, c in known.items() if path in files}
        known.update({c.path: c for c in linked})
        assert known == contributions("p", files, dialect)
    linker.close()
    always.close()


@pytest.fixture(scope="module")
def saved() -> bytes:
    linker = Linker("p")
    apply(linker, {}, list(FILES.items()), "postgres")
    list(linker.link())
    data = linker.save("tag")
    linker.close()
    return data


def test_nothing_is_linked_or_fetched_without_an_edit(saved: bytes) -> None:
    linker = Linker("p")
    assert linker.restore(saved, "tag")
    assert (len(linker), linker.settle(), list(linker.link())) == (3, [], [])
    assert linker.sha256("t.sql") == sha(FILES["t.sql"])
    linker.close()


def test_only_the_facts_that_an_edit_touches_are_fetched(saved: bytes) -> None:
    fetched: list[str] = []

    def fetch(path: str) -> bytes:
        fetched.append(path)
        return facts(FILES[path])

    linker = Linker("p", fetch)
    assert linker.restore(saved, "tag")
    linker.put("v.sql", "new", facts("CREATE VIEW s.v AS SELECT x, x AS y FROM t"))
    assert [c.path for c in linker.link()] == ["v.sql", "w.sql"]
    assert fetched == ["w.sql"]
    linker.close()


def test_what_was_not_linked_when_it_was_saved_is_linked_later(saved: bytes) -> None:
    linker = Linker("p")
    linker.restore(saved, "tag")
    linker.put("t.sql", "new", facts("CREATE TABLE s.t (x int, y int)"))
    after = Linker("p")
    assert after.restore(linker.save("2"), "2")
    assert after.settle() == ["t.sql", "v.sql", "w.sql"]
    linker.close()
    after.close()


def test_a_linker_with_files_is_not_restored(saved: bytes) -> None:
    linker = Linker("p")
    linker.put("a.sql", "", facts("SELECT 1"))
    with pytest.raises(ValueError, match="holds files"):
        linker.restore(saved, "tag")
    linker.close()


@pytest.mark.parametrize(
    "data",
    [b"", b"something else", lambda d: d[:-1], lambda d: d + b"x", lambda d: d[: len(d) // 2], lambda d: d.replace(b"linker ", b"linker 0", 1)],
    ids=["empty", "foreign", "cut", "longer", "half", "older"],
)  # fmt: skip
def test_what_is_no_state_is_refused(saved: bytes, data: object) -> None:
    linker = Linker("p")
    assert not linker.restore(data(saved) if callable(data) else data, "tag")  # type: ignore[arg-type]
    assert len(linker) == 0
    linker.close()


@given(at=st.integers(0), bit=st.integers(0, 7))
def test_one_bit_that_fell_over_is_seen(saved: bytes, at: int, bit: int) -> None:
    damaged = bytearray(saved)
    damaged[at % len(saved)] ^= 1 << bit
    linker = Linker("p")
    assert not linker.restore(bytes(damaged), "tag")
    linker.close()


@pytest.mark.parametrize(("project", "tag"), [("q", "tag"), ("p", "other")])
def test_the_state_of_something_else_is_refused(saved: bytes, project: str, tag: str) -> None:
    linker = Linker(project)
    assert not linker.restore(saved, tag)
    linker.close()
