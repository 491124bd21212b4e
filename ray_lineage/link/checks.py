"""What a statement surely does wrong: said only where every list that it rests on is known for certain.

A list is certain where the statement itself says it: then it is an error. It is known as well where a table is declared once
(or always alike), in whole, and by no dump; but what creates tables may be no SQL, and more than is here: then it is a warning.
Templates, texts with gaps and statements that only may be there are not looked at: what they say may be another text when it
runs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, Protocol

from ray_lineage.model import (
    BARE_NAMES,
    CLEAR_NAMES,
    INFLUENCE_KINDS,
    MARKED_VARIABLES,
    STAR,
    Alias,
    Diagnostic,
    Name,
    Output,
    Ref,
    Relation,
    Resting,
    Select,
    SetOp,
    StatementFacts,
    StatementKind,
    TableRef,
    dataset_text,
    is_temporary,
    unnamed,
)

if TYPE_CHECKING:
    from ray_lineage.link.view import Shape

_FILLS: Final = frozenset({StatementKind.INSERT, StatementKind.INSERT_OVERWRITE})
_NAMES_TARGET: Final = frozenset({StatementKind.INSERT, StatementKind.UPDATE})
_SEVERAL: Final = re.compile(
    r"(?:explode|posexplode|inline|stack|json_tuple|parse_url_tuple|unnest|untuple|columns)(?:_outer)?\s*\(", re.I
)
"""Functions that may give several columns where one item stands."""
OF_ENGINES: Final = frozenset({
    "rowid", "_rowid", "_rowid_", "oid", "ctid", "xmin", "xmax", "cmin", "cmax", "tableoid", "ora_rowscn", "object_value",
    "row__id", "block__offset__inside__file", "input__file__name", "_metadata", "_partitiontime", "_partitiondate",
    "_file_name", "_table_suffix", "_part", "_part_index", "_part_offset", "_part_starting_offset", "_part_uuid",
    "_part_data_version", "_partition_id", "_partition_value", "_sample_factor", "_block_number", "_block_offset",
    "_row_exists", "_table", "_database", "_path", "_file", "_size", "_time",
    "metadata$action", "metadata$isupdate", "metadata$row_id", "metadata$filename", "metadata$file_row_number",
})  # fmt: skip
"""Columns that tables of some engine have without declaring them; one that is declared by that name is meant before."""
_PSEUDO: Final = OF_ENGINES | {
    "rownum", "level", "object_id", "column_value", "sys_nc_rowinfo", "nextval", "currval", "identitycol", "rowguidcol",
    "system_user", "value", "default", "dummy", "key", "partition",
}  # fmt: skip
"""... and words that stand where columns do."""


class Lists(Protocol):
    """What the checks ask of the catalog."""

    def resolve(self, name: Name) -> str: ...
    def ambiguous(self, name: Name) -> bool: ...
    def columns(self, dataset: str) -> tuple[str, ...] | None: ...
    def shape(self, dataset: str) -> Shape | None: ...


class Column(Protocol):
    """A column of a relation, as far as the checks look at it."""

    @property
    def name(self) -> str | None: ...
    @property
    def line(self) -> int: ...


Report = Callable[[Diagnostic], None]

SHAPING: Final = INFLUENCE_KINDS.index("group_by")
"""From this kind of influences on a name may stand for an item of the select list."""
UNSURE, DECLARED, OWN = range(3)
"""How sure a list is: it may be another one; so it is declared; so the statement itself says."""
_TARGET: Final = -1
"""The target's list, among relations."""


