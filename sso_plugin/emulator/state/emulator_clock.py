"""The clock of the emulator: the time of the machine, plus an offset that tests can change."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Clock"]


class Clock:
    """The time by which everything in the emulator expires."""

    def __init__(self, base: Callable[[], float] = time.time) -> None:
        self._base = base
        self._offset = 0.0

    def now(self) -> float:
        """Return the time of the emulator, in seconds since the epoch."""
        return self._base() + self._offset

    def machine_time(self) -> float:
        """Return the time of the machine, in seconds since the epoch."""
        return self._base()

    def advance(self, seconds: float) -> float:
        """Advance the clock. Negative seconds set it back. Returns the new time."""
        self._offset += seconds
        return self.now()

    def reset(self) -> None:
        """Set the clock to the time of the machine."""
        self._offset = 0.0
