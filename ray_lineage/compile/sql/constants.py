"""SQL in strings: what text does an expression of constants and variables give?

Only what is written down is used: string constants, their concatenations, and variables whose value is such a text. What is
unknown becomes a placeholder name, so that the rest can still be read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from sqlglot.tokens import Token

from ray_lineage.compile.branches import dominates, ended, excludes
from ray_lineage.compile.sql.lex.kinds import STRINGS, T
from ray_lineage.compile.sql.lex.scan import closing, list_items, outermost
from ray_lineage.model import UNKNOWN as UNKNOWN  # for all who read SQL

_JOINS: Final = frozenset({T.PLUS, T.DPIPE})
_MAX_TEXT: Final = 200_000  # characters
_WRAPPERS: Final = frozenset({"N", "CONCAT", "CAST", "CONVERT", "RTRIM", "LTRIM", "TRIM"})
_CHOICES: Final = frozenset({"ISNULL", "COALESCE", "NVL", "IFNULL"})
_QUOTERS: Final = frozenset({"QUOTENAME", "QUOTE_IDENT", "QUOTE_LITERAL"})


class Text(NamedTuple):
    """``complete`` is False where part of it is unknown; ``known`` where any of it is known."""

    text: str
    complete: bool
    known: bool


NOTHING: Final = Text(UNKNOWN, False, False)
_MAX_TEXTS: Final = 4  # that a variable may hold, by the branch taken


class Texts:
    """What texts the variables of one program may hold, by the branches in which they were assigned."""

    def __init__(self) -> None:
        self._assigned: dict[str, list[tuple[tuple[int, ...], tuple[Text, ...]]]] = {}

    def assign(self, name: str, path: tuple[int, ...], texts: tuple[Text, ...]) -> None:
        """The variable holds one of ``texts`` from here on, at ``path``."""
        known = self._assigned.setdefault(name, [])
        known[:] = [entry for entry in known if entry[0][: len(path)] != path]
        known.append((path, texts))

    def clear(self) -> None:
        """No variable holds anything any more."""
        self._assigned.clear()

    def forget(self, name: str) -> None:
        """There is no such variable any more."""
        self._assigned.pop(name, None)

    def __bool__(self) -> bool:
        return bool(self._assigned)

    def knows(self, name: str) -> bool:
        """Was the variable assigned?"""
        return name in self._assigned

    def variants(self, tokens: list[Token], path: tuple[int, ...]) -> list[dict[str, Text]]:
        """What the variables that ``tokens`` name hold at ``path``: every text of each is in one variant at least."""
        known = self._assigned
        if not known:
            return [{}]
        written = {t.text.lower() for t in tokens if t.token_type not in STRINGS}
        held = {n: self._held(known[n], path) for word in written for n in (word, "@" + word) if n in known}
        most = max(1, *map(len, held.values())) if held else 1
        if sum(len(texts) > 1 for texts in held.values()) > 1:  # which of them go together is not known
            held = {n: [x._replace(complete=False) for x in texts] for n, texts in held.items()}
        return [{n: texts[min(k, len(texts) - 1)] for n, texts in held.items() if texts} for k in range(most)]

    @staticmethod
    def _held(entries: list[tuple[tuple[int, ...], tuple[Text, ...]]], path: tuple[int, ...]) -> list[Text]:
        seen: dict[Text, None] = {}
        # branches of which both, or the one that we are in, were assigned; or that end before
        closed = {ended(where, path) for where, _ in entries}
        for where, texts in reversed(entries):
            if excludes(where, path):
                continue
            seen.update(dict.fromkeys(texts))
            if dominates(where, path, closed):
                break
        found = sorted(seen, key=lambda t: -len(t.text))
        kept = [t for k, t in enumerate(found) if not any(o.text.startswith(t.text) for o in found[:k])]
        return [t if len(kept) <= _MAX_TEXTS else t._replace(complete=False) for t in kept[:_MAX_TEXTS]]


def text_of(tokens: list[Token], variables: Mapping[str, Text]) -> Text:
    """Value of an expression: operands joined by ``+``, ``||`` or CONCAT's commas."""
    if len(tokens) >= 2 and tokens[0].token_type is T.L_PAREN and closing(tokens, 0) == len(tokens) - 1:
        return text_of(tokens[1:-1], variables)
    parts = [_operand(part, variables) for part in _parts(tokens)]
    if not parts:
        return NOTHING
    if len(parts) == 1 and len(parts[0].text) <= _MAX_TEXT:
        return parts[0]
    text = "".join([p.text for p in parts])[:_MAX_TEXT]
    return Text(text, all(p.complete for p in parts), any(p.known for p in parts))


