"""Data frames: what their methods do to columns, by the documentation of PySpark, Snowpark, pandas and polars."""

from __future__ import annotations

import pytest

from tests.unit.python.cases import Found, check, facts_of

SPARK = "from pyspark.sql import SparkSession, functions as F, Window\nspark = SparkSession.builder.getOrCreate()\n"

SPARK_CASES: dict[str, tuple[str, list[str]]] = {
    "select names": ('spark.table("i").select("a", "b")', ["i.a > o.a i", "i.b > o.b i"]),
    "select a list": ('spark.table("i").select(["a", "b"])', ["i.a > o.a i", "i.b > o.b i"]),
    "select columns": ('spark.table("i").select(F.col("a"), F.column("b"))', ["i.a > o.a i", "i.b > o.b i"]),
    "select star": ('spark.table("i").select("*", F.lit(1).alias("n"))', ["i.* > o.* i"]),
    "select unpacked": ('spark.table("i").select(*["a", "b"])', ["i.a > o.a i", "i.b > o.b i"]),
    "select a comprehension": ('spark.table("i").select(*[F.col(c) for c in ["a", "b"]])', ["i.a > o.a i", "i.b > o.b i"]),
    "select a constant list": ('C = ["a", "b"]\ndf = spark.table("i").select(*C)', ["i.a > o.a i", "i.b > o.b i"]),
    "alias": ('spark.table("i").select(F.col("a").alias("x"))', ["i.a > o.x i"]),
    "attributes": ('t = spark.table("i")\ndf = t.select(t.a, t["b"])', ["i.a > o.a i", "i.b > o.b i"]),
    "functions": ('spark.table("i").select(F.upper("a").alias("x"), F.concat(F.col("b"), "c").alias("y"))', ["i.a > o.x t", "i.b > o.y t", "i.c > o.y t"]),
    "literals are no columns": ('spark.table("i").select(F.date_format("a", "yyyy").alias("x"), F.lit("b").alias("y"))', ["i.a > o.x t"]),
    "operators": ('spark.table("i").select((F.col("a") + F.col("b") * 2).alias("x"))', ["i.a > o.x t", "i.b > o.x t"]),
    "cast": ('spark.table("i").select(F.col("a").cast("int").alias("x"))', ["i.a > o.x t"]),
    "expr": ('spark.table("i").select(F.expr("a + b").alias("x"), F.expr("upper(c) AS y"))', ["i.a > o.x t", "i.b > o.x t", "i.c > o.y t"]),
    "selectExpr": ('spark.table("i").selectExpr("a AS x", "b + c AS y")', ["i.a > o.x i", "i.b > o.y t", "i.c > o.y t"]),
    "when": ('spark.table("i").select(F.when(F.col("a") > 1, F.col("b")).otherwise(F.col("c")).alias("x"))', ["i.a > o.x c", "i.b > o.x t", "i.c > o.x t"]),
    "withColumn": ('spark.table("i").select("a").withColumn("x", F.col("a") + 1)', ["i.a > o.a i", "i.a > o.x t"]),
    "withColumn replaces": ('spark.table("i").select("a", "b").withColumn("a", F.trim("b"))', ["i.b > o.a t", "i.b > o.b i"]),
    "withColumns": ('spark.table("i").select("a").withColumns({"x": F.col("a"), "y": F.upper(F.col("a"))})', ["i.a > o.a i", "i.a > o.x i", "i.a > o.y t"]),
    "withColumnRenamed": ('spark.table("i").select("a", "b").withColumnRenamed("a", "x")', ["i.a > o.x i", "i.b > o.b i"]),
    "withColumnsRenamed": ('spark.table("i").select("a", "b").withColumnsRenamed({"a": "x", "b": "y"})', ["i.a > o.x i", "i.b > o.y i"]),
    "drop": ('spark.table("i").select("a", "b").drop("b")', ["i.a > o.a i"]),
    "drop of what is not there": ('spark.table("i").select("a").drop("z")', ["i.a > o.a i"]),
    "drop of a column": ('t = spark.table("i").select("a", "b")\ndf = t.drop(t.b)', ["i.a > o.a i"]),
    "filter": ('spark.table("i").select("a", "b").filter(F.col("b") > 1).where("a > 2")', ["i.a > o.a i", "i.b > o.b i"]),
    "what keeps all columns": ('spark.table("i").select("a").distinct().orderBy("a").limit(3).cache().repartition(2).dropDuplicates(["a"]).na.fill(0)', ["i.a > o.a i"]),
    "groupBy and agg": ('spark.table("i").groupBy("a").agg(F.sum("b").alias("x"), F.count("*").alias("n"))', ["i.a > o.a i", "i.b > o.x a"]),
    "agg by name": ('spark.table("i").groupBy("a").agg({"b": "sum"})', ["i.a > o.a i", "i.b > o.sum(b) a"]),
    "short aggregate": ('spark.table("i").groupBy("a").sum("b")', ["i.a > o.a i", "i.b > o.sum(b) a"]),
    "count": ('spark.table("i").groupBy("a").count()', ["i.a > o.a i"]),
    "agg of all": ('spark.table("i").agg(F.max("b").alias("x"))', ["i.b > o.x a"]),
    "aggregate in an expression": ('spark.table("i").groupBy("a").agg((F.sum("b") / F.count("c")).alias("x"))', ["i.a > o.a i", "i.b > o.x a", "i.c > o.x a"]),
    "window": ('w = Window.partitionBy("a").orderBy("b")\ndf = spark.table("i").select(F.row_number().over(w).alias("x"), F.lag("c").over(w).alias("y"))', ["i.a > o.x w", "i.b > o.x w", "i.c > o.y t", "i.a > o.y w", "i.b > o.y w"]),
    "join on a name": ('spark.table("i").select("k", "a").join(spark.table("j").select("k", "b"), "k")', ["i.k > o.k i", "i.a > o.a i", "j.b > o.b i"]),
    "right join on a name": ('spark.table("i").select("k", "a").join(spark.table("j").select("k", "b"), ["k"], "right")', ["j.k > o.k i", "i.a > o.a i", "j.b > o.b i"]),
    "full join on a name": ('spark.table("i").select("k").join(spark.table("j").select("k", "b"), on="k", how="full_outer")', ["i.k > o.k i", "j.k > o.k i", "j.b > o.b i"]),
    "join on a condition": ('l = spark.table("i").select("k", "a")\nr = spark.table("j").select("m", "b")\ndf = l.join(r, l.k == r.m, "left")', ["i.k > o.k i", "i.a > o.a i", "j.m > o.m i", "j.b > o.b i"]),
    "join and select by frame": ('l = spark.table("i")\nr = spark.table("j")\ndf = l.join(r, l.k == r.k).select(l.a, r.b)', ["i.a > o.a i", "j.b > o.b i"]),
    "join and select by alias": ('df = spark.table("i").alias("l").join(spark.table("j").alias("r"), F.col("l.k") == F.col("r.k")).select("l.a", F.col("r.b"))', ["i.a > o.a i", "j.b > o.b i"]),
    "semi join": ('spark.table("i").select("k", "a").join(spark.table("j"), "k", "left_semi")', ["i.k > o.k i", "i.a > o.a i"]),
    "cross join": ('spark.table("i").select("a").crossJoin(spark.table("j").select("b"))', ["i.a > o.a i", "j.b > o.b i"]),
    "union goes by position": ('spark.table("i").select("a", "b").union(spark.table("j").select("c", "d"))', ["i.a > o.a i", "j.c > o.a i", "i.b > o.b i", "j.d > o.b i"]),
    "unionByName": ('spark.table("i").select("a", "b").unionByName(spark.table("j").select("b", "a"))', ["i.a > o.a i", "j.a > o.a i", "i.b > o.b i", "j.b > o.b i"]),
    "subtract": ('spark.table("i").select("a").subtract(spark.table("j").select("a"))', ["i.a > o.a i"]),
    "toDF": ('spark.table("i").select("a", "b").toDF("x", "y")', ["i.a > o.x i", "i.b > o.y i"]),
    "sql": ('spark.sql("SELECT a, b + 1 AS x FROM i")', ["i.a > o.a i", "i.b > o.x t"]),
    "sql and methods": ('spark.sql("SELECT a, b FROM i").select(F.upper("a").alias("x"))', ["i.a > o.x t"]),
    "a whole table": ('spark.table("i")', ["i.* > o.* i"]),
    "read.table": ('spark.read.table("i").select("a")', ["i.a > o.a i"]),
    "readStream.table": ('spark.readStream.table("i").select("a")', ["i.a > o.a i"]),
    "read.jdbc": ('spark.read.jdbc(url, "i").select("a")', ["i.a > o.a i"]),
    "read.jdbc of a query": ('spark.read.jdbc("jdbc:postgresql://h/d", "(SELECT a, b AS c FROM i) q").select("a", "c")', ["i.a > o.a i", "i.b > o.c i"]),
    "format and option": ('spark.read.format("jdbc").option("dbtable", "i").load().select("a")', ["i.a > o.a i"]),
    "format and query": ('spark.read.format("jdbc").option("query", "SELECT a FROM i").load()', ["i.a > o.a i"]),
    "format and options": ('spark.read.format("snowflake").options(**cfg).options(dbtable="i").load().select("a")', ["i.a > o.a i"]),
    "Delta's table": ('from delta.tables import DeltaTable\ndf = DeltaTable.forName(spark, "i").toDF().select("a")', ["i.a > o.a i"]),
    "own function": ('def clean(d):\n    return d.select("a")\ndf = clean(spark.table("i"))', ["i.a > o.a i"]),
    "transform": ('def clean(d):\n    return d.select("a")\ndf = spark.table("i").transform(clean)', ["i.a > o.a i"]),
    "assigned anew": ('df = spark.table("i")\ndf = df.select("a")\ndf = df.withColumn("x", df.a)', ["i.a > o.a i", "i.a > o.x i"]),
    "names fold": ('spark.table("I").select("A")', ["i.a > o.a i"]),
    "column kept in a variable": ('x = F.col("a") * 2\ndf = spark.table("i").select(x.alias("x"))', ["i.a > o.x t"]),
    "lateral method": ('spark.table("i").select(F.col("a").substr(1, 2).alias("x"), F.col("b").isNull().alias("y"))', ["i.a > o.x t", "i.b > o.y t"]),
}  # fmt: skip


