"""Macros of dbt itself and of dbt_utils, by their manuals: the SQL that their calls stand for.

It says what the manual says of columns and rows, in a grammar that every engine's reader takes; it is never run. A macro's
arguments are SQL where the manual says so, and values where it does not (parts of dates, types, delimiters).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from ray_lineage.compile.text.jinja_values import MAX_ITEMS, Relation, Unknown
from ray_lineage.model import STAR_OF, UNKNOWN

_COLUMN = re.compile(r"\w+(\.\w+){0,3}\Z")


class Given(NamedTuple):
    """The arguments of a call, by their parameters: values, or SQL that stands for what is not known. ``quote`` is the opening quote
    of names, ``quoted`` writes a name."""

    arguments: Mapping[str, object]
    quote: str
    quoted: Callable[[str], str]

    def sql(self, name: str, default: str = "") -> str:
        """An argument that is SQL. Raises Unknown where there is none."""
        value = self.arguments.get(name, default)
        if not isinstance(value, str | int | float) or value == "":
            raise Unknown
        return str(value)

    def listed(self, name: str) -> list[str]:
        """An argument that is a list of SQL. Raises Unknown."""
        value = self.arguments.get(name) or ()
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise Unknown
        return [str(v) for v in value]

    def text(self, name: str, default: str = "") -> str:
        """An argument that is a text; None is empty."""
        value = self.arguments.get(name, default)
        return str(value) if value is not None else ""

    def excluding(self, name: str) -> str:
        """A star without some columns."""
        columns = ", ".join(map(self.quoted, self.listed(name)))
        return f"* except ({columns})" if columns else "*"

    def named(self, text: str) -> str:
        """A name in quotes."""
        close = {"[": "]"}.get(self.quote, self.quote)
        return self.quote + text.replace(close, close * 2) + close


def _star(given: Given) -> str:
    alias = given.text("relation_alias")
    relation = given.arguments.get("from")
    if not alias and isinstance(relation, Relation):
        alias = STAR_OF + re.sub(r"\W", "_", relation.rsplit(".", 1)[-1])
    star = given.excluding("except")
    prefix, suffix = given.text("prefix"), given.text("suffix")
    if prefix or suffix:
        star += f" rename ({given.named('*')} as {given.named(f'{prefix}*{suffix}'.lower())})"
    return f"{alias}.{star}" if alias else star


def _union_relations(given: Given) -> str:
    relations = given.listed("relations" if "relations" in given.arguments else "tables")
    label = given.arguments.get("source_column_name", "_dbt_source_relation")
    columns = ", ".join(map(given.quoted, given.listed("include"))) or given.excluding("exclude")
    where = f" where {given.text('where')}" if given.text("where") else ""
    first = f"'' as {given.quoted(str(label))}, " if label not in (None, "none") else ""
    if not relations:
        raise Unknown
    return " union all by name ".join(f"select {first}{columns} from {r}{where}" for r in relations)


def _deduplicate(given: Given) -> str:
    relation = given.sql("relation")
    return f"select * from {relation}" if _COLUMN.match(relation) or _is_name(given, "relation") else _unknown()


def _is_name(given: Given, name: str) -> bool:
    return isinstance(given.arguments.get(name), Relation)


def _unknown() -> str:
    raise Unknown


def _pivot(given: Given) -> str:
    values = given.listed("values")
    if not values:
        raise Unknown
    return ", ".join(_pivoted(given, value) for value in values)


def _pivoted(given: Given, value: str) -> str:
    name = f"{given.text('prefix')}{value}{given.text('suffix')}"
    name = given.named(name) if given.arguments.get("quote_identifiers", True) else _slugified(name)
    text = value.replace("'", "''")
    test = f"{given.sql('column')} {given.text('cmp', '=')} '{text}'"
    case = f"case when {test} then {given.text('then_value', '1')} else {given.text('else_value', '0')} end"
    distinct = "distinct " if given.arguments.get("distinct") else ""
    alias = f" as {name}" if given.arguments.get("alias", True) else ""
    return f"{given.text('agg', 'sum')}({distinct}{case}){alias}"


def _unpivot(given: Given) -> str:
    """Every column that is neither kept nor removed becomes a row: its name and its value."""
    kept, removed = given.listed("exclude"), given.listed("remove")
    relation = given.sql("relation" if "relation" in given.arguments else "table")
    field, value = given.text("field_name", "field_name"), given.text("value_name", "value")
    columns = "".join(f"{given.quoted(c)}, " for c in kept)
    rest = f"* except ({', '.join(map(given.quoted, (*kept, *removed)))})" if kept or removed else "*"
    values = (
        f"(select {rest} from {relation}) as {given.quoted(value)}"  # a scalar query of many columns: of each of them
    )
    return f"select {columns}'' as {given.quoted(field)}, {values} from {relation}"


def _date_spine(given: Given) -> str:
    start, end = given.sql("start_date"), given.sql("end_date")
    return f"select ({start}) as {given.quoted('date_' + given.text('datepart'))} where ({start}) <= ({end})"


def _surrogate_key(given: Given) -> str:
    fields = given.arguments.get("field_list")
    names = [str(f) for f in fields] if isinstance(fields, list | tuple) else [given.sql("field_list")]
    more = given.arguments.get("varargs") or ()
    return f"md5(concat({', '.join((*names, *map(str, more if isinstance(more, list | tuple) else ())))}))"


def _group_by(given: Given) -> str:
    count = given.arguments.get("n")
    if not isinstance(count, int) or not 0 < count <= 10 * MAX_ITEMS:
        raise Unknown
    return "group by " + ", ".join(map(str, range(1, count + 1)))


def _sum(operator: str) -> Callable[[Given], str]:
    def write(given: Given) -> str:
        fields = given.listed("field_list")
        return f" {operator} ".join(f"coalesce({f}, 0)" for f in fields) if fields else _unknown()

    return write


def _slugified(text: str) -> str:
    """As the manual has it: lower case, blanks and hyphens are underscores, nothing else but letters and digits."""
    text = re.sub(r"[^a-z0-9_]+", "", re.sub(r"[ -]+", "_", text.lower()))
    return "_" + text if text[:1].isdigit() else text


def _slug(given: Given) -> str:
    return _slugified(given.text("string"))


def _staging_columns(given: Given) -> str:
    """``fill_staging_columns`` of fivetran_utils: each of these columns, under its alias."""
    columns = given.arguments.get("staging_columns")
    if not isinstance(columns, list) or not columns or not all(isinstance(c, dict) and "name" in c for c in columns):
        raise Unknown
    return ", ".join(
        given.quoted(str(c["name"])) + (f" as {given.quoted(str(c['alias']))}" if c.get("alias") else "")
        for c in columns
        if isinstance(c, dict)
    )


def _cast(given: Given) -> str:
    type_ = given.text("type")
    return f"cast({given.sql('field')} as {type_ if type_ and UNKNOWN not in type_ else 'varchar'})"


def _call(*parameters: str, of: str = "") -> Callable[[Given], str]:
    """A function of these arguments."""

    def write(given: Given) -> str:
        found: list[str] = []
        for name in parameters:
            value = given.arguments.get(name)
            found.extend(map(str, value) if isinstance(value, list | tuple) else () if value is None else (str(value),))
        return f"{of}({', '.join(found)})"

    return write


class Known(NamedTuple):
    """A macro of a manual: its parameters in order, and who writes what it stands for."""

    parameters: tuple[str, ...]
    write: Callable[[Given], str]


def _plain(name: str, parameters: str, *, sql: str = "", of: str = "") -> tuple[str, Known]:
    """A macro that is a function of those of its arguments which are SQL (all, if nothing else is said). It has a name that no
    engine's grammar has other plans for, if none is given (``of``)."""
    return name, Known(tuple(parameters.split()), _call(*(sql or parameters).split(), of=of or f"dbt_{name}"))


