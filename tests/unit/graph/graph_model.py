"""Random histories of a small repository, for any store."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable

from hypothesis import strategies as st

from ray_lineage.graph.base import BaseStore
from ray_lineage.graph.delta import Delta
from ray_lineage.graph.store import GraphStore
from tests.factory import contributions, load

DIALECT = "duckdb"
"""Compares names without case and shows them as they are written."""
_TABLES = ["a", "b", "s.c", "S.C", "d", "sys.e", "msdb.dbo.f", "sysobjects"]
_tables = st.sampled_from(_TABLES)
_statements = st.one_of(
    st.builds(
        lambda t, k: f"CREATE {k} {t} (X int, y text)" if k == "TABLE" else f"CREATE VIEW {t} AS SELECT x, y FROM b",
        _tables,
        st.sampled_from(["TABLE", "VIEW"]),
    ),
    st.builds(lambda t, u: f"CREATE VIEW {t} AS SELECT * FROM {u}", _tables, _tables),
    st.builds(lambda t, u: f"INSERT INTO {t} (x) SELECT y + z FROM {u} WHERE x > 1", _tables, _tables),
    st.builds(lambda t, u: f"UPDATE {t} SET x = u.y FROM {u} u WHERE u.x = 1", _tables, _tables),
    st.builds(lambda t: f"DELETE FROM {t} WHERE x = 1", _tables),
)
_script = st.lists(_statements, max_size=3).map(";\n".join)
_paths = st.sampled_from(["1.sql", "2.sql", "f/3.sql"])
repositories = st.dictionaries(_paths, _script)
Edit = tuple[str, str | None]
histories = st.lists(
    st.lists(st.tuples(_paths, st.one_of(st.none(), _script)), min_size=1, max_size=4),
    min_size=1,
    max_size=4,
)


def replay(store: GraphStore, project: str, history: Iterable[list[Edit]]) -> dict[str, str]:
    """Apply a history round by round, as runs do; return the files at its end."""
    epoch = store.acquire(project)
    files: dict[str, str] = {}
    for edits in history:
        for path, sql in edits:
            if sql is None:
                files.pop(path, None)
            else:
                files[path] = sql
        state = store.state(project).files
        linked = contributions(project, files, DIALECT)
        changed = [c for p, c in sorted(linked.items()) if p not in state or state[p].fingerprint != c.fingerprint]
        gone = sorted(set(state) - set(files))
        result = store.apply(project, epoch, changed, gone)
        assert not result.rejected
    return files


class Crash(Exception):
    """The process is gone."""


def crash_before(store: BaseStore, writes: int) -> None:
    """Let the store's process end before its next transaction but ``writes``, when it writes in pieces."""
    write, left = store._write, writes

    def failing(project: str, epoch: int, delta: Delta) -> None:
        nonlocal left
        if not left:
            raise Crash
        left -= 1
        write(project, epoch, delta)

    store._write = failing  # type: ignore[method-assign]


def replay_with_crashes(
    reopen: Callable[[], BaseStore], project: str, history: Iterable[tuple[list[Edit], int]], rows: int
) -> dict[str, str]:
    """Like :func:`replay`, in transactions of at most ``rows`` rows, of which each round only gets through a few; at the
    end a quiet round. Each round opens the store anew."""
    files: dict[str, str] = {}
    for edits, writes in [*history, ([], -1)]:
        for path, sql in edits:
            if sql is None:
                files.pop(path, None)
            else:
                files[path] = sql
        store = reopen()
        store._most_rows, store.fewest_rows = rows, 1
        if writes >= 0:
            crash_before(store, writes)
        epoch = store.acquire(project)
        state = store.state(project).files
        linked = contributions(project, files, DIALECT)
        changed = [c for p, c in sorted(linked.items()) if p not in state or state[p].fingerprint != c.fingerprint]
        with contextlib.suppress(Crash):
            store.apply(project, epoch, changed, sorted(set(state) - set(files)))
        store.close()
    return files


rounds = st.lists(st.tuples(histories.map(lambda h: h[0]), st.integers(0, 12)), min_size=1, max_size=4)


def clean(store: GraphStore, project: str, files: dict[str, str]) -> None:
    """One clean full ingest."""
    epoch = store.acquire(project)
    linked = contributions(project, files, DIALECT)
    load(store, project, epoch, [linked[p] for p in sorted(linked)])
