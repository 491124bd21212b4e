"""Who may say what in a settings file, and where a password may go."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from ray_lineage import logs
from ray_lineage.errors import SettingsError, UsageError
from ray_lineage.settings import Loaded, Settings, load_settings
from ray_lineage.settings import trust as kept
from ray_lineage.settings.files import named_file

OTHER_USER = 65534
PASSWORD = "c4n4ry-Zx9"
SECRET = {"NEO4J_PASSWORD": PASSWORD}
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of another user")


@pytest.fixture(autouse=True)
def _own_state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is trusted yet, and no secret of another test is known."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
    monkeypatch.setattr(logs, "_secrets", [])


def written(folder: Path, text: str, name: str = "ray_lineage.toml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    return folder / name


def load(folder: Path, flags: dict[str, Any] | None = None, **more: Any) -> Loaded:
    environ = more.pop("environ", {})
    return load_settings(flags, cwd=str(folder), environ=environ, **more)


def refusal(folder: Path, flags: dict[str, Any] | None = None, **more: Any) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        load(folder, flags, **more)
    error = caught.value
    assert error.exit_code == 2
    assert PASSWORD not in f"{error} {error.where} {error.help}"
    return error


# --------------------------------------------------------------------------- two classes


CONTACTS = frozenset(
    {
        "neo4j_uri",
        "neo4j_username",
        "neo4j_password",
        "neo4j_database",
        "ray_address",
        "executor",
        "allow_unencrypted",
        "metrics_port",
        "dashboard",
    }
)


def test_every_setting_has_one_class() -> None:
    """A new setting is forbidden to repositories until somebody says otherwise."""
    classes = [kept.READING, kept.PLACES, frozenset(kept.LIMITS), CONTACTS]
    names = [f.name for f in fields(Settings) if f.name != "written"]
    assert sorted(n for c in classes for n in c) == sorted(names)


def test_no_limit_of_a_repository_is_above_the_default() -> None:
    for name, most in kept.LIMITS.items():
        default = getattr(Settings(), name)
        assert default is None or most <= default, name


COMMANDS = [
    ('store = "/srv/graph.db"', "store"),
    ('store = "~/.bashrc"', "store"),
    ('store = "bolt+s://evil"', "store"),
    ('data_dir = "../home"', "data_dir"),
    ('parse_cache_path = "/srv/cache"', "parse_cache_path"),
    ('organize_to = "/srv/out"', "organize_to"),
    ('ray_address = "evil:6379"', "ray_address"),
    ('executor = "ray"', "executor"),
    ('neo4j_uri = "neo4j+s://evil"', "neo4j_uri"),
    ('[neo4j]\nuri = "neo4j+s://evil"', "neo4j_uri"),
    ('[neo4j]\nusername = "x"', "neo4j_username"),
    ('[neo4j]\npassword = "x"', "neo4j_password"),
    ('[neo4j]\ndatabase = "x"', "neo4j_database"),
    ("allow_unencrypted = true", "allow_unencrypted"),
    ("max_file_size = 20000001", "max_file_size"),
    ("max_delete_percent = 51", "max_delete_percent"),
    ("ingest_workers = 4096", "ingest_workers"),
    ("max_workers = 4096", "max_workers"),
    ("memory_limit_percent = 99", "memory_limit_percent"),
    ("object_store_share = 0.9", "object_store_share"),
    ("queue_limit = 100000", "queue_limit"),
    ('cache_max_bytes = "100GB"', "cache_max_bytes"),
]


@pytest.mark.parametrize(("text", "key"), COMMANDS)
def test_a_repository_commands_nothing(tmp_path: Path, text: str, key: str) -> None:
    file = written(tmp_path, f"# first line\n{text}\n")
    error = refusal(tmp_path)
    assert error.code == "RL250"
    assert key in error.message
    assert (error.where or "").startswith(f"{file}:")
    assert f"ray_lineage trust {file}" in (error.help or "")


@pytest.mark.parametrize(("text", "key"), COMMANDS)
def test_the_variable_that_is_named_allows_it(tmp_path: Path, text: str, key: str) -> None:
    written(tmp_path, text)
    variable = f"RAY_LINEAGE_{key.upper()}"
    assert (refusal(tmp_path).help or "").endswith(f"or set {variable}")
    value = text.rpartition("= ")[2].strip('"')
    assert load(tmp_path, environ={variable: value}).origins[key] == variable


def test_it_says_how_it_is_read(tmp_path: Path) -> None:
    written(
        tmp_path,
        'project = "p"\ndialect = "tsql"\ndefault_schema = "dbo"\nignore = ["x/"]\nmax_file_size = "1MB"\ningest_workers = 1\n'
        "max_delete_percent = 10\nenable_parse_cache = false\n[[folders]]\npath = 'a'\ndialect = 'oracle'\n",
    )
    found = load(tmp_path).settings
    assert (found.project, found.dialect, found.max_file_size, found.max_delete_percent) == ("p", "tsql", 1_000_000, 10)
    assert found.folders[0].dialect == "oracle"


def test_all_that_it_may_not_say_is_named_with_the_first_line(tmp_path: Path) -> None:
    file = written(tmp_path, 'project = "p"\nray_address = "h:1"\nstore = "x.db"\n')
    error = refusal(tmp_path)
    assert "sets ray_address, store;" in error.message
    assert error.where == f"{file}:2"


def test_what_is_replaced_by_the_user_does_no_harm(tmp_path: Path) -> None:
    written(tmp_path, 'store = "evil.db"\ndata_dir = "evil"\n')
    environ = {"RAY_LINEAGE_DATA_DIR": "/srv/data"}
    found = load(tmp_path, {"store": "mine.db"}, environ=environ).settings
    assert (found.store, found.data_dir, found.parse_cache_path) == (
        "mine.db", "/srv/data", "/srv/data/.cache/parse_cache.lmdb",
    )  # fmt: skip


def test_a_table_of_pyproject_is_no_other(tmp_path: Path) -> None:
    written(tmp_path, '[tool.ray_lineage]\nstore = "x.db"\n', "pyproject.toml")
    assert refusal(tmp_path).code == "RL250"


# --------------------------------------------------------------------------- who has said it


def test_a_named_file_and_a_trusting_process_may(tmp_path: Path) -> None:
    file = written(tmp_path, 'store = "x.db"\nray_address = "h:1"\n')
    for found in (
        load(tmp_path, config=str(file)),
        load(tmp_path, environ={"RAY_LINEAGE_CONFIG": str(file)}),
        load(tmp_path, environ={"RAY_LINEAGE_TRUST": "1"}),
    ):
        assert (found.settings.store, found.settings.ray_address) == (str(tmp_path / "x.db"), "h:1")
    assert refusal(tmp_path, environ={"RAY_LINEAGE_TRUST": "0"}).code == "RL250"


@pytest.mark.parametrize("name", ["ray_lineage.toml", "pyproject.toml"])
def test_trust_holds_until_the_file_changes(tmp_path: Path, name: str) -> None:
    head = "[tool.ray_lineage]\n" if name == "pyproject.toml" else ""
    file = written(tmp_path, f'{head}store = "x.db"\n', name)
    found = named_file(str(file))
    kept.trust(file, found.content)
    assert load(tmp_path).settings.store == str(tmp_path / "x.db")
    assert kept.noted() == [str(file)]
    file.write_text(f'{head}store = "x.db"\nray_address = "evil:1"\n')
    assert refusal(tmp_path).code == "RL250"
    kept.trust(file, named_file(str(file)).content)
    assert load(tmp_path).settings.ray_address == "evil:1"
    file.write_text(f'{head}store = "x.db"\n')  # what was trusted before is forgotten
    assert refusal(tmp_path).code == "RL250"
    assert kept.untrust(file)
    assert not kept.untrust(file)
    assert kept.noted() == []


def test_other_tables_of_pyproject_may_change(tmp_path: Path) -> None:
    file = written(tmp_path, '[tool.ray_lineage]\nstore = "x.db"\n', "pyproject.toml")
    kept.trust(file, named_file(str(file)).content)
    file.write_text('[project]\nname = "x"\n[tool.ray_lineage]\nstore = "x.db"\n')
    assert load(tmp_path).settings.store == str(tmp_path / "x.db")


def test_trust_is_of_a_place(tmp_path: Path) -> None:
    file = written(tmp_path / "a", 'store = "x.db"\n')
    kept.trust(file, file.read_bytes())
    written(tmp_path / "b", 'store = "x.db"\n')
    assert refusal(tmp_path / "b").code == "RL250"


def test_what_is_kept_is_private(tmp_path: Path) -> None:
    file = written(tmp_path, 'store = "x.db"\n')
    before = os.umask(0)
    try:
        kept.trust(file, file.read_bytes())
    finally:
        os.umask(before)
    folder = kept.state_folder() / "trusted"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [stat.S_IMODE(p.stat().st_mode) for p in folder.iterdir()] == [0o600]


def test_no_state_folder_is_no_trust_and_no_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = written(tmp_path, 'store = "x.db"\n')
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    assert refusal(tmp_path).code == "RL250"
    with pytest.raises(UsageError) as caught:
        kept.trust(file, file.read_bytes())
    assert (caught.value.code, caught.value.where) == ("RL202", "XDG_STATE_HOME")
    assert kept.noted() == []


def test_a_link_to_a_trusted_file_is_that_file(tmp_path: Path) -> None:
    file = written(tmp_path / "mine", 'store = "/srv/x.db"\n')
    kept.trust(file, file.read_bytes())
    (tmp_path / "hostile").mkdir()
    (tmp_path / "hostile" / "ray_lineage.toml").symlink_to(file)
    assert load(tmp_path / "hostile").settings.store == "/srv/x.db"  # its user said so of this very content


# --------------------------------------------------------------------------- where it lies


def test_the_users_own_file_outside_says_places_but_contacts_nobody(tmp_path: Path) -> None:
    file = written(tmp_path, 'data_dir = "d"\ningest_workers = 4096\n')
    (tmp_path / "repository").mkdir()
    assert load(tmp_path, reads=["repository"]).settings.data_dir == str(tmp_path / "d")
    assert refusal(tmp_path, reads=["."]).code == "RL250"
    assert refusal(tmp_path).code == "RL250"
    file.write_text('store = "bolt+s://h"\n')
    assert refusal(tmp_path, reads=["repository"]).code == "RL250"


@pytest.mark.parametrize("system", [".git", ".hg", ".svn"])
def test_a_working_tree_is_read_as_a_whole(tmp_path: Path, system: str) -> None:
    written(tmp_path, 'data_dir = "d"\n')
    (tmp_path / system).mkdir()
    (tmp_path / "sql" / "deep").mkdir(parents=True)
    assert refusal(tmp_path, reads=["sql/deep"]).code == "RL250"
    assert refusal(tmp_path / "sql").code == "RL250"


def test_a_working_tree_of_git_worktree_has_a_file(tmp_path: Path) -> None:
    written(tmp_path, 'data_dir = "d"\n')
    (tmp_path / ".git").write_text("gitdir: /elsewhere\n")
    assert refusal(tmp_path, reads=["sql"]).code == "RL250"


def test_one_hostile_folder_among_several_is_enough(tmp_path: Path) -> None:
    written(tmp_path / "a", 'data_dir = "d"\n')
    (tmp_path / "b").mkdir()
    assert refusal(tmp_path / "a", reads=["../b", "."]).code == "RL250"


# --------------------------------------------------------------------------- whose it is


@needs_root
@pytest.mark.parametrize("name", ["ray_lineage.toml", "pyproject.toml"])
def test_a_file_of_another_user_is_not_used(tmp_path: Path, name: str) -> None:
    head = "[tool.ray_lineage]\n" if name == "pyproject.toml" else ""
    file = written(tmp_path, f'{head}project = "evil"\nstore = "evil.db"\n', name)
    os.chown(file, OTHER_USER, OTHER_USER)
    (tmp_path / "work").mkdir()
    found = load(tmp_path / "work")
    assert (found.settings, found.file) == (Settings(), None)
    assert str(file) in found.notes[0]
    assert load(tmp_path, environ={"RAY_LINEAGE_TRUST": "1"}).settings.project == "evil"
    assert load(tmp_path, config=str(file)).settings.project == "evil"
    kept.trust(file, named_file(str(file)).content)
    assert load(tmp_path).settings.store == str(tmp_path / "evil.db")


def test_a_file_that_everybody_can_write_is_not_used(tmp_path: Path) -> None:
    file = written(tmp_path, 'project = "evil"\n')
    file.chmod(0o666)
    assert load(tmp_path).settings.project == ""


def test_the_next_file_is_used(tmp_path: Path) -> None:
    written(tmp_path, 'project = "mine"\n')
    written(tmp_path / "sub", 'project = "evil"\n').chmod(0o666)
    found = load(tmp_path / "sub")
    assert (found.settings.project, len(found.notes)) == ("mine", 1)


# --------------------------------------------------------------------------- where a password goes


@pytest.mark.parametrize(
    ("flags", "environ"),
    [
        ({}, {"NEO4J_URI": "bolt+s://h"}),
        ({"store": "neo4j+s://h"}, {}),
        ({}, {"RAY_LINEAGE_STORE": "bolt://127.0.0.1:1"}),
    ],
)
def test_flags_and_environment_are_one_origin(tmp_path: Path, flags: dict[str, Any], environ: dict[str, str]) -> None:
    found = load(tmp_path, flags, environ=environ | SECRET).settings
    assert found.neo4j_password is not None
    assert found.neo4j_password.get_secret_value() == PASSWORD


def test_a_password_of_a_file_goes_to_the_address_of_that_file(tmp_path: Path) -> None:
    file = written(tmp_path, f'[neo4j]\nuri = "bolt+s://h"\npassword = "{PASSWORD}"\n')
    assert load(tmp_path, config=str(file)).settings.neo4j_uri == "bolt+s://h"
    for flags, environ in (({"store": "bolt://localhost"}, {}), ({}, {"NEO4J_URI": "bolt+s://other"})):
        error = refusal(tmp_path, flags, environ=environ, config=str(file))
        assert (error.code, "different origins" in error.message) == ("RL251", True)
    assert load(tmp_path, {"store": "graph.db"}, config=str(file)).settings.store == "graph.db"


def test_a_password_of_the_environment_goes_to_an_address_that_was_trusted(tmp_path: Path) -> None:
    file = written(tmp_path, '[neo4j]\nuri = "bolt+s://h"\n')
    assert refusal(tmp_path, environ=SECRET).code == "RL250"
    kept.trust(file, file.read_bytes())
    assert load(tmp_path, environ=SECRET).settings.neo4j_password is not None


@pytest.mark.parametrize("address", ["bolt://graph", "neo4j://10.0.0.7:7687", "bolt://127.0.0.1.evil.example"])
def test_clear_text_beyond_this_machine_needs_a_yes(tmp_path: Path, address: str) -> None:
    error = refusal(tmp_path, environ=SECRET | {"NEO4J_URI": address})
    assert (error.code, error.where) == ("RL251", "NEO4J_URI")
    assert "--allow-unencrypted" in (error.help or "")
    for flags, environ in (({"allow_unencrypted": True}, {}), ({}, {"RAY_LINEAGE_ALLOW_UNENCRYPTED": "1"})):
        assert load(tmp_path, flags, environ=SECRET | environ | {"NEO4J_URI": address}).settings.neo4j_uri == address
    encrypted = address.replace("://", "+s://")
    assert load(tmp_path, environ=SECRET | {"NEO4J_URI": encrypted}).settings.neo4j_uri == encrypted
    assert load(tmp_path, {"store": "x.db"}, environ={"NEO4J_URI": address}).settings.store == "x.db"


SPELLINGS = [
    f"bolt://neo4j:{PASSWORD}@h", f"neo4j://u:{PASSWORD}@127.0.0.1:9", f"Neo4j://u:{PASSWORD}@h", f"NEO4J://u:{PASSWORD}@h",
    f" bolt://u:{PASSWORD}@h", f"bolt://u:{PASSWORD}@h ", f"\tbolt://u:{PASSWORD}@h", f"\u00a0bolt://u:{PASSWORD}@h",
    f"bolt+s://u:{PASSWORD}@h", f"bolt+ssc://u:{PASSWORD}@h", f"neo4j+s://u:{PASSWORD}@h", f"neoj4://u:{PASSWORD}@h",
    f"http://u:{PASSWORD}@h", f"https://u:{PASSWORD}@h/", f"neo4j:://u:{PASSWORD}@h", f"neo4j:/u:{PASSWORD}@h",
    f"neo4j:u:{PASSWORD}@h", f"neo4j//u:{PASSWORD}@h", f"//u:{PASSWORD}@h", f"u:{PASSWORD}@h", f"u:{PASSWORD}@h:7687",
    f"://u:{PASSWORD}@h", f"bolt://u:p@{PASSWORD}@h", f"bolt://u:{PASSWORD}/x@h", f"bolt://u:{PASSWORD}?x@h",
    f"bolt://u:{PASSWORD}#x@h", f"bolt://u:{PASSWORD}:x@h", f"bolt://:{PASSWORD}@h", f"neo4j://u:{PASSWORD}%@h",
    f"bolt://u:{PASSWORD}@[::1]:1", f"bolt://u:{PASSWORD}@", f"bolt://u:{PASSWORD}@h:port", f"bolt://u:{PASSWORD}@h:7687/db",
    f"bolt://u:{PASSWORD}@h?policy=x", f"bolt://u:{PASSWORD} @h", f"bolt://u:{PASSWORD}@h h", f"bolt:///u:{PASSWORD}@h",
    f"BOLT://U:{PASSWORD}@H", f"bolt://u:%20{PASSWORD}@h", f"ray://u:{PASSWORD}@h:1", f"redis://:{PASSWORD}@h",
]  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("way", ["NEO4J_URI", "RAY_LINEAGE_STORE", "RAY_ADDRESS", "--store", "--ray-address", "file"])
def test_a_password_in_an_address_is_told_nowhere(tmp_path: Path, spelling: str, way: str) -> None:
    """It is refused, or taken out of the address; and starred from then on."""
    flags, environ, config = {}, {}, None
    if way.startswith("--"):
        flags = {way[2:].replace("-", "_"): spelling}
    elif way == "file":
        config = str(written(tmp_path, f"store = {json.dumps(spelling)}\nallow_unencrypted = true\n"))
    else:
        environ = {way: spelling}
    try:
        found = load(tmp_path, flags, environ=environ | {"RAY_LINEAGE_ALLOW_UNENCRYPTED": "1"}, config=config)
    except SettingsError as error:
        assert PASSWORD not in f"{error.message} {error.where} {error.help}"
    else:
        assert way in ("NEO4J_URI", "RAY_LINEAGE_STORE", "file")
        assert PASSWORD not in repr(found.settings)
        assert found.settings.neo4j_username.lower() in ("u", "neo4j")
    assert PASSWORD not in logs.redact(f"driver says {spelling}, and {PASSWORD!r}")


def test_forty_spellings() -> None:
    assert len(set(SPELLINGS)) >= 40
