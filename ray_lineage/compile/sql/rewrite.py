"""Token rewrites that close gaps between SQL as people write it and the grammar that the parser knows.

The compiled parser cannot be patched, its input can: each rewrite drops or replaces tokens that carry no lineage."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from sqlglot.tokens import Token, TokenType

from ray_lineage.compile.sql.lex.kinds import T
from ray_lineage.compile.sql.lex.scan import at_top_level, closing, end_of_clause
from ray_lineage.compile.sql.lex.tokens import made

HINTS: Final = frozenset(
    [
        "NOLOCK",
        "READUNCOMMITTED",
        "UPDLOCK",
        "REPEATABLEREAD",
        "SERIALIZABLE",
        "READCOMMITTED",
        "READCOMMITTEDLOCK",
        "TABLOCK",
        "TABLOCKX",
        "PAGLOCK",
        "ROWLOCK",
        "NOWAIT",
        "READPAST",
        "XLOCK",
        "SNAPSHOT",
        "NOEXPAND",
        "HOLDLOCK",
        "INDEX",
        "FORCESEEK",
        "FORCESCAN",
        "KEEPIDENTITY",
        "KEEPDEFAULTS",
        "IGNORE_CONSTRAINTS",
        "IGNORE_TRIGGERS",
        "SPATIAL_WINDOW_MAX_CELLS",
    ]
)


METHODS: Final = frozenset(
    {
        # xml
        "VALUE", "NODES", "QUERY", "EXIST", "MODIFY", "WRITE",
        # hierarchyid
        "GETANCESTOR", "GETDESCENDANT", "GETLEVEL", "GETREPARENTEDVALUE", "ISDESCENDANTOF", "TOSTRING",
        # geometry, geography
        "ASGML", "ASTEXTZM", "BUFFERWITHCURVES", "BUFFERWITHTOLERANCE", "CURVETOLINEWITHTOLERANCE", "ENVELOPEANGLE",
        "ENVELOPECENTER", "FILTER", "INSTANCEOF", "ISVALIDDETAILED", "MAKEVALID", "NUMRINGS", "REDUCE", "REORIENTOBJECT",
        "RINGN", "SHORTESTLINETO", "STAREA", "STASBINARY", "STASTEXT", "STBOUNDARY", "STBUFFER", "STCENTROID", "STCONTAINS",
        "STCONVEXHULL", "STCROSSES", "STCURVEN", "STCURVETOLINE", "STDIFFERENCE", "STDIMENSION", "STDISJOINT", "STDISTANCE",
        "STENDPOINT", "STENVELOPE", "STEQUALS", "STEXTERIORRING", "STGEOMETRYN", "STGEOMETRYTYPE", "STINTERIORRINGN",
        "STINTERSECTION", "STINTERSECTS", "STISCLOSED", "STISEMPTY", "STISRING", "STISSIMPLE", "STISVALID", "STLENGTH",
        "STNUMCURVES", "STNUMGEOMETRIES", "STNUMINTERIORRING", "STNUMPOINTS", "STOVERLAPS", "STPOINTN", "STPOINTONSURFACE",
        "STRELATE", "STSTARTPOINT", "STSYMDIFFERENCE", "STTOUCHES", "STUNION", "STWITHIN",
    }
)  # fmt: skip
"""Methods of SQL Server's own types: ``column.value(...)`` is no function of a schema."""


_METHOD: Final = re.compile(r"\.\s*\[?(\w+)\]?\s*\(")


def has_methods(text: str) -> bool:
    """May a text use METHODS?"""
    return any(found.upper() in METHODS for found in _METHOD.findall(text))


_COMPOUND: Final = frozenset({T.PLUS, T.DASH, T.STAR, T.SLASH, T.MOD, T.AMP, T.CARET, T.PIPE})


_TRIGGERS: Final = frozenset({T.WITH, T.OPTION, T.TOP, T.EQ, T.WHERE})


_QUOTES_OFF: Final = re.compile(r"\bquoted_identifier\b[\w\s,]*\soff\b", re.IGNORECASE)


def quoted_as_strings(tokens: list[Token], text: str) -> list[Token]:
    """After SET QUOTED_IDENTIFIER OFF what stands in double quotes is a string."""
    if not _QUOTES_OFF.search(text):
        return tokens
    out: list[Token] = []
    off = False
    for i, token in enumerate(tokens):
        if token.token_type is T.SET:
            words = [t.text.upper() for t in tokens[i + 1 : i + 12] if t.token_type is not T.COMMA]
            end = next((k for k, word in enumerate(words) if word in ("ON", "OFF")), 0)
            if "QUOTED_IDENTIFIER" in words[:end]:
                off = words[end] == "OFF"
        if off and token.token_type is T.IDENTIFIER and text[token.start] == '"':
            token = Token(T.STRING, token.text, token.line, token.col, token.start, token.end, token.comments)
        out.append(token)
    return out


