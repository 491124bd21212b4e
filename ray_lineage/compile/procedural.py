"""What procedures do besides data statements: variables, cursors, calls, dynamic SQL, and DDL that moves data.

Each function reads one slice of tokens and tells the file's compiler what it says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
from sqlglot.errors import SqlglotError
from sqlglot.tokens import Token

from ray_lineage.compile import ddl
from ray_lineage.compile.dynamic import UNKNOWN, Text, text_of
from ray_lineage.compile.kinds import T
from ray_lineage.compile.relations import IDENTITY, Builder, Collected, Scope
from ray_lineage.compile.rewrite import HINTS, METHODS
from ray_lineage.compile.rowsets import file_of
from ray_lineage.compile.split import closing
from ray_lineage.compile.tokens import shifted, tokenize
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
    from ray_lineage.compile.statements import FileCompiler

_MAX_NESTED: Final = 4  # dynamic SQL in dynamic SQL
_STRINGS: Final = frozenset({T.STRING, T.NATIONAL_STRING, T.RAW_STRING, T.HEREDOC_STRING})


# --------------------------------------------------------------------------- variables


def assign(c: FileCompiler, name: str, value: list[Token], owner: str) -> None:
    """``name = expression``. Remembers texts for dynamic SQL; a query or another variable in it gives lineage, and anything
    else takes away what the variable had."""
    if not value:
        return
    texts = c.texts_of(owner)
    found = dict.fromkeys(text_of(value, known) for known in texts.variants(value, c.path))
    texts.assign(name.lower(), c.path, tuple(found))
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
    carriers = c.carriers.get(owner)
    may_get = c.is_tsql and c.in_loop
    for i, token in enumerate(value):
        if token.token_type is T.SELECT:
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
    parts, at = ddl.read_name(tokens, i)
    if len(parts) != 1 or at >= len(tokens):
        return
    name = parts[0].text
    plus: list[Token] = []
    if tokens[at].token_type is T.PLUS:
        plus = [*tokens[i:at], tokens[at]]
        at += 1
    if at >= len(tokens) or tokens[at].token_type not in (T.EQ, T.COLON_EQ):
        return
    if not name.startswith("@") and c.fold(name, False) not in c.variables:
        return
    if at + 1 < len(tokens) and tokens[at + 1].text.upper() == "CURSOR":
        query = next((k for k in range(at, len(tokens)) if tokens[k].token_type in (T.SELECT, T.WITH)), -1)
        if query > 0:
            c.seen += 1
            cursor(c, tokens[i + 1], tokens[query:], tokens, owner)
        return
    assign(c, name, [*plus, *tokens[at + 1 :]], owner)


def declare(c: FileCompiler, tokens: list[Token], owner: str) -> None:
    """``DECLARE @a int = 1, @b nvarchar(max) = N'...'``."""
    for a, b in ddl.items(tokens, 1, len(tokens)):
        parts, i = ddl.read_name(tokens, a)
        if not parts:
            continue
        name = parts[0].text
        if not name.startswith("@"):
            c.variables.add(c._part(parts[0]))
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
    if c.is_tsql:
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
    for a, b in ddl.items(tokens, max(start, 0), end):
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
        if depth == 0 and token.token_type is T.INTO:
            at = i
            break
    if at < 0:
        return False
    names: list[str] = []
    i = at + 1
    if i < len(tokens) and tokens[i].text.upper() == "STRICT":
        i += 1
    while i < len(tokens):
        start = i
        if tokens[i].token_type is T.COLON:
            i += 1
        parts, i = ddl.read_name(tokens, i)
        name = c._part(parts[0]) if parts else ""
        if not name or (
            name not in c.variables and not name.startswith("@") and tokens[start].token_type is not T.COLON
        ):
            return False
        names.append(variable_name(c, name))
        if i < len(tokens) and tokens[i].token_type is T.COMMA:
            i += 1
            continue
        break
    tree = c._parse([*tokens[:at], *tokens[i:]], "SELECT")
    builder = c._builder()
    root = builder.query(tree)
    positions = tuple(f"c{n}" for n in range(len(names)))
    alias = builder._add(Alias(root, positions))
    assignments = tuple(
        Assignment(name, (Ref(alias, -1, position, IDENTITY, tokens[0].line),), tokens[0].line)
        for name, position in zip(names, positions, strict=True)
    )
    _carries(c, owner, assignments)
    c._add(tokens, "assign", builder, owner, target=VARIABLES, assignments=assignments, subqueries=[root])
    return True


# --------------------------------------------------------------------------- cursors


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
    at = next((i for i, t in enumerate(tokens) if t.token_type is T.INTO), -1)
    if at < 2:
        return
    parts, _ = ddl.read_name(tokens, at - 1)
    names: list[str] = []
    i = at + 1
    while i < len(tokens):
        found, i = ddl.read_name(tokens, i)
        if not found:
            break
        names.append(variable_name(c, c._part(found[0])))
        i += 1
    if not parts or not names:
        return
    builder = c._builder()
    table = builder._add(TableRef((f"#cursor:{c._part(parts[-1])}",), tokens[0].line))
    positions = tuple(f"c{n}" for n in range(len(names)))
    alias = builder._add(Alias(table, positions))
    assignments = tuple(
        Assignment(name, (Ref(alias, -1, position, IDENTITY, tokens[0].line),), tokens[0].line)
        for name, position in zip(names, positions, strict=True)
    )
    _carries(c, owner, assignments)
    c._add(tokens, "assign", builder, owner, target=VARIABLES, assignments=assignments, subqueries=[alias])


def receive(c: FileCompiler, tokens: list[Token], owner: str) -> None:
    """``RECEIVE columns FROM queue [INTO @t] [WHERE ...]``, alone or in ``WAITFOR (...)``: reads a queue."""
    body = tokens[2 : closing(tokens, 1)] if tokens[0].text.upper() == "WAITFOR" else tokens
    first = body[0]
    body = [Token(T.SELECT, "SELECT", first.line, first.col, first.start, first.end), *body[1:]]
    at = next((k for k, t in enumerate(body) if t.token_type is T.INTO), -1)
    target: Name = ()
    if at > 0:
        parts, end = ddl.read_name(body, at + 1)
        target = c._full(parts)
        body = [*body[:at], *body[end:]]
    c.seen += 1
    tree = c._parse(body, "SELECT")
    builder = c._builder()
    root = builder.query(tree)
    if builder.assigned:
        selected(c, tokens, builder, owner, root, sure=False)
    else:
        c._add(tokens, "receive", builder, owner, root=root, target=target)


def loop(c: FileCompiler, tokens: list[Token], owner: str) -> None:
    """``FOR r IN (SELECT ...) LOOP`` and ``FOR r IN cursor LOOP``: r is a row of the query."""
    if len(tokens) < 4 or tokens[2].text.upper() != "IN":
        return
    name = c._part(tokens[1])
    i = 4 if tokens[3].text.upper() == "REVERSE" else 3
    query = tokens[i:]
    while len(query) > 2 and query[0].token_type is T.L_PAREN and closing(query, 0) == len(query) - 1:
        query = query[1:-1]
    if query and query[0].token_type in (T.SELECT, T.WITH):
        c.rows[name] = (f"#cursor:{name}",)
        c.seen += 1
        cursor(c, tokens[1], query, tokens, owner)
    elif len(query) == 1 or (len(query) > 1 and query[1].token_type is T.L_PAREN):
        c.rows[name] = (f"#cursor:{c._part(query[0])}",)


# --------------------------------------------------------------------------- calls and dynamic SQL


def execute(c: FileCompiler, tokens: list[Token], owner: str, into: tuple[Name, tuple[str, ...]] | None = None) -> None:
    """EXEC, EXECUTE, CALL, EXECUTE IMMEDIATE, PREPARE. ``into`` is the table that takes the result (INSERT ... EXEC)."""
    i = 1
    word = tokens[i].text.upper() if len(tokens) > 1 else ""
    if word == "IMMEDIATE" or (tokens[0].text.upper() == "PREPARE" and len(tokens) > 3):
        i = 2 if word == "IMMEDIATE" else 3
        _run_text(c, _until(tokens, i, ("USING", "INTO", "RETURNING")), tokens, owner, into)
        return
    if len(tokens) > 1 and tokens[1].token_type in (T.L_PAREN, *_STRINGS):
        end = closing(tokens, 1) + 1 if tokens[1].token_type is T.L_PAREN else len(tokens)
        inner = tokens[2 : end - 1] if tokens[1].token_type is T.L_PAREN else tokens[1:end]
        at = next((k for k in range(end, len(tokens) - 1) if tokens[k].text.upper() == "AT"), -1)
        with c.elsewhere(tokens[at + 1].text if at > 0 else ""):
            _run_text(c, _until(inner, 0, (",",)), tokens, owner, into)
        return
    parts, at = ddl.read_name(tokens, 1)
    if at < len(tokens) and tokens[at].token_type is T.EQ:  # EXEC @result = procedure
        parts, at = ddl.read_name(tokens, at + 1)
    if not parts:
        return
    if parts[-1].text.startswith("@"):
        known = c.texts_of(owner).variants(tokens[:at], c.path)
        named = [text_of(tokens[at - 2 : at], variables) for variables in known] if tokens[at - 2 : at] else []
        if any(n.text.lower().endswith("sp_executesql") for n in named):
            _run_with_parameters(c, tokens, at, owner, into)
            return
        inner = tokenize(named[0].text, c.dialect)[0] if named and named[0].complete else []
        parts = ddl.read_name(inner, 0)[0]
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
    for a, b in ddl.items(tokens, at, len(tokens)):
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
        c.seen += 1
        c._add(tokens, kind, builder, owner, subqueries=roots)


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
    mark: str = "",
) -> None:
    """``mark`` stands in the text for something that is not known."""
    texts = [text_of(value, known) for known in c.texts_of(owner).variants(value, c.path)] if value else []
    if mark:
        texts = [
            t._replace(text=t.text.replace(mark, UNKNOWN), complete=t.complete and mark not in t.text) for t in texts
        ]
    found = dict.fromkeys(t for t in texts if t.known and t.text.strip())
    if not found:
        _unresolved(c, tokens, "its text is not written down as constants")
        if into is not None:
            c._add(tokens, "insert", c._builder(), owner, target=into[0])
        return
    if c.nested >= _MAX_NESTED:
        _unresolved(c, tokens, "it is nested too deeply")
        return
    for text in found:
        compile_text_inside(c, text, (_first_line(value[0]), tokens[-1].line), owner, into)


def compile_text_inside(
    c: FileCompiler, found: Text, lines: tuple[int, int], owner: str, into: tuple[Name, tuple[str, ...]] | None = None
) -> None:
    """Compile SQL that stands in a string, between ``lines``. What cannot be read in it is a warning: it may be no SQL."""
    first, last = lines
    inner, _ = tokenize(found.text, c.dialect)
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


def _first_line(token: Token) -> int:
    """Line of a string token's first character (``Token.line`` is that of its last)."""
    return int(token.line) - int(token.text.count("\n"))


