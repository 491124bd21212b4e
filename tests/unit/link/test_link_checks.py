"""What is surely wrong is said, with its line; what only may be wrong is not. Engines refuse the former: their manuals say so,
and DuckDB and SQLite were asked."""

from __future__ import annotations

import msgspec
import pytest

from ray_lineage.api import lineage
from ray_lineage.link import Linker
from ray_lineage.link.undeclared import Undeclared
from ray_lineage.model import Diagnostic, Resting
from tests.factory import contributions, facts, sha

TABLES = "CREATE TABLE dbo.s (x int, y int);\nCREATE TABLE dbo.t (a int, b int);\nCREATE TABLE dbo.u (x int, z int);\n"

WRONG = [
    ("INSERT INTO dbo.t (a, b) SELECT x FROM dbo.s", "RL140", "error"),
    ("INSERT INTO dbo.t (a, b) VALUES (1, 2, 3)", "RL140", "error"),
    ("INSERT INTO dbo.t (a) SELECT * FROM dbo.s", "RL140", "warning"),
    ("INSERT INTO dbo.t SELECT x, y, x FROM dbo.s", "RL140", "warning"),
    ("SELECT x, y FROM dbo.s UNION ALL SELECT a FROM dbo.t", "RL141", "error"),
    ("SELECT x FROM dbo.s EXCEPT SELECT a, b FROM dbo.t", "RL141", "error"),
    ("SELECT * FROM dbo.s UNION SELECT a FROM dbo.t", "RL141", "warning"),
    ("WITH q (m, n) AS (SELECT x FROM dbo.s) SELECT m FROM q", "RL142", "error"),
    ("SELECT m FROM (SELECT x FROM dbo.s) AS q (m, n)", "RL142", "error"),
    ("CREATE VIEW dbo.v (m, n) AS SELECT x FROM dbo.s", "RL142", "error"),
    ("SELECT q.nope FROM (SELECT x FROM dbo.s) AS q", "RL143", "error"),
    ("WITH q AS (SELECT x FROM dbo.s) SELECT nope FROM q", "RL143", "error"),
    ("SELECT s.nope FROM dbo.s AS s", "RL143", "warning"),
    ("SELECT nope FROM dbo.s JOIN dbo.t ON x = a", "RL143", "warning"),
    ("SELECT x FROM dbo.s WHERE nope > 1", "RL143", "warning"),
    ("SELECT x FROM dbo.s AS s WHERE s.nope > 1", "RL143", "warning"),
    ("SELECT x FROM dbo.s JOIN dbo.t ON s.x = t.nope", "RL143", "warning"),
    ("SELECT q.x FROM (SELECT x FROM dbo.s) AS q WHERE q.nope > 1", "RL143", "error"),
    ("SELECT x, COUNT(*) AS n FROM dbo.s GROUP BY x, s.nope", "RL143", "warning"),
    ("DELETE FROM dbo.t WHERE t.nope = 1", "RL143", "warning"),
    ("UPDATE dbo.t SET a = 1 WHERE t.nope = 1", "RL143", "warning"),
    ("INSERT INTO dbo.t (a, c) SELECT x, y FROM dbo.s", "RL143", "warning"),
    ("UPDATE dbo.t SET c = 1", "RL143", "warning"),
    ("SELECT x FROM dbo.s JOIN dbo.u ON s.x = u.x", "RL144", "warning"),
    ("SELECT k FROM (SELECT x AS k FROM dbo.s) p, (SELECT x AS k FROM dbo.u) q", "RL144", "error"),
]  # fmt: skip

