"""One budget of requests that all processes of this user share towards one portal.

Identity Center counts requests per user, whichever process they come from, and answers 429 to
what is too many. So each request is given a time at which it is due, in one small file; and when
one of them is refused, all processes slow down together, and recover.
"""

from __future__ import annotations

import logging
import math
import time
from dataclasses import asdict, dataclass, fields, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from ..storage.file_cache import own_cache
from ..storage.keys import budget_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..config.profile import SsoProfile
    from ..storage.cache import Cache, Entry

__all__ = ["Budget", "govern"]

_logger = logging.getLogger(__name__)

_RUN_UP = 0.1
"""Seconds by which requests may be ahead of an even pace: a few in a row do not wait."""

_LONGEST_WAIT = 60.0
"""Seconds. After that a request that may be refused is better than a dead script."""

_LOCK_TIMEOUT = 1.0
"""Seconds to wait for another process, which holds the lock for a millisecond if all is well."""

_PAUSE = 0.5
_LONGEST_PAUSE = 20.0
"""Seconds for which nobody asks after a refusal, and what the portal can make of it at most."""

_RECOVERY = 30.0
"""Seconds in which the pace comes back, if it had come to a halt."""

_LOWEST_SHARE = 1 / 16

_ATTEMPTS = 6
"""How often a throttled request is sent before its caller gets the error."""

_BACK_OFF = 0.1
"""Seconds, to be doubled before each further attempt after an error of the portal."""

_LISTINGS = ("ListAccounts", "ListAccountRoles")
"""One of a thousand pages must not end a listing because the portal had an error."""

_OPERATIONS = ("GetRoleCredentials", *_LISTINGS)


@dataclass(frozen=True)
class Pace:
    """What the processes tell each other; times in local epoch seconds.

    :param next_at: when the next request is due at an even pace.
    :param resume_at: when the pause after the last refusal ends.
    :param share: the part of the rate that is left at that moment.
    """

    next_at: float = 0.0
    resume_at: float = 0.0
    share: float = 1.0
    written_at: float = 0.0

    @classmethod
    def from_entry(cls, entry: Entry | None, now: float, rate: float) -> Pace:
        """Read the file; one that cannot be understood, or comes from the future, says nothing.

        The future means that the clock was set back, by hours perhaps, and nobody waits for that.
        """
        held = entry.document if entry else {}
        values = [held.get(field.name) for field in fields(cls)]
        if not all(isinstance(value, float) and math.isfinite(value) for value in values):
            return cls()
        pace = cls(*values)  # type: ignore[arg-type]  # floats, as just seen
        return pace if pace._is_believable(now, rate) else cls()

    def _is_believable(self, now: float, rate: float) -> bool:
        return (
            self.written_at <= now + _RUN_UP
            and self.next_at <= self.written_at + _LONGEST_WAIT + 1 / (rate * _LOWEST_SHARE)
            and self.resume_at <= self.written_at + _LONGEST_PAUSE
            and _LOWEST_SHARE <= self.share <= 1
        )

    def share_at(self, now: float) -> float:
        """Return the part of the rate that is to be used: it grows back with time."""
        return min(1.0, self.share + max(0.0, now - self.resume_at) / _RECOVERY)

    def due(self, now: float) -> float:
        """Return when the next request may be sent; before `now` if it is to catch up."""
        return max(self.next_at, now - _RUN_UP)

    def slowed(self, now: float, pause: float) -> Pace:
        """Return the pace after a refusal, in which those who wait have no turn yet."""
        share = max(_LOWEST_SHARE, self.share_at(now) / 2)
        return replace(self, next_at=now + pause, resume_at=now + pause, share=share)


class Budget:
    """So many requests per second, for all threads and processes that hold the same file."""

    def __init__(
        self,
        key: str,
        rate: float,
        cache: Cache,
        *,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._key = key
        self._rate = rate
        self._cache = cache
        self._now = now
        self._sleep = sleep

    @classmethod
    def of(cls, profile: SsoProfile) -> Budget:
        """Return the budget towards a profile's portal."""
        rate = profile.options.requests_per_second
        return cls(budget_key(profile), rate, own_cache(durable=False))

    def take(self) -> None:
        """Wait until a request may be sent; for a bounded time."""
        deadline = self._now() + _LONGEST_WAIT
        while True:
            due, pace = self._reserve(deadline)
            wait = due - self._now()
            if wait <= 0:
                return
            self._sleep(wait)
            if due >= deadline or self._pace().resume_at == pace.resume_at:
                return
            # Slowed down meanwhile: the turn is void, and there will be a later one.

    def slow_down(self, retry_after: float | None = None) -> None:
        """Have all processes ask less often: the portal refused a request as one too many.

        :param retry_after: the seconds for which the portal wants to be left alone, if it said so.
        """
        pause = min(max(_PAUSE, retry_after or 0.0), _LONGEST_PAUSE)
        with self._cache.locked(self._key, _LOCK_TIMEOUT):
            now, pace = self._now(), self._pace()
            if now < pace.resume_at:
                # One more of the requests that were under way together: they count as one.
                return
            slower = pace.slowed(now, pause)
            self._put(slower, now)
        _logger.debug("Slowed down to %.2f requests per second", self._rate * slower.share)

    def _reserve(self, deadline: float) -> tuple[float, Pace]:
        """Return when the next request is due, and the pace from which it is counted on."""
        with self._cache.locked(self._key, _LOCK_TIMEOUT):
            now, pace = self._now(), self._pace()
            due = min(pace.due(now), deadline)
            following = replace(pace, next_at=due + 1 / (self._rate * pace.share_at(now)))
            self._put(following, now)
        return due, pace

    def _pace(self) -> Pace:
        return Pace.from_entry(self._cache.get(self._key), self._now(), self._rate)

    def _put(self, pace: Pace, now: float) -> None:
        self._cache.put(self._key, asdict(replace(pace, written_at=now)))


def govern(client: Any, budget: Budget) -> None:
    """Have a client of the service ``sso`` send each request, repeated ones too, in its turn."""

    def wait_for_turn(**_: Any) -> None:
        budget.take()

    def seconds_to_retry(operation: Any, response: Any, attempts: int, **_: Any) -> float | None:
        answer = response[1] if response else {}
        metadata = answer.get("ResponseMetadata", {})
        status = metadata.get("HTTPStatusCode", HTTPStatus.OK)
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            budget.slow_down(_seconds(metadata.get("HTTPHeaders", {}).get("retry-after")))
            # Zero seconds until the next attempt, which then waits for its turn.
            return 0 if attempts < _ATTEMPTS else None
        failed = status >= HTTPStatus.INTERNAL_SERVER_ERROR and operation.name in _LISTINGS
        # None: botocore decides, which makes fewer attempts.
        return _BACK_OFF * 2.0**attempts if failed and attempts < _ATTEMPTS else None

    for operation in _OPERATIONS:
        client.meta.events.register(f"before-send.sso.{operation}", wait_for_turn)
        client.meta.events.register_first(f"needs-retry.sso.{operation}", seconds_to_retry)


def _seconds(header: str | None) -> float | None:
    try:
        seconds = float(header or "")
    except ValueError:
        # A date, or nothing.
        return None
    return seconds if math.isfinite(seconds) else None
