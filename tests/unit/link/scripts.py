"""Random repositories of a few files, and edits of them: few names and columns, so that everything meets everything."""

from __future__ import annotations

from hypothesis import strategies as st

from ray_lineage.link import Linker
from tests.factory import facts, sha

Edits = list[tuple[str, str | None]]
"""Files with their new text; None: it is gone."""

NAMES = ["a", "b", "c", "s.a", "s.b", "t.a", "d.s.a", "dbo.b", "x.d.s.a", "B", "S.a"]
PATHS = ["1.sql", "2.sql", "3.sql", "4.sql", "5.sql"]

names = st.sampled_from(NAMES)
columns = st.lists(st.sampled_from(["x", "y", "z", "X", "Y"]), min_size=1, max_size=3, unique_by=str.lower)
types = st.sampled_from(["int", "text", "varchar(9)"])


def _table(name: str, columns: list[str], type_: str) -> str:
    return f"CREATE TABLE {name} ({', '.join(f'{c} {type_}' for c in columns)})"


_any_dialect = (
    st.builds(_table, names, columns, types),
    st.builds(_table, names, columns, types),
    st.builds(lambda n, m: f"CREATE VIEW {n} AS SELECT * FROM {m}", names, names),
    st.builds(lambda n, m: f"CREATE VIEW {n} AS SELECT q.* FROM (SELECT * FROM {m}) AS q", names, names),
    st.builds(lambda n, m: f"CREATE VIEW {n} AS WITH q AS (SELECT * FROM {m}) SELECT * FROM q", names, names),
    st.builds(lambda n, m, k: f"CREATE VIEW {n} AS SELECT * FROM {m} UNION ALL SELECT * FROM {k}", names, names, names),
    st.builds(lambda n, m, c: f"CREATE VIEW {n} AS SELECT {', '.join(c)} FROM {m}", names, names, columns),
    st.builds(
        lambda n, m, k: f"CREATE VIEW {n} AS SELECT m.* FROM {m} AS m, {k} AS k WHERE k.x = 1", names, names, names
    ),
    st.builds(lambda n, m: f"CREATE VIEW {n} AS SELECT x FROM {m} WHERE EXISTS (SELECT * FROM c)", names, names),
    st.builds(lambda n, m, k: f"INSERT INTO {n} SELECT * FROM {m} UNION ALL SELECT * FROM {k}", names, names, names),
    st.builds(lambda n, m: f"INSERT INTO {n} SELECT * FROM {m}", names, names),
    st.builds(lambda n, c, m: f"UPDATE {n} SET {c[0]} = x FROM {m} WHERE y = 1", names, columns, names),
)
postgres_statements = st.one_of(
    *_any_dialect,
    st.builds(lambda n, c, t: f"ALTER TABLE {n} ADD {c[0]} {t}", names, columns, types),
    st.builds(lambda n, c, t: f"ALTER TABLE {n} ALTER COLUMN {c[0]} TYPE {t}", names, columns, types),
    st.builds(
        lambda n, m, k, c: f"INSERT INTO {n} ({', '.join(c)}) SELECT {', '.join(c)} FROM {m} JOIN {k} USING (x)",
        names, names, names, columns,
    ),
    st.builds(lambda n, m, k: f"CREATE VIEW {n} AS SELECT * FROM {m} NATURAL JOIN {k}", names, names, names),
    st.builds(lambda n, m, c: f"ALTER TABLE {n} ADD FOREIGN KEY ({c[0]}) REFERENCES {m} ({c[0]})", names, names, columns),
)  # fmt: skip
tsql_statements = st.one_of(
    *_any_dialect,
    st.builds(lambda n, c, t: f"ALTER TABLE {n} ADD {c[0]} {t}", names, columns, types),
    st.builds(lambda n, c: f"CREATE TABLE {n} (id int IDENTITY(1, 1), {c[0]} int)", names, columns),
    st.builds(lambda n, m: f"SELECT * INTO {n} FROM {m}", names, names),
    st.builds(lambda n, c: f"CREATE TYPE {n} AS TABLE ({', '.join(f'{k} int' for k in c)})", names, columns),
    st.builds(
        lambda n, m, k: f"DECLARE @v {n}; INSERT INTO @v SELECT x, y FROM {m}; INSERT INTO {k} SELECT * FROM @v",
        names, names, names,
    ),
    st.builds(lambda n, m: f"CREATE FUNCTION {n}() RETURNS TABLE AS RETURN SELECT * FROM {m}", names, names),
    st.builds(lambda n, m: f"INSERT INTO {n} SELECT * FROM {m}(1)", names, names),
    st.builds(
        lambda n, c, m: f"CREATE PROCEDURE {n} @{c[0]} int, @q int OUTPUT AS SELECT @q = MAX(x) FROM {m}",
        names, columns, names,
    ),
    st.builds(
        lambda n, m: f"DECLARE @i int; EXEC {n} 1, @i OUTPUT; UPDATE {m} SET x = @i", names, names
    ),
)  # fmt: skip


def _edits(statements: st.SearchStrategy[str], between: str) -> st.SearchStrategy[Edits]:
    moved = st.sampled_from(["", "", "-- a line\n", "\n\n\n"])
    scripts = st.builds(lambda top, parts: top + between.join(parts), moved, st.lists(statements, max_size=3))
    return st.lists(st.tuples(st.sampled_from(PATHS), st.one_of(st.none(), scripts)), min_size=1, max_size=8)


def rounds_of(dialect: str) -> st.SearchStrategy[list[Edits]]:
    """What is edited between one linking and the next, several times."""
    edits = _edits(tsql_statements, "\nGO\n") if dialect == "tsql" else _edits(postgres_statements, ";\n")
    return st.lists(edits, min_size=1, max_size=6)


def apply(linker: Linker, files: dict[str, str], edits: Edits, dialect: str) -> None:
    """Edit the files and tell the linker."""
    for path, sql in edits:
        if sql is None:
            files.pop(path, None)
            linker.remove(path)
        else:
            files[path] = sql
            linker.put(path, sha(sql), facts(sql, dialect))
