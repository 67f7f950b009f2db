"""Faults on the wire: what stock clients and bare sockets see of them."""

from __future__ import annotations

import json
import socket
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import urllib3
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from botocore.session import Session

    from sso_plugin.emulator import Emulator, SignIn

    Browse = Callable[..., Any]

REQUEST = b"GET /device HTTP/1.1\r\nHost: localhost\r\n\r\n"


@contextmanager
def connected(emulator: Emulator) -> Iterator[socket.socket]:
    address = ("127.0.0.1", int(emulator.url.rpartition(":")[2]))
    with socket.create_connection(address, timeout=10) as client:
        yield client


def received(client: socket.socket) -> bytes:
    """Return all that comes before the connection ends in peace."""
    parts = []
    while part := client.recv(65536):
        parts.append(part)

    return b"".join(parts)


def test_a_reset_is_one(sso_emulator: Emulator) -> None:
    """The kernel says RST, not that all has been sent."""
    sso_emulator.faults.add(kind="reset", times=1)

    with connected(sso_emulator) as client:
        client.sendall(REQUEST)
        with pytest.raises(ConnectionResetError):
            received(client)

    with connected(sso_emulator) as client:
        client.sendall(REQUEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        assert received(client).startswith(b"HTTP/1.1 200 OK")


def test_a_reset_request_changes_nothing(oidc: Any, sso_emulator: Emulator) -> None:
    """It is counted, without a status, and its refresh token is not used up."""
    sso_emulator.settings.refresh_tokens = "rotate"
    alice = sso_emulator.sign_in("alice")
    arguments = {
        "clientId": alice.client_id,
        "clientSecret": alice.client_secret,
        "grantType": "refresh_token",
        "refreshToken": alice.refresh_token,
    }
    sso_emulator.faults.add("CreateToken", kind="reset", times=1)

    with pytest.raises(ConnectionClosedError):
        oidc.create_token(**arguments)

    assert sso_emulator.requests.count("CreateToken", status=0) == 1
    assert oidc.create_token(**arguments)["accessToken"]


@pytest.mark.parametrize("size", [0, 7, None])
def test_a_cut_answer_promises_more_than_it_holds(sso_emulator: Emulator, size: int | None) -> None:
    """The headers are whole, then come so many bytes (by default half), then a reset."""
    sso_emulator.faults.add(kind="cut", size=size, times=1)

    with connected(sso_emulator) as client:
        client.sendall(REQUEST)
        text = b""
        with pytest.raises(ConnectionResetError):  # noqa: PT012 - all before it is kept
            while True:
                text += client.recv(65536)

    head, _, body = text.partition(b"\r\n\r\n")
    promised = int(dict(line.split(b": ") for line in head.split(b"\r\n")[1:])[b"Content-Length"])
    assert len(body) == (promised // 2 if size is None else size)
    assert len(body) < promised


def test_a_cut_answer_was_a_real_one(oidc: Any, sso_emulator: Emulator) -> None:
    """Its refresh token is used up, as when a network fails at the wrong moment."""
    sso_emulator.settings.refresh_tokens = "rotate"
    alice = sso_emulator.sign_in("alice")
    arguments = {
        "clientId": alice.client_id,
        "clientSecret": alice.client_secret,
        "grantType": "refresh_token",
        "refreshToken": alice.refresh_token,
    }
    sso_emulator.faults.add("CreateToken", kind="cut", times=1)

    with pytest.raises(Exception, match=r"(?i)connection|read"):
        oidc.create_token(**arguments)

    with pytest.raises(oidc.exceptions.InvalidGrantException):
        oidc.create_token(**arguments)


def test_a_truncated_answer_is_valid_http(
    sso_emulator: Emulator, alice: SignIn, browse: Browse
) -> None:
    """Only its JSON ends too early; the connection serves the next request."""
    sso_emulator.faults.add("ListAccounts", kind="truncated", times=1)
    url = f"{sso_emulator.url}/assignment/accounts"
    headers = {"x-amz-sso_bearer_token": alice.access_token}

    cut, whole = (browse("GET", url, headers=headers) for _ in range(2))

    assert (cut.status, cut.headers["Content-Type"]) == (200, "application/json")
    assert int(cut.headers["Content-Length"]) == len(cut.data)
    assert whole.data.startswith(cut.data)
    with pytest.raises(ValueError, match="line 1"):
        json.loads(cut.data)


@pytest.mark.parametrize("kind", ["truncated", "page"])
def test_a_stock_client_takes_what_is_no_json_for_an_empty_answer(
    sso: Any, alice: SignIn, sso_emulator: Emulator, kind: str
) -> None:
    """So that whoever uses the answer has to look."""
    sso_emulator.faults.add(kind=kind)

    answer = sso.list_accounts(accessToken=alice.access_token)

    assert answer.keys() == {"ResponseMetadata"}


@pytest.mark.parametrize("status", [None, 302, 502])
def test_a_proxy_may_answer_with_a_page(
    sso_emulator: Emulator, browse: Browse, status: int | None
) -> None:
    """By default as if all were well; the service is not asked."""
    sso_emulator.faults.add(kind="page", status=status)

    answer = browse("POST", f"{sso_emulator.url}/token", body=b"{}")

    assert answer.status == (status or 200)
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.data.startswith(b"<!doctype html>")


def test_a_hanging_request_is_answered_when_the_faults_are_cleared(
    sso_emulator: Emulator,
) -> None:
    """Others are served meanwhile."""
    sso_emulator.faults.add(kind="hang", times=1)
    with connected(sso_emulator) as hanging, connected(sso_emulator) as other:
        hanging.sendall(REQUEST)
        while sso_emulator.faults.pending():
            time.sleep(0.001)

        other.sendall(REQUEST)
        assert other.recv(15) == b"HTTP/1.1 200 OK"
        assert sso_emulator.requests.count() == 1

        sso_emulator.faults.clear()
        assert hanging.recv(15) == b"HTTP/1.1 200 OK"


def test_a_hanging_request_is_dropped_with_its_client(
    stock_session: Session, alice: SignIn, sso_emulator: Emulator
) -> None:
    """A stock client gives up after its timeout; nothing is done for it later."""
    sso_emulator.faults.add(kind="hang", times=1)
    impatient: Any = stock_session.create_client(
        "sso",
        region_name=sso_emulator.region,
        endpoint_url=sso_emulator.url,
        config=Config(read_timeout=0.05, retries={"total_max_attempts": 1}),
    )

    with pytest.raises(ReadTimeoutError):
        impatient.list_accounts(accessToken=alice.access_token)

    while not sso_emulator.requests.count("ListAccounts"):
        time.sleep(0.001)

    assert [each.status for each in sso_emulator.requests] == [0]


def test_a_hang_ends_with_its_time(sso_emulator: Emulator) -> None:
    """Who still waits then is answered."""
    sso_emulator.faults.add(kind="hang", until=60)
    with connected(sso_emulator) as client:
        client.sendall(REQUEST)
        sso_emulator.clock.advance(60)

        assert client.recv(15) == b"HTTP/1.1 200 OK"


def test_a_reset_ends_a_pooled_connection_only(sso_emulator: Emulator, browse: Browse) -> None:
    """A client that connects again is served."""
    url = f"{sso_emulator.url}/device"
    assert browse("GET", url).status == 200
    sso_emulator.faults.add(kind="reset", times=1)

    with pytest.raises(urllib3.exceptions.ProtocolError):
        browse("GET", url)

    assert browse("GET", url).status == 200


@pytest.mark.parametrize(
    "path", ["/token", "/client/register", "/device_authorization", "/_emulator/approve"]
)
def test_a_body_that_is_nested_too_deeply_is_refused(sso_emulator: Emulator, path: str) -> None:
    """With a status, as another body that is no JSON object; it is no fault of the emulator."""
    body = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
    with urllib3.PoolManager() as http:
        answer = http.request("POST", sso_emulator.url + path, body=body, retries=False)
    assert answer.status == 400
    sso_emulator.check()
