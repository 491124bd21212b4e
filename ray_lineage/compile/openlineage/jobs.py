"""Events -> jobs. A job runs every day, and says a part of what it does in each event of a run: all of it is united, and what was
said last about a dataset holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from ray_lineage.compile.openlineage.events import Dataset, Derivation, Event
from ray_lineage.compile.openlineage.naming import Identity

_FRACTION: Final = re.compile(r"(\.\d{6})\d+")
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


class Output:
    """A dataset that a job writes, with the newest that was said of each thing."""

    __slots__ = ("before", "change", "derivation", "identity", "line")

    def __init__(self, identity: Identity, line: int) -> None:
        self.identity = identity
        self.line = line
        self.derivation: Derivation | None = None
        self.change = ""
        self.before: Identity | None = None

    def say(self, derivation: Derivation | None) -> None:
        """A later event says that. What says nothing changes nothing; a facet that was taken back takes back what it said."""
        if derivation is not None and not (self.derivation is not None and self._is_better(derivation)):
            self.derivation = derivation if derivation.line else None

    def _is_better(self, derivation: Derivation) -> bool:
        return self.derivation is not None and self.derivation.explicit and not derivation.explicit


class Job:
    """What one job does. Without ``identity``: what is known of datasets, whoever made them."""

    def __init__(self, identity: Identity | None) -> None:
        self.identity = identity
        self.line = 0
        self.inputs: dict[Identity, int] = {}
        self.outputs: dict[Identity, Output] = {}
        self.jobs: dict[Identity, Derivation] = {}  # what goes into jobs
        self.explicit = False
        self.sql = ""
        self.dialect = ""

    def take(self, event: Event) -> None:
        """One more event, later than those before."""
        self.line = self.line or event.line
        for dataset in event.inputs:
            self.inputs.setdefault(dataset.identity, dataset.line)
        for dataset in event.outputs:
            self._output(dataset)
        if event.entries is not None:
            self.explicit = True
        for entry in event.entries or ():
            if entry.job:
                self.jobs[entry.target] = entry.derivation
            else:
                found = self.outputs.setdefault(entry.target, Output(entry.target, entry.derivation.line))
                found.derivation = entry.derivation
        if event.sql:
            self.sql, self.dialect = event.sql, event.dialect

    def _output(self, dataset: Dataset) -> None:
        output = self.outputs.setdefault(dataset.identity, Output(dataset.identity, dataset.line))
        output.say(dataset.derivation)
        if dataset.change:
            output.change, output.before = dataset.change, dataset.before


def jobs_of(events: Iterable[Event]) -> list[Job]:
    """The jobs of these events, in the order in which they stand in the file."""
    found: dict[Identity | None, list[Event]] = {}
    for event in events:
        found.setdefault(event.job, []).append(event)
    out: list[Job] = []
    for identity, said in found.items():
        job = Job(identity)
        for event in in_time(said):
            job.take(event)
        job.line = min(event.line for event in said)
        out.append(job)
    return out


def in_time(events: Sequence[Event]) -> list[Event]:
    """The oldest first; those of the same time as they stand in the file."""
    return sorted(events, key=lambda event: _time(event.time))


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(_FRACTION.sub(r"\1", text))
    except ValueError:
        return _LONG_AGO
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
