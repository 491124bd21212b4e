"""What all files declare: which datasets there are, who describes them, and their column lists.

Settling is red-green: what was put leaves names and declarations that may have other answers now. Each is answered anew
and compared with what it was; only where it differs are its users looked at. A list that comes from a query is computed
again when the query, the meaning of a name in it, or a list that it needs is another one; and its users hear of it only if
the list is. Datasets that define one another in a cycle are settled together, each with the lists of its cycle unknown, so
that no order of evaluation can matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from ray_lineage.link.lists import ColumnList, decode_list, evaluate_list, extend_list
from ray_lineage.link.symbols import Declared, File, ModelEntry, Symbol, SymbolTable, makes, shorter
from ray_lineage.link.view import (
    AMBIGUITY,
    LIST,
    MEANING,
    NOTHING,
    SHAPE,
    SPELLING,
    Known,
    descriptions_of,
    owner_of,
    shape_of,
    spelling_of,
    types_of,
)
from ray_lineage.model import Name, Outline, dataset_text, is_temporary

Declarations = tuple[Declared, ...]


class _Round:
    """The lists that one settling computes, in their order: what was computed before a list that it needs is outdated."""

    def __init__(self) -> None:
        self.before: dict[Symbol, bytes] = {}
        self.changed: dict[Symbol, int] = {}
        self._computed: dict[Symbol, int] = {}
        self._time = 0

    def note(self, symbol: Symbol, columns: bytes) -> None:
        self._time += 1
        self._computed[symbol] = self._time
        if columns != symbol.columns:
            self.changed[symbol] = self._time
            self.before.setdefault(symbol, symbol.columns)
            symbol.columns = columns

    def outdated(self, component: list[Symbol]) -> bool:
        changed, computed, inside = self.changed, self._computed, set(component)
        return any(
            changed.get(need, 0) > computed.get(symbol, 0)
            for symbol in component for need in symbol.needs if need not in inside
        )  # fmt: skip


class Catalog:
    """See the module. Answers are those of the last :meth:`settle`."""

    def __init__(self) -> None:
        self.symbols = SymbolTable()
        self.lists_computed = 0
        """How often a list was computed from a query."""
        self._redeclared: dict[Symbol, None] = {}
        self._covered: dict[str, list[str]] = {}  # path -> paths of those that have its lineage
        self._cycles: dict[Symbol, frozenset[Symbol]] = {}

    def update(self, file: File, outline: Outline) -> None:
        """A file has another outline now (an empty one: it is gone)."""
        before, after = file.symbols, tuple(map(self.symbols.symbol, outline.names))
        declared: dict[Symbol, list[Declared]] = {s: [] for s in before[: file.declares]}
        for position, signature in enumerate(outline.declared):
            entry = Declared(file.path, position, signature)
            declared.setdefault(after[signature.name], []).append(entry)
        for symbol, entries in declared.items():
            if entries != [d for d in symbol.declared if d.path == file.path]:
                self._declare(symbol, file.path, entries)
        file.symbols, file.declares = after, max((d.name + 1 for d in outline.declared), default=0)
        if before != after:
            file.uses = b""
            self.symbols.use(file, set(after).difference(before) if before else after)
            self.symbols.leave(set(before).difference(after))
        if outline.copied != file.copied:
            for short, long in set(outline.copied).difference(file.copied):
                self.symbols.tell_apart(short, long, 1)
            for short, long in set(file.copied).difference(outline.copied):
                self.symbols.tell_apart(short, long, -1)
            file.copied = outline.copied
        models = tuple(ModelEntry(*m) for m in outline.models)
        if models != file.models:
            for model in set(models).difference(file.models):
                self.symbols.aim(model, 1)
            for model in set(file.models).difference(models):
                self.symbols.aim(model, -1)
            file.models = models

    def cover(self, file: File, paths: tuple[str, ...]) -> list[str]:
        """A file has the lineage of these others now. Which of them, or of those before, are covered since or are so no more?"""
        before = {path: self.covered(path) for path in (*file.covers, *paths)}
        for path in file.covers:
            self._covered[path].remove(file.path)
            if not self._covered[path]:
                del self._covered[path]
        file.covers = paths
        for path in paths:
            self._covered[path] = sorted((*self._covered.get(path, ()), file.path))
        return [path for path, by in before.items() if by != self.covered(path)]

    def covered(self, path: str) -> str:
        """The file that has the lineage of another one; "": none has."""
        by = self._covered.get(path)
        return by[0] if by else ""

    def all_covered(self) -> dict[str, str]:
        """By path who has its lineage."""
        return {path: by[0] for path, by in self._covered.items()}

    def _declare(self, symbol: Symbol, path: str, entries: list[Declared]) -> None:
        entries = [*(d for d in symbol.declared if d.path != path), *entries]
        if makes(entries) != symbol.is_made():
            self.symbols.touch(symbol)
        symbol.declared = _in_order(entries)
        self._redeclared[symbol] = None

    def cycles(self) -> set[frozenset[Symbol]]:
        """Datasets that define one another."""
        return set(self._cycles.values())

    def restore(self, lists: Mapping[Symbol, bytes], cycles: Iterable[Iterable[Symbol]]) -> None:
        """Take the rest of a settled state: names have their meanings and declarations. ``lists`` are those that are not as
        the describing declaration says."""
        for symbol in self.symbols:
            symbol.found = symbol.declared
        for symbol in list(self.symbols):
            if symbol.is_model() and (way := self.symbols.way_of(symbol)) is not symbol:
                way.models = (way.models or set()) | {symbol}
        for symbol in self.symbols:
            if symbol.declared and symbol.meaning is not symbol:
                symbol.meaning.found = self._declarations(symbol.meaning)
        for symbol in self.symbols:
            symbol.columns = symbol.declared_columns()
            if _reads(symbol):
                self._rewire(symbol)
        for symbol, columns in lists.items():
            symbol.columns = columns
        for members in cycles:
            cycle = frozenset(members)
            self._cycles.update(dict.fromkeys(cycle, cycle))

    # ------------------------------------------------------------------ answers

    def meaning(self, name: str) -> tuple[str, bool]:
        """Which dataset a name means, and whether it could be several."""
        symbol = self.symbols.get(name)
        return (symbol.meaning.text, symbol.ambiguous) if symbol is not None else (name, False)

    def known(self, dataset: str) -> Known:
        """What is known of a dataset."""
        symbol = self.symbols.get(dataset)
        if symbol is None or not symbol.found:
            return NOTHING
        return Known(symbol.found, None if symbol.columns == symbol.found[0].signature.columns else symbol.columns)

    # ------------------------------------------------------------------ settling

    def settle(self, *, telling: bool = True) -> set[str]:
        """Settle all answers. Paths of the files that used one which is another now; none if nobody is to be told."""
        moved = self.symbols.settle()
        before = self._find({s: old for s, (old, _) in moved.items()})
        red = {s for s, old in before.items() if _list_input(old) != _list_input(s.found)}
        red |= self._reading(moved)
        lists = self._settle_lists(red)
        if not telling:
            return set()
        again: set[str] = set()
        for symbol, (meaning, ambiguous) in moved.items():
            again.update(_users(symbol, MEANING * (meaning is not symbol.meaning)))
            again.update(_users(symbol, AMBIGUITY * (ambiguous != symbol.ambiguous)))
        for symbol in lists:
            again.update(self._asked(symbol, LIST))
        for symbol, old in before.items():
            if symbol.meaning is not symbol:
                continue  # no name means it; those that did are told that it means something else
            moved_only = _faces(old) == _faces(symbol.found)
            if not moved_only and shape_of(old) != shape_of(symbol.found):
                again.update(self._asked(symbol, SHAPE))
            if old and spelling_of(old)[1] != spelling_of(symbol.found)[1]:  # else it had no columns to be asked about
                again.update(self._asked(symbol, SPELLING))
            if old:  # else those that declare it are new, or it is what a name means since
                columns = b"" if moved_only else symbol.columns
                was, now = _told(old, columns), _told(symbol.found, columns)
                again.update(path for path in was.keys() | now.keys() if was.get(path) != now.get(path))
        return again

    def _find(self, moved: Mapping[Symbol, Symbol]) -> dict[Symbol, Declarations]:
        """Find the declarations of each dataset anew that may have others; what those had that do."""
        redeclared, self._redeclared = self._redeclared, {}
        touched = {d for s in (*redeclared, *moved) for d in (s, s.meaning)} | set(moved.values())
        before: dict[Symbol, Declarations] = {}
        for symbol in touched:
            found = self._declarations(symbol)
            if found != symbol.found:
                before[symbol], symbol.found = symbol.found, found
        return before

    def _declarations(self, symbol: Symbol) -> Declarations:
        """All declarations of a dataset, the describing one first, also those by a shorter name or a model that means it."""
        names = self._shorter(symbol)
        others = [s for s in (*names, *_models(symbol, names)) if s.declared]
        return _in_order(d for s in (symbol, *others) for d in s.declared) if others else symbol.declared

    def _shorter(self, symbol: Symbol) -> list[Symbol]:
        """The shorter names that mean a dataset."""
        found = (self.symbols.get(text) for text in shorter(symbol.text))
        return [s for s in found if s is not None and s.meaning is symbol]

    def _reading(self, moved: Iterable[Symbol]) -> set[Symbol]:
        """The datasets whose lists come from queries with a name that means something else now."""
        out: set[Symbol] = set()
        for symbol in moved:
            declared = (s for file in symbol.using() for s in file.symbols[: file.declares])
            out.update(d for s in declared for d in (s, s.meaning) if symbol.text in _reads(d))
        return out

    def _asked(self, symbol: Symbol, what: int) -> Iterator[str]:
        """Paths of the files that asked for the list (or shape) of a dataset."""
        for name in self._names_of(symbol):
            yield from _users(name, what)

    def _names_of(self, symbol: Symbol) -> Iterator[Symbol]:
        """All names that mean a dataset."""
        names = (symbol, *self._shorter(symbol)) if symbol.meaning is symbol else ()
        yield from names
        yield from _models(symbol, names[1:])

    def mentioning(self, dataset: str) -> set[str]:
        """Paths of the files that mention or declare a dataset, by whatever name."""
        symbol = self.symbols.get(dataset)
        return {f.path for name in self._names_of(symbol) for f in name.using()} if symbol is not None else set()

    # ------------------------------------------------------------------ column lists

    def _settle_lists(self, red: set[Symbol]) -> dict[Symbol, bytes]:
        """Compute the lists of ``red`` and of whatever needs one that is another now; what the lists were that differ."""
        rewired = {s for s in red if self._rewire(s)}
        for symbol in list(red):
            red |= self._cycles.get(symbol, frozenset())
        for component in _components(_closure(rewired, lambda s: s.needs)):
            if _is_cycle(component) and not rewired.isdisjoint(component):
                red.update(component)
        round_ = _Round()
        for component in _components(red):
            self._compute(component, round_)
        for component in _components(_closure(round_.changed, lambda s: s.needed or ())):
            if round_.outdated(component):
                self._compute(component, round_)
        return {s: old for s, old in round_.before.items() if s.columns != old}

    def _rewire(self, symbol: Symbol) -> bool:
        """Note anew which lists a dataset's one is made of. Are they others than before?"""
        reads = (self.symbols.get(text) for text in _reads(symbol))
        needs = tuple(dict.fromkeys(s.meaning for s in reads if s is not None))
        if needs == symbol.needs:
            return False
        for need in symbol.needs:
            if need.needed is not None:
                need.needed.discard(symbol)
        for need in needs:
            if need.needed is None:
                need.needed = set()
            need.needed.add(symbol)
        symbol.needs = needs
        return True

    def _compute(self, component: list[Symbol], round_: _Round) -> None:
        """Within a cycle every list is computed with the cycle's other lists unknown."""
        cycle = frozenset(component) if _is_cycle(component) else frozenset[Symbol]()
        computed = [(s, self._list(s, cycle)) for s in component]
        for symbol, columns in computed:
            if cycle:
                self._cycles[symbol] = cycle
            else:
                self._cycles.pop(symbol, None)
            round_.note(symbol, columns)

    def _list(self, symbol: Symbol, unknown: frozenset[Symbol]) -> bytes:
        owner = owner_of(symbol.found)
        if owner is None:
            return b""
        columns = owner.signature.columns
        if owner.signature.query:
            self.lists_computed += 1
            columns = evaluate_list(owner.signature.query, lambda n: self._columns(n, unknown))
            columns = next(
                (n.columns for n in symbol.needs if n.columns == columns), columns
            )  # one object for equal ones
        if owner.signature.weak or not columns:
            columns = _dumped(symbol.found)
        added = [d.signature.columns for d in symbol.found if d.signature.adds]
        return extend_list(columns, (c for a in added for c in decode_list(a) or ())) if columns and added else columns

    def _columns(self, name: Name, unknown: frozenset[Symbol]) -> ColumnList:
        symbol = None if is_temporary(name) else self.symbols.get(dataset_text(name))
        return None if symbol is None or symbol.meaning in unknown else decode_list(symbol.meaning.columns)


