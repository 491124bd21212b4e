"""git, asked for objects only: nothing is checked out, and nothing that a repository says is run.

A repository may be a stranger's. So no hook, pager, filter, external diff, file system monitor or transport of its
configuration takes part, and revisions cannot be taken for options.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Final, NamedTuple

from ray_lineage.errors import UsageError
from ray_lineage.sources.scan import escape

_FLAGS: Final = (
    "--no-pager", "--no-optional-locks", "--no-replace-objects", "--literal-pathspecs",
    "-c", "core.fsmonitor=", "-c", "core.hooksPath=/dev/null", "-c", "protocol.allow=never", "-c", "safe.bareRepository=explicit",
)  # fmt: skip
_SAFE: Final = {
    "GIT_CONFIG_NOSYSTEM": "1", "GIT_ATTR_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "", "GIT_PAGER": "cat", "LC_ALL": "C",
}  # fmt: skip
_KEPT: Final = ("PATH", "HOME", "XDG_CONFIG_HOME", "TMPDIR", "USER")
_DEFAULT_BRANCHES: Final = ("origin/HEAD", "origin/main", "origin/master", "main", "master")
_FILES: Final = ("100644", "100755")
_CHUNK: Final = 1 << 20
_SECONDS: Final = 60
_WHOLE: Final = "fetch all of the history: `fetch-depth: 0` of actions/checkout, or `git fetch --unshallow`"


class Entry(NamedTuple):
    """A regular file of a tree: its path as the file system would have it, and its content's object."""

    path: str
    blob: str


class Blob(NamedTuple):
    """``data`` is None where the object is larger than what was asked for."""

    name: str
    size: int
    data: bytes | None


class Revision(NamedTuple):
    """A commit, and how it was called."""

    commit: str
    name: str


