"""What is not known of a text: what is said nevertheless, and what is not."""

from __future__ import annotations

import pytest

from tests.unit.python.cases import Found, check, facts_of

CERTAIN = {
    "a value in quotes": "INSERT INTO o (a) SELECT a FROM i WHERE d = '{x}'",
    "part of a value": "INSERT INTO o (a) SELECT a FROM i WHERE d LIKE '%{x}%'",
    "a value": "INSERT INTO o (a) SELECT a FROM i WHERE d = {x}",
    "a number": "INSERT INTO o (a) SELECT a FROM i WHERE d > {x} + 1",
    "several values": "INSERT INTO o (a) SELECT a FROM i WHERE d IN ({x})",
    "a tuple of values": "INSERT INTO o (a) SELECT a FROM i WHERE d IN {x}",
    "a limit": "INSERT INTO o (a) SELECT a FROM i LIMIT {x}",
    "between": "INSERT INTO o (a) SELECT a FROM i WHERE d BETWEEN '{x}' AND '{y}'",
    "a column that is compared": "INSERT INTO o (a) SELECT a FROM i WHERE {x} = 1",
    "in a comment": "INSERT INTO o (a) SELECT a FROM i -- {x}",
    "in a block comment": "/* {x} */ INSERT INTO o (a) SELECT a FROM i",
    "an argument": "INSERT INTO o (a, b) SELECT a, coalesce(1, {x}) FROM i",
    "a value with a name": "INSERT INTO o (a, b) SELECT a, {x} AS b FROM i",
    "sorted by": "INSERT INTO o (a) SELECT a FROM i ORDER BY {x}",
    "a date": "INSERT INTO o (a) SELECT a FROM i WHERE d >= DATE '{x}'",
    "an interval": "INSERT INTO o (a) SELECT a FROM i WHERE d > now() - INTERVAL '{x} days'",
    "Airflow's date": "INSERT INTO o (a) SELECT a FROM i WHERE d = '{{{{ ds }}}}'",
    "Airflow's date without quotes": "INSERT INTO o (a) SELECT a FROM i WHERE d = {{{{ ds }}}}",
}  # fmt: skip


@pytest.mark.parametrize("sql", CERTAIN.values(), ids=CERTAIN.keys())
def test_a_value_leaves_the_edge_certain(sql: str) -> None:
    check(f'def f(cur, x, y):\n    cur.execute(f"""{sql}""")', ["i.a > o.a i"])


POSSIBLE = {
    "an unknown schema": "INSERT INTO {x}.o (a) SELECT a FROM i",
    "an unknown schema of the source": "INSERT INTO o (a) SELECT a FROM {x}.i",
    "unknown schemas of two": "INSERT INTO {x}.o (a) SELECT a FROM {y}.i",
    "unknown catalog and schema": "INSERT INTO {x}.{y}.o (a) SELECT a FROM {x}.{y}.i",
    "part of a schema": "INSERT INTO pre_{x}.o (a) SELECT a FROM i",
    "in quotes": 'INSERT INTO "{x}"."o" (a) SELECT a FROM i',
    "a condition": "INSERT INTO o (a) SELECT a FROM i WHERE {x}",
    "one condition more": "INSERT INTO o (a) SELECT a FROM i WHERE b = 1 AND {x}",
    "a clause": "INSERT INTO o (a) SELECT a FROM i {x}",
    "a clause in the middle": "INSERT INTO o (a) SELECT a FROM i {x} ORDER BY a",
    "a join": "INSERT INTO o (a) SELECT i.a FROM i {x} WHERE i.b = 1",
    "a condition of a join": "INSERT INTO o (a) SELECT i.a FROM i JOIN {y}.k ON {x}",
    "CTEs": "WITH {x} SELECT 1; INSERT INTO {y}.o (a) SELECT a FROM i",
    "something in front": "{x} INSERT INTO o (a) SELECT a FROM i",
}  # fmt: skip


@pytest.mark.parametrize("sql", POSSIBLE.values(), ids=POSSIBLE.keys())
def test_an_unknown_schema_or_clause_makes_it_possible(sql: str) -> None:
    check(f"def f(cur, x, y):\n    cur.execute(f'''{sql}''')", ["i.a > o.a i?"])


