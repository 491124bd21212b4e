"""SQL Server: Transact-SQL. Pages named ``.../x`` are those of https://learn.microsoft.com/en-us/sql/t-sql."""

from __future__ import annotations

import re
from typing import Final

from sqlglot.tokens import Token

from ray_lineage.compile.sql.engine import Engine, Rewrite, Shape, rule
from ray_lineage.compile.sql.engines.tsql.objects import read_alter, read_parameters
from ray_lineage.compile.sql.engines.tsql.receive import read_receive, read_waitfor
from ray_lineage.compile.sql.engines.tsql.rewrites import (
    CLAUSE_WORDS,
    HINTS,
    METHODS,
    NAME_WORDS,
    WITH_TOP,
    has_clauses,
    has_methods,
    has_template_parameters,
    may_be_names,
    quoted_as_strings,
    rewrite_tsql,
    with_template_defaults,
    without_collations,
    words_as_names,
)
from ray_lineage.compile.sql.engines.tsql.rowsets import ROWSET_WORDS, into_remote, may_have_rowsets, rewrite_rowsets
from ray_lineage.compile.sql.engines.tsql.split import BatchSplitter
from ray_lineage.compile.sql.names import Names
from ray_lineage.compile.sql.query.words import FILE, SERVER_QUERY
from ray_lineage.compile.sql.statements.copy import read_bulk_insert
from ray_lineage.compile.sql.words import Lowered


def _prepare(text: str, lowered: Lowered, names: Names) -> Rewrite:
    """Functions that stand for tables, methods, hints, options, compound assignments."""
    has_rowsets, has_names, clauses = may_have_rowsets(lowered), may_be_names(lowered), has_clauses(lowered)
    methods, tops = has_methods(text), "top" in lowered.words

    def prepared(tokens: list[Token], verb: str) -> list[Token]:
        if has_rowsets:
            tokens = rewrite_rowsets(names, tokens)
        if has_names:
            tokens = words_as_names(tokens, verb)
        return rewrite_tsql(tokens, verb, methods=methods, clauses=clauses or (tops and verb in WITH_TOP))

    return prepared


_PLAIN_WORDS: Final = frozenset({
    "ANTI", "ASOF", "CACHE", "CLUSTER BY", "CONNECT BY", "DESCRIBE", "DISTRIBUTE BY", "DIV", "GLOB", "ILIKE", "LATERAL", "LIMIT",
    "LOCK", "NATURAL", "NOTNULL", "OVERLAPS", "PARTITIONED BY", "PARTITIONED_BY", "QUALIFY", "RECURSIVE", "REGEXP", "RETURNING",
    "RLIKE", "SEMI", "SIMILAR TO", "SORT BY", "SQL SECURITY", "START WITH", "STRAIGHT_JOIN", "UNCACHE", "UNNEST", "XOR",
})  # fmt: skip
"""Of the tokenizer's words those of other engines
(https://learn.microsoft.com/en-us/sql/t-sql/language-elements/reserved-keywords-transact-sql has none of them)."""


def may_run_texts(lowered: Lowered) -> bool:
    """May a text run what a variable holds? Most only run procedures that they name."""
    words = lowered.words
    return not words.isdisjoint(_RUNNERS) or ("exec" in words and _RUNS.search(lowered.text) is not None)


_RUNS: Final = re.compile(r"exec(?:utesql|(?:ute)?\b(?!\s+[\w\[\"]))")
_RUNNERS: Final = frozenset({"eachdb", "foreachtable", "add_jobstep"})
_ROWSETS: Final = {
    "string_split": ("value", "ordinal"),
    "openjson": ("key", "value", "type"),
    "generateseries": ("value",),
    "generate_series": ("value",),
    "ai_generate_chunks": ("chunk", "chunk_order", "chunk_offset", "chunk_length"),
    "regexp_matches": ("match_id", "start_position", "end_position", "match_value", "substring_matches"),
    "regexp_split_to_table": ("value", "ordinal"),
}

