"""Unqualified columns of engines' own views."""

from __future__ import annotations

import json

import pytest

from tests.factory import contributions


@pytest.mark.parametrize(
    ("dialect", "column", "view"),
    [
        ("postgres", "relacl", "pg_class"), ("postgres", "attstattarget", "pg_attribute"), ("postgres", "nspacl", "pg_namespace"),
        ("redshift", "attsortkeyord", "pg_attribute"), ("redshift", "reldiststyle", "pg_class"),
    ],
)  # fmt: skip
def test_a_column_is_that_of_the_view_which_has_it(dialect: str, column: str, view: str) -> None:
    sql = (
        f"INSERT INTO s.o (x) SELECT {column} FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "JOIN pg_attribute a ON a.attrelid = c.oid"
    )
    rows = contributions("p", {"a.sql": sql}, dialect)["a.sql"].rows
    assert [(r[0], r[1], r[5]) for r in rows["FLOWS_TO"]] == [(f"p:pg_catalog.{view}.{column}", "p:s.o.x", "certain")]
    assert json.loads(rows["File"][0][7]) == []