@pytest.mark.parametrize(("code", "expected"), SPARK_CASES.values(), ids=SPARK_CASES.keys())
def test_spark(code: str, expected: list[str]) -> None:
    program = code if "df = " in code else f"df = {code}"
    check(f'{SPARK}{program}\ndf.write.mode("overwrite").saveAsTable("o")', expected)


OPAQUE = [
    'spark.table("i").rdd.map(f).toDF()',
    'spark.table("i").groupBy("a").pivot("b").sum("c")',
    'other(spark.table("i"))',
    'spark.table("i").select(*columns)',
    'spark.table("i").mapInPandas(f, schema)',
]


@pytest.mark.parametrize("code", OPAQUE)
def test_what_is_not_followed_keeps_its_tables(code: str) -> None:
    check(f'{SPARK}df = {code}\ndf.write.saveAsTable("o")', ["i >> o"])


def test_a_view_of_anything_is_no_dataset() -> None:
    found = Found(
        facts_of(f'{SPARK}df = spark.read.parquet("x")\ndf.registerTempTable("v")\nspark.sql("SELECT a FROM v")')
    )
    assert found.tables == set()


UNKNOWN_FRAMES = {
    'spark.read.parquet("s3://x").write.saveAsTable("o")': "-> o",
    'pd.read_csv("x.csv").to_sql("o", con, schema="s")': "-> s.o",
    'make().write.insertInto("o")': "-> o",
    'def f(df):\n    df.writeTo("o").append()': "-> o",
}


