"""The forms of a request target, sent over a bare socket."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

import pytest
from emulator_clients import GET_CALLER_IDENTITY, connected, receive_all, sign

from sso_plugin.emulator import Emulator

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

    from sso_plugin.emulator import SignIn

EVIL = "evil.example"

CLIENT = '{"clientName": "x", "clientType": "public"}'


def host_of(emulator: Emulator) -> str:
    """Return the host and the port of the emulator."""
    return emulator.url.partition("//")[2]


def exchange(
    client: socket.socket, request_line: str, headers: Mapping[str, str], body: str = ""
) -> tuple[int, str]:
    """Send a request as it is. Return the status and the body of the response."""
    lines = [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"Content-Length: {len(body)}", "Connection: close"]
    client.sendall("\r\n".join([f"{request_line} HTTP/1.1", *lines, "", body]).encode())
    head, _, text = receive_all(client).decode().partition("\r\n\r\n")
    version, status, _ = head.split(" ", 2)
    assert version == "HTTP/1.1"
    return int(status), text


def ask(
    emulator: Emulator, request_line: str, headers: Mapping[str, str] | None = None, body: str = ""
) -> tuple[int, str]:
    """Send a request over a connection of its own, by default with the host of the emulator."""
    with connected(emulator) as client:
        return exchange(client, request_line, headers or {"Host": host_of(emulator)}, body)


@pytest.mark.parametrize("scheme", ["http", "HTTP", "https"])
@pytest.mark.parametrize(
    "path", ["/device", "//device", "/dev%69ce", "/device?user_code=WDJB-MJHT&x=http://a/b?c"]
)
def test_a_target_can_be_a_url(sso_emulator: Emulator, scheme: str, path: str) -> None:
    """Its path and its query are those of the request, also in the log."""
    by_path = ask(sso_emulator, f"GET {path}")
    by_url = ask(sso_emulator, f"GET {scheme}://{host_of(sso_emulator)}{path}")

    assert by_path[0] == 200
    assert by_url == by_path
    assert [each.path for each in sso_emulator.requests] == ["/device", "/device"]


def test_a_url_without_a_path_names_the_root(sso_emulator: Emulator) -> None:
    """That is the first page, or an action of STS if there is a query."""
    url = f"http://{host_of(sso_emulator)}"

    assert ask(sso_emulator, f"GET {url}") == ask(sso_emulator, "GET /")
    assert "MissingAuthenticationToken" in ask(sso_emulator, f"GET {url}?{GET_CALLER_IDENTITY}")[1]


def test_a_url_of_a_server_with_tls_is_https() -> None:
    """Responses have URLs of the same server."""
    pytest.importorskip("trustme")
    with Emulator(tls=True) as emulator, connected(emulator) as client:
        context = ssl.create_default_context(cafile=str(emulator.ca_bundle))
        host = host_of(emulator).replace("127.0.0.1", "localhost")
        line = f"POST https://{host}/client/register"
        with context.wrap_socket(client, server_hostname="localhost") as secure:
            status, text = exchange(secure, line, {"Host": EVIL}, CLIENT)

    assert status == 200
    assert f'"tokenEndpoint": "https://{host}/token"' in text


def test_parameters_in_a_url_are_read(sso_emulator: Emulator, alice: SignIn) -> None:
    """For example by the portal."""
    url = f"http://{host_of(sso_emulator)}/federation/credentials"
    query = f"account_id={'1' * 12}&role_name=AdministratorAccess"
    headers = {"Host": EVIL, "x-amz-sso_bearer_token": alice.access_token}

    status, text = ask(sso_emulator, f"GET {url}?{query}", headers)

    assert (status, "accessKeyId" in text) == (200, True)
    assert sso_emulator.requests.count("GetRoleCredentials", role="AdministratorAccess") == 1


def test_the_host_of_a_url_is_the_one_that_is_signed(
    sso_emulator: Emulator, role_credentials: dict[str, Any]
) -> None:
    """The Host header is ignored."""
    signed = sign(sso_emulator, role_credentials)
    here, other = host_of(sso_emulator), "localhost:1"

    def call(url: str, host: str) -> int:
        return ask(sso_emulator, f"POST {url}", {**signed, "Host": host}, GET_CALLER_IDENTITY)[0]

    assert call(f"http://{here}/", here) == 200
    assert call(f"http://{here}", other) == 200
    assert call(f"http://{other}/", here) == 403


@pytest.mark.parametrize(
    "url", [f"http://{EVIL}", f"http://{EVIL}:80", "http://localhost.evil.example", "http://[bad"]
)
def test_a_url_of_another_host_is_rejected(sso_emulator: Emulator, url: str) -> None:
    """Even if the Host header names this machine."""
    status, text = ask(sso_emulator, f"GET {url}/_emulator/clock")

    assert (status, "Only this machine is served" in text) == (403, True)


def test_a_url_from_a_page_of_another_site_is_rejected(sso_emulator: Emulator) -> None:
    """The origin has to be the host of the URL."""
    url = f"http://{host_of(sso_emulator)}/_emulator/clock"

    def status(origin: str) -> int:
        return ask(sso_emulator, f"GET {url}", {"Host": EVIL, "Origin": origin})[0]

    assert status(f"http://{EVIL}") == 403
    assert status(sso_emulator.url) == 200


@pytest.mark.parametrize(
    "target",
    [
        "device",
        "localhost:80",
        "http:device",
        "http://",
        "http:///device",
        "http://?x",
        "http://alice@localhost/device",
        "http://evil.example@localhost/device",
        "ftp://localhost/device",
    ],
)
def test_an_invalid_target_is_rejected(
    sso_emulator: Emulator, target: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """With status 400, and nothing is printed."""
    assert ask(sso_emulator, f"GET {target}")[0] == 400
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("request_line", "status"),
    [("OPTIONS *", 404), ("GET //localhost/device", 404), ("CONNECT localhost:80", 501)],
)
def test_a_target_of_no_operation_is_an_error(
    sso_emulator: Emulator, request_line: str, status: int, capfd: pytest.CaptureFixture[str]
) -> None:
    """Two slashes make no URL of a path, `*` is no operation, and there is no proxy."""
    assert ask(sso_emulator, request_line)[0] == status
    assert capfd.readouterr() == ("", "")
    sso_emulator.reset()
