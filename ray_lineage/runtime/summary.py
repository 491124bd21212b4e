"""What a run tells: progress while it goes on, a summary at its end."""

from __future__ import annotations

import msgspec

from ray_lineage.model import FileDiagnostic

MAX_FINDINGS = 5_000


class Progress(msgspec.Struct, frozen=True):
    """``phase`` is ``scan``, ``compile``, ``link`` or ``load``; ``total`` is 0 while it is not known."""

    phase: str
    done: int
    total: int
    detail: str = ""


class IngestSummary(msgspec.Struct):
    """Result of one ingest. Times in seconds, sizes in bytes."""

    project: str = ""
    root: str = ""
    """What its paths are relative to."""
    parts: list[str] = []
    """What was looked at, where that was not all of it."""
    store: str = ""
    executor: str = "local"
    workers: int = 0
    files: int = 0
    silent: int = 0
    """Files besides, of other formats than SQL, that say nothing: Python without SQL."""
    by_status: dict[str, int] = {}
    read_as: dict[str, int] = {}
    """Files by the dialect that was found for them (empty: none was)."""
    folder_rules: list[tuple[str, str]] = []
    """Folders and dialects, as settings would say them, where files were read as several."""
    dry_run: bool = False
    """Nothing was written: ``files_written`` and ``removed`` are what would be, the figures of the graph are as they were."""
    unchanged: int = 0
    """Of ``files``; the others were written, could not be read, or were refused by the store."""
    compiled: int = 0
    removed: int = 0
    statements: int = 0
    datasets: int = 0
    columns: int = 0
    edges: int = 0
    rows_written: int = 0
    files_written: int = 0
    transactions: int = 0
    store_retries: int = 0
    """Transactions that were tried again."""
    link_seconds: float = 0.0
    """Of what was not linked by workers."""
    write_seconds: float = 0.0
    diagnostics: dict[str, int] = {}
    severities: dict[str, int] = {}
    findings: list[FileDiagnostic] = []
    cache_hits: int = 0
    cache_misses: int = 0
    dead_letters: int = 0
    quarantined: int = 0
    seconds: float = 0.0
    files_per_second: float = 0.0
    peak_rss_bytes: int = 0
    """Of all our processes on this machine together."""
    notes: list[str] = []
    settled: bool = False
    example: str = ""
    """A dataset with much lineage, for the hint of a next command."""