TSQL: Final = Engine(
    name="tsql",
    clear_names=True,
    splitter=BatchSplitter,
    client=(with_template_defaults,),
    is_template=has_template_parameters,
    batches=True,  # .../sql-server-utilities-statements-go
    may_run_texts=may_run_texts,
    plain_words=_PLAIN_WORDS,
    hash_names=True,
    prepare=_prepare,
    words=ROWSET_WORDS | NAME_WORDS | CLAUSE_WORDS | _RUNNERS | {"exec"},
    rewrites=(rule("escape collate", "", without_collations),),
    default_schema="dbo",
    default_is_users=True,  # .../create-user-transact-sql: DEFAULT_SCHEMA
    use_ends_with_text=True,  # .../sp-executesql-transact-sql: a change of the database lasts until it ends
    settled=quoted_as_strings,
    methods=METHODS,
    properties=frozenset(
        {"lat", "long", "stx", "sty", "stsrid", "m", "z", "hasm", "hasz", "isnull"}
    ),  # of spatial types
    hints=HINTS,
    items_assign=True,  # .../select-clause-transact-sql, .../select-local-variable-transact-sql
    remote_target=into_remote,
    no_columns=frozenset(["$action", "$identity", "$rowguid", "user"]),
    aggregates=frozenset(["checksum_agg", "stdevp", "var", "varp"]),
    schema_calls=True,
    ordered_is_aggregated=True,
    own_rowsets=_ROWSETS,
    constant_arguments=frozenset({"FIXED"}),
    readers={"ALTER": read_alter, "BULK": read_bulk_insert, "RECEIVE": read_receive, "WAITFOR": read_waitfor},
    isolated_routines=True,
    overloads=False,
    parameters=read_parameters,
    output_parameters=True,  # .../execute-transact-sql
    marked_variables=True,
    trigger_rows=(),  # ``inserted`` and ``deleted`` are tables
    output_clause=True,  # .../output-clause-transact-sql
    identity_passed=True,
    computed_passed=True,
    drops_constraints=True,  # .../alter-table-transact-sql: DROP [CONSTRAINT] name, COLUMN name
    renames_in_place=True,  # .../rename-transact-sql, of Synapse
    recursion_unmarked=True,
    unpivot_values_first=True,
    table_functions={
        "openquery": SERVER_QUERY,
        "openrowset": ("", "connection", "query"),
        # what its own logs hold: .../sys-fn-get-audit-file-transact-sql, .../sys-fn-xe-file-target-read-file-transact-sql,
        # .../sys-fn-trace-gettable-transact-sql
        **dict.fromkeys(("fn_get_audit_file", "fn_xe_file_target_read_file", "fn_trace_gettable"), FILE),
    },
    from_twice=True,
    signs="""
6: nocount sp_executesql xact_abort uniqueidentifier scope_identity schemabinding nonclustered raiserror
6: sp_rename trancount begin|try end|try output|inserted output|deleted set|quoted_identifier set|ansi_nulls
6: inserted|into
4: nvarchar nolock newid datetime2 sysname openjson openrowset patindex outer|apply for|xml smalldatetime
4: create|proc try_convert
3: getdate dbo for|json datename sysutcdatetime nchar truncate_only exec|sp_who
2: cross|apply select|top charindex isnull rowversion try_cast eomonth
1: convert dateadd datepart iif string_agg varbinary
""",
    shapes=(
        Shape(6, "go", r"^[ \t]*go[ \t]*\r?$"),
        Shape(-8, "replace", r"\bcreate\s+or\s+replace\b"),  # .../create-view-transact-sql: CREATE [ OR ALTER ]
        Shape(4, "[", r"(?<![\w\])\"])\[[a-z_][\w $]{0,60}\]\s*[.(,\s=)]"),
        Shape(4, "@", r"\bdeclare\s+@\w|\bexec(?:ute)?\s+[\w.\[\]]+\s+@\w+\s*="),
        Shape(2, "@", r"(?<![\w@.])@\w+"),
        Shape(8, "@", r"\{\s*default\s+@|\}\s*\?\s*\{"),  # OHDSI's SqlRender
        Shape(3, "@", r"\b(?:from|join|into)\s+@\w+\.\w+(?![\w.]*\s*[(/])"),
        Shape(3, "#", r"(?<![\w#])##?[a-z_]\w+"),
        Shape(2, "n'", r"(?<!')\bn'"),
    ),
)
