"""One name with other columns in other folders: two databases that are taken for one, as nothing says which file is of which.

Pure. Of such a dataset the columns of one declaration count, and those of the other hang on: settings tell them apart.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from ray_lineage.counting import counting
from ray_lineage.link.lists import decode_list
from ray_lineage.link.symbols import Declared, Symbol
from ray_lineage.model import Diagnostic, FileDiagnostic, split_text

_SETTING: Final = {1: "default_schema", 2: "default_catalog"}
"""By the number of parts of a name: what completes it. A name with more parts says itself where it belongs."""


class Clash(NamedTuple):
    """A dataset is declared ``first``, where its columns are taken from, and in ``other`` with so many others or fewer."""

    dataset: str
    first: Declared
    other: Declared
    columns: int

    @property
    def folders(self) -> tuple[str, str]:
        """Where their paths part; empty for a file that lies there itself, beside the other's folder."""
        return parting(self.first.path, self.other.path)


def clashing(symbols: Iterable[Symbol]) -> Iterator[Clash]:
    """Of settled datasets, one a folder at most."""
    for symbol in symbols:
        if len(symbol.found) > 1 and len(split_text(symbol.text)) in _SETTING:
            yield from _of(symbol)


def _of(symbol: Symbol) -> Iterator[Clash]:
    lists = [(d, decode_list(d.signature.columns)) for d in symbol.found if not (d.signature.adds or d.signature.weak)]
    if not lists or lists[0][1] is None:
        return
    (first, first_list), *others = lists
    columns = set(first_list or ())
    seen: set[str] = set()
    for other, found in others:
        here, there = parting(first.path, other.path)
        differ = columns.symmetric_difference(found) if found is not None else ()
        if differ and here and there and there not in seen:
            seen.add(there)
            yield Clash(symbol.text, first, other, len(differ))


def parting(one: str, other: str) -> tuple[str, str]:
    """The folders in which two paths part: ``a/b`` and ``a/c`` of ``a/b/x.sql`` and ``a/c/d/y.sql``. Empty where there is
    none."""
    ours, theirs = one.split("/"), other.split("/")
    level = next((n for n, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), None)
    if level is None:
        return "", ""
    here, there = ("/".join(p[: level + 1]) if len(p) > level + 1 else "" for p in (ours, theirs))
    return here, there


def told(clashes: Iterable[Clash]) -> list[FileDiagnostic]:
    """A warning for each two folders, whichever of them counts."""
    pairs: dict[tuple[str, ...], list[Clash]] = {}
    for clash in sorted(clashes, key=lambda c: (c.dataset, c.other.path)):
        pairs.setdefault(tuple(sorted(clash.folders)), []).append(clash)
    return [_warning(folders, found) for folders, found in sorted(pairs.items())]


def _warning(folders: tuple[str, ...], found: list[Clash]) -> FileDiagnostic:
    clash = found[0]
    first, other = clash.first, clash.other
    more = f" (and {len(found) - 1:,} more names in these two folders)" if len(found) > 1 else ""
    setting = _SETTING[len(split_text(clash.dataset))]
    rules = " and ".join(f'[[folders]] path = "{f}" {setting} = "{posixpath.basename(f)}"' for f in folders)
    text = (
        f"{clash.dataset} has {counting(clash.columns, 'other column')} here than in {first.path}:{first.signature.line}{more}, and is one "
        f"dataset in the graph. If these are two databases, settings tell them apart: {rules}"
    )
    return FileDiagnostic.of(other.path, Diagnostic("RL308", "warning", text, other.signature.line))
