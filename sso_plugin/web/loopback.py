"""A small HTTP server on the loopback address, for as long as a context lasts.

On 127.0.0.1 only and on a free port; what it is asked, it logs nowhere.
"""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from html import escape
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

from .peers import users_of

if TYPE_CHECKING:
    from collections.abc import Collection
    from types import TracebackType

    from typing_extensions import Self

__all__ = ["Loopback", "LoopbackHandler"]

_SLOWEST = 5.0
"""Seconds that a connection may be silent."""

_MOST = 32
"""Connections that are open at once; for one more, the oldest is cut off.

Whoever means well is served within milliseconds, and so is never the oldest for long.
"""


_PAGE_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Connection": "close",
}


class LoopbackHandler(BaseHTTPRequestHandler):
    """Answers one request; the connection ends with it."""

    server_version = "sso-plugin"
    sys_version = ""
    timeout = _SLOWEST

    def answer(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        """Send a whole answer, which nobody may keep."""
        self.send_response(status)
        for name, value in {**headers, "Cache-Control": "no-store"}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def answer_page(self, status: int, sentence: str) -> None:
        """Send a page with one sentence. It runs no script and loads nothing."""
        self.answer(status, _PAGE_HEADERS, _page(sentence).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Log nothing: a request line may hold a secret."""


class Loopback(socketserver.ThreadingTCPServer):
    """The server. A context manager; the port is free again after it."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = False
    request_queue_size = 64

    def __init__(self, handler: type[LoopbackHandler]) -> None:
        self._open: list[socket.socket] = []
        self._open_lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), handler)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Serve in a thread until `stop`."""
        threading.Thread(
            target=self.serve_forever,
            kwargs={"poll_interval": 0.05},
            name=f"sso-plugin-{type(self).__name__.lower()}",
            daemon=True,
        ).start()

    def stop(self) -> None:
        """Serve no more, and free the port."""
        self.shutdown()
        self.server_close()

    @property
    def host(self) -> str:
        """What the Host header of an honest request says."""
        return f"127.0.0.1:{self.server_address[1]}"

    def comes_from(self, client: tuple[str, int], users: Collection[int]) -> bool:
        """Return whether a connection that is still open comes from one of these users.

        Where the system does not report the peer (macOS, Windows), the answer is yes.
        """
        found = users_of(client, self.socket.getsockname())
        return found is None or (bool(found) and found.issubset(users))

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve one more connection, at the cost of the oldest if there are many."""
        with self._open_lock:
            self._open.append(request)
            oldest = self._open.pop(0) if len(self._open) > _MOST else None
        if oldest:
            with contextlib.suppress(OSError):
                oldest.shutdown(socket.SHUT_RDWR)
        super().process_request(request, client_address)

    def keep(self, request: Any) -> None:
        """Never cut this connection off for others: its client has shown the secret."""
        with self._open_lock:
            if request in self._open:
                self._open.remove(request)

    def shutdown_request(self, request: Any) -> None:
        """End a connection."""
        self.keep(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that hung up: nobody would know what to make of it."""


def _page(sentence: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>sso-plugin</title>'
        '<meta name="viewport" content="width=device-width"><style>body{font:1.1rem/1.5 '
        "system-ui,sans-serif;margin:15vh auto;max-width:32rem;padding:0 1rem;"
        "color-scheme:light dark}</style></head>"
        f'<body><h1>sso-plugin</h1><p role="status">{escape(sentence)}</p></body></html>'
    )
