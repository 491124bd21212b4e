"""EXEC, EXECUTE, CALL, PREPARE: calls of procedures, and SQL in strings that they run."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

from sqlglot.tokens import Token

from ray_lineage.compile.sql.constants import text_of
from ray_lineage.compile.sql.lex.kinds import STRINGS, T
from ray_lineage.compile.sql.lex.scan import closing, list_items, read_name, until
from ray_lineage.compile.sql.lex.tokens import tokenize
from ray_lineage.compile.sql.query.scope import IDENTITY
from ray_lineage.compile.sql.statements.body import BODIES, read_body
from ray_lineage.compile.sql.statements.comments import read_property
from ray_lineage.compile.sql.statements.dynamic import binds_of, into_variables, run_text, unresolved
from ray_lineage.compile.sql.statements.rename import rename_by_procedure
from ray_lineage.compile.sql.statements.variables import assign, forget, knows, note_carriers, variable_name
from ray_lineage.compile.sql.unit import Said, Sink, Unit, Written, each
from ray_lineage.model import (
    STAR,
    VALUE,
    Assignment,
    Effect,
    Local,
    Name,
    Output,
    Parameter,
    Ref,
    Select,
    StatementKind,
    TableRef,
)


def read_execute(unit: Unit, tokens: list[Token]) -> Said:
    """``EXEC``, ``CALL``, ``EXECUTE IMMEDIATE 'body'``."""
    if len(tokens) == 3 and tokens[1].text.upper() == "IMMEDIATE" and tokens[2].token_type in BODIES:
        return read_body(unit, tokens)
    return execute(unit, tokens) if len(tokens) > 1 else None


def insert_exec(unit: Unit, tokens: list[Token]) -> Said:
    """``INSERT INTO t [(a, b)] EXEC p``. None if it is something else."""
    at = -1
    for k, token in enumerate(tokens):
        kind = token.token_type
        if kind is T.EXECUTE:
            at = k
        if kind is T.EXECUTE or kind is T.SELECT or kind is T.VALUES:
            break
    if at < 0:
        return None
    i = 2 if tokens[1].text.upper() == "INTO" else 1
    parts, i = read_name(tokens, i)
    columns: tuple[str, ...] = ()
    if i < at and tokens[i].token_type is T.L_PAREN:
        columns = tuple(unit.part(tokens[a]) for a, _ in list_items(tokens, i + 1, closing(tokens, i)))
    return execute(unit, tokens[at:], (unit.full(parts), columns))


def execute(unit: Unit, tokens: list[Token], into: Sink | None = None) -> Iterator[Written]:
    """EXEC, EXECUTE, CALL, EXECUTE IMMEDIATE, PREPARE. ``into`` is the table that takes the result (INSERT ... EXEC)."""
    i = 1
    word = tokens[i].text.upper() if len(tokens) > 1 else ""
    if word == "IMMEDIATE" or (tokens[0].text.upper() == "PREPARE" and len(tokens) > 3):
        i = 2 if word == "IMMEDIATE" else 3
        if i == 3 and tokens[2].token_type is T.L_PAREN:  # the types of its parameters
            i = closing(tokens, 2) + 1
        if i < len(tokens) and tokens[i].text.upper() in ("FROM", "AS"):
            i += 1
        if i < len(tokens) and tokens[i].token_type in (T.SELECT, T.INSERT, T.UPDATE, T.DELETE, T.MERGE, T.WITH):
            unit.run(tokens[i:], tokens[i].text.upper())  # PREPARE p AS statement
            return
        value = until(tokens, i, ("USING", "INTO", "RETURNING", "BULK"))
        yield from _run(unit, value, tokens, into or into_variables(unit, tokens, i))
        return
    if not unit.engine.marked_variables and _is_text(unit, tokens):
        value = until(tokens, 1, ("USING", "INTO"))
        yield from _run(unit, value, tokens, into or into_variables(unit, tokens, 1))
        return
    if len(tokens) > 1 and tokens[1].token_type in (T.L_PAREN, *STRINGS):
        end = closing(tokens, 1) + 1 if tokens[1].token_type is T.L_PAREN else len(tokens)
        inner = tokens[2 : end - 1] if tokens[1].token_type is T.L_PAREN else tokens[1:end]
        at = next((k for k in range(end, len(tokens) - 1) if tokens[k].text.upper() == "AT"), -1)
        with unit.names.elsewhere(tokens[at + 1].text if at > 0 else ""):
            yield from each(run_text(unit, until(inner, 0, (",",)), tokens, into))
        return
    parts, at = read_name(tokens, 1)
    if at < len(tokens) and tokens[at].token_type is T.EQ:  # EXEC @result = procedure
        parts, at = read_name(tokens, at + 1)
    if not parts:
        return
    if parts[-1].text.startswith("@"):
        known = unit.routine.texts.variants(tokens[:at], unit.path)
        named = [text_of(tokens[at - 2 : at], variables) for variables in known] if tokens[at - 2 : at] else []
        if any(n.text.lower().endswith("sp_executesql") for n in named):
            yield from _run_with_parameters(unit, tokens, at, into)
            return
        inner = tokenize(named[0].text, unit.engine)[0] if named and named[0].complete else []
        parts = read_name(inner, 0)[0]
        if not parts:
            unresolved(unit, tokens, "the procedure's name is in a variable")
            return
    last = parts[-1].text.lower()
    if last in _EACH_DATABASE or last == "sp_add_jobstep":
        yield from each(_run_elsewhere(unit, tokens, at, last))
        return
    if last == "sp_executesql":
        yield from _run_with_parameters(unit, tokens, at, into)
        return
    if last == "sp_xml_preparedocument":
        given = _arguments(tokens, at)
        if len(given) > 1 and given[0].output:
            yield from each(assign(unit, given[0].variable, given[1].value))
        return
    if last == "sysexecsql" and at < len(tokens) and tokens[at].token_type is T.L_PAREN:
        yield from each(run_text(unit, tokens[at + 1 : closing(tokens, at)], tokens, into))
        return
    if last in ("sp_addextendedproperty", "sp_updateextendedproperty"):
        read_property(unit, tokens, at)
        return
    if last == "sp_rename":
        yield from each(rename_by_procedure(unit, tokens, at))
        return
    callee = unit.full(parts)
    caller = unit.routine.name
    if caller:
        unit.facts.call(caller, callee, tokens[0].line)
    if into is not None:
        yield _insert_result(unit, tokens, callee, into)
    if unit.engine.output_parameters:
        yield from _take_outputs(unit, tokens, at, callee)
    elif unit.engine.silent_outputs:
        yield from take_silent_outputs(unit, tokens[1:])


def _run(unit: Unit, value: list[Token], tokens: list[Token], into: Sink | None) -> Iterator[Written]:
    """A text with the values of USING."""
    binds = yield from binds_of(unit, tokens)
    yield from each(run_text(unit, value, tokens, into, binds))


class _Argument(NamedTuple):
    """``[@name =] value [OUTPUT]`` of an EXEC."""

    name: str
    value: list[Token]
    output: bool

    @property
    def variable(self) -> str:
        """The variable that is passed, or ""."""
        is_variable = len(self.value) == 2 and self.value[0].token_type is T.PARAMETER
        return "@" + self.value[1].text if is_variable else ""


def _arguments(tokens: list[Token], at: int) -> list[_Argument]:
    out: list[_Argument] = []
    for a, b in list_items(tokens, at, len(tokens)):
        name = ""
        if b - a > 2 and tokens[a].token_type is T.PARAMETER and tokens[a + 2].token_type is T.EQ:
            name = "@" + tokens[a + 1].text.lower()
            a += 3
        end = next((k for k in range(a + 1, b) if tokens[k].token_type is T.WITH), b)  # WITH RECOMPILE
        output = end > a and tokens[end - 1].text.upper() in ("OUTPUT", "OUT")
        out.append(_Argument(name, tokens[a : end - 1 if output else end], output))
    return out


def _take_outputs(unit: Unit, tokens: list[Token], at: int, callee: Name) -> Iterator[Written]:
    """``EXEC p @out = @v OUTPUT``: v holds what p's parameter holds in the end, which is a column of p."""
    if not any(t.token_type is T.RETURNING or t.token_type is T.OUT for t in tokens):
        return
    builder = unit.builder()
    table = -1
    assignments: list[Assignment] = []
    for position, argument in enumerate(_arguments(tokens, at)):
        if not argument.output or not argument.variable:
            continue
        if callee[-1][:3] in ("sp_", "xp_"):  # of the engine
            yield from each(forget(unit, argument.variable, tokens))
            continue
        if table < 0:
            table = builder.add(TableRef(callee, tokens[0].line))
        parameter = builder.add(Parameter(table, str(unit.fold(argument.name, False)), position))
        ref = Ref(parameter, -1, VALUE, IDENTITY, tokens[0].line)
        assignments.append(Assignment(variable_name(unit, argument.variable), (ref,), tokens[0].line))
    if assignments:
        note_carriers(unit, tuple(assignments))
        yield Written(tokens, StatementKind.ASSIGN, builder, assignments=tuple(assignments), effect=Effect.SETS)


