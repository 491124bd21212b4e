"""Column expressions of data frames -> the columns that they use, and how."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple, Protocol

from ray_lineage.compile.python.follow import Context, Followed, Imported, Unknown
from ray_lineage.compile.python.frames.frame import (
    AROUND,
    CHANGED,
    DECIDING,
    IDENTITY,
    SUMMED,
    Column,
    Frame,
    Use,
)
from ray_lineage.compile.python.texts import Text
from ray_lineage.model import STAR

_AGGREGATES: Final = frozenset([
    "sum", "avg", "mean", "min", "max", "count", "countDistinct", "count_distinct", "approx_count_distinct",
    "approxCountDistinct", "collect_list", "collect_set", "first", "last", "stddev", "stddev_pop", "stddev_samp", "variance",
    "var_pop", "var_samp", "std", "var", "median", "mode", "skewness", "kurtosis", "corr", "covar_pop", "covar_samp",
    "sumDistinct", "sum_distinct", "percentile_approx", "array_agg", "any_value", "max_by", "min_by", "bool_and", "bool_or",
    "every", "some", "any", "first_value", "last_value", "n_unique", "nunique", "len", "product", "quantile", "list", "implode",
    "agg_groups", "bitand_agg", "listagg", "object_agg",
])  # fmt: skip
_ALIASES: Final = frozenset(("alias", "name", "label", "as_"))
_COLUMNS: Final = frozenset(("col", "column"))
_LITERALS: Final = frozenset(("lit", "literal", "current_timestamp", "current_date", "now", "rand", "uuid"))
_EXPRESSIONS: Final = frozenset(("expr", "sql_expr"))
_NUMPY: Final = ("np", "numpy")
_SAME: Final = frozenset(("desc", "asc", "desc_nulls_last", "asc_nulls_first", "asc_nulls_last", "desc_nulls_first"))
_RANKS: Final = frozenset(["row_number", "rank", "dense_rank", "percent_rank", "ntile", "cume_dist"])
_MODULES: Final = frozenset(("F", "f", "fn", "sf", "pl"))
"""What modules of functions are called, where nobody sees the import."""

_ACCESSORS: Final = frozenset(("str", "dt", "list", "struct", "arr", "cat", "name"))
_DEEP: Final = 60  # expressions in expressions
_LONGEST: Final = 200  # characters of an expression
_OPERATORS: Final = (ast.BinOp, ast.UnaryOp, ast.Compare, ast.BoolOp)


class Around(Protocol):
    """What lowering asks of those who know frames and texts."""

    followed: Followed

    def text(self, node: ast.expr, context: Context) -> Text | None:
        """The one known text that it is."""
        ...

    def frame(self, node: ast.expr, context: Context) -> Frame | None:
        """The frame that it is."""
        ...

    def key(self, node: ast.expr, context: Context) -> int:
        """What a frame is known by in another one's ``named``."""
        ...

    def sql_columns(self, text: Text, frame: Frame) -> list[Column] | None:
        """The columns of a select list in SQL."""
        ...


class Place(NamedTuple):
    """Where expressions stand: the frame whose columns they use, and whether texts in them are columns' names."""

    frame: Frame
    context: Context
    names: bool = True


