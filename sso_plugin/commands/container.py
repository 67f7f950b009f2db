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
_FEW = 60.0
"""Seconds. Credentials that expire sooner need their expiration in milliseconds."""


class CredentialsEndpoint(LoopbackServer):
    """Serves credentials to whoever knows its token.

    :param fetch: returns current credentials, and when they expire in epoch seconds; None for
        never. Its error becomes the answer.
    """

    def __init__(self, fetch: Callable[[], tuple[ReadOnlyCredentials, float | None]]) -> None:
        self._fetch = fetch
        self._token = Secret(secrets.token_urlsafe(32))
        super().__init__(_Handler)

    def environment(self) -> dict[str, str]:
        """Return the variables that send an SDK here.

        The token goes by the environment, which on all systems only the same user can read. Its
        twin, a variable with the path of a file, is known to newer SDKs only.
        """
        return {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://{self.host}{_PATH}",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": self._token,
        }

    def refuse(self, host: str, token: str) -> tuple[int, dict[str, str]] | None:
        """Answer a GET that is not from the child; None if it is.

        The Host header keeps out web pages, whose names may be made to lead to this address.
        """
        if host != self.host:
            return 403, _refusal("WrongHost", "This is for programs on the same machine only.")
        if not hmac.compare_digest(token.encode(), self._token.encode()):
            return 403, _refusal("WrongToken", "The authorization token is not the one expected.")
        return None

    def respond(self, path: str) -> tuple[int, dict[str, str]]:
        """Answer a GET of the child: a status, and a document to be sent as JSON."""
        if path != _PATH:
            return 404, _refusal("NotFound", "There is nothing here.")
        try:
            return 200, _document(*self._fetch())
        except Exception as exc:  # noqa: BLE001 - whatever it is, the child has to be told
            _logger.warning("The command got no credentials: %s", exc)
            return 500, _refusal(type(exc).__name__, str(exc))


def _document(keys: ReadOnlyCredentials, expires_at: float | None) -> dict[str, str]:
    """Return credentials as the ECS agent does: in whole seconds, if they last for some."""
    found = members(keys, expires_at)
    if "SessionToken" in found:
        found["Token"] = found.pop("SessionToken")
    if expires_at is not None and expires_at - time.time() < _FEW:
        found["Expiration"] = format_timestamp(expires_at, milliseconds=True)
    return found


def _refusal(code: str, message: str) -> dict[str, str]:
    return {"code": code, "message": message}


class _Handler(LoopbackHandler):
    server: CredentialsEndpoint

    def do_GET(self) -> None:  # noqa: N802 - the name is the base's
        """Answer a child."""
        host, token = self.headers.get("Host", ""), self.headers.get("Authorization", "")
        refused = self.server.refuse(host, token)
        if refused is None:
            # Fetching may take a while.
            self.server.protect(self.request)
        status, document = refused or self.server.respond(self.path)
        self.respond(status, {"Content-Type": "application/json"}, json.dumps(document).encode())
