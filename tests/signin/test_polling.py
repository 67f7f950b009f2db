"""The pauses of a device login, measured by a clock that the test moves."""

from __future__ import annotations

from dataclasses import dataclass, field

from sso_plugin.signin.polling import Polling

ERROR = OSError("timed out")


@dataclass
class ManualClock:
    """A clock that moves when `sleep` is called, or when the test moves it."""

    time: float = 1000.0
    pauses: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.time += seconds

    def polling(self, interval: float, expires_in: float) -> Polling:
        return Polling(interval, expires_in, self.sleep, lambda: self.time)


def test_the_duration_of_requests_counts() -> None:
    """Requests that time out take most of the time."""
    clock = ManualClock()
    polling = clock.polling(5, 100)
    for _ in range(2):
        polling.wait()
        clock.time += 42
        polling.back_off(ERROR)
    assert not polling.is_over
    polling.wait()
    assert polling.is_over
    assert clock.pauses == [5, 10, 1]


def test_wait_returns_at_once_after_the_code_has_expired() -> None:
    """The last request may have taken longer than the rest of the time."""
    clock = ManualClock()
    polling = clock.polling(5, 10)
    clock.time += 60
    polling.wait()
    assert clock.pauses == [0]


def test_a_back_off_is_never_shorter_than_the_interval() -> None:
    """The portal may demand an interval that is longer than the longest back-off."""
    clock = ManualClock()
    polling = clock.polling(40, 1000)
    polling.slow_down()
    polling.back_off(ERROR)
    polling.wait()
    polling.reset_pause()
    polling.wait()
    assert clock.pauses == [45, 45]


def test_a_zero_interval_is_backed_off_from_too() -> None:
    """Twice zero would be zero."""
    clock = ManualClock()
    polling = clock.polling(0, 1000)
    for _ in range(3):
        polling.back_off(ERROR)
        polling.wait()
    assert clock.pauses == [2, 4, 8]
