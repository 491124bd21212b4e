"""SET, ``:=`` and the lines of a DECLARE section."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot.tokens import Token

from ray_lineage.compile.sql.lex.columns import read_columns
from ray_lineage.compile.sql.lex.kinds import T
from ray_lineage.compile.sql.lex.scan import closing, list_items, read_name
from ray_lineage.compile.sql.query.expressions import collect
from ray_lineage.compile.sql.query.scope import IDENTITY, Collected, Scope
from ray_lineage.compile.sql.routine import Shape
from ray_lineage.compile.sql.statements.call import call_of_a_package
from ray_lineage.compile.sql.statements.create_routine import declare_parameters
from ray_lineage.compile.sql.statements.cursor import cursor_of, declare_cursor
from ray_lineage.compile.sql.statements.declare import declare_variables
from ray_lineage.compile.sql.statements.execute import execute, take_silent_outputs
from ray_lineage.compile.sql.statements.lifetimes import declare_name
from ray_lineage.compile.sql.statements.records import declare_variable, is_record, record_of, shape_of
from ray_lineage.compile.sql.statements.variables import ELEMENTS, assign, copied_row, expression, may_carry, store
from ray_lineage.compile.sql.unit import Said, Unit, Written, each
from ray_lineage.model import Assignment, Effect, Local, Select, StatementKind


def read_set(unit: Unit, tokens: list[Token]) -> Said:
    words = [t.text.upper() for t in tokens[1:4]]
    if words[:1] == ["SEARCH_PATH"] and len(tokens) > 3:
        unit.names.schema = unit.fold(tokens[3].text, tokens[3].token_type is T.IDENTIFIER)
    elif words[:1] == ["SCHEMA"] and len(tokens) > 2:
        at = 3 if tokens[2].token_type is T.EQ and len(tokens) > 3 else 2
        unit.names.schema = unit.fold(tokens[at].text.strip("'"), tokens[at].token_type is T.IDENTIFIER)
    elif words[:1] == ["CATALOG"] and len(tokens) > 2:
        unit.names.use_catalog(unit.fold(tokens[2].text, tokens[2].token_type is T.IDENTIFIER))
    elif words[:1] and tokens[1].text != "@@":
        return set_variable(unit, tokens)
    return None


def set_variable(unit: Unit, tokens: list[Token]) -> Said:
    """``SET @v = expression``, ``SET @v += expression``, ``SET v = expression``, ``v := expression``."""
    i = 1 if tokens[0].token_type is T.SET else 0
    if i < len(tokens) and tokens[i].text.upper() in ("VAR", "VARIABLE"):
        i += 1
    if i < len(tokens) and tokens[i].token_type is T.L_PAREN:
        return _set_row(unit, tokens, i)
    if i < len(tokens) and tokens[i].token_type is T.COLON:
        i += 1
    parts, at = read_name(tokens, i)
    whole = at >= len(tokens) or tokens[at].token_type not in ELEMENTS
    if not whole and tokens[at].token_type is T.L_PAREN:
        at = closing(tokens, at) + 1
        if at + 1 < len(tokens) and tokens[at].token_type is T.DOT:
            parts, at = [*parts, tokens[at + 1]], at + 2
    if len(parts) == 2 and at < len(tokens) and tokens[at].token_type in (T.EQ, T.COLON_EQ):
        return _set_field(unit, tokens, parts, tokens[at + 1 :], Effect.SETS if whole else Effect.CHANGES)
    if len(parts) != 1 or at >= len(tokens):
        return None
    name = parts[0].text
    plus: list[Token] = []
    if tokens[at].token_type is T.PLUS:
        plus = [*tokens[i:at], tokens[at]]
        at += 1
    if at >= len(tokens) or tokens[at].token_type not in (T.EQ, T.COLON_EQ):
        return None
    if unit.engine.session_variables and tokens[0].token_type is T.SET:  # a session variable
        declare_name(unit, "$" + unit.fold(name, False))
    elif not name.startswith("@") and unit.fold(name, False) not in unit.routine.variables():
        return None
    if unit.fold(name, False) in unit.routine.resultsets:
        said = holds_rows(unit, parts[0], tokens[at + 1 :], tokens)
        if said is not None:
            return said
    if at + 1 < len(tokens) and tokens[at + 1].text.upper() == "CURSOR":
        query = next((k for k in range(at, len(tokens)) if tokens[k].token_type in (T.SELECT, T.WITH)), -1)
        return declare_cursor(unit, tokens[i + 1], tokens[query:], tokens) if query > 0 else None
    copied = copied_row(unit, tokens, parts[0], tokens[at + 1 :], sure=whole)
    return copied if copied is not None else assign(unit, name, [*plus, *tokens[at + 1 :]], sure=whole)


def holds_rows(unit: Unit, name: Token, value: list[Token], tokens: list[Token]) -> Said:
    """``res := (SELECT ...)`` and ``res := (EXECUTE IMMEDIATE ...)`` of a RESULTSET: it is a cursor. None if it is something
    else."""
    while len(value) > 2 and value[0].token_type is T.L_PAREN and closing(value, 0) == len(value) - 1:
        value = value[1:-1]
    if value and value[0].token_type in (T.SELECT, T.WITH):
        return declare_cursor(unit, name, value, tokens)
    if value and value[0].text.upper() == "EXECUTE":
        return execute(unit, value, (Local.CURSOR.named(unit.part(name)), ()))
    return None


def _set_row(unit: Unit, tokens: list[Token], i: int) -> Iterator[Written]:
    """``SET (a, b) = (SELECT x, y ...)``: by position."""
    end = closing(tokens, i)
    value = tokens[end + 2 :]
    names = list_items(tokens, i + 1, end)
    if len(value) > 2 and value[0].token_type is T.L_PAREN and value[1].token_type not in (T.SELECT, T.WITH):
        given = list_items(value, 1, closing(value, 0))
        if len(given) == len(names):  # else it is one query, in more parentheses
            for (at, _), (a, b) in zip(names, given, strict=True):
                yield from each(assign(unit, tokens[at].text, value[a:b]))
            return
    if end + 2 >= len(tokens) or tokens[end + 1].token_type is not T.EQ or not may_carry(unit, "", value):
        return
    while len(value) > 2 and value[0].token_type is T.L_PAREN and closing(value, 0) == len(value) - 1:
        value = value[1:-1]
    if value[0].token_type not in (T.SELECT, T.WITH):
        return
    targets = [tokens[a:b] for a, b in names]
    builder = unit.builder()
    if [t.text.upper() for t in value[1:3]] == ["AS", "STRUCT"]:
        value = [value[0], *value[3:]]
    yield from store(unit, tokens, builder, targets, builder.query(unit.parse(value, "SELECT")), sure=True)


def _set_field(
    unit: Unit, tokens: list[Token], parts: list[Token], value: list[Token], effect: Effect
) -> Written | None:
    """``r.a := expression`` of a record, ``NEW.a := expression`` in a trigger: the latter writes the trigger's table."""
    target = record_of(unit, parts[0])
    if not target or not value:
        return None
    tree = expression(unit, value)
    builder = unit.builder()
    index = builder.reserve()
    scope = Scope(index, None, {})
    found = Collected()
    for item in tree.expressions:
        collect(builder, item, scope, IDENTITY, found)
    builder.relations[index] = Select((), (), subqueries=tuple(found.subqueries))
    if not found.refs and (effect is not Effect.SETS or not target or target[0] not in unit.routine.held):
        return None
    assignments = (Assignment(unit.part(parts[1]), tuple(found.refs.values()), found.line),)
    return Written(
        tokens, StatementKind.ASSIGN_ROW, builder, target=target, assignments=assignments, scope=scope,
        subqueries=found.subqueries, effect=effect,
    )  # fmt: skip


