"""Organizing: every byte in one place, names that are safe, and nothing done twice."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ray_lineage.errors import StoreRefused, UsageError
from ray_lineage.organize.plan import plan, safe_name
from ray_lineage.organize.run import organize, reassemble
from ray_lineage.settings import load_settings

TSQL = """-- the customers
CREATE SCHEMA sales
GO
/* table */ CREATE TABLE sales.customer (id int, name nvarchar(10))
GO
CREATE UNIQUE INDEX ix_name ON sales.customer (name)
GO
ALTER TABLE sales.customer ADD CONSTRAINT fk_x FOREIGN KEY (id) REFERENCES sales.other (id)
ALTER TABLE sales.customer ADD CONSTRAINT ck_x CHECK (id > 0)
GO
CREATE PROCEDURE sales.load @x int AS
BEGIN
  INSERT INTO sales.customer SELECT 1, 'a'
  UPDATE sales.customer SET name = 'b'
END
GO
CREATE VIEW sales.v AS SELECT id FROM sales.customer
GO
INSERT INTO sales.customer VALUES (1, 'x')
INSERT INTO sales.customer VALUES (2, 'y')
GO
PRINT 'done'
"""


def settings_of(folder: Path, dialect: str | None = "tsql"):  # type: ignore[no-untyped-def]
    return load_settings({"data_dir": str(folder / "data"), "dialect": dialect}, environ={}).settings


def run(folder: Path, files: dict[str, bytes], dialect: str | None = "tsql") -> set[str]:
    for name, data in files.items():
        path = folder / "src" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    organize([str(folder / "src")], str(folder / "dest"), settings_of(folder, dialect))
    return {str(p.relative_to(folder / "dest")) for p in (folder / "dest").rglob("*") if p.is_file()}


def test_each_object_has_its_file(tmp_path: Path) -> None:
    found = run(tmp_path, {"all.sql": TSQL.encode()})
    assert found == {
        "manifest.json", "schemas/sales.sql", "tables/sales.customer.sql", "tables/sales.customer/indexes/sales.ix_name.sql",
        "tables/sales.customer/foreign_keys/sales.fk_x.sql", "tables/sales.customer/check_constraints/sales.ck_x.sql",
        "stored_procedures/sales.load.sql", "views/sales.v.sql", "data/sales.customer.sql", "other/all.sql",
    }  # fmt: skip
    procedure = (tmp_path / "dest/stored_procedures/sales.load.sql").read_text()
    assert procedure.startswith(
        "-- object: load\n-- schema: sales\n-- type: procedure\n-- source: all.sql\n-- lines: 11-16\n"
    )
    assert "UPDATE sales.customer" in procedure
    assert (tmp_path / "dest/data/sales.customer.sql").read_text().count("INSERT") == 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_sources_can_be_put_together_again(tmp_path: Path, encoding: str, newline: str) -> None:
    data = TSQL.replace("customers", "K\u00e4ufer").replace("\n", newline).encode(encoding)
    run(tmp_path, {"a.sql": data, "sub/b.sql": b"SELECT 1", "empty.sql": b"", "bin.sql": b"\0\1\2"})
    found = reassemble(str(tmp_path / "dest"))
    assert found["a.sql"] == data
    assert found["bin.sql"] == b"\0\1\2"


def test_again_changes_nothing(tmp_path: Path) -> None:
    files = {"a.sql": TSQL.encode()}
    run(tmp_path, files)
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "dest").rglob("*")}
    run(tmp_path, files)
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "dest").rglob("*")} == before


def test_what_is_gone_is_removed_unless_somebody_changed_it(tmp_path: Path) -> None:
    run(
        tmp_path,
        {"a.sql": b"CREATE VIEW a AS SELECT 1 AS x\nGO\nCREATE VIEW b AS SELECT 1 AS x\nGO\nCREATE TABLE c (x int)"},
    )
    (tmp_path / "dest/views/b.sql").write_text("mine")
    assert run(tmp_path, {"a.sql": b"CREATE TABLE c (x int)"}) == {"manifest.json", "tables/c.sql", "views/b.sql"}


def test_two_sources_of_one_object_do_not_overwrite_each_other(tmp_path: Path) -> None:
    found = run(tmp_path, {"a.sql": b"CREATE TABLE T (x int)", "b.sql": b"CREATE TABLE t (y int)"})
    assert len([f for f in found if f.startswith("tables/")]) == 2
    assert set(reassemble(str(tmp_path / "dest"))) == {"a.sql", "b.sql"}


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "con", "a/b", "..", "", "x" * 300, "\u00e4", "lpt1.x", "a:b", "."]
)
def test_names_stay_below_and_are_allowed_everywhere(name: str) -> None:
    safe = safe_name(name)
    assert safe
    assert "/" not in safe
    assert safe not in (".", "..")
    assert len(safe) <= 120
    assert safe.lower().split(".")[0] not in ("con", "lpt1")
    assert safe_name(name) == safe


def test_hostile_names_do_not_leave(tmp_path: Path) -> None:
    run(tmp_path, {"a.sql": b"CREATE TABLE [../../../../evil] (x int)\nGO\nCREATE VIEW [con] AS SELECT 1 AS x"})
    assert sorted(p.name for p in tmp_path.iterdir()) == ["dest", "src"]


def test_foreign_folders_and_links_are_refused(tmp_path: Path) -> None:
    (tmp_path / "dest").mkdir()
    (tmp_path / "dest/mine.txt").write_text("x")
    with pytest.raises(StoreRefused):
        run(tmp_path, {"a.sql": b"CREATE TABLE t (x int)"})
    (tmp_path / "dest/mine.txt").unlink()
    os.rmdir(tmp_path / "dest")
    run(tmp_path, {"a.sql": b"CREATE TABLE t (x int)"})
    (tmp_path / "out").mkdir()
    (tmp_path / "dest/views").symlink_to(tmp_path / "out")
    with pytest.raises(StoreRefused):
        run(tmp_path, {"b.sql": b"CREATE VIEW v AS SELECT 1 AS x"})
    assert list((tmp_path / "out").iterdir()) == []
    with pytest.raises(UsageError):
        organize([str(tmp_path / "src")], str(tmp_path / "src/inside"), settings_of(tmp_path))


_lines = st.sampled_from(
    [*TSQL.splitlines(), "", "GO", "/*", "*/", "'", "END", "BEGIN", "\u00e4\U0001f600", "IF 1 = 1", ";", "$$"]
)


@settings(max_examples=80)
@given(st.lists(_lines, max_size=25), st.sampled_from(["\n", "\r\n"]), st.sampled_from(["utf-8", "utf-16", "latin-1"]),
       st.sampled_from(["tsql", "postgres", "oracle", None]))  # fmt: skip
def test_whatever_the_text_every_byte_is_in_one_part(
    lines: list[str], newline: str, encoding: str, dialect: str | None
) -> None:
    data = newline.join(lines).encode(encoding, "replace")
    script = plan(data, dialect or "")
    assert script.mark + b"".join(data[p.start : p.end] for p in script.parts) == data
    starts = [p.start for p in script.parts]
    assert starts == sorted(starts)
    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder), {"a.sql": data}, dialect)
        assert reassemble(str(Path(folder) / "dest"))["a.sql"] == data
