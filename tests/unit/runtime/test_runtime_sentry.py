"""What a run in one process does with files that ended it before, and what who watches over it makes of an end."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from ray_lineage.runtime import sentry
from ray_lineage.runtime.crew import Death
from ray_lineage.runtime.ingest import ingest
from ray_lineage.runtime.sentry import Place, _End, _Lives
from ray_lineage.runtime.summary import IngestSummary
from ray_lineage.settings import load_settings

HUNG = Place(7, 0.0, b"a.sql\x0012:34")


def run(folder: Path) -> IngestSummary:
    flags = {"data_dir": str(folder / "data"), "executor": "local", "ingest_workers": 0, "dialect": "postgres"}
    return ingest(load_settings(flags, environ={}).settings, [str(folder / "sql")])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Ten files, of which ``v3.sql``, as it is, ended a process before."""
    monkeypatch.setattr(sentry, "_fatal", {})
    (tmp_path / "sql").mkdir()
    for number in range(10):
        (tmp_path / "sql" / f"v{number}.sql").write_text(f"CREATE VIEW v{number} AS SELECT a FROM t;\n")
    return tmp_path


def ended_it(folder: Path, death: Death) -> None:
    found = (folder / "sql" / death.path).stat()
    sentry._fatal[sentry._name(death.path, f"{found.st_size}:{found.st_mtime_ns}")] = death


@pytest.mark.parametrize(("overtime", "status", "code"), [(True, "unreadable", "RL190"), (False, "failed", "RL193")])
def test_a_file_that_ended_the_process_is_not_tried_again_and_the_others_are(
    folder: Path, overtime: bool, status: str, code: str
) -> None:
    ended_it(folder, Death("v3.sql", overtime))
    summary = run(folder)
    assert summary.by_status == {"ok": 9, status: 1}
    assert [(f.path, f.code) for f in summary.findings if f.severity == "error"] == [("v3.sql", code)]


def test_it_is_tried_again_when_it_changed(folder: Path) -> None:
    ended_it(folder, Death("v3.sql", True))
    (folder / "sql" / "v3.sql").write_text("CREATE VIEW v3 AS SELECT a, b FROM t;\n")
    assert run(folder).by_status == {"ok": 10}


class Ended(Exception):
    """In place of the end of the process."""


@pytest.fixture
def lives(monkeypatch: pytest.MonkeyPatch) -> _Lives:
    def end(code: int) -> None:
        raise Ended(code)

    monkeypatch.setattr(sentry, "_fatal", {})
    monkeypatch.setattr(os, "_exit", end)
    monkeypatch.setattr(sentry, "_die_of", lambda signum: end(128 + signum))
    return _Lives()


def test_one_that_hung_is_followed_by_another_that_knows_of_the_file(lives: _Lives) -> None:
    lives.ended(_End(signal.SIGKILL, HUNG, True, 0))
    assert sentry.fatal("a.sql", "12:34") == Death("a.sql", True)
    assert sentry.fatal("a.sql", "12:35") is None
    with pytest.raises(Ended):  # it cannot have been that file again
        lives.ended(_End(signal.SIGKILL, HUNG, True, 0))


def test_a_file_that_crashes_is_tried_three_times(lives: _Lives) -> None:
    for _ in range(2):
        lives.ended(_End(signal.SIGSEGV, HUNG, False, 0))
        assert sentry.fatal("a.sql", "12:34") is None
    lives.ended(_End(signal.SIGSEGV, HUNG, False, 0))
    assert sentry.fatal("a.sql", "12:34") == Death("a.sql", False)


def test_a_run_that_crashes_wherever_it_is_ends(lives: _Lives) -> None:
    with pytest.raises(Ended, match="139"):
        for number in range(100):
            lives.ended(_End(signal.SIGSEGV, Place(number, 0.0, b"%d.sql\x00" % number), False, 0))
    assert lives._crashes.total() < 20


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (_End(3 << 8, Place(0, 0.0, b""), False, 0), 3),
        (_End(0, HUNG, False, signal.SIGTERM), 0),
        (_End(signal.SIGKILL, HUNG, True, signal.SIGTERM), 143),
        (_End(signal.SIGKILL, Place(9, 0.0, b""), False, 0), 137),
        (_End(signal.SIGTERM, HUNG, False, signal.SIGTERM), 143),
    ],
    ids=["by itself", "by itself after a signal", "it heard of no signal", "killed at no file", "by the signal"],
)
def test_otherwise_the_command_ends_as_who_worked_did(lives: _Lives, end: _End, code: int) -> None:
    with pytest.raises(Ended, match=str(code)):
        lives.ended(end)
