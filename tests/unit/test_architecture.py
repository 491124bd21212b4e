"""ARCHITECTURE.md says what each room may import and touch; here the code is held to it.

There are no exceptions but those that say why.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from ray_lineage.compile import DIALECTS

_ROOT = Path(__file__).parent.parent.parent
_PACKAGE = "ray_lineage"
_TREES: Mapping[str, ast.Module] = {
    ".".join(path.relative_to(_ROOT).with_suffix("").parts).removesuffix(".__init__"): ast.parse(path.read_text())
    for path in sorted((_ROOT / _PACKAGE).rglob("*.py"))
}

INSIDE_RAY = {"runtime.cluster": {"_private", "_global_node"}}
"""What Ray has no public way to: a head that starts without its dashboard's statistics, and is found by its own user."""

SAY_ENGINES = (
    "compile.dbt.adapters",
    "compile.openlineage.names",
    "compile.openlineage.naming",
    "compile.python.libraries",
)
"""What others call engines: adapters of dbt, namespaces of OpenLineage, drivers of Python."""

_LIBRARIES = {
    "sqlglot": ("compile.sql",),
    "jinja2": ("compile.text.jinja",),
    "ray": (
        "runtime.actors", "runtime.cluster", "runtime.driver", "runtime.jobfigures", "runtime.metrics", "runtime.rayjob", "runtime.remote",
        "runtime.shipping",
    ),
    "neo4j": ("graph",),
    "sqlite3": ("graph",),
}  # fmt: skip
_OPEN_PRIVATE = {"_meta", "_replace", "_asdict", "_fields", "_missing_", "_is_protocol", "_exit"}
"""Names that are public in spite of their mark: of a node of sqlglot's, where it stands in the text; of named tuples; of ``os``."""


# --------------------------------------------------------------------------- what is imported


@cache
def imports(module: str) -> frozenset[str]:
    """The modules that a module imports, wherever in it the import stands."""
    return frozenset(_imports(_TREES[module]))


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in _TREES else node.module


@cache
def own_imports(module: str) -> set[str]:
    return {name for name in imports(module) if name in _TREES and name != module}


def room_of(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def short(module: str) -> str:
    return module.removeprefix(_PACKAGE + ".")


def allowed_rooms() -> dict[str, set[str]]:
    """The table of ARCHITECTURE.md: what each room may import, besides itself and the rooms that import nothing."""
    text = (_ROOT / "ARCHITECTURE.md").read_text()
    table = text[text.index("## Code map") :].split("\n\n")[2]
    rooms: dict[str, set[str]] = {}
    for row in table.split("\n")[2:]:
        names, _, imported = (cell.strip() for cell in row.strip("|").split(" | "))
        named = [name.strip("/").removesuffix(".py") for name in re.findall(r"`([\w./]+)`", names)]
        above = set(rooms)
        for room in named[:1]:
            words = {w.strip() for w in imported.split(",")} - {"-"}
            if words == {"everything"}:
                words = {*map(room_of, _TREES), "compile"} - {room}
            elif words == {"the rooms above"}:
                words = above
            rooms[room] = rooms.get(room, set()) | words
    free = {room for room, words in rooms.items() if not words}
    return {room: words | free for room, words in rooms.items()}


def test_the_table_names_every_room() -> None:
    assert set(allowed_rooms()) == {room_of(m) for m in _TREES} - {"", "__main__"}


def test_rooms_import_what_the_table_allows() -> None:
    allowed = {**allowed_rooms(), "": {"api"}, "__main__": {"cli"}}
    found = {
        f"{short(module)} -> {short(imported)}"
        for module in _TREES
        for imported in own_imports(module)
        if room_of(imported) not in {room_of(module), "", *allowed[room_of(module)]}
    }
    assert found == set()


def test_nothing_is_imported_in_a_circle() -> None:
    reached: dict[str, set[str]] = {}
    for module in _TREES:
        seen: set[str] = set()
        ahead = own_imports(module)
        while ahead:
            seen |= ahead
            ahead = {m for found in ahead for m in own_imports(found)} - seen
        reached[module] = seen
    assert {short(m) for m in _TREES if m in reached[m]} == set()


def floors() -> list[str]:
    """The floors of ``compile/sql`` as ARCHITECTURE.md lists them."""
    text = (_ROOT / "ARCHITECTURE.md").read_text()
    listed = text[text.index("Floors, lowest first") :].split(":", 1)[1].split(".\n", 1)[0]
    return re.findall(r"`(\w+)`", listed)


def test_the_compiler_imports_downwards_only() -> None:
    sql = f"{_PACKAGE}.compile.sql"
    floor = {name: level for level, name in enumerate(floors())}
    level = {m: floor[m.removeprefix(sql + ".").split(".")[0]] for m in _TREES if m.startswith(sql + ".")}
    upwards = {
        f"{short(module)} -> {short(imported)}"
        for module, own in level.items()
        for imported in own_imports(module)
        if imported in level
        and (level[imported] > own or (level[imported] == own and not _same_folder(module, imported)))
    }
    assert upwards == set()


def _same_folder(module: str, other: str) -> bool:
    return module.split(".")[:4] == other.split(".")[:4]


def test_facts_are_made_in_one_place() -> None:
    """The linker reads them; that they come from ``facts`` alone is what keeps their ordinals right."""
    made = {"StatementFacts", "Declaration", "Call", "ForeignKey"}
    makers = {
        short(m)
        for m in _TREES
        if room_of(m) == "compile"
        for node in ast.walk(_TREES[m])
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in made
    }
    assert makers == {"compile.facts"}


def test_no_reader_looks_back_at_statements() -> None:
    """What one reader has to know of another's statement is in the unit, in the routine, or was returned."""
    looking = {
        short(m)
        for m in _TREES
        if short(m).startswith("compile.sql.")
        for node in ast.walk(_TREES[m])
        if isinstance(node, ast.Attribute) and node.attr == "statements"
    }
    assert looking == set()


def sql_nodes() -> Iterator[tuple[str, ast.AST]]:
    return ((short(m), node) for m in _TREES if short(m).startswith("compile.sql.") for node in ast.walk(_TREES[m]))


def test_what_statements_say_is_written_down_in_one_place() -> None:
    """Readers return it: so it has one order, and nobody looks for what another one has done."""
    writing = {
        module
        for module, node in sql_nodes()
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("facts.add", "facts.statement"))
    }
    assert writing == {"compile.sql.script"}


