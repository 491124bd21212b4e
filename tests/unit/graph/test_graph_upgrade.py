"""A graph of an older version is built anew, because all of it can be: nobody has to know, and nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from ray_lineage.errors import StoreUnavailable
from ray_lineage.graph.ladybug import LadybugStore
from ray_lineage.runtime.ingest import ingest
from ray_lineage.settings import load_settings


def test_an_older_graph_is_moved_aside_and_built_anew(tmp_path: Path) -> None:
    root = tmp_path / "sql"
    root.mkdir()
    (root / "a.sql").write_text("CREATE VIEW v AS SELECT a FROM t")
    settings = load_settings({"data_dir": str(tmp_path / "data"), "project": "p"}, environ={}).settings
    ingest(settings, [str(root)])
    path = str(tmp_path / "data" / "graph.lbug")
    store = LadybugStore(path)
    before = store.dump("p")
    store._run("MATCH (m) WHERE m.schema_version IS NOT NULL SET m.schema_version = 1")
    store._run("DROP TABLE CALLS")
    store.close()
    with pytest.raises(StoreUnavailable, match="older version"):
        LadybugStore(path, read_only=True)
    summary = ingest(settings, [str(root)])
    assert (summary.files_written, summary.settled) == (1, True)
    assert any("older version" in note for note in summary.notes)
    assert list((tmp_path / "data").glob("graph.lbug.old-*"))
    store = LadybugStore(path, read_only=True)
    assert store.dump("p") == before
    store.close()


def test_a_file_in_which_the_engine_lost_its_way_is_built_anew(tmp_path: Path) -> None:
    path = tmp_path / "graph.lbug"
    store = LadybugStore(str(path))
    found = store._failure(
        "Runtime exception: idx: 4 of the DiskArray to be accessed is >= numElements in DiskArray 4."
    )
    assert isinstance(found, StoreUnavailable)
    store.close()
    store = LadybugStore(str(path))
    assert "moved aside" in store.rebuilt
    assert list(tmp_path.glob("graph.lbug.broken-*"))
    store.close()
    store = LadybugStore(str(path))
    assert store.rebuilt == ""  # once
    store.close()
