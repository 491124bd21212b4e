"""Encodings as SQL tools write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ray_lineage.sources.decode import decode

TEXT = "SELECT 'Zürich', naïve FROM t\r\nGO\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_no_questions_asked(encoding: str) -> None:
    found = decode(TEXT.encode(encoding))
    assert (found.text, found.diagnostics) == (TEXT, ())


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark(encoding: str) -> None:
    found = decode(TEXT.encode(encoding))
    assert found.text == TEXT
    assert [d.code for d in found.diagnostics] == ["RL012"]


@pytest.mark.parametrize("mark", ["utf-16-le", "utf-16-be"])
def test_utf16_whose_line_ends_git_converted(mark: str) -> None:
    whole = f"\ufeff{TEXT}".encode(mark)
    found = decode(whole.replace(b"\n", b"\r\n"))  # git's own rule: the byte before it is no carriage return
    assert (found.text, [d.code for d in found.diagnostics]) == (TEXT, ["RL014"])
    assert "-text" in found.diagnostics[0].message


def test_a_guess_says_so() -> None:
    found = decode(TEXT.encode("cp1252"))
    assert "SELECT" in found.text
    assert [d.code for d in found.diagnostics] == ["RL013"]


def test_a_folders_encoding_comes_first() -> None:
    assert decode("ж".encode("cp1251"), "cp1251").text == "ж"


def test_binary_and_pointers_are_skipped() -> None:
    assert [d.code for d in decode(b"\x7fELF\0\0\0\1abc").diagnostics] == ["RL010"]
    assert [d.code for d in decode(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n").diagnostics] == [
        "RL011"
    ]


def test_nothing_is_fine() -> None:
    found = decode(b"")
    assert (found.text, found.diagnostics, found.skip) == ("", (), False)


@given(st.binary(max_size=300))
def test_any_bytes_give_text_that_can_be_stored(data: bytes) -> None:
    text = decode(data).text
    text.encode("utf-8")
    assert "\0" not in text
