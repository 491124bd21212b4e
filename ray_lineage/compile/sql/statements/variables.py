"""What variables hold: texts, and values of queries by position, by name or as whole rows."""

from __future__ import annotations

from typing import Final

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.expressions import Expression
from sqlglot.tokens import Token

from ray_lineage.compile.sql.constants import text_of
from ray_lineage.compile.sql.lex.kinds import T
from ray_lineage.compile.sql.lex.scan import at_top_level, closing, list_items, outermost, read_name
from ray_lineage.compile.sql.query.arena import Builder
from ray_lineage.compile.sql.query.expressions import collect
from ray_lineage.compile.sql.query.scope import IDENTITY, Collected, Scope
from ray_lineage.compile.sql.routine import Shape
from ray_lineage.compile.sql.statements.records import make_record, record_of, row_of
from ray_lineage.compile.sql.unit import Said, Unit, Written
from ray_lineage.model import (
    STAR,
    VARIABLES,
    Alias,
    Assignment,
    Effect,
    Local,
    Name,
    Output,
    Ref,
    Select,
    StatementKind,
    TableRef,
)


def assign(unit: Unit, name: str, value: list[Token], *, sure: bool = True) -> Said:
    """``name = expression``. Remembers texts for dynamic SQL; a query or another variable in it gives lineage, and anything
    else takes away what the variable had. ``sure``: it is all that the variable holds from here on."""
    if not value:
        return None
    if unit.runs_texts:
        found = dict.fromkeys(text_of(value, known) for known in unit.routine.known_texts(value, unit.path))
        unit.routine.texts.assign(name.lower(), unit.path, tuple(found))
    if not may_carry(unit, name, value):
        return forget(unit, name, value) if sure else None
    first = value[0]
    try:
        tree = expression(unit, value)
    except SqlglotError:
        return None  # EXEC-like right sides, method calls: no query that could be lost
    builder = unit.builder()
    if tree.args.get("from_") is not None:
        target = Token(T.VAR, name, first.line, first.col, first.start, first.start)
        return store(unit, value, builder, [[target]], builder.query(tree), sure=sure)
    index = builder.reserve()
    scope = Scope(index, None, {})
    collected = Collected()
    for item in tree.expressions:
        collect(builder, item, scope, IDENTITY, collected)
    builder.relations[index] = Select((), (), subqueries=tuple(collected.subqueries))
    return set_found(unit, value, builder, [(name, collected)], scope, collected.subqueries, sure=sure)


def expression(unit: Unit, value: list[Token]) -> Expression:
    """The tree of ``SELECT value``. An element of an element, ``rows(i)(j)``, is read as one of the outer collection."""
    kept: list[Token] = []
    i = 0
    while i < len(value):
        if value[i].token_type is T.L_PAREN and kept and kept[-1].token_type is T.R_PAREN:
            i = closing(value, i) + 1
            continue
        kept.append(value[i])
        i += 1
    first = value[0]
    return unit.parse([Token(T.SELECT, "SELECT", first.line, first.col, first.start, first.start), *kept], "SELECT")


def knows(unit: Unit, name: str) -> bool:
    """Is it a variable that was assigned here?"""
    return unit.routine.texts.knows(name) or unit.fold(name, False) in unit.routine.carriers


def forget(unit: Unit, name: str, tokens: list[Token]) -> Written | None:
    """The variable holds nothing any more that came from a column."""
    variable = variable_name(unit, name)
    if variable not in unit.routine.carriers:
        return None
    return Written(tokens, StatementKind.ASSIGN, assignments=(Assignment(variable, ()),), effect=Effect.SETS)


def may_carry(unit: Unit, name: str, value: list[Token]) -> bool:
    """Is there a query in it, or a variable that got its value from one (in a loop: that may yet get it)?"""
    carriers, rows = unit.routine.seen_carriers(), unit.routine.rows
    in_trigger = unit.routine.table
    may_get = unit.in_loop
    others = unit.routine.variables() - {unit.fold(name, False)} if may_get and not unit.engine.marked_variables else ()
    if unit.engine.plpgsql and next(iter(at_top_level(value, 0, T.FROM)), -1) > 0:
        return True  # v := a FROM t: an expression is what SELECT gives of it (PostgreSQL's and Redshift's manuals of PL/pgSQL)
    for i, token in enumerate(value):
        if token.token_type is T.SELECT:
            return True
        if rows and unit.fold(token.text, False) in rows:
            return True
        if in_trigger and token.text.upper() in ("NEW", "OLD"):
            return True
        if carriers and variable_name(unit, token.text) in carriers:
            return True
        if may_get and i and value[i - 1].token_type is T.PARAMETER and token.text.lower() != name[1:].lower():
            return True
        if others and unit.fold(token.text, False) in others:
            return True
    return False


