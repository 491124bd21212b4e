"""Calls of macros: of the file's own, of the library, of manuals. What they give is a value, or text on one line."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import chain
from typing import Final

from jinja2 import nodes

from ray_lineage.compile.text.jinja_macros import Macro
from ray_lineage.compile.text.jinja_output import Output, flattened
from ray_lineage.compile.text.jinja_packages import PACKAGES, Given, Known
from ray_lineage.compile.text.jinja_run import Run, fails
from ray_lineage.compile.text.jinja_structure import Item
from ray_lineage.compile.text.jinja_values import UNKNOWN, Hole, Unknown, Values, dotted

MAX_GROWTH: Final = 200_000
"""Characters that unrolled loops and inserted constants may add to a file."""

_MAX_CALLS: Final = 20  # macros in macros
_MAX_EXPANDED: Final = 1_000  # calls of macros
_CALL_STEPS: Final = 20


class _Returned(Exception):
    """A macro returned a value."""

    def __init__(self, value: object) -> None:
        super().__init__()
        self.value = value


class Calls(Values, ABC):
    """Values of one pass over a template. Who writes the template says what items and unknown values are as text."""

    def __init__(self, run: Run) -> None:
        super().__init__(run.model, run.quote, run.library)
        self.run = run
        self.target, self.naming = run.target, bool(run.target)
        self.reader = run.reader  # of the text at hand
        self.calls: list[str] = []  # macros that are being read
        self.expanded = 0
        self.at = 0  # where in the file's own text
        self.config = run.config
        self.steps = run.steps
        self.growth = 0
        self.possible = 0

    @abstractmethod
    def items(self, items: Sequence[Item], out: Output) -> None:
        """Write items of the text at hand."""

    @abstractmethod
    def unknown_sql(self, node: nodes.Expr, bare: bool, quoted: bool) -> tuple[str, bool]:
        """SQL for an expression whose value is not known."""

    def known(self, node: nodes.Node | None) -> object:
        """The value. Raises Unknown; what the expression names is read then, too."""
        try:
            value = super().known(node)
        except Unknown:
            if node is not None:
                self.note_refs(node)
            raise
        self._note_read()
        return value

    def note_refs(self, node: nodes.Node) -> None:
        for call in (node, *node.find_all(nodes.Call)):
            if (
                isinstance(call, nodes.Call)
                and isinstance(call.node, nodes.Name)
                and call.node.name in ("ref", "source")
            ):
                fails(super().known, call)
        self._note_read()

    def _note_read(self) -> None:
        for name in self.refs:
            self.run.read.setdefault(name, self.run.reader.line(self.at))
        self.refs = {}

    def called(self, package: str, name: str, node: nodes.Call) -> object:
        """The value of a macro of this file, of the library, or of a manual. Raises Unknown."""
        own = None if package or self.library.closed else self.run.own.get(name)
        if own is None and (package, name) == ("adapter", "quote") and len(node.args) == 1:
            return self.quoted(str(self.known(node.args[0])))
        manual = PACKAGES.get(package, {}).get(name) if own is None else None
        if manual is not None and package:
            return self._manual(manual, node)
        macro = own or self.library.macro(package, name)
        if macro is None and manual is not None:
            return self._manual(manual, node)
        if macro is None:
            raise Unknown
        return self._expand(macro, node)

    def _dispatch(self, dispatch: nodes.Call, node: nodes.Call) -> object:
        if dotted(dispatch) != "adapter.dispatch":
            raise Unknown
        given = {k.key: k.value for k in dispatch.kwargs}
        first = dispatch.args[0] if dispatch.args else given.get("macro_name")
        second = dispatch.args[1] if len(dispatch.args) > 1 else given.get("macro_namespace")
        name, package = str(self.known(first)), self.known(second) if second is not None else ""
        own = self.run.own.get(f"{self.library.adapter}__{name}") or self.run.own.get(f"default__{name}")
        macro = own or self.library.dispatched(name, package if isinstance(package, str) else "")
        if macro is None:
            raise Unknown
        return self._expand(macro, node)

    def _manual(self, known: Known, node: nodes.Call) -> str:
        arguments = self._arguments_of(known.parameters, node)
        return known.write(Given(arguments, self.quote, self.quoted))

    def _arguments_of(self, parameters: Sequence[str], node: nodes.Call) -> dict[str, object]:
        """A call's arguments by parameter; of what is not known the SQL that stands for it."""
        if node.dyn_args is not None or node.dyn_kwargs is not None:
            raise Unknown
        out: dict[str, object] = {}
        for name, arg in chain(zip(parameters, node.args, strict=False), ((k.key, k.value) for k in node.kwargs)):
            out[name] = self._argument(arg)
        if len(node.args) > len(parameters):
            out["varargs"] = [self._argument(arg) for arg in node.args[len(parameters) :]]
        return out

    def _argument(self, node: nodes.Expr) -> object:
        if isinstance(node, nodes.List):
            return [self._argument(item) for item in node.items]
        try:
            return self.known(node)
        except Unknown as unknown:
            return Hole(unknown.text or self.unknown_sql(node, False, False)[0])

    def _expand(self, macro: Macro, node: nodes.Call) -> object:
        """What a macro's call gives: the value that it returns, or its text on one line."""
        self.expanded += 1
        self.steps -= _CALL_STEPS
        if len(self.calls) >= _MAX_CALLS or self.expanded > _MAX_EXPANDED or self.steps < 0:
            self.run.note("RL124", "info", f"macros call one another too often: {macro.name} was left out", self.at)
            raise Unknown
        given = self._arguments_of(macro.parameters, node)
        outer = self.scopes, self.reader, self.possible
        self.scopes, self.reader = [{}, {}], macro.reader
        self.calls.append(macro.name)
        flat = Output(flat=True)
        try:
            self._bind_parameters(macro, given)
            self.items(macro.items, flat)
        except _Returned as returned:
            if returned.value is UNKNOWN:
                raise Unknown from None
            return returned.value
        finally:
            self.calls.pop()
            self.scopes, self.reader, self.possible = outer
        text = flattened(flat.text()).strip()
        self.growth += len(text)
        if self.growth > MAX_GROWTH:
            raise Unknown
        self.run.expanded = True
        leads, trails = macro.edges
        return f"{' ' if leads else ''}{text}{' ' if trails else ''}" if text else ""

    def _bind_parameters(self, macro: Macro, given: dict[str, object]) -> None:
        scope = self.scopes[0]
        for position, name in enumerate(macro.parameters):
            default = macro.default(position)
            if name in given:
                scope[name] = (given[name], False)
            elif default is None:
                scope[name] = ("", False)  # jinja's undefined
            else:
                self.scopes[-1][name] = (UNKNOWN, False)
                self.assign(nodes.Name(name, "store"), default, False)
        scope["varargs"] = (given.get("varargs", []), False)
        scope["kwargs"] = ({k: v for k, v in given.items() if k not in macro.parameters and k != "varargs"}, False)

    def give_back(self, node: nodes.Call) -> None:
        arg = node.args[0] if node.args else None
        if arg is None:
            raise _Returned("")
        try:
            value = self.known(arg)
        except Unknown as unknown:
            value = Hole(unknown.text) if unknown.text else UNKNOWN
        raise _Returned(value)
