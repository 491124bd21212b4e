"""A question that reads files, asked by a program: a command of ours in a process of its own, for it may take time, or hang."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from typing import Final

from ray_lineage.errors import RayLineageError
from ray_lineage.handing_on import PYTHON, environment

COMMAND: Final = (*PYTHON, "-m", "ray_lineage")
_PATIENCE: Final = 300
"""Seconds for an answer."""
_SAID: Final = 1_000
"""Characters of what a command said that failed."""
_FAILED: Final = re.compile(
    r"^error\[(?P<code>RL\d+)\]: (?P<message>.*(?:\n  (?! *help: ).*)*)(?:\n  help: (?P<help>.*))?", re.MULTILINE
)
"""As commands print an error of ours."""


def answer(command: Sequence[str], arguments: Sequence[str], folder: str | None = None) -> bytes:
    """What a command prints, run in ``folder``. Raises RayLineageError with the code that it failed with, or RL249."""
    try:
        done = subprocess.run(
            [*command, *arguments], stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE, check=False, cwd=folder,
            env=environment(),
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise RayLineageError("RL249", f"{arguments[0]} took longer than {_PATIENCE} s") from error
    if done.returncode:
        raise failure(arguments[0], done.returncode, done.stderr.decode("utf-8", "replace"))
    return done.stdout


def failure(command: str, exit_code: int, said: str) -> RayLineageError:
    """What a command said on standard error that failed, with the code that it gave itself."""
    found = _FAILED.search(said)
    if found is None:
        return RayLineageError("RL249", f"{command} ended with exit code {exit_code}: {said.strip()[-_SAID:]}")
    return RayLineageError(found["code"], found["message"], help=found["help"])
