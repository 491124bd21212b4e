"""What must hold whatever a script says: scripts that have nothing to do with one another keep their lineage in one file, comments
and line ends say nothing, and statements do in a program, branch or loop what they do alone."""

from __future__ import annotations

import re
from collections import Counter
from typing import NamedTuple

import pytest

import ray_lineage
from tests.unit.sql.cases import SCHEMA
from tests.unit.sql.test_sql_scripts import CASES, Script, found

ONCE = list({s.sql: (name, s) for name, s in reversed(CASES)}.values())[::-1]
"""The cases, each in one dialect."""

# --------------------------------------------------------------------------- one file

_SESSION = re.compile(
    r"\b(USE|search_path|DEFINE|setvar|ALTER\s+SESSION|SET\s+SCHEMA|QUOTED_IDENTIFIER|LAST_QUERY_ID)\b|&|^\s*(OPEN\s+SCHEMA|DATABASE)\b|##",
    re.IGNORECASE | re.MULTILINE,
)
"""What goes on after a script that has it, or asks for what was before."""
_NAMED = re.compile(
    r"\b(?:PROC|PROCEDURE|FUNCTION|TRIGGER|PACKAGE|BODY|MACRO|TYPE|VIEW|TABLE|SEQUENCE|SYNONYM|INTO)\s+(?:\w+\.)*([A-Za-z_]\w*)",
    re.IGNORECASE,
)
_SHARED = {"tsql": r"#\w+", "mysql": r"@\w+"}
"""Names that scripts of one session share."""
_WORDS = frozenset(
    "as body column_value concurrently data directory dual exists for from function if is into of on only outfile overwrite "
    "select stack stdin strict table temp temporary to values with".split()
)


class _Renamed(NamedTuple):
    """A case whose tables and programs have names of their own (its variables and parameters have not)."""

    name: str
    sql: str
    schema: dict[str, list[str]]
    found: tuple[set[str], ...]


def _found(sql: str, dialect: str, schema: dict[str, list[str]]) -> tuple[set[str], ...]:
    lineage = ray_lineage.lineage(sql, dialect or None, schema=schema)
    return (
        {f"{c.source} > {c.target} {c.transformation} {c.certainty}" for c in lineage.columns},
        {f"{i.source} > {i.target} {i.how}" for i in lineage.influences},
        set(lineage.sources),
        set(lineage.targets),
        {d.code for d in lineage.diagnostics},
    )


def _renamed(number: int, name: str, script: Script) -> _Renamed | None:
    """None if it changes the session, or if its names are not just names."""
    dialect, sql = script.dialect, script.sql
    if _SESSION.search(sql) or (dialect in ("bigquery", "spark", "databricks") and re.search(r"^DECLARE\b", sql, re.M)):
        return None
    known = {k: list(v) for k, v in SCHEMA.items()}
    plain = _found(sql, dialect, known)
    names = {n.split("@")[0].rpartition(".")[2] for n in plain[2] | plain[3]} | set(SCHEMA)
    names |= {m.lower() for m in _NAMED.findall(sql)}
    names |= {m.lower() for m in re.findall(_SHARED.get(dialect, "(?!)"), sql)}
    words = "|".join(
        sorted((re.escape(n) for n in names - _WORDS if re.fullmatch(r"[#@]?\w+", n)), key=len, reverse=True)
    )
    mark = f"_z{number}z"
    sql = re.sub(rf"(?<![\w$#@&%])(?:{words})(?![\w$#])", lambda m: m[0] + mark, sql, flags=re.IGNORECASE)
    schema = {k + mark: [c + mark if c in names else c for c in v] for k, v in SCHEMA.items()}
    marked = _found(sql, dialect, schema)
    if not all(mark in name or name.startswith("external.") for name in marked[3]):
        return None
    same = tuple({x.replace(mark, "") for x in found} for found in marked) == plain
    return _Renamed(name, sql, schema, marked) if same else None


def _ended(sql: str, dialect: str) -> str:
    """With what separates it from the next one."""
    sql = sql.rstrip()
    if dialect in ("tsql", "fabric"):
        return f"{sql}\nGO\n"
    if dialect == "oracle" and re.search(r"\bEND\b[^;]*;$", sql, re.IGNORECASE):
        return f"{sql}\n/\n"
    return f"{sql}\n" if sql.endswith((";", "/")) else f"{sql}\n;\n"


_NOTHING: list[set[str]] = [set()] * 5
DIALECTS = [d for d, n in sorted(Counter(s.dialect for _, s in ONCE).items()) if n > 4]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_scripts_in_one_file_do_not_change_one_another(dialect: str) -> None:
    mine = [(name, s) for name, s in ONCE if s.dialect == dialect]
    parts = [r for i, (name, s) in enumerate(mine) if (r := _renamed(i, name, s)) is not None]
    assert len(parts) > 0.6 * len(mine)
    schema = {k: v for part in parts for k, v in part.schema.items()}
    expected = tuple(set().union(*found) for found in zip(*(part.found for part in parts), strict=True))
    for order in (parts, parts[::-1]):
        ours = _found("".join(_ended(part.sql, dialect) for part in order), dialect, schema)
        assert [a - b for a, b in zip(ours, expected, strict=True)] == _NOTHING  # what comes in
        assert [b - a for a, b in zip(ours, expected, strict=True)] == _NOTHING  # what is lost


