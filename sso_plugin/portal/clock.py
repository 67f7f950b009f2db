"""Time as the portal tells it, and when a thing that expires is due for renewal."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "END_OF_TIME",
    "Ahead",
    "Clock",
    "Lifetime",
    "Memory",
    "format_timestamp",
    "parse_http_date",
    "parse_timestamp",
]

_TOLERANCE = 2.0
"""Seconds. A ``Date`` header counts whole seconds, so a smaller offset is none."""

_IMPLAUSIBLE = 86400.0
"""Seconds. A larger change of the offset needs a second response that agrees."""

END_OF_TIME = 253402300799.0
"""Epoch seconds: the last second of the year 9999. No timestamp can be later."""

_BEGINNING = -62135596800.0
"""Epoch seconds: the first second of the year 1."""

_LATEST = END_OF_TIME - 20 * 366 * 86400
"""Epoch seconds. Later dates are ignored, so that what is granted ends before the year 10000."""

_CLOCK_BOOTTIME = getattr(time, "CLOCK_BOOTTIME", None)
_since_boot = None if _CLOCK_BOOTTIME is None else partial(time.clock_gettime, _CLOCK_BOOTTIME)


class Ahead(NamedTuple):
    """By how many seconds the server is ahead of what this machine counts.

    :param of_boot: ahead of the count from boot, so this is the server's time at that moment.
    :param of_wall: ahead of the wall clock.
    """

    of_boot: float
    of_wall: float

    def agrees_with(self, other: Ahead) -> bool:
        """Tell whether the other one is the same, as far as ``Date`` headers are exact."""
        return abs(self.of_boot - other.of_boot) <= 2 * _TOLERANCE


class Memory(Protocol):
    """What remembers a server's time for other processes; `clockmemory.ClockMemory` is in use."""

    def load(self) -> Ahead | None:
        """Return how far the server is ahead, if it was seen since this machine's boot."""

    def save(self, ahead: Ahead | None) -> None:
        """Remember it; None if the wall clock is right, so that there is nothing to remember."""


class Clock:
    """The server's time: by its last ``Date`` header, else by the wall clock.

    Expiry is decided by the server, so it is judged by the server's time. From the first response
    on, time is counted from boot, which no change of the wall clock and no suspend disturbs;
    where the system has no such count, the wall clock is set right by an offset.

    Only a machine whose hypervisor held it, or put it back to a snapshot, has counted too little.
    Its wall clock is ahead then, as one is that somebody has set: which of the two it was, only
    the next response tells. So what lives is judged by `now`, and what is due by `latest`.
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
        self._ahead: Ahead | None = None
        self._doubted: Ahead | None = None
        self._recalled = memory is None

    def now(self) -> float:
        """Return the server's time in epoch seconds: it is this late at least."""
        ahead = self._known_ahead()
        return self._wall() if ahead is None else self._steady() + ahead.of_boot

    def latest(self) -> float:
        """Return the server's time if the wall clock is to be believed, should that be later."""
        ahead = self._known_ahead()
        wall = self._wall()
        return wall if ahead is None else max(self._steady() + ahead.of_boot, wall + ahead.of_wall)

    def earliest(self) -> float:
        """Return the server's time, or that of the wall clock if it is earlier.

        One response may have a wrong date. So what the server can decide is left to it, unless both
        clocks agree.
        """
        return min(self.now(), self._wall())

    def at(self, moment: float) -> float:
        """Return the server's time at a moment of the wall clock, such as a file's."""
        return moment + self.now() - self._wall()

    def mark(self) -> float:
        """Return the moment at which a request goes out, for `observe`."""
        return self._steady()

    def observe(self, date: str, sent: float | None = None) -> None:
        """Learn the server's time from the ``Date`` header of a response that has just arrived.

        The header was written at some time since the request was ``sent``. If that may have been
        any moment at which the wall clock was right, it counts as right. A date that is more than
        a day off counts when the next response agrees.
        """
        server = parse_http_date(date)
        if server is None:
            return
        server += 0.5
        wall, steady = self._wall(), self._steady()
        took = 0.0 if sent is None else max(0.0, steady - sent)
        right = wall - took - _TOLERANCE <= server <= wall + _TOLERANCE
        now = wall if right else server + took / 2
        ahead = Ahead(now - steady, now - wall)
        if not right and not self._is_plausible(ahead):
            self._doubted = ahead
            return
        self._ahead, self._doubted = ahead, None
        if self._memory is not None:
            self._memory.save(None if right else ahead)
        self._recalled = True

    def _is_plausible(self, ahead: Ahead) -> bool:
        change = self._steady() + ahead.of_boot - self.now()
        agreed = self._doubted is not None and self._doubted.agrees_with(ahead)
        return agreed or abs(change) <= _IMPLAUSIBLE

    def _known_ahead(self) -> Ahead | None:
        if not self._recalled:
            remembered = self._memory.load() if self._memory is not None else None
            # Another thread may have observed meanwhile, and knows better.
            if not self._recalled:
                self._ahead, self._recalled = remembered, True
        return self._ahead


