"""Which of many words a text has, found in one pass over it: to look for one after another takes as long as to parse a short text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Lowered(NamedTuple):
    """A text in small letters, and which words of those that its engine looks for are in it, as parts of longer ones, too."""

    text: str
    words: frozenset[str]


class Words:
    """Words, which may have any characters, or re2's ``patterns``, to be looked for together."""

    def __init__(self, words: Iterable[str], *, patterns: bool = False) -> None:
        import re2

        self._words = tuple(dict.fromkeys(words))
        self._set = re2.Set.SearchSet(re2.Options())
        for word in self._words:
            self._set.Add(word if patterns else re2.escape(word))
        self._set.Compile()

    def within(self, text: str) -> frozenset[str]:
        """Those that are in a text."""
        words = self._words
        found = self._set.Match(text.encode("utf-8", "replace"))  # a string in Python may hold halves of characters
        return frozenset([words[k] for k in found]) if found else frozenset()
