"""Tokens of one statement -> its syntax tree: limits, rewrites where the grammar has gaps, and what went wrong."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Final, NamedTuple

import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel, ParseError, SqlglotError
from sqlglot.expressions import Expression
from sqlglot.tokens import Token

from ray_lineage.compile.sql.constants import UNKNOWN
from ray_lineage.compile.sql.engine import Engine, Rewrite, Rule
from ray_lineage.compile.sql.excerpt import Item, innermost, item_ranges
from ray_lineage.compile.sql.facts import excerpt
from ray_lineage.compile.sql.lex.kinds import LITERALS, T
from ray_lineage.compile.sql.lex.scan import deepest
from ray_lineage.compile.sql.lex.tokens import dialect_of, like
from ray_lineage.compile.sql.names import Names
from ray_lineage.compile.sql.words import Lowered

_MAX_DEPTH: Final = 200  # nested parentheses in one statement; the parser fails at about 500, and crashes far above
_MAX_TOKENS: Final = 400_000  # of one statement
_MANY_JOINS: Final = 6  # of one statement
_JOINS: Final = frozenset({T.JOIN, T.STRAIGHT_JOIN})
_SIDES: Final = frozenset({T.LEFT, T.RIGHT, T.FULL, T.INNER, T.OUTER})
_ON_THEIR_OWN: Final = frozenset({T.CROSS, T.NATURAL, T.ARRAY, T.ASOF, T.SEMI, T.ANTI})
_EXPRESSION: Final = 160  # characters of an expression's text


class Excerpts:
    """Texts of a statement's expressions, out of its tokens as they were parsed."""

    def __init__(self, tokens: list[Token], text: str) -> None:
        self.tokens = tokens
        self.text = text
        self._items: list[Item] | None = None

    def expression(self, at: int) -> str:
        """Text of the select item or assignment around the offset ``at``, without its alias."""
        if at < 0:
            return ""
        if self._items is None:
            self._items = item_ranges(self.tokens)
        found = innermost(self._items, self.tokens, at)
        return excerpt(self.text, self.tokens[found[0] : found[1]], _EXPRESSION) if found is not None else ""


def rewrites_of(lowered: Lowered, rules: Iterable[Rule]) -> tuple[Rewrite, ...]:
    """The rewrites that the statements of a text may need: most texts need none."""
    found: dict[Rewrite, None] = {}
    for needle, pattern, rewrite in rules:
        if lowered.words.issuperset(needle) and (pattern is None or pattern.search(lowered.text)):
            found[rewrite] = None
    return tuple(found)


class _Prepared(NamedTuple):
    """What the parsing of a text takes: sqlglot's parser, the rewrites of its statements (``first``: those that go in front), and
    whether a statement of it may have many joins, or be too deep: of most texts none can, for want of joins and parentheses."""

    grammar: sqlglot.Parser
    first: Rewrite | None
    rewrites: tuple[Rewrite, ...]
    joins: bool
    nests: bool


class Parser:
    """Parses the statements of one text. It is looked through when the first one comes: half of the files only create tables, and
    those are read from tokens."""

    def __init__(self, text: str, lowered: Lowered, engine: Engine, names: Names) -> None:
        self.engine = engine
        self.names = names
        self._text = text
        self._lowered = lowered
        self._prepared: _Prepared | None = None

    def _prepare(self) -> _Prepared:
        text, lowered, engine = self._text, self._lowered, self.engine
        self._prepared = _Prepared(
            dialect_of(engine.dialect).parser(),
            engine.prepare(text, lowered, self.names) if engine.prepare is not None else None,
            rewrites_of(lowered, engine.rewrites),
            lowered.text.count("join") >= _MANY_JOINS,
            text.count("(") + lowered.text.count("case") > _MAX_DEPTH,
        )
        return self._prepared

    def parse(
        self, tokens: list[Token], verb: str, text: str, rows: Collection[str] = ()
    ) -> tuple[Expression, Excerpts]:
        """Parse one statement's tokens, which are of ``text``. ``rows``: what a trigger calls its rows. Raises ParseError."""
        if len(tokens) > _MAX_TOKENS:
            raise ParseError(f"it has more than {_MAX_TOKENS:,} tokens")
        prepared = self._prepared or self._prepare()
        if prepared.first is not None:
            tokens = prepared.first(tokens, verb)
        if rows and self.engine.marked_rows:
            tokens = [t for i, t in enumerate(tokens) if not _marks_row(tokens, i, rows)]
        for rewrite in prepared.rewrites:
            tokens = rewrite(tokens, verb)
        if prepared.nests and (depth := deepest(tokens, _NESTING)) > _MAX_DEPTH:
            raise ParseError(f"nested too deeply ({depth} levels, {_MAX_DEPTH} are read)")
        if prepared.joins and _joins_in(tokens) >= _MANY_JOINS:
            tokens = crossed(tokens)
        return self.tree(tokens, text), Excerpts(tokens, text)

    def tree(self, tokens: list[Token], text: str) -> Expression:
        """The tree of tokens as the grammar knows them. Raises ParseError."""
        try:
            trees = self._trees(tokens, text)
        except (ValueError, AttributeError, TypeError, IndexError, KeyError, AssertionError) as error:
            if isinstance(error, SqlglotError):
                raise
            # such as a function with too few arguments
            raise ParseError("the parser knows no such form of it") from error
        tree = trees[0] if trees else None
        if tree is None:
            raise ParseError("nothing could be read")
        if isinstance(tree, exp.Command):
            raise ParseError("its grammar is not known")
        return tree

    def _trees(self, tokens: list[Token], text: str) -> list[Expression | None]:
        grammar = (self._prepared or self._prepare()).grammar
        try:
            found: list[Expression | None] = grammar.parse(tokens, text)
        except ParseError as error:
            if not _lacks_arguments(error) or not _lacks_arguments(self._all_that_is_wrong(tokens, text)):
                raise
            grammar = dialect_of(self.engine.dialect).parser(error_level=ErrorLevel.IGNORE)
            found = grammar.parse(tokens, text)
        return found

    def _all_that_is_wrong(self, tokens: list[Token], text: str) -> ParseError:
        try:
            dialect_of(self.engine.dialect).parser(error_level=ErrorLevel.RAISE).parse(tokens, text)
        except ParseError as error:
            return error
        return ParseError("")


