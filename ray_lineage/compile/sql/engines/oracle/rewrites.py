"""Token rewrites of Oracle: clauses of tables and statements that the grammar does not know."""

from __future__ import annotations

from typing import Final

from sqlglot.tokens import Token

from ray_lineage.compile.sql.engines.bigquery import joined
from ray_lineage.compile.sql.lex.kinds import LITERALS, T
from ray_lineage.compile.sql.lex.scan import (
    at_top_level,
    closing,
    end_of_clause,
    list_items,
    outermost_before,
    read_name,
)
from ray_lineage.compile.sql.lex.tokens import like, made


def plain_oracle(tokens: list[Token], verb: str) -> list[Token]:
    """Without LOG ERRORS; binds have names; MERGE deletes in a branch of its own."""
    out: list[Token] = []
    removed: list[Token] = []
    i, n = 0, len(tokens)
    while i < n:
        token = tokens[i]
        word = token.text.upper() if token.token_type is T.VAR or token.token_type is T.DELETE else ""
        following = tokens[i + 1] if i + 1 < n else token
        if word == "LOG" and following.text.upper() == "ERRORS":
            break
        if word == "DELETE" and verb == "MERGE" and i and following.token_type is T.WHERE:
            end = end_of_clause(tokens, i, frozenset({T.WHEN}))
            removed = tokens[i + 2 : end]
            i = end
            continue
        out.append(token)
        if token.token_type is T.COLON and following.token_type is T.NUMBER:
            out.append(like(following, T.VAR, f"bind{following.text}"))
            i += 2
            continue
        if token.token_type is T.COLON and following.start == token.end + 1 and following.text.isidentifier():
            out.append(like(following, T.VAR, following.text))  # :end
            i += 2
            continue
        i += 1
    if removed:
        at = removed[0]
        branch = [(T.WHEN, "WHEN"), (T.VAR, "MATCHED"), (T.AND, "AND"), (T.L_PAREN, "(")]
        after = [(T.R_PAREN, ")"), (T.THEN, "THEN"), (T.DELETE, "DELETE")]
        out.extend(like(at, kind, text) for kind, text in branch)
        out.extend(removed)
        out.extend(like(at, kind, text) for kind, text in after)
    return out


def plain_pivot(tokens: list[Token], verb: str) -> list[Token]:
    """``PIVOT XML (...)`` of Oracle: the keys are not listed, as in the grammar's ``IN (ANY)``."""
    return [
        t for i, t in enumerate(tokens) if not (i and t.text.upper() == "XML" and tokens[i - 1].token_type is T.PIVOT)
    ]


# --------------------------------------------------------------------------- what stands behind a table's name


def plain_tables(tokens: list[Token], verb: str) -> list[Token]:
    """Without ``VERSIONS BETWEEN a AND b``, ``AS OF PERIOD FOR p a``, ``PARTITION FOR (a)`` and ``SUBPARTITION (a)``; ``ONLY (t)`` is
    t."""
    out: list[Token] = []
    i, n = 0, len(tokens)
    while i < n:
        token = tokens[i]
        words = [t.text.upper() for t in tokens[i : i + 4]]
        if token.token_type in LITERALS or token.token_type is T.IDENTIFIER:
            pass
        elif words[0] == "VERSIONS" and words[1:2] in (["BETWEEN"], ["PERIOD"]):
            between = next((k for k in range(i, n) if tokens[k].token_type is T.BETWEEN), n)
            both = next(iter(at_top_level(tokens, between, T.AND)), n - 1)
            i = _after_value(tokens, both + 1)
            continue
        elif words == ["AS", "OF", "PERIOD", "FOR"]:
            i = _after_value(tokens, i + 5)
            continue
        elif words[0] in ("PARTITION", "SUBPARTITION") and out and (words[1] == "FOR" or words[0] == "SUBPARTITION"):
            at = i + (2 if words[1] == "FOR" else 1)
            if at < n and tokens[at].token_type is T.L_PAREN:
                i = closing(tokens, at) + 1
                continue
        elif words[:2] == ["ONLY", "("] and out and out[-1].token_type in _BEFORE_TABLES:
            end = closing(tokens, i + 1)
            out.extend(tokens[i + 2 : end])
            i = end + 1
            continue
        out.append(token)
        i += 1
    return out


