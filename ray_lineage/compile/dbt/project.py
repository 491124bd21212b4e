"""A dbt project as one of its files sees it: the configuration, sources and macros that it asked for.

Needs are names: ``dbt_project.yml`` is the nearest file of that name; ``macro:[package]/name``, ``source:name.table``,
``model:name`` and ``profile:name`` are the nearest file that says something of it.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from ray_lineage.compile.dbt.adapters import dialect_of
from ray_lineage.compile.dbt.schemas import MACROS
from ray_lineage.compile.dbt.yaml import Entry, models_in, read_yaml, sources_in

if TYPE_CHECKING:
    from ray_lineage.compile.text.jinja_macros import Library
    from ray_lineage.compile.text.template import Template

PROJECT: Final = "dbt_project.yml"
_NOT_MODELS: Final = {"test-paths": ("tests",), "analysis-paths": ("analyses", "analysis"), "macro-paths": ("macros",)}
_MODEL_PATHS: Final = ("model-paths", "source-paths")
_USUAL_MODELS: Final = ("models",)
_UNNAMED_TARGET: Final = "default"
_MODELS: Final = {
    "model-paths": ("models",), "source-paths": ("models",), "snapshot-paths": ("snapshots",),
}  # fmt: skip


class Project:
    """What was ``given`` to a file in ``folder`` (a project path)."""

    def __init__(self, folder: str = "", given: Mapping[str, bytes] | None = None) -> None:
        self.given = given or {}
        self.folder = tuple(folder.split("/")) if folder else ()
        self.entry = self._read(PROJECT)
        self.name = _text(self.entry.get("name"))

    def _read(self, need: str) -> Entry:
        data = self.given.get(need)
        try:
            return read_yaml(data) if data is not None else {}
        except ValueError:
            return {}

    @property
    def variables(self) -> dict[str, object]:
        """Variables of the project; those of a package have its name around them."""
        found = self.entry.get("vars")
        out: dict[str, object] = {}
        for key, value in found.items() if isinstance(found, dict) else ():
            out.update({str(k): v for k, v in value.items()} if isinstance(value, dict) else {str(key): value})
        return out

    @property
    def profile(self) -> str:
        """The name of its profile."""
        return _text(self.entry.get("profile"))

    @property
    def _profile(self) -> Entry:
        found = self._read(f"profile:{self.profile}").get(self.profile)
        return found if isinstance(found, dict) else {}

    @property
    def _outputs(self) -> dict[str, Entry]:
        found = self._profile.get("outputs")
        return {str(k): o for k, o in found.items() if isinstance(o, dict)} if isinstance(found, dict) else {}

    @property
    def adapter(self) -> str:
        """The adapter of the profile's target; empty if nothing given says it, or targets are of several."""
        types = {_text(o.get("type")) for o in self._outputs.values()}
        return next(iter(types)) if len(types) == 1 else ""

    @cached_property
    def target(self) -> dict[str, str]:
        """What templates may ask of the target that the profile names; empty where no profile is given.

        https://docs.getdbt.com/reference/dbt-jinja-functions/target
        """
        from ray_lineage.compile.text.jinja_values import constant

        outputs = self._outputs
        name = constant(_text(self._profile.get("target")), {}) or _UNNAMED_TARGET
        if name not in outputs:
            return {}
        said = {str(k): constant(v, {}) for k, v in outputs[name].items() if isinstance(v, str)}
        known = {key: value for key, value in said.items() if value is not None}
        return {**known, "name": name, "target_name": name, "profile_name": self.profile}

    @property
    def dialect(self) -> str:
        """The dialect of the adapter, empty if nobody knows it."""
        return dialect_of(self.adapter)

    def is_model(self) -> bool:
        """Is a file of this folder a model or a snapshot? Tests and analyses make nothing, and nor do macros."""
        where = self._place(_MODELS)
        other = self._place(_NOT_MODELS)
        return where >= 0 or other < 0

    def _place(self, kinds: Mapping[str, tuple[str, ...]]) -> int:
        """How deep in its path one of these folders of the project is; -1: none is."""
        paths = [p for key, usual in kinds.items() for p in _texts(self.entry.get(key)) or usual]
        at = [
            self.folder.index(path.strip("/").split("/")[0])
            for path in paths
            if path.strip("/").split("/")[0] in self.folder
        ]
        return min(at, default=-1)

    def holds(self) -> bool:
        """Is a file of this folder below the project's models? Then it is one, whatever is in it.

        https://docs.getdbt.com/docs/build/sql-models, https://docs.getdbt.com/reference/project-configs/model-paths
        """
        return PROJECT in self.given and any(self.given.get(p) == self.given[PROJECT] for p in self.places())

    def places(self) -> list[str]:
        """Where dbt_project.yml has to lie so that this folder is below its models, as exact needs; of a project that is not
        known yet, below the usual ones."""
        written = (p for key in _MODEL_PATHS for p in _texts(self.entry.get(key)))
        paths = {tuple(p for p in posixpath.normpath(path).split("/") if p not in ("", ".")) for path in written}
        return [
            "/" + posixpath.join(*self.folder[:at], PROJECT)
            for path in sorted(paths or {_USUAL_MODELS})
            for at in range(len(self.folder) + 1)
            if self.folder[at : at + len(path)] == path
        ]

    def _is_snapshot(self, start: int) -> bool:
        """Is the folder at this place of the path one of snapshots?"""
        paths = _texts(self.entry.get("snapshot-paths")) or ("snapshots",)
        return start >= 0 and self.folder[start] in {p.strip("/").split("/")[0] for p in paths}

    def configured(self, model: str) -> dict[str, str]:
        """What dbt_project.yml and the properties of a model say about it, the nearer the later."""
        said: dict[str, str] = {}
        start = self._place(_MODELS)
        found = self.entry.get("snapshots" if self._is_snapshot(start) else "models")
        if isinstance(found, dict):
            said.update(_along(found, (self.name, *self.folder[start + 1 :], model)))
        for entry in models_in(self._read(f"model:{model}")):
            if entry.get("name") == model:
                said.update(_settings(entry.get("config")))
                said.update(_settings(entry))
        return {key: self._plain(value) for key, value in said.items()}

    def sources(self) -> dict[tuple[str, str], tuple[str, ...]]:
        """Names of the tables of sources: the schema is the source's own name and the identifier the table's, unless they say
        otherwise."""
        out: dict[tuple[str, str], tuple[str, ...]] = {}
        for need in self.given:
            if not need.startswith("source:"):
                continue
            for source, table in sources_in(self._read(need)):
                name, of = str(table["name"]), str(source["name"])
                if f"source:{of}.{name}" == need:
                    out[of, name] = self._parts(source, table)
        return out

    def _parts(self, source: Entry, table: Entry) -> tuple[str, ...]:
        database = self._plain(source.get("database") or source.get("catalog"))
        schema = self._plain(source.get("schema")) or ("" if source.get("schema") else str(source["name"]))
        identifier = self._plain(table.get("identifier")) or str(table["name"])
        return tuple(p for p in (database if schema else "", schema, identifier) if p)

    def _plain(self, value: object) -> str:
        """A text, or what a template gives that hangs on variables and the profile's target; empty where nobody knows it."""
        from ray_lineage.compile.text.jinja_values import constant

        text = _text(value)
        return text if "{" not in text else constant(text, self.variables, self.target) or ""

    def macros(self) -> dict[str, str]:
        """Texts of files of macros, by what was asked of them."""
        return {
            need.removeprefix("macro:"): data.decode("utf-8", "replace")
            for need, data in self.given.items()
            if need.startswith("macro:")
        }


