"""Oracle Database: SQL, PL/SQL and what SQL*Plus reads."""

from __future__ import annotations

import re
from typing import Final

from sqlglot.tokens import Token

from ray_lineage.compile.sql.engine import Engine, Shape, fold_upper, rule
from ray_lineage.compile.sql.engines.shared import CURRENT_OF, plain_functions
from ray_lineage.compile.sql.lex.kinds import T
from ray_lineage.compile.sql.lex.scan import end_of_clause
from ray_lineage.compile.sql.lex.tokens import like

_DIRECTIVE: Final = re.compile(
    r"[ \t]*(?:"
    r"(?:REM|REMARK|PROMPT|PRO)(?:[ \t]|$)|"
    r"(?:WHENEVER|SPOOL|SPO|DEF|DEFINE|UNDEFINE|UNDEF|COL|COLUMN|TTITLE|BTITLE|CLEAR|CL|COMPUTE|ACC|ACCEPT|PAUSE|"
    r"VAR|VARIABLE|PRINT|HOST|CONNECT|CONN|DISCONNECT|DISC|SHOW|SHO|TIMING|ARCHIVE|STARTUP|SHUTDOWN|PASSWORD|STORE)(?:[ \t;]|$)|"
    r"SET[ \t]+(?!CONSTRAINT|ROLE|TRANSACTION)\w+(?:[ \t][^=]*)?$|"
    r"BREAK[ \t]+ON\b|START[ \t]+(?!WITH\b)[\w./&]+|"
    r"(?:EXIT|QUIT)(?:[ \t]+(?!WHEN)\S+)?[ \t]*;?[ \t]*$|"
    r"@|!)",
    re.IGNORECASE,
)
_EXECUTE: Final = re.compile(r"[ \t]*EXEC(?:UTE)?[ \t]+(?!IMMEDIATE)", re.IGNORECASE)
_DEFINE: Final = re.compile(
    r"[ \t]*DEF(?:INE)?[ \t]+(\w+)[ \t]*=[ \t]*['\"]?([\w.$#]+)['\"]?[ \t]*;?[ \t]*$", re.IGNORECASE
)
_SUBSTITUTED: Final = re.compile(r"&&?(\w+)\.?")
_SLASH: Final = re.compile(r"[ \t]*/[ \t]*$")


def without_sqlplus(text: str) -> str:
    """Directives stand where no statement is open; ``/`` alone on a line ends one; ``&name`` is replaced by its value or
    its name."""
    values: dict[str, str] = {}
    out: list[str] = []
    is_open = in_comment = goes_on = False
    for line in text.split("\n"):
        bare = line.rstrip("\r")
        plain = bare.strip()
        if goes_on:  # a directive that ends in a hyphen goes on
            goes_on = plain.endswith("-")
            out.append("")
            continue
        if in_comment:
            in_comment = "*/" not in bare
        elif _SLASH.match(bare):
            out.append(";")
            is_open = False
            continue
        elif not is_open and _DIRECTIVE.match(bare):
            found = _DEFINE.match(bare)
            if found:
                values[found.group(1).lower()] = found.group(2)
            goes_on = plain.endswith("-") and len(plain) > 1
            out.append("")
            continue
        elif not is_open and _EXECUTE.match(bare):
            line = bare if plain.endswith((";", "-")) else bare + ";"
        elif plain and not plain.startswith("--"):
            opened = bare.rfind("/*")
            if opened >= 0 and "*/" not in bare[opened:]:
                in_comment = True
                plain = bare[:opened].strip()
            elif plain.startswith("/*") and plain.endswith("*/"):
                plain = ""
            if plain:
                code = plain.split("--", 1)[0].rstrip()
                is_open = not code.endswith(";") if code else is_open
        if "&" in line:
            line = _SUBSTITUTED.sub(lambda m: values.get(m.group(1).lower(), m.group(1)), line)
        out.append(line)
    return "\n".join(out)


_MODEL_NEXT: Final = frozenset(
    {"DIMENSION", "PARTITION", "MAIN", "REFERENCE", "IGNORE", "KEEP", "UNIQUE", "RETURN", "MEASURES"}
)


