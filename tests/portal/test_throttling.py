"""The request rate that all processes share, and the back-off after a 429."""

from __future__ import annotations

import json
import multiprocessing
import time
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.session import Session
from caches import file_cache

import sso_plugin
from sso_plugin import PortalError
from sso_plugin.config.profile import SsoProfile
from sso_plugin.credentials.token_source import TokenSource
from sso_plugin.portal import throttling
from sso_plugin.portal.throttling import CacheBudget, wait_for_slot
from sso_plugin.signin.configured_login import ConfiguredLogin
from sso_plugin.storage import Stores
from sso_plugin.storage.memory_cache import MemoryCache

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.synchronize import Barrier
    from pathlib import Path

    from world import World

    from sso_plugin.emulator import LoggedRequest
    from sso_plugin.storage.cache import Cache

SPAWN = multiprocessing.get_context("spawn")
KEY = "budget"
BURST = 3
"""Requests that do not wait."""

PROCESSES = pytest.mark.parametrize("processes", [2, pytest.param(4, marks=pytest.mark.long)])


class Simulation:
    """A budget of 20 requests per second, in a time that passes only by sleeping."""

    def __init__(self, cache: Cache | None = None, rate: float = 20.0) -> None:
        self.time = 1_700_000_000.0
        self.cache = cache or MemoryCache()
        self.slept: list[float] = []
        self.budget = CacheBudget(KEY, rate, self.cache, now=lambda: self.time)

    def wait_for_slot(self, sleep: Callable[[float], object] | None = None) -> None:
        wait_for_slot(self.budget, lambda: self.time, sleep or self.sleep)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds

    def requests_in(self, seconds: float) -> int:
        """Return the number of requests of a program that sends one after another for a time."""
        end = self.time + seconds
        count = 0
        while True:
            self.wait_for_slot()
            if self.time >= end:
                return count
            count += 1


@pytest.fixture(params=["file", "memory"])
def simulation(request: pytest.FixtureRequest, tmp_path: Path) -> Simulation:
    return Simulation(file_cache(tmp_path, durable=False) if request.param == "file" else None)


def test_the_first_requests_do_not_wait(simulation: Simulation) -> None:
    """A program with one or two requests is not slowed down."""
    for _ in range(BURST):
        simulation.wait_for_slot()
    assert simulation.slept == []


def test_further_requests_have_one_slot_each(simulation: Simulation) -> None:
    """Of a twentieth of a second."""
    for _ in range(BURST + 5):
        simulation.wait_for_slot()
    assert simulation.slept == pytest.approx([0.05] * 5)


def test_unused_slots_are_not_saved(simulation: Simulation) -> None:
    """After a minute without requests, a program does not send a thousand at once."""
    simulation.wait_for_slot()
    simulation.time += 60
    assert simulation.requests_in(1.0) <= 20 + BURST


def test_after_a_429_all_processes_pause_and_halve_the_rate(simulation: Simulation) -> None:
    """The other budget is that of another process, which has the same file."""
    other = Simulation(simulation.cache)
    simulation.budget.slow_down()
    other.wait_for_slot()
    assert other.slept == pytest.approx([0.5])
    assert 10 <= other.requests_in(1.0) <= 12


def test_simultaneous_429_responses_count_as_one(simulation: Simulation) -> None:
    """The requests were sent before the pause began."""
    for _ in range(10):
        simulation.budget.slow_down()
    simulation.wait_for_slot()
    assert 10 <= simulation.requests_in(1.0) <= 12


@pytest.mark.long
def test_the_rate_recovers(simulation: Simulation) -> None:
    """Fully within half a minute without a 429."""
    simulation.budget.slow_down()
    simulation.wait_for_slot()
    rates = [simulation.requests_in(1.0) for _ in range(30)]
    assert rates[0] < rates[7] < rates[15]
    assert rates[20:] == [20] * 10


