"""The parser is made when a statement comes that it has to read, and then once a text."""

from __future__ import annotations

import pytest

from ray_lineage.compile import CompileOptions, compile_source
from ray_lineage.compile.sql import parse


@pytest.mark.parametrize(
    ("text", "parsers"),
    [
        ("CREATE TABLE t (a int); CREATE TABLE u (b int);", 0),
        ("CREATE TABLE t (a int); INSERT INTO t SELECT b FROM s; SELECT a FROM t;", 1),
    ],
)
def test_a_text_gets_a_parser_when_it_needs_one(text: str, parsers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    dialect_of = parse.dialect_of
    monkeypatch.setattr(parse, "dialect_of", lambda name: made.append(name) or dialect_of(name))
    facts = compile_source(text, CompileOptions("tsql"))
    assert facts.status == "ok"
    assert next(c.name for d in facts.declarations for c in d.columns) == "a"
    assert len(made) == parsers
