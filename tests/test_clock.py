"""The server's time: what a response changes, and what the clocks of this machine change."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import formatdate

import pytest

from sso_plugin.clock import Clock
from sso_plugin.config.profile import SsoProfile


def test_without_a_response_the_wall_clock_is_used() -> None:
    """There is no offset."""
    assert Clock(lambda: 1000.0).now() == 1000.0


@pytest.mark.parametrize("offset", [-7200, -10, 10, 7200])
def test_the_date_of_a_response_corrects_the_clock(offset: int) -> None:
    """Whether the wall clock is ahead or behind."""
    clock = Clock(lambda: 1_000_000.0, None)
    clock.observe(formatdate(1_000_000 + offset, usegmt=True))
    assert abs(clock.now() - (1_000_000 + offset)) <= 0.5


@pytest.mark.parametrize("offset", [-20 * 365 * 86400, -90_000, 90_000, 20 * 365 * 86400])
def test_a_date_that_differs_by_more_than_a_day_is_ignored(offset: int) -> None:
    """AWS rejects requests that are signed under such an offset anyway."""
    clock = Clock(lambda: 2_000_000_000.0, None)
    for _ in range(3):
        clock.observe(formatdate(2_000_000_000 + offset, usegmt=True))
        assert clock.now() == clock.latest() == clock.earliest() == 2_000_000_000.0


def test_an_ignored_date_does_not_change_the_offset() -> None:
    """The last plausible response counts."""
    clock = Clock(lambda: 1_000_000.0, None)
    clock.observe(formatdate(1_007_200, usegmt=True))
    clock.observe(formatdate(9_000_000, usegmt=True))
    assert clock.now() == 1_007_200.5


def test_earliest_is_the_earlier_one_of_both_clocks() -> None:
    """A person is asked to log in only if both say that the token has expired."""
    for offset, earliest in ((-7200, 992_800.5), (7200, 1_000_000.0)):
        clock = Clock(lambda: 1_000_000.0, None)
        clock.observe(formatdate(1_000_000 + offset, usegmt=True))
        assert clock.earliest() == earliest


def test_a_later_response_removes_the_offset() -> None:
    """The wall clock may have been corrected."""
    clock = Clock(lambda: 1_000_000.0, None)
    clock.observe(formatdate(1_007_200, usegmt=True))
    clock.observe(formatdate(1_000_000, usegmt=True))
    assert clock.now() == 1_000_000.0


@pytest.mark.parametrize("date", ["", "yesterday", "Tue, 99 Foo 2026"])
def test_an_invalid_date_is_ignored(date: str) -> None:
    """A proxy may send anything."""
    clock = Clock(lambda: 1000.0, None)
    clock.observe(date)
    assert clock.now() == 1000.0


@dataclass
class Machine:
    """A machine whose wall clock can be set, and which counts from its boot."""

    wall: float = 1_000_000.0
    since_boot: float = 500.0

    def clock(self) -> Clock:
        return Clock(lambda: self.wall, lambda: self.since_boot)

    def pass_time(self, seconds: float) -> None:
        self.wall += seconds
        self.since_boot += seconds


def test_a_slow_response_does_not_change_the_clock() -> None:
    """The server writes the header at the beginning, ten seconds before it arrives."""
    machine = Machine()
    clock = machine.clock()
    sent = clock.request_time()
    machine.pass_time(10)
    clock.observe(formatdate(1_000_000, usegmt=True), sent)
    assert clock.now() == 1_000_010.0


def test_a_slow_response_corrects_a_wrong_clock() -> None:
    """No response takes two hours."""
    machine = Machine()
    clock = machine.clock()
    sent = clock.request_time()
    machine.pass_time(10)
    clock.observe(formatdate(1_007_200, usegmt=True), sent)
    assert clock.now() == 1_007_205.5


@pytest.mark.parametrize("step", [-7200, 7200])
def test_a_change_of_the_wall_clock_has_no_effect_after_a_response(step: int) -> None:
    """The time since boot is used from then on."""
    machine = Machine()
    clock = machine.clock()
    clock.observe(formatdate(1_000_000, usegmt=True))
    machine.wall += step
    machine.pass_time(60)
    assert clock.now() == 1_000_060.0


@pytest.mark.parametrize("wrong_by", [0, 7200])
def test_latest_includes_a_pause_of_the_machine(wrong_by: int) -> None:
    """A hypervisor that pauses it stops the count since boot, and corrects the wall clock."""
    machine = Machine()
    clock = machine.clock()
    clock.observe(formatdate(1_000_000 + wrong_by, usegmt=True))
    now = clock.now()
    machine.wall += 8 * 3600
    assert (clock.now(), clock.latest()) == (now, now + 8 * 3600)
    clock.observe(formatdate(machine.wall, usegmt=True))
    assert clock.now() == clock.latest() == machine.wall


def test_latest_ignores_a_wall_clock_that_was_set_back() -> None:
    """Only a wall clock that is ahead can show time that was not counted."""
    machine = Machine()
    clock = machine.clock()
    clock.observe(formatdate(1_000_000, usegmt=True))
    machine.wall -= 7200
    assert clock.latest() == clock.now()


def test_a_moment_of_the_wall_clock_is_converted_to_server_time() -> None:
    """Such as the mtime of a file."""
    clock = Clock(lambda: 1_000_000.0, None)
    assert clock.at(999_000.0) == 999_000.0
    clock.observe(formatdate(1_007_200, usegmt=True))
    assert clock.at(999_000.0) == 1_006_200.5


def test_the_sessions_of_a_process_share_the_clock_of_a_portal() -> None:
    """Another portal has another clock, whose dates may be wrong."""
    url = "https://example.awsapps.com/start"
    dev, prod = (SsoProfile(name, url, "eu-central-1") for name in ("dev", "prod"))
    assert Clock.of(dev) is Clock.of(prod)
    assert Clock.of(SsoProfile("dev", url, "us-east-1")) is not Clock.of(dev)


@pytest.mark.parametrize("offset", [-7200, -10, 10, 7200])
def test_the_time_of_the_portal_can_be_learned_from_another_machine(offset: int) -> None:
    """Before the first response. It goes on with the count since boot."""
    machine = Machine()
    clock = machine.clock()
    clock.learn(machine.wall + offset)
    assert clock.now() == machine.wall + offset
    machine.pass_time(60)
    assert clock.now() == machine.wall + offset


@pytest.mark.parametrize("offset", [-2, -1, 0, 1, 2])
def test_a_wall_clock_that_is_right_stays(offset: int) -> None:
    """What another machine knows is as exact as a ``Date`` header."""
    clock = Clock(lambda: 1_000_000.0, None)
    clock.learn(1_000_000.0 + offset)
    assert clock.now() == clock.latest() == clock.earliest() == 1_000_000.0


@pytest.mark.parametrize("offset", [-90_000, 90_000, 20 * 365 * 86400])
def test_a_learned_time_that_differs_by_more_than_a_day_is_ignored(offset: int) -> None:
    """As one in a response is."""
    clock = Clock(lambda: 2_000_000_000.0, None)
    clock.learn(2_000_000_000.0 + offset)
    assert clock.now() == 2_000_000_000.0


def test_a_response_counts_more_than_what_was_learned() -> None:
    """Before and after it."""
    clock = Clock(lambda: 1_000_000.0, None)
    clock.learn(1_000_500.0)
    clock.observe(formatdate(1_000_100, usegmt=True))
    assert clock.now() == 1_000_100.5
    clock.learn(1_000_500.0)
    assert clock.now() == 1_000_100.5


def test_what_is_learned_later_counts() -> None:
    """Until there is a response."""
    clock = Clock(lambda: 1_000_000.0, None)
    clock.learn(1_000_500.0)
    clock.learn(1_000_600.0)
    assert clock.now() == 1_000_600.0


def test_only_a_time_from_the_portal_is_passed_on() -> None:
    """A time that was learned would go from machine to machine, and never be corrected."""
    clock = Clock(lambda: 1_000_000.0, None)
    assert clock.portal_time() is None
    clock.learn(1_000_500.0)
    assert clock.portal_time() is None
    clock.observe("yesterday")
    clock.observe(formatdate(9_000_000, usegmt=True))
    assert clock.portal_time() is None
    clock.observe(formatdate(1_000_100, usegmt=True))
    assert clock.portal_time() == clock.now() == 1_000_100.5
