"""Looking at single paths and at parts of a tree gives exactly what a full scan gives."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ray_lineage.sources import ignore as ignore_module
from ray_lineage.sources import scan as scan_module
from ray_lineage.sources.scan import MARKER, Look, Scan, ScanOptions, Tree


def make(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def look(root: Path, *names: str, **options: tuple[str, ...]) -> tuple[list[str], list[str], list[str]]:
    found = Tree([str(root)], ScanOptions(**options)).look(str(root / n) for n in names)
    return [f.path for f in found.files], list(found.gone), list(found.folders)


def refuse_to_list(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Root may list everything, so the system call itself is made to fail."""
    real = os.scandir

    def scandir(path: str) -> object:
        if str(path).rstrip("/") == str(folder):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)


# --- what a look says ---


def test_a_file_is_what_the_scan_finds(tmp_path: Path) -> None:
    make(tmp_path, {"x/a.sql": "SELECT 1", "b.sql": ""})
    [scanned] = [f for f in Scan([str(tmp_path)], ScanOptions()) if f.path == "x/a.sql"]
    assert Tree([str(tmp_path)], ScanOptions()).look([str(tmp_path / "x/a.sql")]) == Look((scanned,), (), ())


def test_gone_is_what_is_not_to_be_read(tmp_path: Path) -> None:
    make(
        tmp_path,
        {
            ".gitignore": "old/\n*.bak.sql\n",
            "old/a.sql": "",
            "b.bak.sql": "",
            "c.txt": "",
            ".hidden/d.sql": "",
            "node_modules/e.sql": "",
            "graph/.ray_lineage": "",
            "graph/f.sql": "",
        },
    )
    (tmp_path / "link.sql").symlink_to(tmp_path / "c.txt")
    os.mkfifo(tmp_path / "pipe.sql")
    names = ["old/a.sql", "b.bak.sql", "c.txt", ".hidden/d.sql", "node_modules/e.sql", "graph/f.sql", "link.sql"]
    names += ["pipe.sql", "never.sql", "no/folder/g.sql", "c.txt/h.sql", "old", "graph"]
    assert look(tmp_path, *names) == ([], names, [])


def test_folders_are_scanned_as_subtrees(tmp_path: Path) -> None:
    make(tmp_path, {"x/a.sql": "", "x/y/b.sql": ""})
    assert look(tmp_path, "x", "x/y", "") == ([], [], ["x", "x/y", ""])


@pytest.mark.parametrize("name", [".gitignore", ".raylineageignore", MARKER])
def test_a_changed_rule_is_a_change_of_its_folder(tmp_path: Path, name: str) -> None:
    make(tmp_path, {"x/a.sql": ""})
    assert look(tmp_path, name, f"x/{name}", f"no/{name}") == ([], ["no"], ["", "x"])


def test_a_marked_folder_is_gone(tmp_path: Path) -> None:
    make(tmp_path, {f"x/{MARKER}": "", "x/a.sql": ""})
    assert look(tmp_path, f"x/{MARKER}") == ([], ["x"], [])


def test_a_file_in_place_of_a_folder_and_back(tmp_path: Path) -> None:
    make(tmp_path, {"a.sql/b.sql": ""})
    tree = Tree([str(tmp_path)], ScanOptions())
    asked = [str(tmp_path / "a.sql"), str(tmp_path / "a.sql/b.sql")]
    found = tree.look(asked)
    assert ([f.path for f in found.files], found.gone, found.folders) == (["a.sql/b.sql"], (), ("a.sql",))
    shutil.rmtree(tmp_path / "a.sql")
    make(tmp_path, {"a.sql": ""})
    found = tree.look(asked)
    assert ([f.path for f in found.files], found.gone, found.folders) == (["a.sql"], ("a.sql/b.sql",), ())


def test_changed_rules_hold_at_once(tmp_path: Path) -> None:
    make(tmp_path, {"a.sql": "", "b.sql": "", ".gitignore": "a.sql\n"})
    tree = Tree([str(tmp_path)], ScanOptions())
    for pattern, kept in [("a.sql\n", "b.sql"), ("b.sql\n", "a.sql")] * 3:  # same size, and the same tick of the clock
        (tmp_path / ".gitignore").write_text(pattern)
        found = tree.look([str(tmp_path / "a.sql"), str(tmp_path / "b.sql")])
        assert [f.path for f in found.files] == [kept]


