"""Facts on disk: what was added is read, whenever it was written."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ray_lineage.link.spool import Spool


@given(st.lists(st.binary(max_size=300), max_size=20), st.integers(1, 500))
def test_what_was_added_is_read(parts: list[bytes], gathered: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ray_lineage.link.spool._GATHERED", gathered)
        spool = Spool()
        places = [spool.add(part) for part in parts]
        assert [spool.read(place) for place in places] == parts
        assert len(spool) == sum(map(len, parts))
        spool.close()


def test_a_disk_that_was_full_in_the_middle_of_a_write(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ray_lineage.link.spool._GATHERED", 1_000)
    spool = Spool()
    first = spool.add(b"a" * 700 + b"b" * 300)
    write, calls = os.pwrite, iter(range(10))

    def half_then_full(handle: int, data: memoryview, offset: int) -> int:
        if next(calls):
            raise OSError(28, "No space left on device")
        return write(handle, data[:500], offset)

    with monkeypatch.context() as disk:
        disk.setattr("os.pwrite", half_then_full)
        with pytest.raises(OSError, match="No space"):
            spool.add(b"c" * 10)
    assert spool.read(first) == b"a" * 700 + b"b" * 300
    second = spool.add(b"d" * 10)  # there is room again
    assert (spool.read(first), spool.read(second)) == (b"a" * 700 + b"b" * 300, b"d" * 10)
    spool.close()
