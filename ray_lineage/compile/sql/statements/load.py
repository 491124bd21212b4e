"""LOAD DATA, and the pipelines and routine loads that repeat it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlglot.tokens import Token

from ray_lineage.compile.sql.lex.kinds import STRINGS, T
from ray_lineage.compile.sql.lex.scan import closing, list_items, read_name
from ray_lineage.compile.sql.query.expressions import collect
from ray_lineage.compile.sql.query.scope import IDENTITY, Collected, Scope
from ray_lineage.compile.sql.statements.assignments import set_clauses
from ray_lineage.compile.sql.statements.columns import listed_names
from ray_lineage.compile.sql.statements.locations import uris
from ray_lineage.compile.sql.unit import Said, Unit, Written
from ray_lineage.model import STAR, Alias, Assignment, Name, Output, Ref, Select, StatementKind, TableRef


def read_load(unit: Unit, tokens: list[Token]) -> Iterator[Written]:
    """``LOAD DATA [LOCAL] INPATH|INFILE 'file' ... INTO TABLE t [(a, @v) SET b = f(@v)]``, ``LOAD DATA INTO t FROM FILES (...)``."""
    if unit.engine.field_paths:
        tokens = _without_paths(tokens)
    words = [t.text.upper() if t.token_type not in STRINGS else "" for t in tokens]
    at = next((i for i, w in enumerate(words) if w in ("INPATH", "INFILE")), -1)
    into = next((i for i, w in enumerate(words) if w in ("INTO", "OVERWRITE") and words[i + 1 : i + 2] != ["INTO"]), -1)
    if into < 0:
        return
    i = into + 1
    while i < len(tokens) and words[i] in ("TABLE", "OVERWRITE", "INTO", "TEMP", "TEMPORARY"):
        i += 1
    parts, i = read_name(tokens, i)
    if not parts:
        return
    target = unit.full(parts)
    if at < 0:
        for location in uris(tokens, i):
            columns = listed_names(unit, tokens, i) if i < len(tokens) and tokens[i].token_type is T.L_PAREN else []
            yield load_from(unit, tokens, unit.names.location(location, tokens[0].line), target, columns)
        return
    if tokens[at + 1].token_type is T.L_PAREN:  # INFILE ("file") of Doris
        at += 1
    source = unit.names.location(tokens[at + 1].text, tokens[at + 1].line)
    lists = [
        k for k in range(i, len(tokens))
        if tokens[k].token_type is T.L_PAREN
        and words[k - 1] not in ("PARTITION", "OPTIONS", "SERDEPROPERTIES", "BROKER", "PROPERTIES")
    ]  # fmt: skip
    columns = listed_names(unit, tokens, lists[0]) if lists and words[lists[0] - 1] != "SET" else []
    yield load_from(unit, tokens, source, target, columns)
    sets = next((k for k in range(i, len(tokens)) if words[k] == "SET" and words[k - 1] != "CHARACTER"), -1)
    if sets > 0:
        yield _load_set(unit, tokens, sets, source, target, [n for n in columns if n.startswith("@")])


def _without_paths(tokens: list[Token]) -> list[Token]:
    """``(a <- b::c, @v <- d)`` -> ``(a, @v)``."""
    out: list[Token] = []
    in_path = False
    for i, token in enumerate(tokens):
        if token.token_type in (T.COMMA, T.R_PAREN):
            in_path = False
        elif token.token_type is T.LT and tokens[i + 1 : i + 2] and tokens[i + 1].token_type is T.DASH:
            in_path = True
        if not in_path:
            out.append(token)
    return out


def load_from(unit: Unit, tokens: list[Token], source: Name, target: Name, columns: list[str]) -> Written:
    """A file's columns go into ``columns`` by position; which of the file's they are is not known."""
    builder = unit.builder()
    table = builder.add(TableRef(source, tokens[0].line))
    output = Output(None, (Ref(table, 1, STAR, IDENTITY, tokens[0].line),), tokens[0].line, star=True)
    root = builder.add(Select((table,), (output,)))
    if not columns:
        return Written(tokens, StatementKind.LOAD, builder, root=root, target=target)
    alias = builder.add(Alias(root, tuple(columns)))
    assignments = tuple(Assignment(n, (Ref(alias, -1, n, IDENTITY),)) for n in columns if n and not n.startswith("@"))
    return Written(tokens, StatementKind.LOAD, builder, target=target, assignments=assignments, subqueries=[alias])


def _load_set(unit: Unit, tokens: list[Token], at: int, source: Name, target: Name, variables: list[str]) -> Written:
    """``SET b = UPPER(@v)`` where @v is a field of the file."""
    builder = unit.builder()
    table = builder.add(TableRef(source, tokens[0].line, tuple(variables)))
    for variable in variables:
        builder.variable_relations[variable, False] = builder.add(
            Select((table,), (Output("value", (Ref(table, -1, variable, IDENTITY),)),))
        )
    scope = Scope(builder.add(Select((), ())), None, {})
    update = Token(T.UPDATE, "UPDATE", tokens[at].line)
    tree = unit.parse([update, Token(T.VAR, "o", tokens[at].line), *tokens[at:]], "UPDATE")
    assignments: list[Assignment] = []
    subqueries: list[int] = []
    set_clauses(unit, tree.expressions, builder, scope, -1, assignments, subqueries)
    return Written(
        tokens, StatementKind.LOAD, builder, target=target, assignments=tuple(assignments), scope=scope, subqueries=subqueries
    )  # fmt: skip


def create_pipeline(unit: Unit, tokens: list[Token], name: Name, i: int) -> Said:
    """``CREATE PIPELINE p AS LOAD DATA KAFKA 'host/topic' ... INTO TABLE t|PROCEDURE f`` of SingleStore."""
    words = [t.text.upper() if t.token_type not in STRINGS else "" for t in tokens]
    at = next((k for k in range(i, len(tokens)) if tokens[k].token_type in STRINGS), -1)
    into = next((k for k in range(i, len(tokens) - 2) if words[k] == "INTO"), -1)
    if at < 0 or into < at or "LOAD" not in words[i:at]:
        return ()
    if words[into + 1] == "PROCEDURE":
        parts, _ = read_name(tokens, into + 2)
        unit.facts.declare(name, "Procedure", tokens[0].line)
        unit.facts.call(name, unit.full(parts), tokens[0].line)
        return ()
    text = tokens[at].text
    if words[at - 1] == "KAFKA":
        text = "kafka:" + text.rpartition("/")[2]
    elif "://" not in text:
        text = _SCHEMES.get(words[at - 1], "") + text
    file = [Token(T.VAR, "INFILE", tokens[at].line), Token(T.STRING, text, tokens[at].line)]
    return read_load(unit, [*tokens[:1], *file, *tokens[into:]])


_SCHEMES: Final = {"S3": "s3://", "GCS": "gs://", "HDFS": "hdfs://"}


def create_routine_load(unit: Unit, tokens: list[Token], name: Name, i: int) -> Said:
    """``CREATE ROUTINE LOAD db.job ON t COLUMNS (a, b = a + 1) ... FROM KAFKA ("kafka_topic" = "x")`` of StarRocks and Doris: the
    table is in the job's database."""
    if i + 1 >= len(tokens) or tokens[i].token_type is not T.ON:
        return ()
    parts, i = read_name(tokens, i + 1)
    topics = [k for k in range(i, len(tokens) - 2) if tokens[k].text.lower() == "kafka_topic"]
    if not parts or not topics:
        return ()
    target = unit.names.name(parts)
    target = (*name[:-1], *target) if len(target) == 1 else unit.qualified(target)
    source = unit.names.location(f"kafka:{tokens[topics[0] + 2].text}", tokens[topics[0]].line)
    listed = (k for k in range(i, len(tokens) - 1) if tokens[k].text.upper() == "COLUMNS")
    at = next((k for k in listed if tokens[k + 1].token_type is T.L_PAREN), -1)
    if at < 0:
        return load_from(unit, tokens, source, target, [])
    builder = unit.builder()
    items = list_items(tokens, at + 2, closing(tokens, at + 1))
    table = builder.add(TableRef(source, tokens[0].line, tuple(unit.part(tokens[a]) for a, b in items if b - a == 1)))
    scope = Scope(builder.add(Select((table,), ())), None, {})
    assignments: list[Assignment] = []
    for a, b in items:
        column, value = unit.part(tokens[a]), tokens[a + 2 : b] or [tokens[a]]
        select = Token(T.SELECT, "SELECT", value[0].line, value[0].col, value[0].start, value[0].start)
        found = Collected()
        collect(builder, unit.parse([select, *value], "SELECT").expressions[0], scope, IDENTITY, found)
        assignments.append(Assignment(column, tuple(found.refs.values()), tokens[a].line))
    return Written(tokens, StatementKind.LOAD, builder, target=target, assignments=tuple(assignments), scope=scope)