class Columns:
    """Lowers the expressions of one library's frames."""

    def __init__(self, around: Around, fold: Callable[[str], str]) -> None:
        self.around = around
        self.fold = fold

    def all(self, nodes: Iterable[ast.expr], place: Place) -> list[Column] | None:
        """The columns of several expressions, lists and stars in them included; None where one cannot be told."""
        out: list[Column] = []
        for node in nodes:
            if isinstance(node, ast.Starred):
                inner = self.listed(node.value, place)
            else:
                bound = self.around.followed.one(node, place.context)
                is_list = isinstance(bound.thing, ast.List | ast.Tuple | ast.ListComp | ast.GeneratorExp)
                inner = self.listed(node, place) if is_list else None
                if inner is None and not is_list:
                    found = self.one(node, place)
                    inner = None if found is None else [found]
            if inner is None:
                return None
            out.extend(inner)
        return out

    def listed(self, node: ast.expr, place: Place) -> list[Column] | None:
        """The columns of a list of expressions that is written down."""
        bound = self.around.followed.one(node, place.context)
        thing = bound.thing
        if isinstance(thing, ast.List | ast.Tuple):
            return self.all(thing.elts, place._replace(context=bound.context))
        if isinstance(thing, ast.ListComp | ast.GeneratorExp) and len(thing.generators) == 1:
            generator = thing.generators[0]
            items = self.around.followed.items(generator.iter, bound.context)
            if not items or generator.ifs or not isinstance(generator.target, ast.Name):
                return None
            name = generator.target.id
            each = (place._replace(context=bound.context.having({name: item})) for item in items)
            found = [self.one(thing.elt, p) for p in each]
            return [c for c in found if c is not None] if all(c is not None for c in found) else None
        if isinstance(thing, ast.Attribute) and thing.attr == "columns":
            return [Column(STAR, ())]
        return None

    def one(self, node: ast.expr, place: Place) -> Column | None:
        """The column that an expression makes; None where nothing is known of it."""
        bound = self.around.followed.one(node, place.context)
        thing, context = bound.thing, bound.context
        line = node.lineno if hasattr(node, "lineno") else 0
        if isinstance(thing, Unknown | Imported) or not isinstance(thing, ast.expr):
            return None
        inside = place._replace(context=context)
        text = self.around.text(thing, context) if isinstance(thing, ast.Constant | ast.JoinedStr | ast.BinOp) else None
        if text is not None and place.names:
            return self._named(text.text, inside, line)
        if isinstance(thing, ast.Call):
            name = _last(thing.func)
            if name in _ALIASES and isinstance(thing.func, ast.Attribute) and thing.args:
                alias = self.around.text(thing.args[0], context)
                inner = self.one(thing.func.value, inside)
                if inner is None or alias is None:
                    return None
                return inner._replace(name=self.fold(alias.text), line=line)
            if name in _EXPRESSIONS and thing.args:
                return self._of_sql(thing.args[0], inside)
        uses = self.uses(thing, inside, 0)
        if uses is None:
            return None
        expression = "" if _bare(uses) else ast.unparse(thing)[:_LONGEST]
        return Column(self._name_of(thing, uses, inside), tuple(dict.fromkeys(uses)), line, expression)

    def _of_sql(self, node: ast.expr, place: Place) -> Column | None:
        """``expr("a + b")``."""
        text = self.around.text(node, place.context)
        found = self.around.sql_columns(text, place.frame) if text is not None else None
        return found[0] if found and len(found) == 1 else None

    def _named(self, text: str, place: Place, line: int) -> Column:
        """The column of a name: ``c``, ``a.c``, ``*``, ``a.*``."""
        relation, name = self.find(text, place.frame)
        if name == STAR:
            return Column(STAR, (Use(relation, STAR, IDENTITY),) if relation >= 0 else (), line)
        return Column(name, (Use(relation, name, IDENTITY),), line)

    def find(self, text: str, frame: Frame) -> tuple[int, str]:
        """The relation (-1: the frame's own columns) and name of a column as it is written."""
        parts = [p.strip('`"') for p in text.split(".")]
        if len(parts) > 1:
            relation = frame.named.get(self.fold(parts[0]))
            if relation is not None:
                return relation, self.fold(parts[1])
        return -1, self.fold(parts[0]) if text.strip() != STAR else STAR

    # ------------------------------------------------------------------ uses

    def uses(self, node: ast.expr, place: Place, depth: int) -> list[Use] | None:
        """The columns that an expression uses; None where it has parts of which nothing is known."""
        if depth > _DEEP or not self.around.followed.spend():
            return None
        if isinstance(node, ast.Constant | ast.JoinedStr | ast.Lambda):
            return []
        if isinstance(node, _OPERATORS):
            return self._changed(_operands(node), place, depth)
        if isinstance(node, ast.Call):
            return self._call(node, place, depth)
        if isinstance(node, ast.Subscript):
            return self._subscript(node, place, depth)
        if isinstance(node, ast.Attribute):
            return self._attribute(node, place, depth)
        if isinstance(node, ast.Name):
            return self._name(node, place, depth)
        if isinstance(node, ast.List | ast.Tuple):
            return self._changed(node.elts, place, depth)
        if isinstance(node, ast.IfExp):
            return self._changed([node.body, node.orelse], place, depth)
        return None

    def _name(self, node: ast.Name, place: Place, depth: int) -> list[Use] | None:
        bound = self.around.followed.one(node, place.context)
        if isinstance(bound.thing, ast.expr) and bound.thing is not node:
            return self.uses(bound.thing, place._replace(context=bound.context), depth + 1)
        return [] if isinstance(bound.thing, Unknown) and not place.names else None

    def _changed(self, nodes: Sequence[ast.expr], place: Place, depth: int) -> list[Use] | None:
        out: list[Use] = []
        for node in nodes:
            found = self.uses(node, place, depth + 1)
            if found is None:
                return None
            out.extend(_as(found, CHANGED))
        return out

    def _call(self, node: ast.Call, place: Place, depth: int) -> list[Use] | None:
        name = self._called(node.func, place.context)
        if name in _COLUMNS and node.args:
            out: list[Use] = []
            for argument in node.args:
                text = self.around.text(argument, place.context)
                if text is None:
                    return None
                relation, column = self.find(text.text, place.frame)
                out.append(Use(relation, column, IDENTITY))
            return out
        if name in _LITERALS:
            return []
        if name in _EXPRESSIONS and node.args:
            found = self._of_sql(node.args[0], place)
            return None if found is None else list(found.uses)
        if name == "when":
            return self._when(node, place, depth)
        if (
            name == "where"
            and len(node.args) == 3
            and _last(node.func.value if isinstance(node.func, ast.Attribute) else node) in _NUMPY
        ):
            decides = self.uses(node.args[0], place, depth + 1)
            values = self._changed(node.args[1:], place, depth)
            return None if decides is None or values is None else [*_as(decides, DECIDING), *values]
        if isinstance(node.func, ast.Attribute) and not self._is_module(node.func.value, place.context):
            return self._method(node, node.func, place, depth)
        return self._function(node, name, place, depth)

    def _called(self, function: ast.expr, context: Context) -> str:
        """What a function is called where it is from: ``from pyspark.sql.functions import sum as sum_``."""
        if isinstance(function, ast.Name):
            thing = self.around.followed.one(function, context).thing
            if isinstance(thing, Imported):
                return thing.dotted.rpartition(".")[2]
        return _last(function)

    def _is_module(self, node: ast.expr, context: Context) -> bool:
        """``F`` of ``F.upper``."""
        bound = self.around.followed.one(node, context)
        return isinstance(bound.thing, Imported) or (
            isinstance(bound.thing, Unknown) and isinstance(node, ast.Name) and node.id in _MODULES
        )

    def _when(self, node: ast.Call, place: Place, depth: int) -> list[Use] | None:
        """``when(condition, value)``; polars has ``.then(value)``."""
        condition = self.uses(node.args[0], place, depth + 1) if node.args else []
        value = self._changed(node.args[1:2], place, depth)
        before: list[Use] | None = []
        if isinstance(node.func, ast.Attribute) and not self._is_module(node.func.value, place.context):
            before = self.uses(node.func.value, place, depth + 1)
        if condition is None or value is None or before is None:
            return None
        return [*before, *_as(condition, DECIDING), *value]

    def _method(self, node: ast.Call, function: ast.Attribute, place: Place, depth: int) -> list[Use] | None:
        """``column.cast("int")``, ``condition.otherwise(value)``: texts in it are no columns."""
        of = self.uses(function.value, place, depth + 1)
        if of is None:
            return None
        name = function.attr
        if name in (*_ALIASES, *_SAME) or (name == "over" and not node.args):
            return of
        if name == "over":
            return self._over(of, node, place, depth)
        if name in ("otherwise", "then"):
            more = self._changed(node.args, place, depth)
            return None if more is None else [*of, *more]
        literal = place._replace(names=False)
        arguments = [a for a in (*node.args, *(k.value for k in node.keywords)) if not isinstance(a, ast.Constant)]
        used = [self.uses(a, literal, depth + 1) for a in arguments]
        more = [u for found in used for u in (found or ())]
        how = SUMMED if name in _AGGREGATES else CHANGED
        return [*_as(of, how), *_as(more, CHANGED)]

    def _over(self, of: list[Use], node: ast.Call, place: Place, depth: int) -> list[Use] | None:
        """A window: what it is partitioned and sorted by."""
        out = list(of)
        for argument in (*node.args, *(k.value for k in node.keywords)):
            window = self._window(argument, place, depth)
            if window is None:
                return None
            out.extend(_as(window, AROUND))
        return out

    def _window(self, node: ast.expr, place: Place, depth: int) -> list[Use] | None:
        bound = self.around.followed.one(node, place.context)
        thing, inside = bound.thing, place._replace(context=bound.context)
        out: list[Use] = []
        while isinstance(thing, ast.Call) and isinstance(thing.func, ast.Attribute):
            if thing.func.attr in ("partitionBy", "orderBy", "partition_by", "order_by"):
                found = self.all(thing.args, inside)
                if found is None:
                    return None
                out.extend(u for c in found for u in c.uses)
            bound = self.around.followed.one(thing.func.value, inside.context)
            thing, inside = bound.thing, inside._replace(context=bound.context)
        if not out and isinstance(thing, ast.Constant | ast.List | ast.Tuple):  # polars: over("a")
            found = self.all([thing], inside)
            out = [u for c in found or () for u in c.uses]
        return out

    def _function(self, node: ast.Call, name: str, place: Place, depth: int) -> list[Use] | None:
        """A function whose arguments are columns, by name or as expressions."""
        out: list[Use] = []
        how = SUMMED if name in _AGGREGATES else CHANGED
        for argument in (*node.args, *(k.value for k in node.keywords)):
            value = argument.value if isinstance(argument, ast.Starred) else argument
            if isinstance(value, ast.List | ast.Tuple):
                found = self.all(value.elts, place)
                if found is None:
                    return None
                out.extend(u for c in found for u in c.uses if c.name != STAR)
                continue
            text = self.around.text(value, place.context) if not isinstance(value, ast.Call) else None
            if text is not None:
                if text.text != STAR and _names_a_column(name, node, argument):
                    relation, column = self.find(text.text, place.frame)
                    out.append(Use(relation, column, how))
                continue
            used = self.uses(value, place, depth + 1)
            if used is None:
                return None
            out.extend(_as(used, how))
        return [] if name in _RANKS else out

    def _subscript(self, node: ast.Subscript, place: Place, depth: int) -> list[Use] | None:
        """``df["c"]``, ``column["field"]``."""
        text = self.around.text(node.slice, place.context)
        frame = self.around.frame(node.value, place.context)
        if frame is None:
            found = self.uses(node.value, place, depth + 1)
            return None if found is None else _as(found, CHANGED)
        if text is None:
            return None
        return [Use(self._relation_of(node.value, place), self.fold(text.text), IDENTITY)]

    def _relation_of(self, node: ast.expr, place: Place) -> int:
        """Where in the frame at hand another frame is."""
        return place.frame.named.get(self.around.key(node, place.context), -1)

    def _attribute(self, node: ast.Attribute, place: Place, depth: int) -> list[Use] | None:
        frame = self.around.frame(node.value, place.context)
        if frame is not None:
            return [Use(self._relation_of(node.value, place), self.fold(node.attr), IDENTITY)]
        if node.attr in _ACCESSORS:
            return self.uses(node.value, place, depth + 1)
        bound = self.around.followed.one(node, place.context)
        if isinstance(bound.thing, ast.expr) and not isinstance(bound.thing, ast.Attribute):
            return self.uses(bound.thing, place._replace(context=bound.context), depth + 1)
        if isinstance(bound.thing, ast.Attribute):
            origin = self.around.followed.origin(node.value, place.context)
            if origin.endswith((".col", "functions.col")):  # polars: pl.col.name
                return [Use(-1, self.fold(node.attr), IDENTITY)]
        found = self.uses(node.value, place, depth + 1) if not isinstance(node.value, ast.Name) else None
        return None if found is None else _as(found, CHANGED)

    # ------------------------------------------------------------------ names

    def _name_of(self, node: ast.expr, uses: Sequence[Use], place: Place) -> str | None:
        """What the column is called: as the one that it is, else as Spark writes it."""
        if _bare(uses):
            return uses[0].name
        if isinstance(node, ast.Call):
            return self._call_name(node, uses, place)
        return None

    def _call_name(self, node: ast.Call, uses: Sequence[Use], place: Place) -> str | None:
        name = self._called(node.func, place.context)
        if isinstance(node.func, ast.Attribute) and not self._is_module(node.func.value, place.context):
            inner = self.one(node.func.value, place)  # a method keeps the name
            return inner.name if inner is not None and name != "over" else None
        if len(node.args) == 1 and len(uses) == 1 and uses[0].relation < 0:
            return f"{name}({uses[0].name})"
        if name == "count" and not uses:
            return "count(1)"
        return None


