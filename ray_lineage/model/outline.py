"""What has to be known of every file before any is linked, and how it is found in the facts."""

from __future__ import annotations

from typing import Final

import msgspec

from ray_lineage.model.facts import DESCRIBED, Declaration, FileFacts, StatementFacts, StatementKind, passed_over
from ray_lineage.model.names import MODEL, Name, dataset_text, is_temporary, unnamed
from ray_lineage.model.program import STAR, Alias, Merged, Output, Ref, Relation, Select, SetOp, TableRef

_encoder: Final = msgspec.msgpack.Encoder()


RUNS: Final = -2
"""See :class:`ListQuery`."""


class Signature(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What other files may see of a declaration; all but ``line`` as it is compared and kept: encoded. ``name`` is its
    position in ``Outline.names``.

    ``columns``: its column list, if that depends on no other one. ``query``: what gives the list else (:class:`ListQuery`),
    asking for the lists of ``reads``. Neither: nobody knows it. ``details``: :class:`Details`, if there are any; ``remarks``:
    :class:`Remarks`, if there are any.
    """

    name: int
    kind: str
    line: int
    adds: bool
    columns: bytes
    query: bytes
    reads: tuple[str, ...]
    details: bytes
    weak: bool = False
    remarks: bytes = b""


class Details(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """``types`` are those of the declared columns, ``passed`` the columns that INSERT without a column list passes over,
    ``parameters`` a program's. ``changed``: it had other columns before, or may have more (see ``Declaration``)."""

    types: tuple[str, ...]
    passed: tuple[str, ...]
    parameters: tuple[str, ...]
    changed: bool = False


class Remarks(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What is in no answer but that to who describes the dataset: descriptions of it and of its columns, its namespace, and how
    its name's last parts (``display``) and its columns (``spelled``) are written, where that differs."""

    text: str
    columns: dict[str, str]
    namespace: str
    display: Name = ()
    spelled: dict[str, str] = {}


class ListQuery(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """So much of a query as gives the names of its columns, nothing of lines and expressions. The root RUNS: there are none, and
    that is known if the list of one of the relations is (see ``Declaration.runs``)."""

    relations: tuple[Relation, ...]
    root: int


class Outline(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What has to be known of a file before any is linked, made where it is compiled: whoever collects the facts of all
    files need not look into their statements. Names are canonical text.

    ``names``: every dataset and program that is named, but those of the file alone; those that it declares come first.
    ``copied``: a name and a longer one that ends in it, where a statement copies from one to the other. ``covers``: see
    :class:`FileFacts`. ``models``: names of dbt models, what they make, and a version (0: none).
    """

    names: tuple[str, ...]
    declared: tuple[Signature, ...]
    copied: tuple[tuple[str, str], ...]
    covers: tuple[str, ...] = ()
    models: tuple[tuple[str, str, int], ...] = ()


def outline_of(facts: FileFacts) -> Outline:
    """The outline of facts."""
    declared = [d for d in facts.declarations if d.name and not d.temporary and d.kind != MODEL]
    names: dict[Name, None] = {d.name: None for d in declared}
    copied: dict[tuple[Name, Name], None] = {}
    for statement in facts.statements:
        read = _reads(statement)
        names.update(read)
        if statement.target and not is_temporary(statement.target):
            names[statement.target] = None
        copied.update(dict.fromkeys(_copied(statement, read)))
    for call in facts.calls:
        names[call.caller] = names[call.callee] = None
        names.update(dict.fromkeys(call.choices))
    for key in facts.foreign_keys:
        names[key.table] = names[key.other] = None
    models = [d for d in facts.declarations if d.kind == MODEL]
    names.update(dict.fromkeys(d.name for d in models))
    for name in [n for n in names if n[-1] == MODEL]:  # a model that nobody makes is taken for a dataset
        names[name[-2:-1]] = None
    for declaration in facts.declarations:
        names.update(dict.fromkeys((*declaration.runs, *filter(None, (declaration.like,)))))
    numbers = {name: number for number, name in enumerate(names)}
    signatures = tuple(_signature(d, numbers[d.name], facts.statements) for d in declared)
    pairs = tuple((dataset_text(short), dataset_text(long)) for short, long in copied)
    made = tuple((dataset_text(d.name), dataset_text(d.like), d.version) for d in models)
    return Outline(tuple(map(dataset_text, names)), signatures, pairs, facts.covers, made)


def _signature(declaration: Declaration, name: int, statements: tuple[StatementFacts, ...]) -> Signature:
    columns, query = b"", b""
    reads: tuple[str, ...] = ()
    listed = declaration.columns if declaration.kind != DESCRIBED else ()
    statement = statements[declaration.statement] if declaration.statement >= 0 else None
    if declaration.runs:
        columns, query, reads = _running(declaration)
    elif listed:
        columns = _encoder.encode([c.name for c in listed])
    elif statement is not None and statement.root >= 0:
        names = listed_names(statement.relations, statement.root)
        if names is not None:
            columns = _encoder.encode(names)
        else:
            asked = _list_query(statement.relations, statement.root)
            query, reads = _encoder.encode(asked), _asked_names(asked)
    details = Details(tuple(c.type for c in listed), passed_over(listed), declaration.parameters, declaration.changed)
    return Signature(
        name, declaration.kind, declaration.line, declaration.adds, columns, query, reads,
        _encoder.encode(details) if any(msgspec.structs.astuple(details)) else b"", declaration.weak, _remarks(declaration),
    )  # fmt: skip


def _running(declaration: Declaration) -> tuple[bytes, bytes, tuple[str, ...]]:
    """Columns, query and what it reads, of a function: its list is known (to be empty) if it runs something."""
    if not declaration.is_conditional:
        return _encoder.encode([]), b"", ()
    asked = ListQuery(tuple(TableRef(name, 0) for name in declaration.runs), RUNS)
    return b"", _encoder.encode(asked), _asked_names(asked)


def _remarks(declaration: Declaration) -> bytes:
    remarks = Remarks(
        declaration.description,
        {c.name: c.description for c in declaration.columns if c.description},
        declaration.namespace,
        declaration.display,
        {**declaration.spelled, **{c.name: c.display for c in declaration.columns if c.display}},
    )
    return _encoder.encode(remarks) if any(msgspec.structs.astuple(remarks)) else b""


def listed_names(relations: tuple[Relation, ...], index: int) -> list[str] | None:
    """The columns of a query that lists them, without a star; None for others."""
    over: tuple[str, ...] = ()
    for _ in relations:
        relation = relations[index] if index >= 0 else None
        if isinstance(relation, Alias):
            over = (*over, *relation.columns[len(over) :])
            index = relation.relation
        elif isinstance(relation, SetOp) and not relation.by_name:
            index = relation.branches[0]
        elif isinstance(relation, Select) and not any(o.star or o.name == STAR for o in relation.outputs):
            names = [o.name if o.name is not None else unnamed(i) for i, o in enumerate(relation.outputs)]
            return [*over, *names[len(over) :]]
        else:
            break
    return None


def _list_query(relations: tuple[Relation, ...], root: int) -> ListQuery:
    """The relations that the names of a query's columns depend on, in their order, under new numbers."""
    needed: set[int] = set()
    stack = [root]
    while stack:
        index = stack.pop()
        if index >= 0 and index not in needed:
            needed.add(index)
            stack.extend(_named_by(relations[index]))
    numbers = {old: new for new, old in enumerate(sorted(needed))}
    return ListQuery(tuple(_only_names(relations[i], numbers) for i in numbers), numbers.get(root, -1))


def _named_by(relation: Relation) -> tuple[int, ...]:
    """The relations whose column names are this one's, or decide about them."""
    if isinstance(relation, Alias):
        return (relation.relation,)
    if isinstance(relation, SetOp):
        return relation.branches if relation.by_name else relation.branches[:1]
    if not isinstance(relation, Select):
        return ()
    stars = [o.refs[0] for o in relation.outputs if o.star and o.refs and o.refs[0].name == STAR]
    named = tuple(r.relation for r in stars if r.relation >= 0)
    return named if len(named) == len(stars) else (*named, *relation.sources, *_merged_by(relation))


def _merged_by(relation: Select) -> tuple[int, ...]:
    return tuple(i for m in relation.merged if not m.names for i in (*m.left, m.right))


def _only_names(relation: Relation, numbers: dict[int, int]) -> Relation:
    if isinstance(relation, TableRef):
        return TableRef(relation.name, 0, relation.columns)
    if isinstance(relation, Alias):
        return Alias(numbers.get(relation.relation, -1), relation.columns)
    if isinstance(relation, SetOp):
        branches = tuple(numbers[b] for b in relation.branches if b in numbers)
        return SetOp(branches, relation.by_name, (), relation.kept)
    if not isinstance(relation, Select):  # no list is made of it
        return relation
    merged = tuple(
        Merged(m.names, tuple(numbers.get(i, -1) for i in m.left), numbers.get(m.right, -1)) for m in relation.merged
    )
    sources = tuple(numbers[s] for s in relation.sources if s in numbers)
    return Select(sources, tuple(_only_name(o, numbers) for o in relation.outputs), merged=merged)


def _only_name(output: Output, numbers: dict[int, int]) -> Output:
    if not output.star:
        return Output(output.name, ())
    refs = tuple(Ref(numbers.get(r.relation, -1), 0, r.name, 0) for r in output.refs[:1])
    return Output(None, refs, star=True, excluded=output.excluded, renamed=output.renamed, like=output.like)


def _asked_names(query: ListQuery) -> tuple[str, ...]:
    names = (r.name for r in query.relations if isinstance(r, TableRef) and r.name and not is_temporary(r.name))
    return tuple(dict.fromkeys(map(dataset_text, names)))


def _reads(statement: StatementFacts) -> dict[Name, None]:
    return {r.name: None for r in statement.relations if type(r) is TableRef and r.name and not is_temporary(r.name)}


_COPIES: Final = frozenset(
    {
        StatementKind.INSERT, StatementKind.INSERT_OVERWRITE, StatementKind.MERGE, StatementKind.SELECT_INTO,
        StatementKind.CREATE_TABLE_AS, StatementKind.CREATE_VIEW, StatementKind.COPY,
    }
)  # fmt: skip


def _copied(statement: StatementFacts, reads: dict[Name, None]) -> list[tuple[Name, Name]]:
    """A name and a longer one that ends in it, where the statement copies from one to the other: ``INSERT INTO dbo.t
    SELECT ... FROM old.dbo.t``. Nobody writes one table in two ways there."""
    target = statement.target
    if statement.kind not in _COPIES or not target:
        return []
    out: list[tuple[Name, Name]] = []
    for read in reads:
        if read[-1] != target[-1]:
            continue
        short, long = (read, target) if len(read) < len(target) else (target, read)
        if len(short) < len(long) and long[-len(short) :] == short:
            out.append((short, long))
    return out
