"""SQL in every way in which a program puts a text together."""

from __future__ import annotations

import textwrap

import pytest

from tests.unit.python.cases import Found, check, facts_of

PAIR = "raw.s.b > mart.t.a i"
WHOLE = "INSERT INTO mart.t (a) SELECT b FROM raw.s"

SURE = {
    "literal": f'cur.execute("{WHOLE}")',
    "single quotes": f"cur.execute('{WHOLE}')",
    "triple quotes": 'cur.execute("""\n  INSERT INTO mart.t (a)\n  SELECT b FROM raw.s\n""")',
    "raw": f'cur.execute(r"{WHOLE}")',
    "unicode prefix": f'cur.execute(u"{WHOLE}")',
    "escapes": r'cur.execute("INSERT INTO mart.t (a)\n\tSELECT b\x20FROM raw.s")',
    "adjoining literals": 'cur.execute("INSERT INTO mart.t (a) "\n            "SELECT b FROM raw.s")',
    "adjoining literals of two kinds": "cur.execute('INSERT INTO mart.t (a) '\n  f\"SELECT b \"  # why\n  '''FROM raw.s''')",
    "line continuation": 'cur.execute("INSERT INTO mart.t (a) \\\nSELECT b FROM raw.s")',
    "backslash between literals": 'q = "INSERT INTO mart.t (a) " \\\n    "SELECT b FROM raw.s"\ncur.execute(q)',
    "f-string without fields": f'cur.execute(f"{WHOLE}")',
    "f-string of a constant": 'T = "mart.t"\ncur.execute(f"INSERT INTO {T} (a) SELECT b FROM raw.s")',
    "f-string of two parts": 'S, T = "mart", "t"\ncur.execute(f"INSERT INTO {S}.{T} (a) SELECT b FROM raw.s")',
    "f-string of an expression": 'S = "mart"\ncur.execute(f"INSERT INTO {S + \'.t\'} (a) SELECT b FROM raw.s")',
    "f-string with str()": 'T = "mart.t"\ncur.execute(f"INSERT INTO {T!s} (a) SELECT b FROM {str(\'raw.s\')}")',
    "f-string with doubled braces": "cur.execute(f\"INSERT INTO mart.t (a) SELECT b FROM raw.s WHERE c = '{{x}}'\")",
    "f-string in f-string": 'T = "t"\ncur.execute(f"INSERT INTO {f\'mart.{T}\'} (a) SELECT b FROM raw.s")',
    "plus": 'T = "mart.t"\ncur.execute("INSERT INTO " + T + " (a) SELECT b FROM raw.s")',
    "percent": 'cur.execute("INSERT INTO %s (a) SELECT b FROM %s" % ("mart.t", "raw.s"))',
    "percent of one": 'cur.execute("INSERT INTO %s (a) SELECT b FROM raw.s" % "mart.t")',
    "percent by name": 'cur.execute("INSERT INTO %(t)s (a) SELECT b FROM raw.s" % {"t": "mart.t"})',
    "percent and per cent": "cur.execute(\"INSERT INTO %s (a) SELECT b FROM raw.s WHERE c LIKE 'x%%'\" % \"mart.t\")",
    "format": 'cur.execute("INSERT INTO {} (a) SELECT b FROM {}".format("mart.t", "raw.s"))',
    "format by number": 'cur.execute("INSERT INTO {1} (a) SELECT b FROM {0}".format("raw.s", "mart.t"))',
    "format by name": 'cur.execute("INSERT INTO {t} (a) SELECT b FROM {s}".format(t="mart.t", s="raw.s"))',
    "format of a dictionary": 'd = {"t": "mart.t"}\ncur.execute("INSERT INTO {t} (a) SELECT b FROM raw.s".format(**d))',
    "format of dict()": 'cur.execute("INSERT INTO {t} (a) SELECT b FROM raw.s".format(**dict(t="mart.t")))',
    "join": 'cur.execute(" ".join(["INSERT INTO mart.t (a)", "SELECT b", "FROM raw.s"]))',
    "join of a list": 'parts = ["INSERT INTO mart.t (a)", "SELECT b FROM raw.s"]\ncur.execute("\\n".join(parts))',
    "join of columns": 'cols = ["a"]\ncur.execute(f"INSERT INTO mart.t ({\', \'.join(cols)}) SELECT b FROM raw.s")',
    "join of a comprehension": 'cols = ["a"]\ncur.execute("INSERT INTO mart.t (" + ",".join(c for c in cols) + ") SELECT b FROM raw.s")',
    "Template": 'from string import Template\ncur.execute(Template("INSERT INTO $t (a) SELECT b FROM ${s}").substitute(t="mart.t", s="raw.s"))',
    "Template kept": 'from string import Template\nq = Template("INSERT INTO $t (a) SELECT b FROM raw.s")\ncur.execute(q.safe_substitute({"t": "mart.t"}))',
    "dedent": 'import textwrap\ncur.execute(textwrap.dedent("""\n    INSERT INTO mart.t (a)\n    SELECT b FROM raw.s"""))',
    "cleandoc": 'from inspect import cleandoc\ncur.execute(cleandoc("""\n  INSERT INTO mart.t (a)\n  SELECT b FROM raw.s"""))',
    "strip": 'cur.execute("""\n  INSERT INTO mart.t (a)\n  SELECT b FROM raw.s;\n""".strip())',
    "replace": 'cur.execute("INSERT INTO TTT (a) SELECT b FROM raw.s".replace("TTT", "mart.t"))',
    "upper": f'cur.execute("{WHOLE.lower()}".upper())',
    "psycopg sql.SQL": 'from psycopg import sql\ncur.execute(sql.SQL("INSERT INTO {} (a) SELECT b FROM {}").format(sql.Identifier("mart", "t"), sql.Identifier("raw", "s")))',
    "psycopg by name": 'from psycopg2 import sql\ncur.execute(sql.SQL("INSERT INTO {t} (a) SELECT b FROM raw.s WHERE c = {v}").format(t=sql.Identifier("mart", "t"), v=sql.Literal(3)))',
    "psycopg join": 'from psycopg import sql\ncur.execute(sql.SQL("INSERT INTO mart.t ({}) SELECT b FROM raw.s").format(sql.SQL(", ").join([sql.Identifier("a")])))',
    "psycopg as_string": 'from psycopg import sql\ncur.execute(sql.SQL("INSERT INTO mart.t (a) SELECT b FROM raw.s").as_string(conn))',
    "SQLAlchemy text": f'from sqlalchemy import text\nconn.execute(text("{WHOLE}"))',
    "text kept": f'from sqlalchemy import text\nq = text("{WHOLE}")\nconn.execute(q)',
    "bindparams": f'from sqlalchemy import text\nconn.execute(text("{WHOLE} WHERE c = :c").bindparams(c=1))',
    "local variable": f'def f(cur):\n    q = "{WHOLE}"\n    cur.execute(q)',
    "annotated": f'q: str = "{WHOLE}"\ncur.execute(q)',
    "module constant": f'Q = "{WHOLE}"\ndef f(cur):\n    cur.execute(Q)',
    "walrus": f'cur.execute((q := "{WHOLE}"))',
    "augmented": 'q = "INSERT INTO mart.t (a) "\nq += "SELECT b "\nq += "FROM raw.s"\ncur.execute(q)',
    "assigned anew": f'q = "INSERT INTO x.y (a) SELECT b FROM x.z"\nq = "{WHOLE}"\ncur.execute(q)',
    "class constant": f'class L:\n    Q = "{WHOLE}"\n    def run(self, cur):\n        cur.execute(self.Q)',
    "class constant by its name": f'class L:\n    Q = "{WHOLE}"\ncur.execute(L.Q)',
    "inherited": f'class B:\n    Q = "{WHOLE}"\nclass L(B):\n    def run(self, cur):\n        cur.execute(self.Q)',
    "set in __init__": 'class L:\n    def __init__(self):\n        self.t = "mart.t"\n    def run(self, cur):\n        cur.execute(f"INSERT INTO {self.t} (a) SELECT b FROM raw.s")',
    "given to __init__": 'class L:\n    def __init__(self, t):\n        self.t = t\nl = L("mart.t")\ncur.execute(f"INSERT INTO {l.t} (a) SELECT b FROM raw.s")',
    "dataclass": 'class C:\n    t: str = "x"\nc = C(t="mart.t")\ncur.execute(f"INSERT INTO {c.t} (a) SELECT b FROM raw.s")',
    "enumeration": 'import enum\nclass T(enum.Enum):\n    X = "mart.t"\ncur.execute(f"INSERT INTO {T.X.value} (a) SELECT b FROM raw.s")',
    "dictionary": f'Q = {{"x": "SELECT 1", "load": "{WHOLE}"}}\ncur.execute(Q["load"])',
    "nested dictionary": 'C = {"out": {"t": "mart.t"}}\ncur.execute(f"INSERT INTO {C[\'out\'][\'t\']} (a) SELECT b FROM raw.s")',
    "key set later": f'Q = {{}}\nQ["load"] = "{WHOLE}"\ncur.execute(Q["load"])',
    "list": f'Q = ["SELECT 1", "{WHOLE}"]\ncur.execute(Q[1])',
    "tuple, from the end": f'Q = ("SELECT 1", "{WHOLE}")\ncur.execute(Q[-1])',
    "loop over texts": f'for q in ["{WHOLE}"]:\n    cur.execute(q)',
    "loop over names": 'for t in ("mart.t",):\n    cur.execute("INSERT INTO " + t + " (a) SELECT b FROM raw.s")',
    "loop over pairs": 'for s, t in [("raw.s", "mart.t")]:\n    cur.execute(f"INSERT INTO {t} (a) SELECT b FROM {s}")',
    "loop over a dictionary": f'Q = {{"load": "{WHOLE}"}}\nfor name, q in Q.items():\n    cur.execute(q)',
    "loop over its values": f'Q = {{"load": "{WHOLE}"}}\nfor q in Q.values():\n    cur.execute(q)',
    "enumerate": f'for k, q in enumerate(["{WHOLE}"]):\n    cur.execute(q)',
    "zip": 'for s, t in zip(["raw.s"], ["mart.t"]):\n    cur.execute(f"INSERT INTO {t} (a) SELECT b FROM {s}")',
    "list of texts": f'hook.run(["SELECT 1", "{WHOLE}"])',
    "own function": f'def query():\n    return "{WHOLE}"\ncur.execute(query())',
    "own function with arguments": 'def query(t, s="raw.s"):\n    return f"INSERT INTO {t} (a) SELECT b FROM {s}"\ncur.execute(query("mart.t"))',
    "own method": f'class L:\n    def q(self):\n        return "{WHOLE}"\n    def run(self, cur):\n        cur.execute(self.q())',
    "wrapper": f'def run(sql):\n    conn.cursor().execute(sql)\nrun("{WHOLE}")',
    "wrapper by name": f'def run(conn, sql=None):\n    conn.execute(sql)\nrun(conn, sql="{WHOLE}")',
    "wrapper of a wrapper": f'def a(q):\n    cur.execute(q)\ndef b(q):\n    a(q)\nb("{WHOLE}")',
    "wrapping method": f'class D:\n    def run(self, sql):\n        self.cur.execute(sql)\nd = D()\nd.run("{WHOLE}")',
    "parameter for the table": 'def load(t):\n    cur.execute(f"INSERT INTO {t} (a) SELECT b FROM raw.s")\nload("mart.t")',
    "parameter from a caller's constant": 'T = "mart.t"\ndef load(t):\n    cur.execute(f"INSERT INTO {t} (a) SELECT b FROM raw.s")\nload(T)',
    "op_kwargs": 'def load(t):\n    cur.execute(f"INSERT INTO {t} (a) SELECT b FROM raw.s")\nPythonOperator(task_id="x", python_callable=load, op_kwargs={"t": "mart.t"})',
    "called in a loop": 'def load(t):\n    cur.execute(f"INSERT INTO {t} (a) SELECT b FROM raw.s")\nfor t in ["mart.t"]:\n    load(t)',
    "await": f'async def f(conn):\n    await conn.execute("{WHOLE}")',
    "with": f'with conn.cursor() as cur:\n    cur.execute("{WHOLE}")',
    "lambda": f'f = lambda cur: cur.execute("{WHOLE}")',
    "if __name__": f'def main():\n    cur.execute("{WHOLE}")\nif __name__ == "__main__":\n    main()',
    "comment in front": f'cur.execute("""-- loads t\n/* daily */ {WHOLE}""")',
    "several statements": f'cur.executescript("DELETE FROM mart.t; {WHOLE};")',
}  # fmt: skip

