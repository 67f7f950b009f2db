"""Time: the server's clock, lifetimes, timestamps."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import formatdate
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sso_plugin.portal.clock import Ahead, Clock, Lifetime, format_timestamp, parse_timestamp
from sso_plugin.storage.clock_memory import ClockMemory
from sso_plugin.storage.file_cache import FileCache

if TYPE_CHECKING:
    from pathlib import Path


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
def test_a_date_more_than_a_day_off_counts_when_the_next_response_agrees(offset: int) -> None:
    """One response may have a wrong date; one with another date in between starts over."""
    clock = Clock(lambda: 2_000_000_000.0, None)
    wrong, right = (formatdate(2_000_000_000 + each, usegmt=True) for each in (offset, 0))
    clock.observe(wrong)
    assert clock.now() == 2_000_000_000.0
    clock.observe(right)
    clock.observe(wrong)
    clock.observe(formatdate(2_000_000_000 + 2 * offset, usegmt=True))
    assert clock.now() == 2_000_000_000.0
    clock.observe(wrong)
    clock.observe(wrong)
    assert abs(clock.now() - (2_000_000_000 + offset)) <= 0.5
    clock.observe(right)
    assert clock.now() == 2_000_000_000.0


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
    kept: Ahead | None = None

    def clock(self) -> Clock:
        return Clock(lambda: self.wall, lambda: self.since_boot, self)

    def pass_time(self, seconds: float) -> None:
        self.wall += seconds
        self.since_boot += seconds

    def load(self) -> Ahead | None:
        return self.kept

    def save(self, ahead: Ahead | None) -> None:
        self.kept = ahead


def test_a_slow_answer_says_nothing_of_the_clock() -> None:
    """The header was written when the request came, and arrives ten seconds later."""
    machine = Machine()
    clock = machine.clock()
    sent = clock.mark()
    machine.pass_time(10)
    clock.observe(formatdate(1_000_000, usegmt=True), sent)
    assert clock.now() == 1_000_010.0


def test_a_slow_answer_tells_a_wrong_clock_all_the_same() -> None:
    """Two hours are more than the answer can have taken on its way."""
    machine = Machine()
    clock = machine.clock()
    sent = clock.mark()
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
    assert Machine(machine.wall, machine.since_boot, machine.kept).clock().latest() == (
        now + 8 * 3600
    )
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


def test_a_wrong_wall_clock_is_remembered_for_other_processes() -> None:
    """One that only reads the cache judges by the server's time too."""
    machine = Machine()
    machine.clock().observe(formatdate(1_007_200, usegmt=True))
    machine.pass_time(60)
    machine.wall = 5.0
    assert machine.clock().now() == 1_007_260.5


def test_a_right_wall_clock_leaves_nothing_to_remember() -> None:
    """The usual machine has no file of ours for this."""
    machine = Machine(kept=Ahead(1.0, 1.0))
    machine.clock().observe(formatdate(1_000_000, usegmt=True))
    assert machine.kept is None


def test_the_memory_is_read_once() -> None:
    """And not at all before the time is asked for."""
    machine = Machine(kept=Ahead(1_000_000.0, 0.0))
    clock = machine.clock()
    machine.kept = Ahead(2_000_000.0, 0.0)
    assert clock.now() == 2_000_500.0
    machine.kept = None
    assert clock.now() == 2_000_500.0


def test_two_threads_that_ask_first_hear_the_same() -> None:
    """The second does not get the wall clock while the first still reads the memory."""
    machine = Machine(kept=Ahead(1_000_000.0, 0.0))
    clock = machine.clock()
    heard = []
    load = machine.load

    def load_and_be_overtaken() -> Ahead | None:
        machine.load = load  # type: ignore[method-assign]
        heard.append(clock.now())
        return load()

    machine.load = load_and_be_overtaken  # type: ignore[method-assign]
    assert [*heard, clock.now(), *heard] == [1_000_500.0, 1_000_500.0]


def test_what_is_remembered_holds_for_one_boot_only(tmp_path: Path) -> None:
    """After a restart the count from boot begins anew."""
    cache = FileCache(tmp_path)
    ClockMemory(cache, "clock", "boot 1").save(Ahead(123.0, 4.0))
    assert ClockMemory(cache, "clock", "boot 1").load() == (123.0, 4.0)
    assert ClockMemory(cache, "clock", "boot 2").load() is None
    assert ClockMemory(cache, "clock", None).load() is None


@pytest.mark.parametrize("ahead", [None, "noon", True, float("nan"), float("inf"), 10**400])
def test_a_damaged_memory_is_none(tmp_path: Path, ahead: object) -> None:
    """The wall clock will do."""
    cache = FileCache(tmp_path)
    document = {"bootId": "boot 1", "serverAtBoot": 5.0, "serverAheadOfWall": ahead}
    cache.put("clock", document)
    assert ClockMemory(cache, "clock", "boot 1").load() is None


def test_what_is_remembered_is_not_written_again_for_nothing(tmp_path: Path) -> None:
    """A Date header counts whole seconds: differences below one are none."""
    cache = FileCache(tmp_path)
    memory = ClockMemory(cache, "clock", "boot 1")
    memory.save(Ahead(123.0, 10.0))
    memory.save(Ahead(123.9, 10.9))
    assert memory.load() == (123.0, 10.0)
    memory.save(Ahead(124.1, 10.0))
    assert memory.load() == (124.1, 10.0)
    memory.save(Ahead(124.1, 20.0))
    assert memory.load() == (124.1, 20.0)
    memory.save(None)
    assert memory.load() is None


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
    windows = [lifetime.renew_from, lifetime.wait_from, lifetime.wait_until]
    assert [length - moment for moment in windows] == pytest.approx([renew, wait, until])


@settings(derandomize=True)
@given(st.floats(0, 4e9), st.floats(-1e6, 1e6))
def test_waiting_never_begins_before_renewing(issued_at: float, length: float) -> None:
    """The three moments of a lifetime come in their order, whatever the lifetime."""
    lifetime = Lifetime(issued_at, issued_at + length)
    assert lifetime.renew_from <= lifetime.wait_from <= lifetime.wait_until <= lifetime.expires_at


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
