"""Macros: what a template may call that it, or another file of its project, defines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from jinja2 import nodes

from ray_lineage.compile.text.jinja_structure import Block, Do, Item, Reader, Show

_DEFINED = re.compile(r"\{%[-+]?\s*macro\s+(\w+)")
_FILES: Final = 256
"""Read files of macros that are remembered: the models of a project call the same ones."""


class Macro(NamedTuple):
    """``defaults`` are those of the last parameters. ``items`` are in the text of ``reader``. ``edges``: does what it writes begin
    and end with white space?"""

    name: str
    package: str
    parameters: tuple[str, ...]
    defaults: Sequence[nodes.Expr]
    items: Sequence[Item]
    reader: Reader
    edges: tuple[bool, bool]

    def default(self, position: int) -> nodes.Expr | None:
        """The default of a parameter, None if it has none."""
        at = position - len(self.parameters) + len(self.defaults)
        return self.defaults[at] if at >= 0 else None


def macros_in(reader: Reader, package: str) -> dict[str, Macro]:
    """The macros that a template defines."""
    return {
        head.name: Macro(
            head.name,
            package,
            tuple(a.name for a in head.args),
            tuple(head.defaults),
            block.arms[0][1],
            reader,
            reader.edges(*block.spans[0]),
        )
        for head, block in reader.macros()
    }


def calls_in(macros: Iterable[Macro]) -> Iterator[str]:
    """What macros may call, as :meth:`Library.macro` looks for it."""
    for macro in macros:
        for node in _expressions(macro.items):
            for call in (node, *node.find_all(nodes.Call)):
                name = _called(call) if isinstance(call, nodes.Call) else ""
                if name:
                    yield name


def _called(call: nodes.Call) -> str:
    callee = call.node
    if isinstance(callee, nodes.Name):
        return f"/{callee.name}" if callee.name not in _CONTEXT else ""
    if not isinstance(callee, nodes.Getattr) or not isinstance(callee.node, nodes.Name):
        return ""
    if (
        (callee.node.name, callee.attr) == ("adapter", "dispatch")
        and call.args
        and isinstance(call.args[0], nodes.Const)
    ):
        return f"/default__{call.args[0].value}"
    return f"{callee.node.name}/{callee.attr}" if callee.node.name not in _CONTEXT else ""


def _expressions(items: Sequence[Item]) -> Iterator[nodes.Node]:
    todo = list(items)
    while todo:
        item = todo.pop()
        if isinstance(item, Show | Do) and item.node is not None:
            yield item.node
        elif isinstance(item, Block) and item.kind != "macro":
            for head, body in item.arms:
                if head is not None:
                    yield head
                todo.extend(body)


@lru_cache(_FILES)
def _read(text: str, package: str) -> dict[str, Macro]:
    return macros_in(Reader(text), package)


_CONTEXT: Final = frozenset(
    "adapter api builtins caller config context cycler debug diff_of_two_dicts dispatch env_var exceptions flags fromjson fromyaml graph "
    "invocation_id is_incremental joiner lipsum load_agate_table load_result local_md5 log loop model modules namespace print ref "
    "return run_query schema schemas selected_resources set set_strict source statement store_result target this thread_id tojson "
    "toyaml try_or_compiler_error validation var varargs zip zip_strict".split()
)
"""What dbt and Jinja give to every template themselves: no macro of a repository."""


class Library:
    """What a template may use that other files say, in dbt's words: ``package`` is the project that it belongs to, ``variables``
    are those of dbt_project.yml, ``adapter`` is the engine (empty: not known). ``macros``: texts of the files that define them, by
    ``package/name``. ``sources``: parts of the names of ``(source, table)``. ``target``: what is known of the one that configurations
    may ask about."""

    def __init__(
        self,
        package: str = "",
        adapter: str = "",
        variables: Mapping[str, object] | None = None,
        macros: Mapping[str, str] | None = None,
        sources: Mapping[tuple[str, str], tuple[str, ...]] | None = None,
        target: Mapping[str, str] | None = None,
    ) -> None:
        self.package = package
        self.adapter = adapter
        self.variables = variables or {}
        self.sources = sources or {}
        self.target = target or {}
        self._macros = macros or {}
        self.closed = False
        """No macro is expanded, though its arguments are read."""
        self.wanted: dict[str, None] = {}
        """Macros that were asked for, whether they are there or not."""
        self.asked_variables = False

    def macro(self, package: str, name: str) -> Macro | None:
        """The macro of that package, or of any."""
        if name in _CONTEXT or package in _CONTEXT:
            return None
        key = f"{package}/{name}"
        self.wanted[key] = None
        text = self._macros.get(key) if not self.closed else None
        return _read(text, package).get(name) if text is not None else None

    def dispatched(self, name: str, package: str) -> Macro | None:
        """What ``adapter.dispatch`` finds: the adapter's own implementation, else the default one."""
        for prefix in (self.adapter, "default"):
            found = self.macro(package, f"{prefix}__{name}") if prefix else None
            if found is not None:
                return found
        return None
