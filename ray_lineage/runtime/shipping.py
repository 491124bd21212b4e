"""Can the nodes of a cluster see the files, or does the driver have to send their bytes?

A few small files are looked at from every node. They must be the very same files (size, time, inode and content), as on
a shared file system: a clone of its own on each node has the right paths, but may be of another day.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from ray_lineage.model import SourceFile
from ray_lineage.runtime.parse import Given, Meta, Task, skipped
from ray_lineage.settings import Settings
from ray_lineage.sources.scan import SourceFault, read_bytes

ANSWER_SECONDS: Final = 10.0
_SAMPLES: Final = 3
_MOST_SAMPLES: Final = 16
_SMALL: Final = 1_000_000  # bytes of a sample
_NAMED: Final = 3

Identity = tuple[int, int, int, str]
"""Size, mtime_ns, inode, SHA-256 (hex) of a file."""


class Decision(msgspec.Struct, frozen=True):
    """Does the driver send the bytes? ``reason`` is a sentence for the summary, empty if there is nothing to say."""

    ship: bool
    reason: str = ""


# --------------------------------------------------------------------------- pure


def choose_samples(files: Iterable[SourceFile]) -> list[SourceFile]:
    """Up to three small files of folders far apart, but one of each root (each may be a mount of its own)."""
    by_root: dict[str, dict[str, SourceFile]] = {}
    for file in files:
        folders = by_root.setdefault(file.root, {})
        folder = os.path.dirname(file.path)
        best = folders.get(folder)
        if best is None or _worth(file) < _worth(best):
            folders[folder] = file
    chosen: list[SourceFile] = []
    each = max(1, _SAMPLES // max(1, len(by_root)))
    for folders in list(by_root.values())[:_MOST_SAMPLES]:
        found = sorted(folders.values(), key=lambda f: f.path)
        small = [f for f in found if f.size <= _SMALL] or found[:1]
        last = len(small) - 1
        places = {round(i * last / max(1, each - 1)) for i in range(each)}
        chosen.extend(small[i] for i in sorted(places))
    return chosen


def _worth(file: SourceFile) -> tuple[bool, int, str]:
    """Smaller is better, but an empty file says little."""
    return (file.size == 0, file.size, file.path)


def decide(
    samples: Sequence[SourceFile],
    here: Sequence[Identity | None],
    answers: Mapping[str, Sequence[Identity | None] | None],
) -> Decision:
    """``here``: the samples as the driver sees them (None: it cannot); ``answers``: the same by node, None for a node that
    did not answer in time."""
    if answers and not any(here):
        return Decision(
            True, "files are sent to the workers: none of the samples could be read, to see who shares the disk"
        )
    blind: list[str] = []
    for node, seen in sorted(answers.items()):
        if seen is None:
            blind.append(f"{node} did not answer in time")
            continue
        for sample, ours, theirs in zip(samples, here, seen, strict=True):
            if ours is not None and theirs != ours:
                blind.append(f"{node} {'does not see' if theirs is None else 'has another'} {sample.path}")
                break
    if not blind:
        return Decision(False)
    more = f", and {len(blind) - _NAMED} nodes more" if len(blind) > _NAMED else ""
    return Decision(
        True, f"files are sent to the workers, which do not share the disk: {'; '.join(blind[:_NAMED])}{more}"
    )


# --------------------------------------------------------------------------- looking


def identities(samples: Sequence[SourceFile]) -> list[Identity | None]:
    """The samples as this node sees them. Never raises."""
    return [_identity(s) for s in samples]


def _identity(sample: SourceFile) -> Identity | None:
    path = os.path.join(sample.root, sample.name)
    try:
        data = read_bytes(sample, max(_SMALL, sample.size))
        info = os.stat(path, follow_symlinks=False)
    except (OSError, SourceFault, ValueError):
        return None
    return info.st_size, info.st_mtime_ns, info.st_ino, hashlib.sha256(data).hexdigest()


Look = Callable[[Sequence[SourceFile]], list[Identity | None]]


def _answer(look: Look, samples: Sequence[SourceFile]) -> tuple[str, list[Identity | None]]:
    """What a node says: its id and what it sees."""
    import ray

    return ray.get_runtime_context().get_node_id(), look(samples)


async def choose(settings: Settings, tasks: Sequence[Task]) -> Decision:
    """As set by ``source``; ``auto`` asks the nodes. To be called inside an actor (or a driver) of a running cluster."""
    if settings.source == "shared":
        return Decision(False)
    if settings.source == "ship":
        return Decision(True, "files are sent to the workers, as set")
    return await visible_on_all([t.file for t in tasks])


async def visible_on_all(
    files: Iterable[SourceFile], seconds: float = ANSWER_SECONDS, look: Look = identities
) -> Decision:
    """Ask every living node that can run a parse actor, but this one. A node that dies meanwhile is not waited for."""
    import ray

    me = ray.get_runtime_context().get_node_id()
    nodes = {
        n["NodeID"]: _name(n) for n in ray.nodes() if n["Alive"] and n["Resources"].get("CPU", 0) and n["NodeID"] != me
    }
    samples = choose_samples(files) if nodes else []
    if not samples:
        return Decision(False)
    here = await asyncio.to_thread(look, samples)
    found = await asyncio.gather(*(_ask(node, samples, seconds, look) for node in nodes))
    answers = {nodes[node]: seen for node, (real, seen) in zip(nodes, found, strict=True) if real in ("", node)}
    return decide(samples, here, answers)


def _name(node: Mapping[str, Any]) -> str:
    return f"node {node.get('NodeManagerAddress') or 'of no address'} ({node['NodeID'][:6]})"


async def _ask(
    node: str, samples: Sequence[SourceFile], seconds: float, look: Look
) -> tuple[str, list[Identity | None] | None]:
    """The id of the node that answered (empty: none did in time) and what it sees."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    there = NodeAffinitySchedulingStrategy(node, soft=True)
    remote = ray.remote(_answer).options(num_cpus=0, max_retries=0, scheduling_strategy=there)
    reference = remote.remote(look, list(samples))
    try:
        real, seen = await asyncio.wait_for(_awaited(reference), seconds)
    except (TimeoutError, ray.exceptions.RayError):
        with contextlib.suppress(ray.exceptions.RayError):
            ray.cancel(reference, force=True)
        return "", None
    return real, seen


