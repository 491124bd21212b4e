"""Entry script of a full-repository ingest on a cluster: ``ray job submit --working-dir . -- python jobs/ingest.py PATH...``

Takes the flags of ``ray_lineage ingest``. The last line of its output is one JSON object: the summary with ``exit_code``,
or ``exit_code`` alone if there is no summary. That code (see the README) is also the job's ``driver_exit_code``; Ray's own
command always exits with 1 for a failed job.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from ray_lineage.cli.jobs import JOB_COPY, run_as_job
from ray_lineage.errors import UsageError


def run(arguments: list[str]) -> int:
    """Ingest, print the last line, return the exit code."""
    chosen = any(a == "--executor" or a.startswith("--executor=") for a in arguments)
    return run_as_job("ingest", [*([] if chosen else ["--executor", "ray"]), *arguments], _refuse_to_lose_the_graph)


def _refuse_to_lose_the_graph(arguments: Sequence[str]) -> None:
    """An embedded graph at a relative path would lie in the job's copy of the code, which Ray deletes after the job."""
    from ray_lineage.graph.open import embedded_path, is_server
    from ray_lineage.settings import load_settings

    store = next((a.partition("=")[2] for a in arguments if a.startswith("--store=")), None)
    if "--store" in arguments[:-1]:
        store = arguments[arguments.index("--store") + 1]
    settings = load_settings({"store": store}).settings
    if is_server(settings.store) or (settings.neo4j_uri and not settings.store):
        return
    path = os.path.realpath(embedded_path(settings))
    if JOB_COPY in path:
        raise UsageError(
            "RL207",
            "the graph would lie in the job's copy of the code, which Ray deletes after the job",
            where="--store",
            help="give --store neo4j://host, or an absolute path that outlives the job",
        )


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
