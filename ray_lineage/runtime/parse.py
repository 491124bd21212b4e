"""What a parse worker does with a batch of files: read, hash, look up, compile, encode. The same whoever works."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from types import FrameType
from typing import Final, NamedTuple

import msgspec

from ray_lineage.cache import ParseCache, cache_key, nameless
from ray_lineage.compile import (
    CompileOptions,
    Part,
    asks,
    claimed,
    compile_source,
    has_parts,
    needs_name,
    reads_bytes,
    split_source,
    version_of,
    version_of_parts,
)
from ray_lineage.model import SILENT, Diagnostic, FactsHead, FileFacts, SourceFile, decode_head, encode_facts, part_path
from ray_lineage.sources.scan import SourceFault, read_bytes, read_head

SOFT_SECONDS: Final = 10.0
SOFT_SECONDS_PER_MB: Final = 1.0
_HARD: Final = 2.0  # times the soft limit
_AGAIN_SECONDS: Final = 0.2
GIVEN_UP: Final = "given up"
_TOO_LARGE: Final = "RL005"
_HEAD: Final = 1 << 16  # bytes
_GUESSED: Final = b"RL013"  # the diagnostic of it


def soft_seconds(size: int) -> float:
    """CPU seconds that a file of so many bytes may take before it is given up."""
    return SOFT_SECONDS + SOFT_SECONDS_PER_MB * size / 1e6


def hard_seconds(size: int) -> float:
    """CPU seconds after which its process is ended, if it hangs where nothing can be raised (in native code)."""
    return _HARD * soft_seconds(size)


class Given(msgspec.Struct, frozen=True, array_like=True):
    """A file that another one asked for by ``name``, as its content hash was; ``content`` as in :class:`Task`."""

    name: str
    file: SourceFile
    content: bytes | None = None

    @property
    def content_of(self) -> tuple[str, str]:
        """What it is to who asked."""
        return self.name, self.file.sha256


class Task(msgspec.Struct, frozen=True, array_like=True):
    """One file to compile, if ``fresh`` whatever the cache knows. ``content`` holds its bytes when workers cannot see the file
    system, read at ``read_at_ns``. Of a file of more than ``limit`` bytes nothing is read. ``given``: other files that its facts
    depend on, as they asked for them before. ``whole``: it is not cut into parts. ``held``: a content hash; the graph has the parts
    that the file had with that content, and is not told again of those that are as they were."""

    file: SourceFile
    options: CompileOptions
    encoding: str = ""
    content: bytes | None = None
    read_at_ns: int = 0
    fresh: bool = False
    limit: int = 20_000_000
    given: tuple[Given, ...] = ()
    whole: bool = False
    held: str = ""

    @property
    def may_be_cut(self) -> bool:
        """Are its parts files of their own, if it has any?"""
        return not self.whole and has_parts(self.options.formats)

    def key(self, sha256: str, given: Mapping[str, bytes] | None = None) -> bytes:
        """Under which the parse cache has the facts of this content, with these files given, or as the task says."""
        version = version_of(self.options.formats) + self.encoding
        if self.whole and has_parts(self.options.formats):
            version += "whole"
        if self.given:
            hashes = [g.content_of for g in self.given]
            if given is not None:
                hashes = [(name, hashlib.sha256(data).hexdigest()) for name, data in given.items()]
            version += msgspec.json.encode(hashes).decode()
        return cache_key(sha256, self.options, version)


class Meta(msgspec.Struct, frozen=True, array_like=True):
    """What became of one file. ``outcome``: ``facts``, or ``gone`` / ``unreadable`` / ``given up`` (then there are none). What
    was given up for want of time or memory may be understood another time: nothing is known of it, and what the graph holds
    of it stays.
    ``other``: the file that was read had another size or time than the one that was found.
    ``dialect`` is what the file was read as, ``confidence`` (0..1) how sure that is; where it was given, the latter is negative.
    ``encoding``, ``needs``, ``provides`` and ``evidence``: as in ``FileFacts``. ``container``: the file that this is a part of; what
    becomes of that follows from it alone. ``silent``: it says nothing, and is in no graph."""

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
    encoding: str = ""
    needs: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    evidence: dict[str, int] = {}
    container: str = ""
    silent: bool = False


_NO_MEMORY: Final = "there was not enough memory for it"


class SoftTimeout(BaseException):
    """Raised inside the compiler by the alarm; a BaseException so that no handler there can swallow it."""


class _Limit:
    """So many CPU seconds for what runs inside. It rings again and again: what is raised inside of a finalizer, or of a callback
    of the garbage collector, is swallowed by the interpreter."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        _alarm.set()
        signal.setitimer(signal.ITIMER_PROF, self._seconds, _AGAIN_SECONDS)
        _alarm.rings = True

    def __exit__(self, *_: object) -> None:
        _alarm.rings = False
        signal.setitimer(signal.ITIMER_PROF, 0)


