"""PostgreSQL."""

from __future__ import annotations

import re
from typing import Final

from sqlglot.tokens import Token

from ray_lineage.compile.sql.engine import Engine, Shape, fold_lower, rule
from ray_lineage.compile.sql.engines.shared import CURRENT_OF, plain_functions
from ray_lineage.compile.sql.lex.kinds import T
from ray_lineage.compile.sql.lex.scan import at_top_level, closing, outermost
from ray_lineage.compile.sql.lex.tokens import like
from ray_lineage.compile.sql.query.words import CROSSTABS, SERVER_QUERY
from ray_lineage.compile.sql.statements.foreign_table import options_of, outside
from ray_lineage.compile.sql.unit import Unit
from ray_lineage.model import STAR, Name

JSON_AGGREGATES: Final = (
    "every jsonb_agg json_agg_strict jsonb_agg_strict json_arrayagg json_objectagg range_agg range_intersect_agg xmlagg"
)
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


_SCALARS: Final = (
    "json_array_elements", "json_array_elements_text", "json_object_keys", "jsonb_array_elements", "jsonb_array_elements_text",
    "jsonb_object_keys", "jsonb_path_query", "generate_series", "generate_subscripts", "regexp_matches", "regexp_split_to_table",
    "string_to_table", "unnest",
)  # fmt: skip
_PAIRS: Final = ("json_each", "json_each_text", "jsonb_each", "jsonb_each_text", "each")
ROWSETS: Final = {
    **dict.fromkeys(_SCALARS, (STAR,)),
    "explodinggenerateseries": (STAR,),
    **dict.fromkeys(_PAIRS, ("key", "value")),
}
"""Columns of functions in FROM; of those that give one, it is called by the alias."""


def plain_cube(tokens: list[Token], verb: str) -> list[Token]:
    """``cube(...)`` and ``::cube`` of Postgres's extension are names; only in GROUP BY it is the grammar's word."""
    out: list[Token] = []
    groups = [False]  # are we in a GROUP BY, at every level of parentheses
    for i, token in enumerate(tokens):
        kind = token.token_type
        before = tokens[i - 1] if i else token
        if kind is T.L_PAREN:
            groups.append(groups[-1] and before.token_type is T.GROUPING_SETS)
        elif kind is T.R_PAREN and len(groups) > 1:
            groups.pop()
        elif kind is T.GROUP_BY:
            groups[-1] = True
        elif kind in _AFTER_GROUP:
            groups[-1] = False
        elif kind is T.CUBE and not (groups[-1] and before.token_type in _BEFORE_GROUPING):
            token = like(token, T.VAR, token.text)
        out.append(token)
    return out


_AFTER_GROUP: Final = frozenset(
    {T.HAVING, T.WINDOW, T.ORDER_BY, T.LIMIT, T.UNION, T.EXCEPT, T.INTERSECT, T.OFFSET, T.FETCH, T.SELECT}
)
_BEFORE_GROUPING: Final = frozenset({T.GROUP_BY, T.COMMA, T.ALL, T.DISTINCT, T.L_PAREN})


def _plain_update_from(tokens: list[Token], verb: str) -> list[Token]:
    """``UPDATE ... FROM (VALUES ...) AS v (a), t`` -> ``... FROM (SELECT * FROM (VALUES ...) AS v (a)) AS v, t``."""
    if verb != "UPDATE":
        return tokens
    at = next(iter(at_top_level(tokens, 0, T.FROM)), -1)
    if at < 0 or at + 2 >= len(tokens) or tokens[at + 2].token_type is not T.VALUES:
        return tokens
    name = closing(tokens, at + 1) + 1
    if name < len(tokens) and tokens[name].token_type is T.ALIAS:
        name += 1
    end = name + 1
    if end < len(tokens) and tokens[end].token_type is T.L_PAREN:
        end = closing(tokens, end) + 1
    if end >= len(tokens):
        return tokens
    mark = tokens[at]
    head = [like(mark, T.L_PAREN, "("), like(mark, T.SELECT, "SELECT"), like(mark, T.STAR, "*"), mark]
    tail = [like(mark, T.R_PAREN, ")"), like(mark, T.ALIAS, "AS"), tokens[name]]
    return [*tokens[: at + 1], *head, *tokens[at + 1 : end], *tail, *tokens[end:]]


def _plain_array_casts(tokens: list[Token], verb: str) -> list[Token]:
    """``a::oid[]`` -> ``a::oid``: the parser knows arrays of its own types only."""
    out: list[Token] = []
    i, n = 0, len(tokens)
    while i < n:
        out.append(tokens[i])
        i += 1
        if tokens[i - 1].token_type is not T.DCOLON or i >= n:
            continue
        out.append(tokens[i])
        i += 1
        while i + 1 < n and tokens[i].token_type is T.DOT:
            out.extend(tokens[i : i + 2])
            i += 2
        while i + 1 < n and tokens[i].token_type is T.L_BRACKET:
            if tokens[i + 1].token_type is T.R_BRACKET:
                i += 2
            elif i + 2 < n and tokens[i + 1].token_type is T.NUMBER and tokens[i + 2].token_type is T.R_BRACKET:
                i += 3
            else:
                break
    return out


