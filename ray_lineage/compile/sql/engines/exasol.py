"""Exasol."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from sqlglot.tokens import Token

from ray_lineage.compile.sql.engine import Engine, fold_upper, rule
from ray_lineage.compile.sql.engines.shared import CURRENT_OF
from ray_lineage.compile.sql.lex.kinds import T
from ray_lineage.compile.sql.lex.scan import closing, list_items, read_name
from ray_lineage.compile.sql.lex.tokens import like, made
from ray_lineage.compile.sql.query.words import SERVER_QUERY
from ray_lineage.compile.sql.statements.columns import listed_names
from ray_lineage.compile.sql.statements.load import load_from
from ray_lineage.compile.sql.statements.locations import files
from ray_lineage.compile.sql.unit import Unit, Written

_SCRIPT: Final = re.compile(
    r"^[ \t]*CREATE\b[^;\n]*\bSCRIPT\b.*?^/[ \t]*\r?$", re.IGNORECASE | re.MULTILINE | re.DOTALL
)
"""A script of Exasol, in another language."""


def without_scripts(text: str) -> str:
    """Without scripts in other languages."""
    return _SCRIPT.sub(lambda m: "\n" * m.group().count("\n"), text)


def _without_local(tokens: list[Token], verb: str) -> list[Token]:
    """Exasol's ``local.a`` -> ``a``: an alias of the same select list."""
    return [
        t
        for i, t in enumerate(tokens)
        if not (t.text.lower() == "local" and i + 1 < len(tokens) and tokens[i + 1].token_type is T.DOT)
        and not (t.token_type is T.DOT and i and tokens[i - 1].text.lower() == "local")
    ]


def imported(tokens: list[Token]) -> list[Token]:
    """Exasol's ``... FROM JDBC AT c STATEMENT 'query'`` and ``... TABLE s.t [(a, b)]`` -> a query of ``import_query('c',
    'query')`` and ``import_table('c', s.t)``; nothing where it imports files."""
    words = [t.text.upper() for t in tokens]
    start = words.index("FROM") if "FROM" in words else len(words)
    found = (words.index(w, start) for w in ("STATEMENT", "TABLE") if w in words[start:])
    at = next(found, 0)
    if not at or "AT" not in words[start:at] or at + 1 >= len(tokens):
        return []
    server = like(tokens[at], T.STRING, tokens[words.index("AT", start) + 1].text)
    if words[at] == "STATEMENT":
        return made(tokens[at], "SELECT * FROM import_query (", [server], ",", [tokens[at + 1]], ")")
    end = at + 1
    while end < len(tokens) and tokens[end].token_type in (T.VAR, T.IDENTIFIER, T.DOT):
        end += 1
    listed = end < len(tokens) and tokens[end].token_type is T.L_PAREN
    columns = tokens[end + 1 : closing(tokens, end)] if listed else made(tokens[at], "*")
    call = made(tokens[at], "FROM import_table (", [server], ",", tokens[at + 1 : end], ")")
    return made(tokens[at], "SELECT", columns, call)


def _plain_imports(tokens: list[Token], verb: str) -> list[Token]:
    """``(IMPORT INTO (c int) FROM JDBC AT ...)`` -> ``(SELECT * FROM (query) AS i (c))``."""
    out: list[Token] = []
    i, n = 0, len(tokens)
    while i < n:
        out.append(tokens[i])
        i += 1
        if tokens[i - 1].token_type is not T.L_PAREN or i >= n or tokens[i].text.upper() != "IMPORT":
            continue
        end = closing(tokens, i - 1)
        query = imported(tokens[i:end])
        if query and tokens[i + 2].token_type is T.L_PAREN:
            last = closing(tokens, i + 2)
            names = [t for a, _ in list_items(tokens, i + 3, last) for t in (*made(tokens[i], ","), tokens[a])][1:]
            query = made(tokens[i], "SELECT * FROM (", query, ") AS i (", names, ")")
        if query:
            out.extend(query)
            i = end
    return out


def import_into(unit: Unit, tokens: list[Token]) -> Iterator[Written]:
    """``IMPORT INTO t [(a, b)] FROM ... FILE 'f'`` of Exasol, or from another engine."""
    if len(tokens) < 4 or tokens[1].token_type is not T.INTO:
        return
    parts, i = read_name(tokens, 2)
    query = imported(tokens[i:])
    if query:
        listed = tokens[i].token_type is T.L_PAREN
        into = tokens[1 : closing(tokens, i) + 1 if listed else i]
        unit.run(made(tokens[0], "INSERT", into, query), "INSERT")
        return
    columns = listed_names(unit, tokens, i) if i < len(tokens) and tokens[i].token_type is T.L_PAREN else []
    for location in files(tokens):
        yield load_from(unit, tokens, unit.names.location(location, tokens[0].line), unit.full(parts), columns)


EXASOL: Final = Engine(
    name="exasol",
    client=(without_scripts,),
    rewrites=(CURRENT_OF, rule("local.", "", _without_local), rule("import", r"\(\s*import\b", _plain_imports)),
    fold=fold_upper,
    no_columns=frozenset(
        [
            "current_session",
            "current_statement",
            "dbtimezone",
            "level",
            "localtimestamp",
            "rowid",
            "rownum",
            "sessiontimezone",
            "sysdate",
        ]
    ),
    aggregates=frozenset(["mul", "st_union"]),
    lateral_aliases=True,
    aliases_in_where=True,
    sequence_objects=True,
    dual=True,
    table_functions={"import_query": SERVER_QUERY, "import_table": ("server", "table")},
    readers={"IMPORT": import_into},
    lasting_global=True,
    signs="""
6: lua|script open|schema python3|scalar
4: connect|by
""",
)
