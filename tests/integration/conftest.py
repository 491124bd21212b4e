"""One Ray cluster for all tests of the session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ray_lineage.runtime.cluster import cluster


@pytest.fixture(scope="session")
def ray_cluster() -> Iterator[object]:
    with cluster("", 2) as ray:
        yield ray
