"""Branches and loops whose ends are written: IF ... END IF, CASE ... END CASE, LOOP ... END LOOP, BEGIN ... EXCEPTION ... END."""

from __future__ import annotations

from typing import Final

from ray_lineage.compile.sql.split.flow import Slice, insert_step
from ray_lineage.model import ANY_LOOP, CATCH, ELSE, LOOP, ROLES, THEN, TRY

IF, CASE, REPEATED, BLOCK, HANDLER, SELECTION = "IF", "CASE", "LOOP", "BEGIN", "HANDLER", "$IF"
"""What may be open. A handler is one statement (or block) that may run or not; a selection is made when the text is compiled."""

_ROLES: Final = {IF: THEN, CASE: THEN, REPEATED: LOOP, HANDLER: THEN, SELECTION: THEN}
_MAX_PATH: Final = 60
_NONE: Final = -1


class _Open:
    """What is not over: its steps of the path, which slice it begins with, and how many steps are around it. ``left``:
    something in it may go on behind it, from wherever it stands."""

    __slots__ = ("depth", "first", "left", "steps", "word")

    def __init__(self, word: str, steps: list[int], first: int, depth: int) -> None:
        self.word = word
        self.steps = steps
        self.first = first
        self.depth = depth
        self.left = False

    def role(self) -> int:
        return self.steps[-1] % ROLES if self.steps else _NONE


class Nesting:
    """Which branches and loops is the statement at hand in? ``path`` says it as ``StatementFacts`` does."""

    def __init__(self, slices: list[Slice], first_block: int) -> None:
        self.slices = slices
        self.blocks = first_block
        self.stack: list[_Open] = []
        self.path: tuple[int, ...] = ()

    def _step(self, role: int) -> int:
        self.blocks += 1
        return self.blocks * ROLES + role

    def _renew(self) -> None:
        steps = [step for opened in self.stack for step in opened.steps]
        if len(steps) > _MAX_PATH:  # deeper, nothing is known but the outer blocks
            steps[_MAX_PATH:] = [ANY_LOOP]
        self.path = tuple(steps)

    def open(self, word: str) -> None:
        """The first branch, the body of a loop, or a block begins."""
        steps = [self._step(_ROLES[word])] if word in _ROLES else []
        depth = sum(len(opened.steps) for opened in self.stack)
        self.stack.append(_Open(word, steps, len(self.slices), depth))
        self._renew()

    def branch(self) -> None:
        """ELSIF, the next WHEN of CASE or of EXCEPTION: in the ELSE of what was before."""
        opened = self.stack[-1] if self.stack else None
        if opened is None or opened.role() not in (THEN, CATCH):
            return
        if opened.role() == THEN:
            opened.steps[-1] += ELSE - THEN
        opened.steps.append(self._step(THEN))
        self._renew()

    def otherwise(self) -> None:
        """ELSE."""
        opened = self.stack[-1] if self.stack else None
        if opened is not None and opened.role() == THEN:
            opened.steps[-1] += ELSE - THEN
            self._renew()

    def handlers(self) -> None:
        """EXCEPTION: any statement of its block may have been the last one."""
        opened = self.stack[-1] if self.stack else None
        if opened is None or opened.word != BLOCK or opened.steps:
            return
        tried = self._step(TRY)
        insert_step(self.slices, opened.first, opened.depth, tried)
        opened.steps = [tried + CATCH - TRY]
        self._renew()

    def leave(self, *, far: bool) -> None:
        """EXIT, CONTINUE: of the innermost loop; ``far``: of any loop or block, or of all of the routine."""
        if far:
            for opened in self.stack:
                opened.left = opened.word in (REPEATED, BLOCK)
            return
        for opened in reversed(self.stack):
            if opened.word == REPEATED:
                opened.left = True
                return

    def close(self, word: str) -> None:
        """END of the innermost one, and of what has no end in it."""
        at = next((k for k in range(len(self.stack) - 1, -1, -1) if self.stack[k].word == word), _NONE)
        if at < 0:
            return
        opened = self.stack[at]
        del self.stack[at:]
        if opened.left and opened.role() != CATCH:
            insert_step(self.slices, opened.first, opened.depth + len(opened.steps), self._step(TRY))
        self._renew()
        self.done()

    def done(self) -> None:
        """A statement or block ended, and with it a handler that it is all of."""
        if self.stack and self.stack[-1].word == HANDLER:
            self.stack.pop()
            self._renew()

    def inside(self, word: str) -> bool:
        """Is this the innermost one?"""
        return bool(self.stack) and self.stack[-1].word == word

    def clear(self) -> None:
        """A routine begins or ends."""
        if self.stack:
            self.stack.clear()
            self.path = ()
