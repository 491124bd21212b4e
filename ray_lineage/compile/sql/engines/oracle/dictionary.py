"""The data dictionary: views of ``SYS`` that everybody names without a schema, by public synonyms.

https://docs.oracle.com/en/database/oracle/oracle-database/23/refrn/data-dictionary-views.html"""

from __future__ import annotations

from typing import Final

_STATIC: Final = (
    "arguments catalog clusters clu_columns coll_types col_comments col_privs constraints cons_columns context credentials "
    "data_files db_links dependencies directories editions errors extents external_locations external_tables free_space "
    "histograms identifiers ind_columns ind_expressions ind_partitions ind_statistics ind_subpartitions indexes indextypes "
    "jobs json_columns libraries lobs lob_partitions method_params method_results mview_comments mview_logs mviews "
    "nested_tables objects object_tables part_indexes part_key_columns part_tables plsql_object_settings policies "
    "procedures profiles queues recyclebin refresh role_privs roles scheduler_job_log scheduler_job_run_details "
    "scheduler_jobs scheduler_programs scheduler_running_jobs scheduler_schedules segments sequences source statements "
    "stored_settings subpart_key_columns synonyms sys_privs tab_col_statistics tab_cols tab_columns tab_comments "
    "tab_histograms tab_identity_cols tab_modifications tab_partitions tab_privs tab_privs_made tab_privs_recd "
    "tab_statistics tab_stats_history tab_subpartitions tables tablespaces temp_files trigger_cols triggers ts_quotas "
    "type_attrs type_methods types unused_col_tabs updatable_columns users varrays views xml_schemas xml_tables"
)
_DYNAMIC: Final = (
    "access active_session_history archived_log asm_disk asm_diskgroup backup_set controlfile database datafile "
    "db_object_cache diag_info event_name instance latch license lock locked_object log log_history logfile "
    "mystat nls_parameters object_usage open_cursor option osstat parameter pdbs process pgastat px_session "
    "recovery_file_dest resource_limit rman_backup_job_details rollstat rowcache services sesstat session session_event "
    "session_longops session_wait sga sgainfo sgastat sort_usage spparameter sql sql_bind_capture sql_monitor "
    "sql_plan sql_plan_statistics_all sql_shared_cursor sqlarea sqlstats sqltext statname sysmetric sysstat system_event "
    "system_parameter system_wait_class sys_time_model tablespace tempfile tempseg_usage transaction undostat version "
    "waitstat"
)
DICTIONARY: Final = frozenset({
    *(f"{whose}_{view}" for whose in ("all", "cdb", "dba", "user") for view in _STATIC.split()),
    *(f"{of}${view}" for of in ("v", "gv") for view in _DYNAMIC.split()),
    "dict", "dictionary", "dict_columns", "database_properties", "global_name", "nls_database_parameters",
    "nls_instance_parameters", "nls_session_parameters", "product_component_version", "role_role_privs", "role_sys_privs",
    "role_tab_privs", "session_privs", "session_roles",
})  # fmt: skip
