"""Time as the portal tells it, and when a thing that expires is due for renewal."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Clock", "Lifetime", "Memory", "format_timestamp", "parse_timestamp"]

_TOLERANCE = 2.0
"""Seconds. A ``Date`` header counts whole seconds, so a smaller offset is none."""

_CLOCK_BOOTTIME = getattr(time, "CLOCK_BOOTTIME", None)
_since_boot = None if _CLOCK_BOOTTIME is None else partial(time.clock_gettime, _CLOCK_BOOTTIME)


class Memory(Protocol):
    """What remembers a server's time for other processes; `clockmemory.ClockMemory` is in use."""

    def load(self) -> float | None:
        """Return the server's time at boot, in epoch seconds, if it was seen since then."""

    def save(self, server_at_boot: float | None) -> None:
        """Remember it; None if the wall clock is right, so that there is nothing to remember."""


class Clock:
    """The server's time: by its last ``Date`` header, else by the wall clock.

    Expiry is decided by the server, so it is judged by the server's time. From the first response
    on, time is counted from boot, which no change of the wall clock and no suspend disturbs;
    where the system has no such count, the wall clock is set right by an offset.
    """

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        since_boot: Callable[[], float] | None = _since_boot,
        memory: Memory | None = None,
    ) -> None:
        self._wall = wall
        self._steady = since_boot or wall
        self._memory = memory
        self._offset: float | None = None
        self._recalled = memory is None

    def now(self) -> float:
        """Return the server's time in epoch seconds."""
        if not self._recalled:
            self._recall()
        return self._wall() if self._offset is None else self._steady() + self._offset

    def mark(self) -> float:
        """Return the moment at which a request goes out, for `observe`."""
        return self._steady()

    def observe(self, date: str, sent: float | None = None) -> None:
        """Learn the server's time from the ``Date`` header of a response that has just arrived.

        The header was written at some time since the request was ``sent``. If that may have been
        any moment at which the wall clock was right, it counts as right.
        """
        try:
            server = parsedate_to_datetime(date).timestamp() + 0.5
        except (ValueError, TypeError, IndexError):
            return
        wall, steady = self._wall(), self._steady()
        took = 0.0 if sent is None else max(0.0, steady - sent)
        right = wall - took - _TOLERANCE <= server <= wall + _TOLERANCE
        self._offset = wall - steady if right else server - (steady - took / 2)
        if self._memory is not None:
            self._memory.save(None if right else self._offset)
        self._recalled = True

    def _recall(self) -> None:
        self._recalled = True
        if self._memory is not None:
            self._offset = self._memory.load()


class Lifetime(NamedTuple):
    """From when and until when a token or a set of credentials is valid, in epoch seconds."""

    issued_at: float
    expires_at: float

    @property
    def renew_from(self) -> float:
        """From here on a renewal is due, though nobody has to wait for it."""
        return self.expires_at - min(15 * 60, self._length / 4)

    @property
    def wait_from(self) -> float:
        """From here on a caller waits for the renewal."""
        return self.expires_at - min(60, self._length / 10)

    @property
    def _length(self) -> float:
        return max(0.0, self.expires_at - self.issued_at)


def parse_timestamp(text: str) -> float:
    """Read ``YYYY-MM-DDTHH:MM:SSZ`` as epoch seconds; a ``UTC`` suffix or an offset will do too.

    :raises ValueError: for anything else.
    """
    bare = text.strip().removesuffix("UTC").removesuffix("Z")
    when = datetime.fromisoformat(bare)
    if when.tzinfo is None:
        when = when.replace(tzinfo=timezone.utc)
    return when.timestamp()


def format_timestamp(when: float) -> str:
    """Write epoch seconds the way the AWS CLI does: ``YYYY-MM-DDTHH:MM:SSZ``."""
    return datetime.fromtimestamp(when, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
