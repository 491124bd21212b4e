"""diff and impact against repositories of git, a stranger's among them."""

from __future__ import annotations

import base64
import gzip
import json
import os
import re
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

import ray_lineage
from ray_lineage.errors import RayLineageError, UsageError
from tests.e2e.test_cli_commands import run

_WHO = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
FILES = {
    "ray_lineage.toml": 'dialect = "postgres"\n',
    "CODEOWNERS": "* @data\nmart/ @mart\n",
    "core/orders.sql": "CREATE TABLE core.orders (id int, note text, amount int);\n",
    "mart/notes.sql": "CREATE VIEW mart.notes AS SELECT note, amount FROM core.orders;\n",
    "mart/total.sql": "CREATE VIEW mart.total AS SELECT SUM(amount) AS total FROM mart.notes;\n",
}


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *_WHO, *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def repository(folder: Path) -> Path:
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main", ".")
    for path, text in FILES.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    return folder


def told(folder: Path, *words: str) -> dict[str, Any]:
    done = run(folder, "diff", "--json", *words)
    assert done.returncode in (0, 1), done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def names(report: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (c["change"]["kind"], f"{c['change']['dataset']}.{c['change']['column']}".strip(".")) for c in report["changes"]
    ]


BROKEN = [("broken-reader", "core.orders.note")]


def test_a_branch_its_working_tree_and_its_history(tmp_path: Path) -> None:
    top = repository(tmp_path / "r")
    assert names(told(top)) == []
    (top / "core/orders.sql").write_text("CREATE TABLE core.orders (id int, amount int);\n")
    before = git(top, "status", "--porcelain")
    done = run(top, "diff")
    assert done.returncode == 1
    assert (
        "broken-reader core.orders.note  mart/notes.sql:1" in done.stdout and "owners: @mart @data" not in done.stdout
    )
    assert git(top, "status", "--porcelain") == before  # nothing was checked out, nothing added
    assert run(top, "diff", "--fail-on", "never").returncode == 0
    git(top, "switch", "-qc", "work")
    git(top, "commit", "-qam", "without notes")
    assert names(told(top)) == BROKEN  # against the default branch
    assert names(told(top, "main", "work")) == BROKEN
    assert names(told(top / "core", "main")) == BROKEN  # from a folder of it
    assert "core.orders.note  ../mart/notes.sql:1\n" in run(top / "core", "diff", "main").stdout
    assert "file=mart/notes.sql" in run(top / "core", "diff", "main", "--format", "github").stdout
    git(top, "switch", "-q", "main")
    (top / "mart/new.sql").write_text("CREATE VIEW mart.new AS SELECT 1 AS x;\n")
    git(top, "add", ".")
    git(top, "commit", "-qm", "main moves on")
    assert ("removed", "mart.new") in names(told(top, "main", "work"))
    assert names(told(top, "main", "work", "--merge-base")) == BROKEN
    files = told(top, "main", "work", "--merge-base")["files"]
    assert files == {"changed": 1, "added": 0, "removed": 0, "silent": 0}