_TYPES: Final = {
    "string": "varchar", "timestamp": "timestamp", "int": "int", "bigint": "bigint", "numeric": "numeric",
    "float": "float", "boolean": "boolean",
}  # fmt: skip

_DBT: Final[dict[str, Known]] = {
    **{f"type_{name}": Known((), lambda given, sql=sql: sql) for name, sql in _TYPES.items()},  # type: ignore[misc]
    "current_timestamp": Known((), lambda given: "current_timestamp"),
    "except": Known((), lambda given: "except"),
    "intersect": Known((), lambda given: "intersect"),
    "safe_cast": Known(("field", "type"), _cast),
    "cast": Known(("field", "type"), _cast),
    "string_literal": Known(("value",), lambda given: "'" + given.text("value").replace("'", "''") + "'"),
    "escape_single_quotes": Known(("expression",), lambda given: given.text("expression").replace("'", "''")),
    **dict(
        (
            _plain("any_value", "expression", of="any_value"),
            _plain("bool_or", "expression", of="bool_or"),
            _plain("array_append", "array new_element"),
            _plain("array_concat", "array_1 array_2"),
            _plain("array_construct", "inputs data_type", sql="inputs"),
            _plain("cast_bool_to_text", "field"),
            _plain("concat", "fields"),
            _plain("date", "year month day"),
            _plain("date_trunc", "datepart date", sql="date"),
            _plain("dateadd", "datepart interval from_date_or_timestamp", sql="interval from_date_or_timestamp"),
            _plain("datediff", "first_date second_date datepart", sql="first_date second_date"),
            _plain("hash", "field", of="md5"),
            _plain("last_day", "date datepart", sql="date"),
            _plain("length", "expression"),
            _plain("listagg", "measure delimiter_text order_by_clause limit_num", sql="measure", of="string_agg"),
            _plain("position", "substring_text string_text"),
            _plain("replace", "field old_chars new_chars"),
            _plain("right", "string_text length_expression"),
            _plain("split_part", "string_text delimiter_text part_number"),
        )
    ),
}

