"""Names: which dataset does a written one mean, among all that are known? Which columns does a pattern mean?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from typing import Final

from ray_lineage.model import STAR, Name, Output

_LOCAL: Final = 3
"""Parts of a name on this server: a fourth one is another server, whose tables no shorter name means."""

_DEFAULT_SCHEMAS: Final = frozenset({"dbo", "public", "main", "default"})


class NameIndex:
    """All known dataset names, counted: how many files mention each, and how many declare it.

    :meth:`resolve` depends only on the names that end in the same part, so a change of one name can only change how
    names with that last part resolve: ``touched`` collects those last parts.
    """

    def __init__(self) -> None:
        self._mentions: dict[Name, int] = {}
        self._declared: dict[Name, int] = {}
        self._distinct: dict[Name, dict[Name, int]] = {}
        self._by_last: dict[str, set[Name]] = {}
        self._resolved: dict[Name, tuple[Name, bool]] = {}
        self.touched: set[str] = set()

    def add(self, name: Name, *, declared: bool) -> None:
        """One more file mentions (declares) the name."""
        counts = self._declared if declared else self._mentions
        counts[name] = counts.get(name, 0) + 1
        if counts[name] == 1:
            self._by_last.setdefault(name[-1], set()).add(name)
            self._touch(name[-1])

    def discard(self, name: Name, *, declared: bool) -> None:
        """One file fewer mentions (declares) the name."""
        counts = self._declared if declared else self._mentions
        counts[name] -= 1
        if counts[name]:
            return
        del counts[name]
        if name not in self._declared and name not in self._mentions:
            group = self._by_last[name[-1]]
            group.discard(name)
            if not group:
                del self._by_last[name[-1]]
        self._touch(name[-1])

    def __len__(self) -> int:
        """How many names are mentioned, and how many declared."""
        return len(self._mentions) + len(self._declared)

    def __iter__(self) -> Iterator[Name]:
        """All names that a file mentions or declares."""
        return chain.from_iterable(self._by_last.values())

    def __contains__(self, name: Name) -> bool:
        """Does a file mention or declare it?"""
        return name in self._mentions or name in self._declared

    def tell_apart(self, short: Name, long: Name) -> None:
        """One more file shows that the two names are two datasets."""
        counts = self._distinct.setdefault(short, {})
        counts[long] = counts.get(long, 0) + 1
        if counts[long] == 1:
            self._touch(short[-1])

    def confuse(self, short: Name, long: Name) -> None:
        """One file fewer shows it."""
        counts = self._distinct[short]
        counts[long] -= 1
        if not counts[long]:
            del counts[long]
            if not counts:
                del self._distinct[short]
            self._touch(short[-1])

    def _touch(self, last: str) -> None:
        self.touched.add(last)
        if not self._resolved:
            return
        for name in self._by_last.get(last, ()):
            self._resolved.pop(name, None)

    def ending_in(self, last: str) -> set[Name]:
        """All known names with this last part."""
        return self._by_last.get(last, set())

    def settle(self) -> set[str]:
        """Last parts touched since the previous call; resolutions are computed anew for them."""
        touched, self.touched = self.touched, set()
        if touched:
            self._resolved = {n: r for n, r in self._resolved.items() if n[-1] not in touched}
        return touched

    def resolve(self, name: Name) -> tuple[Name, bool]:
        """``(dataset, ambiguous)``. A name with fewer parts means the one known dataset whose trailing parts match.

        Those that some statement copies to or from it do not count (``tell_apart``). A name that is itself declared stays, unless its longer form is in the engine's default schema. Several matches:
        the one in a default schema if there is just one, else the name as written, ambiguous.
        """
        found = self._resolved.get(name)
        if found is None:
            found = self._resolve(name)
            self._resolved[name] = found
        return found

    def _resolve(self, name: Name) -> tuple[Name, bool]:
        n = len(name)
        others = self._distinct.get(name, ())
        longer = [
            c
            for c in self._by_last.get(name[-1], ())
            if n < len(c) <= _LOCAL and c[-n:] == name and not any(c[-len(o) :] == o for o in others)
        ]
        if not longer:
            return name, False
        declared = [c for c in longer if c in self._declared]
        candidates = {self.resolve(c)[0] for c in declared or longer}
        in_default = {c for c in candidates if c[-2] in _DEFAULT_SCHEMAS} if n == 1 else set()
        if name in self._declared:
            return (next(iter(in_default)), False) if len(in_default) == 1 and len(candidates) == 1 else (name, False)
        if len(candidates) == 1:
            return next(iter(candidates)), False
        if len(in_default) == 1:
            return next(iter(in_default)), False
        return name, True


_REPEATS: Final = re.compile(r"[*+{]")
_MANY_REPEATS: Final = 5
"""A regular expression with more of them, or with one of a group, may try a name in more ways than there is time for."""


def like(name: str, pattern: str) -> bool:
    """``name ILIKE pattern``; after ``~`` it is a regular expression. What cannot be tried may be meant: True."""
    if pattern.startswith("~"):
        pattern = pattern[1:]
        if re.search(r"\)[*+{]", pattern) or len(_REPEATS.findall(pattern)) > _MANY_REPEATS:
            return True
        try:
            return re.search(pattern, name) is not None
        except re.error:
            return True
    first, *rest = ("".join("." if c == "_" else re.escape(c) for c in part) for part in pattern.split("%"))
    for number, part in enumerate(rest, 1):  # what lies between two % is sought once, from where the last one ended
        first += f".*{part}" if number == len(rest) else f"(?>.*?{part})"
    return re.fullmatch(first, name, re.IGNORECASE | re.DOTALL) is not None


def renamed_by(star: Output, name: str | None) -> str | None:
    """What a star calls a column: RENAME says so for one, and ``f(*)`` for all others."""
    if not star.renamed or not name or name == STAR:
        return name
    return star.renamed.get(name) or star.renamed.get(STAR, STAR).replace(STAR, name)