def rewrite_tsql(tokens: list[Token], verb: str, *, methods: bool = False) -> list[Token]:
    """The same statement without hints, options and compound assignments. Returns ``tokens`` itself if nothing is to do.
    ``methods``: there may be some of METHODS; they become functions."""
    if verb == "DELETE":
        tokens = _with_from(tokens)
    if methods:
        tokens = _methods_as_functions(tokens, verb)
    for i, token in enumerate(tokens):
        if token.token_type in _TRIGGERS and _may_change(tokens, i):
            break
    else:
        return tokens
    out: list[Token] = []
    i, n = 0, len(tokens)
    while i < n:
        token = tokens[i]
        kind = token.token_type
        if kind not in _TRIGGERS:
            out.append(token)
            i += 1
            continue
        if kind is T.WITH and i + 2 < n and tokens[i + 1].token_type is T.L_PAREN and _is_hint(tokens, i):
            i = closing(tokens, i + 1) + 1
            continue
        if kind is T.OPTION and i + 1 < n and tokens[i + 1].token_type is T.L_PAREN:
            i = closing(tokens, i + 1) + 1
            continue
        if kind is T.WHERE and [t.text.upper() for t in tokens[i + 1 : i + 3]] == ["CURRENT", "OF"]:
            i += 4 if i + 3 >= n or tokens[i + 3].text.upper() != "GLOBAL" else 5
            continue
        if kind is T.WITH and i + 2 < n and tokens[i + 1].text.upper() == "XMLNAMESPACES":
            after = closing(tokens, i + 2) + 1
            if after < n and tokens[after].token_type is T.COMMA:
                out.append(token)
                after += 1
            i = after
            continue
        if kind is T.TOP and verb in ("UPDATE", "DELETE", "INSERT", "MERGE") and out and _is_verb(out[-1]):
            i = _after_top(tokens, i)
            continue
        if kind is T.EQ and out and out[-1].token_type in _COMPOUND and _adjacent(out[-1], token):
            _expand_compound(out, token)
            i += 1
            continue
        out.append(token)
        i += 1
    return out


def _methods_as_functions(tokens: list[Token], verb: str) -> list[Token]:
    """``a.b.value('x', 'int')`` -> ``value(a.b, 'x', 'int')``, for the grammar takes ``a.b`` for a schema. In the SET of an
    UPDATE ``a.modify('x')`` -> ``a = modify(a, 'x')``."""
    out: list[Token] = []
    i, n = 0, len(tokens)
    while i < n:
        token = tokens[i]
        if (
            token.token_type is not T.DOT
            or i + 2 >= n
            or tokens[i + 2].token_type is not T.L_PAREN
            or tokens[i + 1].text.upper() not in METHODS
        ):
            out.append(token)
            i += 1
            continue
        method, start = tokens[i + 1], _operand_start(out)
        operand = out[start:]
        if start == len(out) or (len(operand) == 1 and operand[0].text.upper() == "DBO"):
            out.append(token)
            i += 1
            continue
        name = Token(T.VAR, method.text, method.line, method.col, method.start, method.end)
        changes = verb == "UPDATE" and method.text.upper() in ("MODIFY", "WRITE")
        head = [*operand, Token(T.EQ, "=", method.line, method.col, method.start, method.start)] if changes else []
        out[start:] = [*head, name, tokens[i + 2], *operand]
        if i + 3 < n and tokens[i + 3].token_type is not T.R_PAREN:
            out.append(Token(T.COMMA, ",", method.line, method.col, method.end, method.end))
        i += 3
    return out


def _operand_start(out: list[Token]) -> int:
    """Where the operand begins that ends ``out``: a name, a variable, a call, or something in parentheses."""
    j = len(out)
    if j and out[j - 1].token_type is T.R_PAREN:
        depth = 0
        while j:
            j -= 1
            depth += (out[j].token_type is T.R_PAREN) - (out[j].token_type is T.L_PAREN)
            if depth == 0:
                break
        if not j or out[j - 1].token_type in _BEFORE_OPERAND or out[j - 1].text.upper() in _BEFORE_WORDS:
            return j
    elif not j:
        return 0
    j -= 1
    while j >= 2 and out[j - 1].token_type in (T.DOT, T.DCOLON):
        j -= 2
    return j - 1 if j and out[j - 1].token_type is T.PARAMETER else j


