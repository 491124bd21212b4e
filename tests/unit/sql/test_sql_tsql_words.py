"""Names and words of T-SQL: ``@name`` and ``#name`` are one token whatever the word, and a word is a name unless it is reserved
(https://learn.microsoft.com/en-us/sql/t-sql/language-elements/reserved-keywords-transact-sql). What a statement does is the
same, whatever its names are."""

from __future__ import annotations

import re

import pytest

import ray_lineage

RESERVED = (
    "add all alter and as begin between break bulk case check close commit containstable continue create cross dbcc declare "
    "default delete deny distinct drop else end exec execute exists fetch for from full goto grant group having if in insert "
    "into is join kill left like merge not null of on open option or order outer output over plan print proc raiserror return "
    "revoke right rollback save select set table then to top truncate union update use user values view waitfor when where "
    "while with"
).split()
PLAIN = (
    "anti asof cache copy describe disable enable get glob ilike inserted label lateral limit lock log move name natural "
    "notnull output partitioned_by path qualify recursive regexp rename returning rlike semi send status type using value window xor"
).split()
VARIABLES = [
    "INSERT INTO d.o (a) SELECT b FROM d.i WHERE @W > 1 AND k IN (@W, 2)",
    "DECLARE @x int, @W int; SELECT @x = 1, @W = b FROM d.i; UPDATE d.o SET a = @W WHERE c = @x",
    "UPDATE d.o SET a = b OUTPUT deleted.a, @W INTO d.l (x, y) FROM d.i WHERE c = @W",
    "INSERT INTO d.o (a) OUTPUT inserted.a, @W INTO d.l (x, y) SELECT b FROM d.i WHERE c = @W",
    "IF @W = 1 INSERT INTO d.o (a) SELECT b FROM d.i ELSE INSERT INTO d.o (a) SELECT c FROM d.i",
    "EXEC d.p @W = 1, @y = @W OUTPUT INSERT INTO d.o (a) SELECT b FROM d.i",
    "CREATE PROCEDURE d.p (@W int = NULL OUTPUT) AS BEGIN SELECT @W = b FROM d.i RETURN @W END",
    "PRINT @W INSERT INTO d.o (a) SELECT CASE WHEN b = @W THEN @W ELSE c END FROM d.i",
    "DECLARE @W TABLE (b int); INSERT @W SELECT b FROM d.i; INSERT INTO d.o (a) SELECT x.b FROM @W x; DELETE @W; UPDATE @W SET b = 1",
    "EXEC sp_executesql N'INSERT INTO d.o (a) SELECT b FROM d.i WHERE c = @W', N'@W int', @W = 1",
]
TABLES = [
    "SELECT b INTO #W FROM d.i INSERT INTO d.o (a) SELECT b FROM #W DROP TABLE #W",
    "CREATE TABLE #W (b int) INSERT INTO #W (b) SELECT b FROM d.i INSERT INTO d.o (a) SELECT t.b FROM ##W t, #W",
    "INSERT INTO d.o (a) SELECT b FROM tempdb..#W WHERE #W.c = 1",
]
NAMES = [
    "SELECT W.a INTO d.o FROM d.u x LEFT JOIN d.t W ON W.b = x.b",
    "SELECT x.a INTO d.o FROM d.t AS x JOIN d.u W ON W.b = x.b WHERE W.c = 1 ORDER BY W.c",
    "WITH W AS (SELECT a FROM d.t), x AS (SELECT a FROM W) SELECT W.a INTO d.o FROM W JOIN x ON x.a = W.a",
    "SELECT a AS W, t.W, t.b INTO d.o FROM d.t t WHERE W > 2 OR b IN (W, 3)",
    "UPDATE W SET W.a = s.a, b = s.W FROM d.o W JOIN d.t s ON s.k = W.k",
    "DELETE W FROM d.o W WHERE W.k = 1",
    "CREATE VIEW d.v AS SELECT W.a FROM d.W W",
]
_PLACE = re.compile(r"(?<![A-Za-z])W(?![A-Za-z])")


def _answer(template: str, word: str) -> list[str]:
    found = ray_lineage.lineage(_PLACE.sub(word, template), "tsql")
    said = {f"{c.source} > {c.target} {c.certainty}" for c in found.columns}
    return sorted((*said, *found.sources, *found.targets, *(d.code for d in found.diagnostics)))


@pytest.mark.parametrize(
    ("templates", "words"),
    [(VARIABLES, RESERVED + PLAIN), (TABLES, RESERVED + PLAIN), (NAMES, PLAIN)],
    ids=["@", "#", ""],
)
def test_a_name_is_a_name_whatever_the_word(templates: list[str], words: list[str]) -> None:
    wrong: list[tuple[str, str]] = []
    for k, template in enumerate(templates):
        neutral = _answer(template, "zzq")
        assert "RL102" not in neutral
        for word in words[k % 3 :: 3]:
            if _answer(template, word) != sorted(text.replace("zzq", word) for text in neutral):
                wrong.append((word, template))
    assert wrong == []


def test_words_that_begin_clauses_still_do() -> None:
    assert _answer("SELECT SUM(a) OVER w AS x INTO d.o FROM d.t WINDOW w AS (PARTITION BY b)", "") == sorted(
        ["d.t.a > d.o.x certain", "d.t.b > d.o.x certain", "d.t", "d.o"]
    )
    assert "d.t.a > d.l.a certain" in _answer("DELETE d.t OUTPUT deleted.a INTO d.l (a) WHERE output = 1", "")
    assert _answer(
        "BEGIN TRY DELETE d.t END TRY BEGIN CATCH THROW 50000, 'x', 1 SELECT throw INTO d.o FROM d.t; THROW END CATCH",
        "",
    ) == (sorted(["d.t.throw > d.o.throw certain", "d.t", "d.t", "d.o"]))