_BEFORE_TABLES: Final = frozenset({T.FROM, T.JOIN, T.COMMA, T.UPDATE, T.DELETE, T.INTO, T.USING})
_OPERATORS: Final = frozenset({T.PLUS, T.DASH, T.STAR, T.SLASH, T.DPIPE})


def _after_value(tokens: list[Token], i: int) -> int:
    """Behind ``TIMESTAMP SYSTIMESTAMP - INTERVAL '1' HOUR``, ``SCN 12``, ``f(a) + 1``, ``:b``: an alias may follow."""
    n = len(tokens)
    while i < n:
        word = tokens[i].text.upper()
        if word in ("TIMESTAMP", "SCN", "DATE", "INTERVAL") and i + 1 < n:
            i += 1
            if word == "INTERVAL":  # '1' HOUR
                i += 1
        if tokens[i].token_type is T.COLON:
            i += 1
        if tokens[i].token_type is T.L_PAREN:
            i = closing(tokens, i) + 1
        else:
            parts, after = read_name(tokens, i)
            i = after if parts else i + 1
            if i < n and tokens[i].token_type is T.L_PAREN and parts:
                i = closing(tokens, i) + 1
        if i >= n or tokens[i].token_type not in _OPERATORS:
            return i
        i += 1
    return n


def without_new(tokens: list[Token], verb: str) -> list[Token]:
    """``NEW type(a)`` -> ``type(a)``."""
    return [t for i, t in enumerate(tokens) if not (t.text.upper() == "NEW" and _is_constructed(tokens, i))]


def _is_constructed(tokens: list[Token], i: int) -> bool:
    if tokens[i].token_type is T.IDENTIFIER or (i and tokens[i - 1].token_type in (T.DOT, T.COLON)):
        return False
    parts, end = read_name(tokens, i + 1)
    is_type = bool(parts) and tokens[i + 1].token_type in (T.VAR, T.IDENTIFIER)
    return is_type and end < len(tokens) and tokens[end].token_type is T.L_PAREN


def plain_delete(tokens: list[Token], verb: str) -> list[Token]:
    """``DELETE [FROM] t a FROM u ...`` -> ``DELETE FROM t a USING u ...``."""
    if verb != "DELETE":
        return tokens
    tokens = [t for t in tokens if t.token_type is not T.HINT]
    start = 2 if len(tokens) > 1 and tokens[1].token_type is T.FROM else 1
    at = next((i for i in at_top_level(tokens, start, T.FROM)), -1)
    where = next(iter(at_top_level(tokens, start, T.WHERE)), len(tokens))
    if not start < at < where:
        return tokens
    head = [tokens[0], like(tokens[0], T.FROM, "FROM"), *tokens[start:at]]
    return [*head, like(tokens[at], T.USING, "USING"), *tokens[at + 1 :]]


def without_search(tokens: list[Token], verb: str) -> list[Token]:
    """Recursive queries without ``SEARCH DEPTH FIRST BY a DESC, b SET o`` and ``CYCLE a SET c TO 'Y' DEFAULT 'N'``."""
    out: list[Token] = []
    i, n = 0, len(tokens)
    while i < n:
        words = [t.text.upper() for t in tokens[i : i + 3]]
        searches = words[0] == "SEARCH" and words[2:] == ["FIRST"]
        if out and out[-1].token_type is T.R_PAREN and (searches or words[0] == "CYCLE"):
            at = next((k for k in range(i, n) if tokens[k].token_type is T.SET), n)
            i = at + (2 if searches else 6)
            continue
        out.append(tokens[i])
        i += 1
    return out


# --------------------------------------------------------------------------- MODEL


