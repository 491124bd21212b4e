"""Starting and finding Ray: every switch in one place."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
from collections.abc import Iterator
from typing import Any, Final

from ray_lineage.errors import StoreUnavailable, UsageError

NAMESPACE: Final = "ray_lineage"
OBJECT_STORE_BYTES: Final = 256 * 2**20
_CONNECT_SECONDS: Final = "10"


def under_job() -> bool:
    """Is this the entry process of ``ray job submit``? (Ray sets RAY_JOB_ID in every actor, so that one says nothing.)"""
    return bool(os.environ.get("RAY_JOB_CONFIG_JSON_ENV_VAR"))


@contextlib.contextmanager
def cluster(address: str, workers: int) -> Iterator[Any]:
    """The ``ray`` module, connected: to ``address``, to the job's cluster, or to a private one on this machine.

    A private cluster listens on loopback only and ends with the context. Raises UsageError for an address where no Ray
    answers.
    """
    attached = bool(address) or under_job() or bool(os.environ.get("RAY_ADDRESS"))
    if not attached:
        # without this Ray replaces 127.0.0.1 by the host's address and listens on every interface
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    os.environ.setdefault("RAY_gcs_rpc_server_reconnect_timeout_s", _CONNECT_SECONDS)
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray

    if ray.is_initialized():
        yield ray
        return
    quiet: dict[str, Any] = {"namespace": NAMESPACE, "log_to_driver": False, "logging_level": logging.ERROR}
    if attached:
        _check_answers(address or os.environ.get("RAY_ADDRESS", ""))
        try:
            ray.init(address=address or "auto", **quiet)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise _no_ray(address or os.environ.get("RAY_ADDRESS", ""), str(error).splitlines()[0]) from error
    else:
        try:
            ray.init(
                address="local",
                num_cpus=max(1, workers),
                object_store_memory=OBJECT_STORE_BYTES,
                include_dashboard=False,
                **quiet,
            )
        except (ConnectionError, RuntimeError, ValueError, OSError) as error:
            raise StoreUnavailable(
                "RL230", f"Ray could not be started: {str(error).splitlines()[0]}", help="run with --executor inline"
            ) from error
    try:
        yield ray
    finally:
        ray.shutdown()


def _check_answers(address: str) -> None:
    """Does anything listen there? Ray itself ends the whole process when it finds out that nothing does."""
    host, _, port = address.partition("://")[2].partition(":") if "://" in address else address.partition(":")
    if not port.isdigit():
        return
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except OSError as error:
        raise _no_ray(address, error.strerror or str(error)) from None


def _no_ray(address: str, reason: str) -> UsageError:
    return UsageError(
        "RL206",
        f"no Ray cluster answers at {address}: {reason}",
        where="--ray-address / RAY_ADDRESS",
        help="start one with `ray start --head`, or leave the address out",
    )
