"""ALTER TABLE: columns, renames, partitions that change their table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sqlglot.tokens import Token

from ray_lineage.compile.sql.engine import spelling
from ray_lineage.compile.sql.lex.columns import added_columns, altered_column
from ray_lineage.compile.sql.lex.kinds import T
from ray_lineage.compile.sql.lex.scan import closing, list_items, outermost, read_name
from ray_lineage.compile.sql.lex.tokens import start_line
from ray_lineage.compile.sql.statements.columns import computed_columns, defaults
from ray_lineage.compile.sql.statements.foreign_keys import foreign_keys
from ray_lineage.compile.sql.statements.move import move, swap
from ray_lineage.compile.sql.statements.rename import rename_dataset
from ray_lineage.compile.sql.unit import Said, Unit, Written, each
from ray_lineage.model import ALTERED, Effect, Local, Name, StatementKind, local_kind, passed_over


def renames(tokens: list[Token]) -> bool:
    """Does ALTER give a view another name, and no other query?"""
    return any(token.text.upper() == "RENAME" for _, token in outermost(tokens, 2, min(len(tokens), 14)))


def read_alter_table(unit: Unit, tokens: list[Token]) -> Iterator[Written]:
    """ALTER TABLE t ADD c int, d int: more columns of a table that is declared elsewhere."""
    i = next((k for k, t in enumerate(tokens[:4]) if t.text.upper() in _TABLES), 0) + 1
    if len(tokens) < 5 or i < 2:
        return
    while tokens[i].text.upper() in ("IF", "EXISTS", "ONLY"):
        i += 1
    parts, i = read_name(tokens, i)
    if parts:
        yield from alter_rows(unit, tokens, unit.full(parts), i)
        if unit.engine.schema_calls:
            yield from each(defaults(unit, tokens, unit.full(parts), StatementKind.ALTER_TABLE))
    if not parts:
        return
    name = unit.full(parts)
    added = added_columns(tokens, i)
    columns = tuple(unit.column(x) for x in added)
    if local_kind(name) is Local.TABLE:
        if added:
            names = tuple(x.name for x in columns)
            passed = passed_over(columns)
            yield Written(
                tokens, StatementKind.DECLARE, target=name, columns=names, effect=Effect.EXTENDS, preset=passed
            )
            yield from each(computed_columns(unit, tokens, added, name))
        return
    if added:
        unit.facts.declare(name, "Table", start_line(tokens[0]), columns, adds=True)
        yield from each(computed_columns(unit, tokens, added, name))
    altered = altered_column(tokens, i)
    if altered is not None:
        declared = (unit.column(altered),)
        unit.facts.declare(name, ALTERED, start_line(tokens[0]), declared, adds=True)


_TABLES: Final = frozenset({"TABLE", "VIEW", "MATERIALIZED VIEW"})
"""What of ALTER is about columns and rows."""


def alter_rows(unit: Unit, tokens: list[Token], name: Name, i: int) -> Iterable[Written]:
    """What follows the name in ALTER TABLE: renames, moves of rows, foreign keys."""
    words = [t.text.upper() for t in tokens[i:]]
    if not words:
        return ()
    _changed_columns(unit, tokens, name, i)
    said = each(_moved_rows(unit, tokens, name, i, words))
    foreign_keys(unit, tokens, i, len(tokens), name)
    return said


def _moved_rows(unit: Unit, tokens: list[Token], name: Name, i: int, words: list[str]) -> Said:
    if words[0] == "RENAME" and words[1:2] and words[1] not in _PARTS and words[2:3] != ["TO"]:
        at = i + (2 if words[1] in ("TO", "AS") else 1)
        parts, _ = read_name(tokens, at)
        if parts:
            new = unit.names.name(parts)
            renamed = (*name[:-1], *new) if len(new) == 1 else unit.qualified(new)
            return rename_dataset(unit, tokens, name, renamed, _kind(tokens))
    elif words[0] == "SWITCH" and "TO" in words:
        parts, _ = read_name(tokens, i + words.index("TO") + 1)
        if parts:
            return move(unit, tokens, name, unit.full(parts), StatementKind.SWITCH)
    elif words[:2] == ["SET", "SCHEMA"] and len(words) > 2:
        return move(unit, tokens, name, (*name[:-2], unit.part(tokens[i + 2]), name[-1]), StatementKind.RENAME)
    elif words[:2] == ["APPEND", "FROM"]:
        parts, _ = read_name(tokens, i + 2)
        if parts:
            return move(unit, tokens, unit.full(parts), name, StatementKind.APPEND)
    elif words[:2] == ["REPLACE", "WITH"]:  # of Doris: a swap
        parts, _ = read_name(tokens, i + (3 if words[2:3] == ["TABLE"] else 2))
        if parts:
            return swap(unit, tokens, unit.full(parts), name)
    elif words[0] in ("UPDATE", "DELETE") and unit.engine.mutations:
        _mutation(unit, tokens, i)
    elif (
        words[:1] in (["EXCHANGE"], ["REPLACE"], ["ATTACH"], ["MOVE"])
        and words[1:2] == ["PARTITION"]
        and unit.engine.exchanges_partitions
    ):
        return _exchange(unit, tokens, name, i)
    elif words[:2] == ["ATTACH", "PARTITION"]:
        parts, _ = read_name(tokens, i + 2)
        if parts:
            return move(unit, tokens, unit.full(parts), name, StatementKind.ATTACH_PARTITION)
    elif words[:2] == ["SWAP", "WITH"]:
        parts, _ = read_name(tokens, i + 2)
        if parts:
            return swap(unit, tokens, name, unit.full(parts))
    return None


_PARTS: Final = frozenset(
    {"COLUMN", "CONSTRAINT", "INDEX", "KEY", "PARTITION", "SUBPARTITION", "ROLLUP", "LOB", "CHECK", "DEFAULT"}
)
"""What of a table ALTER TABLE may rename or drop; nothing else than a column where no such word stands."""


def _changed_columns(unit: Unit, tokens: list[Token], table: Name, i: int) -> None:
    """``DROP [COLUMN] [IF EXISTS] a, COLUMN b``, ``DROP (a, b)``, ``RENAME [COLUMN] a TO b`` and ``CHANGE [COLUMN] a b int``:
    in this script's declaration of the table, if there is one."""
    gone: set[str] = set()
    verb = kind = ""
    for a, b in list_items(tokens, i, len(tokens)):
        word = tokens[a].text.upper()
        if word in _CHANGES:
            verb, kind, a = word, "", a + 1
        if a < b and tokens[a].text.upper() in ("COLUMN", "COLUMNS", "CONSTRAINT") and b - a > 1:
            kind, a = tokens[a].text.upper(), a + 1
        while a < b - 1 and tokens[a].text.upper() in ("IF", "EXISTS"):
            a += 1
        if (
            a >= b
            or kind == "CONSTRAINT"
            or (not kind and (unit.engine.drops_constraints or tokens[a].text.upper() in _PARTS))
        ):
            continue
        rest = [t.text.upper() for t in tokens[a + 1 : b]]
        if verb == "DROP" and tokens[a].token_type is T.L_PAREN:
            gone.update(unit.part(tokens[x]) for x, _ in list_items(tokens, a + 1, closing(tokens, a)))
        elif verb == "DROP" and (kind or rest in ([], ["CASCADE"], ["RESTRICT"])):
            gone.add(unit.part(tokens[a]))
        elif verb == "RENAME" and len(rest) > 1 and rest[0] == "TO":
            _rename_column(unit, table, tokens[a], tokens[a + 2])
        elif (verb == "CHANGE" and len(rest) > 1) or (verb == "RENAME" and kind and rest):
            _rename_column(unit, table, tokens[a], tokens[a + 1])
    unit.facts.drop_columns(table, gone, tokens[0].line)


