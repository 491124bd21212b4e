"""Where another engine is, by the text of a connection; a password is in none of them."""

from __future__ import annotations

import pytest

import ray_lineage


@pytest.mark.parametrize(
    ("connection", "server"),
    [
        ("srv", "srv"),
        ("dbname=sales host=h password=secret", "sales"),
        ("host='h' password='secret' dbname='sales'", "sales"),
        ("host=h password=secret", "h"),
        ("user=me password=secret", "dblink"),
        ("postgresql://me:secret@h:5432/sales?x=y", "sales"),
        ("postgresql://me:sec/ret@h/sales", "h/sales"),
        ("postgresql://me:secret@h", "h"),
        ("postgresql://me:secret@[::1/sales", "sales"),
        ("jdbc:mysql://me:secret@h/sales;password=secret", "sales"),
        ("DSN=sales;PWD=secret", "sales"),
        ("jdbc:sqlserver://h:1433;databaseName=sales;user=me;password=secret", "sales"),
        ("jdbc:oracle:thin:me/secret@//h:1521/sales", "h:1521/sales"),
        ("jdbc:oracle:thin:me/secret@h:1521:sales", "h:1521:sales"),
        ("", "dblink"),
    ],
)
def test_where_it_is(connection: str, server: str) -> None:
    query = f"INSERT INTO o (x) SELECT a FROM dblink('{connection.replace(chr(39), 2 * chr(39))}', 'SELECT a FROM s.t') AS q (a int)"
    found = ray_lineage.lineage(query, dialect="postgres")
    assert [s.replace('"', "") for s in found.sources] == [f"{server}.s.t"]
