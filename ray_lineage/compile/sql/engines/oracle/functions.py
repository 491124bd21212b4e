"""Oracle's functions whose arguments have words of their own: those of data mining, XML and JSON.

Each call is written with its values alone: ``PREDICTION(m USING a, b AS c)`` -> ``PREDICTION(a, b)``
(https://docs.oracle.com/en/database/oracle/oracle-database/23/sqlrf/Functions.html)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlglot.tokens import Token

from ray_lineage.compile.sql.engines.bigquery import joined
from ray_lineage.compile.sql.lex.kinds import T
from ray_lineage.compile.sql.lex.scan import BRACES, PARENTHESES, at_top_level, closing, levels, list_items, outermost
from ray_lineage.compile.sql.lex.tokens import like, made

Values = list[list[Token]]
_Arguments = Callable[[list[Token]], "Values | None"]
"""What stands in the parentheses -> the values among it; None: the grammar knows the form."""


def without_clauses(tokens: list[Token], verb: str) -> list[Token]:
    """Calls of these functions with their values alone."""
    out: list[Token] = []
    i, n = 0, len(tokens)
    while i < n:
        token = tokens[i]
        called = i + 1 < n and tokens[i + 1].token_type is T.L_PAREN and token.token_type is not T.IDENTIFIER
        word = token.text.upper() if called else ""
        arguments = _ARGUMENTS.get(word)
        if arguments is None:
            out.append(token)
            i += 1
            continue
        end = closing(tokens, i + 1)
        inner = without_clauses(tokens[i + 2 : end], verb)
        values = arguments(inner)
        if values is None:
            out.extend([token, tokens[i + 1], *inner, tokens[end]])
        else:
            name = like(token, T.VAR, f"{word}_OF")  # no function that the grammar has a form for
            out.extend([name, tokens[i + 1], *joined(values, like(token, T.COMMA, ",")), tokens[end]])
        i = end + 1
    return out


def _items(tokens: list[Token], start: int = 0, end: int | None = None) -> Values:
    return [tokens[a:b] for a, b in list_items(tokens, start, len(tokens) if end is None else end)]


def _word_at(tokens: list[Token], words: frozenset[str], start: int = 0) -> int:
    """Where one of the words stands, outside of parentheses; the end if none does."""
    found = (i for i, t in outermost(tokens) if t.text.upper() in words and t.token_type is not T.STRING)
    return next((i for i in found if i >= start), len(tokens))


def _without_alias(item: list[Token]) -> list[Token]:
    at = _word_at(item, frozenset({"AS"}), 1)
    return item[:at]


def _mined(tokens: list[Token]) -> Values | None:
    """``(model, 1 COST MODEL USING a, t.*)``; of FEATURE_COMPARE ``USING a AND USING b``."""
    at = _word_at(tokens, frozenset({"USING"}))
    if at == len(tokens):
        return None
    second = _word_at(tokens, frozenset({"USING"}), at + 1)
    listed = _items(tokens, at + 1, second - 1 if second < len(tokens) else None)
    if second < len(tokens):
        listed.extend(_items(tokens, second + 1))
    return [_without_alias(item) for item in listed]


_PASSING: Final = frozenset({"PASSING"})
_RETURNING: Final = frozenset({"RETURNING"})


def _passed(tokens: list[Token]) -> Values | None:
    """``('query' PASSING BY VALUE a, b AS "x" RETURNING CONTENT)``."""
    at = _word_at(tokens, _PASSING)
    if at == len(tokens):
        return None
    if [t.text.upper() for t in tokens[at + 1 : at + 3]] == ["BY", "VALUE"]:
        at += 2
    end = _word_at(tokens, _RETURNING, at)
    return [_without_alias(item) for item in _items(tokens, at + 1, end)]


def _document(tokens: list[Token]) -> Values | None:
    """``(CONTENT a AS CLOB NO INDENT)``."""
    if not tokens or tokens[0].text.upper() not in ("CONTENT", "DOCUMENT"):
        return None
    return [tokens[1 : _word_at(tokens, _AFTER_DOCUMENT, 2)]]


_AFTER_DOCUMENT: Final = frozenset(
    {"AS", "INDENT", "NO", "VERSION", "ENCODING", "HIDE", "SHOW", "WELLFORMED", "CANONICAL", "STRIP"}
)


def _first(tokens: list[Token]) -> Values | None:
    return _items(tokens)[:1]


def _translated(tokens: list[Token]) -> Values | None:
    """``(a USING NCHAR_CS)``, besides ``(a, 'from', 'to')``."""
    at = _word_at(tokens, frozenset({"USING"}))
    return [tokens[:at]] if at < len(tokens) else None


def _path(tokens: list[Token]) -> Values | None:
    """``EXTRACT(doc, '/a')`` of XML, which is none of dates."""
    return None if at_top_level(tokens, 0, T.FROM) else _items(tokens)


def _transformed(tokens: list[Token]) -> Values | None:
    """``(doc, SET '$.a' = b CREATE ON MISSING, REMOVE '$.c' PASSING v AS "v" RETURNING CLOB)``."""
    items = _items(tokens, 0, _word_at(tokens, _RETURNING))
    values = items[:1]
    for item in items[1:]:
        passing = _word_at(item, _PASSING)
        equals = next((k for k in at_top_level(item, 0, T.EQ)), -1)
        if passing < len(item):
            values.append(_without_alias(item[passing + 1 :]))
        elif item[0].text.upper() not in _OPERATIONS:  # another one that is passed
            values.append(_without_alias(item))
        if 0 <= equals < passing:
            value = item[equals + 1 : passing]
            values.append(_without_tail(value[1:] if value and value[0].text.upper() == "PATH" else value))
    return [v for v in values if v]


_OPERATIONS: Final = frozenset(
    {"SET", "REMOVE", "RENAME", "KEEP", "APPEND", "PREPEND", "INSERT", "REPLACE", "NESTED", "CASE", "SORT", "COPY", "MINUS",
     "UNION", "INTERSECT", "ADD_SET", "REMOVE_SET", "MERGE"}
)  # fmt: skip


def _without_tail(item: list[Token]) -> list[Token]:
    """Without what is to be done where something is missing or wrong, and how the value is written."""
    on = _word_at(item, frozenset({"ON"}), 1)
    cut = min(_word_at(item, _TAIL, 1), on - 1 if on < len(item) else on)
    return item[:cut]


_TAIL: Final = frozenset(
    {"FORMAT", "RETURNING", "PRETTY", "ASCII", "WITH", "WITHOUT", "STRICT", "ORDERED", "TRUNCATE", "ALLOW", "DISALLOW", "TYPE",
     "ABSENT", "ERROR", "EMPTY", "DEFAULT"}
)  # fmt: skip


def _of_json(tokens: list[Token]) -> Values | None:
    """``JSON_QUERY(doc, '$.a' PASSING b AS "b" WITH ARRAY WRAPPER ERROR ON ERROR)``."""
    values: Values = []
    for item in _items(tokens):
        at = _word_at(item, _PASSING, 1)
        values.append(_without_tail(item[:at]))
        if at < len(item):
            values.append(_without_alias(_without_tail(item[at + 1 :])))
    changed = any(len(v) != len(i) for v, i in zip(values, _items(tokens), strict=False))
    return [v for v in values if v] if changed else None


def _object(tokens: list[Token]) -> Values | None:
    """``JSON_OBJECT(KEY 'a' VALUE b FORMAT JSON, 'c' IS d, 'e' : f ABSENT ON NULL STRICT)``."""
    plain = _word_at(tokens, frozenset({"KEY", "FORMAT", "STRICT", "WITH", "IS"})) == len(tokens)
    if plain and T.STAR not in [t.token_type for t in tokens]:
        return None
    values: Values = []
    for item in _items(tokens):
        at = _word_at(item, frozenset({"VALUE", "IS", ":"}), 1)
        values.append(_without_tail(item[at + 1 :] if at < len(item) else item))
    return [v for v in values if v]


_MINING: Final = (
    "PREDICTION", "PREDICTION_BOUNDS", "PREDICTION_COST", "PREDICTION_DETAILS", "PREDICTION_PROBABILITY", "PREDICTION_SET",
    "CLUSTER_DETAILS", "CLUSTER_DISTANCE", "CLUSTER_ID", "CLUSTER_PROBABILITY", "CLUSTER_SET", "FEATURE_COMPARE",
    "FEATURE_DETAILS", "FEATURE_ID", "FEATURE_SET", "FEATURE_VALUE", "VECTOR_EMBEDDING", "ORA_DM_PARTITION_NAME",
)  # fmt: skip
_ARGUMENTS: Final[dict[str, _Arguments]] = {
    **dict.fromkeys(_MINING, _mined),
    **dict.fromkeys(("XMLQUERY", "XMLEXISTS"), _passed),
    **dict.fromkeys(("XMLSERIALIZE", "XMLPARSE"), _document),
    "XMLROOT": _first,
    "XMLCAST": lambda tokens: [_without_alias(tokens)],
    "EXTRACT": _path,
    "TRANSLATE": _translated,
    "JSON_TRANSFORM": _transformed,
    **dict.fromkeys(
        ("JSON_QUERY", "JSON_VALUE", "JSON_EXISTS", "JSON_SERIALIZE", "JSON_SCALAR", "JSON_MERGEPATCH"), _of_json
    ),
    "JSON_OBJECT": _object,
}
FUNCTIONS: Final = ("prediction", "cluster_", "feature_", "vector_embedding", "ora_dm_", "xml", "json_")
"""Beginnings of their names, as they stand in a text."""


# --------------------------------------------------------------------------- JSON {...} and duality views


def plain_json(tokens: list[Token], verb: str) -> list[Token]:
    """``JSON {'a' : b, 'c' : [SELECT JSON {...} FROM t WITH INSERT UPDATE]}`` -> ``JSON_OBJECT_OF(b, (SELECT ...))``; the column of a
    duality view is called ``data``."""
    out: list[Token] = []
    i, n = 0, len(tokens)
    while i < n:
        token = tokens[i]
        following = tokens[i + 1].token_type if i + 1 < n else None
        if token.text.upper() == "JSON" and following in (T.L_BRACE, T.L_BRACKET):
            end = _closing_brace(tokens, i + 1)
            values = [_member(item) for item in _braced_items(tokens[i + 2 : end])]
            called = [*made(token, "JSON_OBJECT_OF ("), *joined(values, like(token, T.COMMA, ",")), *made(token, ")")]
            named = (
                [*made(token, "AS"), like(token, T.VAR, "data")] if i and tokens[i - 1].token_type is T.SELECT else []
            )
            out.extend([*called, *named])
            i = end + 1
            continue
        if token.token_type is T.WITH and i and i + 1 < n and tokens[i + 1].text.upper() in _ANNOTATIONS:
            i += 1
            while i < n and tokens[i].text.upper() in _ANNOTATIONS:
                i += 1
            continue
        out.append(token)
        i += 1
    return out


_ANNOTATIONS: Final = frozenset(
    {"INSERT", "UPDATE", "DELETE", "CHECK", "NOINSERT", "NOUPDATE", "NODELETE", "NOCHECK", "ETAG", "NOETAG"}
)


def _closing_brace(tokens: list[Token], i: int) -> int:
    return next((k for k, _, depth in levels(tokens, i, pairs=BRACES) if depth == 0 and k > i), len(tokens) - 1)


def _braced_items(tokens: list[Token]) -> Values:
    out: Values = [[]]
    for _, token, depth in levels(tokens, pairs=_ALL_PAIRS):
        if depth == 0 and token.token_type is T.COMMA:
            out.append([])
        else:
            out[-1].append(token)
    return [item for item in out if item]


_ALL_PAIRS: Final = (PARENTHESES[0] | BRACES[0], PARENTHESES[1] | BRACES[1])


def _member(item: list[Token]) -> list[Token]:
    """``'key' : value``, ``KEY 'k' VALUE v``, ``UNNEST (SELECT JSON {...})``, ``[SELECT ...]``: the value."""
    at = next(
        (k + 1 for k, t in enumerate(item[:3]) if t.token_type is T.COLON or t.text.upper() in ("VALUE", "IS")), 0
    )
    value = item[at:]
    if value and value[0].text.upper() == "UNNEST":
        value = value[1:]
    if value and value[0].token_type is T.L_BRACKET and value[-1].token_type is T.R_BRACKET:
        inner = plain_json(value[1:-1], "")
        return [like(value[0], T.L_PAREN, "("), *inner, like(value[-1], T.R_PAREN, ")")]
    if value and value[0].token_type is T.L_BRACE:
        value = [like(value[0], T.VAR, "JSON"), *value]
    return plain_json(value, "")
