"""Words of queries that no engine uses for anything else: functions that mask, draw numbers or give rows."""

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
OF_ROWS: Final = frozenset({"rowid", "ora_rowscn", "ctid", "xmin", "xmax", "tableoid"})
"""Of the names that are no columns those that may have a qualifier."""

OF_HIERARCHIES: Final = frozenset({"level", "connect_by_isleaf", "connect_by_iscycle"})
"""No columns where there is a CONNECT BY."""

NO_VALUE: Final = frozenset({"default", "DEFAULT"})
FIRST_WORDS: Final = frozenset({"DATE_BUCKET", "IDENTITY", "GET_FORMAT"})
"""Functions whose first argument is a part of a date or a type."""

WINDOWING: Final = {
    "tumble": ("window_start", "window_end"),
    "hop": ("window_start", "window_end"),
    "cumulate": ("window_start", "window_end"),
    "table_changes": ("_change_type", "_commit_version", "_commit_timestamp"),
    "appends": ("_change_type", "_change_timestamp"),
    "changes": ("_change_type", "_change_timestamp"),
}
"""Functions that give the columns of a table, and these."""

CHANGES: Final = frozenset({"table_changes", "appends", "changes"})
SUMMARY_NAMES: Final = ("column_name", "column_type")
SUMMARY: Final = ("min", "max", "approx_unique", "avg", "std", "q25", "q50", "q75", "count", "null_percentage")
DESCRIPTION: Final = ("column_name", "column_type", "null", "key", "default", "extra")
SERVER_QUERY: Final = ("server", "query")
FILE: Final = ("file",)
CROSSTABS: Final = dict.fromkeys(("crosstab", "crosstab2", "crosstab3", "crosstab4"), ("query", "categories"))
