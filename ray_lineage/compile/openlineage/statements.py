"""Jobs -> facts: a statement for each dataset that a job writes, in the terms of our relational program."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple

from ray_lineage.compile.facts import Facts
from ray_lineage.compile.openlineage.events import Derivation, Source, Transformation
from ray_lineage.compile.openlineage.jobs import Job, Output
from ray_lineage.compile.openlineage.names import Names
from ray_lineage.compile.openlineage.naming import Identity, dialect_of
from ray_lineage.model import (
    INFLUENCE_KINDS,
    STAR,
    TRANSFORMATIONS,
    Effect,
    FileFacts,
    Influence,
    Name,
    Ref,
    Select,
    StatementKind,
    TableRef,
)
from ray_lineage.model import Output as Column

_HOW: Final = {name: number for number, name in enumerate(TRANSFORMATIONS)}
_SHAPES: Final = {name.upper(): number for number, name in enumerate(INFLUENCE_KINDS)}
_INDIRECT: Final = {"CONDITIONAL": _HOW["conditional"], "CONDITION": _HOW["conditional"], "WINDOW": _HOW["window"]}
_DIRECT: Final = {"IDENTITY": _HOW["identity"], "AGGREGATION": _HOW["aggregation"], "MASKED": _HOW["masking"]}
_UNSAID: Final = Transformation("DIRECT", "TRANSFORMATION")
_ENDS: Final = {"DROP": StatementKind.DROP, "TRUNCATE": StatementKind.TRUNCATE}
_MAX_EDGES: Final = 100_000
"""Of one job, where every input feeds every output: a small event with many of both means millions."""
_MAX_FILE_EDGES: Final = 500_000
"""Of all such jobs of one file, and of what jobs hand on in it; as many as it may have rows of columns."""


class _Flow(NamedTuple):
    """One column shapes another; ``how`` is a place in TRANSFORMATIONS."""

    source: Source
    field: str
    how: int
    text: str
    line: int


class _Shape(NamedTuple):
    """A column shapes the rows of a dataset; ``how`` is a place in INFLUENCE_KINDS."""

    source: Source
    how: int


class Derived(NamedTuple):
    """A derivation in our terms: ``feeds`` are the datasets that it names."""

    flows: list[_Flow]
    shapes: list[_Shape]
    feeds: dict[Identity, None]


class Through:
    """What goes into jobs, which they hand on to whatever names them as a source. A few inputs of a job that is named a few times
    can mean millions: so many are handed on in one file."""

    def __init__(self) -> None:
        self.jobs: dict[Identity, Derivation] = {}
        self.cut = False
        self._left = _MAX_FILE_EDGES

    def datasets(self, source: Source) -> Iterator[Source]:
        """The datasets that a source is: a job hands on what goes into it."""
        stack, seen = [source], set[Identity]()
        while stack:
            at = stack.pop()
            if at is not source and not self._take():
                return
            identity = Identity(at.namespace, at.name)
            if at.type.upper() != "JOB":
                if at.name:
                    yield at
            elif identity not in seen and identity in self.jobs:
                seen.add(identity)
                stack.extend(islice(self.jobs[identity].whole, self._left + 1))

    def identities(self, source: Source) -> Iterator[Identity]:
        """Of those datasets."""
        return (Identity(s.namespace, s.name) for s in self.datasets(source))

    def _take(self) -> bool:
        self.cut = self.cut or not self._left
        self._left = max(0, self._left - 1)
        return not self.cut


def derived(derivation: Derivation, through: Through) -> Derived:
    """What a derivation says. ``through``: what goes into the jobs that it names as sources."""
    out = Derived([], [], {})
    for field, said in derivation.fields.items():
        for source in said.sources:
            _field_source(out, field, source, said.line, through)
    for source in derivation.whole:
        for dataset in through.datasets(source):
            out.feeds[Identity(dataset.namespace, dataset.name)] = None
            if dataset.field:
                out.shapes.extend(_Shape(dataset, _shape(t)) for t in dataset.transformations or (Transformation(),))
    return out


def _field_source(out: Derived, field: str, source: Source, line: int, through: Through) -> None:
    for dataset in through.datasets(source):
        out.feeds[Identity(dataset.namespace, dataset.name)] = None
        for done in (dataset.transformations or (_UNSAID,)) if dataset.field else ():
            subtype = (done.subtype or "").upper()
            if subtype in _SHAPES:
                out.shapes.append(_Shape(dataset, _SHAPES[subtype]))
            else:
                out.flows.append(_Flow(dataset, field, _how(done, subtype), done.description or "", line))


def _how(done: Transformation, subtype: str) -> int:
    if done.type.upper() == "INDIRECT":
        return _INDIRECT.get(subtype, _HOW["conditional"])
    if done.masking or done.type.upper() == "MASKED":
        return _HOW["masking"]
    return _DIRECT.get(subtype or done.type.upper(), _HOW["transformation"])


def _shape(done: Transformation) -> int:
    return _SHAPES.get((done.subtype or "").upper(), 0)


CompileSql = Callable[[str, str, int, Sequence[Name], Collection[Name]], tuple[FileFacts, set[Name]]]
"""See :func:`ray_lineage.compile.openlineage.sqlfacet.understood`."""


class Writer:
    """Writes the statements of one file."""

    def __init__(self, names: Names, jobs: Iterable[Job], facts: Facts, compile_sql: CompileSql | None) -> None:
        self._names = names
        self._compile_sql = compile_sql
        self._facts = facts
        self._left = _MAX_FILE_EDGES
        self._said_cut = False
        self._through = Through()
        self.columns: dict[Name, dict[str, None]] = {}
        """Columns that flows name, by dataset."""
        for job in jobs:
            self._through.jobs.update(job.jobs)
            own = job.jobs.get(job.identity) if job.identity is not None else None
            if own is not None:
                self._through.jobs[Identity("", "")] = own

    def write(self, job: Job) -> None:
        """What one job does."""
        said = {i: derived(o.derivation, self._through) for i, o in job.outputs.items() if o.derivation is not None}
        named = {i: None for found in said.values() for i in found.feeds}
        loose = [i for i in job.inputs if i not in named]
        read = dict.fromkeys(i for d in job.jobs.values() for s in d.whole for i in self._through.identities(s))
        self._note_cut(job)
        covered = self._sql(job, said)
        bare = self._bare(job, said, covered)
        inputs = self._inputs(job, len(bare))
        for identity, output in job.outputs.items():
            if output.change in _ENDS:
                self._plain(job, output, (), _ENDS[output.change])
            elif output.before is not None:
                self._renamed(job, output, output.before)
            elif identity in said:
                found = said[identity]
                if len(job.outputs) == 1 and not job.explicit:
                    found.feeds.update(dict.fromkeys(loose))
                self._derived(job, output, found)
            elif identity in bare:
                self._plain(job, output, inputs)
        if not job.outputs and (job.inputs or read):
            self._plain(job, None, {**job.inputs, **read})

    def _note_cut(self, job: Job) -> None:
        if self._through.cut and not self._said_cut:
            self._said_cut = True
            text = f"jobs hand on more than {_MAX_FILE_EDGES:,} inputs in this file; from here on none of theirs are followed"
            self._facts.note("RL305", "warning", text, job.line)

    def _bare(self, job: Job, said: Collection[Identity], covered: Collection[Name]) -> set[Identity]:
        """The outputs of which nothing is known but that the job writes them."""
        return {
            i
            for i, o in job.outputs.items()
            if o.change not in _ENDS and o.before is None and i not in said and self._names.of(i) not in covered
        }

    def _inputs(self, job: Job, outputs: int) -> Sequence[Identity]:
        """What feeds each of so many outputs; says so where that is not all of the inputs."""
        if job.explicit or not outputs:
            return ()
        most = max(1, min(_MAX_EDGES, self._left) // outputs)
        kept = tuple(islice(job.inputs, most))
        self._left = max(0, self._left - len(kept) * outputs)
        if left_out := len(job.inputs) - len(kept):
            text = (
                f"{len(job.inputs):,} inputs by {outputs:,} outputs are too many to connect all with all; "
                f"{left_out:,} of the inputs are left out"
            )
            self._facts.note("RL305", "warning", text, job.line)
        return kept

    def _sql(self, job: Job, said: Collection[Identity]) -> set[Name]:
        """The outputs that the SQL of the job says more of than its events do."""
        outputs = [i for i, o in job.outputs.items() if i not in said and not o.change]
        if not outputs or not job.sql or job.explicit or self._compile_sql is None:
            return set()
        named = (*outputs, *job.inputs)
        dialect = job.dialect.lower() or next(filter(None, (dialect_of(i.namespace) for i in named)), "")
        facts, covered = self._compile_sql(
            job.sql, dialect, job.line, [self._names.of(i) for i in outputs], [self._names.of(i) for i in job.inputs]
        )
        self._facts.take(facts)
        return covered

    def _plain(
        self, job: Job, output: Output | None, inputs: Iterable[Identity], kind: StatementKind = StatementKind.JOB
    ) -> None:
        """Datasets into a dataset, nothing of columns."""
        arena = _Arena(self._names, job)
        for identity in inputs:
            arena.table(identity)
        arena.write(self._facts, kind, job, output, (), ())

    def _renamed(self, job: Job, output: Output, before: Identity) -> None:
        """All columns of what had another name before."""
        arena = _Arena(self._names, job)
        ref = Ref(arena.table(before), -1, STAR, _HOW["identity"], output.line)
        arena.write(self._facts, StatementKind.RENAME, job, output, (Column(None, (ref,), output.line, star=True),), ())

    def _derived(self, job: Job, output: Output, found: Derived) -> None:
        """Column by column; what is only possible is a statement of its own."""
        surely = [f for f in found.flows if f.source.certainty != "possible"]
        maybe = [f for f in found.flows if f.source.certainty == "possible"]
        self._flows(job, output, surely, found.shapes, found.feeds)
        if maybe:
            feeds = dict.fromkeys(Identity(f.source.namespace, f.source.name) for f in maybe)
            self._flows(job, output, maybe, [], feeds, possible=True)

    def _flows(
        self,
        job: Job,
        output: Output,
        flows: list[_Flow],
        shapes: list[_Shape],
        feeds: Iterable[Identity],
        *,
        possible: bool = False,
    ) -> None:
        arena = _Arena(self._names, job)
        for identity in feeds:
            arena.table(identity)
        columns = [
            Column(
                self._column(output.identity, f.field), (self._ref(arena, f.source, f.how, f.line),), f.line,
                expression=f.text,
            )
            for f in sorted(flows, key=lambda f: f.field == STAR)
        ]  # fmt: skip
        influences = [Influence(self._ref(arena, s.source, s.how, output.line), s.how) for s in shapes]
        arena.write(self._facts, StatementKind.JOB, job, output, columns, influences, possible=possible)

    def _ref(self, arena: _Arena, source: Source, how: int, line: int) -> Ref:
        identity = Identity(source.namespace, source.name)
        return Ref(arena.table(identity), -1, self._column(identity, source.field), how, line)

    def _column(self, identity: Identity, name: str) -> str:
        name = self._names.column(identity, name)
        self.columns.setdefault(self._names.of(identity), {})[name] = None
        return name


class _Arena:
    """The relations of one statement: a SELECT, number 0, over tables."""

    def __init__(self, names: Names, job: Job) -> None:
        self._names = names
        self._job = job
        self._tables: dict[Name, TableRef] = {}
        self._numbers: dict[Name, int] = {}

    def table(self, identity: Identity) -> int:
        """The number of a table, which is in FROM since."""
        name = self._names.of(identity)
        if name not in self._numbers:
            self._numbers[name] = len(self._tables) + 1
            self._tables[name] = TableRef(name, self._job.inputs.get(identity, 0))
        return self._numbers[name]

    def write(
        self,
        facts: Facts,
        kind: StatementKind,
        job: Job,
        output: Output | None,
        columns: Sequence[Column],
        influences: Iterable[Influence],
        *,
        possible: bool = False,
    ) -> None:
        """Write the statement."""
        line = output.line if output is not None else job.line
        select = Select(tuple(self._numbers.values()), tuple(columns), tuple(dict.fromkeys(influences)))
        facts.statement(
            kind,
            line,
            line,
            (select, *self._tables.values()),
            0,
            self._names.of(output.identity) if output is not None else (),
            () if any(c.star for c in columns) else tuple(c.name or "" for c in columns),
            sql=job_text(job),
            first_column=1,
            last_column=1,
            possible=possible,
            effect=Effect.EMPTIES if kind in _ENDS.values() else Effect.CHANGES,
        )


def job_text(job: Job) -> str:
    """What stands for the text of a job's statements."""
    return "/".join(filter(None, job.identity)) if job.identity is not None else ""
