"""Folders of ours: made by us, for nobody else, and known again by what no copy of them has.

A repository is a stranger's data. A folder that comes with it may be called as ours is, and hold a graph, a cache or a link to
somebody's keys. So a folder is used only if this program made it at this very place: a marker in it names the folder's file
handle (its inode and, where the file system tells, the inode's generation, a random number), which a clone, an archive and a
copy cannot bring along. Device numbers are not part of it: they change at reboots and in containers. What is not ours is
refused and left as it is: not adopted, not given another mode, not emptied.

Everything in such a folder is opened relative to its handle and without following links. Pure standard library.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shlex
import stat
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import BinaryIO, Final

from ray_lineage.errors import UsageError

MARKER: Final = ".ray_lineage"
_SAYS: Final = "made by ray_lineage; may be deleted at any time"
_IGNORE: Final = ".gitignore"
_MADE_BY_SYSTEMS: Final = frozenset({"lost+found"})  # in the root of a volume that nobody has used yet
_MOST: Final = 4_096  # bytes of a marker
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_AT_EMPTY_PATH: Final = 0x1000
_HANDLE_BYTES: Final = 128
TRUST: Final = "RAY_LINEAGE_TRUST"
YES: Final = frozenset({"1", "true", "yes", "on"})


def trusts_all() -> bool:
    """Has the user said, for this process, that what comes with the repository is trusted (for CI)?"""
    return os.environ.get(TRUST, "").lower() in YES


class OwnFolder:
    """An open folder of ours; a context manager. ``path`` is for what cannot work on handles: check names in it first."""

    def __init__(self, path: str, handle: int) -> None:
        self.path = path
        self.handle = handle

    def open(self, name: str, flags: int = os.O_RDONLY) -> int:
        """A descriptor of a regular file of ours in it; a new one gets the mode 0600. Raises OSError; UsageError (RL252)
        if there is a link, a device, a folder or somebody else's file at that name."""
        wanted = flags | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK  # nobody is waited for at a pipe
        try:
            found = os.open(_single(name), wanted & ~os.O_TRUNC, 0o600, dir_fd=self.handle)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.EMLINK, errno.ENXIO, errno.EISDIR):
                raise _refused(self._place(name), "is no file of ours") from None
            raise
        try:
            info = os.fstat(found)
            if not stat.S_ISREG(info.st_mode) or info.st_uid != os.geteuid():
                raise _refused(self._place(name), "is no file of ours")
            if flags & os.O_TRUNC:
                os.ftruncate(found, 0)
        except BaseException:
            os.close(found)
            raise
        return found

    def read(self, name: str) -> bytes | None:
        """What is in a file; None if there is none. Raises like :meth:`open`."""
        try:
            found = self.open(name)
        except FileNotFoundError:
            return None
        with open(found, "rb") as file:
            return file.read()

    def replace(self, name: str, data: bytes) -> None:
        """Write a file that appears whole or not at all. What stood at the name, be it a link, goes. Raises OSError."""
        partial = f"{_single(name)}.{os.getpid()}.{os.urandom(4).hex()}"
        made = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=self.handle)
        try:
            with open(made, "wb") as file:
                file.write(data)
            os.replace(partial, name, src_dir_fd=self.handle, dst_dir_fd=self.handle)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(partial, dir_fd=self.handle)
            raise

    def remove(self, name: str) -> None:
        """Remove a file, if it is there. Raises OSError."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(_single(name), dir_fd=self.handle)

    def inner(self, name: str, *, create: bool = True) -> OwnFolder:
        """A folder in it, which is ours because this one is. Raises UsageError (RL252), FileNotFoundError, OSError."""
        if create:
            with contextlib.suppress(FileExistsError):
                os.mkdir(_single(name), 0o700, dir_fd=self.handle)
        place = self._place(name)
        handle = _open_folder(_single(name), place, self.handle)
        return _kept(OwnFolder(place, handle), _check_private)

    def check(self, *names: str) -> None:
        """Before something opens these by their paths: each is a regular file of ours, or not there. Raises UsageError (RL252)."""
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                info = os.stat(_single(name), dir_fd=self.handle, follow_symlinks=False)
                if not stat.S_ISREG(info.st_mode) or info.st_uid != os.geteuid():
                    raise _refused(self._place(name), "is no file of ours")

    def close(self) -> None:
        """Release the handle; idempotent."""
        handle, self.handle = self.handle, -1
        if handle >= 0:
            os.close(handle)

    def __enter__(self) -> OwnFolder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _place(self, name: str) -> str:
        return os.path.join(self.path, name)


def own_folder(path: str, *, create: bool = True) -> OwnFolder:
    """Open the folder that we made at ``path``, or make it (mode 0700). An empty folder of this user is taken for it, as a
    volume of a container is.

    Raises UsageError: RL252 for whatever else is there, which stays as it is; RL202 if it cannot be made or read.
    Without ``create`` raises FileNotFoundError where nothing is, or an empty folder.
    """
    try:
        if create:
            _make(path)
        folder = OwnFolder(path, _open_folder(path, path, None))
    except FileNotFoundError:
        if not create:
            raise
        raise unusable(path, "there is no such place") from None
    except OSError as error:
        raise unusable(path, error.strerror or str(error)) from None
    return _kept(folder, _recognise_or_claim if create else _recognise)


def adopt(path: str) -> None:
    """The user says that a data folder of another place (restored, copied) is theirs: mark it anew. Raises UsageError for
    what never was one of ours, belongs to somebody else, or can be written by others."""
    with OwnFolder(path, _open_folder_of_user(path)) as folder:
        _check_private(folder)
        if _read_marker(folder) is None:
            raise _refused(path, "was not made by ray_lineage")
        folder.replace(MARKER, _marker(folder.handle))


def is_ours(path: str) -> bool:
    """Does a folder of ours lie there?"""
    try:
        own_folder(path, create=False).close()
    except (UsageError, FileNotFoundError):
        return False
    return True


def is_our_file(path: str, made_by_us: Callable[[bytes], bool], beside: Sequence[str] = ()) -> bool:
    """Does a file of ours lie there, by its first 100 bytes? False: nothing does. An empty file is nobody's and counts as ours.
    ``beside``: endings of the names of files that belong to it.

    Raises UsageError (RL252) for everything else, there or beside it: a folder, a link, a device, somebody else's file or (there)
    one of another program.
    """
    for suffix in beside:
        _is_users_file(path + suffix)
    if not _is_users_file(path):
        return False
    with _opened(path) as file:
        head = file.read(100)
    if head and not made_by_us(head):
        raise _refused(path, "is a file of another program", _OTHER_FILE)
    return True


def make_private(*paths: str) -> None:
    """Make empty files that only this user can read and write, where nothing is. What cannot be made is left to whoever opens it."""
    for path in paths:
        with contextlib.suppress(OSError):
            os.makedirs(os.path.dirname(os.path.abspath(path)), mode=0o700, exist_ok=True)
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))


def _is_users_file(path: str) -> bool:
    """False: nothing is there. Raises UsageError (RL202, RL252)."""
    try:
        info = os.lstat(path)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise unusable(path, error.strerror or str(error)) from None
    if not stat.S_ISREG(info.st_mode):
        raise _refused(path, f"is {_KINDS.get(stat.S_IFMT(info.st_mode), 'no file')}", _OTHER_FILE)
    if info.st_uid != os.geteuid():
        raise _refused(path, f"belongs to another user ({info.st_uid})", _OTHER_FILE)
    return True


_KINDS: Final = {stat.S_IFLNK: "a link", stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket",
                 stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}  # fmt: skip
_OTHER_FILE: Final = "give another path; what is there stays as it is"


def _opened(path: str) -> BinaryIO:
    try:
        return open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    except OSError as error:
        raise unusable(path, error.strerror or str(error)) from None


# --------------------------------------------------------------------------- ours or not


def _recognise_or_claim(folder: OwnFolder) -> None:
    _check_private(folder)
    if not _is_marked(folder) and _is_empty(folder) and _read_marker(folder) is None:
        _claim(folder)
    if not _is_marked(folder):  # it may have been made by another process of ours a moment ago
        _accept_or_refuse(folder)


def _recognise(folder: OwnFolder) -> None:
    _check_private(folder)
    if not _is_marked(folder):
        if _is_empty(folder) and _read_marker(folder) is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), folder.path)
        _accept_or_refuse(folder)


def _is_empty(folder: OwnFolder) -> bool:
    """But for what the system put there, and for the marker that another process is about to write."""
    return all(name.startswith(MARKER) or name in _MADE_BY_SYSTEMS for name in os.listdir(folder.handle))


def _accept_or_refuse(folder: OwnFolder) -> None:
    """Raises UsageError (RL252), unless the process trusts all and the folder was one of ours at another place."""
    copied = _read_marker(folder) is not None
    if copied and trusts_all():
        folder.replace(MARKER, _marker(folder.handle))
    elif copied:
        raise _refused(folder.path, "was made by ray_lineage at another place (it is a copy, or came with the repository) or before it noted places",
                       f"delete it; or, if it is yours, run `ray_lineage trust {folder.path}`")  # fmt: skip
    else:
        raise _refused(folder.path, "was not made by ray_lineage", _beside(folder.path))


def _beside(path: str) -> str:
    """What to do where the repository has a folder of that name itself: a line to be copied, good for all that follows."""
    other = shlex.quote(os.path.join(os.path.dirname(path), ".ray_lineage_data"))
    return f"run `export RAY_LINEAGE_DATA_DIR={other}` first, or set data_dir: what is there stays as it is"


def _check_private(folder: OwnFolder) -> None:
    info = os.fstat(folder.handle)
    if info.st_uid != os.geteuid():
        text = f"belongs to another user ({info.st_uid})"
        raise _refused(folder.path, text, "name a folder in it that does not exist yet, or another place")
    if info.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise _refused(
            folder.path, "can be written by other users", "take their right to it (chmod go-w), or name another"
        )


def _is_marked(folder: OwnFolder) -> bool:
    found = _read_marker(folder)
    if found is None or found.get("inode") != os.fstat(folder.handle).st_ino:
        return False
    noted, handle = found.get("handle"), _file_handle(folder.handle)
    return not noted or not handle or noted == handle


def _read_marker(folder: OwnFolder) -> dict[str, object] | None:
    """What the marker says; None if there is none, or one of somebody else's making."""
    try:
        with open(folder.open(MARKER), "rb") as file:
            text = file.read(_MOST)
        found = {"is": _SAYS} if text.strip() == _SAYS.encode() else json.loads(text)  # the first ones named no place
    except (OSError, ValueError, UsageError):
        return None
    return found if isinstance(found, dict) and found.get("is") == _SAYS else None