def take_silent_outputs(unit: Unit, tokens: list[Token]) -> Iterator[Written]:
    """``package.procedure(v, name => w)`` of PL/SQL, ``CALL procedure(@v, :w)``: what the procedure puts into v and w, if its
    parameters go out."""
    parts, at = read_name(tokens, 0)
    if (
        not parts
        or at >= len(tokens)
        or tokens[at].token_type is not T.L_PAREN
        or closing(tokens, at) != len(tokens) - 1
    ):
        return
    variables = unit.routine.variables() - unit.routine.records
    if unit.part(parts[0]) in variables:
        return  # a method of a collection
    builder, table, line = unit.builder(), -1, tokens[0].line
    callee = _member_or(unit, unit.full(parts))
    known = unit.routines.get(".".join(callee))
    assignments: list[Assignment] = []
    for position, (a, b) in enumerate(list_items(tokens, at + 1, len(tokens) - 1)):
        named = b - a > 2 and tokens[a + 1].token_type in (T.FARROW, T.COLON_EQ)
        variable = _passed_variable(unit, tokens[a + 2 if named else a : b], variables)
        if not variable:
            continue
        name = unit.part(tokens[a]) if named else ""
        gives = known.gives(name, position) if known is not None else True
        if gives is False and variable in unit.routine.seen_carriers():
            assignments.append(Assignment(variable, (), line))
        if not gives:
            continue
        if table < 0:
            table = builder.add(TableRef(callee, line))
        parameter = builder.add(Parameter(table, name, position, declared=True))
        assignments.append(Assignment(variable, (Ref(parameter, -1, VALUE, IDENTITY, line),), line))
    if assignments:
        note_carriers(unit, tuple(assignments))
        effect = Effect.SETS if known is not None else Effect.CHANGES
        yield Written(tokens, StatementKind.ASSIGN, builder, assignments=tuple(assignments), effect=effect)


