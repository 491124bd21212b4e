"""What a reader of a statement gets: the text at hand, what is known around it, and where to say what it found.

A reader takes the unit and the statement's tokens, and returns what the statement says (:class:`Written`), which ``script`` writes
down; datasets are declared in ``unit.facts``. SQL in SQL (a body, a string, a statement in a statement) goes through
:meth:`Unit.run`, the one way back up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

import msgspec
from sqlglot.errors import ParseError
from sqlglot.expressions import Expression
from sqlglot.tokens import Token

from ray_lineage.compile.facts import description
from ray_lineage.compile.options import CompileOptions, ModelName
from ray_lineage.compile.positions import Positions
from ray_lineage.compile.sql.engine import REFERENCES, RESULT_SCAN, TRIGGER, Engine, lowered, spelling
from ray_lineage.compile.sql.facts import SqlFacts
from ray_lineage.compile.sql.lex.columns import ColumnItem
from ray_lineage.compile.sql.names import Names
from ray_lineage.compile.sql.parse import Excerpts, Parser, without_gaps, without_loose_ends
from ray_lineage.compile.sql.query.arena import Builder
from ray_lineage.compile.sql.query.queries import lower_query
from ray_lineage.compile.sql.query.scope import Scope
from ray_lineage.compile.sql.query.sources import relation
from ray_lineage.compile.sql.routine import Routine
from ray_lineage.model import (
    ANY,
    ANY_LOOP,
    LOOP,
    ROLES,
    Assignment,
    DeclaredColumn,
    Effect,
    Influence,
    Name,
    StatementKind,
    is_temporary,
)

_NAMED_BY_TEXT: Final = re.compile(r"identifier|table\s*\(\s*[$:]")


Sink = tuple[Name, tuple[str, ...]]
"""What takes the result of a query in a string: a dataset and its columns."""


Run = Callable[["Unit", list[Token], str], None]
"""Reads tokens as statements; with a verb, as the one statement of that verb."""


class Written(msgspec.Struct, frozen=True):
    """What a statement says (see ``model.StatementFacts``); without a ``builder`` it has no query. Its OUTPUT or RETURNING sees the
    names of ``scope``, if there is one. ``anywhere``: whatever branch it stands in."""

    tokens: Sequence[Token]
    kind: StatementKind
    builder: Builder | None = None
    root: int = -1
    target: Name = ()
    columns: tuple[str, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    scope: Scope | None = None
    effect: Effect = Effect.CHANGES
    influences: Sequence[Influence] = ()
    subqueries: Sequence[int] = ()
    preset: tuple[str, ...] = ()
    declared: int = -1
    was: Name = ()  # what its target was called until now
    routine: Routine | None = None  # the one that it is of, if not the one at hand
    anywhere: bool = False


Said = Written | Iterable[Written] | None
"""What a reader returns: of most statements one thing, or nothing. Of what says several, each is written down as it comes: SQL that
a reader runs between two of them stands between them."""


def each(said: Said) -> Iterable[Written]:
    """One after another."""
    if said is None:
        return ()
    return (said,) if isinstance(said, Written) else said


class Unit:
    """One text and its surroundings. ``run`` is :func:`script.run`, which is above all readers."""

    def __init__(
        self,
        text: str,
        engine: Engine,
        options: CompileOptions,
        run: Run,
        model: ModelName | None = None,
        *,
        templated: bool = False,
    ) -> None:
        self.text = text
        self.engine = engine
        self.model = model
        self.host: Positions | None = None  # where the text at hand stands in its file
        self.facts = SqlFacts()
        self.names = Names(engine, options.catalog, options.schema)
        self.facts.spelled = self.names.spelled
        self.names.dynamic = self.templated = templated
        self.fold = self.names.fold
        self.part, self.full, self.qualified = self.names.part, self.names.full, self.names.qualified
        self.script = Routine()
        self.routines: dict[str, Routine] = {}  # those of the text, by their keys
        self.routine = self.script
        self.path: tuple[int, ...] = ()  # branches and loops around the statement at hand
        self.in_block = False  # does that one stand in a block?
        self.blocks = 0  # of control flow, numbered so far
        self.declares = False  # a DECLARE section of the script has begun
        self.nested = 0  # texts in texts
        self.possible = False  # part of the text at hand is unknown
        self.sink: Sink | None = None  # what takes the result of the text at hand
        self.into: list[list[Token]] = []  # the variables that take it
        self.bound = 0  # values of USING that were given names
        self.transitions: dict[str, set[str]] = {}  # what trigger functions call the changed rows
        self.trigger_functions: dict[str, list[Name]] = {}  # their tables, by the function's last name
        # what is rare is looked for once, so that not every statement is
        lower = lowered(text, engine)
        self.parser = Parser(text, lower, engine, self.names)
        self.parsed = Excerpts([], "")
        self.has_keys = REFERENCES in lower.words
        self.has_triggers = TRIGGER in lower.words
        self.has_identifiers = engine.names_in_texts and _NAMED_BY_TEXT.search(lower.text) is not None
        self.runs_texts = engine.may_run_texts is None or engine.may_run_texts(lower)
        self.scans_results = engine.query_ids and RESULT_SCAN in lower.words
        self._run = run

    # ------------------------------------------------------------------ one level down, and back up

    def run(self, tokens: list[Token], verb: str = "") -> None:
        """Read tokens as statements, or as one of which the verb is known."""
        self._run(self, tokens, verb)

    @contextmanager
    def within(self, routine: Routine) -> Iterator[None]:
        """What is read belongs to a routine."""
        outer = self.routine
        self.enter(routine)
        try:
            yield
        finally:
            self.enter(outer)

    def enter(self, routine: Routine) -> None:
        """From here on the routine at hand is another one."""
        self.routine = routine
        self.names.local = routine.tables

    @contextmanager
    def inside(self, text: str, sink: Sink | None, *, complete: bool) -> Iterator[None]:
        """What is read is in a text of its own, whose result ``sink`` takes."""
        outer = self.text, self.host, self.sink, self.possible, self.names.dynamic, self.routine
        self.text, self.host, self.sink = text, None, sink
        self.possible, self.names.dynamic = self.possible or not complete, True
        names = self.names.catalog, self.names.schema
        self.nested += 1
        try:
            yield
        finally:
            self.nested -= 1
            self.text, self.host, self.sink, self.possible, self.names.dynamic, routine = outer
            self.enter(routine)
            if self.engine.use_ends_with_text:
                self.names.catalog, self.names.schema = names

    @contextmanager
    def quoting(self, text: str) -> Iterator[None]:
        """What is parsed meanwhile is in a text of its own; empty: in the same text, at another place."""
        outer = self.text, self.host, self.parsed
        if text:
            self.text, self.host = text, None
        try:
            yield
        finally:
            self.text, self.host, self.parsed = outer

    # ------------------------------------------------------------------ what is known

    @property
    def in_loop(self) -> bool:
        """May the statement at hand run again?"""
        return any(step % ROLES in (LOOP, ANY, ANY_LOOP) for step in self.path)

    def column(self, item: ColumnItem) -> DeclaredColumn:
        """A column of CREATE TABLE."""
        computed = item.computed[1] > 0 and self.engine.computed_passed
        passed = item.filled and (computed or self.engine.identity_passed)
        name = self.part(item.name)
        display = spelling(self.engine, item.name.text, name)
        return DeclaredColumn(name, item.type, item.name.line, passed, description(item.comment), display)

    # ------------------------------------------------------------------ trees and what they say

    def parse(self, tokens: list[Token], verb: str) -> Expression:
        """The tree of one statement. Raises ParseError."""
        rows = {*self.engine.trigger_rows, *self.routine.row_names} if self.routine.table else ()
        try:
            tree, self.parsed = self.parser.parse(tokens, verb, self.text, rows)
        except ParseError:
            rest = without_gaps(tokens) if self.nested else without_loose_ends(tokens) if self.templated else tokens
            if len(rest) == len(tokens):
                raise
            tree, self.parsed = self.parser.parse(rest, verb, self.text, rows)
        return tree

    def builder(self) -> Builder:
        """A relational program for a statement at this place."""
        builder = Builder(self.engine, lower_query, self.names.dataset, lambda text: self.names.location(text, 0))
        builder.variables = self.routine.variables()
        builder.dynamic = self.names.dynamic
        builder.templated = self.templated and not self.nested
        builder.text_of = self._expression
        builder.qualified = self.qualified
        builder.table_function = self._table_function
        table = self.routine.table
        if table and self.engine.trigger_rows:
            changed = dict.fromkeys(self.engine.trigger_rows, table)
            builder.rows = {**self.routine.rows, **changed, **self.routine.row_names}
        else:
            builder.rows = self.routine.rows
        return builder

    def _expression(self, node: Expression, at: int) -> str:
        return self.parsed.expression(at)

    def _table_function(self, builder: Builder, name: Name, call: Expression, columns: tuple[str, ...]) -> int:
        return relation(self, builder, name, call, columns)

    # ------------------------------------------------------------------ what is found

    def calls(self, found: Mapping[Name, int], caller: Name, line: int) -> None:
        """The functions that a program, view or table calls in its expressions."""
        if not caller or is_temporary(caller):
            return
        for name, at in found.items():
            self.facts.call(caller, self.qualified(name), at or line)
