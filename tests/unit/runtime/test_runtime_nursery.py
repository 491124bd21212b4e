"""What goes to a worker comes out as it was, whatever a file is called."""

from __future__ import annotations

import os

import msgspec

from ray_lineage.compile import CompileOptions
from ray_lineage.model import SourceFile
from ray_lineage.runtime.nursery import HEAD_BYTES, ParseOrder, encode, length_of, parse_order, tasks_of
from ray_lineage.runtime.parse import Task


def task(root: bytes, name: bytes) -> Task:
    file = SourceFile("path", os.fsdecode(root), os.fsdecode(name), 1, 2, 3, 4, 2)
    return Task(file, CompileOptions("tsql"), content=b"\xff")


def test_names_that_are_no_text_come_through() -> None:
    tasks = [
        task(b"/r", b"a.sql"),
        task(b"/r", b"caf\xe9.sql"),
        task(b"/\xff", b"b.sql"),
        task(b"/r", "ü\n.sql".encode()),
    ]
    frame = encode(parse_order(tasks))
    assert length_of(frame[:HEAD_BYTES]) == len(frame) - HEAD_BYTES
    assert tasks_of(msgspec.msgpack.decode(frame[HEAD_BYTES:], type=ParseOrder)) == tasks
