"""Is a Ray on this machine open to others? Who reaches one of its ports, and need not show a token, runs code here.

Each port is asked as a stranger would: without a token, on this machine, with a call that changes nothing. (Seen with
Ray 2.60: an open one answers, a guarded one says 401 or UNAUTHENTICATED, and what is no Ray says something else.)
"""

from __future__ import annotations

import http.client
import ipaddress
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import msgspec

PORTS: Final[Mapping[int, str]] = {8265: "dashboard", 6379: "head", 10001: "Ray Client"}
_SECONDS: Final = 3.0
_HEAD_CALL: Final = "/ray.rpc.NodeInfoGcsService/CheckAlive"
_CLIENT_CALL: Final = "/ray.rpc.RayletDriver/ClusterInfo"
_HELP: Final = (
    "start Ray with RAY_AUTH_MODE=token and the dashboard on 127.0.0.1, and keep its ports inside a closed network; "
    "see docs/cluster.md"
)


class Listener(msgspec.Struct, frozen=True, order=True):
    """A part of Ray that others can reach. ``guarded``: it asks for a token."""

    port: int
    address: str
    part: str
    guarded: bool


def is_reachable(address: str) -> bool:
    """Can other machines reach what listens on this address? (``0.0.0.0`` and ``::`` are all addresses.)"""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return True
    mapped = getattr(ip, "ipv4_mapped", None)
    return not (mapped or ip).is_loopback


def listening() -> list[tuple[str, int]] | None:
    """(address, port) of what listens on this machine; None where the system does not say."""
    import psutil

    try:
        return [(c.laddr.ip, c.laddr.port) for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN]
    except (psutil.Error, OSError):
        return None


def exposed(
    found: Iterable[tuple[str, int]],
    ask: Callable[[str, str, int], bool | None] | None = None,
    ports: Mapping[int, str] = PORTS,
) -> list[Listener]:
    """What of Ray listens on addresses that others reach. ``ask(part, host, port)``: does it ask for a token (None: it
    is no Ray)?"""
    out: list[Listener] = []
    for address, port in sorted({(a, p) for a, p in found if p in ports and is_reachable(a)}):
        guarded = (ask or asks_for_token)(ports[port], _host(address), port)
        if guarded is not None:
            out.append(Listener(port, address, ports[port], guarded))
    return sorted(out)


def _host(address: str) -> str:
    """Where to reach it from here."""
    return {"0.0.0.0": "127.0.0.1", "::": "127.0.0.1"}.get(address, address)  # noqa: S104 - compared, not bound


def asks_for_token(part: str, host: str, port: int) -> bool | None:
    """Ask without one. None: it is no Ray, or does not answer within three seconds."""
    if part == "dashboard":
        return _over_http(host, port)
    return _over_grpc(
        f"[{host}]:{port}" if ":" in host else f"{host}:{port}", _HEAD_CALL if part == "head" else _CLIENT_CALL
    )


def _over_http(host: str, port: int) -> bool | None:
    connection = http.client.HTTPConnection(host, port, timeout=_SECONDS)
    try:
        connection.request("GET", "/api/version")
        response = connection.getresponse()
        body = response.read(4_096)
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    if response.status == 401 and b"token" in body:
        return True
    return False if response.status == 200 and b"ray_version" in body else None


def _over_grpc(target: str, call: str) -> bool | None:
    try:
        import grpc
    except ImportError:
        return None
    with grpc.insecure_channel(target, options=(("grpc.enable_http_proxy", 0),)) as channel:
        try:
            channel.unary_unary(call)(b"", timeout=_SECONDS)
        except grpc.RpcError as error:
            code = error.code()
            if code == grpc.StatusCode.UNAUTHENTICATED:
                return True
            # Ray Client knows nothing of a call without an argument, but only after it let us in
            return False if code == grpc.StatusCode.NOT_FOUND else None
    return False


def judge(found: list[Listener] | None) -> tuple[str, str, str]:
    """Verdict, message and remedy."""
    if found is None:
        return "OK", "not checked: the system does not say what listens", ""
    if not found:
        return "OK", "no Ray of this machine can be reached from others", ""
    names = {f"{x.part} ({x.address}:{x.port})": x.guarded for x in found}
    if not all(names.values()):
        there = ", ".join(name for name, guarded in names.items() if not guarded)
        return "FAIL", f"Ray asks for no token on {there}: whoever reaches it runs code here", _HELP
    text = f"it can be reached and asks for a token: {', '.join(names)}"
    if any(x.part == "dashboard" for x in found):
        return "WARN", text, "let the dashboard listen on 127.0.0.1 (--dashboard-host), and reach it by a tunnel"
    return "OK", text, ""
