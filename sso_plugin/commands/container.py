"""Credentials over HTTP on the loopback address, for any AWS SDK in a child process or elsewhere.

The protocol is that of the ECS agent, which every SDK supports: a GET request with a token, and a
JSON response. Each response has valid credentials, so a child process can run for days.

https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
"""

from __future__ import annotations

import hmac
import json
import logging
import os
import secrets
import time
from typing import TYPE_CHECKING

from sso_plugin.credentials.role_credentials import members
from sso_plugin.redact import Secret
from sso_plugin.timestamps import format_timestamp
from sso_plugin.web.loopback import LoopbackHandler, LoopbackServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.credentials import ReadOnlyCredentials

__all__ = ["CredentialsEndpoint"]

_logger = logging.getLogger(__name__)

_PATH = "/credentials"
_SHORT_LIFETIME = 60.0
"""Seconds. For credentials that expire sooner, the expiration has milliseconds."""


class CredentialsEndpoint(LoopbackServer):
    """A server that returns credentials for requests with its token.

    :param fetch: returns valid credentials, and when they expire in epoch seconds; None for
        never. Its errors become error responses.
    :param port: 0 for a free one.
    """

    # Otherwise a service cannot use its port again for a minute. Windows allows it anyway.
    allow_reuse_address = os.name == "posix"

    def __init__(
        self, fetch: Callable[[], tuple[ReadOnlyCredentials, float | None]], port: int = 0
    ) -> None:
        self._fetch = fetch
        self._last_error = ""
        self.token = Secret(secrets.token_urlsafe(32))
        super().__init__(_Handler, port)

    @property
    def url(self) -> str:
        """The address at which SDKs get the credentials."""
        return f"http://{self.host}{_PATH}"

    def environment(self) -> dict[str, str]:
        """Return the variables that make an SDK use this endpoint.

        The token is in the environment, which only the same user can read. The alternative, a
        variable with the path of a file, needs newer SDKs.
        """
        return {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": self.url,
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": self.token,
        }

    def refuse(self, host: str, token: str) -> tuple[int, dict[str, str]] | None:
        """Return the response to a request without the token; None if the token is right.

        The check of the Host header stops web pages whose names resolve to this address.
        """
        if host != self.host:
            return 403, _error(
                "WrongHost", "Use the address in AWS_CONTAINER_CREDENTIALS_FULL_URI."
            )
        if not hmac.compare_digest(token.encode(), self.token.encode()):
            return 403, _error("WrongToken", "The authorization token is wrong.")
        return None

    def respond(self, path: str) -> tuple[int, dict[str, str]]:
        """Return the response to a request with the token: a status and a document."""
        if path != _PATH:
            return 404, _error("NotFound", "Not found.")
        try:
            found = _document(*self._fetch())
        except Exception as exc:  # noqa: BLE001 - the client gets a response for any error
            self._report(str(exc))
            return 500, _error(type(exc).__name__, str(exc))
        self._report("")
        return 200, found

    def _report(self, error: str) -> None:
        """Log an error once, until it changes: clients retry for as long as it lasts."""
        last, self._last_error = self._last_error, error
        if error and error != last:
            _logger.warning("A request got no credentials: %s", error)


def _document(keys: ReadOnlyCredentials, expires_at: float | None) -> dict[str, str]:
    """Return credentials in the format of the ECS agent, which uses whole seconds."""
    found = members(keys, expires_at)
    if "SessionToken" in found:
        found["Token"] = found.pop("SessionToken")
    if expires_at is not None and expires_at - time.time() < _SHORT_LIFETIME:
        found["Expiration"] = format_timestamp(expires_at, milliseconds=True)
    return found


def _error(code: str, message: str) -> dict[str, str]:
    return {"code": code, "message": message}


class _Handler(LoopbackHandler):
    server: CredentialsEndpoint

    def do_GET(self) -> None:  # noqa: N802 - a name of http.server
        """Respond to a request."""
        host, token = self.headers.get("Host", ""), self.headers.get("Authorization", "")
        refused = self.server.refuse(host, token)
        if refused is None:
            # Fetching may take a while.
            self.server.protect(self.request)
        status, document = refused or self.server.respond(self.path)
        self.respond(status, {"Content-Type": "application/json"}, json.dumps(document).encode())
