"""A small threaded HTTP/1.1 server that keeps connections open, as boto3 expects of a service.

Werkzeug's own development server closes every connection and drops headers with an underscore
in their name, such as the portal's bearer token; so only its request and response are used.
"""

from __future__ import annotations

import io
import os
import selectors
import socket
import ssl
import struct
import sys
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any
from urllib.parse import unquote_to_bytes

from werkzeug import Request, Response

Application = Callable[[Request], Response]


# The key under which a request's environment says whether its client has hung up.
GONE = "sso_plugin.client_gone"


class ResetConnection(Exception):
    """Raised by an application: end the connection at once, as a machine that went down does."""


class CutResponse(Response):
    """An answer whose connection is reset after so many bytes of its body."""

    def __init__(self, answer: Response, size: int) -> None:
        super().__init__(answer.get_data(), answer.status, answer.headers)
        self.size = size


class Server(ThreadingHTTPServer):
    """Serves an application on a loopback address until it is closed."""

    daemon_threads = True
    request_queue_size = 128
    # On Windows this option would let two servers share a port.
    allow_reuse_address = os.name != "nt"

    def __init__(
        self,
        host: str,
        port: int,
        application: Application,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.tls = tls
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.application = application
        self.resets: set[socket.socket] = set()
        self._connections: set[socket.socket] = set()
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        """Bind without asking DNS for this machine's name, which can take seconds."""
        TCPServer.server_bind(self)
        self.server_name = "localhost"
        self.server_port = self.socket.getsockname()[1]

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection, and remember it for the end."""
        connection, address = super().get_request()
        if self.tls:
            # The handshake is left to the connection's own thread, which alone may have to wait.
            connection = self.tls.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )

        self._connections.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        """Close a connection; one to be reset without the farewell that says all is well."""
        self._connections.discard(request)
        if request in self.resets:
            self.resets.discard(request)
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def close(self) -> None:
        """Stop serving, and end the connections that idle clients keep open."""
        self.shutdown()
        self.server_close()
        for connection in list(self._connections):
            _hang_up(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay quiet about clients that hang up; anything else is a bug worth its traceback."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, ssl.SSLError)):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """Reads requests from one connection, one after the other."""

    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def respond(self) -> None:
        """Read the whole request, answer it, and leave the connection ready for the next."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdecimal():
            self.close_connection = True
            self.send_error(HTTPStatus.LENGTH_REQUIRED)
            return

        body = self.rfile.read(int(length))
        request = Request(self._environ(body))
        request.get_data()  # kept from now on: reading the form would use it up
        try:
            self._send(self.server.application(request))
        except ResetConnection:
            self._reset()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = respond  # noqa: N815

    def log_message(self, *args: object) -> None:
        """Say nothing; the request log is the place to look."""

    def _reset(self) -> None:
        """Have the kernel answer with RST: that is how it closes what must not linger."""
        self.close_connection = True
        linger = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.server.resets.add(self.connection)

    def _gone(self) -> bool:
        """Say whether the client has closed its end; it sends nothing else while it waits."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.connection, selectors.EVENT_READ)
            return bool(selector.select(0))

    def _send(self, response: Response) -> None:
        content = response.get_data()
        response.headers["Content-Length"] = str(len(content))
        self.send_response_only(response.status_code)
        for name, value in response.headers:
            self.send_header(name, value)

        self.end_headers()
        if self.command != "HEAD":
            self._write(response, content)

    def _write(self, response: Response, content: bytes) -> None:
        if isinstance(response, CutResponse):
            self.wfile.write(content[: response.size])
            raise ResetConnection

        self.wfile.write(content)

    def _environ(self, body: bytes) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        environ = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": self.server.server_name,
            "SERVER_PORT": str(self.server.server_port),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.url_scheme": "https" if self.server.tls else "http",
            "wsgi.input": io.BytesIO(body),
            GONE: self._gone,
        }
        for name in self.headers:
            key = f"HTTP_{name.upper().replace('-', '_')}"
            environ[key] = ",".join(self.headers.get_all(name, ()))

        return environ


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the client was faster
