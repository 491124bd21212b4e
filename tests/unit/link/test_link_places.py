"""What is wrong with a reference is said where it stands: line and column of the file, as an editor counts them."""

from __future__ import annotations

import json

import pytest

from ray_lineage.compile import CompileOptions, compile_source
from ray_lineage.link import Linker
from ray_lineage.model import encode_facts

TABLE = "CREATE TABLE t (a int);\n"

PLACES = [
    # a text with ^ in front of the reference; its line and column are counted here
    ("v.sql", "CREATE VIEW v AS\nSELECT t.a, ^nope FROM t"),
    ("v.sql", "CREATE VIEW v AS SELECT a, t.^nope + 1 AS b FROM t"),
    ("v.sql", 'CREATE VIEW v AS SELECT ^"No Pe" FROM t'),
    ("v.sql", "SELECT a FROM t; INSERT INTO o (x)\n  SELECT CASE WHEN a > 1 THEN\n    ^nope END FROM t"),
    ("v.sql", "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO o (x) SELECT ^nope FROM t; END $$"),
    ("v.sql", "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$\nBEGIN\n  INSERT INTO o (x) SELECT ^nope FROM t;\nEND $$"),
    ("m.sql", "{% set x = 'a' %}\nSELECT {{ x }}, ^nope FROM t"),
    ("p.py", 'import sqlite3\nc = sqlite3.connect("x")\nc.execute("INSERT INTO o (x) SELECT ^nope FROM t")\n'),
    ("p.py", 'import sqlite3\nc = sqlite3.connect("x")\nc.execute(\n    """INSERT INTO o (x)\n       SELECT ^nope FROM t"""\n)\n'),
]  # fmt: skip


@pytest.mark.parametrize(("path", "text"), PLACES)
def test_a_reference_has_a_place(path: str, text: str) -> None:
    before = text[: text.index("^")]
    expected = (before.count("\n") + 1, len(before) - before.rfind("\n"))
    assert unknown_columns(path, text.replace("^", "")) == [expected]


def test_in_a_string_that_runs_only_the_line_is_known() -> None:
    text = "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN\nEXECUTE 'INSERT INTO o (x) SELECT nope ' || 'FROM t'; END $$"
    assert unknown_columns("v.sql", text) == [(2, 0)]


def unknown_columns(path: str, text: str) -> list[tuple[int, int]]:
    linker = Linker("p")
    is_python = path.endswith(".py")
    options = CompileOptions("postgres", formats=("python" if is_python else "sql",))
    linker.put("t.sql", "", encode_facts(compile_source(TABLE, CompileOptions("postgres"))))
    linker.put(path, "", encode_facts(compile_source(text.encode() if is_python else text, options)))
    found = next(c for c in linker.link() if c.path == path).rows["File"][0][7]
    linker.close()
    return [(line, column) for code, _, _, line, column, *_ in json.loads(found) if code in ("RL302", "RL143")]
