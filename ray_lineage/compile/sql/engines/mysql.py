"""MySQL and MariaDB."""

from __future__ import annotations

import re
from contextlib import nullcontext
from typing import Final

from sqlglot.tokens import Token

from ray_lineage.compile.sql.engine import Engine, Shape, rule
from ray_lineage.compile.sql.engines.shared import CURRENT_OF
from ray_lineage.compile.sql.lex.kinds import T
from ray_lineage.compile.sql.lex.scan import read_name
from ray_lineage.compile.sql.lex.tokens import like
from ray_lineage.compile.sql.query.sources import ADDRESS
from ray_lineage.compile.sql.statements.foreign_table import outside
from ray_lineage.compile.sql.unit import Unit
from ray_lineage.model import Name

_VERSIONED: Final = re.compile(r"/\*M?!\d*([^*]*(?:\*(?!/)[^*]*)*)\*/")
_MYSQL_END: Final = re.compile(r"\\[gG][ \t]*\r?$", re.MULTILINE)
_SOURCE: Final = re.compile(
    r"^[ \t]*(?:source[ \t]+[\w./\\-]+[ \t]*;?|\\\.[^\n]*)[ \t]*\r?$", re.IGNORECASE | re.MULTILINE
)


def _unwrapped(found: re.Match[str]) -> str:
    """``/*!40101 statement */`` is the statement for every server that is not very old."""
    return " " + found.group(1) + " "


_SWITCH: Final = re.compile(
    r"(?P<before>(?:\A|;[ \t]*\r?\n)(?:[ \t]*(?:(?:--|#)[^\n]*)?\r?\n)*[ \t]*)"
    r"(?:(?:no)?warnings?|no(?:tee|pager)|tee[ \t]+\S+|pager[ \t][^\n;]*)[ \t]*;?(?=[ \t]*\r?(?:\n|\Z))",
    re.IGNORECASE,
)
"""What says how the client shows results; a column may be called so, too, so that it is looked for between statements alone."""


def without_mysql_commands(text: str) -> str:
    """Versioned comments are SQL, ``\\G`` ends a statement, ``source file`` is none."""
    if "/*!" in text or "/*M!" in text:
        text = _VERSIONED.sub(_unwrapped, text)
    if "\\" in text or _SOURCE.search(text):
        text = _SOURCE.sub("", _MYSQL_END.sub(";", text))
    if "warning" in text or "tee" in text or "pager" in text:
        text = _SWITCH.sub(r"\g<before>;", text)
    return text


_DOTTED: Final = re.compile(r"(?<![\w@])@\w+\.\w")


def with_dotted_variables(tokens: list[Token], text: str) -> list[Token]:
    """``@sys.a.b`` is one variable (https://dev.mysql.com/doc/refman/8.4/en/user-variables.html)."""
    if "@" not in text or not _DOTTED.search(text):
        return tokens
    out: list[Token] = []
    i, n = 0, len(tokens)
    while i < n:
        end = _end_of_variable(tokens, i)
        out.append(tokens[i])
        i += 1
        if end > i + 1:
            first, last = tokens[i], tokens[end - 1]
            named = text[first.start : last.end + 1]
            out.append(Token(T.VAR, named, first.line, last.col, first.start, last.end))
            i = end
    return out


def _end_of_variable(tokens: list[Token], i: int) -> int:
    """Behind the name of the variable whose ``@`` stands at ``i``; ``@@global.a`` is none."""
    if tokens[i].token_type is not T.PARAMETER or (i and tokens[i - 1].token_type is T.PARAMETER):
        return i
    end, n = i + 2, len(tokens)
    while end + 1 < n and tokens[end].token_type is T.DOT and _touch(tokens, end - 1) and _touch(tokens, end):
        end += 2
    return end


def _touch(tokens: list[Token], i: int) -> bool:
    return bool(tokens[i].end + 1 == tokens[i + 1].start)


_DELIMITER: Final = re.compile(r"^[ \t]*DELIMITER[ \t]+(\S+)[^\n]*", re.IGNORECASE | re.MULTILINE)


def without_delimiters(text: str) -> str:
    """MySQL's client directive: every other delimiter becomes ``;``, in a text of the same length."""
    if "delimiter" not in text.lower():
        return text
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


_INSERT_WORDS: Final = frozenset({"LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY", "IGNORE"})


def _plain_insert(tokens: list[Token], verb: str) -> list[Token]:
    """``REPLACE INTO o`` and ``INSERT LOW_PRIORITY IGNORE o`` -> ``INSERT INTO o``."""
    if verb == "REPLACE" and len(tokens) > 1 and tokens[1].token_type is not T.L_PAREN:
        tokens = [like(tokens[0], T.INSERT, "INSERT"), *tokens[1:]]
    elif verb in ("UPDATE", "DELETE"):
        i = 1
        while i < len(tokens) and tokens[i].text.upper() in ("LOW_PRIORITY", "IGNORE", "QUICK"):
            i += 1
        return [tokens[0], *tokens[i:]]
    elif verb != "INSERT":
        return tokens
    i = 1
    while i < len(tokens) and tokens[i].text.upper() in _INSERT_WORDS:
        i += 1
    if i == 1 or i >= len(tokens):
        return tokens
    into = [] if tokens[i].token_type is T.INTO else [like(tokens[0], T.INTO, "INTO")]
    return [tokens[0], *into, *tokens[i:]]


