"""Which calls run SQL, and whose: by the signatures in the libraries' documentation."""

from __future__ import annotations

import pytest

from ray_lineage.api import lineage_of
from tests.unit.python.cases import Found, check, facts_of

WHOLE = "INSERT INTO mart.t (a) SELECT b FROM raw.s"
PAIR = "raw.s.b > mart.t.a i"

CALLS = [
    # PEP 249 and its drivers
    ("sqlite", "import sqlite3\ncon = sqlite3.connect('x')\ncon.execute(Q)"),
    ("sqlite", "import sqlite3\nsqlite3.connect('x').cursor().execute(Q, (1,))"),
    ("sqlite", "import sqlite3\ncon = sqlite3.connect('x')\ncon.executescript(Q)"),
    ("sqlite", "import sqlite3\ncur = sqlite3.connect('x').cursor()\ncur.executemany(Q, rows)"),
    ("sqlite", "import aiosqlite\nasync def f():\n    async with aiosqlite.connect('x') as db:\n        await db.execute(Q)"),
    ("sqlite", "import aiosqlite\nasync def f(db):\n    await db.execute_fetchall(Q)"),
    ("postgres", "import psycopg\nwith psycopg.connect() as conn:\n    conn.execute(query=Q)"),
    ("postgres", "import psycopg\nwith psycopg.connect() as conn, conn.cursor() as c:\n    c.executemany(Q, rows)"),
    ("postgres", "import psycopg\nfor row in psycopg.connect().cursor().stream(Q):\n    pass"),
    ("postgres", "import psycopg2\npsycopg2.connect('').cursor().execute(Q, vars=(1,))"),
    ("postgres", "import psycopg2\nfrom psycopg2.extras import execute_values\nexecute_values(cur, Q, rows)"),
    ("postgres", "import psycopg2.extras\npsycopg2.extras.execute_batch(cur, Q, rows)"),
    ("postgres", "import psycopg2\ncur.mogrify(Q)"),
    ("postgres", "import asyncpg\nasync def f():\n    conn = await asyncpg.connect()\n    await conn.execute(Q)"),
    ("postgres", "import asyncpg\nasync def f(conn):\n    await conn.fetch(Q)"),
    ("postgres", "import asyncpg\nasync def f(conn):\n    await conn.fetchrow(Q)"),
    ("postgres", "import asyncpg\nasync def f(conn):\n    await conn.fetchval(Q)"),
    ("tsql", "import pyodbc\npyodbc.connect('').execute(Q)"),
    ("tsql", "import pyodbc\ncrsr = pyodbc.connect('').cursor()\ncrsr.execute(Q, 1, 2)"),
    ("tsql", "import pymssql\npymssql.connect('').cursor().execute(operation=Q)"),
    ("mysql", "import pymysql\npymysql.connect().cursor().execute(query=Q)"),
    ("mysql", "import mysql.connector\nmysql.connector.connect().cursor().execute(operation=Q)"),
    ("mysql", "import MySQLdb\nMySQLdb.connect().cursor().execute(Q)"),
    ("oracle", "import oracledb\noracledb.connect().cursor().execute(statement=Q)"),
    ("oracle", "import cx_Oracle as ora\nora.connect('').cursor().execute(Q)"),
    ("snowflake", "import snowflake.connector\nsnowflake.connector.connect().cursor().execute(command=Q)"),
    ("snowflake", "from snowflake.connector import connect\nconnect().execute_string(Q)"),
    ("snowflake", "import snowflake.connector as sc\nsc.connect().cursor().execute_async(Q)"),
    ("redshift", "import redshift_connector\nredshift_connector.connect().cursor().execute(operation=Q)"),
    ("trino", "from trino.dbapi import connect\nconnect().cursor().execute(Q)"),
    ("databricks", "from databricks import sql\nwith sql.connect() as c, c.cursor() as cur:\n    cur.execute(Q)"),
    ("athena", "from pyathena import connect\nconnect().cursor().execute(Q)"),
    ("hive", "from pyhive import hive\nhive.connect('h').cursor().execute(Q)"),
    ("teradata", "import teradatasql\nteradatasql.connect().cursor().execute(Q)"),
    ("clickhouse", "import clickhouse_connect\nclickhouse_connect.get_client().command(cmd=Q)"),
    ("clickhouse", "import clickhouse_connect\nclient = clickhouse_connect.get_client()\nclient.query(Q)"),
    ("clickhouse", "from clickhouse_driver import Client\nClient('h').execute(Q)"),
    ("clickhouse", "from clickhouse_driver import Client\nClient('h').query_dataframe(Q)"),
    # SQLAlchemy
    ("postgres", "from sqlalchemy import create_engine, text\ne = create_engine('postgresql+psycopg2://h/d')\nwith e.connect() as c:\n    c.execute(text(Q))"),
    ("mysql", "import sqlalchemy as sa\ne = sa.create_engine('mysql+pymysql://h/d')\nwith e.begin() as c:\n    c.exec_driver_sql(Q)"),
    ("tsql", "from sqlalchemy import create_engine, text\nURL = f'mssql+pyodbc://{h}/d'\ncreate_engine(URL).execute(Q)"),
    ("snowflake", "from sqlalchemy import create_engine, text\nengine = create_engine('snowflake://a')\nengine.connect().scalar(text(Q))"),
    ("", "from sqlalchemy.orm import Session\nfrom sqlalchemy import text\ndef f(session: Session):\n    session.scalars(text(Q))"),
    ("postgres", "from databases import Database\ndatabase = Database('postgresql://h')\nasync def f():\n    await database.fetch_all(query=Q)"),
    # data frames
    ("", "import pandas as pd\npd.read_sql(Q, con)"),
    ("sqlite", "import pandas as pd, sqlite3\npd.read_sql_query(sql=Q, con=sqlite3.connect('x'))"),
    ("bigquery", "import pandas_gbq\npandas_gbq.read_gbq(Q, project_id='p')"),
    ("", "import polars as pl\npl.read_database(query=Q, connection=c)"),
    ("postgres", "import polars as pl\npl.read_database_uri(Q, 'postgresql://h/d')"),
    ("postgres", "import connectorx as cx\ncx.read_sql('postgresql://h/d', Q)"),
    ("spark", "from pyspark.sql import SparkSession\nspark = SparkSession.builder.getOrCreate()\nspark.sql(Q)"),
    ("spark", "def f(spark):\n    spark.sql(sqlQuery=Q)"),
    ("spark", "from pyspark.sql import SparkSession\nclass J:\n    def __init__(self):\n        self.spark = SparkSession.builder.getOrCreate()\n    def run(self):\n        self.spark.sql(Q)"),
    ("snowflake", "from snowflake.snowpark import Session\nsession = Session.builder.create()\nsession.sql(Q).collect()"),
    ("duckdb", "import duckdb\nduckdb.sql(Q)"),
    ("duckdb", "import duckdb\ncon = duckdb.connect('x')\ncon.execute(Q)"),
    ("duckdb", "import duckdb\nduckdb.connect().query(query=Q)"),
    ("bigquery", "from google.cloud import bigquery\nclient = bigquery.Client()\nclient.query(Q).result()"),
    ("bigquery", "from google.cloud import bigquery\nbigquery.Client().query_and_wait(query=Q)"),
    ("athena", "import awswrangler as wr\nwr.athena.read_sql_query(sql=Q, database='d')"),
    ("redshift", "import awswrangler as wr\nwr.redshift.read_sql_query(Q, con=c)"),
    # Airflow
    ("postgres", "PostgresOperator(task_id='t', sql=Q)"),
    ("snowflake", "SnowflakeOperator(task_id='t', sql=Q)"),
    ("bigquery", "BigQueryOperator(task_id='t', bql=Q)"),
    ("bigquery", "BigQueryExecuteQueryOperator(task_id='t', sql=Q)"),
    ("mysql", "MySqlOperator(task_id='t', sql=Q)"),
    ("tsql", "MsSqlOperator(task_id='t', sql=Q)"),
    ("athena", "AthenaOperator(task_id='t', query=Q, database='d', output_location='s3://x')"),
    ("redshift", "RedshiftDataOperator(task_id='t', sql=Q)"),
    ("databricks", "DatabricksSqlOperator(task_id='t', sql=Q)"),
    ("trino", "TrinoOperator(task_id='t', sql=Q)"),
    ("hive", "HiveOperator(task_id='t', hql=Q)"),
    ("snowflake", "SnowflakeSqlApiOperator(task_id='t', sql=Q)"),
    ("redshift", "SQLExecuteQueryOperator(task_id='t', conn_id='redshift_default', sql=Q)"),
    ("postgres", "SQLExecuteQueryOperator(task_id='t', sql=[Q], postgres_conn_id='x')"),
    ("bigquery", "BigQueryInsertJobOperator(task_id='t', configuration={'query': {'query': Q, 'useLegacySql': False}})"),
    ("postgres", "from airflow.providers.postgres.hooks.postgres import PostgresHook\nPostgresHook('c').run(Q)"),
    ("postgres", "from airflow.providers.postgres.hooks.postgres import PostgresHook\nhook = PostgresHook(postgres_conn_id='c')\nhook.get_records(sql=Q)"),
    ("snowflake", "from airflow.providers.snowflake.hooks.snowflake import SnowflakeHook\nSnowflakeHook().get_pandas_df(Q)"),
    ("", "hook.get_first(Q)"),
    # others
    ("snowflake", "from dagster_snowflake import SnowflakeResource\ndef a(snowflake: SnowflakeResource):\n    with snowflake.get_connection() as c:\n        c.cursor().execute(Q)"),
    ("snowflake", "from prefect_snowflake import SnowflakeConnector\nSnowflakeConnector.load('x').execute(operation=Q)"),
    ("", "from prefect_sqlalchemy import SqlAlchemyConnector\nwith SqlAlchemyConnector.load('x') as c:\n    c.execute_many(Q, seq_of_parameters=[])"),
    ("bigquery", "from prefect_gcp.bigquery import bigquery_query\nbigquery_query(Q, creds)"),
    ("", "from django.db import connection\nwith connection.cursor() as cursor:\n    cursor.execute(Q)"),
    ("", "Book.objects.raw(Q)"),
    ("", "migrations.RunSQL(Q, reverse_sql='DROP TABLE mart.t')"),
    ("", "migrations.RunSQL(sql=Q)"),
    ("", "from alembic import op\ndef upgrade():\n    op.execute(Q)"),
    ("", "from alembic import op\ndef upgrade():\n    op.execute(sqltext=Q)"),
    ("", "db.execute_sql(Q)"),
]  # fmt: skip


