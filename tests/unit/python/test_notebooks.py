"""Notebooks: cells of Python and SQL, of Jupyter and of Databricks."""

from __future__ import annotations

import ast
import json

import pytest

from ray_lineage.compile.python.cells import _move_down
from tests.unit.python.cases import Found, facts_of


def notebook(*cells: str, language: str = "python", name: str = "python3") -> bytes:
    """A notebook of these cells of code, as nbformat 4 has it."""
    return json.dumps(
        {
            "cells": [
                {"cell_type": "markdown", "source": ["SELECT a FROM text"]},
                *(
                    {
                        "cell_type": "code",
                        "source": c.splitlines(keepends=True),
                        "outputs": [{"text": "SELECT a FROM outputs"}],
                    }
                    for c in cells
                ),
            ],
            "metadata": {"kernelspec": {"language": language, "name": name}},
            "nbformat": 4,
        }
    ).encode()


CELLS: dict[str, tuple[list[str], list[str]]] = {
    "%%sql": (["%%sql\nINSERT INTO o (a)\nSELECT a FROM i"], ["i.a > o.a i"]),
    "%%sql with a connection": (["%%sql postgresql://u@h/d\nINSERT INTO o (a) SELECT a FROM i"], ["i.a > o.a i"]),
    "%%sql with options": (["%%sql --with x\nINSERT INTO o (a) SELECT a FROM i"], ["i.a > o.a i"]),
    "%%sql with comments of Python": (["%%sql\nINSERT INTO o (a)\nSELECT a -- it's\nFROM i WHERE b <> '# x' -- 1\n# c'est l'avis FROM j"], ["i.a > o.a i"]),
    "%%sql in one line": (["%%sql INSERT INTO o (a)\nSELECT a FROM i"], ["i.a > o.a i"]),
    "%sql": (["%sql INSERT INTO o (a) SELECT a FROM i"], ["i.a > o.a i"]),
    "%sql of Databricks": (["%sql\nINSERT INTO o (a)\nSELECT a FROM i"], ["i.a > o.a i"]),
    "%md of Databricks": (["%md\nSELECT a FROM text", "cur.execute('INSERT INTO o (a) SELECT a FROM i')"], ["i.a > o.a i"]),
    "%sql among Python": (["x = 1\n%sql INSERT INTO o (a) SELECT a FROM i\ny = x"], ["i.a > o.a i"]),
    "assigned": (["r = %sql SELECT a FROM i\nr.DataFrame().to_sql('o', con)"], ["i.a > o.a i"]),
    "a variable in it": (["T = 'o'", "%%sql\nINSERT INTO {{T}} (a) SELECT a FROM i"], ["i.a > o.a i"]),
    "a variable in braces": (["T = 'o'", "%%sql\nINSERT INTO {T} (a) SELECT a FROM i"], ["i.a > o.a i"]),
    "a variable with a dollar": (["T = 'o'", "%%sql\nINSERT INTO $T (a) SELECT a FROM i"], ["i.a > o.a i"]),
    "a bound value": (["%%sql\nINSERT INTO o (a) SELECT a FROM i WHERE b = :b"], ["i.a > o.a i"]),
    "%%bigquery": (["%%bigquery\nSELECT a FROM d.i"], ["d.i ->"]),
    "%%bigquery with a variable": (["%%bigquery df --project p\nSELECT a FROM d.i", "df.to_gbq('d.o')"], ["d.i.a > d.o.a i"]),
    "%%sparksql": (["%%sparksql\nINSERT INTO o SELECT a FROM i"], ["i.a > o.a i"]),
    "%%time": (["%%time\nspark.sql('INSERT INTO o (a) SELECT a FROM i')"], ["i.a > o.a i"]),
    "a magic without its sign": (["pip install x\ncur.execute('INSERT INTO o (a) SELECT a FROM i')"], ["i.a > o.a i"]),
    "other magics": (["%matplotlib inline\n!pip install x\n?print\nx = !ls\nlen?\ncur.execute('INSERT INTO o (a) SELECT a FROM i')"], ["i.a > o.a i"]),
    "other languages": (["%%bash\nselect a from b", "%%html\n<b>", "cur.execute('INSERT INTO o (a) SELECT a FROM i')"], ["i.a > o.a i"]),
    "one broken cell": (["def f(:\n", "cur.execute('INSERT INTO o (a) SELECT a FROM i')"], ["i.a > o.a i"]),
    "names of other cells": (["T = 'o'", "cur.execute(f'INSERT INTO {T} (a) SELECT a FROM i')"], ["i.a > o.a i"]),
    "a view of another cell": (["spark.table('i').select('a').createOrReplaceTempView('v')", "%%sql\nINSERT INTO o (x) SELECT a FROM v"], ["i.a > o.x i"]),
    "await in a cell": (["await conn.execute('INSERT INTO o (a) SELECT a FROM i')"], ["i.a > o.a i"]),
    "a temporary table": (["%%sql\nCREATE TEMPORARY TABLE w AS SELECT a FROM i", "%%sql\nINSERT INTO o (a) SELECT a FROM w"], ["i.a > o.a i"]),
}  # fmt: skip


