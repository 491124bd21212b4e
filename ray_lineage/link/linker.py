"""Facts of all files -> contributions, incrementally.

After a change of some files, only those files are linked again that used something which is another now: the meaning of a
name, a column list, what another file declares. The result is byte for byte what linking from nothing gives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from ray_lineage.link.catalog import Catalog
from ray_lineage.link.clashes import clashing, told
from ray_lineage.link.contribute import in_project
from ray_lineage.link.saved import decode_state, encode_state
from ray_lineage.link.shared import encode_shared, link_file
from ray_lineage.link.spool import Spool
from ray_lineage.link.symbols import File, shorter
from ray_lineage.link.view import EVERYTHING, FileView
from ray_lineage.model import Contribution, FileDiagnostic, Outline, decode_outline, split_text

_SPARE_BYTES: Final = 16 * 2**20  # a spool with less garbage is left alone
_NOTHING: Final = Outline((), (), ())


class Counts(NamedTuple):
    """What a linker did since it was made."""

    files: int
    """Files that were linked, each time."""
    lists: int
    """Column lists that were computed from a query, each time."""


class Linker:
    """Holds the facts of a project's files and links them. Not safe for use from several threads.

    ``fetch`` gives the encoded facts of files whose facts were not put here.
    """

    def __init__(self, project: str, fetch: Callable[[str], bytes] | None = None) -> None:
        self.project = project
        self._fetch = fetch
        self._spool = Spool()
        self._files: dict[str, File] = {}
        self._catalog = Catalog()
        self._pending: set[str] = set()  # to be linked
        self._linked = 0

    def __len__(self) -> int:
        return len(self._files)

    def __contains__(self, path: object) -> bool:
        return path in self._files

    @property
    def counts(self) -> Counts:
        """How much was done, for tests and benchmarks."""
        return Counts(self._linked, self._catalog.lists_computed)

    # ------------------------------------------------------------------ what comes in

    def put(self, path: str, sha256: str, facts: bytes) -> None:
        """New facts of a file. Raises msgspec.DecodeError if they are none, OSError if the temporary disk is full."""
        outline = decode_outline(facts)
        place = self._spool.add(facts)
        file = self._files.get(path)
        if file is None:
            file = self._files[path] = File(path)
        self._release(file)
        file.sha256, file.place = sha256, place
        changed = self._catalog.cover(file, tuple(in_project(path, relative) for relative in outline.covers))
        self._catalog.update(file, _NOTHING if self._catalog.covered(path) else outline)
        self._pending.add(path)
        self._take_again(changed)
        if self._spool.wasted > max(_SPARE_BYTES, len(self._spool) // 2):
            self._compact()

    def remove(self, path: str) -> None:
        """A file is gone (nothing happens if it is not known)."""
        file = self._files.pop(path, None)
        if file is not None:
            self._release(file)
            changed = self._catalog.cover(file, ())
            self._catalog.update(file, _NOTHING)
            self._pending.discard(path)
            self._take_again(changed)

    def _take_again(self, paths: Iterable[str]) -> None:
        """Files whose lineage another one has since, or has no more."""
        for path in paths:
            file = self._files.get(path)
            if file is not None:
                covered = self._catalog.covered(path)
                self._catalog.update(file, _NOTHING if covered else decode_outline(self.facts_bytes(path)))
                self._pending.add(path)

    def _release(self, file: File) -> None:
        if file.place is not None:
            self._spool.release(file.place)

    def _compact(self) -> None:
        """Copy what is needed to a new spool. A disk without room for both keeps the old one, until it grew that much again."""
        spool = Spool()
        held = [(file, file.place) for file in self._files.values() if file.place is not None]
        try:
            places = [spool.add(self._spool.read(place)) for _, place in held]
        except OSError:
            spool.close()
            self._spool.wasted = 0
            return
        for (file, _), place in zip(held, places, strict=True):
            file.place = place
        self._spool.close()
        self._spool = spool

    def sha256(self, path: str) -> str:
        """Content hash that a file's facts were put with. Raises KeyError if the file is not known."""
        return self._files[path].sha256

    def fingerprints(self) -> dict[str, str]:
        """By path that of the last contribution."""
        return {path: file.fingerprint for path, file in self._files.items()}

    def clashes(self) -> list[FileDiagnostic]:
        """Names that seem to mean two databases. Call :meth:`settle` before."""
        return told(clashing(self._catalog.symbols))

    def facts_bytes(self, path: str) -> bytes:
        """Encoded facts of a file, for a process that has not got them. Raises KeyError if the file is not known."""
        place = self._files[path].place
        if place is not None:
            return self._spool.read(place)
        assert self._fetch is not None, "facts that were not put are fetched"
        return self._fetch(path)

    # ------------------------------------------------------------------ linking

    def settle(self) -> list[str]:
        """Settle the catalog after what was put and removed. Sorted paths of the files that have to be linked again: each
        stays among them until it is :meth:`linked`."""
        others = len(self._pending) < len(self._files)  # a first settling has none
        self._pending |= self._catalog.settle(telling=others) & self._files.keys()
        return sorted(self._pending)

    def shared(self) -> bytes:
        """The settled catalog for :class:`~ray_lineage.link.shared.SharedCatalog` in other processes. Call
        :meth:`settle` before."""
        return encode_shared(self._catalog)

    def linked(self, path: str, fingerprint: str, uses: bytes) -> bool:
        """A file that the last :meth:`settle` named was linked, maybe in another process, with what :meth:`shared` gave
        after it. Is its contribution another one than before?

        Not to be called when the file was put or removed since, or the catalog settled anew: such a result is stale.
        """
        file = self._files[path]
        self._pending.discard(path)
        self._linked += 1
        different = fingerprint != file.fingerprint
        file.uses, file.fingerprint = uses, fingerprint
        return different

    def link(self) -> Iterator[Contribution]:
        """Contributions of every file whose contribution is new or different since the previous call, in path order.

        The generator must be run to its end; what it has yielded counts as known from then on.
        """
        for path in self.settle():
            before = self._files[path].fingerprint
            contribution = self.contribution(path)
            if contribution.fingerprint != before:
                yield contribution

    def contribution(self, path: str) -> Contribution:
        """Link one file with the catalog as it was settled last. Raises KeyError if the file is not known."""
        found, uses = link_file(self.project, path, self._files[path].sha256, self.facts_bytes(path), self._catalog)
        self.linked(path, found.fingerprint, uses)
        return found

    def suppose(self) -> None:
        """Settle, and take it that each file which is to be linked has asked all that can be asked. From then on :meth:`settle`
        names all that a change may touch, though nothing was linked."""
        for path in self.settle():
            file = self._files[path]
            file.uses = bytes((EVERYTHING,)) * len(file.symbols)
        self._pending.clear()

    def datasets(self) -> list[str]:
        """Canonical texts of all datasets that are named, in no order."""
        return [s.text for s in self._catalog.symbols if s.meaning is s and not s.is_model()]

    def models(self) -> Iterator[tuple[str, str]]:
        """Every dbt model by its plain name, and the dataset that it makes."""
        for file in self._files.values():
            for model in file.models:
                made = self._catalog.symbols.get(model.makes)
                yield split_text(model.name)[-2], made.meaning.text if made is not None else model.makes

    def mentioning(self, dataset: str) -> set[str]:
        """Paths of the files that mention a dataset (canonical text), by whatever name."""
        return self._catalog.mentioning(dataset)

    # ------------------------------------------------------------------ the state, for a later process

    def save(self, tag: str) -> bytes:
        """The settled state, for :meth:`restore`, without the facts. ``tag`` says what it belongs to: the digest of the
        store's settled state, with the options that facts depend on besides their text.

        Whoever keeps the bytes writes them beside the graph, whole or not at all. About 0.5 kB a file.
        """
        self.settle()
        return encode_state(self.project, tag, self._files, self._catalog, self._pending)

    def restore(self, data: bytes, tag: str) -> bool:
        """Take over what :meth:`save` gave for the same project and tag, into a linker that is still empty. False: it is
        damaged, or of another version, project or tag; then nothing happened, and all files have to be put.

        Then put and remove what is different since, and link: only what the differences touch is linked, and only of
        that ``fetch`` is asked for the facts.
        """
        saved = decode_state(self.project, tag, data)
        if saved is None:
            return False
        if self._files:
            raise ValueError("a linker that holds files cannot be restored")
        self._files, self._catalog, self._pending = saved.files, saved.catalog, saved.pending
        return True

    def view(self) -> FileView:
        """Settle the catalog and look at it as a file does (for evaluating a script without contributions)."""
        self.settle()
        return FileView(self._catalog)

    def doubtful(self) -> set[str]:
        """Names that datasets of different columns end in, and those of datasets that end in another's: a script may mean one that
        is nowhere declared. After :meth:`settle`."""
        datasets = {s.text: s.columns for s in self._catalog.symbols if s.found and s.meaning is s}
        named: dict[str, set[bytes]] = {}
        for text, columns in datasets.items():
            for name in (text, *shorter(text)):
                named.setdefault(name, set()).add(columns)
        several = {name for name, columns in named.items() if len(columns) > 1}
        return several | {t for t, c in datasets.items() if any(datasets.get(name, c) != c for name in shorter(t))}

    def close(self) -> None:
        """Release the temporary file."""
        self._spool.close()
