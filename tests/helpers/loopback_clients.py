"""Clients of a loopback server: a browser of this user, and a program of another user."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

LOOPBACK_ADDRESSES = ["127.0.0.1", "::ffff:127.0.0.1"]
"""Two ways to write the address of a server; Linux lists their connections in two tables."""

needs_linux = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux reports the peer of a loopback connection"
)

_CLIENT = """
import encodings.idna, os, socket, sys
address, port, target, times = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
os.setuid(65534)
request = f"GET {target} HTTP/1.1\\r\\nHost: 127.0.0.1:{port}\\r\\n\\r\\n".encode()
for _ in range(times):
    # Closed before the server checks the peer.
    with socket.create_connection((address, port), 10) as connection:
        connection.sendall(request)
with socket.create_connection((address, port), 10) as connection:
    connection.sendall(request)
    print(connection.recv(65536).split(b" ")[1].decode())
"""


def get_as_another_user(url: str, address: str, closed_first: int = 0) -> str:
    """Request a URL as another user, over that address, and return the status of the response.

    :param closed_first: the number of requests before it whose connections are closed at once.
    """
    parts = urlsplit(url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    done = subprocess.run(
        [sys.executable, "-c", _CLIENT, address, str(parts.port), target, str(closed_first)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.strip()


def get(url: str) -> int:
    """Request a URL as this user, and return the status of the response."""
    with urllib.request.urlopen(url, timeout=60) as response:
        return int(response.status)


@contextlib.contextmanager
def serving_as_another_user(code: str, *args: str) -> Iterator[subprocess.Popen[str]]:
    """Run a server in a process of another user. It prints its URL, and ends after a line."""
    with subprocess.Popen(
        [sys.executable, "-c", code, *args],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.communicate("\n", timeout=60)
