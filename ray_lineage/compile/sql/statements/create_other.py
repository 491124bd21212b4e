"""CREATE of what is neither table, view nor routine: sequences, streams, pipes, sources, sinks, dictionaries..."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
from ray_lineage.compile.sql.unit import Said, Unit, Written, each
from ray_lineage.model import Assignment, Name, Ref, StatementKind, TableRef


def create_other(unit: Unit, tokens: list[Token], words: list[str]) -> Said:
    """CREATE of what is neither table, view nor program. None if it is something else."""
    kind = next((w for w in words[1:5] if w in _CREATED), "")
    if not kind:
        return None
    i = words.index(kind) + 1
    if (kind == "TABLE" and words[i : i + 1] != ["FUNCTION"]) or words[i - 2 : i] == ["DATA", "SOURCE"]:
        return None
    if kind == "INDEX" and words[1] != "JOIN":
        return None
    while i < len(tokens) and tokens[i].text.upper() in ("IF", "NOT", "EXISTS", "FUNCTION"):
        i += 1
    parts, i = read_name(tokens, i)
    if not parts:
        return None
    return _CREATED[kind](unit, tokens, unit.full(parts), i)


def _sequence(unit: Unit, tokens: list[Token], name: Name, i: int) -> Said:
    unit.facts.declare(name, "Sequence", tokens[0].line)
    return ()


def _model(unit: Unit, tokens: list[Token], name: Name, i: int) -> Said:
    """``CREATE MODEL m ... AS SELECT``: what it was trained on."""
    query = after_as(tokens, i)
    return define(unit, tokens, query, name, "Table", (), StatementKind.CREATE_MODEL) if query else ()


def _pipe(unit: Unit, tokens: list[Token], name: Name, i: int) -> Said:
    """``CREATE PIPE p AS COPY INTO ...`` of Snowflake."""
    query = after_as(tokens, i)
    return each(read_copy(unit, query)) if query and query[0].text.upper() == "COPY" else ()


def _flow(unit: Unit, tokens: list[Token], name: Name, i: int) -> Said:
    """``CREATE FLOW f AS INSERT INTO ...`` and ``AS AUTO CDC INTO ...`` of Databricks."""
    query = after_as(tokens, i)
    if query and query[0].token_type is T.INSERT:
        unit.run(query, "INSERT")
        return ()
    return each(read_apply_changes(unit, query)) if query else ()


def _scheduled(unit: Unit, tokens: list[Token], name: Name, i: int) -> Said:
    """``CREATE JOB j ON SCHEDULE ... DO statement`` of Doris."""
    read_scheduled(unit, tokens, "DO")
    return ()


def _table_function(unit: Unit, tokens: list[Token], name: Name, i: int) -> Iterator[Written]:
    """``CREATE TABLE FUNCTION f(a INT64) AS SELECT`` of BigQuery."""
    with unit.within(Routine(name, "Function", unit.script)):
        if i < len(tokens) and tokens[i].token_type is T.L_PAREN:
            declare_parameters(unit, tokens, i)
        query = after_as(tokens, i)
        if query:
            yield from define(unit, tokens, query, name, "Function", (), StatementKind.CREATE_FUNCTION)


def _join_index(unit: Unit, tokens: list[Token], name: Name, i: int) -> Said:
    """``CREATE JOIN INDEX j AS SELECT ... PRIMARY INDEX (a)`` of Teradata: a view whose rows are kept."""
    query = after_as(tokens, i)
    ends = ("PRIMARY", "UNIQUE", "INDEX", "PARTITION")
    end = next((k for k, token in outermost(query) if token.text.upper().split(" ")[0] in ends), len(query))
    return define(unit, tokens, query[:end], name, "MaterializedView", (), StatementKind.CREATE_VIEW) if end else ()


def _stream(unit: Unit, tokens: list[Token], name: Name, i: int) -> Said:
    """``CREATE STREAM s ON TABLE t`` of Snowflake: the changed rows of t. None if it is something else."""
    at = next((k for k in range(i, len(tokens)) if tokens[k].token_type is T.ON), -1)
    if at < 0:
        return None
    at += 1
    while at < len(tokens) and tokens[at].text.upper() in ("TABLE", "VIEW", "EXTERNAL", "DYNAMIC", "STAGE"):
        at += 1
    source, _ = read_name(tokens, at)
    return copy_of(unit, tokens, name, "View", unit.full(source), StatementKind.CREATE_STREAM) if source else ()


def _trigger(unit: Unit, tokens: list[Token], name: Name, i: int) -> Said:
    """``CREATE TRIGGER ... EXECUTE FUNCTION f()`` of Postgres: it calls f. None if it is something else."""
    _, function = trigger_parts(unit, tokens)
    if not function:
        return None
    unit.facts.declare(name, "Trigger", tokens[0].line)
    unit.facts.call(name, function, tokens[0].line)
    return ()


def _source(unit: Unit, tokens: list[Token], name: Name, i: int) -> Said:
    """``CREATE SOURCE s (columns) WITH (topic = 't')`` of Materialize and RisingWave."""
    columns: list[ColumnItem] = []
    if i < len(tokens) and tokens[i].token_type is T.L_PAREN:
        columns, _ = read_columns(tokens, i + 1, closing(tokens, i))
    unit.facts.declare(name, "Table", tokens[0].line, tuple(unit.column(x) for x in columns))
    topic = topic_of(unit, tokens)
    return move(unit, tokens, topic, name, StatementKind.CREATE_SOURCE) if topic else ()


def _sink(unit: Unit, tokens: list[Token], name: Name, i: int) -> Said:
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
        return move(unit, tokens, unit.full(parts), target, StatementKind.CREATE_SINK) if parts else ()
    query = after_as(tokens, i)
    if not query:
        return ()
    options = (
        k
        for k, t in enumerate(query)
        if t.token_type is T.WITH and query[k + 1 : k + 2] and query[k + 1].token_type is T.L_PAREN
    )
    builder = unit.builder()
    root = builder.query(unit.parse(query[: next(options, len(query))], "SELECT"))
    return Written(tokens, StatementKind.CREATE_SINK, builder, root=root, target=target)


def _dictionary(unit: Unit, tokens: list[Token], name: Name, i: int) -> Said:
    """``CREATE DICTIONARY d (columns) SOURCE(CLICKHOUSE(TABLE 't' DB 'db'))``: its columns are the table's, by name."""
    if i >= len(tokens) or tokens[i].token_type is not T.L_PAREN:
        return ()
    found, _ = read_columns(tokens, i + 1, closing(tokens, i))
    columns = tuple(unit.column(x) for x in found)
    unit.facts.declare(name, "Table", tokens[0].line, columns)
    given = {
        tokens[k].text.upper(): tokens[k + 1].text
        for k in range(i, len(tokens) - 1)
        if tokens[k].text.upper() in ("TABLE", "DB") and tokens[k + 1].token_type in STRINGS
    }
    if "TABLE" not in given:
        return ()
    builder = unit.builder()
    source = unit.qualified(
        (*((unit.fold(given["DB"], True),) if "DB" in given else ()), unit.fold(given["TABLE"], True))
    )
    table = builder.add(TableRef(source, tokens[0].line))
    assignments = tuple(Assignment(x.name, (Ref(table, -1, x.name, IDENTITY, x.line),), x.line) for x in columns)
    return Written(tokens, StatementKind.CREATE_DICTIONARY, builder, target=name, assignments=assignments)


