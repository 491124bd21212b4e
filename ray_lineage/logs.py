"""Log lines of the whole program, on the standard library: one set-up, two formats, no secrets, no forged lines.

Code logs with ``logger.info("what happened", extra=fields(file=path, batch=7))``. ``text`` is for people,
``json`` (one object a line) for machines. Whatever is logged, passwords are starred and control characters escaped, so
that a file's name cannot end a line and begin another.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import time
from binascii import b2a_base64
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Literal, Protocol
from urllib.parse import quote, quote_plus

Format = Literal["text", "json"]

_FIELDS: Final = "ray_lineage_fields"
_MOST: Final = 20_000  # characters of one value
_HELD: Final = 200
_STAR: Final = "***"
_SHORTEST: Final = 4
_SHORTEST_ENCODED: Final = 6
_FOR_URLS: Final = str.maketrans("+/", "-_")
_PUBLIC: Final = frozenset({"neo4j"})  # which a server takes once, to have it changed; it is in every address, too
_secrets: list[str] = []
_handlers: list[logging.Handler] = []

_URI = re.compile(r"(://[^\s/:@]{0,256}):[^\s]{0,256}@")
_PAIR = re.compile(
    r"""((?:password|passwd|pwd|passphrase|secret|api[_-]?key|access[_-]?key)["']?\s{0,9}[=:]\s{0,9}|\btoken["']?\s{0,9}=\s{0,9}"""
    r"""|identified\s{1,9}by\s{1,9}|\bpassword\s{1,9}(?=N?')|\bbearer\s{1,9})"""
    r"""(?:N?'[^'\n]{0,256}'|"[^"\n]{0,256}"|[^\s,;&"')}\]]{1,256})""",
    re.IGNORECASE,
)
_RUNNER_LINE = re.compile(r"^(\s*)::")
_RUNNERS = re.compile(r"##(?=\[|vso\[|teamcity\[)", re.IGNORECASE)
_SECRET_NAME = re.compile(r"password|passwd|passphrase|secret|token|api_?key", re.IGNORECASE)


def fields(**values: object) -> dict[str, Any]:
    """``extra`` of a log call: values that stand beside the message, such as ``run``, ``file``, ``batch``, ``lane``."""
    return {_FIELDS: values}


def hide(secret: str) -> None:
    """From now on this text is starred wherever it is printed or logged, in whatever way it is written there. Very short
    ones are not: they would star ordinary words."""
    if len(secret) < _SHORTEST or secret in _PUBLIC:
        return
    forms = {
        secret,
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        repr(secret)[1:-1],
        json.dumps(secret)[1:-1],
        *_encoded(secret.encode("utf-8", "surrogateescape")),
    }
    _secrets[:] = sorted({*_secrets, *forms}, key=len, reverse=True)


def _encoded(secret: bytes) -> Iterator[str]:
    """As hexadecimal digits, and in base64 with anything around it (``user:password``): its three places among the letters, of
    which each holds six bits. Too short ones are not told apart from ordinary words."""
    yield secret.hex()
    yield secret.hex().upper()
    yield b2a_base64(secret, newline=False).decode()
    for before in range(3):
        letters = b2a_base64(bytes(before) + secret, newline=False).decode()
        whole = letters[-(-8 * before // 6) : 8 * (before + len(secret)) // 6]
        if len(whole) >= _SHORTEST_ENCODED:
            yield whole
            yield whole.translate(_FOR_URLS)


def star(text: str) -> str:
    """The text without the secrets that :func:`hide` was told."""
    for secret in _secrets:
        text = text.replace(secret, _STAR)
    return text


def redact(text: str) -> str:
    """The text without passwords: of URIs, of ``password=...`` and its like, and those that :func:`hide` was told."""
    return _PAIR.sub(rf"\1{_STAR}", _URI.sub(rf"\1:{_STAR}@", star(text)))


def escaped(text: str) -> str:
    """Control and direction characters, line ends among them, as escapes: what is read is what stands there."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def one_line(text: str) -> str:
    """A text of a stranger as one harmless line: :func:`escaped`, so that it cannot move a cursor; and it begins no command of a CI runner that reads the output (``::error ...``, ``##vso[...``)."""
    text = escaped(text)
    if ":" in text or "#" in text:
        text = _RUNNERS.sub(r"\\x23#", _RUNNER_LINE.sub(r"\1\\x3a:", text))
    return text


def one_json(text: str) -> str:
    """Encoded JSON, in whose texts no control or direction character and no command of a CI runner is left as itself."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)
    return _RUNNERS.sub(r"\\u0023#", text)


def configure(format: Format = "text", level: int | str = logging.WARNING) -> None:  # noqa: A002
    """Send all log lines of this process to standard error. May be called again; the last call counts."""
    handler = _StandardError()
    handler.setFormatter(JsonFormatter() if format == "json" else TextFormatter())
    root = logging.getLogger()
    for ours in _handlers:
        root.removeHandler(ours)
    _handlers[:] = [handler]
    root.addHandler(handler)
    root.setLevel(level)


class _Secret(Protocol):
    def get_secret_value(self) -> str: ...


class _Chosen(Protocol):
    """What the settings say of logs."""

    @property
    def log_format(self) -> Format: ...
    @property
    def neo4j_password(self) -> _Secret | None: ...


def configure_for(settings: _Chosen, level: int | str) -> None:
    """:func:`configure` as the settings say, and star their password. For the start of a command, and of an actor."""
    configure(settings.log_format, level)
    if settings.neo4j_password is not None:
        hide(settings.neo4j_password.get_secret_value())


@contextmanager
def held_back() -> Iterator[None]:
    """While a live view has the terminal, lines wait; at the end the last of them are written."""
    waiting: deque[logging.LogRecord] = deque(maxlen=_HELD)

    def wait(record: logging.LogRecord) -> bool:
        waiting.append(record)
        return False

    handlers = _handlers[:]
    for handler in handlers:
        handler.addFilter(wait)
    try:
        yield
    finally:
        for handler in handlers:
            handler.removeFilter(wait)
            for record in waiting:
                handler.handle(record)


class _StandardError(logging.Handler):
    """Writes a line at once to what standard error is at that moment; it may be replaced in between."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()
        except Exception:
            self.handleError(record)


class _Formatter(logging.Formatter):
    def _time(self, record: logging.LogRecord) -> str:
        return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{int(record.msecs):03d}Z"

    def _event(self, record: logging.LogRecord) -> str:
        return _cut(redact(record.getMessage()))

    def _fields(self, record: logging.LogRecord) -> dict[str, Any]:
        return {k: _safe(k, v) for k, v in getattr(record, _FIELDS, {}).items() if v is not None}

    def _fault(self, record: logging.LogRecord) -> str:
        return _cut(redact(self.formatException(record.exc_info))) if record.exc_info else ""


def _cut(text: str) -> str:
    return text if len(text) <= _MOST else f"{text[:_MOST]}... ({len(text) - _MOST:,} more characters)"


def _safe(name: str, value: object) -> object:
    if _SECRET_NAME.search(name):
        return _STAR
    return value if isinstance(value, (bool, int, float)) else _cut(redact(str(value)))


class TextFormatter(_Formatter):
    """``2026-01-31T12:00:00.000Z warning what happened file=a.sql``; lines of a traceback are marked by ``  | ``."""

    def format(self, record: logging.LogRecord) -> str:
        """See :class:`logging.Formatter`."""
        parts = [self._time(record), record.levelname.lower(), one_line(self._event(record))]
        parts.extend(f"{k}={_quoted(str(v))}" for k, v in self._fields(record).items())
        lines = [one_line(" ".join(parts)), *(f"  | {one_line(line)}" for line in self._fault(record).splitlines())]
        return "\n".join(lines).encode("utf-8", "backslashreplace").decode()


class JsonFormatter(_Formatter):
    """One object a line: time (UTC), level, event, logger, the fields, and ``fault`` (a traceback) if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """See :class:`logging.Formatter`."""
        line: dict[str, Any] = {
            "time": self._time(record),
            "level": record.levelname.lower(),
            "event": self._event(record),
            "logger": record.name,
        }
        line |= {k if k not in line else f"field_{k}": v for k, v in self._fields(record).items()}
        if fault := self._fault(record):
            line["fault"] = fault
        return one_json(json.dumps(line))  # ASCII: line ends of Unicode are escaped, too


def _quoted(value: str) -> str:
    """A value as it stands after ``=``: quoted where it could be taken for several."""
    if value and value.isprintable() and not any(c in value for c in " \"'=\\"):
        return value
    return json.dumps(value, ensure_ascii=not value.isprintable())
