"""Where files of the graph stand at their code host: at the commit that is checked out, as far as it has what was read."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from ray_lineage.codehosts import file_page, web_address
from ray_lineage.diff.git import Repository, Revision
from ray_lineage.settings.trust import working_tree

_PULL: Final = re.compile(r"refs/pull/(\d+)/")


class Location(msgspec.Struct, frozen=True, rename="camel"):
    """One file. Its fields are those of OpenLineage's facet ``sourceCodeLocation``; empty: not known."""

    url: str
    repo_url: str
    path: str
    version: str
    type: str = "git"
    tag: str = ""
    branch: str = ""
    pull_request_number: str = ""

    def said(self) -> dict[str, str]:
        """What is known."""
        return {key: value for key, value in msgspec.to_builtins(self).items() if value}


def located(root: str, hashes: Mapping[str, str], environ: Mapping[str, str], most: int) -> dict[str, Location]:
    """Of the files (paths below ``root``) whose contents at the commit have these hashes (SHA-256); of none where ``root`` is
    in no working tree, or in one without a commit or a remote. Files over ``most`` bytes are left out. Raises UsageError (RL253)
    where git fails."""
    top = working_tree(Path(os.path.realpath(root)))
    if top is None or not os.path.lexists(top / ".git"):
        return {}
    repository = Repository(top)
    remote, revision = web_address(repository.remote()), repository.head()
    if not remote or revision is None:
        return {}
    said = {
        "repo_url": remote, "version": revision.commit, "branch": repository.branch(), "tag": repository.tag(revision),
        "pull_request_number": pull_request(environ),
    }  # fmt: skip
    folder = os.path.relpath(os.path.realpath(root), top).replace(os.sep, "/")
    below = "" if folder == "." else f"{folder}/"
    same = _unchanged(repository, revision, below, hashes, most)
    return {
        path: Location(url=file_page(remote, revision.commit, below + path), path=below + path, **said) for path in same
    }


def _unchanged(
    repository: Repository, revision: Revision, below: str, hashes: Mapping[str, str], most: int
) -> Iterator[str]:
    entries = [e for e in repository.entries(revision, below.rstrip("/")) if e.path in hashes]
    blobs = repository.blobs((e.blob for e in entries), most)
    for entry, blob in zip(entries, blobs, strict=True):
        if blob.data is not None and hashlib.sha256(blob.data).hexdigest() == hashes[entry.path]:
            yield entry.path


def pull_request(environ: Mapping[str, str]) -> str:
    """The number that a CI runner says; empty if it says none."""
    found = _PULL.match(environ.get("GITHUB_REF", ""))
    return found[1] if found else environ.get("CI_MERGE_REQUEST_IID", "")
