"""The server's time, learned from its responses. What expires is judged by it."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from .timestamps import parse_http_date

if TYPE_CHECKING:
    from collections.abc import Callable

    from .config.profile import SsoProfile

__all__ = ["Clock"]

_TOLERANCE = 2.0
"""Seconds. A ``Date`` header counts whole seconds, so a smaller offset is none."""

_IMPLAUSIBLE = 86400.0
"""Seconds. A larger offset is ignored: the header is wrong more often than the clock."""

_CLOCK_BOOTTIME = getattr(time, "CLOCK_BOOTTIME", None)
_since_boot = None if _CLOCK_BOOTTIME is None else partial(time.clock_gettime, _CLOCK_BOOTTIME)


class _Ahead(NamedTuple):
    """By how many seconds the server is ahead of what this machine counts.

    :param of_boot: ahead of the count from boot, so this is the server's time at that moment.
    :param of_wall: ahead of the wall clock.
    """

    of_boot: float
    of_wall: float


class Clock:
    """The server's time: by its last ``Date`` header in this process, else by the wall clock.

    After the first response, time is counted from boot: neither a change of the wall clock nor a
    suspend affects it. Where the system has no such count, the wall clock is used with an offset.

    A machine that its hypervisor has paused, or put back to a snapshot, has counted too little.
    Its wall clock is then ahead, as is one that was set to a wrong time; only the next response
    shows which of the two it is. So whether something has expired is judged by `now`, and whether
    a renewal is due by `latest`.
    """

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        since_boot: Callable[[], float] | None = _since_boot,
    ) -> None:
        self._wall = wall
        self._steady = since_boot or wall
        self._ahead: _Ahead | None = None

    @classmethod
    def of(cls, profile: SsoProfile) -> Clock:
        """Return the clock of a profile's portal, which all sessions of this process share."""
        portal = profile.region, profile.start_url
        return _clocks.setdefault(portal, cls())

    def now(self) -> float:
        """Return the server's time in epoch seconds."""
        ahead = self._ahead
        return self._wall() if ahead is None else self._steady() + ahead.of_boot

    def latest(self) -> float:
        """Return the server's time, or what the wall clock says it is, whichever is later."""
        ahead = self._ahead
        wall = self._wall()
        return wall if ahead is None else max(self._steady() + ahead.of_boot, wall + ahead.of_wall)

    def earliest(self) -> float:
        """Return the server's time, or that of the wall clock if it is earlier.

        The date of a response may be wrong. So where the portal can decide, it is asked, unless
        both clocks agree.
        """
        return min(self.now(), self._wall())

    def at(self, moment: float) -> float:
        """Return the server's time at a moment of the wall clock, such as a file's."""
        return moment + self.now() - self._wall()

    def mark(self) -> float:
        """Return the moment at which a request is sent, for `observe`."""
        return self._steady()

    def observe(self, date: str, sent: float | None = None) -> None:
        """Learn the server's time from the ``Date`` header of a response that has just arrived.

        The header was written at some time since the request was ``sent``. If the wall clock may
        have been right at that time, it counts as right.
        """
        server = parse_http_date(date)
        if server is None:
            return
        server += 0.5
        wall, steady = self._wall(), self._steady()
        took = 0.0 if sent is None else max(0.0, steady - sent)
        right = wall - took - _TOLERANCE <= server <= wall + _TOLERANCE
        now = wall if right else server + took / 2
        if abs(now - wall) <= _IMPLAUSIBLE:
            self._ahead = _Ahead(now - steady, now - wall)


_clocks: dict[tuple[str, str], Clock] = {}
"""By region and start URL. Not on disk: one wrong date would affect every later process."""
