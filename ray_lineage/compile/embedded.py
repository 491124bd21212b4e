"""What the SQL in another format says, fitted into what that format says around it: names, what a query makes, what it reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from ray_lineage.compile.facts import Facts
from ray_lineage.model import Effect, FileFacts, Name, Relation, Select, StatementFacts, StatementKind, TableRef


def query_of(facts: FileFacts) -> int:
    """The number of the last statement that is a query and nothing else; -1: there is none."""
    found = (k for k, s in enumerate(facts.statements) if not s.target and not s.procedure and s.root >= 0)
    return max(found, default=-1)


def making(facts: FileFacts, query: int, made: Name, kind: StatementKind, effect: Effect) -> FileFacts:
    """The query writes that dataset."""
    statement = msgspec.structs.replace(facts.statements[query], kind=kind, target=made, effect=effect)
    return _with(facts, query, statement)


def renamed(facts: FileFacts, means: Callable[[Name], Name]) -> FileFacts:
    """With other names of the datasets that it reads and writes."""

    def of(relation: Relation) -> Relation:
        return (
            msgspec.structs.replace(relation, name=means(relation.name)) if isinstance(relation, TableRef) else relation
        )

    statements = (
        msgspec.structs.replace(
            s, relations=tuple(map(of, s.relations)), target=means(s.target) if s.target else s.target
        )
        for s in facts.statements
    )
    declarations = (msgspec.structs.replace(d, name=means(d.name)) for d in facts.declarations)
    return msgspec.structs.replace(facts, statements=tuple(statements), declarations=tuple(declarations))


def reading(names: Iterable[Name], text: str = "") -> FileFacts:
    """A query of which only the tables are known."""
    tables: tuple[Relation, ...] = tuple(TableRef(name, 0) for name in names)
    facts = Facts()
    query = Select(tuple(range(1, len(tables) + 1)), ())
    facts.statement(StatementKind.SELECT, 1, 1, (query, *tables), scope=0, sql=text)
    return facts.file("")


def also_reading(facts: FileFacts, query: int, names: Iterable[Name]) -> FileFacts:
    """The query reads these, too, if no statement names them: nobody knows which columns."""
    named = {r.name for s in facts.statements for r in s.relations if isinstance(r, TableRef)}
    statement = facts.statements[query]
    missing = [name for name in names if name not in named and name != statement.target]
    if not missing:
        return facts
    first = len(statement.relations)
    tables = tuple(TableRef(name, 0) for name in missing)
    select = Select(tuple(range(first, first + len(tables))), ())
    statement = msgspec.structs.replace(
        statement,
        relations=(*statement.relations, *tables, select),
        subqueries=(*statement.subqueries, first + len(tables)),
    )
    return _with(facts, query, statement)


def _with(facts: FileFacts, number: int, statement: StatementFacts) -> FileFacts:
    statements = (*facts.statements[:number], statement, *facts.statements[number + 1 :])
    return msgspec.structs.replace(facts, statements=statements)