@pytest.mark.parametrize(("code", "table"), UNKNOWN_FRAMES.items())
def test_what_is_written_is_said_whatever_it_is(code: str, table: str) -> None:
    assert Found(facts_of(f"{SPARK}import pandas as pd\n{code}")).tables == {table}


def test_branches_give_either_frame() -> None:
    check(
        f'{SPARK}if x:\n    df = spark.table("i").select("a")\nelse:\n    df = spark.table("j").select("a")\n'
        'df.write.saveAsTable("o")',
        ["i.a > o.a i?", "j.a > o.a i?"],
    )


WAYS: dict[str, tuple[str, list[str]]] = {
    "insertInto goes by position": ('df.write.insertInto("o")', ["i.a > o.x i", "i.b > o.y i"]),
    "saveAsTable appends by name": ('df.write.mode("append").saveAsTable("o")', ["i.a > o.a i", "i.b > o.b i"]),
    "saveAsTable(mode=)": ('df.write.saveAsTable("o", mode="append")', ["i.a > o.a i", "i.b > o.b i"]),
    "writeTo appends": ('df.writeTo("o").append()', ["i.a > o.a i", "i.b > o.b i"]),
    "writeTo creates": ('df.writeTo("o").using("iceberg").createOrReplace()', ["i.a > o.a i", "i.b > o.b i"]),
    "writeTo overwrites": ('df.writeTo("o").overwritePartitions()', ["i.a > o.a i", "i.b > o.b i"]),
    "toTable": ('df.writeStream.option("c", "d").toTable("o")', ["i.a > o.a i", "i.b > o.b i"]),
    "write.jdbc": ('df.write.jdbc("jdbc:postgresql://h/d", "o", mode="append")', ["i.a > o.a i", "i.b > o.b i"]),
    "save to a database": ('df.write.format("jdbc").option("dbtable", "o").mode("append").save()', ["i.a > o.a i", "i.b > o.b i"]),
    "save to BigQuery": ('df.write.format("bigquery").mode("append").save("o")', ["i.a > o.a i", "i.b > o.b i"]),
    "temporary view": ('df.createOrReplaceTempView("v")\nspark.sql("INSERT INTO o (x) SELECT b FROM v")', ["i.b > o.x i"]),
    "global temporary view": ('df.createGlobalTempView("v")\nspark.sql("INSERT INTO o (x) SELECT b FROM global_temp.v")', ["i.b > o.x i"]),
    "registerTempTable": ('df.registerTempTable("v")\nspark.table("v").select("a").write.mode("append").saveAsTable("o")', ["i.a > o.a i"]),
}  # fmt: skip


