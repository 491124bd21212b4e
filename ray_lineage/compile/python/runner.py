"""What a module runs, one call after another: texts go through the compiler of SQL, frames become statements."""

from __future__ import annotations

import ast
import re
from functools import partial
from typing import Final

import msgspec

from ray_lineage.compile.facts import Facts
from ray_lineage.compile.fragment import compile_fragment, temporary_tables
from ray_lineage.compile.options import CompileOptions
from ray_lineage.compile.positions import Positions
from ray_lineage.compile.python.frames.reader import FrameReader, frames_of_context
from ray_lineage.compile.python.gaps import fill, opened, without_legacy
from ray_lineage.compile.python.known import only_known, unknown_tables
from ray_lineage.compile.python.libraries import BIGQUERY
from ray_lineage.compile.python.models import Models
from ray_lineage.compile.python.module import Module, Run
from ray_lineage.compile.python.places import USES, Place, place_after
from ray_lineage.compile.python.programs import Programs, in_order
from ray_lineage.compile.python.scopes import Scope, Unit
from ray_lineage.compile.python.texts import GAP, Text, concat, plain, replaced
from ray_lineage.compile.python.wrappers import Wrappers
from ray_lineage.compile.python.writes import Written
from ray_lineage.compile.sql.engines import engine_of
from ray_lineage.compile.sql.names import with_defaults
from ray_lineage.model import FileFacts, Local, Name, StatementFacts, StatementKind, TableRef, is_temporary, split_text

_ROWS_FOLLOW: Final = re.compile(r"(?i)\binsert\s+into\s[^;]*\bvalues\s*\Z")
_SHOWN: Final = 10  # lines, in a diagnostic