def test_other_settings_cannot_hide_what_breaks(tmp_path: Path) -> None:
    """Both sides are read as they are now: what they leave out is in neither, which is no "no change"."""
    top = repository(tmp_path / "r")
    (top / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    (top / "core/orders.sql").write_text("CREATE TABLE core.orders (id int, amount int);\n")
    git(top, "add", ".")
    git(top, "commit", "-qm", "another tool's file")
    assert names(told(top, "HEAD~1", "HEAD")) == BROKEN
    (top / "ray_lineage.toml").write_text('dialect = "postgres"\nignore = ["core/**"]\n')
    report = told(top, "HEAD~1")
    assert names(report) == [("unknown", "")]
    assert (report["changes"][0]["change"]["file"], report["changes"][0]["owners"]) == ("ray_lineage.toml", ["@data"])
    assert run(top, "diff", "HEAD~1", "--fail-on", "warning").returncode == 1
    (top / "ray_lineage.toml").write_text('# as before\ndialect="postgres"\n')
    (top / "pyproject.toml").write_text("[tool.ray_lineage]\nmax_file_size = 10\n")
    git(top, "commit", "-qam", "small files")
    assert ("unknown", "") in names(told(top, "HEAD~1", "HEAD"))


def test_revisions_are_compared_from_python(tmp_path: Path) -> None:
    top = repository(tmp_path / "r")
    (top / "core/orders.sql").write_text("CREATE TABLE core.orders (id int, amount int);\n")
    git(top, "commit", "-qam", "without notes")
    found = ray_lineage.changes("HEAD~1", "HEAD", folder=str(top))
    frame = found.to_pandas()
    row = frame[["kind", "level", "dataset", "column", "file", "reached"]].values.tolist()[0]
    assert row == ["broken-reader", "error", "core.orders", "note", "mart/notes.sql", 2]
    assert (found.is_bad("broken"), ray_lineage.changes(folder=str(top)).changes) == (True, ())
    with pytest.raises(RayLineageError, match="nosuch") as wrong:
        ray_lineage.changes("nosuch", folder=str(top))
    assert wrong.value.code.startswith("RL25")
    with pytest.raises(UsageError, match="needs a base"):
        ray_lineage.changes(head="HEAD", folder=str(top))


def test_the_formats(tmp_path: Path) -> None:
    top = repository(tmp_path / "r")
    (top / "core/orders.sql").write_text("CREATE TABLE core.orders (id int, amount bigint, note text);\n")
    text = {form: run(top, "diff", "--format", form).stdout for form in ("text", "markdown", "github", "sarif")}
    assert "1 other type" in text["text"]
    assert text["markdown"].startswith("<!-- ray_lineage diff -->\n### Lineage: 1 other type\n")
    assert text["github"].startswith("::notice file=core/orders.sql,line=1,title=other type%3A core.orders.amount::")
    assert json.loads(text["sarif"])["runs"][0]["results"][0]["ruleId"] == "type"
    done = run(top, "diff", "--format", "pdf")
    assert done.returncode == 2 and "RL203" in done.stderr


def test_before_the_first_ingest_no_data_folder_is_made(tmp_path: Path) -> None:
    place = repository(tmp_path / "w")
    assert told(place)["changes"] == []
    assert run(place, "impact", "core.orders.note").returncode == 0
    assert not (place / "data").exists()
    done = run(place, "ingest", ".")
    assert done.returncode == 0, done.stderr
    assert told(place)["changes"] == []


def test_a_page_shows_both_sides(tmp_path: Path) -> None:
    top = repository(tmp_path / "r")
    (top / "core/orders.sql").write_text("CREATE TABLE core.orders (id bigint, amount int, fx text);\n")
    assert run(top, "diff", "--page", str(tmp_path / "none" / "x.html")).returncode == 2
    done = run(top, "diff", "--json", "--page", str(tmp_path / "page.html"))
    assert done.returncode == 1, done.stderr
    held = re.search(r'id="data">([^<]*)<', (tmp_path / "page.html").read_text())
    assert held is not None
    data = json.loads(gzip.decompress(base64.b64decode(held[1])))
    listed = [(c["kind"], c["dataset"], c["column"]) for c in data["diff"]["changes"]]
    assert listed == [
        tuple(c["change"][k] for k in ("kind", "dataset", "column")) for c in json.loads(done.stdout)["changes"]
    ]
    columns = [data["names"][n] for n in data["c"]["n"]]
    orders = data["t"]["n"].index("orders")
    first = sum(data["t"]["c"][:orders])
    marked = dict(zip(columns[first : first + data["t"]["c"][orders]], data["diff"]["c"][first:], strict=False))
    assert marked == {"id": 3, "amount": 0, "fx": 1, "note": 2}
    assert {"orders", "notes", "total"} <= set(data["t"]["n"])


def test_impact_of_names_and_of_a_revision(tmp_path: Path) -> None:
    top = repository(tmp_path / "r")
    named = json.loads(run(top, "impact", "orders.amount", "--json").stdout)
    assert (named["of"], named["reached"]) == (["core.orders.amount"], {"mart.notes": 1, "mart.total": 2})
    assert named["owners"] == ["@mart"]
    done = run(top, "impact", "core.ordres")
    assert done.returncode == 2 and "did you mean core.orders?" in done.stderr
    (top / "mart/notes.sql").write_text(FILES["mart/notes.sql"].replace("amount FROM", "amount + 1 AS amount FROM"))
    since = json.loads(run(top, "impact", "--base", "HEAD", "--json").stdout)
    assert (since["of"], since["reached"]) == (["mart.notes.amount"], {"mart.total": 1})
    assert run(top, "impact").returncode == 2


def test_what_dbt_is_to_build_again(tmp_path: Path) -> None:
    top = repository(tmp_path / "r")
    models = {"a": "select 1 as x", "b": "select x from {{ ref('a') }}", "c": "select 2 as y"}
    (top / "models").mkdir()
    (top / "dbt_project.yml").write_text("name: shop\n")
    for name, sql in models.items():
        (top / f"models/{name}.sql").write_text("{{ config(materialized='table') }}\n" + sql + "\n")
    git(top, "add", ".")
    git(top, "commit", "-qm", "models")
    (top / "models/a.sql").write_text("{{ config(materialized='table') }}\nselect 1 + 1 as x\n")
    assert run(top, "impact", "--base", "HEAD", "--format", "dbt-selector").stdout == "a b\n"


def test_what_git_cannot_give_is_said(tmp_path: Path) -> None:
    top = repository(tmp_path / "r")
    (top / "x.sql").write_text("SELECT 1;\n")
    git(top, "add", ".")
    git(top, "commit", "-qm", "second")
    first = git(top, "rev-parse", "HEAD~1")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{top}", str(clone))
    done = run(clone, "diff", first)
    assert done.returncode == 2 and "RL253" in done.stderr and "fetch-depth: 0" in done.stderr
    for revision in ("nosuch", "main..work", "--output=/tmp/x"):
        done = run(top, "diff", "--", revision)
        assert done.returncode == 2 and "RL253" in done.stderr, revision
    elsewhere = tmp_path / "plain"
    elsewhere.mkdir()
    done = run(elsewhere, "diff")
    assert done.returncode == 2 and "RL253" in done.stderr


def test_a_repository_without_a_commit_says_so(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", ".")
    (tmp_path / "a.sql").write_text("SELECT 1;\n")
    done = run(tmp_path, "diff", "HEAD")
    assert done.returncode == 2 and "RL253" in done.stderr and "has no commit yet" in done.stderr
    assert "unshallow" not in done.stderr


def test_a_partial_clone_fetches_nothing(tmp_path: Path) -> None:
    top = repository(tmp_path / "r")
    git(top, "config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--no-checkout", "--filter=blob:none", f"file://{top}", str(clone))
    done = run(clone, "diff", "HEAD", "HEAD")
    assert done.returncode == 2 and "RL253" in done.stderr and "partial clone" in done.stderr


@pytest.fixture
def trap(tmp_path: Path) -> tuple[Path, Path]:
    """A program, and the file that it makes if somebody runs it."""
    mark, program = tmp_path / "it-ran", tmp_path / "trap.sh"
    program.write_text(f"#!/bin/sh\ntouch {mark}\ncat\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program, mark


def test_a_strangers_repository_has_nothing_run(tmp_path: Path, trap: tuple[Path, Path]) -> None:
    program, mark = trap
    top = repository(tmp_path / "r")
    (top / ".gitattributes").write_text("*.sql filter=evil diff=evil text eol=crlf working-tree-encoding=UTF-16\n")
    git(top, "add", ".gitattributes")
    git(top, "commit", "-qm", "attributes")
    for key in (
        "core.fsmonitor", "core.pager", "core.sshCommand", "core.editor", "core.askPass", "filter.evil.clean", "filter.evil.smudge",
        "filter.evil.process", "diff.external", "diff.evil.textconv", "diff.evil.command", "gpg.program", "credential.helper",
        "core.alternateRefsCommand", "uploadpack.packObjectsHook", "pager.cat-file", "pager.ls-tree", "alias.ls-tree",
    ):  # fmt: skip
        git(top, "config", key, str(program))
    git(top, "config", "extensions.partialClone", "origin")
    git(top, "config", "remote.origin.url", f"ext::{program}")
    git(top, "config", "remote.origin.promisor", "true")
    git(top, "config", "protocol.ext.allow", "always")
    for hook in ("post-index-change", "reference-transaction", "post-checkout", "pre-auto-gc"):
        (top / ".git/hooks" / hook).symlink_to(program)
    (top / "mart/total.sql").write_text("CREATE VIEW mart.total AS SELECT MAX(amount) AS total FROM mart.notes;\n")
    mark.unlink(missing_ok=True)  # setting the stage may have run it
    assert names(told(top)) == [("values", "mart.total.total")]
    missing = top / ".git/objects"
    blob = git(top, "rev-parse", "HEAD:mart/notes.sql")
    os.unlink(missing / blob[:2] / blob[2:])  # what is not there is not fetched from where it says
    assert run(top, "diff", "HEAD", "HEAD").returncode == 2
    assert not mark.exists()


def test_names_of_a_stranger_stay_names(tmp_path: Path) -> None:
    top = repository(tmp_path / "r")
    path = top / "::error file=x::y.sql"
    path.write_text('CREATE VIEW "a|b`<img src=x>" AS SELECT nothing FROM core.orders;\n')
    (top / "link.sql").symlink_to("/etc/passwd")
    done = run(top, "diff")
    assert not any(line.startswith("::") for line in done.stdout.splitlines())
    comment = run(top, "diff", "--format", "markdown").stdout
    assert "<img" not in comment and "a&#124;b" in comment
    assert "passwd" not in comment


def test_a_dbt_model_changed_in_the_working_tree_keeps_what_the_project_file_says_of_it(tmp_path: Path) -> None:
    top = repository(tmp_path / "r")
    files = {
        "dbt_project.yml": "name: p\nmodel-paths: ['models']\nmodels: {p: {staging: {schema: stg}}}\n",
        "models/staging/s.sql": "select a, b from {{ source('raw', 't') }}\n",
        "models/marts/m.sql": "select a, b from {{ ref('s') }}\n",
    }
    for path, text in files.items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_text(text)
    git(top, "add", ".")
    git(top, "commit", "-qm", "models")
    (top / "models/staging/s.sql").write_text("select a, b as c from {{ source('raw', 't') }}\n")
    on_disk = told(top, "HEAD")
    git(top, "commit", "-qam", "renamed")
    assert names(on_disk) == names(told(top, "HEAD~1", "HEAD"))
    assert names(on_disk)[0] == ("broken-reader", "stg.s.b")


def test_roots_that_lead_out_of_the_project_are_refused_as_everywhere(tmp_path: Path) -> None:
    top = repository(tmp_path / "r")
    (top / "ray_lineage.toml").write_text('dialect = "postgres"\nroots = "../"\n')
    for command in (("diff",), ("impact", "core.orders.note"), ("check",)):
        done = run(top, *command)
        assert (done.returncode, "error[RL227]" in done.stderr) == (2, True), (command, done.stderr)
        assert f"{tmp_path} lies outside of {top}" in done.stderr
