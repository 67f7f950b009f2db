"""The rate of requests and the pause after a 429, in a document or on a server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from caches import file_cache
from virtual_server import VirtualServer

from sso_plugin.portal.budget import CacheBudget
from sso_plugin.portal.network_budget import NetworkBudget
from sso_plugin.portal.throttling import wait_for_slot
from sso_plugin.storage.memory_cache import MemoryCache

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sso_plugin.portal.budget import Budget
    from sso_plugin.storage.cache import Cache

KEY = "budget"
BURST = 3
"""Requests that do not wait."""


class Simulation:
    """A program with a budget, in a time that passes only by sleeping."""

    def __init__(self, make_budget: Callable[[Callable[[], float]], Budget]) -> None:
        self.time = 1_700_000_000.0
        self.slept: list[float] = []
        self.budget = make_budget(lambda: self.time)

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


def with_cache(cache: Cache, rate: float = 20.0) -> Simulation:
    return Simulation(lambda now: CacheBudget(KEY, rate, cache, now=now))


def with_server() -> Simulation:
    fallback = CacheBudget(KEY, 2.0, MemoryCache())
    return Simulation(lambda now: NetworkBudget(VirtualServer(now), KEY, 20.0, fallback))


@pytest.fixture(params=["file", "memory", "server"])
def simulation(request: pytest.FixtureRequest, tmp_path: Path) -> Simulation:
    """Return a program with 20 requests per second."""
    if request.param == "server":
        return with_server()
    is_file = request.param == "file"
    return with_cache(file_cache(tmp_path, durable=False) if is_file else MemoryCache())


def test_the_first_requests_do_not_wait(simulation: Simulation) -> None:
    """A program with one or two requests is not slowed down."""
    for _ in range(BURST):
        simulation.wait_for_slot()
    assert simulation.slept == []


def test_further_requests_have_one_slot_each(simulation: Simulation) -> None:
    """Of a twentieth of a second."""
    for _ in range(BURST + 5):
        simulation.wait_for_slot()
    assert simulation.slept == pytest.approx([0.05] * 5, abs=1e-5)


def test_unused_slots_are_not_saved(simulation: Simulation) -> None:
    """After a minute without requests, a program does not send a thousand at once."""
    simulation.wait_for_slot()
    simulation.time += 60
    assert simulation.requests_in(1.0) <= 20 + BURST


def test_after_a_429_requests_pause_and_have_half_the_rate(simulation: Simulation) -> None:
    """Those of all processes: they have the same budget."""
    simulation.budget.slow_down()
    simulation.wait_for_slot()
    assert simulation.slept == pytest.approx([0.5])
    assert 10 <= simulation.requests_in(1.0) <= 12


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
    simulation = with_cache(MemoryCache())
    simulation.budget.slow_down(wanted)
    simulation.wait_for_slot()
    assert sum(simulation.slept) == pytest.approx(pause)


def test_a_429_voids_the_slots_of_waiting_requests(simulation: Simulation) -> None:
    """They reserve another slot after the pause."""
    for _ in range(BURST):
        simulation.wait_for_slot()

    def sleep(seconds: float) -> None:
        simulation.sleep(seconds)
        if len(simulation.slept) == 1:
            simulation.budget.slow_down()

    simulation.wait_for_slot(sleep)
    assert simulation.slept == pytest.approx([0.05, 0.5], abs=1e-5)


def test_a_request_waits_at_most_a_minute() -> None:
    """A 429 is better than a script that does not continue."""
    simulation = with_cache(MemoryCache(), rate=0.001)
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
def test_an_invalid_document_stops_no_request(changes: dict[str, Any]) -> None:
    """It is replaced, and the rate is the full one."""
    cache = MemoryCache()
    simulation = with_cache(cache)
    simulation.wait_for_slot()
    entry = cache.get(KEY)
    assert entry is not None
    cache.put(KEY, {**entry.document, **changes})
    assert 20 <= simulation.requests_in(1.0) <= 20 + BURST
