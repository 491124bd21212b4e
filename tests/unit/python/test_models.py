"""Tables that classes and objects declare: SQLAlchemy, SQLModel, Alembic, Django."""

from __future__ import annotations

import pytest

from ray_lineage.model import dataset_text
from tests.unit.python.cases import Found, facts_of

ALCHEMY = "from sqlalchemy import *\nfrom sqlalchemy.orm import *\nBase = declarative_base()\n"

MODELS: dict[str, tuple[str, dict[str, list[str]]]] = {
    "columns": ('class U(Base):\n    __tablename__ = "u"\n    id = Column(Integer, primary_key=True)\n    name = Column(String(20))', {"u": ["id", "name"]}),
    "a schema": ('class U(Base):\n    __tablename__ = "u"\n    __table_args__ = {"schema": "s"}\n    id = Column(Integer)', {"s.u": ["id"]}),
    "a schema behind constraints": ('class U(Base):\n    __tablename__ = "u"\n    __table_args__ = (UniqueConstraint("id"), {"schema": "s"})\n    id = Column(Integer)', {"s.u": ["id"]}),
    "a name of the database": ('class U(Base):\n    __tablename__ = "u"\n    mail = Column("e_mail", String)', {"u": ["e_mail"]}),
    "mapped_column": ('class U(Base):\n    __tablename__ = "u"\n    id: Mapped[int] = mapped_column(primary_key=True)\n    n: Mapped[str]\n    m: Mapped[str] = mapped_column("mm")', {"u": ["id", "n", "mm"]}),
    "relationships are no columns": ('class U(Base):\n    __tablename__ = "u"\n    id = Column(Integer)\n    os: Mapped[list["O"]] = relationship()', {"u": ["id"]}),
    "a mixin": ('class M:\n    made = Column(DateTime)\nclass U(M, Base):\n    __tablename__ = "u"\n    id = Column(Integer)', {"u": ["made", "id"]}),
    "a constant name": ('T = "u"\nclass U(Base):\n    __tablename__ = T\n    id = Column(Integer)', {"u": ["id"]}),
    "Table": ('t = Table("u", metadata, Column("id", Integer), Column("n", String))', {"u": ["id", "n"]}),
    "Table with a schema": ('t = Table("u", MetaData(), Column("id", Integer), schema="s")', {"s.u": ["id"]}),
    "MetaData with a schema": ('m = MetaData(schema="s")\nt = Table("u", m, Column("id", Integer))', {"s.u": ["id"]}),
    "Alembic": ('def upgrade():\n    op.create_table("u", sa.Column("id", sa.Integer()), sa.Column("n", sa.String()), schema="s")', {"s.u": ["id", "n"]}),
    "SQLModel": ('from sqlmodel import SQLModel, Field\nclass Hero(SQLModel, table=True):\n    id: int = Field(primary_key=True)\n    name: str', {"hero": ["id", "name"]}),
    "an abstract class is no table": ('class B(Base):\n    __abstract__ = True\n    id = Column(Integer)', {}),
}  # fmt: skip


@pytest.mark.parametrize(("code", "expected"), MODELS.values(), ids=MODELS.keys())
def test_sqlalchemy(code: str, expected: dict[str, list[str]]) -> None:
    declared = facts_of(ALCHEMY + code).declarations
    assert {dataset_text(d.name): [c.name for c in d.columns] for d in declared} == expected
    assert all(d.weak for d in declared)


DJANGO: dict[str, tuple[str, dict[str, list[str]]]] = {
    "a table's name": ('class B(models.Model):\n    title = models.CharField(max_length=3)\n    class Meta:\n        db_table = "lib_b"', {"lib_b": ["id", "title"]}),
    "a schema in quotes": ('class B(models.Model):\n    t = models.TextField()\n    class Meta:\n        db_table = \'"s"."b"\'', {"s.b": ["id", "t"]}),
    "the application's label": ('class Book(models.Model):\n    t = models.TextField()\n    class Meta:\n        app_label = "lib"', {"lib_book": ["id", "t"]}),
    "a foreign key": ('class B(models.Model):\n    a = models.ForeignKey(A, on_delete=models.CASCADE)\n    class Meta:\n        db_table = "b"', {"b": ["id", "a_id"]}),
    "db_column": ('class B(models.Model):\n    a = models.ForeignKey(A, db_column="author")\n    t = models.TextField(db_column="ttl")\n    class Meta:\n        db_table = "b"', {"b": ["id", "author", "ttl"]}),
    "a primary key": ('class B(models.Model):\n    isbn = models.TextField(primary_key=True)\n    class Meta:\n        db_table = "b"', {"b": ["isbn"]}),
    "many to many is another table": ('class B(models.Model):\n    t = models.TextField()\n    xs = models.ManyToManyField(X)\n    class Meta:\n        db_table = "b"', {"b": ["id", "t"]}),
    "an abstract base": ('class A(models.Model):\n    made = models.DateTimeField()\n    class Meta:\n        abstract = True\nclass B(A):\n    t = models.TextField()\n    class Meta:\n        db_table = "b"', {"b": ["id", "made", "t"]}),
    "a proxy": ('class P(models.Model):\n    class Meta:\n        proxy = True\n        db_table = "b"', {}),
    "its package names it": ("class B(models.Model):\n    t = models.TextField()", {}),
}  # fmt: skip


@pytest.mark.parametrize(("code", "expected"), DJANGO.values(), ids=DJANGO.keys())
def test_django(code: str, expected: dict[str, list[str]]) -> None:
    declared = facts_of("from django.db import models\n" + code).declarations
    assert {dataset_text(d.name): [c.name for c in d.columns] for d in declared} == expected


def test_foreign_keys() -> None:
    (key,) = facts_of(
        ALCHEMY + 'class O(Base):\n    __tablename__ = "o"\n    u_id = Column(Integer, ForeignKey("s.u.id"))'
    ).foreign_keys
    assert (key.table, key.columns, key.other, key.others) == (("o",), ("u_id",), ("s", "u"), ("id",))


def test_models_expand_stars() -> None:
    code = ALCHEMY + (
        'class U(Base):\n    __tablename__ = "u"\n    id = Column(Integer)\n    n = Column(String)\n'
        'session.execute(text("INSERT INTO o SELECT * FROM u"))'
    )
    assert Found(facts_of(code)).pairs == {"u.id > o.id i", "u.n > o.n i"}