def _parts(tokens: list[Token]) -> list[list[Token]]:
    if _JOINS.isdisjoint([t.token_type for t in tokens]):
        return [tokens] if tokens else []
    out: list[list[Token]] = []
    start = case = 0
    for i, token in outermost(tokens):
        kind = token.token_type
        case += (kind is T.CASE) - (kind is T.END)
        if case == 0 and kind in _JOINS:
            out.append(tokens[start:i])
            start = i + 1
    return [p for p in (*out, tokens[start:]) if p]


def _operand(tokens: list[Token], variables: Mapping[str, Text]) -> Text:
    first = tokens[0]
    if len(tokens) == 1 and first.token_type in STRINGS:
        return Text(first.text, True, True)
    if len(tokens) == 1 and first.token_type is T.NUMBER:
        return Text(first.text, True, False)
    if first.token_type is T.PARAMETER and len(tokens) == 2:
        name = tokens[1].text.lower()
        return variables.get("@" + name) or variables.get(name, NOTHING)  # $v of Snowflake
    if len(tokens) == 1:
        return variables.get(first.text.lower(), NOTHING)
    if first.token_type is T.COLON and len(tokens) == 2:  # :v of Snowflake
        return variables.get(tokens[1].text.lower(), NOTHING)
    if first.token_type is T.L_PAREN and closing(tokens, 0) == len(tokens) - 1:
        return text_of(tokens[1:-1], variables)
    if first.token_type is T.CASE:
        return _branch(tokens, variables)
    if tokens[1].token_type is T.L_PAREN and closing(tokens, 1) == len(tokens) - 1:
        word = first.text.upper()
        inner = tokens[2:-1]
        if word in ("CHAR", "CHR", "NCHAR"):
            return Text(_character(inner), True, False)
        if word in ("SPACE", "REPLICATE"):
            return Text(" ", True, False)
        if word == "REPLACE":
            return _replaced(inner, variables)
        if word == "FORMATMESSAGE":
            return _formatted(inner, variables)
        if word == "IIF":
            return _longest([text_of(a, variables) for a in _arguments(inner)[1:]])
        if word == "CONCAT":
            return _concatenated(inner, variables)
        if word == "FORMAT":
            return _format(inner, variables)
        if word in _QUOTERS:
            found = text_of(_first_argument(inner), variables)
            return _quoted(found, word, len(_arguments(inner))) if found.complete else NOTHING
        if word in _CHOICES:
            return text_of(_first_argument(inner), variables)._replace(complete=False)
        if word == "CONVERT" and len(_arguments(inner)) > 1 and inner[0].token_type not in (T.PARAMETER, *STRINGS):
            return text_of(_arguments(inner)[1], variables)  # T-SQL: the type comes first
        if word in _WRAPPERS:
            return text_of(_first_argument(inner), variables)
    return NOTHING


def _character(tokens: list[Token]) -> str:
    code = int(tokens[0].text) if len(tokens) == 1 and tokens[0].text.isdigit() else 32
    return "\n" if code in (10, 13) else chr(code) if 32 <= code < 0xD800 else " "


def _quoted(found: Text, word: str, arguments: int) -> Text:
    """T-SQL's QUOTENAME gives a name in brackets; with a second argument it mostly gives a string."""
    if word != "QUOTENAME":
        return found
    text = found.text
    return found._replace(text=f"'{text}'" if arguments > 1 else "[" + text.replace("]", "]]") + "]")


