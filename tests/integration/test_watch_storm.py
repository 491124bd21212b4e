"""More changes at once than the kernel tells of: files made behind a frozen watcher, and a change of branch."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.test_watch_edits import INLINE, fill
from tests.integration.watching import Watching, table, view, watching

pytestmark = [pytest.mark.timeout(280)]

FILES = 500


@pytest.fixture(scope="module")
def watch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watching]:
    folder = tmp_path_factory.mktemp("storm")
    fill(folder / "sql")
    git(folder / "sql", "init", "-q", "-b", "one")
    with watching(folder, *INLINE, "--max-delete-percent", "100") as watch:
        yield watch


def git(root: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    subprocess.run(["git", "-C", str(root), *identity, *arguments], check=True, timeout=60)


def branch(root: Path, name: str, first: int) -> None:
    """Half of the files are there in both branches, with other contents."""
    for number in range(first, first + FILES):
        (root / f"branch/{number % 10}").mkdir(parents=True, exist_ok=True)
        path = root / f"branch/{number % 10}/b{number}.sql"
        path.write_text(view(f"b{number}", f"{name}{number}") if number % 7 else table(f"b{number}"))


def test_files_made_and_deleted_behind_a_frozen_watcher(watch: Watching) -> None:
    watch.process.send_signal(signal.SIGSTOP)
    try:
        branch(watch.root, "one", 0)
        for path in sorted((watch.root / "mart").rglob("*.sql"))[:20]:
            path.unlink()
        (watch.root / "t.sql").write_text(table() + "-- changed\n")
    finally:
        watch.process.send_signal(signal.SIGCONT)
    watch.rest()
    watch.assert_exact()


def test_a_change_of_branch_replaces_everything(watch: Watching) -> None:
    root = watch.root
    branch(root, "one", 0)
    watch.rest()
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "one")
    git(root, "checkout", "-q", "-b", "two")
    git(root, "rm", "-q", "-r", "branch")
    branch(root, "two", FILES // 2)
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "two")
    for name in ("one", "two", "one"):  # the first ones are overtaken
        git(root, "checkout", "-q", name)
    watch.rest()
    assert len(watch.paths()) == len(list(root.rglob("*.sql")))
    watch.assert_exact()
