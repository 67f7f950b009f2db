"""Times and durations as text."""

from __future__ import annotations

import pytest

from sso_plugin.cli.times import duration, iso


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0 seconds"),
        (0, "0 seconds"),
        (1, "1 second"),
        (59.9, "59 seconds"),
        (60, "1 minute"),
        (61, "1 minute 1 second"),
        (3600, "1 hour"),
        (3605, "1 hour"),
        (28799, "7 hours 59 minutes"),
        (86400 * 90 + 3600, "90 days 1 hour"),
    ],
)
def test_a_duration_has_its_two_largest_units(seconds: float, text: str) -> None:
    """Seconds do not matter in a duration of days."""
    assert duration(seconds) == text


def test_times_are_utc_for_programs() -> None:
    """In ISO 8601."""
    assert iso(0) == "1970-01-01T00:00:00Z"
    assert iso(None) is None
