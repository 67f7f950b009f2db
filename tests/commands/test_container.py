"""The endpoint with credentials for a child process."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.error import HTTPError
from urllib.parse import urlsplit

import pytest
from botocore.credentials import ReadOnlyCredentials
from pages import get_credentials

from sso_plugin.commands.container import CredentialsEndpoint
from sso_plugin.errors import ConfigError


def keys() -> tuple[ReadOnlyCredentials, float]:
    # Older botocore has no account id in here.
    values = ("ASIA", "secret", "token", "111111111111")[: len(ReadOnlyCredentials._fields)]
    return ReadOnlyCredentials(*values), 4102444800.5


def test_the_response_has_the_format_of_the_ecs_agent() -> None:
    """For a request with the token."""
    with CredentialsEndpoint(keys) as endpoint:
        variables = endpoint.environment()
        response = get_credentials(
            variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"],
            variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"],
        )
    assert response == {
        "AccessKeyId": "ASIA",
        "SecretAccessKey": "secret",
        "Token": "token",
        "Expiration": "2100-01-01T00:00:00Z",
        **({"AccountId": "111111111111"} if len(ReadOnlyCredentials._fields) > 3 else {}),
    }


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"token": "wrong"}, 403),
        ({"token": ""}, 403),
        ({"token": "w\xf6rong"}, 403),
        ({"host": "evil.example"}, 403),
        ({"host": "localhost"}, 403),
        ({"path": "/other"}, 404),
    ],
)
def test_other_requests_are_refused(change: dict[str, str], status: int) -> None:
    """A wrong token, a wrong Host header, another path."""
    with CredentialsEndpoint(keys) as endpoint:
        variables = endpoint.environment()
        url = variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"].replace(
            "/credentials", change.get("path", "/credentials")
        )
        token = change.get("token", variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"])
        with pytest.raises(HTTPError) as caught:
            get_credentials(url, token, change.get("host"))
        body = caught.value.read().decode()
        caught.value.close()
    assert caught.value.code == status
    assert "secret" not in body


@pytest.mark.long
def test_a_flood_of_connections_does_not_block_the_child() -> None:
    """A request with the token gets a response, however long fetching takes."""

    def fetch() -> tuple[ReadOnlyCredentials, float]:
        asked.set()
        assert flooded.wait(60)
        return keys()

    asked, flooded = threading.Event(), threading.Event()
    with CredentialsEndpoint(fetch) as endpoint, contextlib.ExitStack() as open_connections:
        variables = endpoint.environment()
        url = variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
        address = (str(urlsplit(url).hostname), int(urlsplit(url).port or 0))
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(
                get_credentials, url, variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
            )
            assert asked.wait(60)
            for _ in range(100):
                open_connections.enter_context(socket.create_connection(address, 60))
            # The last one was accepted, so all before it were.
            with pytest.raises(HTTPError) as caught:
                get_credentials(url)
            caught.value.close()
            flooded.set()
            assert answer.result()["AccessKeyId"] == "ASIA"


def test_a_short_lifetime_has_milliseconds() -> None:
    """Whole seconds would be a large part of it."""
    expires_at = time.time() + 30
    with CredentialsEndpoint(lambda: (keys()[0], expires_at)) as endpoint:
        status, document = endpoint.respond("/credentials")
    assert status == 200
    assert re.fullmatch(r"\d{4}-.*T.*\.\d{3}Z", document["Expiration"])


def test_an_error_is_a_response_with_its_message(caplog: pytest.LogCaptureFixture) -> None:
    """SDKs show it; it is also logged here."""

    def fail() -> tuple[ReadOnlyCredentials, float]:
        raise ConfigError(problem="No role", fix="Add one.")

    with CredentialsEndpoint(fail) as endpoint:
        assert endpoint.respond("/credentials") == (
            500,
            {"code": "ConfigError", "message": "No role. Add one."},
        )
    assert "No role. Add one." in caplog.text
