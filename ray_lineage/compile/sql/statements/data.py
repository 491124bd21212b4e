"""What INSERT, UPDATE, DELETE, MERGE and queries have in common: special forms, parsing, data-modifying CTEs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
    returning_into,
    take_outputs,
    take_returning,
    write_output,
)
from ray_lineage.compile.sql.statements.select import lower_select
from ray_lineage.compile.sql.statements.update import is_statistics, lower_update, update_of_a_query
from ray_lineage.compile.sql.statements.variables import select_into_variables
from ray_lineage.compile.sql.unit import Unit, Written
from ray_lineage.model import Local, StatementKind

QUERIES: Final = frozenset({"SELECT", "WITH", "(", "FROM", "VALUES", "TABLE", "PIVOT", "UNPIVOT"})
DATA: Final = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE"})


def read_data(unit: Unit, tokens: list[Token], verb: str, output: Token | None = None) -> None:
    """A query, or a statement that writes rows; ``output`` is the temporary table that takes what it puts out."""
    if verb == "INSERT":
        if insert_exec(unit, tokens):
            return
        tokens = _readable_insert(unit, tokens)
    elif verb == "REPLACE":
        tokens = plain_columns(tokens)
    in_scope = bool(unit.routine.variables()) or not unit.routine.is_script  # variables may be
    returned: list[OutputClause] = []
    if verb in DATA and in_scope and not unit.engine.output_clause:
        tokens, returned = take_returning(tokens)
    if any(reads(unit, tokens) for reads in _special_forms(unit, verb, in_scope)):
        return
    parsed, outputs = take_outputs(tokens, verb) if unit.engine.output_clause and verb not in QUERIES else (tokens, [])
    tree = unit.parse(parsed, verb)
    if tree.args.get("with_") is not None:
        modifying_ctes(unit, tree.args["with_"], tokens)
    lower = _LOWERED.get(type(tree))
    if lower is not None:
        _give_back(unit, tokens, lower(unit, tree, tokens), outputs, returned, output)
    elif verb == "PERFORM":
        builder = unit.builder()
        unit.write(tokens, StatementKind.SELECT, builder, root=builder.query(tree))
    elif isinstance(tree, exp.Query | exp.Pivot):
        lower_select(unit, tree, tokens)


def _readable_insert(unit: Unit, tokens: list[Token]) -> list[Token]:
    """An INSERT that the grammar knows."""
    tokens = plain_columns(first_rows(tokens))
    if unit.engine.output_clause:
        tokens = inner_statement(unit, tokens)
    if unit.engine.remote_target is not None:
        tokens = unit.engine.remote_target(unit.names, tokens)
    return tokens


def _special_forms(unit: Unit, verb: str, in_scope: bool) -> Iterator[Callable[[Unit, list[Token]], bool]]:
    """Forms that are no tree of the grammar's: each reads its own, and says whether it was one."""
    if verb == "UPDATE":
        yield is_statistics
        yield update_of_a_query
    if verb in ("FROM", "WITH"):
        yield multi_insert
    if verb in QUERIES and in_scope:
        yield select_into_variables
    if verb == "SELECT" and unit.engine.outfile:
        yield into_outfile
    if verb == "INSERT" and unit.engine.insert_format:
        yield insert_format
    if verb == "INSERT" and unit.routine.rows:
        yield insert_row


def _give_back(
    unit: Unit,
    tokens: list[Token],
    said: Written | None,
    outputs: list[OutputClause],
    returned: list[OutputClause],
    output: Token | None,
) -> None:
    """OUTPUT and RETURNING clauses of what was written."""
    if said is None:
        return
    for clause in returned:
        returning_into(unit, clause, said, tokens)
    for clause in outputs:
        taken = clause._replace(into=[output]) if output is not None and not clause.into else clause
        write_output(unit, taken, said, tokens)


def modifying_ctes(unit: Unit, with_: Expression, tokens: list[Token]) -> None:
    """Each INSERT, UPDATE or DELETE in a WITH is a statement of its own, which may read the CTEs in front of it."""
    ctes = with_.expressions
    for i, cte in enumerate(ctes):
        handler = _LOWERED.get(type(cte.this))
        if handler is None:
            continue
        body = cte.this
        if i and body.args.get("with_") is None:
            body.args["with_"] = exp.With(expressions=list(ctes[:i]), recursive=with_.args.get("recursive"))
        handler(unit, body, tokens)
        body.args.pop("with_", None)


def inner_statement(unit: Unit, tokens: list[Token]) -> list[Token]:
    """``INSERT INTO t SELECT ... FROM (MERGE ... OUTPUT ...) AS x``: what the inner statement puts out is a temporary
    table of its own."""
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
            read_data(unit, tokens[i:end], tokens[i].text.upper(), name)
        finally:
            unit.sink = outer
        return [*tokens[: i - 1], name, *tokens[end + 1 :]]
    return tokens


_INNER: Final = frozenset({T.MERGE, T.UPDATE, T.DELETE, T.INSERT})
_LOWERED: Final[dict[type, Callable[..., Written | None]]] = {
    exp.Insert: lower_insert,
    exp.Update: lower_update,
    exp.Delete: lower_delete,
    exp.Merge: lower_merge,
    exp.MultitableInserts: lower_multitable,
}


def read_perform(unit: Unit, tokens: list[Token]) -> None:
    """``PERFORM f(a) FROM t`` of PL/pgSQL is a query whose result nobody takes."""
    at = tokens[0]
    read_data(unit, [Token(T.SELECT, "SELECT", at.line, at.col, at.start, at.end), *tokens[1:]], "PERFORM")


def read_assert(unit: Unit, tokens: list[Token]) -> None:
    read_data(unit, tokens[1 : _after_assert(tokens)], "PERFORM")


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
