"""Is what a run is about to do to a project what somebody meant? Pure.

Deleting is never a side effect of what was named on the command line: of how a folder is called, or of its not being mounted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ray_lineage.errors import StoreRefused

_MEANT = "If this is meant, run again with --max-delete-percent 100"


def is_too_much(gone: int, known: int, percent: int) -> bool:
    """More than ``percent`` of what was known?"""
    return gone * 100 > percent * known


def check_removal(project: str, gone: int, known: int, present: int, percent: int) -> None:
    """Raises StoreRefused (RL223) if so much vanished that it is more likely a mistake."""
    if is_too_much(gone, known, percent):
        raise StoreRefused(
            "RL223",
            f"{gone:,} of the {known:,} files of project {project} are not where they were ({present:,} are there); "
            "nothing was removed",
            help="is the folder mounted? A graph keeps other projects beside this one: --project NAME. "
            f"{_MEANT} (now {percent})",
        )


def gone_for_good(gone: Mapping[str, str], come: Collection[str]) -> int:
    """How many of the files that are gone were not only moved. ``gone``: path -> content hash; ``come``: content hashes of the
    files that are new."""
    return sum(sha256 not in come for sha256 in gone.values())


def check_origin(project: str, was: str, root: str, same: int, known: int, percent: int) -> None:
    """Two repositories may have folders of one name. ``same``: how many of the ``known`` files have the content that the graph
    holds of them; a clone, or a folder that was moved, has most of them. Raises StoreRefused (RL226)."""
    if was in ("", root) or not known or 2 * same >= known or percent >= 100:
        return
    raise StoreRefused(
        "RL226",
        f"project {project} was read from {was}; {root} is another folder, and only {same:,} of {known:,} files are the same; "
        "nothing was written",
        help=f"give this one a name of its own (--project NAME), or that one (`ray_lineage projects rename {project} NAME`). {_MEANT}",
    )
