"""What sets an engine apart, as data: each is in its own file of ``engines``, most as what differs from the one it descends from.

A flag says what a manual says, and is named for that; nobody asks for an engine's name. What an engine alone reads is in its
``readers`` and ``rewrites``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from typing import Any, Final, NamedTuple

from sqlglot.tokens import Token

from ray_lineage.compile.sql.words import Lowered, Words
from ray_lineage.model import shorten

Fold = Callable[[str, bool], str]
"""``fold(text, quoted)``: one spelling for all names of one object."""


Rewrite = Callable[[list[Token], str], list[Token]]
"""Tokens of a statement and its verb -> tokens that the grammar knows."""


Roles = Mapping[str, tuple[str, ...]]
"""Functions and what their arguments are, by position (others are named)."""


Prepare = Callable[[str, Lowered, Any], Rewrite]
"""A text, the same in small letters, and its ``Names`` -> the rewrite of its statements."""


Reader = Callable[[Any, list[Token]], Any]
"""Reads one statement: a unit and its tokens -> ``unit.Said``."""

_NAMES: Final = 1 << 14
"""Names that are remembered folded: a repository repeats its own."""


@lru_cache(_NAMES)
def fold_all(text: str, quoted: bool) -> str:
    """Names are compared without case; quotes change nothing."""
    return shorten(text.lower())


@lru_cache(_NAMES)
def fold_lower(text: str, quoted: bool) -> str:
    """Names without quotes are in lower case."""
    return shorten(text if quoted else text.lower())


@lru_cache(_NAMES)
def fold_upper(text: str, quoted: bool) -> str:
    """Names without quotes are in upper case, which we write in lower case: a quoted all-upper name is that same object, a quoted
    all-lower one is another, and keeps its quotes."""
    if not quoted or text == text.upper():
        return shorten(text.lower())
    return shorten(f'"{text}"' if text == text.lower() else text)


def spelling(engine: Engine, text: str, name: str) -> str:
    """How a name is written, where it differs from it in its letters' case alone and the engine shows it so; else empty."""
    return text if text != name and not engine.stores_lower and text.lower() == name else ""


class Rule(NamedTuple):
    """A rewrite, and which texts may need it. The words of ``needle`` are looked for first: that costs next to nothing. Both are in
    lower case."""

    needle: tuple[str, ...]
    pattern: re.Pattern[str] | None
    rewrite: Rewrite


class Shape(NamedTuple):
    """A pattern that speaks for an engine, where one of the words of ``need`` stands in a text. It is looked for in the text in
    small letters without comments and strings; ``raw``: in the text as it is."""

    weight: int
    need: str
    pattern: str
    raw: bool = False


_GAP: Final = r"(?:\s|/\*(?>[\s\S]*?\*/)|--[^\n]*+)"
"""White space or one comment. Nothing is given back: a line of dashes is as many comments as one likes, and all of them were tried
before it was clear that no word follows."""


def rule(needle: str, pattern: str, rewrite: Rewrite) -> Rule:
    """Where ``pattern`` has white space there may be comments. What begins with a letter is found ten times faster than what
    begins with a word's end; a text too many does no harm."""
    gapped = pattern.removeprefix(r"\b").replace(r"\s+", _GAP + "++").replace(r"\s*", _GAP + "*+")
    return Rule(tuple(needle.split()), re.compile(gapped) if pattern else None, rewrite)


