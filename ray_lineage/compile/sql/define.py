"""What statements say of tables and views: their columns, where these come from, what ALTER TABLE changes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from sqlglot import exp
from sqlglot.tokens import Token

from ray_lineage.compile.sql import procedural
from ray_lineage.compile.sql.lex.columns import ColumnItem, added_columns, altered_column, read_columns
from ray_lineage.compile.sql.lex.kinds import T
from ray_lineage.compile.sql.lex.scan import closing, read_name
from ray_lineage.compile.sql.lex.tokens import start_line
from ray_lineage.compile.sql.query.scope import IDENTITY, Collected, Scope
from ray_lineage.model import ALTERED, Assignment, Declaration, DeclaredColumn, Name, Select, TableRef, passed_over

if TYPE_CHECKING:
    from ray_lineage.compile.sql.statements import FileCompiler


def sequence_or_type(c: FileCompiler, tokens: list[Token], words: list[str]) -> None:
    """``CREATE SEQUENCE s``, ``CREATE TYPE t AS TABLE (columns)``."""
    i = next(k for k, word in enumerate(words) if word in ("SEQUENCE", "TYPE")) + 1
    is_sequence = words[i - 1] == "SEQUENCE"
    while i < len(tokens) and tokens[i].text.upper() in ("IF", "NOT", "EXISTS"):
        i += 1
    name, i = read_name(tokens, i)
    columns: tuple[DeclaredColumn, ...] = ()
    if not is_sequence:
        at = next((k for k in range(i, min(i + 3, len(tokens))) if tokens[k].text.upper() == "TABLE"), -1)
        if at < 0 or at + 1 >= len(tokens) or tokens[at + 1].token_type is not T.L_PAREN:
            return  # another name of a scalar type
        columns = tuple(c._declared(x) for x in read_columns(tokens, at + 2, closing(tokens, at + 1))[0])
    if name:
        kind = "Sequence" if is_sequence else "Type"
        c.declarations.append(Declaration(c._full(name), kind, start_line(tokens[0]), columns))


def made(c: FileCompiler, tokens: list[Token], name: Name, columns: tuple[DeclaredColumn, ...], owner: str) -> None:
    """From here on there is an empty temporary table with these columns."""
    names = tuple(x.name for x in columns)
    passed = passed_over(columns)
    c._add(tokens, "assign", c.nothing, owner, target=name, columns=names, defines=True, preset=passed)


def alter_table(c: FileCompiler, tokens: list[Token], owner: str) -> None:
    """ALTER TABLE t ADD c int, d int: more columns of a table that is declared elsewhere."""
    if len(tokens) < 5 or tokens[1].text.upper() != "TABLE":
        return
    i = 2
    while tokens[i].text.upper() in ("IF", "EXISTS", "ONLY"):
        i += 1
    parts, i = read_name(tokens, i)
    if parts:
        procedural.alter_table(c, tokens, c._full(parts), i, owner)
        if c.is_tsql:
            defaults(c, tokens, c._full(parts), "alter_table", owner)
    if not parts:
        return
    name = c._full(parts)
    added = added_columns(tokens, i)
    columns = tuple(c._declared(x) for x in added)
    if name[0].startswith("#"):
        if added:
            names = tuple(x.name for x in columns)
            passed = passed_over(columns)
            c._add(tokens, "assign", c._builder(), owner, target=name, columns=names, preset=passed)
            computed_columns(c, tokens, added, name, owner)
        return
    if added:
        c.declarations.append(Declaration(name, "Table", start_line(tokens[0]), columns, adds=True))
        computed_columns(c, tokens, added, name, owner)
    altered = altered_column(tokens, i)
    if altered is not None:
        declared = (c._declared(altered),)
        c.declarations.append(Declaration(name, ALTERED, start_line(tokens[0]), declared, adds=True))


def define(
    c: FileCompiler,
    tokens: list[Token],
    query: list[Token],
    name: Name,
    kind: str,
    columns: tuple[DeclaredColumn, ...],
    statement: str,
    owner: str,
    *,
    temporary: bool = False,
    redeclare: Declaration | None = None,
) -> None:
    """A dataset whose columns come from a query."""
    declaration = Declaration(name, kind, start_line(tokens[0]), columns, len(c.statements), temporary)
    if redeclare is not None:
        c.declarations.remove(redeclare)
        declaration = Declaration(name, kind, redeclare.line, columns, len(c.statements), temporary)
    tree = None
    try:
        tree = c._parse(query, "SELECT")
    finally:
        if tree is None:
            c.declarations.append(Declaration(name, kind, declaration.line, columns, -1, temporary))
    if tree.args.get("with_") is not None and not c.is_tsql:
        c._data_modifying_ctes(tree.args["with_"], tokens, owner)
        declaration = msgspec.structs.replace(declaration, statement=len(c.statements))
    c.declarations.append(declaration)
    builder = c._builder()
    root = builder.query(tree)
    if builder.assigned and not c.is_tsql:  # MySQL's SELECT @v := a
        procedural.selected(c, tokens, builder, owner, root, sure=False)
        at = c.declarations.index(declaration)
        c.declarations[at] = msgspec.structs.replace(declaration, statement=len(c.statements))
    c._add(
        tokens,
        statement,
        builder,
        owner,
        root=root,
        target=name,
        columns=tuple(x.name for x in columns),
        defines=True,
    )


def like(
    c: FileCompiler, tokens: list[Token], name: Name, kind: str, source: Name, owner: str, temporary: bool
) -> None:
    """CREATE TABLE LIKE / CLONE: the columns of another table, none of its values (CLONE: its values too)."""
    builder = c._builder()
    root = builder.query(exp.select("*").from_(exp.to_table(".".join(f'"{p}"' for p in source))))
    builder.relations[1 if isinstance(builder.relations[1], TableRef) else 0] = TableRef(source, start_line(tokens[0]))
    c.declarations.append(Declaration(name, kind, start_line(tokens[0]), (), len(c.statements), temporary))
    clones = any(t.text.upper() in ("CLONE", "COPY") and t.token_type is not T.IDENTIFIER for t in tokens)
    if c.dialect == "teradata" and any(
        t.text.upper() == "DATA" and tokens[i - 1].token_type is T.WITH for i, t in enumerate(tokens)
    ):
        clones = True
    kind_text = "create_table_clone" if clones else "create_table_like"
    c._add(tokens, kind_text, builder, owner, root=root, target=name, defines=True)


def computed_columns(
    c: FileCompiler, tokens: list[Token], columns: list[ColumnItem], name: Name, owner: str, rows: Name = ()
) -> None:
    """``rows`` are what the columns are made of, if not the table's own."""
    computed = [x for x in columns if x.computed[1] > x.computed[0]]
    if not computed:
        return
    builder = c._builder()
    table = builder._add(TableRef(rows or name, start_line(tokens[0])))
    scope_index = builder._add(Select((table,), ()))
    scope = Scope(scope_index, None, {})
    scope.aliases[name[-1]] = table
    assignments: list[Assignment] = []
    for column in computed:
        a, b = column.computed
        select = Token(T.SELECT, "SELECT", tokens[a].line, tokens[a].col, tokens[a].start, tokens[a].start)
        tree = c._parse([select, *tokens[a:b]], "SELECT")
        found = Collected()
        builder.collect(tree.expressions[0], scope, IDENTITY, found)
        refs = tuple(r for r in found.refs.values())
        assignments.append(Assignment(c._part(column.name), refs, column.name.line))
    c._add(tokens, "create_table", builder, owner, target=name, assignments=tuple(assignments))


def defaults(c: FileCompiler, tokens: list[Token], name: Name, kind: str, owner: str) -> None:
    """Defaults and checks of a table call functions and read sequences."""
    found = procedural.functions_in(c, tokens)
    procedural.call_functions(c, found, name, start_line(tokens[0]))
    builder = c._builder()
    sequences: list[int] = []
    for i, token in enumerate(tokens[:-2]):
        if token.text.upper() == "NEXT" and [t.text.upper() for t in tokens[i + 1 : i + 3]] == ["VALUE", "FOR"]:
            parts, _ = read_name(tokens, i + 3)
            if parts:
                sequences.append(builder._add(TableRef(c._full(parts), token.line)))
    if sequences:
        c._add(tokens, kind, builder, owner, target=name, subqueries=sequences)
