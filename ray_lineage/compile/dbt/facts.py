"""A manifest of dbt -> facts: each model under the name of its relation, with the lineage of the SQL that ran."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from ray_lineage.compile.dbt.catalog import read_catalog, tables
from ray_lineage.compile.dbt.lines import written
from ray_lineage.compile.dbt.manifest import Manifest, Node, dialect_of, nodes, read_manifest
from ray_lineage.compile.dbt.relations import KINDS, Relations, thing
from ray_lineage.compile.facts import Facts
from ray_lineage.compile.fragment import compile_fragment
from ray_lineage.compile.jsontext import Fault, Lines, utf8
from ray_lineage.compile.naming import folded
from ray_lineage.compile.options import CompileOptions
from ray_lineage.dialects import DIALECTS
from ray_lineage.model import (
    DeclaredColumn,
    Diagnostic,
    FileFacts,
    Name,
    Relation,
    Select,
    TableRef,
)

_SNAPSHOT: Final = ("dbt_scd_id", "dbt_updated_at", "dbt_valid_from", "dbt_valid_to")
"""What dbt adds to the columns of a snapshot's query."""
_THIS: Final = "this_model"
_DIALECTS: Final = frozenset(DIALECTS)
_CONSUMERS: Final = {"exposures": "Exposure", "semantic_models": "SemanticModel", "metrics": "Metric"}


def compile_manifest(data: bytes, options: CompileOptions, diagnostics: Iterable[Diagnostic] = ()) -> FileFacts:
    """What a manifest says."""
    manifest = read_manifest(data := utf8(data))
    if isinstance(manifest, Fault):
        return _broken("manifest", manifest, data, diagnostics)
    dialect = dialect_of(manifest, _DIALECTS) or options.dialect
    facts = Facts()
    _Project(manifest, dialect, facts).run()
    return facts.file(dialect, tuple(diagnostics))


def compile_catalog(data: bytes, options: CompileOptions, diagnostics: Iterable[Diagnostic] = ()) -> FileFacts:
    """What the ``catalog.json`` of dbt says: the columns that the warehouse has."""
    catalog = read_catalog(data := utf8(data))
    if isinstance(catalog, Fault):
        return _broken("catalog", catalog, data, diagnostics)
    facts = Facts()
    for identity, table in tables(catalog):
        if isinstance(table, Fault):
            facts.note("RL130", "warning", f"{identity} is not as dbt writes it: {table.message}", 0)
            continue
        said = table.metadata
        name = tuple(folded(p, options.dialect) for p in (said.database, said.schema, said.name) if p)
        columns = tuple(DeclaredColumn(folded(n, options.dialect), c.type or "") for n, c in table.listed)
        if name and columns:
            facts.declare(name, said.kind, 0, columns, weak=True)
    return facts.file(options.dialect, tuple(diagnostics))


def _broken(what: str, fault: Fault, data: bytes, diagnostics: Iterable[Diagnostic]) -> FileFacts:
    """The facts of an artefact that cannot be read at all."""
    line = Lines(data).line(min(fault.at, max(len(data) - 1, 0)))
    text = f"this {what} of dbt cannot be read: {fault.message} (byte {fault.at:,})"
    return FileFacts("", "failed", diagnostics=(*diagnostics, Diagnostic("RL130", "error", text, line)))


