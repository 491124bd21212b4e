"""Ways to write SQL otherwise that change nothing of what it means. Pure.

Two kinds. **Texts** (:data:`OF_TEXTS`) are changed between and within their words: comments, line ends, letter case, with the
little that has to be known for it (what is a string, a comment, a client's command). **Queries** (:data:`OF_QUERIES`) are changed
as sqlglot's trees: names of tables and CTEs, parentheses, a CTE or a derived table around it, a CTE read where it is used.
Such a tree is written back as SQL, which is not always the SQL that was read: it is to be compared with what
:func:`queries` gives, which was written so, too.

Each way takes a seed, so that it need not do all at once: whether a place is changed depends on that and the words there, so that
a text with less in it is changed in the same places. It gives None where it does not apply.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import Scope, traverse_scope

from ray_lineage.compile.sql.engines import engine_of

Reword = Callable[[str, str, int], str | None]
"""(text, dialect, seed) -> the text, written otherwise."""

# --------------------------------------------------------------------------- texts

_BACKSLASHES: Final = frozenset(
    {"mysql", "bigquery", "spark", "databricks", "hive", "snowflake", "clickhouse", "doris", "starrocks"}
)
_HASHES: Final = frozenset({"mysql", "bigquery", "doris", "starrocks"})
_PLAIN_STRING: Final = r"[A-Za-z]?'(?:[^']|'')*'"
_STRING: Final = r"[A-Za-z]?'(?:[^'\\]|''|\\.)*'"
_PIECES: Final = (
    r"(?P<kept>--[^\n]*|/\*.*?\*/|{hashes}{string}|\"(?:[^\"]|\"\")*\"|`[^`]*`|{brackets}"
    r"\$[A-Za-z_]*\$|\$\{{[^}}]*\}}|\$\([^)]*\)|&&?\w+\.?|[@#$:%\\]+\w*|\w*[$#@]\w*|[\w.]*\d\w*)"
    r"|(?P<word>[A-Za-z_]\w*)|(?P<space>[ \t]+)|(?P<end>\r?\n)|(?P<other>.)"
)
_CLIENT: Final = re.compile(
    r"^\s*(?:GO\b|\\|@|:|!|/\s*$|\.|DELIMITER\b|PROMPT\b|SPOOL\b|SET\b|DEFINE\b|REM|WHENEVER\b|COLUMN\b|USE\b|EXIT\b|SOURCE\b|--|%"
    r"|CONNECT\b|SHOW\b|ACCEPT\b|UNDEFINE\b|VAR|PRINT\b|EXEC|START\b|HOST\b|ALTER\b|COPY\b|PUT\b|GET\b|#|TTITLE|BTITLE|CLEAR|\{|.*\\\.)",
    re.IGNORECASE,
)
"""Lines that may be a client's, whose ends and comments mean something."""
_OTHER_LANGUAGE: Final = re.compile(
    r"\b(?:LANGUAGE\s+'?(?:pl)?(?:python|java|js|javascript|perl|v8|r|c|scala|tcl|sh)\w*|EXTERNAL\s+NAME|FROM\s+stdin)\b|\{[{%#]|!<",
    re.IGNORECASE,
)  # fmt: skip


def _drawn(seed: int, *words: str) -> random.Random:
    """The same for the same words, wherever they stand."""
    return random.Random(f"{seed} {words}")


class _Piece(NamedTuple):
    kind: str
    text: str


_END: Final = _Piece("end", "")


def _pieces(text: str, dialect: str) -> list[_Piece]:
    pattern = _PIECES.format(
        hashes=r"#[^\n]*|" if dialect in _HASHES else "",
        string=_STRING if dialect in _BACKSLASHES else _PLAIN_STRING,
        brackets=r"\[[^\]\n]*\]|" if dialect in ("tsql", "fabric") else "",
    )
    return [_Piece(str(m.lastgroup), m[0]) for m in re.finditer(pattern, text, re.DOTALL)]


def is_plain(text: str) -> bool:
    """No template, and no words of other languages, whose layout or letter case means something."""
    return not _OTHER_LANGUAGE.search(text)


def _by_line(text: str, dialect: str) -> Iterator[tuple[list[_Piece], bool]]:
    """Lines (where no string or comment goes on), and whether they are surely SQL."""
    line: list[_Piece] = []
    for piece in [*_pieces(text, dialect), _END]:
        line.append(piece)
        if piece.kind == "end":
            yield line, not _CLIENT.match("".join(p.text for p in line))
            line = []


def commented(text: str, dialect: str, seed: int) -> str | None:
    """Comments between words."""
    out = []
    for line, is_sql in _by_line(text, dialect):
        for before, piece, after in zip([_END, *line], line, [*line[1:], _END], strict=False):
            drawn = _drawn(seed, before.text, after.text)
            says = is_sql and piece.kind == "space" and before.kind != "end" and drawn.random() < 0.3
            out.append(f" /* it's {drawn.choice(['SELECT', 'a;b', '--', 'GO', ')'])} */ " if says else piece.text)
    return "".join(out)


