"""Sign-ins to the console: role credentials traded for a token that a browser can bring."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .errors import ServiceError

if TYPE_CHECKING:
    from .clock import Clock
    from .role_sessions import Caller, RoleSessions

# The service's own limits, in seconds.
_TOKEN_LIFETIME = 15 * 60
_SHORTEST, _LONGEST = 900, 43200


@dataclass(frozen=True)
class ConsoleSignIn:
    """A token for the sign-in page, whom it speaks for, and for how long a session would last."""

    token: str = field(repr=False)
    caller: Caller
    expires_at: float
    seconds: int


class ConsoleSignIns:
    """The tokens given out, by value."""

    def __init__(self, clock: Clock, role_sessions: RoleSessions) -> None:
        self._clock = clock
        self._role_sessions = role_sessions
        self._given: dict[str, ConsoleSignIn] = {}

    def begin(self, key: str, secret: str, session_token: str, seconds: int) -> ConsoleSignIn:
        """Trade living role credentials for a token."""
        if not _SHORTEST <= seconds <= _LONGEST:
            message = f"SessionDuration must be {_SHORTEST} to {_LONGEST}"
            raise ServiceError("InvalidRequestException", message)

        sign_in = ConsoleSignIn(
            token=secrets.token_urlsafe(160),
            caller=self._caller(key, secret, session_token),
            expires_at=self._clock.now() + _TOKEN_LIFETIME,
            seconds=seconds,
        )
        self._given[sign_in.token] = sign_in
        return sign_in

    def find(self, token: str) -> ConsoleSignIn:
        """Return the sign-in a browser brings the token of."""
        found = self._given.get(token)
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
