"""Access tokens: loaded from the AWS CLI's file, renewed by their refresh token, saved there."""

from __future__ import annotations

import hashlib
import logging
import time
from typing import TYPE_CHECKING

from .access_token import AccessToken, TokenState
from .clock import Clock, format_timestamp
from .clockmemory import ClockMemory
from .errors import LoginRequired, PortalError, PortalRefusal
from .filecache import own_cache, token_cache
from .outage import Outage
from .redact import mask_logs

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeGuard

    from botocore.session import Session

    from .cache import Cache
    from .config import SsoProfile
    from .portal import Portal

__all__ = ["TokenSource"]

_logger = logging.getLogger(__name__)

_LATECOMERS = (0.0, 0.05, 0.15, 0.3, 0.5)
"""Seconds to wait for the file of a program that renewed the token without our lock."""


class TokenSource:
    """The access token of one login: one file, shared with every program that knows it."""

    def __init__(
        self, profile: SsoProfile, portal: Portal | Callable[[], Portal], cache: Cache, clock: Clock
    ) -> None:
        self.profile = profile
        self._portal = portal
        self._reached: Portal | None = None
        self.cache = cache
        self.clock = clock
        self.key = self.key_of(profile)
        self.unattended = self
        """The same source, which asks no person."""
        self._outage = Outage(own_cache(), self.key, profile)

    @property
    def portal(self) -> Portal:
        """The portal that is asked: on a warm cache, it need not even be imported."""
        if self._reached is None:
            self._reached = self._portal() if callable(self._portal) else self._portal
        return self._reached

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
        began = time.time()
        token = self.load()
        if token and self._will_do(token, rejected):
            return token
        # A token that still lives need not wait for the one who renews it.
        patience = 0.0 if token and self._is_alive(token, rejected) else None
        with self.cache.locked(self.key, patience) as held:
            token = self.load()
            if token and self._will_do(token, rejected, renewable=held):
                return token
            return self._renewed(token, rejected, began)

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

    def _will_do(self, token: AccessToken, rejected: str | None, *, renewable: bool = True) -> bool:
        """Tell whether the token is used as it is: it is fresh, or lives and cannot be renewed."""
        if self._is_fresh(token, rejected) or not self._is_alive(token, rejected):
            return self._is_fresh(token, rejected)
        can = renewable and token.can_be_renewed(self.clock.now())
        return not can or self._outage.holds_off()

    def _is_fresh(self, token: AccessToken, rejected: str | None) -> bool:
        return token.value != rejected and token.state(self.clock.latest()) is TokenState.FRESH

    def _is_alive(self, token: AccessToken, rejected: str | None) -> bool:
        return token.value != rejected and token.state(self.clock.now()) is not TokenState.EXPIRED

    def _renewed(
        self, token: AccessToken | None, rejected: str | None, began: float
    ) -> AccessToken:
        if token is None:
            raise self.login_required(self._why_none())
        if not token.can_be_renewed(self.clock.now()):
            raise self.login_required(self._why_unusable(token, rejected))
        failed = self._outage.since(began)
        if failed and not self._is_alive(token, rejected):
            raise self._final(failed)
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
        failures = self._outage.end()
        after = f" after {failures} failures" if failures else ""
        _logger.info("Renewed the access token of %s%s", self.profile.start_url, after)
        return renewed

    def _instead_of(
        self, token: AccessToken, rejected: str | None, exc: PortalError
    ) -> AccessToken:
        """Return what can be used although the renewal failed.

        Others write the file without our lock. Where one of them was faster, and so spent the
        refresh token, its new token is there, or will be in a moment.
        """
        alive = self._is_alive(token, rejected)
        for pause in _LATECOMERS if _is_final(exc) and not alive else (0.0,):
            time.sleep(pause)
            latest = self.load()
            if latest and latest.value != token.value and self._is_alive(latest, rejected):
                return latest
        first = self._outage.note(exc) == 0
        if not alive:
            raise self._final(exc)
        level = logging.WARNING if first else logging.DEBUG
        _logger.log(level, "Going on with the current access token: %s", exc)
        return token

    def _final(self, exc: PortalError) -> Exception:
        """Return what a caller hears of a failed renewal when it has no other token."""
        if not _is_final(exc):
            return exc
        required = self.login_required(f"its token cannot be renewed any more ({exc.code})")
        required.__cause__ = exc
        return required

    def _why_none(self) -> str:
        file, fault = self.cache.describe(self.key), self.cache.fault(self.key)
        return f"{file} {fault}" if fault else f"there is no token in {file}"

    def _why_unusable(self, token: AccessToken, rejected: str | None) -> str:
        if token.value == rejected:
            return "its token was revoked"
        return f"its token expired at {format_timestamp(token.lifetime.expires_at)}"


def _is_final(exc: PortalError) -> TypeGuard[PortalRefusal]:
    """Tell whether the portal has said no, as opposed to nothing."""
    return isinstance(exc, PortalRefusal) and not exc.retryable
