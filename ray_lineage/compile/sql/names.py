"""Identifiers -> normalised name parts, by the rules of the dialect.

Unquoted names fold to lower case everywhere, whatever the engine folds to, so that one spelling stands for one object.
In engines that fold to upper case (Snowflake, Oracle...) a quoted all-upper name is that same object; a quoted
all-lower one is another, and keeps its quotes. In engines that compare without case, quotes change nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import Any, Final

from sqlglot import exp
from sqlglot.errors import ParseError
from sqlglot.expressions import Expression
from sqlglot.tokens import Token

from ray_lineage.compile.sql.constants import UNKNOWN
from ray_lineage.compile.sql.lex.kinds import T
from ray_lineage.compile.sql.lex.scan import read_name
from ray_lineage.compile.sql.lex.tokens import tokenize
from ray_lineage.model import Name, shorten

_FOLDS_UPPER: Final = frozenset({"snowflake", "oracle", "db2", "exasol"})


_QUOTES_MATTER: Final = frozenset({"", "postgres", "materialize", "risingwave", "athena_none"})


_NAMES: Final = 1 << 14
"""Names that are remembered folded: a repository repeats its own."""


@cache
def folder(dialect: str) -> Any:
    """``fold(text, quoted) -> str`` of a dialect."""
    if dialect in _FOLDS_UPPER:
        return _fold_upper
    if dialect in _QUOTES_MATTER:
        return _fold_lower
    return _fold_all


@lru_cache(_NAMES)
def _fold_all(text: str, quoted: bool) -> str:
    return shorten(text.lower())


@lru_cache(_NAMES)
def _fold_lower(text: str, quoted: bool) -> str:
    return shorten(text if quoted else text.lower())


@lru_cache(_NAMES)
def _fold_upper(text: str, quoted: bool) -> str:
    if not quoted or text == text.upper():
        return shorten(text.lower())
    return shorten(f'"{text}"' if text == text.lower() else text)


def with_defaults(name: Name, catalog: str, schema: str) -> Name:
    """Fill in missing outer parts; ``db..table`` has an empty middle part that means the default schema."""
    if len(name) == 3 and not name[1]:
        name = (name[0], schema, name[2]) if schema else (name[0], "dbo", name[2])
    if len(name) == 1 and schema:
        name = (schema, *name)
    if len(name) == 2 and catalog:
        name = (catalog, *name)
    return name


PG_CATALOG: Final = frozenset({
    "pg_aggregate", "pg_am", "pg_amop", "pg_amproc", "pg_attrdef", "pg_attribute", "pg_authid", "pg_auth_members",
    "pg_cast", "pg_class", "pg_collation", "pg_constraint", "pg_conversion", "pg_database", "pg_db_role_setting",
    "pg_default_acl", "pg_depend", "pg_description", "pg_enum", "pg_event_trigger", "pg_extension",
    "pg_foreign_data_wrapper", "pg_foreign_server", "pg_foreign_table", "pg_index", "pg_inherits", "pg_init_privs",
    "pg_language", "pg_largeobject", "pg_largeobject_metadata", "pg_namespace", "pg_opclass", "pg_operator", "pg_opfamily",
    "pg_parameter_acl", "pg_partitioned_table", "pg_policy", "pg_proc", "pg_publication", "pg_publication_namespace",
    "pg_publication_rel", "pg_range", "pg_replication_origin", "pg_rewrite", "pg_seclabel", "pg_sequence", "pg_shdepend",
    "pg_shdescription", "pg_shseclabel", "pg_statistic", "pg_statistic_ext", "pg_statistic_ext_data", "pg_subscription",
    "pg_subscription_rel", "pg_tablespace", "pg_transform", "pg_trigger", "pg_ts_config", "pg_ts_config_map", "pg_ts_dict",
    "pg_ts_parser", "pg_ts_template", "pg_type", "pg_user_mapping", "pg_available_extension_versions",
    "pg_available_extensions", "pg_backend_memory_contexts", "pg_config", "pg_cursors", "pg_file_settings", "pg_group",
    "pg_hba_file_rules", "pg_ident_file_mappings", "pg_indexes", "pg_locks", "pg_matviews", "pg_policies",
    "pg_prepared_statements", "pg_prepared_xacts", "pg_publication_tables", "pg_replication_origin_status",
    "pg_replication_slots", "pg_roles", "pg_rules", "pg_seclabels", "pg_sequences", "pg_settings", "pg_shadow",
    "pg_shmem_allocations", "pg_stats", "pg_stats_ext", "pg_stats_ext_exprs", "pg_tables", "pg_timezone_abbrevs",
    "pg_timezone_names", "pg_user", "pg_user_mappings", "pg_views", "pg_stat_activity", "pg_stat_all_indexes",
    "pg_stat_all_tables", "pg_stat_archiver", "pg_stat_bgwriter", "pg_stat_database", "pg_stat_progress_vacuum",
    "pg_stat_replication", "pg_stat_ssl", "pg_stat_user_functions", "pg_stat_user_indexes", "pg_stat_user_tables",
    "pg_stat_wal", "pg_statio_all_tables", "pg_statio_user_indexes", "pg_statio_user_tables",
})  # fmt: skip
"""Tables and views of PostgreSQL's own schema, which is searched before all others, whatever ``search_path`` says (its manual,
5.9.5; the names are those of its chapters "System Catalogs", "System Views" and "Monitoring")."""


_PASSWORD: Final = re.compile(r"://[^/@\s:]*:[^/@\s]*@")


def location_of(text: str) -> str:
    """A file's path or address without what may be a secret: what follows a question mark (a signature), a password."""
    return _PASSWORD.sub("://", text.split("?", 1)[0] or text)


