"""CREATE TABLE that copies, partitions or shows something."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlglot.tokens import Token

from ray_lineage.compile.sql.lex.columns import CreateHead
from ray_lineage.compile.sql.lex.kinds import STRINGS, T
from ray_lineage.compile.sql.lex.scan import closing, read_name
from ray_lineage.compile.sql.lex.tokens import start_line
from ray_lineage.compile.sql.query.scope import IDENTITY
from ray_lineage.compile.sql.statements.define import define
from ray_lineage.compile.sql.statements.locations import location_or_table, uris
from ray_lineage.compile.sql.statements.move import move
from ray_lineage.compile.sql.unit import Said, Unit, Written
from ray_lineage.model import (
    STAR,
    DeclaredColumn,
    Effect,
    Local,
    Name,
    Output,
    Ref,
    Select,
    StatementKind,
    TableRef,
    local_kind,
)


def create_like(
    unit: Unit,
    tokens: list[Token],
    name: Name,
    kind: str,
    likes: Sequence[tuple[int, Name]],
    temporary: bool,
    columns: tuple[DeclaredColumn, ...] = (),
) -> Written:
    """CREATE TABLE LIKE / CLONE: the columns of other tables, none of their values (CLONE: its values too). Those of each stand
    in front of that one of the table's own ``columns``."""
    line = start_line(tokens[0])
    builder = unit.builder()
    sources = tuple(builder.add(TableRef(source, line)) for _, source in likes)
    own = [Output(c.name, (), c.line) for c in columns]
    outputs: list[Output] = own[: likes[0][0]]
    for k, (at, _) in enumerate(likes):
        until = likes[k + 1][0] if k + 1 < len(likes) else len(own)
        outputs.append(Output(None, (Ref(sources[k], len(sources), STAR, IDENTITY, line),), line, star=True))
        outputs.extend(own[at:until])
    root = builder.add(Select(sources, tuple(outputs)))
    clones = _clones(unit, tokens, bool(columns))
    now = unit.facts.list_of(likes[0][1]) if len(likes) == 1 and not (columns or clones or temporary) else ()
    now = tuple(msgspec.structs.replace(c, line=line, description="") for c in now)
    declared = unit.facts.declare(name, kind, line, now, temporary=temporary)
    if columns and not temporary:
        unit.facts.declare(name, kind, line, columns, adds=True)  # their types
    kind_of = StatementKind.CREATE_TABLE_CLONE if clones else StatementKind.CREATE_TABLE_LIKE
    return Written(tokens, kind_of, builder, root=root, target=name, effect=Effect.MAKES, declared=declared)


def _clones(unit: Unit, tokens: list[Token], listed: bool) -> bool:
    """Are the rows taken, too?"""
    words = [t.text.upper() if t.token_type is not T.IDENTIFIER else "" for t in tokens]
    if not listed and ("CLONE" in words or "COPY" in words):
        return True
    return unit.engine.like_with_data and any(
        word == "DATA" and tokens[i - 1].token_type is T.WITH for i, word in enumerate(words)
    )


def stored_at(unit: Unit, tokens: list[Token], head: CreateHead, name: Name) -> list[Name]:
    """The locations of an external table, or of a temporary view of a file."""
    if (
        "EXTERNAL" not in head.words
        and not (local_kind(name) is Local.TABLE and "VIEW" in head.words)
        and not (unit.engine.organization and any(t.text.upper() == "ORGANIZATION" for t in tokens))
    ):
        return []
    found: list[Name] = []
    for k in range(len(tokens) - 1):
        if tokens[k].text.upper() == "LOCATION" and tokens[k].token_type not in STRINGS:
            at = k + 2 if tokens[k + 1].token_type is T.EQ else k + 1
            if at < len(tokens) and tokens[at].token_type is T.L_PAREN:  # of Oracle: ('a.csv', d:'b.csv')
                files = [t for t in tokens[at : closing(tokens, at)] if t.token_type in STRINGS]
                found.extend(unit.names.location(t.text, t.line) for t in files)
                continue
            location = location_or_table(unit, tokens, at)[0]
            if location and location[0] == "external":
                found.append(location)
    found.extend(unit.names.location(uri, tokens[0].line) for uri in uris(tokens, 0))
    return found


def partition_of(unit: Unit, tokens: list[Token], head: CreateHead, name: Name) -> Said:
    """``CREATE TABLE p PARTITION OF t`` and ``CREATE TABLE p (columns) INHERITS (t)``: p has t's columns, and t shows p's
    rows. None if it is something else."""
    words = [t.text.upper() for t in tokens]
    if "PARTITION" not in words and "INHERITS" not in words:
        return None
    follows = {"PARTITION": "OF", "INHERITS": "("}
    at = next((k for k, word in enumerate(words[:-1]) if word in follows and words[k + 1] == follows[word]), -1)
    parts, _ = read_name(tokens, at + 2) if at > 0 else ([], 0)
    if not parts:
        return None
    parent = unit.full(parts)
    copied = create_like(unit, tokens, name, "Table", [(0, parent)], False)
    if head.columns and words[at] == "INHERITS":
        own = tuple(unit.column(x) for x in head.columns)
        unit.facts.declare(name, "Table", tokens[0].line, own, adds=True)
    return [copied, move(unit, tokens, name, parent, StatementKind.ATTACH_PARTITION)]


def read_cache(unit: Unit, tokens: list[Token]) -> Said:
    """``CACHE [LAZY] TABLE w AS SELECT ...``: a temporary view."""
    at = next((i for i, t in enumerate(tokens[:3]) if t.text.upper() == "TABLE"), -1)
    parts, i = read_name(tokens, at + 1)
    query = i
    if query + 1 < len(tokens) and tokens[query].text.upper() == "OPTIONS":
        query = closing(tokens, query + 1) + 1
    if query < len(tokens) and tokens[query].token_type is T.ALIAS:
        query += 1
    if at < 0 or not parts or query >= len(tokens):
        return None
    unit.names.temporary.add(unit.names.name(parts)[-1])
    return define(
        unit, tokens, tokens[query:], unit.full(parts), "TempTable", (), StatementKind.CREATE_TABLE_AS, temporary=True
    )
