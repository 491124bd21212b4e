"""What a text of YAML holds, without comments, layout and quotes. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

SUFFIXES: Final = (".yml", ".yaml")


def is_same(before: str, after: str) -> bool:
    """Do two texts hold the same? Not if one of them is no YAML, as where a template stands between keys."""
    import yaml  # type: ignore[import-untyped]

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        one, other = (list(_flat(yaml.compose(text, loader))) for text in (before, after))
    except (yaml.YAMLError, RecursionError, ValueError):
        return False
    return one == other


def _flat(root: Any) -> Iterator[tuple[str, str | int]]:
    """Nodes in their order, each once: what an alias repeats is a number, so that a few lines cannot become millions."""
    numbers: dict[int, int] = {}
    left = [root]
    while left:
        node = left.pop()
        if node is None:  # nothing but comments
            yield "", 0
        elif id(node) in numbers:
            yield "*", numbers[id(node)]
        else:
            numbers[id(node)] = len(numbers)
            if isinstance(node.value, str):
                yield node.tag, node.value
            else:
                inner = _inner(node.value)
                yield node.tag, len(inner)
                left.extend(reversed(inner))


def _inner(values: list[Any]) -> list[Any]:
    """Items of a list, or keys and values of a mapping."""
    return [node for value in values for node in (value if isinstance(value, tuple) else (value,))]