NOBODY = {
    "a table": ("INSERT INTO o (a) SELECT a FROM {x}", {"-> o"}),
    "a target": ("INSERT INTO {x} (a) SELECT a FROM i", {"i ->"}),
    "in a known schema": ("INSERT INTO s.{x} (a) SELECT a FROM i", {"i ->"}),
    "with a suffix": ("INSERT INTO o_{x} (a) SELECT a FROM i", {"i ->"}),
    "with a prefix": ("INSERT INTO {x}_o (a) SELECT a FROM i", {"i ->"}),
    "a view": ("CREATE VIEW {x} AS SELECT a FROM i", {"i ->"}),
    "a table that is made": ("CREATE TABLE {x} AS SELECT a FROM i", {"i ->"}),
    "a query": ("INSERT INTO o {x}", {"-> o"}),
    "a query in parentheses": ("INSERT INTO o (a) SELECT a FROM ({x}) q", {"-> o"}),
    "columns": ("INSERT INTO o SELECT {x} FROM i", {"i >> o", "-> o", "i ->"}),
    "columns of the target": ("INSERT INTO o ({x}) SELECT a, b FROM i", {"i >> o", "-> o", "i ->"}),
    "a location": ("COPY o FROM 's3://{x}/o'", {"-> o"}),
    "only the table of a MERGE": ("MERGE INTO {x} t USING i ON t.a = i.a WHEN MATCHED THEN UPDATE SET b = i.b", {"i ->"}),
    "all that is joined": ("INSERT INTO o (a) SELECT k.a FROM {x} q JOIN k ON q.b = k.b", {"-> o", "k ->", "k >> o"}),
    "wildcards": ("SELECT a FROM `{x}.{y}.*`", set()),
    "nothing but what is unknown": ("SELECT a FROM {x}", set()),
    "Jinja": ("INSERT INTO o (a) SELECT a FROM {{{{ params.t }}}}", {"-> o"}),
    "a shell's variable": ("INSERT INTO o (a) SELECT a FROM ${{t}}", {"-> o"}),
    "a brace that nobody fills": ("INSERT INTO o (a) SELECT a FROM {{t}}", {"-> o"}),
}  # fmt: skip


@pytest.mark.parametrize(("sql", "tables"), NOBODY.values(), ids=NOBODY.keys())
def test_an_unknown_name_is_no_dataset(sql: str, tables: set[str]) -> None:
    found = Found(
        facts_of(
            f"import duckdb\ndef f(con, x, y):\n    con.execute(f'''{sql}''')".replace("'s3://{x}/o'", '"s3://{x}/o"')
        )
    )
    assert found.tables == tables
    assert "gap" not in repr(found.facts)
    assert {p for p in found.pairs if not p.startswith("k.")} == set()


def test_it_is_said_that_a_name_is_not_known() -> None:
    facts = facts_of("def f(cur, x):\n    cur.execute(f'INSERT INTO {x} (a) SELECT a FROM i')")
    assert [(d.code, d.severity, d.line) for d in facts.diagnostics] == [("RL131", "info", 2)]
    assert facts.statements[0].sql == "INSERT INTO {…} (a) SELECT a FROM i"


def test_two_unknown_tables_are_not_one() -> None:
    check(
        "def f(cur, x):\n    cur.execute(f'INSERT INTO {x} (a) SELECT a FROM i')\n"
        "    cur.execute(f'INSERT INTO o (a) SELECT a FROM {x}')",
        ["i ->", "-> o"],
    )


def test_a_view_over_unknown_columns_has_no_list() -> None:
    found = Found(
        facts_of(
            "import duckdb\nduckdb.execute(f'CREATE VIEW v AS SELECT {cols} FROM i')\n"
            "duckdb.execute('INSERT INTO o SELECT * FROM v')"
        )
    )
    assert {p for p in found.pairs if not p.startswith("v.*")} == set()


def test_what_is_known_beside_it_stays() -> None:
    check(
        "def f(cur, x):\n    cur.execute(f'INSERT INTO o (a, b) SELECT i.a, q.b FROM i JOIN {x} q ON i.k = q.k')",
        ["i.a > o.a i", "i >> o"],
    )


PLACEHOLDERS = ["%s", "?", ":x", "%(x)s", "$1", "@x"]


@pytest.mark.parametrize("mark", PLACEHOLDERS)
def test_placeholders_of_drivers_are_values(mark: str) -> None:
    driver = {"$1": "asyncpg", "@x": "pymssql"}.get(mark, "psycopg2")
    check(
        f"import {driver}\ncur = {driver}.connect().cursor()\ncur.execute('INSERT INTO o (a) SELECT a FROM i WHERE b = {mark}', p)",
        ["i.a > o.a i"],
    )
