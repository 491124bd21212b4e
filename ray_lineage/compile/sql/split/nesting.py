"""Branches and loops whose ends are written: IF ... END IF, CASE ... END CASE, LOOP ... END LOOP, BEGIN ... EXCEPTION ... END."""

from __future__ import annotations

from typing import Final

from ray_lineage.compile.sql.split.flow import Slice, drop_step, insert_step
from ray_lineage.model import ANY_LOOP, CATCH, ELSE, ENDING, LOOP, ROLES, THEN, TRY

IF, CASE, REPEATED, BLOCK, SELECTION = "IF", "CASE", "LOOP", "BEGIN", "$IF"
HANDLER, EXIT_HANDLER = "HANDLER", "EXIT HANDLER"
"""What may be open. A handler is one statement (or block) that may run or not; a selection is made when the text is compiled."""

_ROLES: Final = {IF: THEN, CASE: THEN, REPEATED: LOOP, HANDLER: THEN, EXIT_HANDLER: THEN, SELECTION: THEN}
_MAX_PATH: Final = 60
_NONE: Final = -1


class _Open:
    """What is not over: its steps of the path, which slice it begins with, and how many steps are around it. ``left``:
    something in it may go on behind it, from wherever it stands. ``ends``: the branch at hand, which begins with the slice
    ``branch``, goes on nowhere. ``all_end``: so do those before it. ``exits``: the slices of its handlers after which it is
    left."""

    __slots__ = ("all_end", "branch", "depth", "ends", "exits", "first", "left", "steps", "word")

    def __init__(self, word: str, steps: list[int], first: int, depth: int) -> None:
        self.word = word
        self.steps = steps
        self.first = first
        self.all_end = True
        self.branch = first
        self.depth = depth
        self.ends = False
        self.exits: list[tuple[int, int]] = []
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
        self._next_branch(opened)
        if opened.role() == THEN:
            opened.steps[-1] += ELSE - THEN
        opened.steps.append(self._step(THEN))
        self._renew()

    def otherwise(self) -> None:
        """ELSE."""
        opened = self.stack[-1] if self.stack else None
        if opened is not None and opened.role() == THEN:
            self._next_branch(opened)
            opened.steps[-1] += ELSE - THEN
            self._renew()

    def handlers(self) -> None:
        """EXCEPTION: any statement of its block may have been the last one."""
        opened = self.stack[-1] if self.stack else None
        if opened is None or opened.word != BLOCK or opened.steps:
            return
        self._next_branch(opened)
        tried = self._step(TRY)
        insert_step(self.slices, opened.first, opened.depth, tried)
        opened.steps = [tried + CATCH - TRY]
        self._renew()

    def _next_branch(self, opened: _Open) -> None:
        """The branch at hand is over, and another one may begin."""
        if opened.ends:
            insert_step(self.slices, opened.branch, opened.depth + len(opened.steps), self._step(ENDING))
        opened.all_end = opened.all_end and (opened.ends or opened.role() == CATCH)
        opened.ends, opened.branch = False, len(self.slices)

    def end(self, *, returns: bool) -> None:
        """RETURN, RAISE: the innermost branch goes on nowhere. Who ``returns`` gives what OUT parameters hold there, which is
        read where the routine's own block ends."""
        if len(self.stack) > 1:
            self.stack[-1].ends = True
            self.stack[0].left = self.stack[0].left or (returns and self.stack[0].word == BLOCK)

    def leave(self, *, far: bool) -> None:
        """EXIT, CONTINUE: of the innermost loop; ``far``: of any loop or block."""
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
        for inner in reversed(self.stack[at:]):
            self._close(inner)
        del self.stack[at:]
        if opened.left and opened.role() != CATCH:
            insert_step(self.slices, opened.first, opened.depth + len(opened.steps), self._step(TRY))
        self._renew()
        self.done()

    def _close(self, opened: _Open) -> None:
        """A branch that ends ends, and a block without branches its branch around it."""
        first, ends = opened.branch, opened.ends
        if opened.steps:
            self._next_branch(opened)
            handles = opened.steps[0] % ROLES == CATCH
            if handles and opened.role() == THEN:  # one of the handlers runs, or it is raised again
                drop_step(self.slices, first, opened.depth + len(opened.steps) - 1)
            ends = opened.all_end and (handles or opened.role() == ELSE)
        elif opened.exits:
            self._run_exits(opened)
            ends = False
        if ends and opened is not self.stack[0]:
            self.stack[self.stack.index(opened) - 1].ends = True

    def _run_exits(self, opened: _Open) -> None:
        """Handlers stand before what they handle: they run after any statement of their block, which they end."""
        slices, tried = self.slices, self._step(TRY)
        handlers = [slices[first:end] for first, end in opened.exits]
        for first, end in reversed(opened.exits):
            del slices[first:end]
        self._next_branch(opened)
        insert_step(slices, opened.first, opened.depth, tried)
        after = len(slices)
        for found in handlers:
            last = len(slices)
            slices.extend(found)
        insert_step(slices, after, opened.depth, tried + CATCH - TRY)
        drop_step(slices, last, opened.depth + 1)

    def done(self) -> None:
        """A statement or block ended, and with it a handler that it is all of."""
        if not self.stack or self.stack[-1].word not in (HANDLER, EXIT_HANDLER):
            return
        handler = self.stack.pop()
        found = self.slices[handler.first :]
        if handler.word == EXIT_HANDLER and self.inside(BLOCK) and not any(s.fresh for s in found):
            self.stack[-1].exits.append((handler.first, len(self.slices)))
        self._renew()

    def inside(self, word: str) -> bool:
        """Is this the innermost one?"""
        return bool(self.stack) and self.stack[-1].word == word

    def clear(self) -> None:
        """A routine begins or ends."""
        if self.stack:
            self.stack.clear()
            self.path = ()