def unknown_name(name: Name) -> Name:
    """A name with an unknown part is a table of nobody: it has no sources and nothing it gets can be seen. Where only its
    database is unknown it is the table of that name in whichever one."""
    if len(name) > 2 and name[-3] == UNKNOWN and not any(UNKNOWN in part for part in name[-2:]):
        return name[-2:]
    return ("#" + UNKNOWN,) if any(UNKNOWN in part for part in name) else name


# --------------------------------------------------------------------------- files outside, several targets


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
    first, end = _location_or_table(c, tokens, i)
    if end < at and tokens[end].token_type is T.L_PAREN and not _starts_with_query(tokens, end):
        columns = _column_list(c, tokens, end)
    source, target = (tokens[i:at], tokens[at + 1 :]) if backwards else (tokens[at + 1 :], tokens[i:at])
    written = _location_or_table(c, target, 0)[0] if backwards else first
    if not written:
        return
    if source and source[0].token_type is T.L_PAREN and _starts_with_query(source, 0):
        tree = c._parse(source[1 : closing(source, 0)], "SELECT")
        builder = c._builder()
        root = builder.query(tree)
        c._add(tokens, "copy", builder, owner, root=root, target=written, columns=columns)
        return
    read = _location_or_table(c, source, 0)[0]
    if read:
        _move(c, tokens, read, written, "copy", owner)


