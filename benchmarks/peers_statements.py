"""Other tools on the same statements, for :mod:`benchmarks.engine`: each in a process of its own, in whose Python it is installed.

A statement is what stands between two ``GO`` lines. A tool is given the text of one after another, without a schema, after a first
one that does not count. ``with columns`` are statements of which it gave at least one pair of columns. A tool that is not at hand
is named as such; ``--install`` makes a virtual environment for it.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final, NamedTuple

import psutil

from benchmarks.job import CHECKOUT

_FRAME: Final = '''
import json, sys, time, logging, warnings
logging.disable(logging.CRITICAL); warnings.simplefilter("ignore")
statements = json.load(open(sys.argv[1]))
{setup}
def columns(text):
    """How many pairs of columns the tool finds."""
{body}
def tried(text):
    try: return columns(text)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt): raise
        return None
tried(statements[0])
start = time.process_time()
found = [tried(text) for text in statements]
print(json.dumps({{"cpu": time.process_time() - start, "failed": found.count(None), "with": sum(bool(n) for n in found)}}))
'''


class Peer(NamedTuple):
    """``packages`` to install, the module that shows that they are; what is run before and for each statement."""

    packages: tuple[str, ...]
    module: str
    setup: str
    body: str
    then: str


PEERS: Final = {
    "ray_lineage": Peer(
        (), "ray_lineage", "from ray_lineage import lineage",
        "    return len(lineage(text, 'tsql', seconds=None).columns)", "853 a CPU s, 152 with columns, 0 failed",
    ),
    "sqlglot": Peer(
        ("sqlglot[c]",), "sqlglot", "import sqlglot\nfrom sqlglot import exp\nfrom sqlglot.lineage import lineage",
        "    n = 0\n    for tree in sqlglot.parse(text, read='tsql'):\n"
        "        query = tree.find(exp.Query) if tree is not None else None\n"
        "        for name in (query.named_selects if query is not None else ()):\n"
        "            n += len(list(lineage(name, query.copy(), None, None, 'tsql').walk())) > 1\n"
        "    return n", "40 a CPU s, 130 with columns, 56 failed",
    ),
    "sqllineage": Peer(
        ("sqllineage",), "sqllineage", "from sqllineage.runner import LineageRunner",
        "    return len(LineageRunner(text, dialect='tsql').get_column_lineage())", "8 a CPU s, 15 of 162 with columns, 39 failed",
    ),
    "openlineage-sql": Peer(
        ("openlineage-sql",), "openlineage_sql", "from openlineage_sql import parse",
        "    meta = parse([text], dialect='mssql')\n"
        "    if meta is None or meta.errors: raise ValueError\n"
        "    return sum(len(c.lineage) for c in meta.column_lineage)", "2,298 a CPU s, 139 with columns, 103 failed",
    ),
    "datahub": Peer(
        ("acryl-datahub[sql-parser]",), "datahub",
        "from datahub.sql_parsing.sqlglot_lineage import create_lineage_sql_parsed_result as parse",
        "    r = parse(text, default_db='db', default_schema='dbo', platform='mssql', platform_instance=None, env='PROD')\n"
        "    if r.debug_info.table_error: raise ValueError\n"
        "    return len(r.column_lineage or ())", "51 a CPU s, 152 with columns, 10 failed",
    ),
    "flowscope": Peer((), "", "", "", "748-844 files a CPU s, of 4,000; 28 % of them failed"),
}  # fmt: skip


def statements(root: Path) -> list[str]:
    """Of all files, in path order."""
    texts = [path.read_text("utf-8") for path in sorted(root.rglob("*.sql"))]
    return [part for text in texts for part in re.split(r"(?m)^GO\s*$", text) if re.sub(r"--.*", "", part).strip()]


def compared(root: Path, wanted: list[str], environments: Path, install: bool) -> list[dict[str, Any]]:
    """A row for each tool."""
    texts = statements(root)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "statements.json"
        listed.write_text(json.dumps(texts))
        for name in wanted:
            found = _flowscope(root) if name == "flowscope" else _measured(name, listed, environments, install)
            rows.append({"tool": name, "statements": len(texts), **_row(found, len(texts)), "before": PEERS[name].then})
    return rows


def _row(found: dict[str, Any] | str, count: int) -> dict[str, Any]:
    if isinstance(found, str):
        return {"a CPU s": found, "with columns": "", "failed": ""}
    if "files" in found:
        return {"a CPU s": f"{found['files'] / found['cpu']:.0f} files", "with columns": "", "failed": found["failed"]}
    return {"a CPU s": f"{count / found['cpu']:,.0f}", "with columns": found["with"], "failed": found["failed"]}


def _measured(name: str, listed: Path, environments: Path, install: bool) -> dict[str, Any] | str:
    peer = PEERS[name]
    python = _python(name, peer, environments, install)
    if python is None:
        return "not at hand"
    code = _FRAME.format(setup=peer.setup, body=peer.body)
    path = {"PYTHONPATH": CHECKOUT} if name == "ray_lineage" else {}
    done = subprocess.run(
        [python, "-c", code, str(listed)], capture_output=True, text=True, env={"PATH": "/usr/bin:/bin", **path}
    )
    if done.returncode:
        return f"it ended: {done.stderr.strip().splitlines()[-1][:60]}"
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _python(name: str, peer: Peer, environments: Path, install: bool) -> str | None:
    own = environments / name / "bin" / "python"
    if install and not own.exists() and peer.packages:
        subprocess.run([sys.executable, "-m", "venv", str(own.parent.parent)], check=True)
        subprocess.run([str(own.parent / "pip"), "install", "-q", *peer.packages], check=False)
    for python in (str(own), sys.executable):
        if (
            Path(python).exists()
            and not subprocess.run([python, "-c", f"import {peer.module}"], capture_output=True).returncode
        ):
            return python
    return None


def _flowscope(root: Path) -> dict[str, Any] | str:
    """The command of that name, file by file, as it is used."""
    command = shutil.which("flowscope")
    if command is None:
        return "not at hand"
    failed, files = 0, sorted(root.rglob("*.sql"))
    began = _children()
    for path in files:
        done = subprocess.run([command, "-d", "mssql", "-f", "json", str(path)], capture_output=True)
        failed += done.returncode != 0
    return {"files": len(files), "failed": failed, "cpu": max(_children() - began, 1e-9)}


def _children() -> float:
    used = psutil.Process().cpu_times()
    return float(used.children_user + used.children_system)
