"""Which server is meant, and may the password go there? Decided when settings are loaded, before anything is contacted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ray_lineage.addresses import BadAddress, Server, login_in, server
from ray_lineage.errors import SettingsError
from ray_lineage.logs import hide
from ray_lineage.settings.model import Settings

_ADDRESSES: Final = ("store", "neo4j_uri", "ray_address")


def hide_secrets(values: Mapping[str, Any]) -> None:
    """Before anything can go wrong: star them wherever they are printed from now on."""
    for key in _ADDRESSES:
        if isinstance(values.get(key), str):
            for password in login_in(values[key]):
                hide(password)
    if isinstance(values.get("neo4j_password"), str):
        hide(values["neo4j_password"])


def normalise(values: dict[str, Any], origins: dict[str, str]) -> None:
    """Bring addresses into their one form, and take user and password out of them. Raises SettingsError (RL200, RL251)."""
    _check_ray(values, origins)
    servers = {key: _server(values, origins, key) for key in ("store", "neo4j_uri")}
    meant = "store" if values.get("store") else "neo4j_uri"
    if (found := servers[meant]) is None:
        return
    if found.username:
        values["neo4j_username"], origins["neo4j_username"] = found.username, origins[meant]
    if found.password:
        values["neo4j_password"], origins["neo4j_password"] = found.password, origins[meant]


def check_contact(settings: Settings, origins: Mapping[str, str], file: str, *, trusted: bool) -> None:
    """Raises SettingsError (RL251) if the server that is meant may not get the password, or others could read along.
    ``trusted``: the user has named or trusted the settings ``file``."""
    meant = "store" if settings.store else "neo4j_uri"
    found = server(getattr(settings, meant))
    if found is None:
        return
    if settings.neo4j_password is not None:
        _check_origin(origins[meant], origins["neo4j_password"], file, trusted=trusted)
    if not (found.is_encrypted or found.is_loopback or settings.allow_unencrypted):
        raise _readable(found, origins[meant])


def _check_origin(address: str, secret: str, file: str, *, trusted: bool) -> None:
    """A password goes to an address of the same origin: both from one file, or both from flags and the environment. To an
    address of a trusted file goes also one of the environment."""
    if (address == file) == (secret == file) or (trusted and address == file):
        return
    raise SettingsError(
        "RL251", f"the password of {secret} does not go to the address of {address}: they are of different origins",
        where=address, help="give both in one place" + ("" if trusted else f", or trust the file: `ray_lineage trust {file}`"),
    )  # fmt: skip


def _readable(found: Server, where: str) -> SettingsError:
    scheme = found.uri.partition("://")[0]
    return SettingsError(
        "RL251", f"{scheme}:// is not encrypted, and {found.host} is another machine: password and lineage could be read on the way",
        where=where,
        help=f"use {scheme}+s:// (or {scheme}+ssc:// for a certificate of its own); or allow it: --allow-unencrypted, or "
        "RAY_LINEAGE_ALLOW_UNENCRYPTED=1",
    )  # fmt: skip


def _server(values: dict[str, Any], origins: Mapping[str, str], key: str) -> Server | None:
    text = values.get(key)
    if not isinstance(text, str) or not text:
        return None
    try:
        found = server(text)
    except BadAddress as error:
        raise SettingsError("RL200", f"bad value for {key!r}: {error}", where=origins[key], help=_EXAMPLE) from None
    if found is None:
        if key == "neo4j_uri":
            fault = f"bad value for {key!r}: it is no address of a server"
            raise SettingsError("RL200", fault, where=origins[key], help=_EXAMPLE)
        return None
    if found.password and origins[key].startswith("--"):
        raise SettingsError(
            "RL251", "a password on the command line can be read by every user of this machine",
            where=origins[key], help="put it into NEO4J_PASSWORD, or into a file that NEO4J_PASSWORD_FILE names",
        )  # fmt: skip
    values[key] = found.uri
    return found


def _check_ray(values: Mapping[str, Any], origins: Mapping[str, str]) -> None:
    if login_in(str(values.get("ray_address") or "")):
        raise SettingsError(
            "RL251", "bad value for 'ray_address': there is a user or a password in it, and Ray knows neither",
            where=origins["ray_address"], help="give host:port alone; Ray's own token goes into RAY_AUTH_TOKEN",
        )  # fmt: skip


_EXAMPLE: Final = "such as neo4j+s://graph.example.com, or bolt://localhost:7687; or the path of a file"
