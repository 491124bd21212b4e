"""What stands in script files but is no SQL: commands of the engines' own clients, and data between statements.

psql's backslash commands and ``COPY ... FROM stdin`` blocks, SQL*Plus's directives and substitution variables, MySQL's
versioned comments, the marks between cells of notebooks. They are blanked or turned into the SQL that they mean; lines stay where they are."""

from __future__ import annotations

import re
from typing import Final

_PSQL: Final = frozenset({"postgres", "redshift", "materialize", "risingwave", ""})


_MYSQL: Final = frozenset({"mysql", "singlestore", "starrocks", "doris", ""})


def without_client_commands(text: str, dialect: str) -> str:
    """The same lines as SQL alone."""
    if dialect in _PSQL and "\\" in text:
        text = _without_psql(text)
    if dialect in _MYSQL:
        if "/*!" in text or "/*M!" in text:
            text = _VERSIONED.sub(_unwrapped, text)
        if "\\" in text or _SOURCE.search(text):
            text = _SOURCE.sub("", _MYSQL_END.sub(";", text))
    if dialect == "oracle":
        text = _without_sqlplus(text)
    if dialect in _DOTTED:
        text = _DOT_COMMAND.sub(lambda m: m.group(1) + "\n" * m.group(2).count("\n"), text)
    if dialect in _NOTEBOOKS and _CELL in text:
        text = text.replace(_CELL, ";" + " " * (len(_CELL) - 1))
    if dialect == "exasol":
        text = _SCRIPT.sub(lambda m: "\n" * m.group().count("\n"), text)
    return text


_NOTEBOOKS: Final = frozenset({"databricks", "spark", "hive", ""})


_CELL: Final = "-- COMMAND ----------"
"""Between the cells of Databricks's notebooks, whose statements need no other end."""


_DOTTED: Final = frozenset({"sqlite", "duckdb", "teradata"})


_DOT_COMMAND: Final = re.compile(r"(\A|;[ \t]*\r?\n|\n[ \t]*\r?\n|--[^\n]*\n)((?:[ \t]*\.[A-Za-z][^\n]*(?:\n|\Z))+)")
"""Commands of sqlite3, duckdb and BTEQ, where no statement is open."""


_SCRIPT: Final = re.compile(
    r"^[ \t]*CREATE\b[^;\n]*\bSCRIPT\b.*?^/[ \t]*\r?$", re.IGNORECASE | re.MULTILINE | re.DOTALL
)
"""A script of Exasol, in another language."""


_DATA: Final = re.compile(
    r"^([ \t]*COPY\b[^;]{1,20000}?\bFROM\s+STDIN\b[^;\n]*;)[ \t]*\r?\n(.*?)^\\\.[ \t]*\r?$",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)


