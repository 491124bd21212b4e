"""Cursors and loops over rows: DECLARE, OPEN, FETCH, FOR. A cursor holds its query's rows as a temporary table does."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot.tokens import Token

from ray_lineage.compile.sql.lex.kinds import T
from ray_lineage.compile.sql.lex.scan import closing, list_items, read_name, until
from ray_lineage.compile.sql.statements.dynamic import binds_of, run_text
from ray_lineage.compile.sql.statements.lifetimes import declare_name
from ray_lineage.compile.sql.statements.move import move
from ray_lineage.compile.sql.statements.returns import whole_rows
from ray_lineage.compile.sql.statements.use import use_database
from ray_lineage.compile.sql.statements.variables import ELEMENTS, INTOS, forget, store
from ray_lineage.compile.sql.unit import Said, Unit, Written, each
from ray_lineage.model import Effect, Local, StatementKind, TableRef


def declare_cursor(unit: Unit, name: Token, query: list[Token], tokens: list[Token]) -> Written:
    """A cursor holds its query's rows as a temporary table does."""
    tree = unit.parse(_without_cursor_tail(query), "SELECT")
    builder = unit.builder()
    root = builder.query(tree)
    target = Local.CURSOR.named(unit.part(name))
    unit.routine.cursors.add(unit.part(name))
    return Written(tokens, StatementKind.DECLARE_CURSOR, builder, root=root, target=target, effect=Effect.MAKES)


def _without_cursor_tail(query: list[Token]) -> list[Token]:
    """Without ``FOR READ ONLY`` and ``FOR UPDATE [OF columns]``."""
    for i in range(len(query) - 2, 0, -1):
        if query[i].token_type is T.FOR and query[i + 1].text.upper() in ("READ", "UPDATE"):
            return query[:i]
    return query


def read_fetch(unit: Unit, tokens: list[Token]) -> Said:
    """``FETCH NEXT FROM cursor INTO @a, @b``: by position."""
    at = next((i for i, t in enumerate(tokens) if t.token_type in INTOS), -1)
    if at < 2:
        return None
    parts, _ = read_name(tokens, at - 1)
    end = next((i for i in range(at, len(tokens)) if tokens[i].token_type is T.LIMIT), len(tokens))
    targets = [tokens[a:b] for a, b in list_items(tokens, at + 1, end)]
    return _take_row(unit, tokens, parts[-1], targets) if parts and targets else None


def _take_row(unit: Unit, tokens: list[Token], cursor: Token, targets: list[list[Token]]) -> list[Written]:
    """A row of a cursor goes into variables."""
    builder = unit.builder()
    table = builder.add(TableRef(Local.CURSOR.named(unit.part(cursor)), tokens[0].line))
    sure = unit.engine.fetch_sets and not any(t.token_type in ELEMENTS for target in targets for t in target)
    return store(unit, tokens, builder, targets, table, sure=sure)


def open_cursor(unit: Unit, tokens: list[Token]) -> Iterator[Written]:
    """``OPEN c FOR SELECT ...``, ``OPEN c FOR EXECUTE text``, ``OPEN c FOR text``. The rows of a parameter that goes out are a
    result of the routine (``OUT SYS_REFCURSOR``, ``INOUT refcursor``)."""
    parts, i = read_name(tokens, 1)
    if not parts or i >= len(tokens) or tokens[i].token_type is not T.FOR or i + 1 >= len(tokens):
        return
    query, name = tokens[i + 1 :], unit.part(parts[0])
    rows = Local.CURSOR.named(name)
    if query[0].token_type in (T.SELECT, T.WITH):
        yield declare_cursor(unit, parts[0], query, tokens)
    else:
        value = until(query, 1 if query[0].text.upper() == "EXECUTE" else 0, ("USING",))
        binds = yield from binds_of(unit, query)
        yield from each(run_text(unit, value, tokens, (rows, ()), binds))
        unit.routine.cursors.add(name)
    if name in unit.routine.given:
        yield from each(whole_rows(unit, tokens, rows, own=True))


def cursor_of(unit: Unit, name: Token, source: Token, tokens: list[Token]) -> Written:
    """``c CURSOR FOR resultset``: the rows of the other one."""
    return move(
        unit,
        tokens,
        Local.CURSOR.named(unit.part(source)),
        Local.CURSOR.named(unit.part(name)),
        StatementKind.DECLARE_CURSOR,
        effect=Effect.MAKES,
    )


def _named(token: Token, text: str) -> Token:
    return Token(T.VAR, text, token.line, token.col, token.start, token.end)


def read_for(unit: Unit, tokens: list[Token]) -> Iterator[Written]:
    """``FOR r IN (SELECT ...) LOOP`` and ``FOR r IN cursor LOOP``: r is a row of the query. plpgsql's ``FOR v, w IN SELECT``
    gives its columns to variables that are declared."""
    if len(tokens) > 4 and tokens[2].token_type is T.ALIAS:  # FOR c AS [cursor CURSOR FOR] SELECT ... DO
        at = next((k for k, t in enumerate(tokens) if t.token_type in (T.SELECT, T.WITH)), -1)
        if at > 0:
            unit.routine.rows[unit.part(tokens[1])] = Local.CURSOR.named(unit.part(tokens[1]))
            yield declare_cursor(unit, tokens[1], tokens[at:], tokens)
        return
    at = next((k for k, t in enumerate(tokens) if t.text.upper() == "IN"), len(tokens))
    if len(tokens) < at + 2 or at < 2:
        return
    name = unit.part(tokens[1])
    targets = [tokens[k:end] for k, end in list_items(tokens, 1, at)]
    names = {unit.part(target[0]) for target in targets if target}
    shaped = any(any(unit.routine.shapes.get(n, ())) for n in names & unit.routine.records)
    declared = names <= {*unit.routine.variables(), *unit.routine.returned_columns}
    scalars = unit.engine.plpgsql and declared and (names.isdisjoint(unit.routine.records) or shaped)
    if at > 2 and not scalars:
        return
    i = at + 2 if tokens[at + 1].text.upper() == "REVERSE" else at + 1
    query = tokens[i:]
    while len(query) > 2 and query[0].token_type is T.L_PAREN and closing(query, 0) == len(query) - 1:
        query = query[1:-1]
    reads = bool(query) and (query[0].text.upper() == "EXECUTE" or query[0].token_type in (T.SELECT, T.WITH))
    own = _named(tokens[1], f"{name}@{tokens[0].start}")  # the rows of another loop are others
    rows = Local.CURSOR.named(unit.part(own))
    if reads and not scalars:
        unit.routine.rows[name] = rows
    if query and query[0].text.upper() == "EXECUTE":
        value = until(query, 1, ("USING",))
        binds = yield from binds_of(unit, query)
        yield from each(run_text(unit, value, tokens, (rows, ()), binds))
    elif reads:
        yield declare_cursor(unit, own, query, tokens)
    elif len(query) == 1 or (len(query) > 1 and query[1].token_type is T.L_PAREN and query[-1].token_type is T.R_PAREN):
        unit.routine.rows[name] = Local.CURSOR.named(unit.part(query[0]))
    else:  # a range of numbers: in the loop the name is that of another variable
        unit.routine.rows.pop(name, None)
        declare_name(unit, name)
        yield from each(forget(unit, name, tokens))
    if reads and scalars:
        yield from _take_row(unit, tokens, own, targets)


def read_open(unit: Unit, tokens: list[Token]) -> Said:
    if len(tokens) == 3 and tokens[1].text.upper() == "SCHEMA":
        use_database(unit, tokens)
        return None
    return open_cursor(unit, tokens)
