"""What a process says while its calls wait for a login.

It says each thing once: on standard error or in the notebook, in the log, and to callbacks. The
command of ``sso_notify`` is run once for all processes. The log has no link and no code.
"""

from __future__ import annotations

import contextlib
import logging
import os
from dataclasses import replace
from typing import TYPE_CHECKING

from ..credentials.background import Background
from ..credentials.notification import LoginNeeded, call_back, run_command
from ..errors import SsoPluginError
from ..timestamps import clock_time
from ..web.addresses import may_be_opened
from .sign_in import login_end_text
from .token_watch import LoggedIn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from typing_extensions import Self

    from ..credentials import Login
    from ..credentials.access_token import AccessToken
    from .pending_login import PendingLogin, SharedLogin
    from .prompt import Display

__all__ = ["WaitMessages"]

_logger = logging.getLogger(__name__)

_said: dict[tuple[str, ...], object] = {}
"""What this process has said and does about each missing login. Each operation on it is atomic."""


class WaitMessages:
    """The messages of one call that waits.

    As a context manager, it reports how the wait ends, and lets the next call that waits say
    everything again.

    :param reason: why a login is needed.
    :param until: until when the call waits, in epoch seconds.
    """

    def __init__(
        self, login: Login, reason: str, shared: SharedLogin, until: float, display: Display
    ) -> None:
        self._login = login
        self._profile = login.profile
        self._reason = reason
        self._shared = shared
        self._until = until
        self._display = display
        self._has_spoken = False
        self._firsts: list[tuple[str, ...]] = []
        self.user: str | None = None
        """Who has approved the code, if that is how the wait ends."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for name in self._firsts:
            _said.pop(name, None)
        if isinstance(error, LoggedIn) and (self._has_spoken or self.user):
            self._report(error.token)
        elif isinstance(error, SsoPluginError) and self._has_spoken:
            self._display.report(str(error), is_logged_in=False)

    def is_first(self, what: str) -> bool:
        """Return True to the first caller of this process, for this missing login."""
        name, me = self._name(what), object()
        if _said.setdefault(name, me) is not me:
            return False
        self._firsts.append(name)
        return True

    def was_said(self, what: str) -> bool:
        """Return whether `is_first` has returned True to another call."""
        return self._name(what) in _said

    def announce(self, pending: PendingLogin | None, prompt: Callable[[], object] | None) -> None:
        """Say that calls wait.

        :param prompt: shows the code, in the process that waits for its approval.
        """
        if prompt and self.is_first("code"):
            self._has_spoken = True
            with self._whatever_stderr_is():
                prompt()
        self._call_back(pending)
        if not self.is_first("wait"):
            return
        # The process that asks may have no command.
        if self._profile.options.notify and self._shared.claim_notification():
            self.notify(pending)
        text = (
            f"{self._profile.subject} needs a login: {self._reason}. Calls wait for it until "
            f"{clock_time(self._until)}. Run: {self._profile.login_command}"
        )
        if prompt:
            self._log(text)
        else:
            self.say(text)

    def _call_back(self, pending: PendingLogin | None) -> None:
        """Call the functions of the program; again when there is a code, which it may need.

        In another thread: a function that itself waits for a login would stop the poll for it.
        """
        has_code = pending is not None and pending.started is not None
        if self.is_first("call back with a code" if has_code else "call back"):
            event = self._event(pending)
            Background("sso-plugin-callback", _nothing, lambda: call_back(event)).start()

    def notify(self, pending: PendingLogin | None) -> None:
        """Run the command of ``sso_notify``."""
        run_command(self._profile.options.notify, self._event(pending))

    def say(self, text: str) -> None:
        """Show and log a sentence."""
        self._has_spoken = True
        self._log(text)
        with self._whatever_stderr_is():
            self._display.say(text)

    def _report(self, token: AccessToken) -> None:
        until = login_end_text(self._login, token)
        user = f" as {self.user}" if self.user else ""
        text = f"{self._profile.subject} is logged in{user} {until}. Its calls continue."
        self._log(text)
        self._display.report(text, is_logged_in=True)

    def _name(self, what: str) -> tuple[str, ...]:
        return what, self._login.key, str(self._shared.missing)

    @staticmethod
    @contextlib.contextmanager
    def _whatever_stderr_is() -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as exc:
            # Its reader has ended. The job waits nevertheless.
            _logger.debug("Cannot write on standard error: %s", exc)

    @staticmethod
    def _log(text: str) -> None:
        # Without a handler, Python prints warnings on standard error, where this text is already.
        if _logger.hasHandlers():
            _logger.warning("%s", text)

    def _event(self, pending: PendingLogin | None) -> LoginNeeded:
        """Return the notification. It has a link only if that may be opened."""
        profile, started = self._profile, pending.started if pending else None
        event = LoginNeeded(
            "needed",
            profile.subject,
            self._reason,
            profile.name,
            profile.login_command,
            deadline=self._until,
        )
        if pending is None or started is None:
            return event
        code = started.authorization
        endpoint = self._login.portal.authorization_endpoint()
        own_urls = (profile.start_url, pending.start_url, endpoint)
        urls = code.verification_uri_complete, code.verification_uri
        if not all(may_be_opened(url, *own_urls) for url in urls):
            return event
        return replace(
            event,
            url=urls[0],
            short_url=urls[1],
            user_code=code.user_code,
            approve_until=started.expires_at,
        )


def _nothing() -> None:
    """Prepare nothing: all is imported."""


if hasattr(os, "register_at_fork"):
    # A forked child says by itself that it waits.
    os.register_at_fork(after_in_child=_said.clear)
