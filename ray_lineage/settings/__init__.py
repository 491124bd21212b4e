"""All settings, one model: flags > environment > ``ray_lineage.toml`` > ``[tool.ray_lineage]`` of pyproject.toml > defaults."""

from ray_lineage.settings.model import FolderRule, Secret, Settings, matches, rule_for
from ray_lineage.settings.sources import Loaded, load_settings

__all__ = ["FolderRule", "Loaded", "Secret", "Settings", "load_settings", "matches", "rule_for"]
