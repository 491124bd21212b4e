"""A command as the entry script of a Ray job: its last line is one JSON object with the exit code, which Ray's own command
does not pass on."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable, Sequence

from ray_lineage.cli.main import main
from ray_lineage.cli.output import print_error
from ray_lineage.errors import RayLineageError
from ray_lineage.logs import one_json


def run_as_job(command: str, arguments: Sequence[str], check: Callable[[Sequence[str]], None] | None = None) -> int:
    """Run ``command --json ARGUMENTS``, print the last line, return the exit code. ``check`` may refuse the arguments."""
    printed = io.StringIO()
    code = 0
    try:
        if check is not None:
            check(arguments)
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
