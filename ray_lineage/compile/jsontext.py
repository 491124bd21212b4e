"""JSON as files hold it: one value, an array, values one after another (a line each, or not), with the place of each.

What is read is cut into pieces, each the text of a value and where it begins; a piece is taken apart only where something in it
is asked for, so that memory is that of the file and of one piece. Nothing here raises for bad input: what cannot be read is a
:class:`Fault`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Final, NamedTuple, TypeVar

import msgspec
from msgspec import Raw

T = TypeVar("T")

_BYTE: Final = re.compile(r"\(byte (\d+)\)")
_PLACE: Final = re.compile(r" - at `\$.*")
_MAX_FAULTS: Final = 20
"""After so many a file is given up: what is broken everywhere is not what it seems to be."""
_WIDE: Final = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_MARK: Final = b"\xef\xbb\xbf"
_members: Final = msgspec.json.Decoder(dict[str, Raw])
_elements: Final = msgspec.json.Decoder(list[Raw])
_any: Final = msgspec.json.Decoder(Raw)


class Piece(NamedTuple):
    """One value: its text, and where that begins in the file (bytes from 0)."""

    text: bytes
    at: int


class Fault(NamedTuple):
    """What cannot be read, and where."""

    message: str
    at: int


def utf8(data: bytes) -> bytes:
    """The text in UTF-8 without a mark of its encoding; lines stay where they are."""
    for mark, encoding in _WIDE:
        if data.startswith(mark):
            return data.decode(encoding, "replace").encode()
    return data.removeprefix(_MARK)


class Lines:
    """Where the lines of a file begin."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._starts: list[int] | None = None

    def line(self, at: int) -> int:
        """The line (from 1) of an offset."""
        if self._starts is None:
            self._starts = [0, *(m.end() for m in re.finditer(rb"\n", self._data))]
        return bisect_right(self._starts, at)


def values(data: bytes) -> Iterator[Piece | Fault]:
    """The objects and arrays of a file one after another; of one that is an array, its elements. A broken one costs itself alone,
    where the next begins a line."""
    start = _SPACE.match(data)
    at = start.end() if start else 0
    is_array = data[at : at + 1] == b"["
    at = _skip(data, at + is_array)
    view = memoryview(data)
    faults = 0
    while at < len(data) and data[at : at + 1] != b"]":
        end, message = _end(view[at:])
        if not message:
            yield Piece(data[at : at + end].rstrip(), at)
            at = _skip(data, at + end)
            continue
        yield Fault(message, min(at + end, len(data) - 1))
        faults += 1
        following = _NEXT.search(data, at)
        if following is None or faults >= _MAX_FAULTS:
            return
        at = following.end() - 1
    if is_array and at >= len(data):
        yield Fault(_TORN, max(len(data) - 1, 0))


_SPACE: Final = re.compile(rb"\s*+")
_SCALARS: Final = re.compile(rb'(?:[\s,]++|[\w.+-]++|"(?:[^"\\]|\\.)*+")*+', re.DOTALL)
_NEXT: Final = re.compile(rb"\n[^\S\n]*+\{")
_TORN: Final = "it ends in the middle of a value"
_DEEP: Final = "it is nested too deeply"
_BROKEN: Final = "it is not JSON"


def _skip(data: bytes, at: int) -> int:
    """Where the next object or array begins: all else says nothing."""
    found = _SCALARS.match(data, at)
    return found.end() if found else at


def _end(view: memoryview) -> tuple[int, str]:
    """Where the value ends that the text begins with; or where it is broken, and how."""
    try:
        _any.decode(view)
    except msgspec.DecodeError as error:
        place = _BYTE.search(str(error))
        if place is None:
            return len(view), _TORN
        return max(int(place[1]) - 1, 0), "" if "trailing characters" in str(error) else _BROKEN
    except RecursionError:
        return 0, _DEEP
    return len(view), ""


def members(piece: Piece) -> dict[str, Piece] | Fault:
    """The members of an object by their names (of two of one name the last), each in its place."""
    found = decoded(piece, _members)
    if isinstance(found, Fault):
        return found
    out: dict[str, Piece] = {}
    place = 0
    for name, raw in found.items():
        text = bytes(raw)
        key = piece.text.find(msgspec.json.encode(name), place)
        start = piece.text.find(text, max(key, place))
        place = start + len(text) if start >= 0 else place
        out[name] = Piece(text, piece.at + max(start, 0))
    return out


def elements(piece: Piece) -> list[Piece] | Fault:
    """The elements of an array, each in its place."""
    found = decoded(piece, _elements)
    if isinstance(found, Fault):
        return found
    out: list[Piece] = []
    place = 0
    for raw in found:
        text = bytes(raw)
        place = piece.text.index(text, place)
        out.append(Piece(text, piece.at + place))
        place += len(text)
    return out


def decoded(piece: Piece, decoder: msgspec.json.Decoder[T]) -> T | Fault:
    """The value as the decoder wants it."""
    try:
        return decoder.decode(piece.text)
    except msgspec.ValidationError as error:
        return Fault(_PLACE.sub("", str(error)).lower(), piece.at)
    except msgspec.DecodeError as error:
        place = _BYTE.search(str(error))
        return Fault(_BROKEN, piece.at + (max(int(place[1]) - 1, 0) if place else len(piece.text)))
    except UnicodeDecodeError as error:
        return Fault("it is not UTF-8", piece.at + error.start)
    except RecursionError:
        return Fault(_DEEP, piece.at)
