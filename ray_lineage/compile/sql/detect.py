"""Which dialect is a text in? Cheap evidence, for files that no configuration speaks for.

Words, pairs of words and a few shapes speak for an engine with a weight (its file of ``engines`` says which). Nothing is certain
that one weak sign says: the confidence is the best dialect's share against the next one's and a little doubt.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Final, NamedTuple

from ray_lineage.compile.sql.engines import ENGINES

_PROSE: Final = re.compile(r"--[^\n]*|/\*(?:[^*]|\*(?!/)){0,4000}\*/|(')[^'\n]{0,200}'")
"""Comments and what is in strings prove nothing."""

_TEMPLATE: Final = re.compile(r"\{\{.{0,4000}?\}\}|\{%.{0,4000}?%\}|\{#.{0,4000}?#\}", re.DOTALL)
"""What a template does says nothing of the engine either."""

_WORD: Final = re.compile(r"[a-z_][\w$]*")
_SAMPLE: Final = 20_000  # characters
_MANY: Final = 4
"""One sign more often than this says nothing more."""

_DOUBT: Final = 2


Votes = tuple[tuple[str, int], ...]


class _Pattern(NamedTuple):
    """A shape, for all engines that it speaks for."""

    votes: Votes
    need: list[str]
    pattern: re.Pattern[str]


def _read_signs() -> dict[str, Votes]:
    out: dict[str, list[tuple[str, int]]] = {}
    for engine in ENGINES:
        for line in engine.signs.strip().splitlines():
            weight, _, words = line.partition(":")
            for word in words.split():
                out.setdefault(word, []).append((engine.name, int(weight)))
    return {word: tuple(votes) for word, votes in out.items()}


def _read_shapes(*, raw: bool) -> list[_Pattern]:
    votes: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for engine in ENGINES:
        for shape in engine.shapes:
            if shape.raw is raw:
                votes.setdefault((shape.need, shape.pattern), []).append((engine.name, shape.weight))
    return [_Pattern(tuple(v), need.split(), re.compile(p, re.MULTILINE)) for (need, p), v in votes.items()]


_WORDS: Final = _read_signs()
_SHAPES: Final = _read_shapes(raw=False)
_RAW: Final = _read_shapes(raw=True)
_ORDER: Final = {engine.name: k for k, engine in enumerate(ENGINES)}
"""Of two dialects with the same evidence the one in front is meant."""

_KIN: Final = {engine.name: engine.kin or engine.name for engine in ENGINES}


def detect(text: str) -> tuple[str, float]:
    """``(dialect, confidence 0..1)``; ``("", 0.0)`` without evidence, which means sqlglot's superset of dialects."""
    return best_of(evidence(text))


def evidence(text: str) -> dict[str, int]:
    """What speaks for each dialect, the best one first; those of which more speaks against them than for them are left out."""
    raw = text[:_SAMPLE]
    if "{" in raw:
        raw = _TEMPLATE.sub(" ", raw)
    sample = _PROSE.sub(r"\1\1", raw)
    scores: dict[str, int] = {}
    small = sample.lower()
    words = _WORD.findall(small)
    known = _WORDS
    counts: Counter[str] = Counter(w for w in words if w in known)
    counts.update(p for p in map("|".join, pairwise(words)) if p in known)
    for word, count in counts.items():
        _vote(scores, known[word], min(count, _MANY))
    _shapes(scores, _SHAPES, small)
    _shapes(scores, _RAW, raw)
    return {d: scores[d] for d in sorted(scores, key=lambda d: (-scores[d], _ORDER[d])) if scores[d] > 0}


def best_of(scores: Mapping[str, int]) -> tuple[str, float]:
    """As :func:`detect`, of what speaks for each."""
    if not scores:
        return "", 0.0
    best, *others = scores
    second = next((scores[d] for d in others if _KIN[d] != _KIN[best]), 0)
    return best, scores[best] / (scores[best] + second + _DOUBT)


def _vote(scores: dict[str, int], votes: Votes, times: int) -> None:
    for dialect, weight in votes:
        scores[dialect] = scores.get(dialect, 0) + weight * times


def _shapes(scores: dict[str, int], shapes: Iterable[_Pattern], text: str) -> None:
    for votes, need, pattern in shapes:
        for word in need:  # some fifty of every text: a generator would take as long as the search
            if word in text:
                break
        else:
            continue
        hits = 0
        for hits, _ in enumerate(pattern.finditer(text), 1):
            if hits >= _MANY:
                break
        if hits:
            _vote(scores, votes, hits)
