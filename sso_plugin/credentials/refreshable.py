"""Credentials for botocore that are renewed in a background thread.

`schedule` decides when, `background` runs the thread, and a `Source` fetches the new ones.
"""

from __future__ import annotations

import copy
import logging
import os
import random
import threading
import weakref
from typing import TYPE_CHECKING

from .generations import CredentialsOfGenerations, attempt_timeout
from .schedule import Action, Schedule

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from botocore.credentials import ReadOnlyCredentials

    from ..clock import Clock
    from .background import Background
    from .credential_source import Source
    from .role_credentials import RoleCredentials

__all__ = ["SsoCredentials"]

_logger = logging.getLogger(__name__)


class SsoCredentials(CredentialsOfGenerations):
    """Role credentials, fetched on first use, then renewed before they expire.

    In the advisory window a caller gets the current credentials at once, while one renewal runs in
    the background. In the mandatory window it waits for the renewal, until shortly before expiry.
    After a failure, the attempt timeout is 1 second, and doubles up to 60. Callers get the error
    only after the current credentials have expired.

    :param source: see the base class.
    :param background: whether a renewal runs in a background thread; may be set later.
    :param minimum_lifetime: seconds that they last at first use, if the portal issues such ones.
    """

    def __init__(
        self,
        source: Callable[[], Source],
        clock: Clock,
        *,
        method: str = "sso",
        background: bool = True,
        minimum_lifetime: float = 0.0,
        random: Callable[[], float] = random.random,
    ) -> None:
        super().__init__(source, clock, method)
        self.background = background
        self._minimum_lifetime = minimum_lifetime
        self._random = random
        self._schedule = Schedule()
        """Changes only while the refresh lock is held."""
        self._too_short = False
        self._made_renewal: Background | None = None
        self._attempts = 0
        self._failures = 0
        self._error: Exception | None = None
        self._lock = threading.RLock()
        _instances.add(self)

    def _refresh(self) -> None:
        # The usual case has to be fast: one comparison.
        if self._clock.latest() < self._schedule.due_at:
            return
        # If another thread ends an attempt from here on, this caller makes no further one.
        attempts = self._attempts
        if self._current is None:
            with self._refresh_lock:
                self._load_first()
        action = self._action()
        if action is Action.USE:
            return
        if not self._is_valid():
            self._renew_and_wait(attempts)
        elif self.background:
            self._renew_in_thread(action)
        elif action is Action.WAIT:
            self._renew_and_wait(attempts)
        elif self._refresh_lock.acquire(blocking=False):
            try:
                self._attempt_if_due()
            finally:
                self._refresh_lock.release()

    def _load_first(self) -> None:
        """Use the cached credentials. Precondition: the refresh lock is held."""
        found = self._source.load() if self._current is None else None
        if found:
            self._publish(found)
            until = found.lifetime.long_enough_until(self._minimum_lifetime)
            if self._minimum_lifetime and self._clock.latest() >= until:
                self._too_short = True
                self._schedule = self._schedule.due_now()

    def at_hand(self, *, waited: bool = False) -> ReadOnlyCredentials | None:
        """Return the credentials, unless a caller has to wait for them. Never blocks.

        The first call reads the cache. A renewal that is due is started in the background.

        :param waited: whether the caller has waited for `renew`. Then it gets credentials that are
            valid, although a renewal is due.
        """
        if self._clock.latest() < self._schedule.due_at:
            return self._frozen_credentials
        if self._current is None and self._refresh_lock.acquire(blocking=False):
            try:
                from ..storage.waiting import unattended

                # A keyring, and its prompt, would block. `renew` uses it in a thread.
                with unattended(may_wait=False):
                    self._load_first()
            finally:
                self._refresh_lock.release()
        self._too_short = self._too_short and not waited
        action = self._action()
        if action is Action.USE or (waited and self._is_valid()):
            return self._frozen_credentials
        # Without background renewals, the caller that finds one due waits for it.
        if action is Action.WAIT or not (self.background or self._renewal.is_running):
            return None
        self._renewal.start()
        return self._frozen_credentials

    def prepare(self) -> None:
        """Import all that a renewal needs; see `Source`."""
        self._source.prepare()

    def renew(self) -> tuple[Future[Exception | None], float | None]:
        """Renew the credentials in a background thread, unless one does that now. Never blocks.

        A person may be asked to log in if there are no valid credentials.

        :returns: a future, and for how many seconds a caller waits for it; None without valid
            credentials. The result is the error for a caller that then has no valid credentials;
            None if there is none, or the caller has to renew once more.
        """
        future = self._renewal.start_or_run()
        return future, self._wait_timeout() if self._is_valid() else None

    def _renew_and_wait(self, attempts: int) -> None:
        with self._refresh_lock:
            error = self._renew_unless_done(attempts)
        if error is not None:
            # A copy: threads that raise the same exception would share its traceback.
            raise copy.copy(error) from error.__cause__

    def _renew_in_thread(self, action: Action) -> None:
        """Start a renewal in the background, and wait for it if that is the action."""
        if self._renewal.start() and action is Action.WAIT:
            self._renewal.wait(self._wait_timeout())
            self._too_short = False

    def _renew_in_background(self) -> Exception | None:
        # Not in the caller's thread: a Ctrl-C there could leave the lock held.
        with self._refresh_lock:
            attempts = self._attempts
            error = self._renew_unless_done(attempts)
            return error if self._attempts != attempts else None

    def _renew_unless_done(self, attempts: int) -> Exception | None:
        """Attempt a renewal. Return the error if there are no valid credentials after it.

        Precondition: the refresh lock is held.

        :param attempts: the number of attempts when the caller came. It makes no further one.
        """
        if self._attempts == attempts:
            self._attempt_if_due()
        # Another process may have cached credentials that are valid, though due for renewal.
        if not self._is_valid() and (found := self._source.load()):
            self._publish(found)
        return None if self._is_valid() else self._error

    def _wait_timeout(self) -> float:
        return self._schedule.wait_timeout(self._clock.latest(), too_short=self._too_short)

    def _action(self) -> Action:
        now, latest = self._clock.now(), self._clock.latest()
        return self._schedule.action(now, latest, too_short=self._too_short)

    def _is_valid(self) -> bool:
        return self._schedule.is_valid(self._clock.now())

    def _attempt_if_due(self) -> None:
        if self._action() is not Action.USE:
            self._attempt()

    def _attempt(self) -> None:
        """Fetch new credentials, or note the failure. Precondition: the refresh lock is held."""
        from ..storage.waiting import unattended

        attended = not self._is_valid()
        more = {"minimum": self._minimum_lifetime} if self._too_short else {}
        try:
            with unattended(if_true=not attended):
                fetched = self._source.fetch(attended=attended, **more)
        except Exception as exc:  # noqa: BLE001 - valid credentials stay in use
            self._note_failure(exc)
            # An unattended attempt that needs a person does not count: an attended one may help.
            from ..errors import KeyUnavailable, LoginRequired

            self._attempts += attended or not isinstance(exc, (LoginRequired, KeyUnavailable))
            return
        self._attempts += 1
        # Now, and not in the next renewal: its caller should not wait for an import.
        from . import background  # noqa: F401

        if self._failures:
            _logger.info("Credentials are renewed again after %d failures", self._failures)
        self._failures, self._error = 0, None
        self._publish(fetched)

    def _publish(self, fetched: RoleCredentials) -> None:
        super()._publish(fetched)
        self._schedule = Schedule.of(fetched.lifetime, self._random())
        self._too_short = False

    def _note_failure(self, exc: Exception) -> None:
        self._error = exc
        if self._too_short and self._current:
            self._schedule = Schedule.of(self._current.lifetime, self._random())
            self._too_short = False
        now = self._clock.now()
        if not self._schedule.is_valid(now):
            # There are no valid credentials, so the next caller tries again at once.
            return
        if not self._failures:
            _logger.warning("Cannot renew the credentials, using the current ones: %s", exc)
        self._failures += 1
        timeout = attempt_timeout(self._failures)
        self._schedule = self._schedule.after_failure(now, timeout, self._random())

    @property
    def _renewal(self) -> Background:
        """The background thread. It is made late: fresh credentials from the cache need none."""
        if self._made_renewal is None:
            from .background import Background

            calls = self.prepare, self._renew_in_background
            with self._lock:
                self._made_renewal = self._made_renewal or Background("sso-plugin-renewal", *calls)
        return self._made_renewal

    def renew_locks(self) -> None:
        """Create new locks: the old ones may be held by a thread that a forked child lacks."""
        self._refresh_lock = threading.Lock()
        self._lock = threading.RLock()


_instances: weakref.WeakSet[SsoCredentials] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for credentials in list(_instances):
        credentials.renew_locks()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
