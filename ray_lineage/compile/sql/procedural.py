"""What procedures do besides data statements: variables, cursors, calls, dynamic SQL, and DDL that moves data.

Each function reads one slice of tokens and tells the file's compiler what it says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
from sqlglot.errors import SqlglotError
from sqlglot.tokens import Token

from ray_lineage.compile.sql.constants import UNKNOWN, Text, text_of
from ray_lineage.compile.sql.lex.kinds import T
from ray_lineage.compile.sql.lex.scan import closing, list_items, read_name
from ray_lineage.compile.sql.lex.tokens import shifted, start_line, tokenize
from ray_lineage.compile.sql.names import location_of
from ray_lineage.compile.sql.query.scope import IDENTITY, Collected, Scope
from ray_lineage.compile.sql.relations import Builder
from ray_lineage.compile.sql.rewrite import HINTS, METHODS, OutputClause
from ray_lineage.compile.sql.rowsets import file_of
from ray_lineage.model import (
    PARAMETER,
    STAR,
    SYSTEM_SCHEMAS,
    VALUE,
    VARIABLES,
    Alias,
    Assignment,
    Call,
    Declaration,
    DeclaredColumn,
    ForeignKey,
    Name,
    Output,
    Ref,
    Select,
    TableRef,
)

if TYPE_CHECKING:
    from ray_lineage.compile.sql.statements import FileCompiler


_MAX_NESTED: Final = 4  # dynamic SQL in dynamic SQL


_INTOS: Final = frozenset({T.INTO, T.BULK_COLLECT_INTO})


_STRINGS: Final = frozenset({T.STRING, T.NATIONAL_STRING, T.RAW_STRING, T.HEREDOC_STRING})


def assign(c: FileCompiler, name: str, value: list[Token], owner: str) -> None:
    """``name = expression``. Remembers texts for dynamic SQL; a query or another variable in it gives lineage, and anything
    else takes away what the variable had."""
    if not value:
        return
    if c.runs_texts:
        found = dict.fromkeys(text_of(value, known) for known in c.known_texts(value, owner))
        c.texts_of(owner).assign(name.lower(), c.path, tuple(found))
    if not _may_carry(c, name, value, owner):
        forget(c, name, value, owner)
        return
    first = value[0]
    select = Token(T.SELECT, "SELECT", first.line, first.col, first.start, first.start)
    try:
        tree = c._parse([select, *value], "SELECT")
    except SqlglotError:
        return  # EXEC-like right sides, method calls: no query that could be lost
    builder = c._builder()
    index = builder._reserve()
    scope = Scope(index, None, {})
    collected = Collected()
    for item in tree.expressions:
        builder.collect(item, scope, IDENTITY, collected)
    builder.relations[index] = Select((), (), subqueries=tuple(collected.subqueries))
    _set(c, value, builder, owner, [(name, collected)], index, collected.subqueries, sure=True)


def forget(c: FileCompiler, name: str, tokens: list[Token], owner: str) -> None:
    """The variable holds nothing any more that came from a column."""
    variable = variable_name(c, name)
    if variable in c.carriers.get(owner, ()):
        c._add(tokens, "assign", c.nothing, owner, target=VARIABLES, assignments=(Assignment(variable, ()),),
               defines=True)  # fmt: skip


def _may_carry(c: FileCompiler, name: str, value: list[Token], owner: str) -> bool:
    """Is there a query in it, or a variable that got its value from one (in a loop: that may yet get it)?"""
    carriers, rows = c.carriers_of(owner), c.rows
    in_trigger = owner in c.trigger_tables
    may_get = c.is_tsql and c.in_loop
    for i, token in enumerate(value):
        if token.token_type is T.SELECT:
            return True
        if rows and c.fold(token.text, False) in rows:
            return True
        if in_trigger and token.text.upper() in ("NEW", "OLD"):
            return True
        if carriers and variable_name(c, token.text) in carriers:
            return True
        if may_get and i and value[i - 1].token_type is T.PARAMETER and token.text.lower() != name[1:].lower():
            return True
    return False


def _carries(c: FileCompiler, owner: str, assignments: tuple[Assignment, ...]) -> None:
    c.carriers.setdefault(owner, set()).update(a.column for a in assignments)


def _set(
    c: FileCompiler,
    tokens: list[Token],
    builder: Builder,
    owner: str,
    found: list[tuple[str, Collected]],
    scope: int,
    subqueries: list[int],
    *,
    sure: bool,
) -> None:
    """``sure``: the assignments take place in any case, also where a query has no rows."""
    carriers = c.carriers.get(owner, ())
    named = [(variable_name(c, name), v) for name, v in found]
    assignments = tuple(
        Assignment(name, tuple(v.refs.values()), v.line) for name, v in named if v.refs or (sure and name in carriers)
    )
    if assignments or subqueries:
        _carries(c, owner, assignments)
        c._add(tokens, "assign", builder, owner, target=VARIABLES, assignments=assignments, scope=scope,
               subqueries=subqueries, defines=sure)  # fmt: skip


def named(c: FileCompiler, tokens: list[Token], verb: str, owner: str) -> list[Token]:
    """``IDENTIFIER($v)`` and ``TABLE($v)`` -> the name, where the text is known."""
    out: list[Token] = []
    i, n = 0, len(tokens)
    while i < n:
        token = tokens[i]
        word = token.text.upper()
        end = closing(tokens, i + 1) if i + 2 < n and tokens[i + 1].token_type is T.L_PAREN else 0
        of_table = word == "TABLE" and end == i + 4 and tokens[i + 2].token_type in (T.PARAMETER, T.COLON)
        if not end or not (word == "IDENTIFIER" or of_table) or token.token_type is T.IDENTIFIER:
            out.append(token)
            i += 1
            continue
        value = tokens[i + 2 : end]
        text = text_of(value, next(iter(c.known_texts(value, owner))))
        if text.complete and text.text.strip():
            for part in tokenize(text.text, c.dialect)[0]:
                out.append(Token(part.token_type, part.text, token.line, token.col, token.start, tokens[end].end))
        elif verb in _NAMING:
            out.append(Token(T.VAR, "#" + UNKNOWN, token.line, token.col, token.start, tokens[end].end))
        else:
            out.extend(tokens[i : end + 1])  # the parser knows the form
        i = end + 1
    return out


_NAMING: Final = frozenset({"CREATE", "ALTER", "DROP", "TRUNCATE", "USE", "HEADER", "COPY"})


def return_value(c: FileCompiler, tokens: list[Token], value: list[Token], owner: str) -> None:
    """``RETURN expression`` of a scalar function."""
    if not value or not _may_carry(c, "", value, owner):
        return
    first = value[0]
    select = Token(T.SELECT, "SELECT", first.line, first.col, first.start, first.start)
    tree = c._parse([select, *value], "SELECT")
    builder = c._builder()
    c._result(tokens, builder, builder.query(tree), owner)


def variable_name(c: FileCompiler, name: str) -> str:
    """``@name``, whether it is written with the mark or without."""
    return str(c.fold(name if name.startswith("@") else "@" + name, False))


def set_variable(c: FileCompiler, tokens: list[Token], owner: str) -> None:
    """``SET @v = expression``, ``SET @v += expression``, ``SET v = expression``, ``v := expression``."""
    i = 1 if tokens[0].token_type is T.SET else 0
    if i < len(tokens) and tokens[i].text.upper() in ("VAR", "VARIABLE"):
        i += 1
    if i < len(tokens) and tokens[i].token_type is T.L_PAREN:
        _set_row(c, tokens, i, owner)
        return
    if i < len(tokens) and tokens[i].token_type is T.COLON:
        i += 1
    parts, at = read_name(tokens, i)
    if at < len(tokens) and tokens[at].token_type is T.L_PAREN:  # an element of a collection
        at = closing(tokens, at) + 1
        if at + 1 < len(tokens) and tokens[at].token_type is T.DOT:
            parts, at = [*parts, tokens[at + 1]], at + 2
    if len(parts) == 2 and at < len(tokens) and tokens[at].token_type in (T.EQ, T.COLON_EQ):
        _set_field(c, tokens, parts, tokens[at + 1 :], owner)
        return
    if len(parts) != 1 or at >= len(tokens):
        return
    name = parts[0].text
    plus: list[Token] = []
    if tokens[at].token_type is T.PLUS:
        plus = [*tokens[i:at], tokens[at]]
        at += 1
    if at >= len(tokens) or tokens[at].token_type not in (T.EQ, T.COLON_EQ):
        return
    if c.dialect == "snowflake" and tokens[0].token_type is T.SET:  # a session variable
        c.declare("$" + c.fold(name, False))
    elif not name.startswith("@") and c.fold(name, False) not in c.variables:
        return
    if c.fold(name, False) in c.resultsets and holds_rows(c, parts[0], tokens[at + 1 :], tokens, owner):
        return
    if at + 1 < len(tokens) and tokens[at + 1].text.upper() == "CURSOR":
        query = next((k for k in range(at, len(tokens)) if tokens[k].token_type in (T.SELECT, T.WITH)), -1)
        if query > 0:
            cursor(c, tokens[i + 1], tokens[query:], tokens, owner)
        return
    assign(c, name, [*plus, *tokens[at + 1 :]], owner)


def holds_rows(c: FileCompiler, name: Token, value: list[Token], tokens: list[Token], owner: str) -> bool:
    """``res := (SELECT ...)`` and ``res := (EXECUTE IMMEDIATE ...)`` of a RESULTSET: it is a cursor."""
    while len(value) > 2 and value[0].token_type is T.L_PAREN and closing(value, 0) == len(value) - 1:
        value = value[1:-1]
    if value and value[0].token_type in (T.SELECT, T.WITH):
        cursor(c, name, value, tokens, owner)
        return True
    if value and value[0].text.upper() == "EXECUTE":
        execute(c, value, owner, ((f"#cursor:{c._part(name)}",), ()))
        return True
    return False


def _set_row(c: FileCompiler, tokens: list[Token], i: int, owner: str) -> None:
    """``SET (a, b) = (SELECT x, y ...)``: by position."""
    end = closing(tokens, i)
    value = tokens[end + 2 :]
    names = list_items(tokens, i + 1, end)
    if len(value) > 2 and value[0].token_type is T.L_PAREN and value[1].token_type not in (T.SELECT, T.WITH):
        given = list_items(value, 1, closing(value, 0))
        if len(given) == len(names):  # else it is one query, in more parentheses
            for (at, _), (a, b) in zip(names, given, strict=True):
                assign(c, tokens[at].text, value[a:b], owner)
            return
    if end + 2 >= len(tokens) or tokens[end + 1].token_type is not T.EQ or not _may_carry(c, "", value, owner):
        return
    while len(value) > 2 and value[0].token_type is T.L_PAREN and closing(value, 0) == len(value) - 1:
        value = value[1:-1]
    if value[0].token_type not in (T.SELECT, T.WITH):
        return
    targets = [tokens[a:b] for a, b in names]
    builder = c._builder()
    if [t.text.upper() for t in value[1:3]] == ["AS", "STRUCT"]:
        value = [value[0], *value[3:]]
    store(c, tokens, builder, owner, targets, builder.query(c._parse(value, "SELECT")))


def _set_field(c: FileCompiler, tokens: list[Token], parts: list[Token], value: list[Token], owner: str) -> None:
    """``r.a := expression`` of a record, ``NEW.a := expression`` in a trigger: the latter writes the trigger's table."""
    target = _row_of(c, parts[0], owner)
    if not target or not value:
        return
    select = Token(T.SELECT, "SELECT", value[0].line, value[0].col, value[0].start, value[0].start)
    tree = c._parse([select, *value], "SELECT")
    builder = c._builder()
    index = builder._reserve()
    scope = Scope(index, None, {})
    found = Collected()
    for item in tree.expressions:
        builder.collect(item, scope, IDENTITY, found)
    builder.relations[index] = Select((), (), subqueries=tuple(found.subqueries))
    if found.refs:
        assignments = (Assignment(c._part(parts[1]), tuple(found.refs.values()), found.line),)
        c._add(tokens, "assign_row", builder, owner, target=target, assignments=assignments, scope=index,
               subqueries=found.subqueries)  # fmt: skip