_MISSING: Final = re.compile(r"Required keyword: '(\w+)' missing for <class '[\w.]*\.(\w+)'>")


def _lacks_arguments(error: ParseError) -> bool:
    """Is all that is wrong that functions have fewer arguments than the grammar knows of? Engines add what is left out."""
    found = [_MISSING.match(e["description"] or "") for e in error.errors]
    return bool(found) and all(m is not None and m[1] != "this" and _is_called(m[2]) for m in found)


def _is_called(name: str) -> bool:
    """Is it written as a function is?"""
    kind = getattr(exp, name, exp.Binary)
    return issubclass(kind, exp.Func) and not issubclass(kind, exp.Binary | exp.Case | exp.Cast)


def _joins_in(tokens: list[Token]) -> int:
    kinds = [t.token_type for t in tokens]
    return sum(map(kinds.count, _JOINS))


def is_expression(text: str) -> bool:
    """Is a text an expression of any dialect?"""
    try:
        return not isinstance(sqlglot.parse_one(text), exp.Alias | exp.Query | exp.Command)
    except (SqlglotError, RecursionError):
        return False


def crossed(tokens: list[Token]) -> list[Token]:
    """``JOIN u`` without ON or USING -> ``CROSS JOIN u``. The parser takes each for one whose ON comes after the joins behind it,
    reads those, finds none and reads them again: twice as long with each such join."""
    alone: set[int] = set()
    open_joins: list[list[int]] = [[]]  # by parentheses
    for i, token in enumerate(tokens):
        kind = token.token_type
        if kind is T.L_PAREN:
            open_joins.append([])
        elif kind is T.R_PAREN:
            if len(open_joins) > 1:
                alone.update(open_joins.pop())
        elif kind in _JOINS:
            if not (i and tokens[i - 1].token_type in _ON_THEIR_OWN):
                open_joins[-1].append(i)
        elif (kind is T.ON or kind is T.USING) and open_joins[-1]:
            open_joins[-1].pop()
        elif kind is T.WHERE or kind is T.SELECT:  # the FROM before is over
            alone.update(open_joins[-1])
            open_joins[-1].clear()
    for joins in open_joins:
        alone.update(joins)
    if not alone:
        return tokens
    out: list[Token] = []
    for i, token in enumerate(tokens):
        if i not in alone:
            out.append(token)
            continue
        while out and out[-1].token_type in _SIDES:
            out.pop()
        if not (out and out[-1].token_type in _ON_THEIR_OWN):
            out.append(like(token, T.CROSS, "CROSS"))
        out.append(token if token.token_type is T.JOIN else like(token, T.JOIN, "JOIN"))
    return out


def without_gaps(tokens: list[Token]) -> list[Token]:
    """A text that is put together: without what is unknown of it where no name or value can stand, such as more conditions."""
    return [
        t for i, t in enumerate(tokens) if t.text != UNKNOWN or not i or tokens[i - 1].token_type not in _ENDS_OPERAND
    ]


def without_loose_ends(tokens: list[Token]) -> list[Token]:
    """``WITH a AS (...), SELECT`` and ``SELECT a FROM t UNION ALL``: a template writes what stands between two of several behind each
    of them but the last, which nobody knows here."""
    out: list[Token] = []
    for i, token in enumerate(tokens):
        kind = token.token_type
        following = tokens[i + 1].token_type if i + 1 < len(tokens) else T.R_PAREN
        if out and kind is T.COMMA and out[-1].token_type is T.R_PAREN and following is T.SELECT:
            continue
        out.append(token)
        if following is T.R_PAREN and [t.token_type for t in out[-2:]] in ([T.UNION, T.ALL], [T.UNION, T.DISTINCT]):
            del out[-2:]
    return out


_ENDS_OPERAND: Final = frozenset({T.VAR, T.IDENTIFIER, T.R_PAREN, T.NULL, T.END, *LITERALS})


def _marks_row(tokens: list[Token], i: int, names: Collection[str]) -> bool:
    """The colon of ``:new.a`` and ``:old.a`` in a trigger."""
    marks = tokens[i].text == ":" and i + 2 < len(tokens) and tokens[i + 2].token_type is T.DOT
    return marks and tokens[i + 1].text.lower() in names


_NESTING: Final = (frozenset({T.L_PAREN, T.CASE}), frozenset({T.R_PAREN, T.END}))
