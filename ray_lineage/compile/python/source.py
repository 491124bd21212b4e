"""The bytes of a Python file -> its facts."""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from typing import Final

import msgspec

from ray_lineage.compile.facts import Facts
from ray_lineage.compile.fragment import compile_fragment, temporary_tables
from ray_lineage.compile.frontend import Source
from ray_lineage.compile.options import CompileOptions
from ray_lineage.compile.positions import Positions
from ray_lineage.compile.python.candidates import may_say_something
from ray_lineage.compile.python.gaps import fill
from ray_lineage.compile.python.known import only_known, unknown_tables
from ray_lineage.compile.python.lines import Lines
from ray_lineage.compile.python.module import Module, Run
from ray_lineage.model import FileFacts

_LANGUAGE: Final = "python"
_SHOWN: Final = 10  # lines, in a diagnostic


def compile_python(source: Source, options: CompileOptions) -> FileFacts:
    """What a file of Python says. Nothing of it is imported or run."""
    assert isinstance(source.content, bytes)
    data = source.content
    if not may_say_something(data):
        return FileFacts("", "skipped", diagnostics=source.diagnostics)
    facts = Facts()
    text = decode(data, facts)
    tree = parse(text, facts) if text is not None else None
    if text is None or tree is None:
        facts.failed += 1
        return facts.file("", source.diagnostics)
    module = Module(tree, text.encode(), Lines(text))
    dialects = _Runner(facts, options).run_all(module.runs())
    _note_unresolved(facts, module.unresolved)
    return facts.file(dialects, source.diagnostics)


def decode(data: bytes, facts: Facts) -> str | None:
    """The text, by its byte order mark or its coding cookie, else UTF-8. Lines end in newlines only. None: it cannot be read."""
    try:
        encoding = tokenize.detect_encoding(io.BytesIO(data).readline)[0]
        text = data.decode(encoding)
    except (SyntaxError, LookupError, UnicodeDecodeError, ValueError):
        text = data.decode("utf-8", "replace")
    if "\0" in text:
        facts.note("RL130", "warning", "this is no Python: it holds NUL characters", 0)
        return None
    text = text.removeprefix("\ufeff")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", " ")


def parse(text: str, facts: Facts, first_line: int = 1) -> ast.Module | None:
    """The syntax tree; None, with a diagnostic that says why, where there is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as error:
        line = (error.lineno or 1) + first_line - 1
        facts.note(
            "RL130", "warning", f"this is no Python that we can read: {_why(text, error)}", line, error.offset or 0
        )
    except (ValueError, RecursionError, MemoryError):
        facts.note("RL130", "warning", "this Python is nested too deeply to be read", first_line)
    return None


_TEMPLATE: Final = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|<%.*?%>")
_PYTHON_2: Final = re.compile(
    r"(?m)^\s*(?:print\s+[^\s(=]|exec\s+[\"'\w]|raise\s+\w+\s*,|except\s+\w[\w.]*\s*,)|\bur[\"']|\b0[0-7]+L?\b|<>"
)


def _why(text: str, error: SyntaxError) -> str:
    line = text.split("\n")[error.lineno - 1] if error.lineno and error.lineno <= text.count("\n") + 1 else ""
    if _TEMPLATE.search(line) or (_TEMPLATE.search(text) and "{{" in line):
        return "it is a template"
    if "print" in str(error.msg) or _PYTHON_2.search(line) or "Missing parentheses" in str(error.msg):
        return "it is Python 2"
    return f"{error.msg} (its syntax may be newer than this Python's)"


class _Runner:
    """Compiles the texts that a module runs, one after another."""

    def __init__(self, facts: Facts, options: CompileOptions) -> None:
        self.facts = facts
        self.options = options
        self.temporary: dict[str, set[str]] = {}
        self.dialects: dict[str, int] = {}
        self.unknown = 0

    def run_all(self, runs: list[Run]) -> str:
        """The dialect of most of them."""
        for run in runs:
            self.facts.take(self.run(run))
        return max(self.dialects, key=lambda d: self.dialects[d], default="")

    def run(self, run: Run) -> FileFacts:
        """What one text says."""
        filled, doubtful = fill(run.text)
        dialect = run.dialect or self.options.dialect
        held = self.temporary.setdefault(dialect, set())
        facts = compile_fragment(
            filled.text,
            dialect,
            at=Positions(filled.text, filled.marks),
            catalog=self.options.catalog,
            schema=self.options.schema,
            temporary=held,
            possible=doubtful or not run.text.sure,
        )
        if filled.text != run.text.text:
            facts = self._only_known(facts, run)
        held |= temporary_tables(facts)
        self.dialects[facts.dialect] = self.dialects.get(facts.dialect, 0) + 1
        return facts

    def _only_known(self, facts: FileFacts, run: Run) -> FileFacts:
        known = only_known(facts, self.unknown + 1)
        count = unknown_tables(known)
        if not count:
            return known
        self.unknown += count
        found = Facts()
        line = known.statements[0].first_line if known.statements else run.unit.first_line
        found.note(
            "RL131", "info", f"{count} table name{'s' * (count > 1)} of this SQL cannot be told from the file", line
        )
        return msgspec.structs.replace(known, diagnostics=(*known.diagnostics, *found.diagnostics))


def _note_unresolved(facts: Facts, lines: list[int]) -> None:
    if not lines:
        return
    shown = ", ".join(map(str, sorted(set(lines))[:_SHOWN])) + (", …" if len(set(lines)) > _SHOWN else "")
    what = "1 call runs" if len(lines) == 1 else f"{len(lines)} calls run"
    facts.note("RL132", "info", f"{what} SQL that cannot be told from the file (line {shown})", min(lines))
