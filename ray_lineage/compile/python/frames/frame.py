"""A data frame as a relational program (see ``model``): immutable, so that two names may hold parts of one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import Enum, auto
from typing import Final, NamedTuple

import msgspec

from ray_lineage.model import (
    INFLUENCE_KINDS,
    STAR,
    TRANSFORMATIONS,
    Alias,
    Influence,
    Merged,
    Name,
    Output,
    Ref,
    Relation,
    Select,
    SetOp,
    TableRef,
)

MANY: Final = 400
"""Relations of one frame: of longer chains the tables are known, and nothing of columns."""

IDENTITY, CHANGED, SUMMED, _, DECIDING, AROUND = range(len(TRANSFORMATIONS))
FILTER, JOIN, GROUP, SORT = range(len(INFLUENCE_KINDS))


class Library(Enum):
    """Whose methods a frame has."""

    SPARK = auto()
    SNOWPARK = auto()
    PANDAS = auto()
    POLARS = auto()
    DUCKDB = auto()  # a relation of its


class Use(NamedTuple):
    """A column that an expression uses. ``relation``: of the frame's arena, -1 where that has to be found; ``how`` is one of
    TRANSFORMATIONS."""

    relation: int
    name: str
    how: int


class Column(NamedTuple):
    """A column that an expression makes. ``name`` is None where it has none that is known; ``*`` stands for all of the frame."""

    name: str | None
    uses: tuple[Use, ...]
    line: int = 0
    expression: str = ""


class Frame(NamedTuple):
    """``relations[root]`` gives its columns. ``named`` are the relations that other expressions may call: by the node that made
    the frame (``id``), or an alias. ``closed``: its columns are those that its outputs list. ``sure`` is False where it is one
    of several. ``library``: whose methods it has. ``grouped``: the keys of a GROUP BY that has no aggregates yet."""

    relations: tuple[Relation, ...]
    root: int
    library: Library
    named: Mapping[int | str, int] = {}
    sure: bool = True
    grouped: tuple[Column, ...] | None = None
    picked: tuple[str, ...] = ()

    @property
    def tables(self) -> list[TableRef]:
        return [r for r in self.relations if isinstance(r, TableRef)]


def table(name: Name, line: int, library: Library) -> Frame:
    """All of a table."""
    return Frame((TableRef(name, line),), 0, library)


def unknown(library: Library, frames: Iterable[Frame] = ()) -> Frame:
    """A frame of which only the tables are known."""
    tables: dict[Name, TableRef] = {}
    sure = True
    for frame in frames:
        sure = sure and frame.sure
        tables.update({t.name: t for t in frame.tables})
    sources = tuple(tables.values())
    return Frame((*sources, Select(tuple(range(len(sources))), ())), len(sources), library, sure=sure)


def is_opaque(frame: Frame) -> bool:
    """Is nothing of its columns known?"""
    root = frame.relations[frame.root]
    return isinstance(root, Select) and not root.outputs


def together(frames: Sequence[Frame]) -> tuple[list[Relation], list[int], dict[int | str, int]]:
    """The relations of several frames in one arena, their roots, and what is named in them."""
    relations: list[Relation] = []
    roots: list[int] = []
    named: dict[int | str, int] = {}
    for frame in frames:
        by = len(relations)
        relations.extend(shifted(r, by) for r in frame.relations)
        roots.append(frame.root + by)
        named.update({key: number + by for key, number in frame.named.items()})
    return relations, roots, named


def select(
    frame: Frame,
    columns: Sequence[Column],
    *,
    star: Output | None = None,
    first: bool = True,
    influences: Sequence[tuple[Use, int]] = (),
) -> Frame:
    """A frame of these columns; with a star (which stands first or last), of those that it means, too."""
    outputs = [output(c, frame.root) for c in columns]
    if star is not None:
        outputs = [star, *outputs] if first else [*outputs, star]
    if len(frame.relations) > MANY:
        return unknown(frame.library, [frame])
    found = tuple(Influence(_ref(use, frame.root, 0), how) for use, how in influences)
    relation = Select((frame.root,), tuple(outputs), found)
    named = {k: len(frame.relations) if v == frame.root else v for k, v in frame.named.items()}
    return frame._replace(
        relations=(*frame.relations, relation), root=len(frame.relations), named=named, grouped=None, picked=()
    )


def output(column: Column, root: int) -> Output:
    """A column as an item of a select list."""
    if column.name == STAR:
        return star(column.uses[0].relation if column.uses else root)
    refs = tuple(_ref(use, root, column.line) for use in column.uses)
    return Output(column.name, refs, column.line, 0, expression=column.expression)


def _ref(use: Use, root: int, line: int) -> Ref:
    return Ref(use.relation if use.relation >= 0 else root, -1, use.name, use.how, line)


def star(
    relation: int, excluded: Iterable[str] = (), renamed: Mapping[str, str] | None = None, line: int = 0
) -> Output:
    """All columns of a relation, but for some, and some under another name."""
    refs = (Ref(relation, -1, STAR, IDENTITY, line),)
    return Output(None, refs, line, star=True, excluded=tuple(excluded), renamed=dict(renamed) if renamed else None)


def columns_of(frame: Frame) -> list[str] | None:
    """The names of its columns, if they are written down."""
    return _columns_of(frame.relations, frame.root, 0)


def _columns_of(relations: Sequence[Relation], number: int, depth: int) -> list[str] | None:
    relation = relations[number]
    if isinstance(relation, SetOp) and depth < MANY:
        return _columns_of(relations, relation.branches[0], depth + 1)
    if isinstance(relation, Alias) and relation.columns:
        return list(relation.columns)
    if not isinstance(relation, Select) or depth >= MANY or not relation.outputs:
        return None
    out: list[str] = []
    for output in relation.outputs:
        if not output.star:
            out.append(output.name or "")
            continue
        of = output.refs[0].relation if output.refs else -1
        inner = _columns_of(relations, of, depth + 1) if of >= 0 else None
        if inner is None:
            return None
        names = output.renamed or {}
        out.extend(names.get(n, n) for n in inner if n not in output.excluded)
    return out


def suffixed(frame: Frame, names: Collection[str], suffix: str) -> Frame:
    """With a suffix to those of its columns that have one of these names."""
    both = [n for n in columns_of(frame) or () if n in names]
    return select(frame, [], star=star(frame.root, (), {n: n + suffix for n in both})) if both and suffix else frame


class Join(Enum):
    """Whose columns a join gives, and whose value that of a common key is."""

    LEFT = auto()  # also of an inner join
    RIGHT = auto()
    FULL = auto()
    ONE_SIDED = auto()  # semi and anti joins: only the left side's columns


def kind_of_join(text: str) -> Join:
    """By what Spark and pandas call it."""
    plain = text.lower().replace("_", "").replace(" ", "").removesuffix("outer") or "full"
    if plain in ("semi", "leftsemi", "anti", "leftanti"):
        return Join.ONE_SIDED
    return Join.RIGHT if plain == "right" else Join.FULL if plain == "full" else Join.LEFT


def joined(
    left: Frame, right: Frame, keys: Sequence[str], conditions: Sequence[Use], kind: Join = Join.LEFT
) -> tuple[list[Relation], Select, dict[int | str, int]]:
    """The relations of a join whose select list has all columns of both sides, those of ``keys`` once."""
    relations, roots, named = together([left, right])
    influences = [Influence(Ref(u.relation, -1, u.name, JOIN), JOIN) for u in conditions]
    influences += [Influence(Ref(root, -1, key, JOIN), JOIN) for key in keys for root in roots]
    if kind is Join.ONE_SIDED:
        outputs = [star(roots[0])]
    elif kind is Join.LEFT or not keys:
        outputs = [star(roots[0]), star(roots[1], keys)]
    else:
        sides = roots if kind is Join.FULL else roots[1:]
        merged = [Output(key, tuple(Ref(side, -1, key, IDENTITY) for side in sides)) for key in keys]
        outputs = [*merged, star(roots[0], keys), star(roots[1], keys)]
    return relations, Select(tuple(roots), tuple(outputs), tuple(influences)), named


def stacked(frames: Sequence[Frame], *, by_name: bool) -> Frame:
    """UNION of frames."""
    relations, roots, _ = together(frames)
    if len(relations) > MANY:
        return unknown(frames[0].library, frames)
    sure = all(f.sure for f in frames)
    return Frame((*relations, SetOp(tuple(roots), by_name)), len(relations), frames[0].library, sure=sure)


def shifted(relation: Relation, by: int) -> Relation:
    """A relation whose arena begins at another number."""
    if not by:
        return relation
    if isinstance(relation, TableRef):
        return msgspec.structs.replace(relation, args=_refs(relation.args, by)) if relation.args else relation
    if isinstance(relation, Alias):
        return msgspec.structs.replace(relation, relation=_number(relation.relation, by))
    if isinstance(relation, SetOp):
        return SetOp(_numbers(relation.branches, by), relation.by_name, _numbers(relation.filters, by))
    if not isinstance(relation, Select):
        return relation
    return Select(
        _numbers(relation.sources, by),
        tuple(msgspec.structs.replace(o, refs=_refs(o.refs, by)) for o in relation.outputs),
        tuple(Influence(_refs((i.ref,), by)[0], i.how) for i in relation.influences),
        _number(relation.parent, by),
        tuple(Merged(m.names, _numbers(m.left, by), _number(m.right, by)) for m in relation.merged),
        relation.lateral,
        _numbers(relation.subqueries, by),
    )


def _number(number: int, by: int) -> int:
    return number + by if number >= 0 else number


def _numbers(numbers: Iterable[int], by: int) -> tuple[int, ...]:
    return tuple(_number(n, by) for n in numbers)


def _refs(refs: Iterable[Ref], by: int) -> tuple[Ref, ...]:
    return tuple(msgspec.structs.replace(r, relation=_number(r.relation, by), scope=_number(r.scope, by)) for r in refs)
