"""How a submitted job goes, in its metadata: what `GET /api/jobs/ID`, `JobSubmissionClient.get_job_info` and the dashboard show.

Ray has no call that changes a job's metadata once it is submitted. Its jobs server keeps a record of each job in the cluster's
key-value store, as JSON, and reads it anew for each question; so that is what is changed here, in the keys that are ours, by the
job itself and only while its status is RUNNING (the server writes the record before and after that). Where that does not work
(another version of Ray), nothing is told, once and for all: the metrics say the same.
"""

from __future__ import annotations

import json
import os
import time
from typing import Any, Final

from ray_lineage.runtime.status import Status
from ray_lineage.runtime.summary import IngestSummary

_TELL_SECONDS: Final = 2.0
_PREFIX: Final = "ray_lineage."
_NAMESPACE: Final = b"job"
_KEY: Final = "_ray_internal_job_info_{}"


def figures_of(progress: tuple[str, int, int], status: Status) -> dict[str, str]:
    """What is told of a pass, or of a watch. Pure."""
    phase, done, total = progress
    figures = status.metrics
    return {
        "phase": phase,
        "files_done": f"{done} of {total}" if total else str(status.files),
        "queue": str(sum(status.waiting.values())),
        "in_flight": str(status.in_flight),
        "files_per_second": f"{status.files_per_second:.1f}",
        "rows_written": f"{figures.get('ray_lineage_rows_written_total', 0):.0f}",
        "rows_per_second": f"{status.rows_per_second:.1f}",
        "store_retries": f"{figures.get('ray_lineage_store_retries_total', 0):.0f}",
        "dead_letters": str(status.dead_letters),
        "lag_seconds": f"{status.lag_seconds:.1f}",
    }


def figures_at_end(summary: IngestSummary) -> dict[str, str]:
    """What is told last, of a pass that came to its end. Pure."""
    return {
        "phase": "ended",
        "files_done": f"{summary.files} of {summary.files}",
        "queue": "0",
        "in_flight": "0",
        "rows_written": str(summary.rows_written),
        "dead_letters": str(summary.dead_letters),
    }


def submission_id() -> str:
    """Of the job whose entry process this is, empty if it is none."""
    try:
        given = json.loads(os.environ.get("RAY_JOB_CONFIG_JSON_ENV_VAR", ""))
        return str(given["metadata"]["job_submission_id"])
    except (ValueError, KeyError, TypeError):
        return ""


class JobFigures:
    """See the module. Ray is connected."""

    def __init__(self, project: str) -> None:
        self._project = project
        self._key = _KEY.format(submission_id()).encode() if submission_id() else b""
        self._told_at = 0.0

    def tell(self, figures: dict[str, str], *, last: bool = False) -> None:
        """These are the figures now. They are told every two seconds, and the ``last`` in any case."""
        if not self._key or not (last or time.monotonic() - self._told_at >= _TELL_SECONDS):
            return
        self._told_at = time.monotonic()
        try:
            from ray.experimental.internal_kv import _internal_kv_get, _internal_kv_put

            record = json.loads(_internal_kv_get(self._key, namespace=_NAMESPACE) or "{}")
            if record.get("status") == "RUNNING":
                data = json.dumps(updated(record, {"project": self._project, **figures})).encode()
                _internal_kv_put(self._key, data, overwrite=True, namespace=_NAMESPACE)
        except Exception:  # whatever another version of Ray makes of it
            self._key = b""


def updated(record: dict[str, Any], figures: dict[str, str]) -> dict[str, Any]:
    """A job's record with these figures in its metadata; what its submitter put there stays. Pure."""
    metadata = {**(record.get("metadata") or {}), **{_PREFIX + name: value for name, value in figures.items()}}
    return {**record, "metadata": metadata}