def _plain_values(tokens: list[Token], verb: str) -> list[Token]:
    """``ON DUPLICATE KEY UPDATE t.a = VALUES(t.a)`` -> ``... VALUES(a)``."""
    i, n = next((k for k, t in enumerate(tokens) if t.text.upper() == "DUPLICATE"), len(tokens)), len(tokens)
    out = tokens[:i]
    while i < n:
        out.append(tokens[i])
        i += 1
        if out[-1].token_type is T.L_PAREN and len(out) > 1 and out[-2].token_type is T.VALUES:
            parts, end = read_name(tokens, i)
            if len(parts) > 1 and end < n and tokens[end].token_type is T.R_PAREN:
                out.append(parts[-1])
                i = end
    return out


def _next_values(tokens: list[Token], verb: str) -> list[Token]:
    """``NEXT VALUE FOR s`` -> ``NEXTVAL(s)``."""
    at = next(
        (i for i, t in enumerate(tokens) if t.text.upper() == "VALUE" and i and tokens[i - 1].text.upper() == "NEXT"),
        -1,
    )
    if at < 0 or at + 2 >= len(tokens) or tokens[at + 1].token_type is not T.FOR:
        return tokens
    end = at + 3
    while end + 1 < len(tokens) and tokens[end].token_type is T.DOT:
        end += 2
    head = [like(tokens[at - 1], T.VAR, "NEXTVAL"), like(tokens[at + 1], T.L_PAREN, "(")]
    rest = [*tokens[at + 2 : end], like(tokens[end - 1], T.R_PAREN, ")"), *tokens[end:]]
    return _next_values([*tokens[: at - 1], *head, *rest], verb)


def federated(unit: Unit, tokens: list[Token], _: Name) -> Name:
    """``ENGINE=FEDERATED CONNECTION='mysql://user@host/db/t'`` (or ``'server/t'``) of MySQL."""
    at = outside(tokens, "CONNECTION")
    if at < 0 or outside(tokens, "FEDERATED") < 0:
        return ()
    given = next((t.text for t in tokens[at:] if t.token_type is T.STRING), "")
    found = ADDRESS.search(given)
    host, path = found.groups() if found is not None else ("", given)
    parts = [p for p in (host, *(path or "").rpartition("@")[2].split("/")) if p]
    with unit.names.elsewhere(parts[0]) if len(parts) > 1 else nullcontext():
        return unit.qualified(tuple(unit.fold(p, True) for p in parts[1:])) if len(parts) > 1 else ()


REPLACE: Final = rule("replace", "", _plain_insert)
MYSQL_REWRITES: Final = (
    REPLACE,
    rule("insert", r"\binsert\s+(?:low_priority|delayed|high_priority|ignore)\b", _plain_insert),
    rule("e", r"\b(?:update|delete)\s+(?:low_priority|ignore|quick)\b", _plain_insert),
    rule("value for", "", _next_values),
    rule("values duplicate", r"\bvalues\s*\(\s*[\w`$]+\s*\.", _plain_values),
)
MYSQL: Final = Engine(
    name="mysql",
    clear_names=True,
    client=(without_mysql_commands, without_delimiters),
    settled=with_dotted_variables,
    silent_outputs=True,
    rewrites=(*MYSQL_REWRITES, CURRENT_OF),
    quote="`",
    use_is_schema=True,
    no_columns=frozenset(["utc_date", "utc_time", "utc_timestamp"]),
    aggregates=frozenset({"json_arrayagg"}),
    dual=True,
    several_targets=True,
    conflict_sees_query=True,
    outfile=True,
    query_adds_columns=True,
    foreign=(federated,),
    signs="""
6: auto_increment innodb continue|handler exit|handler key|update utf8mb4 mediumtext longtext str_to_date curdate
5: delimiter mediumint straight_join insert|ignore sql_mode lock|tables unsigned row_format found_rows
4: charset definer date_add group_concat unlock|tables deterministic|begin into|outfile
3: separator replace|into load|data on|duplicate
2: ifnull date_format enum tinyint from_unixtime rename|table
1: datetime collate from|dual leave
""",
    shapes=(
        Shape(2, "date_add( date_sub(", r",\s*interval\s+\S{1,40}\s+\w+\s*\)"),
        Shape(2, "@", r"(?<![\w@.])@\w+"),
        Shape(2, "`", r"(?<![.\w])`\w{1,60}`"),
        Shape(5, "engine", r"\bengine\s*=\s*\w"),
        Shape(6, "/*!", r"/\*!\d{5}", raw=True),
    ),
)
