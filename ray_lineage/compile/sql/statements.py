"""One file's slices -> statements, declarations and diagnostics."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import msgspec
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.expressions import Expression
from sqlglot.tokens import Token

from ray_lineage.compile.options import CompileOptions, ModelName
from ray_lineage.compile.sql import data, define, foreign, procedural, tablefuncs, writes
from ray_lineage.compile.sql.client import without_client_commands, without_delimiters
from ray_lineage.compile.sql.constants import UNKNOWN, Text, Texts, excludes, may_run_texts
from ray_lineage.compile.sql.excerpt import Item, innermost, item_ranges
from ray_lineage.compile.sql.lex.columns import ColumnItem, read_column, read_columns, read_create
from ray_lineage.compile.sql.lex.kinds import DELIMITED, LITERALS, T
from ray_lineage.compile.sql.lex.scan import closing, list_items, read_name
from ray_lineage.compile.sql.lex.tokens import dialect_of, reason_of, shifted, start_line, tokenize
from ray_lineage.compile.sql.names import PG_CATALOG, folder, with_defaults
from ray_lineage.compile.sql.query.scope import Scope
from ray_lineage.compile.sql.relations import Builder
from ray_lineage.compile.sql.rewrite import (
    OutputClause,
    Rewrite,
    has_methods,
    quoted_as_strings,
    rewrite_tsql,
    rewrites,
    take_outputs,
    take_returning,
)
from ray_lineage.compile.sql.rowsets import into_remote, may_have_rowsets, rewrite_rowsets
from ray_lineage.compile.sql.split import split
from ray_lineage.compile.sql.split.flow import Slice
from ray_lineage.compile.sql.variables import Variables, begin_program, declare, leave_block
from ray_lineage.model import (
    ANY,
    ANY_LOOP,
    LOOP,
    ROLES,
    VARIABLES,
    Assignment,
    Call,
    Declaration,
    DeclaredColumn,
    Diagnostic,
    ForeignKey,
    Influence,
    Name,
    StatementFacts,
)

_MAX_DEPTH: Final = 200  # nested parentheses in one statement; the parser fails at about 500, and crashes far above


_MAX_TOKENS: Final = 400_000  # of one statement


_EXCERPT: Final = 300  # characters


_EXPRESSION: Final = 160  # characters of an expression's text


_ROWS: Final = 100  # of INSERT ... VALUES that are parsed


_BODIES: Final = frozenset({T.HEREDOC_STRING, T.STRING, T.RAW_STRING})


_QUERIES: Final = frozenset({"SELECT", "WITH", "(", "FROM", "VALUES", "TABLE", "PIVOT", "UNPIVOT"})


_PIVOTS: Final = {"PIVOT_WIDER": (T.PIVOT, "PIVOT"), "PIVOT_LONGER": (T.UNPIVOT, "UNPIVOT")}


_DATA: Final = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE"})


_NONE: Final[frozenset[str]] = frozenset()


_FILES_AS_TABLES: Final = frozenset({"spark", "spark2", "databricks", "duckdb", "drill"})


_FORMATS: Final = frozenset(
    [
        "parquet",
        "delta",
        "csv",
        "json",
        "orc",
        "text",
        "avro",
        "binaryfile",
        "iceberg",
        "tsv",
        "ndjson",
        "jsonl",
        "gz",
        "zst",
        "xlsx",
        "arrow",
    ]
)


_CREATES: Final = frozenset({"CREATE", "CREATE TABLE", "CREATE VIEW", "ALTER"})


_SHORT_VERBS: Final = {
    "INS": (T.INSERT, "INSERT"),
    "UPD": (T.UPDATE, "UPDATE"),
    "DEL": (T.DELETE, "DELETE"),
    "SEL": (T.SELECT, "SELECT"),
}


_USED: Final = frozenset({"DATABASE", "SCHEMA", "CATALOG"})


_USES_SCHEMAS: Final = frozenset(
    {"mysql", "singlestore", "starrocks", "doris", "hive", "spark", "databricks", "clickhouse", "trino", "presto",
     "athena", "drill"}
)  # fmt: skip
"""Where ``USE name`` names what stands in front of a table's name."""


_NAMES_BY_TEXT: Final = frozenset({"snowflake", "databricks", "spark", ""})


_NAMED_BY_TEXT: Final = re.compile(r"identifier|table\s*\(\s*[$:]")


_PLPGSQL: Final = frozenset({"postgres", "redshift", "materialize", "risingwave", ""})


_SCANNED: Final = frozenset({"IF", "WHILE", "SET", "DECLARE", "RETURN", "PRINT"})


_SCALARS: Final = frozenset(
    {
        "bigint",
        "bit",
        "cursor",
        "date",
        "datetime",
        "hierarchyid",
        "int",
        "nvarchar",
        "sysname",
        "uniqueidentifier",
        "varchar",
        "xml",
    }
)
"""Types that may look like the user's own (``[int]``, ``sysname``)."""


_INNER: Final = frozenset({T.MERGE, T.UPDATE, T.DELETE, T.INSERT})


_PROGRAMS: Final = {
    "PROC": "Procedure",
    "PROCEDURE": "Procedure",
    "FUNCTION": "Function",
    "MACRO": "Function",
    "EVENT": "Procedure",
    "TASK": "Procedure",
    "ALERT": "Procedure",
    "TRIGGER": "Trigger",
    "PACKAGE": "Procedure",
}


