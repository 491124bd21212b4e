"""The style sheet for Neo4j's Browser names what there is, by properties that it has."""

from __future__ import annotations

import re

import pytest

from ray_lineage.graph.schema import HAS_COLUMN, NODES, RELS
from ray_lineage.model import DATASET_KINDS
from tests.environment import PROJECT

RULE = re.compile(r"(node|relationship)(?:\.(\w+))? \{\n((?:  [a-z-]+: [^;{}]*(?:\{\w+\})?[^;{}]*;\n)+)\}\n")
TEXT = (PROJECT / "docs/lineage.grass").read_text("utf-8")
RULES = RULE.findall(TEXT)
PROPERTIES = {
    **{node.label: node.columns for node in NODES},
    **{rel.type: ("file", *rel.columns[2:]) for rel in (*RELS, HAS_COLUMN)},
    **dict.fromkeys(DATASET_KINDS, next(n for n in NODES if n.label == "Dataset").columns),
}


def test_all_of_it_is_rules() -> None:
    assert RULE.sub("", TEXT) == ""
    assert len(RULES) > 10


@pytest.mark.parametrize(("of", "name", "said"), RULES, ids=[f"{r[0]}.{r[1]}" for r in RULES])
def test_a_rule_is_of_something_that_there_is(of: str, name: str, said: str) -> None:
    if not name:
        return
    kinds = {n.label for n in NODES} | set(DATASET_KINDS) if of == "node" else {r.type for r in (*RELS, HAS_COLUMN)}
    assert name in kinds
    assert set(re.findall(r"\{(\w+)\}", said)) <= set(PROPERTIES[name])
