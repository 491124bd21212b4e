"""Starting and finding Ray: every switch in one place.

Before Ray itself connects to a cluster, one call over gRPC asks who is there: where Ray finds nobody, or somebody else, it
waits and then ends the whole process, and a refused token it reports as a cluster that does not answer.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any, Final

from ray_lineage.errors import StoreUnavailable, UsageError, first_line

NAMESPACE: Final = "ray_lineage"
OBJECT_STORE_BYTES: Final = 256 * 2**20
_LEAN: Final = {
    "event_stats": False, "worker_niceness": 0, "task_events_max_num_task_in_gcs": 10_000,
    "maximum_gcs_destroyed_actor_cached_count": 1_000,
}  # fmt: skip
"""Ray's statistics of its own event loops cost a tenth of every call, and show in its debug logs alone. Its workers give way to
everybody else (niceness 15): on a machine with other work a save would wait for all of that, and an ingest for ever. Its head
remembers 100,000 tasks and as many dead actors, which in a watch of hours are 300 MB."""
_UNSEEN: Final = {**_LEAN, "task_events_report_interval_ms": 0, "enable_metrics_collection": False}
"""Nor is there anybody to see tasks and metrics where there is no dashboard."""
CONNECT_SECONDS: Final = 20
"""Each wait for a running cluster ends after this long."""
START_SECONDS: Final = 120
_HEAD_SECONDS: Final = 0.5
_LISTENS: Final = "0A"
# seconds that Ray itself goes on trying to reach a head that it has lost; it then ends the process. That its own child
# ended we see sooner, and one that got a SIGTERM takes ten seconds to end
_RAY_RETRIES: Final = {"private": "30", "other": "10"}
_VITAL: Final = ("gcs_server", "raylet")
_lost = False  # is there a Ray in this process that cannot be shut down?
NO_HEAD: Final = frozenset({"RL206", "RL245", "RL246"})
"""Codes of a cluster that cannot be attached to."""
_WHERE: Final = "--ray-address / RAY_ADDRESS"


def under_job() -> bool:
    """Is this the entry process of ``ray job submit``? (Ray sets RAY_JOB_ID in every actor, so that one says nothing.)"""
    return bool(os.environ.get("RAY_JOB_CONFIG_JSON_ENV_VAR"))


def running_head() -> str:
    """Address of a head that this user started on this machine (``ray start --head``) and whose process still listens; empty
    if there is none. Looked up without Ray, whose import takes a second. Linux alone says whose a port is."""
    path = os.path.join(os.environ.get("RAY_TMPDIR") or "/tmp", "ray", "ray_current_cluster")  # noqa: S108 - Ray's own place
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), encoding="utf-8") as file:
            own = os.fstat(file.fileno()).st_uid == os.getuid()
            address = file.read(200).strip() if own else ""
        port = int(address.rpartition(":")[2])
    except (OSError, ValueError):
        return ""
    if listeners(port, _sockets()) != {os.getuid()}:
        return ""
    # one that listens on loopback alone is written down with the machine's own address all the same
    return next((a for a in (address, f"127.0.0.1:{port}") if _answers(a)), "")


def listeners(port: int, sockets: Iterable[str]) -> set[int]:
    """Users whose processes listen on a port, by the kernel's table of TCP sockets (``/proc/net/tcp``). Pure."""
    found: set[int] = set()
    for line in sockets:
        fields = line.split()
        if len(fields) > 7 and fields[3] == _LISTENS and fields[1].rpartition(":")[2] == f"{port:04X}":
            found.add(int(fields[7]))
    return found


def _sockets() -> list[str]:
    lines: list[str] = []
    for name in ("tcp", "tcp6"):
        with contextlib.suppress(OSError), open(f"/proc/net/{name}", encoding="ascii") as table:
            lines += table.readlines()[1:]
    return lines


def _answers(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_HEAD_SECONDS).close()
    except (OSError, OverflowError, ValueError):
        return False
    return True


def use_own_token() -> None:
    """``ray start`` asks for the token that it keeps in the user's home, and Ray takes that only if it is told to. For a head
    of this user on this machine alone (:func:`running_head`), and before Ray is imported."""
    own = os.path.join(os.path.expanduser("~"), ".ray", "auth_token")
    if "RAY_AUTH_MODE" not in os.environ and os.path.isfile(own) and os.stat(own).st_uid == os.getuid():
        os.environ["RAY_AUTH_MODE"] = "token"