class _Alarm:
    """Handles the signal of the limits, for good: to do so for each file takes as long as to link a small one. One that is still on
    its way when a limit has ended does nothing; by default it would end the process."""

    def __init__(self) -> None:
        self.rings = False
        self._unraisable: Callable[[sys.UnraisableHookArgs], object] | None = None

    def set(self) -> None:
        """On the main thread."""
        if self._unraisable is None:
            signal.signal(signal.SIGPROF, self._expire)
            self._unraisable, sys.unraisablehook = sys.unraisablehook, self._swallowed

    def _expire(self, _: int, frame: FrameType | None) -> None:
        # where a limit is switched on or off it is not raised: it would stay on for what comes next
        if self.rings and (frame is None or frame.f_code not in _SWITCHES):
            raise SoftTimeout

    def _swallowed(self, told: sys.UnraisableHookArgs) -> None:
        """It is raised again in a moment; nobody needs to hear of it."""
        if told.exc_type is not SoftTimeout and self._unraisable is not None:
            self._unraisable(told)


_SWITCHES: Final = (_Limit.__enter__.__code__, _Limit.__exit__.__code__)
_alarm: Final = _Alarm()


def time_limit(seconds: float) -> AbstractContextManager[None]:
    """Raise SoftTimeout after so many seconds of this process's CPU time: a process that is stopped, or a machine that is busy
    or asleep, costs a file nothing. Only the main thread can be interrupted; elsewhere there is no limit."""
    return _Limit(seconds) if threading.current_thread() is threading.main_thread() else contextlib.nullcontext()


def parse_batch(
    tasks: Sequence[Task],
    cache: ParseCache | None,
    on_file: Callable[[str], None] | None = None,
    hurried: Callable[[], bool] | None = None,
) -> tuple[list[Meta], list[bytes]]:
    """Facts of a batch (empty bytes where there are none), or of its first files, if it is ``hurried`` meanwhile; those of a
    file's parts follow its own. ``on_file(path)`` is told which file comes next (empty: none any more). Never raises."""
    metas: list[Meta] = []
    payload: list[bytes] = []
    fresh: list[tuple[bytes, bytes]] = []
    for task in tasks:
        if on_file is not None:
            on_file(task.file.path)
        started = time.perf_counter()
        meta, facts, entries, parts = _one(task, cache)
        seconds = time.perf_counter() - started
        size = task.file.size
        meta = msgspec.structs.replace(meta, seconds=seconds, size=size, facts_size=len(facts), silent=facts == SILENT)
        metas.append(meta)
        payload.append(facts)
        metas.extend(part for part, _ in parts)
        payload.extend(facts for _, facts in parts)
        fresh.extend(entries)
        if hurried is not None and hurried():
            break
    if on_file is not None:
        on_file("")
    if cache is not None:
        cache.put_many(fresh)
    return metas, payload


def shown(task: Task, meta: Meta, facts: bytes) -> Meta:
    """With the dialect that the file showed itself, where none was given, and the encoding if that was guessed."""
    if not facts or (task.options.dialect and _GUESSED not in facts and not asks(task.options.formats)):
        return meta
    return _showing(task, meta, decode_head(facts))


def _showing(task: Task, meta: Meta, said: FileFacts | FactsHead) -> Meta:
    meta = msgspec.structs.replace(meta, encoding=said.encoding, needs=said.needs, provides=said.provides)
    if task.options.dialect:
        return msgspec.structs.replace(meta, dialect=said.dialect)
    return msgspec.structs.replace(meta, dialect=said.dialect, confidence=said.confidence, evidence=said.evidence)


Entry = tuple[bytes, bytes]
"""Of the cache."""


