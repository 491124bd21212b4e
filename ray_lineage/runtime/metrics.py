"""What a job measures: one declared list, the values in this process, and their way into Ray's metrics.

Everything else that names a metric (status, dashboard, the table of the runbook) is made from :data:`METRICS`, so that
nothing can be shown that is not measured. Names are Prometheus': counters end in ``_total``, times are in seconds, sizes
in bytes, shares from 0 to 1. Ray puts ``ray_`` before each name when it exports (``ray_ray_lineage_lag_seconds``).

The sums of Ray's histograms are wrong (it adds the middle of the bucket, not the value: seen in 2.60), therefore each
histogram ``x_seconds`` has two counters beside it, ``x_seconds_total`` and ``x_count_total``, whose quotient is the mean.
"""

from __future__ import annotations

import math
import threading
from bisect import bisect_left
from collections import deque
from typing import Any, Final, Literal

import msgspec

Kind = Literal["counter", "gauge", "histogram"]
Unit = Literal["files", "rows", "count", "bytes", "seconds", "share", "timestamp", "flag"]
Group = Literal["Is it up to date?", "Work", "Speed", "Store", "Faults", "Back-pressure", "Watching"]


class Metric(msgspec.Struct, frozen=True):
    """One metric. ``help`` says what is counted, ``look`` what to do when the figure looks bad."""

    name: str
    title: str
    kind: Kind
    unit: Unit
    group: Group
    help: str
    look: str
    labels: tuple[str, ...] = ()


