"""Where the local crew's processes come from: one process that has loaded the compiler and forks a worker when asked.

``python -m ray_lineage.runtime.nursery FD``. What is forked is always this small process, which has one thread and no loop:
forking the command itself would copy its threads' locks, and starting every worker anew would load the compiler in each. It
ends with the command (its socket closes), and its workers with it, whatever they hang in.

A request is one message with a file descriptor: the worker's end of a stream of frames (:func:`encode`), over which it is given
batches and answers each in turn. The reply to the request is the worker's process id.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import signal
import socket
import struct
import sys
from collections.abc import Sequence
from typing import Final

import msgspec

from ray_lineage.killable import die_with
from ray_lineage.runtime.bench import Bench, Breadcrumb, Terms
from ray_lineage.runtime.crew import Report
from ray_lineage.runtime.linking import LinkPlan, LinkReport
from ray_lineage.runtime.parse import Task

_LENGTH: Final = struct.Struct("<Q")
REQUEST_BYTES: Final = 65_536
SAID: Final = "log: "
"""Before each log line of a worker, so that it can be told from what else is written to stderr."""


class Birth(msgspec.Struct, frozen=True, array_like=True):
    """A worker to be made. ``crumb``: path of its breadcrumb."""

    terms: Terms
    crumb: str


class ParseOrder(msgspec.Struct, frozen=True, array_like=True, tag="parse"):
    """A batch to parse. ``raw``: by position the root and the name of files whose bytes are no UTF-8, which no message holds as
    text."""

    tasks: list[Task]
    raw: dict[int, tuple[bytes, bytes]] = {}


def parse_order(tasks: Sequence[Task]) -> ParseOrder:
    """The order to parse these."""
    raw = {
        position: (os.fsencode(task.file.root), os.fsencode(task.file.name))
        for position, task in enumerate(tasks)
        if not _is_text(task.file.root + task.file.name)
    }
    return ParseOrder([_named(t, "", "") if n in raw else t for n, t in enumerate(tasks)], raw)


def tasks_of(order: ParseOrder) -> list[Task]:
    """Inverse of :func:`parse_order`."""
    tasks = list(order.tasks)
    for position, (root, name) in order.raw.items():
        tasks[position] = _named(tasks[position], os.fsdecode(root), os.fsdecode(name))
    return tasks


def _named(task: Task, root: str, name: str) -> Task:
    return msgspec.structs.replace(task, file=msgspec.structs.replace(task.file, root=root, name=name))


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


class KnowOrder(msgspec.Struct, frozen=True, array_like=True, tag="know"):
    """The settled catalog with that number. There is no answer."""

    number: int
    catalog: bytes


class LinkOrder(msgspec.Struct, frozen=True, array_like=True, tag="link"):
    """A share to link: a plan with its files alone, and their facts (none: those that the worker made)."""

    plan: LinkPlan
    facts: list[bytes]


class Linked(msgspec.Struct, frozen=True, array_like=True):
    """What came of it, and the encoded share."""

    report: LinkReport
    share: bytes


class Parsed(msgspec.Struct, frozen=True, array_like=True):
    """What came of it, and the encoded facts of each file."""

    report: Report
    payload: list[bytes]


_births: Final = msgspec.msgpack.Decoder(Birth)
_orders: Final = msgspec.msgpack.Decoder(ParseOrder | KnowOrder | LinkOrder)


def encode(message: object) -> bytes:
    """One frame: 8 bytes of length, little-endian, then the message."""
    body = msgspec.msgpack.encode(message)
    return _LENGTH.pack(len(body)) + body


def length_of(head: bytes) -> int:
    """Length of the message of which this is a frame's head."""
    return int(_LENGTH.unpack(head)[0])


HEAD_BYTES: Final = _LENGTH.size


def main(descriptor: int) -> None:
    """Fork workers until whoever asks for them is gone."""
    from ray_lineage.compile import import_compiler

    die_with(os.getppid())
    for signum in (signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):  # those are for the command
        signal.signal(signum, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # who asked sees a worker's end by its stream
    logging.basicConfig(format=f"{SAID}%(name)s: %(message)s", level=logging.WARNING)
    import_compiler()
    gc.collect()
    gc.freeze()  # a collection in a worker would copy every page that it marks
    with socket.socket(fileno=descriptor) as asked:
        while True:
            data, descriptors, _, _ = socket.recv_fds(asked, REQUEST_BYTES, 1)
            if not data:
                return
            me = os.getpid()
            pid = os.fork()
            if not pid:
                asked.close()
                _live(_births.decode(data), descriptors[0], me)
            os.close(descriptors[0])
            asked.sendall(pid.to_bytes(4, "little"))


def _live(birth: Birth, descriptor: int, parent: int) -> None:
    """A worker's life; never returns."""
    code = 1
    try:
        die_with(parent)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _serve(Bench(birth.terms, Breadcrumb(birth.crumb)), descriptor)
        code = 0
    except (EOFError, BrokenPipeError, ConnectionResetError):
        code = 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        with contextlib.suppress(Exception):
            sys.stderr.flush()
        os._exit(code)


def _serve(bench: Bench, descriptor: int) -> None:
    with socket.socket(fileno=descriptor) as stream, stream.makefile("rb", 65_536) as incoming:
        while True:
            order = _orders.decode(_read(incoming, length_of(_read(incoming, HEAD_BYTES))))
            if isinstance(order, KnowOrder):
                bench.know(order.number, order.catalog)
            elif isinstance(order, LinkOrder):
                stream.sendall(encode(Linked(*bench.link(order.plan, order.facts))))
            else:
                stream.sendall(encode(Parsed(*bench.parse(tasks_of(order)))))


def _read(incoming: object, size: int) -> bytes:
    data = incoming.read(size)  # type: ignore[attr-defined]
    if len(data) < size:
        raise EOFError
    return bytes(data)


if __name__ == "__main__":
    main(int(sys.argv[1]))
