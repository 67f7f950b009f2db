"""What stock clients and bare sockets get because of a fault."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
import urllib3
from botocore.exceptions import ConnectionClosedError
from emulator_clients import GET_DEVICE_PAGE, connected, list_accounts_status, receive_all, refresh

if TYPE_CHECKING:
    from collections.abc import Callable

    from sso_plugin.emulator import Emulator, SignIn

    Browse = Callable[..., Any]


def test_a_fault_looks_like_the_modelled_error(
    sso: Any, alice: SignIn, sso_emulator: Emulator
) -> None:
    """A client catches the same exception as from AWS."""
    sso_emulator.faults.add(status=429)

    with pytest.raises(sso.exceptions.TooManyRequestsException):
        sso.list_accounts(accessToken=alice.access_token)


def test_the_code_of_a_fault_can_be_chosen(oidc: Any, sso_emulator: Emulator) -> None:
    """Any error of the service is possible."""
    sso_emulator.faults.add(operation="RegisterClient", status=400, code="SlowDownException")

    with pytest.raises(oidc.exceptions.SlowDownException):
        oidc.register_client(clientName="test", clientType="public")


def test_a_late_response_is_the_real_one(sso: Any, alice: SignIn, sso_emulator: Emulator) -> None:
    """Latency changes nothing but the time."""
    sso_emulator.faults.add(latency=0.05)
    started = time.monotonic()

    assert list_accounts_status(sso, alice.access_token) == 200
    assert time.monotonic() - started >= 0.05


def test_a_fault_can_have_a_retry_after_header(
    sso: Any, alice: SignIn, sso_emulator: Emulator
) -> None:
    """In seconds."""
    sso_emulator.faults.add(status=429, retry_after=2.5)

    with pytest.raises(sso.exceptions.TooManyRequestsException) as caught:
        sso.list_accounts(accessToken=alice.access_token)

    assert caught.value.response["ResponseMetadata"]["HTTPHeaders"]["retry-after"] == "2.5"


def test_a_reset_closes_the_connection_with_rst(sso_emulator: Emulator) -> None:
    """Not with a normal end of the connection."""
    sso_emulator.faults.add(kind="reset", times=1)

    with connected(sso_emulator) as client:
        client.sendall(GET_DEVICE_PAGE)
        with pytest.raises(ConnectionResetError):
            receive_all(client)

    with connected(sso_emulator) as client:
        client.sendall(GET_DEVICE_PAGE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        assert receive_all(client).startswith(b"HTTP/1.1 200 OK")


def test_a_reset_request_changes_nothing(oidc: Any, sso_emulator: Emulator) -> None:
    """It is logged without a status, and its refresh token is not used up."""
    sso_emulator.settings.refresh_tokens = "rotate"
    alice = sso_emulator.sign_in("alice")
    sso_emulator.faults.add("CreateToken", kind="reset", times=1)

    with pytest.raises(ConnectionClosedError):
        refresh(oidc, alice)

    assert sso_emulator.requests.count("CreateToken", status=0) == 1
    assert refresh(oidc, alice)["accessToken"]


@pytest.mark.parametrize("size", [0, 7, None])
def test_a_cut_response_ends_before_its_content_length(
    sso_emulator: Emulator, size: int | None
) -> None:
    """The headers, `size` bytes of the body (by default half), then a reset."""
    sso_emulator.faults.add(kind="cut", size=size, times=1)

    with connected(sso_emulator) as client:
        client.sendall(GET_DEVICE_PAGE)
        text = b""
        with pytest.raises(ConnectionResetError):  # noqa: PT012 - all before it is kept
            while True:
                text += client.recv(65536)

    head, _, body = text.partition(b"\r\n\r\n")
    promised = int(dict(line.split(b": ") for line in head.split(b"\r\n")[1:])[b"Content-Length"])
    assert len(body) == (promised // 2 if size is None else size)
    assert len(body) < promised


def test_a_cut_response_was_handled(oidc: Any, sso_emulator: Emulator) -> None:
    """Its refresh token is used up, as when the network fails at the wrong moment."""
    sso_emulator.settings.refresh_tokens = "rotate"
    alice = sso_emulator.sign_in("alice")
    sso_emulator.faults.add("CreateToken", kind="cut", times=1)

    with pytest.raises(Exception, match=r"(?i)connection|read"):
        refresh(oidc, alice)

    with pytest.raises(oidc.exceptions.InvalidGrantException):
        refresh(oidc, alice)


def test_a_truncated_response_is_valid_http(
    sso_emulator: Emulator, alice: SignIn, browse: Browse
) -> None:
    """Only its JSON is incomplete. The connection serves the next request."""
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
def test_a_stock_client_reads_invalid_json_as_an_empty_response(
    sso: Any, alice: SignIn, sso_emulator: Emulator, kind: str
) -> None:
    """So the caller has to check the members."""
    sso_emulator.faults.add(kind=kind)

    response = sso.list_accounts(accessToken=alice.access_token)

    assert response.keys() == {"ResponseMetadata"}


@pytest.mark.parametrize("status", [None, 302, 502])
def test_a_page_replaces_the_response(
    sso_emulator: Emulator, browse: Browse, status: int | None
) -> None:
    """By default with status 200. The service does not see the request."""
    sso_emulator.faults.add(kind="page", status=status)

    response = browse("POST", f"{sso_emulator.url}/token", body=b"{}")

    assert response.status == (status or 200)
    assert response.headers["Content-Type"].startswith("text/html")
    assert response.data.startswith(b"<!doctype html>")


def test_a_reset_ends_a_pooled_connection_only(sso_emulator: Emulator, browse: Browse) -> None:
    """A new connection is served."""
    url = f"{sso_emulator.url}/device"
    assert browse("GET", url).status == 200
    sso_emulator.faults.add(kind="reset", times=1)

    with pytest.raises(urllib3.exceptions.ProtocolError):
        browse("GET", url)

    assert browse("GET", url).status == 200
