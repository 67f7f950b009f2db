"""How many portal requests a user may make; who asks faster is told to slow down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import ServiceError

if TYPE_CHECKING:
    from .clock import Clock
    from .settings import Settings


class Budget:
    """A bucket for each user, which holds a second's requests and fills at that rate.

    It fills by the machine's time: a test that moves the clock does not mean to fill it.
    """

    def __init__(self, clock: Clock, settings: Settings) -> None:
        self._clock = clock
        self._settings = settings
        self._buckets: dict[str, tuple[float, float]] = {}

    def spend(self, user: str) -> None:
        """Take one request out of a user's bucket, or refuse if there is none."""
        rate = self._settings.requests_per_second
        if rate is None:
            return

        now, full = self._clock.base(), max(rate, 1)
        level, filled_at = self._buckets.get(user, (full, now))
        level = min(full, level + (now - filled_at) * rate)
        if level < 1:
            raise ServiceError(
                "TooManyRequestsException", "Rate exceeded", retry_after=self._settings.retry_after
            )

        self._buckets[user] = level - 1, now
