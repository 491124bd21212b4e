"""Teradata Vantage, and BTEQ."""

from __future__ import annotations

from typing import Final

from sqlglot.tokens import Token

from ray_lineage.compile.sql.engine import Engine, Shape, rule
from ray_lineage.compile.sql.engines.bigquery import joined
from ray_lineage.compile.sql.engines.shared import CURRENT_OF, comma_items, plain_functions, without_dot_commands
from ray_lineage.compile.sql.lex.kinds import T
from ray_lineage.compile.sql.lex.scan import at_top_level, closing, end_of_clause
from ray_lineage.compile.sql.lex.tokens import like

_TERADATA_TYPES: Final = frozenset(
    {"INTEGER", "INT", "BIGINT", "SMALLINT", "BYTEINT", "DATE", "TIMESTAMP", "TIME", "VARCHAR", "CHAR", "DECIMAL", "DEC",
     "FLOAT", "NUMERIC", "NUMBER", "CHARACTER"}
)  # fmt: skip


def _plain_teradata(tokens: list[Token], verb: str) -> list[Token]:
    """Without LOCKING and (TITLE '...'); ``a (INTEGER)`` is a cast and ``a (NAMED b)`` an alias."""
    at = next((i for i, t in enumerate(tokens) if t.token_type is T.SET), -1)
    if (
        verb == "UPDATE"
        and at > 3
        and tokens[at - 1].token_type is T.VAR
        and tokens[at - 2].token_type in (T.FROM, T.DOT)
    ):
        tokens = [*tokens[:at], tokens[at - 1], *tokens[at:]]  # UPDATE o FROM t SET: the parser takes SET for t's alias
    out: list[Token] = []
    i, n = 0, len(tokens)
    while i < n:
        token = tokens[i]
        word = tokens[i + 1].text.upper() if i + 1 < n else ""
        if token.text.upper() == "LOCKING" and (i == 0 or tokens[i - 1].token_type is not T.DOT):
            end = next(
                (
                    k
                    for k in range(i, n)
                    if tokens[k].text.upper() in ("ACCESS", "READ", "WRITE", "EXCLUSIVE", "CHECKSUM")
                ),
                i,
            )
            i = end + (2 if end + 1 < n and tokens[end + 1].text.upper() in ("NOWAIT", "OVERRIDE") else 1)
            continue
        if token.token_type is T.L_PAREN and word in ("TITLE", "FORMAT", "NAMED") and i + 3 < n:
            end = closing(tokens, i)
            if word == "NAMED":
                out.extend((like(token, T.ALIAS, "AS"), tokens[i + 2]))
            i = end + 1
            continue
        if token.token_type is T.L_PAREN and word in _TERADATA_TYPES and out and out[-1].token_type is T.R_PAREN:
            end = closing(tokens, i)  # SUM(a) (FLOAT, NAMED b)
            named = next((k for k in range(i + 2, end - 1) if tokens[k].text.upper() == "NAMED"), 0)
            out.extend((like(token, T.ALIAS, "AS"), tokens[named + 1]) if named else ())
            i = end + 1
            continue
        if token.token_type is T.L_PAREN and word in _TERADATA_TYPES and out and out[-1].token_type is T.VAR:
            end = closing(tokens, i)
            kind = tokens[i + 1 : end]
            comma = next((k for k, t in enumerate(kind) if t.token_type is T.COMMA and t is not kind[0]), len(kind))
            if T.L_PAREN not in [t.token_type for t in kind[:comma]]:
                kind = kind[:comma]
            start = len(out) - 1
            while start >= 2 and out[start - 1].token_type is T.DOT:
                start -= 2
            name = out[start:]
            if start and out[start - 1].token_type in (T.SELECT, T.COMMA, T.L_PAREN, T.DISTINCT, T.EQ, T.PLUS, T.DASH):
                out[start:] = [
                    like(token, T.VAR, "CAST"),
                    token,
                    *name,
                    like(token, T.ALIAS, "AS"),
                    *kind,
                    tokens[end],
                ]
                i = end + 1
                continue
        out.append(token)
        i += 1
    return out