# --------------------------------------------------------------------------- layout

_PIECES = re.compile(
    r"""--[^\n]*|/\*(?:[^*]|\*(?!/))*\*/|[qQ]'[\[{(<!].*?[\]})>!]'|'(?:[^'\\]|''|\\.)*'|\"{3}.*?\"{3}|"(?:[^"\\]|""|\\.)*"|`[^`]*`|\[[^\]\n]*\]
    |(?P<space>[ \t]+(?![\r\n]|--|/\*|\#))|.""",
    re.DOTALL | re.VERBOSE,
)
_BY_LINES = re.compile(
    r"^\s*(GO\b|/\s*$|[\\:@.!#]|DELIMITER\b|SOURCE\b|TEE\b|REM|PROMPT\b|COLUMN\b|SPOOL|WHENEVER|DEFINE|SET \w+ |EXEC |SHOW|EXIT)|\\\w"
    r"|SCRIPT|\[\[|\bstdin\b",
    re.IGNORECASE | re.MULTILINE,
)
"""Commands of clients, which end with their line."""
BY_TOKENS = [(name, s) for name, s in ONCE if not _BY_LINES.search(s.sql)]


def _commented(sql: str) -> str:
    """A comment in every space."""
    pieces = (" /* it's; END */ " if m["space"] and m.start() else m[0] for m in _PIECES.finditer(sql))
    return "".join(pieces)


@pytest.mark.parametrize("script", [s for _, s in BY_TOKENS], ids=[name for name, _ in BY_TOKENS])
def test_comments_and_line_ends_say_nothing(script: Script) -> None:
    ours = found(script._replace(sql=_commented(script.sql).replace("\n", "\r\n")))
    wanted = {"codes": set(), **script.expected}
    assert {word: ours[word] for word in wanted} == wanted


# --------------------------------------------------------------------------- around statements

