"""Variables and records along branches, loops and handlers of the languages that close them with END: what may they hold when
they are read? The manuals (PL/pgSQL, PL/SQL, MySQL, Snowflake Scripting, BigQuery, SQL/PSM) agree on all but what SELECT INTO
does without a row."""

from __future__ import annotations

import pytest

from ray_lineage.compile.sql.engines.postgres import POSTGRES
from ray_lineage.compile.sql.lex.tokens import tokenize
from ray_lineage.compile.sql.split.generic import split
from ray_lineage.model import ANY_LOOP, CATCH, ELSE, ENDING, LOOP, ROLES, THEN, TRY
from tests.unit.sql.cases import check

PGSQL = "DO $$ DECLARE v int; w int; i int; r record; s t%ROWTYPE; BEGIN {} END $$"
PLSQL = """CREATE PROCEDURE p IS v NUMBER; w NUMBER; i NUMBER; s t%ROWTYPE; TYPE ns IS TABLE OF NUMBER; n ns;
TYPE rs IS TABLE OF t%ROWTYPE; l rs; CURSOR c IS SELECT a FROM t; CURSOR d IS SELECT b FROM t; BEGIN {} END;
/"""
MYSQL = "DELIMITER //\nCREATE PROCEDURE p() BEGIN DECLARE v INT; DECLARE w INT; DECLARE i INT; {} END //\nDELIMITER ;"
SNOWFLAKE = "CREATE PROCEDURE p() RETURNS int LANGUAGE SQL AS $$ DECLARE v int; i int; BEGIN {} END; $$"
BIGQUERY = "DECLARE v INT64; DECLARE i INT64; {}"
DATABRICKS = "CREATE PROCEDURE p() LANGUAGE SQL AS BEGIN DECLARE v INT; DECLARE i INT; {} END;"

FORMS = {
    "postgres": (PGSQL, "v := {}", "IF i = 1 THEN", "ELSIF i = 2 THEN", "WHILE i < 3 LOOP", "END LOOP"),
    "oracle": (PLSQL, "v := {}", "IF i = 1 THEN", "ELSIF i = 2 THEN", "WHILE i < 3 LOOP", "END LOOP"),
    "mysql": (MYSQL, "SET v = {}", "IF i = 1 THEN", "ELSEIF i = 2 THEN", "WHILE i < 3 DO", "END WHILE"),
    "snowflake": (SNOWFLAKE, "v := {}", "IF (i = 1) THEN", "ELSEIF (i = 2) THEN", "WHILE (i < 3) DO", "END WHILE"),
    "bigquery": (BIGQUERY, "SET v = {}", "IF i = 1 THEN", "ELSEIF i = 2 THEN", "WHILE i < 3 DO", "END WHILE"),
    "databricks": (DATABRICKS, "SET v = {}", "IF i = 1 THEN", "ELSEIF i = 2 THEN", "WHILE i < 3 DO", "END WHILE"),
}
"""The engine's body, assignment, IF, ELSIF, WHILE and its end."""

EVERYWHERE = [
    ("a new value replaces the old one", "A B O", ["t.b > o.c i"]),
    ("a constant takes the lineage away", "A K O", []),
    ("a branch adds", "A IF B ENDIF O", ["t.a > o.c i", "t.b > o.c i"]),
    ("within the branch it replaces", "A IF B O ENDIF", ["t.b > o.c i"]),
    ("two branches replace", "A IF B ELSE K ENDIF O", ["t.b > o.c i"]),
    ("ELSE does not see THEN", "IF A ELSE O ENDIF", []),
    ("a branch that nothing is said of", "A IF B ELSIF K ENDIF O", ["t.a > o.c i", "t.b > o.c i"]),
    ("all branches replace", "A IF B ELSIF K ELSE K ENDIF O", ["t.b > o.c i"]),
    ("branches in branches", "A IF IF B ELSE B ENDIF ELSE K ENDIF O", ["t.b > o.c i"]),
    ("CASE with ELSE", "A CASE i WHEN 1 THEN B WHEN 2 THEN K ELSE K END CASE; O", ["t.b > o.c i"]),
    ("CASE", "A CASE i WHEN 1 THEN B WHEN 2 THEN K END CASE; O", ["t.a > o.c i", "t.b > o.c i"]),
    ("the next turn sees what this one sets", "WHILE O A ENDWHILE", ["t.a > o.c i"]),
    ("set before it is read, in each turn", "A WHILE B O ENDWHILE", ["t.b > o.c i"]),
    ("maybe no turn at all", "A WHILE B ENDWHILE O", ["t.a > o.c i", "t.b > o.c i"]),
]  # fmt: skip


