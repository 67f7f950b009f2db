"""A hostile portal: a proxy that changes the responses of the emulator."""

from __future__ import annotations

import json
import re
import threading
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest
    from world import World

__all__ = ["ACCOUNTS", "CREDENTIALS", "DEVICE", "REGISTER", "ROLES", "TOKEN", "HostilePortal"]

ACCOUNTS = "/assignment/accounts"
ROLES = "/assignment/roles"
CREDENTIALS = "/federation/credentials"
REGISTER = "/client/register"
DEVICE = "/device_authorization"
TOKEN = "/token"

_NEXT = re.compile(r"[?&]next_token=[^&]*")
_NOT_COPIED = ("connection", "content-length", "date", "server", "transfer-encoding")


class HostilePortal(ThreadingHTTPServer):
    """A proxy in front of the emulator.

    ``change`` has a function per path, which gets a successful response and returns another: a
    document, or bytes, or a pair of a status and one of these. ``dates`` replace the ``Date``
    headers, one after the other. ``user_codes`` are those of the emulator, before any change.
    """

    daemon_threads = True

    def __init__(self, emulator_url: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behind = urlsplit(emulator_url)
        self.change: dict[str, Callable[[dict[str, Any]], Any]] = {}
        self.dates: list[str] = []
        self.asked: list[str] = []
        self.user_codes: list[str] = []
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @classmethod
    def before(cls, world: World, monkeypatch: pytest.MonkeyPatch) -> HostilePortal:
        """Start one in front of the emulator of a test."""
        portal = cls(world.emulator.url)
        for service in ("SSO", "SSO_OIDC"):
            monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", portal.url)
        return portal


class _Handler(BaseHTTPRequestHandler):
    server: HostilePortal
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        path = urlsplit(self.path).path
        self.server.asked.append(path)
        behind = self.server.behind
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        connection = HTTPConnection(str(behind.hostname), behind.port, timeout=60)
        headers = {**dict(self.headers), "Host": behind.netloc}
        # The emulator does not know page tokens that `change` has made up.
        connection.request(self.command, _NEXT.sub("", self.path), body, headers)
        with connection.getresponse() as answer:
            content = answer.read()
            kept = [each for each in answer.getheaders() if each[0].lower() not in _NOT_COPIED]
        connection.close()
        if path == DEVICE and answer.status == 200:
            self.server.user_codes.append(json.loads(content)["userCode"])
        status = answer.status
        if status == 200 and path in self.server.change:
            changed = self.server.change[path](json.loads(content))
            status, changed = changed if isinstance(changed, tuple) else (status, changed)
            content = _bytes(changed)
        self.send_response_only(status)
        for name, value in kept:
            self.send_header(name, value)
        date = self.server.dates.pop(0) if self.server.dates else self.date_time_string()
        self.send_header("Date", date)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = _answer  # noqa: N815 - names of http.server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Print nothing."""


def _bytes(changed: Any) -> bytes:
    return changed if isinstance(changed, bytes) else json.dumps(changed).encode()
