"""Tables that stand for others, of another engine as a rule: ``ENGINE = MySQL(...)``, ``CREATE FOREIGN TABLE``, ``USING jdbc``."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Final

from sqlglot import exp
from sqlglot.expressions import Expression
from sqlglot.tokens import Token

from ray_lineage.compile.sql.lex.kinds import LITERALS, T
from ray_lineage.compile.sql.lex.scan import closing, list_items, read_name
from ray_lineage.compile.sql.query.sources import (
    ADDRESS,
    arguments_of,
    locations_of,
    parts_of,
    place_of,
    query_in_text,
    server_of_call,
    table_of,
    text_of,
)
from ray_lineage.compile.sql.statements.move import move
from ray_lineage.compile.sql.unit import Unit
from ray_lineage.compile.sql.words import TABLE_FUNCTIONS, Roles
from ray_lineage.model import Name

_ENGINES: Final[Roles] = {
    **TABLE_FUNCTIONS["clickhouse"],
    "distributed": ("", "database", "table"),
    "buffer": ("database", "table"),
    "dictionary": ("table",),
    "s3queue": ("file",),
    "file": ("",),  # a format
    "kafka": ("", "topic"),
}
"""Of ClickHouse: what the arguments of its engines are."""


_OPTIONS: Final = ("OPTIONS", "TBLPROPERTIES")


_HIVES: Final = {"hive.sql.table": "dbtable", "hive.sql.query": "query", "hive.sql.jdbc.url": "url"}


_SPARKS: Final = ("spark", "databricks", "hive", "")


def table_elsewhere(unit: Unit, tokens: list[Token], name: Name) -> None:
    """CREATE TABLE of a table that shows the rows of another one, of another engine as a rule."""
    for source_of in _SOURCES.get(unit.dialect, ()):
        source = source_of(unit, tokens, name)
        if source:
            move(unit, tokens, source, name, "create_external")
            return
    if unit.dialect in _SPARKS:
        _by_options(unit, tokens, name)


def _by_engine(unit: Unit, tokens: list[Token], _: Name) -> Name:
    """``ENGINE = MySQL('h:3306', 'db', 't', ...)`` of ClickHouse."""
    at = _outside(tokens, "ENGINE")
    if at < 0:
        return ()
    at += 2 if tokens[at + 1].token_type is T.EQ else 1
    engine = tokens[at].text.lower() if at + 1 < len(tokens) else ""
    roles = _ENGINES.get(engine)
    if not roles:
        return ()
    listed = tokens[at + 1].token_type is T.L_PAREN
    arguments = list_items(tokens, at + 2, closing(tokens, at + 1)) if listed else []
    given = arguments_of([_written(tokens[a:b]) for a, b in arguments], roles)
    if engine == "kafka":
        said = next((k for k, t in enumerate(tokens[:-2]) if t.text.lower() == "kafka_topic_list"), -1)
        topic = tokens[said + 2].text if said >= 0 else text_of(given.get("topic"))
        return unit.names.location(f"kafka:{topic}", tokens[at].line) if topic else ()
    if "file" in given:
        return next(iter(locations_of(unit.builder(), given)), ())
    server = server_of_call(given, engine if "server" in roles else "")
    with unit.names.elsewhere(server) if server else nullcontext():
        return table_of(unit, given)


def _written(tokens: list[Token]) -> Expression:
    """An argument: a text, or a name."""
    if len(tokens) == 1 and tokens[0].token_type in LITERALS:
        return exp.Literal.string(tokens[0].text)
    if len(tokens) > 2 and tokens[1].token_type is T.EQ:
        return exp.EQ(this=exp.column(tokens[0].text), expression=_written(tokens[2:]))
    parts, end = read_name(tokens, 0)
    names = [exp.to_identifier(t.text, quoted=True) for t in parts]
    return exp.column(*reversed(names)) if names and end == len(tokens) else exp.Null()


def _federated(unit: Unit, tokens: list[Token], _: Name) -> Name:
    """``ENGINE=FEDERATED CONNECTION='mysql://user@host/db/t'`` (or ``'server/t'``) of MySQL."""
    at = _outside(tokens, "CONNECTION")
    if at < 0 or _outside(tokens, "FEDERATED") < 0:
        return ()
    given = next((t.text for t in tokens[at:] if t.token_type is T.STRING), "")
    found = ADDRESS.search(given)
    host, path = found.groups() if found is not None else ("", given)
    parts = [p for p in (host, *(path or "").rpartition("@")[2].split("/")) if p]
    with unit.names.elsewhere(parts[0]) if len(parts) > 1 else nullcontext():
        return unit.qualified(tuple(unit.fold(p, True) for p in parts[1:])) if len(parts) > 1 else ()


def _foreign(unit: Unit, tokens: list[Token], name: Name) -> Name:
    """``CREATE FOREIGN TABLE t (...) SERVER s OPTIONS (schema_name 'a', table_name 'b')`` of Postgres."""
    at = _outside(tokens, "SERVER") if any(t.text.upper() == "FOREIGN" for t in tokens[:3]) else -1
    if at < 0:
        return ()
    said = _options(tokens, at)
    if "filename" in said:
        return unit.names.location(said["filename"], tokens[at].line)
    table, schema = said.get("table_name") or said.get("table"), said.get("schema_name") or said.get("schema")
    if not table and not schema:  # it is a wrapper's business
        return ()
    named = [unit.fold(p, True) for p in (schema, table) if p]
    with unit.names.elsewhere(tokens[at + 1].text):
        return unit.qualified(tuple(named) if table else (*named, name[-1]))


def _by_options(unit: Unit, tokens: list[Token], name: Name) -> None:
    """``USING jdbc OPTIONS (url '...', dbtable 's.t')`` (or ``query '...'``, ``dbtable '(SELECT ...) q'``) of Spark, and Hive's
    tables ``STORED BY`` JDBC and Kafka."""
    said = {_HIVES.get(word, word): text for word, text in _options(tokens, 0).items()}
    if "kafka.topic" in said:
        topic = unit.names.location(f"kafka:{said['kafka.topic']}", tokens[0].line)
        move(unit, tokens, topic, name, "create_external")
        return
    table, query = said.get("dbtable", ""), said.get("query", "")
    server = said.get("database") or place_of(said.get("url", ""), "") or said.get("host") or "jdbc"
    if not table and not query:
        return
    with unit.names.elsewhere(server):
        if not query and not table.lstrip().startswith("("):
            source = unit.qualified(tuple(parts_of(unit, exp.Literal.string(table))))
            move(unit, tokens, source, name, "create_external")
            return
        builder = unit.builder()
        root, _ = query_in_text(
            unit, builder, query or table[table.find("(") + 1 : table.rfind(")")], "dbtable", tokens
        )
        if root >= 0:
            unit.write(tokens, "create_table", builder, root=root, target=name)


def _outside(tokens: list[Token], word: str) -> int:
    """Where a word stands in no parentheses and is followed by something; -1: nowhere."""
    depth = 0
    for k, token in enumerate(tokens[:-1]):
        depth += (token.token_type is T.L_PAREN) - (token.token_type is T.R_PAREN)
        if depth == 0 and token.text.upper() == word and token.token_type not in LITERALS:
            return k
    return -1


def _options(tokens: list[Token], at: int) -> dict[str, str]:
    """The texts of ``OPTIONS (key 'text', 'key' = 'text')`` or ``TBLPROPERTIES`` at or behind ``at``, by their lower-case keys."""
    begin = next((k for k in range(at, len(tokens) - 1) if tokens[k].text.upper() in _OPTIONS), -1)
    if begin < 0 or tokens[begin + 1].token_type is not T.L_PAREN:
        return {}
    items = list_items(tokens, begin + 2, closing(tokens, begin + 1))
    return {
        tokens[a].text.lower(): tokens[b - 1].text
        for a, b in items
        if b - a > 1 and tokens[b - 1].token_type is T.STRING
    }


_SOURCES: Final[dict[str, tuple[Callable[[Unit, list[Token], Name], Name], ...]]] = {
    "clickhouse": (_by_engine,),
    "mysql": (_federated,),
    "postgres": (_foreign,),
    "": (_federated, _foreign),
}
