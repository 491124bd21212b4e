"""One Ray cluster for all tests of the session."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from ray_lineage.runtime.cluster import cluster


@pytest.fixture(scope="session")
def ray_cluster() -> Iterator[object]:
    os.environ.setdefault("RAY_metrics_report_interval_ms", "1000")  # 10 s is long for a test
    with cluster("", 2, dashboard=True) as ray:  # without one there are no metrics
        yield ray
