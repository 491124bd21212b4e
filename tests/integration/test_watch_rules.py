"""What a watch promises beside single edits: what is not believed, what it waits for, and who else may use the graph."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.test_watch_edits import INLINE, fill
from tests.integration.watching import DEADLINE_SECONDS, Watching, command, table, view, watching

pytestmark = pytest.mark.timeout(280)


def plain(root: Path, files: int) -> None:
    root.mkdir(parents=True)
    (root / "t.sql").write_text(table())
    for number in range(files - 1):
        (root / f"v{number}.sql").write_text(view(f"v{number}"))


@contextmanager
def nobody_reads(path: Path) -> Iterator[None]:
    """Opening the file fails for everybody, root too: a lease, which readers who do not wait are refused for."""
    before = signal.signal(signal.SIGIO, signal.SIG_IGN)  # how the holder is told
    handle = os.open(path, os.O_RDWR)
    try:
        _lease(handle)
        yield
    finally:
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        os.close(handle)
        signal.signal(signal.SIGIO, before)


def _lease(handle: int) -> None:
    """There is none while somebody is just reading the file."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        try:
            fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_WRLCK)
            return
        except BlockingIOError:
            assert time.monotonic() < deadline


def test_a_file_that_cannot_be_read_keeps_what_it_had(tmp_path: Path) -> None:
    plain(tmp_path / "sql", 4)
    with watching(tmp_path, *INLINE, "--rescan", "1") as watch:
        path = watch.root / "t.sql"

        def columns() -> set[str]:
            return {row[2] for row in watch.dump()["Column"] if row[1] == "p:m.v0"}

        assert columns() == {"a", "b"}
        with nobody_reads(path):
            os.utime(path)
            watch.until_status(lambda s: any(e.code == "RL004" for e in s.errors))
            (watch.root / "v0.sql").write_text("CREATE VIEW m.v0 AS SELECT * FROM m.t")
            watch.until(lambda: columns() != {"a", "b"})
            assert "t.sql" in watch.paths()
            assert columns() == {"a", "b", "c"}  # the linker still knows the table
        readable = time.time()
        watch.until_status(lambda s: s.settled_at > readable)
        watch.assert_exact()


def test_a_root_that_vanishes_takes_nothing_along(tmp_path: Path) -> None:
    plain(tmp_path / "sql", 8)
    with watching(tmp_path, *INLINE) as watch:
        watch.root.rename(tmp_path / "away")
        watch.until_status(lambda s: any("cannot be reached any more" in n for n in s.watcher_notes))
        (tmp_path / "away/v1.sql").unlink()
        (tmp_path / "away/v2.sql").write_text(view("v2", "v3"))
        assert len(watch.rest().watcher_notes) == 1
        assert len(watch.paths()) == 8
        (tmp_path / "away").rename(watch.root)
        watch.until_status(lambda s: any("is there" in n for n in s.watcher_notes))
        assert len(watch.rest().watcher_notes) == 1  # what is over is not told any more
        watch.assert_exact()
        shutil.rmtree(watch.root)
        watch.until_status(
            lambda s: not watch.root.exists() and s.metrics['ray_lineage_watch_degraded{reason="missing_root"}'] == 1
        )
        watch.until_status(lambda s: any("cannot be reached any more" in n for n in s.watcher_notes))
        waited = command(tmp_path, "status", "--wait", "1")
        assert (waited.returncode, f"{watch.root} cannot be reached" in waited.stderr) == (1, True), waited.stderr
        plain(watch.root, 5)
        watch.until(lambda: len(watch.paths()) == 5)
        watch.rest()
        watch.assert_exact()


def test_too_much_gone_is_held_back_until_it_is_back_or_meant(tmp_path: Path) -> None:
    plain(tmp_path / "sql", 60)
    (tmp_path / "sql/most").mkdir()
    for number in range(45):
        (tmp_path / f"sql/v{number}.sql").rename(tmp_path / f"sql/most/v{number}.sql")
    with watching(tmp_path, *INLINE) as watch:
        (watch.root / "most").rename(tmp_path / "away")
        watch.until_status(lambda s: any(n.startswith("RL223: 45 of 60") for n in s.watcher_notes))
        assert len(watch.rest().watcher_notes) == 1
        waited = command(tmp_path, "status", "--wait", "1")
        assert (waited.returncode, "45 that are gone are held back" in waited.stderr) == (1, True), waited.stderr
        assert len(watch.paths()) == 60
        (watch.root / "t.sql").write_text(table() + table("more"))  # life goes on
        watch.rest()
        assert len(watch.paths()) == 60
        (tmp_path / "away").rename(watch.root / "most")
        assert not watch.rest().watcher_notes
        watch.assert_exact()
        (watch.root / "most").rename(
            tmp_path / "away"
        )  # at once: file by file, a few could be believed before it is too much
        watch.rest()
        assert len(watch.paths()) == 60
        assert watch.end() == 143
    with Watching(tmp_path, *INLINE) as again:
        assert again.process.wait(60) == 4
        assert "RL223" in again.said()
    assert command(tmp_path, "ingest", "sql", "--max-delete-percent", "100", "--executor", "local").returncode == 0
    with watching(tmp_path, *INLINE) as watch:
        watch.assert_exact()


