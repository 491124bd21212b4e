"""ray_lineage: for every column in a company's SQL, where it comes from and what depends on it.

The public Python API is :func:`lineage` (one script, no store), :func:`open_graph` (queries on a stored graph),
:func:`picture` (the same, to look at) and :func:`changes` (two revisions of a repository compared).
Names are loaded on first use, so that ``import ray_lineage`` costs a millisecond and never imports Ray.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Lineage", "__version__", "changes", "lineage", "open_graph", "picture"]

if TYPE_CHECKING:
    from ray_lineage.api import Lineage, changes, lineage, open_graph, picture


def __getattr__(name: str) -> Any:
    if name in ("Lineage", "changes", "lineage", "open_graph", "picture"):
        from ray_lineage import api

        return getattr(api, name)
    raise AttributeError(f"module 'ray_lineage' has no attribute {name!r}")
