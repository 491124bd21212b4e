"""Commands inside of hostile repositories: nothing is contacted, nothing is written, nothing is told."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from ray_lineage.ownfolder import own_folder
from tests.environment import PROJECT, environ
from tests.integration.killing import family

PASSWORD = "c4n4ry-Zx9"
BOLT = b"\x00\x00\x04\x05"  # 5.4, in which the password comes before anything is answered
COMMAND = re.compile(r"^\s*::|##(\[|vso\[|teamcity\[)|[\x1b\x9b\r]", re.IGNORECASE | re.MULTILINE)


class Listener:
    """A server that notes what arrives. ``answers``: it speaks Bolt as far as it takes to be told a password."""

    def __init__(self, *, answers: bool) -> None:
        self.heard: list[bytes] = []
        self._answers = answers
        self._connections: list[socket.socket] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._hear, args=(connection,), daemon=True).start()

    def _hear(self, connection: socket.socket) -> None:
        self.heard.append(b"")
        self._connections.append(connection)
        with connection:
            connection.settimeout(20)
            while True:
                try:
                    data = connection.recv(4_096)
                    if not data:
                        return
                    self.heard.append(data)
                    if self._answers and data.startswith(b"\x60\x60\xb0\x17"):
                        connection.sendall(BOLT)
                    elif PASSWORD.encode() in data:
                        return
                except OSError:
                    return

    @property
    def all_heard(self) -> bytes:
        return b"".join(self.heard)

    def close(self) -> None:
        """Nobody who waits for an answer waits on."""
        self._socket.close()
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def listener() -> Iterator[Listener]:
    found = Listener(answers=True)
    yield found
    found.close()


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A checkout; beside it, somebody's home."""
    (tmp_path / "home" / ".ssh").mkdir(parents=True, mode=0o700)
    (tmp_path / "home" / ".ssh" / "authorized_keys").write_text("ssh-ed25519 mine")
    (tmp_path / "home" / ".bashrc").write_text("alias ll='ls -l'")
    root = tmp_path / "checkout"
    root.mkdir()
    (root / "v.sql").write_text("CREATE TABLE t (a int);\nCREATE VIEW v AS SELECT a FROM t;\n")
    subprocess.run(["git", "init", "-q", root], check=True)
    return root


