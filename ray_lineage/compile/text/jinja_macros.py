"""Macros: what a template may call that it, or another file of its project, defines."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from jinja2 import nodes

from ray_lineage.compile.text.jinja_structure import Item, Reader

_DEFINED = re.compile(r"\{%[-+]?\s*macro\s+(\w+)")
_FILES: Final = 256
"""Read files of macros that are remembered: the models of a project call the same ones."""


class Macro(NamedTuple):
    """``defaults`` are those of the last parameters. ``items`` are in the text of ``reader``."""

    name: str
    package: str
    parameters: tuple[str, ...]
    defaults: Sequence[nodes.Expr]
    items: Sequence[Item]
    reader: Reader

    def default(self, position: int) -> nodes.Expr | None:
        """The default of a parameter, None if it has none."""
        at = position - len(self.parameters) + len(self.defaults)
        return self.defaults[at] if at >= 0 else None


def defined(text: str) -> list[str]:
    """Names of the macros that a text defines, cheaply."""
    return _DEFINED.findall(text)


def macros_in(reader: Reader, package: str) -> dict[str, Macro]:
    """The macros that a template defines."""
    return {
        head.name: Macro(
            head.name, package, tuple(a.name for a in head.args), tuple(head.defaults), block.arms[0][1], reader
        )
        for head, block in reader.macros()
    }


@lru_cache(_FILES)
def _read(text: str, package: str) -> dict[str, Macro]:
    return macros_in(Reader(text), package)


class Library:
    """What a template may use that other files say, in dbt's words: ``package`` is the project that it belongs to, ``variables``
    are those of dbt_project.yml, ``adapter`` is the engine (empty: not known). ``macros``: of packages, names to the text of the
    file that defines them."""

    def __init__(
        self,
        package: str = "",
        adapter: str = "",
        variables: Mapping[str, object] | None = None,
        macros: Mapping[str, Mapping[str, str]] | None = None,
        sources: Mapping[tuple[str, str], tuple[str, ...]] | None = None,
    ) -> None:
        self.package = package
        self.adapter = adapter
        self.variables = variables or {}
        self.macros = macros or {}
        self.sources = sources or {}
        """Parts of the names of ``(source, table)``."""

    def macro(self, package: str, name: str, near: str = "") -> Macro | None:
        """The macro of that package; without one, dbt looks into the package of the caller (``near``) and the root project. One that
        lies in just one other is meant as well: the file that says more may not be there."""
        if package:
            return self._of(package, name)
        found = self._of(near, name) or self._of(self.package, name)
        if found is not None:
            return found
        others = [p for p in self.macros if name in self.macros[p]]
        return self._of(others[0], name) if len(others) == 1 else None

    def dispatched(self, name: str, packages: Sequence[str]) -> Macro | None:
        """What ``adapter.dispatch`` finds: the adapter's own implementation, else the default one."""
        names = [f"{prefix}__{name}" for prefix in (self.adapter, "default") if prefix]
        found = (self.macro(package, full, package) for full in names for package in packages)
        return next((macro for macro in found if macro is not None), None)

    def _of(self, package: str, name: str) -> Macro | None:
        text = self.macros.get(package, {}).get(name)
        return _read(text, package).get(name) if text is not None else None


NO_LIBRARY: Final = Library()
