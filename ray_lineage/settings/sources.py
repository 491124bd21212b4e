"""Where settings come from, merged by hand: that way each value's origin is known, and an error can name it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from ray_lineage.errors import SettingsError
from ray_lineage.settings.check import checked
from ray_lineage.settings.model import Settings

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


@dataclass(frozen=True)
class Loaded:
    """Settings with the origin of each value that is not a default."""

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
    settings = checked(values, origins, file)
    expanded = {
        k: os.path.expanduser(getattr(settings, k)) for k in (*_PATHS, "store") if getattr(settings, k).startswith("~")
    }
    return Loaded(settings=replace(settings, **expanded), origins=origins, file=str(file) if file else None)


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
    import tomllib

    try:
        return "ray_lineage" in tomllib.loads(path.read_text("utf-8")).get("tool", {})
    except (OSError, ValueError):
        return False


def _read_file(path: Path) -> dict[str, Any]:
    import tomllib

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
