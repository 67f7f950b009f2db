"""Times and durations as the commands say them."""

from __future__ import annotations

import pytest

from sso_plugin.cli.times import clock_time, duration, iso


@pytest.mark.parametrize(
    ("seconds", "said"),
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
def test_a_duration_is_said_by_its_two_largest_units(seconds: float, said: str) -> None:
    """Nobody needs the seconds of a day."""
    assert duration(seconds) == said


def test_times_are_of_the_clock_on_the_wall_for_people_and_of_utc_for_programs() -> None:
    """Each as it is used."""
    assert iso(0) == "1970-01-01T00:00:00Z"
    assert iso(None) is None
    assert clock_time(0).startswith(("1970-01-01 ", "1969-12-31 "))
