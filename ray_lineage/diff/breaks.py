"""What a file uses that is no more, or never was: columns that a complete list does not have, datasets that nobody declares. Pure.

The graph alone cannot say it: a column that no relation has leads nowhere, and a query that writes nothing has no edges.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, Protocol

from ray_lineage.diff.rows import Column, Place
from ray_lineage.link.checks import no_column
from ray_lineage.link.lists import ColumnList
from ray_lineage.link.script import Script
from ray_lineage.link.symbols import shorter
from ray_lineage.link.view import FileView
from ray_lineage.model import (
    STAR,
    Alias,
    Effect,
    FileFacts,
    Name,
    Ref,
    Relation,
    Select,
    StatementFacts,
    StatementKind,
    TableRef,
    dataset_text,
    is_temporary,
    listed_names,
)
from ray_lineage.model.names import MODEL


class Catalog(Protocol):
    """What is asked of HEAD's catalog."""

    def resolve(self, name: Name) -> str: ...
    def columns(self, dataset: str) -> ColumnList: ...


class Gone(NamedTuple):
    """What BASE had and HEAD has no more."""

    columns: Mapping[str, frozenset[str]]
    """Of datasets that are still there."""
    datasets: frozenset[str]


class Use(NamedTuple):
    """A place that uses what is gone. ``column`` is empty for all of a dataset; ``target``: what is written by it, if anything."""

    dataset: str
    column: str
    target: str
    place: Place


def uses(path: str, facts: FileFacts, gone: Gone, catalog: Catalog) -> Iterator[Use]:
    """Every use in a file, each thing once a statement."""
    names = _Names(gone, catalog)
    for statement in facts.statements:
        yield from dict.fromkeys(_Uses(path, statement, names, gone, catalog).all())
    for call in facts.calls:
        if called := next(filter(None, map(names.gone, call.choices or (call.callee,))), ""):
            yield Use(called, "", names.text(call.caller), Place(path, call.line))
    for key in facts.foreign_keys:
        other = names.gone(key.other)
        if other:
            yield Use(other, "", names.text(key.table), Place(path, key.line))
        elif names.text(key.other) in gone.columns:
            lost = gone.columns[names.text(key.other)]
            yield from (
                Use(names.text(key.other), c, names.text(key.table), Place(path, key.line))
                for c in key.others
                if c in lost
            )


class _Names:
    """Written names, and what of the datasets that are gone they meant."""

    def __init__(self, gone: Gone, catalog: Catalog) -> None:
        self._catalog = catalog
        self._gone: dict[str, str] = {}
        for dataset in sorted(gone.datasets):
            self._gone.update(dict.fromkeys((*shorter(dataset), dataset), dataset))

    def text(self, name: Name) -> str:
        return _text(name, self._catalog)

    def gone(self, name: Name) -> str:
        """The dataset that is gone of which this is the name now; empty if there is none."""
        if not name or is_temporary(name):
            return ""
        plain = name[-2:-1] if name[-1] == MODEL else name
        return self._gone.get(dataset_text(plain), "") if self.text(name) == dataset_text(plain) else ""


class _Uses:
    """Of one statement."""

    def __init__(self, path: str, statement: StatementFacts, names: _Names, gone: Gone, catalog: Catalog) -> None:
        self.path = path
        self.statement = statement
        self.names = names
        self.lost = gone.columns
        self.catalog = catalog
        self.target = names.text(statement.target)

    def all(self) -> Iterator[Use]:
        for relation in self.statement.relations:
            if isinstance(relation, TableRef) and (dataset := self.names.gone(relation.name)):
                yield self._use(dataset, "", relation.line)
        if self.statement.effect is Effect.CHANGES and self.statement.kind is not StatementKind.DROP:
            yield from self._written()
        for ref in _refs(self.statement):
            owner = self._owner(ref)
            if owner:
                yield self._use(owner, ref.name, ref.line)

    def _use(self, dataset: str, column: str, line: int) -> Use:
        return Use(dataset, column, self.target, Place(self.path, line or self.statement.first_line))

    def _written(self) -> Iterator[Use]:
        if dataset := self.names.gone(self.statement.target):
            yield self._use(dataset, "", self.statement.first_line)
        named = (*self.statement.columns, *(a.column for a in self.statement.assignments))
        for column in self.lost.get(self.target, frozenset()).intersection(named):
            yield self._use(self.target, column, self.statement.first_line)

    def _owner(self, ref: Ref) -> str:
        """The dataset that lost the column which is meant; empty if it is none of them."""
        if ref.name == STAR:
            return ""
        if ref.relation >= 0:
            return self._losing(ref.relation, ref.name)
        return self._in_scope(ref)

    def _losing(self, index: int, column: str, seen: frozenset[int] = frozenset()) -> str:
        """The dataset that lost a column which a relation has no more, as itself or through queries that hand it on by a star."""
        if index in seen:
            return ""
        if dataset := self._table(self.statement.relations[index]):
            return dataset if column in self.lost.get(dataset, ()) else ""
        under = self._under_star(index, column)
        if any(self._has(i, column) for i in under):
            return ""
        return next(filter(None, (self._losing(i, column, seen | {index}) for i in under)), "")

    def _under_star(self, index: int, column: str) -> list[int]:
        """The relations that a relation takes a column of this name from, unseen."""
        relation = self.statement.relations[index]
        if isinstance(relation, Alias):
            return [relation.relation] if relation.relation >= 0 and not relation.columns else []
        if not isinstance(relation, Select) or any(o.name == column for o in relation.outputs):
            return []
        stars = (o for o in relation.outputs if o.star and column not in o.excluded and not o.renamed)
        refs = (r for o in stars for r in o.refs if r.name == STAR)
        return list(dict.fromkeys(i for r in refs for i in ((r.relation,) if r.relation >= 0 else relation.sources)))

    def _in_scope(self, ref: Ref) -> str:
        scope = ref.scope
        for _ in self.statement.relations:
            select = self.statement.relations[scope] if scope >= 0 else None
            if not isinstance(select, Select) or any(self._has(i, ref.name) for i in select.sources):
                return ""
            if any(o.name == ref.name and ref not in o.refs for o in select.outputs):
                return ""  # its alias
            for source in select.sources:
                if dataset := self._losing(source, ref.name):
                    return dataset
            scope = select.parent
        return ""

    def _has(self, index: int, column: str, seen: frozenset[int] = frozenset()) -> bool:
        relation = self.statement.relations[index]
        dataset = self._table(relation)
        if dataset:
            return column in (self.catalog.columns(dataset) or ())
        if isinstance(relation, TableRef):
            return column in relation.columns
        if index in seen or column in (listed_names(self.statement.relations, index) or ()):
            return index not in seen
        return any(self._has(i, column, seen | {index}) for i in self._under_star(index, column))

    def _table(self, relation: Relation) -> str:
        """The dataset, where a relation is just that."""
        while (
            isinstance(relation, Alias) and not relation.columns and relation.relation >= 0 and not relation.recursive
        ):
            relation = self.statement.relations[relation.relation]
        plain = isinstance(relation, TableRef) and not relation.columns and not relation.function
        return self.names.text(relation.name) if plain and isinstance(relation, TableRef) else ""


