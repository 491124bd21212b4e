"""The settings file: where it is looked for, whose it is, what is in it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ray_lineage.errors import SettingsError
from ray_lineage.settings.trust import is_owners, is_trusted

NAME: Final = "ray_lineage.toml"
_MOST: Final = 1_000_000  # bytes


@dataclass(frozen=True)
class SettingsFile:
    """``content`` is what its trust depends on: of a ``pyproject.toml`` our table alone. ``named``: its user gave its path.
    ``is_owners``: it is this user's, and nobody else can write it."""

    path: Path
    content: bytes
    values: dict[str, Any]
    is_owners: bool
    named: bool = False


def named_file(name: str) -> SettingsFile:
    """The file that the user named. Raises SettingsError."""
    path = Path(name).expanduser()
    if not path.is_file():
        raise SettingsError(
            "RL200",
            f"there is no settings file {name}",
            where="--config",
            help="give the path of an existing .toml file",
        )
    found = _read(path, named=True)
    assert found is not None
    return found


def find_file(here: Path, *, trusts_all: bool = False) -> tuple[SettingsFile | None, list[str]]:
    """The first file in this folder and those above, up to a repository's root; and what was not used because it is somebody
    else's, as notes. Raises SettingsError."""
    notes: list[str] = []
    for folder in (here, *here.parents):
        for name in (NAME, "pyproject.toml"):
            path = folder / name
            found = _read(path, named=False) if path.is_file() else None
            if found is None:
                continue
            if found.is_owners or trusts_all or is_trusted(path, found.content):
                return found, notes
            notes.append(f"{path} is not used: it belongs to another user, or another user can write it "
                         f"(if you trust it: `ray_lineage trust {path}`)")  # fmt: skip
        if (folder / ".git").exists():
            break
    return None, notes


def _read(path: Path, *, named: bool) -> SettingsFile | None:
    """None for a ``pyproject.toml`` without our table. Raises SettingsError."""
    import tomllib

    ours = path.name != "pyproject.toml"
    try:
        with path.open("rb") as file:
            content, owners = file.read(_MOST), is_owners(os.fstat(file.fileno()))
        data = tomllib.loads(content.decode("utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        if not ours and not named:
            return None
        raise SettingsError(
            "RL200", f"not valid TOML: {error}", where=str(path), help="correct the line named above"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            "RL200", f"cannot read the settings: {type(error).__name__}", where=str(path), help="check the file"
        ) from None
    if not ours:
        table = _table(data, path)
        if table is None and not named:
            return None
        data = table or {}
        content = json.dumps(data, sort_keys=True, default=str).encode()
    return SettingsFile(path, content, _flat(data), owners, named)


def _table(data: dict[str, Any], path: Path) -> dict[str, Any] | None:
    """Ours, of a ``pyproject.toml``; None if there is none. Raises SettingsError for one that is something else."""
    tools = data.get("tool")
    found = tools.get("ray_lineage") if isinstance(tools, dict) else None
    if found is not None and not isinstance(found, dict):
        raise SettingsError(
            "RL200",
            "[tool.ray_lineage] is no table",
            where=str(path),
            help="write its settings below [tool.ray_lineage]",
        )
    return found


def _flat(data: dict[str, Any]) -> dict[str, Any]:
    """The keys of the table ``neo4j`` are those of the settings without ``neo4j_``."""
    flat: dict[str, Any] = {}
    for key, value in data.items():
        if key == "neo4j" and isinstance(value, dict):
            flat.update({f"neo4j_{k}": v for k, v in value.items()})
        else:
            flat[key] = value
    return flat
