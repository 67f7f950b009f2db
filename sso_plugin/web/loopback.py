"""A small HTTP server on the loopback address, open for the duration of a ``with`` block.

It listens on 127.0.0.1 only, on a free port or a given one. It logs no request.
"""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from html import escape
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from .peers import users_of

if TYPE_CHECKING:
    from collections.abc import Collection
    from types import TracebackType

    from typing_extensions import Self

__all__ = ["LoopbackHandler", "LoopbackServer"]

_IDLE_TIMEOUT = 5.0
"""Seconds after which a connection that sends nothing is closed."""

_MOST_CONNECTIONS = 32
"""Connections that are open at once. For one more, the oldest is closed.

An honest client is served within milliseconds, and so is not the oldest for long.
"""

_PAGE_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Connection": "close",
}


class LoopbackHandler(BaseHTTPRequestHandler):
    """Serves one request per connection."""

    server_version = "sso-plugin"
    sys_version = ""
    timeout = _IDLE_TIMEOUT

    def respond(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        """Send a complete response, which must not be cached."""
        self.send_response(status)
        for name, value in {**headers, "Cache-Control": "no-store"}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def respond_page(self, status: int, sentence: str) -> None:
        """Send a page with one sentence. It runs no script and loads nothing."""
        self.respond(status, _PAGE_HEADERS, _page(sentence).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Log nothing: a request line may hold a secret."""


class LoopbackServer(socketserver.ThreadingTCPServer):
    """The server. A context manager; the port is free again after it."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = False
    request_queue_size = 64

    def __init__(self, handler: type[LoopbackHandler], port: int = 0) -> None:
        self._open: list[socket.socket] = []
        self._open_lock = threading.Lock()
        super().__init__(("127.0.0.1", port), handler)

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
        """Stop serving, and free the port."""
        self.shutdown()
        self.server_close()

    @property
    def host(self) -> str:
        """The only value of the Host header that is accepted."""
        return f"127.0.0.1:{self.server_address[1]}"

    def comes_from(self, client: tuple[str, int], users: Collection[int]) -> bool:
        """Return whether a connection that is still open comes from one of these users.

        Where the system does not report the peer (macOS, Windows), return True.
        """
        found = users_of(client, self.socket.getsockname())
        return found is None or (bool(found) and found.issubset(users))

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ARG002
        """Return whether a connection comes from this machine. The system lets no other through."""
        return ip_address(client_address[0]).is_loopback

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve one more connection. If there are too many, close the oldest."""
        with self._open_lock:
            self._open.append(request)
            oldest = self._open.pop(0) if len(self._open) > _MOST_CONNECTIONS else None
        if oldest:
            with contextlib.suppress(OSError):
                oldest.shutdown(socket.SHUT_RDWR)
        super().process_request(request, client_address)

    def protect(self, request: Any) -> None:
        """Never close this connection in favour of others: its client has shown the secret."""
        with self._open_lock:
            if request in self._open:
                self._open.remove(request)

    def shutdown_request(self, request: Any) -> None:
        """End a connection."""
        self.protect(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log nothing when a client closes its connection: the user cannot change that."""


_STYLE = (
    # On the root, so that the whole page is dark where the user prefers that.
    ":root{color-scheme:light dark}"
    "body{font:1.1rem/1.5 system-ui,sans-serif;margin:15vh auto;max-width:32rem;padding:0 1rem}"
    "p{overflow-wrap:anywhere}"
)


def _page(sentence: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>sso-plugin</title>'
        '<meta name="viewport" content="width=device-width">'
        f"<style>{_STYLE}</style></head>"
        f'<body><h1>sso-plugin</h1><p role="status">{escape(sentence)}</p></body></html>'
    )