def _passed_variable(unit: Unit, value: list[Token], variables: Collection[str]) -> str:
    """``v``, ``:v`` and ``@v`` as an argument that is nothing else, marked; else "". A user's variable of MySQL is declared nowhere."""
    if len(value) == 2 and value[0].token_type is T.PARAMETER and not unit.engine.marked_variables:
        return variable_name(unit, "@" + value[1].text)
    if len(value) == 2 and value[0].token_type is T.COLON:
        value = value[1:]
    if len(value) != 1 or value[0].token_type in STRINGS:
        return ""
    name = unit.part(value[0])
    return Local.VARIABLE.marked(name) if name in variables else ""


def _member_or(unit: Unit, name: Name) -> Name:
    """A name alone is that of a member of the same package, if it has one so far."""
    around = unit.routine.around
    while len(name) == 1 and around is not None and not around.is_script:
        if ".".join((*around.name, *name)) in unit.routines:
            return (*around.name, *name)
        around = around.around
    return name


def give_outputs(unit: Unit, tokens: list[Token]) -> Iterator[Written]:
    """A procedure ends: what its output parameters hold now goes to the caller. A record's fields are ``record.field``."""
    for record in unit.routine.given_rows:
        builder = unit.builder()
        table = builder.add(TableRef(unit.routine.rows[record], tokens[0].line))
        star = Output(None, (Ref(table, 1, STAR, IDENTITY),), star=True, renamed={STAR: f"{record}.{STAR}"})
        root = builder.add(Select((table,), (star,)))
        yield Written(tokens, StatementKind.OUTPUT_PARAMETERS, builder, root=root, target=unit.routine.name)
    carriers = unit.routine.carriers
    if unit.engine.silent_outputs:
        filled = [name if Local.VARIABLE.marked(name) in carriers else "" for name in unit.routine.parameters]
        unit.facts.pass_out(unit.routine.name, tuple(filled))
    given = [name for name in unit.routine.outputs if name in carriers]
    if not given:
        return
    builder = unit.builder()
    mark = 0 if unit.engine.marked_variables else len(Local.VARIABLE)
    assignments = tuple(
        Assignment(name[mark:], (Ref(builder.variable(name), -1, VALUE, IDENTITY, tokens[0].line),), tokens[0].line)
        for name in given
    )
    yield Written(tokens, StatementKind.OUTPUT_PARAMETERS, builder, target=unit.routine.name, assignments=assignments)


