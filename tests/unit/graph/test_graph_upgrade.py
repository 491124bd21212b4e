"""A graph of an older version is built anew, because all of it can be: nobody has to know, and nothing is lost."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ray_lineage.graph.sqlite import VERSION, SqliteStore
from ray_lineage.ownfolder import own_folder
from ray_lineage.runtime.ingest import ingest
from ray_lineage.settings import load_settings


def test_an_older_graph_is_moved_aside_and_built_anew(tmp_path: Path) -> None:
    root = tmp_path / "sql"
    root.mkdir()
    (root / "a.sql").write_text("CREATE VIEW v AS SELECT a FROM t")
    settings = load_settings({"data_dir": str(tmp_path / "data"), "project": "p"}, environ={}).settings
    with own_folder(str(tmp_path / "data")) as folder:
        folder.replace("graph.lbug", b"of the engine before")
    summary = ingest(settings, [str(root)])
    assert [note for note in summary.notes if "graph.lbug" in note]
    path = tmp_path / "data" / "graph.db"
    store = SqliteStore(str(path), read_only=True)
    before = store.dump("p")
    store.close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {VERSION - 1}")
    connection.execute("DROP TABLE calls")
    connection.close()
    summary = ingest(settings, [str(root)])
    assert (summary.files_written, summary.settled) == (1, True)
    assert any("older version" in note for note in summary.notes)
    assert not any("graph.lbug" in note for note in summary.notes)
    assert list((tmp_path / "data").glob("graph.db.old-*"))
    store = SqliteStore(str(path), read_only=True)
    assert store.dump("p") == before
    store.close()
