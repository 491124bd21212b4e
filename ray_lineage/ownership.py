"""What is this user's own: a secret key, and the folders that were claimed with it.

A repository may bring along any file, so neither a name nor a marker in the open shows that something was made by us. The key
lies in the user's own state folder, where no checkout, copy or archive puts anything: ``$XDG_STATE_HOME/ray_lineage``, else
``~/.local/state/ray_lineage``, and where there is no home (containers), a folder of this user in the temporary folder. What was
claimed with a key that is lost is a stranger's: slower, never wrong.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import stat
import tempfile
from functools import lru_cache
from typing import Final

_KEY_FILE: Final = "cache.key"
_KEY_BYTES: Final = 32
_MARKER: Final = "ray_lineage.owner"


class NotOurs(PermissionError):
    """Something is at a place where only a folder of ours may be."""


def user_key() -> bytes:
    """32 secret bytes of this user on this machine, made at the first use. Raises OSError if no place can hold them."""
    # the environment is part of what is remembered: tests, and programs that change it
    return _key_of(os.environ.get("XDG_STATE_HOME", ""), os.path.expanduser("~"))


@lru_cache(maxsize=8)
def _key_of(state_home: str, home: str) -> bytes:
    problem: OSError | None = None
    for parent in (state_home, os.path.join(home, ".local", "state")):
        if os.path.isabs(parent) and parent != "/.local/state":
            try:
                os.makedirs(parent, mode=0o700, exist_ok=True)
                return _kept_key(private_folder(os.path.join(parent, "ray_lineage")))
            except OSError as error:
                problem = error
    with contextlib.suppress(OSError):
        return _kept_key(temporary("state"))
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
        raise NotOurs(f"{path} is not a folder of this user")
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
        raise NotOurs(f"{path} is not a key of this user alone")
    return key


def own_folder(path: str) -> None:
    """Make a folder of ours at ``path``, or see that it is one. Raises NotOurs for anything else that is there, which is
    left as it is, and OSError. An empty folder of this user that others cannot write to may become ours."""
    if _is_claimed(path):
        return
    try:
        _make(path)
    except FileExistsError:
        _adopt(path)


def _make(path: str) -> None:
    """Made aside and renamed, so that no process ever sees it without its marker."""
    os.makedirs(os.path.dirname(path) or ".", mode=0o700, exist_ok=True)
    if os.path.lexists(path):
        raise FileExistsError(path)
    aside = tempfile.mkdtemp(prefix=os.path.basename(path) + ".", dir=os.path.dirname(path) or ".")
    try:
        _claim(aside)
        os.rename(aside, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(os.path.join(aside, _MARKER))
            os.rmdir(aside)
        if not _is_claimed(path):
            raise


def _adopt(path: str) -> None:
    info = os.lstat(path)
    if not stat.S_ISDIR(info.st_mode):
        raise NotOurs(f"{path} exists and is no folder")
    if info.st_uid != os.getuid() or stat.S_IMODE(info.st_mode) & 0o022:
        raise NotOurs(f"{path} belongs to another user, or others can write to it")
    if os.listdir(path):
        raise NotOurs(f"{path} exists and was not made by this user's ray_lineage")
    _claim(path)


def _claim(path: str) -> None:
    handle = os.open(os.path.join(path, _MARKER), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        os.write(handle, _mark(os.lstat(path)))
    finally:
        os.close(handle)


def _is_claimed(path: str) -> bool:
    try:
        info = os.lstat(path)
        if not stat.S_ISDIR(info.st_mode):
            return False
        handle = os.open(os.path.join(path, _MARKER), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return secrets.compare_digest(os.read(handle, 100), _mark(info))
    finally:
        os.close(handle)


def _mark(info: os.stat_result) -> bytes:
    """Of this very folder: its number changes when it is copied. (A device's may change when a machine starts again.)"""
    whole = hashlib.blake2b(str(info.st_ino).encode(), digest_size=16, key=user_key(), person=b"folder")
    return whole.hexdigest().encode()