_BEFORE_OPERAND: Final = frozenset(
    {T.COMMA, T.L_PAREN, T.EQ, T.SELECT, T.PLUS, T.DASH, T.STAR, T.SLASH, T.MOD, T.WHERE, T.AND, T.OR, T.ON, T.WHEN, T.THEN,
     T.ELSE, T.NOT, T.NEQ, T.GT, T.LT, T.GTE, T.LTE, T.FROM, T.DISTINCT, T.NUMBER, T.IN, T.LIKE, T.BETWEEN}
)  # fmt: skip


_BEFORE_WORDS: Final = frozenset({"APPLY", "JOIN", "BY", "SET", "RETURN", "VALUES", "TOP", "CASE"})


def _with_from(tokens: list[Token]) -> list[Token]:
    """``DELETE t ...`` -> ``DELETE FROM t ...``; ``DELETE a FROM t AS a`` stays."""
    i = 1
    if i < len(tokens) and tokens[i].token_type is T.TOP:
        i = _after_top(tokens, i)
    froms = at_top_level(tokens, i, T.FROM)
    if len(froms) > 1 and froms[0] == i:  # DELETE FROM a FROM t AS a
        return [*tokens[:i], *tokens[i + 1 :]]
    if froms:
        return tokens
    at = tokens[i - 1]
    return [*tokens[:i], Token(T.FROM, "FROM", at.line, at.col, at.start, at.end), *tokens[i:]]


def _may_change(tokens: list[Token], i: int) -> bool:
    """Most WHERE and = are what they seem: then the statement need not be copied."""
    kind = tokens[i].token_type
    if kind is T.EQ:
        return i > 0 and tokens[i - 1].token_type in _COMPOUND
    if kind is T.WHERE:
        return i + 1 < len(tokens) and tokens[i + 1].text.upper() == "CURRENT"
    return True


def _is_hint(tokens: list[Token], i: int) -> bool:
    return tokens[i + 2].text.upper() in HINTS


def _is_verb(token: Token) -> bool:
    return token.text.upper() in ("UPDATE", "DELETE", "INSERT", "MERGE")


def _after_top(tokens: list[Token], i: int) -> int:
    i = closing(tokens, i + 1) + 1 if i + 1 < len(tokens) and tokens[i + 1].token_type is T.L_PAREN else i + 2
    return i + 1 if i < len(tokens) and tokens[i].text.upper() == "PERCENT" else i


def _adjacent(a: Token, b: Token) -> bool:
    return bool(a.end + 1 == b.start)


def _expand_compound(out: list[Token], equals: Token) -> None:
    """``a.b += x`` -> ``a.b = a.b + x``."""
    operator = out.pop()
    j = len(out) - 1
    while j >= 2 and out[j - 1].token_type is T.DOT:
        j -= 2
    while j >= 1 and out[j - 1].token_type is T.PARAMETER:
        j -= 1
    left = out[j:]
    out.append(equals)
    out.extend(left)
    out.append(operator)


_INSERT_WORDS: Final = frozenset({"LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY", "IGNORE"})


_MODEL_NEXT: Final = frozenset(
    {"DIMENSION", "PARTITION", "MAIN", "REFERENCE", "IGNORE", "KEEP", "UNIQUE", "RETURN", "MEASURES"}
)


Rewrite = Callable[[list[Token], str], list[Token]]


def rewrites(text: str, dialect: str) -> tuple[Rewrite, ...]:
    """The rewrites that the statements of a text may need: most texts need none."""
    low = text.lower()
    found: dict[Rewrite, None] = {}
    for _, needle, pattern, rewrite in _RULES.get(dialect, ()):
        for word in needle:  # of every file: a generator would take as long as the search
            if word not in low:
                break
        else:
            if pattern is None or pattern.search(low):
                found[rewrite] = None
    return tuple(found)


def _like(token: Token, kind: TokenType, text: str) -> Token:
    return Token(kind, text, token.line, token.col, token.start, token.end)


def _plain_insert(tokens: list[Token], verb: str) -> list[Token]:
    """``REPLACE INTO o`` and ``INSERT LOW_PRIORITY IGNORE o`` -> ``INSERT INTO o``."""
    if verb == "REPLACE" and len(tokens) > 1 and tokens[1].token_type is not T.L_PAREN:
        tokens = [_like(tokens[0], T.INSERT, "INSERT"), *tokens[1:]]
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
    into = [] if tokens[i].token_type is T.INTO else [_like(tokens[0], T.INTO, "INTO")]
    return [tokens[0], *into, *tokens[i:]]


