"""The rate limit of the portal: too many requests of a user are throttled (429)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .service_errors import ServiceError

if TYPE_CHECKING:
    from .emulator_clock import Clock
    from .settings import Settings

__all__ = ["RateLimit"]


class RateLimit:
    """A token bucket for each user. It holds the requests of one second.

    It is refilled by the clock of the machine. A test that advances the clock of the emulator does
    not want to refill it.
    """

    def __init__(self, clock: Clock, settings: Settings) -> None:
        self._clock = clock
        self._settings = settings
        self._buckets: dict[str, tuple[float, float]] = {}

    def check(self, user: str) -> None:
        """Count a request of a user.

        :raises ServiceError: if the user has sent too many.
        """
        rate = self._settings.requests_per_second
        if rate is None:
            return

        now, capacity = self._clock.machine_time(), max(rate, 1)
        level, filled_at = self._buckets.get(user, (capacity, now))
        level = min(capacity, level + (now - filled_at) * rate)
        if level < 1:
            raise ServiceError(
                "TooManyRequestsException", "Rate exceeded", retry_after=self._settings.retry_after
            )

        self._buckets[user] = level - 1, now
