"""The cookbook's questions: each has an answer in the example, and SQL and Cypher give the same one."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator

import neo4j
import pytest

from ray_lineage.runtime.ingest import ingest
from ray_lineage.settings import load_settings
from tests.conftest import ServerAddress
from tests.environment import PROJECT

pytestmark = pytest.mark.neo4j

QUESTION = re.compile(r"^### (\d+)\. (.*?)$.*?```sql\n(.*?)```\s+```cypher\n(.*?)```", re.DOTALL | re.MULTILINE)
QUESTIONS = QUESTION.findall((PROJECT / "docs/cookbook.md").read_text("utf-8"))

UNCERTAIN = (
    "CREATE VIEW dw.vUncertain AS SELECT Remark, Rating FROM legacy.Review r JOIN legacy.Reader u ON u.Id = r.ReaderId"
)
"""Of tables that no file declares: the rest of the example is certain."""


@pytest.fixture(scope="module")
def answers(
    neo4j_server: ServerAddress, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[sqlite3.Connection, neo4j.Session]]:
    root = tmp_path_factory.mktemp("cookbook") / "lumen_books"
    shutil.copytree(PROJECT / "examples/lumen_books", root, ignore=shutil.ignore_patterns("data"))
    (root / "mssql/dw/Views/vUncertain.sql").write_text(UNCERTAIN)
    server = {
        "store": neo4j_server.uri,
        "neo4j_username": neo4j_server.username,
        "neo4j_password": neo4j_server.password,
    }
    for number, store in enumerate(({"store": str(root / "graph.db")}, server)):
        flags = {**store, "data_dir": str(root.parent / f"data{number}"), "executor": "local", "ingest_workers": 0}
        ingest(load_settings(flags, cwd=str(root), environ={}).settings, [str(root)])
    embedded = sqlite3.connect(f"file:{root}/graph.db?mode=ro", uri=True)
    with (
        neo4j.GraphDatabase.driver(neo4j_server.uri, auth=(neo4j_server.username, neo4j_server.password)) as driver,
        driver.session() as session,
    ):
        yield embedded, session
    store = neo4j_server.store()
    store.remove_project("lumen_books")
    store.close()
    embedded.close()


def test_there_are_twenty() -> None:
    assert [int(q[0]) for q in QUESTIONS] == list(range(1, 21))


@pytest.mark.parametrize(("sql", "cypher"), [q[2:] for q in QUESTIONS], ids=[q[1] for q in QUESTIONS])
def test_both_languages_give_the_same_answer(
    answers: tuple[sqlite3.Connection, neo4j.Session], sql: str, cypher: str
) -> None:
    embedded, session = answers
    rows = Counter(embedded.execute(sql).fetchall())
    assert rows
    assert Counter(tuple(r.values()) for r in session.run(cypher)) == rows  # type: ignore[arg-type]
