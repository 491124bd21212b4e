"""A look at bytes that costs next to nothing: may this file run SQL or name tables, and on which lines?"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cache
from re import Match
from typing import Final, NamedTuple, Protocol

from ray_lineage.compile.python.libraries import SQL_CALLS
from ray_lineage.compile.python.tables import COMMON_CALLS, OPERATORS, TABLE_CALLS

_VERBS: Final = (
    rb"(?i)\b(?:select\s|insert\s+(?:into|overwrite|all)|update\s+\S+\s+(?:\w+\s+)?set\b|delete\s+from|merge\s+into|create\s+(?:or\s|table|view|temp|"
    rb"external|transient|materialized|global|unlogged|dynamic|live)|alter\s+table|drop\s+(?:table|view)|truncate\s|copy\s+\S+\s+from|copy\s+into|"
    rb"unload\s*\(|load\s+data|call\s+\w+[.(]|exec(?:ute)?\s+\w|replace\s+into|export\s+data|declare\s|refresh\s|with\s+\w+\s+as\s*\()"
    rb"|\.sql\b|(?:from|import)\b[^\n]*(?:sql|quer)|\b(?:execute\w*|read_sql\w*)\s*\(\s*(?:text\()?[a-z_][\w.]*\s*[,)]"
)
_DECLARES: Final = rb"\bcreate_table\s*\(|\bSQLModel\b|__tablename__|\bTable\s*\(|models\.Model\b|\bdb_table\b"
_LIBRARIES: Final = rb"\bspark\b|\bpyspark\b|\bsnowpark\b|\bdelta\b|\bawsglue\b|\bdlt\b|\bsqlContext\b|\bduckdb\b|\bibis\b|\bawswrangler\b|\bclickhouse_connect\b"
_PROGRAMS: Final = rb"@(?:dlt|dp)\.|def model\(dbt|\bsqlmesh\b"


class Pattern(Protocol):
    """A pattern of re2."""

    def search(self, text: bytes) -> Match[bytes] | None: ...
    def finditer(self, text: bytes) -> Iterator[Match[bytes]]: ...


class _Patterns(NamedTuple):
    """What is looked for: calls that may run SQL or name tables; those of them that need no SQL; verbs of SQL; libraries with
    which more calls count; functions that are tables; declarations."""

    calls: Pattern
    tables: Pattern
    verbs: Pattern
    libraries: Pattern
    programs: Pattern
    declares: Pattern


@cache
def _patterns() -> _Patterns:
    import re2

    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    sql, tables, common = "|".join(SQL_CALLS), "|".join((*TABLE_CALLS, *OPERATORS)), "|".join(COMMON_CALLS)
    return _Patterns(
        re2.compile(rf"\b(?:{sql}|{tables}|{common}|\w+(?:Operator|Sensor|Transfer))\s*\(".encode(), options),
        re2.compile(rf"\b(?:{tables})\s*\(|[%# ]%?sql\b".encode(), options),
        *(re2.compile(p, options) for p in (_VERBS, _LIBRARIES, _PROGRAMS, _DECLARES)),
    )


def may_say_something(data: bytes) -> bool:
    """May the file run SQL, name tables in calls, or declare them?"""
    look = _patterns()
    if look.calls.search(data) is None:
        return look.declares.search(data) is not None or look.programs.search(data) is not None
    return any(p.search(data) is not None for p in (look.verbs, look.tables, look.libraries, look.declares))


def may_be_notebook(data: bytes) -> bool:
    """May a file of JSON be a notebook with SQL or tables?"""
    if b'"cells"' not in data and b'"worksheets"' not in data:
        return False
    return may_say_something(data) or b"%%" in data or b"%sql" in data or b'"SQL"' in data or b'"sql"' in data


def lines_of_calls(data: bytes) -> list[int]:
    """The lines on which a known call begins."""
    starts = _line_starts(data)
    return sorted({bisect_right(starts, found.end() - 1) for found in _patterns().calls.finditer(data)})


def declares(data: bytes) -> bool:
    """May the file declare tables?"""
    return _patterns().declares.search(data) is not None


def lines_of_declarations(data: bytes) -> list[int]:
    """The lines on which tables may be declared."""
    starts = _line_starts(data)
    return sorted({bisect_right(starts, found.start()) for found in _patterns().declares.finditer(data)})


_CALLED: Final = re.compile(rb"(\w+)\s*\(|python_callable\s*=\s*(?:\w+\.)*(\w+)")


def calls_by_name(data: bytes) -> dict[str, list[int]]:
    """The lines on which something is called, or handed on as ``python_callable=name``, by its name."""
    starts = _line_starts(data)
    out: dict[str, list[int]] = {}
    for found in _CALLED.finditer(data):
        name = (found.group(1) or found.group(2)).decode("ascii", "replace")
        out.setdefault(name, []).append(bisect_right(starts, found.end() - 1))
    return out


def _line_starts(data: bytes) -> list[int]:
    out = [0]
    at = data.find(b"\n")
    while at >= 0:
        out.append(at + 1)
        at = data.find(b"\n", at + 1)
    return out
