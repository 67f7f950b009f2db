"""When credentials are renewed, and who waits for it. Pure: no clock, no thread, no request."""

from __future__ import annotations

import enum
from typing import NamedTuple

__all__ = ["Action", "Lifetime", "Schedule"]

_ADVISORY_WINDOW = 15 * 60
"""Seconds before expiry, at most: the advisory window, in which no caller waits for a renewal."""

_MANDATORY_WINDOW = 60
"""Seconds before expiry, at most: the mandatory window, in which a caller waits for a renewal."""

_REQUEST_TIME = 12
"""Seconds before expiry, at most, at which a caller stops waiting: its request needs some time."""

_DEFAULT_LENGTH = 3600.0
"""Seconds: the assumed lifetime of a token or of credentials whose issue time is not known."""

_MINIMUM_AGE = 5 * 60
"""Seconds after the issue time in which nothing is replaced, so that one request serves many."""

_JITTER = 0.1
"""The fraction of a time by which processes that started together differ."""

_UNCERTAIN_EXPIRY_TIMEOUT = 5.0
"""Seconds that a caller waits if only one of two clocks says that its credentials have expired."""

_FIRST_USE_TIMEOUT = 10.0
"""Seconds that the first caller waits for credentials with the minimum lifetime of the profile."""

_ALWAYS = float("-inf")
"""A time that has always passed."""


class Action(enum.Enum):
    """What a caller that needs credentials does now."""

    USE = "use"
    RENEW_IN_BACKGROUND = "renew in background"
    WAIT = "wait"


class Lifetime(NamedTuple):
    """When a token or credentials were issued and when they expire, in epoch seconds.

    An issue time at or after the expiry counts as unknown.
    """

    issued_at: float
    expires_at: float

    @property
    def advisory_refresh_at(self) -> float:
        """When the advisory window begins: a renewal is due, but no caller waits for it."""
        return self.expires_at - min(_ADVISORY_WINDOW, self._length / 4)

    @property
    def mandatory_refresh_at(self) -> float:
        """When the mandatory window begins: a caller waits for the renewal."""
        return self.expires_at - min(_MANDATORY_WINDOW, self._length / 10)

    @property
    def wait_until(self) -> float:
        """When a caller stops waiting: its credentials are still valid for one request."""
        return self.expires_at - min(_REQUEST_TIME, self._length / 50)

    @property
    def replaceable_from(self) -> float:
        """When they may be replaced although no renewal is due."""
        return self.issued_at + _MINIMUM_AGE

    def long_enough_until(self, minimum: float) -> float:
        """Return the time until which they last long enough for a session to start with them.

        At most three quarters of the whole lifetime are required. What was issued only a few
        minutes ago is always long enough.

        :param minimum: the minimum lifetime, in seconds.
        """
        lasts = self.expires_at - min(minimum, self._length * 3 / 4)
        return min(self.advisory_refresh_at, max(lasts, self.replaceable_from))

    @property
    def _length(self) -> float:
        length = self.expires_at - self.issued_at
        return length if length > 0 else _DEFAULT_LENGTH


class Schedule(NamedTuple):
    """When the current credentials are renewed. Times are epoch seconds of the server.

    :param lifetime: the lifetime of the current credentials; None without credentials.
    :param due_at: when a renewal is due.
    :param attempt_after: the end of the attempt timeout, before which there is no new attempt.
    """

    lifetime: Lifetime | None = None
    due_at: float = _ALWAYS
    attempt_after: float = _ALWAYS

    @classmethod
    def of(cls, lifetime: Lifetime, jitter: float) -> Schedule:
        """Return the schedule of new credentials.

        :param jitter: from 0 to 1, so that processes that started together do not renew together.
        """
        window = lifetime.mandatory_refresh_at - lifetime.advisory_refresh_at
        return cls(lifetime, lifetime.advisory_refresh_at + window * _JITTER * jitter)

    def due_now(self) -> Schedule:
        """Return the same schedule, but with a renewal due at once."""
        return self._replace(due_at=_ALWAYS)

    def after_failure(self, now: float, timeout: float, jitter: float) -> Schedule:
        """Return the schedule after a failed attempt; the same one without valid credentials.

        :param timeout: the attempt timeout, in seconds.
        """
        if self.lifetime is None or not self.is_valid(now):
            return self
        after = now + timeout * (1 - _JITTER * jitter)
        return self._replace(attempt_after=min(after, self.lifetime.expires_at))

    def is_valid(self, now: float) -> bool:
        """Return whether the current credentials have not expired."""
        return self.lifetime is not None and now < self.lifetime.expires_at

    def action(self, now: float, latest: float, *, too_short: bool = False) -> Action:
        """Return what a caller does.

        :param now: the server's time.
        :param latest: the later one of the server's time and the wall clock; see `Clock`.
        :param too_short: whether a session starts with credentials that do not have the minimum
            lifetime of its profile.
        """
        if latest < self.due_at or now < self.attempt_after:
            return Action.USE
        if self.lifetime is None or not self.is_valid(now) or too_short:
            return Action.WAIT
        mandatory = latest >= self.lifetime.mandatory_refresh_at
        return Action.WAIT if mandatory else Action.RENEW_IN_BACKGROUND

    def wait_timeout(self, latest: float, *, too_short: bool = False) -> float:
        """Return for how many seconds a caller with valid credentials waits for a renewal.

        :param latest: see `action`.
        :param too_short: see `action`.
        """
        if self.lifetime is None or too_short:
            return _FIRST_USE_TIMEOUT
        if latest >= self.lifetime.expires_at:
            return _UNCERTAIN_EXPIRY_TIMEOUT
        return self.lifetime.wait_until - latest
