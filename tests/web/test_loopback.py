"""The loopback HTTP server: whom it serves, and what it never does."""

from __future__ import annotations

import http.client
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from sso_plugin.web import loopback
from sso_plugin.web.loopback import LoopbackHandler, LoopbackServer

if TYPE_CHECKING:
    from collections.abc import Iterator


class Handler(LoopbackHandler):
    """Answers each GET request with a page."""

    server: LoopbackServer
    protected: threading.Event

    def do_GET(self) -> None:  # noqa: N802 - the name is the base's
        if self.path == "/slow":
            self.server.protect(self.request)
            self.protected.set()
            self.rfile.readline()
        self.respond_page(200, "It is <b>done</b>.")


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer(Handler) as server:
        yield server


def port_of(server: LoopbackServer) -> int:
    return int(server.server_address[1])


def connect(server: LoopbackServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port_of(server)), 60)


def request(server: LoopbackServer, method: str = "GET") -> tuple[http.client.HTTPResponse, str]:
    """Send one request, and return the response and its page."""
    connection = http.client.HTTPConnection("127.0.0.1", port_of(server), timeout=60)
    connection.request(method, "/")
    response = connection.getresponse()
    page = response.read().decode()
    connection.close()
    return response, page


def test_it_listens_on_the_loopback_address_only(server: LoopbackServer) -> None:
    """Other machines cannot connect."""
    assert server.server_address[0] == "127.0.0.1"
    assert server.host == f"127.0.0.1:{port_of(server)}"


def test_a_page_cannot_be_cached_and_runs_no_script(server: LoopbackServer) -> None:
    """It loads nothing, and sends no referrer."""
    response, page = request(server)
    assert response.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "It is &lt;b&gt;done&lt;/b&gt;." in page


def test_a_page_names_the_program_and_follows_the_colours_of_the_user(
    server: LoopbackServer,
) -> None:
    """The browser chooses text and background, so their contrast is right."""
    _, page = request(server)
    assert "<title>sso-plugin</title>" in page
    assert ":root{color-scheme:light dark}" in page


def test_the_connection_is_closed_after_one_response(server: LoopbackServer) -> None:
    """A browser that keeps connections open cannot delay the end of the program."""
    with connect(server) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        received = b""
        while chunk := client.recv(65536):
            received += chunk
    assert received.endswith(b"</html>")


@pytest.mark.parametrize("method", ["POST", "PUT", "HEAD", "OPTIONS", "TRACE"])
def test_a_method_without_a_handler_is_refused(server: LoopbackServer, method: str) -> None:
    """A form on a web site cannot post here."""
    assert request(server, method)[0].status == 501


@pytest.mark.long
def test_many_slow_clients_do_not_keep_the_browser_out(server: LoopbackServer) -> None:
    """A hundred connections never finish their request line; the oldest ones are closed."""
    slow = [connect(server) for _ in range(100)]
    for client in slow:
        client.send(b"GET /slo")
    assert request(server)[0].status == 200
    assert slow[0].recv(1) == b""
    for client in slow:
        client.close()


def test_a_protected_connection_is_not_closed_for_others(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its client has shown the secret, so it is not one of a flood."""
    protected_now = threading.Event()
    monkeypatch.setattr(Handler, "protected", protected_now, raising=False)
    monkeypatch.setattr(Handler, "timeout", 60)
    with connect(server) as protected:
        protected.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        assert protected_now.wait(60)
        flood = [connect(server) for _ in range(2 * loopback._MOST_CONNECTIONS)]
        assert request(server)[0].status == 200
        protected.sendall(b"go on\r\n")
        assert protected.recv(100).startswith(b"HTTP/1.0 200 ")
    for client in flood:
        client.close()


def test_a_silent_connection_is_closed_after_a_timeout(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would hold a thread otherwise."""
    monkeypatch.setattr(Handler, "timeout", 0.1)
    with connect(server) as silent:
        assert silent.recv(1) == b""


def test_no_request_is_logged(server: LoopbackServer, capfd: pytest.CaptureFixture[str]) -> None:
    """A request line may hold a secret. `http.server` prints it by default."""
    request(server)
    request(server, "POST")
    assert capfd.readouterr() == ("", "")


def test_the_port_is_free_after_an_interruption() -> None:
    """Ctrl-C or an error leaves no open port."""
    with pytest.raises(KeyboardInterrupt), LoopbackServer(Handler) as server:
        raise KeyboardInterrupt
    with pytest.raises(ConnectionRefusedError):
        connect(server)


@pytest.mark.parametrize(("address", "served"), [("127.0.0.1", True), ("192.0.2.1", False)])
def test_only_this_machine_is_served(server: LoopbackServer, address: str, *, served: bool) -> None:
    """Even if the system let a connection from elsewhere through."""
    assert server.verify_request(None, (address, 50000)) is served
