"""A working tree is compared as a commit of the same contents is, whichever of its files changed and whichever these need."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from ray_lineage.diff.changes import Change
from ray_lineage.diff.git import Repository
from ray_lineage.diff.run import Comparing, OnDisk, Where
from ray_lineage.runtime.plan import Rules
from ray_lineage.settings import Settings
from tests.unit.diff.sides import InMemory, changes

SETTINGS = Settings(dialect="postgres")
TEXTS = {
    "dbt_project.yml": [
        "name: p\nmodel-paths: ['models']\nmodels: {p: {staging: {schema: stg}}}\n",
        "name: p\nmodel-paths: ['models']\nmodels: {p: {staging: {schema: other}}}\n",
    ],
    "models/staging/s.sql": [
        "select a, b from {{ source('raw', 't') }}", "select a, b as c from {{ source('raw', 't') }}",
        "select a, {{ cents('b') }} as b from {{ source('raw', 't') }}",
    ],
    "models/staging/s.yml": [
        "version: 2\nmodels:\n  - name: s\n    config: {alias: shown}\n",
        "version: 2\nmodels:\n  - name: s\n    columns:\n      - name: a\n",
    ],
    "models/marts/m.sql": ["select a, b from {{ ref('s') }}", "select a, b from {{ ref('s') }} where a > 1"],
    "macros/cents.sql": [
        "{% macro cents(c) %}{{ c }} * 100{% endmacro %}", "{% macro cents(c) %}{{ c }} / a{% endmacro %}",
    ],
    "names.py": ["TABLE = 'raw.one'", "TABLE = 'raw.two'"],
    "load.py": [
        "from names import TABLE\ndb.execute(f'INSERT INTO t SELECT a FROM {TABLE}')\n",
        "from names import TABLE\ndb.execute(f'INSERT INTO t SELECT b AS a FROM {TABLE}')\n",
    ],
    "run.py": [
        "from pathlib import Path\ndb.execute('INSERT INTO u ' + Path('sql/part.sql').read_text())\n",
        "from pathlib import Path\ndb.execute('INSERT INTO v ' + Path('sql/part.sql').read_text())\n",
    ],
    "sql/part.sql": ["SELECT a, b FROM raw.one", "SELECT a FROM raw.one"],
}  # fmt: skip
FIRST = {path: texts[0] for path, texts in TEXTS.items()}
states = st.fixed_dictionaries({path: st.none() | st.sampled_from(texts) for path, texts in TEXTS.items()})


def on_disk(base: Mapping[str, str], head: Mapping[str, str]) -> list[Change]:
    with tempfile.TemporaryDirectory() as name:
        for path, text in head.items():
            (Path(name) / path).parent.mkdir(parents=True, exist_ok=True)
            (Path(name) / path).write_text(text)
        where = Where(Repository(Path(name)), name, "")
        comparing = Comparing(InMemory(base, Rules(SETTINGS)), OnDisk(where, SETTINGS, base), None)
        try:
            return comparing.changes()
        finally:
            comparing.pair.close()


@settings(max_examples=20, deadline=None)
@given(states, states)
def test_a_working_tree_is_compared_as_a_commit_of_the_same_contents(
    base: dict[str, str | None], head: dict[str, str | None]
) -> None:
    before, after = ({p: t for p, t in side.items() if t is not None} for side in (base, head))
    assert on_disk(before, after) == changes(before, after)


def test_each_edit_alone_needs_what_did_not_change() -> None:
    for path, texts in TEXTS.items():
        for text in texts[1:]:
            head = {**FIRST, path: text}
            assert on_disk(FIRST, head) == changes(FIRST, head), path


def test_a_model_keeps_the_schema_that_an_unchanged_project_file_gives_it() -> None:
    head = {**FIRST, "models/staging/s.sql": TEXTS["models/staging/s.sql"][1]}
    assert [(c.level, c.name) for c in on_disk(FIRST, head) if c.level == "error"] == [("error", "stg.shown.b")]
