"""T-SQL's functions that stand for tables, and other forms that the grammar does not know -> forms that it knows.

Full-text and change-tracking functions become queries of their table, files and ad hoc servers become names of datasets."""

from __future__ import annotations

import re
from typing import Final

from sqlglot.tokens import Token

from ray_lineage.compile.sql.lex.kinds import STRINGS, T
from ray_lineage.compile.sql.lex.scan import closing, list_items, read_name
from ray_lineage.compile.sql.lex.tokens import like, made, tokenize
from ray_lineage.compile.sql.names import Names
from ray_lineage.compile.sql.query.sources import server_of
from ray_lineage.compile.sql.words import Lowered

_ROWSETS: Final = frozenset({
    "parse", "containstable", "freetexttable", "changetable", "openxml", "openrowset", "opendatasource", " path", "{", "::",
    "predict(", "predict (", "json_array", "semantic", "vector_search", "ai_generate_embeddings",
    "vector(", "approximate",
})  # fmt: skip
_CHANGES: Final = (
    "SYS_CHANGE_VERSION", "SYS_CHANGE_CREATION_VERSION", "SYS_CHANGE_OPERATION", "SYS_CHANGE_COLUMNS", "SYS_CHANGE_CONTEXT",
)  # fmt: skip


_MATCH: Final = re.compile(r"match(?!ed)")  # of a graph, not of MERGE
ROWSET_WORDS: Final = _ROWSETS | {"match"}


def may_have_rowsets(lowered: Lowered) -> bool:
    """May a text have something for :func:`rewrite_rowsets`?"""
    words = lowered.words
    return not words.isdisjoint(_ROWSETS) or ("match" in words and _MATCH.search(lowered.text) is not None)


def rewrite_rowsets(names: Names, tokens: list[Token]) -> list[Token]:
    """The same statement in forms that the grammar knows."""
    out: list[Token] = []
    braces = 0
    i, n = 0, len(tokens)
    while i < n:
        token = tokens[i]
        kind = token.token_type
        following = tokens[i + 1] if i + 1 < n else token
        is_marked = bool(out) and out[-1].token_type in (T.PARAMETER, T.HASH, T.DCOLON)
        if following.token_type is T.L_PAREN and kind is not T.IDENTIFIER and kind not in STRINGS and not is_marked:
            done = _function(names, tokens, i, out)
            if done > i:
                i = done
                continue
        elif kind is T.FOR and following.text.upper() == "PATH" and following.token_type is not T.IDENTIFIER:
            i += 2  # FOR PATH of a graph's table
            continue
        elif kind is T.WITH and following.text.upper() == "APPROXIMATE":  # TOP (n) WITH APPROXIMATE
            i += 2
            continue
        elif kind is T.L_BRACE and following.text.upper() == "OJ":
            braces += 1
            i += 2
            continue
        elif kind is T.DCOLON and out and out[-1].token_type in (T.FROM, T.JOIN, T.COMMA, T.APPLY):
            out.append(like(following, T.IDENTIFIER, following.text))  # ::fn_helpcollations()
            i += 2
            continue
        elif kind is T.DCOLON and following.text.upper() == "NULL" and out:  # geography::[Null]
            start = len(out) - 1
            while start > 1 and out[start - 1].token_type is T.DOT:
                start -= 2
            out[start:] = made(following, "NULL")
            i += 2
            continue
        elif kind is T.R_BRACE and braces:
            braces -= 1
            i += 1
            continue
        out.append(token)
        i += 1
    return out