_BODY = (
    "INSERT INTO o (x, y) SELECT t.a, u.c + 1 FROM t JOIN u ON t.id = u.id WHERE t.b > 0; "
    "UPDATE o SET x = (SELECT MAX(a) FROM t WHERE t.id = o.id) WHERE y = 1; "
    "INSERT INTO p (k) SELECT q.n FROM (SELECT CASE WHEN b > 1 THEN a END AS n FROM t) q; "
    "DELETE FROM o WHERE x IN (SELECT c FROM u);"
)
_PLPGSQL = "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ {} $$;\n"
_MYSQL = "DELIMITER //\nCREATE PROCEDURE f() {} //\nDELIMITER ;\n"
_SPARK = [
    "BEGIN {} END;", "lab: BEGIN DECLARE n INT; {} END lab;", "CREATE PROCEDURE f() LANGUAGE SQL AS BEGIN {} END;",
    "BEGIN IF 1 = 1 THEN {} ELSEIF TRUE THEN {} ELSE {} END IF; END;", "BEGIN CASE WHEN TRUE THEN {} ELSE {} END CASE; END;",
    "BEGIN WHILE TRUE DO {} END WHILE; lab: LOOP {} LEAVE lab; END LOOP lab; REPEAT {} UNTIL TRUE END REPEAT; END;",
    "BEGIN DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN {} END; FOR r AS SELECT 1 AS n DO {} END FOR; END;",
]  # fmt: skip
AROUND = {
    "tsql": [
        "CREATE PROC f @p int AS {}\nGO\n", "CREATE PROC f AS BEGIN {} END\nGO\n", "IF 1 = 1 BEGIN {} END ELSE BEGIN {} END\nGO\n",
        "WHILE 1 = 1 BEGIN {} END\nGO\n", "BEGIN TRY {} END TRY BEGIN CATCH {} END CATCH\nGO\n", "BEGIN BEGIN {} END END\nGO\n",
    ],
    "oracle": [
        "BEGIN {} END;\n/\n", "DECLARE n NUMBER; BEGIN {} EXCEPTION WHEN OTHERS THEN {} END;\n/\n",
        "CREATE PROCEDURE f IS BEGIN {} END f;\n/\n", "CREATE PACKAGE BODY k AS PROCEDURE f IS BEGIN {} END f; END k;\n/\n",
        "BEGIN IF 1 = 2 THEN NULL; ELSIF 1 = 1 THEN {} ELSE {} END IF; END;\n/\n", "BEGIN <<lab>> BEGIN {} END lab; END;\n/\n",
        "BEGIN CASE 1 WHEN 1 THEN {} ELSE {} END CASE; LOOP {} EXIT; END LOOP; END;\n/\n",
        "BEGIN FOR i IN 1..2 LOOP {} END LOOP; WHILE 1 = 1 LOOP {} EXIT WHEN 1 = 1; END LOOP; END;\n/\n",
    ],
    "postgres": [
        "DO $$ BEGIN {} END $$;\n", "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ {} $$;\n",
        "CREATE PROCEDURE f() LANGUAGE sql BEGIN ATOMIC {} END;\n",
        _PLPGSQL.format("BEGIN {} EXCEPTION WHEN OTHERS THEN {} END"),
        _PLPGSQL.format("<<lab>> DECLARE n int; BEGIN IF false THEN NULL; ELSIF true THEN {} ELSE {} END IF; END lab"),
        _PLPGSQL.format("BEGIN CASE WHEN true THEN {} ELSE NULL; END CASE; WHILE true LOOP {} END LOOP; END"),
        _PLPGSQL.format("BEGIN FOR i IN 1..2 LOOP {} END LOOP; LOOP {} EXIT; END LOOP; END"),
    ],
    "mysql": [
        _MYSQL.format("BEGIN {} END"), _MYSQL.format("lab: BEGIN IF 1 = 1 THEN {} ELSEIF 1 THEN {} ELSE {} END IF; END lab"),
        _MYSQL.format("BEGIN WHILE 1 DO {} END WHILE; lab: LOOP {} LEAVE lab; END LOOP lab; REPEAT {} UNTIL 1 END REPEAT; END"),
        _MYSQL.format("BEGIN CASE 1 WHEN 1 THEN {} ELSE BEGIN {} END; END CASE; END"),
        _MYSQL.format("BEGIN DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN {} END; {} END"),
        "DELIMITER //\nCREATE EVENT f ON SCHEDULE EVERY 1 DAY DO BEGIN {} END //\nDELIMITER ;\n",
    ],
    "bigquery": [
        "CREATE PROCEDURE f() BEGIN {} END;\n", "BEGIN {} EXCEPTION WHEN ERROR THEN {} END;\n", "lab: BEGIN {} END lab;\n",
        "IF FALSE THEN SELECT 1 AS id; ELSEIF TRUE THEN {} ELSE {} END IF;\n", "LOOP {} BREAK; END LOOP;\n",
        "WHILE TRUE DO {} END WHILE;\n", "REPEAT {} UNTIL TRUE END REPEAT;\n", "FOR r IN (SELECT 1 AS n) DO {} END FOR;\n",
        "CASE WHEN FALSE THEN SELECT 1 AS id; ELSE {} END CASE;\n", "BEGIN TRANSACTION; {} COMMIT TRANSACTION;\n",
    ],
    "snowflake": [
        "BEGIN {} EXCEPTION WHEN OTHER THEN {} END;\n", "EXECUTE IMMEDIATE $$ DECLARE n INT; BEGIN {} END; $$;\n",
        "CREATE PROCEDURE f() RETURNS INT LANGUAGE SQL AS $$ BEGIN {} END $$;\n",
        "CREATE PROCEDURE f() RETURNS INT LANGUAGE SQL AS BEGIN {} RETURN 1; END;\n",
        "BEGIN IF (1 = 1) THEN {} ELSEIF (1 = 2) THEN {} ELSE {} END IF; CASE WHEN TRUE THEN {} ELSE {} END; END;\n",
        "BEGIN FOR i IN 1 TO 2 DO {} END FOR; WHILE (TRUE) DO {} END WHILE; LOOP {} BREAK; END LOOP; END;\n",
    ],
    "databricks": _SPARK,
    "spark": _SPARK,
    "teradata": [
        "CREATE MACRO f AS ({});\n", "REPLACE PROCEDURE f() BEGIN {} END;\n",
        "CREATE PROCEDURE f(IN n INTEGER) lab: BEGIN IF n = 1 THEN {} ELSEIF n = 2 THEN {} ELSE {} END IF; END lab;\n",
        "CREATE PROCEDURE f() BEGIN DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN {} END; WHILE 1 = 1 DO {} END WHILE; END;\n",
    ],
    "redshift": ["CREATE PROCEDURE f() AS $$ BEGIN IF 1 = 1 THEN {} END IF; WHILE 1 = 1 LOOP {} END LOOP; END; $$ LANGUAGE plpgsql;\n"],
    "sqlite": ["CREATE TRIGGER f AFTER UPDATE OF c ON k FOR EACH ROW WHEN NEW.c > 1 BEGIN {} END;\n"],
}  # fmt: skip
_FORMS = [(dialect, form) for dialect, forms in AROUND.items() for form in forms]


@pytest.mark.parametrize(("dialect", "form"), _FORMS, ids=[f"{d}: {f[:60]}" for d, f in _FORMS])
def test_statements_do_the_same_in_a_program_branch_or_loop(dialect: str, form: str) -> None:
    schema = {k: list(v) for k, v in SCHEMA.items()}
    after = "SELECT id, n, i, r, p FROM k;"  # it is in no program, and sees no variables
    alone = _found(f"{_BODY}{after}", dialect, schema)
    around = _found(form.replace("{}", _BODY) + after, dialect, schema)
    assert around[:2] + around[4:] == alone[:2] + alone[4:]
