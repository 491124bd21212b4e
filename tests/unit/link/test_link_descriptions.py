"""What people wrote about tables and columns comes into the graph, wherever they wrote it, and moves nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from ray_lineage.link import Linker
from ray_lineage.model import Contribution, encode_facts
from tests.unit.inputs.linked import compiled
from tests.unit.inputs.manifests import manifest, model, source


def link(files: Mapping[str, str], dialect: str = "postgres") -> dict[str, Contribution]:
    linker = Linker("p")
    for path, text in files.items():
        linker.put(path, text, encode_facts(compiled(path, text, dialect)))
    found = {c.path: c for c in linker.link()}
    linker.close()
    return found


def said(files: Mapping[str, str], dialect: str = "postgres") -> dict[str, str]:
    """What the graph holds, by dataset or column."""
    out: dict[str, str] = {}
    for contribution in link(files, dialect).values():
        out.update({r[2]: r[9] for r in contribution.rows.get("Dataset", ()) if r[9]})
        out.update({str(r[0])[2:]: r[7] for r in contribution.rows.get("Column", ()) if r[7]})
    return out


T = "CREATE TABLE s.t (a int, b int);\n"


@pytest.mark.parametrize(
    ("dialect", "sql", "expected"),
    [
        # https://www.postgresql.org/docs/current/sql-comment.html
        ("postgres", T + "COMMENT ON TABLE s.t IS 'Orders'", {"s.t": "Orders"}),
        ("postgres", T + "COMMENT ON COLUMN s.t.b IS 'it''s net'", {"s.t.b": "it's net"}),
        ("postgres", T + "COMMENT ON TABLE s.t IS 'x'; COMMENT ON TABLE s.t IS 'y'", {"s.t": "y"}),
        ("postgres", T + "COMMENT ON COLUMN s.t.nothing IS 'x'", {}),
        ("postgres", T + "COMMENT ON INDEX s.t IS 'x'", {}),
        ("postgres", "CREATE MATERIALIZED VIEW v AS SELECT 1 AS a; COMMENT ON MATERIALIZED VIEW v IS 'm'", {"v": "m"}),
        ("oracle", "CREATE TABLE t (a NUMBER);\nCOMMENT ON COLUMN t.a IS 'key';", {"t.a": "key"}),
        # https://docs.snowflake.com/en/sql-reference/sql/comment, .../create-table, .../create-view
        ("snowflake", "CREATE TABLE t (a INT COMMENT 'key') COMMENT = 'Orders'", {"t": "Orders", "t.a": "key"}),
        ("snowflake", "CREATE TABLE t (a INT); COMMENT IF EXISTS ON TABLE t IS 'x'", {"t": "x"}),
        ("snowflake", "CREATE VIEW v (a COMMENT 'key', b) COMMENT='V' AS SELECT 1, 2", {"v": "V", "v.a": "key"}),
        # https://spark.apache.org/docs/latest/sql-ref-syntax-ddl-create-table-datasource.html
        ("spark", "CREATE TABLE t (a INT COMMENT 'key', b INT) USING parquet COMMENT 'Orders'", {"t": "Orders", "t.a": "key"}),
        # https://dev.mysql.com/doc/refman/8.4/en/create-table.html
        ("mysql", "CREATE TABLE t (a INT NOT NULL COMMENT 'key') ENGINE=InnoDB COMMENT='Orders'", {"t": "Orders", "t.a": "key"}),
        # https://clickhouse.com/docs/sql-reference/statements/create/table#comment-clause
        ("clickhouse", "CREATE TABLE t (a Int8 COMMENT 'key') ENGINE = Memory COMMENT 'Orders'", {"t": "Orders", "t.a": "key"}),
        # https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language
        (
            "bigquery",
            "CREATE TABLE d.t (a INT64 OPTIONS(description='key')) OPTIONS(expiration_timestamp=NULL, description=\"\"\"Orders\"\"\")",
            {"d.t": "Orders", "d.t.a": "key"},
        ),
        # https://learn.microsoft.com/sql/relational-databases/system-stored-procedures/sp-addextendedproperty-transact-sql
        (
            "tsql",
            ("CREATE TABLE dbo.T (A int)\nGO\n"
            "EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'Orders', "
            "@level0type = N'SCHEMA', @level0name = N'dbo', @level1type = N'TABLE', @level1name = N'T'\nGO\n"
            "EXEC sp_addextendedproperty N'MS_Description', N'key', N'SCHEMA', N'dbo', N'TABLE', N'T', N'COLUMN', N'A'"),
            {"dbo.t": "Orders", "dbo.t.a": "key"},
        ),
        ("tsql", "CREATE TABLE dbo.T (A int)\nGO\nEXEC sp_addextendedproperty N'Caption', N'x', N'SCHEMA', N'dbo', N'TABLE', N'T'", {}),
    ],
)  # fmt: skip
def test_what_sql_says(dialect: str, sql: str, expected: dict[str, str]) -> None:
    assert said({"a.sql": sql}, dialect) == expected


def test_what_a_manifest_says() -> None:
    columns = {"id": {"name": "id", "description": "key"}, "gone": {"name": "gone", "description": "x"}}
    text = manifest(
        source("o", description="From the shop", columns={"x": {"name": "x", "description": "raw"}}),
        model("m", "select id from db.raw.o", "source.shop.raw.o", description="Orders", columns=columns),
    )
    assert said({"target/manifest.json": text}) == {
        "db.raw.o": "From the shop",
        "db.raw.o.x": "raw",  # nobody lists its columns
        "db.main.m": "Orders",
        "db.main.m.id": "key",
    }


def test_what_yaml_of_dbt_says_is_about_what_the_model_makes() -> None:
    yaml = "models:\n  - name: M\n    description: Orders\n    columns:\n      - name: ID\n        description: key\n"
    found = said({"models/m.sql": "select id from {{ source('a', 'b') }}", "models/m.yml": yaml})
    assert found == {"m": "Orders", "m.id": "key"}


def test_what_dumps_say() -> None:
    rows = [
        {"table_schema": "s", "table_name": "t", "column_name": "a", "data_type": "int", "ordinal_position": 1, "comment": "dump"},
        {"table_schema": "s", "table_name": "t", "column_name": "b", "data_type": "int", "ordinal_position": 2, "comment": "net"},
    ]  # fmt: skip
    sql = "CREATE TABLE s.t (a int, b int); COMMENT ON COLUMN s.t.a IS 'ddl'"
    assert said({"a.sql": sql, "c.json": json.dumps(rows)}) == {"s.t.a": "ddl", "s.t.b": "net"}


def test_what_our_own_format_says() -> None:
    own = {
        "format": "ray_lineage/1",
        "datasets": [{"name": "s.t", "description": "Orders", "columns": [{"name": "a", "description": "key"}]}],
    }
    assert said({"c.json": json.dumps(own)}) == {"s.t": "Orders", "s.t.a": "key"}


def test_another_description_links_the_file_that_describes_and_no_other() -> None:
    files = {
        "t.sql": "CREATE TABLE t (a int)",
        "c.sql": "COMMENT ON TABLE t IS 'one'",
        **{f"v{k}.sql": f"CREATE VIEW v{k} AS SELECT * FROM t" for k in range(5)},
    }
    linker = Linker("p")
    for path, text in files.items():
        linker.put(path, text, encode_facts(compiled(path, text, "postgres")))
    assert len(list(linker.link())) == 7
    linker.put("c.sql", "two", encode_facts(compiled("c.sql", "COMMENT ON TABLE t IS 'two'", "postgres")))
    assert [c.path for c in linker.link()] == ["c.sql", "t.sql"]
    linker.remove("c.sql")
    (again,) = linker.link()
    assert (again.path, again.rows["Dataset"][0][9]) == ("t.sql", None)
    linker.close()


def test_a_state_that_was_saved_knows_them() -> None:
    yaml = "models:\n  - name: m\n    description: {}\n"
    linker = Linker("p")
    files = {"models/m.sql": "select id from {{ ref('x') }}", "models/m.yml": yaml.format("one")}
    for path, text in files.items():
        linker.put(path, text, encode_facts(compiled(path, text, "postgres")))
    list(linker.link())
    facts = {path: linker.facts_bytes(path) for path in files}
    later = Linker("p", facts.__getitem__)
    assert later.restore(linker.save("x"), "x")
    assert list(later.link()) == []
    later.put("models/m.yml", "2", encode_facts(compiled("models/m.yml", yaml.format("two"), "postgres")))
    assert {c.path: c.rows.get("Dataset") for c in later.link()}["models/m.sql"][0][9] == "two"  # type: ignore[index]
    linker.close()
    later.close()