def _plain_directory(tokens: list[Token], verb: str) -> list[Token]:
    """``INSERT OVERWRITE DIRECTORY 'path' USING format OPTIONS (...)`` without its format."""
    at = next((i for i, t in enumerate(tokens[:5]) if t.text.upper() == "DIRECTORY"), -1)
    if at < 0 or at + 3 >= len(tokens) or tokens[at + 2].token_type is not T.USING:
        return tokens
    i = at + 4
    if i + 1 < len(tokens) and tokens[i].text.upper() == "OPTIONS":
        i = closing(tokens, i + 1) + 1
    return [*tokens[: at + 2], *tokens[i:]]


def _plain_oracle(tokens: list[Token], verb: str) -> list[Token]:
    """Without LOG ERRORS and MODEL clauses; binds have names; MERGE deletes in a branch of its own."""
    out: list[Token] = []
    removed: list[Token] = []
    i, n = 0, len(tokens)
    while i < n:
        token = tokens[i]
        word = token.text.upper() if token.token_type is T.VAR or token.token_type is T.DELETE else ""
        following = tokens[i + 1] if i + 1 < n else token
        if word == "LOG" and following.text.upper() == "ERRORS":
            break
        if word == "MODEL" and following.text.upper() in _MODEL_NEXT:
            i = end_of_clause(tokens, i, frozenset({T.ORDER_BY, T.UNION, T.EXCEPT, T.INTERSECT}))
            continue
        if word == "DELETE" and verb == "MERGE" and i and following.token_type is T.WHERE:
            end = end_of_clause(tokens, i, frozenset({T.WHEN}))
            removed = tokens[i + 2 : end]
            i = end
            continue
        out.append(token)
        if token.token_type is T.COLON and following.token_type is T.NUMBER:
            out.append(_like(following, T.VAR, f"bind{following.text}"))
            i += 2
            continue
        i += 1
    if removed:
        at = removed[0]
        branch = [(T.WHEN, "WHEN"), (T.VAR, "MATCHED"), (T.AND, "AND"), (T.L_PAREN, "(")]
        after = [(T.R_PAREN, ")"), (T.THEN, "THEN"), (T.DELETE, "DELETE")]
        out.extend(_like(at, kind, text) for kind, text in branch)
        out.extend(removed)
        out.extend(_like(at, kind, text) for kind, text in after)
    return out


def _plain_pivot(tokens: list[Token], verb: str) -> list[Token]:
    """``PIVOT XML (...)`` of Oracle: the keys are not listed, as in the grammar's ``IN (ANY)``."""
    return [
        t for i, t in enumerate(tokens) if not (i and t.text.upper() == "XML" and tokens[i - 1].token_type is T.PIVOT)
    ]


def _without_current(tokens: list[Token], verb: str) -> list[Token]:
    """``WHERE CURRENT OF cursor``: which row that is says the cursor."""
    at = next((i for i in range(len(tokens) - 3) if _pair(tokens, i + 1) == "CURRENT OF"), -1)
    if verb not in ("UPDATE", "DELETE") or at < 0 or tokens[at].token_type is not T.WHERE:
        return tokens
    return [*tokens[:at], *tokens[at + 4 :]]


def _pair(tokens: list[Token], i: int) -> str:
    return " ".join(t.text.upper() for t in tokens[i : i + 2])


def _plain_by_name(tokens: list[Token], verb: str) -> list[Token]:
    """``INSERT BY NAME *`` and ``UPDATE BY POSITION`` in DuckDB's MERGE without these words, which are looked for elsewhere;
    ``INSERT INTO t BY POSITION`` is what it is without them."""
    if verb != "MERGE":
        return [
            t
            for i, t in enumerate(tokens)
            if not (verb == "INSERT" and 2 < i < 9 and "BY POSITION" in (_pair(tokens, i), _pair(tokens, i - 1)))
        ]
    out: list[Token] = []
    i, n = 0, len(tokens)
    while i < n:
        out.append(tokens[i])
        i += 1
        words = [t.text.upper() for t in tokens[i : i + 2]]
        if tokens[i - 1].token_type in (T.INSERT, T.UPDATE) and words in (["BY", "NAME"], ["BY", "POSITION"]):
            i += 3 if i + 2 < n and tokens[i + 2].token_type is T.STAR else 2
    return out


def _plain_changes(tokens: list[Token], verb: str) -> list[Token]:
    """``CHANGES(TABLE d.t, ...)`` of BigQuery -> ``CHANGES('d.t', ...)``."""
    out: list[Token] = []
    i, n = 0, len(tokens)
    while i < n:
        token = tokens[i]
        out.append(token)
        i += 1
        if i + 2 < n and tokens[i + 1].token_type is T.TABLE and token.text.upper() in ("APPENDS", "CHANGES"):
            end = next((k for k in range(i + 2, n) if tokens[k].token_type in (T.COMMA, T.R_PAREN)), n)
            name = "".join(f"`{t.text}`" if t.token_type is T.IDENTIFIER else t.text for t in tokens[i + 2 : end])
            out.extend([tokens[i], _like(tokens[i + 2], T.STRING, name)])
            i = end
    return out


