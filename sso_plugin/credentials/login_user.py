"""Learns which user logged in, in the background, so that a later login of another one is noticed.

Only for ``sso_login = wait``, where a login may be approved by someone who got its code by chance.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ..errors import SsoPluginError
from .background import Background
from .login_notes import LoginNotes
from .token_file import TokenFile

if TYPE_CHECKING:
    from . import Login
    from .role_credentials import RoleCredentials

__all__ = ["learn_user"]

_logger = logging.getLogger(__name__)


def learn_user(login: Login, fetched: RoleCredentials) -> None:
    """Find out and note the user of a login, unless that is known. Never blocks, never fails.

    :param fetched: credentials that were just fetched for this login.
    """
    lesson = _Lesson(login, fetched)
    Background("sso-plugin-user", lesson.prepare, lesson.run).start()


class _Lesson:
    def __init__(self, login: Login, fetched: RoleCredentials) -> None:
        self._login = login
        self._fetched = fetched
        self._notes = LoginNotes(login.stores.own, login.key)

    def prepare(self) -> None:
        """Import all that `run` needs."""
        from ..portal import sts  # noqa: F401

        self._login.prepare()

    def run(self) -> None:
        """Note the user, if it is still the same login."""
        login_id = self._login_id()
        if login_id is None or self._notes.user_of(login_id) is not None:
            return
        user = self._find_user()
        if user is not None and self._login_id() == login_id:
            role = self._fetched.account_id, str(self._login.profile.role_name)
            self._notes.note_user(login_id, user, role)

    def _login_id(self) -> str | None:
        """Return the id of the newest login; None if the credentials are of another one."""
        known = TokenFile(self._login).known_login()
        origin = self._fetched.origin
        if known is None or (origin is not None and origin[0] != known.id):
            return None
        return known.id

    def _find_user(self) -> str | None:
        from ..portal.sts import session_name_of

        profile, open_session = self._login.profile, self._login.open_session
        if open_session is None:
            return None
        try:
            session = open_session()
            region = session.get_config_variable("region") or profile.region
            return session_name_of(session, region, self._fetched.keys)
        except SsoPluginError as exc:
            # The next credentials are the next chance.
            _logger.debug("Cannot find out the user of %s: %s", profile.start_url, exc)
            return None
