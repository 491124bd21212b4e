"""Which store do the settings mean, and is it there?"""

from __future__ import annotations

from pathlib import Path

import pytest

from ray_lineage.graph.open import embedded_path, is_new
from ray_lineage.settings import Settings, load_settings


def settings(tmp_path: Path, **given: str) -> Settings:
    return load_settings({"data_dir": str(tmp_path), **given}, cwd=str(tmp_path), environ={}).settings


def test_a_store_is_new_until_its_file_is_there(tmp_path: Path) -> None:
    found = settings(tmp_path)
    assert is_new(found)
    Path(embedded_path(found)).touch()
    assert not is_new(found)


@pytest.mark.parametrize("given", [{"store": "neo4j://localhost:7687"}, {"neo4j_uri": "bolt://localhost:7687"}])
def test_of_a_server_nobody_knows(tmp_path: Path, given: dict[str, str]) -> None:
    assert not is_new(settings(tmp_path, **given))


def test_a_file_that_is_named_goes_before_a_server(tmp_path: Path) -> None:
    assert is_new(settings(tmp_path, store=str(tmp_path / "g.db"), neo4j_uri="bolt://localhost:7687"))
