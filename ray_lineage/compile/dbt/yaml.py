"""Files of YAML of a dbt project: what they say about its models, sources and profiles, for the models that ask.

A model names what it needs (``FileFacts.needs``), and is given the file that provides it. Of their own they say what people
wrote about models, seeds, snapshots and their columns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any, Final

import msgspec

from ray_lineage.compile.facts import Facts
from ray_lineage.compile.frontend import Content, FrontEnd, Source
from ray_lineage.compile.options import CompileOptions
from ray_lineage.model import MODEL, Diagnostic, FileFacts

_REVISION: Final = 4
_FILES: Final = 256
"""Files that are remembered as they were read: all models of a project ask for the same ones."""

_NAMED: Final = frozenset({"dbt_project.yml", "profiles.yml"})
_FOLDERS: Final = frozenset({"models", "snapshots", "seeds", "macros"})
_MENTIONS: Final = re.compile(r"^(?:sources|models|seeds|snapshots|name|config-version|[\w-]+)\s*:", re.MULTILINE)
_MOST: Final = 2_000_000  # bytes

_DOC: Final = ("{{ doc(", "{{doc(")
"""A block of text in another file."""

Entry = Mapping[str, Any]


@lru_cache(_FILES)
def read_yaml(data: bytes) -> Entry:
    """The mapping that a file holds; empty if it holds none. Templates in it are texts, unless they stand where YAML has none.

    Raises ValueError for what is no YAML.
    """
    import yaml  # type: ignore[import-untyped]

    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # either makes plain data only
        found = yaml.load(data, loader)  # noqa: S506
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ValueError(str(error).split("\n", 1)[0]) from error
    return found if isinstance(found, dict) else {}


def provided(entry: Entry) -> Iterator[str]:
    """What a file says something about, as models ask for it."""
    for source, table in sources_in(entry):
        yield f"source:{source.get('name')}.{table.get('name')}"
    for model in models_in(entry):
        yield f"model:{model.get('name')}"
    if isinstance(entry.get("profile"), str):
        yield f"+profile:{entry['profile']}"
    for name, profile in entry.items():
        if isinstance(profile, dict) and isinstance(profile.get("outputs"), dict):
            yield f"profile:{name}"


def sources_in(entry: Entry) -> Iterator[tuple[Entry, Entry]]:
    """Each table with its source."""
    for source in _entries(entry, "sources"):
        for table in _entries(source, "tables"):
            yield source, table


def models_in(entry: Entry) -> Iterator[Entry]:
    """What is said of models, seeds and snapshots."""
    for key in ("models", "seeds", "snapshots"):
        yield from _entries(entry, key)


def _entries(entry: Entry, key: str) -> Iterator[Entry]:
    """The items of a list that have a name; dbt reads no others."""
    found = entry.get(key)
    for item in found if isinstance(found, list) else ():
        if isinstance(item, dict) and isinstance(item.get("name"), str):
            yield item


def _compile(source: Source, options: CompileOptions) -> FileFacts:
    assert isinstance(source.content, str)
    try:
        entry = read_yaml(source.content.encode())
    except ValueError as error:
        what = f"this is no YAML that can be read: {error}"
        return FileFacts("", "failed", diagnostics=(*source.diagnostics, Diagnostic("RL128", "warning", what)))
    facts = Facts()
    for model in models_in(entry):
        facts.describe((model["name"].lower(), MODEL), _text(model, "description"), _described(model))
    said = facts.file("", source.diagnostics)
    return msgspec.structs.replace(said, provides=tuple(dict.fromkeys(provided(entry))))


def _described(model: Entry) -> Iterator[tuple[str, str]]:
    """Columns of a model with what is written about them. Names in yaml have no case of their own."""
    for column in _entries(model, "columns"):
        yield column["name"].lower(), _text(column, "description")


def _text(entry: Entry, key: str) -> str:
    """What people wrote, if it is written here."""
    found = entry.get(key)
    return found if isinstance(found, str) and not found.lstrip().startswith(_DOC) else ""


def _claims(stem: str, content: Content) -> bool:
    return isinstance(content, str) and _MENTIONS.search(content) is not None


def _is_of_dbt(path: str) -> bool:
    """Files of YAML are many in a repository: those of dbt lie in its folders, or have a name that it looks for."""
    where = PurePosixPath(path)
    return where.name in _NAMED or not _FOLDERS.isdisjoint(where.parent.parts)


DBT_YAML: Final = FrontEnd(
    "dbt_yaml", _REVISION, (".yml", ".yaml"), _compile, claims=_claims, located=_is_of_dbt, max_size=_MOST
)
