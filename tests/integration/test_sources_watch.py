"""Hints of a real watcher on real files. Every wait is for a condition, with a deadline."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from watchfiles import Change

from ray_lineage.sources.scan import MARKER, ScanOptions, Tree
from ray_lineage.sources.watch import Hints, _git_head, _Sieve, follow, needs_polling
from tests.environment import PROJECT

_DEADLINE = 60  # seconds


class Seen:
    """All hints so far."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.all: list[Hints] = []
        self._more = asyncio.Event()

    def add(self, hints: Hints) -> None:
        self.all.append(hints)
        self._more.set()

    @property
    def names(self) -> set[str]:
        return {os.path.relpath(p, self.root) for h in self.all for p in h.paths}

    @property
    def notes(self) -> str:
        return "\n".join(n.text for h in self.all for n in h.notes)

    @property
    def rescans(self) -> int:
        return sum(h.rescan for h in self.all)

    async def until(self, condition: Callable[[], bool], deadline: float = _DEADLINE) -> None:
        async with asyncio.timeout(deadline):
            while not condition():
                self._more.clear()
                await self._more.wait()

    async def all_is_seen(self) -> set[str]:
        """The names of all hints so far, without this last sign of life."""
        (self.root / "last.sql").write_text("SELECT 1")
        await self.until(lambda: "last.sql" in self.names)
        return self.names - {"last.sql"}


@asynccontextmanager
async def watching(root: Path, *others: Path, poll: bool | None = None) -> AsyncIterator[Seen]:
    seen = Seen(root)
    stop = asyncio.Event()

    async def run() -> None:
        async for hints in follow([str(root), *map(str, others)], (".sql",), poll=poll, fast=True, stop=stop):
            seen.add(hints)

    task = asyncio.create_task(run())
    await seen.until(lambda: bool(seen.all) or task.done())
    try:
        yield seen
    finally:
        stop.set()
        await asyncio.wait_for(task, _DEADLINE)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = Path(os.path.realpath(tmp_path)) / "root"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.sql").write_text("SELECT 1")
    (folder / "sub" / "b.sql").write_text("SELECT 1")
    return folder


def watched(root: Path, act: Callable[[Seen], Awaitable[None]], *others: Path, poll: bool | None = None) -> Seen:
    async def run() -> Seen:
        async with watching(root, *others, poll=poll) as seen:
            await act(seen)
            return seen

    return asyncio.run(run())


# --- files ---


def test_the_first_hints_say_that_the_watch_stands(root: Path) -> None:
    async def act(seen: Seen) -> None:
        pass

    assert watched(root, act).all == [Hints((), True, ())]


def _create(root: Path) -> None:
    (root / "sub" / "new.sql").write_text("SELECT 1")


def _edit(root: Path) -> None:
    (root / "a.sql").write_text("SELECT 2")


def _upper_case(root: Path) -> None:
    (root / "C.SQL").write_text("SELECT 2")


def _delete(root: Path) -> None:
    (root / "a.sql").unlink()


def _rename(root: Path) -> None:
    (root / "a.sql").rename(root / "sub" / "c.sql")


def _ignore_file(root: Path) -> None:
    (root / "sub" / ".gitignore").write_text("b.sql\n")


def _marker(root: Path) -> None:
    (root / "sub" / MARKER).touch()


def _sed(root: Path) -> None:
    subprocess.run(["sed", "-i", "s/1/2/", str(root / "a.sql")], check=True)


def _save_by_rename(root: Path) -> None:
    (root / ".a.sql.tmp").write_text("SELECT 2")
    (root / ".a.sql.tmp").replace(root / "a.sql")


def _save_by_rename_of_a_visible_file(root: Path) -> None:
    (root / "a.sql~").write_text("SELECT 2")
    (root / "a.sql~").replace(root / "a.sql")


def _save_as_vim_does(root: Path) -> None:
    """Is the folder writable? Old content to the backup, new content to a new file, backup away; with a swap file."""
    (root / ".a.sql.swp").write_text("")
    (root / "4913").write_text("")
    (root / "4913").unlink()
    (root / "a.sql").rename(root / "a.sql~")
    (root / "a.sql").write_text("SELECT 2")
    (root / "a.sql~").unlink()
    (root / ".a.sql.swp").unlink()


def _new_folder(root: Path) -> None:
    (root / "new.d").mkdir()


def _folder_moved_out(root: Path) -> None:
    (root / "sub").rename(root.parent / "away")


def _folder_mode(root: Path) -> None:
    (root / "sub").chmod(0o750)


