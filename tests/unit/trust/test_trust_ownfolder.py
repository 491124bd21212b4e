"""A folder is ours if we made it at this very place; whatever else is there is refused and stays as it is."""

from __future__ import annotations

import json
import multiprocessing
import os
import shlex
import shutil
import socket
import stat
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ray_lineage import ownfolder
from ray_lineage.errors import UsageError
from ray_lineage.ownfolder import MARKER, adopt, is_our_file, is_ours, own_folder

OTHER_USER = 65534
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of another user")
Snapshot = dict[str, tuple[int, int, bytes | str]]


@pytest.fixture(autouse=True)
def _nothing_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ownfolder.TRUST, raising=False)


def everything(root: Path) -> Snapshot:
    """What there is: mode, owner, and content or target of each entry."""
    out: Snapshot = {}
    for path in [root, *sorted(root.rglob("*"))]:
        info = path.lstat()
        content: bytes | str = ""
        if path.is_symlink():
            content = os.readlink(path)
        elif path.is_file():
            content = path.read_bytes()
        out[str(path.relative_to(root))] = (info.st_mode, info.st_uid, content)
    return out


def refused(path: Path, *, says: str = "") -> None:
    """Opening it for writing and for reading is refused, and everything around stays as it was."""
    before = everything(path.parent)
    for create in (True, False):
        with pytest.raises(UsageError, match=says) as caught:
            own_folder(str(path), create=create)
        assert caught.value.exit_code == 2
    assert everything(path.parent) == before


def test_a_new_folder_is_private_and_known_again(tmp_path: Path) -> None:
    path = tmp_path / "a" / "data"
    with own_folder(str(path)) as folder:
        folder.replace("x.json", b"1")
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert {stat.S_IMODE(p.stat().st_mode) for p in path.iterdir()} == {0o600}
    assert (path / ".gitignore").read_text() == "*\n"
    with own_folder(str(path), create=False) as again:
        assert again.read("x.json") == b"1"
    path.rename(tmp_path / "moved")
    assert is_ours(str(tmp_path / "moved"))


def test_the_umask_opens_nothing(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with own_folder(str(tmp_path / "data")) as folder, folder.inner("watch") as inner:
            os.close(inner.open("x", os.O_WRONLY | os.O_CREAT))
    finally:
        os.umask(before)
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in tmp_path.rglob("*")}
    assert modes == {"data": 0o700, "watch": 0o700, "x": 0o600, MARKER: 0o600, ".gitignore": 0o600}


def test_nothing_is_made_for_a_reader(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        own_folder(str(tmp_path / "data"), create=False)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_is_taken_as_a_volume_is(tmp_path: Path) -> None:
    (tmp_path / "data" / "lost+found").mkdir(parents=True)
    with pytest.raises(FileNotFoundError):  # who only reads finds nothing there, and leaves it
        own_folder(str(tmp_path / "data"), create=False)
    assert [p.name for p in (tmp_path / "data").iterdir()] == ["lost+found"]
    own_folder(str(tmp_path / "data")).close()
    assert is_ours(str(tmp_path / "data"))
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) & 0o077  # it keeps the mode that it had


# --------------------------------------------------------------------------- what comes with a repository


def _copied(source: Path, target: Path) -> None:
    shutil.copytree(source, target, symlinks=True)


def _preserved(source: Path, target: Path) -> None:
    subprocess.run(["cp", "-a", source, target], check=True)


def _archived(source: Path, target: Path) -> None:
    archive = target.with_suffix(".tar")
    with tarfile.open(archive, "w") as tar:
        tar.add(source, "data")
    shutil.rmtree(source)  # its inode may be given to what is unpacked
    with tarfile.open(archive) as tar:
        tar.extractall(target.parent, filter="tar")
    archive.unlink()


def _cloned(source: Path, target: Path) -> None:
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@y"]
    repository = target.parent / "origin"
    shutil.copytree(source, repository / "data")
    subprocess.run([*git, "init", "-q", repository], check=True)
    subprocess.run([*git, "-C", repository, "add", "-f", "."], check=True)
    subprocess.run([*git, "-C", repository, "commit", "-qm", "x"], check=True)
    subprocess.run([*git, "clone", "-q", repository, target.parent / "clone"], check=True)
    (target.parent / "clone" / "data").rename(target)
    target.chmod(0o700)


@pytest.mark.parametrize("bring", [_copied, _preserved, _archived, _cloned])
def test_a_copy_is_not_ours_until_its_user_says_so(tmp_path: Path, bring: Callable[[Path, Path], None]) -> None:
    with own_folder(str(tmp_path / "made" / "data")) as folder:
        folder.replace("graph.db", b"rows")
    target = tmp_path / "repository" / "data"
    target.parent.mkdir()
    bring(tmp_path / "made" / "data", target)
    refused(target, says="at another place")
    assert not is_ours(str(target))
    adopt(str(target))
    assert is_ours(str(target))


