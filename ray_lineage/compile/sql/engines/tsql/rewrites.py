"""Token rewrites of T-SQL: hints, options, methods of its types, compound assignments.

The compiled parser cannot be patched, its input can: each rewrite drops or replaces tokens that carry no lineage."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

from sqlglot.tokens import Token

from ray_lineage.compile.sql.lex.kinds import T
from ray_lineage.compile.sql.lex.scan import at_top_level, closing, opening
from ray_lineage.compile.sql.lex.tokens import like_written
from ray_lineage.compile.sql.words import Lowered

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

_METHOD: Final = re.compile(r"\.\s*\[?(\w++)\]?\s*\(")


def has_methods(text: str) -> bool:
    """May a text use METHODS?"""
    return any(found.upper() in METHODS for found in _METHOD.findall(text))


def has_clauses(lowered: Lowered) -> bool:
    """May a text have hints, options or compound assignments?"""
    text, words = lowered
    return (
        not words.isdisjoint(_CLAUSES)
        or ("with" in words and _WITH_CLAUSE.search(text) is not None)
        or ("current" in words and _CURRENT_OF.search(text) is not None)
    )


_COMPOUND: Final = frozenset({T.PLUS, T.DASH, T.STAR, T.SLASH, T.MOD, T.AMP, T.CARET, T.PIPE})
_CHANGED: Final = frozenset({T.WITH, T.OPTION, T.TOP})
_TRIGGERS: Final = frozenset({*_CHANGED, T.EQ, T.WHERE})
_CLAUSES: Final = frozenset({"option", *(sign + "=" for sign in "+-*/%&^|")})
_WITH_CLAUSE: Final = re.compile(r"with\s*(?:[^\s\w\[\"]|xmlnamespaces)")
"""Most WITH begin a query. A text in quotes may end behind it, and go on elsewhere."""

_CURRENT_OF: Final = re.compile(r"current\s*(?:[^\s\w]|of\b)")

CLAUSE_WORDS: Final = _CLAUSES | {"with", "current", "top"}
WITH_TOP: Final = frozenset({"UPDATE", "DELETE", "INSERT", "MERGE"})
"""Statements of which the grammar knows no TOP."""

_QUOTES_OFF: Final = re.compile(r"\bquoted_identifier\b[\w\s,]*\soff\b", re.IGNORECASE)


_PARAMETER_OF_TEMPLATE: Final = re.compile(r"<([@\w][\w@-]*)[ \t]*,[^<>,\n]*,[ \t]*([^<>\n]*)>(\w?)")


def with_template_defaults(text: str) -> str:
    """``<name, type, value>`` of templates of Management Studio becomes its value, or its name
    (https://learn.microsoft.com/en-us/ssms/template/replace-template-parameters)."""
    return _PARAMETER_OF_TEMPLATE.sub(_default, text) if has_template_parameters(text) else text


def has_template_parameters(text: str) -> bool:
    """Are there such parameters in it?"""
    return "<" in text and _PARAMETER_OF_TEMPLATE.search(text) is not None


def _default(found: re.Match[str]) -> str:
    name, value, after = found.groups()
    value = value.strip() or re.sub(r"\W", "_", name)
    return value + after if after else value.ljust(len(found.group()))


def quoted_as_strings(tokens: list[Token], text: str) -> list[Token]:
    """After SET QUOTED_IDENTIFIER OFF what stands in double quotes is a string."""
    if '"' not in text or "quoted_identifier" not in text.lower() or not _QUOTES_OFF.search(text):
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


def without_collations(tokens: list[Token], verb: str) -> list[Token]:
    """``LIKE a ESCAPE '|' COLLATE c`` -> ``LIKE a ESCAPE '|'``."""
    out: list[Token] = []
    i, n, after = 0, len(tokens), 0
    while i < n:
        token = tokens[i]
        if token.token_type is T.ESCAPE:
            after = i + (3 if i + 1 < n and tokens[i + 1].token_type is T.PARAMETER else 2)
        if after == i > 0 and token.token_type is T.COLLATE:
            i += 2
            continue
        out.append(token)
        i += 1
    return out


NAME_WORDS: Final = frozenset({"output", "window", "using"})


def may_be_names(lowered: Lowered) -> bool:
    """May a text have something for :func:`words_as_names`?"""
    return not lowered.words.isdisjoint(NAME_WORDS)


def words_as_names(tokens: list[Token], verb: str) -> list[Token]:
    """Words that are no reserved ones, where they begin no clause: OUTPUT (its clauses were cut out before), WINDOW without
    ``w AS (...)``, USING outside of MERGE."""
    kinds = [t.token_type for t in tokens]
    if _NAMES_SOMETIMES.isdisjoint(kinds):
        return tokens
    out = list(tokens)
    for i, kind in enumerate(kinds):
        is_clause = (kind is T.WINDOW and kinds[i + 2 : i + 4] == [T.ALIAS, T.L_PAREN]) or (
            kind is T.USING and (verb == "MERGE" or kinds[i + 1 : i + 2] == [T.L_PAREN])
        )
        if kind in _NAMES_SOMETIMES and not is_clause:
            out[i] = like_written(tokens[i], T.VAR)
    return out


_NAMES_SOMETIMES: Final = frozenset({T.RETURNING, T.WINDOW, T.USING})


def rewrite_tsql(tokens: list[Token], verb: str, *, methods: bool, clauses: bool) -> list[Token]:
    """The same statement without hints, options and compound assignments, if there may be such ``clauses``. Returns ``tokens``
    itself if nothing is to do. ``methods``: there may be some of METHODS; they become functions."""
    if verb == "DELETE":
        tokens = _with_from(tokens)
    if methods:
        tokens = _methods_as_functions(tokens, verb)
    if not clauses or not _may_change(tokens):
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
        if kind is T.TOP and verb in WITH_TOP and out and out[-1].text.upper() in WITH_TOP:
            i = _after_top(tokens, i)
            continue
        if kind is T.EQ and out and out[-1].token_type in _COMPOUND and _adjacent(out[-1], token):
            _expand_compound(out, token)
            i += 1
            continue
        out.append(token)
        i += 1
    return out


_LONGEST_OPERAND: Final = 1_000  # tokens


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
    """Where the operand begins that ends ``out``: a name, a variable, a call, or something in parentheses. Its end if it is too
    long: of a chain each method would go through all before it."""
    j = len(out)
    least = j - _LONGEST_OPERAND
    if j and out[j - 1].token_type is T.R_PAREN:
        j = opening(out, j - 1, max(0, least))
        if j == least:
            return len(out)
        if not j or out[j - 1].token_type in _BEFORE_OPERAND or out[j - 1].text.upper() in _BEFORE_WORDS:
            return j
    elif not j:
        return 0
    j -= 1
    while j >= 2 and out[j - 1].token_type in (T.DOT, T.DCOLON):
        j -= 2
        if j < least:
            return len(out)
    return j - 1 if j and out[j - 1].token_type is T.PARAMETER else j


_BEFORE_OPERAND: Final = frozenset(
    {T.COMMA, T.L_PAREN, T.EQ, T.SELECT, T.PLUS, T.DASH, T.STAR, T.SLASH, T.MOD, T.WHERE, T.AND, T.OR, T.ON, T.WHEN, T.THEN,
     T.ELSE, T.NOT, T.NEQ, T.GT, T.LT, T.GTE, T.LTE, T.FROM, T.DISTINCT, T.NUMBER, T.IN, T.LIKE, T.BETWEEN}
)  # fmt: skip
_BEFORE_WORDS: Final = frozenset({"APPLY", "JOIN", "BY", "SET", "RETURN", "VALUES", "TOP", "CASE"})


def _with_from(tokens: list[Token]) -> list[Token]:
    """``DELETE t ...`` -> ``DELETE FROM t ...``; ``DELETE a FROM t AS a`` stays."""
    i = next(iter(at_top_level(tokens, 0, T.DELETE)), 0) + 1
    if i < len(tokens) and tokens[i].token_type is T.TOP:
        i = _after_top(tokens, i)
    froms = at_top_level(tokens, i, T.FROM)
    if len(froms) > 1 and froms[0] == i:  # DELETE FROM a FROM t AS a
        return [*tokens[:i], *tokens[i + 1 :]]
    if froms:
        return tokens
    at = tokens[i - 1]
    return [*tokens[:i], Token(T.FROM, "FROM", at.line, at.col, at.start, at.end), *tokens[i:]]


def _may_change(tokens: list[Token]) -> bool:
    """Most WHERE and = are what they seem: then the statement need not be copied."""
    kinds = [t.token_type for t in tokens]
    if not _CHANGED.isdisjoint(kinds):
        return True
    if not _COMPOUND.isdisjoint(kinds) and any(b is T.EQ and a in _COMPOUND for a, b in pairwise(kinds)):
        return True
    return "CURRENT" in [tokens[i].text.upper() for i, before in enumerate(kinds[:-1], 1) if before is T.WHERE]


def _is_hint(tokens: list[Token], i: int) -> bool:
    return tokens[i + 2].text.upper() in HINTS


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
