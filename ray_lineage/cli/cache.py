"""``ray_lineage cache stats|clear|verify|path``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from ray_lineage.cli.commands import Command, Group
from ray_lineage.cli.output import local_settings, print_json, settings, visible, write_line, write_table
from ray_lineage.counting import counting
from ray_lineage.errors import ExitCode

if TYPE_CHECKING:
    from ray_lineage.cache import ParseCache

app = typer.Typer(
    cls=Group,
    help="The parse cache: facts of files that were compiled before. It can always be deleted.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def _open() -> ParseCache:
    from ray_lineage.cache import ParseCache
    from ray_lineage.ownfolder import own_folder

    chosen = local_settings()
    if os.path.abspath(chosen.parse_cache_path).startswith(os.path.abspath(chosen.data_dir) + os.sep):
        own_folder(chosen.data_dir).close()  # not made by what lies in it
    return ParseCache.open(
        chosen.parse_cache_path, max_bytes=chosen.cache_max_bytes, max_entries=chosen.cache_max_entries
    )


@app.command(cls=Command)
def path(as_json: _Json = False) -> None:
    """Where it lies."""
    found = os.path.abspath(settings().settings.parse_cache_path)
    print_json({"schema": 1, "path": found}) if as_json else write_line(visible(found))


@app.command(cls=Command)
def stats(as_json: _Json = False) -> int:
    """Entries, bytes, hits and misses, health: every value is looked at."""
    from ray_lineage.cache import examined

    cache = _open()
    found = examined(cache.stats())
    cache.close()
    if as_json:
        print_json(found)
    else:
        counts = ("entries", "bytes", "bad", "foreign", "hits", "misses")
        write_table(
            [
                ("path", found.path),
                ("state", f"{found.state} {found.reason}".rstrip()),
                *((name, f"{getattr(found, name):,}") for name in counts),
                ("hit rate", f"{100 * found.hit_rate:.1f} %"),
            ]
        )
    return int(ExitCode.OK if found.state == "ok" else ExitCode.FINDINGS)


@app.command(cls=Command)
def clear(
    older_than: Annotated[
        int | None, typer.Option(metavar="DAYS", min=0, help="Only what was not used for so long.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count.")] = False,
    as_json: _Json = False,
) -> None:
    """Delete entries."""
    cache = _open()
    count = cache.clear(older_than, dry_run=dry_run)
    cache.close()
    if as_json:
        print_json({"entries": count, "dry_run": dry_run})
    else:
        write_line(f"{counting(count, 'entry', 'entries')} {'would be' if dry_run else 'were'} deleted")


@app.command(cls=Command)
def verify(as_json: _Json = False) -> int:
    """Read and check every entry, in a process of its own."""
    from ray_lineage.cache import VerifyReport
    from ray_lineage.cache import verify as check

    folder = os.path.realpath(local_settings().parse_cache_path)
    exists = os.path.exists(os.path.join(folder, "data.mdb"))
    found = check(folder) if exists else VerifyReport(0, 0, False)
    if as_json:
        print_json(found)
    elif found.crashed:
        write_line(
            f"the cache at {visible(folder)} is damaged; `ray_lineage cache clear` or deleting the folder mends it"
        )
    else:
        write_line(
            f"{counting(found.entries, 'entry', 'entries')}, {found.bad:,} bad, {found.foreign:,} of another user"
        )
    return int(ExitCode.FINDINGS if found.crashed or found.bad else ExitCode.OK)
