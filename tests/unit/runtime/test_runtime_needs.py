"""A file is compiled with the files that it asks for, as they are now, whatever the order in which they are read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ray_lineage.compile import CompileOptions, registry
from ray_lineage.compile.facts import Facts
from ray_lineage.compile.fragment import compile_fragment
from ray_lineage.compile.frontend import FrontEnd, Source
from ray_lineage.compile.sqlfile import SQL
from ray_lineage.graph.sqlite import SqliteStore
from ray_lineage.model import FileFacts, SourceFile
from ray_lineage.runtime.ingest import ingest
from ray_lineage.runtime.needs import Needs
from ray_lineage.runtime.parse import Task
from ray_lineage.settings import load_settings


def located(path: str) -> SourceFile:
    return SourceFile(path, "/", path, 0, 0, 0, 0, 2)


def task(path: str) -> Task:
    return Task(located(path), CompileOptions())


def given_to(needs: Needs, hashes: dict[str, str]) -> dict[str, list[tuple[str, str]]]:
    return {t.file.path: [(g.file.path, g.file.sha256) for g in t.given] for t in needs.due(hashes, located)}


def test_the_nearest_file_of_that_name_is_given() -> None:
    needs = Needs()
    needs.note(task("a/b/x.py"), ("etl/c.py",))
    hashes = {"etl/c.py": "1", "a/etl/c.py": "2", "b/etl/c.py": "3"}
    assert given_to(needs, hashes) == {"a/b/x.py": [("a/etl/c.py", "2")]}
    assert given_to(needs, hashes) == {}
    del hashes["a/etl/c.py"]
    needs.discard("a/etl/c.py")
    assert given_to(needs, hashes) == {"a/b/x.py": [("etl/c.py", "1")]}


def test_nobody_is_given_itself_or_what_lies_outside() -> None:
    needs = Needs()
    needs.note(task("x.py"), ("x.py", "../y.py"))
    assert given_to(needs, {"x.py": "1", "y.py": "2"}) == {}


FILES = ["x.py", "a/x.py", "a/c.py", "c.py", "a/b/c.py"]


@given(st.lists(st.tuples(st.sampled_from(FILES), st.integers(0, 2)), max_size=20))
def test_whatever_happens_in_whichever_order_each_has_what_is_there_in_the_end(events: list[tuple[str, int]]) -> None:
    """A content of 0: it is gone. Files called x ask for c."""
    needs, hashes, has = Needs(), dict[str, str](), dict[str, list[tuple[str, str]]]()

    def tell(path: str, content: int) -> None:
        if content:
            hashes[path] = str(content)
            has[path] = []
            needs.note(task(path), ("c.py",) if path.endswith("x.py") else ())
        else:
            hashes.pop(path, None)
            has.pop(path, None)
            needs.discard(path)

    for path, content in events:
        tell(path, content)
        has.update(given_to(needs, hashes))
    for path in has:
        nearest = [p for p in ("a/c.py", "c.py") if p in hashes and (path == "a/x.py" or p == "c.py")]
        assert has[path] == ([(nearest[0], hashes[nearest[0]])] if nearest and path.endswith("x.py") else [])


def _compile(source: Source, options: CompileOptions) -> FileFacts:
    """``read NAME``: SQL that is in another file."""
    assert isinstance(source.content, str)
    facts, asked = Facts(), re.findall(r"read (\S+)", source.content)
    for name in asked:
        if name in source.given:
            facts.take(compile_fragment(source.given[name].decode(), "postgres"))
    return FileFacts("", "ok", tuple(facts.statements), needs=tuple(asked))


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> None:
    front = FrontEnd("reads", 1, (".job",), _compile, asks=True, embeds=(SQL,))
    monkeypatch.setattr(registry, "FRONT_ENDS", (SQL, front))
    monkeypatch.setattr("ray_lineage.runtime.plan.FORMATS", ("sql", "reads"))


@pytest.mark.usefixtures("reader")
def test_a_change_of_what_a_file_reads_compiles_it_anew(tmp_path: Path) -> None:
    root = tmp_path / "files"
    root.mkdir()
    settings = load_settings(
        {"data_dir": str(tmp_path / "d"), "executor": "local", "ingest_workers": 0, "project": "p"}, environ={}
    ).settings

    def written(**files: str) -> list[str]:
        for name, text in files.items():
            path = root / name.replace("_", ".")
            path.write_text(text) if text else path.unlink()
        ingest(settings, [str(root)])
        store = SqliteStore(str(tmp_path / "d" / "graph.db"), read_only=True)
        rows = store.dump("p")["WRITES"]
        store.close()
        return sorted(str(row[1]).split(":")[1] for row in rows if ".job" in str(row[0]))

    assert written(a_job="read b.sql", b_sql="INSERT INTO o SELECT a FROM t") == ["o"]
    assert written(b_sql="INSERT INTO p SELECT a FROM t") == ["p"]
    assert written(c_sql="SELECT 1") == ["p"]
    assert written(b_sql="") == []
    assert written(b_sql="INSERT INTO q SELECT a FROM t") == ["q"]