@pytest.mark.parametrize(("code", "expected"), WAYS.values(), ids=WAYS.keys())
def test_ways_into_a_table(code: str, expected: list[str]) -> None:
    facts = facts_of(f'{SPARK}df = spark.table("i").select("a", "b")\n{code}')
    assert Found(facts, {"o": ["x", "y", "a", "b"]}).pairs == set(expected)


PANDAS = "import pandas as pd\ndf = pd.read_sql('SELECT k, a, b FROM i', con)\n"

PANDAS_CASES: dict[str, tuple[str, list[str]]] = {
    "as it is": ("", ["i.k > o.k i", "i.a > o.a i", "i.b > o.b i"]),
    "columns": ('df = df[["a"]]', ["i.a > o.a i"]),
    "a condition": ('df = df[df["a"] > 1][["b"]]', ["i.b > o.b i"]),
    "a new column": ('df["c"] = df["a"] + df.b\ndf = df[["c"]]', ["i.a > o.c t", "i.b > o.c t"]),
    "a column anew": ('df["a"] = df["b"].str.upper()\ndf = df[["a"]]', ["i.b > o.a t"]),
    "assign": ('df = df.assign(c=df["a"] * 2, d=1)[["c", "d"]]', ["i.a > o.c t"]),
    "assign a lambda": ('df = df.assign(c=lambda x: x["a"] + x.b)[["c"]]', ["i.a > o.c t", "i.b > o.c t"]),
    "assign sees what it assigned": ('df = df.assign(c=lambda x: x.a, d=lambda x: x["c"] + 1)[["d"]]', ["i.a > o.d t"]),
    "rename": ('df = df.rename(columns={"a": "x"})[["x"]]', ["i.a > o.x i"]),
    "drop columns": ('df = df.drop(columns=["a", "k"])', ["i.b > o.b i"]),
    "drop with an axis": ('df = df.drop(["a", "k"], axis=1)', ["i.b > o.b i"]),
    "merge on": ('r = pd.read_sql_table("j", con)\ndf = df[["k", "a"]].merge(r[["k", "c"]], on="k")', ["i.k > o.k i", "i.a > o.a i", "j.c > o.c i"]),
    "outer merge": ('r = pd.read_sql_table("j", con)[["k", "c"]]\ndf = df[["k"]].merge(r, on="k", how="outer")', ["i.k > o.k i", "j.k > o.k i", "j.c > o.c i"]),
    "merge of two names": ('r = pd.read_sql_table("j", con)[["m", "c"]]\ndf = df[["k"]].merge(r, left_on="k", right_on="m", how="left")', ["i.k > o.k i", "j.m > o.m i", "j.c > o.c i"]),
    "pd.merge": ('r = pd.read_sql_table("j", con)[["k", "c"]]\ndf = pd.merge(df[["k"]], r, on="k")', ["i.k > o.k i", "j.c > o.c i"]),
    "groupby and agg": ('df = df.groupby("k", as_index=False).agg(t=("a", "sum"), m=("b", "max"))', ["i.k > o.k i", "i.a > o.t a", "i.b > o.m a"]),
    "groupby of a column": ('df = df.groupby(["k"])["a"].sum().reset_index()', ["i.k > o.k i", "i.a > o.a a"]),
    "agg by name": ('df = df.groupby("k").agg({"a": "sum"}).reset_index()', ["i.k > o.k i", "i.a > o.a a"]),
    "concat": ('df = pd.concat([df[["a"]], pd.read_sql("SELECT a FROM j", con)])', ["i.a > o.a i", "j.a > o.a i"]),
    "what keeps columns": ('df = df[["a"]].fillna(0).sort_values("a").drop_duplicates().head(3).copy()', ["i.a > o.a i"]),
    "a function of a column": ('df["c"] = pd.to_datetime(df["a"])\ndf = df[["c"]]', ["i.a > o.c t"]),
    "map": ('df["c"] = df["a"].map(lambda v: v + 1)\ndf = df[["c"]]', ["i.a > o.c t"]),
    "a table": ('df = pd.read_sql_table("j", con, schema="s")[["a"]]', ["s.j.a > o.a i"]),
    "a table by its name": ('df = pd.read_sql("j", con)[["a"]]', ["j.a > o.a i"]),
    "pipe": ('def clean(d):\n    return d[["a"]]\ndf = df.pipe(clean)', ["i.a > o.a i"]),
}  # fmt: skip