def note_carriers(unit: Unit, assignments: tuple[Assignment, ...]) -> None:
    """These variables have values of queries from here on."""
    unit.routine.carriers.update(a.column for a in assignments)


def set_found(
    unit: Unit,
    tokens: list[Token],
    builder: Builder,
    found: list[tuple[str, Collected]],
    scope: Scope,
    subqueries: list[int],
    *,
    sure: bool,
) -> Written | None:
    """``sure``: the assignments take place in any case, also where a query has no rows."""
    carriers = unit.routine.carriers
    named = [(variable_name(unit, name), v) for name, v in found]
    assignments = tuple(
        Assignment(name, tuple(v.refs.values()), v.line) for name, v in named if v.refs or (sure and name in carriers)
    )
    if not assignments and not subqueries:
        return None
    note_carriers(unit, assignments)
    return Written(
        tokens, StatementKind.ASSIGN, builder, assignments=assignments, scope=scope, subqueries=subqueries,
        effect=Effect.SETS if sure else Effect.CHANGES,
    )  # fmt: skip


def variable_name(unit: Unit, name: str) -> str:
    """``@name``, whether it is written with the mark or without."""
    return str(unit.fold(name if name.startswith(Local.VARIABLE) else Local.VARIABLE.marked(name), False))


def store(
    unit: Unit, tokens: list[Token], builder: Builder, targets: list[list[Token]], root: int, *, sure: bool = False
) -> list[Written]:
    """What a query gives goes into variables by position; a record takes its whole row. ``sure``: nothing of what they held is
    left, also where the query has no row."""
    line = tokens[0].line
    effect = Effect.SETS if sure else Effect.CHANGES
    names: list[tuple[Name, str]] = []
    for target in targets:
        target = target[1:] if target and target[0].token_type is T.COLON else target
        parts, _ = read_name(target, 0)
        if len(parts) == 2:
            names.append((record_of(unit, parts[0]), unit.part(parts[1])))
        else:
            names.append((VARIABLES, variable_name(unit, unit.part(parts[0]))) if parts else ((), ""))
    only = targets[0][-1] if len(targets) == 1 and names[0][0] == VARIABLES else None
    if only is not None and (unit.part(only) in unit.routine.records or _gives_a_row(builder, root)):
        record = unit.part(only)
        if record not in unit.routine.records:
            make_record(unit, only, unit.routine.shapes.get(record, Shape()))
        output = Output(None, (Ref(root, len(builder.relations), STAR, IDENTITY, line),), line, star=True)
        whole = builder.add(Select((root,), (output,)))
        row = unit.routine.rows[record]
        return [Written(tokens, StatementKind.ASSIGN_ROW, builder, root=whole, target=row, effect=effect)]
    positions = tuple(f"c{n}" for n in range(len(names)))
    alias = builder.add(Alias(root, positions))
    written: dict[Name, list[Assignment]] = {}
    for (target_name, name), position in zip(names, positions, strict=True):
        if target_name:
            assigned = Assignment(name, (Ref(alias, -1, position, IDENTITY, line),), line)
            written.setdefault(target_name, []).append(assigned)
    out: list[Written] = []
    for target_name, assignments in written.items():
        kind, named = StatementKind.ASSIGN_ROW, target_name
        if target_name == VARIABLES:
            kind, named = StatementKind.ASSIGN, ()
            note_carriers(unit, tuple(assignments))
        given = tuple(assignments)
        out.append(Written(tokens, kind, builder, target=named, assignments=given, subqueries=[alias], effect=effect))
    return out


def _gives_a_row(builder: Builder, root: int) -> bool:
    relation = builder.relations[root]
    return isinstance(relation, Select) and (len(relation.outputs) > 1 or any(o.star for o in relation.outputs))


def copied_row(unit: Unit, tokens: list[Token], name: Token, value: list[Token], *, sure: bool) -> Said:
    """``r := s``, ``r := rows(i)`` of records: by position. None if it is something else."""
    source = row_of(unit, value[0]) if value else ()
    whole = len(value) == 1 or (
        len(value) > 2 and value[1].token_type is T.L_PAREN and closing(value, 1) == len(value) - 1
    )
    if not source or not whole or unit.part(name) not in unit.routine.records:
        return None
    builder = unit.builder()
    return store(unit, tokens, builder, [[name]], builder.add(TableRef(source, tokens[0].line)), sure=sure)


