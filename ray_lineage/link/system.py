"""Columns of engines' own views: an unqualified column that one of them has is its, one that it has not is not.

SQL Server's (https://learn.microsoft.com/en-us/sql/relational-databases/system-catalog-views), the standard's INFORMATION_SCHEMA and
PostgreSQL's (https://www.postgresql.org/docs/current/catalogs.html; what 15 and 18 have, and what older ones had), with what
Redshift has besides. Versions add columns: of a view that is not listed, or where it is all that is in FROM, nothing is ruled
out."""

from __future__ import annotations

from typing import Final

from ray_lineage.model import SYSTEM_SCHEMAS, Name

_OBJECTS: Final = (
    "name object_id principal_id schema_id parent_object_id type type_desc create_date modify_date is_ms_shipped is_published "
    "is_schema_published"
)
_SYS: Final = {
    "objects": _OBJECTS,
    "all_objects": _OBJECTS,
    "tables": f"{_OBJECTS} lob_data_space_id max_column_id_used is_replicated lock_on_bulk_load temporal_type history_table_id is_external "
    "is_memory_optimized durability is_filetable is_node is_edge ledger_type",
    "views": f"{_OBJECTS} is_replicated has_replication_filter has_opaque_metadata with_check_option is_date_correlation_view",
    "procedures": f"{_OBJECTS} is_auto_executed is_execution_replicated is_repl_serializable_only",
    "triggers": "name object_id parent_class parent_class_desc parent_id type type_desc create_date modify_date is_ms_shipped is_disabled "
    "is_not_for_replication is_instead_of_trigger",
    "columns": "object_id name column_id system_type_id user_type_id max_length precision scale collation_name is_nullable is_ansi_padded "
    "is_rowguidcol is_identity is_computed is_filestream is_replicated is_xml_document xml_collection_id default_object_id "
    "rule_object_id is_sparse is_column_set generated_always_type is_hidden is_masked",
    "schemas": "name schema_id principal_id",
    "types": "name system_type_id user_type_id schema_id principal_id max_length precision scale collation_name is_nullable "
    "is_user_defined is_assembly_type default_object_id rule_object_id is_table_type",
    "indexes": "object_id name index_id type type_desc is_unique data_space_id ignore_dup_key is_primary_key is_unique_constraint "
    "fill_factor is_padded is_disabled is_hypothetical allow_row_locks allow_page_locks has_filter filter_definition auto_created",
    "index_columns": "object_id index_id index_column_id column_id key_ordinal partition_ordinal is_descending_key is_included_column",
    "stats": "object_id name stats_id auto_created user_created no_recompute has_filter filter_definition is_temporary is_incremental",
    "partitions": "partition_id object_id index_id partition_number hobt_id rows filestream_filegroup_id data_compression "
    "data_compression_desc",
    "databases": "name database_id source_database_id owner_sid create_date compatibility_level collation_name user_access "
    "user_access_desc is_read_only is_auto_close_on is_auto_shrink_on state state_desc recovery_model recovery_model_desc "
    "snapshot_isolation_state is_read_committed_snapshot_on page_verify_option log_reuse_wait log_reuse_wait_desc is_cdc_enabled",
    "foreign_keys": f"{_OBJECTS} referenced_object_id key_index_id is_disabled is_not_for_replication is_not_trusted "
    "delete_referential_action update_referential_action is_system_named",
    "foreign_key_columns": "constraint_object_id constraint_column_id parent_object_id parent_column_id referenced_object_id "
    "referenced_column_id",
    "sql_modules": "object_id definition uses_ansi_nulls uses_quoted_identifier is_schema_bound uses_database_collation is_recompiled "
    "null_on_null_input execute_as_principal_id",
    "parameters": "object_id name parameter_id system_type_id user_type_id max_length precision scale is_output is_cursor_ref "
    "has_default_value is_xml_document default_value is_readonly is_nullable",
}  # fmt: skip
_PLACE: Final = "table_catalog table_schema table_name"
_CONSTRAINT: Final = "constraint_catalog constraint_schema constraint_name"
_INFORMATION: Final = {
    "tables": f"{_PLACE} table_type engine version row_format table_rows create_time update_time table_collation table_comment",
    "columns": f"{_PLACE} column_name ordinal_position column_default is_nullable data_type character_maximum_length "
    "character_octet_length numeric_precision numeric_precision_radix numeric_scale datetime_precision character_set_name "
    "collation_name domain_name udt_name column_type column_key extra is_identity is_generated generation_expression",
    "views": f"{_PLACE} view_definition check_option is_updatable",
    "schemata": "catalog_name schema_name schema_owner default_character_set_name",
    "routines": "specific_catalog specific_schema specific_name routine_catalog routine_schema routine_name routine_type data_type "
    "routine_body routine_definition external_language is_deterministic created last_altered",
    "table_constraints": f"{_CONSTRAINT} {_PLACE} constraint_type is_deferrable initially_deferred",
    "key_column_usage": f"{_CONSTRAINT} {_PLACE} column_name ordinal_position position_in_unique_constraint",
    "constraint_column_usage": f"{_CONSTRAINT} {_PLACE} column_name",
    "referential_constraints": f"{_CONSTRAINT} unique_constraint_catalog unique_constraint_schema unique_constraint_name match_option "
    "update_rule delete_rule",
}  # fmt: skip
_PG_CATALOG: Final = {
    "pg_class": "oid relname relnamespace reltype reloftype relowner relam relfilenode reltablespace relpages reltuples "
    "relallvisible relallfrozen reltoastrelid relhasindex relisshared relpersistence relkind relnatts relchecks "
    "relhasrules relhastriggers relhassubclass relrowsecurity relforcerowsecurity relispopulated relreplident "
    "relispartition relrewrite relfrozenxid relminmxid relacl reloptions relpartbound relhasoids relhaspkey "
    "relcreationtime reldiststyle releffectivediststyle",
    "pg_namespace": "oid nspname nspowner nspacl",
    "pg_attribute": "attrelid attname atttypid attlen attnum atttypmod attndims attbyval attalign attstorage attcompression "
    "attnotnull atthasdef atthasmissing attidentity attgenerated attisdropped attislocal attinhcount attcollation "
    "attstattarget attacl attoptions attfdwoptions attmissingval attcacheoff attencodingtype attisdistkey "
    "attsortkeyord",
    "pg_type": "oid typname typnamespace typowner typlen typbyval typtype typcategory typispreferred typisdefined typdelim "
    "typrelid typsubscript typelem typarray typinput typoutput typreceive typsend typmodin typmodout typanalyze "
    "typalign typstorage typnotnull typbasetype typtypmod typndims typcollation typdefaultbin typdefault typacl",
    "pg_index": "indexrelid indrelid indnatts indnkeyatts indisunique indnullsnotdistinct indisprimary indisexclusion "
    "indimmediate indisclustered indisvalid indcheckxmin indisready indislive indisreplident indkey indcollation "
    "indclass indoption indexprs indpred",
    "pg_proc": "oid proname pronamespace proowner prolang procost prorows provariadic prosupport prokind prosecdef "
    "proleakproof proisstrict proretset provolatile proparallel pronargs pronargdefaults prorettype "
    "proargtypes proallargtypes proargmodes proargnames proargdefaults protrftypes prosrc probin prosqlbody "
    "proconfig proacl proisagg proiswindow",
    "pg_constraint": "oid conname connamespace contype condeferrable condeferred conenforced convalidated conrelid contypid "
    "conindid conparentid confrelid confupdtype confdeltype confmatchtype conislocal coninhcount connoinherit "
    "conperiod conkey confkey conpfeqop conppeqop conffeqop confdelsetcols conexclop conbin consrc",
    "pg_tables": "schemaname tablename tableowner tablespace hasindexes hasrules hastriggers rowsecurity",
    "pg_views": "schemaname viewname viewowner definition",
    "pg_indexes": "schemaname tablename indexname tablespace indexdef",
    "pg_roles": "rolname rolsuper rolinherit rolcreaterole rolcreatedb rolcanlogin rolreplication rolconnlimit rolpassword "
    "rolvaliduntil rolbypassrls rolconfig oid",
    "pg_stat_activity": "datid datname pid leader_pid usesysid usename application_name client_addr client_hostname client_port "
    "backend_start xact_start query_start state_change wait_event_type wait_event state backend_xid "
    "backend_xmin query_id query backend_type",
}  # fmt: skip
_LISTS: Final = {
    (schema, view): frozenset(columns.split())
    for schema, views in (("sys", _SYS), ("information_schema", _INFORMATION), ("pg_catalog", _PG_CATALOG))
    for view, columns in views.items()
}


def is_system(name: Name) -> bool:
    """Is it a view of the engine's own?"""
    return len(name) > 1 and name[-2] in SYSTEM_SCHEMAS


def listed(schema: str) -> dict[str, frozenset[str]]:
    """The views of a schema whose columns are known here."""
    return {view: columns for (of, view), columns in _LISTS.items() if of == schema}


def has_column(name: Name, column: str) -> bool | None:
    """Has a system view the column? None: its columns are not listed here."""
    columns = _LISTS.get((name[-2], name[-1]))
    return None if columns is None else column in columns
