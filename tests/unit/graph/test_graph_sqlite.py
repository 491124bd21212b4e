"""The embedded store: what it holds, hostile text, whose file it is, and who may write it."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ray_lineage.errors import StoreRefused, StoreUnavailable
from ray_lineage.graph import keys, place, sqlite
from ray_lineage.graph.keys import Shared, difference, places
from ray_lineage.graph.pack import pack
from ray_lineage.graph.schema import RELS, STATEMENT
from ray_lineage.graph.sql import nodes_of_project, rels_of_project
from ray_lineage.graph.sqlite import VERSION, SqliteStore
from ray_lineage.model import Contribution, column_id, dataset_id, dataset_text
from tests.factory import contributions, load, wide

HOSTILE = [
    "it's",
    'quo"te',
    "back`tick",
    "new\nline",
    "tab\t",
    "}) DETACH DELETE n //",
    "é😀",
    "\u202eright",
    "back\\slash",
    "''",
    "NULL",
    "$rows",
    "a,b",
    " x ",
    "nul\0byte",
    ".",
    '."',
    '"',
    "",
    "*",
]


def test_applying_twice_changes_nothing(sqlite_store: SqliteStore) -> None:
    linked = list(contributions("p", {"a.sql": "CREATE VIEW v AS SELECT x FROM t"}).values())
    epoch = sqlite_store.acquire("p")
    sqlite_store.apply("p", epoch, linked)
    before = sqlite_store.dump("p")
    sqlite_store.apply("p", epoch, linked)
    assert sqlite_store.dump("p") == before


def test_hostile_names_come_back_as_they_are(sqlite_store: SqliteStore) -> None:
    linked = [named("p:q", name) for name in HOSTILE]
    load(sqlite_store, "p:q", sqlite_store.acquire("p:q"), linked)
    sqlite_store.acquire("p")
    for contribution in linked:
        (identity,) = (r[0] for r in contribution.rows["Column"])
        (name,) = (r[2] for r in contribution.rows["Column"])
        assert sqlite_store.describe([identity], "Column")[identity]["name"] == name
        assert [e.target for e in sqlite_store.neighbours("FLOWS_TO", [identity], "downstream")] == [identity]
        assert [c["name"] for c in sqlite_store.columns_of(contribution.rows["Dataset"][0][0])] == [name]
    assert sqlite_store.rows("p:q", "Column") == sorted((c.rows["Column"][0] for c in linked), key=repr)


def named(project: str, name: str) -> Contribution:
    """A file in which a column of an odd name, of a dataset of that name, flows into itself."""
    dataset = dataset_text(("s", name))
    file, node, column = f"{project}:{name}.sql", dataset_id(project, dataset), column_id(project, dataset, name)
    return Contribution(
        file, f"{name}.sql", "f",
        {
            "File": [(file, project, f"{name}.sql", "", "tsql", "f", "ok", "[]", 0, None)],
            "Dataset": [(node, project, dataset, None, "s", name, "View", True, file, "what it is", "snowflake://acct", name)],
            "Column": [(column, node, name, 0, None, True, file, "it's", name)],
            "FLOWS_TO": [(column, column, 0, 1, "identity", "certain", name)],
        },
        [dataset], [(dataset, name)],
    )  # fmt: skip


def test_the_schema_knows_every_text_that_is_stored_as_a_number(sqlite_store: SqliteStore) -> None:
    """A masked, possible flow into a view: what is read are the texts that were written."""
    linked = contributions("p", {"a.sql": "CREATE VIEW v AS SELECT md5(x) AS h FROM t, u WHERE y > 1"})
    sqlite_store.apply("p", sqlite_store.acquire("p"), linked.values())
    flows = {(r[5], r[6]) for r in sqlite_store.rows("p", "FLOWS_TO")}
    assert flows == {("masking", "possible")}
    assert {r[5] for r in sqlite_store.rows("p", "INFLUENCES")} == {"filter"}
    assert {r[2]: r[6] for r in sqlite_store.rows("p", "Dataset")} == {"v": "View", "t": "Table", "u": "Table"}


def test_projects_do_not_touch_one_another(sqlite_store: SqliteStore) -> None:
    for project in ("p", "q"):
        epoch = sqlite_store.acquire(project)
        sqlite_store.apply(
            project, epoch, contributions(project, {"a.sql": "CREATE VIEW v AS SELECT x FROM t"}).values()
        )
    before = sqlite_store.dump("q")
    sqlite_store.apply("p", sqlite_store.acquire("p"), [], ["a.sql"])
    assert sqlite_store.dump("q") == before
    assert not any(sqlite_store.dump("p").values())


def test_an_older_writer_is_refused(sqlite_store: SqliteStore) -> None:
    old = sqlite_store.acquire("p")
    sqlite_store.acquire("p")
    with pytest.raises(StoreRefused) as caught:
        sqlite_store.apply("p", old, contributions("p", {"a.sql": "SELECT 1"}).values())
    assert caught.value.code == "RL221"


def test_applying_unsettles(sqlite_store: SqliteStore) -> None:
    epoch = sqlite_store.acquire("p")
    sqlite_store.settle("p", epoch, "digest")
    assert sqlite_store.digest("p") == "digest"
    sqlite_store.apply("p", epoch, contributions("p", {"a.sql": "SELECT 1"}).values())
    assert sqlite_store.digest("p") == ""


def test_a_first_load_gives_what_single_files_give(sqlite_store: SqliteStore, tmp_path: Path) -> None:
    linked = [wide("p", f"f{i}", 20, i) for i in range(30)]
    one_by_one = SqliteStore(str(tmp_path / "other.db"))
    epoch = one_by_one.acquire("p")
    for contribution in linked:
        one_by_one.apply("p", epoch, [contribution])
    stored: list[int] = []
    packs = (pack("p", linked[at : at + 7]) for at in range(0, 30, 7))
    result = sqlite_store.load("p", sqlite_store.acquire("p"), packs, stored.append)
    assert (result.rejected, result.transactions, stored) == ([], 5, [7, 7, 7, 7, 2])
    assert sqlite_store.dump("p") == one_by_one.dump("p")
    assert sqlite_store.counts("p") == {k: len(v) for k, v in sqlite_store.dump("p").items()} == one_by_one.counts("p")
    one_by_one.close()


def test_loading_again_what_is_there_changes_nothing(sqlite_store: SqliteStore) -> None:
    packs = [pack("p", [wide("p", f"f{i}", 20)]) for i in range(3)]
    epoch = sqlite_store.acquire("p")
    sqlite_store.load("p", epoch, packs[:2])
    sqlite_store.load("p", epoch, packs)
    assert sqlite_store.counts("p")["FLOWS_TO"] == 60
    assert len(sqlite_store.rows("p", "FLOWS_TO")) == 60


def test_a_file_that_cannot_be_written_costs_only_itself(sqlite_store: SqliteStore) -> None:
    """Text that is no Unicode, in the middle of a first load, after which shared nodes have to be found again."""
    bad = wide("p", "bad", 3)
    bad.rows["Statement"] = [(*bad.rows["Statement"][0][:-1], "\ud800")]
    linked = [wide("p", "f1", 3), bad, wide("p", "f2", 3), wide("p", "f3", 3)]
    epoch = sqlite_store.acquire("p")
    result = sqlite_store.load("p", epoch, [pack("p", linked[:1]), pack("p", linked[1:3]), pack("p", linked[3:])])
    assert [(r.path, r.code) for r in result.rejected] == [("bad", "RL502")]
    assert set(sqlite_store.state("p").files) == {"f1", "f2", "f3"}
    assert sqlite_store.counts("p") == {k: len(v) for k, v in sqlite_store.dump("p").items()}
    assert sqlite_store.counts("p")["Column"] == 3 + 3 * 3


@pytest.mark.parametrize("most", [0, 10])
def test_what_a_load_remembers_is_bounded(
    sqlite_store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    packs = [pack("p", [wide("p", f"f{i}", 8)]) for i in range(6)]
    plain = SqliteStore(str(tmp_path / "plain.db"))
    plain.load("p", plain.acquire("p"), packs)
    monkeypatch.setattr(keys, "MOST_REMEMBERED", most)
    forgotten: list[int] = []
    forget = Shared.forget
    monkeypatch.setattr(Shared, "forget", lambda shared: (forgotten.append(1), forget(shared)))
    sqlite_store.load("p", sqlite_store.acquire("p"), packs)
    assert forgotten
    assert sqlite_store.dump("p") == plain.dump("p")
    plain.close()


_rows = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=12)


@given(_rows, _rows)
def test_a_difference_leads_from_what_is_stored_to_what_is_wanted(
    stored: list[tuple[int, int]], wanted: list[tuple[int, int]]
) -> None:
    file, start = 7, 7 << 24
    numbered = [(start + 2 * n, *row) for n, row in enumerate(stored)]
    gone, come = difference(numbered, wanted, file)
    left = [r for r in numbered if r not in gone]
    assert sorted(r[1:] for r in left + come) == sorted(set(wanted))
    numbers = [r[0] for r in left + come]
    assert len(set(numbers)) == len(numbers)
    assert all(n >> 24 == file for n in numbers)
    assert not set(left) & set(come)


@given(st.lists(st.integers(0, 5), max_size=5, unique=True).map(sorted), st.integers(1, 4))
def test_rows_of_new_files_are_numbered_by_file(files: list[int], rows: int) -> None:
    numbers = [10 * (f + 1) for f in range(6)]
    owners = [f for f in files for _ in range(rows)]
    assert [n >> 24 for n in places(numbers, owners)] == [numbers[f] for f in owners]
    assert len(set(places(numbers, owners))) == len(owners)


def test_names_are_found_in_any_case(sqlite_store: SqliteStore) -> None:
    linked = contributions(
        "p", {"a.sql": 'CREATE TABLE s."Größe" (x int); CREATE TABLE u."GRÖSSE" (x int); CREATE TABLE t (x int)'}
    )
    sqlite_store.apply("p", sqlite_store.acquire("p"), linked.values())
    assert sqlite_store.find_datasets(None, "GRÖßE") == [("p:s.Größe", "s.Größe")]
    assert sqlite_store.find_datasets("p", "grösse") == [("p:u.GRÖSSE", "u.GRÖSSE")]
    assert sqlite_store.find_datasets("q", "t") == []
    assert sqlite_store.similar_datasets("p", "GRÖ") == ["s.Größe", "u.GRÖSSE"]


def test_what_is_read_often_is_read_by_an_index(sqlite_store: SqliteStore) -> None:
    sqlite_store.apply("p", sqlite_store.acquire("p"), [wide("p", "f", 3)])
    asked: list[str] = []
    sqlite_store._connection.set_trace_callback(asked.append)
    sqlite_store.find_datasets(None, "u")
    sqlite_store.columns_of("p:u")
    sqlite_store.neighbours("FLOWS_TO", ["p:u.x1"], "downstream")
    sqlite_store.neighbours("FEEDS", ["p:u"], "upstream")
    sqlite_store.neighbours("INFLUENCES", ["p:u"], "upstream")
    sqlite_store.describe(["p:u.x1"], "Column")
    sqlite_store.apply("p", 1, [wide("p", "f", 3, 1)])
    sqlite_store.apply("p", 1, [], ["f"])
    sqlite_store._connection.set_trace_callback(None)
    read = [q for q in asked if q.startswith(("SELECT", "UPDATE", "DELETE"))]
    plans = {q: [r[3] for r in sqlite_store._connection.execute(f"EXPLAIN QUERY PLAN {q}")] for q in read}
    scans = {
        q: [s for s in steps if s.startswith("SCAN ") and "project" not in s and "VIRTUAL" not in s]
        for q, steps in plans.items()
    }
    assert {q: steps for q, steps in scans.items() if steps} == {}


@pytest.mark.parametrize("kind", ["Statement", *(r.type for r in RELS)])
def test_what_is_read_as_a_whole_is_read_file_by_file(sqlite_store: SqliteStore, kind: str) -> None:
    """The planner's own order took seconds for a thousand files."""
    query = nodes_of_project(STATEMENT) if kind == "Statement" else rels_of_project({r.type: r for r in RELS}[kind])
    parameters = {"prefix": "p:", "project": "p", "key": 1}
    files, rows, *ends = [r[3] for r in sqlite_store._connection.execute(f"EXPLAIN QUERY PLAN {query}", parameters)]
    assert files.split()[1] == "f"
    assert rows.split()[1] in ("r", "n") and "rowid>? AND rowid<?" in rows
    assert all("PRIMARY KEY (rowid=?)" in step for step in ends)


