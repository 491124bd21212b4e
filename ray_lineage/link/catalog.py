"""What all files declare: which datasets there are, who describes them, and their column lists.

Column lists of views are computed from their queries on demand, dependencies first. Datasets that define one another in
a cycle are settled together, each with the lists of its cycle unknown, so that no order of evaluation can matter.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from typing import Final, NamedTuple

from ray_lineage.link.names import NameIndex, like, renamed_by
from ray_lineage.model import (
    STAR,
    Alias,
    DeclaredColumn,
    FileFacts,
    Name,
    Relation,
    Select,
    SetOp,
    StatementFacts,
    TableRef,
    dataset_text,
    is_temporary,
    unnamed,
)

ColumnList = tuple[str, ...] | None

SPARE_NAMES: Final = 4_096
"""So many names that nobody uses any more are left alone."""


class Declared(NamedTuple):
    """One file's declaration of a dataset. ``refs`` are the names that its defining query reads."""

    path: str
    position: int  # within the file
    kind: str
    line: int
    columns: tuple[DeclaredColumn, ...]
    statement: int
    adds: bool
    refs: tuple[Name, ...]
    parameters: tuple[str, ...] = ()


class Catalog:
    """See the module. ``load`` gives a file's facts again (they are not kept here)."""

    def __init__(self, names: NameIndex, load: Callable[[str], FileFacts]) -> None:
        self.names = names
        self._load = load
        self._declared: dict[Name, list[Declared]] = {}
        self._texts: dict[Name, str] = {}
        self._by_text: dict[str, Name] = {}
        self._lists: dict[str, ColumnList] = {}
        self._deps: dict[str, tuple[str, ...]] = {}
        self._users: dict[str, set[str]] = {}

    # ------------------------------------------------------------------ declarations

    def declare(self, name: Name, declared: Declared) -> None:
        """A file declares a dataset."""
        entries = self._declared.setdefault(name, [])
        entries.append(declared)
        entries.sort(key=lambda d: (d.adds, d.path, d.position))

    def retract(self, name: Name, path: str) -> None:
        """A file no longer declares it."""
        entries = [d for d in self._declared.get(name, ()) if d.path != path]
        if entries:
            self._declared[name] = entries
        else:
            self._declared.pop(name, None)

    def resolve(self, name: Name) -> str:
        """Canonical text of the dataset that a name means."""
        return self.text(self.names.resolve(name)[0])

    def ambiguous(self, name: Name) -> bool:
        """Could a name mean several datasets?"""
        return self.names.resolve(name)[1]

    def name(self, dataset: str) -> Name:
        """Inverse of :meth:`text` for texts that it gave."""
        return self._by_text[dataset]

    def text(self, name: Name) -> str:
        """Canonical text of a name, as it is."""
        text = self._texts.get(name)
        if text is None:
            text = self._texts[name] = dataset_text(name)
            self._by_text[text] = name
        return text

    def declarations(self, dataset: str) -> list[Declared]:
        """All declarations of a dataset, the describing one first."""
        name = self._by_text.get(dataset)
        if name is None:
            return []
        found = list(self._declared.get(name, ()))
        # a shorter declared name that means this dataset
        for length in range(1, len(name)):
            short = name[-length:]
            if short in self._declared and self.names.resolve(short)[0] == name:
                found.extend(self._declared[short])
        if len(found) > 1:
            found.sort(key=lambda d: (d.adds, d.path, d.position))
        return found

    def owner(self, dataset: str) -> Declared | None:
        """The declaration that describes a dataset: the first in path order."""
        found = self.declarations(dataset)
        return found[0] if found and not found[0].adds else None

    # ------------------------------------------------------------------ column lists

    def columns(self, dataset: str) -> ColumnList:
        """Complete column list, None if not known."""
        if dataset not in self._lists:
            self._settle(dataset)
        return self._lists[dataset]

    def forget(self, datasets: Iterable[str]) -> dict[str, ColumnList]:
        """Drop the lists of these datasets and of all that are defined through them; return the dropped lists."""
        dropped: dict[str, ColumnList] = {}
        stack = list(datasets)
        seen = set(stack)
        while stack:
            dataset = stack.pop()
            if dataset in self._lists:
                dropped[dataset] = self._lists.pop(dataset)
            self._depend_no_more(dataset)
            for user in self._users.get(dataset, ()):
                if user not in seen:
                    seen.add(user)
                    stack.append(user)
        return dropped

    def _depend_no_more(self, dataset: str) -> None:
        for dep in self._deps.pop(dataset, ()):
            users = self._users[dep]
            users.discard(dataset)
            if not users:
                del self._users[dep]

    def sweep(self, used: Container[str]) -> None:
        """Forget datasets that no file names any more, once they are many. ``used``: whose lists files used."""
        if len(self._texts) <= 2 * len(self.names) + SPARE_NAMES:
            return
        for name, text in list(self._texts.items()):
            if name not in self.names and text not in used and text not in self._users:
                self._depend_no_more(text)
                self._lists.pop(text, None)
                del self._texts[name], self._by_text[text]

    def _dependencies(self, dataset: str) -> tuple[str, ...]:
        deps = self._deps.get(dataset)
        if deps is None:
            first = self._defining(dataset)
            deps = tuple(dict.fromkeys(self.resolve(r) for r in first.refs)) if first is not None else ()
            self._deps[dataset] = deps
            for dep in deps:
                self._users.setdefault(dep, set()).add(dataset)
        return deps

    def _defining(self, dataset: str) -> Declared | None:
        """The declaration whose query gives the column list, if that is where it comes from."""
        for declared in self.declarations(dataset):
            if not declared.adds:
                return declared if declared.statement >= 0 and not declared.columns else None
        return None

    def _settle(self, dataset: str) -> None:
        """Tarjan's strongly connected components, without recursion; each component is settled when it is complete."""
        index: dict[str, int] = {}
        low: dict[str, int] = {}
        stack: list[str] = []
        on_stack: set[str] = set()
        work: list[tuple[str, Iterator[str]]] = []

        def enter(node: str) -> None:
            index[node] = low[node] = len(index)
            stack.append(node)
            on_stack.add(node)
            work.append((node, iter(self._dependencies(node))))

        enter(dataset)
        while work:
            node, deps = work[-1]
            for dep in deps:
                if dep in self._lists:
                    continue
                if dep not in index:
                    enter(dep)
                    break
                if dep in on_stack:
                    low[node] = min(low[node], index[dep])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    at = stack.index(node)
                    component = stack[at:]
                    del stack[at:]
                    on_stack.difference_update(component)
                    self._settle_component(component)

    def _settle_component(self, component: list[str]) -> None:
        """Within a cycle every list is computed with the cycle's other lists unknown."""
        cyclic = set(component) if len(component) > 1 or component[0] in self._dependencies(component[0]) else set()
        self._lists.update({m: self._list(m, cyclic) for m in component})

    def _list(self, dataset: str, unknown: set[str]) -> ColumnList:
        found = self.declarations(dataset)
        base: ColumnList = None
        first = next((d for d in found if not d.adds), None)
        if first is not None:
            if first.columns:
                base = tuple(c.name for c in first.columns)
            elif first.statement >= 0:
                statement = self._load(first.path).statements[first.statement]
                base = self._names(statement, unknown)
        if base is None:
            return None
        added = [c.name for d in found if d.adds for c in d.columns if c.name not in base]
        return (*base, *dict.fromkeys(added))

    def _names(self, statement: StatementFacts, unknown: set[str]) -> ColumnList:
        names = _Names(statement.relations, lambda n: self._known(n, unknown))
        for index, relation in enumerate(statement.relations):  # CTEs in order: a long chain needs no deep recursion
            if isinstance(relation, Alias):
                names.of(index)
        return self._named(names.of(statement.root))

    @staticmethod
    def _named(names: list[str | None] | None) -> ColumnList:
        if names is None:
            return None
        return tuple(n if n is not None else unnamed(i) for i, n in enumerate(names))

    def _known(self, name: Name, unknown: set[str]) -> ColumnList:
        if is_temporary(name):
            return None
        dataset = self.resolve(name)
        return None if dataset in unknown else self.columns(dataset)


