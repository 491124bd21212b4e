"""Whatever the text is, compiling it ends, and with diagnostics at worst: real SQL, cut, doubled and shuffled."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ray_lineage.compile import CompileOptions, compile_source
from ray_lineage.link import Linker
from ray_lineage.model import encode_facts
from ray_lineage.sources.decode import decode
from tests.unit.sql.test_cases_by_dialect import CASES
from tests.unit.sql.test_sql_procedural import DYNAMIC, MOVES, PROGRAMS, VARIABLES
from tests.unit.sql.test_sql_scripts import CASES as SCRIPTS

_EXAMPLES = [
    decode(p.read_bytes()).text[:6_000] for p in sorted((Path(__file__).parents[3] / "examples").rglob("*.sql"))
]
_TEXTS = [
    *_EXAMPLES,
    *(sql for _, sql, _ in (*VARIABLES, *DYNAMIC, *PROGRAMS, *MOVES)),
    *(c[1] for _, c in CASES[::15]),
]
_DIALECTS = ["", "tsql", "postgres", "mysql", "oracle", "snowflake", "bigquery", "spark", "duckdb"]
_NOISE = ["(", ")", "'", '"', "[", "]", "/*", "*/", "--", ";", "GO\n", "BEGIN ", "END ", "CASE ", "$$", "@", "#", ":", "\0",
          "{{", "}}", "SELECT ", "FROM ", "INTO ", "AS ", ",", ".", "\ud800", "DELIMITER //\n", "EXEC ", "END;"]  # fmt: skip


@st.composite
def _mutated(draw: st.DrawFn) -> str:
    text = draw(st.sampled_from(_TEXTS))
    for _ in range(draw(st.integers(0, 6))):
        a = draw(st.integers(0, len(text)))
        b = min(len(text), a + draw(st.integers(0, 40)))
        match draw(st.sampled_from(["cut", "insert", "double", "swap"])):
            case "cut":
                text = text[:a] + text[b:]
            case "insert":
                text = text[:a] + draw(st.sampled_from(_NOISE)) + text[a:]
            case "double":
                text = text[:b] + text[a:b] + text[b:]
            case _:
                text = text[b:] + text[:a]
    return text


@settings(
    max_examples=250, deadline=5_000, suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example]
)
@given(_mutated(), st.sampled_from(_DIALECTS))
def test_nothing_crashes_and_our_own_faults_do_not_show(text: str, dialect: str) -> None:
    facts = compile_source(text, CompileOptions(dialect))
    assert not [d for d in facts.diagnostics if "please report" in d.message]
    lines = len(re.findall(r"\r\n|\r|\n", text)) + 1
    assert all(0 <= d.line <= lines for d in facts.diagnostics)
    assert all(1 <= s.first_line <= lines for s in facts.statements)
    linker = Linker("p")
    linker.put("a.sql", "", encode_facts(facts))
    assert len(list(linker.link())) == 1
    linker.close()


_PIECES = re.compile(r"\s+|\w+|'[^']*'|.", re.DOTALL)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("dialect", sorted({script.dialect for _, script in SCRIPTS}))
def test_scripts_that_are_broken_off_or_torn_apart_end_with_diagnostics(dialect: str) -> None:
    chance = random.Random(dialect)
    words = sorted({word for _, script in SCRIPTS for word in re.findall(r"[A-Z_]{3,}", script.sql)})
    for _, script in SCRIPTS:
        if script.dialect != dialect:
            continue
        pieces = _PIECES.findall(script.sql)
        at = chance.randrange(len(pieces))
        for torn in (
            pieces[:at],
            pieces[:at] + pieces[at + 2 :],
            [*pieces[:at], f" {chance.choice(words)} ", *pieces[at:]],
        ):
            facts = compile_source("".join(torn), CompileOptions(dialect))
            assert not [d for d in facts.diagnostics if "please report" in d.message], "".join(torn)
