"""Where the root is and where data lies, from whatever folder a command is called."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from ray_lineage.errors import SettingsError
from ray_lineage.ownfolder import own_folder
from ray_lineage.settings import Loaded, load_settings


def load(here: Path, reads: Sequence[Path] = (), **flags: object) -> Loaded:
    return load_settings(flags, cwd=str(here), environ={}, reads=[str(r) for r in reads])


def test_without_anything_above_both_are_here(tmp_path: Path) -> None:
    found = load(tmp_path).settings
    assert (found.root, found.data_dir, found.parse_cache_path) == ("", "data", "data/.cache/parse_cache.lmdb")


def test_a_settings_file_above_says_both(tmp_path: Path) -> None:
    (tmp_path / "w/etl/deep").mkdir(parents=True)
    (tmp_path / "w/ray_lineage.toml").write_text("")
    found = load(tmp_path / "w/etl/deep")
    assert (found.settings.root, found.settings.data_dir) == (str(tmp_path / "w"), str(tmp_path / "w/data"))
    assert found.settings.parse_cache_path == str(tmp_path / "w/data/.cache/parse_cache.lmdb")
    assert found.origins["data_dir"] == f"beside {tmp_path / 'w/ray_lineage.toml'}"
    beside = load(tmp_path / "w").settings
    assert (beside.root, beside.data_dir) == (str(tmp_path / "w"), "data")


def test_what_is_read_elsewhere_has_not_the_files_folder_as_its_root(tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    (tmp_path / "w/ray_lineage.toml").write_text("")
    found = load(tmp_path / "w", [tmp_path / "other"]).settings
    assert (found.root, found.data_dir) == ("", "data")


def test_a_repository_keeps_its_data_at_its_top(tmp_path: Path) -> None:
    (tmp_path / "repo/.git").mkdir(parents=True)
    (tmp_path / "repo/sql").mkdir()
    assert load(tmp_path / "repo/sql").settings.data_dir == str(tmp_path / "repo/data")
    assert load(tmp_path / "repo/sql", data_dir="mine").settings.data_dir == "mine"


def test_data_of_an_earlier_version_is_used_until_there_is_other(tmp_path: Path) -> None:
    (tmp_path / "repo/.git").mkdir(parents=True)
    here, top = tmp_path / "repo/sql", tmp_path / "repo"
    here.mkdir()
    own_folder(str(here / "data")).close()
    found = load(here)
    assert (found.settings.data_dir, "mv" in found.notes[0]) == (str(here / "data"), True)
    own_folder(str(top / "data")).close()
    found = load(here)
    assert (found.settings.data_dir, "is not used" in found.notes[0]) == (str(top / "data"), True)


def test_a_folder_that_only_is_called_data_is_not_taken_for_it(tmp_path: Path) -> None:
    (tmp_path / "repo/.git").mkdir(parents=True)
    (tmp_path / "repo/sql/data").mkdir(parents=True)
    found = load(tmp_path / "repo/sql")
    assert (found.settings.data_dir, found.notes) == (str(tmp_path / "repo/data"), ())


def test_a_repository_may_say_which_folders_of_it_are_meant_and_not_where_its_root_is(tmp_path: Path) -> None:
    (tmp_path / "ray_lineage.toml").write_text('roots = ["etl", "rep"]\n')
    assert load(tmp_path).settings.roots == ("etl", "rep")
    (tmp_path / "ray_lineage.toml").write_text('root = ".."\n')
    with pytest.raises(SettingsError, match="sets root"):
        load(tmp_path)
