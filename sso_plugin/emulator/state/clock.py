"""The emulator's clock: the machine's time plus an offset that tests can change."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Clock:
    """Tells the emulator what time it is; everything that expires asks here."""

    def __init__(self, base: Callable[[], float] = time.time) -> None:
        self._base = base
        self._offset = 0.0

    def now(self) -> float:
        """Seconds since the epoch, as the emulator sees it."""
        return self._base() + self._offset

    def base(self) -> float:
        """Seconds since the epoch, as the machine sees it."""
        return self._base()

    def advance(self, seconds: float) -> float:
        """Move the clock; a negative number puts it back. Returns the new time."""
        self._offset += seconds
        return self.now()

    def reset(self) -> None:
        """Tell the base time again."""
        self._offset = 0.0
