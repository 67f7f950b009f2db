"""Access tokens: loaded from the token file, renewed by their refresh token, or by a new login."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Protocol, TypeVar

from botocore.exceptions import UnauthorizedSSOTokenError

from ..errors import LoginRequired, PortalError, PortalRefusal, also
from ..portal.outage import Outage
from ..storage import cache
from .access_token import TokenState
from .token_file import TokenFile
from .token_renewal import Renewal

if TYPE_CHECKING:
    import contextlib
    from collections.abc import Callable

    from ..portal.listings import AccountsAndRoles
    from . import Login
    from .access_token import AccessToken

__all__ = ["AskPerson", "TokenSource"]

_logger = logging.getLogger(__name__)

T = TypeVar("T")


class AskPerson(Protocol):
    """Has a person log in, or finds that another process has done it."""

    def __call__(
        self, tokens: TokenSource, required: LoginRequired, rejected: str | None
    ) -> AccessToken:
        """Return the token of the new login.

        :param tokens: the source of the caller.
        :param required: says why a login is needed.
        :param rejected: the value of a token that the portal has refused.
        :raises LoginRequired: if no person can be reached.
        :raises LoginFailed: if the person refuses or does not answer.
        """


class TokenSource:
    """The access token of one login, shared with every program that reads its file.

    :param ask: has a person log in where nothing else helps; None to raise `LoginRequired`.
    """

    def __init__(self, login: Login, ask: AskPerson | None = None) -> None:
        self.login = login
        self.file = TokenFile(login)
        self.outage = Outage.of(login.profile, login.key)
        """The failures of its renewals."""
        self._clock = login.clock
        self._ask = ask

    def fetch(self, *, rejected: str | None = None, attended: bool = True) -> AccessToken:
        """Return a valid token, renewing it if that is due.

        :param rejected: the value of a token that the portal has refused.
        :param attended: whether a person may be asked to log in.
        :raises LoginRequired: if a person has to log in.
        :raises LoginFailed: if a person was asked to, and did not.
        :raises PortalError: if the token has expired and the portal cannot be reached.
        """
        try:
            return self._load_or_renew(rejected)
        except LoginRequired as exc:
            if self._ask is None or not attended:
                raise
            required = exc
        return self._ask(self, required, rejected)

    def use(self, ask: Callable[[AccessToken], T], *, attended: bool = True) -> T:
        """Return what the portal answers to a request with a valid token.

        A token that the portal rejects is replaced, once: it may have expired or been revoked.

        :param ask: sends the request; is called once, or twice.
        :raises Exception: as `fetch` and ``ask`` do.
        """
        token = self.fetch(attended=attended)
        try:
            return ask(token)
        except PortalRefusal as exc:
            if exc.code != "UnauthorizedException":
                raise
        token = self._other_than(token, attended=attended)
        try:
            return ask(token)
        except PortalRefusal as exc:
            if exc.code != "UnauthorizedException":
                raise
            raise self.login.required("the portal does not accept its token") from exc

    def listings(self, progress: Callable[[int, int], object] | None = None) -> AccountsAndRoles:
        """Return what lists the accounts and roles of this login; see `AccountsAndRoles`."""
        from ..portal.listings import AccountsAndRoles

        def use(ask: Callable[[str], T]) -> T:
            return self.use(lambda token: ask(token.value))

        return AccountsAndRoles(self.login.portal, self.login.profile, use, progress)

    def why_login(self) -> str | None:
        """Say why a person has to log in; None if a token is valid, perhaps after a renewal.

        :raises PortalError: if the token has expired and the portal cannot be reached.
        """
        try:
            self.fetch(attended=False)
        except LoginRequired as exc:
            return exc.reason
        return None

    def _other_than(self, rejected: AccessToken, *, attended: bool) -> AccessToken:
        try:
            return self.fetch(rejected=rejected.value, attended=attended)
        except PortalError as exc:
            # botocore does not try to renew the token, and raises what the portal said to it.
            kind = also(type(exc), UnauthorizedSSOTokenError)
            raise kind(**exc.kwargs) from exc.__cause__

    def _load_or_renew(self, rejected: str | None) -> AccessToken:
        began = time.time()
        token = self._load()
        if self._will_do(token, rejected):
            return token
        # Without a token, botocore makes no files, and neither does a lock of ours.
        with self._locked(token, rejected) as held:
            token = self._load()
            if self._will_do(token, rejected, renewable=held):
                return token
            if not self._can_be_renewed(token):
                if self._may_be_valid(token, rejected):
                    return token
                raise self.login.required(self.file.why_unusable(token))
            if self.file.is_valid(token, rejected) and self._would_be_lost():
                return token
            return Renewal(self.login, token, rejected).run(began, may_spend=held)

    def _load(self) -> AccessToken:
        token = self.file.load()
        if token is None:
            raise self.login.required(self.file.why_none())
        return token

    def _will_do(self, token: AccessToken, rejected: str | None, *, renewable: bool = True) -> bool:
        """Return whether a token is used as it is: it is fresh, or valid and cannot be renewed."""
        if self._is_fresh(token, rejected) or not self.file.is_valid(token, rejected):
            return self._is_fresh(token, rejected)
        can = renewable and self._can_be_renewed(token)
        return not can or self.outage.is_backing_off()

    def _can_be_renewed(self, token: AccessToken) -> bool:
        """Return whether a token can be renewed, as far as is known here: the portal decides."""
        return token.can_be_renewed(self._clock.earliest())

    def _would_be_lost(self) -> bool:
        """Return whether a new token cannot be stored, for which a refresh token is spent."""
        why = self.login.store.why_not_storable(self.login.key)
        if why:
            _logger.debug("The access token is not renewed before it expires: %s", why)
        return why is not None

    def _may_be_valid(self, token: AccessToken, rejected: str | None) -> bool:
        """Return whether a token has not expired, should the date of a response be wrong."""
        expired = token.state(self._clock.earliest()) is TokenState.EXPIRED
        return token.value != rejected and not expired

    def _is_fresh(self, token: AccessToken, rejected: str | None) -> bool:
        return token.value != rejected and token.state(self._clock.latest()) is TokenState.FRESH

    def _locked(
        self, token: AccessToken, rejected: str | None
    ) -> contextlib.AbstractContextManager[bool]:
        """Keep other renewals of this token out; only a caller without a valid one waits."""
        store, key = self.login.store, self.login.key
        if not self._can_be_renewed(token) or self.file.is_valid(token, rejected):
            return store.locked(key, 0.0)

        def is_settled() -> bool:
            latest = self.file.load()
            if latest is None or not self._can_be_renewed(latest):
                return True
            return self._will_do(latest, rejected, renewable=False)

        return store.locked(key, cache.RENEWAL_LOCK_TIMEOUT, is_settled)
