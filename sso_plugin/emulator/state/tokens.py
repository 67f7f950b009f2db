"""Access tokens and refresh tokens; all tokens of one sign-in are revoked together."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .clients import REFRESH_TOKEN
from .errors import ServiceError
from .settings import ROTATING, STRICT

if TYPE_CHECKING:
    from .clients import Registration
    from .clock import Clock
    from .settings import Settings


@dataclass(frozen=True)
class Token:
    """An access token or a refresh token, and the sign-in it comes from."""

    value: str = field(repr=False)
    user: str
    client_id: str
    sign_in: str
    expires_at: float


@dataclass(frozen=True)
class Grant:
    """What CreateToken returns: a token, and for most clients the means to renew it."""

    access: Token
    refresh: Token | None


class Tokens:
    """Every token ever issued; a token lives until its time is up or its sign-in is revoked."""

    def __init__(self, clock: Clock, settings: Settings) -> None:
        self._clock = clock
        self._settings = settings
        self._access: dict[str, Token] = {}
        self._refresh: dict[str, Token] = {}
        self._used: set[str] = set()
        self._revoked: set[str] = set()

    def sign_in(self, user: str, client: Registration) -> Grant:
        """Begin a sign-in: its first access token and, if the client may renew, a refresh token."""
        sign_in = secrets.token_hex(8)
        refresh = None
        if self._settings.refresh_tokens != "off" and client.may(REFRESH_TOKEN):
            refresh = self._new_refresh(user, client.client_id, sign_in)

        return Grant(self._new_access(user, client.client_id, sign_in), refresh)

    def refresh(self, client: Registration, value: str) -> Grant:
        """Trade a refresh token for a new access token; see `Settings.refresh_tokens`."""
        token = self._refresh.get(value)
        if token is None or token.client_id != client.client_id or not self._lives(token):
            raise ServiceError("InvalidGrantException", "Invalid refresh token provided")

        if self._settings.refresh_tokens in ROTATING:
            self._use_up(token)
            token = self._new_refresh(token.user, token.client_id, token.sign_in)

        return Grant(self._new_access(token.user, token.client_id, token.sign_in), token)

    def find(self, value: str) -> Token | None:
        """Return the living access token with this value."""
        token = self._access.get(value)
        return token if token and self._lives(token) else None

    def revoke(self, token: Token) -> None:
        """End the sign-in this token comes from."""
        self._revoked.add(token.sign_in)

    def revoke_user(self, user: str) -> None:
        """End every sign-in of a user."""
        self._revoked.update(each.sign_in for each in self._access.values() if each.user == user)

    def _use_up(self, token: Token) -> None:
        """Let a single-use refresh token pass once; a replay may cost the whole sign-in."""
        if token.value in self._used:
            if self._settings.refresh_tokens == STRICT:
                self.revoke(token)

            raise ServiceError("InvalidGrantException", "Refresh token has been used before")

        self._used.add(token.value)

    def _lives(self, token: Token) -> bool:
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
    """Make a value about as long as a real one; the prefix tells the kinds apart."""
    return prefix + secrets.token_urlsafe(160)
