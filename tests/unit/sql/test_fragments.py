"""SQL in other formats: the facts are those of a file, at the places where the text stands."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ray_lineage.compile import CompileOptions, compile_source
from ray_lineage.compile.facts import Facts
from ray_lineage.compile.fragment import HOLE, compile_fragment, temporary_tables
from ray_lineage.compile.positions import Mark, Positions
from ray_lineage.model import FileFacts, Select, TableRef

SCRIPTS = [
    ("postgres", "CREATE TABLE t (a int,\n  b int);\nINSERT INTO t (a) SELECT x AS a\nFROM u JOIN v USING (id)"),
    ("postgres", "CREATE FUNCTION f() RETURNS void AS $$\nBEGIN\n  INSERT INTO o SELECT a FROM t;\nEND $$ LANGUAGE plpgsql"),
    ("tsql", "EXEC('INSERT INTO o (a)\nSELECT b FROM t')\nGO\nMERGE t USING s ON t.a = s.a WHEN MATCHED THEN UPDATE SET b = s.b;"),
    ("tsql", "SELECT FROM WHERE;\nSELECT 'it''s\nso' AS a INTO x FROM y"),
    ("mysql", "INSERT INTO t SELECT `a``b`, 'never closed FROM u;\nSELECT 1"),
    ("snowflake", "insert into t select {{ col }}\n{% if x %}\n, b\n{% endif %} from {{ source('a', 'b') }}"),
]  # fmt: skip


@pytest.mark.parametrize(("dialect", "text"), SCRIPTS)
@given(lines=st.integers(0, 40), blanks=st.integers(0, 9))
def test_a_block_is_read_as_if_the_file_began_with_blanks(dialect: str, text: str, lines: int, blanks: int) -> None:
    padded = "\n" * lines + " " * blanks + text
    expected = compile_source(padded, CompileOptions(dialect))
    asked = msgspec.structs.replace(expected, needs=(), checked=0)  # what stands in another file asks for nothing
    assert compile_fragment(text, dialect, lines + 1, blanks + 1) == asked


def written(text: str) -> tuple[str, Positions]:
    """A literal of a program: line feeds and quotes are escaped, and each third character begins a literal on a line of its own."""
    host, marks = 'x = ("', [Mark(0, 1, 7)]
    for offset, char in enumerate(text):
        if offset % 3 == 0 and offset:
            host += '"\n  "'
            marks.append(Mark(offset, host.count("\n") + 1, 4))
        shown = {"\n": "\\n", '"': '\\"'}.get(char, char)
        host += shown
        if len(shown) > 1:
            marks.append(Mark(offset + 1, host.count("\n") + 1, len(host) - host.rfind("\n")))
    return host, Positions(text, marks)


@given(st.text(alphabet='ab\n" (', max_size=40))
def test_each_character_is_found_where_it_is_written(text: str) -> None:
    host, positions = written(text)
    lines = host.split("\n")
    for offset, char in enumerate(text):
        line, column = positions.at(offset)
        assert lines[line - 1][column - 1] == ("\\" if char in '\n"' else char)


def test_names_and_expressions_of_a_literal_have_its_lines() -> None:
    text = "INSERT INTO t (a)\nSELECT x\nFROM u"
    positions = Positions(text, [Mark(0, 5, 10), Mark(18, 6, 10), Mark(27, 9, 2)])
    (statement,) = compile_fragment(text, "postgres", at=positions).statements
    assert (statement.first_line, statement.first_column) == (5, 10)
    assert (statement.last_line, statement.last_column) == (9, 7)
    select = statement.relations[statement.root]
    assert isinstance(select, Select)
    assert select.outputs[0].line == 6
    assert [r.line for r in statement.relations if isinstance(r, TableRef)] == [9]


def test_a_hole_is_no_dataset_but_a_known_last_part_is_one() -> None:
    def reads(table: str) -> list[tuple[str, ...]]:
        (statement,) = compile_fragment(f"INSERT INTO o SELECT a FROM {table}", "postgres").statements
        return [r.name for r in statement.relations if isinstance(r, TableRef)]

    assert reads(f"{HOLE}.sales.orders") == [("sales", "orders")]
    assert reads(f"{HOLE}.orders") == reads(f"db.x_{HOLE}.orders") == [("orders",)]
    assert reads(f"sales.orders_{HOLE}") == reads(HOLE) == [(f"#{HOLE}",)]


def test_temporary_tables_of_a_connection_are_handed_on() -> None:
    first = compile_fragment("CREATE TEMP TABLE stage AS SELECT a FROM t", "postgres")
    assert temporary_tables(first) == {"stage"}
    then = compile_fragment("INSERT INTO o SELECT a FROM stage", "postgres", temporary=temporary_tables(first))
    assert [r.name for r in then.statements[0].relations if isinstance(r, TableRef)] == [("#stage",)]


def test_a_text_that_is_not_sure_is_possible() -> None:
    (statement,) = compile_fragment("INSERT INTO o SELECT a FROM t", "postgres", possible=True).statements
    assert statement.possible


def together(*parts: FileFacts) -> FileFacts:
    facts = Facts()
    for part in parts:
        facts.take(part)
    return facts.file("tsql")


def test_facts_of_several_texts_are_put_together() -> None:
    one = "IF @x = 1 SELECT a INTO p FROM t ELSE SELECT b INTO p FROM t"
    two = "CREATE VIEW v AS SELECT a FROM p\nGO\nIF @y = 2 INSERT INTO q SELECT a FROM v"
    whole = together(compile_fragment(one, "tsql"), compile_fragment(two, "tsql", 2))
    assert msgspec.structs.replace(whole, encoding="", checked=15) == compile_source(f"{one}\nGO\n{two}".replace("\nGO", " ", 1), CompileOptions("tsql"))  # fmt: skip


def test_what_is_put_together_tells_what_failed() -> None:
    bad, good = compile_fragment("SELECT FROM WHERE", "tsql"), compile_fragment("SELECT a FROM t", "tsql", 3)
    assert together(bad).status == "failed"
    assert together(bad, good).status == "partial"
    assert together(good).status == "ok"
