"""Registered OIDC clients: what RegisterClient hands out and every later call must present."""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .clock import Clock
    from .settings import Settings

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
REFRESH_TOKEN = "refresh_token"  # noqa: S105 - the name of a grant
AUTHORIZATION_CODE = "authorization_code"
GRANT_TYPES = (DEVICE_CODE, REFRESH_TOKEN, AUTHORIZATION_CODE)

_LOOPBACK = ("127.0.0.1", "::1", "localhost")

# What OAuth allows in the name of a scope: printable, without space, quote and backslash.
_SCOPE = re.compile(r"[!#-\[\]-~]+")


@dataclass(frozen=True)
class Registration:
    """A client and what it may ask for."""

    client_id: str
    client_secret: str = field(repr=False)
    issued_at: float
    expires_at: float
    name: str = ""
    scopes: tuple[str, ...] = ()
    grant_types: tuple[str, ...] = ()
    redirect_uris: tuple[str, ...] = ()
    issuer_url: str = ""

    def may(self, grant_type: str) -> bool:
        """Say whether a grant is open to this client.

        One that names no grants is of the older kind: it signs in by device code, and gets a
        refresh token only if it asked for scopes.
        """
        if self.grant_types:
            return grant_type in self.grant_types

        return grant_type == DEVICE_CODE or (grant_type == REFRESH_TOKEN and bool(self.scopes))


class Clients:
    """The registrations, by client id."""

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
        """Admit a public client."""
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
        """Return the client that presents the right secret before its registration ends."""
        registration = self._registrations.get(client_id)
        if registration is None or not hmac.compare_digest(
            registration.client_secret.encode(), client_secret.encode()
        ):
            raise ServiceError("InvalidClientException", "Invalid client provided")

        if self._clock.now() >= registration.expires_at:
            raise ServiceError("InvalidClientException", "Client registration has expired")

        return registration

    def find(self, client_id: str) -> Registration | None:
        """Return the client with this id, if its registration has not ended."""
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
    """Refuse an address off this machine: a public client is called back on loopback only."""
    if required and not uris:
        raise ServiceError("InvalidRedirectUriException", "A redirect URI is required")

    for uri in uris:
        if not _is_loopback(uri):
            raise ServiceError("InvalidRedirectUriException", f"Not a loopback URI: {uri}")


def _is_loopback(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
        parts.port  # noqa: B018 - raises if it is no number
    except ValueError:
        return False

    clean = uri.isascii() and uri.isprintable() and " " not in uri
    bare = parts.username is None and not parts.fragment
    return clean and bare and parts.scheme == "http" and parts.hostname in _LOOPBACK
