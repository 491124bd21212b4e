"""Tables that stand for others, of another engine as a rule: ``ENGINE = MySQL(...)``, ``CREATE FOREIGN TABLE``, ``USING jdbc``."""

from __future__ import annotations

from typing import Final

from sqlglot import exp
from sqlglot.tokens import Token

from ray_lineage.compile.sql.lex.kinds import LITERALS, T
from ray_lineage.compile.sql.lex.scan import closing, list_items, outermost
from ray_lineage.compile.sql.query.sources import parts_of, place_of, query_in_text
from ray_lineage.compile.sql.statements.move import move
from ray_lineage.compile.sql.unit import Unit, Written
from ray_lineage.model import Name, StatementKind

_OPTIONS: Final = ("OPTIONS", "TBLPROPERTIES")
_HIVES: Final = {"hive.sql.table": "dbtable", "hive.sql.query": "query", "hive.sql.jdbc.url": "url"}


def table_elsewhere(unit: Unit, tokens: list[Token], name: Name) -> Written | None:
    """CREATE TABLE of a table that shows the rows of another one, of another engine as a rule."""
    for source_of in unit.engine.foreign:
        source = source_of(unit, tokens, name)
        if source:
            return move(unit, tokens, source, name, StatementKind.CREATE_EXTERNAL)
    return _by_options(unit, tokens, name) if unit.engine.options_elsewhere else None


def _by_options(unit: Unit, tokens: list[Token], name: Name) -> Written | None:
    """``USING jdbc OPTIONS (url '...', dbtable 's.t')`` (or ``query '...'``, ``dbtable '(SELECT ...) q'``) of Spark, and Hive's
    tables ``STORED BY`` JDBC and Kafka."""
    said = {_HIVES.get(word, word): text for word, text in options_of(tokens, 0).items()}
    if "kafka.topic" in said:
        topic = unit.names.location(f"kafka:{said['kafka.topic']}", tokens[0].line)
        return move(unit, tokens, topic, name, StatementKind.CREATE_EXTERNAL)
    table, query = said.get("dbtable", ""), said.get("query", "")
    server = said.get("database") or place_of(said.get("url", ""), "") or said.get("host") or "jdbc"
    if not table and not query:
        return None
    with unit.names.elsewhere(server):
        if not query and not table.lstrip().startswith("("):
            source = unit.qualified(tuple(parts_of(unit, exp.Literal.string(table))))
            return move(unit, tokens, source, name, StatementKind.CREATE_EXTERNAL)
        builder = unit.builder()
        root, _ = query_in_text(
            unit, builder, query or table[table.find("(") + 1 : table.rfind(")")], "dbtable", tokens
        )
        return Written(tokens, StatementKind.CREATE_TABLE, builder, root=root, target=name) if root >= 0 else None


def outside(tokens: list[Token], word: str) -> int:
    """Where a word stands in no parentheses and is followed by something; -1: nowhere."""
    return next(
        (
            k for k, token in outermost(tokens, 0, len(tokens) - 1)
            if token.text.upper() == word and token.token_type not in LITERALS
        ),
        -1,
    )  # fmt: skip


def options_of(tokens: list[Token], at: int) -> dict[str, str]:
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
