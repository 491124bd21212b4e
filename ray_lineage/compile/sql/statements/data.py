"""What INSERT, UPDATE, DELETE, MERGE and queries have in common: special forms, parsing, data-modifying CTEs."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Final

from sqlglot import exp
from sqlglot.expressions import Expression
from sqlglot.tokens import Token

from ray_lineage.compile.sql.lex.kinds import T
from ray_lineage.compile.sql.lex.scan import closing, outermost
from ray_lineage.compile.sql.statements.delete import lower_delete
from ray_lineage.compile.sql.statements.execute import insert_exec
from ray_lineage.compile.sql.statements.export import into_outfile
from ray_lineage.compile.sql.statements.insert import (
    first_rows,
    insert_format,
    insert_row,
    lower_insert,
    lower_multitable,
    multi_insert,
    plain_columns,
)
from ray_lineage.compile.sql.statements.merge import lower_merge
from ray_lineage.compile.sql.statements.output import (
    OutputClause,
    output_of,
    returning_into,
    take_outputs,
    take_returning,
)
from ray_lineage.compile.sql.statements.select import lower_select
from ray_lineage.compile.sql.statements.update import is_statistics, lower_update, update_of_a_query
from ray_lineage.compile.sql.statements.variables import select_into_variables
from ray_lineage.compile.sql.unit import Said, Unit, Written, each
from ray_lineage.model import Local, StatementKind

QUERIES: Final = frozenset({"SELECT", "WITH", "(", "FROM", "VALUES", "TABLE", "PIVOT", "UNPIVOT"})
DATA: Final = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE"})


Tokens = Generator[Written, None, list[Token]]
"""Tokens of a statement, and what was written before it."""


def read_data(unit: Unit, tokens: list[Token], verb: str, output: Token | None = None) -> Iterator[Written]:
    """A query, or a statement that writes rows; ``output`` is the temporary table that takes what it puts out."""
    if verb == "INSERT":
        executed = insert_exec(unit, tokens)
        if executed is not None:
            yield from each(executed)
            return
        tokens = yield from _readable_insert(unit, tokens)
    elif verb == "REPLACE":
        tokens = plain_columns(tokens)
    in_scope = bool(unit.routine.variables()) or not unit.routine.is_script  # variables may be
    returned: list[OutputClause] = []
    if verb in DATA and in_scope and not unit.engine.output_clause:
        tokens, returned = take_returning(tokens)
    for reads in _special_forms(unit, verb, in_scope):
        said = reads(unit, tokens)
        if said is not None:
            yield from each(said)
            return
    yield from _parsed(unit, tokens, verb, returned, output)


def _parsed(
    unit: Unit, tokens: list[Token], verb: str, returned: list[OutputClause], output: Token | None
) -> Iterator[Written]:
    """What the grammar knows."""
    parsed, outputs = take_outputs(tokens, verb) if unit.engine.output_clause and verb not in QUERIES else (tokens, [])
    tree = unit.parse(parsed, verb)
    if tree.args.get("with_") is not None:
        yield from modifying_ctes(unit, tree.args["with_"], tokens)
    lower = _LOWERED.get(type(tree))
    if lower is not None:
        written = None
        for said in each(lower(unit, tree, tokens)):
            yield said
            written = written if said.kind is StatementKind.ASSIGN else said
        if written is not None:
            yield from _given_back(unit, tokens, written, outputs, returned, output)
    elif verb == "PERFORM":
        builder = unit.builder()
        yield Written(tokens, StatementKind.SELECT, builder, root=builder.query(tree))
    elif isinstance(tree, exp.Query | exp.Pivot):
        yield from lower_select(unit, tree, tokens)


def _readable_insert(unit: Unit, tokens: list[Token]) -> Tokens:
    """An INSERT that the grammar knows."""
    tokens = plain_columns(first_rows(tokens))
    if unit.engine.output_clause:
        tokens = yield from inner_statement(unit, tokens)
    if unit.engine.remote_target is not None:
        tokens = unit.engine.remote_target(unit.names, tokens)
    return tokens


def _special_forms(unit: Unit, verb: str, in_scope: bool) -> Iterator[Callable[[Unit, list[Token]], Said]]:
    """Forms that are no tree of the grammar's: each reads its own, and returns None if it is something else."""
    if verb == "UPDATE":
        yield is_statistics
        yield update_of_a_query
    if verb in ("FROM", "WITH"):
        yield multi_insert
    if verb in QUERIES and in_scope and not unit.engine.marked_variables:  # there INTO makes a table
        yield select_into_variables
    if verb == "SELECT" and unit.engine.outfile:
        yield into_outfile
    if verb == "INSERT" and unit.engine.insert_format:
        yield insert_format
    if verb == "INSERT" and unit.routine.rows:
        yield insert_row


