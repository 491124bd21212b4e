"""Files of SQL: plain scripts, templates, dbt models. The first front end."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from ray_lineage.compile.dbt.model import model_name
from ray_lineage.compile.frontend import Content, FrontEnd, Source
from ray_lineage.compile.options import CompileOptions, ModelName
from ray_lineage.compile.positions import Positions
from ray_lineage.model import Diagnostic, FileFacts, StatementFacts

if TYPE_CHECKING:
    from ray_lineage.compile.text.template import Template

_REVISION: Final = 17
_MAY_BE_TEMPLATE: Final = re.compile(r"\{[{%#A-Za-z_]|\$[({]|%\(|%s|:[\d'\"]")
_JINJA: Final = re.compile(r"\{[{%#]")


def _compile(source: Source, options: CompileOptions) -> FileFacts:
    assert isinstance(source.content, str)
    return compile_text(source.content, options, source.diagnostics)


def compile_text(
    text: str,
    options: CompileOptions,
    diagnostics: Sequence[Diagnostic] = (),
    *,
    host: Positions | None = None,
    temporary: Collection[str] = (),
    possible: bool = False,
) -> FileFacts:
    """What a text of SQL says; ``host``, ``temporary`` and ``possible`` are as for :func:`compile_fragment`."""
    from ray_lineage.compile.sql.detect import detect

    dialect, confidence = (options.dialect, 1.0) if options.dialect else detect(text)
    facts = _in_dialect(_Text(text, dialect, options, host, frozenset(temporary), possible), diagnostics)
    return facts if confidence == 1.0 else msgspec.structs.replace(facts, confidence=round(confidence, 2))


class _Text(NamedTuple):
    """A text, and what it is compiled with."""

    text: str
    dialect: str
    options: CompileOptions
    host: Positions | None
    temporary: frozenset[str]
    possible: bool

    def facts(self, diagnostics: Sequence[Diagnostic] = (), model: ModelName | None = None) -> FileFacts:
        from ray_lineage.compile.sql.engines import engine_of
        from ray_lineage.compile.sql.script import Around, compile_sql

        around = Around(self.host, self.temporary, self.possible) if self.host is not None else None
        said = compile_sql(self.text, engine_of(self.dialect), self.options, model, around=around)
        return said.file(self.dialect, diagnostics)

    def of(self, text: str) -> _Text:
        """Another text with the same lines."""
        return self._replace(text=text, host=self.host and self.host.by_lines(text))


def _in_dialect(text: _Text, diagnostics: Sequence[Diagnostic]) -> FileFacts:
    template = template_of(text.text, text.dialect, text.options.model)
    if template is None:
        return text.facts(diagnostics)
    if text.host is not None:
        template = _placed(template, text.host)
    model = model_name(template, text.options.model)
    facts = text.of(template.text).facts((*diagnostics, *template.diagnostics), model)
    variants = (s for v in template.variants for s in text.of(v).facts((), model).statements)
    return msgspec.structs.replace(facts, statements=_possible(facts.statements, template, variants))


def _placed(template: Template, host: Positions) -> Template:
    """With the lines of the file that the text stands in."""
    return template._replace(
        branches=tuple((host.line(a), host.line(b)) for a, b in template.branches),
        diagnostics=tuple(msgspec.structs.replace(d, line=host.line(d.line)) for d in template.diagnostics),
    )


def template_of(text: str, dialect: str, model: str) -> Template | None:
    """The text as a template; None for most texts, for which the template reader is not even loaded."""
    if not _MAY_BE_TEMPLATE.search(text):
        return None
    from ray_lineage.compile.sql.engines import engine_of
    from ray_lineage.compile.text.template import untemplate

    return untemplate(text, model or "this_model", engine_of(dialect).quote)


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
    """Only templates of Jinja do: a dbt model is called as its file."""
    return isinstance(content, str) and _JINJA.search(content) is not None


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
    libraries=("sqlglot",),
    warm=_warm,
)  # fmt: skip
