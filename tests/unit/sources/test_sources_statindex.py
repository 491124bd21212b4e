"""The stat index: trusted only when that is certain, never a fault."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from ray_lineage.model import SourceFile
from ray_lineage.sources.statindex import StatIndex

FILE = SourceFile("a.sql", "/r", "a.sql", 10, 1_000_000_000_000, 1_000_000_000_000, 7, 2)
LATER = FILE.mtime_ns + 3_000_000_000


def test_an_unchanged_file_is_known_again(tmp_path: Path) -> None:
    path = str(tmp_path / "index")
    index = StatIndex.load(path, "k")
    index.record(FILE, "abc", LATER)
    index.save()
    assert StatIndex.load(path, "k").lookup(FILE) == "abc"
    assert StatIndex.load(path, "other project").lookup(FILE) == ""


@pytest.mark.parametrize("change", [{"size": 11}, {"mtime_ns": 1}, {"ctime_ns": 1}, {"inode": 8}])
def test_any_difference_means_read_it(tmp_path: Path, change: dict[str, int]) -> None:
    index = StatIndex.load(str(tmp_path / "index"), "k")
    index.record(FILE, "abc", LATER)
    assert index.lookup(msgspec.structs.replace(FILE, **change)) == ""


def test_racily_clean_entries_are_not_trusted(tmp_path: Path) -> None:
    index = StatIndex.load(str(tmp_path / "index"), "k")
    index.record(FILE, "abc", FILE.mtime_ns + 1_000_000_000)
    assert index.lookup(FILE) == ""


def test_every_damage_is_an_empty_index(tmp_path: Path) -> None:
    path = tmp_path / "index"
    index = StatIndex.load(str(path), "k")
    index.record(FILE, "abc", LATER)
    index.save()
    whole = path.read_bytes()
    for position in range(len(whole)):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 4]) + whole[position + 1 :])
        assert StatIndex.load(str(path), "k").lookup(FILE) == ""
        path.write_bytes(whole[:position])
        assert StatIndex.load(str(path), "k").lookup(FILE) == ""


def test_a_place_that_cannot_be_written_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    index = StatIndex.load(str(tmp_path / "file" / "index"), "k")
    index.record(FILE, "abc", LATER)
    index.save()


def test_what_was_read_just_now_is_known_for_a_while(tmp_path: Path) -> None:
    index = StatIndex.load(str(tmp_path / "index"), "k")
    read_at = FILE.mtime_ns + 1_000_000_000  # too young to be trusted
    index.record(FILE, "abc", read_at)
    assert index.recent(FILE, 30, read_at + 29_000_000_000) == "abc"
    assert index.recent(FILE, 30, read_at + 30_000_000_000) == ""
    assert index.recent(msgspec.structs.replace(FILE, ctime_ns=1), 30, read_at) == ""
