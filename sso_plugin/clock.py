"""The server's time, from the ``Date`` header of its responses. Expiry uses this time."""

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
"""Seconds. A smaller offset is ignored: a ``Date`` header has whole seconds only."""

_MAX_OFFSET = 86400.0
"""Seconds. A larger offset is ignored: a wrong header is more likely than such a wrong clock."""

_CLOCK_BOOTTIME = getattr(time, "CLOCK_BOOTTIME", None)
_since_boot = None if _CLOCK_BOOTTIME is None else partial(time.clock_gettime, _CLOCK_BOOTTIME)


class _Offset(NamedTuple):
    """By how many seconds the server's time is ahead of the clocks of this machine.

    :param from_boot: ahead of the seconds since boot: the server's time at the moment of boot.
    :param from_wall: ahead of the wall clock.
    """

    from_boot: float
    from_wall: float


class Clock:
    """The server's time: the wall clock, corrected by the last ``Date`` header in this process.

    After the first response, the seconds since boot are used in place of the wall clock. A change
    of the wall clock or a suspend does not affect them. On a system without that count, the wall
    clock is used with an offset.

    If a hypervisor pauses a machine or restores a snapshot, the count since boot is too small. The
    wall clock is then ahead of it, as it is when it was set to a wrong time; only the next response
    shows which clock is right. So expiry uses `now`, and `latest` decides whether a renewal is due.
    """

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        since_boot: Callable[[], float] | None = _since_boot,
    ) -> None:
        self._wall = wall
        self._monotonic = since_boot or wall
        self._offset: _Offset | None = None
        self._has_portal_time = False

    @classmethod
    def of(cls, profile: SsoProfile) -> Clock:
        """Return the clock of a profile's portal. All sessions of this process share it."""
        portal = profile.region, profile.start_url
        return _clocks.setdefault(portal, cls())

    def now(self) -> float:
        """Return the server's time in epoch seconds."""
        offset = self._offset
        return self._wall() if offset is None else self._monotonic() + offset.from_boot

    def latest(self) -> float:
        """Return the later one of the server's time and the corrected wall clock."""
        offset = self._offset
        wall = self._wall()
        return (
            wall
            if offset is None
            else max(self._monotonic() + offset.from_boot, wall + offset.from_wall)
        )

    def earliest(self) -> float:
        """Return the earlier one of the server's time and the wall clock.

        A ``Date`` header may be wrong. So a token counts as expired without a request only if both
        clocks say so.
        """
        return min(self.now(), self._wall())

    def at(self, moment: float) -> float:
        """Return the server's time at a moment of the wall clock, such as the mtime of a file."""
        # Without an offset, exactly the moment: two readings of a clock differ.
        return moment if self._offset is None else moment + self.now() - self._wall()

    def portal_time(self) -> float | None:
        """Return the time of the portal; None if it has sent no response to this process."""
        return self.now() if self._has_portal_time else None

    def learn(self, server: float) -> None:
        """Set the offset by what another machine has learned, unless the portal has sent it.

        :param server: the time of the portal, in epoch seconds.
        """
        if not self._has_portal_time:
            wall = self._wall()
            right = abs(server - wall) <= _TOLERANCE
            self._set(wall if right else server, wall, self._monotonic())

    def request_time(self) -> float:
        """Return the time at which a request is sent, for `observe`."""
        return self._monotonic()

    def observe(self, date: str, sent: float | None = None) -> None:
        """Set the offset by the ``Date`` header of a response that has just arrived.

        The server wrote the header between the request and now. If the wall clock agrees with the
        header at any moment in between, the wall clock counts as right.

        :param sent: the `request_time` of the request; None if it is not known.
        """
        server = parse_http_date(date)
        if server is None:
            return
        server += 0.5
        wall, monotonic = self._wall(), self._monotonic()
        duration = 0.0 if sent is None else max(0.0, monotonic - sent)
        right = wall - duration - _TOLERANCE <= server <= wall + _TOLERANCE
        if self._set(wall if right else server + duration / 2, wall, monotonic):
            self._has_portal_time = True

    def _set(self, now: float, wall: float, monotonic: float) -> bool:
        if abs(now - wall) > _MAX_OFFSET:
            return False
        self._offset = _Offset(now - monotonic, now - wall)
        return True


_clocks: dict[tuple[str, str], Clock] = {}
"""By region and start URL. Not stored on disk: a wrong date would affect all later processes."""
