"""A Valkey or Redis server for a benchmark, reached by a socket in a temporary folder."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["PROGRAM", "Store"]

PROGRAM = next(filter(None, map(shutil.which, ("valkey-server", "redis-server"))), None)
"""The server; None if it is not installed."""

_TIMEOUT = 10.0


class Store:
    """A context manager. The server is empty, and a new key encrypts what it stores."""

    def __enter__(self) -> Self:
        # The path of a socket has at most 108 bytes.
        self._folder = Path(tempfile.mkdtemp(prefix="store-"))
        self.key_file = self._folder / "key"
        self.key_file.write_bytes(base64.b64encode(os.urandom(32)))
        self.key_file.chmod(0o600)
        self._process = subprocess.Popen(
            [str(PROGRAM), "--port", "0", "--unixsocket", str(self._socket), "--save", ""],
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + _TIMEOUT
        while not self._socket.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def url(self) -> str:
        """The address for `sso_store`."""
        return f"unix://{self._socket}"

    def reset(self) -> None:
        """Delete all documents, and count requests from 0."""
        client = self._client()
        client.flushall()
        client.config_resetstat()

    def requests(self) -> int:
        """Return how many requests the server has got since the last reset."""
        statistics = self._client().info("commandstats")
        names = ("cmdstat_evalsha", "cmdstat_eval")
        return sum(int(statistics.get(name, {}).get("calls", 0)) for name in names)

    @property
    def _socket(self) -> Path:
        return self._folder / "socket"

    def _client(self) -> Any:
        from redis import Redis

        return Redis(unix_socket_path=str(self._socket))