@pytest.mark.parametrize(("dialect", "code"), CALLS, ids=lambda v: v.replace("\n", "; ")[-60:])
def test_a_call_runs_sql(dialect: str, code: str) -> None:
    program = f"Q = '{WHOLE}'\n{code}"
    check(program, [PAIR])
    if dialect:
        assert facts_of(program).dialect == dialect


NONE = [
    "click.echo('select a file from the list')",
    "df.query('a > 1')",
    "robot.execute('update the position')",
    "subprocess.run('select', shell=True)",
    "logging.info('INSERT INTO mart.t (a) SELECT b FROM raw.s')",
    '"""INSERT INTO mart.t (a) SELECT b FROM raw.s"""',
    "# INSERT INTO mart.t (a) SELECT b FROM raw.s\nx.execute(y)",
    "Q = 'INSERT INTO mart.t (a) SELECT b FROM raw.s'",
    "print('SELECT a FROM b')",
    "raise ValueError('DELETE FROM t failed')",
    "prompt = 'select a from b'\nllm.run(prompt.title)",
    "page.text('Select one of these')",
    "gql.execute('query { user { id } }')",
    "graph.run('MATCH (n) RETURN n')",
    "cache.fetch('select')",
    "def execute(sql):\n    pass\nexecute2('SELECT a FROM b')",
    "migrations.RunSQL('', reverse_sql='INSERT INTO mart.t (a) SELECT b FROM raw.s')",
    "Table(title='x').add_column('select')",
    "rich.table.Table('a')",
    "console.table('orders')",
    "x.save('file.png')",
    "d.merge(other)",
    "os.system('insert into x')",
]  # fmt: skip


