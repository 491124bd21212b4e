"""What says how files are read, in two states: under other settings the same files mean something else, or are left out. Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from typing import Final

from ray_lineage.diff.changes import Change, Kind

FILES: Final = ("ray_lineage.toml", "pyproject.toml")
"""At a project's root."""


def changed_settings(base: Mapping[str, bytes], head: Mapping[str, bytes]) -> Iterator[Change]:
    """``base`` and ``head``: the FILES that there are. Both states are read as the settings are now, so nobody can say what the
    change of these does to the lineage."""
    says = "how files are read was changed; both sides were read as the settings are now, without what these leave out"
    for name in FILES:
        if settings_in(name, base.get(name, b"")) != settings_in(name, head.get(name, b"")):
            yield Change(Kind.UNKNOWN, "warning", "", "", says, name, 1)


def settings_in(name: str, text: bytes) -> object:
    """What a file says to us; the text, if it is no TOML."""
    try:
        said = tomllib.loads(text.decode("utf-8-sig"))
    except ValueError:  # no TOML, or no UTF-8
        return text
    if name != "pyproject.toml":
        return said
    tools = said.get("tool")
    return tools.get("ray_lineage", {}) if isinstance(tools, dict) else {}
