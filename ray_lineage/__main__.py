"""``python -m ray_lineage``: the same as the ``ray_lineage`` command."""

from ray_lineage.cli.main import main

if __name__ == "__main__":
    main()
