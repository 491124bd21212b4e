"""Which files are looked at, what follows from what the nodes see, and what is sent."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import msgspec
import pytest

from ray_lineage.compile import CompileOptions
from ray_lineage.model import SourceFile, decode_facts
from ray_lineage.runtime.parse import Meta, Task, parse_batch
from ray_lineage.runtime.shipping import Identity, choose_samples, decide, elsewhere, fill, identities, refuted
from ray_lineage.sources.scan import Scan, ScanOptions


def source(path: str, size: int = 100, root: str = "/r") -> SourceFile:
    return SourceFile(path, root, path, size, 1, 1, 1, 2)


def scanned(root: Path) -> list[SourceFile]:
    return sorted(Scan([str(root)], ScanOptions()), key=lambda f: f.path)


SAMPLES = [source("a/x.sql"), source("b/y.sql"), source("c/z.sql")]
HERE: list[Identity | None] = [(100, n, n, f"{n:064x}") for n in (1, 2, 3)]


@pytest.mark.parametrize(
    ("files", "paths"),
    [
        ([], []),
        ([source("a.sql")], ["a.sql"]),
        ([source("a.sql", 9), source("b.sql", 5), source("c.sql", 7)], ["b.sql"]),
        ([source("a.sql", 0), source("b.sql", 5)], ["b.sql"]),
        ([source(f"d{n}/{m}.sql", 10 + m) for n in range(9) for m in range(3)], ["d0/0.sql", "d4/0.sql", "d8/0.sql"]),
        ([source("a/x.sql", 5_000_000), source("b/y.sql", 10)], ["b/y.sql"]),
        ([source("a/x.sql", 5_000_000)], ["a/x.sql"]),
        ([source(f"s{n}/a.sql", root=f"/r{n}") for n in range(5)], [f"s{n}/a.sql" for n in range(5)]),
        ([source(f"s{n}/a.sql", root=f"/r{n}") for n in range(99)], [f"s{n}/a.sql" for n in range(16)]),
    ],
)
def test_samples(files: list[SourceFile], paths: list[str]) -> None:
    assert [f.path for f in choose_samples(files)] == paths


def changed(place: int, identity: Identity | None) -> list[Identity | None]:
    return [identity if n == place else one for n, one in enumerate(HERE)]


@pytest.mark.parametrize(
    ("here", "answers", "ship", "words"),
    [
        (HERE, {}, False, ""),
        (HERE, {"n1": HERE, "n2": HERE}, False, ""),
        (HERE, {"n1": HERE, "n2": changed(1, None)}, True, "n2 does not see b/y.sql"),
        (HERE, {"n1": changed(2, (100, 3, 3, "f" * 64))}, True, "n1 has another c/z.sql"),
        (HERE, {"n1": changed(0, (100, 999, 1, f"{1:064x}"))}, True, "n1 has another a/x.sql"),
        (HERE, {"n1": changed(0, (100, 1, 999, f"{1:064x}"))}, True, "n1 has another a/x.sql"),
        (HERE, {"n1": None}, True, "n1 did not answer in time"),
        (changed(1, None), {"n1": changed(1, None)}, False, ""),
        ([None, None, None], {"n1": [None, None, None]}, True, "none of the samples"),
        (HERE, {f"n{n}": None for n in range(9)}, True, "and 6 nodes more"),
    ],
)
def test_decisions(
    here: list[Identity | None], answers: dict[str, list[Identity | None] | None], ship: bool, words: str
) -> None:
    found = decide(SAMPLES, here, answers)
    assert found.ship is ship
    assert words in found.reason
    assert bool(found.reason) is ship


def test_what_a_node_sees(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("SELECT 1")
    (tmp_path / "b.sql").write_text("SELECT 2")
    files = scanned(tmp_path)
    (tmp_path / "b.sql").unlink()
    first, second = identities(files)
    assert second is None
    assert first is not None
    assert (first[0], first[3]) == (8, hashlib.sha256(b"SELECT 1").hexdigest())


def task(file: SourceFile) -> Task:
    return Task(file, CompileOptions("postgres"))


@pytest.fixture
def file(tmp_path: Path) -> SourceFile:
    (tmp_path / "a.sql").write_text("CREATE VIEW v AS SELECT a FROM t")
    return scanned(tmp_path)[0]


def test_a_sent_file_gives_what_a_read_one_gives(file: SourceFile) -> None:
    full = fill(task(file))
    assert isinstance(full, Task)
    assert full.content == b"CREATE VIEW v AS SELECT a FROM t"
    elsewhere = msgspec.structs.replace(full, file=msgspec.structs.replace(full.file, root="/not/there"))
    (sent,), facts = parse_batch([elsewhere], None)
    (read,), expected = parse_batch([task(file)], None)
    assert facts == expected
    assert (sent.sha256, sent.outcome) == (read.sha256, "facts")
    assert sent.read_at_ns == full.read_at_ns > 0


def test_a_file_over_the_limit_is_skipped_as_a_worker_would_skip_it(file: SourceFile) -> None:
    limited = msgspec.structs.replace(task(file), limit=10)
    found = fill(limited)
    assert not isinstance(found, Task)
    meta, facts = found
    (read,), (expected,) = parse_batch([limited], None)
    assert (meta.sha256, meta.outcome, facts) == (read.sha256, "facts", expected)
    assert decode_facts(facts).diagnostics[0].code == "RL005"


def test_a_file_that_is_gone_has_nothing_to_send(file: SourceFile) -> None:
    Path(file.root, file.name).unlink()
    meta, facts = fill(task(file))  # type: ignore[misc]
    assert (meta.outcome, facts) == ("gone", b"")


@pytest.mark.skipif(os.getuid() == 0, reason="nothing is unreadable for root")
def test_a_file_that_cannot_be_read(file: SourceFile) -> None:
    Path(file.root, file.name).chmod(0)
    meta, _ = fill(task(file))  # type: ignore[misc]
    assert meta.outcome == "unreadable"


def test_a_worker_with_a_clone_of_its_own_is_found_out(file: SourceFile, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    clone.mkdir()
    (clone / file.name).parent.mkdir(exist_ok=True)
    (clone / file.name).write_text("SELECT 'of another day'")
    there = task(msgspec.structs.replace(file, root=str(clone)))
    (meta,), _ = parse_batch([there], None)
    assert meta.other and elsewhere(task(file), meta)
    (meta,), _ = parse_batch([task(file)], None)
    assert not meta.other
    path = os.path.join(file.root, file.name)
    with open(path, "a") as out:
        out.write("-- edited after it was found")
    (meta,), _ = parse_batch([task(file)], None)
    assert meta.other and not elsewhere(task(file), meta)


def test_a_worker_that_does_not_see_the_files_is_refuted(file: SourceFile) -> None:
    gone = Meta(file.path, "gone")
    assert refuted(task(file), gone)
    assert not refuted(task(file), Meta(file.path, "facts"))
    assert not refuted(msgspec.structs.replace(task(file), content=b""), gone)
    Path(file.root, file.name).unlink()
    assert not refuted(task(file), gone)