def _plain_cube(tokens: list[Token], verb: str) -> list[Token]:
    """``cube(...)`` and ``::cube`` of Postgres's extension are names; only in GROUP BY it is the grammar's word."""
    out: list[Token] = []
    groups = [False]  # are we in a GROUP BY, at every level of parentheses
    for i, token in enumerate(tokens):
        kind = token.token_type
        before = tokens[i - 1] if i else token
        if kind is T.L_PAREN:
            groups.append(groups[-1] and before.token_type is T.GROUPING_SETS)
        elif kind is T.R_PAREN and len(groups) > 1:
            groups.pop()
        elif kind is T.GROUP_BY:
            groups[-1] = True
        elif kind in _AFTER_GROUP:
            groups[-1] = False
        elif kind is T.CUBE and not (groups[-1] and before.token_type in _BEFORE_GROUPING):
            token = _like(token, T.VAR, token.text)
        out.append(token)
    return out


_AFTER_GROUP: Final = frozenset(
    {T.HAVING, T.WINDOW, T.ORDER_BY, T.LIMIT, T.UNION, T.EXCEPT, T.INTERSECT, T.OFFSET, T.FETCH, T.SELECT}
)


_BEFORE_GROUPING: Final = frozenset({T.GROUP_BY, T.COMMA, T.ALL, T.DISTINCT, T.L_PAREN})


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
                out.extend((_like(token, T.ALIAS, "AS"), tokens[i + 2]))
            i = end + 1
            continue
        if token.token_type is T.L_PAREN and word in _TERADATA_TYPES and out and out[-1].token_type is T.R_PAREN:
            end = closing(tokens, i)  # SUM(a) (FLOAT, NAMED b)
            named = next((k for k in range(i + 2, end - 1) if tokens[k].text.upper() == "NAMED"), 0)
            out.extend((_like(token, T.ALIAS, "AS"), tokens[named + 1]) if named else ())
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
                    _like(token, T.VAR, "CAST"),
                    token,
                    *name,
                    _like(token, T.ALIAS, "AS"),
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
            token = _like(token, T.VAR, token.text)
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
            called[0] = _like(called[0], T.VAR, called[0].text + "_")
        names = [tokens[a : a + 1] for a, _ in _items(tokens, at + 2, closing(tokens, at + 1))]
        out.extend([_like(token, T.LATERAL, "LATERAL"), *called, _like(token, T.ALIAS, "AS"), tokens[name]])
        i = name + 1
        if i < n and tokens[i].token_type is T.L_PAREN:
            continue  # the columns have other names here
        comma = _like(token, T.COMMA, ",")
        out.extend([_like(token, T.L_PAREN, "("), *_joined(names, comma), _like(token, T.R_PAREN, ")")])
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
    value = [_like(tokens[at], T.L_PAREN, "("), *tokens[at + 1 : alias], _like(tokens[at], T.R_PAREN, ")")]
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


def _plain_functions(tokens: list[Token], verb: str) -> list[Token]:
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
            out.append(_like(token, T.DPIPE, "||"))
            i += 3 if i + 2 < n and tokens[i + 2].text.upper() in ("ALL", "DISTINCT") else 2
            continue
        if word == "FOR" and out and out[-1].text.upper() == "COLLATION":
            i += 1
            continue
        out.append(token)
        i += 1
    return out


def _without_evolution(tokens: list[Token], verb: str) -> list[Token]:
    """``MERGE WITH SCHEMA EVOLUTION INTO t`` -> ``MERGE INTO t``."""
    evolves = [t.text.upper() for t in tokens[1:4]] == ["WITH", "SCHEMA", "EVOLUTION"]
    return [tokens[0], *tokens[4:]] if evolves else tokens


def _plain_merge(tokens: list[Token], verb: str) -> list[Token]:
    """Redshift's ``REMOVE DUPLICATES`` is a MERGE of whole rows; ``INSERT VALUES (...)`` stands for ``INSERT () VALUES``."""
    if verb != "MERGE":
        return tokens
    if len(tokens) > 2 and [t.text.upper() for t in tokens[-2:]] == ["REMOVE", "DUPLICATES"]:
        at = tokens[-1]
        words = [
            (T.WHEN, "WHEN"),
            (T.NOT, "NOT"),
            (T.VAR, "MATCHED"),
            (T.THEN, "THEN"),
            (T.INSERT, "INSERT"),
            (T.STAR, "*"),
        ]
        return [*tokens[:-2], *(_like(at, kind, text) for kind, text in words)]
    return [
        _like(t, T.VALUES, "VALUES") if t.text.upper() == "VALUES" and tokens[i - 1].token_type is T.INSERT else t
        for i, t in enumerate(tokens)
    ]


