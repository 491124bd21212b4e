"""A dataset whose columns come from a query."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot.tokens import Token

from ray_lineage.compile.sql.lex.tokens import start_line
from ray_lineage.compile.sql.query.arena import Builder
from ray_lineage.compile.sql.statements.data import modifying_ctes
from ray_lineage.compile.sql.statements.variables import selected
from ray_lineage.compile.sql.unit import Unit, Written, each
from ray_lineage.model import Alias, Declaration, DeclaredColumn, Effect, Name, StatementKind, listed_names


def define(
    unit: Unit,
    tokens: list[Token],
    query: list[Token],
    name: Name,
    kind: str,
    columns: tuple[DeclaredColumn, ...],
    statement: StatementKind,
    *,
    temporary: bool = False,
    redeclare: Declaration | None = None,
) -> Iterator[Written]:
    """A dataset whose columns come from a query."""
    line = start_line(tokens[0])
    if redeclare is not None:
        unit.facts.replace(redeclare)
        line = redeclare.line
    declared = unit.facts.declare(name, kind, line, columns, temporary=temporary)
    tree = unit.parse(query, "SELECT")
    if tree.args.get("with_") is not None:
        yield from modifying_ctes(unit, tree.args["with_"], tokens)
    builder = unit.builder()
    root = builder.query(tree)
    if columns and unit.engine.fewer_names and not _are_all(builder, root, columns):
        root = builder.add(Alias(root, tuple(x.name for x in columns)))
        columns = ()
        unit.facts.listed_by_query(declared)
    if builder.assigned:  # MySQL's SELECT @v := a
        yield from each(selected(unit, tokens, builder, root, sure=False))
    yield Written(
        tokens,
        statement,
        builder,
        root=root,
        target=name,
        columns=tuple(x.name for x in columns),
        effect=Effect.MAKES,
        declared=declared,
    )


def _are_all(builder: Builder, root: int, columns: tuple[DeclaredColumn, ...]) -> bool:
    """Surely no column of the query keeps its own name."""
    names = listed_names(tuple(builder.relations), root)
    return names is not None and len(names) <= len(columns)
