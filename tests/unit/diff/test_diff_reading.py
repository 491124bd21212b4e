"""Files that are read as they change say what files that are read at once say: dialects of folders, files that others ask for."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ray_lineage.diff.reading import Read, Reading
from ray_lineage.runtime.plan import Rules
from ray_lineage.settings import Settings
from tests.unit.diff.sides import InMemory

RULES = Rules(Settings())
TEXTS = {
    "t.sql": ["SELECT TOP 1 [a] FROM [dbo].[t] WITH (NOLOCK)\nGO", "SELECT a::int FROM t WHERE b ILIKE 'x' LIMIT 1;", "SELECT a FROM t"],
    "u.sql": ["SELECT [b] FROM [u]\nGO\nPRINT 'x'", "SELECT b FROM u", "DELIMITER //\nSELECT `a` FROM `t`//"],
    "x/v.sql": ["SELECT GETDATE(), ISNULL(a, 1) FROM #t", "SELECT a FROM v"],
    "names.py": ["TABLE = 'raw.one'", "TABLE = 'raw.two'"],
    "load.py": ["from names import TABLE\ndb.execute(f'INSERT INTO t SELECT a FROM {TABLE}')\nimport psycopg2"],
    "dbt_project.yml": ["name: shop", "name: other"],
    "macros/m.sql": ["{% macro cents(c) %}{{ c }} * 100{% endmacro %}", "{% macro cents(c) %}{{ c }} / 100{% endmacro %}"],
    "models/a.sql": ["{{ config(materialized='table') }} select {{ cents('x') }} as y from raw.t"],
}  # fmt: skip
states = st.fixed_dictionaries({path: st.none() | st.sampled_from(texts) for path, texts in TEXTS.items()})


def side(state: dict[str, str | None]) -> InMemory:
    return InMemory({path: text for path, text in state.items() if text is not None}, RULES)


def read(files: InMemory) -> dict[str, Read]:
    return dict(Reading(None).take(files.filled(files.tasks), (), files.contents))


@settings(max_examples=60)
@given(st.lists(states, min_size=2, max_size=4))
def test_reading_what_changed_is_reading_all(history: list[dict[str, str | None]]) -> None:
    first = side(history[0])
    reading, before = Reading(None), first
    known = dict(reading.take(first.filled(first.tasks), (), first.contents))
    for state in history[1:]:
        after = side(state)
        gone = before.tasks.keys() - after.tasks.keys()
        changed = sorted(p for p in after.tasks if before.files.get(p) != after.files[p])
        known = {p: r for p, r in known.items() if p not in gone}
        known.update(reading.take(after.filled(changed), gone, after.contents))
        assert known == read(after)
        before = after