_FILES_AS_TABLES: Final = frozenset({"spark", "spark2", "databricks", "duckdb", "drill"})


_FORMATS: Final = frozenset(
    {"parquet", "delta", "csv", "json", "orc", "text", "avro", "binaryfile", "iceberg", "tsv", "ndjson", "jsonl", "gz", "zst",
     "xlsx", "arrow"}
)  # fmt: skip


_PLPGSQL: Final = frozenset({"postgres", "redshift", "materialize", "risingwave", ""})


_EXTERNAL: Final = "external"
"""First part of a location's name."""


class Names:
    """What names mean at the place at hand: ``USE`` completes them, some are temporary tables, some a trigger's rows."""

    def __init__(self, dialect: str, catalog: str, schema: str) -> None:
        self.dialect = dialect
        self.fold = folder(dialect)
        self.catalog = self.fold(catalog, False) if catalog else ""
        self.schema = self.fold(schema, False) if schema else ""
        self.server = ""  # where the text at hand runs, if not here
        self.temporary: set[str] = set()
        self.local: Mapping[str, Name] = {}  # what the routine at hand calls datasets
        self.locations: dict[Name, int] = {}  # files that were named, and their first line
        self.settled: set[Name] = set()  # names that a rewrite wrote whole
        self.dynamic = False  # a name may have parts that are not known

    def part(self, token: Token) -> str:
        """One part of a name."""
        if token.token_type is T.DOT:
            return ""
        return str(self.fold(token.text, token.token_type is T.IDENTIFIER))

    def name(self, parts: list[Token]) -> Name:
        """The parts as they are written."""
        if self.dialect == "bigquery" and any(p.token_type is T.IDENTIFIER and "." in p.text for p in parts):
            return tuple(self.fold(text, True) for p in parts for text in p.text.split("."))
        return tuple(self.part(p) for p in parts)

    def full(self, parts: list[Token]) -> Name:
        """The dataset that tokens name. Raises ParseError where there are none."""
        if len(parts) == 2 and parts[1].token_type is T.IDENTIFIER and self.dialect in _FILES_AS_TABLES:
            text = parts[1].text
            if parts[0].text.lower() in _FORMATS and ("/" in text or ":" in text):  # delta.`/path`
                return self.location(text, parts[1].line)
        return self.qualified(self.name(parts))

    def qualified(self, name: Name) -> Name:
        """The dataset of a name as it is written."""
        if not name:
            raise ParseError("a name is missing")
        if self.dynamic:
            name = unknown_name(name)
        if len(name) == 1:
            if name[0] in self.local:
                return self.local[name[0]]
            if name[0][:1] in ("#", "@"):
                return name
            if name[0] in self.temporary:
                return (f"#{name[0]}",)
            if name[0] in PG_CATALOG and self.dialect in _PLPGSQL:
                return ("pg_catalog", name[0])
        elif name in self.locations or name in self.settled:
            return name
        elif len(name) == 2 and name[0] == "live" and self.dialect == "databricks":  # of the pipeline itself
            name = name[1:]
        elif name[0] == "global_temp" and name[-1] in self.temporary:
            return (f"#{name[-1]}",)
        if self.server:
            return (self.server, *with_defaults(name, "", ""))
        return with_defaults(name, self.catalog, self.schema)

    def location(self, text: str, line: int, *, folded: bool = False) -> Name:
        """A file, a folder or a stage: locations are compared as they are written (``folded``: by the engine's rules)."""
        plain = location_of(text)
        if folded:
            plain = str(self.fold(plain, True))
        elif plain.startswith("@"):
            plain = f"stage:{plain[1:]}"
        name = (_EXTERNAL, plain)
        self.locations.setdefault(name, line)
        return name

    @contextmanager
    def elsewhere(self, server: str) -> Iterator[None]:
        """Names belong to another server, whose current database is not known."""
        outer, self.server = self.server, str(self.fold(server, False)) or self.server
        try:
            yield
        finally:
            self.server = outer

    # ------------------------------------------------------------------ of syntax trees

    def dataset(self, table: exp.Table) -> Name:
        """The dataset that a table in a query is."""
        this = table.this
        if isinstance(this, exp.Parameter):
            return self.qualified((f"@{self.fold(this.name, False)}",))
        if isinstance(this, exp.DynamicIdentifier):  # IDENTIFIER('a.b')
            text = this.name
            parts = read_name(tokenize(text, self.dialect)[0], 0)[0] if isinstance(this.this, exp.Literal) else []
            return self.full(parts) if parts else ("#" + UNKNOWN,)
        if isinstance(this, exp.DirectoryStage):  # DIRECTORY(@stage)
            this = this.this
        if isinstance(this, exp.Var) and this.name.startswith("@"):  # a stage
            return self.location(this.name, 0)
        args = table.args
        parts = [p for p in (args.get("catalog"), args.get("db"), this) if p is not None]
        if isinstance(this, exp.Identifier) and (this.args.get("temporary") or this.args.get("global_")):
            mark = "##" if this.args.get("global_") else "#"
            return (mark + self.fold(this.name, False),)
        names: list[str] = []
        for part in parts:
            names.extend(self._dotted(part))
        if names and names[-1].startswith("#"):
            return (names[-1],)
        if self.dialect in _FILES_AS_TABLES and (path := _file_as_table(parts)):
            return self.location(path, 0)
        return self.qualified(tuple(names))

    def _dotted(self, part: Expression | str) -> list[str]:
        if isinstance(part, str):  # the middle of db..t
            return [part]
        if isinstance(part, exp.Dot):
            return [*self._dotted(part.this), *self._dotted(part.expression)]
        if isinstance(part, exp.Identifier):
            if self.dialect == "bigquery" and part.args.get("quoted") and "." in part.name:
                return [self.fold(p, True) for p in part.name.split(".")]
            return [self.fold(part.name, bool(part.args.get("quoted")))]
        return [self.fold(part.name, False)]


def _file_as_table(parts: list[Expression]) -> str:
    """``parquet.`/path` `` of Spark, ``'file.csv'`` of DuckDB: the location."""
    last = parts[-1] if parts else None
    if not isinstance(last, exp.Identifier) or not last.args.get("quoted"):
        return ""
    text = str(last.name)
    if len(parts) == 2 and parts[0].name.lower() in _FORMATS and ("/" in text or ":" in text):
        return text
    if len(parts) == 1 and ("/" in text or ("." in text and text.lower().rsplit(".", 1)[-1] in _FORMATS)):
        return text
    return ""


def unknown_name(name: Name) -> Name:
    """A name with an unknown part is a table of nobody: it has no sources and nothing it gets can be seen. Where only its
    database is unknown it is the table of that name in whichever one."""
    if len(name) > 2 and name[-3] == UNKNOWN and not any(UNKNOWN in part for part in name[-2:]):
        return name[-2:]
    return ("#" + UNKNOWN,) if any(UNKNOWN in part for part in name) else name