@pytest.mark.parametrize("code", NONE)
def test_what_only_looks_like_it_is_nothing(code: str) -> None:
    found = Found(facts_of(code))
    assert found.pairs == set()
    assert found.tables == set()


UNRESOLVED = [
    "import psycopg2\ncur = psycopg2.connect('').cursor()\ncur.execute(sql)",
    "def f(cursor, q):\n    cursor.execute(q)",
    "conn.executemany(build(x), rows)",
    "import pandas as pd\npd.read_sql(query, con=engine)",
    "spark.sql(q)",
    "def f(spark, q):\n    return spark.sql(q)",
    "cursor.execute(f'{head} where a > 1')",
    "spark.sql(head + ' where a > 1')",
    "import duckdb\nduckdb.sql(q)",
    "from google.cloud import bigquery\nbigquery.Client().query(q)",
    "import clickhouse_connect\nclickhouse_connect.get_client().command(q)",
    "from snowflake.snowpark import Session\nSession.builder.getOrCreate().sql(q)",
]


@pytest.mark.parametrize("code", UNRESOLVED)
def test_what_is_not_known_is_counted(code: str) -> None:
    facts = facts_of(code + "\nx = 'select '")
    assert [d.code for d in facts.diagnostics] == ["RL132"]
    assert facts.statements == ()


