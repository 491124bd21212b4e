"""DECLARE: variables, table variables, cursors."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Final

from sqlglot.tokens import Token

from ray_lineage.compile.sql.lex.columns import read_columns
from ray_lineage.compile.sql.lex.kinds import T
from ray_lineage.compile.sql.lex.scan import closing, list_items, outermost, read_name
from ray_lineage.compile.sql.statements.columns import computed_columns, make_empty
from ray_lineage.compile.sql.statements.cursor import declare_cursor
from ray_lineage.compile.sql.statements.records import declare_variable
from ray_lineage.compile.sql.statements.variables import assign, forget
from ray_lineage.compile.sql.unit import Unit, Written, each
from ray_lineage.model import Local


def read_declare(unit: Unit, tokens: list[Token]) -> Iterator[Written]:
    """DECLARE @t TABLE (...); a cursor's query is read like any other."""
    made = yield from declared_tables(unit, tokens)
    if made == len(list_items(tokens, 1, len(tokens))):
        return
    for i, token in enumerate(tokens):
        word = token.text.upper()
        if word in ("FOR", "IS") and i + 1 < len(tokens) and tokens[i + 1].text.upper() in ("SELECT", "WITH"):
            yield declare_cursor(unit, tokens[1], tokens[i + 1 :], tokens)
            return
    yield from declare_variables(unit, tokens)


def declared_tables(unit: Unit, tokens: list[Token]) -> Generator[Written, None, int]:
    """``DECLARE @a int, @t TABLE (...)``: the number of table variables."""
    made = 0
    for i in range(3, len(tokens) - 1):
        if tokens[i].token_type is not T.TABLE or tokens[i + 1].token_type is not T.L_PAREN:
            continue
        at = i - 1 if tokens[i - 1].text.upper() != "AS" else i - 2
        if at < 1 or tokens[at - 1].token_type is not T.PARAMETER:
            continue
        columns, _ = read_columns(tokens, i + 2, closing(tokens, i + 1))
        name = Local.VARIABLE.named(unit.fold(tokens[at].text, False))
        declared = tuple(unit.column(c) for c in columns)
        unit.facts.declare(name, "TempTable", tokens[i].line, declared, temporary=True)
        yield make_empty(unit, tokens, name, declared)
        yield from each(computed_columns(unit, tokens, columns, name))
        made += 1
    return made


def declare_variables(unit: Unit, tokens: list[Token]) -> Iterator[Written]:
    """``DECLARE @a int = 1, @b nvarchar(max) = N'...'``."""
    for a, b in list_items(tokens, 1, len(tokens)):
        parts, i = read_name(tokens, a)
        if not parts:
            continue
        name = parts[0].text
        if not name.startswith("@"):
            declare_variable(unit, parts[0], tokens[i:b])
        elif i < b:
            declare_of_type(unit, tokens, a)
        for j, token in outermost(tokens, i, b):
            if token.token_type in (T.EQ, T.COLON_EQ) or token.text.upper() == "DEFAULT":
                yield from each(assign(unit, name, tokens[j + 1 : b]))
                break
        else:
            if name.startswith("@") and not unit.in_loop:  # a DECLARE in a loop leaves the value as it is
                yield from each(forget(unit, name, tokens[a:b]))


def declare_of_type(unit: Unit, tokens: list[Token], i: int) -> None:
    """``@v [AS] SomeType``: if it is a table type, its columns are the variable's."""
    variable, at = read_name(tokens, i)
    if at < len(tokens) and tokens[at].text.upper() == "AS":
        at += 1
    if at >= len(tokens) or tokens[at].token_type not in (T.VAR, T.IDENTIFIER) or tokens[at].text.lower() in _SCALARS:
        return
    parts, _ = read_name(tokens, at)
    if variable and parts:
        name = (unit.part(variable[0]),)
        unit.facts.declare(
            name, "TempTable", tokens[i].line, temporary=True, like=unit.full(parts), owner=unit.routine.key
        )


_SCALARS: Final = frozenset(
    {
        "bigint",
        "bit",
        "cursor",
        "date",
        "datetime",
        "hierarchyid",
        "int",
        "nvarchar",
        "sysname",
        "uniqueidentifier",
        "varchar",
        "xml",
    }
)
"""Types that may look like the user's own (``[int]``, ``sysname``)."""
