"""Torn and hostile Python, notebooks, JSON, CSV and yaml: reading any of it gives facts and diagnostics, and what is read is linked.

``python -m benchmarks.fuzz --inputs 100000 [FOLDER ...]``. Each input is one of the built-in seeds, or a file of the folders, after
one to eight mutations: bytes cut out, doubled and put in, values of JSON replaced, keys doubled, brackets opened thousands of times,
numbers, texts and lines made huge, other encodings. Every input has a number; ``--first N --inputs 1`` does one again. A child
does them, with ``--memory`` MB, and says which one it is at: one that dies or takes over ``--seconds`` of CPU is named, and the next
child goes on behind it. An input that raises the peak of memory by much is named, too. ``--large MB`` adds one input of that size of
each kind. What the limits of a run cut short (RL190 to RL192) is counted and no fault; exit 1 for a fault: a child that died or hung, RL199, a fact that cannot be encoded or linked.
"""

from __future__ import annotations

import argparse
import collections
import json
import mmap
import os
import random
import resource
import signal
import struct
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from ray_lineage.compile import CompileOptions, formats_of, import_compiler, max_size_of, split_source
from ray_lineage.link import Linker
from ray_lineage.model import decode_outline, encode_facts
from ray_lineage.runtime.parse import compile_bytes, hard_seconds

_FAULT: Final = "RL199"
_CUT_SHORT: Final = ("RL190", "RL191", "RL192")
_LONGEST: Final = 400_000  # bytes of a file of a folder that is taken
_LEAP: Final = 100  # MB by which an input raises the peak that is worth a line

PYTHON: Final = '''
import psycopg2, pandas as pd
from .util import run_sql, TABLE
Q = "SELECT a, b FROM raw.t WHERE d = '%s'"
class Job(Base):
    __tablename__ = "jobs"
    id = Column(Integer, primary_key=True)
    def __init__(self, conn, schema="mart"):
        self.conn, self.schema = conn, schema
    def run(self, day):
        cur = self.conn.cursor()
        for t in ["a", "b"]:
            cur.execute(f"INSERT INTO {self.schema}.{t} SELECT * FROM raw.{t} WHERE d = '{day}'")
        cur.execute("CREATE TABLE x AS " + Q % day)
        cur.execute("""MERGE INTO mart.t USING raw.s ON t.id = s.id
            WHEN MATCHED THEN UPDATE SET v = s.v""")
df = spark.table("raw.o").filter("a > 1").withColumn("c", F.col("a") + 1).groupBy("c").agg(F.sum("b").alias("s"))
df.join(spark.sql("select * from raw.p"), "c").write.mode("append").saveAsTable("mart.o")
pd.read_sql(Q.format(a=1), engine).rename(columns={"a": "x"}).to_sql("y", engine, schema="mart")
with DAG("d") as dag:
    BigQueryInsertJobOperator(task_id="t", configuration={"query": {"query": "{% set x = 1 %}SELECT * FROM `p.d.t`"}})
    PythonOperator(python_callable=Job(1).run)
'''


def _cell(source: Any, kind: str = "code") -> dict[str, Any]:
    return {"cell_type": kind, "metadata": {}, "source": source, "outputs": [], "execution_count": 1}


def _event(name: str) -> dict[str, Any]:
    field = {
        "namespace": "postgres://h:1",
        "name": "d.s.a",
        "field": "x",
        "transformations": [{"type": "DIRECT", "subtype": "IDENTITY"}],
    }
    facets = {
        "columnLineage": {"fields": {"y": {"inputFields": [field]}}},
        "schema": {"fields": [{"name": "y", "type": "int", "fields": []}]},
    }
    return {
        "eventType": "COMPLETE", "eventTime": "2026-01-01T00:00:00Z", "producer": "p", "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json",
        "run": {"runId": "r"}, "job": {"namespace": "n", "name": name, "facets": {"sql": {"query": "select 1 from s.a"}}},
        "inputs": [{"namespace": "postgres://h:1", "name": "d.s.a"}], "outputs": [{"namespace": "postgres://h:1", "name": "d.s.b", "facets": facets}],
    }  # fmt: skip


