"""Owners, types, the files of a tree, and what statements say."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from ray_lineage.compile import CompileOptions, compile_source
from ray_lineage.compile.wording import difference, is_confined, worded
from ray_lineage.diff.git import Entry, Repository
from ray_lineage.diff.owners import Owners, owners_of
from ray_lineage.diff.retyped import compare
from ray_lineage.diff.tree import sources
from ray_lineage.errors import UsageError
from ray_lineage.sources.scan import ScanOptions

CODEOWNERS = """
# a comment
*       @global-owner1 @global-owner2
*.js    @js-owner #This is an inline comment.
*.go docs@example.com
*.txt @octo-org/octocats
/build/logs/ @doctocat
docs/* docs@example.com
apps/ @octocat
/docs/ @doctocat
/apps/github
**/logs @octocat
"""
"""The example of GitHub's documentation."""


@pytest.mark.parametrize(
    ("path", "owners"),
    [
        ("a.sql", ("@global-owner1", "@global-owner2")),
        ("x/y.js", ("@js-owner",)),
        ("docs/getting-started.md", ("@doctocat",)),
        ("docs/build-app/troubleshooting.md", ("@doctocat",)),
        ("x/docs/a.sql", ("@global-owner1", "@global-owner2")),
        ("apps/a.sql", ("@octocat",)),
        ("apps/github/a.sql", ()),
        ("deeply/nested/logs/a.sql", ("@octocat",)),
        ("build/logs/a.sql", ("@octocat",)),
    ],
)
def test_the_last_line_that_matches_counts(path: str, owners: tuple[str, ...]) -> None:
    assert Owners(CODEOWNERS).of(path) == owners


def test_owners_of_files_below_the_top_of_their_repository(tmp_path: Path) -> None:
    below = tmp_path / "etl" / "sql"
    below.mkdir(parents=True)
    (tmp_path / "CODEOWNERS").write_text("* @all\n/etl/sql/mart/ @mart\n/docs/ @docs\n")
    assert owners_of(str(below), ["mart/a.sql"]) == ()  # it is in no working tree
    (tmp_path / ".git").mkdir()
    assert owners_of(str(below), ["mart/a.sql", "b.sql", "../../docs/c.sql"]) == ("@mart", "@all", "@docs")


def test_a_file_of_owners_cannot_hang_or_break() -> None:
    text = "\n".join(["*a" * 200 + "b @x", "[ @y", "!a @z", "a\\ b.sql @space", "(" * 50 + " @p"])
    assert Owners(text).of("a" * 5_000 + "c") == ()
    assert Owners(text).of("a b.sql") == ("@space",)


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        ("int", "INTEGER", "same"), ("int", "bigint", "wider"), ("bigint", "int", "narrower"), ("varchar(10)", "varchar(20)", "wider"),
        ("varchar(20)", "varchar(10)", "narrower"), ("varchar(20)", "text", "wider"), ("text", "varchar(20)", "narrower"),
        ("varchar(max)", "varchar(8000)", "narrower"), ("char(5)", "varchar(3)", "narrower"), ("varchar", "varchar(9)", "narrower"),
        ("decimal(10, 2)", "decimal(12, 2)", "wider"), ("decimal(10,2)", "numeric(10,4)", "narrower"), ("int", "varchar(9)", "other"),
        ("date", "int", "other"), ("int", "decimal(18,2)", "unknown"), ("foo", "bar", "unknown"), ("", "int", "unknown"),
        ("int", "", "unknown"), ("decimal(p, 2)", "decimal(9, 2)", "unknown"), ("timestamp(3)", "timestamp(6)", "unknown"),
        ("real", "double precision", "wider"), ("date", "timestamp", "wider"),
    ],
)  # fmt: skip
def test_types(before: str, after: str, verdict: str) -> None:
    assert compare(before, after) == verdict


# --------------------------------------------------------------------------- files of a tree


def listed(paths: list[str], rules: dict[str, str] | None = None, ignore: tuple[str, ...] = ()) -> list[str]:
    options = ScanOptions((".sql", ".json"), ignore)
    return sorted(e.path for e in sources([Entry(p, "0") for p in paths], options, rules or {}))


