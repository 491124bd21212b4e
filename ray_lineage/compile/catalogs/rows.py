"""Rows of a dump: objects of JSON, or lines of CSV, with the names of their fields in one spelling."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from ray_lineage.compile.jsontext import Fault, Lines, Piece, decoded, elements, members, values

_object: Final = msgspec.json.Decoder(dict[str, Any])
_WRAPPERS: Final = frozenset({"rows", "results", "data", "items", "records", "value", "resultset", "columns"})
"""Names of the member that holds the rows, where one object holds all."""
_DELIMITERS: Final = ",;\t|"
_MAX_FIELD: Final = 1 << 20  # characters
_MAX_AGAIN: Final = 20
"""So many broken rows of CSV cost no row but themselves."""


class Row(NamedTuple):
    """One row, and its line."""

    fields: Mapping[str, Any]
    line: int


def spelled(name: str) -> str:
    """The name of a field in one spelling: ``TABLE_NAME``, ``TableName`` and ``table name`` are one."""
    return "".join(c for c in name.lower() if c.isalnum())


def json_rows(data: bytes) -> Iterator[Row | tuple[str, int]]:
    """The rows of a file of JSON; what is broken, and in which line."""
    lines = Lines(data)
    for value in values(data):
        if isinstance(value, Fault):
            yield value.message, lines.line(value.at)
        else:
            yield from _rows(value, lines)


def _rows(value: Piece, lines: Lines) -> Iterator[Row | tuple[str, int]]:
    if not value.text.startswith(b"{"):
        return
    found = decoded(value, _object)
    if isinstance(found, Fault):
        yield found.message, lines.line(found.at)
        return
    inner = [key for key, held in found.items() if isinstance(held, list) and spelled(key) in _WRAPPERS]
    if inner:  # Oracle's tools have the names of the columns beside the rows
        rows = next((key for key in inner if spelled(key) != "columns"), inner[0])
        yield from _wrapped(value, rows, lines)
    else:
        yield Row({spelled(key): held for key, held in found.items()}, lines.line(value.at))


def _wrapped(value: Piece, key: str, lines: Lines) -> Iterator[Row | tuple[str, int]]:
    held = members(value)
    listed = elements(held[key]) if isinstance(held, dict) and key in held else ()
    for piece in listed if isinstance(listed, list) else ():
        yield from _rows(piece, lines)


def csv_rows(text: str) -> Iterator[Row | tuple[str, int]]:
    """The rows of a file of CSV, whose first line names the fields; what is broken, and in which line."""
    csv.field_size_limit(max(csv.field_size_limit(), _MAX_FIELD))
    head: list[str] | None = None
    for found, line in _records(text):
        if isinstance(found, str):
            yield found, line
        elif head is None:
            head = [spelled(name) for name in found]
        elif any(found) and len(found) < len(head):
            yield f"it has {len(found)} of {len(head)} fields", line
        elif any(found):
            yield Row(dict(zip(head, found, strict=False)), line)


def _records(text: str) -> Iterator[tuple[list[str] | str, int]]:
    """The fields of each row, or what is broken about it, and its line. A quote that nothing closes takes what follows with it: reading
    goes on behind the line where it began, unless there are many such, which would be read over and over."""
    stream = io.StringIO(text, newline="")
    reader = csv.reader(stream, delimiter=_delimiter(text), strict=True)
    line, again = 1, _MAX_AGAIN
    while True:
        begin, before = stream.tell(), reader.line_num
        try:
            row = next(reader, None)
        except csv.Error as error:
            yield str(error), line
            if again:
                again -= 1
                stream.seek(begin)
                stream.readline()
                line += 1
                continue
        else:
            if row is None:
                return
            yield row, line
        line += reader.line_num - before


def csv_head(text: str) -> list[str]:
    """The names of the fields of a file of CSV."""
    line = text.lstrip("\ufeff").partition("\n")[0][:_MAX_FIELD]
    try:
        return [spelled(name) for name in next(csv.reader([line], delimiter=_delimiter(line)), [])]
    except csv.Error:
        return []


def _delimiter(text: str) -> str:
    line = text.partition("\n")[0]
    return max(_DELIMITERS, key=line.count)
