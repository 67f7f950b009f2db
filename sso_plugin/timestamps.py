"""Timestamps in all forms that botocore reads. Imported only for one that is not the usual form."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from dateutil import parser, tz  # type: ignore[import-untyped]

__all__ = ["parse_any"]

_LONGEST = 100
"""Characters. The parser takes time for each of them."""

_UTC = ("UTC", "GMT", "Z", "z")
_DAYS = (datetime(2000, 1, 1), datetime(2001, 2, 2))  # noqa: DTZ001 - for a time without an offset
_ERRORS = (ArithmeticError, AttributeError, LookupError, OSError, RecursionError, TypeError)


def parse_any(held: object) -> datetime:
    """Return the moment that botocore reads, by dateutil; without an offset, in UTC.

    :raises ValueError: if there is none, or its time zone is not known. Also if there is neither
        an offset nor a whole date: dateutil would take what is missing from today's date.
    """
    if isinstance(held, datetime):
        return held if held.tzinfo else held.replace(tzinfo=tz.UTC)
    if not isinstance(held, str) or len(held) > _LONGEST:
        raise ValueError("it is not a timestamp")
    try:
        return _parse(held)
    except _ERRORS as exc:
        raise ValueError(f"it cannot be read: {type(exc).__name__}") from exc


def _parse(text: str) -> datetime:
    when: datetime = parser.parse(text, tzinfos=_zone)
    if when.tzinfo is None:
        first, second = (parser.parse(text, default=day, tzinfos=_zone) for day in _DAYS)
        if first != second:
            raise ValueError("it is not a whole date")
        when = when.replace(tzinfo=tz.UTC)
    # Fails here for an offset of more than a day.
    when.timestamp()
    return when


def _zone(name: str | None, offset: int | None) -> Any:
    """Return the time zone of a name and an offset as dateutil does, but refuse an unknown name.

    With a warning, dateutil would read the time as one without an offset.
    """
    if name in _UTC and not offset:
        return tz.UTC
    if name and name in time.tzname:
        return tz.tzlocal()
    if offset is not None:
        return tz.tzoffset(name, offset)
    if name:
        raise ValueError("its time zone is not known")
    return None
