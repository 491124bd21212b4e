"""COPY, UNLOAD, BULK INSERT: between a table and a location."""

from __future__ import annotations

from sqlglot.tokens import Token

from ray_lineage.compile.sql.constants import Text
from ray_lineage.compile.sql.lex.kinds import STRINGS, T
from ray_lineage.compile.sql.lex.scan import closing, read_name
from ray_lineage.compile.sql.lex.tokens import start_line
from ray_lineage.compile.sql.query.scope import IDENTITY
from ray_lineage.compile.sql.statements.columns import column_list
from ray_lineage.compile.sql.statements.dynamic import run_inside
from ray_lineage.compile.sql.statements.locations import location_or_table
from ray_lineage.compile.sql.statements.move import move
from ray_lineage.compile.sql.unit import Unit, Written
from ray_lineage.model import STAR, Alias, Name, Output, Ref, Select, StatementKind, TableRef


def read_copy(unit: Unit, tokens: list[Token]) -> Written | None:
    """``COPY [INTO] t FROM 'location'``, ``COPY [INTO] 'location' FROM t``, ``COPY t TO 'location'``: a location is a dataset."""
    i = 2 if len(tokens) > 1 and tokens[1].token_type is T.INTO else 1
    at = next(
        (
            k
            for k in range(i, len(tokens))
            if tokens[k].text.upper() in ("FROM", "TO") and tokens[k].token_type not in STRINGS
        ),
        -1,
    )
    if at < 0 or at + 1 >= len(tokens):
        return None
    backwards = tokens[at].text.upper() == "TO"
    columns: tuple[str, ...] = ()
    first, end = location_or_table(unit, tokens, i)
    if end < at and tokens[end].token_type is T.L_PAREN and not _starts_with_query(tokens, end):
        columns = column_list(unit, tokens, end)
    source, target = (tokens[i:at], tokens[at + 1 :]) if backwards else (tokens[at + 1 :], tokens[i:at])
    if i < len(tokens) and tokens[i].token_type is T.L_PAREN:  # COPY (query) TO
        end = closing(tokens, i)
        at, backwards, source, target = end + 1, True, tokens[i : end + 1], tokens[end + 2 :]
    written = location_or_table(unit, target, 0)[0] if backwards else first
    if not written:
        return None
    if source and source[0].token_type is T.L_PAREN and _starts_with_query(source, 0):
        tree = unit.parse(source[1 : closing(source, 0)], "SELECT")
        builder = unit.builder()
        root = builder.query(tree)
        return Written(tokens, StatementKind.COPY, builder, root=root, target=written, columns=columns)
    read = location_or_table(unit, source, 0)[0]
    if read and columns:
        return _copy_columns(unit, tokens, read, written, columns, backwards)
    return move(unit, tokens, read, written, StatementKind.COPY) if read else None


def _copy_columns(
    unit: Unit, tokens: list[Token], read: Name, written: Name, columns: tuple[str, ...], out: bool
) -> Written:
    """Of a file which columns these are is not known; to a file go those of the table."""
    builder = unit.builder()
    table = builder.add(TableRef(read, tokens[0].line))
    if out:
        refs = tuple(Output(n, (Ref(table, 1, n, IDENTITY, tokens[0].line),), tokens[0].line) for n in columns)
        root = builder.add(Select((table,), refs))
        return Written(tokens, StatementKind.COPY, builder, root=root, target=written)
    star = Output(None, (Ref(table, 1, STAR, IDENTITY, tokens[0].line),), tokens[0].line, star=True)
    root = builder.add(Alias(builder.add(Select((table,), (star,))), columns))
    return Written(tokens, StatementKind.COPY, builder, root=root, target=written, columns=columns)


def read_bulk_insert(unit: Unit, tokens: list[Token]) -> Written | None:
    """``BULK INSERT t FROM 'file'``."""
    parts, at = read_name(tokens, 2)
    if not parts or at + 1 >= len(tokens) or tokens[at].token_type is not T.FROM:
        return None
    target, file = unit.full(parts), tokens[at + 1]
    if file.token_type not in STRINGS:
        return Written(tokens, StatementKind.COPY, unit.builder(), target=target)
    return move(unit, tokens, unit.names.location(file.text, file.line, folded=True), target, StatementKind.COPY)


def read_unload(unit: Unit, tokens: list[Token]) -> Written | None:
    """``UNLOAD ('SELECT ...') TO 'location'``."""
    at = next((k for k, t in enumerate(tokens) if t.text.upper() == "TO" and t.token_type not in STRINGS), -1)
    if at < 3 or at + 1 >= len(tokens) or tokens[1].token_type is not T.L_PAREN:
        return None
    location = location_or_table(unit, tokens, at + 1)[0]
    query = tokens[2 : at - 1]
    if len(query) == 1 and query[0].token_type in STRINGS:
        run_inside(unit, Text(query[0].text, True, True), (start_line(query[0]), tokens[-1].line), (location, ()))
        return None
    if not query:
        return None
    builder = unit.builder()
    root = builder.query(unit.parse(query, "SELECT"))
    return Written(tokens, StatementKind.UNLOAD, builder, root=root, target=location)


def _starts_with_query(tokens: list[Token], i: int) -> bool:
    return i + 1 < len(tokens) and tokens[i + 1].token_type in (T.SELECT, T.WITH)
