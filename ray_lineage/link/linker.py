"""Facts of all files -> contributions, incrementally.

After a change of some files, only those files are linked again whose result can be different: the changed ones, those
that mention a name whose meaning may have changed, and those that used a column list that did change (early cutoff).
The result is byte for byte what linking from nothing gives.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Final

from ray_lineage.link.catalog import Catalog, ColumnList, Declared
from ray_lineage.link.contribute import contribute
from ray_lineage.link.names import NameIndex
from ray_lineage.link.shared import FileView, decode_uses, encode_shared
from ray_lineage.link.spool import Spool
from ray_lineage.model import Contribution, FileFacts, Name, decode_facts, decode_head

_KEPT: Final = 256  # decoded facts
_SPARE_BYTES: Final = 16 * 2**20  # a spool with less garbage is left alone


class _File:
    """What is kept in memory of one file (about 1 kB): where its facts are, and what it can be affected by."""

    __slots__ = ("copied", "declared", "fingerprint", "lists", "mentioned", "place", "sha256")

    def __init__(
        self,
        sha256: str,
        place: tuple[int, int],
        declared: tuple[Name, ...],
        mentioned: tuple[Name, ...],
        copied: tuple[tuple[Name, Name], ...],
    ) -> None:
        self.copied = copied
        self.sha256 = sha256
        self.place = place
        self.declared = declared
        self.mentioned = mentioned
        self.lists: frozenset[str] = frozenset()
        self.fingerprint = ""


class Linker:
    """Holds the facts of a project's files and links them. Not safe for use from several threads."""

    def __init__(self, project: str) -> None:
        self.project = project
        self._spool = Spool()
        self._files: dict[str, _File] = {}
        self._decoded: OrderedDict[str, FileFacts] = OrderedDict()
        self._names = NameIndex()
        self._catalog = Catalog(self._names, self.facts)
        self._mentioners: dict[str, set[str]] = {}
        self._changed: set[str] = set()
        self._pending: set[str] = set()  # to be linked again
        self._stale: set[str] = set()  # datasets whose declarations changed
        self._list_users: dict[str, set[str]] = {}

    def __len__(self) -> int:
        return len(self._files)

    def put(self, path: str, sha256: str, facts: bytes) -> None:
        """New facts of a file. Raises msgspec.DecodeError if they are none, OSError if the temporary disk is full."""
        head = decode_head(facts)
        outline = head.outline
        self.remove(path)
        declared: dict[Name, None] = {}
        for position, declaration in enumerate(head.declarations):
            if declaration.temporary or not declaration.name:
                continue
            declared[declaration.name] = None
            entry = Declared(
                path, position, declaration.kind, declaration.line, declaration.columns, declaration.statement,
                declaration.adds, outline.reads[position], declaration.parameters,
            )  # fmt: skip
            self._catalog.declare(declaration.name, entry)
        for name in declared:
            self._names.add(name, declared=True)
        for name in outline.mentioned:
            self._names.add(name, declared=False)
        for short, long in outline.copied:
            self._names.tell_apart(short, long)
        for name in (*declared, *outline.mentioned):
            self._mentioners.setdefault(name[-1], set()).add(path)
        self._files[path] = _File(sha256, self._spool.add(facts), tuple(declared), outline.mentioned, outline.copied)
        self._stale.update(self._catalog.text(n) for n in declared)
        self._changed.add(path)
        if self._spool.wasted > max(_SPARE_BYTES, len(self._spool) // 2):
            self._compact()

    def _compact(self) -> None:
        """Copy what is needed to a new spool. A disk without room for both keeps the old one, until it grew that much again."""
        spool = Spool()
        try:
            places = {path: spool.add(self._spool.read(file.place)) for path, file in self._files.items()}
        except OSError:
            spool.close()
            self._spool.wasted = 0
            return
        for path, place in places.items():
            self._files[path].place = place
        self._spool.close()
        self._spool = spool

    def remove(self, path: str) -> None:
        """A file is gone (nothing happens if it is not known)."""
        file = self._files.pop(path, None)
        if file is None:
            return
        self._spool.release(file.place)
        self._decoded.pop(path, None)
        self._changed.discard(path)
        self._pending.discard(path)
        for name in file.declared:
            self._catalog.retract(name, path)
            self._names.discard(name, declared=True)
            self._stale.add(self._catalog.text(name))
        for name in file.mentioned:
            self._names.discard(name, declared=False)
        for short, long in file.copied:
            self._names.confuse(short, long)
        for name in (*file.declared, *file.mentioned):
            users = self._mentioners.get(name[-1])
            if users is not None:
                users.discard(path)
                if not users:
                    del self._mentioners[name[-1]]
        self._use_no_lists(file, path)

    def _use_no_lists(self, file: _File, path: str) -> None:
        for dataset in file.lists:
            users = self._list_users[dataset]
            users.discard(path)
            if not users:
                del self._list_users[dataset]
        file.lists = frozenset()

    def facts(self, path: str) -> FileFacts:
        """Facts of a file, decoded again where they were dropped from memory."""
        found = self._decoded.get(path)
        if found is None:
            found = decode_facts(self._spool.read(self._files[path].place))
            self._remember(path, found)
        else:
            self._decoded.move_to_end(path)
        return found

    def _remember(self, path: str, facts: FileFacts) -> None:
        self._decoded[path] = facts
        self._decoded.move_to_end(path)
        if len(self._decoded) > _KEPT:
            self._decoded.popitem(last=False)

    def settle(self) -> list[str]:
        """Settle the catalog after what was put and removed. Sorted paths of the files that have to be linked again: each
        stays among them until it is :meth:`linked`."""
        self._pending |= self._dirty()
        return sorted(self._pending)

    def shared(self) -> bytes:
        """The settled catalog for :class:`~ray_lineage.link.shared.SharedCatalog` in other processes. Call
        :meth:`settle` before."""
        names = self._catalog.names
        meanings: dict[str, tuple[str, bool]] = {}
        datasets: set[str] = set()
        for name in names:
            meant, ambiguous = names.resolve(name)
            datasets.add(self._catalog.text(meant))
            if ambiguous or meant != name:
                meanings[self._catalog.text(name)] = (self._catalog.text(meant), ambiguous)
        lists = {d: self._catalog.columns(d) for d in datasets}
        declared = {d: found for d in datasets if (found := self._catalog.declarations(d))}
        return encode_shared(meanings, {d: c for d, c in lists.items() if c is not None}, declared)

    def facts_bytes(self, path: str) -> bytes:
        """Encoded facts of a file, for a process that has not got them. Raises KeyError if the file is not known."""
        return self._spool.read(self._files[path].place)

    def sha256(self, path: str) -> str:
        """Content hash that a file's facts were put with. Raises KeyError if the file is not known."""
        return self._files[path].sha256

    def linked(self, path: str, fingerprint: str, uses: bytes) -> bool:
        """Another process linked a file that the last :meth:`settle` named, with what :meth:`shared` gave after it. Is
        its contribution another one than before?

        Not to be called when the file was put or removed since, or the catalog settled anew: such a result is stale.
        """
        file = self._files[path]
        self._pending.discard(path)
        self._use_no_lists(file, path)
        file.lists = frozenset(decode_uses(uses))
        for dataset in file.lists:
            self._list_users.setdefault(dataset, set()).add(path)
        different = fingerprint != file.fingerprint
        file.fingerprint = fingerprint
        return different

    def link(self) -> Iterator[Contribution]:
        """Contributions of every file whose contribution is new or different since the previous call, in path order.

        The generator must be run to its end; what it has yielded counts as known from then on.
        """
        for path in self.settle():
            view = FileView(self._catalog)
            contribution = contribute(self.project, path, self._files[path].sha256, self.facts(path), view)
            if self.linked(path, contribution.fingerprint, view.uses()):
                yield contribution
        self._catalog.sweep(self._list_users)

    def view(self) -> FileView:
        """Settle the catalog and look at it as a file does (for evaluating a script without contributions)."""
        self.settle()
        return FileView(self._catalog)

    def _dirty(self) -> set[str]:
        """Which files to link again. Also settles the catalog."""
        changed, self._changed = self._changed, set()
        dirty = set(changed)
        touched = self._names.settle()
        stale, self._stale = self._stale, set()
        users: set[str] = set().union(*(self._mentioners.get(last, ()) for last in touched))
        dirty |= users
        stale.update(self._catalog.text(n) for path in users for n in self._files[path].declared)
        # a declaration counts for the dataset that its name means, which may be a longer one
        stale |= {self._catalog.resolve(self._catalog.name(d)) for d in stale}
        # where a name's meaning may have changed, so may the owner of each dataset that ends in it
        before: dict[str, ColumnList] = self._catalog.forget(stale | self._resolved_from(touched))
        for dataset, old in before.items():
            if self._catalog.columns(dataset) != old:
                dirty |= self._list_users.get(dataset, set())
        for dataset in stale:
            for name_last in (self._catalog.name(dataset)[-1],):
                dirty |= self._mentioners.get(name_last, set())
        return {p for p in dirty if p in self._files}

    def _resolved_from(self, touched: set[str]) -> set[str]:
        return {self._catalog.text(n) for last in touched for n in self._names.ending_in(last)}

    def close(self) -> None:
        """Release the temporary file."""
        self._spool.close()