RIGHT = [
    "INSERT INTO dbo.t (a, b) SELECT * FROM dbo.s",
    "INSERT INTO dbo.t SELECT x, y FROM dbo.s",
    "INSERT INTO dbo.t (a, b) SELECT * FROM nobody.knows",
    "SELECT x FROM dbo.s UNION ALL SELECT a FROM dbo.t",
    "SELECT * FROM dbo.s UNION ALL SELECT * FROM nobody.knows",
    "SELECT k FROM (SELECT x AS k FROM dbo.s) AS q ORDER BY k",
    "SELECT x + y AS total FROM dbo.s ORDER BY total",
    "SELECT q.nope FROM (SELECT * FROM nobody.knows) AS q",
    "SELECT nope FROM dbo.s, nobody.knows",
    "SELECT s.x FROM dbo.s WHERE EXISTS (SELECT 1 FROM dbo.t WHERE t.a = x)",
    "SELECT x, (SELECT MAX(x) FROM dbo.u) AS m FROM dbo.s",
    "SELECT s.x FROM dbo.s JOIN dbo.u ON s.x = u.x ORDER BY x",
    "SELECT a FROM dbo.t JOIN dbo.s ON x = a JOIN dbo.u ON z = y",
    (
        "DECLARE @q nvarchar(max), @w nvarchar(max)\nIF @@VERSION LIKE '%2012%' BEGIN SET @q = N'SELECT x FROM dbo.s WHERE x > 0'; SET @w = N'q.x > 1' END\n"
        "IF @@VERSION LIKE '%2014%' BEGIN SET @q = N'SELECT y FROM dbo.s'; SET @w = N'q.y > 1 OR q.y < 0' END\n"
        "EXEC (N'INSERT INTO dbo.t (a) SELECT 1 FROM (' + @q + N') AS q WHERE ' + @w)"
    ),
    "WITH q (m) AS (SELECT x, y FROM dbo.s) SELECT m FROM q",
    "UPDATE dbo.t SET a = x FROM dbo.s WHERE y = b",
    "DELETE FROM dbo.t WHERE a IN (SELECT x FROM dbo.s)",
]


def said(diagnostics: list[Diagnostic]) -> list[tuple[str, str, int]]:
    return [(d.code, d.severity, d.line) for d in diagnostics if d.code.startswith("RL14")]


@pytest.mark.parametrize("dialect", ["postgres", "tsql"])
@pytest.mark.parametrize(("sql", "code", "severity"), WRONG)
def test_what_is_wrong_is_said_where_it_stands(sql: str, code: str, severity: str, dialect: str) -> None:
    text = TABLES + ("GO\n" if dialect == "tsql" else "") + sql
    line = text.count("\n") + 1
    assert said(lineage(text, dialect).diagnostics) == [(code, severity, line)]


def test_columns_that_a_target_lacks_are_told_in_their_order() -> None:
    """The fingerprint is over what is said: the order of a set is another one in each process."""
    names = [f"nope{n}" for n in (7, 3, 9, 1, 8, 2, 6, 4)]
    found = lineage(
        TABLES + f"INSERT INTO dbo.t ({', '.join(names)}) SELECT {', '.join('x' * 8)} FROM dbo.s", "postgres"
    ).diagnostics
    assert [d.message.split("'")[1] for d in found if d.code == "RL143"] == names


@pytest.mark.parametrize("dialect", ["postgres", "tsql"])
@pytest.mark.parametrize("sql", RIGHT)
def test_what_may_be_right_is_not_said(sql: str, dialect: str) -> None:
    assert said(lineage(TABLES + sql, dialect).diagnostics) == []


