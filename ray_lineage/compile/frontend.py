"""What a front end is: who reads one format of input, which files are its own, and what its results depend on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import NamedTuple

from ray_lineage.compile.options import CompileOptions
from ray_lineage.model import Diagnostic, FileFacts

Content = str | bytes


class Source(NamedTuple):
    """One file as a front end gets it. ``content`` is text, or bytes where it reads those. ``diagnostics`` of reading the file
    come before its own. ``given`` are the other files that it asked for (see ``FileFacts.needs``), by what it called them."""

    content: Content
    diagnostics: tuple[Diagnostic, ...] = ()
    given: Mapping[str, bytes] = {}


def _always(stem: str, content: Content) -> bool:
    return True


def _never(content: Content) -> bool:
    return False


def _nothing() -> None:
    return None


@dataclass(frozen=True)
class FrontEnd:
    """One format. Making one imports nothing heavy: ``compile`` and ``warm`` do.

    ``revision``: raise with every change of what ``compile`` gives. It is part of the key of this format's facts in the cache
    and of every digest, as are the versions of ``libraries`` (their names as packages) and of the front ends in ``embeds``,
    which compile what stands inside this format.
    ``suffixes``: lower case, with their dot; a file that ends so is its own if it ``claims`` it, by the name's stem and the
    content (the first part of it will do), and no front end before it in the registry did.
    ``compile``: a pure function, which raises nothing for bad input: what cannot be read is a diagnostic with its line.
    ``named``: may its facts depend on ``CompileOptions.model``, the stem of the file's name?
    ``binary``: it reads bytes; else they are decoded before. ``max_size``: bytes, of larger files nothing is read; 0: the
    setting's. ``asks``: its facts may depend on other files, which they name (``FileFacts.needs``). ``warm``: import what ``compile`` needs.
    """

    name: str
    revision: int
    suffixes: tuple[str, ...]
    compile: Callable[[Source, CompileOptions], FileFacts]
    claims: Callable[[str, Content], bool] = _always
    named: Callable[[Content], bool] = _never
    binary: bool = False
    max_size: int = 0
    asks: bool = False
    libraries: tuple[str, ...] = ()
    embeds: tuple[FrontEnd, ...] = ()
    warm: Callable[[], None] = _nothing

    @cached_property
    def version(self) -> str:
        """Its name and all that its facts depend on besides file and options."""
        own = [f"{self.name}{self.revision}", *(f"{name}{version(name)}" for name in self.libraries)]
        return "+".join((*own, *(inner.version for inner in self.embeds)))
