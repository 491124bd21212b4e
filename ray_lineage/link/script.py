"""One file's statements in their order: what temporary tables and variables hold when a statement reads them.

Branches fork what is held and join it again, loops are read until nothing new is added. So a variable that is set anew
has forgotten what it held, and one that is set in a branch may hold either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from ray_lineage.link.checks import Checks, bits
from ray_lineage.link.codes import MERGE
from ray_lineage.link.evaluate import TOO_MANY, Catalog, Evaluated, Evaluator, Temporary
from ray_lineage.link.items import Sources, add_sources, own_names
from ray_lineage.link.work import TooMuch, Work
from ray_lineage.model import (
    ANY,
    ANY_LOOP,
    CATCH,
    DESCRIBED,
    ELSE,
    ENDING,
    LOOP,
    ROLES,
    STAR,
    THEN,
    TRY,
    VALUE,
    Declaration,
    Diagnostic,
    Effect,
    FileFacts,
    Local,
    Name,
    StatementFacts,
    StatementKind,
    TableRef,
    is_temporary,
    local_kind,
)

Key = tuple[str, str]
"""Owner ("" outside of programs) and name of a temporary table or variable."""

State = dict[Key, Temporary]
_LOOPS: Final = (LOOP, ANY_LOOP)
_PASSES: Final = 30  # over one loop; what is held can only grow, so that two or three are the rule
_EVERYONE: Final = "\0"
"""Owner of temporary tables that several programs of a file share."""


class _Block:
    """A block of control flow around the statement at hand. ``entry`` is what was held before it; ``other`` what its
    first branch left (IF), or what was held at any moment (TRY)."""

    __slots__ = ("entry", "other", "step")

    def __init__(self, step: int, entry: State, other: State | None = None) -> None:
        self.step = step
        self.entry = entry
        self.other = other


def made_here(facts: FileFacts) -> dict[Name, tuple[str, ...]]:
    """The tables that a file makes with one list of columns, as it says it."""
    whole = [d for d in facts.declarations if d.kind == "Table" and d.columns and not (d.adds or d.weak or d.temporary)]
    other = {d.name for d in facts.declarations if d.changed or (d.adds and d.kind != DESCRIBED)}
    return {d.name: tuple(c.name for c in d.columns if not c.passed) for d in whole if d.name not in other}


class Script:
    """Evaluates a file's statements in order. Use :meth:`run` once."""

    def __init__(self, facts: FileFacts, catalog: Catalog, work: Work | None = None) -> None:
        self._said = facts.statements
        self.facts = facts = in_one_session(facts)
        self.work = work if work is not None else Work()
        self.catalog = catalog
        self.diagnostics: list[Diagnostic] = []
        self._complaints: set[tuple[str, str]] = set()
        self._said_wrong: set[Diagnostic] = set()
        self._state: State = {}
        self._blocks: list[_Block] = []
        self._after: dict[int, State] = {}  # what a loop's body left
        self._grown = False
        self._kept = 0  # blocks whose order is not known
        self._computed: dict[Key, StatementFacts] = {}  # of temporary tables: what their computed columns are made of
        self._types: dict[Key, list[Declaration]] = {}  # of variables of table types, and of records
        for d in facts.declarations:
            if d.temporary and (d.like or local_kind(d.name) is Local.RECORD):
                self._types.setdefault((d.owner, d.name[-1]), []).append(d)
        self._made = made_here(facts)
        self._former = [(name, column, line) for name, column, line in facts.former if line]
        self._line = 0  # of the statement at hand
        self._program = ""  # that it is in
        self._shared, self._makers = shared_tables(facts)

    def run(self) -> Iterator[tuple[int, StatementFacts, Evaluated]]:
        """Every statement with its ordinal and what it does."""
        if self._shared:
            self._settle()
        for ordinal, _, result in self._run(self.facts.statements):
            yield ordinal, self._said[ordinal], result

    def _settle(self) -> None:
        """Fill the tables that programs share until nothing new comes in: who runs first is not known, but for those who
        make them, which say what columns they have."""
        held: State = {}
        keys = set(self._shared.values())
        statements = tuple(s for s in self.facts.statements if s.procedure in self._makers)
        for _ in range(_PASSES):
            for _ in self._run(statements):
                pass
            before, held = held, {key: value for key, value in self._state.items() if key in keys}
            self._state, self._blocks, self._after, self._kept, self._computed = dict(held), [], {}, 0, {}
            self.diagnostics.clear()
            self._complaints.clear()
            self._said_wrong.clear()
            if within(held, before) and statements is self.facts.statements:
                return
            statements = self.facts.statements

    def _run(self, statements: tuple[StatementFacts, ...]) -> Iterator[tuple[int, StatementFacts, Evaluated]]:
        i, n = 0, len(statements)
        while i < n:
            path = statements[i].path
            at = next((k for k, step in enumerate(path) if step % ROLES in _LOOPS), -1)
            if at < 0:
                self._move(path)
                yield i, statements[i], self._evaluate(statements[i])
                i += 1
                continue
            around = path[: at + 1]
            end = i + 1
            while end < n and statements[end].path[: at + 1] == around:
                end += 1
            self._move(path[:at])
            yield from self._loop(statements, i, end, at)
            i = end

    def _loop(
        self, statements: tuple[StatementFacts, ...], start: int, end: int, depth: int
    ) -> list[tuple[int, StatementFacts, Evaluated]]:
        """The statements of an outermost loop, read again until what its body leaves is no news to its beginning."""
        found: list[tuple[int, StatementFacts, Evaluated]] = []
        entry = dict(self._state)
        for _ in range(_PASSES):
            found.clear()
            self._grown = False
            self._state = dict(entry)
            for i in range(start, end):
                statement = statements[i]
                self._move(statement.path)
                found.append((i, statement, self._evaluate(statement)))
            self._move(statements[start].path[:depth])
            if not self._grown:
                break
        return found

    # ------------------------------------------------------------------ branches

    def _move(self, path: tuple[int, ...]) -> None:
        """Leave the blocks that the next statement is not in, enter those that it is in."""
        if self.work.exhausted:
            return
        blocks = self._blocks
        common = 0
        while common < len(blocks) and common < len(path) and blocks[common].step == path[common]:
            common += 1
        if common == len(blocks) == len(path):
            return
        while len(blocks) > common + 1:
            self._leave()
        if len(blocks) > common:
            following = path[common] if common < len(path) else -1
            if following >= 0 and self._switch(blocks[-1], following):
                common += 1
            else:
                self._leave()
        for step in path[common:]:
            self._enter(step)

    def _switch(self, block: _Block, step: int) -> bool:
        """From THEN to ELSE, from TRY to CATCH of the same block."""
        if block.step // ROLES != step // ROLES:
            return False
        before, after = block.step % ROLES, step % ROLES
        if (before, after) == (THEN, ELSE):
            block.step, block.other, self._state = step, self._state, dict(block.entry)
            return True
        if (before, after) == (TRY, CATCH):
            # any statement of the TRY may have been the last one
            seen = joined(block.entry, block.other or {})
            block.step, block.other, self._state = step, self._state, seen
            return True
        return False

    def _enter(self, step: int) -> None:
        self.work.note(1 + len(self._state))
        role = step % ROLES
        self._blocks.append(_Block(step, dict(self._state), {} if role == TRY else None))
        if role in _LOOPS:
            self._state = joined(self._state, self._after.get(step, {}))
        if role in (ANY, ANY_LOOP):
            self._kept += 1

    def _leave(self) -> None:
        block = self._blocks.pop()
        role = block.step % ROLES
        if role in _LOOPS:
            known = self._after.get(block.step, {})
            begun = joined(block.entry, known)
            if not within(self._state, begun):
                self._grown = True
            self._after[block.step] = joined(known, self._state)
            self._state = joined(block.entry, self._state)
        elif role in (THEN, ELSE, CATCH):
            self._state = joined(block.entry if block.other is None else block.other, self._state)
        elif role == TRY:  # its CATCH says nothing, and goes on from wherever the TRY had come to
            self._state = joined(joined(block.entry, block.other or {}), self._state)
        elif role == ENDING:
            self._state = {key: value for key, value in self._state.items() if not self._ends_with_it(key)}
        if role in (ANY, ANY_LOOP):
            self._kept -= 1

    def _ends_with_it(self, key: Key) -> bool:
        """Does what the key holds end with the program at hand? The temporary tables of a script do not."""
        return key[0] == self._program and (bool(self._program) or local_kind((key[1],)) is not Local.TABLE)

    # ------------------------------------------------------------------ statements

    def _evaluate(self, statement: StatementFacts) -> Evaluated:
        self._line, self._program = statement.first_line, statement.procedure
        result = self._run_one(statement, statement.procedure)
        target = statement.target
        if statement.kind is StatementKind.ASSIGN:
            self._assign(statement, result)
        elif is_temporary(target):
            self._fill(statement, result)
        return result

    def _run_one(self, statement: StatementFacts, owner: str) -> Evaluated:
        checked = bits(self.facts.checked, statement)
        checks = Checks(statement, checked, self.catalog, self._found) if checked else None
        former = self._former_columns(statement.first_line) if self._former else {}
        evaluator = Evaluator(
            statement,
            self.catalog,
            lambda n: self._temporary(owner, n),
            self._complain,
            self.work,
            checks,
            self._made,
            former,
        )
        self.work.begin()
        try:
            return evaluator.run()
        except RecursionError:
            text = "this statement's queries are nested too deeply to follow; it has no column lineage"
            self._complain(Diagnostic("RL304", "error", text, statement.first_line))
            return Evaluated([], [], [], [], [])
        except TooMuch:
            self._complain(Diagnostic("RL305", "warning", TOO_MANY, statement.first_line))
            return evaluator.whole()

    def _former_columns(self, line: int) -> dict[Name, list[str]]:
        """What tables still have at that line."""
        found: dict[Name, list[str]] = {}
        for name, column, gone in self._former:
            if line <= gone:
                found.setdefault(name, []).append(column)
        return found

    def _complain(self, found: Diagnostic) -> None:
        if (found.code, found.message) not in self._complaints:
            self._complaints.add((found.code, found.message))
            self.diagnostics.append(found)

    def _found(self, found: Diagnostic) -> None:
        """Of a check: what is wrong in two places is said twice, but once however often the statement is read."""
        if found not in self._said_wrong:
            self._said_wrong.add(found)
            self.diagnostics.append(found)

    def _key(self, owner: str, name: str) -> Key:
        """Its own, or that of the package or script around it where that one holds something."""
        if self._shared and (owner, name) in self._shared:
            return self._shared[owner, name]
        around = owner
        while around and (around, name) not in self._state:
            around = around.rpartition(".")[0]
        return (around, name) if (around, name) in self._state else (owner, name)

    def _temporary(self, owner: str, name: str) -> Temporary | None:
        found = self._state.get(self._key(owner, name))
        if found is not None or not self._types:
            return found
        around, types = owner, self._types.get((owner, name))
        while around and not types:
            around = around.rpartition(".")[0]
            types = self._types.get((around, name))
        if not types:
            return None
        declared = next((d for d in reversed(types) if d.line <= self._line), types[0])
        if declared.columns:
            return Temporary(tuple(c.name for c in declared.columns))
        if is_temporary(declared.like):  # cursor%ROWTYPE
            cursor = self._state.get(self._key(owner, declared.like[0]))
            return Temporary(cursor.columns) if cursor is not None and cursor.columns else None
        return self._of_type(self.catalog.resolve(declared.like), is_row=name[0] == "#")

    def _of_type(self, dataset: str, *, is_row: bool) -> Temporary | None:
        columns = self.catalog.columns(dataset)
        shape = self.catalog.shape(dataset)
        if not columns or shape is None or not (is_row or shape.kind == "Type"):
            return None
        return Temporary(columns, () if is_row else shape.passed)

    def _hold(self, key: Key, value: Temporary, *, replace: bool) -> None:
        """``value`` is what the key holds from here on, besides what it held before if that is not replaced."""
        before = self._state.get(key)
        self.work.note(value.size())
        if before is not None and (self._kept or not replace or key[0] == _EVERYONE):
            self.work.note(before.size())
            value = before if _contains(before, value) else merged(before, value)
        self._state[key] = value
        for block in self._blocks:
            if block.step % ROLES == TRY and block.other is not None:
                seen = block.other.get(key)
                block.other[key] = value if seen is None else merged(seen, value)

    def _assign(self, statement: StatementFacts, result: Evaluated) -> None:
        if statement.effect is Effect.ENDS:
            self._end(statement.procedure, [a.column for a in statement.assignments])
            return
        values: dict[str, Temporary] = {a.column: Temporary((VALUE,)) for a in statement.assignments}
        for flow in result.flows:
            value = values[flow.target]
            add_sources(value.items[VALUE], {flow.source: flow.code}, 0)
            value.influences.update(result.influences)
            value.feeds.update(result.feeds)
        for name, value in values.items():
            self._hold(self._key(statement.procedure, name), value, replace=statement.effect is Effect.SETS)

    def _end(self, owner: str, names: Iterable[str]) -> None:
        """Variables and temporary tables are no more."""
        for name in names:
            for state in (self._state, *self._after.values()):
                state.pop((owner, name), None)
            self._computed.pop((owner, name), None)

    def _fill(self, statement: StatementFacts, result: Evaluated) -> None:
        name = statement.target[0]
        key = self._key(statement.procedure, name)
        if statement.kind is StatementKind.DECLARE:
            self._declare(statement, key)
            return
        if statement.kind is StatementKind.CREATE_TABLE:
            self._computed[key] = statement
            return
        before, makes = self._temporary(statement.procedure, name), statement.effect is Effect.MAKES
        columns, passed = (before.columns, before.passed) if before is not None and not makes else ((), ())
        if statement.kind in (StatementKind.TRUNCATE, StatementKind.DELETE):
            if statement.effect is Effect.EMPTIES and before is not None:
                self._hold(key, Temporary(before.columns, before.passed), replace=True)
            return
        local = Temporary(columns, passed)
        local.influences.update(result.influences)
        local.feeds.update(result.feeds)
        written: dict[str, Sources] = {}
        if makes:  # every column is there, also those without a source
            listed = all(i.name != STAR for i in result.items)
            for position, column in enumerate(own_names(result.items)):
                if position < len(statement.columns) and listed:
                    column = statement.columns[position]
                written[column] = {}
            if STAR not in written:
                local.columns = tuple(written)
        for flow in result.flows:
            add_sources(written.setdefault(flow.target, {}), {flow.source: flow.code}, 0)
        for column, sources in written.items():
            add_sources(local.items.setdefault(column, {}), sources, 0)
        sets = statement.effect is Effect.SETS  # of a record
        if sets and before is not None and statement.root < 0:
            self._keep_others(local, before, {a.column for a in statement.assignments})
        self._hold(key, local, replace=makes or sets)
        if key in self._computed:
            self._compute(key)

    def _keep_others(self, local: Temporary, before: Temporary, given: set[str]) -> None:
        """What the ``given`` fields of a record are set to is in ``local``; the others are what they were."""
        self.work.note(before.size())
        local.items = {c: s for c, s in before.items.items() if c not in given} | {
            c: local.items.get(c, {}) for c in given
        }
        local.influences |= before.influences
        local.feeds |= before.feeds

    def _compute(self, key: Key) -> None:
        """Rows came into a table with computed columns."""
        owner, before = key[0], self._state[key]
        result = self._run_one(self._computed[key], owner)
        computed = Temporary(before.columns, before.passed)
        for flow in result.flows:
            add_sources(computed.items.setdefault(flow.target, {}), {flow.source: flow.code}, 0)
        self._hold(key, computed, replace=False)

    def _declare(self, statement: StatementFacts, key: Key) -> None:
        """CREATE TABLE #t makes an empty table; DECLARE @t TABLE in a loop does so only the first time."""
        if local_kind((key[1],)) is Local.VARIABLE and key in self._state and self._in_loop():
            return
        if statement.effect is Effect.EXTENDS:  # ALTER TABLE ... ADD
            before = self._state.get(key, Temporary(()))
            more = Temporary((*before.columns, *statement.columns), (*before.passed, *statement.preset))
            self._hold(key, merged(more, before) if before.columns else before, replace=True)
            return
        made = self._shared.get((statement.procedure, key[1]), (statement.procedure, key[1]))
        if made[0] == _EVERYONE and not statement.columns:
            return  # dropped by one of them
        self._computed.pop(made, None)
        self._hold(made, Temporary(statement.columns, statement.preset), replace=True)

    def _in_loop(self) -> bool:
        return any(b.step % ROLES in _LOOPS for b in self._blocks)


