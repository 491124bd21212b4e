"""Which project is meant, where its root is, and that naming a part of it deletes nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from ray_lineage.errors import StoreRefused, UsageError
from ray_lineage.graph.open import open_store
from ray_lineage.query.failures import unread_files
from ray_lineage.query.projects import forget_project, list_projects, rename_project
from ray_lineage.runtime.guard import check_origin, check_removal, gone_for_good
from ray_lineage.runtime.ingest import ingest
from ray_lineage.runtime.project import located, project_name
from ray_lineage.runtime.summary import IngestSummary
from ray_lineage.runtime.verify import verify
from ray_lineage.settings import Settings, load_settings


class Place:
    """A folder to work in, with one graph."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def settings(self, cwd: str = ".", reads: Sequence[str] = (), **more: object) -> Settings:
        flags = {
            "data_dir": str(self.folder / "data"), "executor": "local", "ingest_workers": 0, "dialect": "postgres", **more,
        }  # fmt: skip
        here = str(self.folder / cwd)
        return load_settings(flags, cwd=here, environ={}, reads=[str(self.folder / r) for r in reads]).settings

    def ingest(self, *paths: str, whole: bool = False, **more: object) -> IngestSummary:
        return ingest(self.settings(reads=paths, **more), [str(self.folder / p) for p in paths], whole=whole)

    def write(self, *names: str, text: str = "CREATE VIEW {0} AS SELECT a FROM raw_{0}") -> None:
        for name in names:
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.format(path.stem))

    def files(self) -> dict[str, list[str]]:
        """Project paths by project."""
        store = open_store(self.settings(), read_only=True)
        found = {p: sorted(store.state(p).files) for p in store.projects()}
        store.close()
        return found

    def edges(self, project: str) -> list[tuple[str, str]]:
        store = open_store(self.settings(), read_only=True)
        found = sorted((str(r[0]), str(r[1])) for r in store.rows(project, "FLOWS_TO"))
        store.close()
        return found


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


# --- the root ---


def test_a_project_is_called_as_its_folder_is_whether_that_is_there_yet_or_not(place: Place) -> None:
    place.write("sql/a.sql")
    settings = place.settings()
    names = {path: located(settings, [str(place.folder / path)]).settings for path in ("sql", "sql/a.sql", "later")}
    assert {path: found.project for path, found in names.items()} == {
        "sql": "sql",
        "sql/a.sql": "sql",
        "later": "later",
    }
    assert names["sql/a.sql"].root == str(place.folder / "sql")
    assert project_name("/") == "root"


def test_the_settings_file_makes_the_root(place: Place) -> None:
    place.write("w/etl/a.sql", "w/rep/b.sql")
    place.write(
        "w/ray_lineage.toml", text='project = "wh"\nroots = ["etl"]\n[[folders]]\npath = "etl"\ndefault_schema = "core"'
    )
    settings = place.settings("w/rep", ["w/rep"])
    found = located(settings, [str(place.folder / "w/rep")])
    assert (found.settings.project, found.settings.root, found.parts) == (
        "wh", str(place.folder / "w"), [str(place.folder / "w/rep")],
    )  # fmt: skip
    assert located(settings, []).parts == [str(place.folder / "w/etl")]  # `roots` is what it is made of
    found = located(place.settings("w"), [str(place.folder / "w/etl")])
    ingest(found.settings, [str(place.folder / "w/etl")])
    assert place.files() == {"wh": ["etl/a.sql"]}
    assert place.edges("wh") == [("wh:core.raw_a.a", "wh:core.a.a")]  # the rule is relative to the root


def test_the_repository_makes_the_root_where_nothing_else_does(place: Place) -> None:
    place.write("repo/.git/HEAD", "repo/db/sql/a.sql")
    place.ingest("repo/db/sql")
    assert place.files() == {"repo": ["db/sql/a.sql"]}


