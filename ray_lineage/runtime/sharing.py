"""Who links which files: a pure state machine.

Each worker first links what it parsed, whose facts it has; then it takes from whoever has most left, with the facts sent along.
What a lost worker had is cut in half and given to others; a file that ends three workers alone is the one to blame.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from ray_lineage.runtime.linking import SHARE_FILES, LinkFault, LinkPlan, LinkReport, LinkTask, overtime

_MAX_ATTEMPTS: Final = 3


class Lot(msgspec.Struct, frozen=True, eq=False):
    """Files for one worker, ``sent`` with their facts or made by it. They were lost ``attempts`` times."""

    tasks: list[LinkTask]
    sent: bool
    attempts: int = 0


class Sharing:
    """See the module. Every lot of :meth:`next` comes back through :meth:`done` or :meth:`failed`."""

    def __init__(self, plan: LinkPlan, made_by: Mapping[str, str], *, size: int = SHARE_FILES) -> None:
        """``made_by``: by path the name of the worker that has its facts."""
        self.plan = plan
        self.linked = 0
        self.faults: list[LinkFault] = []
        self._out = 0
        self._by_worker: dict[str, deque[Lot]] = {}
        tasks: dict[str, list[LinkTask]] = {}
        for task in plan.tasks:
            tasks.setdefault(made_by.get(task.path, ""), []).append(task)
        for worker, own in tasks.items():
            self._by_worker[worker] = deque(Lot(part, sent=not worker) for part in _cut(own, size))

    @property
    def finished(self) -> bool:
        """Is everything linked, or known to be impossible?"""
        return not self._out and not any(self._by_worker.values())

    def next(self, worker: str) -> Lot | None:
        """What a worker does next, None if nothing is left to be given out."""
        own = self._by_worker.get(worker)
        if own:
            self._out += 1
            return own.popleft()
        most = max(self._by_worker.values(), key=len, default=None)
        if not most:
            return None
        self._out += 1
        lot = most.pop()
        return Lot(lot.tasks, sent=True, attempts=lot.attempts)

    def done(self, lot: Lot, report: LinkReport) -> None:
        """A worker answered."""
        self._out -= 1
        self.linked += report.linked
        self.faults.extend(report.faults)
        if report.lacks_catalog:
            self._anyone().appendleft(lot)
        elif report.missing:
            missing = set(report.missing)
            self._anyone().append(Lot([t for t in lot.tasks if t.path in missing], sent=True, attempts=lot.attempts))

    def failed(self, lot: Lot, reason: str, overran: str = "") -> None:
        """A worker was lost with a lot. ``overran``: because this file took its limit, so that another try would end the same."""
        self._out -= 1
        left = [t for t in lot.tasks if t.path != overran]
        if len(left) < len(lot.tasks):
            self.faults.append(overtime(overran))
            if left:
                self._anyone().append(Lot(left, sent=True, attempts=lot.attempts))
            return
        if len(lot.tasks) == 1 and lot.attempts + 1 >= _MAX_ATTEMPTS:
            text = f"the worker that linked it was lost three times ({reason})"
            self.faults.append(LinkFault(lot.tasks[0].path, "RL197", text))
            return
        again = _cut(lot.tasks, max(1, len(lot.tasks) // 2))
        self._anyone().extend(Lot(part, sent=True, attempts=lot.attempts + (len(lot.tasks) == 1)) for part in again)

    def _anyone(self) -> deque[Lot]:
        return self._by_worker.setdefault("", deque())


def _cut(tasks: Sequence[LinkTask], size: int) -> Iterable[list[LinkTask]]:
    return (list(tasks[start : start + size]) for start in range(0, len(tasks), size))
