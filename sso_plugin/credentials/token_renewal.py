"""The renewal of an access token: spends its refresh token once, and saves the new token."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from ..errors import PortalError, PortalRefusal, RenewalRefusal, TokenLocked
from ..portal.outage import Outage
from ..storage.cache import Hold
from ..storage.keys import registration_key
from ..storage.waiting import abandonable
from .access_token import AccessToken
from .token_file import TokenFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeGuard

    from . import Login

__all__ = ["Renewal", "retrying"]

_logger = logging.getLogger(__name__)

_RETRY_AFTER = 0.2
"""Seconds before another attempt without the lock."""

_REREAD_DELAYS = (0.0, 0.05, 0.15, 0.3, 0.5)
"""Seconds before each further read of the token file, after the portal has refused a renewal.

A program that does not use our lock may have spent the refresh token, and writes its new token now.
"""


class Renewal:
    """The renewal of one token that has a refresh token.

    :param rejected: the value of a token that the portal has rejected.
    """

    def __init__(self, login: Login, token: AccessToken, rejected: str | None) -> None:
        self._login = login
        self._file = TokenFile(login)
        self._token = token
        self._rejected = rejected
        self._outage = Outage(login.stores.own, login.key, login.profile)

    def run(self, began: float, hold: Hold) -> AccessToken:
        """Return a valid token: the renewed one, or one that another program has written.

        :param began: when the caller began to wait. It fails too if a renewal failed since then.
        :param hold: whether we hold the lock, so that no other process spends the refresh token at
            the same time.
        :raises LoginRequired: if a person has to log in.
        :raises PortalError: if the portal is unreachable, or we do not hold the lock.
        """
        failed = self._outage.since(began)
        if failed and not self._is_valid(self._token):
            raise self._error_for_caller(failed)
        if hold:
            hold = self._login.stores.tokens.confirm(self._login.key, self._token.document)
        if not hold:
            return self._other_token(hold)
        try:
            return self._renew()
        except PortalError as exc:
            return self._recover(exc)

    def _renew(self) -> AccessToken:
        login, held = self._login, self._token.document
        grant = login.portal.create_token(
            held["clientId"],
            held["clientSecret"],
            grantType="refresh_token",
            refreshToken=held["refreshToken"],
        )
        renewed = AccessToken.granted(grant, login.profile, held, login.clock.now())
        failures = self._outage.end()
        if not self._save(renewed):
            return self._token_of_new_login()
        self._file.report_if_not_stored()
        after = f" after {failures} failures" if failures else ""
        _logger.info("Renewed the access token of %s%s", login.profile.start_url, after)
        return self._file.load() or renewed

    def _save(self, renewed: AccessToken) -> bool:
        """Save a token unless its login has ended or was replaced; return whether it was saved.

        The index gets the token first: a token that is not in the index counts as a new login.
        """
        tokens, key, spent = self._login.stores.tokens, self._login.key, self._token
        found = tokens.identity(key)
        if found != spent.identity and (found is not None or tokens.why_unusable(key) is None):
            return False
        self._file.index.continue_with(renewed, spent)
        if not tokens.replace(key, renewed.document, replacing=spent.document):
            return False
        # Its secret is in the document of the token, too.
        tokens.settle(registration_key(self._login.profile))
        return True

    def _token_of_new_login(self) -> AccessToken:
        self._login.pull()
        latest = self._file.load()
        if latest is None:
            raise self._login.required(self._file.why_none())
        if not self._is_valid(latest):
            raise self._login.required(self._file.why_unusable(latest))
        _logger.info("A new login has replaced the access token during its renewal")
        return latest

    def _other_token(self, hold: Hold) -> AccessToken:
        """Return a valid token without a renewal.

        :raises TokenLocked: if there is none, because another process holds the lock.
        :raises StoreUnavailable: if there is none, because the store is out of reach.
        """
        latest = self._file.load()
        if latest is not None and self._is_valid(latest):
            return latest
        raise self._lock_error(hold)

    def _recover(self, exc: PortalError) -> AccessToken:
        """Return a valid token although the renewal failed: of another program, or the current one.

        :raises Exception: the error for the caller, if there is no valid token.
        """
        valid = self._is_valid(self._token)
        for delay in _REREAD_DELAYS if _is_final(exc) and not valid else (0.0,):
            time.sleep(delay)
            self._login.pull()
            latest = self._file.load()
            if latest and latest.value != self._token.value and self._is_valid(latest):
                return latest
        first = self._outage.note(exc) == 0
        if not valid:
            raise self._error_for_caller(exc)
        level = logging.WARNING if first else logging.DEBUG
        _logger.log(level, "Cannot renew the access token, using the current one: %s", exc)
        return self._token

    def _is_valid(self, token: AccessToken) -> bool:
        return self._file.is_valid(token, self._rejected)

    def _error_for_caller(self, exc: PortalError) -> Exception:
        """Return the error for a caller that has no valid token."""
        if not isinstance(exc, PortalRefusal):
            return exc
        if exc.retryable:
            refusal = exc.as_kind(RenewalRefusal)
            refusal.__cause__ = exc.__cause__
            return refusal
        reason = f"its refresh token has expired or was revoked ({exc.code})"
        required = self._login.required(reason)
        required.__cause__ = exc
        return required

    def _lock_error(self, hold: Hold) -> PortalError:
        login = self._login
        lock = login.stores.tokens.describe_lock(login.key)
        away = login.away() if hold is Hold.AWAY else None
        return away or TokenLocked(
            subject=login.profile.subject,
            problem=f"cannot renew its access token: another process still holds {lock}",
            fix="Try again later, stop that process, or run: "
            f"{login.profile.login_command} --force",
            retryable=True,
        )


def retrying(attempt: Callable[[], AccessToken], timeout: float) -> AccessToken:
    """Return the result of an attempt, and make another one if another process holds the lock.

    A token may expire, or be replaced, directly after a wait for the lock has ended.

    :param timeout: the seconds that an attempt waits for the lock. There is none after that.
    """
    deadline = time.monotonic() + timeout
    while True:
        try:
            return attempt()
        except TokenLocked:
            if time.monotonic() + _RETRY_AFTER >= deadline:
                raise
        with abandonable():
            time.sleep(_RETRY_AFTER)


def _is_final(exc: PortalError) -> TypeGuard[PortalRefusal]:
    """Return whether the portal refused permanently: it is not unreachable or overloaded."""
    return isinstance(exc, PortalRefusal) and not exc.retryable
