"""Teradata Vantage, and BTEQ."""

from __future__ import annotations

from typing import Final, NamedTuple

from sqlglot.tokens import Token

from ray_lineage.compile.sql.engine import Engine, Shape, rule
from ray_lineage.compile.sql.engines.bigquery import joined
from ray_lineage.compile.sql.engines.shared import CURRENT_OF, plain_functions, without_dot_commands
from ray_lineage.compile.sql.lex.kinds import LITERALS, T
from ray_lineage.compile.sql.lex.scan import at_top_level, closing, end_of_clause, levels, list_items
from ray_lineage.compile.sql.lex.tokens import like
from ray_lineage.compile.sql.statements.data import DATA, QUERIES
from ray_lineage.compile.sql.statements.use import use_database
from ray_lineage.compile.sql.unit import Unit

_TYPES: Final = frozenset(
    {"INTEGER", "INT", "BIGINT", "SMALLINT", "BYTEINT", "DATE", "TIMESTAMP", "TIME", "VARCHAR", "CHAR", "DECIMAL", "DEC",
     "FLOAT", "REAL", "NUMERIC", "NUMBER", "CHARACTER", "BYTE", "VARBYTE", "CLOB", "BLOB", "INTERVAL", "PERIOD", "LONG"}
)  # fmt: skip
_ATTRIBUTES: Final = frozenset({"UPPERCASE", "UC", "CASESPECIFIC", "CS", "LATIN", "UNICODE", "GRAPHIC"})


class _Phrases(NamedTuple):
    """``(DECIMAL(9, 2), FORMAT 'zz9', NAMED b)`` behind a value: the tokens of its type and its name, if it has them."""

    end: int
    type: list[Token]
    name: Token | None


def _phrases(tokens: list[Token], i: int) -> _Phrases | None:
    """The data description phrases in the parenthesis at ``i``; None where it is something else."""
    end = closing(tokens, i)
    kind: list[Token] = []
    name: Token | None = None
    items = list_items(tokens, i + 1, end)
    for a, b in items:
        word = tokens[a].text.upper() if tokens[a].token_type is not T.IDENTIFIER else ""
        if word == "NAMED" and b - a == 2:
            name = tokens[a + 1]
        elif word in _TYPES:
            kind = tokens[a:b]
        elif not (
            (word in ("FORMAT", "TITLE") and b - a == 2)
            or (word in _ATTRIBUTES and b - a == 1)
            or (word == "NOT" and b - a == 2 and tokens[a + 1].text.upper() in _ATTRIBUTES)
        ):
            return None
    return _Phrases(end, kind, name) if items else None


_BEFORE_OPERAND: Final = frozenset(
    {T.SELECT, T.COMMA, T.L_PAREN, T.DISTINCT, T.ALL, T.EQ, T.NEQ, T.LT, T.GT, T.LTE, T.GTE, T.PLUS, T.DASH, T.STAR, T.SLASH,
     T.DPIPE, T.WHEN, T.THEN, T.ELSE, T.AND, T.OR, T.ON, T.WHERE, T.NOT, T.IN, T.LIKE, T.BETWEEN, T.GROUP_BY, T.ORDER_BY}
)  # fmt: skip
_AFTER_ITEM: Final = frozenset({T.COMMA, T.FROM, T.R_PAREN, T.UNION, T.WHERE, T.SEMICOLON})
_VALUES: Final = frozenset(
    {T.R_PAREN, T.END, T.DATE, T.TIME, T.CURRENT_DATE, T.CURRENT_TIME, T.CURRENT_TIMESTAMP, *LITERALS}
)


def _plain_teradata(tokens: list[Token], verb: str) -> list[Token]:
    """Without LOCKING and (TITLE '...'); ``a (INTEGER)`` is a cast and ``a (CHAR(9), NAMED b)`` has an alias, too."""
    at = next((i for i, t in enumerate(tokens) if t.token_type is T.SET), -1)
    if (
        verb == "UPDATE"
        and at > 3
        and tokens[at - 1].token_type is T.VAR
        and tokens[at - 2].token_type in (T.FROM, T.DOT)
    ):
        tokens = [*tokens[:at], tokens[at - 1], *tokens[at:]]  # UPDATE o FROM t SET: the parser takes SET for t's alias
    out: list[Token] = []
    calls: list[bool] = []  # is the parenthesis of a call?
    i, n = 0, len(tokens)
    while i < n:
        token = tokens[i]
        kind = token.token_type
        if token.text.upper() == "LOCKING" and (i == 0 or tokens[i - 1].token_type is not T.DOT):
            i = _after_locking(tokens, i)
            continue
        if kind is T.L_PAREN and out and (found := _phrases(tokens, i)) is not None:
            start = _described(out, tokens, found.end)
            if start >= 0:
                after = tokens[found.end + 1].token_type if found.end + 1 < n else T.SEMICOLON
                _describe(out, start, token, found, named=after in _AFTER_ITEM and not any(calls[-1:]))
                i = found.end + 1
                continue
        if kind is T.L_PAREN:
            calls.append(bool(out) and out[-1].token_type in (T.VAR, *_CALLED))
        elif kind is T.R_PAREN and calls:
            calls.pop()
        out.append(token)
        i += 1
    return out


_CALLED: Final = frozenset({T.CHAR, T.DATE, T.LEFT, T.RIGHT, T.INSERT, T.REPLACE, T.FORMAT, T.ANY})


def _after_locking(tokens: list[Token], i: int) -> int:
    ends = ("ACCESS", "READ", "WRITE", "EXCLUSIVE", "CHECKSUM")
    end = next((k for k in range(i, len(tokens)) if tokens[k].text.upper() in ends), i)
    return end + (2 if end + 1 < len(tokens) and tokens[end + 1].text.upper() in ("NOWAIT", "OVERRIDE") else 1)


