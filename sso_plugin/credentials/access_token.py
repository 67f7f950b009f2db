"""Access tokens as values, and their file format in the AWS CLI's cache."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..storage.keys import token_identity
from ..timestamps import format_timestamp, parse_timestamp, timestamp_problem
from .schedule import Lifetime

if TYPE_CHECKING:
    from ..clock import Clock
    from ..config.profile import SsoProfile
    from ..portal.responses import Grant
    from ..storage.documents import Entry, Mark
    from ..storage.reading import Document

__all__ = ["AccessToken", "TokenState"]


_NOTE = "SsoPlugin"
"""The key of the note that a store leaves in a token."""


class TokenState(enum.Enum):
    """The state of a token at a given time: not due for renewal, due, or expired."""

    FRESH = "fresh"
    STALE = "stale"
    EXPIRED = "expired"


@dataclass(frozen=True)
class AccessToken:
    """An access token and the cache file that it is in.

    :param document: the whole content of the file, with the keys of other programs: a renewed token
        keeps them.
    :param mark: the version of the file that the token was read from; None if it is not from a
        file.
    """

    value: str = field(repr=False)
    lifetime: Lifetime
    document: Document = field(repr=False)
    mark: Mark | None = None

    @classmethod
    def from_entry(cls, entry: Entry | None, clock: Clock) -> AccessToken | None:
        """Read a cache file; return None if it holds no valid token document."""
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
    def problem(entry: Entry | None) -> str | None:
        """Return why a cache file with a token cannot be used, as the end of a sentence."""
        return (
            timestamp_problem(entry.document, "expiresAt") if entry and _value_in(entry) else None
        )

    @classmethod
    def granted(
        cls, grant: Grant, profile: SsoProfile, client: Document, now: float
    ) -> AccessToken:
        """Return the token of a response of CreateToken.

        :param client: the document of the client that it was granted to.
        """
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

    @property
    def identity(self) -> str:
        """A digest that identifies the token. The token cannot be computed from it."""
        return token_identity({"accessToken": self.value})

    @property
    def login_id(self) -> str | None:
        """The id of its login for all machines that share a store; None if it is not from one."""
        if _NOTE not in self.document:
            return None
        # Not at the top: most tokens have none.
        from ..storage.network.note import Note

        note = Note.of(self.document)
        return note and str(note.generation)

    def state(self, now: float) -> TokenState:
        """Return the state of the token at ``now``, in epoch seconds of the server."""
        if now >= self.lifetime.expires_at:
            return TokenState.EXPIRED
        return TokenState.STALE if now >= self.lifetime.advisory_refresh_at else TokenState.FRESH

    def can_be_renewed(self, now: float) -> bool:
        """Return whether the document has all that a renewal needs, and its client is valid."""
        needed = ("refreshToken", "clientId", "clientSecret", "registrationExpiresAt")
        complete = all(isinstance(self.document.get(key), str) for key in needed)
        return complete and now < (self.registration_expires_at or 0.0)

    def login_ends_at(self, now: float) -> float:
        """Return when the login ends for good, as far as the document says it.

        :param now: see `can_be_renewed`.
        """
        expires_at = self.lifetime.expires_at
        if not self.can_be_renewed(now):
            return expires_at
        # The last renewal comes before the end of the registration, and its token may last longer.
        return max(expires_at, self.registration_expires_at or 0.0)

    @property
    def registration_expires_at(self) -> float | None:
        """When the registration of its client expires, in epoch seconds; None if not known."""
        try:
            return parse_timestamp(self.document.get("registrationExpiresAt"))
        except ValueError:
            return None

    @property
    def registration_problem(self) -> str | None:
        """Why the end of the registration cannot be read, as the end of a sentence, or None."""
        return timestamp_problem(self.document, "registrationExpiresAt")


def _value_in(entry: Entry | None) -> str | None:
    """Return the access token in a cache file; None if it is not valid in a header."""
    value = entry.document.get("accessToken") if entry else None
    if not isinstance(value, str) or not value or not value.isascii() or not value.isprintable():
        return None
    return value
