"""OUTPUT and RETURNING: what a data statement gives of the rows that it wrote."""

from __future__ import annotations

from typing import Final, NamedTuple

from sqlglot.tokens import Token

from ray_lineage.compile.sql.lex.kinds import T
from ray_lineage.compile.sql.lex.scan import at_top_level, closing, list_items, outermost, read_name
from ray_lineage.compile.sql.lex.tokens import start_line
from ray_lineage.compile.sql.query.arena import Builder
from ray_lineage.compile.sql.query.scope import Scope
from ray_lineage.compile.sql.query.select_list import outputs_of
from ray_lineage.compile.sql.statements.select import result
from ray_lineage.compile.sql.statements.variables import store
from ray_lineage.compile.sql.unit import Said, Unit, Written
from ray_lineage.model import Effect, Local, Select, StatementKind, TableRef, local_kind


class OutputClause(NamedTuple):
    """``OUTPUT items INTO target``: tokens of the items and of what follows INTO."""

    items: list[Token]
    into: list[Token]


def take_outputs(tokens: list[Token], verb: str) -> tuple[list[Token], list[OutputClause]]:
    """Cut the OUTPUT clauses out of a T-SQL data statement: the grammar takes some for aliases."""
    clauses: list[OutputClause] = []
    ends = _OUTPUT_ENDS.get(verb, frozenset())
    while T.RETURNING in [t.token_type for t in tokens]:
        at = next((i for i in at_top_level(tokens, 0, T.RETURNING) if _begins_a_clause(tokens, i)), -1)
        if at < 0:
            return tokens, clauses
        stops = (T.RETURNING, T.OPTION)
        end = next(
            (
                i
                for i, t in outermost(tokens, at + 1)
                if tokens[i - 1].token_type not in _MARKS  # @from
                and (t.text.upper() in ends or t.token_type in stops)
            ),
            len(tokens),
        )
        body = tokens[at + 1 : end]
        into = next(iter(at_top_level(body, 0, T.INTO)), -1)
        clauses.append(OutputClause(body[:into], body[into + 1 :]) if into >= 0 else OutputClause(body, []))
        tokens = [*tokens[:at], *tokens[end:]]
    return tokens, clauses


def _begins_a_clause(tokens: list[Token], i: int) -> bool:
    """Is it the clause, and not a name? The word is no reserved one."""
    before = tokens[i - 1].token_type
    after = tokens[i + 1].token_type if i + 1 < len(tokens) else T.COMMA
    return before not in _BEFORE_NAMES and after not in _AFTER_NAMES


_BEFORE_NAMES: Final = frozenset(
    {T.DOT, T.ALIAS, T.COMMA, T.SELECT, T.FROM, T.JOIN, T.INTO, T.UPDATE, T.SET, T.WHERE, T.AND, T.OR, T.ON, T.EQ, T.PLUS, T.DASH}
)  # fmt: skip
_AFTER_NAMES: Final = frozenset(
    {T.DOT, T.COMMA, T.EQ, T.ON, T.WHERE, T.FROM, T.JOIN, T.INNER, T.LEFT, T.RIGHT, T.FULL, T.CROSS, T.OUTER, T.SET, T.USING,
     T.ALIAS, T.R_PAREN, T.GROUP_BY, T.ORDER_BY}
)  # fmt: skip
_MARKS: Final = frozenset({T.PARAMETER, T.HASH})
_OUTPUT_ENDS: Final = {
    "INSERT": frozenset({"VALUES", "SELECT", "WITH", "EXEC", "EXECUTE", "DEFAULT"}),
    "UPDATE": frozenset({"FROM", "WHERE"}),
    "DELETE": frozenset({"FROM", "WHERE"}),
    "MERGE": frozenset({"OUTPUT"}),
}


def take_returning(tokens: list[Token]) -> tuple[list[Token], list[OutputClause]]:
    """Cut ``RETURNING items INTO variables`` out of a data statement in a procedure."""
    at = into = -1
    for i, token in outermost(tokens):
        kind = token.token_type
        if kind is T.RETURNING or token.text.upper() == "RETURN":
            at = i
        elif (kind is T.INTO or kind is T.BULK_COLLECT_INTO) and 0 <= at < i - 1:
            into = i
    if into < 0:
        return tokens, []
    return tokens[:at], [OutputClause(tokens[at + 1 : into], tokens[into + 1 :])]


def output_of(unit: Unit, clause: OutputClause, written: Written, tokens: list[Token]) -> Said:
    """``OUTPUT inserted.a, s.b INTO log (x, y)``: a second dataset written by the same statement. Without INTO it is the
    result of the statement."""
    target, at = read_name(clause.into, 0)
    if not clause.items:
        return None
    columns: list[str] = []
    if at < len(clause.into) and clause.into[at].token_type is T.L_PAREN:
        columns = [unit.part(clause.into[a]) for a, _ in list_items(clause.into, at + 1, closing(clause.into, at))]
    first = clause.items[0]
    select = Token(T.SELECT, "SELECT", first.line, first.col, first.start, first.start)
    tree = unit.parse([select, *clause.items], "SELECT")
    builder, outer = _around(unit, written), written.scope
    table = builder.add(TableRef(written.target, start_line(tokens[0])))
    index = builder.reserve()
    inner = Scope(index, outer, {})
    inner.aliases.update({"inserted": table, "deleted": table})
    subqueries: list[int] = []
    outputs = outputs_of(builder, tree.expressions, inner, [table], subqueries)
    sources = (table,)
    builder.relations[index] = Select(sources, outputs, (), outer.index if outer else -1, subqueries=tuple(subqueries))
    if not target:
        return result(unit, tokens, builder, index, kind=StatementKind.OUTPUT)
    name = unit.full(target)
    return Written(tokens, StatementKind.OUTPUT_INTO, builder, root=index, target=name, columns=tuple(columns),
                   effect=Effect.MAKES if local_kind(name) is Local.OUTPUT else Effect.CHANGES)  # fmt: skip


def returning_into(unit: Unit, clause: OutputClause, written: Written, tokens: list[Token]) -> list[Written]:
    """``RETURNING a, b INTO v, w``: columns of the written table."""
    first = clause.items[0]
    select = Token(T.SELECT, "SELECT", first.line, first.col, first.start, first.start)
    tree = unit.parse([select, *_without_rows(clause.items)], "SELECT")
    builder = _around(unit, written)
    table = builder.add(TableRef(written.target, tokens[0].line))
    index = builder.reserve()
    scope = Scope(index, written.scope, {})
    scope.aliases[written.target[-1] if written.target else ""] = table
    scope.aliases.update(dict.fromkeys(unit.engine.returned_rows, table))
    subqueries: list[int] = []
    outputs = outputs_of(builder, tree.expressions, scope, [table], subqueries)
    parent = written.scope.index if written.scope else -1
    builder.relations[index] = Select((table,), outputs, (), parent, subqueries=tuple(subqueries))
    targets = [clause.into[a:b] for a, b in list_items(clause.into, 0, len(clause.into))]
    return store(unit, tokens, builder, targets, index)


def _around(unit: Unit, written: Written) -> Builder:
    """Where what it gives is looked for: among the relations of what was written, if it sees any of them."""
    return written.builder if written.builder is not None and written.scope is not None else unit.builder()


def _without_rows(items: list[Token]) -> list[Token]:
    """``OLD a, NEW a`` of Oracle -> ``a, a``."""
    last = len(items) - 1
    return [
        t
        for i, t in enumerate(items)
        if not (t.text.upper() in ("OLD", "NEW") and i < last and items[i + 1].token_type in (T.VAR, T.IDENTIFIER))
    ]
