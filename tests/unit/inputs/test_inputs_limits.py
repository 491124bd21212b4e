"""Files that are too large: those of a known kind are named, any other data is passed over in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from ray_lineage.compile import CompileOptions, formats_of, max_size_of
from ray_lineage.model import Diagnostic, decode_facts
from ray_lineage.runtime.parse import Task, parse_batch
from ray_lineage.sources.scan import Scan, ScanOptions
from tests.unit.inputs.test_inputs_fuzz import SEEDS


def diagnostics(folder: Path, name: str, content: str) -> tuple[Diagnostic, ...]:
    """Of a file that is larger than the limit by one byte."""
    (folder / name).write_text(content)
    [file] = Scan([str(folder)], ScanOptions((".json", ".csv")))
    options = CompileOptions(model=name.partition(".")[0], formats=formats_of(name))
    _, [facts] = parse_batch([Task(file, options, limit=file.size - 1)], None)
    return decode_facts(facts).diagnostics


@pytest.mark.parametrize("name", SEEDS)
def test_a_file_of_a_known_kind_is_named(tmp_path: Path, name: str) -> None:
    assert [d.code for d in diagnostics(tmp_path, name, SEEDS[name])] == ["RL005"]


@pytest.mark.parametrize(
    ("name", "content"), [("data.csv", "id,name\n1,x\n"), ("lock.json", '{"packages": {}}'), ("x.json", "[1, 2")]
)
def test_other_data_is_passed_over(tmp_path: Path, name: str, content: str) -> None:
    assert diagnostics(tmp_path, name, content) == ()


def test_each_kind_has_its_own_limit() -> None:
    assert max_size_of(formats_of("manifest.json"), 20_000_000) == 300_000_000
    assert max_size_of(formats_of("events.ndjson"), 20_000_000) == 100_000_000
    assert max_size_of(formats_of("a.sql"), 20_000_000) == 20_000_000
