"""Files of any format -> what the graph says of them, in short."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ray_lineage.compile import CompileOptions, compile_source, formats_of, reads_bytes
from ray_lineage.link import Linker
from ray_lineage.model import Contribution, Diagnostic, FileFacts, encode_facts


def compiled(path: str, content: bytes | str, dialect: str = "") -> FileFacts:
    """The facts of a file, read by whoever reads such files."""
    data = content.encode() if isinstance(content, str) else content
    formats = formats_of(path)
    stem = path.rpartition("/")[2].partition(".")[0]
    read = data if reads_bytes(formats) else data.decode()
    return compile_source(read, CompileOptions(dialect, model=stem, formats=formats))


class Graph:
    """What linking some files gives."""

    def __init__(self, files: Mapping[str, bytes | str], dialect: str = "") -> None:
        linker = Linker("p")
        self.facts = {path: compiled(path, content, dialect) for path, content in files.items()}
        for path, facts in self.facts.items():
            linker.put(path, "", encode_facts(facts))
        self.contributions: dict[str, Contribution] = {c.path: c for c in linker.link()}
        linker.close()

    def rows(self, kind: str) -> list[tuple[Any, ...]]:
        """All rows of a kind."""
        return [row for c in self.contributions.values() for row in c.rows.get(kind, ())]

    @property
    def flows(self) -> set[str]:
        """``source -> target`` of columns; what is only possible has a ``?``."""
        return {
            f"{_short(s)} ->{'?' * (sure != 'certain')} {_short(t)}" for s, t, _, _, _, sure, _ in self.rows("FLOWS_TO")
        }

    @property
    def how(self) -> set[str]:
        """``source -> target: transformation [expression]`` of columns."""
        return {
            f"{_short(s)} -> {_short(t)}: {how}{f' {text}' if text else ''}"
            for s, t, _, _, how, _, text in self.rows("FLOWS_TO")
        }

    @property
    def feeds(self) -> set[str]:
        """``source -> target`` of datasets."""
        return {f"{_short(s)} -> {_short(t)}" for s, t, *_ in self.rows("FEEDS")}

    @property
    def influences(self) -> set[str]:
        """``column -> dataset: how``."""
        return {f"{_short(s)} -> {_short(t)}: {how}" for s, t, _, _, how in self.rows("INFLUENCES")}

    @property
    def lines(self) -> dict[str, int]:
        """The line that each flow of columns was found in."""
        return {f"{_short(s)} -> {_short(t)}": line for s, t, _, line, *_ in self.rows("FLOWS_TO")}

    @property
    def datasets(self) -> set[str]:
        """Every dataset that anything names."""
        return {name for c in self.contributions.values() for name in c.datasets}

    @property
    def kinds(self) -> dict[str, str]:
        """Kinds of described datasets."""
        return {row[2]: row[6] for row in self.rows("Dataset")}

    @property
    def columns(self) -> dict[str, list[str]]:
        """Columns of described datasets, in their order, with types."""
        out: dict[str, list[str]] = {}
        for _, dataset, name, _, type_, *_ in sorted(self.rows("Column"), key=lambda r: (r[1], r[3])):
            out.setdefault(_short(dataset), []).append(f"{name} {type_}" if type_ else name)
        return out

    @property
    def writes(self) -> set[str]:
        """Datasets that some statement writes."""
        return {_short(target) for _, target, *_ in self.rows("WRITES")}

    @property
    def reads(self) -> set[str]:
        """Datasets that some statement reads."""
        return {_short(target) for _, target, *_ in self.rows("READS")}

    @property
    def diagnostics(self) -> list[Diagnostic]:
        """Of all files."""
        files = (json.loads(c.rows["File"][0][7]) for c in self.contributions.values())
        return [Diagnostic(*found) for listed in files for found in listed]

    @property
    def codes(self) -> list[str]:
        """Codes of all diagnostics."""
        return [found.code for found in self.diagnostics]


def _short(identity: str) -> str:
    return identity.removeprefix("p:")
