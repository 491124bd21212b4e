"""What files say together, whatever order they are read in, and however they are cut: laws of a folder. Pure.

A table that two files make is described by the first of them in the order of paths, so that such files are left out
(:func:`without_clashes`). What a session holds from one statement to the next goes with its file (:data:`_SESSION`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Final

from ray_lineage.compile import CompileOptions, compile_source
from ray_lineage.link import Linker
from ray_lineage.link.script import Script
from ray_lineage.model import FileFacts, encode_facts
from ray_lineage.organize.plan import plan

Files = Mapping[str, str]
"""Texts by path."""
Edge = tuple[tuple[str, str], str, str, int]
"""Source, target's dataset and column, how."""

_SESSION: Final = re.compile(
    r"\b(?:USE|SET|DECLARE|TEMP|TEMPORARY|DROP|ALTER|RENAME|EXCHANGE|TRUNCATE|LAST_QUERY_ID|SP_RENAME|DEFINE|PREPARE|CURSOR|GOTO|VOLATILE"
    r"|TRIGGER|PACKAGE)\b|(?<![\w:&])[@#&:]\w|^\s*[.!\\]",
    re.IGNORECASE | re.MULTILINE,
)  # fmt: skip


def edges(files: Files, dialect: str) -> set[Edge]:
    """All column edges of the files, linked together in the order of their paths."""
    linker = Linker("folder")
    facts = {path: compile_source(files[path], CompileOptions(dialect)) for path in sorted(files)}
    for path, said in facts.items():
        linker.put(path, "", encode_facts(said))
    view = linker.view()
    out: set[Edge] = set()
    for said in facts.values():
        for _, statement, result in Script(said, view).run():
            if statement.target:
                target = view.resolve(statement.target)
                out.update((f.source, target, f.target, f.code) for f in result.flows)
    linker.close()
    return out


def without_clashes(files: Files, dialect: str) -> dict[str, str]:
    """The files but those that make what another file makes, too, by the last part of its name."""
    made = {path: _made(compile_source(text, CompileOptions(dialect))) for path, text in files.items()}
    times = Counter(name for names in made.values() for name in names)
    return {path: text for path, text in files.items() if all(times[name] == 1 for name in made[path])}


def _made(facts: FileFacts) -> set[str]:
    return {d.name[-1].lower() for d in facts.declarations if not d.temporary}


def reordered(files: Files) -> dict[str, str]:
    """The same texts under paths of the opposite order."""
    return {f"{len(files) - n:06d}.sql": files[path] for n, path in enumerate(sorted(files))}


def split(files: Files, dialect: str) -> dict[str, str]:
    """Each file in parts, one for each object (see ``ray_lineage organize``), but those that are a session."""
    out: dict[str, str] = {}
    for path, text in files.items():
        out.update({path: text} if _SESSION.search(text) else _parts(path, text, dialect))
    return out


def _parts(path: str, text: str, dialect: str) -> dict[str, str]:
    data = text.encode()
    return {f"{path}.{n:04d}.sql": data[p.start : p.end].decode() for n, p in enumerate(plan(data, dialect).parts)}


def shortest(files: Files, dialect: str, law: str) -> dict[str, str]:
    """The files of a violation, without those that it does not need."""
    left = dict(files)
    for path in sorted(files):
        fewer = {p: t for p, t in left.items() if p != path}
        if broken(fewer, dialect, law):
            left = fewer
    return left


def broken(files: Files, dialect: str, law: str) -> set[Edge]:
    """Edges that only one of both readings has."""
    other = reordered(files) if law == "order" else split(files, dialect)
    return edges(files, dialect) ^ edges(other, dialect)


LAWS: Final = ("order", "split")