class Checks:
    """Looks at one statement while it is evaluated. ``checked``: see :class:`FileFacts`."""

    __slots__ = ("_catalog", "_checked", "_relations", "_report", "_statement", "_sure")

    def __init__(self, statement: StatementFacts, checked: int, catalog: Lists, report: Report) -> None:
        self._statement = statement
        self._relations: tuple[Relation, ...] = statement.relations
        self._checked = checked
        self._catalog = catalog
        self._report = report
        self._sure: dict[int, int] = {}

    def _say(
        self, sure: int, code: str, message: str, line: int, column: int = 0, *, over: Sequence[int] = (_TARGET,)
    ) -> None:
        """``over``: the relations whose columns it is about."""
        if sure:
            severity = "error" if sure == OWN else "warning"
            place = (line, column) if line else (self._statement.first_line, 0)
            names = {name for index in over for name in self._lists(index)} if sure == DECLARED else ()
            lists, named = sorted(map(self._catalog.resolve, names)), sorted(map(dataset_text, names))
            self._report(Resting(code, severity, message, *place, tuple(dict.fromkeys(lists)), tuple(named)))

    # ------------------------------------------------------------------ numbers of columns

    def written(self, items: Sequence[Column], target: Sequence[str]) -> None:
        """A query's columns go into the target, ``target`` being its columns by position where nothing lists them."""
        statement = self._statement
        if statement.kind is StatementKind.CREATE_VIEW:
            self.renamed(statement.root, items, statement.columns, "the view")
        elif statement.kind in _FILLS:
            given, listed = len(items), len(statement.columns)
            if listed and given != listed:
                self._filled(items, f" for the {listed} that are listed", OWN)
            elif not listed and given > len(target) > 0:
                self._filled(items, f", and has {len(target)}", self._declared(statement.target))

    def _filled(self, items: Sequence[Column], expected: str, sure: int) -> None:
        """The target gets another number of columns than the list says that is so sure."""
        statement = self._statement
        over = (statement.root,) if sure == OWN else (statement.root, _TARGET)
        target = statement.target
        name = target[0] if is_temporary(target) else self._catalog.resolve(target)
        text = f"{name} gets {_columns(len(items))}{expected}"
        self._say(min(sure, self._counted(statement.root, items)), "RL140", text, _line(items), over=over)

    def branches(self, relation: SetOp, branches: Sequence[Sequence[Column]]) -> None:
        """Branches of a set operation have as many columns as the first one."""
        if relation.by_name or len({len(b) for b in branches}) < 2:
            return
        sure = min(map(self._counted, (*relation.branches, *relation.filters), branches))
        first = len(branches[0])
        other = next(b for b in branches if len(b) != first)
        text = f"this branch of a set operation has {_columns(len(other))}, and the first one {first}"
        self._say(sure, "RL141", text, _line(other), over=(*relation.branches, *relation.filters))

    def renamed(self, index: int, items: Sequence[Column], columns: Sequence[str], what: str = "a query") -> None:
        """There are not more names than columns."""
        if len(columns) > len(items) and STAR not in columns:
            text = f"{len(columns)} names are given to {what} of {_columns(len(items))}: {', '.join(columns)}"
            self._say(self._counted(index, items), "RL142", text, _line(items), over=(index,))

    # ------------------------------------------------------------------ names of columns

    def missing(self, ref: Ref) -> bool:
        """A relation has no column of that name. True: that is wrong, and was said."""
        sure = UNSURE if _is_pseudo(ref.name) or self._may_be_of_another(ref) else self._named(ref.relation)
        text = no_column(ref.name, self._called(ref.relation))
        self._say(sure, "RL143", text, ref.line, ref.column, over=(ref.relation,))
        return sure > UNSURE

    def _may_be_of_another(self, ref: Ref) -> bool:
        """USING after several relations means the one that has the column, and is put as if it meant each."""
        merged = (m for r in self._relations if isinstance(r, Select) for m in r.merged)
        return any(len(m.left) > 1 and ref.relation in m.left and ref.name in m.names for m in merged)

    def nowhere(self, ref: Ref) -> bool:
        """No relation in sight has a column of that name. True: that is wrong, and was said."""
        if not self._checked & BARE_NAMES or _is_pseudo(ref.name) or ref.path or "." in ref.name:
            return False
        seen: list[int] = []
        scope = ref.scope
        while scope >= 0 and isinstance(select := self._relations[scope], Select):
            if any(o.name == ref.name and not _is_bare(o) for o in select.outputs):
                return False  # where an alias may be used is the engine's business
            seen.extend(select.sources)
            scope = select.parent
        sure = min(map(self._named, seen), default=UNSURE)
        what = self._called(seen[0]) if len(seen) == 1 else "any relation in sight"
        self._say(sure, "RL143", no_column(ref.name, what), ref.line, ref.column, over=seen)
        return sure > UNSURE

    def several(self, ref: Ref, select: Select, sources: Sequence[int]) -> None:
        """Several relations of one FROM have a column of that name."""
        if not self._checked & CLEAR_NAMES or not select.outputs:
            return
        what = " and ".join(map(self._called, sources))
        text = f"column {ref.name!r} is ambiguous: {what} have it"
        self._say(min(map(self.sure, sources)), "RL144", text, ref.line, ref.column, over=sources)

    def targets(self, columns: Sequence[str] | None) -> None:
        """The columns that are written by name are the target's."""
        statement = self._statement
        if not columns or statement.kind not in _NAMES_TARGET:
            return
        known = {*columns, STAR}
        if known.issuperset(statement.columns) and not statement.assignments:
            return
        named = dict.fromkeys(statement.columns, statement.first_line)
        named.update((a.column, a.line) for a in statement.assignments if a.position < 0)
        for name in (n for n in named if n not in known):  # in their order, which a set does not keep
            sure = UNSURE if _is_pseudo(name) else self._declared(statement.target)
            self._say(sure, "RL143", no_column(name, self._catalog.resolve(statement.target)), named[name])

    # ------------------------------------------------------------------ what is certain

    def _counted(self, index: int, items: Sequence[Column]) -> int:
        """How sure is it that the relation has as many columns?"""
        return UNSURE if not items or any(i.name == STAR for i in items) else self.sure(index)

    def sure(self, index: int) -> int:
        """How sure is it that the relation has these columns and no others?"""
        known = self._sure.get(index)
        if known is None:
            self._sure[index] = UNSURE  # what names itself
            known = self._sure[index] = self._look(self._relations[index]) if index >= 0 else UNSURE
        return known

    def _look(self, relation: Relation) -> int:
        if isinstance(relation, TableRef):
            return UNSURE if relation.function or relation.args else self._declared(relation.name)
        if isinstance(relation, Alias):
            if relation.inserted:
                return self._declared(self._statement.target)
            return UNSURE if relation.recursive else self.sure(relation.relation)
        if isinstance(relation, SetOp):
            return UNSURE if relation.by_name else self.sure(relation.branches[0])
        if not isinstance(relation, Select):
            return UNSURE
        if not relation.sources and any(o.refs for o in relation.outputs):  # the elements of an array, for one
            return UNSURE
        return min((self._gives(o, relation) for o in relation.outputs), default=UNSURE)

    def _gives(self, output: Output, select: Select) -> int:
        """How sure is it that it gives what it seems to?"""
        if not output.star:
            several = output.name == STAR or (output.expression and _SEVERAL.match(output.expression))
            return UNSURE if several else OWN
        if not output.refs or output.excluded or output.renamed or output.like or output.refs[0].name != STAR:
            return UNSURE
        index = output.refs[0].relation
        if index >= 0:
            return self.sure(index)
        return UNSURE if select.merged else min(map(self.sure, select.sources), default=UNSURE)

    def _named(self, index: int) -> int:
        """How sure is it that the relation has columns of these names? An engine names an expression as it likes."""
        sure = self.sure(index)
        return sure if sure and self._has_names(self._relations[index]) else UNSURE

    def _has_names(self, relation: Relation) -> bool:
        if isinstance(relation, Alias):
            return relation.inserted or self._named(relation.relation) > UNSURE
        if isinstance(relation, SetOp):
            return self._named(relation.branches[0]) > UNSURE
        if isinstance(relation, Select):
            stars = [o.refs[0].relation for o in relation.outputs if o.star]
            over = [i for s in stars for i in ((s,) if s >= 0 else relation.sources)]
            return all(o.star or o.name is not None for o in relation.outputs) and all(map(self._named, over))
        assert isinstance(relation, TableRef)
        columns = self._catalog.columns(self._catalog.resolve(relation.name)) or ()
        return _UNNAMED not in [c.rstrip("0123456789") for c in columns]

    def _declared(self, name: Name) -> int:
        """How sure is the list of a dataset?"""
        if not name or is_temporary(name) or self._catalog.ambiguous(name):
            return UNSURE
        dataset = self._catalog.resolve(name)
        shape = self._catalog.shape(dataset)
        return (
            DECLARED if shape is not None and shape.certain and self._catalog.columns(dataset) is not None else UNSURE
        )

    def _lists(self, index: int) -> set[Name]:
        """The names of the datasets that a relation that is sure to some degree has its columns of."""
        if index == _TARGET:
            return {self._statement.target}
        relation = self._relations[index]
        if isinstance(relation, TableRef):
            return {relation.name}
        if isinstance(relation, Alias):
            return self._lists(_TARGET if relation.inserted else relation.relation)
        if isinstance(relation, SetOp):
            return self._lists(relation.branches[0])
        assert isinstance(relation, Select)
        stars = [o.refs[0].relation for o in relation.outputs if o.star]
        over = {i for s in stars for i in ((s,) if s >= 0 else relation.sources)}
        return {name for i in over for name in self._lists(i)}

    def _called(self, index: int) -> str:
        relation = self._relations[index]
        if isinstance(relation, Alias) and relation.inserted:
            return self._catalog.resolve(self._statement.target)
        return self._catalog.resolve(relation.name) if isinstance(relation, TableRef) else "a query in FROM"


_UNNAMED: Final = unnamed(0).rstrip("0")


def no_column(name: str, what: str) -> str:
    """What RL143 says."""
    return f"there is no column {name!r} in {what}"


def bits(checked: int, statement: StatementFacts) -> int:
    """What may be checked of a statement: a bare name in a routine may be a variable of a package, where variables are called as
    columns are."""
    if statement.possible:
        return 0
    if statement.procedure and not checked & MARKED_VARIABLES:
        return checked & ~BARE_NAMES
    return checked


def _is_pseudo(name: str) -> bool:
    return name in _PSEUDO or name[:1] in ("_", "$", "@", ":", "#", "?", '"') or "$" in name or name == STAR


def _is_bare(output: Output) -> bool:
    """Is it a column by its own name?"""
    return len(output.refs) == 1 and output.refs[0].name == output.name


def _columns(number: int) -> str:
    return "1 column" if number == 1 else f"{number} columns"


def _line(items: Sequence[Column]) -> int:
    return next((i.line for i in items if i.line), 0)
