"""Time: the server's clock, lifetimes, timestamps."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import formatdate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sso_plugin.clock import Clock
from sso_plugin.credentials.schedule import Lifetime
from sso_plugin.timestamps import format_timestamp, parse_timestamp


def test_the_wall_clock_counts_until_a_server_says_otherwise() -> None:
    """Without a response there is no offset."""
    assert Clock(lambda: 1000.0).now() == 1000.0


@pytest.mark.parametrize("offset", [-7200, -10, 10, 7200])
def test_the_date_of_a_response_sets_the_clock_right(offset: int) -> None:
    """A local clock that is wrong either way is corrected to the server's, to the second."""
    clock = Clock(lambda: 1_000_000.0, None)
    clock.observe(formatdate(1_000_000 + offset, usegmt=True))
    assert abs(clock.now() - (1_000_000 + offset)) <= 0.5


@pytest.mark.parametrize("offset", [-20 * 365 * 86400, -90_000, 90_000, 20 * 365 * 86400])
def test_a_date_more_than_a_day_off_is_ignored(offset: int) -> None:
    """However often it comes: AWS rejects what is signed under such an offset anyway."""
    clock = Clock(lambda: 2_000_000_000.0, None)
    for _ in range(3):
        clock.observe(formatdate(2_000_000_000 + offset, usegmt=True))
        assert clock.now() == clock.latest() == clock.earliest() == 2_000_000_000.0


def test_a_date_that_is_ignored_changes_no_known_offset() -> None:
    """The last plausible response counts."""
    clock = Clock(lambda: 1_000_000.0, None)
    clock.observe(formatdate(1_007_200, usegmt=True))
    clock.observe(formatdate(9_000_000, usegmt=True))
    assert clock.now() == 1_007_200.5


def test_the_earlier_of_two_clocks_counts_before_a_person_is_asked() -> None:
    """Whichever of them is ahead."""
    for offset, earliest in ((-7200, 992_800.5), (7200, 1_000_000.0)):
        clock = Clock(lambda: 1_000_000.0, None)
        clock.observe(formatdate(1_000_000 + offset, usegmt=True))
        assert clock.earliest() == earliest


def test_a_later_response_takes_the_offset_back() -> None:
    """A clock that somebody sets right is right."""
    clock = Clock(lambda: 1_000_000.0, None)
    clock.observe(formatdate(1_007_200, usegmt=True))
    clock.observe(formatdate(1_000_000, usegmt=True))
    assert clock.now() == 1_000_000.0


@pytest.mark.parametrize("date", ["", "yesterday", "Tue, 99 Foo 2026"])
def test_a_date_that_is_none_changes_nothing(date: str) -> None:
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


def test_a_slow_answer_says_nothing_of_the_clock() -> None:
    """The header was written when the request came, and arrives ten seconds later."""
    machine = Machine()
    clock = machine.clock()
    sent = clock.request_time()
    machine.pass_time(10)
    clock.observe(formatdate(1_000_000, usegmt=True), sent)
    assert clock.now() == 1_000_010.0


def test_a_slow_answer_tells_a_wrong_clock_all_the_same() -> None:
    """Two hours are more than the answer can have taken on its way."""
    machine = Machine()
    clock = machine.clock()
    sent = clock.request_time()
    machine.pass_time(10)
    clock.observe(formatdate(1_007_200, usegmt=True), sent)
    assert clock.now() == 1_007_205.5


@pytest.mark.parametrize("step", [-7200, 7200])
def test_a_step_of_the_wall_clock_changes_nothing(step: int) -> None:
    """Once a server was heard, time is counted from boot."""
    machine = Machine()
    clock = machine.clock()
    clock.observe(formatdate(1_000_000, usegmt=True))
    machine.wall += step
    machine.pass_time(60)
    assert clock.now() == 1_000_060.0


@pytest.mark.parametrize("wrong_by", [0, 7200])
def test_a_machine_that_was_held_may_be_late(wrong_by: int) -> None:
    """A hypervisor that pauses it stops the count from boot; its wall clock is set right after."""
    machine = Machine()
    clock = machine.clock()
    clock.observe(formatdate(1_000_000 + wrong_by, usegmt=True))
    now = clock.now()
    machine.wall += 8 * 3600
    assert (clock.now(), clock.latest()) == (now, now + 8 * 3600)
    clock.observe(formatdate(machine.wall, usegmt=True))
    assert clock.now() == clock.latest() == machine.wall


def test_a_wall_clock_that_is_set_back_makes_nothing_due() -> None:
    """Only one that is ahead can be right about a time that was not counted."""
    machine = Machine()
    clock = machine.clock()
    clock.observe(formatdate(1_000_000, usegmt=True))
    machine.wall -= 7200
    assert clock.latest() == clock.now()


def test_a_moment_of_the_wall_clock_is_one_of_the_server_too() -> None:
    """When a file was written, say."""
    clock = Clock(lambda: 1_000_000.0, None)
    assert clock.at(999_000.0) == 999_000.0
    clock.observe(formatdate(1_007_200, usegmt=True))
    assert clock.at(999_000.0) == 1_006_200.5


@pytest.mark.parametrize(
    ("length", "renew", "wait", "until"),
    [
        (43200, 900, 60, 12),
        (3600, 900, 60, 12),
        (900, 225, 60, 12),
        (30, 7.5, 3, 0.6),
        (0, 900, 60, 12),
        (-5, 900, 60, 12),
    ],
)
def test_the_windows_never_exceed_their_share_of_the_lifetime(
    length: float, renew: float, wait: float, until: float
) -> None:
    """Renewal begins 15 minutes before the end at most, waiting 60 seconds, and ends at 12."""
    lifetime = Lifetime(0.0, length)
    windows = [lifetime.advisory_refresh_at, lifetime.mandatory_refresh_at, lifetime.wait_until]
    assert [length - moment for moment in windows] == pytest.approx([renew, wait, until])


@settings(derandomize=True)
@given(st.floats(0, 4e9), st.floats(-1e6, 1e6))
def test_waiting_never_begins_before_renewing(issued_at: float, length: float) -> None:
    """The three moments of a lifetime come in their order, whatever the lifetime."""
    lifetime = Lifetime(issued_at, issued_at + length)
    assert (
        lifetime.advisory_refresh_at
        <= lifetime.mandatory_refresh_at
        <= lifetime.wait_until
        <= lifetime.expires_at
    )


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-24T08:00:00Z",
        "2026-11-24T08:00:00UTC",
        "2026-11-24T08:00:00.000Z",
        "2026-11-24T10:00:00+02:00",
        " 2026-11-24T08:00:00Z\n",
    ],
)
def test_every_form_that_tools_write_is_read(text: str) -> None:
    """The AWS CLI, older tools and other SDKs write the same moment differently."""
    assert parse_timestamp(text) == 1795507200.0


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01T00:00:00Z", "1795507200", "0000-00-00"])
def test_what_is_no_timestamp_is_refused(text: str) -> None:
    """Anything else is a ValueError, which its readers expect."""
    with pytest.raises(ValueError, match=r"."):
        parse_timestamp(text)


@settings(derandomize=True)
@given(st.integers(0, 253402300799))
def test_what_is_written_is_read_again(when: int) -> None:
    """Writing and reading a timestamp loses nothing, to the year 9999."""
    assert parse_timestamp(format_timestamp(when)) == when
