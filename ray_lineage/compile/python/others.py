"""Other files that a module depends on: those whose names it imports, and files of SQL that it reads.

What is needed is asked for, and the module is compiled again with what there is of it (``FileFacts.needs``)."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Final

from ray_lineage.compile.python.libraries import is_library
from ray_lineage.compile.python.reading import decoded, parsed
from ray_lineage.compile.python.scopes import Index, Scope

_MANY: Final = 40  # files, for one
_MAX_SIZE: Final = 1_000_000  # bytes


class Others:
    """The files that were given, and the names of those that were asked for."""

    def __init__(self, given: Mapping[str, bytes]) -> None:
        self.given = given
        self.needs: dict[str, None] = {}
        self.whole: set[str] = set()  # texts of files of SQL, which say themselves what they do
        self._indexes: dict[str, Index | None] = {}

    def ask(self, path: str) -> bytes | None:
        """The bytes of a file, as its path is seen from the module's folder or from one around it."""
        if path not in self.needs and len(self.needs) >= _MANY:
            return None
        self.needs[path] = None
        return self.given.get(path)

    def module(self, dotted: str, *, star: bool = False, ask: bool = True) -> tuple[Scope, str] | None:
        """The module in which a dotted name lies, and what is left of the name: ``a.b.NAME`` -> ``a/b.py``, ``NAME``. ``star``:
        the name is all behind the last dot. ``ask``: else only what was given is looked at."""
        if is_library(dotted):
            return None
        up = len(dotted) - len(dotted.lstrip("."))
        parts = dotted.lstrip(".").split(".")
        if not all(parts) or len(parts) > 8:
            return None
        for k in (len(parts) - 1,) if star else range(len(parts), 0, -1):
            base = "../" * max(up - 1, 0) + "/".join(parts[:k])
            for path in (f"{base}.py", f"{base}/__init__.py") if k < len(parts) else (f"{base}.py",):
                if k == len(parts) and len(parts) == 1 and not up:
                    continue
                index = self._index(path) if ask or path in self.given else None
                if index is not None:
                    return index.module, ".".join(parts[k:])
        return None

    def index_of(self, scope: Scope) -> Index | None:
        """All of the module that a function of another file is in."""
        return next((i for i in self._indexes.values() if i is not None and i.module is scope.module), None)

    def _index(self, path: str) -> Index | None:
        if path not in self._indexes:
            data = self.ask(path)
            self._indexes[path] = None
            if data is not None and len(data) <= _MAX_SIZE:
                text = decoded(data)
                tree = parsed(text) if text is not None else None
                self._indexes[path] = Index(tree) if isinstance(tree, ast.Module) else None
        return self._indexes[path]

    def forget(self) -> None:
        """See ``Index.forget``."""
        for index in self._indexes.values():
            if index is not None:
                index.forget()
        self._indexes = {}

    def text(self, path: str) -> str | None:
        """The text of a file of SQL."""
        data = self.ask(path)
        if data is None or len(data) > _MAX_SIZE:
            return None
        text = data.decode("utf-8-sig", "replace").replace("\r\n", "\n")
        self.whole.add(text)
        return text