def bulk_insert(c: FileCompiler, tokens: list[Token], owner: str) -> None:
    """``BULK INSERT t FROM 'file'``."""
    parts, at = ddl.read_name(tokens, 2)
    if not parts or at + 1 >= len(tokens) or tokens[at].token_type is not T.FROM:
        return
    if tokens[at + 1].token_type in _STRINGS:
        _move(c, tokens, file_of(c, tokens[at + 1]), c._full(parts), "copy", owner)
    else:
        c._add(tokens, "copy", c._builder(), owner, target=c._full(parts))


def unload(c: FileCompiler, tokens: list[Token], owner: str) -> None:
    """``UNLOAD ('SELECT ...') TO 'location'``."""
    at = next((k for k, t in enumerate(tokens) if t.text.upper() == "TO" and t.token_type not in _STRINGS), -1)
    if at < 3 or at + 1 >= len(tokens) or tokens[1].token_type is not T.L_PAREN:
        return
    location = _location_or_table(c, tokens, at + 1)[0]
    query = tokens[2 : at - 1]
    if len(query) == 1 and query[0].token_type in _STRINGS:
        compile_text_inside(
            c, Text(query[0].text, True, True), (_first_line(query[0]), tokens[-1].line), owner, (location, ())
        )
    elif query:
        builder = c._builder()
        root = builder.query(c._parse(query, "SELECT"))
        c._add(tokens, "unload", builder, owner, root=root, target=location)