@pytest.mark.parametrize(("cells", "expected"), CELLS.values(), ids=CELLS.keys())
def test_cells(cells: list[str], expected: list[str]) -> None:
    found = Found(facts_of(notebook(*cells), "notebook"))
    tables = {e for e in expected if "->" in e or ">>" in e}
    assert found.pairs == set(expected) - tables
    assert tables <= found.tables
    assert not {t for t in found.tables if "text" in t or "outputs" in t}


def test_a_kernel_of_sql() -> None:
    facts = facts_of(notebook("INSERT INTO dbo.o (a) SELECT a FROM dbo.i", language="sql", name="SQL"), "notebook")
    assert facts.dialect == "tsql"
    assert Found(facts).pairs == {"dbo.i.a > dbo.o.a i"}


def test_evidence_is_a_cell_and_its_line() -> None:
    data = notebook(
        "x = 1\n\ncur.execute('''\nINSERT INTO o (a)\nSELECT a FROM i''')",
        "%%sql\n\nINSERT INTO p (b)\nSELECT b FROM j",
        "def f(:",
    )
    facts = facts_of(data, "notebook")
    assert [(s.procedure, s.first_line, s.last_line) for s in facts.statements] == [("cell 2", 4, 5), ("cell 3", 3, 4)]
    assert Found(facts).lines == {"i.a > o.a i": 5, "j.b > p.b i": 4}
    (fault,) = facts.diagnostics
    assert (fault.code, fault.line, fault.message[:7]) == ("RL133", 1, "cell 4:")


def test_old_notebooks_have_worksheets() -> None:
    old = {
        "worksheets": [{"cells": [{"cell_type": "code", "input": "cur.execute('INSERT INTO o (a) SELECT a FROM i')"}]}],
        "nbformat": 3,
    }
    assert Found(facts_of(json.dumps(old).encode(), "notebook")).pairs == {"i.a > o.a i"}


@pytest.mark.parametrize(
    "data",
    [
        b'{"cells": [',
        b'{"cells": 3, "x": "%sql"}',
        b'{"cells": [{"source": 1, "cell_type": "code"}], "x": "%sql"}',
        b'\xff\xfe%sql"cells"',
    ],
)
def test_broken_notebooks_say_so(data: bytes) -> None:
    facts = facts_of(data + b"    %%sql", "notebook")
    assert [d.code for d in facts.diagnostics] == ["RL133"]
    assert facts.status == "failed"


DATABRICKS = """# Databricks notebook source
# MAGIC %run ./setup

# COMMAND ----------

spark.table(BRONZE + ".i").select("a").createOrReplaceTempView("v")

# COMMAND ----------

# DBTITLE 1,Silver
# MAGIC %sql
# MAGIC CREATE OR REPLACE TABLE silver.o AS
# MAGIC SELECT
# MAGIC   a
# MAGIC FROM v

# COMMAND ----------

# MAGIC %md SELECT a FROM text

# COMMAND ----------

def f(:

# COMMAND ----------

# MAGIC %sql INSERT INTO gold.p SELECT a FROM silver.o WHERE b = '${x}'
"""


def test_databricks() -> None:
    facts = facts_of(DATABRICKS, given={"setup.py": "# Databricks notebook source\nBRONZE = 'bronze'\n"})
    found = Found(facts)
    assert found.pairs == {"bronze.i.a > silver.o.a i", "silver.o.a > gold.p.a i"}
    assert found.lines["bronze.i.a > silver.o.a i"] == 14
    assert facts.needs == ("setup.py",)
    assert facts.dialect == "databricks"
    assert [(d.code, d.line) for d in facts.diagnostics] == [("RL133", 23)]
    assert not {t for t in found.tables if "text" in t}


def test_a_cell_is_moved_down_as_pythons_own_function_does_it() -> None:
    code = "@d\ndef f(a: int = 1, *, b=2) -> str:\n    match a:\n        case {'x': [1, *_]}:\n            return f'{a!r:>{b}}'\n"
    ours, theirs = ast.parse(code), ast.increment_lineno(ast.parse(code), 7)
    _move_down(ours, 7)
    assert ast.dump(ours, include_attributes=True) == ast.dump(theirs, include_attributes=True)