def _what_is_no_sql(root: Path) -> None:
    (root / "notes.txt").write_text("")
    (root / "notes.txt").unlink()
    (root / ".hidden.sql").write_text("")
    for folder in (".cache", "node_modules", "venv", "sub/__pycache__"):
        (root / folder).mkdir()
        (root / folder / "x.sql").write_text("")


@pytest.mark.parametrize(
    ("act", "names"),
    [
        (_create, {"sub/new.sql"}),
        (_edit, {"a.sql"}),
        (_upper_case, {"C.SQL"}),
        (_delete, {"a.sql"}),
        (_rename, {"a.sql", "sub/c.sql"}),
        (_ignore_file, {"sub/.gitignore"}),
        (_marker, {f"sub/{MARKER}"}),
        (_sed, {"a.sql"}),
        (_save_by_rename, {"a.sql"}),
        (_save_by_rename_of_a_visible_file, {"a.sql"}),
        (_save_as_vim_does, {"a.sql"}),
        (_new_folder, {"new.d"}),
        (_folder_moved_out, {"sub"}),
        (_folder_mode, {"sub"}),
        (_what_is_no_sql, set()),
    ],
)
def test_what_happens_is_hinted(root: Path, act: Callable[[Path], None], names: set[str]) -> None:
    found: set[str] = set()

    async def run(seen: Seen) -> None:
        nonlocal found
        act(root)
        found = await seen.all_is_seen()

    seen = watched(root, run)
    assert (found, seen.rescans, seen.notes) == (names, 1, "")


def test_an_editors_files_across_batches(root: Path) -> None:
    async def act(seen: Seen) -> None:
        (root / "4913").write_text("")
        await seen.all_is_seen()
        (root / "4913").unlink()
        (root / "end.sql").write_text("")
        await seen.until(lambda: "end.sql" in seen.names)

    assert watched(root, act).names == {"last.sql", "end.sql"}


def test_our_own_folder_is_quiet(root: Path) -> None:
    (root / "data" / "deep").mkdir(parents=True)
    (root / "data" / MARKER).touch()

    async def act(seen: Seen) -> None:
        (root / "data" / "x.sql").write_text("")
        (root / "data" / "new").mkdir()
        (root / "data" / "deep" / "y.sql").write_text("")
        assert await seen.all_is_seen() == set()

    watched(root, act)


# --- folders ---


def test_a_folder_moved_in_is_named_and_watched(root: Path) -> None:
    (root.parent / "away" / "deep").mkdir(parents=True)
    (root.parent / "away" / "deep" / "x.sql").write_text("")

    async def act(seen: Seen) -> None:
        (root.parent / "away").rename(root / "in")
        await seen.until(lambda: "in" in seen.names)
        (root / "in" / "deep" / "x.sql").write_text("SELECT 1")
        await seen.until(lambda: "in/deep/x.sql" in seen.names)

    seen = watched(root, act)
    found = Tree([str(root)], ScanOptions()).look(p for h in seen.all for p in h.paths)
    assert ([f.path for f in found.files], found.gone, found.folders) == (["in/deep/x.sql"], (), ("in",))


def test_a_removed_folder_is_named(root: Path) -> None:
    async def act(seen: Seen) -> None:
        shutil.rmtree(root / "sub")
        await seen.until(lambda: "sub" in seen.names)

    seen = watched(root, act)
    assert Tree([str(root)], ScanOptions()).look(p for h in seen.all for p in h.paths).gone[0] == "sub"


@pytest.mark.parametrize("count", [2_000, 7_000])
def test_of_a_burst_nothing_is_lost(root: Path, count: int) -> None:
    source = root.parent / "source"
    for number in range(count):
        path = source / f"d{number % 20}" / f"{number}.sql"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    expected = {f"new/d{n % 20}/{n}.sql" for n in range(count)}
    tree = Tree([str(root)], ScanOptions())

    async def act(seen: Seen) -> None:
        done = 1
        found: set[str] = set()

        def all_found() -> bool:
            nonlocal done
            new, done = seen.all[done:], len(seen.all)
            look = tree.look(p for h in new for p in h.paths)
            parts = ("",) if any(h.rescan for h in new) else look.folders
            found.update(f.path for f in look.files)
            found.update(f.path for part in parts for f in tree.subtree(part))
            return expected <= found

        copy = await asyncio.create_subprocess_exec("cp", "-r", str(source), str(root / "new"))
        assert await copy.wait() == 0
        await seen.until(all_found, 3 * _DEADLINE)

    watched(root, act)


