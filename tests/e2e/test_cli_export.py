"""Events of a repository of git, posted to a server: each says where its file stands, if that is still so."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.test_cli_commands import run
from tests.e2e.test_cli_diff import git, repository
from tests.unit.inputs.receiver import receiving
from tests.unit.inputs.test_openlineage_export import validate


def test_events_say_where_files_stand_at_their_code_host(tmp_path: Path) -> None:
    folder = repository(tmp_path / "r")
    git(folder, "remote", "add", "origin", "https://user:ghp_s3cret@github.com/acme/ware house.git")
    git(folder, "tag", "v1")
    (folder / "mart" / "new.sql").write_text("CREATE VIEW mart.new AS SELECT id FROM core.orders;\n")
    (folder / "mart" / "total.sql").write_text(
        "CREATE VIEW mart.total AS SELECT MAX(amount) AS total FROM mart.notes;\n"
    )
    assert run(folder, "ingest").returncode == 0
    commit = git(folder, "rev-parse", "HEAD")
    with receiving() as server:
        done = run(
            folder / "mart", "export", "--format", "openlineage", "--to", server.url,
            OPENLINEAGE_API_KEY="k3y-of-ours", GITHUB_REF="refs/pull/42/merge",
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert set(server.keys) == {"Bearer k3y-of-ours"}
    facets = {e["job"]["name"]: e["job"]["facets"].get("sourceCodeLocation") for e in server.events}
    for event in server.events:
        validate(event)
    assert facets["mart/new.sql#0"] is None  # it is in no commit
    assert facets["mart/total.sql#0"] is None  # and this is another text there
    said = {k: v for k, v in facets["mart/notes.sql#0"].items() if k[0] != "_"}
    assert said == {
        "type": "git", "url": f"https://github.com/acme/ware%20house/blob/{commit}/mart/notes.sql",
        "repoUrl": "https://github.com/acme/ware%20house", "path": "mart/notes.sql", "version": commit, "branch": "main",
        "tag": "v1", "pullRequestNumber": "42",
    }  # fmt: skip
    assert "s3cret" not in str(server.events) + done.stdout + done.stderr
