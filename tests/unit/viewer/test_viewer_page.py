"""One text that runs nothing but its own code, whatever is in the graph."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from html.parser import HTMLParser

import pytest

from ray_lineage.errors import UsageError
from ray_lineage.graph.sqlite import SqliteStore
from ray_lineage.viewer.making import Wanted, write_picture
from ray_lineage.viewer.page import page, policy
from tests.unit.viewer.conftest import HOSTILE


class Tags(HTMLParser):
    """Tags, their attributes, and the text of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[int, str] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.cdata_elem:
            self.texts[len(self.tags) - 1] = self.texts.get(len(self.tags) - 1, "") + data


def exported(store: SqliteStore, form: str = "html", **wanted: object) -> str:
    out = io.BytesIO()
    write_picture(store, ["one"], form, Wanted(**wanted), out)  # type: ignore[arg-type]
    return out.getvalue().decode()


def test_the_policy_names_the_texts_that_are_there(store: SqliteStore) -> None:
    text = exported(store)
    found = Tags(text)
    ours = [
        (tag, found.texts[n])
        for n, (tag, attributes) in enumerate(found.tags)
        if tag in ("script", "style") and "id" not in attributes
    ]
    assert [tag for tag, _ in ours] == ["style", "script"]
    allowed = policy(served=False)
    for tag, content in ours:
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in allowed
    assert f'content="{allowed}"' in text
    assert allowed.startswith("default-src 'none';")
    assert "unsafe" not in allowed
    assert "connect-src" not in allowed
    assert "connect-src 'self'" in policy(served=True)


def test_nothing_is_loaded_and_no_attribute_is_code(store: SqliteStore) -> None:
    found = Tags(exported(store))
    assert {tag for tag, _ in found.tags} <= {"html", "head", "meta", "title", "style", "body", "script"}
    names = {name for _, attributes in found.tags for name in attributes}
    assert not names & {"src", "href", "style"}
    assert not any(name.startswith("on") for name in names)


def test_a_page_is_ascii_and_names_no_other_place(store: SqliteStore) -> None:
    text = exported(store)
    assert text.isascii()
    assert set(re.findall(r"https?://[^\"'\s)]+", text)) == {"http://www.w3.org/2000/svg"}


def test_names_cannot_leave_their_place(store: SqliteStore) -> None:
    text = exported(store, with_sql=True)
    assert HOSTILE not in text
    assert text.count("</script>") == 2
    assert "&lt;/title&gt;" in page("</title><script>alert(1)</script>", b"")
    assert "<script>alert" not in page("</title><script>alert(1)</script>", b"")


def test_a_part_is_smaller_and_an_unknown_name_is_an_error(store: SqliteStore) -> None:
    assert len(exported(store, name="mart.far", depth=1)) < len(exported(store))
    with pytest.raises(UsageError):
        exported(store, name="nowhere")