class Runner:
    """Says what one module does. Use :meth:`run` once."""

    def __init__(self, facts: Facts, options: CompileOptions, module: Module) -> None:
        self.facts = facts
        self.options = options
        self.module = module
        self.wrappers = Wrappers(module)
        self.place = Place(options.catalog, options.schema)
        self.temporary: set[str] = set()
        self.dialects: dict[str, int] = {}
        self.unknown = 0
        self._noted: set[int] = set()
        self._said: set[bytes] = set()
        self.frames = FrameReader(module.followed, module.values, self._query, self.name_of, module.dialect_of)
        self.written = Written(facts, self.frames, self.temporary)
        self._queries: dict[tuple[str, str, object], StatementFacts | None] = {}

    def run(self) -> str:
        """Say it; the dialect of most texts."""
        if self.module.places.declares:
            models = Models(self.facts, self.module.followed, self.module.values, self.name_of)
            models.declare(self.module.index.scopes, self.module.units(self.module.places.declarations()))
        programs = Programs(self.written, self.frames, self.options.model)
        functions = [s for s in self.module.index.scopes if s.is_function] if self.module.places.makes else []
        made = sorted(((in_order(s), s) for s in functions), key=lambda m: m[0])
        done: set[object] = set()
        for call, unit in self.module.calls(self.wrappers.lines()):
            while made and made[0][0] < unit.order:
                self._made_by(programs, made.pop(0)[1])
            before = len(self.facts.statements)
            self.place = self._place_after(call, unit)
            runs = list(self.module.runs_of(call, unit)) or self.wrappers.runs_of(call, unit)
            for run in map(partial(self._with_frames, call), runs):
                key = run.text.text, run.text.marks[:1]
                destination = self.written.destination(call, self.module.context(unit))
                if key not in done and (destination or run.text.text not in self.module.followed.others.whole):
                    done.add(key)
                    self._run(run, destination)
            if self.written.knows(call):
                here = self.module.contexts(unit, {})
                self.written.read(call, unit, here, partial(self.module.contexts_of, unit))
            self._belong_to(unit.scope, before)
        for _, scope in made:
            self._made_by(programs, scope)
        self._note_unresolved()
        return max(self.dialects, key=lambda d: self.dialects[d], default="")

    def _place_after(self, call: ast.Call, unit: Unit) -> Place:
        """Where names are after a call: ``session.use_schema("a.b")``."""
        kind = USES.get(call.func.attr, "") if isinstance(call.func, ast.Attribute) else ""
        if not kind or len(call.args) != 1:
            return self.place
        context = self.module.context(unit)
        found = self.module.values.texts(call.args[0], context)
        known = len(found) == 1 and found[0].known
        return (
            place_after(f"use {kind} {found[0].text}", self.module.dialect_of(call, context), self.place)
            if known
            else self.place
        )

    @property
    def session(self) -> tuple[str, ...]:
        """The functions that say something: they share connections, and what is temporary in them."""
        functions = {s.name for s in self.module.index.scopes if s.is_function}
        return tuple(dict.fromkeys(s.procedure for s in self.facts.statements if s.procedure in functions))

    def _made_by(self, programs: Programs, scope: Scope) -> None:
        before = len(self.facts.statements)
        programs.read(scope)
        self._belong_to(scope, before)

    def _belong_to(self, scope: Scope, first: int) -> None:
        """The statements from the first one on are of a function."""
        if scope.is_function:
            statements = self.facts.statements
            statements[first:] = [
                s if s.procedure else msgspec.structs.replace(s, procedure=scope.name) for s in statements[first:]
            ]

    # ------------------------------------------------------------------ texts

    def _with_frames(self, call: ast.Call, run: Run) -> Run:
        """Frames that a call gives its text by name: ``spark.sql("... {df}", df=df)``, polars' ``SQLContext(frames={...})``."""
        text = run.text
        context = self.module.context(run.unit)
        for keyword in call.keywords:
            mark = f"{{{keyword.arg}}}"
            if keyword.arg and mark in text.text and self.written.view_of(keyword.arg, keyword.value, context):
                text = replaced(text, mark, plain(keyword.arg, call.lineno, call.col_offset + 1))
        if isinstance(call.func, ast.Attribute):
            for name, node, where in frames_of_context(self.module.followed, call.func.value, context):
                self.written.view_of(name, node, where)
            if call.func.attr == "sql" and re.search(r"(?i)\bself\b", text.text):
                self.written.view_of("self", call.func.value, context)
        return run._replace(text=text)

    def _run(self, run: Run, destination: Name) -> None:
        facts = self._compiled(run.text, run.dialect, run.schema)
        self._views_of_variables(facts, run)
        if any(name in self.temporary for name in _short_names(facts)):
            facts = self._compiled(run.text, run.dialect, run.schema)
        self.place = place_after(run.text.text, facts.dialect, self.place)
        if facts.statements or facts.declarations or facts.diagnostics:
            self.dialects[facts.dialect] = self.dialects.get(facts.dialect, 0) + 1
        self.temporary |= temporary_tables(facts)
        facts = _into(facts, destination) if destination else facts
        said = msgspec.msgpack.encode(facts)
        if said not in self._said:  # values alone make no other statement
            self._said.add(said)
            self.facts.take(facts)

    def _compiled(self, text: Text, dialect: str, schema: str = "") -> FileFacts:
        """What one text says."""
        if _ROWS_FOLLOW.search(text.text):
            text = concat((text, Text(" (NULL)")))  # the rows are given beside it
        front, _, last = schema.rpartition(".")
        filled, doubtful = fill(opened(without_legacy(text) if dialect == BIGQUERY else text))
        facts = compile_fragment(
            filled.text,
            dialect or self.options.dialect,
            at=Positions(filled.text, filled.marks),
            catalog=front or self.place.catalog,
            schema=last or self.place.schema,
            temporary=self.temporary,
            possible=doubtful or not text.sure,
        )
        return self._only_known(facts) if filled.text != text.text or "{%" in text.text else facts

    def _only_known(self, facts: FileFacts) -> FileFacts:
        known = _guessed(only_known(facts, self.unknown + 1))
        count = unknown_tables(known)
        if not count:
            return known
        self.unknown += count
        found = Facts()
        line = known.statements[0].first_line if known.statements else 0
        if not any(map(_says_something, known.statements)):
            known = msgspec.structs.replace(known, statements=(), declarations=())
        found.note(
            "RL131", "info", f"{count} table name{'s' * (count > 1)} of this SQL cannot be told from the file", line
        )
        return msgspec.structs.replace(known, diagnostics=(*known.diagnostics, *found.diagnostics))

    def _views_of_variables(self, facts: FileFacts, run: Run) -> None:
        """DuckDB reads the program's own frames by the names of their variables."""
        if not run.reads_variables:
            return
        variables = set(self.frames.variables(run.unit))
        for name in _short_names(facts):
            if name in variables and name not in self.temporary:
                node = ast.copy_location(ast.Name(name, ast.Load()), run.unit.statement)
                self.written.view_of(name, node, self.module.context(run.unit))

    def _query(self, text: Text, dialect: str) -> StatementFacts | None:
        """The last query of a text, for the frame that it makes."""
        key = text.text, dialect, text.marks[:1]
        if key not in self._queries:
            statements = self._compiled(text, dialect).statements
            self._queries[key] = next((s for s in reversed(statements) if s.root >= 0 and not s.target), None)
        return self._queries[key]

    # ------------------------------------------------------------------ names

    def name_of(self, text: Text, dialect: str) -> Name:
        """The dataset that a text names, as SQL of this dialect would; empty: its own name is not known."""
        shown = text.text.strip().partition("$")[0].partition("@")[0]
        if dialect == BIGQUERY:
            shown = shown.replace(":", ".")
        if not shown or any(c in shown for c in " \n(/"):
            return ()
        fold = engine_of(dialect).fold
        parts = split_text(shown)
        known: list[str] = []
        for part in reversed(parts):
            if GAP in part or not part:
                break
            known.append(fold(part, False))
        name = tuple(reversed(known))
        if not name or len(name) > 4:
            return ()
        if len(name) == 2 and name[0] == "live":
            name = name[1:]
        if name[-1] in self.temporary and (len(name) == 1 or name[:-1] == ("global_temp",)):
            return Local.TABLE.named(name[-1])
        if len(known) < len(parts):
            return name
        return with_defaults(name, fold(self.place.catalog, False), fold(self.place.schema, False))

    def _note_unresolved(self) -> None:
        lines = sorted(set(self.module.unresolved))
        if not lines:
            return
        shown = ", ".join(map(str, lines[:_SHOWN])) + (", …" if len(lines) > _SHOWN else "")
        what = "1 call runs" if len(lines) == 1 else f"{len(lines)} calls run"
        self.facts.note("RL132", "info", f"{what} SQL that cannot be told from the file (line {shown})", lines[0])


