"""A small threaded HTTP/1.1 server that keeps connections open, as AWS does.

Werkzeug's development server closes every connection. It also drops headers with an underscore in
their name, such as `x-amz-sso_bearer_token`. So only its Request and Response are used.
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

from .request_target import RequestTarget, parse_target

__all__ = ["CLIENT_HAS_GONE", "CutResponse", "ResetConnection", "Server"]

Application = Callable[[Request], Response]

CLIENT_HAS_GONE = "sso_plugin.client_has_gone"
"""The key of a function in the WSGI environment. It returns whether the client has disconnected."""


class ResetConnection(Exception):
    """Raised by an application to reset the connection instead of a response."""


class CutResponse(Response):
    """A response whose connection is reset after `size` bytes of the body."""

    def __init__(self, response: Response, size: int) -> None:
        super().__init__(response.get_data(), response.status, response.headers)
        self.size = size


class Server(ThreadingHTTPServer):
    """Serves an application on a loopback address until `close()`."""

    daemon_threads = True
    request_queue_size = 128
    # On Windows, SO_REUSEADDR lets two servers share a port.
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
        """Bind without a DNS lookup of the host name, which can take seconds."""
        TCPServer.server_bind(self)
        self.server_name = "localhost"
        self.server_port = self.socket.getsockname()[1]

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection. `close()` shuts it down."""
        connection, address = super().get_request()
        if self.tls:
            # The handshake happens in the thread of the connection: a slow client blocks no other.
            connection = self.tls.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )

        self._connections.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        """Close a connection, without a shutdown if it is to be reset."""
        self._connections.discard(request)
        if request in self.resets:
            self.resets.discard(request)
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def close(self) -> None:
        """Stop serving, and close all connections, also those of idle clients."""
        self.shutdown()
        self.server_close()
        for connection in list(self._connections):
            _shut_down(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print a traceback, but not for clients that disconnect."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, ssl.SSLError)):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """Handles the requests of one connection, one after the other."""

    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def respond(self) -> None:
        """Read a whole request, and respond. The connection stays open for the next request."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdecimal():
            self.close_connection = True
            self.send_error(HTTPStatus.LENGTH_REQUIRED)
            return

        target = parse_target(self.path)
        if target is None:
            self.close_connection = True
            self.send_error(HTTPStatus.BAD_REQUEST, "Bad request target")
            return

        body = self.rfile.read(int(length))
        if len(body) < int(length):
            # The client closed the connection before the end, as one that was interrupted does.
            self.close_connection = True
            return

        request = Request(self._environ(target, body))
        request.get_data()  # cached by Werkzeug; otherwise `request.form` consumes the body
        try:
            self._send(self.server.application(request))
        except ResetConnection:
            self._reset()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = respond  # noqa: N815

    def log_message(self, *args: object) -> None:
        """Print nothing. The state has the request log."""

    def _reset(self) -> None:
        """Make the kernel close the connection with RST. It does so with a linger time of 0."""
        self.close_connection = True
        linger = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.server.resets.add(self.connection)

    def _client_has_gone(self) -> bool:
        """Return whether the client has closed the connection.

        A client that waits for a response sends nothing. So readable data means end of file.
        """
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

    def _environ(self, target: RequestTarget, body: bytes) -> dict[str, Any]:
        environ = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(target.path).decode("latin-1"),
            "QUERY_STRING": target.query,
            "SERVER_NAME": self.server.server_name,
            "SERVER_PORT": str(self.server.server_port),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.url_scheme": "https" if self.server.tls else "http",
            "wsgi.input": io.BytesIO(body),
            CLIENT_HAS_GONE: self._client_has_gone,
        }
        for name in self.headers:
            key = f"HTTP_{name.upper().replace('-', '_')}"
            environ[key] = ",".join(self.headers.get_all(name, ()))

        # RFC 9112, 3.2.2: a server ignores the Host header if the target is a URL.
        if target.host is not None:
            environ["HTTP_HOST"] = target.host

        return environ


def _shut_down(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the client has closed it already
