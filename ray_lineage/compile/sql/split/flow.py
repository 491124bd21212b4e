"""What the splitters find: slices, and in which branches and loops they stand."""

from __future__ import annotations

from typing import Final, NamedTuple

from ray_lineage.model import ANY_LOOP, CATCH, ELSE, LOOP, ROLES, THEN, TRY


class Slice(NamedTuple):
    """Tokens ``start:end`` are one statement whose first word is ``verb``; ``owner`` is the index of the header slice
    of the procedure it is in, or -1. Headers have the verb ``HEADER`` and end before the body; what begins a batch of T-SQL
    without a statement word has ``CALLED``, for it is the name of a procedure. ``path`` names the
    branches around it (``StatementFacts.path``). ``fresh``: a block that is in no program, or a batch of T-SQL, ended in front
    of it."""

    start: int
    end: int
    verb: str
    owner: int = -1
    path: tuple[int, ...] = ()
    fresh: bool = False


class Slices:
    """The statements found so far."""

    def __init__(self) -> None:
        self.slices: list[Slice] = []
        self.fresh = False  # did a block in no program, or a batch, just end?

    def put(self, start: int, end: int, verb: str, owner: int, path: tuple[int, ...] = ()) -> None:
        """One more."""
        self.slices.append(Slice(start, end, verb, owner, path, self.fresh))
        self.fresh = False


_MAX_PATH: Final = 60
BLOCK: Final = -1  # BEGIN ... END


class _Open:
    """A block that is not over. ``started``: its body has begun, which is one statement or a BEGIN block."""

    __slots__ = ("block", "role", "started")

    def __init__(self, role: int, block: int) -> None:
        self.role = role
        self.block = block
        self.started = role in (BLOCK, TRY, CATCH)


class Flow:
    """Which branches and loops of T-SQL is the statement at hand in? An IF is over when a statement other than ELSE
    follows its one statement or its BEGIN block."""

    def __init__(self, first_block: int) -> None:
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
        """A batch begins."""
        if self.stack:
            self.stack.clear()
            self.path = ()

    def statement(self) -> None:
        """A statement begins (IF, WHILE and BEGIN are statements, too)."""
        stack = self.stack
        if not stack:
            return
        before = len(stack)
        while stack and stack[-1].started and stack[-1].role in (THEN, ELSE, LOOP):
            stack.pop()
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
        self.stack.append(_Open(role, block))
        if role != BLOCK:
            self._renew()

    def otherwise(self) -> None:
        """ELSE: of the innermost IF whose body is complete."""
        stack = self.stack
        at = len(stack) - 1
        while at >= 0 and stack[at].role in (ELSE, LOOP) and stack[at].started:
            at -= 1
        if at >= 0 and stack[at].role == THEN:
            branch = _Open(ELSE, stack[at].block)
            del stack[at:]
            stack.append(branch)
            self._renew()

    def end(self) -> None:
        """END of the innermost BEGIN."""
        stack = self.stack
        while stack and stack[-1].role in (THEN, ELSE, LOOP):
            stack.pop()
        if stack:
            block = stack.pop()
            if block.role == TRY:
                self.last_try = block.block
        self._renew()
