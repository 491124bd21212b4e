"""Files of SQL: plain scripts, templates, dbt models. The first front end."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from ray_lineage.compile.dbt.model import as_model, model_name, named_model
from ray_lineage.compile.dbt.project import PROJECT, Project, asked_for, library_of
from ray_lineage.compile.dbt.schemas import unclear
from ray_lineage.compile.frontend import Content, FrontEnd, Source
from ray_lineage.compile.options import CompileOptions, ModelName
from ray_lineage.compile.positions import Positions
from ray_lineage.model import (
    BARE_NAMES,
    CHECKED,
    CLEAR_NAMES,
    MARKED_VARIABLES,
    Diagnostic,
    FileFacts,
    StatementFacts,
    StatementKind,
)

if TYPE_CHECKING:
    from ray_lineage.compile.sql.engine import Engine
    from ray_lineage.compile.text.jinja_macros import Library
    from ray_lineage.compile.text.template import Template

_REVISION: Final = 45
_TEMPLATES: Final = tuple(
    (mark, re.compile(re.escape(mark) + rest))
    for mark, rest in {
        "{": r"[{%#A-Za-z_@]",
        "$": r"[({]",
        "%": r"[(s]",
        ":": r"[\d'\"]",
        "}": r"\s*\?",
        "@": r"\w+[.@]",
    }.items()
)
"""What a template is known by, by the character that it begins with: most texts have none of them, which is quickly seen."""

_JINJA: Final = re.compile(r"\{[{%#]")
_QUERY: Final = re.compile(
    r"(?:[\s(;\ufeff]|--[^\n]*+|#[^\n]*+|/\*[^*]*\*+(?:[^/*][^*]*\*+)*/)*+(?:select|with|from|values|table)\b",
    re.IGNORECASE,
)
"""How a query begins, behind comments."""


def _compile(source: Source, options: CompileOptions) -> FileFacts:
    assert isinstance(source.content, str)
    return compile_text(source.content, options, source.diagnostics, given=source.given)


_NO_PROJECT: Final = Project()
_TRIED: Final = 3
"""Other dialects that a file is read in where statements are lost in the first."""
_SAYS: Final = 24
"""A project that names its adapter is surer than any sign."""
_READS: Final = 6
"""That a file can be read in a dialect speaks for it as a strong sign does."""


def compile_text(
    text: str,
    options: CompileOptions,
    diagnostics: Sequence[Diagnostic] = (),
    *,
    host: Positions | None = None,
    temporary: Collection[str] = (),
    possible: bool = False,
    given: Mapping[str, bytes] | None = None,
) -> FileFacts:
    """What a text of SQL says; ``given`` are the files of its project that it asked for; ``host``, ``temporary`` and ``possible`` are as for :func:`compile_fragment`.

    Where the dialect was not given but found, and statements are lost in it, the text is read in those that its signs or its folder
    speak for as well; the reading with the fewest losses is taken.
    """
    dialect, guessed, second = options.dialect.partition("|")
    may_be_template = _may_be_template(text)
    project = Project(options.folder, given) if given or may_be_template else _NO_PROJECT
    said = {} if dialect else _evidence(text)
    confidence = 1.0
    spoken = project.dialect if guessed or not dialect else ""
    if spoken:
        said = {} if dialect else {spoken: _SAYS}
        dialect, confidence = spoken, 1.0 if guessed else _best_of(said)[1]
    elif not dialect:
        dialect, confidence = _best_of(said)
    plain = options if options.dialect == dialect else msgspec.structs.replace(options, dialect=dialect)
    read = _Text(text, dialect, plain, host, frozenset(temporary), possible, project, may_be_template)
    facts = _in_dialect(read, diagnostics)
    if (guessed or not options.dialect) and _lost(facts):
        facts = _best_reading(read, facts, diagnostics, [second, *(said or _evidence(text))])
        if said and facts.dialect != dialect:
            said[facts.dialect] = said.get(facts.dialect, 0) + _READS
            dialect, confidence = _best_of(said)
    if confidence == 1.0:
        return facts
    return msgspec.structs.replace(facts, confidence=round(confidence, 2), evidence=said)


def _evidence(text: str) -> dict[str, int]:
    """See :func:`detect.evidence`. It takes all engines, so that it is imported by the first text of which no dialect is known."""
    from ray_lineage.compile.sql.detect import evidence

    return evidence(text)


def _best_of(said: Mapping[str, int]) -> tuple[str, float]:
    from ray_lineage.compile.sql.detect import best_of

    return best_of(said)


def _best_reading(read: _Text, facts: FileFacts, diagnostics: Sequence[Diagnostic], others: Sequence[str]) -> FileFacts:
    tried = [d for d in dict.fromkeys(others) if d and d != facts.dialect][:_TRIED]
    for dialect in tried:
        options = msgspec.structs.replace(read.options, dialect=dialect)
        other = _in_dialect(read._replace(dialect=dialect, options=options), diagnostics)
        reads_half = 2 * len(other.statements) >= len(facts.statements)  # and does not take all for one without an end
        if reads_half and _left_out(other) < _left_out(facts):
            facts = other
    return facts


def _left_out(facts: FileFacts) -> int:
    """Statements that could not be read, or begin with a word that nobody knows, as ``GO`` does in most dialects."""
    return sum(d.code in ("RL101", "RL102", "RL113") for d in facts.diagnostics)


def _lost(facts: FileFacts) -> int:
    """Statements that could not be read."""
    return sum(d.code in ("RL101", "RL102") for d in facts.diagnostics)


def checked_as(engine: Engine, text: str) -> int:
    """What may be checked of a text that is no template (see ``FileFacts.checked``)."""
    if engine.is_template is not None and engine.is_template(text):
        return 0
    out = CHECKED
    if "|>" in text:  # along a pipe names mean what they meant before it
        return out
    if engine.name and not engine.quoted_texts and not engine.chained_calls:
        out |= BARE_NAMES
    if engine.marked_variables:
        out |= MARKED_VARIABLES
    if engine.clear_names:
        out |= CLEAR_NAMES
    return out


class _Text(NamedTuple):
    """A text, and what it is compiled with."""

    text: str
    dialect: str
    options: CompileOptions
    host: Positions | None
    temporary: frozenset[str]
    possible: bool
    project: Project
    may_be_template: bool

    def facts(
        self, diagnostics: Sequence[Diagnostic] = (), model: ModelName | None = None, *, templated: bool = False
    ) -> FileFacts:
        from ray_lineage.compile.sql.engines import engine_of
        from ray_lineage.compile.sql.script import Around, compile_sql

        around = Around(self.host, self.temporary, self.possible) if self.host is not None else None
        engine = engine_of(self.dialect)
        said = compile_sql(self.text, engine, self.options, model, templated=templated, around=around)
        facts = said.file(self.dialect, diagnostics)
        if templated or around is not None or facts.status != "ok":
            return facts
        return msgspec.structs.replace(facts, checked=checked_as(engine, self.text))

    def of(self, text: str) -> _Text:
        """Another text with the same lines."""
        return self._replace(text=text, host=self.host and self.host.by_lines(text))


def _in_dialect(text: _Text, diagnostics: Sequence[Diagnostic]) -> FileFacts:
    if not text.may_be_template:  # most texts: the template reader is not even loaded
        facts = text.facts(diagnostics)
        return _as_plain_model(text, facts, diagnostics) if _may_be_model(text, facts) else facts
    library = library_of(text.project)
    template = template_of(text.text, text.dialect, text.options.model, library)
    if template is None:
        return text.facts(diagnostics)
    facts = _of_template(text, template, library, diagnostics)
    if template.expanded and _lost(facts):  # a macro wrote what is no SQL here
        library.closed = True
        plain = template_of(text.text, text.dialect, text.options.model, library)
        other = _of_template(text, plain, library, diagnostics) if plain is not None else facts
        return other if _lost(other) < _lost(facts) else facts
    return facts


def _may_be_model(text: _Text, facts: FileFacts) -> bool:
    """Is it a file with one query, which goes nowhere? Below the models of a project of dbt it is a model."""
    if text.host is not None or not text.options.model or not text.options.folder or len(facts.statements) != 1:
        return False
    query = facts.statements[0]
    return query.kind is StatementKind.SELECT and not query.target and _names_itself(text.text)


def _as_plain_model(text: _Text, facts: FileFacts, diagnostics: Sequence[Diagnostic]) -> FileFacts:
    """The facts of a query without templates: of a model, if its project says so, for which it asks."""
    project, options = text.project, text.options
    if not project.holds():
        return msgspec.structs.replace(facts, needs=(PROJECT, *project.places()))
    from ray_lineage.compile.text.template import Template

    template, library = Template(text.text), library_of(project)
    model = named_model(template, options.model, project, library)
    facts = as_model(text.facts(diagnostics, model), template, model, text.dialect, options, library)
    needs = asked_for(project, options.model, template, library, query=True)
    return msgspec.structs.replace(facts, needs=tuple(needs))


def _of_template(text: _Text, template: Template, library: Library, diagnostics: Sequence[Diagnostic]) -> FileFacts:
    if text.host is not None:
        template = _placed(template, text.host)
    model = model_name(template, text.options.model, text.project, library)
    facts, others = _readings(text, template, model)
    asks = model is None and _may_be_model(text, facts)
    if asks and text.project.holds():
        model = named_model(template, text.options.model, text.project, library)
        facts, others = _readings(text, template, model)
    variants = (s for other in others for s in other.statements)
    facts = msgspec.structs.replace(
        facts,
        statements=_possible(facts.statements, template, variants),
        diagnostics=(
            *diagnostics,
            *template.diagnostics,
            *unclear(text.text, template.defines, library),
            *facts.diagnostics,
        ),
    )
    facts = as_model(facts, template, model, text.dialect, text.options, library)
    provides = (*(f"macro:{name}" for name in template.defines), *(f"+macro:{name}" for name in template.passes))
    needs = tuple(asked_for(text.project, text.options.model, template, library, asks)) if text.host is None else ()
    return msgspec.structs.replace(facts, needs=needs, provides=provides)


def _readings(text: _Text, template: Template, model: ModelName | None) -> tuple[FileFacts, list[FileFacts]]:
    """The best reading of the template's texts, and the others: a choice of branches that nobody makes may be no SQL."""
    read = [text.of(t).facts((), model, templated=True) for t in (template.text, *template.variants)]
    best = min(read, key=_lost)
    return best, [other for other in read if other is not best]


