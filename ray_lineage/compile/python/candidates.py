"""A look at bytes that costs next to nothing: may this file run SQL or name tables, and on which lines?"""

from __future__ import annotations

from bisect import bisect_right
from functools import cache
from typing import TYPE_CHECKING, Final

from ray_lineage.compile.python.libraries import SQL_CALLS
from ray_lineage.compile.python.tables import TABLE_CALLS

if TYPE_CHECKING:
    import re2

_VERBS: Final = (
    rb"(?i)\b(?:select|insert|update|delete|merge|with|create|alter|drop|truncate|replace|copy|unload|load|call|exec|execute|from|use)\b"
    rb"|\.sql\b"
)
_DECLARES: Final = rb"\bcreate_table\s*\(|\bSQLModel\b|__tablename__|\bTable\s*\(|models\.Model\b|\bdb_table\b"


@cache
def _calls() -> tuple[re2._Regexp, re2._Regexp, re2._Regexp, re2._Regexp]:
    """What calls are known, those that need no SQL, verbs, declarations."""
    import re2

    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    sql, tables = "|".join(SQL_CALLS), "|".join(TABLE_CALLS)
    return (
        re2.compile(rf"\b(?:{sql}|{tables}|\w+(?:Operator|Sensor|Transfer))\s*\(".encode(), options),
        re2.compile(rf"\b(?:{tables})\s*\(|%sql".encode(), options),
        re2.compile(_VERBS, options),
        re2.compile(_DECLARES, options),
    )


def may_say_something(data: bytes) -> bool:
    """May the file run SQL, name tables in calls, or declare them?"""
    calls, tables, verbs, declares = _calls()
    if calls.search(data) is None:
        return declares.search(data) is not None
    return verbs.search(data) is not None or tables.search(data) is not None or declares.search(data) is not None


def may_be_notebook(data: bytes) -> bool:
    """May a file of JSON be a notebook with SQL or tables?"""
    if b'"cells"' not in data and b'"worksheets"' not in data:
        return False
    return may_say_something(data) or b"%%" in data or b'"SQL"' in data or b'"sql"' in data


def lines_of_calls(data: bytes) -> list[int]:
    """The lines on which a known call begins."""
    starts = _line_starts(data)
    return sorted({bisect_right(starts, found.end() - 1) for found in _calls()[0].finditer(data)})


def declares(data: bytes) -> bool:
    """May the file declare tables?"""
    return _calls()[3].search(data) is not None


def lines_of_declarations(data: bytes) -> list[int]:
    """The lines on which tables may be declared."""
    starts = _line_starts(data)
    return sorted({bisect_right(starts, found.start()) for found in _calls()[3].finditer(data)})


def lines_of_name(data: bytes, name: str) -> list[int]:
    """The lines on which something of that name is called, or handed on as ``python_callable=name``."""
    import re

    starts = _line_starts(data)
    pattern = re.compile(
        rb"\b" + re.escape(name.encode()) + rb"\s*\(|python_callable\s*=\s*" + re.escape(name.encode()) + rb"\b"
    )
    return sorted({bisect_right(starts, found.end() - 1) for found in pattern.finditer(data)})


def _line_starts(data: bytes) -> list[int]:
    out = [0]
    at = data.find(b"\n")
    while at >= 0:
        out.append(at + 1)
        at = data.find(b"\n", at + 1)
    return out