def _models(symbol: Symbol, names: Iterable[Symbol]) -> list[Symbol]:
    """The models that mean a dataset, by its name or one of the shorter ``names`` that mean it."""
    return [m for s in (symbol, *names) for m in s.models or () if m.meaning is symbol]


def _users(name: Symbol, what: int) -> Iterator[str]:
    """Paths of the files that asked that about a name, or about the dataset that it means."""
    for file in name.users if what else ():
        if file.uses and name in file.symbols and file.uses[file.symbols.index(name)] & what:
            yield file.path


def _in_order(declared: Iterable[Declared]) -> Declarations:
    return tuple(sorted(declared, key=lambda d: (d.signature.adds, d.signature.weak, d.path, d.position)))


def _reads(symbol: Symbol) -> tuple[str, ...]:
    owner = owner_of(symbol.found)
    return owner.signature.reads if owner is not None else ()


def _dumped(declared: Declarations) -> bytes:
    """The columns that dumps list, where no DDL does: all that any of them has."""
    first, *others = [d.signature.columns for d in declared if d.signature.weak and d.signature.columns] or [b""]
    return extend_list(first, (c for a in others for c in decode_list(a) or ())) if others else first


def _list_input(declared: Declarations) -> tuple[bytes, ...]:
    """What a dataset's list comes from, besides other lists."""
    owner = owner_of(declared)
    if owner is None:
        return ()
    return (
        owner.signature.columns,
        owner.signature.query,
        *(d.signature.columns for d in declared if d.signature.adds or d.signature.weak),
    )