@pytest.mark.parametrize(
    ("dialect", "sql"),
    [
        ("postgres", "SELECT s.ctid, s.oid FROM dbo.s"),
        ("oracle", "SELECT s.rowid, rownum FROM dbo.s"),
        ("sqlite", 'SELECT x FROM dbo.s WHERE y = "text"'),
        ("duckdb", "SELECT x FROM dbo.s SEMI JOIN dbo.u ON s.x = u.x"),
        ("duckdb", "SELECT x FROM dbo.s UNION ALL BY NAME SELECT x, z FROM dbo.u"),
        ("duckdb", "SELECT unnest(x) FROM dbo.s UNION ALL SELECT x, z FROM dbo.u"),
        ("spark", "SELECT explode(x) FROM dbo.s UNION ALL SELECT x, z FROM dbo.u"),
        ("snowflake", "SELECT x AS k FROM dbo.s WHERE k > 1"),
        ("bigquery", "SELECT fns.f(fns.g(x), 1) AS k FROM (SELECT x FROM dbo.s) AS q"),
        ("oracle", "CREATE PROCEDURE p AS BEGIN INSERT INTO dbo.t (a) SELECT of_a_package FROM dbo.s; END;"),
        ("postgres", "SELECT q.count FROM (SELECT count(*) FROM dbo.s) AS q"),
        ("mysql", "SELECT * FROM dbo.s JOIN dbo.u USING (x) WHERE x > 1"),
        ("mysql", "SELECT z FROM dbo.s CROSS JOIN dbo.t JOIN dbo.u USING (x)"),
        ("mysql", "SELECT z FROM dbo.t CROSS JOIN (SELECT 1 AS k) AS q JOIN dbo.s ON s.x = t.a JOIN dbo.u USING (x)"),
        ("postgres", "SELECT x FROM dbo.s WHERE EXISTS (SELECT 1 FROM dbo.t WHERE t.a = s.x AND t.ctid IS NOT NULL)"),
    ],
)  # fmt: skip
def test_what_an_engine_allows_is_not_said(dialect: str, sql: str) -> None:
    assert said(lineage(TABLES + sql, dialect).diagnostics) == []


OF_ROW = "CREATE TABLE o (id int, cust int);\nCREATE TABLE c (id int, name int, more int);\n"


@pytest.mark.parametrize(
    ("dialect", "sql", "flows"),
    [
        ("postgres", "INSERT INTO c SELECT id, cust FROM o ON CONFLICT (id) DO UPDATE SET name = excluded.name", "name"),
        ("sqlite", "INSERT INTO c SELECT id, cust FROM o WHERE 1 ON CONFLICT (id) DO UPDATE SET name = excluded.name", "name"),
        ("duckdb", "INSERT INTO c SELECT id, cust FROM o ON CONFLICT (id) DO UPDATE SET more = excluded.name", "name more"),
        ("mysql", "INSERT INTO c SELECT id, cust FROM o ON DUPLICATE KEY UPDATE name = VALUES(name)", "name"),
        ("mysql", "INSERT INTO c (id, name) SELECT id, cust FROM o ON DUPLICATE KEY UPDATE more = VALUES(more)", "name"),
        ("mysql", "INSERT INTO c VALUES (1, 2, 3) AS r ON DUPLICATE KEY UPDATE name = r.name", ""),
        ("postgres", "INSERT INTO c (id, name) SELECT id, cust FROM o ON CONFLICT (id) DO UPDATE SET more = excluded.more", "name"),
        ("postgres", "INSERT INTO c VALUES (1, 2) ON CONFLICT (id) DO UPDATE SET name = excluded.name + c.name", "c.name"),
    ],
)  # fmt: skip
def test_the_row_that_was_to_be_inserted_has_all_columns_of_the_table(dialect: str, sql: str, flows: str) -> None:
    found = lineage(OF_ROW + sql, dialect)
    assert said(found.diagnostics) == []
    given = {f"o.cust > c.{n}" for n in flows.split() if "." not in n} | {
        f"{n} > {n}" for n in flows.split() if "." in n
    }
    assert {f"{c.source} > {c.target}" for c in found.columns} == given | (
        {"o.id > c.id"} if "SELECT" in sql else set()
    )


def test_the_row_that_was_to_be_inserted_has_no_other_columns() -> None:
    sql = "INSERT INTO c SELECT id, cust FROM o ON CONFLICT (id) DO UPDATE SET name = excluded.cust"
    assert said(lineage(OF_ROW + sql, "postgres").diagnostics) == [("RL143", "warning", 3)]
    unknown = "CREATE TABLE o (id int, cust int);\n" + sql.replace("excluded.cust", "excluded.name")
    assert said(lineage(unknown, "postgres").diagnostics) == []


