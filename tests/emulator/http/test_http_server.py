"""What the HTTP server guarantees to every client."""

from __future__ import annotations

import http.client
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from sso_plugin.emulator import Emulator, Organization
from sso_plugin.emulator.http.http_server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sso_plugin.emulator import SignIn


@pytest.fixture
def connection(sso_emulator: Emulator) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection(sso_emulator.url.removeprefix("http://"), timeout=60)
    yield connection
    connection.close()


PRODUCTION = "1" * 12


def test_a_client_keeps_its_connection(
    sso: Any, alice: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All requests of a client use one connection, as with AWS."""
    accepted = []
    accept = Server.get_request

    def counted(server: Server) -> Any:
        accepted.append(server)
        return accept(server)

    monkeypatch.setattr(Server, "get_request", counted)
    for _ in range(5):
        sso.list_accounts(accessToken=alice.access_token)

    assert len(accepted) == 1


def test_close_ends_idle_connections(sso_emulator: Emulator) -> None:
    """The client of an open connection sees its end."""
    emulator = Emulator()
    emulator.start()
    client = socket.create_connection(("127.0.0.1", int(emulator.url.rpartition(":")[2])), 60)
    with client:
        client.sendall(b"GET /device HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.recv(15) == b"HTTP/1.1 200 OK"

        emulator.stop()
        while client.recv(65536):
            pass


@pytest.mark.long
def test_concurrent_requests_are_all_served(
    sso: Any, alice: SignIn, sso_emulator: Emulator
) -> None:
    """Each gets its own credentials, and each is counted."""

    def ask(_: int) -> str:
        response = sso.get_role_credentials(
            accessToken=alice.access_token, accountId=PRODUCTION, roleName="ReadOnlyAccess"
        )
        return str(response["roleCredentials"]["accessKeyId"])

    with ThreadPoolExecutor(16) as threads:
        keys = set(threads.map(ask, range(200)))

    assert len(keys) == 200
    assert sso_emulator.requests.count("GetRoleCredentials") == 200


@pytest.mark.long
def test_many_threads_list_a_thousand_accounts(sso: Any, sso_emulator: Emulator) -> None:
    """All pages of accounts, then the roles of each account."""
    sso_emulator.reset(Organization.generated(1000))
    token = sso_emulator.sign_in().access_token

    def roles(account_id: str) -> int:
        return len(sso.list_account_roles(accessToken=token, accountId=account_id)["roleList"])

    accounts = [
        each["accountId"]
        for page in sso.get_paginator("list_accounts").paginate(accessToken=token)
        for each in page["accountList"]
    ]
    with ThreadPoolExecutor(10) as threads:
        assert sum(threads.map(roles, accounts)) == 2000

    assert len(set(accounts)) == 1000
    assert sso_emulator.requests.count() == 1010


def test_a_response_to_head_has_no_body(connection: http.client.HTTPConnection) -> None:
    """The connection serves the next request."""
    connection.request("HEAD", "/device")
    response = connection.getresponse()
    assert (response.status, response.read()) == (200, b"")

    connection.request("GET", "/device")
    assert connection.getresponse().read().startswith(b"<!doctype html>")


def test_a_request_that_is_cut_off_is_ignored(
    sso_emulator: Emulator, connection: http.client.HTTPConnection
) -> None:
    """The client was interrupted. Without its body, the request would be an unknown one."""
    connection.connect()
    client = connection.sock
    client.sendall(b"POST /federation HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nAct")
    client.shutdown(socket.SHUT_WR)
    assert client.recv(1) == b""
    assert len(sso_emulator.requests) == 0
    sso_emulator.check()


@pytest.mark.parametrize("headers", [{"Transfer-Encoding": "chunked"}, {"Content-Length": "many"}])
def test_a_body_of_unknown_length_is_rejected(
    connection: http.client.HTTPConnection, headers: dict[str, str]
) -> None:
    """No SDK sends one to these services."""
    connection.putrequest("POST", "/token")
    for name, value in headers.items():
        connection.putheader(name, value)

    connection.endheaders()

    assert connection.getresponse().status == 411
