"""Calls that name tables, or run SQL, in their own ways: by the documentation of the libraries."""

from __future__ import annotations

import pytest

from tests.unit.python.cases import check

SPARK = "from pyspark.sql import SparkSession, functions as F\nspark = SparkSession.builder.getOrCreate()\n"
BIGQUERY = "from google.cloud import bigquery\nclient = bigquery.Client()\n"

CASES: dict[str, tuple[str, list[str]]] = {
    'psycopg2 copy_from': ("import psycopg2\ncur = psycopg2.connect('').cursor()\ncur.copy_from(f, 'mart.t', columns=('a',))", ['-> mart.t']),
    'pd read_sql table': ("import pandas as pd\ndf = pd.read_sql('raw.s', con)", ['raw.s ->']),
    'pd chunks': ("import pandas as pd\nfor chunk in pd.read_sql_query('SELECT b AS a FROM raw.s', con, chunksize=1000):\n    chunk.to_sql('t', con, schema='mart', if_exists='append', index=False)", ['raw.s.b > mart.t.a i']),
    'cx partition': ("import connectorx as cx\ndf = cx.read_sql('mysql://h/d', 'SELECT b AS a FROM raw.s', partition_on='b', partition_num=4)\ndf.to_sql('t', con, schema='mart', index=False)", ['raw.s.b > mart.t.a i']),
    'spark.sql frame kw': (SPARK + "df = spark.table('raw.s').select('b')\nspark.sql('SELECT b AS a FROM {x}', x=df).write.saveAsTable('mart.t')", ['raw.s.b > mart.t.a i']),
    'spark bigquery load(t)': (SPARK + "df = spark.read.format('bigquery').load('p.raw.s').select(F.col('b').alias('a'))\ndf.write.format('bigquery').mode('overwrite').save('mart.t')", ['p.raw.s.b > mart.t.a i']),
    'stream foreachBatch': (SPARK + "def up(batch, epoch):\n    batch.write.mode('append').saveAsTable('mart.t')\nspark.readStream.table('raw.s').select(F.col('b').alias('a')).writeStream.foreachBatch(up).start()", ['raw.s.b > mart.t.a i']),
    'dlt apply_changes': ("import dlt\nfrom pyspark.sql.functions import col\ndlt.create_streaming_table('mart.t')\ndlt.apply_changes(target='mart.t', source='raw.s', keys=['id'], sequence_by=col('ts'))", ['raw.s.* > mart.t.* i']),
    'bq dest attr': (BIGQUERY + "cfg = bigquery.QueryJobConfig()\ncfg.destination = client.dataset('mart').table('t')\nclient.query('SELECT b AS a FROM raw.s', job_config=cfg)", ['raw.s.b > mart.t.a i']),
    'bq dest tableref': (BIGQUERY + "ref = bigquery.TableReference.from_string('p.mart.t')\ncfg = bigquery.QueryJobConfig(destination=ref)\nclient.query_and_wait('SELECT b AS a FROM raw.s', job_config=cfg)", ['raw.s.b > p.mart.t.a i']),
    'bq DatasetReference': (BIGQUERY + "cfg = bigquery.QueryJobConfig(destination=bigquery.DatasetReference('p', 'mart').table('t'))\nclient.query('SELECT b AS a FROM raw.s', job_config=cfg)", ['raw.s.b > p.mart.t.a i']),
    'bq default_dataset': (BIGQUERY + "cfg = bigquery.QueryJobConfig(default_dataset='p.raw', destination='p.mart.t')\nclient.query('SELECT b AS a FROM s', job_config=cfg)", ['p.raw.s.b > p.mart.t.a i']),
    'bq load ref': (BIGQUERY + "table_ref = client.dataset('mart', project='p').table('t')\nclient.load_table_from_file(f, table_ref, job_config=c)", ['-> p.mart.t']),
    'bq insert get_table': (BIGQUERY + "table = client.get_table('p.mart.t')\nclient.insert_rows(table, rows)", ['-> p.mart.t']),
    'bq view_query': (BIGQUERY + "view = bigquery.Table('p.mart.v')\nview.view_query = 'SELECT b AS a FROM `p.raw.s`'\nclient.create_table(view)", ['p.raw.s.b > p.mart.v.a i']),
    'ch driver insert_dataframe': ("from clickhouse_driver import Client\nclient = Client('h')\nclient.insert_dataframe('INSERT INTO mart.t VALUES', df)", ['-> mart.t']),
    'ch driver execute values': ("from clickhouse_driver import Client\nclient = Client('h')\nclient.execute('INSERT INTO mart.t (a) VALUES', [{'a': 1}])", ['-> mart.t']),
    'asyncpg copy_to_table': ("import asyncpg\nasync def f(conn):\n    await conn.copy_to_table('t', source='x.csv', schema_name='mart')", ['-> mart.t']),
    'asyncpg copy_from_table': ("import asyncpg\nasync def f(conn):\n    await conn.copy_from_table('s', output='x.csv', schema_name='raw')", ['raw.s ->']),
    'redshift batch': ("import boto3\nc = boto3.client('redshift-data')\nc.batch_execute_statement(Database='d', Sqls=['DELETE FROM mart.t', 'INSERT INTO mart.t (a) SELECT b FROM raw.s'])", ['raw.s.b > mart.t.a i']),
    'athena boto3 db': ("import boto3\nathena = boto3.client('athena')\nathena.start_query_execution(QueryString='CREATE TABLE t AS SELECT b AS a FROM s', QueryExecutionContext={'Database': 'raw'})", ['raw.s.b > raw.t.a i']),
    'wr redshift copy': ("import awswrangler as wr\nwr.redshift.copy(df=df, path='s3://x', con=con, schema='mart', table='t')", ['-> mart.t']),
    'wr redshift unload': ("import awswrangler as wr\ndf = wr.redshift.unload(sql='SELECT b FROM raw.s', path='s3://x', con=con)", ['raw.s ->']),
    'wr read_sql_table': ("import awswrangler as wr\ndf = wr.mysql.read_sql_table(table='s', schema='raw', con=con)", ['raw.s ->']),
    'wr catalog read': ("import awswrangler as wr\ndf = wr.s3.read_parquet_table(database='raw', table='s')", ['raw.s ->']),
    'wr unload ctas': ("import awswrangler as wr\nwr.athena.create_ctas_table(sql='SELECT b AS a FROM s', database='raw', ctas_table='t', ctas_database='mart')", ['raw.s.b > mart.t.a i']),
    'glue mapping': ("from awsglue.context import GlueContext\nfrom awsglue.transforms import ApplyMapping\nglueContext = GlueContext(sc)\ndyf = glueContext.create_dynamic_frame.from_catalog(database='raw', table_name='s', transformation_ctx='x')\nm = ApplyMapping.apply(frame=dyf, mappings=[('b', 'string', 'a', 'string')])\nglueContext.write_dynamic_frame.from_catalog(frame=m, database='mart', table_name='t')", ['raw.s.b > mart.t.a i']),
    'glue toDF': ("from awsglue.context import GlueContext\nglueContext = GlueContext(sc)\ndf = glueContext.create_dynamic_frame_from_catalog('raw', 's').toDF()\ndf.createOrReplaceTempView('v')\nglueContext.spark_session.sql('INSERT INTO mart.t (a) SELECT b FROM v')", ['raw.s.b > mart.t.a i']),
    'glue options': ("from awsglue.context import GlueContext\nglueContext = GlueContext(sc)\ndyf = glueContext.create_dynamic_frame.from_options(connection_type='postgresql', connection_options={'url': u, 'dbtable': 'raw.s'})\nglueContext.write_dynamic_frame.from_options(frame=dyf, connection_type='mysql', connection_options={'url': u, 'dbtable': 'mart.t'})", ['raw.s.* > mart.t.* i']),
}  # fmt: skip


@pytest.mark.parametrize(("code", "expected"), CASES.values(), ids=CASES.keys())
def test_a_call_does_what_its_manual_says(code: str, expected: list[str]) -> None:
    check(code, expected)