def library_of(project: Project) -> Library:
    """What templates of the project may use."""
    from ray_lineage.compile.text.jinja_macros import Library

    if not project.given:
        return Library()
    return Library(
        project.name, project.adapter, project.variables, project.macros(), project.sources(), project.target
    )


def asked_for(project: Project, model: str, template: Template, library: Library, query: bool = False) -> Iterator[str]:
    """What a template's file needs of others; a ``query`` may be a model, though nothing in it says so."""
    if template.refs or template.config or library.wanted or library.asked_variables or query:
        yield PROJECT
        if project.profile:
            yield f"profile:{project.profile}"
        yield f"model:{model}"
        yield from (f"macro:/{name}" for name in MACROS)
        if not (template.refs or template.config):  # with the rest: asked for later it were one compilation more
            yield from project.places()
    for kind, *parts in template.refs:
        if kind == "source":
            yield f"source:{'.'.join(parts)}"
    for macro in library.wanted:
        yield f"macro:{macro}"


_SETTINGS: Final = ("alias", "schema", "database", "materialized")


def _along(entry: Entry, path: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Settings (with a plus before them, or without) from the outermost folder on."""
    yield from _settings(entry).items()
    for part in path:
        inner = entry.get(part)
        if not isinstance(inner, dict):
            if part:
                return
            continue
        entry = inner
        yield from _settings(entry).items()


def _settings(entry: Any) -> dict[str, str]:
    if not isinstance(entry, dict):
        return {}
    named = {str(k).removeprefix("+"): v for k, v in entry.items()}
    return {key: _text(named[key]) for key in _SETTINGS if _text(named.get(key))}


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    return tuple(v for v in value if isinstance(v, str)) if isinstance(value, list) else ()