def _node(name: str, *parents: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name, "resource_type": "model", "package_name": "shop", "original_file_path": f"models/{name}.sql", "unique_id": f"model.shop.{name}",
        "relation_name": f'"db"."mart"."{name}"', "depends_on": {"nodes": list(parents)}, "config": {"materialized": "table", "enabled": True},
        "compiled_code": "select id, x + 1 as y\nfrom db.raw.o", "raw_code": "select id, x + 1 as y\nfrom {{ ref('o') }}",
        "columns": {"id": {"name": "id", "description": "the id", "data_type": "int"}}, "description": "what it is", **more,
    }  # fmt: skip


_SOURCE = {
    "name": "o",
    "resource_type": "source",
    "source_name": "raw",
    "relation_name": '"db"."raw"."o"',
    "package_name": "shop",
}
_EPHEMERAL = _node(
    "e", "source.shop.raw.o", relation_name=None, compiled_code=None, config={"materialized": "ephemeral"}
)
_ROW = {
    "table_catalog": "d",
    "table_schema": "s",
    "table_name": "t",
    "column_name": "a",
    "ordinal_position": 1,
    "data_type": "int",
}

SEEDS: Final[dict[str, bytes]] = {
    "etl/job.py": PYTHON.encode(),
    "dags/d.py": b"from airflow import DAG\nfrom etl.job import Job\nPythonOperator(python_callable=Job(1).run)\n",
    "nb.py": b"# Databricks notebook source\n# MAGIC %sql\n# MAGIC INSERT INTO a SELECT * FROM b\n# COMMAND ----------\nspark.sql('select 1 from t')\n# COMMAND ----------\n# MAGIC %run ./x\n",
    "nb.ipynb": json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": {"language": "python"}}, "cells": [
        _cell(["%%sql\n", "create table a as select b from c"]), _cell("x = 1\n%sql select * from {x}\n!ls"), _cell(PYTHON), _cell("# t", "markdown")]}).encode(),
    "target/manifest.json": json.dumps({"metadata": {"adapter_type": "postgres", "project_name": "shop"}, "sources": {"source.shop.raw.o": _SOURCE}, "nodes": {
        "model.shop.m": _node("m", "source.shop.raw.o"), "model.shop.e": _EPHEMERAL, "model.shop.n": _node("n", "model.shop.m", "model.shop.e", compiled_code=None)},
        "exposures": {"exposure.shop.x": {"name": "x", "resource_type": "exposure", "depends_on": {"nodes": ["model.shop.m"]}}}, "macros": {}}).encode(),
    "target/catalog.json": json.dumps({"nodes": {"model.shop.m": {"unique_id": "model.shop.m", "metadata": {"database": "db", "schema": "mart", "name": "m", "type": "BASE TABLE"},
        "columns": {"id": {"name": "id", "index": 1, "type": "int", "comment": "c"}}}}, "sources": {}, "metadata": {}}).encode(),
    "e.json": json.dumps([_event("one"), _event("two")]).encode(),
    "e.ndjson": b"\n".join(json.dumps(_event(n)).encode() for n in "abc"),
    "c.json": json.dumps([_ROW, {**_ROW, "column_name": "b"}]).encode(),
    "c.csv": b"table_schema,table_name,column_name,ordinal_position,data_type\ns,t,a,1,int\ns,t,\"b \"\"q\",2,int\n",
    "own.json": json.dumps({"format": "ray_lineage/1", "datasets": [{"name": ["s", "t"], "columns": [{"name": "a"}]}],
        "edges": [{"source": {"dataset": "a", "column": "x"}, "target": {"dataset": "b", "column": "y"}}]}).encode(),
    "models/s.yml": b"version: 2\nmodels:\n  - name: m\n    description: what\n    columns:\n      - name: id\n        description: the id\nseeds: &a\n  - *a\n",
}  # fmt: skip

