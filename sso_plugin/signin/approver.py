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
    from botocore.session import Session

    from ..credentials import Login
    from ..credentials.access_token import AccessToken

__all__ = ["Approver"]

_logger = logging.getLogger(__name__)

_ATTEMPTS = 4


class Approver:
    """The user who has to approve the login: the one of the login that has ended, if known."""

    def __init__(self, session: Session, login: Login) -> None:
        self._session = session
        self._login = login
        self._notes = LoginNotes.of(login.key)
        ended = TokenFile(login).known_login()
        self._expected = self._notes.user_of(ended.id) if ended else None

    def check(self, token: AccessToken) -> str | None:
        """Return the user of a new token; None if that cannot be found.

        :raises LoginFailed: if it is not the expected user. The token has been revoked.
        """
        user = self._find_user(token)
        if self._expected is None or user == self._expected:
            return user
        try:
            self._login.portal.logout(token.value)
        except PortalError as exc:
            _logger.warning("The portal has not revoked the token: %s", exc)
        by = f'by "{user}"' if user else "by an unknown user"
        reason = f'the code was approved {by}, but the last login was by "{self._expected}"'
        raise login_failed(self._login.profile, reason, by_person=True)

    def note(self, token: AccessToken, user: str | None) -> None:
        """Note the user of a login that was saved."""
        origin = TokenFile(self._login).origin_of(token)
        if origin is not None and user is not None:
            self._notes.note_user(origin[0], user)

    def _find_user(self, token: AccessToken) -> str | None:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return self._session_name(token)
            except SsoPluginError as exc:
                _logger.debug("Cannot find the user of the new login: %s", exc)
                refused = isinstance(exc, PortalRefusal) and not exc.retryable
                if refused or attempt == _ATTEMPTS:
                    return None
            time.sleep(attempt_timeout(attempt))
        return None

    def _session_name(self, token: AccessToken) -> str | None:
        """Return the session name in the ARN of the profile's role; None without a role."""
        profile = self._login.profile
        account_id = profile.account_id
        if account_id is None and profile.account_name:
            cached = AccountNames(self._login).load(profile.account_name)
            account_id = cached.account_id if cached else None
        if account_id is None or profile.role_name is None:
            return None
        keys, _ = self._login.portal.get_role_credentials(
            token.value, account_id, profile.role_name
        )
        region = self._session.get_config_variable("region") or profile.region
        return session_name_of(self._session, region, keys)
