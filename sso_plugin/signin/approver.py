"""The user of a login that was approved by a code: anyone who reads a code can approve it."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from ..credentials.account_names import AccountNames
from ..credentials.login_notes import LoginNotes
from ..credentials.token_file import TokenFile
from ..errors import PortalError, PortalRefusal, SsoPluginError
from ..portal.outage import attempt_timeout
from ..portal.sts import session_name_of
from .flows import login_failed

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.session import Session

    from ..credentials import Login
    from ..credentials.access_token import AccessToken

__all__ = ["Approver"]

_logger = logging.getLogger(__name__)

_TIMEOUT = 300.0
"""Seconds in which the expected user has to be found."""


class Approver:
    """The user who has to approve the login: the one of the login that has ended, if known.

    :param pause: waits for a number of seconds.
    """

    def __init__(self, session: Session, login: Login, pause: Callable[[float], object]) -> None:
        self._session = session
        self._login = login
        self._pause = pause
        self._notes = LoginNotes(login.stores.own, login.key)
        ended = TokenFile(login).known_login()
        self._expected = self._notes.user_of(ended.id) if ended else None
        noted = self._notes.role_of(ended.id) if ended else None
        self._role = noted or self._role_of_profile()

    @property
    def is_known(self) -> bool:
        """Whether it is known who has to approve the login."""
        return self._expected is not None

    def check(self, token: AccessToken) -> str:
        """Return the user of a new token, who is the expected one.

        :raises LoginFailed: if it is another user, or was not found. The token has been revoked.
        """
        user, why = self._find_expected(token)
        if user == self._expected:
            return str(user)
        try:
            self._login.portal.logout(token.value)
        except PortalError as exc:
            _logger.warning("The portal has not revoked the token: %s", exc)
        by = f'by "{user}"' if user else f"by a user who could not be checked ({why})"
        reason = f'the code was approved {by}, but the last login was by "{self._expected}"'
        raise login_failed(self._login.profile, reason, by_person=True)

    def find(self, token: AccessToken) -> str | None:
        """Return the user of a login that was saved, and note it; None if it is not found."""
        try:
            user = self._session_name(token)
        except SsoPluginError as exc:
            _logger.debug("Cannot find the user of the new login: %s", exc)
            return None
        origin = TokenFile(self._login).origin_of(token)
        if origin is not None and user is not None and self._role is not None:
            self._notes.note_user(origin[0], user, self._role)
        return user

    def _find_expected(self, token: AccessToken) -> tuple[str | None, str]:
        """Return the user, or why it was not found. Try again while the services fail."""
        deadline, failures = time.monotonic() + _TIMEOUT, 0
        while True:
            try:
                return self._session_name(token), "there is no role"
            except SsoPluginError as exc:
                _logger.debug("Cannot find the user of the new login: %s", exc)
                failures += 1
                refused = isinstance(exc, PortalRefusal) and not exc.retryable
                if refused or time.monotonic() >= deadline:
                    return None, exc.problem or str(exc)
            self._pause(attempt_timeout(failures))

    def _role_of_profile(self) -> tuple[str, str] | None:
        profile = self._login.profile
        account_id = profile.account_id
        if account_id is None and profile.account_name:
            cached = AccountNames(self._login).load(profile.account_name)
            account_id = cached.account_id if cached else None
        return (account_id, profile.role_name) if account_id and profile.role_name else None

    def _session_name(self, token: AccessToken) -> str | None:
        """Return the session name in the ARN of the role; None without a role."""
        if self._role is None:
            return None
        keys, _ = self._login.portal.get_role_credentials(token.value, *self._role)
        region = self._session.get_config_variable("region") or self._login.profile.region
        return session_name_of(self._session, region, keys)
