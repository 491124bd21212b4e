"""Which file system does a path lie on? Files on a network have other rules: LMDB must not lie there, inotify is silent."""

from __future__ import annotations

import os
import re
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
    for line in mountinfo.split("\n"):
        fields, _, rest = line.partition(" - ")
        words = fields.split(" ")
        if len(words) < 5 or not rest:
            continue
        mount = _ESCAPE.sub(lambda m: chr(int(m[1], 8)), words[4])
        if (real == mount or real.startswith(mount.rstrip("/") + "/")) and len(mount) >= len(best):
            best, kind = mount, rest.split(" ")[0]
    return kind


def is_network(kind: str) -> bool:
    """Is a file system of this type shared by machines, or served by a program? Unknown ones (empty) count as local."""
    return kind in _NETWORK or (kind.startswith(("fuse.", "nfs", "cifs")) and kind not in _LOCAL_FUSE)
