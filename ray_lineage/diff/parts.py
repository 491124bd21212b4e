"""Files that are cut into parts, such as a manifest of dbt. Their lines are those of other files, so what a statement says is not
what stands there: it is what its part holds. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from ray_lineage.compile.wording import Word, Worded, Wording
from ray_lineage.model import FileFacts, dataset_text


class Part(NamedTuple):
    """What a part holds, and how it is compiled."""

    content: bytes
    compiled: Callable[[bytes], FileFacts]


def worded_parts(
    parts: Mapping[str, Part], other: Mapping[str, Part], targets: Mapping[int, str], count: int
) -> Worded:
    """Of a file with so many statements that write ``targets``. Those of parts that the other side has, too, say the same."""
    said: dict[str, str] = {}
    for name, part in parts.items():
        if name not in other or other[name].content != part.content:
            made = (statement.target for statement in part.compiled(part.content).statements if statement.target)
            said.update(dict.fromkeys(map(dataset_text, made), part.content.decode("utf-8", "replace")))
    statements: list[Wording] = [(Word(said.get(targets.get(number, ""), "")),) for number in range(count)]
    return Worded(statements, (), tuple(part.content.decode("utf-8", "replace") for part in parts.values()))
