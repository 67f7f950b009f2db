"""The polling of a device login, by a clock that is moved."""

from __future__ import annotations

from dataclasses import dataclass, field

from sso_plugin.signin.polling import Polling

FAULT = OSError("timed out")


@dataclass
class Hours:
    """A clock that goes on when somebody sleeps, or when it is moved."""

    time: float = 1000.0
    pauses: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.time += seconds

    def polling(self, interval: float, patience: float) -> Polling:
        return Polling(interval, patience, self.sleep, lambda: self.time)


def test_the_time_that_requests_take_counts() -> None:
    """Those that time out take most of it."""
    hours = Hours()
    polling = hours.polling(5, 100)
    for _ in range(2):
        polling.wait()
        hours.time += 42
        polling.back_off(FAULT)
    assert not polling.is_over
    polling.wait()
    assert polling.is_over
    assert hours.pauses == [5, 10, 1]


def test_after_the_end_nobody_sleeps() -> None:
    """However long the last request took."""
    hours = Hours()
    polling = hours.polling(5, 10)
    hours.time += 60
    polling.wait()
    assert hours.pauses == [0]


def test_a_slow_pace_is_not_sped_up_by_a_fault() -> None:
    """The portal asked for it, and the longest pause after a fault may be shorter."""
    hours = Hours()
    polling = hours.polling(40, 1000)
    polling.slow_down()
    polling.back_off(FAULT)
    polling.wait()
    polling.reset_pause()
    polling.wait()
    assert hours.pauses == [45, 45]


def test_an_interval_of_nothing_is_backed_off_from_too() -> None:
    """Twice nothing would be nothing."""
    hours = Hours()
    polling = hours.polling(0, 1000)
    for _ in range(3):
        polling.back_off(FAULT)
        polling.wait()
    assert hours.pauses == [2, 4, 8]