def _marker(handle: int) -> bytes:
    says = {"is": _SAYS, "inode": os.fstat(handle).st_ino, "handle": _file_handle(handle)}
    return json.dumps(says).encode() + b"\n"


def _claim(folder: OwnFolder) -> None:
    """Mark an empty folder. Of several processes that do so at once, all are right."""
    try:
        for name, text in ((MARKER, _marker(folder.handle)), (_IGNORE, b"*\n")):
            folder.replace(name, text)
    except OSError as error:
        raise unusable(folder.path, error.strerror or str(error)) from None


def _file_handle(folder: int) -> str:
    """What the kernel itself knows a folder by over reboots and mounts; empty where the file system has no such thing."""
    import ctypes

    call = getattr(ctypes.CDLL(None, use_errno=True), "name_to_handle_at", None)
    if call is None:
        return ""
    room = ctypes.create_string_buffer(8 + _HANDLE_BYTES)  # unsigned length, int type, bytes
    ctypes.c_uint.from_buffer(room).value = _HANDLE_BYTES
    if call(folder, b"", room, ctypes.byref(ctypes.c_int()), _AT_EMPTY_PATH) != 0:
        return ""
    length = ctypes.c_uint.from_buffer(room).value
    return room.raw[4 : 8 + length].hex()


# --------------------------------------------------------------------------- opening