class _Project:
    """One manifest while it is read."""

    def __init__(self, manifest: Manifest, dialect: str, facts: Facts) -> None:
        self._manifest = manifest
        self._dialect = dialect
        self._facts = facts
        self._relations = Relations(manifest, dialect)

    def run(self) -> None:
        manifest = self._manifest
        for part in (manifest.sources, manifest.nodes, manifest.functions):
            for identity, node in nodes(part):
                if isinstance(node, Fault):
                    text = f"{identity} is not as dbt writes it: {node.message}"
                    self._facts.note("RL130", "warning", text, 0)
                else:
                    self._node(identity, node)
        for name, kind in _CONSUMERS.items():
            for identity, node in nodes(getattr(manifest, name)):
                if not isinstance(node, Fault) and node.is_enabled:
                    self._consumer(identity, node, kind)

    def _node(self, identity: str, node: Node) -> None:
        made = self._relations.of(identity)
        if not made:
            return
        kind = node.resource_type or identity.partition(".")[0]
        if kind in ("source", "seed"):
            self._facts.declare(made, "Table", 0, _enforced(node, self._dialect), weak=True)
        elif kind == "function":
            self._facts.declare(made, "Function", 1)
        else:
            self._model(node, made, kind)

    def _model(self, node: Node, made: Name, kind: str) -> None:
        """A model or snapshot: what its query reads, or else what it depends on."""
        declared = KINDS.get(node.materialized, "Table")
        said = self._compiled(node)
        query = _query_of(said) if said is not None else -1
        if said is None or query < 0:
            said, query = _reading(self._relations.read(node.parents)), 0
        elif not node.compiled:
            said = _with_parents(said, query, self._relations.read(node.parents))
        diagnostics = tuple(_of_file(said.diagnostics, node))
        self._take(msgspec.structs.replace(said, diagnostics=diagnostics), query, made, declared)
        columns = _enforced(node, self._dialect)
        if kind == "snapshot" and not columns:
            self._facts.declare(made, declared, 0, tuple(map(DeclaredColumn, _SNAPSHOT)), adds=True)

    def _compiled(self, node: Node) -> FileFacts | None:
        """What the text of a model says: the compiled one, else the template with what its references mean."""
        if (node.language or "sql").lower() != "sql":
            return None
        catalog, schema = node.database or "", node.schema or ""
        if node.compiled:
            places = written(node.compiled, node.raw or node.compiled)
            return compile_fragment(node.compiled, self._dialect, at=places, catalog=catalog, schema=schema)
        if not node.raw:
            return None
        said = compile_fragment(node.raw, self._dialect)
        references = {**self._relations.references, (_THIS,): self._relations.of(node.name)}
        return _renamed(said, references)

    def _consumer(self, identity: str, node: Node, kind: str) -> None:
        """What is made of models outside of the warehouse."""
        made = thing(identity)
        read = list(self._relations.read(node.parents))
        if read:
            self._take(_reading(read, node.name), 0, made, kind, f"dbt_{kind.lower()}")

    def _take(self, said: FileFacts, query: int, made: Name, kind: str, how: str = "dbt_model") -> None:
        """What a node says, whose query makes that relation."""
        statements = list(said.statements)
        statements[query] = msgspec.structs.replace(statements[query], kind=how, target=made, defines=True)
        first = len(self._facts.statements)
        self._facts.take(msgspec.structs.replace(said, statements=tuple(statements)))
        declared = self._facts.declare(made, kind, statements[query].first_line)
        self._facts.makes(first + query, declared)


def _enforced(node: Node, dialect: str) -> tuple[DeclaredColumn, ...]:
    """The columns of a node whose contract says that these are all."""
    contract = node.config.contract if node.config is not None else None
    if contract is None or not contract.enforced or not node.columns:
        return ()
    named = ((c.name or key, c) for key, c in node.columns.items())
    return tuple(DeclaredColumn(folded(name, dialect), c.data_type or "") for name, c in named)


def _query_of(facts: FileFacts) -> int:
    """The number of the statement that is a model's query; -1: there is none."""
    found = (k for k, s in enumerate(facts.statements) if not s.target and not s.procedure and s.root >= 0)
    return max(found, default=-1)


def _reading(names: Iterable[Name], text: str = "") -> FileFacts:
    """A query of which only the tables are known."""
    tables: tuple[Relation, ...] = tuple(TableRef(name, 0) for name in names)
    query = Select(tuple(range(1, len(tables) + 1)), ())
    facts = Facts()
    facts.statement("select", 1, 1, (query, *tables), scope=0, sql=text)
    return facts.file("")


def _with_parents(facts: FileFacts, query: int, parents: Iterable[Name]) -> FileFacts:
    """The query reads these, too, if it does not name them: a macro that nobody knows may."""
    statement = facts.statements[query]
    named = {r.name for s in facts.statements for r in s.relations if isinstance(r, TableRef)}
    missing = [name for name in parents if name not in named and name != statement.target]
    if not missing:
        return facts
    first = len(statement.relations)
    tables = tuple(TableRef(name, 0) for name in missing)
    select = Select(tuple(range(first, first + len(tables))), ())
    statement = msgspec.structs.replace(
        statement,
        relations=(*statement.relations, *tables, select),
        subqueries=(*statement.subqueries, first + len(tables)),
    )
    statements = (*facts.statements[:query], statement, *facts.statements[query + 1 :])
    return msgspec.structs.replace(facts, statements=statements)


def _renamed(facts: FileFacts, names: Mapping[Name, Name]) -> FileFacts:
    """With other names of the tables that it reads."""

    def of(relation: Relation) -> Relation:
        if not isinstance(relation, TableRef):
            return relation
        known = names.get(tuple(part.lower() for part in relation.name))
        return msgspec.structs.replace(relation, name=known) if known else relation

    statements = (msgspec.structs.replace(s, relations=tuple(of(r) for r in s.relations)) for s in facts.statements)
    return msgspec.structs.replace(facts, statements=tuple(statements))


def _of_file(diagnostics: Iterable[Diagnostic], node: Node) -> Iterator[Diagnostic]:
    for found in diagnostics:
        yield msgspec.structs.replace(found, message=f"{node.original_file_path}: {found.message}")
