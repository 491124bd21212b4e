"""What identifies things: names of datasets, and the ids of nodes."""

from __future__ import annotations

import hashlib
import re
from enum import StrEnum
from typing import Final

Name = tuple[str, ...]
"""A dataset's name as normalised parts, outermost first: (catalog, schema, name) or fewer."""

MAX_NAME: Final = 1_000
"""Longer names are cut and hashed: Neo4j refuses an indexed value over about 8 kB."""

SYSTEM_SCHEMAS: Final = ("information_schema", "performance_schema", "pg_catalog", "pg_toast", "sys")

SYSTEM_PARTS: Final = (
    ("snowflake", "account_usage"),
    ("snowflake", "organization_usage"),
    ("snowflake", "reader_account_usage"),
    ("msdb", "dbo"),
)
"""Catalog and schema of datasets that the engine itself has."""

SYSTEM_TABLES: Final = (
    "spt_values", "sysaltfiles", "syscolumns", "syscomments", "sysconfigures", "sysconstraints", "sysdatabases", "sysdepends",
    "sysfilegroups", "sysfiles", "sysforeignkeys", "sysindexes", "sysindexkeys", "syslockinfo", "syslogins", "sysmembers",
    "sysmessages", "sysobjects", "sysperfinfo", "syspermissions", "sysprocesses", "sysprotects", "sysreferences",
    "sysservers", "systypes", "sysusers",
    "sqlite_master", "sqlite_schema", "sqlite_sequence", "sqlite_temp_master", "sqlite_temp_schema",
)  # fmt: skip
"""SQL Server's older names of its own tables, without a schema or in ``dbo``; SQLite's."""


UNKNOWN: Final = "__dynamic__"
"""Stands for a part of a text that is not known. A name that holds it is nobody's."""

MODEL: Final = "\0model"
"""Last part of the name of a dbt model, ``([package,] model, MODEL)``, which is no dataset: it means the one that the model makes,
or else the one of its own name. The kind of declarations that say so, too."""

STAR_OF: Final = "__dbt_star_of_"
"""In front of a table's name in text: its columns by whatever name the query knows it; all columns, if it does not."""

MODEL_SCHEMA: Final = "__dbt_model"
"""Stands in front of a model's name in text, where a schema may stand."""


class Local(StrEnum):
    """What belongs to one file alone, by the mark that its name begins with: no dataset of the catalog is called so."""

    TABLE = "#"
    """A temporary table."""
    VARIABLE = "@"
    """A variable, or a table in one."""
    CURSOR = "#cursor:"
    """The rows of a cursor or of a loop's query."""
    RECORD = "#row:"
    """The row that a variable holds."""
    ROWS = "#rows:"
    """The rows that a trigger is told of."""
    OUTPUT = "#output:"
    """What a statement within another one gives of the rows that it wrote."""

    def marked(self, name: str) -> str:
        """The name with its mark."""
        return self.value + name

    def named(self, name: str) -> Name:
        """What is called so."""
        return (self.marked(name),)


_LONGEST_MARKS_FIRST: Final = sorted(Local, key=len, reverse=True)


def local_kind(name: Name) -> Local | None:
    """What kind of local thing it is; None for a dataset."""
    if len(name) != 1 or name[0][:1] not in ("#", "@"):
        return None
    return next(kind for kind in _LONGEST_MARKS_FIRST if name[0].startswith(kind.value))


def is_temporary(name: Name) -> bool:
    """Is it a temporary table or variable, which belongs to its file alone?"""
    return len(name) == 1 and name[0][:1] in ("#", "@")


def unnamed(position: int) -> str:
    """Name of an output column that has none, by its position."""
    return f"_col{position}"


def quote_part(part: str) -> str:
    """A name part as it stands in dotted text: quoted when it holds a dot or a quote, so that text is unambiguous."""
    if "." in part or '"' in part or not part:
        return '"' + part.replace('"', '""') + '"'
    return part


def shorten(part: str) -> str:
    """Cut a part over MAX_NAME characters and mark it with a hash of the whole, so that distinct names stay distinct."""
    if len(part) <= MAX_NAME:
        return part
    digest = hashlib.blake2b(part.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return f"{part[: MAX_NAME - 20]}~{digest}"


def dataset_text(name: Name) -> str:
    """Canonical dotted text of a dataset's name: ``catalog.schema.table``."""
    return ".".join(map(quote_part, name))


def default_kind(name: Name) -> str:
    """Kind of a dataset that no file declares."""
    table, schema = name[-1], name[-2] if len(name) > 1 else ""
    system = (
        schema in SYSTEM_SCHEMAS
        or (len(name) > 2 and (name[-3], schema) in SYSTEM_PARTS)
        or (schema in ("", "dbo") and table in SYSTEM_TABLES)
    )
    return "System" if system else "Table"


def split_text(text: str) -> Name:
    """Inverse of :func:`dataset_text`; also accepts ``[bracketed]`` and back-ticked parts, as people type them."""
    if '"' not in text and "[" not in text and "`" not in text:
        return tuple(text.split("."))
    parts: list[str] = []
    i, n = 0, len(text)
    while True:
        if i < n and text[i] in '"[`':
            close = {'"': '"', "[": "]", "`": "`"}[text[i]]
            i += 1
            part = ""
            while i < n:
                if text[i] == close:
                    if i + 1 < n and text[i + 1] == close:
                        part += close
                        i += 2
                        continue
                    i += 1
                    break
                part += text[i]
                i += 1
            parts.append(part)
        else:
            j = i
            while j < n and text[j] != ".":
                j += 1
            parts.append(text[i:j])
            i = j
        if i >= n:
            return tuple(parts)
        i += 1  # the dot


_COLUMN: Final = re.compile(r'(.*)\.("(?:[^"]|"")*"|[^."]+)', re.DOTALL)


def split_column(text: str) -> tuple[str, str]:
    """Of a column's id, or of its canonical name: that of the dataset, and the column. What has no dataset is a column alone."""
    parts = _COLUMN.fullmatch(text)
    if parts is None:
        return "", text
    dataset, column = parts.groups()
    return dataset, column if column[0] != '"' else column[1:-1].replace('""', '"')


CONTAINERS: Final = (".json",)
"""What the files that have parts end in: artefacts whose nodes are files to the graph."""

_PART: Final = "#"


def part_path(container: str, name: str) -> str:
    """Path of a part of a file, as if it were a file beside it."""
    return f"{container}{_PART}{name.replace('%', '%25').replace('/', '%2F')}"


def container_of(path: str) -> str:
    """Path of the file that this is a part of; empty: it is none. No file that is read has such a path."""
    if _PART not in path:
        return ""
    lower = path.lower() if path.isascii() else path
    ends = [at + len(suffix) for suffix in CONTAINERS if (at := lower.find(suffix + _PART)) >= 0]
    return path[: min(ends)] if ends else ""


def file_id(project: str, path: str) -> str:
    """``File.id``."""
    return f"{project}:{path}"


def dataset_id(project: str, name: str) -> str:
    """``Dataset.id`` of canonical dataset text."""
    return f"{project}:{name}"


def column_id(project: str, dataset: str, column: str) -> str:
    """``Column.id``; unique because a part that holds a dot is quoted."""
    return f"{project}:{dataset}.{quote_part(column)}"


def statement_id(file: str, ordinal: int) -> str:
    """``Statement.id``."""
    return f"{file}#{ordinal}"
