"""How a browser is told the address: by a file that nobody else can read, and that goes again."""

from __future__ import annotations

import webbrowser
from pathlib import Path

import pytest

from ray_lineage.cli import view


class Served:
    """An address with a token."""

    def address(self, said: str) -> str:
        return f"http://127.0.0.1:1/#token=T&{said}"


def test_the_token_is_on_no_command_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda url: opened.append(url) or True)
    monkeypatch.setattr(view, "_KEPT", 0.0)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    timer = view.open_browser(Served(), "at=a&column=%22")  # type: ignore[arg-type]
    assert len(opened) == 1
    assert "#" not in opened[0]
    timer.join(20)
    assert list(tmp_path.iterdir()) == []


def test_the_file_is_private_and_leads_there(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, str]] = []

    def read(url: str) -> bool:
        path = Path(url.removeprefix("file://"))
        seen.append((path.stat().st_mode & 0o777, path.read_text()))
        assert path.parent.stat().st_mode & 0o77 == 0
        return True

    monkeypatch.setattr(webbrowser, "open", read)
    monkeypatch.setattr(view, "_KEPT", 0.0)
    view.open_browser(Served(), "at=a").join(20)  # type: ignore[arg-type]
    assert seen[0][0] == 0o600
    assert 'content="0;url=http://127.0.0.1:1/#token=T&amp;at=a"' in seen[0][1]
