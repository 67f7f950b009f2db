"""Timestamps as text: the form that the AWS CLI writes, and every form that botocore reads."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "END_OF_TIME",
    "format_timestamp",
    "parse_http_date",
    "parse_timestamp",
    "timestamp_problem",
    "to_datetime",
]

END_OF_TIME = 253402300799.0
"""Epoch seconds: the last second of the year 9999. No timestamp can be later."""

_BEGINNING = -62135596800.0
"""Epoch seconds: the first second of the year 1."""

_LATEST = END_OF_TIME - 20 * 366 * 86400
"""Epoch seconds. Later dates are ignored, so that what is granted ends before the year 10000."""

_LONGEST = 100
"""Characters of a timestamp. dateutil takes time for each of them."""

_LONGEST_SHOWN = 40
"""Characters of an invalid timestamp in a message."""

_UTC = ("UTC", "GMT", "Z", "z")
_DAYS = (datetime(2000, 1, 1), datetime(2001, 2, 2))  # noqa: DTZ001 - for a time without an offset
_ERRORS = (ArithmeticError, AttributeError, LookupError, OSError, RecursionError, TypeError)


def parse_timestamp(held: object) -> float:
    """Read a timestamp as epoch seconds: ``YYYY-MM-DDTHH:MM:SSZ``, or any form that botocore reads.

    Other programs write the year 1 or 9999 for "never": what comes back can be written again.

    :param held: what a document has in its place; botocore takes a datetime too.
    :raises ValueError: for anything else.
    """
    when = _parse_usual(held.strip()) if isinstance(held, str) else None
    if when is None:
        when = _parse_any(held)
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


def format_timestamp(when: float, *, milliseconds: bool = False) -> str:
    """Write epoch seconds the way the AWS CLI does: ``YYYY-MM-DDTHH:MM:SSZ``.

    :param milliseconds: write them too: ``YYYY-MM-DDTHH:MM:SS.sssZ``.
    """
    text = to_datetime(when).isoformat(timespec="milliseconds" if milliseconds else "seconds")
    return text.replace("+00:00", "Z")


def to_datetime(when: float) -> datetime:
    """Return epoch seconds as a datetime in UTC."""
    return datetime.fromtimestamp(when, timezone.utc)


def timestamp_problem(document: Mapping[str, Any], key: str) -> str | None:
    """Say why the timestamp under a key cannot be read, as the end of a sentence, or None."""
    held = document.get(key)
    try:
        parse_timestamp(held)
    except ValueError:
        if held is None:
            return f"has no {key}"
        if not isinstance(held, str):
            return f"has an invalid {key}, which is not a string"
        # Needed for a message only.
        from .printable import one_line

        return f'has an invalid {key} "{one_line(held, _LONGEST_SHOWN)}"'
    return None


def _parse_any(held: object) -> datetime:
    """Return the moment that botocore reads, by dateutil; without an offset, in UTC.

    :raises ValueError: if there is none, or its time zone is not known. Also if there is neither
        an offset nor a whole date: dateutil would take what is missing from today's date.
    """
    if isinstance(held, datetime):
        return held if held.tzinfo else held.replace(tzinfo=timezone.utc)
    if not isinstance(held, str) or len(held) > _LONGEST:
        raise ValueError("it is not a timestamp")
    try:
        return _parse(held)
    except _ERRORS as exc:
        raise ValueError(f"it cannot be read: {type(exc).__name__}") from exc


def _parse(text: str) -> datetime:
    # Takes longer to import than all else here, and is rarely needed.
    from dateutil import parser  # type: ignore[import-untyped]

    when: datetime = parser.parse(text, tzinfos=_zone)
    if when.tzinfo is None:
        first, second = (parser.parse(text, default=day, tzinfos=_zone) for day in _DAYS)
        if first != second:
            raise ValueError("it is not a whole date")
        when = when.replace(tzinfo=timezone.utc)
    # Fails here for an offset of more than a day.
    when.timestamp()
    return when


def _zone(name: str | None, offset: int | None) -> Any:
    """Return the time zone of a name and an offset as dateutil does, but refuse an unknown name.

    With a warning, dateutil would read the time as one without an offset.
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
