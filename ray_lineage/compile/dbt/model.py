"""A file of SQL that is a dbt model: what its query makes, what else it reads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from ray_lineage.compile.dbt.project import Project
from ray_lineage.compile.dbt.schemas import schema_of
from ray_lineage.compile.options import CompileOptions, ModelName
from ray_lineage.compile.text.placeholders import COMMENTS, occurrences
from ray_lineage.model import (
    MODEL,
    Diagnostic,
    FileFacts,
    Name,
    TableRef,
    reachable,
)

if TYPE_CHECKING:
    from ray_lineage.compile.sql.engine import Engine
    from ray_lineage.compile.text.jinja_macros import Library
    from ray_lineage.compile.text.template import Template

KINDS: Final = {"view": "View", "materialized_view": "MaterializedView", "ephemeral": "View"}
"""Of what materializations make; the others make tables."""


def model_name(template: Template, stem: str, project: Project, library: Library) -> ModelName | None:
    """A file that names models or configures itself is a model."""
    if not stem or not (template.refs or template.config) or not project.is_model():
        return None
    return named_model(template, stem, project, library)


def named_model(template: Template, stem: str, project: Project, library: Library) -> ModelName:
    """A model is called as it says itself, as its project says, or else as its file's ``stem``."""
    config: dict[str, str | None] = dict(project.configured(stem))
    config.update(template.config)
    name = config.get("alias") or template.snapshot or stem
    custom = config.get("schema")
    parts = (
        config.get("database") or config.get("target_database"),
        schema_of(custom, library) if custom else config.get("target_schema"),
        name,
    )
    materialized = config.get("materialized") or ("table" if template.snapshot else "view")
    return ModelName(tuple(p for p in parts if p), materialized)


def as_model(
    facts: FileFacts,
    template: Template,
    model: ModelName | None,
    dialect: str,
    options: CompileOptions,
    library: Library,
) -> FileFacts:
    """The facts of a model's file (None: of another template): other models know it by its own name, and it reads all that it
    refers to, also where a macro that nobody knows takes it."""
    from ray_lineage.compile.facts import known_model, snapshot_columns
    from ray_lineage.compile.sql.engines import engine_of

    engine = engine_of(dialect)
    made = _made(model, engine, options) if model is not None else ()
    facts = _with_reads(facts, template, model, made, dict(_referred(template, engine, options, library)))
    if model is None:
        return facts
    own = _own_name(template, options, library)
    known = [known_model(own, made, 0)]
    version = _VERSION.fullmatch(own[-1])
    if version is not None:
        known.append(known_model((*own[:-1], version[1]), made, int(version[2])))
    if template.snapshot:
        known.append(snapshot_columns(made, KINDS.get(model.materialized, "Table")))
    return msgspec.structs.replace(facts, declarations=(*facts.declarations, *known))


_VERSION = re.compile(r"(\w+)_v(\d{1,6})")
"""The file of a model's version."""


def _own_name(template: Template, options: CompileOptions, library: Library) -> Name:
    name = (template.snapshot or options.model).lower()
    return (library.package.lower(), name) if library.package else (name,)


def _made(model: ModelName, engine: Engine, options: CompileOptions) -> Name:
    from ray_lineage.compile.sql.names import Names

    names = Names(engine, options.catalog, options.schema)
    return names.qualified(tuple(engine.fold(p, False) for p in model.parts))


def _referred(
    template: Template, engine: Engine, options: CompileOptions, library: Library
) -> Iterator[tuple[Name, int]]:
    """Names of the models and sources that the template refers to, and the lines."""
    from ray_lineage.compile.sql.names import Names, model_of

    names = Names(engine, options.catalog, options.schema)
    for (kind, *parts), line in template.read.items():
        if kind == "ref":
            own = (library.package,) if len(parts) == 1 and library.package else ()
            yield model_of((*own, *parts)), line
        else:
            written = library.sources.get((parts[0], parts[1]), tuple(parts))
            yield names.qualified(tuple(engine.fold(p, False) for p in written)), line


def _with_reads(
    facts: FileFacts, template: Template, model: ModelName | None, made: Name, referred: dict[Name, int]
) -> FileFacts:
    from ray_lineage.compile.facts import made_unread, reading

    read = (s.relations[index] for s in facts.statements for index in reachable(s))
    named = {_without_package(r.name) for r in read if isinstance(r, TableRef)}
    missing = {name: line for name, line in referred.items() if _without_package(name) not in named}
    found = (*facts.diagnostics, *_unexpanded(template, missing))
    statements, declarations = list(facts.statements), facts.declarations
    at = next((k for k, s in reversed(list(enumerate(statements))) if s.target == made), -1)
    if at < 0 and model is not None and referred:
        statement, declared = made_unread(KINDS.get(model.materialized, "Table"), made, min(referred.values()))
        statements.append(statement)
        declarations = declarations if any(d.name == made for d in declarations) else (*declarations, declared)
    elif at < 0 and missing:
        statements.append(reading(None, missing))
    if missing and (at >= 0 or model is not None):
        statements[at] = reading(statements[at], missing)
    status = "partial" if facts.status == "failed" and statements else facts.status
    return msgspec.structs.replace(
        facts, status=status, statements=tuple(statements), declarations=declarations, diagnostics=found
    )


def _without_package(name: Name) -> Name:
    return name[-2:] if name and name[-1] == MODEL else name


_LISTED: Final = 5  # names, in a diagnostic


def _unexpanded(template: Template, missing: dict[Name, int]) -> Iterator[Diagnostic]:
    for name, line in template.unexpanded.items():
        yield Diagnostic(
            "RL126", "info", f"what the macro {name[:80]} writes is not known; its arguments were read", line
        )
    if not template.unexpanded:
        missing = {name: line for name, line in missing.items() if not _is_in_comments(template.text, name)}
    if missing:
        text = ", ".join(_text(name) for name in list(missing)[:_LISTED])
        what = f"{text}{', ...' if len(missing) > _LISTED else ''}: read, but nobody knows which columns come from it"
        yield Diagnostic("RL127", "warning", what, min(missing.values()))


def _is_in_comments(text: str, name: Name) -> bool:
    """Is it nowhere else? dbt runs such a model before, and no column comes of it (``-- depends_on: {{ ref('m') }}``)."""
    last = name[-2] if name[-1] == MODEL else name[-1]
    written = re.compile(rf"\.[\"`\[]?{re.escape(last)}(?!\w)", re.IGNORECASE)
    states = {state in COMMENTS for _, _, state in occurrences(text, written)}
    return states == {True}


def _text(name: Sequence[str]) -> str:
    return ".".join(name[:-1] if name[-1] == MODEL else name)
