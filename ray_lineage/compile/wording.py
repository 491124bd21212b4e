"""What a text says, without comments, white space and the case of its words: to tell a change from a new layout.

The graph holds no literals, no LEFT or INNER and no DISTINCT: a statement that says something else may have equal rows there.
"""

from __future__ import annotations

import io
import re
import tokenize
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal, NamedTuple

from ray_lineage.model import FileFacts, StatementFacts

_WORDS: Final = re.compile(r"\w+|[^\w\s]")
_WHOLE_ROWS: Final = frozenset({"DISTINCT", "UNION", "EXCEPT", "INTERSECT", "MINUS", "QUALIFY"})
"""Where these are, a value decides which rows there are."""
_MULTIPLIES: Final = frozenset({"UNNEST", "EXPLODE", "FLATTEN", "GENERATE_SERIES", "TOP", "POSEXPLODE", "JSON_EACH", "REGEXP_MATCHES"})  # fmt: skip


Language = Literal["sql", "python", "other"]


class Word(NamedTuple):
    """``listed``: in the select list (or the SET clause) of the statement itself."""

    text: str
    listed: bool = False


Wording = tuple[Word, ...]


class Worded(NamedTuple):
    """``statements`` as the facts have them; ``rest``: what stands in none of them; ``whole``: all of it, in its order."""

    statements: list[Wording]
    rest: tuple[str, ...]
    whole: tuple[str, ...]


def worded(text: str, facts: FileFacts, language: Language) -> Worded:
    """The words of a file by its statements."""
    words, tokens = _READERS[language](text, facts.dialect)
    starts = [at for at, _ in words]
    lines = _line_starts(text)
    spans = [_span(s, lines, len(text)) for s in facts.statements]
    found: list[Wording] = []
    covered: set[int] = set()
    for first, last in spans:
        begin, end = bisect_left(starts, first), bisect_right(starts, last)
        covered.update(range(begin, end))
        listed = _listed(tokens[begin:end]) if tokens else frozenset[int]()
        found.append(tuple(Word(words[i][1], i - begin in listed) for i in range(begin, end)))
    rest = tuple(word for i, (_, word) in enumerate(words) if i not in covered)
    return Worded(found, rest, tuple(word for _, word in words))


def is_confined(before: Wording, after: Wording) -> bool:
    """Do two statements differ in values of their own select list alone, so that the rows are the same?"""
    words = {w.text for w in (*before, *after)}
    if words & _WHOLE_ROWS:
        return False
    start = 0
    while start < min(len(before), len(after)) and before[start].text == after[start].text:
        start += 1
    end = 0
    while end < min(len(before), len(after)) - start and before[-1 - end].text == after[-1 - end].text:
        end += 1
    changed = (*before[start : len(before) - end], *after[start : len(after) - end])
    return all(w.listed and w.text not in _MULTIPLIES for w in changed)


def _of_sql(text: str, dialect: str) -> tuple[list[tuple[int, str]], Sequence[Any]]:
    from ray_lineage.compile.sql.engines import engine_of
    from ray_lineage.compile.sql.lex.kinds import LITERALS, T
    from ray_lineage.compile.sql.lex.tokens import tokenize as tokens_of

    read, unread = tokens_of(text, engine_of(dialect))
    if unread:
        return _plain(text), []
    exact = {*LITERALS, T.IDENTIFIER}
    words: list[tuple[int, str]] = []
    tokens: list[Any] = []
    for token in read:
        at = text.find(token.text, token.start) if token.token_type is T.HEREDOC_STRING else -1
        if at >= 0:  # the body of a procedure
            inner, more = _of_sql(token.text, dialect)
            words.extend((at + start, word) for start, word in inner)
            tokens.extend(more or [token] * len(inner))
        else:
            tokens.append(token)
            literal = token.token_type in exact
            words.append((token.start, f"{token.token_type.value}:{token.text}" if literal else token.text.upper()))
    return words, tokens


def _of_python(text: str, dialect: str) -> tuple[list[tuple[int, str]], Sequence[Any]]:
    lines = _line_starts(text)
    found: list[tuple[int, str]] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type not in (tokenize.COMMENT, tokenize.NL):
                start = _offset(lines, *token.start, len(text)) + 1
                found.extend((start + at, word) for at, word in _plain(token.string))
    except (tokenize.TokenError, SyntaxError):
        return _plain(text), []
    return found, []


def _of_others(text: str, dialect: str) -> tuple[list[tuple[int, str]], Sequence[Any]]:
    return _plain(text), []


_READERS: Final = {"sql": _of_sql, "python": _of_python, "other": _of_others}


def _plain(text: str) -> list[tuple[int, str]]:
    return [(m.start(), m.group()) for m in _WORDS.finditer(text)]


def _listed(tokens: Sequence[Any]) -> frozenset[int]:
    """Numbers of the tokens in lists that are in no parenthesis."""
    from ray_lineage.compile.sql.excerpt import item_ranges
    from ray_lineage.compile.sql.lex.kinds import T

    depth, outside = 0, [0] * len(tokens)
    for i, token in enumerate(tokens):
        kind = token.token_type
        depth += (kind is T.L_PAREN) - (kind is T.R_PAREN)
        outside[i] = depth
    found: set[int] = set()
    last = -2
    for _, _, begin, end in sorted(item_ranges(list(tokens)), key=lambda item: item[2]):
        if begin < last or outside[begin] - (tokens[begin].token_type is T.L_PAREN):
            continue
        found.update(range(begin - (begin == last + 1), end))  # with the comma in front
        last = end
    return frozenset(found)


def _line_starts(text: str) -> list[int]:
    return [0, *(m.end() for m in re.finditer("\n", text))]


def _span(statement: StatementFacts, lines: Sequence[int], length: int) -> tuple[int, int]:
    """Offsets of its first and last character; of whole lines where its columns are not known."""
    first = _offset(lines, statement.first_line, statement.first_column or 1, length)
    if not statement.last_column:
        return first, _offset(lines, statement.last_line + 1, 1, length) - 1
    return first, _offset(lines, statement.last_line, statement.last_column, length)


def _offset(lines: Sequence[int], line: int, column: int, length: int) -> int:
    return lines[line - 1] + column - 1 if 0 < line <= len(lines) else length


def texts(wording: Iterable[Word]) -> tuple[str, ...]:
    """The words alone."""
    return tuple(w.text for w in wording)