def _function(names: Names, tokens: list[Token], i: int, out: list[Token]) -> int:
    """Rewrite the call at ``i`` into ``out``; the index after it, or ``i`` where nothing is to do."""
    word = tokens[i].text.upper()
    end = closing(tokens, i + 1)
    match word:
        case "PARSE" | "TRY_PARSE":
            using = next((k for k in range(i + 2, end) if tokens[k].token_type is T.USING), end)
            out.extend([_word(tokens[i], "CAST"), *tokens[i + 1 : using], tokens[end]])
        case "CONTAINSTABLE" | "FREETEXTTABLE":
            _full_text(tokens, i, end, out)
        case "SEMANTICKEYPHRASETABLE" | "SEMANTICSIMILARITYTABLE" | "SEMANTICSIMILARITYDETAILSTABLE":
            _semantic(tokens, i, end, out)
        case "CHANGETABLE":
            name, _ = read_name(tokens, i + 3)
            columns = [t for column in _CHANGES for t in made(tokens[i], ", NULL AS " + column)]
            out.extend(
                [*made(tokens[i], "( SELECT *"), *columns, *made(tokens[i], "FROM"), *_dotted(name), tokens[end]]
            )
        case "OPENXML":
            return _open_xml(tokens, i, end, out)
        case "OPENROWSET":
            return _open_file(names, tokens, i, end, out)
        case "OPENDATASOURCE":
            text = tokens[end - 1].text if tokens[end - 1].token_type in STRINGS else ""
            out.append(
                Token(T.IDENTIFIER, server_of(text), tokens[i].line, tokens[i].col, tokens[i].start, tokens[end].end)
            )
        case "PREDICT":
            return _predicted(tokens, i, end, out)
        case "VECTOR" if tokens[end - 2].token_type is T.COMMA:  # a type: vector(3, float32)
            out.extend([*tokens[i : end - 2], tokens[end]])
        case "WITH" if tokens[i + 2].text.upper() == "FORCE_ANN_ONLY":  # a hint of VECTOR_SEARCH
            pass
        case "VECTOR_SEARCH":
            return _vector_search(tokens, i, end, out)
        case "AI_GENERATE_EMBEDDINGS":  # (text USE MODEL m PARAMETERS p)
            model = next((k for k in range(i + 2, end) if tokens[k].text.upper() == "USE"), end)
            out.extend([*tokens[i:model], tokens[end]])
        case "JSON_ARRAY" | "JSON_ARRAYAGG" if [t.text.upper() for t in tokens[end - 2 : end]] == ["ON", "NULL"]:
            out.extend([*tokens[i : end - 3], tokens[end]])
        case "MATCH" if out and (out[-1].token_type in (T.WHERE, T.AND, T.L_PAREN, T.OR, T.ON)):
            out.extend(made(tokens[i], "1 = 1"))
        case "GROUP" if [t.text.upper() for t in tokens[i + 2 : end]] == ["GRAPH", "PATH"]:
            out.pop()  # WITHIN
        case _:
            return i
    return end + 1


def _full_text(tokens: list[Token], i: int, end: int, out: list[Token]) -> None:
    """``CONTAINSTABLE(t, (a, b), 'x')`` -> a rank made of a and b."""
    name, at = read_name(tokens, i + 2)
    columns = tokens[at + 1 : list_items(tokens, at + 1, end)[0][1]] if at + 1 < end else []
    rank = [] if any(t.token_type is T.STAR for t in columns) else columns
    if rank and rank[0].token_type is not T.L_PAREN:
        rank = [*made(tokens[i], "("), *rank, *made(tokens[i], ")")]
    called = [_word(tokens[i], "relevance"), *rank] if rank else made(tokens[i], "NULL")
    out.extend(made(tokens[i], "( SELECT NULL AS KEY ,"))
    out.extend([*called, *made(tokens[i], "AS RANK FROM"), *_dotted(name), tokens[end]])


_SEMANTIC: Final = {
    "SEMANTICKEYPHRASETABLE": (("column_id", "document_key"), ("keyphrase", "score")),
    "SEMANTICSIMILARITYTABLE": (("source_column_id", "matched_column_id", "matched_document_key"), ("score",)),
    "SEMANTICSIMILARITYDETAILSTABLE": ((), ("keyphrase", "score")),
}
"""Columns of what Statistical Semantic Search finds: those that say where, and those that are made of the documents (SQL Server,
"Semantic Full-Text Search Functions")."""


