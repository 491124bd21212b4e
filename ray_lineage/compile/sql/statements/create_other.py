"""CREATE of what is neither table, view nor routine: sequences, streams, pipes, sources, sinks, dictionaries..."""

from __future__ import annotations

from typing import Final

from sqlglot.tokens import Token

from ray_lineage.compile.sql.lex.columns import ColumnItem, read_columns
from ray_lineage.compile.sql.lex.kinds import STRINGS, T
from ray_lineage.compile.sql.lex.scan import after_as, closing, outermost, read_name
from ray_lineage.compile.sql.lex.tokens import start_line
from ray_lineage.compile.sql.query.scope import IDENTITY
from ray_lineage.compile.sql.routine import Routine
from ray_lineage.compile.sql.statements.copy import read_copy
from ray_lineage.compile.sql.statements.create_routine import declare_parameters, trigger_parts
from ray_lineage.compile.sql.statements.data import read_scheduled
from ray_lineage.compile.sql.statements.define import define
from ray_lineage.compile.sql.statements.load import create_pipeline, create_routine_load
from ray_lineage.compile.sql.statements.locations import topic_of
from ray_lineage.compile.sql.statements.move import copy_of, move, read_apply_changes
from ray_lineage.compile.sql.unit import Unit
from ray_lineage.model import Assignment, Name, Ref, StatementKind, TableRef


def create_other(unit: Unit, tokens: list[Token], words: list[str]) -> bool:
    """CREATE of what is neither table, view nor program. False if it is something else."""
    kind = next((w for w in words[1:5] if w in _CREATED), "")
    if not kind:
        return False
    i = words.index(kind) + 1
    if (kind == "TABLE" and words[i : i + 1] != ["FUNCTION"]) or words[i - 2 : i] == ["DATA", "SOURCE"]:
        return False
    while i < len(tokens) and tokens[i].text.upper() in ("IF", "NOT", "EXISTS", "FUNCTION"):
        i += 1
    parts, i = read_name(tokens, i)
    if not parts:
        return False
    name = unit.full(parts)
    if kind == "SEQUENCE":
        unit.facts.declare(name, "Sequence", tokens[0].line)
    elif kind == "STREAM":
        return _stream(unit, tokens, name, i)
    elif kind == "MODEL":
        query = after_as(tokens, i)
        if query:
            define(unit, tokens, query, name, "Table", (), StatementKind.CREATE_MODEL)
    elif kind == "PIPE":
        query = after_as(tokens, i)
        if query and query[0].text.upper() == "COPY":
            read_copy(unit, query)
    elif kind == "FLOW":
        query = after_as(tokens, i)
        if query and query[0].token_type is T.INSERT:
            unit.run(query, "INSERT")
        elif query:
            read_apply_changes(unit, query)
    elif kind == "SOURCE":
        _source(unit, tokens, name, i)
    elif kind == "SINK":
        _sink(unit, tokens, name, i)
    elif kind == "DICTIONARY":
        _dictionary(unit, tokens, name, i)
    elif kind == "TRIGGER":
        return _trigger(unit, tokens, name)
    elif kind == "PIPELINE":
        create_pipeline(unit, tokens, name, i)
    elif kind == "LOAD":
        create_routine_load(unit, tokens, name, i)
    elif kind == "JOB":
        read_scheduled(unit, tokens, "DO")
    elif kind == "TYPE":
        _composite_type(unit, tokens, name, i)
    elif kind == "INDEX":
        return words[1] == "JOIN" and _join_index(unit, tokens, name, i)
    elif kind == "TABLE":  # CREATE TABLE FUNCTION of BigQuery
        with unit.within(Routine(name, "Function", unit.script)):
            if i < len(tokens) and tokens[i].token_type is T.L_PAREN:
                declare_parameters(unit, tokens, i)
            query = after_as(tokens, i)
            if query:
                define(unit, tokens, query, name, "Function", (), StatementKind.CREATE_FUNCTION)
    else:
        return False
    return True


_CREATED: Final = frozenset(
    {"SEQUENCE", "STREAM", "MODEL", "PIPE", "TRIGGER", "TABLE", "SOURCE", "SINK", "DICTIONARY", "FLOW", "PIPELINE", "LOAD",
     "JOB", "INDEX", "TYPE"}
)  # fmt: skip


def _join_index(unit: Unit, tokens: list[Token], name: Name, i: int) -> bool:
    """``CREATE JOIN INDEX j AS SELECT ... PRIMARY INDEX (a)`` of Teradata: a view whose rows are kept."""
    query = after_as(tokens, i)
    ends = ("PRIMARY", "UNIQUE", "INDEX", "PARTITION")
    end = next((k for k, token in outermost(query) if token.text.upper().split(" ")[0] in ends), len(query))
    if end:
        define(unit, tokens, query[:end], name, "MaterializedView", (), StatementKind.CREATE_VIEW)
    return True


def _stream(unit: Unit, tokens: list[Token], name: Name, i: int) -> bool:
    """``CREATE STREAM s ON TABLE t`` of Snowflake: the changed rows of t."""
    at = next((k for k in range(i, len(tokens)) if tokens[k].token_type is T.ON), -1)
    if at < 0:
        return False
    at += 1
    while at < len(tokens) and tokens[at].text.upper() in ("TABLE", "VIEW", "EXTERNAL", "DYNAMIC", "STAGE"):
        at += 1
    source, _ = read_name(tokens, at)
    if source:
        copy_of(unit, tokens, name, "View", unit.full(source), StatementKind.CREATE_STREAM)
    return True


