"""Two types of a column: does the second hold all that the first one does? Pure."""

from __future__ import annotations

import re
from typing import Final, Literal

Verdict = Literal["same", "wider", "narrower", "other", "unknown"]

_TYPE: Final = re.compile(r"\s*([a-z_][\w ]*?)\s*(?:\(\s*([\w, ]+?)\s*\))?\s*", re.IGNORECASE)
_SAME: Final = {
    "int": "integer", "int4": "integer", "int8": "bigint", "int2": "smallint", "int64": "bigint", "bool": "boolean", "dec": "decimal",
    "numeric": "decimal", "number": "decimal", "character varying": "varchar", "char varying": "varchar", "character": "char",
    "varchar2": "varchar", "string": "text", "float8": "double precision", "double": "double precision", "float4": "real",
    "timestamp without time zone": "timestamp", "timestamp with time zone": "timestamptz", "nvarchar2": "nvarchar", "datetime2": "datetime",
}  # fmt: skip
_ORDERS: Final = (
    ("tinyint", "smallint", "integer", "bigint"),
    ("real", "double precision"),
    ("char", "varchar", "text"),
    ("nchar", "nvarchar", "ntext"),
    ("date", "timestamp"),
    ("smalldatetime", "datetime"),
)
_FAMILIES: Final = {
    **dict.fromkeys(("tinyint", "smallint", "integer", "bigint", "decimal", "real", "double precision", "money"), "number"),
    **dict.fromkeys(("char", "varchar", "text", "nchar", "nvarchar", "ntext", "clob"), "text"),
    **dict.fromkeys(("date", "timestamp", "timestamptz", "datetime", "smalldatetime", "time"), "time"),
    **dict.fromkeys(("boolean", "bit"), "truth"),
    **dict.fromkeys(("json", "jsonb", "xml", "variant"), "document"),
    **dict.fromkeys(("binary", "varbinary", "bytea", "blob", "bytes"), "bytes"),
    "uuid": "identity", "uniqueidentifier": "identity",
}  # fmt: skip
_ANY: Final = 1 << 62  # "max", or no length at all


def compare(before: str, after: str) -> Verdict:
    """What became of a type. Only pairs that are known count as wider; ``unknown`` where one of both is not known."""
    a, b = _parsed(before), _parsed(after)
    if a is None or b is None:
        return "unknown"
    (name, sizes), (other, others) = a, b
    if (name, sizes) == (other, others):
        return "same"
    if name == other:
        return _by_sizes(name, sizes, others)
    order = next((o for o in _ORDERS if name in o and other in o), None)
    if order is not None:
        up = order.index(name) < order.index(other)
        fits = _FAMILIES[name] != "text" or _length(name, sizes) <= _length(other, others)
        return "wider" if up and fits else "narrower"
    known = name in _FAMILIES and other in _FAMILIES
    return "other" if known and _FAMILIES[name] != _FAMILIES[other] else "unknown"


def _parsed(text: str) -> tuple[str, tuple[int, ...]] | None:
    found = _TYPE.fullmatch(text) if text else None
    if found is None:
        return None
    name = " ".join(found[1].lower().split())
    sizes = [s.strip().lower() for s in (found[2] or "").split(",") if s.strip()]
    if any(not s.isdigit() and s != "max" for s in sizes):
        return None
    return _SAME.get(name, name), tuple(_ANY if s == "max" else int(s) for s in sizes)


def _by_sizes(name: str, before: tuple[int, ...], after: tuple[int, ...]) -> Verdict:
    if _FAMILIES.get(name) == "text":
        return "wider" if _length(name, before) < _length(name, after) else "narrower"
    if name == "decimal" and before and after:
        (p, s), (q, t) = ((*sizes, 0)[:2] for sizes in (before, after))
        return "wider" if q - t >= p - s and t >= s else "narrower"
    return "unknown"


def _length(name: str, sizes: tuple[int, ...]) -> int:
    return sizes[0] if sizes else (1 if name in ("char", "nchar") else _ANY)
