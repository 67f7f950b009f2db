"""Access tokens and refresh tokens. All tokens of one sign-in are revoked together."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .registered_clients import REFRESH_TOKEN
from .service_errors import ServiceError
from .settings import ROTATING, STRICT

if TYPE_CHECKING:
    from .emulator_clock import Clock
    from .registered_clients import Registration
    from .settings import Settings

__all__ = ["IssuedTokens", "Token", "Tokens"]


@dataclass(frozen=True)
class Token:
    """An access token or a refresh token, and the id of its sign-in."""

    value: str = field(repr=False)
    user: str
    client_id: str
    sign_in: str
    expires_at: float


@dataclass(frozen=True)
class IssuedTokens:
    """What CreateToken returns: an access token, and for most clients a refresh token."""

    access: Token
    refresh: Token | None


class Tokens:
    """All tokens that were issued. A token is valid until it expires or its sign-in is revoked."""

    def __init__(self, clock: Clock, settings: Settings) -> None:
        self._clock = clock
        self._settings = settings
        self._access: dict[str, Token] = {}
        self._refresh: dict[str, Token] = {}
        self._used: set[str] = set()
        self._revoked: set[str] = set()

    def sign_in(self, user: str, client: Registration) -> IssuedTokens:
        """Start a sign-in. It has a refresh token if the client may use one."""
        sign_in = secrets.token_hex(8)
        refresh = None
        if self._settings.refresh_tokens != "off" and client.allows(REFRESH_TOKEN):
            refresh = self._new_refresh(user, client.client_id, sign_in)

        return IssuedTokens(self._new_access(user, client.client_id, sign_in), refresh)

    def refresh(self, client: Registration, value: str) -> IssuedTokens:
        """Return a new access token for a refresh token.

        `Settings.refresh_tokens` decides whether the refresh token can be used again.
        """
        token = self._refresh.get(value)
        if token is None or token.client_id != client.client_id or not self._is_valid(token):
            raise ServiceError("InvalidGrantException", "Invalid refresh token provided")

        if self._settings.refresh_tokens in ROTATING:
            self._use_up(token)
            token = self._new_refresh(token.user, token.client_id, token.sign_in)

        return IssuedTokens(self._new_access(token.user, token.client_id, token.sign_in), token)

    def find(self, value: str) -> Token | None:
        """Return the access token with this value; None if it is unknown, expired or revoked."""
        token = self._access.get(value)
        return token if token and self._is_valid(token) else None

    def revoke(self, token: Token) -> None:
        """Revoke the sign-in of a token."""
        self._revoked.add(token.sign_in)

    def revoke_user(self, user: str) -> None:
        """Revoke all sign-ins of a user."""
        self._revoked.update(each.sign_in for each in self._access.values() if each.user == user)

    def _use_up(self, token: Token) -> None:
        """Record the use of a refresh token. With strict rotation, check for a replay."""
        if token.value in self._used:
            if self._settings.refresh_tokens == STRICT:
                self.revoke(token)

            raise ServiceError("InvalidGrantException", "Refresh token has already been used")

        self._used.add(token.value)

    def _is_valid(self, token: Token) -> bool:
        return token.sign_in not in self._revoked and self._clock.now() < token.expires_at

    def _new_access(self, user: str, client_id: str, sign_in: str) -> Token:
        expires_at = self._clock.now() + self._settings.access_token
        token = Token(_random("aoaAAAAA"), user, client_id, sign_in, expires_at)
        self._access[token.value] = token
        return token

    def _new_refresh(self, user: str, client_id: str, sign_in: str) -> Token:
        expires_at = self._clock.now() + self._settings.refresh_token
        token = Token(_random("aorAAAAA"), user, client_id, sign_in, expires_at)
        self._refresh[token.value] = token
        return token


def _random(prefix: str) -> str:
    """Return a value about as long as a real one. The prefix distinguishes the kinds."""
    return prefix + secrets.token_urlsafe(160)
