"""One statement's relational program + a catalog -> which columns flow where.

Everything that compile had to leave open is settled here: stars are expanded where the column lists are known,
unqualified columns find their relation, temporary tables are looked through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from msgspec.structs import replace

from ray_lineage.link.checks import OF_ENGINES, SHAPING, Checks
from ray_lineage.link.codes import COMPOSE, IDENTITY, MERGE, POSSIBLE, TRANSFORMED
from ray_lineage.link.items import (
    Element,
    Everything,
    Item,
    Sources,
    add_sources,
    by_position,
    exact,
    find,
    own_names,
    renamed,
    through_star,
    under_star,
    union,
)
from ray_lineage.link.names import like, renamed_by, replaced_in
from ray_lineage.link.system import has_column, is_system
from ray_lineage.link.work import Work
from ray_lineage.model import (
    INFLUENCE_KINDS,
    OF_FIRST,
    STAR,
    VALUE,
    Alias,
    Assignment,
    Diagnostic,
    Effect,
    Local,
    Merged,
    Name,
    Output,
    Parameter,
    Ref,
    Relation,
    Resting,
    Select,
    SetOp,
    StatementFacts,
    StatementKind,
    TableRef,
    Variable,
    dataset_text,
    is_temporary,
    local_kind,
    reachable,
    unnamed,
)

if TYPE_CHECKING:
    from ray_lineage.link.view import Shape

TOO_MANY: Final = (
    "this statement means too many columns and sources to follow one by one; its tables are linked as a whole (*)"
)
_NAMED: Final = 5  # tables, in a diagnostic
_LOOKED_THROUGH: Final = 16
"""So many columns that are only looked at are a step of work."""
_JOIN: Final = INFLUENCE_KINDS.index("join")


class Temporary:
    """A temporary table of the script: what was written into it so far. Not changed any more once it is held. ``passed``
    are those of its columns that INSERT without a column list passes over."""

    __slots__ = ("columns", "feeds", "influences", "items", "passed")

    def __init__(self, columns: tuple[str, ...], passed: tuple[str, ...] = ()) -> None:
        self.columns = columns
        self.passed = passed
        self.items: dict[str, Sources] = {c: {} for c in columns}
        self.influences: set[tuple[str, str, int]] = set()
        self.feeds: set[str] = set()

    def size(self) -> int:
        """How much it holds."""
        return len(self.items) + sum(map(len, self.items.values())) + len(self.influences) + len(self.feeds)


class Catalog(Protocol):
    """What evaluation may ask about the other files."""

    def resolve(self, name: Name) -> str:
        """Canonical text of the dataset that a written name means."""
        ...

    def ambiguous(self, name: Name) -> bool:
        """Could it be several datasets?"""
        ...

    def columns(self, dataset: str) -> tuple[str, ...] | None:
        """Complete column list of a dataset by its canonical text, None if not known."""
        ...

    def shape(self, dataset: str) -> Shape | None:
        """What is declared of a dataset besides its list, None if nobody declares it."""
        ...


class Flow(NamedTuple):
    """One column-to-column edge of a statement; ``target`` is the column's name in the written dataset."""

    source: tuple[str, str]
    target: str
    code: int
    line: int
    expression: str = ""


_Flows = dict[tuple[tuple[str, str], str], tuple[int, int, str]]  # (source, target column) -> code, line, expression


class Evaluated(NamedTuple):
    """All that one statement does. ``reads`` are datasets it names; ``feeds`` those whose data ends up in the target
    (temporary tables looked through)."""

    flows: list[Flow]
    influences: list[tuple[str, str, int]]  # dataset, column, how
    reads: list[str]
    feeds: list[str]
    items: list[Item]  # the written (or returned) columns, by position


Complain = Callable[[Diagnostic], None]


