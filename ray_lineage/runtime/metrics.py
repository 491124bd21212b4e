"""What a job measures: one declared list, the values in this process, and their way out: through Ray's metrics, or, of a job
without Ray, through a port of its own.

Everything else that names a metric (status, dashboard, the table of the runbook) is made from :data:`METRICS`, so that
nothing can be shown that is not measured. Names are Prometheus': counters end in ``_total``, times are in seconds, sizes
in bytes, shares from 0 to 1. Ray puts ``ray_`` before each name when it exports (``ray_ray_lineage_lag_seconds``), and so does
:class:`LocalExporter`: one dashboard, one set of alerts. Counters exist with 0 from the start, for all labels that are known
before, and gauges that have such labels: Prometheus sees no increase in a series that begins with 1.

The sums of Ray's histograms are wrong (it adds the middle of the bucket, not the value: seen in 2.60), therefore each
histogram ``x_seconds`` has two counters beside it, ``x_seconds_total`` and ``x_count_total``, whose quotient is the mean.
"""

from __future__ import annotations

import math
import threading
from bisect import bisect_left
from collections import deque
from collections.abc import Iterator
from itertools import accumulate, product
from typing import Any, Final, Literal

import msgspec

from ray_lineage.errors import UsageError

Kind = Literal["counter", "gauge", "histogram"]
Unit = Literal["files", "rows", "count", "bytes", "seconds", "share", "timestamp", "flag"]
Group = Literal["Is it up to date?", "Work", "Speed", "Store", "Faults", "Back-pressure", "Watching"]


class Alert(msgspec.Struct, frozen=True):
    """When a metric is worth waking somebody: ``when`` its expression is so (``> 300``) ``lasts`` long. ``only`` restricts the
    series."""

    when: str
    lasts: str
    severity: Literal["critical", "warning"]
    summary: str
    only: str = ""


class Metric(msgspec.Struct, frozen=True):
    """One metric. ``help`` says what is counted, ``look`` what to do when the figure looks bad. ``known``: for each label the
    values that it may have, where that is known before."""

    name: str
    title: str
    kind: Kind
    unit: Unit
    group: Group
    help: str
    look: str
    labels: tuple[str, ...] = ()
    known: tuple[tuple[str, ...], ...] = ()
    alert: Alert | None = None


_PRIORITIES: Final = ("critical", "normal", "batch")
_CODES: Final = (
    "RL210", "RL211", "RL212", "RL213", "RL214", "RL215", "RL216", "RL217", "RL218", "RL219", "RL220", "RL223", "RL232", "RL233",
    "RL234", "RL235", "RL236", "RL237", "RL238", "RL299", "RL501", "RL502", "RL503",
)  # fmt: skip
"""Of errors that a job may count and outlive."""


