"""The folder for everything local."""

from __future__ import annotations

from ray_lineage.ownfolder import own_folder


def prepare_data_dir(path: str) -> None:
    """Make it; what is in it is nobody else's business. Raises UsageError for what lies there and is not ours (RL252), or where
    none can be made (RL202)."""
    with own_folder(path) as folder:
        folder.inner(".cache").close()
