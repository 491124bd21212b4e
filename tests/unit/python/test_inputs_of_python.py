"""Sources of Databricks that hold SQL alone, and what frameworks are given in their own ways: by their documentation."""

from __future__ import annotations

import pytest

from tests.unit.python.cases import check

CASES: dict[str, tuple[str, list[str]]] = {
    'databricks sql': ('# Databricks notebook source\n# MAGIC %sql\n# MAGIC INSERT INTO mart.t (a)\n# MAGIC SELECT b\n# MAGIC FROM raw.s\n', ['raw.s.b > mart.t.a i']),
    'databricks title': ('# Databricks notebook source\n# DBTITLE 1,Load\n# MAGIC %sql INSERT INTO mart.t (a) SELECT b FROM raw.s\n', ['raw.s.b > mart.t.a i']),
    'databricks _sqldf': ("# Databricks notebook source\n# MAGIC %sql\n# MAGIC SELECT b AS a FROM raw.s\n# COMMAND ----------\n_sqldf.write.saveAsTable('mart.t')\n", ['raw.s.b > mart.t.a i']),
    'databricks ${}': ('# Databricks notebook source\n# MAGIC %sql\n# MAGIC INSERT INTO ${schema}.t (a) SELECT b FROM raw.s\n', ['raw.s.b > t.a i?']),
    'airflow params table': ('PostgresOperator(task_id="t", sql="INSERT INTO mart.{{ params.t }} (a) SELECT b FROM raw.s", params={"t": "t"})', ['raw.s.b > mart.t.a i']),
    'airflow hive2mysql': ('HiveToMySqlOperator(task_id="t", sql="SELECT b AS a FROM raw.s", mysql_table="mart.t")', ['raw.s.b > mart.t.a i']),
    'airflow oracle transfer': ('OracleToOracleOperator(task_id="t", source_sql="SELECT b AS a FROM raw.s", destination_table="mart.t")', ['raw.s.b > mart.t.a i']),
    'django runsql list': ('from django.db import migrations\nclass Migration(migrations.Migration):\n    operations = [migrations.RunSQL(sql=[("INSERT INTO mart.t (a) SELECT b FROM raw.s", None)], reverse_sql="")]', ['raw.s.b > mart.t.a i']),
    'ibis raw_sql': ('import ibis\ncon = ibis.duckdb.connect()\ncon.raw_sql("INSERT INTO mart.t (a) SELECT b FROM raw.s")', ['raw.s.b > mart.t.a i']),
    'prefect bq': ('from prefect_gcp.bigquery import bigquery_query\nbigquery_query("SELECT b AS a FROM raw.s", creds, dataset="mart", table="t")', ['raw.s.b > mart.t.a i']),
}  # fmt: skip


@pytest.mark.parametrize(("code", "expected"), CASES.values(), ids=CASES.keys())
def test_what_is_given_runs(code: str, expected: list[str]) -> None:
    check(code, expected)
