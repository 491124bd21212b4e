"""What processes of ours are told of where the graph is: nothing."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

import ray_lineage
from ray_lineage.handing_on import environment


def test_neither_password_nor_address_is_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "NEO4J_PASSWORD",
        "NEO4J_URI",
        "NEO4J_PASSWORD_FILE",
        "RAY_LINEAGE_NEO4J_URI",
        "RAY_LINEAGE_STORE",
        "RAY_LINEAGE_CATALOG_URL",
    ):
        monkeypatch.setenv(name, "c4n4ry")
    monkeypatch.setenv("TMPDIR", "/somewhere")
    found = environment()
    assert "c4n4ry" not in found.values()
    assert found["TMPDIR"] == "/somewhere"


def test_modules_are_looked_for_in_no_folder_that_depends_on_where_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", ["", "src", "/libraries"])
    ours, *theirs = environment()["PYTHONPATH"].split(os.pathsep)
    assert (Path(ours) / "ray_lineage").samefile(Path(ray_lineage.__file__).parent)
    assert theirs == ["/libraries"]


def test_every_process_of_ours_is_begun_in_this_way() -> None:
    """Python puts the current folder, a stranger's repository, in front of its own modules unless -P is said."""
    top = Path(ray_lineage.__file__).parent
    started = {
        str(path.relative_to(top)) for path in top.rglob("*.py") if re.search(r"[\[(,]\s*sys\.executable", path.read_text("utf-8"))
    }  # fmt: skip
    assert started <= {"handing_on.py", "cli/output.py"}  # which says what a user can paste
