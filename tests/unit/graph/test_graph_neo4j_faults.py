"""What the driver raises: what it means for the run, and what people read."""

from __future__ import annotations

import pickle

import pytest
from neo4j import GraphDatabase
from neo4j.exceptions import IncompleteCommit, Neo4jError, RoutingServiceUnavailable, ServiceUnavailable, SessionExpired

from ray_lineage.errors import StoreForbids, StoreUnavailable
from ray_lineage.graph.base import Permanent, TooLarge, Transient
from ray_lineage.graph.neo4j_faults import explained, judged, without_credentials

_URI = "neo4j://graph:7687"


def server_error(code: str) -> Neo4jError:
    """As the driver makes it from the server's answer."""
    error = Neo4jError._hydrate_neo4j(code=code, message="said the server")
    assert isinstance(error, Neo4jError)
    return error


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("Neo.TransientError.Transaction.DeadlockDetected", Transient),
        ("Neo.TransientError.General.DatabaseUnavailable", Transient),
        ("Neo.ClientError.Cluster.NotALeader", Transient),
        ("Neo.TransientError.General.MemoryPoolOutOfMemoryError", TooLarge),
        ("Neo.TransientError.General.TransactionMemoryLimit", TooLarge),
        ("Neo.ClientError.Statement.TypeError", Permanent),
        ("Neo.ClientError.Schema.ConstraintValidationFailed", Permanent),
        ("Neo.ClientError.Security.Unauthorized", StoreForbids),
        ("Neo.ClientError.Security.Forbidden", StoreForbids),
        ("Neo.ClientError.Security.AuthenticationRateLimit", StoreForbids),
    ],
)
def test_what_an_answer_means_for_a_transaction(code: str, kind: type[Exception]) -> None:
    assert isinstance(judged(_URI, server_error(code)), kind)


@pytest.mark.parametrize(
    "error", [ServiceUnavailable("x"), SessionExpired("x"), IncompleteCommit("x"), OSError(104, "x")]
)
def test_a_lost_connection_may_come_back(error: Exception) -> None:
    assert isinstance(judged(_URI, error), Transient)


@pytest.mark.parametrize(
    ("code", "ours", "says"),
    [
        ("Neo.ClientError.Security.Unauthorized", "RL215", "refused the user name or password"),
        ("Neo.ClientError.Security.CredentialsExpired", "RL215", "has to be changed"),
        ("Neo.ClientError.Security.AuthenticationRateLimit", "RL224", "several were wrong"),
        ("Neo.ClientError.Security.Forbidden", "RL220", "forbids it to this user"),
        ("Neo.ClientError.Database.DatabaseNotFound", "RL218", "said the server"),
    ],
)
def test_what_will_not_pass_by_itself_is_named(code: str, ours: str, says: str) -> None:
    error = explained(_URI, server_error(code))
    assert isinstance(error, StoreForbids)
    assert error.code == ours and says in error.message and _URI in error.message
    assert isinstance(pickle.loads(pickle.dumps(error)), StoreForbids)


def test_a_missing_routing_table_names_the_host() -> None:
    error = explained(_URI, RoutingServiceUnavailable("Unable to retrieve routing information"))
    assert error.code == "RL219" and _URI in error.message and "bolt://" in error.message


def test_a_fault_of_ours_is_not_blamed_on_the_server() -> None:
    with pytest.raises(KeyError) as caught:
        {}["ours"]
    assert judged(_URI, caught.value) is caught.value


def test_what_the_driver_cannot_read_is_the_servers_fault() -> None:
    """Whatever it raises on a nonsensical answer, it raises within its own modules."""
    from neo4j._codec.packstream.v1 import Unpacker

    with pytest.raises(AttributeError) as caught:
        Unpacker(None).unpack()
    error = judged(_URI, caught.value)
    assert isinstance(error, StoreUnavailable) and "no Neo4j, or is broken" in error.message


def test_no_password_in_an_address() -> None:
    assert without_credentials("bolt://u:canary@h:7687") == "bolt://h:7687"
    with pytest.raises(Exception) as caught:
        GraphDatabase.driver("bolt://u:canary@h:x")
    assert "canary" not in explained("bolt://h", caught.value).message