def test_the_rate_has_a_minimum(simulation: Simulation) -> None:
    """After any number of 429 responses, one request per second is sent."""
    for _ in range(20):
        simulation.budget.slow_down()
        simulation.time += 0.6
    assert simulation.requests_in(4.0) >= 4


@pytest.mark.parametrize(("wanted", "pause"), [(None, 0.5), (0.1, 0.5), (7.0, 7.0), (3600.0, 20.0)])
def test_retry_after_makes_the_pause_longer(wanted: float | None, pause: float) -> None:
    """Up to twenty seconds."""
    simulation = Simulation()
    simulation.budget.slow_down(wanted)
    simulation.wait_for_slot()
    assert sum(simulation.slept) == pytest.approx(pause)


def test_a_429_voids_the_slots_of_waiting_requests() -> None:
    """They reserve another slot after the pause."""
    simulation = Simulation()
    other = Simulation(simulation.cache)
    for _ in range(BURST):
        simulation.wait_for_slot()

    def sleep(seconds: float) -> None:
        simulation.sleep(seconds)
        if len(simulation.slept) == 1:
            other.time = simulation.time
            other.budget.slow_down()

    simulation.wait_for_slot(sleep)
    assert simulation.slept == pytest.approx([0.05, 0.5])


def test_a_request_waits_at_most_a_minute() -> None:
    """A 429 is better than a script that does not continue."""
    simulation = Simulation(rate=0.001)
    for _ in range(5):
        simulation.wait_for_slot()
    assert simulation.slept == pytest.approx([60.0] * 4)


def test_a_clock_that_is_set_back_stops_no_request(simulation: Simulation) -> None:
    """A state from the future is ignored."""
    simulation.requests_in(1.0)
    simulation.slept.clear()
    simulation.time -= 3600
    simulation.wait_for_slot()
    assert simulation.slept == []


@pytest.mark.one_quick_case
@pytest.mark.parametrize(
    "changes",
    [
        {"next_at": None},
        {"next_at": "soon"},
        {"next_at": True},
        {"next_at": 10**400},
        {"next_at": float("nan")},
        {"next_at": 1e308},
        {"next_at": 10_000_000_000.0},
        {"resume_at": 1e300},
        {"written_at": 1e300},
        {"share": 0.0},
        {"share": -1.0},
        {"share": 7.0},
    ],
)
def test_an_invalid_file_stops_no_request(simulation: Simulation, changes: dict[str, Any]) -> None:
    """It is replaced, and the rate is the full one."""
    simulation.wait_for_slot()
    entry = simulation.cache.get(KEY)
    assert entry is not None
    simulation.cache.put(KEY, {**entry.document, **changes})
    assert 20 <= simulation.requests_in(1.0) <= 20 + BURST


def test_a_process_without_a_writable_home_has_its_own_budget(world: World) -> None:
    """Its sessions share it."""
    (world.home / ".aws" / "sso-plugin").write_text("in the way of the folder")
    profile = SsoProfile.of(Session(profile="dev"))
    assert profile is not None
    began = time.time()
    for _ in range(BURST + 4):
        wait_for_slot(throttling.budget_of(profile, Stores(profile.options)))
    assert time.time() - began >= 4 * 0.05


