"""What holds for every SQL, and for every input."""

from __future__ import annotations

import json
import random
import textwrap
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ray_lineage.compile import CompileOptions, compile_source
from ray_lineage.compile.python.literals import read_literal
from ray_lineage.model import FileFacts
from tests.unit.python.cases import Found, facts_of

SCRIPTS = [
    "INSERT INTO mart.orders (id, total, day)\nSELECT o.id,\n  SUM(o.amount) AS total,\n  o.day\nFROM raw.orders o\nJOIN raw.days d ON d.id = o.day\nWHERE o.state = 'it''s ok'\nGROUP BY o.id, o.day",
    "CREATE TABLE mart.a AS\nWITH c AS (\n  SELECT x, y\n  FROM raw.b\n)\nSELECT x + 1 AS x1,\n  \"y\"\nFROM c",
    "MERGE INTO mart.t USING raw.s ON t.id = s.id\nWHEN MATCHED THEN UPDATE SET v = s.v\nWHEN NOT MATCHED THEN INSERT (id, v)\n  VALUES (s.id, s.v)",
    "CREATE TEMP TABLE w AS SELECT a FROM raw.i;\nINSERT INTO mart.o (b)\nSELECT a -- the only one\nFROM w;\nUPDATE mart.o SET b = 1",
    "CREATE VIEW mart.v AS\nSELECT CASE WHEN a > 1 THEN b ELSE c END AS x,\n\n  ROW_NUMBER() OVER (PARTITION BY a ORDER BY b) AS n\nFROM raw.q /* all\nof it */",
]  # fmt: skip
"""In the dialect of Postgres."""


def _triple(sql: str) -> str:
    return f'execute("""{sql}""")'


def _raw(sql: str) -> str:
    return f'execute(r"""{sql}""")'


def _f_string(sql: str) -> str:
    return f'execute(f"""{sql.replace("{", "{{").replace("}", "}}")}""")'


def _constant(sql: str) -> str:
    return f'Q = """{sql}"""; execute(Q)'


def _percent(sql: str) -> str:
    return f'execute("""{sql.replace("%", "%%")}""" % ())'


def _format(sql: str) -> str:
    return f'execute("""{sql.replace("{", "{{").replace("}", "}}")}""".format())'


def _text(sql: str) -> str:
    return f'execute(text("""{sql}"""))'


def _composed(sql: str) -> str:
    return f'execute(sql.SQL("""{sql}"""))'


def _adjoining(sql: str) -> str:
    lines = sql.split("\n")
    return "execute(" + "\n".join(json.dumps(line + "\n" * (k + 1 < len(lines))) for k, line in enumerate(lines)) + ")"


def _added(sql: str) -> str:
    lines = sql.split("\n")
    return (
        "execute(" + " +\n".join(json.dumps(line + "\n" * (k + 1 < len(lines))) for k, line in enumerate(lines)) + ")"
    )


def _joined(sql: str) -> str:
    return 'execute("\\n".join([' + ",\n".join(map(json.dumps, sql.split("\n"))) + "]))"


def _wrapped(sql: str) -> str:
    return f'run("""{sql}""")\ndef run(q):\n    cur.execute(q)'


def _stripped(sql: str) -> str:
    return f'execute("""{sql}""".strip())'


def _dictionary(sql: str) -> str:
    return f'Q = {{"q": """{sql}"""}}; execute(Q["q"])'


def _looped(sql: str) -> str:
    return f'Q = ["""{sql}"""]\nfor q in Q: execute(q)'


def _template(sql: str) -> str:
    return f'execute(Template("""{sql.replace("$", "$$")}""").substitute())'


WAYS: list[Callable[[str], str]] = [
    _triple, _raw, _f_string, _constant, _percent, _format, _text, _composed, _adjoining, _added, _joined, _wrapped, _stripped,
    _dictionary, _looped, _template,
]  # fmt: skip


def edges(facts: FileFacts, less: int = 0) -> tuple[set[str], dict[str, int], list[tuple[int, int]]]:
    found = Found(facts)
    lines = {pair: line - less for pair, line in found.lines.items()}
    return found.pairs | found.tables, lines, [(s.first_line - less, s.last_line - less) for s in facts.statements]


