"""The embedded store on a disk that is full: a clear error, no aborted process, and what was committed is still there."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ray_lineage.errors import ExitCode
from ray_lineage.graph.ladybug import LadybugStore
from tests.environment import environ

_WRITER = """
import sys
from ray_lineage.errors import StoreUnavailable
from ray_lineage.graph import ladybug
from tests.factory import wide
path, how, guarded = sys.argv[1:]
if guarded == "no":  # as if another program took the space in the meantime
    ladybug.LadybugStore._require = lambda *_: None
store = ladybug.LadybugStore(path)
epoch = store.acquire("p")
try:
    if how == "load":
        store.apply("p", epoch, [wide("p", f"f{i}", 300) for i in range(500)], fresh=True)
    elif how == "one commit":
        store.apply("p", epoch, [wide("p", "f", 300)])
        store.apply("p", epoch, [wide("p", f"f{i}", 300) for i in range(150)])
    else:
        for i in range(500):
            store.apply("p", epoch, [wide("p", f"f{i}", 300)])
            store.settle("p", epoch, "")
except StoreUnavailable as error:
    print(error.code, error.message, error.help)
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


@pytest.mark.parametrize("guarded", ["yes", "no"])
@pytest.mark.parametrize("how", ["load", "one commit", "commits"])
def test_a_full_disk_is_an_error_after_which_the_graph_is_what_it_was(small: Path, how: str, guarded: str) -> None:
    path = small / "g.lbug"
    done = subprocess.run(
        [sys.executable, "-c", _WRITER, str(path), how, guarded],
        capture_output=True,
        text=True,
        check=False,
        timeout=250,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    code, _, text = done.stdout.partition(" ")
    assert code == "RL214"
    assert f"bytes are free in {small}" in text
    assert "free some space there" in text
    store = LadybugStore(str(path))
    assert not store.rebuilt
    files = len(store.state("p").files)
    assert files == {"load": 0, "one commit": 1}.get(how, files)
    assert files or how == "load"
    assert store.counts("p")["FLOWS_TO"] == 300 * files
    store.close()


def test_the_command_says_so_and_exits_as_for_every_fault_of_the_store(small: Path, tmp_path: Path) -> None:
    root = tmp_path / "sql"
    root.mkdir()
    for number in range(300):
        columns = ", ".join(f"a{number}_{i}" for i in range(120))
        (root / f"{number}.sql").write_text(f"CREATE TABLE t{number} AS SELECT {columns} FROM u{number}")
    done = subprocess.run(
        [sys.executable, "-m", "ray_lineage", "--store", str(small / "g.lbug"), "ingest", str(root), "--executor", "inline"],
        capture_output=True, text=True, check=False, timeout=250, cwd=tmp_path, env=environ(COLUMNS="500"),
    )  # fmt: skip
    assert done.returncode == ExitCode.UNAVAILABLE, done.stderr[-2000:]
    assert "RL214" in done.stderr
    assert str(small) in done.stderr