METRICS: Final = (
    Metric(
        "ray_lineage_lag_seconds", "Lag", "gauge", "seconds", "Is it up to date?",
        "Age of the oldest change that was seen and is not in the graph, whatever it waits for; 0: nothing is waiting.",
        "Over a minute and rising: look at the queue (work comes faster than it is done), then at lanes and back-pressure.",
        alert=Alert("> 300", "5m", "warning", "the graph is over five minutes behind the files"),
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
        alert=Alert("> 120", "1m", "critical", "the job hangs"),
    ),
    Metric(
        "ray_lineage_files_total", "Files by outcome", "counter", "files", "Work",
        "Files that were looked into: `compiled`, `cached`, `gone`, `unreadable`, `given up` (too much time or memory).",
        "Many `unreadable`: permissions or a mount; the log names them. Many `gone`: is a folder missing?",
        ("status", "priority"), (("compiled", "cached", "gone", "unreadable", "given up"), _PRIORITIES),
    ),
    Metric(
        "ray_lineage_cache_lookups_total", "Parse cache", "counter", "files", "Work",
        "Look-ups in the parse cache, `hit` or `miss`.",
        "Few hits on known files: `ray_lineage cache stats` says whether the cache is full, off, or was set aside.",
        ("result",), (("hit", "miss"),),
    ),
    Metric(
        "ray_lineage_queue_files", "Files waiting", "gauge", "files", "Work",
        "Files that wait, by priority (`critical`, `normal`, `batch`).",
        "`critical` above 0 for seconds: all lanes are busy or admission is closed. `batch` may be long during a full pass.",
        ("priority",), (_PRIORITIES,),
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
        ("priority",), (_PRIORITIES,),
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
        "ray_lineage_store_up", "Store is up", "gauge", "flag", "Store",
        "1 while the store answers, 0 while it is away or has not answered for 5 s.",
        "0: the server is away, or holds a lock; `ray_lineage status` says what it answered last. Changes are kept, nothing is lost.",
        alert=Alert("< 1", "2m", "critical", "the store is away"),
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
        "Transactions and connections that were tried again, also while the store is away: connection lost, deadlock, memory of the server.",
        "A steady rate: look at the server's log and memory; lower `batch_size`.",
        alert=Alert("> 20", "10m", "warning", "the store is tried again and again"),
    ),
    Metric(
        "ray_lineage_dead_letters", "Dead letters", "gauge", "files", "Store",
        "Files whose rows the store refuses; they are tried again with each change and at each start.",
        "Above 0: `ray_lineage failures` gives the reason per file.",
        alert=Alert("> 0", "15m", "warning", "the store refuses the rows of some files"),
    ),
    Metric(
        "ray_lineage_quarantined_files", "Quarantined files", "gauge", "files", "Faults",
        "Files set aside since the job began, and not changed since, because they killed a parse actor three times (RL193).",
        "Above 0: `ray_lineage failures` names them. Split the file or leave it out with `ignore`; a changed file is tried again.",
        alert=Alert("> 0", "15m", "warning", "files were set aside because they kill the parser"),
    ),
    Metric(
        "ray_lineage_actor_restarts_total", "Actor restarts", "counter", "count", "Faults",
        "Actors started again after they died: `parse`, `writer`, `driver`.",
        "A steady rate: out of memory (see memory share) or files that kill their actor (see quarantined).",
        ("actor",), (("parse", "writer", "driver"),),
        alert=Alert("> 5", "5m", "warning", "actors die again and again"),
    ),
    Metric(
        "ray_lineage_errors_total", "Errors", "counter", "count", "Faults",
        "Errors of the job by code (RL2xx; the list is in docs/errors.md).",
        "The code says what to do; `ray_lineage status` shows the last messages.",
        ("code",), (_CODES,),
        alert=Alert("> 0", "1m", "warning", "the job counts errors"),
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
        ("reason",), (("memory", "object store", "writer", "queue", "bytes"),),
    ),
    Metric(
        "ray_lineage_node_memory_share", "Memory by node", "gauge", "share", "Back-pressure",
        "Memory in use on a node, from 0 to 1.",
        "At `memory_limit_percent` (80) no new work starts. Other programs on the node count too.",
        ("node",),
        alert=Alert("> 0.95", "10m", "warning", "a node has hardly any memory left"),
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
        alert=Alert("< 1", "15m", "warning", "the folders are not compared with the graph"),
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
        ("reason",), (("polling", "missing_root"),),
        alert=Alert(
            "> 0", "5m", "warning", "a watched folder is away", 'reason="missing_root"',
        ),
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

    __slots__ = ("buckets", "labels", "metric", "recent", "used", "value")

    def __init__(self, metric: Metric, labels: dict[str, str]) -> None:
        self.metric = metric
        self.labels = labels
        self.value = 0.0  # of a histogram: the sum
        self.buckets = [0] * (len(BOUNDS) + 1) if metric.kind == "histogram" else []
        self.recent: deque[float] = deque(maxlen=RECENT)
        self.used = False


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
        for metric in METRICS:
            if (metric.kind != "gauge" or metric.known) and len(metric.known) == len(metric.labels):
                for values in product(*metric.known):
                    cell = _Cell(metric, dict(zip(metric.labels, values, strict=True)))
                    self._cells[(metric.name, *values)] = cell

    def add(self, name: str, value: float = 1, **labels: str) -> None:
        """Raise a counter by ``value`` >= 0. Raises ValueError (see the class)."""
        cell = self._by_call.get(("counter", name, *labels.items())) or self._cell("counter", name, labels)
        if value < 0:
            raise ValueError(f"{name} is a counter: it cannot go down by {-value}")
        with self._lock:
            cell.used = True
            cell.value += value

    def set(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge. Raises ValueError (see the class)."""
        cell = self._by_call.get(("gauge", name, *labels.items())) or self._cell("gauge", name, labels)
        with self._lock:
            cell.used = True
            cell.value = float(value)

    def observe(self, name: str, *durations: float, **labels: str) -> None:
        """Put durations (seconds) into a histogram; a negative one (a clock was set back) counts as 0. Raises ValueError
        (see the class)."""
        cell = self._by_call.get(("histogram", name, *labels.items())) or self._cell("histogram", name, labels)
        with self._lock:
            for seconds in durations:
                seconds = max(0.0, seconds)
                cell.used = True
                cell.value += seconds
                cell.buckets[bisect_left(BOUNDS, seconds)] += 1
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
        """All series that were used as ``name{label="value"}`` -> figure, ready for JSON. A histogram gives ``_count``, ``_sum``, and
        ``_p50``, ``_p95``, ``_p99`` of its last :data:`RECENT` observations."""
        with self._lock:
            cells = [
                (c.metric, c.labels, c.value, sum(c.buckets), list(c.recent)) for c in self._cells.values() if c.used
            ]
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
PREFIX: Final = "ray_"
"""What Ray puts before every name."""
_NEARLY_NOTHING: Final = 5e-324  # a counter of Ray refuses 0, and is to begin there; any sum swallows this


class RayExporter:
    """Mirrors a registry into ``ray.util.metrics``, from a thread of its own, so that what is measured never waits for
    Ray. To be made and started inside an actor; ``project`` becomes a label of every series.
    """

    def __init__(self, registry: Registry, project: str) -> None:
        self._registry = registry
        self._project = project
        self._instruments: dict[str, Any] = {}
        self._told: dict[str, tuple[float, tuple[int, ...]]] = {}
        self._begun: set[str] = set()  # counters that Ray knows
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
        key = series(name, **tags)
        if value > 0 or key not in self._begun:
            self._begun.add(key)
            self._instrument(name, "counter", metric).inc(value or _NEARLY_NOTHING, tags=tags)

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


class LocalExporter:
    """Serves a registry on a port of this machine's loopback, under the names that Ray would give: what a job without Ray
    measures is read by the same dashboard and the same alerts. ``project`` becomes a label of every series.
    """

    def __init__(self, registry: Registry, project: str, port: int) -> None:
        """Listens at once; port 0: a free one, see ``port``. Raises UsageError (RL209) if the port is taken."""
        from prometheus_client import CollectorRegistry, start_http_server

        self._registry = registry
        self._project = project
        collected = CollectorRegistry()
        collected.register(self)
        try:
            self._server, self._thread = start_http_server(port, "127.0.0.1", collected)
        except OSError as error:
            raise UsageError(
                "RL209", f"cannot serve metrics at 127.0.0.1:{port}: {error.strerror}", where="--metrics-port",
                help="give another port, or 0 for a free one",
            ) from None  # fmt: skip
        self.port = int(self._server.server_port)

    def collect(self) -> Iterator[Any]:
        """All families, as prometheus_client wants them."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

        kinds = {"counter": CounterMetricFamily, "gauge": GaugeMetricFamily, "histogram": HistogramMetricFamily}
        families: dict[str, Any] = {}
        for reading in self._registry.read():
            metric, labels = reading.metric, [*reading.labels.values(), self._project]
            names = (*metric.labels, "project")
            family = families.get(metric.name)
            if family is None:
                family = kinds[metric.kind](PREFIX + metric.name, metric.help, labels=names)
                families[metric.name] = family
            if metric.kind != "histogram":
                family.add_metric(labels, reading.value)
                continue
            family.add_metric(labels, _cumulative(reading.buckets), reading.value)
            for name, value in zip(companions(metric.name), (reading.value, sum(reading.buckets)), strict=True):
                beside = families.setdefault(name, CounterMetricFamily(PREFIX + name, metric.help, labels=names))
                beside.add_metric(labels, value)
        yield from families.values()

    def close(self) -> None:
        """End the server and its thread."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _cumulative(buckets: tuple[int, ...]) -> list[tuple[str, int]]:
    bounds = [*map(str, BOUNDS), "+Inf"]
    return list(zip(bounds, accumulate(buckets), strict=True))
