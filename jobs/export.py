"""The graph as files, as a job: ``ray job submit --working-dir . -- python jobs/export.py --format csv -o /mnt/out``

Takes the flags of ``ray_lineage export``; ``-o`` must be given, on a disk that outlives the job. The last line of its
output is one JSON object: what was written with ``exit_code``, or ``exit_code`` alone if nothing was.
"""

from __future__ import annotations

import sys

from ray_lineage.cli.jobs import run_as_job

if __name__ == "__main__":
    sys.exit(run_as_job("export", sys.argv[1:]))