def _placed(template: Template, host: Positions) -> Template:
    """With the lines of the file that the text stands in."""
    return template._replace(
        branches=tuple((host.line(a), host.line(b)) for a, b in template.branches),
        diagnostics=tuple(msgspec.structs.replace(d, line=host.line(d.line)) for d in template.diagnostics),
    )


def _may_be_template(text: str) -> bool:
    return any(mark in text and pattern.search(text) is not None for mark, pattern in _TEMPLATES)


def template_of(text: str, dialect: str, model: str, library: Library | None = None) -> Template | None:
    """The text as a template, None if it is none."""
    if not _may_be_template(text):
        return None
    from ray_lineage.compile.sql.engines import engine_of
    from ray_lineage.compile.text.template import untemplate

    engine = engine_of(dialect)
    return untemplate(text, model or "this_model", engine.quote, library, engine.stages)


def _possible(
    statements: Sequence[StatementFacts], template: Template, variants: Iterable[StatementFacts]
) -> tuple[StatementFacts, ...]:
    """With those that only another choice of the template's branches gives; what stands in a branch is possible."""
    out = [msgspec.structs.replace(s, possible=True) if _within(s, template.branches) else s for s in statements]
    seen = {_key(s) for s in out}
    for statement in variants:
        if _key(statement) not in seen:
            seen.add(_key(statement))
            out.append(msgspec.structs.replace(statement, possible=True))
    return tuple(out)


