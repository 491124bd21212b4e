"""The bytes of a Python file -> its facts."""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from typing import Final

from ray_lineage.compile.facts import Facts
from ray_lineage.compile.frontend import Source
from ray_lineage.compile.options import CompileOptions
from ray_lineage.compile.python.candidates import may_say_something
from ray_lineage.compile.python.lines import Lines
from ray_lineage.compile.python.module import Module
from ray_lineage.compile.python.runner import Runner
from ray_lineage.model import FileFacts


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
    dialect = Runner(facts, options, module).run()
    return facts.file(dialect, source.diagnostics)


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
