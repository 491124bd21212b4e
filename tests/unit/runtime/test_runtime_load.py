"""What the loader believes of its store after files were refused."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from ray_lineage.errors import StoreUnavailable
from ray_lineage.graph.pack import Pack, unpack
from ray_lineage.graph.sqlite import SqliteStore
from ray_lineage.graph.store import ApplyResult, Rejected
from ray_lineage.link.spool import Spool
from ray_lineage.model import Contribution
from ray_lineage.runtime.load import Loader, Prepare
from ray_lineage.runtime.summary import IngestSummary
from ray_lineage.settings import Settings
from tests.factory import facts, sha


class _Picky(SqliteStore):
    """Takes nothing of some files."""

    refused: frozenset[str] = frozenset()

    def load(
        self, project: str, epoch: int, packs: Iterable[Pack], on_stored: Callable[[int], None] | None = None
    ) -> ApplyResult:
        contributions = (c for p in packs for c in unpack(project, p))
        return self.apply(project, epoch, contributions, on_stored=on_stored)

    def apply(
        self,
        project: str,
        epoch: int,
        contributions: Iterable[Contribution],
        removed: Sequence[str] = (),
        *,
        on_stored: Callable[[int], None] | None = None,
    ) -> ApplyResult:
        rejected: list[Rejected] = []

        def taken() -> Iterator[Contribution]:
            for contribution in contributions:
                if contribution.path in self.refused:
                    rejected.append(Rejected(contribution.path, "RL501", "refused"))
                    if on_stored is not None:
                        on_stored(1)
                else:
                    yield contribution

        result = super().apply(project, epoch, taken(), removed, on_stored=on_stored)
        result.rejected.extend(rejected)
        return result


@pytest.fixture
def loader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loader]:
    store = _Picky(str(tmp_path / "graph.db"))
    monkeypatch.setattr("ray_lineage.runtime.load.open_store", lambda settings, read_only: store)
    found = Loader(Settings(data_dir=str(tmp_path)), "p")
    found.begin()
    yield found
    found.close()


def _edit(loader: Loader, sql: str, refused: bool) -> None:
    loader.store.refused = frozenset({"a.sql"} if refused else ())  # type: ignore[attr-defined]
    loader.put("a.sql", sha(sql), facts(sql))
    loader.prepare(Prepare([]))
    loader.commit()


def test_a_full_temporary_disk_is_said_in_words(loader: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Spool, data: bytes) -> tuple[int, int]:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Spool, "add", full)
    with pytest.raises(StoreUnavailable) as caught:
        loader.put("a.sql", sha("SELECT 1"), facts("SELECT 1"))
    assert (caught.value.code, "No space left on device" in caught.value.message) == ("RL238", True)


def test_a_state_with_a_refused_file_is_not_settled(loader: Loader) -> None:
    _edit(loader, "CREATE TABLE a (x int)", refused=True)
    assert not loader.settle("d").digest
    loader.put("b.sql", sha("b"), facts("CREATE TABLE b (x int)"))
    loader.prepare(Prepare([]))
    loader.commit()
    assert not loader.settle("d").digest
    _edit(loader, "CREATE TABLE a (y int)", refused=False)
    assert loader.settle("d").digest == "d"


def test_a_refused_file_that_goes_takes_its_older_rows_along(loader: Loader) -> None:
    _edit(loader, "CREATE TABLE a (x int)", refused=False)
    _edit(loader, "CREATE TABLE a (y int)", refused=True)
    loader.prepare(Prepare(["a.sql"]))
    loader.commit()
    assert loader.store.counts("p")["File"] == 0
    assert loader.settle("d").digest == "d"


def test_a_store_that_loses_a_file_is_found_out(loader: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    def lose(store: object, project: str, epoch: int, packs: Iterable[Pack], on_stored: object) -> ApplyResult:
        return ApplyResult(rows_written=sum(p.rows for p in packs), rejected=[])

    monkeypatch.setattr(_Picky, "load", lose)
    loader.put("a.sql", sha("SELECT 1"), facts("SELECT 1"))
    loader.prepare(Prepare([]))
    with pytest.raises(AssertionError, match="1 files differed from the store, but 0 were stored"):
        loader.commit()


def test_what_a_commit_took_is_told_apart(loader: Loader) -> None:
    loader.put("a.sql", sha("x"), facts("CREATE VIEW v AS SELECT a FROM t"))
    loader.prepare(Prepare([]))
    done = loader.commit()
    assert done.link_seconds > 0
    assert done.write_seconds > 0


def test_dead_letters_that_could_not_be_written_are_told(loader: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(letters: object, *_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("ray_lineage.runtime.load.DeadLetters.replace", full)
    loader.put("a.sql", sha("SELECT 1"), facts("SELECT 1"))
    loader.prepare(Prepare([]))
    summary = IngestSummary()
    loader.finish("digest", settle=True, summary=summary)
    assert any("dead letters could not be written (No space left on device)" in note for note in summary.notes)


def _example(loader: Loader, files: dict[str, str], gone: tuple[str, ...] = ()) -> str:
    """What the run over these proposes to look at."""
    for path, sql in files.items():
        loader.put(path, sha(sql), facts(sql))
    loader.prepare(Prepare(list(gone)))
    summary = IngestSummary()
    loader.finish("digest", settle=True, summary=summary)
    return summary.example


def test_the_example_is_a_dataset_that_is_there(loader: Loader) -> None:
    files = {
        "v.sql": "CREATE VIEW mart.total AS SELECT a + b AS x FROM t",
        "w.sql": "CREATE VIEW mart.one AS SELECT a FROM t",
    }
    assert _example(loader, files) == "mart.total"
    assert _example(loader, {"v.sql": "CREATE VIEW mart.grand AS SELECT a + b AS x FROM t"}) == "mart.grand"
    assert _example(loader, {"v.sql": "CREATE VIEW mart.least AS SELECT a AS x FROM t"}) == "mart.least"
    assert _example(loader, {"w.sql": "CREATE VIEW mart.two AS SELECT a FROM u"}) == "mart.least"
    assert _example(loader, {}, gone=("v.sql",)) == ""
    assert _example(loader, {"w.sql": "CREATE VIEW mart.three AS SELECT a FROM u"}) == "mart.three"


def test_a_later_run_knows_which_file_writes_the_example(loader: Loader) -> None:
    assert _example(loader, {"v.sql": "CREATE VIEW mart.total AS SELECT a + b AS x FROM t"}) == "mart.total"
    later = Loader(loader.settings, "p")
    later.begin()
    assert _example(later, {"v.sql": "CREATE VIEW mart.grand AS SELECT a AS x FROM t"}) == "mart.grand"
    later.linker.close()