# --------------------------------------------------------------------------- tables that programs share


def in_one_session(facts: FileFacts) -> FileFacts:
    """With the temporary tables of programs that share a session (functions and cells over one connection) as the file's own."""
    if not facts.session:
        return facts
    shared = frozenset(facts.session)
    statements = tuple(
        msgspec.structs.replace(s, procedure="") if s.procedure in shared else s for s in facts.statements
    )
    return msgspec.structs.replace(facts, statements=statements)


def shared_tables(facts: FileFacts) -> tuple[dict[Key, Key], set[str]]:
    """``#t`` of a caller and of the programs that it calls, which use it without making it; ``##t`` is everybody's. And
    the programs that make them."""
    if len({s.procedure for s in facts.statements}) < 2:
        return {}, set()
    if not any(local_kind(s.target) is Local.TABLE for s in facts.statements):
        return {}, set()
    made, used = _temporary_tables(facts)
    called = _called(facts) if any(key not in made for key in used) else {}
    out: dict[Key, Key] = {}
    for owner, name in used:
        if name[:2] == "##" or (name, name) in made:  # the latter: a temporary procedure
            out[owner, name] = (_EVERYONE, name)
        elif (owner, name) not in made:
            makers = [key for key in made if key[1] == name and (not key[0] or owner in called.get(key[0], ()))]
            out.update((key, (_EVERYONE, name)) for key in (makers and [*makers, (owner, name)]))
    return out, {owner for owner, name in made if (owner, name) in out}