# --------------------------------------------------------------------------- whose file it is


def test_reading_a_graph_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable) as caught:
        SqliteStore(str(tmp_path / "none.db"), read_only=True)
    assert caught.value.code == "RL210"
    assert not list(tmp_path.iterdir())


def foreign(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE mine (x)")
    connection.commit()
    connection.close()


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize(
    "make", [foreign, lambda p: p.write_bytes(b"this is no database" * 1000), lambda p: p.write_text("x")]
)
def test_a_file_that_is_not_ours_is_left_as_it_is(tmp_path: Path, make: object, read_only: bool) -> None:
    path = tmp_path / "graph.db"
    make(path)  # type: ignore[operator]
    before = path.read_bytes()
    with pytest.raises(StoreRefused) as caught:
        SqliteStore(str(path), read_only=read_only)
    assert caught.value.code == "RL224"
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {"graph.db": before}


def written(path: Path) -> dict[str, list[tuple[object, ...]]]:
    store = SqliteStore(str(path))
    load(store, "p", store.acquire("p"), [wide("p", f"f{i}", 200) for i in range(20)])
    dump = store.dump("p")
    store.close()
    return dump


def test_a_newer_graph_is_refused_and_an_older_one_moved_aside(tmp_path: Path) -> None:
    path = tmp_path / "graph.db"
    written(path)
    set_version(path, VERSION + 1)
    for read_only in (True, False):
        with pytest.raises(StoreRefused) as refused:
            SqliteStore(str(path), read_only=read_only)
        assert refused.value.code == "RL222"
    set_version(path, VERSION - 1)
    with pytest.raises(StoreUnavailable, match="older version"):
        SqliteStore(str(path), read_only=True)
    store = SqliteStore(str(path))
    assert "older version" in store.rebuilt
    assert not store.counts(None)["File"]
    assert list(tmp_path.glob("graph.db.old-*"))
    store.close()


def set_version(path: Path, version: int) -> None:
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {version}")
    connection.close()


def test_an_old_engines_graph_is_named_once_and_left_alone(tmp_path: Path) -> None:
    old = tmp_path / "graph.lbug"
    old.write_bytes(b"old")
    said = []
    for _ in range(2):
        store = SqliteStore(str(tmp_path / "graph.db"))
        said.append(store.rebuilt)
        store.close()
    assert str(old) in said[0]
    assert said[1] == ""
    assert old.read_bytes() == b"old"
    with pytest.raises(StoreRefused):
        SqliteStore(str(old))


def test_a_header_that_was_destroyed_is_ours_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "graph.db"
    written(path)
    with path.open("r+b") as file:
        file.write(b"\0" * 100)
    with pytest.raises(StoreUnavailable):
        SqliteStore(str(path), read_only=True)
    store = SqliteStore(str(path))
    assert "moved aside" in store.rebuilt
    store.close()
    assert list(tmp_path.glob("graph.db.broken-*"))


def test_damage_that_is_found_later_is_mended_by_the_next_run(tmp_path: Path) -> None:
    path = tmp_path / "graph.db"
    written(path)
    data = bytearray(path.read_bytes())
    for page in range(len(data) * 3 // 16384, len(data) // 4096):  # not those of the schema, which are read first
        data[page * 4096 : page * 4096 + 200] = b"\xff" * 200
    path.write_bytes(data)
    reader = SqliteStore(str(path), read_only=True)
    with pytest.raises(StoreUnavailable) as caught:
        reader.check()
    assert (caught.value.code, "damaged" in caught.value.message) == ("RL211", True)
    reader.close()
    store = SqliteStore(str(path))
    assert "moved aside" in store.rebuilt
    store.close()
    store = SqliteStore(str(path))
    assert store.rebuilt == ""  # once
    assert store.check().endswith("intact")
    store.close()


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=64)), min_size=1, max_size=6)
)
def test_random_damage_is_an_error_or_nothing_and_never_the_end(
    tmp_path_factory: pytest.TempPathFactory, hits: list[tuple[float, bytes]]
) -> None:
    path = tmp_path_factory.mktemp("damaged") / "graph.db"
    dump = written(path)
    data = bytearray(path.read_bytes())
    for share, junk in hits:
        at = int(share * len(data))
        data[at : at + len(junk)] = junk[: len(data) - at]
    path.write_bytes(data)
    for _ in range(3):  # damage that is found is mended by the next run
        try:
            store = SqliteStore(str(path))
        except (StoreUnavailable, StoreRefused) as error:
            assert error.code in ("RL211", "RL213", "RL222")
            if error.code == "RL222":  # the version itself was hit
                return
            continue
        try:
            store.check()
            epoch = store.acquire("p")
            store.apply("p", epoch, [wide("p", f"f{i}", 200) for i in range(20)])
            store.check()
            store.dump("p")
            break
        except StoreUnavailable as error:
            assert error.code == "RL211"
        finally:
            store.close()
    else:
        raise AssertionError("it stays damaged")
    assert len(dump["FLOWS_TO"]) == 20 * 200


