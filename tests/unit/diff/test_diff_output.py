"""What is written for people and for machines: complete, bounded, and text whatever a name holds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html.parser import HTMLParser
from typing import Any

import pytest
from markdown_it import MarkdownIt

from ray_lineage.diff.breaks import Use
from ray_lineage.diff.changes import RULES, Change, Kind
from ray_lineage.diff.machine import MOST_RESULTS, github, sarif
from ray_lineage.diff.markdown import MARKER, MOST, markdown
from ray_lineage.diff.reach import Reached
from ray_lineage.diff.render import render, render_impact
from ray_lineage.diff.report import Found, Report, counted, together
from ray_lineage.diff.rows import Place
from ray_lineage.logs import one_line

HOSTILE = [
    "a|b", "`a`", "```\nsh", "<img src=x onerror=alert(1)>", "</details></td>", "a\nb\r\n::error::x", "::set-output name=x::y", "##vso[task]",
    "@everyone", "#1", "https://evil.example/x", "www.evil.example", "[x](javascript:alert(1))", "![x](http://e/x)", "<!-- ray_lineage diff -->",
    "**bold** _it_ ~~s~~", "\x1b[31mred", "a\u202eb", "&lt;b&gt;", "\\|", "%0A::error::x", "x,line=1::y", "$x^2$", "---", "1. a", "",
]  # fmt: skip

NOWHERE = Reached({}, 0, (), False)


def report(*changes: Change, reached: Reached = NOWHERE, owners: Sequence[str] = (), folder: str = "") -> Report:
    found = tuple(Found(c, reached, tuple(owners)) for c in changes)
    files = {"changed": 1, "added": 0, "removed": 0, "silent": 0}
    return Report(1, "main", "the working tree", "a" * 40, "", files, counted(changes, 0), found, (), 1, folder)


def change(name: str, kind: Kind = Kind.REMOVED, *uses: Use, file: str = "a.sql") -> Change:
    return Change(kind, RULES[kind].level, name, "", f"the table {name} is gone", file, 3, uses=uses)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""
        self.outside = ""
        """Of ``<code>``, where GitHub makes links and mentions."""
        self._code = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not attrs
        self.tags.add(tag)
        self._code += tag == "code"

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag == "code"

    def handle_data(self, data: str) -> None:
        self.text += data
        self.outside += data if not self._code else ""


def rendered(text: str) -> _Tags:
    """As GitHub reads it: tables, HTML, bare links."""
    tags = _Tags()
    tags.feed(MarkdownIt("gfm-like", {"linkify": False, "html": True}).render(text))
    return tags


_TAGS = {"h3", "p", "table", "thead", "tbody", "tr", "th", "td", "code", "details", "summary", "ul", "li"}


@pytest.mark.parametrize("name", HOSTILE)
def test_names_stay_text_in_a_comment(name: str) -> None:
    told = report(change(name, Kind.BROKEN, Use(name, "", name, Place(f"{name}.sql", 2))), owners=[name])
    text = markdown(told, f"ray_lineage diff {name}")
    found = rendered(text)
    assert found.tags <= _TAGS
    assert text.count(MARKER) == 1 and text.startswith(MARKER)
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {6}
    assert re.findall(r"[@#]\w|://|www\.", found.outside) == []
    if not name.startswith(("#", "::")):  # these begin no line here, but are escaped wherever they stand
        assert one_line(name) in found.text.replace("\u200b", "")


@pytest.mark.parametrize("name", HOSTILE)
def test_names_give_no_orders_to_a_runner_or_a_terminal(name: str) -> None:
    told = report(change(name, file=f"{name}.sql"), folder="sub/")
    lines = list(github(told))
    assert len(lines) == 1 and lines[0].startswith("::warning file=sub/")
    assert "\n" not in lines[0] and "\r" not in lines[0]
    head = lines[0].removeprefix("::").split("::", 1)[0]
    assert len(head.split(",")) == 3
    plain = list(render(told, lambda text, _: _visible(text), everything=True))
    assert not any(line.startswith(("::", "##")) or "\x1b" in line or "\n" in line for line in plain)


def _visible(text: str) -> str:
    from ray_lineage.cli.output import visible

    return visible(text)


def test_a_comment_is_never_longer_than_github_takes() -> None:
    reached = Reached({f"a.very_long_name_of_a_dataset_{n}": 1 for n in range(300)}, 900, (), False)
    told = report(*(change(f"schema.table_{n}") for n in range(3_000)), reached=reached)
    text = markdown(told, "ray_lineage diff --all")
    assert len(text) <= MOST
    assert "ray_lineage diff" in rendered(text).text
    assert text.count("<details>") == text.count("</details>")
    assert len([line for line in text.splitlines() if line.startswith("| :")]) == 20


def test_a_comment_of_one_enormous_name_is_not_either() -> None:
    text = markdown(report(change("|" * 100_000)), "ray_lineage diff --all")
    assert len(text) <= MOST


def required(log: dict[str, Any]) -> None:
    """What SARIF 2.1.0 asks for (sections 3.13, 3.14, 3.19, 3.27, 3.49)."""
    assert log["version"] == "2.1.0"
    for run in log["runs"]:
        rules = run["tool"]["driver"]["rules"]
        assert len({rule["id"] for rule in rules}) == len(rules)
        for result in run["results"]:
            assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
            assert result["level"] in ("none", "note", "warning", "error")
            assert isinstance(result["message"]["text"], str)
            place = result["locations"][0]["physicalLocation"]
            assert re.fullmatch(r"[\w.~!$&'()*+,;=:@/%-]+", place["artifactLocation"]["uri"])
            assert place.get("region", {"startLine": 1})["startLine"] >= 1


@pytest.mark.parametrize("name", HOSTILE)
def test_sarif_is_valid(name: str) -> None:
    required(sarif(report(change(name, file=f"{name}.sql"))))


def test_sarif_has_at_most_so_many_results_the_worst_first() -> None:
    told = report(change("x", Kind.BROKEN), *(change(f"t{n}") for n in range(MOST_RESULTS + 10)))
    log = sarif(told)
    results = log["runs"][0]["results"]
    assert len(results) == MOST_RESULTS and results[0]["level"] == "error"
    assert log["runs"][0]["properties"] == {"resultsLeftOut": 11}
    required(log)


def test_every_class_has_a_rule() -> None:
    rules = {rule["id"]: rule for rule in sarif(report())["runs"][0]["tool"]["driver"]["rules"]}
    assert set(rules) == {kind.value for kind in Kind} - {"none"}
    assert {rule["defaultConfiguration"]["level"] for rule in rules.values()} == {"error", "warning", "note"}


def test_each_place_that_breaks_is_annotated() -> None:
    uses = (Use("t", "a", "v", Place("v.sql", 3)), Use("t", "a", "", Place("r.sql", 7)))
    lines = list(github(report(change("t", Kind.BROKEN, *uses))))
    assert [re.findall(r"file=(\S+?),line=(\d+)", line) for line in lines] == [[("v.sql", "3")], [("r.sql", "7")]]


@pytest.mark.parametrize(
    ("kind", "fail_on", "bad"),
    [
        (Kind.BROKEN, "broken", True), (Kind.BROKEN, "never", False), (Kind.ROWS, "broken", False), (Kind.ROWS, "warning", True),
        (Kind.ADDED, "warning", False), (Kind.UNKNOWN, "warning", True),
    ],
)  # fmt: skip
def test_what_a_build_fails_on(kind: Kind, fail_on: str, bad: bool) -> None:
    assert report(change("t", kind)).is_bad(fail_on) is bad


def test_a_cut_walk_says_at_least() -> None:
    cut = Reached({"v": 1}, 2, ("v.sql",), True)
    lines = list(render(report(change("t"), reached=cut), lambda text, _: text))
    assert any("at least 2 columns of 1 dataset" in line for line in lines)
    assert "at least 1 dataset in 1 file depends on t" in list(
        render_impact(together(report(change("t"), reached=cut)), lambda text, _: text)
    )


def test_files_of_broken_readers_count() -> None:
    uses = (Use("t", "", "v", Place("v.sql", 2)), Use("t", "", "", Place("only_reads.sql", 1)))
    found = together(report(change("t", Kind.BROKEN, *uses), reached=Reached({"v": 1, "w": 2}, 2, ("w.sql",), False)))
    assert found.files == ("v.sql", "w.sql")


def test_a_text_shows_paths_as_they_are_seen() -> None:
    of_file = Change(Kind.UNKNOWN, "warning", "", "", "a.sql changed and was not understood", "a.sql", 0)
    use = Use("t", "", "v", Place("v.sql", 2))
    told = report(of_file, change("t", Kind.BROKEN, use, use), folder="sub/")
    text = "\n".join(render(told, lambda text, _: text, lambda path: f"../{path}"))
    assert "unknown ../sub/a.sql  ../sub/a.sql\n         ../sub/a.sql changed and was" in text
    assert "t  ../sub/a.sql:3" in text and "breaks ../sub/v.sql:2 (v)" in text


def test_columns_of_one_dataset_stand_together_and_none_is_left_out() -> None:
    of = [
        Change(Kind.VALUES, "warning", "mart.v", f"c{n}", f"mart.v.c{n} was a and is b", "v.sql", 1) for n in range(30)
    ]
    told = report(*of, change("other"))
    lines = list(render(told, lambda text, _: text))
    assert sum(line.startswith("warning") for line in lines) == 2
    assert next(line for line in lines if "likewise" in line).split() == [
        "likewise",
        *(f"c{n}," for n in range(1, 29)),
        "c29",
    ]
    text = markdown(told, "ray_lineage diff --all")
    assert len([line for line in text.splitlines() if line.startswith("| :")]) == 2
    assert all(f"mart.v.c{n} was" in rendered(text).text for n in range(30))