def _temporary_tables(facts: FileFacts) -> tuple[set[Key], dict[Key, None]]:
    made: set[Key] = set()
    used: dict[Key, None] = {}
    for statement in facts.statements:
        target = statement.target
        if local_kind(target) is Local.TABLE:
            key = (statement.procedure, target[0])
            used[key] = None
            if statement.effect is Effect.MAKES and (statement.columns or statement.root >= 0):
                made.add(key)
        for relation in statement.relations:
            if isinstance(relation, TableRef) and local_kind(relation.name) is Local.TABLE:
                used[statement.procedure, relation.name[0]] = None
    return made, used


def _called(facts: FileFacts) -> dict[str, set[str]]:
    """The programs that a program calls, and those that they call."""
    direct: dict[str, set[str]] = {}
    for call in facts.calls:
        direct.setdefault(".".join(call.caller), set()).add(".".join(call.callee))
    for reached in direct.values():
        stack = list(reached)
        while stack:
            more = direct.get(stack.pop(), set()) - reached
            reached |= more
            stack.extend(more)
    return direct


# --------------------------------------------------------------------------- what is held


def merged(a: Temporary, b: Temporary) -> Temporary:
    """What either holds. Neither is changed."""
    if a is b:
        return a
    passed = a.passed if a.passed == b.passed else tuple(dict.fromkeys((*a.passed, *b.passed)))
    out = Temporary(a.columns if a.columns == b.columns else _both(a.columns, b.columns), passed)
    for part in (a, b):
        for column, sources in part.items.items():
            known = out.items.get(column)
            if not known:
                out.items[column] = dict(sources)
            else:
                add_sources(known, sources, 0)
        out.influences |= part.influences
        out.feeds |= part.feeds
    return out


def _both(a: tuple[str, ...], b: tuple[str, ...]) -> tuple[str, ...]:
    """The columns of a table that was made in two ways; unknown where one of them is."""
    return tuple(dict.fromkeys((*a, *b))) if a and b else ()


def joined(a: State, b: State) -> State:
    """What is held where two ways meet."""
    if not b:
        return dict(a)
    out = dict(a)
    for key, value in b.items():
        known = out.get(key)
        out[key] = value if known is None else merged(known, value)
    return out


def within(a: State, b: State) -> bool:
    """Does ``b`` hold all that ``a`` holds?"""
    return all(key in b and _contains(b[key], value) for key, value in a.items())


def _contains(big: Temporary, small: Temporary) -> bool:
    if big is small:
        return True
    if not (small.influences <= big.influences and small.feeds <= big.feeds and set(small.columns) <= set(big.columns)):
        return False
    for column, sources in small.items.items():
        known = big.items.get(column)
        if known is None or any(
            source not in known or MERGE[known[source]][code] != known[source] for source, code in sources.items()
        ):
            return False
    return True
