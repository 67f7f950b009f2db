"""When credentials are renewed, and who waits for it. Pure: no clock, no thread, no request."""

from __future__ import annotations

import enum
from typing import NamedTuple

__all__ = ["Action", "Lifetime", "Schedule"]

_ADVISORY_REFRESH = 15 * 60
"""Seconds before the end, at most, from which on a renewal is due; nothing waits for it."""

_MANDATORY_REFRESH = 60
"""Seconds before the end, at most, from which on a caller waits for the renewal."""

_USABLE = 12
"""Seconds before the end, at most, until which a caller waits: a request needs some time."""

_USUAL_LENGTH = 3600.0
"""Seconds that a token or a set of credentials is valid, if its beginning is not known."""

_YOUNG = 5 * 60
"""Seconds for which nothing that was issued is replaced, so that one request serves many."""

_JITTER = 0.1
"""The share of a time by which processes that began together differ."""

_DOUBT = 5.0
"""Seconds that a caller waits if one clock says that the credentials have expired."""

_FIRST_USE = 10.0
"""Seconds that the first caller waits for credentials that last as long as the profile asks."""

_NEVER = float("-inf")


class Action(enum.Enum):
    """What a caller does that needs credentials now."""

    USE = "use"
    RENEW_IN_BACKGROUND = "renew in background"
    WAIT = "wait"


class Lifetime(NamedTuple):
    """From when and until when a token or a set of credentials is valid, in epoch seconds.

    Where the beginning is not before the end, it is not known.
    """

    issued_at: float
    expires_at: float

    @property
    def advisory_refresh_at(self) -> float:
        """From here on a renewal is due; no caller waits for it."""
        return self.expires_at - min(_ADVISORY_REFRESH, self._length / 4)

    @property
    def mandatory_refresh_at(self) -> float:
        """From here on a caller waits for the renewal."""
        return self.expires_at - min(_MANDATORY_REFRESH, self._length / 10)

    @property
    def wait_until(self) -> float:
        """From here on a caller uses what it has, which is still valid for one request."""
        return self.expires_at - min(_USABLE, self._length / 50)

    @property
    def replaceable_from(self) -> float:
        """From here on they may be replaced before a renewal is due."""
        return self.issued_at + _YOUNG

    def long_enough_until(self, minimum: float) -> float:
        """Until when a session may start with these that needs them for ``minimum`` seconds.

        At most three quarters of the lifetime are asked for, and nothing of what was issued less
        than 5 minutes ago.
        """
        lasts = self.expires_at - min(minimum, self._length * 3 / 4)
        return min(self.advisory_refresh_at, max(lasts, self.replaceable_from))

    @property
    def _length(self) -> float:
        length = self.expires_at - self.issued_at
        return length if length > 0 else _USUAL_LENGTH


class Schedule(NamedTuple):
    """When the current credentials are to be renewed. Times are epoch seconds of the server.

    :param lifetime: that of the current credentials; None if there are none.
    :param due_at: when a renewal is due.
    :param attempt_after: when the next attempt may be made: the attempt timeout has passed.
    """

    lifetime: Lifetime | None = None
    due_at: float = _NEVER
    attempt_after: float = _NEVER

    @classmethod
    def of(cls, lifetime: Lifetime, jitter: float) -> Schedule:
        """Return the schedule of new credentials.

        :param jitter: from 0 to 1, so that processes that began together do not renew together.
        """
        window = lifetime.mandatory_refresh_at - lifetime.advisory_refresh_at
        return cls(lifetime, lifetime.advisory_refresh_at + window * _JITTER * jitter)

    def due_now(self) -> Schedule:
        """Return the same schedule, but with a renewal due at once."""
        return self._replace(due_at=_NEVER)

    def after_failure(self, now: float, timeout: float, jitter: float) -> Schedule:
        """Return the schedule after a failed attempt; without valid credentials, it is the same.

        :param timeout: the attempt timeout, in seconds.
        """
        if self.lifetime is None or not self.is_valid(now):
            return self
        after = now + timeout * (1 - _JITTER * jitter)
        return self._replace(attempt_after=min(after, self.lifetime.expires_at))

    def is_valid(self, now: float) -> bool:
        """Return whether the current credentials have not expired."""
        return self.lifetime is not None and now < self.lifetime.expires_at

    def action(self, now: float, latest: float, *, starts_short: bool = False) -> Action:
        """Return what a caller does.

        :param now: the server's time.
        :param latest: the same, or what the wall clock says it is if that is later; see `Clock`.
        :param starts_short: whether a session starts with credentials that do not last as long as
            its profile asks for.
        """
        if latest < self.due_at or now < self.attempt_after:
            return Action.USE
        if self.lifetime is None or not self.is_valid(now) or starts_short:
            return Action.WAIT
        mandatory = latest >= self.lifetime.mandatory_refresh_at
        return Action.WAIT if mandatory else Action.RENEW_IN_BACKGROUND

    def patience(self, latest: float, *, starts_short: bool = False) -> float:
        """Return for how many seconds a caller with valid credentials waits for a renewal."""
        if self.lifetime is None or starts_short:
            return _FIRST_USE
        if latest >= self.lifetime.expires_at:
            return _DOUBT
        return self.lifetime.wait_until - latest
