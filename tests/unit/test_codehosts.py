"""Addresses of repositories and pages of files, in the forms that the hosts themselves document."""

from __future__ import annotations

import pytest

from ray_lineage.codehosts import file_page, web_address


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("https://github.com/o/r.git", "https://github.com/o/r"), ("git@github.com:o/r.git", "https://github.com/o/r"),
        ("https://user:ghp_secret@github.com/o/r", "https://github.com/o/r"), ("https://x-token@gitlab.com/g/s/r.git/", "https://gitlab.com/g/s/r"),
        ("ssh://git@git.example.com:2222/o/r.git", "https://git.example.com/o/r"), ("https://git.example.com:8443/o/r", "https://git.example.com:8443/o/r"),
        ("git@ssh.dev.azure.com:v3/org/proj/repo", "https://dev.azure.com/org/proj/_git/repo"),
        ("https://org@dev.azure.com/org/my%20proj/_git/repo", "https://dev.azure.com/org/my%20proj/_git/repo"),
        ("/srv/git/r.git", ""), ("../r", ""), ("file:///srv/r.git", ""), ("C:\\r", ""), ("", ""), ("https://", ""), ("https://[::1", ""),
        ("ext::sh -c x", ""),
    ],
)  # fmt: skip
def test_a_remote_has_an_address_without_secrets(remote: str, address: str) -> None:
    assert web_address(remote) == address


@pytest.mark.parametrize(
    ("repository", "page"),
    [
        ("https://github.com/o/r", "https://github.com/o/r/blob/c0ffee/a%20b/%C3%BC.sql"),
        ("https://gitlab.example.com/o/r", "https://gitlab.example.com/o/r/-/blob/c0ffee/a%20b/%C3%BC.sql"),
        ("https://bitbucket.org/o/r", "https://bitbucket.org/o/r/src/c0ffee/a%20b/%C3%BC.sql"),
        (
            "https://dev.azure.com/o/p/_git/r",
            "https://dev.azure.com/o/p/_git/r?path=/a%20b/%C3%BC.sql&version=GCc0ffee",
        ),
        ("https://codeberg.org/o/r", "https://codeberg.org/o/r/src/commit/c0ffee/a%20b/%C3%BC.sql"),
    ],
)
def test_a_file_has_a_page_at_its_commit(repository: str, page: str) -> None:
    assert file_page(repository, "c0ffee", "a b/ü.sql") == page
