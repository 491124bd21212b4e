"""Events of OpenLineage as they stand in files -> what each says, with its place.

RunEvent, JobEvent and DatasetEvent of https://openlineage.io/spec/2-0-2/OpenLineage.json, of any older version, and of newer
ones as far as they are the same. What one facet says wrong costs that facet, not its event.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple, TypeVar

import msgspec

from ray_lineage.compile.jsontext import Fault, Lines, Piece, decoded, elements, members, values
from ray_lineage.compile.openlineage.naming import Identity

T = TypeVar("T")


class Transformation(msgspec.Struct, frozen=True):
    """How a source shapes its target."""

    type: str = ""
    subtype: str | None = None
    description: str | None = None
    masking: bool | None = None


class Source(msgspec.Struct, frozen=True):
    """One thing that shapes a dataset, a field of one or a job: an ``InputField``, or an input of the lineage facet.
    ``certainty``: of our own events."""

    namespace: str = ""
    name: str = ""
    field: str = ""
    type: str = "DATASET"
    transformations: list[Transformation] | None = None
    certainty: str = ""


class FieldSources(NamedTuple):
    """What shapes one field, and where that is said."""

    sources: tuple[Source, ...]
    line: int


class Derivation(NamedTuple):
    """What a dataset, or a job, comes from. ``whole``: what shapes all of it. ``explicit``: it is all that feeds it."""

    fields: Mapping[str, FieldSources]
    whole: tuple[Source, ...]
    line: int
    explicit: bool = False


class Field(msgspec.Struct, frozen=True):
    """A column of a schema facet."""

    name: str = ""
    type: str | None = None
    description: str | None = None


class Folded(msgspec.Struct, frozen=True):
    """Of our own events: what the graph calls the dataset and its fields, where letters' case differs."""

    name: str = ""
    fields: dict[str, str] = {}


class Dataset(NamedTuple):
    """A dataset of an event. What is None nobody said; ``derivation`` without anything: it was taken back."""

    identity: Identity
    line: int
    schema: tuple[Field, ...] | None = None
    description: str = ""
    symlinks: tuple[tuple[Identity, str], ...] = ()
    derivation: Derivation | None = None
    change: str = ""  # of its life cycle
    before: Identity | None = None  # it was called that
    folded: Folded | None = None


class Entry(NamedTuple):
    """A target of a job's lineage facet: a dataset, or (``job``) a job."""

    target: Identity
    job: bool
    derivation: Derivation


class Event(NamedTuple):
    """One event. Without ``job`` it is about ``outputs`` alone."""

    time: str
    line: int
    job: Identity | None
    inputs: tuple[Dataset, ...]
    outputs: tuple[Dataset, ...]
    entries: tuple[Entry, ...] | None = None
    sql: str = ""
    dialect: str = ""
    own: bool = False


class _Sql(msgspec.Struct):
    query: str = ""
    dialect: str | None = None


class _Job(msgspec.Struct):
    namespace: str = ""
    name: str = ""
    facets: dict[str, msgspec.Raw] | None = None


class _Link(msgspec.Struct):
    namespace: str = ""
    name: str = ""
    type: str = ""


class _Symlinks(msgspec.Struct):
    identifiers: list[_Link] | None = None


class _Schema(msgspec.Struct):
    fields: list[Field] | None = None


class _Said(msgspec.Struct):
    description: str | None = None


class _Change(msgspec.Struct, rename="camel"):
    lifecycle_state_change: str = ""
    previous_identifier: _Link | None = None


class _InputFields(msgspec.Struct, rename="camel"):
    input_fields: list[Source] | None = None
    inputs: list[Source] | None = None
    transformation_type: str | None = None
    transformation_description: str | None = None


class _Deleted(msgspec.Struct):
    deleted: bool = msgspec.field(default=False, name="_deleted")