def test_a_process_that_trusts_all_takes_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own_folder(str(tmp_path / "made")).close()
    _copied(tmp_path / "made", tmp_path / "data")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("x")
    monkeypatch.setenv(ownfolder.TRUST, "1")
    own_folder(str(tmp_path / "data")).close()
    with pytest.raises(UsageError):  # it never was one of ours
        own_folder(str(tmp_path / "other"))
    monkeypatch.delenv(ownfolder.TRUST)
    assert is_ours(str(tmp_path / "data"))


def test_the_inode_alone_is_not_enough_where_there_is_more(tmp_path: Path) -> None:
    """What an archive could guess."""
    path = tmp_path / "data"
    own_folder(str(path)).close()
    says = json.loads((path / MARKER).read_text())
    if not says["handle"]:
        pytest.skip("this file system has no file handles")
    generation_guessed = says["handle"][:-2] + f"{int(says['handle'][-2:], 16) ^ 1:02x}"
    (path / MARKER).write_text(json.dumps({**says, "handle": generation_guessed}))
    refused(path, says="at another place")


def test_where_there_are_no_handles_the_inode_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ownfolder, "_file_handle", lambda _: "")
    own_folder(str(tmp_path / "data")).close()
    assert is_ours(str(tmp_path / "data"))
    _copied(tmp_path / "data", tmp_path / "copy")
    refused(tmp_path / "copy", says="at another place")


def _link_to_home(path: Path) -> None:
    (path.parent / "home").mkdir(mode=0o700)
    path.symlink_to("home")


def _dangling(path: Path) -> None:
    path.symlink_to("nowhere")


def _notes(path: Path) -> None:
    path.mkdir()
    (path / "notes.txt").write_text("mine")


def _old_marker(path: Path) -> None:
    _notes(path)
    (path / MARKER).write_text("made by ray_lineage; may be deleted at any time\n")


def _marker_is_a_link(path: Path) -> None:
    own_folder(str(path)).close()
    (path / MARKER).rename(path / "real")
    (path / MARKER).symlink_to("real")


def _marker_is_a_pipe(path: Path) -> None:
    _notes(path)
    os.mkfifo(path / MARKER)


def _file(path: Path) -> None:
    path.write_text("x")


def _writable_by_all(path: Path) -> None:
    own_folder(str(path)).close()
    path.chmod(0o777)


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (_link_to_home, "is a link"),
        (_dangling, "is a link"),
        (_notes, "was not made by ray_lineage"),
        (_marker_is_a_link, "was not made by ray_lineage"),
        (_marker_is_a_pipe, "was not made by ray_lineage"),
        (_file, "is no folder"),
        (_writable_by_all, "can be written by other users"),
    ],
)
def test_anything_else_stays_as_it_is(tmp_path: Path, made: Callable[[Path], None], says: str) -> None:
    made(tmp_path / "data")
    refused(tmp_path / "data", says=says)
    with pytest.raises(UsageError):
        adopt(str(tmp_path / "data"))


def test_a_folder_of_an_earlier_version_is_its_users_to_trust(tmp_path: Path) -> None:
    _old_marker(tmp_path / "data")
    refused(tmp_path / "data", says="before it noted places")
    adopt(str(tmp_path / "data"))
    assert is_ours(str(tmp_path / "data"))


@pytest.mark.parametrize("spelling", ["data/", "data/.", "data/./", "./data//"])
def test_no_spelling_follows_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spelling: str) -> None:
    monkeypatch.chdir(tmp_path)
    own_folder("real").close()
    (tmp_path / "data").symlink_to("real")
    with pytest.raises(UsageError, match="is a link"):
        own_folder(spelling)
    assert is_ours("real/.")


@pytest.mark.parametrize("place", ["/", "/dev/null", "/proc/self", "."])
def test_places_of_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.sql").write_text("select 1")
    before = everything(tmp_path)
    with pytest.raises(UsageError) as caught:
        own_folder(place)
    assert caught.value.exit_code == 2
    assert everything(tmp_path) == before


@needs_root
def test_a_folder_of_another_user(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o700)
    os.chown(tmp_path / "data", OTHER_USER, OTHER_USER)
    refused(tmp_path / "data", says="belongs to another user")
    own_folder(str(tmp_path / "data" / "inner")).close()  # as the message says
    assert is_ours(str(tmp_path / "data" / "inner"))