def _run_with_parameters(unit: Unit, tokens: list[Token], at: int, into: Sink | None) -> Iterator[Written]:
    """``EXEC sp_executesql @text, N'@a int, @b int OUTPUT', @a = 1, @b = @c OUTPUT``. The text has variables of its own;
    those that are not also variables here get what is passed."""
    given = _arguments(tokens, at)
    if not given:
        return
    names = _parameter_names(given[1].value) if len(given) > 1 else []
    passed: list[tuple[str, _Argument]] = []
    for position, argument in enumerate(given[2:]):
        name = argument.name or (names[position] if position < len(names) else "")
        if name and argument.variable.lower() != name and not knows(unit, name):
            passed.append((name, argument))
    for name, argument in passed:
        yield from each(assign(unit, name, argument.value))
    yield from each(run_text(unit, given[0].value, tokens, into))
    for name, argument in passed:
        if argument.output and argument.variable:
            inner = argument.value[0]
            variable = [inner, Token(T.VAR, name[1:], inner.line, inner.col, inner.start, inner.end)]
            yield from each(assign(unit, argument.variable, variable))


_EACH_DATABASE: Final = frozenset({"sp_msforeachdb", "sp_msforeachtable", "sp_foreachdb", "sp_ineachdb"})


def _run_elsewhere(unit: Unit, tokens: list[Token], at: int, procedure: str) -> Written | None:
    """``sp_MSforeachdb 'USE [?]; ...'``, whose mark stands for a name that is not known, and the commands of jobs."""
    given = _arguments(tokens, at)
    named = {argument.name: argument for argument in given}
    if procedure in _EACH_DATABASE:
        argument = named.get("@command1") or named.get("@command") or (given[0] if given else None)
        named_text = argument.value if argument is not None else []
        return run_text(unit, named_text, tokens, None, mark="?") if named_text else None
    command, subsystem = named.get("@command"), named.get("@subsystem")
    if command is None or (subsystem is not None and [t.text.upper() for t in subsystem.value] != ["TSQL"]):
        return None
    database = named.get("@database_name")
    outer = unit.names.catalog
    unit.names.catalog = (
        unit.fold(database.value[0].text, False) if database is not None and len(database.value) == 1 else ""
    )
    try:
        return run_text(unit, command.value, tokens, None)
    finally:
        unit.names.catalog = outer


def _parameter_names(value: list[Token]) -> list[str]:
    if len(value) != 1 or value[0].token_type not in STRINGS:
        return []
    return [found.lower() for found in re.findall(r"(?:^|,)\s*(@\w+)", value[0].text)]


def _is_text(unit: Unit, tokens: list[Token]) -> bool:
    """Is it plpgsql's ``EXECUTE text``, and not ``EXECUTE prepared``?"""
    if tokens[0].text.upper() not in ("EXECUTE", "EXEC") or len(tokens) < 2:
        return False
    first = tokens[1]
    if first.token_type in STRINGS:
        return True
    name = first.text.lower()
    after = tokens[2].token_type if len(tokens) > 2 else None
    if name in ("format", "concat") or after is T.DPIPE:
        return True
    return name in unit.routine.variables() and after in (None, T.USING, T.INTO)


def _insert_result(unit: Unit, tokens: list[Token], callee: Name, into: Sink) -> Written:
    """``INSERT t EXEC p``: what p returns goes into t by position."""
    builder = unit.builder()
    table = builder.add(TableRef(callee, tokens[0].line))
    index = len(builder.relations)
    output = Output(None, (Ref(table, index, STAR, IDENTITY, tokens[0].line),), tokens[0].line, star=True)
    root = builder.add(Select((table,), (output,)))
    return Written(tokens, StatementKind.INSERT, builder, root=root, target=into[0], columns=into[1])
