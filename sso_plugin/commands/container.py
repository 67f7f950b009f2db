"""Credentials over HTTP on the loopback address, for any AWS SDK in a child process.

The protocol is that of the ECS agent, which every SDK speaks: a GET with a token, answered by
JSON. Whoever asks gets what lives longest at that moment, so that a child that runs for days never
holds keys of its own for longer than one answer says.

https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
"""

from __future__ import annotations

import hmac
import json
import logging
import secrets
import socketserver
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from typing_extensions import Self

__all__ = ["CredentialsEndpoint", "Keys"]

_logger = logging.getLogger(__name__)

_PATH = "/credentials"
_FEW = 60.0
_SLOWEST = 5.0
"""Seconds that a connection may be silent."""


@dataclass(frozen=True)
class Keys:
    """What is handed out. ``expires_at`` in epoch seconds, None for never."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(repr=False)
    expires_at: float | None
    account_id: str | None = None

    def document(self) -> dict[str, str]:
        """Return the answer, as the ECS agent gives it."""
        values = {
            "AccessKeyId": self.access_key,
            "SecretAccessKey": self.secret_key,
            "Token": self.token,
            "Expiration": None if self.expires_at is None else _iso(self.expires_at),
            "AccountId": self.account_id,
        }
        return {name: value for name, value in values.items() if value is not None}


class CredentialsEndpoint:
    """Serves credentials to whoever knows its token. A context manager; after it, it is gone.

    :param fetch: returns the keys of the moment; its error becomes the answer.
    """

    def __init__(self, fetch: Callable[[], Keys]) -> None:
        self._fetch = fetch
        self._token = secrets.token_urlsafe(32)
        self._server = _Server(self)

    def __enter__(self) -> Self:
        threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.05},
            name="sso-plugin-credentials",
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

    def environment(self) -> dict[str, str]:
        """Return the variables that send an SDK here.

        The token goes by the environment, which on all systems only the same user can read. Its
        twin, a variable with the path of a file, is known to newer SDKs only.
        """
        return {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://{self._host}{_PATH}",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": self._token,
        }

    def answer(self, host: str, path: str, token: str) -> tuple[int, dict[str, str]]:
        """Answer a GET: a status, and a document to be sent as JSON.

        The Host header keeps out web pages, whose names may be made to lead to this address.
        """
        if host != self._host:
            return 403, _refusal("WrongHost", "This is for programs on the same machine only.")
        if not hmac.compare_digest(token.encode(), self._token.encode()):
            return 403, _refusal("WrongToken", "The authorization token is not the one expected.")
        if path != _PATH:
            return 404, _refusal("NotFound", "There is nothing here.")
        try:
            return 200, self._fetch().document()
        except Exception as exc:  # noqa: BLE001 - whatever it is, the child has to be told
            _logger.warning("The command got no credentials: %s", exc)
            return 500, _refusal(type(exc).__name__, str(exc))

    @property
    def _host(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"


def _iso(when: float) -> str:
    """Return whole seconds, as the ECS agent does; parts of one where there are but a few left."""
    few = when - time.time() < _FEW
    text = datetime.fromtimestamp(when, timezone.utc).isoformat(
        timespec="milliseconds" if few else "seconds"
    )
    return text.replace("+00:00", "Z")


def _refusal(code: str, message: str) -> dict[str, str]:
    return {"code": code, "message": message}


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, endpoint: CredentialsEndpoint) -> None:
        self.endpoint = endpoint
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a child that hung up: it may have been told to."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version = "sso-plugin"
    sys_version = ""
    timeout = _SLOWEST

    def do_GET(self) -> None:
        """Answer one request; the connection ends with it."""
        headers = self.headers
        host, token = headers.get("Host", ""), headers.get("Authorization", "")
        status, document = self.server.endpoint.answer(host, self.path, token)
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Log nothing: each request is a child's everyday business."""
