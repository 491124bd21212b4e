"""Scripts of OHDSI's SqlRender, by its vignette "Using SqlRender": parameters, defaults, if-then-else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ray_lineage.compile.sql.detect import detect
from ray_lineage.compile.text import sqlrender
from tests.unit.sql.cases import check, pairs

ANALYSIS = """-- 101 Number of persons by age
{DEFAULT @smallest = 5}
INSERT INTO @results.counts (stratum, n)
SELECT p.gender, COUNT_BIG(p.person_id) + @smallest
FROM @cdm.person p
JOIN @cdm.death d ON d.person_id = p.person_id
GROUP BY p.gender;
"""


def test_parameters_in_names_are_names_and_others_are_variables() -> None:
    check(
        (
            "tsql",
            ANALYSIS,
            ["_cdm.person.gender > _results.counts.stratum i", "_cdm.person.person_id > _results.counts.n a"],
        )
    )


def test_a_name_may_be_made_of_several() -> None:
    script = "SELECT q.a INTO @scratch@delim@prefix_1 FROM @cdm.observation q;"
    assert pairs(script, "tsql") == {"_cdm.observation.a > _scratch_delim_prefix_1.a i"}


def test_a_name_in_a_text_is_the_same_name() -> None:
    script = "EXEC sp_rename '@s.t', 'old';\nINSERT INTO @s.u (a) SELECT a FROM @s.old WHERE b = 'x@y.com';"
    assert sqlrender.render(script).text.split("\n")[0] == "EXEC sp_rename '_s.t', 'old';"
    assert "'x@y.com'" in sqlrender.render(script).text


@pytest.mark.parametrize("end", ["a = 1", "a IN (@ids)", "a IS NULL", "a = 'x'", "a = @b"])
def test_a_parameter_behind_a_whole_value_is_a_clause_that_nobody_knows(end: str) -> None:
    script = f"INSERT INTO @s.u (a, b) SELECT q.a, (SELECT 1 FROM @s.w WHERE {end} @more) FROM @s.t q WHERE {end}\n  @more ORDER BY 1"
    assert pairs(script, "tsql") == {"_s.t.a > _s.u.a i"}


@pytest.mark.parametrize(
    "end",
    ["FROM @s.t q\n  @more\n", "FROM @s.t q JOIN @s.w v ON v.k = q.k\n@more;", "FROM (SELECT * FROM @s.t x\n@more) q"],
)
def test_a_parameter_on_a_line_behind_a_name_is_a_clause_that_nobody_knows(end: str) -> None:
    assert pairs(f"INSERT INTO @s.u (a) SELECT q.a {end}", "tsql") == {"_s.t.a > _s.u.a i"}


def test_arguments_on_lines_of_their_own_are_none() -> None:
    script = "SELECT a FROM @s.t;\nEXEC p\n  @x\n;\nSET @y = (SELECT max(a) FROM @s.t WHERE b =\n  @x\n);"
    assert sqlrender.render(script).text == script.replace("@s", "_s")


def test_both_texts_of_a_condition_are_read_and_neither_is_certain() -> None:
    script = (
        "{@create} ? {\nSELECT a INTO @s.t FROM @cdm.x;\n} : {\nINSERT INTO @s.t (a) SELECT b FROM @cdm.y;\n}\n"
        "INSERT INTO @s.u (a) SELECT a FROM @cdm.z;"
    )
    check(("tsql", script, ["_cdm.x.a > _s.t.a i?", "_cdm.y.b > _s.t.a i?", "_cdm.z.a > _s.u.a i"]))


@pytest.mark.parametrize(
    ("script", "first", "others"),
    [
        (
            "{@a != ''} ? {x} : {y} @s.t",
            "              x        _s.t",
            ["                    y  _s.t"],
        ),
        (
            "{@a}?{x{@b}?{y}:{z}} @s.t",
            "      x      y       _s.t",
            ["      x          z   _s.t"],
        ),
        (
            "{unclosed ? {x} @s.t",
            "{unclosed ? {x} _s.t",
            [],
        ),
        (
            "-- {@a} ? {x}\n{DEFAULT @b = 1}",
            "--         x \n                ",
            [],
        ),
        (
            "{@v == '4'}?{a}{@v == \"5\"}?{b}{@v != '4'}?{c}",
            "             a                               ",
            ["                            b              c "],
        ),
        (
            "--{@v IN (1, 2)}?{\n a\n --}{!(@v = 1) | @x}?{\n b\n--}",
            "--                \n a\n --                   \n b\n-- ",
            [],
        ),
        (
            "{@a & @b == 1}?{x}{!@a}?{y}{@a}?{z}",
            "                x                z ",
            ["                         y         "],
        ),
    ],
    ids=["two texts", "one in another", "no end", "comment and default", "excluded", "in comments", "flags"],
)
def test_what_becomes_of_the_text(script: str, first: str, others: list[str]) -> None:
    found = sqlrender.render(script)
    assert (found.text, *found.others) == (first, *others)


@given(st.text(alphabet="{}?:@ab\n", max_size=60))
def test_the_lines_of_a_condition_are_those_of_its_braces(script: str) -> None:
    found = sqlrender.render(f"{script};\n\n{{@a}} ? {{\nx\n}}")
    last = script.count("\n") + 3
    assert found.branches[-1] == (last, last + 2)


@given(st.text(alphabet="{}?:@ab.'-\n /*", max_size=60))
def test_characters_keep_their_places(script: str) -> None:
    found = sqlrender.render(script)
    for text in (found.text, *found.others):
        assert [len(line) for line in text.split("\n")] == [len(line) for line in script.split("\n")]


@pytest.mark.parametrize(
    "text",
    [
        "SELECT t.$1, t.$2 FROM @my_db.my_schema.my_stage (FILE_FORMAT => csv) t;",
        "COPY INTO t FROM @my_schema.my_stage/path;",
        "SELECT metadata$filename FROM @s.stage;",
    ],
)
def test_stages_of_snowflake_are_none_of_it(text: str) -> None:
    assert not sqlrender.speaks(text)
    assert detect(text)[0] == "snowflake"


@pytest.mark.parametrize(
    "text",
    [
        "CREATE TABLE @cdmDatabaseSchema.PERSON (person_id integer NOT NULL);",
        "CREATE TABLE IF NOT EXISTS @cdm.person (a int);",
        "INSERT INTO @cdm.person (a) SELECT 1;",
    ],
)
def test_what_is_made_or_has_columns_behind_it_is_no_stage(text: str) -> None:
    assert sqlrender.speaks(text)


def test_comments_stand_where_white_space_does() -> None:
    assert sqlrender.speaks("SELECT a FROM /* the model */ @cdm.person")
    assert sqlrender.speaks("SELECT a FROM -- the model\n  @cdm.person")
    assert sqlrender.speaks("INSERT /* a */ INTO @results.r SELECT 1")


def test_methods_of_variables_are_none_of_it() -> None:
    assert not sqlrender.speaks("SELECT n.value('.', 'int') FROM @x.nodes('/a') AS t(n)")


def test_it_is_the_dialect_of_sql_server() -> None:
    assert detect(ANALYSIS)[0] == "tsql"


def test_a_dialect_that_has_stages_has_no_parameters_in_names() -> None:
    sql = "INSERT INTO o (a) SELECT t.value FROM @raw.landing AS t"
    assert not sqlrender.speaks(sql, stages=True)
    assert not any("_raw" in pair for pair in pairs(sql, "snowflake"))
    assert sqlrender.speaks("{@a} ? {x} : {y}", stages=True)