@pytest.mark.parametrize(
    "code",
    ["subprocess.run(c)", "df.query(q)", "text(q)", "request.query(q)", "bot.command(q)", "client.run(q)", "x.sql(q)"],
)
def test_what_others_call_so_too_is_not_taken_for_sql(code: str) -> None:
    assert facts_of(code + "\nx = 'select '").diagnostics == ()


def test_calls_that_are_not_known_are_one_diagnostic() -> None:
    facts = facts_of("\n".join(["x = 'select '", *(f"cursor.execute(q{k})" for k in range(12))]))
    (found,) = facts.diagnostics
    assert (found.code, found.severity, found.line) == ("RL132", "info", 2)
    assert "12 calls run SQL" in found.message


def test_the_dialect_of_the_settings_is_for_what_nothing_says() -> None:
    code = "def f(cur):\n    cur.execute('SELECT [a b] FROM [x].[y]')"
    assert {"x.y ->"} <= Found(facts_of(code, dialect="tsql")).tables
    assert (
        facts_of("import psycopg2\n" + code.replace("[", '"').replace("]", '"'), dialect="tsql").dialect == "postgres"
    )


def test_temporary_tables_live_over_the_calls_of_a_connection() -> None:
    check(
        "import psycopg2\nconn = psycopg2.connect('')\ncur = conn.cursor()\n"
        "cur.execute('CREATE TEMP TABLE w AS SELECT a FROM raw.s')\n"
        "cur.execute('INSERT INTO mart.t (x) SELECT a FROM w')",
        ["raw.s.a > mart.t.x i", "raw.s >> mart.t"],
    )


def test_statements_belong_to_their_functions() -> None:
    facts = facts_of(
        "class L:\n    def make(self, cur):\n        cur.execute('CREATE TEMP TABLE w AS SELECT a FROM i')\n"
        "def load(cur):\n    cur.execute('INSERT INTO o (a) SELECT a FROM w')\ncur.execute('SELECT a FROM o')"
    )
    assert [s.procedure for s in facts.statements] == ['"job.L.make"', '"job.load"', '"job.py"']
    assert Found(facts).pairs == {"i.a > o.a i"}


