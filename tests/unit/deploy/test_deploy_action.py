"""The composite action: what a pull request says reaches no shell but through the environment."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from ray_lineage.cli.commands import COMMANDS
from ray_lineage.diff.markdown import MARKER
from tests.environment import PROJECT

ACTION: dict[str, Any] = yaml.safe_load((PROJECT / "action.yml").read_text())
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
RUNS = [step for step in STEPS if "run" in step]
PAGE = (PROJECT / "docs/impact.md").read_text()


@pytest.mark.parametrize("step", RUNS, ids=lambda step: step["name"])
def test_no_expression_is_put_into_a_script(step: dict[str, Any]) -> None:
    assert "${{" not in step["run"]
    assert step["shell"] == "bash"


def test_every_input_is_used_and_known() -> None:
    used = set(re.findall(r"inputs\.([\w-]+)", str(STEPS)))
    assert used == set(ACTION["inputs"])


def test_it_calls_a_command_that_is_there_and_finds_its_own_comment() -> None:
    scripts = "\n".join(step["run"] for step in RUNS)
    assert set(re.findall(r"ray_lineage (\w+) \"", scripts)) <= set(COMMANDS)
    assert f'startswith("{MARKER}")' in scripts


def test_the_example_gives_no_rights_to_strangers() -> None:
    example = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[0])
    assert example[True] == "pull_request"  # YAML 1.1 reads "on" as a truth value
    assert example["permissions"] == {"contents": "read", "pull-requests": "write"}
    steps = example["jobs"]["lineage"]["steps"]
    assert steps[0]["with"] == {"fetch-depth": 0, "persist-credentials": False}
    assert set(steps[-1]["with"]) <= set(ACTION["inputs"])
