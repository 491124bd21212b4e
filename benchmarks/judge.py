"""Engines as judges: random queries, DML and functions of PL/pgSQL run on DuckDB, SQLite and PostgreSQL, and what they do must agree
with the lineage.

``python -m benchmarks.judge --cases 5000`` (``--engine``, ``--seed``; PostgreSQL where ``--postgres`` is given an address)
prints each violation with its SQL, and how often the change of a named source was seen, which is a matter of luck as well: a
source that is named for every column would hardly ever be.

Three checks of each case: the engine's columns are ours, in their order; changing one source column's values changes no output
column that lineage does not name it for, nor the rows unless it is named for these; and it is counted how many of the sources
that are named change something.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple, Protocol

from ray_lineage.compile import CompileOptions, compile_source
from ray_lineage.link import Linker
from ray_lineage.link.evaluate import Evaluated
from ray_lineage.link.script import Script
from ray_lineage.model import Declaration, DeclaredColumn, FileFacts, encode_facts

TABLES: Final = {"t": ("id", "a", "b"), "u": ("id", "c", "d"), "w": ("id", "e")}
TARGET: Final = ("o", ("k", "x", "y"))
ROWS: Final = {
    "t": [(i, i * 3 % 7, i % 3) for i in range(1, 9)],
    "u": [(i, i * 5 % 4, i % 2) for i in range(2, 11)],
    "w": [(i, 10 - i) for i in range(1, 6)],
    "o": [(i, i * 2 % 5, i % 4) for i in range(1, 7)],
}
FUNCTION: Final = "judged"
"""What a case's function of PL/pgSQL is called."""
SOURCES: Final = [(t, c) for t, columns in TABLES.items() for c in columns]


class Case(NamedTuple):
    """``writes``: it is DML of TARGET. ``once``: equal rows are dropped, so that no value is counted twice."""

    sql: str
    writes: bool = False
    once: bool = False


# --------------------------------------------------------------------------- engines


Answer = tuple[list[str], list[list[str]]]
"""Names, and each column's values, sorted."""


class Engine(Protocol):
    """A database, once as it is and once for each source whose values are others."""

    name: str

    def answer(self, case: Case, changed: int) -> Answer:
        """``changed`` is an index of SOURCES, -1 for none. Raises what its driver raises."""
        ...


def script(changed: int) -> Iterator[str]:
    """What makes a database."""
    for table, columns in {**TABLES, TARGET[0]: TARGET[1]}.items():
        yield f"CREATE TABLE {table} ({', '.join(f'{c} INTEGER' for c in columns)})"
        rows = ", ".join(str(row) for row in ROWS[table])
        yield f"INSERT INTO {table} VALUES {rows}"
    if changed >= 0:
        table, column = SOURCES[changed]
        yield f"UPDATE {table} SET {column} = {column} * 7 + 100 - id"


def as_answer(names: list[str], rows: list[Any]) -> Answer:
    """Values as they are compared: DuckDB and PostgreSQL have types of their own for sums."""
    plain = [[None if v is None else float(v) for v in row] for row in rows]
    values = [sorted(map(repr, column)) for column in zip(*plain, strict=True)] or [[] for _ in names]
    return [n.lower() for n in names], values


_TARGET: Final = f"SELECT {', '.join(TARGET[1])} FROM {TARGET[0]}"


class _Connections:
    """One connection for each variant."""

    def __init__(self, name: str, connect: Callable[[int], Any]) -> None:
        self.name = name
        self._all = [connect(changed) for changed in range(-1, len(SOURCES))]

    def answer(self, case: Case, changed: int) -> Answer:
        """See :class:`Engine`."""
        cursor = self._all[changed + 1].cursor()
        cursor.execute("BEGIN")
        try:
            cursor.execute(case.sql)
            if case.writes:
                cursor.execute(_TARGET)
            return as_answer([d[0] for d in cursor.description], cursor.fetchall())
        finally:
            cursor.execute("ROLLBACK")


def sqlite() -> Engine:
    """SQLite of the standard library."""

    def connect(changed: int) -> Any:
        connection = sqlite3.connect(":memory:", isolation_level=None)
        for statement in script(changed):
            connection.execute(statement)
        return connection

    return _Connections("sqlite", connect)


