"""What git's ignore rules say about a path, in time that is linear in their number, whatever a repository writes there.

The syntax is pathspec's affair, matching re2's. One automaton for all patterns is fast for names and suffixes; it does not
take thousands at once, and patterns that have to remember what they saw (``*a*b*``) blow it up. So patterns are compiled in
slices, and where a file has many of that kind, each stands alone and is asked only about paths that contain its text.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

_MAX_BYTES: Final = 1_000_000  # that are read of an ignore file
_MAX_RULES: Final = 50_000
_MAX_LENGTH: Final = 1_000  # characters of a pattern
_SLICE: Final = 250  # patterns
_MEMORY: Final = 4 * 2**20  # bytes, of one slice's automaton
_FEW_GLOBS: Final = 32
_MAX_GLOBS: Final = 10_000
_STARS: Final = re.compile(r"\*+")
_TEXT: Final = re.compile(r"[\w.-]+")


class _Rule(NamedTuple):
    number: int
    line: str
    regex: str


class _Glob(NamedTuple):
    """``text`` is in every path that the pattern matches."""

    number: int
    text: str
    pattern: Any


class _Slice(NamedTuple):
    numbers: tuple[int, ...]
    patterns: Any


class IgnoreRules:
    """The patterns of one ignore file, matched below its folder. ``problems`` names those that are left out."""

    __slots__ = ("_globs", "_prefix", "_slices", "_taken_in", "folder", "problems")

    def __init__(self, lines: Sequence[str], folder: str, problems: tuple[str, ...] = ()) -> None:
        self.folder = folder
        self.problems = problems
        self._prefix = folder + "/" if folder else ""
        self._taken_in: frozenset[int] = frozenset()
        self._slices: list[_Slice] = []  # last first, as are
        self._globs: list[_Glob] = []
        wanted = [line for line in lines if line.strip(" \t!/") and not line.startswith("#")]
        if wanted:
            self._compile(wanted)

    def __bool__(self) -> bool:
        return bool(self._slices or self._globs or self.problems)

    def _compile(self, wanted: list[str]) -> None:
        if len(wanted) > _MAX_RULES:
            self._tell(f"only its first {_MAX_RULES:,} patterns are used ({len(wanted):,} are there)")
        rules = self._read(wanted[:_MAX_RULES])
        globs = [rule for rule in rules if len(_STARS.findall(rule.line)) > 1]
        if len(globs) <= _FEW_GLOBS:
            globs = []
        if len(globs) > _MAX_GLOBS:
            self._tell(f"only {_MAX_GLOBS:,} patterns with several stars are used ({len(globs):,} are there)")
        alone = {rule.number for rule in globs}
        others = [rule for rule in rules if rule.number not in alone]
        for start in range(0, len(others), _SLICE):
            self._add_slice(others[start : start + _SLICE])
        for rule in globs[:_MAX_GLOBS]:
            self._add_glob(rule)
        self._slices.reverse()
        self._globs.reverse()

    def _read(self, lines: Sequence[str]) -> list[_Rule]:
        from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

        rules: list[_Rule] = []
        taken_in: set[int] = set()
        for number, line in enumerate(lines):
            if len(line) > _MAX_LENGTH:
                self._leave_out(line, f"is longer than {_MAX_LENGTH:,} characters")
                continue
            try:
                regex, ignored = GitIgnoreSpecPattern.pattern_to_regex(_as_git(line))
            except ValueError:
                self._leave_out(line, "cannot be read")
                continue
            if regex is None:  # it can match nothing
                continue
            rules.append(_Rule(number, line, _whole(str(regex))))
            if not ignored:
                taken_in.add(number)
        self._taken_in = frozenset(taken_in)
        return rules

    def _add_slice(self, rules: Sequence[_Rule]) -> None:
        """As one automaton, or in halves if that would be too large."""
        import re2

        patterns = re2.Set.SearchSet(_options())
        try:
            for rule in rules:
                patterns.Add(rule.regex)
            patterns.Compile()
        except re2.error:
            if len(rules) == 1:
                self._leave_out(rules[0].line, "cannot be read")
                return
            middle = len(rules) // 2
            self._add_slice(rules[:middle])
            self._add_slice(rules[middle:])
            return
        self._slices.append(_Slice(tuple(rule.number for rule in rules), patterns))

    def _add_glob(self, rule: _Rule) -> None:
        import re2

        try:
            self._globs.append(_Glob(rule.number, _text_of(rule.line), re2.compile(rule.regex, _options())))
        except re2.error:
            self._leave_out(rule.line, "cannot be read")

    def _leave_out(self, line: str, why: str) -> None:
        self._tell(f"the ignore pattern {line[:80]!r} {why} and is left out")

    def _tell(self, problem: str) -> None:
        self.problems += (problem,)

    def decides(self, path: str) -> bool | None:
        """True: ignored, False: taken in again, None: says nothing. A folder's path ends with a slash.

        Only the path itself is asked about: whoever walks down has asked about each folder above it.
        """
        if not (self._slices or self._globs):
            return None
        inside = path[len(self._prefix) :]
        if not inside.isprintable():  # undecodable bytes: the engine takes text only
            inside = inside.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        last = self._last_of_globs(inside, self._last_of_slices(inside))
        return None if last < 0 else last not in self._taken_in

    def _last_of_slices(self, path: str) -> int:
        for part in self._slices:
            found: list[int] = part.patterns.Match(path)
            if found:
                return max(part.numbers[n] for n in found)
        return -1

    def _last_of_globs(self, path: str, known: int) -> int:
        for glob in self._globs:
            if glob.number < known:
                break
            if glob.text in path and glob.pattern.search(path):
                return glob.number
        return known


def read_ignore_file(path: str, folder: str) -> IgnoreRules:
    """The rules of a file that holds in ``folder``; one that cannot be read says nothing but that."""
    try:
        with open(path, encoding="utf-8-sig", errors="replace") as file:
            text = file.read(_MAX_BYTES + 1)
    except OSError as error:
        problem = f"{os.path.basename(path)} cannot be read ({error.strerror}): nothing is ignored by it"
        return IgnoreRules((), folder, (problem,))
    if len(text) <= _MAX_BYTES:
        return IgnoreRules(text.splitlines(), folder)
    problem = f"{os.path.basename(path)} is longer than {_MAX_BYTES:,} characters: what follows is not used"
    return IgnoreRules(text[:_MAX_BYTES].splitlines()[:-1], folder, (problem,))


def _as_git(pattern: str) -> str:
    """``a/**/`` means folders below a to git, but everything below a to pathspec."""
    return pattern + "*/" if pattern.rstrip().endswith("/**/") and pattern.strip("!/*") else pattern


def _whole(regex: str) -> str:
    """pathspec's expressions match all that is below a folder, too; these match the path itself, as git's do."""
    return f"(?:{regex}{'.+' if regex.endswith('/') else ''})$"


def _text_of(pattern: str) -> str:
    """The longest text that a path must contain to match; empty where that is not plain to see."""
    if "[" in pattern or "\\" in pattern:
        return ""
    return max(_TEXT.findall(pattern), key=len, default="")


def _options() -> Any:
    import re2

    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    options.dot_nl = True
    options.max_mem = _MEMORY
    return options
