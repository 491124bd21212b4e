"""What the system refuses is no fault of ours: the message says what, and what mends it."""

from __future__ import annotations

import errno
import io
import os
import sys
from pathlib import Path

import pytest

from ray_lineage.cli.main import _leave, main, refusal
from ray_lineage.errors import ExitCode, UsageError
from ray_lineage.runtime.datadir import prepare_data_dir


def test_a_folder_in_place_of_a_file_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.sql").write_text("CREATE TABLE t (a int)")
    with pytest.raises(SystemExit) as end:
        main(["ingest", "--workers", "0"])
    assert end.value.code == 0
    (tmp_path / "data" / "unread_files.jsonl").mkdir()
    with pytest.raises(SystemExit) as end:
        main(["failures"])
    assert end.value.code == ExitCode.UNAVAILABLE
    said = capsys.readouterr().err
    assert "error[RL298]: data/unread_files.jsonl: Is a directory" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("number", [errno.EACCES, errno.ENOSPC, errno.EROFS, errno.EMFILE])
def test_refusals_name_the_file(number: int) -> None:
    found = refusal(OSError(number, os.strerror(number), b"a/b"))
    assert found is not None
    assert (found.message, bool(found.help)) == (f"a/b: {os.strerror(number)}", True)


def test_what_only_a_fault_of_ours_brings_about_is_none() -> None:
    assert refusal(OSError(errno.EBADF, os.strerror(errno.EBADF))) is None
    assert refusal(OSError("a fault")) is None


def test_a_folder_of_ours_that_may_not_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare_data_dir(str(tmp_path / "data"))
    opened = os.open

    def refused(path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if path == ".cache":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return opened(path, flags, mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", refused)
    with pytest.raises(UsageError, match=r"data/\.cache: Permission denied"):
        prepare_data_dir(str(tmp_path / "data"))


def test_what_cannot_be_written_out_at_the_end_is_left_for_python_to_tell_of(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.StringIO):
        def flush(self) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    left: list[int] = []
    monkeypatch.setattr(os, "_exit", left.append)
    monkeypatch.setattr(sys, "stdout", Full())
    _leave([3])
    assert left == []
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    _leave([])  # what ended it was no code of ours
    assert left == []
    _leave([3])
    assert left == [3]