def declare_or_assign(unit: Unit, tokens: list[Token]) -> Said:
    """``v := expression`` or, in a DECLARE section, ``v type [:= expression]``, ``CURSOR c IS SELECT ...``."""
    words = [t.text.upper() for t in tokens[:4]]
    if words[0] in ("LET", "VARIABLE", "VAR") and len(tokens) > 2:
        tokens, words = tokens[1:], [t.text.upper() for t in tokens[1:5]]
    at = next((i for i, w in enumerate(words[1:], 1) if w == "CURSOR"), -1)
    if at > 0 and (at == 1 or words[at - 1] == "SCROLL"):  # c [NO SCROLL] CURSOR [(parameters)] FOR query
        at += 1
        if at < len(tokens) and tokens[at].token_type is T.L_PAREN:
            declare_parameters(unit, tokens, at)
            at = closing(tokens, at) + 1
        query = tokens[at + 1 :]
        if len(query) == 1:
            return cursor_of(unit, tokens[0], query[0], tokens)
        if query and query[0].token_type in (T.SELECT, T.WITH, T.L_PAREN):
            return declare_cursor(unit, tokens[0], query, tokens)
        return None
    if words[0] == "TYPE" and len(tokens) > 3:  # TYPE r IS RECORD (...), TYPE rs IS TABLE OF t%ROWTYPE
        _declare_type(unit, tokens)
        return None
    if words[0] == "CURSOR" and len(tokens) > 3:
        at = next((i for i, t in enumerate(tokens) if t.token_type is T.SELECT or t.token_type is T.WITH), -1)
        if at > 0:
            declare_parameters(unit, tokens, 2)
            return declare_cursor(unit, tokens[1], tokens[at:], tokens)
        return None
    if any(t.token_type is T.COLON_EQ for t in tokens[1:9]) and not _is_declaration(tokens):
        if tokens[1].token_type is T.COLON_EQ:
            declare_name(unit, unit.part(tokens[0]))
        return set_variable(unit, tokens)
    if unit.engine.plpgsql and tokens[1].token_type is T.EQ:  # of PL/pgSQL, Redshift's too, as well as :=
        return set_variable(unit, tokens)
    if tokens[0].token_type is T.VAR and _is_declaration(tokens):
        return _declare_one(unit, tokens)
    if tokens[1].token_type is T.COMMA:  # DECLARE a, b int
        return declare_variables(unit, [tokens[0], *tokens])
    if not unit.routine.is_script:
        call_of_a_package(unit, tokens)
    return take_silent_outputs(unit, tokens) if unit.engine.silent_outputs else None


