"""Lineage through several projects of one store: by name, while it is asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

import ray_lineage
from ray_lineage.agents import _Questions
from ray_lineage.cli.main import main
from ray_lineage.errors import UsageError
from ray_lineage.graph.sqlite import SqliteStore
from ray_lineage.query.across import Across, across
from ray_lineage.query.lineage import walk
from ray_lineage.query.projects import forget_project, rename_project
from ray_lineage.query.walk import Walk
from ray_lineage.query.why import path, why
from ray_lineage.runtime.ingest import ingest
from ray_lineage.settings import Settings, load_settings

CORE = {
    "t.sql": "CREATE TABLE raw.customer (id int, mail text);",
    "v.sql": "CREATE VIEW core.dim.customer AS SELECT id AS CustomerId, mail FROM raw.customer WHERE mail <> '';",
}
MART = {"v.sql": "CREATE VIEW mart.c AS SELECT customerid AS cid, upper(mail) AS m FROM dim.customer;"}
REPORT = {"v.sql": "CREATE VIEW rep.r AS SELECT cid FROM mart.c;"}


class Place:
    """Projects in folders of their own, and one store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def settings(self, project: str = "") -> Settings:
        flags = {"data_dir": str(self.folder / "data"), "dialect": "snowflake", "ingest_workers": 0}
        return load_settings({**flags, **({"project": project} if project else {})}, environ={}).settings

    def put(self, project: str, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            path = self.folder / project / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        ingest(self.settings(project), [str(self.folder / project)])

    def store(self) -> SqliteStore:
        return SqliteStore(str(self.folder / "data" / "graph.db"), read_only=True)

    def ask(self, project: str, others: list[str], text: str, direction: str, level: str = "column") -> Walk:
        store = self.store()
        try:
            return walk(across(store, project, others), text, direction, level=level, project=project)  # type: ignore[arg-type]
        finally:
            store.close()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    found = Place(tmp_path_factory.mktemp("across"))
    for project, files in (("core", CORE), ("mart", MART), ("report", REPORT)):
        found.put(project, files)
    return found


def test_a_column_of_another_project_is_written_as_that_declares_it(place: Place) -> None:
    found = place.ask("mart", ["core"], "mart.c.cid", "upstream")
    assert found.said("dim.customer.customerid") == "dim.customer.CustomerId"


def test_upstream_goes_on_in_the_project_that_declares_it(place: Place) -> None:
    found = place.ask("mart", ["core"], "mart.c.m", "upstream")
    assert found.nodes == {"dim.customer.mail": 1, "core:raw.customer.mail": 2}
    assert {s.file for s in found.steps} == {"v.sql", "core:v.sql"}
    assert place.ask("mart", [], "mart.c.m", "upstream").nodes == {"dim.customer.mail": 1}


def test_of_two_steps(place: Place) -> None:
    found = place.ask("report", ["mart", "core"], "rep.r.cid", "upstream")
    assert found.nodes == {
        "mart.c.cid": 1, "core:core.dim.customer.customerid": 2, "core:raw.customer.id": 3, "core:raw.customer.mail": 3,
    }  # fmt: skip


def test_downstream_goes_on_in_those_that_read_it(place: Place) -> None:
    found = place.ask("core", ["mart", "report"], "raw.customer.id", "downstream")
    assert found.nodes == {"core.dim.customer.customerid": 1, "mart:mart.c.cid": 2, "report:rep.r.cid": 3}


def test_between_datasets(place: Place) -> None:
    found = place.ask("mart", ["core", "report"], "raw.customer", "downstream", "table")
    assert found.root == "raw.customer"
    assert sorted(found.nodes.values()) == [1, 2, 3]
    assert place.ask("mart", ["core"], "mart.c", "upstream", "table").nodes == {
        "dim.customer": 1, "core:raw.customer": 2,
    }  # fmt: skip


def test_a_name_of_another_project_is_found_if_it_is_read_from(place: Place) -> None:
    with pytest.raises(UsageError, match="nothing in the graph is called"):
        place.ask("mart", [], "raw.customer", "downstream", "table")
    assert place.ask("mart", ["core"], "raw.customer", "upstream", "table").nodes == {}


def test_a_way_through_two_projects(place: Place) -> None:
    store = place.store()
    seen = across(store, "mart", ["core"])
    found = path(seen, "raw.customer.mail", "mart.c.m", "mart")
    assert [n.removeprefix("core:") for n in found.names] == [
        "raw.customer.mail",
        "mart:dim.customer.mail",
        "mart:mart.c.m",
    ]
    (evidence,) = why(seen, "dim.customer.mail", "mart.c.m", "mart").evidence
    assert (evidence.source, evidence.target, evidence.file) == ("dim.customer.mail", "mart.c.m", "v.sql")
    store.close()


def test_no_row_of_any_project_is_another_one(place: Place) -> None:
    store = place.store()
    before = {p: store.dump(p) for p in store.projects()}
    store.close()
    place.ask("report", ["mart", "core"], "rep.r", "upstream")
    store = place.store()
    assert {p: store.dump(p) for p in store.projects()} == before
    assert across(store, "mart", ["nobody", "mart"]) is store
    store.close()


def test_what_two_others_declare_is_not_taken_and_said(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.put("a", {"t.sql": "CREATE TABLE dim.customer (mail int);"})
    place.put(
        "b",
        {
            "t.sql": "CREATE TABLE x.dim.customer (mail int);",
            "v.sql": "CREATE VIEW y.dim.customer AS SELECT 1 AS mail;",
        },
    )
    place.put("mart", MART)
    store = place.store()
    both = Across(store, "mart", ["b"])
    assert both.declaring(("mart", "dim.customer")) == ("mart", "dim.customer")
    assert both.ambiguous == {"mart:dim.customer": ["b:x.dim.customer", "b:y.dim.customer"]}
    exact = Across(store, "mart", ["a", "b"])  # a name that is written whole is meant
    assert exact.declaring(("mart", "dim.customer")) == ("a", "dim.customer")
    store.close()


def test_a_project_that_is_renamed_or_forgotten_is_followed(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.put("core", CORE)
    place.put("mart", MART)
    rename_project(place.settings(), "core", "kern")
    assert "kern:raw.customer.mail" in place.ask("mart", ["core", "kern"], "mart.c.m", "upstream").nodes
    forget_project(place.settings(), "kern")
    assert place.ask("mart", ["core", "kern"], "mart.c.m", "upstream").nodes == {"dim.customer.mail": 1}


def test_commands_agents_and_the_api_read_the_settings(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(place.folder / "mart")
    monkeypatch.setenv("RAY_LINEAGE_DATA_DIR", str(place.folder / "data"))

    def ask(*flags: str) -> set[str]:
        with pytest.raises(SystemExit) as end:
            main(["upstream", "mart.c.m", "--json", *flags])
        assert not end.value.code
        return set(json.loads(capsys.readouterr().out)["nodes"])

    assert ask("--project", "mart") == {"dim.customer.mail"}
    wide = {"dim.customer.mail", "core:raw.customer.mail"}
    assert ask("--project", "mart", "--across") == wide
    (place.folder / "mart" / "ray_lineage.toml").write_text('reads_from = ["core"]\n')
    assert ask() == wide  # the project that was read from here
    with ray_lineage.open_graph() as graph:
        assert set(graph.upstream("mart.c.m").nodes) == wide
    with ray_lineage.open_graph(project="core") as graph:
        assert graph.show("raw.customer").name == "raw.customer"
    assert set(_Questions(load_settings({}).settings, ()).upstream("mart.c.m")["nodes"]) == wide


def test_an_agent_is_told_who_owns_a_dataset(place: Place) -> None:
    (place.folder / "report" / "CODEOWNERS").write_text("*.sql @reports\n")
    questions = _Questions(place.settings("report"), ())
    assert (questions.show("rep.r")["owners"], questions.show("mart.c")["owners"]) == (["@reports"], [])