_FIELDS: Final = frozenset({"YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"})
_BEFORE_VALUE: Final = frozenset(
    {
        T.SELECT, T.COMMA, T.L_PAREN, T.EQ, T.LT, T.GT, T.LTE, T.GTE, T.NEQ, T.WHERE, T.AND, T.OR, T.NOT, T.PLUS, T.DASH, T.ON,
        T.WHEN, T.THEN, T.ELSE, T.CASE, T.BETWEEN, T.IN, T.HAVING, T.QUALIFY, T.GROUP_BY, T.ORDER_BY,
    }
)  # fmt: skip
"""After which a value comes: none of them stands before the END of a CASE."""


def _plain_times(tokens: list[Token], verb: str) -> list[Token]:
    """Of Teradata: ``(a - b) DAY(4) TO SECOND`` without the interval's kind, ``a (NOT CASESPECIFIC)`` without the attribute;
    ``BEGIN(p)`` and ``END(p)`` are functions."""
    out: list[Token] = []
    i, n = 0, len(tokens)
    while i < n:
        token = tokens[i]
        word = token.text.upper()
        following = tokens[i + 1].token_type if i + 1 < n else None
        if word in _FIELDS and out and out[-1].token_type is T.R_PAREN and token.token_type is not T.IDENTIFIER:
            i = _after_field(tokens, i)
            if i + 1 < n and tokens[i].text.upper() == "TO":
                i = _after_field(tokens, i + 1)
            continue
        if word == "RESET" and i + 1 < n and tokens[i + 1].token_type is T.WHEN:
            i = end_of_clause(tokens, i, frozenset({T.ROWS}))
            continue
        if token.token_type is T.L_PAREN and out:
            words = [t.text.upper() for t in tokens[i + 1 : i + 4]]
            if words[:2] == ["CASESPECIFIC", ")"] or words == ["NOT", "CASESPECIFIC", ")"]:
                i = closing(tokens, i) + 1
                continue
        if word in ("BEGIN", "END") and following is T.L_PAREN and out and out[-1].token_type in _BEFORE_VALUE:
            token = like(token, T.VAR, token.text)
        out.append(token)
        i += 1
    return out


def _plain_table_functions(tokens: list[Token], verb: str) -> list[Token]:
    """Of Teradata: ``TABLE (f(a) RETURNS (x INT, y INT)) AS d`` -> ``LATERAL f(a) AS d (x, y)``."""
    out: list[Token] = []
    i, n = 0, len(tokens)
    while i < n:
        token = tokens[i]
        if token.text.upper() != "TABLE" or i + 3 >= n or tokens[i + 1].token_type is not T.L_PAREN:
            out.append(token)
            i += 1
            continue
        end = closing(tokens, i + 1)
        at = next((k for k in range(i + 2, end) if tokens[k].text.upper() == "RETURNS"), -1)
        if at < 0 or end + 1 >= n or tokens[at + 1].token_type is not T.L_PAREN:
            out.append(token)
            i += 1
            continue
        name = end + (2 if tokens[end + 1].token_type is T.ALIAS else 1)
        called = list(tokens[i + 2 : at])
        if len(called) > 1 and called[1].token_type is T.L_PAREN:
            # the parser knows only other engines' arguments of some
            called[0] = like(called[0], T.VAR, called[0].text + "_")
        names = [tokens[a : a + 1] for a, _ in comma_items(tokens, at + 2, closing(tokens, at + 1))]
        out.extend([like(token, T.LATERAL, "LATERAL"), *called, like(token, T.ALIAS, "AS"), tokens[name]])
        i = name + 1
        if i < n and tokens[i].token_type is T.L_PAREN:
            continue  # the columns have other names here
        comma = like(token, T.COMMA, ",")
        out.extend([like(token, T.L_PAREN, "("), *joined(names, comma), like(token, T.R_PAREN, ")")])
    return out


