"""SQL in strings: what runs is compiled as well, as far as its text is written down."""

from __future__ import annotations

from collections.abc import Generator
from typing import Final

from sqlglot.tokens import Token

from ray_lineage.compile.sql.constants import UNKNOWN, Text, text_of
from ray_lineage.compile.sql.lex.kinds import T
from ray_lineage.compile.sql.lex.scan import closing, list_items, until
from ray_lineage.compile.sql.lex.tokens import start_line, tokenize
from ray_lineage.compile.sql.names import NOBODY
from ray_lineage.compile.sql.statements.lifetimes import declare_name
from ray_lineage.compile.sql.statements.variables import assign
from ray_lineage.compile.sql.unit import Sink, Unit, Written, each
from ray_lineage.model import VARIABLES, StatementKind

_MAX_NESTED: Final = 4  # dynamic SQL in dynamic SQL


def name_by_text(unit: Unit, tokens: list[Token], verb: str) -> list[Token]:
    """``IDENTIFIER($v)`` and ``TABLE($v)`` -> the name, where the text is known."""
    out: list[Token] = []
    i, n = 0, len(tokens)
    while i < n:
        token = tokens[i]
        word = token.text.upper()
        end = closing(tokens, i + 1) if i + 2 < n and tokens[i + 1].token_type is T.L_PAREN else 0
        of_table = word == "TABLE" and end == i + 4 and tokens[i + 2].token_type in (T.PARAMETER, T.COLON)
        if not end or not (word == "IDENTIFIER" or of_table) or token.token_type is T.IDENTIFIER:
            out.append(token)
            i += 1
            continue
        value = tokens[i + 2 : end]
        text = text_of(value, next(iter(unit.routine.known_texts(value, unit.path))))
        if text.complete and text.text.strip():
            for part in tokenize(text.text, unit.engine)[0]:
                out.append(Token(part.token_type, part.text, token.line, token.col, token.start, tokens[end].end))
        elif verb in _NAMING:
            out.append(Token(T.VAR, NOBODY[0], token.line, token.col, token.start, tokens[end].end))
        else:
            out.extend(tokens[i : end + 1])  # the parser knows the form
        i = end + 1
    return out


_NAMING: Final = frozenset({"CREATE", "ALTER", "DROP", "TRUNCATE", "USE", "HEADER", "COPY"})


def run_text(
    unit: Unit,
    value: list[Token],
    tokens: list[Token],
    into: Sink | None,
    binds: list[str] | None = None,
    mark: str = "",
) -> Written | None:
    """The SQL in it says what it says; if it is not known, what it writes into is written all the same. ``mark`` stands in the
    text for something that is not known."""
    texts = [text_of(value, known) for known in unit.routine.known_texts(value, unit.path)] if value else []
    if mark:
        texts = [
            t._replace(text=t.text.replace(mark, UNKNOWN), complete=t.complete and mark not in t.text) for t in texts
        ]
    found = dict.fromkeys(t for t in texts if t.known and t.text.strip())
    if not found:
        unresolved(unit, tokens, "its text is not written down as constants")
        if into is not None and into[0] != VARIABLES:
            return Written(tokens, StatementKind.INSERT, unit.builder(), target=into[0])
        return None
    if unit.nested >= _MAX_NESTED:
        unresolved(unit, tokens, "it is nested too deeply")
        return None
    unit.routine.texts_run.update(text.text for text in found)
    for text in found:
        run_inside(unit, text, (start_line(value[0]), tokens[-1].line), into, binds)
    return None


def run_inside(
    unit: Unit,
    found: Text,
    lines: tuple[int, int],
    into: Sink | None = None,
    binds: list[str] | None = None,
) -> None:
    """Compile SQL that stands in a string, between ``lines``. What cannot be read in it is a warning: it may be no SQL."""
    first, last = lines
    inner, _ = tokenize(found.text, unit.engine)
    for token in inner:  # the string may be put together of several: its lines are near, its columns are nowhere
        token.line, token.col = min(token.line + first - 1, last), 0
    with unit.inside(found.text, into, complete=found.complete):
        unit.run(_bound(inner, binds or []))


def unresolved(unit: Unit, tokens: list[Token], why: str) -> None:
    unit.facts.note("RL110", "warning", f"dynamic SQL was not resolved: {why}", tokens[0].line)


def into_variables(unit: Unit, tokens: list[Token], start: int) -> Sink | None:
    """``INTO v, w`` of EXECUTE: the sink that takes a result into variables."""
    value = until(tokens, start, ("INTO",))
    at = start + len(value)
    if at >= len(tokens):
        return None
    end = at + len(until(tokens, at, ("USING",)))
    unit.into = [tokens[a:b] for a, b in list_items(tokens, at + 1, end)]
    if unit.into and unit.into[0] and unit.into[0][0].text.upper() == "STRICT":
        unit.into[0] = unit.into[0][1:]
    return VARIABLES, ()


def binds_of(unit: Unit, tokens: list[Token]) -> Generator[Written, None, list[str]]:
    """``USING a, b``: variables of this statement alone that hold the values, by position."""
    value = until(tokens, 1, ("USING",))
    at = 1 + len(value)
    names: list[str] = []
    for a, b in list_items(tokens, at + 1, len(tokens)):
        while a < b and tokens[a].text.upper() in ("IN", "OUT", "INOUT"):
            a += 1
        end = next((k for k in range(a, b) if tokens[k].token_type is T.ALIAS), b)
        unit.bound += 1
        names.append(f"bind{unit.bound}")
        declare_name(unit, names[-1])
        if a < end:
            yield from each(assign(unit, names[-1], tokens[a:end]))
    return names


def _bound(tokens: list[Token], binds: list[str]) -> list[Token]:
    """The text with its placeholders (``$1``, ``:1``, ``:name``, ``?``) replaced by the variables that hold their values."""
    if not binds:
        return tokens
    out: list[Token] = []
    seen: dict[str, int] = {}
    i = 0
    while i < len(tokens):
        token = tokens[i]
        kind = token.token_type
        position = -1
        width = 2
        following = tokens[i + 1] if i + 1 < len(tokens) else None
        if kind is T.PLACEHOLDER:
            position, width = seen.setdefault(f"?{i}", len(seen)), 1
        elif following is not None and following.start == token.end + 1:
            if kind is T.PARAMETER and following.token_type is T.NUMBER:
                position = int(following.text) - 1
            elif kind is T.COLON and following.token_type in (T.NUMBER, T.VAR):
                position = seen.setdefault(f":{i}", len(seen))
        if 0 <= position < len(binds):
            out.append(Token(T.VAR, binds[position], token.line, token.col, token.start, token.end))
            i += width
        else:
            out.append(token)
            i += 1
    return out
