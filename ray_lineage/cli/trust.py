"""``ray_lineage trust`` and ``untrust``: which settings files may say more than how a repository is read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from ray_lineage.cli.output import print_json, styled, visible, write_line
from ray_lineage.errors import UsageError

if TYPE_CHECKING:
    from ray_lineage.settings.files import SettingsFile

_Path = Annotated[
    Optional[str],  # noqa: UP045
    typer.Argument(
        metavar="[FILE|FOLDER]", help="A settings file, or a data folder; default: the settings file of this folder."
    ),
]


def trust(
    path: _Path = None,
    listed: Annotated[bool, typer.Option("--list", help="Only list what is trusted.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Let a settings file say where to write, whom to contact and what to run, until it changes."""
    from ray_lineage.ownfolder import adopt
    from ray_lineage.settings import trust as kept

    if listed:
        _list(as_json=as_json)
    elif path is not None and os.path.isdir(path):
        adopt(path)
        if as_json:
            print_json({"schema": 1, "path": os.path.realpath(path), "state": "trusted"})
        else:
            write_line(f"trusted: {visible(path)}, as a data folder of this place")
    else:
        file = _settings_file(path)
        kept.trust(file.path, file.content)
        says = [key for key in file.values if key not in kept.READING]
        if as_json:
            print_json({"schema": 1, "path": os.path.realpath(file.path), "state": "trusted", "sets": says})
            return
        write_line(f"trusted until it changes: {visible(os.path.realpath(file.path))}")
        write_line(f"it sets {visible(', '.join(says))}" if says else "it sets nothing that needs it")


def untrust(
    path: _Path = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Take back what `trust` said."""
    from ray_lineage.settings.trust import untrust as forget

    target = Path(path) if path is not None else _settings_file(None).path
    known = forget(target)
    if as_json:
        print_json({"schema": 1, "path": os.path.realpath(target), "was_trusted": known})
        return
    write_line(f"{'no longer trusted' if known else 'it was not trusted'}: {visible(os.path.realpath(target))}")


def _settings_file(path: str | None) -> SettingsFile:
    from ray_lineage.settings.files import find_file, named_file

    if path is not None:
        return named_file(path)
    found, _ = find_file(Path.cwd(), trusts_all=True)
    if found is None:
        raise UsageError("RL201", "there is no settings file here", help="name it: `ray_lineage trust FILE`")
    return found


def _list(*, as_json: bool) -> None:
    from ray_lineage.settings.trust import noted

    rows: list[dict[str, Any]] = [{"path": path, "state": _state(path)} for path in noted()]
    if as_json:
        print_json({"schema": 1, "trusted": rows})
        return
    for row in rows:
        write_line(styled(f"{row['state']:<9}", "" if row["state"] == "trusted" else "yellow"), visible(row["path"]))


def _state(path: str) -> str:
    """``trusted``, ``changed`` since then, or ``gone``."""
    from ray_lineage.settings.files import named_file
    from ray_lineage.settings.trust import is_trusted

    try:
        file = named_file(path)
    except UsageError:
        return "changed" if os.path.lexists(path) else "gone"
    return "trusted" if is_trusted(file.path, file.content) else "changed"
