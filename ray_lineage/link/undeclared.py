"""Names of objects that nothing declares, though all else that is named of their schema is declared here.

That depends on all files at once, so it is looked for when they are linked, by who wants to know it (``ray_lineage check``); it
is no part of a file's contribution.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from ray_lineage.link.view import FileView
from ray_lineage.model import (
    CHECKED,
    MODEL,
    UNKNOWN,
    Diagnostic,
    Effect,
    FileFacts,
    Name,
    TableRef,
    dataset_text,
    decode_facts,
    default_kind,
    is_temporary,
    split_text,
)

if TYPE_CHECKING:
    from ray_lineage.link.linker import Linker

_LARGE: Final = 20
_EACH: Final = 200
"""A schema of at least so many objects is declared here if at most one of them is not, and one more for each of so many others."""
_SMALL: Final = 5
_NEAR: Final = 0.85
"""In a smaller one a name has to look like another one's."""


class Undeclared:
    """What is missing in whole schemas. Settle the linker before."""

    def __init__(self, linker: Linker) -> None:
        self._linker = linker
        self._view: FileView = linker.view()
        self._declared: dict[str, list[str]] = {}
        missing: Counter[str] = Counter()
        for dataset in linker.datasets():
            if not is_counted(dataset):
                continue
            schema, _, name = dataset.rpartition(".")
            if self._view.owner(dataset) is not None:
                self._declared.setdefault(schema, []).append(name)
            else:
                missing[schema] += 1
        self._whole = {s for s, names in self._declared.items() if missing[s] <= 1 + len(names) // _EACH}

    def of(self, path: str) -> Iterator[Diagnostic]:
        """What a file names so."""
        facts = decode_facts(self._linker.facts_bytes(path))
        if not facts.checked & CHECKED:
            return
        made = {s.target for s in facts.statements if s.effect is Effect.MAKES}  # and maybe dropped again
        for name, line in _named(facts).items():
            dataset = self._view.resolve(name)
            if name in made:
                continue
            schema, _, last = dataset.rpartition(".")
            if schema in self._whole and self._view.owner(dataset) is None:
                number = len(self._declared[schema])
                near = get_close_matches(last, self._declared[schema], 1, _NEAR)
                if number < (_SMALL if near else _LARGE):
                    continue
                hint = f"; did you mean {schema}.{near[0]}?" if near else ""
                text = (
                    f"nothing here declares {dataset}, as it does the {number} others that are named of {schema}{hint}"
                )
                yield Diagnostic("RL145", "warning", text, line)


def _named(facts: FileFacts) -> dict[Name, int]:
    """The datasets that certain statements read or write, and the line of the first that does."""
    out: dict[Name, int] = {}
    for statement in facts.statements:
        if statement.possible:
            continue
        for relation in statement.relations:
            if isinstance(relation, TableRef) and not relation.function:
                _note(out, relation.name, relation.line or statement.first_line)
        _note(out, statement.target, statement.first_line)
    return out


def _note(out: dict[Name, int], name: Name, line: int) -> None:
    if not is_temporary(name) and is_counted(dataset_text(name)):
        out.setdefault(name, line)


def is_counted(dataset: str) -> bool:
    """Is it one that somebody should declare?"""
    name = split_text(dataset)
    return len(name) > 1 and UNKNOWN not in dataset and name[-1] != MODEL and default_kind(name) != "System"