@pytest.mark.parametrize("dialect", ["postgres", "duckdb"])
@pytest.mark.parametrize("made", ["VIEW", "MATERIALIZED VIEW", "TABLE", "TEMP VIEW", "TEMP TABLE"])
@pytest.mark.parametrize("query", ["SELECT id, name, more FROM c", "SELECT * FROM c", "SELECT c.*, id FROM c"])
def test_columns_without_a_name_in_the_list_keep_theirs(dialect: str, made: str, query: str) -> None:
    sql = f"CREATE {made} v (k, l) AS {query};\nCREATE TABLE g AS SELECT k, l, more FROM v;\n"
    found = lineage(OF_ROW + sql, dialect)
    assert [d for d in found.diagnostics if d.severity != "info"] == []
    flows = {f"{c.source} > {c.target}" for c in found.columns}
    through = ["id > {}.k", "name > {}.l", "more > {}.more"]
    if "TEMP" in made:
        assert flows == {f"c.{flow}".format("g") for flow in through}
    else:
        assert {flow for flow in flows if flow.endswith((".k", ".l", ".more"))} == {
            *(f"c.{flow}".format("v") for flow in through), "v.k > g.k", "v.l > g.l", "v.more > g.more"
        }  # fmt: skip


def test_a_column_that_a_partial_list_renames_is_no_more() -> None:
    sql = "CREATE VIEW v (k) AS SELECT id, name FROM c;\nSELECT v.id FROM v"
    assert said(lineage(OF_ROW + sql, "postgres").diagnostics) == [("RL143", "warning", 4)]


@pytest.mark.parametrize("dialect", ["postgres", "trino", "redshift"])
@pytest.mark.parametrize(
    ("made", "listed"),
    [
        ("TABLE n (LIKE o, extra int)", ["id", "cust", "extra"]),
        ("TABLE n (extra int, LIKE o INCLUDING DEFAULTS, more int, PRIMARY KEY (extra))", ["extra", "id", "cust", "more"]),
        ("TABLE n (x int, LIKE o, LIKE s, y int)", ["x", "id", "cust", "a", "b", "y"]),
        ("TABLE n (LIKE o)", ["id", "cust"]),
        ("TEMP TABLE n (LIKE o, extra int)", ["id", "cust", "extra"]),
    ],
)  # fmt: skip
def test_a_table_like_another_has_its_own_columns_too(made: str, listed: list[str], dialect: str) -> None:
    tables = "CREATE TABLE s (a int, b int);\nCREATE TABLE w (a int, b int, c int, d int, e int, f int, g int);\n"
    sql = f"CREATE {made};\nINSERT INTO n SELECT a, b, c, d, e, f FROM w;\nCREATE TABLE g AS SELECT {', '.join(listed)} FROM n"
    fitting = sql.replace("SELECT a, b, c, d, e, f", "SELECT " + ", ".join("abcdef"[: len(listed)]))
    found = lineage(OF_ROW + tables + fitting, dialect)
    assert [d for d in found.diagnostics if d.severity != "info"] == []
    source = "g" if "TEMP" in made else "n"
    flows = {f"{c.source} > {c.target}" for c in found.columns if str(c.source).startswith("w.")}
    assert flows == {f"w.{a} > {source}.{b}" for a, b in zip("abcdef", listed, strict=False)}


@pytest.mark.parametrize(
    ("dialect", "sql"),
    [
        ("snowflake", "ALTER TABLE o SWAP WITH c"),
        ("doris", "ALTER TABLE o REPLACE WITH TABLE c"),
        ("clickhouse", "EXCHANGE TABLES o AND c"),
    ],
)
def test_the_columns_of_tables_that_are_swapped_are_not_certain(dialect: str, sql: str) -> None:
    used = ";\nINSERT INTO o SELECT 1, 2, 3;\nSELECT c.cust FROM c"
    assert said(lineage(OF_ROW + "SELECT 1" + used, dialect).diagnostics) == [
        ("RL140", "warning", 4), ("RL143", "warning", 5)
    ]  # fmt: skip
    assert said(lineage(OF_ROW + sql + used, dialect).diagnostics) == []


def test_a_swap_in_another_file_counts_too() -> None:
    files = {"o.sql": OF_ROW, "q.sql": "INSERT INTO o SELECT 1, 2, 3"}
    assert checked(files, "snowflake")["q.sql"] == [("RL140", "warning", 1)]
    assert checked({**files, "s.sql": "ALTER TABLE c SWAP WITH o"}, "snowflake")["q.sql"] == []


