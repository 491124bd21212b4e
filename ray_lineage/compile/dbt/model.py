"""A file of SQL that is a dbt model: what its query makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ray_lineage.compile.options import ModelName

if TYPE_CHECKING:
    from ray_lineage.compile.text.template import Template


def model_name(template: Template, stem: str) -> ModelName | None:
    """A file that names models or configures itself is a model, called as it says or else as its file's ``stem``."""
    if not stem or not (template.refs or template.config):
        return None
    config = template.config
    name = config.get("alias") or template.snapshot or stem
    parts = (
        config.get("database") or config.get("target_database"),
        config.get("schema") or config.get("target_schema"),
        name,
    )
    materialized = config.get("materialized") or ("table" if template.snapshot else "view")
    return ModelName(tuple(p for p in parts if p), materialized)