class TestAtThePortal:
    """The requests that the portal receives."""

    @pytest.fixture(autouse=True)
    def _signed_in(self, world: World, _not_enabled: None) -> None:
        world.sign_in()
        sso_plugin.enable()

    @staticmethod
    def use_role() -> None:
        credentials = boto3.Session(profile_name="dev").get_credentials()
        assert credentials is not None
        credentials.get_frozen_credentials()

    @pytest.mark.long
    def test_a_throttled_request_is_retried(self, world: World) -> None:
        """The caller gets no error."""
        world.emulator.faults.add("GetRoleCredentials", status=429, times=3)
        self.use_role()
        assert statuses(world, "GetRoleCredentials") == [429, 429, 429, 200]

    @pytest.mark.long
    def test_a_request_that_is_always_throttled_is_an_error(self, world: World) -> None:
        """After six attempts. The error is retryable."""
        world.emulator.faults.add("GetRoleCredentials", status=429)
        with pytest.raises(PortalError, match="TooManyRequestsException") as caught:
            self.use_role()
        assert caught.value.retryable
        assert statuses(world, "GetRoleCredentials") == [429] * 6

    def test_other_errors_are_retried_by_botocore(self, world: World) -> None:
        """They do not change the rate."""
        world.emulator.faults.add("GetRoleCredentials", status=500, times=2)
        self.use_role()
        assert statuses(world, "GetRoleCredentials") == [500, 500, 200]
        assert budget_of(world)["share"] == 1.0

    def test_a_logout_does_not_wait(self, world: World) -> None:
        """It reserves no slot."""
        assert ConfiguredLogin.find("dev").end()
        assert list((world.home / ".aws" / "sso-plugin").glob("budget-*.json")) == []

    def test_the_file_has_four_numbers(self, world: World) -> None:
        """And nothing that identifies a user."""
        self.use_role()
        assert list(budget_of(world)) == ["next_at", "resume_at", "share", "written_at"]

    @pytest.mark.long
    @PROCESSES
    def test_processes_share_one_budget(self, world: World, processes: int) -> None:
        """No request is sent before its slot, however the processes are scheduled."""
        world.configure(world.emulator.profile() + "sso_requests_per_second = 40\n")
        began = run_together(processes, calls=10)
        requests = served(world, "ListAccounts")
        assert len(requests) == 10 * processes
        early = [
            index
            for index, request in enumerate(requests)
            if request.time < began + (index - BURST - 1) / 40
        ]
        assert early == []

    @pytest.mark.long
    def test_processes_slow_down_together(self, world: World) -> None:
        """One receives a 429 with ``Retry-After``, and the other one waits as well."""
        world.emulator.faults.add("ListAccounts", status=429, retry_after=1.0, times=1)
        run_together(processes=1, calls=1)
        run_together(processes=1, calls=1)
        throttled, *others = served(world, "ListAccounts")
        assert (throttled.status, [each.status for each in others]) == (429, [200, 200])
        assert all(each.time >= throttled.time + 0.9 for each in others)

    @pytest.mark.long
    @PROCESSES
    def test_a_lower_limit_of_the_portal_makes_no_call_fail(
        self, world: World, processes: int
    ) -> None:
        """The portal allows a fifth of the rate in the profile."""
        world.configure(world.emulator.profile() + "sso_requests_per_second = 50\n")
        world.emulator.settings.requests_per_second = 10
        run_together(processes, calls=10)
        found = statuses(world, "ListAccounts")
        assert found.count(200) == 10 * processes
        assert 0 < found.count(429) < 10 * processes


def run_together(processes: int, calls: int) -> float:
    """List the accounts a number of times in each process. Return when the first one began."""
    barrier = SPAWN.Barrier(processes + 1)
    started = [SPAWN.Process(target=list_accounts, args=(barrier, calls)) for _ in range(processes)]
    for process in started:
        process.start()
    began = time.time()
    barrier.wait(60)
    for process in started:
        process.join(60)
    assert [process.exitcode for process in started] == [0] * processes
    return began


def list_accounts(barrier: Barrier, calls: int) -> None:
    listings = TokenSource(ConfiguredLogin.find("dev")).listings()
    barrier.wait(60)
    for _ in range(calls):
        assert len(list(listings.accounts())) == 3


def served(world: World, operation: str) -> list[LoggedRequest]:
    return sorted(
        (each for each in world.emulator.requests if each.operation == operation),
        key=lambda request: request.time,
    )


def statuses(world: World, operation: str) -> list[int]:
    return [request.status for request in served(world, operation)]


def budget_of(world: World) -> dict[str, float]:
    [file] = (world.home / ".aws" / "sso-plugin").glob("budget-*.json")
    document: dict[str, float] = json.loads(file.read_text())
    return document
