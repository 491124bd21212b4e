"""The embedded store on a disk that is full: a clear error, and what was committed is still there, and can be gone on with."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ray_lineage.errors import ExitCode
from ray_lineage.graph.sqlite import SqliteStore
from tests.environment import environ
from tests.factory import wide

_WRITER = """
import sys
from ray_lineage.errors import StoreUnavailable
from ray_lineage.graph.sqlite import SqliteStore
from tests.factory import load, wide
path, how = sys.argv[1:]
SqliteStore.transaction_rows = 10**6 if how == "one commit" else SqliteStore.transaction_rows
store = SqliteStore(path)
epoch = store.acquire("p")
done = 0
def stored(n):
    global done
    done += n
files = [wide("p", f"f{i}", 300) for i in range(500)]
try:
    if how == "load":
        load(store, "p", epoch, files, stored)
    elif how == "one commit":
        store.apply("p", epoch, files[:1], on_stored=stored)
        store.apply("p", epoch, files[1:], on_stored=stored)
    else:
        for file in files:
            store.apply("p", epoch, [file], on_stored=stored)
            store.settle("p", epoch, "")
except StoreUnavailable as error:
    print(done, error.code, error.message, error.help)
store.close()
"""


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of 12 MB."""
    place = tmp_path / "small"
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip(f"a tmpfs cannot be mounted here: {done.stderr.decode().strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.parametrize("how", ["load", "one commit", "commits"])
def test_a_full_disk_is_an_error_after_which_the_graph_is_what_it_was(small: Path, how: str) -> None:
    path = small / "g.db"
    done = subprocess.run(
        [sys.executable, "-c", _WRITER, str(path), how], capture_output=True, text=True, check=False, timeout=250
    )
    assert done.returncode == 0, done.stderr[-2000:]
    stored, code, text = done.stdout.split(" ", 2)
    assert code == "RL214"
    assert f"bytes are free in {small}" in text
    assert "free some space there" in text
    store = SqliteStore(str(path), read_only=True)
    files = len(store.state("p").files)
    assert files == (1 if how == "one commit" else int(stored)) > 0
    assert store.counts("p")["FLOWS_TO"] == len(store.rows("p", "FLOWS_TO")) == 300 * files
    store.close()
    subprocess.run(["mount", "-o", "remount,size=200m", str(small)], check=True)
    store = SqliteStore(str(path))  # there is space again
    assert not store.rebuilt
    epoch = store.acquire("p")
    store.apply("p", epoch, [wide("p", f"f{i}", 300) for i in range(200)])
    assert store.counts("p")["FLOWS_TO"] == 300 * max(files, 200)
    assert store.check()
    store.close()


def test_the_command_says_so_and_exits_as_for_every_fault_of_the_store(small: Path, tmp_path: Path) -> None:
    root = tmp_path / "sql"
    root.mkdir()
    for number in range(900):
        columns = ", ".join(f"a{number}_{i}" for i in range(120))
        (root / f"{number}.sql").write_text(f"CREATE TABLE t{number} AS SELECT {columns} FROM u{number}")
    done = subprocess.run(
        [sys.executable, "-m", "ray_lineage", "--store", str(small / "g.db"), "ingest", str(root), "--executor", "local"],
        capture_output=True, text=True, check=False, timeout=250, cwd=tmp_path, env=environ(COLUMNS="500"),
    )  # fmt: skip
    assert done.returncode == ExitCode.UNAVAILABLE, done.stderr[-2000:]
    assert "RL214" in done.stderr
    assert str(small) in done.stderr
