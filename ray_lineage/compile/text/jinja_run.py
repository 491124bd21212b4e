"""What is known of one template, whichever of its texts is written: its macros, references, configuration and diagnostics."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from jinja2 import nodes

from ray_lineage.compile.text.jinja_macros import Library, macros_in
from ray_lineage.compile.text.jinja_structure import Block, Do, Item, Reader, Show, Text
from ray_lineage.compile.text.jinja_values import MAX_STEPS, Unknown, Values
from ray_lineage.compile.text.placeholders import IDENTIFIER
from ray_lineage.model import Diagnostic


class Run:
    """One template."""

    def __init__(
        self, reader: Reader, model: str, quote: str, library: Library, target: Mapping[str, str] | None = None
    ) -> None:
        text = self.source = reader.text
        self.reader = reader
        self.library = library
        self.target = target or {}  # given where what is read gives a name
        self.own = macros_in(reader, library.package)
        self.expanded = False  # a macro was
        self.unexpanded: dict[str, int] = {}  # macros of which only the arguments were read, and where
        self.model = reader.snapshot if IDENTIFIER.match(reader.snapshot) else model
        self.quote = quote
        self.steps = MAX_STEPS + 4 * len(reader.newlines)
        self.diagnostics: dict[tuple[str, int], Diagnostic] = {}
        for found in reader.diagnostics:
            self.diagnostics.setdefault((found.code, found.line), found)
        self.branches: set[tuple[int, int]] = set()
        self.refs: dict[tuple[str, ...], None] = {}
        self.read: dict[tuple[str, ...], int] = {}  # those that were met when the text was written, and their lines
        self.config: dict[str, str | None] = {}
        self.has_sql = any(map(str.strip, _literals(text, reader.items)))
        self._prepare(reader.items)

    def _prepare(self, items: Sequence[Item]) -> None:
        """Find configurations and constant references first: ``this`` may stand before ``config``."""
        values = Values(self.model, self.quote, self.library)
        for node in _expressions(items):
            try:
                calls = [node, *node.find_all(nodes.Call)]
            except RecursionError:
                continue
            for call in calls:
                if not isinstance(call, nodes.Call) or not isinstance(call.node, nodes.Name):
                    continue
                if call.node.name == "config":
                    values.target = self.library.target
                    values.configure(call)
                    values.target = {}
                elif call.node.name in ("ref", "source") and not fails(values.known, call):
                    values.steps = MAX_STEPS
        self.refs = values.refs
        self.config = values.config

    def note(self, code: str, severity: str, message: str, at: int) -> None:
        line = self.reader.line(at)
        self.diagnostics.setdefault((code, line), Diagnostic(code, severity, message, line))


def fails(known: Callable[[nodes.Node], object], node: nodes.Node) -> bool:
    try:
        known(node)
    except Unknown:
        return True
    return False


def _literals(text: str, items: Sequence[Item]) -> Iterator[str]:
    for item in items:
        if isinstance(item, Text):
            yield text[item.start : item.end]
        elif isinstance(item, Block) and item.kind in ("if", "for"):
            for _, body in item.arms:
                yield from _literals(text, body)


def _expressions(items: Sequence[Item]) -> Iterator[nodes.Node]:
    for item in items:
        if isinstance(item, Show | Do):
            if item.node is not None:
                yield item.node
        elif isinstance(item, Block) and item.kind in ("if", "for", "set"):
            for head, body in item.arms:
                if head is not None:
                    yield head
                yield from _expressions(body)
