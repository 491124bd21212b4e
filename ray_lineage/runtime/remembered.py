"""What a run leaves for the next one: the settled linker, and of every file what it takes to know it again.

A later run that finds the graph settled as it was left links what changed, and nothing else. Whatever does not fit (another
digest, another version, a damaged file) is as if nothing were there.
"""

from __future__ import annotations

import contextlib
import hashlib
from typing import Final

import msgspec

from ray_lineage.errors import UsageError
from ray_lineage.ownfolder import own_folder
from ray_lineage.runtime.parse import Given

_FORMAT: Final = 4
_DIGEST: Final = 16


class Known(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How a file was read. ``own``: cache key of what it is by itself; ``read``: of the facts that it was linked with, which
    differs where its folder's votes had it read in ``dialect_in`` or ``encoding_in``. ``dialect``, ``confidence``, ``evidence`` and
    ``encoding`` are its own votes (see ``Meta``), with the files that it asked for; ``needs`` and ``given`` are the files that it was compiled with.
    ``silent``: it says nothing."""

    own: bytes
    read: bytes
    dialect: str = ""
    confidence: float = -1.0
    encoding: str = ""
    dialect_in: str = ""
    encoding_in: str = ""
    needs: tuple[str, ...] = ()
    given: tuple[Given, ...] = ()
    evidence: dict[str, int] = {}
    provides: tuple[str, ...] = ()
    silent: bool = False


class Remembered(msgspec.Struct, frozen=True, array_like=True):
    """``digest`` of the settled state that all of this belongs to; ``linker`` as :meth:`Linker.save` gave it."""

    format: int
    project: str
    digest: str
    known: dict[str, Known]
    linker: bytes


_decoder: Final = msgspec.msgpack.Decoder(Remembered)


def _name(project: str) -> str:
    return "linker." + hashlib.blake2b(project.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()


def recall(data_dir: str, project: str, digest: str) -> Remembered | None:
    """What was left for this settled state, None if there is nothing."""
    data = None
    with (
        contextlib.suppress(OSError, UsageError),
        own_folder(data_dir, create=False) as folder,
        folder.inner(".cache", create=False) as inner,
    ):
        data = inner.read(_name(project))
    if data is None or hashlib.blake2b(data[_DIGEST:], digest_size=_DIGEST).digest() != data[:_DIGEST]:
        return None
    try:
        found = _decoder.decode(memoryview(data)[_DIGEST:])
    except msgspec.DecodeError:
        return None
    return found if (found.format, found.project, found.digest) == (_FORMAT, project, digest) else None


def leave(data_dir: str, project: str, digest: str, known: dict[str, Known], linker: bytes) -> None:
    """Leave it for the next run. A disk that has no room for it keeps what was there."""
    data = msgspec.msgpack.encode(Remembered(_FORMAT, project, digest, known, linker))
    data = hashlib.blake2b(data, digest_size=_DIGEST).digest() + data
    with contextlib.suppress(OSError), own_folder(data_dir) as folder, folder.inner(".cache") as inner:
        inner.replace(_name(project), data)


def forget(data_dir: str, project: str) -> None:
    """It was of no use."""
    with (
        contextlib.suppress(OSError, UsageError),
        own_folder(data_dir, create=False) as folder,
        folder.inner(".cache", create=False) as inner,
    ):
        inner.remove(_name(project))