_PIECES: Final = (
    b"{", b"}", b"[", b"]", b"(", b")", b'"', b"'", b'"""', b"\\", b"\n", b"\r", b"\0", b"\xff", b"\xed\xa0\x80", b"\\ud800", b"NaN", b"Infinity", b"-", b"1e999", b"null",
    b"true", b",", b":", b"#", b"%", b"{{", b"}}", b"{%", b"f'", b"{x!r:>{w}}", b"lambda: ", b"async ", b"yield ", b"*", b"**", b":=", b"@", b";", b"--", b"/*", b"*/",
    b"select ", b" from ", b"execute(", b"\xef\xbb\xbf", b"\xff\xfe", "ü".encode(), "\u2028".encode(), "𝒳".encode(), b"# -*- coding: utf-16 -*-\n", b"&a ", b"*a",
)  # fmt: skip


def _cut(data: bytes, draw: random.Random) -> bytes:
    at = draw.randrange(len(data) + 1)
    return data[:at] + data[at + draw.choice((1, 3, 20, 200)) :]


def _torn(data: bytes, draw: random.Random) -> bytes:
    return data[: draw.randrange(len(data) + 1)]


def _put_in(data: bytes, draw: random.Random) -> bytes:
    at = draw.randrange(len(data) + 1)
    return data[:at] + draw.choice(_PIECES) * draw.choice((1, 1, 1, 2, 50)) + data[at:]


def _nested(data: bytes, draw: random.Random) -> bytes:
    at = draw.randrange(len(data) + 1)
    piece = draw.choice(
        (
            b"[",
            b"(",
            b"{",
            b'{"a":',
            b"f'{",
            b"not ",
            b"-",
            b"x.",
            b"a+",
            b"'a' + ",
            b"if x:\n ",
            b"select * from (",
            b"((",
            b"lambda:",
        )
    )
    return data[:at] + piece * draw.choice((100, 1_000, 5_000)) + data[at:]


def _doubled(data: bytes, draw: random.Random) -> bytes:
    at = draw.randrange(len(data) + 1)
    return data[:at] + data[at : at + draw.choice((5, 50, 500))] * draw.choice((2, 3, 30)) + data[at:]


def _flipped(data: bytes, draw: random.Random) -> bytes:
    at = draw.randrange(len(data) + 1)
    return data[:at] + bytes([draw.randrange(256)]) + data[at + 1 :]


def _swapped(data: bytes, draw: random.Random) -> bytes:
    lines = data.split(b"\n")
    draw.shuffle(lines)
    return b"\n".join(lines)


def _huge(data: bytes, draw: random.Random) -> bytes:
    at = draw.randrange(len(data) + 1)
    return (
        data[:at]
        + draw.choice((b"9", b"a", b" ", b"\t", b"\n", b"'x',", b"a.", b"%s")) * draw.choice((1_000, 10_000, 60_000))
        + data[at:]
    )


_ODD: Final[tuple[Any, ...]] = (
    None,
    True,
    -1,
    10**40,
    1e308,
    "",
    "\0",
    "\ud800",
    "a" * 5_000,
    [],
    {},
    [[[]]],
    {"": None},
    float("nan"),
    float("inf"),
)


