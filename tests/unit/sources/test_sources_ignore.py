"""Ignore rules: git's, and bounded whatever is written in them."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ray_lineage.sources import ignore
from ray_lineage.sources.ignore import IgnoreRules
from ray_lineage.sources.scan import Scan, ScanOptions, Tree

NAMES = ["a.sql", "b.sql", "a/a.sql", "a/b.sql", "b/a/b.sql", "ab.sql", "b/ab/a.sql"]


def tree(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def scanned(root: Path) -> list[str]:
    return sorted(f.path for f in Scan([str(root)], ScanOptions()))


@pytest.fixture(params=["slices", "one by one"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Both ways that a pattern can be matched in."""
    monkeypatch.setattr(ignore, "_SLICE", 2)
    if request.param == "one by one":
        monkeypatch.setattr(ignore, "_FEW_GLOBS", 0)
    yield


_negations = ["!a.sql", "!a/", "!b", "!*.sql", "!/ab.sql", "!a/a.sql", "!a/**", "!**/", "!ab/"]
_patterns = st.lists(
    st.text(alphabet="ab*/?.!", min_size=1, max_size=6).filter(lambda p: p.strip("/") and "//" not in p)
    | st.sampled_from(
        [*_negations, "a/**", "a/*", "/**/", "*a*", "[!a]*", "[ab].sql", "a/[a-b]*", "\\!a.sql", "\\a.sql"]
    ),
    max_size=5,
)


@pytest.mark.skipif(shutil.which("git") is None, reason="compares with git")
@pytest.mark.usefixtures("way")
@settings(max_examples=80)
@given(_patterns)
def test_rules_are_gits(patterns: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        tree(root, dict.fromkeys(NAMES, "") | {".gitignore": "\n".join(patterns) + "\n"})
        subprocess.run(["git", "init", "-q", folder], check=True)
        listed = subprocess.run(
            ["git", "-C", folder, "ls-files", "-co", "--exclude-standard"], check=True, capture_output=True, text=True
        ).stdout
        assert scanned(root) == sorted(n for n in listed.split() if n.endswith(".sql"))


HOSTILE = {
    "globs": [f"*z{n}*q{n}*" for n in range(3_000)],
    "lines": [f"some/path{n}/file{n}.sql" for n in range(20_000)],
    "names": [f"name{n}" for n in range(20_000)],
    "folders": [f"**/a{n}/**/b{n}/**/c*{n}" for n in range(3_000)],
    "questions": ["*" + "?" * n + "x" for n in range(300)],
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_thousands_of_patterns_hold(tmp_path: Path, kind: str) -> None:
    """Each ended a run before: the engine takes only so many at once."""
    wanted = ["last.sql", "!deep/last.sql"]
    tree(tmp_path, {".gitignore": "\n".join([*HOSTILE[kind], *wanted]) + "\n"})
    tree(tmp_path, dict.fromkeys(["last.sql", "deep/last.sql", "good.sql"], ""))
    started = time.process_time()
    scan = Scan([str(tmp_path)], ScanOptions())
    assert sorted(f.path for f in scan) == ["deep/last.sql", "good.sql"]
    assert scan.diagnostics == []
    look = Tree([str(tmp_path)], ScanOptions()).look([str(tmp_path / n) for n in ("last.sql", "good.sql")])
    assert ([f.path for f in look.files], look.gone) == (["good.sql"], ("last.sql",))
    assert time.process_time() - started < 10


def test_globs_that_remember_cost_little_a_path() -> None:
    """One automaton for them would build new states at nearly every character: 0.2 s a path."""
    rules = IgnoreRules([f"*z{n}*q{n}*" for n in range(3_000)], "")
    names = ["".join(f"z{(k * 37 + n * 11) % 3_000}" for n in range(30)) + ".sql" for k in range(100)]
    started = time.process_time()
    assert not any(rules.decides(name) for name in names)
    assert (time.process_time() - started) / len(names) < 0.02
    assert rules.decides(names[0] + "z2999q2999") is True


def test_a_bad_rule_costs_a_diagnostic(tmp_path: Path) -> None:
    tree(tmp_path, {".gitignore": f"bad\\\n{'?' * 5_000}\nb.sql\n", "a.sql": "", "b.sql": ""})
    scan = Scan([str(tmp_path)], ScanOptions())
    assert [f.path for f in scan] == ["a.sql"]
    assert [d.code for _, d in scan.diagnostics] == ["RL002", "RL002"]
    assert all("left out" in d.message for _, d in scan.diagnostics)


def test_more_than_is_read_says_so() -> None:
    rules = IgnoreRules([f"n{n}" for n in range(50_001)], "")
    assert rules.decides("n49999") is True
    assert rules.decides("n50000") is None
    assert len(rules.problems) == 1