def _within(statement: StatementFacts, branches: Sequence[tuple[int, int]]) -> bool:
    return any(a <= statement.first_line and statement.last_line <= b for a, b in branches)


def _key(statement: StatementFacts) -> bytes:
    return msgspec.msgpack.encode(msgspec.structs.replace(statement, possible=False))


def _names_itself(content: Content) -> bool:
    """A dbt model is called as its file: that may be a template of Jinja, or a query."""
    return isinstance(content, str) and (_JINJA.search(content) is not None or _QUERY.match(content) is not None)


def _is_read(path: str) -> bool:
    """What dbt has compiled are its models again."""
    return _COMPILED.search(path) is None


_COMPILED = re.compile(r"(?:^|/)target/(?:compiled|run)/")


def _warm() -> None:
    import ray_lineage.compile.sql.detect
    import ray_lineage.compile.sql.script
    import ray_lineage.compile.text.template  # noqa: F401


SQL: Final = FrontEnd(
    "sql",
    _REVISION,
    (".sql", ".ddl", ".dml", ".prc", ".tsql", ".pls", ".plsql", ".pkb", ".pks", ".hql", ".viw", ".vw", ".tab", ".udf", ".trg"),
    _compile,
    named=_names_itself,
    libraries=("sqlglot", "jinja2"),
    asks=True,
    located=_is_read,
    warm=_warm,
)  # fmt: skip