@pytest.mark.parametrize(
    ("program", "flows"),
    [
        ("r c%ROWTYPE; BEGIN SELECT id, cust, 1 INTO r FROM o; UPDATE c SET ROW = r WHERE id = 1; END;", True),
        ("BEGIN FOR r IN (SELECT id, cust FROM o) LOOP UPDATE c x SET x.row = r WHERE id = r.id; END LOOP; END;", True),
        ("TYPE t IS TABLE OF c%ROWTYPE; rs t; BEGIN SELECT id, cust, 1 BULK COLLECT INTO rs FROM o; FORALL i IN 1..9 UPDATE c SET ROW = rs(i); END;", True),
        ("BEGIN UPDATE c SET ROW = pkg.r; END;", False),
    ],
)  # fmt: skip
def test_a_row_that_is_set_is_no_column(program: str, flows: bool) -> None:
    found = lineage(OF_ROW + f"CREATE PROCEDURE p IS {program}\n/", "oracle")
    assert [d for d in found.diagnostics if d.severity != "info"] == []
    assert {f"{c.source} > {c.target}" for c in found.columns} == (
        {"o.id > c.id", "o.cust > c.name"} if flows else set()
    )


@pytest.mark.parametrize(
    ("dialect", "names"),
    [
        ("bigquery", ["_PARTITIONTIME", "o._PARTITIONDATE", "_FILE_NAME"]),
        ("oracle", ["object_value", "o.object_value", "o.rowid"]),
        ("spark", ["_metadata.file_path", "o._metadata"]),
        ("duckdb", ["rowid", "o.rowid"]),
        ("sqlite", ["oid", "o._rowid_"]),
        ("mysql", ["_rowid", "o._rowid"]),
        ("postgres", ["cmin", "o.cmax", "o.ctid"]),
        ("hive", ["row__id", "o.block__offset__inside__file"]),
        ("clickhouse", ["_part", "o._partition_id"]),
        ("snowflake", ["o.metadata$action"]),
    ],
)
def test_columns_that_an_engine_adds_are_none_of_the_table(dialect: str, names: list[str]) -> None:
    found = lineage(OF_ROW + f"CREATE TABLE g AS SELECT id, {', '.join(names)} FROM o", dialect)
    assert [d for d in found.diagnostics if d.severity != "info"] == []
    assert {f"{c.source} > {c.target}" for c in found.columns} == {"o.id > g.id"}


@pytest.mark.parametrize("dialect", ["snowflake", "oracle", "exasol"])
def test_the_level_of_a_hierarchy_is_no_column(dialect: str) -> None:
    inner = "SELECT id, level AS depth FROM o START WITH id = 1 CONNECT BY cust = PRIOR id AND level < 9"
    found = lineage(OF_ROW + f"CREATE TABLE g AS SELECT id, depth FROM ({inner}) q", dialect)
    assert [d for d in found.diagnostics if d.severity != "info"] == []
    assert {f"{c.source} > {c.target}" for c in found.columns} == {"o.id > g.id"}


def test_a_level_is_a_column_where_there_is_no_hierarchy() -> None:
    sql = "CREATE TABLE w (level int);\nCREATE TABLE g AS SELECT q.k, level FROM w, (SELECT id AS k FROM o CONNECT BY cust = PRIOR id) q"
    found = lineage(OF_ROW + sql, "snowflake")
    assert {f"{c.source} > {c.target}" for c in found.columns} == {"w.level > g.level", "o.id > g.k"}


def test_a_declared_column_is_meant_before_one_that_an_engine_adds() -> None:
    found = lineage(
        "CREATE TABLE w (rowid int, _metadata int); CREATE TABLE g AS SELECT rowid, _metadata FROM w", "duckdb"
    )
    assert {f"{c.source} > {c.target}" for c in found.columns} == {"w.rowid > g.rowid", "w._metadata > g._metadata"}


def test_a_template_is_not_checked() -> None:
    sql = "SELECT a, {% if x %} b {% else %} c {% endif %} FROM t UNION ALL SELECT 1, 2"
    assert said(lineage(sql, "postgres").diagnostics) == []


