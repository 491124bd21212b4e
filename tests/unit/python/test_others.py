"""Other files of the project that decide about what a module says."""

from __future__ import annotations

import pytest

from tests.unit.python.cases import Found, facts_of

PAIR = {"raw.s.b > mart.t.a i"}
WHOLE = "INSERT INTO mart.t (a) SELECT b FROM raw.s"

OTHERS: dict[str, tuple[str, dict[str, str]]] = {
    "a constant": ("from queries import Q\ncur.execute(Q)", {"queries.py": f"Q = '{WHOLE}'"}),
    "under another name": ("from queries import Q as LOAD\ncur.execute(LOAD)", {"queries.py": f"Q = '{WHOLE}'"}),
    "of a module": ("import queries\ncur.execute(queries.Q)", {"queries.py": f"Q = '{WHOLE}'"}),
    "of a package": ("from etl.sql import queries\ncur.execute(queries.Q)", {"etl/sql/queries.py": f"Q = '{WHOLE}'"}),
    "of a package's __init__": ("from etl import Q\ncur.execute(Q)", {"etl/__init__.py": f"Q = '{WHOLE}'"}),
    "relative": ("from .queries import Q\ncur.execute(Q)", {"queries.py": f"Q = '{WHOLE}'"}),
    "relative, up": ("from ..queries import Q\ncur.execute(Q)", {"../queries.py": f"Q = '{WHOLE}'"}),
    "all names": ("from queries import *\ncur.execute(Q)", {"queries.py": f"Q = '{WHOLE}'"}),
    "a list": ("from queries import ALL\nfor q in ALL:\n    cur.execute(q)", {"queries.py": f"A = '{WHOLE}'\nALL = [A]"}),
    "a part": ("from config import T\ncur.execute(f'INSERT INTO {T} (a) SELECT b FROM raw.s')", {"config.py": "T = 'mart.t'"}),
    "a class": ("from config import C\ncur.execute(f'INSERT INTO {C.T} (a) SELECT b FROM raw.s')", {"config.py": "class C:\n    T = 'mart.t'"}),
    "a dictionary": ("from config import T\ncur.execute(f\"INSERT INTO {T['t']} (a) SELECT b FROM raw.s\")", {"config.py": "T = {'t': 'mart.t'}"}),
    "a function": ("from queries import q\ncur.execute(q('mart.t'))", {"queries.py": "def q(t):\n    return f'INSERT INTO {t} (a) SELECT b FROM raw.s'"}),
    "of a third file": ("from a import Q\ncur.execute(Q)", {"a.py": "from b import Q", "b.py": f"Q = '{WHOLE}'"}),
    "a file of SQL with gaps": ("cur.execute(open('sql/x.sql').read().format(t='mart.t'))", {"sql/x.sql": "INSERT INTO {t} (a)\nSELECT b FROM raw.s"}),
    "a path": ("from pathlib import Path\nq = (Path(__file__).parent / 'sql' / 'x.sql').read_text()\ncur.execute(q.format(t='mart.t'))", {"sql/x.sql": "INSERT INTO {t} (a)\nSELECT b FROM raw.s"}),
    "os.path.join": ("import os\nwith open(os.path.join(DIR, 'x.sql')) as f:\n    q = f.read()\ncur.execute(q.replace('TTT', 'mart.t'))", {"x.sql": "INSERT INTO TTT (a)\nSELECT b FROM raw.s"}),
    "an operator's file with a destination": ("BigQueryOperator(sql='sql/x.sql', destination_dataset_table='mart.t')", {"sql/x.sql": "SELECT b AS a FROM raw.s"}),
}  # fmt: skip


@pytest.mark.parametrize(("code", "given"), OTHERS.values(), ids=OTHERS.keys())
def test_what_others_hold(code: str, given: dict[str, str]) -> None:
    first = facts_of(code)
    assert set(given) & set(first.needs)
    assert Found(first).pairs == set()
    facts = facts_of(code, given=given)
    assert set(given) <= set(facts.needs)
    assert Found(facts).pairs == PAIR


def test_what_is_of_another_file_stands_where_it_is_used() -> None:
    facts = facts_of(
        "from queries import Q\n\n\ncur.execute(Q)",
        given={"queries.py": "Q = '''\n\n\n\n\n\nINSERT INTO o\nSELECT a FROM i'''"},
    )
    assert [(s.first_line, s.last_line) for s in facts.statements] == [(4, 4)]


def test_a_whole_file_of_sql_speaks_for_itself() -> None:
    facts = facts_of("cur.execute(open('x.sql').read())", given={"x.sql": WHOLE})
    assert facts.needs == ("x.sql",)
    assert facts.statements == ()


NOTHING = [
    "import psycopg2, pandas as pd, os\npd.read_sql('SELECT a FROM b', psycopg2.connect(os.environ['X']))",
    "from helpers import connect\nconnect().execute('SELECT a FROM b')",
    "from airflow.models import Variable\ncur.execute('SELECT a FROM b')",
]


@pytest.mark.parametrize("code", NOTHING)
def test_nothing_is_asked_for_in_vain(code: str) -> None:
    assert facts_of(code).needs == ()