_KNOWN_CALLS: Final = frozenset({"ML", "AI", "VECTOR_SEARCH", "GAP_FILL"})


def _plain_table_arguments(tokens: list[Token], verb: str) -> list[Token]:
    """``f(TABLE t, 1)`` -> ``f((SELECT * FROM t), 1)``, but for the functions whose tables the parser knows."""
    out: list[Token] = []
    calls: list[bool] = []  # is the parenthesis of a function that the parser does not know?
    i, n = 0, len(tokens)
    while i < n:
        token = tokens[i]
        kind = token.token_type
        out.append(token)
        i += 1
        if kind is T.L_PAREN:
            parts = [t.text.upper() for t in tokens[max(0, i - 4) : i - 1]]
            calls.append(i > 1 and tokens[i - 2].token_type is T.VAR and _KNOWN_CALLS.isdisjoint(parts))
        elif kind is T.R_PAREN and calls:
            calls.pop()
        if (
            i + 1 >= n
            or kind not in (T.L_PAREN, T.COMMA)
            or tokens[i].token_type is not T.TABLE
            or not (calls and calls[-1])
        ):
            continue
        mark = tokens[i]
        end = i + 1
        while end < n and tokens[end].token_type not in (T.COMMA, T.R_PAREN):
            end += 1
        head = ((T.L_PAREN, "("), (T.SELECT, "SELECT"), (T.STAR, "*"), (T.FROM, "FROM"))
        out.extend(_like(mark, k, text) for k, text in head)
        out.extend(tokens[i + 1 : end])
        out.append(_like(mark, T.R_PAREN, ")"))
        i = end
    return out


def _plain_update(tokens: list[Token], verb: str) -> list[Token]:
    """``UPDATE OR IGNORE t`` -> ``UPDATE t``."""
    return [tokens[0], *tokens[3:]] if verb == "UPDATE" and len(tokens) > 3 and tokens[1].token_type is T.OR else tokens


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
    server = _like(tokens[at], T.STRING, tokens[words.index("AT", start) + 1].text)
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
            names = [t for a, _ in _items(tokens, i + 3, last) for t in (*made(tokens[i], ","), tokens[a])][1:]
            query = made(tokens[i], "SELECT * FROM (", query, ") AS i (", names, ")")
        if query:
            out.extend(query)
            i = end
    return out


def _plain_calls(tokens: list[Token], verb: str) -> list[Token]:
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
            out.append(_like(token, T.FUNCTION, "FUNCTION"))
        out.append(_like(token, T.VAR, "vector_index") if word == "vector_search" else token)
        i += 1
    return out


def _plain_update_from(tokens: list[Token], verb: str) -> list[Token]:
    """``UPDATE ... FROM (VALUES ...) AS v (a), t`` -> ``... FROM (SELECT * FROM (VALUES ...) AS v (a)) AS v, t``."""
    if verb != "UPDATE":
        return tokens
    at = next(iter(at_top_level(tokens, 0, T.FROM)), -1)
    if at < 0 or at + 2 >= len(tokens) or tokens[at + 2].token_type is not T.VALUES:
        return tokens
    name = closing(tokens, at + 1) + 1
    if name < len(tokens) and tokens[name].token_type is T.ALIAS:
        name += 1
    end = name + 1
    if end < len(tokens) and tokens[end].token_type is T.L_PAREN:
        end = closing(tokens, end) + 1
    if end >= len(tokens):
        return tokens
    mark = tokens[at]
    head = [_like(mark, T.L_PAREN, "("), _like(mark, T.SELECT, "SELECT"), _like(mark, T.STAR, "*"), mark]
    tail = [_like(mark, T.R_PAREN, ")"), _like(mark, T.ALIAS, "AS"), tokens[name]]
    return [*tokens[: at + 1], *head, *tokens[at + 1 : end], *tail, *tokens[end:]]


def _plain_array_casts(tokens: list[Token], verb: str) -> list[Token]:
    """``a::oid[]`` -> ``a::oid``: the parser knows arrays of its own types only."""
    out: list[Token] = []
    i, n = 0, len(tokens)
    while i < n:
        out.append(tokens[i])
        i += 1
        if tokens[i - 1].token_type is not T.DCOLON or i >= n:
            continue
        out.append(tokens[i])
        i += 1
        while i + 1 < n and tokens[i].token_type is T.DOT:
            out.extend(tokens[i : i + 2])
            i += 2
        while i + 1 < n and tokens[i].token_type is T.L_BRACKET:
            if tokens[i + 1].token_type is T.R_BRACKET:
                i += 2
            elif i + 2 < n and tokens[i + 1].token_type is T.NUMBER and tokens[i + 2].token_type is T.R_BRACKET:
                i += 3
            else:
                break
    return out


