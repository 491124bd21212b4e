"""Symbols: all names and datasets that are known, and which dataset a written name means among them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import msgspec

from ray_lineage.model import MODEL, SYSTEM_SCHEMAS, Signature, quote_part, split_text

_LOCAL: Final = 3
"""Parts of a name on this server: a fourth one is another server, whose tables no shorter name means."""

_DEFAULT_SCHEMAS: Final = frozenset({"dbo", "public", "main", "default"})
_SPARE_USERS: Final = 16


def shorter(text: str) -> list[str]:
    """What is left of a name's canonical text without its outermost parts, longest first: ``b.c`` and ``c`` of ``a.b.c``."""
    out: list[str] = []
    at = text.find(".")
    if at < 0:
        return out
    quoted = '"' in text
    while at >= 0:
        if not quoted or text.count('"', 0, at) % 2 == 0:  # a dot in quotes is part of a name
            out.append(text[at + 1 :])
        at = text.find(".", at + 1)
    if out and out[-1] == MODEL:
        out.pop()
    return out


class Declared(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One file's declaration of a dataset."""

    path: str
    position: int  # within the file
    signature: Signature


def makes(declared: Iterable[Declared]) -> bool:
    """Is one of them more than a change?"""
    return any(not d.signature.adds for d in declared)


class ModelEntry(NamedTuple):
    """A file says that the dbt model ``name`` makes the dataset ``makes`` (canonical texts). ``version``: it is one of the model's
    versions, of which a name without one means the last; 0: it is the model itself."""

    name: str
    makes: str
    version: int


class File:
    """What is kept in memory of one file (about 1 kB): what it can be affected by. ``uses`` has a byte for each of ``symbols``: what
    linking the file asked about the dataset that it means (see :mod:`ray_lineage.link.view`)."""

    __slots__ = (
        "copied", "covers", "declares", "fingerprint", "models", "path", "place", "sha256", "symbols", "uses",
    )  # fmt: skip

    def __init__(self, path: str) -> None:
        self.path = path
        self.sha256 = ""
        self.place: tuple[int, int] | None = None  # of its facts in the spool
        self.symbols: tuple[Symbol, ...] = ()
        self.declares = 0  # so many of them, the first ones
        self.copied: tuple[tuple[str, str], ...] = ()
        self.models: tuple[ModelEntry, ...] = ()
        self.covers: tuple[str, ...] = ()  # paths of files whose lineage it has
        self.uses = b""
        self.fingerprint = ""


class Symbol:
    """A name that files mention or declare, and the dataset of that name."""

    __slots__ = (
        "aims", "ambiguous", "apart", "columns", "count", "declared", "found", "known", "meaning", "models", "needed", "needs",
        "text", "users",
    )  # fmt: skip

    def __init__(self, text: str) -> None:
        self.text = text
        self.users: list[File] = []  # and some that were, see `using`
        self.count = 0  # of users
        self.known = False  # is it in the index of longer names?
        self.meaning = self
        self.ambiguous = False
        self.apart: dict[str, int] | None = None  # longer names that are not meant, and how many files show that
        self.declared: tuple[Declared, ...] = ()  # by this name
        self.found: tuple[Declared, ...] = ()  # of this dataset, when the catalog was settled
        self.columns = b""  # encoded list; empty: not known
        self.needs: tuple[Symbol, ...] = ()  # datasets whose lists this one's is made of
        self.needed: set[Symbol] | None = None  # the inverse
        self.aims: dict[tuple[int, str], int] | None = None  # of a model: what it makes, and how many files say so
        self.models: set[Symbol] | None = None  # names of models that are resolved through this one

    def is_model(self) -> bool:
        """Is it the name of a dbt model, which is no dataset itself?"""
        return self.text.endswith(MODEL)

    def is_made(self) -> bool:
        """Does anything declare it by this name, and not only change it?"""
        return makes(self.declared)

    def declared_columns(self) -> bytes:
        """The list as the describing declaration has it."""
        return self.found[0].signature.columns if self.found and not self.found[0].signature.adds else b""

    def using(self) -> Iterator[File]:
        """The files that mention or declare the name."""
        return (f for f in self.users if self in f.symbols)


class SymbolTable:
    """All names, and what they mean. Meanings are those of the last :meth:`settle`.

    What a name means depends only on the longer ones that end in it.
    """

    def __init__(self) -> None:
        self._symbols: dict[str, Symbol] = {}
        self._longer: dict[str, tuple[Symbol, ...] | list[Symbol]] = {}  # most have one
        self._touched: dict[Symbol, None] = {}

    def __len__(self) -> int:
        return len(self._symbols)

    def __iter__(self) -> Iterator[Symbol]:
        return iter(self._symbols.values())

    def get(self, text: str) -> Symbol | None:
        """A known name by its canonical text."""
        return self._symbols.get(text)

    def symbol(self, text: str) -> Symbol:
        """The name of that text. One that is new, and gets no user until :meth:`settle`, is forgotten there."""
        found = self._symbols.get(text)
        if found is None:
            found = self._symbols[text] = Symbol(text)
            self.touch(found)
        return found

    def use(self, file: File, symbols: Iterable[Symbol]) -> None:
        """The file, which has these among its symbols since, mentions or declares them."""
        for symbol in symbols:
            symbol.users.append(file)
            symbol.count += 1
            if symbol.count == 1:
                self.touch(symbol)

    def leave(self, symbols: Iterable[Symbol]) -> None:
        """A file has these no more among its symbols. It stays in their lists until there are many of them, so that many
        files that go are not looked for one by one."""
        for symbol in symbols:
            symbol.count -= 1
            if not symbol.count:
                self.touch(symbol)
            if len(symbol.users) > 2 * symbol.count + _SPARE_USERS:
                symbol.users = list(dict.fromkeys(symbol.using()))

    def known(self, text: str) -> Symbol:
        """A name that was known and settled before, in a table that is filled again."""
        symbol = self._symbols[text] = Symbol(text)
        self._index(symbol, shorter(text))
        return symbol

    def apart(self, short: str, long: str) -> None:
        """As :meth:`tell_apart`, of names whose meanings are settled already."""
        apart = self._symbols[short].apart = self._symbols[short].apart or {}
        apart[long] = apart.get(long, 0) + 1

    def aimed(self, model: ModelEntry) -> None:
        """As :meth:`aim`, of names whose meanings are settled already."""
        aims = self._symbols[model.name].aims = self._symbols[model.name].aims or {}
        key = (-model.version, model.makes)
        aims[key] = aims.get(key, 0) + 1

    def touch(self, symbol: Symbol) -> None:
        """It came or went, or is declared since, or is so no more."""
        self._touched[symbol] = None

    def tell_apart(self, short: str, long: str, more: int) -> None:
        """One file more (``more`` = 1) or fewer (-1) shows that the two names are two datasets."""
        symbol = self.symbol(short)
        apart = symbol.apart = symbol.apart or {}
        shown = apart.get(long, 0) + more
        if shown:
            apart[long] = shown
        else:
            del apart[long]
        if not shown or (more > 0 and shown == 1):
            self.touch(symbol)

    def settle(self) -> dict[Symbol, tuple[Symbol, bool]]:
        """Settle what names mean. Those whose answers are other ones than before, with what these were."""
        touched, self._touched = self._touched, {}
        models = [s for s in touched if s.is_model()]
        todo: dict[Symbol, int] = {}
        for symbol in touched:
            short = shorter(symbol.text)
            self._register(symbol, short)
            if symbol.is_model():
                continue
            todo[symbol] = len(short)
            for parts, text in enumerate(reversed(short)):
                other = self._symbols.get(text)
                if other is not None:
                    todo[other] = parts
        moved: dict[Symbol, tuple[Symbol, bool]] = {}
        for symbol in sorted(todo, key=lambda s: -todo[s]):
            meaning, ambiguous = self._resolve(symbol, todo[symbol] == 0) if symbol.count else (symbol, False)
            if meaning is not symbol.meaning or ambiguous != symbol.ambiguous:
                moved[symbol] = (symbol.meaning, symbol.ambiguous)
                symbol.meaning, symbol.ambiguous = meaning, ambiguous
        for symbol, meaning, ambiguous in list(self._settle_models(models, moved)):
            moved[symbol] = (symbol.meaning, symbol.ambiguous)
            symbol.meaning, symbol.ambiguous = meaning, ambiguous
        return moved

    def aim(self, model: ModelEntry, more: int) -> None:
        """One file more (``more`` = 1) or fewer (-1) says what a model makes."""
        symbol = self.symbol(model.name)
        aims = symbol.aims = symbol.aims or {}
        key = (-model.version, model.makes)
        aims[key] = aims.get(key, 0) + more
        if not aims[key]:
            del aims[key]
        self.touch(symbol)

    def _settle_models(
        self, touched: Iterable[Symbol], moved: dict[Symbol, tuple[Symbol, bool]]
    ) -> Iterator[tuple[Symbol, Symbol, bool]]:
        """The models that mean something else than before: what they mean, and whether it could be several."""
        todo: dict[Symbol, None] = {}
        for symbol in touched:
            for text in (symbol.text, *shorter(symbol.text)):
                todo.update(dict.fromkeys((*filter(None, (self._symbols.get(text),)), *self._longer.get(text, ()))))
        for symbol in moved:
            todo.update(dict.fromkeys(symbol.models or ()))
        for symbol in todo:
            way, ambiguous = self._way_of(symbol) if symbol.count else (symbol, False)
            if way is not symbol:
                way.models = way.models or set()
                way.models.add(symbol)
            meaning = way.meaning if way is not symbol else symbol
            if meaning is not symbol.meaning or ambiguous != symbol.ambiguous:
                yield symbol, meaning, ambiguous

    def way_of(self, model: Symbol) -> Symbol:
        """The name of a dataset that a model is resolved through."""
        return self._way_of(model)[0]

    def _way_of(self, model: Symbol) -> tuple[Symbol, bool]:
        """As dbt looks for models: in the package that is named, else in the one that has it; in none, it is taken for a dataset of
        its own name."""
        for text in (model.text, *shorter(model.text)):
            symbol = self._symbols.get(text)
            aims = symbol.aims if symbol is not None else None
            longer = [s for s in self._longer.get(text, ()) if s.aims] if not aims else []
            if len(longer) == 1:
                aims = longer[0].aims
            if aims:
                return self._symbols.get(min(aims, key=lambda a: (a[0] != 0, a))[1], model), False
        plain = split_text(model.text)[-2]
        return self._symbols.get(quote_part(plain), model), len(longer) > 1

    def _register(self, symbol: Symbol, short: list[str]) -> None:
        known = symbol.count > 0
        if known == symbol.known:
            if not known:
                self._symbols.pop(symbol.text, None)
            return
        if known:
            self._index(symbol, short)
            return
        symbol.known = False
        del self._symbols[symbol.text]
        for text in short if len(short) < _LOCAL else ():
            rest = _without(self._longer.pop(text), symbol)
            if rest:
                self._longer[text] = rest

    def _index(self, symbol: Symbol, short: list[str]) -> None:
        symbol.known = True
        for text in short if len(short) < _LOCAL else ():
            self._longer[text] = _with(self._longer.get(text, ()), symbol)

    def _resolve(self, symbol: Symbol, bare: bool) -> tuple[Symbol, bool]:
        """``(dataset, ambiguous)``. A name with fewer parts means the one known dataset whose trailing parts match.

        Those that some statement copies to or from it do not count (``tell_apart``). A name that is itself declared stays,
        unless its longer form is in the engine's default schema; ambiguous, if that is declared, too. Every database has system views of its own: a short name of
        one is not that of the only database which some file names. Several matches: the one in a default schema if there is
        just one, else the name as written, ambiguous.
        """
        longer: Iterable[Symbol] = self._longer.get(symbol.text, ())
        if longer:
            if not bare and _schema(symbol.text) in SYSTEM_SCHEMAS:
                return symbol, False
            longer = [s for s in longer if not _is_of_a_database(s.text)]
        if longer and symbol.apart:
            longer = [s for s in longer if not any(o == s.text or o in shorter(s.text) for o in symbol.apart)]
        if not longer:
            return symbol, False
        candidates = {s.meaning for s in ([s for s in longer if s.is_made()] or longer)}
        in_default = {c for c in candidates if _schema(c.text) in _DEFAULT_SCHEMAS} if bare else set()
        if symbol.is_made():
            if len(in_default) == 1 and len(candidates) == 1:
                return next(iter(in_default)), False
            return symbol, any(c.is_made() for c in candidates if c is not symbol)
        if len(candidates) == 1:
            return next(iter(candidates)), False
        if len(in_default) == 1:
            return next(iter(in_default)), False
        return symbol, True


def _is_of_a_database(text: str) -> bool:
    """Is it a system view of a database that is named?"""
    return len(shorter(text)) > 1 and _schema(text) in SYSTEM_SCHEMAS


def _with(some: tuple[Symbol, ...] | list[Symbol], symbol: Symbol) -> tuple[Symbol, ...] | list[Symbol]:
    if not some:
        return (symbol,)
    many = some if isinstance(some, list) else list(some)
    many.append(symbol)
    return many


def _without(some: tuple[Symbol, ...] | list[Symbol], symbol: Symbol) -> tuple[Symbol, ...] | list[Symbol]:
    if isinstance(some, tuple):
        return ()
    some.remove(symbol)
    return some


def _schema(text: str) -> str:
    """Schema of a name with several parts."""
    short = shorter(text)
    whole = short[-2] if len(short) > 1 else text
    return whole[: -len(short[-1]) - 1]