def test_the_files_are_those_of_a_scan() -> None:
    paths = [
        "a.sql",
        "b.txt",
        ".hidden.sql",
        ".git2/a.sql",
        "venv/a.sql",
        "ours/.ray_lineage",
        "ours/a.sql",
        "s/B.SQL",
        "s/no.sql",
        ".gitignore",
    ]
    assert listed(paths, {".gitignore": "no.sql\n"}) == ["a.sql", "s/B.SQL"]


def test_an_inner_ignore_file_decides_below_it() -> None:
    paths = [".gitignore", "a/x.sql", "b/.gitignore", "b/x.sql", "b/c/x.sql"]
    assert listed(paths, {".gitignore": "x.sql\n", "b/.gitignore": "!x.sql\n/c/\n"}) == ["b/x.sql"]


def test_of_a_target_folder_of_dbt_the_artefacts_alone() -> None:
    paths = ["dbt_project.yml", "target/manifest.json", "target/run_results.json", "target/compiled/a.sql", "m/a.sql"]
    assert listed(paths) == ["m/a.sql", "target/manifest.json"]


@pytest.mark.parametrize("revision", ["^HEAD", "^main", "--upload-pack=x", "", "a\0b"])
def test_what_names_no_commit_is_refused_before_git_is_asked(tmp_path: Path, revision: str) -> None:
    with pytest.raises(UsageError) as caught:
        Repository(tmp_path / "none").commit(revision)
    assert (caught.value.code, caught.value.help) == ("RL253", "name a branch, a tag or a commit")


@pytest.mark.parametrize(
    ("stderr", "message", "help_"),
    [
        (
            (b"fatal: detected dubious ownership in repository at '/r \x1b[1m'\nTo add an exception for this directory, call:\n\n"
            b"\tgit config --global --add safe.directory '/r \x1b[1m'\n"),
            "detected dubious ownership in repository at '/r \\x1B[1m'",
            "if you trust it: `git config --global --add safe.directory '/r s'`",
        ),
        (
            b"fatal: not a git repository: /nowhere\n", "not a git repository: /nowhere",
            "look at /r s/.git: it may be empty, or point nowhere",
        ),
    ],
)  # fmt: skip
def test_git_that_refuses_the_repository_is_no_missing_commit(
    monkeypatch: pytest.MonkeyPatch, stderr: bytes, message: str, help_: str
) -> None:
    """What git 2.39 says."""

    def refused(self: Repository, words: Iterable[str]) -> CompletedProcess[bytes]:
        return CompletedProcess(list(words), 128, b"", stderr)

    monkeypatch.setattr(Repository, "_done", refused)
    with pytest.raises(UsageError) as caught:
        Repository("/r s").default_base()
    said = (caught.value.code, caught.value.message, caught.value.help)
    assert said == ("RL253", f"git refuses this repository: fatal: {message}", help_)


# --------------------------------------------------------------------------- what statements say


def said(sql: str, dialect: str = "postgres") -> list[tuple[str, ...]]:
    facts = compile_source(sql, CompileOptions(dialect))
    return [tuple(w.text for w in words) for words in worded(sql, facts, "sql").statements]


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("SELECT a FROM t", "select /* x */ A\n from T -- y", True),
        ("SELECT 'a' FROM t", "SELECT 'A' FROM t", False),
        ('SELECT "a" FROM t', 'SELECT "A" FROM t', False),
        ("SELECT 1 FROM t", "SELECT 2 FROM t", False),
        ("SELECT '--x' FROM t", "SELECT '--y' FROM t", False),
    ],
)
def test_words(before: str, after: str, same: bool) -> None:
    assert (said(before) == said(after)) is same


