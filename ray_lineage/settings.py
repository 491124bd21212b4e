"""All settings, one model: flags > environment > ``ray_lineage.toml`` > ``[tool.ray_lineage]`` of pyproject.toml > defaults.

Sources are merged here by hand, and pydantic checks the result: that way each value's origin is known, and an error names
the place that it came from and never prints what was written there (it may be a password).
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from ray_lineage.compile import DIALECTS
from ray_lineage.errors import SettingsError

_UNITS: Final = {"kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30, "b": 1}


def _size(value: object) -> object:
    """``20MB`` -> bytes."""
    if isinstance(value, str):
        text = value.strip().lower().replace(" ", "").replace("_", "")
        number = text.rstrip("kmgib")
        unit = text[len(number) :]
        if number.replace(".", "", 1).isdigit() and (unit in _UNITS or not unit):
            return int(float(number) * _UNITS.get(unit, 1))
    return value


def _known_dialect(value: object) -> object:
    folded = str(value).lower()
    if folded and folded not in DIALECTS:
        near = difflib.get_close_matches(folded, DIALECTS, 1)
        raise ValueError(
            f"no such dialect{f' (did you mean {near[0]}?)' if near else ''}; known: {', '.join(DIALECTS)}"
        )
    return folded


def _listed(value: object) -> object:
    """In the environment a list is separated by commas."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


Size = Annotated[int, BeforeValidator(_size), Field(gt=0)]
Dialect = Annotated[str, BeforeValidator(_known_dialect)]
Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]
PriorityName = Literal["critical", "normal", "batch"]


