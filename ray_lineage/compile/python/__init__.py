"""Python and notebooks: what SQL they run, which tables they name, what their data frames do. Nothing of them is imported or run."""

from __future__ import annotations

from typing import Final

from ray_lineage.compile.frontend import Content, FrontEnd, Source
from ray_lineage.compile.options import CompileOptions
from ray_lineage.compile.sqlfile import SQL
from ray_lineage.model import FileFacts

_REVISION: Final = 12
_MAX_SIZE: Final = 2_000_000
"""Bytes: a syntax tree takes 80 times as much memory."""


_MAX_NOTEBOOK: Final = 50_000_000
"""Bytes: most of a large notebook is what its cells gave, which is not kept."""


def _compile(source: Source, options: CompileOptions) -> FileFacts:
    from ray_lineage.compile.python.source import compile_python

    return compile_python(source, options)


def _compile_notebook(source: Source, options: CompileOptions) -> FileFacts:
    from ray_lineage.compile.python.source import compile_notebook

    return compile_notebook(source, options)


def _warm() -> None:
    import re2  # noqa: F401

    import ray_lineage.compile.python.source  # noqa: F401


def _is_named(content: Content) -> bool:
    """Modules, and dbt's models in Python, are called as their files."""
    from ray_lineage.compile.python.candidates import may_lead_on, may_say_something

    return isinstance(content, bytes) and (may_say_something(content) or may_lead_on(content, "__init__"))


PYTHON: Final = FrontEnd(
    "python",
    _REVISION,
    (".py",),
    _compile,
    named=_is_named,
    binary=True,
    max_size=_MAX_SIZE,
    asks=True,
    embeds=(SQL,),
    warm=_warm,
)

NOTEBOOK: Final = FrontEnd(
    "notebook",
    _REVISION,
    (".ipynb",),
    _compile_notebook,
    binary=True,
    max_size=_MAX_NOTEBOOK,
    asks=True,
    embeds=(SQL,),
    warm=_warm,
)
