"""Times as text."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from sso_plugin.cli.times import iso, when
from sso_plugin.timestamps import END_OF_TIME

if TYPE_CHECKING:
    from collections.abc import Iterator

MOMENT = 1_800_000_000.0


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 seconds ago"),
        (0.4, "in 0 seconds"),
        (1, "in 1 second"),
        (-59, "59 seconds ago"),
        (90, "in 2 minutes"),
        (89, "in 89 seconds"),
        (3600, "in 60 minutes"),
        (-5400, "2 hours ago"),
        (28799, "in 8 hours"),
        (86400, "in 24 hours"),
        (86400 * 90 - 5, "in 90 days"),
    ],
)
def test_a_time_has_its_distance_from_now(seconds: float, text: str) -> None:
    """In the largest unit of which there are two or more."""
    assert when(MOMENT, MOMENT - seconds) == f"2027-01-15 08:00 UTC ({text})"


@pytest.fixture
def _zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Set the local time zone; None to unset it."""
    if not hasattr(time, "tzset"):
        pytest.skip("the zone of this system cannot be set for one process")
    with monkeypatch.context() as patch:
        if request.param is None:
            patch.delenv("TZ", raising=False)
        else:
            patch.setenv("TZ", request.param)
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("_zone")
@pytest.mark.parametrize(
    ("_zone", "text"),
    [
        ("CET-1CEST,M3.5.0,M10.5.0/3", "2027-01-15 09:00 CET"),
        ("<+0545>-5:45", "2027-01-15 13:45 +0545"),
        ("XYZ10", "2027-01-14 22:00 XYZ"),
        ("", "2027-01-15 08:00 U"),
    ],
    indirect=["_zone"],
)
def test_a_time_is_local_and_has_its_zone(text: str) -> None:
    """Also in a zone that is not usual."""
    assert when(MOMENT).startswith(text)


@pytest.mark.usefixtures("_zone")
@pytest.mark.parametrize("_zone", [None, ":", ":none/such"], indirect=True)
def test_a_time_is_shown_without_a_valid_zone() -> None:
    """The system chooses one."""
    assert when(MOMENT).startswith("2027-01-1")


def test_times_are_utc_for_programs() -> None:
    """In ISO 8601."""
    assert iso(0) == "1970-01-01T00:00:00Z"
    assert iso(None) is None


@pytest.mark.usefixtures("_zone")
@pytest.mark.parametrize("_zone", ["XYZ-14"], indirect=True)
def test_a_time_that_the_local_zone_does_not_have_is_in_utc() -> None:
    """There it is in the year 10000."""
    assert when(END_OF_TIME, MOMENT).startswith("9999-12-31 23:59 UTC (in ")
