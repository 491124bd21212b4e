"""A look at bytes that costs next to nothing: may this file run SQL or name tables, and on which lines?"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import accumulate
from re import Match
from typing import Final, NamedTuple, Protocol

from ray_lineage.compile.python.libraries import SQL_CALLS, is_library
from ray_lineage.compile.python.tables import COMMON_CALLS, OPERATORS, TABLE_CALLS

_VERBS: Final = (
    rb"(?i)\b(?:select\s|insert\s+(?:into|overwrite|all)|update\s+\S+\s+(?:\w+\s+)?set\b|delete\s+from|merge\s+into|create\s+(?:or\s|table|view|temp|"
    rb"external|transient|materialized|global|unlogged|dynamic|live)|alter\s+table|drop\s+(?:table|view)|truncate\s|copy\s+\S+\s+from|copy\s+into|"
    rb"unload\s*\(|load\s+data|call\s+\w+[.(]|exec(?:ute)?\s+\w|replace\s+into|export\s+data|declare\s|refresh\s|with\s+\w+\s+as\s*\()"
    rb"|\.sql\b|(?:from|import)\b[^\n]*(?:sql|quer)|\b(?:execute\w*|read_sql\w*)\s*\(\s*(?:text\()?[a-z_][\w.]*\s*[,)]"
    rb"|\bread_sql\s*\(\s*[\"'][\w.]+[\"']"
)
_DECLARES: Final = rb"\bcreate_table\s*\(|\bSQLModel\b|__tablename__|\bTable\s*\(|models\.Model\b|\bdb_table\b"
_LIBRARIES: Final = rb"\bspark\b|\bpyspark\b|\bsnowpark\b|\bdelta\b|\bawsglue\b|\bdlt\b|\bsqlContext\b|\bduckdb\b|\bibis\b|\bawswrangler\b|\bclickhouse_connect\b|\.copy_from\s*\("
_BEGINS: Final = rb"__name__\s*==|\bpython_callable\b|@(?:dag|task|flow|asset|op|job|app\.task|shared_task)\b|\b(?:airflow|dagster|prefect|luigi)\b"
_STATEMENTS: Final = (
    rb"(?i)[\"'](?:\s|\\n)*(?:select\s|insert\s+(?:into|overwrite)\s|update\s+\S+\s+set\s|delete\s+from\s|merge\s+into\s|"
    rb"create\s+(?:or\s+replace\s+)?(?:table|view)\s|with\s+\w+\s+as\s*\()"
)
_IMPORTS: Final = rb"(?m)^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import|import[ \t]+([\w.]+))"
_PROGRAMS: Final = rb"# ?MAGIC +%sql\b|@(?:dlt|dp)\.|def model\(dbt|\bsqlmesh\b"


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
    begins: Pattern
    imports: Pattern
    texts: Pattern


@cache
def _patterns() -> _Patterns:
    import re2

    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    sql, tables, common = "|".join(SQL_CALLS), "|".join((*TABLE_CALLS, *OPERATORS)), "|".join(COMMON_CALLS)
    return _Patterns(
        re2.compile(rf"\b(?:{sql}|{tables}|{common}|\w+(?:Operator|Sensor|Transfer))\s*\(".encode(), options),
        re2.compile(rf"\b(?:{tables})\s*\(|[%# ]%?sql\b".encode(), options),
        *(re2.compile(p, options) for p in (_VERBS, _LIBRARIES, _PROGRAMS, _DECLARES, _BEGINS, _IMPORTS, _STATEMENTS)),
    )


def may_say_something(data: bytes) -> bool:
    """May the file run SQL, name tables in calls, or declare them?"""
    look = _patterns()
    if look.calls.search(data) is None:
        if look.declares.search(data) is not None or look.programs.search(data) is not None:
            return True
        return look.texts.search(data) is not None and _imports_of_project(data)
    return any(p.search(data) is not None for p in (look.verbs, look.tables, look.libraries, look.declares))


def may_lead_on(data: bytes, stem: str = "") -> bool:
    """May the file be where something begins that other modules run, or a package that hands their functions on? Others that
    run no SQL are not looked into: reading each would cost a hundred times as much."""
    if b"import" not in data or (stem != "__init__" and _patterns().begins.search(data) is None):
        return False
    return _imports_of_project(data)


def _imports_of_project(data: bytes) -> bool:
    """Does it import something that is no library?"""
    modules = (found.group(1) or found.group(2) for found in _patterns().imports.finditer(data))
    return any(not is_library(module.decode("latin-1")) for module in modules)


def may_be_notebook(data: bytes) -> bool:
    """May a file of JSON be a notebook with SQL or tables?"""
    if b'"cells"' not in data and b'"worksheets"' not in data:
        return False
    return may_say_something(data) or b"%%" in data or b"%sql" in data or b'"SQL"' in data or b'"sql"' in data


class Places:
    """On which lines of a file what is looked for stands."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._starts = [0, *accumulate(map(len, data.splitlines(keepends=True)))]
        self.declares = _patterns().declares.search(data) is not None
        """May the file declare tables?"""

    def calls(self) -> list[int]:
        """The lines on which a known call begins."""
        return self._lines(found.end() - 1 for found in _patterns().calls.finditer(self._data))

    def declarations(self) -> list[int]:
        """The lines on which tables may be declared."""
        return self._lines(found.start() for found in _patterns().declares.finditer(self._data))

    def name(self, name: str) -> list[int]:
        """The lines on which a name stands, in code or not."""
        return self._lines(at for at, _ in self._found(name.encode()))

    def used(self, name: str) -> list[int]:
        """Those on which it is called, or something of it is taken."""
        return self._lines(at for at, after in self._found(name.encode()) if after in _USES)

    def _found(self, name: bytes) -> Iterator[tuple[int, bytes]]:
        """Where it stands, and the byte behind it."""
        data, size = self._data, len(name)
        at = data.find(name)
        while at >= 0:
            after = data[at + size : at + size + 1]
            if not (_is_word(data[at - 1 : at]) or _is_word(after)):
                yield at, after
            at = data.find(name, at + size)

    def _lines(self, offsets: Iterable[int]) -> list[int]:
        return sorted({bisect_right(self._starts, at) for at in offsets})


_USES: Final = (b"(", b".")


def _is_word(char: bytes) -> bool:
    return char.isalnum() or char == b"_" or char > b"\x7f"