def test_settled_rules_are_compiled_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, {"a.sql": "", ".gitignore": "b.sql\n"})
    later = scan_module.time.time_ns() + 10_000_000_000
    monkeypatch.setattr(scan_module.time, "time_ns", lambda: later)
    tree = Tree([str(tmp_path)], ScanOptions())
    tree.look([str(tmp_path / "a.sql")])
    monkeypatch.setattr(scan_module, "read_ignore_file", lambda *_: pytest.fail("read again"))
    assert [f.path for f in tree.look([str(tmp_path / "a.sql")]).files] == ["a.sql"]
    assert [f.path for f in tree.subtree("")] == ["a.sql"]


@pytest.mark.parametrize("order", [(".gitignore", ".raylineageignore"), (".raylineageignore", ".gitignore")])
def test_our_ignore_file_overrules_gits(tmp_path: Path, order: tuple[str, str]) -> None:
    texts = {".gitignore": "a.sql\n!b.sql\n", ".raylineageignore": "!a.sql\nb.sql\n"}
    make(tmp_path, {name: texts[name] for name in order} | {"a.sql": "", "b.sql": ""})
    assert look(tmp_path, "a.sql", "b.sql") == (["a.sql"], ["b.sql"], [])
    assert [f.path for f in Scan([str(tmp_path)], ScanOptions())] == ["a.sql"]


def test_paths_outside_count_for_nothing(tmp_path: Path) -> None:
    make(tmp_path, {"root/a.sql": "", "root2/a.sql": ""})
    tree = Tree([str(tmp_path / "root")], ScanOptions())
    assert tree.look([str(tmp_path / "root2/a.sql"), str(tmp_path), "a.sql"]) == Look((), (), ())
    assert tree.look([str(tmp_path / "root/x/../../root2/a.sql")]) == Look((), (), ())
    assert tree.project_path(str(tmp_path / "root2")) is None


# --- what cannot be proven ---


def test_an_unlistable_folder_proves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, {"x/locked/a.sql": "", "x/locked/y/b.sql": "", "x/c.sql": ""})
    refuse_to_list(monkeypatch, tmp_path / "x/locked")
    assert look(tmp_path, "x/locked/a.sql", "x/locked/no.sql", "x/locked/y", "x/no.sql") == ([], ["x/no.sql"], [])
    assert look(tmp_path, "x/locked") == ([], [], ["x/locked"])
    tree = Tree([str(tmp_path)], ScanOptions())
    for part, unlisted in [("", ["x/locked"]), ("x/locked", ["x/locked"]), ("x/locked/y", ["x/locked/y"])]:
        walk = tree.subtree(part)
        assert [f.path for f in walk] == (["x/c.sql"] if not part else [])
        assert walk.unlisted == unlisted
        assert [d.code for _, d in walk.diagnostics] == ["RL001"]


def test_a_file_that_cannot_be_looked_at_is_not_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, {"a.sql": "", "b.sql": ""})
    real = scan_module._Root.source

    def source(root: object, relative: str, info: object) -> object:
        if relative == "a.sql":
            raise OSError(5, "Input/output error")
        return real(root, relative, info)

    monkeypatch.setattr(scan_module._Root, "source", source)
    walk = Tree([str(tmp_path)], ScanOptions()).subtree("")
    assert [f.path for f in walk] == ["b.sql"]
    assert (walk.unlisted, [d.code for _, d in walk.diagnostics]) == (["a.sql"], ["RL004"])