class Repository:
    """The objects of the repository whose working tree is at ``top``."""

    def __init__(self, top: str | Path) -> None:
        self.top = str(top)

    def commit(self, revision: str) -> Revision:
        """Raises UsageError (RL253) for one that is not there, and where git refuses the repository."""
        if revision.startswith(("-", "^")) or "\0" in revision or not revision:
            what = "leaves out commits and names none" if revision.startswith("^") else "is no revision"
            raise UsageError("RL253", f"{revision!r} {what}", help="name a branch, a tag or a commit")
        found = self._commit(revision)
        if found is None:
            self._require_repository()
            if self._is_empty():
                raise UsageError("RL253", "this repository has no commit yet", help="there is something to compare with after the first `git commit`")  # fmt: skip
            shallow = self._asked("rev-parse", "--is-shallow-repository") == "true"
            raise UsageError(
                "RL253", f"git knows no commit {revision!r}" + (" in this shallow clone" if shallow else ""),
                help=_WHOLE if shallow else f"name a branch, a tag or a commit; if it is on a server: {_WHOLE}",
            )  # fmt: skip
        return Revision(found, revision)

    def merge_base(self, one: str, other: str) -> Revision:
        """The last commit that two have in common. Raises UsageError (RL253) if there is none."""
        commits = [self.commit(one).commit, self.commit(other).commit]
        found = self._asked("merge-base", "--end-of-options", *commits)
        if not found:
            raise UsageError("RL253", f"{one!r} and {other!r} have no commit in common here", help=_WHOLE)
        return Revision(found.split("\n")[0], f"merge base of {one} and {other}")

    def default_base(self, head: str = "HEAD") -> Revision:
        """Where ``head`` left what it follows, else the default branch; where that is itself, the commit itself."""
        for branch in ("@{upstream}", *_DEFAULT_BRANCHES):
            if self._commit(branch) is not None:
                return self.merge_base(head, branch)
        return self.commit(head)

    def head(self) -> Revision | None:
        """What is checked out; None where there is no commit yet."""
        found = self._commit("HEAD")
        return Revision(found, "HEAD") if found else None

    def branch(self) -> str:
        """The one that is checked out; empty if none is."""
        return self._asked("symbolic-ref", "--quiet", "--short", "HEAD")

    def tag(self, revision: Revision) -> str:
        """One that a commit has; empty if it has none."""
        return self._asked("describe", "--exact-match", "--tags", revision.commit)

    def remote(self) -> str:
        """Where it was cloned from, as its configuration has it: there may be a password in it. Empty if that is not known."""
        return self._asked("config", "--get", "remote.origin.url")

    def entries(self, revision: Revision, folder: str = "") -> list[Entry]:
        """The regular files of a commit, below a folder, with paths relative to it; no links, no submodules."""
        below = (f"{folder}/",) if folder else ()
        out = self._run("ls-tree", "-r", "-z", "--full-tree", revision.commit, "--", *below)
        skipped = len(folder) + 1 if folder else 0
        return [
            Entry(os.fsdecode(path)[skipped:], head[1])
            for line in out.split(b"\0")
            if line
            for head, path in [_entry(line)]
            if head[0] in _FILES
        ]

    def blobs(self, names: Iterable[str], most: int) -> Iterator[Blob]:
        """The objects, in their order. Raises UsageError (RL253) for one that a partial clone has not got."""
        with tempfile.TemporaryFile() as asked:
            number = sum(asked.write(name.encode() + b"\n") > 0 for name in names)
            asked.seek(0)
            command = self._command("cat-file", "--batch", "--buffer")
            with subprocess.Popen(
                command,
                stdin=asked,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=self.top,
                env=_environment(),
            ) as git:
                assert git.stdout is not None
                for _ in range(number):
                    yield _blob(git.stdout, git.stdout.readline().split(), most)

    def _commit(self, revision: str) -> str | None:
        return self._asked("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}") or None

    def _require_repository(self) -> None:
        """Git knows no commit where it refuses the repository, either: raises UsageError (RL253) with what it says."""
        done = self._done(("rev-parse", "--git-dir"))
        if done.returncode:
            is_strangers = b"safe.directory" in done.stderr
            trusting = f"if you trust it: `git config --global --add safe.directory {shlex.quote(self.top)}`"
            raise UsageError(
                "RL253", f"git refuses this repository: {_first_line(done.stderr)}",
                help=trusting if is_strangers else f"look at {os.path.join(self.top, '.git')}: it may be empty, or point nowhere",
            )  # fmt: skip

    def _is_empty(self) -> bool:
        done = self._done(("rev-list", "--all", "--max-count=1"))
        return done.returncode == 0 and not done.stdout

    def _asked(self, *words: str) -> str:
        """The answer; empty if there is none."""
        done = self._done(words)
        return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else ""

    def _run(self, *words: str) -> bytes:
        done = self._done(words)
        if done.returncode:
            raise UsageError("RL253", f"git {words[0]} failed: {_first_line(done.stderr)}", help=_WHOLE)
        return done.stdout

    def _done(self, words: Iterable[str]) -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(
                self._command(*words), capture_output=True, cwd=self.top, env=_environment(), timeout=_SECONDS, check=False,
                stdin=subprocess.DEVNULL,
            )  # fmt: skip
        except FileNotFoundError:
            raise UsageError("RL253", "there is no git here", help="install git") from None
        except subprocess.TimeoutExpired:
            raise UsageError(
                "RL253", f"git did not answer within {_SECONDS} s", help="look at the repository"
            ) from None

    def _command(self, *words: str) -> list[str]:
        return ["git", *_FLAGS, *words]


def _environment() -> dict[str, str]:
    return {**{k: os.environ[k] for k in _KEPT if k in os.environ}, **_SAFE}


def _first_line(said: bytes) -> str:
    """Of what git complains of; there may be names of a stranger's in it."""
    return escape(said.decode("utf-8", "replace").strip().split("\n")[0][:300])


def _entry(line: bytes) -> tuple[tuple[str, str], bytes]:
    head, _, path = line.partition(b"\t")
    mode, _, name = head.decode("ascii").split(" ")
    return (mode, name), path


def _blob(stream: IO[bytes], head: list[bytes], most: int) -> Blob:
    if len(head) < 3:  # it is missing, or git would have had to fetch it
        name = head[0].decode("ascii", "replace") if head else "that was asked for"
        raise UsageError("RL253", f"git has not got the object {name}: this is a partial clone", help=_WHOLE)
    name, size = head[0].decode("ascii"), int(head[2])
    data: bytes | None = None
    if size <= most:
        data = stream.read(size)
    else:
        left = size
        while left > 0:
            left -= len(stream.read(min(left, _CHUNK))) or left
    stream.read(1)
    return Blob(name, size, data)
