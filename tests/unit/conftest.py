"""What unit tests share: they start no process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ray_lineage import api
from ray_lineage.beside import Beside


@pytest.fixture(scope="session", autouse=True)
def nobody_beside() -> Iterator[None]:
    """``lineage()`` works in this process, with its messages written and read as they are between two."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Beside, "ask", lambda _, asked, __: api._answer(asked))
        yield
