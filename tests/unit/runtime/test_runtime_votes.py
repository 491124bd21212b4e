"""Files that say little of their dialect are read in that of their folder, whatever the order in which they are read."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ray_lineage.compile import CompileOptions
from ray_lineage.graph.open import open_store
from ray_lineage.graph.sqlite import SqliteStore
from ray_lineage.model import SourceFile
from ray_lineage.runtime.ingest import ingest
from ray_lineage.runtime.parse import Meta, Task
from ray_lineage.runtime.votes import Votes
from ray_lineage.settings import load_settings


def task(path: str) -> Task:
    return Task(SourceFile(path, "/", path, 1, 0, 0, 0, 2), CompileOptions())


Shown = dict[str, int] | None
"""What speaks for dialects in a file; None: its dialect was given."""


def meta(path: str, shown: Shown, encoding: str = "") -> Meta:
    if shown is None:
        return Meta(path, "facts", encoding=encoding)
    return Meta(path, "facts", confidence=0.5, evidence=shown, encoding=encoding)


def settled(files: dict[str, Shown], order: list[str]) -> dict[str, str]:
    """The dialects in which files are read in the end that are not read in their own."""
    votes = Votes()
    read: dict[str, str] = {}
    for path in order:
        votes.note(task(path), meta(path, files[path]))
        read.update((t.file.path, d) for t, d in votes.due())
    return {path: dialect for path, dialect in read.items() if dialect}


T: Shown = {"tsql": 30, "mysql": 2}
P: Shown = {"postgres": 16, "duckdb": 4}
WEAK: Shown = {"mysql": 3}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"a/1.sql": T, "a/2.sql": T, "a/x.sql": WEAK}, "tsql|"),
        ({"a/1.sql": T, "a/x.sql": WEAK}, ""),  # one file is not enough
        ({"a/1.sql": P, "a/2.sql": P, "a/x.sql": WEAK}, "postgres|duckdb"),  # what is second may be tried
        ({"a/1.sql": P, "a/2.sql": P, "b/3.sql": T, "b/4.sql": T, "x.sql": WEAK}, "tsql|postgres"),
        ({"a/1.sql": {"tsql": 9}, "a/2.sql": {"tsql": 9}, "a/3.sql": P, "a/x.sql": WEAK}, ""),  # not clear
        ({"b/1.sql": T, "c/2.sql": T, "a/x.sql": WEAK}, "tsql|"),  # the folder around
        ({"b/1.sql": T, "b/2.sql": T, "a/3.sql": P, "a/4.sql": P, "a/x.sql": WEAK}, "postgres|duckdb"),
        # a folder of little evidence that all points one way is not read as the larger folder beside it
        ({"b/1.sql": T, "b/2.sql": T, "a/1.sql": {"postgres": 5}, "a/2.sql": {"postgres": 5}, "a/x.sql": {}}, "postgres|tsql"),
        # words that engines share, in two of many files, do not outweigh the repository
        ({"b/1.sql": T, "b/2.sql": T, "a/1.sql": {"postgres": 5}, "a/2.sql": {"postgres": 5}, "a/x.sql": {},
          **{f"a/{n}.sql": {} for n in range(3, 12)}}, "tsql|postgres"),
        ({"a/1.sql": T, "a/2.sql": T, "a/x.sql": {"mysql": 12}}, ""),  # sure enough itself
        ({"a/1.sql": T, "a/2.sql": T, "a/x.sql": {"mysql": 20, "tsql": 12}}, "tsql|mysql"),  # not so sure
        ({"a/1.sql": T, "a/2.sql": T, "a/x.sql": {"tsql": 2}}, ""),  # it is its own choice as well
        ({"a/1.sql": T, "a/2.sql": T, "a/x.sql": None}, ""),
    ],
)  # fmt: skip
def test_the_evidence_of_the_nearest_folder_decides(files: dict[str, Shown], expected: str) -> None:
    assert settled(files, list(files)).get("a/x.sql", settled(files, list(files)).get("x.sql", "")) == expected


def test_many_weak_files_of_one_dialect_outweigh_the_first_ones() -> None:
    files: dict[str, Shown] = {"a.sql": P, "b.sql": P, "x.sql": WEAK}
    assert settled(files, list(files)) == {"x.sql": "postgres|duckdb"}
    files.update({f"{n}.sql": {"snowflake": 10, "postgres": 4} for n in range(16)})
    assert settled(files, list(files))["x.sql"] == "snowflake|postgres"


@given(
    st.dictionaries(
        st.sampled_from([f"{f}/{n}.sql" for f in ("a", "a/b", "c") for n in range(4)]),
        st.sampled_from([T, P, WEAK, {}, None]),
        min_size=1,
    ),
    st.randoms(),
)
def test_the_order_does_not_matter(files: dict[str, Shown], random: object) -> None:
    order = list(files)
    random.shuffle(order)  # type: ignore[attr-defined]
    assert settled(files, sorted(files)) == settled(files, order)


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
    store = SqliteStore(str(tmp_path / "d" / "graph.db"), read_only=True)
    dialects = {row[2]: row[4] for row in store.dump("p")["File"]}
    store.close()
    assert dialects == {"a.sql": "tsql", "b.sql": "tsql", "plain.sql": "tsql"}
    assert ingest(settings, [str(root)]).unchanged == 3


ENCODED = [
    "cp1251",  # it is sure
    "cp1252",
    "cp1252?",  # nothing speaks for it
    "",  # UTF-8
]


@given(
    st.dictionaries(
        st.sampled_from([f"{f}/{n}.sql" for f in ("a", "a/b", "c") for n in range(4)]),
        st.tuples(st.sampled_from(ENCODED), st.sampled_from([T, P, WEAK, {}, None])),
        min_size=1,
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_does_not_matter_to_encodings(files: dict[str, tuple[str, Shown]], random: Random) -> None:
    def read(order: list[str]) -> dict[str, tuple[str, str]]:
        votes = Votes()
        found: dict[str, tuple[str, str]] = {}
        for path in order:
            encoding, shown = files[path]
            votes.note(task(path), meta(path, shown, encoding))
            for again, wanted in votes.due():
                found[again.file.path] = again.encoding, wanted
                given = Meta(again.file.path, "facts", encoding=again.encoding or files[again.file.path][0])
                votes.note(again, given)
        assert not votes.due()
        return {path: found.get(path, ("", ""))[0] for path in files}

    paths = sorted(files)
    expected = read(paths)
    random.shuffle(paths)
    assert read(paths) == expected
    for path, encoding in expected.items():
        assert not encoding or files[path][0] == "cp1252?"


def test_a_folder_has_one_guess_of_its_encoding(tmp_path: Path) -> None:
    """Two files that are plainly Russian, one with a word of it, one Spanish folder beside them."""
    root = tmp_path / "sql"
    texts = {
        "ru/a.sql": ("CREATE VIEW а AS SELECT имя, фамилия FROM клиенты -- комментарий", "cp1251"),
        "ru/b.sql": ("CREATE VIEW б AS SELECT цена, количество FROM товары -- таблица", "cp1251"),
        "ru/c.sql": ("CREATE VIEW v AS SELECT имя FROM t", "cp1251"),
        "es/a.sql": ("CREATE VIEW w AS SELECT año FROM t", "cp1252"),
    }
    for path, (text, encoding) in texts.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(text.encode(encoding))
    flags = {"data_dir": str(tmp_path / "data"), "ingest_workers": 0, "dialect": "postgres"}
    settings = load_settings(flags, cwd=str(tmp_path), environ={}).settings
    summary = ingest(settings, [str(root)])
    told = {f.path: f.message.partition(". ")[0] for f in summary.findings if f.code == "RL013"}
    assert told == {
        "ru/a.sql": "not UTF-8; read as cp1251",
        "ru/b.sql": "not UTF-8; read as cp1251",
        "ru/c.sql": "not UTF-8; read as cp1251, as its folder",
        "es/a.sql": "not UTF-8; read as cp1252",
    }
    store = open_store(settings, read_only=True)
    columns = {str(row[0]).partition(":")[2] for row in store.dump(store.projects()[0])["Column"]}
    store.close()
    assert {"v.имя", "w.año"} <= {c.rpartition(":")[2] for c in columns} | columns, columns
    (root / "es" / "new.sql").write_text("SELECT 1")
    again = ingest(settings, [str(root)])
    assert (again.compiled, again.files_written) == (1, 1)
