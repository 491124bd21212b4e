"""What people, editors and git do to a folder that is watched: the graph is that of a clean ingest whenever it is at rest."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ray_lineage.sources.scan import escape
from tests.integration.watching import Watching, table, view, watching

pytestmark = pytest.mark.timeout(280)
INLINE = ("--realtime", "--executor", "local")


@pytest.fixture(scope="module")
def watch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watching]:
    folder = tmp_path_factory.mktemp("edits")
    fill(folder / "sql")
    with watching(folder, *INLINE) as watch:
        yield watch


def fill(root: Path) -> None:
    for part in ("core", "mart", "mart/deep"):
        (root / part).mkdir(parents=True)
    (root / "t.sql").write_text(table())
    for number in range(12):
        (root / f"core/v{number}.sql").write_text(view(f"v{number}", f"v{number - 1}" if number else "t"))
        (root / f"mart/w{number}.sql").write_text(view(f"w{number}", f"v{number}"))
        (root / f"mart/deep/x{number}.sql").write_text(f"CREATE VIEW m.x{number} AS SELECT * FROM m.w{number}")


def save_as_vim(path: Path, text: str) -> None:
    (path.parent / "4913").touch()
    (path.parent / "4913").unlink()
    path.rename(path.with_name(path.name + "~"))
    path.write_text(text)
    path.with_name(path.name + "~").unlink()


def save_by_rename(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.swp")
    temporary.write_text(text)
    temporary.replace(path)


def save_in_parts(path: Path, text: str) -> None:
    with path.open("w") as file:
        for letter in text:
            file.write(letter)
            file.flush()


def in_and_out(root: Path, outside: Path) -> None:
    outside.mkdir()
    (root / "mart").rename(outside / "mart")
    (root / "core").rename(root / "mart")
    (outside / "mart").rename(root / "core")


def moved_in(root: Path, outside: Path) -> None:
    (outside / "new/deep").mkdir(parents=True)
    for number in range(5):
        (outside / f"new/n{number}.sql").write_text(view(f"n{number}"))
        (outside / f"new/deep/n{number}.sql").write_text(view(f"d{number}", f"n{number}"))
    (outside / "new").rename(root / "new")


def renamed_many(root: Path, outside: Path) -> None:
    for path in sorted((root / "core").glob("*.sql")):
        path.rename(path.with_name("r_" + path.name))


def swapped(root: Path, outside: Path) -> None:
    one, two = sorted((root / "mart").glob("*.sql"))[:2]
    one.rename(root / "mart/hold")
    two.rename(one)
    (root / "mart/hold").rename(two)


def folder_for_a_file(root: Path, outside: Path) -> None:
    (root / "t.sql").unlink()
    (root / "t.sql").mkdir()
    (root / "t.sql/t.sql").write_text(table())


def file_for_a_folder(root: Path, outside: Path) -> None:
    shutil.rmtree(root / "t.sql")
    (root / "t.sql").write_text(table())


def link_for_a_file(root: Path, outside: Path) -> None:
    (root / "t.sql").rename(root / "t2.sql")
    (root / "t.sql").symlink_to(root / "t2.sql")


def file_for_a_link(root: Path, outside: Path) -> None:
    (root / "t.sql").unlink()
    (root / "t2.sql").rename(root / "t.sql")


def garbage(root: Path, outside: Path) -> None:
    (root / "elf.sql").write_bytes(Path("/bin/sh").read_bytes()[:100_000])
    (root / "nul.sql").write_bytes(b"SELECT \0 FROM t")
    (root / "open.sql").write_text("SELECT 'never closed FROM t; CREATE VIEW m.q AS SELECT a FROM m.t")
    (root / "deep.sql").write_text("SELECT " + "(" * 20_000)
    (root / "utf16.sql").write_text(view("utf16"), "utf-16")
    (root / "empty.sql").touch()
    with open(os.fsencode(root) + b"/caf\xe9.sql", "w") as file:
        file.write(view("cafe"))
    (root / "new\nline.sql").write_text(view("newline"))
    os.mkfifo(root / "pipe.sql")


def old_stamp(root: Path, outside: Path) -> None:
    path = root / "t.sql"
    before = path.stat()
    path.write_text(table() + view("old"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns - 10**12))


def same_size_and_stamp(root: Path, outside: Path) -> None:
    path = root / "t.sql"
    before = path.stat()
    path.write_text(path.read_text().replace("m.old", "m.new"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def hot(root: Path, outside: Path) -> None:
    for number in range(300):
        (root / "core/v0.sql").write_text(view("v0", "t" if number % 2 else "other"))


def comes_and_goes(root: Path, outside: Path) -> None:
    for _ in range(100):
        (root / "flash.sql").write_text(view("flash"))
        (root / "flash.sql").unlink()


def ignored(root: Path, outside: Path) -> None:
    (root / ".gitignore").write_text("core/deep/\nw1*.sql\n")


def ignored_otherwise(root: Path, outside: Path) -> None:
    (root / "core/.gitignore").write_text("!w11.sql\n")
    (root / ".gitignore").write_text("w1*.sql\n")


def not_ignored(root: Path, outside: Path) -> None:
    (root / ".gitignore").unlink()
    (root / "core/.gitignore").unlink()


def marked(root: Path, outside: Path) -> None:
    (root / "core/deep/.ray_lineage").touch()


def unmarked(root: Path, outside: Path) -> None:
    (root / "core/deep/.ray_lineage").unlink()


def column_of_a_hub(root: Path, outside: Path) -> None:
    (root / "t.sql").write_text("CREATE TABLE m.t (a int, b int, c int, d int)")
    (root / "core/v0.sql").write_text("CREATE VIEW m.v0 AS SELECT * FROM m.t")


def copied(root: Path, outside: Path) -> None:
    shutil.copytree(root / "core", root / "copy/of/core")


def deleted_folder(root: Path, outside: Path) -> None:
    shutil.rmtree(root / "copy")


EDITS: list[Callable[[Path, Path], None]] = [
    lambda root, _: (root / "a.sql").write_text(view("a")) and None,
    lambda root, _: (root / "a.sql").write_text(view("a", "v1")) and None,
    lambda root, _: save_as_vim(root / "core/v1.sql", view("v1", "t")),
    lambda root, _: save_by_rename(root / "core/v2.sql", view("v2", "t")),
    lambda root, _: save_in_parts(root / "core/v3.sql", view("v3", "t") * 20),
    lambda root, _: (root / "a.sql").unlink(),
    renamed_many, swapped, in_and_out, moved_in, folder_for_a_file, file_for_a_folder, link_for_a_file, file_for_a_link,
    garbage, old_stamp, same_size_and_stamp, hot, comes_and_goes, ignored, ignored_otherwise, not_ignored, marked, unmarked,
    column_of_a_hub, copied, deleted_folder,
]  # fmt: skip
NAMES = ["created", "edited", "saved by vim", "saved by rename", "saved in parts", "deleted"]


@pytest.mark.parametrize("edit", EDITS, ids=[*NAMES, *(e.__name__ for e in EDITS[len(NAMES) :])])
def test_an_edit_arrives(watch: Watching, tmp_path: Path, edit: Callable[[Path, Path], None]) -> None:
    edit(watch.root, tmp_path / "outside")
    watch.rest()
    watch.assert_exact()


def on_disk(root: Path) -> set[str]:
    return {escape(str(p.relative_to(root))) for p in root.rglob("*.sql") if p.is_file()}


UNASKED: dict[str, Callable[[Path, Path], object]] = {
    "a folder moved in": lambda root, outside: shutil.copytree(root / "core", outside / "core") and (outside / "core").rename(root / "in"),
    "a folder renamed": lambda root, _: (root / "in").rename(root / "is"),
    "a folder moved out": lambda root, outside: (root / "is").rename(outside),
    "folders made and filled at once": lambda root, _: shutil.copytree(root / "core", root / "a/b/c"),
    "a file for a folder": lambda root, outside: (root / "a").rename(outside) and (root / "a").touch(),
    "saved by rename": lambda root, _: save_by_rename(root / "new.sql", view("new")),
    "left out": lambda root, _: [(root / "new.sql").unlink(), (root / ".gitignore").write_text("none.sql"), (root / "gone.sql").touch()],
}  # fmt: skip


@pytest.mark.parametrize("edit", UNASKED.values(), ids=UNASKED)
def test_events_alone_tell_of_it(watch: Watching, tmp_path: Path, edit: Callable[[Path, Path], object]) -> None:
    edit(watch.root, tmp_path / "outside")
    watch.until(
        lambda: watch.paths() == on_disk(watch.root), seconds=40
    )  # a comparison of everything comes once a minute
    assert watch.status().at_rest or watch.at_rest()
