"""A seeded generator of synthetic SQL repositories that knows their true column lineage.

Queries are built from a model of relations whose columns carry their sources, and the SQL text is written from that
model: no parser has a part in the truth. ``python -m benchmarks.generate --files 1000 --seed 1 --dialect tsql OUT``
writes ``OUT/repo/**.sql`` and ``OUT/truth.jsonl``.

60 % of the files are small (one statement), 30 % medium (2-4), 10 % large (8-16). Datasets are named ``schema.table``.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

IDENTITY, TRANSFORMATION, AGGREGATION, CONDITIONAL, WINDOW = (
    "identity",
    "transformation",
    "aggregation",
    "conditional",
    "window",
)
_DIRECT = (IDENTITY, TRANSFORMATION, AGGREGATION)
_STRENGTH = {WINDOW: 0, CONDITIONAL: 1, IDENTITY: 2, TRANSFORMATION: 3, AGGREGATION: 4}
Sources = dict[tuple[str, str], str]  # (dataset, column) -> transformation

_NOUNS = [
    "order",
    "customer",
    "product",
    "invoice",
    "payment",
    "shipment",
    "store",
    "region",
    "supplier",
    "ticket",
    "session",
    "campaign",
    "account",
    "device",
    "claim",
    "policy",
]
_WORDS = [
    "id",
    "code",
    "name",
    "status",
    "amount",
    "quantity",
    "price",
    "cost",
    "discount",
    "tax",
    "created_at",
    "updated_at",
    "region_id",
    "customer_id",
    "product_id",
    "type",
    "flag",
    "rate",
    "score",
    "total",
    "city",
    "country",
    "note",
    "rank_no",
    "batch",
]
_SCHEMAS = ("raw", "stage", "core", "mart")


class Edge(NamedTuple):
    """One true column edge of one statement."""

    file: str
    source: str
    source_column: str
    target: str
    target_column: str
    transformation: str


class Truth(NamedTuple):
    """What was generated. ``edges`` distinct, sorted; ``datasets`` maps a name to its columns."""

    root: Path
    edges: list[Edge]
    datasets: dict[str, list[str]]


class Relation(NamedTuple):
    """Something that can stand in FROM: its text, its alias and its columns with their sources."""

    text: str
    alias: str
    columns: dict[str, Sources]


def compose(outer: str, inner: str) -> str:
    """What becomes of a source that was used ``inner`` when the result is used ``outer``."""
    indirect = [x for x in (outer, inner) if x not in _DIRECT]
    if indirect:
        return CONDITIONAL if CONDITIONAL in indirect else WINDOW
    return max(outer, inner, key=_DIRECT.index)


def through(how: str, sources: Sources) -> Sources:
    """The sources of an expression over one column."""
    return {s: compose(how, inner) for s, inner in sources.items()}


def merge(*parts: Sources) -> Sources:
    """Several uses of one source: the strongest counts."""
    out: Sources = {}
    for part in parts:
        for source, how in part.items():
            if source not in out or _STRENGTH[how] > _STRENGTH[out[source]]:
                out[source] = how
    return out


class Generator:
    """Builds one repository."""

    def __init__(self, seed: int, dialect: str) -> None:
        self.random = random.Random(seed)
        self.dialect = dialect
        self.datasets: dict[str, list[str]] = {}
        self.order: list[str] = []
        self.edges: set[Edge] = set()
        self.file = ""
        self.serial = 0

    # ------------------------------------------------------------------ names

    def new_name(self, schema: str | None = None) -> str:
        self.serial += 1
        noun = self.random.choice(_NOUNS)
        return f"{schema or self.random.choice(_SCHEMAS)}.{noun}_{self.random.choice(_WORDS)}_{self.serial}"

    def some_dataset(self) -> str:
        # mostly recent ones: views on views get deep
        if self.random.random() < 0.5:
            return self.random.choice(self.order[-40:])
        return self.random.choice(self.order)

    def some_table(self) -> str:
        tables = [n for n in self.order[-200:] if n.startswith(("raw.", "stage."))]
        return self.random.choice(tables or self.order)

    def written(self, name: str) -> str:
        """As people write it: with or without brackets, in any case (T-SQL)."""
        if self.dialect != "tsql":
            return name
        schema, table = name.split(".")
        style = self.random.random()
        if style < 0.3:
            return f"[{schema}].[{table}]"
        return f"{schema.upper()}.{table.title()}" if style < 0.4 else name

    def declare(self, name: str, columns: list[str]) -> None:
        self.datasets[name] = columns
        self.order.append(name)

    # ------------------------------------------------------------------ relations

    def base(self, alias: str, name: str | None = None) -> Relation:
        name = name or self.some_dataset()
        columns: dict[str, Sources] = {c: {(name, c): IDENTITY} for c in self.datasets[name]}
        return Relation(f"{self.written(name)} AS {alias}", alias, columns)

    def derived(self, alias: str) -> Relation:
        text, columns = self.select(depth=1)
        return Relation(f"({text}) AS {alias}", alias, columns)

    def source(self, alias: str, depth: int) -> Relation:
        if depth < 1 and self.random.random() < 0.2:
            return self.derived(alias)
        return self.base(alias)

    # ------------------------------------------------------------------ expressions

    def reference(self, relations: list[Relation]) -> tuple[str, Sources, str]:
        """A column: qualified, or bare where only one relation has it."""
        relation = self.random.choice(relations)
        column = self.random.choice(list(relation.columns))
        owners = sum(column in r.columns for r in relations)
        bare = owners == 1 and self.random.random() < 0.5
        return column if bare else f"{relation.alias}.{column}", relation.columns[column], column

    def expression(self, relations: list[Relation]) -> tuple[str, Sources, str | None]:
        """(text, sources, natural name) of one select item."""
        a, sa, name = self.reference(relations)
        b, sb, _ = self.reference(relations)
        c, sc, _ = self.reference(relations)
        choices: list[Callable[[], tuple[str, Sources, str | None]]] = [
            lambda: (a, sa, name),
            lambda: (a, sa, name),
            lambda: (a, sa, name),
            lambda: (f"CAST({a} AS varchar(50))", through(TRANSFORMATION, sa), None),
            lambda: (f"COALESCE({a}, {b})", merge(through(TRANSFORMATION, sa), through(TRANSFORMATION, sb)), None),
            lambda: (f"{a} + {b}", merge(through(TRANSFORMATION, sa), through(TRANSFORMATION, sb)), None),
            lambda: (
                f"CASE WHEN {a} > 0 THEN {b} ELSE {c} END",
                merge(through(CONDITIONAL, sa), through(TRANSFORMATION, sb), through(TRANSFORMATION, sc)),
                None,
            ),
            lambda: (
                f"ROW_NUMBER() OVER (PARTITION BY {a} ORDER BY {b})",
                merge(through(WINDOW, sa), through(WINDOW, sb)),
                None,
            ),
            lambda: (
                f"SUM({a}) OVER (PARTITION BY {b})",
                merge(through(AGGREGATION, sa), through(WINDOW, sb)),
                None,
            ),
            lambda: (
                f"LAG({a}) OVER (ORDER BY {b})",
                merge(through(TRANSFORMATION, sa), through(WINDOW, sb)),
                None,
            ),
            lambda: ("1", {}, None),
        ]
        return self.random.choice(choices)()

    # ------------------------------------------------------------------ queries

    def joined(self, depth: int) -> tuple[str, list[Relation]]:
        relations = [self.source("a", depth)]
        text = relations[0].text
        for alias in ("b", "c")[: self.random.choice((0, 0, 1, 1, 2))]:
            relation = self.source(alias, depth)
            left, _, _ = self.reference_of(self.random.choice(relations))
            right, _, _ = self.reference_of(relation)
            kind = self.random.choice(("JOIN", "LEFT JOIN", "INNER JOIN"))
            text += f"\n    {kind} {relation.text} ON {left} = {right}"
            relations.append(relation)
        return text, relations

    def reference_of(self, relation: Relation) -> tuple[str, Sources, str]:
        column = self.random.choice(list(relation.columns))
        return f"{relation.alias}.{column}", relation.columns[column], column

    def select(self, depth: int = 0, width: int | None = None, *, star: bool = True) -> tuple[str, dict[str, Sources]]:
        """A SELECT with distinct, named columns."""
        if star and width is None and self.random.random() < 0.15:
            relation = self.base("a")
            return f"SELECT * FROM {relation.text}", dict(relation.columns)
        if width is None and depth == 0 and self.random.random() < 0.12:
            return self.grouped()
        text, relations = self.joined(depth)
        items: list[str] = []
        columns: dict[str, Sources] = {}
        wanted = width or self.random.randint(2, 6)
        while len(columns) < wanted:
            expression, sources, natural = self.expression(relations)
            name = (
                natural
                if natural and natural not in columns and self.random.random() < 0.7
                else f"x{len(columns)}_{self.random.choice(_WORDS)}"
            )
            if name in columns:
                continue
            items.append(expression if name == natural else f"{expression} AS {name}")
            columns[name] = sources
        where = self.where(relations)
        listed = ",\n    ".join(items)
        return f"SELECT\n    {listed}\nFROM {text}{where}", columns

    def where(self, relations: list[Relation]) -> str:
        if self.random.random() < 0.5:
            return ""
        left, _, _ = self.reference(relations)
        if self.random.random() < 0.3:
            other = self.some_dataset()
            inner = self.random.choice(self.datasets[other])
            outer, _, _ = self.reference_of(relations[0])
            return f"\nWHERE EXISTS (SELECT 1 FROM {self.written(other)} e WHERE e.{inner} = {outer})"
        return f"\nWHERE {left} IS NOT NULL"

    def grouped(self) -> tuple[str, dict[str, Sources]]:
        text, relations = self.joined(1)
        key, ks, name = self.reference(relations)
        value, vs, _ = self.reference(relations)
        other, os_, _ = self.reference(relations)
        key_name = name if name not in ("n", "total_value", "most") else f"{name}_key"
        columns = {key_name: ks, "n": {}, "total_value": through(AGGREGATION, vs), "most": through(AGGREGATION, os_)}
        return (
            f"SELECT {key} AS {key_name}, COUNT(*) AS n, SUM({value}) AS total_value, MAX({other}) AS most\nFROM {text}\nGROUP BY {key}\nHAVING COUNT(*) > 1",
            columns,
        )

    def query(self, width: int | None = None) -> tuple[str, str, dict[str, Sources]]:
        """(WITH clause or empty, query, columns): plain, with a CTE, or a UNION."""
        style = self.random.random()
        if style < 0.25:
            inner, columns = self.select(1)
            self.serial += 1
            cte = f"step_{self.serial}"
            relation = Relation(f"{cte} AS q", "q", columns)
            names = list(columns)
            chosen = self.random.sample(names, min(len(names), width or len(names)))
            if width is not None and len(chosen) < width:
                text, columns = self.select(0, width)
                return "", text, columns
            items = [f"q.{n}" for n in chosen]
            with_ = f"WITH {cte} AS (\n{inner}\n)\n"
            return with_, f"SELECT {', '.join(items)} FROM {relation.text}", {n: columns[n] for n in chosen}
        if style < 0.4:
            width = width or self.random.randint(2, 4)
            left, first = self.select(1, width)
            right, second = self.select(1, width)
            columns = {n: merge(s, t) for (n, s), t in zip(first.items(), second.values(), strict=True)}
            return "", f"{left}\nUNION ALL\n{right}", columns
        text, columns = self.select(0, width)
        return "", text, columns

    # ------------------------------------------------------------------ statements

    def flow(self, target: str, columns: dict[str, Sources]) -> None:
        for name, sources in columns.items():
            for (dataset, column), how in sources.items():
                self.edges.add(Edge(self.file, dataset, column, target, name, how))

    def create_table(self) -> str:
        name = self.new_name(self.random.choice(("raw", "stage")))
        columns = self.random.sample(_WORDS, self.random.randint(4, 10))
        self.declare(name, columns)
        types = ("int", "varchar(50)", "decimal(18, 2)", "date")
        body = ",\n".join(f"    {c} {self.random.choice(types)}" for c in columns)
        return f"CREATE TABLE {self.written(name)} (\n{body}\n)"

    def create_view(self) -> str:
        with_, text, columns = self.query()
        name = self.new_name(self.random.choice(("core", "mart")))
        self.flow(name, columns)
        self.declare(name, list(columns))
        kind = "MATERIALIZED VIEW" if self.dialect == "postgres" and self.random.random() < 0.2 else "VIEW"
        return f"CREATE {kind} {self.written(name)} AS\n{with_}{text}"

    def create_as(self) -> str:
        name = self.new_name("stage")
        if self.dialect == "tsql":
            text, columns = self.select(0, self.random.randint(2, 5))
            statement = text.replace("\nFROM ", f"\nINTO {self.written(name)}\nFROM ", 1)
        else:
            with_, text, columns = self.query()
            statement = f"CREATE TABLE {name} AS\n{with_}{text}"
        self.flow(name, columns)
        self.declare(name, list(columns))
        return statement

    def insert(self) -> str:
        target = self.some_table()
        names = self.datasets[target]
        listed = self.random.random() < 0.6
        chosen = self.random.sample(names, self.random.randint(1, min(5, len(names)))) if listed else names
        with_, text, columns = self.query(len(chosen))
        self.flow(target, dict(zip(chosen, columns.values(), strict=True)))
        into = f" ({', '.join(chosen)})" if listed else ""
        if self.dialect == "tsql":
            return f"{with_}INSERT INTO {self.written(target)}{into}\n{text}"
        return f"INSERT INTO {target}{into}\n{with_}{text}"

    def update(self) -> str:
        target = self.some_table()
        relation = self.base("s")
        column = self.random.choice(self.datasets[target])
        value, sources, _ = self.reference_of(relation)
        own = self.random.choice(self.datasets[target])
        key, _, _ = self.reference_of(relation)
        if self.random.random() < 0.5:
            value, sources = (
                f"{value} + t.{own}",
                merge(through(TRANSFORMATION, sources), {(target, own): TRANSFORMATION}),
            )
        self.flow(target, {column: sources})
        if self.dialect == "tsql":
            return f"UPDATE t SET {column} = {value}\nFROM {self.written(target)} AS t\nJOIN {relation.text} ON t.{own} = {key}"
        return f"UPDATE {target} AS t SET {column} = {value}\nFROM {relation.text}\nWHERE t.{own} = {key}"

    def merge_into(self) -> str:
        target = self.some_table()
        names = self.datasets[target]
        text, columns = self.select(1, self.random.randint(2, 4))
        sources = list(columns)
        key = names[0]
        column = self.random.choice(names)
        flows: dict[str, Sources] = {column: columns[sources[1]]}
        inserted = names[: len(sources)]
        for name, source in zip(inserted, sources, strict=False):
            flows[name] = merge(flows.get(name, {}), columns[source])
        self.flow(target, flows)
        values = ", ".join(f"src.{s}" for s in sources[: len(inserted)])
        end = ";" if self.dialect == "tsql" else ""
        return (
            f"MERGE INTO {self.written(target)} AS tgt\nUSING ({text}) AS src ON tgt.{key} = src.{sources[0]}\n"
            f"WHEN MATCHED THEN UPDATE SET {column} = src.{sources[1]}\n"
            f"WHEN NOT MATCHED THEN INSERT ({', '.join(inserted)}) VALUES ({values}){end}"
        )

    def delete(self) -> str:
        target = self.some_table()
        return f"DELETE FROM {self.written(target)} WHERE {self.random.choice(self.datasets[target])} IS NULL"

    def procedure(self) -> str:
        """T-SQL: a temporary table filled and read, and more statements, mostly without semicolons."""
        name = self.new_name("core").replace("core.", "core.load_")
        text, columns = self.select(1, 3)
        names = list(columns)
        temp = f"#work_{self.serial}"
        filled = text.replace("\nFROM ", f"\nINTO {temp}\nFROM ", 1)
        target = self.some_table()
        chosen = self.random.sample(self.datasets[target], min(3, len(self.datasets[target])))
        flows = {c: columns[n] for c, n in zip(chosen, names, strict=False)}
        self.flow(target, flows)
        body = [
            "SET NOCOUNT ON",
            filled,
            f"INSERT INTO {self.written(target)} ({', '.join(chosen)})\nSELECT {', '.join(names[: len(chosen)])} FROM {temp}",
            self.update(),
            f"IF @@ROWCOUNT = 0\nBEGIN\n    PRINT 'nothing to do'\n    {self.delete()}\nEND",
            f"DROP TABLE {temp}",
        ]
        return f"CREATE PROCEDURE {name}\n    @run_date date, @limit int = 10\nAS\nBEGIN\n" + "\n".join(body) + "\nEND"

    def statement(self) -> str:
        makers: list[tuple[int, Callable[[], str]]] = [
            (3, self.create_table), (5, self.create_view), (2, self.create_as), (4, self.insert), (2, self.update),
            (1, self.merge_into), (1, self.delete),
        ]  # fmt: skip
        if self.dialect == "tsql":
            makers.append((3, self.procedure))
        if len(self.order) < 10:
            return self.create_table()
        kinds, weights = [m for _, m in makers], [w for w, _ in makers]
        return self.random.choices(kinds, weights)[0]()

    def write_file(self, number: int) -> tuple[str, str]:
        """(path, text) of one file."""
        count = self.random.choices((1, self.random.randint(2, 4), self.random.randint(8, 16)), (60, 30, 10))[0]
        self.file = f"{self.random.choice(_SCHEMAS)}/area_{number % 97:02}/file_{number:06}.sql"
        separator = "\nGO\n" if self.dialect == "tsql" else ";\n\n"
        header = f"-- file {number}\n"
        return self.file, header + separator.join(self.statement() for _ in range(count)) + separator


def generate(out: Path, files: int, seed: int = 1, dialect: str = "tsql") -> Truth:
    """Write ``files`` files below ``out/repo`` and the truth beside it. The same seed gives the same bytes."""
    generator = Generator(seed, dialect)
    root = out / "repo"
    for number in range(files):
        path, text = generator.write_file(number)
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    edges = sorted(generator.edges)
    with (out / "truth.jsonl").open("w", encoding="utf-8") as lines:
        lines.writelines(json.dumps(e._asdict()) + "\n" for e in edges)
    return Truth(root, edges, generator.datasets)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dialect", choices=("tsql", "postgres"), default="tsql")
    options = parser.parse_args()
    truth = generate(options.out, options.files, options.seed, options.dialect)
    print(f"{options.files} files, {len(truth.datasets)} datasets, {len(truth.edges)} column edges in {truth.root}")


if __name__ == "__main__":
    main()
