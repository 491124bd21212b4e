"""Scripts -> linked contributions, as the product makes them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping

from ray_lineage.compile import CompileOptions, compile_source
from ray_lineage.graph.base import Writer
from ray_lineage.graph.batching import batches
from ray_lineage.graph.pack import pack
from ray_lineage.graph.store import ApplyResult
from ray_lineage.link import Linker
from ray_lineage.model import (
    Contribution,
    Row,
    column_id,
    dataset_id,
    encode_facts,
    file_id,
    statement_id,
)


def facts(sql: str, dialect: str = "postgres") -> bytes:
    return encode_facts(compile_source(sql, CompileOptions(dialect)))


def sha(sql: str) -> str:
    return hashlib.sha256(sql.encode()).hexdigest()


def contributions(project: str, files: Mapping[str, str], dialect: str = "postgres") -> dict[str, Contribution]:
    """Contributions of all files, linked from nothing."""
    linker = Linker(project)
    for path, sql in files.items():
        linker.put(path, sha(sql), facts(sql, dialect))
    found = {c.path: c for c in linker.link()}
    linker.close()
    return found


def load(
    store: Writer,
    project: str,
    epoch: int,
    contributions: Iterable[Contribution],
    on_stored: Callable[[int], None] | None = None,
) -> ApplyResult:
    """A project's first files, as workers pack them."""
    packs = (pack(project, batch) for batch in batches(contributions, store.transaction_rows))
    return store.load(project, epoch, packs, on_stored)


def wide(project: str, path: str, flows: int, shift: int = 0) -> Contribution:
    """A file with that many FLOWS_TO rows and two columns for each; ``shift`` moves their lines."""
    file, table, other = file_id(project, path), dataset_id(project, f"t_{path}"), dataset_id(project, "u")
    statement = statement_id(file, 0)
    rows: dict[str, list[Row]] = {
        "File": [(file, project, path, "", "tsql", f"print{flows}-{shift}", "ok", "[]", 1, None)],
        "Statement": [(statement, file, 0, "insert", 1, 1, None, "INSERT")],
        "CONTAINS": [(file, statement)],
        "WRITES": [(statement, table)],
        "READS": [(statement, other)],
        "FEEDS": [(other, table, 0)],
        "FLOWS_TO": [
            (
                column_id(project, "u", f"x{i}"), column_id(project, f"t_{path}", f"y{i}"), 0, i + shift, "identity",
                "certain", None if i % 2 else f"x{i} + ?",
            )
            for i in range(flows)
        ],
    }  # fmt: skip
    columns = [("u", f"x{i}") for i in range(flows)] + [(f"t_{path}", f"y{i}") for i in range(flows)]
    return Contribution(file, path, str(rows["File"][0][5]), rows, [f"t_{path}", "u"], columns)
