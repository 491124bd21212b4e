"""Share of data statements that give facts, counted from the text's own words and not from the compiler.

``python -m benchmarks.coverage FOLDER [--dialect tsql]``: a data statement is a line-independent occurrence of INSERT, UPDATE,
MERGE, DELETE, SELECT ... INTO, CREATE TABLE or CREATE VIEW outside strings, comments and grants. The count errs to the high side:
words in places that begin no statement (hints, permissions, triggers' event lists, FOR UPDATE) are taken out by their neighbours.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from pathlib import Path

from ray_lineage.compile import CompileOptions, compile_text
from ray_lineage.sources.decode import decode

_NOISE = re.compile(r"--[^\n]*|/\*.*?\*/|N?'(?:[^']|'')*'|\[[^\]\n]*\]|\"[^\"\n]*\"", re.DOTALL)
_WORDS = re.compile(r"[@#$\w]+|[(),.;=]")
_NOT_AFTER = {
    "INSERT": {"FOR", "AFTER", "OF", ",", "ON", "THEN", "GRANT", "DENY", "REVOKE", "BULK", "INSTEAD", "OR", "."},
    "UPDATE": {"FOR", "AFTER", "OF", ",", "ON", "THEN", "GRANT", "DENY", "REVOKE", "INSTEAD", "OR", "DO", ".", "KEY"},
    "DELETE": {"FOR", "AFTER", "OF", ",", "ON", "THEN", "GRANT", "DENY", "REVOKE", "INSTEAD", "OR", "."},
    "MERGE": {"INNER", "LEFT", "RIGHT", "FULL", ",", "(", "."},
}
_KINDS = {
    "INSERT": {"insert", "insert_overwrite"},
    "UPDATE": {"update"},
    "DELETE": {"delete"},
    "MERGE": {"merge"},
}


def counted(text: str) -> Counter[str]:
    """Data statements by their first word, from the words of the text alone."""
    words = [w.upper() for w in _WORDS.findall(_NOISE.sub(" x ", text))]
    found: Counter[str] = Counter()
    for i, word in enumerate(words):
        if word not in _NOT_AFTER:
            continue
        before, after = words[i - 1] if i else "", words[i + 1] if i + 1 < len(words) else ""
        if before in _NOT_AFTER[word] or after in ("(", "STATISTICS", ")", ",", ".", "=", "JOIN", "AS", "ON", "TO"):
            continue
        found[word] += 1
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--dialect", default="tsql")
    given = parser.parse_args()
    said: Counter[str] = Counter()
    read: Counter[str] = Counter()
    errors = files = 0
    for path in sorted(given.folder.rglob("*.sql")):
        text = decode(path.read_bytes()).text
        files += 1
        expected = counted(text)
        facts = compile_text(text, CompileOptions(given.dialect))
        got = Counter(k for s in facts.statements for k, kinds in _KINDS.items() if s.kind in kinds)
        for kind, number in expected.items():
            said[kind] += number
            read[kind] += min(number, got[kind])
            if got[kind] < number:
                print(f"{path}: {number - got[kind]} of {number} {kind} missing")
        errors += any(d.severity == "error" for d in facts.diagnostics)
    for kind in said:
        print(f"{kind:<8} {read[kind]:>7,} of {said[kind]:>7,}")
    total = sum(said.values())
    print(f"all      {sum(read.values()):,} of {total:,} = {100 * sum(read.values()) / max(1, total):.2f} %")
    print(f"files with an error: {errors} of {files} = {100 * errors / max(1, files):.2f} %")


if __name__ == "__main__":
    main()