DESTINATIONS = [
    "BigQueryOperator(sql='SELECT b AS a FROM raw.s', destination_dataset_table='mart.t')",
    "BigQueryExecuteQueryOperator(sql='SELECT b AS a FROM raw.s', destination_dataset_table='mart.t${{ ds_nodash }}')",
    "BigQueryInsertJobOperator(configuration={'query': {'query': 'SELECT b AS a FROM raw.s', 'destinationTable': {'datasetId': 'mart', 'tableId': 't'}}})",
    "from google.cloud import bigquery\nc = bigquery.Client()\ncfg = bigquery.QueryJobConfig(destination='mart.t')\nc.query('SELECT b AS a FROM raw.s', job_config=cfg)",
    "from google.cloud import bigquery\nc = bigquery.Client()\ncfg = bigquery.QueryJobConfig()\ncfg.destination = 'mart.t'\nc.query('SELECT b AS a FROM raw.s', job_config=cfg)",
    "from google.cloud import bigquery\nc = bigquery.Client()\nc.query('SELECT b AS a FROM raw.s', job_config=bigquery.QueryJobConfig(destination=bigquery.TableReference.from_string('mart.t')))",
]  # fmt: skip


@pytest.mark.parametrize("code", DESTINATIONS, ids=range(len(DESTINATIONS)))
def test_a_query_may_have_a_destination(code: str) -> None:
    check(code, ["raw.s.b > mart.t.a i", "raw.s >> mart.t"])


