"""Scripts as they stand in repositories, one file a dialect under ``scripts``; what holds is written below each script.

A case begins with ``-- case: name`` (``[a, b]`` after it: the dialects, instead of the file's name); then the script; then
``-- pairs:`` (in any case, if need be without any) in the notation of ``cases``, and where they matter ``-- influences:``,
``-- reads:``, ``-- writes:``, ``-- codes:`` (of the diagnostics; without it there is none). What follows such a word goes on in lines that begin with ``--``.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

import ray_lineage
from tests.unit.sql.cases import SCHEMA

_SCRIPTS = Path(__file__).parent / "scripts"
_CASE = re.compile(r"^-- case: ", re.MULTILINE)
_WORD = re.compile(r"^-- (pairs|influences|reads|writes|codes):", re.MULTILINE)


class Script(NamedTuple):
    """One case for one dialect; ``expected`` maps the words above to their items."""

    dialect: str
    sql: str
    expected: dict[str, set[str]]


def read(path: Path) -> list[tuple[str, Script]]:
    """All cases of a file, named."""
    out: list[tuple[str, Script]] = []
    for block in _CASE.split(path.read_text())[1:]:
        head, body = block.split("\n", 1)
        name, _, others = head.partition("[")
        dialects = [d.strip() for d in others.rstrip("] ").split(",")] if others else [path.stem]
        parts = _WORD.split(body)
        expected = {
            word: {
                item.strip()
                for item in re.sub(r"^--", "", text, flags=re.MULTILINE).replace("\n", ",").split(",")
                if item.strip()
            }
            for word, text in zip(parts[1::2], parts[2::2], strict=True)
        }
        if "pairs" not in expected:
            raise ValueError(f"{path.name}: the case {name.strip()!r} does not say which pairs it has")
        out.extend((f"{d}: {name.strip()}", Script(d, parts[0], expected)) for d in dialects)
    return out


def found(script: Script) -> dict[str, set[str]]:
    """What we find, in the words of the cases."""
    lineage = ray_lineage.lineage(script.sql, script.dialect or None, schema=SCHEMA)
    return {
        "pairs": {
            f"{c.source} > {c.target} {c.transformation[0]}{'?' if c.certainty == 'possible' else ''}"
            for c in lineage.columns
        },
        "influences": {f"{i.source} > {i.target} {i.how}" for i in lineage.influences},
        "reads": set(lineage.sources),
        "writes": set(lineage.targets),
        "codes": {d.code for d in lineage.diagnostics},
    }


CASES = [case for path in sorted(_SCRIPTS.glob("*.sql")) for case in read(path)]


@pytest.mark.parametrize("script", [s for _, s in CASES], ids=[name for name, _ in CASES])
def test_script(script: Script) -> None:
    ours = found(script)
    wanted = {"codes": set(), **script.expected}
    assert {word: ours[word] for word in wanted} == wanted


_COMMENTED = [
    Script("", "SELECT a FROM t GROUP /* a */ BY a ORDER -- b\n BY a", {"pairs": {"t.a > a i"}}),
    Script("sqlite", "SELECT a FROM t INDEXED /* a */ BY i", {"pairs": {"t.a > a i"}}),
    Script("mysql", "INSERT /* a */ LOW_PRIORITY INTO o (x) SELECT a FROM t", {"pairs": {"t.a > o.x i"}}),
    Script(
        "oracle", "INSERT INTO o (x) SELECT a FROM t LOG /* a */\nERRORS REJECT LIMIT 5", {"pairs": {"t.a > o.x i"}}
    ),
    Script("sqlite", "UPDATE\n OR -- a\n IGNORE o SET x = y", {"pairs": {"o.y > o.x i"}}),
    Script("teradata", "UPDATE p /* a */ FROM t SET y = t.b", {"pairs": {"t.b > p.y i"}}),
    Script("bigquery", "FROM t |> /* a */ DROP b", {"pairs": {"t.id > id i", "t.a > a i"}}),
    Script(
        "exasol",
        "\n  CREATE LUA SCRIPT s () AS\r\n x [[ y\r\n/\r\nINSERT INTO o (x) SELECT a FROM t",
        {"pairs": {"t.a > o.x i"}},
    ),
]


@pytest.mark.parametrize("script", _COMMENTED, ids=[s.dialect or "any" for s in _COMMENTED])
def test_comments_and_line_ends_stand_anywhere(script: Script) -> None:
    assert {word: found(script)[word] for word in ("pairs", "codes")} == {"codes": set(), **script.expected}
