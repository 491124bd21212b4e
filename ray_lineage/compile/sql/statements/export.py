"""EXPORT, IMPORT, INTO OUTFILE."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot.tokens import Token

from ray_lineage.compile.sql.lex.kinds import STRINGS, T
from ray_lineage.compile.sql.lex.scan import closing, outermost, read_name
from ray_lineage.compile.sql.statements.locations import files, uris
from ray_lineage.compile.sql.statements.move import move
from ray_lineage.compile.sql.unit import Said, Unit, Written
from ray_lineage.model import StatementKind


def read_export(unit: Unit, tokens: list[Token]) -> Said:
    if len(tokens) < 2:
        return None
    return (port_table if tokens[1].text.upper() == "TABLE" else export_query)(unit, tokens)


def export_query(unit: Unit, tokens: list[Token]) -> Iterator[Written]:
    """``EXPORT DATA OPTIONS (uri = '...') AS SELECT ...``, ``EXPORT t INTO ... FILE 'f'`` of Exasol."""
    for location in files(tokens):
        query = tokens[2 : closing(tokens, 1)] if tokens[1].token_type is T.L_PAREN else []
        target = unit.names.location(location, tokens[0].line)
        if query:
            builder = unit.builder()
            root = builder.query(unit.parse(query, "SELECT"))
            yield Written(tokens, StatementKind.EXPORT, builder, root=root, target=target)
        else:
            parts, _ = read_name(tokens, 1)
            yield move(unit, tokens, unit.full(parts), target, StatementKind.EXPORT)
    for i, token in outermost(tokens):
        if token.token_type is T.ALIAS:
            tree = unit.parse(tokens[i + 1 :], "SELECT")
            for location in uris(tokens, 0):
                builder = unit.builder()
                root = builder.query(tree)
                target = unit.names.location(location, tokens[0].line)
                yield Written(tokens, StatementKind.EXPORT, builder, root=root, target=target)
            return


def port_table(unit: Unit, tokens: list[Token]) -> Written | None:
    """``EXPORT TABLE t [PARTITION (...)] TO '/path'`` and ``IMPORT [[EXTERNAL] TABLE t] FROM '/path'`` of Hive."""
    at = next((i for i, t in enumerate(tokens[:4]) if t.text.upper() == "TABLE"), -1)
    parts, i = read_name(tokens, at + 1) if at > 0 else ([], 0)
    for k in range(i, len(tokens) - 1):
        word = tokens[k].text.upper()
        if parts and word in ("TO", "FROM") and tokens[k + 1].token_type in STRINGS:
            location = unit.names.location(tokens[k + 1].text, tokens[k + 1].line)
            ends = (unit.full(parts), location) if word == "TO" else (location, unit.full(parts))
            return move(unit, tokens, *ends, StatementKind.EXPORT if word == "TO" else StatementKind.IMPORT)
    return None


def into_outfile(unit: Unit, tokens: list[Token]) -> Written | None:
    """``SELECT a INTO OUTFILE 'file' ... FROM t`` of MySQL. None if it is something else."""
    at = next(
        (i for i, t in enumerate(tokens) if t.text.upper() in ("OUTFILE", "DUMPFILE") and t.token_type is T.VAR), -1
    )
    if at < 1 or tokens[at - 1].token_type is not T.INTO or at + 1 >= len(tokens):
        return None
    end = next((i for i in range(at, len(tokens)) if tokens[i].token_type is T.FROM), len(tokens))
    builder = unit.builder()
    root = builder.query(unit.parse([*tokens[: at - 1], *tokens[end:]], "SELECT"))
    target = unit.names.location(tokens[at + 1].text, tokens[at + 1].line)
    return Written(tokens, StatementKind.EXPORT, builder, root=root, target=target)