def _rename_column(unit: Unit, table: Name, old: Token, new: Token) -> None:
    """A column of the table has another name."""
    name = unit.part(new)
    unit.facts.rename_column(table, unit.part(old), name, old.line, spelling(unit.engine, new.text, name))


_CHANGES: Final = frozenset({"DROP", "RENAME", "CHANGE", "ADD", "ALTER", "MODIFY", "SET", "WITH"})


def _mutation(unit: Unit, tokens: list[Token], i: int) -> None:
    """``ALTER TABLE t UPDATE a = b WHERE c`` and ``ALTER TABLE t DELETE WHERE c`` of ClickHouse."""
    verb = tokens[i].text.upper()
    kind, text = (T.SET, "SET") if verb == "UPDATE" else (T.FROM, "FROM")
    mark = Token(kind, text, tokens[i].line, tokens[i].col, tokens[i].start, tokens[i].end)
    name = tokens[2:i]
    unit.run(
        [tokens[i], *name, mark, *tokens[i + 1 :]] if verb == "UPDATE" else [tokens[i], mark, *name, *tokens[i + 1 :]],
        verb,
    )


def _kind(tokens: list[Token]) -> str:
    """What ALTER changes."""
    words = " ".join(t.text.upper() for t in tokens[1:3])
    return "MaterializedView" if "MATERIALIZED" in words else "View" if "VIEW" in words else "Table"


def _exchange(unit: Unit, tokens: list[Token], name: Name, i: int) -> Said:
    """``EXCHANGE PARTITION p WITH TABLE s`` swaps the rows (Hive's moves them from s), ``REPLACE PARTITION p FROM s`` copies
    them."""
    for k, token in outermost(tokens, i):
        word = token.text.upper()
        if word not in ("WITH", "FROM", "TO"):
            continue
        at = k + 2 if k + 1 < len(tokens) and tokens[k + 1].text.upper() == "TABLE" else k + 1
        parts, _ = read_name(tokens, at)
        if not parts:
            return None
        there = move(unit, tokens, name, unit.full(parts), StatementKind.EXCHANGE)
        here = move(unit, tokens, unit.full(parts), name, StatementKind.EXCHANGE)
        if word == "WITH" and not unit.engine.partitions_move:
            return [here, there]
        return there if word == "TO" else here
    return None