def duckdb() -> Engine:
    """DuckDB in memory."""
    import duckdb as library

    def connect(changed: int) -> Any:
        connection = library.connect(":memory:")
        for statement in script(changed):
            connection.execute(statement)
        return connection

    return _Connections("duckdb", connect)


def postgres(address: str) -> Engine:
    """A server of PostgreSQL, where each variant is a schema."""
    import psycopg

    def connect(changed: int) -> Any:
        connection = psycopg.connect(address, autocommit=True)
        schema = f"judge_{changed + 1}"
        for statement in (
            f"DROP SCHEMA IF EXISTS {schema} CASCADE",
            f"CREATE SCHEMA {schema}",
            f"SET search_path = {schema}",
        ):
            connection.execute(statement)
        for statement in script(changed):
            connection.execute(statement)
        return connection

    return _Connections("postgres", connect)


# --------------------------------------------------------------------------- lineage


class Named(NamedTuple):
    """What we say: the columns in their order with the sources of each, and the sources that shape the rows."""

    columns: list[tuple[str, set[tuple[str, str]]]]
    rows: set[tuple[str, str]]
    errors: list[str]


def named(case: Case, dialect: str) -> Named:
    """The lineage of a case."""
    linker = Linker("judge")
    declared = tuple(
        Declaration((table,), "Table", 0, tuple(map(DeclaredColumn, columns)))
        for table, columns in {**TABLES, TARGET[0]: TARGET[1]}.items()
    )
    facts = compile_source(case.sql, CompileOptions(dialect))
    linker.put("tables", "", encode_facts(FileFacts(dialect, "ok", (), declared)))
    linker.put("case", "", encode_facts(facts))
    run = Script(facts, linker.view())
    results = [result for _, _, result in run.run()]
    linker.close()
    said = [d.message for d in (*facts.diagnostics, *run.diagnostics) if d.severity != "info"]
    rows = _through({(t, c) for result in results for t, c, _ in result.influences}, results)
    if case.writes:
        into = {c: {f.source for r in results for f in r.flows if f.target == c} for c in TARGET[1]}
        return Named([(c, _through(sources, results)) for c, sources in into.items()], rows, said)
    items = results[-1].items if results else []
    return Named([(item.name or "", set(item.sources)) for item in items], rows, said)


def _through(sources: set[tuple[str, str]], results: list[Evaluated]) -> set[tuple[str, str]]:
    """What is made of the columns of the case's function is made of what those are made of."""
    made = {s for s in sources if s[0] == FUNCTION}
    inner = {f.source for r in results for f in r.flows if (FUNCTION, f.target) in made}
    return (sources - made) | (_through(inner, results) if made else set())


class Verdict(NamedTuple):
    """What is wrong, and of how many named sources how many were seen to change something."""

    wrong: list[str]
    named: int
    seen: int


def judge(case: Case, engine: Engine) -> Verdict:
    """Compare the lineage of a case with what the engine does. Raises what its driver raises for SQL that it refuses."""
    names, before = engine.answer(case, -1)
    ours = named(case, engine.name)
    wrong = list(ours.errors)
    if [n for n, _ in ours.columns] != names:
        return Verdict([*wrong, f"columns {names}, and not {[n for n, _ in ours.columns]}"], 0, 0)
    number = seen = 0
    for changed, source in enumerate(SOURCES):
        _, after = engine.answer(case, changed)
        shapes = source in ours.rows
        if case.once:
            before, after = [sorted(set(c)) for c in before], [sorted(set(c)) for c in after]
        for (name, sources), old, new in zip(ours.columns, before, after, strict=True):
            if source in sources:
                number, seen = number + 1, seen + (old != new)
            elif old != new and not shapes:
                wrong.append(f"{'.'.join(source)} changes {name}")
    return Verdict(wrong, number, seen)


# --------------------------------------------------------------------------- random cases