def _plain_expand(tokens: list[Token], verb: str) -> list[Token]:
    """Of Teradata: ``SELECT p ... EXPAND ON PERIOD(a, b) AS p BY ...`` -> ``SELECT (PERIOD(a, b)) ...``."""
    at = next((i for i in at_top_level(tokens, 0, T.ON) if tokens[i - 1].text.upper() == "EXPAND"), -1)
    if at < 0:
        return tokens
    end = end_of_clause(tokens, at, frozenset({T.WHERE, T.GROUP_BY, T.QUALIFY, T.ORDER_BY, T.HAVING}))
    alias = next(iter(at_top_level(tokens, at, T.ALIAS)), -1)
    kept = [*tokens[: at - 1], *tokens[end:]]
    if not 0 <= alias < end - 1:
        return kept
    value = [like(tokens[at], T.L_PAREN, "("), *tokens[at + 1 : alias], like(tokens[at], T.R_PAREN, ")")]
    name = tokens[alias + 1]
    out: list[Token] = []
    listed, depth = False, 0  # in the select list
    for i, token in enumerate(kept):
        kind = token.token_type
        depth += (kind is T.L_PAREN) - (kind is T.R_PAREN)
        if depth == 0 and kind in (T.SELECT, T.FROM):
            listed = kind is T.SELECT
        if kind is not T.VAR or token.text.upper() != name.text.upper() or kept[i - 1].token_type is T.DOT:
            out.append(token)
            continue
        out.extend(value)
        after = kept[i + 1].token_type if i + 1 < len(kept) else None
        if listed and depth == 0 and after in (T.COMMA, T.FROM) and kept[i - 1].token_type in (T.COMMA, T.SELECT):
            out.extend((tokens[alias], name))
    return out


def _after_field(tokens: list[Token], i: int) -> int:
    """Behind ``DAY`` or ``DAY(4)``."""
    return closing(tokens, i + 1) + 1 if i + 1 < len(tokens) and tokens[i + 1].token_type is T.L_PAREN else i + 1


TERADATA: Final = Engine(
    name="teradata",
    client=(without_dot_commands,),
    short_verbs={
        "INS": (T.INSERT, "INSERT"),
        "UPD": (T.UPDATE, "UPDATE"),
        "DEL": (T.DELETE, "DELETE"),
        "SEL": (T.SELECT, "SELECT"),
    },
    rewrites=(
        rule(
            "",
            r"\blocking\b|\bfrom\s+[\w.]+\s+set\b|\(\s*(?:title|format|named|[a-z]{3,9}\b[^()]{0,30}(?:\([^()]*\))?\s*\))",
            _plain_teradata,
        ),
        rule(
            "",
            r"\)\s*(?:year|month|day|hour|minute|second)\b|\breset\s+when\b|\bcasespecific\s*\)|\b(?:begin|end)\s*\(",
            _plain_times,
        ),
        rule("table returns", "", _plain_table_functions),
        rule("expand on", "", _plain_expand),
        rule("at local", "", plain_functions),
        CURRENT_OF,
    ),
    no_columns=frozenset(["account", "current_role", "database", "date", "profile", "session", "time", "user"]),
    aggregates=frozenset(["skew", "xmlagg", "average", "maximum", "minimum", "json_agg"]),
    lateral_aliases=True,
    aliases_in_where=True,
    update_else=True,
    lasting_global=True,
    like_with_data=True,
    signs="""
6: multiset casespecific collect|statistics collect|stats nullifzero locking|row no|fallback volatile|table
6: primary|index
5: byteint
4: zeroifnull with|data sel
3: qualify locking fallback
1: select|top volatile
""",
    shapes=(Shape(6, ".", r"^\.(?:logon|logoff|set|if|quit|run)\b"),),
)