def _starts_with_query(tokens: list[Token], i: int) -> bool:
    return i + 1 < len(tokens) and tokens[i + 1].token_type in (T.SELECT, T.WITH)


def _location_or_table(c: FileCompiler, tokens: list[Token], i: int) -> tuple[Name, int]:
    if i >= len(tokens):
        return (), i
    if tokens[i].token_type in _STRINGS:
        return _external(c, tokens[i].text, tokens[i].line), i + 1
    if tokens[i].token_type is T.PARAMETER or tokens[i].text.startswith("@"):  # a stage of Snowflake, with its path
        end = i + 1
        while (
            end < len(tokens)
            and tokens[end].start == tokens[end - 1].end + 1
            and tokens[end].token_type is not T.L_PAREN
        ):
            end += 1
        return _external(c, c.text[tokens[i].start : tokens[end - 1].end + 1], tokens[i].line), end
    if tokens[i].token_type is T.L_PAREN or tokens[i].text.upper() in ("STDIN", "STDOUT", "PROGRAM"):
        return (), i
    parts, end = ddl.read_name(tokens, i)
    return (c._full(parts) if parts else ()), end


def _external(c: FileCompiler, location: str, line: int) -> Name:
    """Locations are compared as they are written, without what follows a question mark (it may be a signature)."""
    plain = location.split("?", 1)[0]
    name = ("external", f"stage:{plain[1:]}" if plain.startswith("@") else plain)
    if not any(d.name == name for d in c.declarations):
        c.declarations.append(Declaration(name, "External", line))
    return name


def multi_insert(c: FileCompiler, tokens: list[Token], owner: str) -> bool:
    """Hive's ``FROM t INSERT INTO a SELECT x WHERE ... INSERT INTO b SELECT y``. False if it is something else."""
    depth = 0
    starts: list[int] = []
    for i, token in enumerate(tokens):
        depth += (token.token_type is T.L_PAREN) - (token.token_type is T.R_PAREN)
        if depth == 0 and token.token_type is T.INSERT:
            starts.append(i)
    if not starts:
        return False
    head = tokens[: starts[0]]
    for start, end in zip(starts, [*starts[1:], len(tokens)], strict=True):
        part = tokens[start:end]
        cut = len(part)
        depth = 0
        for i, token in enumerate(part):
            depth += (token.token_type is T.L_PAREN) - (token.token_type is T.R_PAREN)
            if depth == 0 and token.token_type in _AFTER_FROM:
                cut = i
                break
        c._data([*part[:cut], *head, *part[cut:]], "INSERT", owner)
    return True


_AFTER_FROM: Final = frozenset(
    {T.WHERE, T.GROUP_BY, T.ORDER_BY, T.HAVING, T.LIMIT, T.LATERAL, T.CLUSTER_BY, T.DISTRIBUTE_BY, T.SORT_BY}
)


# --------------------------------------------------------------------------- DDL


def synonym(c: FileCompiler, tokens: list[Token], owner: str) -> None:
    """CREATE SYNONYM a FOR b: a has the columns of b."""
    at = next((i for i, t in enumerate(tokens[:6]) if t.text.upper() == "SYNONYM"), -1)
    name, i = ddl.read_name(tokens, at + 1)
    if not name or i >= len(tokens) or tokens[i].text.upper() != "FOR":
        return
    base, _ = ddl.read_name(tokens, i + 1)
    if base:
        copy_of(c, tokens, c._full(name), "Synonym", c._full(base), "create_synonym", owner)


def copy_of(
    c: FileCompiler, tokens: list[Token], name: Name, kind: str, source: Name, statement: str, owner: str
) -> None:
    """A dataset that has all columns of another one."""
    c.declarations.append(Declaration(name, kind, tokens[0].line, (), len(c.statements)))
    _move(c, tokens, source, name, statement, owner, defines=True)


