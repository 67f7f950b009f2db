"""The clock of the emulator, which tests can change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sso_plugin.emulator.state.emulator_clock import Clock

if TYPE_CHECKING:
    from emulator_clients import MovableTime


@pytest.fixture
def clock(machine_time: MovableTime) -> Clock:
    return Clock(machine_time)


def test_the_clock_follows_the_time_of_the_machine(clock: Clock, machine_time: MovableTime) -> None:
    """Also after it was advanced."""
    clock.advance(50)
    machine_time.now += 7

    assert clock.now() == 1057


def test_advance_returns_the_new_time(clock: Clock) -> None:
    """Negative seconds set the clock back."""
    assert [clock.advance(100), clock.advance(-30)] == [1100, 1070]


def test_the_time_of_the_machine_is_not_advanced(clock: Clock) -> None:
    """The rate limit uses it."""
    clock.advance(100)

    assert clock.machine_time() == 1000


def test_reset_sets_the_time_of_the_machine(clock: Clock) -> None:
    """It undoes all advances."""
    clock.advance(100)

    clock.reset()

    assert clock.now() == 1000