# --------------------------------------------------------------------------- who may write it


def test_a_second_process_is_told_who_holds_it(sqlite_store: SqliteStore) -> None:
    code = (
        "import sys; from ray_lineage.graph.sqlite import SqliteStore\n"
        "try: SqliteStore(sys.argv[1])\n"
        "except Exception as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code, sqlite_store.uri], capture_output=True, text=True, timeout=60)
    assert str(os.getpid()) in done.stdout


def test_another_program_that_holds_the_file_is_waited_for(
    sqlite_store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    epoch = sqlite_store.acquire("p")
    other = sqlite3.connect(sqlite_store.uri, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    sqlite_store._connection.execute("PRAGMA busy_timeout = 1")
    monkeypatch.setattr(sqlite_store, "sleep", lambda seconds: other.in_transaction and other.execute("ROLLBACK"))
    result = sqlite_store.apply("p", epoch, [wide("p", "f", 3)])
    assert (result.retries, result.rejected) == (1, [])
    other.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr(sqlite_store, "sleep", lambda seconds: None)
    for write in (
        lambda: sqlite_store.apply("p", epoch, [wide("p", "g", 3)]),
        lambda: sqlite_store.settle("p", epoch, "d"),
    ):
        with pytest.raises(StoreUnavailable) as caught:
            write()
        assert caught.value.code == "RL212"
    other.close()
    assert set(sqlite_store.state("p").files) == {"f"}


def test_a_network_gets_a_log_that_needs_no_shared_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "file_system", lambda path: "nfs4")
    store = SqliteStore(str(tmp_path / "g.db"))
    store.apply("p", store.acquire("p"), [wide("p", "f", 3)])
    assert "journal truncate" in store.check()
    assert not list(tmp_path.glob("*-wal"))
    reader = SqliteStore(str(tmp_path / "g.db"), read_only=True)
    assert reader.counts("p")["FLOWS_TO"] == 3
    reader.close()
    store.close()


def test_an_old_sqlite_is_refused_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 25, 9))
    with pytest.raises(StoreUnavailable, match=r"3\.26\.0"):
        SqliteStore(str(tmp_path / "g.db"))


