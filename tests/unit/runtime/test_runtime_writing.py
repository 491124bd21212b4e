"""Shares on their way into the store: in order, held up where the store is slow, and what it raises is heard."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from ray_lineage.graph.store import ApplyResult
from ray_lineage.runtime.linking import LinkedFile, Share
from ray_lineage.runtime.writing import WAITING, Aborted, Writing

DEADLINE_SECONDS = 60


def share(path: str) -> Share:
    return Share([LinkedFile(path, "", "", "ok", "[]", 0, "", b"")], None, [])


def test_all_are_written_in_their_order() -> None:
    seen: list[str] = []

    def write(shares: Iterator[Share]) -> ApplyResult:
        seen.extend(f.path for s in shares for f in s.files)
        return ApplyResult(rows_written=len(seen), rejected=[])

    writing = Writing(write)
    for number in range(20):
        writing.add(share(str(number)))
    assert writing.finish().rows_written == 20
    assert seen == [str(n) for n in range(20)]


def test_who_links_faster_than_the_store_writes_waits() -> None:
    go, full = threading.Event(), threading.Event()
    added = 0

    def write(shares: Iterator[Share]) -> ApplyResult:
        assert go.wait(DEADLINE_SECONDS)
        return ApplyResult(rows_written=sum(1 for _ in shares), rejected=[])

    writing = Writing(write)

    def add() -> None:
        nonlocal added
        for number in range(3 * WAITING):
            writing.add(share(str(number)))
            added += 1
            if added == WAITING:
                full.set()

    adding = threading.Thread(target=add)
    adding.start()
    assert full.wait(DEADLINE_SECONDS)
    adding.join(0.3)
    assert adding.is_alive() and added == WAITING
    go.set()
    adding.join(DEADLINE_SECONDS)
    assert writing.finish().rows_written == 3 * WAITING


def test_what_the_store_raises_is_raised_by_the_next_call_and_nobody_waits_for_it() -> None:
    def write(shares: Iterator[Share]) -> ApplyResult:
        next(shares)
        raise ValueError("no")

    writing = Writing(write)
    with pytest.raises(ValueError, match="no"):
        for number in range(10 * WAITING):
            writing.add(share(str(number)))
    with pytest.raises(ValueError, match="no"):
        writing.finish()


def test_an_abort_undoes_what_the_store_is_at() -> None:
    raised: list[BaseException] = []

    def write(shares: Iterator[Share]) -> ApplyResult:
        try:
            for _ in shares:
                pass
        except BaseException as error:
            raised.append(error)
            raise
        return ApplyResult(rejected=[])

    writing = Writing(write)
    writing.add(share("a"))
    writing.abort()
    assert isinstance(raised[0], Aborted)
