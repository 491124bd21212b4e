"""A text of SQL: cut into statements, each handed to who reads it. What cannot be read becomes a diagnostic with its line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.tokens import Token

from ray_lineage.compile.options import CompileOptions, ModelName
from ray_lineage.compile.positions import Positions
from ray_lineage.compile.sql.constants import UNKNOWN
from ray_lineage.compile.sql.engine import Engine
from ray_lineage.compile.sql.facts import Place, SqlFacts
from ray_lineage.compile.sql.lex.kinds import LITERALS, T
from ray_lineage.compile.sql.lex.tokens import reason_of, start_line, tokenize
from ray_lineage.compile.sql.query.sources import remember
from ray_lineage.compile.sql.routine import Routine
from ray_lineage.compile.sql.split.flow import Slice
from ray_lineage.compile.sql.split.generic import split
from ray_lineage.compile.sql.statements.assign import declare_or_assign, read_set
from ray_lineage.compile.sql.statements.body import read_body
from ray_lineage.compile.sql.statements.call import functions_called
from ray_lineage.compile.sql.statements.comments import read_comment
from ray_lineage.compile.sql.statements.condition import condition
from ray_lineage.compile.sql.statements.copy import read_copy, read_unload
from ray_lineage.compile.sql.statements.create import read_create_statement
from ray_lineage.compile.sql.statements.create_routine import read_header, trigger_functions
from ray_lineage.compile.sql.statements.create_table import read_cache
from ray_lineage.compile.sql.statements.cursor import read_fetch, read_for, read_open
from ray_lineage.compile.sql.statements.data import (
    DATA,
    QUERIES,
    read_assert,
    read_data,
    read_perform,
    read_scheduled,
)
from ray_lineage.compile.sql.statements.declare import read_declare
from ray_lineage.compile.sql.statements.drop import read_drop
from ray_lineage.compile.sql.statements.dynamic import name_by_text
from ray_lineage.compile.sql.statements.execute import execute, give_outputs, read_execute
from ray_lineage.compile.sql.statements.export import port_table, read_export
from ray_lineage.compile.sql.statements.lifetimes import leave_block
from ray_lineage.compile.sql.statements.load import read_load
from ray_lineage.compile.sql.statements.rename import read_rename
from ray_lineage.compile.sql.statements.returns import read_return
from ray_lineage.compile.sql.statements.truncate import read_truncate
from ray_lineage.compile.sql.statements.unknown import note_unknown, note_unknown_call
from ray_lineage.compile.sql.statements.update import without_else
from ray_lineage.compile.sql.statements.use import read_use
from ray_lineage.compile.sql.unit import Said, Unit, each
from ray_lineage.model import ROLES, Diagnostic, Effect, StatementKind, is_temporary

_SCANNED: Final = frozenset({"IF", "WHILE", "SET", "DECLARE", "RETURN", "PRINT"})


class Around(NamedTuple):
    """Of a text in a file of another format: where its characters stand, the temporary tables that are there already, and whether
    it is not sure that this is the text."""

    host: Positions
    temporary: frozenset[str] = frozenset()
    possible: bool = False


def compile_sql(
    text: str,
    engine: Engine,
    options: CompileOptions,
    model: ModelName | None = None,
    kind: type[Unit] = Unit,
    *,
    templated: bool = False,
    around: Around | None = None,
) -> SqlFacts:
    """What a text says. ``kind``: for who wants to look on; ``templated``: it was a template, of which parts may be unknown."""
    for without_commands in engine.client:
        text = without_commands(text)
    unit = kind(text, engine, options, run, model, templated=templated)
    tokens, diagnostics = tokenize(text, engine)
    if engine.settled is not None:
        tokens = engine.settled(tokens, text)
    if around is not None:
        tokens, diagnostics = _embed(unit, around, tokens, diagnostics)
    unit.facts.diagnostics.extend(diagnostics)
    if engine.plpgsql and unit.has_triggers:
        trigger_functions(unit, tokens)
    run(unit, tokens, "")
    return unit.facts


def _embed(
    unit: Unit, around: Around, tokens: list[Token], diagnostics: list[Diagnostic]
) -> tuple[list[Token], list[Diagnostic]]:
    """Tokens and diagnostics get their lines and columns in the file; offsets stay those in the text."""
    host = unit.host = around.host
    unit.possible = around.possible
    unit.names.temporary |= around.temporary
    unit.names.dynamic = UNKNOWN in unit.text
    for token in tokens:
        newlines = token.text.count("\n") if token.token_type in LITERALS else 0
        line, token.col = host.at(token.end)
        token.line = host.at(token.start)[0] + newlines if newlines else line
    return tokens, [msgspec.structs.replace(d, line=host.line(d.line)) for d in diagnostics]


def run(unit: Unit, tokens: list[Token], verb: str) -> None:
    """Read tokens as statements; with a verb, as the one statement of that verb."""
    if verb:
        read(unit, tokens, verb)
        return
    slices = split(tokens, unit.engine, unit.blocks)
    outer, path, inside = unit.routine, unit.path, unit.in_block
    routines: dict[int, Routine] = {}  # by the slices of their heads
    for index, piece in enumerate(slices):
        statement = tokens[piece.start : piece.end]
        routine = routines.get(piece.owner, outer)
        unit.path, unit.in_block = (*path, *piece.path), inside or piece.inside
        if piece.fresh and outer.is_script:
            unit.enter(outer)
            _write(unit, leave_block(unit, statement))
        unit.enter(routine)
        try:
            if piece.verb == "HEADER":
                _write(unit, read_header(unit, statement, routine))
                if unit.routine is not routine:
                    routines[index] = unit.routine
            else:
                _read_slice(unit, statement, piece, tokens)
            if unit.scans_results:
                remember(routine, piece.verb, statement)
            if (routine.outputs or routine.given_rows) and piece.owner >= 0 and _ends(slices, index):
                unit.path = path
                unit.enter(routine)
                _write(unit, give_outputs(unit, statement))
        except (SqlglotError, RecursionError, ValueError, AttributeError, TypeError, KeyError, IndexError) as error:
            _cannot_read(unit, statement, piece.verb, error)
    unit.blocks = max([step // ROLES for s in slices for step in s.path], default=unit.blocks)
    unit.path, unit.in_block = path, inside
    unit.enter(outer)


def _ends(slices: list[Slice], index: int) -> bool:
    """Is it the last statement of its routine?"""
    return index + 1 == len(slices) or slices[index + 1].owner != slices[index].owner


def _cannot_read(unit: Unit, tokens: list[Token], verb: str, error: Exception) -> None:
    line, column, what = start_line(tokens[0]), 0, str(error).split("\n")[0]
    if isinstance(error, ParseError) and error.errors:
        detail = error.errors[0]
        line, column = int(detail.get("line") or line), int(detail.get("col") or 0)
        what = f"{reason_of(error)} near {str(detail.get('highlight') or '')[:40]!r}"
    elif isinstance(error, RecursionError):
        what = "nested too deeply"
    elif not isinstance(error, SqlglotError):
        what = f"{type(error).__name__} while reading it ({what[:80]}); please report this statement"
    message = f"this {verb} statement was left out: {what}"
    if unit.nested:  # it may be no SQL
        unit.facts.note("RL111", "warning", f"in dynamic SQL: {message}", line, column)
        return
    unit.facts.failed += 1
    unit.facts.note("RL102", "error", message, line, column)


def _read_slice(unit: Unit, statement: list[Token], piece: Slice, tokens: list[Token]) -> None:
    in_routine = not unit.routine.is_script
    if in_routine and piece.verb in _SCANNED and unit.engine.schema_calls:
        functions_called(unit, statement)
    if in_routine and piece.verb == "RETURN" and unit.engine.output_parameters:
        _write(unit, give_outputs(unit, statement))
    if read(unit, statement, piece.verb):
        return
    after_declare = piece.start > 0 and tokens[piece.start - 1].text.upper() == "DECLARE"
    if not after_declare and note_unknown(unit, statement):
        return
    if (
        not unit.engine.marked_variables
        and len(statement) > 1
        and (in_routine or unit.declares or piece.verb == "LET" or after_declare)
    ):
        unit.declares = True
        _write(unit, declare_or_assign(unit, statement))


def read(unit: Unit, tokens: list[Token], verb: str) -> bool:
    """Read one statement. False if nobody reads statements of its verb."""
    short = unit.engine.short_verbs.get(verb)
    if short is not None:
        kind, verb = short
        at = tokens[0]
        tokens = [Token(kind, verb, at.line, at.col, at.start, at.end), *tokens[1:]]
    if unit.has_identifiers:
        tokens = name_by_text(unit, tokens, verb)
    reader = unit.engine.readers.get(verb) or _BY_VERB.get(verb)
    if reader is not None:
        _write(unit, reader(unit, tokens))
        return True
    words = [t.text.upper() for t in tokens[:3]]
    if verb == "REPLACE" and words[1:2] and words[1] in ("VIEW", "TABLE", "FUNCTION", "MACRO"):
        _write(unit, read_create_statement(unit, tokens, "CREATE"))
    elif verb in QUERIES or verb in DATA:
        if verb == "UPDATE" and unit.engine.update_else:
            tokens = without_else(unit, tokens)
        _write(unit, read_data(unit, tokens, verb))
    elif verb in _CREATES:
        _write(unit, read_create_statement(unit, tokens, verb))
    elif verb in ("?", "CALLED") and len(tokens) > 3 and words[0] == "RENAME":
        _write(unit, read_rename(unit, tokens))
    elif verb == "CALLED" and tokens[0].token_type in (T.VAR, T.IDENTIFIER):
        at = tokens[0]
        note_unknown_call(unit, tokens)
        _write(unit, execute(unit, [Token(T.EXECUTE, "EXEC", at.line, at.col, at.start, at.start), *tokens]))
    else:
        return False
    return True


def _write(unit: Unit, said: Said) -> None:
    """The one place where what readers say becomes facts."""
    for written in each(said):
        routine = written.routine or unit.routine
        builder, target, effect = written.builder, written.target, written.effect
        if builder is not None and builder.calls:
            caller = routine.name or (target if effect is Effect.MAKES else ())
            unit.calls(builder.calls, caller, start_line(written.tokens[0]))
        if written.kind is StatementKind.ASSIGN and effect is not Effect.ENDS:
            routine.held.update(a.column for a in written.assignments)
        elif is_temporary(target):
            routine.held.add(target[0])
        path = () if written.anywhere else unit.path
        unit.facts.add(
            Place(unit.text, path, routine.key, unit.possible, unit.host),
            written.tokens,
            written.kind,
            builder.relations if builder is not None else (),
            root=written.root,
            target=target,
            columns=written.columns,
            assignments=written.assignments,
            scope=written.scope.index if written.scope is not None else -1,
            effect=effect,
            influences=written.influences,
            subqueries=(*written.subqueries, *(builder.sequences if builder is not None else ())),
            preset=written.preset,
            declared=written.declared,
            was=written.was,
            locations=unit.names.locations,
            shows_case=not unit.engine.stores_lower,
        )


_CREATES: Final = frozenset({"CREATE", "CREATE TABLE", "CREATE VIEW", "ALTER"})
_BY_VERB: Final[dict[str, Callable[[Unit, list[Token]], Said]]] = {
    "DECLARE": read_declare,
    "COMMENT": read_comment,
    "RETURN": read_return,
    "USE": read_use,
    "TRUNCATE": read_truncate,
    "DROP": read_drop,
    "SET": read_set,
    "DO": read_body,
    **dict.fromkeys(("EXEC", "EXECUTE", "CALL", "PREPARE"), read_execute),
    "RENAME": read_rename,
    "IF": lambda unit, tokens: condition(unit, tokens, StatementKind.IF),
    "WHILE": lambda unit, tokens: condition(unit, tokens, StatementKind.WHILE),
    "FETCH": read_fetch,
    "OPEN": read_open,
    "IMPORT": port_table,
    "PERFORM": read_perform,
    "ASSERT": read_assert,
    "LOAD": read_load,
    "EXPORT": read_export,
    "CACHE": read_cache,
    "SUBMIT": lambda unit, tokens: read_scheduled(unit, tokens, "AS"),
    "COPY": read_copy,
    "UNLOAD": read_unload,
    "FOR": read_for,
}
"""Who reads a statement, by its verb, if the engine has no reader of its own; the others' verbs alone do not say it."""
