"""What T-SQL alone says of its objects: parameters of procedures, ALTER SCHEMA ... TRANSFER."""

from __future__ import annotations

from sqlglot.tokens import Token

from ray_lineage.compile.sql.lex.kinds import T
from ray_lineage.compile.sql.lex.scan import closing, list_items, read_name
from ray_lineage.compile.sql.statements.create import read_create_statement
from ray_lineage.compile.sql.statements.declare import declare_of_type
from ray_lineage.compile.sql.statements.rename import rename_dataset
from ray_lineage.compile.sql.unit import Said, Unit, Written


def read_parameters(unit: Unit, tokens: list[Token], i: int) -> None:
    """``@rows dbo.SomeType READONLY`` is a table of that type's columns; ``@total int OUTPUT`` gives its value back."""
    end = len(tokens)
    if i < end and tokens[i].token_type is T.L_PAREN:
        i, end = i + 1, closing(tokens, i)
    for a, b in list_items(tokens, i, end):
        if tokens[a].token_type is not T.PARAMETER or a + 1 >= b:
            continue
        name = str(unit.fold("@" + tokens[a + 1].text, False))
        unit.routine.parameters.append(name)
        options = [t.text.upper() for t in tokens[a + 3 : b]]  # behind @, the name and the first word of the type
        if "READONLY" in options:
            declare_of_type(unit, tokens, a)
        elif "OUTPUT" in options or "OUT" in options:
            unit.routine.outputs.append(name)


def read_alter(unit: Unit, tokens: list[Token]) -> Said:
    """``ALTER SCHEMA``; what else is altered is read as everybody's."""
    if len(tokens) > 1 and tokens[1].text.upper() == "SCHEMA":
        return _transfer(unit, tokens)
    return read_create_statement(unit, tokens, "ALTER")


def _transfer(unit: Unit, tokens: list[Token]) -> Written | None:
    """``ALTER SCHEMA s TRANSFER [OBJECT::] other.t``: it is s.t from here on
    (https://learn.microsoft.com/en-us/sql/t-sql/statements/alter-schema-transact-sql)."""
    schema, i = read_name(tokens, 2)
    if len(schema) != 1 or i >= len(tokens) or tokens[i].text.upper() != "TRANSFER":
        return None
    if i + 2 < len(tokens) and tokens[i + 2].token_type is T.DCOLON:
        if tokens[i + 1].text.upper() != "OBJECT":
            return None
        i += 2
    parts, _ = read_name(tokens, i + 1)
    if not parts:
        return None
    old = unit.full(parts)
    return rename_dataset(unit, tokens, old, (*old[:-2], unit.part(schema[0]), old[-1]))
