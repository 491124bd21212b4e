"""The image and the compose file say what the program knows."""

from __future__ import annotations

import re
import shlex

import yaml

from ray_lineage.cli.commands import COMMANDS
from ray_lineage.settings import load_settings
from tests.environment import PROJECT

DOCKERFILE = (PROJECT / "Dockerfile").read_text("utf-8")
COMPOSE = yaml.safe_load((PROJECT / "compose.yaml").read_text("utf-8"))


def test_what_is_copied_is_there_and_the_user_has_no_rights() -> None:
    for line in re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE, re.MULTILINE):
        assert all((PROJECT / name).exists() for name in shlex.split(line)[:-1])
    users = re.findall(r"^USER (\d+)", DOCKERFILE, re.MULTILINE)
    assert users
    assert "0" not in users


def test_the_commands_exist() -> None:
    commands = [*re.findall(r'^CMD \["(\w+)"', DOCKERFILE, re.MULTILINE), *COMPOSE["services"]["watch"]["command"]]
    commands += re.findall(r'HEALTHCHECK .*CMD \["ray_lineage", "(\w+)"', DOCKERFILE)
    assert len(commands) == 3
    assert set(commands) <= set(COMMANDS)


def test_the_variables_are_settings() -> None:
    image = dict(pair.split("=", 1) for pair in shlex.split(re.findall(r"^ENV (.*)$", DOCKERFILE, re.MULTILINE)[0]))
    beside = {k: str(v) for k, v in COMPOSE["services"]["watch"]["environment"].items()}
    settings = load_settings({}, environ={**image, **beside}).settings
    assert settings.data_dir == "/data/ray_lineage"
    assert settings.neo4j_uri == "neo4j://neo4j:7687"
    assert settings.allow_unencrypted


def test_the_server_listens_on_this_machine_alone() -> None:
    assert all(port.startswith("127.0.0.1:") for port in COMPOSE["services"]["neo4j"]["ports"])
