"""Words of the engines: what names no column, what is an aggregate, which functions give rows, what each dialect allows."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

SEQUENCE_FUNCTIONS: Final = frozenset({"nextval", "currval", "lastval", "setval"})


SEQUENCE_COLUMNS: Final = frozenset({"nextval", "currval"})


MASKING_FUNCTIONS: Final = frozenset({
    exp.MD5, exp.MD5Digest, exp.MD5NumberLower64, exp.MD5NumberUpper64, exp.SHA, exp.SHA1Digest, exp.SHA2, exp.SHA2Digest,
    exp.StandardHash,
})  # fmt: skip


MASKING_NAMES: Final = frozenset(
    {
        "hashbytes", "hash", "mask", "mask_hash", "mask_first_n", "mask_last_n", "mask_show_first_n", "mask_show_last_n",
        "digest", "hmac", "crypt", "pgp_sym_encrypt", "pgp_pub_encrypt", "encrypt", "encrypt_raw", "encryptbykey",
        "encryptbypassphrase", "encryptbycert", "aes_encrypt", "tokenize", "sha", "sha1", "sha224", "sha256", "sha384",
        "sha512", "md5", "standard_hash", "ora_hash", "farm_fingerprint", "to_hash", "xxhash64", "murmurhash",
    }
)  # fmt: skip


JSON_AGGREGATES: Final = (
    "every jsonb_agg json_agg_strict jsonb_agg_strict json_arrayagg json_objectagg range_agg range_intersect_agg xmlagg"
)


SPARK_AGGREGATES: Final = "count_min_sketch every histogram_numeric hll_sketch_agg hll_union_agg mean some std try_avg try_sum schema_of_json_agg"


TRINO_AGGREGATES: Final = (
    "checksum every geometric_mean histogram map_agg map_union multimap_agg approx_most_frequent approx_set merge"
    " numeric_histogram qdigest_agg tdigest_agg reduce_agg set_union"
)


AGGREGATES: Final[dict[str, frozenset[str]]] = {
    dialect: frozenset(names.split())
    for dialect, names in {
        "": JSON_AGGREGATES + " json_group_array json_group_object",
        "postgres": JSON_AGGREGATES,
        "redshift": JSON_AGGREGATES,
        "materialize": JSON_AGGREGATES,
        "risingwave": JSON_AGGREGATES,
        "mysql": "json_arrayagg",
        "sqlite": "total json_group_array json_group_object jsonb_group_array jsonb_group_object",
        "tsql": "checksum_agg stdevp var varp",
        "fabric": "checksum_agg stdevp var varp",
        "oracle": "approx_median approx_percentile collect stats_mode sys_xmlagg xmlagg bit_and_agg bit_or_agg bit_xor_agg"
        " checksum kurtosis_pop kurtosis_samp skewness_pop skewness_samp boolean_and_agg boolean_or_agg every",
        "snowflake": "hll_accumulate hll_combine vector_avg",
        "bigquery": "st_union_agg st_centroid_agg st_extent",
        "spark": SPARK_AGGREGATES,
        "spark2": SPARK_AGGREGATES,
        "databricks": SPARK_AGGREGATES + " st_union_agg",
        "hive": "histogram_numeric",
        "trino": TRINO_AGGREGATES,
        "presto": TRINO_AGGREGATES,
        "athena": TRINO_AGGREGATES,
        "duckdb": "arbitrary bitstring_agg favg fsum geomean histogram product sum_no_overflow weighted_avg"
        " reservoir_quantile entropy mad sem json_group_array json_group_object kahan_sum mean",
        "clickhouse": "summapfiltered singlevalueornull",
        "teradata": "skew xmlagg average maximum minimum json_agg",
        "exasol": "mul st_union",
    }.items()
}
"""Aggregates that the grammar takes for functions like any other."""


VIRTUAL: Final = frozenset({"input__file__name", "block__offset__inside__file"})


OF_ROWS: Final = frozenset({"rowid", "ora_rowscn", "ctid", "xmin", "xmax", "tableoid"})
"""Of the names that are no columns those that may have a qualifier."""


NO_VALUE: Final = frozenset({"default", "DEFAULT"})


HAVE_DUAL: Final = frozenset({"oracle", "mysql", "singlestore", "snowflake", "exasol", "doris", "starrocks"})


NO_COLUMNS: Final[dict[str, frozenset[str]]] = {
    dialect: names | NO_VALUE
    for dialect, names in {
        "oracle": frozenset(
            {
                "sysdate",
                "systimestamp",
                "rownum",
                "level",
                "user",
                "uid",
                "rowid",
                "ora_rowscn",
                "current_date",
                "connect_by_isleaf",
                "connect_by_iscycle",
                "sessiontimezone",
                "dbtimezone",
                "versions_starttime",
                "versions_endtime",
                "versions_startscn",
                "versions_endscn",
                "versions_operation",
                "versions_xid",
            }
        ),
        "exasol": frozenset(
            {
                "sysdate",
                "rownum",
                "rowid",
                "level",
                "current_session",
                "current_statement",
                "localtimestamp",
                "sessiontimezone",
                "dbtimezone",
            }
        ),
        "trino": frozenset({"current_schema", "current_path"}),
        "presto": frozenset({"current_schema", "current_path"}),
        "duckdb": frozenset({"current_schema", "current_role"}),
        "databricks": frozenset({"localtimestamp"}),
        "mysql": frozenset({"utc_timestamp", "utc_date", "utc_time"}),
        "sqlite": frozenset({"rowid", "_rowid_"}),
        "hive": VIRTUAL,
        "spark": VIRTUAL,
        "teradata": frozenset({"date", "time", "user", "session", "account", "database", "profile", "current_role"}),
        "postgres": frozenset({"ctid", "xmin", "xmax", "tableoid", "user", "current_catalog", "current_role"}),
        "tsql": frozenset({"$action", "$identity", "$rowguid", "user"}),
        "fabric": frozenset({"$action", "$identity", "$rowguid", "user"}),
        "snowflake": frozenset(
            {
                "current_timestamp",
                "current_date",
                "sysdate",
                "metadata$action",
                "metadata$isupdate",
                "metadata$row_id",
                "metadata$filename",
                "metadata$file_row_number",
            }
        ),
    }.items()
}


LATERAL_ALIASES: Final = frozenset(
    {"snowflake", "redshift", "databricks", "spark", "spark2", "duckdb", "clickhouse", "teradata", "exasol", "hive", ""}
)


ALIASES_IN_WHERE: Final = frozenset({"clickhouse", "snowflake", "teradata", "exasol"})


RECURSION_NEEDS_NO_WORD: Final = frozenset({"tsql", "fabric", "oracle", "snowflake", "sqlite", "db2", ""})


STRUCTS: Final = frozenset(
    {
        "bigquery",
        "spark",
        "spark2",
        "databricks",
        "hive",
        "duckdb",
        "presto",
        "trino",
        "athena",
        "clickhouse",
        "snowflake",
        "redshift",
        "",
    }
)


SEQUENCE_OBJECTS: Final = frozenset({"oracle", "snowflake", "exasol", "db2", "redshift", ""})


COLUMNS_FIRST: Final = frozenset({"oracle", "bigquery", "snowflake", "databricks", "spark"})
"""Where a name that is a variable's and a column's is the column's; elsewhere the variable's, or engines refuse it."""


ROW_VALUES: Final = frozenset({"postgres", "redshift", "duckdb", "bigquery", "materialize", "risingwave"})


SCHEMA_CALLS: Final = frozenset({"tsql", "fabric"})
"""Where functions with a schema are the user's, and those without are the engine's."""


PROPERTIES: Final = frozenset({"lat", "long", "stx", "sty", "stsrid", "m", "z", "hasm", "hasz", "isnull"})
"""Of SQL Server's geometry and geography: ``column.Lat`` has no table ``column``."""