@dataclass(frozen=True, kw_only=True, eq=False)
class Engine:
    """One engine. The defaults are those of an engine about which nothing is known."""

    name: str  # sqlglot's, too

    # texts and tokens
    splitter: Callable[[list[Token], int], Any] | None = (
        None  # a ``split.flow.Slices``, where statements have no terminators
    )
    batches: bool = False  # GO ends a batch, and with it the program that it makes
    may_run_texts: Callable[[Lowered], bool] | None = None  # may a text run what a variable holds?
    client: tuple[Callable[[str], str], ...] = ()  # blank or translate what its client reads itself
    stages: bool = False  # ``FROM @place.name`` reads files that lie there
    dollar_quotes: bool = False  # ``$$ text $$``, so that ``$1`` needs care
    speaks: str = ""  # sqlglot's dialect, if it has none of this name
    grammar: str = ""  # of which sqlglot dialect the tokenizer is, if not its own
    other_grammar: str = ""  # whose it is where that one finds no end
    identifier_quotes: tuple[str, ...] = ()  # where they are others than the tokenizer's
    plain_words: frozenset[str] = frozenset()  # words of the tokenizer's that mean nothing here: they are names
    hash_names: bool = False  # ``#name``, whatever the word
    short_verbs: Mapping[str, tuple[Any, str]] = field(default_factory=dict)  # SEL for SELECT
    settled: Callable[[list[Token], str], list[Token]] | None = None  # changes tokens for what SET says in the text
    rewrites: tuple[Rule, ...] = ()
    prepare: Prepare | None = None  # makes the rewrite of a text's statements that comes before these
    words: frozenset[str] = frozenset()  # in small letters, that may_run_texts and prepare look for
    signs: str = ""  # for detection: lines of ``weight: words``
    shapes: tuple[Shape, ...] = ()  # ... and patterns
    kin: str = ""  # those of one kin are so near that to take one for the other makes no doubt
    quote: str = '"'  # around names

    # names
    fold: Fold = fold_all
    stores_lower: bool = False  # names without quotes are in small letters in its catalog, however they are written
    dotted_quotes: bool = False  # `a.b` in one pair of quotes are two parts
    files_as_tables: bool = False  # FROM 'file.csv', FROM parquet.`/path`
    system_tables: frozenset[str] = frozenset()  # found before all others, in ...
    system_schema: str = "pg_catalog"  # ... this one
    default_schema: str = ""  # of a database, where no other one is current
    default_is_users: bool = False  # ... of most users: ``db..t`` and USE leave it open
    own_schema: str = ""  # stands for the place where the text itself runs
    use_is_schema: bool = False  # USE names what stands in front of a table's name
    use_ends_with_text: bool = False  # USE in a string that runs
    names_in_texts: bool = False  # IDENTIFIER('name')

    # expressions
    no_columns: frozenset[str] = frozenset()  # names of functions and pseudo-columns
    aggregates: frozenset[str] = frozenset()  # that the grammar takes for functions like any other
    quoted_texts: bool = False  # "text" may be a string
    clear_names: bool = False  # a name that two tables of FROM have is refused; it has no semi-joins
    lateral_aliases: bool = False  # select items see the aliases of those before
    aliases_in_where: bool = False
    structs: bool = False  # ``a.b`` may be a field of the column a
    attributes: bool = False  # ``t.a.b`` may be an attribute of the object t.a
    fields_have_names: bool = True  # STRUCT(a) has a field a
    unnamed_fields: tuple[str, int] = ("_", 0)  # what others are called: prefix, first number
    row_values: bool = False  # a table's alias alone is its row
    columns_first: bool = False  # where a name is a variable's and a column's, it is the column's
    methods: frozenset[str] = frozenset()  # of its own types: ``column.value()`` is no function of a schema
    properties: frozenset[str] = frozenset()  # ... ``column.Lat`` has no table ``column``
    hints: frozenset[str] = frozenset()  # in parentheses behind a table
    items_assign: bool = False  # SELECT 'name' = a, @v = a: an alias, an assignment; no comparison
    schema_calls: bool = False  # functions with a schema are the user's, those without the engine's
    sequence_objects: bool = False  # ``s.nextval``
    patterns: bool = False  # COLUMNS('pattern') stands for several columns
    lookups: tuple[str, ...] = ()  # beginnings of functions that look a column up: dictGet
    ordered_is_aggregated: bool = False  # WITHIN GROUP (ORDER BY a) of all aggregates but those that concatenate
    chained_calls: bool = False  # ``a.f()`` is ``f(a)``
    file_columns: bool = False  # $1 is a column of a file
    implicit_names: bool = False  # an expression without alias is named for its function
    unpivot_values_first: bool = False  # ... and then the column of names
    values_columns: tuple[str, int] | None = None  # names of the columns of VALUES: prefix, first number

    # FROM
    dual: bool = False  # a table of one row
    system_dual: bool = False  # ... that the schema SYS has, too
    unnests_structs: bool = False  # UNNEST of an array of structs gives their fields
    element_variables: bool = False  # FROM t AS t, t.array AS e AT i: e and i are variables
    rowsets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # columns of functions in FROM
    own_rowsets: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict
    )  # ... without a schema, where WITH lists none
    constant_arguments: frozenset[str] = frozenset()  # of ``f(NAME = value)`` in FROM, where names are no columns
    recursion_unmarked: bool = False  # WITH needs no RECURSIVE
    table_functions: Roles = field(default_factory=dict)  # for files, and for tables and queries of other engines
    table_arguments: bool = False  # ``f(input => TABLE(t))``
    system_functions: bool = False  # ... those are called ``catalog.system.f``
    view_parameters: bool = False  # ``v(parameter = value)``
    remote_database: bool = True  # an argument that names a database is part of a table's name

    # statements
    readers: Mapping[str, Reader] = field(default_factory=dict)  # by verb; in front of everybody's
    plpgsql: bool = False  # trigger functions, loops into scalars
    into_sets: bool = False  # SELECT INTO leaves nothing of what a variable held: without a row it is NULL, or an error
    fetch_sets: bool = False  # FETCH INTO behind the last row makes it NULL
    isolated_routines: bool = False  # one sees no variables but its own, and has no members
    overloads: bool = True  # routines of one name
    parameters: Callable[[Any, list[Token], int], None] | None = (
        None  # reads those of a routine that are like no others
    )
    output_parameters: bool = False  # EXEC p @v OUTPUT; RETURN gives them back
    is_template: Callable[[str], bool] | None = None  # has a text parameters that somebody fills in before it runs?
    unnests_rows: bool = False  # UNNEST of an array of rows gives a column for each of their fields
    out_columns: bool = False  # OUT parameters are the columns of the result
    untyped_parameters: bool = False
    procedures_return_tables: bool = False
    silent_outputs: bool = False  # a call does not say which of its arguments are set by the procedure
    package_calls: bool = False  # ``p.q(a);`` is a call
    marked_variables: bool = False  # ``@v``: no statement begins with one, and no name without it is one
    script_variables: bool = False  # variables may be declared in no block, for all that follows
    session_variables: bool = False  # ``SET v = x`` makes ``$v``
    into_is_variable: bool = False  # SELECT INTO in a routine never makes a table
    trigger_rows: tuple[str, ...] = ("new", "old")  # what triggers call the changed rows
    marked_rows: bool = False  # ``:new.a`` in triggers
    query_ids: bool = False  # RESULT_SCAN(LAST_QUERY_ID())
    output_clause: bool = False  # OUTPUT inserted.a INTO t, FROM (MERGE ... OUTPUT a)
    returned_rows: tuple[str, ...] = ()  # what RETURNING calls the rows before and after
    several_targets: bool = False  # UPDATE writes several tables
    remote_target: Callable[[Any, list[Token]], list[Token]] | None = None  # INSERT OPENQUERY(...)
    from_twice: bool = False  # DELETE t FROM u
    conflict_sees_query: bool = False  # ON DUPLICATE KEY UPDATE sees the query's tables
    merge_by_position: bool = False
    field_paths: bool = False  # LOAD DATA ... (a <- b::c)
    outfile: bool = False  # SELECT ... INTO OUTFILE
    insert_format: bool = False  # INSERT ... FORMAT CSV
    update_else: bool = False  # UPDATE ... ELSE INSERT
    computed_passed: bool = False  # INSERT without a column list passes over computed columns
    identity_passed: bool = False  # ... and over those that the engine fills (IDENTITY, ROWVERSION)
    query_adds_columns: bool = False  # CREATE TABLE t (a) SELECT b has both
    sets_rows: bool = False  # UPDATE t SET ROW = record
    fewer_names: bool = False  # CREATE VIEW v (a) AS SELECT b, c: c keeps its name
    view_into: bool = False  # CREATE MATERIALIZED VIEW v TO t
    lasting_global: bool = False  # GLOBAL TEMPORARY: only its rows are of the session
    like_with_data: bool = False  # CREATE TABLE AS t WITH DATA copies the rows
    file_rows: bool = False  # columns of external tables are made of VALUE, a row of the file
    organization: bool = False  # ORGANIZATION EXTERNAL
    foreign: tuple[Callable[..., Any], ...] = ()  # what CREATE TABLE says of another one that is shown
    options_elsewhere: bool = False  # ... or OPTIONS and TBLPROPERTIES
    drops_constraints: bool = False  # ALTER TABLE t DROP a is about a constraint
    renames_in_place: bool = False  # RENAME ... s.a TO b stays in s
    mutations: bool = False  # ALTER TABLE t UPDATE
    exchanges_partitions: bool = True  # ALTER TABLE t EXCHANGE PARTITION
    partition_columns: bool = False  # INSERT INTO t PARTITION (a): a is a column, not a partition
    partitions_move: bool = False  # ... moves rows one way only

    @property
    def dialect(self) -> str:
        """Name of sqlglot's dialect."""
        return self.speaks or self.name

    def extend(self, name: str, **differences: Any) -> Engine:
        """An engine that is like this one, but for the differences (and what is a sign of this one only)."""
        return replace(self, **{"name": name, "signs": "", "shapes": (), **differences})


REFERENCES: Final = "references"
RESULT_SCAN: Final = "result_scan"
TRIGGER: Final = "trigger"


@cache
def _words_of(engine: Engine) -> Words:
    needles = (word for needle, _, _ in engine.rewrites for word in needle)
    return Words(sorted({REFERENCES, RESULT_SCAN, TRIGGER, *needles, *engine.words}))


def lowered(text: str, engine: Engine) -> Lowered:
    """A text in small letters, and what its engine looks for in it."""
    lower = text.lower()
    return Lowered(lower, _words_of(engine).within(lower))