def test_a_burst_asks_for_a_look_at_everything(root: Path) -> None:
    for number in range(6_000):
        (root / f"{number}.sql").write_text("")

    async def act(seen: Seen) -> None:
        for number in range(6_000):
            (root / f"{number}.sql").unlink()
        await seen.until(lambda: seen.rescans > 1)

    watched(root, act)


def test_a_queue_that_ran_over_asks_for_a_look_at_everything(root: Path) -> None:
    act = """
    count = 0
    def work(hints):
        global count
        count += hints.rescan
        return count == 2
    asyncio.run(run(work))
    """
    command = [sys.executable, "-u", "-c", _CHILD, str(root), textwrap.dedent(act)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=PROJECT) as process:
        assert process.stdout is not None
        try:
            for _ in range(2):  # the first watch ends after its first hints, the second one stands
                assert process.stdout.readline() == "rescan True\n"
            process.send_signal(signal.SIGSTOP)
            for number in range(8_000):  # four of the kernel's events each; it keeps 16,384
                (root / f"{number}.sql").write_text("SELECT 1")
            process.send_signal(signal.SIGCONT)
            assert process.wait(3 * _DEADLINE) == 0
        finally:
            process.kill()


# --- roots ---


def test_a_root_deleted_and_made_again(root: Path) -> None:
    async def act(seen: Seen) -> None:
        shutil.rmtree(root)
        await seen.until(lambda: "cannot be reached any more" in seen.notes)
        root.mkdir()
        await seen.until(lambda: f"{root} is there" in seen.notes)
        assert any(h.rescan for h in seen.all if any(n.text.endswith("is there; it is watched") for n in h.notes))
        (root / "x.sql").write_text("")
        await seen.until(lambda: "x.sql" in seen.names)

    assert watched(root, act).notes.count("\n") == 1


def test_a_root_replaced_at_once(root: Path) -> None:
    async def act(seen: Seen) -> None:
        shutil.rmtree(root)
        root.mkdir()
        await seen.until(lambda: seen.rescans > 1 and (" replaced" in seen.notes or "is there" in seen.notes))
        (root / "x.sql").write_text("")
        await seen.until(lambda: "x.sql" in seen.names)

    watched(root, act)


def test_a_root_moved_away_and_another_in_its_place(root: Path) -> None:
    async def act(seen: Seen) -> None:
        root.rename(root.parent / "away")
        root.mkdir()
        await seen.until(lambda: seen.rescans > 1)
        (root / "x.sql").write_text("")
        await seen.until(lambda: "x.sql" in seen.names)

    watched(root, act)


def test_a_root_that_comes_later(root: Path) -> None:
    late = root.parent / "late"

    async def act(seen: Seen) -> None:
        assert f"{late} cannot be reached" in seen.notes
        (root / "x.sql").write_text("")
        await seen.until(lambda: "x.sql" in seen.names)
        late.mkdir()
        await seen.until(lambda: f"{late} is there" in seen.notes)
        (late / "y.sql").write_text("")
        await seen.until(lambda: "../late/y.sql" in seen.names)

    watched(root, act, late)


def test_a_file_as_root(root: Path) -> None:
    file = root / "a.sql"
    names = lambda seen: {p for h in seen.all for p in h.paths}  # noqa: E731

    async def act(seen: Seen) -> None:
        file.write_text("SELECT 2")
        await seen.until(lambda: str(file) in names(seen))
        for _ in range(2):  # the watch goes on with the new file
            before = seen.rescans
            (root / "new").write_text("SELECT 3")
            (root / "new").replace(file)
            await seen.until(lambda before=before: seen.rescans > before)
        seen.all.clear()
        file.write_text("SELECT 4")
        await seen.until(lambda: str(file) in names(seen))
        assert not seen.notes

    watched(file, act)


# --- git ---


@pytest.mark.skipif(shutil.which("git") is None, reason="uses git")
@pytest.mark.parametrize("linked", [False, True])
def test_a_switched_branch_asks_for_a_look_at_everything(root: Path, linked: bool) -> None:
    def git(*command: str) -> None:
        who = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", *who, *command], cwd=root.parent, check=True, capture_output=True)

    git("init", "-q", "-b", "main", ".")
    git("commit", "-q", "--allow-empty", "-m", "x")
    git("branch", "other")
    top = root
    if linked:
        git("branch", "third")
        git("worktree", "add", "-q", "tree", "third")
        top = root.parent / "tree" / "sql"
        top.mkdir()

    async def act(seen: Seen) -> None:
        git(*(("-C", "tree") if linked else ()), "switch", "-q", "other")
        await seen.until(lambda: seen.rescans > 1)

    watched(top, act)