def _bare(uses: Sequence[Use]) -> bool:
    """Is it one column as it is?"""
    return len(uses) == 1 and uses[0].how == IDENTITY


def _names_a_column(name: str, node: ast.Call, argument: ast.expr) -> bool:
    """May this argument be a column's name?"""
    return name not in _LITERAL_ARGUMENTS or (bool(node.args) and argument is node.args[0])


_LITERAL_ARGUMENTS: Final = frozenset([
    "to_date", "to_timestamp", "date_format", "regexp_replace", "regexp_extract", "split", "from_json", "trunc", "lpad", "rpad",
    "instr", "translate", "from_unixtime", "unix_timestamp", "get_json_object", "json_tuple", "substring", "substr", "date_add",
    "date_sub", "round", "bround", "overlay", "locate", "from_utc_timestamp", "to_utc_timestamp", "sha2", "add_months",
    "to_json", "schema_of_json", "window", "element_at", "lag", "lead", "ntile", "percentile_approx",
])  # fmt: skip
"""Of these only the first argument may be a column's name; the others are formats, patterns and numbers."""


def _as(uses: Iterable[Use], how: int) -> list[Use]:
    """The same uses in an expression that does something with them: what decides or surrounds stays so."""
    if how in (DECIDING, AROUND):
        return [u._replace(how=how) for u in uses]
    below = (IDENTITY, CHANGED) if how == SUMMED else (IDENTITY,)
    return [u._replace(how=how) if u.how in below else u for u in uses]


def _operands(node: ast.expr) -> list[ast.expr]:
    """The operands of a chain of operators, which may be longer than the stack is deep."""
    out: list[ast.expr] = []
    stack = [node]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.BinOp):
            stack += (node.right, node.left)
        elif isinstance(node, ast.UnaryOp):
            stack.append(node.operand)
        elif isinstance(node, ast.Compare):
            stack += (*reversed(node.comparators), node.left)
        elif isinstance(node, ast.BoolOp):
            stack.extend(reversed(node.values))
        else:
            out.append(node)
    return out


def _last(node: ast.expr) -> str:
    """``upper`` of ``F.upper``."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