class Evaluator:
    """Evaluates one statement. ``temporaries`` maps local names to what they hold, ``made`` the
    tables that the file makes to their columns, ``former`` tables to columns that are dropped later.

    What may raise TooMuch: everything but :meth:`whole`.
    """

    def __init__(
        self,
        statement: StatementFacts,
        catalog: Catalog,
        temporaries: Callable[[str], Temporary | None],
        complain: Complain,
        work: Work,
        checks: Checks | None = None,
        made: Mapping[Name, tuple[str, ...]] | None = None,
        former: Mapping[Name, list[str]] | None = None,
    ) -> None:
        self.statement = statement
        self.former = former or {}
        self.made = made or {}
        self.relations: tuple[Relation, ...] = statement.relations
        self.catalog = catalog
        self.temporaries = temporaries
        self.complain = complain
        self.work = work
        self.checks = checks
        self.shaping = False  # is what is looked up a name that may stand for a select item?
        self.memo: dict[int, list[Item]] = {}
        self.active: set[int] = set()
        self.visited: set[int] = set()
        self.reads: dict[str, None] = {}
        self.feeds: dict[str, None] = {}
        self.extra: set[tuple[str, str, int]] = set()
        self.influences: set[tuple[str, str, int]] = set()
        self.structs = any(o.fields >= 0 for r in statement.relations if type(r) is Select for o in r.outputs)

    # ------------------------------------------------------------------ the statement

    def run(self) -> Evaluated:
        """Evaluate the statement."""
        statement = self.statement
        self.visited = reachable(statement)
        for index in sorted(self.visited):  # CTEs in their order, so that a long chain of them needs no deep recursion
            if type(self.relations[index]) is Alias:
                self.items(index)
        target = self._target_columns()
        if self.checks is not None:
            self.checks.targets(target)
        flows: _Flows = {}
        items: list[Item] = []
        if statement.root >= 0:
            items = self.items(statement.root)
        if (
            statement.root >= 0 and statement.kind is not StatementKind.CREATE_TABLE_LIKE
        ):  # it copies columns, no values
            own = statement.effect is Effect.MAKES and is_temporary(statement.target)
            names = statement.columns or (
                own_names(items) if own else self._as_made(self._positions(target or ()), items)
            )
            if self.checks is not None:
                self.checks.written(items, names)
            self._flow_items(items, names, flows)
        for assignment in statement.assignments:
            self._flow_assignment(assignment, target, flows)
        for influence in statement.influences:
            self._influence(influence.ref, influence.how)
        self._visited_influences()
        weaken = POSSIBLE if statement.possible else 0
        ordered = [Flow(s, t, code | weaken, line, text) for (s, t), (code, line, text) in flows.items()]
        return Evaluated(ordered, sorted(self.influences | self.extra), list(self.reads), list(self.feeds), items)

    def whole(self) -> Evaluated:
        """What the statement does, tables taken as a whole: for one whose columns are too many."""
        reads: dict[str, None] = {}
        feeds: dict[str, None] = {}
        for index in sorted(reachable(self.statement)):
            relation = self.relations[index]
            name: Name = (relation.name,) if isinstance(relation, Variable) else ()
            if isinstance(relation, TableRef):
                name = relation.name
            elif not name:
                continue
            if is_temporary(name):
                local = self.temporaries(name[0])
                feeds.update(dict.fromkeys(local.feeds if local is not None else ()))
            elif isinstance(relation, TableRef) and not self._is_built_in(relation):
                reads[self.catalog.resolve(relation.name)] = None
        return as_whole(self.statement, list(reads), [*reads, *(f for f in feeds if f not in reads)])

    def _target_columns(self) -> tuple[str, ...] | None:
        target = self.statement.target
        if not target or self.statement.effect not in (Effect.CHANGES, Effect.SETS):
            return None
        local = self.temporaries(target[0]) if is_temporary(target) else None
        if local is not None:
            return local.columns or None
        if is_temporary(target):
            return None
        return self.catalog.columns(self.catalog.resolve(target))

    def _positions(self, target: tuple[str, ...]) -> tuple[str, ...]:
        """The columns that a query without a column list goes into."""
        statement, passed = self.statement, self.statement.preset
        name = statement.target
        if target and statement.kind in (StatementKind.INSERT, StatementKind.MERGE):
            if is_temporary(name):
                local = self.temporaries(name[0])
                passed += local.passed if local is not None else ()
            else:
                shape = self.catalog.shape(self.catalog.resolve(name))
                passed += shape.passed if shape is not None else ()
        return tuple(n for n in target if n not in passed) if passed else target

    def _as_made(self, known: tuple[str, ...], items: list[Item]) -> tuple[str, ...]:
        """The columns as this file itself has made the target, if its query gives as many: another file may make a table of that
        name with other columns, or in another order."""
        made = tuple(c for c in self.made.get(self.statement.target, ()) if c not in self.statement.preset)
        fits = len(made) == len(items) and not any(i.name == STAR for i in items)
        return made if fits else known

    def _flow_items(self, items: list[Item], names: tuple[str, ...], flows: _Flows) -> None:
        """Columns written from a query: by position where the target's names are known, else by the query's names."""
        listed = next((n for n, i in enumerate(items) if i.name == STAR), len(items))
        for position, item in enumerate(items):
            if names and position < listed:
                if position >= len(names):
                    break
                name = names[position]
            else:  # past a star that nobody can list, positions mean nothing
                name = item.name if item.name is not None else unnamed(position)
            self._flow(item.sources, name, item.line, item.expression, flows)

    def _flow(self, sources: Sources, target: str, line: int, text: str, flows: _Flows) -> None:
        self.work.spend(len(sources))
        for source, code in sources.items():
            key = (source, target)
            known = flows.get(key)
            if known is None:
                flows[key] = (code, line, text)
            else:
                flows[key] = (MERGE[known[0]][code], min(known[1], line) or line, known[2] or text)

    def _flow_assignment(
        self,
        assignment: Assignment,
        target: tuple[str, ...] | None,
        flows: _Flows,
    ) -> None:
        name, position = assignment.column, assignment.position
        if name == STAR:
            items = [i for r in assignment.refs for i in self.items(r.relation)]
            self._flow_items(items, target or () if position >= 0 else (), flows)
            return
        if position >= 0:
            names = self._positions(target or ())
            name = names[position] if position < len(names) else unnamed(position)
        self._flow(self._refs(assignment.refs), name, assignment.line, assignment.expression, flows)

    def _visited_influences(self) -> None:
        """What shapes the rows of any SELECT that the statement's data passes through."""
        for index in sorted(self.visited):
            relation = self.relations[index]
            if type(relation) is Select:
                for influence in relation.influences:
                    self._influence(influence.ref, influence.how)
                self._natural_influences(relation)
            elif type(relation) is SetOp:
                for branch in relation.filters:
                    for item in self.items(branch):
                        self.work.spend(len(item.sources))
                        for dataset, column in item.sources:
                            self.influences.add((dataset, column, 0))
            elif type(relation) is not Alias:
                self.items(index)

    def _natural_influences(self, relation: Select) -> None:
        """The common columns of a NATURAL join are its condition."""
        for merged in relation.merged:
            if merged.names:
                continue  # USING has said so itself
            for name in self._merged_names(merged):
                for side in (*merged.left, merged.right):
                    self.work.spend(1 + len(self.items(side)) // _LOOKED_THROUGH)
                    for dataset, column in find(self.items(side), name) or {}:
                        self.influences.add((dataset, column, _JOIN))

    def _influence(self, ref: Ref, how: int) -> None:
        self.shaping = how >= SHAPING
        sources = self._lookup(ref, quiet=True)
        self.shaping = False
        self.work.spend(1 + len(sources))
        for dataset, column in sources:
            self.influences.add((dataset, column, how))

    # ------------------------------------------------------------------ relations

    def items(self, index: int) -> list[Item]:
        """The columns of a relation of the arena."""
        known = self.memo.get(index)
        if known is not None:
            return known
        if index in self.active:
            return []
        self.active.add(index)
        relation = self.relations[index]
        if type(relation) is TableRef:
            result = self._table(relation)
        elif type(relation) is Select:
            result = self._select(relation, index)
        elif type(relation) is Alias:
            result = self._alias(relation, index)
        elif type(relation) is SetOp:
            result = self._set_operation(relation)
        elif type(relation) is Variable:
            result = self._temporary(relation.name, 0)
        else:
            assert type(relation) is Parameter
            result = [Item(VALUE, self._parameter(relation))]
        self.active.discard(index)
        self.memo[index] = result
        self.work.spend(sum([1 + len(item.sources) for item in result]))
        return result

    def _alias(self, relation: Alias, index: int) -> list[Item]:
        if relation.recursive:
            return self._recursive(relation, index)
        items = self.items(relation.relation)
        return self._inserted(items) if relation.inserted else self._renamed(relation.relation, items, relation.columns)

    def _inserted(self, items: list[Item]) -> list[Item]:
        """The row that is inserted: the query's columns where they go, and those of the target that get none."""
        target = self._target_columns() or ()
        row = renamed(items, self.statement.columns or self._positions(target))
        given = {i.name for i in row}
        return row if STAR in given else [*row, *(Item(c, {}) for c in target if c not in given)]

    def _renamed(self, index: int, items: list[Item], columns: tuple[str, ...]) -> list[Item]:
        """A relation's columns under the names of a list."""
        if columns and self.checks is not None:
            self.checks.renamed(index, items, columns)
        return renamed(items, columns)

    def _table(self, relation: TableRef) -> list[Item]:
        name = relation.name
        if self._is_built_in(relation):
            return self._built_in(relation)
        if is_temporary(name):
            return renamed(self._temporary(name[0], relation.line), relation.columns)
        dataset = self.catalog.resolve(name)
        self.reads[dataset] = None
        self.feeds[dataset] = None
        if relation.args:
            for source in self._refs(relation.args):
                self.influences.add((*source, 0))
        if relation.columns == (STAR,):
            return [Item(STAR, {(dataset, STAR): 0}, relation.line)]
        columns = self.catalog.columns(dataset)
        if columns is not None and name in self.former:
            columns = tuple(dict.fromkeys((*columns, *self.former[name])))
        if columns is None:
            return renamed([Item(STAR, {(dataset, STAR): 0}, relation.line)], relation.columns)
        return renamed([Item(c, {(dataset, c): 0}, relation.line) for c in columns], relation.columns)

    def _is_built_in(self, relation: TableRef) -> bool:
        name = relation.name
        return not name or (
            relation.function and len(name) == 1 and self.catalog.shape(self.catalog.resolve(name)) is None
        )

    def _built_in(self, relation: TableRef) -> list[Item]:
        sources = self._refs(relation.args)
        struct = self._struct(relation.args[0]) if self.structs and len(relation.args) == 1 else None
        if struct is not None and struct.fields:
            code = relation.args[0].how << 1
            fields = [
                replace(i, sources={s: COMPOSE[code][c] for s, c in i.sources.items()}, line=relation.line)
                for i in struct.fields
            ]
            names = [c for c in relation.columns if c != STAR]
            return [*(Element(c, sources, relation.line, fields=tuple(fields)) for c in names[:1]), *fields]
        named = [Item(c, sources, relation.line) for c in relation.columns if c != STAR]
        if named and STAR not in relation.columns:
            return named
        return [*named, Everything(STAR, sources, relation.line)]

    def _temporary(self, name: str, line: int) -> list[Item]:
        local = self.temporaries(name)
        if local is None:
            return [Item(VALUE if local_kind((name,)) is Local.VARIABLE else STAR, {}, line)]
        self.work.spend(len(local.influences) + len(local.feeds))
        self.extra |= local.influences
        for feed in local.feeds:
            self.feeds[feed] = None
        return [Item(c, dict(s), line) for c, s in local.items.items()]

    def _recursive(self, relation: Alias, index: int) -> list[Item]:
        """Recursive CTE: the first branch gives names and first sources; then what the others add, until nothing is new."""
        body = self.relations[relation.relation]
        branches = body.branches if isinstance(body, SetOp) else (relation.relation,)
        current = renamed(self.items(branches[0]), relation.columns)
        for _ in range(len(current) + 2):
            before = dict(self.memo)
            self.memo[index] = current
            rest = [self.items(b) for b in branches[1:]]
            self.memo = before
            by_name = isinstance(body, SetOp) and body.by_name
            merged = self._by_name([current, *rest]) if by_name else by_position([current, *rest]) or current
            if [i.sources for i in merged] == [i.sources for i in current]:
                break
            current = [Item(c.name, m.sources, c.line) for c, m in zip(current, merged, strict=False)]
        return current

    def _set_operation(self, relation: SetOp) -> list[Item]:
        branches = [self.items(b) for b in relation.branches]
        filters = [self.items(b) for b in relation.filters]
        if self.checks is not None:
            self.checks.branches(relation, [*branches, *filters])
        if len(branches) == 1:
            return branches[0]
        zipped = None if relation.by_name else by_position(branches)
        return zipped if zipped is not None else self._by_name(branches, relation.kept)

    def _by_name(self, branches: list[list[Item]], kept: int = 0) -> list[Item]:
        """Branches that cannot be matched by position (one has a star that nobody can list): by name, as possible."""
        names: dict[str, int] = {}
        listed = not any(i.name == STAR for b in branches for i in b)
        for branch in branches:
            for item in branch:
                if item.name is not None and item.name != STAR:
                    names.setdefault(item.name, item.line)
        if kept:
            having = branches[:1] if kept == OF_FIRST else branches
            names = {n: line for n, line in names.items() if all(find(b, n) is not None for b in having)}
        out: list[Item] = []
        for name, line in names.items():
            sources: Sources = {}
            for branch in branches:
                add_sources(sources, find(branch, name) or {}, 0 if listed else POSSIBLE)
            out.append(Item(name, sources, line))
        rest: Sources = {}
        if kept and any(all(i.name != STAR for i in b) for b in (branches[:1] if kept == OF_FIRST else branches)):
            return out
        for branch in branches:
            for item in branch:
                if item.name == STAR:
                    add_sources(rest, item.sources, 0)
        if rest or any(i.name == STAR for b in branches for i in b):
            out.append(Item(STAR, rest))
        return out

    def _select(self, relation: Select, index: int) -> list[Item]:
        out: list[Item] = []
        for source in relation.sources:
            self.items(source)
        for number, output in enumerate(relation.outputs):
            if output.star:
                out.extend(self._star(output, relation, replaced_in(relation.outputs, number)))
                continue
            text = output.expression or self._inner_text(output, relation)
            item = Item(output.name, self._refs(output.refs, output), output.line, text)
            item = replace(item, fields=self._fields(output)) if self.structs else item
            places = [k for k, i in enumerate(out) if i.name == output.name] if output.replaces else []
            if places:
                out[places[-1]] = item
            else:
                out.append(item)
        return out

    # ------------------------------------------------------------------ fields of structs

    def _fields(self, output: Output) -> tuple[Item, ...]:
        """The fields of a select item: of the struct that it puts together, or of the column that it is."""
        if output.fields >= 0:
            return tuple(self.items(output.fields))
        if len(output.refs) != 1 or output.refs[0].how > TRANSFORMED >> 1:
            return ()
        item = self._struct(output.refs[0])
        return item.fields if item is not None else ()

    def _struct(self, ref: Ref) -> Item | None:
        """The struct, or its field, that a reference means; None where its fields are not known."""
        item = self._column(ref)
        for name in ref.path:
            inner = item.fields if item is not None else ()
            item = next((i for i in inner if i.name == name), None)
            if item is None and inner and (opened := through_star(list(inner), name)) is not None:
                item = Item(name, opened)
        return item

    def _column(self, ref: Ref) -> Item | None:
        """The one column with fields that a reference's name means."""
        if ref.relation >= 0:
            return next((i for i in self.items(ref.relation) if i.name == ref.name), None)
        scope = ref.scope
        while scope >= 0 and isinstance(select := self.relations[scope], Select):
            seen = [s for s in dict.fromkeys(select.sources) if s in self.memo or s not in self.active]
            found = [i for s in seen for i in self.items(s) if i.name == ref.name]
            if found:
                return found[0] if len(found) == 1 else None
            scope = select.parent
        return None

    def _inner_text(self, output: Output, relation: Select) -> str:
        """A bare column of a CTE or derived table is the expression that it is there."""
        if len(output.refs) != 1 or output.refs[0].how != IDENTITY:
            return ""
        ref = output.refs[0]
        if ref.relation >= 0 and isinstance(self.relations[ref.relation], Variable):
            return ""
        where = [ref.relation] if ref.relation >= 0 else list(dict.fromkeys(relation.sources))
        self.work.spend(sum(len(self.items(index)) for index in where) // _LOOKED_THROUGH)
        found = [i.expression for index in where for i in self.items(index) if i.name == ref.name]
        return found[0] if len(found) == 1 else ""

    def _star(self, output: Output, relation: Select, replaced: Set[str | None]) -> list[Item]:
        """The columns of a star; those that are ``replaced`` keep their places."""
        if not output.refs:
            return []
        ref = output.refs[0]
        line = output.line or ref.line
        if ref.name != STAR:  # the fields of a struct column
            struct = self._struct(ref) if self.structs else None
            if struct is None or not struct.fields:
                return [Everything(STAR, self._refs(output.refs), line)]
            code = ref.how << 1
            return [
                replace(i, sources={s: COMPOSE[code][c] for s, c in i.sources.items()})
                for i in struct.fields
                if i.name not in output.excluded
            ]
        if ref.relation >= 0:
            items = self._listed(ref.relation)
        elif relation.merged:
            items = self._merged_star(relation)
        else:
            items = [i for s in relation.sources for i in self._listed(s)]
        if output.like:
            items = [i for i in items if i.name is None or i.name == STAR or like(i.name, output.like)]
        if ref.how:  # f(COLUMNS(*))
            items = [replace(i, sources={s: COMPOSE[ref.how << 1][c] for s, c in i.sources.items()}) for i in items]
        excluded = set(output.excluded) - replaced
        return [
            Item(renamed_by(output, i.name), i.sources, line, i.expression, under_star(i, output), i.fields)
            for i in items
            if i.name not in excluded
        ]

    def _listed(self, index: int) -> list[Item]:
        """The columns of a relation that a star gives: of an array, its element, or that one's fields."""
        items = self.items(index)
        if items and isinstance(items[0], Element):
            return items[1:]
        if len(items) > 1 and any(isinstance(i, Everything) for i in items):
            return [i for i in items if not isinstance(i, Everything)]
        return items

    def _merged_star(self, relation: Select) -> list[Item]:
        """``SELECT *`` over USING or NATURAL: each merged column once, first, from both sides."""
        names: dict[str, None] = {}
        for merged in relation.merged:
            for name in self._merged_names(merged):
                names[name] = None
        out: list[Item] = []
        for name in names:
            sources: Sources = {}
            for source in relation.sources:
                self.work.spend(1 + len(self.items(source)) // _LOOKED_THROUGH)
                add_sources(sources, find(self.items(source), name) or {}, 0)
            out.append(Item(name, sources))
        for source in relation.sources:
            out.extend(i for i in self.items(source) if i.name not in names)
        return out

    def _merged_names(self, merged: Merged) -> Iterable[str]:
        if merged.names:
            return merged.names
        right = {i.name for i in self.items(merged.right)}
        return [
            i.name
            for r in merged.left
            for i in self.items(r)
            if i.name is not None and i.name != STAR and i.name in right
        ]

    # ------------------------------------------------------------------ columns

    def _refs(self, refs: Iterable[Ref], output: Output | None = None) -> Sources:
        out: Sources = {}
        for ref in refs:
            code = ref.how << 1
            found = self._lookup(ref, output)
            self.work.spend(1 + len(found))
            if not code and not out:
                out.update(found)
                continue
            for source, inner in found.items():
                composed = COMPOSE[code][inner]
                known = out.get(source)
                out[source] = composed if known is None else MERGE[known][composed]
        return out

    def _lookup(self, ref: Ref, output: Output | None = None, *, quiet: bool = False) -> Sources:
        if ref.path and self.structs:
            field = self._struct(ref)
            if field is not None:
                return field.sources
        name = ref.name
        if ref.relation >= 0:
            relation = self.relations[ref.relation]
            if type(relation) is Variable and relation.or_column:
                column = self._surely(relation.name[1:], ref.scope)
                if column is not None:
                    return column
            items = self.items(ref.relation)
            self.work.spend(len(items) // _LOOKED_THROUGH)
            if name == STAR:
                out: Sources = {}
                for item in items:
                    self.work.spend(len(item.sources))
                    add_sources(out, item.sources, 0)
                return out
            found = find(items, name)
            if found is not None:
                return found
            if self.checks is not None:
                quiet = self.checks.missing(ref) or quiet
            return self._missing(ref, [ref.relation], quiet)
        if ref.scope < 0:
            return {}
        if name == STAR:  # every column of the scope
            select = self.relations[ref.scope]
            sources = select.sources if isinstance(select, Select) else ()
            return union([i.sources for s in sources for i in self.items(s)], 0)
        return self._unqualified(ref, output, quiet)

    def _parameter(self, relation: Parameter) -> Sources:
        """An output parameter of a procedure is a column of it, though not of its result."""
        program = self.relations[relation.program]
        if not isinstance(program, TableRef):
            return {}
        dataset, name, position = self.catalog.resolve(program.name), relation.name, relation.position
        shape = self.catalog.shape(dataset) if relation.declared or not name else None
        names = shape.parameters if shape is not None else ()
        if relation.declared:
            name = name or (names[position] if position < len(names) else "")
            if not name or name not in names:
                return {}
        self.items(relation.program)
        if not name:
            name = names[position] if position < len(names) else f"@{position + 1}"
        return {(dataset, name): 0}

    def _unqualified(self, ref: Ref, output: Output | None, quiet: bool) -> Sources:
        """The innermost scope that has the column; within it a relation known to have it, else those that may."""
        scope = ref.scope
        fallback: list[int] = []
        while scope >= 0:
            select = self.relations[scope]
            if not isinstance(select, Select):
                break
            found = self._in_scope(ref, select, output if scope == ref.scope else None)
            if found is not None:
                return found
            if not fallback:
                fallback = [s for s in select.sources if self._is_table(s)]
            scope = select.parent
            output = None
        row = next((s for s in fallback if self._is_named(s, ref.name)), -1)
        if row >= 0:  # to_jsonb(t): the whole row
            return {s: TRANSFORMED | c & 1 for s, c in self._lookup(Ref(row, -1, STAR, 0), quiet=quiet).items()}
        if self.checks is not None and not self.shaping:
            quiet = self.checks.nowhere(ref) or quiet
        missing = self._missing(ref, fallback, quiet)
        return missing if len(missing) == 1 else {}  # which of several tables has a column that none is known to have?

    def _surely(self, name: str, scope: int) -> Sources | None:
        """The column of that name that a relation around is known to have."""
        while scope >= 0:
            select = self.relations[scope]
            if not isinstance(select, Select):
                return None
            certain: list[Sources] = []
            for source in dict.fromkeys(select.sources):
                if source in self.active and source not in self.memo:
                    break
                items = self.items(source)
                self.work.spend(1 + len(items) // _LOOKED_THROUGH)
                known = exact(items, name)
                if known is not None:
                    certain.append(known)
            if certain:
                return union(certain, 0)
            scope = select.parent
        return None

    def _is_named(self, index: int, name: str) -> bool:
        relation = self.relations[index]
        return isinstance(relation, TableRef) and relation.name[-1] == name

    def _is_table(self, index: int) -> bool:
        relation = self.relations[index]
        if not isinstance(relation, TableRef) or not relation.name or relation.function:
            return False
        return not is_temporary(relation.name)

    def _in_scope(self, ref: Ref, select: Select, output: Output | None) -> Sources | None:
        name = ref.name
        certain: list[Sources] = []
        having: list[int] = []
        maybe: list[Sources] = []
        system: list[Sources] = []
        for source in dict.fromkeys(select.sources):
            items = self.memo.get(source)
            if items is None:
                if source in self.active:
                    break  # a lateral source sees only those in front of it
                items = self.items(source)
            self.work.spend(1 + len(items) // _LOOKED_THROUGH)
            known = exact(items, name)
            if known is not None:
                certain.append(known)
                having.append(source)
            else:
                opened = through_star(items, name)
                if opened is not None:
                    self.work.spend(len(opened))
                    relation = self.relations[source]
                    if not isinstance(relation, TableRef) or not self._is_system(relation):
                        maybe.append(opened)
                    elif (has := has_column(relation.name, name)) is None:
                        system.append(opened)
                    elif has:
                        certain.append(opened)
                        having.append(source)
        if certain:
            if select.merged and any(name in self._merged_names(m) for m in select.merged):
                certain.extend(maybe)
            elif len(certain) > 1:  # ambiguous in SQL unless merged: keep all, as possible
                if self.checks is not None and not self.shaping:
                    self.checks.several(ref, select, having)
                return union(certain, POSSIBLE)
            return union(certain, 0)
        if select.lateral and output is not None:
            earlier = self._earlier(name, select, output)
            if earlier is not None:
                return earlier
        if not maybe and not system:
            return None
        if any(name in m.names for m in select.merged):
            return union([*maybe, *system], 0)
        return union(maybe or system, POSSIBLE if len(maybe) + len(system) > 1 else 0)

    def _earlier(self, name: str, select: Select, output: Output) -> Sources | None:
        """A select item may use the alias of an earlier one."""
        earlier: Output | None = None
        for other in select.outputs:
            if other is output:  # else it is no item of this list
                return self._refs(earlier.refs, earlier) if earlier is not None else None
            if earlier is None and other.name == name and not other.star:
                earlier = other
        return None

    def _is_system(self, relation: Relation) -> bool:
        """Is it a view of the engine's own, under its own names?"""
        return isinstance(relation, TableRef) and not relation.columns and is_system(relation.name)

    def _missing(self, ref: Ref, relations: list[int], quiet: bool) -> Sources:
        """No relation in sight has the column: the known lists may be out of date, so base tables stay possible."""
        out: Sources = {}
        system = [r for i in relations if self._is_system(r := self.relations[i])]
        if system:  # its lists may be older than it is
            datasets = {self.catalog.resolve(r.name) for r in system if isinstance(r, TableRef)}
            return {(d, ref.name): POSSIBLE if len(relations) > 1 else 0 for d in datasets if len(datasets) == 1}
        if ref.name in OF_ENGINES:
            return {}
        named: set[str] = set()
        for index in relations:
            relation = self.relations[index]
            if isinstance(relation, TableRef) and self._is_table(index) and not relation.columns:
                named.add(dataset_text(relation.name))
                out[(self.catalog.resolve(relation.name), ref.name)] = 0 if ref.name[:1] == "$" else POSSIBLE
                quiet = quiet or self.catalog.ambiguous(relation.name) or self._is_made(relation.name)
                quiet = quiet or self._is_doubted(relation.name)
        if out and not quiet and ref.name[:1] != "$":  # $node_id and its like are in no list
            lists = sorted({d for d, _ in out})
            text = f"column {ref.name!r} is not among the known columns of {_listing(lists)}"
            place = ref.line, ref.column
            self.complain(Resting("RL302", "warning", text, *place, tuple(lists), tuple(sorted(named))))
        return out

    def _is_doubted(self, name: Name) -> bool:
        """Does a file take columns away that another one declares? It had them once, and migrations have no order that is known."""
        shape = self.catalog.shape(self.catalog.resolve(name))
        return shape is not None and shape.doubted

    def _is_made(self, name: Name) -> bool:
        """Is it the table that is made here, whose own columns its expressions read? Another file's list may be what is known."""
        return self.statement.kind is StatementKind.CREATE_TABLE and name == self.statement.target


def as_whole(statement: StatementFacts, reads: list[str], feeds: list[str]) -> Evaluated:
    """All columns of what feeds the target may go into any of its columns. What is assigned to variables is not followed."""
    sources: Sources = {(dataset, STAR): POSSIBLE for dataset in feeds}
    flows = [Flow(s, STAR, POSSIBLE, statement.first_line) for s in sources] if statement.target else []
    return Evaluated(flows, [], reads, feeds, [Item(STAR, sources, statement.first_line)])


def _listing(names: list[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
