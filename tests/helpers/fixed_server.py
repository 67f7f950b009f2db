"""A server with the same response to each request."""

from __future__ import annotations

import contextlib
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Server(ThreadingHTTPServer):
    """The server.

    :param pause: seconds between the bytes of the body.
    """

    def __init__(self, status: int, body: bytes, headers: dict[str, str], pause: float) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = status, body, headers
        self.pause = pause
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def _send(self) -> None:
        status, body, headers = self.server.answer
        self.send_response_only(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(OSError):
            for number in range(len(body)):
                self.wfile.write(body[number : number + 1])
                time.sleep(self.server.pause)

    do_GET = do_POST = do_HEAD = _send  # noqa: N815 - names of http.server

    def log_message(self, *_: object) -> None:
        """Print no log."""


@contextlib.contextmanager
def server(
    status: int = 200, body: bytes = b"{}", pause: float = 0.0, **headers: str
) -> Iterator[Server]:
    found = {name.replace("_", "-"): value for name, value in headers.items()}
    with Server(status, body, found, pause) as running:
        yield running
        running.shutdown()
