"""A secret key of this user, with which is signed what only this user may have made.

A repository may bring along any file, also one that looks like ours. The key lies in the user's own state folder, where no
checkout, copy or archive puts anything: ``$XDG_STATE_HOME/ray_lineage``, else ``~/.local/state/ray_lineage``, and where there is
no home (containers), a folder of this user in the temporary folder. What was signed with a key that is lost is a stranger's:
slower, never wrong.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import tempfile
from collections.abc import Callable
from functools import lru_cache
from typing import Final, TypeVar

_KEY_FILE: Final = "cache.key"
_KEY_BYTES: Final = 32
_T = TypeVar("_T")


def user_key() -> bytes:
    """32 secret bytes of this user on this machine, made at the first use. Raises OSError if no place can hold them."""
    # the environment is part of what is remembered: tests, and programs that change it
    return _key_of(os.environ.get("XDG_STATE_HOME", ""), os.path.expanduser("~"))


def state_folder() -> str:
    """The user's own folder, made if it is not there. Raises OSError if there can be none."""
    return _first(lambda folder: folder, os.environ.get("XDG_STATE_HOME", ""), os.path.expanduser("~"))


@lru_cache(maxsize=8)
def _key_of(state_home: str, home: str) -> bytes:
    return _first(_kept_key, state_home, home)


def _first(use: Callable[[str], _T], state_home: str, home: str) -> _T:
    """What can be done in the first state folder in which it can be."""
    problem: OSError | None = None
    for parent in (state_home, os.path.join(home, ".local", "state")):
        if os.path.isabs(parent) and parent != "/.local/state":
            try:
                os.makedirs(parent, mode=0o700, exist_ok=True)
                return use(private_folder(os.path.join(parent, "ray_lineage")))
            except OSError as error:
                problem = error
    with contextlib.suppress(OSError):
        return use(temporary("state"))
    raise problem or PermissionError("no folder can be written that is this user's")


def temporary(purpose: str) -> str:
    """A folder of this user in the temporary folder, made if it is not there. Raises OSError, also if somebody else sits on
    its name."""
    return private_folder(os.path.join(tempfile.gettempdir(), f"ray_lineage-{purpose}-{os.getuid()}"))


def private_folder(path: str) -> str:
    """A folder of this user, closed to others, made if it is not there. Raises OSError.

    Others may be able to write beside it, so it must be a real folder (no link) and ours."""
    with contextlib.suppress(FileExistsError):
        os.mkdir(path, 0o700)
    info = os.lstat(path)
    if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.getuid():
        raise PermissionError(f"{path} is not a folder of this user")
    if stat.S_IMODE(info.st_mode) & 0o077:
        os.chmod(path, 0o700)
    return path


def _kept_key(folder: str) -> bytes:
    path = os.path.join(folder, _KEY_FILE)
    with contextlib.suppress(FileNotFoundError):
        return _read_key(path)
    fresh = f"{path}.{os.getpid()}.{secrets.token_hex(4)}"
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, secrets.token_bytes(_KEY_BYTES))
        with contextlib.suppress(FileExistsError):  # another process was first: its key counts
            os.link(fresh, path)
    finally:
        os.close(handle)
        os.unlink(fresh)
    return _read_key(path)


def _read_key(path: str) -> bytes:
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        info = os.fstat(handle)
        key = os.read(handle, _KEY_BYTES + 1)
    finally:
        os.close(handle)
    if info.st_uid != os.getuid() or stat.S_IMODE(info.st_mode) & 0o077 or len(key) != _KEY_BYTES:
        raise PermissionError(f"{path} is not a key of this user alone")
    return key