@pytest.mark.parametrize(
    ("dialect", "before", "after", "same"),
    [
        ("tsql", "SELECT id, a FROM dbo.t", 'SELECT [ID], "a" FROM [dbo].[T]', True),
        ("tsql", "SELECT [Order ID] FROM t", 'SELECT "order id" FROM t', True),
        ("tsql", "SELECT date FROM t", "SELECT [date] FROM t", True),
        ("tsql", "SELECT null FROM t", "SELECT [null] FROM t", False),
        ("tsql", "SELECT user FROM t", "SELECT [user] FROM t", False),
        ("tsql", "SELECT a FROM t LEFT JOIN u ON 1 = 1", "SELECT a FROM t [LEFT] JOIN u ON 1 = 1", False),
        ("tsql", "SET QUOTED_IDENTIFIER OFF; SELECT a FROM t", 'SET QUOTED_IDENTIFIER OFF; SELECT "a" FROM t', False),
        ("mysql", "SELECT a FROM t", "SELECT `a` FROM `t`", True),
        ("mysql", "SELECT a FROM t", 'SELECT "a" FROM t', False),
        ("bigquery", "SELECT a FROM p.d.t", "SELECT `a` FROM `p.d.t`", True),
        ("bigquery", "SELECT a FROM `my-p.d.t`", "SELECT a FROM `my-p`.d.`t`", True),
        ("spark", "SELECT a FROM t", "SELECT `a` FROM t", True),
        ("postgres", "SELECT a FROM t", 'SELECT "a" FROM "t"', True),
        ("postgres", "SELECT A FROM t", 'SELECT "A" FROM t', False),
        ("postgres", "SELECT current_date FROM t", 'SELECT "current_date" FROM t', False),
        ("snowflake", "SELECT a FROM t", 'SELECT "A" FROM t', True),
        ("snowflake", "SELECT a FROM t", 'SELECT "a" FROM t', False),
        ("oracle", "SELECT a FROM t", 'SELECT "A" FROM t', True),
        ("oracle", "SELECT a FROM t", 'SELECT "a" FROM t', False),
        ("oracle", "SELECT sysdate FROM t", 'SELECT "SYSDATE" FROM t', False),
    ],
)  # fmt: skip
def test_quotes_around_a_name(dialect: str, before: str, after: str, same: bool) -> None:
    assert (said(before, dialect) == said(after, dialect)) is same


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("SELECT a FROM t", "SELECT DISTINCT a FROM t", "its text is another one: DISTINCT is new"),
        ("SELECT a FROM t UNION SELECT a FROM u", "SELECT a FROM t", "its text is another one: UNION is gone"),
        ("SELECT 1 FROM t", "SELECT 2 FROM t", "its text is another one: in what it selects or sets, and nowhere else"),
        ("SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE b = 2", "its text is another one"),
    ],
)
def test_what_is_said_of_another_text_is_true(before: str, after: str, says: str) -> None:
    one, other = (
        worded(s, compile_source(s, CompileOptions("postgres")), "sql").statements[0] for s in (before, after)
    )
    assert difference(one, other) == says


_BODY = "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ {} INSERT INTO t SELECT a FROM u; $$;"


def test_words_of_a_body_in_dollars() -> None:
    assert said(_BODY.format("-- x\n")) == said(_BODY.format(""))


@pytest.mark.parametrize(
    ("before", "after", "confined"),
    [
        ("SELECT a, b FROM t", "SELECT a, b + 1 FROM t", True),
        ("SELECT a FROM t", "SELECT a, b FROM t", True),
        ("SELECT a FROM t", "SELECT a FROM t WHERE b = 1", False),
        ("SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE b = 2", False),
        ("SELECT DISTINCT a FROM t", "SELECT DISTINCT b FROM t", False),
        ("SELECT a FROM t UNION SELECT b FROM u", "SELECT a FROM t UNION SELECT c FROM u", False),
        ("SELECT a FROM t", "SELECT unnest(a) FROM t", False),
        ("SELECT a FROM (SELECT a FROM t) AS q", "SELECT a FROM (SELECT b AS a FROM t) AS q", False),
        ("SELECT a, 1 FROM t WHERE b = 1", "SELECT a, 2 FROM t WHERE b = 2", False),
        ("UPDATE t SET a = 1", "UPDATE t SET a = 2", True),
        ("UPDATE t SET a = 1 WHERE b = 1", "UPDATE t SET a = 1 WHERE b = 2", False),
    ],
)
def test_a_change_of_values_alone(before: str, after: str, confined: bool) -> None:
    one, other = (
        worded(s, compile_source(s, CompileOptions("postgres")), "sql").statements[0] for s in (before, after)
    )
    assert is_confined(one, other) is confined


def test_comments_of_python_are_none() -> None:
    texts = ["db.execute('SELECT a FROM t')\n", "# a\n\ndb.execute('SELECT a FROM t')  # b\n"]
    words = [worded(t, compile_source(t.encode(), CompileOptions(formats=("python",))), "python").whole for t in texts]
    assert words[0] == words[1]