@pytest.mark.parametrize(("code", "expected"), PANDAS_CASES.values(), ids=PANDAS_CASES.keys())
def test_pandas(code: str, expected: list[str]) -> None:
    check(f'{PANDAS}{code}\ndf.to_sql("o", con, index=False)', expected)


TO_TABLES: dict[str, tuple[str, list[str]]] = {
    "to_sql with a schema": ('df.to_sql(name="o", con=con, schema="s", if_exists="append")', ["i.a > s.o.a i"]),
    "to_gbq": ('df.to_gbq("s.o", project_id="p")', ["i.a > s.o.a i"]),
    "pandas_gbq.to_gbq": ('import pandas_gbq\npandas_gbq.to_gbq(df, "s.o")', ["i.a > s.o.a i"]),
    "write_pandas": ('from snowflake.connector.pandas_tools import write_pandas\nwrite_pandas(conn, df, "O", schema="S")', ["i.a > s.o.a i"]),
    "write_pandas in a database": ('from snowflake.connector.pandas_tools import write_pandas\nwrite_pandas(conn, df, table_name="o", database="d", schema="s")', ["i.a > d.s.o.a i"]),
    "awswrangler": ('import awswrangler as wr\nwr.redshift.to_sql(df, c, table="o", schema="s")', ["i.a > s.o.a i"]),
    "load_table_from_dataframe": ('from google.cloud import bigquery\nbigquery.Client().load_table_from_dataframe(df, "s.o")', ["i.a > s.o.a i"]),
    "Spark's arguments": ('x = spark.createDataFrame(df)\nspark.sql("INSERT INTO s.o (a) SELECT a FROM {x}", x=x)', ["i.a > s.o.a i"]),
    "polars' context": ('import polars as pl\np = pl.from_pandas(df)\npl.SQLContext(frames={"t": p}).execute("SELECT a FROM t").collect().write_database("s.o", con)', ["i.a > s.o.a i"]),
    "polars' self": ('import polars as pl\np = pl.read_database("SELECT a FROM i", con)\np.sql("SELECT a FROM self").write_database("s.o", con)', ["i.a > s.o.a i"]),
    "pandasql": ('from pandasql import sqldf\nsqldf("SELECT a FROM df").to_sql("o", con, schema="s")', ["i.a > s.o.a i"]),
    "DuckDB's relations": ('import duckdb\nduckdb.sql("SELECT a FROM i").create("s.o")', ["i.a > s.o.a i"]),
    "DuckDB's relations, inserted": ('import duckdb\nrel = duckdb.sql("SELECT a FROM i")\nrel.insert_into("s.o")', ["i.a > s.o.a i"]),
    "some columns of a table": ('pd.read_sql_table("i", con, columns=["a"]).to_sql("o", con, schema="s")', ["i.a > s.o.a i"]),
    "awswrangler's catalog": ('import awswrangler as wr\nwr.s3.to_parquet(df, path="s3://x", dataset=True, database="s", table="o")', ["i.a > s.o.a i"]),
    "DuckDB sees variables": ('import duckdb\nduckdb.sql("CREATE TABLE s.o AS SELECT a FROM df")', ["i.a > s.o.a i"]),
    "DuckDB's register": ('import duckdb\ncon2 = duckdb.connect()\ncon2.register("v", df)\ncon2.execute("INSERT INTO s.o (a) SELECT a FROM v")', ["i.a > s.o.a i"]),
    "Spark of a frame": ('spark.createDataFrame(df).write.saveAsTable("s.o")', ["i.a > s.o.a i"]),
}  # fmt: skip


