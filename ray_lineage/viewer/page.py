"""The page: one text with its styles, its code and, where it is not served, its data.

It contacts nobody and obeys nothing but its own code: the policy in it allows no more than the texts with these hashes, and
names reach the page as text alone.
"""

from __future__ import annotations

import base64
import hashlib
import html
from functools import cache
from importlib.resources import files
from typing import Final

_CODE: Final = ("layout.js", "graph.js", "scene.js", "stage.js", "panel.js", "start.js", "diff.js", "page.js")


def page(title: str, data: bytes | None = None) -> str:
    """``data``: what :func:`.packing.pack` made; None: it is fetched from where the page comes from."""
    style, code = _text("page.css"), "".join(_text(name) for name in _CODE)
    held = (
        ""
        if data is None
        else f'<script type="application/gzip" id="data">{base64.b64encode(data).decode()}</script>\n'
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy(served=data is None)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>{html.escape(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n{held}<script>{code}</script>\n</body>\n</html>\n"
    )


def policy(*, served: bool) -> str:
    """The Content-Security-Policy."""
    style, code = _text("page.css"), "".join(_text(name) for name in _CODE)
    connect = " connect-src 'self';" if served else ""
    return (
        f"default-src 'none'; script-src '{_hash(code)}'; style-src '{_hash(style)}';{connect} "
        "base-uri 'none'; form-action 'none'"
    )


@cache
def _text(name: str) -> str:
    return (files(__package__) / name).read_text("ascii")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
