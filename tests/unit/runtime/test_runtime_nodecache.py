"""Each node's parse cache lies on its own disk, in a folder that nobody else can reach."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

import pytest

from ray_lineage import cache
from ray_lineage.cache import ParseCache, node_local_path
from ray_lineage.runtime import nodecache
from ray_lineage.runtime.nodecache import cache_path_for
from ray_lineage.settings import Settings, load_settings

OWN = f"ray_lineage-cache-{os.getuid()}"


@pytest.fixture(autouse=True)
def temp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def on_network(monkeypatch: pytest.MonkeyPatch, *folders: Path) -> None:
    """Let everything below these folders be on NFS."""

    def kind(path: str) -> str:
        return "nfs4" if any(path.startswith(str(f)) for f in folders) else "ext4"

    monkeypatch.setattr(nodecache, "file_system", kind)
    monkeypatch.setattr(cache, "file_system", kind)


def settings(tmp_path: Path, **flags: str) -> Settings:
    return load_settings({"data_dir": str(tmp_path / "data"), **flags}, cwd=str(tmp_path), environ={}).settings


def test_where_it_lies(tmp_path: Path, temp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = settings(tmp_path)
    chosen = settings(tmp_path, parse_cache_path=str(tmp_path / "disk" / "cache"))
    local = str(temp / OWN)
    assert cache_path_for(plain, on_head=True) == plain.parse_cache_path
    assert cache_path_for(plain, on_head=False) == local
    assert cache_path_for(chosen, on_head=True) == cache_path_for(chosen, on_head=False) == chosen.parse_cache_path
    on_network(monkeypatch, tmp_path / "data", tmp_path / "disk")
    assert {cache_path_for(s, on_head=h) for s in (plain, chosen) for h in (True, False)} == {local}


def test_defaults_are_not_a_choice(temp: Path) -> None:
    assert cache_path_for(Settings(), on_head=False) == str(temp / OWN)


def test_the_folder_is_closed_to_others(temp: Path) -> None:
    assert node_local_path() == node_local_path() == str(temp / OWN)
    assert stat.S_IMODE((temp / OWN).stat().st_mode) == 0o700
    (temp / OWN).chmod(0o777)
    node_local_path()
    assert stat.S_IMODE((temp / OWN).stat().st_mode) == 0o700


def test_a_link_in_its_place_is_not_followed(tmp_path: Path, temp: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o755)
    (temp / OWN).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PermissionError):
        node_local_path()
    plain = settings(tmp_path)
    assert cache_path_for(plain, on_head=False) == plain.parse_cache_path
    assert stat.S_IMODE((tmp_path / "elsewhere").stat().st_mode) == 0o755


def test_a_folder_of_somebody_else_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    node_local_path()
    other = os.getuid() + 1
    monkeypatch.setattr(os, "getuid", lambda: other)
    Path(tempfile.gettempdir(), f"ray_lineage-cache-{other}").mkdir()
    with pytest.raises(PermissionError):
        node_local_path()


def test_a_cache_on_a_network_moves_to_the_node(tmp_path: Path, temp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_network(monkeypatch, tmp_path / "share")
    opened = ParseCache.open(str(tmp_path / "share" / "cache"))
    assert (opened.path, opened.state) == (str(temp / OWN), "ok")
    opened.close()


def test_without_a_local_disk_there_is_no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_network(monkeypatch, Path("/"))
    opened = ParseCache.open(cache_path_for(settings(tmp_path), on_head=False))
    assert opened.state == "off"
    opened.close()
