"""Looking over tokens: names, lists, what a parenthesis closes, where a clause ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlglot.tokens import Token, TokenType

from ray_lineage.compile.sql.lex.kinds import STRINGS, T

Pairs = tuple[frozenset[TokenType], frozenset[TokenType]]
"""What opens, and what closes."""

PARENTHESES: Final[Pairs] = frozenset({T.L_PAREN}), frozenset({T.R_PAREN})
BRACES: Final[Pairs] = frozenset({T.L_BRACE, T.L_BRACKET}), frozenset({T.R_BRACE, T.R_BRACKET})


def closing(tokens: list[Token], i: int) -> int:
    """Index of the parenthesis that closes the one at ``i`` (the last token where it is never closed)."""
    depth = 0
    for j in range(i, len(tokens)):
        kind = tokens[j].token_type
        if kind is T.L_PAREN:
            depth += 1
        elif kind is T.R_PAREN:
            depth -= 1
            if depth == 0:
                return j
    return len(tokens) - 1


def read_name(tokens: list[Token], i: int) -> tuple[list[Token], int]:
    """Name parts from ``i``: ``a.b.c``, ``a..c`` (an empty part is the DOT token itself), ``#t``, ``@t``."""
    parts: list[Token] = []
    n = len(tokens)
    while i < n:
        token = tokens[i]
        if token.token_type in (T.HASH, T.PARAMETER):
            start = token
            text = token.text
            while i + 1 < n and tokens[i + 1].token_type in (T.HASH, T.PARAMETER):
                i += 1
                text += tokens[i].text
            if i + 1 >= n:
                return parts, i
            i += 1
            token = Token(T.VAR, text + tokens[i].text, tokens[i].line, start.col, start.start, tokens[i].end)
        elif token.token_type is T.DOT:
            parts.append(token)
            i += 1
            continue
        elif token.token_type in (T.L_PAREN, T.R_PAREN, T.COMMA, T.SEMICOLON, T.NUMBER) and not parts:
            return [], i
        parts.append(token)
        i += 1
        # `db.-part`-like continuations of BigQuery (`my-project.data.t`)
        while i + 1 < n and tokens[i].token_type is T.DASH and tokens[i].start == tokens[i - 1].end + 1:
            if tokens[i + 1].start != tokens[i].end + 1:
                break
            last = parts[-1]
            parts[-1] = Token(
                T.VAR, last.text + "-" + tokens[i + 1].text, last.line, last.col, last.start, tokens[i + 1].end
            )
            i += 2
        if i < n and tokens[i].token_type is T.DOT:
            i += 1
            continue
        return parts, i
    return parts, i


def list_items(tokens: list[Token], start: int, end: int) -> list[tuple[int, int]]:
    """Ranges between the top-level commas of ``tokens[start:end]``."""
    out: list[tuple[int, int]] = []
    depth = angles = 0
    a = start
    for j in range(start, end):
        kind = tokens[j].token_type
        if kind is T.L_PAREN or kind is T.L_BRACKET:
            depth += 1
        elif kind is T.R_PAREN or kind is T.R_BRACKET:
            depth = max(0, depth - 1)
        elif kind is T.LT:  # of a type, and not a comparison
            angles += angles > 0 or (j > start and tokens[j - 1].token_type in _NESTING)
        elif kind is T.GT:
            angles = max(0, angles - 1)
        elif kind is T.COMMA and depth == 0 and angles == 0:
            if j > a:
                out.append((a, j))
            a = j + 1
    if end > a:
        out.append((a, end))
    return out


_NESTING: Final = frozenset({T.ARRAY, T.MAP, T.STRUCT, T.LIST, T.OBJECT, T.NESTED, T.TABLE, T.ROW, T.VECTOR})


def at_top_level(tokens: list[Token], start: int, wanted: TokenType) -> list[int]:
    return [i for i, token in outermost(tokens, start) if token.token_type is wanted]


def end_of_clause(tokens: list[Token], i: int, ends: frozenset[TokenType]) -> int:
    """Where the clause at ``i`` ends: at one of ``ends`` on its own level, or where its parenthesis closes."""
    depth = 0
    for j in range(i, len(tokens)):
        kind = tokens[j].token_type
        if kind is T.L_PAREN:
            depth += 1
        elif kind is T.R_PAREN:
            depth -= 1
            if depth < 0:
                return j
        elif depth == 0 and j > i and kind in ends:
            return j
    return len(tokens)


def outermost(tokens: list[Token], start: int = 0, end: int | None = None) -> Iterator[tuple[int, Token]]:
    """The tokens that stand in no parentheses opened from ``start`` on, and where."""
    depth = 0
    for i in range(start, len(tokens) if end is None else end):
        token = tokens[i]
        kind = token.token_type
        if kind is T.L_PAREN:
            depth += 1
        elif kind is T.R_PAREN:
            depth -= 1
        elif not depth:
            yield i, token


def levels(
    tokens: list[Token], start: int = 0, end: int | None = None, pairs: Pairs = PARENTHESES
) -> Iterator[tuple[int, Token, int]]:
    """The tokens from ``start`` on, where they stand, and in how many ``pairs``; both of a pair stand in those around it."""
    depth = 0
    opens, closes = pairs
    for i in range(start, len(tokens) if end is None else end):
        token = tokens[i]
        depth -= token.token_type in closes
        yield i, token, depth
        depth += token.token_type in opens


def deepest(tokens: list[Token], pairs: Pairs = PARENTHESES) -> int:
    """How many pairs stand in one another, where most do."""
    opens, closes = pairs
    depth = most = 0
    for token in tokens:
        kind = token.token_type
        if kind in opens:
            depth += 1
            if depth > most:
                most = depth
        elif kind in closes:
            depth -= 1
    return most


def opening(tokens: list[Token], i: int, first: int = 0) -> int:
    """Index of the parenthesis that is closed by the one at ``i``, looked for from there back to ``first`` (that, where none is)."""
    return next((k for k, _, depth in _backwards(tokens, i, first) if depth == 0 and k < i), first)


def outermost_before(tokens: list[Token], i: int) -> Iterator[tuple[int, Token]]:
    """The tokens in front of ``i``, the nearest first, that stand in no parentheses besides those around it."""
    return ((k, token) for k, token, depth in _backwards(tokens, i - 1) if depth == 0)


def _backwards(tokens: list[Token], i: int, first: int = 0) -> Iterator[tuple[int, Token, int]]:
    depth = 0
    for k in range(i, first - 1, -1):
        token = tokens[k]
        depth -= token.token_type is T.L_PAREN
        yield k, token, depth
        depth += token.token_type is T.R_PAREN


def until(tokens: list[Token], start: int, words: tuple[str, ...]) -> list[Token]:
    for i, token in outermost(tokens, start):
        if token.text.upper() in words and token.token_type not in STRINGS:
            return tokens[start:i]
    return tokens[start:]


def after_as(tokens: list[Token], i: int) -> list[Token]:
    at = next((k for k, token in outermost(tokens, i, len(tokens) - 1) if token.token_type is T.ALIAS), -1)
    return tokens[at + 1 :] if at >= 0 else []
