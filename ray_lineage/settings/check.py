"""What was written -> :class:`Settings`, checked by pydantic, with errors that name the place and never print the value."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ray_lineage.errors import SettingsError
from ray_lineage.settings.model import FolderRule, Secret, Settings

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

KEYS: Final = tuple(f.name for f in fields(Settings) if f.name != "written")
_TEXTS: Final[Mapping[str, Callable[[str], Any]]] = {"str": str, "str | None": str, "Password | None": Secret}
_OF_TEXTS: Final = {f.name: _TEXTS[str(f.type)] for f in fields(Settings) if f.type in _TEXTS}
"""Settings that any text is good for: pydantic has nothing to say to it."""


def checked(values: Mapping[str, Any], origins: Mapping[str, str], file: Path | None) -> Settings:
    """Raises SettingsError. ``file``: the settings file among the origins, whose lines are named."""
    if all(isinstance(value, str) and key in _OF_TEXTS for key, value in values.items()):
        settings = Settings(**{key: _OF_TEXTS[key](value) for key, value in values.items()}, written=frozenset(values))
    else:
        settings = _validated(values, origins, file)
    if settings.min_workers and settings.max_workers and settings.max_workers < settings.min_workers:
        text = f"bad value for 'max_workers': it is less than min_workers ({settings.min_workers})"
        raise SettingsError("RL200", text, where=_place("max_workers", origins, file), help=_SHOW)
    return settings


_SHOW: Final = "`ray_lineage config show` lists all settings"


def _validated(values: Mapping[str, Any], origins: Mapping[str, str], file: Path | None) -> Settings:
    from pydantic import TypeAdapter, ValidationError

    for key in values:
        if key not in KEYS:
            raise _unknown(key, KEYS, _place(key, origins, file))
    try:
        return TypeAdapter(Settings).validate_python({**values, "written": frozenset(values)})
    except ValidationError as error:
        raise _explained(error.errors(include_input=False, include_url=False)[0], origins, file) from None


def _explained(fault: ErrorDetails, origins: Mapping[str, str], file: Path | None) -> SettingsError:
    path = [str(part) for part in fault["loc"]]
    inner = ".".join(path)
    where = _place(path[0] if path else "", origins, file, inner)
    if fault["type"] == "unexpected_keyword_argument":
        return _unknown(path[-1], [f.name for f in fields(FolderRule)], where)
    return SettingsError(
        "RL200", f"bad value for {inner!r}: {fault['msg'].removeprefix('Value error, ')}", where=where, help=_SHOW
    )


def _unknown(name: str, known: tuple[str, ...] | list[str], where: str) -> SettingsError:
    near = difflib.get_close_matches(name, known, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(known)}"
    return SettingsError("RL200", f"unknown setting {name!r}", where=where, help=hint)


def _place(key: str, origins: Mapping[str, str], file: Path | None, inner: str = "") -> str:
    origin = origins.get(key, "")
    if file is not None and origin == str(file):
        origin = f"{origin}:{line_of(file, key)}"
    return f"{origin} ({inner or key})"


def line_of(file: Path, key: str) -> int:
    """The line of a settings file that sets the key; 0 if none is found."""
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