DOUBTFUL = {
    "environment's default": 'import os\ncur.execute(f"INSERT INTO {os.environ.get(\'T\', \'mart.t\')} (a) SELECT b FROM raw.s")',
    "getenv": 'import os\nT = os.getenv("T", "mart.t")\ncur.execute(f"INSERT INTO {T} (a) SELECT b FROM raw.s")',
    "branches": 'if x:\n    q = "INSERT INTO mart.t (a) SELECT b FROM raw.s"\nelse:\n    q = "SELECT 1"\ncur.execute(q)',
    "conditional expression": 'cur.execute("INSERT INTO mart.t (a) SELECT b FROM raw.s" if x else "SELECT 1")',
    "or": 'q = given or "INSERT INTO mart.t (a) SELECT b FROM raw.s"\ncur.execute(q)',
    "default of a parameter": 'def f(cur, t="mart.t"):\n    cur.execute(f"INSERT INTO {t} (a) SELECT b FROM raw.s")',
    "unknown key": 'Q = {"a": "INSERT INTO mart.t (a) SELECT b FROM raw.s", "b": "SELECT 1"}\ncur.execute(Q[key])',
    "added in a branch": 'q = "INSERT INTO mart.t (a) SELECT b FROM raw.s"\nif x:\n    q += " WHERE c = 1"\ncur.execute(q)',
}  # fmt: skip


