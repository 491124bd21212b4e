"""The bytes of a Python file or a notebook -> its facts."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ray_lineage.compile.facts import Facts
from ray_lineage.compile.frontend import Source
from ray_lineage.compile.options import CompileOptions
from ray_lineage.compile.python import libraries
from ray_lineage.compile.python.candidates import may_be_notebook, may_lead_on, may_say_something
from ray_lineage.compile.python.cells import DATABRICKS, Notebook, module_of, read_databricks, read_notebook
from ray_lineage.compile.python.evidence import in_cells
from ray_lineage.compile.python.lines import Lines
from ray_lineage.compile.python.module import Module
from ray_lineage.compile.python.nodes import module_name, place_in_programs
from ray_lineage.compile.python.others import Others
from ray_lineage.compile.python.reading import NoPython, decoded, parse
from ray_lineage.compile.python.runner import Runner
from ray_lineage.model import FileFacts


def compile_python(source: Source, options: CompileOptions) -> FileFacts:
    """What a file of Python says. Nothing of it is imported or run."""
    assert isinstance(source.content, bytes)
    data = source.content
    if not may_say_something(data) and not may_lead_on(data, options.model):
        return FileFacts("", "skipped", diagnostics=source.diagnostics)
    facts = Facts()
    text = decoded(data)
    if text is None:
        return _refused(source, "this is no Python: it holds NUL characters")
    if text.startswith(DATABRICKS):
        return _notebook(source, options, module_of(read_databricks(text)), libraries.DATABRICKS)
    try:
        tree = parse(text)
    except NoPython as error:
        return _refused(source, error.why, error.line, error.column)
    others = Others(source.given)
    module = Module(tree, text.encode(), Lines(text), others, libraries.dialect_of_scheme(text))
    return _run(source, options, facts, module, others, module_name(options))


def compile_notebook(source: Source, options: CompileOptions) -> FileFacts:
    """What a Jupyter notebook says. Lines are those of its cells."""
    assert isinstance(source.content, bytes)
    data = source.content
    if not may_be_notebook(data):
        return FileFacts("", "skipped", diagnostics=source.diagnostics)
    try:
        cells = read_notebook(data)
    except ValueError as error:
        return _refused(source, f"this is no notebook: {error}")
    notebook = module_of(cells)
    usual = libraries.dialect_of_scheme("\n".join(c.text for c in cells)) or (
        libraries.TSQL if any(c.language == "sql" for c in cells) else ""
    )
    return in_cells(_notebook(source, options, notebook, usual), notebook.lines)


def _notebook(source: Source, options: CompileOptions, notebook: Notebook, usual: str) -> FileFacts:
    facts = Facts()
    for line, why in notebook.faults:
        facts.failed += 1
        facts.note("RL133", "warning", why, line)
    others = Others(source.given)
    module = Module(notebook.tree, notebook.text.encode(), Lines(notebook.text), others, usual)
    return _run(source, options, facts, module, others)


def _run(
    source: Source, options: CompileOptions, facts: Facts, module: Module, others: Others, name: str = ""
) -> FileFacts:
    """``name``: that of the module in the graph; cells have none."""
    try:
        dialect, session = _say(Runner(facts, options, module), name)
    except RecursionError:
        return _refused(source, "this Python is nested too deeply to be followed")
    finally:
        module.index.forget()
        others.forget()
    said = facts.file(dialect, source.diagnostics)
    if not (said.statements or said.declarations or said.diagnostics or said.calls or others.needs):
        return FileFacts("", "skipped")
    return msgspec.structs.replace(said, needs=tuple(others.needs), session=tuple(session))


def _say(runner: Runner, name: str) -> tuple[str, Sequence[str]]:
    """Make the facts; the dialect of most texts, and the functions that share connections."""
    dialect = runner.run()
    session: Sequence[str] = runner.session
    if name:
        session = place_in_programs(
            runner.facts, session, runner.module, runner.wrappers.imported, name, runner.options.folder
        )
    return dialect, session


def _refused(source: Source, why: str, line: int = 0, column: int = 0) -> FileFacts:
    facts = Facts()
    facts.failed += 1
    facts.note("RL133", "warning", why, line, column)
    return facts.file("", source.diagnostics)
