"""One HTTP request outside of the AWS APIs: what is sent, and how much is read."""

from __future__ import annotations

import contextlib
import gzip
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest
from botocore.exceptions import BotoCoreError, EndpointConnectionError, ReadTimeoutError
from botocore.session import Session

from sso_plugin.web.request import send

if TYPE_CHECKING:
    from collections.abc import Iterator


class Handler(BaseHTTPRequestHandler):
    """Answers by the path, and records the requests."""

    server: Server

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.requests.append((self.command, self.path, dict(self.headers), body))
        if self.path == "/silent":
            self.server.released.wait(60)
            return
        self.send_response(302 if self.path == "/moved" else 200)
        self.send_header("Location", "/elsewhere")
        self.send_header("X-Answer", "Yes")
        if self.path == "/packed":
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        with contextlib.suppress(OSError):
            while self.path == "/endless":
                self.wfile.write(b"x" * 65536)
            self.wfile.write(gzip.compress(b"page") if self.path == "/packed" else b"page")

    do_POST = do_HEAD = do_GET  # noqa: N815 - names of http.server

    def log_message(self, *_: object) -> None:
        """Print nothing."""


class Server(ThreadingHTTPServer):
    """A web server; ``url`` is where it is, ``requests`` what it has received."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self.released = threading.Event()


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.released.set()
        server.shutdown()


@pytest.fixture
def session() -> Session:
    return Session()


def test_only_the_beginning_of_a_page_is_read(server: Server, session: Session) -> None:
    """A web server on the way could otherwise fill the memory."""
    response = send(session, "GET", f"{server.url}/endless")
    assert response.status == 200
    assert response.body == b"x" * 65536


def test_a_redirect_is_not_followed(server: Server, session: Session) -> None:
    """The caller checks where it leads."""
    response = send(session, "HEAD", f"{server.url}/moved")
    assert (response.status, response.headers["location"]) == (302, "/elsewhere")
    assert [path for _, path, _, _ in server.requests] == ["/moved"]


def test_header_names_are_in_lower_case(server: Server, session: Session) -> None:
    """HTTP ignores their case, a dictionary does not."""
    assert send(session, "GET", server.url).headers["x-answer"] == "Yes"


def test_a_form_is_sent_in_the_body(server: Server, session: Session) -> None:
    """Logs and proxies record the URL, so it holds no secret."""
    send(session, "POST", f"{server.url}/form", {"token": "a b&c"})
    [(method, path, headers, body)] = server.requests
    assert (method, path) == ("POST", "/form")
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert parse_qs(body.decode()) == {"token": ["a b&c"]}


def test_a_json_text_is_sent_in_the_body(server: Server, session: Session) -> None:
    """With its content type."""
    send(session, "POST", f"{server.url}/json", json='{"a": 1}')
    [(_, _, headers, body)] = server.requests
    assert (headers["Content-Type"], body) == ("application/json", b'{"a": 1}')


def test_a_compressed_page_is_decoded(server: Server, session: Session) -> None:
    """A proxy may compress it without being asked."""
    assert send(session, "GET", f"{server.url}/packed").body == b"page"


@pytest.mark.long
def test_a_server_that_does_not_answer_is_a_botocore_error(
    server: Server, session: Session
) -> None:
    """Callers catch one kind of error."""
    with pytest.raises(ReadTimeoutError) as caught:
        send(session, "GET", f"{server.url}/silent", timeout=1)
    assert isinstance(caught.value, BotoCoreError)
    with pytest.raises(EndpointConnectionError):
        send(session, "GET", "http://127.0.0.1:9/")


def test_a_response_does_not_show_its_body_and_headers(server: Server, session: Session) -> None:
    """They may hold a token."""
    assert repr(send(session, "GET", server.url)) == "WebResponse(status=200)"