class Maker:
    """Makes cases that an engine takes. Every query has columns of names that are its own."""

    def __init__(self, rng: random.Random, engine: str) -> None:
        self.rng = rng
        self.engine = engine
        self._names = 0

    def case(self) -> Case:
        """One more."""
        if self.engine == "postgres" and self.rng.random() < 0.3:
            return self._procedure()
        if self.rng.random() < 0.2:
            return self._dml()
        if self.rng.random() < 0.2:
            return Case(self._once(), once=True)
        return Case(self.query(3)[0])

    def _once(self) -> str:
        """What drops equal rows. Within another query that shapes its rows, too, of which lineage says nothing."""
        (left, mine), (right, yours) = self.query(2), self.query(2)
        p, q = self._name("s"), self._name("s")
        how = self.rng.choice(["DISTINCT", "UNION", "EXCEPT", "INTERSECT"])
        if how == "DISTINCT":
            return f"SELECT DISTINCT * FROM ({left}) AS {p}"
        number = min(len(mine), len(yours)) if how == "UNION" else 1
        first, second = ", ".join(mine[:number]), ", ".join(yours[:number])
        return f"SELECT {first} FROM ({left}) AS {p} {how} SELECT {second} FROM ({right}) AS {q}"

    def _name(self, prefix: str) -> str:
        self._names += 1
        return f"{prefix}{self._names}"

    def query(self, depth: int) -> tuple[str, list[str]]:
        """A query and its columns."""
        kinds = [self._plain, self._joined, self._grouped, self._windowed]
        if depth > 0:
            kinds += [self._set, self._cte, self._derived, self._starred, self._correlated, self._recursive]
            if self.engine == "duckdb":
                kinds += [self._by_name, self._pivot, self._unpivot, self._struct, self._excluded]
            if self.engine == "postgres":
                kinds += [self._lateral, self._record]
        return self.rng.choice(kinds)(depth)

    def _source(self, depth: int) -> tuple[str, list[str]]:
        """What may stand in FROM, without its alias."""
        if depth > 0 and self.rng.random() < 0.4:
            sql, columns = self.query(depth - 1)
            return f"({sql})", columns
        table = self.rng.choice(list(TABLES))
        return table, list(TABLES[table])

    def _expression(self, columns: list[str]) -> str:
        x, y, z = (self.rng.choice(columns) for _ in range(3))
        return self.rng.choice([
            x, f"{x} + {y}", f"COALESCE({x}, {y})", f"CASE WHEN {x} > 3 THEN {y} ELSE {z} END", f"ABS({x} - {y})",
            f"NULLIF({x}, {y})", f"(SELECT MAX(e) FROM w WHERE w.id = {x})", "1", f"CAST({x} AS INTEGER)", f"-({x})",
        ])  # fmt: skip

    def _condition(self, columns: list[str]) -> str:
        x, y = (self.rng.choice(columns) for _ in range(2))
        return self.rng.choice([
            f"{x} > {y}", f"{x} IS NOT NULL", f"{x} IN (SELECT c FROM u)", f"EXISTS (SELECT 1 FROM w WHERE w.id = {x})",
            f"{x} BETWEEN 1 AND {y} + 5", f"NOT ({x} = {y})",
        ])  # fmt: skip

    def _where(self, columns: list[str]) -> str:
        return f" WHERE {self._condition(columns)}" if self.rng.random() < 0.4 else ""

    def _items(self, columns: list[str], number: int = 0) -> tuple[str, list[str]]:
        names = [self._name("c") for _ in range(number or self.rng.randint(1, 3))]
        return ", ".join(f"{self._expression(columns)} AS {n}" for n in names), names

    def _plain(self, depth: int) -> tuple[str, list[str]]:
        source, columns = self._source(depth)
        alias = self._name("q")
        seen = [f"{alias}.{c}" for c in columns] if self.rng.random() < 0.5 else columns
        items, names = self._items(seen)
        return f"SELECT {items} FROM {source} AS {alias}{self._where(seen)}", names

    def _joined(self, depth: int) -> tuple[str, list[str]]:
        (left, mine), (right, yours) = self._source(depth), self._source(depth)
        p, q = self._name("l"), self._name("r")
        seen = [*(f"{p}.{c}" for c in mine), *(f"{q}.{c}" for c in yours)]
        items, names = self._items(seen)
        how = self.rng.choice(["JOIN", "LEFT JOIN", "CROSS JOIN", "USING", "FULL JOIN"])
        if how == "USING" and "id" in mine and "id" in yours:
            return f"SELECT {items}, id AS {names[0]}k FROM {left} AS {p} JOIN {right} AS {q} USING (id)", [
                *names,
                f"{names[0]}k",
            ]
        if how in ("CROSS JOIN", "USING"):
            return f"SELECT {items} FROM {left} AS {p} CROSS JOIN {right} AS {q}{self._where(seen)}", names
        on = f"{p}.{self.rng.choice(mine)} = {q}.{self.rng.choice(yours)}"
        return f"SELECT {items} FROM {left} AS {p} {how} {right} AS {q} ON {on}{self._where(seen)}", names

    def _grouped(self, depth: int) -> tuple[str, list[str]]:
        source, columns = self._source(depth)
        key, value = self.rng.choice(columns), self.rng.choice(columns)
        k, v, n = self._name("k"), self._name("v"), self._name("n")
        having = f" HAVING COUNT({value}) > 1" if self.rng.random() < 0.3 else ""
        only = f" FILTER (WHERE {self.rng.choice(columns)} > 1)" if self.rng.random() < 0.3 else ""
        call = self.rng.choice(["SUM", "MAX", "MIN", "COUNT"])
        items = f"{key} AS {k}, {call}({value}){only} AS {v}, COUNT(*) AS {n}"
        return f"SELECT {items} FROM {source} AS {self._name('q')}{self._where(columns)} GROUP BY {key}{having}", [
            k,
            v,
            n,
        ]

    def _windowed(self, depth: int) -> tuple[str, list[str]]:
        source, columns = self._source(depth)
        x, y, z = (self.rng.choice(columns) for _ in range(3))
        name = self._name("c")
        over = self.rng.choice([f"PARTITION BY {y}", f"PARTITION BY {y} ORDER BY {z}", f"ORDER BY {z}"])
        return f"SELECT {x} AS {name}, SUM({x}) OVER ({over}) AS {name}s FROM {source} AS {self._name('q')}", [
            name,
            f"{name}s",
        ]

    def _set(self, depth: int) -> tuple[str, list[str]]:
        (left, mine), (right, yours) = self.query(depth - 1), self.query(depth - 1)
        number = min(len(mine), len(yours))
        p, q = self._name("s"), self._name("s")
        first, second = ", ".join(mine[:number]), ", ".join(yours[:number])
        return f"SELECT {first} FROM ({left}) AS {p} UNION ALL SELECT {second} FROM ({right}) AS {q}", mine[:number]

    def _cte(self, depth: int) -> tuple[str, list[str]]:
        inner, columns = self.query(depth - 1)
        name = self._name("z")
        listed = [self._name("m") for _ in columns] if self.rng.random() < 0.5 else []
        known = listed or columns
        items, names = self._items(known)
        names_of = f" ({', '.join(listed)})" if listed else ""
        head = f"WITH {name}{names_of} AS ({inner})"
        return f"SELECT * FROM ({head} SELECT {items} FROM {name}{self._where(known)}) AS {self._name('q')}", names

    def _derived(self, depth: int) -> tuple[str, list[str]]:
        inner, columns = self.query(depth - 1)
        items, names = self._items(columns)
        return f"SELECT {items} FROM ({inner}) AS {self._name('q')}{self._where(columns)}", names

    def _starred(self, depth: int) -> tuple[str, list[str]]:
        inner, columns = self.query(depth - 1)
        alias = self._name("q")
        extra = self._name("c")
        star = self.rng.choice(["*", f"{alias}.*"])
        return f"SELECT {star}, {self._expression(columns)} AS {extra} FROM ({inner}) AS {alias}", [*columns, extra]

    def _correlated(self, depth: int) -> tuple[str, list[str]]:
        source, columns = self._source(depth)
        alias, name = self._name("q"), self._name("c")
        x = f"{alias}.{self.rng.choice(columns)}"
        inner = f"SELECT MAX(c + {x}) FROM u WHERE u.id <= {x}"
        return f"SELECT ({inner}) AS {name} FROM {source} AS {alias}{self._where([x])}", [name]

    def _recursive(self, depth: int) -> tuple[str, list[str]]:
        table = self.rng.choice(list(TABLES))
        x, y = (self.rng.choice(TABLES[table]) for _ in range(2))
        name, k, n = self._name("z"), self._name("k"), self._name("n")
        head = f"WITH RECURSIVE {name} ({k}, {n}) AS (SELECT {x}, {y} FROM {table} UNION ALL SELECT {k} + 1, {n} FROM {name} WHERE {k} < 5)"
        return f"SELECT * FROM ({head} SELECT {k}, {n} FROM {name}) AS {self._name('q')}", [k, n]

    # ------------------------------------------------------------------ what only some have

    def _by_name(self, depth: int) -> tuple[str, list[str]]:
        (left, mine), (right, yours) = self.query(depth - 1), self.query(depth - 1)
        shared = self._name("c")
        p, q = self._name("s"), self._name("s")
        first = f"SELECT {mine[0]} AS {shared}, {mine[-1]} AS {p}x FROM ({left}) AS {p}"
        second = f"SELECT {yours[0]} AS {q}x, {yours[-1]} AS {shared} FROM ({right}) AS {q}"
        return f"SELECT * FROM ({first} UNION ALL BY NAME {second}) AS {self._name('q')}", [shared, f"{p}x", f"{q}x"]

    def _pivot(self, depth: int) -> tuple[str, list[str]]:
        call, name = self.rng.choice(["SUM", "MAX"]), self._name("p")
        x, y, z = self.rng.choice([("a", "b", "id"), ("id", "b", "a"), ("id", "a", "b")])
        inner = f"SELECT * FROM (PIVOT t ON {y} IN (0, 1) USING {call}({x}) GROUP BY {z})"
        return f'SELECT {z} AS {name}, "0" AS {name}o, "1" AS {name}l FROM ({inner}) AS {self._name("q")}', [
            name,
            f"{name}o",
            f"{name}l",
        ]

    def _unpivot(self, depth: int) -> tuple[str, list[str]]:
        v, name = self._name("v"), self._name("p")
        inner = f"SELECT * FROM (UNPIVOT t ON a, b INTO NAME {name} VALUE {v})"
        return f"SELECT id AS {v}i, {v} FROM ({inner}) AS {self._name('q')}", [f"{v}i", v]

    def _struct(self, depth: int) -> tuple[str, list[str]]:
        inner, columns = self.query(depth - 1)
        s, x, y = self._name("s"), self.rng.choice(columns), self.rng.choice(columns)
        c = self._name("c")
        packed = f"SELECT {{'f': {x}, 'g': {y}}} AS {s} FROM ({inner}) AS {self._name('q')}"
        return f"SELECT {s}.f AS {c}, {s}.g + 1 AS {c}g FROM ({packed}) AS {self._name('q')}", [c, f"{c}g"]

    def _excluded(self, depth: int) -> tuple[str, list[str]]:
        inner, columns = self.query(depth - 1)
        alias = self._name("q")
        if len(columns) < 2 or self.rng.random() < 0.5:
            one = self.rng.choice(columns)
            return f"SELECT * REPLACE ({self._expression(columns)} AS {one}) FROM ({inner}) AS {alias}", columns
        return f"SELECT * EXCLUDE ({columns[0]}) FROM ({inner}) AS {alias}", columns[1:]

    def _lateral(self, depth: int) -> tuple[str, list[str]]:
        source, columns = self._source(depth)
        p, q, c = self._name("l"), self._name("r"), self._name("c")
        x, y = (f"{p}.{self.rng.choice(columns)}" for _ in range(2))
        inner = f"SELECT d + {x} AS {c}d FROM u WHERE u.id = {y}"
        return f"SELECT {x} AS {c}, {q}.{c}d FROM {source} AS {p}, LATERAL ({inner}) AS {q}", [c, f"{c}d"]

    def _record(self, depth: int) -> tuple[str, list[str]]:
        source, columns = self._source(depth)
        p, v, c = self._name("l"), self._name("v"), self._name("c")
        x, y = (f"{p}.{self.rng.choice(columns)}" for _ in range(2))
        rows = f"(VALUES ({x}, 1), ({y}, 2)) AS {v} ({c}, {c}n)"
        return f"SELECT {v}.{c}, {v}.{c}n FROM {source} AS {p} CROSS JOIN LATERAL {rows}", [c, f"{c}n"]

    # ------------------------------------------------------------------ DML

    def _dml(self) -> Case:
        inner, columns = self.query(2)
        alias = self._name("q")
        x, y = self.rng.choice(columns), self.rng.choice(columns)
        table, target = self.rng.choice(list(TABLES)), TARGET[0]
        c = self.rng.choice(TABLES[table])
        return Case(self.rng.choice([
            f"INSERT INTO {target} (x, y) SELECT {x}, {y} FROM ({inner}) AS {alias}",
            f"INSERT INTO {target} SELECT {x}, {y}, 3 FROM ({inner}) AS {alias}",
            f"UPDATE {target} SET x = (SELECT MAX({x}) FROM ({inner}) AS {alias})",
            f"UPDATE {target} SET x = {target}.y + {table}.{c} FROM {table} WHERE {table}.id = {target}.k",
            f"DELETE FROM {target} WHERE x IN (SELECT {x} FROM ({inner}) AS {alias})",
        ]), writes=True)  # fmt: skip

    # ------------------------------------------------------------------ PL/pgSQL

    def _procedure(self) -> Case:
        """A function that writes TARGET, or whose rows are written there. It has variables v and w and a record r; nothing in it
        decides whether a statement runs but loops over queries and a counter i, since of IF lineage says nothing."""
        if self.rng.random() < 0.2:
            return self._returned()
        steps = [self._step() for _ in range(self.rng.randint(1, 3))]
        if self.rng.random() < 0.6:
            steps.append(self._branched())
        steps.append(self.rng.choice([self._written, self._looped, self._fetched, self._executed])())
        body = "; ".join(["v := 1", "w := 2", *steps])
        declared = f"v int; w int; r record; cur refcursor; i int := {self.rng.randint(0, 2)};"
        head = f"CREATE FUNCTION {FUNCTION}() RETURNS void LANGUAGE plpgsql AS $$ DECLARE {declared}"
        return Case(f"{head} BEGIN {body}; END $$; SELECT {FUNCTION}()", writes=True)

    def _returned(self) -> Case:
        inner, columns = self.query(2)
        x, y = self.rng.choice(columns), self.rng.choice(columns)
        k, n, q = self._name("k"), self._name("n"), self._name("q")
        rows = f"SELECT {x}::int, {y}::int FROM ({inner}) AS {q}"
        how = self.rng.choice([
            f"RETURN QUERY {rows}",
            f"FOR {k}, {n} IN {rows} LOOP RETURN NEXT; END LOOP",
            f"FOR r IN {rows} LOOP {k} := r.{x}; {n} := {k} + 1; RETURN NEXT; END LOOP" if x != y else f"RETURN QUERY {rows}",
        ])  # fmt: skip
        head = f"CREATE FUNCTION {FUNCTION}() RETURNS TABLE ({k} int, {n} int) LANGUAGE plpgsql AS $$ DECLARE r record;"
        call = f"INSERT INTO {TARGET[0]} (x, y) SELECT {n}, {k} FROM {FUNCTION}()"
        return Case(f"{head} BEGIN {how}; END $$; {call}", writes=True)

    def _step(self) -> str:
        return self.rng.choice([self._into, self._assigned, self._row])()

    def _branched(self) -> str:
        """Some steps run, some do not, some not to their end, whatever the tables hold."""
        a, b, c = (self._step() for _ in range(3))
        return self.rng.choice([
            f"IF i = 1 THEN {a}; ELSE {b}; END IF",
            f"{a}; IF i = 0 THEN {b}; ELSIF i = 1 THEN {c}; END IF",
            f"CASE i WHEN 0 THEN {a}; WHEN 1 THEN {b}; ELSE {c}; END CASE",
            f"WHILE i < 4 LOOP {a}; i := i + 1; EXIT WHEN i = 2; {b}; END LOOP",
            f"FOR i IN 0..1 LOOP {a}; CONTINUE WHEN i = 1; {b}; END LOOP",
            f"BEGIN {a}; PERFORM 1 / i; {b}; EXCEPTION WHEN division_by_zero THEN {c}; END",
        ])  # fmt: skip

    def _into(self) -> str:
        inner, columns = self.query(2)
        x, y = self.rng.choice(columns), self.rng.choice(columns)
        return f"SELECT MAX({x}), MIN({y}) INTO {self.rng.choice(['v, w', 'w, v'])} FROM ({inner}) AS {self._name('q')}"

    def _assigned(self) -> str:
        inner, columns = self.query(1)
        x = self.rng.choice(columns)
        value = f"(SELECT MAX({x}) FROM ({inner}) AS {self._name('q')})"
        return self.rng.choice(["v := w + 1", "w := COALESCE(v, w)", f"v := {value}", f"w := v - {value}"])

    def _row(self) -> str:
        inner, columns = self.query(1)
        x = self.rng.choice(columns)
        k = self._name("k")
        return f"SELECT SUM({x}) AS {k} INTO r FROM ({inner}) AS {self._name('q')}; w := r.{k}"

    def _written(self) -> str:
        inner, columns = self.query(2)
        x, y = self.rng.choice(columns), self.rng.choice(columns)
        q, target = self._name("q"), TARGET[0]
        return self.rng.choice([
            f"INSERT INTO {target} (x, y) SELECT {x} + v, w FROM ({inner}) AS {q} WHERE {y} > v",
            f"INSERT INTO {target} (x, y) VALUES (v, w)",
            f"UPDATE {target} SET x = v, y = y + w",
            f"UPDATE {target} SET y = w WHERE k > v",
            f"DELETE FROM {target} WHERE x > v",
        ])  # fmt: skip

    def _looped(self) -> str:
        inner, columns = self.query(2)
        x, y = self.rng.choice(columns), self.rng.choice(columns)
        target = TARGET[0]
        step = self.rng.choice([
            f"INSERT INTO {target} (x, y) VALUES (r.{x}, r.{y} + v)",
            f"v := r.{x}; INSERT INTO {target} (x, y) VALUES (v, w)",
            f"UPDATE {target} SET y = r.{y} WHERE x = r.{x}",
        ])  # fmt: skip
        return f"FOR r IN SELECT * FROM ({inner}) AS {self._name('q')} ORDER BY {x}, {y} LOOP {step}; END LOOP"

    def _fetched(self) -> str:
        inner, columns = self.query(1)
        x, y = self.rng.choice(columns), self.rng.choice(columns)
        opened = f"OPEN cur FOR SELECT {x}, {y} FROM ({inner}) AS {self._name('q')} ORDER BY 1, 2"
        return f"{opened}; LOOP FETCH cur INTO v, w; EXIT WHEN NOT FOUND; INSERT INTO {TARGET[0]} (x, y) VALUES (v, w); END LOOP"

    def _executed(self) -> str:
        inner, columns = self.query(1)
        x = self.rng.choice(columns)
        text = f"INSERT INTO {TARGET[0]} (x, y) SELECT {x}, $1 FROM ({inner}) AS {self._name('q')}"
        return f"EXECUTE '{text.replace(chr(39), chr(39) * 2)}' USING v"


