"""A real Valkey or Redis server in a temporary folder, which a test pauses, kills and fills.

Its admin client uses a socket, with a user of its own. All other clients have only the permissions
in `ACL`.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from typing_extensions import Self

__all__ = ["ACL", "WHY_NOT", "RedisServer", "ServerOptions"]

_PROGRAM = next(filter(None, map(shutil.which, ("valkey-server", "redis-server"))), None)

WHY_NOT = ("valkey-server or redis-server" if _PROGRAM is None else "") or (
    "the package redis" if find_spec("redis") is None else ""
)
"""What is not installed, so that no server can be started or used; empty if nothing is missing."""

ACL = (
    "~{sso-plugin:*}:* -@all "
    "+evalsha +eval +script|load +get +set +del +exists +pexpire +hmget +hset +hget +time"
)
"""All that docs/fleet.md asks for."""

_PORTS = range(20000, 32000)
"""The system gives none of these to a client, so a stopped server finds its port free again."""

_TIMEOUT = 30.0


@dataclass(frozen=True)
class ServerOptions:
    """How a server is started.

    :param host: the name in its certificate; without TLS if empty.
    :param password: that of the user of `url`; none if empty.
    :param append_only: whether each write goes to a file that survives a restart.
    :param rules: the permissions of that user.
    :param lines: further lines of its config file.
    """

    host: str = ""
    password: str = ""
    append_only: bool = False
    rules: str = ACL
    lines: tuple[str, ...] = ()


class RedisServer:
    """A context manager. At its end the server is killed, also while it is paused."""

    def __init__(self, options: ServerOptions | None = None) -> None:
        self.options = options or ServerOptions()
        # Not the folder of the test: the path of a socket has at most 108 bytes.
        self._folder = Path(tempfile.mkdtemp(prefix="redis-"))
        self._data = self._folder / "data"
        self._data.mkdir()
        self._process: subprocess.Popen[bytes] | None = None
        self.ca_bundle = self._make_certificate() if self.options.host else None
        self.port = 0

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        frames: TracebackType | None,
    ) -> None:
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def url(self) -> str:
        """The address of its port."""
        return f"{'rediss' if self.ca_bundle else 'redis'}://127.0.0.1:{self.port}"

    @property
    def unix_url(self) -> str:
        """The address of its socket."""
        return f"unix://{self._socket}"

    @property
    def admin(self) -> Any:
        """A new client that may do everything."""
        from redis import Redis

        return Redis(unix_socket_path=str(self._socket), username="admin", password="admin")

    def start(self) -> None:
        """Start the server, on the same port as before, with the data that it has saved."""
        deadline = time.monotonic() + _TIMEOUT
        while True:
            port = self.port or random.choice(_PORTS)  # noqa: S311 - not a secret
            self._start(port)
            if self._is_ready(deadline):
                self.port = port
                return
            assert time.monotonic() < deadline, self._log.read_text(errors="replace")

    def kill(self) -> None:
        """Kill the server, if it runs. What is not in its append-only file is lost."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait(_TIMEOUT)

    def restart_empty(self) -> None:
        """Kill the server, and start it without data."""
        self.kill()
        shutil.rmtree(self._data)
        self._data.mkdir()
        self.start()

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Stop the server by SIGSTOP: connections are accepted by the system, and get no reply."""
        self.pause()
        try:
            yield
        finally:
            self.resume()

    def pause(self) -> None:
        """Begin what `paused` does."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """End what `paused` does."""
        self._signal(signal.SIGCONT)

    @contextlib.contextmanager
    def monitor(self) -> Iterator[list[bytes]]:
        """Collect what MONITOR shows: all commands of all clients, and of their scripts."""
        lines: list[bytes] = []
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self._socket))
            connection.sendall(b"AUTH admin admin\r\nMONITOR\r\n")
            with connection.makefile("rb") as stream:
                assert [stream.readline(), stream.readline()] == [b"+OK\r\n"] * 2
                reader = threading.Thread(target=lambda: lines.extend(stream))
                reader.start()
                try:
                    yield lines
                finally:
                    # A command of its own is the last that it shows.
                    self.admin.echo("end of the monitor")
                    deadline = time.monotonic() + _TIMEOUT
                    while not (lines and b"end of the monitor" in lines[-1]):
                        assert time.monotonic() < deadline
                        time.sleep(0.01)
                    connection.shutdown(socket.SHUT_RDWR)
                    reader.join()

    def dump(self) -> bytes:
        """Return the content of all files that the server saves, with a new snapshot."""
        self.admin.save()
        return b"".join(path.read_bytes() for path in self._data.rglob("*") if path.is_file())

    def allow(self, rules: str) -> None:
        """Change the permissions of the user of `url`, as `ACL SETUSER` does."""
        self.admin.execute_command("ACL", "SETUSER", "default", *rules.split())

    @property
    def _socket(self) -> Path:
        return self._folder / "socket"

    @property
    def _log(self) -> Path:
        return self._folder / "log"

    def _start(self, port: int) -> None:
        assert _PROGRAM is not None
        config = self._folder / "config"
        config.write_text("\n".join(self._config(port)))
        users = self._folder / "users"
        password = f">{self.options.password}" if self.options.password else "nopass"
        users.write_text(
            f"user admin on >admin ~* &* +@all\nuser default on {password} {self.options.rules}\n"
        )
        self._process = subprocess.Popen([_PROGRAM, str(config)], stdin=subprocess.DEVNULL)

    def _config(self, port: int) -> Iterator[str]:
        yield f"dir {self._data}"
        yield f"unixsocket {self._socket}"
        yield f"logfile {self._log}"
        yield f"aclfile {self._folder / 'users'}"
        yield "bind 127.0.0.1"
        yield 'save ""'
        # A secret in a dump is found as it is.
        yield "rdbcompression no"
        yield "maxmemory-policy noeviction"
        if self.options.append_only:
            yield "appendonly yes"
        if self.ca_bundle:
            yield f"port 0\ntls-port {port}\ntls-auth-clients no"
            yield f"tls-cert-file {self._folder / 'chain'}\ntls-key-file {self._folder / 'key'}"
        else:
            yield f"port {port}"
        yield from self.options.lines

    def _make_certificate(self) -> Path:
        import trustme

        authority = trustme.CA()
        certificate = authority.issue_cert(self.options.host)
        certificate.private_key_pem.write_to_path(self._folder / "key")
        for chain in certificate.cert_chain_pems:
            chain.write_to_path(self._folder / "chain", append=True)
        bundle = self._folder / "authority"
        authority.cert_pem.write_to_path(bundle)
        return bundle

    def _is_ready(self, deadline: float) -> bool:
        """Wait for the first answer. Return False if the server ends, as when its port is used."""
        from redis import RedisError

        assert self._process is not None
        while self._process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(RedisError), self.admin as client:
                if client.info("server")["process_id"] == self._process.pid:
                    return True
            time.sleep(0.01)
        self.kill()
        return False

    def _signal(self, number: int) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)