def plain_model(tokens: list[Token], verb: str) -> list[Token]:
    """``SELECT ... FROM t MODEL PARTITION BY (a) DIMENSION BY (b) MEASURES (c AS m) RULES (m[1] = n[2])`` -> ``SELECT ... FROM (SELECT
    a, b, MODEL_CELL(c, n) AS m FROM t)``: a measure is what it was, and what its rules make it of."""
    at = next((i for i, t in enumerate(tokens) if t.text.upper() == "MODEL" and _begins_model(tokens, i)), -1)
    start = _from_before(tokens, at) if at > 0 else -1
    if start < 0:
        return tokens
    end = end_of_clause(tokens, at, frozenset({T.ORDER_BY, T.UNION, T.EXCEPT, T.INTERSECT}))
    clause = tokens[at:end]
    items: list[list[Token]] = []
    measures: list[list[Token]] = []
    for k, token in enumerate(clause[:-1]):
        word = token.text.upper()
        listed = k + 1 if word in ("PARTITION BY", "MEASURES") else k + 2 if word == "DIMENSION" else -1
        if 0 < listed < len(clause) and clause[listed].token_type is T.L_PAREN:
            found = [clause[a:b] for a, b in list_items(clause, listed + 1, closing(clause, listed))]
            (measures if word == "MEASURES" else items).extend(found)
    names = {m[-1].text.upper(): _value_of(m) for m in measures if m}
    rules = _rules_of(clause, names)
    mark = tokens[at]
    items.extend(_with_sources(m, [names[r] for r in rules.get(m[-1].text.upper(), ())]) for m in measures if m)
    query = [*made(mark, "( SELECT"), *joined(items, like(mark, T.COMMA, ",")), *tokens[start:at], *made(mark, ")")]
    return plain_model([*tokens[: start + 1], *query, *tokens[end:]], verb)


def _begins_model(tokens: list[Token], i: int) -> bool:
    following = tokens[i + 1].text.upper() if i + 1 < len(tokens) else ""
    return (
        tokens[i].token_type is T.VAR and i > 0 and tokens[i - 1].token_type is not T.DOT and following in _AFTER_MODEL
    )


_AFTER_MODEL: Final = frozenset(
    {"DIMENSION", "PARTITION BY", "MAIN", "REFERENCE", "IGNORE", "KEEP", "UNIQUE", "RETURN", "MEASURES"}
)


def _from_before(tokens: list[Token], i: int) -> int:
    """The FROM of the query whose MODEL clause begins at ``i``."""
    return next((k for k, token in outermost_before(tokens, i) if token.token_type is T.FROM), -1)


def _rules_of(clause: list[Token], names: dict[str, list[Token]]) -> dict[str, list[str]]:
    """Which measures the rules make a measure of, besides itself."""
    found: dict[str, list[str]] = {}
    last = max((k for k, t in enumerate(clause) if t.token_type is T.L_PAREN and _is_outermost(clause, k)), default=-1)
    for a, b in list_items(clause, last + 1, closing(clause, last)) if last >= 0 else ():
        equals = next((k for k in range(a, b) if clause[k].token_type is T.EQ and _closed(clause, a, k)), -1)
        target = next((t.text.upper() for t in clause[a : max(a, equals)] if t.text.upper() in names), "")
        read = [t.text.upper() for t in clause[equals + 1 : b] if t.text.upper() in names] if equals > 0 else []
        if target:
            found.setdefault(target, []).extend(r for r in dict.fromkeys(read) if r != target)
    return found


def _is_outermost(clause: list[Token], i: int) -> bool:
    return sum((t.token_type is T.L_PAREN) - (t.token_type is T.R_PAREN) for t in clause[:i]) == 0


def _closed(clause: list[Token], a: int, b: int) -> bool:
    return sum((t.token_type is T.L_BRACKET) - (t.token_type is T.R_BRACKET) for t in clause[a:b]) == 0


def _value_of(measure: list[Token]) -> list[Token]:
    """What a measure is before the rules: ``a`` of ``a AS m``, ``a m`` and ``a``."""
    value = measure[:-1] if len(measure) > 1 else measure
    return value[:-1] if value[-1].token_type is T.ALIAS else value


def _with_sources(measure: list[Token], others: list[list[Token]]) -> list[Token]:
    """``a AS m`` -> ``MODEL_CELL(a, others) AS m``."""
    name, value = measure[-1], _value_of(measure)
    if not others:
        return [*value, like(name, T.ALIAS, "AS"), name] if len(measure) > 1 else measure
    comma = like(name, T.COMMA, ",")
    call = [*made(name, "MODEL_CELL ("), *joined([value, *others], comma), *made(name, ")")]
    return [*call, like(name, T.ALIAS, "AS"), name]
