"""A graph that is taken away, or changed for another one, under a watch: it is noticed, said, and built anew."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.test_watch_edits import INLINE, fill
from tests.integration.watching import Watching, update, view


def _remove(folder: Path) -> None:
    for path in (folder / "data").glob("graph.db*"):
        path.unlink(missing_ok=True)


def _remove_all(folder: Path) -> None:
    """Though a status is written into it now and then."""
    while (folder / "data").exists():
        shutil.rmtree(folder / "data", ignore_errors=True)


def _replace(folder: Path) -> None:
    other = folder / "other"
    (other / "sql").mkdir(parents=True)
    (other / "sql" / "a.sql").write_text(view("a"))
    update(other / "data", other / "sql")
    (other / "data" / "graph.db").rename(folder / "data" / "graph.db")


@pytest.mark.parametrize(
    "take_away",
    [
        lambda folder: (folder / "data" / "graph.db").unlink(), _remove, _remove_all, _replace,
    ],
    ids=["the file", "all its files", "the whole folder", "replaced"],
)  # fmt: skip
def test_a_store_that_is_taken_away_is_built_anew(tmp_path: Path, take_away: Callable[[Path], None]) -> None:
    fill(tmp_path / "sql")
    with Watching(tmp_path, *INLINE) as watch:
        watch.rest()
        take_away(tmp_path)
        watch.until(lambda: "code=RL228" in watch.said())  # though nothing changes
        watch.until_status(lambda s: s.at_rest and (tmp_path / "data" / "graph.db").exists())
        (tmp_path / "sql/core/v3.sql").write_text(view("v3", "later"))
        watch.rest()
        watch.assert_exact()
        assert watch.end() == 143


def test_what_was_put_in_its_place_is_moved_aside_as_it_is(tmp_path: Path) -> None:
    fill(tmp_path / "sql")
    foreign = b"SQLite format 3\0 of somebody else"
    with Watching(tmp_path, *INLINE) as watch:
        watch.rest()
        (tmp_path / "foreign").write_bytes(foreign)
        (tmp_path / "foreign").replace(
            tmp_path / "data" / "graph.db"
        )  # at once: nothing is built in its place meanwhile
        (tmp_path / "sql/core/v3.sql").write_text(view("v3", "later"))
        watch.until(lambda: "was moved aside" in watch.said())
        watch.rest()
        watch.assert_exact()
        (aside,) = (tmp_path / "data").glob("graph.db.broken-*[0-9]")
        assert aside.read_bytes() == foreign
