"""Events reach a receiver whole, in order and once, whatever it answers; the key reaches nobody else. Against a real server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ray_lineage import logs
from ray_lineage.cli.main import main
from ray_lineage.errors import SettingsError, StoreUnavailable, UsageError
from ray_lineage.graph.sqlite import SqliteStore
from ray_lineage.posting import KEY, PATH, TRIES, Receiver, Sender, receiver
from tests.factory import contributions, load
from tests.ports import free_port
from tests.unit.inputs.receiver import Answer, receiving
from tests.unit.inputs.test_openlineage_export import validate

EVENTS = [json.dumps({"job": {"name": f"{n}.sql#0"}}).encode() for n in range(3)]
SENT = [json.loads(event) for event in EVENTS]


def to(url: str) -> Receiver:
    return receiver(url, "--to", allow_unencrypted=False)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://localhost:5000", "http://localhost:5000/api/v1/lineage"),
        ("http://[::1]:5000/", "http://[::1]:5000/api/v1/lineage"),
        ("https://ol.example.com/base/", "https://ol.example.com/base/api/v1/lineage"),
        ("https://ol.example.com/api/v1/lineage", "https://ol.example.com/api/v1/lineage"),
    ],
)
def test_an_address_leads_to_the_specifications_path(text: str, shown: str) -> None:
    assert str(to(text)) == shown


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("localhost:5000", "RL262"), ("ftp://a.b", "RL262"), ("http://", "RL262"), ("https://a:x/", "RL262"), ("", "RL262"),
        ("https://a.b/?q=1", "RL262"), ("https://a.b/x y", "RL262"), ("https://a.b/ü", "RL262"), ("https://ü.b", "RL262"),
        ("https://a\r\nX: y.b", "RL262"), ("https://[::1", "RL262"), ("https://u:hunter22@a.b", "RL251"),
        ("https://token99@a.b", "RL251"), ("http://lineage.example.com", "RL251"),
    ],
)  # fmt: skip
def test_what_is_no_address_or_would_give_a_secret_away_is_refused(text: str, code: str) -> None:
    with pytest.raises(SettingsError) as raised:
        to(text)
    assert raised.value.code == code
    assert "hunter22" not in str(raised.value)


def test_clear_text_to_another_machine_needs_a_yes() -> None:
    assert receiver("http://lineage.example.com", "--to", allow_unencrypted=True).host == "lineage.example.com"


def test_events_come_in_order_over_one_connection_with_the_key() -> None:
    with receiving(Answer(200, '{"status": "ok"}'), Answer(204), Answer(201)) as server:
        assert Sender(to(server.url), "s3cret-key").send(EVENTS) == 3
    assert server.events == SENT
    assert server.paths == [PATH] * 3
    assert server.keys == ["Bearer s3cret-key"] * 3
    assert len(server.connections) == 1


def test_without_a_key_none_is_sent() -> None:
    with receiving() as server:
        Sender(to(server.url), None).send(EVENTS[:1])
    assert server.keys == [None]


@pytest.mark.parametrize("key", ["two words", "line\r\nX-Evil: 1", "schlüssel"])
def test_a_key_that_no_header_can_hold_is_said_before_anything_is_sent(key: str) -> None:
    with receiving() as server, pytest.raises(SettingsError) as raised:
        Sender(to(server.url), key)
    assert (raised.value.code, raised.value.where) == ("RL262", KEY)
    assert server.paths == []


def test_space_around_a_key_is_none_of_it() -> None:
    with receiving() as server:
        Sender(to(server.url), " k3y\n").send(EVENTS[:1])
    assert server.keys == ["Bearer k3y"]


def test_what_may_pass_is_tried_again_and_waited_for() -> None:
    waits: list[float] = []
    troubles = [Answer(503), Answer(0), Answer(429, headers={"Retry-After": "7"}), Answer(500)]
    with receiving(*troubles) as server:
        assert Sender(to(server.url), None, sleep=waits.append).send(EVENTS) == 3
    assert server.events == SENT
    assert waits == [0.5, 1.0, 7.0, 4.0]


def test_a_wait_that_is_asked_for_has_an_end() -> None:
    waits: list[float] = []
    with receiving(Answer(503, headers={"Retry-After": "86400"}), Answer(503, headers={"Retry-After": "²"})) as server:
        Sender(to(server.url), None, sleep=waits.append).send(EVENTS[:1])
    assert waits == [30.0, 1.0]


def test_one_that_stays_away_is_given_up() -> None:
    with receiving(Answer(201), *[Answer(502, "<html>\nbad")] * TRIES) as server:
        with pytest.raises(StoreUnavailable, match=r"HTTP 502 Bad Gateway \(<html>\); 1 were sent") as raised:
            Sender(to(server.url), None, sleep=lambda _: None).send(EVENTS)
        assert raised.value.code == "RL263"
        assert server.events == SENT[:1]


def test_nobody_listening_is_said() -> None:
    with pytest.raises(StoreUnavailable, match=r"refused; 0 were sent"):
        Sender(to(f"http://127.0.0.1:{free_port()}"), None, sleep=lambda _: None).send(EVENTS)


@pytest.mark.parametrize(
    ("answer", "key", "hint"),
    [
        (Answer(401), None, f"put its key into {KEY}"), (Answer(403), "wrong-key", "is not the one it wants"),
        (Answer(404), None, "base address"), (Answer(422, "no such facet"), None, "log"),
        (Answer(307, headers={"Location": "http://elsewhere.example.com/"}), "wrong-key", "not followed"),
    ],
)  # fmt: skip
def test_a_refusal_says_which_event_and_what_to_do(answer: Answer, key: str | None, hint: str) -> None:
    with receiving(Answer(201), answer) as server, pytest.raises(UsageError) as raised:
        Sender(to(server.url), key).send(EVENTS)
    assert raised.value.code == "RL262"
    assert f"the event of 1.sql#0: HTTP {answer.status}" in raised.value.message
    assert answer.body in raised.value.message
    assert hint in str(raised.value.help)
    assert len(server.paths) == 2  # it was asked once


def test_an_answer_cannot_begin_a_command_or_repeat_the_key() -> None:
    with (
        receiving(Answer(400, "\x1b[31mBearer s3cret-key2\n::error::x")) as server,
        pytest.raises(UsageError) as raised,
    ):
        Sender(to(server.url), "s3cret-key2").send(EVENTS)
    assert "s3cret-key2" not in raised.value.message
    assert not {"\x1b", "\n"} & set(raised.value.message)
    assert logs.star("s3cret-key2") != "s3cret-key2"


# --------------------------------------------------------------------------- the command

FILES = {
    "raw.sql": "CREATE TABLE raw.o (id int, total int); COMMENT ON TABLE raw.o IS 'orders'",
    "core.sql": "CREATE VIEW core.o AS SELECT id, SUM(total) AS t FROM raw.o WHERE id > 1 GROUP BY id",
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    store = SqliteStore(str(tmp_path / "g.db"))
    load(store, "p", store.acquire("p"), contributions("p", FILES).values())
    store.close()
    monkeypatch.chdir(tmp_path)
    return tmp_path / "g.db"


def export(place: Path, *arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["--store", str(place), "export", "--format", "openlineage", *arguments])
    return int(str(ended.value.code))


def test_the_command_posts_valid_events_with_the_key_of_the_environment(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(KEY, "key-of-the-environment")
    with receiving() as server:
        assert export(place, "--to", server.url, "--namespace", "warehouse") == 0
        (event,) = [e for e in server.events if e["job"]["name"] == "core.sql#0"]
        assert export(place, "--to", server.url, "--focus", "core.o", "--json") == 0
    for sent in server.events:
        validate(sent)
    assert event["outputs"][0]["namespace"] == "warehouse"
    assert set(server.keys) == {"Bearer key-of-the-environment"}
    printed = capsys.readouterr()
    assert f"events sent to {server.url}{PATH}" in printed.err
    assert json.loads(printed.out)["to"] == f"{server.url}{PATH}"
    assert "key-of-the-environment" not in printed.out + printed.err


def test_what_the_receiver_refuses_is_the_end_of_the_command(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with receiving(Answer(401)) as server:
        assert export(place, "--to", server.url) == 2
    assert "error[RL262]" in capsys.readouterr().err


def test_places_that_make_no_sense(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert export(place, "--to", "http://localhost:1", "-o", "x") == 2
    assert export(place, "--to", "http://localhost:1", "--format", "csv") == 2
    assert capsys.readouterr().err.count("RL203") == 2