# --------------------------------------------------------------------------- by hand


class Tally:
    """What came of many cases."""

    def __init__(self) -> None:
        self.judged = self.refused = self.named = self.seen = 0
        self.wrong: list[tuple[Case, list[str]]] = []


def tried(engine: Engine, seed: int, cases: int) -> Tally:
    """So many random cases; one that the engine refuses (numbers too large, types) is counted apart."""
    out = Tally()
    for number in range(cases):
        case = Maker(random.Random(f"{engine.name} {seed} {number}"), engine.name).case()
        try:
            verdict = judge(case, engine)
        except Exception as error:
            if not type(error).__module__.startswith(("duckdb", "_duckdb", "sqlite3", "psycopg")):
                raise
            out.refused += 1
            continue
        out.judged += 1
        out.named, out.seen = out.named + verdict.named, out.seen + verdict.seen
        if verdict.wrong:
            out.wrong.append((case, verdict.wrong))
    return out


def main() -> int:
    """Exit 1: there are violations."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engine", action="append", choices=["duckdb", "sqlite", "postgres"])
    parser.add_argument(
        "--postgres", metavar="ADDRESS", help="postgresql://user@host:port/database, where schemas may be made"
    )
    given = parser.parse_args()
    makers: dict[str, Callable[[], Engine]] = {"duckdb": duckdb, "sqlite": sqlite}
    if given.postgres:
        makers["postgres"] = lambda: postgres(given.postgres)
    bad = 0
    for name in given.engine or makers:
        done = tried(makers[name](), given.seed, given.cases)
        share = done.seen / done.named if done.named else 1
        print(
            f"{name}: {done.judged} judged, {done.refused} refused, {len(done.wrong)} wrong, {share:.0%} of named sources seen"
        )
        for case, wrong in done.wrong[:20]:
            print(f"  {case.sql}\n    {'; '.join(wrong)}")
        bad += len(done.wrong)
    return int(bad > 0)


if __name__ == "__main__":
    raise SystemExit(main())
