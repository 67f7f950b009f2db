"""Access tokens: loaded from the AWS CLI's file, renewed by their refresh token, saved there."""

from __future__ import annotations

import functools
import hashlib
import logging
import time
from typing import TYPE_CHECKING

from ..errors import LoginRequired
from ..portal.clock import Clock
from ..redact import mask_logs
from ..storage import cache
from ..storage.file_cache import own_cache, role_cache, token_cache
from ..timestamps import format_timestamp
from .access_token import AccessToken, TokenState

if TYPE_CHECKING:
    import contextlib
    from collections.abc import Callable

    from botocore.session import Session

    from ..config.profile import SsoProfile
    from ..portal.client import Portal
    from ..portal.outage import Outage
    from ..storage.cache import Cache
    from .access_token import Origin
    from .login_index import LoginIndex

__all__ = ["TokenSource"]

_logger = logging.getLogger(__name__)

_reported: set[str] = set()
"""The files of tokens that could not be stored, which is reported once in a process."""


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
    def of(cls, session: Session, profile: SsoProfile, cache: Cache | None = None) -> TokenSource:
        """Return the source of a profile's token, with the portal that the session reaches.

        :param cache: where the token is, if not in the usual folder.
        """
        mask_logs()
        clock = Clock()

        def portal() -> Portal:
            from ..portal.client import Portal

            return Portal.of(session, profile, clock)

        return cls(profile, portal, cache or token_cache(), clock)

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
        if token is None:
            # Botocore makes no files here, and neither does a lock of ours.
            raise self.login_required(self.why_none())
        with self._locked(token, rejected) as held:
            token = self.load()
            if token and self._will_do(token, rejected, renewable=held):
                return token
            if token is None:
                raise self.login_required(self.why_none())
            if not self._can_be_renewed(token):
                if self._may_be_alive(token, rejected):
                    return token
                raise self.login_required(self.why_unusable(token))
            if self.is_alive(token, rejected) and self._would_be_lost():
                return token
            from .token_renewal import Renewal

            return Renewal(self, token, rejected).run(began, may_spend=held)

    def why_login(self) -> str | None:
        """Say why a person has to log in; None if nobody has to, after a renewal if need be.

        :raises PortalError: if the token has expired and the portal cannot be reached.
        """
        try:
            self.fetch()
        except LoginRequired as exc:
            return exc.reason
        return None

    def begin_login(self, token: AccessToken) -> AccessToken:
        """Save the first token of a new login, and delete what was derived from the last one."""
        index, roles = self.login_index(), role_cache()
        # In this order: a crash in between leaves nothing of one login beside the token of another.
        for role in index.keys():  # noqa: SIM118 - no dict
            roles.delete(role)
        index.begin(token)
        self.cache.supersede(self.key, token.document)
        self.report_if_not_stored()
        self.outage.end()
        return self.load() or token

    def report_if_not_stored(self) -> None:
        """Warn once if other processes do not find the token that was saved last."""
        why = self.cache.why_not_stored(self.key)
        if why and self.cache.describe(self.key) not in _reported:
            _reported.add(self.cache.describe(self.key))
            _logger.warning(
                "The new access token of %s is in the memory of this process only, and other "
                "programs need a login: %s",
                self.profile.start_url,
                why,
            )

    def origin_of(self, token: AccessToken) -> Origin | None:
        """Return what to note on what is derived from a token; None for a token from no file."""
        if token.mark is None:
            return None
        return self.login_index().identify(token, lambda: self._is_in_file(token)), token.mark

    def vouches_for(self, origin: Origin | None, stored_at: int) -> bool:
        """Tell whether what was derived from a login belongs to the one that the token is of.

        Where the token file has not changed since, that is one call of ``stat``.

        :param origin: the login it was derived from; None if another program did it.
        :param stored_at: when that was stored, in nanoseconds, by the clock of the token file.
        """
        mark = self.cache.mark(self.key)
        if mark is None:
            return False
        if (mark == origin[1]) if origin else (stored_at > mark[0]):
            return True
        token = self.load()
        login = self.login_index().find(token) if token else None
        if login is None:
            return False
        return login.id == origin[0] if origin else stored_at > (login.began_at or mark[0])

    def login_index(self) -> LoginIndex:
        """Return what is known of the login that the token is of."""
        # On a warm cache, it need not even be imported.
        from .login_index import LoginIndex

        return LoginIndex.of(self.key)

    def login_required(self, reason: str) -> LoginRequired:
        """Return the error that tells a person what to do."""
        return LoginRequired(
            error_msg=f"{self.profile.subject} needs a login: {reason}. "
            f"Run: {self.profile.login_command}",
            reason=reason,
        )

    def is_alive(self, token: AccessToken | None, rejected: str | None) -> bool:
        """Tell whether a token has not expired, and is not the rejected one."""
        if token is None or token.value == rejected:
            return False
        return token.state(self.clock.now()) is not TokenState.EXPIRED

    def why_none(self) -> str:
        """Say why there is no token, as the reason of a login."""
        return self.fault() or f"there is no token in {self.cache.describe(self.key)}"

    def fault(self) -> str | None:
        """Say what is wrong with the token file, and name it; None if it is fine, or missing."""
        file, fault = self.cache.describe(self.key), self.cache.fault(self.key)
        if fault:
            return f"{file} {fault}"
        fault = AccessToken.fault(self.cache.get(self.key))
        return f"the token file {file} {fault}" if fault else None

    def why_unusable(self, token: AccessToken) -> str:
        """Say why a token that cannot be renewed is not used, as the reason of a login."""
        if token.state(self.clock.now()) is not TokenState.EXPIRED:
            return "its token was revoked"
        expired = f"its token expired at {format_timestamp(token.lifetime.expires_at)}"
        fault = token.registration_fault if "registrationExpiresAt" in token.document else None
        return f"{expired}, and {self.cache.describe(self.key)} {fault}" if fault else expired

    @functools.cached_property
    def outage(self) -> Outage:
        """The failures of its renewals."""
        # On a warm cache, it need not even be imported.
        from ..portal.outage import Outage

        return Outage(own_cache(), self.key, self.profile)

    def _will_do(self, token: AccessToken, rejected: str | None, *, renewable: bool = True) -> bool:
        """Tell whether the token is used as it is: it is fresh, or lives and cannot be renewed."""
        if self._is_fresh(token, rejected) or not self.is_alive(token, rejected):
            return self._is_fresh(token, rejected)
        can = renewable and self._can_be_renewed(token)
        return not can or self.outage.holds_off()

    def _can_be_renewed(self, token: AccessToken) -> bool:
        """Tell whether the token can be renewed, as far as is known here: the portal decides."""
        return token.can_be_renewed(self.clock.earliest())

    def _would_be_lost(self) -> bool:
        """Tell whether a new token cannot be stored, for which the refresh token may be spent."""
        why = self.cache.why_not_storable(self.key)
        if why:
            _logger.debug("The access token is not renewed before it expires: %s", why)
        return why is not None

    def _may_be_alive(self, token: AccessToken, rejected: str | None) -> bool:
        """Tell whether the token has not expired, should the date of a response be wrong."""
        expired = token.state(self.clock.earliest()) is TokenState.EXPIRED
        return token.value != rejected and not expired

    def _is_in_file(self, token: AccessToken) -> bool:
        return self.cache.mark(self.key) == token.mark

    def _is_fresh(self, token: AccessToken, rejected: str | None) -> bool:
        return token.value != rejected and token.state(self.clock.latest()) is TokenState.FRESH

    def _locked(
        self, token: AccessToken | None, rejected: str | None
    ) -> contextlib.AbstractContextManager[bool]:
        """Keep other renewals of this token out; only who cannot go on without waits for them."""
        needed = token is not None and self._can_be_renewed(token)
        if not needed or self.is_alive(token, rejected):
            return self.cache.locked(self.key, 0.0)

        def is_settled() -> bool:
            latest = self.load()
            if latest is None or not self._can_be_renewed(latest):
                return True
            return self._will_do(latest, rejected, renewable=False)

        return self.cache.locked(self.key, cache.RENEWAL_LOCK_TIMEOUT, is_settled)
