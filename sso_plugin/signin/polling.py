"""How often, and for how long, a device login asks whether it was approved (RFC 8628, 3.5)."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Polling"]

_logger = logging.getLogger(__name__)

_SLOW_DOWN = 5.0
"""Seconds that a client adds to its interval when it is told to slow down."""

_LONGEST_PAUSE = 30.0
"""Seconds that a fault delays the next question at most: the person may have approved by then."""


@dataclass
class Polling:
    """When to ask the portal again, and for how long at all.

    :param interval: seconds between two questions, as the portal wants it.
    :param patience: seconds until the code is worth nothing.
    """

    interval: float
    patience: float
    sleep: Callable[[float], object]
    monotonic: Callable[[], float]
    _slept: float = field(default=0.0, init=False)
    _pause: float = field(init=False)
    _began: float = field(init=False)

    def __post_init__(self) -> None:
        self._pause, self._began = self.interval, self.monotonic()

    @property
    def over(self) -> bool:
        """Whether it makes no sense to ask again; the portal need not be there to say so."""
        return self._left <= 0

    def wait(self) -> None:
        """Let the time pass until the next question, of which the last is at the very end."""
        pause = max(0.0, min(self._pause, self._left))
        self.sleep(pause)
        self._slept += pause

    def go_on(self) -> None:
        """Take up the portal's interval, after an answer that is no fault."""
        self._pause = self.interval

    def slow_down(self) -> None:
        """Ask less often from now on."""
        self.interval += _SLOW_DOWN
        self._pause = self.interval

    def back_off(self, exc: Exception) -> None:
        """Ask half as often while faults go on."""
        longer = min(2 * max(self._pause, 1.0), _LONGEST_PAUSE)
        self._pause = max(self.interval, longer)
        _logger.info("Asking again in %s seconds: %s", self._pause, exc)

    @property
    def _left(self) -> float:
        # Requests take time too, those that time out most of it. Where sleeping takes none, because
        # the caller's own sleep returns at once, what it was asked for counts.
        return self.patience - max(self._slept, self.monotonic() - self._began)
