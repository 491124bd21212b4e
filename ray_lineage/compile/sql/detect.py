"""Which dialect is a text in? Cheap evidence, for files that no configuration speaks for.

Words, pairs of words and a few shapes speak for a dialect, or for several, with a weight. Nothing is certain that one weak
sign says: the confidence is the best dialect's share against the next one's and a little doubt."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

_ORDER: Final = (
    "tsql", "postgres", "snowflake", "bigquery", "mysql", "oracle", "spark", "redshift", "databricks", "sqlite", "duckdb",
    "clickhouse", "trino", "hive", "teradata", "athena", "presto", "starrocks", "doris", "exasol", "materialize",
    "risingwave",
)  # fmt: skip
"""Of two dialects with the same evidence the one in front is meant."""


_FAMILIES: Final = {
    "spark": "spark", "databricks": "spark", "hive": "spark", "trino": "trino", "presto": "trino", "athena": "trino",
    "doris": "doris", "starrocks": "doris", "materialize": "materialize", "risingwave": "materialize",
}  # fmt: skip
"""Dialects so near that to take one for the other makes no doubt."""


Votes = tuple[tuple[str, int], ...]


Shape = tuple[str, list[str], re.Pattern[str]]


_SIGNS: Final = """
tsql 6: nocount sp_executesql xact_abort uniqueidentifier scope_identity schemabinding nonclustered raiserror
tsql 6: sp_rename trancount begin|try end|try output|inserted output|deleted set|quoted_identifier set|ansi_nulls
tsql 6: inserted|into
tsql 4: nvarchar nolock newid datetime2 sysname openjson openrowset patindex outer|apply for|xml smalldatetime
tsql 4: create|proc try_convert
tsql 3: getdate dbo for|json datename sysutcdatetime nchar truncate_only exec|sp_who
tsql 2: cross|apply select|top charindex isnull rowversion try_cast eomonth
tsql 1: convert dateadd datepart iif string_agg varbinary
postgres 6: bigserial jsonb regclass tsvector bytea create|extension uuid_generate_v4 jsonb_build_object jsonb_agg
postgres 6: from|stdin to_tsvector jsonb_array_elements json_build_object regexp_matches
postgres 5: on|conflict pg_catalog gen_random_uuid concurrently owner|to setval language|plpgsql partition|of
postgres 4: plpgsql search_path smallserial array_to_string timestamptz returns|trigger only|public distinct|on
postgres 3: generate_series serial perform with|ordinality inherits raise|notice
postgres 2: nextval btree string_agg rowtype unnest excluded returning to_timestamp elsif exception
postgres 1: ilike lateral to_char materialized|view interval array_agg date_trunc tablespace enum
redshift 6: distkey sortkey diststyle iam_role az64 zstd|distkey listagg|distinct
redshift 5: no|schema encode|zstd encode|lzo encode|raw svv_table_info stl_load_errors create|external
redshift 4: unload lzo encode copy|grants
redshift 3: plpgsql getdate external|schema
redshift 2: listagg nvl decode dateadd datediff qualify search_path timestamptz json_extract_path_text spectrum
redshift 1: ilike to_char date_trunc convert_timezone select|top approximate
snowflake 6: object_construct array_construct to_variant use|warehouse use|role lateral|flatten create|pipe target_lag
snowflake 6: metadata$action resultset|default create|stage file|format system$stream_has_data try_to_number
snowflake 5: replace|stage replace|task replace|pipe replace|stream transient timestamp_ntz timestamp_ltz timestamp_tz dynamic|table secure|view create|task copy|into
snowflake 4: file_format iff create|stream language|javascript parse_json resultset to_varchar autoincrement|start flatten
snowflake 3: qualify variant
snowflake 2: listagg zeroifnull decode nvl dateadd datediff connect|by autoincrement array_agg execute|immediate try_cast
snowflake 2: exclude
snowflake 1: ilike clone minus to_char ifnull cluster|by date_trunc select|top warehouse stage number
bigquery 6: safe_divide safe_offset _table_suffix _partitiontime generate_date_array farm_fingerprint approx_quantiles
bigquery 6: with|offset regexp_contains export|data timestamp_seconds bignumeric ml|predict
bigquery 5: replace|model safe_cast timestamp_diff timestamp_trunc parse_timestamp format_date format_timestamp as|struct create|model
bigquery 5: date_sub
bigquery 4: int64 float64 generate_array parse_date table|function parse_json json_value
bigquery 3: countif array_length qualify json_extract_scalar
bigquery 2: execute|immediate date_diff join|unnest ifnull string_agg array_agg cluster|by
bigquery 1: string unnest bytes struct options
mysql 6: auto_increment innodb continue|handler exit|handler key|update utf8mb4 mediumtext longtext str_to_date curdate
mysql 5: delimiter mediumint straight_join insert|ignore sql_mode lock|tables unsigned row_format found_rows
mysql 4: charset definer date_add group_concat unlock|tables deterministic|begin into|outfile
mysql 3: separator replace|into load|data on|duplicate
mysql 2: ifnull date_format enum tinyint from_unixtime rename|table
mysql 1: datetime collate from|dual leave
oracle 6: varchar2 pls_integer sys_refcursor dbms_output raise_application_error package|body bulk|collect forall
oracle 6: connect_by_root whenever|sqlerror set|serveroutput set|define sys_connect_by_path nvarchar2 dbms_stats
oracle 6: utl_file
oracle 5: replace|package rownum systimestamp from|dual nologging connect|by editionable dba_tables user_tables reject|limit
oracle 4: sysdate nvl2 clob put_line no_data_found to_date
oracle 3: rowtype minus binary_integer sqlerrm dense_rank|last
oracle 2: nvl decode listagg tablespace elsif execute|immediate rowid ref|cursor for|update prior
oracle 1: to_char substr exception instr raw number
spark 6: lateral|view using|parquet cache|table collect_list collect_set posexplode insert|overwrite
spark 5: using|delta explode named_struct inpath using|csv using|json
spark 4: tblproperties partitioned|by stored|as temp|view distribute|by temporary|view sort|by
spark 3: from_unixtime semi|join monotonically_increasing_id row|format
spark 2: date_format nvl qualify array_contains
spark 1: string minus
databricks 6: zorder using|delta live|table read_files apply|changes lateral|view collect_list collect_set cloud_files
databricks 6: describe|history use|catalog insert|overwrite shallow|clone streaming|table delta|live hive_metastore
databricks 5: explode posexplode named_struct convert|to set|tags
databricks 4: tblproperties partitioned|by temp|view temporary|view cluster|by
databricks 3: copy|into qualify
databricks 2: ilike try_cast by|name optimize vacuum
databricks 1: string identifier
hive 6: lateral|view insert|overwrite serde serdeproperties msck stored|as collect_set hivevar inputformat
hive 6: outputformat
hive 5: row|format clustered|by posexplode explode inpath
hive 4: tblproperties partitioned|by distribute|by named_struct collect_list sort|by
hive 3: from_unixtime load|data
hive 1: string
duckdb 6: read_csv_auto read_parquet read_json_auto struct_pack hugeint list_transform parquet_scan epoch_ms read_json
duckdb 5: read_csv list_value summarize union|by
duckdb 4: asof|join list_aggregate by|name positional|join
duckdb 3: pragma on|conflict insert|or strftime attach
duckdb 2: distinct|on generate_series qualify try_cast macro unnest install
duckdb 1: ilike string_agg exclude
sqlite 6: sqlite_master sqlite_sequence without|rowid julianday fts5 insert|or pragma
sqlite 5: autoincrement
sqlite 4: glob strftime attach|database virtual|table
sqlite 3: on|conflict group_concat replace|into detach
sqlite 2: rowid ifnull returning excluded
clickhouse 6: lowcardinality datetime64 prewhere grouparray uniqexact dictget array|join system|reload arrayjoin argmax
clickhouse 5: uint8 uint16 uint32 uint64 todatetime sumif tostartofhour tostartofday on|cluster toyyyymm
clickhouse 4: codec float32 argmin float64
clickhouse 3: ttl countif tostring todate
clickhouse 2: uniq
clickhouse 1: settings populate
trino 6: date_parse map_agg from_iso8601_timestamp approx_distinct external_location match_number
trino 4: element_at join|unnest json_extract_scalar format_datetime with|ordinality partitioned_by date_add
trino 3: max_by at|timezone grace|period
trino 2: unnest try_cast cardinality
trino 1: transform
athena 6: external_location date_parse
athena 5: tblproperties serdeproperties serde
athena 4: stored|as unload row|format partitioned|by
teradata 6: multiset casespecific collect|statistics collect|stats nullifzero locking|row no|fallback volatile|table
teradata 6: primary|index
teradata 5: byteint
teradata 4: zeroifnull with|data sel
teradata 3: qualify locking fallback
teradata 1: select|top volatile
starrocks 6: distributed|by olap
starrocks 4: duplicate|key aggregate|key refresh|async
starrocks 3: buckets
doris 6: distributed|by olap
doris 4: unique|key duplicate|key aggregate|key
doris 3: buckets
exasol 6: lua|script open|schema python3|scalar
exasol 4: connect|by
materialize 6: envelope in|cluster create|sink create|source
materialize 3: subscribe
risingwave 6: create|sink tumble watermark create|source
risingwave 3: encode|json
"""


_SHAPES: Final[tuple[Shape, ...]] = tuple(
    (votes, need.split(), re.compile(pattern, re.MULTILINE))
    for votes, need, pattern in (
        ("tsql:6", "go", r"^[ \t]*go[ \t]*\r?$"),
        ("tsql:4", "[", r"(?<![\w\])\"])\[[a-z_][\w $]{0,60}\]\s*[.(,\s=)]"),
        ("tsql:4", "@", r"\bdeclare\s+@\w|\bexec(?:ute)?\s+[\w.\[\]]+\s+@\w+\s*="),
        ("tsql:2 mysql:2", "@", r"(?<![\w@.])@\w+"),
        ("tsql:3 redshift:1", "#", r"(?<![\w#])##?[a-z_]\w+"),
        ("tsql:2", "n'", r"\bn'"),
        ("postgres:2 redshift:2 snowflake:2 duckdb:2 databricks:1 clickhouse:1", "::", r"[\w)'\]]::[a-z]"),
        ("postgres:3 snowflake:2 redshift:2", "$", r"\$\w{0,20}\$"),
        ("postgres:4 redshift:1", "-> #> @> distinct", r"->>?\s*'|#>>|@>|\bis\s+not\s+distinct\b"),
        ("snowflake:5 databricks:4", "::", r"\b[a-z_]\w*:[a-z_]\w*(?:[.\[]\w*\]?)*::[a-z]"),
        ("snowflake:5", "@ metadata$ $", r"\bfrom\s+@[\w~%.\"]+|\bmetadata\$\w+|\$\d+:\w+"),
        ("bigquery:6 databricks:1 spark:1", "`", r"`[\w-]{1,60}(?:\.[\w-]{1,60}){1,2}(?:\.?[\w*-]{0,60})?`"),
        ("bigquery:4 spark:2 databricks:2 hive:2", "<", r"\b(?:struct|array)\s*<"),
        ("mysql:2 spark:1 bigquery:1 hive:1 databricks:1", "`", r"(?<![.\w])`\w{1,60}`"),
        ("bigquery:4", "except |>", r"\bselect\s+[^;()]{0,80}\*\s+except\s*\(|\|>"),
        ("duckdb:3 snowflake:3", "exclude", r"\*\s+exclude\b"),
        ("oracle:6", "(+) /", r"\(\+\)|^[ \t]*/[ \t]*\r?$"),
        ("oracle:4", ": % prompt rem spool", r":(?:new|old)\.\w|%\s*(?:type|rowtype)\b|^(?:prompt|rem|spool)[ \t]"),
        ("databricks:5 spark:3", "delta.`", r"\bdelta\.`"),
        ("spark:5 databricks:3", ".`", r"\b(?:parquet|orc|csv|json)\.`"),
        ("mysql:5 clickhouse:2 doris:3 starrocks:3", "engine", r"\bengine\s*=\s*\w"),
        ("clickhouse:6", "mergetree", r"mergetree\b"),
        ("clickhouse:4", "nullable(", r"\bnullable\("),
        ("hive:6", "set", r"^[ \t]*set\s+(?:hive|mapred)[\w.]*\s*="),
        ("trino:5 athena:5", "with", r"\bwith\s*\(\s*(?:format|partitioned_by|external_location|location)\s*="),
        ("teradata:6", ".", r"^\.(?:logon|logoff|set|if|quit|run)\b"),
        ("sqlite:3 duckdb:3", ".", r"^\.(?:mode|headers?|import|read|tables|schema)\b"),
    )
)
"""Looked for in the text in small letters, where one of the words between votes and pattern stands in it."""


_RAW: Final[tuple[Shape, ...]] = tuple(
    (votes, need.split(), re.compile(pattern, re.MULTILINE))
    for votes, need, pattern in (
        ("mysql:6", "/*!", r"/\*!\d{5}"),
        (
            "databricks:8",
            "-- Databricks COMMAND MAGIC",
            r"^-- (?:Databricks notebook source|COMMAND ----------|MAGIC )",
        ),
        ("postgres:6", "\\", r"^\\(?:set|i|ir|c|connect|echo|copy|timing|gset|d|if|pset|\.)\b|^\\\."),
        ("duckdb:6", ".csv .parquet .json", r"\b(?i:FROM)\s+'[^'\n]+\.(?:csv|parquet|json)[^'\n]{0,5}'"),
    )
)
"""What stands in comments and strings counts here only."""


_PROSE: Final = re.compile(r"--[^\n]*|/\*(?:[^*]|\*(?!/)){0,4000}\*/|'[^'\n]{3,200}'")
"""Comments and longer strings prove nothing."""


_WORD: Final = re.compile(r"[a-z_][\w$]*")


_SAMPLE: Final = 20_000  # characters


_MANY: Final = 4
"""One sign more often than this says nothing more."""


_DOUBT: Final = 2


def _read_signs() -> dict[str, Votes]:
    out: dict[str, list[tuple[str, int]]] = {}
    for line in _SIGNS.strip().split("\n"):
        head, _, words = line.partition(":")
        dialect, weight = head.split()
        for word in words.split():
            out.setdefault(word, []).append((dialect, int(weight)))
    return {word: tuple(votes) for word, votes in out.items()}


def _read_votes(text: str) -> Votes:
    return tuple((d, int(w)) for d, _, w in (v.partition(":") for v in text.split()))


_WORDS: Final = _read_signs()


def detect(text: str) -> tuple[str, float]:
    """``(dialect, confidence 0..1)``; ``("", 0.0)`` without evidence, which means sqlglot's superset of dialects."""
    raw = text[:_SAMPLE]
    sample = _PROSE.sub(" ", raw)
    scores: dict[str, int] = {}
    small = sample.lower()
    words = _WORD.findall(small)
    known = _WORDS
    counts: Counter[str] = Counter(w for w in words if w in known)
    counts.update(p for p in map("|".join, pairwise(words)) if p in known)
    for word, count in counts.items():
        _vote(scores, known[word], min(count, _MANY))
    _shapes(scores, _SHAPES, small)
    _shapes(scores, _RAW, raw)
    if not scores:
        return "", 0.0
    best, *others = sorted(scores, key=lambda d: (-scores[d], _ORDER.index(d)))
    own = _FAMILIES.get(best, best)
    second = next((scores[d] for d in others if _FAMILIES.get(d, d) != own), 0)
    return best, scores[best] / (scores[best] + second + _DOUBT)


def _vote(scores: dict[str, int], votes: Votes, times: int) -> None:
    for dialect, weight in votes:
        scores[dialect] = scores.get(dialect, 0) + weight * times


def _shapes(scores: dict[str, int], shapes: Iterable[Shape], text: str) -> None:
    for votes, need, pattern in shapes:
        hits = 0
        if not any(word in text for word in need):
            continue
        for hits, _ in enumerate(pattern.finditer(text), 1):
            if hits >= _MANY:
                break
        if hits:
            _vote(scores, _read_votes(votes), hits)
