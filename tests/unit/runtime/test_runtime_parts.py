"""A manifest is a file a node: each is stored by itself, and whatever happens to the manifest, the graph is that of a clean ingest."""

from __future__ import annotations

import contextlib
import json
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st

from ray_lineage.cache import ParseCache
from ray_lineage.compile import CompileOptions
from ray_lineage.compile.registry import FRONT_ENDS
from ray_lineage.graph.sqlite import SqliteStore
from ray_lineage.model import (
    CONTAINERS,
    Diagnostic,
    FileState,
    Priority,
    SourceFile,
    container_of,
    decode_facts,
    decode_head,
    encode_facts,
    part_path,
)
from ray_lineage.query.lineage import walk
from ray_lineage.runtime import parse
from ray_lineage.runtime.ingest import ingest
from ray_lineage.runtime.load import FactsLost, Loader, Prepare
from ray_lineage.runtime.parts import Parts, whole_states
from ray_lineage.runtime.verify import verify
from ray_lineage.settings import Settings, load_settings
from tests.unit.inputs.manifests import manifest, model, source
from tests.unit.runtime.test_runtime_ingest import accounted, dump, write

MANIFEST = "target/manifest.json"
PROJECT: dict[str, str | None] = {"dbt_project.yml": "name: shop\n", "models/m0.sql": "select 1 as wrong"}


def settings(folder: Path, **more: object) -> Settings:
    chosen = {"data_dir": str(folder / "data"), "executor": "local", "ingest_workers": 0, "project": "p", **more}
    return load_settings(chosen, environ={}).settings


def chain(count: int, **changed: str) -> str:
    """Models of which each reads the one before it; the first one reads a source."""
    nodes = [source("o"), model("m0", changed.get("m0", "select id, a from db.raw.o"), "source.shop.raw.o")]
    for k in range(1, count):
        nodes.append(model(f"m{k}", changed.get(f"m{k}", f"select id, a from db.main.m{k - 1}"), f"m{k - 1}"))
    return manifest(*nodes)


def files(folder: Path) -> dict[str, tuple[Any, ...]]:
    return {str(row[2]): row for row in dump(folder)["File"]}


# --------------------------------------------------------------------------- one changed node


def test_a_node_that_changes_is_the_only_one_that_is_written(tmp_path: Path) -> None:
    root = tmp_path / "sql"
    write(root, {**PROJECT, MANIFEST: chain(20)})
    first = ingest(settings(tmp_path), [str(root)])
    accounted(first)
    before, rows = files(tmp_path), dump(tmp_path)
    assert {p for p in before if p.startswith(MANIFEST)} == {
        MANIFEST, f"{MANIFEST}#source.shop.raw.o", *(f"{MANIFEST}#model.shop.m{k}" for k in range(20)),
    }  # fmt: skip
    assert before[f"{MANIFEST}#model.shop.m3"][9] == "models/m3.sql"  # where its lines are
    assert before["models/m0.sql"][6] == "skipped"

    write(root, {MANIFEST: chain(20, m7="select id, 2 * a as a from db.main.m6")})
    again = ingest(settings(tmp_path), [str(root)])
    accounted(again)
    after = files(tmp_path)
    assert {path for path in after if after[path] != before[path]} == {MANIFEST, f"{MANIFEST}#model.shop.m7"}
    different = set(dump(tmp_path)["FLOWS_TO"]) ^ set(rows["FLOWS_TO"])
    assert {row[2] for row in different} == {f"p:{MANIFEST}#model.shop.m7"}
    assert again.rows_written < 20
    assert verify(settings(tmp_path), [str(root)], deep=True).equal