_text: Final = msgspec.json.Decoder(str)
_job: Final = msgspec.json.Decoder(_Job)
_folded: Final = msgspec.json.Decoder(Folded)
_sql: Final = msgspec.json.Decoder(_Sql)
_symlinks: Final = msgspec.json.Decoder(_Symlinks)
_schema: Final = msgspec.json.Decoder(_Schema)
_said: Final = msgspec.json.Decoder(_Said)
_change: Final = msgspec.json.Decoder(_Change)
_deleted: Final = msgspec.json.Decoder(_Deleted)
_input_fields: Final = msgspec.json.Decoder(_InputFields)
_sources: Final = msgspec.json.Decoder(list[Source])
_NOTHING: Final = Derivation({}, (), 0)


class Reader:
    """Reads one file. ``faults``: what of it could not be read, and in which line."""

    def __init__(self, data: bytes, producer: str = "") -> None:
        self._data = data
        self._lines = Lines(data)
        self._producer = producer
        self.faults: list[tuple[str, int]] = []

    def events(self) -> Iterator[Event]:
        """The events of the file, in its order; objects that are none are passed over."""
        for value in values(self._data):
            if isinstance(value, Fault):
                self._fault(value)
            else:
                yield from self._events(value)

    def _events(self, value: Piece) -> Iterator[Event]:
        found = members(value)
        if isinstance(found, Fault):
            return
        if "events" in found:  # as Marquez gives them
            for piece in self._elements(found["events"]):
                yield from self._events(piece)
            return
        event = self._event(value, found)
        if event is not None:
            yield event

    def _event(self, value: Piece, found: dict[str, Piece]) -> Event | None:
        if "job" not in found and "dataset" not in found:
            return None
        time, producer = self._text(found.get("eventTime")), self._text(found.get("producer"))
        own = bool(self._producer) and producer.startswith(self._producer)
        line = self._lines.line(value.at)
        if "job" not in found:
            dataset = self._dataset(found["dataset"])
            return Event(time, line, None, (), (dataset,), own=own) if dataset is not None else None
        job = self._get(found["job"], _job)
        if job is None:
            return None
        identity = Identity(job.namespace, job.name)
        entries, sql, dialect = None, "", ""
        facets = self._members(self._members(found["job"]).get("facets"))
        if "lineage" in facets:
            entries = self._entries(facets["lineage"], identity)
        if "sql" in facets:
            said = self._get(facets["sql"], _sql)
            sql, dialect = (said.query, said.dialect or "") if said is not None else ("", "")
        inputs, outputs = (self._datasets(found.get(key)) for key in ("inputs", "outputs"))
        return Event(time, line, identity, inputs, outputs, entries, sql, dialect, own)

    # ------------------------------------------------------------------ datasets

    def _datasets(self, piece: Piece | None) -> tuple[Dataset, ...]:
        return tuple(d for p in self._elements(piece) if (d := self._dataset(p)) is not None)

    def _dataset(self, piece: Piece) -> Dataset | None:
        found = self._members(piece)
        identity = Identity(self._text(found.get("namespace")), self._text(found.get("name")))
        if not identity.name:
            return None
        facets = self._members(found.get("facets"))
        change = self._get(facets.get("lifecycleStateChange"), _change)
        before = change.previous_identifier if change is not None else None
        return Dataset(
            identity,
            self._lines.line(piece.at),
            self._schema(facets.get("schema")),
            self._description(facets.get("documentation")),
            self._links(facets.get("symlinks")),
            self._derivation(facets),
            change.lifecycle_state_change.upper() if change is not None else "",
            Identity(before.namespace, before.name) if before is not None and before.name else None,
            self._get(facets.get("rayLineage_folded"), _folded),
        )

    def _schema(self, piece: Piece | None) -> tuple[Field, ...] | None:
        schema = self._get(piece, _schema)
        return tuple(f for f in schema.fields if f.name) if schema is not None and schema.fields else None

    def _description(self, piece: Piece | None) -> str:
        said = self._get(piece, _said)
        return said.description or "" if said is not None else ""

    def _links(self, piece: Piece | None) -> tuple[tuple[Identity, str], ...]:
        found = self._get(piece, _symlinks)
        links = found.identifiers or () if found is not None else ()
        return tuple((Identity(link.namespace, link.name), link.type.upper()) for link in links if link.name)

    def _derivation(self, facets: dict[str, Piece]) -> Derivation | None:
        """Of the two facets that say it the newer one."""
        if "lineage" in facets and not self._is_deleted(facets["lineage"]):
            return self._lineage(facets["lineage"])
        piece = facets.get("columnLineage")
        if piece is None:
            return None
        return _NOTHING if self._is_deleted(piece) else self._column_lineage(piece)

    def _is_deleted(self, piece: Piece) -> bool:
        said = self._get(piece, _deleted)
        return said is not None and said.deleted

    def _column_lineage(self, piece: Piece) -> Derivation | None:
        found = self._members(piece)
        fields = self._fields(found.get("fields"))
        whole = self._get(found.get("dataset"), _sources) or ()
        if not any(f.sources for f in fields.values()) and not whole:
            return None
        return Derivation(fields, tuple(whole), self._lines.line(piece.at))

    def _lineage(self, piece: Piece) -> Derivation:
        found = self._members(piece)
        whole = self._get(found.get("inputs"), _sources) or ()
        return Derivation(self._fields(found.get("fields")), tuple(whole), self._lines.line(piece.at), True)

    def _fields(self, piece: Piece | None) -> dict[str, FieldSources]:
        out: dict[str, FieldSources] = {}
        for name, field in self._members(piece).items():
            said = self._get(field, _input_fields)
            if said is not None:
                out[name] = FieldSources(tuple(_older(said)), self._lines.line(field.at))
        return out

    def _entries(self, piece: Piece, job: Identity) -> tuple[Entry, ...] | None:
        """The targets of a job's lineage facet; a job without a name is the event's own."""
        if self._is_deleted(piece):
            return None
        out: list[Entry] = []
        for entry in self._elements(self._members(piece).get("entries")):
            target = self._get(entry, _target)
            if target is None:
                continue
            is_job = target.type.upper() == "JOB"
            named = Identity(target.namespace, target.name) if target.name else job
            if is_job or target.name:
                out.append(Entry(named, is_job, self._lineage(entry)))
        return tuple(out)

    # ------------------------------------------------------------------ pieces

    def _members(self, piece: Piece | None) -> dict[str, Piece]:
        if piece is None or piece.text == b"null":
            return {}
        found = members(piece)
        if isinstance(found, Fault):
            self._fault(found)
            return {}
        return found

    def _elements(self, piece: Piece | None) -> list[Piece]:
        if piece is None or piece.text == b"null":
            return []
        found = elements(piece)
        if isinstance(found, Fault):
            self._fault(found)
            return []
        return found

    def _text(self, piece: Piece | None) -> str:
        return self._get(piece, _text) or ""

    def _get(self, piece: Piece | None, decoder: msgspec.json.Decoder[T]) -> T | None:
        if piece is None or piece.text == b"null":
            return None
        found = decoded(piece, decoder)
        if isinstance(found, Fault):
            self._fault(found)
            return None
        return found

    def _fault(self, fault: Fault) -> None:
        self.faults.append((fault.message, self._lines.line(fault.at)))


_target: Final = msgspec.json.Decoder(Source)


def _older(said: _InputFields) -> Iterator[Source]:
    """What shapes a field. Up to 1-0-1 the transformation stands beside all input fields, not in each."""
    older = said.transformation_type or said.transformation_description
    for source in (*(said.input_fields or ()), *(said.inputs or ())):
        if source.transformations is None and older:
            masked = (said.transformation_type or "").upper() == "MASKED"
            subtype = "IDENTITY" if (said.transformation_type or "").upper() == "IDENTITY" else "TRANSFORMATION"
            given = Transformation("DIRECT", subtype, said.transformation_description, masked)
            yield msgspec.structs.replace(source, transformations=[given])
        else:
            yield source
