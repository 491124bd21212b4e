"""``python -m ray_lineage`` and the ``ray_lineage`` command."""

from __future__ import annotations

import signal


def main() -> None:
    """Run the command line. An interrupt that comes while it is still being loaded ends it, without a trace of where."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:  # else whoever started it wants it ignored
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from ray_lineage.cli.main import main as run

    signal.signal(signal.SIGINT, before)
    run()


if __name__ == "__main__":
    main()
