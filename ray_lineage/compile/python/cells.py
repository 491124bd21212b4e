"""Notebooks: cells of Python and SQL -> one module, in which every line is the line of a cell.

Read are Jupyter's files (``.ipynb``), and Databricks' sources (``# COMMAND ----------``, ``# MAGIC %sql``). Outputs are never
looked at."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import msgspec

from ray_lineage.compile.python.libraries import NAMING_MAGICS, SESSIONS, SQL_MAGICS
from ray_lineage.compile.python.reading import NoPython, parse

SQL_CELL: Final = "__sql_cell__"
"""The call that stands for a cell of SQL."""

DATABRICKS: Final = "# Databricks notebook source"
_COMMAND: Final = re.compile(r"^# COMMAND -+\s*$")
_MAGIC: Final = re.compile(r"^ ?(?:# ?MAGIC ?)+")
_PYTHON_MAGICS: Final = frozenset(
    ("time", "timeit", "capture", "local", "pyspark", "python", "python3", "py", "prun", "memit", *SESSIONS)
)
_INSTALLS: Final = re.compile(r"(?:pip|conda|mamba)\s+[a-z]")
"""What IPython understands without a per cent sign, too, and Python does not."""
_LINE_MAGIC: Final = re.compile(r"^(\s*)(?:([A-Za-z_]\w*)\s*=\s*)?(%|!)\s*(.*)$")
_HELP: Final = re.compile(r"^\s*(?:\?.*|[\w.]+\?{1,2}\s*)$")
_RUN: Final = re.compile(r"^run\s+(?:-\w\s+)*[\"']?([\w./ -]+?)[\"']?\s*(?:\$.*)?$")
_OPTIONS: Final = re.compile(
    r"^(?:--?\w[\w-]*(?:[ =](?!select|with|insert)[^\s]+)?\s*|[\w-]+\s*<<\s*|[\w+]+://\S+\s*|@\w+\s*)", re.IGNORECASE
)
_VARIABLE: Final = re.compile(r"\{\{\s*(\w+)\s*\}\}|\$\{(\w+)\}|\{(\w+)\}|(?<![\w$])\$(\w+)\b(?!\$)")


class Cell(NamedTuple):
    """``number`` is its place in the notebook (from 1, cells of text included), ``line`` that of its first line in the file where
    that is a text. ``language`` is ``python``, ``sql`` or another one."""

    number: int
    language: str
    text: str
    line: int = 1


class _Cell(msgspec.Struct, frozen=True):
    cell_type: str = ""
    source: str | list[str] = ""
    input: str | list[str] = ""


class _Sheet(msgspec.Struct, frozen=True):
    cells: list[_Cell] = []


class _Notebook(msgspec.Struct, frozen=True):
    cells: list[_Cell] = []
    worksheets: list[_Sheet] = []
    metadata: dict[str, object] = {}


def read_notebook(data: bytes) -> list[Cell]:
    """The cells of code. Raises ValueError where this is no notebook."""
    try:
        notebook = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"), type=_Notebook)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(str(error)) from None
    language = _language(notebook.metadata)
    cells = notebook.cells or [c for sheet in notebook.worksheets for c in sheet.cells]
    out: list[Cell] = []
    for number, cell in enumerate(cells, 1):
        source = cell.source or cell.input
        text = source if isinstance(source, str) else "".join(source)
        if cell.cell_type == "code" and text.strip():
            out.append(Cell(number, language, text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", " ")))
    return out


def _language(metadata: dict[str, object]) -> str:
    found = ""
    for key in ("kernelspec", "language_info"):
        part = metadata.get(key)
        if isinstance(part, dict):
            found = found or str(part.get("language") or part.get("name") or "").lower()
    if "sql" in found:
        return "sql"
    return "python" if not found or found.startswith(("python", "pyspark", "ipython", "synapse_pyspark")) else found


def read_databricks(text: str) -> list[Cell]:
    """The cells of a Databricks source, each with its place in the file."""
    out: list[Cell] = []
    lines: list[str] = []
    number, first = 0, 1
    for k, line in enumerate([*text.split("\n"), "# COMMAND ----------"], 1):
        if not _COMMAND.match(line):
            lines.append(line)
            continue
        number += 1
        out.append(Cell(number, "python", "\n".join(_without_marks(lines)), first))
        lines, first = [], k + 1
    return out


def _without_marks(lines: list[str]) -> list[str]:
    """A cell behind ``# MAGIC``: its first magic rules all of it, but for those that are one line."""
    marked = any(map(_MAGIC.match, lines))
    out = [_MAGIC.sub("", x) if _MAGIC.match(x) else "" for x in lines] if marked else list(lines)
    first = next((k for k, x in enumerate(out) if x.strip() and not x.startswith("#")), 0)
    found = re.match(r"\s*%(\w+)", out[first]) if out else None
    if found and found.group(1) not in ("run", "pip", "conda", "autoreload", "load_ext"):
        out[first] = "%" + out[first].strip()
    return out