def _replaced(tokens: list[Token], variables: Mapping[str, Text]) -> Text:
    """``REPLACE(text, old, new)``; collations mostly compare without case."""
    found = [text_of(a, variables) for a in _arguments(tokens)]
    if len(found) != 3 or not found[1].complete or not found[1].text:
        return found[0]._replace(complete=False) if found else NOTHING
    text, old, new = found
    changed = re.sub(re.escape(old.text), lambda _: new.text, text.text, flags=re.IGNORECASE)
    return Text(changed[:_MAX_TEXT], text.complete and (new.complete or changed == text.text), text.known)


def _formatted(tokens: list[Token], variables: Mapping[str, Text]) -> Text:
    """``FORMATMESSAGE('... %s ...', value)``."""
    form, *values = [text_of(a, variables) for a in _arguments(tokens)] or [NOTHING]
    pieces = re.split(r"%[-+ #0]*\d*[sdiuxX]", form.text)
    given = [*values, *[NOTHING] * len(pieces)][: len(pieces) - 1]
    text = "".join(x for piece, v in zip(pieces, [*(v.text for v in given), ""], strict=True) for x in (piece, v))
    return Text(text[:_MAX_TEXT], form.complete and all(v.complete for v in given), form.known)


def _longest(found: list[Text]) -> Text:
    """Which of several texts is taken is not known: the longest says most (one with an empty name is not meant)."""
    best = max(found, key=lambda t: (t.known, "[]" not in t.text, len(t.text)), default=NOTHING)
    return best._replace(complete=best.complete and len(found) == 1)


def _branch(tokens: list[Token], variables: Mapping[str, Text]) -> Text:
    """Of a CASE the longest result stands for all."""
    found: list[Text] = []
    start = -1
    case = 0
    for i, token in outermost(tokens):
        kind = token.token_type
        case += (kind is T.CASE) - (kind is T.END)
        if case > 1:
            continue
        if start >= 0 and (kind in (T.WHEN, T.ELSE) or case == 0):
            found.append(text_of(tokens[start:i], variables))
            start = -1
        if kind in (T.THEN, T.ELSE):
            start = i + 1
    return _longest(found)._replace(complete=False)


def _arguments(tokens: list[Token]) -> list[list[Token]]:
    end = next((i for i, token in outermost(tokens) if token.token_type is T.ALIAS), len(tokens))  # CAST(x AS type)
    return [tokens[a:b] for a, b in list_items(tokens, 0, end)]


_SPECIFIER: Final = re.compile(r"%(?:(\d+)\$)?[-+ #0']*\d*(?:\.\d+)?([sILtTdioxXfFeEgGpP%])")


def _format(tokens: list[Token], variables: Mapping[str, Text]) -> Text:
    """``format('... %I ... %s', a, b)`` of Postgres and BigQuery."""
    arguments = _arguments(tokens)
    if not arguments:
        return NOTHING
    pattern = text_of(arguments[0], variables)
    values = [text_of(a, variables) for a in arguments[1:]]
    if not pattern.known:
        return NOTHING
    taken = 0
    complete = pattern.complete

    def value(found: re.Match[str]) -> str:
        nonlocal taken, complete
        if found.group(2) == "%":
            return "%"
        at = int(found.group(1)) - 1 if found.group(1) else taken
        taken = at + 1
        given = values[at] if 0 <= at < len(values) else NOTHING
        if found.group(2) in "LT":
            return "'" + given.text.replace("'", "''") + "'"  # a constant, whatever it is
        complete = complete and given.complete
        return given.text

    text = _SPECIFIER.sub(value, pattern.text)
    return Text(text[:_MAX_TEXT], complete, True)


def _first_argument(tokens: list[Token]) -> list[Token]:
    arguments = _arguments(tokens)
    return arguments[0] if arguments else []


def _concatenated(tokens: list[Token], variables: Mapping[str, Text]) -> Text:
    parts = [text_of(a, variables) for a in _arguments(tokens)]
    if not parts:
        return NOTHING
    return Text("".join(p.text for p in parts)[:_MAX_TEXT], all(p.complete for p in parts), any(p.known for p in parts))