def broken(text: str, dialect: str, seed: int) -> str | None:
    """More line ends. What follows one is never what a client would take for its own."""
    out = []
    for line, is_sql in _by_line(text, dialect):
        for i, piece in enumerate(line):
            follows = "".join(p.text for p in line[i + 1 :])
            ends = is_sql and piece.kind == "space" and i and follows.strip() and not _CLIENT.match(follows)
            ends = ends and "/" not in (line[i - 1].text, line[i + 1].text)
            drawn = ends and _drawn(seed, line[i - 1].text, line[i + 1].text).random() < 0.3
            out.append("\n    " if drawn else piece.text)
    return "".join(out)


def cased(text: str, dialect: str, seed: int) -> str | None:
    """Other letter case of words that are no strings and not quoted."""
    change = (str.upper, str.lower, str.swapcase)[seed % 3]
    return "".join(
        "".join(change(p.text) if p.kind == "word" else p.text for p in line)
        if is_sql
        else "".join(p.text for p in line)
        for line, is_sql in _by_line(text, dialect)
    )


OF_TEXTS: Final[Mapping[str, Reword]] = {"comments": commented, "line ends": broken, "letter case": cased}

# --------------------------------------------------------------------------- queries


_REFUSALS: Final = (SqlglotError, RecursionError, ValueError, TypeError, AttributeError, IndexError, KeyError)
"""What the parser raises for text that it does not know."""


def queries(text: str, dialect: str) -> Iterator[str]:
    """The queries, views and INSERT..SELECT of a text that sqlglot reads and writes as the same."""
    dialect = engine_of(dialect).dialect
    try:
        trees = sqlglot.parse(text, dialect=dialect, error_level=sqlglot.ErrorLevel.RAISE)
    except _REFUSALS:
        return
    for tree in trees:
        if tree is None or query_of(tree) is None or not tree.find(exp.From):
            continue
        try:
            sql = tree.sql(dialect=dialect, comments=False)
            same = sqlglot.parse_one(sql, dialect=dialect)
        except _REFUSALS:
            continue
        if same == tree:
            yield sql


def query_of(tree: exp.Expression) -> exp.Query | None:
    """The query of a statement that is one, or that makes a view or table of one or inserts one."""
    query = tree.expression if isinstance(tree, exp.Create | exp.Insert) else tree
    if isinstance(tree, exp.Create) and tree.kind not in ("VIEW", "TABLE"):
        return None
    return query if isinstance(query, exp.Select | exp.SetOperation) else None


def _read(sql: str, dialect: str) -> tuple[exp.Expression, exp.Query] | None:
    tree = sqlglot.parse_one(sql, dialect=engine_of(dialect).dialect)
    query = query_of(tree)
    return None if query is None else (tree, query)


def renamed(sql: str, dialect: str, seed: int) -> str | None:
    """Other names of tables in FROM, and of CTEs."""
    found = _read(sql, dialect)
    if found is None:
        return None
    tree, query = found
    bare = {c.name.lower() for c in query.find_all(exp.Column) if not c.table}
    number = 0
    for scope in _scopes(query):
        for name, (node, _) in list(scope.selected_sources.items()):
            if name.lower() in bare or not _may_be_called_otherwise(node, scope) or _drawn(seed, name).random() < 0.2:
                continue
            number += 1
            _call(node, name, f"rn_{number}", scope)
    return tree.sql(dialect=engine_of(dialect).dialect) if number else None


def _scopes(query: exp.Query) -> list[Scope]:
    """None of a query in which two things have one name."""
    try:
        scopes = traverse_scope(query)
        return scopes if all(scope.selected_sources for scope in scopes if scope.expression.find(exp.From)) else []
    except SqlglotError:
        return []


def _may_be_called_otherwise(node: exp.Expression, scope: Scope) -> bool:
    if not isinstance(node, exp.Table | exp.Subquery) or scope.expression.find(exp.Pivot, exp.Lateral, exp.Unnest):
        return False
    if isinstance(node, exp.Table) and not isinstance(node.this, exp.Identifier):
        return False
    names = [n.lower() for n in scope.selected_sources]
    nested = [n.lower() for inner in scope.subquery_scopes for n in inner.selected_sources]
    deeper = {p.name.lower() for c in scope.expression.find_all(exp.Column) if c.args.get("db") for p in c.parts[:-1]}
    name = node.alias_or_name.lower()
    columns = node.args["alias"].columns if node.args.get("alias") else []
    return names.count(name) == 1 and name not in nested and name not in deeper and not columns


def _call(node: exp.Expression, name: str, new: str, scope: Scope) -> None:
    for column in scope.expression.find_all(exp.Column):
        if column.table.lower() == name.lower() and _is_seen_by(column, scope):
            column.set("table", exp.to_identifier(new))
    node.set("alias", exp.TableAlias(this=exp.to_identifier(new)))


