"""Link: the facts of all files -> what each file contributes to the graph. No I/O but a temporary file, no Ray."""

from ray_lineage.link.linker import Linker

__all__ = ["Linker"]
