"""Identifiers -> normalised name parts, by the rules of the dialect.

Unquoted names fold to lower case everywhere, whatever the engine folds to, so that one spelling stands for one object.
In engines that fold to upper case (Snowflake, Oracle...) a quoted all-upper name is that same object; a quoted
all-lower one is another, and keeps its quotes. In engines that compare without case, quotes change nothing."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Any, Final

from ray_lineage.model import Name, shorten

_FOLDS_UPPER: Final = frozenset({"snowflake", "oracle", "db2", "exasol"})


_QUOTES_MATTER: Final = frozenset({"", "postgres", "materialize", "risingwave", "athena_none"})


_NAMES: Final = 1 << 14
"""Names that are remembered folded: a repository repeats its own."""


@cache
def folder(dialect: str) -> Any:
    """``fold(text, quoted) -> str`` of a dialect."""
    if dialect in _FOLDS_UPPER:
        return _fold_upper
    if dialect in _QUOTES_MATTER:
        return _fold_lower
    return _fold_all


@lru_cache(_NAMES)
def _fold_all(text: str, quoted: bool) -> str:
    return shorten(text.lower())


@lru_cache(_NAMES)
def _fold_lower(text: str, quoted: bool) -> str:
    return shorten(text if quoted else text.lower())


@lru_cache(_NAMES)
def _fold_upper(text: str, quoted: bool) -> str:
    if not quoted or text == text.upper():
        return shorten(text.lower())
    return shorten(f'"{text}"' if text == text.lower() else text)


def with_defaults(name: Name, catalog: str, schema: str) -> Name:
    """Fill in missing outer parts; ``db..table`` has an empty middle part that means the default schema."""
    if len(name) == 3 and not name[1]:
        name = (name[0], schema, name[2]) if schema else (name[0], "dbo", name[2])
    if len(name) == 1 and schema:
        name = (schema, *name)
    if len(name) == 2 and catalog:
        name = (catalog, *name)
    return name


PG_CATALOG: Final = frozenset({
    "pg_aggregate", "pg_am", "pg_amop", "pg_amproc", "pg_attrdef", "pg_attribute", "pg_authid", "pg_auth_members",
    "pg_cast", "pg_class", "pg_collation", "pg_constraint", "pg_conversion", "pg_database", "pg_db_role_setting",
    "pg_default_acl", "pg_depend", "pg_description", "pg_enum", "pg_event_trigger", "pg_extension",
    "pg_foreign_data_wrapper", "pg_foreign_server", "pg_foreign_table", "pg_index", "pg_inherits", "pg_init_privs",
    "pg_language", "pg_largeobject", "pg_largeobject_metadata", "pg_namespace", "pg_opclass", "pg_operator", "pg_opfamily",
    "pg_parameter_acl", "pg_partitioned_table", "pg_policy", "pg_proc", "pg_publication", "pg_publication_namespace",
    "pg_publication_rel", "pg_range", "pg_replication_origin", "pg_rewrite", "pg_seclabel", "pg_sequence", "pg_shdepend",
    "pg_shdescription", "pg_shseclabel", "pg_statistic", "pg_statistic_ext", "pg_statistic_ext_data", "pg_subscription",
    "pg_subscription_rel", "pg_tablespace", "pg_transform", "pg_trigger", "pg_ts_config", "pg_ts_config_map", "pg_ts_dict",
    "pg_ts_parser", "pg_ts_template", "pg_type", "pg_user_mapping", "pg_available_extension_versions",
    "pg_available_extensions", "pg_backend_memory_contexts", "pg_config", "pg_cursors", "pg_file_settings", "pg_group",
    "pg_hba_file_rules", "pg_ident_file_mappings", "pg_indexes", "pg_locks", "pg_matviews", "pg_policies",
    "pg_prepared_statements", "pg_prepared_xacts", "pg_publication_tables", "pg_replication_origin_status",
    "pg_replication_slots", "pg_roles", "pg_rules", "pg_seclabels", "pg_sequences", "pg_settings", "pg_shadow",
    "pg_shmem_allocations", "pg_stats", "pg_stats_ext", "pg_stats_ext_exprs", "pg_tables", "pg_timezone_abbrevs",
    "pg_timezone_names", "pg_user", "pg_user_mappings", "pg_views", "pg_stat_activity", "pg_stat_all_indexes",
    "pg_stat_all_tables", "pg_stat_archiver", "pg_stat_bgwriter", "pg_stat_database", "pg_stat_progress_vacuum",
    "pg_stat_replication", "pg_stat_ssl", "pg_stat_user_functions", "pg_stat_user_indexes", "pg_stat_user_tables",
    "pg_stat_wal", "pg_statio_all_tables", "pg_statio_user_indexes", "pg_statio_user_tables",
})  # fmt: skip
"""Tables and views of PostgreSQL's own schema, which is searched before all others, whatever ``search_path`` says (its manual,
5.9.5; the names are those of its chapters "System Catalogs", "System Views" and "Monitoring")."""


_PASSWORD: Final = re.compile(r"://[^/@\s:]*:[^/@\s]*@")


def location_of(text: str) -> str:
    """A file's path or address without what may be a secret: what follows a question mark (a signature), a password."""
    return _PASSWORD.sub("://", text.split("?", 1)[0] or text)