def run(root: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    state = {"XDG_STATE_HOME": str(root.parent / "state"), "TMPDIR": str(root.parent)}
    return subprocess.run(
        [sys.executable, "-m", "ray_lineage", *arguments],
        cwd=root, env=environ(**{**state, **more}), capture_output=True, text=True, errors="surrogateescape", timeout=120,
    )  # fmt: skip


def everything(root: Path) -> dict[str, tuple[int, str]]:
    found = {}
    for path in sorted(root.rglob("*")):
        if ".git" not in path.parts:
            text = (
                os.readlink(path) if path.is_symlink() else path.read_text(errors="replace") if path.is_file() else ""
            )
            found[str(path.relative_to(root))] = (path.lstat().st_mode, text)
    return found


def refused(root: Path, *arguments: str, code: str, **more: str) -> str:
    """The command ends with 2, and everything beside the checkout and in it is as it was."""
    before = everything(root.parent)
    done = run(root, *arguments, **more)
    assert (done.returncode, done.stdout) == (2, ""), done.stdout + done.stderr
    assert f"error[{code}]" in done.stderr
    assert PASSWORD not in done.stderr
    assert everything(root.parent) == before
    return done.stderr


def test_modules_of_a_checkout_are_never_ours(hostile: Path) -> None:
    """Whatever they are called, and whichever process of ours works there."""
    caught = hostile.parent / "caught"
    for name in ("msgspec", "lmdb", "sqlglot", "typer", "ray_lineage", "encodings"):
        (hostile / f"{name}.py").write_text(f"open({str(caught)!r}, 'a').write('{name} ')")
    (hostile / "sitecustomize.py").write_text(f"open({str(caught)!r}, 'a').write('sitecustomize ')")
    state = {"XDG_STATE_HOME": str(hostile.parent / "state"), "TMPDIR": str(hostile.parent)}
    installed = {
        "PYTHONPATH": str(PROJECT),
        "PYTHONSAFEPATH": "",
    }  # as the command that pip makes: without the current folder
    subprocess.run(["git", "-C", hostile, "add", "."], check=True)
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    subprocess.run(["git", "-C", hostile, *who, "commit", "-qm", "first"], check=True)
    for words in (
        "ingest .",
        "ingest . --full --executor ray --workers 1",
        "cache verify",
        "cache stats",
        "doctor",
        "diff",
    ):
        done = subprocess.run(
            [sys.executable, "-P", "-m", "ray_lineage", *words.split()],
            cwd=hostile, env=environ(**state, **installed), capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert not caught.exists(), (words, caught.read_text(), done.stderr)
        assert done.returncode in (0, 1), (words, done.stderr)


COMMANDS = (
    ["ingest", "."],
    ["upstream", "v"],
    ["verify", "."],
    ["export"],
    ["doctor"],
    ["watch", "."],
    ["status"],
    ["cache", "stats"],
)


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_store_that_a_repository_names_is_not_contacted(
    hostile: Path, listener: Listener, arguments: list[str]
) -> None:
    (hostile / "ray_lineage.toml").write_text(f'store = "bolt://127.0.0.1:{listener.port}"\n')
    said = refused(hostile, *arguments, code="RL250", NEO4J_PASSWORD=PASSWORD)
    assert f"{hostile / 'ray_lineage.toml'}:1" in said
    assert "ray_lineage trust" in said
    assert listener.heard == []


def test_a_store_that_its_user_trusted_is(hostile: Path, listener: Listener) -> None:
    """So that the test above can fail."""
    (hostile / "ray_lineage.toml").write_text(f'store = "bolt://127.0.0.1:{listener.port}"\n')
    trusted = run(hostile, "trust")
    assert (trusted.returncode, "it sets store" in trusted.stdout) == (0, True), trusted.stderr
    assert run(hostile, "stats", NEO4J_PASSWORD=PASSWORD).returncode == 3
    assert PASSWORD.encode() in listener.all_heard
    assert json.loads(run(hostile, "trust", "--list", "--json").stdout)["trusted"] == [
        {"path": str(hostile / "ray_lineage.toml"), "state": "trusted"}
    ]
    (hostile / "ray_lineage.toml").write_text(f'store = "bolt://127.0.0.1:{listener.port}"\nproject = "x"\n')
    assert "changed" in run(hostile, "trust", "--list").stdout
    refused(hostile, "stats", code="RL250", NEO4J_PASSWORD=PASSWORD)
    assert "no longer trusted" in run(hostile, "untrust").stdout
    assert run(hostile, "trust", "--list").stdout == ""


def test_a_cluster_that_a_repository_names_is_not_contacted(hostile: Path, listener: Listener) -> None:
    (hostile / "pyproject.toml").write_text(f'[tool.ray_lineage]\nray_address = "127.0.0.1:{listener.port}"\n')
    refused(hostile, "ingest", ".", code="RL250")
    assert listener.heard == []


@pytest.mark.parametrize(
    "text",
    ['data_dir = "../home"', 'parse_cache_path = "../home/.ssh"', 'organize_to = "../home"', 'store = "../home/.bashrc"', 'executor = "ray"'],
)  # fmt: skip
def test_a_place_that_a_repository_names_is_not_written(hostile: Path, text: str) -> None:
    (hostile / "ray_lineage.toml").write_text(f"{text}\n")
    refused(hostile, "ingest", ".", code="RL250")


def test_a_wrong_address_is_no_folder(hostile: Path) -> None:
    for store in ("neoj4://localhost", "http://h", "neo4j:://h", f"neo4j:/u:{PASSWORD}@h"):
        refused(hostile, "ingest", ".", code="RL200", RAY_LINEAGE_STORE=store)
        refused(hostile, "ingest", ".", "--store", store, code="RL200")
    refused(hostile, "ingest", ".", "--store", f"bolt://u:{PASSWORD}@127.0.0.1", code="RL251")
    refused(hostile, "ingest", ".", code="RL251", RAY_ADDRESS=f"u:{PASSWORD}@h:1")


def test_clear_text_is_not_sent_to_another_machine(hostile: Path) -> None:
    server = {"NEO4J_URI": "bolt://192.0.2.1:7687", "NEO4J_PASSWORD": PASSWORD}
    refused(hostile, "stats", code="RL251", **server)


def command_lines(pid: int) -> list[str]:
    """Of a process and of all that it started, as far as they are still there."""
    found = []
    for process in [psutil.Process(pid), *family(pid)]:
        with contextlib.suppress(psutil.Error):
            found.append(" ".join(process.cmdline()))
    return found


@pytest.mark.parametrize("uri", ["bolt://neo4j:{}@{}", " Bolt://u:{}/x@{}", "neo4j://u:p@{}@{}", "bolt://u:%20{}@{}"])
def test_a_password_is_in_no_output_file_or_list_of_processes(hostile: Path, uri: str) -> None:
    silent = Listener(answers=False)
    try:
        address = uri.format(PASSWORD, f"127.0.0.1:{silent.port}")
        child = subprocess.Popen(
            [sys.executable, "-m", "ray_lineage", "-vv", "ingest", "."],
            cwd=hostile, env=environ(NEO4J_URI=address, TMPDIR=str(hostile.parent)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        deadline = time.monotonic() + 120
        while not silent.heard and child.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert silent.heard, child.stdout and child.stdout.read()
        assert not [said for said in command_lines(child.pid) if PASSWORD in said]
        silent.close()
        child.terminate()
        said, _ = child.communicate(timeout=120)
    finally:
        silent.close()
    assert PASSWORD not in said
    assert not [path for path, (_, text) in everything(hostile.parent).items() if PASSWORD in text + path]


def test_names_of_files_and_tables_begin_no_command(hostile: Path) -> None:
    names = [
        "::error file=x::y.sql",
        "##[error]z.sql",
        "##vso[task.x]y.sql",
        "a\r::warning::b.sql",
        "e\x1b[31m.sql",
        "n\n::error::m.sql",
    ]
    for name in names:
        (hostile / name).write_text("CREATE VIEW [::error::v] AS SELECT a FROM [##[x]]y];\nSELECT 'unclosed")
    (hostile / "u.sql").write_bytes("CREATE VIEW w AS SELECT [a\u2028::error::b] FROM [\u202et];".encode())
    outputs = []
    for arguments in (
        ["ingest", ".", "--workers", "0", "--diagnostics", "d.txt"], ["ingest", ".", "--full", "--json", "--workers", "0"], ["stats"],
        ["failures"], ["parse", names[0]], ["upstream", "w"], ["-v", "--log-format", "json", "verify", "."], ["export"],
    ):  # fmt: skip
        done = run(hostile, *arguments)
        assert done.returncode in (0, 1), done.stderr
        outputs += [done.stdout, done.stderr] if arguments != ["export"] else [done.stderr]
    outputs.append((hostile / "d.txt").read_text())
    for text in outputs:
        assert not COMMAND.search(text), text
    assert "error file=x" in outputs[0] + outputs[-1]


# --------------------------------------------------------------------------- folders and links that come with a repository


def _linked_folder(root: Path) -> None:
    (root / "data").symlink_to("../home")


def _linked_lock(root: Path) -> None:
    (root / "data").mkdir()
    (root / "data" / "graph.db.lock").symlink_to("../../home/.ssh/authorized_keys")


def _linked_ignore(root: Path) -> None:
    (root / "data").mkdir()
    (root / "data" / ".gitignore").symlink_to("../../home/new")
    (root / "data" / ".ray_lineage").symlink_to("../../home/new2")


def _brought_graph(root: Path) -> None:
    """Another user's data folder, committed with all that is in it."""
    other = root.parent / "other"
    other.mkdir()
    (other / "evil.sql").write_text("CREATE VIEW v AS SELECT a FROM pub.open_data;")
    assert run(other, "ingest", ".").returncode == 0
    (other / "data").rename(root / "data.moved")
    subprocess.run(["cp", "-r", root / "data.moved", root / "data"], check=True)
    (root / "data").chmod(0o700)
    subprocess.run(["rm", "-r", root / "data.moved"], check=True)


def _status_of_a_watch(root: Path) -> None:
    (root / "data" / "watch").mkdir(parents=True)
    (root / "data" / "watch" / "x.json").write_text("{}")
    (root / "data" / "failed_ingestion.jsonl").write_text(
        '{"project": "p", "path": "x", "code": "RL1", "reason": "\\u001b[31m"}\n'
    )


@pytest.mark.parametrize("made", [_linked_folder, _linked_lock, _linked_ignore, _brought_graph, _status_of_a_watch])
@pytest.mark.parametrize(
    "arguments",
    [["ingest", "."], ["upstream", "v"], ["watch", "."], ["status"], ["failures"], ["cache", "stats"]],
    ids=" ".join,
)
def test_a_data_folder_that_came_along_is_not_used(
    hostile: Path, made: Callable[[Path], None], arguments: list[str]
) -> None:
    made(hostile)
    refused(hostile, *arguments, code="RL252")


@pytest.mark.parametrize("store", ["~/.bashrc", "~/.ssh", "/dev/null", ".", "v.sql", "~/link"])
def test_a_store_that_is_something_else(hostile: Path, store: str) -> None:
    (hostile.parent / "home" / "link").symlink_to("new")
    with own_folder(str(hostile / "data")) as folder:
        folder.inner(".cache").close()
    refused(hostile, "--store", store, "ingest", ".", "--no-cache", code="RL252", HOME=str(hostile.parent / "home"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of another user")
def test_a_data_folder_of_another_user(hostile: Path) -> None:
    (hostile / "data").mkdir(mode=0o700)
    os.chown(hostile / "data", 65534, 65534)
    assert "belongs to another user" in refused(hostile, "ingest", ".", code="RL252")


def test_a_container_without_a_home_keeps_its_volume(hostile: Path) -> None:
    volume = hostile.parent / "volume"
    (volume / "lost+found").mkdir(parents=True)
    nowhere = {"HOME": "/nonexistent", "XDG_STATE_HOME": "", "RAY_LINEAGE_DATA_DIR": str(volume)}
    for _ in range(2):
        done = run(hostile, "ingest", ".", **nowhere)
        assert done.returncode == 0, done.stderr
    assert "t.a" in run(hostile, "upstream", "v.a", **nowhere).stdout


def test_a_data_folder_that_was_restored_is_its_users_to_trust(hostile: Path) -> None:
    assert run(hostile, "ingest", ".").returncode == 0
    subprocess.run(["cp", "-a", hostile / "data", hostile / "copy"], check=True)
    subprocess.run(["rm", "-r", hostile / "data"], check=True)
    (hostile / "copy").rename(hostile / "data")
    assert "ray_lineage trust data" in refused(hostile, "upstream", "v", code="RL252")
    assert run(hostile, "trust", "data").returncode == 0
    assert run(hostile, "upstream", "v").returncode == 0