METRICS: Final = (
    Metric(
        "ray_lineage_lag_seconds", "Lag", "gauge", "seconds", "Is it up to date?",
        "Age of the oldest change that was seen and is not committed; 0: nothing is waiting.",
        "Over a minute and rising: look at the queue (work comes faster than it is done), then at lanes and back-pressure.",
    ),
    Metric(
        "ray_lineage_save_to_commit_seconds", "From save to commit", "histogram", "seconds", "Is it up to date?",
        "From a file's change on disk to its commit in the graph.",
        "Compare parse, link and write times: the slowest part is the one to look at. The debounce window is part of it.",
    ),
    Metric(
        "ray_lineage_last_settled_timestamp_seconds", "Since the graph was settled", "gauge", "timestamp", "Is it up to date?",
        "When the graph last equalled the files on disk (Unix time).",
        "Long ago although nothing changes: a file or folder that cannot be read keeps it from settling; the log and `ray_lineage status` name it.",
    ),
    Metric(
        "ray_lineage_heartbeat_timestamp_seconds", "Since the last heartbeat", "gauge", "timestamp", "Is it up to date?",
        "When the job last said how it goes (Unix time). While it is old, all other gauges are old too.",
        "Older than a minute: the job hangs; nothing shown: it is gone. `ray_lineage status` says more; start `ray_lineage watch` again, nothing is lost.",
    ),
    Metric(
        "ray_lineage_files_total", "Files by outcome", "counter", "files", "Work",
        "Files that were looked into: `compiled`, `cached`, `gone`, `unreadable`.",
        "Many `unreadable`: permissions or a mount; the log names them. Many `gone`: is a folder missing?",
        ("status", "priority"),
    ),
    Metric(
        "ray_lineage_cache_lookups_total", "Parse cache", "counter", "files", "Work",
        "Look-ups in the parse cache, `hit` or `miss`.",
        "Few hits on known files: `ray_lineage cache stats` says whether the cache is full, off, or was set aside.",
        ("result",),
    ),
    Metric(
        "ray_lineage_queue_files", "Files waiting", "gauge", "files", "Work",
        "Files that wait, by priority (`critical`, `normal`, `batch`).",
        "`critical` above 0 for seconds: all lanes are busy or admission is closed. `batch` may be long during a full pass.",
        ("priority",),
    ),
    Metric(
        "ray_lineage_in_flight_files", "Files in flight", "gauge", "files", "Work",
        "Files cut into batches and not committed yet.",
        "Above 0 and unchanging for a minute: a hung file (it is killed after 30 s) or a store that does not answer.",
    ),
    Metric(
        "ray_lineage_lanes", "Parse actors", "gauge", "count", "Work",
        "Parse actors: `target` wanted, `up` ready, `busy` with a batch.",
        "`up` below `target` for a minute: the cluster has no free CPU or a node is lost; `ray status` shows which.",
        ("state",),
    ),
    Metric(
        "ray_lineage_wait_seconds", "Wait for a parse actor", "histogram", "seconds", "Speed",
        "From the moment that a file was found to be new or changed until its batch goes to a parse actor, by priority (`critical`, `normal`, `batch`).",
        "`critical` above 0.1 s: every lane is held by a file that takes so long, or a lane's actor is being restarted. `batch` waits while the queue is long; that is work, not a fault.",
        ("priority",),
    ),
    Metric(
        "ray_lineage_parse_seconds", "Parse time", "histogram", "seconds", "Speed",
        "One file in a parse actor: read, look up, compile.",
        "A high p99 alone is a few large files. If p50 rises too: is the machine swapping, is the compiled parser active (`ray_lineage doctor`)?",
    ),
    Metric(
        "ray_lineage_link_seconds", "Link time", "histogram", "seconds", "Speed",
        "Linking one set of changes.",
        "Seconds after a small change: it touched a dataset with very many users; that is work, not a fault.",
    ),
    Metric(
        "ray_lineage_write_seconds", "Write time", "histogram", "seconds", "Speed",
        "One call of the store, from the first row sent to its commit.",
        "Rising: a busy or far store. Lower `batch_size` if retries rise too.",
    ),
    Metric(
        "ray_lineage_rows_written_total", "Rows written", "counter", "rows", "Store",
        "Rows that were committed.",
        "Zero while files are compiled: the changes do not change the lineage, or the writer stands still (see lag).",
    ),
    Metric(
        "ray_lineage_transactions_total", "Transactions", "counter", "count", "Store",
        "Transactions that were committed.",
        "Far more than files: the batches are being halved; see retries and dead letters.",
    ),
    Metric(
        "ray_lineage_store_retries_total", "Retries of the store", "counter", "count", "Store",
        "Transactions that were tried again: connection lost, deadlock, memory of the server.",
        "A steady rate: look at the server's log and memory; lower `batch_size`.",
    ),
    Metric(
        "ray_lineage_dead_letters", "Dead letters", "gauge", "files", "Store",
        "Files whose rows the store refuses; they are tried again with each change and at each start.",
        "Above 0: `ray_lineage failures` gives the reason per file.",
    ),
    Metric(
        "ray_lineage_quarantined_files", "Quarantined files", "gauge", "files", "Faults",
        "Files set aside since the job began, and not changed since, because they killed a parse actor three times (RL193).",
        "Above 0: `ray_lineage failures` names them. Split the file or leave it out with `ignore`; a changed file is tried again.",
    ),
    Metric(
        "ray_lineage_actor_restarts_total", "Actor restarts", "counter", "count", "Faults",
        "Actors started again after they died: `parse`, `writer`, `driver`.",
        "A steady rate: out of memory (see memory share) or files that kill their actor (see quarantined).",
        ("actor",),
    ),
    Metric(
        "ray_lineage_errors_total", "Errors", "counter", "count", "Faults",
        "Errors of the job by code (RL2xx; the list is in docs/errors.md).",
        "The code says what to do; `ray_lineage status` shows the last messages.",
        ("code",),
    ),
    Metric(
        "ray_lineage_in_flight_bytes", "Bytes in flight", "gauge", "bytes", "Back-pressure",
        "Bytes from the cut of a batch until the writer has its facts.",
        "At the budget all the time: the writer is the bottleneck; see write times.",
    ),
    Metric(
        "ray_lineage_in_flight_budget_bytes", "Budget of bytes in flight", "gauge", "bytes", "Back-pressure",
        "What in-flight bytes may reach: a share of Ray's object store, at most 256 MiB.",
        "Very small: Ray was started with a small object store.",
    ),
    Metric(
        "ray_lineage_admission_closed_seconds_total", "Admission closed", "counter", "seconds", "Back-pressure",
        "Time during which work waited although lanes were free, by reason: `memory`, `object store`, `writer`, `queue`, `bytes`.",
        "`memory`: give the nodes more, or use fewer workers. `object store`: start Ray with a larger one. The others: the writer is slow, see write times.",
        ("reason",),
    ),
    Metric(
        "ray_lineage_node_memory_share", "Memory by node", "gauge", "share", "Back-pressure",
        "Memory in use on a node, from 0 to 1.",
        "At `memory_limit_percent` (80) no new work starts. Other programs on the node count too.",
        ("node",),
    ),
    Metric(
        "ray_lineage_watch_events_total", "Events seen", "counter", "count", "Watching",
        "Events that the file watcher delivered.",
        "Zero while people save: is the folder on a network file system? Then only reconciles find changes; see degraded.",
    ),
    Metric(
        "ray_lineage_watch_debounced_total", "Events debounced", "counter", "count", "Watching",
        "Events that were joined with a later one for the same file.",
        "Nearly all events: an editor or a generator writes the same files again and again; a longer debounce window helps.",
    ),
    Metric(
        "ray_lineage_reconciles_total", "Reconciles", "counter", "count", "Watching",
        "Comparisons of the folders with what is known.",
        "Should rise about once a minute; if it does not, the job hangs (see heartbeat).",
    ),
    Metric(
        "ray_lineage_reconcile_found_files_total", "Found by reconcile only", "counter", "files", "Watching",
        "Changed files that no event had named: only a reconcile found them.",
        "A few after bursts are normal. A steady rate: events are lost; raise fs.inotify.max_queued_events or use polling.",
    ),
    Metric(
        "ray_lineage_watch_degraded", "Watching degraded", "gauge", "flag", "Watching",
        "1 while watching is not what it should be: `polling`, `missing_root`.",
        "`polling`: a network file system, or raise fs.inotify.max_user_watches. `missing_root`: mount the folder again; nothing is removed meanwhile.",
        ("reason",),
    ),
)  # fmt: skip
"""All metrics there are."""

