"""Addresses: what is one, what is a mistake, and where in them a password may be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ray_lineage.addresses import SCHEMES, BadAddress, login_in, server


@pytest.mark.parametrize(
    ("text", "uri", "host", "username", "password"),
    [
        ("bolt://h", "bolt://h", "h", "", ""),
        ("Neo4j://h:7687", "neo4j://h:7687", "h", "", ""),
        ("  NEO4J+S://graph.example.com  ", "neo4j+s://graph.example.com", "graph.example.com", "", ""),
        ("bolt://[::1]:7687", "bolt://[::1]:7687", "::1", "", ""),
        ("neo4j://h/?policy=eu", "neo4j://h/?policy=eu", "h", "", ""),
        ("bolt+ssc://my_host-1", "bolt+ssc://my_host-1", "my_host-1", "", ""),
        ("bolt://u:p@h", "bolt://h", "h", "u", "p"),
        ("\tbolt://u:p@h", "bolt://h", "h", "u", "p"),
        ("bolt://neo4j:p@ss@h", "bolt://h", "h", "neo4j", "p@ss"),
        ("bolt://neo4j:PW/x@h:1", "bolt://h:1", "h", "neo4j", "PW/x"),
        ("bolt://u:p?a#b@h", "bolt://h", "h", "u", "p?a#b"),
        ("bolt://u:a:b@h", "bolt://h", "h", "u", "a:b"),
        ("bolt://u:p%40ss@h", "bolt://h", "h", "u", "p@ss"),
        ("bolt://u:p w@h", "bolt://h", "h", "u", "p w"),
        ("bolt://u@h", "bolt://h", "h", "u", ""),
        ("bolt://:p@h", "bolt://h", "h", "", "p"),
        ("bolt://u:://p@h", "bolt://h", "h", "u", "://p"),
    ],
)
def test_servers(text: str, uri: str, host: str, username: str, password: str) -> None:
    assert server(text) == (uri, host, username, password)


@pytest.mark.parametrize(
    "text",
    [
        "data/graph.db",
        "/srv/graph.db",
        "graph",
        "~/graph.db",
        "a:b",
        "C:/graph.db",
        "./my:graph.db",
        "a@b",
        "",
        "data/a@b:c",
    ],
)
def test_paths(text: str) -> None:
    assert server(text) is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("neoj4://h", "did you mean neo4j://"),
        ("bolts://h", "did you mean bolt"),
        ("http://h", "no such scheme"),
        ("file:///etc/passwd", "no such scheme"),
        ("sqlite:///x.db", "no such scheme"),
        ("neo4j:://u:p@h", "no address|two slashes|no such scheme|names no host"),
        ("://h", "no such scheme"),
        ("bolt:/h", "two slashes"),
        ("bolt:h", "two slashes"),
        ("neo4j:p@h", "two slashes"),
        ("u:p@h:7687", "begin it with"),
        ("//u:p@h", "begin it with"),
        ("data/bolt://h", "begin it with"),
        ("neo4j//u:p@h", "begin it with"),
        ("bolt:///u:p@h", "no host"),
        ("bolt://", "no host"),
        ("bolt://u:p@", "no host"),
        ("bolt://a b", "no host"),
        ("bolt://h:port", "no host"),
        ("bolt://h\nx", "no host"),
        ("bolt://user:pw", "no host"),
    ],
)
def test_mistakes_are_no_folders(text: str, says: str) -> None:
    with pytest.raises(BadAddress, match=says) as caught:
        server(text)
    assert "p@h" not in str(caught.value)
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "encrypted", "loopback"),
    [
        ("bolt://localhost", False, True),
        ("neo4j://LOCALHOST:1", False, True),
        ("bolt://127.9.9.9", False, True),
        ("bolt://[::1]", False, True),
        ("bolt://10.0.0.1", False, False),
        ("bolt://localhost.evil.example", False, False),
        ("bolt://127.0.0.1.evil.example", False, False),
        ("bolt://127.0.0.1@evil.example", False, False),
        ("bolt://[::2]", False, False),
        ("neo4j+s://h", True, False),
        ("bolt+ssc://h", True, False),
    ],
)
def test_what_leaves_the_machine_in_clear(text: str, encrypted: bool, loopback: bool) -> None:
    found = server(text)
    assert found is not None
    assert (found.is_encrypted, found.is_loopback) == (encrypted, loopback)


@given(
    st.sampled_from(SCHEMES), st.text("abc%:/?#@ é", min_size=1), st.text(min_size=4).filter(lambda p: p.strip()),
    st.sampled_from(["h", "h:7687", "[::1]:1", "a.b/x"]),
)  # fmt: skip
def test_no_password_stays_in_an_address(scheme: str, user: str, password: str, place: str) -> None:
    text = f"{scheme}://{user}:{password}@{place}"
    try:
        found = server(text)
    except BadAddress as error:
        assert password not in str(error)
        return
    assert found is not None
    assert found.uri == f"{scheme}://{place}"


@pytest.mark.parametrize(
    ("text", "passwords"),
    [
        ("u:PW@h:1", ["PW"]),
        ("ray://u:p@ss/x@h", ["p@ss/x", "p", "ss", "x"]),
        ("neoj4://u:a%20b@h", ["a%20b", "a b", "a", "20b", "b"]),
        ("bolt://token@h", ["token"]),
        ("h:6379", []),
        ("data/graph.db", []),
    ],
)
def test_what_is_starred(text: str, passwords: list[str]) -> None:
    assert login_in(text) == passwords