def selected(unit: Unit, tokens: list[Token], builder: Builder, root: int, *, sure: bool) -> Written | None:
    """``SELECT @v = a, @w = b FROM t``: the query is ``root`` of ``builder``, and ``sure`` to have a row."""
    if unit.engine.items_assign and unit.runs_texts:
        _selected_texts(unit, tokens, sure=sure)
    return set_found(unit, tokens, builder, builder.assigned, Scope(root, None, {}), [root], sure=sure)


def _selected_texts(unit: Unit, tokens: list[Token], *, sure: bool) -> None:
    """Texts that ``SELECT @v = 'a' + b, @w += 'c'`` puts together, where it may have no row besides what they were."""
    start, end = -1, len(tokens)
    for i, token in outermost(tokens):
        kind = token.token_type
        if kind is T.SELECT and start < 0:
            start = i + 1
        elif start >= 0 and kind in _AFTER_LIST:
            end = i
            break
    texts = unit.routine.texts
    for a, b in list_items(tokens, max(start, 0), end):
        while a < b and tokens[a].token_type is not T.PARAMETER:  # TOP (1), DISTINCT
            a += 1
        at = a + 2
        if b - a < 4 or not (tokens[at].token_type is T.EQ or tokens[at + 1].token_type is T.EQ):
            continue
        adds = tokens[at].token_type is T.PLUS
        value = [*tokens[a:at], tokens[at], *tokens[at + 2 : b]] if adds else tokens[at + 1 : b]
        before = texts.variants([*value, *tokens[a:at]], unit.path)
        found = dict.fromkeys(text_of(value, known) for known in before)
        name = "@" + tokens[a + 1].text.lower()
        if not sure:  # without a row it is what it was, which is no news if it was run already
            held = (known[name] for known in before if name in known)
            found.update((text, None) for text in held if text.text not in unit.routine.texts_run)
        texts.assign(name, unit.path, tuple(found))


_AFTER_LIST: Final = frozenset({T.FROM, T.WHERE, T.GROUP_BY, T.HAVING, T.ORDER_BY, T.OPTION, T.UNION})


def select_into_variables(unit: Unit, tokens: list[Token]) -> Said:
    """``SELECT a, b INTO v, w FROM t`` where v and w are variables. None if it is something else."""
    at = next((i for i, token in outermost(tokens) if token.token_type in INTOS), -1)
    if at < 0:
        return None
    targets, i = _targets(unit, tokens, at + 1)
    if not targets:
        return None
    tree = unit.parse([*tokens[:at], *tokens[i:]], "SELECT")
    builder = unit.builder()
    whole = not any(t.token_type in ELEMENTS for t in tokens[at:i])
    sure = whole and (unit.engine.into_sets or tokens[at].token_type is T.BULK_COLLECT_INTO or has_a_row(tree))
    return store(unit, tokens, builder, targets, builder.query(tree), sure=sure)


def has_a_row(tree: Expression) -> bool:
    """Does a SELECT have a row in any case? Without FROM, and where it only aggregates."""
    if not isinstance(tree, exp.Select):
        return False
    args = tree.args
    if any(args.get(key) is not None for key in ("where", "having", "group")):
        return args.get("from_") is not None and not args.get("group") and not args.get("having") and _aggregates(tree)
    return args.get("from_") is None or _aggregates(tree)


def _aggregates(tree: exp.Select) -> bool:
    for item in tree.expressions:
        for node in item.walk(prune=lambda n: isinstance(n, exp.Query | exp.Window)):
            if isinstance(node, exp.AggFunc):
                return True
    return False


def _targets(unit: Unit, tokens: list[Token], i: int) -> tuple[list[list[Token]], int]:
    """The variables after INTO, and where they end; none if one of them is no variable."""
    targets: list[list[Token]] = []
    if i < len(tokens) and tokens[i].text.upper() == "STRICT":
        i += 1
    while i < len(tokens):
        start = i
        if tokens[i].token_type is T.COLON:
            i += 1
        parts, i = read_name(tokens, i)
        name = unit.part(parts[0]) if parts else ""
        if not name or not (
            name in unit.routine.variables()
            or name in unit.routine.returned_columns
            or name in unit.routine.records
            or name in unit.routine.rows
            or name.startswith("@")
            or tokens[start].token_type is T.COLON
            or (len(parts) > 1 and record_of(unit, parts[0]))
        ):
            return [], i
        targets.append(tokens[start:i])
        if i < len(tokens) and tokens[i].token_type is T.L_PAREN:
            i = closing(tokens, i) + 1
        if i < len(tokens) and tokens[i].token_type is T.COMMA:
            i += 1
            continue
        break
    return targets, i


ELEMENTS: Final = frozenset({T.L_PAREN, T.L_BRACKET})
"""Behind a variable's name: an element of a collection, beside which the others stay."""

INTOS: Final = frozenset({T.INTO, T.BULK_COLLECT_INTO})