def test_a_table_that_the_file_makes_twice_is_not_certain() -> None:
    sql = "CREATE TABLE t (a int);\nSELECT t.a FROM t;\nDROP TABLE t;\nCREATE TABLE t (b int);\nSELECT t.b FROM t"
    assert said(lineage(sql, "postgres").diagnostics) == []


def checked(files: dict[str, str], dialect: str = "postgres") -> dict[str, list[tuple[str, str, int]]]:
    decoder = msgspec.json.Decoder(list[Diagnostic])
    return {path: said(decoder.decode(c.rows["File"][0][7])) for path, c in contributions("p", files, dialect).items()}


def test_a_list_is_known_where_all_declare_it_alike() -> None:
    files = {"t.sql": "CREATE TABLE s.t (a int)", "q.sql": "SELECT t.b FROM s.t"}
    assert checked(files)["q.sql"] == [("RL143", "warning", 1)]
    assert checked({**files, "again.sql": "CREATE TABLE s.t (a int)"})["q.sql"] == [("RL143", "warning", 1)]
    assert checked({**files, "other.sql": "CREATE TABLE s.t (a int, b int)"})["q.sql"] == []
    assert checked({**files, "more.sql": "ALTER TABLE s.t ADD COLUMN b int"})["q.sql"] == []


@pytest.mark.parametrize("change", ["ALTER TABLE s.t DROP COLUMN b", "ALTER TABLE t DROP COLUMN b, DROP COLUMN c"])
def test_what_another_file_takes_away_was_there_once(change: str) -> None:
    """Migrations have no order that is known."""
    files = {"t.sql": "CREATE TABLE s.t (a int)", "q.sql": "SELECT t.b FROM s.t"}
    assert checked(files)["q.sql"] == [("RL143", "warning", 1)]
    assert checked({**files, "drop.sql": change})["q.sql"] == []
    assert checked({**files, "drop.sql": "ALTER TABLE s.u DROP COLUMN b"})["q.sql"] == [("RL143", "warning", 1)]


def test_in_a_file_that_is_not_checked_neither() -> None:
    files = {"t.sql": "CREATE TABLE s.t (a int)", "q.sql": "SELECT x.b FROM s.t AS x WHERE {{ a }}"}
    for more, codes in (({}, ["RL302"]), ({"drop.sql": "ALTER TABLE s.t DROP COLUMN b"}, [])):
        row = contributions("p", {**files, **more}, "postgres")["q.sql"].rows["File"][0]
        assert [d.code for d in msgspec.json.decode(row[7], type=list[Resting])] == codes


def test_a_second_declaration_reaches_those_who_were_checked() -> None:
    linker = Linker("p")
    files = {"t.sql": "CREATE TABLE s.t (a int)", "q.sql": "SELECT t.b FROM s.t"}
    for path, sql in files.items():
        linker.put(path, sha(sql), facts(sql, "postgres"))
    list(linker.link())
    other = "CREATE TABLE s.t (c int)"
    linker.put("u.sql", sha(other), facts(other, "postgres"))
    assert {c.path for c in linker.link()} >= {"q.sql"}
    linker.remove("u.sql")
    assert {c.path for c in linker.link()} == {"q.sql"}


def undeclared(files: dict[str, str], path: str) -> list[tuple[str, int, str]]:
    linker = Linker("p")
    for name, sql in files.items():
        linker.put(name, sha(sql), facts(sql, "postgres"))
    list(linker.link())
    return [(d.severity, d.line, d.message) for d in Undeclared(linker).of(path)]


def tables(names: list[str]) -> dict[str, str]:
    return {f"{n}.sql": f"CREATE TABLE s.{n} (a int)" for n in names}


