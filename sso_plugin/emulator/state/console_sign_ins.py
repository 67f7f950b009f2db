"""Sign-ins to the console: role credentials are exchanged for a token that a browser sends."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .service_errors import ServiceError

if TYPE_CHECKING:
    from .emulator_clock import Clock
    from .role_sessions import Caller, RoleSessions

__all__ = ["ConsoleSignIn", "ConsoleSignIns"]

_TOKEN_LIFETIME = 15 * 60
"""Seconds for which a sign-in token is valid, as with AWS."""

_MIN_DURATION, _MAX_DURATION = 900, 43200
"""The limits of AWS for SessionDuration, in seconds."""


@dataclass(frozen=True)
class ConsoleSignIn:
    """A token for the sign-in page, its caller, and the duration of the session in seconds."""

    token: str = field(repr=False)
    caller: Caller
    expires_at: float
    duration: int


class ConsoleSignIns:
    """The tokens that were issued, by value."""

    def __init__(self, clock: Clock, role_sessions: RoleSessions) -> None:
        self._clock = clock
        self._role_sessions = role_sessions
        self._issued: dict[str, ConsoleSignIn] = {}

    def create(self, key: str, secret: str, session_token: str, duration: int) -> ConsoleSignIn:
        """Return a sign-in for valid role credentials.

        :raises ServiceError: if the credentials are invalid or have expired.
        """
        if not _MIN_DURATION <= duration <= _MAX_DURATION:
            message = f"SessionDuration must be {_MIN_DURATION} to {_MAX_DURATION}"
            raise ServiceError("InvalidRequestException", message)

        sign_in = ConsoleSignIn(
            token=secrets.token_urlsafe(160),
            caller=self._caller(key, secret, session_token),
            expires_at=self._clock.now() + _TOKEN_LIFETIME,
            duration=duration,
        )
        self._issued[sign_in.token] = sign_in
        return sign_in

    def find(self, token: str) -> ConsoleSignIn:
        """Return the sign-in of a token.

        :raises ServiceError: if the token is invalid or has expired.
        """
        found = self._issued.get(token)
        if found is None:
            raise ServiceError("InvalidRequestException", "The sign-in token is not valid")

        if self._clock.now() >= found.expires_at:
            raise ServiceError("InvalidRequestException", "The sign-in token has expired")

        return found

    def _caller(self, key: str, secret: str, session_token: str) -> Caller:
        found = self._role_sessions.find(key)
        if (
            found is None
            or not _same(found.secret_access_key, secret)
            or not _same(found.session_token, session_token)
        ):
            raise ServiceError("InvalidRequestException", "The credentials are not valid")

        if self._clock.now() >= found.expires_at:
            raise ServiceError("InvalidRequestException", "The credentials have expired")

        return found.caller


def _same(expected: str, actual: str) -> bool:
    return hmac.compare_digest(expected.encode(), actual.encode())
