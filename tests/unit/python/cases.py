"""How tests of Python are written: a program and what it does.

A pair reads ``source > target how?`` as in the tests of SQL; ``table >> table`` says that one feeds another, ``-> table`` that it
is written, ``table ->`` that it is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ray_lineage.compile import CompileOptions, compile_source
from ray_lineage.link.codes import certainty_text, how_text
from ray_lineage.link.linker import Linker
from ray_lineage.link.script import Script
from ray_lineage.model import Declaration, DeclaredColumn, FileFacts, encode_facts, is_temporary, split_text


def facts_of(
    code: str | bytes,
    form: str = "python",
    dialect: str = "",
    given: Mapping[str, str] | None = None,
    stem: str = "job",
) -> FileFacts:
    """What a file says."""
    data = code.encode() if isinstance(code, str) else code
    files = {name: text.encode() for name, text in (given or {}).items()}
    return compile_source(data, CompileOptions(dialect, formats=(form,), model=stem), (), files)


class Found:
    """What linking makes of facts. ``pairs`` in the notation of the cases; ``lines`` of each pair."""

    def __init__(self, facts: FileFacts, schema: Mapping[str, Iterable[str]] | None = None) -> None:
        linker = Linker("test")
        declared = tuple(
            Declaration(split_text(name), "Table", 0, tuple(map(DeclaredColumn, columns)))
            for name, columns in (schema or {}).items()
        )
        if declared:
            linker.put("\0schema", "", encode_facts(FileFacts("", "ok", (), declared)))
        linker.put("job", "", encode_facts(facts))
        catalog = linker.view()
        self.facts = facts
        self.pairs: set[str] = set()
        self.lines: dict[str, int] = {}
        self.tables: set[str] = set()
        for _, statement, result in Script(facts, catalog).run():
            target = catalog.resolve(statement.target) if statement.target else ""
            self.tables.update(f"{dataset} ->" for dataset in result.reads)
            if not target or is_temporary(statement.target):
                continue
            self.tables.add(f"-> {target}")
            self.tables.update(f"{dataset} >> {target}" for dataset in result.feeds if dataset != target)
            for flow in result.flows:
                how = how_text(flow.code)[0] + ("?" if certainty_text(flow.code) == "possible" else "")
                pair = f"{'.'.join(flow.source)} > {target}.{flow.target} {how}"
                self.pairs.add(pair)
                self.lines[pair] = flow.line or statement.first_line
        linker.close()


def check(code: str, expected: Iterable[str], **how: object) -> None:
    """The program does what the notation says: all of its pairs, and the tables that are named."""
    found = Found(facts_of(code, **how))  # type: ignore[arg-type]
    said = set(expected)
    tables = {e for e in said if "->" in e or ">>" in e}
    assert found.pairs == said - tables
    assert tables <= found.tables
    assert not [d for d in found.facts.diagnostics if d.severity == "error"]
