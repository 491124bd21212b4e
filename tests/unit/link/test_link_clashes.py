"""Two databases that are taken for one: names with other columns in other folders."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ray_lineage.compile import CompileOptions, compile_source
from ray_lineage.graph.sqlite import SqliteStore
from ray_lineage.link import Linker
from ray_lineage.link.clashes import parting
from ray_lineage.model import FileDiagnostic, encode_facts
from ray_lineage.query.diagnostics import by_file
from ray_lineage.runtime.ingest import ingest
from ray_lineage.settings import FolderRule, load_settings

CRM = "CREATE TABLE dbo.customer (id int, name text, mail text);"
ERP = "CREATE TABLE dbo.customer (id int, name text, vat text, iban text);"


def put(linker: Linker, path: str, text: str, dialect: str = "tsql") -> None:
    linker.put(path, "", encode_facts(compile_source(text, CompileOptions(dialect))))


def found(files: dict[str, str], dialect: str = "tsql") -> list[FileDiagnostic]:
    linker = Linker("p")
    for path, text in files.items():
        put(linker, path, text, dialect)
    linker.settle()
    clashes = linker.clashes()
    linker.close()
    return clashes


def test_two_folders_are_named_once_with_the_lines_that_tell_them_apart() -> None:
    more = "CREATE TABLE dbo.item (a int);"
    (clash,) = found(
        {"crm/t/customer.sql": CRM + more, "erp/customer.sql": "\n" + ERP + more.replace("a int", "b int")}
    )
    assert (clash.path, clash.line, clash.code, clash.severity) == ("erp/customer.sql", 2, "RL308", "warning")
    assert "dbo.customer has 3 other columns here than in crm/t/customer.sql:1 (and 1 more names" in clash.message
    assert '[[folders]] path = "crm" default_catalog = "crm"' in clash.message
    assert '[[folders]] path = "erp" default_catalog = "erp"' in clash.message


def test_a_name_of_one_part_is_told_apart_by_its_schema() -> None:
    (clash,) = found({"w/a/t.sql": "CREATE TABLE t (a int);", "w/b/t.sql": "CREATE TABLE t (b int);"}, "mysql")
    assert '[[folders]] path = "w/a" default_schema = "a"' in clash.message


@pytest.mark.parametrize(
    "files",
    [
        {"crm/a.sql": CRM, "erp/a.sql": CRM},
        {"crm/a.sql": CRM, "erp/a.sql": "CREATE TABLE dbo.customer (mail text, name text, id int)"},
        {"crm/a.sql": CRM, "crm/b.sql": ERP},
        {"a.sql": CRM, "erp/b.sql": ERP},
        {"crm/a.sql": CRM, "erp/b.sql": "ALTER TABLE dbo.customer ADD vat text"},
        {"crm/a.sql": CRM.replace("dbo", "crm.dbo"), "erp/a.sql": ERP.replace("dbo", "crm.dbo")},
        {"crm/a.sql": CRM.replace("dbo", "crm.dbo"), "erp/a.sql": ERP.replace("dbo", "erp.dbo")},
        {"crm/a.sql": CRM, "erp/a.sql": "SELECT id, vat FROM dbo.customer"},
    ],
    ids=["equal", "in another order", "one folder", "no folder", "added to", "a catalog is written", "two catalogs", "only read"],
)  # fmt: skip
def test_nothing_is_said_of(files: dict[str, str]) -> None:
    assert found(files) == []


def test_it_is_said_once_for_each_two_folders() -> None:
    files = {f"{folder}/{n}.sql": f"CREATE TABLE dbo.t{n} (k int, {folder} int)" for folder in "abc" for n in range(9)}
    assert [(f.path, "8 more names" in f.message) for f in found(files)] == [("b/0.sql", True), ("c/0.sql", True)]


PATHS = st.lists(st.sampled_from("abcd"), min_size=1, max_size=4).map("/".join)


@given(PATHS, PATHS)
def test_paths_part_in_folders_beside_one_another(one: str, other: str) -> None:
    here, there = parting(one, other)
    assert parting(other, one) == (there, here)
    for folder, path in ((here, one), (there, other)):
        assert not folder or path.startswith(folder + "/")
    if here and there:
        assert here != there
        assert here.rpartition("/")[0] == there.rpartition("/")[0]


def test_the_order_of_files_and_edits_does_not_matter() -> None:
    files = {f"{f}/{n}.sql": f"CREATE TABLE dbo.t{n} (k int, {f} int)" for f in "abc" for n in range(4)}
    shuffled = list(files.items())
    random.Random(1).shuffle(shuffled)
    assert found(dict(shuffled)) == found(files)

    linker = Linker("p")
    before = {path: text.replace("int", "text").replace("k ", "other ") for path, text in shuffled}
    gone = {f"d/{n}.sql": f"CREATE TABLE dbo.t{n} (d int)" for n in range(4)}
    for path, text in ({**gone, **before} | {"b/0.sql": "SELECT 1"}).items():
        put(linker, path, text)
    linker.settle()
    assert len(linker.clashes()) == 3  # of a with b, c and d
    for path in gone:
        linker.remove(path)
    for path, text in shuffled:
        put(linker, path, text)
        linker.settle()
    assert linker.clashes() == found(files)
    linker.close()


def test_a_run_tells_of_it_again_and_again_until_settings_tell_the_folders_apart(tmp_path: Path) -> None:
    for folder, text in (("crm", CRM), ("erp", ERP)):
        (tmp_path / "sql" / folder).mkdir(parents=True)
        (tmp_path / "sql" / folder / "customer.sql").write_text(text)

    def run(*rules: FolderRule) -> tuple[bool, list[str]]:
        flags = {
            "data_dir": str(tmp_path / "data"),
            "project": "p",
            "dialect": "tsql",
            "ingest_workers": 0,
            "folders": rules,
        }
        summary = ingest(load_settings(flags, environ={}).settings, [str(tmp_path / "sql")])
        assert summary.diagnostics.get("RL308", 0) == sum(f.code == "RL308" for f in summary.findings)
        store = SqliteStore(str(tmp_path / "data" / "graph.db"), read_only=True)
        stored = [(path, d.code) for (_, path), some in by_file(store, "p").items() for d in some if d.code == "RL308"]
        store.close()
        told = [f.path for f in summary.findings if f.code == "RL308"]
        assert stored == [(path, "RL308") for path in told]
        return summary.unchanged == summary.files, told

    assert run() == (False, ["erp/customer.sql"])
    assert run() == (True, ["erp/customer.sql"])
    assert run(*(FolderRule(path=f, default_catalog=f) for f in ("crm", "erp"))) == (False, [])