def _given_back(
    unit: Unit,
    tokens: list[Token],
    written: Written,
    outputs: list[OutputClause],
    returned: list[OutputClause],
    output: Token | None,
) -> Iterator[Written]:
    """OUTPUT and RETURNING clauses of what was written."""
    for clause in returned:
        yield from returning_into(unit, clause, written, tokens)
    for clause in outputs:
        taken = clause._replace(into=[output]) if output is not None and not clause.into else clause
        yield from each(output_of(unit, taken, written, tokens))


def modifying_ctes(unit: Unit, with_: Expression, tokens: list[Token]) -> Iterator[Written]:
    """Each INSERT, UPDATE or DELETE in a WITH is a statement of its own, which may read the CTEs in front of it."""
    ctes = with_.expressions
    for i, cte in enumerate(ctes):
        handler = _LOWERED.get(type(cte.this))
        if handler is None:
            continue
        body = cte.this
        if i and body.args.get("with_") is None:
            body.args["with_"] = exp.With(expressions=list(ctes[:i]), recursive=with_.args.get("recursive"))
        yield from each(handler(unit, body, tokens))
        body.args.pop("with_", None)


def inner_statement(unit: Unit, tokens: list[Token]) -> Tokens:
    """``INSERT INTO t SELECT ... FROM (MERGE ... OUTPUT ...) AS x``: what the inner statement puts out is a temporary
    table of its own."""
    if _INNER.isdisjoint([t.token_type for t in tokens[3:]]):
        return tokens
    for i in range(3, len(tokens)):
        if tokens[i].token_type not in _INNER or tokens[i - 1].token_type is not T.L_PAREN:
            continue
        if tokens[i - 2].token_type is not T.FROM:
            continue
        end = closing(tokens, i - 1)
        name = Token(
            T.IDENTIFIER, Local.OUTPUT.named(str(i))[0], tokens[i].line, tokens[i].col, tokens[i].start, tokens[i].end
        )
        outer = unit.sink
        unit.sink = None
        try:
            yield from read_data(unit, tokens[i:end], tokens[i].text.upper(), name)
        finally:
            unit.sink = outer
        return [*tokens[: i - 1], name, *tokens[end + 1 :]]
    return tokens


_INNER: Final = frozenset({T.MERGE, T.UPDATE, T.DELETE, T.INSERT})
_LOWERED: Final[dict[type, Callable[..., Said]]] = {
    exp.Insert: lower_insert,
    exp.Update: lower_update,
    exp.Delete: lower_delete,
    exp.Merge: lower_merge,
    exp.MultitableInserts: lower_multitable,
}


def read_perform(unit: Unit, tokens: list[Token]) -> Iterator[Written]:
    """``PERFORM f(a) FROM t`` of PL/pgSQL is a query whose result nobody takes."""
    at = tokens[0]
    return read_data(unit, [Token(T.SELECT, "SELECT", at.line, at.col, at.start, at.end), *tokens[1:]], "PERFORM")


def read_assert(unit: Unit, tokens: list[Token]) -> Iterator[Written]:
    return read_data(unit, tokens[1 : _after_assert(tokens)], "PERFORM")


def _after_assert(tokens: list[Token]) -> int:
    """BigQuery's ``ASSERT condition AS 'message'``: where the condition ends."""
    return len(tokens) - 2 if len(tokens) > 3 and tokens[-2].token_type is T.ALIAS else len(tokens)


def read_scheduled(unit: Unit, tokens: list[Token], word: str) -> None:
    """``SUBMIT TASK ... AS statement`` of StarRocks, ``CREATE JOB ... DO statement`` of Doris."""
    for i, token in outermost(tokens, 0, len(tokens) - 1):
        if token.text.upper() == word and token.token_type is not T.IDENTIFIER:
            rest = tokens[i + 1 :]
            verb = rest[0].text.upper()
            if verb in DATA or verb in QUERIES:
                unit.run(rest, verb)
            elif verb == "CREATE":
                unit.run(rest, "CREATE")
            return
