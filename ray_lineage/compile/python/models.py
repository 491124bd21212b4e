"""Classes and objects that declare tables: SQLAlchemy, SQLModel, Alembic, Django.

They are what a Python repository has of column lists. What SQL declares counts more, so that these are weak declarations."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from ray_lineage.compile.facts import Facts
from ray_lineage.compile.naming import as_written
from ray_lineage.compile.python.follow import Context, Followed, Imported
from ray_lineage.compile.python.frames.readers import NameOf
from ray_lineage.compile.python.scopes import END, Scope, Unit, calls_in
from ray_lineage.compile.python.texts import Text
from ray_lineage.compile.python.values import Values
from ray_lineage.model import DeclaredColumn, Name

_COLUMNS: Final = frozenset(("Column", "mapped_column", "Field", "deferred"))
_RELATIONS: Final = frozenset(
    ("relationship", "Relationship", "association_proxy", "column_property", "synonym", "backref")
)
_DJANGO_RELATIONS: Final = frozenset(("ForeignKey", "OneToOneField"))
_DEEP: Final = 20


class _Key(NamedTuple):
    """A foreign key: of a column, to ``table.column``."""

    column: str
    to: str
    line: int


class _Table(NamedTuple):
    """What a class or call declares."""

    columns: dict[str, DeclaredColumn]
    keys: list[_Key]


class Models:
    """Declares the tables of one module."""

    def __init__(self, facts: Facts, followed: Followed, values: Values, name_of: NameOf) -> None:
        self.facts = facts
        self.followed = followed
        self.values = values
        self.name_of = name_of

    def declare(self, scopes: Iterable[Scope], units: Iterable[Unit]) -> None:
        """Declare all of them."""
        for scope in scopes:
            if isinstance(scope.node, ast.ClassDef):
                self._class(scope, scope.node)
        for unit in units:
            for call in calls_in(unit.expressions):
                if _last(call.func) in ("Table", "create_table"):
                    self._table(call, Context(unit.scope, unit.order, unit.path))

    def _class(self, scope: Scope, node: ast.ClassDef) -> None:
        kind = self._kind(scope, node, 0)
        if kind == "django":
            self._django(scope, node)
        elif kind:
            name = self._sqlalchemy_name(scope, node, kind)
            if name:
                self._say(name, node.lineno, self._columns(scope, node, 0))

    def _kind(self, scope: Scope, node: ast.ClassDef, depth: int) -> str:
        """Whose model a class is; empty: it is none."""
        if self._assigned(scope, "__tablename__") is not None:
            return "sqlalchemy"
        if any(k.arg == "table" and isinstance(k.value, ast.Constant) and k.value.value is True for k in node.keywords):
            return "sqlmodel"
        for base in self._bases(scope, node, depth):
            if isinstance(base, str):
                if base.endswith(("django.db.models.Model", "gis.db.models.Model")):
                    return "django"
            elif isinstance(base.node, ast.ClassDef) and self._kind(base, base.node, depth + 1) == "django":
                return "django"
        return ""

    def _bases(self, scope: Scope, node: ast.ClassDef, depth: int) -> Iterator[Scope | str]:
        for base in node.bases if depth < _DEEP else ():
            thing = self.followed.one(base, Context(scope.parent or scope, END)).thing
            if isinstance(thing, Scope) and thing is not scope:
                yield thing
            elif isinstance(thing, Imported):
                yield thing.dotted

    @staticmethod
    def _assigned(scope: Scope, name: str) -> ast.expr | None:
        found = scope.bindings.get(name)
        return found[-1].node if found else None

    def _text(self, node: ast.expr | None, scope: Scope) -> str:
        if node is None:
            return ""
        found = self.values.texts(node, Context(scope, END))
        return found[0].text if len(found) == 1 and found[0].known else ""

    def _say(self, name: Name, line: int, table: _Table) -> None:
        if not table.columns:
            return
        self.facts.declare(name, "Table", line, tuple(table.columns.values()), weak=True)
        for key in table.keys:
            *to, column = key.to.split(".")
            other = self.name_of(Text(".".join(to)), "") if to else ()
            if other:
                self.facts.foreign_key(name, (key.column,), other, (column,), key.line)

    # ------------------------------------------------------------------ SQLAlchemy

    def _sqlalchemy_name(self, scope: Scope, node: ast.ClassDef, kind: str) -> Name:
        table = self._text(self._assigned(scope, "__tablename__"), scope)
        if not table and kind == "sqlmodel":
            table = node.name.lower()
        schema = self._schema(self._assigned(scope, "__table_args__"), scope)
        return self.name_of(Text(f"{schema}.{table}" if schema else table), "") if table else ()

    def _schema(self, node: ast.expr | None, scope: Scope) -> str:
        """Of ``__table_args__``: a dictionary, or a tuple that ends in one."""
        if node is None:
            return ""
        bound = self.followed.one(node, Context(scope, END))
        thing = bound.thing
        if isinstance(thing, ast.Tuple) and thing.elts:
            thing = self.followed.one(thing.elts[-1], bound.context).thing
        if not isinstance(thing, ast.Dict):
            return ""
        values = (
            v
            for k, v in zip(thing.keys, thing.values, strict=True)
            if isinstance(k, ast.Constant) and k.value == "schema"
        )
        return self._text(next(values, None), scope)

    def _columns(self, scope: Scope, node: ast.ClassDef, depth: int) -> _Table:
        """Those of a class, and of its mixins before."""
        out = _Table({}, [])
        for base in self._bases(scope, node, depth):
            if isinstance(base, Scope) and isinstance(base.node, ast.ClassDef):
                inherited = self._columns(base, base.node, depth + 1)
                out.columns.update(inherited.columns)
                out.keys.extend(inherited.keys)
        for statement in node.body:
            if isinstance(statement, ast.AnnAssign):
                self._attribute(out, statement.target, statement.value, statement.annotation, scope)
            elif isinstance(statement, ast.Assign) and len(statement.targets) == 1:
                self._attribute(out, statement.targets[0], statement.value, None, scope)
        return out

    def _attribute(
        self, out: _Table, target: ast.expr, value: ast.expr | None, annotation: ast.expr | None, scope: Scope
    ) -> None:
        if not isinstance(target, ast.Name) or target.id.startswith("__"):
            return
        called = _last(value.func) if isinstance(value, ast.Call) else ""
        mapped = annotation is not None and _last(
            annotation.value if isinstance(annotation, ast.Subscript) else annotation
        ) in ("Mapped", "MappedColumn")
        own_field = annotation is not None and not mapped and (value is None or called == "Field")
        if called in _RELATIONS or not (called in _COLUMNS or mapped or (own_field and self._is_sqlmodel(scope))):
            return
        self._column(out, target.id, value if isinstance(value, ast.Call) else None, annotation, target.lineno, scope)

    def _is_sqlmodel(self, scope: Scope) -> bool:
        node = scope.node
        return isinstance(node, ast.ClassDef) and any(
            (isinstance(b, str) and b.endswith("SQLModel")) or isinstance(b, Scope) for b in self._bases(scope, node, 0)
        )

    def _column(
        self, out: _Table, name: str, call: ast.Call | None, annotation: ast.expr | None, line: int, scope: Scope
    ) -> None:
        arguments = list(call.args) if call is not None else []
        if (
            arguments
            and isinstance(arguments[0], ast.Constant)
            and isinstance(arguments[0].value, str)
            and _last(call.func if call else arguments[0]) != "Field"
        ):
            name = arguments.pop(0).value  # type: ignore[attr-defined]
        named = next((k.value for k in (call.keywords if call is not None else ()) if k.arg == "name"), None)
        name = self._text(named, scope) or name
        kind = ""
        for argument in arguments:
            if isinstance(argument, ast.Call) and _last(argument.func) == "ForeignKey" and argument.args:
                to = self._text(argument.args[0], scope)
                if to:
                    out.keys.append(_Key(name.lower(), to, line))
            elif not kind and isinstance(argument, ast.Call | ast.Name | ast.Attribute):
                kind = _type(argument)
        if not kind and isinstance(annotation, ast.Subscript):
            kind = ast.unparse(annotation.slice)[:40]
        foreign = next((k.value for k in (call.keywords if call is not None else ()) if k.arg == "foreign_key"), None)
        if foreign is not None and (to := self._text(foreign, scope)):
            out.keys.append(_Key(name.lower(), to, line))
        out.columns[name.lower()] = DeclaredColumn(name.lower(), kind, line, display=as_written(name, name.lower()))

    def _table(self, call: ast.Call, context: Context) -> None:
        """``Table("name", metadata, Column(...), schema=...)``, Alembic's ``op.create_table("name", Column(...))``."""
        if not call.args:
            return
        columns = [
            c
            for a in call.args[1:]
            if isinstance(c := self.followed.one(a, context).thing, ast.Call) and _last(c.func) == "Column"
        ]
        name = self.values.texts(call.args[0], context)[0]
        if not columns or not name.known:
            return
        out = _Table({}, [])
        for column in columns:
            self._column(out, "", column, None, column.lineno, context.scope)
        out.columns.pop("", None)
        schema = next((k.value for k in call.keywords if k.arg == "schema"), None)
        front = self._text(schema, context.scope) or self._metadata_schema(call, context)
        dataset = self.name_of(Text(f"{front}.{name.text}" if front else name.text), "")
        if dataset:
            self._say(dataset, call.lineno, out)

    def _metadata_schema(self, call: ast.Call, context: Context) -> str:
        if len(call.args) < 2:
            return ""
        made = self.followed.one(call.args[1], context)
        if isinstance(made.thing, ast.Call) and _last(made.thing.func) == "MetaData":
            schema = next((k.value for k in made.thing.keywords if k.arg == "schema"), None)
            return self._text(schema, made.context.scope)
        return ""

    # ------------------------------------------------------------------ Django

    def _django(self, scope: Scope, node: ast.ClassDef) -> None:
        meta = next((s for s in scope.inner if s.name.endswith(".Meta")), None)
        options = (
            {key: self._text(self._assigned(meta, key), meta) for key in ("db_table", "app_label", "abstract", "proxy")}
            if meta
            else {}
        )
        if options.get("abstract") == "True" or options.get("proxy") == "True":
            return
        table = options.get("db_table") or (
            f"{options['app_label']}_{node.name.lower()}" if options.get("app_label") else ""
        )
        if not table:  # it has the name of the package that the file lies in, which the file does not say
            return
        out = _Table({}, [])
        self._django_fields(out, scope, node, 0)
        if not any(self._is_primary(s) for s in self._field_calls(scope, node, 0)):
            out = _Table({"id": DeclaredColumn("id", "", node.lineno), **out.columns}, out.keys)
        table = table.strip('"').replace('"."', ".")
        name = self.name_of(Text(table), "")
        if name:
            self._say(name, node.lineno, out)

    def _field_calls(self, scope: Scope, node: ast.ClassDef, depth: int) -> Iterator[ast.Call]:
        for base in self._bases(scope, node, depth):
            if isinstance(base, Scope) and isinstance(base.node, ast.ClassDef):
                yield from self._field_calls(base, base.node, depth + 1)
        for statement in node.body:
            if isinstance(statement, ast.Assign | ast.AnnAssign) and isinstance(statement.value, ast.Call):
                yield statement.value

    @staticmethod
    def _is_primary(call: ast.Call) -> bool:
        return any(
            k.arg == "primary_key" and isinstance(k.value, ast.Constant) and k.value.value is True
            for k in call.keywords
        )

    def _django_fields(self, out: _Table, scope: Scope, node: ast.ClassDef, depth: int) -> None:
        for base in self._bases(scope, node, depth):
            if isinstance(base, Scope) and isinstance(base.node, ast.ClassDef):
                self._django_fields(out, base, base.node, depth + 1)
        for statement in node.body:
            target = statement.targets[0] if isinstance(statement, ast.Assign) else getattr(statement, "target", None)
            value = getattr(statement, "value", None)
            if not isinstance(target, ast.Name) or not isinstance(value, ast.Call):
                continue
            kind = _last(value.func)
            if not kind.endswith(("Field", "ForeignKey")) or kind == "ManyToManyField":
                continue
            named = next((k.value for k in value.keywords if k.arg == "db_column"), None)
            usual = f"{target.id}_id" if kind in _DJANGO_RELATIONS else target.id
            text = self._text(named, scope) or usual
            name = text.lower()
            out.columns[name] = DeclaredColumn(name, kind, statement.lineno, display=as_written(text, name))


def _type(node: ast.expr) -> str:
    """A column's type, as it is written."""
    return ast.unparse(node)[:60].removeprefix("sa.").removeprefix("db.")


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
