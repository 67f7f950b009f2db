"""Portals that fail in one way each, over real sockets."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Behaviour", "answer", "behave", "closed_port", "error", "full_port", "portal"]

Behaviour = bytes | None
"""The bytes to send before the connection is closed; None: nothing, and it stays open."""


def answer(body: bytes, *, status: str = "200 OK", headers: bytes = b"") -> bytes:
    """Return a whole HTTP response."""
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n".encode()
    return head + headers + b"Content-Type: application/json\r\n\r\n" + body


def error(status: str, code: str) -> bytes:
    """Return a response of Identity Center that refuses a request."""
    headers = f"x-amzn-ErrorType: {code}\r\nx-amzn-RequestId: request-7\r\n".encode()
    return answer(b'{"message": "No, thank you"}', status=status, headers=headers)


@contextlib.contextmanager
def portal(behaviour: Behaviour) -> Iterator[int]:
    """Listen on a port of this machine, and behave like that on each connection."""
    server = socket.create_server(("127.0.0.1", 0))
    clients: list[socket.socket] = []

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = server.accept()
                clients.append(client)
                threading.Thread(target=behave, args=(client, behaviour), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield server.getsockname()[1]
    finally:
        for each in (server, *clients):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


def behave(client: socket.socket, behaviour: Behaviour) -> None:
    """Read a request and answer it."""
    with contextlib.suppress(OSError):
        client.recv(65536)
        if behaviour is not None:
            client.sendall(behaviour)
            client.shutdown(socket.SHUT_WR)
            while client.recv(65536):
                # Closing it before everything is read would reset the connection.
                pass
            client.close()


@contextlib.contextmanager
def closed_port() -> Iterator[int]:
    """Yield a port on which nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@contextlib.contextmanager
def full_port() -> Iterator[int]:
    """Yield a port whose queue of connections is full, so that a new one gets no reply."""
    with socket.socket() as server, contextlib.ExitStack() as stack:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        port = server.getsockname()[1]
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)  # noqa: FBT003 - the argument of the standard library
            waiting.connect_ex(("127.0.0.1", port))
        yield port