def _plain_using(tokens: list[Token], verb: str) -> list[Token]:
    """``JOIN u USING (id) AS j`` and ``j.id`` -> ``JOIN u USING (id)`` and ``id``."""
    aliases: set[str] = set()
    dropped: set[int] = set()
    for i, token in enumerate(tokens):
        if token.token_type is T.USING and i + 1 < len(tokens) and tokens[i + 1].token_type is T.L_PAREN:
            end = closing(tokens, i + 1)
            is_query = any(t.token_type in (T.SELECT, T.VALUES, T.L_PAREN) for t in tokens[i + 2 : end])
            if end + 2 < len(tokens) and tokens[end + 1].token_type is T.ALIAS and not is_query:
                aliases.add(tokens[end + 2].text)
                dropped.update((end + 1, end + 2))
    if not aliases:
        return tokens
    for i in range(len(tokens) - 2):
        if tokens[i].text in aliases and tokens[i + 1].token_type is T.DOT and tokens[i - 1].token_type is not T.DOT:
            dropped.update((i, i + 1))
    return [t for i, t in enumerate(tokens) if i not in dropped]


def _plain_insert(tokens: list[Token], verb: str) -> list[Token]:
    """``INSERT INTO t (a) OVERRIDING SYSTEM VALUE SELECT b`` -> ``INSERT INTO t (a) SELECT b`` (PostgreSQL's manual, INSERT)."""
    at = next((k for k, token in outermost(tokens) if token.text.upper() == "OVERRIDING"), -1)
    is_clause = at > 0 and [t.text.upper() for t in tokens[at + 2 : at + 3]] == ["VALUE"]
    return [*tokens[:at], *tokens[at + 3 :]] if is_clause else tokens


def _plain_set(tokens: list[Token], verb: str) -> list[Token]:
    """``SET (a, b) = ROW (c, d)`` -> ``SET (a, b) = (c, d)`` (PostgreSQL's manual, UPDATE)."""
    return [
        token
        for i, token in enumerate(tokens)
        if not (
            token.text.upper() == "ROW"
            and i > 1
            and tokens[i - 1].token_type is T.EQ
            and tokens[i - 2].token_type is T.R_PAREN
        )
    ]


def _plain_returning(tokens: list[Token], verb: str) -> list[Token]:
    """``RETURNING WITH (OLD AS o, NEW AS n) o.a, n.a`` -> ``RETURNING old.a, new.a``."""
    out: list[Token] = []
    names: dict[str, str] = {}
    i, n = 0, len(tokens)
    while i < n:
        token = tokens[i]
        if token.token_type is T.RETURNING and i + 2 < n and tokens[i + 1].token_type is T.WITH:
            end = closing(tokens, i + 2)
            named = tokens[i + 3 : end]
            names = {named[k + 2].text.lower(): named[k].text for k in range(0, len(named) - 2, 4)}
            i = end + 1
            out.append(token)
            continue
        is_row = token.text.lower() in names and i + 1 < n and tokens[i + 1].token_type is T.DOT
        out.append(like(token, T.VAR, names[token.text.lower()]) if is_row else token)
        i += 1
    return out


_TESTS: Final = frozenset({"NORMALIZED", "DOCUMENT"})
_FORMS: Final = frozenset({"NFC", "NFD", "NFKC", "NFKD"})


def _plain_tests(tokens: list[Token], verb: str) -> list[Token]:
    """``a IS NOT NFC NORMALIZED``, ``a IS DOCUMENT`` -> ``a IS NOT NULL``, ``a IS NULL``."""
    out: list[Token] = []
    i, n = 0, len(tokens)
    while i < n:
        out.append(tokens[i])
        i += 1
        if tokens[i - 1].token_type is not T.IS:
            continue
        if i < n and tokens[i].token_type is T.NOT:
            out.append(tokens[i])
            i += 1
        word = i + (i < n and tokens[i].text.upper() in _FORMS)
        if word < n and tokens[word].token_type is T.VAR and tokens[word].text.upper() in _TESTS:
            out.append(like(tokens[word], T.NULL, "NULL"))
            i = word + 1
    return out


