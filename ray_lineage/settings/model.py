"""What can be set: plain frozen data with types that say what may be written.

Pydantic checks it (:mod:`ray_lineage.settings.check`), and is not imported before there is something to check: that costs
a tenth of a second, which a query of a small graph does not take in all.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatch
from typing import Annotated, Any, ClassVar, Final, Literal

from ray_lineage.dialects import DIALECTS, dialect_named

_UNITS: Final = {"kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30, "b": 1}
_STRICT: Final = {"extra": "forbid", "hide_input_in_errors": True}


class Secret:
    """A text that is shown as stars wherever it is printed, dumped or logged."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def get_secret_value(self) -> str:
        """The text itself."""
        return self._text

    def __repr__(self) -> str:
        return "Secret('***')"

    def __str__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


class _Converted:
    """What turns a value as it was written into one that pydantic checks; may raise ValueError."""

    def __init__(self, convert: Callable[[Any], object]) -> None:
        self._convert = convert

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_before_validator_function(self._convert, handler(source))


class _Whole:
    """Like :class:`_Converted`, and pydantic has nothing left to check."""

    def __init__(self, convert: Callable[[Any], object]) -> None:
        self._convert = convert

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(self._convert)


class _Bounds:
    """Of a number: ``ge``, ``gt``, ``le``, as pydantic calls them."""

    def __init__(self, **bounds: float) -> None:
        self._bounds = bounds

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        return {**handler(source), **self._bounds}


def _size(value: object) -> object:
    """``20MB`` -> bytes."""
    if isinstance(value, str):
        text = value.strip().lower().replace(" ", "").replace("_", "")
        number = text.rstrip("kmgib")
        unit = text[len(number) :]
        if not number.replace(".", "", 1).isdigit() or (unit and unit not in _UNITS):
            raise ValueError("it is no size: such as 20MB, 512KiB, or a number of bytes")
        return int(float(number) * _UNITS.get(unit, 1))
    return value


def _known_dialect(value: object) -> object:
    folded = dialect_named(str(value))
    if folded and folded not in DIALECTS:
        near = difflib.get_close_matches(folded, DIALECTS, 1)
        raise ValueError(
            f"no such dialect{f' (did you mean {near[0]}?)' if near else ''}; known: {', '.join(DIALECTS)}"
        )
    return folded


