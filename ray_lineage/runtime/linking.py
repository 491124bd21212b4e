"""Linking a share of the files, wherever that is done: from facts and the settled catalog to what the store takes.

A worker keeps the facts of what it parsed, so that they need not come back to it; what it has not got is sent.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, Literal

import msgspec

from ray_lineage.graph.pack import Pack, pack
from ray_lineage.link.shared import link_file
from ray_lineage.link.spool import Spool
from ray_lineage.link.view import Answers
from ray_lineage.model import Contribution
from ray_lineage.runtime.parse import SoftTimeout, soft_seconds, time_limit

SHARE_FILES: Final = 64
"""Of one share: some 0.1 s of work, and half a megabyte of rows."""
_SPARE_BYTES: Final = 64 * 2**20

Rows = Literal["pack", "differences", "none"]
"""What is wanted of files whose fingerprint is not the stored one: packed rows for a first load, contributions to be compared
with what is stored, or nothing but the fingerprint."""


class LinkTask(msgspec.Struct, frozen=True, array_like=True):
    """A file to link. ``stored``: fingerprint of what the store holds of it, empty to have its rows in any case."""

    path: str
    sha256: str
    stored: str


class LinkPlan(msgspec.Struct, frozen=True, array_like=True):
    """All that is to be linked now. ``catalog`` numbers the settled catalog that it is to be done with."""

    project: str
    catalog: int
    rows: Rows
    tasks: list[LinkTask]


class LinkedFile(msgspec.Struct, frozen=True, array_like=True):
    """A file that was linked. ``diagnostics`` is JSON as in the graph; ``example`` a dataset that it writes, with so many
    ``flows``; ``uses`` is for :meth:`Linker.linked`."""

    path: str
    sha256: str
    fingerprint: str
    status: str
    diagnostics: str
    flows: int
    example: str
    uses: bytes


class Share(msgspec.Struct, frozen=True, array_like=True):
    """Some files linked, and the rows of those that differ from the store."""

    files: list[LinkedFile]
    packed: Pack | None
    contributions: list[Contribution]


class LinkFault(msgspec.Struct, frozen=True, array_like=True):
    """A file that could not be linked for want of time or memory."""

    path: str
    code: str
    message: str


def overtime(path: str) -> LinkFault:
    """A file took too long."""
    return LinkFault(path, "RL195", "its lineage was not finished in time")


class LinkReport(msgspec.Struct, frozen=True, array_like=True):
    """What a worker answers for a share. ``missing``: files of which it has no facts; ``lacks_catalog``: it did nothing, for
    want of the settled catalog. ``memory`` is the share of its machine's memory in use (0..1)."""

    linked: int
    missing: list[str]
    faults: list[LinkFault]
    lacks_catalog: bool
    node: str
    memory: float


_encoder = msgspec.msgpack.Encoder()
_shares = msgspec.msgpack.Decoder(Share)


def encode_share(share: Share) -> bytes:
    """As it travels."""
    return _encoder.encode(share)


def decode_share(data: bytes) -> Share:
    """Inverse of :func:`encode_share`."""
    return _shares.decode(data)


def linked_file(contribution: Contribution, uses: bytes = b"") -> LinkedFile:
    """What is told of a file besides its rows."""
    row = contribution.rows["File"][0]
    flows = contribution.rows.get("FLOWS_TO", ())
    example = _written(contribution, str(flows[0][1]).partition(":")[2].rpartition(".")[0]) if flows else ""
    return LinkedFile(
        contribution.path, str(row[3]), contribution.fingerprint, str(row[6]), str(row[7]), len(flows), example, uses
    )


def _written(contribution: Contribution, dataset: str) -> str:
    """A dataset as the file writes it, if it describes it."""
    return next((str(r[11]) for r in contribution.rows.get("Dataset", ()) if r[2] == dataset and r[11]), dataset)


def share_of(
    project: str, rows: Rows, stored: Callable[[str], str], linked: Iterable[tuple[Contribution, bytes]]
) -> Share:
    """Files that were linked, with the rows that are wanted. ``stored(path)``: the stored fingerprint."""
    files: list[LinkedFile] = []
    different: list[Contribution] = []
    for contribution, uses in linked:
        files.append(linked_file(contribution, uses))
        if contribution.fingerprint != stored(contribution.path):
            different.append(contribution)
    if rows == "pack":
        return Share(files, pack(project, different), [])
    return Share(files, None, different if rows == "differences" else [])


Limit = Callable[[str, int], contextlib.AbstractContextManager[None]]


def soft_limit(path: str, size: int) -> contextlib.AbstractContextManager[None]:
    """The limit of parsing, of a file with so many bytes of facts."""
    return time_limit(soft_seconds(size))


def link_share(
    plan: LinkPlan,
    tasks: Sequence[LinkTask],
    facts: Callable[[LinkTask], bytes | None],
    catalog: Answers,
    limit: Limit,
) -> tuple[Share, list[str], list[LinkFault]]:
    """Link these files of a plan; which of them lack facts, and which could not be linked within the limits.

    ``limit(path, size)`` guards the linking of one file with so many bytes of facts."""
    missing: list[str] = []
    faults: list[LinkFault] = []

    def linked() -> Iterator[tuple[Contribution, bytes]]:
        for task in tasks:
            found = facts(task)
            if found is None:
                missing.append(task.path)
                continue
            try:
                with limit(task.path, len(found)):
                    one = link_file(plan.project, task.path, task.sha256, found, catalog)
            except SoftTimeout:
                faults.append(overtime(task.path))
            except MemoryError:
                faults.append(LinkFault(task.path, "RL196", "there was not enough memory for its lineage"))
            else:
                yield one

    stored = {t.path: t.stored for t in tasks}
    share = share_of(plan.project, plan.rows, stored.__getitem__, linked())
    return share, missing, faults


class Facts:
    """Facts that a worker made, kept in a temporary file: the newest of each path."""

    def __init__(self) -> None:
        self._spool = Spool()
        self._places: dict[str, tuple[str, tuple[int, int]]] = {}

    def keep(self, path: str, sha256: str, facts: bytes) -> None:
        """Keep them, if the disk has room: else they are sent when they are needed."""
        known = self._places.pop(path, None)
        if known is not None:
            self._spool.release(known[1])
        if self._spool.wasted > max(_SPARE_BYTES, len(self._spool) // 2):
            self._spool.close()
            self._spool, self._places = Spool(), {}
        with contextlib.suppress(OSError):
            self._places[path] = (sha256, self._spool.add(facts))

    def of(self, task: LinkTask) -> bytes | None:
        """The facts of a file, if they are of this content."""
        known = self._places.get(task.path)
        return self._spool.read(known[1]) if known is not None and known[0] == task.sha256 else None