def _row_of(c: FileCompiler, name: Token, owner: str) -> Name:
    """The table whose row (or the temporary one that holds the rows) a record variable is."""
    part = c._part(name)
    if part in c.rows:
        return c.rows[part]
    if owner in c.trigger_tables and (part == "new" or part in c.new_names):
        return c.trigger_tables[owner]
    return ()


def store(
    c: FileCompiler, tokens: list[Token], builder: Builder, owner: str, targets: list[list[Token]], root: int
) -> None:
    """What a query gives goes into variables by position; a record takes its whole row."""
    line = tokens[0].line
    names: list[tuple[Name, str]] = []
    for target in targets:
        target = target[1:] if target and target[0].token_type is T.COLON else target
        parts, _ = read_name(target, 0)
        if len(parts) == 2:
            names.append((_row_of(c, parts[0], owner), c._part(parts[1])))
        else:
            names.append((VARIABLES, variable_name(c, c._part(parts[0]))) if parts else ((), ""))
    only = targets[0][-1] if len(targets) == 1 and names[0][0] == VARIABLES else None
    if only is not None and (c._part(only) in c.records or _gives_a_row(builder, root)):
        record = c._part(only)
        c.rows[record] = (f"#row:{record}",)
        output = Output(None, (Ref(root, len(builder.relations), STAR, IDENTITY, line),), line, star=True)
        whole = builder._add(Select((root,), (output,)))
        c._add(tokens, "assign_row", builder, owner, root=whole, target=c.rows[record])
        return
    positions = tuple(f"c{n}" for n in range(len(names)))
    alias = builder._add(Alias(root, positions))
    written: dict[Name, list[Assignment]] = {}
    for (target_name, name), position in zip(names, positions, strict=True):
        if target_name:
            assigned = Assignment(name, (Ref(alias, -1, position, IDENTITY, line),), line)
            written.setdefault(target_name, []).append(assigned)
    for target_name, assignments in written.items():
        if target_name == VARIABLES:
            _carries(c, owner, tuple(assignments))
        kind = "assign" if target_name == VARIABLES else "assign_row"
        c._add(tokens, kind, builder, owner, target=target_name, assignments=tuple(assignments), subqueries=[alias])


def _gives_a_row(builder: Builder, root: int) -> bool:
    relation = builder.relations[root]
    return isinstance(relation, Select) and (len(relation.outputs) > 1 or any(o.star for o in relation.outputs))


def returning_into(
    c: FileCompiler, clause: OutputClause, outer: tuple[Builder, Scope] | None, tokens: list[Token], owner: str
) -> None:
    """``RETURNING a, b INTO v, w``: columns of the written table."""
    written = c.statements[-1].target
    first = clause.items[0]
    select = Token(T.SELECT, "SELECT", first.line, first.col, first.start, first.start)
    tree = c._parse([select, *clause.items], "SELECT")
    builder = outer[0] if outer is not None else c._builder()
    table = builder._add(TableRef(written, tokens[0].line))
    index = builder._reserve()
    scope = Scope(index, outer[1] if outer is not None else None, {})
    scope.aliases[written[-1] if written else ""] = table
    subqueries: list[int] = []
    outputs = builder._outputs(tree.expressions, scope, [table], subqueries)
    parent = outer[1].index if outer is not None else -1
    builder.relations[index] = Select((table,), outputs, (), parent, subqueries=tuple(subqueries))
    targets = [clause.into[a:b] for a, b in list_items(clause.into, 0, len(clause.into))]
    store(c, tokens, builder, owner, targets, index)


def declare(c: FileCompiler, tokens: list[Token], owner: str) -> None:
    """``DECLARE @a int = 1, @b nvarchar(max) = N'...'``."""
    for a, b in list_items(tokens, 1, len(tokens)):
        parts, i = read_name(tokens, a)
        if not parts:
            continue
        name = parts[0].text
        if not name.startswith("@"):
            c.declare_variable(parts[0], tokens[i:b])
        elif c.is_tsql and i < b:
            c.of_type(tokens, a, owner)
        depth = 0
        for j in range(i, b):
            kind = tokens[j].token_type
            depth += (kind is T.L_PAREN) - (kind is T.R_PAREN)
            if depth == 0 and (kind in (T.EQ, T.COLON_EQ) or tokens[j].text.upper() == "DEFAULT"):
                assign(c, name, tokens[j + 1 : b], owner)
                break
        else:
            if name.startswith("@") and not c.in_loop:  # a DECLARE in a loop leaves the value as it is
                forget(c, name, tokens[a:b], owner)


def selected(c: FileCompiler, tokens: list[Token], builder: Builder, owner: str, root: int, *, sure: bool) -> None:
    """``SELECT @v = a, @w = b FROM t``: the query is ``root`` of ``builder``, and ``sure`` to have a row."""
    _set(c, tokens, builder, owner, builder.assigned, root, [root], sure=sure)
    if c.is_tsql and c.runs_texts:
        _selected_texts(c, tokens, owner, sure=sure)


