"""Names by parts of them: all words as they are first, then what looks like them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from ray_lineage.errors import UsageError
from ray_lineage.frames import Table, Tabular, table_of
from ray_lineage.graph.store import GraphStore, NameRow
from ray_lineage.model import column_id, dataset_id, quote_part, split_text
from ray_lineage.query.walk import origins, within

SCHEMA: Final = 1
_LOOK_ALIKES: Final = 8
"""So many last parts are near enough."""


class Hit(msgspec.Struct, frozen=True):
    """A dataset, or a column of one. ``kind`` is the dataset's, or the column's type (empty: not known); ``file`` and ``line``
    (empty, 0: nobody's) are where the dataset is declared; ``display`` is the name as it is written."""

    project: str
    name: str
    is_column: bool
    kind: str
    file: str
    line: int
    display: str = ""


class Hits(Tabular, msgspec.Struct, frozen=True):
    """The best of ``total``. ``exact``: they hold all words; else they look like them."""

    schema: int
    words: list[str]
    exact: bool
    total: int
    hits: list[Hit]

    def table(self) -> Table:
        """Its hits."""
        return table_of(Hit, self.hits)


def find(store: GraphStore, words: Sequence[str], project: str | None = None, limit: int = 20) -> Hits:
    """Datasets and columns whose names hold all words, in any case; if there are none, those whose last part looks like them.
    Raises UsageError (RL203) if no word says anything."""
    words = [word for word in words if word.strip()]
    if not words:
        raise UsageError(
            "RL203", "there is nothing to look for", where="find", help="give parts of a name: `find order amount`"
        )
    rows = store.find_names(project, words)
    exact = bool(rows)
    rows = ranked(rows, words) if rows else _alike(store, words, project)
    return Hits(SCHEMA, words, exact, len(rows), _described(store, rows[:limit]))


def ranked(rows: Iterable[NameRow], words: Sequence[str]) -> list[NameRow]:
    """The best first: called so, beginning so, holding it in the last part; datasets before columns, short names first. Pure."""
    wanted = [w.lower() for w in words]

    def key(row: NameRow) -> tuple[int, bool, int, str, str]:
        last = (row[2] if row[2] is not None else split_text(row[1])[-1]).lower()
        whole = row[1].lower() if row[2] is None else f"{row[1]}.{row[2]}".lower()
        exact = len(wanted) == 1 and wanted[0] in (last, whole)
        rank = 0 if exact else 1 if last.startswith(wanted[0]) else 2 if all(w in last for w in wanted) else 3
        return (rank, row[2] is not None, len(whole), whole, row[0])

    return sorted(rows, key=key)


def _alike(store: GraphStore, words: Sequence[str], project: str | None) -> list[NameRow]:
    parts: dict[str, str] = {}
    for part in store.last_parts(project):
        parts.setdefault(part.lower(), part)
    typed = ["_".join(words).lower(), split_text(words[-1])[-1].lower()]
    close = [c for text in dict.fromkeys(typed) for c in difflib.get_close_matches(text, parts, _LOOK_ALIKES)]
    found: dict[NameRow, None] = {}
    for part in dict.fromkeys(close):
        rows = store.find_names(project, [part])
        last = [r for r in rows if (r[2] if r[2] is not None else split_text(r[1])[-1]).lower() == part]
        found.update(dict.fromkeys(ranked(last, [part])))
    return list(found)


def _described(store: GraphStore, rows: Sequence[NameRow]) -> list[Hit]:
    ids = list(dict.fromkeys(dataset_id(project, dataset) for project, dataset, _ in rows))
    kinds = {i: str(d["kind"]) for i, d in store.describe(ids, "Dataset").items()}
    places = {str(r[1]): (str(r[2]), int(r[3])) for r in reversed(store.edges("DECLARES", ids, "upstream"))}
    written = origins(store, {file for file, _ in places.values()})
    types = _types(store, rows)
    columns = [column_id(project, dataset, name) for project, dataset, name in rows if name is not None]
    spelled = {**store.spelled(ids, "Dataset"), **store.spelled(columns, "Column")}
    hits = []
    for row in rows:
        project, dataset, column = row
        identity = dataset_id(project, dataset)
        file, line = places.get(identity, ("", 0))
        name = dataset if column is None else f"{dataset}.{quote_part(column)}"
        kind = kinds.get(identity, "") if column is None else types.get((identity, column), "")
        display = spelled.get(f"{project}:{name}", f"{project}:{name}")[len(project) + 1 :]
        hits.append(Hit(project, name, column is not None, kind, within(project, written.get(file, "")), line, display))
    return hits


def _types(store: GraphStore, rows: Sequence[NameRow]) -> dict[tuple[str, str], str]:
    owners = {dataset_id(project, dataset) for project, dataset, column in rows if column is not None}
    return {(o, c["name"]): c["type"] or "" for o in owners for c in store.columns_of(o)}
