"""Access tokens: read from the token file, renewed by the refresh token, or from a new login."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Protocol, TypeVar

from botocore.exceptions import UnauthorizedSSOTokenError

from ..errors import LoginRequired, PortalError, PortalRefusal, also_as
from ..portal.outage import Outage
from .access_token import TokenState
from .token_file import TokenFile
from .token_renewal import Renewal, retrying

if TYPE_CHECKING:
    import contextlib
    from collections.abc import Callable

    from ..portal.listings import AccountsAndRoles
    from ..storage.cache import Hold
    from . import Login
    from .access_token import AccessToken

__all__ = ["RENEWAL_LOCK_TIMEOUT", "AskPerson", "TokenSource"]

_logger = logging.getLogger(__name__)

RENEWAL_LOCK_TIMEOUT = 120.0
"""Seconds to wait while another process renews a token. After that, an error is raised.

A second renewal could revoke the login: a refresh token may be valid only once.
"""

_STORE_PATIENCE = 30.0  # seconds, for a store that cannot be reached, without a valid token
_MAX_LOGINS = 3
"""How often a person is asked to log in for one attempt of `TokenSource.retry_after_login`."""

T = TypeVar("T")


class AskPerson(Protocol):
    """Asks a person to log in, or finds the token of a login in another process."""

    def __call__(
        self, tokens: TokenSource, required: LoginRequired, rejected: str | None
    ) -> AccessToken:
        """Return the token of the new login.

        :param tokens: the source of the caller.
        :param required: why a login is needed.
        :param rejected: the value of a token that the portal has rejected.
        :raises LoginRequired: if there is no way to ask a person.
        :raises LoginFailed: if the person denies the login or does not respond.
        """


class TokenSource:
    """A source of the access token of one login, whose file is shared with other programs.

    :param ask: asks a person to log in if there is no valid token; None to raise `LoginRequired`.
    """

    def __init__(self, login: Login, ask: AskPerson | None = None) -> None:
        self.login = login
        self.file = TokenFile(login)
        self.outage = Outage(login.stores.own, login.key, login.profile)
        """The failures of its renewals."""
        self._clock = login.clock
        self._ask = ask
        self._rejected: str | None = None
        """The value of the token that the portal has rejected last."""

    def fetch(self, *, rejected: str | None = None, attended: bool = True) -> AccessToken:
        """Return a valid token, renewing it if that is due.

        :param rejected: the value of a token that the portal has rejected.
        :param attended: whether a person may be asked to log in.
        :raises LoginRequired: if a person has to log in.
        :raises LoginFailed: if a person was asked to log in and did not.
        :raises PortalError: if the token has expired and the portal cannot be reached.
        """
        try:
            token = retrying(lambda: self._load_or_renew(rejected), RENEWAL_LOCK_TIMEOUT)
        except LoginRequired as exc:
            if self._ask is None or not attended:
                raise
            required = exc
        else:
            self.warn_before_end(token)
            return token
        return self._ask(self, required, rejected)

    def retry_after_login(self, attempt: Callable[[], T], *, attended: bool) -> T:
        """Return the result of a function. If it needs a login, ask a person and call it again.

        The function itself is unattended: it holds locks, for which other processes wait.

        :param attended: whether a person may be asked to log in.
        :raises Exception: as ``attempt`` and `fetch` do.
        """
        for _ in range(_MAX_LOGINS if attended and self._ask else 0):
            try:
                return attempt()
            except LoginRequired as exc:
                required = exc
            if self._ask is not None:
                self._ask(self, required, self._rejected)
        return attempt()

    def warn_before_end(self, token: AccessToken, next_use: float = 0.0) -> None:
        """Warn in the background if the login ends soon. See ``sso_warn_before``.

        :param next_use: when a token is needed next, in epoch seconds.
        """
        warn_before = self.login.profile.options.warn_before
        if not warn_before:
            return
        ends_at = token.login_ends_at(self._clock.earliest())
        if ends_at < max(self._clock.now() + warn_before, next_use):
            # Not at the top: it is rarely needed.
            from .login_end import announce_end

            announce_end(self.login, token, ends_at)

    def use(
        self,
        send: Callable[[AccessToken], T],
        token: AccessToken | None = None,
        *,
        attended: bool = True,
    ) -> T:
        """Return the response of the portal to a request with a valid token.

        A token that the portal rejects is replaced once: it may have expired or been revoked.

        :param send: sends the request; called once or twice.
        :param token: one that was just fetched; not used if its file has changed since.
        :raises Exception: as `fetch` and ``send`` do.
        """
        if token is None or not self.file.holds(token):
            token = self.fetch(attended=attended)
        try:
            return send(token)
        except PortalRefusal as exc:
            if exc.code != "UnauthorizedException":
                raise
            self._rejected = token.value
        token = self._fetch_other(token, attended=attended)
        try:
            return send(token)
        except PortalRefusal as exc:
            if exc.code != "UnauthorizedException":
                raise
            self._rejected = token.value
            raise self.login.required("the portal does not accept its token") from exc

    def listings(
        self, progress: Callable[[int, int], object] | None = None, *, attended: bool = True
    ) -> AccountsAndRoles:
        """Return the lists of accounts and roles of this login; see `AccountsAndRoles`."""
        from ..portal.listings import AccountsAndRoles

        def use(send: Callable[[str], T]) -> T:
            return self.use(lambda token: send(token.value), attended=attended)

        return AccountsAndRoles(self.login.portal, self.login.profile, use, progress)

    def why_login(self) -> str | None:
        """Return why a person has to log in; None if a token is valid, or was renewed now.

        :raises PortalError: if the token has expired and the portal cannot be reached.
        """
        # A store that was emptied gets the token back, for machines that have none.
        self.login.pull()
        try:
            self.fetch(attended=False)
        except LoginRequired as exc:
            return exc.reason
        return None

    def _fetch_other(self, rejected: AccessToken, *, attended: bool) -> AccessToken:
        try:
            return self.fetch(rejected=rejected.value, attended=attended)
        except PortalError as exc:
            # botocore does not renew the token here, and raises UnauthorizedSSOTokenError.
            kind = also_as(type(exc), UnauthorizedSSOTokenError)
            raise kind(**exc.kwargs) from exc.__cause__

    def _load_or_renew(self, rejected: str | None) -> AccessToken:
        began = time.time()
        found = self.file.load()
        if found is not None and self._is_usable(found, rejected):
            return found
        is_valid = self.file.is_valid(found, rejected)
        self.login.pull(patience=0.0 if is_valid else _STORE_PATIENCE)
        if not is_valid and (away := self.login.away()):
            if self._may_be_valid(found := self._load(), rejected):
                return found
            raise away  # without another wait, for the lock
        # Only now: without a token, botocore creates no file, so we create no lock file either.
        with self._locked(self._load(), rejected) as hold:
            token = self._load()
            if self._is_usable(token, rejected, renewable=bool(hold)):
                return token
            if not self._can_be_renewed(token):
                if self._may_be_valid(token, rejected):
                    return token
                raise self.login.required(self.file.why_unusable(token))
            if self.file.is_valid(token, rejected) and self._cannot_be_stored():
                return token
            self.login.check_key()
            return Renewal(self.login, token, rejected).run(began, hold)

    def _load(self) -> AccessToken:
        token = self.file.load()
        if token is None:
            raise self.login.required(self.file.why_none())
        return token

    def _is_usable(
        self, token: AccessToken, rejected: str | None, *, renewable: bool = True
    ) -> bool:
        """Return whether a token is used without a renewal.

        It is fresh, or it is valid and cannot be renewed now.
        """
        if self._is_fresh(token, rejected):
            return True
        if not self.file.is_valid(token, rejected):
            return False
        can_renew = renewable and self._can_be_renewed(token)
        return not can_renew or self.outage.is_backing_off()

    def _can_be_renewed(self, token: AccessToken) -> bool:
        """Return whether the file has all that a renewal needs. The portal may still refuse it."""
        return token.can_be_renewed(self._clock.earliest())

    def _cannot_be_stored(self) -> bool:
        """Return whether a renewed token would be lost: its file cannot be written."""
        why = self.login.stores.tokens.why_not_storable(self.login.key)
        if why:
            _logger.debug("The access token is not renewed before it expires: %s", why)
        return why is not None

    def _may_be_valid(self, token: AccessToken, rejected: str | None) -> bool:
        """Return whether a token could be valid, in case a ``Date`` header was wrong."""
        expired = token.state(self._clock.earliest()) is TokenState.EXPIRED
        return token.value != rejected and not expired

    def _is_fresh(self, token: AccessToken, rejected: str | None) -> bool:
        return token.value != rejected and token.state(self._clock.latest()) is TokenState.FRESH

    def _locked(
        self, token: AccessToken, rejected: str | None
    ) -> contextlib.AbstractContextManager[Hold]:
        """Lock the token. Only a caller without a valid token waits for the lock."""
        cache, key = self.login.stores.tokens, self.login.key
        if not self._can_be_renewed(token) or self.file.is_valid(token, rejected):
            return cache.locked(key, 0.0)

        def is_settled() -> bool:
            latest = self.file.load()
            if latest is None or not self._can_be_renewed(latest):
                return True
            return self._is_usable(latest, rejected, renewable=False)

        return cache.locked(key, RENEWAL_LOCK_TIMEOUT, is_settled)
