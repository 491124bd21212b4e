"""Column lists: the names of a query's columns, where they depend on the lists of other datasets."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from ray_lineage.link.names import like, renamed_by, replaced_in
from ray_lineage.link.work import LIST_STEPS, LISTED_COLUMNS, TooMuch
from ray_lineage.model import (
    OF_FIRST,
    RUNS,
    STAR,
    VALUE,
    Alias,
    ListQuery,
    Name,
    Relation,
    Select,
    SetOp,
    TableRef,
    unnamed,
)

ColumnList = tuple[str, ...] | None
"""Complete list of a dataset's columns, None if it is not known."""

_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(tuple[str, ...])
_query_decoder: Final = msgspec.msgpack.Decoder(ListQuery)


def decode_list(columns: bytes) -> ColumnList:
    """A list as the catalog keeps it: encoded; empty bytes where it is not known."""
    return _decoder.decode(columns) if columns else None


def extend_list(columns: bytes, more: Iterable[str]) -> bytes:
    """A list and what was added to the table."""
    known = _decoder.decode(columns)
    return _encoder.encode((*known, *dict.fromkeys(c for c in more if c not in known)))


def evaluate_list(query: bytes, known: Callable[[Name], ColumnList]) -> bytes:
    """The list that an encoded :class:`ListQuery` gives; ``known`` gives those of the datasets that it reads."""
    asked = _query_decoder.decode(query)
    if asked.root == RUNS:
        return _encoder.encode([]) if any(_is_known(r, known) for r in asked.relations) else b""
    names = _Names(asked.relations, known)
    try:
        for index, relation in enumerate(asked.relations):  # CTEs in order: a long chain needs no deep recursion
            if isinstance(relation, Alias):
                names.of(index)
        found = names.of(asked.root)
    except TooMuch:
        return b""
    return (
        b""
        if found is None or len(found) > LISTED_COLUMNS
        else _encoder.encode([n if n is not None else unnamed(i) for i, n in enumerate(found)])
    )


def _is_known(relation: Relation, known: Callable[[Name], ColumnList]) -> bool:
    return isinstance(relation, TableRef) and known(relation.name) is not None


class _Names:
    """Only the output names of a relation, None where a star cannot be listed."""

    def __init__(self, relations: tuple[Relation, ...], known: Callable[[Name], ColumnList]) -> None:
        self.relations = relations
        self.known = known
        self.active: set[int] = set()
        self.memo: dict[int, list[str | None] | None] = {}
        self.left = LIST_STEPS

    def of(self, index: int) -> list[str | None] | None:
        if index < 0 or index in self.active:
            return None
        if index in self.memo:
            return self.memo[index]
        self.active.add(index)
        result = self._of(self.relations[index])
        self.left -= len(result or ())
        if self.left < 0:
            raise TooMuch
        self.active.discard(index)
        self.memo[index] = result
        return result

    def _of(self, relation: Relation) -> list[str | None] | None:
        if isinstance(relation, TableRef) and relation.columns == (STAR,):
            return None
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
        return self._select(relation) if isinstance(relation, Select) else [VALUE]

    def _set_operation(self, relation: SetOp) -> list[str | None] | None:
        first = self.of(relation.branches[0])
        if not relation.by_name or first is None or relation.kept == OF_FIRST:
            return first
        names: dict[str | None, None] = dict.fromkeys(first)
        for branch in relation.branches[1:]:
            more = self.of(branch)
            if more is None:
                return None
            if relation.kept:
                names = {n: None for n in names if n in more}
            else:
                names.update(dict.fromkeys(more))
        return list(names)

    def _select(self, relation: Select) -> list[str | None] | None:
        out: list[str | None] = []
        for number, output in enumerate(relation.outputs):
            if not output.star:
                if not (output.replaces and output.name in out):
                    out.append(output.name)
                continue
            if not output.refs or output.refs[0].name != STAR:
                return None
            names = self._star(output.refs[0].relation, relation)
            if names is None:
                return None
            if output.like:
                names = [n for n in names if n is None or like(n, output.like)]
            excluded = set(output.excluded) - replaced_in(relation.outputs, number)
            out.extend(renamed_by(output, n) for n in names if n not in excluded)
            if len(out) > LISTED_COLUMNS:
                return None
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
            if sum(map(len, lists)) > LISTED_COLUMNS:
                return None
        merged: dict[str | None, None] = {}
        for join in relation.merged:
            if join.names:
                merged.update(dict.fromkeys(join.names))
            else:
                right = set(self.of(join.right) or ())
                merged.update(dict.fromkeys(n for r in join.left for n in self.of(r) or () if n in right))
        return [*merged, *(n for names in lists for n in names if n not in merged)]