FIRST_WORDS: Final = frozenset({"DATE_BUCKET", "IDENTITY", "GET_FORMAT"})
"""Functions whose first argument is a part of a date or a type."""


LOOKUPS: Final = ("dictget", "joinget")


ROWSETS: Final = {
    "string_split": ("value", "ordinal"),
    "openjson": ("key", "value", "type"),
    "generateseries": ("value",),
    "generate_series": ("value",),
}
"""Columns of the engine's functions."""


WINDOWING: Final = {
    "tumble": ("window_start", "window_end"),
    "hop": ("window_start", "window_end"),
    "cumulate": ("window_start", "window_end"),
    "table_changes": ("_change_type", "_commit_version", "_commit_timestamp"),
    "appends": ("_change_type", "_change_timestamp"),
    "changes": ("_change_type", "_change_timestamp"),
}
"""Functions that give the columns of a table, and these."""


HAVE_PATTERNS: Final = frozenset({"duckdb", "clickhouse"})
"""Where ``COLUMNS('pattern')`` stands for several columns."""


CHANGES: Final = frozenset({"table_changes", "appends", "changes"})


SUMMARY_NAMES: Final = ("column_name", "column_type")


SUMMARY: Final = ("min", "max", "approx_unique", "avg", "std", "q25", "q50", "q75", "count", "null_percentage")


