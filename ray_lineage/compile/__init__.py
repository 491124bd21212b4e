"""Compile: the text of one file -> what it says (``FileFacts``). Pure: no I/O, no Ray, nothing looked up elsewhere.

Importing this package is cheap; sqlglot is loaded by the first compile.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from typing import Final

import msgspec

from ray_lineage.compile.dbt.model import as_model, model_name
from ray_lineage.compile.options import CompileOptions, ModelName
from ray_lineage.dialects import DIALECTS
from ray_lineage.model import Diagnostic, FileFacts, StatementFacts

__all__ = ["COMPILER_VERSION", "DIALECTS", "CompileOptions", "compile_text", "import_compiler", "needs_name"]

_REVISION: Final = 14
"""Raise with every change of what compile gives: it is part of the cache's key and of every fingerprint."""

COMPILER_VERSION: Final = f"{_REVISION}+sqlglot{version('sqlglot')}"


def import_compiler() -> None:
    """Import now what a compile needs: it takes a second, and code that is replaced under a running process is not found later."""
    import ray_lineage.compile.sql.detect
    import ray_lineage.compile.sql.script
    import ray_lineage.compile.text.template  # noqa: F401


def compile_text(text: str, options: CompileOptions, diagnostics: Sequence[Diagnostic] = ()) -> FileFacts:
    """Compile one file. Never raises on bad input: what cannot be read becomes a diagnostic with its line.

    ``diagnostics`` (of reading the file) are put in front of the facts' own. Raises ValueError for an unknown dialect.
    """
    from ray_lineage.compile.sql.detect import detect

    text = _encodable(text)
    with _few_collections():
        dialect, confidence = (options.dialect, 1.0) if options.dialect else detect(text)
        facts = _in_dialect(text, dialect, options, diagnostics)
    return facts if confidence == 1.0 else msgspec.structs.replace(facts, confidence=round(confidence, 2))


def _in_dialect(text: str, dialect: str, options: CompileOptions, diagnostics: Sequence[Diagnostic]) -> FileFacts:
    if not _MAY_BE_TEMPLATE.search(text):  # most files: the template reader is not even loaded
        return _facts(text, dialect, options, diagnostics)
    from ray_lineage.compile.sql.engines import engine_of
    from ray_lineage.compile.text.jinja_macros import NO_LIBRARY
    from ray_lineage.compile.text.template import untemplate

    template = untemplate(text, options.model or "this_model", engine_of(dialect).quote)
    if template is None:
        return _facts(text, dialect, options, diagnostics)
    model = model_name(template, options.model)
    facts = _facts(template.text, dialect, options, (*diagnostics, *template.diagnostics), model, templated=True)
    statements = [
        msgspec.structs.replace(s, possible=True) if _within(s, template.branches) else s for s in facts.statements
    ]
    seen = {_key(s) for s in statements}
    for text in template.variants:
        for statement in _facts(text, dialect, options, (), model, templated=True).statements:
            if _key(statement) not in seen:
                seen.add(_key(statement))
                statements.append(msgspec.structs.replace(statement, possible=True))
    facts = msgspec.structs.replace(facts, statements=tuple(statements))
    return as_model(facts, template, model, engine_of(dialect), options, NO_LIBRARY)


_YOUNG: Final = 20_000  # objects


@contextmanager
def _few_collections() -> Iterator[None]:
    """A syntax tree is garbage (its nodes name their parents) when its file is done and not before: Python, which looks
    for garbage at every 700 new objects, would look through each tree many times in vain."""
    usual = gc.get_threshold()
    if not 0 < usual[0] < _YOUNG:
        yield
        return
    gc.set_threshold(_YOUNG, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        if gc.isenabled() and gc.get_count()[0] > usual[0]:
            gc.collect(0)


def _encodable(text: str) -> str:
    """Files have no lone surrogates any more; a string of a caller may, and no store takes them."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


_MAY_BE_TEMPLATE: Final = re.compile(r"\{[{%#A-Za-z_]|\$[({]|%\(|%s|:[\d'\"]")
_JINJA: Final = re.compile(r"\{[{%#]")


def needs_name(text: str) -> bool:
    """May what this text says depend on its file's name (``CompileOptions.model``)? Only templates of Jinja name themselves."""
    return _JINJA.search(text) is not None


def _within(statement: StatementFacts, branches: Sequence[tuple[int, int]]) -> bool:
    return any(a <= statement.first_line and statement.last_line <= b for a, b in branches)


def _key(statement: StatementFacts) -> bytes:
    return msgspec.msgpack.encode(msgspec.structs.replace(statement, possible=False))


def _facts(
    text: str,
    dialect: str,
    options: CompileOptions,
    diagnostics: Sequence[Diagnostic],
    model: ModelName | None = None,
    *,
    templated: bool = False,
) -> FileFacts:
    from ray_lineage.compile.sql.engines import engine_of
    from ray_lineage.compile.sql.script import compile_sql

    said = compile_sql(text, engine_of(dialect), options, model, templated=templated)
    found = (*diagnostics, *said.diagnostics)
    unreadable = any(d.code == "RL101" for d in found)
    if said.failed and not said.statements and not said.declarations:
        status = "failed"
    else:
        status = "partial" if said.failed or unreadable else "ok"
    return FileFacts(
        dialect, status, tuple(said.statements), tuple(said.declarations), found, tuple(dict.fromkeys(said.calls)),
        tuple(said.foreign_keys),
    )  # fmt: skip
