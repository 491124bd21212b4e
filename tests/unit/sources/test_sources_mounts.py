"""Which file system a path is on, from the kernel's mountinfo (proc(5): fields, ``-``, type, source, options)."""

from __future__ import annotations

from pathlib import Path

import pytest

from ray_lineage.sources.mounts import file_system, is_network, type_at

MOUNTINFO = r"""27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
30 27 0:27 / /dev/shm rw,relatime shared:3 master:1 - tmpfs tmpfs rw
31 27 0:51 / /mnt/sql rw,relatime shared:9 - nfs4 server:/export rw,vers=4.2
32 31 0:52 / /mnt/sql/local rw,relatime - xfs /dev/vdb rw
33 27 0:53 / /mnt/with\040space rw,relatime - cifs //server/share rw
34 27 0:54 / /mnt/over rw,relatime - ext4 /dev/vdc rw
35 27 0:55 / /mnt/over rw,relatime - fuse.sshfs host:/ rw
36 27 0:56 / /mnt/back\134slash rw,relatime - 9p share rw
37 27 0:57 / /mnt/dash rw,relatime - btrfs /dev/disk - rw
a line of a future kernel
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "ext4"),
        ("/home/me/data", "ext4"),
        ("/dev/shm", "tmpfs"),
        ("/mnt/sql", "nfs4"),
        ("/mnt/sql/a/b.sql", "nfs4"),
        ("/mnt/sqlite", "ext4"),
        ("/mnt/sql/local/x", "xfs"),
        ("/mnt/with space/x", "cifs"),
        ("/mnt/over/x", "fuse.sshfs"),
        ("/mnt/back\\slash", "9p"),
        ("/mnt/dash/x", "btrfs"),
    ],
)
def test_the_innermost_and_last_mount_holds(path: str, kind: str) -> None:
    assert type_at(path, MOUNTINFO) == kind


def test_of_nothing_nothing_is_known() -> None:
    assert type_at("/x", "") == ""


NETWORK = "nfs nfs4 cifs smb3 9p virtiofs ceph lustre gpfs beegfs afs fuse.sshfs fuse.glusterfs fuse.juicefs fuse.s3fs"
LOCAL = "ext4 xfs btrfs zfs tmpfs overlay apfs fuseblk f2fs fuse.fuse-overlayfs"


@pytest.mark.parametrize(("kinds", "network"), [(NETWORK, True), (LOCAL, False)])
def test_what_is_a_network(kinds: str, network: bool) -> None:
    assert {k: is_network(k) for k in kinds.split()} == dict.fromkeys(kinds.split(), network)
    assert not is_network("")


def test_this_machine(tmp_path: Path) -> None:
    assert file_system(str(tmp_path / "not" / "there" / "yet")) == file_system(str(tmp_path))
    if Path("/proc/self/mountinfo").exists():
        assert file_system("/proc") == "proc"
