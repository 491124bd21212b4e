"""A manifest of dbt -> facts: each model under the name of its relation, with the lineage of the SQL that ran."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from ray_lineage.compile.dbt.adapters import dialect_of
from ray_lineage.compile.dbt.again import cut_again, remembered
from ray_lineage.compile.dbt.catalog import read_catalog, tables
from ray_lineage.compile.dbt.lines import written
from ray_lineage.compile.dbt.manifest import Manifest, Node, node_of, read_manifest
from ray_lineage.compile.dbt.parts import CONSUMERS, CutNode, cut, cut_node_of
from ray_lineage.compile.dbt.relations import KINDS, inlined
from ray_lineage.compile.embedded import also_reading, making, query_of, reading, renamed
from ray_lineage.compile.facts import Facts, description, known_model, snapshot_columns
from ray_lineage.compile.fragment import compile_fragment
from ray_lineage.compile.frontend import Parts
from ray_lineage.compile.jsontext import Fault, Lines, utf8
from ray_lineage.compile.naming import as_written, folded, is_written
from ray_lineage.compile.options import CompileOptions
from ray_lineage.model import DeclaredColumn, Diagnostic, Effect, FileFacts, Name, StatementKind

_THIS: Final = "this_model"


def split_manifest(
    data: bytes, options: CompileOptions, diagnostics: Iterable[Diagnostic] = (), before: bytes = b""
) -> Parts:
    """What a manifest says as a whole, and its nodes. ``before``: what an earlier cut left."""
    manifest = read_manifest(data := utf8(data))
    if isinstance(manifest, Fault):
        return Parts(_broken("manifest", manifest, data, diagnostics), ())
    dialect = dialect_of(manifest.adapter) or options.dialect
    parts = (cut_again(manifest, dialect, before) if before else None) or _cut(manifest, dialect)
    own = msgspec.structs.replace(parts.own, diagnostics=(*diagnostics, *parts.own.diagnostics))
    return parts._replace(own=own)


def _cut(manifest: Manifest, dialect: str) -> Parts:
    """From nothing."""
    parts = cut(manifest, dialect)
    return parts._replace(left=lambda each: remembered(manifest, dialect, parts.own, each))


def compile_part(content: bytes) -> FileFacts:
    """What one node says."""
    said, facts = cut_node_of(content), Facts()
    _Part(said, facts).run()
    return msgspec.structs.replace(facts.file(said.dialect), origin=said.origin)


def compile_manifest(data: bytes, options: CompileOptions, diagnostics: Iterable[Diagnostic] = ()) -> FileFacts:
    """What a manifest says with all its nodes."""
    parts = split_manifest(data, options)
    facts = Facts()
    facts.take(parts.own)
    for part in parts.each:
        facts.take(compile_part(part.content))
    return facts.file(parts.own.dialect, tuple(diagnostics))


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
        texts = tuple(p for p in (said.database, said.schema, said.name) if p)
        name = tuple(folded(p, options.dialect) for p in texts)
        columns = tuple(
            _column(n, c.type or "", options.dialect, description(c.comment or "")) for n, c in table.listed
        )
        if name and columns:
            if is_written(texts, name):
                facts.spelled[name] = texts
            facts.declare(name, said.kind, 0, columns, weak=True, about=said.comment or "")
    return facts.file(options.dialect, tuple(diagnostics))


def _broken(what: str, fault: Fault, data: bytes, diagnostics: Iterable[Diagnostic]) -> FileFacts:
    """The facts of an artefact that cannot be read at all."""
    line = Lines(data).line(min(fault.at, max(len(data) - 1, 0)))
    text = f"this {what} of dbt cannot be read: {fault.message} (byte {fault.at:,})"
    return FileFacts("", "failed", diagnostics=(*diagnostics, Diagnostic("RL130", "error", text, line)))


class _Part:
    """One node of a manifest while it is read."""

    def __init__(self, said: CutNode, facts: Facts) -> None:
        self._said = said
        self._dialect = said.dialect
        self._facts = facts

    def run(self) -> None:
        said = self._said
        node = node_of(said.node)
        if isinstance(node, Fault):
            text = f"{said.identity} is not as dbt writes it: {node.message}"
            self._facts.note("RL130", "warning", text, 0)
            return
        if said.covers:
            self._facts.covers.append(said.covers)
        if said.section in CONSUMERS:
            self._consumer(node, *CONSUMERS[said.section])
            return
        for raw in said.inlined:
            ephemeral = node_of(raw)
            if not isinstance(ephemeral, Fault):
                self._inline(ephemeral)
        self._node(node)

    def _inline(self, node: Node) -> None:
        made = inlined(node)
        said = self._compiled(node, made)
        query = query_of(said) if said is not None else -1
        if said is not None and query >= 0:
            self._take(said, query, made, "TempTable", temporary=True)

    def _node(self, node: Node) -> None:
        made = self._said.made
        kind = node.resource_type or self._said.identity.partition(".")[0]
        if kind != "source":
            self._known(node, made)
        self._describe(node, made)
        if kind in ("source", "seed"):
            self._facts.declare(made, "Table", 0, _enforced(node, self._dialect), weak=True)
        elif kind == "function":
            self._facts.declare(made, "Function", 1)
        else:
            self._model(node, made, kind)

    def _describe(self, node: Node, made: Name) -> None:
        """What people wrote about the node and its columns."""
        columns = (
            (folded(c.name or key, self._dialect), c.description or "") for key, c in (node.columns or {}).items()
        )
        self._facts.describe(made, node.description or "", columns)

    def _known(self, node: Node, made: Name) -> None:
        """Templates that the manifest does not have refer to the node by its own name."""
        own = tuple(filter(None, (node.package_name.lower(), node.name.lower())))
        version = int(node.version) if node.version is not None and str(node.version).isdecimal() else 0
        names = [(own, version)] if not version else [(own, version), ((*own[:-1], f"{own[-1]}_v{version}"), 0)]
        self._facts.declarations.extend(known_model(name, made, number) for name, number in names)

    def _model(self, node: Node, made: Name, kind: str) -> None:
        """A model or snapshot: what its query reads, or else what it depends on."""
        said = self._compiled(node, made)
        query = query_of(said) if said is not None else -1
        parents = self._said.parents
        found: Iterable[Diagnostic] = _of_file(said.diagnostics, node) if said is not None else ()
        if said is None or query < 0:
            said, query = reading(parents), 0
        elif not node.compiled:
            said = also_reading(said, query, parents)
        said = msgspec.structs.replace(said, diagnostics=tuple(found))
        declared, columns = KINDS.get(node.materialized, "Table"), _enforced(node, self._dialect)
        self._take(said, query, made, declared, columns=columns)
        if kind == "snapshot" and not columns:
            self._facts.declarations.append(snapshot_columns(made, declared))

    def _compiled(self, node: Node, made: Name) -> FileFacts | None:
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
        references = {**dict(self._said.references), (_THIS,): made, ((node.alias or node.name).lower(),): made}
        return renamed(said, lambda name: references.get(_as_referred(name), name))

    def _consumer(self, node: Node, kind: str, how: StatementKind) -> None:
        """What is made of models outside of the warehouse."""
        self._facts.describe(self._said.made, node.description or "")
        self._take(reading(self._said.parents, node.name), 0, self._said.made, kind, how)

    def _take(
        self,
        said: FileFacts,
        query: int,
        made: Name,
        kind: str,
        how: StatementKind = StatementKind.DBT_MODEL,
        *,
        columns: tuple[DeclaredColumn, ...] = (),
        temporary: bool = False,
    ) -> None:
        """What a node says, whose query makes that relation."""
        first = len(self._facts.statements)
        self._facts.take(making(said, query, made, how, Effect.MAKES))
        declared = self._facts.declare(made, kind, said.statements[query].first_line, columns, temporary=temporary)
        self._facts.makes(first + query, declared)


def _as_referred(name: Name) -> Name:
    """A name as templates refer to it: models may be marked as such at the end, and packages and models have no case."""
    return tuple(part.lower() for part in name if not part.startswith("\0"))


def _enforced(node: Node, dialect: str) -> tuple[DeclaredColumn, ...]:
    """The columns of a node whose contract says that these are all."""
    contract = node.config.contract if node.config is not None else None
    if contract is None or not contract.enforced or not node.columns:
        return ()
    named = ((c.name or key, c) for key, c in node.columns.items())
    return tuple(_column(name, c.data_type or "", dialect) for name, c in named)


def _column(text: str, type_: str, dialect: str, about: str = "") -> DeclaredColumn:
    name = folded(text, dialect)
    return DeclaredColumn(name, type_, description=about, display=as_written(text, name))


def _of_file(diagnostics: Iterable[Diagnostic], node: Node) -> Iterator[Diagnostic]:
    for found in diagnostics:
        yield msgspec.structs.replace(found, message=f"{node.original_file_path}: {found.message}")
