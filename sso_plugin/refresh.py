"""Credentials of botocore's own kind that renew themselves off the caller's thread."""

from __future__ import annotations

import copy
import logging
import os
import random
import threading
import weakref
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Protocol

from botocore.credentials import DeferredRefreshableCredentials, ReadOnlyCredentials

from .background import Background
from .clock import format_timestamp
from .errors import LoginRequired

if TYPE_CHECKING:
    from collections.abc import Callable

    from .clock import Clock, Lifetime
    from .role_credentials import RoleCredentials

__all__ = ["Source", "SsoCredentials"]

_logger = logging.getLogger(__name__)

_FIRST_HOLD_OFF = 1.0
_LONGEST_HOLD_OFF = 60.0
_JITTER = 0.1
_DOUBT = 5.0
"""Seconds that a caller waits whose credentials may have expired, and may not."""


class Source(Protocol):
    """Where the credentials come from; `role_credentials.RoleSource` is the one in use."""

    def load(self) -> RoleCredentials | None:
        """Return live credentials that are at hand, without going out."""

    def prepare(self) -> None:
        """Import all that `fetch` needs.

        Whoever forks while a thread imports has a child in which nobody ever ends that import.
        """

    def fetch(self, *, attended: bool = True) -> RoleCredentials:
        """Return fresh credentials, going out if need be.

        :param attended: whether a person may be asked to log in; not while others still live.
        """


