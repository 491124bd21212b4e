"""Log lines: two formats, no secret, and no value that could pass for a line of its own."""

from __future__ import annotations

import json
import logging
import re
import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ray_lineage import logs
from ray_lineage.cli.output import print_error
from ray_lineage.errors import RayLineageError

CANARY = "c4n4ry-Zx9"
logger = logging.getLogger("ray_lineage.test")


@pytest.fixture(autouse=True)
def _root_as_before() -> Iterator[None]:
    level = logging.getLogger().level
    yield
    while logs._handlers:
        logging.getLogger().removeHandler(logs._handlers.pop())
    logging.getLogger().setLevel(level)
    logs._secrets.clear()


def test_text(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("text", "INFO")
    logger.info("file committed", extra=logs.fields(file="a b.sql", batch=7, lane="parse-0", run=None))
    line = capsys.readouterr().err
    assert re.fullmatch(
        r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z info file committed file="a b.sql" batch=7 lane=parse-0\n', line
    )


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json", "INFO")
    logger.warning("odd %s", "thing", extra=logs.fields(run="r1", file="a.sql", batch=7, lane="p", level="x"))
    line = json.loads(capsys.readouterr().err)
    assert abs(time.time() - time.mktime(time.strptime(line["time"][:19], "%Y-%m-%dT%H:%M:%S")) + time.timezone) < 60
    del line["time"]
    assert line == {
        "level": "warning", "event": "odd thing", "logger": "ray_lineage.test",
        "run": "r1", "file": "a.sql", "batch": 7, "lane": "p", "field_level": "x",
    }  # fmt: skip


def test_the_level_counts_and_the_last_set_up(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json", "INFO")
    logs.configure("text", "ERROR")
    logger.warning("not shown")
    logger.error("shown")
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize(
    "nasty", ["a\n2026-01-01T00:00:00.000Z error forged", "a\r\x1b[2Jb", "a\u2028b\u202eb", "a\udcffb"]
)
def test_no_value_makes_a_line(capsysbinary: pytest.CaptureFixture[bytes], form: str, nasty: str) -> None:
    logs.configure(form, "INFO")  # type: ignore[arg-type]
    logger.info("read " + nasty, extra=logs.fields(file=nasty))
    written = capsysbinary.readouterr().err.decode("utf-8")
    assert len(written.splitlines()) == 1
    assert written[:-1].isprintable()


def test_lines_of_a_traceback_are_marked(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("text", "INFO")
    try:
        raise ValueError("first\nsecond password=" + CANARY)
    except ValueError:
        logger.exception("it failed")
    first, *rest = capsys.readouterr().err.splitlines()
    assert first.endswith("it failed")
    assert all(line.startswith("  | ") for line in rest)
    assert rest[-1] == "  | second password=***"


SECRETS = [
    f"neo4j://neo4j:{CANARY}@graph:7687",
    f"bolt+s://u:{CANARY}/@x@h",
    f"password={CANARY}",
    f"Password = '{CANARY} more'",
    f'"neo4j_password": "{CANARY}"',
    f"NEO4J_PASSWORD={CANARY}",
    f"Server=s;User Id=u;Pwd={CANARY};Encrypt=yes",
    f"{{'password': '{CANARY}'}}",
    f"CREATE LOGIN x WITH PASSWORD = N'{CANARY}'",
    f"ALTER USER x IDENTIFIED BY {CANARY}",
    f"CREATE USER x PASSWORD '{CANARY}'",
    f"https://h/?token={CANARY}&x=1",
    f"Authorization: Bearer {CANARY}",
    f"api_key: {CANARY}",
]


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("text", SECRETS)
def test_passwords_are_starred(capsys: pytest.CaptureFixture[str], form: str, text: str) -> None:
    logs.configure(form, "INFO")  # type: ignore[arg-type]
    logger.info(text)
    logger.info("%s", text)
    logger.info("x", extra=logs.fields(store=text))
    try:
        raise OSError(text)
    except OSError:
        logger.exception("failed")
    print_error(RayLineageError("RL219", text, where=text, help=text))
    captured = capsys.readouterr()
    assert CANARY not in captured.out + captured.err
    assert "***" in captured.err


def test_a_secret_that_was_named_is_starred_everywhere(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json", "INFO")
    logs.hide(CANARY)
    logger.info(
        "the server said: bad credentials (%s)", f"neo4j/{CANARY}", extra=logs.fields(password="x", file=CANARY)
    )
    line = json.loads(capsys.readouterr().err)
    assert CANARY not in str(line)
    assert line["password"] == "***"


BASE64 = {"base64": b64encode, "base64 for URLs": urlsafe_b64encode}


@pytest.mark.parametrize("encode", BASE64.values(), ids=BASE64)
@given(
    secret=st.lists(st.characters(min_codepoint=33, max_codepoint=0x2FF), min_size=6, unique=True).map("".join),
    around=st.tuples(st.binary(max_size=7), st.binary(max_size=7)),
)
def test_a_secret_is_starred_in_base64_whatever_stands_beside_it(
    encode: Callable[[bytes], bytes], secret: str, around: tuple[bytes, bytes]
) -> None:
    """As in ``Authorization: Basic``, which a server may repeat."""
    before, after = around
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logs, "_secrets", [])
        logs.hide(secret)
        said = logs.star(f"Basic {encode(before + secret.encode() + after).decode()} was refused")
        digits = logs.star(f"{before.hex()}{secret.encode().hex()}{after.hex()}")
    left = said.removeprefix("Basic ").removesuffix(" was refused").replace("***", "").rstrip("=")
    shared = -(-8 * len(before) // 6) - (-8 * len(after) // 6) + 1  # letters that what is beside it has a share in
    assert len(left) <= shared
    assert secret.encode().hex() not in digits


@pytest.mark.parametrize(
    "harmless",
    [
        "unexpected token: FROM",
        "file a.sql:10:3",
        "https://example.org/a@b",
        "bolt://h:7687",
        "the password was refused",
    ],
)
def test_what_is_no_secret_stays(harmless: str) -> None:
    assert logs.redact(harmless) == harmless


def test_redaction_is_linear() -> None:
    began = time.process_time()
    for piece in ("://a:", "password", 'password="', "bearer ", "identified by ", "token = "):
        logs.redact(piece * 20_000)
    assert time.process_time() - began < 10


def test_lines_wait_for_a_live_view(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("text", "INFO")
    with logs.held_back():
        logger.warning("meanwhile")
        assert capsys.readouterr().err == ""
    assert "meanwhile" in capsys.readouterr().err
    logger.warning("after")
    assert len(capsys.readouterr().err.splitlines()) == 1