def _move(
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
        parts, i = ddl.read_name(tokens, i)
        if not parts:
            return
        name = c._full(parts)
        c.declarations[:] = [d for d in c.declarations if d.name != name or d.temporary]
        if name[0].startswith("#"):
            c._add(tokens, "assign", c.nothing, owner, target=name, defines=True)
        i += 1


def alter_table(c: FileCompiler, tokens: list[Token], name: Name, i: int, owner: str) -> None:
    """What follows the name in ALTER TABLE: renames, moves of rows, foreign keys."""
    words = [t.text.upper() for t in tokens[i:]]
    if not words:
        return
    if words[0] == "RENAME" and "COLUMN" not in words[:2]:
        at = i + (2 if words[1:2] in (["TO"], ["AS"]) else 1)
        parts, _ = ddl.read_name(tokens, at)
        if parts:
            new = c._name(parts)
            rename(c, tokens, name, (*name[:-1], *new) if len(new) == 1 else c._qualified(new), owner)
    elif words[0] == "RENAME" and len(words) >= 5 and "TO" in words:
        rename_column(c, name, c._part(tokens[i + 2]), c._part(tokens[i + words.index("TO") + 1]))
    elif words[0] == "DROP" and words[1:2] == ["COLUMN"]:
        _drop_columns(c, tokens, name, i)
    elif words[0] == "SWITCH" and "TO" in words:
        parts, _ = ddl.read_name(tokens, i + words.index("TO") + 1)
        if parts:
            _move(c, tokens, name, c._full(parts), "switch", owner)
    elif words[:2] == ["SWAP", "WITH"]:
        parts, _ = ddl.read_name(tokens, i + 2)
        if parts:
            _move(c, tokens, name, c._full(parts), "swap", owner)
            _move(c, tokens, c._full(parts), name, "swap", owner)
    foreign_keys(c, tokens, i, len(tokens), name)


def rename(c: FileCompiler, tokens: list[Token], old: Name, new: Name, owner: str) -> None:
    """The rows of ``old`` are now ``new``'s, with the columns that this script declared."""
    known = next((d for d in reversed(c.declarations) if d.name == old and not d.adds), None)
    if known is not None and known.columns:
        c.declarations.append(msgspec.structs.replace(known, name=new, statement=-1))
        _move(c, tokens, old, new, "rename", owner)
    else:
        copy_of(c, tokens, new, known.kind if known else "Table", old, "rename", owner)


def rename_column(c: FileCompiler, table: Name, old: str, new: str) -> None:
    """In this script's declaration of the table, if there is one."""
    for k, d in enumerate(c.declarations):
        if d.name == table and any(x.name == old for x in d.columns):
            columns = tuple(msgspec.structs.replace(x, name=new) if x.name == old else x for x in d.columns)
            c.declarations[k] = msgspec.structs.replace(d, columns=columns)
            return
    c.declarations.append(Declaration(table, "Table", 0, (DeclaredColumn(new),), adds=True))


def _drop_columns(c: FileCompiler, tokens: list[Token], table: Name, i: int) -> None:
    """``DROP COLUMN [IF EXISTS] a, COLUMN b``: from this script's declaration of the table, if there is one."""
    gone: set[str] = set()
    for a, b in ddl.items(tokens, i + 1, len(tokens)):
        while a < b - 1 and tokens[a].text.upper() in ("DROP", "COLUMN", "IF", "EXISTS"):
            a += 1
        gone.add(c._part(tokens[a]))
    for k, d in enumerate(c.declarations):
        if d.name == table and d.columns and not d.temporary:
            columns = tuple(x for x in d.columns if x.name not in gone)
            c.declarations[k] = msgspec.structs.replace(d, columns=columns)


def _sp_rename(c: FileCompiler, tokens: list[Token], at: int, owner: str) -> None:
    texts: list[str] = []
    for a, b in ddl.items(tokens, at, len(tokens)):
        if b - a >= 3 and tokens[a].token_type is T.PARAMETER:
            a += 3
        texts.append(tokens[a].text if a < b and tokens[a].token_type in _STRINGS else "")
    if len(texts) < 2 or not texts[0] or not texts[1]:
        return
    kind = texts[2].upper() if len(texts) > 2 else "OBJECT"
    inner, _ = tokenize(texts[0], c.dialect)
    parts, _ = ddl.read_name(inner, 0)
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
        other, i = ddl.read_name(tokens, at + 1)
        if not other:
            continue
        others = _column_list(c, tokens, i)
        if at > start and tokens[at - 1].token_type is T.R_PAREN and _is_key_list(tokens, start, at):
            a = at - 1
            while a > start and tokens[a].token_type is not T.L_PAREN:
                a -= 1
            columns = _column_list(c, tokens, a)
        else:
            a, _ = next(((x, y) for x, y in ddl.items(tokens, start, end) if x <= at < y), (at, at))
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


def _column_list(c: FileCompiler, tokens: list[Token], i: int) -> tuple[str, ...]:
    if i >= len(tokens) or tokens[i].token_type is not T.L_PAREN:
        return ()
    return tuple(c._part(tokens[a]) for a, _ in ddl.items(tokens, i + 1, closing(tokens, i)))
