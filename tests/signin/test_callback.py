"""The loopback end of a browser login, under attack: only its own browser gets through."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from sso_plugin.redact import Secret
from sso_plugin.signin import callback as callback_module
from sso_plugin.signin.callback import AuthorizationResponse, Callback

if TYPE_CHECKING:
    from collections.abc import Iterator

STATE = "the-state-of-this-login"


@pytest.fixture
def callback() -> Iterator[Callback]:
    with Callback(STATE) as callback:
        yield callback


def get(
    callback: Callback, query: str, *, path: str = "/oauth/callback", host: str | None = None
) -> tuple[int, str]:
    """Send one request as a browser does, and return status and page."""
    port = urlsplit(callback.redirect_uri).port
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {} if host is None else {"Host": host}
    connection.request("GET", f"{path}?{query}", headers=headers)
    answer = connection.getresponse()
    page = answer.read().decode()
    connection.close()
    return answer.status, page


def test_the_answer_of_the_browser_is_taken(callback: Callback) -> None:
    """And the person reads what happened, and that the window can be closed."""
    status, page = get(callback, f"code=abc&state={STATE}")
    assert status == 200
    assert "Approved. You can close this window and go back to the terminal." in page
    assert callback.wait(10) == AuthorizationResponse("abc", None)


def test_a_refusal_is_taken_too(callback: Callback) -> None:
    """The program can say at once that it was denied."""
    status, page = get(callback, f"error=access_denied&state={STATE}")
    assert status == 200
    assert "The login was not approved." in page
    assert callback.wait(10) == AuthorizationResponse(None, "access_denied")


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
def test_a_wrong_request_changes_nothing(
    callback: Callback, query: str, path: str, host: str | None, status: int
) -> None:
    """No token for an attacker, and the login that waits still completes."""
    assert get(callback, query, path=path, host=host)[0] == status
    assert callback.wait(0.05) is None
    assert get(callback, f"code=abc&state={STATE}")[0] == 200
    assert callback.wait(10) == AuthorizationResponse("abc", None)


def test_a_second_answer_changes_nothing(callback: Callback) -> None:
    """The first one counts; a reloaded page is told so."""
    get(callback, f"code=first&state={STATE}")
    status, page = get(callback, f"code=second&state={STATE}")
    assert (status, "has its answer already" in page) == (409, True)
    assert callback.wait(10) == AuthorizationResponse("first", None)


@pytest.mark.parametrize("method", ["POST", "PUT", "HEAD", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(callback: Callback, method: str) -> None:
    """A form on a web site cannot post here."""
    connection = http.client.HTTPConnection(
        "127.0.0.1", urlsplit(callback.redirect_uri).port, timeout=10
    )
    connection.request(method, f"/oauth/callback?code=evil&state={STATE}")
    assert connection.getresponse().status == 501
    connection.close()
    assert callback.wait(0.05) is None


def test_no_page_can_be_kept_framed_or_scripted(callback: Callback) -> None:
    """The page holds no script, loads nothing, tells nobody where it came from."""
    port = urlsplit(callback.redirect_uri).port
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", f"/oauth/callback?code=<script>&state={STATE}")
    answer = connection.getresponse()
    assert answer.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert b"script" not in answer.read()
    connection.close()


def test_it_listens_on_the_loopback_address_only(callback: Callback) -> None:
    """Nobody else in the network can even try."""
    assert callback.server_address[0] == "127.0.0.1"


def connect(callback: Callback) -> socket.socket:
    return socket.create_connection(("127.0.0.1", urlsplit(callback.redirect_uri).port or 0), 10)


def test_slow_clients_do_not_keep_the_browser_out(callback: Callback) -> None:
    """A hundred connections that never finish their request line."""
    slow = [connect(callback) for _ in range(100)]
    for one in slow:
        one.send(b"GET /oauth/call")
    assert get(callback, f"code=abc&state={STATE}")[0] == 200
    assert callback.wait(10) == AuthorizationResponse("abc", None)
    for one in slow:
        one.close()


def test_a_flood_does_not_keep_the_browser_out(callback: Callback) -> None:
    """Wrong answers from eight threads, while the right one comes."""
    stop = threading.Event()

    def flood() -> None:
        while not stop.is_set():
            with contextlib.suppress(OSError):
                get(callback, "code=evil&state=guess")

    threads = [threading.Thread(target=flood) for _ in range(8)]
    for thread in threads:
        thread.start()
    try:
        assert get(callback, f"code=abc&state={STATE}")[0] == 200
        assert callback.wait(10) == AuthorizationResponse("abc", None)
    finally:
        stop.set()
        for thread in threads:
            thread.join(10)


def test_a_silent_connection_is_given_up(
    callback: Callback, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server hangs up on it."""
    monkeypatch.setattr(callback_module._Handler, "timeout", 0.1)
    silent = connect(callback)
    assert silent.recv(1) == b""
    silent.close()


def test_the_port_is_free_afterwards() -> None:
    """Ctrl-C or an error leaves nothing behind."""
    with pytest.raises(KeyboardInterrupt), Callback(STATE) as callback:
        raise KeyboardInterrupt
    with pytest.raises(ConnectionRefusedError):
        connect(callback)


def test_no_repr_shows_the_code() -> None:
    """It can be exchanged for a token."""
    assert "abc" not in repr(AuthorizationResponse("abc", None))


def test_an_error_code_is_short_and_printable(callback: Callback) -> None:
    """It comes from a web page, and gets into a message."""
    get(callback, f"error=%1B%5B31m{'x' * 200}&state={STATE}")
    answer = callback.wait(10)
    assert answer is not None
    assert str(answer.error).startswith("\ufffd[31mxxx")
    assert len(str(answer.error)) == 100


def test_the_code_shows_itself_to_nobody(callback: Callback) -> None:
    """Not in the repr of a variable, as tracebacks with locals show it."""
    get(callback, f"code=abc&state={STATE}")
    answer = callback.wait(10)
    assert answer is not None
    assert isinstance(answer.code, Secret)


def test_a_target_that_is_no_address_is_refused(callback: Callback) -> None:
    """With an answer, as any other."""
    with connect(callback) as connection:
        request = f"GET //[x?state={STATE} HTTP/1.1\r\nHost: {callback.host}\r\n\r\n"
        connection.sendall(request.encode())
        assert connection.recv(100).startswith(b"HTTP/1.0 404 ")
