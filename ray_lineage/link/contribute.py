"""One file's facts + the catalog -> its rows of the graph."""

from __future__ import annotations

import hashlib
import posixpath
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from typing import Final, Protocol

import msgspec

from ray_lineage.link.codes import COMPOSE, certainty_text, how_text, influence_text
from ray_lineage.link.evaluate import Evaluated, as_whole
from ray_lineage.link.lists import ColumnList
from ray_lineage.link.script import Script
from ray_lineage.link.symbols import Declared
from ray_lineage.link.system import is_system
from ray_lineage.link.view import Descriptions, Shape
from ray_lineage.link.work import FILE_ROWS, Work
from ray_lineage.model import (
    MODEL,
    STAR,
    UNSEEN,
    Contribution,
    Declaration,
    Diagnostic,
    FileFacts,
    Name,
    Row,
    StatementFacts,
    StatementKind,
    column_id,
    dataset_id,
    dataset_text,
    file_id,
    is_temporary,
    quote_part,
    split_text,
    statement_id,
)

CONTRIBUTION_REVISION: Final = 15
"""Raise with every change of the rows that given facts lead to: files are then written again."""

_TOO_MANY_ROWS: Final = (
    f"this file means over {FILE_ROWS:,} rows of columns; from here on its tables are linked as a whole (*)"
)
_MAX_DIAGNOSTICS: Final = 200  # of one file, kept in the graph
_CODE_TEXTS: Final = tuple((how_text(code), certainty_text(code)) for code in range(len(COMPOSE)))


_TARGET: Final = "target"


def in_project(path: str, relative: str) -> str:
    """The file that an artefact of dbt calls so: by its path in the project, in whose target folder the artefact lies."""
    folder = posixpath.dirname(path)
    return posixpath.join(posixpath.dirname(folder) if posixpath.basename(folder) == _TARGET else folder, relative)


class LinkCatalog(Protocol):
    """What linking one file may ask."""

    def resolve(self, name: Name) -> str: ...
    def columns(self, dataset: str) -> ColumnList: ...
    def ambiguous(self, name: Name) -> bool: ...
    def owner(self, dataset: str) -> Declared | None: ...
    def shape(self, dataset: str) -> Shape | None: ...
    def types(self, dataset: str) -> dict[str, str]: ...
    def descriptions(self, dataset: str) -> Descriptions: ...


class _Rows:
    """Collects one file's rows."""

    def __init__(self, project: str, path: str) -> None:
        self.project = project
        self.file = file_id(project, path)
        self.rows: defaultdict[str, set[Row]] = defaultdict(set)
        self.datasets: set[str] = set()
        self.columns: dict[tuple[str, str], str] = {}
        self._left = FILE_ROWS
        self.diagnostics: list[Diagnostic] = []

    def take(self, rows: int, line: int) -> bool:
        """May that many rows of columns be added? Says so where there are too many."""
        if rows > self._left:
            self.diagnostics.append(Diagnostic("RL305", "warning", _TOO_MANY_ROWS, line))
            return False
        self._left -= rows
        return True

    def add(self, kind: str, row: Row) -> None:
        self.rows[kind].add(row)

    def dataset(self, name: str) -> str:
        self.datasets.add(name)
        return dataset_id(self.project, name)

    def column(self, dataset: str, column: str) -> str:
        identity = self.columns.get((dataset, column))
        if identity is None:
            self.datasets.add(dataset)
            identity = self.columns[dataset, column] = column_id(self.project, dataset, column)
        return identity


def contribute(
    project: str, path: str, sha256: str, facts: FileFacts, catalog: LinkCatalog, look: Callable[[], None] | None = None
) -> Contribution:
    """Link one file. ``look`` is called every now and then, and may raise to give up."""
    rows = _Rows(project, path)
    script = Script(facts, catalog, Work(look))
    for ordinal, statement, result in script.run():
        _statement(rows, ordinal, statement, result, catalog)
    _programs_and_keys(rows, facts, catalog)
    more = _ambiguities(facts, catalog)
    more.extend(_declarations(rows, path, facts, catalog))
    diagnostics = _kept([*facts.diagnostics, *script.diagnostics, *rows.diagnostics[:1], *more])
    encoded = msgspec.json.encode(diagnostics).decode()
    head = (rows.file, project, path, sha256, facts.dialect)
    origin = in_project(path, facts.origin) if facts.origin else None
    tail = (facts.status, encoded, len(rows.rows.get("Statement", ())), origin)
    ordered = {kind: _sorted(found) for kind, found in sorted(rows.rows.items()) if found}
    datasets, columns = sorted(rows.datasets), sorted(rows.columns)
    digest = hashlib.blake2b(digest_size=16)
    digest.update(msgspec.msgpack.encode((CONTRIBUTION_REVISION, head, tail, ordered, datasets, columns)))
    fingerprint = digest.hexdigest()
    ordered["File"] = [(*head, fingerprint, *tail)]
    return Contribution(rows.file, path, fingerprint, ordered, datasets, columns)


