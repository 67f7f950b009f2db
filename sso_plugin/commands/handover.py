"""A secret address, handed to the person's browser and to nobody else.

The command line of a browser is in the process list, which every user of the machine can read. So
what stands there is an address on this machine, which leads on to the secret one a single time.
"""

from __future__ import annotations

import os
import secrets
import socket
import socketserver
import sys
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from typing_extensions import Self

__all__ = ["hand_over"]

_PATIENCE = 30.0
"""Seconds that a browser may take to start."""


def hand_over(url: str, open_browser: Callable[[str], object], patience: float = _PATIENCE) -> bool:
    """Open a secret address in a browser, and return whether one has come for it."""
    with _Handover(url) as handover:
        if open_browser(handover.address) is False:
            return False
        return handover.taken.wait(patience)


class _Handover:
    """Leads the first who asks, if it is the same user, to the address."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._path = f"/{secrets.token_urlsafe(16)}"
        self._lock = threading.Lock()
        self._given = False
        self.taken = threading.Event()
        self._server = _Server(self)

    def __enter__(self) -> Self:
        threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.05},
            name="sso-plugin-handover",
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
    def address(self) -> str:
        return f"http://{self._host}{self._path}"

    @property
    def _host(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    def location(self, host: str, path: str, peer: tuple[str, int]) -> str | None:
        """Return the address, to one only."""
        known = host == self._host and secrets.compare_digest(path.encode(), self._path.encode())
        if not known or not _is_same_user(peer):
            return None
        with self._lock:
            given, self._given = self._given, True
        return None if given else self._url


def _is_same_user(peer: tuple[str, int]) -> bool:
    """Tell who is at the other end of a loopback connection, where the system tells (Linux)."""
    table = Path("/proc/net/tcp")
    if not table.exists():
        return True
    address = int.from_bytes(socket.inet_aton(peer[0]), sys.byteorder)
    end = f"{address:08X}:{peer[1]:04X}"
    rows = (line.split() for line in table.read_text().splitlines())
    users = [row[7] for row in rows if row[1] == end]
    return all(user == str(os.getuid()) for user in users)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, handover: _Handover) -> None:
        self.handover = handover
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a browser that hung up."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version = "sso-plugin"
    sys_version = ""
    timeout = 5

    def do_GET(self) -> None:
        """Lead on, or refuse."""
        handover = self.server.handover
        host = self.headers.get("Host", "")
        location = handover.location(host, self.path, self.client_address)
        self.send_response(302 if location else 403)
        if location:
            self.send_header("Location", location)
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Content-Length", "0")
        self.end_headers()
        if location:
            self.wfile.flush()
            handover.taken.set()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Log nothing."""
