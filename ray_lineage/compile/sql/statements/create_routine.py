"""CREATE PROCEDURE, FUNCTION, TRIGGER, PACKAGE: the head of a routine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlglot.tokens import Token

from ray_lineage.compile.sql.lex.columns import read_column, read_columns
from ray_lineage.compile.sql.lex.kinds import STRINGS, T
from ray_lineage.compile.sql.lex.scan import closing, list_items, outermost, read_name
from ray_lineage.compile.sql.lex.tokens import start_line
from ray_lineage.compile.sql.routine import Routine
from ray_lineage.compile.sql.statements.define import define
from ray_lineage.compile.sql.statements.lifetimes import begin_routine, declare_name
from ray_lineage.compile.sql.statements.move import move
from ray_lineage.compile.sql.statements.records import declare_variable
from ray_lineage.compile.sql.unit import Said, Unit, Written
from ray_lineage.model import DeclaredColumn, Local, Name, StatementKind


def read_header(unit: Unit, tokens: list[Token], outer: Routine | None = None) -> Iterator[Written]:
    """The head of a routine, in ``outer`` if it is a member; what follows it is in the routine, where the unit is left."""
    words = [t.text.upper() for t in tokens]
    at = next((i for i, w in enumerate(words) if w in _PROGRAMS and tokens[i].token_type is not T.IDENTIFIER), -1)
    if at < 0:
        return
    kind = _PROGRAMS[words[at]]
    i = at + 1
    while i < len(tokens) and words[i] in ("IF", "NOT", "EXISTS", "BODY"):
        i += 1
    parts, i = read_name(tokens, i)
    if not parts:
        return
    name = unit.full(parts)
    around = outer if outer is not None and not outer.is_script and not unit.engine.isolated_routines else None
    if around is not None:  # a member of a package
        name = (*around.name, name[-1])
        unit.names.spell(name, [parts[-1].text])
    yield from begin_routine(unit, tokens, name, kind, around, goes_on=words[at] in ("PACKAGE", "TYPE"))
    routine = unit.routine
    if kind == "Trigger":
        table = trigger_table(unit, tokens, i)
        names, new_names = trigger_names(unit, tokens)
        routine.watch(table, dict.fromkeys(names, table), new_names)
    elif name[-1] in unit.trigger_functions:
        yield from trigger_function(unit, tokens, unit.trigger_functions[name[-1]])
    elif unit.engine.plpgsql and _returns_trigger(tokens, i):
        _rows_of_somewhere(unit)
    if unit.engine.parameters is not None:
        unit.engine.parameters(unit, tokens, i)
    else:
        declare_parameters(unit, tokens, i, untyped=unit.engine.untyped_parameters)
    columns: tuple[DeclaredColumn, ...] = ()
    returns = words.index("RETURNS", i) if "RETURNS" in words[i:] else -1
    if returns >= 0 and (kind == "Function" or (kind == "Procedure" and unit.engine.procedures_return_tables)):
        columns = returned_table(unit, tokens, returns, name)
    if columns:
        routine.returned_columns = tuple(c.name for c in columns)
    elif unit.engine.out_columns and kind in ("Function", "Procedure"):
        columns = out_parameters(unit, tokens, i)
        routine.returned_columns = tuple(c.name for c in columns)
    given = tuple(routine.parameters) if kind == "Procedure" else ()
    if kind == "Type":  # its body alone: what it is says CREATE TYPE
        return
    unit.facts.declare(name, kind, start_line(tokens[0]), columns, parameters=given)


_PROGRAMS: Final = {
    "PROC": "Procedure",
    "PROCEDURE": "Procedure",
    "FUNCTION": "Function",
    "MACRO": "Function",
    "EVENT": "Procedure",
    "TASK": "Procedure",
    "ALERT": "Procedure",
    "TRIGGER": "Trigger",
    "PACKAGE": "Procedure",
    "TYPE": "Type",
}


def trigger_functions(unit: Unit, tokens: list[Token]) -> None:
    """``CREATE TRIGGER ... ON table ... EXECUTE FUNCTION f``: f's NEW and OLD are rows of the table."""
    for i, token in enumerate(tokens):
        if (
            token.text.upper() != "TRIGGER"
            or not i
            or tokens[i - 1].text.upper() not in ("CREATE", "CONSTRAINT", "REPLACE")
        ):
            continue
        end = next((k for k in range(i, len(tokens)) if tokens[k].token_type is T.SEMICOLON), len(tokens))
        table, function = trigger_parts(unit, tokens[i:end])
        if table and function:
            unit.trigger_functions.setdefault(function[-1], []).append(table)
            names, _ = trigger_names(unit, tokens[i:end])
            unit.transitions.setdefault(function[-1], set()).update(names)


