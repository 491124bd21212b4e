"""OUTPUT and RETURNING: what a data statement gives of the rows that it wrote."""

from __future__ import annotations

from typing import Final, NamedTuple

from sqlglot.tokens import Token

from ray_lineage.compile.sql.lex.kinds import T
from ray_lineage.compile.sql.lex.scan import at_top_level, closing, list_items, read_name
from ray_lineage.compile.sql.lex.tokens import start_line
from ray_lineage.compile.sql.query.scope import Scope
from ray_lineage.compile.sql.query.select_list import outputs_of
from ray_lineage.compile.sql.statements.select import write_result
from ray_lineage.compile.sql.statements.variables import store
from ray_lineage.compile.sql.unit import Unit, Written
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
        at = next(iter(at_top_level(tokens, 0, T.RETURNING)), -1)
        if at < 0:
            return tokens, clauses
        end, depth = len(tokens), 0
        for i in range(at + 1, len(tokens)):
            kind = tokens[i].token_type
            if kind is T.L_PAREN:
                depth += 1
            elif kind is T.R_PAREN:
                depth -= 1
            elif depth == 0 and (tokens[i].text.upper() in ends or kind is T.RETURNING or kind is T.OPTION):
                end = i
                break
        body = tokens[at + 1 : end]
        into = next(iter(at_top_level(body, 0, T.INTO)), -1)
        clauses.append(OutputClause(body[:into], body[into + 1 :]) if into >= 0 else OutputClause(body, []))
        tokens = [*tokens[:at], *tokens[end:]]
    return tokens, clauses


_OUTPUT_ENDS: Final = {
    "INSERT": frozenset({"VALUES", "SELECT", "WITH", "EXEC", "EXECUTE", "DEFAULT"}),
    "UPDATE": frozenset({"FROM", "WHERE"}),
    "DELETE": frozenset({"FROM", "WHERE"}),
    "MERGE": frozenset({"OUTPUT"}),
}


def take_returning(tokens: list[Token]) -> tuple[list[Token], list[OutputClause]]:
    """Cut ``RETURNING items INTO variables`` out of a data statement in a procedure."""
    depth = 0
    at = into = -1
    for i, token in enumerate(tokens):
        kind = token.token_type
        if kind is T.L_PAREN:
            depth += 1
        elif kind is T.R_PAREN:
            depth -= 1
        elif depth == 0 and (kind is T.RETURNING or token.text.upper() == "RETURN"):
            at = i
        elif depth == 0 and (kind is T.INTO or kind is T.BULK_COLLECT_INTO) and 0 <= at < i - 1:
            into = i
    if into < 0:
        return tokens, []
    return tokens[:at], [OutputClause(tokens[at + 1 : into], tokens[into + 1 :])]


def write_output(unit: Unit, clause: OutputClause, said: Written, tokens: list[Token]) -> None:
    """``OUTPUT inserted.a, s.b INTO log (x, y)``: a second dataset written by the same statement. Without INTO it is the
    result of the statement."""
    target, at = read_name(clause.into, 0)
    if not clause.items:
        return
    columns: list[str] = []
    if at < len(clause.into) and clause.into[at].token_type is T.L_PAREN:
        columns = [unit.part(clause.into[a]) for a, _ in list_items(clause.into, at + 1, closing(clause.into, at))]
    first = clause.items[0]
    select = Token(T.SELECT, "SELECT", first.line, first.col, first.start, first.start)
    tree = unit.parse([select, *clause.items], "SELECT")
    builder, outer = said.builder or unit.builder(), said.scope
    table = builder.add(TableRef(said.target, start_line(tokens[0])))
    index = builder.reserve()
    inner = Scope(index, outer, {})
    inner.aliases.update({"inserted": table, "deleted": table})
    subqueries: list[int] = []
    outputs = outputs_of(builder, tree.expressions, inner, [table], subqueries)
    sources = (table,)
    builder.relations[index] = Select(sources, outputs, (), outer.index if outer else -1, subqueries=tuple(subqueries))
    if not target:
        write_result(unit, tokens, builder, index, kind=StatementKind.OUTPUT)
        return
    name = unit.full(target)
    unit.write(tokens, StatementKind.OUTPUT_INTO, builder, root=index, target=name, columns=tuple(columns),
              effect=Effect.MAKES if local_kind(name) is Local.OUTPUT else Effect.CHANGES)  # fmt: skip


def returning_into(unit: Unit, clause: OutputClause, said: Written, tokens: list[Token]) -> None:
    """``RETURNING a, b INTO v, w``: columns of the written table."""
    first = clause.items[0]
    select = Token(T.SELECT, "SELECT", first.line, first.col, first.start, first.start)
    tree = unit.parse([select, *clause.items], "SELECT")
    builder = said.builder or unit.builder()
    table = builder.add(TableRef(said.target, tokens[0].line))
    index = builder.reserve()
    scope = Scope(index, said.scope, {})
    scope.aliases[said.target[-1] if said.target else ""] = table
    subqueries: list[int] = []
    outputs = outputs_of(builder, tree.expressions, scope, [table], subqueries)
    parent = said.scope.index if said.scope else -1
    builder.relations[index] = Select((table,), outputs, (), parent, subqueries=tuple(subqueries))
    targets = [clause.into[a:b] for a, b in list_items(clause.into, 0, len(clause.into))]
    store(unit, tokens, builder, targets, index)
