"""Functions of other modules that run what they are given."""

from __future__ import annotations

import pytest

from tests.unit.python.cases import Found, facts_of

PAIR = {"raw.s.b > mart.t.a i"}
WHOLE = "INSERT INTO mart.t (a) SELECT b FROM raw.s"
RUN = "def perform(conn, text):\n    cur = conn.cursor()\n    cur.execute(text)\n"

WRAPPERS: dict[str, tuple[str, dict[str, str]]] = {
    "a function": (f"from utils import perform\nperform(c, '{WHOLE}')", {"utils.py": RUN}),
    "of a module": (f"import utils as u\nu.perform(c, '{WHOLE}')", {"utils.py": RUN}),
    "of a package": (f"from lib.db import perform\nperform(c, text='{WHOLE}')", {"lib/db.py": RUN}),
    "relative": (f"from .utils import perform\nperform(c, '{WHOLE}')", {"utils.py": RUN}),
    "a variable": (f"from utils import perform\nq = '{WHOLE}'\nperform(c, q)", {"utils.py": RUN}),
    "in a function": (f"from utils import perform\ndef f(t='mart.t'):\n    perform(c, '{WHOLE}')", {"utils.py": RUN}),
    "an f-string": ("from utils import perform\nT = 'mart.t'\nperform(c, f'INSERT INTO {T} (a) SELECT b FROM raw.s')", {"utils.py": RUN}),
    "text()": (f"from utils import perform\nperform(c, '{WHOLE}')", {"utils.py": "def perform(c, q):\n    c.execute(text(q))"}),
    "a method": (f"from utils import Db\ndb = Db(1)\ndb.perform('{WHOLE}')", {"utils.py": "class Db:\n    def perform(self, q):\n        self.c.execute(q)"}),
    "a static one": (f"from utils import Db\nDb.perform('{WHOLE}')", {"utils.py": "class Db:\n    @staticmethod\n    def perform(q):\n        c.execute(q)"}),
    "of an attribute": (f"from utils import Db\nclass J:\n    def __init__(self):\n        self.db = Db(1)\n    def go(self):\n        self.db.perform('{WHOLE}')", {"utils.py": "class Db:\n    def perform(self, q):\n        self.c.execute(q)"}),
    "a helper's helper": (f"from utils import go\ngo('{WHOLE}')", {"utils.py": f"{RUN}def go(q):\n    return perform(connect(), q)"}),
    "a part": ("from utils import fill\nfill('mart.t', 'SELECT b AS a FROM raw.s')", {"utils.py": "def fill(t, q):\n    c.execute(f'INSERT INTO {t} (a) {q}')"}),
    "a frame": (f"from utils import rows_of\ndf = rows_of('{WHOLE}')", {"utils.py": "def rows_of(q):\n    return pd.read_sql(q, engine)"}),
}  # fmt: skip


@pytest.mark.parametrize(("code", "given"), WRAPPERS.values(), ids=WRAPPERS.keys())
def test_what_a_helper_is_given_is_run(code: str, given: dict[str, str]) -> None:
    first = facts_of(code)
    assert set(given) & set(first.needs)
    assert Found(first).pairs == set()
    facts = facts_of(code, given=given)
    assert Found(facts).pairs == PAIR


NOTHING = {
    "logged": (f"from utils import log\nlog('{WHOLE}')", "def log(text):\n    print(text)"),
    "another argument": (
        f"from utils import perform\nperform('{WHOLE}', 'x')",
        "def perform(why, q):\n    c.execute(q)",
    ),
    "its own text": (
        f"from utils import perform\nperform('{WHOLE}')",
        "def perform(q):\n    c.execute('DELETE FROM x')",
    ),
    "no function": (f"from utils import perform\nperform('{WHOLE}')", "perform = print"),
    "itself": (f"from utils import perform\nperform('{WHOLE}')", "def perform(q):\n    perform(q)"),
    "one another": (f"from utils import a\na('{WHOLE}')", "def a(q):\n    b(q)\ndef b(q):\n    a(q)"),
}


@pytest.mark.parametrize(("code", "helper"), NOTHING.values(), ids=NOTHING.keys())
def test_what_a_helper_does_not_run_is_nothing(code: str, helper: str) -> None:
    assert facts_of(code, given={"utils.py": helper}).statements == ()


def test_no_file_is_asked_for_where_no_sql_is_handed_on() -> None:
    assert facts_of("from utils import perform\nc.execute('SELECT a FROM b')\nperform(c, 'x', 1, Q)").needs == ()


def test_a_text_stands_where_it_is_written_and_what_is_made_of_it_where_the_call_is() -> None:
    code = "from utils import perform, fill\n\nperform(\n    c,\n    '''\n  INSERT INTO mart.t (a)\n  SELECT b FROM raw.s''')\nfill('''\n\n\nSELECT b FROM raw.s''')"
    helpers = f"{RUN}\n\n\n\n\n\n\n\n\n\n\ndef fill(q):\n    c.execute(f'INSERT INTO mart.u (a) {{q}}')"
    facts = facts_of(code, given={"utils.py": helpers})
    assert [(s.target, s.first_line, s.last_line) for s in facts.statements] == [
        (("mart", "t"), 6, 7),
        (("mart", "u"), 8, 8),
    ]


def test_it_is_the_callers_statement() -> None:
    code = f"from utils import perform\ndef load():\n    perform(c, '{WHOLE}')"
    assert [s.procedure for s in facts_of(code, given={"utils.py": RUN}).statements] == ['"job.load"']


def test_the_dialect_is_that_of_the_helpers_driver() -> None:
    helper = "import psycopg2\nconn = psycopg2.connect('x')\ndef perform(q):\n    conn.cursor().execute(q)"
    assert facts_of(f"from utils import perform\nperform('{WHOLE}')", given={"utils.py": helper}).dialect == "postgres"