def test_a_path_without_a_name_is_not_the_current_folder(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.write("one/a.sql")
    monkeypatch.chdir(place.folder / "one")
    for paths in ([""], [".", ""]):
        with pytest.raises(UsageError, match="a path is empty"):
            ingest(place.settings("p"), paths)


def test_what_lies_outside_of_the_root_is_refused(place: Place) -> None:
    place.write("one/a.sql", "two/b.sql")
    with pytest.raises(UsageError) as caught:
        place.ingest("two", root=str(place.folder / "one"))
    assert caught.value.code == "RL227"
    place.ingest("two", root=str(place.folder))
    assert place.files() == {place.folder.name: ["two/b.sql"]}


def test_folders_that_only_the_command_line_holds_together(place: Place) -> None:
    """Their order decides the name once; the graph knows them from then on."""
    place.write("one/a.sql", "two/b.sql")
    place.ingest("one", "two")
    assert place.files() == {"one": ["one/a.sql", "two/b.sql"]}
    place.ingest("two", "one")
    place.ingest("two")
    assert place.files() == {"one": ["one/a.sql", "two/b.sql"]}


def test_a_settings_file_above_what_was_ingested_keeps_the_project(place: Place) -> None:
    place.write("w/etl/a.sql", "w/etl/b.sql", "w/rep/c.sql")
    place.ingest("w/etl")
    place.write("w/ray_lineage.toml", text="")
    inside = [str(place.folder / "w/etl")]
    found = ingest(place.settings("w", ["w/etl"]), inside)
    assert (found.project, found.compiled) == ("etl", 0)
    assert place.files() == {"etl": ["etl/a.sql", "etl/b.sql"]}
    ingest(place.settings("w"), [])
    assert place.files() == {"etl": ["etl/a.sql", "etl/b.sql", "rep/c.sql"]}
    assert verify(place.settings("w"), [], deep=True).equal


def test_a_settings_file_above_does_not_make_another_part_the_project(place: Place) -> None:
    place.write("w/etl/a.sql", "w/rep/c.sql", "w/ray_lineage.toml", text="")
    ingest(place.settings("w/etl", root=str(place.folder / "w/etl")), [str(place.folder / "w/etl")])
    found = ingest(place.settings("w", ["w/rep"]), [str(place.folder / "w/rep")])
    assert found.project == "w"
    assert any("projects forget etl" in note for note in found.notes)
    assert place.files() == {"etl": ["a.sql"], "w": ["rep/c.sql"]}


# --- parts ---


def test_a_part_is_updated_and_nothing_else_is_deleted(place: Place) -> None:
    place.write("p/etl/a.sql", "p/etl/b.sql", "p/rep/c.sql")
    place.write("p/rep/star.sql", text="CREATE VIEW star AS SELECT * FROM a")
    place.ingest("p")
    place.write("p/etl/a.sql", text="CREATE VIEW a AS SELECT a, z FROM raw_a")
    (place.folder / "p/etl/b.sql").unlink()
    place.write("p/etl/d.sql")
    (place.folder / "p/rep/c.sql").unlink()
    found = place.ingest("p/etl")
    assert (found.project, found.removed, found.parts) == ("p", 1, [str(place.folder / "p/etl")])
    assert place.files() == {"p": ["etl/a.sql", "etl/d.sql", "rep/c.sql", "rep/star.sql"]}
    assert ("p:a.z", "p:star.z") in place.edges("p")  # the rest is linked anew where a part of it needs that
    again = place.ingest("p/etl")
    assert (again.unchanged, again.compiled, again.rows_written) == (4, 0, 0)
    assert again.settled
    assert place.ingest("p").removed == 1
    assert place.files() == {"p": ["etl/a.sql", "etl/d.sql", "rep/star.sql"]}


def test_a_part_gives_what_a_whole_ingest_gives_without_a_cache_too(place: Place) -> None:
    place.write("p/etl/a.sql", "p/rep/c.sql")
    place.write("p/rep/star.sql", text="CREATE VIEW star AS SELECT * FROM a")
    place.ingest("p", enable_parse_cache=False)
    place.write("p/etl/a.sql", text="CREATE VIEW a AS SELECT q FROM raw_a")
    place.ingest("p/etl", enable_parse_cache=False)
    assert ("p:a.q", "p:star.q") in place.edges("p")
    assert verify(place.settings(), [str(place.folder / "p")], deep=True).equal
    assert verify(place.settings(), [str(place.folder / "p/etl")], deep=True).equal


def test_what_is_noted_of_the_rest_stays(place: Place) -> None:
    place.write("p/etl/a.sql", "p/rep/b.sql")
    (place.folder / "p/rep/link.sql").symlink_to(place.folder / "p/rep/b.sql")
    place.ingest("p")
    place.ingest("p/etl")
    assert [f.path for f in unread_files(str(place.folder / "data"), "p")] == ["rep/link.sql"]
    (place.folder / "p/rep/link.sql").unlink()
    place.ingest("p/rep")
    assert unread_files(str(place.folder / "data"), "p") == []


def test_a_single_file_is_a_part(place: Place) -> None:
    place.write("x/sql/a.sql", "x/sql/b.sql", "x/sql/c.sql")
    place.ingest("x/sql")
    assert place.ingest("x/sql/b.sql").removed == 0
    assert place.files() == {"sql": ["a.sql", "b.sql", "c.sql"]}


def test_what_a_verification_of_a_part_finds_is_of_all(place: Place) -> None:
    place.write("p/etl/a.sql", "p/rep/c.sql")
    place.ingest("p")
    place.write("p/rep/c.sql", text="SELECT 1")
    assert verify(place.settings(), [str(place.folder / "p/etl")]).differing == ["rep/c.sql"]


def test_the_whole_project_can_be_less_than_it_was(place: Place) -> None:
    place.write("p/etl/a.sql", "p/etl/b.sql", "p/old/c.sql")
    place.ingest("p")
    assert place.ingest("p/etl", whole=True).removed == 1
    assert place.files() == {"p": ["etl/a.sql", "etl/b.sql"]}


def test_a_part_in_a_repository_is_not_another_project(place: Place) -> None:
    place.write("repo/.git/HEAD", "repo/a/x.sql", "repo/b/y.sql")
    place.ingest("repo/a")
    place.ingest("repo/b")
    place.ingest("repo")
    assert place.files() == {"repo": ["a/x.sql", "b/y.sql"]}


def test_a_project_of_a_part_is_named(place: Place) -> None:
    place.write("w/etl/a.sql", "w/rep/b.sql")
    place.ingest("w/etl")
    found = place.ingest("w")
    assert any("projects forget etl" in note for note in found.notes)


# --- deleting is never a side effect ---


@pytest.mark.parametrize("files", [2, 3, 20, 30])
def test_a_folder_that_lost_most_of_its_files_is_refused(place: Place, files: int) -> None:
    names = [f"p/{i:02}.sql" for i in range(files)]
    place.write(*names)
    place.ingest("p")
    for name in names[: files // 2 + 1]:
        (place.folder / name).unlink()
    with pytest.raises(StoreRefused) as caught:
        place.ingest("p")
    assert caught.value.code == "RL223"
    assert place.ingest("p", max_delete_percent=100).removed == files // 2 + 1


def test_files_that_were_moved_are_not_gone(place: Place) -> None:
    place.write("p/a.sql", "p/b.sql", "p/c.sql")
    place.ingest("p")
    (place.folder / "p/new").mkdir()
    for name in "abc":
        shutil.move(place.folder / f"p/{name}.sql", place.folder / f"p/new/{name}.sql")
    assert place.ingest("p").removed == 3
    assert place.files() == {"p": ["new/a.sql", "new/b.sql", "new/c.sql"]}


@pytest.mark.parametrize("files", [3, 30])
def test_two_repositories_with_folders_of_one_name_do_not_replace_one_another(place: Place, files: int) -> None:
    for number in range(files):
        place.write(f"x/sql/{number:02}.sql", text=f"CREATE VIEW x{number} AS SELECT a FROM t")
        place.write(f"y/sql/{number:02}.sql", text=f"CREATE VIEW y{number} AS SELECT a FROM t")
    place.ingest("x/sql")
    before = place.edges("sql")
    with pytest.raises(StoreRefused) as caught:
        place.ingest("y/sql")
    assert caught.value.code == "RL226"
    assert str(place.folder / "x/sql") in caught.value.message
    assert place.edges("sql") == before
    place.ingest("y/sql", project="other")
    assert {p: len(f) for p, f in place.files().items()} == {"other": files, "sql": files}
    assert [p.origin.root for p in list_projects(place.settings())] == [
        str(place.folder / "y/sql"), str(place.folder / "x/sql"),
    ]  # fmt: skip


def test_a_folder_that_was_moved_is_known_by_its_contents(place: Place) -> None:
    place.write("x/sql/a.sql", "x/sql/b.sql")
    place.ingest("x/sql")
    shutil.move(place.folder / "x", place.folder / "moved")
    place.write("moved/sql/b.sql", text="SELECT 1")
    found = place.ingest("moved/sql")
    assert (found.project, found.removed) == ("sql", 0)
    assert [p.origin.root for p in list_projects(place.settings())] == [str(place.folder / "moved/sql")]


def test_what_decides_is_told_in_numbers() -> None:
    check_removal("p", 1, 2, 1, 50)
    check_removal("p", 3, 3, 0, 100)
    with pytest.raises(StoreRefused, match="2 of the 3"):
        check_removal("p", 2, 3, 1, 50)
    assert gone_for_good({"a": "1", "b": "2"}, {"2"}) == 1
    check_origin("p", "", "/b", 0, 9, 50)
    check_origin("p", "/a", "/a", 0, 9, 50)
    check_origin("p", "/a", "/b", 5, 9, 50)
    check_origin("p", "/a", "/b", 0, 9, 100)
    with pytest.raises(StoreRefused, match="4 of 9"):
        check_origin("p", "/a", "/b", 4, 9, 50)


# --- graphs of earlier versions ---


def without_origin(place: Place) -> None:
    """As earlier versions wrote it."""
    import sqlite3

    connection = sqlite3.connect(place.folder / "data" / "graph.db")
    connection.execute("DROP TABLE origin")
    connection.commit()
    connection.close()


def test_a_project_of_an_earlier_version_keeps_its_name_and_paths(place: Place) -> None:
    place.write("repo/.git/HEAD", "repo/db/a.sql", "repo/db/b.sql")
    place.ingest("repo/db", root=str(place.folder / "repo/db"))
    without_origin(place)
    assert list_projects(place.settings())[0].origin.root == ""
    place.ingest("repo/db")
    assert place.files() == {"db": ["a.sql", "b.sql"]}
    assert place.ingest("repo/db/a.sql").removed == 0
    assert place.files() == {"db": ["a.sql", "b.sql"]}


def test_paths_of_an_earlier_version_become_relative_to_the_root_once(place: Place) -> None:
    place.write("w/etl/a.sql", "w/etl/b.sql")
    place.ingest("w/etl", project="wh", root=str(place.folder / "w/etl"))
    without_origin(place)
    found = place.ingest("w/etl", project="wh", root=str(place.folder / "w"))
    assert place.files() == {"wh": ["etl/a.sql", "etl/b.sql"]}
    assert any("relative to" in note for note in found.notes)


# --- list, forget, rename ---


def test_forget_takes_one_project_out(place: Place) -> None:
    place.write("x/one/a.sql", "x/two/b.sql")
    place.ingest("x/one")
    place.ingest("x/two")
    forget_project(place.settings(), "one")
    assert place.files() == {"two": ["b.sql"]}
    with pytest.raises(UsageError, match="does not hold project 'one'"):
        forget_project(place.settings(), "one")
    place.ingest("x/one")
    assert place.files() == {"one": ["a.sql"], "two": ["b.sql"]}


def test_a_renamed_project_is_the_same_one(place: Place) -> None:
    place.write("x/one/a.sql", "x/one/b.sql", "x/two/b.sql")
    place.ingest("x/one")
    place.ingest("x/two")
    with pytest.raises(UsageError, match="already"):
        rename_project(place.settings(), "one", "two")
    rename_project(place.settings(), "one", "uno")
    assert place.files() == {"two": ["b.sql"], "uno": ["a.sql", "b.sql"]}
    assert place.edges("uno") == [("uno:raw_a.a", "uno:a.a"), ("uno:raw_b.a", "uno:b.a")]
    found = place.ingest("x/one")  # known by where it was read from
    assert (found.project, found.compiled, found.settled) == ("uno", 0, True)
    assert verify(place.settings(), [str(place.folder / "x/one")], deep=True).equal