# --------------------------------------------------------------------------- one module of all cells


class Line(NamedTuple):
    """Where a line of the module stands: a cell's number and a line in it."""

    cell: int
    line: int


class Notebook(NamedTuple):
    """``tree`` and ``text`` of the module, and where its lines stand (the first one is number 1). ``faults``: what cannot be read,
    by the module's lines."""

    tree: ast.Module
    text: str
    lines: list[Line]
    faults: list[tuple[int, str]]


def module_of(cells: Iterable[Cell]) -> Notebook:
    """One module of all cells: one that cannot be read costs that cell only."""
    body: list[ast.stmt] = []
    text: list[str] = []
    places: list[Line] = []
    faults: list[tuple[int, str]] = []
    for cell in cells:
        lines = cell.text.split("\n")
        between = max(cell.line - 1 - len(text), 0)  # the lines of a source stay where they are
        places.extend(Line(cell.number, cell.line - between + k) for k in range(between))
        text.extend([""] * between)
        start = len(text) + 1
        places.extend(Line(cell.number, cell.line + k) for k in range(len(lines)))
        try:
            shown, statements = _cell(cell.language, lines, start)
        except NoPython as error:
            faults.append((start + max(error.line, 1) - 1, error.why))
            shown, statements = [""] * len(lines), []
        text.extend(shown)
        body.extend(statements)
    return Notebook(ast.Module(body, []), "\n".join(text), places, faults)


