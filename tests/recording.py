"""The picture of the terminal in the README: ``python -m tests.recording`` makes it anew, from what the commands say of the example.

They run in a terminal of their own, so that they say what a reader's would. A test compares the picture with what they say now.
"""

from __future__ import annotations

import fcntl
import os
import pty
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

from rich.console import Console
from rich.text import Text

from tests.environment import PROJECT, environ

PICTURE: Final = PROJECT / "docs/images/terminal.svg"
COMMANDS: Final = (
    "find royalty due",
    "upstream dw.RoyaltyStatement.RoyaltyDue --no-influences",
    "why shop.OrderLine.LineTotal shop.vOrderLineEUR.NetEUR",
)
_COLUMNS: Final = 100
_CELL: Final = (8.4, 19)  # of a letter of 14 pixels
_MARGIN: Final = 18
_COLORS: Final = {1: "#ff7b72", 2: "#7ee787", 3: "#e3b341", 6: "#79c0ff"}  # by their numbers in a terminal
_TEXT, _DIM, _BACKGROUND = "#e6edf3", "#9198a1", "#0d1117"
_SECONDS_EACH: Final = 2.5
_STYLE: Final = (
    "text{font-size:14px;font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;white-space:pre}"
    "g{animation:a .2s both}@keyframes a{from{opacity:0}}@media(prefers-reduced-motion:reduce){g{animation:none}}"
)


_CONSOLE: Final = Console(color_system="standard", force_terminal=True)


class Said(NamedTuple):
    """A command, and its answer as the terminal got it."""

    command: str
    answer: str


def recorded() -> list[Said]:
    """What the commands say, in a copy of the example."""
    with tempfile.TemporaryDirectory() as folder:
        example = shutil.copytree(
            PROJECT / "examples/lumen_books", f"{folder}/lumen_books", ignore=shutil.ignore_patterns("data")
        )
        _in_terminal("ingest -q", Path(example))
        return [Said(command, _in_terminal(command, Path(example))) for command in COMMANDS]


def _in_terminal(command: str, folder: Path) -> str:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 60, _COLUMNS, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "ray_lineage", *command.split()], cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs,
        env={**_plain(), "TERM": "xterm-256color"}, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    with open(ours, "rb", buffering=0) as terminal:
        answer = b"".join(_read(terminal.fileno()))
    assert process.wait(60) == 0, answer
    return answer.decode().replace("\r\n", "\n")


def _plain() -> dict[str, str]:
    """An environment that says nothing of colors and widths."""
    said = {
        "NO_COLOR",
        "FORCE_COLOR",
        "CLICOLOR_FORCE",
        "CLICOLOR",
        "COLORTERM",
        "COLUMNS",
        "LINES",
        "CI",
        "GITHUB_ACTIONS",
    }
    return {name: value for name, value in environ().items() if name not in said}


def _read(terminal: int) -> Iterator[bytes]:
    while True:
        try:
            found = os.read(terminal, 65536)
        except OSError:  # Linux: nobody holds the other end any more
            return
        if not found:
            return
        yield found


def picture(said: list[Said]) -> str:
    """An SVG without scripts, fonts or anything else from elsewhere; one answer appears after another."""
    width, height = _CELL
    y = _MARGIN
    groups = []
    for number, (command, answer) in enumerate(said):
        lines = [
            Text.assemble(("$ ", "green"), (f"ray_lineage {command}", "bold")),
            *map(Text.from_ansi, answer.rstrip("\n").split("\n")),
        ]
        rows = [_row(line, y + place * height + 14) for place, line in enumerate(lines)]
        groups.append(f'<g style="animation-delay:{number * _SECONDS_EACH:g}s">{"".join(rows)}</g>')
        y += (len(lines) + 1) * height
    size = (f"{_COLUMNS * width + 2 * _MARGIN:g}", f"{y - height + _MARGIN:g}")
    title = escape("; ".join(s.command for s in said))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]} {size[1]}" role="img"><title>{title}</title>'
        f'<style>{_STYLE}</style><rect width="100%" height="100%" rx="8" fill="{_BACKGROUND}"/>\n'
        + "\n".join(groups)
        + "\n</svg>\n"
    )


def _row(line: Text, y: float) -> str:
    """Each piece has its own place, so that no font moves it."""
    out, column = [], 0
    for piece, color, bold in _pieces(line):
        start = _MARGIN + column * _CELL[0]
        column += len(piece)
        if piece.strip():
            weight = ' font-weight="bold"' if bold else ""
            out.append(
                f'<text x="{start:g}" y="{y:g}" fill="{color}"{weight} textLength="{len(piece) * _CELL[0]:g}">{escape(piece)}</text>'
            )
    return "".join(out)


def _pieces(line: Text) -> Iterator[tuple[str, str, bool]]:
    """Text, color and boldness of what is written alike."""
    at = sorted({0, len(line), *(end for span in line.spans for end in (span.start, span.end))})
    for start, end in pairwise(at):
        style = line.get_style_at_offset(_CONSOLE, start)
        number = style.color.number if style.color is not None else None
        yield line.plain[start:end], _DIM if style.dim else _COLORS.get(number or 0, _TEXT), bool(style.bold)


if __name__ == "__main__":
    PICTURE.write_text(picture(recorded()), "utf-8")
