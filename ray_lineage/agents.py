"""The graph for coding agents: a server of the Model Context Protocol on standard input and output (https://modelcontextprotocol.io).

Read-only. Every answer is bounded (:mod:`ray_lineage.query.bounded`); a name that is not in the graph is an error that says so and
names the nearest ones, which is something else than a name on which nothing depends.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Final

import msgspec

from ray_lineage import __version__
from ray_lineage.asking import answer
from ray_lineage.diff.owners import owners_of
from ray_lineage.errors import RayLineageError, UsageError
from ray_lineage.graph.open import open_store
from ray_lineage.query.across import asked
from ray_lineage.query.bounded import bounded
from ray_lineage.query.diagnostics import Ignored, by_file, stored
from ray_lineage.query.graph import Graph
from ray_lineage.query.projects import known_project, roots_here

if TYPE_CHECKING:
    from mcp.server import MCPServer

    from ray_lineage.settings import Settings

MOST: Final = 200
"""Entries that may be asked for."""
_INSTRUCTIONS: Final = (
    "Column-level lineage of the SQL in this repository. Names are dataset or dataset.column, in any case; their last parts are "
    "enough where they are unique. Answers are cut at `limit`: `cut` and `total` say what is left out. An edge is `certain` or "
    "`possible`. Readers outside of these files are unknown."
)


class _Questions:
    """Each method is a tool; its docstring is what an agent reads of it. The graph is opened for each: it may have been built
    anew meanwhile."""

    def __init__(self, settings: Settings, command: Sequence[str]) -> None:
        self._settings = settings
        self._command = command

    @contextmanager
    def _graph(self) -> Iterator[Graph]:
        with asked(self._settings) as (store, project):
            yield Graph(store, project)

    def find(self, words: str, limit: int = 20) -> dict[str, Any]:
        """Find datasets and columns whose names hold all words (separated by blanks); if none does, what looks like them."""
        with self._graph() as graph:
            found = graph.find(*words.split(), limit=_within(limit))
        said = bounded({"words": found.words, "exact": found.exact, "hits": found.hits}, _within(limit))
        return {**said, "cut": True, "total": {"hits": found.total}} if found.total > len(said["hits"]) else said

    def show(self, name: str, limit: int = 50) -> dict[str, Any]:
        """All of a dataset or program: columns with types and uses, where it is declared, who reads and writes it, calls, owners."""
        with asked(self._settings) as (store, project):
            found = Graph(store, project).show(name)
            root = roots_here(store).get(found.project, "")
        owners = owners_of(root, [place.file for place in found.declared]) if root else ()
        return bounded(msgspec.structs.replace(found, owners=list(owners)), _within(limit))

    def upstream(self, name: str, depth: int | None = None, influences: bool = True, limit: int = 50) -> dict[str, Any]:
        """Where a dataset or column comes from: `nodes` with their distance, the nearest first, and `steps` with file and line.
        With influences also what shapes its rows: filters, joins, groups."""
        with self._graph() as graph:
            return bounded(graph.upstream(name, depth=depth, influences=influences), _within(limit))

    def downstream(self, name: str, depth: int | None = None, influences: bool = True, limit: int = 50) -> dict[str, Any]:  # fmt: skip
        """What depends on a dataset or column: `nodes` with their distance, the nearest first, and `steps` with file and line."""
        with self._graph() as graph:
            return bounded(graph.downstream(name, depth=depth, influences=influences), _within(limit))

    def why(self, source: str, target: str, limit: int = 20) -> dict[str, Any]:
        """The statements because of which target depends on source at first hand: expression, certainty, file, line, text."""
        with self._graph() as graph:
            return bounded(graph.why(source, target), _within(limit))

    def path(self, source: str, target: str, limit: int = 50) -> dict[str, Any]:
        """A shortest way on which target depends on source. `connected` is false where both are known and there is none; `reverse`
        is true where there is one the other way round."""
        with self._graph() as graph:
            found = graph.path(source, target)
        return {"connected": bool(found.names), **bounded(found, _within(limit))}

    def unused(self, schema: str | None = None, limit: int = 50) -> dict[str, Any]:
        """Tables, views and columns that no statement in these files reads, filters and joins counted."""
        with self._graph() as graph:
            return bounded(graph.unused(schema), _within(limit))

    def diagnostics(self, path: str = "", code: str = "", limit: int = 50) -> dict[str, Any]:
        """What was not understood, or is doubtful, by file and line; of files whose path begins with `path`, of one `code`."""
        ignored = Ignored(self._settings.ignore_diagnostics)
        with closing(open_store(self._settings, read_only=True)) as store:
            files = by_file(store, known_project(store, self._settings.project))
        found = [
            s.found
            for s in stored(files)
            if s.found.path.startswith(path)
            and s.found.code.startswith(code)
            and not ignored.hides(s.found.code, s.found.path)
        ]
        return bounded({"diagnostics": sorted(found, key=lambda f: (f.path, f.line, f.code))}, _within(limit))

    def impact(self, names: str, limit: int = 50) -> dict[str, Any]:
        """What depends on datasets or columns (separated by blanks) in the files as they are on disk now, edits that are in no
        graph yet included: `reached` datasets with their distance, their columns, owners of the files that write them."""
        from ray_lineage.diff.report import Impact

        found = self._run("impact", "--json", "--", *names.split())
        return bounded(msgspec.json.decode(found, type=Impact), _within(limit))

    def diff(self, base: str = "", limit: int = 50) -> dict[str, Any]:
        """What the working tree changes in the lineage since a git revision (default: where the branch left what it follows): who
        breaks, whose rows and values are others. `changes` has the worst first; none with `level` error: no known reader breaks."""
        from ray_lineage.diff.report import Report

        found = self._run("diff", "--json", "--fail-on", "never", *(("--", base) if base else ()))
        return bounded(msgspec.json.decode(found, type=Report), _within(limit))

    def _run(self, *arguments: str) -> bytes:
        return answer(self._command, arguments)

    def stats(self) -> dict[str, Any]:
        """How much the graph holds: files, statements, datasets, columns, edges."""
        with self._graph() as graph:
            return bounded(graph.stats(), MOST)


TOOLS: Final = (
    "find",
    "show",
    "upstream",
    "downstream",
    "why",
    "path",
    "impact",
    "diff",
    "unused",
    "diagnostics",
    "stats",
)


def _within(limit: int) -> int:
    return max(1, min(limit, MOST))


def server(settings: Settings, command: Sequence[str]) -> MCPServer:
    """The server with its tools; ``command`` is how this program is called, with what stands before a command. Raises UsageError (RL203) where the SDK is not installed."""
    try:
        from mcp.server import MCPServer
    except ImportError as error:
        raise UsageError("RL203", "the SDK of the Model Context Protocol is not installed", help="pip install 'ray-lineage[mcp]'") from error  # fmt: skip
    from mcp.types import ToolAnnotations

    made = MCPServer("ray_lineage", instructions=_INSTRUCTIONS, version=__version__, log_level="ERROR")
    questions = _Questions(settings, command)
    reads = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
    for name in TOOLS:
        made.add_tool(_explained(getattr(questions, name)), name=name, annotations=reads, structured_output=True)
    return made


def _explained(question: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """An error of ours as the text that an agent reads: what is wrong, and what to do."""
    from mcp.server.mcpserver.exceptions import ToolError

    @functools.wraps(question)
    def asked(*arguments: Any, **named: Any) -> dict[str, Any]:
        try:
            return question(*arguments, **named)
        except RayLineageError as error:
            raise ToolError(f"{error.code}: {error.message}" + (f" ({error.help})" if error.help else "")) from error

    return asked
