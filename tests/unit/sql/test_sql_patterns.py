"""No text makes the patterns that look at whole files try everything: what they cannot match they give up soon."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest

import ray_lineage.compile
from ray_lineage.compile.sql.engines import ENGINES

FILLERS = (
    "-", "--a\n", "--", " ", "\n", "\t \n", "/*", "/**/", "/* a */ ", "(", "()", "((a)", "a", "a.", "a b ", "'", "''", '"', ";", "\\", "{{",
    "{% ", "$", ":", "[", "1", "\n/", "&a ",
)  # fmt: skip
STARTS = (
    "", "from", "from (", "using (", "using (a)", "::a", "::a [", "insert ", "delete", "update", "directory 'a'", "(a", "reset", "create script",
    "copy t from stdin;\n", "set ", "exec ", "{% set a", "{{ config(", "/*! a", ". ", "@",
)  # fmt: skip
SIZE = 1_500  # characters: what is tried squared still takes no second


def within(value: object) -> Iterator[re.Pattern[str] | re.Pattern[bytes]]:
    """A pattern, or those in a table of them."""
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, (tuple, list, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from within(item)


def patterns() -> Iterator[tuple[str, re.Pattern[str] | re.Pattern[bytes]]]:
    for module in pkgutil.walk_packages(ray_lineage.compile.__path__, "ray_lineage.compile."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if not name.startswith("__"):
                for at, pattern in enumerate(within(value)):
                    yield f"{module.name.rpartition('.')[2]}.{name}{at or ''}", pattern
    for engine in ENGINES:
        for rule in engine.rewrites:
            if rule.pattern is not None:
                yield f"rule {rule.rewrite.__name__} {' '.join(rule.needle)}", rule.pattern


KNOWN = dict(patterns())


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", sorted(KNOWN))
def test_a_pattern_gives_up_soon(name: str) -> None:
    pattern = KNOWN[name]
    of_bytes = isinstance(pattern.pattern, bytes)
    whole = not of_bytes and pattern.pattern.endswith(r"\Z")  # it is asked of a whole value, from its beginning
    for start in STARTS:
        for filler in FILLERS:
            text = start + filler * (SIZE // len(filler)) + "!"
            text = text.encode() if of_bytes else text
            for _ in filter(None, [pattern.match(text)]) if whole else pattern.finditer(text):
                pass


def test_a_line_of_dashes_is_one_comment() -> None:
    """As it stands between the sections of many scripts."""
    text = "SELECT a FROM " + "-" * 200 + "\nt, u WHERE x IN (VALUES (1))"
    assert all(
        rule.pattern is None or rule.pattern.search(text.lower()) is None
        for engine in ENGINES
        for rule in engine.rewrites
        if "values" in rule.needle
    )
