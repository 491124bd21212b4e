"""Whatever the text is, compiling it ends, and with diagnostics at worst: real SQL, cut, doubled and shuffled."""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ray_lineage.compile import CompileOptions, compile_text
from ray_lineage.link import Linker
from ray_lineage.model import encode_facts
from ray_lineage.sources.decode import decode
from tests.unit.sql.test_cases_by_dialect import CASES
from tests.unit.sql.test_sql_procedural import DYNAMIC, MOVES, PROGRAMS, VARIABLES

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
    facts = compile_text(text, CompileOptions(dialect))
    assert not [d for d in facts.diagnostics if "please report" in d.message]
    lines = len(re.findall(r"\r\n|\r|\n", text)) + 1
    assert all(0 <= d.line <= lines for d in facts.diagnostics)
    assert all(1 <= s.first_line <= lines for s in facts.statements)
    linker = Linker("p")
    linker.put("a.sql", "", encode_facts(facts))
    assert len(list(linker.link())) == 1
    linker.close()
