"""Oracle Database: SQL, PL/SQL and what SQL*Plus reads."""

from __future__ import annotations

from typing import Final

from ray_lineage.compile.sql.engine import Engine, Shape, fold_upper, rule
from ray_lineage.compile.sql.engines.oracle.dictionary import DICTIONARY
from ray_lineage.compile.sql.engines.oracle.functions import FUNCTIONS, plain_json, without_clauses
from ray_lineage.compile.sql.engines.oracle.rewrites import (
    plain_delete,
    plain_model,
    plain_oracle,
    plain_pivot,
    plain_tables,
    without_new,
    without_search,
)
from ray_lineage.compile.sql.engines.oracle.sqlplus import with_ends, without_sqlplus
from ray_lineage.compile.sql.engines.shared import CURRENT_OF, plain_functions

ORACLE: Final = Engine(
    name="oracle",
    clear_names=True,
    client=(without_sqlplus,),
    settled=with_ends,
    rewrites=(
        *(rule(word, "", without_clauses) for word in FUNCTIONS),
        rule("extract", r"\bextract\s*\(", without_clauses),
        rule("translate using", "", without_clauses),
        rule("json", r"\bjson\s*[{\[]", plain_json),
        rule("log errors", "", plain_oracle),
        rule("delete", r"\bdelete\s+where\b", plain_oracle),
        rule(":", r":[\da-z]", plain_oracle),
        rule("model measures", "", plain_model),
        rule("pivot xml", r"\bpivot\s+xml\b", plain_pivot),
        rule("versions", r"\bversions\s+(?:between|period)\b", plain_tables),
        rule("period for", r"\bof\s+period\s+for\b", plain_tables),
        rule("partition", r"\bsubpartition\b|\bpartition\s+for\b", plain_tables),
        rule("only", r"\b(?:from|join|update|delete|into|,)\s*only\s*\(", plain_tables),
        rule("search first", "", without_search),
        rule("cycle default", "", without_search),
        rule("new", r"\bnew\s+[\w$#.\"]+\s*\(", without_new),
        rule("delete", "", plain_delete),
        rule("json_ returning", "", plain_functions),
        rule("wrapper", "", plain_functions),
        rule("multiset", "", plain_functions),
        rule("at local", "", plain_functions),
        CURRENT_OF,
    ),
    fold=fold_upper,
    system_tables=DICTIONARY,
    system_schema="sys",
    no_columns=frozenset(
        [
            "connect_by_iscycle",
            "connect_by_isleaf",
            "current_date",
            "dbtimezone",
            "level",
            "ora_rowscn",
            "rowid",
            "rownum",
            "sessiontimezone",
            "sysdate",
            "systimestamp",
            "uid",
            "user",
            "versions_endscn",
            "versions_endtime",
            "versions_operation",
            "versions_startscn",
            "versions_starttime",
            "versions_xid",
        ]
    ),
    aggregates=frozenset(
        [
            "approx_median",
            "approx_percentile",
            "collect",
            "stats_mode",
            "sys_xmlagg",
            "xmlagg",
            "bit_and_agg",
            "bit_or_agg",
            "bit_xor_agg",
            "checksum",
            "kurtosis_pop",
            "kurtosis_samp",
            "skewness_pop",
            "skewness_samp",
            "boolean_and_agg",
            "boolean_or_agg",
            "every",
        ]
    ),
    attributes=True,
    columns_first=True,
    into_sets=True,
    silent_outputs=True,
    sequence_objects=True,
    dual=True,
    system_dual=True,
    recursion_unmarked=True,
    package_calls=True,
    marked_rows=True,
    sets_rows=True,
    lasting_global=True,
    organization=True,
    signs="""
6: varchar2 pls_integer sys_refcursor dbms_output raise_application_error package|body bulk|collect forall
6: connect_by_root whenever|sqlerror set|serveroutput set|define sys_connect_by_path nvarchar2 dbms_stats
6: utl_file
5: replace|package rownum systimestamp from|dual nologging connect|by editionable dba_tables user_tables reject|limit
4: sysdate nvl2 clob put_line no_data_found
3: rowtype minus binary_integer sqlerrm dense_rank|last
2: nvl decode listagg tablespace elsif execute|immediate rowid ref|cursor for|update prior
2: to_date
1: to_char substr exception instr raw number
""",
    shapes=(
        Shape(6, "(+) /", r"\(\+\)|^[ \t]*/[ \t]*\r?$"),
        Shape(4, ":new :old % prompt rem spool", r":(?:new|old)\.\w|%\s*(?:type|rowtype)\b|^(?:prompt|rem|spool)[ \t]"),
    ),
)
