"""A walk as lines of text: a breadth-first tree in which no name is cut and every count adds up. Pure.

Each node goes on at one place, its smallest distance (of several the first by name); every other edge to it is a line of its
own, marked ``(*)`` where the node goes on. So depth in the tree is distance. Chains do not indent. What shapes rows (``~``)
stands behind the tree of values, by distance.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from ray_lineage.cli.output import cells, visible
from ray_lineage.counting import counting
from ray_lineage.model import split_column

if TYPE_CHECKING:
    from ray_lineage.query.walk import Step, Walk

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
Line = Sequence[Span]
Place = Callable[[str, int], str]


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
    walk: Walk,
    width: int,
    limit: int | None = None,
    *,
    ascii: bool = False,  # noqa: A002
    place: Place = where,
) -> list[Line]:
    """All of a walk; with a ``limit`` of lines as many whole steps as fit, and how much is below each node that is cut."""
    forest = _Forest(walk)
    layout = _Layout(forest, width, _ASCII if ascii else _UNICODE, place)
    lines = _whole(layout, limit)
    if lines is None:
        lines = _cut(layout, limit or LINES)
    return [*lines, (), *_summary(walk, layout)]


def _whole(layout: _Layout, limit: int | None) -> list[Line] | None:
    """None: it does not fit."""
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
    """The spanning trees of a walk: which node goes on below which other."""

    def __init__(self, walk: Walk) -> None:
        self.walk = walk
        self.upstream = walk.direction == "upstream"
        self.starts = walk.starts or [walk.root]
        self.distance = {**walk.nodes, **dict.fromkeys(self.starts, 0)}
        self.steps = max(walk.nodes.values(), default=0)
        self._datasets = frozenset(walk.datasets)
        self.shaping = frozenset(walk.shaping)
        self.value_steps = max((at for name, at in walk.nodes.items() if name not in self.shaping), default=0)
        self.values: dict[str, dict[str, list[Step]]] = {}
        """By near and far end, the edges that values flow along."""
        self.shapes: dict[str, list[Step]] = {}
        """By far end, the edges that shape rows."""
        self.loops: set[str] = set()
        for step in walk.steps:
            self._sort_in(step)
        self.parent = self._parents()
        self.places = Counter(far for fars in self.values.values() for far in fars)
        self.below = self._sizes()
        self.sections = sorted(self.shapes, key=lambda name: (self.shapes[name][0].distance, name))

    def _sort_in(self, step: Step) -> None:
        near, far = (step.target, step.source) if self.upstream else (step.source, step.target)
        if step.shapes:
            self.shapes.setdefault(far, []).append(step)
            return
        near = self.near(near, step.distance)
        if near == far:
            self.loops.add(near)
        else:
            self.values.setdefault(near, {}).setdefault(far, []).append(step)

    def near(self, name: str, distance: int) -> str:
        """The node that an edge at a distance begins at: a column, or the dataset that stands for it."""
        if self._datasets and self.distance.get(name) != distance - 1:
            owner = split_column(name)[0]
            if owner in self._datasets and (self.distance.get(owner) == distance - 1 or name not in self.distance):
                return owner
        return name

    def _parents(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for near in sorted(self.values):
            for far in self.values[near]:
                if far not in found and self.distance.get(far) == self.distance.get(near, -2) + 1:
                    found[far] = near
        return found

    def _sizes(self) -> Counter[str]:
        """How many nodes are below each."""
        sizes: Counter[str] = Counter()
        for name in sorted(self.parent, key=lambda n: -self.distance[n]):
            sizes[self.parent[name]] += 1 + sizes[name]
        return sizes

    def children(self, name: str) -> list[str]:
        return sorted(self.values.get(name, ()))

    def goes_on(self, name: str) -> bool:
        """Does anything stand below it, or below the dataset that stands for it?"""
        return name in self.values or (bool(self._datasets) and split_column(name)[0] in self.values)

    def is_chained(self, name: str, children: Sequence[str]) -> bool:
        """Has it one child only, which stands nowhere else?"""
        return (
            len(children) == 1
            and self.parent.get(children[0]) == name
            and self.places[children[0]] == 1
            and children[0] not in self.shapes
        )


# --------------------------------------------------------------------------- lines


class _Item(NamedTuple):
    """A line to come: what stands in front of it, the lead of what continues it, and that of its children."""

    name: str
    near: str
    front: str
    lead: str
    inner: str
    left_out: int = -1  # >= 0: it stands for so many nodes that are left out


class _Layout:
    def __init__(self, forest: _Forest, width: int, guides: _Guides, place: Place) -> None:
        self.forest = forest
        self._width = width
        self._guides = guides
        self._place = place
        self._names: dict[str, Span] = {}
        self._spans: dict[tuple[str, int], Span] = {}
        self.cut = _ALL
        self._later: deque[tuple[int, str]] = deque()
        self._blocks = 0
        self.shown: set[str] = set()
        self.repeats = False
        self.hidden = 0

    def lines(self, cut: _Cut) -> Iterator[Line]:
        """All of what a cut leaves."""
        self.cut = cut
        self._later, self._blocks = deque(), 0
        self.shown, self.repeats, self.hidden = set(), False, 0
        forest = self.forest
        if forest.starts != [forest.walk.root]:
            yield [Span(visible(forest.walk.said(forest.walk.root)), "name")]
        for start in forest.starts:
            if start == forest.walk.root or start in forest.values or start in forest.loops:
                yield from self._tree(start, "", self._head(start, Span("")), "")
        yield from self._sections()

    def _head(self, name: str, *before: Span) -> Iterator[Line]:
        at = self._own_place(name)
        places = [] if at is None else [at]
        return self._line([*before, self._named(name), *self._marks(name)], places, _EVIDENCE)

    def _tree(self, name: str, lead: str, head: Iterator[Line], inner: str) -> Iterator[Line]:
        """A node and all that is below it, with the blocks in which deep branches go on."""
        yield from head
        yield from self._below(name, inner)
        while self._later:
            number, name = self._later.popleft()
            yield from self._line([Span(f"[{number}] ", "mark"), self._named(name)], [], _EVIDENCE)
            yield from self._below(name, lead)

    def _below(self, name: str, lead: str) -> Iterator[Line]:
        stack = list(reversed(self._items(name, lead)))
        while stack:
            item = stack.pop()
            if item.left_out >= 0:
                yield [Span(item.front), Span("..."), Span(f"  +{item.left_out:,} below", "mark")]
                continue
            first = self.forest.parent.get(item.name) == item.near
            items = self._items(item.name, item.inner) if first else []
            block = 0
            if items and cells(items[0].front) > self._width * _LEAD_SHARE and items[0].inner != item.inner:
                self._blocks += 1
                block, items = self._blocks, []
                self._later.append((block, item.name))
            yield from self._entry(item, first, block)
            stack.extend(reversed(items))

    def _items(self, name: str, lead: str) -> list[_Item]:
        """The children of a node that goes on here."""
        forest, guides = self.forest, self._guides
        children = forest.children(name)
        if not children or self._is_cut(name):
            return []
        if forest.is_chained(name, children):
            arrow = guides.up if forest.upstream else guides.down
            return [_Item(children[0], name, lead + arrow, lead, lead)]
        most = self.cut.children
        rest = children[most:] if most is not None else []
        shown = children[:most] if rest else children
        items = [
            _Item(child, name, lead + guides.fork, lead + guides.beside, lead + guides.beside) for child in shown[:-1]
        ]
        if rest:
            items.append(_Item(shown[-1], name, lead + guides.fork, lead + guides.beside, lead + guides.beside))
            below = sum(1 + forest.below[c] for c in rest if forest.parent.get(c) == name)
            self.hidden += below
            items.append(_Item("", name, lead + guides.last, lead, lead, below))
        else:
            items.append(_Item(shown[-1], name, lead + guides.last, lead + guides.below, lead + guides.below))
        return items

    def _is_cut(self, name: str) -> bool:
        steps = self.cut.rows if name in self.forest.shaping else self.cut.values
        return steps is not None and self.forest.distance.get(name, 0) >= steps

    def _entry(self, item: _Item, first: bool, block: int) -> Iterator[Line]:
        forest = self.forest
        steps = forest.values[item.near][item.name]
        here = first and (item.name in forest.values or not forest.goes_on(item.name))
        marks = self._marks(item.name) if here else self._again(item.name)
        if block:
            marks = [*marks, Span(f"  continued at [{block}]", "mark")]
        spans = [Span(item.front), self._named(item.name), *_hows(steps)]
        at = self._places(item, steps, first)
        if first:
            self.shown.add(item.name)
        return self._line([*spans, *marks], at, item.lead + _EVIDENCE)

    def _marks(self, name: str) -> list[Span]:
        marks = [Span("  also feeds itself", "mark")] if name in self.forest.loops else []
        if self._is_cut(name) and name in self.forest.values:
            self.hidden += self.forest.below[name]
            marks.append(Span(f"  +{self.forest.below[name]:,} below", "mark"))
        return marks

    def _again(self, name: str) -> list[Span]:
        if not self.forest.goes_on(name):
            return []
        self.repeats = True
        return [Span("  (*)", "mark")]

    def _line(self, spans: list[Span], places: Sequence[Span], lead: str) -> Iterator[Line]:
        """With its evidence beside it, or below where that does not fit."""
        taken = sum([cells(s.text) for s in spans]) + sum([2 + cells(p.text) for p in places])
        if not places or taken <= self._width:
            yield [*spans, *(part for place in places for part in (_GAP, place))]
        else:
            yield spans
            yield from ([Span(lead), place] for place in places)

    # ------------------------------------------------------------------ evidence

    def _places(self, item: _Item, steps: Sequence[Step], first: bool) -> list[Span]:
        """Of the edge downstream; upstream of what is written here, and of the edge where that is not told otherwise."""
        own = self._own_place(item.name) if first else None
        edge = self._at(steps) if not self.forest.upstream or self._says_no_place(item.near) else None
        if own is not None and edge is not None and own != edge:
            return [Span(f"by {edge.text}", edge.role, edge.file), own]
        return [place for place in (own or edge,) if place is not None]

    def _own_place(self, name: str) -> Span | None:
        """Upstream: where a node is written, if that is one place."""
        if not self.forest.upstream:
            return None
        steps = [step for steps in self.forest.values.get(name, {}).values() for step in steps]
        places = {(step.file, step.line) for step in steps}
        return self._at(steps) if len(places) == 1 else None

    def _says_no_place(self, name: str) -> bool:
        """Do its edges need a place of their own: they are of several, or its line has that of what it shapes?"""
        return self._own_place(name) is None or (name in self.forest.shapes and self._is_root(name))

    def _at(self, steps: Sequence[Step]) -> Span | None:
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

    def _named(self, name: str) -> Span:
        found = self._names.get(name)
        if found is None:
            found = self._names[name] = Span(visible(self.forest.walk.said(name)), "name")
        return found

    # ------------------------------------------------------------------ what shapes rows

    def _sections(self) -> Iterator[Line]:
        forest = self.forest
        near = [name for name in forest.sections if not self._is_beyond(name)]
        shown = near[: self.cut.sections]
        for name in shown:
            yield from self._section(name)
        drawn = set(shown)
        hidden = [name for name in forest.sections if name not in drawn and self._is_root(name)]
        below = sum(1 + forest.below[name] for name in hidden)
        if below:
            self.hidden += below
            yield [Span("~ ...", ""), Span(f"  +{below:,} below", "mark")]

    def _is_beyond(self, name: str) -> bool:
        return self.cut.rows is not None and self.forest.shapes[name][0].distance > self.cut.rows

    def _is_root(self, name: str) -> bool:
        """Does it go on where it shapes rows, since no values lead to it?"""
        return name not in self.forest.parent and self.forest.distance.get(name, 0) > 0

    def _section(self, name: str) -> Iterator[Line]:
        first = self._is_root(name)
        steps = self.forest.shapes[name]
        marks = self._marks(name) if first else self._again(name)
        spans = [Span("~ ", "mark"), self._named(name), *self._shaping(steps), *marks]
        at = self._at(steps)
        head = self._line(spans, [] if at is None else [at], "  " + _EVIDENCE)
        if first:
            self.shown.add(name)
            yield from self._tree(name, "  ", head, "  ")
        else:
            yield from head

    def _shaping(self, steps: Sequence[Step]) -> list[Span]:
        """``filter of core.orders`` upstream; downstream by which column, unless that is the root."""
        first = steps[0]
        other = first.target if self.forest.upstream else self.forest.near(first.source, first.distance)
        kinds = ", ".join(sorted({s.how for s in steps if (s.source, s.target) == (first.source, first.target)}))
        ways = {(s.source, s.target) for s in steps}
        more = f" and {len(ways) - 1:,} more" if len(ways) > 1 else ""
        word = "of" if self.forest.upstream else "by"
        to = "" if other == self.forest.walk.root else f" {word} {visible(self.forest.walk.said(other))}"
        return [Span(f"  {kinds}{to}{more}", "how")]


def _hows(steps: Sequence[Step]) -> list[Span]:
    if len(steps) == 1 and steps[0].how in ("", "identity") and steps[0].certainty != "possible":
        return []
    kinds = sorted({step.how for step in steps if step.how and step.how != "identity"})
    if all(step.certainty == "possible" for step in steps):
        kinds.append("possible")
    return [Span("  " + ", ".join(kinds), "how")] if kinds else []


# --------------------------------------------------------------------------- what is shown of what


def _summary(walk: Walk, layout: _Layout) -> list[Line]:
    lines: list[Line] = [[Span(_total(walk), "note"), *_shown(walk, layout)]]
    if layout.hidden:
        more = "more: --depth N, --all; ends only: --ends; by schema: --by schema; data: --json"
        lines.append([Span(more, "note")])
    if layout.repeats:
        lines.append([Span("(*) goes on where it stands at its smallest distance", "note")])
    return lines


def _shown(walk: Walk, layout: _Layout) -> list[Span]:
    if not layout.hidden:
        return []
    cut = layout.cut
    rows = f" of values, {cut.rows} of what shapes rows" if walk.shaping and cut.rows != cut.values else ""
    return [Span(f"; shown: {len(layout.shown):,} of {len(walk.nodes):,}, up to step {cut.values}{rows}", "note")]


def _total(walk: Walk) -> str:
    noun = "column" if walk.level == "column" else "dataset"
    shaping = set(walk.shaping)
    by_values = {name: at for name, at in walk.nodes.items() if name not in shaping}
    steps = max(by_values.values(), default=0)
    edges = len({(s.source, s.target) for s in walk.steps if not s.shapes and _is_by_values(walk, s, shaping)})
    said = f"{counting(len(by_values), noun)} {walk.direction} in {counting(steps, 'step')}, {counting(edges, 'edge')}"
    if shaping:
        said += f"; {_by_rows(walk, shaping)}"
    return said + ("; there are more: the farthest are left out" if walk.cut else "")


def _is_by_values(walk: Walk, step: Step, shaping: set[str]) -> bool:
    near = step.target if walk.direction == "upstream" else step.source
    return near in walk.starts or (near in walk.nodes and near not in shaping)


def _by_rows(walk: Walk, shaping: set[str]) -> str:
    if walk.direction == "upstream":
        return f"{counting(len(shaping), 'more column')} shape{'s' if len(shaping) == 1 else ''} rows (~)"
    datasets = len(shaping & set(walk.datasets))
    more = len(shaping) - datasets
    said = f"the rows of {counting(datasets, 'dataset')} (~)"
    return said + (f" and {counting(more, 'column')} beyond" if more else "")