def written(dialect: str, text: str) -> str:
    """A text of the abbreviations above, in the engine's words."""
    body, assign, then, elsif, loop, end = FORMS[dialect]
    words = {
        "A": assign.format("(SELECT a FROM t)") + ";",
        "B": assign.format("(SELECT b FROM t)") + ";",
        "K": assign.format("1") + ";",
        "O": "INSERT INTO o (c) SELECT v;",
        "IF": then,
        "ELSIF": elsif,
        "ENDIF": "END IF;",
        "WHILE": loop,
        "ENDWHILE": end + ";",
    }
    return body.replace("{}", " ".join(words.get(word, word) for word in text.split(" ")).replace("END END", "END"))


@pytest.mark.parametrize("dialect", FORMS)
@pytest.mark.parametrize(("text", "expected"), [c[1:] for c in EVERYWHERE], ids=[c[0] for c in EVERYWHERE])
def test_what_a_variable_holds(dialect: str, text: str, expected: list[str]) -> None:
    check((dialect, written(dialect, text), expected))


OWN = [
    ("SELECT INTO without a row makes it NULL", "postgres", PGSQL, "SELECT a INTO v FROM t; SELECT b INTO v FROM t WHERE id = i; INSERT INTO o (c) VALUES (v);", ["t.b > o.c i"]),
    ("SELECT INTO without a row fails", "oracle", PLSQL, "SELECT a INTO v FROM t; SELECT b INTO v FROM t WHERE id = i; INSERT INTO o (c) VALUES (v);", ["t.b > o.c i"]),
    ("and its handler goes on", "oracle", PLSQL, "SELECT a INTO v FROM t; BEGIN SELECT b INTO v FROM t WHERE id = i; EXCEPTION WHEN no_data_found THEN NULL; END; INSERT INTO o (c) VALUES (v);", ["t.a > o.c i", "t.b > o.c i"]),
    ("SELECT INTO without a row leaves it", "mysql", MYSQL, "SELECT a INTO v FROM t; SELECT b INTO v FROM t WHERE id = i; INSERT INTO o (c) VALUES (v);", ["t.a > o.c i", "t.b > o.c i"]),
    ("but an aggregate has a row", "mysql", MYSQL, "SELECT a INTO v FROM t; SELECT MAX(b) INTO v FROM t WHERE id = i; INSERT INTO o (c) VALUES (v);", ["t.b > o.c a"]),
    ("FETCH behind the last row leaves it", "oracle", PLSQL, "OPEN c; FETCH c INTO v; OPEN d; FETCH d INTO v; INSERT INTO o (c) VALUES (v);", ["t.a > o.c i", "t.b > o.c i"]),
    ("any statement may raise", "postgres", PGSQL, "BEGIN v := (SELECT a FROM t); v := (SELECT b FROM t); EXCEPTION WHEN OTHERS THEN INSERT INTO o (c) VALUES (v); END;", ["t.a > o.c i", "t.b > o.c i"]),
    ("no handler sees what another one sets", "oracle", PLSQL, "BEGIN v := 1; EXCEPTION WHEN no_data_found THEN SELECT a INTO v FROM t; WHEN OTHERS THEN INSERT INTO o (c) VALUES (v); END;", []),
    ("EXIT goes on from where it stands", "postgres", PGSQL, "LOOP v := (SELECT a FROM t); EXIT WHEN i > 2; v := (SELECT b FROM t); END LOOP; INSERT INTO o (c) VALUES (v);", ["t.a > o.c i", "t.b > o.c i"]),
    ("EXIT of an outer loop", "oracle", PLSQL, "<<x>> LOOP LOOP SELECT a INTO v FROM t; EXIT x WHEN i > 2; v := 1; END LOOP; v := 2; END LOOP; INSERT INTO o (c) VALUES (v);", ["t.a > o.c i"]),
    ("LEAVE of a block", "mysql", MYSQL, "x: BEGIN SET v = (SELECT a FROM t); IF i = 1 THEN LEAVE x; END IF; SET v = 1; END; INSERT INTO o (c) VALUES (v);", ["t.a > o.c i"]),
    ("REPEAT", "mysql", MYSQL, "REPEAT INSERT INTO o (c) VALUES (v); SET v = (SELECT a FROM t); UNTIL i > 2 END REPEAT; SET v = 1; INSERT INTO o (d) VALUES (v);", ["t.a > o.c i"]),
    ("a handler of a condition may run", "mysql", MYSQL, "DECLARE CONTINUE HANDLER FOR NOT FOUND SET v = 1; SET v = (SELECT a FROM t); INSERT INTO o (c) VALUES (v);", ["t.a > o.c i"]),
    ("a handler that leaves its block does not go on in it", "mysql", MYSQL, "DECLARE EXIT HANDLER FOR SQLEXCEPTION SET v = (SELECT b FROM t); SET v = (SELECT a FROM t); INSERT INTO o (c) VALUES (v);", ["t.a > o.c i"]),
    ("but behind it", "mysql", MYSQL, "BEGIN DECLARE EXIT HANDLER FOR SQLEXCEPTION SET v = (SELECT b FROM t); SET v = (SELECT a FROM t); END; INSERT INTO o (c) VALUES (v);", ["t.a > o.c i", "t.b > o.c i"]),
    ("and sees what was set since it was declared", "mysql", MYSQL, "DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN INSERT INTO o (c) VALUES (v); END; SET v = (SELECT a FROM t); SET v = 1;", ["t.a > o.c i"]),
    ("RAISE ends its branch", "postgres", PGSQL, "v := 1; IF i = 1 THEN v := (SELECT a FROM t); RAISE EXCEPTION 'no %', v; ELSIF i = 2 THEN v := (SELECT b FROM t); RAISE NOTICE 'yes'; END IF; INSERT INTO o (c) VALUES (v);", ["t.b > o.c i"]),
    ("RETURN ends its branch", "oracle", PLSQL, "IF i = 1 THEN SELECT a INTO v FROM t; RETURN; ELSE SELECT b INTO v FROM t; END IF; INSERT INTO o (c) VALUES (v);", ["t.b > o.c i"]),
    ("and what it is in, if all of it ends", "oracle", PLSQL, "IF i = 1 THEN SELECT a INTO v FROM t; IF w = 1 THEN RETURN; ELSE RAISE_APPLICATION_ERROR(-20001, 'x'); END IF; END IF; INSERT INTO o (c) VALUES (v);", []),
    ("RETURN in a block with a handler", "oracle", PLSQL, "BEGIN SELECT a INTO v FROM t; RETURN; EXCEPTION WHEN no_data_found THEN SELECT b INTO v FROM t; END; INSERT INTO o (c) VALUES (v);", ["t.b > o.c i"]),
    ("a handler that raises again", "oracle", PLSQL, "BEGIN SELECT a INTO v FROM t; EXCEPTION WHEN no_data_found THEN SELECT b INTO v FROM t; RAISE; WHEN OTHERS THEN v := 0; END; INSERT INTO o (c) VALUES (v);", ["t.a > o.c i"]),
    ("RETURN NEXT goes on", "postgres", "CREATE FUNCTION o() RETURNS SETOF int LANGUAGE plpgsql AS $$ DECLARE v int; BEGIN {} END $$", "IF 1 = 1 THEN v := (SELECT a FROM t); RETURN NEXT 1; END IF; INSERT INTO o (c) VALUES (v);", ["t.a > o.c i"]),
    ("what OUT parameters hold at any RETURN goes out", "oracle", "CREATE FUNCTION f(i NUMBER, v OUT NUMBER) RETURN NUMBER IS BEGIN {} END;\n/", "IF i = 1 THEN SELECT a INTO v FROM t; RETURN 1; END IF; SELECT b INTO v FROM t; RETURN 2;", ["t.a > f.v i", "t.b > f.v i"]),
    ("CASE that ends with END alone", "snowflake", SNOWFLAKE, "v := (SELECT a FROM t); CASE (i) WHEN 1 THEN v := (SELECT b FROM t); ELSE v := 1; END; INSERT INTO o (c) SELECT :v;", ["t.b > o.c i"]),
    ("a loop over numbers has a variable of its own", "postgres", PGSQL, "v := (SELECT a FROM t); FOR v IN 1..3 LOOP INSERT INTO o (c) VALUES (v); END LOOP; INSERT INTO o (d) VALUES (v);", ["t.a > o.d i"]),
    ("GOTO: nothing is known", "oracle", PLSQL, "SELECT a INTO v FROM t; GOTO done; v := 1; <<done>> INSERT INTO o (c) VALUES (v);", ["t.a > o.c i"]),
    ("GOTO: in its own block", "oracle", "BEGIN GOTO x; <<x>> NULL; END;\n/\nDECLARE v NUMBER; BEGIN {} END;\n/", "SELECT a INTO v FROM t; v := 1; INSERT INTO o (c) VALUES (v);", []),
    ("what is compiled is chosen", "oracle", PLSQL, "SELECT a INTO v FROM t;\n$if dbms_db_version.version < 12 $then\nSELECT b INTO v FROM t;\n$else\nv := 1;\n$end\nINSERT INTO o (c) VALUES (v);", ["t.b > o.c i"]),
    ("or nothing is", "oracle", PLSQL, "SELECT a INTO v FROM t;\n$if $$debug $then v := 1; $end\nINSERT INTO o (c) VALUES (v);", ["t.a > o.c i"]),
    ("what comes later in a loop is seen by its beginning", "postgres", PGSQL, "WHILE i < 3 LOOP INSERT INTO o (c) VALUES (v); v := w; w := (SELECT a FROM t); END LOOP;", ["t.a > o.c i"]),
    ("another row of a record", "postgres", PGSQL, "SELECT a INTO r FROM t; SELECT c AS a INTO r FROM u; INSERT INTO o (c) VALUES (r.a);", ["u.c > o.c i"]),
    ("a field is replaced, the others stay", "postgres", PGSQL, "SELECT * INTO s FROM t; s.a := (SELECT c FROM u); INSERT INTO o (c, d) VALUES (s.a, s.b);", ["u.c > o.c i", "t.b > o.d i"]),
    ("a field becomes a constant", "postgres", PGSQL, "SELECT * INTO s FROM t; s.a := 1; INSERT INTO o (c, d) VALUES (s.a, s.b);", ["t.b > o.d i"]),
    ("a field is replaced in a branch", "postgres", PGSQL, "SELECT * INTO s FROM t; IF i = 1 THEN s.a := (SELECT c FROM u); END IF; INSERT INTO o (c) VALUES (s.a);", ["t.a > o.c i", "u.c > o.c i"]),
    ("an element of a collection is one of many", "oracle", PLSQL, "SELECT a BULK COLLECT INTO n FROM t; SELECT c INTO n(2) FROM u; INSERT INTO o (c) VALUES (n(i));", ["t.a > o.c i", "u.c > o.c i"]),
    ("a field of an element", "oracle", PLSQL, "SELECT a INTO v FROM t; l(1).a := v; SELECT c INTO v FROM u; l(2).a := v; INSERT INTO o (c) VALUES (l(i).a);", ["t.a > o.c i", "u.c > o.c i"]),
]  # fmt: skip