def test_what_a_reader_returns_is_not_dropped() -> None:
    """Nothing else would notice: what several statements say is read as it is written down, or not at all."""
    readers = {
        node.name
        for _, node in sql_nodes()
        if isinstance(node, ast.FunctionDef) and node.returns and {"Written", "Said"} & words(ast.unparse(node.returns))
    }
    dropped = [
        f"{module}:{node.lineno}"
        for module, node in sql_nodes()
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and ast.unparse(node.value.func) in readers
    ]
    assert len(readers) > 80
    assert dropped == []


def words(annotation: str) -> set[str]:
    return set(re.findall(r"\w+", annotation))


def test_libraries_are_known_in_their_rooms_only() -> None:
    for library, rooms in _LIBRARIES.items():
        users = {short(m) for m in _TREES if any(name.split(".")[0] == library for name in imports(m))}
        assert {u for u in users if not u.startswith(rooms)} == set(), library


# --------------------------------------------------------------------------- what is named


def foreign_private(module: str) -> list[str]:
    tree = _TREES[module]
    own = {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    own |= {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store)}
    own |= {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    used = [n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)]
    used += [
        a.name
        for n in ast.walk(tree)
        if isinstance(n, ast.ImportFrom) and (n.module or "").startswith(_PACKAGE)
        for a in n.names
    ]
    private = [name for name in used if name.startswith("_") and not name.endswith("__")]
    return [name for name in private if name not in own and name not in _OPEN_PRIVATE]


def test_nobody_uses_anothers_private_names() -> None:
    found = {short(m): set(names) for m in _TREES if (names := foreign_private(m))}
    assert found == INSIDE_RAY


def engine_names(module: str) -> list[str]:
    """Literals that name an engine that is not the module's own."""
    own = module.split(".engines.")[1].split(".")[0] if ".engines." in module else ""
    values = [n.value for n in ast.walk(_TREES[module]) if isinstance(n, ast.Constant)]
    return [v for v in values if v in DIALECTS and v != own]


def test_an_engine_is_named_in_its_own_file_only() -> None:
    modules = [m for m in _TREES if room_of(m) in ("compile", "organize", "link")]
    found = {short(m): names for m in modules if (names := engine_names(m)) and short(m) not in SAY_ENGINES}
    assert found == {}


def test_nothing_is_called_after_an_engine_but_in_its_own_file() -> None:
    """A flag ``is_x`` or a function ``x_parameters`` asks for a name, too: what is meant has a name in a manual."""
    modules = [m for m in _TREES if short(m).startswith(("compile.sql.", "organize.", "link.")) and ".engines" not in m]
    found = {short(m): called for m in modules if (called := identifiers(m) & set(filter(None, DIALECTS)))}
    assert found == {}


def identifiers(module: str) -> set[str]:
    """The words of all that a module defines or uses, in small letters."""
    named = {
        getattr(node, key, None) for node in ast.walk(_TREES[module]) for key in ("id", "attr", "arg", "name")
    }  # fmt: skip
    text = " ".join(name for name in named if isinstance(name, str))
    return set(re.findall("[A-Z]?[a-z0-9]+|[A-Z0-9]+", text)) | set(re.findall("[a-z0-9]+", text.lower()))
