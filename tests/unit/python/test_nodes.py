"""The functions that run SQL are in the graph, with what they read and write and who calls them."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from ray_lineage.compile import CompileOptions, compile_source
from ray_lineage.compile.python.nodes import module_name
from ray_lineage.graph.sqlite import SqliteStore
from ray_lineage.model import FileFacts
from ray_lineage.query.lineage import walk
from ray_lineage.runtime.ingest import ingest
from ray_lineage.settings import load_settings

ETL = """
import sqlite3
con = sqlite3.connect("x")

class Loader:
    def __init__(self):
        self.prepare()

    def prepare(self):
        con.execute("DELETE FROM stage")

    def run(self):
        con.execute("INSERT INTO core SELECT a FROM stage")

    def idle(self):
        return 1

def load(day):
    def inner():
        con.execute("INSERT INTO stage SELECT a FROM raw")
    inner()

def main():
    load("2026-01-01")
    Loader()
    unknown(load)

con.execute("CREATE TABLE raw (a int)")
main()
PythonOperator(task_id="t", python_callable=load)
"""


def compiled(text: str, folder: str = "etl", model: str = "job") -> FileFacts:
    options = CompileOptions("postgres", model=model, folder=folder, formats=("python",))
    return compile_source(text.encode(), options)


def test_functions_that_run_something_and_their_callers_are_declared() -> None:
    facts = compiled(ETL)
    found = {d.name[0]: (d.kind, d.line) for d in facts.declarations if d.kind in ("Function", "Module")}
    assert found == {
        "etl.job": ("Module", 1),
        "etl.job.Loader.__init__": ("Function", 6),
        "etl.job.Loader.prepare": ("Function", 9),
        "etl.job.Loader.run": ("Function", 12),
        "etl.job.load": ("Function", 18),
        "etl.job.load.inner": ("Function", 19),
        "etl.job.main": ("Function", 23),
    }


def test_calls_within_the_module_are_followed() -> None:
    calls = {(c.caller[0][8:] or "-", c.callee[0][8:], c.line) for c in compiled(ETL).calls}
    assert calls == {
        ("Loader.__init__", "Loader.prepare", 7),
        ("load", "load.inner", 21),
        ("main", "load", 24),
        ("main", "Loader.__init__", 25),
        ("-", "main", 29),
        ("-", "load", 30),
    }


def test_statements_stand_in_their_functions() -> None:
    facts = compiled(ETL)
    assert {(s.procedure, s.target) for s in facts.statements if s.target} == {
        ('"etl.job.Loader.prepare"', ("stage",)),
        ('"etl.job.Loader.run"', ("core",)),
        ('"etl.job.load.inner"', ("stage",)),
    }


@pytest.mark.parametrize(
    ("folder", "model", "expected"),
    [
        ("a/b", "c", "a.b.c"),
        ("a/b", "__init__", "a.b"),
        ("", "orders", "orders.py"),  # a table may be called so
        ("orders", "__init__", "orders.py"),
        ("", "", ""),
    ],
)
def test_a_module_is_called_by_its_path_and_as_no_table_is(folder: str, model: str, expected: str) -> None:
    assert module_name(CompileOptions(model=model, folder=folder)) == expected


def test_a_module_that_runs_nothing_has_no_nodes() -> None:
    models = (
        "from sqlalchemy import Column, Integer\nclass T(Base):\n    __tablename__ = 't'\n    a = Column(Integer)\n"
    )
    assert {d.kind for d in compiled(models).declarations} == {"Table"}


def test_temporary_tables_are_shared_between_functions_all_the_same() -> None:
    text = """
import sqlite3
con = sqlite3.connect("x")
def one():
    con.execute("CREATE TEMP TABLE t AS SELECT a FROM raw")
def two():
    con.execute("INSERT INTO core SELECT a FROM t")
one()
two()
"""
    facts = compiled(text)
    assert set(facts.session) >= {'"etl.job.one"', '"etl.job.two"'}


def test_a_function_is_asked_for_like_a_procedure(tmp_path: Path) -> None:
    (tmp_path / "sql" / "etl").mkdir(parents=True)
    (tmp_path / "sql" / "etl" / "job.py").write_text(ETL)
    # a table that is called as a function of the module is another thing
    (tmp_path / "sql" / "v.sql").write_text("CREATE VIEW v AS SELECT * FROM load")
    chosen = {
        "data_dir": str(tmp_path / "data"),
        "executor": "local",
        "ingest_workers": 0,
        "project": "p",
        "dialect": "sqlite",
    }
    settings = load_settings(chosen, environ={}).settings
    ingest(settings, [str(tmp_path / "sql")])
    with contextlib.closing(SqliteStore(str(tmp_path / "data" / "graph.db"), read_only=True)) as store:
        down = walk(store, "etl.job.load.inner", "downstream")
        up = walk(store, "etl.job.Loader.run", "upstream")
        table = walk(store, "load", "downstream")
        calls = store.rows("p", "CALLS")
    assert down.kind == "Function"
    assert set(down.nodes) == {"stage", "core"}
    assert set(up.nodes) == {"stage", "raw"}
    assert set(table.nodes) == {"v"}
    assert ('p:"etl.job.main"', 'p:"etl.job.load"') in {row[:2] for row in calls}