def _described(out: list[Token], tokens: list[Token], end: int) -> int:
    """Where the value begins that phrases describe, in ``out``, which it ends; -1 where none does: then they are a list of names."""
    last = out[-1].token_type
    follows = [t.token_type for t in tokens[end + 1 : end + 3]]
    if last in _VALUES:
        return len(out)
    if last not in (T.VAR, T.IDENTIFIER) or follows == [T.ALIAS, T.L_PAREN]:  # WITH q (date) AS (
        return -1
    start = len(out) - 1
    while start >= 2 and out[start - 1].token_type is T.DOT:
        start -= 2
    return start if start and out[start - 1].token_type in _BEFORE_OPERAND else -1


def _describe(out: list[Token], start: int, at: Token, found: _Phrases, *, named: bool) -> None:
    """The value that ends ``out`` is of a type, and has a name."""
    if found.type and start < len(out):
        closed = like(at, T.R_PAREN, ")")
        out[start:] = [like(at, T.VAR, "CAST"), at, *out[start:], like(at, T.ALIAS, "AS"), *found.type, closed]
    if found.name is not None and named:
        out.extend((like(at, T.ALIAS, "AS"), found.name))


_SUMS: Final = frozenset({"CSUM", "MAVG", "MSUM", "MDIFF", "MLINREG", "QUANTILE"})


def _plain_ranks(tokens: list[Token], verb: str) -> list[Token]:
    """``RANK(a DESC)`` -> ``RANK() OVER (ORDER BY a DESC)``, ``CSUM(a, b ASC)`` -> ``CSUM(a, b)``: the older functions that sort by
    what they are given (Teradata's SQL Functions, Expressions, and Predicates: Ordered Analytical Functions)."""
    out: list[Token] = []
    end = -1  # of a call of which the directions are dropped
    for i, token in enumerate(tokens):
        kind, before = token.token_type, tokens[i - 1].text.upper() if i else ""
        if kind is T.L_PAREN and before == "RANK":
            close = closing(tokens, i)
            after = tokens[close + 1].text.upper() if close + 1 < len(tokens) else ""
            if close > i + 1 and after not in ("OVER", "WITHIN"):
                out.extend([token, like(token, T.R_PAREN, ")"), *_over(token)])
                continue
        elif kind is T.L_PAREN and before in _SUMS:
            end = max(end, closing(tokens, i))
        if i >= end or (kind is not T.ASC and kind is not T.DESC):
            out.append(token)
    return out


def _over(at: Token) -> list[Token]:
    return [like(at, T.OVER, "OVER"), like(at, T.L_PAREN, "("), like(at, T.ORDER_BY, "ORDER BY")]


def _without_normalize(tokens: list[Token], verb: str) -> list[Token]:
    """``SELECT NORMALIZE ON MEETS OR OVERLAPS a`` -> ``SELECT a``: rows whose periods meet become one."""
    out: list[Token] = []
    i, n = 0, len(tokens)
    while i < n:
        if out and out[-1].token_type is T.SELECT and tokens[i].text.upper() == "NORMALIZE":
            i += 1
            if i < n and tokens[i].token_type is T.ON:
                i += 4 if i + 2 < n and tokens[i + 2].token_type is T.OR else 2
            continue
        out.append(tokens[i])
        i += 1
    return out


def _plain_merge(tokens: list[Token], verb: str) -> list[Token]:
    """MERGE's ``INSERT (x.a, x.b)`` -> ``INSERT VALUES (x.a, x.b)``."""
    if verb != "MERGE":
        return tokens
    out: list[Token] = []
    for i, token in enumerate(tokens):
        out.append(token)
        if token.token_type is T.INSERT and i + 1 < len(tokens) and tokens[i + 1].token_type is T.L_PAREN:
            after = closing(tokens, i + 1) + 1
            if after >= len(tokens) or tokens[after].token_type is not T.VALUES:
                out.append(like(token, T.VALUES, "VALUES"))
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
        names = [tokens[a : a + 1] for a, _ in list_items(tokens, at + 2, closing(tokens, at + 1))]
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
    listed = False  # in the select list
    for i, token, depth in levels(kept):
        kind = token.token_type
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


def _locking(unit: Unit, tokens: list[Token]) -> None:
    """``LOCKING TABLE t FOR ACCESS SELECT ...``."""
    at = next((i for i, t in enumerate(tokens) if t.text.upper() in QUERIES | DATA and i > 2), -1)
    if at > 0:
        unit.run(tokens[at:], tokens[at].text.upper())


TERADATA: Final = Engine(
    name="teradata",
    clear_names=True,
    readers={"DATABASE": use_database, "LOCKING": _locking},
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
            r"\blocking\b|\bfrom\s+[\w.]+\s+set\b|\(\s*(?:title|format|named|uc|cs|uppercase|casespecific|not\s+c|integer|int|bigint"
            r"|smallint|byteint|date|timestamp|time|varchar|char|decimal|dec|float|real|numeric|number|character|byte|varbyte|clob"
            r"|blob|interval|period|latin|unicode)\b",
            _plain_teradata,
        ),
        rule(
            "",
            r"\brank\s*\(\s*[^\s)]|\b(?:csum|mavg|msum|mdiff|mlinreg|quantile)\s*\([^()]*\b(?:asc|desc)\b",
            _plain_ranks,
        ),
        rule("normalize", r"\bselect\s+normalize\b|\bsel\s+normalize\b", _without_normalize),
        rule("merge", r"\binsert\s*\(", _plain_merge),
        rule("merge", r"\bins\s*\(", _plain_merge),
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
    silent_outputs=True,
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
