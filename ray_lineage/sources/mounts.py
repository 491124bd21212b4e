"""Which file system does a path lie on? Files on a network have other rules: LMDB must not lie there, inotify is silent."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Final

_NETWORK: Final = frozenset({
    "nfs", "nfs3", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "ncpfs", "9p", "virtiofs", "ceph", "lustre", "afs",
    "auristorfs", "kafs", "coda", "gpfs", "beegfs", "glusterfs", "orangefs", "pvfs2", "ocfs2", "gfs2", "panfs", "davfs",
    "vboxsf", "vmhgfs", "prl_fs", "acfs", "quobyte", "wekafs", "fuse", "webdav", "afpfs",
})  # fmt: skip
_LOCAL_FUSE: Final = frozenset({"fuse.fuse-overlayfs", "fuse.lxcfs"})
_ESCAPE: Final = re.compile(r"\\([0-7]{3})")
_MOUNTS: Final = "/proc/self/mountinfo"


def file_system(path: str) -> str:
    """Type of the file system that a path (or its nearest existing parent) is on, as the kernel names it (``ext4``,
    ``nfs4``, ``fuse.sshfs``...); empty where that cannot be told (no ``/proc``: not Linux)."""
    try:
        with open(_MOUNTS, encoding="utf-8", errors="surrogateescape") as mounts:
            return type_at(os.path.realpath(path), mounts.read())
    except (OSError, ValueError):
        return ""


def type_at(real: str, mountinfo: str) -> str:
    """Type of the mount that a real path is on, from the text of ``mountinfo``; of two on one place the later holds."""
    best, kind = "", ""
    for mount, found in mounted(mountinfo):
        if is_within(real, mount) and len(mount) >= len(best):
            best, kind = mount, found
    return kind


def mounted(mountinfo: str) -> Iterator[tuple[str, str]]:
    """(place, type of the file system) of every mount, in the order in which they were made."""
    for line in mountinfo.split("\n"):
        fields, _, rest = line.partition(" - ")
        words = fields.split(" ")
        if len(words) >= 5 and rest:
            yield _ESCAPE.sub(lambda m: chr(int(m[1], 8)), words[4]), rest.split(" ")[0]


def is_within(path: str, folder: str) -> bool:
    """Is it the folder, or below it?"""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def is_network(kind: str) -> bool:
    """Is a file system of this type shared by machines, or served by a program? Unknown ones (empty) count as local."""
    return kind in _NETWORK or (kind.startswith(("fuse.", "nfs", "cifs")) and kind not in _LOCAL_FUSE)
