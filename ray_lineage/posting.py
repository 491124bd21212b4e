"""Events of OpenLineage to a server that collects them: each is posted to ``/api/v1/lineage``, over one connection.

Nothing but that address is contacted: no redirection is followed, and no proxy is used, so that neither events nor the key come
into other hands. An event that is posted twice, because nobody knows whether it arrived, changes nothing at its receiver.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import msgspec

from ray_lineage.addresses import is_loopback
from ray_lineage.errors import SettingsError, StoreUnavailable, UsageError, first_line
from ray_lineage.logs import hide, one_line, star

KEY: Final = "OPENLINEAGE_API_KEY"
"""The variable of the environment that other clients of OpenLineage read, too."""
PATH: Final = "/api/v1/lineage"
TRIES: Final = 5
_SECONDS: Final = 30
"""That a receiver has for one answer, and the longest that it may ask us to wait."""
_FIRST_PAUSE: Final = 0.5
_MOST: Final = 65_536
"""Bytes of an answer that are looked at."""
_AGAIN: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


class Receiver(NamedTuple):
    """Where events go to."""

    scheme: str
    host: str
    port: int | None
    path: str

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}{f':{self.port}' if self.port else ''}{self.path}"


def receiver(text: str, where: str, *, allow_unencrypted: bool) -> Receiver:
    """The address that is meant; ``where`` it was given. Raises SettingsError: RL262 for none, RL251 for one with a password in
    it, or that others could read along with."""
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:
        raise _no_address(where) from None
    if parts.password or parts.username:
        hide(parts.password or parts.username or "")
        raise SettingsError(
            "RL251", "a password on the command line can be read by every user of this machine",
            where=where, help=f"put the key into {KEY}, it is sent as `Authorization: Bearer`",
        )  # fmt: skip
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise _no_address(where)
    if not (_is_word(parts.hostname) and _is_word(parts.path)):
        raise _no_address(where)
    if parts.scheme == "http" and not is_loopback(parts.hostname) and not allow_unencrypted:
        raise SettingsError(
            "RL251", f"http:// is not encrypted, and {parts.hostname} is another machine: key and lineage could be read on the way",
            where=where, help="use https://; or allow it: --allow-unencrypted, or RAY_LINEAGE_ALLOW_UNENCRYPTED=1",
        )  # fmt: skip
    path = parts.path.rstrip("/")
    return Receiver(parts.scheme, parts.hostname, port, path if path.endswith(PATH) else path + PATH)


def _is_word(text: str) -> bool:
    """May it stand in a request as it is?"""
    return text.isascii() and text.isprintable() and " " not in text


def _no_address(where: str) -> SettingsError:
    return SettingsError(
        "RL262", "it is no address of a receiver of events", where=where,
        help="such as https://lineage.example.com, or http://localhost:5000",
    )  # fmt: skip


class Sender:
    """One connection to a receiver. ``key`` is sent with every event. Raises SettingsError (RL262) for one that cannot be."""

    def __init__(self, to: Receiver, key: str | None, *, sleep: Callable[[float], None] = time.sleep) -> None:
        hide(key or "")
        self._to, self._key, self._sleep = to, (key or "").strip(), sleep
        if not _is_word(self._key):
            raise SettingsError("RL262", "the key is more than one word of ASCII", where=KEY, help="give the key alone")
        kind = http.client.HTTPSConnection if to.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(to.host, to.port, timeout=_SECONDS)

    def send(self, events: Iterable[bytes]) -> int:
        """Returns how many. Raises UsageError (RL262) if one is refused, StoreUnavailable (RL263) if nobody answers to the end:
        those before it have arrived."""
        sent = 0
        try:
            for event in events:
                self._deliver(event, sent)
                sent += 1
        finally:
            self._connection.close()
        return sent

    def _deliver(self, event: bytes, sent: int) -> None:
        for attempt in range(TRIES):
            status, said, wait = self._once(event)
            if status in range(200, 300):
                return
            if status and status not in _AGAIN:
                raise self._refused(status, said, event, sent)
            if attempt + 1 < TRIES:
                self._sleep(max(wait, _FIRST_PAUSE * 2**attempt))
        raise StoreUnavailable(
            "RL263", f"{self._to} did not take an event in {TRIES} tries: {_answer(status, said)}; {sent:,} were sent",
            help="run the same command again when it is back: what is sent twice changes nothing",
        )  # fmt: skip

    def _once(self, event: bytes) -> tuple[int, str, float]:
        """Status (0: no answer), what was said, and for how many seconds it asks us to wait."""
        headers = {"Content-Type": "application/json", "User-Agent": "ray_lineage"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        try:
            self._connection.request("POST", self._to.path, event, headers)
            answer = self._connection.getresponse()
            said = answer.read(_MOST).decode("utf-8", "replace").strip()
            if not answer.isclosed():
                self._connection.close()  # there is more to it, and nobody reads that
            return answer.status, said, _seconds(answer.getheader("Retry-After"))
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            return 0, first_line(error), 0.0

    def _refused(self, status: int, said: str, event: bytes, sent: int) -> UsageError:
        job = msgspec.json.decode(event)["job"]["name"]
        text = f"{self._to} refuses the event of {one_line(job)}: {_answer(status, said)}; {sent:,} were sent"
        return UsageError("RL262", text, where="--to", help=_help(status, has_key=bool(self._key)))


def _answer(status: int, said: str) -> str:
    """In one line, with nothing that a terminal would obey or that is secret."""
    text = one_line(star(said.partition("\n")[0][:200]))
    return (
        (f"HTTP {status} {http.client.responses.get(status, '')}".rstrip() + (f" ({text})" if text else ""))
        if status
        else text
    )


def _help(status: int, *, has_key: bool) -> str:
    if status in (401, 403):
        return f"the key in {KEY} is not the one it wants" if has_key else f"put its key into {KEY}"
    if status in range(300, 400):
        return "redirections are not followed: give the address it leads to"
    if status in (404, 405):
        return f"give its base address, {PATH} is put behind it"
    return "the receiver's log may say more"


def _seconds(header: str | None) -> float:
    """Of ``Retry-After``; a date is as good as nothing."""
    return min(float(header), _SECONDS) if header and header.isascii() and header.isdigit() else 0.0