def meant(address: str) -> str:
    """Address of the cluster that is meant; empty: a private one."""
    named = address or os.environ.get("RAY_ADDRESS", "") or ("auto" if under_job() else "")
    return "" if named == "local" else named


@contextlib.contextmanager
def cluster(address: str, workers: int, *, dashboard: bool = False) -> Iterator[Any]:
    """The ``ray`` module, connected: to ``address``, to the job's cluster, or to a private one on this machine.

    A private cluster listens on loopback only and ends with the context; ``dashboard`` gives it one. Raises UsageError for
    a cluster that does not answer within CONNECT_SECONDS (RL206), has another version of Ray or Python (RL245) or asks for
    another token (RL246); StoreUnavailable for a private one that cannot be started (RL230).
    """
    named = meant(address) or "local"
    if named == "local" or _on_loopback_alone(named):
        # without this Ray replaces 127.0.0.1 by the host's address, and a private cluster listens on every interface
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    retries = _RAY_RETRIES["private" if named == "local" else "other"]
    os.environ.setdefault("RAY_gcs_rpc_server_reconnect_timeout_s", retries)
    os.environ.setdefault("RAY_gcs_server_request_timeout_seconds", str(CONNECT_SECONDS))
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray

    if ray.is_initialized():
        yield ray
        return
    try:
        if named == "local":
            _start(ray, workers, dashboard)
        else:
            _attach(ray, named)
        # what raylets say of workers that died goes to their logs; ours says what matters, and draws on the terminal
        ray._private.worker._worker_logs_enabled = False
        yield ray
    finally:
        _leave(ray)


def dashboard_url(ray: Any) -> str:
    """Where the cluster's dashboard is, empty if it has none."""
    found = ray._private.worker.get_dashboard_url()
    return f"http://{found}" if found else ""


def ended(ray: Any) -> str:
    """Which process of a private cluster that it cannot do without is gone, empty if none is. Ray itself finds out after
    RAY_gcs_rpc_server_reconnect_timeout_s, and then ends the whole process."""
    node = ray._private.worker._global_node
    dead = {kind for kind, _ in node.dead_processes()} if node is not None else set()
    return next((kind for kind in _VITAL if kind in dead), "")


def _leave(ray: Any) -> None:
    """Shut down. Without its head Ray waits in vain for that, and then ends this process with a code and words of its own:
    so what is left is ended, and the command has to leave at once (:func:`is_lost`)."""
    global _lost
    if not ended(ray):
        ray.shutdown()
        return
    _lost = True
    atexit.unregister(ray.shutdown)
    ray._private.worker._global_node.kill_all_processes(check_alive=False)


def is_lost() -> bool:
    """Does this process hold a Ray that has lost its head?"""
    return _lost


def _quiet() -> dict[str, Any]:
    from ray.job_config import JobConfig

    job = JobConfig()
    job._py_driver_sys_path = _OwnPath()
    return {"namespace": NAMESPACE, "log_to_driver": False, "logging_level": logging.ERROR, "job_config": job}


class _OwnPath(list[str]):
    """Where workers look for modules. Ray adds the current folder, which may be a stranger's repository: only where this process
    looks itself."""

    def extend(self, folders: Iterable[str]) -> None:
        super().extend(folder for folder in folders if folder in sys.path)


def _start(ray: Any, workers: int, dashboard: bool) -> None:
    cpus = max(1, min(workers, os.cpu_count() or 1))
    options: dict[str, Any] = {"num_cpus": cpus, "object_store_memory": OBJECT_STORE_BYTES}
    options |= {"include_dashboard": dashboard, "dashboard_host": "127.0.0.1"}
    options["_system_config"] = _LEAN if dashboard else _UNSEEN
    try:
        with _deadline(START_SECONDS), _own_groups(), _only_what_is_used(dashboard):
            ray.init(address="local", **options, **_quiet())
    except Exception as error:  # a raylet that does not come up is one without a class of its own
        raise StoreUnavailable(
            "RL230", f"Ray could not be started: {first_line(error).rstrip('. ')}", help="run with --executor local"
        ) from error


