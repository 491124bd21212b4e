"""``catalog pull`` of a real PostgreSQL: what it has, and in time."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator

import pytest

from ray_lineage.databases import pull
from ray_lineage.link.system import has_column
from tests.ports import free_port

psycopg = pytest.importorskip("psycopg")
TABLES = 5_000
SECONDS = 60  # on a slow and busy machine; with a question for each table it were many times that

pytestmark = pytest.mark.skipif(shutil.which("initdb") is None, reason="there is no PostgreSQL here")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server of our own; its address."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        user: dict[str, str] = {"user": "nobody"} if os.geteuid() == 0 else {}  # it does not run as root
        data = os.path.join(folder, "data")
        made = ["initdb", "-D", data, "-U", "postgres", "--auth=trust", "--no-sync"]
        subprocess.run(made, check=True, stdout=subprocess.DEVNULL, cwd=folder, **user)  # type: ignore[call-overload]
        port = free_port()
        options = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"]
        command = ["postgres", "-D", data, "-p", str(port), *(part for o in options for part in ("-c", o))]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL, cwd=folder, **user) as process:  # type: ignore[call-overload]
            try:
                address = f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
                until_it_answers(address)
                yield address
            finally:
                process.send_signal(signal.SIGINT)


def until_it_answers(server: str, seconds: float = 90) -> None:
    """Raises OperationalError if it does not."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            run(server)
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
        else:
            return


def run(server: str, *statements: str) -> None:
    with psycopg.connect(server.replace("+psycopg", ""), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def test_what_it_has(server: str) -> None:
    run(
        server,
        "CREATE SCHEMA s",
        'CREATE TABLE s."T" (id bigint, name varchar(20), gone int)',
        'ALTER TABLE s."T" DROP COLUMN gone',
        """COMMENT ON TABLE s."T" IS 'all of it'""",
        """COMMENT ON COLUMN s."T".id IS 'key'""",
        'CREATE VIEW s.v AS SELECT id FROM s."T"',
        'CREATE MATERIALIZED VIEW s.m AS SELECT name FROM s."T"',
        "CREATE TABLE s.p (a int) PARTITION BY RANGE (a)",
    )
    found = {d["name"][-1]: d for d in pull(server, ["s"])["datasets"]}
    assert {name: d["kind"] for name, d in found.items()} == {
        "T": "Table",
        "v": "View",
        "m": "MaterializedView",
        "p": "Table",
    }
    assert found["T"] == {
        "name": ["postgres", "s", "T"], "kind": "Table", "description": "all of it",
        "columns": [{"name": "id", "type": "bigint", "description": "key"}, {"name": "name", "type": "character varying(20)"}],
    }  # fmt: skip


def test_its_own_views_have_the_columns_that_the_linker_knows(server: str) -> None:
    """One that is missing would be taken for another relation's, or for a mistake."""
    query = """SELECT table_schema, table_name, column_name FROM information_schema.columns
        WHERE table_schema = 'pg_catalog' OR table_schema = 'information_schema' AND table_name NOT SIMILAR TO '(sql|_pg)_%'"""
    with psycopg.connect(server.replace("+psycopg", "")) as connection:
        rows = connection.execute(query).fetchall()
    assert len(rows) > 1_800
    assert [row for row in rows if not has_column((row[0], row[1]), row[2])] == []


def test_many_tables_in_time(server: str) -> None:
    make = f"""DO $$ BEGIN FOR i IN 1..{TABLES} LOOP
        EXECUTE format('CREATE TABLE many_%s (a int, b text, c numeric(10,2), d timestamptz, e jsonb)', i);
        IF i % 500 = 0 THEN COMMIT; END IF; END LOOP; END $$"""
    run(server, make)
    began = time.perf_counter()
    found = pull(server, ["public"])
    seconds = time.perf_counter() - began
    assert len(found["datasets"]) == TABLES
    assert seconds < SECONDS