BY_NAME: Final = {m.name: m for m in METRICS}

BOUNDS: Final = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0,
)  # fmt: skip
"""Upper bounds of the histograms' buckets, in seconds; one more bucket takes what is above."""

RECENT: Final = 512
"""Quantiles are those of so many last observations."""

QUANTILES: Final = (("p50", 0.50), ("p95", 0.95), ("p99", 0.99))

MAX_SERIES: Final = 200
"""Label combinations of one metric; further ones are counted together under ``other``, so that memory is bounded."""

_OTHER: Final = "other"


def companions(histogram: str) -> tuple[str, str]:
    """Names of the counters beside a histogram: seconds and observations."""
    return f"{histogram}_total", f"{histogram.removesuffix('_seconds')}_count_total"


class _Cell:
    """One series: a metric with its label values."""

    __slots__ = ("buckets", "labels", "metric", "recent", "value")

    def __init__(self, metric: Metric, labels: dict[str, str]) -> None:
        self.metric = metric
        self.labels = labels
        self.value = 0.0  # of a histogram: the sum
        self.buckets = [0] * (len(BOUNDS) + 1) if metric.kind == "histogram" else []
        self.recent: deque[float] = deque(maxlen=RECENT)


class Reading(msgspec.Struct, frozen=True):
    """One series at one moment. ``value`` is the sum of a histogram, whose ``buckets`` are counts (not cumulative)."""

    metric: Metric
    labels: dict[str, str]
    value: float
    buckets: tuple[int, ...]


class Registry:
    """The values of this process. Every method may be called from any thread, and costs about a microsecond.

    Names and labels that :data:`METRICS` does not declare raise ValueError at once, as does a method of another kind.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cells: dict[tuple[Any, ...], _Cell] = {}
        self._by_call: dict[tuple[Any, ...], _Cell] = {}

    def add(self, name: str, value: float = 1, **labels: str) -> None:
        """Raise a counter by ``value`` >= 0. Raises ValueError (see the class)."""
        cell = self._by_call.get(("counter", name, *labels.items())) or self._cell("counter", name, labels)
        if value < 0:
            raise ValueError(f"{name} is a counter: it cannot go down by {-value}")
        with self._lock:
            cell.value += value

    def set(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge. Raises ValueError (see the class)."""
        cell = self._by_call.get(("gauge", name, *labels.items())) or self._cell("gauge", name, labels)
        with self._lock:
            cell.value = float(value)

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """Put one duration into a histogram; a negative one (a clock was set back) counts as 0. Raises ValueError (see
        the class)."""
        cell = self._by_call.get(("histogram", name, *labels.items())) or self._cell("histogram", name, labels)
        seconds = max(0.0, seconds)
        place = bisect_left(BOUNDS, seconds)
        with self._lock:
            cell.value += seconds
            cell.buckets[place] += 1
            cell.recent.append(seconds)

    def _cell(self, kind: Kind, name: str, labels: dict[str, str]) -> _Cell:
        metric = BY_NAME.get(name)
        if metric is None:
            raise ValueError(f"{name} is not declared in METRICS")
        if metric.kind != kind:
            raise ValueError(f"{name} is a {metric.kind}, not a {kind}")
        if set(labels) != set(metric.labels):
            raise ValueError(f"{name} has the labels {metric.labels}, not {tuple(labels)}")
        values = {label: str(labels[label]) for label in metric.labels}
        with self._lock:
            key = (name, *values.values())
            cell = self._cells.get(key)
            if cell is None and values and sum(k[0] == name for k in self._cells) >= MAX_SERIES:
                values = dict.fromkeys(values, _OTHER)
                return self._cells.setdefault((name, *values.values()), _Cell(metric, values))
            if cell is None:
                cell = self._cells[key] = _Cell(metric, values)
            self._by_call[(kind, name, *labels.items())] = cell
        return cell

    def read(self) -> list[Reading]:
        """All series, in the order of :data:`METRICS`, then by label values."""
        with self._lock:
            found = [Reading(c.metric, c.labels, c.value, tuple(c.buckets)) for c in self._cells.values()]
        places = {m.name: n for n, m in enumerate(METRICS)}
        return sorted(found, key=lambda r: (places[r.metric.name], *r.labels.values()))

    def snapshot(self) -> dict[str, float]:
        """All series as ``name{label="value"}`` -> figure, ready for JSON. A histogram gives ``_count``, ``_sum``, and
        ``_p50``, ``_p95``, ``_p99`` of its last :data:`RECENT` observations."""
        with self._lock:
            cells = [(c.metric, c.labels, c.value, sum(c.buckets), list(c.recent)) for c in self._cells.values()]
        out: dict[str, float] = {}
        for metric, labels, value, count, recent in cells:
            if metric.kind != "histogram":
                out[series(metric.name, **labels)] = _finite(value)
                continue
            out[series(f"{metric.name}_count", **labels)] = float(count)
            out[series(f"{metric.name}_sum", **labels)] = _finite(value)
            recent.sort()
            for suffix, quantile in QUANTILES:
                out[series(f"{metric.name}_{suffix}", **labels)] = _finite(_quantile(recent, quantile))
        return dict(sorted(out.items()))


