"""Files that say little of their dialect are read in that of their folder, whatever the order in which they are read."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ray_lineage.compile import CompileOptions
from ray_lineage.graph.ladybug import LadybugStore
from ray_lineage.model import SourceFile
from ray_lineage.runtime.ingest import ingest
from ray_lineage.runtime.parse import Meta, Task
from ray_lineage.runtime.votes import Votes
from ray_lineage.settings import load_settings


def task(path: str) -> Task:
    return Task(SourceFile(path, "/", path, 1, 0, 0, 0, 2), CompileOptions())


def settled(files: dict[str, tuple[str, float]], order: list[str]) -> dict[str, str]:
    """The dialects in which the weak ones are read in the end."""
    votes = Votes()
    read: dict[str, str] = {}
    for path in order:
        dialect, confidence = files[path]
        votes.note(task(path), Meta(path, "facts", dialect=dialect, confidence=confidence))
        read.update((t.file.path, d) for t, d in votes.due())
    return read


STRONG_T, STRONG_P, WEAK = ("tsql", 0.9), ("postgres", 0.9), ("mysql", 0.3)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"a/1.sql": STRONG_T, "a/2.sql": STRONG_T, "a/x.sql": WEAK}, "tsql"),
        ({"a/1.sql": STRONG_T, "a/x.sql": WEAK}, ""),  # one is no majority
        ({"a/1.sql": STRONG_T, "a/2.sql": STRONG_P, "a/x.sql": WEAK}, ""),  # nor is half
        ({"b/1.sql": STRONG_T, "c/2.sql": STRONG_T, "a/x.sql": WEAK}, "tsql"),  # the folder around
        ({"b/1.sql": STRONG_T, "b/2.sql": STRONG_T, "a/3.sql": STRONG_P, "a/4.sql": STRONG_P, "a/x.sql": WEAK}, "postgres"),
        # a folder of little evidence that all points one way is not read as the larger folder beside it
        ({"b/1.sql": STRONG_T, "b/2.sql": STRONG_T, "b/3.sql": STRONG_T, "a/1.sql": ("postgres", 0.5), "a/2.sql": ("postgres", 0.5), "a/x.sql": ("", 0.0)}, "postgres"),
        ({"a/1.sql": STRONG_T, "a/2.sql": STRONG_T, "a/x.sql": ("mysql", 0.7)}, ""),  # sure enough itself
        ({"a/1.sql": STRONG_T, "a/2.sql": STRONG_T, "a/x.sql": ("", -1.0)}, ""),  # its dialect was given
    ],
)  # fmt: skip
def test_a_clear_majority_of_the_nearest_folder_decides(files: dict[str, tuple[str, float]], expected: str) -> None:
    assert settled(files, list(files)).get("a/x.sql", "") == expected


@given(
    st.dictionaries(
        st.sampled_from([f"{f}/{n}.sql" for f in ("a", "a/b", "c") for n in range(4)]),
        st.sampled_from([STRONG_T, STRONG_P, WEAK, ("", 0.0)]),
        min_size=1,
    ),
    st.randoms(),
)
def test_the_order_does_not_matter(files: dict[str, tuple[str, float]], random: object) -> None:
    order = list(files)
    random.shuffle(order)  # type: ignore[attr-defined]
    own = {p: d for p, (d, c) in files.items() if c < 0.6}
    assert {**own, **settled(files, sorted(files))} == {**own, **settled(files, order)}


def test_an_ingest_reads_plain_files_as_their_neighbours(tmp_path: Path) -> None:
    root = tmp_path / "sql"
    root.mkdir()
    for name in ("a", "b"):
        (root / f"{name}.sql").write_text(
            f"CREATE PROCEDURE [dbo].[{name}] AS SELECT TOP 1 [x] FROM [dbo].[t] WITH (NOLOCK)\nGO\n"
        )
    # nothing in it says T-SQL, and only T-SQL ends a statement where the next one begins
    (root / "plain.sql").write_text("INSERT INTO t2 (a) SELECT a FROM t1\nINSERT INTO t4 (a) SELECT a FROM t3\n")
    settings = load_settings(
        {"data_dir": str(tmp_path / "d"), "executor": "local", "ingest_workers": 0, "project": "p"}, environ={}
    ).settings
    summary = ingest(settings, [str(root)])
    assert (summary.files, summary.compiled, summary.by_status) == (3, 3, {"ok": 3})
    store = LadybugStore(str(tmp_path / "d" / "graph.lbug"), read_only=True)
    dialects = {row[2]: row[4] for row in store.dump("p")["File"]}
    store.close()
    assert dialects == {"a.sql": "tsql", "b.sql": "tsql", "plain.sql": "tsql"}
    assert ingest(settings, [str(root)]).unchanged == 3