def _declare_one(unit: Unit, tokens: list[Token]) -> Said:
    """``v type [:= expression]``."""
    declare_variable(unit, tokens[0], tokens[1:])
    at = next(
        (i for i, t in enumerate(tokens) if t.token_type in (T.COLON_EQ, T.EQ) or t.text.upper() == "DEFAULT"), -1
    )
    if at <= 0:
        return None
    value = tokens[at + 1 :]
    held = holds_rows(unit, tokens[0], value, tokens) if unit.part(tokens[0]) in unit.routine.resultsets else None
    return held if held is not None else assign(unit, tokens[0].text, value)


def _declare_type(unit: Unit, tokens: list[Token]) -> None:
    """``TYPE r IS RECORD (a NUMBER, b DATE)``, ``TYPE rs IS TABLE OF t%ROWTYPE``: types of records, and of collections of them."""
    words = [t.text.upper() for t in tokens[:12]]
    name = unit.part(tokens[1])
    if "RECORD" in words:
        at = words.index("RECORD") + 1
        columns = read_columns(tokens, at + 1, closing(tokens, at))[0] if at < len(tokens) else []
        unit.routine.row_types[name] = Shape(tuple(unit.part(c.name) for c in columns))
        return
    kind = tokens[words.index("OF") + 1 :] if "OF" in words else tokens[3:]
    if is_record(unit, kind):
        unit.routine.row_types[name] = shape_of(unit, kind)


def _is_declaration(tokens: list[Token]) -> bool:
    """``name type [:= value]`` of a DECLARE section."""
    return tokens[0].token_type is not T.COLON and tokens[1].token_type not in (
        T.L_PAREN, T.DOT, T.EQ, T.COLON_EQ, T.COMMA, T.COLON, T.L_BRACKET,
    )  # fmt: skip
