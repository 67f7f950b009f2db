"""Access tokens as values, and their form in the AWS CLI's cache."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..timestamps import format_timestamp, parse_timestamp, timestamp_problem
from .schedule import Lifetime

if TYPE_CHECKING:
    from ..clock import Clock
    from ..config.profile import SsoProfile
    from ..portal.responses import Grant
    from ..storage.cache import Document, Entry, Mark

__all__ = ["AccessToken", "TokenState"]


class TokenState(enum.Enum):
    """What a token is good for at a given time."""

    FRESH = "fresh"
    STALE = "stale"
    EXPIRED = "expired"


@dataclass(frozen=True)
class AccessToken:
    """A token as the cache file holds it.

    ``document`` is the whole file, with what others wrote into it, so that nothing is lost when a
    renewed token takes its place. ``mark`` is the version of the file that the token was read from,
    None if it was not.
    """

    value: str = field(repr=False)
    lifetime: Lifetime
    document: Document = field(repr=False)
    mark: Mark | None = None

    @classmethod
    def from_entry(cls, entry: Entry | None, clock: Clock) -> AccessToken | None:
        """Read a cache file; None if it holds no token that can be understood."""
        value = _value_in(entry)
        if entry is None or value is None:
            return None
        try:
            expires_at = parse_timestamp(entry.document.get("expiresAt"))
        except ValueError:
            return None
        lifetime = Lifetime(clock.at(entry.stored_at), expires_at)
        return cls(value, lifetime, entry.document, entry.mark)

    @staticmethod
    def fault(entry: Entry | None) -> str | None:
        """Say why a cache file with a token cannot be used, as the end of a sentence, or None."""
        return (
            timestamp_problem(entry.document, "expiresAt") if entry and _value_in(entry) else None
        )

    @classmethod
    def granted(
        cls, grant: Grant, profile: SsoProfile, client: Document, now: float
    ) -> AccessToken:
        """Make a token of what CreateToken granted, and of the client it was granted to."""
        lifetime = Lifetime(now, now + grant.expires_in)
        document = {
            **client,
            "startUrl": profile.start_url,
            "region": profile.region,
            "accessToken": grant.access_token,
            "expiresAt": format_timestamp(lifetime.expires_at),
        }
        if grant.refresh_token is not None:
            document["refreshToken"] = grant.refresh_token
        return cls(grant.access_token, lifetime, document)

    def state(self, now: float) -> TokenState:
        """Tell what the token is good for at ``now``, in epoch seconds of the server."""
        if now >= self.lifetime.expires_at:
            return TokenState.EXPIRED
        return TokenState.STALE if now >= self.lifetime.advisory_refresh_at else TokenState.FRESH

    def can_be_renewed(self, now: float) -> bool:
        """Tell whether the token holds all that a renewal needs, and its registration lives."""
        needed = ("refreshToken", "clientId", "clientSecret", "registrationExpiresAt")
        complete = all(isinstance(self.document.get(key), str) for key in needed)
        return complete and now < (self.registration_expires_at or 0.0)

    @property
    def registration_expires_at(self) -> float | None:
        """Until when the client that the token was granted to is known, in epoch seconds."""
        try:
            return parse_timestamp(self.document.get("registrationExpiresAt"))
        except ValueError:
            return None

    @property
    def registration_fault(self) -> str | None:
        """What is wrong with the end of the registration: the end of a sentence, or None."""
        return timestamp_problem(self.document, "registrationExpiresAt")


def _value_in(entry: Entry | None) -> str | None:
    """Return the access token in a cache file; None if it cannot stand in a header."""
    value = entry.document.get("accessToken") if entry else None
    if not isinstance(value, str) or not value or not value.isascii() or not value.isprintable():
        return None
    return value