@pytest.mark.parametrize(("dialect", "body", "text", "expected"), [c[1:] for c in OWN], ids=[c[0] for c in OWN])
def test_what_engines_say(dialect: str, body: str, text: str, expected: list[str]) -> None:
    check((dialect, body.replace("{}", text), expected), {"t": ["id", "a", "b"], "u": ["c", "d"]})


PATHS = [
    ("SELECT 1;", [()]),
    ("IF a THEN SELECT 1; ELSIF b THEN SELECT 2; ELSE SELECT 3; END IF; SELECT 4;", [(THEN,), (ELSE, THEN), (ELSE, ELSE), ()]),
    ("LOOP SELECT 1; END LOOP; SELECT 2;", [(LOOP,), ()]),
    ("LOOP SELECT 1; IF a THEN SELECT 2; EXIT; END IF; END LOOP; SELECT 3;", [(LOOP, TRY), (LOOP, TRY, THEN), ()]),
    ("BEGIN SELECT 1; EXCEPTION WHEN a THEN SELECT 2; WHEN b THEN SELECT 3; END; SELECT 4;", [(TRY,), (CATCH, THEN), (CATCH, ELSE), ()]),
    ("IF a THEN SELECT 1; RETURN; ELSIF b THEN SELECT 2; ELSE SELECT 3; RAISE x; END IF; SELECT 4;", [(TRY, THEN, ENDING), (TRY, ELSE, THEN), (TRY, ELSE, ELSE, ENDING), (TRY,)]),
    ("IF a THEN BEGIN SELECT 1; RAISE; END; END IF; SELECT 2;", [(THEN, ENDING), ()]),
    ("BEGIN SELECT 1; RAISE; EXCEPTION WHEN a THEN SELECT 2; RAISE; WHEN b THEN SELECT 3; END; SELECT 4;", [(TRY, ENDING), (CATCH, THEN, ENDING), (CATCH, ELSE), ()]),
    ("DECLARE EXIT HANDLER FOR a SELECT 2; DECLARE EXIT HANDLER FOR b BEGIN SELECT 3; END; SELECT 1; END; SELECT 4;", [(TRY,), (CATCH, THEN), (CATCH,), ()]),
    ("IF a THEN SELECT 1; END LOOP; SELECT 2; END IF; SELECT 3;", [(THEN,), (THEN,), ()]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), PATHS, ids=[c[0][:30] for c in PATHS])
def test_where_statements_stand(text: str, expected: list[tuple[int, ...]]) -> None:
    found = split(tokenize(f"BEGIN {text} END;", POSTGRES)[0], POSTGRES)
    assert [tuple(step % ROLES for step in s.path) for s in found if s.verb == "SELECT"] == expected


def test_branches_that_are_nested_deeply() -> None:
    text = "IF a THEN " * 70 + "SELECT 1; " + "END IF; " * 70
    (found,) = split(tokenize(f"BEGIN {text} END;", POSTGRES)[0], POSTGRES)
    assert len(found.path) == 61 and found.path[-1] % ROLES == ANY_LOOP