def trigger_parts(unit: Unit, tokens: list[Token]) -> tuple[Name, Name]:
    words = [t.text.upper() for t in tokens]
    on = next((k for k, w in enumerate(words) if w == "ON"), -1)
    run = next((k for k, w in enumerate(words) if w in ("FUNCTION", "PROCEDURE") and words[k - 1] == "EXECUTE"), -1)
    table = read_name(tokens, on + 1)[0] if on > 0 else []
    function = read_name(tokens, run + 1)[0] if run > 0 else []
    return unit.full(table) if table else (), unit.full(function) if function else ()


def trigger_table(unit: Unit, tokens: list[Token], i: int) -> Name:
    at = next((j for j in range(i, len(tokens)) if tokens[j].text.upper() == "ON"), -1)
    parts, _ = read_name(tokens, at + 1) if at > 0 else ([], 0)
    return unit.full(parts) if parts and parts[-1].text.upper() not in ("DATABASE", "SERVER") else ()


def trigger_function(unit: Unit, tokens: list[Token], tables: list[Name]) -> Iterator[Written]:
    """A trigger's function; if several tables have such triggers, its rows may be of any of them."""
    routine = unit.routine
    distinct = list(dict.fromkeys(tables))
    if len(distinct) == 1:
        routine.watch(distinct[0], dict.fromkeys(unit.transitions.get(routine.name[-1], ()), distinct[0]))
        return
    rows: Name = Local.ROWS.named(routine.key)
    for table in distinct:
        yield move(unit, tokens, table, rows, StatementKind.TRIGGER)
    routine.rows["new"] = routine.rows["old"] = rows


def _returns_trigger(tokens: list[Token], i: int) -> bool:
    words = (t.text.upper() for t in tokens[i:])
    return "RETURNS" in words and next(words, "") == "TRIGGER"


def _rows_of_somewhere(unit: Unit) -> None:
    """The function of a trigger that another file makes: NEW and OLD are records of nobody knows which table."""
    for name in unit.engine.trigger_rows:
        declare_name(unit, name)
        unit.routine.records.add(name)
        unit.routine.rows[name] = Local.RECORD.named(name)


def trigger_names(unit: Unit, tokens: list[Token]) -> tuple[list[str], frozenset[str]]:
    """The names of a trigger's rows or transition tables, and which of them are the new ones."""
    words = [t.text.upper() for t in tokens]
    names: dict[str, str] = {}
    if "REFERENCING" in words:
        at = words.index("REFERENCING") + 1
        while at < len(words) and words[at] in ("NEW", "OLD", "PARENT"):
            k = at + 1
            while k < len(words) and words[k] in ("ROW", "TABLE", "AS"):
                k += 1
            if k < len(words):
                names[unit.part(tokens[k])] = words[at]
            at = k + 1
    return list(names), frozenset(n for n, w in names.items() if w == "NEW")


