"""Planted changes, each in its class; none is called without impact."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import pytest

from ray_lineage.diff import yaml
from ray_lineage.diff.breaks import Use
from ray_lineage.diff.changes import Change, Kind
from ray_lineage.diff.rows import Place
from tests.unit.diff.sides import changes, compared, found
from tests.unit.inputs.manifests import manifest, model, source

SHOP = {
    "orders.sql": "CREATE TABLE core.orders (id int, note varchar(50), amount int, status text, customer int);",
    "customers.sql": "CREATE TABLE core.customers (id int, name text, region text);",
    "spare.sql": "CREATE TABLE core.spare (id int, left_over text);",
    "notes.sql": "CREATE VIEW mart.notes AS SELECT o.note, o.amount FROM core.orders o WHERE o.status = 'open';",
    "totals.sql": (
        "CREATE VIEW mart.totals AS SELECT c.region, SUM(o.amount) AS total FROM core.orders o "
        "LEFT JOIN core.customers c ON o.customer = c.id WHERE o.amount > 10 GROUP BY c.region;"
    ),
    "all.sql": "CREATE VIEW mart.everything AS SELECT * FROM mart.notes;",
    "fixed.sql": "CREATE TABLE mart.fixed (note text, amount int);",
    "load.sql": "INSERT INTO mart.fixed SELECT * FROM mart.notes;",
    "named.sql": "INSERT INTO core.customers (id, name) SELECT id, status FROM core.orders;",
    "report.sql": "SELECT name FROM core.customers;",
    "union.sql": "CREATE VIEW mart.both AS SELECT id FROM core.orders UNION SELECT id FROM core.customers;",
    "run.sql": (
        "CREATE PROCEDURE core.nightly() LANGUAGE SQL AS $$ INSERT INTO mart.fixed (note) SELECT note FROM core.orders $$;"
    ),
    "caller.sql": "CREATE PROCEDURE core.all_jobs() LANGUAGE SQL AS $$ CALL core.nightly() $$;",
    "keys.sql": "ALTER TABLE core.spare ADD FOREIGN KEY (id) REFERENCES core.customers (id);",
}


class Planted(NamedTuple):
    file: str
    before: str
    after: str | None
    """None: the file is deleted."""
    kind: Kind
    level: str
    name: str


PLANTED = {
    "a column is dropped that a view reads": Planted(
        "orders.sql", "note varchar(50), ", "", Kind.BROKEN, "error", "core.orders.note"
    ),
    "a column is renamed, its readers are not": Planted(
        "orders.sql", "note varchar", "remark varchar", Kind.BROKEN, "error", "core.orders.note"
    ),
    "a column is dropped that only a filter uses": Planted(
        "orders.sql", "status text, ", "", Kind.BROKEN, "error", "core.orders.status"
    ),
    "a column is dropped that only a join uses": Planted(
        "orders.sql", ", customer int", "", Kind.BROKEN, "error", "core.orders.customer"
    ),
    "a column is dropped that only a query without a target reads": Planted(
        "customers.sql", "name text, ", "", Kind.BROKEN, "error", "core.customers.name"
    ),
    "a column is dropped that a list of columns to write names": Planted(
        "fixed.sql", "note text, ", "", Kind.BROKEN, "error", "mart.fixed.note"
    ),
    "a table is dropped that is read": Planted(
        "customers.sql", "", None, Kind.BROKEN, "error", "core.customers"
    ),
    "a table is renamed, its readers are not": Planted(
        "customers.sql", "core.customers", "core.clients", Kind.BROKEN, "error", "core.customers"
    ),
    "a table is dropped that is written": Planted("fixed.sql", "", None, Kind.BROKEN, "error", "mart.fixed"),
    "a view is dropped that a star reads": Planted("notes.sql", "", None, Kind.BROKEN, "error", "mart.notes"),
    "a procedure is dropped that is called": Planted("run.sql", "", None, Kind.BROKEN, "error", "core.nightly"),
    "a star no longer fits the table that it fills": Planted(
        "notes.sql", "o.note, ", "o.note, o.id, ", Kind.BROKEN, "error", "mart.fixed"
    ),
    "a column is read that there is not": Planted(
        "notes.sql", "o.note,", "o.nota,", Kind.BROKEN, "error", "core.orders.nota"
    ),
    "a filter uses a column that there is not": Planted(
        "notes.sql", "WHERE o.status", "WHERE state", Kind.BROKEN, "error", "core.orders.state"
    ),
    "a query without a target reads a column that there is not": Planted(
        "report.sql", "name", "nom", Kind.BROKEN, "error", "core.customers.nom"
    ),
    "a column is written that there is not": Planted(
        "named.sql", "(id, name)", "(id, nom)", Kind.BROKEN, "error", "core.customers.nom"
    ),
    "a new file reads a column that there is not": Planted(
        "new.sql", "", "CREATE VIEW mart.new AS SELECT id FROM core.customers c WHERE nom = 'x';", Kind.BROKEN, "error", "core.customers.nom"
    ),
    "a column of a query in FROM is read that there is not": Planted(
        "all.sql", "* FROM mart.notes", "q.nota FROM (SELECT note FROM mart.notes) q", Kind.BROKEN, "error", "all.sql"
    ),
    "a column is dropped that nobody reads": Planted(
        "spare.sql", ", left_over text", "", Kind.REMOVED, "warning", "core.spare.left_over"
    ),
    "a view is dropped that nobody reads": Planted("totals.sql", "", None, Kind.REMOVED, "warning", "mart.totals"),
    "a type holds less": Planted("orders.sql", "varchar(50)", "varchar(20)", Kind.TYPE, "warning", "core.orders.note"),
    "a type is of another kind": Planted("orders.sql", "amount int", "amount text", Kind.TYPE, "warning", "core.orders.amount"),
    "a type cannot be compared": Planted("orders.sql", "amount int", "amount pounds", Kind.TYPE, "warning", "core.orders.amount"),
    "a type holds more": Planted("orders.sql", "amount int", "amount bigint", Kind.TYPE, "note", "core.orders.amount"),
    "a filter is added": Planted("notes.sql", "'open'", "'open' AND o.id > 0", Kind.ROWS, "warning", "mart.notes"),
    "a filter goes": Planted("notes.sql", " WHERE o.status = 'open'", "", Kind.ROWS, "warning", "mart.notes"),
    "a literal of a filter": Planted("totals.sql", "> 10", "> 20", Kind.ROWS, "warning", "mart.totals"),
    "an operator of a filter": Planted("totals.sql", "> 10", "< 10", Kind.ROWS, "warning", "mart.totals"),
    "a LEFT JOIN becomes an INNER JOIN": Planted("totals.sql", "LEFT JOIN", "INNER JOIN", Kind.ROWS, "warning", "mart.totals"),
    "DISTINCT": Planted("notes.sql", "SELECT o.note", "SELECT DISTINCT o.note", Kind.ROWS, "warning", "mart.notes"),
    "UNION becomes UNION ALL": Planted("union.sql", "UNION", "UNION ALL", Kind.ROWS, "warning", "mart.both"),
    "it is grouped by another column": Planted(
        "totals.sql", "GROUP BY c.region", "GROUP BY c.region, o.customer", Kind.ROWS, "warning", "mart.totals"
    ),
    "another source": Planted("union.sql", "core.customers", "core.spare", Kind.ROWS, "warning", "mart.both"),
    "a literal of a value, which the graph does not hold": Planted(
        "load.sql", "SELECT *", "SELECT note, amount * 2", Kind.VALUES, "warning", "mart.fixed.amount"
    ),
    "another expression": Planted("totals.sql", "SUM(o.amount)", "SUM(o.amount + 1)", Kind.VALUES, "warning", "mart.totals.total"),
    "another aggregate": Planted("totals.sql", "SUM(o.amount)", "AVG(o.amount)", Kind.VALUES, "warning", "mart.totals.total"),
    "a new column": Planted("customers.sql", "region text", "region text, age int", Kind.ADDED, "note", "core.customers.age"),
    "a new table": Planted("spare.sql", "CREATE", "CREATE TABLE core.extra (id int); CREATE", Kind.ADDED, "note", "core.extra"),
    "a file that is no SQL any more": Planted("notes.sql", "SELECT", "SELECT SELECT FROM", Kind.UNKNOWN, "warning", "notes.sql"),
    "a default, which the graph does not hold": Planted(
        "spare.sql", "left_over text", "left_over text DEFAULT 'x'", Kind.UNKNOWN, "warning", "spare.sql"
    ),
}  # fmt: skip


def edited(planted: Planted) -> dict[str, str]:
    head = dict(SHOP)
    if planted.file not in head:
        head[planted.file] = ""
    if planted.after is None:
        del head[planted.file]
    else:
        assert planted.before in head[planted.file]
        head[planted.file] = head[planted.file].replace(planted.before, planted.after, 1)
    return head


@pytest.mark.parametrize("what", PLANTED)
def test_each_is_in_its_class(what: str) -> None:
    planted = PLANTED[what]
    told = [(c.kind, c.level, c.name) for c in changes(SHOP, edited(planted))]
    assert (planted.kind, planted.level, planted.name) in told


QUIET = {
    "comments": "-- more\n{}\n/* and\n more */",
    "white space": "\n\n   {}\n\n",
    "words in lower case": "{lower}",
}


@pytest.mark.parametrize("what", QUIET)
def test_comments_and_layout_are_no_change(what: str) -> None:
    head = {path: QUIET[what].format(sql, lower=sql.replace("SELECT", "select")) for path, sql in SHOP.items()}
    comparing = compared(SHOP, head)
    assert comparing.changes() == []
    assert comparing.files()["silent"] > 0
    comparing.pair.close()


PROJECT = "name: shop\nmodel-paths: ['models']\nmodels: {shop: {+tags: [a, b]}}\n"
SAME_YAML = {
    "a comment": f"# why\n{PROJECT}",
    "a comment behind": PROJECT.replace("shop\n", "shop  # it's ours\n", 1),
    "quotes": PROJECT.replace("'models'", '"models"'),
    "blocks": "name: shop\nmodel-paths:\n  - models\nmodels:\n  shop:\n    +tags:\n      - a\n      - b\n",
}
OTHER_YAML = {
    "a tag": PROJECT.replace("[a, b]", "[a, c]"),
    "a nesting": PROJECT.replace("[a, b]", "[[a], b]"),
    "a type": PROJECT.replace("[a, b]", "[a, '1']"),
    "a number": PROJECT.replace("[a, b]", "[a, 1]"),
    "an alias": PROJECT.replace("[a, b]", "[&x a, *x]"),
}


@pytest.mark.parametrize("what", SAME_YAML)
def test_the_layout_of_yaml_is_no_change(what: str) -> None:
    comparing = compared({"dbt_project.yml": PROJECT}, {"dbt_project.yml": SAME_YAML[what]})
    assert comparing.changes() == [] and comparing.files()["silent"] == 1
    comparing.pair.close()


def test_what_yaml_holds_is_a_change_and_no_matter_of_constraints() -> None:
    texts = [PROJECT, *OTHER_YAML.values()]
    for before, after in itertools.permutations(texts, 2):
        told = changes({"dbt_project.yml": before}, {"dbt_project.yml": after})
        assert [(c.kind, c.name, "not all that it holds" in c.says) for c in told] == [
            (Kind.UNKNOWN, "dbt_project.yml", True)
        ]


def test_code_around_the_sql_of_python_is_told_as_that() -> None:
    code = "db.execute('INSERT INTO t SELECT a FROM s')\nprint({})\n"
    told = changes({"load.py": code.format(1)}, {"load.py": code.format(2)})
    assert [(c.kind, "code around its SQL" in c.says) for c in told] == [(Kind.UNKNOWN, True)]


def test_yaml_that_repeats_itself_without_end_takes_no_time() -> None:
    lines = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 200))]
    text = "\n".join(lines)
    assert yaml.is_same(text, f"# {text[:10]}\n{text}") and not yaml.is_same(text, f"{text}\nb: 1")
    assert not yaml.is_same("{% if a %}\n{{ b }}: 1", "{% if a %}\n{{ b }}: 1  # why")


def test_a_moved_file_is_no_change() -> None:
    head = {f"moved/{path}": sql for path, sql in SHOP.items()}
    assert changes(SHOP, head) == []


def test_an_edit_that_is_undone_in_another_file_is_no_change() -> None:
    statement = "CREATE VIEW a.v AS SELECT id FROM core.orders;"
    base = {**SHOP, "one.sql": statement, "two.sql": "SELECT 1;"}
    head = {**SHOP, "one.sql": "SELECT 1;", "two.sql": statement}
    assert changes(base, head) == []


def broken(found_changes: list[Change]) -> dict[str, set[tuple[str, str]]]:
    return {c.name: {(u.place.file, u.target) for u in c.uses} for c in found_changes if c.kind is Kind.BROKEN}


def test_a_broken_reader_is_named_with_its_file_and_what_it_writes() -> None:
    told = broken(changes(SHOP, edited(PLANTED["a column is dropped that a view reads"])))
    assert told == {"core.orders.note": {("notes.sql", "mart.notes"), ("run.sql", "mart.fixed")}}


def test_a_column_that_never_was_shapes_nothing() -> None:
    base = {"t.sql": "CREATE TABLE t (a int, b int)", "v.sql": "CREATE VIEW v AS SELECT a FROM t WHERE b = 1"}
    told = changes(base, {**base, "v.sql": "CREATE VIEW v AS SELECT a FROM t WHERE bb = 1"})
    assert [(c.kind, c.name) for c in told] == [(Kind.BROKEN, "t.bb"), (Kind.ROWS, "v")]
    assert told[0].uses == (Use("t", "bb", "v", Place("v.sql", 1)),) and "bb" not in told[1].says


NO_NEWS = {
    "it was read before": ({"v.sql": "SELECT a, nope FROM t"}, {"v.sql": "SELECT nope, a FROM t WHERE a > 1"}),
    "the list is what is new": (
        {"t.sql": "", "v.sql": "SELECT nope FROM t"},
        {"v.sql": "SELECT nope FROM t WHERE a > 1"},
    ),
    "an unchanged file names it too": (
        {"u.sql": "SELECT nope FROM t", "v.sql": "SELECT a FROM t"},
        {"u.sql": "SELECT nope FROM t", "v.sql": "SELECT nope FROM t"},
    ),
    "no list is known": ({"v.sql": "SELECT a FROM other"}, {"v.sql": "SELECT nope FROM other"}),
}


@pytest.mark.parametrize("what", NO_NEWS)
def test_what_is_no_news_or_may_be_there_breaks_nobody(what: str) -> None:
    table = {"t.sql": "CREATE TABLE t (a int, b int)"}
    base, head = NO_NEWS[what]
    assert broken(changes({**table, **base}, {**table, **head})) == {}


def test_what_a_star_passes_on_is_no_reader() -> None:
    base = {
        "t.sql": "CREATE TABLE t (a int, b int)",
        "v.sql": "CREATE VIEW v AS SELECT * FROM t",
        "w.sql": "SELECT a FROM v",
    }
    told = changes(base, {**base, "t.sql": "CREATE TABLE t (a int)"})
    assert [(c.kind, c.name, c.direct) for c in told] == [(Kind.REMOVED, "t.b", True), (Kind.REMOVED, "v.b", False)]


def test_a_column_that_another_relation_has_is_not_broken() -> None:
    base = {
        "t.sql": "CREATE TABLE t (id int, b int)",
        "u.sql": "CREATE TABLE u (id int)",
        "v.sql": "CREATE VIEW v AS SELECT b FROM t JOIN u USING (id)",
    }
    head = {**base, "t.sql": "CREATE TABLE t (id int)", "u.sql": "CREATE TABLE u (id int, b int)"}
    assert broken(changes(base, head)) == {}


def test_an_unqualified_column_that_no_relation_has_any_more_is() -> None:
    base = {
        "t.sql": "CREATE TABLE t (id int, b int)",
        "u.sql": "CREATE TABLE u (id int)",
        "v.sql": "CREATE VIEW v AS SELECT b FROM t JOIN u ON t.id = u.id",
    }
    assert broken(changes(base, {**base, "t.sql": "CREATE TABLE t (id int)"})) == {"t.b": {("v.sql", "v")}}


@pytest.mark.parametrize(
    ("query", "reads"),
    [
        ("WITH c AS (SELECT * FROM t) SELECT c.b FROM c", True),
        ("WITH c AS (SELECT * FROM t) SELECT b FROM c", True),
        ("SELECT q.b FROM (SELECT * FROM (SELECT t.* FROM t JOIN u ON t.id = u.id) x) q", True),
        ("SELECT b FROM (SELECT * FROM t) x JOIN (SELECT * FROM w) y ON x.id = y.id", False),
        ("WITH c AS (SELECT * FROM t JOIN w ON t.id = w.id) SELECT c.b FROM c", False),
        ("WITH c AS (SELECT *, id AS b FROM t) SELECT c.b FROM c", False),
        ("WITH RECURSIVE c AS (SELECT * FROM t UNION ALL SELECT * FROM c) SELECT c.id FROM c", False),
    ],
)
def test_a_column_that_is_read_through_a_star(query: str, reads: bool) -> None:
    """``w`` has got a column of this name meanwhile."""
    base = {
        "t.sql": "CREATE TABLE t (id int, b int)",
        "u.sql": "CREATE TABLE u (id int)",
        "w.sql": "CREATE TABLE w (id int)",
        "v.sql": f"CREATE VIEW v AS {query}",
    }
    head = {**base, "t.sql": "CREATE TABLE t (id int)", "w.sql": "CREATE TABLE w (id int, b int)"}
    assert broken(changes(base, head)) == ({"t.b": {("v.sql", "v")}} if reads else {})


def test_a_reader_that_is_mended_is_not_broken() -> None:
    base = {"t.sql": "CREATE TABLE t (a int, b int)", "v.sql": "CREATE VIEW v AS SELECT a, b FROM t"}
    head = {"t.sql": "CREATE TABLE t (a int)", "v.sql": "CREATE VIEW v AS SELECT a FROM t"}
    assert {c.kind for c in changes(base, head)} == {Kind.REMOVED}


def test_an_insert_that_did_not_fit_before_is_not_told() -> None:
    base = {
        "t.sql": "CREATE TABLE t (a int)",
        "u.sql": "CREATE TABLE u (a int, b int)",
        "i.sql": "INSERT INTO t SELECT * FROM u",
    }
    assert broken(changes(base, {**base, "u.sql": "CREATE TABLE u (a int, b int, c int)"})) == {}


def test_a_dbt_model_that_is_gone_breaks_who_refers_to_it() -> None:
    base = {
        "dbt_project.yml": "name: shop\nmodel-paths: [models]\n",
        "models/a.sql": "{{ config(materialized='table') }} select 1 as x",
        "models/b.sql": "select x from {{ ref('a') }}",
    }
    head = {p: sql for p, sql in base.items() if p != "models/a.sql"}
    told = [c for c in changes(base, head) if c.kind is Kind.BROKEN]
    assert [{u.place.file for u in c.uses} for c in told] == [{"models/b.sql"}]


def test_renames_as_written_and_as_they_look() -> None:
    base = {"t.sql": "CREATE TABLE t (\n a int,\n b int\n)"}
    written = changes(base, {"t.sql": "CREATE TABLE t (\n a int,\n c text -- ray_lineage: renamed_from b\n)"})
    looks = changes(base, {"t.sql": "CREATE TABLE t (\n a int,\n c int\n)"})
    assert next(c.renamed for c in written if c.kind is Kind.REMOVED) == "t.c"
    told = next(c for c in looks if c.kind is Kind.REMOVED)
    assert told.renamed == "t.c" and "(looks like)" in told.says
    table = changes(base, {"t.sql": "-- ray_lineage: renamed_from t\nCREATE TABLE s (\n a int,\n x int\n)"})
    assert next(c.renamed for c in table if c.kind is Kind.REMOVED) == "s"


def test_a_rename_never_hides_a_broken_reader() -> None:
    base = {"t.sql": "CREATE TABLE t (a int)", "v.sql": "CREATE VIEW v AS SELECT a FROM t"}
    told = changes(base, {**base, "t.sql": "CREATE TABLE t (b int) -- ray_lineage: renamed_from a"})
    assert [(c.kind, c.renamed) for c in told if c.name == "t.a"] == [(Kind.BROKEN, "t.b")]


def test_statements_in_another_order_are_a_change_of_rows() -> None:
    base = {"t.sql": "CREATE TABLE t (a int);", "i.sql": "DELETE FROM t;\nINSERT INTO t VALUES (1);"}
    told = changes(base, {**base, "i.sql": "INSERT INTO t VALUES (1);\nDELETE FROM t;"})
    assert [(c.kind, c.name) for c in told] == [(Kind.ROWS, "t")]


# --------------------------------------------------------------------------- what is reached


def test_removed_things_are_walked_in_base() -> None:
    told = found(SHOP, edited(PLANTED["a view is dropped that a star reads"]))
    gone = next(f for f in told if f.change.name == "mart.notes")
    assert gone.reached.datasets == {"mart.everything": 1, "mart.fixed": 1}


def test_the_walk_goes_through_what_shapes_rows_to_every_column() -> None:
    base = {
        "t.sql": "CREATE TABLE t (a int, s int)",
        "v.sql": "CREATE VIEW v AS SELECT a FROM t WHERE s = 1",
        "w.sql": "CREATE VIEW w AS SELECT a AS b FROM v",
    }
    told = found(base, {**base, "t.sql": "CREATE TABLE t (a int, s text)"})
    assert [(f.reached.datasets, f.reached.columns) for f in told] == [({"v": 1, "w": 2}, 2)]


def test_values_reach_only_the_readers_of_the_column() -> None:
    base = {
        "t.sql": "CREATE TABLE t (a int, b int)",
        "v.sql": "CREATE VIEW v AS SELECT a, b FROM t",
        "x.sql": "CREATE VIEW x AS SELECT a FROM v",
        "y.sql": "CREATE VIEW y AS SELECT b FROM v",
    }
    told = found(base, {**base, "v.sql": "CREATE VIEW v AS SELECT a + 1 AS a, b FROM t"})
    assert [(f.change.kind, f.reached.datasets) for f in told] == [(Kind.VALUES, {"x": 1})]


def test_owners_are_those_of_the_changed_file_and_of_what_is_reached() -> None:
    told = found(SHOP, edited(PLANTED["a filter is added"]), "* @everyone\nload.sql @loaders\nnotes.sql @notes\n")
    rows = next(f for f in told if f.change.kind is Kind.ROWS)
    assert rows.owners == ("@notes", "@everyone", "@loaders")


def test_all_files_that_write_what_is_reached_have_owners() -> None:
    """Scripts of the same table for two engines."""
    base = {
        "t.sql": "CREATE TABLE t (a int, b int)",
        "one/v.sql": "CREATE TABLE v AS SELECT a FROM t WHERE b = 1",
        "two/v.sql": "CREATE TABLE v AS SELECT a FROM t WHERE b = 1",
    }
    (told,) = found(base, {**base, "t.sql": "CREATE TABLE t (a text, b int)"}, "one/ @one\ntwo/ @two\n")
    assert (told.reached.files, told.owners) == (("one/v.sql", "two/v.sql"), ("@one", "@two"))
    broken = found(base, {**base, "t.sql": "CREATE TABLE t (b int)"}, "one/ @one\ntwo/ @two\n")
    assert (broken[0].change.kind, broken[0].owners) == (Kind.BROKEN, ("@one", "@two"))


def test_of_a_manifest_the_nodes_that_changed_are_other_ones() -> None:
    """Its lines are those of models: what stands in the manifest on these lines says nothing."""

    def made(paid: str) -> dict[str, str]:
        nodes = (
            source("orders"),
            model("paid", paid, "source.shop.raw.orders"),
            model("late", "select id\nfrom db.raw.orders\nwhere state = 'late'", "source.shop.raw.orders"),
        )
        return {"target/manifest.json": manifest(*nodes)}

    base = made("select id\nfrom db.raw.orders\nwhere state = 'paid'")
    told = found(base, made("select id\nfrom db.raw.orders\nwhere state = 'due' or state = 'paid'"))
    assert [(f.change.kind, f.change.name) for f in told] == [(Kind.ROWS, "db.main.paid")]
    assert found(base, {"target/manifest.json": base["target/manifest.json"].replace('"x"', '"y"')}) == ()


def test_consequences_name_what_they_follow_from() -> None:
    base = {"t.sql": "CREATE TABLE t (a int)", "v.sql": "CREATE VIEW v AS SELECT * FROM t"}
    told = found(base, {**base, "t.sql": "CREATE TABLE t (a int, b int)"})
    assert [(f.change.name, f.change.follows) for f in told] == [("t.b", ""), ("v.b", "t.b")]