def series(name: str, **labels: str) -> str:
    """Key of a series in a snapshot, as Prometheus writes it."""
    if not labels:
        return name
    return f"{name}{{{','.join(map(_pair, labels, labels.values()))}}}"


def _pair(label: str, value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'{label}="{escaped}"'


def _quantile(ordered: list[float], quantile: float) -> float:
    """The smallest value that at least this share of the values does not exceed (nearest rank); 0 of none."""
    return ordered[max(0, math.ceil(quantile * len(ordered)) - 1)] if ordered else 0.0


def _finite(value: float) -> float:
    return value if math.isfinite(value) else 0.0  # JSON has no other numbers


# --------------------------------------------------------------------------- export


EXPORT_SECONDS: Final = 1.0


class RayExporter:
    """Mirrors a registry into ``ray.util.metrics``, from a thread of its own, so that what is measured never waits for
    Ray. To be made and started inside an actor; ``project`` becomes a label of every series.
    """

    def __init__(self, registry: Registry, project: str) -> None:
        self._registry = registry
        self._project = project
        self._instruments: dict[str, Any] = {}
        self._told: dict[str, tuple[float, tuple[int, ...]]] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Export every second until :meth:`stop`. Starting again changes nothing."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="ray_lineage-metrics", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Export a last time and end the thread."""
        self._over.set()
        if self._thread is not None:
            self._thread.join(5 * EXPORT_SECONDS)
            self._thread = None

    def _run(self) -> None:
        while not self._over.wait(EXPORT_SECONDS):
            self.export()
        self.export()

    def export(self) -> None:
        """Tell Ray what changed since the last time."""
        with self._lock:
            for reading in self._registry.read():
                key = series(reading.metric.name, **reading.labels)
                told = self._told.get(key, (0.0, (0,) * len(reading.buckets)))
                self._tell(reading, *told)
                self._told[key] = (reading.value, reading.buckets)

    def _tell(self, now: Reading, value: float, buckets: tuple[int, ...]) -> None:
        tags = {**now.labels, "project": self._project}
        if now.metric.kind == "gauge":
            # unchanged ones, too: Ray forgets a gauge that is not set again
            self._instrument(now.metric.name, "gauge", now.metric).set(now.value, tags=tags)
        elif now.metric.kind == "counter":
            self._raise(now.metric.name, now.metric, now.value - value, tags)
        else:
            histogram = self._instrument(now.metric.name, "histogram", now.metric)
            new = [n - old for n, old in zip(now.buckets, buckets, strict=True)]
            for bound, count in zip((*BOUNDS, 2 * BOUNDS[-1]), new, strict=True):
                for _ in range(count):
                    histogram.observe(bound, tags=tags)
            seconds, observations = companions(now.metric.name)
            self._raise(seconds, now.metric, now.value - value, tags)
            self._raise(observations, now.metric, sum(new), tags)

    def _raise(self, name: str, metric: Metric, value: float, tags: dict[str, str]) -> None:
        if value > 0:  # Ray refuses 0
            self._instrument(name, "counter", metric).inc(value, tags=tags)

    def _instrument(self, name: str, kind: Kind, metric: Metric) -> Any:
        found = self._instruments.get(name)
        if found is None:
            from ray.util import metrics as ray_metrics

            keys = (*metric.labels, "project")
            if kind == "histogram":
                found = ray_metrics.Histogram(name, metric.help, list(BOUNDS), keys)
            else:
                found = {"counter": ray_metrics.Counter, "gauge": ray_metrics.Gauge}[kind](name, metric.help, keys)
            self._instruments[name] = found
        return found