@pytest.mark.parametrize(("code", "expected"), TO_TABLES.values(), ids=TO_TABLES.keys())
def test_frames_into_tables(code: str, expected: list[str]) -> None:
    check(f"import pandas as pd\ndf = pd.read_sql('SELECT a FROM i', con)\n{code}", expected)


POLARS: dict[str, tuple[str, list[str]]] = {
    "select": ('df.select("a", pl.col("b").alias("x"))', ["i.a > o.a i", "i.b > o.x i"]),
    "by keyword": ('df.select(x=pl.col("a") + pl.col("b"))', ["i.a > o.x t", "i.b > o.x t"]),
    "with_columns": ('df.select("a").with_columns((pl.col("a") * 2).alias("x"))', ["i.a > o.a i", "i.a > o.x t"]),
    "with_columns by keyword": ('df.select("a").with_columns(x=pl.col("a"))', ["i.a > o.a i", "i.a > o.x i"]),
    "rename": ('df.select("a").rename({"a": "x"})', ["i.a > o.x i"]),
    "filter": ('df.select("a").filter(pl.col("a") > 1)', ["i.a > o.a i"]),
    "group_by": ('df.group_by("k").agg(pl.col("a").sum().alias("x"))', ["i.k > o.k i", "i.a > o.x a"]),
    "aggregate function": ('df.group_by("k").agg(x=pl.sum("a"))', ["i.k > o.k i", "i.a > o.x a"]),
    "when": ('df.select(pl.when(pl.col("a") > 1).then(pl.col("b")).otherwise(0).alias("x"))', ["i.a > o.x c", "i.b > o.x t"]),
    "lazy": ('df.lazy().select("a").collect()', ["i.a > o.a i"]),
    "over": ('df.select(pl.col("a").sum().over("k").alias("x"))', ["i.a > o.x a", "i.k > o.x w"]),
}  # fmt: skip


@pytest.mark.parametrize(("code", "expected"), POLARS.values(), ids=POLARS.keys())
def test_polars(code: str, expected: list[str]) -> None:
    check(
        'import polars as pl\ndf = pl.read_database("SELECT k, a, b FROM i", conn)\n'
        f'out = {code}\nout.write_database("o", connection=conn)',
        expected,
    )


SNOWPARK: dict[str, tuple[str, list[str]]] = {
    "table": ('session.table("I").select("A").write.mode("overwrite").save_as_table("O")', ["i.a > o.a i"]),
    "a list of parts": ('session.table(["D", "S", "I"]).select(col("A")).write.save_as_table(["D", "S", "O"])', ["d.s.i.a > d.s.o.a i"]),
    "with_column": ('session.table("i").select("a").with_column("x", col("a") + 1).write.save_as_table("o")', ["i.a > o.a i", "i.a > o.x t"]),
    "sql": ('session.sql("SELECT a FROM i").write.save_as_table("o", mode="append")', ["i.a > o.a i"]),
    "group_by": ('session.table("i").group_by("k").agg(sum_("a").alias("x")).write.save_as_table("o")', ["i.k > o.k i", "i.a > o.x a"]),
    "view": ('session.table("i").select("a").create_or_replace_view("o")', ["i.a > o.a i"]),
    "write_pandas": ('session.write_pandas(session.table("i").select("a").to_pandas(), "o")', ["i.a > o.a i"]),
}  # fmt: skip


@pytest.mark.parametrize(("code", "expected"), SNOWPARK.values(), ids=SNOWPARK.keys())
def test_snowpark(code: str, expected: list[str]) -> None:
    check(
        "from snowflake.snowpark import Session\nfrom snowflake.snowpark.functions import col, sum as sum_\n"
        f"session = Session.builder.create()\n{code}",
        expected,
    )