def _composite_type(unit: Unit, tokens: list[Token], name: Name, i: int) -> Said:
    """``CREATE TYPE t AS (a int, b text)`` of Postgres, ``AS OBJECT (a NUMBER, MEMBER FUNCTION ...)`` of Oracle, ``AS TABLE (a int)``
    of T-SQL: the columns of records, or of table variables, of that type."""
    words = [t.text.upper() for t in tokens[i : i + 3]]
    at = i + (2 if words[1:2] in (["OBJECT"], ["TABLE"]) else 1)
    if words[:1] not in (["AS"], ["IS"]) or at >= len(tokens) or tokens[at].token_type is not T.L_PAREN:
        return ()
    columns, _ = read_columns(tokens, at + 1, closing(tokens, at))
    if words[1:2] == ["OBJECT"]:
        columns = [c for c in columns if c.name.text.upper() not in _METHODS]
    unit.facts.declare(name, "Type", start_line(tokens[0]), tuple(unit.column(c) for c in columns))
    return ()


_METHODS: Final = frozenset({"MEMBER", "STATIC", "CONSTRUCTOR", "MAP", "ORDER", "FINAL", "OVERRIDING", "NOT", "PRAGMA"})


_CREATED: Final[dict[str, Callable[[Unit, list[Token], Name, int], Said]]] = {
    "SEQUENCE": _sequence,
    "STREAM": _stream,
    "MODEL": _model,
    "PIPE": _pipe,
    "TRIGGER": _trigger,
    "TABLE": _table_function,
    "SOURCE": _source,
    "SINK": _sink,
    "DICTIONARY": _dictionary,
    "FLOW": _flow,
    "PIPELINE": create_pipeline,
    "LOAD": create_routine_load,
    "JOB": _scheduled,
    "INDEX": _join_index,
    "TYPE": _composite_type,
}
"""Who reads what follows the name, by what is created. None: it is something else."""


def create_synonym(unit: Unit, tokens: list[Token]) -> Written | None:
    """CREATE SYNONYM a FOR b: a has the columns of b."""
    at = next((i for i, t in enumerate(tokens[:6]) if t.text.upper() == "SYNONYM"), -1)
    name, i = read_name(tokens, at + 1)
    if not name or i >= len(tokens) or tokens[i].text.upper() != "FOR":
        return None
    base, _ = read_name(tokens, i + 1)
    if not base:
        return None
    return copy_of(unit, tokens, unit.full(name), "Synonym", unit.full(base), StatementKind.CREATE_SYNONYM)