def _plain_pipes(tokens: list[Token], verb: str) -> list[Token]:
    """``|> SET a = x``, ``|> DROP a``, ``|> RENAME a AS b`` -> ``|> SELECT * REPLACE (x AS a)`` and so on."""
    out: list[Token] = []
    i, n = 0, len(tokens)
    while i < n:
        token = tokens[i]
        out.append(token)
        word = tokens[i + 1].text.upper() if i + 1 < n else ""
        if token.token_type is not T.PIPE_GT or word not in ("SET", "DROP", "RENAME"):
            i += 1
            continue
        end = end_of_clause(tokens, i + 2, frozenset({T.PIPE_GT}))
        at = tokens[i + 1]

        def mark(kind: TokenType, text: str, at: Token = at) -> Token:
            return _like(at, kind, text)

        out.extend((mark(T.SELECT, "SELECT"), mark(T.STAR, "*")))
        items = [tokens[a:b] for a, b in _items(tokens, i + 2, end)]
        comma, left, right = mark(T.COMMA, ","), mark(T.L_PAREN, "("), mark(T.R_PAREN, ")")
        if word == "SET":
            parts = [[*item[2:], mark(T.ALIAS, "AS"), item[0]] for item in items]
            out.extend((mark(T.REPLACE, "REPLACE"), left, *_joined(parts, comma), right))
        else:
            out.extend((mark(T.EXCEPT, "EXCEPT"), left, *_joined([item[:1] for item in items], comma), right))
            if word == "RENAME":
                out.extend((comma, *_joined(items, comma)))
        i = end
    return out


def _joined(parts: list[list[Token]], comma: Token) -> list[Token]:
    return [t for k, part in enumerate(parts) for t in ((comma, *part) if k else part)]


def _items(tokens: list[Token], start: int, end: int) -> list[tuple[int, int]]:
    out: list[tuple[int, int]] = []
    depth, a = 0, start
    for j in range(start, end):
        kind = tokens[j].token_type
        depth += (kind is T.L_PAREN) - (kind is T.R_PAREN)
        if kind is T.COMMA and depth == 0:
            out.append((a, j))
            a = j + 1
    return [*out, (a, end)] if a < end else out


def _plain_using(tokens: list[Token], verb: str) -> list[Token]:
    """``JOIN u USING (id) AS j`` and ``j.id`` -> ``JOIN u USING (id)`` and ``id``."""
    aliases: set[str] = set()
    dropped: set[int] = set()
    for i, token in enumerate(tokens):
        if token.token_type is T.USING and i + 1 < len(tokens) and tokens[i + 1].token_type is T.L_PAREN:
            end = closing(tokens, i + 1)
            is_query = any(t.token_type in (T.SELECT, T.VALUES, T.L_PAREN) for t in tokens[i + 2 : end])
            if end + 2 < len(tokens) and tokens[end + 1].token_type is T.ALIAS and not is_query:
                aliases.add(tokens[end + 2].text)
                dropped.update((end + 1, end + 2))
    if not aliases:
        return tokens
    for i in range(len(tokens) - 2):
        if tokens[i].text in aliases and tokens[i + 1].token_type is T.DOT and tokens[i - 1].token_type is not T.DOT:
            dropped.update((i, i + 1))
    return [t for i, t in enumerate(tokens) if i not in dropped]


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
    head = [_like(tokens[at - 1], T.VAR, "NEXTVAL"), _like(tokens[at + 1], T.L_PAREN, "(")]
    rest = [*tokens[at + 2 : end], _like(tokens[end - 1], T.R_PAREN, ")"), *tokens[end:]]
    return _next_values([*tokens[: at - 1], *head, *rest], verb)


class _Rule(NamedTuple):
    """The words of ``needle`` are looked for first: that costs next to nothing. Both are in lower case."""

    dialects: frozenset[str]
    needle: tuple[str, ...]
    pattern: re.Pattern[str] | None
    rewrite: Rewrite


_GAP: Final = r"(?:\s|/\*(?>[\s\S]*?\*/)|--[^\n]*+)"
"""White space or one comment. Nothing is given back: a line of dashes is as many comments as one likes, and all of them were tried
before it was clear that no word follows."""


