"""Frames that functions are given, and frames that are changed in place: by the documentation of the libraries."""

from __future__ import annotations

import pytest

from tests.unit.python.cases import check

SPARK = "from pyspark.sql import SparkSession, functions as F\nspark = SparkSession.builder.getOrCreate()\n"

CASES: dict[str, tuple[str, list[str]]] = {
    'fn save(df)': (SPARK + "def save(df, name):\n    df.write.mode('overwrite').saveAsTable(name)\nsave(spark.table('raw.s').select(F.col('b').alias('a')), 'mart.t')", ['raw.s.b > mart.t.a i']),
    'fn save const': (SPARK + "def save(df):\n    out = df.select(F.col('b').alias('a'))\n    out.write.saveAsTable('mart.t')\nsave(spark.table('raw.s'))", ['raw.s.b > mart.t.a i']),
    'foreachBatch merge': (SPARK + "from delta.tables import DeltaTable\ndef up(batch, epoch):\n    t = DeltaTable.forName(spark, 'mart.t')\n    t.alias('t').merge(batch.alias('s'), 't.id = s.id').whenMatchedUpdate(set={'a': 's.b'}).execute()\nspark.readStream.table('raw.s').writeStream.foreachBatch(up).start()", ['raw.s.b > mart.t.a i']),
    'imported agg alias': ("from pyspark.sql import SparkSession\nfrom pyspark.sql.functions import sum as _sum, col, count\nspark = SparkSession.builder.getOrCreate()\nspark.table('raw.s').groupBy('k').agg(_sum(col('b')).alias('a'), count('*').alias('n')).write.saveAsTable('mart.t')", ['raw.s.k > mart.t.k i', 'raw.s.b > mart.t.a a']),
    'reduce union': (SPARK + "from functools import reduce\ndfs = [spark.table('raw.s').select('b'), spark.table('raw.v').select('b')]\ndf = reduce(lambda x, y: x.union(y), dfs)\ndf.write.saveAsTable('mart.t')", ['raw.s.b > mart.t.b i', 'raw.v.b > mart.t.b i']),
    'toDF star': (SPARK + "spark.table('raw.s').select('x', 'y').toDF(*['a', 'b']).write.saveAsTable('mart.t')", ['raw.s.x > mart.t.a i', 'raw.s.y > mart.t.b i']),
    'transform lambda': (SPARK + "spark.table('raw.s').transform(lambda d: d.select('a')).write.saveAsTable('mart.t')", ['raw.s.a > mart.t.a i']),
    'pd rename inplace': ("import pandas as pd\ndf = pd.read_sql('SELECT a FROM raw.s', con)\ndf.rename(columns={'a': 'x'}, inplace=True)\ndf.to_sql('t', con, schema='mart', index=False)", ['raw.s.a > mart.t.x i']),
    'pd drop inplace': ("import pandas as pd\ndf = pd.read_sql('SELECT a, b FROM raw.s', con)\ndf.drop(columns=['b'], inplace=True)\ndf.to_sql('t', con, schema='mart', index=False)", ['raw.s.a > mart.t.a i']),
    'pd columns=': ("import pandas as pd\ndf = pd.read_sql('SELECT a, b FROM raw.s', con)\ndf.columns = ['x', 'y']\ndf.to_sql('t', con, schema='mart', index=False)", ['raw.s.a > mart.t.x i', 'raw.s.b > mart.t.y i']),
    'pd merge suffixes': ("import pandas as pd\nl = pd.read_sql('SELECT k, a FROM raw.l', con)\nr = pd.read_sql('SELECT k, a FROM raw.r', con)\nl.merge(r, on='k', suffixes=('_l', '_r')).to_sql('t', con, schema='mart', index=False)", ['raw.l.a > mart.t.a_l i', 'raw.l.k > mart.t.k i', 'raw.r.a > mart.t.a_r i']),
    'pd query loc': ("import pandas as pd\ndf = pd.read_sql('SELECT a, b FROM raw.s', con)\ndf = df.query('a > 1').loc[:, ['a']]\ndf.to_sql('t', con, schema='mart', index=False)", ['raw.s.a > mart.t.a i']),
    'pd np.where': ("import numpy as np\nimport pandas as pd\ndf = pd.read_sql('SELECT a, b FROM raw.s', con)\ndf['c'] = np.where(df['a'] > 1, df['b'], 0)\ndf.to_sql('t', con, schema='mart', index=False)", ['raw.s.a > mart.t.a i', 'raw.s.a > mart.t.c c', 'raw.s.b > mart.t.b i', 'raw.s.b > mart.t.c t']),
    'pd insert': ("import pandas as pd\ndf = pd.read_sql('SELECT a FROM raw.s', con)\ndf.insert(0, 'x', df['a'] + 1)\ndf.to_sql('t', con, schema='mart', index=False)", ['raw.s.a > mart.t.a i', 'raw.s.a > mart.t.x t']),
    'pd pop/del': ("import pandas as pd\ndf = pd.read_sql('SELECT a, b FROM raw.s', con)\ndel df['b']\ndf.to_sql('t', con, schema='mart', index=False)", ['raw.s.a > mart.t.a i']),
    'pl join suffix': ("import polars as pl\nl = pl.read_database('SELECT k, a FROM raw.l', c)\nr = pl.read_database('SELECT k, a FROM raw.r', c)\nl.join(r, on='k').write_database('mart.t', c)", ['raw.l.k > mart.t.k i', 'raw.l.a > mart.t.a i', 'raw.r.a > mart.t.a_right i']),
}  # fmt: skip


@pytest.mark.parametrize(("code", "expected"), CASES.values(), ids=CASES.keys())
def test_the_table_has_what_the_frame_has(code: str, expected: list[str]) -> None:
    check(code, expected)
