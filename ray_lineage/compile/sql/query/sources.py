"""Functions in FROM that stand for files, for the tables of other engines, or for a query in a text: ``read_csv``, ``mysql(...)``,
``dblink``, ``OPENQUERY``, ``EXTERNAL_QUERY`` and so on. What they are and take is in the engines' manuals."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager, nullcontext
from typing import Final, Protocol

from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.expressions import Expression
from sqlglot.tokens import Token

from ray_lineage.compile.sql.engine import Engine
from ray_lineage.compile.sql.facts import SqlFacts
from ray_lineage.compile.sql.lex.scan import closing, read_name
from ray_lineage.compile.sql.lex.tokens import reason_of, shifted, start_line, tokenize
from ray_lineage.compile.sql.names import Names
from ray_lineage.compile.sql.parse import Excerpts
from ray_lineage.compile.sql.query.arena import Builder
from ray_lineage.compile.sql.query.scope import CONDITIONAL, IDENTITY, TRANSFORMATION
from ray_lineage.compile.sql.query.words import SERVER_QUERY
from ray_lineage.compile.sql.routine import Routine
from ray_lineage.model import STAR, Alias, Name, Output, Ref, Select, SetOp, TableRef

_NAMED: Final = {
    "db": "database", "dbtable": "table", "table_name": "table", "index": "table", "schema_name": "schema",
    "catalog": "server", "path": "file", "uri": "file", "file_path": "file", "subscribe": "topic",
}  # fmt: skip
"""Arguments that are given by name; others are what they say."""

_TEXTS: Final = (exp.Literal, exp.National, exp.RawString, exp.ByteString)
_QUERY: Final = re.compile(r"\s*(?:select|with|values|table)\b", re.IGNORECASE)
ADDRESS: Final = re.compile(r"://(?:[^/@\s]*@)?([^/?;:\s]*)[^/?;\s]*(/[^?;\s]*)?")
_WHERE: Final = ("dbname", "database", "databasename", "dsn", "host", "server")
_SAID: Final = re.compile(rf"\b({'|'.join(_WHERE)})\s*=\s*'?([^\s';]+)", re.IGNORECASE)


class Around(Protocol):
    """What stands around a query: what names mean, and how to parse more of the same text, or a text in it."""

    engine: Engine
    names: Names
    facts: SqlFacts
    routine: Routine
    parsed: Excerpts

    def parse(self, tokens: list[Token], verb: str) -> Expression:
        """The tree of one statement. Raises ParseError."""

    def quoting(self, text: str) -> AbstractContextManager[None]:
        """What is parsed meanwhile is in a text of its own; empty: in the same text, at another place."""


def relation(around: Around, b: Builder, name: Name, call: Expression, columns: tuple[str, ...]) -> int:
    """The relation of a call of a function in :data:`TABLE_FUNCTIONS`; -1 if it cannot be known what it reads."""
    if isinstance(call, exp.ReadCSV | exp.ReadParquet):
        read = [e for e in (call.args.get("this"), *call.expressions) if e is not None]
        return _named(b, _rows_of(b, locations_of(b, arguments_of(read, ("file",)))), columns)
    function = name[-1].lower()
    called = call.expression if isinstance(call, exp.Dot) else call
    if function == "result_scan":
        return _named(b, _result_scan(around, b, called.expressions), columns)
    roles = around.engine.table_functions[function]
    given = arguments_of(called.expressions, roles)
    server = server_of_call(given, function if "server" in roles else "")
    if not around.engine.remote_database:  # the tables of a query do not name it, either
        given.pop("database", None)
    if around.engine.system_functions:
        if len(name) != 3 or name[1] != "system":
            return -1
        server = name[0]
    if "file" in given or "topic" in given:
        return _named(b, _rows_of(b, locations_of(b, given)), columns)
    with around.names.elsewhere(server) if server else nullcontext():
        query = given.get("query")
        if isinstance(query, exp.Query):  # view(SELECT ...)
            return _named(b, b.query(query), columns)
        if isinstance(query, exp.Column) and "table" not in given:  # OPENROWSET('provider', 'connection', d.s.t)
            given["table"] = query
        elif query is not None:
            found, width = query_in_text(around, b, text_of(query), function, around.parsed.tokens)
            if found >= 0 and function.startswith("crosstab"):
                return _crosstab(around, b, given, columns, found, width)
            return _named(b, found, columns)
        if function == "connectby":
            return _connect_by(around, b, given, columns)
        return _named(b, _table(around, b, given), columns)


def target(around: Around, b: Builder, call: exp.Anonymous) -> Name:
    """What ``INSERT INTO FUNCTION remote('h', db.t)`` writes; empty if it is no function of these."""
    roles = around.engine.table_functions.get(call.name.lower())
    if roles is None:
        return ()
    given = arguments_of(call.expressions, roles)
    if "file" in given:
        return next(iter(locations_of(b, given)), ())
    server = server_of_call(given, call.name.lower() if "server" in roles else "")
    with around.names.elsewhere(server) if server else nullcontext():
        return table_of(around, given)


def arguments_of(expressions: list[Expression], roles: tuple[str, ...]) -> dict[str, Expression]:
    given: dict[str, Expression] = {}
    position = 0
    for argument in expressions:
        if isinstance(argument, exp.Kwarg | exp.EQ | exp.PropertyEQ):
            word = argument.this.name.lower()
            given[_NAMED.get(word, word)] = argument.expression
            continue
        if position < len(roles):
            given[roles[position]] = argument
        position += 1
    if roles == SERVER_QUERY and _QUERY.match(text_of(given.get("server"))):  # dblink('SELECT ...')
        given["query"] = given.pop("server")
    if "table" in roles and "table" not in given and "database" in given:  # remote('h', db.t)
        given["table"] = given.pop("database")
    return given


def locations_of(b: Builder, given: dict[str, Expression]) -> list[Name]:
    """The files, or the topic, that a call names."""
    if "file" not in given and "topic" not in given:
        return []
    if "topic" in given:
        topic = text_of(given["topic"])
        return [b.location(f"kafka:{topic}")] if topic else []
    file = given["file"]
    texts = [text_of(e) for e in (file.expressions if isinstance(file, exp.Array | exp.Tuple) else [file])]
    container = text_of(given.get("container"))
    return [b.location(f"{container}/{text}" if container else text) for text in texts if text]


def _rows_of(b: Builder, names: list[Name]) -> int:
    """The relation of datasets: their rows, one after the other."""
    found = [b.add(TableRef(name, 0)) for name in names if name]
    return b.add(SetOp(tuple(found), True)) if len(found) > 1 else found[0] if found else -1


def text_of(node: Expression | None) -> str:
    return str(node.name) if isinstance(node, _TEXTS) else ""


def server_of_call(given: dict[str, Expression], unknown: str) -> str:
    """Where it is, as far as the arguments say (else ``unknown``)."""
    if "connection" in given:
        return server_of(given["connection"].name)
    return place_of(str(given["server"].name), unknown) if "server" in given else unknown


def place_of(text: str, unknown: str) -> str:
    """The database or the host of a connection, and never its password."""
    said = {word.lower(): value for word, value in _SAID.findall(text)}
    named = next((said[w] for w in _WHERE if w in said), "")
    found = ADDRESS.search(text)
    if found is not None:
        host, path = found.groups()
        return (path or "").rpartition("@")[2].strip("/") or named or host or unknown
    if "=" in text or not text:
        return named or unknown
    return text.rpartition("@")[2].lstrip("/")  # Oracle's user/password@//host/service


def _named(b: Builder, index: int, columns: tuple[str, ...]) -> int:
    return b.add(Alias(index, columns)) if columns and index >= 0 else index


def _table(around: Around, b: Builder, given: dict[str, Expression]) -> int:
    table = given.get("table")
    tables = [{"table": item} for item in table.expressions] if isinstance(table, exp.Array) else [given]
    return _rows_of(b, [table_of(around, one) for one in tables])  # several: DuckDB's query_table(['a', 'b'])


def table_of(around: Around, given: dict[str, Expression]) -> Name:
    parts = [p for role in ("database", "schema", "table") for p in parts_of(around, given.get(role))]
    return around.names.qualified(tuple(parts)) if "table" in given and parts else ()


def parts_of(around: Around, node: Expression | None) -> list[str]:
    if isinstance(node, exp.Column):
        written = [node.args.get(key) for key in ("catalog", "db", "table", "this")]
        return [around.names.fold(p.name, bool(p.args.get("quoted"))) for p in written if p is not None]
    text = text_of(node)
    return [around.names.part(token) for token in read_name(tokenize(text, around.engine)[0], 0)[0]] if text else []


def query_in_text(around: Around, b: Builder, text: str, function: str, tokens: list[Token]) -> tuple[int, int]:
    """The relation of a query in a text that is written in a statement, and how many columns it has (0: nobody can tell)."""
    if not text:
        return -1, 0
    at = next((t for t in tokens if t.text == text), tokens[0])
    above = start_line(at) - 1
    try:
        with around.quoting(text):
            tree = around.parse([shifted(t, above, 0) for t in tokenize(text, around.engine)[0]], "SELECT")
            if not isinstance(tree, exp.Query):
                raise ParseError("it is no query")
            return b.query(tree), 0 if tree.is_star else len(tree.selects)
    except SqlglotError as error:
        note = f"in the query of {function}: it could not be read: {reason_of(error)}"
        around.facts.note("RL111", "warning", note, start_line(at))
        return -1, 0


def remember(routine: Routine, verb: str, tokens: list[Token]) -> None:
    """LAST_QUERY_ID() of Snowflake means one of the statements before."""
    queries = routine.queries
    words = [t.text.upper() for t in tokens]
    asks = verb in ("SELECT", "WITH")
    if not asks and len(words) > 4 and "LAST_QUERY_ID" in words:  # SET v = ..., LET v VARCHAR := ..., v := ...
        variable = words[1] if words[0] in ("SET", "LET") else words[0]
        at = words.index("LAST_QUERY_ID") + 2
        given = "".join(words[at : closing(tokens, at - 1)])
        routine.query_ids[variable] = _which(queries, given)
    queries.append(tokens if asks else [])


def _which(queries: list[list[Token]], number: str) -> int:
    """The index of the query that LAST_QUERY_ID(number) means."""
    if number[:1] == "-" or not number:
        return len(queries) - int(number[1:] or 1) if number[1:].isdigit() or not number else -1
    return int(number) - 1 if number.isdigit() else -1


def _result_scan(around: Around, b: Builder, arguments: list[Expression]) -> int:
    """``RESULT_SCAN(LAST_QUERY_ID(-2))``, or of a variable that took such an id: that query again."""
    queries = around.routine.queries
    given = arguments[0] if arguments else None
    if isinstance(given, exp.Anonymous) and given.name.upper() == "LAST_QUERY_ID":
        number = given.expressions[0] if given.expressions else None
        index = _which(queries, f"-{number.name}" if isinstance(number, exp.Neg) else number.name if number else "")
    else:
        index = around.routine.query_ids.get(given.name.upper(), -1) if given is not None else -1
    if not 0 <= index < len(queries) or not queries[index]:
        return -1
    try:
        with around.quoting(""):
            return b.query(around.parse(queries[index], "SELECT"))
    except SqlglotError:
        return -1  # it was said where it stands


def _connect_by(around: Around, b: Builder, given: dict[str, Expression], columns: tuple[str, ...]) -> int:
    """``connectby('t', 'id', 'parent', ...) AS c (id, parent, level, branch)`` of Postgres walks a tree."""
    name = table_of(around, given)
    if not name or not columns:
        return -1
    index = b.reserve()
    walked = b.add(TableRef(name, 0))
    ends = [
        Ref(walked, index, around.names.fold(text_of(given.get(role)), False), IDENTITY) for role in ("key", "parent")
    ]
    both = tuple(Ref(walked, index, end.name, TRANSFORMATION) for end in ends)
    outputs = [Output(column, (ends[k],) if k < 2 else both) for k, column in enumerate(columns)]
    b.relations[index] = Select((walked,), tuple(outputs))
    return index


def _crosstab(
    around: Around, b: Builder, given: dict[str, Expression], columns: tuple[str, ...], query: int, width: int
) -> int:
    """Postgres: rows of a name, a category and a value become one row a name with a column for each category."""
    others = (
        [query_in_text(around, b, text_of(given.get("categories")), "crosstab", around.parsed.tokens)[0]]
        if "categories" in given
        else []
    )
    columns = columns or ("row_name", *(f"category_{n}" for n in range(1, 5)))
    index = b.reserve()
    if width < 3:
        everything = (Ref(query, index, STAR, TRANSFORMATION),)
        outputs = [Output(column, everything) for column in columns]
        row = query
    else:
        names = tuple(f"c{n}" for n in range(width))
        row = b.add(Alias(query, names))
        value = (Ref(row, index, names[-1], IDENTITY), Ref(row, index, names[-2], CONDITIONAL))
        kept = width - 2 if others else 1  # of the first columns, besides the categories'
        outputs = [
            Output(column, (Ref(row, index, names[k], IDENTITY),) if k < kept else value)
            for k, column in enumerate(columns)
        ]
    b.relations[index] = Select((row,), tuple(outputs), subqueries=tuple(i for i in others if i >= 0))
    return index


_SERVER: Final = re.compile(
    r"(?:^|;)\s*(?:server|data source|addr|address|network address)\s*=\s*([^;]+)", re.IGNORECASE
)


def server_of(connection: str) -> str:
    """The server that a connection string names."""
    found = _SERVER.search(connection)
    return found.group(1).strip() if found else "opendatasource"