def _kept(found: list[Diagnostic]) -> list[Diagnostic]:
    """At most MAX_DIAGNOSTICS; the last says how many more of which there were."""
    if len(found) <= _MAX_DIAGNOSTICS:
        return found
    kept, left = found[: _MAX_DIAGNOSTICS - 1], found[_MAX_DIAGNOSTICS - 1 :]
    codes = ", ".join(f"{code} x {number}" for code, number in sorted(Counter(d.code for d in left).items()))
    worst = min((d.severity for d in left), key=("error", "warning", "info").index)
    text = f"{len(left):,} more diagnostics of this file are not listed: {codes}"
    return [*kept, Diagnostic("RL307", worst, text)]


def _sorted(rows: set[Row]) -> list[Row]:
    """Rows of one kind in their order. Most differ before a column that may be None, and then need no key."""
    try:
        return sorted(rows)
    except TypeError:
        return sorted(rows, key=_sort_key)


def _sort_key(row: Row) -> tuple[tuple[bool, bool, object], ...]:
    # None sorts first, numbers before texts: rows of one kind mix neither in one column
    return tuple((v is not None, isinstance(v, str), v if v is not None else 0) for v in row)


def _statement(rows: _Rows, ordinal: int, statement: StatementFacts, result: Evaluated, catalog: LinkCatalog) -> None:
    if statement.kind in UNSEEN and not result.reads:
        return
    node = statement_id(rows.file, ordinal)
    rows.add(
        "Statement",
        (
            node,
            rows.file,
            ordinal,
            statement.kind.value,
            statement.first_line,
            statement.last_line,
            statement.procedure or None,
            statement.sql,
        ),
    )
    rows.add("CONTAINS", (rows.file, node))
    for dataset in result.reads:
        rows.add("READS", (node, rows.dataset(dataset)))
    if not statement.target or is_temporary(statement.target):
        return
    target = catalog.resolve(statement.target)
    target_id = rows.dataset(target)
    rows.add("WRITES", (node, target_id))
    if not rows.take(len(result.flows) + len(result.influences), statement.first_line):
        result = as_whole(statement, result.reads, result.feeds)
    flows, influences, column, known = rows.rows["FLOWS_TO"], rows.rows["INFLUENCES"], rows.column, rows.columns.get
    first = statement.first_line
    for source, name, code, line, expression in result.flows:
        ends = known(source) or column(*source), known((target, name)) or column(target, name)
        flows.add((*ends, ordinal, line or first, *_CODE_TEXTS[code], expression or None))
    for dataset, name, how in result.influences:
        influences.add((column(dataset, name), target_id, ordinal, first, influence_text(how)))
    if statement.kind in (StatementKind.DELETE, StatementKind.TRUNCATE):
        return
    for dataset in result.feeds:
        rows.add("FEEDS", (rows.dataset(dataset), target_id, ordinal))


def _programs_and_keys(rows: _Rows, facts: FileFacts, catalog: LinkCatalog) -> None:
    for call in facts.calls:
        called = next((n for n in call.choices if _runs(n, catalog)), ()) if call.choices else call.callee
        if called:
            caller, callee = catalog.resolve(call.caller), catalog.resolve(called)
            rows.add("CALLS", (rows.dataset(caller), rows.dataset(callee), call.line))
    for key in facts.foreign_keys:
        table, other = catalog.resolve(key.table), catalog.resolve(key.other)
        for position, column in enumerate(key.columns):
            to = key.others[position] if position < len(key.others) else STAR
            rows.add("REFERENCES", (rows.column(table, column), rows.column(other, to), key.line))


def _runs(program: Name, catalog: LinkCatalog) -> bool:
    """Is it a function of a program that runs something? Its list of columns says so (see ``Declaration.runs``)."""
    return catalog.columns(catalog.resolve(program)) is not None


