"""Names that systems report, as SQL means them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ray_lineage.compile.sql.engines import engine_of
from ray_lineage.model import Name, shorten


def folded(name: str, dialect: str) -> str:
    """A name that a system has under exactly these letters. Whoever writes all of it in small letters may have left it as it was
    typed, where the system itself has capital ones. Without a dialect names are compared without case."""
    return engine_of(dialect).fold(name, name != name.lower()) if dialect else shorten(name.lower())


def typed(name: str, dialect: str, *, quoted: bool) -> str:
    """A name as it is typed."""
    return engine_of(dialect).fold(name, quoted)


def as_written(text: str, name: str) -> str:
    """A name as a system reports it, where only letters' case differs from what it is called; else empty."""
    return text if text != name and text.lower() == name else ""


def is_written(texts: Name, name: Name) -> bool:
    """Are these the last parts of a dataset's name, but for letters' case?"""
    parts = name[max(len(name) - len(texts), 0) :]
    return (
        texts != parts
        and len(texts) == len(parts)
        and all(t == p or as_written(t, p) for t, p in zip(texts, parts, strict=True))
    )


def apart(names: Sequence[Name], dialect: str) -> dict[Name, Name]:
    """Names that a system has -> as SQL means them. Two that differ in nothing but their letters' case stay as they are."""
    out = {name: tuple(folded(part, dialect) for part in name) for name in names}
    times = Counter(out.values())
    return {name: new if times[new] == 1 else tuple(map(shorten, name)) for name, new in out.items()}
