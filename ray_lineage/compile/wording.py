"""What a text says, without comments, white space and the case of its words: to tell a change from a new layout.

The graph holds no literals, no LEFT or INNER and no DISTINCT: a statement that says something else may have equal rows there.
"""

from __future__ import annotations

import io
import re
import tokenize
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from ray_lineage.model import FileFacts, StatementFacts

if TYPE_CHECKING:
    from ray_lineage.compile.sql.engine import Engine

_WORDS: Final = re.compile(r"\w+|[^\w\s]")
_NAME: Final = re.compile(r"[^\W\d]\w*")
_NAMES: Final = 1 << 12
"""Names in quotes that are remembered."""
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


def difference(before: Wording, after: Wording) -> str:
    """What is another one, where that can be told."""
    old, new = Counter(texts(before)), Counter(texts(after))
    told = [f"{w} is {'new' if new[w] else 'gone'}" for w in sorted(_WHOLE_ROWS) if bool(old[w]) != bool(new[w])]
    if is_confined(before, after):
        told.append("in what it selects or sets, and nowhere else")
    return ": ".join(["its text is another one", ", ".join(told)] if told else ["its text is another one"])


def _of_sql(text: str, dialect: str) -> tuple[list[tuple[int, str]], Sequence[Any]]:
    from ray_lineage.compile.sql.engines import engine_of
    from ray_lineage.compile.sql.lex.kinds import LITERALS, T
    from ray_lineage.compile.sql.lex.tokens import tokenize as tokens_of

    engine = engine_of(dialect)
    read, unread = tokens_of(text, engine)
    if unread:
        return _plain(text), []
    if engine.settled is not None:
        read = engine.settled(read, text)
    words: list[tuple[int, str]] = []
    tokens: list[Any] = []
    for token in read:
        at = text.find(token.text, token.start) if token.token_type is T.HEREDOC_STRING else -1
        if at >= 0:  # the body of a procedure
            inner, more = _of_sql(token.text, dialect)
            words.extend((at + start, word) for start, word in inner)
            tokens.extend(more or [token] * len(inner))
        elif token.token_type is T.IDENTIFIER:
            named = _named(token.text, engine)
            words.extend((token.start, word) for word in named)
            tokens.extend([token] * len(named))
        else:
            tokens.append(token)
            literal = token.token_type in LITERALS
            words.append((token.start, f"{token.token_type.value}:{token.text}" if literal else token.text.upper()))
    return words, tokens


@lru_cache(_NAMES)
def _named(text: str, engine: Engine) -> tuple[str, ...]:
    """A name in quotes as it is without them, where that is the same name; else with what tells it from others."""
    from ray_lineage.compile.sql.lex.kinds import T

    parts = text.split(".") if engine.dotted_quotes else [text]
    words = (p.upper() if _is_plain(p, engine) else f"{T.IDENTIFIER.value}:{engine.fold(p, True)}" for p in parts)
    return tuple(word for n, one in enumerate(words) for word in ((".", one) if n else (one,)))


def _is_plain(name: str, engine: Engine) -> bool:
    """Is it the same name without quotes? A word of the grammar or of a function (NULL, LEFT, CURRENT_DATE) is something else."""
    from ray_lineage.compile.sql.lex.kinds import T
    from ray_lineage.compile.sql.lex.tokens import tokenize as tokens_of

    if (
        not _NAME.fullmatch(name)
        or name.lower() in engine.no_columns
        or engine.fold(name, True) != engine.fold(name, False)
    ):
        return False
    read, _ = tokens_of(name, engine)
    return len(read) == 1 and read[0].token_type in (T.VAR, T.DATE, T.TIME, T.TIMESTAMP, T.TEXT)


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