def _declarations(rows: _Rows, path: str, facts: FileFacts, catalog: LinkCatalog) -> list[Diagnostic]:
    """DECLARES rows, and the description of those datasets that this file is the first to declare."""
    diagnostics: list[Diagnostic] = []
    described: set[str] = set()
    for declaration in facts.declarations:
        if declaration.temporary or not declaration.name or declaration.kind == MODEL:
            continue
        if declaration.is_conditional and not _runs(declaration.name, catalog):
            continue
        dataset = catalog.resolve(declaration.name)
        if not declaration.adds:
            rows.add("DECLARES", (rows.file, rows.dataset(dataset), declaration.line))
        owner = catalog.owner(dataset)
        if owner is None or dataset in described:
            continue
        if owner.path != path:
            if declaration.weak:
                diagnostics.extend(_stale(dataset, declaration, owner, catalog))
            elif not declaration.adds:
                text = f"{dataset} is also declared in {owner.path}:{owner.signature.line}; its columns are taken from there"
                diagnostics.append(Diagnostic("RL303", "info", text, declaration.line))
            continue
        described.add(dataset)
        _describe(rows, dataset, owner, catalog)
    return diagnostics


_NAMED: Final = 5  # columns, in a diagnostic


def _stale(dataset: str, dump: Declaration, owner: Declared, catalog: LinkCatalog) -> Iterator[Diagnostic]:
    """A dump that has other columns than what declares the dataset is older, or another database's."""
    known = catalog.columns(dataset)
    if owner.signature.weak or known is None or not dump.columns:
        return
    listed = {c.name for c in dump.columns}
    more, fewer = sorted(listed.difference(known)), sorted(set(known).difference(listed))
    said = [f"{what} {', '.join(names[:_NAMED])}" for what, names in (("has", more), ("lacks", fewer)) if names]
    if said:
        text = (
            f"this dump differs from {owner.path}:{owner.signature.line}, which counts: {dataset} {' and '.join(said)}"
        )
        yield Diagnostic("RL306", "info", text, dump.line)


def _describe(rows: _Rows, dataset: str, owner: Declared, catalog: LinkCatalog) -> None:
    parts = split_text(dataset)
    catalog_name = parts[-3] if len(parts) > 2 else None
    schema = parts[-2] if len(parts) > 1 else None
    name = dataset_id(rows.project, dataset)
    said = catalog.descriptions(dataset)
    rows.datasets.add(dataset)
    rows.add(
        "Dataset",
        (
            name,
            rows.project,
            dataset,
            catalog_name,
            schema,
            parts[-1],
            owner.signature.kind,
            True,
            rows.file,
            said.text or None,
            said.namespace or None,
            display if (display := displayed(dataset, said.display)) != dataset else None,
        ),
    )
    types = catalog.types(dataset)
    columns = catalog.columns(dataset)
    if columns is None:  # of those that nobody lists, what is written about them
        for column in sorted(said.columns):
            row = (rows.column(dataset, column), name, column, None, types.get(column) or None, True, rows.file)
            rows.add("Column", (*row, said.columns[column], said.spelled.get(column)))
        return
    for ordinal, column in enumerate(columns if rows.take(len(columns), owner.signature.line) else ()):
        identity = rows.column(dataset, column)
        described = said.columns.get(column) or None
        written = said.spelled.get(column)
        rows.add(
            "Column", (identity, name, column, ordinal, types.get(column) or None, True, rows.file, described, written)
        )


def displayed(dataset: str, written: Name) -> str:
    """A dataset (canonical text) with its last parts as they are written."""
    if not written:
        return dataset
    name = split_text(dataset)
    return dataset_text((*name[: max(len(name) - len(written), 0)], *written[-len(name) :]))


def _ambiguities(facts: FileFacts, catalog: LinkCatalog) -> list[Diagnostic]:
    out: list[Diagnostic] = []
    seen: set[Name] = set()
    if not facts.checked:  # of a template: what stands for the schema may be known to who fills it in
        return out
    for statement in facts.statements:
        for relation in statement.relations:
            name: Name = getattr(relation, "name", ())
            if name and name not in seen and not is_temporary(name) and catalog.ambiguous(name):
                seen.add(name)
                if is_system(name) or catalog.shape(catalog.resolve(name)) is not None:
                    continue  # every database has one of its own, or it has a declaration
                text = f"{'.'.join(map(quote_part, name))} could be several datasets; it is kept as written"
                out.append(Diagnostic("RL301", "warning", text, getattr(relation, "line", 0)))
    return out
