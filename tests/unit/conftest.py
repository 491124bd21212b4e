"""What unit tests share: they start no process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn

import pytest

from ray_lineage import api
from ray_lineage.beside import Beside
from ray_lineage.link import shared


@pytest.fixture(scope="session", autouse=True)
def nobody_beside() -> Iterator[None]:
    """``lineage()`` works in this process, with its messages written and read as they are between two."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Beside, "ask", lambda _, asked, __: api._answer(asked))
        yield


@pytest.fixture(scope="session", autouse=True)
def faults_are_raised() -> Iterator[None]:
    """Users get a diagnostic of a fault of the linker, tests the fault."""

    def raised(_: object, error: Exception) -> NoReturn:
        raise error

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shared, "without_lineage", raised)
        yield
