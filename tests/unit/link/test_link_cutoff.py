"""A file is linked again only where something it used is another now."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ray_lineage.link import Linker
from ray_lineage.link.contribute import contribute
from ray_lineage.link.symbols import Declared
from ray_lineage.link.view import Descriptions, FileView, Shape
from ray_lineage.model import FileFacts, Name, decode_facts, decode_outline
from tests.factory import facts
from tests.unit.link.scripts import apply, rounds_of


class Asking(FileView):
    """Remembers what a file asks."""

    def __init__(self, linker: Linker, path: str) -> None:
        super().__init__(linker._catalog)
        self.path = path
        self.facts: FileFacts = decode_facts(linker.facts_bytes(path))
        self.asked: dict[tuple[str, object], object] = {}

    def answer(self, what: str, about: object) -> object:
        if what == "resolve":
            return FileView.resolve(self, about)  # type: ignore[arg-type]
        if what == "ambiguous":
            return FileView.ambiguous(self, about)  # type: ignore[arg-type]
        assert isinstance(about, str)
        if what == "columns":
            return FileView.columns(self, about)
        if what == "shape":
            return FileView.shape(self, about)
        if what == "types":
            found = FileView.types(self, about)
            return [found.get(c) for c in FileView.columns(self, about) or ()]
        if what == "descriptions":
            return FileView.descriptions(self, about)
        if what == "spelled":
            return FileView.spelled(self, about)
        owner = FileView.owner(self, about)
        if owner is None:
            return ""
        if owner.path == self.path:
            return owner.signature.kind
        declares = any(
            not d.temporary and not d.adds and d.name and FileView.resolve(self, d.name) == about
            for d in self.facts.declarations
        )
        return (owner.path, owner.signature.line) if declares else ""  # who only adds columns shows nothing of it

    def _ask(self, what: str, about: object) -> None:
        self.asked[what, about] = self.answer(what, about)

    def resolve(self, name: Name) -> str:
        self._ask("resolve", name)
        return super().resolve(name)

    def ambiguous(self, name: Name) -> bool:
        self._ask("ambiguous", name)
        return super().ambiguous(name)

    def columns(self, dataset: str) -> tuple[str, ...] | None:
        self._ask("columns", dataset)
        return super().columns(dataset)

    def shape(self, dataset: str) -> Shape | None:
        self._ask("shape", dataset)
        return super().shape(dataset)

    def owner(self, dataset: str) -> Declared | None:
        self._ask("owner", dataset)
        return super().owner(dataset)

    def types(self, dataset: str) -> dict[str, str]:
        self._ask("types", dataset)
        return super().types(dataset)

    def spelled(self, dataset: str) -> dict[str, str]:
        self._ask("spelled", dataset)
        return super().spelled(dataset)

    def descriptions(self, dataset: str) -> Descriptions:
        self._ask("descriptions", dataset)
        return super().descriptions(dataset)


@pytest.mark.parametrize("dialect", ["postgres", "tsql"])
@settings(max_examples=60)
@given(data=st.data())
def test_exactly_the_files_are_linked_whose_answers_differ(data: st.DataObject, dialect: str) -> None:
    linker = Linker("p")
    files: dict[str, str] = {}
    asked: dict[str, Asking] = {}
    for edited in data.draw(rounds_of(dialect)):
        apply(linker, files, edited, dialect)
        again = linker.settle()
        put = {path for path, _ in edited if path in files}
        different = {
            path
            for path, before in asked.items()
            if path in files and path not in put
            for now in [Asking(linker, path)]
            if any(now.answer(*question) != answer for question, answer in before.asked.items())
        }
        assert set(again) == put | different
        for path in again:
            view = asked[path] = Asking(linker, path)
            contribution = contribute("p", path, linker.sha256(path), view.facts, view)
            names = decode_outline(linker.facts_bytes(path)).names
            named = {d for n in names for d in (n, linker._catalog.meaning(n)[0])}
            assert {
                *view._lists,
                *view._shapes,
                *view._known,
                *view._spelled,
            } <= named  # else nobody would hear of a change
            assert {t for t in view._meant | view._doubted if not t.startswith(("#", "@"))} <= set(names)
            linker.linked(path, contribution.fingerprint, view.uses(names))
    linker.close()


TABLE = "CREATE TABLE s.t (x int, y int)"
REPOSITORY = {
    "table.sql": TABLE,
    "twice.sql": "CREATE TABLE s.t (x int, z int)",
    "added.sql": "ALTER TABLE s.t ADD w int",
    "old.sql": "INSERT INTO s.t SELECT * FROM old.s.t",
    "view.sql": "CREATE VIEW s.v AS SELECT * FROM s.t WHERE x = 1",
    "over.sql": "CREATE VIEW s.o AS WITH q AS (SELECT * FROM s.v) SELECT * FROM q",
    "user.sql": "INSERT INTO s.u (x) SELECT x FROM s.v",
    "cycle.sql": "CREATE VIEW s.c AS SELECT * FROM s.d",
    "other.sql": "CREATE VIEW s.d AS SELECT * FROM s.c",
    "short.sql": "SELECT x FROM t",
}


@pytest.mark.parametrize(
    ("path", "text", "linked", "lists"),
    [
        ("view.sql", "-- new\nCREATE VIEW s.v AS SELECT * FROM s.t WHERE x = 2", [], 0),
        ("view.sql", "CREATE VIEW s.v AS SELECT * FROM s.t WHERE x IN (SELECT x FROM s.u)", [], 0),
        ("view.sql", "CREATE VIEW s.v AS SELECT q.* FROM (SELECT * FROM s.t) AS q", [], 1),
        ("view.sql", "CREATE VIEW s.v AS SELECT x FROM s.t", ["over.sql", "user.sql"], 1),
        ("over.sql", "/* new */ CREATE VIEW s.o AS WITH q AS (SELECT * FROM s.v) SELECT * FROM q", [], 0),
        ("table.sql", f"\n\n{TABLE}", ["twice.sql"], 0),
        ("table.sql", f"-- new\n{TABLE}", ["twice.sql"], 0),
        ("table.sql", TABLE.replace("y int", "y text"), [], 0),
        ("twice.sql", "\n\nCREATE TABLE s.t (x int, z text)", [], 0),
        ("added.sql", "\n\nALTER TABLE s.t ADD w int", [], 0),
        ("added.sql", "ALTER TABLE s.t ADD w text", ["table.sql"], 0),
        ("old.sql", "\nINSERT INTO s.t SELECT * FROM old.s.t WHERE x = 1", [], 0),
        ("other.sql", "\n\nCREATE VIEW s.d AS SELECT * FROM s.c", [], 0),
        ("other.sql", "CREATE VIEW s.d AS SELECT * FROM s.u", [], 2),
        ("user.sql", "INSERT INTO s.u (x) SELECT x FROM s.v, s.new", [], 0),
    ],
)  # fmt: skip
def test_what_an_edit_links_again(path: str, text: str, linked: list[str], lists: int) -> None:
    """Besides the file itself. A line is shown only where another file declares the same table."""
    linker = Linker("p")
    files = dict(REPOSITORY)
    apply(linker, {}, list(files.items()), "postgres")
    list(linker.link())
    before = linker.counts
    linker.put(path, "new", facts(text))
    assert linker.settle() == sorted([path, *linked])
    list(linker.link())
    assert linker.counts.files - before.files == 1 + len(linked)
    assert linker.counts.lists - before.lists == lists
    linker.close()


def test_a_list_that_two_ways_lead_to_is_computed_once() -> None:
    linker = Linker("p")
    linker.put("v0.sql", "", facts("CREATE TABLE v0 (x int)"))
    for n in range(1, 12):
        text = f"CREATE VIEW v{n} AS SELECT a.*, b.* FROM v{n - 1} AS a, v{max(n - 2, 0)} AS b"
        linker.put(f"v{n}.sql", "", facts(text))
    list(linker.link())
    before = linker.counts
    linker.put("v0.sql", "", facts("CREATE TABLE v0 (x int, y int)"))
    assert len(linker.settle()) == 12
    assert linker.counts.lists - before.lists == 11
    linker.close()