_DBT_UTILS: Final[dict[str, Known]] = {
    **_DBT,
    "star": Known(("from", "relation_alias", "except", "prefix", "suffix", "quote_identifiers"), _star),
    "union_relations": Known(
        ("relations", "column_override", "include", "exclude", "source_column_name", "where"), _union_relations
    ),
    "union_tables": Known(("tables", "column_override", "include", "exclude", "source_column_name"), _union_relations),
    "deduplicate": Known(("relation", "partition_by", "order_by"), _deduplicate),
    "pivot": Known(
        ("column", "values", "alias", "agg", "cmp", "prefix", "suffix", "then_value", "else_value", "quote_identifiers",
         "distinct"),
        _pivot,
    ),
    "unpivot": Known(
        ("relation", "cast_to", "exclude", "remove", "field_name", "value_name", "quote_identifiers"), _unpivot
    ),
    "date_spine": Known(("datepart", "start_date", "end_date"), _date_spine),
    "generate_surrogate_key": Known(("field_list",), _surrogate_key),
    "surrogate_key": Known(("field_list",), _surrogate_key),
    "generate_series": Known(("upper_bound",), lambda given: "select 1 as generated_number"),
    "group_by": Known(("n",), _group_by),
    "safe_add": Known(("field_list",), _sum("+")),
    "safe_subtract": Known(("field_list",), _sum("-")),
    "safe_divide": Known(
        ("numerator", "denominator"),
        lambda given: f"({given.sql('numerator')}) / nullif(({given.sql('denominator')}), 0)",
    ),
    "slugify": Known(("string",), _slug),
    **dict(
        (
            _plain("width_bucket", "expr min_value max_value num_buckets"),
            _plain("haversine_distance", "lat1 lon1 lat2 lon2 unit", sql="lat1 lon1 lat2 lon2"),
            _plain("get_url_parameter", "field url_parameter", sql="field"),
            _plain("get_url_host", "field"),
            _plain("get_url_path", "field"),
        )
    ),
}  # fmt: skip

PACKAGES: Final[dict[str, dict[str, Known]]] = {
    "dbt": _DBT,
    "": _DBT,
    "dbt_utils": _DBT_UTILS,
    "fivetran_utils": {"fill_staging_columns": Known(("source_columns", "staging_columns"), _staging_columns)},
}
"""What macros stand for, by package and name; dbt's own are called without a package, too."""
