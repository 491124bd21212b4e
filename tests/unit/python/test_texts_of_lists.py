"""Texts of lists that grow, in loops and in functions that are given them: as Python would."""

from __future__ import annotations

import pytest

from tests.unit.python.cases import check

SQLITE = "import sqlite3\ncon = sqlite3.connect('x')\n"

CASES: dict[str, tuple[str, list[str]]] = {
    'wrapper list': (SQLITE + "def run_all(queries):\n    for q in queries:\n        con.execute(q)\nrun_all(['INSERT INTO mart.t (a) SELECT b FROM raw.s', 'INSERT INTO mart.u (a) SELECT c FROM raw.v'])", ['raw.s.b > mart.t.a i', 'raw.v.c > mart.u.a i']),
    'wrapper *args': (SQLITE + "def run(*queries):\n    for q in queries:\n        con.execute(q)\nrun('INSERT INTO mart.t (a) SELECT b FROM raw.s')", ['raw.s.b > mart.t.a i']),
    'line append': (SQLITE + "p = ['INSERT INTO mart.t (a)']\np.append('SELECT')\np.append('b')\np.append('FROM raw.s')\ncon.execute(' '.join(p))", ['raw.s.b > mart.t.a i']),
    'line join list': (SQLITE + "con.execute(' '.join([\n    'INSERT INTO mart.t (a)',\n    'SELECT',\n    'b',\n    'FROM raw.s',\n]))", ['raw.s.b > mart.t.a i']),
    'extend': (SQLITE + "p = ['INSERT INTO mart.t (a)']\np.extend(['SELECT b', 'FROM raw.s'])\ncon.execute(' '.join(p))", ['raw.s.b > mart.t.a i']),
    'iadd list': (SQLITE + "p = ['INSERT INTO mart.t (a)']\np += ['SELECT b', 'FROM raw.s']\ncon.execute(' '.join(p))", ['raw.s.b > mart.t.a i']),
    'loop append cols': (SQLITE + 'cols = []\nfor c in (\'a\', \'b\'):\n    cols.append(c)\ncon.execute(f"INSERT INTO mart.t ({\', \'.join(cols)}) SELECT {\', \'.join(cols)} FROM raw.s")', ['raw.s.a > mart.t.a i', 'raw.s.b > mart.t.b i']),
    'while append': (SQLITE + 'cols = [\'a\']\nwhile more():\n    cols.append(\'b\')\ncon.execute(f"CREATE TABLE mart.t AS SELECT {\', \'.join(cols)} FROM raw.s")', ['raw.s.a > mart.t.a i?']),
    'dict keys cols': (SQLITE + "M = {'a': 'x', 'b': 'y'}\ncon.execute('INSERT INTO mart.t (%s) SELECT %s FROM raw.s' % (', '.join(M.keys()), ', '.join(M.values())))", ['raw.s.x > mart.t.a i', 'raw.s.y > mart.t.b i']),
    'dict items cols': (SQLITE + "M = {'a': 'x', 'b': 'y'}\nsel = ', '.join(f'{v} AS {k}' for k, v in M.items())\ncon.execute(f'CREATE TABLE mart.t AS SELECT {sel} FROM raw.s')", ['raw.s.x > mart.t.a i', 'raw.s.y > mart.t.b i']),
    'cte text parts': (SQLITE + "CTE = 'WITH x AS (SELECT b FROM raw.s)'\ncon.execute(f'{CTE} INSERT INTO mart.t (a) SELECT b FROM x')", ['raw.s.b > mart.t.a i']),
}  # fmt: skip


@pytest.mark.parametrize(("code", "expected"), CASES.values(), ids=CASES.keys())
def test_the_text_has_what_the_list_has(code: str, expected: list[str]) -> None:
    check(code, expected)
