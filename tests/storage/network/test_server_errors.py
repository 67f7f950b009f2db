"""What went wrong at a server: a clause for a person, and a kind. No message has an argument."""

from __future__ import annotations

import socket
import ssl

import pytest
from redis import exceptions

from sso_plugin.storage.network.server_errors import PASSWORD_FILE, ServerAwayError, why_away

NAME = "the store redis://10.0.0.5:6379"

NOPERM = "this user has no permissions to run the 'evalsha' command"

CASES: list[tuple[Exception, str, str]] = [
    (exceptions.TimeoutError("Timeout reading from 10.0.0.5"), "timeout", "does not respond"),
    (exceptions.TimeoutError("Timeout connecting to server"), "timeout", "does not respond"),
    (
        exceptions.ConnectionError("Error 111 connecting to 10.0.0.5:6379."),
        "unreachable",
        "cannot be reached",
    ),
    (ConnectionResetError(104, "reset"), "unreachable", "cannot be reached"),
    (
        ConnectionRefusedError(111, "refused"),
        "unreachable",
        "cannot be reached: no server listens there",
    ),
    (
        socket.gaierror(-2, "unknown"),
        "unreachable",
        "cannot be reached: the name of its host is not known",
    ),
    (exceptions.BusyLoadingError("loading"), "unreachable", "is still loading its data"),
    (
        exceptions.AuthenticationError("invalid username-password pair"),
        "password",
        f"refuses the user or the password ({PASSWORD_FILE})",
    ),
    (
        exceptions.ResponseError("NOAUTH Authentication required."),
        "password",
        f"refuses the user or the password ({PASSWORD_FILE})",
    ),
    (
        exceptions.NoPermissionError(NOPERM),
        "permission",
        "does not permit this user what is needed (sso-plugin store init prints its ACL)",
    ),
    (
        exceptions.ResponseError("The user executing the script can't run this command"),
        "permission",
        "does not permit this user what is needed (sso-plugin store init prints its ACL)",
    ),
    (
        exceptions.ResponseError("ACL failure in script: No permissions to access a key"),
        "permission",
        "does not permit this user what is needed (sso-plugin store init prints its ACL)",
    ),
    (
        exceptions.OutOfMemoryError("command not allowed when used memory > 'maxmemory'."),
        "memory",
        "is out of memory (raise its maxmemory)",
    ),
    (
        exceptions.ResponseError("OOM command not allowed in a script"),
        "memory",
        "is out of memory (raise its maxmemory)",
    ),
    (
        exceptions.ReadOnlyError("You can't write against a read only replica."),
        "other",
        "is a replica that cannot be written",
    ),
    (
        exceptions.ResponseError("WRONGTYPE Operation against a key with the value hidden"),
        "other",
        "returned an error (ResponseError, WRONGTYPE)",
    ),
    (
        exceptions.InvalidResponse("Protocol Error: b'hidden'"),
        "other",
        "returned an error (InvalidResponse, Protocol)",
    ),
]


@pytest.mark.parametrize(("exc", "kind", "message"), CASES)
def test_each_error_has_a_kind_and_a_message(exc: Exception, kind: str, message: str) -> None:
    """That begins with the server."""
    error = why_away(exc, NAME)
    assert (error.kind, str(error)) == (kind, f"{NAME} {message}")


@pytest.mark.parametrize(("exc", "kind", "message"), CASES)
def test_no_message_shows_the_text_of_the_server(exc: Exception, kind: str, message: str) -> None:
    """It may have the arguments of a command."""
    error = why_away(exc, NAME)
    assert "hidden" not in f"{error!r} {error.args} {vars(error)}"
    assert error.__cause__ is error.__context__ is None


@pytest.mark.parametrize("is_cause", [True, False])
def test_a_certificate_that_is_not_valid_is_named(*, is_cause: bool) -> None:
    """Below the error of the connection, as its cause or its context."""
    found = ssl.SSLCertVerificationError("self-signed\ncertificate")
    found.verify_message = "self-signed certificate."  # some end with a full stop
    outer = exceptions.ConnectionError("Error 1 connecting")
    if is_cause:
        outer.__cause__ = found
    else:
        outer.__context__ = found
    error = why_away(outer, NAME)
    assert error.kind == "tls"
    assert str(error) == f"{NAME} has a TLS certificate that is not valid: self-signed certificate"


def test_errors_that_cause_each_other_end() -> None:
    """A chain of causes can be a circle."""
    one, two = exceptions.ConnectionError("one"), exceptions.ConnectionError("two")
    one.__context__, two.__context__ = two, one
    assert why_away(one, NAME).kind == "unreachable"


def test_the_kind_is_other_unless_it_is_given() -> None:
    """Such an error is not one that ends by itself."""
    assert ServerAwayError("x").kind == "other"