@pytest.mark.parametrize("way", WAYS, ids=lambda w: w.__name__)
@pytest.mark.parametrize("script", SCRIPTS, ids=range(len(SCRIPTS)))
def test_sql_in_python_is_the_sql(way: Callable[[str], str], script: str) -> None:
    """The same edges at the same lines, however many lines of Python stand before it."""
    before = "import psycopg2\ncur = psycopg2.connect('').cursor()\nexecute = cur.execute\n\n"
    program = before + way(script).replace("execute(", "cur.execute(").replace("cur.cur.", "cur.")
    expected = edges(compile_source(script, CompileOptions("postgres")))
    assert edges(facts_of(program), before.count("\n")) == expected


def test_indented_and_dedented_it_is_the_sql() -> None:
    for script in SCRIPTS:
        block = textwrap.indent(script, "        ")
        program = f'def f(cur):\n    cur.execute(textwrap.dedent("""\\\n{block}"""))'
        assert edges(facts_of(program, dialect="postgres"), 2) == edges(
            compile_source(script, CompileOptions("postgres"))
        )


def test_a_cell_of_sql_is_the_sql() -> None:
    for script in SCRIPTS:
        cell = {"cell_type": "code", "source": "%%sql\n" + script}
        facts = facts_of(json.dumps({"cells": [cell]}), "notebook", dialect="postgres")
        assert edges(facts, 1) == edges(compile_source(script, CompileOptions("postgres")))


@given(st.lists(st.text(max_size=12), min_size=1, max_size=4), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_a_literal_is_read_as_python_reads_it(parts: list[str], chance: random.Random) -> None:
    source = "".join(
        ascii(p) if chance.random() < 0.5 else json.dumps(p) + chance.choice(("", " ", "\n", "  # c\n")) for p in parts
    )
    try:
        value = eval(f"({source}\n)")
    except SyntaxError:
        return
    read = read_literal(source, 1, 1)
    if read is not None and "\ue000" not in value:
        assert read.text == value or "\ud800" <= max(value, default="") <= "\udfff" or "\r" in value or "?" in read.text


PROGRAMS = [
    "import pandas as pd\ndf = pd.read_sql(f'SELECT {x} FROM {y}.t', con)\ndf['c'] = df.a + df['b']\ndf.to_sql('o', con)",
    "class A(B):\n    Q = '''INSERT INTO o SELECT a FROM i'''\n    def f(self, t='x'):\n        for k, v in self.d.items():\n            self.cur.execute(self.Q % (t, v))",
    "spark.table('i').select('a', F.col('b')).join(spark.table('j'), 'k').groupBy('a').agg(F.sum('b')).write.saveAsTable('o')",
    "# Databricks notebook source\n# MAGIC %sql\n# MAGIC SELECT a FROM b\n\n# COMMAND ----------\nx = spark.sql('select a from {t}'.format(t=T))",
    "with engine.begin() as c:\n    c.execute(text('INSERT INTO o (a) ' + 'SELECT a FROM i' + f' WHERE {w}'))",
    "Table('t', MetaData(schema='s'), Column('a', Integer))\nclass U(Base):\n    __tablename__ = 'u'\n    id: Mapped[int]",
]


@given(st.sampled_from(PROGRAMS), st.data())
@settings(max_examples=200, deadline=None)
def test_torn_python_gives_diagnostics_only(program: str, data: st.DataObject) -> None:
    raw = bytearray(program.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw)))
        end = min(at + data.draw(st.integers(0, 12)), len(raw))
        raw[at:end] = data.draw(st.binary(max_size=8))
    for form in ("python", "notebook"):
        facts = compile_source(bytes(raw), CompileOptions(formats=(form,)))
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(facts), type=FileFacts) == facts


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=8), lambda x: st.lists(x, max_size=3) | st.dictionaries(st.sampled_from(["cells", "source", "cell_type", "metadata", "kernelspec", "input", "worksheets"]), x, max_size=4), max_leaves=12))  # fmt: skip
@settings(max_examples=80, deadline=None)
def test_any_json_is_read_as_a_notebook(value: object) -> None:
    facts = compile_source(json.dumps({"cells": value, "m": "%sql"}).encode(), CompileOptions(formats=("notebook",)))
    assert facts.status in ("ok", "partial", "failed", "skipped")


