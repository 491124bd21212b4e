"""The page in a real Chromium: by keyboard alone, with hostile names, exported and served."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from benchmarks.browser import NAMES, Browser, chromium
from ray_lineage.viewer.changes import Change, Sides, changes_page
from tests.environment import environ
from tests.unit.viewer.conftest import FILES, HOSTILE
from tests.unit.viewer.test_viewer_changes import table

pytestmark = pytest.mark.skipif(chromium() is None, reason=f"no Chromium is installed ({', '.join(NAMES)})")

PROPERTIES = Path(__file__).with_name("viewer_layout.js")
LONG = "dataloadsimulation.getrandomcustomerpurchaseordernumberofadeliveryrun"
CONTRAST = """(() => {
  const seen = (c) => c.match(/[\\d.]+/g).map(Number), channel = (v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const ground = (e) => { for (; e; e = e.parentElement) { const c = seen(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0.9) return c; } return [255, 255, 255]; };
  const low = [];
  for (const e of document.querySelectorAll("button, h1, h2, h3, p, li, span, b, td, th, label, summary")) {
    const text = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!text || !e.checkVisibility() || e.closest(".dim, .live, [aria-hidden=true]")) continue;
    const [a, b] = [light(seen(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) low.push(e.className + " " + e.textContent.slice(0, 30) + " " + ((a + 0.05) / (b + 0.05)).toFixed(2));
  }
  return low;
})()"""


class Made(NamedTuple):
    """A project of two hundred tables, and its page."""

    folder: Path
    page: str


def lineage(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ray_lineage", *arguments]
    return subprocess.run(command, cwd=folder, env=environ(), capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("viewer")
    many = {f"many/{n}.sql": f"CREATE VIEW many.v{n} AS SELECT id AS a{n} FROM raw.people" for n in range(170)}
    long = {
        "long.sql": f"CREATE VIEW {LONG} AS SELECT total AS the_total_of_everything_that_was_ever_ordered_by_anybody FROM mart.total"
    }
    for path, text in (FILES | many | long).items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
    assert lineage(folder, "ingest", ".", "--workers", "0", "--dialect", "postgres").returncode == 0
    done = lineage(folder, "export", "--format", "html", "-o", "lineage.html")
    assert done.returncode == 0, done.stderr
    return Made(folder, f"file://{folder}/lineage.html")


@pytest.fixture(scope="module")
def browse() -> Iterator[Callable[[Callable[[Browser], Coroutine[Any, Any, None]]], None]]:
    """Runs a coroutine with the one browser of this file."""
    with asyncio.Runner() as runner:
        browser = runner.run(Browser().__aenter__())
        try:

            def run(session: Callable[[Browser], Coroutine[Any, Any, None]]) -> None:
                browser.requests.clear()
                browser.problems.clear()
                runner.run(browser.dark(False))
                runner.run(session(browser))
                assert browser.problems == []

            yield run
        finally:
            runner.run(browser.__aexit__(None, None, None))


async def names(browser: Browser) -> set[str]:
    """Tables that are drawn."""
    found = await browser.run("[...document.querySelectorAll('.box')].map((b) => b.querySelector('.head').title)")
    return set(found)


async def lit(browser: Browser, side: str) -> set[str]:
    return set(await browser.run(f"[...document.querySelectorAll('.row.{side}')].map((r) => r.textContent)"))


async def hash_of(browser: Browser) -> str:
    return str(await browser.run("decodeURIComponent(location.hash)"))


async def typed(browser: Browser, text: str) -> None:
    await browser.press("/", *text)
    await browser.until("!document.getElementById('hits').hidden")
    await browser.press("Enter")


def test_layout_keeps_its_properties(made: Made, browse: Callable[..., None]) -> None:
    async def session(browser: Browser) -> None:
        await browser.open(made.page)
        await browser.run(
            f"{PROPERTIES.read_text()};globalThis.checkLayout = checkLayout;globalThis.checkWrap = checkWrap;0"
        )
        assert await browser.run("checkLayout(7, 60)") == []
        assert await browser.run("checkWrap()") == []

    browse(session)


def test_by_keyboard_alone(made: Made, browse: Callable[..., None]) -> None:
    async def session(browser: Browser) -> None:
        await browser.open(made.page)
        assert "schemas" in (await browser.run("document.body.innerText")).lower()
        await typed(browser, "core orders amo")
        assert await names(browser) == {"raw.orders", "core.orders", "mart.total", "mart.far", LONG}
        assert await lit(browser, "up") == {"amount"}
        assert "total" in await lit(browser, "down")
        assert "at=core.orders" in await hash_of(browser)
        assert "column=amount" in await hash_of(browser)
        evidence = await browser.run("document.querySelector('aside').innerText")
        assert "o.amount * ?" in evidence
        assert "core/orders.sql:2" in evidence
        # along the edge to what it feeds, and select that
        await browser.press("ArrowRight", "Enter")
        assert "of=mart.total" in await hash_of(browser)
        assert await browser.run("document.activeElement.dataset.column >= 0")
        # the rest: what shapes rows, the picture as a table, the keys, back
        assert await browser.run("document.querySelectorAll('path.influence').length") == 0
        await browser.press("i")
        assert await browser.run("document.querySelectorAll('path.influence').length") > 0
        await browser.press("Escape", "t")
        rows = await browser.run(
            "[...document.querySelectorAll('.reading tbody tr')].map((r) => r.innerText.split('\\t'))"
        )
        assert ["raw.orders.amount", "core.orders.amount", "transformation", "certain", "core/orders.sql:2"] in rows
        assert ["raw.orders.status", "core.orders", "filter", "certain", "core/orders.sql:1"] in rows
        assert await browser.run("document.activeElement.tagName") == "H2"
        await browser.press("t", "?")
        assert await browser.run("document.querySelector('dialog[open]').innerText.includes('search')")
        await browser.press("Enter")
        await browser.press("h")
        assert await browser.run("!document.querySelector('.start').hidden")

    browse(session)


def test_a_deep_link_shows_the_same(made: Made, browse: Callable[..., None]) -> None:
    async def session(browser: Browser) -> None:
        await browser.open(made.page)
        await typed(browser, "raw.people")
        await browser.press("ArrowDown", "Enter", "i")
        link, drawn, up = await browser.run("location.href"), await names(browser), await lit(browser, "down")
        await browser.open(link)
        assert (await names(browser), await lit(browser, "down")) == (drawn, up)
        assert await browser.run("location.href") == link
        await browser.open(made.page + "#at=no.such")
        assert "no.such is not in this picture" in await browser.run("document.querySelector('.live').textContent")

    browse(session)


def test_much_is_asked_for_and_folded(made: Made, browse: Callable[..., None]) -> None:
    async def session(browser: Browser) -> None:
        await browser.open(made.page + "#at=raw.people")
        assert len(await names(browser)) == 14
        assert await browser.run("document.querySelector('.box[data-table] .rim.down').textContent") == "+158"
        await browser.press("Tab")
        await browser.run("document.querySelector('.box.focus .head').focus()")
        await browser.press("]")
        await browser.until("document.querySelector('dialog[open]')")
        await browser.press("Enter")  # the careful answer is at hand
        await browser.until("!document.querySelector('dialog')")
        assert len(await names(browser)) == 14
        await browser.press("]")
        await browser.until("document.querySelector('dialog[open]')")
        await browser.run("document.querySelector('dialog button[value=yes]').click()")
        await browser.until("document.querySelectorAll('.box').length > 150")
        assert await browser.run("document.querySelectorAll('.row').length") == 0

    browse(session)


def test_hostile_names_stay_text(made: Made, browse: Callable[..., None]) -> None:
    async def session(browser: Browser) -> None:
        await browser.open(made.page + "#at=odd.t")
        assert HOSTILE in await browser.run("document.body.innerText")
        await browser.press("f")
        await browser.open(made.page)
        await typed(browser, "odd img")
        assert HOSTILE in await browser.run("document.querySelector('aside').innerText")
        await browser.press("t")
        assert (
            await browser.run("document.images.length + document.querySelectorAll('body script:not([id])').length") == 1
        )
        assert [r for r in browser.requests if not r.startswith(("file:", "about:"))] == []

    browse(session)


def test_names_are_whole_and_legible(made: Made, browse: Callable[..., None]) -> None:
    async def session(browser: Browser) -> None:
        for dark in (False, True):
            await browser.dark(dark)
            for place in ("", "#schema=many", "#at=mart.total&column=total", "#at=mart.total&influences=1"):
                await browser.open(made.page + place)
                assert await browser.run(CONTRAST) == []
        cut = "[...document.querySelectorAll('.box button')].filter((b) => b.scrollWidth > b.clientWidth + 1).map((b) => b.textContent)"
        assert await browser.run(cut) == []
        heads = await browser.run(
            "[...document.querySelectorAll('.box .head')].map((b) => [b.title, b.innerText.replace(/\\s|\\u21ba/g, '')])"
        )
        shown = dict(heads)
        assert LONG.split(".")[1] in shown[LONG]
        # what is laid out is what is drawn
        wrong = "[...document.querySelectorAll('.box')].filter((b) => b.scrollHeight > b.clientHeight + 2).map((b) => b.innerText)"
        assert await browser.run(wrong) == []

    browse(session)


def test_a_change_is_marked(made: Made, browse: Callable[..., None]) -> None:
    before = table("m.t", {"a": "int", "b": "int"}, ("r.s", "a", "a"), ("r.s", "b", "b"))
    after = table("m.t", {"a": "bigint", "c": "int"}, ("r.s", "a", "a"), ("r.s", "b", "c"))
    sides = Sides([before], [after], [table("m.far", {"x": ""}, ("m.t", "b", "x"))])
    page = made.folder / "changes.html"
    page.write_text(
        changes_page("T", "main", HOSTILE, sides, [Change("error", "broken-reader", "gone", "m.t", "b", "a.sql", 3, 2)])
    )

    async def session(browser: Browser) -> None:
        for dark in (False, True):
            await browser.dark(dark)
            await browser.open(f"file://{page}")
            assert await browser.run(CONTRAST) == []
            assert HOSTILE in await browser.run("document.body.innerText")
            await browser.run("document.querySelector('.changes .link').click()")
            assert await browser.run(CONTRAST) == []
        rows = "Object.fromEntries([...document.querySelectorAll('.box.edited .row')].map((r) => [r.textContent, r.className]))"
        marks = {
            name: set(classes.split()) & {"added", "removed", "edited"}
            for name, classes in (await browser.run(rows)).items()
        }
        assert marks == {"a": {"edited"}, "b": {"removed"}, "c": {"added"}}
        assert await browser.run("document.querySelectorAll('path.removed').length") == 1

    browse(session)


def test_everything_has_a_name_and_a_role(made: Made, browse: Callable[..., None]) -> None:
    async def session(browser: Browser) -> None:
        await browser.open(made.page + "#at=mart.total")
        tree = (await browser.call("Accessibility.getFullAXTree"))["nodes"]
        told = [(n["role"]["value"], n.get("name", {}).get("value", "")) for n in tree if not n.get("ignored")]
        named = ("button", "combobox", "group", "checkbox", "toolbar", "region", "complementary", "listbox")
        assert [role for role, name in told if role in named and not name.strip()] == []
        groups = [name for role, name in told if role == "group"]
        assert any(name.startswith("mart.total, table, ") for name in groups)
        assert {"banner", "main", "complementary", "status", "search"} <= {role for role, _ in told}
        assert await browser.run("document.querySelectorAll('.stage [tabindex=\"0\"]').length") == 1

    browse(session)


def test_it_runs_in_a_frame_without_an_origin(made: Made, browse: Callable[..., None]) -> None:
    async def session(browser: Browser) -> None:
        text = Path(made.page.removeprefix("file://")).read_text()
        await browser.open("about:blank#frame", "document.body")
        script = (
            "new Promise((done) => { const f = document.createElement('iframe'); f.sandbox = 'allow-scripts'; f.srcdoc = %s; "
            "f.onload = () => setTimeout(done, 0); document.body.append(f); })"
        )
        await browser.run(script % json.dumps(text))
        async with browser.frame() as frame:
            await frame.until("document.documentElement.dataset.ready")
            assert await frame.run("location.href") == "about:srcdoc"
            assert "Schemas" in await frame.run("document.body.innerText")

    browse(session)


def test_served_it_shows_the_source_and_only_to_its_user(made: Made, browse: Callable[..., None]) -> None:
    command = [sys.executable, "-m", "ray_lineage", "view", "core.orders.amount", "--no-open"]
    server = subprocess.Popen(
        command, cwd=made.folder, env=environ(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    address = server.stdout.readline().strip()
    assert address.startswith("http://127.0.0.1:"), server.communicate(timeout=20)

    async def session(browser: Browser) -> None:
        await browser.open(address)
        assert "token" not in await hash_of(browser)
        assert "column=amount" in await hash_of(browser)
        await browser.run("document.querySelector('aside button.place').click()")
        await browser.until("document.querySelector('.line.here')")
        assert "2  SELECT o.id, o.amount * 2 AS amount" in await browser.run(
            "document.querySelector('.line.here').textContent"
        )
        (made.folder / "core/orders.sql").write_text("-- other\n" + FILES["core/orders.sql"])
        await browser.run(
            "document.querySelector('aside button.place').click(), document.querySelector('aside button.place').click()"
        )
        await browser.until("document.querySelector('aside .text .note')")
        assert "changed" in await browser.run("document.querySelector('aside .text .note').textContent")
        assert lineage(made.folder, "ingest", ".", "--workers", "0", "--dialect", "postgres").returncode == 0
        await browser.run("document.dispatchEvent(new Event('visibilitychange'))")
        await browser.until("document.querySelector('button.changed')")
        await browser.run("document.querySelector('button.changed').click()")
        await browser.until("!document.querySelector('button.changed') && document.documentElement?.dataset.ready")
        assert "core/orders.sql:3" in await browser.run("document.querySelector('aside').innerText")
        await browser.run("sessionStorage.clear()")
        await browser.open(address.partition("#")[0], "document.querySelector('.fault')")
        assert "token" in await browser.run("document.querySelector('.fault').textContent")
        browser.problems[:] = [p for p in browser.problems if "403" not in p]

    try:
        browse(session)
    finally:
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=30)
        (made.folder / "core/orders.sql").write_text(FILES["core/orders.sql"])
    assert server.returncode == 130
