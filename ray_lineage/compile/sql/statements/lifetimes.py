"""When variables begin and end: what a routine's variables hold ends with it, for another one may use the same names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlglot.tokens import Token

from ray_lineage.compile.sql.routine import Routine
from ray_lineage.compile.sql.unit import Unit, Written, each
from ray_lineage.model import Assignment, Effect, Local, Name, StatementKind, local_kind

_OF_A_BLOCK: Final = (Local.CURSOR, Local.RECORD, Local.ROWS, Local.OUTPUT)


def declare_name(unit: Unit, variable: str) -> None:
    """There is such a variable in the routine at hand."""
    routine = unit.routine
    routine.declared.add(variable)
    if routine.is_script and not unit.in_block and unit.engine.script_variables:
        routine.lasting.add(variable)


def leave_block(unit: Unit, tokens: list[Token]) -> Written | None:
    """A block in no routine, or a batch of T-SQL, ended: what it declared is gone. What the session has stays (``$v`` of
    Snowflake, cursors and ``#t`` of T-SQL, variables of a script)."""
    script = unit.script
    if unit.engine.batches:
        script.texts.clear()
        return _ended(unit, tokens, {name for name in script.take_held() if local_kind((name,)) is Local.VARIABLE})
    stays = {name for name in script.declared if name[0] == "$" or name in script.lasting}
    gone = {Local.VARIABLE.marked(name) for name in script.declared - stays if f"${name}" not in stays}
    script.declared = stays
    for name in gone:
        script.texts.forget(name[1:])
    rows = not unit.engine.script_variables  # there a loop in no block may be around it, whose row stays
    if rows:
        unit.declares = False
        script.forget_kinds()
    of_blocks = _OF_A_BLOCK if rows else ()
    return _ended(unit, tokens, {n for n in script.take_held() if n in gone or local_kind((n,)) in of_blocks})


def begin_routine(
    unit: Unit, tokens: list[Token], name: Name, kind: str, package: Routine | None, *, goes_on: bool
) -> Iterator[Written]:
    """A routine begins, and is the one at hand. An overload, or another version, of one that was there has variables of its own,
    unless it ``goes_on``: a package's body sees what its specification declares."""
    known = unit.routines.get(".".join(name))
    if known is not None and goes_on:
        unit.enter(known)
        return
    if package is not None and not goes_on:
        yield from _shared(tokens, package)
    routine = Routine(name, kind, None if unit.engine.isolated_routines else package or unit.script)
    unit.routines[routine.key] = routine
    unit.enter(routine)
    if known is not None:
        if not unit.engine.overloads:
            unit.facts.forget(name, temporary=False)
        yield from each(_ended(unit, tokens, known.take_held()))


def _shared(tokens: list[Token], package: Routine) -> Iterator[Written]:
    """The variables of a package, or of a routine with local ones, are there from here on: members put into them what the
    others see."""
    names = package.declared - package.shared
    if not names:
        return
    package.shared |= names
    variables = [Local.VARIABLE.marked(name) for name in sorted(names)]
    package.carriers.update(variables)
    given = tuple(Assignment(name, ()) for name in variables)
    yield Written(tokens, StatementKind.ASSIGN, assignments=given, routine=package, anywhere=True)
    for name in sorted(package.records & names):
        columns = package.shapes[name].columns if name in package.shapes else ()
        yield Written(
            tokens, StatementKind.DECLARE, target=package.rows[name], columns=columns, effect=Effect.MAKES, routine=package,
            anywhere=True,
        )  # fmt: skip


def _ended(unit: Unit, tokens: list[Token], names: set[str]) -> Written | None:
    """Nothing of what these held is there any more."""
    if not names:
        return None
    unit.routine.carriers -= names
    gone = tuple(Assignment(name, ()) for name in sorted(names))
    return Written(tokens, StatementKind.ASSIGN, assignments=gone, effect=Effect.ENDS, anywhere=True)
