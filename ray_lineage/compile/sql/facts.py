"""Facts of SQL: where a statement stands in its text, and how it begins."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Final, NamedTuple

from sqlglot.tokens import Token

from ray_lineage.compile.facts import Facts
from ray_lineage.compile.positions import Positions
from ray_lineage.compile.sql.lex.kinds import LITERALS
from ray_lineage.compile.sql.lex.tokens import start_line
from ray_lineage.model import (
    STAR,
    Alias,
    Assignment,
    Effect,
    Influence,
    Name,
    Output,
    Relation,
    Select,
    SetOp,
    StatementKind,
    TableRef,
)

_EXCERPT: Final = 300  # characters
_LINE: Final = attrgetter("line")


class Place(NamedTuple):
    """Where a statement stands: the text that its tokens are of, the branches around it, the routine's key. ``possible``: part
    of the text is unknown. ``host``: where the text's characters stand in the file, if that is not all there is in it."""

    text: str
    path: tuple[int, ...]
    routine: str
    possible: bool
    host: Positions | None = None

    def column(self, offset: int) -> int:
        """The column of a character of the text."""
        if self.host is not None:
            return self.host.at(offset)[1]
        return offset - self.text.rfind("\n", 0, offset)


class SqlFacts(Facts):
    """What was found so far in one text."""

    def add(
        self,
        place: Place,
        tokens: Sequence[Token],
        kind: StatementKind,
        relations: Sequence[Relation],
        *,
        root: int,
        target: Name,
        columns: tuple[str, ...],
        assignments: tuple[Assignment, ...],
        scope: int,
        effect: Effect,
        influences: Sequence[Influence],
        subqueries: tuple[int, ...],
        preset: tuple[str, ...],
        declared: int,
        was: Name,
        locations: Mapping[Name, int],
        shows_case: bool,
    ) -> None:
        """One more statement (see :meth:`statement`; ``shows_case``: the columns of its query are shown as they are written);
        locations that it names are datasets."""
        if locations:
            named = [target, *(r.name for r in relations if isinstance(r, TableRef))]
            self._declare_locations([n for n in named if n in locations], locations)
        first, last = tokens[0], tokens[-1]
        self.statement(
            kind,
            start_line(first),
            last.line,
            relations,
            root,
            target,
            columns,
            assignments,
            scope,
            effect,
            influences,
            subqueries,
            place.routine,
            excerpt(place.text, tokens),
            place.column(first.start),
            place.column(last.end),
            place.possible,
            place.path,
            preset,
            declared=declared,
            was=was,
        )
        if declared >= 0 and root >= 0 and shows_case:
            self.spell_columns(declared, written_columns(relations, root, tokens))

    def _declare_locations(self, found: Sequence[Name], locations: Mapping[Name, int]) -> None:
        known = {d.name for d in self.declarations}
        for name in dict.fromkeys(found):
            if name not in known:
                self.declare(name, "External", locations[name])


def written_columns(relations: Sequence[Relation], root: int, tokens: Sequence[Token]) -> dict[str, str]:
    """Columns that a query names itself, by their names as they are written, where only letters' case differs."""
    places: dict[str, tuple[int, int]] = {}
    for output in _named(relations, root):
        if output.name and output.column:
            places.setdefault(output.name, (output.line, output.column))
    if not places:
        return {}
    lines = [line for line, _ in places.values()]
    first, last = bisect_left(tokens, min(lines), key=_LINE), bisect_right(tokens, max(lines), key=_LINE)
    tokens = tokens[first:last]  # most of a statement is no list of columns
    texts = [token.text for token in tokens]
    return {
        name: text
        for token, text, name in zip(tokens, texts, map(str.lower, texts), strict=True)
        if name in places and name != text and places[name] == (token.line, token.col - token.end + token.start)
    }


def _named(relations: Sequence[Relation], root: int) -> Iterator[Output]:
    """The items of the lists that give a query's columns their names: those of what its stars stand for as well."""
    stack, seen = [root], set[int]()
    while stack:
        index = stack.pop()
        if index < 0 or index in seen:
            continue
        seen.add(index)
        relation = relations[index]
        if isinstance(relation, Alias) and not relation.columns:
            stack.append(relation.relation)
        elif isinstance(relation, SetOp):
            stack.extend(reversed(relation.branches if relation.by_name else relation.branches[:1]))
        elif isinstance(relation, Select):
            yield from (o for o in relation.outputs if not o.star)
            stars = [o.refs[0].relation for o in relation.outputs if o.star and o.refs and o.refs[0].name == STAR]
            stack.extend(reversed([s for r in stars for s in ((r,) if r >= 0 else relation.sources)]))


def excerpt(text: str, tokens: Sequence[Token], most: int = _EXCERPT) -> str:
    """The tokens' beginning without comments, and with literals replaced by ``?``: they may hold secrets."""
    out: list[str] = []
    size, begin = 0, tokens[0].start if tokens else 0
    end = begin - 1  # text[begin : end + 1] goes in as it is written
    for token in tokens:
        start, before = token.start, end
        end = token.end
        if token.token_type in LITERALS:
            out.append(text[begin : before + 1])
            out.append(" ?" if start > before + 1 else "?")
            begin = end + 1
        elif start != before + 1 and (start != before + 2 or text[before + 1] != " "):
            out.append(text[begin : before + 1])
            if start > before + 1:
                out.append(" ")
            begin = start
        size += end - start + 2
        if size > most:
            return ("".join(out) + text[begin : end + 1])[:most] + "…"
    return "".join(out) + text[begin : end + 1]