def _plain_oracle(tokens: list[Token], verb: str) -> list[Token]:
    """Without LOG ERRORS and MODEL clauses; binds have names; MERGE deletes in a branch of its own."""
    out: list[Token] = []
    removed: list[Token] = []
    i, n = 0, len(tokens)
    while i < n:
        token = tokens[i]
        word = token.text.upper() if token.token_type is T.VAR or token.token_type is T.DELETE else ""
        following = tokens[i + 1] if i + 1 < n else token
        if word == "LOG" and following.text.upper() == "ERRORS":
            break
        if word == "MODEL" and following.text.upper() in _MODEL_NEXT:
            i = end_of_clause(tokens, i, frozenset({T.ORDER_BY, T.UNION, T.EXCEPT, T.INTERSECT}))
            continue
        if word == "DELETE" and verb == "MERGE" and i and following.token_type is T.WHERE:
            end = end_of_clause(tokens, i, frozenset({T.WHEN}))
            removed = tokens[i + 2 : end]
            i = end
            continue
        out.append(token)
        if token.token_type is T.COLON and following.token_type is T.NUMBER:
            out.append(like(following, T.VAR, f"bind{following.text}"))
            i += 2
            continue
        i += 1
    if removed:
        at = removed[0]
        branch = [(T.WHEN, "WHEN"), (T.VAR, "MATCHED"), (T.AND, "AND"), (T.L_PAREN, "(")]
        after = [(T.R_PAREN, ")"), (T.THEN, "THEN"), (T.DELETE, "DELETE")]
        out.extend(like(at, kind, text) for kind, text in branch)
        out.extend(removed)
        out.extend(like(at, kind, text) for kind, text in after)
    return out


def _plain_pivot(tokens: list[Token], verb: str) -> list[Token]:
    """``PIVOT XML (...)`` of Oracle: the keys are not listed, as in the grammar's ``IN (ANY)``."""
    return [
        t for i, t in enumerate(tokens) if not (i and t.text.upper() == "XML" and tokens[i - 1].token_type is T.PIVOT)
    ]


ORACLE: Final = Engine(
    name="oracle",
    client=(without_sqlplus,),
    rewrites=(
        rule("log errors", "", _plain_oracle),
        rule("model", r"\bmodel\b", _plain_oracle),
        rule("delete", r"\bdelete\s+where\b", _plain_oracle),
        rule(":", r":\d", _plain_oracle),
        rule("pivot xml", r"\bpivot\s+xml\b", _plain_pivot),
        rule("json_ returning", "", plain_functions),
        rule("multiset", "", plain_functions),
        rule("at local", "", plain_functions),
        CURRENT_OF,
    ),
    fold=fold_upper,
    no_columns=frozenset(
        [
            "connect_by_iscycle",
            "connect_by_isleaf",
            "current_date",
            "dbtimezone",
            "level",
            "ora_rowscn",
            "rowid",
            "rownum",
            "sessiontimezone",
            "sysdate",
            "systimestamp",
            "uid",
            "user",
            "versions_endscn",
            "versions_endtime",
            "versions_operation",
            "versions_startscn",
            "versions_starttime",
            "versions_xid",
        ]
    ),
    aggregates=frozenset(
        [
            "approx_median",
            "approx_percentile",
            "collect",
            "stats_mode",
            "sys_xmlagg",
            "xmlagg",
            "bit_and_agg",
            "bit_or_agg",
            "bit_xor_agg",
            "checksum",
            "kurtosis_pop",
            "kurtosis_samp",
            "skewness_pop",
            "skewness_samp",
            "boolean_and_agg",
            "boolean_or_agg",
            "every",
        ]
    ),
    attributes=True,
    columns_first=True,
    sequence_objects=True,
    dual=True,
    system_dual=True,
    recursion_unmarked=True,
    package_calls=True,
    marked_rows=True,
    lasting_global=True,
    organization=True,
    signs="""
6: varchar2 pls_integer sys_refcursor dbms_output raise_application_error package|body bulk|collect forall
6: connect_by_root whenever|sqlerror set|serveroutput set|define sys_connect_by_path nvarchar2 dbms_stats
6: utl_file
5: replace|package rownum systimestamp from|dual nologging connect|by editionable dba_tables user_tables reject|limit
4: sysdate nvl2 clob put_line no_data_found
3: rowtype minus binary_integer sqlerrm dense_rank|last
2: nvl decode listagg tablespace elsif execute|immediate rowid ref|cursor for|update prior
2: to_date
1: to_char substr exception instr raw number
""",
    shapes=(
        Shape(6, "(+) /", r"\(\+\)|^[ \t]*/[ \t]*\r?$"),
        Shape(4, ": % prompt rem spool", r":(?:new|old)\.\w|%\s*(?:type|rowtype)\b|^(?:prompt|rem|spool)[ \t]"),
    ),
)