class FileCompiler(Variables):
    """Compiles the text of one file. Use :meth:`run` once."""

    def __init__(self, text: str, dialect: str, options: CompileOptions, model: ModelName | None = None) -> None:
        super().__init__()
        self.text = text
        self.model = model
        self.dialect = dialect
        # most files cannot be too deep for want of parentheses: then no statement needs to be looked at
        lower = text.lower()
        self.nests = text.count("(") + lower.count("case") > _MAX_DEPTH
        self.is_tsql = dialect in ("tsql", "fabric")
        self.parser = dialect_of(dialect).parser()
        self.fold = folder(dialect)
        self.catalog = self.fold(options.catalog, False) if options.catalog else ""
        self.schema = self.fold(options.schema, False) if options.schema else ""
        self.statements: list[StatementFacts] = []
        self.declarations: list[Declaration] = []
        self.diagnostics: list[Diagnostic] = []
        self.temporary: set[str] = set()
        self.failed = 0
        self.tokens: list[Token] = []
        self.owners: dict[int, str] = {}
        self.has_methods = self.is_tsql and has_methods(text)
        self.has_quotes = self.is_tsql and "quoted_identifier" in lower
        self.has_rowsets = self.is_tsql and may_have_rowsets(lower)
        self.has_remote = self.is_tsql and ("openquery" in lower or "openrowset" in lower)
        self.has_keys = "references" in lower
        self.has_identifiers = dialect in _NAMES_BY_TEXT and _NAMED_BY_TEXT.search(lower) is not None
        self.parameters: dict[str, list[str]] = {}  # of T-SQL's programs, by owner
        self.outputs: dict[str, list[str]] = {}  # output parameters, by owner
        self.returned_names: dict[str, tuple[str, ...]] = {}  # variables that are columns of a result, by owner
        self.nothing = Builder(dialect, self.dataset)  # of statements without a query
        self.externals: set[Name] = set()  # files that are read or written
        self.server = ""  # where the text at hand runs, if not here
        self.declared: dict[str, set[str]] = {}  # variables of procedural bodies, by owner
        self.calls: list[Call] = []
        self.foreign_keys: list[ForeignKey] = []
        self.owner_names: dict[str, Name] = {}
        self.kinds: dict[str, str] = {}  # of owners
        self.trigger_tables: dict[str, Name] = {}
        self.carriers: dict[str, set[str]] = {}  # variables that got a value from a query, by owner
        self.texts: dict[str, Texts] = {}
        self.runs_texts = not self.is_tsql or may_run_texts(lower)
        self.sink: tuple[Name, tuple[str, ...]] | None = None  # what takes the result of dynamic SQL
        self.nested = 0
        self.path: tuple[int, ...] = ()
        self.blocks = 0  # of control flow, numbered so far
        self.parsed: list[Token] = []  # of the statement at hand
        self._items: list[Item] = []
        self._items_of: list[Token] | None = None
        self.returned: dict[str, Name] = {}  # table variables that a function returns, by owner
        self.shared: dict[str, set[str]] = {}  # variables that an owner's members see
        self.lasting: set[str] = set()  # variables of the script that were declared in no block
        self.held_until: dict[str, int] = {}  # statements already asked for what they fill
        self.new_names: frozenset[str] = frozenset()  # what a trigger calls its new row
        self.row_names: dict[str, Name] = {}  # what a trigger calls its rows
        self.transitions: dict[str, set[str]] = {}  # what their functions call the changed rows
        self.trigger_functions: dict[str, list[Name]] = {}  # their tables, by the function's name
        self.rewrites: tuple[Rewrite, ...] = ()
        self.declares = False  # a DECLARE section has begun
        self.into: list[list[Token]] = []  # the variables that take the result of dynamic SQL
        self.bound = 0
        self.scans_results = dialect == "snowflake" and "result_scan" in lower
        self.queries: dict[
            str, list[list[Token]]
        ] = {}  # what LAST_QUERY_ID means, by owner; other statements are empty
        self.query_ids: dict[str, int] = {}  # which of them a variable stands for

    def run(self) -> None:
        """Compile the whole text."""
        if not self.is_tsql:
            self.text = without_client_commands(self.text, self.dialect)
            self.rewrites = rewrites(self.text, self.dialect)
        if self.dialect in DELIMITED and "delimiter" in self.text.lower():
            self.text = without_delimiters(self.text)
        self.tokens, diagnostics = tokenize(self.text, self.dialect)
        if self.has_quotes:
            self.tokens = quoted_as_strings(self.tokens, self.text)
        self.diagnostics.extend(diagnostics)
        if self.dialect in _PLPGSQL and "trigger" in self.text.lower():
            self._trigger_functions()
        self._compile_tokens(self.tokens, "")

    def _trigger_functions(self) -> None:
        """``CREATE TRIGGER ... ON table ... EXECUTE FUNCTION f``: f's NEW and OLD are rows of the table."""
        tokens = self.tokens
        for i, token in enumerate(tokens):
            if (
                token.text.upper() != "TRIGGER"
                or not i
                or tokens[i - 1].text.upper() not in ("CREATE", "CONSTRAINT", "REPLACE")
            ):
                continue
            end = next((k for k in range(i, len(tokens)) if tokens[k].token_type is T.SEMICOLON), len(tokens))
            table, function = self._trigger_parts(tokens[i:end])
            if table and function:
                self.trigger_functions.setdefault(function[-1], []).append(table)
                names, _ = self._referenced(tokens[i:end])
                self.transitions.setdefault(function[-1], set()).update(names)

    def _trigger_parts(self, tokens: list[Token]) -> tuple[Name, Name]:
        words = [t.text.upper() for t in tokens]
        on = next((k for k, w in enumerate(words) if w == "ON"), -1)
        run = next((k for k, w in enumerate(words) if w in ("FUNCTION", "PROCEDURE") and words[k - 1] == "EXECUTE"), -1)
        table = read_name(tokens, on + 1)[0] if on > 0 else []
        function = read_name(tokens, run + 1)[0] if run > 0 else []
        return self._full(table) if table else (), self._full(function) if function else ()

    def texts_of(self, owner: str) -> Texts:
        """What texts the variables of an owner hold."""
        found = self.texts.get(owner)
        if found is None:
            found = self.texts[owner] = Texts()
        return found

    def knows(self, name: str, owner: str) -> bool:
        """Is it a variable that was assigned here?"""
        return self.texts_of(owner).knows(name) or self.fold(name, False) in self.carriers.get(owner, ())

    @property
    def in_loop(self) -> bool:
        """May the statement at hand run again?"""
        return any(step % ROLES in (LOOP, ANY, ANY_LOOP) for step in self.path)

    def known_texts(self, value: list[Token], owner: str) -> Iterator[Mapping[str, Text]]:
        """The texts that the variables named in ``value`` may hold, those of the package or block around them too."""
        outer = owner.rpartition(".")[0]
        around = None if self.is_tsql or not owner else self.texts.get(outer) or self.texts.get("")
        own = self.texts_of(owner).variants(value, self.path)
        if around is None:
            yield from own
            return
        for outside in around.variants(value, ()):
            for known in own:
                yield {**outside, **known}

    def carriers_of(self, owner: str) -> set[str]:
        """Variables that an owner sees and that got a value from a query."""
        own = self.carriers.get(owner, set())
        outer = owner.rpartition(".")[0]
        around = self.carriers.get(outer) if owner and not self.is_tsql else None
        return own | around if around else own

    @property
    def variables(self) -> frozenset[str]:
        """The variables that the program at hand sees, its package's and its script's too: they are no columns (engines
        refuse such ambiguity)."""
        if not self.declared:
            return _NONE
        name, found = self.owner, self.declared.get("", ())
        while name:
            found = (*found, *self.declared.get(name, ()))
            name = name.rpartition(".")[0]
        return frozenset(found)

    def declare(self, variable: str) -> None:
        """There is such a variable in the program at hand."""
        declare(self, variable)

    def declare_variable(self, name: Token, kind: list[Token]) -> None:
        """``name type``: a variable, and whether it holds whole rows."""
        part = self._part(name)
        self.declare(part)
        self.rows.pop(part, None)
        words = {t.text.upper() for t in kind[:8]}
        if words & {"ROWTYPE", "RECORD"} or (kind and self._part(kind[0]) in self.row_types):
            self.records.add(part)
            self.rows[part] = (f"#row:{part}",)
        else:
            self.records.discard(part)
        if "RESULTSET" in words:
            self.resultsets.add(part)

    def _compile_tokens(self, tokens: list[Token], owner: str) -> None:
        outer, self.tokens = self.tokens, tokens
        outer_owners, self.owners = self.owners, {}
        slices = split(tokens, self.dialect, self.blocks)
        outer_path = self.path
        for index, piece in enumerate(slices):
            self.path = (*outer_path, *piece.path)
            if piece.fresh and not owner:
                leave_block(self, tokens[piece.start : piece.end])
            try:
                self._slice(index, piece, self.owners.get(piece.owner, owner))
                if self.scans_results:
                    tablefuncs.remember(
                        self, piece.verb, tokens[piece.start : piece.end], self.owners.get(piece.owner, owner)
                    )
                if (
                    self.outputs
                    and piece.owner >= 0
                    and (index + 1 == len(slices) or slices[index + 1].owner != piece.owner)
                ):
                    self.path = outer_path
                    procedural.give_outputs(self, tokens[piece.start : piece.end], self.owners.get(piece.owner, owner))
            except (SqlglotError, RecursionError, ValueError, AttributeError, TypeError, KeyError, IndexError) as error:
                self._cannot_read(piece, error)
        self.blocks = max((step // ROLES for s in slices for step in s.path), default=self.blocks)
        self.tokens, self.owners, self.path = outer, outer_owners, outer_path

    def _cannot_read(self, piece: Slice, error: Exception) -> None:
        self.failed += 1
        first = self.tokens[piece.start]
        line, column, what = start_line(first), 0, str(error).split("\n")[0]
        if isinstance(error, ParseError) and error.errors:
            detail = error.errors[0]
            line, column = int(detail.get("line") or line), int(detail.get("col") or 0)
            what = f"{reason_of(error)} near {str(detail.get('highlight') or '')[:40]!r}"
        elif isinstance(error, RecursionError):
            what = "nested too deeply"
        elif not isinstance(error, SqlglotError):
            what = f"{type(error).__name__} while reading it ({what[:80]}); please report this statement"
        self._note("RL102", "error", f"this {piece.verb} statement was left out: {what}", line, column)

    def _note(self, code: str, severity: str, message: str, line: int, column: int = 0) -> None:
        self.diagnostics.append(Diagnostic(code, severity, message, line, column))

    # ------------------------------------------------------------------ dispatch

    def _slice(self, index: int, piece: Slice, owner: str) -> None:
        tokens = self.tokens[piece.start : piece.end]
        verb = piece.verb
        self.owner = owner
        other = (_SHORT_VERBS if self.dialect == "teradata" else _PIVOTS).get(verb)
        if other is not None:
            kind, verb = other
            at = tokens[0]
            tokens = [Token(kind, verb, at.line, at.col, at.start, at.end), *tokens[1:]]
        if self.is_tsql and owner and verb in _SCANNED:
            self._functions(tokens, owner)
            if verb == "RETURN" and owner in self.outputs:
                procedural.give_outputs(self, tokens, owner)
        if self.has_identifiers:
            tokens = procedural.named(self, tokens, verb, owner)
        handler = _BY_VERB.get(verb)
        if handler is not None:
            handler(self, tokens, owner)
        elif verb == "HEADER":
            self._header(index, tokens, owner)
        elif verb == "REPLACE" and len(tokens) > 1 and tokens[1].text.upper() in ("VIEW", "TABLE", "FUNCTION", "MACRO"):
            self._create(tokens, "CREATE", owner)
        elif verb in _QUERIES or verb in _DATA:
            if verb == "UPDATE" and self.dialect == "teradata":
                tokens = self._without_else(tokens, owner)
            self._data(tokens, verb, owner)
        elif verb in _CREATES:
            self._create(tokens, verb, owner)
        elif verb == "WAITFOR" and len(tokens) > 4 and tokens[2].text.upper() == "RECEIVE":
            procedural.receive(self, tokens, owner)
        elif verb in ("?", "CALLED") and len(tokens) > 3 and tokens[0].text.upper() == "RENAME":
            self._rename(tokens, owner)
        elif verb == "CALLED" and tokens[0].token_type in (T.VAR, T.IDENTIFIER):
            at = tokens[0]
            procedural.execute(self, [Token(T.EXECUTE, "EXEC", at.line, at.col, at.start, at.start), *tokens], owner)
        elif (
            not self.is_tsql
            and len(tokens) > 1
            and (owner or self.declares or verb == "LET" or self._after_declare(piece))
        ):
            self.declares = True
            self._declare_or_assign(tokens, owner)

    def _execute(self, tokens: list[Token], owner: str) -> None:
        """``EXEC``, ``CALL``, ``EXECUTE IMMEDIATE 'body'``."""
        if (
            len(tokens) == 3
            and not self.is_tsql
            and tokens[1].text.upper() == "IMMEDIATE"
            and tokens[2].token_type in _BODIES
        ):
            self._nested_body(tokens, owner)
        elif len(tokens) > 1:
            procedural.execute(self, tokens, owner)

    def _database(self, tokens: list[Token], owner: str) -> None:
        """``DATABASE d`` of Teradata, ``OPEN SCHEMA s`` of Exasol."""
        self.schema = self._part(tokens[-1])

    def _open(self, tokens: list[Token], owner: str) -> None:
        if len(tokens) == 3 and tokens[1].text.upper() == "SCHEMA":
            self._database(tokens, owner)
        else:
            procedural.open_cursor(self, tokens, owner)

    def _perform(self, tokens: list[Token], owner: str) -> None:
        """``PERFORM f(a) FROM t`` of PL/pgSQL is a query whose result nobody takes."""
        at = tokens[0]
        self._data([Token(T.SELECT, "SELECT", at.line, at.col, at.start, at.end), *tokens[1:]], "PERFORM", owner)

    def _assert(self, tokens: list[Token], owner: str) -> None:
        self._data(tokens[1 : _after_assert(tokens)], "PERFORM", owner)

    def _export(self, tokens: list[Token], owner: str) -> None:
        if len(tokens) > 1:
            (writes.port_table if tokens[1].text.upper() == "TABLE" else writes.export)(self, tokens, owner)

    def _import(self, tokens: list[Token], owner: str) -> None:
        (writes.import_ if self.dialect == "exasol" else writes.port_table)(self, tokens, owner)

    def _locking(self, tokens: list[Token], owner: str) -> None:
        """``LOCKING TABLE t FOR ACCESS SELECT ...`` of Teradata."""
        at = next((i for i, t in enumerate(tokens) if t.text.upper() in _QUERIES | _DATA and i > 2), -1)
        if at > 0:
            self._data(tokens[at:], tokens[at].text.upper(), owner)

    def _without_else(self, tokens: list[Token], owner: str) -> list[Token]:
        """``UPDATE ... ELSE INSERT ...`` of Teradata: two statements."""
        at = next((i for i, t in enumerate(tokens) if t.token_type is T.ELSE and tokens[i + 1 : i + 2]), -1)
        if at < 0 or tokens[at + 1].text.upper() not in ("INSERT", "INS"):
            return tokens
        self._data(tokens[at + 1 :], "INSERT", owner)
        return tokens[:at]

    def _scheduled(self, tokens: list[Token], word: str, owner: str) -> None:
        """``SUBMIT TASK ... AS statement`` of StarRocks, ``CREATE JOB ... DO statement`` of Doris."""
        depth = 0
        for i, token in enumerate(tokens[:-1]):
            depth += (token.token_type is T.L_PAREN) - (token.token_type is T.R_PAREN)
            if depth == 0 and token.text.upper() == word and token.token_type is not T.IDENTIFIER:
                rest = tokens[i + 1 :]
                verb = rest[0].text.upper()
                if verb in _DATA or verb in _QUERIES:
                    self._data(rest, verb, owner)
                elif verb == "CREATE":
                    self._create(rest, "CREATE", owner)
                return

    def _use(self, tokens: list[Token], owner: str) -> None:
        """``USE [DATABASE|SCHEMA|CATALOG] [a.]b``: what completes the names that follow."""
        word = tokens[1].text.upper() if len(tokens) > 2 else ""
        name, _ = read_name(tokens, 2 if word in _USED else 1)
        if not name or name[0].text.upper() in ("ROLE", "WAREHOUSE", "SECONDARY"):
            return
        parts = self._name(name)
        if len(parts) > 1:
            self.catalog, self.schema = parts[-2], parts[-1]
        elif word == "SCHEMA" or (word != "CATALOG" and self.dialect in _USES_SCHEMAS):
            self.schema = parts[-1]
        else:
            self.catalog = "" if UNKNOWN in parts[-1] else parts[-1]

    def _functions(self, tokens: list[Token], owner: str) -> None:
        """Calls of functions in what is not parsed."""
        if "CURSOR" in [t.text.upper() for t in tokens[:12]]:
            return  # its query is parsed
        found = procedural.functions_in(self, tokens)
        if found:
            procedural.call_functions(self, found, self.owner_names.get(owner, ()), start_line(tokens[0]))

    def _after_declare(self, piece: Slice) -> bool:
        return piece.start > 0 and self.tokens[piece.start - 1].text.upper() == "DECLARE"

    def _set(self, tokens: list[Token], owner: str) -> None:
        words = [t.text.upper() for t in tokens[1:4]]
        if words[:1] == ["SEARCH_PATH"] and len(tokens) > 3:
            self.schema = self.fold(tokens[3].text, tokens[3].token_type is T.IDENTIFIER)
        elif words[:1] == ["SCHEMA"] and len(tokens) > 2:
            at = 3 if tokens[2].token_type is T.EQ and len(tokens) > 3 else 2
            self.schema = self.fold(tokens[at].text.strip("'"), tokens[at].token_type is T.IDENTIFIER)
        elif words[:1] and tokens[1].text != "@@":
            procedural.set_variable(self, tokens, owner)

    def _declare_or_assign(self, tokens: list[Token], owner: str) -> None:
        """``v := expression`` or, in a DECLARE section, ``v type [:= expression]``, ``CURSOR c IS SELECT ...``."""
        words = [t.text.upper() for t in tokens[:4]]
        if words[0] in ("LET", "VARIABLE", "VAR") and len(tokens) > 2:
            tokens, words = tokens[1:], [t.text.upper() for t in tokens[1:5]]
        at = next((i for i, w in enumerate(words[1:], 1) if w == "CURSOR"), -1)
        if at > 0 and (at == 1 or words[at - 1] == "SCROLL"):  # c [NO SCROLL] CURSOR [(parameters)] FOR query
            at += 1
            if at < len(tokens) and tokens[at].token_type is T.L_PAREN:
                self._parameters(tokens, at)
                at = closing(tokens, at) + 1
            query = tokens[at + 1 :]
            if len(query) == 1:
                procedural.cursor_of(self, tokens[0], query[0], tokens, owner)
            elif query and query[0].token_type in (T.SELECT, T.WITH, T.L_PAREN):
                procedural.cursor(self, tokens[0], query, tokens, owner)
            return
        if words[0] == "TYPE" and len(tokens) > 3:  # TYPE r IS RECORD (...), TYPE rs IS TABLE OF t%ROWTYPE
            names = {t.text.upper() for t in tokens[2:12]}
            kinds = {self._part(t) for t in tokens[4:8] if t.token_type is T.VAR}
            if names & {"RECORD", "ROWTYPE"} or kinds & self.row_types:
                self.row_types.add(self._part(tokens[1]))
            return
        if words[0] == "CURSOR" and len(tokens) > 3:
            at = next((i for i, t in enumerate(tokens) if t.token_type is T.SELECT or t.token_type is T.WITH), -1)
            if at > 0:
                self._parameters(tokens, 2)
                procedural.cursor(self, tokens[1], tokens[at:], tokens, owner)
            return
        if any(t.token_type is T.COLON_EQ for t in tokens[1:9]) and not _is_declaration(tokens):
            if tokens[1].token_type is T.COLON_EQ:
                self.declare(self._part(tokens[0]))
            procedural.set_variable(self, tokens, owner)
        elif tokens[0].token_type is T.VAR and _is_declaration(tokens):
            self.declare_variable(tokens[0], tokens[1:])
            at = next(
                (i for i, t in enumerate(tokens) if t.token_type in (T.COLON_EQ, T.EQ) or t.text.upper() == "DEFAULT"),
                -1,
            )
            if at > 0:
                value = tokens[at + 1 :]
                if self._part(tokens[0]) not in self.resultsets or not procedural.holds_rows(
                    self, tokens[0], value, tokens, owner
                ):
                    procedural.assign(self, tokens[0].text, value, owner)
        elif tokens[1].token_type is T.COMMA:  # DECLARE a, b int
            procedural.declare(self, [tokens[0], *tokens], owner)
        elif owner:
            procedural.call(self, tokens, owner)

    def _rename(self, tokens: list[Token], owner: str) -> None:
        """``RENAME TABLE a TO b, c TO d`` (MySQL), ``RENAME a TO b`` (Oracle), ``RENAME OBJECT s.a TO b`` (Synapse)."""
        i = 2 if len(tokens) > 2 and tokens[1].text.upper() in ("TABLE", "OBJECT") else 1
        if i == 2 and tokens[2].token_type is T.DCOLON:
            i = 3
        while i < len(tokens):
            old, i = read_name(tokens, i)
            if not old or i >= len(tokens) or tokens[i].text.upper() != "TO":
                return
            new, i = read_name(tokens, i + 1)
            if not new:
                return
            name, renamed = self._full(old), self._full(new)
            if self.is_tsql and len(new) == 1:
                renamed = (*name[:-1], renamed[-1])
            procedural.rename(self, tokens, name, renamed, owner)
            i += 1

    # ------------------------------------------------------------------ names

    def _part(self, token: Token) -> str:
        if token.token_type is T.DOT:
            return ""
        return str(self.fold(token.text, token.token_type is T.IDENTIFIER))

    def _name(self, parts: list[Token]) -> Name:
        if self.dialect == "bigquery" and any(p.token_type is T.IDENTIFIER and "." in p.text for p in parts):
            return tuple(self.fold(text, True) for p in parts for text in p.text.split("."))
        return tuple(self._part(p) for p in parts)

    def _full(self, parts: list[Token]) -> Name:
        if len(parts) == 2 and parts[1].token_type is T.IDENTIFIER and self.dialect in _FILES_AS_TABLES:
            text = parts[1].text
            if parts[0].text.lower() in _FORMATS and ("/" in text or ":" in text):  # delta.`/path`
                return procedural.external(self, text, parts[1].line)
        return self._qualified(self._name(parts))

    def _qualified(self, name: Name) -> Name:
        if not name:
            raise ParseError("a name is missing")
        if self.nested:
            name = procedural.unknown_name(name)
        if len(name) == 1:
            if name[0][:1] in ("#", "@"):
                returned = self.returned.get(self.owner)
                return returned[1:] if returned and name == returned[:1] else name
            if name[0] in ("inserted", "deleted") and self.owner in self.trigger_tables:
                return self.trigger_tables[self.owner]
            if name[0] in self.temporary:
                return (f"#{name[0]}",)
            if name[0] in self.row_names and self.owner in self.trigger_tables:  # a transition table
                return self.trigger_tables[self.owner]
            if name[0] in PG_CATALOG and self.dialect in _PLPGSQL:
                return ("pg_catalog", name[0])
        elif name in self.externals:
            return name
        elif len(name) == 2 and name[0] == "live" and self.dialect == "databricks":  # of the pipeline itself
            name = name[1:]
        elif name[0] == "global_temp" and name[-1] in self.temporary:
            return (f"#{name[-1]}",)
        if self.server:
            return (self.server, *with_defaults(name, "", ""))
        return with_defaults(name, self.catalog, self.schema)

    def dataset(self, table: exp.Table) -> Name:
        """Normalised name of a table as written in a query."""
        this = table.this
        if isinstance(this, exp.Parameter):
            return self._qualified((f"@{self.fold(this.name, False)}",))
        if isinstance(this, exp.DynamicIdentifier):  # IDENTIFIER('a.b')
            text = this.name
            parts = read_name(tokenize(text, self.dialect)[0], 0)[0] if isinstance(this.this, exp.Literal) else []
            return self._full(parts) if parts else ("#" + UNKNOWN,)
        if isinstance(this, exp.DirectoryStage):  # DIRECTORY(@stage)
            this = this.this
        if isinstance(this, exp.Var) and this.name.startswith("@"):  # a stage
            return procedural.external(self, this.name, 0)
        args = table.args
        parts = [p for p in (args.get("catalog"), args.get("db"), this) if p is not None]
        if isinstance(this, exp.Identifier) and (this.args.get("temporary") or this.args.get("global_")):
            mark = "##" if this.args.get("global_") else "#"
            return (mark + self.fold(this.name, False),)
        names: list[str] = []
        for part in parts:
            names.extend(self._dotted(part))
        if names and names[-1].startswith("#"):
            return (names[-1],)
        if self.dialect in _FILES_AS_TABLES and (path := self._file_as_table(parts)):
            return procedural.external(self, path, 0)
        return self._qualified(tuple(names))

    def _file_as_table(self, parts: list[Expression]) -> str:
        """``parquet.`/path` `` of Spark, ``'file.csv'`` of DuckDB: the location."""
        last = parts[-1] if parts else None
        if not isinstance(last, exp.Identifier) or not last.args.get("quoted"):
            return ""
        text = str(last.name)
        if len(parts) == 2 and parts[0].name.lower() in _FORMATS and ("/" in text or ":" in text):
            return text
        if len(parts) == 1 and ("/" in text or ("." in text and text.lower().rsplit(".", 1)[-1] in _FORMATS)):
            return text
        return ""

    def _dotted(self, part: Expression | str) -> list[str]:
        if isinstance(part, str):  # the middle of db..t
            return [part]
        if isinstance(part, exp.Dot):
            return [*self._dotted(part.this), *self._dotted(part.expression)]
        if isinstance(part, exp.Identifier):
            if self.dialect == "bigquery" and part.args.get("quoted") and "." in part.name:
                return [self.fold(p, True) for p in part.name.split(".")]
            return [self.fold(part.name, bool(part.args.get("quoted")))]
        return [self.fold(part.name, False)]

    # ------------------------------------------------------------------ programs

    def _header(self, index: int, tokens: list[Token], outer: str = "") -> None:
        at = next(
            (i for i, t in enumerate(tokens) if t.text.upper() in _PROGRAMS and t.token_type is not T.IDENTIFIER), -1
        )
        if at < 0:
            return
        kind = _PROGRAMS[tokens[at].text.upper()]
        i = at + 1
        while i < len(tokens) and tokens[i].text.upper() in ("IF", "NOT", "EXISTS", "BODY"):
            i += 1
        parts, i = read_name(tokens, i)
        if not parts:
            return
        name = self._full(parts)
        around = self.owner_names.get(outer)
        if around is not None and not self.is_tsql:  # a member of a package
            name = (*around, name[-1])
        owner = self.owners[index] = ".".join(name)
        if tokens[at].text.upper() != "PACKAGE":  # its body sees what its specification declares
            begin_program(self, tokens, owner)
        self.owner_names[owner] = name
        self.kinds[owner] = kind
        if kind == "Trigger":
            self._trigger_table(tokens, i, owner)
            self._row_names(tokens, owner)
        elif name[-1] in self.trigger_functions:
            self._trigger_function(tokens, owner, self.trigger_functions[name[-1]])
        self.owner = owner
        if self.is_tsql:
            self._tsql_parameters(tokens, i, owner)
        else:
            self._parameters(tokens, i, untyped=self.dialect == "duckdb")
        columns: tuple[DeclaredColumn, ...] = ()
        returns = next((j for j in range(i, len(tokens)) if tokens[j].text.upper() == "RETURNS"), -1)
        if returns >= 0 and (kind == "Function" or (kind == "Procedure" and self.dialect == "snowflake")):
            columns = self._returned_table(tokens, returns, name)
        if columns:
            self.returned_names[owner] = tuple(c.name for c in columns)
        elif self.dialect in _PLPGSQL and self.dialect and kind in ("Function", "Procedure"):
            columns = self._out_parameters(tokens, i)
            self.returned_names[owner] = tuple(c.name for c in columns)
        parameters = tuple(self.parameters.get(owner, ())) if kind == "Procedure" else ()
        self.declarations.append(Declaration(name, kind, start_line(tokens[0]), columns, parameters=parameters))

    def _trigger_table(self, tokens: list[Token], i: int, owner: str) -> None:
        at = next((j for j in range(i, len(tokens)) if tokens[j].text.upper() == "ON"), -1)
        parts, _ = read_name(tokens, at + 1) if at > 0 else ([], 0)
        if parts and parts[-1].text.upper() not in ("DATABASE", "SERVER"):
            self.trigger_tables[owner] = self._full(parts)

    def _trigger_function(self, tokens: list[Token], owner: str, tables: list[Name]) -> None:
        """A trigger's function; if several tables have such triggers, its rows may be of any of them."""
        self.row_names, self.new_names = {}, frozenset()
        distinct = list(dict.fromkeys(tables))
        if len(distinct) == 1:
            self.trigger_tables[owner] = distinct[0]
            self.row_names = dict.fromkeys(self.transitions.get(owner.rpartition(".")[2], ()), distinct[0])
            return
        rows: Name = (f"#rows:{owner}",)
        for table in distinct:
            procedural.move(self, tokens, table, rows, "trigger", owner)
        self.rows["new"] = self.rows["old"] = rows

    def _row_names(self, tokens: list[Token], owner: str) -> None:
        """``REFERENCING NEW AS n OLD AS o``."""
        names, self.new_names = self._referenced(tokens)
        self.row_names = dict.fromkeys(names, self.trigger_tables.get(owner, ()))

    def _referenced(self, tokens: list[Token]) -> tuple[list[str], frozenset[str]]:
        """The names of a trigger's rows or transition tables, and which of them are the new ones."""
        words = [t.text.upper() for t in tokens]
        names: dict[str, str] = {}
        if "REFERENCING" in words:
            at = words.index("REFERENCING") + 1
            while at < len(words) and words[at] in ("NEW", "OLD", "PARENT"):
                k = at + 1
                while k < len(words) and words[k] in ("ROW", "TABLE", "AS"):
                    k += 1
                if k < len(words):
                    names[self._part(tokens[k])] = words[at]
                at = k + 1
        return list(names), frozenset(n for n, w in names.items() if w == "NEW")

    def _parameters(self, tokens: list[Token], i: int, *, untyped: bool = False) -> None:
        """Parameters are no columns."""
        if i >= len(tokens) or tokens[i].token_type is not T.L_PAREN:
            return
        for a, b in list_items(tokens, i + 1, closing(tokens, i)):
            while a < b - 1 and tokens[a].text.upper() in ("IN", "OUT", "INOUT", "VARIADIC"):
                a += 1
            if b - a > 1 or untyped:
                self.declare(self._part(tokens[a]))

    def _out_parameters(self, tokens: list[Token], i: int) -> tuple[DeclaredColumn, ...]:
        """``(IN a int, OUT b int)`` of Postgres: what goes out are the columns of the result."""
        if i >= len(tokens) or tokens[i].token_type is not T.L_PAREN:
            return ()
        out: list[DeclaredColumn] = []
        for a, b in list_items(tokens, i + 1, closing(tokens, i)):
            if b - a > 2 and tokens[a].text.upper() in ("OUT", "INOUT"):
                out.append(self._declared(read_column(tokens, a + 1, b)))
        return tuple(out)

    def _tsql_parameters(self, tokens: list[Token], i: int, owner: str) -> None:
        """``@rows dbo.SomeType READONLY`` is a table of that type's columns."""
        end = len(tokens)
        if i < end and tokens[i].token_type is T.L_PAREN:
            i, end = i + 1, closing(tokens, i)
        for a, b in list_items(tokens, i, end):
            if tokens[a].token_type is not T.PARAMETER or a + 1 >= b:
                continue
            name = str(self.fold("@" + tokens[a + 1].text, False))
            self.parameters.setdefault(owner, []).append(name)
            options = [t.text.upper() for t in tokens[a + 3 : b]]
            if "READONLY" in options:
                self.of_type(tokens, a, owner)
            elif "OUTPUT" in options or "OUT" in options:
                self.outputs.setdefault(owner, []).append(name)

    def of_type(self, tokens: list[Token], i: int, owner: str) -> None:
        """``@v [AS] SomeType``: if it is a table type, its columns are the variable's."""
        variable, at = read_name(tokens, i)
        if at < len(tokens) and tokens[at].text.upper() == "AS":
            at += 1
        if (
            at >= len(tokens)
            or tokens[at].token_type not in (T.VAR, T.IDENTIFIER)
            or tokens[at].text.lower() in _SCALARS
        ):
            return
        parts, _ = read_name(tokens, at)
        if variable and parts:
            self.declarations.append(
                Declaration((self._part(variable[0]),), "TempTable", tokens[i].line, (), -1, True, False,
                            self._full(parts), owner)
            )  # fmt: skip

    def _returned_table(self, tokens: list[Token], i: int, name: Name) -> tuple[DeclaredColumn, ...]:
        """``RETURNS @t TABLE (columns)``: what is written to @t is the function's result."""
        at = next((j for j in range(i, min(i + 5, len(tokens))) if tokens[j].text.upper() == "TABLE"), -1)
        if at < 0 or at + 1 >= len(tokens) or tokens[at + 1].token_type is not T.L_PAREN:
            return ()
        columns, _ = read_columns(tokens, at + 2, closing(tokens, at + 1))
        variable, _ = read_name(tokens, i + 1)
        if variable and variable[0].text.startswith("@"):
            self.returned[".".join(name)] = (self._part(variable[0]), *name)
        return tuple(self._declared(c) for c in columns)

    def _declared(self, item: ColumnItem) -> DeclaredColumn:
        passed = item.filled and (self.is_tsql or (self.dialect == "clickhouse" and item.computed[1] > 0))
        return DeclaredColumn(self._part(item.name), item.type, item.name.line, passed)

    def _return(self, tokens: list[Token], owner: str) -> None:
        """RETURN (SELECT ...) of an inline table-valued function defines the function's columns."""
        if not self.is_tsql and owner and procedural.return_rows(self, tokens, owner):
            return
        i, end = 1, len(tokens)
        while i < end and tokens[i].token_type is T.L_PAREN and closing(tokens, i) == end - 1:
            i, end = i + 1, end - 1
        if i >= end or not owner:
            return
        if tokens[i].text.upper() not in ("SELECT", "WITH"):
            if self.kinds.get(owner) == "Function":
                procedural.return_value(self, tokens, tokens[1:], owner)
            return
        declared = next((d for d in reversed(self.declarations) if ".".join(d.name) == owner), None)
        if declared is None or declared.kind != "Function":
            return
        define.define(
            self, tokens, tokens[i:end], declared.name, "Function", (), "create_function", owner, redeclare=declared
        )

    def _nested_body(self, tokens: list[Token], owner: str) -> None:
        """A body in dollar quotes (or a string) is text of its own, at its place in the file."""
        language = next(
            (tokens[i + 1].text.upper() for i, t in enumerate(tokens[:-1]) if t.text.upper() == "LANGUAGE"), "SQL"
        )
        if language not in ("SQL", "PLPGSQL"):
            self._note("RL112", "info", f"a body in {language.title()} is not read", start_line(tokens[0]))
            return
        for token in tokens:
            if token.token_type not in _BODIES or len(token.text) < 8:
                continue
            inner = token.text
            start = self.text.find(inner, token.start)
            if start < 0 or start > token.end:
                continue
            found, diagnostics = tokenize(inner, self.dialect)
            lines = start_line(token) - 1 + self.text.count("\n", token.start, start)
            self.diagnostics.extend(
                Diagnostic(d.code, d.severity, d.message, d.line + lines, d.column) for d in diagnostics
            )
            self._compile_tokens([shifted(t, lines, start) for t in found], owner)
            if not owner:
                leave_block(self, tokens)
            return

    # ------------------------------------------------------------------ DDL

    def _create(self, tokens: list[Token], verb: str, owner: str) -> None:
        words = [t.text.upper() for t in tokens[:8]]
        if "ALGORITHM" in words or "DEFINER" in words:
            words = [t.text.upper() for t in tokens[:24]]
        is_program = "PROCEDURE" in words or ("FUNCTION" in words and "TABLE" not in words[1:4]) or "MACRO" in words[:5]
        if not self.is_tsql and is_program:  # T-SQL's are cut at their bodies
            self._header(len(self.owners) + 1_000_000, tokens)
            program = self.owners.get(len(self.owners) + 1_000_000 - 1, owner)
            if not writes.function_query(self, tokens, program):
                self._nested_body(tokens, program)
                procedural.return_variables(self, tokens, program)
            return
        if self.is_tsql and verb == "ALTER" and words[1:2] == ["SCHEMA"]:
            procedural.transfer(self, tokens, owner)
            return
        if verb == "CREATE" and "SYNONYM" in words[1:5]:
            procedural.synonym(self, tokens, owner)
            return
        if self.is_tsql and verb == "CREATE" and ("SEQUENCE" in words[1:5] or words[1:2] == ["TYPE"]):
            define.sequence_or_type(self, tokens, words)
            return
        if not self.is_tsql and verb == "CREATE" and writes.create(self, tokens, words, owner):
            return
        if "TABLE" not in words and "VIEW" not in words:
            return
        if verb == "ALTER" and "VIEW" not in words[:4]:
            define.alter_table(self, tokens, owner)
            return
        if words[1:2] and words[1] in (
            "INDEX",
            "UNIQUE",
            "STATISTICS",
            "TRIGGER",
            "SYNONYM",
            "SECURITY",
            "PUBLICATION",
        ):
            return
        head = read_create(tokens)
        if head is None:
            return
        is_view = "VIEW" in head.words
        temporary = bool(head.words & {"TEMP", "TEMPORARY", "VOLATILE"})
        if temporary and "GLOBAL" in head.words and self.dialect in ("oracle", "teradata", "exasol"):
            temporary = False  # only its rows are of the session
        if temporary:
            self.temporary.add(self._name(head.name)[-1])
        name = self._full(head.name)
        temporary = temporary or name[0][:1] in ("#", "@")
        procedural.replaced(self, tokens, name, head.query)
        if is_view and not temporary:
            kind = "MaterializedView" if "MATERIALIZED" in head.words else "View"
        else:
            kind = "TempTable" if temporary else "External" if "EXTERNAL" in head.words else "Table"
        columns = tuple(self._declared(c) for c in head.columns)
        if head.query < len(tokens) and is_view and writes.view_to(self, tokens, head, name, owner):
            return
        if head.query < len(tokens):
            statement = "create_view" if is_view else "create_table_as"
            query = _without_tail(tokens[head.query :])
            if self.dialect in DELIMITED and self.dialect and not is_view:
                columns = ()  # the query's columns are added to these, and matched by name
            define.define(self, tokens, query, name, kind, columns, statement, owner, temporary=temporary)
            return
        if head.like:
            define.like(self, tokens, name, kind, self._full(head.like), owner, temporary)
            foreign.table_elsewhere(self, tokens, name, owner)
            return
        if writes.partition_of(self, tokens, head, name, owner):
            return
        self.declarations.append(Declaration(name, kind, start_line(tokens[0]), columns, -1, temporary))
        if temporary:
            define.made(self, tokens, name, columns, owner)
        if self.is_tsql:
            define.defaults(self, tokens, name, "create_table", owner)
        locations = writes.stored_at(self, tokens, head, name, owner)
        # the virtual columns of Snowflake's external tables are made of VALUE, a row of the file
        rows = locations[0] if locations and self.dialect == "snowflake" else name
        define.computed_columns(self, tokens, head.columns, name, owner, rows)
        foreign.table_elsewhere(self, tokens, name, owner)
        if self.has_keys and not temporary:
            at = next((i for i, t in enumerate(tokens) if t.token_type is T.L_PAREN), 0)
            procedural.foreign_keys(self, tokens, at + 1, closing(tokens, at), name)

    def _declare(self, tokens: list[Token], owner: str) -> None:
        """DECLARE @t TABLE (...); a cursor's query is read like any other."""
        made = self._declared_tables(tokens, owner)
        if made == len(list_items(tokens, 1, len(tokens))):
            return
        for i, token in enumerate(tokens):
            word = token.text.upper()
            if word in ("FOR", "IS") and i + 1 < len(tokens) and tokens[i + 1].text.upper() in ("SELECT", "WITH"):
                procedural.cursor(self, tokens[1], tokens[i + 1 :], tokens, owner)
                return
        procedural.declare(self, tokens, owner)

    def _declared_tables(self, tokens: list[Token], owner: str) -> int:
        """``DECLARE @a int, @t TABLE (...)``: the number of table variables."""
        made = 0
        for i in range(3, len(tokens) - 1):
            if tokens[i].token_type is not T.TABLE or tokens[i + 1].token_type is not T.L_PAREN:
                continue
            at = i - 1 if tokens[i - 1].text.upper() != "AS" else i - 2
            if at < 1 or tokens[at - 1].token_type is not T.PARAMETER:
                continue
            columns, _ = read_columns(tokens, i + 2, closing(tokens, i + 1))
            name = (str(self.fold("@" + tokens[at].text, False)),)
            declared = tuple(self._declared(c) for c in columns)
            self.declarations.append(Declaration(name, "TempTable", tokens[i].line, declared, -1, True))
            define.made(self, tokens, name, declared, owner)
            define.computed_columns(self, tokens, columns, name, owner)
            made += 1
        return made

    def _truncate(self, tokens: list[Token], owner: str) -> None:
        """``TRUNCATE [TABLE] [IF EXISTS] [ONLY] a, b`` writes datasets (no rows of them have a source)."""
        i = 2 if len(tokens) > 2 and tokens[1].text.upper() == "TABLE" else 1
        if i < len(tokens) and tokens[i].text.upper() in ("DATABASE", "ALL"):  # of ClickHouse: which tables is not said
            return
        for a, b in list_items(tokens, i, len(tokens)):
            while a < b - 1 and tokens[a].text.upper() in ("IF", "EXISTS", "ONLY"):
                a += 1
            parts, _ = read_name(tokens, a)
            if parts:
                self._add(tokens, "truncate", self._builder(), owner, target=self._full(parts), defines=True)

    # ------------------------------------------------------------------ data statements

    def _parse(self, tokens: list[Token], verb: str) -> Expression:
        """Parse one statement's tokens. Raises ParseError."""
        if len(tokens) > _MAX_TOKENS:
            raise ParseError(f"it has more than {_MAX_TOKENS:,} tokens")
        if self.nests and (deepest := _deepest(tokens)) > _MAX_DEPTH:
            raise ParseError(f"nested too deeply ({deepest} levels, {_MAX_DEPTH} are read)")
        if self.is_tsql:
            if self.has_rowsets:
                tokens = rewrite_rowsets(self, tokens)
            tokens = rewrite_tsql(tokens, verb, methods=self.has_methods)
        elif self.dialect == "oracle" and self.owner in self.trigger_tables:
            names = {"new", "old", *self.row_names}
            tokens = [t for i, t in enumerate(tokens) if not _marks_row(tokens, i, names)]
        for rewrite in self.rewrites:
            tokens = rewrite(tokens, verb)
        self.parsed = tokens
        try:
            trees = self.parser.parse(tokens, self.text)
        except (ValueError, AttributeError, TypeError, IndexError, KeyError, AssertionError) as error:
            if isinstance(error, SqlglotError):
                raise
            raise ParseError(
                "the parser knows no such form of it"
            ) from error  # such as a function with too few arguments
        tree = trees[0] if trees else None
        if tree is None:
            raise ParseError("nothing could be read")
        if isinstance(tree, exp.Command):
            raise ParseError("its grammar is not known")
        return tree

    def _builder(self) -> Builder:
        builder = Builder(self.dialect, self.dataset, lambda text: procedural.external(self, text, 0))
        builder.variables = self.variables
        builder.dynamic = self.nested > 0
        builder.text_of = self._expression
        builder.qualified = self._qualified
        builder.table_function = self._table_function
        table = self.trigger_tables.get(self.owner)
        if table is not None and not self.is_tsql:
            builder.rows = {**self.rows, "new": table, "old": table, **self.row_names}
        else:
            builder.rows = self.rows
        return builder

    def _table_function(self, builder: Builder, name: Name, call: Expression, columns: tuple[str, ...]) -> int:
        return tablefuncs.relation(self, builder, name, call, columns)

    @contextmanager
    def elsewhere(self, server: str) -> Iterator[None]:
        """Names belong to another server, whose current database is not known."""
        outer, self.server = self.server, str(self.fold(server, False)) or self.server
        try:
            yield
        finally:
            self.server = outer

    def _data(self, tokens: list[Token], verb: str, owner: str, output: Token | None = None) -> None:
        """``output`` is the temporary table that takes what the statement puts out."""
        if verb == "INSERT":
            if self._insert_exec(tokens, owner):
                return
            tokens = _first_rows(tokens)
            if self.is_tsql:
                tokens = self._inner_statement(tokens, owner)
                if self.has_remote:
                    tokens = into_remote(self, tokens)
        if verb == "UPDATE" and len(tokens) > 1 and tokens[1].text.upper() == "STATISTICS":
            return
        if verb == "UPDATE" and not self.is_tsql and writes.update_of_a_query(self, tokens, owner):
            return
        into: list[OutputClause] = []
        if not self.is_tsql and verb in _DATA and (self.variables or owner):
            tokens, into = take_returning(tokens)
        read, outputs = take_outputs(tokens, verb) if self.is_tsql and verb not in _QUERIES else (tokens, into)
        if verb in ("FROM", "WITH") and procedural.multi_insert(self, tokens, owner):
            return
        if verb in _QUERIES and (self.variables or owner) and procedural.select_into_variables(self, tokens, owner):
            return
        if (
            verb == "SELECT"
            and (self.dialect in DELIMITED or self.dialect == "clickhouse")
            and writes.into_outfile(self, tokens, owner)
        ):
            return
        if verb == "INSERT" and self.dialect == "clickhouse" and writes.insert_format(self, tokens, owner):
            return
        if verb == "INSERT" and self.rows and writes.insert_row(self, tokens, owner):
            return
        tree = self._parse(read, verb)
        if tree.args.get("with_") is not None and not self.is_tsql:
            self._data_modifying_ctes(tree.args["with_"], tokens, owner)
        handler = _HANDLERS.get(type(tree))
        if handler is not None:
            scope = handler(self, tree, tokens, owner)
            written = self.statements[-1].target
            for clause in outputs:
                if into:
                    procedural.returning_into(self, clause, scope, tokens, owner)
                    continue
                if output is not None and not clause.into:
                    clause = clause._replace(into=[output])
                data.output(self, clause, written, scope, tokens, owner)
        elif verb == "PERFORM":
            builder = self._builder()
            self._add(tokens, "select", builder, owner, root=builder.query(tree))
        elif isinstance(tree, exp.Query | exp.Pivot):
            data.select(self, tree, tokens, owner)

    def _data_modifying_ctes(self, with_: Expression, tokens: list[Token], owner: str) -> None:
        """Each INSERT, UPDATE or DELETE in a WITH is a statement of its own, which may read the CTEs in front of it."""
        ctes = with_.expressions
        for i, cte in enumerate(ctes):
            handler = _HANDLERS.get(type(cte.this))
            if handler is None:
                continue
            body = cte.this
            if i and body.args.get("with_") is None:
                body.args["with_"] = exp.With(expressions=list(ctes[:i]), recursive=with_.args.get("recursive"))
            handler(self, body, tokens, owner)
            body.args.pop("with_", None)

    def _inner_statement(self, tokens: list[Token], owner: str) -> list[Token]:
        """``INSERT INTO t SELECT ... FROM (MERGE ... OUTPUT ...) AS x``: what the inner statement puts out is a temporary
        table of its own."""
        for i in range(3, len(tokens)):
            if tokens[i].token_type not in _INNER or tokens[i - 1].token_type is not T.L_PAREN:
                continue
            if tokens[i - 2].token_type is not T.FROM:
                continue
            end = closing(tokens, i - 1)
            name = Token(T.IDENTIFIER, f"#output:{i}", tokens[i].line, tokens[i].col, tokens[i].start, tokens[i].end)
            outer = self.sink
            self.sink = None
            try:
                self._data(tokens[i:end], tokens[i].text.upper(), owner, name)
            finally:
                self.sink = outer
            return [*tokens[: i - 1], name, *tokens[end + 1 :]]
        return tokens

    def _insert_exec(self, tokens: list[Token], owner: str) -> bool:
        at = -1
        for k, token in enumerate(tokens):
            kind = token.token_type
            if kind is T.EXECUTE:
                at = k
            if kind is T.EXECUTE or kind is T.SELECT or kind is T.VALUES:
                break
        if at < 0:
            return False
        i = 2 if tokens[1].text.upper() == "INTO" else 1
        parts, i = read_name(tokens, i)
        columns: tuple[str, ...] = ()
        if i < at and tokens[i].token_type is T.L_PAREN:
            columns = tuple(self._part(tokens[a]) for a, _ in list_items(tokens, i + 1, closing(tokens, i)))
        procedural.execute(self, tokens[at:], owner, (self._full(parts), columns))
        return True

    def _add(
        self,
        tokens: list[Token],
        kind: str,
        builder: Builder,
        owner: str,
        *,
        root: int = -1,
        target: Name = (),
        columns: tuple[str, ...] = (),
        assignments: tuple[Assignment, ...] = (),
        scope: int = -1,
        defines: bool = False,
        influences: list[Influence] | None = None,
        subqueries: list[int] | None = None,
        preset: tuple[str, ...] = (),
    ) -> None:
        if builder.calls:
            caller = self.owner_names.get(owner) or (target if defines else ())
            procedural.call_functions(self, builder.calls, caller, start_line(tokens[0]))
        self.statements.append(
            StatementFacts(
                kind,
                start_line(tokens[0]),
                tokens[-1].line,
                tuple(builder.relations),
                root,
                target,
                columns,
                assignments,
                scope,
                defines,
                tuple(influences or ()),
                (*(subqueries or ()), *builder.sequences),
                owner,
                self._excerpt(tokens),
                self._column_of(tokens[0].start),
                self._column_of(tokens[-1].end),
                False,
                self.path,
                preset,
            )
        )

    def _expression(self, node: Expression, at: int) -> str:
        """Text of the select item or assignment around the offset ``at``, without its alias."""
        if at < 0:
            return ""
        if self._items_of is not self.parsed:
            self._items = item_ranges(self.parsed)
            self._items_of = self.parsed
        found = innermost(self._items, self.parsed, at)
        return self._excerpt(self.parsed[found[0] : found[1]], _EXPRESSION) if found is not None else ""

    def _column_of(self, offset: int) -> int:
        return offset - self.text.rfind("\n", 0, offset)

    def _excerpt(self, tokens: list[Token], most: int = _EXCERPT) -> str:
        """The tokens' beginning without comments, and with literals replaced by ``?``: they may hold secrets."""
        text = self.text
        out: list[str] = []
        size, end = 0, -1
        for token in tokens:
            start = token.start
            if start > end + 1 and out:
                out.append(" ")
            end = token.end
            out.append("?" if token.token_type in LITERALS else text[start : end + 1])
            size += end - start + 2
            if size > most:
                return "".join(out)[:most] + "…"
        return "".join(out)

    def _result(self, tokens: list[Token], builder: Builder, root: int, owner: str, kind: str = "select") -> None:
        """A bare query: what a procedure returns, what INSERT ... EXEC of a string takes, or nothing but reading."""
        if self.sink is not None:
            target, columns = self.sink
            if target == VARIABLES:
                procedural.store(self, tokens, builder, owner, self.into, root)
                return
            if target and target[0].startswith("#cursor:"):
                self._add(tokens, "declare_cursor", builder, owner, root=root, target=target, defines=True)
                return
            self._add(tokens, "insert", builder, owner, root=root, target=target, columns=columns)
            return
        if self.model is not None and not owner and not self.nested:
            data.dbt_model(self, self.model, tokens, builder, root)
            return
        name = self.owner_names.get(owner)
        if name is None or self.kinds.get(owner) not in ("Procedure", "Function"):
            self._add(tokens, kind, builder, owner, root=root)
            return
        first = next((k for k, d in enumerate(self.declarations) if d.name == name), -1)
        declared = self.declarations[first] if first >= 0 else None
        defines = declared is not None and declared.statement < 0 and not declared.columns
        if declared is not None and defines:
            self.declarations[first] = msgspec.structs.replace(declared, statement=len(self.statements))
        if not defines and declared is not None and declared.statement >= 0:
            # another result set has its own columns, unless it stands for the first one in another branch
            defines = not excludes(self.statements[declared.statement].path, self.path)
        self._add(tokens, "result_set", builder, owner, root=root, target=name, defines=defines)


def _marks_row(tokens: list[Token], i: int, names: set[str]) -> bool:
    """The colon of ``:new.a`` and ``:old.a`` in a trigger."""
    marks = tokens[i].text == ":" and i + 2 < len(tokens) and tokens[i + 2].token_type is T.DOT
    return marks and tokens[i + 1].text.lower() in names


def _after_assert(tokens: list[Token]) -> int:
    """BigQuery's ``ASSERT condition AS 'message'``: where the condition ends."""
    return len(tokens) - 2 if len(tokens) > 3 and tokens[-2].token_type is T.ALIAS else len(tokens)


def _is_declaration(tokens: list[Token]) -> bool:
    """``name type [:= value]`` of a DECLARE section."""
    return tokens[0].token_type is not T.COLON and tokens[1].token_type not in (
        T.L_PAREN, T.DOT, T.EQ, T.COLON_EQ, T.COMMA, T.COLON, T.L_BRACKET,
    )  # fmt: skip


def _deepest(tokens: list[Token]) -> int:
    """The deepest nesting of parentheses and CASE."""
    depth = deepest = 0
    for token in tokens:
        kind = token.token_type
        if kind is T.L_PAREN or kind is T.CASE:
            depth += 1
            deepest = max(deepest, depth)
        elif kind is T.R_PAREN or kind is T.END:
            depth -= 1
    return deepest


def _without_tail(tokens: list[Token]) -> list[Token]:
    """Cut what follows a view's query: WITH CHECK OPTION, WITH [NO] DATA, WITH READ ONLY, WITH NO SCHEMA BINDING."""
    if len(tokens) > 3 and tokens[-2].text.upper() == "COMMENT" and tokens[-1].token_type in LITERALS:
        tokens = tokens[:-2]
    if tokens[0].token_type is T.L_PAREN:  # (query) WITH DATA PRIMARY INDEX ...
        end = closing(tokens, 0)
        if (
            end + 2 < len(tokens)
            and tokens[end + 1].token_type is T.WITH
            and tokens[end + 2].text.upper() in ("DATA", "NO")
        ):
            return tokens[: end + 1]
    for i in range(len(tokens) - 1, max(0, len(tokens) - 6), -1):
        if tokens[i].token_type is T.WITH and i + 1 < len(tokens):
            following = tokens[i + 1].text.upper()
            if following in ("CHECK", "DATA", "NO", "READ", "CASCADED", "LOCAL"):
                return tokens[:i]
    return tokens


def _first_rows(tokens: list[Token]) -> list[Token]:
    """Of INSERT ... VALUES with thousands of rows, the first hundred: the others say the same."""
    if len(tokens) < 2000:
        return tokens
    at = next((i for i, t in enumerate(tokens) if t.token_type is T.VALUES), -1)
    if at < 0:
        return tokens
    rows, i = 0, at + 1
    while i < len(tokens) and tokens[i].token_type is T.L_PAREN:
        end = closing(tokens, i)
        rows += 1
        if rows == _ROWS or end + 1 >= len(tokens) or tokens[end + 1].token_type is not T.COMMA:
            tail = tokens[end + 1 :]
            return tokens[: end + 1] if rows == _ROWS else [*tokens[: end + 1], *tail]
        i = end + 2
    return tokens


_HANDLERS: Final[dict[type, Callable[..., tuple[Builder, Scope] | None]]] = {
    exp.Insert: data.insert,
    exp.Update: data.update,
    exp.Delete: data.delete,
    exp.Merge: data.merge,
    exp.MultitableInserts: writes.multitable_insert,
}


_BY_VERB: Final[dict[str, Callable[[FileCompiler, list[Token], str], None]]] = {
    "DECLARE": FileCompiler._declare,
    "RETURN": FileCompiler._return,
    "USE": FileCompiler._use,
    "TRUNCATE": FileCompiler._truncate,
    "DROP": procedural.drop,
    "SET": FileCompiler._set,
    "DO": FileCompiler._nested_body,
    **dict.fromkeys(("EXEC", "EXECUTE", "CALL", "PREPARE"), FileCompiler._execute),
    "RENAME": FileCompiler._rename,
    "IF": lambda c, tokens, owner: procedural.condition(c, tokens, "if", owner),
    "WHILE": lambda c, tokens, owner: procedural.condition(c, tokens, "while", owner),
    "RECEIVE": procedural.receive,
    "BULK": procedural.bulk_insert,
    "FETCH": procedural.fetch,
    "EXCHANGE": procedural.exchange_tables,
    "DATABASE": FileCompiler._database,
    "OPEN": FileCompiler._open,
    "IMPORT": FileCompiler._import,
    "LOCKING": FileCompiler._locking,
    "PERFORM": FileCompiler._perform,
    "ASSERT": FileCompiler._assert,
    "LOAD": writes.load,
    "EXPORT": FileCompiler._export,
    "CACHE": writes.cached,
    "SUBMIT": lambda c, tokens, owner: c._scheduled(tokens, "AS", owner),
    "APPLY": writes.apply_changes,
    "AUTO": writes.apply_changes,
    "COPY": procedural.copy,
    "UNLOAD": procedural.unload,
    "FOR": procedural.loop,
}
"""Who reads a statement, by its verb; the others' verbs alone do not say it."""
