"""Names of dbt models: what a ref means among the files of a project, settled incrementally as all names are."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ray_lineage.compile import CompileOptions, compile_source
from ray_lineage.link import Linker
from ray_lineage.model import Contribution, encode_facts


def facts(path: str, text: str, given: dict[str, bytes] | None = None) -> bytes:
    folder, _, name = path.rpartition("/")
    options = CompileOptions("snowflake", model=name.removesuffix(".sql"), folder=folder)
    return encode_facts(compile_source(text, options, (), given))


def project(name: str) -> dict[str, bytes]:
    return {"dbt_project.yml": f"name: {name}\n".encode()}


def edges(linker: Linker) -> set[tuple[str, str]]:
    return {(r[0][2:], r[1][2:]) for c in linker.link() for r in c.rows.get("FLOWS_TO", ())}


def linked(*files: tuple[str, str] | tuple[str, str, dict[str, bytes]]) -> set[tuple[str, str]]:
    linker = Linker("p")
    for path, text, *asked in files:
        linker.put(path, "", facts(path, text, *asked))
    found = edges(linker)
    linker.close()
    return found


READER = "select id from {{ ref('m') }}"


def test_a_ref_means_what_the_model_makes() -> None:
    model = "{{ config(database='lake', schema='mart', alias='t') }}select id from {{ source('raw', 'o') }}"
    assert linked(("m.sql", model), ("r.sql", READER)) == {("raw.o.id", "lake.mart.t.id"), ("lake.mart.t.id", "r.id")}


def test_a_model_that_nobody_makes_is_the_dataset_of_its_name() -> None:
    assert linked(("r.sql", READER)) == {("m.id", "r.id")}
    assert linked(("ddl.sql", "create table mart.m (id int)"), ("r.sql", READER)) == {("mart.m.id", "r.id")}


def test_a_ref_without_a_version_means_the_latest() -> None:
    files = [(f"m_v{n}.sql", f"{{{{ config(alias='t{n}') }}}}select id from {{{{ ref('o') }}}}") for n in (9, 10, 2)]
    assert ("t10.id", "r.id") in linked(*files, ("r.sql", READER))
    assert ("t2.id", "r.id") in linked(*files, ("r.sql", "select id from {{ ref('m', v=2) }}"))
    plain = ("m.sql", "{{ config(alias='plain') }}select id from {{ ref('o') }}")
    assert ("plain.id", "r.id") in linked(*files, plain, ("r.sql", READER))


def test_a_ref_with_a_package_means_the_model_of_that_package() -> None:
    files = [
        (f"{p}/models/m.sql", f"{{{{ config(alias='m_{p}') }}}}select id from {{{{ source('s', 'o') }}}}", project(p))
        for p in ("one", "two")
    ]
    assert ("m_two.id", "r.id") in linked(*files, ("r.sql", "select id from {{ ref('two', 'm') }}"))
    assert ("m_one.id", "r.id") in linked(*files, ("one/models/r.sql", READER, project("one")))


TEXTS = [
    "{{ config(alias='a') }}select id from {{ ref('k') }}",
    "{{ config(schema='s') }}select id, x from {{ ref('r') }}",
    "select * from {{ ref('m') }}",
    "select * from {{ ref('one', 'm') }} join {{ ref('two', 'r') }} using (id)",
    "create table s.m (id int, x int)",
    "create table k (id int)",
    "create view v as select * from m",
]
PATHS = ["m.sql", "r.sql", "k_v1.sql", "k_v2.sql", "one/m.sql", "two/m.sql", "two/r.sql"]
edits = st.lists(
    st.tuples(st.sampled_from(PATHS), st.one_of(st.none(), st.sampled_from(TEXTS))), min_size=1, max_size=6
)


def of(path: str, text: str) -> bytes:
    folder = path.rpartition("/")[0]
    return facts(path, text, project(folder) if folder else None)


def from_nothing(files: dict[str, str]) -> dict[str, Contribution]:
    linker = Linker("p")
    for path, text in files.items():
        linker.put(path, "", of(path, text))
    found = {c.path: c for c in linker.link()}
    linker.close()
    return found


@settings(max_examples=100)
@given(st.lists(edits, min_size=1, max_size=4), st.booleans())
def test_incremental_linking_is_as_linking_from_nothing(
    rounds: list[list[tuple[str, str | None]]], restored: bool
) -> None:
    linker = Linker("p")
    files: dict[str, str] = {}
    known: dict[str, Contribution] = {}
    for edited in rounds:
        for path, text in edited:
            if text is None:
                files.pop(path, None)
                linker.remove(path)
            else:
                files[path] = text
                linker.put(path, "", of(path, text))
        known.update({c.path: c for c in linker.link()})
        known = {path: c for path, c in known.items() if path in files}
        assert known == from_nothing(files)
        if restored:
            state = linker.save("tag")
            linker.close()
            linker = Linker("p", lambda path: of(path, files[path]))
            assert linker.restore(state, "tag")
    linker.close()
