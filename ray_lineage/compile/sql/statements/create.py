"""CREATE and ALTER: who reads what is created."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot.tokens import Token

from ray_lineage.compile.sql.lex.columns import CreateHead, read_create
from ray_lineage.compile.sql.lex.kinds import T
from ray_lineage.compile.sql.lex.scan import closing
from ray_lineage.compile.sql.lex.tokens import start_line
from ray_lineage.compile.sql.statements.alter import read_alter_table, renames
from ray_lineage.compile.sql.statements.body import read_body
from ray_lineage.compile.sql.statements.columns import computed_columns, defaults, make_empty
from ray_lineage.compile.sql.statements.comments import describe_created
from ray_lineage.compile.sql.statements.create_other import create_other, create_synonym
from ray_lineage.compile.sql.statements.create_routine import function_query, read_header
from ray_lineage.compile.sql.statements.create_table import create_like, partition_of, stored_at
from ray_lineage.compile.sql.statements.create_view import view_to, without_tail
from ray_lineage.compile.sql.statements.define import define
from ray_lineage.compile.sql.statements.drop import replaced
from ray_lineage.compile.sql.statements.execute import give_outputs
from ray_lineage.compile.sql.statements.foreign_keys import foreign_keys
from ray_lineage.compile.sql.statements.foreign_table import table_elsewhere
from ray_lineage.compile.sql.statements.move import move
from ray_lineage.compile.sql.statements.returns import return_variables
from ray_lineage.compile.sql.statements.unknown import note_unknown_kind
from ray_lineage.compile.sql.unit import Said, Unit, Written, each
from ray_lineage.model import DeclaredColumn, Name, StatementKind, is_temporary


def read_create_statement(unit: Unit, tokens: list[Token], verb: str) -> Said:
    words = [t.text.upper() for t in tokens[:8]]
    if "ALGORITHM" in words or "DEFINER" in words:
        words = [t.text.upper() for t in tokens[:24]]
    is_program = "PROCEDURE" in words or ("FUNCTION" in words and "TABLE" not in words[1:4]) or "MACRO" in words[:5]
    if is_program and not unit.engine.batches:  # there they are cut at their bodies
        return _program(unit, tokens)
    if verb == "CREATE" and "SYNONYM" in words[1:5]:
        return create_synonym(unit, tokens)
    if verb == "CREATE" and (said := create_other(unit, tokens, words)) is not None:
        return said
    if "TABLE" not in words and "VIEW" not in words:
        note_unknown_kind(unit, tokens)
        return None
    if verb == "ALTER" and ("VIEW" not in words[:4] or renames(tokens)):
        return read_alter_table(unit, tokens)
    if words[1:2] and words[1] in (
        "INDEX",
        "UNIQUE",
        "STATISTICS",
        "TRIGGER",
        "SYNONYM",
        "SECURITY",
        "PUBLICATION",
    ):
        return None
    head = read_create(tokens)
    return _table_or_view(unit, tokens, head) if head is not None else None


def _program(unit: Unit, tokens: list[Token]) -> Iterator[Written]:
    """A procedure or function, with its body in the same statement."""
    with unit.within(unit.routine):
        yield from read_header(unit, tokens)
        said = function_query(unit, tokens)
        if said is None:
            yield from each(read_body(unit, tokens))
            said = return_variables(unit, tokens)
        yield from each(said)
        if unit.routine.outputs:
            yield from give_outputs(unit, tokens)


def _table_or_view(unit: Unit, tokens: list[Token], head: CreateHead) -> Said:
    is_view = "VIEW" in head.words
    temporary = bool(head.words & {"TEMP", "TEMPORARY", "VOLATILE"})
    if temporary and "GLOBAL" in head.words and unit.engine.lasting_global:
        temporary = False  # only its rows are of the session
    if temporary:
        unit.names.temporary.add(unit.names.name(head.name)[-1])
    name = unit.full(head.name)
    temporary = temporary or is_temporary(name)
    replaced(unit, tokens, name, head.query)
    describe_created(unit, tokens, head, name)
    if is_view and not temporary:
        kind = "MaterializedView" if "MATERIALIZED" in head.words else "View"
    else:
        kind = "TempTable" if temporary else "External" if "EXTERNAL" in head.words else "Table"
    columns = tuple(unit.column(c) for c in head.columns)
    if head.query < len(tokens) and is_view and (into := view_to(unit, tokens, head, name)) is not None:
        return into
    if head.query < len(tokens):
        statement = StatementKind.CREATE_VIEW if is_view else StatementKind.CREATE_TABLE_AS
        query = without_tail(tokens[head.query :])
        if unit.engine.query_adds_columns and not is_view:
            columns = ()  # the query's columns are added to these, and matched by name
        return define(unit, tokens, query, name, kind, columns, statement, temporary=temporary)
    if not head.likes and (said := partition_of(unit, tokens, head, name)) is not None:
        return said
    return _table(unit, tokens, head, name, kind, columns, temporary)


def _table(unit: Unit, tokens: list[Token], head: CreateHead, name: Name, kind: str, columns: tuple[DeclaredColumn, ...], temporary: bool
) -> Iterator[Written]:  # fmt: skip
    """A table whose columns are listed, or are those of others."""
    if head.likes:
        likes = [(like.at, unit.full(like.name)) for like in head.likes]
        yield create_like(unit, tokens, name, kind, likes, temporary, columns)
        yield from each(computed_columns(unit, tokens, head.columns, name))
        yield from each(table_elsewhere(unit, tokens, name))
        return
    unit.facts.declare(name, kind, start_line(tokens[0]), columns, temporary=temporary)
    if temporary:
        yield make_empty(unit, tokens, name, columns)
    if unit.engine.schema_calls:
        yield from each(defaults(unit, tokens, name, StatementKind.CREATE_TABLE))
    locations = stored_at(unit, tokens, head, name)
    for location in locations:
        ends = (name, location) if "WRITABLE" in head.words else (location, name)
        yield move(unit, tokens, *ends, StatementKind.CREATE_EXTERNAL)
    # the virtual columns of Snowflake's external tables are made of VALUE, a row of the file
    rows = locations[0] if locations and unit.engine.file_rows else name
    yield from each(computed_columns(unit, tokens, head.columns, name, rows))
    yield from each(table_elsewhere(unit, tokens, name))
    if unit.has_keys and not temporary:
        at = next((i for i, t in enumerate(tokens) if t.token_type is T.L_PAREN), 0)
        foreign_keys(unit, tokens, at + 1, closing(tokens, at), name)
