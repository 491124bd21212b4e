"""The secret of a user."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from ray_lineage import signing
from ray_lineage.signing import user_key


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temp"))
    (tmp_path / "temp").mkdir()
    return tmp_path / "home"


def test_the_key_is_made_once_and_closed_to_others(home: Path) -> None:
    key = user_key()
    signing._key_of.cache_clear()
    assert (len(key), user_key()) == (32, key)
    file = home / ".local" / "state" / "ray_lineage" / "cache.key"
    assert file.read_bytes() == key
    assert (stat.S_IMODE(file.stat().st_mode), stat.S_IMODE(file.parent.stat().st_mode)) == (0o600, 0o700)


def test_processes_that_begin_together_agree(home: Path) -> None:
    code = "from ray_lineage.signing import user_key; print(user_key().hex())"
    running = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for _ in range(4)]
    assert len({process.communicate(timeout=60)[0] for process in running}) == 1


@pytest.mark.parametrize("state", ["", "relative/state"])
def test_without_a_home_it_lies_in_the_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HOME", str(tmp_path / "file"))
    monkeypatch.setenv("XDG_STATE_HOME", state)
    monkeypatch.chdir(tmp_path)
    key = user_key()
    assert (tmp_path / "temp" / f"ray_lineage-state-{os.getuid()}" / "cache.key").read_bytes() == key
    assert not (tmp_path / "relative").exists()


def test_a_key_that_others_can_read_is_none(home: Path) -> None:
    first = user_key()
    (home / ".local" / "state" / "ray_lineage" / "cache.key").chmod(0o644)
    signing._key_of.cache_clear()
    assert user_key() != first


def test_nowhere_to_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HOME", str(tmp_path / "file"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "file"))
    with pytest.raises(OSError):
        user_key()