def _odd_value(data: bytes, draw: random.Random) -> bytes:
    """Of JSON another value somewhere, or a key twice."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return _flipped(data, draw)
    at, held = value, None
    for _ in range(draw.randrange(1, 9)):
        keys = list(at) if isinstance(at, dict) else list(range(len(at))) if isinstance(at, list) else []
        if not keys:
            break
        held, key = at, draw.choice(keys)
        at = at[key]
    if held is None:
        return json.dumps(draw.choice(_ODD)).encode()
    if isinstance(held, dict) and draw.random() < 0.3:
        whole = json.dumps(held)
        twice = f"{whole[:-1]}, {json.dumps(key)}: {json.dumps(draw.choice(_ODD))}}}"
        return json.dumps(value).replace(whole, twice, 1).encode()
    held[key] = draw.choice(_ODD)
    return json.dumps(value).encode()


def _recoded(data: bytes, draw: random.Random) -> bytes:
    text = data.decode("utf-8", "replace")
    return text.encode(draw.choice(("utf-16", "utf-32", "latin-1", "cp037", "utf-8-sig")), "replace")


_MUTATIONS: Final[tuple[Callable[[bytes, random.Random], bytes], ...]] = (
    _cut, _cut, _torn, _put_in, _put_in, _put_in, _nested, _doubled, _flipped, _swapped, _huge, _odd_value, _odd_value, _recoded,
)  # fmt: skip


class Input(NamedTuple):
    path: str
    data: bytes


def made(number: int, seeds: list[Input]) -> Input:
    """The input of that number."""
    draw = random.Random(number)
    path, data = draw.choice(seeds)
    for _ in range(draw.choice((1, 1, 2, 3, 8))):
        data = draw.choice(_MUTATIONS)(data, draw)
    return Input(path, data)


def large(size: int) -> Iterator[Input]:
    """One input of so many bytes of each kind, or of as many as are read of it."""
    usual = size
    for given in _large(size):
        limit = max_size_of(formats_of(given.path), usual)
        yield given if len(given.data) <= limit else given._replace(data=given.data[:limit])


def _large(size: int) -> Iterator[Input]:
    node = json.dumps(_node("m", "source.shop.raw.o"))
    nodes = ",".join(f'"model.shop.m{k}": {node}' for k in range(size // len(node)))
    yield Input(
        "target/manifest.json", f'{{"metadata": {{"adapter_type": "postgres"}}, "nodes": {{{nodes}}}}}'.encode()
    )
    yield Input("target/manifest.json", b'{"nodes": ' + b'{"a":' * (size // 5))
    yield Input("e.ndjson", SEEDS["e.ndjson"] * (size // len(SEEDS["e.ndjson"])))
    yield Input("c.json", b"[" + b",".join([json.dumps(_ROW).encode()] * (size // 150)) + b"]")
    yield Input("c.csv", SEEDS["c.csv"] * (size // len(SEEDS["c.csv"])))
    yield Input("x.json", b"[" * size)
    yield Input("x.json", b'{"nodes": "' + b"a" * size)
    yield Input("nb.ipynb", json.dumps({"cells": [_cell("%%sql\nselect 1 from t")] * (size // 200)}).encode())
    yield Input("job.py", b"x = [" + b"'select 1 from t'," * (min(size, 1_900_000) // 18) + b"]\nexecute(x)\n")
    yield Input("job.py", b"execute('select 1 from t' " + b"+ 'a'" * (min(size, 1_900_000) // 6) + b")\n")


def read(given: Input) -> dict[str, int]:
    """Compile and link it; its diagnostics by their codes. Raises whatever is a fault."""
    formats = formats_of(given.path)
    folder, _, name = given.path.rpartition("/")
    options = CompileOptions("", model=name.rpartition(".")[0], folder=folder, formats=formats)
    compiled = compile_bytes(given.data, options)
    codes = collections.Counter(d.code for d in compiled.facts.diagnostics)
    facts = [(given.path, encode_facts(compiled.facts))]
    cut = split_source(given.data, options) if not codes[_FAULT] and "dbt" in formats else None
    if cut is not None:
        parts, compile_part = cut
        facts += [
            (f"{given.path}#{k}", encode_facts(compile_part(part.content)))
            for k, part in zip(range(200), parts.each, strict=False)
        ]
    linker = Linker("p")
    for path, encoded in facts:
        decode_outline(encoded)
        linker.put(path, "", encoded)
    for _ in linker.link():
        pass
    linker.close()
    return codes


class Seat(NamedTuple):
    """What a child tells: the number that it is at, and when it began (CPU seconds)."""

    at: mmap.mmap

    def write(self, number: int, began: float) -> None:
        self.at[:16] = struct.pack("qd", number, began)

    def read(self) -> tuple[int, float]:
        number, began = struct.unpack("qd", self.at[:16])
        return number, began


def work(numbers: range, big: list[Input], seeds: list[Input], seat: Seat, memory: int, out: Path) -> None:
    """All of these, in a child; ``big`` ones are called by negative numbers."""
    import_compiler()
    limit = memory * 2**20
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    counts: collections.Counter[str] = collections.Counter()
    peak = peak_mb()
    with out.open("a") as said:
        for number in numbers:
            given = big[-number - 1] if number < 0 else made(number, seeds)
            seat.write(number, time.process_time())
            try:
                codes = read(given)
            except Exception as error:
                codes = {_FAULT: 1}
                said.write(f"{number} {given.path} {type(error).__name__}: {str(error)[:200]!r}\n")
            else:
                named = [code for code in (_FAULT, *_CUT_SHORT) if codes.get(code)]
                if named:
                    said.write(f"{number} {given.path} {named[0]}\n")
            counts.update(codes.keys())
            before, peak = peak, peak_mb()
            if peak - before >= _LEAP:
                said.write(
                    f"{number} {given.path} of {len(given.data):,} bytes took the peak from {before} to {peak} MB\n"
                )
            said.flush()
        said.write(f"done {json.dumps({**counts, 'peak_mb': peak})}\n")


def peak_mb() -> int:
    """The most memory that this process had until now."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def watched(numbers: range, big: list[Input], seeds: list[Input], seat: Seat, memory: int, out: Path) -> int:
    """One child over these; the number behind the one that it died or hung at, or the end."""
    pid = os.fork()
    if pid == 0:
        work(numbers, big, seeds, seat, memory, out)
        os._exit(0)
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        number, began = seat.read()
        if done:
            if not status:
                return numbers.stop
            with out.open("a") as said:
                said.write(f"{number} died with {status}\n")
            return number + 1
        size = len(big[-number - 1].data) if number < 0 else _LONGEST
        if cpu_of(pid) - began > 2 * hard_seconds(size) and seat.read() == (number, began):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            with out.open("a") as said:
                said.write(f"{number} hung\n")
            return number + 1
        time.sleep(0.05)


