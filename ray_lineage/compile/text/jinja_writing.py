"""A template's structure and values -> SQL of the same lines: blocks, loops, and the text of each choice of arms."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from jinja2 import nodes

from ray_lineage.compile.text.jinja_calls import MAX_GROWTH
from ray_lineage.compile.text.jinja_output import Output, flattened, in_name
from ray_lineage.compile.text.jinja_run import Run
from ray_lineage.compile.text.jinja_shows import Shows
from ray_lineage.compile.text.jinja_structure import Block, Do, Item, Show, Text
from ray_lineage.compile.text.jinja_values import MAX_ITEMS, MAX_VALUE, UNKNOWN, Unknown, dotted, sequence, unknown
from ray_lineage.compile.text.placeholders import Scan

MAX_VARIANTS: Final = 8
Place = tuple[str, int]
"""A block: the macro it is in (empty: none), and where it begins."""
Choice = dict[Place | str, int]
"""The arms of blocks, and whether conditions hold."""


def all_texts(run: Run) -> tuple[str, list[str]]:
    """The text of a template, and other ones with another arm of some block chosen."""
    base, asked = _text(run, {})
    texts = {base: None}
    queue = list(asked)
    seen = {frozenset(choice.items()) for choice in queue}
    tried = 0
    while queue and len(texts) <= MAX_VARIANTS and tried < 2 * MAX_VARIANTS:
        tried += 1
        text, more = _text(run, queue.pop(0))
        texts[text] = None
        for choice in more:
            if (key := frozenset(choice.items())) not in seen:
                seen.add(key)
                queue.append(choice)
    if queue:
        what = f"more than {MAX_VARIANTS} alternatives of `if`: the first were read"
        run.note("RL123", "info", what, 0)
    return base, list(texts)[1:]


def _text(run: Run, choice: Choice) -> tuple[str, list[Choice]]:
    """The whole text with this choice, and the choices of single other arms or conditions it met."""
    writing = _Writing(run, choice)
    writing.items(run.reader.items, writing.out)
    out = writing.out
    missing = run.source.count("\n") + 1 - out.line
    return out.text() + "\n" * missing, writing.asked


class _Writing(Shows):
    """One pass over the tree with one choice of arms."""

    def __init__(self, run: Run, choice: Choice) -> None:
        super().__init__(run)
        self.choice = choice
        self.asked: list[Choice] = []
        self.holds: dict[str, bool] = {}
        """What was taken for true or false of conditions that nobody knows, and that are the same in all of the template."""
        self.out = Output()

    def items(self, items: Sequence[Item], out: Output) -> None:
        reader = self.reader
        for item in items:
            self.steps -= 1
            if not self.calls:
                self.at = item.start if not isinstance(item, Do) else self.at
            if isinstance(item, Text):
                out.literal(reader.text[item.start : item.end], reader.line(item.start), reader.column(item.start))
            elif isinstance(item, Show):
                self.show(item, out)
            elif isinstance(item, Do):
                self._do(item)
            elif item.kind == "if":
                self._if(item, out)
            elif item.kind == "for":
                self._for(item, out)
            elif item.kind == "set":
                self._set(item, out)

    def _do(self, item: Do) -> None:
        if item.target is not None:
            self.assign(item.target, item.node, self.possible > 0)
        elif self.calls and isinstance(item.node, nodes.Call) and dotted(item.node) == "return":
            self.give_back(item.node)
        else:
            self.append(item.node)
            self.note_refs(item.node)

    def _mark(self, block: Block, arms: Iterable[int]) -> None:
        reader = self.reader
        if self.calls:
            return
        for arm in arms:
            start, end = block.spans[arm]
            text = reader.text[start:end]
            if re.search(r"\w", text):
                first = start + len(text) - len(text.lstrip())
                self.run.branches.add((reader.line(first), reader.line(start + len(text.rstrip()) - 1)))

    def _if(self, block: Block, out: Output) -> None:
        open_arms: list[int] = []
        unknown_conditions: list[tuple[int, nodes.Node]] = []
        taken: object = None
        decided = True
        for at, (condition, _) in enumerate(block.arms):
            is_last = at == len(block.arms) - 1
            taken = True if condition is None and block.has_else and is_last else self._taken(condition)
            if taken is None:
                decided = False
                taken = self._assumed(condition, is_last)
                if taken is None and condition is not None:
                    unknown_conditions.append((at, condition))
            if taken is None or taken:
                open_arms.append(at)
            if taken:
                break
        decided = decided and bool(taken)
        if not open_arms or (not decided and not taken and self.calls and _returns(block)):
            return
        arm = open_arms[0] if decided else self._chosen(block, open_arms)
        if not decided:
            self._mark(block, open_arms)
        for at, condition in unknown_conditions:
            if at <= arm:
                self._assume(condition, at == arm)
        self.possible += not decided
        self.items(block.arms[arm][1], out)
        self.possible -= not decided

    def _taken(self, condition: nodes.Node | None) -> object:
        """None: nobody knows."""
        self.soft = False
        try:
            found = self.known(condition)
        except Unknown:
            return None
        return None if self.soft and not self.naming else bool(found)

    def _assumed(self, condition: nodes.Node | None, is_last: bool) -> bool | None:
        """What was taken for true of a condition or its contrary before. What is left out for that is for another text."""
        said, negated = self._said(condition)
        holds = self.choice.get(said, self.holds.get(said))
        if holds is None:
            return None
        taken = bool(holds) != negated
        if not (taken and is_last) and said not in self.choice:
            self._ask(said, not holds)
        return taken

    def _assume(self, condition: nodes.Node, holds: bool) -> None:
        said, negated = self._said(condition)
        if said:
            self.holds[said] = holds != negated

    def _said(self, condition: nodes.Node | None) -> tuple[str, bool]:
        """A condition, and whether it is its contrary that is asked; empty: it may be another one each time, as what it is about
        is bound in the template."""
        negated = False
        while isinstance(condition, nodes.Not):
            condition, negated = condition.node, not negated
        if condition is None or isinstance(condition, nodes.Name):
            names = [condition.name] if condition is not None else []
        else:
            names = [name.name for name in condition.find_all(nodes.Name)]
        if not names or any(map(self.is_bound, names)):
            return "", False
        return repr(condition), negated

    def _chosen(self, block: Block, arms: Sequence[int]) -> int:
        place = (self.calls[-1] if self.calls else "", block.start)
        arm = self.choice.get(place, -1)
        if arm in arms:
            return arm
        if place not in self.choice:
            for other in arms[1:]:
                self._ask(place, other)
        return arms[0]

    def _ask(self, of: Place | str, choice: int) -> None:
        other = {**self.choice, of: choice}
        if len(self.asked) <= MAX_VARIANTS and other not in self.asked:
            self.asked.append(other)

    def _for(self, block: Block, out: Output) -> None:
        head = block.arms[0][0]
        target, values = self._iteration(head)
        possible = values is None or self.soft
        if values is None and self.calls and _writes(self.reader.text, block):
            raise Unknown
        if possible:
            self._mark(block, range(len(block.arms)))
        if values == []:
            if block.has_else:
                self.items(block.arms[-1][1], out)
            return
        body = block.arms[0][1]
        self.possible += possible
        count = len(values) if values else 1
        for at in range(count):
            value = values[at] if values else UNKNOWN
            if at and (self.steps < 0 or not self._fits(block, 0)):
                break
            self._scope(target, value, at, count, values is not None)
            if at == 0:
                self.items(body, out)
            elif not self._repeat(block, body, out):
                at = count
            self.scopes.pop()
            if at == count:
                break
        self.possible -= possible

    def _iteration(self, head: nodes.Node | None) -> tuple[nodes.Node | None, list[object] | None]:
        self.soft = False
        if not isinstance(head, nodes.For):
            return None, None
        try:
            values = self.known(head.iter) if head.test is None and not head.recursive else unknown()
            items = sequence(values)
            if len(items) > MAX_ITEMS:
                self.run.note("RL124", "info", f"a loop over more than {MAX_ITEMS} items was read once", 0)
                return head.target, None
            return head.target, items
        except Unknown:
            return head.target, None

    def _scope(self, target: nodes.Node | None, value: object, at: int, count: int, known: bool) -> None:
        loop = {"first": at == 0, "last": at == count - 1, "index": at + 1, "index0": at}
        if known:
            loop |= {"length": count, "revindex": count - at, "revindex0": count - at - 1}
        self.scopes.append({"loop": (loop, False)})
        self.bind(target, value, False)

    def _fits(self, block: Block, size: int) -> bool:
        self.growth += size
        if self.growth <= MAX_GROWTH:
            return True
        self.run.note("RL124", "info", "loops make this file too long: the rest of them was left out", block.start)
        return False

    def _repeat(self, block: Block, body: Sequence[Item], out: Output) -> bool:
        """One more round of a loop, on the line where the loop ends."""
        if out.scan.state == "--":
            return False
        flat = Output(flat=True, scan=Scan(out.scan.state, out.scan.code))
        self.items(body, flat)
        text = flattened(flat.text())
        if not self._fits(block, len(text)):
            return False
        if not out.flat:
            at = block.spans[0][1]
            out.move(self.reader.line(at), 0)
        if in_name(out.last) and text.strip():
            text = " " + text if in_name(text[0]) and _separate(self.reader.text, block) else text
        out.put(text)
        return True

    def _set(self, block: Block, out: Output) -> None:
        head = block.arms[0][0]
        flat = Output(flat=True)
        self.scopes.append({})
        self.items(block.arms[0][1], flat)
        self.scopes.pop()
        text = flattened(flat.text()).strip()
        fits = len(text) < MAX_VALUE and isinstance(head, nodes.AssignBlock) and head.filter is None
        target = head.target if isinstance(head, nodes.AssignBlock) else None
        self.bind(target, text if fits else UNKNOWN, self.possible > 0)


def _writes(text: str, block: Block) -> bool:
    """Does a loop write anything, or does it only collect values?"""
    todo = list(block.arms[0][1])
    while todo:
        item = todo.pop()
        if isinstance(item, Show) or (isinstance(item, Text) and text[item.start : item.end].strip()):
            return True
        if isinstance(item, Block) and item.kind in ("if", "for"):
            todo.extend(inner for _, body in item.arms for inner in body)
    return False


def _returns(block: Block) -> bool:
    """Does an arm of it return from the macro?"""
    return any(
        isinstance(item, Show | Do) and isinstance(item.node, nodes.Call) and dotted(item.node) == "return"
        for _, body in block.arms
        for item in body
    )


def _separate(source: str, block: Block) -> bool:
    """Whether white space parts the loop's body from its tags, so that rounds are words of their own."""
    start, end = block.spans[0]
    return source[start : start + 1].isspace() or source[end - 1 : end].isspace()
