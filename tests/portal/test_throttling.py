"""The budget of requests: an even pace for all processes, slower for all after a refusal."""

from __future__ import annotations

import json
import multiprocessing
import time
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.session import Session

import sso_plugin
from sso_plugin import PortalError
from sso_plugin.config.profile import SsoProfile
from sso_plugin.credentials.token_source import TokenSource
from sso_plugin.portal.throttling import Budget
from sso_plugin.signin.configured_login import ConfiguredLogin
from sso_plugin.storage.cache import MemoryCache
from sso_plugin.storage.file_cache import FileCache

if TYPE_CHECKING:
    from multiprocessing.synchronize import Barrier
    from pathlib import Path

    from world import World

    from sso_plugin.emulator import LoggedRequest
    from sso_plugin.storage.cache import Cache

SPAWN = multiprocessing.get_context("spawn")
KEY = "budget"
IN_A_ROW = 3


class Simulation:
    """A budget of 20 requests per second in a time that passes only by sleeping."""

    def __init__(self, cache: Cache | None = None, rate: float = 20.0) -> None:
        self.time = 1_700_000_000.0
        self.cache = cache or MemoryCache()
        self.slept: list[float] = []
        self.budget = Budget(KEY, rate, self.cache, now=lambda: self.time, sleep=self.sleep)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds

    def taken_in(self, seconds: float) -> int:
        """Count the requests that are made in a time by a program that makes one after another."""
        end = self.time + seconds
        count = 0
        while True:
            self.budget.take()
            if self.time >= end:
                return count
            count += 1


@pytest.fixture(params=["file", "memory"])
def simulation(request: pytest.FixtureRequest, tmp_path: Path) -> Simulation:
    return Simulation(FileCache(tmp_path) if request.param == "file" else None)


def test_a_few_requests_in_a_row_do_not_wait(simulation: Simulation) -> None:
    """A program that asks once or twice does not feel the budget."""
    for _ in range(IN_A_ROW):
        simulation.budget.take()
    assert simulation.slept == []


def test_many_requests_go_at_an_even_pace(simulation: Simulation) -> None:
    """After the first few, one each twentieth of a second."""
    for _ in range(IN_A_ROW + 5):
        simulation.budget.take()
    assert simulation.slept == pytest.approx([0.05] * 5)


def test_time_that_was_not_used_is_not_saved_up(simulation: Simulation) -> None:
    """A program that was quiet for a minute makes a few requests in a row, not a thousand."""
    simulation.budget.take()
    simulation.time += 60
    assert simulation.taken_in(1.0) <= 20 + IN_A_ROW


def test_after_a_refusal_all_pause_and_go_on_at_half_the_pace(simulation: Simulation) -> None:
    """The other budget is that of another process: it sees the same file."""
    other = Simulation(simulation.cache)
    simulation.budget.slow_down()
    other.budget.take()
    assert other.slept == pytest.approx([0.5])
    assert 10 <= other.taken_in(1.0) <= 12


def test_refusals_of_requests_under_way_together_count_as_one(simulation: Simulation) -> None:
    """Ten threads that are refused at once do not bring all to a halt."""
    for _ in range(10):
        simulation.budget.slow_down()
    simulation.budget.take()
    assert 10 <= simulation.taken_in(1.0) <= 12


def test_the_pace_recovers(simulation: Simulation) -> None:
    """Fully within half a minute, if nobody is refused again."""
    simulation.budget.slow_down()
    simulation.budget.take()
    paces = [simulation.taken_in(1.0) for _ in range(30)]
    assert paces[0] < paces[7] < paces[15]
    assert paces[20:] == [20] * 10


def test_the_pace_never_comes_to_a_halt(simulation: Simulation) -> None:
    """However often the portal refuses, one request per second is still made."""
    for _ in range(20):
        simulation.budget.slow_down()
        simulation.time += 0.6
    assert simulation.taken_in(4.0) >= 4


@pytest.mark.parametrize(("wanted", "pause"), [(None, 0.5), (0.1, 0.5), (7.0, 7.0), (3600.0, 20.0)])
def test_the_portal_may_ask_for_a_longer_pause(wanted: float | None, pause: float) -> None:
    """``Retry-After`` in seconds; more than twenty are not waited for."""
    simulation = Simulation()
    simulation.budget.slow_down(wanted)
    simulation.budget.take()
    assert sum(simulation.slept) == pytest.approx(pause)


def test_who_waits_while_another_is_refused_waits_anew() -> None:
    """A turn that was given before the refusal is void."""
    simulation = Simulation()
    other = Simulation(simulation.cache)
    for _ in range(IN_A_ROW):
        simulation.budget.take()

    def sleep(seconds: float) -> None:
        simulation.sleep(seconds)
        if len(simulation.slept) == 1:
            other.time = simulation.time
            other.budget.slow_down()

    Budget(KEY, 20.0, simulation.cache, now=lambda: simulation.time, sleep=sleep).take()
    assert simulation.slept == pytest.approx([0.05, 0.5])


