"""Calls from one module to another: they end at the code that runs SQL, whichever module that is in."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ray_lineage.compile import CompileOptions, compile_source
from ray_lineage.link import Linker
from ray_lineage.link.shared import SharedCatalog, link_file
from ray_lineage.model import Contribution, FileFacts, encode_facts

LOAD = """
import sqlite3
con = sqlite3.connect("x")

def load_orders(c):
    c.execute("INSERT INTO core SELECT a FROM raw")

def nothing():
    pass

class Loader:
    def __init__(self, c):
        self.c = c

    def run(self):
        con.execute("DELETE FROM stage")

class Eager:
    def __init__(self):
        con.execute("DELETE FROM eager")
"""


def compiled(path: str, text: str) -> FileFacts:
    folder, _, name = path.rpartition("/")
    options = CompileOptions("sqlite", model=name.removesuffix(".py"), folder=folder, formats=("python",))
    return compile_source(text.encode(), options)


def linker_of(files: dict[str, str]) -> Linker:
    linker = Linker("p")
    for path, text in files.items():
        linker.put(path, text, encode_facts(compiled(path, text)))
    return linker


def shown(identity: str) -> str:
    return identity.removeprefix("p:").strip('"')


def calls(files: dict[str, str]) -> set[tuple[str, str]]:
    """Who calls whom in the graph."""
    linker = linker_of(files)
    found = {(shown(r[0]), shown(r[1])) for c in linker.link() for r in c.rows.get("CALLS", ())}
    linker.close()
    return found


def nodes(files: dict[str, str]) -> set[str]:
    linker = linker_of(files)
    found = {shown(r[1]) for c in linker.link() for r in c.rows.get("DECLARES", ())}
    linker.close()
    return found


def main(code: str) -> str:
    lines = "\n".join(f"    {line}" for line in code.splitlines())
    return f"def main():\n{lines}\n\nif __name__ == '__main__':\n    main()\n"


@pytest.mark.parametrize(
    ("code", "callee"),
    [
        ("from etl.load import load_orders\nload_orders(1)", "etl.load.load_orders"),
        ("from etl.load import load_orders as go\ngo(1)", "etl.load.load_orders"),
        ("import etl.load as l\nl.load_orders(1)", "etl.load.load_orders"),
        ("import etl.load\netl.load.load_orders(1)", "etl.load.load_orders"),
        ("from etl import load\nload.load_orders(1)", "etl.load.load_orders"),
        ("from etl.load import Loader\nLoader(1).run()", "etl.load.Loader.run"),
        ("from etl.load import Loader\nx = Loader(1)\nx.run()", "etl.load.Loader.run"),
        ("from etl.load import Loader\nwith Loader(1) as x:\n    x.run()", "etl.load.Loader.run"),
        ("from etl.load import Eager\nEager()", "etl.load.Eager.__init__"),
        (
            "from etl.load import load_orders\nPythonOperator(task_id='t', python_callable=load_orders)",
            "etl.load.load_orders",
        ),
    ],
)
def test_what_is_imported_is_called(code: str, callee: str) -> None:
    assert calls({"etl/load.py": LOAD, "jobs/run.py": main(code)}) == {
        ("jobs.run.main", callee),
        ("jobs.run", "jobs.run.main"),
    }


@pytest.mark.parametrize(
    "code",
    [
        "from etl.load import nothing\nnothing()",  # it runs nothing
        "from etl.load import Loader\nLoader(1)",  # nor does its constructor
        "from etl.load import gone\ngone()",
        "from other.load import load_orders\nload_orders(1)",
        "from etl.load import load_orders\nload_orders = print\nload_orders(1)",
        "from json import load_orders\nload_orders(1)",
    ],
)
def test_what_runs_nothing_has_no_callers(code: str) -> None:
    files = {"etl/load.py": LOAD, "jobs/run.py": main(code)}
    assert calls(files) == set()
    assert not {n for n in nodes(files) if n.startswith("jobs")}


@pytest.mark.parametrize(
    ("module", "importer", "code", "callee"),
    [
        ("etl/load.py", "etl/run.py", "from .load import load_orders", "etl.load.load_orders"),
        ("etl/load.py", "etl/jobs/run.py", "from ..load import load_orders", "etl.load.load_orders"),
        ("etl/load.py", "etl/run.py", "from load import load_orders", "etl.load.load_orders"),  # a script's folder
        ("a/etl/load.py", "a/jobs/run.py", "from etl.load import load_orders", "a.etl.load.load_orders"),
        ("src/etl/load.py", "tests/run.py", "from etl.load import load_orders", "src.etl.load.load_orders"),
        ("plugins/load.py", "dags/run.py", "from load import load_orders", "plugins.load.load_orders"),
        ("load.py", "run.py", "from load import load_orders", "load.load_orders"),
    ],
)
def test_modules_are_found_as_python_finds_them(module: str, importer: str, code: str, callee: str) -> None:
    assert callee in {b for _, b in calls({module: LOAD, importer: main(f"{code}\nload_orders(1)")})}


def test_the_nearest_of_several_modules_is_meant() -> None:
    files = {
        "etl/load.py": LOAD,
        "a/etl/load.py": LOAD,
        "a/run.py": main("from etl.load import load_orders\nload_orders(1)"),
    }
    assert {b for a, b in calls(files) if a == "a.run.main"} == {"a.etl.load.load_orders"}


def test_a_package_hands_functions_on() -> None:
    files = {
        "etl/load.py": LOAD,
        "etl/__init__.py": "from .load import load_orders, nothing as other\n",
        "run.py": main("from etl import load_orders, other\nload_orders(1)\nother()"),
    }
    assert calls(files) == {
        ("run.main", "etl.load_orders"),
        ("etl.load_orders", "etl.load.load_orders"),
        ("run.py", "run.main"),
    }
    assert nodes(files) >= {"etl.load_orders"}
    assert "etl.other" not in nodes(files)


def test_calls_go_on_through_modules_that_run_nothing_themselves() -> None:
    files = {
        "etl/load.py": LOAD,
        "jobs/daily.py": f"from etl.load import load_orders\n{main('load_orders(1)')}",
        "dags/d.py": "from airflow import DAG\nfrom jobs.daily import main\nPythonOperator(python_callable=main)\n",
    }
    assert calls(files) == {
        ("dags.d", "jobs.daily.main"),
        ("jobs.daily", "jobs.daily.main"),
        ("jobs.daily.main", "etl.load.load_orders"),
    }


def test_callers_of_what_runs_nothing_any_more_are_gone() -> None:
    files = {"etl/load.py": LOAD, "run.py": main("from etl.load import load_orders\nload_orders(1)")}
    linker = linker_of(files)
    list(linker.link())
    linker.put("etl/load.py", "other", encode_facts(compiled("etl/load.py", LOAD.replace("c.execute", "print"))))
    rows = {c.path: c.rows for c in linker.link()}
    assert set(rows) == {"etl/load.py", "run.py"}
    assert set(rows["run.py"]) == {"File"}
    linker.close()


TEXTS = [
    "import sqlite3\ncon = sqlite3.connect('x')\ndef f():\n    con.execute('INSERT INTO t SELECT a FROM s')\n",
    "def f():\n    pass\n",
    main("from a.m import f\nf()").replace("main", "f"),
    main("from b.m import f\nf()").replace("main", "f"),
    main("from a import f\nf()").replace("main", "f"),
    main("import m\nm.f()\ng()") + "\ndef g():\n    from b import m\n    m.f()\n",
    "from .m import f\n",
    "from b.m import f\n",
]
PATHS = ["a/m.py", "b/m.py", "m.py", "a/__init__.py", "b/__init__.py", "src/a/m.py", "c/run.py"]
edits = st.lists(
    st.tuples(st.sampled_from(PATHS), st.one_of(st.none(), st.sampled_from(TEXTS))), min_size=1, max_size=5
)


def from_nothing(files: dict[str, str]) -> dict[str, Contribution]:
    linker = linker_of(files)
    found = {c.path: c for c in linker.link()}
    linker.close()
    return found


def link_shared(linker: Linker) -> list[Contribution]:
    """As another process would, from the shared catalog."""
    work, catalog = linker.settle(), SharedCatalog(linker.shared())
    done = [link_file("p", path, linker.sha256(path), linker.facts_bytes(path), catalog) for path in work]
    return [c for c, uses in done if linker.linked(c.path, c.fingerprint, uses)]


@settings(max_examples=60)
@given(st.lists(edits, min_size=1, max_size=4), st.sampled_from(["alone", "restored", "shared"]))
def test_edits_give_what_linking_from_nothing_gives(rounds: list[list[tuple[str, str | None]]], how: str) -> None:
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
                linker.put(path, text, encode_facts(compiled(path, text)))
        known.update({c.path: c for c in (link_shared(linker) if how == "shared" else linker.link())})
        known = {path: c for path, c in known.items() if path in files}
        assert known == from_nothing(files)
        if how == "restored":
            state = linker.save("tag")
            linker.close()
            linker = Linker("p", lambda path: encode_facts(compiled(path, files[path])))
            assert linker.restore(state, "tag")
    linker.close()
