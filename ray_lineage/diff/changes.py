"""Changes, by what they mean to whoever reads the data. Pure.

Eight classes. What cannot be judged is a class of its own: never "no impact".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Final, NamedTuple

import msgspec

from ray_lineage.counting import counting
from ray_lineage.diff.breaks import Lacking, Misfit, Use
from ray_lineage.diff.logic import Logic, Reworded
from ray_lineage.diff.retyped import compare
from ray_lineage.diff.rows import Column, Differences, Flow, Place

_EXAMPLES: Final = 3
_NOT_UNDERSTOOD: Final = ("partial", "failed")


class Kind(StrEnum):
    """The classes, worst first."""

    BROKEN = "broken-reader"
    UNKNOWN = "unknown"
    REMOVED = "removed"
    TYPE = "type"
    ROWS = "rows"
    VALUES = "values"
    ADDED = "added"
    NONE = "none"


class Rule(NamedTuple):
    """What a class means, and how bad it is if nothing else is said."""

    level: str
    title: str
    says: str


RULES: Final = {
    Kind.BROKEN: Rule("error", "broken reader", "What is read or written is not there: a column that a complete list has lost or "
                      "never had, a table that nothing declares any more, or a number of columns that no longer fits."),
    Kind.UNKNOWN: Rule("warning", "cannot be judged", "A changed file was not understood whole, or what it reads is only possibly "
                       "the same: look at it."),
    Kind.REMOVED: Rule("warning", "removed, nobody here reads it", "A column or table is gone that no file reads; readers outside of "
                       "these files are not known."),
    Kind.TYPE: Rule("warning", "other type", "A column has a type that holds less, or that cannot be compared; a note, if it holds more."),
    Kind.ROWS: Rule("warning", "other rows", "A filter, join, grouping, source or the logic is another one: every column downstream may be."),
    Kind.VALUES: Rule("warning", "other values", "Columns are computed otherwise: their readers get other values."),
    Kind.ADDED: Rule("note", "added", "A column or table is new."),
    Kind.NONE: Rule("none", "no impact", "Comments, white space, moved files: the tokens are the same."),
}  # fmt: skip


class Change(msgspec.Struct, frozen=True):
    """One change. ``column`` is empty where all of a dataset is meant, ``dataset`` where a file is. ``base``: it is walked in BASE's
    graph, since HEAD has it no more. ``direct``: its own file was changed. ``uses`` are the places that break. ``renamed``: what it
    is called now, if that was said or it looks like it."""

    kind: Kind
    level: str
    dataset: str
    column: str
    says: str
    file: str
    line: int
    base: bool = False
    direct: bool = True
    uses: tuple[Use, ...] = ()
    renamed: str = ""
    follows: str = ""
    """The change that it is only a consequence of: its own file is as it was."""
    rows: bool = False
    """Are the rows of the dataset others, or only values of the column?"""

    @property
    def name(self) -> str:
        """The column, the dataset or the file."""
        return f"{self.dataset}.{self.column}" if self.column else self.dataset or self.file


class Material(NamedTuple):
    """All that is known of a change. ``listed``: datasets whose list of columns HEAD knows. ``changed``: paths with another
    content, ``statuses`` theirs in HEAD (or what was given up). ``renamed``: by old name what is written to be the new one."""

    differences: Differences
    uses: tuple[Use, ...]
    misfits: tuple[Misfit, ...]
    logic: Logic
    listed: frozenset[str]
    changed: frozenset[str]
    statuses: Mapping[str, str]
    renamed: Mapping[str, str]
    lacking: tuple[Lacking, ...] = ()


def classify(material: Material) -> list[Change]:
    """Every change, worst first, then by name."""
    found = list(_Classifying(material).all())
    order = list(Kind)
    levels = ("error", "warning", "note")
    return sorted(
        found, key=lambda c: (levels.index(c.level), order.index(c.kind), not c.direct, c.name, c.file, c.line)
    )


def make(kind: Kind, says: str, place: Place, dataset: str = "", column: str = "", **more: object) -> Change:
    """A change of a class, at its level."""
    level = str(more.pop("level", RULES[kind].level))
    return Change(kind, level, dataset, column, says, place.file, place.line, **more)  # type: ignore[arg-type]


class _Classifying:
    def __init__(self, material: Material) -> None:
        self.of = material
        self.base, self.head = material.differences.base, material.differences.head
        self._uses: dict[Column, list[Use]] = {}
        for use in material.uses:
            self._uses.setdefault((use.dataset, use.column), []).append(use)
        self._broken_in = {use.place.file for use in material.uses}
        self._lacks = {(lack.dataset, lack.column) for lack in material.lacking}
        self._told: set[str] = set()
        self._said: set[str] = set()
        self._shaped: set[str] = set()

    def all(self) -> Iterator[Change]:
        for changes in (
            self._datasets(), self._columns(), self._lacking(), self._misfits(), self._added(), self._shapes(), self._values(), self._logic(),
            self._files(),
        ):  # fmt: skip
            for change in changes:
                self._told.add(change.dataset)
                self._said.add(change.file)
                if change.kind is Kind.ROWS:
                    self._shaped.add(change.dataset)
                yield change

    def _is_direct(self, place: Place) -> bool:
        return place.file in self.of.changed

    # ------------------------------------------------------------------ what is gone

    def _datasets(self) -> Iterator[Change]:
        for name, (kind, place) in self.base.datasets.items():
            now = self.head.datasets.get(name)
            if now is None and self.of.statuses.get(place.file) in _NOT_UNDERSTOOD:
                says = f"it is not known any more whether there is a {kind.lower()} {name}"
                yield make(Kind.UNKNOWN, says, place, name, base=True)
            elif now is None:
                yield self._lost(name, "", f"the {kind.lower()} {name}", place)
            elif now[0] != kind:
                says = f"{name} was a {kind.lower()} and is a {now[0].lower()}"
                yield make(Kind.TYPE, says, now[1], name, direct=self._is_direct(now[1]), rows=True)

    def _columns(self) -> Iterator[Change]:
        for (dataset, column), said in self.base.columns.items():
            if dataset not in self.head.datasets:
                continue
            now = self.head.columns.get((dataset, column))
            if now is not None:
                yield from self._retyped(dataset, column, said.type, now.type, now.place)
            elif dataset in self.of.listed:
                yield self._lost(dataset, column, f"the column {dataset}.{column}", self.head.datasets[dataset][1])
            else:
                says = f"it is not known any more whether {dataset} has the column {column}"
                place = self.head.datasets[dataset][1]
                yield make(Kind.UNKNOWN, says, place, dataset, column, direct=self._is_direct(place), base=True)

    def _lost(self, dataset: str, column: str, what: str, place: Place) -> Change:
        uses = tuple(self._uses.get((dataset, column), ()))
        written = self.of.renamed.get(f"{dataset}.{column}" if column else dataset, "")
        new = written or self._looks_like(dataset, column)
        direct = bool(not column or self._is_direct(place))
        self._said.add(place.file)
        called = f"; renamed to {new}" + ("" if written else " (looks like)") if new else ""
        if not uses:
            return make(
                Kind.REMOVED, f"{what} is gone{called}; nothing here reads it", place, dataset, column, base=True, direct=direct, renamed=new
            )  # fmt: skip
        says = (
            f"{what} is gone{called}, but {counting(len(uses), 'place')} still {'uses' if len(uses) == 1 else 'use'} it"
        )
        return make(Kind.BROKEN, says, uses[0].place, dataset, column, base=True, direct=direct, uses=uses, renamed=new)

    def _looks_like(self, dataset: str, column: str) -> str:
        """What is new with equal flows in and equal readers, if there is exactly one thing gone and one new of that kind."""
        if column:
            gone = [c for c in self.base.lists.get(dataset, ()) if (dataset, c) not in self.head.columns]
            new = [c for c in self.head.lists.get(dataset, ()) if (dataset, c) not in self.base.columns]
        else:
            gone = [d for d in self.base.datasets if d not in self.head.datasets]
            new = [d for d in self.head.datasets if d not in self.base.datasets]
        if len(gone) != 1 or len(new) != 1:
            return ""
        if column:
            same = self._around((dataset, column), self.base.flows) == self._around((dataset, new[0]), self.head.flows)
            types = {self.base.columns[dataset, column].type, self.head.columns[dataset, new[0]].type}
            return f"{dataset}.{new[0]}" if same and len(types) == 1 else ""
        columns = self.base.lists.get(dataset, []), self.head.lists.get(new[0], [])
        flows = self._into(dataset, self.base.flows), self._into(new[0], self.head.flows)
        return new[0] if columns[0] == columns[1] and flows[0] == flows[1] else ""

    @staticmethod
    def _around(column: Column, flows: Iterable[Flow]) -> set[tuple[object, ...]]:
        into = {("in", f.source, f.how, f.expression) for f in flows if f.target == column}
        return into | {("out", f.target[0], f.how) for f in flows if f.source == column and f.certainty == "certain"}

    @staticmethod
    def _into(dataset: str, flows: Iterable[Flow]) -> set[tuple[object, ...]]:
        return {(f.source, f.target[1], f.how, f.expression) for f in flows if f.target[0] == dataset}

    def _lacking(self) -> Iterator[Change]:
        for lack in self.of.lacking:
            use = Use(lack.dataset, lack.column, lack.target, lack.place)
            yield make(Kind.BROKEN, lack.says, lack.place, lack.dataset, lack.column, uses=(use,))

    def _misfits(self) -> Iterator[Change]:
        for misfit in self.of.misfits:
            says = f"to {misfit.target} {counting(misfit.given, 'value')} a row go by position, where it takes {misfit.expected}"
            use = Use(misfit.target, "", misfit.target, misfit.place)
            direct = self._is_direct(misfit.place)
            yield make(Kind.BROKEN, says, misfit.place, misfit.target, direct=direct, uses=(use,), rows=True)

    # ------------------------------------------------------------------ what is another one

    def _retyped(self, dataset: str, column: str, before: str, after: str, place: Place) -> Iterator[Change]:
        if before == after or not (before or after):
            return
        verdict = compare(before, after)
        if verdict == "same":
            return
        words = {"wider": "holds more", "narrower": "holds less", "other": "is of another kind"}
        says = f"the type of {dataset}.{column} was {before or 'not known'} and is {after or 'not known'}"
        says += f", which {words[verdict]}" if verdict in words else ""
        level = "note" if verdict == "wider" else "warning"
        yield make(Kind.TYPE, says, place, dataset, column, level=level, direct=self._is_direct(place))

    def _added(self) -> Iterator[Change]:
        for name, (kind, place) in self.head.datasets.items():
            if name not in self.base.datasets:
                yield make(Kind.ADDED, f"the {kind.lower()} {name} is new", place, name, direct=self._is_direct(place))
        for (dataset, column), said in self.head.columns.items():
            if dataset in self.base.datasets and (dataset, column) not in self.base.columns:
                direct = self._is_direct(said.place)
                says = f"the column {dataset}.{column} is new" + ("" if direct else ": SELECT * takes it in")
                yield make(Kind.ADDED, says, said.place, dataset, column, direct=direct)

    def _stays(self, dataset: str) -> bool:
        """Is it on both sides, as far as anybody declares it?"""
        return (dataset in self.base.datasets) == (dataset in self.head.datasets)

    def _shapes(self) -> Iterator[Change]:
        """Filters, joins, groupings, orders and sources that came or went."""
        reasons: dict[str, list[tuple[str, Place, bool]]] = {}
        lost, new = self.of.differences.feeds
        for sign, feeds, rows in (("no longer", lost, self.base), ("now", new, self.head)):
            for feed in sorted(feeds):
                if self._stays(feed.target):
                    reasons.setdefault(feed.target, []).append(
                        (f"its rows {sign} come from {feed.source}", rows.places[feed], rows is self.head)
                    )
        gone, came = self.of.differences.influences
        for sign, influences, rows in (("no longer", gone, self.base), ("now", came, self.head)):
            for influence in sorted(influences):
                if self._stays(influence.target) and not self._explained(influence.source, rows.places[influence]):
                    column = ".".join(influence.source)
                    says = f"{column} {sign} shapes its rows ({influence.how})"
                    reasons.setdefault(influence.target, []).append((says, rows.places[influence], rows is self.head))
        for dataset, found in reasons.items():
            place = next((p for _, p, is_head in reversed(found) if is_head), found[0][1])
            says = f"the rows of {dataset} are others: {_some([text for text, _, _ in found])}"
            yield make(Kind.ROWS, says, place, dataset, direct=self._is_direct(place), rows=True)

    def _explained(self, source: Column, place: Place) -> bool:
        """Is it what a column that is gone leaves behind, in a file that still reads it, or one that never was?"""
        if source in self._lacks:
            return True
        lost = source not in self.head.columns and (source in self._uses or source in self.base.columns)
        return lost and not self._is_direct(place)

    def _values(self) -> Iterator[Change]:
        lost, new = self.of.differences.flows
        found: dict[Column, list[tuple[Flow, bool]]] = {}
        for flows, is_head in ((lost, False), (new, True)):
            for flow in sorted(flows):
                if self._has_both(flow.target):
                    found.setdefault(flow.target, []).append((flow, is_head))
        for (dataset, column), flows_of in found.items():
            yield from self._recomputed(dataset, column, flows_of)

    def _has_both(self, column: Column) -> bool:
        known = column in self.base.columns, column in self.head.columns
        return known[0] == known[1] and self._stays(column[0])

    def _recomputed(self, dataset: str, column: str, flows: list[tuple[Flow, bool]]) -> Iterator[Change]:
        before = [f for f, is_head in flows if not is_head]
        after = [f for f, is_head in flows if is_head]
        last, is_head = flows[-1]
        place = (self.head if is_head else self.base).places[last]
        direct = self._is_direct(place)
        if _sure(before) == _sure(after) and len(before) == len(after):
            if place.file not in self._broken_in:
                says = f"it is {'certain' if after[0].certainty == 'certain' else 'only possible'} now that {dataset}.{column} comes from {_sources(after)}"
                yield make(Kind.UNKNOWN, says, place, dataset, column, direct=direct)
            return
        if not direct and place.file in self._broken_in and all(self._explained(f.source, place) for f in before):
            return
        says = f"{dataset}.{column} was {_computed(before)} and is {_computed(after)}"
        aggregated = {f.how == "aggregation" for f in before} ^ {f.how == "aggregation" for f in after}
        yield make(Kind.VALUES, says, place, dataset, column, direct=direct)
        if before and after and aggregated:
            says = f"{dataset}.{column} is {'' if any(f.how == 'aggregation' for f in after) else 'not '}aggregated now: there are other rows"
            yield make(Kind.ROWS, says, place, dataset, direct=direct, rows=True)

    def _logic(self) -> Iterator[Change]:
        """Statements with other tokens, where the rows of the graph say nothing of it."""
        told = {*self._told}
        found: dict[str, list[Reworded]] = {}
        for reworded in self.of.logic.statements:
            target = reworded.target
            if self._stays(target) and target not in self._shaped and not (reworded.confined and target in told):
                found.setdefault(target or reworded.place.file, []).append(reworded)
        for some in found.values():
            target, place = some[0].target, some[0].place
            what = target or f"a statement of {place.file}"
            says = f"the logic of {what} changed: {_some(list(dict.fromkeys(r.says for r in some)))}"
            yield make(Kind.ROWS, says, place, target, rows=True)

    def _files(self) -> Iterator[Change]:
        """Changed files that were not understood, or in which something changed that nobody has told of."""
        for path, status in sorted(self.of.statuses.items()):
            if status in _NOT_UNDERSTOOD:
                what = "is only partly" if status == "partial" else "was not"
                yield make(Kind.UNKNOWN, f"{path} changed and {what} understood", Place(path, 0))
        for path in sorted(set(self.of.logic.unread) - self._said):
            yield make(Kind.UNKNOWN, f"{path} changed {_not_compared(path)}", Place(path, 0))


def _not_compared(path: str) -> str:
    suffix = path.lower().rpartition(".")[2]
    if suffix in ("yml", "yaml"):
        return "and not all that it holds is compared (options, tests, tags...)"
    if suffix in ("py", "ipynb"):
        return "and not all that it does is compared (code around its SQL and its data frames)"
    return "in what the graph does not hold (constraints, defaults, options, statements that are not read)"


def _sure(flows: Iterable[Flow]) -> set[Flow]:
    return {f._replace(certainty="") for f in flows}


def _sources(flows: Iterable[Flow]) -> str:
    return _some(list(dict.fromkeys(".".join(f.source) for f in flows)))


def _computed(flows: list[Flow]) -> str:
    if not flows:
        return "made of no column"
    texts = dict.fromkeys(
        f.expression or f"{'.'.join(f.source)}" + ("" if f.how == "identity" else f" ({f.how})") for f in flows
    )
    return _some([f"`{t}`" for t in texts])


def _some(texts: list[str]) -> str:
    more = len(texts) - _EXAMPLES
    return ", ".join(texts[:_EXAMPLES]) + (f" and {more:,} more" if more > 0 else "")
