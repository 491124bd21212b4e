"""The picture of the terminal is what the commands say today, and shows nothing of the machine that made it."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from tests.recording import COMMANDS, PICTURE, picture, recorded


def test_the_picture_is_of_this_code() -> None:
    said = recorded()
    assert PICTURE.read_text("utf-8") == picture(said), "run `python -m tests.recording`"
    shown = "".join(ElementTree.fromstring(picture(said)).itertext())
    for command, answer in said:
        lines = re.sub(r"\x1b(\[[0-9;]*m|\]8;[^\x1b]*\x1b\\)", "", answer).split("\n")
        assert f"ray_lineage {command}" in shown
        for line in lines:
            assert re.sub(r"\s", "", line) in re.sub(r"\s", "", shown)
    assert [s.command for s in said] == list(COMMANDS)
    assert "/tmp" not in shown
    assert "://" not in shown
