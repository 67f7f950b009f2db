"""The OIDC clients that RegisterClient has registered."""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .service_errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .emulator_clock import Clock
    from .settings import Settings

__all__ = [
    "AUTHORIZATION_CODE",
    "DEVICE_CODE",
    "GRANT_TYPES",
    "REFRESH_TOKEN",
    "Clients",
    "Registration",
]

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
REFRESH_TOKEN = "refresh_token"  # noqa: S105 - the name of a grant
AUTHORIZATION_CODE = "authorization_code"
GRANT_TYPES = (DEVICE_CODE, REFRESH_TOKEN, AUTHORIZATION_CODE)

_LOOPBACK = ("127.0.0.1", "::1", "localhost")

_SCOPE = re.compile(r"[!#-\[\]-~]+")
"""Printable ASCII without space, quote and backslash: RFC 6749, section 3.3."""


@dataclass(frozen=True)
class Registration:
    """A client, and what it may request."""

    client_id: str
    client_secret: str = field(repr=False)
    issued_at: float
    expires_at: float
    name: str = ""
    scopes: tuple[str, ...] = ()
    grant_types: tuple[str, ...] = ()
    redirect_uris: tuple[str, ...] = ()
    issuer_url: str = ""

    def allows(self, grant_type: str) -> bool:
        """Return whether this client may use a grant type.

        Older clients register without grant types. They may use the device code, and the refresh
        token if they registered scopes.
        """
        if self.grant_types:
            return grant_type in self.grant_types

        return grant_type == DEVICE_CODE or (grant_type == REFRESH_TOKEN and bool(self.scopes))


class Clients:
    """All registrations, also expired ones."""

    def __init__(self, clock: Clock, settings: Settings) -> None:
        self._clock = clock
        self._settings = settings
        self._registrations: dict[str, Registration] = {}

    def register(
        self,
        *,
        name: str = "",
        scopes: Sequence[str] = (),
        grant_types: Sequence[str] = (),
        redirect_uris: Sequence[str] = (),
        issuer_url: str = "",
    ) -> Registration:
        """Register a public client."""
        _check_scopes(scopes)
        _check_grant_types(grant_types)
        _check_redirect_uris(redirect_uris, required=AUTHORIZATION_CODE in grant_types)
        now = self._clock.now()
        registration = Registration(
            client_id=secrets.token_urlsafe(16),
            client_secret=secrets.token_urlsafe(96),
            issued_at=now,
            expires_at=now + self._settings.registration,
            name=name,
            scopes=tuple(scopes),
            grant_types=tuple(grant_types),
            redirect_uris=tuple(redirect_uris),
            issuer_url=issuer_url,
        )
        self._registrations[registration.client_id] = registration
        return registration

    def authenticate(self, client_id: str, client_secret: str) -> Registration:
        """Return the client with this id and secret.

        :raises ServiceError: if there is none, or its registration has expired.
        """
        registration = self._registrations.get(client_id)
        if registration is None or not hmac.compare_digest(
            registration.client_secret.encode(), client_secret.encode()
        ):
            raise ServiceError("InvalidClientException", "Invalid client provided")

        if self._clock.now() >= registration.expires_at:
            raise ServiceError("InvalidClientException", "Client registration has expired")

        return registration

    def find(self, client_id: str) -> Registration | None:
        """Return the client with this id; None if it is unknown or its registration has expired."""
        registration = self._registrations.get(client_id)
        if registration is None or self._clock.now() >= registration.expires_at:
            return None

        return registration


def _check_scopes(scopes: Sequence[str]) -> None:
    for scope in scopes:
        if not _SCOPE.fullmatch(scope):
            raise ServiceError("InvalidScopeException", f"Invalid scope {scope!r}")


def _check_grant_types(grant_types: Sequence[str]) -> None:
    unknown = [each for each in grant_types if each not in GRANT_TYPES]
    if unknown:
        raise ServiceError("UnsupportedGrantTypeException", f"Unknown grant type {unknown[0]}")


def _check_redirect_uris(uris: Sequence[str], *, required: bool) -> None:
    """Reject redirect URIs that are not on this machine: public clients may use loopback only."""
    if required and not uris:
        raise ServiceError("InvalidRedirectUriException", "A redirect URI is required")

    for uri in uris:
        if not _is_loopback(uri):
            raise ServiceError("InvalidRedirectUriException", f"Not a loopback URI: {uri}")


def _is_loopback(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
        parts.port  # noqa: B018 - raises ValueError if it is not a number
    except ValueError:
        return False

    is_plain_text = uri.isascii() and uri.isprintable() and " " not in uri
    has_extras = parts.username is not None or bool(parts.fragment)
    is_local = parts.scheme == "http" and parts.hostname in _LOOPBACK
    return is_local and is_plain_text and not has_extras