def _cell(language: str, lines: list[str], start: int) -> tuple[list[str], list[ast.stmt]]:
    """The lines of a cell as they stand in the module, and its statements."""
    first = next((k for k, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#")), 0)
    head = lines[first].strip()
    if language == "sql" and not head.startswith("%%"):
        return _sql(lines, 0, 0, start)
    if head.startswith("%%") or _rules_the_cell(head, lines[first + 1 :]):
        return _magic(head.lstrip("%"), lines, first, start)
    return _python(lines, start) if language == "python" else ([""] * len(lines), [])


_CELL_MAGIC: Final = re.compile(r"%(sql|md|md-sandbox|sh|scala|r|fs)\b\s*(.*)")
_PYTHON: Final = re.compile(r"\s*(?:[%!]|\w+\s*=[^=]|import |from \w+ import|print\(|def |for \w+ in )")


def _rules_the_cell(head: str, rest: list[str]) -> bool:
    """Databricks' notebooks have magics of one per cent sign that rule the whole cell; Jupyter's rule one line."""
    found = _CELL_MAGIC.match(head)
    if found is None:
        return False
    following = next((x for x in rest if x.strip()), "")
    return found.group(1) != "sql" or (bool(following) and not _PYTHON.match(following))


def _magic(head: str, lines: list[str], first: int, start: int) -> tuple[list[str], list[ast.stmt]]:
    word = re.split(r"[\s(]", head, maxsplit=1)[0].lower()
    if word in SQL_MAGICS:
        rest = lines[first][lines[first].index(word[0], lines[first].index("%")) + len(word) :] if word else ""
        return _sql_magic(word, rest, lines, first, start)
    if word in _PYTHON_MAGICS:
        return _python([*[""] * (first + 1), *lines[first + 1 :]], start)
    if word == "run":
        return _python(lines, start)
    return [""] * len(lines), []


def _sql_magic(word: str, rest: str, lines: list[str], first: int, start: int) -> tuple[list[str], list[ast.stmt]]:
    """``%%sql [connection] [variable <<]``, ``%%bigquery [variable] [options]``."""
    variable = ""
    shown = rest.strip()
    if (found := re.match(r"(?:\S+\s+)?([A-Za-z_]\w*)\s*<<", shown)) or (
        word in NAMING_MAGICS
        and (found := re.match(r"([A-Za-z_]\w*)(?=\s|$)(?!\s*\()", shown))
        and len(lines) > first + 1
    ):
        variable, shown = found.group(1), shown[found.end() :].strip()
    while found := _OPTIONS.match(shown):
        shown = shown[found.end() :]
    if any(x.strip() for x in lines[first + 1 :]) and not re.match(
        r"(?i)(?:select|with|insert|create|merge|update|delete)\b", shown
    ):
        return _sql(lines, first + 1, 0, start, variable, word)
    column = lines[first].find(shown) if shown else len(lines[first])
    return _sql(lines, first, column, start, variable, word)


_RESULT: Final = "_sqldf"
"""What Databricks calls the result of the last cell of SQL."""

_REMARKS: Final = re.compile(r"""'(?:[^']|'')*+'|"[^"]*+"|`[^`]*+`|--[^\n]*+|/\*[\s\S]*?\*/|(?P<remark># )[^\n]*+""")
"""JupySQL's ``%%sql`` takes comments away before the engine sees them, and ``# `` begins one whatever the engine
(``sqlparse.format(..., strip_comments=True)``)."""


def _sql(
    lines: list[str], first: int, column: int, start: int, variable: str = "", word: str = ""
) -> tuple[list[str], list[ast.stmt]]:
    """A cell of SQL, from a line and column on."""
    text = "\n".join([lines[first][column:], *lines[first + 1 :]]) if first < len(lines) else ""
    if word == "sql" and "# " in text:
        text = _REMARKS.sub(lambda found: "--" + found.group()[2:] if found["remark"] else found.group(), text)
    shown = [""] * len(lines)
    if not text.strip():
        return shown, []
    shown[min(first, len(lines) - 1)] = f"{SQL_CELL}("
    variable = variable or (_RESULT if word == "sql" else "")
    return shown, [_statement(text, start + first, column, variable, word, start + len(lines) - 1)]


def _statement(text: str, line: int, column: int, variable: str, word: str, last: int) -> ast.stmt:
    call = ast.Call(
        ast.Name(SQL_CELL, ast.Load()), [_value(text, line, column)], [ast.keyword("dialect", ast.Constant(word))]
    )
    statement: ast.stmt = ast.Assign([ast.Name(variable, ast.Store())], call) if variable else ast.Expr(call)
    for node in ast.walk(statement):
        if not hasattr(node, "lineno") and isinstance(node, ast.expr | ast.stmt):
            _at(node, line, column, last)
    return statement


def _at(node: ast.expr | ast.stmt, line: int, column: int, last: int) -> None:
    node.lineno, node.col_offset, node.end_lineno, node.end_col_offset = line, column, last, column


def _value(text: str, line: int, column: int) -> ast.expr:
    """The text, with the program's variables where it names them."""
    parts: list[ast.expr] = []
    at = 0
    for found in _VARIABLE.finditer(text):
        name = next(g for g in found.groups() if g)
        if not name.isidentifier() or name.isdigit():
            continue
        parts += (_constant(text, at, found.start(), line, column), _name(name, text, found.start(), line, column))
        at = found.end()
    parts.append(_constant(text, at, len(text), line, column))
    value = parts[0]
    for part in parts[1:]:
        whole = ast.BinOp(value, ast.Add(), part)
        _at(whole, value.lineno, value.col_offset, value.lineno)
        value = whole
    return value


def _place(text: str, at: int, line: int, column: int) -> tuple[int, int]:
    newlines = text.count("\n", 0, at)
    return (line + newlines, at - text.rfind("\n", 0, at) - 1) if newlines else (line, column + at)


def _constant(text: str, start: int, end: int, line: int, column: int) -> ast.Constant:
    node = ast.Constant(text[start:end])
    where = _place(text, start, line, column)
    _at(node, *where, where[0])
    return node


def _name(name: str, text: str, start: int, line: int, column: int) -> ast.Name:
    node = ast.Name(name, ast.Load())
    where = _place(text, start, line, column)
    _at(node, *where, where[0])
    return node


# --------------------------------------------------------------------------- Python with magics


def _python(lines: list[str], start: int) -> tuple[list[str], list[ast.stmt]]:
    """A cell of Python. What IPython alone understands is taken out, the lines stay. Raises NoPython."""
    shown: list[str] = []
    sql: dict[int, ast.stmt] = {}
    for k, line in enumerate(lines):
        found = _LINE_MAGIC.match(line) if "%" in line or "!" in line else None
        if found is None or _in_expression(lines, k):
            shown.append("" if _HELP.match(line) or _INSTALLS.match(line) else line)
            continue
        indent, variable, mark, rest = found.groups()
        plain, statement = _line_magic(variable or "", mark, rest, line, start + k)
        if statement is not None:
            sql[start + k] = statement
        shown.append(indent + (plain or "pass"))
    tree = _parsed(shown, start)
    body = [sql.pop(s.lineno, s) if isinstance(s, ast.Pass) else s for s in tree.body]
    cells = {s.lineno for s in body if _is_cell(s)}
    return [f"{SQL_CELL}(" if start + k in cells else x for k, x in enumerate(shown)], body


def _is_cell(statement: ast.stmt) -> bool:
    value = statement.value if isinstance(statement, ast.Expr | ast.Assign) else None
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == SQL_CELL


def _in_expression(lines: list[str], at: int) -> bool:
    """Does the line go on with an expression, so that ``%`` is an operator?"""
    before = lines[at - 1].rstrip() if at else ""
    return before.endswith(("\\", "(", ",", "+", '"', "'")) and not lines[at].lstrip().startswith(("%sql", "!", "%run"))


def _line_magic(variable: str, mark: str, rest: str, line: str, number: int) -> tuple[str, ast.stmt | None]:
    """What stands for a magic in one line: Python, or a statement of SQL."""
    if mark == "!":
        return (f"{variable} = None" if variable else ""), None
    rest = rest.lstrip("%")
    word, _, tail = rest.partition(" ")
    if word.lower() in SQL_MAGICS:
        shown = tail.strip()
        if found := re.match(r"(?:\S+\s+)?([A-Za-z_]\w*)\s*<<", shown):
            variable, shown = found.group(1), shown[found.end() :].strip()
        while option := _OPTIONS.match(shown):
            shown = shown[option.end() :]
        return "", _statement(shown, number, line.find(shown), variable, word.lower(), number) if shown else None
    run = _RUN.match(rest)
    if run is not None:
        return _imported(run.group(1)), None
    return (f"{variable} = None" if variable else ""), None


def _imported(path: str) -> str:
    """``%run ./folder/setup`` gives all names of that notebook."""
    parts = [p for p in re.sub(r"\.(?:py|ipynb)$", "", path.strip()).split("/") if p not in ("", ".")]
    up = sum(p == ".." for p in parts)
    names = [p for p in parts if p != ".."]
    if not names or not all(p.isidentifier() for p in names):
        return "pass"
    return f"from {'.' * (up + 1)}{'.'.join(names)} import *"


def _parsed(lines: list[str], start: int) -> ast.Module:
    tree = parse("\n".join(lines))
    for node in _nodes(tree):
        ast.increment_lineno(node, start - 1)
    return tree


def _nodes(tree: ast.Module) -> Iterator[ast.stmt]:
    yield from tree.body
