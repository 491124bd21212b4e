"""The Python API on a stored graph, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import ray_lineage
from ray_lineage.errors import StoreUnavailable
from ray_lineage.model import split_text
from ray_lineage.query.walk import nearest
from ray_lineage.runtime.ingest import ingest
from ray_lineage.settings import load_settings


def test_open_graph(tmp_path: Path) -> None:
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql" / "a.sql").write_text("CREATE VIEW m.v AS SELECT SUM(a) AS s FROM r.t")
    settings = load_settings({"data_dir": str(tmp_path / "data")}, cwd=str(tmp_path), environ={}).settings
    ingest(settings, [str(tmp_path / "sql")])
    with ray_lineage.open_graph(str(tmp_path / "data" / "graph.db")) as graph:
        assert graph.upstream("m.v.s").nodes == {"r.t.a": 1}
        assert graph.downstream("t").nodes == {"m.v": 1}
        assert graph.stats().edges == 1


def test_a_graph_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable):
        ray_lineage.open_graph(str(tmp_path / "none.db"))


def test_import_brings_nothing_heavy() -> None:
    code = "import ray_lineage, sys; assert not {'ray', 'sqlglot', 'neo4j', 'pydantic', 'msgspec'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


def test_lineage_needs_no_ray_and_no_store() -> None:
    code = (
        "import ray_lineage, sys; ray_lineage.lineage('SELECT a FROM t', seconds=None)\n"
        "assert not {'ray', 'neo4j', 'sqlite3', 'lmdb', 'pydantic'} & set(sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("dbo.Usr", "dbo.user"), ("vEmployeeDepartmnt", "hr.vemployeedepartment"), ("Fact.Sael", "fact.sale"),
        ("fact.sael.total", "fact.sale"), ("salez", "fact.sale"),
    ],
)  # fmt: skip
def test_a_name_that_is_typed_wrong_is_answered_with_the_nearest(typed: str, first: str) -> None:
    names = ["dbo.user", "dbo.order", "fact.sale", "fact.aaa", "fact.stock", "hr.vemployeedepartment"]
    assert nearest(split_text(typed), names)[0] == first
    assert nearest(("qqqqqq",), names) == []
