"""Calls that name tables, or data frames that are written to them."""

from __future__ import annotations

from typing import Final

TABLE_CALLS: Final = (
    "saveAsTable", "insertInto", "toTable", "writeTo", "to_sql", "to_gbq", "write_database", "write_pandas", "save_as_table",
    "insert_into", "copy_into_table", "create_or_replace_view", "create_or_replace_temp_view", "create_or_replace_dynamic_table",
    "createOrReplaceTempView", "createTempView", "createOrReplaceGlobalTempView", "createGlobalTempView", "registerTempTable",
    "create_temp_view", "load_table_from_\\w+", "copy_table", "extract_table", "insert_rows\\w*", "from_catalog", "from_options",
    "forName", "mergeInto", "write_dynamic_frame", "read_sql_table", "copy_records_to_table", "insert_df", "insert_dataframe",
    "jdbc", "table",
)  # fmt: skip
"""Names of functions and methods; patterns."""
