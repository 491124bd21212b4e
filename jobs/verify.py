"""Does the graph equal the files? As a job: ``ray job submit --working-dir . -- python jobs/verify.py [--deep] PATH...``

Takes the flags of ``ray_lineage verify``, and writes nothing. The last line of its output is one JSON object: the verdict
with ``exit_code`` (0 equal, 1 different, 3 the store is away), or ``exit_code`` alone if there is no verdict.
"""

from __future__ import annotations

import sys

from ray_lineage.cli.jobs import run_as_job

if __name__ == "__main__":
    sys.exit(run_as_job("verify", sys.argv[1:]))
