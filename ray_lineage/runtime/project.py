"""Which project do the folders on a command line belong to, and where is its root?

Paths in the graph, the folders of the settings and the ignore rules are relative to one root, whatever part of it is looked
at: a part is a filter, not another root.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from ray_lineage.errors import StoreForbids, StoreRefused, StoreUnavailable, UsageError
from ray_lineage.graph.open import open_store, server_uri
from ray_lineage.graph.store import GraphStore, Origin, ProjectInfo
from ray_lineage.settings import Settings
from ray_lineage.settings.trust import working_tree
from ray_lineage.sources.scan import common_folder

_Answer = TypeVar("_Answer")
_SAMPLE: Final = 200
"""Files of an earlier version's project that are looked for."""


class Located(msgspec.Struct, frozen=True):
    """``settings`` with root and project filled in; real paths of the ``parts`` to look at; what is to be said of it."""

    settings: Settings
    parts: list[str]
    notes: tuple[str, ...] = ()


def located(settings: Settings, paths: Sequence[str], *, stored: bool = True) -> Located:
    """Find root and project of what is named; of the current folder if nothing is, and then all of the project is meant. A path
    need not be there. Not ``stored``: no graph is asked what it knows. Raises UsageError: RL227 for one outside of the root,
    RL201 for one without a name (of a variable that is not set, say: the current folder is not meant)."""
    if "" in paths:
        raise UsageError(
            "RL201", "a path is empty", where="PATH", help="name a folder or a file; . is the current folder"
        )
    given = [os.path.realpath(path) for path in paths]
    known = _projects(settings) if stored else []
    root, name = _root(settings, given or [os.getcwd()], known)
    parts = given or parts_of(replace(settings, root=root))
    check_inside(parts, root)
    name = settings.project or name or project_name(_named_after(root, given, settings))
    found = replace(settings, root=root, project=name)
    return Located(found, parts, tuple(_inside(root, name, known)))


def check_inside(parts: Iterable[str], root: str) -> None:
    """Raises UsageError (RL227) for a part that lies outside of the root."""
    for part in parts:
        if not is_inside(part, root):
            raise UsageError(
                "RL227", f"{part} lies outside of {root}, the root of the project",
                help="name the folder around both with --root DIR, or ingest each by itself",
            )  # fmt: skip


def parts_of(settings: Settings) -> list[str]:
    """Real paths of what is looked at where nothing is named."""
    return [os.path.realpath(os.path.join(settings.root, part)) for part in settings.roots] or [settings.root]


def project_name(folder: str) -> str:
    """Name of a project that has none: that of its folder."""
    return os.path.basename(folder.rstrip("/")) or "root"


def origin(settings: Settings) -> Origin | None:
    """What is noted in the graph of a project that is read with these settings; None if they do not say."""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return Origin(settings.root, socket.gethostname(), at) if settings.root else None


def is_inside(path: str, folder: str) -> bool:
    """Is a real path a folder, or below it?"""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _root(settings: Settings, given: Sequence[str], known: Sequence[ProjectInfo]) -> tuple[str, str]:
    """The root, and the project's name in the graph if that knows it."""
    mine = [p for p in known if settings.project in ("", p.name)]
    if settings.root:
        root = os.path.realpath(settings.root)
        return root, _known_as(root, given, mine)
    around = [p for p in mine if p.origin.root and _holds(p.origin.root, given)]
    if around:
        nearest = max(around, key=lambda p: len(p.origin.root))
        return nearest.origin.root, nearest.name
    folder = common_folder(given, settings.suffixes)
    before = settings.project or project_name(_folder(given[0], settings))
    if any(p.name == before and not p.origin.root for p in mine) and _is_read_from(settings, before, folder):
        return folder, before
    tree = working_tree(Path(given[0]))
    return (str(tree), "") if tree is not None and _holds(str(tree), given) else (folder, "")


def _known_as(root: str, given: Sequence[str], known: Iterable[ProjectInfo]) -> str:
    """The name of the project that was read from a root; or from the only part of it, which is looked at as a whole now: then
    somebody has put a settings file above it."""
    parts = [p for p in known if p.origin.root and is_inside(p.origin.root, root)]
    exact = [p for p in parts if p.origin.root == root]
    looked_at = [p for p in parts if any(is_inside(p.origin.root, path) for path in given)]
    found = exact or (looked_at if len(parts) == 1 else [])
    return found[0].name if found else ""


def _named_after(root: str, given: Sequence[str], settings: Settings) -> str:
    """Several folders that nothing but the command line holds together are called as the first of them."""
    alone = len(given) > 1 and not settings.root and root == common_folder(given, settings.suffixes)
    return _folder(given[0], settings) if alone and working_tree(Path(root)) is None else root


def _folder(path: str, settings: Settings) -> str:
    return common_folder([path], settings.suffixes)


def _holds(root: str, given: Iterable[str]) -> bool:
    return all(is_inside(path, root) for path in given)


def _projects(settings: Settings) -> list[ProjectInfo]:
    """What the graph knows; nothing where there is none, or none that can be read: whoever opens it to write says so. A server
    is asked only if the answer decides, and a password that it refuses is not given to it again. Raises StoreForbids."""
    if settings.root and server_uri(settings):
        return []
    return _asked(settings, lambda store: store.project_infos()) or []


def holds_project(settings: Settings, project: str) -> bool | None:
    """Does the graph hold a project of that name? None: there is no graph, or it cannot be read. Raises StoreForbids."""
    return _asked(settings, lambda store: project in store.projects())


def _is_read_from(settings: Settings, project: str, folder: str) -> bool:
    """Are the files of a project whose root an earlier version did not note there?"""
    return bool(_asked(settings, lambda store: is_mostly_there(folder, store.state(project).files)))


def is_mostly_there(folder: str, paths: Iterable[str]) -> bool:
    """Are at least half of some project paths there, below a folder? Of none: yes."""
    some = list(islice(paths, _SAMPLE))
    return 2 * sum(os.path.lexists(os.path.join(folder, path)) for path in some) >= len(some)


def _asked(settings: Settings, question: Callable[[GraphStore], _Answer]) -> _Answer | None:
    try:
        store = open_store(settings, read_only=True)
    except StoreForbids:
        raise
    except (StoreUnavailable, StoreRefused):
        return None
    try:
        return question(store)
    except (StoreUnavailable, StoreRefused):
        return None
    finally:
        store.close()


def _inside(root: str, name: str, known: Sequence[ProjectInfo]) -> Iterable[str]:
    """Projects of parts of this one: their files would be in the graph twice."""
    names = {project.name for project in known}
    for project in known:
        if project.name != name and project.files and project.origin.root and is_inside(project.origin.root, root):
            yield (
                f"project {project.name} in this graph was read from {project.origin.root}, which is part of {name}: "
                f"`ray_lineage projects forget {project.name}` takes it out"
                + (
                    f", `ray_lineage projects rename {project.name} {name}` makes it this one"
                    if name not in names
                    else ""
                )
            )
