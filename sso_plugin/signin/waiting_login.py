"""``sso_login = wait``: a call waits until someone has logged in, by any means.

Each process watches the token file, where every login ends. One of them asks a person as well: it
starts a device login, shows its code, and polls the portal. It holds a lock that no login needs. If
it ends, the next process continues with the same code.
"""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

from ..credentials.notification import LoginNeeded, call_back, run_command
from ..credentials.token_file import TokenFile
from ..errors import LoginFailed, PortalError
from ..portal.outage import attempt_timeout
from ..storage.waiting import abandonable
from ..timestamps import clock_time
from ..web.addresses import may_be_opened
from .approver import Approver
from .display import find_display
from .flows import DeviceFlow
from .pending_login import SharedLogin
from .prompt import UserInterface
from .registration import Registrations
from .sign_in import granted_token, login_end_text, show_no_frames
from .token_watch import LoggedIn, TokenWatch
from .vanity import PortalRecord, resolve_start_url

if TYPE_CHECKING:
    from botocore.session import Session

    from ..credentials.access_token import AccessToken
    from ..credentials.token_source import TokenSource
    from ..errors import LoginRequired
    from .flows import StartedLogin
    from .pending_login import PendingLogin

__all__ = ["wait_for_login"]

_logger = logging.getLogger(__name__)

_INTERVAL = 1.0
"""Seconds between two attempts to become the process that asks."""

_ANNOUNCE_AFTER = 10.0
"""Seconds after which a process says that it waits, although there is no code to approve."""

_done: dict[tuple[str, ...], object] = {}
"""What this process has said and done about each missing login. Each operation on it is atomic."""


def wait_for_login(
    session: Session, tokens: TokenSource, required: LoginRequired, rejected: str | None
) -> AccessToken:
    """Return the token of a login, once there is one. See `credentials.token_source.AskPerson`.

    :raises LoginRequired: if there is none after ``sso_login_timeout``.
    :raises LoginFailed: if no login can be started with these settings.
    """
    with abandonable():
        try:
            _WaitingCall(session, tokens, required, rejected).run()
        except LoggedIn as found:
            # Not returned here: a thread that was abandoned meanwhile ends with this context.
            token = found.token
        except KeyboardInterrupt as exc:
            show_no_frames(exc)
            raise
    return token


class _WaitingCall:
    """One call that waits. Its methods raise `LoggedIn` as soon as there is a login."""

    def __init__(
        self, session: Session, tokens: TokenSource, required: LoginRequired, rejected: str | None
    ) -> None:
        self._session = session
        self._login = tokens.login
        self._profile = tokens.login.profile
        self._reason = required.reason
        self._shared = SharedLogin(tokens)
        self._display = find_display("wait")
        sleep = getattr(self._display, "sleep", time.sleep)
        self._watch = TokenWatch(tokens, required, rejected, sleep)
        self._firsts: list[tuple[str, ...]] = []
        self._has_spoken = False
        self._user = ""
        self._announce_at = time.monotonic() + _ANNOUNCE_AFTER

    def run(self) -> NoReturn:
        """Wait. Ask a person, unless another process asks or has asked."""
        try:
            while True:
                with self._shared.asking() as may_ask:
                    if may_ask:
                        self._ask()
                self._watch.pause(_INTERVAL)
                # If it is a thread of this process that asks, it says so.
                if not self._was_done("ask"):
                    self._announce_soon(self._shared.load())
        except LoggedIn as found:
            if self._has_spoken:
                self._report(found.token)
            raise
        finally:
            # So the next call that waits says so again.
            for name in self._firsts:
                _done.pop(name, None)

    def _ask(self) -> NoReturn:
        """Ask a person, then wait. Precondition: no other process asks."""
        self._is_first("ask")
        pending = self._shared.load() or self._start()
        self._announce(pending, polls=True)
        try:
            if pending.started:
                self._poll(pending.started, pending.start_url)
            while True:
                self._watch.pause(_INTERVAL)
        except LoggedIn:
            self._shared.delete()
            raise

    def _start(self) -> PendingLogin:
        """Start a device login, and notify. While the portal cannot be reached, try again.

        :raises LoginFailed: if the portal refuses that, also with a new registration.
        """
        failures = 0
        while True:
            try:
                endpoint = self._login.portal.authorization_endpoint()
                start_url = resolve_start_url(self._session, self._profile, endpoint)
                pending = self._shared.begin(self._flow(start_url).start(), start_url)
            except (PortalError, LoginFailed) as exc:  # noqa: PERF203 - each try is a request
                failures += 1
                if isinstance(exc, LoginFailed) and failures > 1:
                    raise
                level = logging.WARNING if failures == 1 else logging.DEBUG
                _logger.log(level, "Cannot start a login now, trying again: %s", exc)
                self._announce_soon(None)
                self._watch.pause(attempt_timeout(failures))
            else:
                run_command(self._profile.options.notify, self._event(pending))
                return pending

    def _flow(self, start_url: str) -> DeviceFlow:
        user = UserInterface(self._display, None, self._watch.pause)
        reason = f"{self._reason}. Calls wait for it until {clock_time(self._watch.until)}"
        return DeviceFlow(self._login, Registrations(self._login), user, reason, start_url)

    def _poll(self, started: StartedLogin, start_url: str) -> None:
        """Wait for the approval of the code. Return if it can no longer be approved."""
        approver = Approver(self._session, self._login)
        try:
            token = granted_token(self._login, self._flow(start_url).wait(started))
            user = approver.check(token)
        except (LoginFailed, PortalError) as exc:
            self._shared.close()
            self._say(f"Still waiting for a login. {exc}")
            return
        PortalRecord(self._profile).write(start_url)
        saved = TokenFile(self._login).begin_login(token)
        approver.note(saved, user)
        self._user = f" as {user or 'an unknown user'}"
        raise LoggedIn(saved)

    def _announce_soon(self, pending: PendingLogin | None) -> None:
        """Announce the wait, but not at once if there is no code yet."""
        if pending or time.monotonic() >= self._announce_at:
            self._announce(pending)

    def _announce(self, pending: PendingLogin | None, *, polls: bool = False) -> None:
        """Say once in this process that it waits.

        :param polls: whether this process waits for the approval of the code, and so shows it.
        """
        shown = pending.started if polls and pending else None
        if pending and shown and self._is_first("code"):
            self._has_spoken = True
            self._flow(pending.start_url).show(shown)
        if not self._is_first("wait"):
            return
        text = (
            f"{self._profile.subject} needs a login: {self._reason}. Calls wait for it until "
            f"{clock_time(self._watch.until)}. Run: {self._profile.login_command}"
        )
        if shown:
            self._log(text)
        else:
            self._say(text)
        call_back(self._event(pending))

    def _is_first(self, what: str) -> bool:
        """Return True once in this process, for this missing login."""
        name, me = self._name(what), object()
        if _done.setdefault(name, me) is not me:
            return False
        self._firsts.append(name)
        return True

    def _was_done(self, what: str) -> bool:
        return self._name(what) in _done

    def _name(self, what: str) -> tuple[str, ...]:
        return what, self._login.key, str(self._shared.missing)

    def _say(self, text: str) -> None:
        self._has_spoken = True
        self._log(text)
        self._display.say(text)

    def _report(self, token: AccessToken) -> None:
        until = login_end_text(self._login, token)
        text = f"{self._profile.subject} is logged in{self._user} {until}. Its calls continue."
        self._log(text)
        self._display.report(text, is_logged_in=True)

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
            deadline=self._watch.until,
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
