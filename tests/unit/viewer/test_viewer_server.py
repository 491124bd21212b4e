"""Who gets what from the server: over real sockets, as browsers and as strangers ask."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse

import pytest

from ray_lineage.errors import StoreUnavailable, UsageError
from ray_lineage.viewer.excerpts import Excerpt
from ray_lineage.viewer.server import HOST, TOKEN, PageServer

SECRET = "s3cret"


class Fixed:
    """A graph of one text."""

    title = "T"

    def data(self) -> bytes:
        return b"\x1f packed"

    def state(self) -> str:
        return "one"

    def excerpt(self, file: int, line: int) -> Excerpt:
        if file == 7:
            raise StoreUnavailable("RL211", "it is away")
        return Excerpt([([0][file], str(line))])


@pytest.fixture(scope="module")
def server() -> Iterator[PageServer]:
    with PageServer(Fixed(), SECRET).running() as server:
        yield server


def ask(server: PageServer, path: str, method: str = "GET", **headers: str) -> tuple[HTTPResponse, bytes]:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    connection = HTTPConnection(HOST, server.server_port, timeout=20)
    connection.request(method, path, headers={"Host": f"{HOST}:{server.server_port}", **given})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer, content


def token(value: str = SECRET) -> dict[str, str]:
    return {TOKEN: value}


def test_it_listens_on_loopback_only(server: PageServer) -> None:
    assert server.server_address[0] == "127.0.0.1"


def test_the_page_needs_no_token_and_says_nothing(server: PageServer) -> None:
    answer, content = ask(server, "/")
    assert answer.status == 200
    assert b"\x1f" not in content
    assert SECRET.encode() not in content


@pytest.mark.parametrize("path", ["/data", "/state", "/excerpt?file=0&line=3"])
@pytest.mark.parametrize("wrong", [{}, token("other"), token(""), token(SECRET + "x"), token("\xe9")])
def test_what_tells_of_the_graph_needs_the_token(server: PageServer, path: str, wrong: dict[str, str]) -> None:
    answer, content = ask(server, path, **wrong)
    assert answer.status == 403
    assert content == b"the token is missing"
    assert ask(server, path, **token())[0].status == 200


def test_a_token_in_the_address_is_no_token(server: PageServer) -> None:
    assert ask(server, f"/data?token={SECRET}")[0].status == 403


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "evil.example:{port}", "", "[::1]:{port}"]
)
def test_another_name_of_this_machine_is_refused(server: PageServer, host: str) -> None:
    """DNS rebinding: the browser believes that the page comes from there."""
    for path in ("/", "/data"):
        assert ask(server, path, Host=host.format(port=server.server_port), **token())[0].status == 421
    assert ask(server, "/data", Host=f"localhost:{server.server_port}", **token())[0].status == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_other_sites_get_nothing(server: PageServer, site: str) -> None:
    assert ask(server, "/data", Sec_Fetch_Site=site, **token())[0].status == 403
    assert ask(server, "/", Sec_Fetch_Site=site, Sec_Fetch_Mode="no-cors", Sec_Fetch_Dest="script")[0].status == 403
    assert ask(server, "/", Sec_Fetch_Site=site, Sec_Fetch_Mode="navigate", Sec_Fetch_Dest="iframe")[0].status == 403
    # a link may lead here: the page by itself tells nothing
    assert ask(server, "/", Sec_Fetch_Site=site, Sec_Fetch_Mode="navigate", Sec_Fetch_Dest="document")[0].status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "HEAD"])
def test_there_is_only_get(server: PageServer, method: str) -> None:
    answer, _ = ask(server, "/data", method, **token())
    assert answer.status == 501
    assert answer.getheader("Access-Control-Allow-Origin") is None


@pytest.mark.parametrize("path", ["/", "/data", "/nothing", "/favicon.ico", "/excerpt?file=x"])
def test_every_answer_is_guarded(server: PageServer, path: str) -> None:
    for headers in ({}, token(), {"Host": "evil.example"}):
        answer, _ = ask(server, path, **headers)
        assert answer.getheader("X-Content-Type-Options") == "nosniff"
        assert "default-src 'none'" in str(answer.getheader("Content-Security-Policy"))
        assert "frame-ancestors 'none'" in str(answer.getheader("Content-Security-Policy"))
        assert answer.getheader("Cache-Control") == "no-store"
        assert answer.getheader("Access-Control-Allow-Origin") is None


def test_an_excerpt_is_asked_for_by_numbers(server: PageServer) -> None:
    _, content = ask(server, "/excerpt?file=0&line=3", **token())
    assert json.loads(content) == {"lines": [[0, "3"]], "note": ""}
    for query in ("", "?file=0", "?file=../etc/passwd&line=1", "?file=99&line=1", "?file=0&line="):
        assert ask(server, f"/excerpt{query}", **token())[0].status == 400


def test_what_goes_wrong_is_said(server: PageServer) -> None:
    answer, content = ask(server, "/excerpt?file=7&line=1", **token())
    assert (answer.status, content) == (503, b"it is away")


def test_a_broken_request_is_answered_and_others_go_on(server: PageServer) -> None:
    with socket.create_connection((HOST, server.server_port), timeout=20) as raw:
        raw.sendall(b"\x00\xff nonsense\r\n\r\n")
        assert raw.recv(100)
    assert ask(server, "/")[0].status == 200


@pytest.mark.parametrize("address", ["http://[::1", "http://[x]/", "//a\u2100b/".encode().decode("latin-1")])
def test_what_is_no_address_is_answered(server: PageServer, address: str) -> None:
    with socket.create_connection((HOST, server.server_port), timeout=20) as raw:
        raw.sendall(f"GET {address} HTTP/1.1\r\nHost: {HOST}:{server.server_port}\r\n\r\n".encode("latin-1"))
        assert raw.recv(100).split()[1] in (b"400", b"403", b"404")
    assert ask(server, "http://[::1")[0].status == 400


def test_a_taken_port_is_an_error(server: PageServer) -> None:
    with pytest.raises(UsageError) as taken:
        PageServer(Fixed(), SECRET, server.server_port)
    assert taken.value.code == "RL209"


def test_the_address_has_the_token_where_no_server_sees_it(server: PageServer) -> None:
    address = server.address("at=a.b")
    assert address == f"http://127.0.0.1:{server.server_port}/#token={SECRET}&at=a.b"
