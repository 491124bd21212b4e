"""Where settings come from, merged by hand: that way each value's origin is known, and an error can name it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from ray_lineage.addresses import BadAddress, server
from ray_lineage.errors import SettingsError
from ray_lineage.ownfolder import TRUST, YES, is_ours
from ray_lineage.settings.check import checked, line_of
from ray_lineage.settings.contact import check_contact, hide_secrets, normalise
from ray_lineage.settings.files import SettingsFile, find_file, named_file
from ray_lineage.settings.model import Settings
from ray_lineage.settings.trust import Standing, forbidden, is_trusted, is_within_reading, working_tree

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
_OUR_OTHER_VARIABLES: Final = frozenset({"RAY_LINEAGE_CATALOG_URL", "RAY_LINEAGE_CONFIG", TRUST})
_PATHS: Final = ("data_dir", "parse_cache_path", "organize_to", "root")


@dataclass(frozen=True)
class Loaded:
    """Settings with the origin of each value that is not a default. ``notes``: what was found and not used."""

    settings: Settings
    origins: dict[str, str]
    file: str | None
    notes: tuple[str, ...] = ()


def load_settings(
    flags: Mapping[str, Any] | None = None,
    *,
    cwd: str | None = None,
    config: str | None = None,
    environ: Mapping[str, str] | None = None,
    reads: Sequence[str] = (),
) -> Loaded:
    """Merge all sources. Flags that are None are not set. ``reads``: the folders that are about to be read; default: ``cwd``.

    Raises SettingsError: RL200 for an unknown setting or a bad value, RL250 for what a settings file may not say before its
    user has trusted it, RL251 for an address that the password may not be sent to.
    """
    here = Path(cwd or os.getcwd())
    variables = os.environ if environ is None else environ
    trusts_all = variables.get(TRUST, "").lower() in YES
    named = config or variables.get("RAY_LINEAGE_CONFIG")
    file, notes = (named_file(named), []) if named else find_file(here, trusts_all=trusts_all)
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for key, value, origin in (*_from_file(file), *_from_environment(variables), *_from_flags(flags or {})):
        hide_secrets({key: value})
        values[key], origins[key] = value, origin
    reading = [str(here / read) for read in reads] or [str(here)]
    _find_places(values, origins, file, here, reading, notes)
    if "data_dir" in values and "parse_cache_path" not in values:
        values["parse_cache_path"] = os.path.join(str(values["data_dir"]), ".cache", "parse_cache.lmdb")
        origins["parse_cache_path"] = origins["data_dir"]
    standing = _standing(file, reading, trusts_all=trusts_all)
    normalise(values, origins)
    settings = checked(values, origins, file.path if file else None)
    if file is not None:
        _refuse_forbidden(file, settings, origins, standing)
    check_contact(settings, origins, str(file.path) if file else "", trusted=standing == "trusted")
    expanded = {
        k: os.path.expanduser(getattr(settings, k)) for k in (*_PATHS, "store") if getattr(settings, k).startswith("~")
    }
    return Loaded(replace(settings, **expanded), origins, str(file.path) if file else None, tuple(notes))


def _find_places(
    values: dict[str, Any],
    origins: dict[str, str],
    file: SettingsFile | None,
    here: Path,
    reading: Sequence[str],
    notes: list[str],
) -> None:
    """Where the root is and where data lies, as long as nobody says so: one settings file above is the same for every folder
    below it, as it is with git."""
    if file is not None and "root" not in values and all(_is_below(read, file.path.parent) for read in reading):
        values["root"], origins["root"] = os.path.realpath(file.path.parent), f"the folder of {file.path}"
    if "data_dir" in values:
        return
    if file is not None and _is_below(str(here), file.path.parent):
        place, origin = file.path.parent, f"beside {file.path}"
    else:
        place, origin = working_tree(here) or here, "the top of the repository"
    if place != here:
        values["data_dir"], origins["data_dir"] = _data_dir(place, here, notes), origin


def _data_dir(place: Path, here: Path, notes: list[str]) -> str:
    """``data`` there; or that of the current folder, where earlier versions made it, as long as there is no other."""
    old, new = here / "data", place / "data"
    if not old.is_dir() or not is_ours(str(old)):
        return str(new)
    if os.path.lexists(new):
        notes.append(f"{old} is not used, the data of this project lies in {new}: delete it, or set data_dir to it")
        return str(new)
    notes.append(f"{old} is used; `mv {old} {new}` lets every folder below {place} find it")
    return str(old)


def _is_below(path: str, folder: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def _standing(file: SettingsFile | None, reads: Sequence[str], *, trusts_all: bool) -> Standing:
    if file is None or file.named or trusts_all or is_trusted(file.path, file.content):
        return "trusted"
    return "repository" if is_within_reading(file.path, reads) else "own"


def _refuse_forbidden(file: SettingsFile, settings: Settings, origins: Mapping[str, str], standing: Standing) -> None:
    """Only what counts: a value that a flag or a variable replaced does no harm. Raises SettingsError (RL250)."""
    said = {key: getattr(settings, key) for key in file.values if origins.get(key) == str(file.path)}
    found = forbidden(said, standing)
    if not found:
        return
    place = str(file.path)
    if line := line_of(file.path, found[0]):
        place += f":{line}"
    raise SettingsError(
        "RL250", f"a settings file that may have come with the repository sets {', '.join(found)}; where to write, whom to contact, "
        "what to run and higher limits are for its user to say",
        where=place, help=f"read it; then allow it with `ray_lineage trust {file.path}`, or set {_PREFIX}{found[0].upper()}",
    )  # fmt: skip


def _from_file(file: SettingsFile | None) -> list[tuple[str, Any, str]]:
    """Paths are relative to the file."""
    if file is None:
        return []
    found = []
    for key, value in file.values.items():
        if key in (*_PATHS, "store") and isinstance(value, str) and value and _is_path(value):
            value = str(file.path.parent / Path(value).expanduser())
        found.append((key, value, str(file.path)))
    return found


def _is_path(text: str) -> bool:
    try:
        return server(text) is None
    except BadAddress:
        return False


def _from_flags(flags: Mapping[str, Any]) -> list[tuple[str, Any, str]]:
    return [(k, v, _FLAGS.get(k, f"--{k.replace('_', '-')}")) for k, v in flags.items() if v is not None]


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
