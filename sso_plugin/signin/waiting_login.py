"""``sso_login = wait``: a call waits until someone has logged in, by any means.

Each process watches the token file, where every login ends. One of them asks a person as well: it
starts a device login, shows its code, and polls the portal. It holds a lock that no login needs. If
it ends, the next process continues with the same code.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, NoReturn

from ..credentials.access_token import AccessToken
from ..credentials.token_file import TokenFile
from ..errors import LoginFailed, PortalError
from ..portal.outage import attempt_timeout
from ..storage.documents import Entry
from ..storage.waiting import abandonable
from ..timestamps import clock_time
from .approver import Approver
from .display import find_display
from .flows import DeviceFlow, login_failed
from .pending_login import SharedLogin
from .prompt import UserInterface
from .registration import Registrations
from .sign_in import granted_token, show_no_frames
from .token_watch import LoggedIn, TokenWatch
from .vanity import PortalRecord, resolve_start_url
from .wait_messages import WaitMessages

if TYPE_CHECKING:
    from botocore.session import Session

    from ..credentials.token_source import TokenSource
    from ..errors import LoginRequired
    from .pending_login import PendingLogin

__all__ = ["wait_for_login"]

_logger = logging.getLogger(__name__)

_INTERVAL = 1.0
"""Seconds between two attempts to become the process that asks."""

_ANNOUNCE_AFTER = 10.0
"""Seconds after which a process says that it waits, although there is no code to approve."""


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
        self._messages = WaitMessages(
            self._login, self._reason, self._shared, self._watch.until, self._display
        )
        self._announce_at = time.monotonic() + _ANNOUNCE_AFTER

    def run(self) -> NoReturn:
        """Wait. Ask a person, unless another process asks or has asked."""
        with self._messages:
            while True:
                with self._shared.asking() as may_ask:
                    # A machine of many that share a store does not ask.
                    if may_ask and self._login.stores.server is None:
                        self._ask()
                self._watch.pause(_INTERVAL)
                # If it is a thread of this process that asks, it says so.
                if not self._messages.was_said("ask"):
                    self._announce_soon(self._shared.load())

    def _ask(self) -> NoReturn:
        """Ask a person, then wait. Precondition: no other process asks."""
        # Another process may have asked, and ended, since the last look.
        self._watch.check()
        self._messages.is_first("ask")
        pending = self._shared.load() or self._start()
        started = pending.started
        flow = self._flow(pending.start_url)
        self._messages.announce(pending, (lambda: flow.show(started)) if started else None)
        try:
            if started or pending.granted:
                self._poll(flow, pending)
            while True:
                self._watch.pause(_INTERVAL)
        except LoggedIn:
            self._shared.delete()
            raise

    def _start(self) -> PendingLogin:
        """Start a device login, and notify. While the portal cannot be reached, try again.

        :raises LoginFailed: if the portal refuses that, also with a new registration.
        """
        failures, refusals = 0, 0
        while True:
            try:
                endpoint, own = self._login.portal.authorization_endpoint(), self._login.stores.own
                start_url = resolve_start_url(self._session, self._profile, endpoint, own)
                started = self._flow(start_url).start()
                break
            except (PortalError, LoginFailed) as exc:
                failures += 1
                refusals += isinstance(exc, LoginFailed)
                if refusals > 1:
                    raise
                level = logging.WARNING if failures == 1 else logging.DEBUG
                _logger.log(level, "Cannot start a login now, trying again: %s", exc)
            self._announce_soon(None)
            self._watch.pause(attempt_timeout(failures))
        # Noted first: if this process is killed now, no message is better than two.
        pending = self._shared.begin(
            started, start_url, notified=bool(self._profile.options.notify)
        )
        self._messages.notify(pending)
        return pending

    def _flow(self, start_url: str) -> DeviceFlow:
        user = UserInterface(self._display, None, self._watch.pause)
        reason = f"{self._reason}. Calls wait for it until {clock_time(self._watch.until)}"
        return DeviceFlow(self._login, Registrations(self._login), user, reason, start_url)

    def _poll(self, flow: DeviceFlow, pending: PendingLogin) -> None:
        """Wait for the approval of the code. Return if it can no longer be approved."""
        approver = Approver(self._session, self._login, self._watch.pause)
        try:
            token = self._granted(flow, pending)
            if approver.is_known:
                self._shared.keep(token, pending.start_url)
                approver.check(token)
        except (LoginFailed, PortalError) as exc:
            self._shared.close()
            why = str(exc).removesuffix(exc.fix).strip()
            no_new_code = f"No new code is requested. Run: {self._profile.login_command}"
            self._messages.say(f"Still waiting for a login. {why} {no_new_code}")
            return
        PortalRecord(self._profile, self._login.stores.own).write(pending.start_url)
        saved = TokenFile(self._login).begin_login(token)
        self._messages.user = approver.find(saved) or "an unknown user"
        raise LoggedIn(saved)

    def _granted(self, flow: DeviceFlow, pending: PendingLogin) -> AccessToken:
        """Return the token of the code: of this process, or of one that has ended since."""
        if pending.started:
            return granted_token(self._login, flow.wait(pending.started))
        entry = Entry(pending.granted or {}, time.time(), (0, 0, 0))
        found = AccessToken.from_entry(entry, self._login.clock)
        if found is None:
            raise login_failed(self._profile, "its token was not saved")
        return found

    def _announce_soon(self, pending: PendingLogin | None) -> None:
        """Announce the wait, but not at once if there is no code yet."""
        if pending or time.monotonic() >= self._announce_at:
            self._messages.announce(pending, None)
