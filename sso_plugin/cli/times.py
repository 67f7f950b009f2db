"""Times as text: for users with their distance from now, for programs in UTC."""

from __future__ import annotations

import time

from sso_plugin.timestamps import clock_time, format_timestamp

__all__ = ["iso", "when"]

_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))
_FEWEST = 2
"""A unit is used from so many of them: 90 minutes, but 2 hours."""


def when(moment: float, now: float | None = None) -> str:
    """Return a point in time, local and relative: ``2026-01-31 22:15 CET (in 7 hours)``.

    :param now: the current time if None.
    """
    away = moment - (time.time() if now is None else now)
    distance = _rounded(abs(away))
    return f"{clock_time(moment)} ({f'in {distance}' if away > 0 else f'{distance} ago'})"


def _rounded(seconds: float) -> str:
    for unit, size in _UNITS:
        count = round(seconds / size)
        if count >= _FEWEST:
            return f"{count} {unit}s"
    return "1 second" if round(seconds) else "0 seconds"


def iso(moment: float | None) -> str | None:
    """Return a point in time in ISO 8601, in UTC: ``2026-01-31T22:15:00Z``."""
    return None if moment is None else format_timestamp(moment)
