"""BigQuery: GoogleSQL."""

from __future__ import annotations

from typing import Final

from sqlglot.tokens import Token, TokenType

from ray_lineage.compile.sql.engine import Engine, Shape, rule
from ray_lineage.compile.sql.lex.kinds import T
from ray_lineage.compile.sql.lex.scan import closing, end_of_clause, list_items
from ray_lineage.compile.sql.lex.tokens import like, made
from ray_lineage.compile.sql.query.words import SERVER_QUERY


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
            out.extend([tokens[i], like(tokens[i + 2], T.STRING, name)])
            i = end
    return out


def _plain_models(tokens: list[Token], verb: str) -> list[Token]:
    """Functions of models that the grammar does not know -> one that it knows: ``ML.EVALUATE(MODEL m, (SELECT ...))`` ->
    ``ML.PREDICT(...)``; without rows, ``ML.WEIGHTS(MODEL m)`` -> ``(SELECT * FROM m)``."""
    out: list[Token] = []
    i, n = 0, len(tokens)
    while i < n:
        token = tokens[i]
        words = [t.text.upper() for t in tokens[i : i + 5]]
        if words[:2] != ["ML", "."] or words[3:] != ["(", "MODEL"] or words[2] in _MODELS:
            out.append(token)
            i += 1
            continue
        end = closing(tokens, i + 3)
        items = list_items(tokens, i + 4, end)
        rows = [tokens[a:b] for a, b in items[1:] if tokens[a].token_type in (T.L_PAREN, T.TABLE)]
        if rows:
            out.extend([token, tokens[i + 1], like(tokens[i + 2], T.VAR, "PREDICT")])
            i += 3
            continue
        name = tokens[items[0][0] + 1 : items[0][1]]
        out.extend([*made(token, "( SELECT * FROM"), *name, tokens[end]])
        i = end + 1
    return out


_MODELS: Final = frozenset(
    {"PREDICT", "GENERATE_EMBEDDING", "GENERATE_TEXT_EMBEDDING", "GENERATE_TEXT", "GENERATE_TABLE", "TRANSLATE"}
)
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
        out.extend(like(mark, k, text) for k, text in head)
        out.extend(tokens[i + 1 : end])
        out.append(like(mark, T.R_PAREN, ")"))
        i = end
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
            return like(at, kind, text)

        out.extend((mark(T.SELECT, "SELECT"), mark(T.STAR, "*")))
        items = [tokens[a:b] for a, b in list_items(tokens, i + 2, end)]
        comma, left, right = mark(T.COMMA, ","), mark(T.L_PAREN, "("), mark(T.R_PAREN, ")")
        if word == "SET":
            parts = [[*item[2:], mark(T.ALIAS, "AS"), item[0]] for item in items]
            out.extend((mark(T.REPLACE, "REPLACE"), left, *joined(parts, comma), right))
        else:
            out.extend((mark(T.EXCEPT, "EXCEPT"), left, *joined([item[:1] for item in items], comma), right))
            if word == "RENAME":
                out.extend((comma, *joined(items, comma)))
        i = end
    return out


def joined(parts: list[list[Token]], comma: Token) -> list[Token]:
    return [t for k, part in enumerate(parts) for t in ((comma, *part) if k else part)]


PIPES: Final = rule("|>", r"\|>\s*(?:set|drop|rename)\b", _plain_pipes)
TABLE_ARGUMENTS: Final = rule("table", r"[(,]\s*table\s+[\w`]", _plain_table_arguments)
BIGQUERY: Final = Engine(
    name="bigquery",
    clear_names=True,
    rewrites=(
        rule("model", r"\bml\s*\.\s*\w+\s*\(\s*model\b", _plain_models),
        rule("table", r"\b(?:appends|changes)\s*\(\s*table\b", _plain_changes),
        PIPES,
        TABLE_ARGUMENTS,
    ),
    quote="`",
    dotted_quotes=True,
    aggregates=frozenset(["st_union_agg", "st_centroid_agg", "st_extent"]),
    structs=True,
    row_values=True,
    columns_first=True,
    unnests_structs=True,
    unpivot_values_first=True,
    table_functions={"external_query": SERVER_QUERY},
    script_variables=True,
    silent_outputs=True,
    signs="""
6: safe_divide safe_offset _table_suffix _partitiontime generate_date_array farm_fingerprint approx_quantiles
6: with|offset regexp_contains export|data timestamp_seconds bignumeric ml|predict
5: replace|model safe_cast timestamp_diff timestamp_trunc parse_timestamp format_date format_timestamp as|struct create|model
5: date_sub
4: int64 float64 generate_array parse_date table|function parse_json json_value
3: countif array_length qualify json_extract_scalar
2: execute|immediate join|unnest ifnull string_agg array_agg cluster|by
1: string unnest bytes struct options
""",
    shapes=(
        Shape(-6, "union", r"\bunion\s+(?:select\b|\()"),  # it wants ALL or DISTINCT
        Shape(5, "`", r"`[\w-]{1,60}`\.[\w-]{1,60}\.\w"),
        Shape(6, "-", r"\b(?:from|join)\s+[a-z]\w{0,60}-[\w-]{1,60}\.\w+\.\w"),
        Shape(3, "_diff( _trunc( extract(", r",\s*(?:isoweek|day|week|month|quarter|year)\s*\)"),
        Shape(2, "date_add( date_sub(", r",\s*interval\s+\S{1,40}\s+\w+\s*\)"),
        Shape(6, "`", r"`[\w-]{1,60}(?:\.[\w-]{1,60}){1,2}(?:\.?[\w*-]{0,60})?`"),
        Shape(4, "struct array", r"\b(?:struct|array)\s*<"),
        Shape(1, "`", r"(?<![.\w])`\w{1,60}`"),
        Shape(4, "except |>", r"\bselect\s+[^;()]{0,80}\*\s+except\s*\(|\|>"),
    ),
)