class FolderRule(BaseModel):
    """Settings of the files below a folder. Unset keys (None) leave what a wider rule or the project says."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    path: str
    """A folder relative to the root (``mssql``), or a glob over paths (``etl/*/legacy``)."""
    dialect: Dialect | None = None
    default_catalog: str | None = None
    default_schema: str | None = None
    encoding: str | None = None
    priority: PriorityName | None = None
    ignore: bool | None = None


class Settings(BaseModel):
    """The effective settings of a run."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    project: str = ""
    """Name of the project in the graph; default: the name of the ingested folder."""
    store: str = ""
    """Path of the embedded graph (default ``data/graph.lbug``) or the URI of a Neo4j server."""
    data_dir: str = "data"
    """Where everything local lies: embedded graph, cache, dead letters."""
    neo4j_uri: str = ""
    neo4j_username: str = "neo4j"
    neo4j_password: SecretStr | None = None
    neo4j_database: str | None = None
    batch_size: int | None = Field(None, ge=1, le=1_000_000)
    """Rows of one Neo4j transaction."""
    dialect: Dialect = ""
    """Dialect of files that no folder rule speaks for; empty: detected per file."""
    default_catalog: str = ""
    default_schema: str = ""
    encoding: str = ""
    """Tried before detection."""
    suffixes: Names = (
        ".sql", ".ddl", ".dml", ".prc", ".tsql", ".pls", ".plsql", ".pkb", ".pks", ".hql", ".viw", ".vw", ".tab", ".udf", ".trg",
    )  # fmt: skip
    ignore: Names = ()
    """Patterns of files to leave out, as in a .gitignore."""
    max_file_size: Size = 20_000_000
    folders: tuple[FolderRule, ...] = ()
    enable_parse_cache: bool = True
    parse_cache_path: str = "data/.cache/parse_cache.lmdb"
    cache_max_bytes: Size = 2 * 2**30
    cache_max_entries: int | None = Field(None, ge=1)
    executor: Literal["auto", "local", "ray"] = "auto"
    ingest_workers: int = Field(default_factory=lambda: min(4, os.cpu_count() or 1), ge=0, le=4096)
    """Workers: child processes, or parse actors on Ray; 0: everything in this process."""
    ray_address: str = ""
    min_workers: int | None = Field(None, ge=1, le=4096)
    """The pool never shrinks below; default: 1."""
    max_workers: int | None = Field(None, ge=1, le=4096)
    """The pool never grows above; default: ``ingest_workers``."""
    priority: PriorityName = "batch"
    """Of the files of an ingest."""
    object_store_share: float = Field(0.3, gt=0, le=0.9)
    """Share of Ray's object store that results in flight may take."""
    memory_limit_percent: int = Field(80, ge=10, le=99)
    """No new work while a machine uses more of its memory."""
    queue_limit: int = Field(200, ge=1)
    """No new work while so many files are handed to the writer and not acknowledged by it."""
    source: Literal["auto", "shared", "ship"] = "auto"
    """On a cluster: do the workers read the files (``shared``), or does the driver send their bytes (``ship``)?"""
    max_delete_percent: int = Field(50, ge=0, le=100)
    enable_batching: bool = True
    """Watch: gather changes for ``debounce_window_seconds``."""
    debounce_window_seconds: float = Field(5.0, ge=0)
    """Watch: look at changed files so long after the last change."""
    batch_size_threshold: int = Field(50, ge=1)
    """Watch: so many changed files are looked at, at once."""
    rescan_seconds: float = Field(60.0, gt=0)
    """Watch: compare everything on disk with what is known, so often."""
    poll: bool | None = None
    """Watch: poll instead of listening to the file system; default: as the kind of file system needs it."""
    organize_to: str = ""
    """Watch: also keep the organizer's output in this folder."""
    log_format: Literal["text", "json"] = "text"
    """Of log lines: for people, or one JSON object a line."""

    @field_validator("max_workers")
    @classmethod
    def _is_a_range(cls, most: int | None, info: ValidationInfo) -> int | None:
        least = info.data.get("min_workers")
        if most is not None and least is not None and most < least:
            raise ValueError(f"it is less than min_workers ({least})")
        return most


_UNPREFIXED: Final = {
    "ENABLE_PARSE_CACHE": "enable_parse_cache",
    "PARSE_CACHE_PATH": "parse_cache_path",
    "ENABLE_BATCHING": "enable_batching",
    "DEBOUNCE_WINDOW_SECONDS": "debounce_window_seconds",
    "BATCH_SIZE_THRESHOLD": "batch_size_threshold",
    "INGEST_WORKERS": "ingest_workers",
    "NEO4J_URI": "neo4j_uri",
    "NEO4J_USERNAME": "neo4j_username",
    "NEO4J_PASSWORD": "neo4j_password",
    "NEO4J_DATABASE": "neo4j_database",
    "RAY_ADDRESS": "ray_address",
}
_FLAGS: Final = {
    "debounce_window_seconds": "--debounce",
    "rescan_seconds": "--rescan",
    "ingest_workers": "--workers",
    "enable_batching": "--disable-batching",
    "enable_parse_cache": "--no-cache",
}
"""Those that are not called as the setting is."""
_PREFIX: Final = "RAY_LINEAGE_"
_OUR_OTHER_VARIABLES: Final = frozenset({"RAY_LINEAGE_CONFIG"})
_PATHS: Final = ("data_dir", "parse_cache_path", "organize_to")


class Loaded(BaseModel):
    """Settings with the origin of each value that is not a default."""

    model_config = ConfigDict(frozen=True)

    settings: Settings
    origins: dict[str, str]
    file: str | None


def load_settings(
    flags: Mapping[str, Any] | None = None,
    *,
    cwd: str | None = None,
    config: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> Loaded:
    """Merge all sources. Flags that are None are not set. Raises SettingsError."""
    here = Path(cwd or os.getcwd())
    variables = os.environ if environ is None else environ
    file = _find_file(here, config or variables.get("RAY_LINEAGE_CONFIG"))
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    if file is not None:
        for key, value in _read_file(file).items():
            values[key], origins[key] = value, str(file)
    base = file.parent if file is not None else here
    for key in (*_PATHS, "store"):
        if isinstance(values.get(key), str) and "://" not in values[key]:
            values[key] = str(base / Path(values[key]).expanduser())
    for key, value, origin in _from_environment(variables):
        values[key], origins[key] = value, origin
    for key, value in (flags or {}).items():
        if value is not None:
            values[key], origins[key] = value, _FLAGS.get(key, f"--{key.replace('_', '-')}")
    if "data_dir" in values and "parse_cache_path" not in values:
        values["parse_cache_path"] = os.path.join(str(values["data_dir"]), ".cache", "parse_cache.lmdb")
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise _explained(error, origins, file) from None
    expanded = {
        k: os.path.expanduser(getattr(settings, k)) for k in (*_PATHS, "store") if getattr(settings, k).startswith("~")
    }
    return Loaded(settings=settings.model_copy(update=expanded), origins=origins, file=str(file) if file else None)


def _find_file(here: Path, named: str | None) -> Path | None:
    if named:
        path = Path(named).expanduser()
        if not path.is_file():
            raise SettingsError(
                "RL200",
                f"there is no settings file {named}",
                where="--config",
                help="give the path of an existing .toml file",
            )
        return path
    for folder in (here, *here.parents):
        own = folder / "ray_lineage.toml"
        if own.is_file():
            return own
        project = folder / "pyproject.toml"
        if project.is_file() and _has_table(project):
            return project
        if (folder / ".git").exists():
            return None
    return None


def _has_table(path: Path) -> bool:
    try:
        return "ray_lineage" in tomllib.loads(path.read_text("utf-8")).get("tool", {})
    except (OSError, ValueError):
        return False


def _read_file(path: Path) -> dict[str, Any]:
    try:
        data = tomllib.loads(path.read_text("utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(
            "RL200", f"not valid TOML: {error}", where=str(path), help="correct the line named above"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            "RL200", f"cannot read the settings: {type(error).__name__}", where=str(path), help="check the file"
        ) from None
    if path.name == "pyproject.toml":
        data = data.get("tool", {}).get("ray_lineage", {})
    flat: dict[str, Any] = {}
    for key, value in data.items():
        if key == "neo4j" and isinstance(value, dict):
            flat.update({f"neo4j_{k}": v for k, v in value.items()})
        else:
            flat[key] = value
    return flat


def _from_environment(variables: Mapping[str, str]) -> list[tuple[str, Any, str]]:
    """(key, value, variable), the prefixed name last so that it wins. An empty variable is not set."""
    found: list[tuple[str, Any, str]] = []
    for name, key in _UNPREFIXED.items():
        if variables.get(name):
            found.append((key, variables[name], name))
    secret = variables.get("NEO4J_PASSWORD_FILE")
    if secret and not variables.get("NEO4J_PASSWORD"):
        try:
            found.append(("neo4j_password", Path(secret).read_text("utf-8").strip(), "NEO4J_PASSWORD_FILE"))
        except OSError as error:
            raise SettingsError(
                "RL200", f"cannot read {secret}: {error.strerror}", where="NEO4J_PASSWORD_FILE", help="check the path"
            ) from None
    for name in sorted(variables):
        if name.startswith(_PREFIX) and variables[name] and name not in _OUR_OTHER_VARIABLES:
            found.append((name.removeprefix(_PREFIX).lower(), variables[name], name))
    return found


def _explained(error: ValidationError, origins: dict[str, str], file: Path | None) -> SettingsError:
    first = error.errors(include_input=False, include_url=False)[0]
    key = str(first["loc"][0]) if first["loc"] else ""
    inner = ".".join(str(p) for p in first["loc"])
    origin = origins.get(key, "")
    where = (
        f"{origin}:{_line_of(file, key)} ({inner})"
        if file is not None and origin == str(file)
        else f"{origin} ({inner})"
    )
    if first["type"] == "extra_forbidden":
        names = list(FolderRule.model_fields) if len(first["loc"]) > 1 else list(Settings.model_fields)
        name = str(first["loc"][-1])
        near = difflib.get_close_matches(name, names, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(names)}"
        return SettingsError("RL200", f"unknown setting {name!r}", where=where, help=hint)
    return SettingsError(
        "RL200",
        f"bad value for {inner!r}: {first['msg'].removeprefix('Value error, ')}",
        where=where,
        help="`ray_lineage config show` lists all settings",
    )


def _line_of(file: Path, key: str) -> int:
    short = key.removeprefix("neo4j_")
    try:
        lines = file.read_text("utf-8-sig").splitlines()
    except OSError:
        return 0
    for name in (key, short):
        for number, line in enumerate(lines, 1):
            if line.split("=")[0].strip().strip("[]\"' ") == name:
                return number
    return 0


def rule_for(settings: Settings, path: str) -> FolderRule:
    """What holds for a file: project-wide values, then each rule that matches its path, later rules over earlier ones."""
    merged: dict[str, Any] = {
        "dialect": settings.dialect,
        "default_catalog": settings.default_catalog,
        "default_schema": settings.default_schema,
        "encoding": settings.encoding,
        "priority": None,
        "ignore": False,
    }
    for rule in settings.folders:
        if matches(rule.path, path):
            merged.update({k: v for k, v in rule.model_dump(exclude={"path"}).items() if v is not None})
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