DESCRIPTION: Final = ("column_name", "column_type", "null", "key", "default", "extra")


Roles = dict[str, tuple[str, ...]]


SERVER_QUERY: Final = ("server", "query")


_SERVER_TABLE: Final = ("server", "database", "table")


_TRINO: Final[Roles] = {"query": ("query",), "table_changes": ("schema", "table")}


_FILE: Final = ("file",)


_TSQL: Final[Roles] = {"openquery": SERVER_QUERY, "openrowset": ("", "connection", "query")}


_CROSSTABS: Final[Roles] = dict.fromkeys(("crosstab", "crosstab2", "crosstab3", "crosstab4"), ("query", "categories"))


TABLE_FUNCTIONS: Final[dict[str, Roles]] = {
    "tsql": _TSQL,
    "fabric": _TSQL,
    "postgres": {"dblink": SERVER_QUERY, "connectby": ("table", "key", "parent"), **_CROSSTABS},
    "": {"dblink": SERVER_QUERY, "external_query": SERVER_QUERY, **_CROSSTABS},
    "snowflake": {"result_scan": ("id",)},
    "bigquery": {"external_query": SERVER_QUERY},
    "spark": {"read_files": _FILE},
    "databricks": {
        "remote_query": ("server",), "read_files": _FILE, "cloud_files": _FILE, "read_kafka": ("",), "vector_index": ("",),
    },
    "doris": {"query": ("server",), **dict.fromkeys(("s3", "hdfs", "local", "file", "http"), ("",))},
    "starrocks": {"files": ("",)},
    "exasol": {"import_query": SERVER_QUERY, "import_table": ("server", "table")},  # see rewrite.imported
    "trino": _TRINO,
    "presto": _TRINO,
    "athena": _TRINO,
    "duckdb": {
        **dict.fromkeys(
            ("read_csv_auto", "read_json", "read_json_auto", "read_json_objects", "read_ndjson", "read_ndjson_auto",
             "read_ndjson_objects", "parquet_scan", "read_text", "read_blob", "delta_scan", "iceberg_scan", "sniff_csv",
             "read_xlsx", "st_read"), _FILE,
        ),
        "postgres_query": SERVER_QUERY,
        "mysql_query": SERVER_QUERY,
        "query": ("query",),
        "query_table": ("table",),
        "postgres_scan": ("server", "schema", "table"),
        "postgres_scan_pushdown": ("server", "schema", "table"),
        "sqlite_scan": ("server", "table"),
    },
    "clickhouse": {
        **dict.fromkeys(("s3", "file", "url", "hdfs", "gcs", "iceberg", "deltalake", "hudi"), _FILE),
        **dict.fromkeys(("s3cluster", "filecluster", "urlcluster", "hdfscluster"), ("", "file")),
        "azureblobstorage": ("", "container", "file"),
        "azureblobstoragecluster": ("", "", "container", "file"),
        "loop": ("database", "table"),
        "view": ("query",),
        "mysql": _SERVER_TABLE,
        "postgresql": (*_SERVER_TABLE, "", "", "schema"),
        "mongodb": _SERVER_TABLE,
        "odbc": _SERVER_TABLE,
        "jdbc": _SERVER_TABLE,
        "sqlite": ("server", "table"),
        "remote": _SERVER_TABLE,
        "remotesecure": _SERVER_TABLE,
        "cluster": ("", "database", "table"),
        "clusterallreplicas": ("", "database", "table"),
    },
}  # fmt: skip
"""Functions in FROM for files and for tables and queries, most of other engines, by dialect and name: what each argument is, by
position (others are named)."""