def _selected_texts(c: FileCompiler, tokens: list[Token], owner: str, *, sure: bool) -> None:
    """Texts that ``SELECT @v = 'a' + b, @w += 'c'`` puts together, where it may have no row besides what they were."""
    start, end, depth = -1, len(tokens), 0
    for i, token in enumerate(tokens):
        kind = token.token_type
        depth += (kind is T.L_PAREN) - (kind is T.R_PAREN)
        if depth == 0 and kind is T.SELECT and start < 0:
            start = i + 1
        elif depth == 0 and start >= 0 and kind in _AFTER_LIST:
            end = i
            break
    texts = c.texts_of(owner)
    for a, b in list_items(tokens, max(start, 0), end):
        while a < b and tokens[a].token_type is not T.PARAMETER:  # TOP (1), DISTINCT
            a += 1
        at = a + 2
        if b - a < 4 or not (tokens[at].token_type is T.EQ or tokens[at + 1].token_type is T.EQ):
            continue
        adds = tokens[at].token_type is T.PLUS
        value = [*tokens[a:at], tokens[at], *tokens[at + 2 : b]] if adds else tokens[at + 1 : b]
        before = texts.variants([*value, *tokens[a:at]], c.path)
        found = dict.fromkeys(text_of(value, known) for known in before)
        name = "@" + tokens[a + 1].text.lower()
        if not sure:
            found.update((known[name], None) for known in before if name in known)
        texts.assign(name, c.path, tuple(found))


_AFTER_LIST: Final = frozenset({T.FROM, T.WHERE, T.GROUP_BY, T.HAVING, T.ORDER_BY, T.OPTION, T.UNION})


def select_into_variables(c: FileCompiler, tokens: list[Token], owner: str) -> bool:
    """``SELECT a, b INTO v, w FROM t`` where v and w are variables. False if it is something else."""
    depth = 0
    at = -1
    for i, token in enumerate(tokens):
        depth += (token.token_type is T.L_PAREN) - (token.token_type is T.R_PAREN)
        if depth == 0 and token.token_type in _INTOS:
            at = i
            break
    if at < 0:
        return False
    targets, i = _targets(c, tokens, at + 1, owner)
    if not targets:
        return False
    tree = c._parse([*tokens[:at], *tokens[i:]], "SELECT")
    builder = c._builder()
    store(c, tokens, builder, owner, targets, builder.query(tree))
    return True


