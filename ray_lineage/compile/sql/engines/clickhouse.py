"""ClickHouse."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Final

from sqlglot import exp
from sqlglot.expressions import Expression
from sqlglot.tokens import Token

from ray_lineage.compile.sql.engine import Engine, Roles, Shape, rule
from ray_lineage.compile.sql.engines.mysql import MYSQL
from ray_lineage.compile.sql.engines.shared import plain_calls
from ray_lineage.compile.sql.engines.sqlite import SQLITE
from ray_lineage.compile.sql.lex.kinds import LITERALS, T
from ray_lineage.compile.sql.lex.scan import closing, list_items, read_name
from ray_lineage.compile.sql.lex.tokens import like
from ray_lineage.compile.sql.query.sources import arguments_of, locations_of, server_of_call, table_of, text_of
from ray_lineage.compile.sql.query.words import FILE
from ray_lineage.compile.sql.statements.foreign_table import outside
from ray_lineage.compile.sql.statements.move import swap
from ray_lineage.compile.sql.unit import Said, Unit
from ray_lineage.model import Name

_SERVER_TABLE: Final = ("server", "database", "table")
CLICKHOUSE_FUNCTIONS: Final[Roles] = {
        **dict.fromkeys(("s3", "file", "url", "hdfs", "gcs", "iceberg", "deltalake", "hudi"), FILE),
        **dict.fromkeys(("s3cluster", "filecluster", "urlcluster", "hdfscluster"), ("", "file")),
        "azureblobstorage": ("", "container", "file"),
        "azureblobstoragecluster": ("", "", "container", "file"),
        "loop": ("database", "table"),
        "view": ("query",),
        MYSQL.name: _SERVER_TABLE,
        "postgresql": (*_SERVER_TABLE, "", "", "schema"),
        "mongodb": _SERVER_TABLE,
        "odbc": _SERVER_TABLE,
        "jdbc": _SERVER_TABLE,
        SQLITE.name: ("server", "table"),
        "remote": _SERVER_TABLE,
        "remotesecure": _SERVER_TABLE,
        "cluster": ("", "database", "table"),
        "clusterallreplicas": ("", "database", "table"),
    }  # fmt: skip
_ENGINES: Final[Roles] = {
    **CLICKHOUSE_FUNCTIONS,
    "distributed": ("", "database", "table"),
    "buffer": ("database", "table"),
    "dictionary": ("table",),
    "s3queue": ("file",),
    "file": ("",),  # a format
    "kafka": ("", "topic"),
}
"""Of ClickHouse: what the arguments of its engines are."""


def by_engine(unit: Unit, tokens: list[Token], _: Name) -> Name:
    """``ENGINE = MySQL('h:3306', 'db', 't', ...)`` of ClickHouse."""
    at = outside(tokens, "ENGINE")
    if at < 0:
        return ()
    at += 2 if tokens[at + 1].token_type is T.EQ else 1
    engine = tokens[at].text.lower() if at + 1 < len(tokens) else ""
    roles = _ENGINES.get(engine)
    if not roles:
        return ()
    listed = tokens[at + 1].token_type is T.L_PAREN
    arguments = list_items(tokens, at + 2, closing(tokens, at + 1)) if listed else []
    given = arguments_of([_written(tokens[a:b]) for a, b in arguments], roles)
    if engine == "kafka":
        said = next((k for k, t in enumerate(tokens[:-2]) if t.text.lower() == "kafka_topic_list"), -1)
        topic = tokens[said + 2].text if said >= 0 else text_of(given.get("topic"))
        return unit.names.location(f"kafka:{topic}", tokens[at].line) if topic else ()
    if "file" in given:
        return next(iter(locations_of(unit.builder(), given)), ())
    server = server_of_call(given, engine if "server" in roles else "")
    with unit.names.elsewhere(server) if server else nullcontext():
        return table_of(unit, given)


def _written(tokens: list[Token]) -> Expression:
    """An argument: a text, or a name."""
    if len(tokens) == 1 and tokens[0].token_type in LITERALS:
        return exp.Literal.string(tokens[0].text)
    if len(tokens) > 2 and tokens[1].token_type is T.EQ:
        return exp.EQ(this=exp.column(tokens[0].text), expression=_written(tokens[2:]))
    parts, end = read_name(tokens, 0)
    names = [exp.to_identifier(t.text, quoted=True) for t in parts]
    return exp.column(*reversed(names)) if names and end == len(tokens) else exp.Null()


_CLAUSES: Final = frozenset({T.WHERE, T.PREWHERE, T.HAVING, T.QUALIFY, T.ON, T.ORDER_BY, T.GROUP_BY, T.SELECT, T.FROM})
_ENDS: Final = frozenset(
    {
        T.COMMA,
        T.ASC,
        T.DESC,
        T.LIMIT,
        T.UNION,
        T.SETTINGS,
        T.FORMAT,
        T.JOIN,
        T.LEFT,
        T.INNER,
        T.WITH,
        T.SEMICOLON,
        *_CLAUSES,
    }
)


def _ternaries(tokens: list[Token], verb: str) -> list[Token]:
    """``WHERE a ? b : c`` -> ``WHERE (a ? b : c)``: the grammar knows it in select lists and in parentheses."""
    out: list[Token] = []
    starts = [0]  # of the item at hand, at every level of parentheses
    asked = [-1]  # where the item at hand begins, if it has such a mark
    for token in [*tokens, like(tokens[-1], T.SEMICOLON, ";")]:
        kind = token.token_type
        if kind is T.R_PAREN and len(starts) > 1:
            starts.pop()
            asked.pop()
        elif kind in _ENDS:
            if asked[-1] >= 0:
                at = out[asked[-1]]
                out[asked[-1] :] = [like(at, T.L_PAREN, "("), *out[asked[-1] :], like(at, T.R_PAREN, ")")]
            asked[-1] = -1
        out.append(token)
        if kind is T.L_PAREN:
            starts.append(-1)
            asked.append(-1)
        elif kind in _CLAUSES:
            starts[-1] = len(out) if kind not in (T.SELECT, T.FROM) else -1
        elif kind is T.COMMA and starts[-1] >= 0:
            starts[-1] = len(out)
        elif kind is T.PLACEHOLDER and starts[-1] > 0 and asked[-1] < 0:
            asked[-1] = starts[-1]
    return out[:-1]


def _exchange(unit: Unit, tokens: list[Token]) -> Said:
    """``EXCHANGE TABLES a AND b``."""
    one, i = read_name(tokens, 2)
    if one and i < len(tokens) and tokens[i].token_type is T.AND:
        other, _ = read_name(tokens, i + 1)
        if other:
            return swap(unit, tokens, unit.full(one), unit.full(other))
    return None


CLICKHOUSE: Final = Engine(
    name="clickhouse",
    readers={"EXCHANGE": _exchange},
    dollar_quotes=True,
    rewrites=(
        rule("dictionary", r"\bdictionary\s*\(", plain_calls),
        rule("?", "", _ternaries),
    ),
    quote="`",
    use_is_schema=True,
    aggregates=frozenset({"summapfiltered", "singlevalueornull"}),
    lateral_aliases=True,
    aliases_in_where=True,
    unnamed_fields=("", 1),
    fields_have_names=False,
    structs=True,
    patterns=True,
    lookups=("dictget", "joinget"),
    table_functions=CLICKHOUSE_FUNCTIONS,
    view_parameters=True,
    outfile=True,
    insert_format=True,
    computed_passed=True,
    view_into=True,
    foreign=(by_engine,),
    mutations=True,
    signs="""
6: lowcardinality datetime64 prewhere grouparray uniqexact dictget array|join system|reload arrayjoin argmax
5: uint8 uint16 uint32 uint64 todatetime sumif tostartofhour tostartofday on|cluster toyyyymm
4: codec float32 argmin float64
3: ttl countif tostring todate
2: uniq
1: settings populate
""",
    shapes=(
        Shape(1, "::", r"[\w)'\]]::[a-z]"),
        Shape(2, "engine", r"\bengine\s*=\s*\w"),
        Shape(6, "mergetree", r"mergetree\b"),
        Shape(4, "nullable(", r"\bnullable\("),
    ),
)
