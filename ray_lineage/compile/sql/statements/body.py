"""A routine's body in dollar quotes or in a string."""

from __future__ import annotations

from typing import Final

from sqlglot.tokens import Token

from ray_lineage.compile.sql.lex.kinds import T
from ray_lineage.compile.sql.lex.tokens import shifted, start_line, tokenize
from ray_lineage.compile.sql.statements.lifetimes import leave_block
from ray_lineage.compile.sql.unit import Unit, Written


def read_body(unit: Unit, tokens: list[Token]) -> Written | None:
    """A body in dollar quotes (or a string) is text of its own, at its place in the file."""
    language = next(
        (tokens[i + 1].text.upper() for i, t in enumerate(tokens[:-1]) if t.text.upper() == "LANGUAGE"), "SQL"
    )
    if language not in ("SQL", "PLPGSQL"):
        unit.facts.note("RL112", "info", f"a body in {language.title()} is not read", start_line(tokens[0]))
        return None
    for token in tokens:
        if token.token_type not in BODIES or len(token.text) < 8:
            continue
        inner = token.text
        start = unit.text.find(inner, token.start)
        if start < 0 or start > token.end:
            continue
        found, diagnostics = tokenize(inner, unit.engine)
        lines = start_line(token) - 1 + unit.text.count("\n", token.start, start)
        for d in diagnostics:
            unit.facts.note(d.code, d.severity, d.message, d.line + lines, d.column)
        for t in found:
            t.col = _column(unit, t, start)
        unit.run([shifted(t, lines, start) for t in found])
        return leave_block(unit, tokens) if unit.routine.is_script else None
    return None


def _column(unit: Unit, token: Token, start: int) -> int:
    """The column of a token of a text that begins at ``start`` of the one at hand; 0: not known."""
    if unit.nested:
        return 0
    if unit.host is not None:
        return unit.host.at(start + token.end)[1]
    return int(token.col) + (start - unit.text.rfind("\n", 0, start) - 1 if token.line == 1 else 0)


BODIES: Final = frozenset({T.HEREDOC_STRING, T.STRING, T.RAW_STRING})