def _semantic(tokens: list[Token], i: int, end: int, out: list[Token]) -> None:
    """``SEMANTICKEYPHRASETABLE(t, (a, b))`` -> key phrases made of a and b; of ``*`` nothing is known."""
    name, at = read_name(tokens, i + 2)
    found = tokens[at + 1 : list_items(tokens, at + 1, end)[0][1]] if at + 1 < end else []
    found = [] if any(t.token_type is T.STAR for t in found) else found
    if found and found[0].token_type is not T.L_PAREN:
        found = [*made(tokens[i], "("), *found, *made(tokens[i], ")")]
    places, values = _SEMANTIC[tokens[i].text.upper()]
    out.extend(made(tokens[i], "( SELECT"))
    for k, column in enumerate((*places, *values)):
        value = [_word(tokens[i], "semantic"), *found] if column in values and found else made(tokens[i], "NULL")
        out.extend([*made(tokens[i], "," if k else ""), *value, *made(tokens[i], f"AS {column}")])
    out.extend([*made(tokens[i], "FROM"), *_dotted(name), tokens[end]])


def _open_xml(tokens: list[Token], i: int, end: int, out: list[Token]) -> int:
    """``OPENXML(@h, '/r', 2) WITH (a int '@a')`` reads like OPENJSON."""
    first = list_items(tokens, i + 2, end)[0]
    typed = end + 2 < len(tokens) and tokens[end + 1].token_type is T.WITH
    listed = typed and tokens[end + 2].token_type is T.L_PAREN
    head = _word(tokens[i], "OPENJSON") if listed else tokens[i]
    out.extend([head, tokens[i + 1], *tokens[first[0] : first[1]], tokens[end]])
    if listed:
        stop = closing(tokens, end + 2)
        out.extend(tokens[end + 1 : stop + 1])
        return stop + 1
    return read_name(tokens, end + 2)[1] if typed else end + 1


def into_remote(names: Names, tokens: list[Token]) -> list[Token]:
    """``INSERT [INTO] OPENQUERY(server, 'SELECT a FROM t') ...`` -> ``INSERT INTO server.t (a) ...``."""
    at = 2 if len(tokens) > 2 and tokens[1].token_type is T.INTO else 1
    if at + 2 >= len(tokens) or tokens[at].text.upper() not in ("OPENQUERY", "OPENROWSET"):
        return tokens
    if tokens[at + 1].token_type is not T.L_PAREN:
        return tokens
    end = closing(tokens, at + 1)
    given = [tokens[a:b] for a, b in list_items(tokens, at + 2, end)]
    if not given or not given[-1]:
        return tokens
    last = given[-1][0]
    inner = tokenize(last.text, names.engine)[0] if len(given[-1]) == 1 and last.token_type in STRINGS else []
    start = next((k for k, t in enumerate(inner) if t.token_type is T.FROM), -1)
    parts = read_name(inner, start + 1)[0] if start > 0 else read_name(given[-1], 0)[0]
    if len(given) < 2 or not parts:
        return tokens
    server = given[0][0].text if tokens[at].text.upper() == "OPENQUERY" else server_of(given[1][0].text)
    with names.elsewhere(server):
        name = names.full(parts)
    names.settled.add(name)
    mark = tokens[at]
    target = _dotted([Token(T.IDENTIFIER, part, mark.line, mark.col, mark.start, mark.end) for part in name])
    listed = end + 1 < len(tokens) and tokens[end + 1].token_type is T.L_PAREN
    items = [inner[a:b] for a, b in list_items(inner, 1, start)] if start > 0 and not listed else []
    if items and all(len(item) == 1 and item[0].token_type in (T.VAR, T.IDENTIFIER) for item in items):
        columns = [
            t for k, item in enumerate(items) for t in (*(made(mark, ",") if k else ()), _word(mark, item[0].text))
        ]
        target.extend([*made(mark, "("), *columns, *made(mark, ")")])
    return [*tokens[:at], *target, *tokens[end + 1 :]]


