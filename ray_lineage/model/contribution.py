"""The graph rows of one file: from link to the stores."""

from __future__ import annotations

from typing import Any, Final

import msgspec

CERTAINTIES: Final = ("certain", "possible")

Row = tuple[Any, ...]


class Contribution(msgspec.Struct, frozen=True, array_like=True):
    """The graph rows that one file is responsible for, fully resolved.

    ``rows`` maps a node label or relationship type of ``graph.schema`` to sorted, distinct tuples in the order of its
    ``columns``. ``rows["File"]`` is one row; ``rows["Dataset"]`` and ``rows["Column"]`` hold only what this file
    *describes* (``owner`` is this file). Every dataset or column that some relationship row names, described or not,
    is in ``datasets`` / ``columns``, which the store creates where they do not exist yet (with the schema's default
    properties).
    """

    file: str  # File.id
    path: str
    fingerprint: str  # hex, over everything else here
    rows: dict[str, list[Row]]
    datasets: list[str]  # Dataset names (canonical text, see dataset_text)
    columns: list[tuple[str, str]]  # (Dataset name, column name)

    @property
    def row_count(self) -> int:
        return sum(map(len, self.rows.values())) + len(self.datasets) + len(self.columns)


class FileState(msgspec.Struct, frozen=True, array_like=True):
    """What the store says it holds for one file."""

    path: str
    sha256: str
    fingerprint: str  # empty: its contribution is not whole
    status: str