def test_without_a_first_pass_files_stay_until_they_change(tmp_path: Path) -> None:
    fill(tmp_path / "sql")
    assert command(tmp_path, "ingest", "sql", "--executor", "local").returncode == 0
    (tmp_path / "sql/core/v0.sql").write_text("CREATE VIEW m.v0 AS SELECT * FROM m.t")
    (tmp_path / "sql/unknown.sql").write_text(view("unknown"))
    with watching(tmp_path, *INLINE, "--no-initial") as watch:
        before = watch.dump()
        assert "unknown.sql" not in watch.paths()
        (watch.root / "star.sql").write_text("CREATE VIEW m.star AS SELECT * FROM m.t")
        watch.until(watch.has("star.sql"))
        found = watch.dump()
        assert {row[2] for row in found["Column"] if row[1] == "p:m.star"} == {"a", "b", "c"}
        mine = [row for row in found["File"] if row[2] == "core/v0.sql"]
        assert mine == [row for row in before["File"] if row[2] == "core/v0.sql"]
        for path in watch.root.rglob("*.sql"):
            path.touch()
        watch.rest()
        watch.assert_exact()


def test_changes_are_gathered(tmp_path: Path) -> None:
    plain(tmp_path / "sql", 3)
    with watching(tmp_path, "--executor", "local", "--debounce", "3600", "--batch-size-threshold", "5") as watch:
        for number in range(4):
            (watch.root / f"n{number}.sql").write_text(view(f"n{number}"))
        events = "ray_lineage_watch_events_total"
        watch.until_status(lambda s: s.metrics.get(events, 0) >= 4)
        assert len(watch.paths()) == 3
        (watch.root / "n4.sql").write_text(view("n4"))
        watch.until(lambda: len(watch.paths()) == 8)
        (watch.root / "n5.sql").write_text(view("n5"))
        watch.until_status(lambda s: s.metrics.get(events, 0) >= 6)
        assert len(watch.paths()) == 8
        done = command(tmp_path, "flush")
        assert done.returncode == 0, done.stderr
        watch.until(lambda: len(watch.paths()) == 9)
        (watch.root / "n5.sql").unlink()
        assert command(tmp_path, "status", "--wait", "30").returncode == 0
        watch.assert_exact()


def test_a_window_of_seconds_ends(tmp_path: Path) -> None:
    plain(tmp_path / "sql", 3)
    with watching(tmp_path, "--executor", "local", "--debounce", "1") as watch:
        (watch.root / "n.sql").write_text(view("n"))
        watch.until(watch.has("n.sql"))  # or sooner, where everything is compared just then
        assert watch.end() == 143
    with watching(tmp_path, "--executor", "local", "--debounce", "3600", "--disable-batching") as watch:
        (watch.root / "o.sql").write_text(view("o"))
        watch.until(watch.has("o.sql"))  # within no window


def test_one_watch_a_project_and_nobody_else_writes(tmp_path: Path) -> None:
    plain(tmp_path / "sql", 3)
    with watching(tmp_path, *INLINE) as watch:
        second = command(tmp_path, "watch", "sql", *INLINE)
        assert (second.returncode, f"process {watch.process.pid}" in second.stderr) == (3, True), second.stderr
        ingest = command(tmp_path, "ingest", "sql", "--executor", "local")
        assert (ingest.returncode, f"process {watch.process.pid}" in ingest.stderr) == (3, True), ingest.stderr
        assert "Traceback" not in second.stderr + ingest.stderr
        dry = command(tmp_path, "ingest", "sql", "--executor", "local", "--dry-run", "--full", "--json")
        assert (dry.returncode, json.loads(dry.stdout)["files_written"]) == (0, 3), dry.stderr  # it only reads
        (watch.root / "n.sql").write_text(view("n"))
        watch.rest()
        watch.assert_exact()


def test_a_reader_sees_all_of_a_file_or_nothing(tmp_path: Path) -> None:
    fill(tmp_path / "sql")
    with watching(tmp_path, *INLINE) as watch:
        path, columns = watch.root / "wide.sql", 40

        def save(number: int) -> None:
            names = ", ".join(f"c{n}_{number}" for n in range(columns))
            # whole at once, as editors save: a file that is emptied before it is written is an empty one for a moment
            (tmp_path / "new").write_text(
                f"CREATE TABLE m.src (x int); CREATE VIEW m.wide AS SELECT {names} FROM m.src"
            )
            os.replace(tmp_path / "new", path)

        save(0)
        watch.rest()
        for number in range(1, 25):
            save(number)
            found = {str(r[2]).rpartition("_")[2] for r in watch.dump()["Column"] if r[1] == "p:m.wide"}
            assert len(found) == 1, found
            if number == 20:
                asked = command(tmp_path, "upstream", "m.w3", "--json")
                assert asked.returncode == 0, asked.stderr
        watch.rest()
        watch.assert_exact()


def test_the_organizer_follows(tmp_path: Path) -> None:
    plain(tmp_path / "sql", 4)
    parts = tmp_path / "parts"

    def texts() -> str:
        with contextlib.suppress(FileNotFoundError):  # a file or folder that was taken away since it was listed
            return "".join(p.read_text() for p in sorted(parts.rglob("*.sql")))
        return texts()

    with watching(tmp_path, *INLINE, "--organize-to", str(parts)) as watch:
        watch.until(lambda: "m.v0" in texts())
        (watch.root / "n.sql").write_text(view("n"))
        (watch.root / "v0.sql").unlink()
        watch.until(lambda: "m.n" in texts() and "m.v0" not in texts())
        watch.rest()
        watch.assert_exact()
