"""Where a product's processes spend their CPU: put into all of them as ``sitecustomize``, whatever revision they are of.

Functions that are stages (those of :data:`STAGES` that a revision has) are wrapped when their module is imported; each thread's
CPU counts for the innermost stage that it is in. Every process writes its figures to a file of its own, at the end of an
outermost stage (a worker may be killed) and at its own end. Standard library alone.
"""

from __future__ import annotations

import atexit
import functools
import importlib.machinery
import inspect
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

STAGES = {
    "ray_lineage.runtime.plan": {"Plan.read": "scan"},
    "ray_lineage.sources.statindex": {"StatIndex.load": "stat index", "StatIndex.save": "stat index"},
    "ray_lineage.link.linker": {
        "Linker.put": "put", "Linker.settle": "settle", "Linker.shared": "share catalog", "Linker.linked": "note linked",
        "Linker.link": "link", "Linker.save": "save linker", "Linker.restore": "restore linker",
    },
    "ray_lineage.runtime.parse": {"parse_batch": "compile"},
    "ray_lineage.runtime.linking": {"link_share": "link"},
    "ray_lineage.graph.pack": {"pack": "rows"},
    "ray_lineage.graph.sqlite": {
        "SqliteStore.load": "store", "SqliteStore.apply": "store", "SqliteStore.settle": "store", "SqliteStore.state": "store",
        "SqliteStore.acquire": "store", "SqliteStore.counts": "counts", "SqliteStore.files_overview": "counts",
        "SqliteStore.files_with_status": "counts",
    },
    "ray_lineage.graph.ladybug": {
        "LadybugStore.apply": "store", "LadybugStore.settle": "store", "LadybugStore.state": "store",
        "LadybugStore.acquire": "store", "LadybugStore.counts": "counts", "LadybugStore.files_overview": "counts",
    },
    "ray_lineage.graph.neo4j": {
        "Neo4jStore.load": "store", "Neo4jStore.apply": "store", "Neo4jStore.settle": "store", "Neo4jStore.state": "store",
    },
}  # fmt: skip
FOLDER = os.environ.get("ENGINE_PROBE", "")
_PAUSE = 0.05  # seconds between writes


class _Figures:
    """CPU seconds of this process by stage; what no stage took is left."""

    def __init__(self) -> None:
        self.cpu: dict[str, float] = {}
        self.written = 0.0
        self.stacks = threading.local()

    def stack(self) -> list[list[Any]]:
        """Of this thread: [stage, CPU when it was entered or went on]."""
        if not hasattr(self.stacks, "of"):
            self.stacks.of = []
        found: list[list[Any]] = self.stacks.of
        return found

    def enter(self, stage: str) -> None:
        now, stack = time.thread_time(), self.stack()
        if stack:
            self.add(stack[-1][0], now - stack[-1][1])
        stack.append([stage, now])

    def leave(self) -> None:
        now, stack = time.thread_time(), self.stack()
        stage, since = stack.pop()
        self.add(stage, now - since)
        if stack:
            stack[-1][1] = now
        elif time.monotonic() - self.written > _PAUSE:
            self.write()

    def add(self, stage: str, seconds: float) -> None:
        self.cpu[stage] = self.cpu.get(stage, 0.0) + seconds

    def write(self) -> None:
        self.written = time.monotonic()
        path = os.path.join(FOLDER, f"{os.getpid()}.json")
        with open(f"{path}.{threading.get_ident()}", "w", encoding="utf-8") as out:
            json.dump({"stages": self.cpu, "cpu": time.process_time(), "argv": sys.orig_argv[:6]}, out)
        os.replace(out.name, path)


_figures = _Figures()


def _reset() -> None:
    global _figures
    _figures = _Figures()


def staged(function: Callable[..., Any], stage: str) -> Callable[..., Any]:
    """The function, whose CPU counts for a stage; of a generator: that of its steps."""
    if inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def steps(*args: Any, **kwargs: Any) -> Iterator[Any]:
            made = function(*args, **kwargs)
            while True:
                _figures.enter(stage)
                try:
                    item = next(made)
                except StopIteration:
                    return
                finally:
                    _figures.leave()
                yield item

        return steps

    @functools.wraps(function)
    def once(*args: Any, **kwargs: Any) -> Any:
        _figures.enter(stage)
        try:
            return function(*args, **kwargs)
        finally:
            _figures.leave()

    return once


class _Finder:
    """Wraps the stages of a module when it was imported."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name not in STAGES:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is None or spec.loader is None:
            return None
        load = spec.loader.exec_module

        def exec_module(module: Any) -> None:
            load(module)
            for place, stage in STAGES[name].items():
                _wrap(module, place.split("."), stage)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def _wrap(module: Any, place: list[str], stage: str) -> None:
    owner = module if len(place) == 1 else getattr(module, place[0], None)
    if owner is None:
        return
    plain = vars(owner).get(place[-1]) if owner is not module else getattr(module, place[-1], None)
    if isinstance(plain, classmethod):
        setattr(owner, place[-1], classmethod(staged(plain.__func__, stage)))
    elif callable(plain):
        setattr(owner, place[-1], staged(plain, stage))


if FOLDER:
    sys.meta_path.insert(0, _Finder())  # type: ignore[arg-type]
    os.register_at_fork(after_in_child=_reset)
    atexit.register(lambda: _figures.write())
    _exit = os._exit

    def _leave(code: int) -> None:
        _figures.write()
        _exit(code)

    os._exit = _leave  # type: ignore[assignment]
