"""A worker's bench: what is done to a batch inside a process of its own, whoever started that (:mod:`.nursery`, or Ray).

A breadcrumb names the file at hand, so that the next one to come knows what killed the process. A soft limit on the time of one
file raises inside the compiler, a hard one has the kernel end the process, one on memory gives a clean MemoryError. Both limits
on time are of CPU time: a process that is stopped or gets no CPU loses no file.
"""

from __future__ import annotations

import contextlib
import faulthandler
import math
import mmap
import os
import resource
import signal
import socket
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from ray_lineage.cache import ParseCache
from ray_lineage.compile import few_collections
from ray_lineage.link.shared import SharedCatalog
from ray_lineage.runtime.crew import Death, Report, this_machine
from ray_lineage.runtime.linking import Facts, LinkPlan, LinkReport, encode_share, link_share, soft_limit
from ray_lineage.runtime.parse import Meta, Task, hard_seconds, parse_batch

if TYPE_CHECKING:
    from ray_lineage.settings import Settings

MEMORY_LIMIT: Final = 2 * 2**30
"""RLIMIT_DATA: a clean MemoryError instead of the machine's OOM killer."""
RUN_PREFIX: Final = "ray_lineage-run-"
_CRUMB_BYTES: Final = 4096
_MEMORY_SECONDS: Final = 0.5
_STACK: Final = ".stack"


class Breadcrumb:
    """Names the file that a worker is at, in a small mapped file that outlives the worker's death. Its last byte is for
    the driver, if that is on the same machine: it hurries the worker."""

    def __init__(self, path: str) -> None:
        self._path = path
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            os.ftruncate(handle, _CRUMB_BYTES)
            self._map = mmap.mmap(handle, _CRUMB_BYTES)
        finally:
            os.close(handle)

    def read(self) -> str:
        """The file being worked on, empty if none."""
        size = int.from_bytes(self._map[:4], "little")
        return self._map[4 : 4 + size].decode("utf-8", "replace")

    @property
    def stack(self) -> str:
        """Path of the file in which the worker leaves its stack when it takes too long; empty or missing: it did not."""
        return self._path + _STACK

    def death(self) -> Death:
        """What the worker died on."""
        with contextlib.suppress(OSError):
            return Death(self.read(), os.stat(self.stack).st_size > 0)
        return Death(self.read())

    def write(self, path: str) -> None:
        """Now this file (empty: none)."""
        data = path.encode("utf-8", "replace")[: _CRUMB_BYTES - 5]
        self._map[: 4 + len(data)] = len(data).to_bytes(4, "little") + data

    @property
    def hurried(self) -> bool:
        """Something urgent waits for the worker."""
        return self._map[-1] != 0

    @hurried.setter
    def hurried(self, value: bool) -> None:
        self._map[-1] = value


class CpuLimit:
    """The kernel ends this process when it has used so much CPU, whatever it hangs in; its stack is written before."""

    def __init__(self, stack: str) -> None:
        """``stack``: path of the file for it, emptied now."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        self._stack = os.open(stack, flags, 0o600)
        faulthandler.register(signal.SIGXCPU, self._stack, chain=True)
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
        self._most = resource.getrlimit(resource.RLIMIT_CPU)[1]
        self._set = resource.RLIM_INFINITY

    def within(self, seconds: float) -> None:
        """From now on so many seconds, rounded up."""
        self._limit(math.ceil(time.process_time() + seconds))

    def lift(self) -> None:
        """No limit."""
        self._limit(self._most)

    def _limit(self, seconds: int) -> None:
        if seconds != self._set:
            self._set = seconds
            with contextlib.suppress(ValueError, OSError):  # more than the user's own limit
                resource.setrlimit(resource.RLIMIT_CPU, (seconds, self._most))


class Terms(msgspec.Struct, frozen=True, array_like=True):
    """What a bench has to know of the settings. ``cache_path``: where the node's parse cache lies, empty for none."""

    cache_path: str
    cache_max_bytes: int
    cache_max_entries: int | None

    @classmethod
    def of(cls, settings: Settings, cache_path: str) -> Terms:
        """Of these settings."""
        path = cache_path if settings.enable_parse_cache else ""
        return cls(path, settings.cache_max_bytes, settings.cache_max_entries)