def _refs(statement: StatementFacts) -> Iterator[Ref]:
    for relation in statement.relations:
        if isinstance(relation, Select):
            for output in relation.outputs:
                yield from output.refs
            yield from (i.ref for i in relation.influences)
        elif isinstance(relation, TableRef):
            yield from relation.args
    for assignment in statement.assignments:
        yield from assignment.refs
    yield from (i.ref for i in statement.influences)


class Lacking(NamedTuple):
    """A column that is read or written and that nothing has. ``dataset`` and ``column`` are empty where it is no dataset's alone."""

    says: str
    dataset: str
    column: str
    target: str
    place: Place


def lacking(path: str, facts: FileFacts, said: Iterable[tuple[str, int]], catalog: Catalog) -> Iterator[Lacking]:
    """``said``: what the linker says of such columns in this file, with the line."""
    for message, line in said:
        around = [s for s in facts.statements if s.first_line <= line <= s.last_line]
        statement = min(around, key=lambda s: s.last_line - s.first_line, default=None)
        named = _named(statement, catalog) if statement is not None else ()
        dataset, column = next((p for p in named if no_column(p[1], p[0]) == message), ("", ""))
        target = _text(statement.target, catalog) if statement is not None else ""
        yield Lacking(message, dataset, column, target, Place(path, line))


def mentions(facts: FileFacts, column: Column, catalog: Catalog) -> bool:
    """May a file mean this column somewhere, whether there is one or not?"""
    return any(column in _named(statement, catalog) for statement in facts.statements)


def _named(statement: StatementFacts, catalog: Catalog) -> Iterator[Column]:
    """Each dataset of a statement with every column that may be meant to be one of it."""
    names = dict.fromkeys(
        [
            *(r.name for r in _refs(statement)),
            *statement.columns,
            *(a.column for a in statement.assignments),
        ]
    )
    tables = (r.name for r in statement.relations if isinstance(r, TableRef))
    for dataset in dict.fromkeys(_text(name, catalog) for name in (*tables, statement.target)):
        yield from ((dataset, name) for name in names if dataset)


def _text(name: Name, catalog: Catalog) -> str:
    return "" if not name or is_temporary(name) else catalog.resolve(name)


class Misfit(NamedTuple):
    """A statement whose columns no longer fit, by position, those that it writes."""

    target: str
    expected: int
    given: int
    place: Place


def misfits(path: str, facts: FileFacts, view: FileView) -> dict[tuple[int, str], Misfit]:
    """Statements that write by position another number of columns than there are, by number and target."""
    found: dict[tuple[int, str], Misfit] = {}
    if not any(map(_is_by_position, facts.statements)):
        return found
    for ordinal, statement, result in Script(facts, view).run():
        if not _is_by_position(statement):
            continue
        target = view.resolve(statement.target)
        listed = statement.columns or _open_columns(target, view)
        given = len(result.items)
        if listed and given and given != len(listed) and not any(i.name == STAR for i in result.items):
            found[ordinal, target] = Misfit(target, len(listed), given, Place(path, statement.first_line))
    return found


def _is_by_position(statement: StatementFacts) -> bool:
    by_value = statement.kind in (StatementKind.INSERT, StatementKind.INSERT_OVERWRITE) and not statement.columns
    named = bool(statement.columns) and statement.kind in (StatementKind.CREATE_VIEW, StatementKind.INSERT)
    target = bool(statement.target) and not is_temporary(statement.target)
    return (by_value or named) and statement.root >= 0 and target and not statement.preset


def _open_columns(dataset: str, view: FileView) -> tuple[str, ...]:
    """The columns for which an INSERT without a list has values; none if they are not known."""
    shape = view.shape(dataset)
    passed = shape.passed if shape is not None else ()
    return tuple(c for c in view.columns(dataset) or () if c not in passed)
