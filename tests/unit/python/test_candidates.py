"""Where in a file something stands, told from its bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ray_lineage.compile.python.candidates import Places
from ray_lineage.compile.python.libraries import dialect_of_module, dialect_of_scheme
from ray_lineage.compile.python.reading import NoPython, parse


def test_a_name_stands_where_nothing_goes_on() -> None:
    text = "run()\nrunner()\nprerun()\nx.run(a)\n_run()\nrun_()\nf(python_callable=run)\nlöcherun()\n# run"
    assert Places(text.encode()).name("run") == [1, 4, 7, 9]


@given(st.lists(st.sampled_from(["run", " ", "\n", "(", "é", "x", "_", "1"])).map("".join))
def test_names_are_found_on_every_line_that_has_them(text: str) -> None:
    import re

    found = [n for n, line in enumerate(text.split("\n"), 1) if re.search(r"(?<!\w)run(?!\w)", line)]
    assert Places(text.encode()).name("run") == found


def test_calls_stand_on_the_line_of_their_parenthesis() -> None:
    text = "import x\ncursor.execute(\n  'SELECT 1')\ndf.\\\n  to_sql  ('t')\nTable('t', m)\n"
    places = Places(text.encode())
    assert places.calls() == [2, 5]
    assert places.declares and places.declarations() == [6]


@pytest.mark.parametrize(
    ("text", "dialect"),
    [
        ("create_engine('postgresql+psycopg://u@h/d')", "postgres"),
        ('x = "mysql://h" "mysql+pymysql://h"', "mysql"),
        ("a = 'mysql://h'; b = 'sqlite://'", ""),
        ("see https://x or xmysql://h", ""),
        ("x = 'mysql+" + "a" * 100 + "://h'", ""),
    ],
)
def test_the_one_database_whose_address_is_written_down(text: str, dialect: str) -> None:
    assert dialect_of_scheme(text) == dialect


def test_a_name_of_very_many_parts_is_looked_at_once() -> None:
    assert dialect_of_module(".".join(["a"] * 100_000)) is None
    assert dialect_of_module("airflow.providers.amazon.aws.operators.redshift.X.y") == "redshift"


def test_why_a_text_is_no_python_is_told_however_many_lines_are_empty() -> None:
    with pytest.raises(NoPython, match="its syntax may be newer"):
        parse("\n" * 500_000 + "x = (}")
    with pytest.raises(NoPython, match="it is a template"):
        parse("x = 1\n  {% if y %}\nx = 2\n")


def test_a_name_of_too_many_parts_is_not_given_to_the_parser() -> None:
    """CPython keeps every beginning of a module's name: ``ast.parse`` of 120 kB took 3.9 GB."""
    with pytest.raises(NoPython, match="too many parts"):
        parse("from " + "a." * 5_001 + "b import c\n")
    assert parse("x = 1.5\n" * 6_000) is not None