class _Done(NamedTuple):
    """What became of a file, what is new to the cache, and the file's parts."""

    meta: Meta
    facts: bytes
    entries: Sequence[Entry] = ()
    parts: Sequence[tuple[Meta, bytes]] = ()


def _one(task: Task, cache: ParseCache | None) -> _Done:
    try:
        return _looked_at(task, cache)
    except MemoryError:  # its bytes alone are too many, or its facts
        given_up = _given_up("RL191", _NO_MEMORY).given_up
        return _Done(Meta(task.file.path, GIVEN_UP, diagnostic=given_up), b"")


def _looked_at(task: Task, cache: ParseCache | None) -> _Done:
    path = task.file.path
    now = task.read_at_ns or time.time_ns()
    if (
        task.file.sha256 and cache is not None and not task.fresh
    ):  # the stat index knows the content: no need to read it
        known = cache.get_many([task.key(task.file.sha256)])[0]
        parts = known_parts(task, known, cache) if known is not None else None
        if known is not None and parts is not None:
            return _Done(shown(task, Meta(path, "facts", task.file.sha256, True), known), known, (), parts)
    try:
        data = task.content if task.content is not None else read_bytes(task.file, task.limit)
    except SourceFault as fault:
        meta, facts = skipped(task, fault, now)
        return _Done(shown(task, meta, facts), facts)
    sha256 = hashlib.sha256(data).hexdigest()
    given = dict(_read_given(task))
    key = task.key(sha256, given)
    if cache is not None and not task.fresh:
        known = cache.get_many([key])[0]
        parts = known_parts(task, known, cache) if known is not None else None
        if known is not None and parts is not None:
            meta = Meta(path, "facts", sha256, True, now, other=_is_other(task))
            return _Done(shown(task, meta, known), known, (), parts)
    if task.may_be_cut:
        meta = Meta(path, "facts", sha256, False, now, other=_is_other(task))
        done = _Cut(task, data, cache).read(task, meta, key)
        if done is not None:
            return done
    compiled = compile_bytes(data, task.options, task.encoding, given)
    if compiled.given_up is not None:
        return _Done(Meta(path, GIVEN_UP, sha256, diagnostic=compiled.given_up), b"")
    encoded = encode_facts(compiled.facts)
    meta = _showing(task, Meta(path, "facts", sha256, False, now, other=_is_other(task)), compiled.facts)
    return _Done(meta, encoded, [(key if compiled.named else nameless(key), encoded)] if compiled.keep else ())


# ---------------------------------------------------------------------- files with parts


def part_key(sha256: str) -> bytes:
    """Under which the parse cache has the facts of a part with this content, whatever it is called."""
    return hashlib.blake2b(sha256.encode(), digest_size=16, key=_part_salt(version_of_parts())).digest()


@functools.cache
def _part_salt(version: str) -> bytes:
    return hashlib.blake2b(b"part " + version.encode()).digest()


def _cut_key(task: Task) -> bytes:
    """Under which the parse cache has what the last cut of this file left, whatever its content was then."""
    path = f"{task.file.root}/{task.file.name}".encode("utf-8", "surrogateescape")
    return cache_key("", task.options, f"cut {version_of(task.options.formats)} {hashlib.sha256(path).hexdigest()}")


def _part_meta(container: str, name: str, sha256: str, facts: bytes) -> Meta:
    return Meta(part_path(container, name), "facts", sha256, True, facts_size=len(facts), container=container)


def known_parts(task: Task, facts: bytes, cache: ParseCache) -> list[tuple[Meta, bytes]] | None:
    """The parts of a file whose facts are known, with theirs; None if the cache has lost some of them."""
    parts = decode_head(facts).parts if task.may_be_cut else ()
    found = cache.get_many([part_key(sha256) for _, sha256 in parts])
    out: list[tuple[Meta, bytes]] = []
    for (name, sha256), known in zip(parts, found, strict=True):
        if known is None:
            return None
        out.append((_part_meta(task.file.path, name, sha256, known), known))
    return out