def test_a_folder_that_cannot_be_written_can_be_read(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become a user that may not write there")
    folder = tmp_path / "shared"
    folder.mkdir()
    written(folder / "g.db")
    for parent in (folder, *folder.parents):
        if parent.stat().st_uid == 0 and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o055)
    code = (
        "import os, sys\n"
        "from ray_lineage.graph.sqlite import SqliteStore\n"
        "os.setgid(65534); os.setuid(65534)\n"
        "print(SqliteStore(sys.argv[1], read_only=True).counts('p')['File'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder / "g.db")], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr) == ("20\n", "")


def test_the_header_says_whose_a_file_is() -> None:
    assert place.header(b"") is None
    assert place.header(b"SQLite format 3\0" + b"\0" * 84) == (0, 0)
    data = b"SQLite format 3\0" + b"\0" * 44 + (301).to_bytes(4, "big") + b"\0" * 4 + b"RLin" + b"\0" * 28
    assert place.header(data) == (place.APPLICATION, 301)


@pytest.mark.parametrize("lost", ["", "-wal", ".lock"])
@pytest.mark.parametrize("replaced", [False, True])
def test_a_store_whose_files_are_taken_away_is_not_written(
    sqlite_store: SqliteStore, lost: str, replaced: bool
) -> None:
    epoch = sqlite_store.acquire("p")
    sqlite_store.look("p", epoch, 0)
    file = Path(sqlite_store.uri + lost)
    file.rename(file.with_name("away"))
    if replaced:
        file.write_bytes(file.with_name("away").read_bytes())
    calls = (
        lambda: sqlite_store.look("p", epoch, 0),
        lambda: sqlite_store.settle("p", epoch, "digest"),
        lambda: sqlite_store.apply("p", epoch, contributions("p", {"a.sql": "SELECT 1"}).values()),
    )
    for call in calls:
        with pytest.raises(StoreUnavailable) as caught:
            call()
        assert caught.value.code == "RL228"


def test_closing_leaves_the_log_of_whoever_lies_there_now(sqlite_store: SqliteStore) -> None:
    sqlite_store.acquire("p")
    path, log = Path(sqlite_store.uri), Path(sqlite_store.uri + "-wal")
    path.unlink()
    log.unlink()
    log.write_bytes(b"another database's")
    sqlite_store.close()
    assert log.read_bytes() == b"another database's"
    assert not log.with_name(log.name + ".kept").exists()


# --------------------------------------------------------------------------- times


def times(path: Path) -> dict[str, str]:
    with closing(sqlite3.connect(path)) as graph:
        return dict(graph.execute("SELECT path, changed_at FROM files"))


def test_a_file_knows_when_it_was_last_changed_and_not_when_it_was_written_again(tmp_path: Path) -> None:
    path = tmp_path / "g.db"
    store = SqliteStore(str(path))
    epoch = store.acquire("p")
    first = contributions("p", {"a.sql": "CREATE VIEW a AS SELECT 1 AS x", "b.sql": "CREATE VIEW b AS SELECT x FROM a"})
    load(store, "p", epoch, first.values())
    with closing(sqlite3.connect(path)) as graph:
        graph.execute("UPDATE file SET changed_at = '2001-02-03T04:05:06.789Z'")
        graph.commit()
    store.apply("p", epoch, first.values())
    assert set(times(path).values()) == {"2001-02-03T04:05:06.789Z"}
    second = contributions("p", {"a.sql": "CREATE VIEW a AS SELECT 2 AS x, 3 AS y"})
    store.apply("p", epoch, [*second.values(), first["b.sql"]])
    found = times(path)
    assert found["b.sql"] == "2001-02-03T04:05:06.789Z"
    assert abs(datetime.fromisoformat(found["a.sql"]) - datetime.now(UTC)) < timedelta(minutes=10)
    store.close()
