"""What processes of ours are told of where the graph is: nothing."""

from __future__ import annotations

import pytest

from ray_lineage.handing_on import environment


def test_neither_password_nor_address_is_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NEO4J_PASSWORD", "NEO4J_URI", "NEO4J_PASSWORD_FILE", "RAY_LINEAGE_NEO4J_URI", "RAY_LINEAGE_STORE"):
        monkeypatch.setenv(name, "c4n4ry")
    monkeypatch.setenv("TMPDIR", "/somewhere")
    found = environment(PYTHONPATH="/x")
    assert "c4n4ry" not in found.values()
    assert (found["TMPDIR"], found["PYTHONPATH"]) == ("/somewhere", "/x")