async def _awaited(reference: Any) -> tuple[str, list[Identity | None]]:
    answer: tuple[str, list[Identity | None]] = await reference
    return answer


# --------------------------------------------------------------------------- sending


def fill(task: Task) -> Task | tuple[Meta, bytes]:
    """The task with its file's bytes; or, where there are none to send, what became of the file and its facts, as
    ``parse_batch`` would have said (facts of a file that is skipped, no bytes of one that is gone or unreadable)."""
    now = time.time_ns()
    try:
        data = read_bytes(task.file, task.limit)
    except SourceFault as fault:
        return skipped(task, fault, now)
    given = tuple(_filled(g, task.limit) for g in task.given)
    return msgspec.structs.replace(task, content=data, read_at_ns=now, given=given)


def _filled(given: Given, limit: int) -> Given:
    """One that cannot be read is left for the worker to miss."""
    with contextlib.suppress(SourceFault):
        return msgspec.structs.replace(given, content=read_bytes(given.file, limit))
    return given


def elsewhere(task: Task, meta: Meta) -> bool:
    """Did a worker read another file, while the one here is as it was found? Then its node has a clone of its own."""
    if not meta.other:
        return False
    here = _identity(task.file)
    return here is not None and here[:2] == (task.file.size, task.file.mtime_ns) and here[3] != meta.sha256


def refuted(task: Task, meta: Meta) -> bool:
    """Does a worker call a file gone or unreadable that can be read here? Then its node does not see the files (one that
    joined later, or lost its mount), and the file has to be sent."""
    if meta.outcome not in ("gone", "unreadable") or task.content is not None:
        return False
    return _identity(task.file) is not None
