"""Lines around a place, of a file that is still what was read."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from ray_lineage.viewer.excerpts import AROUND, around, excerpt
from ray_lineage.viewer.picture import Source

TEXT = "".join(f"line {n}\n" for n in range(1, 21))


def source(path: str, text: str = TEXT) -> Source:
    return Source("p", path, hashlib.sha256(text.encode()).hexdigest())


def test_lines_around_are_numbered(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text(TEXT)
    found = excerpt(source("a.sql"), str(tmp_path), 10)
    assert found.note == ""
    assert found.lines == [(n, f"line {n}") for n in range(10 - AROUND, 11 + AROUND)]


def test_at_the_ends_there_are_fewer() -> None:
    assert [n for n, _ in around(TEXT.rstrip(), 1).lines] == [1, 2, 3, 4]
    assert [n for n, _ in around(TEXT.rstrip(), 20).lines] == [17, 18, 19, 20]
    assert around(TEXT, 99).lines == []


def test_control_and_direction_characters_are_shown() -> None:
    assert around("a\x1b[31m\u202eb\tc\r\n", 1).lines[0] == (1, "a\\x1b[31m\\u202eb    c")


def test_a_changed_file_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text(TEXT + "-- new")
    found = excerpt(source("a.sql"), str(tmp_path), 1)
    assert found.lines == []
    assert "changed" in found.note


@pytest.mark.parametrize("path", ["a.ipynb", "a.IPYNB"])
def test_the_json_of_a_notebook_is_not_shown_for_a_line_of_a_cell(tmp_path: Path, path: str) -> None:
    (tmp_path / path).write_text(TEXT)
    found = excerpt(source(path), str(tmp_path), 3)
    assert found.lines == []
    assert found.note == "line 3 of a cell of a notebook"


@pytest.mark.parametrize("make", ["nothing", "link", "pipe", "folder", "file in a linked folder"])
def test_only_a_regular_file_is_read(tmp_path: Path, make: str) -> None:
    (tmp_path / "secret").write_text(TEXT)
    place = tmp_path / "a.sql"
    if make == "link":
        place.symlink_to(tmp_path / "secret")
    elif make == "pipe":
        os.mkfifo(place)
    elif make == "folder":
        place.mkdir()
    elif make == "file in a linked folder":
        (tmp_path / "real").mkdir()
        (tmp_path / "real" / "b.sql").write_text(TEXT)
        (tmp_path / "linked").symlink_to("real")
    path = "linked/b.sql" if "linked" in make else "a.sql"
    assert "not there" in excerpt(source(path), str(tmp_path), 1).note


def test_files_of_another_machine_are_not_looked_for() -> None:
    assert "not on this machine" in excerpt(source("a.sql"), "", 1).note


def test_without_a_hash_nothing_is_claimed(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text(TEXT)
    found = excerpt(source("a.sql")._replace(sha256=""), str(tmp_path), 1)
    assert (found.lines, "not known" in found.note) == ([], True)


def test_an_escaped_name_is_found(tmp_path: Path) -> None:
    with open(os.path.join(os.fsencode(tmp_path), b"\xe9.sql"), "w") as file:
        file.write(TEXT)
    assert excerpt(source("\\xE9.sql"), str(tmp_path), 1).lines[0] == (1, "line 1")