_COPY: Final = re.compile(r"^([ \t]*)\\(copy\b[^\n]*?);?[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)


_COMMAND: Final = re.compile(r"^[ \t]*\\[A-Za-z!?.][^\n]*$", re.MULTILINE)


_SEND: Final = re.compile(r"\\(?:g|gx|gset|gexec|gdesc|crosstabview|watch)\b[^\n]*$", re.MULTILINE)


def _without_psql(text: str) -> str:
    """Data blocks and backslash commands are blanked, ``\\copy`` is COPY, ``\\g`` and its like end a statement."""
    text = _DATA.sub(lambda m: m.group(1) + "\n" * (m.group(2).count("\n") + 1), text)
    text = _COPY.sub(r"\1\2;", text)
    return _SEND.sub(";", _COMMAND.sub("", text))


_VERSIONED: Final = re.compile(r"/\*M?!\d*([^*]*(?:\*(?!/)[^*]*)*)\*/")


_MYSQL_END: Final = re.compile(r"\\[gG][ \t]*\r?$", re.MULTILINE)


_SOURCE: Final = re.compile(
    r"^[ \t]*(?:source[ \t]+[\w./\\-]+[ \t]*;?|\\\.[^\n]*)[ \t]*\r?$", re.IGNORECASE | re.MULTILINE
)


def _unwrapped(found: re.Match[str]) -> str:
    """``/*!40101 statement */`` is the statement for every server that is not very old."""
    return " " + found.group(1) + " "


_DIRECTIVE: Final = re.compile(
    r"[ \t]*(?:"
    r"(?:REM|REMARK|PROMPT|PRO)(?:[ \t]|$)|"
    r"(?:WHENEVER|SPOOL|SPO|DEF|DEFINE|UNDEFINE|UNDEF|COL|COLUMN|TTITLE|BTITLE|CLEAR|CL|COMPUTE|ACC|ACCEPT|PAUSE|"
    r"VAR|VARIABLE|PRINT|HOST|CONNECT|CONN|DISCONNECT|DISC|SHOW|SHO|TIMING|ARCHIVE|STARTUP|SHUTDOWN|PASSWORD|STORE)(?:[ \t;]|$)|"
    r"SET[ \t]+(?!CONSTRAINT|ROLE|TRANSACTION)\w+(?:[ \t][^=]*)?$|"
    r"BREAK[ \t]+ON\b|START[ \t]+(?!WITH\b)[\w./&]+|"
    r"(?:EXIT|QUIT)(?:[ \t]+(?!WHEN)\S+)?[ \t]*;?[ \t]*$|"
    r"@|!)",
    re.IGNORECASE,
)


_EXECUTE: Final = re.compile(r"[ \t]*EXEC(?:UTE)?[ \t]+(?!IMMEDIATE)", re.IGNORECASE)


_DEFINE: Final = re.compile(
    r"[ \t]*DEF(?:INE)?[ \t]+(\w+)[ \t]*=[ \t]*['\"]?([\w.$#]+)['\"]?[ \t]*;?[ \t]*$", re.IGNORECASE
)


_SUBSTITUTED: Final = re.compile(r"&&?(\w+)\.?")


_SLASH: Final = re.compile(r"[ \t]*/[ \t]*$")


def _without_sqlplus(text: str) -> str:
    """Directives stand where no statement is open; ``/`` alone on a line ends one; ``&name`` is replaced by its value or
    its name."""
    values: dict[str, str] = {}
    out: list[str] = []
    is_open = in_comment = goes_on = False
    for line in text.split("\n"):
        bare = line.rstrip("\r")
        plain = bare.strip()
        if goes_on:  # a directive that ends in a hyphen goes on
            goes_on = plain.endswith("-")
            out.append("")
            continue
        if in_comment:
            in_comment = "*/" not in bare
        elif _SLASH.match(bare):
            out.append(";")
            is_open = False
            continue
        elif not is_open and _DIRECTIVE.match(bare):
            found = _DEFINE.match(bare)
            if found:
                values[found.group(1).lower()] = found.group(2)
            goes_on = plain.endswith("-") and len(plain) > 1
            out.append("")
            continue
        elif not is_open and _EXECUTE.match(bare):
            line = bare if plain.endswith((";", "-")) else bare + ";"
        elif plain and not plain.startswith("--"):
            opened = bare.rfind("/*")
            if opened >= 0 and "*/" not in bare[opened:]:
                in_comment = True
                plain = bare[:opened].strip()
            elif plain.startswith("/*") and plain.endswith("*/"):
                plain = ""
            if plain:
                code = plain.split("--", 1)[0].rstrip()
                is_open = not code.endswith(";") if code else is_open
        if "&" in line:
            line = _SUBSTITUTED.sub(lambda m: values.get(m.group(1).lower(), m.group(1)), line)
        out.append(line)
    return "\n".join(out)


_DELIMITER: Final = re.compile(r"^[ \t]*DELIMITER[ \t]+(\S+)[^\n]*", re.IGNORECASE | re.MULTILINE)


def without_delimiters(text: str) -> str:
    """MySQL's client directive: every other delimiter becomes ``;``, in a text of the same length."""
    out: list[str] = []
    at, mark = 0, ";"
    for found in [*_DELIMITER.finditer(text), None]:
        piece = text[at : found.start() if found else len(text)]
        if mark != ";":
            # the inner ; end statements as well: they are where a body's statements end
            piece = piece.replace(mark, ";" + " " * (len(mark) - 1))
        out.append(piece)
        if found:
            out.append(" " * (found.end() - found.start()))
            at, mark = found.end(), found.group(1)
    return "".join(out)
