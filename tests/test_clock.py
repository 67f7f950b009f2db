"""Time: the server's clock, lifetimes, timestamps."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import formatdate
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso_plugin.clock import Clock, Lifetime, format_timestamp, parse_timestamp
from sso_plugin.clockmemory import ClockMemory
from sso_plugin.filecache import FileCache

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
    kept: float | None = None

    def clock(self) -> Clock:
        return Clock(lambda: self.wall, lambda: self.since_boot, self)

    def pass_time(self, seconds: float) -> None:
        self.wall += seconds
        self.since_boot += seconds

    def load(self) -> float | None:
        return self.kept

    def save(self, server_at_boot: float | None) -> None:
        self.kept = server_at_boot


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


def test_a_wrong_wall_clock_is_remembered_for_other_processes() -> None:
    """One that only reads the cache judges by the server's time too."""
    machine = Machine()
    machine.clock().observe(formatdate(1_007_200, usegmt=True))
    machine.pass_time(60)
    machine.wall = 5.0
    assert machine.clock().now() == 1_007_260.5


def test_a_right_wall_clock_leaves_nothing_to_remember() -> None:
    """The usual machine has no file of ours for this."""
    machine = Machine(kept=1.0)
    machine.clock().observe(formatdate(1_000_000, usegmt=True))
    assert machine.kept is None


def test_the_memory_is_read_once() -> None:
    """And not at all before the time is asked for."""
    machine = Machine(kept=1_000_000.0)
    clock = machine.clock()
    machine.kept = 2_000_000.0
    assert clock.now() == 2_000_500.0
    machine.kept = None
    assert clock.now() == 2_000_500.0


def test_what_is_remembered_holds_for_one_boot_only(tmp_path: Path) -> None:
    """After a restart the count from boot begins anew."""
    cache = FileCache(tmp_path)
    ClockMemory(cache, "clock", "boot 1").save(123.0)
    assert ClockMemory(cache, "clock", "boot 1").load() == 123.0
    assert ClockMemory(cache, "clock", "boot 2").load() is None
    assert ClockMemory(cache, "clock", None).load() is None


def test_a_damaged_memory_is_none(tmp_path: Path) -> None:
    """The wall clock will do."""
    cache = FileCache(tmp_path)
    cache.put("clock", {"bootId": "boot 1", "serverAtBoot": "noon"})
    assert ClockMemory(cache, "clock", "boot 1").load() is None


def test_what_is_remembered_is_not_written_again_for_nothing(tmp_path: Path) -> None:
    """A Date header counts whole seconds: differences below one are none."""
    cache = FileCache(tmp_path)
    memory = ClockMemory(cache, "clock", "boot 1")
    memory.save(123.0)
    memory.save(123.9)
    assert memory.load() == 123.0
    memory.save(124.1)
    assert memory.load() == 124.1
    memory.save(None)
    assert memory.load() is None


@pytest.mark.parametrize(
    ("length", "renew", "wait"),
    [(3600, 900, 60), (900, 225, 60), (30, 7.5, 3), (0, 0, 0), (-5, 0, 0)],
)
def test_the_windows_never_exceed_their_share_of_the_lifetime(
    length: float, renew: float, wait: float
) -> None:
    """Renewal begins 15 minutes before the end at most, waiting 60 seconds at most."""
    lifetime = Lifetime(1000.0, 1000.0 + length)
    assert lifetime.expires_at - lifetime.renew_from == renew
    assert lifetime.expires_at - lifetime.wait_from == wait


@given(st.floats(0, 4e9), st.floats(-1e6, 1e6))
def test_waiting_never_begins_before_renewing(issued_at: float, length: float) -> None:
    """The three moments of a lifetime come in their order, whatever the lifetime."""
    lifetime = Lifetime(issued_at, issued_at + length)
    assert lifetime.renew_from <= lifetime.wait_from <= lifetime.expires_at


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


@given(st.integers(0, 253402300799))
def test_what_is_written_is_read_again(when: int) -> None:
    """Writing and reading a timestamp loses nothing, to the year 9999."""
    assert parse_timestamp(format_timestamp(when)) == when