@contextlib.contextmanager
def _own_groups() -> Iterator[None]:
    """What Ray starts meanwhile gets process groups of its own, as its workers do: a signal to ours (``kill -TERM -PGID``,
    a terminal that is closed) is for us, and needs Ray alive to drain. Where a process does not die with its parent, Ray
    ends its processes by our group, so there they stay in it."""
    try:
        from ray._private import services
    except ImportError:  # Ray's private room
        services = None
    before = getattr(services, "ConsolePopen", None)
    if before is None or sys.platform != "linux":
        yield
        return
    services.ConsolePopen = functools.partial(before, process_group=0)
    try:
        yield
    finally:
        services.ConsolePopen = before


_UNUSED: Final = ("start_monitor", "start_log_monitor")
"""Methods of Ray's node that start its autoscaler's monitor and what copies the workers' logs to the driver."""


@contextlib.contextmanager
def _only_what_is_used(dashboard: bool) -> Iterator[None]:
    """A private head has no autoscaler, its logs are copied to nobody, and without a dashboard nobody asks its server (which
    Ray starts even then): half of the start's time, and of the processes. Where Ray has no such methods, all are started."""
    try:
        from ray._private.node import Node
    except ImportError:  # Ray's private room
        yield
        return

    def no_server(node: Any, **_: Any) -> None:
        node._webui_url = ""

    unused: dict[str, Any] = dict.fromkeys(_UNUSED, lambda node: None)
    if not dashboard:
        unused["start_api_server"] = no_server
    before = {name: getattr(Node, name) for name in unused if hasattr(Node, name)}
    for name in before:
        setattr(Node, name, unused[name])
    try:
        yield
    finally:
        for name, method in before.items():
            setattr(Node, name, method)


def _attach(ray: Any, address: str) -> None:
    check_form(address)
    target = ""
    try:
        with _deadline(3 * CONNECT_SECONDS):  # each wait inside ends before, and says more
            target = _resolved(address)
            probe(target)
            ray.init(address=target, **_quiet())
    except (ConnectionError, RuntimeError, ValueError, OSError, ray.exceptions.RayError) as error:
        at = f"{address} ({target})" if target not in ("", address) else address
        raise explained(at, error) from error


@contextlib.contextmanager
def _deadline(seconds: float) -> Iterator[None]:
    """Raise TimeoutError after so long. Only the main thread can be interrupted; elsewhere Ray's own limits have to do."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def expire(*_: object) -> None:
        raise TimeoutError(f"it was not done within {seconds:.0f} s")

    before = signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def check_form(address: str) -> None:
    """Raise UsageError (RL206) for what is no ``host:port`` or ``auto``, such as the addresses of Ray's other servers."""
    scheme, separator, rest = address.partition("://")
    if not separator:
        host, _, port = address.rpartition(":")
        if address != "auto" and not (host and port.isdigit() and 0 < int(port) < 65536):
            raise _no_ray(address, "this is not host:port", "give the head's address, such as 10.0.0.5:6379, or auto")
        return
    if scheme == "ray":
        hint = f"give the head's own port on a node of the cluster (--ray-address {_host(rest)}:6379), or use `ray job submit`"
        raise _no_ray(address, "Ray Client (ray://) is not supported", hint)
    hint = f"submit a job there (RAY_ADDRESS={address} ray job submit ... -- python jobs/ingest.py PATH), or give host:6379"
    raise _no_ray(address, "this is not the address of a head, but of its jobs server" if scheme in ("http", "https")
                  else f"{scheme}:// is no address of Ray", hint)  # fmt: skip


def _host(rest: str) -> str:
    return rest.partition("/")[0].rpartition(":")[0] or rest


def _on_loopback_alone(address: str) -> bool:
    """Does a head listen on this machine's loopback, but not on its other address, which Ray takes for it?"""
    host, _, port = address.rpartition(":")
    if host.strip("[]") not in ("127.0.0.1", "localhost", "::1") or not port.isdigit():
        return False
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as route:  # nothing is sent
            route.connect(("192.0.2.1", 9))
            own = route.getsockname()[0]
        socket.create_connection((own, int(port)), timeout=2).close()
    except (OSError, OverflowError):
        return True
    return False


def _resolved(address: str) -> str:
    """The address as Ray will connect to it; ``auto`` is what the environment or the last ``ray start`` on this machine
    says. Raises ConnectionError for nothing, OSError for an unknown host."""
    with contextlib.suppress(ImportError, AttributeError):  # Ray's private room: without it Ray finds out for itself
        from ray._private.services import canonicalize_bootstrap_address

        found = canonicalize_bootstrap_address(address)
        if not found:
            raise ConnectionError("no Ray was started on this machine")
        return str(found)
    return address


