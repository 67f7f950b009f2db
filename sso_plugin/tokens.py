"""Access tokens: loaded from the AWS CLI's file, renewed by their refresh token, saved there."""

from __future__ import annotations

import enum
import functools
import hashlib
import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .clock import Clock, Lifetime, format_timestamp, parse_timestamp
from .clockmemory import ClockMemory
from .errors import LoginRequired, PortalError, PortalRefusal
from .filecache import token_cache
from .redact import mask_logs

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.session import Session

    from .answers import Grant
    from .cache import Cache, Document, Entry
    from .config import SsoProfile
    from .portal import Portal

__all__ = ["AccessToken", "TokenSource", "TokenState"]

_logger = logging.getLogger(__name__)

_LATECOMERS = (0.0, 0.05, 0.15, 0.3, 0.5)
"""Seconds to wait for the file of a program that renewed the token without our lock."""


class TokenState(enum.Enum):
    """What a token is good for at a given time."""

    FRESH = "fresh"
    STALE = "stale"
    EXPIRED = "expired"


@dataclass(frozen=True)
class AccessToken:
    """A token as the cache file holds it.

    ``document`` is the whole file, with what others wrote into it, so that nothing is lost when a
    renewed token takes its place.
    """

    value: str = field(repr=False)
    lifetime: Lifetime
    document: Document = field(repr=False)

    @classmethod
    def from_entry(cls, entry: Entry | None, clock: Clock) -> AccessToken | None:
        """Read a cache file; None if it holds no token that can be understood."""
        if entry is None:
            return None
        value, expires = (entry.document.get(key) for key in ("accessToken", "expiresAt"))
        if not isinstance(value, str) or not isinstance(expires, str):
            return None
        try:
            lifetime = Lifetime(clock.at(entry.stored_at), parse_timestamp(expires))
        except (ValueError, OverflowError):
            return None
        return cls(value, lifetime, entry.document)

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


class TokenSource:
    """The access token of one login: one file, shared with every program that knows it."""

    def __init__(
        self, profile: SsoProfile, portal: Portal | Callable[[], Portal], cache: Cache, clock: Clock
    ) -> None:
        self.profile = profile
        self._portal = portal
        self.cache = cache
        self.clock = clock
        self.key = self.key_of(profile)

    @functools.cached_property
    def portal(self) -> Portal:
        """The portal that is asked: on a warm cache, it need not even be imported."""
        return self._portal() if callable(self._portal) else self._portal

    @staticmethod
    def key_of(profile: SsoProfile) -> str:
        """Return the AWS CLI's name for the token of a profile."""
        name = profile.session_name or profile.start_url
        return hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()

    @classmethod
    def of(cls, session: Session, profile: SsoProfile) -> TokenSource:
        """Return the source of a profile's token, with the portal that the session reaches."""
        mask_logs()
        clock = Clock(memory=ClockMemory.of(profile))

        def portal() -> Portal:
            from .portal import Portal

            return Portal.of(session, profile, clock)

        return cls(profile, portal, token_cache(), clock)

    def load(self) -> AccessToken | None:
        """Return the token of the cache file, in whatever state. Goes nowhere."""
        return AccessToken.from_entry(self.cache.get(self.key), self.clock)

    def fetch(self, rejected: str | None = None) -> AccessToken:
        """Return a token that can be used now, renewing it if that is due.

        :param rejected: the value of a token that the portal would not take.
        :raises LoginRequired: if a person has to log in.
        :raises PortalError: if the token has expired and the portal cannot be reached.
        """
        token = self.load()
        if token and self._is_fresh(token, rejected):
            return token
        with self.cache.locked(self.key):
            token = self.load()
            if token and self._is_fresh(token, rejected):
                return token
            return self._renewed(token, rejected)

    def why_login(self) -> str | None:
        """Say why a person has to log in; None if nobody has to, after a renewal if need be.

        :raises PortalError: if the token has expired and the portal cannot be reached.
        """
        try:
            self.fetch()
        except LoginRequired as exc:
            return exc.reason
        return None

    def save(self, token: AccessToken) -> None:
        """Put the token where all programs find it."""
        self.cache.put(self.key, token.document)

    def login_required(self, reason: str) -> LoginRequired:
        """Return the error that tells a person what to do."""
        return LoginRequired(
            error_msg=f"{self.profile.subject} needs a login: {reason}. "
            f"Run: {self.profile.login_command}",
            reason=reason,
        )

    def _is_fresh(self, token: AccessToken, rejected: str | None) -> bool:
        return token.value != rejected and token.state(self.clock.latest()) is TokenState.FRESH

    def _is_alive(self, token: AccessToken, rejected: str | None) -> bool:
        return token.value != rejected and token.state(self.clock.now()) is not TokenState.EXPIRED

    def _renewed(self, token: AccessToken | None, rejected: str | None) -> AccessToken:
        if token is None:
            raise self.login_required(f"there is no token in {self.cache.describe(self.key)}")
        if not token.can_be_renewed(self.clock.now()):
            if self._is_alive(token, rejected):
                return token
            raise self.login_required(self._why_unusable(token, rejected))
        try:
            return self._renew(token)
        except PortalError as exc:
            return self._instead_of(token, rejected, exc)

    def _renew(self, token: AccessToken) -> AccessToken:
        held = token.document
        grant = self.portal.create_token(
            held["clientId"],
            held["clientSecret"],
            grantType="refresh_token",
            refreshToken=held["refreshToken"],
        )
        renewed = AccessToken.granted(grant, self.profile, held, self.clock.now())
        self.save(renewed)
        _logger.info("Renewed the access token of %s", self.profile.start_url)
        return renewed

    def _instead_of(
        self, token: AccessToken, rejected: str | None, exc: PortalError
    ) -> AccessToken:
        """Return what can be used although the renewal failed.

        Others write the file without our lock. Where one of them was faster, and so spent the
        refresh token, its new token is there, or will be in a moment.
        """
        refused = isinstance(exc, PortalRefusal) and not exc.retryable
        for pause in _LATECOMERS if refused else (0.0,):
            time.sleep(pause)
            latest = self.load()
            if latest and latest.value != token.value and self._is_alive(latest, rejected):
                return latest
        if self._is_alive(token, rejected):
            _logger.warning("Going on with the current access token: %s", exc)
            return token
        if isinstance(exc, PortalRefusal) and refused:
            raise self.login_required(f"its token cannot be renewed any more ({exc.code})") from exc
        raise exc

    def _why_unusable(self, token: AccessToken, rejected: str | None) -> str:
        if token.value == rejected:
            return "its token was revoked"
        return f"its token expired at {format_timestamp(token.lifetime.expires_at)}"