_DATA: Final = re.compile(
    r"^([ \t]*COPY\b[^;]{1,20000}?\bFROM\s+STDIN\b[^;\n]*;)[ \t]*\r?\n(.*?)^\\\.[ \t]*\r?$",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
_COPY: Final = re.compile(r"^([ \t]*)\\(copy\b[^\n]*?);?[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_COMMAND: Final = re.compile(r"^[ \t]*\\[A-Za-z!?.][^\n]*$", re.MULTILINE)
_SEND: Final = re.compile(r"\\(?:g|gx|gset|gexec|gdesc|crosstabview|watch)\b[^\n]*$", re.MULTILINE)


def without_psql(text: str) -> str:
    """Data blocks and backslash commands are blanked, ``\\copy`` is COPY, ``\\g`` and its like end a statement."""
    if "\\" not in text:
        return text
    text = _DATA.sub(lambda m: m.group(1) + "\n" * (m.group(2).count("\n") + 1), text)
    text = _COPY.sub(r"\1\2;", text)
    return _SEND.sub(";", _COMMAND.sub("", text))


def foreign_wrapped(unit: Unit, tokens: list[Token], name: Name) -> Name:
    """``CREATE FOREIGN TABLE t (...) SERVER s OPTIONS (schema_name 'a', table_name 'b')`` of Postgres."""
    at = outside(tokens, "SERVER") if any(t.text.upper() == "FOREIGN" for t in tokens[:3]) else -1
    if at < 0:
        return ()
    said = options_of(tokens, at)
    if "filename" in said:
        return unit.names.location(said["filename"], tokens[at].line)
    table, schema = said.get("table_name") or said.get("table"), said.get("schema_name") or said.get("schema")
    if not table and not schema:  # it is a wrapper's business
        return ()
    named = [unit.fold(p, True) for p in (schema, table) if p]
    with unit.names.elsewhere(tokens[at + 1].text):
        return unit.qualified(tuple(named) if table else (*named, name[-1]))


JOIN_ALIASES: Final = rule("using", r"\busing\s*\([^)]*\)\s*as\b", _plain_using)
POSTGRES_REWRITES: Final = (
    rule("values", r"\bfrom\s*\(\s*values\b", _plain_update_from),
    rule("::", r"::\s*[\w.\"]+\s*\[\s*\d*\s*\]", _plain_array_casts),
)
POSTGRES: Final = Engine(
    name="postgres",
    clear_names=True,
    client=(without_psql,),
    dollar_quotes=True,
    rewrites=(
        rule("wrapper", "", plain_functions),
        rule("collation for", "", plain_functions),
        rule("cube", "", plain_cube),
        rule("normalized", r"\bis\s+(?:not\s+)?(?:nfk?[cd]\s+)?normalized\b", _plain_tests),
        rule("document", r"\bis\s+(?:not\s+)?document\b", _plain_tests),
        CURRENT_OF,
        rule("overriding", r"\boverriding\s+(?:system|user)\s+value\b", _plain_insert),
        rule("row", r"\)\s*=\s*row\s*\(", _plain_set),
        rule("returning", r"\breturning\s+with\s*\(", _plain_returning),
        *POSTGRES_REWRITES,
        JOIN_ALIASES,
    ),
    fold=fold_lower,
    stores_lower=True,  # "Identifiers and Key Words": folded to lower case
    system_tables=PG_CATALOG,
    no_columns=frozenset(["ctid", "current_catalog", "current_role", "tableoid", "user", "xmax", "xmin"]),
    aggregates=frozenset(JSON_AGGREGATES.split()),
    unnamed_fields=("f", 1),
    fields_have_names=False,
    row_values=True,
    returned_rows=("old", "new"),
    implicit_names=True,
    values_columns=("column", 1),
    rowsets=ROWSETS,
    table_functions={"dblink": SERVER_QUERY, "connectby": ("table", "key", "parent"), **CROSSTABS},
    fewer_names=True,
    plpgsql=True,
    into_sets=True,
    fetch_sets=True,
    out_columns=True,
    silent_outputs=True,
    into_is_variable=True,
    foreign=(foreign_wrapped,),
    exchanges_partitions=False,
    signs="""
6: bigserial jsonb regclass tsvector bytea create|extension uuid_generate_v4 jsonb_build_object jsonb_agg
6: from|stdin to_tsvector jsonb_array_elements json_build_object regexp_matches
5: on|conflict pg_catalog gen_random_uuid concurrently owner|to setval language|plpgsql partition|of
4: plpgsql search_path smallserial array_to_string timestamptz returns|trigger only|public distinct|on
3: generate_series serial perform with|ordinality inherits raise|notice
2: nextval btree string_agg rowtype unnest excluded returning to_timestamp elsif exception
1: to_date ilike lateral to_char materialized|view interval array_agg date_trunc tablespace enum
""",
    shapes=(
        Shape(2, "::", r"[\w)'\]]::[a-z]"),
        Shape(3, "$", r"\$\w{0,20}\$"),
        Shape(3, "~", r"[\w)\]\"]\s*!?~\*?\s*'"),
        Shape(4, "-> #> @> distinct", r"->>?\s*'|#>>|@>|\bis\s+not\s+distinct\b"),
        Shape(6, "\\", r"^\\(?:set|i|ir|c|connect|echo|copy|timing|gset|d|if|pset|\.)\b|^\\\.", raw=True),
    ),
)