def probe(address: str, seconds: float = CONNECT_SECONDS) -> None:
    """Ask a head whether it is there, and of which version.

    Raises ConnectionError (nobody, or no Ray), TimeoutError, or RuntimeError with Ray's words for a refused token or
    another version.
    """
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=seconds).close()
    except TimeoutError:
        raise TimeoutError(f"it was not reached within {seconds:.0f} s") from None
    except OSError as error:
        raise ConnectionError(error.strerror or str(error)) from None
    with contextlib.suppress(ImportError, AttributeError):  # Ray's private room: without it Ray finds out for itself
        _ask(address, seconds)


def _ask(address: str, seconds: float) -> None:
    import grpc
    import ray
    from ray._private.grpc_utils import init_grpc_channel
    from ray.core.generated import gcs_service_pb2, gcs_service_pb2_grpc

    options = (("grpc.enable_http_proxy", 0),)  # as Ray's own connections
    started = time.monotonic()
    try:
        with init_grpc_channel(address, options=options) as channel:
            stub = gcs_service_pb2_grpc.NodeInfoGcsServiceStub(channel)
            reply = stub.CheckAlive(gcs_service_pb2.CheckAliveRequest(), timeout=seconds)
    except grpc.RpcError as error:
        code = error.code()
        if code == grpc.StatusCode.UNAUTHENTICATED:
            raise RuntimeError(f"Unauthenticated: {error.details()}") from None
        # gRPC's own patience with a silent server ends at about the same time as ours
        if code == grpc.StatusCode.DEADLINE_EXCEEDED or time.monotonic() - started > seconds / 2:
            raise TimeoutError(f"something listens there, but did not answer within {seconds:.0f} s") from None
        raise ConnectionError("what listens there is no head of Ray") from None
    version = getattr(reply, "ray_version", "")
    if version and version != ray.__version__:
        raise RuntimeError(f"Version mismatch: Ray: {version}, Ray: {ray.__version__}")


def explained(address: str, error: Exception) -> UsageError:
    """What Ray says when it cannot connect, as what to do about it. Pure."""
    text = str(error)
    if "Version mismatch" in text:
        theirs, ours = _versions(text)
        return UsageError(
            "RL245",
            f"the Ray cluster at {address} runs {theirs}, this process {ours}",
            where=_WHERE,
            help="install the same versions on both sides; `ray job submit` runs the cluster's own",
        )
    if "nauthenticated" in text or "InvalidAuthToken" in text or type(error).__name__ == "AuthenticationError":
        mode = os.environ.get("RAY_AUTH_MODE", "")
        state = "" if mode == "token" else f" (RAY_AUTH_MODE is {mode or 'not set'} here)"
        return UsageError(
            "RL246",
            f"the Ray cluster at {address} asks for a token, and got none or another one{state}",
            where="RAY_AUTH_MODE, RAY_AUTH_TOKEN, RAY_AUTH_TOKEN_PATH",
            help="set RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN_PATH to a file with the token of the head",
        )
    if "No node info found" in f"{text} {error.__cause__}":
        hint = "run this on a node of the cluster, or use `ray job submit`"
        return _no_ray(address, "its head is there, but no node of it runs on this machine", hint)
    return _no_ray(
        address, first_line(error).rstrip(". "), "start one with `ray start --head`, or leave the address out"
    )


def _versions(text: str) -> tuple[str, str]:
    """``Ray 2.60.0 and Python 3.11.7`` of the cluster and of this process, from Ray's message."""
    words = [
        line.strip(" ,") for line in text.replace("mismatch:", "mismatch:\n").replace(", Ray:", "\nRay:").splitlines()
    ]
    rays = [w.partition(":")[2].strip() for w in words if w.startswith("Ray:")]
    pythons = [w.partition(":")[2].strip() for w in words if w.startswith("Python:")]
    sides = [" and ".join(p for p in (f"Ray {r}", f"Python {y}" if y else "") if p)
             for r, y in zip(rays, pythons or [""] * len(rays), strict=False)]  # fmt: skip
    return (sides[0], sides[1]) if len(sides) > 1 else ("another version of Ray or Python", "ours")


def _no_ray(address: str, reason: str, hint: str) -> UsageError:
    return UsageError("RL206", f"no Ray cluster answers at {address}: {reason}", where=_WHERE, help=hint)