def test_nobody_waits_for_more_than_a_minute() -> None:
    """A request that may be refused is better than a script that seems dead."""
    simulation = Simulation(rate=0.001)
    for _ in range(5):
        simulation.budget.take()
    assert simulation.slept == pytest.approx([60.0] * 4)


def test_a_clock_that_was_set_back_stops_nobody(simulation: Simulation) -> None:
    """What was written in a future that is none any more does not count."""
    simulation.taken_in(1.0)
    simulation.slept.clear()
    simulation.time -= 3600
    simulation.budget.take()
    assert simulation.slept == []


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
def test_a_file_that_cannot_be_believed_stops_nobody(
    simulation: Simulation, changes: dict[str, Any]
) -> None:
    """It is replaced, and the pace is an even one again."""
    simulation.budget.take()
    entry = simulation.cache.get(KEY)
    assert entry is not None
    simulation.cache.put(KEY, {**entry.document, **changes})
    assert 20 <= simulation.taken_in(1.0) <= 20 + IN_A_ROW


def test_without_a_home_that_can_be_written_a_process_keeps_its_own_budget(world: World) -> None:
    """All sessions of the process share it."""
    (world.home / ".aws" / "sso-plugin").write_text("in the way of the folder")
    profile = SsoProfile.of(Session(profile="dev"))
    assert profile is not None
    began = time.time()
    for _ in range(IN_A_ROW + 4):
        Budget.of(profile).take()
    assert time.time() - began >= 4 * 0.05


class TestAtThePortal:
    """What the portal sees of it."""

    @pytest.fixture(autouse=True)
    def _signed_in(self, world: World, _not_enabled: None) -> None:
        world.sign_in()
        sso_plugin.enable()

    @staticmethod
    def use_role() -> None:
        credentials = boto3.Session(profile_name="dev").get_credentials()
        assert credentials is not None
        credentials.get_frozen_credentials()

    def test_a_request_is_repeated_until_it_is_not_refused_any_more(self, world: World) -> None:
        """The caller does not hear of it."""
        world.emulator.faults.add("GetRoleCredentials", status=429, times=3)
        self.use_role()
        assert statuses(world, "GetRoleCredentials") == [429, 429, 429, 200]

    def test_a_request_that_is_always_refused_fails_at_last(self, world: World) -> None:
        """After a bounded number of attempts; the error says that it is worth another try."""
        world.emulator.faults.add("GetRoleCredentials", status=429)
        with pytest.raises(PortalError, match="TooManyRequestsException") as caught:
            self.use_role()
        assert caught.value.retryable
        assert statuses(world, "GetRoleCredentials") == [429] * 6

    def test_other_errors_are_repeated_as_botocore_does(self, world: World) -> None:
        """They are no reason to slow down."""
        world.emulator.faults.add("GetRoleCredentials", status=500, times=2)
        self.use_role()
        assert statuses(world, "GetRoleCredentials") == [500, 500, 200]
        assert budget_of(world)["share"] == 1.0

    def test_a_logout_needs_no_budget(self, world: World) -> None:
        """It does not wait for its turn."""
        assert ConfiguredLogin.find("dev").end()
        assert list((world.home / ".aws" / "sso-plugin").glob("budget-*.json")) == []

    def test_the_file_tells_nobody_anything(self, world: World) -> None:
        """Four numbers, readable by their owner only."""
        self.use_role()
        assert list(budget_of(world)) == ["next_at", "resume_at", "share", "written_at"]

    def test_processes_share_one_budget(self, world: World) -> None:
        """However they are released, no request comes before its turn in the pace of all."""
        world.configure(world.emulator.profile() + "sso_requests_per_second = 40\n")
        began = run_together(processes=4, calls=15)
        requests = served(world, "ListAccounts")
        assert len(requests) == 60
        early = [
            index
            for index, request in enumerate(requests)
            if request.time < began + (index - IN_A_ROW - 1) / 40
        ]
        assert early == []

    def test_processes_slow_down_together(self, world: World) -> None:
        """One is told to wait a second; the other, which was told nothing, waits as well."""
        world.emulator.faults.add("ListAccounts", status=429, retry_after=1.0, times=1)
        run_together(processes=1, calls=1)
        run_together(processes=1, calls=1)
        refused, *others = served(world, "ListAccounts")
        assert (refused.status, [each.status for each in others]) == (429, [200, 200])
        assert all(each.time >= refused.time + 0.9 for each in others)

    def test_processes_that_ask_for_too_much_lose_nothing(self, world: World) -> None:
        """The portal allows a fifth of what the profile says; every call succeeds all the same."""
        world.configure(world.emulator.profile() + "sso_requests_per_second = 50\n")
        world.emulator.settings.requests_per_second = 10
        run_together(processes=4, calls=10)
        all_of_them = statuses(world, "ListAccounts")
        assert all_of_them.count(200) == 40
        assert 0 < all_of_them.count(429) < 40


def run_together(processes: int, calls: int) -> float:
    """Have processes that start at once list the accounts so many times; tell when it began."""
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
    directory = TokenSource(ConfiguredLogin.find("dev")).listings()
    barrier.wait(60)
    for _ in range(calls):
        assert len(list(directory.accounts())) == 3


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
