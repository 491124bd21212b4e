"""The Python API: lineage of one script without any store, and queries on a stored graph."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec

from ray_lineage.beside import Beside, serve
from ray_lineage.errors import UsageError
from ray_lineage.frames import Link, Linked, Table, to_columns
from ray_lineage.killable import Killed
from ray_lineage.model import Declaration, DeclaredColumn, Diagnostic, Name

if TYPE_CHECKING:
    from ray_lineage.diff.report import Report
    from ray_lineage.model import FileFacts
    from ray_lineage.query.graph import Graph
    from ray_lineage.viewer.notebook import Page


class ColumnRef(msgspec.Struct, frozen=True, order=True):
    """A column of a dataset; ``dataset`` is None for the result of a bare SELECT; ``column`` may be ``*``."""

    dataset: str | None
    column: str

    def __str__(self) -> str:
        return f"{self.dataset}.{self.column}" if self.dataset else self.column


class ColumnLineage(msgspec.Struct, frozen=True):
    """One pair: ``source`` shapes the value of ``target``."""

    source: ColumnRef
    target: ColumnRef
    transformation: str
    certainty: str
    line: int


class Influence(msgspec.Struct, frozen=True):
    """``source`` shapes which rows ``target`` (None: the bare SELECT's result) gets; ``how``: filter, join, group_by, sort."""

    source: ColumnRef
    target: str | None
    how: str


class Lineage(Linked, msgspec.Struct, frozen=True):
    """What one script does. ``sources`` and ``targets`` are dataset names in order of first use; CTEs and temporary
    tables that the script fills itself are looked through."""

    sources: list[str]
    targets: list[str]
    columns: list[ColumnLineage]
    influences: list[Influence]
    diagnostics: list[Diagnostic]
    dialect: str

    def table(self) -> Table:
        """``columns``, and behind them ``influences``, whose ``target_column`` is null and whose line is 0. Both datasets are
        null where they are the result of a bare SELECT."""
        kinds = dict.fromkeys(("source_dataset", "source_column", "target_dataset", "target_column"), str)
        pairs = [
            (
                p.source.dataset,
                p.source.column,
                p.target.dataset,
                p.target.column,
                p.transformation,
                p.certainty,
                p.line,
            )
            for p in self.columns
        ]
        shapes = [(i.source.dataset, i.source.column, i.target, None, i.how, "certain", 0) for i in self.influences]
        return Table(kinds | {"how": str, "certainty": str, "line": int}, [*pairs, *shapes])

    def nodes_and_links(self) -> tuple[Mapping[str, dict[str, Any]], Iterable[Link]]:
        """Columns; a dataset whose rows are shaped has edges to its columns. The result of a bare SELECT is ``(result)``."""
        pairs = [
            Link(str(p.source), str(p.target), {"how": p.transformation, "certainty": p.certainty, "line": p.line})
            for p in self.columns
        ]
        shapes = [
            Link(str(i.source), i.target or _RESULT, {"how": i.how, "certainty": "certain"}) for i in self.influences
        ]
        owners = {str(p.target): p.target.dataset or _RESULT for p in self.columns}
        return {}, [*pairs, *shapes, *to_columns((link.target for link in shapes), owners)]


_RESULT: Final = "(result)"
"""Of a bare SELECT, in a graph."""

_GUARD_SECONDS: Final = 10.0


def lineage(
    sql: str,
    dialect: str | None = None,
    schema: Mapping[str, Iterable[str]] | None = None,
    default_schema: str | None = None,
    seconds: float | None = _GUARD_SECONDS,
) -> Lineage:
    """Lineage of one script, without any store.

    ``dialect`` is a name of ``ray_lineage.compile.DIALECTS`` (None: detected). ``schema`` maps dataset names to their
    columns; stars that it cannot expand stay one ``src.*`` -> ``target.*`` pair, and a column that could belong to
    several relations gives one ``possible`` pair a candidate. ``default_schema`` completes names without a schema.

    The work is done in a process beside this one, which the first call begins and which ends with this one: a text that
    keeps the compiled parser busy for ``seconds`` of CPU time, or kills it, costs a diagnostic (RL190, RL191 for want of
    memory), and no signal or exception waits for it. Calls of several threads wait for one another. ``seconds=None``: in
    this process, and without any limit.

    Raises TypeError for what is no text or no such schema, ValueError for an unknown dialect, RuntimeError where no process can be begun (``sys.executable`` is no Python);
    nothing in ``sql`` raises: what cannot be read is in ``.diagnostics``.

    >>> found = ray_lineage.lineage("INSERT INTO mart.t (x) SELECT a + b FROM raw.s WHERE c > 0", dialect="tsql")
    >>> [(str(p.source), str(p.target), p.transformation) for p in found.columns]
    [('raw.s.a', 'mart.t.x', 'transformation'), ('raw.s.b', 'mart.t.x', 'transformation')]
    >>> [(str(i.source), i.target, i.how) for i in found.influences]
    [('raw.s.c', 'mart.t', 'filter')]
    >>> found.to_pandas()["source_column"].tolist()
    ['a', 'b', 'c']
    """
    if not isinstance(sql, str):
        raise TypeError(f"sql has to be the text of a script, not {type(sql).__name__}")
    name = _dialect(dialect)
    known = _checked(schema if schema is not None else {})
    script = _Script(_without_surrogates(sql), name, known, default_schema or "")
    if seconds is None:
        return _lineage(script)
    try:
        found = _beside().ask(msgspec.msgpack.encode(script), seconds)
    except Killed:
        text = f"it was given up after {seconds:g} s of work"
        return Lineage([], [], [], [], [Diagnostic("RL190", "error", text)], name)
    return msgspec.msgpack.decode(found, type=Lineage)


def _checked(schema: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """A text in place of columns would be one column a letter."""
    if not isinstance(schema, Mapping) or any(isinstance(columns, str) for columns in schema.values()):
        raise TypeError("schema has to map names of datasets to lists of their columns: {'raw.s': ['a', 'b']}")
    return {dataset: tuple(columns) for dataset, columns in schema.items()}


class _Script(msgspec.Struct, frozen=True, array_like=True):
    """What :func:`lineage` was asked for."""

    sql: str
    dialect: str
    schema: dict[str, tuple[str, ...]]
    default_schema: str


@functools.cache
def _beside() -> Beside:
    return Beside("ray_lineage.api")


def _answer(asked: bytes) -> bytes:
    """In the process beside."""
    script = msgspec.msgpack.decode(asked, type=_Script)
    try:
        found = _lineage(script)
    except MemoryError:
        found = Lineage(
            [], [], [], [], [Diagnostic("RL191", "error", "there was not enough memory for it")], script.dialect
        )
    return msgspec.msgpack.encode(found)


def _without_surrogates(sql: str) -> str:
    """No message holds them, and no store takes them."""
    try:
        sql.encode()
    except UnicodeEncodeError:
        return sql.encode("utf-8", "replace").decode()
    return sql


def _lineage(script: _Script) -> Lineage:
    from ray_lineage.compile import CompileOptions, compile_source

    facts = compile_source(script.sql, CompileOptions(script.dialect, "", script.default_schema))
    return _Reader(facts.dialect, script.schema, script.default_schema).read(facts)


def lineage_of(facts: FileFacts) -> Lineage:
    """Lineage of what one file of any format says, without any store."""
    return _Reader(facts.dialect, {}, "").read(facts)


def _dialect(name: str | None) -> str:
    from ray_lineage.dialects import DIALECTS, dialect_named

    folded = dialect_named(name or "")
    folded = "" if folded == "ansi" else folded
    if folded and folded not in DIALECTS:
        import difflib

        near = difflib.get_close_matches(folded, DIALECTS, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"unknown dialect {name!r}{hint} Known: {', '.join(DIALECTS)}")
    return folded


class _Reader:
    """Evaluates a script's facts against the given schema."""

    def __init__(self, dialect: str, schema: Mapping[str, Iterable[str]], default_schema: str) -> None:
        from ray_lineage.compile.sql.engines import engine_of
        from ray_lineage.compile.sql.names import with_defaults
        from ray_lineage.link import Linker
        from ray_lineage.model import FileFacts, encode_facts, split_text

        fold = engine_of(dialect).fold
        self.linker = Linker("script")
        declarations = []
        for text, columns in schema.items():
            parts = tuple(fold(p, False) for p in split_text(text))
            declared = tuple(DeclaredColumn(fold(c, False)) for c in columns)
            name: Name = with_defaults(parts, "", fold(default_schema, False) if default_schema else "")
            declarations.append(Declaration(name, "Table", 0, declared))
        if declarations:
            given = FileFacts(dialect, "ok", (), tuple(declarations))
            self.linker.put("\0schema", "", encode_facts(given))

    def read(self, facts: object) -> Lineage:
        from ray_lineage.link.codes import certainty_text, how_text, influence_text
        from ray_lineage.link.script import Script
        from ray_lineage.model import UNSEEN, FileFacts, encode_facts, is_temporary, unnamed

        assert isinstance(facts, FileFacts)
        linker = self.linker
        linker.put("script", "", encode_facts(facts))
        catalog = linker.view()
        script = Script(facts, catalog)
        sources: dict[str, None] = {}
        targets: dict[str, None] = {}
        pairs: dict[tuple[object, ...], ColumnLineage] = {}
        influences: dict[tuple[object, ...], Influence] = {}
        for _, statement, result in script.run():
            local = is_temporary(statement.target) or statement.kind in UNSEEN
            sources.update(dict.fromkeys(result.reads))
            if local:
                continue
            target = catalog.resolve(statement.target) if statement.target else None
            if target is not None:
                targets[target] = None
            flows = [(f.source, f.target, f.code, f.line) for f in result.flows]
            if target is None:
                flows = [
                    (source, item.name if item.name is not None else unnamed(i), code, item.line)
                    for i, item in enumerate(result.items)
                    for source, code in item.sources.items()
                ]
            for (dataset, column), name, code, line in flows:
                pair = ColumnLineage(
                    ColumnRef(dataset, column), ColumnRef(target, name), how_text(code), certainty_text(code),
                    line or statement.first_line,
                )  # fmt: skip
                pairs.setdefault((pair.source, pair.target, pair.transformation, pair.certainty), pair)
            for dataset, column, how in result.influences:
                influence = Influence(ColumnRef(dataset, column), target, influence_text(how))
                influences.setdefault((influence.source, target, influence.how), influence)
        diagnostics = [*facts.diagnostics, *script.diagnostics]
        linker.close()
        return Lineage(
            list(sources),
            list(targets),
            _by_target(pairs.values()),
            list(influences.values()),
            diagnostics,
            facts.dialect,
        )


def _by_target(pairs: Iterable[ColumnLineage]) -> list[ColumnLineage]:
    """Targets as they come, the sources of each by name."""
    at: dict[ColumnRef, int] = {}
    for pair in pairs:
        at.setdefault(pair.target, len(at))
    return sorted(pairs, key=lambda p: (at[p.target], p.source.dataset or "", p.source.column))


def open_graph(store: str | None = None, project: str | None = None) -> Graph:
    """Open a stored graph for queries (read-only). ``store`` is a path or a ``neo4j://`` URI (default: the settings).

    Raises ``ray_lineage.errors.StoreUnavailable`` if there is none.

    >>> with ray_lineage.open_graph() as graph:
    ...     graph.stats().files
    3
    """
    from ray_lineage.query.graph import Graph

    return Graph.open(store, project)


def changes(base: str = "", head: str = "", *, folder: str | None = None) -> Report:
    """What changed in the lineage between two revisions of git: who breaks, whose rows and values are others, and who owns that.

    ``base``: by default where the branch left what it follows; ``head``: the working tree; ``folder``: where the repository is,
    the current one by default. Nothing is checked out, and no graph is needed. The files are read by ``ray_lineage diff``, in a
    process of its own. Raises RayLineageError with the code that this fails with (no such revision, no repository).
    """
    from ray_lineage.asking import COMMAND, answer
    from ray_lineage.diff.report import Report

    if head and not base:
        raise UsageError(
            "RL203", "changes() with a head needs a base", help="name both, or none: the working tree is the head"
        )
    revisions = [r for r in (base, head) if r]
    asked = ("diff", "--json", "--fail-on", "never", "--", *revisions)
    return msgspec.json.decode(answer(COMMAND, asked, folder), type=Report)


def picture(
    name: str = "",
    *,
    depth: int | None = None,
    store: str | None = None,
    project: str | None = None,
    with_sql: bool = False,
) -> Page:
    """The lineage as a page to look at: of everything, or of what a dataset or column comes from and what it feeds.

    A notebook shows what this returns; ``.save(path)`` writes it. ``depth``: so many steps around ``name``; ``with_sql``: with
    the beginning of each statement, literals as ``?``. Raises StoreUnavailable, UsageError for unknown or ambiguous names.

    >>> ray_lineage.picture("mart.total", depth=2).save("lineage.html")
    """
    from ray_lineage.viewer.notebook import make_page

    return make_page(name, depth=depth, store=store, project=project, with_sql=with_sql)


if __name__ == "__main__":
    from ray_lineage.compile import import_compiler

    import_compiler()
    serve(int(sys.argv[1]), _answer)
