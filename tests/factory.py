"""Scripts -> linked contributions, as the product makes them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from ray_lineage.compile import CompileOptions, compile_text
from ray_lineage.link import Linker
from ray_lineage.model import Contribution, encode_facts


def facts(sql: str, dialect: str = "postgres") -> bytes:
    return encode_facts(compile_text(sql, CompileOptions(dialect)))


def sha(sql: str) -> str:
    return hashlib.sha256(sql.encode()).hexdigest()


def contributions(project: str, files: Mapping[str, str], dialect: str = "postgres") -> dict[str, Contribution]:
    """Contributions of all files, linked from nothing."""
    linker = Linker(project)
    for path, sql in files.items():
        linker.put(path, sha(sql), facts(sql, dialect))
    found = {c.path: c for c in linker.link()}
    linker.close()
    return found