@pytest.mark.parametrize("code", SURE.values(), ids=SURE.keys())
def test_it_is_the_statement(code: str) -> None:
    check(code, [PAIR, "raw.s >> mart.t"])


@pytest.mark.parametrize("code", DOUBTFUL.values(), ids=DOUBTFUL.keys())
def test_it_may_be_the_statement(code: str) -> None:
    check(code, [PAIR + "?", "raw.s >> mart.t"])


def test_what_branches_exclude_is_not_seen() -> None:
    check(
        'if x:\n    q = "INSERT INTO o.a (c) SELECT c FROM i.a"\n    cur.execute(q)\nelse:\n'
        '    q = "INSERT INTO o.b (c) SELECT c FROM i.b"\n    cur.execute(q)',
        ["i.a.c > o.a.c i", "i.b.c > o.b.c i"],
    )


def test_elements_of_one_loop_belong_together() -> None:
    check(
        'for s, t in [("i.a", "o.a"), ("i.b", "o.b")]:\n    cur.execute(f"INSERT INTO {t} (c) SELECT c FROM {s}")',
        ["i.a.c > o.a.c i", "i.b.c > o.b.c i"],
    )


def test_each_caller_is_one_statement() -> None:
    check(
        'def copy(s, t):\n    cur.execute(f"INSERT INTO {t} (c) SELECT c FROM {s}")\ncopy("i.a", "o.a")\ncopy("i.b", t="o.b")',
        ["i.a.c > o.a.c i", "i.b.c > o.b.c i"],
    )


