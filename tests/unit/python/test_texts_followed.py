"""Texts that are put together over several statements, classes and comprehensions: as Python would."""

from __future__ import annotations

import ast

import pytest

from ray_lineage.compile.python.lines import Lines
from ray_lineage.compile.python.module import Module
from ray_lineage.compile.python.others import Others
from tests.unit.python.cases import check


def parsed_module(code: str) -> Module:
    """A module that asks for no others."""
    return Module(ast.parse(code), code.encode(), Lines(code), Others({}))


SQLITE = "import sqlite3\ncon = sqlite3.connect('x')\n"

CASES: dict[str, tuple[str, list[str]]] = {
    'format_map': (SQLITE + 'cfg = dict(dst="mart.t", src="raw.s")\ncon.execute("INSERT INTO {dst} (a) SELECT b FROM {src}".format_map(cfg))', ['raw.s.b > mart.t.a i']),
    'format attr': (SQLITE + 'class C:\n    dst = "mart.t"\n    src = "raw.s"\ncon.execute("INSERT INTO {c.dst} (a) SELECT b FROM {c.src}".format(c=C))', ['raw.s.b > mart.t.a i']),
    'format item': (SQLITE + 'c = {"dst": "mart.t"}\ncon.execute("INSERT INTO {c[dst]} (a) SELECT b FROM raw.s".format(c=c))', ['raw.s.b > mart.t.a i']),
    'join lines list': (SQLITE + 'parts = ["INSERT INTO mart.t (a)", "SELECT b"]\nparts.append("FROM raw.s")\ncon.execute("\\n".join(parts))', ['raw.s.b > mart.t.a i']),
    'parts in branch': (SQLITE + 'parts = ["INSERT INTO mart.t (a)", "SELECT b FROM raw.s"]\nif day:\n    parts.append("WHERE d = 1")\ncon.execute(" ".join(parts))', ['raw.s.b > mart.t.a i?']),
    'self parts': (SQLITE + 'class B:\n    def run(self):\n        self.q = "INSERT INTO mart.t (a) "\n        self.q += "SELECT b FROM raw.s"\n        con.execute(self.q)', ['raw.s.b > mart.t.a i']),
    'psycopg join idents': ('import psycopg2\nfrom psycopg2 import sql\nconn = psycopg2.connect(\'\')\ncur = conn.cursor()\ncols = ["a", "b"]\ncur.execute(sql.SQL("INSERT INTO mart.t ({0}) SELECT {0} FROM raw.s").format(sql.SQL(", ").join(map(sql.Identifier, cols))))', ['raw.s.a > mart.t.a i', 'raw.s.b > mart.t.b i']),
    'psycopg Composed': ('import psycopg2\nfrom psycopg2 import sql\nconn = psycopg2.connect(\'\')\ncur = conn.cursor()\ncur.execute(sql.Composed([sql.SQL("INSERT INTO "), sql.Identifier("mart", "t"), sql.SQL(" (a) SELECT b FROM raw.s")]))', ['raw.s.b > mart.t.a i']),
    'base class attr': (SQLITE + 'class Base:\n    def run(self):\n        con.execute(f"INSERT INTO {self.dst} (a) SELECT b FROM raw.s")\nclass Job(Base):\n    dst = "mart.t"', ['raw.s.b > mart.t.a i']),
    'abstract attr two heirs': (SQLITE + 'class Base:\n    src = None\n    dst = None\n    def run(self):\n        con.execute(f"INSERT INTO {self.dst} (a) SELECT b FROM {self.src}")\nclass A(Base):\n    src = "raw.s"\n    dst = "mart.t"\nclass C(Base):\n    src = "raw.v"\n    dst = "mart.u"', ['raw.s.b > mart.t.a i', 'raw.v.b > mart.u.a i']),
    'abstract property heirs': (SQLITE + 'from abc import ABC, abstractmethod\nclass Base(ABC):\n    @property\n    @abstractmethod\n    def dst(self): ...\n    def run(self):\n        con.execute(f"INSERT INTO {self.dst} (a) SELECT b FROM raw.s")\nclass A(Base):\n    @property\n    def dst(self):\n        return "mart.t"', ['raw.s.b > mart.t.a i']),
    'abstract method text': (SQLITE + 'class Base:\n    def query(self):\n        raise NotImplementedError\n    def run(self):\n        con.execute(self.query())\nclass A(Base):\n    def query(self):\n        return "INSERT INTO mart.t (a) SELECT b FROM raw.s"', ['raw.s.b > mart.t.a i']),
    'dataclass given': (SQLITE + 'from dataclasses import dataclass\n@dataclass\nclass Cfg:\n    dst: str\ncfg = Cfg(dst="mart.t")\ncon.execute(f"INSERT INTO {cfg.dst} (a) SELECT b FROM raw.s")', ['raw.s.b > mart.t.a i']),
    'namedtuple given': (SQLITE + 'from typing import NamedTuple\nclass Cfg(NamedTuple):\n    src: str\n    dst: str\ncfg = Cfg("raw.s", "mart.t")\ncon.execute(f"INSERT INTO {cfg.dst} (a) SELECT b FROM {cfg.src}")', ['raw.s.b > mart.t.a i']),
    'lambda text': (SQLITE + 'q = lambda dst: f"INSERT INTO {dst} (a) SELECT b FROM raw.s"\ncon.execute(q("mart.t"))', ['raw.s.b > mart.t.a i']),
    'property': (SQLITE + 'class S:\n    @property\n    def q(self):\n        return "INSERT INTO mart.t (a) SELECT b FROM raw.s"\ncon.execute(S().q)', ['raw.s.b > mart.t.a i']),
    'dict get': (SQLITE + 'Q = {"load": "INSERT INTO mart.t (a) SELECT b FROM raw.s"}\ncon.execute(Q.get("load"))', ['raw.s.b > mart.t.a i']),
    'dict merge': (SQLITE + 'BASE = {"src": "raw.s"}\nC = {**BASE, "dst": "mart.t"}\ncon.execute(f"INSERT INTO {C[\'dst\']} (a) SELECT b FROM {C[\'src\']}")', ['raw.s.b > mart.t.a i']),
    'loop range': (SQLITE + 'for i in range(2):\n    con.execute(f"INSERT INTO mart.t{i} (a) SELECT b FROM raw.s")', ['raw.s.b > mart.t0.a i', 'raw.s.b > mart.t1.a i']),
    'list comp exec': (SQLITE + '[con.execute(f"INSERT INTO mart.{t} (a) SELECT b FROM raw.s") for t in ("t", "u")]', ['raw.s.b > mart.t.a i', 'raw.s.b > mart.u.a i']),
    'list comp read concat': ('import pandas as pd\ndf = pd.concat([pd.read_sql(f"SELECT b AS a FROM raw.{t}", con) for t in ["s", "v"]])\ndf.to_sql("t", con, schema="mart", index=False)', ['raw.s.b > mart.t.a i', 'raw.v.b > mart.t.a i']),
    'split statements loop': (SQLITE + 'S = "INSERT INTO mart.t (a) SELECT b FROM raw.s; INSERT INTO mart.u (a) SELECT b FROM raw.v"\nfor q in S.split(";"):\n    con.execute(q)', ['raw.s.b > mart.t.a i', 'raw.v.b > mart.u.a i']),
    'split comp filter': (SQLITE + 'S = "INSERT INTO mart.t (a) SELECT b FROM raw.s; INSERT INTO mart.u (a) SELECT b FROM raw.v"\nfor q in [x.strip() for x in S.split(";") if x.strip()]:\n    con.execute(q)', ['raw.s.b > mart.t.a i', 'raw.v.b > mart.u.a i']),
    'sqlparse split': (SQLITE + 'import sqlparse\nS = """INSERT INTO mart.t (a) SELECT b FROM raw.s;\nINSERT INTO mart.u (a) SELECT b FROM raw.v;"""\nfor q in sqlparse.split(S):\n    con.execute(q)', ['raw.s.b > mart.t.a i', 'raw.v.b > mart.u.a i']),
    'param reassigned': (SQLITE + 'def run(t):\n    t = f"mart.{t}"\n    con.execute(f"INSERT INTO {t} (a) SELECT b FROM raw.s")\nrun("t")', ['raw.s.b > mart.t.a i']),
    'loop var reassigned': (SQLITE + 'for t in ["t"]:\n    full = "mart." + t\n    t = full\n    con.execute(f"INSERT INTO {t} (a) SELECT b FROM raw.s")', ['raw.s.b > mart.t.a i']),
    'comp hides': (SQLITE + 'c = con.cursor()\ncols = ["a", "b"]\nc.execute(f"INSERT INTO mart.t ({\', \'.join(cols)}) SELECT {\', \'.join(f\'s.{c}\' for c in cols)} FROM raw.s s")', ['raw.s.a > mart.t.a i', 'raw.s.b > mart.t.b i']),
}  # fmt: skip


@pytest.mark.parametrize(("code", "expected"), CASES.values(), ids=CASES.keys())
def test_the_text_is_what_python_makes(code: str, expected: list[str]) -> None:
    check(code, expected)


def test_a_field_that_is_made_of_itself_in_many_methods_is_not_followed_along_each_way() -> None:
    made = "\n".join(f"    def m{k}(self):\n        self.q = self.q.at({k})" for k in range(12))
    code = (
        f"import sqlite3\nclass Job:\n{made}\n    def run(self):\n        sqlite3.connect('x').execute(self.q.text())"
    )
    module = parsed_module(code)
    call = next(c for c, _ in module.calls() if getattr(c.func, "attr", "") == "execute")
    unit = next(u for c, u in module.calls() if c is call)
    list(module.runs_of(call, unit))
    assert module.followed.steps < 2_000