def _rule(dialects: str, needle: str, pattern: str, rewrite: Rewrite) -> _Rule:
    """Where ``pattern`` has white space there may be comments. What begins with a letter is found ten times faster than what
    begins with a word's end; a text too many does no harm."""
    gapped = pattern.removeprefix(r"\b").replace(r"\s+", _GAP + "++").replace(r"\s*", _GAP + "*+")
    return _Rule(
        frozenset(dialects.replace("any", "").split(" ")), tuple(needle.split()), re.compile(gapped) if pattern else None,
        rewrite,
    )  # fmt: skip


_MYSQLS: Final = "mysql singlestore starrocks doris any"


_SPARKS: Final = "hive spark spark2 databricks any"


_POSTGRES: Final = "postgres redshift duckdb materialize risingwave snowflake any"


_ALL: Final = (
    _rule(_MYSQLS + " sqlite", "replace", "", _plain_insert),
    _rule(_MYSQLS, "insert", r"\binsert\s+(?:low_priority|delayed|high_priority|ignore)\b", _plain_insert),
    _rule(_MYSQLS, "e", r"\b(?:update|delete)\s+(?:low_priority|ignore|quick)\b", _plain_insert),
    _rule(_MYSQLS, "value for", "", _next_values),
    _rule(_SPARKS, "directory", r"\bdirectory\s+'[^']*'\s+using\b", _plain_directory),
    _rule("oracle", "log errors", "", _plain_oracle),
    _rule("oracle", "model", r"\bmodel\b", _plain_oracle),
    _rule("oracle", "delete", r"\bdelete\s+where\b", _plain_oracle),
    _rule("oracle", ":", r":\d", _plain_oracle),
    _rule("oracle", "pivot xml", r"\bpivot\s+xml\b", _plain_pivot),
    _rule(
        "teradata",
        "",
        r"\blocking\b|\bfrom\s+[\w.]+\s+set\b|\(\s*(?:title|format|named|[a-z]{3,9}\b[^()]{0,30}(?:\([^()]*\))?\s*\))",
        _plain_teradata,
    ),
    _rule(
        "teradata",
        "",
        r"\)\s*(?:year|month|day|hour|minute|second)\b|\breset\s+when\b|\bcasespecific\s*\)|\b(?:begin|end)\s*\(",
        _plain_times,
    ),
    _rule("teradata", "table returns", "", _plain_table_functions),
    _rule("teradata", "expand on", "", _plain_expand),
    _rule("oracle", "json_ returning", "", _plain_functions),
    _rule("oracle", "multiset", "", _plain_functions),
    _rule("oracle teradata", "at local", "", _plain_functions),
    _rule("postgres", "wrapper", "", _plain_functions),
    _rule("postgres", "collation for", "", _plain_functions),
    _rule("postgres any", "cube", "", _plain_cube),
    _rule("duckdb", "merge by", r"\b(?:insert|update)\s+by\s+(?:name|position)\b", _plain_by_name),
    _rule("duckdb", "insert by", r"\bby\s+position\b", _plain_by_name),
    _rule("oracle postgres redshift mysql teradata exasol any", "current", r"\bcurrent\s+of\b", _without_current),
    _rule("bigquery", "table", r"\b(?:appends|changes)\s*\(\s*table\b", _plain_changes),
    _rule("databricks spark any", "evolution", "", _without_evolution),
    _rule("redshift", "duplicates", r"\bremove\s+duplicates\b", _plain_merge),
    _rule("redshift", "merge", r"\binsert\s+values\b", _plain_merge),
    _rule("sqlite", "update or", "", _plain_update),
    _rule("exasol", "local.", "", _without_local),
    _rule("clickhouse", "dictionary", r"\bdictionary\s*\(", _plain_calls),
    _rule("starrocks", "files", r"\binto\s+files\s*\(", _plain_calls),
    _rule("databricks", "vector_search", r"\bvector_search\s*\(", _plain_calls),
    _rule("exasol", "import", r"\(\s*import\b", _plain_imports),
    _rule("bigquery spark databricks any", "|>", r"\|>\s*(?:set|drop|rename)\b", _plain_pipes),
    _rule("bigquery any", "table", r"[(,]\s*table\s+[\w`]", _plain_table_arguments),
    _rule(_POSTGRES, "values", r"\bfrom\s*\(\s*values\b", _plain_update_from),
    _rule(_POSTGRES, "::", r"::\s*[\w.\"]+\s*\[\s*\d*\s*\]", _plain_array_casts),
    _rule("postgres any", "using", r"\busing\s*\([^)]*\)\s*as\b", _plain_using),
)


_RULES: Final = {
    dialect: tuple(rule for rule in _ALL if dialect in rule.dialects)
    for dialect in {d for r in _ALL for d in r.dialects}
}