def test_head_of_no_repository(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("nothing of git's")
    assert _git_head(str(tmp_path)) == b""


# --- polling and its reasons ---


def test_polling(root: Path) -> None:
    async def act(seen: Seen) -> None:
        (root / "sub" / "new.sql").write_text("SELECT 1")
        await seen.until(lambda: "sub/new.sql" in seen.names)
        os.utime(root / "sub" / "b.sql", (later := time.time() + 10, later))
        await seen.until(lambda: "sub/b.sql" in seen.names)
        (root / "sub" / "new.sql").unlink()
        (root / "a.sql").unlink()
        await seen.until(lambda: "a.sql" in seen.names)
        assert "sub" not in seen.names  # its times changed, no more

    watched(root, act, poll=True)


def test_a_poll_misses_older_files_so_everything_is_looked_at(root: Path) -> None:
    async def act(seen: Seen) -> None:
        os.utime(root / "a.sql", (1, 1))
        await seen.until(lambda: seen.rescans > 1)

    watched(root, act, poll=True)


_TABLE = """\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:30 / /mnt/nfs rw shared:1 master:2 - nfs4 server:/export rw
31 30 0:31 / /mnt/nfs/local rw - tmpfs tmpfs rw
32 22 0:32 / /mnt/with\\040blank rw - cifs //server/share rw
33 22 0:33 / /mnt/ssh rw - fuse.sshfs a@b: rw
34 22 0:34 / /mnt/vm rw - 9p share rw
35 22 0:35 / /mnt/box rw - vboxsf share rw
36 22 0:36 / /mnt/smb rw - smb3 share rw
37 22 0:37 / /mnt/over rw - nfs share rw
38 37 0:38 / /mnt/over rw - tmpfs tmpfs rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/srv/sql", None),
        ("/mnt/nfs", "nfs4"),
        ("/mnt/nfs/a/b", "nfs4"),
        ("/mnt/nfs-not", None),
        ("/mnt/nfs/local/x", None),
        ("/mnt/with blank/x", "cifs"),
        ("/mnt/ssh/x", "fuse.sshfs"),
        ("/mnt/vm", "9p"),
        ("/mnt/box", "vboxsf"),
        ("/mnt/smb", "smb3"),
        ("/mnt/over/x", None),
        ("/mnt", "nfs4"),  # one mounted below
    ],
)
def test_file_systems_that_need_polling(tmp_path: Path, path: str, kind: str | None) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(_TABLE)
    assert needs_polling(path, str(table)) == kind


def test_a_system_that_does_not_say(tmp_path: Path) -> None:
    assert needs_polling("/", str(tmp_path / "none")) is None


# What a process may watch is limited per user namespace, and root may list everything: both need another process, which
# imports all while it can and reports what it saw.
_CHILD = """
import asyncio, os, sys
from ray_lineage.sources.watch import follow
root, act = sys.argv[1:]

async def run(work, poll=None):
    stop = asyncio.Event()
    async for hints in follow([root], (".sql",), poll=poll, fast=True, stop=stop):
        for path in hints.paths:
            print("path", os.path.relpath(path, root))
        for note in hints.notes:
            print("note", note.text)
        print("rescan", hints.rescan, flush=True)
        if work(hints):
            stop.set()

asyncio.run(run(lambda hints: True))
exec(act)
"""


def child(root: Path, act: str, *before: str) -> str:
    done = subprocess.run(
        [*before, sys.executable, "-c", _CHILD, str(root), textwrap.dedent(act)],
        capture_output=True,
        text=True,
        timeout=2 * _DEADLINE,
        cwd=PROJECT,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _may_limit() -> bool:
    if shutil.which("unshare") is None:
        return False
    script = "echo 1 > /proc/sys/user/max_inotify_watches"
    return subprocess.run(["unshare", "-Ur", "sh", "-c", script], capture_output=True).returncode == 0


@pytest.mark.skipif(not _may_limit(), reason="needs a user namespace")
@pytest.mark.parametrize(
    ("limit", "name"), [("max_inotify_watches", "max_user_watches"), ("max_inotify_instances", "max_user_instances")]
)
def test_a_reached_limit_falls_back_to_polling(root: Path, limit: str, name: str) -> None:
    act = f"""
    open("/proc/sys/user/{limit}", "w").write("0")
    told = False
    def work(hints):
        global told
        if told and hints.rescan:
            open(root + "/sub/new.sql", "w").close()
        told = told or any("polling" in n.text for n in hints.notes)
        return hints.polling and root + "/sub/new.sql" in hints.paths
    asyncio.run(run(work))
    """
    out = child(root, act, "unshare", "-Ur")
    assert f"`sysctl fs.inotify.{name}=" in out
    assert "path sub/new.sql" in out


@pytest.mark.skipif(not _may_limit(), reason="needs a user namespace")
def test_a_limit_reached_by_new_folders_is_noticed(root: Path) -> None:
    act = """
    open("/proc/sys/user/max_inotify_watches", "w").write("3")
    def work(hints):
        if hints.rescan and not hints.notes:
            for number in range(4):
                os.mkdir(f"{root}/new{number}")
        return any("max_user_watches" in n.text for n in hints.notes)
    asyncio.run(run(work))
    """
    assert "polling" in child(root, act, "unshare", "-Ur")


@pytest.fixture
def open_root() -> Iterator[Path]:
    """A root that every user may enter."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        root = Path(os.path.realpath(folder)) / "root"
        for name in "abcdefgh":
            (root / name).mkdir(parents=True)
        for path in (root, *root.iterdir()):
            path.chmod(0o777)
        yield root


_AS_NOBODY = """
if os.geteuid() == 0:
    os.setgid(65534), os.setuid(65534)
"""


def test_an_unlistable_folder_does_not_blind_the_watch(open_root: Path) -> None:
    (open_root / "d").chmod(0)
    act = """
    wanted = {f"{root}/{name}/x.sql" for name in "abcefgh"} | {root + "/new", root + "/new/y.sql"}
    step = 0
    def work(hints):
        global step
        if hints.rescan:
            step += 1
            if step == 1:
                for path in wanted - {root + "/new/y.sql"}:
                    open(path, "w").close() if path.endswith(".sql") else os.mkdir(path)
            else:  # the new folder is watched too
                open(root + "/new/y.sql", "w").close()
        wanted.difference_update(hints.paths)
        return not wanted
    asyncio.run(run(work))
    """
    out = child(open_root, _AS_NOBODY + textwrap.dedent(act))
    (open_root / "d").chmod(0o777)
    assert "note" not in out


def test_an_unlistable_folder_is_looked_at_with_all_others_instead_of_polled(open_root: Path) -> None:
    (open_root / "d").chmod(0)
    act = """
    rescans = 0
    def work(hints):
        global rescans
        rescans += hints.rescan
        return rescans == 2
    asyncio.run(run(work, poll=True))
    """
    out = child(open_root, _AS_NOBODY + textwrap.dedent(act))
    (open_root / "d").chmod(0o777)
    assert "as a whole every 2 s" in out


def test_links_are_not_followed(root: Path) -> None:
    outside = root.parent / "outside"
    (outside / "deep").mkdir(parents=True)
    (root / "sub" / "link").symlink_to(outside)
    (root / "node_modules" / "deep").mkdir(parents=True)

    async def act(seen: Seen) -> None:
        (outside / "deep" / "x.sql").write_text("")
        (root / "node_modules" / "deep" / "x.sql").write_text("")
        assert await seen.all_is_seen() == set()
        (root / "sub" / "new").mkdir()
        await seen.until(lambda: seen.rescans == 2 and "sub/new" in seen.names)
        (root / "sub" / "new" / "x.sql").write_text("")
        await seen.until(lambda: "sub/new/x.sql" in seen.names)
        (root / "sub" / "b.sql").write_text("SELECT 2")
        await seen.until(lambda: "sub/b.sql" in seen.names)
        assert seen.rescans == 2

    watched(root, act)


def test_a_name_that_is_no_text_begins_the_watch_anew(root: Path) -> None:
    async def act(seen: Seen) -> None:
        (root / os.fsdecode(b"caf\xe9.sql")).write_text("")
        await seen.until(lambda: seen.rescans > 1)
        assert await seen.all_is_seen() == set()

    assert "begun anew" in watched(root, act).notes


# --- what a deleted path was ---


@pytest.mark.parametrize(
    ("events", "names"),
    [
        ([(Change.deleted, "was.there")], {"was.there"}),  # may have been a folder
        ([(Change.deleted, "temporary"), (Change.added, "temporary")], set()),
        ([(Change.deleted, "sub"), (Change.added, "sub")], {"sub"}),  # replaced by another folder
        ([(Change.modified, "sub")], {"sub"}),
        ([(Change.deleted, ".git"), (Change.deleted, "node_modules")], set()),
        ([(Change.added, "../elsewhere/a.sql")], set()),
    ],
)
def test_sifting(root: Path, events: list[tuple[Change, str]], names: set[str]) -> None:
    sieve = _Sieve([str(root)], (".sql",))
    paths = sieve.sift({(c, os.path.normpath(root / n)) for c, n in events}, polling=False)
    assert {os.path.relpath(p, root) for p in paths} == names
