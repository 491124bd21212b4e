"""Where OpenLineage says that a dataset lives is kept, and may be a catalog of the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from ray_lineage.compile import CompileOptions, compile_source
from ray_lineage.compile.openlineage.naming import Identity, catalog_of, table_name
from ray_lineage.link import Linker
from ray_lineage.model import FileFacts, encode_facts
from ray_lineage.runtime.plan import Rules
from ray_lineage.settings import load_settings
from tests.unit.inputs.events import PG, dataset, event, lines, schema

CATALOGS = {"mysql://db:3306": "shop", "postgres://db:5432": "pg", "postgres://db:5432/app": "app_pg", PG: "prod"}


@pytest.mark.parametrize(
    ("namespace", "name", "expected"),
    [
        ("mysql://db:3306", "sales.orders", ("shop", "sales", "orders")),
        ("mysql://db:3306/", "sales.orders", ("shop", "sales", "orders")),
        ("postgres://db:5432", "other.public.users", ("pg", "public", "users")),
        ("postgres://db:5432", "app.public.users", ("app_pg", "public", "users")),
        ("postgres://elsewhere:5432", "app.public.users", ("app", "public", "users")),
        ("s3://bucket", "a/b", ("external", "s3://bucket/a/b")),
    ],
)
def test_a_namespace_is_a_catalog_where_somebody_says_so(namespace: str, name: str, expected: tuple[str, ...]) -> None:
    identity = Identity(namespace, name)
    found = compile_events(lines(event([], [dataset(name, namespace, schema=schema("a"))])), CATALOGS)
    assert [d.name for d in found.declarations] == [expected]
    if expected[0] != "external":
        assert table_name(identity, "", catalog_of(identity, CATALOGS)) == expected


def compile_events(data: bytes, catalogs: dict[str, str]) -> FileFacts:
    return compile_source(data, CompileOptions(formats=("openlineage",), namespaces=tuple(catalogs.items())))


def properties(data: bytes) -> dict[str, str | None]:
    linker = Linker("p")
    linker.put("e.json", "", encode_facts(compile_events(data, {})))
    (found,) = linker.link()
    linker.close()
    return {row[2]: row[10] for row in found.rows["Dataset"]}


def test_the_namespace_is_a_property_of_the_dataset() -> None:
    data = lines(event([dataset("db.s.a")], [dataset("db.s.b", schema=schema("x"))]))
    assert properties(data) == {"db.s.a": PG, "db.s.b": PG}


def test_two_servers_are_two_datasets_unless_both_are_catalogs() -> None:
    two = {"postgres://a:5432": "one", "postgres://b:5432": "two"}
    data = lines(event([], [dataset("db.s.t", namespace) for namespace in two]))
    assert set(properties(data)) == {"a:5432.db.s.t", "b:5432.db.s.t"}
    assert {d.name for d in compile_events(data, two).declarations} == {("one", "s", "t"), ("two", "s", "t")}


def test_the_settings_file_says_it(tmp_path: Path) -> None:
    (tmp_path / "ray_lineage.toml").write_text('[namespaces]\n"mysql://db:3306" = "shop"\n')
    settings = load_settings({}, cwd=str(tmp_path), environ={}).settings
    rules = Rules(settings)
    assert rules.options("e.json")[0].namespaces == (("mysql://db:3306", "shop"),)
    assert rules.options("e.sql")[0].namespaces == ()  # no other format is read anew when it changes
    other = Rules(load_settings({}, cwd=str(tmp_path.parent), environ={}).settings)
    assert rules.digest({"e.json": "x"}) != other.digest({"e.json": "x"})
    assert rules.digest({"e.sql": "x"}) == other.digest({"e.sql": "x"})


def test_descriptions_come_along() -> None:
    said = {
        "schema": {"fields": [{"name": "a", "type": "int", "description": "key"}]},
        "documentation": {"description": "Orders"},
    }
    data = lines(event([], [dataset("db.s.t", **said)]))
    (declared,) = compile_events(data, {}).declarations
    assert (declared.description, declared.columns[0].description) == ("Orders", "key")