def _listed(value: object) -> object:
    """In the environment a list is separated by commas."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _secret(value: object) -> Secret:
    if isinstance(value, Secret):
        return value
    if isinstance(value, str):
        return Secret(value)
    raise ValueError("it is no text")


Count = Annotated[int, _Bounds(ge=1)]
Workers = Annotated[int, _Bounds(ge=1, le=4096)]
Seconds = Annotated[float, _Bounds(ge=0)]
Size = Annotated[int, _Bounds(gt=0), _Converted(_size)]
Dialect = Annotated[str, _Converted(_known_dialect)]
Names = Annotated[tuple[str, ...], _Converted(_listed)]
Password = Annotated[Secret, _Whole(_secret)]
PriorityName = Literal["critical", "normal", "batch"]


@dataclass(frozen=True, kw_only=True)
class FolderRule:
    """Settings of the files below a folder. Unset keys (None) leave what a wider rule or the project says."""

    __pydantic_config__: ClassVar[Any] = _STRICT

    path: str
    """A folder relative to the root (``mssql``), or a glob over paths (``etl/*/legacy``)."""
    dialect: Dialect | None = None
    """Of its files; empty: detected per file."""
    default_catalog: str | None = None
    """Completes names that say no database."""
    default_schema: str | None = None
    """Completes names that say no schema."""
    encoding: str | None = None
    """Tried before detection."""
    inputs: Names | None = None
    """Formats that are read there."""
    priority: PriorityName | None = None
    """Of its files, under a watch too."""
    ignore: bool | None = None
    """Leave it out."""

    def written(self) -> dict[str, Any]:
        """What it sets."""
        return {k: v for k, v in asdict(self).items() if v is not None}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The effective settings of a run."""

    __pydantic_config__: ClassVar[Any] = _STRICT

    project: str = ""
    """Name of the project in the graph; default: the name of its root."""
    root: str = ""
    """The folder that the project's paths are relative to; default: that of the settings file, else what the graph knows of the
    ingested folder, else the top of its repository, else the ingested folder."""
    roots: Names = ()
    """Folders that make up the project, relative to its root, for a command that names none; default: all of it."""
    store: str = ""
    """Path of the embedded graph (default ``data/graph.db``) or the URI of a Neo4j server."""
    data_dir: str = "data"
    """Where everything local lies: embedded graph, cache, dead letters. Default: ``data`` beside the settings file, else at the
    top of the repository around the current folder, else there."""
    neo4j_uri: str = ""
    """Address of a Neo4j server (``neo4j+s://host:7687``); the same as an address in ``store``."""
    neo4j_username: str = "neo4j"
    """Who writes there."""
    neo4j_password: Password | None = None
    """Better in the environment, or in a file that ``NEO4J_PASSWORD_FILE`` names."""
    neo4j_database: str | None = None
    """Default: the user's home database."""
    allow_unencrypted: bool = False
    """Talk to a Neo4j server on another machine without encryption: others may read along."""
    batch_size: Annotated[int, _Bounds(ge=1, le=1_000_000)] | None = None
    """Rows of one Neo4j transaction."""
    dialect: Dialect = ""
    """Dialect of files that no folder rule speaks for; empty: detected per file."""
    default_catalog: str = ""
    """Completes names that say no database, where no folder rule does."""
    default_schema: str = ""
    """Completes names that say no schema."""
    encoding: str = ""
    """Tried before detection."""
    inputs: Names = ()
    """Formats that are read; default: all of them."""
    suffixes: Names = ()
    """Of the files that are looked at; those that no format claims are read as SQL. Default: those of the formats."""
    ignore: Names = ()
    """Patterns of files to leave out, as in a .gitignore."""
    max_file_size: Size = 20_000_000
    """Of larger files nothing is read; some formats have a default of their own."""
    namespaces: dict[str, str] = field(default_factory=dict, hash=False)
    """Catalogs that namespaces of OpenLineage are, ``[namespaces]``: ``"mysql://db:3306" = "shop"``, or of one database of a
    server ``"postgres://db:5432/app" = "app"``."""
    folders: tuple[FolderRule, ...] = ()
    """Rules for folders, ``[[folders]]``: later ones win, key by key."""
    enable_parse_cache: bool = True
    """Facts of files that were compiled before are not compiled again."""
    parse_cache_path: str = "data/.cache/parse_cache.lmdb"
    """A folder of ours on a local disk."""
    cache_max_bytes: Size = 2 * 2**30
    """The least recently used entries go above it."""
    cache_max_entries: Count | None = None
    """The same by number."""
    executor: Literal["auto", "local", "ray"] = "auto"
    """Who works: child processes, or actors on Ray; ``auto``: Ray under a job, at an address, or where a head of yours runs."""
    ingest_workers: Annotated[int, _Bounds(ge=0, le=4096)] = field(default_factory=lambda: min(4, os.cpu_count() or 1))
    """Workers: child processes, or parse actors on Ray; 0: everything in this process."""
    ray_address: str = ""
    """A running Ray cluster, ``host:port``."""
    dashboard: bool = False
    """Start a private Ray with its dashboard."""
    min_workers: Workers | None = None
    """The pool never shrinks below; default: 1."""
    max_workers: Workers | None = None
    """The pool never grows above; default: ``ingest_workers``."""
    priority: PriorityName = "batch"
    """Of the files of an ingest."""
    object_store_share: Annotated[float, _Bounds(gt=0, le=0.9)] = 0.3
    """Share of Ray's object store that results in flight may take."""
    memory_limit_percent: Annotated[int, _Bounds(ge=10, le=99)] = 80
    """No new work while a machine uses more of its memory."""
    queue_limit: Count = 200
    """No new work while so many files are handed to the writer and not acknowledged by it."""
    source: Literal["auto", "shared", "ship"] = "auto"
    """On a cluster: do the workers read the files (``shared``), or does the driver send their bytes (``ship``)?"""
    max_delete_percent: Annotated[int, _Bounds(ge=0, le=100)] = 50
    """Of a project's files more may not vanish at once: nothing is written then."""
    enable_batching: bool = True
    """Watch: gather changes for ``debounce_window_seconds``."""
    debounce_window_seconds: Seconds = 5.0
    """Watch: look at changed files so long after the last change."""
    batch_size_threshold: Count = 50
    """Watch: so many changed files are looked at, at once."""
    rescan_seconds: Annotated[float, _Bounds(gt=0)] = 60.0
    """Watch: compare everything on disk with what is known, so often."""
    poll: bool | None = None
    """Watch: poll instead of listening to the file system; default: as the kind of file system needs it."""
    reads_from: Names = ()
    """Other projects in the same store: a name that this one does not declare means their dataset, in answers. Nothing is
    written of it."""
    ignore_diagnostics: Names = ()
    """Codes of which nothing is said, ``RL110``, or only below a folder, ``RL3*:legacy``. The graph holds them all the same."""
    metrics_port: Annotated[int, _Bounds(ge=0, le=65_535)] | None = None
    """Without Ray: serve metrics for Prometheus on this port of the loopback interface; 0: a free one."""
    organize_to: str = ""
    """Watch: also keep the organizer's output in this folder."""
    log_format: Literal["text", "json"] = "text"
    """Of log lines: for people, or one JSON object a line."""
    written: frozenset[str] = frozenset()
    """Which of them somebody has set; not a setting itself."""


def rule_for(settings: Settings, path: str) -> FolderRule:
    """What holds for a file: project-wide values, then each rule that matches its path, later rules over earlier ones."""
    merged: dict[str, Any] = {
        "dialect": settings.dialect,
        "default_catalog": settings.default_catalog,
        "default_schema": settings.default_schema,
        "encoding": settings.encoding,
        "inputs": settings.inputs,
        "priority": None,
        "ignore": False,
    }
    for rule in settings.folders:
        if matches(rule.path, path):
            merged.update({k: v for k, v in rule.written().items() if k != "path"})
    return FolderRule(path=path, **merged)


def matches(pattern: str, path: str) -> bool:
    """Is the file below the folder, or does the glob match it or a folder above it?"""
    pattern = pattern.strip("/").removeprefix("./")
    if pattern in ("", ".", "**"):
        return True
    if path == pattern or path.startswith(pattern + "/"):
        return True
    if not any(c in pattern for c in "*?["):
        return False
    parts = path.split("/")
    return any(fnmatch("/".join(parts[:n]), pattern) for n in range(1, len(parts) + 1))
