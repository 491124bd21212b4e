"""Bytes -> text, in the encodings that SQL tools write."""

from __future__ import annotations

import codecs
import contextlib
from typing import Final

import msgspec

from ray_lineage.model import Diagnostic
from ray_lineage.sources.encodings import WESTERN, guess

_BOMS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
FOLDERS: Final = "~"
UNSURE: Final = "?"
_LFS: Final = b"version https://git-lfs.github.com/spec/"


class Decoded(msgspec.Struct, frozen=True):
    """``skip``: no text to compile (binary, LFS pointer); the diagnostics say why. ``guessed``: as in ``FileFacts``."""

    text: str
    encoding: str
    diagnostics: tuple[Diagnostic, ...] = ()
    skip: bool = False
    guessed: str = ""


def decode(data: bytes, encoding: str = "") -> Decoded:
    """Decode a file. ``encoding`` (a folder's setting) is tried first, after byte order marks; with "~" before it, it is what
    its folder's files speak for, and tried where the file is not UTF-8."""
    if data.startswith(_LFS):
        return _skipped("RL011", "it is a git LFS pointer; run `git lfs pull` to get its content")
    for mark, name in _BOMS:
        if data.startswith(mark):
            return _converted(data, name) or _with(data, name, ())
    guess = _utf16_without_mark(data)
    if guess:
        note = Diagnostic("RL012", "info", f"read as {guess}: it has no byte order mark")
        return _with(data, guess, (note,))
    if b"\0" in data[:8192]:
        return _skipped("RL010", "it looks binary (NUL bytes); it was not read as SQL")
    for name in ("" if encoding.startswith(FOLDERS) else encoding, "utf-8"):
        if name:
            try:
                return Decoded(_clean(data.decode(name)), name)
            except (UnicodeDecodeError, LookupError):
                continue
    return _guessed(data, encoding.removeprefix(FOLDERS))


def _guessed(data: bytes, folders: str) -> Decoded:
    found = guess(data)
    if folders:
        with contextlib.suppress(UnicodeDecodeError, LookupError):
            return _noted(data.decode(folders), folders, f"{folders}, as its folder", FOLDERS + folders)
    with contextlib.suppress(UnicodeDecodeError):
        guessed = found.encoding + ("" if found.sure else UNSURE)
        return _noted(data.decode(found.encoding), found.encoding, found.encoding, guessed)
    return _noted(data.decode(WESTERN, "replace"), WESTERN, WESTERN, WESTERN + UNSURE)


def _noted(text: str, name: str, shown: str, guessed: str) -> Decoded:
    note = Diagnostic("RL013", "warning", f"not UTF-8; read as {shown}. Set `encoding` for its folder if that is wrong")
    return Decoded(_clean(text), name, (note,), guessed=guessed)


def _with(data: bytes, name: str, notes: tuple[Diagnostic, ...]) -> Decoded:
    try:
        return Decoded(_clean(data.decode(name)), name, notes)
    except UnicodeDecodeError as error:
        note = Diagnostic(
            "RL014", "warning", f"broken {name} at byte {error.start}; the bytes that cannot be read were replaced"
        )
        return Decoded(_clean(data.decode(name, "replace")), name, (*notes, note))


def _converted(data: bytes, name: str) -> Decoded | None:
    """UTF-16 of which git took the bytes for lines, because an attribute says that the file is text: it put a carriage return in
    front of each byte that is a line feed, so that from there on every character is cut in two."""
    before, after = _CUT.get(data[:2], (b"", b"")) if name == "utf-16" else (b"", b"")
    if not before or before not in data:
        return None
    try:
        text = data.replace(before, after).decode(name)
    except UnicodeDecodeError:
        return None
    why = "git put carriage returns between the bytes of its utf-16; read without them. Set `*.sql -text` in .gitattributes"
    return Decoded(_clean(text), name, (Diagnostic("RL014", "warning", why),))


_CUT: Final = {
    codecs.BOM_UTF16_LE: (b"\0\r\n\0", b"\0\n\0"),
    codecs.BOM_UTF16_BE: (b"\0\r\0\r\n", b"\0\r\0\n"),
}
"""What stands where it did so, and what stood there. U+0A0D, which the former would be, is no character."""


def _utf16_without_mark(data: bytes) -> str:
    """Mostly ASCII text in UTF-16 has a NUL in every second byte."""
    sample = data[:4096]
    if len(sample) < 4 or b"\0" not in sample:
        return ""
    pairs = len(sample) // 2
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > 0.7 * pairs and even < 0.05 * pairs:
        return "utf-16-le"
    if even > 0.7 * pairs and odd < 0.05 * pairs:
        return "utf-16-be"
    return ""


def _clean(text: str) -> str:
    """No NUL and no lone surrogates: neither the stores nor the encoders take them."""
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        text = text.encode("utf-8", "replace").decode("utf-8")
    return text


def _skipped(code: str, message: str) -> Decoded:
    return Decoded("", "", (Diagnostic(code, "warning", message),), True)
