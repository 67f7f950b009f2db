"""A number of requests per second that all processes share, and how it is kept in a document.

Each request reserves the next free time slot. After a 429 all pause, go on at half the rate, and
return to the full rate within 30 seconds.
"""

from __future__ import annotations

import logging
import math
import time
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..storage.cache import Cache
    from ..storage.documents import Entry

__all__ = [
    "BURST",
    "MAX_PAUSE",
    "MAX_WAIT",
    "MIN_SHARE",
    "RECOVERY",
    "Budget",
    "CacheBudget",
    "RateState",
    "Slot",
    "pause_after",
]

_logger = logging.getLogger(__name__)

BURST = 0.1
"""Seconds by which requests may be ahead of the rate, so that the first few do not wait."""

MAX_WAIT = 60.0
"""Seconds. After that the request is sent: a 429 is better than a script that does not continue."""

_BUDGET_LOCK_TIMEOUT = 1.0
"""Seconds to wait for the lock of the file. Another process usually holds it for a millisecond."""

_MIN_PAUSE = 0.5
MAX_PAUSE = 20.0
"""Seconds to pause after a 429. Between these bounds, ``Retry-After`` decides."""

RECOVERY = 30.0
"""Seconds in which the rate grows from zero to the full rate."""

MIN_SHARE = 1 / 16
"""The part of the rate that is left after many 429 responses."""


@dataclass(frozen=True)
class RateState:
    """The file that the processes share. Times are local epoch seconds.

    :param next_at: when the next slot begins.
    :param resume_at: when the pause after the last 429 ends.
    :param share: the part of the rate that is used at that moment.
    """

    next_at: float = 0.0
    resume_at: float = 0.0
    share: float = 1.0
    written_at: float = 0.0

    @classmethod
    def from_entry(cls, entry: Entry | None, now: float, rate: float) -> RateState:
        """Read the file. An invalid one, or one from the future, is ignored.

        A file is from the future if the clock was set back. No request waits until that time.
        """
        held = entry.document if entry else {}
        values = [held.get(field.name) for field in fields(cls)]
        if not all(isinstance(value, float) and math.isfinite(value) for value in values):
            return cls()
        state = cls(*values)  # type: ignore[arg-type]  # floats, as just checked
        return state if state._is_plausible(now, rate) else cls()

    def _is_plausible(self, now: float, rate: float) -> bool:
        return (
            self.written_at <= now + BURST
            and self.next_at <= self.written_at + MAX_WAIT + 1 / (rate * MIN_SHARE)
            and self.resume_at <= self.written_at + MAX_PAUSE
            and MIN_SHARE <= self.share <= 1
        )

    def share_at(self, now: float) -> float:
        """Return the part of the rate to use now. It grows with the time since the pause."""
        return min(1.0, self.share + max(0.0, now - self.resume_at) / RECOVERY)

    def next_slot(self, now: float) -> float:
        """Return when the next request may be sent; up to `BURST` before now if none was sent."""
        return max(self.next_at, now - BURST)

    def throttled(self, now: float, pause: float) -> RateState:
        """Return the state after a 429: a pause, then half the rate. Reserved slots are void."""
        share = max(MIN_SHARE, self.share_at(now) / 2)
        return replace(self, next_at=now + pause, resume_at=now + pause, share=share)


class Slot(NamedTuple):
    """The time at which a request may be sent.

    :param wait: the seconds until then; not above 0 if it is now.
    :param epoch: changes with each 429. A slot of an earlier epoch is void.
    """

    wait: float
    epoch: float


class Budget(Protocol):
    """A number of requests per second, shared by all that send requests to a portal.

    Each method is one step, so that the state may also be kept by a server.
    """

    def reserve(self, within: float) -> Slot:
        """Take the next free slot.

        :param within: seconds. If all slots in this time are taken, the end of it is returned.
        """

    def epoch(self) -> float:
        """Return the current epoch."""

    def slow_down(self, retry_after: float | None = None) -> None:
        """Make all pause and send fewer requests: the portal returned 429.

        :param retry_after: the seconds in the ``Retry-After`` header of the response, if any.
        """


class CacheBudget:
    """A budget in a small document, such as a file."""

    def __init__(
        self, key: str, rate: float, cache: Cache, *, now: Callable[[], float] = time.time
    ) -> None:
        self._key = key
        self._rate = rate
        self._cache = cache
        self._now = now

    def reserve(self, within: float) -> Slot:
        """See `Budget`."""
        with self._cache.locked(self._key, _BUDGET_LOCK_TIMEOUT):
            now, state = self._now(), self._state()
            at = min(state.next_slot(now), now + within)
            self._put(replace(state, next_at=at + 1 / (self._rate * state.share_at(now))), now)
        return Slot(at - now, state.resume_at)

    def epoch(self) -> float:
        """See `Budget`."""
        return self._state().resume_at

    def slow_down(self, retry_after: float | None = None) -> None:
        """See `Budget`."""
        pause = pause_after(retry_after)
        with self._cache.locked(self._key, _BUDGET_LOCK_TIMEOUT):
            now, state = self._now(), self._state()
            if now < state.resume_at:
                # This request was sent before the pause began. It must not halve the rate again.
                return
            throttled = state.throttled(now, pause)
            self._put(throttled, now)
        _logger.debug("Throttled (429): now %.2f requests per second", self._rate * throttled.share)

    def _state(self) -> RateState:
        return RateState.from_entry(self._cache.get(self._key), self._now(), self._rate)

    def _put(self, state: RateState, now: float) -> None:
        self._cache.put(self._key, asdict(replace(state, written_at=now)))


def pause_after(retry_after: float | None) -> float:
    """Return the seconds to pause after a 429.

    :param retry_after: the seconds in the ``Retry-After`` header of the response, if any.
    """
    return min(max(_MIN_PAUSE, retry_after or 0.0), MAX_PAUSE)