def _targets(c: FileCompiler, tokens: list[Token], i: int, owner: str) -> tuple[list[list[Token]], int]:
    """The variables after INTO, and where they end; none if one of them is no variable."""
    targets: list[list[Token]] = []
    if i < len(tokens) and tokens[i].text.upper() == "STRICT":
        i += 1
    while i < len(tokens):
        start = i
        if tokens[i].token_type is T.COLON:
            i += 1
        parts, i = read_name(tokens, i)
        name = c._part(parts[0]) if parts else ""
        if not name or not (
            name in c.variables
            or name in c.returned_names.get(owner, ())
            or name in c.records
            or name in c.rows
            or name.startswith("@")
            or tokens[start].token_type is T.COLON
            or (len(parts) > 1 and _row_of(c, parts[0], owner))
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


def cursor(c: FileCompiler, name: Token, query: list[Token], tokens: list[Token], owner: str) -> None:
    """A cursor holds its query's rows as a temporary table does."""
    if c.is_tsql:
        query = _without_cursor_tail(query)
    tree = c._parse(query, "SELECT")
    builder = c._builder()
    root = builder.query(tree)
    target = (f"#cursor:{c._part(name)}",)
    c._add(tokens, "declare_cursor", builder, owner, root=root, target=target, defines=True)


def _without_cursor_tail(query: list[Token]) -> list[Token]:
    """Without ``FOR READ ONLY`` and ``FOR UPDATE [OF columns]``."""
    for i in range(len(query) - 2, 0, -1):
        if query[i].token_type is T.FOR and query[i + 1].text.upper() in ("READ", "UPDATE"):
            return query[:i]
    return query


def fetch(c: FileCompiler, tokens: list[Token], owner: str) -> None:
    """``FETCH NEXT FROM cursor INTO @a, @b``: by position."""
    at = next((i for i, t in enumerate(tokens) if t.token_type in _INTOS), -1)
    if at < 2:
        return
    parts, _ = read_name(tokens, at - 1)
    end = next((i for i in range(at, len(tokens)) if tokens[i].token_type is T.LIMIT), len(tokens))
    targets = [tokens[a:b] for a, b in list_items(tokens, at + 1, end)]
    if parts and targets:
        _take_row(c, tokens, owner, parts[-1], targets)


def _take_row(c: FileCompiler, tokens: list[Token], owner: str, cursor: Token, targets: list[list[Token]]) -> None:
    """A row of a cursor goes into variables."""
    builder = c._builder()
    table = builder._add(TableRef((f"#cursor:{c._part(cursor)}",), tokens[0].line))
    store(c, tokens, builder, owner, targets, table)


def open_cursor(c: FileCompiler, tokens: list[Token], owner: str) -> None:
    """``OPEN c FOR SELECT ...``, ``OPEN c FOR EXECUTE text``, ``OPEN c FOR text``."""
    parts, i = read_name(tokens, 1)
    if not parts or i >= len(tokens) or tokens[i].token_type is not T.FOR or i + 1 >= len(tokens):
        return
    query = tokens[i + 1 :]
    if query[0].token_type in (T.SELECT, T.WITH):
        cursor(c, parts[0], query, tokens, owner)
        return
    value = _until(query, 1 if query[0].text.upper() == "EXECUTE" else 0, ("USING",))
    _run_text(c, value, tokens, owner, ((f"#cursor:{c._part(parts[0])}",), ()), _binds(c, query, owner))


def return_rows(c: FileCompiler, tokens: list[Token], owner: str) -> bool:
    """``RETURN NEXT r`` of plpgsql and ``RETURN TABLE(res)`` of Snowflake. False if it is something else."""
    words = [t.text.upper() for t in tokens[1:3]]
    row: Name = ()
    if words == ["NEXT"]:
        return_variables(c, tokens, owner)
        return True
    if words[:1] == ["NEXT"] and len(tokens) == 3:
        row = c.rows.get(c._part(tokens[2]), ())
    elif words == ["TABLE", "("] and len(tokens) > 3:
        row = (f"#cursor:{c._part(tokens[3])}",)
    if not row:
        return False
    builder = c._builder()
    table = builder._add(TableRef(row, tokens[0].line))
    output = Output(None, (Ref(table, 1, STAR, IDENTITY, tokens[0].line),), tokens[0].line, star=True)
    c._result(tokens, builder, builder._add(Select((table,), (output,))), owner)
    return True


def return_variables(c: FileCompiler, tokens: list[Token], owner: str) -> None:
    """``RETURN NEXT`` of plpgsql, and the end of a program that has OUT parameters: the columns of the result are what the
    variables of their names hold."""
    carriers = c.carriers.get(owner, set())
    given = [name for name in c.returned_names.get(owner, ()) if variable_name(c, name) in carriers]
    if not given:
        return
    builder = c._builder()
    line = tokens[0].line
    assignments = tuple(
        Assignment(n, (Ref(builder.variable("@" + n), -1, VALUE, IDENTITY, line),), line) for n in given
    )
    c._add(tokens, "result_set", builder, owner, target=c.owner_names[owner], assignments=assignments)


def cursor_of(c: FileCompiler, name: Token, source: Token, tokens: list[Token], owner: str) -> None:
    """``c CURSOR FOR resultset``: the rows of the other one."""
    move(
        c, tokens, (f"#cursor:{c._part(source)}",), (f"#cursor:{c._part(name)}",), "declare_cursor", owner, defines=True
    )


def receive(c: FileCompiler, tokens: list[Token], owner: str) -> None:
    """``RECEIVE columns FROM queue [INTO @t] [WHERE ...]``, alone or in ``WAITFOR (...)``: reads a queue."""
    body = tokens[2 : closing(tokens, 1)] if tokens[0].text.upper() == "WAITFOR" else tokens
    first = body[0]
    body = [Token(T.SELECT, "SELECT", first.line, first.col, first.start, first.end), *body[1:]]
    at = next((k for k, t in enumerate(body) if t.token_type is T.INTO), -1)
    target: Name = ()
    if at > 0:
        parts, end = read_name(body, at + 1)
        target = c._full(parts)
        body = [*body[:at], *body[end:]]
    tree = c._parse(body, "SELECT")
    builder = c._builder()
    root = builder.query(tree)
    if builder.assigned:
        selected(c, tokens, builder, owner, root, sure=False)
    else:
        c._add(tokens, "receive", builder, owner, root=root, target=target)


def _named(token: Token, text: str) -> Token:
    return Token(T.VAR, text, token.line, token.col, token.start, token.end)


_INTO_SCALARS: Final = frozenset({"postgres", "redshift", "materialize", "risingwave", ""})


def loop(c: FileCompiler, tokens: list[Token], owner: str) -> None:
    """``FOR r IN (SELECT ...) LOOP`` and ``FOR r IN cursor LOOP``: r is a row of the query. plpgsql's ``FOR v, w IN SELECT``
    gives its columns to variables that are declared."""
    if len(tokens) > 4 and tokens[2].token_type is T.ALIAS:  # FOR c AS [cursor CURSOR FOR] SELECT ... DO
        at = next((k for k, t in enumerate(tokens) if t.token_type in (T.SELECT, T.WITH)), -1)
        if at > 0:
            c.rows[c._part(tokens[1])] = (f"#cursor:{c._part(tokens[1])}",)
            cursor(c, tokens[1], tokens[at:], tokens, owner)
        return
    at = next((k for k, t in enumerate(tokens) if t.text.upper() == "IN"), len(tokens))
    if len(tokens) < at + 2 or at < 2:
        return
    name = c._part(tokens[1])
    targets = [tokens[k:end] for k, end in list_items(tokens, 1, at)]
    names = {c._part(target[0]) for target in targets if target}
    scalars = c.dialect in _INTO_SCALARS and names <= c.variables and names.isdisjoint(c.records)
    if at > 2 and not scalars:
        return
    i = at + 2 if tokens[at + 1].text.upper() == "REVERSE" else at + 1
    query = tokens[i:]
    while len(query) > 2 and query[0].token_type is T.L_PAREN and closing(query, 0) == len(query) - 1:
        query = query[1:-1]
    reads = bool(query) and (query[0].text.upper() == "EXECUTE" or query[0].token_type in (T.SELECT, T.WITH))
    own = _named(tokens[1], f"{name}@{tokens[0].start}")  # the rows of another loop are others
    rows = (f"#cursor:{c._part(own)}",)
    if reads and not scalars:
        c.rows[name] = rows
    if query and query[0].text.upper() == "EXECUTE":
        value = _until(query, 1, ("USING",))
        _run_text(c, value, tokens, owner, (rows, ()), _binds(c, query, owner))
    elif reads:
        cursor(c, own, query, tokens, owner)
    elif len(query) == 1 or (len(query) > 1 and query[1].token_type is T.L_PAREN and query[-1].token_type is T.R_PAREN):
        c.rows[name] = (f"#cursor:{c._part(query[0])}",)
    else:  # a range of numbers
        c.rows.pop(name, None)
        c.declare(name)
    if reads and scalars:
        _take_row(c, tokens, owner, own, targets)


def execute(c: FileCompiler, tokens: list[Token], owner: str, into: tuple[Name, tuple[str, ...]] | None = None) -> None:
    """EXEC, EXECUTE, CALL, EXECUTE IMMEDIATE, PREPARE. ``into`` is the table that takes the result (INSERT ... EXEC)."""
    i = 1
    word = tokens[i].text.upper() if len(tokens) > 1 else ""
    if word == "IMMEDIATE" or (tokens[0].text.upper() == "PREPARE" and len(tokens) > 3):
        i = 2 if word == "IMMEDIATE" else 3
        if (
            i < len(tokens) and tokens[i].token_type is T.L_PAREN and tokens[0].text.upper() == "PREPARE"
        ):  # the types of its parameters
            i = closing(tokens, i) + 1
        if i < len(tokens) and tokens[i].text.upper() in ("FROM", "AS"):
            i += 1
        if i < len(tokens) and tokens[i].token_type in (T.SELECT, T.INSERT, T.UPDATE, T.DELETE, T.MERGE, T.WITH):
            c._data(tokens[i:], tokens[i].text.upper(), owner)  # PREPARE p AS statement
            return
        value = _until(tokens, i, ("USING", "INTO", "RETURNING", "BULK"))
        _run_text(c, value, tokens, owner, into or _into_variables(c, tokens, i, owner), _binds(c, tokens, owner))
        return
    if not c.is_tsql and _is_text(c, tokens, owner):
        value = _until(tokens, 1, ("USING", "INTO"))
        _run_text(c, value, tokens, owner, into or _into_variables(c, tokens, 1, owner), _binds(c, tokens, owner))
        return
    if len(tokens) > 1 and tokens[1].token_type in (T.L_PAREN, *_STRINGS):
        end = closing(tokens, 1) + 1 if tokens[1].token_type is T.L_PAREN else len(tokens)
        inner = tokens[2 : end - 1] if tokens[1].token_type is T.L_PAREN else tokens[1:end]
        at = next((k for k in range(end, len(tokens) - 1) if tokens[k].text.upper() == "AT"), -1)
        with c.elsewhere(tokens[at + 1].text if at > 0 else ""):
            _run_text(c, _until(inner, 0, (",",)), tokens, owner, into)
        return
    parts, at = read_name(tokens, 1)
    if at < len(tokens) and tokens[at].token_type is T.EQ:  # EXEC @result = procedure
        parts, at = read_name(tokens, at + 1)
    if not parts:
        return
    if parts[-1].text.startswith("@"):
        known = c.texts_of(owner).variants(tokens[:at], c.path)
        named = [text_of(tokens[at - 2 : at], variables) for variables in known] if tokens[at - 2 : at] else []
        if any(n.text.lower().endswith("sp_executesql") for n in named):
            _run_with_parameters(c, tokens, at, owner, into)
            return
        inner = tokenize(named[0].text, c.dialect)[0] if named and named[0].complete else []
        parts = read_name(inner, 0)[0]
        if not parts:
            _unresolved(c, tokens, "the procedure's name is in a variable")
            return
    last = parts[-1].text.lower()
    if last in _EACH_DATABASE or last == "sp_add_jobstep":
        _run_elsewhere(c, tokens, at, owner, last)
        return
    if last == "sp_executesql":
        _run_with_parameters(c, tokens, at, owner, into)
        return
    if last == "sp_xml_preparedocument":
        given = _arguments(tokens, at)
        if len(given) > 1 and given[0].output:
            assign(c, given[0].variable, given[1].value, owner)
        return
    if last == "sysexecsql" and at < len(tokens) and tokens[at].token_type is T.L_PAREN:
        _run_text(c, tokens[at + 1 : closing(tokens, at)], tokens, owner, into)
        return
    if last == "sp_rename":
        _sp_rename(c, tokens, at, owner)
        return
    callee = c._full(parts)
    caller = c.owner_names.get(owner)
    if caller is not None:
        c.calls.append(Call(caller, callee, tokens[0].line))
    if into is not None:
        _insert_result(c, tokens, callee, into, owner)
    if c.is_tsql:
        _take_outputs(c, tokens, at, callee, owner)


class _Argument(NamedTuple):
    """``[@name =] value [OUTPUT]`` of an EXEC."""

    name: str
    value: list[Token]
    output: bool

    @property
    def variable(self) -> str:
        """The variable that is passed, or ""."""
        is_variable = len(self.value) == 2 and self.value[0].token_type is T.PARAMETER
        return "@" + self.value[1].text if is_variable else ""


def _arguments(tokens: list[Token], at: int) -> list[_Argument]:
    out: list[_Argument] = []
    for a, b in list_items(tokens, at, len(tokens)):
        name = ""
        if b - a > 2 and tokens[a].token_type is T.PARAMETER and tokens[a + 2].token_type is T.EQ:
            name = "@" + tokens[a + 1].text.lower()
            a += 3
        end = next((k for k in range(a + 1, b) if tokens[k].token_type is T.WITH), b)  # WITH RECOMPILE
        output = end > a and tokens[end - 1].text.upper() in ("OUTPUT", "OUT")
        out.append(_Argument(name, tokens[a : end - 1 if output else end], output))
    return out


def _take_outputs(c: FileCompiler, tokens: list[Token], at: int, callee: Name, owner: str) -> None:
    """``EXEC p @out = @v OUTPUT``: v holds what p's parameter holds in the end, which is a column of p."""
    if not any(t.token_type is T.RETURNING or t.token_type is T.OUT for t in tokens):
        return
    builder = c._builder()
    table = -1
    assignments: list[Assignment] = []
    for position, argument in enumerate(_arguments(tokens, at)):
        if not argument.output or not argument.variable:
            continue
        if callee[-1][:3] in ("sp_", "xp_"):  # of the engine
            forget(c, argument.variable, tokens, owner)
            continue
        if table < 0:
            table = builder._add(TableRef(callee, tokens[0].line))
        name = PARAMETER + (str(c.fold(argument.name, False)) or str(position))  # link knows the procedure's parameters
        ref = Ref(table, -1, name, IDENTITY, tokens[0].line)
        assignments.append(Assignment(variable_name(c, argument.variable), (ref,), tokens[0].line))
    if assignments:
        _carries(c, owner, tuple(assignments))
        c._add(tokens, "assign", builder, owner, target=VARIABLES, assignments=tuple(assignments), defines=True)


def give_outputs(c: FileCompiler, tokens: list[Token], owner: str) -> None:
    """A procedure ends: what its output parameters hold now goes to the caller."""
    carriers = c.carriers.get(owner, set())
    given = [name for name in c.outputs.get(owner, ()) if name in carriers]
    if not given:
        return
    builder = c._builder()
    assignments = tuple(
        Assignment(name, (Ref(builder.variable(name), -1, VALUE, IDENTITY, tokens[0].line),), tokens[0].line)
        for name in given
    )
    c._add(tokens, "output_parameters", builder, owner, target=c.owner_names[owner], assignments=assignments)


def _run_with_parameters(
    c: FileCompiler, tokens: list[Token], at: int, owner: str, into: tuple[Name, tuple[str, ...]] | None
) -> None:
    """``EXEC sp_executesql @text, N'@a int, @b int OUTPUT', @a = 1, @b = @c OUTPUT``. The text has variables of its own;
    those that are not also variables here get what is passed."""
    given = _arguments(tokens, at)
    if not given:
        return
    names = _parameter_names(given[1].value) if len(given) > 1 else []
    passed: list[tuple[str, _Argument]] = []
    for position, argument in enumerate(given[2:]):
        name = argument.name or (names[position] if position < len(names) else "")
        if name and argument.variable.lower() != name and not c.knows(name, owner):
            passed.append((name, argument))
    for name, argument in passed:
        assign(c, name, argument.value, owner)
    _run_text(c, given[0].value, tokens, owner, into)
    for name, argument in passed:
        if argument.output and argument.variable:
            inner = argument.value[0]
            variable = [inner, Token(T.VAR, name[1:], inner.line, inner.col, inner.start, inner.end)]
            assign(c, argument.variable, variable, owner)


_EACH_DATABASE: Final = frozenset({"sp_msforeachdb", "sp_msforeachtable", "sp_foreachdb", "sp_ineachdb"})


def _run_elsewhere(c: FileCompiler, tokens: list[Token], at: int, owner: str, procedure: str) -> None:
    """``sp_MSforeachdb 'USE [?]; ...'``, whose mark stands for a name that is not known, and the commands of jobs."""
    given = _arguments(tokens, at)
    named = {argument.name: argument for argument in given}
    if procedure in _EACH_DATABASE:
        argument = named.get("@command1") or named.get("@command") or (given[0] if given else None)
        if argument is not None and argument.value:
            _run_text(c, argument.value, tokens, owner, None, mark="?")
        return
    command, subsystem = named.get("@command"), named.get("@subsystem")
    if command is None or (subsystem is not None and [t.text.upper() for t in subsystem.value] != ["TSQL"]):
        return
    database = named.get("@database_name")
    outer = c.catalog
    c.catalog = c.fold(database.value[0].text, False) if database is not None and len(database.value) == 1 else ""
    try:
        _run_text(c, command.value, tokens, owner, None)
    finally:
        c.catalog = outer


def _parameter_names(value: list[Token]) -> list[str]:
    if len(value) != 1 or value[0].token_type not in _STRINGS:
        return []
    return [found.lower() for found in re.findall(r"(?:^|,)\s*(@\w+)", value[0].text)]


def call_functions(c: FileCompiler, found: Mapping[Name, int], caller: Name, line: int) -> None:
    """The functions that a program, view or table calls in its expressions."""
    if not caller or caller[0][:1] in ("#", "@"):
        return
    c.calls.extend(Call(caller, c._qualified(name), at or line) for name, at in found.items())


_NO_CALL_AFTER: Final = frozenset(
    {"INTO", "TABLE", "REFERENCES", "ON", "EXEC", "EXECUTE", "INSERT", "JOIN", "UPDATE", "INDEX"}
)


_NAMES: Final = frozenset({T.VAR, T.IDENTIFIER})


def functions_in(c: FileCompiler, tokens: list[Token]) -> dict[Name, int]:
    """Functions that are called in tokens which are not parsed: conditions, assignments, defaults."""
    found: dict[Name, int] = {}
    if T.DOT not in [t.token_type for t in tokens]:
        return found
    for i in range(2, len(tokens) - 1):
        if (
            tokens[i + 1].token_type is not T.L_PAREN
            or tokens[i - 1].token_type is not T.DOT
            or tokens[i].token_type in _STRINGS
            or tokens[i - 2].token_type not in _NAMES
            or tokens[i].text.upper() in METHODS
        ):
            continue
        start = i - 2
        while start >= 2 and tokens[start - 1].token_type is T.DOT and tokens[start - 2].token_type in _NAMES:
            start -= 2
        before = tokens[start - 1] if start else None
        if before is not None and (before.token_type is T.PARAMETER or before.text.upper() in _NO_CALL_AFTER):
            continue
        hint = tokens[i + 2].text.upper() if i + 2 < len(tokens) else ""
        if hint in HINTS and before is not None and before.token_type is T.FROM:
            continue
        name = tuple(c._part(t) for t in tokens[start : i + 1] if t.token_type is not T.DOT)
        if name[-2] not in SYSTEM_SCHEMAS:
            found.setdefault(name, tokens[start].line)
    return found


def condition(c: FileCompiler, tokens: list[Token], kind: str, owner: str) -> None:
    """The queries in the condition of IF or WHILE are read; what they give goes nowhere."""
    if T.SELECT not in [t.token_type for t in tokens]:
        return
    builder = c._builder()
    roots: list[int] = []
    i = 1
    while i < len(tokens) - 1:
        if tokens[i].token_type is T.L_PAREN and tokens[i + 1].token_type in (T.SELECT, T.WITH):
            end = closing(tokens, i)
            roots.append(builder.query(c._parse(tokens[i + 1 : end], "SELECT")))
            i = end
        i += 1
    if roots:
        c._add(tokens, kind, builder, owner, subqueries=roots)


def call(c: FileCompiler, tokens: list[Token], owner: str) -> None:
    """``package.procedure(arguments)`` as a statement of PL/SQL."""
    if c.dialect != "oracle" or tokens[0].token_type is not T.VAR:
        return
    parts, i = read_name(tokens, 0)
    if not parts or i >= len(tokens) or tokens[i].token_type is not T.L_PAREN or closing(tokens, i) != len(tokens) - 1:
        return
    first = parts[0].text.upper()
    caller = c.owner_names.get(owner)
    if caller is None or first in _NO_PROGRAMS or first.startswith(_SUPPLIED):
        return
    c.calls.append(Call(caller, c._full(parts), tokens[0].line))


_NO_PROGRAMS: Final = frozenset({"RAISE_APPLICATION_ERROR", "PIPE", "RAISE", "RETURN", "COMMIT", "ROLLBACK", "EXIT"})


_SUPPLIED: Final = ("DBMS_", "UTL_", "APEX_", "HTP", "OWA_", "SDO_")


def _is_text(c: FileCompiler, tokens: list[Token], owner: str) -> bool:
    """Is it plpgsql's ``EXECUTE text``, and not ``EXECUTE prepared``?"""
    if tokens[0].text.upper() not in ("EXECUTE", "EXEC") or len(tokens) < 2:
        return False
    first = tokens[1]
    if first.token_type in _STRINGS:
        return True
    name = first.text.lower()
    after = tokens[2].token_type if len(tokens) > 2 else None
    if name in ("format", "concat") or after is T.DPIPE:
        return True
    return name in c.variables and after in (None, T.USING, T.INTO)


def _into_variables(
    c: FileCompiler, tokens: list[Token], start: int, owner: str
) -> tuple[Name, tuple[str, ...]] | None:
    """``INTO v, w`` of EXECUTE: the sink that takes a result into variables."""
    value = _until(tokens, start, ("INTO",))
    at = start + len(value)
    if at >= len(tokens):
        return None
    end = at + len(_until(tokens, at, ("USING",)))
    c.into = [tokens[a:b] for a, b in list_items(tokens, at + 1, end)]
    if c.into and c.into[0] and c.into[0][0].text.upper() == "STRICT":
        c.into[0] = c.into[0][1:]
    return VARIABLES, ()


def _binds(c: FileCompiler, tokens: list[Token], owner: str) -> list[str]:
    """``USING a, b``: variables of this statement alone that hold the values, by position."""
    value = _until(tokens, 1, ("USING",))
    at = 1 + len(value)
    names: list[str] = []
    for a, b in list_items(tokens, at + 1, len(tokens)):
        while a < b and tokens[a].text.upper() in ("IN", "OUT", "INOUT"):
            a += 1
        end = next((k for k in range(a, b) if tokens[k].token_type is T.ALIAS), b)
        c.bound += 1
        names.append(f"bind{c.bound}")
        c.declare(names[-1])
        if a < end:
            assign(c, names[-1], tokens[a:end], owner)
    return names


def _bound(tokens: list[Token], binds: list[str]) -> list[Token]:
    """The text with its placeholders (``$1``, ``:1``, ``:name``, ``?``) replaced by the variables that hold their values."""
    if not binds:
        return tokens
    out: list[Token] = []
    seen: dict[str, int] = {}
    i = 0
    while i < len(tokens):
        token = tokens[i]
        kind = token.token_type
        position = -1
        width = 2
        following = tokens[i + 1] if i + 1 < len(tokens) else None
        if kind is T.PLACEHOLDER:
            position, width = seen.setdefault(f"?{i}", len(seen)), 1
        elif following is not None and following.start == token.end + 1:
            if kind is T.PARAMETER and following.token_type is T.NUMBER:
                position = int(following.text) - 1
            elif kind is T.COLON and following.token_type in (T.NUMBER, T.VAR):
                position = seen.setdefault(f":{i}", len(seen))
        if 0 <= position < len(binds):
            out.append(Token(T.VAR, binds[position], token.line, token.col, token.start, token.end))
            i += width
        else:
            out.append(token)
            i += 1
    return out


def _until(tokens: list[Token], start: int, words: tuple[str, ...]) -> list[Token]:
    depth = 0
    for i in range(start, len(tokens)):
        depth += (tokens[i].token_type is T.L_PAREN) - (tokens[i].token_type is T.R_PAREN)
        if depth == 0 and tokens[i].text.upper() in words and tokens[i].token_type not in _STRINGS:
            return tokens[start:i]
    return tokens[start:]


def _insert_result(
    c: FileCompiler, tokens: list[Token], callee: Name, into: tuple[Name, tuple[str, ...]], owner: str
) -> None:
    """``INSERT t EXEC p``: what p returns goes into t by position."""
    builder = c._builder()
    table = builder._add(TableRef(callee, tokens[0].line))
    index = len(builder.relations)
    output = Output(None, (Ref(table, index, STAR, IDENTITY, tokens[0].line),), tokens[0].line, star=True)
    root = builder._add(Select((table,), (output,)))
    c._add(tokens, "insert", builder, owner, root=root, target=into[0], columns=into[1])


def _unresolved(c: FileCompiler, tokens: list[Token], why: str) -> None:
    c._note("RL110", "warning", f"dynamic SQL was not resolved: {why}", tokens[0].line)


def _run_text(
    c: FileCompiler,
    value: list[Token],
    tokens: list[Token],
    owner: str,
    into: tuple[Name, tuple[str, ...]] | None,
    binds: list[str] | None = None,
    mark: str = "",
) -> None:
    """``mark`` stands in the text for something that is not known."""
    texts = [text_of(value, known) for known in c.known_texts(value, owner)] if value else []
    if mark:
        texts = [
            t._replace(text=t.text.replace(mark, UNKNOWN), complete=t.complete and mark not in t.text) for t in texts
        ]
    found = dict.fromkeys(t for t in texts if t.known and t.text.strip())
    if not found:
        _unresolved(c, tokens, "its text is not written down as constants")
        if into is not None and into[0] != VARIABLES:
            c._add(tokens, "insert", c._builder(), owner, target=into[0])
        return
    if c.nested >= _MAX_NESTED:
        _unresolved(c, tokens, "it is nested too deeply")
        return
    for text in found:
        compile_text_inside(c, text, (start_line(value[0]), tokens[-1].line), owner, into, binds)


def compile_text_inside(
    c: FileCompiler,
    found: Text,
    lines: tuple[int, int],
    owner: str,
    into: tuple[Name, tuple[str, ...]] | None = None,
    binds: list[str] | None = None,
) -> None:
    """Compile SQL that stands in a string, between ``lines``. What cannot be read in it is a warning: it may be no SQL."""
    first, last = lines
    inner, _ = tokenize(found.text, c.dialect)
    inner = _bound(inner, binds or [])
    before, failed, diagnostics = len(c.statements), c.failed, len(c.diagnostics)
    outer_text, outer_sink, c.text, c.sink = c.text, c.sink, found.text, into
    catalog, schema = c.catalog, c.schema
    c.nested += 1
    try:
        c._compile_tokens([shifted(t, min(first - 1, last - t.line), 0) for t in inner], owner)
    finally:
        c.nested -= 1
        c.text, c.sink = outer_text, outer_sink
        if c.is_tsql:  # USE in it ends with it
            c.catalog, c.schema = catalog, schema
    c.failed = failed
    for k in range(diagnostics, len(c.diagnostics)):
        d = c.diagnostics[k]
        if d.code == "RL102":
            c.diagnostics[k] = msgspec.structs.replace(
                d, code="RL111", severity="warning", message=f"in dynamic SQL: {d.message}"
            )
    if not found.complete:
        for k in range(before, len(c.statements)):
            c.statements[k] = msgspec.structs.replace(c.statements[k], possible=True)


def unknown_name(name: Name) -> Name:
    """A name with an unknown part is a table of nobody: it has no sources and nothing it gets can be seen. Where only its
    database is unknown it is the table of that name in whichever one."""
    if len(name) > 2 and name[-3] == UNKNOWN and not any(UNKNOWN in part for part in name[-2:]):
        return name[-2:]
    return ("#" + UNKNOWN,) if any(UNKNOWN in part for part in name) else name


def copy(c: FileCompiler, tokens: list[Token], owner: str) -> None:
    """``COPY [INTO] t FROM 'location'``, ``COPY [INTO] 'location' FROM t``, ``COPY t TO 'location'``: a location is a dataset."""
    i = 2 if len(tokens) > 1 and tokens[1].token_type is T.INTO else 1
    at = next(
        (
            k
            for k in range(i, len(tokens))
            if tokens[k].text.upper() in ("FROM", "TO") and tokens[k].token_type not in _STRINGS
        ),
        -1,
    )
    if at < 0 or at + 1 >= len(tokens):
        return
    backwards = tokens[at].text.upper() == "TO"
    columns: tuple[str, ...] = ()
    first, end = location_or_table(c, tokens, i)
    if end < at and tokens[end].token_type is T.L_PAREN and not _starts_with_query(tokens, end):
        columns = column_list(c, tokens, end)
    source, target = (tokens[i:at], tokens[at + 1 :]) if backwards else (tokens[at + 1 :], tokens[i:at])
    if i < len(tokens) and tokens[i].token_type is T.L_PAREN:  # COPY (query) TO
        end = closing(tokens, i)
        at, backwards, source, target = end + 1, True, tokens[i : end + 1], tokens[end + 2 :]
    written = location_or_table(c, target, 0)[0] if backwards else first
    if not written:
        return
    if source and source[0].token_type is T.L_PAREN and _starts_with_query(source, 0):
        tree = c._parse(source[1 : closing(source, 0)], "SELECT")
        builder = c._builder()
        root = builder.query(tree)
        c._add(tokens, "copy", builder, owner, root=root, target=written, columns=columns)
        return
    read = location_or_table(c, source, 0)[0]
    if read and columns:
        _copy_columns(c, tokens, read, written, columns, backwards, owner)
    elif read:
        move(c, tokens, read, written, "copy", owner)


def _copy_columns(
    c: FileCompiler, tokens: list[Token], read: Name, written: Name, columns: tuple[str, ...], out: bool, owner: str
) -> None:
    """Of a file which columns these are is not known; to a file go those of the table."""
    builder = c._builder()
    table = builder._add(TableRef(read, tokens[0].line))
    if out:
        refs = tuple(Output(n, (Ref(table, 1, n, IDENTITY, tokens[0].line),), tokens[0].line) for n in columns)
        root = builder._add(Select((table,), refs))
        c._add(tokens, "copy", builder, owner, root=root, target=written)
        return
    star = Output(None, (Ref(table, 1, STAR, IDENTITY, tokens[0].line),), tokens[0].line, star=True)
    root = builder._add(Alias(builder._add(Select((table,), (star,))), columns))
    c._add(tokens, "copy", builder, owner, root=root, target=written, columns=columns)


def bulk_insert(c: FileCompiler, tokens: list[Token], owner: str) -> None:
    """``BULK INSERT t FROM 'file'``."""
    parts, at = read_name(tokens, 2)
    if not parts or at + 1 >= len(tokens) or tokens[at].token_type is not T.FROM:
        return
    if tokens[at + 1].token_type in _STRINGS:
        move(c, tokens, file_of(c, tokens[at + 1]), c._full(parts), "copy", owner)
    else:
        c._add(tokens, "copy", c._builder(), owner, target=c._full(parts))


def unload(c: FileCompiler, tokens: list[Token], owner: str) -> None:
    """``UNLOAD ('SELECT ...') TO 'location'``."""
    at = next((k for k, t in enumerate(tokens) if t.text.upper() == "TO" and t.token_type not in _STRINGS), -1)
    if at < 3 or at + 1 >= len(tokens) or tokens[1].token_type is not T.L_PAREN:
        return
    location = location_or_table(c, tokens, at + 1)[0]
    query = tokens[2 : at - 1]
    if len(query) == 1 and query[0].token_type in _STRINGS:
        compile_text_inside(
            c, Text(query[0].text, True, True), (start_line(query[0]), tokens[-1].line), owner, (location, ())
        )
    elif query:
        builder = c._builder()
        root = builder.query(c._parse(query, "SELECT"))
        c._add(tokens, "unload", builder, owner, root=root, target=location)


def _starts_with_query(tokens: list[Token], i: int) -> bool:
    return i + 1 < len(tokens) and tokens[i + 1].token_type in (T.SELECT, T.WITH)


def location_or_table(c: FileCompiler, tokens: list[Token], i: int) -> tuple[Name, int]:
    if i >= len(tokens):
        return (), i
    if tokens[i].token_type in _STRINGS:
        return external(c, tokens[i].text, tokens[i].line), i + 1
    if tokens[i].token_type is T.PARAMETER or tokens[i].text.startswith("@"):  # a stage of Snowflake, with its path
        end = i + 1
        while (
            end < len(tokens)
            and tokens[end].start == tokens[end - 1].end + 1
            and tokens[end].token_type is not T.L_PAREN
        ):
            end += 1
        return external(c, c.text[tokens[i].start : tokens[end - 1].end + 1], tokens[i].line), end
    if tokens[i].token_type is T.L_PAREN or tokens[i].text.upper() in ("STDIN", "STDOUT", "PROGRAM"):
        return (), i
    parts, end = read_name(tokens, i)
    return (c._full(parts) if parts else ()), end


def external(c: FileCompiler, location: str, line: int) -> Name:
    """A file, a folder or a stage: locations are compared as they are written."""
    plain = location_of(location)
    name = ("external", f"stage:{plain[1:]}" if plain.startswith("@") else plain)
    if not any(d.name == name for d in c.declarations):
        c.declarations.append(Declaration(name, "External", line))
    return name


def multi_insert(c: FileCompiler, tokens: list[Token], owner: str) -> bool:
    """Hive's ``FROM t INSERT INTO a SELECT x WHERE ... INSERT INTO b SELECT y``. False if it is something else."""
    depth = 0
    starts: list[int] = []
    begin = -1
    for i, token in enumerate(tokens):
        kind = token.token_type
        depth += (kind is T.L_PAREN) - (kind is T.R_PAREN)
        if depth:
            continue
        if kind is T.FROM and begin < 0:
            begin = i
        elif kind is T.SELECT and begin < 0:
            return False
        elif kind is T.INSERT:
            if begin < 0:
                return False
            starts.append(i)
    if not starts:
        return False
    ctes, head = tokens[:begin], tokens[begin : starts[0]]
    for start, end in zip(starts, [*starts[1:], len(tokens)], strict=True):
        part = tokens[start:end]
        cut = len(part)
        depth = 0
        for i, token in enumerate(part):
            depth += (token.token_type is T.L_PAREN) - (token.token_type is T.R_PAREN)
            if depth == 0 and token.token_type in _AFTER_FROM:
                cut = i
                break
        c._data([*ctes, *part[:cut], *head, *part[cut:]], "INSERT", owner)
    return True


_AFTER_FROM: Final = frozenset(
    {
        T.WHERE,
        T.GROUP_BY,
        T.ORDER_BY,
        T.HAVING,
        T.LIMIT,
        T.LATERAL,
        T.CLUSTER_BY,
        T.DISTRIBUTE_BY,
        T.SORT_BY,
        T.QUALIFY,
        T.WINDOW,
    }
)


def synonym(c: FileCompiler, tokens: list[Token], owner: str) -> None:
    """CREATE SYNONYM a FOR b: a has the columns of b."""
    at = next((i for i, t in enumerate(tokens[:6]) if t.text.upper() == "SYNONYM"), -1)
    name, i = read_name(tokens, at + 1)
    if not name or i >= len(tokens) or tokens[i].text.upper() != "FOR":
        return
    base, _ = read_name(tokens, i + 1)
    if base:
        copy_of(c, tokens, c._full(name), "Synonym", c._full(base), "create_synonym", owner)


def copy_of(
    c: FileCompiler, tokens: list[Token], name: Name, kind: str, source: Name, statement: str, owner: str
) -> None:
    """A dataset that has all columns of another one."""
    c.declarations.append(Declaration(name, kind, tokens[0].line, (), len(c.statements)))
    move(c, tokens, source, name, statement, owner, defines=True)


def move(
    c: FileCompiler,
    tokens: list[Token],
    source: Name,
    target: Name,
    statement: str,
    owner: str,
    *,
    defines: bool = False,
) -> None:
    builder = c._builder()
    table = builder._add(TableRef(source, tokens[0].line))
    output = Output(None, (Ref(table, 1, STAR, IDENTITY, tokens[0].line),), tokens[0].line, star=True)
    root = builder._add(Select((table,), (output,)))
    c._add(tokens, statement, builder, owner, root=root, target=target, defines=defines)


def drop(c: FileCompiler, tokens: list[Token], owner: str) -> None:
    """DROP TABLE a, b: what this script declared of them before is over."""
    if len(tokens) < 3 or tokens[1].text.upper() not in ("TABLE", "VIEW", "MATERIALIZED", "SYNONYM", "EXTERNAL"):
        return
    i = 2
    while i < len(tokens) and tokens[i].text.upper() in ("IF", "EXISTS", "VIEW", "TABLE"):
        i += 1
    while i < len(tokens):
        parts, i = read_name(tokens, i)
        if not parts:
            return
        name = c._full(parts)
        c.declarations[:] = [d for d in c.declarations if d.name != name or d.temporary]
        if name[0].startswith("#"):
            c._add(tokens, "assign", c.nothing, owner, target=name, defines=True)
        i += 1


def replaced(c: FileCompiler, tokens: list[Token], name: Name, query: int) -> None:
    """``CREATE OR REPLACE``, ``CREATE OR ALTER`` and ``ALTER VIEW``: what this script declared of it before is over, unless
    the query at ``query`` reads that."""
    words = [t.text.upper() for t in tokens[:3]]
    if words[0] not in ("ALTER", "REPLACE") and words[1:] not in (["OR", "REPLACE"], ["OR", "ALTER"]):
        return
    is_whole = words[0] != "ALTER" or query < len(tokens)
    if is_whole and not any(c._part(t) == name[-1] for t in tokens[query:]):
        c.declarations[:] = [d for d in c.declarations if d.name != name or d.temporary]


def alter_table(c: FileCompiler, tokens: list[Token], name: Name, i: int, owner: str) -> None:
    """What follows the name in ALTER TABLE: renames, moves of rows, foreign keys."""
    words = [t.text.upper() for t in tokens[i:]]
    if not words:
        return
    _changed_columns(c, tokens, name, i)
    if words[0] == "RENAME" and words[1:2] and words[1] not in _PARTS and words[2:3] != ["TO"]:
        at = i + (2 if words[1] in ("TO", "AS") else 1)
        parts, _ = read_name(tokens, at)
        if parts:
            new = c._name(parts)
            rename(c, tokens, name, (*name[:-1], *new) if len(new) == 1 else c._qualified(new), owner)
    elif words[0] == "SWITCH" and "TO" in words:
        parts, _ = read_name(tokens, i + words.index("TO") + 1)
        if parts:
            move(c, tokens, name, c._full(parts), "switch", owner)
    elif words[:2] == ["SET", "SCHEMA"] and len(words) > 2:
        move(c, tokens, name, (*name[:-2], c._part(tokens[i + 2]), name[-1]), "rename", owner)
    elif words[:2] == ["APPEND", "FROM"]:
        parts, _ = read_name(tokens, i + 2)
        if parts:
            move(c, tokens, c._full(parts), name, "append", owner)
    elif words[:2] == ["REPLACE", "WITH"]:  # of Doris: a swap
        parts, _ = read_name(tokens, i + (3 if words[2:3] == ["TABLE"] else 2))
        if parts:
            move(c, tokens, c._full(parts), name, "swap", owner)
            move(c, tokens, name, c._full(parts), "swap", owner)
    elif words[0] in ("UPDATE", "DELETE") and c.dialect == "clickhouse":
        _mutation(c, tokens, i, owner)
    elif (
        words[:1] in (["EXCHANGE"], ["REPLACE"], ["ATTACH"], ["MOVE"])
        and words[1:2] == ["PARTITION"]
        and c.dialect != "postgres"
    ):
        _exchange(c, tokens, name, i, owner)
    elif words[:2] == ["ATTACH", "PARTITION"]:
        parts, _ = read_name(tokens, i + 2)
        if parts:
            move(c, tokens, c._full(parts), name, "attach_partition", owner)
    elif words[:2] == ["SWAP", "WITH"]:
        parts, _ = read_name(tokens, i + 2)
        if parts:
            move(c, tokens, name, c._full(parts), "swap", owner)
            move(c, tokens, c._full(parts), name, "swap", owner)
    foreign_keys(c, tokens, i, len(tokens), name)


def _mutation(c: FileCompiler, tokens: list[Token], i: int, owner: str) -> None:
    """``ALTER TABLE t UPDATE a = b WHERE c`` and ``ALTER TABLE t DELETE WHERE c`` of ClickHouse."""
    verb = tokens[i].text.upper()
    kind, text = (T.SET, "SET") if verb == "UPDATE" else (T.FROM, "FROM")
    mark = Token(kind, text, tokens[i].line, tokens[i].col, tokens[i].start, tokens[i].end)
    name = tokens[2:i]
    c._data(
        [tokens[i], *name, mark, *tokens[i + 1 :]] if verb == "UPDATE" else [tokens[i], mark, *name, *tokens[i + 1 :]],
        verb,
        owner,
    )


def exchange_tables(c: FileCompiler, tokens: list[Token], owner: str) -> None:
    """``EXCHANGE TABLES a AND b`` of ClickHouse."""
    one, i = read_name(tokens, 2)
    if one and i < len(tokens) and tokens[i].token_type is T.AND:
        other, _ = read_name(tokens, i + 1)
        if other:
            move(c, tokens, c._full(one), c._full(other), "swap", owner)
            move(c, tokens, c._full(other), c._full(one), "swap", owner)


def _exchange(c: FileCompiler, tokens: list[Token], name: Name, i: int, owner: str) -> None:
    """``EXCHANGE PARTITION p WITH TABLE s`` swaps the rows (Hive's moves them from s), ``REPLACE PARTITION p FROM s`` copies
    them."""
    depth = 0
    for k in range(i, len(tokens)):
        depth += (tokens[k].token_type is T.L_PAREN) - (tokens[k].token_type is T.R_PAREN)
        word = tokens[k].text.upper()
        if depth or word not in ("WITH", "FROM", "TO"):
            continue
        at = k + 2 if k + 1 < len(tokens) and tokens[k + 1].text.upper() == "TABLE" else k + 1
        parts, _ = read_name(tokens, at)
        if parts and word == "TO":
            move(c, tokens, name, c._full(parts), "exchange", owner)
        elif parts:
            move(c, tokens, c._full(parts), name, "exchange", owner)
            if word == "WITH" and c.dialect not in ("hive", "spark", "databricks"):
                move(c, tokens, name, c._full(parts), "exchange", owner)
        return


def rename(c: FileCompiler, tokens: list[Token], old: Name, new: Name, owner: str) -> None:
    """The rows of ``old`` are now ``new``'s, with the columns that this script declared."""
    known = next((d for d in reversed(c.declarations) if d.name == old and not d.adds), None)
    if known is not None and known.columns:
        c.declarations.append(msgspec.structs.replace(known, name=new, statement=-1))
        move(c, tokens, old, new, "rename", owner)
    else:
        copy_of(c, tokens, new, known.kind if known else "Table", old, "rename", owner)


def transfer(c: FileCompiler, tokens: list[Token], owner: str) -> None:
    """``ALTER SCHEMA s TRANSFER [OBJECT::] other.t``: it is s.t from here on."""
    schema, i = read_name(tokens, 2)
    if len(schema) != 1 or i >= len(tokens) or tokens[i].text.upper() != "TRANSFER":
        return
    if i + 2 < len(tokens) and tokens[i + 2].token_type is T.DCOLON:
        if tokens[i + 1].text.upper() != "OBJECT":
            return
        i += 2
    parts, _ = read_name(tokens, i + 1)
    if parts:
        old = c._full(parts)
        rename(c, tokens, old, (*old[:-2], c._part(schema[0]), old[-1]), owner)


def rename_column(c: FileCompiler, table: Name, old: str, new: str) -> None:
    """In this script's declaration of the table, if there is one."""
    for k, d in enumerate(c.declarations):
        if d.name == table and any(x.name == old for x in d.columns):
            columns = tuple(msgspec.structs.replace(x, name=new) if x.name == old else x for x in d.columns)
            c.declarations[k] = msgspec.structs.replace(d, columns=columns)
            return
    c.declarations.append(Declaration(table, "Table", 0, (DeclaredColumn(new),), adds=True))


_PARTS: Final = frozenset(
    {"COLUMN", "CONSTRAINT", "INDEX", "KEY", "PARTITION", "SUBPARTITION", "ROLLUP", "LOB", "CHECK", "DEFAULT"}
)
"""What of a table ALTER TABLE may rename or drop; nothing else than a column where no such word stands."""


def _changed_columns(c: FileCompiler, tokens: list[Token], table: Name, i: int) -> None:
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
        if a >= b or kind == "CONSTRAINT" or (not kind and (c.is_tsql or tokens[a].text.upper() in _PARTS)):
            continue
        rest = [t.text.upper() for t in tokens[a + 1 : b]]
        if verb == "DROP" and tokens[a].token_type is T.L_PAREN:
            gone.update(c._part(tokens[x]) for x, _ in list_items(tokens, a + 1, closing(tokens, a)))
        elif verb == "DROP" and (kind or rest in ([], ["CASCADE"], ["RESTRICT"])):
            gone.add(c._part(tokens[a]))
        elif verb == "RENAME" and len(rest) > 1 and rest[0] == "TO":
            rename_column(c, table, c._part(tokens[a]), c._part(tokens[a + 2]))
        elif (verb == "CHANGE" and len(rest) > 1) or (verb == "RENAME" and kind and rest):
            rename_column(c, table, c._part(tokens[a]), c._part(tokens[a + 1]))
    for k, d in enumerate(c.declarations if gone else ()):
        if d.name == table and d.columns and not d.temporary:
            columns = tuple(x for x in d.columns if x.name not in gone)
            c.declarations[k] = msgspec.structs.replace(d, columns=columns)


_CHANGES: Final = frozenset({"DROP", "RENAME", "CHANGE", "ADD", "ALTER", "MODIFY", "SET", "WITH"})


def _sp_rename(c: FileCompiler, tokens: list[Token], at: int, owner: str) -> None:
    texts: list[str] = []
    for a, b in list_items(tokens, at, len(tokens)):
        if b - a >= 3 and tokens[a].token_type is T.PARAMETER:
            a += 3
        texts.append(tokens[a].text if a < b and tokens[a].token_type in _STRINGS else "")
    if len(texts) < 2 or not texts[0] or not texts[1]:
        return
    kind = texts[2].upper() if len(texts) > 2 else "OBJECT"
    inner, _ = tokenize(texts[0], c.dialect)
    parts, _ = read_name(inner, 0)
    if kind == "COLUMN" and len(parts) > 1:
        rename_column(c, c._full(parts[:-1]), c._part(parts[-1]), c.fold(texts[1], False))
    elif kind == "OBJECT" and parts:
        old = c._full(parts)
        rename(c, tokens, old, (*old[:-1], c.fold(texts[1], False)), owner)


def foreign_keys(c: FileCompiler, tokens: list[Token], start: int, end: int, table: Name) -> None:
    """``[FOREIGN KEY (a, b)] REFERENCES other [(x, y)]`` in the items of CREATE TABLE or ALTER TABLE."""
    if not c.has_keys:
        return
    for at in range(start, end):
        if tokens[at].text.upper() != "REFERENCES" or tokens[at].token_type is T.IDENTIFIER:
            continue
        other, i = read_name(tokens, at + 1)
        if not other:
            continue
        others = column_list(c, tokens, i)
        if at > start and tokens[at - 1].token_type is T.R_PAREN and _is_key_list(tokens, start, at):
            a = at - 1
            while a > start and tokens[a].token_type is not T.L_PAREN:
                a -= 1
            columns = column_list(c, tokens, a)
        else:
            a, _ = next(((x, y) for x, y in list_items(tokens, start, end) if x <= at < y), (at, at))
            while a < at and tokens[a].text.upper() in ("ADD", "COLUMN", "WITH", "CHECK", "NOCHECK"):
                a += 1
            columns = (
                (c._part(tokens[a]),) if a < at and tokens[a].text.upper() not in ("CONSTRAINT", "FOREIGN") else ()
            )
        if columns:
            c.foreign_keys.append(ForeignKey(table, columns, c._full(other), others, tokens[at].line))


def _is_key_list(tokens: list[Token], start: int, at: int) -> bool:
    a = at - 1
    while a > start and tokens[a].token_type is not T.L_PAREN:
        a -= 1
    before = [t.text.upper() for t in tokens[max(start, a - 3) : a]]
    return "KEY" in " ".join(before).split() and "FOREIGN" in " ".join(before).split()


def column_list(c: FileCompiler, tokens: list[Token], i: int) -> tuple[str, ...]:
    if i >= len(tokens) or tokens[i].token_type is not T.L_PAREN:
        return ()
    return tuple(c._part(tokens[a]) for a, _ in list_items(tokens, i + 1, closing(tokens, i)))