class Bench:
    """One worker's. Synchronous, on its process's main thread (the alarm of the soft limit needs that)."""

    def __init__(self, terms: Terms, crumb: Breadcrumb) -> None:
        self._terms = terms
        self._crumb = crumb
        self._crumb.write("")
        self._crumb.hurried = False
        self._cpu = CpuLimit(crumb.stack)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_LIMIT, resource.RLIM_INFINITY))
        self._node = socket.gethostname()
        self._looked, self._memory, self._rss = 0.0, 0.0, 0
        self._facts = Facts()
        self._catalog: tuple[int, SharedCatalog] | None = None
        self._cache: ParseCache | None = None
        if terms.cache_path:
            self._cache = ParseCache.open(
                terms.cache_path, max_bytes=terms.cache_max_bytes, max_entries=terms.cache_max_entries
            )

    def parse(self, tasks: Sequence[Task]) -> tuple[Report, list[bytes]]:
        """Facts of a batch. A file over the hard limit ends this process; whatever ends it, the crumb names the file."""
        sizes = {t.file.path: t.file.size for t in tasks}

        def on_file(path: str) -> None:
            self._at(path, sizes[path]) if path else self._at_nothing()

        try:
            metas, payload = parse_batch(tasks, self._cache, on_file, lambda: self._crumb.hurried)
            for meta, facts in zip(metas, payload, strict=True):
                if meta.outcome == "facts":
                    self._facts.keep(meta.path, meta.sha256, facts)
            return self._report(metas), payload
        finally:
            self._cpu.lift()
            self._crumb.hurried = False

    def know(self, number: int, catalog: bytes) -> None:
        """The settled catalog to link with from now on."""
        self._catalog = None
        self._catalog = (number, SharedCatalog(catalog))

    def link(self, plan: LinkPlan, facts: Sequence[bytes]) -> tuple[LinkReport, bytes]:
        """A share of a plan's files (its ``tasks``), with their ``facts`` or (if those are empty) with those that were made
        here; the report, and the encoded share. The limits per file are those of parsing."""
        if self._catalog is None or self._catalog[0] != plan.catalog:
            return LinkReport(0, [], [], True, self._node, self._memory), b""
        sent = {t.path: f for t, f in zip(plan.tasks, facts, strict=False)}
        known = (lambda t: sent[t.path]) if facts else self._facts.of
        try:
            with few_collections():
                share, missing, faults = link_share(plan, plan.tasks, known, self._catalog[1], self._limit)
        finally:
            self._at_nothing()
            self._crumb.hurried = False
        self._look()
        report = LinkReport(len(share.files), missing, faults, False, self._node, self._memory)
        return report, encode_share(share)

    def _limit(self, path: str, size: int) -> contextlib.AbstractContextManager[None]:
        self._at(path, size)
        return soft_limit(path, size)

    def _at(self, path: str, size: int) -> None:
        """This file is next, of so many bytes."""
        self._crumb.write(path)
        self._cpu.within(hard_seconds(size))

    def _at_nothing(self) -> None:
        self._cpu.lift()
        self._crumb.write("")

    def _report(self, metas: list[Meta]) -> Report:
        self._look()
        return Report(metas, self._node, self._memory, self._rss)

    def _look(self) -> None:
        now = time.monotonic()
        if now - self._looked > _MEMORY_SECONDS:
            import psutil

            self._looked = now
            _, self._memory = this_machine()
            self._rss = psutil.Process().memory_info().rss

    def close(self) -> None:
        """Release the cache."""
        if self._cache is not None:
            self._cache.close()
