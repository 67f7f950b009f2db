"""How often, and for how long, a device login asks the portal for the token (RFC 8628, 3.5)."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Polling"]

_logger = logging.getLogger(__name__)

_SLOW_DOWN = 5.0
"""Seconds to add to the interval when the portal answers SlowDownException (RFC 8628, 3.5)."""

_LONGEST_BACK_OFF = 30.0
"""Seconds between two requests at most while requests fail: the user may have approved by then."""


@dataclass
class Polling:
    """When to send the next request, and when to stop.

    :param interval: seconds between two requests, as the portal demands.
    :param expires_in: seconds until the device code expires.
    """

    interval: float
    expires_in: float
    sleep: Callable[[float], object]
    monotonic: Callable[[], float]
    _slept: float = field(default=0.0, init=False)
    _pause: float = field(init=False)
    _began: float = field(init=False)

    def __post_init__(self) -> None:
        self._pause, self._began = self.interval, self.monotonic()

    @property
    def is_over(self) -> bool:
        """Whether the device code has expired. Needs no answer from the portal."""
        return self._time_left <= 0

    def wait(self) -> None:
        """Sleep until the next request is due. The last one is due when the code expires."""
        pause = max(0.0, min(self._pause, self._time_left))
        self.sleep(pause)
        self._slept += pause

    def reset_pause(self) -> None:
        """Return to the interval of the portal, after a request that did not fail."""
        self._pause = self.interval

    def slow_down(self) -> None:
        """Increase the interval for the rest of the login."""
        self.interval += _SLOW_DOWN
        self._pause = self.interval

    def back_off(self, exc: Exception) -> None:
        """Double the pause, up to a limit, after a request that failed."""
        longer = min(2 * max(self._pause, 1.0), _LONGEST_BACK_OFF)
        self._pause = max(self.interval, longer)
        _logger.info("Asking again in %s seconds: %s", self._pause, exc)

    @property
    def _time_left(self) -> float:
        # Measured time includes requests, which may take long to time out. The sum of the pauses
        # counts where the caller's own sleep function returns at once.
        return self.expires_in - max(self._slept, self.monotonic() - self._began)
