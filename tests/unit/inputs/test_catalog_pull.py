"""What ``catalog pull`` writes of real databases is what they have, in the format that its schema says."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import duckdb
import pytest
from jsonschema import Draft202012Validator

from ray_lineage.cli.main import main
from ray_lineage.databases import pull
from ray_lineage.errors import UsageError
from tests.unit.inputs.linked import Graph
from tests.unit.inputs.test_own_format import SCHEMA


@pytest.fixture
def lite(tmp_path: Path) -> str:
    path = tmp_path / "a.db"
    with sqlite3.connect(path) as connection:
        connection.executescript('CREATE TABLE t (id INTEGER, "Full Name" TEXT); CREATE VIEW v AS SELECT id FROM t')
    connection.close()
    return f"sqlite:///{path}"


@pytest.fixture
def duck(tmp_path: Path) -> str:
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE SCHEMA s; CREATE TABLE s.t (id INT, v STRUCT(a INT)); CREATE VIEW s.w AS SELECT id FROM s.t"
        )
        connection.execute("COMMENT ON TABLE s.t IS 'all t'; COMMENT ON COLUMN s.t.id IS 'key'; CREATE TABLE u (x INT)")
    return f"duckdb:///{path}"


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["catalog", "pull", *arguments])
    return int(ended.value.code or 0)


def by_name(found: dict[str, Any]) -> dict[str, Any]:
    Draft202012Validator(SCHEMA).validate(found)
    return {".".join(d["name"]): d for d in found["datasets"]}


def test_sqlite(lite: str) -> None:
    found = pull(lite)
    assert found["dialect"] == "sqlite"
    assert by_name(found) == {
        "main.t": {
            "name": ["main", "t"], "kind": "Table",
            "columns": [{"name": "id", "type": "INTEGER"}, {"name": "Full Name", "type": "TEXT"}],
        },
        "main.v": {"name": ["main", "v"], "kind": "View", "columns": [{"name": "id", "type": "INTEGER"}]},
    }  # fmt: skip


def test_duckdb(duck: str) -> None:
    found = by_name(pull(duck))
    assert found.keys() == {"shop.s.t", "shop.s.w", "shop.main.u"}
    assert found["shop.s.t"] == {
        "name": ["shop", "s", "t"], "kind": "Table", "description": "all t",
        "columns": [{"name": "id", "type": "INTEGER", "description": "key"}, {"name": "v", "type": "STRUCT(a INTEGER)"}],
    }  # fmt: skip
    assert found["shop.s.w"]["kind"] == "View"


def test_some_schemas(duck: str) -> None:
    assert by_name(pull(duck, ["S"])).keys() == {"shop.s.t", "shop.s.w"}


def test_what_was_pulled_expands_stars(duck: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "catalog.json"
    assert run(duck, "-o", str(path)) == 0
    assert "3 datasets with 4 columns written to" in capsys.readouterr().err
    found = Graph({"catalog.json": path.read_bytes(), "v.sql": "CREATE VIEW v AS SELECT * FROM s.t"})
    assert found.flows == {"shop.s.t.id -> v.id", "shop.s.t.v -> v.v"}
    assert found.codes == []


def test_to_standard_output(lite: str, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(lite) == 0
    assert by_name(json.loads(capsysbinary.readouterr().out)).keys() == {"main.t", "main.v"}


@pytest.mark.parametrize(
    "url",
    [
        "nothing",
        "foo://x",
        "postgresql+nobody://x/y",
        "postgresql+psycopg://u:hunter2@h:port/x",
        "sqlite:///x?timeout=hunter2",
    ],
)
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        pull(url)
    assert caught.value.code == "RL260"
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("driver", ["sqlite", "duckdb"])
def test_a_file_that_there_is_not_is_not_made(driver: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no database"):
        pull(f"{driver}:///{tmp_path}/new.db")
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_does_not_answer_keeps_its_password(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_LINEAGE_CATALOG_URL", "postgresql+psycopg://u:hunter2@127.0.0.1:1/x")
    assert run("-o", str(tmp_path / "x.json")) == 3
    said = capsys.readouterr().err
    assert "RL261" in said
    assert "hunter2" not in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url", ["postgresql+psycopg://u:hunter2@127.0.0.1:1/x", "mssql+pyodbc://h/x?UID=u&PWD=hunter2", ""]
)
def test_no_password_stands_on_the_command_line(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RAY_LINEAGE_CATALOG_URL", raising=False)
    assert run(*filter(None, [url]), "-o", str(tmp_path / "x.json")) == 2
    said = capsys.readouterr().err
    assert ("RL251" if url else "RL203") in said
    assert "RAY_LINEAGE_CATALOG_URL" in said
    assert "hunter2" not in said
