"""Manifests of dbt for tests, short to write."""

from __future__ import annotations

import json
from typing import Any

VERSION = "https://schemas.getdbt.com/dbt/manifest/v12.json"


def model(name: str, sql: str = "", *parents: str, **more: Any) -> tuple[str, dict[str, Any]]:
    """A model ``db.main.NAME`` with compiled code."""
    config = {"materialized": more.pop("materialized", "table"), **more.pop("config", {})}
    node = {
        "name": name,
        "resource_type": "model",
        "package_name": "shop",
        "original_file_path": f"models/{name}.sql",
        "database": "db",
        "schema": "main",
        "alias": name,
        "relation_name": f'"db"."main"."{name}"',
        "language": "sql",
        "compiled_code": sql or None,
        "raw_code": sql,
        "depends_on": {"nodes": [ids(p) for p in parents]},
        "config": config,
        **more,
    }
    if config["materialized"] == "ephemeral":
        node["relation_name"] = None
    return f"{node['resource_type']}.shop.{name}", node


def ids(name: str) -> str:
    """The id of a node by a short name: a model's, unless it says what it is."""
    return name if "." in name else f"model.shop.{name}"


def source(name: str, **more: Any) -> tuple[str, dict[str, Any]]:
    """A source ``db.raw.NAME``."""
    node = {
        "name": name, "source_name": "raw", "resource_type": "source", "package_name": "shop", "database": "db", "schema": "raw",
        "identifier": name, "relation_name": f'"db"."raw"."{name}"', "original_file_path": "models/s.yml", **more,
    }  # fmt: skip
    return f"source.shop.raw.{name}", node


def manifest(
    *nodes: tuple[str, dict[str, Any]], adapter: str = "postgres", version: str = VERSION, **parts: Any
) -> str:
    sources = {k: v for k, v in nodes if v["resource_type"] == "source"}
    others = {k: v for k, v in nodes if v["resource_type"] != "source"}
    metadata = {"dbt_schema_version": version, "adapter_type": adapter, "project_name": "shop"}
    return json.dumps(
        {"metadata": metadata, "nodes": others, "sources": sources, "macros": {"m": {"macro_sql": "x"}}, **parts}
    )


def catalog(**tables: dict[str, str]) -> str:
    """A catalog of ``DB.MAIN.NAME`` -> columns with types, as Snowflake names them."""
    nodes = {
        f"model.shop.{name}": {
            "metadata": {"type": "BASE TABLE", "database": "DB", "schema": "MAIN", "name": name.upper()},
            "columns": {
                c.upper(): {"name": c.upper(), "type": t, "index": k} for k, (c, t) in enumerate(columns.items(), 1)
            },
            "unique_id": f"model.shop.{name}",
        }
        for name, columns in tables.items()
    }
    return json.dumps(
        {
            "metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/catalog/v1.json"},
            "nodes": nodes,
            "sources": {},
        }
    )
