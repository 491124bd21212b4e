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

from ray_lineage.compile import CompileOptions, compile_source
from ray_lineage.model import FileFacts
from ray_lineage.sources.decode import decode

_NOISE = re.compile(r"(?m:^[ \t]*:[^\n]*)|--[^\n]*|/\*.*?\*/|N?'(?:[^']|'')*'|\[[^\]\n]*\]|\"[^\"\n]*\"", re.DOTALL)
_WORDS = re.compile(r"[@#$\w]+|[(),.;=]")
_NOT_AFTER = {
    "INSERT": {"FOR", "AFTER", "OF", ",", "ON", "THEN", "GRANT", "DENY", "REVOKE", "BULK", "INSTEAD", "OR", "."},
    "UPDATE": {"FOR", "AFTER", "OF", ",", "ON", "THEN", "GRANT", "DENY", "REVOKE", "INSTEAD", "OR", "DO", ".", "KEY"},
    "DELETE": {"FOR", "AFTER", "OF", ",", "ON", "THEN", "GRANT", "DENY", "REVOKE", "INSTEAD", "OR", "."},
    "MERGE": {"INNER", "LEFT", "RIGHT", "FULL", ",", "(", "."},
}
_KINDS = {
    "INSERT": {"insert", "insert_overwrite", "copy"},
    "UPDATE": {"update"},
    "DELETE": {"delete"},
    "MERGE": {"merge"},
    "SELECT INTO": {"select_into"},
}
_MADE = {"CREATE TABLE": {"Table", "External", "TempTable"}, "CREATE VIEW": {"View", "MaterializedView"}}
_BEFORE_KIND = {
    "OR",
    "ALTER",
    "REPLACE",
    "EXTERNAL",
    "MATERIALIZED",
    "GLOBAL",
    "LOCAL",
    "TEMP",
    "TEMPORARY",
    "UNLOGGED",
}
_ENDS_LIST = {
    "FROM",
    "WHERE",
    "UNION",
    ";",
    "GO",
    "INSERT",
    "UPDATE",
    "DELETE",
    "MERGE",
    "SELECT",
    "CREATE",
    "BEGIN",
    "END",
    "EXEC",
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
    for i, word in enumerate(words):
        if word == "CREATE":
            kind = next((w for w in words[i + 1 : i + 6] if w not in _BEFORE_KIND), "")
            if kind in ("TABLE", "VIEW") and words[i - 1 : i] not in (["GRANT"], ["DENY"], ["REVOKE"], [","]):
                found[f"CREATE {kind}"] += 1
        elif word == "SELECT" and _selects_into(words, i):
            found["SELECT INTO"] += 1
    return found


def _selects_into(words: list[str], i: int) -> bool:
    """Is there an INTO after the list of the SELECT at ``i``, whose target is no variable?"""
    depth = 0
    for j in range(i + 1, len(words)):
        depth += (words[j] == "(") - (words[j] == ")")
        if depth < 0 or (depth == 0 and words[j] in _ENDS_LIST):
            return False
        if depth == 0 and words[j] == "INTO":
            return not words[j + 1 : j + 2] or words[j + 1][0] != "@"
    return False


def given(facts: FileFacts) -> Counter[str]:
    """The same kinds, from what the compiler says."""
    got = Counter(k for s in facts.statements for k, kinds in _KINDS.items() if s.kind in kinds)
    queries = {
        d.statement
        for d in facts.declarations
        if d.statement >= 0 and facts.statements[d.statement].kind == "select_into"
    }
    for declaration in facts.declarations:
        if not declaration.adds and not declaration.name[0].startswith("@") and declaration.statement not in queries:
            got.update(kind for kind, kinds in _MADE.items() if declaration.kind in kinds)
    return got


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--dialect", default="tsql")
    options = parser.parse_args()
    said: Counter[str] = Counter()
    read: Counter[str] = Counter()
    errors = files = 0
    for path in sorted(options.folder.rglob("*.sql")):
        text = decode(path.read_bytes()).text
        files += 1
        expected = counted(text)
        facts = compile_source(text, CompileOptions(options.dialect))
        got = given(facts)
        for kind, number in expected.items():
            said[kind] += number
            read[kind] += min(number, got[kind])
            if got[kind] < number:
                print(f"{path}: {number - got[kind]} of {number} {kind} missing")
        errors += any(d.severity == "error" for d in facts.diagnostics)
    for kind in said:
        print(f"{kind:<12} {read[kind]:>7,} of {said[kind]:>7,}")
    total = sum(said.values())
    print(f"all          {sum(read.values()):,} of {total:,} = {100 * sum(read.values()) / max(1, total):.2f} %")
    print(f"files with an error: {errors} of {files} = {100 * errors / max(1, files):.2f} %")


if __name__ == "__main__":
    main()
