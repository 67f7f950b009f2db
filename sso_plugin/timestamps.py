"""Timestamps as text: the format that the AWS CLI writes, and all formats that botocore reads."""

from __future__ import annotations

import contextlib
import time
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "END_OF_TIME",
    "clock_time",
    "format_timestamp",
    "parse_http_date",
    "parse_timestamp",
    "timestamp_problem",
    "to_datetime",
    "utc_time",
]

END_OF_TIME = 253402300799.0
"""Epoch seconds: the last second of the year 9999. No timestamp can be later."""

_MINIMUM = -62135596800.0
"""Epoch seconds: the first second of the year 1."""

_LATEST_DATE = END_OF_TIME - 20 * 366 * 86400
"""Epoch seconds. Later ``Date`` headers are ignored, so that no expiry is after the year 9999."""

_MAX_LENGTH = 100
"""Characters of a timestamp: dateutil takes long for a long text."""

_MAX_SHOWN = 40
"""Characters of an invalid timestamp in a message."""

_SHOWN = "%Y-%m-%d %H:%M %Z"
"""How users see a point in time: to the minute, with its time zone."""

_UTC = ("UTC", "GMT", "Z", "z")
"""Names of the time zone UTC."""

_DEFAULT_DAYS = (datetime(2000, 1, 1), datetime(2001, 2, 2))  # noqa: DTZ001 - without an offset
"""Two days that differ in year, month and day: dateutil takes missing parts from such a day."""

_PARSE_ERRORS = (ArithmeticError, AttributeError, LookupError, OSError, RecursionError, TypeError)
"""What dateutil raises for an invalid timestamp, besides ValueError."""


def parse_timestamp(value: object) -> float:
    """Return a timestamp as epoch seconds: ``YYYY-MM-DDTHH:MM:SSZ``, or any format botocore reads.

    The result is between the years 1 and 9999, which other programs write for "never".

    :param value: the value in a document; as in botocore, it may be a datetime.
    :raises ValueError: if the value is not a timestamp.
    """
    when = _parse_usual(value.strip()) if isinstance(value, str) else None
    if when is None:
        when = _parse_any(value)
    return min(max(_MINIMUM, when.timestamp()), END_OF_TIME)


def _parse_usual(text: str) -> datetime | None:
    """Read the usual format, also with fractions, or with ``UTC`` or ``+00:00`` at the end."""
    bare = text.removesuffix("Z").removesuffix("UTC").removesuffix("+00:00")
    separators = bare[4:5] + bare[7:8] + bare[10:11] + bare[13:14] + bare[16:17] + bare[19:20]
    if bare == text or separators not in ("--T::", "--T::.") or len(bare) not in (19, 23, 26):
        return None
    try:
        return datetime.fromisoformat(bare).replace(tzinfo=timezone.utc)
    except ValueError:
        return None


def parse_http_date(text: str | None) -> float | None:
    """Return a ``Date`` header as epoch seconds; None if it is not a valid date."""
    try:
        when = parsedate_to_datetime(text or "").timestamp()
    except (AttributeError, LookupError, TypeError, ValueError, ArithmeticError, OSError):
        return None
    return when if 0 <= when <= _LATEST_DATE else None


def format_timestamp(when: float, *, milliseconds: bool = False) -> str:
    """Return epoch seconds in the format of the AWS CLI: ``YYYY-MM-DDTHH:MM:SSZ``.

    :param milliseconds: use ``YYYY-MM-DDTHH:MM:SS.sssZ``.
    """
    text = to_datetime(when).isoformat(timespec="milliseconds" if milliseconds else "seconds")
    return text.replace("+00:00", "Z")


def clock_time(when: float) -> str:
    """Return a point in time in the local time zone, for the user: ``2026-01-31 22:15 UTC``."""
    moment = to_datetime(when)
    # In some time zones the last hours of 9999 are in the year 10000, which datetime rejects.
    with contextlib.suppress(OverflowError, ValueError):
        moment = moment.astimezone()
    return moment.strftime(_SHOWN)


def utc_time(when: float) -> str:
    """Return a point in time in UTC, for a user elsewhere: ``2026-01-31 22:15 UTC``."""
    return to_datetime(min(when, END_OF_TIME)).strftime(_SHOWN)


def to_datetime(when: float) -> datetime:
    """Return epoch seconds as a datetime in UTC."""
    return datetime.fromtimestamp(when, timezone.utc)


def timestamp_problem(document: Mapping[str, Any], key: str) -> str | None:
    """Return why the timestamp under a key is not valid, as the end of a sentence, or None."""
    value = document.get(key)
    try:
        parse_timestamp(value)
    except ValueError:
        if value is None:
            return f"has no {key}"
        if not isinstance(value, str):
            return f"has an invalid {key}, which is not a string"
        # Not at the top: only a message needs it.
        from .printable import one_line

        return f'has an invalid {key} "{one_line(value, _MAX_SHOWN)}"'
    return None


def _parse_any(value: object) -> datetime:
    """Return a timestamp as botocore reads it, by dateutil. It is in UTC if it has no offset.

    :raises ValueError: if it is not a timestamp, or its time zone is not known. Also if it has
        neither an offset nor a complete date: dateutil takes the missing parts from today's date.
    """
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=timezone.utc)
    if not isinstance(value, str) or len(value) > _MAX_LENGTH:
        raise ValueError("it is not a timestamp")
    try:
        return _parse(value)
    except _PARSE_ERRORS as exc:
        raise ValueError(f"it cannot be read: {type(exc).__name__}") from exc


def _parse(text: str) -> datetime:
    # Not at the top: it takes long to import and is rarely needed.
    from dateutil import parser  # type: ignore[import-untyped]

    when: datetime = parser.parse(text, tzinfos=_zone)
    if when.tzinfo is None:
        first, second = (parser.parse(text, default=day, tzinfos=_zone) for day in _DEFAULT_DAYS)
        if first != second:
            raise ValueError("it is not a complete date")
        when = when.replace(tzinfo=timezone.utc)
    # Raises an error for an offset of more than a day.
    when.timestamp()
    return when


def _zone(name: str | None, offset: int | None) -> Any:
    """Return the time zone for a name and an offset, as dateutil does.

    :raises ValueError: for an unknown name; dateutil would warn and ignore it.
    """
    from dateutil import tz

    if name in _UTC and not offset:
        return timezone.utc
    if name and name in time.tzname:
        return tz.tzlocal()
    if offset is not None:
        return tz.tzoffset(name, offset)
    if name:
        raise ValueError("its time zone is not known")
    return None
