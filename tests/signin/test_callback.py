"""The redirect target of a browser login: only the browser of this user can answer, once."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import other_user
import pytest
from loopback_clients import (
    LOOPBACK_ADDRESSES,
    get,
    get_as_another_user,
    needs_linux,
    serving_as_another_user,
)

from sso_plugin.redact import Secret
from sso_plugin.signin.callback import AuthorizationResponse, Callback
from sso_plugin.web import peers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STATE = "the-state-of-this-login"
SUBJECT = 'The profile "dev"'
ANSWERS = ["code=evil", "error=access_denied"]


@pytest.fixture
def callback() -> Iterator[Callback]:
    with Callback(STATE, SUBJECT) as callback:
        yield callback


def answer(
    callback: Callback, query: str, *, path: str = "/oauth/callback", host: str | None = None
) -> tuple[int, str]:
    """Send one request as a browser does, and return the status and the page."""
    port = urlsplit(callback.redirect_uri).port
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {} if host is None else {"Host": host}
    connection.request("GET", f"{path}?{query}", headers=headers)
    response = connection.getresponse()
    page = response.read().decode()
    connection.close()
    return response.status, page


def test_the_code_is_accepted(callback: Callback) -> None:
    """The page names the program and the profile, and says that the tab can be closed."""
    status, page = answer(callback, f"code=abc&state={STATE}")
    assert status == 200
    assert "<h1>sso-plugin</h1>" in page
    assert 'You approved the login for the profile "dev". You can close this tab.' in unescape(page)
    assert callback.wait(60) == AuthorizationResponse("abc", None)


def test_an_error_is_accepted(callback: Callback) -> None:
    """The program can report at once that the login was denied."""
    status, page = answer(callback, f"error=access_denied&state={STATE}")
    assert status == 200
    assert 'The login for the profile "dev" was not approved.' in unescape(page)
    assert callback.wait(60) == AuthorizationResponse(None, "access_denied")


@pytest.mark.one_quick_case
@pytest.mark.parametrize(
    ("query", "path", "host", "status"),
    [
        ("code=evil&state=guess", "/oauth/callback", None, 400),
        ("code=evil", "/oauth/callback", None, 400),
        ("error=access_denied", "/oauth/callback", None, 400),
        ("error=access_denied&state=", "/oauth/callback", None, 400),
        (f"code=evil&state={STATE}x", "/oauth/callback", None, 400),
        (f"state={STATE}", "/oauth/callback", None, 400),
        ("code=evil&state=%E2%82%AC", "/oauth/callback", None, 400),
        (f"code=evil&state={STATE}", "/", None, 404),
        (f"code=evil&state={STATE}", "/oauth/callback/more", None, 404),
        (f"code=evil&state={STATE}", "/oauth/callback", "evil.example", 403),
        (f"code=evil&state={STATE}", "/oauth/callback", "localhost:80", 403),
        (f"code=evil&state={STATE}", "/oauth/callback", "", 403),
    ],
)
def test_an_invalid_request_is_ignored(
    callback: Callback, query: str, path: str, host: str | None, status: int
) -> None:
    """An attacker gets no token, and the login can still be completed."""
    assert answer(callback, query, path=path, host=host)[0] == status
    assert callback.wait(0.05) is None
    assert answer(callback, f"code=abc&state={STATE}")[0] == 200
    assert callback.wait(60) == AuthorizationResponse("abc", None)


def test_the_name_of_a_profile_is_escaped() -> None:
    """It may have any characters, and is shortened."""
    with Callback(STATE, f'The profile "<script>{"x" * 300}\x1b"') as callback:
        _, page = answer(callback, f"code=abc&state={STATE}")
    assert "the profile &quot;&lt;script&gt;xxx" in page
    assert "\x1b" not in page
    assert len(page) < 1500


def test_a_second_response_is_ignored(callback: Callback) -> None:
    """The first one counts. A page that is reloaded says so."""
    answer(callback, f"code=first&state={STATE}")
    status, page = answer(callback, f"code=second&state={STATE}")
    assert (status, "already has a response" in page) == (409, True)
    assert callback.wait(60) == AuthorizationResponse("first", None)


def connect(callback: Callback) -> socket.socket:
    return socket.create_connection(("127.0.0.1", urlsplit(callback.redirect_uri).port or 0), 60)


def test_a_flood_of_requests_does_not_keep_the_browser_out(callback: Callback) -> None:
    """Eight threads send invalid responses while the valid one arrives."""
    stop = threading.Event()

    def flood() -> None:
        while not stop.is_set():
            with contextlib.suppress(OSError):
                answer(callback, "code=evil&state=guess")

    threads = [threading.Thread(target=flood) for _ in range(8)]
    for thread in threads:
        thread.start()
    try:
        assert answer(callback, f"code=abc&state={STATE}")[0] == 200
        assert callback.wait(60) == AuthorizationResponse("abc", None)
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)


def test_the_repr_of_a_response_has_no_code() -> None:
    """The code can be exchanged for a token."""
    assert "abc" not in repr(AuthorizationResponse("abc", None))


def test_an_error_code_is_short_and_printable(callback: Callback) -> None:
    """It comes from a web page, and is part of a message."""
    answer(callback, f"error=%1B%5B31m{'x' * 200}&state={STATE}")
    response = callback.wait(60)
    assert response is not None
    assert str(response.error).startswith("\ufffd[31mxxx")
    assert len(str(response.error)) == 100


def test_the_code_is_masked(callback: Callback) -> None:
    """Tracebacks with local variables show the repr of it."""
    answer(callback, f"code=abc&state={STATE}")
    response = callback.wait(60)
    assert response is not None
    assert isinstance(response.code, Secret)


def test_a_target_that_cannot_be_parsed_is_refused(callback: Callback) -> None:
    """The server responds and continues."""
    with connect(callback) as connection:
        request = f"GET //[x?state={STATE} HTTP/1.1\r\nHost: {callback.host}\r\n\r\n"
        connection.sendall(request.encode())
        assert connection.recv(100).startswith(b"HTTP/1.0 404 ")


def test_waiting_ends_after_the_timeout(callback: Callback) -> None:
    """The user may have closed the browser."""
    assert callback.wait(0.05) is None


def test_where_the_system_does_not_report_the_peer_a_login_works(
    callback: Callback, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """There, only the state protects the login, as SECURITY.md says."""
    monkeypatch.setattr(peers, "_TABLES", (tmp_path / "tcp", tmp_path / "tcp6"))
    assert get(f"{callback.redirect_uri}?code=right&state={STATE}") == 200
    assert callback.wait(60) == AuthorizationResponse("right", None)


@pytest.mark.one_quick_case
@needs_linux
@other_user.needs_two_users
@pytest.mark.parametrize("closed_first", [0, 20], ids=["waits", "closes-at-once"])
@pytest.mark.parametrize("address", LOOPBACK_ADDRESSES)
@pytest.mark.parametrize("query", ANSWERS)
def test_another_user_who_knows_the_state_is_refused(
    callback: Callback, query: str, address: str, closed_first: int
) -> None:
    """The user who logs in is accepted afterwards."""
    url = f"{callback.redirect_uri}?{query}&state={STATE}"
    assert get_as_another_user(url, address, closed_first) == "403"
    assert callback.wait(0.05) is None
    assert get(f"{callback.redirect_uri}?code=right&state={STATE}") == 200
    assert callback.wait(60) == AuthorizationResponse("right", None)


SERVER = """
import encodings.idna, http.client, os, sys
from sso_plugin.signin.callback import Callback
os.setuid(65534)
with Callback(sys.argv[1], 'The profile') as callback:
    print(callback.redirect_uri, flush=True)
    print(callback.wait(60).error, flush=True)
"""


@pytest.mark.long
@needs_linux
@other_user.needs_two_users
def test_root_is_accepted() -> None:
    """The relays of WSL and of containers run as root. They need the state too."""
    with serving_as_another_user(SERVER, STATE) as process:
        assert process.stdout
        uri = process.stdout.readline().strip()
        assert get(f"{uri}?error=access_denied&state={STATE}") == 200
        assert process.stdout.readline() == "access_denied\n"
