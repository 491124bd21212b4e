"""Which encoding is a text in that is neither UTF-8 nor UTF-16?

Western 8-bit text (cp1252), unless something else is plain to see: statistics of natural language say little about code, which
has few words and many names. What is plain to see:

- kana, and pairs of bytes that are common ideographs or syllables;
- words of another alphabet: they are runs of bytes beyond ASCII, made of the letters that are frequent in it;
- between small letters, bytes that are no small letters in cp1252, but are in another Latin encoding;
- letters that no Western language has together (``ř`` and ``ě`` of cp1250 would be ``ø`` and ``ì``).
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

WESTERN: Final = "cp1252"
_SAMPLE: Final = 64 * 1024  # bytes
_ENOUGH: Final = 3
"""So many signs are strong evidence; fewer may be a unit, a name or a slip."""
_MOST: Final = 0.8
"""Share of the signs that must agree."""
_HIGH: Final = re.compile(rb"[\x80-\xff]")
_RUN: Final = re.compile(rb"[\x80-\xff]{2,}")
_REPEATED: Final = re.compile(rb"([\x80-\xff])\1+")
_BETWEEN: Final = re.compile(rb"(?<=[a-z])[\x80-\xff](?=[a-z])")


class _Alphabet(NamedTuple):
    """``frequent`` are about half of its letters, which make up most of its texts."""

    encoding: str
    frequent: frozenset[str]


_ALPHABETS: Final = (
    _Alphabet("cp1251", frozenset("оеаинтсрвлкмдпуя")),
    _Alphabet("koi8-r", frozenset("оеаинтсрвлкмдпуя")),
    _Alphabet("cp866", frozenset("оеаинтсрвлкмдпуя")),
    _Alphabet("cp1253", frozenset("αειοντσρκλμπυςάέίό")),
    _Alphabet("cp1255", frozenset("יוהלאמרתבשנםעד")),
    _Alphabet("cp1256", frozenset("اليمونرتبةعد")),
)
_LATIN: Final = (WESTERN, "cp1250", "cp850", "cp437", "mac-roman")
"""In the order of preference."""
_TOGETHER: Final = (
    ("cp1250", ("ø", "ì")),
    ("cp1250", ("šž", "èøìÈ")),
    ("cp1250", ("õ", "û")),
    ("cp1254", ("ý", "þð", "üç")),
)
"""Read as cp1252: if each of these sets of letters is found, and often, it is the other encoding."""


class Guess(NamedTuple):
    """``sure``: something speaks for it. A text with hardly anything beyond ASCII may be in the encoding of its neighbours."""

    encoding: str
    sure: bool


def guess(data: bytes) -> Guess:
    """The name of the codec; data that cannot be decoded by it is cp1252, too."""
    sample = _whole_lines(data)
    words = _REPEATED.sub(rb"\1", sample)  # lines are drawn with box characters of DOS
    other = _japanese(sample) or _pairs(sample) or _alphabet(words)
    return Guess(other, True) if other else _latin(words)


def _whole_lines(data: bytes) -> bytes:
    if len(data) <= _SAMPLE:
        return data
    return data[: data.rfind(b"\n", 0, _SAMPLE) + 1] or data[:_SAMPLE]


def _beyond_ascii(sample: bytes, encoding: str) -> str:
    """Empty if the sample cannot be in that encoding."""
    try:
        return "".join(c for c in sample.decode(encoding) if c > "\x7f")
    except UnicodeDecodeError:
        return ""


def _japanese(sample: bytes) -> str:
    for encoding in ("cp932", "euc-jp"):
        text = _beyond_ascii(sample, encoding)
        kana = sum("\u3041" <= c <= "\u30fe" for c in text)
        others = sum("\u3000" <= c <= "\u3040" or "\u4e00" <= c <= "\u9fff" or "\uff01" <= c <= "\uff5e" for c in text)
        if kana >= _ENOUGH and kana + others >= _MOST * len(text):
            return encoding
    return ""


def _pairs(sample: bytes) -> str:
    """Two bytes a character, most of the characters from the part of the table that holds the common ones."""
    high = len(_HIGH.findall(sample))
    if sum(len(run.group()) for run in _RUN.finditer(sample)) < high / 2:
        return ""
    for encoding, first, last in (("cp949", 0xB0, 0xC8), ("gb18030", 0xB0, 0xD7), ("big5", 0xA4, 0xC6)):
        text = _beyond_ascii(sample, encoding)
        common = [c for c in text if len(b := c.encode(encoding)) == 2 and first <= b[0] <= last]
        if len(set(common)) >= 2 * _ENOUGH and len(common) >= _MOST * len(text):
            return encoding
    return ""


def _alphabet(words: bytes) -> str:
    high = len(_HIGH.findall(words))
    runs = [run.group() for run in _RUN.finditer(words)]
    if sum(map(len, runs)) < max(2 * _ENOUGH, _MOST * high):
        return ""
    share, encoding = max((_frequent(runs, a), a.encoding) for a in _ALPHABETS)
    return encoding if share > 2 / 3 else ""


def _frequent(runs: list[bytes], alphabet: _Alphabet) -> float:
    """Share of the letters that are frequent ones. A capital after a small letter counts against it."""
    good = total = 0
    for run in runs:
        before = ""
        for char in run.decode(alphabet.encoding, "replace"):
            total += 1
            slip = char.isupper() and before.islower()
            good += char.lower() in alphabet.frequent and not slip
            before = char
    return good / total


def _latin(words: bytes) -> Guess:
    between = _BETWEEN.findall(words)
    shares = {encoding: sum(_is_small(b, encoding) for b in between) for encoding in _LATIN}
    count = len(between)
    if count - shares[WESTERN] >= _ENOUGH and shares[WESTERN] < _MOST * count:
        best = max(_LATIN, key=lambda encoding: shares[encoding])
        if shares[best] > _MOST * count:
            return Guess(best, True)
    other = _together(words.decode(WESTERN, "replace"))
    return Guess(other or WESTERN, bool(other) or shares[WESTERN] >= _ENOUGH)


def _is_small(byte: bytes, encoding: str) -> bool:
    char = byte.decode(encoding, "replace")
    return char.islower() and char.upper() != char  # ordinal indicators have no capital


def _together(text: str) -> str:
    for encoding, sets in _TOGETHER:
        if all(sum(map(text.count, letters)) >= _ENOUGH for letters in sets):
            return encoding
    return ""