def _predicted(tokens: list[Token], i: int, end: int, out: list[Token]) -> int:
    """``PREDICT(MODEL = m, DATA = t AS d, ...) WITH (a int) AS p`` -> ``t AS d CROSS APPLY (SELECT PREDICT(m, d.*) AS a) AS p``:
    a prediction is made of the model and all columns of a row."""
    given = {tokens[a].text.upper(): (a + 2, b) for a, b in list_items(tokens, i + 2, end) if b - a > 2}
    data, model = given.get("DATA"), given.get("MODEL")
    typed = end + 2 < len(tokens) and tokens[end + 1].token_type is T.WITH and tokens[end + 2].token_type is T.L_PAREN
    if data is None or model is None or not typed:
        return i
    stop = closing(tokens, end + 2)
    row = [tokens[data[1] - 1], *made(tokens[i], ". *")]
    prediction = [
        _word(tokens[i], "PREDICT"),
        *made(tokens[i], "("),
        *tokens[model[0] : model[1]],
        *made(tokens[i], ","),
        *row,
    ]
    out.extend([*tokens[data[0] : data[1]], *made(tokens[i], "CROSS APPLY ( SELECT")])
    for position, (a, _) in enumerate(list_items(tokens, end + 3, stop)):
        out.extend([*made(tokens[i], "," if position else ""), *prediction, *made(tokens[i], ") AS"), tokens[a]])
    out.append(tokens[stop])
    return stop + 1


def _vector_search(tokens: list[Token], i: int, end: int, out: list[Token]) -> int:
    """``VECTOR_SEARCH(TABLE = t AS d, COLUMN = v, SIMILAR_TO = @q, ...) AS s`` -> ``t AS d CROSS APPLY (SELECT
    VECTOR_DISTANCE(d.v, @q) AS distance) AS s``."""
    given = {tokens[a].text.upper(): (a + 2, b) for a, b in list_items(tokens, i + 2, end) if b - a > 2}
    table, column, like_what = given.get("TABLE"), given.get("COLUMN"), given.get("SIMILAR_TO")
    if table is None or column is None or like_what is None:
        return i
    if out and out[-1].token_type is T.APPLY:
        out[-1] = like(out[-1], T.JOIN, "JOIN")
    at = tokens[i]
    row = [tokens[table[1] - 1], *made(at, "."), *tokens[column[0] : column[1]]]
    out.extend([*tokens[table[0] : table[1]], *made(at, "CROSS APPLY ( SELECT"), _word(at, "VECTOR_DISTANCE")])
    out.extend(
        [*made(at, "("), *row, *made(at, ","), *tokens[like_what[0] : like_what[1]], *made(at, ") AS distance )")]
    )
    return end + 1


def _open_file(names: Names, tokens: list[Token], i: int, end: int, out: list[Token]) -> int:
    """``OPENROWSET(BULK 'file', ...) [WITH (columns)]`` -> ``external.file``."""
    if i + 2 >= end or tokens[i + 2].text.upper() != "BULK":
        return i
    at = next((k for k in range(i + 3, end) if tokens[k].token_type in STRINGS), -1)
    if at < 0:
        return i
    name = names.location(tokens[at].text, tokens[at].line, folded=True)
    out.extend(
        Token(T.DOT if k % 2 else T.IDENTIFIER, text, tokens[i].line, tokens[i].col, tokens[i].start, tokens[end].end)
        for k, text in enumerate((name[0], ".", name[1]))
    )
    if end + 2 < len(tokens) and tokens[end + 1].token_type is T.WITH and tokens[end + 2].token_type is T.L_PAREN:
        return closing(tokens, end + 2) + 1
    return end + 1


def _word(token: Token, text: str) -> Token:
    return Token(T.VAR, text, token.line, token.col, token.start, token.end)


def _dotted(parts: list[Token]) -> list[Token]:
    out: list[Token] = []
    for part in parts:
        if out and part.token_type is not T.DOT:
            out.append(Token(T.DOT, ".", part.line, part.col, part.start, part.start))
        out.append(part)
    return out
