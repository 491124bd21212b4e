"""Settings: which source wins, folder rules, and errors that help without telling secrets."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from ray_lineage.errors import SettingsError
from ray_lineage.settings import FolderRule, Settings, load_settings, matches, rule_for


def test_precedence(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.ray_lineage]\nproject = "from pyproject"\nbatch_size = 1\n')
    assert load_settings(cwd=str(tmp_path), environ={}).settings.project == "from pyproject"
    (tmp_path / "ray_lineage.toml").write_text('project = "from file"\n')
    assert load_settings(cwd=str(tmp_path), environ={}).settings.project == "from file"
    environ = {"RAY_LINEAGE_PROJECT": "from environment"}
    loaded = load_settings(cwd=str(tmp_path), environ=environ)
    assert (loaded.settings.project, loaded.origins["project"]) == ("from environment", "RAY_LINEAGE_PROJECT")
    loaded = load_settings({"project": "from flag"}, cwd=str(tmp_path), environ=environ)
    assert (loaded.settings.project, loaded.origins["project"]) == ("from flag", "--project")


@pytest.mark.parametrize("text", ['[tool]\nray_lineage = "x"\n', "[tool]\nray_lineage = 0\n", "[[tool.ray_lineage]]\n"])
def test_a_setting_in_place_of_our_table_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(SettingsError, match=r"\[tool\.ray_lineage\] is no table") as caught:
        load_settings(cwd=str(tmp_path), environ={})
    assert (caught.value.code, caught.value.where) == ("RL200", str(tmp_path / "pyproject.toml"))


@pytest.mark.parametrize("text", ["tool = 5\n", "[[tool]]\n", "[tool]\nother = 1\n"])
def test_a_pyproject_without_our_table_is_none_of_ours(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    assert load_settings(cwd=str(tmp_path), environ={}).settings == Settings()


@pytest.mark.parametrize(
    ("name", "value", "field", "expected"),
    [
        ("ENABLE_PARSE_CACHE", "off", "enable_parse_cache", False),
        ("PARSE_CACHE_PATH", "/x/c.lmdb", "parse_cache_path", "/x/c.lmdb"),
        ("ENABLE_BATCHING", "0", "enable_batching", False),
        ("DEBOUNCE_WINDOW_SECONDS", "1.5", "debounce_window_seconds", 1.5),
        ("BATCH_SIZE_THRESHOLD", "7", "batch_size_threshold", 7),
        ("INGEST_WORKERS", "3", "ingest_workers", 3),
        ("NEO4J_URI", "Bolt+S://h", "neo4j_uri", "bolt+s://h"),
        ("NEO4J_DATABASE", "d", "neo4j_database", "d"),
        ("RAY_LINEAGE_SUFFIXES", ".sql, .ddl", "suffixes", (".sql", ".ddl")),
        ("RAY_LINEAGE_LOG_FORMAT", "json", "log_format", "json"),
        ("RAY_LINEAGE_MAX_FILE_SIZE", "2 MB", "max_file_size", 2_000_000),
    ],
)
def test_environment(tmp_path: Path, name: str, value: str, field: str, expected: object) -> None:
    assert getattr(load_settings(cwd=str(tmp_path), environ={name: value}).settings, field) == expected


@pytest.mark.parametrize(
    ("flags", "where", "says"),
    [
        ({"debounce_window_seconds": -1}, "--debounce ", "greater than or equal to 0"),
        ({"rescan_seconds": 0}, "--rescan ", "greater than 0"),
        ({"ingest_workers": -1}, "--workers ", "greater than or equal to 0"),
        ({"min_workers": 5, "max_workers": 2}, "--max-workers ", "'max_workers': it is less than min_workers (5)"),
        ({"dialect": "tsq"}, "--dialect ", "'dialect': no such dialect (did you mean tsql?)"),
    ],
)
def test_a_bad_flag_is_called_as_it_was_given(tmp_path: Path, flags: dict[str, object], where: str, says: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(flags, cwd=str(tmp_path), environ={})
    assert (caught.value.where or "").startswith(where)
    assert says in caught.value.message


@pytest.mark.parametrize("size", ["20XB", "MB", "1.2.3", "-1MB", "a lot"])
def test_a_size_that_is_none_says_what_one_looks_like(tmp_path: Path, size: str) -> None:
    with pytest.raises(SettingsError, match="such as 20MB"):
        load_settings(cwd=str(tmp_path), environ={"RAY_LINEAGE_MAX_FILE_SIZE": size})


def test_the_prefixed_name_wins(tmp_path: Path) -> None:
    environ = {"INGEST_WORKERS": "1", "RAY_LINEAGE_INGEST_WORKERS": "2"}
    assert load_settings(cwd=str(tmp_path), environ=environ).settings.ingest_workers == 2


def test_paths_of_a_file_are_relative_to_it(tmp_path: Path) -> None:
    (tmp_path / "ray_lineage.toml").write_text('data_dir = "here"\n')
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    found = load_settings(cwd=str(below), environ={}).settings
    assert found.data_dir == str(tmp_path / "here")
    assert found.parse_cache_path == str(tmp_path / "here" / ".cache" / "parse_cache.lmdb")


def test_a_misspelt_key_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "ray_lineage.toml").write_text('project = "x"\ndialekt = "tsql"\n')
    with pytest.raises(SettingsError) as caught:
        load_settings(cwd=str(tmp_path), environ={})
    assert "ray_lineage.toml:2" in (caught.value.where or "")
    assert "'dialect'" in (caught.value.help or "")


@pytest.mark.parametrize(
    "environ",
    [
        {"RAY_LINEAGE_NEO4J_PASSWRD": "canary"},
        {"RAY_LINEAGE_BATCH_SIZE": "canary"},
        {"RAY_LINEAGE_NEO4J__PASSWORD": "canary"},
    ],
)
def test_errors_never_show_values(tmp_path: Path, environ: dict[str, str]) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(cwd=str(tmp_path), environ=environ)
    assert "canary" not in f"{caught.value.message} {caught.value.where} {caught.value.help}"
    assert next(iter(environ)) in (caught.value.where or "")


def test_a_password_in_a_bad_file_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "ray_lineage.toml").write_text('[neo4j]\npasswrd = "canary"\n')
    with pytest.raises(SettingsError) as caught:
        load_settings(cwd=str(tmp_path), environ={})
    assert "canary" not in f"{caught.value} {caught.value.where} {caught.value.help}"


def test_secrets_are_not_printed(tmp_path: Path) -> None:
    found = load_settings(cwd=str(tmp_path), environ={"NEO4J_PASSWORD": "canary"}).settings
    assert "canary" not in repr(found)
    assert "canary" not in str(asdict(found))


def test_a_password_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hidden\n")
    found = load_settings(cwd=str(tmp_path), environ={"NEO4J_PASSWORD_FILE": str(tmp_path / "secret")}).settings
    assert found.neo4j_password is not None
    assert found.neo4j_password.get_secret_value() == "hidden"


def test_broken_toml(tmp_path: Path) -> None:
    (tmp_path / "ray_lineage.toml").write_text("project = \n")
    with pytest.raises(SettingsError, match="line 1"):
        load_settings(cwd=str(tmp_path), environ={})


def test_later_rules_win_key_by_key() -> None:
    settings = Settings(
        dialect="postgres",
        folders=(
            FolderRule(path="a", dialect="tsql", default_schema="dbo"),
            FolderRule(path="a/b", dialect="oracle"),
        ),
    )
    assert rule_for(settings, "x.sql").dialect == "postgres"
    assert (rule_for(settings, "a/x.sql").dialect, rule_for(settings, "a/x.sql").default_schema) == ("tsql", "dbo")
    assert (rule_for(settings, "a/b/x.sql").dialect, rule_for(settings, "a/b/x.sql").default_schema) == (
        "oracle",
        "dbo",
    )


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("a", "a/x.sql", True),
        ("a", "ab/x.sql", False),
        ("./a/", "a/b/x.sql", True),
        ("*/legacy", "etl/legacy/x.sql", True),
        ("*/legacy", "legacy/x.sql", False),
        (".", "x.sql", True),
    ],
)
def test_matches(pattern: str, path: str, expected: bool) -> None:
    assert matches(pattern, path) is expected