def _guessed(facts: FileFacts) -> FileFacts:
    """What cannot be read of a text with unknown parts is no fault of it."""
    softer = tuple(
        msgspec.structs.replace(
            d, code="RL111", severity="warning", message=f"with parts that are not known: {d.message}"
        )
        if d.code in ("RL101", "RL102")
        else d
        for d in facts.diagnostics
    )
    return msgspec.structs.replace(facts, diagnostics=softer, status="ok" if facts.status == "failed" else facts.status)


def _says_something(statement: StatementFacts) -> bool:
    """Does it name a table that is known?"""
    names = (statement.target, *(r.name for r in statement.relations if isinstance(r, TableRef)))
    return any(name and not is_temporary(name) for name in names)


def _into(facts: FileFacts, destination: Name) -> FileFacts:
    """The result of the last query goes into a table."""
    statements = list(facts.statements)
    for k in range(len(statements) - 1, -1, -1):
        statement = statements[k]
        if statement.root >= 0 and not statement.target:
            statements[k] = msgspec.structs.replace(statement, kind=StatementKind.INSERT, target=destination)
            return msgspec.structs.replace(facts, statements=tuple(statements))
    return facts


def _short_names(facts: FileFacts) -> dict[str, None]:
    """Tables of one part, which may be something of the program."""
    return {
        r.name[0]: None
        for s in facts.statements
        for r in s.relations
        if isinstance(r, TableRef) and len(r.name) == 1 and not is_temporary(r.name)
    }
