"""The loopback end of a browser login: takes one answer from the browser, and is gone.

Listens on 127.0.0.1 only, on a free port, for one path. What does not bring the ``state`` of this
login changes nothing, however much of it comes. See RFC 8252 and RFC 7636.
"""

from __future__ import annotations

import contextlib
import hmac
import socket
import socketserver
import threading
from dataclasses import dataclass, field
from html import escape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

__all__ = ["Answer", "Callback"]

_PATH = "/oauth/callback"
_SLOWEST = 5.0
"""Seconds that a connection may be silent."""

_MOST = 32
"""Connections that are open at once; for one more, the oldest is cut off.

A browser is served within milliseconds, so it is never the oldest for long.
"""


@dataclass(frozen=True)
class Answer:
    """What the browser brought: a code, or the error code of a refusal."""

    code: str | None = field(repr=False)
    error: str | None


class Callback:
    """Waits for the browser to come back. A context manager; the port is free again after it."""

    def __init__(self, state: str) -> None:
        self._state = state
        self._answer: Answer | None = None
        self._answered = threading.Event()
        self._lock = threading.Lock()
        self._server = _Server(self)

    def __enter__(self) -> Self:
        threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.05},
            name="sso-plugin-callback",
            daemon=True,
        ).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def redirect_uri(self) -> str:
        """Where the portal has to send the browser."""
        return f"http://127.0.0.1:{self._server.server_address[1]}{_PATH}"

    def wait(self, seconds: float) -> Answer | None:
        """Return the answer, or None if none came in time."""
        # In short steps, so that Ctrl-C is heard on every system.
        steps = max(1, int(seconds / 0.5))
        for _ in range(steps):
            if self._answered.wait(seconds / steps):
                return self._answer
        return None

    def receive(self, host: str, target: str) -> tuple[int, str]:
        """Take a GET request, and say what to tell the browser: a status and a sentence."""
        if host != urlsplit(self.redirect_uri).netloc:
            return 403, "This page is for a browser on the same machine only."
        url = urlsplit(target)
        if url.path != _PATH:
            return 404, "There is nothing here."
        values = {name: found[0] for name, found in parse_qs(url.query).items()}
        if not hmac.compare_digest(values.get("state", "").encode(), self._state.encode()):
            return 400, "This answer does not belong to the login that is waiting. It was ignored."
        return self._take(Answer(values.get("code"), values.get("error")))

    def _take(self, answer: Answer) -> tuple[int, str]:
        if answer.error is None and answer.code is None:
            return 400, "This answer holds neither a code nor an error. It was ignored."
        with self._lock:
            if self._answer is not None:
                return 409, "This login has its answer already. Nothing was changed."
            self._answer = answer
        if answer.error is not None:
            return 200, "The login was not approved. You can close this window."
        return 200, "Approved. You can close this window and go back to the terminal."

    def finish(self) -> None:
        """Let the waiting program go on: the browser has been told."""
        self._answered.set()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = False
    request_queue_size = 64

    def __init__(self, callback: Callback) -> None:
        self.callback = callback
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.append(request)
            oldest = self._open.pop(0) if len(self._open) > _MOST else None
        if oldest:
            with contextlib.suppress(OSError):
                oldest.shutdown(socket.SHUT_RDWR)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            if request in self._open:
                self._open.remove(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a browser that hung up: the person would not know what to make of it."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version = "sso-plugin"
    sys_version = ""
    timeout = _SLOWEST

    def do_GET(self) -> None:
        """Answer one request; the connection ends with it."""
        callback = self.server.callback
        status, sentence = callback.receive(self.headers.get("Host", ""), self.path)
        body = _page(sentence).encode()
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        finally:
            if status == HTTPStatus.OK:
                callback.finish()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Log nothing: the request line holds the code."""


_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Connection": "close",
}


def _page(sentence: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>sso-plugin</title>'
        '<meta name="viewport" content="width=device-width"><style>body{font:1.1rem/1.5 '
        "system-ui,sans-serif;margin:15vh auto;max-width:32rem;padding:0 1rem;"
        "color-scheme:light dark}</style></head>"
        f'<body><h1>sso-plugin</h1><p role="status">{escape(sentence)}</p></body></html>'
    )
