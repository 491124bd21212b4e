"""Where the items of select lists and SET clauses stand, for the text of an expression."""

from __future__ import annotations

from bisect import bisect_right
from operator import itemgetter
from typing import Final

from sqlglot.tokens import Token

from ray_lineage.compile.sql.lex.kinds import T

_OPENS: Final = frozenset({T.SELECT, T.SET})
_CLOSES: Final = frozenset({
    T.FROM, T.INTO, T.WHERE, T.UNION, T.EXCEPT, T.INTERSECT, T.GROUP_BY, T.ORDER_BY, T.HAVING, T.LIMIT, T.WHEN, T.RETURNING,
})  # fmt: skip
_MARKS: Final = _OPENS | _CLOSES | {T.L_PAREN, T.R_PAREN, T.COMMA, T.CASE, T.END}
_START: Final = itemgetter(0)


Item = tuple[int, int, int, int]
"""Offsets of the first and last character, and the range ``begin:end`` of its tokens, an alias included."""


class _List:
    """A list that is not over: how deep it stands, where its item at hand begins, how many CASE of that are open."""

    __slots__ = ("begin", "case", "depth")

    def __init__(self, depth: int, begin: int) -> None:
        self.depth = depth
        self.begin = begin
        self.case = 0


def item_ranges(tokens: list[Token]) -> list[Item]:
    """All items of all lists of a statement, by their start; one pass."""
    found: list[Item] = []
    lists: list[_List] = []
    depth = 0

    def close(end: int) -> None:
        begin = lists[-1].begin
        if end > begin:
            found.append((tokens[begin].start, tokens[end - 1].end, begin, end))

    marks = _MARKS
    for i, token in enumerate(tokens):
        kind = token.token_type
        if kind not in marks:
            continue
        if kind is T.L_PAREN:
            depth += 1
        elif kind is T.R_PAREN:
            depth -= 1
            if lists and lists[-1].depth > depth:
                close(i)
                lists.pop()
        elif kind in _OPENS:
            if lists and lists[-1].depth == depth:
                close(i)
                lists.pop()
            lists.append(_List(depth, i + 1))
        elif lists and lists[-1].depth == depth:
            if kind is T.CASE:
                lists[-1].case += 1
            elif kind is T.END:
                lists[-1].case -= 1
            elif kind is T.COMMA:
                close(i)
                lists[-1].begin = i + 1
            elif kind in _CLOSES and not lists[-1].case:
                close(i)
                lists.pop()
    while lists:
        close(len(tokens))
        lists.pop()
    found.sort()
    return found


def innermost(items: list[Item], tokens: list[Token], offset: int) -> tuple[int, int] | None:
    """Token range of the smallest item around an offset, without its alias. ``items`` are those of ``tokens``."""
    i = bisect_right(items, offset, key=_START) - 1
    while i >= 0:
        _, last, begin, end = items[i]
        if last >= offset:
            return _without_alias(tokens, begin, end)
        i -= 1
    return None


def _without_alias(tokens: list[Token], begin: int, end: int) -> tuple[int, int]:
    """``expression AS name`` and ``name = expression``."""
    if end - begin > 2 and tokens[end - 2].token_type is T.ALIAS:
        return begin, end - 2
    for i in range(begin, min(begin + 6, end - 1)):
        if tokens[i].token_type in (T.L_PAREN, T.CASE):
            break
        if tokens[i].token_type is T.EQ:
            return i + 1, end
    return begin, end