def test_a_name_that_nothing_declares_in_a_schema_that_is_declared() -> None:
    known = tables(["orders", "customers", "items", "payments", "stores"])
    found = undeclared({**known, "q.sql": "SELECT 1;\nSELECT a FROM s.ordrs"}, "q.sql")
    assert found == [
        ("warning", 2, "nothing here declares s.ordrs, as it does the 5 others that are named of s; did you mean s.orders?")
    ]  # fmt: skip


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT a FROM s.elsewhere",  # looks like none of a few
        "SELECT a FROM s.ordrs; SELECT a FROM s.custmers",  # so the schema is not all here
        "SELECT a FROM other.ordrs",
        "SELECT a FROM s.orders",
        "CREATE TABLE s.ordrs AS SELECT 1 AS a; SELECT a FROM s.ordrs; DROP TABLE s.ordrs",
        "SELECT a FROM pg_catalog.pg_class",
    ],
)
def test_what_may_be_declared_elsewhere_is_not_said(sql: str) -> None:
    known = tables(["orders", "customers", "items", "payments", "stores"])
    assert undeclared({**known, "q.sql": sql}, "q.sql") == []


def test_a_large_schema_needs_no_resemblance() -> None:
    known = tables([f"t{n}" for n in range(20)])
    assert [m[0] for m in undeclared({**known, "q.sql": "SELECT a FROM s.elsewhere"}, "q.sql")] == ["warning"]


@pytest.mark.parametrize("code", ["RL143", "RL302"])
def test_columns_that_several_files_name_are_the_lists_fault(code: str) -> None:
    from ray_lineage.runtime.check import Said, without_agreed

    def lacking(path: str, name: str, *lists: str) -> Said:
        severity = "warning" if lists else "error"
        return path, Resting(code, severity, f"there is no column {name!r} in t", 1, 0, lists)

    several = [lacking("a.sql", "new", "s.t", "s.u"), lacking("b.sql", "new", "s.t")]
    own = [
        lacking("a.sql", "q"),
        lacking("b.sql", "q"),
        lacking("a.sql", "typo", "s.t"),
        lacking("b.sql", "typo", "u.t"),
    ]
    assert list(without_agreed([*several, *own])) == own
    two = [lacking("c.sql", "p", "s.v"), lacking("c.sql", "q", "s.v"), lacking("c.sql", "q", "s.v")]
    another = [*two, lacking("c.sql", "r", "s.v")]
    assert list(without_agreed([*two, *own])) == [*two, *own]
    assert list(without_agreed([*another, *own])) == own


@pytest.mark.parametrize(
    ("sql", "lists"),
    [
        ("INSERT INTO t SELECT s.*, 1 AS b FROM s", ("dbo.s", "dbo.t")),
        ("INSERT INTO t (a, b) SELECT 1", ()),
        ("INSERT INTO t (a) SELECT * FROM s", ("dbo.s",)),
        ("SELECT * FROM s UNION SELECT a FROM t", ("dbo.s",)),
        ("WITH q (m, n, o) AS (SELECT * FROM s) SELECT m FROM q", ("dbo.s",)),
        ("SELECT q.nope FROM (SELECT * FROM s UNION ALL SELECT * FROM t) AS q", ("dbo.s",)),
        ("SELECT nope FROM s JOIN t ON x = a", ("dbo.s", "dbo.t")),
        ("UPDATE t SET c = 1", ("dbo.t",)),
        ("SELECT x FROM s JOIN u ON s.x = u.x", ("dbo.s", "dbo.u")),
    ],
)
def test_a_finding_names_the_lists_that_it_rests_on(sql: str, lists: tuple[str, ...]) -> None:
    """By the names of the datasets, whatever the statement calls them."""
    row = contributions("p", {"t.sql": TABLES, "q.sql": sql})["q.sql"].rows["File"][0]
    found = msgspec.json.decode(row[7], type=list[Resting])
    assert [(d.lists, d.named) for d in found if d.code.startswith("RL14")] == [(lists, tuple(n[4:] for n in lists))]


def test_a_column_that_a_table_lacks_names_the_lists_that_it_rests_on() -> None:
    files = {"t.sql": "CREATE TABLE s.t (a int)", "q.sql": "SELECT x.b FROM s.t AS x WHERE {{ a }}"}
    row = contributions("p", files, "postgres")["q.sql"].rows["File"][0]
    found = msgspec.json.decode(row[7], type=list[Resting])
    assert [(d.lists, d.named) for d in found if d.code == "RL302"] == [(("s.t",), ("s.t",))]


