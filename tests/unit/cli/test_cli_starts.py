"""What a command imports: what it needs, and nothing else. Imports are most of what a query of a small graph costs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.environment import environ

HEAVY = frozenset(
    "ray sqlglot neo4j pydantic lmdb rich jinja2 psutil pathspec re2 watchfiles charset_normalizer grpc pyarrow".split()
)
_REPORT = (
    "import sys\nfrom ray_lineage.cli.main import _run\n"
    "code = _run(sys.argv[1:])\nsys.stdout.flush()\n"
    "print(*sorted({m.partition('.')[0] for m in sys.modules}), file=sys.stderr)\nsys.exit(code)"
)


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small graph."""
    folder = tmp_path_factory.mktemp("starts")
    (folder / "sql").mkdir()
    (folder / "sql" / "v.sql").write_text("CREATE TABLE t (a int);\nCREATE VIEW v AS SELECT a FROM t;\n")
    done = subprocess.run(
        [sys.executable, "-m", "ray_lineage", "ingest", "sql", "--workers", "0"], cwd=folder, env=environ(), timeout=120
    )
    assert done.returncode == 0
    return folder


def imported_by(folder: Path, *arguments: str, expect: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", _REPORT, *arguments],
        cwd=folder,
        env=environ(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert expect in done.stdout
    return set(done.stderr.splitlines()[-1].split())


@pytest.mark.parametrize(
    ("arguments", "expect"),
    [
        (["--help"], "upstream"),
        (["upstream", "--help"], "DATASET"),
        (["ingest", "--help"], "PATH"),
        (["--version"], "ray_lineage"),
        (["upstream", "v.a"], "t.a"),
        (["downstream", "t", "--json"], '"v"'),
        (["upstream", "v", "--depth", "2", "--level", "table"], "t"),
        (["stats"], "datasets"),
        (["config", "show"], "data_dir"),
        (["dialects"], "tsql"),
        (["cache", "path"], "parse_cache"),
    ],
)
def test_nothing_heavy_is_imported(graph: Path, arguments: list[str], expect: str) -> None:
    assert imported_by(graph, *arguments, expect=expect) & HEAVY == set()


def test_a_settings_file_of_texts_needs_no_pydantic(graph: Path, tmp_path: Path) -> None:
    (tmp_path / "ray_lineage.toml").write_text(f'project = "sql"\ndata_dir = "{graph / "data"}"\n')
    arguments = ("--config", "ray_lineage.toml", "upstream", "v.a")
    assert imported_by(tmp_path, *arguments, expect="t.a") & HEAVY == set()


def test_only_the_command_that_is_called_is_imported(graph: Path) -> None:
    code = (
        "import sys\nfrom ray_lineage.cli.main import _run\n_run(['dialects'])\n"
        "print(*sorted(m for m in sys.modules if m.startswith('ray_lineage.cli.')), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=graph, env=environ(), capture_output=True, text=True)
    found = done.stderr.split()
    assert {"ray_lineage.cli.parse", "ray_lineage.cli.main"} <= set(found)
    assert not {"ray_lineage.cli.ingest", "ray_lineage.cli.watch", "ray_lineage.cli.live"} & set(found)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["upstrem", "x"], 2, "Did you mean 'upstream'"),
        (["upstream"], 2, "Missing argument"),
        (["upstream", "v", "--depth", "0"], 2, "greater than or equal to 1"),
        (["upstream", "v", "--depth", "many"], 2, "valid integer"),
        (["cache"], 2, "Usage: ray_lineage cache"),
        (["cache", "clear", "--older-than", "-1"], 2, "greater than or equal to 0"),
        (["parse"], 2, "Missing argument"),
    ],
)
def test_values_are_converted_and_checked_when_they_are_given(
    graph: Path, arguments: list[str], code: int, says: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ray_lineage", *arguments], cwd=graph, env=environ(), capture_output=True, text=True
    )
    assert done.returncode == code
    assert says in done.stdout + done.stderr


def test_every_command_is_listed_and_can_be_imported(graph: Path) -> None:
    from ray_lineage.cli.commands import COMMANDS, GROUPS

    for name in (*COMMANDS, *GROUPS):
        assert imported_by(graph, name, "--help", expect=f"Usage: ray_lineage {name}") & HEAVY == set()
