"""A walk as lines of text: a breadth-first tree in which no name is cut and every count adds up. Pure.

Each node goes on at one place, its smallest distance (of several the first by name); every other edge to it is a line of its
own, marked ``(*)`` where the node goes on. So depth in the tree is distance. Chains do not indent. What shapes rows (``~``)
stands behind the tree of values, by distance.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from ray_lineage.cli.output import cells, visible
from ray_lineage.counting import counting
from ray_lineage.query.traced import Evidence, OfWalk, Shaping, Traced

if TYPE_CHECKING:
    from ray_lineage.query.walk import Walk

LINES: Final = 60
"""So many a terminal gets."""
_LEAD_SHARE: Final = 0.4
"""Of the width: where guides take more, a branch goes on in a block of its own."""
_EVIDENCE: Final = " " * 5


class Span(NamedTuple):
    """A piece of a line. ``role``: ``name``, ``how``, ``place`` (then ``file`` is what it names), ``mark``, ``note`` or empty."""

    text: str
    role: str = ""
    file: str = ""


_GAP: Final = Span("  ")
_NOTHING: Final = Span("")
_SHAPES: Final = Span("~ ", "mark")
_REPEATED: Final = (Span("  (*)", "mark"),)
Line = Sequence[Span]
Place = Callable[[str, int], str]


class _Leads(NamedTuple):
    """What stands in front of the children of a node, and of what is below them: before a last one, and any other."""

    arrow: Span
    fork: Span
    last: Span
    beside: str
    below: str


class _Guides(NamedTuple):
    fork: str
    last: str
    beside: str
    below: str
    up: str
    down: str


_UNICODE: Final = _Guides("├─ ", "└─ ", "│  ", "   ", "<- ", "-> ")
_ASCII: Final = _Guides("|- ", "`- ", "|  ", "   ", "<- ", "-> ")


def text(line: Line) -> str:
    """A line without its roles."""
    return "".join(span.text for span in line)


def where(file: str, line: int) -> str:
    """``file:line``."""
    return f"{file}:{line}" if line else file


def render(
    walk: Walk | Traced,
    width: int,
    limit: int | None = None,
    *,
    ascii: bool = False,  # noqa: A002
    place: Place = where,
) -> list[Line]:
    """All of a walk; with a ``limit`` of lines as many whole steps as fit, and how much is below each node that is cut."""
    traced = walk if isinstance(walk, Traced) else OfWalk(walk)
    layout = _Layout(_Forest(traced), width, _ASCII if ascii else _UNICODE, place)
    lines = _whole(layout, limit)
    if lines is None:
        lines = _cut(layout, limit or LINES)
    return [*lines, (), *_summary(traced, layout)]


def _whole(layout: _Layout, limit: int | None) -> list[Line] | None:
    """None: it does not fit."""
    if limit is None:
        layout.forest.walk.load()
    lines = list(layout.lines(_ALL) if limit is None else islice(layout.lines(_ALL), limit + 1))
    return lines if limit is None or len(lines) <= limit else None


def _cut(layout: _Layout, limit: int) -> list[Line]:
    """The most whole steps that fit, of values first; if not even one does, a part of it."""
    forest = layout.forest

    def fits(cut: _Cut) -> bool:
        return len(list(islice(layout.lines(cut), limit + 1))) <= limit

    values = _most(lambda n: fits(_Cut(n, 0)), forest.value_steps)
    if forest.value_steps and not values:
        parts = (_Cut(1, 0, children=n) for n in range(limit, 0, -1))
        return list(layout.lines(next(filter(fits, parts), _Cut(1, 0, children=1))))
    rows = _most(lambda n: fits(_Cut(values, n)), forest.steps)
    if rows:
        return list(layout.lines(_Cut(values, rows)))
    parts = (_Cut(values, 1, sections=n) for n in range(limit, 0, -1))
    return list(layout.lines(next(filter(fits, parts), _Cut(values, 0))))


def _most(fits: Callable[[int], bool], steps: int) -> int:
    """The last of the numbers from 1 on that fit, one after the other; 0: none does."""
    return next((n - 1 for n in range(1, steps + 1) if not fits(n)), steps)


class _Cut(NamedTuple):
    """How many steps of values, and of what shapes rows, are drawn (None: all), of each node at most so many children, and
    how many that shape rows."""

    values: int | None
    rows: int | None
    children: int | None = None
    sections: int | None = None


_ALL: Final = _Cut(None, None)


# --------------------------------------------------------------------------- what stands where


class _Forest:
    """The spanning trees of a walk: which node goes on below which other. Nodes are numbers."""

    def __init__(self, walk: Traced) -> None:
        self.walk = walk
        self.upstream = walk.direction == "upstream"
        self.starts = walk.starts
        self.distance = walk.at
        self.shaping = walk.shaping
        self.steps = max((walk.at[n] for n in walk.nodes), default=0)
        self.value_steps = max((walk.at[n] for n in walk.nodes if n not in walk.shaping), default=0)
        size = len(walk.names)
        self.values: dict[int, list[int]] = {}
        """By near end, the far ends of edges that values flow along, by name."""
        self.loops: set[int] = set()
        self.parent = [-1] * size
        self.places = [0] * size
        self._sort_in(size)
        self.below = self._sizes(size)
        self.sections = walk.sections
        self.shapes = {name for _, name in walk.sections}

    def _sort_in(self, size: int) -> None:
        distance, parent, places, last, fars = self.distance, self.parent, self.places, -1, list[int]()
        for pair in self.walk.pairs:
            near, far = divmod(pair, size)
            if near == far:
                self.loops.add(near)
                continue
            if near != last:
                last, fars = near, []
                self.values[near] = fars
            fars.append(far)
            places[far] += 1
            if parent[far] < 0 and distance[far] == distance[near] + 1 and distance[near] >= 0:
                parent[far] = near

    def _sizes(self, size: int) -> list[int]:
        """How many nodes are below each."""
        sizes, parent, distance = [0] * size, self.parent, self.distance
        for name in sorted([n for n in range(size) if parent[n] >= 0], key=distance.__getitem__, reverse=True):
            sizes[parent[name]] += 1 + sizes[name]
        return sizes

    def children(self, name: int) -> list[int]:
        return self.values.get(name, [])

    def goes_on(self, name: int) -> bool:
        """Does anything stand below it, or below the dataset that stands for it?"""
        return name in self.values or (bool(self.walk.datasets) and self.walk.owner(name) in self.values)

    def is_chained(self, name: int, children: Sequence[int]) -> bool:
        """Has it one child only, which stands nowhere else?"""
        return (
            len(children) == 1
            and self.parent[children[0]] == name
            and self.places[children[0]] == 1
            and children[0] not in self.shapes
        )


# --------------------------------------------------------------------------- lines


class _Item(NamedTuple):
    """A line to come: what stands in front of it, the lead of what continues it, and that of its children."""

    name: int
    near: int
    front: Span
    lead: str
    inner: str
    left_out: int = -1  # >= 0: it stands for so many nodes that are left out


class _Layout:
    def __init__(self, forest: _Forest, width: int, guides: _Guides, place: Place) -> None:
        self.forest = forest
        self.walk = forest.walk
        self._width = width
        self._guides = guides
        self._place = place
        self._names: dict[int, Span] = {}
        self._spans: dict[tuple[str, int], Span] = {}
        self._own: dict[int, Span | None] = {}
        self._leads: dict[str, _Leads] = {}
        self.cut = _ALL
        self._later: deque[tuple[int, int]] = deque()
        self._blocks = 0
        self.shown: set[int] = set()
        self.repeats = False
        self.hidden = 0

    def lines(self, cut: _Cut) -> Iterator[Line]:
        """All of what a cut leaves."""
        self.cut = cut
        self._later, self._blocks = deque(), 0
        self.shown, self.repeats, self.hidden = set(), False, 0
        forest, names, root = self.forest, self.walk.names, self.walk.root
        if [names[start] for start in forest.starts] != [root]:
            yield [Span(visible(self.walk.root_said), "name")]
        for start in forest.starts:
            if names[start] == root or start in forest.values or start in forest.loops:
                yield from self._tree(start, "", self._head(start, _NOTHING), "")
        yield from self._sections()

    def _head(self, name: int, *before: Span) -> Sequence[Line]:
        at = self._own_place(name)
        places = [] if at is None else [at]
        return self._line([*before, self._named(name), *self._marks(name)], places, _EVIDENCE)

    def _tree(self, name: int, lead: str, head: Sequence[Line], inner: str) -> Iterator[Line]:
        """A node and all that is below it, with the blocks in which deep branches go on."""
        yield from head
        if name in self.forest.values:
            yield from self._below(name, inner)
        while self._later:
            number, name = self._later.popleft()
            yield from self._line([Span(f"[{number}] ", "mark"), self._named(name)], [], _EVIDENCE)
            yield from self._below(name, lead)

    def _below(self, name: int, lead: str) -> Iterator[Line]:
        parent, most = self.forest.parent, self._width * _LEAD_SHARE
        stack = self._items(name, lead)[::-1]
        while stack:
            item = stack.pop()
            if item.left_out >= 0:
                yield [item.front, Span("..."), Span(f"  +{item.left_out:,} below", "mark")]
                continue
            first = parent[item.name] == item.near
            items = self._items(item.name, item.inner) if first else []
            block = 0
            if items and cells(items[0].front.text) > most and items[0].inner != item.inner:
                self._blocks += 1
                block, items = self._blocks, []
                self._later.append((block, item.name))
            yield from self._entry(item, first, block)
            stack += items[::-1]

    def _lead(self, lead: str) -> _Leads:
        found = self._leads.get(lead)
        if found is None:
            guides = self._guides
            arrow = guides.up if self.forest.upstream else guides.down
            first, fork, last = (Span(lead + guide) for guide in (arrow, guides.fork, guides.last))
            found = self._leads[lead] = _Leads(first, fork, last, lead + guides.beside, lead + guides.below)
        return found

    def _items(self, name: int, lead: str) -> list[_Item]:
        """The children of a node that goes on here."""
        forest = self.forest
        children = forest.children(name)
        if not children or self._is_cut(name):
            return []
        leads = self._lead(lead)
        if forest.is_chained(name, children):
            return [_Item(children[0], name, leads.arrow, lead, lead)]
        most = self.cut.children
        rest = children[most:] if most is not None else []
        shown = children[:most] if rest else children
        fork, beside, last, below = leads.fork, leads.beside, leads.last, leads.below
        items = [_Item(child, name, fork, beside, beside) for child in shown[:-1]]
        if rest:
            items.append(_Item(shown[-1], name, fork, beside, beside))
            left_out = sum(1 + forest.below[c] for c in rest if forest.parent[c] == name)
            self.hidden += left_out
            items.append(_Item(-1, name, last, lead, lead, left_out))
        else:
            items.append(_Item(shown[-1], name, last, below, below))
        return items

    def _is_cut(self, name: int) -> bool:
        steps = self.cut.rows if name in self.forest.shaping else self.cut.values
        return steps is not None and max(self.forest.distance[name], 0) >= steps

    def _entry(self, item: _Item, first: bool, block: int) -> Sequence[Line]:
        forest, name = self.forest, item.name
        steps = self.walk.evidence(item.near)[name]
        here = first and (name in forest.values or not forest.goes_on(name))
        marks = self._marks(name) if here else self._again(name)
        if block:
            marks = [*marks, Span(f"  continued at [{block}]", "mark")]
        at = self._places(item, steps, first)
        if first:
            self.shown.add(name)
        return self._line([item.front, self._named(name), *_hows(steps), *marks], at, item.lead + _EVIDENCE)

    def _marks(self, name: int) -> Sequence[Span]:
        forest = self.forest
        marks = [Span("  also feeds itself", "mark")] if name in forest.loops else []
        if name in forest.values and self._is_cut(name):
            self.hidden += forest.below[name]
            marks.append(Span(f"  +{forest.below[name]:,} below", "mark"))
        return marks

    def _again(self, name: int) -> Sequence[Span]:
        if not self.forest.goes_on(name):
            return ()
        self.repeats = True
        return _REPEATED

    def _line(self, spans: Sequence[Span], places: Sequence[Span], lead: str) -> Sequence[Line]:
        """With its evidence beside it, or below where that does not fit."""
        if not places:
            return (spans,)
        beside = [*spans]
        for place in places:
            beside += (_GAP, place)
        if (
            2 * sum([len(span.text) for span in beside]) <= self._width
            or sum([cells(s.text) for s in beside]) <= self._width
        ):
            return (beside,)
        return (spans, *([Span(lead), place] for place in places))

    # ------------------------------------------------------------------ evidence

    def _places(self, item: _Item, steps: Sequence[Evidence], first: bool) -> Sequence[Span]:
        """Of the edge downstream; upstream of what is written here, and of the edge where that is not told otherwise."""
        own = self._own_place(item.name) if first else None
        edge = self._at(steps) if not self.forest.upstream or self._says_no_place(item.near) else None
        if own is not None and edge is not None and own != edge:
            return [Span(f"by {edge.text}", edge.role, edge.file), own]
        return [place for place in (own or edge,) if place is not None]

    def _own_place(self, name: int) -> Span | None:
        """Upstream: where a node is written, if that is one place."""
        if not self.forest.upstream:
            return None
        if name not in self._own:
            steps = [s for far, steps in self.walk.evidence(name).items() if far != name for s in steps]
            is_one = len(steps) == 1 or len({(step.file, step.line) for step in steps}) == 1
            self._own[name] = self._at(steps) if is_one else None
        return self._own[name]

    def _says_no_place(self, name: int) -> bool:
        """Do its edges need a place of their own: they are of several, or its line has that of what it shapes?"""
        return self._own_place(name) is None or (name in self.forest.shapes and self._is_root(name))

    def _at(self, steps: Sequence[Evidence] | Sequence[Shaping]) -> Span | None:
        if len(steps) == 1 and steps[0].file:
            return self._place_span(steps[0].file, steps[0].line)
        places = sorted({(step.file, step.line) for step in steps if step.file})
        if not places:
            return None
        first = self._place_span(*places[0])
        more = f" and {len(places) - 1:,} more" if len(places) > 1 else ""
        return first._replace(text=first.text + more) if more else first

    def _place_span(self, file: str, line: int) -> Span:
        found = self._spans.get((file, line))
        if found is None:
            found = self._spans[file, line] = Span(visible(self._place(file, line)), "place", file)
        return found

    def _named(self, name: int) -> Span:
        found = self._names.get(name)
        if found is None:
            found = self._names[name] = Span(visible(self.walk.said(name)), "name")
        return found

    # ------------------------------------------------------------------ what shapes rows

    def _sections(self) -> Iterator[Line]:
        forest, rows = self.forest, self.cut.rows
        near = forest.sections
        if rows is not None:
            near = near[: bisect_left(near, (rows + 1,))]
        shown = [name for _, name in near[: self.cut.sections]]
        for name in shown:
            yield from self._section(name)
        if len(shown) == len(forest.sections):
            return
        hidden = [name for _, name in forest.sections[len(shown) :] if self._is_root(name)]
        below = sum(1 + forest.below[name] for name in hidden)
        if below:
            self.hidden += below
            yield [Span("~ ...", ""), Span(f"  +{below:,} below", "mark")]

    def _is_root(self, name: int) -> bool:
        """Does it go on where it shapes rows, since no values lead to it?"""
        return self.forest.parent[name] < 0 and self.forest.distance[name] > 0

    def _section(self, name: int) -> Iterator[Line]:
        first = self._is_root(name)
        steps = self.walk.shaped(name)
        marks = self._marks(name) if first else self._again(name)
        spans = [_SHAPES, self._named(name), self._shaping(steps), *marks]
        at = self._at(steps)
        head = self._line(spans, [] if at is None else [at], "  " + _EVIDENCE)
        if first:
            self.shown.add(name)
            yield from self._tree(name, "  ", head, "  ")
        else:
            yield from head

    def _shaping(self, steps: Sequence[Shaping]) -> Span:
        """``filter of core.orders`` upstream; downstream by which column, unless that is the root."""
        first = steps[0]
        if len(steps) == 1:
            kinds, more = first.how, ""
        else:
            kinds = ", ".join(sorted({s.how for s in steps if s.way == first.way}))
            ways = {s.way for s in steps}
            more = f" and {len(ways) - 1:,} more" if len(ways) > 1 else ""
        word = "of" if self.forest.upstream else "by"
        other = "" if self.walk.names[first.other] == self.walk.root else f" {word} {self._named(first.other).text}"
        return Span(f"  {kinds}{other}{more}", "how")


def _hows(steps: Sequence[Evidence]) -> Sequence[Span]:
    if len(steps) == 1:
        return _how(steps[0].how, steps[0].certainty == "possible")
    kinds = sorted({step.how for step in steps if step.how and step.how != "identity"})
    if all(step.certainty == "possible" for step in steps):
        kinds.append("possible")
    return [Span("  " + ", ".join(kinds), "how")] if kinds else []


@cache
def _how(how: str, is_possible: bool) -> Sequence[Span]:
    kinds = ([how] if how not in ("", "identity") else []) + (["possible"] if is_possible else [])
    return (Span("  " + ", ".join(kinds), "how"),) if kinds else ()


# --------------------------------------------------------------------------- what is shown of what


def _summary(walk: Traced, layout: _Layout) -> list[Line]:
    lines: list[Line] = [[Span(_total(layout.forest), "note"), *_shown(walk, layout)]]
    if layout.hidden:
        more = "more: --depth N, --all; ends only: --ends; by schema: --by schema; data: --json"
        lines.append([Span(more, "note")])
    if layout.repeats:
        lines.append([Span("(*) goes on where it stands at its smallest distance", "note")])
    return lines


def _shown(walk: Traced, layout: _Layout) -> list[Span]:
    if not layout.hidden:
        return []
    cut = layout.cut
    rows = f" of values, {cut.rows} of what shapes rows" if walk.shaping and cut.rows != cut.values else ""
    return [Span(f"; shown: {len(layout.shown):,} of {len(walk.nodes):,}, up to step {cut.values}{rows}", "note")]


def _total(forest: _Forest) -> str:
    walk = forest.walk
    noun = "column" if walk.level == "column" else "dataset"
    by_values = counting(len(walk.nodes) - len(walk.shaping), noun)
    said = f"{by_values} {walk.direction} in {counting(forest.value_steps, 'step')}, {counting(walk.edges, 'edge')}"
    if walk.shaping:
        said += f"; {_by_rows(walk)}"
    return said + ("; there are more: the farthest are left out" if walk.cut else "")


def _by_rows(walk: Traced) -> str:
    shaping = walk.shaping
    if walk.direction == "upstream":
        return f"{counting(len(shaping), 'more column')} shape{'s' if len(shaping) == 1 else ''} rows (~)"
    datasets = len(shaping & walk.datasets)
    more = len(shaping) - datasets
    said = f"the rows of {counting(datasets, 'dataset')} (~)"
    return said + (f" and {counting(more, 'column')} beyond" if more else "")