LINES = {
    "triple quotes": ('cur.execute("""\nINSERT INTO o (x, y)\nSELECT a,\n  b\nFROM i""")', {"x": 3, "y": 4}),
    "adjoining": ('cur.execute(\n  "INSERT INTO o (x, y) "\n  "SELECT a, "\n\n  "b FROM i")', {"x": 3, "y": 5}),
    "escaped line feeds": ('cur.execute(\n  "INSERT INTO o (x, y)\\nSELECT a,\\n b FROM i")', {"x": 2, "y": 2}),
    "f-string": ('T = "o"\ncur.execute(f"""\nINSERT INTO {T} (x, y)\nSELECT a,\n{"b"} FROM i""")', {"x": 4, "y": 5}),
    "constant far away": ('Q = """\nINSERT INTO o (x, y) SELECT a,\nb FROM i"""\n\n\ncur.execute(Q)', {"x": 2, "y": 3}),
    "dedent": ('cur.execute(textwrap.dedent("""\n    INSERT INTO o (x, y)\n    SELECT a,\n      b FROM i"""))', {"x": 3, "y": 4}),
    "plus": ('q = ("INSERT INTO o (x, y) " +\n"SELECT a, " +\n"b FROM i")\ncur.execute(q)', {"x": 2, "y": 3}),
    "appended": ('q = "INSERT INTO o (x, y)"\nq += " SELECT a,"\nq += "b FROM i"\ncur.execute(q)', {"x": 2, "y": 3}),
    "format": ('cur.execute("""INSERT INTO {} (x, y)\nSELECT a,\nb FROM {}""".format("o", "i"))', {"x": 2, "y": 3}),
    "percent": ('cur.execute("""INSERT INTO %s (x, y)\nSELECT a,\nb FROM i""" % "o")', {"x": 2, "y": 3}),
    "joined": ('cur.execute(" ".join(["INSERT INTO o (x, y)",\n"SELECT a,",\n"b FROM i"]))', {"x": 2, "y": 3}),
    "umlauts": ('s = "äöü"; cur.execute("""INSERT INTO o (x, y) SELECT a, -- ß\nb FROM i""")', {"x": 1, "y": 2}),
}  # fmt: skip


@pytest.mark.parametrize(("code", "lines"), LINES.values(), ids=LINES.keys())
def test_evidence_is_the_line_of_the_file(code: str, lines: dict[str, int]) -> None:
    found = Found(facts_of(code))
    assert {pair.split(".")[-1].split()[0]: line for pair, line in found.lines.items()} == lines


def test_a_statement_has_the_columns_of_the_file() -> None:
    code = textwrap.dedent('''\
        cur.execute("SELECT 1; "
                    """INSERT INTO o (x)
          SELECT a FROM i""")''')
    statement = facts_of(code).statements[-1]
    assert (statement.first_line, statement.first_column) == (2, 16)
    assert (statement.last_line, statement.last_column) == (3, 17)