NAMED = [
    ("GCSToBigQueryOperator(destination_project_dataset_table='p.d.t')", ["-> p.d.t"]),
    ("GCSToBigQueryOperator(destination_project_dataset_table='p:d.t')", ["-> p.d.t"]),
    ("BigQueryToGCSOperator(source_project_dataset_table='p.d.t')", ["p.d.t ->"]),
    ("BigQueryToBigQueryOperator(source_project_dataset_tables=['d.a', 'd.b'], destination_project_dataset_table='d.c')", ["d.a >> d.c", "d.b >> d.c"]),
    ("S3ToRedshiftOperator(schema='s', table='t')", ["-> s.t"]),
    ("RedshiftToS3Operator(schema='s', table='t')", ["s.t ->"]),
    ("RedshiftToS3Operator(select_query='SELECT a FROM s.t')", ["s.t ->"]),
    ("S3ToSqlOperator(schema='s', table='t')", ["-> s.t"]),
    ("SqlToS3Operator(query='SELECT a FROM s.t')", ["s.t ->"]),
    ("CopyFromExternalStageToSnowflakeOperator(schema='s', table='t')", ["-> s.t"]),
    ("DatabricksCopyIntoOperator(table_name='s.t')", ["-> s.t"]),
    ("SQLColumnCheckOperator(table='s.t', column_mapping={})", ["s.t ->"]),
    ("SQLTableCheckOperator(table='s.t', checks={})", ["s.t ->"]),
    ("SQLInsertRowsOperator(schema='s', table_name='t', rows=[])", ["-> s.t"]),
    ("GenericTransfer(sql='SELECT a FROM s.u', destination_table='s.t')", ["s.u ->", "-> s.t"]),
    ("BigQueryInsertJobOperator(configuration={'load': {'destinationTable': {'projectId': 'p', 'datasetId': 'd', 'tableId': 't'}}})", ["-> p.d.t"]),
    ("BigQueryInsertJobOperator(configuration={'copy': {'sourceTable': {'datasetId': 'd', 'tableId': 'a'}, 'destinationTable': {'datasetId': 'd', 'tableId': 'b'}}})", ["d.a >> d.b"]),
    ("from google.cloud import bigquery\nbigquery.Client().load_table_from_uri('gs://x', 'p.d.t')", ["-> p.d.t"]),
    ("from google.cloud import bigquery\nbigquery.Client().load_table_from_json(rows, destination='d.t')", ["-> d.t"]),
    ("from google.cloud import bigquery\nbigquery.Client().copy_table('d.a', 'd.b')", ["d.a >> d.b"]),
    ("from google.cloud import bigquery\nbigquery.Client().extract_table('d.a', 'gs://x')", ["d.a ->"]),
    ("from google.cloud import bigquery\nbigquery.Client().insert_rows_json('d.a', rows)", ["-> d.a"]),
    ("from google.cloud import bigquery\nbigquery.Client().list_rows('d.a')", ["d.a ->"]),
    ("import asyncpg\nasync def f(c):\n    await c.copy_records_to_table('t', records=r, schema_name='s')", ["-> s.t"]),
    ("from google.cloud import bigquery\nbigquery.Client().query('#legacySQL\\nSELECT a FROM [p:d.t]')", ["p.d.t ->"]),
    ("BigQueryOperator(sql='SELECT a FROM [d.t$20240101] WHERE b = 1')", ["d.t ->"]),
    ("import clickhouse_connect\nclient = clickhouse_connect.get_client()\nclient.insert('t', data, column_names=['a'], database='s')", ["-> s.t"]),
    ("import ibis\ncon = ibis.connect('x')\ncon.create_table('t', obj, database='s')", ["-> s.t"]),
    ("from prefect_gcp.bigquery import bigquery_load_cloud_storage\nbigquery_load_cloud_storage('s', 't', 'gs://x', c)", ["-> t"]),
    ("bigquery_load_cloud_storage(dataset='s', table='t', uri='gs://x')", ["-> s.t"]),
    ("AthenaOperator(query='SELECT a FROM t', database='s')", ["s.t ->"]),
    ("import awswrangler as wr\nwr.athena.read_sql_query('SELECT a FROM t', database='s')", ["s.t ->"]),
    ("import pymysql\ncur = pymysql.connect().cursor()\ncur.execute('USE s')\ncur.execute('SELECT a FROM t')", ["s.t ->"]),
    ("import snowflake.connector as sc\ncur = sc.connect().cursor()\ncur.execute('USE SCHEMA d.s')\ncur.execute('SELECT a FROM t')", ["d.s.t ->"]),
    ("from snowflake.snowpark import Session\ns = Session.builder.create()\ns.use_schema('d.s')\ns.table('t').write.save_as_table('u')", ["d.s.t ->", "-> d.s.u"]),
    ("from snowflake.snowpark import Session\ns = Session.builder.create()\ns.use_database('d')\ns.sql('select a from t').collect()", ["d.public.t ->"]),
    ("spark.catalog.setCurrentCatalog('c')\nspark.catalog.setCurrentDatabase('d')\nspark.table('t').write.saveAsTable('u')", ["c.d.t ->", "-> c.d.u"]),
    ("spark.sql('USE CATALOG c')\nspark.sql('INSERT INTO t SELECT a FROM s')", ["c.default.s ->", "-> c.default.t"]),
    ("import snowflake.connector as sc\ncur = sc.connect().cursor()\ncur.execute('USE WAREHOUSE w')\ncur.execute('SELECT a FROM t')", ["t ->"]),
    ("import psycopg2\ncur = psycopg2.connect('').cursor()\ncur.execute('SET search_path TO s')\ncur.execute('SELECT a FROM t')", ["s.t ->"]),
    ("datasource.add_table_asset(name='x', table_name='t')", ["t ->"]),
    ("datasource.add_query_asset('x', 'SELECT a FROM s.t')", ["s.t ->"]),
]  # fmt: skip


@pytest.mark.parametrize(("code", "expected"), NAMED, ids=lambda v: str(v)[:60])
def test_tables_are_named(code: str, expected: list[str]) -> None:
    assert set(expected) <= Found(facts_of(code)).tables


def test_one_file_has_its_lineage_without_a_store() -> None:
    found = lineage_of(facts_of("cur.execute('INSERT INTO o (a) SELECT b FROM i')"))
    assert [(str(c.source), str(c.target), c.line) for c in found.columns] == [("i.b", "o.a", 1)]
    assert (found.sources, found.targets) == (["i"], ["o"])