def test_a_missing_root_loses_nothing(tmp_path: Path) -> None:
    make(tmp_path, {"one/a.sql": "", "two/x/b.sql": ""})
    one, two = str(tmp_path / "one"), str(tmp_path / "two")
    tree = Tree([one, two], ScanOptions())
    assert tree.missing_roots() == []
    (tmp_path / "two").rename(tmp_path / "away")
    assert tree.missing_roots() == [two]
    assert tree.look([f"{two}/x/b.sql", f"{two}/x", two, f"{one}/no.sql"]) == Look((), ("one/no.sql",), ())
    for part, paths, unlisted in [("", ["one/a.sql"], ["two"]), ("two", [], ["two"]), ("two/x", [], ["two/x"])]:
        walk = tree.subtree(part)
        assert ([f.path for f in walk], walk.unlisted) == (paths, unlisted)
    (tmp_path / "away").rename(two)
    assert [f.path for f in tree.subtree("two/x")] == ["two/x/b.sql"]


def test_a_root_that_goes_during_the_walk_loses_nothing(tmp_path: Path) -> None:
    make(tmp_path, {"root/a.sql": "", "root/x/b.sql": ""})
    walk = Tree([str(tmp_path / "root")], ScanOptions()).subtree("")
    files = iter(walk)
    assert next(files).path == "a.sql"
    (tmp_path / "root").rename(tmp_path / "away")
    assert list(files) == []
    assert walk.unlisted == ["x"]


def test_a_folder_that_goes_during_the_walk_is_gone(tmp_path: Path) -> None:
    make(tmp_path, {"a.sql": "", "x/b.sql": ""})
    walk = Tree([str(tmp_path)], ScanOptions()).subtree("")
    files = iter(walk)
    assert next(files).path == "a.sql"
    shutil.rmtree(tmp_path / "x")
    assert (list(files), walk.unlisted) == ([], [])


def test_an_unreadable_ignore_file_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, {"x/.gitignore": "a.sql\n", "x/a.sql": ""})

    def refuse(path: str, **_: object) -> object:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(ignore_module, "open", refuse, raising=False)
    walk = Tree([str(tmp_path)], ScanOptions()).subtree("x")
    assert [f.path for f in walk] == ["x/a.sql"]
    assert [(p, d.code) for p, d in walk.diagnostics] == [("x", "RL002")]


# --- keys ---


def test_keys_of_several_roots_are_distinct(tmp_path: Path) -> None:
    make(tmp_path, {"1/sql/a.sql": "", "2/sql/a.sql": "", "3/sql-2/a.sql": "", "4/a.sql": "", "5/a.sql": ""})
    roots = [str(tmp_path / r) for r in ("1/sql", "2/sql", "3/sql-2", "4/a.sql", "5/a.sql")]
    tree = Tree(roots, ScanOptions())
    paths = ["sql/a.sql", "sql-2/a.sql", "sql-2-2/a.sql", "a.sql", "a.sql-2"]
    assert [f.path for f in tree.subtree()] == paths
    files = [r if r.endswith(".sql") else f"{r}/a.sql" for r in roots]
    assert [tree.project_path(f) for f in files] == paths
    assert [f.path for f in tree.look(files).files] == paths
    assert [[f.path for f in tree.subtree(p)] for p in paths] == [[p] for p in paths]
    assert tree.project_path(roots[1]) == "sql-2"
    assert tree.look([roots[1]]).folders == ("sql-2",)


def test_a_file_as_root(tmp_path: Path) -> None:
    make(tmp_path, {"a.sql": "SELECT 1", "b.sql": ""})
    tree = Tree([str(tmp_path / "a.sql")], ScanOptions())
    [found] = tree.look([str(tmp_path / "a.sql"), str(tmp_path / "b.sql")]).files
    assert (found.path, found.root, found.name) == ("a.sql", str(tmp_path), "a.sql")
    (tmp_path / "a.sql").unlink()
    assert tree.missing_roots() == [str(tmp_path / "a.sql")]
    assert tree.look([str(tmp_path / "a.sql")]) == Look((), (), ())
    walk = tree.subtree()
    assert (list(walk), walk.unlisted) == ([], ["a.sql"])


def test_parts_with_names_that_are_no_text(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path) + b"/caf\xe9"
    os.mkdir(folder)
    make(tmp_path, {".gitignore": "b.sql\n"})
    for name in (b"a\xff.sql", b"b.sql"):
        Path(os.fsdecode(folder + b"/" + name)).write_text("")
    tree = Tree([str(tmp_path)], ScanOptions())
    assert [f.path for f in tree.subtree("caf\\xE9")] == ["caf\\xE9/a\\xFF.sql"]
    assert [f.path for f in tree.look([os.fsdecode(folder + b"/a\xff.sql")]).files] == ["caf\\xE9/a\\xFF.sql"]


