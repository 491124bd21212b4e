"""What the splitters find: slices, and in which branches and loops they stand."""

from __future__ import annotations

from typing import Final, NamedTuple

from ray_lineage.model import ANY_LOOP, CATCH, ELSE, ENDING, LOOP, ROLES, THEN, TRY


class Slice(NamedTuple):
    """Tokens ``start:end`` are one statement whose first word is ``verb``; ``owner`` is the index of the header slice
    of the procedure it is in, or -1. Headers have the verb ``HEADER`` and end before the body; what begins a batch of T-SQL
    without a statement word has ``CALLED``, for it is the name of a procedure. ``path`` names the
    branches around it (``StatementFacts.path``). ``fresh``: a block that is in no program, or a batch of T-SQL, ended in front
    of it. ``inside``: it stands in a block, with or without branches."""

    start: int
    end: int
    verb: str
    owner: int = -1
    path: tuple[int, ...] = ()
    fresh: bool = False
    inside: bool = False


class Slices:
    """The statements found so far."""

    def __init__(self) -> None:
        self.slices: list[Slice] = []
        self.fresh = False  # did a block in no program, or a batch, just end?

    def put(
        self, start: int, end: int, verb: str, owner: int, path: tuple[int, ...] = (), inside: bool = False
    ) -> None:
        """One more."""
        self.slices.append(Slice(start, end, verb, owner, path, self.fresh, inside or bool(path)))
        self.fresh = False


_MAX_PATH: Final = 60
BLOCK: Final = -1  # BEGIN ... END


class _Open:
    """A block that is not over. ``started``: its body has begun, which is one statement or a BEGIN block. ``left``: a BREAK or
    CONTINUE in it goes on elsewhere, from wherever it stands. ``ends``: it goes on nowhere. ``first``: the slices before it."""

    __slots__ = ("block", "ends", "first", "left", "role", "started")

    def __init__(self, role: int, block: int, first: int) -> None:
        self.ends = False
        self.first = first
        self.left = False
        self.role = role
        self.block = block
        self.started = role in (BLOCK, TRY, CATCH)


class Flow:
    """Which branches and loops of T-SQL is the statement at hand in? An IF is over when a statement other than ELSE
    follows its one statement or its BEGIN block."""

    def __init__(self, slices: list[Slice], first_block: int) -> None:
        self.slices = slices
        self.blocks = first_block
        self.stack: list[_Open] = []
        self.path: tuple[int, ...] = ()
        self.last_try = 0

    def _renew(self) -> None:
        steps: list[int] = []
        for block in self.stack:
            if block.role == BLOCK:
                continue
            if len(steps) == _MAX_PATH:  # deeper, nothing is known but the outer blocks
                steps.append(ANY_LOOP)
                break
            steps.append(block.block * ROLES + block.role)
        self.path = tuple(steps)

    def clear(self) -> None:
        """A batch begins, or a program, or the end is reached."""
        if self.stack:
            self._drop(0)
            self.path = ()

    def statement(self) -> None:
        """A statement begins (IF, WHILE and BEGIN are statements, too)."""
        stack = self.stack
        if not stack:
            return
        before = at = len(stack)
        while at and stack[at - 1].started and stack[at - 1].role in (THEN, ELSE, LOOP):
            at -= 1
        self._drop(at)
        if stack and not stack[-1].started:
            stack[-1].started = True
        if len(stack) != before:
            self._renew()

    def push(self, role: int) -> None:
        """The body of what was just begun follows."""
        if role == CATCH:
            block = self.last_try
        else:
            self.blocks += 1
            block = self.blocks
        self.stack.append(_Open(role, block, len(self.slices)))
        if role != BLOCK:
            self._renew()

    def otherwise(self) -> None:
        """ELSE: of the innermost IF whose body is complete."""
        stack = self.stack
        at = len(stack) - 1
        while at >= 0 and stack[at].role in (ELSE, LOOP) and stack[at].started:
            at -= 1
        if at >= 0 and stack[at].role == THEN:
            branch = _Open(ELSE, stack[at].block, len(self.slices))
            self._drop(at)
            stack.append(branch)
            self._renew()

    def end(self) -> None:
        """END of the innermost BEGIN."""
        stack = self.stack
        at = len(stack)
        while at and stack[at - 1].role in (THEN, ELSE, LOOP):
            at -= 1
        self._drop(at)
        if stack:
            block = stack[-1]
            if block.role != BLOCK:
                self._drop(len(stack) - 1)
            else:
                stack.pop()
                if stack and block.ends:
                    stack[-1].ends = True
            if block.role == TRY:
                self.last_try = block.block
        self._renew()

    def leave(self) -> None:
        """BREAK, CONTINUE."""
        for opened in reversed(self.stack):
            if opened.role == LOOP:
                opened.left = True
                return

    def ends(self) -> None:
        """RETURN, THROW."""
        if self.stack:
            self.stack[-1].ends = True

    def _drop(self, at: int) -> None:
        """What is open from here on is over."""
        stack = self.stack
        for k in range(len(stack) - 1, at - 1, -1):
            if stack[k].ends and stack[k].role != BLOCK:
                self._insert(k, ENDING)
            if stack[k].left:
                self._insert(k, TRY)
        del stack[at:]

    def _insert(self, k: int, role: int) -> None:
        """One more block in that one, around all of it."""
        self.blocks += 1
        depth = sum(opened.role != BLOCK for opened in self.stack[: k + 1])
        insert_step(self.slices, self.stack[k].first, depth, self.blocks * ROLES + role)


def insert_step(slices: list[Slice], first: int, depth: int, step: int) -> None:
    """One more block around the slices from the ``first`` one on, in so many others."""
    for k in range(first, len(slices)):
        path = slices[k].path
        if len(path) >= depth:
            slices[k] = slices[k]._replace(path=(*path[:depth], step, *path[depth:]))


def drop_step(slices: list[Slice], first: int, depth: int) -> None:
    """Not that block around the slices from the ``first`` one on, which is in so many others."""
    for k in range(first, len(slices)):
        path = slices[k].path
        slices[k] = slices[k]._replace(path=(*path[:depth], *path[depth + 1 :]))