def _trigger(unit: Unit, tokens: list[Token], name: Name) -> bool:
    """``CREATE TRIGGER ... EXECUTE FUNCTION f()`` of Postgres: it calls f."""
    _, function = trigger_parts(unit, tokens)
    if not function:
        return False
    unit.facts.declare(name, "Trigger", tokens[0].line)
    unit.facts.call(name, function, tokens[0].line)
    return True


def _source(unit: Unit, tokens: list[Token], name: Name, i: int) -> None:
    """``CREATE SOURCE s (columns) WITH (topic = 't')`` of Materialize and RisingWave."""
    columns: list[ColumnItem] = []
    if i < len(tokens) and tokens[i].token_type is T.L_PAREN:
        columns, _ = read_columns(tokens, i + 1, closing(tokens, i))
    unit.facts.declare(name, "Table", tokens[0].line, tuple(unit.column(x) for x in columns))
    topic = topic_of(unit, tokens)
    if topic:
        move(unit, tokens, topic, name, StatementKind.CREATE_SOURCE)


def _sink(unit: Unit, tokens: list[Token], name: Name, i: int) -> None:
    """``CREATE SINK s FROM v ...`` and ``CREATE SINK s [INTO t] AS SELECT ...``: into a topic, a table or elsewhere."""
    words = [t.text.upper() for t in tokens]
    target = topic_of(unit, tokens)
    if not target and "INTO" in words[:6] and words[words.index("INTO") + 1 :][:1] != ["KAFKA"]:
        parts, _ = read_name(tokens, words.index("INTO") + 1)
        target = unit.full(parts) if parts else ()
    if not target:
        target = name
        unit.facts.declare(name, "External", tokens[0].line)
    if words[i : i + 1] == ["FROM"]:
        parts, _ = read_name(tokens, i + 1)
        if parts:
            move(unit, tokens, unit.full(parts), target, StatementKind.CREATE_SINK)
        return
    query = after_as(tokens, i)
    if query:
        end = next(
            (
                k
                for k, t in enumerate(query)
                if t.token_type is T.WITH and query[k + 1 : k + 2] and query[k + 1].token_type is T.L_PAREN
            ),
            len(query),
        )
        builder = unit.builder()
        root = builder.query(unit.parse(query[:end], "SELECT"))
        unit.write(tokens, StatementKind.CREATE_SINK, builder, root=root, target=target)


def _dictionary(unit: Unit, tokens: list[Token], name: Name, i: int) -> None:
    """``CREATE DICTIONARY d (columns) SOURCE(CLICKHOUSE(TABLE 't' DB 'db'))``: its columns are the table's, by name."""
    if i >= len(tokens) or tokens[i].token_type is not T.L_PAREN:
        return
    found, _ = read_columns(tokens, i + 1, closing(tokens, i))
    columns = tuple(unit.column(x) for x in found)
    unit.facts.declare(name, "Table", tokens[0].line, columns)
    given = {
        tokens[k].text.upper(): tokens[k + 1].text
        for k in range(i, len(tokens) - 1)
        if tokens[k].text.upper() in ("TABLE", "DB") and tokens[k + 1].token_type in STRINGS
    }
    if "TABLE" not in given:
        return
    builder = unit.builder()
    source = unit.qualified(
        (*((unit.fold(given["DB"], True),) if "DB" in given else ()), unit.fold(given["TABLE"], True))
    )
    table = builder.add(TableRef(source, tokens[0].line))
    assignments = tuple(Assignment(x.name, (Ref(table, -1, x.name, IDENTITY, x.line),), x.line) for x in columns)
    unit.write(tokens, StatementKind.CREATE_DICTIONARY, builder, target=name, assignments=assignments)


def _composite_type(unit: Unit, tokens: list[Token], name: Name, i: int) -> None:
    """``CREATE TYPE t AS (a int, b text)`` of Postgres, ``AS OBJECT (a NUMBER, MEMBER FUNCTION ...)`` of Oracle, ``AS TABLE (a int)``
    of T-SQL: the columns of records, or of table variables, of that type."""
    words = [t.text.upper() for t in tokens[i : i + 3]]
    at = i + (2 if words[1:2] in (["OBJECT"], ["TABLE"]) else 1)
    if words[:1] not in (["AS"], ["IS"]) or at >= len(tokens) or tokens[at].token_type is not T.L_PAREN:
        return
    columns, _ = read_columns(tokens, at + 1, closing(tokens, at))
    if words[1:2] == ["OBJECT"]:
        columns = [c for c in columns if c.name.text.upper() not in _METHODS]
    unit.facts.declare(name, "Type", start_line(tokens[0]), tuple(unit.column(c) for c in columns))


_METHODS: Final = frozenset({"MEMBER", "STATIC", "CONSTRUCTOR", "MAP", "ORDER", "FINAL", "OVERRIDING", "NOT", "PRAGMA"})


def create_synonym(unit: Unit, tokens: list[Token]) -> None:
    """CREATE SYNONYM a FOR b: a has the columns of b."""
    at = next((i for i, t in enumerate(tokens[:6]) if t.text.upper() == "SYNONYM"), -1)
    name, i = read_name(tokens, at + 1)
    if not name or i >= len(tokens) or tokens[i].text.upper() != "FOR":
        return
    base, _ = read_name(tokens, i + 1)
    if base:
        copy_of(unit, tokens, unit.full(name), "Synonym", unit.full(base), StatementKind.CREATE_SYNONYM)
