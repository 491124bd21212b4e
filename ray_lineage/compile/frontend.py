"""What a front end is: who reads one format of input, which files are its own, and what its results depend on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
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


class Part(NamedTuple):
    """A part of a file that is a file of its own to the graph. ``content`` is all that its facts depend on, with its hash; of one
    that is as it was when the file was cut before there is nothing but the hash."""

    name: str
    content: bytes
    sha256: str

    @classmethod
    def of(cls, name: str, content: bytes) -> Part:
        """With that content."""
        return cls(name, content, sha256(content).hexdigest())


def _nothing_left(each: Sequence[Part]) -> bytes:
    return b""


class Parts(NamedTuple):
    """A file that was cut, which is cheap: what it says as a whole, and its parts one after another. Given all of those, ``left``
    is what a later version of it may be cut with, so that only what differs is looked at."""

    own: FileFacts
    each: Iterable[Part]
    left: Callable[[Sequence[Part]], bytes] = _nothing_left


def _always(stem: str, content: Content) -> bool:
    return True


def _anywhere(path: str) -> bool:
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
    ``located``: may a file of that path be its own? Others of its suffixes are not looked at.
    ``named``: may its facts depend on ``CompileOptions.model``, the stem of the file's name?
    ``binary``: it reads bytes; else they are decoded before. ``max_size``: bytes, of larger files nothing is read; 0: the
    setting's. ``asks``: its facts may depend on other files, which they name (``FileFacts.needs``). ``warm``: import what ``compile`` needs.
    ``split``: cuts a file into parts, of which each is cached, linked and written by itself, so that one that changes costs no
    other, given what an earlier cut of any file ``left`` (or nothing), with the same result; ``compile_part`` gives the facts of a
    part's content, and ``compile`` those of the whole.
    """

    name: str
    revision: int
    suffixes: tuple[str, ...]
    compile: Callable[[Source, CompileOptions], FileFacts]
    claims: Callable[[str, Content], bool] = _always
    located: Callable[[str], bool] = _anywhere
    named: Callable[[Content], bool] = _never
    binary: bool = False
    max_size: int = 0
    asks: bool = False
    libraries: tuple[str, ...] = ()
    embeds: tuple[FrontEnd, ...] = ()
    warm: Callable[[], None] = _nothing
    split: Callable[[Source, CompileOptions, bytes], Parts] | None = None
    compile_part: Callable[[bytes], FileFacts] | None = None

    @cached_property
    def version(self) -> str:
        """Its name and all that its facts depend on besides file and options."""
        own = [f"{self.name}{self.revision}", *(f"{name}{version(name)}" for name in self.libraries)]
        return "+".join((*own, *(inner.version for inner in self.embeds)))
