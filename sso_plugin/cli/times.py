"""Times and durations as text, for users and for programs."""

from __future__ import annotations

from sso_plugin.timestamps import format_timestamp

__all__ = ["duration", "iso"]

_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))


def duration(seconds: float) -> str:
    """Return a duration in its two largest units: ``7 hours 59 minutes``."""
    left = max(0, int(seconds))
    parts: list[tuple[int, str]] = []
    for name, size in _UNITS:
        count, left = divmod(left, size)
        if count or parts:
            parts.append((count, name))
    named = [f"{count} {name}{'' if count == 1 else 's'}" for count, name in parts[:2] if count]
    return " ".join(named) or "0 seconds"


def iso(when: float | None) -> str | None:
    """Return a point in time in ISO 8601, in UTC: ``2026-01-31T22:15:00Z``."""
    return None if when is None else format_timestamp(when)