MERGES: dict[str, tuple[str, list[str]]] = {
    "some columns": ('.whenMatchedUpdate(set={"x": "s.a", "y": F.col("s.b") + 1}).whenNotMatchedInsert(values={"id": "s.id"}).execute()', ["i.a > o.x i", "i.b > o.y t", "i.id > o.id i"]),
    "an expression": ('.whenMatchedUpdate(set={"x": "t.x + s.a"}).execute()', ["i.a > o.x t", "o.x > o.x t"]),
    "all columns": (".whenMatchedUpdateAll().whenNotMatchedInsertAll().execute()", ["i.id > o.id i", "i.a > o.a i", "i.b > o.b i"]),
    "deleted": (".whenMatchedDelete().execute()", []),
}  # fmt: skip


@pytest.mark.parametrize(("code", "expected"), MERGES.values(), ids=MERGES.keys())
def test_merge_of_delta(code: str, expected: list[str]) -> None:
    check(
        f'{SPARK}from delta.tables import DeltaTable\nu = spark.table("i").select("id", "a", "b")\n'
        f'DeltaTable.forName(spark, "o").alias("t").merge(u.alias("s"), "t.id = s.id"){code}',
        [*expected, "-> o"],
    )


def test_merge_into() -> None:
    check(
        f'{SPARK}u = spark.table("i").select("id", "a").alias("s")\n'
        'u.mergeInto("o", F.expr("o.id = s.id")).whenMatched().updateAll().whenNotMatched().insertAll().merge()',
        ["i.id > o.id i", "i.a > o.a i"],
    )


PROGRAMS: dict[str, tuple[str, list[str]]] = {
    "dlt.table": ('import dlt\n@dlt.table(name="o")\ndef f():\n    return spark.table("i").select("a")', ["i.a > o.a i"]),
    "named as the function": ('import dlt\n@dlt.table\ndef o():\n    return dlt.read("i").select("a")', ["i.a > o.a i"]),
    "read_stream": ('import dlt\n@dlt.table\ndef o():\n    return dlt.read_stream("i").select("a")', ["i.a > o.a i"]),
    "LIVE": ('import dlt\n@dlt.table\ndef o():\n    return spark.sql("SELECT a FROM LIVE.i")', ["i.a > o.a i"]),
    "a view of the pipeline": ('import dlt\n@dlt.view\ndef v():\n    return spark.table("i").select("a")\n@dlt.table\ndef o():\n    return dlt.read("v")', ["i.a > o.a i"]),
    "pipelines": ('from pyspark import pipelines as dp\n@dp.materialized_view(name="o")\ndef f():\n    return spark.table("i").select("a")', ["i.a > o.a i"]),
    "append_flow": ('from pyspark import pipelines as dp\n@dp.append_flow(target="o")\ndef f():\n    return spark.readStream.table("i").select("a")', ["i.a > o.a i"]),
    "SQLMesh": ('from sqlmesh import model\n@model("s.o", columns={"a": "int"})\ndef execute(context, **kwargs):\n    return context.fetchdf(f"SELECT a FROM {context.resolve_table(\'i\')}")', ["i.a > s.o.a i"]),
    "Glue": ('d = glueContext.create_dynamic_frame.from_catalog(database="s", table_name="i")\ndf = d.toDF().select("a")\nglueContext.write_dynamic_frame.from_catalog(frame=df, database="s", table_name="o")', ["s.i.a > s.o.a i"]),
}  # fmt: skip


@pytest.mark.parametrize(("code", "expected"), PROGRAMS.values(), ids=PROGRAMS.keys())
def test_functions_that_are_tables(code: str, expected: list[str]) -> None:
    check(code, expected)


def test_a_model_of_dbt() -> None:
    code = (
        "def model(dbt, session):\n    dbt.config(materialized='table', alias='o')\n"
        "    a = dbt.ref('i').select('k', 'a')\n    b = dbt.source('s', 'j').select('k', 'b')\n"
        "    return a.join(b, 'k').select('a', 'b')"
    )
    check(code, ["i.a > o.a i", "s.j.b > o.b i"])
    check(code.replace(", alias='o'", ""), ["i.a > daily.a i", "s.j.b > daily.b i"], stem="daily")
