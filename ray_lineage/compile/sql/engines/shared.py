"""What several engines share."""

from __future__ import annotations

import re
from typing import Final

from sqlglot.tokens import Token

from ray_lineage.compile.sql.engine import rule
from ray_lineage.compile.sql.lex.kinds import T
from ray_lineage.compile.sql.lex.scan import at_top_level, closing, end_of_clause
from ray_lineage.compile.sql.lex.tokens import like, made


def plain_functions(tokens: list[Token], verb: str) -> list[Token]:
    """Without ``RETURNING type`` and ``WITH WRAPPER`` in functions of JSON, and without ``AT LOCAL``; ``a MULTISET UNION b``
    is ``a || b``, ``COLLATION FOR (a)`` a function."""
    out: list[Token] = []
    statements: list[bool] = []  # does a statement stand in the parenthesis? It has a RETURNING of its own
    i, n = 0, len(tokens)
    while i < n:
        token = tokens[i]
        word = token.text.upper() if token.token_type is not T.IDENTIFIER else ""
        following = tokens[i + 1].text.upper() if i + 1 < n else ""
        if token.token_type is T.L_PAREN:
            statements.append(following in ("INSERT", "UPDATE", "DELETE", "MERGE", "WITH"))
        elif token.token_type is T.R_PAREN and statements:
            statements.pop()
        depth = len(statements)
        if word == "RETURNING" and depth and not statements[-1]:
            i += 2
            if i < n and tokens[i].token_type is T.L_PAREN:
                i = closing(tokens, i) + 1
            continue
        if word in ("WITH", "WITHOUT") and depth and out[-1].token_type is not T.L_PAREN:
            end = next((k for k in range(i + 1, min(n, i + 4)) if tokens[k].text.upper() == "WRAPPER"), -1)
            if end > 0:
                i = end + 1
                continue
        if word == "AT" and following == "LOCAL":
            i += 2
            continue
        if word == "MULTISET" and following in ("UNION", "EXCEPT", "INTERSECT"):
            out.append(like(token, T.DPIPE, "||"))
            i += 3 if i + 2 < n and tokens[i + 2].text.upper() in ("ALL", "DISTINCT") else 2
            continue
        if word == "FOR" and out and out[-1].text.upper() == "COLLATION":
            i += 1
            continue
        out.append(token)
        i += 1
    return out


def _without_current(tokens: list[Token], verb: str) -> list[Token]:
    """``WHERE CURRENT OF cursor``: which row that is says the cursor."""
    at = next((i for i in range(len(tokens) - 3) if two_words(tokens, i + 1) == "CURRENT OF"), -1)
    if verb not in ("UPDATE", "DELETE") or at < 0 or tokens[at].token_type is not T.WHERE:
        return tokens
    return [*tokens[:at], *tokens[at + 4 :]]


def plain_calls(tokens: list[Token], verb: str) -> list[Token]:
    """Calls that the parser takes for others: ``FROM dictionary('d')`` of ClickHouse -> ``FROM d``; ``INSERT INTO FILES(...)`` of
    StarRocks -> ``INSERT INTO FUNCTION FILES(...)``; ``vector_search(index => ...)`` of Databricks -> ``vector_index(...)``."""
    out: list[Token] = []
    i, n = 0, len(tokens)
    while i < n:
        token = tokens[i]
        word = token.text.lower() if i + 1 < n and tokens[i + 1].token_type is T.L_PAREN else ""
        in_from = i > 0 and tokens[i - 1].token_type in (T.FROM, T.JOIN, T.COMMA)
        if word == "dictionary" and in_from and i + 3 < n and tokens[i + 2].token_type is T.STRING:
            out.extend(made(token, tokens[i + 2].text.replace(".", " . ")))
            i += 4
            continue
        if word == "files" and i == 2 and verb == "INSERT":
            out.append(like(token, T.FUNCTION, "FUNCTION"))
        out.append(like(token, T.VAR, "vector_index") if word == "vector_search" else token)
        i += 1
    return out


def keyed_pairs(tokens: list[Token], verb: str) -> list[Token]:
    """``JSON_OBJECT(a.k : v)`` -> ``JSON_OBJECT(a.k VALUE v)``: the parser takes the colon behind a column for a path into it."""
    out = list(tokens)
    for i, token in enumerate(tokens[:-1]):
        if token.text.upper() == "JSON_OBJECT" and tokens[i + 1].token_type is T.L_PAREN:
            for k in at_top_level(tokens[: closing(tokens, i + 1)], i + 2, T.COLON):
                out[k] = like(tokens[k], T.VAR, "VALUE")
    return out


def without_partitions(tokens: list[Token], verb: str) -> list[Token]:
    """``f(input => TABLE(t) PARTITION BY a ORDER BY b)`` -> ``f(input => TABLE(t))``: how the rows are handed over."""
    out: list[Token] = []
    i, n = 0, len(tokens)
    while i < n:
        token = tokens[i]
        is_argument = token.token_type is T.TABLE and bool(out) and out[-1].token_type in _BEFORE_ARGUMENT
        if not is_argument or i + 1 >= n or tokens[i + 1].token_type is not T.L_PAREN:
            out.append(token)
            i += 1
            continue
        end = closing(tokens, i + 1)
        out.extend([token, tokens[i + 1], *without_partitions(tokens[i + 2 : end], verb), tokens[end]])
        i = min(end_of_clause(tokens, end + 1, frozenset()), *(k for k in at_top_level(tokens, end + 1, T.COMMA)), n)
    return out


_BEFORE_ARGUMENT: Final = frozenset({T.L_PAREN, T.COMMA, T.FARROW})
PAIRS: Final = rule("json_object :", "", keyed_pairs)
PARTITIONS: Final = rule("table", r"\btable\s*\(", without_partitions)


CURRENT_OF: Final = rule("current", r"\bcurrent\s+of\b", _without_current)


def without_dot_commands(text: str) -> str:
    """Without commands of sqlite3, duckdb and BTEQ."""
    return _DOT_COMMAND.sub(lambda m: m.group(1) + "\n" * m.group(2).count("\n"), text)


_DOT_COMMAND: Final = re.compile(r"(\A|;[ \t]*\r?\n|\n[ \t]*\r?\n|--[^\n]*\n)((?:[ \t]*\.[A-Za-z][^\n]*(?:\n|\Z))+)")
"""Commands of sqlite3, duckdb and BTEQ, where no statement is open."""


def two_words(tokens: list[Token], i: int) -> str:
    return " ".join(t.text.upper() for t in tokens[i : i + 2])
