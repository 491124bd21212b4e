"""What a job tells in its metadata."""

from __future__ import annotations

import json

import pytest

from ray_lineage.runtime.jobfigures import figures_of, submission_id, updated
from ray_lineage.runtime.status import Status


def test_figures_of_a_pass() -> None:
    status = Status(
        pid=1, project="p", started_at=0.0, waiting={"critical": 0, "batch": 40}, in_flight=5, files_per_second=12.34,
        rows_per_second=99.96, dead_letters=1, metrics={"ray_lineage_rows_written_total": 1234.0, "ray_lineage_store_retries_total": 2.0},
    )  # fmt: skip
    assert figures_of(("compile", 7, 52), status) == {
        "phase": "compile", "files_done": "7 of 52", "queue": "40", "in_flight": "5", "files_per_second": "12.3",
        "rows_written": "1234", "rows_per_second": "100.0", "store_retries": "2", "dead_letters": "1", "lag_seconds": "0.0",
    }  # fmt: skip


def test_what_else_is_in_a_record_stays() -> None:
    record = {"status": "RUNNING", "metadata": {"team": "bi", "ray_lineage.queue": "9"}, "unknown": [1]}
    assert updated(record, {"queue": "4"}) == {
        "status": "RUNNING",
        "metadata": {"team": "bi", "ray_lineage.queue": "4"},
        "unknown": [1],
    }
    assert updated({"metadata": None}, {"queue": "4"}) == {"metadata": {"ray_lineage.queue": "4"}}


@pytest.mark.parametrize(
    ("given", "found"),
    [(json.dumps({"metadata": {"job_submission_id": "raysubmit_1"}}), "raysubmit_1"), ("", ""), ("{}", ""), ("[]", ""), ("x", "")],
)  # fmt: skip
def test_which_job_this_is(monkeypatch: pytest.MonkeyPatch, given: str, found: str) -> None:
    monkeypatch.setenv("RAY_JOB_CONFIG_JSON_ENV_VAR", given)
    assert submission_id() == found
