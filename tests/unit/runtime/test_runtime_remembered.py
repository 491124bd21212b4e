"""What a run leaves for the next one is believed only if it is whole, and of this project and state."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from ray_lineage.model import FileState
from ray_lineage.ownfolder import own_folder
from ray_lineage.runtime import remembered
from ray_lineage.runtime.ingest import ingest
from ray_lineage.runtime.load import Loader, Prepare, with_cache
from ray_lineage.runtime.remembered import Known, forget, leave, recall
from ray_lineage.settings import Settings, load_settings
from tests.factory import facts, sha

KNOWN = {"a.sql": Known(b"own", b"read", "tsql", 0.5, "", "postgres", "")}


@pytest.fixture
def data(tmp_path: Path) -> str:
    own_folder(str(tmp_path / "data")).close()
    return str(tmp_path / "data")


def test_what_was_left_is_recalled_for_that_project_and_state_alone(data: str) -> None:
    assert recall(data, "p", "digest") is None
    leave(data, "p", "digest", KNOWN, b"linker")
    found = recall(data, "p", "digest")
    assert found is not None and (found.known, found.linker) == (KNOWN, b"linker")
    assert recall(data, "p", "another") is None
    assert recall(data, "q", "digest") is None
    forget(data, "p")
    assert recall(data, "p", "digest") is None


def test_whatever_byte_is_damaged_nothing_is_recalled(data: str) -> None:
    leave(data, "p", "digest", KNOWN, b"linker" * 20)
    (path,) = (Path(data) / ".cache").glob("linker.*")
    whole, chance = path.read_bytes(), random.Random(3)
    for _ in range(200):
        at = chance.randrange(len(whole))
        path.write_bytes(whole[:at] + bytes([whole[at] ^ (1 << chance.randrange(8))]) + whole[at + 1 :])
        assert recall(data, "p", "digest") is None
        path.write_bytes(whole[:at])
        assert recall(data, "p", "digest") is None


def _settings(data: str, **more: object) -> Settings:
    flags = {"data_dir": data, "project": "p", "dialect": "postgres", "ingest_workers": 0}
    return load_settings({**flags, **more}, environ={}).settings


def test_a_settled_linker_goes_on_where_it_was(data: str) -> None:
    settings = _settings(data)
    first = Loader(settings, "p")
    first.begin()
    for name, sql in (("t.sql", "CREATE TABLE t (a int)"), ("v.sql", "CREATE VIEW v AS SELECT * FROM t")):
        first.put(name, sha(sql), facts(sql))
    first.prepare(Prepare([]))
    first.commit()
    first.settle("digest")
    first.remember({})
    first.close()
    second = Loader(settings, "p")
    assert second.begin().states == {
        p: FileState(p, s.sha256, s.fingerprint, "ok") for p, s in second.store.state("p").files.items()
    }
    sql = "CREATE TABLE t (a int, b int)"
    second.put("t.sql", sha(sql), facts(sql))
    assert [t.path for t in second.prepare(Prepare([])).tasks] == ["t.sql", "v.sql"]
    second.close()


def test_facts_that_the_cache_lost_are_made_again(tmp_path: Path, data: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cache says that it has them, and then has not: the run begins anew, from nothing."""
    root = tmp_path / "sql"
    root.mkdir()
    (root / "t.sql").write_text("CREATE TABLE t (a int)")
    (root / "v.sql").write_text("CREATE VIEW v AS SELECT * FROM t")
    settings = _settings(data)
    ingest(settings, [str(root)])
    monkeypatch.setattr(
        "ray_lineage.sources.statindex.StatIndex.lookup", lambda index, file: sha(_text(root, file.path))
    )
    (root / "t.sql").write_text("CREATE TABLE t (a int, b int)")
    lost: list[str] = []
    real = Loader._fetch

    def fetch(loader: Loader, path: str) -> bytes:
        if not lost:
            lost.append(path)
            assert loader._cache is not None
            monkeypatch.setattr(loader._cache, "get_many", lambda keys: [None] * len(keys))
        return real(loader, path)

    monkeypatch.setattr(Loader, "_fetch", fetch)
    summary = ingest(settings, [str(root)])
    assert lost == ["v.sql"]
    assert summary.by_status == {"ok": 2}
    monkeypatch.undo()
    store = Loader(settings, "p").store
    assert {c["name"] for c in store.columns_of("p:v")} == {"a", "b"}
    store.close()


def _text(root: Path, path: str) -> str:
    return (root / path).read_text()


def test_a_disk_without_room_keeps_what_was_there(data: str, monkeypatch: pytest.MonkeyPatch) -> None:
    leave(data, "p", "digest", KNOWN, b"linker")

    def full(folder: object, name: str, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(remembered.own_folder(data).__class__, "replace", full)
    leave(data, "p", "later", KNOWN, b"linker")
    assert recall(data, "p", "digest") is not None


def test_a_cache_in_a_data_folder_that_is_not_there_is_done_without(tmp_path: Path) -> None:
    """One that lies elsewhere, as in CI, is used."""
    data = str(tmp_path / "data")
    inside = Settings(data_dir=data, parse_cache_path=str(tmp_path / "data" / ".cache" / "parse_cache.lmdb"))
    outside = replace(inside, parse_cache_path=str(tmp_path / "cache"))
    assert with_cache(inside) == (replace(inside, enable_parse_cache=False), False)
    assert with_cache(outside) == (outside, False)
    own_folder(data).close()
    assert with_cache(inside) == (inside, True)
