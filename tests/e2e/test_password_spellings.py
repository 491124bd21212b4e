"""A password in an address, however it is written and whoever wrote it, is shown by no command: not in what it prints, nor in
what it leaves, also where a driver repeats all that it was given."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from urllib.parse import quote

import pytest

from ray_lineage import logs
from ray_lineage.cli.main import main
from ray_lineage.graph import neo4j

SECRET = "c4n4ry-Zx9"
PASSWORDS = (
    SECRET, f"{SECRET}@x", f"a/{SECRET}", f"{SECRET}?b=1", f"#{SECRET}", f"%40{SECRET}", f"{SECRET}:1", f"'{SECRET}'", f"ü{SECRET}", f"//{SECRET}",
)  # fmt: skip
SPELLINGS = [
    *(f"{scheme}{password}@127.0.0.1:9" for password in PASSWORDS for scheme in ("bolt://u:", " Neo4j://u:", "neo4j+ssc://:")),
    f"neoj4://u:{SECRET}@h", f"neo4j:/u:{SECRET}@h", f"bolt:u:{SECRET}@h", f"u:{SECRET}@h:7687", f"//u:{SECRET}@h", f"http://u:{SECRET}@h",
    f"neo4j:://u:{SECRET}@h", f"bolt://u:{SECRET}@", f"data/bolt://u:{SECRET}@h", f"bolt://u:{SECRET}@h:port",
]  # fmt: skip
COMMANDS = (
    ["ingest", ".", "--workers", "0"], ["watch", ".", "--workers", "0"], ["verify", "."], ["upstream", "v"], ["downstream", "v"],
    ["stats"], ["failures"], ["diagnostics"], ["export"], ["projects", "list"], ["projects", "show", "p"], ["projects", "forget", "p", "-y"],
    ["projects", "rename", "p", "q"], ["config", "show"], ["doctor"], ["status"],
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, and all that is written elsewhere in it. No driver reaches anything; each says what it was told."""

    def tells(uri: str, auth: object, driver: object) -> None:
        raise OSError(f"cannot reach {uri} as {auth}")

    monkeypatch.setattr(neo4j, "_driver", tells)
    monkeypatch.setattr(logs, "_secrets", [])
    for name in ("NEO4J_URI", "NEO4J_PASSWORD", "RAY_LINEAGE_STORE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    work = tmp_path / "work"
    work.mkdir()
    (work / "v.sql").write_text("CREATE VIEW v AS SELECT a FROM t")
    monkeypatch.chdir(work)
    return work


def given(number: int, address: str, folder: Path, patch: pytest.MonkeyPatch) -> list[str]:
    """The address by each way in turn: the flags for it."""
    if number % 4 == 0:
        return ["--store", address]
    if number % 4 == 1:
        patch.setenv("NEO4J_URI", address)
        return []
    if number % 4 == 2:
        patch.setenv("RAY_LINEAGE_STORE", address)
        return []
    settings = folder.parent / "settings.toml"
    settings.write_text(f"store = '''{address}'''\n")
    settings.chmod(0o600)
    return ["--config", str(settings)]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_password_in_an_address_is_shown_by_no_command(
    folder: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, command: list[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    assert len(SPELLINGS) == 40
    for number, address in enumerate(SPELLINGS):
        with pytest.MonkeyPatch.context() as patch:
            flags = given(number + COMMANDS.index(command), address, folder, patch)
            with pytest.raises(SystemExit) as end:
                main(["-vv", *flags, *command])
        said = "".join(capfd.readouterr())
        assert SECRET not in said, (address, said)
        assert quote(SECRET) not in said
        if command[0] not in ("config", "doctor", "status"):
            assert end.value.code in (2, 3), (address, said)
        (folder.parent / "settings.toml").unlink(missing_ok=True)
    left = [
        p for p in folder.parent.rglob("*") if SECRET in str(p) or (p.is_file() and SECRET.encode() in p.read_bytes())
    ]
    assert left == []