def test_a_manifest_that_nobody_changed_is_left_alone(tmp_path: Path) -> None:
    root = tmp_path / "sql"
    write(root, {**PROJECT, MANIFEST: chain(3)})
    ingest(settings(tmp_path), [str(root)])
    before = dump(tmp_path)
    found = json.loads(chain(3))
    write(root, {MANIFEST: json.dumps({**found, "metadata": {**found["metadata"], "generated_at": "now"}}, indent=1)})
    again = ingest(settings(tmp_path), [str(root)])
    assert again.files_written == 1
    same = {kind: rows for kind, rows in dump(tmp_path).items() if kind != "File"}
    assert same == {kind: rows for kind, rows in before.items() if kind != "File"}


# --------------------------------------------------------------------------- any sequence of edits

names = st.sampled_from([f"m{k}" for k in range(4)])
queries = st.sampled_from(
    [
        "select id, a from db.raw.o",
        "select * from db.main.m1",
        "select a as b from db.main.m2 where id > 1",
        "select ((",
        "",
    ]
)
manifests = st.dictionaries(names, queries, max_size=4).map(
    lambda models: manifest(source("o"), *(model(name, sql, "m1") for name, sql in models.items()))
)
edits = st.lists(
    st.tuples(st.one_of(manifests, st.just(None), st.just("{")), st.booleans(), st.booleans()), min_size=1, max_size=5
)


@profile(max_examples=12, deadline=None)
@given(edits)
def test_any_edits_give_what_a_clean_ingest_gives(steps: list[tuple[str | None, bool, bool]]) -> None:
    """The manifest changes, goes, comes back or breaks; a file that it covers is edited; the cache is there or not."""
    with tempfile.TemporaryDirectory() as name:
        folder, root = Path(name), Path(name) / "sql"
        write(root, {**PROJECT, "v.sql": "CREATE VIEW v AS SELECT a FROM db.main.m1"})
        for number, (text, edited, cached) in enumerate(steps):
            if text is not None or (root / MANIFEST).exists():
                write(root, {MANIFEST: text})
            if edited:
                write(root, {"models/m0.sql": f"select {number} as n from db.raw.o"})
            ingest(settings(folder, enable_parse_cache=cached, max_delete_percent=100), [str(root)])
            clean = folder / f"clean{number}"
            ingest(settings(clean), [str(root)])
            assert dump(folder) == dump(clean)


# --------------------------------------------------------------------------- faults


def test_a_manifest_that_cannot_be_read_keeps_its_nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "sql"
    write(root, {**PROJECT, MANIFEST: chain(4), "v.sql": "CREATE VIEW v AS SELECT * FROM db.main.m3"})
    ingest(settings(tmp_path), [str(root)])
    before, real = dump(tmp_path), parse.read_bytes

    def refuse(file: object, limit: int) -> bytes:
        if getattr(file, "path", "") == MANIFEST:
            raise parse.SourceFault("unreadable", Diagnostic("RL004", "error", "cannot be read"))
        return real(file, limit)  # type: ignore[arg-type]

    monkeypatch.setattr(parse, "read_bytes", refuse)
    summary = ingest(settings(tmp_path), [str(root)])
    assert not summary.settled
    assert dump(tmp_path) == before


def test_a_node_that_takes_too_long_has_the_manifest_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "sql"
    write(root, {**PROJECT, MANIFEST: chain(4)})
    ingest(settings(tmp_path), [str(root)])
    before = dump(tmp_path)
    from ray_lineage.compile.dbt import facts

    def slow(content: bytes) -> object:
        raise parse.SoftTimeout

    monkeypatch.setattr(facts, "compile_part", slow)
    write(root, {MANIFEST: chain(4, m2="select 1 as x")})
    summary = ingest(settings(tmp_path), [str(root)])
    assert not summary.settled
    found = [f for f in summary.findings if f.code == "RL190"]
    assert "model.shop.m2" in found[0].message
    assert dump(tmp_path) == before


# --------------------------------------------------------------------------- names and states


def test_what_is_called_as_a_part_is_no_file_of_its_own(tmp_path: Path) -> None:
    root = tmp_path / "sql"
    write(root, {"a.json#model.shop.m.sql": "CREATE TABLE t (a int)", "b#c.sql": "CREATE TABLE u (a int)"})
    ingest(settings(tmp_path), [str(root)])
    assert list(files(tmp_path)) == ["b#c.sql"]


