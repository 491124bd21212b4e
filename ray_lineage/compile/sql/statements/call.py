"""Functions and procedures that are called in passing."""

from __future__ import annotations

from typing import Final

from sqlglot.tokens import Token

from ray_lineage.compile.sql.lex.kinds import STRINGS, T
from ray_lineage.compile.sql.lex.scan import closing, read_name
from ray_lineage.compile.sql.lex.tokens import start_line
from ray_lineage.compile.sql.unit import Unit
from ray_lineage.model import SYSTEM_SCHEMAS, Name


def functions_in(unit: Unit, tokens: list[Token]) -> dict[Name, int]:
    """Functions that are called in tokens which are not parsed: conditions, assignments, defaults."""
    found: dict[Name, int] = {}
    kinds = [t.token_type for t in tokens]
    if T.DOT not in kinds:
        return found
    for i in range(2, len(tokens) - 1):
        if (
            kinds[i + 1] is not T.L_PAREN
            or kinds[i - 1] is not T.DOT
            or kinds[i] in STRINGS
            or kinds[i - 2] not in _NAMES
            or tokens[i].text.upper() in unit.engine.methods
        ):
            continue
        start = i - 2
        while start >= 2 and tokens[start - 1].token_type is T.DOT and tokens[start - 2].token_type in _NAMES:
            start -= 2
        before = tokens[start - 1] if start else None
        if before is not None and (before.token_type is T.PARAMETER or before.text.upper() in _NO_CALL_AFTER):
            continue
        hint = tokens[i + 2].text.upper() if i + 2 < len(tokens) else ""
        if hint in unit.engine.hints and before is not None and before.token_type is T.FROM:
            continue
        name = tuple(unit.part(t) for t in tokens[start : i + 1] if t.token_type is not T.DOT)
        if name[-2] not in SYSTEM_SCHEMAS:
            found.setdefault(name, tokens[start].line)
    return found


_NO_CALL_AFTER: Final = frozenset(
    {"INTO", "TABLE", "REFERENCES", "ON", "EXEC", "EXECUTE", "INSERT", "JOIN", "UPDATE", "INDEX"}
)
_NAMES: Final = frozenset({T.VAR, T.IDENTIFIER})


def call_of_a_package(unit: Unit, tokens: list[Token]) -> None:
    """``package.procedure(arguments)`` as a statement of PL/SQL."""
    if not unit.engine.package_calls or tokens[0].token_type is not T.VAR:
        return
    parts, i = read_name(tokens, 0)
    if not parts or i >= len(tokens) or tokens[i].token_type is not T.L_PAREN or closing(tokens, i) != len(tokens) - 1:
        return
    first = parts[0].text.upper()
    caller = unit.routine.name
    if len(parts) > 1 and unit.part(parts[0]) in unit.routine.variables():
        return  # a method of a collection or an object
    if not caller or first in _NO_PROGRAMS or first.startswith(_SUPPLIED):
        return
    unit.facts.call(caller, unit.full(parts), tokens[0].line)


_NO_PROGRAMS: Final = frozenset({"RAISE_APPLICATION_ERROR", "PIPE", "RAISE", "RETURN", "COMMIT", "ROLLBACK", "EXIT"})
_SUPPLIED: Final = ("DBMS_", "UTL_", "APEX_", "HTP", "OWA_", "SDO_")


def functions_called(unit: Unit, tokens: list[Token]) -> None:
    """Calls of functions in what is not parsed."""
    found = functions_in(unit, tokens)
    if found and "CURSOR" not in [t.text.upper() for t in tokens[:12]]:  # its query is parsed
        unit.calls(found, unit.routine.name, start_line(tokens[0]))
