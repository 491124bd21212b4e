"""What strangers wrote (names of files and tables, messages of servers) stays text: in a terminal, a log, a CI runner."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ray_lineage import logs
from ray_lineage.cli.diagnostics import write_diagnostics
from ray_lineage.cli.main import _trace
from ray_lineage.cli.output import (
    Globals,
    print_error,
    print_json,
    print_json_line,
    styled,
    visible,
    write_line,
    write_table,
)
from ray_lineage.errors import UsageError
from ray_lineage.runtime.summary import FileDiagnostic

HOSTILE = [
    "::error file=x::y.sql", "  ::set-output name=a::b", "##[add-mask]x", "a ##[error]b", "##vso[task.setvariable variable=x]y",
    "##teamcity[buildStop]", "\x1b]8;;http://evil\x1b\\x", "\x1b[2J", "\x9b31m", "a\r::error::b", "a\n::error::b", "a\n##[error]b",
    "a\u2028::error::b", "a\u202egpj.exe", "\x07", "a\x00b", "section_start:1:x\r\x1b[0K", "\ud800", "\v::error::x", "\u3000::stop-commands::x",
]  # fmt: skip
# GitHub's runner trims a line and looks for `::` at its start, and for `##[` anywhere; Azure's and TeamCity's do alike
COMMAND = re.compile(r"^\s*::|##(\[|vso\[|teamcity\[)", re.IGNORECASE | re.MULTILINE)
ESCAPE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def harmless(text: str) -> bool:
    return not COMMAND.search(text) and not ESCAPE.search(text)


@pytest.fixture(autouse=True)
def _no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_secrets", [])


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("show", [visible, logs.one_line, styled])
def test_a_name_is_one_harmless_line(name: str, show: Callable[[str], str]) -> None:
    assert harmless(show(name))
    assert "\n" not in show(name)


@given(st.text(st.sampled_from("a:#[] \n\r\x1b\u2028") | st.characters()))
def test_every_text_is(text: str) -> None:
    assert harmless(logs.one_line(text))


@pytest.mark.parametrize("name", ["dbo.a", "tempdb..##global", "public.a::int", "x #1", "# heading", "C++", "été"])
def test_ordinary_names_are_shown_as_they_are(name: str) -> None:
    assert visible(name) == name


@pytest.mark.parametrize("name", HOSTILE)
def test_all_that_is_printed(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    write_line(styled(name, "bold"))
    write_table([(name, name), ("a", name)], (name, "b"))
    print_error(UsageError("RL203", name, where=name, help=name))
    safe = name.encode("utf-8", "backslashreplace").decode()  # JSON knows no lone surrogates
    print_json({"path": safe, safe: [safe]})
    print_json_line({"path": safe, safe: [safe]})
    out, err = capsys.readouterr()
    assert harmless(out)
    assert harmless(err)
    assert json.loads(out.splitlines()[-1]) == {"path": safe, safe: [safe]}


@pytest.mark.parametrize("name", HOSTILE)
def test_tracebacks(name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Globals, "verbose", 2)
    try:
        raise ValueError(name)
    except ValueError:
        _trace()
    assert harmless(capsys.readouterr().err)


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("form", [logs.TextFormatter(), logs.JsonFormatter()])
def test_all_that_is_logged(name: str, form: logging.Formatter) -> None:
    try:
        raise ValueError(name)
    except ValueError as error:
        record = logging.LogRecord("x", logging.ERROR, "f", 1, name, None, (type(error), error, error.__traceback__))
    record.__dict__.update(logs.fields(file=name, **{"::error::": name}))
    assert harmless(form.format(record))


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("suffix", [".txt", ".json", ".sarif"])
def test_diagnostics(tmp_path: Path, name: str, suffix: str) -> None:
    safe = name.encode("utf-8", "backslashreplace").decode()
    target = tmp_path / f"d{suffix}"
    write_diagnostics(target, [FileDiagnostic(safe, 1, 1, "RL102", "warning", safe)])
    assert harmless(target.read_text("utf-8"))
    if suffix == ".txt":
        assert len(target.read_text("utf-8").splitlines()) == 1
    if suffix == ".json":
        assert json.loads(target.read_text("utf-8"))[0]["path"] == safe


@pytest.mark.parametrize("secret", ["pass word", 'a"b\\c', "p%40ss", "p@ss/w:rd", "pässwörd", "tab\there", "it's"])
def test_a_secret_is_starred_however_it_is_written(secret: str, capsys: pytest.CaptureFixture[str]) -> None:
    from urllib.parse import quote, quote_plus

    logs.hide(secret)
    forms = [
        secret,
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        repr(secret)[1:-1],
        json.dumps(secret)[1:-1],
    ]
    for form in forms:
        assert form not in logs.redact(f"before {form} after")
        assert form not in visible(f"bolt://u:{form}@h")
    print_json({"message": f"x {secret} y"})
    write_line(styled(f"x {secret} y", "bold"))
    out = capsys.readouterr().out
    assert not [form for form in forms if form in out]


def test_what_every_address_holds_is_not_starred() -> None:
    logs.hide("neo4j")
    logs.hide("abc")
    assert visible("neo4j://h abc") == "neo4j://h abc"
