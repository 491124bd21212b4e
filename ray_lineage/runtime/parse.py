"""What a parse worker does with a batch of files: read, hash, look up, compile, encode. The same whoever works."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import msgspec

from ray_lineage.cache import ParseCache, cache_key
from ray_lineage.compile import COMPILER_VERSION, CompileOptions, compile_text
from ray_lineage.model import Diagnostic, FileFacts, SourceFile, decode_head, encode_facts
from ray_lineage.sources.scan import SourceFault, read_bytes

SOFT_SECONDS: Final = 10.0
SOFT_SECONDS_PER_MB: Final = 1.0
HARD_SECONDS: Final = 30.0
HARD_SECONDS_PER_BYTE: Final = 2 * SOFT_SECONDS_PER_MB / 1e6
_AGAIN_SECONDS: Final = 0.2


class Task(msgspec.Struct, frozen=True, array_like=True):
    """One file to compile, if ``fresh`` whatever the cache knows. ``content`` holds its bytes when workers cannot see the file system, read at ``read_at_ns``."""

    file: SourceFile
    options: CompileOptions
    encoding: str = ""
    content: bytes | None = None
    read_at_ns: int = 0
    fresh: bool = False


class Meta(msgspec.Struct, frozen=True, array_like=True):
    """What became of one file. ``outcome``: ``facts``, or ``gone`` / ``unreadable`` (then there are none).
    ``other``: the file that was read had another size or time than the one that was found.
    ``dialect`` and ``confidence`` (0..1) say what a file showed itself; where a dialect was given, the latter is negative."""

    path: str
    outcome: str
    sha256: str = ""
    hit: bool = False
    read_at_ns: int = 0
    seconds: float = 0.0
    size: int = 0
    facts_size: int = 0
    dialect: str = ""
    confidence: float = -1.0
    diagnostic: Diagnostic | None = None
    other: bool = False


class SoftTimeout(BaseException):
    """Raised inside the compiler by the alarm; a BaseException so that no handler there can swallow it."""


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise SoftTimeout after so many seconds. Only the main thread can be interrupted; elsewhere there is no limit."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def expire(*_: Any) -> None:
        raise SoftTimeout

    before = signal.signal(signal.SIGALRM, expire)
    # again and again: an exception raised inside a garbage collector's callback is swallowed by the interpreter
    signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def parse_batch(
    tasks: Sequence[Task],
    cache: ParseCache | None,
    max_file_size: int,
    on_file: Callable[[str], None] | None = None,
    hurried: Callable[[], bool] | None = None,
) -> tuple[list[Meta], list[bytes]]:
    """Facts of a batch (empty bytes where there are none), or of its first files, if it is ``hurried`` meanwhile.
    ``on_file(path)`` is told which file comes next. Never raises."""
    metas: list[Meta] = []
    payload: list[bytes] = []
    fresh: list[tuple[bytes, bytes]] = []
    for task in tasks:
        if on_file is not None:
            on_file(task.file.path)
        started = time.perf_counter()
        meta, facts, entry = _one(task, cache, max_file_size)
        seconds = time.perf_counter() - started
        meta = msgspec.structs.replace(meta, seconds=seconds, size=task.file.size, facts_size=len(facts))
        metas.append(shown(task, meta, facts))
        payload.append(facts)
        if entry is not None:
            fresh.append(entry)
        if hurried is not None and hurried():
            break
    if cache is not None:
        cache.put_many(fresh)
    return metas, payload


def shown(task: Task, meta: Meta, facts: bytes) -> Meta:
    """With the dialect that the file showed itself, where none was given."""
    if task.options.dialect or not facts:
        return meta
    head = decode_head(facts)
    return msgspec.structs.replace(meta, dialect=head.dialect, confidence=head.confidence)


def _one(task: Task, cache: ParseCache | None, limit: int) -> tuple[Meta, bytes, tuple[bytes, bytes] | None]:
    path = task.file.path
    now = task.read_at_ns or time.time_ns()
    if (
        task.file.sha256 and cache is not None and not task.fresh
    ):  # the stat index knows the content: no need to read it
        known = cache.get_many([cache_key(task.file.sha256, task.options, COMPILER_VERSION + task.encoding)])[0]
        if known is not None:
            return Meta(path, "facts", task.file.sha256, True), known, None
    try:
        data = task.content if task.content is not None else read_bytes(task.file, limit)
    except SourceFault as fault:
        return *skipped(task, fault, limit, now), None
    sha256 = hashlib.sha256(data).hexdigest()
    key = cache_key(sha256, task.options, COMPILER_VERSION + task.encoding)
    if cache is not None and not task.fresh:
        known = cache.get_many([key])[0]
        if known is not None:
            return Meta(path, "facts", sha256, True, now, other=_is_other(task)), known, None
    facts, keep = compile_bytes(data, task.options, task.encoding)
    encoded = encode_facts(facts)
    meta = Meta(path, "facts", sha256, False, now, other=_is_other(task))
    return meta, encoded, (key, encoded) if keep else None


def _is_other(task: Task) -> bool:
    """Was a file read that differs from the one that was found: changed since, or of a node with a clone of its own?"""
    if task.content is not None:
        return False
    try:
        found = os.stat(os.path.join(task.file.root, task.file.name), follow_symlinks=False)
    except OSError:
        return False  # it went after it was read
    return (found.st_size, found.st_mtime_ns) != (task.file.size, task.file.mtime_ns)


def skipped(task: Task, fault: SourceFault, limit: int, now: int) -> tuple[Meta, bytes]:
    """A file that gave no bytes at ``now`` (ns): gone, unreadable, or skipped, which is a fact with a diagnostic."""
    path = task.file.path
    if fault.status != "skipped":
        return Meta(path, fault.status, diagnostic=fault.diagnostic), b""
    facts = FileFacts("", "skipped", diagnostics=(fault.diagnostic,))
    # no content was read, so the stat stands in for it: the file is looked at again when that changes
    stands_in = hashlib.sha256(f"{task.file.size}:{task.file.mtime_ns}:{limit}".encode()).hexdigest()
    return Meta(path, "facts", stands_in, read_at_ns=now), encode_facts(facts)


def compile_bytes(data: bytes, options: CompileOptions, encoding: str = "") -> tuple[FileFacts, bool]:
    """Decode and compile within the limits. The flag says whether the result may be cached (not after a time-out)."""
    from ray_lineage.sources.decode import decode

    seconds = SOFT_SECONDS + SOFT_SECONDS_PER_MB * len(data) / 1e6
    try:
        with time_limit(seconds):
            decoded = decode(data, encoding)
            if decoded.skip:
                return FileFacts("", "skipped", diagnostics=decoded.diagnostics), True
            return compile_text(decoded.text, options, decoded.diagnostics), True
    except SoftTimeout:
        signal.setitimer(signal.ITIMER_REAL, 0)  # a second alarm may have cut its own switching off short
        return _failed(
            "RL190", f"it was given up after {seconds:.0f} s. Split the file, or leave it out with `ignore`"
        ), False
    except MemoryError:
        return _failed(
            "RL191", "there was not enough memory for it. Split the file, or leave it out with `ignore`"
        ), False
    except RecursionError:
        return _failed("RL192", "nested too deeply"), True
    except Exception as error:
        return _failed("RL199", f"a fault of ray_lineage ({type(error).__name__}: {error}); please report it"), False


def _failed(code: str, message: str) -> FileFacts:
    return FileFacts("", "failed", diagnostics=(Diagnostic(code, "error", message),))