def cpu_of(pid: int) -> float:
    """CPU seconds of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--large", type=int, default=0, metavar="MB")
    parser.add_argument("--memory", type=int, default=1_500, metavar="MB")
    parser.add_argument("--chunk", type=int, default=2_000, help="inputs of one child")
    parser.add_argument("--out", type=Path, default=Path("fuzz.txt"))
    options = parser.parse_args()
    seeds = [Input(*seed) for seed in SEEDS.items()]
    files = sorted(
        p
        for folder in options.folders
        for p in folder.rglob("*")
        if p.suffix in (".py", ".ipynb", ".json", ".csv", ".yml")
    )
    seeds += [Input(p.name, p.read_bytes()) for p in files if p.is_file() and p.stat().st_size <= _LONGEST]
    big = list(large(options.large * 1_000_000)) if options.large else []
    seat = Seat(mmap.mmap(-1, 16))
    options.out.write_text("")
    at = -len(big)
    stop = options.first + options.inputs
    while at < stop:
        end = 0 if at < 0 else min(stop, at + options.chunk)
        at = watched(range(at, end), big, seeds, seat, options.memory, options.out)
        at = max(at, options.first) if at >= 0 else at
    lines = options.out.read_text().splitlines()
    counts: collections.Counter[str] = collections.Counter()
    peak = 0
    for line in lines:
        if line.startswith("done "):
            found = json.loads(line[5:])
            peak = max(peak, found.pop("peak_mb"))
            counts.update(found)
    named = [line for line in lines if not line.startswith("done ")]
    faults = [line for line in named if not line.endswith((*_CUT_SHORT, " MB"))]
    print(f"{options.inputs} inputs, {len(big)} large ones; peak {peak} MB; codes {dict(sorted(counts.items()))}")
    print("\n".join((*named, f"{len(faults)} faults")))
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
