"""Addresses of servers as people write them, and the passwords in them.

A text with ``://`` is an address or a mistake, never the name of a folder: a mistyped scheme would else become a local store
with the password in its path. A user and a password in an address are taken out of it at once, so that no message, log,
status file or process ever holds them with it.
"""

from __future__ import annotations

import difflib
import re
from typing import Final, NamedTuple
from urllib.parse import unquote

SCHEMES: Final = ("neo4j", "neo4j+s", "neo4j+ssc", "bolt", "bolt+s", "bolt+ssc")
_SCHEME: Final = re.compile(r"([^/\s]*?):(//)?(.*)", re.DOTALL)
_LOGIN: Final = re.compile(r"[^/\s@]:[^@]*@")  # user:password@host, and no scheme before it
_PARTS: Final = re.compile(r"[/?#:@%\s]+")  # where others, who do not know that it is a password, cut it
_HOST: Final = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[\w.\-]+)(:[0-9]{1,5})?")


class BadAddress(ValueError):
    """Says what is wrong with an address, without the address: there may be a password in it."""


class Server(NamedTuple):
    """``uri`` holds neither user nor password; both are empty where none were written."""

    uri: str
    host: str
    username: str
    password: str

    @property
    def is_encrypted(self) -> bool:
        """``+s`` and ``+ssc``."""
        return "+" in self.uri.partition("://")[0]

    @property
    def is_loopback(self) -> bool:
        """Does it never leave this machine?"""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Does what goes there never leave this machine?"""
    from ipaddress import ip_address

    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def server(text: str) -> Server | None:
    """The Neo4j server that is meant; None for a path. Raises BadAddress."""
    text = text.strip()
    found = _SCHEME.match(text)
    scheme, slashes, rest = (found.group(1).lower(), found.group(2), found.group(3)) if found else ("", None, "")
    if not slashes and scheme not in SCHEMES:
        if "://" in text or _LOGIN.search(text):
            raise BadAddress(f"it is no address that ray_lineage knows: begin it with one of {_known()}")
        return None
    if scheme not in SCHEMES:
        near = difflib.get_close_matches(scheme, SCHEMES, 1)
        raise BadAddress(f"no such scheme{f' (did you mean {near[0]}://?)' if near else ''}; known: {_known()}")
    if not slashes:
        raise BadAddress(f"after {scheme}: there have to be two slashes")
    login, at, place = rest.rpartition("@")
    host = _HOST.match(place)
    if login.startswith("/") or host is None or place[host.end() : host.end() + 1] not in ("", "/", "?", "#"):
        raise BadAddress("it names no host, or none that is one")
    username, _, password = login.partition(":") if at else ("", "", "")
    return Server(f"{scheme}://{place}", host.group(1).strip("[]"), unquote(username), unquote(password))


def login_in(text: str) -> list[str]:
    """Passwords that may be in an address, however wrong it is: as written, as meant, and in parts."""
    login, at, _ = text.rpartition("@")
    if not at:
        return []
    _, slashes, inner = login.rpartition("://")
    user, colon, password = (inner if slashes else login).partition(":")
    found = password if colon else user
    meant = unquote(found)
    return [p for p in dict.fromkeys((found, meant, *_PARTS.split(found), *_PARTS.split(meant))) if p]


def _known() -> str:
    return ", ".join(f"{scheme}://" for scheme in SCHEMES)