_USUAL_LENGTH = 3600.0
"""Seconds that a token or a set of credentials lives, if nobody has said otherwise."""

_YOUNG = 5 * 60
"""Seconds for which nothing that was issued is replaced, so that one request serves many."""


class Lifetime(NamedTuple):
    """From when and until when a token or a set of credentials is valid, in epoch seconds.

    A file that was set to a later time than its content's end says nothing of the beginning.
    """

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
    def wait_until(self) -> float:
        """From here on it goes on with what it has, while that is still good for a request."""
        return self.expires_at - min(12, self._length / 50)

    @property
    def replace_from(self) -> float:
        """From here on they may be replaced before they are due, if they do not serve."""
        return self.issued_at + _YOUNG

    def long_enough_until(self, minimum: float) -> float:
        """Until when a session may start with these that needs ``minimum`` seconds of life.

        No more than three quarters of the lifetime are asked for, and nothing of what was issued
        less than 5 minutes ago.
        """
        lasts = self.expires_at - min(minimum, self._length * 3 / 4)
        return min(self.renew_from, max(lasts, self.replace_from))

    @property
    def _length(self) -> float:
        length = self.expires_at - self.issued_at
        return length if length > 0 else _USUAL_LENGTH


def parse_timestamp(held: object) -> float:
    """Read a timestamp as epoch seconds: ``YYYY-MM-DDTHH:MM:SSZ``, or any form that botocore reads.

    Other programs write the year 1 or 9999 for "never": what comes back can be written again.

    :param held: what a document has in its place; botocore takes a datetime too.
    :raises ValueError: for anything else.
    """
    when = _parse_usual(held.strip()) if isinstance(held, str) else None
    if when is None:
        # Takes longer, and is seldom needed.
        from ..timestamps import parse_any

        when = parse_any(held)
    return min(max(_BEGINNING, when.timestamp()), END_OF_TIME)


def _parse_usual(text: str) -> datetime | None:
    """Read the form above, also with parts of a second, or ``UTC`` or ``+00:00`` at its end."""
    bare = text.removesuffix("Z").removesuffix("UTC").removesuffix("+00:00")
    marks = bare[4:5] + bare[7:8] + bare[10:11] + bare[13:14] + bare[16:17] + bare[19:20]
    if bare == text or marks not in ("--T::", "--T::.") or len(bare) not in (19, 23, 26):
        return None
    try:
        return datetime.fromisoformat(bare).replace(tzinfo=timezone.utc)
    except ValueError:
        return None


def parse_http_date(text: str | None) -> float | None:
    """Read a ``Date`` header as epoch seconds; None if it is no date, or an impossible one."""
    try:
        when = parsedate_to_datetime(text or "").timestamp()
    except (AttributeError, LookupError, TypeError, ValueError, ArithmeticError, OSError):
        return None
    return when if 0 <= when <= _LATEST else None


def format_timestamp(when: float) -> str:
    """Write epoch seconds the way the AWS CLI does: ``YYYY-MM-DDTHH:MM:SSZ``."""
    return datetime.fromtimestamp(when, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
