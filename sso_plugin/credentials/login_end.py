"""Warns before a login ends for good: in the log, by ``sso_notify``, and by callbacks.

It runs in the background, so that no call waits for it or fails.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ..timestamps import utc_time
from .background import Background
from .login_notes import LoginNotes
from .notification import LoginNeeded, call_back, run_command
from .token_file import TokenFile

if TYPE_CHECKING:
    from . import Login
    from .access_token import AccessToken

__all__ = ["announce_end"]

_logger = logging.getLogger(__name__)

_announced: dict[object, object] = {}
"""The versions of token files, and the ids of logins, that this process has announced."""


def announce_end(login: Login, token: AccessToken, ends_at: float) -> None:
    """Warn that a login ends soon, once for each login. Never blocks.

    :param token: the token of the login. It is ignored if its file has changed since.
    """
    if token.mark is None or not _is_first((login.key, token.mark)):
        return
    announcement = _Announcement(login, token, ends_at)
    Background("sso-plugin-warning", announcement.prepare, announcement.run).start()


class _Announcement:
    def __init__(self, login: Login, token: AccessToken, ends_at: float) -> None:
        self._login = login
        self._token = token
        self._ends_at = ends_at

    def prepare(self) -> None:
        """Import all that `run` needs."""
        from ..storage import locks, unwritable, writing  # noqa: F401
        from . import notify_command  # noqa: F401

    def run(self) -> None:
        """Log the warning, and notify unless another process has."""
        file = TokenFile(self._login)
        origin = file.origin_of(self._token) if file.holds(self._token) else None
        if origin is None or not _is_first(origin[0]):
            return
        event, command = self._event(), self._login.profile.options.notify
        what = event.subject, event.reason, event.login_command
        # Without a handler, Python would print it on the standard error of each script.
        if _logger.hasHandlers():
            _logger.warning("%s needs a login soon: %s. Run: %s", *what)
        # A process without a command leaves the notification to one that has it.
        if command and LoginNotes(self._login.stores.own, self._login.key).note_warning(origin[0]):
            run_command(command, event)
        call_back(event)

    def _event(self) -> LoginNeeded:
        profile = self._login.profile
        return LoginNeeded(
            kind="ending",
            subject=profile.subject,
            reason=f"its login ends at {utc_time(self._ends_at)}",
            profile_name=profile.name,
            # The token is still valid: without this option, the command does nothing.
            login_command=f"{profile.login_command} --force",
            deadline=self._ends_at,
        )


def _is_first(value: object) -> bool:
    """Return True once for each value, to one thread. Needs no lock, which a fork could break."""
    own = object()
    return _announced.setdefault(value, own) is own
