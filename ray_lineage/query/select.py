"""Selectors as dbt has them, wherever a name is taken: ``+orders`` (and all upstream), ``orders+``, ``2+orders+1``. Pure."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_SELECTOR: Final = re.compile(r"(?:(?P<up>\d*)(?P<before>\+))?(?P<name>.*?)(?:(?P<after>\+)(?P<down>\d*))?", re.DOTALL)


class Selector(NamedTuple):
    """A name, and how many steps around it are meant: 0 is none, None as far as it goes."""

    name: str
    upstream: int | None = 0
    downstream: int | None = 0

    @property
    def is_plain(self) -> bool:
        """Is only what it names meant?"""
        return self.upstream == 0 and self.downstream == 0


def selector(text: str) -> Selector:
    """What was typed. A name that itself begins or ends with a plus is quoted: ``"c+"``."""
    found = _SELECTOR.fullmatch(text)
    if found is None or not found["name"]:
        return Selector(text)
    return Selector(
        found["name"], _steps(found["before"], found["up"]), _steps(found["after"], found["down"])
    )  # fmt: skip


def _steps(plus: str | None, digits: str | None) -> int | None:
    if not plus:
        return 0
    return int(digits) if digits else None
