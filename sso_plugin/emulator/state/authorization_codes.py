"""Authorization codes with PKCE: issued to a browser, redeemed by the client that asked."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .authorization_request import AuthorizationError, AuthorizationRequest, parse_request
from .service_errors import ServiceError

if TYPE_CHECKING:
    from .emulator_clock import Clock
    from .registered_clients import Clients, Registration
    from .settings import Settings

__all__ = ["AuthorizationCodes", "IssuedCode"]

_DENIED = AuthorizationError("access_denied", "The request was denied")


@dataclass(frozen=True)
class IssuedCode:
    """A code for an approved request."""

    code: str = field(repr=False)
    user: str
    request: AuthorizationRequest
    expires_at: float


class AuthorizationCodes:
    """The codes that have not been redeemed."""

    def __init__(self, clock: Clock, settings: Settings, clients: Clients) -> None:
        self._clock = clock
        self._settings = settings
        self._clients = clients
        self._issued: dict[str, IssuedCode] = {}

    def read(self, query: str) -> AuthorizationRequest:
        """Return the request of a query; see `authorization_request` for possible mistakes."""
        return parse_request(query, self._clients)

    def approve(self, request: AuthorizationRequest, user: str) -> str:
        """Approve as a user. Returns where the browser is redirected."""
        if request.error:
            return request.error_location(request.error)

        code = secrets.token_urlsafe(48)
        expires_at = self._clock.now() + self._settings.authorization_code
        self._issued[code] = IssuedCode(code, user, request, expires_at)
        return request.location(code=code)

    def deny(self, request: AuthorizationRequest) -> str:
        """Deny. Returns where the browser is redirected."""
        return request.error_location(request.error or _DENIED)

    def redeem(self, client: Registration, code: str, redirect_uri: str, verifier: str) -> str:
        """Return the user who approved. A code works once; a failed attempt uses it up too."""
        found = self._issued.get(code)
        if found is None or found.request.client.client_id != client.client_id:
            raise ServiceError("InvalidGrantException", "Invalid authorization code provided")

        del self._issued[code]
        if self._clock.now() >= found.expires_at:
            raise ServiceError("InvalidGrantException", "Authorization code has expired")

        if redirect_uri != found.request.redirect_uri:
            raise ServiceError(
                "InvalidGrantException", "The redirect URI is not the one of the request"
            )

        if not hmac.compare_digest(_challenge(verifier), found.request.challenge):
            raise ServiceError("InvalidGrantException", "Invalid code verifier provided")

        return found.user


def _challenge(verifier: str) -> str:
    """Return the challenge for a verifier, without padding."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