class _Cut:
    """A file that is cut into its parts: those are compiled that the cache does not know, and those are left out that the graph
    has."""

    def __init__(self, task: Task, data: bytes, cache: ParseCache | None) -> None:
        self._container = task.file.path
        self._named = needs_name(data, task.options)
        self._cache = None if task.fresh else cache
        self._compile: Callable[[bytes], FileFacts] | None = None
        self._parts: list[Part] = []
        self._entries: list[Entry] = []
        self._held, self._all_ok = self._held_parts(task)
        self._own = _guarded(len(data), lambda: self._split(data, task))
        self._done: list[tuple[Meta, bytes]] = []

    def _held_parts(self, task: Task) -> tuple[dict[str, str], bool]:
        """Content hashes of the parts that the graph has; and is there nothing to be said of any of them?"""
        facts = self._cache.get_many([task.key(task.held)])[0] if self._cache is not None and task.held else None
        if facts is None:
            return {}, False
        head = decode_head(facts)
        return dict(head.parts), head.status == "ok"

    def _split(self, data: bytes, task: Task) -> Compiled:
        before = self._cache.get_many([_cut_key(task)])[0] if self._cache is not None else None
        own = self._split_with(data, task, before or b"")
        if own is not None and not self._has_all():
            own = self._split_with(data, task, b"")
        return Compiled(own or FileFacts("", "skipped"))

    def _split_with(self, data: bytes, task: Task, before: bytes) -> FileFacts | None:
        found = split_source(data, task.options, before)
        if found is None:
            return None
        parts, self._compile = found
        self._parts = list(parts.each)
        left = parts.left(self._parts)
        self._entries = [(nameless(_cut_key(task)), left)] if left and left != before else []
        return parts.own

    def _has_all(self) -> bool:
        """Are the facts there of all parts that are as they were?"""
        keys = [part_key(part.sha256) for part in self._parts if not part.content]
        return not keys or (self._cache is not None and all(self._cache.contains(keys, used=True)))

    def read(self, task: Task, meta: Meta, key: bytes) -> _Done | None:
        """The file with its parts; None if it has none. A part that takes too much time or memory has the whole given up: what
        the graph holds of it stays."""
        if not self._parts:
            return None
        keep, status = self._own.keep, self._own.facts.status
        for compiled in self._compiled():
            if compiled.given_up is not None:
                return _Done(Meta(meta.path, GIVEN_UP, meta.sha256, diagnostic=compiled.given_up), b"", self._entries)
            keep = keep and compiled.keep
            status = "partial" if compiled.facts.status != "ok" else status
        names = tuple((part.name, part.sha256) for part in self._parts)
        own = msgspec.structs.replace(self._own.facts, status=status, parts=names)
        encoded = encode_facts(own)
        entry = (key if self._named else nameless(key), encoded)
        entries = [*self._entries, entry] if keep else self._entries
        return _Done(_showing(task, meta, own), encoded, entries, self._done)

    def _compiled(self) -> Iterator[Compiled]:
        held = {part.name for part in self._parts if self._held.get(part.name) == part.sha256}
        parts = [part for part in self._parts if not (self._all_ok and part.name in held)]
        keys = [part_key(part.sha256) for part in parts]
        known = self._cache.get_many(keys) if self._cache is not None else [None] * len(keys)
        for part, key, facts in zip(parts, keys, known, strict=True):
            if facts is None:
                compiled = self._compile_part(part)
                facts = encode_facts(compiled.facts)
                if compiled.keep:
                    self._entries.append((key, facts))
            else:
                compiled = Compiled(FileFacts("", decode_head(facts).status))
            if part.name not in held:
                self._done.append((_part_meta(self._container, part.name, part.sha256, facts), facts))
            yield compiled

    def _compile_part(self, part: Part) -> Compiled:
        assert self._compile is not None
        compile_part = self._compile
        done = _guarded(len(part.content), lambda: Compiled(compile_part(part.content)))
        if done.given_up is None:
            return done
        said = f"{part.name}: {done.given_up.message}"
        return done._replace(given_up=msgspec.structs.replace(done.given_up, message=said))


def _read_given(task: Task) -> Iterator[tuple[str, bytes]]:
    """The files that are given, by what they are called; one that is gone is not. One file may be given by many names."""
    read: dict[str, bytes] = {}
    for given in task.given:
        path = given.file.path
        try:
            if path not in read:
                read[path] = given.content if given.content is not None else read_bytes(given.file, task.limit)
        except SourceFault:
            continue
        yield given.name, read[path]