def test_a_table_that_is_made_has_the_columns_that_its_own_expressions_name() -> None:
    """Though another file declares it otherwise, and that counts."""
    files = {"a.sql": "CREATE TABLE dbo.t (x int)", "b.sql": "CREATE TABLE dbo.t (n int, c AS (n + 5))"}
    found = msgspec.json.decode(contributions("p", files, "tsql")["b.sql"].rows["File"][0][7], type=list[Resting])
    assert [d.code for d in found] == ["RL303"]


def test_a_column_of_several_system_views_is_said_to_be_several() -> None:
    text = "SELECT s.x FROM sys.allocation_units u JOIN sys.objects o ON type = 1 CROSS JOIN dbo.s"
    assert [d.code for d in lineage(TABLES + text, "tsql").diagnostics] == []


@pytest.mark.parametrize("name", ["sysobjects", "dbo.sysobjects", "sys.objects"])
def test_every_database_has_its_own_system_views(name: str) -> None:
    files = {
        "q.sql": f"SELECT name FROM {name}",
        "a.sql": "SELECT name FROM a.dbo.sysobjects; SELECT name FROM b.sys.sysobjects; SELECT name FROM a.sys.objects;",
        "b.sql": "SELECT name FROM b.dbo.sysobjects; SELECT name FROM b.sys.objects;",
    }
    assert contributions("p", files, "tsql")["q.sql"].rows["File"][0][7] == "[]"


@pytest.mark.parametrize(
    ("other", "sql", "codes"),
    [
        ("d.t", "SELECT t.c FROM t", []),
        ("d.t", "SELECT nope FROM t", []),
        ("d.t", "SELECT t.a FROM t", []),
        ("d.t", "SELECT t.nope FROM d.t", ["RL143"]),
        ("d.u", "SELECT t.c FROM t", ["RL143"]),
    ],
)
def test_a_short_name_may_be_that_of_another_table(other: str, sql: str, codes: list[str]) -> None:
    """Which one is meant, the connection decides."""
    files = {"t.sql": "CREATE TABLE t (a int, b int);", "d.sql": f"CREATE TABLE {other} (c int);", "q.sql": sql}
    row = contributions("p", files, "postgres")["q.sql"].rows["File"][0]
    assert [d.code for d in msgspec.json.decode(row[7], type=list[Resting])] == codes


def test_what_only_changes_a_table_makes_none_of_its_own() -> None:
    files = {
        "t.sql": "CREATE TABLE d.t (a int, b int);",
        "add.sql": "ALTER TABLE t ADD COLUMN c int;",
        "q.sql": "INSERT INTO d.o SELECT * FROM t;",
    }
    flows = contributions("p", files, "postgres")["q.sql"].rows["FLOWS_TO"]
    assert sorted(r[0] for r in flows) == ["p:d.t.a", "p:d.t.b", "p:d.t.c"]


@pytest.mark.parametrize(
    ("declared", "doubtful"),
    [
        (["a.s.t (x int)", "b.s.t (y int)", "c.r.t (x int)"], {"t", "s.t"}),
        (["a.s.t (x int)", "b.s.t (x int)"], set()),
        (["d.s.t (x int)", "s.t (y int)", "r.t (x int)"], {"t", "s.t", "d.s.t"}),
    ],
)
def test_doubtful_are_the_names_that_different_lists_end_in(declared: list[str], doubtful: set[str]) -> None:
    linker = Linker("p")
    for number, table in enumerate(declared):
        linker.put(f"{number}.sql", sha(table), facts(f"CREATE TABLE {table}", "postgres"))
    linker.settle()
    assert linker.doubtful() == doubtful
    linker.close()


def test_parameters_of_a_template_are_not_checked() -> None:
    """Their defaults are somebody's names, until it is filled in."""
    files = {"t.sql": "CREATE TABLE dbo.t (a int)", "q.sql": "SELECT t.<column_name,,b> FROM dbo.t"}
    assert checked(files, "tsql")["q.sql"] == []
    assert checked({**files, "q.sql": "SELECT t.b FROM dbo.t"}, "tsql")["q.sql"] == [("RL143", "warning", 1)]
