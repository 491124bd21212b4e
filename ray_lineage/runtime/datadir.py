"""The folder for everything local."""

from __future__ import annotations

import os

from ray_lineage.ownfolder import own_folder, unusable


def prepare_data_dir(path: str) -> None:
    """Make it; what is in it is nobody else's business. Raises UsageError for what lies there and is not ours (RL252), or where
    none can be made (RL202)."""
    with own_folder(path) as folder:
        try:
            folder.inner(".cache").close()
        except OSError as error:
            raise unusable(os.path.join(path, ".cache"), error.strerror or str(error)) from None