@needs_root
def test_a_folder_where_nobody_may_write(tmp_path: Path) -> None:
    code = (
        "import os\nfrom ray_lineage.ownfolder import own_folder\nfrom ray_lineage.errors import UsageError\n"
        f"os.seteuid({OTHER_USER})\n"
        f"try: own_folder({str(tmp_path / 'a' / 'data')!r})\nexcept UsageError as e: print(e.code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "RL202", done.stderr


def _open_many(path: str, results: multiprocessing.Queue[str]) -> None:
    try:
        own_folder(path).close()
        results.put("")
    except Exception as error:
        results.put(repr(error))


def test_many_at_once_agree(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    for round_ in range(10):
        results: multiprocessing.Queue[str] = context.Queue()
        crowd = [context.Process(target=_open_many, args=(str(tmp_path / f"d{round_}"), results)) for _ in range(8)]
        for one in crowd:
            one.start()
        assert [results.get(timeout=60) for _ in crowd] == [""] * 8
        for one in crowd:
            one.join()


# --------------------------------------------------------------------------- what is in it


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[ownfolder.OwnFolder]:
    with own_folder(str(tmp_path / "data")) as found:
        yield found


def test_files_are_not_opened_through_links(folder: ownfolder.OwnFolder, tmp_path: Path) -> None:
    keys = tmp_path / "authorized_keys"
    keys.write_text("ssh-ed25519 mine")
    for name, target in (("lock", keys), ("dangling", tmp_path / "none"), ("dir", tmp_path)):
        (tmp_path / "data" / name).symlink_to(target)
        for flags in (os.O_RDONLY, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, os.O_RDWR | os.O_CREAT):
            with pytest.raises(UsageError, match="no file of ours"):
                folder.open(name, flags)
        with pytest.raises(UsageError):
            folder.check("lock", name)
    assert keys.read_text() == "ssh-ed25519 mine"
    assert not (tmp_path / "none").exists()
    folder.replace("lock", b"1")  # the link goes, not what it shows to
    assert (keys.read_text(), folder.read("lock")) == ("ssh-ed25519 mine", b"1")


def test_what_is_no_file_is_refused_without_waiting(folder: ownfolder.OwnFolder, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "data" / "pipe")
    (tmp_path / "data" / "sub").mkdir()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"/proc/self/fd/{folder.handle}/sock")
        for name in ("pipe", "sub", "sock"):
            for flags in (os.O_RDONLY, os.O_WRONLY):
                with pytest.raises(UsageError, match="no file of ours"):
                    folder.open(name, flags)
            with pytest.raises(UsageError):
                folder.check(name)
    folder.check("nothing")
    assert folder.read("nothing") is None


def test_an_inner_folder_is_no_link(folder: ownfolder.OwnFolder, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir(mode=0o700)
    (tmp_path / "data" / "watch").symlink_to(tmp_path / "home")
    with pytest.raises(UsageError, match="is a link"):
        folder.inner("watch")
    with folder.inner(".cache") as inner:
        inner.replace("a", b"x")
        assert inner.path == str(tmp_path / "data" / ".cache")
    with pytest.raises(FileNotFoundError):
        folder.inner("none", create=False)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../x", "/etc/passwd"])
def test_names_are_names(folder: ownfolder.OwnFolder, name: str) -> None:
    for act in (folder.open, folder.read, folder.remove, folder.inner, folder.check):
        with pytest.raises(ValueError):
            act(name)
    with pytest.raises(ValueError):
        folder.replace(name, b"")


def test_a_failed_write_leaves_the_old_file_and_no_part(
    folder: ownfolder.OwnFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder.replace("a", b"old")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError):
        folder.replace("a", b"new")
    assert folder.read("a") == b"old"
    assert sorted(p.name for p in (tmp_path / "data").iterdir()) == [".gitignore", MARKER, "a"]
    folder.remove("a")
    folder.remove("a")


# --------------------------------------------------------------------------- single files


def ours(head: bytes) -> bool:
    return head.startswith(b"OURS")


def test_a_file_of_ours_is_known_by_its_head(tmp_path: Path) -> None:
    path = tmp_path / "graph.db"
    assert not is_our_file(str(path), ours)
    for content in (b"", b"OURS and more"):
        path.write_bytes(content)
        assert is_our_file(str(path), ours)


def test_a_folder_of_the_repository_has_a_line_to_copy(tmp_path: Path) -> None:
    """Whoever pastes it has a folder that works."""
    theirs = tmp_path / "my repo" / "data"
    theirs.mkdir(parents=True)
    (theirs / "seeds.csv").write_text("1")
    with pytest.raises(UsageError) as caught:
        own_folder(str(theirs))
    line = str(caught.value.help).split("`")[1]
    command, assigned = shlex.split(line)
    variable, _, place = assigned.partition("=")
    assert (command, variable) == ("export", "RAY_LINEAGE_DATA_DIR")
    own_folder(place).close()
    assert (theirs / "seeds.csv").read_text() == "1"


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "graph.db").write_bytes(b"OURS")
    (tmp_path / ".bashrc").write_text("alias ll='ls -l'")
    (tmp_path / "link").symlink_to("graph.db")
    (tmp_path / "dangling").symlink_to("none")
    os.mkfifo(tmp_path / "pipe")
    before = everything(tmp_path)
    for place in (".bashrc", "link", "dangling", "pipe", ".", "/dev/null", "/dev/zero"):
        with pytest.raises(UsageError, match=r" (is|belongs) ") as caught:
            is_our_file(str(tmp_path / place), ours)
        assert (caught.value.code, caught.value.exit_code) == ("RL252", 2)
    assert everything(tmp_path) == before


@needs_root
def test_a_file_of_another_user(tmp_path: Path) -> None:
    (tmp_path / "graph.db").write_bytes(b"OURS")
    os.chown(tmp_path / "graph.db", OTHER_USER, OTHER_USER)
    with pytest.raises(UsageError, match="belongs to another user"):
        is_our_file(str(tmp_path / "graph.db"), ours)
