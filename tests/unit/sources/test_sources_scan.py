"""Which files a scan finds, and how one is read."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ray_lineage.errors import UsageError
from ray_lineage.model import SourceFile
from ray_lineage.sources.scan import Scan, ScanOptions, SourceFault, read_bytes


def tree(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def scanned(root: Path, **options: tuple[str, ...]) -> list[str]:
    return sorted(f.path for f in Scan([str(root)], ScanOptions(**options)))


def test_suffixes_hidden_and_ours(tmp_path: Path) -> None:
    tree(
        tmp_path,
        {
            "a.sql": "",
            "B.SQL": "",
            "c.txt": "",
            ".hidden/d.sql": "",
            "node_modules/e.sql": "",
            "data/.ray_lineage": "",
            "data/f.sql": "",
            "x/y/g.sql": "",
        },
    )
    assert scanned(tmp_path) == ["B.SQL", "a.sql", "x/y/g.sql"]


def test_ignore_files_nested_and_taken_in_again(tmp_path: Path) -> None:
    tree(
        tmp_path,
        {
            ".gitignore": "*.tmp.sql\nbuild/\n/top.sql\n",
            "a.tmp.sql": "",
            "build/b.sql": "",
            "top.sql": "",
            "x/top.sql": "",
            "x/.raylineageignore": "!*.tmp.sql\nz.sql\n",
            "x/c.tmp.sql": "",
            "x/z.sql": "",
        },
    )
    assert scanned(tmp_path) == ["x/c.tmp.sql", "x/top.sql"]


DBT = {
    "dbt/dbt_project.yml": "",
    "dbt/.gitignore": "target/\ndbt_packages/\n",
    "dbt/models/a.sql": "",
    "dbt/target/manifest.json": "",
    "dbt/target/catalog.json": "",
    "dbt/target/run_results.json": "",
    "dbt/target/compiled/a.sql": "",
    "dbt/target/run/a.sql": "",
}


def test_of_the_target_folder_of_dbt_the_artefacts_are_read_though_git_ignores_it(tmp_path: Path) -> None:
    tree(tmp_path, DBT)
    expected = ["dbt/models/a.sql", "dbt/target/catalog.json", "dbt/target/manifest.json"]
    assert scanned(tmp_path, suffixes=(".sql", ".json")) == expected
    assert scanned(tmp_path, suffixes=(".sql",)) == ["dbt/models/a.sql"]


def test_the_settings_may_leave_the_target_folder_out(tmp_path: Path) -> None:
    tree(tmp_path, DBT)
    assert scanned(tmp_path, suffixes=(".sql", ".json"), ignore=("target/",)) == ["dbt/models/a.sql"]


def test_what_a_manifest_has_is_not_read_again_beside_it(tmp_path: Path) -> None:
    """Artefacts that were copied somewhere."""
    tree(
        tmp_path,
        {"x/manifest.json": "", "x/compiled/a.sql": "", "x/run/a.sql": "", "x/other/a.sql": "", "run/b.sql": ""},
    )
    assert scanned(tmp_path, suffixes=(".sql", ".json")) == ["run/b.sql", "x/manifest.json", "x/other/a.sql"]


def test_ignore_setting(tmp_path: Path) -> None:
    tree(tmp_path, {"a.sql": "", "old/b.sql": ""})
    assert scanned(tmp_path, ignore=("old/",)) == ["a.sql"]


# what pathspec takes in again with a folder's negation goes deeper than git's: negations here name files
_patterns = st.lists(
    st.text(alphabet="ab*/?.", min_size=1, max_size=6).filter(lambda p: p.strip("/") and "//" not in p)
    | st.sampled_from(["!a.sql", "!b.sql", "!*.sql", "!/ab.sql", "!a/a.sql"]),
    max_size=4,
)


@pytest.mark.skipif(shutil.which("git") is None, reason="compares with git")
@settings(max_examples=60)
@given(_patterns)
def test_ignore_rules_are_gits(patterns: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        names = ["a.sql", "b.sql", "a/a.sql", "a/b.sql", "b/a/b.sql", "ab.sql"]
        tree(root, dict.fromkeys(names, "") | {".gitignore": "\n".join(patterns) + "\n"})
        subprocess.run(["git", "init", "-q", folder], check=True)
        listed = subprocess.run(
            ["git", "-C", folder, "ls-files", "-co", "--exclude-standard"], check=True, capture_output=True, text=True
        ).stdout
        assert scanned(root) == sorted(n for n in listed.split() if n.endswith(".sql"))


def test_a_hostile_pattern_is_linear(tmp_path: Path) -> None:
    tree(tmp_path, {".gitignore": "*a*a*a*a*a*a*a*a*a*b.sql\n", "a" * 200 + ".sql": ""})
    started = time.process_time()
    assert len(scanned(tmp_path)) == 1
    assert time.process_time() - started < 2


def test_links_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    tree(outside, {"secret.sql": "SELECT 1"})
    root = tmp_path / "root"
    tree(root, {"a.sql": ""})
    (root / "link.sql").symlink_to(outside / "secret.sql")
    (root / "folder").symlink_to(outside)
    assert scanned(root) == ["a.sql"]


def test_a_folder_that_became_a_link_is_not_read(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    tree(outside, {"a.sql": "secret"})
    root = tmp_path / "root"
    tree(root, {"f/a.sql": "mine"})
    [found] = list(Scan([str(root)], ScanOptions()))
    shutil.rmtree(root / "f")
    (root / "f").symlink_to(outside)
    with pytest.raises(SourceFault) as caught:
        read_bytes(found, 100)
    assert caught.value.diagnostic.code == "RL006"


def test_a_file_below_a_root_that_is_a_link_itself_is_read(tmp_path: Path) -> None:
    tree(tmp_path / "real", {"a.sql": "mine"})
    (tmp_path / "link").symlink_to(tmp_path / "real")
    file = SourceFile("a.sql", str(tmp_path / "link"), "a.sql", 4, 0, 0, 0, 0)
    assert read_bytes(file, 100) == b"mine"


@pytest.mark.parametrize("name", ["f/a (deleted)", "f/n\xe4.sql", "f/\udce4.sql", "f/new\nline"])
def test_a_name_is_no_link_whatever_is_in_it(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir()
    path.write_text("mine")
    assert read_bytes(SourceFile(name, str(tmp_path), name, 4, 0, 0, 0, 0), 100) == b"mine"


def test_what_cannot_be_listed_is_not_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(tmp_path, {"a.sql": "", "locked/b.sql": ""})
    real = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", refuse)  # root may list everything, so the system call itself is made to fail
    scan = Scan([str(tmp_path)], ScanOptions())
    assert [f.path for f in scan] == ["a.sql"]
    assert scan.unlisted == ["locked"]
    assert [d.code for _, d in scan.diagnostics] == ["RL001"]


def test_names_that_are_no_text(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9\n.sql")
    (tmp_path / name).write_text("SELECT 1")
    [found] = list(Scan([str(tmp_path)], ScanOptions()))
    assert found.path == "caf\\xE9\\x0A.sql"
    assert read_bytes(found, 100) == b"SELECT 1"


def test_several_roots(tmp_path: Path) -> None:
    tree(tmp_path, {"one/sql/a.sql": "", "two/sql/a.sql": ""})
    roots = [str(tmp_path / "one" / "sql"), str(tmp_path / "two" / "sql"), str(tmp_path / "two")]
    assert sorted(f.path for f in Scan(roots, ScanOptions())) == ["one/sql/a.sql", "two/sql/a.sql"]


def test_a_root_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        Scan([str(tmp_path / "none")], ScanOptions())
    assert caught.value.code == "RL201"


def test_special_files_are_passed_over(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.sql")
    scan = Scan([str(tmp_path)], ScanOptions())
    assert list(scan) == []
    assert [(p, d.code) for p, d in scan.diagnostics] == [("pipe.sql", "RL007")]


def test_too_large_and_vanished(tmp_path: Path) -> None:
    tree(tmp_path, {"a.sql": "x" * 11})
    [found] = list(Scan([str(tmp_path)], ScanOptions()))
    with pytest.raises(SourceFault) as caught:
        read_bytes(found, 10)
    assert (caught.value.status, caught.value.diagnostic.code) == ("skipped", "RL005")
    assert read_bytes(found, 11) == b"x" * 11
    (tmp_path / "a.sql").unlink()
    with pytest.raises(SourceFault) as caught:
        read_bytes(found, 10)
    assert caught.value.status == "gone"


def test_a_scan_is_a_source_file(tmp_path: Path) -> None:
    tree(tmp_path, {"a.sql": "abc"})
    [found] = list(Scan([str(tmp_path)], ScanOptions()))
    assert isinstance(found, SourceFile)
    assert (found.size, found.name, found.root) == (3, "a.sql", str(tmp_path))
