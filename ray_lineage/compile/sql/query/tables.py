"""Tables in FROM."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from ray_lineage.compile.sql.query.arena import Builder
from ray_lineage.compile.sql.query.scope import Scope, line_of
from ray_lineage.model import Alias, Select, TableRef


def table_relation(b: Builder, node: exp.Table, alias: str, columns: tuple[str, ...], scope: Scope) -> int:
    args = node.args
    plain = b.identifier(node.this)
    if not args.get("db") and plain in scope.ctes:
        index = scope.ctes[plain]
        if columns:
            index = b.add(Alias(index, columns))
        scope.aliases[alias or plain] = index
        return index
    if plain.lower() == "dual" and b.engine.dual and _is_dual(b, args):
        index = scope.aliases[alias or plain] = b.add(Select((), ()))
        return index
    name = b.dataset(node)
    index = b.add(TableRef(name, line_of(node), columns))
    if alias:
        scope.aliases[alias] = index
    else:
        scope.aliases.setdefault(name[-1], index)
        scope.aliases.setdefault(plain, index)  # as it is written: a temporary table's own name begins with #
        scope.tables.append((name, index))
    return index


def _is_dual(b: Builder, args: dict[str, Any]) -> bool:
    """The table of one row that stands where the grammar wants a FROM: nothing comes from it."""
    return not args.get("db") or (b.engine.system_dual and b.identifier(args["db"]).lower() == "sys")