def _make(path: str) -> None:
    parent = os.path.dirname(os.path.abspath(path))
    os.makedirs(parent, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        os.mkdir(path, 0o700)


def _open_folder_of_user(path: str) -> int:
    try:
        return _open_folder(path, path, None)
    except OSError as error:
        raise unusable(path, error.strerror or str(error)) from None


def _open_folder(name: str, place: str, within: int | None) -> int:
    """Raises UsageError (RL252) for a link and for what is no folder; OSError."""
    try:
        return os.open(_without_slashes(name), _FOLDER, dir_fd=within)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK, errno.ENOTDIR):
            kind = "is a link" if _is_link(name, within) else "is no folder"
            raise _refused(place, kind, "name the folder itself, or another place") from None
        raise


def _is_link(name: str, within: int | None) -> bool:
    try:
        return stat.S_ISLNK(os.stat(_without_slashes(name), dir_fd=within, follow_symlinks=False).st_mode)
    except OSError:
        return False


def _kept(folder: OwnFolder, check: Callable[[OwnFolder], None]) -> OwnFolder:
    try:
        check(folder)
    except BaseException:
        folder.close()
        raise
    return folder


def _without_slashes(path: str) -> str:
    """``data/`` and ``data/.`` would be followed where ``data`` is a link."""
    while path.endswith(("/", "/.")) and path != "/":
        path = path[:-1] or "/"
    return path


def _single(name: str) -> str:
    if "/" in name or name in ("", ".", ".."):
        raise ValueError(f"{name!r} is no name of a file")
    return name


_OTHER_PLACE: Final = "name another place for it with data_dir (RAY_LINEAGE_DATA_DIR); what is there stays as it is"


def _refused(path: str, why: str, hint: str = _OTHER_PLACE) -> UsageError:
    return UsageError("RL252", f"{path} {why}", help=hint)


def unusable(path: str, why: str) -> UsageError:
    return UsageError(
        "RL202", f"cannot use the folder {path}: {why}", where="data_dir", help="set RAY_LINEAGE_DATA_DIR to a folder that can be written"
    )  # fmt: skip