def test_front_ends_with_parts_have_suffixes_that_say_so() -> None:
    assert {suffix for front in FRONT_ENDS if front.split for suffix in front.suffixes} == set(CONTAINERS)


@given(st.text(), st.text(min_size=1))
def test_a_part_is_known_by_its_path(folder: str, name: str) -> None:
    container = f"{folder.replace('#', '_')}x.json"
    path = part_path(container, name)
    assert container_of(path) == container
    assert container_of(container) == ""
    assert "/" not in path[len(container) :]


def test_states_of_parts_are_their_files() -> None:
    def state(path: str, fingerprint: str = "f", status: str = "ok") -> FileState:
        return FileState(path, "sha", fingerprint, status)

    found = whole_states(
        {
            s.path: s
            for s in (
                state("a.sql"), state("m.json"), state("m.json#x"),  # whole
                state("n.json"), state("n.json#x"), state("n.json#y", ""),  # a part is missing
                state("o.json"), state("o.json#x", "f", "failed"),
                state("p.json#x"),  # its file is not stored
            )
        }
    )  # fmt: skip
    assert found == {
        "a.sql": state("a.sql"),
        "m.json": state("m.json"),
        "n.json": FileState("n.json", "", "", "ok"),
        "o.json": FileState("o.json", "", "", "failed"),
        "p.json": FileState("p.json", "", "", "ok"),
    }


def test_parts_that_a_file_names_no_more_are_gone_until_that_is_committed() -> None:
    parts = Parts(["m.json#a", "m.json#b", "x.sql"])
    known = {"m.json#a": "1"}
    assert parts.take("m.json", [("a", "1"), ("c", "3")], lambda p: known.get(p, "")) == {"m.json#b"}
    assert parts.is_as_before("m.json#a")
    assert not parts.is_as_before("m.json#a")  # told once: what comes next is another one
    assert not parts.is_as_before("m.json#c")
    assert parts.gone(["x.sql"]) == parts.gone(["x.sql"]) == ["x.sql", "m.json#b"]
    parts.committed()
    assert parts.gone(["m.json"]) == ["m.json", "m.json#a", "m.json#c"]
    parts.committed()
    assert parts.gone([]) == []


def test_a_part_that_comes_back_is_not_gone() -> None:
    parts = Parts(["m.json#a"])
    assert parts.take("m.json", [], lambda _: "") == {"m.json#a"}
    assert parts.take("m.json", [("a", "1")], lambda _: "") == set()
    assert parts.gone([]) == []


def test_an_answer_names_the_file_that_the_model_was_written_in(tmp_path: Path) -> None:
    root = tmp_path / "sql"
    write(root, {**PROJECT, MANIFEST: chain(2)})
    ingest(settings(tmp_path), [str(root)])
    with contextlib.closing(SqliteStore(str(tmp_path / "data" / "graph.db"), read_only=True)) as store:
        found = walk(store, "m1.a", "upstream")
    assert {(s.source, s.file, s.line) for s in found.steps} == {
        ("db.main.m0.a", "models/m1.sql", 1),
        ("db.raw.o.a", "models/m0.sql", 1),
    }


# --------------------------------------------------------------------------- what the graph holds is not told again


def manifest_task(root: Path, **more: Any) -> parse.Task:
    path = root / MANIFEST
    found = path.stat()
    file = SourceFile(
        MANIFEST, str(root), MANIFEST, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, int(Priority.BATCH)
    )  # fmt: skip
    return parse.Task(file, CompileOptions(formats=("dbt",)), **more)


