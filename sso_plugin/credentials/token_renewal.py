"""Renewing an access token: spends its refresh token, once, and saves what came for it."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from ..errors import PortalError, PortalRefusal, RenewalRefusal, TokenLocked
from ..portal.outage import Outage
from .access_token import AccessToken
from .token_file import TokenFile

if TYPE_CHECKING:
    from typing import TypeGuard

    from ..storage.cache import Entry
    from . import Login

__all__ = ["Renewal"]

_logger = logging.getLogger(__name__)

_LATECOMERS = (0.0, 0.05, 0.15, 0.3, 0.5)
"""Seconds to wait for the file of a program that renewed the token without our lock."""


class Renewal:
    """The renewal of one token, which has a refresh token.

    :param rejected: the value of a token that the portal would not take.
    """

    def __init__(self, login: Login, token: AccessToken, rejected: str | None) -> None:
        self._login = login
        self._file = TokenFile(login)
        self._token = token
        self._rejected = rejected
        self._outage = Outage.of(login.profile, login.key)

    def run(self, began: float, *, may_spend: bool) -> AccessToken:
        """Return a token that can be used: the renewed one, or what is there in its place.

        :param began: when the caller began to wait; a failure since then is the caller's too.
        :param may_spend: whether the lock is held, so that nobody else spends the refresh token.
        :raises LoginRequired: if a person has to log in.
        :raises PortalError: if the portal cannot be reached, or the lock is not held.
        """
        failed = self._outage.since(began)
        if failed and not self._is_valid(self._token):
            raise self._final(failed)
        if not may_spend:
            raise self._locked_out()
        try:
            return self._renew()
        except PortalError as exc:
            return self._go_on_after(exc)

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
        """Save a token, unless the login has ended or been replaced; return whether it was saved.

        That it is the next token of its login is noted first: a token file without that note is
        taken for a new login.
        """
        documents, key = self._login.store, self._login.key
        if documents.why_unusable(key) is None and not self._holds_spent_token(documents.get(key)):
            return False
        self._file.index.continue_with(renewed, self._token)
        return documents.replace(key, renewed.document, self._holds_spent_token)

    def _holds_spent_token(self, entry: Entry | None) -> bool:
        spent = self._token.document["refreshToken"]
        return entry is not None and entry.document.get("refreshToken") == spent

    def _token_of_new_login(self) -> AccessToken:
        latest = self._file.load()
        if latest is None:
            raise self._login.required(self._file.why_none())
        if not self._is_valid(latest):
            raise self._login.required(self._file.why_unusable(latest))
        _logger.info("A new login has replaced the access token during its renewal")
        return latest

    def _go_on_after(self, exc: PortalError) -> AccessToken:
        """Return what can be used although the renewal failed.

        Others write the file without our lock. Where one of them was faster, and so spent the
        refresh token, its new token is there, or will be in a moment.
        """
        valid = self._is_valid(self._token)
        for pause in _LATECOMERS if _is_final(exc) and not valid else (0.0,):
            time.sleep(pause)
            latest = self._file.load()
            if latest and latest.value != self._token.value and self._is_valid(latest):
                return latest
        first = self._outage.note(exc) == 0
        if not valid:
            raise self._final(exc)
        level = logging.WARNING if first else logging.DEBUG
        _logger.log(level, "Going on with the current access token: %s", exc)
        return self._token

    def _is_valid(self, token: AccessToken) -> bool:
        return self._file.is_valid(token, self._rejected)

    def _final(self, exc: PortalError) -> Exception:
        """Return what a caller hears of a failed renewal when it has no other token."""
        if not isinstance(exc, PortalRefusal):
            return exc
        if exc.retryable:
            refusal = exc.as_kind(RenewalRefusal)
            refusal.__cause__ = exc.__cause__
            return refusal
        reason = f"its token cannot be renewed any more ({exc.code})"
        required = self._login.required(reason)
        required.__cause__ = exc
        return required

    def _locked_out(self) -> TokenLocked:
        login = self._login
        return TokenLocked(
            subject=login.profile.subject,
            problem="cannot renew its access token: another process still holds "
            f"{login.store.describe_lock(login.key)}",
            fix="Try again later, stop that process, or run: "
            f"{login.profile.login_command} --force",
            retryable=True,
        )


def _is_final(exc: PortalError) -> TypeGuard[PortalRefusal]:
    """Tell whether the portal has said no, as opposed to nothing."""
    return isinstance(exc, PortalRefusal) and not exc.retryable
