"""The served picture is that of the graph as it is now."""

from __future__ import annotations

import gzip
import json
import socket
from pathlib import Path

import pytest

from ray_lineage.errors import StoreUnavailable, UsageError
from ray_lineage.graph.sqlite import SqliteStore
from ray_lineage.graph.store import Origin
from ray_lineage.settings import Settings, load_settings
from ray_lineage.viewer.live import LivePicture
from tests.factory import contributions, load

FILES = {"a.sql": "CREATE VIEW v.a AS SELECT x FROM t.b", "c.sql": "CREATE VIEW v.c AS SELECT x FROM v.a"}


def settings(path: Path) -> Settings:
    return load_settings({"store": str(path)}).settings


def write(path: Path, files: dict[str, str], root: str = "") -> None:
    store = SqliteStore(str(path))
    epoch = store.acquire("p")
    if store.state("p").files:
        store.apply("p", epoch, contributions("p", files).values())
    else:
        load(store, "p", epoch, contributions("p", files).values())
    store.settle("p", epoch, "d", Origin(root, socket.gethostname(), "2026-01-01T00:00:00Z"))
    store.close()


def tables(shown: LivePicture) -> list[str]:
    found: list[str] = json.loads(gzip.decompress(shown.data()))["t"]["n"]
    return found


def test_it_follows_the_store(tmp_path: Path) -> None:
    path = tmp_path / "g.db"
    write(path, {"a.sql": FILES["a.sql"]})
    shown = LivePicture(settings(path))
    assert tables(shown) == ["b", "a"]
    before = shown.state()
    assert shown.state() == before
    assert shown.data() is shown.data()
    write(path, FILES)
    assert shown.state() != before
    assert tables(shown) == ["b", "a", "c"]
    assert json.loads(gzip.decompress(shown.data()))["state"] == shown.state()


def test_names_are_those_of_the_page(tmp_path: Path) -> None:
    path = tmp_path / "g.db"
    write(path, FILES)
    shown = LivePicture(settings(path))
    assert shown.named("C") == ("v.c", "")
    assert shown.named("v.a.X") == ("v.a", "x")
    with pytest.raises(UsageError):
        shown.named("nothing")


def test_excerpts_are_of_the_files_that_were_read(tmp_path: Path) -> None:
    path = tmp_path / "g.db"
    (tmp_path / "a.sql").write_text(FILES["a.sql"])
    write(path, FILES, str(tmp_path))
    shown = LivePicture(settings(path))
    assert shown.excerpt(0, 1).lines == [(1, FILES["a.sql"])]
    assert shown.excerpt(1, 1).note
    for file in (-1, 2):
        with pytest.raises(IndexError):
            shown.excerpt(file, 1)


def test_without_a_store_there_is_nothing_to_show(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable):
        LivePicture(settings(tmp_path / "none.db"))