def _is_other(task: Task) -> bool:
    """Was a file read that differs from the one that was found: changed since, or of a node with a clone of its own?"""
    if task.content is not None:
        return False
    try:
        found = os.stat(os.path.join(task.file.root, task.file.name), follow_symlinks=False)
    except OSError:
        return False  # it went after it was read
    return (found.st_size, found.st_mtime_ns) != (task.file.size, task.file.mtime_ns)


def skipped(task: Task, fault: SourceFault, now: int) -> tuple[Meta, bytes]:
    """A file that gave no bytes at ``now`` (ns): gone, unreadable, or skipped, which is a fact with a diagnostic."""
    path = task.file.path
    if fault.status != "skipped":
        return Meta(path, fault.status, diagnostic=fault.diagnostic), b""
    said = () if fault.diagnostic.code == _TOO_LARGE and _is_foreign(task) else (fault.diagnostic,)
    facts = FileFacts("", "skipped", diagnostics=said)
    return Meta(path, "facts", stand_in(task.file, task.limit), read_at_ns=now), encode_facts(facts)


def _is_foreign(task: Task) -> bool:
    """Is a file that is too large none of ours by what it begins with, such as any JSON?"""
    formats = task.options.formats
    return reads_bytes(formats) and not claimed(formats, task.options.model, read_head(task.file, _HEAD))


def stand_in(file: SourceFile, limit: int) -> str:
    """In place of a content hash, of a file that is not read, because it is larger than the ``limit``: it is looked at again
    when its time or size changes, or the limit."""
    return hashlib.sha256(f"{file.size}:{file.mtime_ns}:{limit}".encode()).hexdigest()


class Compiled(NamedTuple):
    """``keep``: the same bytes always give these facts, so they may be cached. ``named``: for a file of that name only.
    ``given_up``: why there are none, though with more time or memory there might be."""

    facts: FileFacts
    keep: bool = True
    named: bool = False
    given_up: Diagnostic | None = None


def compile_bytes(
    data: bytes, options: CompileOptions, encoding: str = "", given: Mapping[str, bytes] | None = None
) -> Compiled:
    """Decode and compile within the limits."""

    def compiled() -> Compiled:
        if reads_bytes(options.formats):
            return Compiled(compile_source(data, options, (), given), named=needs_name(data, options))
        return _compile_text(data, options, encoding, given)

    return _guarded(len(data), compiled)


def _guarded(size: int, work: Callable[[], Compiled]) -> Compiled:
    """What comes of work on so many bytes within the limits."""
    seconds = soft_seconds(size)
    try:
        with time_limit(seconds):
            return work()
    except SoftTimeout:
        return _given_up("RL190", f"it was given up after {seconds:.0f} s of work")
    except MemoryError:
        return _given_up("RL191", _NO_MEMORY)
    except RecursionError:
        return _failed("RL192", "nested too deeply", keep=True)
    except Exception as error:
        text = f"a fault of ray_lineage ({type(error).__name__}: {error}); please report it"
        return _failed("RL199", text, keep=False)


def overran(path: str, size: int) -> Meta:
    """What becomes of a file that took its hard limit."""
    given_up = _given_up("RL190", f"it was ended after {hard_seconds(size):.0f} s in native code").given_up
    return Meta(path, GIVEN_UP, size=size, diagnostic=given_up)


def _compile_text(data: bytes, options: CompileOptions, encoding: str, given: Mapping[str, bytes] | None) -> Compiled:
    from ray_lineage.sources.decode import decode

    decoded = decode(data, encoding)
    if decoded.skip:
        return Compiled(FileFacts("", "skipped", diagnostics=decoded.diagnostics))
    facts = compile_source(decoded.text, options, decoded.diagnostics, given)
    if decoded.guessed:
        facts = msgspec.structs.replace(facts, encoding=decoded.guessed)
    return Compiled(facts, named=needs_name(decoded.text, options))


def _failed(code: str, message: str, *, keep: bool) -> Compiled:
    return Compiled(FileFacts("", "failed", diagnostics=(Diagnostic(code, "error", message),)), keep)


def _given_up(code: str, message: str) -> Compiled:
    text = f"{message}; what the graph holds of it stays. Split the file, or leave it out with `ignore`"
    diagnostic = Diagnostic(code, "error", text)
    return Compiled(FileFacts("", "failed", diagnostics=(diagnostic,)), False, given_up=diagnostic)