def _faces(declared: Declarations) -> list[tuple[str, bool, bool, bytes, bytes]]:
    """Declarations without what moves when lines do. There may be thousands: nothing is decoded."""
    return [
        (d.signature.kind, d.signature.adds, d.signature.weak, d.signature.columns, d.signature.details)
        for d in declared
    ]


def _told(declared: Declarations, columns: bytes) -> dict[str, object]:
    """What each of those that declare a dataset hears of it besides its list: the types of these columns, if it is the one
    that describes it; else who does and where, which it shows, but not where it only adds columns."""
    owner = owner_of(declared)
    if owner is None:
        return {}
    told: dict[str, object] = {d.path: (owner.path, owner.signature.line) for d in declared if not d.signature.adds}
    listed = decode_list(columns) or ()
    types = types_of(declared) if listed else {}
    told[owner.path] = (owner.signature.kind, [types.get(c) for c in listed], descriptions_of(declared))
    return told


def _is_cycle(component: list[Symbol]) -> bool:
    return len(component) > 1 or component[0] in component[0].needs


def _closure(symbols: Iterable[Symbol], following: Callable[[Symbol], Iterable[Symbol]]) -> set[Symbol]:
    seen = set(symbols)
    stack = list(seen)
    while stack:
        more = [s for s in following(stack.pop()) if s not in seen]
        seen.update(more)
        stack.extend(more)
    return seen


def _components(symbols: set[Symbol]) -> Iterator[list[Symbol]]:
    """Tarjan's strongly connected components of these by what their lists need, without recursion; each comes after those
    that it needs."""
    index: dict[Symbol, int] = {}
    low: dict[Symbol, int] = {}
    stack: list[Symbol] = []
    on_stack: set[Symbol] = set()
    work: list[tuple[Symbol, Iterator[Symbol]]] = []

    def enter(node: Symbol) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        on_stack.add(node)
        work.append((node, iter(node.needs)))

    for start in symbols:
        if start in index:
            continue
        if not start.needs:  # most are tables
            index[start] = -1
            yield [start]
            continue
        enter(start)
        while work:
            node, needs = work[-1]
            for need in needs:
                if need not in symbols:
                    continue
                if need not in index:
                    enter(need)
                    break
                if need in on_stack:
                    low[node] = min(low[node], index[need])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    component: list[Symbol] = []
                    while not component or component[-1] is not node:
                        component.append(stack.pop())
                    on_stack.difference_update(component)
                    yield component
