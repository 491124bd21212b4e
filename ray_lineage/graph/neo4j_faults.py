"""What the Neo4j driver raises, in our words: for people (:func:`explained`), and for what is tried next (:func:`judged`)."""

from __future__ import annotations

import re
import traceback
from typing import Final
from urllib.parse import urlsplit

from ray_lineage.errors import RayLineageError, StoreForbids, StoreUnavailable, first_line
from ray_lineage.graph.base import Permanent, TooLarge, Transient

_NO_MEMORY: Final = re.compile(r"Memory|StackOverFlow", re.IGNORECASE)
_CREDENTIALS: Final = "NEO4J_USERNAME, NEO4J_PASSWORD"


def judged(uri: str, error: Exception) -> Exception:
    """What a failed transaction means: Transient, TooLarge, Permanent, an error of ours that ends the run, or the error
    itself if it is a fault of this program."""
    from neo4j.exceptions import ClientError, DriverError, Neo4jError

    if isinstance(error, RayLineageError | TooLarge):
        return error
    if isinstance(error, ClientError) and _of_security(error):
        return explained(uri, error)
    if isinstance(error, Neo4jError):
        if wants_memory(error):
            return TooLarge(masked(error))
        return Transient(masked(error)) if error.is_retryable() else Permanent("RL501", masked(error))
    if isinstance(error, DriverError | OSError):  # among them IncompleteCommit: the outcome is unknown, so repeat
        return Transient(masked(error))
    if isinstance(error, UnicodeError | OverflowError | TypeError | ValueError):
        return Permanent("RL502", f"{type(error).__name__}: {masked(error)}")
    return explained(uri, error) if _of_driver(error) else error


def wants_memory(error: Exception) -> bool:
    """Has the server not the memory for the transaction? The driver would try the same again."""
    return bool(_NO_MEMORY.search(getattr(error, "code", "") or ""))


def explained(uri: str, error: Exception) -> RayLineageError:
    """Why the server at an address (without credentials) cannot be used."""
    from neo4j.exceptions import (  # fmt: skip
        ClientError,
        ConfigurationError,
        Neo4jError,
        RoutingServiceUnavailable,
        ServiceUnavailable,
    )

    if isinstance(error, RayLineageError):
        return error
    if isinstance(error, ClientError) and _of_security(error):
        return _unwelcome(uri, error)
    if isinstance(error, ConfigurationError | ValueError):
        return StoreForbids("RL217", f"{uri} is no usable Neo4j address: {masked(error)}",
                            help="use neo4j://, neo4j+s://, bolt:// or bolt+s:// and a host")  # fmt: skip
    if isinstance(error, ClientError) and "Database" in (error.code or ""):
        return StoreForbids("RL218", f"Neo4j at {uri}: {masked(error)}", where="NEO4J_DATABASE",
                            help="name an existing database, or leave it out for the default one")  # fmt: skip
    if isinstance(error, Neo4jError) and not error.is_retryable():
        return StoreUnavailable("RL220", f"Neo4j at {uri} refused a query: {masked(error)}", help="please report it")
    if isinstance(error, RoutingServiceUnavailable):
        reason = f"{masked(error)} from it; a single server, or one behind a tunnel, wants bolt:// in place of neo4j://"
    elif isinstance(error, ServiceUnavailable):
        reason = "it does not answer"
    elif isinstance(error, Neo4jError | OSError) or not _of_driver(error):
        reason = masked(error)
    else:
        reason = f"what answers there is no Neo4j, or is broken ({type(error).__name__}: {masked(error)})"
    return StoreUnavailable(
        "RL219", f"cannot reach Neo4j at {uri}: {reason}",
        help="start the server, or correct the address (--store, NEO4J_URI); without one the embedded store is used",
    )  # fmt: skip


def _of_security(error: Exception) -> bool:
    return ".Security." in (getattr(error, "code", "") or "")


def _unwelcome(uri: str, error: Exception) -> StoreForbids:
    """Who we are, or what we may: asking again changes nothing."""
    match str(getattr(error, "code", "")).rpartition(".")[2]:
        case "AuthenticationRateLimit":
            return StoreForbids(
                "RL224", f"Neo4j at {uri} refuses to look at a password for now, because several were wrong",
                where=_CREDENTIALS, help="correct it and wait (by default 5 s after the last try); who tries again meanwhile waits longer",
            )  # fmt: skip
        case "Forbidden":
            return StoreForbids(
                "RL220", f"Neo4j at {uri} forbids it to this user: {masked(error)}", where="NEO4J_USERNAME",
                help="the user must be allowed to read and write, and once to create constraints and indexes",
            )  # fmt: skip
        case "CredentialsExpired":
            return StoreForbids("RL215", f"the password for Neo4j at {uri} has to be changed first", where=_CREDENTIALS,
                                help="cypher-shell -d system 'ALTER CURRENT USER SET PASSWORD FROM ... TO ...'")  # fmt: skip
    return StoreForbids("RL215", f"Neo4j at {uri} refused the user name or password", where=_CREDENTIALS,
                        help="set both to a user of that server")  # fmt: skip


def _of_driver(error: Exception) -> bool:
    """Was it raised within the driver? Then the server said what nobody expects."""
    frames = list(traceback.walk_tb(error.__traceback__))
    return bool(frames) and str(frames[-1][0].f_globals.get("__name__", "")).partition(".")[0] == "neo4j"


def without_credentials(uri: str) -> str:
    """The address without ``user:password@``."""
    parts = urlsplit(uri)
    host = parts.hostname or ""
    port = ""
    try:
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        port = ""
    return f"{parts.scheme}://{host}{port}"


def masked(error: BaseException) -> str:
    """A driver's message; what stands before an @ in an address may be a password."""
    return re.sub(r"//[^/@\s]*@", "//***@", first_line(error))
