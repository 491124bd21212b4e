"""Where the parse cache of a node lies: each node of a cluster has its own, on its own disk."""

from __future__ import annotations

import contextlib
import os

from ray_lineage.cache import node_local_path
from ray_lineage.settings import Settings
from ray_lineage.sources.mounts import file_system, is_network


def cache_path_for(settings: Settings, on_head: bool) -> str:
    """The configured path where it is on a local disk and this is the head's node, or it was configured; else a folder
    of this user in the node's temporary folder. Where that cannot be had either, the configured path: the cache itself
    sees that it must not be used.

    A path that merely follows from ``data_dir`` counts as not configured: a worker node is no place for a data folder.
    """
    path = settings.parse_cache_path
    configured = path != os.path.join(settings.data_dir, ".cache", "parse_cache.lmdb")
    if (on_head or configured) and not is_network(file_system(path)):
        return path
    with contextlib.suppress(OSError):
        return node_local_path()
    return path
