"""Entry script of a full-repository ingest on a cluster: ``ray job submit --working-dir . -- python jobs/ingest.py PATH...``

Takes the flags of ``ray_lineage ingest``. Ray's own command always exits with 1 for a failed job; this script's exit code
(see the README) is the job's ``driver_exit_code``, and its output ends with the summary as JSON.
"""

from __future__ import annotations

import sys

from ray_lineage.cli.main import main

if __name__ == "__main__":
    given = sys.argv[1:]
    extra = [] if "--executor" in given else ["--executor", "ray"]
    main(["ingest", "--json", *extra, *given])
