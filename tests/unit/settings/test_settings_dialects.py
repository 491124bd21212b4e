"""Dialects by the names that people and other tools use."""

from __future__ import annotations

import pytest

import ray_lineage
from ray_lineage.dialects import DIALECTS, dialect_named
from ray_lineage.errors import SettingsError
from ray_lineage.settings import load_settings


@pytest.mark.parametrize(
    ("name", "dialect"),
    [
        ("mssql", "tsql"), ("SQLServer", "tsql"), ("sql server", "tsql"), ("T-SQL", "tsql"), ("transact-sql", "tsql"),
        ("postgresql", "postgres"), ("PG", "postgres"), ("plpgsql", "postgres"), ("mariadb", "mysql"), ("PL/SQL", "oracle"),
        ("spark_sql", "spark"), ("BigQuery", "bigquery"), ("bq", "bigquery"), ("", ""),
    ],
)  # fmt: skip
def test_other_names(name: str, dialect: str) -> None:
    assert load_settings({"dialect": name}, environ={}).settings.dialect == dialect
    assert dialect_named(name) == dialect


@pytest.mark.parametrize("dialect", DIALECTS)
def test_our_own_names_are_kept(dialect: str) -> None:
    assert dialect_named(dialect.upper()) == dialect


def test_a_typing_error_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(SettingsError, match="did you mean tsql"):
        load_settings({"dialect": "tsqll"}, environ={})
    with pytest.raises(ValueError, match="unknown dialect 'nosuch'"):
        ray_lineage.lineage("SELECT 1", dialect="nosuch")
    assert ray_lineage.lineage("SELECT TOP 1 a FROM t", dialect="mssql").dialect == "tsql"
