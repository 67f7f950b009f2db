"""Authorization codes: given to a browser, traded by the client that can prove it asked (PKCE)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .authorization_request import AuthorizationRequest, Refusal, read
from .errors import ServiceError

if TYPE_CHECKING:
    from .clients import Clients, Registration
    from .clock import Clock
    from .settings import Settings

_DENIED = Refusal("access_denied", "The request was denied")


@dataclass(frozen=True)
class Authorization:
    """A user's consent to one request, until it is traded."""

    code: str = field(repr=False)
    user: str
    request: AuthorizationRequest
    expires_at: float


class Authorizations:
    """The consents that wait to be traded, by code."""

    def __init__(self, clock: Clock, settings: Settings, clients: Clients) -> None:
        self._clock = clock
        self._settings = settings
        self._clients = clients
        self._waiting: dict[str, Authorization] = {}

    def read(self, query: str) -> AuthorizationRequest:
        """Read the query of the page; see `authorizationrequest` for what can be wrong."""
        return read(query, self._clients)

    def approve(self, request: AuthorizationRequest, user: str) -> str:
        """Consent in the name of a user; returns where the browser goes now."""
        if request.refusal:
            return request.refused(request.refusal)

        code = secrets.token_urlsafe(48)
        expires_at = self._clock.now() + self._settings.authorization_code
        self._waiting[code] = Authorization(code, user, request, expires_at)
        return request.location(code=code)

    def deny(self, request: AuthorizationRequest) -> str:
        """Withhold consent; returns where the browser goes now."""
        return request.refused(request.refusal or _DENIED)

    def redeem(self, client: Registration, code: str, redirect_uri: str, verifier: str) -> str:
        """Use up a code and return the user who gave it; a failed attempt uses it up as well."""
        found = self._waiting.get(code)
        if found is None or found.request.client.client_id != client.client_id:
            raise ServiceError("InvalidGrantException", "Invalid authorization code provided")

        del self._waiting[code]
        if self._clock.now() >= found.expires_at:
            raise ServiceError("InvalidGrantException", "Authorization code has expired")

        if redirect_uri != found.request.redirect_uri:
            raise ServiceError("InvalidGrantException", "Not the redirect URI of the request")

        if not hmac.compare_digest(_challenge(verifier), found.request.challenge):
            raise ServiceError("InvalidGrantException", "Invalid code verifier provided")

        return found.user


def _challenge(verifier: str) -> str:
    """Return what the client must have shown the page, without padding."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