def test_a_worker_leaves_out_the_parts_that_the_graph_has(tmp_path: Path) -> None:
    with contextlib.closing(ParseCache.open(str(tmp_path / "cache"), max_bytes=2**26)) as cache:
        write(tmp_path, {MANIFEST: chain(4)})
        (first, *parts), _ = parse.parse_batch([manifest_task(tmp_path)], cache)
        assert len(parts) == 5
        write(tmp_path, {MANIFEST: chain(4, m2="select id, 2 * a as a from db.main.m1")})
        metas, payload = parse.parse_batch([manifest_task(tmp_path, held=first.sha256)], cache)
        assert [m.path for m in metas] == [MANIFEST, f"{MANIFEST}#model.shop.m2"]
        again, everything = parse.parse_batch([manifest_task(tmp_path, fresh=True)], cache)
        assert decode_facts(payload[0]) == decode_facts(everything[0])
        assert payload[1] == everything[[m.path for m in again].index(metas[1].path)]

        write(
            tmp_path, {MANIFEST: chain(4, m2="select a from x; selec b frm")}
        )  # of one that is not right, what is right is known too
        (broken, *_), _ = parse.parse_batch([manifest_task(tmp_path, held=metas[0].sha256)], cache)
        write(tmp_path, {MANIFEST: chain(4, m2="select a from x; selec b frm", m3="select 1 as k")})
        metas, payload = parse.parse_batch([manifest_task(tmp_path, held=broken.sha256)], cache)
        assert [m.path for m in metas] == [MANIFEST, f"{MANIFEST}#model.shop.m3"]
        assert decode_head(payload[0]).status == "partial"


def test_a_part_that_the_cache_lost_is_compiled_again(tmp_path: Path) -> None:
    with contextlib.closing(ParseCache.open(str(tmp_path / "cache"), max_bytes=2**26)) as cache:
        write(tmp_path, {MANIFEST: chain(4)})
        (_, *parts), facts = parse.parse_batch([manifest_task(tmp_path)], cache)
        cache._delete([parse.part_key(parts[2].sha256)])
        write(tmp_path, {MANIFEST: chain(4) + " "})
        metas, again = parse.parse_batch([manifest_task(tmp_path)], cache)
        assert ([m.path for m in metas[1:]], again[1:]) == ([m.path for m in parts], facts[1:])


def test_a_part_that_did_not_come_is_taken_from_the_cache(tmp_path: Path) -> None:
    root = tmp_path / "sql"
    write(root, {**PROJECT, MANIFEST: chain(4)})
    ingest(settings(tmp_path), [str(root)])
    loader = Loader(settings(tmp_path), "p")
    try:
        loader.begin()
        write(tmp_path, {MANIFEST: chain(5, m3="select id from db.main.m2")})
        with contextlib.closing(
            ParseCache.open(str(tmp_path / "data/.cache/parse_cache.lmdb"), max_bytes=2**26)
        ) as cache:
            (own, *parts), facts = parse.parse_batch([manifest_task(tmp_path)], cache)
        loader.put(own.path, own.sha256, facts[0])
        assert {f"{MANIFEST}#model.shop.m3", f"{MANIFEST}#model.shop.m4"} <= {
            t.path for t in loader.prepare(Prepare([])).tasks
        }

        unknown = msgspec.structs.replace(decode_facts(facts[0]), parts=(("model.shop.m3", "0" * 64),))
        loader.put(own.path, own.sha256, encode_facts(unknown))
        with pytest.raises(FactsLost):
            loader.prepare(Prepare([]))
    finally:
        loader.close()
    assert len(parts) == 6


def test_parts_whose_facts_did_not_come_are_awaited() -> None:
    parts = Parts()
    parts.take("m.json", [("a", "1"), ("b", "2"), ("c", "3")], {"m.json#c": "3"}.get)  # type: ignore[arg-type]
    assert not parts.is_as_before("m.json#a")
    assert parts.awaited() == {"m.json#b": "2"}
    assert parts.awaited() == {}
    parts.take("m.json", [("a", "4")], lambda _: "")
    parts.gone(["m.json"])
    assert parts.awaited() == {}
