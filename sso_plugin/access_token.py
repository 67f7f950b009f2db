"""Access tokens as values, and their form in the AWS CLI's cache."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .clock import Lifetime, format_timestamp, parse_timestamp

if TYPE_CHECKING:
    from .answers import Grant
    from .cache import Document, Entry, Mark
    from .clock import Clock
    from .config import SsoProfile

__all__ = ["NO_ORIGIN", "AccessToken", "Origin", "TokenState", "find_origin", "note_origin"]

Origin = tuple[str, "Mark"]
"""What a document was derived from: the id of a login, and the mark of its token file."""

NO_ORIGIN: Origin = ("", (0, 0, 0))
"""The origin of what no login vouches for."""

_ORIGIN = "SsoPlugin"


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
        if entry is None:
            return None
        value, expires = (entry.document.get(key) for key in ("accessToken", "expiresAt"))
        if not isinstance(value, str) or not isinstance(expires, str):
            return None
        if not value or not value.isascii() or not value.isprintable():
            # It cannot stand in a header.
            return None
        try:
            lifetime = Lifetime(clock.at(entry.stored_at), parse_timestamp(expires))
        except (ValueError, OverflowError):
            return None
        return cls(value, lifetime, entry.document, entry.mark)

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
        return TokenState.STALE if now >= self.lifetime.renew_from else TokenState.FRESH

    def can_be_renewed(self, now: float) -> bool:
        """Tell whether the token holds all that a renewal needs, and its registration lives."""
        needed = ("refreshToken", "clientId", "clientSecret", "registrationExpiresAt")
        complete = all(isinstance(self.document.get(key), str) for key in needed)
        return complete and now < (self.registration_expires_at or 0.0)

    @property
    def registration_expires_at(self) -> float | None:
        """Until when the client that the token was granted to is known, in epoch seconds."""
        try:
            return parse_timestamp(str(self.document.get("registrationExpiresAt")))
        except (ValueError, OverflowError):
            return None


def note_origin(document: Document, origin: Origin | None) -> Document:
    """Return a document with a note of the login that it was derived from."""
    if origin is None:
        return document
    return {**document, _ORIGIN: {"LoginId": origin[0], "TokenFile": list(origin[1])}}


def find_origin(document: Document) -> Origin | None:
    """Return the login that a document was derived from; None if another program wrote it."""
    held = document.get(_ORIGIN)
    if held is None:
        return None
    try:
        mtime, size, inode = map(int, held["TokenFile"])
        return str(held["LoginId"]), (mtime, size, inode)
    except (TypeError, ValueError, KeyError, OverflowError):
        return NO_ORIGIN
