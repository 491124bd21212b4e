"""SQL Server: Transact-SQL."""

from __future__ import annotations

from typing import Final

from sqlglot.tokens import Token

from ray_lineage.compile.sql.engine import Engine, Rewrite, Shape, rule
from ray_lineage.compile.sql.engines.tsql.rewrites import (
    HINTS,
    METHODS,
    has_clauses,
    has_methods,
    may_be_names,
    quoted_as_strings,
    rewrite_tsql,
    without_collations,
    words_as_names,
)
from ray_lineage.compile.sql.engines.tsql.rowsets import into_remote, may_have_rowsets, rewrite_rowsets
from ray_lineage.compile.sql.names import Names
from ray_lineage.compile.sql.query.words import SERVER_QUERY


def _prepare(text: str, names: Names) -> Rewrite:
    """Functions that stand for tables, methods, hints, options, compound assignments."""
    lower = text.lower()
    has_rowsets, has_names, clauses = may_have_rowsets(lower), may_be_names(lower), has_clauses(lower)
    methods = has_methods(text)

    def prepared(tokens: list[Token], verb: str) -> list[Token]:
        if has_rowsets:
            tokens = rewrite_rowsets(names, tokens)
        if has_names:
            tokens = words_as_names(tokens, verb)
        return rewrite_tsql(tokens, verb, methods=methods, clauses=clauses)

    return prepared


_PLAIN_WORDS: Final = frozenset({
    "ANTI", "ASOF", "CACHE", "CLUSTER BY", "CONNECT BY", "DESCRIBE", "DISTRIBUTE BY", "DIV", "GLOB", "ILIKE", "LATERAL", "LIMIT",
    "LOCK", "NATURAL", "NOTNULL", "OVERLAPS", "PARTITIONED BY", "PARTITIONED_BY", "QUALIFY", "RECURSIVE", "REGEXP", "RETURNING",
    "RLIKE", "SEMI", "SIMILAR TO", "SORT BY", "SQL SECURITY", "START WITH", "STRAIGHT_JOIN", "UNCACHE", "UNNEST", "XOR",
})  # fmt: skip
"""Of the tokenizer's words those of other engines
(https://learn.microsoft.com/en-us/sql/t-sql/language-elements/reserved-keywords-transact-sql has none of them)."""

TSQL: Final = Engine(
    name="tsql",
    clear_names=True,
    transact=True,
    plain_words=_PLAIN_WORDS,
    hash_names=True,
    prepare=_prepare,
    rewrites=(rule("escape collate", "", without_collations),),
    default_schema="dbo",
    settled=quoted_as_strings,
    methods=METHODS,
    hints=HINTS,
    remote_target=into_remote,
    no_columns=frozenset(["$action", "$identity", "$rowguid", "user"]),
    aggregates=frozenset(["checksum_agg", "stdevp", "var", "varp"]),
    schema_calls=True,
    recursion_unmarked=True,
    unpivot_values_first=True,
    table_functions={"openquery": SERVER_QUERY, "openrowset": ("", "connection", "query")},
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
        Shape(4, "[", r"(?<![\w\])\"])\[[a-z_][\w $]{0,60}\]\s*[.(,\s=)]"),
        Shape(4, "@", r"\bdeclare\s+@\w|\bexec(?:ute)?\s+[\w.\[\]]+\s+@\w+\s*="),
        Shape(2, "@", r"(?<![\w@.])@\w+"),
        Shape(8, "@", r"\{\s*default\s+@|\}\s*\?\s*\{"),  # OHDSI's SqlRender
        Shape(3, "@", r"\b(?:from|join|into)\s+@\w+\.\w+(?![\w.]*\s*[(/])"),
        Shape(3, "#", r"(?<![\w#])##?[a-z_]\w+"),
        Shape(2, "n'", r"\bn'"),
    ),
)