class _Names:
    """Only the output names of a relation, None where a star cannot be listed."""

    def __init__(self, relations: tuple[Relation, ...], known: Callable[[Name], ColumnList]) -> None:
        self.relations = relations
        self.known = known
        self.active: set[int] = set()
        self.memo: dict[int, list[str | None] | None] = {}

    def of(self, index: int) -> list[str | None] | None:
        if index < 0 or index in self.active:
            return None
        if index in self.memo:
            return self.memo[index]
        self.active.add(index)
        result = self._of(self.relations[index])
        self.active.discard(index)
        self.memo[index] = result
        return result

    def _of(self, relation: Relation) -> list[str | None] | None:
        if isinstance(relation, TableRef):
            names = self.known(relation.name) if relation.name else None
            if names is None:
                return [c for c in relation.columns if c != STAR] or None
            return [*relation.columns, *names[len(relation.columns) :]]
        if isinstance(relation, Alias):
            inner = self.of(relation.relation)
            if inner is None:
                return list(relation.columns) if relation.columns else None
            return [*relation.columns, *inner[len(relation.columns) :]]
        if isinstance(relation, SetOp):
            return self._set_operation(relation)
        return self._select(relation)

    def _set_operation(self, relation: SetOp) -> list[str | None] | None:
        first = self.of(relation.branches[0])
        if not relation.by_name or first is None:
            return first
        names: dict[str | None, None] = dict.fromkeys(first)
        for branch in relation.branches[1:]:
            more = self.of(branch)
            if more is None:
                return None
            names.update(dict.fromkeys(more))
        return list(names)

    def _select(self, relation: Select) -> list[str | None] | None:
        out: list[str | None] = []
        for output in relation.outputs:
            if not output.star:
                out.append(output.name)
                continue
            if not output.refs or output.refs[0].name != STAR:
                return None
            names = self._star(output.refs[0].relation, relation)
            if names is None:
                return None
            if output.like:
                names = [n for n in names if n is None or like(n, output.like)]
            out.extend(renamed_by(output, n) for n in names if n not in output.excluded)
        return None if STAR in out else out

    def _star(self, index: int, relation: Select) -> list[str | None] | None:
        if index >= 0:
            return self.of(index)
        lists: list[list[str | None]] = []
        for source in relation.sources:
            names = self.of(source)
            if names is None:
                return None
            lists.append(names)
        merged: dict[str | None, None] = {}
        for join in relation.merged:
            if join.names:
                merged.update(dict.fromkeys(join.names))
            else:
                right = self.of(join.right) or []
                merged.update(dict.fromkeys(n for r in join.left for n in self.of(r) or () if n in right))
        return [*merged, *(n for names in lists for n in names if n not in merged)]
