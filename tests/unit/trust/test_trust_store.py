"""The embedded store: what is at its path and beside it is ours, or is left as it is."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path

import pytest

from ray_lineage.cli.main import main
from ray_lineage.errors import RayLineageError, StoreUnavailable, UsageError
from ray_lineage.graph.open import open_store
from ray_lineage.ownfolder import own_folder
from ray_lineage.settings import Settings
from tests.unit.trust.test_trust_ownfolder import everything


def opened(settings: Settings, *, read_only: bool = False) -> None:
    open_store(settings, read_only=read_only).close()


def refused(settings: Settings, around: Path, says: str) -> None:
    before = everything(around)
    for read_only in (False, True):
        with pytest.raises(UsageError, match=says) as caught:
            opened(settings, read_only=read_only)
        assert (caught.value.code, caught.value.exit_code) == ("RL252", 2)
    assert everything(around) == before


def test_all_that_is_made_is_private(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        opened(Settings(data_dir=str(tmp_path / "data")))
        opened(Settings(store=str(tmp_path / "elsewhere" / "graph.db")))
    finally:
        os.umask(before)
    made = {p: stat.S_IMODE(p.stat().st_mode) for p in tmp_path.rglob("*")}
    assert not [p for p, mode in made.items() if mode & 0o077]
    assert (tmp_path / "data" / "graph.db").exists()


@pytest.mark.parametrize("place", [".bashrc", ".", "link", "dangling", "pipe", "photos.db", "/dev/null", "notes.md"])
def test_a_path_that_is_something_else(tmp_path: Path, place: str) -> None:
    opened(Settings(store=str(tmp_path / "graph.db")))
    (tmp_path / ".bashrc").write_text("alias ll='ls -l'")
    (tmp_path / "notes.md").write_text("SQLite format 3 is a file format")
    sqlite3.connect(tmp_path / "photos.db").execute("CREATE TABLE photo (id)").connection.close()
    (tmp_path / "link").symlink_to("graph.db")
    (tmp_path / "dangling").symlink_to("none")
    os.mkfifo(tmp_path / "pipe")
    refused(Settings(store=os.path.join(tmp_path, place)), tmp_path, " is ")


def test_all_that_an_ingest_leaves_is_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.sql").write_text("CREATE VIEW v AS SELECT a FROM t")
    before = os.umask(0)
    try:
        with pytest.raises(SystemExit):
            main(["ingest", "a.sql", "--workers", "0"])
    finally:
        os.umask(before)
    made = {str(p.relative_to(tmp_path)): stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / "data").rglob("*")}
    assert {".cache", "graph.db"} < {Path(name).name for name in made}
    assert {name: oct(mode) for name, mode in made.items() if mode & 0o077} == {}


def test_neighbours_of_a_like_name_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.sql").write_text("SELECT 1")
    for name in ("graph.md", "graph-2024.csv", "graph.db", "graphs"):
        (tmp_path / name).write_text("mine")
    before = everything(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["--store", "graph", "ingest", "a.sql", "--workers", "0", "--no-cache"])
    assert ended.value.code == 0
    with sqlite3.connect(tmp_path / "graph") as connection:  # a graph of an older version is moved aside, they are not
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    with pytest.raises(SystemExit):
        main(["--store", "graph", "ingest", "a.sql", "--workers", "0", "--no-cache"])
    after = everything(tmp_path)
    assert {name: after[name] for name in before if name != "."} == {k: v for k, v in before.items() if k != "."}


@pytest.mark.parametrize("suffix", [".lock", ".damaged", "-wal", "-shm", "-journal"])
@pytest.mark.parametrize("by_path", [True, False])
def test_a_link_beside_it_is_not_followed(tmp_path: Path, suffix: str, by_path: bool) -> None:
    keys = tmp_path / "authorized_keys"
    keys.write_text("ssh-ed25519 mine")
    own_folder(str(tmp_path / "data")).close()
    (tmp_path / "data" / f"graph.db{suffix}").symlink_to(keys)
    given = {"store": str(tmp_path / "data" / "graph.db")} if by_path else {"data_dir": str(tmp_path / "data")}
    refused(Settings(**given), tmp_path, "is a link|is no file of ours")


def test_a_graph_that_came_with_a_repository(tmp_path: Path) -> None:
    opened(Settings(store=str(tmp_path / "graph.db")))
    (tmp_path / "repository" / "data").mkdir(parents=True)
    (tmp_path / "graph.db").rename(tmp_path / "repository" / "data" / "graph.db")
    refused(
        Settings(data_dir=str(tmp_path / "repository" / "data")), tmp_path / "repository", "was not made by ray_lineage"
    )


def test_a_reader_makes_nothing(tmp_path: Path) -> None:
    for settings in (Settings(data_dir=str(tmp_path / "data")), Settings(store=str(tmp_path / "x" / "graph.db"))):
        with pytest.raises(StoreUnavailable):
            opened(settings, read_only=True)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RayLineageError) as caught:
        opened(Settings(store=str(tmp_path / "file" / "graph.db")))
    assert caught.value.exit_code in (2, 3)