class SsoCredentials(DeferredRefreshableCredentials):
    """Role credentials, first had when first used, and then renewed before they expire.

    From ``lifetime.renew_from`` on a caller gets the current credentials at once, while one
    renewal runs in the background; from ``lifetime.wait_from`` on it waits for the renewal, up to
    ``lifetime.wait_until``. A renewal that fails is not tried again for 1 second, doubling to 60,
    and while the current credentials live it harms nobody. After that the caller gets the error of
    the last attempt.

    :param background: whether a due renewal leaves the caller's thread; may be set later.
    """

    def __init__(
        self,
        source: Source,
        clock: Clock,
        *,
        method: str = "sso",
        background: bool = True,
        random: Callable[[], float] = random.random,
    ) -> None:
        super().__init__(
            refresh_using=self._fetch_metadata,
            method=method,
            time_fetcher=lambda: datetime.fromtimestamp(clock.now(), timezone.utc),
        )
        self._source = source
        self._clock = clock
        self.background = background
        self._random = random
        self._current: RoleCredentials | None = None
        self._due_at = self._held_off_until = float("-inf")
        self._renewal = Background("sso-plugin-renewal", source.prepare, self._renew_in_background)
        self._attempts = 0
        self._failures = 0
        self._error: Exception | None = None
        _instances.add(self)

    def _refresh(self) -> None:
        # The steady state: one comparison.
        if self._clock.latest() < self._due_at:
            return
        # An attempt of another thread that ends from here on counts for this caller too.
        attempts = self._attempts
        if self._current is None:
            self._start()
        self._keep_current(attempts)

    def _start(self) -> None:
        with self._refresh_lock:
            found = self._source.load() if self._current is None else None
            if found:
                self._publish(found)

    def _keep_current(self, attempts: int) -> None:
        current = self._current
        if not self._is_due():
            return
        if current is None or not self._is_alive():
            self._renew_and_wait(attempts)
        elif self.background:
            self._renew_elsewhere(current.lifetime)
        elif self._clock.latest() >= current.lifetime.wait_from:
            self._renew_and_wait(attempts)
        elif self._refresh_lock.acquire(blocking=False):
            try:
                self._attempt_if_due()
            finally:
                self._refresh_lock.release()

    def _renew_and_wait(self, attempts: int) -> None:
        with self._refresh_lock:
            if self._attempts == attempts:
                self._attempt_if_due()
            if not self._is_alive():
                self._fall_back()
        if not self._is_alive():
            self._raise_last_error()

    def _fall_back(self) -> None:
        """Take what another process has left in the cache, though it may be due itself."""
        found = self._source.load()
        if found:
            self._publish(found)

    def _is_alive(self) -> bool:
        return self._current is not None and self._clock.now() < self._current.lifetime.expires_at

    def _renew_elsewhere(self, lifetime: Lifetime) -> None:
        """Have a thread renew; in the last moments wait for it, but not beyond them."""
        if not self._renewal.start():
            # What is there will do.
            return
        now = self._clock.latest()
        if now >= lifetime.expires_at:
            # They live, unless this machine was held and its wall clock is right.
            self._renewal.wait(_DOUBT)
        elif now >= lifetime.wait_from:
            self._renewal.wait(lifetime.wait_until - now)

    def _renew_in_background(self) -> None:
        # Taken here: whoever starts this may be stopped by Ctrl-C, and would leave it held.
        with self._refresh_lock:
            self._attempt_if_due()

    def _is_due(self) -> bool:
        return self._clock.latest() >= self._due_at and self._clock.now() >= self._held_off_until

    def _attempt_if_due(self) -> None:
        if self._is_due():
            self._attempt()

    def _attempt(self) -> None:
        """Fetch and publish, or note the failure. Precondition: the refresh lock is held."""
        attended = not self._is_alive()
        try:
            fetched = self._source.fetch(attended=attended)
        except Exception as exc:  # noqa: BLE001 - whatever it is, live credentials stay in use
            self._note_failure(exc)
            # With nothing left meanwhile, a person may be asked after all.
            self._attempts += attended or not isinstance(exc, LoginRequired)
            return
        self._attempts += 1
        if self._failures:
            _logger.info("Credentials are renewed again after %d failures", self._failures)
        self._failures = 0
        self._error = None
        self._publish(fetched)

    def _publish(self, fetched: RoleCredentials) -> None:
        # Plain strings: what is handed out must look like what botocore hands out.
        values = [
            str(value)
            for value in (
                fetched.access_key,
                fetched.secret_key,
                fetched.session_token,
                fetched.account_id,
            )
        ]
        self._access_key, self._secret_key, self._token, self._account_id = values
        self._expiry_time = datetime.fromtimestamp(fetched.lifetime.expires_at, timezone.utc)
        # Older botocore has no account_id in here.
        self._frozen_credentials = ReadOnlyCredentials(*values[: len(ReadOnlyCredentials._fields)])
        self._current = fetched
        window = fetched.lifetime.wait_from - fetched.lifetime.renew_from
        self._due_at = fetched.lifetime.renew_from + window * _JITTER * self._random()
        self._held_off_until = float("-inf")

    def _note_failure(self, exc: Exception) -> None:
        self._error = exc
        if self._current is None or not self._is_alive():
            # Nothing to go on with: the next caller tries again, at once.
            return
        if not self._failures:
            _logger.warning("Cannot renew the credentials, going on with the current ones: %s", exc)
        hold_off = min(_LONGEST_HOLD_OFF, _FIRST_HOLD_OFF * 2**self._failures)
        self._failures += 1
        until = self._clock.now() + hold_off * (1 - _JITTER * self._random())
        self._held_off_until = min(until, self._current.lifetime.expires_at)

    def _raise_last_error(self) -> None:
        if self._error is not None:
            # A copy: threads that share one exception would write into one traceback.
            raise copy.copy(self._error) from self._error.__cause__

    def _fetch_metadata(self) -> dict[str, Any]:
        """Answer in botocore's terms, for those who call ``refresh_using`` themselves."""
        fetched = self._source.fetch()
        return {
            "access_key": fetched.access_key,
            "secret_key": fetched.secret_key,
            "token": fetched.session_token,
            "expiry_time": format_timestamp(fetched.lifetime.expires_at),
            "account_id": fetched.account_id,
        }

    def _unlock_after_fork(self) -> None:
        # The thread that held the lock does not exist in the child.
        self._refresh_lock = threading.Lock()


_instances: weakref.WeakSet[SsoCredentials] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for credentials in list(_instances):
        credentials._unlock_after_fork()  # noqa: SLF001 - the module's own class


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
