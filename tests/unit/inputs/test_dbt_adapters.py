"""Dialects of dbt's adapters, by what their documentation calls them (``type`` of a target)."""

from __future__ import annotations

import pytest

from ray_lineage.compile.dbt.adapters import _SPOKEN, dialect_of
from ray_lineage.dialects import DIALECTS


@pytest.mark.parametrize(
    ("adapter", "dialect"),
    [
        ("postgres", "postgres"), ("redshift", "redshift"), ("sqlserver", "tsql"), ("synapse", "tsql"), ("fabric", "fabric"),
        ("fabricspark", "spark"), ("glue", "spark"), ("alloydb", "postgres"), ("greenplum", "greenplum"), ("MySQL", "mysql"),
        ("mariadb", "mysql"), ("oracle", "oracle"), ("singlestore", "singlestore"), ("decodable", ""), ("", ""),
    ],
)  # fmt: skip
def test_an_adapter_speaks(adapter: str, dialect: str) -> None:
    assert dialect_of(adapter) == dialect


def test_each_nearest_dialect_is_one_of_ours_and_stands_for_one_that_is_not() -> None:
    assert set(_SPOKEN.values()) <= set(DIALECTS)
    assert not set(_SPOKEN) & set(DIALECTS)
