"""A service of AWS that refuses access keys, in the format of its protocol."""

from __future__ import annotations

import re
import threading
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Refusal", "Service", "json", "query", "xml"]

Refusal = tuple[int, str, bytes]
"""Status, error type header (empty for none), body."""

_CREDENTIAL = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/")
_XML = ("s3", "sns", "ec2")


def xml(code: str) -> bytes:
    return f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()


def query(code: str) -> bytes:
    return f"<ErrorResponse>{xml(code).decode()}</ErrorResponse>".encode()


def json(code: str) -> bytes:
    return f'{{"__type": "com.amazon.coral.service#{code}", "message": "no"}}'.encode()


class Service(ThreadingHTTPServer):
    """Refuses bad keys, and records the key and the body of each request."""

    def __init__(self, is_bad: Callable[[str, str], bool], refusal: Refusal) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.is_bad = is_bad
        self.refusal = refusal
        self.ahead = 0.0
        self.requests: list[tuple[str, bytes]] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def keys(self) -> list[str]:
        return [key for key, _ in self.requests]


class _Handler(BaseHTTPRequestHandler):
    server: Service
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        found = _CREDENTIAL.search(self.headers.get("Authorization", ""))
        key, region, name = found.groups() if found else ("", "", "")
        self.server.requests.append((key, body))
        refused = self.server.is_bad(key, region)
        answer = b"<R><ListTopicsResult/></R>" if name in _XML else b"{}"
        status, kind, content = self.server.refusal if refused else (200, "", answer)
        self.send_response_only(status)
        self.send_header("Date", formatdate(self._now(), usegmt=True))
        if kind:
            self.send_header("x-amzn-ErrorType", f"{kind}:http://internal.amazon.com/")
        if self.command == "HEAD":
            content = b""
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_PUT = do_POST = do_HEAD = _answer  # noqa: N815 - names of http.server

    def _now(self) -> float:
        import time

        return time.time() + self.server.ahead

    def log_message(self, *_: object) -> None:
        """Print nothing."""