def declare_parameters(unit: Unit, tokens: list[Token], i: int, *, untyped: bool = False) -> None:
    """Parameters are no columns."""
    if i >= len(tokens) or tokens[i].token_type is not T.L_PAREN:
        return
    for a, b in list_items(tokens, i + 1, closing(tokens, i)):
        first = a
        while a < b - 1 and tokens[a].text.upper() in _MODES:
            a += 1
        kind = a + 1
        while kind < b and tokens[kind].text.upper() in _MODES:
            kind += 1
        if b - a > 1 or untyped:
            declare_variable(unit, tokens[a], tokens[kind:b])
        modes = {t.text.upper() for t in (*tokens[first:a], *tokens[a + 1 : kind])}
        goes_out = not modes.isdisjoint(("OUT", "INOUT"))
        _note_parameter(unit, unit.part(tokens[a]), goes_out=goes_out, comes_in="OUT" not in modes or "IN" in modes)


def _note_parameter(unit: Unit, name: str, *, goes_out: bool, comes_in: bool) -> None:
    routine = unit.routine
    scalar = goes_out and name not in routine.records and unit.engine.silent_outputs
    if unit.engine.silent_outputs:
        routine.parameters.append(name if scalar else "")
    if scalar:
        if not unit.engine.out_columns:
            routine.outputs.append(Local.VARIABLE.marked(name))
        if not comes_in:
            routine.made.add(name)
    if goes_out:
        routine.given.add(name)
    if goes_out and name in routine.records:
        routine.given_rows.append(name)


_MODES: Final = frozenset({"IN", "OUT", "INOUT", "VARIADIC", "NOCOPY"})


def out_parameters(unit: Unit, tokens: list[Token], i: int) -> tuple[DeclaredColumn, ...]:
    """``(IN a int, OUT b int)`` of Postgres: what goes out are the columns of the result. A cursor is none: its rows are another one."""
    if i >= len(tokens) or tokens[i].token_type is not T.L_PAREN:
        return ()
    out: list[DeclaredColumn] = []
    for a, b in list_items(tokens, i + 1, closing(tokens, i)):
        is_cursor = tokens[b - 1].text.upper() == "REFCURSOR"
        if b - a > 2 and tokens[a].text.upper() in ("OUT", "INOUT") and not is_cursor:
            out.append(unit.column(read_column(tokens, a + 1, b)))
    return tuple(out)


def returned_table(unit: Unit, tokens: list[Token], i: int, name: Name) -> tuple[DeclaredColumn, ...]:
    """``RETURNS @t TABLE (columns)``: what is written to @t is the function's result."""
    at = next((j for j in range(i, min(i + 5, len(tokens))) if tokens[j].text.upper() == "TABLE"), -1)
    if at < 0 or at + 1 >= len(tokens) or tokens[at + 1].token_type is not T.L_PAREN:
        return ()
    columns, _ = read_columns(tokens, at + 2, closing(tokens, at + 1))
    variable, _ = read_name(tokens, i + 1)
    if variable and variable[0].text.startswith("@"):
        unit.routine.tables[unit.part(variable[0])] = name
    return tuple(unit.column(c) for c in columns)


def function_query(unit: Unit, tokens: list[Token]) -> Said:
    """``CREATE FUNCTION f() ... RETURN SELECT ...`` and ``AS SELECT``: the query is the function's result. None if it is something
    else."""
    declared = unit.facts.last_declared(unit.routine.name)
    if declared is None or declared.kind != "Function":
        return None
    for k, token in outermost(tokens, 2, len(tokens) - 1):
        if token.text.upper() not in ("RETURN", "AS") or tokens[k + 1].token_type in STRINGS:
            continue
        query = tokens[k + 1 :]
        if len(query) > 1 and query[0].text.upper() == "TABLE":  # a table macro of DuckDB
            query = query[1:]
        while len(query) > 2 and query[0].token_type is T.L_PAREN and closing(query, 0) == len(query) - 1:
            query = query[1:-1]
        if query and query[0].token_type in (T.SELECT, T.WITH):
            return define(
                unit,
                tokens,
                query,
                declared.name,
                "Function",
                declared.columns,
                StatementKind.CREATE_FUNCTION,
                redeclare=declared,
            )
    return None
