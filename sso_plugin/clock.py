"""Time as the portal tells it, and when a thing that expires is due for renewal."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Clock", "Lifetime", "format_timestamp", "parse_timestamp"]

_TOLERANCE = 2.0
"""Seconds. A ``Date`` header counts whole seconds, so a smaller offset is none."""


class Clock:
    """The wall clock, set right by the ``Date`` header of the last response.

    Expiry is decided by the server, so it is judged by the server's time. The wall clock and not
    the monotonic one, which stands still while a laptop sleeps.
    """

    def __init__(self, wall: Callable[[], float] = time.time) -> None:
        self._wall = wall
        self._offset = 0.0

    def now(self) -> float:
        """Return the server's time in epoch seconds."""
        return self._wall() + self._offset

    def observe(self, date: str) -> None:
        """Learn the offset from the ``Date`` header of a response that has just arrived."""
        try:
            server = parsedate_to_datetime(date).timestamp()
        except (ValueError, TypeError, IndexError):
            return
        offset = server + 0.5 - self._wall()
        self._offset = offset if abs(offset) > _TOLERANCE else 0.0


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
