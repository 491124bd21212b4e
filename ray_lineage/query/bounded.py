"""An answer of bounded size, for readers that pay for every character: lists and maps are cut, at any depth, and the answer
says so.

What is left out is always counted: ``total`` has the full length of each that was cut by where it stands
(``changes.0.reached.datasets``), and ``cut`` is true.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import islice
from typing import Any, Final, TypeVar

import msgspec

_Entry = TypeVar("_Entry")
MOST_CHARACTERS: Final = 12_000
"""Of an answer as JSON."""
MOST_OF_A_TEXT: Final = 600
"""Of one value, such as a statement's text."""


def bounded(answer: object, limit: int) -> dict[str, Any]:
    """A struct (or a dict of its fields) as plain values, at most ``limit`` entries a list or map, fewer if it would be too large
    all the same."""
    fields = dict(answer) if isinstance(answer, dict) else _fields(answer)
    fields.pop("schema", None)
    while True:
        cutting = _Cutting(limit)
        out = {name: cutting.of(value, name) for name, value in fields.items()}
        out["cut"] = bool(cutting.total) or bool(fields.get("cut", False))
        if cutting.total:
            out["total"] = cutting.total
        if len(msgspec.json.encode(out)) <= MOST_CHARACTERS or limit <= 1:
            return out
        limit //= 2


class _Cutting:
    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.total: dict[str, int] = {}

    def of(self, value: object, path: str) -> Any:
        """As plain values. Records keep all of their fields."""
        if isinstance(value, msgspec.Struct):
            return {name: self.of(field, f"{path}.{name}") for name, field in _fields(value).items()}
        if isinstance(value, dict):
            return {key: self.of(entry, f"{path}.{key}") for key, entry in self._first(value.items(), path)}
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return [self.of(field, f"{path}.{name}") for name, field in zip(value._fields, value, strict=True)]
        if isinstance(value, (list, tuple)):
            return [self.of(entry, f"{path}.{number}") for number, entry in enumerate(self._first(value, path))]
        return _short(msgspec.to_builtins(value))

    def _first(self, entries: Collection[_Entry], path: str) -> Iterable[_Entry]:
        if len(entries) > self._limit:
            self.total[path] = len(entries)
        return islice(entries, self._limit)


def _fields(record: Any) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__struct_fields__}


def _short(value: Any) -> Any:
    if isinstance(value, str) and len(value) > MOST_OF_A_TEXT:
        return f"{value[:MOST_OF_A_TEXT]}... ({len(value)} characters)"
    return value