HOSTILE = {
    "a long sum": "cur.execute(" + " + ".join(["'SELECT a FROM b'"] * 900) + ")",
    "deep parentheses": "cur.execute(" + "(" * 150 + "'SELECT a FROM b'" + ")" * 150 + ")",
    "too deep": "x = " + "[" * 5000 + "]" * 5000 + "\ncur.execute('SELECT a FROM b')",
    "doubling": "a = 'SELECT a FROM b '\n" + "a = a + a\n" * 60 + "cur.execute(a)",
    "doubling in f-strings": "a = 'SELECT a FROM b '\n" + "a = f'{a}{a}'\n" * 60 + "cur.execute(a)",
    "itself": "a = a + a\na += a\ndef f(x=f): return f(f)\ncur.execute(f(a))\ncur.execute('SELECT a FROM b')",
    "two that call one another": "def f(q): g(q)\ndef g(q): f(q); cur.execute(q)\nf('SELECT a FROM b')",
    "a class of itself": "class A(A):\n    x = A.x\ncur.execute(A.x)\ncur.execute('SELECT a FROM b')",
    "classes in a circle": "class A(B): pass\nclass B(A): pass\ncur.execute(A().q())\ncur.execute('SELECT a FROM b')",
    "many branches": "".join(f"if x{k}:\n    a{k} = 'SELECT {k} FROM b'\nelse:\n    a{k} = 'y'\n" for k in range(40)) + "cur.execute(" + " + ".join(f"a{k}" for k in range(40)) + ")",
    "a large loop": "for a in " + repr(list(range(3000))) + ":\n  for b in " + repr(list(range(3000))) + ":\n    cur.execute(f'SELECT a FROM t{a}_{b}')",
    "a long chain": "spark.table('i')" + ".withColumn('a', F.col('a'))" * 150 + ".write.saveAsTable('o')",
    "frames that double": "a = spark.table('i')\n" + "a = a.union(a)\n" * 40 + "a.write.saveAsTable('o')",
    "long elif": "if a: pass\n" + "".join(f"elif b{k}: x = 'SELECT a FROM t'\n" for k in range(2000)) + "cur.execute(x)",
    "surrogates": "cur.execute('SELECT a FROM b\\ud800')",
    "private characters": "cur.execute('SELECT a FROM b\ue000c WHERE \ue000')",
    "lone carriage returns": "cur.execute('''SELECT a\rFROM b''')",
    "a gap of its own": "cur.execute('INSERT INTO o SELECT a FROM __gap1__')",
}  # fmt: skip


@pytest.mark.parametrize("code", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_programs_end(code: str) -> None:
    facts = compile_source(code.encode("utf-8", "surrogatepass"), CompileOptions(formats=("python",)))
    assert facts.status in ("ok", "partial", "failed", "skipped")
    msgspec.msgpack.encode(facts)
    Found(facts)


SYNTAX = {
    "print 'SELECT a FROM b'\ncur.execute('x')": "Python 2",
    "cur.execute('SELECT a FROM b')\nexcept X, e:": "Python 2",
    "x = {{ table }}.{{ y }}\ncur.execute('SELECT a FROM b')": "",
    "cur.execute('SELECT a FROM b'\n{% if x %}": "template",
    "match x:\n  case 1 as: pass\ncur.execute('SELECT a FROM b')": "newer",
}


@pytest.mark.parametrize(("code", "why"), SYNTAX.items())
def test_it_is_said_why_a_file_is_not_read(code: str, why: str) -> None:
    facts = facts_of(code)
    if why:
        (found,) = facts.diagnostics
        assert (found.code, facts.status) == ("RL133", "failed")
        assert why in found.message


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_encodings_of_python(encoding: str) -> None:
    code = (
        f"# -*- coding: {encoding.removesuffix('-sig')} -*-\nx = 'ä'; cur.execute('INSERT INTO o (ä) SELECT ä FROM i')"
    )
    facts = compile_source(code.encode(encoding), CompileOptions(formats=("python",)))
    assert Found(facts).pairs == {"i.ä > o.ä i"}
    assert facts.statements[0].first_column == 23