# --- the property: a look agrees with the scan, for every path ---

_NAMES = [
    "a",
    "b",
    "a.sql",
    "b.sql",
    "c.txt",
    ".d",
    ".e.sql",
    "node_modules",
    ".gitignore",
    ".raylineageignore",
    MARKER,
    "dbt_project.yml",
    "target",
    "compiled",
    "manifest.json",
]
_LINES = [
    "a",
    "b/",
    "*.sql",
    "!a.sql",
    "/a/b",
    "a/**",
    "**/b.sql",
    "!b/",
    "a/*/b.sql",
    "*",
    "target/",
    "manifest.json",
    "!*/",
    "# no",
    "a?sql",
]
_content = st.one_of(
    st.sampled_from(["file", "link to a file", "link to a folder", "pipe"]),
    st.lists(st.sampled_from(_LINES), max_size=3).map(lambda lines: "\n".join(lines) + "\n"),
)
_trees = st.recursive(
    st.dictionaries(st.sampled_from(_NAMES), _content, max_size=4),
    lambda inner: st.dictionaries(st.sampled_from(_NAMES), _content | inner, max_size=5),
    max_leaves=12,
)


def build(root: Path, tree: dict[str, object], outside: Path) -> None:
    for name, content in tree.items():
        path = root / name
        if isinstance(content, dict):
            path.mkdir()
            build(path, content, outside)
        elif content == "link to a file":
            path.symlink_to(outside / "a.sql")
        elif content == "link to a folder":
            path.symlink_to(outside)
        elif content == "pipe":
            os.mkfifo(path)
        else:
            path.write_text(str(content))


def below(root: Path, relative: str = "", depth: int = 0) -> Iterator[str]:
    """Every path that is there, and some that are not."""
    names = os.listdir(root / relative) if (root / relative).is_dir() else []
    for name in [*names, "none.sql", "a.sql", "b"]:
        path = f"{relative}/{name}" if relative else name
        yield path
        if name in names and depth < 3 and not (root / path).is_symlink():
            yield from below(root, path, depth + 1)
        elif name not in names:
            yield f"{path}/x.sql"


@settings(max_examples=80)
@given(_trees, st.lists(st.sampled_from(_LINES), max_size=2), st.booleans())
def test_look_and_parts_agree_with_the_scan(tree: dict[str, object], ignore: list[str], several: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        top = Path(os.path.realpath(folder))
        make(top, {"outside/a.sql": "", "other/a.sql": ""})
        root = top / "root"
        root.mkdir()
        build(root, tree, top / "outside")
        roots = [str(root), str(top / "other")] if several else [str(root)]
        options = ScanOptions((".sql", ".json"), tuple(ignore))
        full = {f.path: f for f in Scan(roots, options)}
        sight = Tree(roots, options)
        assert [*sight.subtree()] == [*full.values()]
        paths = list(dict.fromkeys(below(root)))
        for path in paths:
            key = sight.project_path(str(root / path))
            assert key is not None
            found = sight.look([str(root / path)])
            part = sight.subtree(key)
            inside = [f for k, f in full.items() if k == key or k.startswith(key + "/")]
            assert [*part] == inside
            assert not part.unlisted
            if os.path.basename(path) in (".gitignore", ".raylineageignore", MARKER):
                continue  # stands for its folder
            if key in full:
                assert found == Look((full[key],), (), ())
            elif inside:
                assert found == Look((), (), (key,))
            else:  # proven, or a folder to be scanned that holds nothing
                assert found.files == ()
                assert (found.gone, found.folders) in [((key,), ()), ((), (key,))]
                assert not found.folders or (root / path).is_dir()
        at_once = sight.look(str(root / p) for p in paths)
        assert {f.path for f in at_once.files} == {k for k in full if k.startswith("root/") or not several}
        assert not full.keys() & set(at_once.gone)
