"""The live view: fits the terminal, obeys nothing that a file's name says, and becomes log lines elsewhere."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
from rich.cells import cell_len
from rich.console import Console

from ray_lineage import logs
from ray_lineage.cli.live import LiveView, LogView, duration, open_view, render, tail
from ray_lineage.runtime.status import ErrorEvent, FileEvent, Lane, Status

NOW = 100_000.0


def status(**changed: object) -> Status:
    found = Status(
        pid=42, project="warehouse", started_at=NOW - 3_725, written_at=NOW, roots=["/srv/sql"], store="neo4j://graph:7687",
        executor="ray", phase="following", files=12_034, waiting={"critical": 0, "normal": 12, "batch": 3_400}, in_flight=64,
        lanes=[Lane("parse-0", "busy", "dw/load.sql", 3.2), Lane("parse-1", "idle")], files_per_second=812, rows_per_second=9_100,
        last_files=[FileEvent(f"f{i}.sql", "compiled", i / 10, NOW - 10 + i) for i in range(8)],
        reconciled_at=NOW - 20, settled_at=NOW - 3, lag_seconds=0.4,
        metrics={"ray_lineage_in_flight_bytes": 12.3e6, "ray_lineage_in_flight_budget_bytes": 76.8e6,
                 'ray_lineage_node_memory_share{node="n1"}': 0.71},
    )  # fmt: skip
    for name, value in changed.items():
        setattr(found, name, value)
    return found


def drawn(found: Status, width: int = 80, height: int = 24, hints: str = "q: stop") -> str:
    out = Console(record=True, width=width, height=height, file=io.StringIO(), force_terminal=True, highlight=False)
    lines = render(found, NOW, width, height, hints)
    for line in lines:
        out.print(line)
    text = out.export_text()
    assert len(lines) <= height
    assert len(text.splitlines()) == len(lines), "a line was broken in two"
    assert all(cell_len(line) <= width for line in text.splitlines())
    return text


def test_everything_is_there_on_80_by_24() -> None:
    full = status(
        dead_letters=1, quarantined=2, admission="memory: n1 at 91 %", watcher="inotify", watcher_notes=["events were lost"],
        errors=[ErrorEvent("RL219", "cannot reach Neo4j", "neo4j://graph", NOW - 30)] * 4,
    )  # fmt: skip
    text = drawn(full)
    for part in (
        "warehouse  following  up 1 h 02 min  lag 0.4 s",
        "neo4j://graph:7687  (ray, process 42)",
        "critical 0  normal 12  batch 3,400   in flight 64   known 12,034",
        "812 files/s  9,100 rows/s   settled 3.0 s ago   reconciled 20 s ago",
        "in flight 12.3 of 77 MB   n1 71 %",
        "inotify; events were lost",
        "held up   memory: n1 at 91 %",
        "1 dead letter, 2 quarantined",
        "1 of 2 busy",
        "q: stop",
    ):
        assert part in text, part
    assert text.count("f7.sql") == 1
    assert text.index("f7.sql") < text.index("f3.sql"), "the last file first"
    assert "f2.sql" not in text
    assert text.count("RL219 cannot reach Neo4j (neo4j://graph)") == 3


def test_what_is_in_order_takes_no_room() -> None:
    text = drawn(status())
    assert not any(word in text for word in ("held up", "failed", "errors", "watching"))


@pytest.mark.parametrize(("width", "height"), [(80, 24), (80, 10), (40, 24), (20, 5), (200, 60)])
@pytest.mark.parametrize("lanes", [0, 1, 16, 300])
def test_it_fits(width: int, height: int, lanes: int) -> None:
    many = [Lane(f"parse-{i}", "busy", f"日本語/{'x' * 300}{i}.sql", i) for i in range(lanes)]
    text = drawn(status(lanes=many, errors=[ErrorEvent("RL219", "x" * 500)]), width, height)
    if height >= 24 and lanes > 60:
        assert "more" in text
        assert f"parse-{lanes - 1}" in text, "the longest at its file first"
    assert "q: stop" in text


NASTY = "a\x1b[2J\nb[bold red]c[/]\u202e\r\x07日本\udcff.sql"


def test_names_are_shown_and_not_obeyed() -> None:
    found = status(
        project=NASTY, roots=[NASTY], store=NASTY, watcher=NASTY, watcher_notes=[NASTY], admission=NASTY,
        lanes=[Lane(NASTY, "busy", NASTY, 1.0)], last_files=[FileEvent(NASTY, "compiled")], errors=[ErrorEvent("RL219", NASTY, NASTY)],
    )  # fmt: skip
    text = drawn(found, 200, 60)
    assert not any(c in text for c in "\x1b\r\x07\u202e")
    assert text.count(r"a\x1b[2J\nb[bold red]c[/]\u202e\r\x07日本\udcff.sql") >= 7


def test_a_status_that_is_not_written_any_more_says_so() -> None:
    assert "as of 2 min ago" in drawn(status(written_at=NOW - 120))
    assert "as of" not in drawn(status(written_at=NOW - 5))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0.0 s"), (0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.6, "60 s"), (120, "2 min"), (3_590, "1 h 00 min"),
        (3_725, "1 h 02 min"), (90_000, "1 d 1 h"),
    ],
)  # fmt: skip
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_tail_keeps_the_end() -> None:
    assert tail("a/b/c.sql", 20) == "a/b/c.sql"
    assert tail("a/b/c.sql", 6) == "…c.sql"
    assert tail("日本語.sql", 8) == "…語.sql"
    assert tail("abc", 0) == ""


def test_the_screen_is_drawn_four_times_a_second_and_left_clean() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=80, height=24, color_system=None)
    clock = [NOW]
    view = LiveView(console, clock=lambda: clock[0])
    pictures = 0
    plain, view.picture = view.picture, lambda s: (counted.append(s), plain(s))[1]  # type: ignore[func-returns-value,method-assign]
    counted: list[Status] = []
    with view:
        for _ in range(100):
            clock[0] += 0.01
            view.show(status())
        pictures = len(counted)
        view.show(status(phase="draining"))
        assert len(counted) == pictures + 1, "a new phase shows at once"
        assert view.key() == ""
    assert pictures in (4, 5)
    text = out.getvalue()
    assert text.count("\x1b[?1049h") == text.count("\x1b[?1049l") == 1  # the other screen: no scroll-back is used
    assert "warehouse  draining" in text[text.index("\x1b[?1049l") :]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[object]:
    logs.configure("json", "WARNING")

    def read() -> list[dict[str, object]]:
        return [json.loads(line) for line in capsys.readouterr().err.splitlines()]

    yield read
    logging.getLogger().removeHandler(logs._handlers.pop())


def test_plain_is_one_line_an_event(lines: object) -> None:
    clock = [0.0]
    view = LogView(clock=lambda: clock[0])

    def said(found: Status) -> list[str]:
        clock[0] += 1
        with view:
            view.show(found)
        return [f"{line['level']} {line['event']}" for line in lines()]  # type: ignore[operator]

    rest = {"waiting": {}, "in_flight": 0, "last_files": [], "settled_at": 0.0}
    assert said(status(**rest, phase="starting")) == ["info watch is starting"]
    assert said(status(**rest)) == ["info watch is following"]
    assert said(status(**rest)) == []
    event, other = FileEvent("a.sql", "compiled", 0.2, 5.0), FileEvent("b.sql", "quarantined", None, 6.0)
    assert said(status(**{**rest, "last_files": [event]})) == ["info compiled"]
    assert said(status(**{**rest, "last_files": [event, other]})) == ["warning quarantined"]
    rest["last_files"] = [event, other]
    fault = ErrorEvent("RL219", "away", "bolt://h", 7.0)
    assert said(status(**rest, errors=[fault])) == ["error away"]
    assert said(status(**rest, errors=[fault], admission="memory")) == ["warning held up: memory"]
    assert said(status(**rest, errors=[fault])) == ["info goes on"]
    assert said(status(**rest, errors=[fault], watcher_notes=["polling"])) == ["warning watching: polling"]
    assert said(status(**{**rest, "settled_at": 9.0}, errors=[fault])) == ["info the graph equals the files"]
    clock[0] += 100
    busy = {**rest, "waiting": {"batch": 3}, "settled_at": 9.0}
    assert said(status(**busy, errors=[fault])) == ["info waiting: batch=3"]
    assert said(status(**busy, errors=[fault])) == []


def test_quiet_leaves_errors_only(lines: object) -> None:
    view = LogView(quiet=True)
    view.show(status(errors=[ErrorEvent("RL219", "away")]))
    assert [line["level"] for line in lines()] == ["error"]  # type: ignore[operator]


def test_off_a_terminal_there_are_lines() -> None:
    assert isinstance(open_view(quiet=False, plain=False), LogView)


def test_before_there_is_a_job_it_is_said_what_is_waited_for() -> None:
    text = drawn(status(phase="starting", admission="Ray, which is starting", lanes=[], last_files=[]))
    assert "waits for Ray, which is starting" in text
    assert "held up" in drawn(status(admission="memory"))
