"""The pace of a device login, by a clock that is moved."""

from __future__ import annotations

from dataclasses import dataclass, field

from sso_plugin.pace import Pace

FAULT = OSError("timed out")


@dataclass
class Hours:
    """A clock that goes on when somebody sleeps, or when it is moved."""

    time: float = 1000.0
    pauses: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.time += seconds

    def pace(self, interval: float, patience: float) -> Pace:
        return Pace(interval, patience, self.sleep, lambda: self.time)


def test_the_time_that_requests_take_counts() -> None:
    """Those that time out take most of it."""
    hours = Hours()
    pace = hours.pace(5, 100)
    for _ in range(2):
        pace.wait()
        hours.time += 42
        pace.back_off(FAULT)
    assert not pace.over
    pace.wait()
    assert pace.over
    assert hours.pauses == [5, 10, 1]


def test_after_the_end_nobody_sleeps() -> None:
    """However long the last request took."""
    hours = Hours()
    pace = hours.pace(5, 10)
    hours.time += 60
    pace.wait()
    assert hours.pauses == [0]


def test_a_slow_pace_is_not_sped_up_by_a_fault() -> None:
    """The portal asked for it, and the longest pause after a fault may be shorter."""
    hours = Hours()
    pace = hours.pace(40, 1000)
    pace.slow_down()
    pace.back_off(FAULT)
    pace.wait()
    pace.go_on()
    pace.wait()
    assert hours.pauses == [45, 45]


def test_an_interval_of_nothing_is_backed_off_from_too() -> None:
    """Twice nothing would be nothing."""
    hours = Hours()
    pace = hours.pace(0, 1000)
    for _ in range(3):
        pace.back_off(FAULT)
        pace.wait()
    assert hours.pauses == [2, 4, 8]
