"""A file of OpenLineage events -> its facts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from ray_lineage.compile.facts import Facts, description
from ray_lineage.compile.jsontext import utf8
from ray_lineage.compile.naming import as_written
from ray_lineage.compile.openlineage.events import Dataset, Field, Reader
from ray_lineage.compile.openlineage.jobs import in_time, jobs_of
from ray_lineage.compile.openlineage.names import Names
from ray_lineage.compile.openlineage.naming import dialect_of
from ray_lineage.compile.openlineage.sqlfacet import understood
from ray_lineage.compile.openlineage.statements import CompileSql, Writer
from ray_lineage.dialects import DIALECTS
from ray_lineage.model import STAR, DeclaredColumn, Diagnostic, FileFacts, Name

OWN_PRODUCER: Final = "https://github.com/ray-lineage/ray-lineage/"
"""So begin the producers of our own events, whose names are our own."""

_MAX_DIAGNOSTICS: Final = 50


def compile_events(
    data: bytes,
    dialect: str = "",
    diagnostics: Sequence[Diagnostic] = (),
    catalogs: Mapping[str, str] = MappingProxyType({}),
) -> FileFacts:
    """What events say. ``dialect``: of namespaces that do not tell theirs; ``catalogs``: what namespaces are."""
    reader = Reader(utf8(data), OWN_PRODUCER)
    events = list(reader.events())
    exact = bool(events) and all(event.own for event in events)
    datasets = [d for e in in_time(events) for d in (*e.inputs, *e.outputs)]
    names = Names(datasets, dialect, catalogs, exact=exact)
    jobs = jobs_of(events)
    facts = Facts()
    writer = Writer(names, jobs, facts, None if exact else _compiler(dialect))
    for job in jobs:
        writer.write(job)
    _declare(facts, datasets, names, writer.columns)
    _note(facts, reader.faults)
    return facts.file(dialect, tuple(diagnostics))


def _compiler(usual: str) -> CompileSql:
    """Compiles the SQL of jobs; ``usual``: the dialect where neither the job nor its datasets say theirs."""

    def compile_sql(
        text: str, dialect: str, line: int, outputs: Sequence[Name], inputs: Collection[Name]
    ) -> tuple[FileFacts, set[Name]]:
        spoken = dialect if dialect in DIALECTS else dialect_of(dialect) or usual
        return understood(text, spoken, line, outputs, inputs)

    return compile_sql


def _note(facts: Facts, faults: Iterable[tuple[str, int]]) -> None:
    for message, line in list(dict.fromkeys(faults))[:_MAX_DIAGNOSTICS]:
        facts.failed += 1
        text = f"this event of OpenLineage, or a part of it, cannot be read: {message}"
        facts.note("RL130", "warning", text, line)


def _declare(facts: Facts, datasets: Iterable[Dataset], names: Names, named: Mapping[Name, Mapping[str, None]]) -> None:
    """Datasets whose columns were said, with those that were said last."""
    found: dict[Name, tuple[int, tuple[DeclaredColumn, ...]]] = {}
    about: dict[Name, str] = {}
    lines: dict[Name, int] = {}
    namespaces: dict[Name, str] = {}
    spelled: dict[Name, Name] = {}
    for dataset in datasets:
        name = names.of(dataset.identity)
        if dataset.schema is not None:
            columns = _columns(dataset, dataset.schema, names, named.get(name, {}))
            if columns:
                found[name] = (dataset.line, columns)
        if dataset.description:
            about[name] = dataset.description
        lines.setdefault(name, dataset.line)
        namespaces.setdefault(name, names.namespace(dataset.identity))
        spelled.setdefault(name, names.written(dataset.identity))
    for name, line in lines.items():
        line, columns = found.get(name, (line, ()))
        if columns or name in about or namespaces[name]:
            kind = "External" if name[0] == "external" else "Table"
            said = about.get(name, "")
            facts.spelled[name] = spelled.get(name, ())
            facts.declare(name, kind, line, columns, weak=True, about=said, namespace=namespaces[name])


def _columns(
    dataset: Dataset, schema: Iterable[Field], names: Names, named: Mapping[str, None]
) -> tuple[DeclaredColumn, ...]:
    """The columns of a schema facet, and those that a flow names besides; none where one means all of them."""
    if STAR in named:
        return ()
    columns = {
        name: DeclaredColumn(
            name,
            field.type or "",
            dataset.line,
            description=description(field.description or ""),
            display=as_written(field.name, name),
        )
        for field in schema
        for name in (names.column(dataset.identity, field.name),)
    }
    more = (DeclaredColumn(name, "", dataset.line) for name in named if name not in columns)
    return (*columns.values(), *more)