def _is_seen_by(column: exp.Column, scope: Scope) -> bool:
    """Not if a query between declares the name anew."""
    at = column.parent
    while at is not None and at is not scope.expression:
        if isinstance(at, exp.Select) and column.table.lower() in _declared_names(at):
            return False
        if isinstance(at, exp.CTE | exp.SetOperation) and at is not scope.expression:
            return False
        at = at.parent
    return at is not None


def _declared_names(select: exp.Select) -> set[str]:
    sources = [select.args.get("from_") or select.args.get("from"), *(select.args.get("joins") or [])]
    return {s.this.alias_or_name.lower() for s in sources if s is not None}


def parenthesised(sql: str, dialect: str, seed: int) -> str | None:
    """Parentheses around values and conditions."""
    found = _read(sql, dialect)
    if found is None:
        return None
    number = 0
    for select in list(found[1].find_all(exp.Select)):
        places = [*select.expressions, *(select.args[k].this for k in ("where", "having") if select.args.get(k))]
        for place in places:
            value = place.this if isinstance(place, exp.Alias) else place
            if (
                not _is_a_value(value, within_alias=isinstance(place, exp.Alias))
                or _drawn(seed, repr(value)).random() < 0.3
            ):
                continue
            value.replace(exp.Paren(this=value.copy()))
            number += 1
    return found[0].sql(dialect=engine_of(dialect).dialect) if number else None


def _is_a_value(node: exp.Expression, within_alias: bool) -> bool:
    if isinstance(node, exp.Star | exp.Column) and node.is_star:
        return False
    named = within_alias or isinstance(node, exp.Column) or isinstance(node.parent, exp.Where | exp.Having)
    return named and isinstance(node, exp.Condition) and not isinstance(node, exp.Query | exp.PropertyEQ)


def _may_be_a_table(query: exp.Query) -> bool:
    """Are the names of its columns known, and its own?"""
    names = [e.alias_or_name for e in query.selects]
    return bool(names) and all(n and (n != "*" or len(names) == 1) for n in names) and len(set(names)) == len(names)


def derived(sql: str, dialect: str, seed: int) -> str | None:
    """``SELECT * FROM (query) AS x``."""
    found = _read(sql, dialect)
    if found is None or not _may_be_a_table(found[1]) or found[1].args.get("into"):
        return None
    tree, query = found
    outer = exp.select("*").from_(exp.Subquery(this=query.copy(), alias=exp.TableAlias(this=exp.to_identifier("dt_1"))))
    return _replaced(tree, query, outer).sql(dialect=engine_of(dialect).dialect)


def in_cte(sql: str, dialect: str, seed: int) -> str | None:
    """``WITH x AS (query) SELECT * FROM x``, behind the query's own CTEs."""
    found = _read(sql, dialect)
    if found is None or not _may_be_a_table(found[1]) or found[1].args.get("into"):
        return None
    tree, query = found
    inner = query.copy()
    held = inner.args.pop("with_", None) or inner.args.pop("with", None)
    outer = exp.select("*").from_("ct_1").with_("ct_1", as_=inner)
    if held is not None:
        outer.args.get("with_", outer.args.get("with")).set("expressions", [*held.expressions, *outer.ctes])
        outer.args.get("with_", outer.args.get("with")).set("recursive", held.args.get("recursive"))
    return _replaced(tree, query, outer).sql(dialect=engine_of(dialect).dialect)


def inlined(sql: str, dialect: str, seed: int) -> str | None:
    """A CTE read where it is used."""
    found = _read(sql, dialect)
    if found is None:
        return None
    tree, query = found
    held = query.args.get("with_") or query.args.get("with")
    if held is None or held.args.get("recursive"):
        return None
    names = [c.alias for c in held.expressions]
    last = held.expressions[-1]
    tables = [t for t in query.find_all(exp.Table) if not t.db and t.name.lower() == last.alias.lower()]
    plain = isinstance(last.this, exp.Query) and not last.args["alias"].columns
    own = last.this.args.get("with_") or last.this.args.get("with")
    if (
        not plain
        or own
        or len(set(names)) != len(names)
        or any(t.args.get("pivots") or t.args.get("joins") for t in tables)
    ):
        return None
    for table in tables:
        name = table.alias or table.name
        table.replace(exp.Subquery(this=last.this.copy(), alias=exp.TableAlias(this=exp.to_identifier(name))))
    held.expressions.remove(last)
    if not held.expressions:
        query.set("with_" if query.args.get("with_") else "with", None)
    return tree.sql(dialect=engine_of(dialect).dialect) if tables else None


def _replaced(tree: exp.Expression, query: exp.Query, new: exp.Query) -> exp.Expression:
    if query is tree:
        return new
    query.replace(new)
    return tree


OF_QUERIES: Final[Mapping[str, Reword]] = {
    "names": renamed,
    "parentheses": parenthesised,
    "derived table": derived,
    "CTE": in_cte,
    "inlined CTE": inlined,
}
