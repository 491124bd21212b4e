"""A command as the entry script of a Ray job: its last line is one JSON object with the exit code, which Ray's own command
does not pass on."""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections.abc import Callable, Sequence
from typing import Final

from ray_lineage.cli.main import main
from ray_lineage.cli.output import print_error
from ray_lineage.errors import RayLineageError
from ray_lineage.logs import one_json
from ray_lineage.signing import state_folder

JOB_COPY: Final = "runtime_resources/working_dir_files"
"""Where Ray unpacks the code that comes with a job. A change of the code makes another one, and Ray deletes those of old."""


def keep_outside_of_code() -> None:
    """Cache, dead letters and all else that is local shall outlive a job: where nobody says where it is to lie, and it would be
    the job's copy of the code, it goes to this user's state folder on the node."""
    from ray_lineage.settings import load_settings

    settings = load_settings({}).settings
    if "data_dir" not in settings.written and JOB_COPY in os.path.realpath(settings.data_dir):
        with contextlib.suppress(OSError):
            os.environ["RAY_LINEAGE_DATA_DIR"] = os.path.join(state_folder(), "data")


def run_as_job(command: str, arguments: Sequence[str], check: Callable[[Sequence[str]], None] | None = None) -> int:
    """Run ``command --json ARGUMENTS``, print the last line, return the exit code. ``check`` may refuse the arguments."""
    printed = io.StringIO()
    code = 0
    try:
        if check is not None:
            check(arguments)
        keep_outside_of_code()
        with contextlib.redirect_stdout(printed):
            main([command, "--json", *arguments])
    except RayLineageError as error:
        print_error(error)
        code = int(error.exit_code)
    except SystemExit as end:
        code = int(end.code or 0)
    text = printed.getvalue().strip()
    print(one_json(json.dumps({"exit_code": code, **(json.loads(text) if text.startswith("{") else {})})), flush=True)  # noqa: T201
    return code
