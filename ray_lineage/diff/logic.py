"""Which statements of changed files say something else, whatever the graph shows of it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ray_lineage.compile.wording import Worded, Wording, difference, is_confined, texts
from ray_lineage.diff.rows import Place
from ray_lineage.model import FileFacts


class Reworded(NamedTuple):
    """A statement of other tokens. ``target`` is empty if it writes no dataset. ``confined``: only values of its own select list
    are others."""

    target: str
    says: str
    place: Place
    confined: bool


class Logic(NamedTuple):
    """``unread``: files in which more changed than statements."""

    statements: tuple[Reworded, ...]
    unread: tuple[str, ...]


class Said(NamedTuple):
    """A changed file on one side. ``targets``: by a statement's number the dataset that it writes."""

    facts: FileFacts
    words: Worded
    targets: Mapping[int, str]


class _Statement(NamedTuple):
    target: str
    kind: str
    words: Wording
    place: Place
    around: tuple[str, ...]
    """What else the file writes, for a statement that writes no dataset itself."""


_LAYOUT = frozenset({";", "GO", "/"})


def unchanged(base: Mapping[str, Said], head: Mapping[str, Said]) -> set[str]:
    """Changed files with the same tokens as before, or as a file had that is gone: comments, white space, moved files."""
    kept = {path for path in base.keys() & head.keys() if _all(base[path]) == _all(head[path])}
    left = Counter(_all(said) for path, said in base.items() if path not in head)
    for path, said in sorted(head.items()):
        if path not in base and left[_all(said)]:
            left[_all(said)] -= 1
            kept.add(path)
    gone = Counter(_all(said) for path, said in head.items() if path in kept and path not in base)
    for path, said in sorted(base.items()):
        if path not in head and gone[_all(said)]:
            gone[_all(said)] -= 1
            kept.add(path)
    return kept


def reworded(base: Mapping[str, Said], head: Mapping[str, Said]) -> Logic:
    """What changed between the two, of files that are not unchanged."""
    found = (*_paired(list(_statements(base)), list(_statements(head))), *_reordered(base, head))
    unread = [p for p in head if _rest(base.get(p)) != _rest(head[p])]
    lost = [p for p in base if p not in head and _rest(base[p])]
    return Logic(found, (*unread, *lost))


def _all(said: Said) -> tuple[str, ...]:
    return tuple(w for w in said.words.whole if w not in _LAYOUT)


def _rest(said: Said | None) -> tuple[str, ...]:
    return tuple(w for w in said.words.rest if w not in _LAYOUT) if said is not None else ()


def _statements(side: Mapping[str, Said]) -> Iterator[_Statement]:
    for path, said in sorted(side.items()):
        around = tuple(sorted(set(said.targets.values())))
        for number, (statement, words) in enumerate(zip(said.facts.statements, said.words.statements, strict=True)):
            target = said.targets.get(number, "")
            place = Place(path, statement.first_line)
            yield _Statement(target, statement.kind.value, words, place, () if target else around)


def _paired(before: list[_Statement], after: list[_Statement]) -> Iterator[Reworded]:
    """Those that both have are left out; the rest in pairs, by what they do to what."""
    left, right = _only(before, after), _only(after, before)
    for key in sorted({*left, *right}):
        old, new = left.get(key, []), right.get(key, [])
        for one, other in zip(old, new, strict=False):
            yield from _said(other, difference(one.words, other.words), is_confined(one.words, other.words))
        for other in new[len(old) :]:
            yield from _said(other, "a statement is new", confined=False)
        for one in old[len(new) :]:
            yield from _said(one, "a statement is gone", confined=False)


def _only(these: list[_Statement], those: list[_Statement]) -> dict[tuple[str, str], list[_Statement]]:
    left = Counter((s.target, s.kind, texts(s.words)) for s in those)
    found: dict[tuple[str, str], list[_Statement]] = {}
    for statement in these:
        key = (statement.target, statement.kind, texts(statement.words))
        if left[key]:
            left[key] -= 1
        else:
            found.setdefault((statement.target, statement.kind), []).append(statement)
    return found


def _said(statement: _Statement, says: str, confined: bool) -> Iterator[Reworded]:
    for target in (statement.target,) if statement.target else statement.around or ("",):
        yield Reworded(target, f"{says} ({statement.kind})", statement.place, confined and bool(statement.target))


def _reordered(base: Mapping[str, Said], head: Mapping[str, Said]) -> Iterator[Reworded]:
    for path in sorted(base.keys() & head.keys()):
        before, after = ([texts(w) for w in side[path].words.statements] for side in (base, head))
        if before != after and Counter(before) == Counter(after):
            for statement in _statements({path: head[path]}):
                if statement.target:
                    yield Reworded(statement.target, "its statements run in another order", statement.place, False)
