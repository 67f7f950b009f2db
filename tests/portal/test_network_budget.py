"""The budget on a server: the same slots as in a file, and what happens without the server."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from property_tests import FIXED
from virtual_server import VirtualServer

from sso_plugin.portal.budget import CacheBudget
from sso_plugin.portal.network_budget import NetworkBudget
from sso_plugin.storage.memory_cache import MemoryCache
from sso_plugin.storage.network.server import Server
from sso_plugin.storage.network.server_errors import ServerAwayError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from sso_plugin.storage.network.scripts import Script

KEY = "{sso-plugin:a}:budget"
START = 1_700_000_000.0

_seconds = st.integers(0, 40_000_000).map(lambda microseconds: microseconds / 1e6)
_steps = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), _seconds),
        st.tuples(st.just("reserve"), st.sampled_from([60.0, 60.0, 60.0, 7.5, 0.0])),
        st.tuples(st.just("slow down"), st.sampled_from([None, 0.1, 3.0, 300.0])),
        st.tuples(st.just("epoch"), st.none()),
    ),
    max_size=60,
)


class Switch(Server):
    """A server that can be away."""

    def __init__(self) -> None:
        self.time = START
        self.server = VirtualServer(lambda: self.time)
        self.is_away = False

    def call(
        self,
        script: Script,
        keys: Sequence[str],
        arguments: Sequence[str | bytes | float] = (),
        *,
        at_once: bool = False,
    ) -> Any:
        if self.is_away:
            raise ServerAwayError("the store redis://localhost:6379 does not respond")
        return self.server.call(script, keys, arguments, at_once=at_once)

    def describe(self) -> str:
        return "the store redis://localhost:6379"


@pytest.fixture
def switch() -> Switch:
    return Switch()


@pytest.fixture
def budget(switch: Switch) -> NetworkBudget:
    return budget_on(switch)


def budget_on(switch: Switch) -> NetworkBudget:
    fallback = CacheBudget("budget", 2.0, MemoryCache(), now=lambda: switch.time)
    return NetworkBudget(switch, KEY, 20.0, fallback)


@settings(FIXED, max_examples=300)
@given(_steps, st.sampled_from([20.0, 0.5, 1000.0]))
def test_a_server_gives_the_same_slots_as_a_file(steps: list[Any], rate: float) -> None:
    """For any sequence of requests and 429 responses, at any times."""
    now = START
    own = CacheBudget("budget", rate, MemoryCache(), now=lambda: now)
    unused = CacheBudget("fallback", rate, MemoryCache(), now=lambda: now)
    server: Any = VirtualServer(lambda: now)
    shared = NetworkBudget(server, KEY, rate, unused)
    for step, argument in steps:
        if step == "wait":
            now += argument
        elif step == "reserve":
            assert shared.reserve(argument) == pytest.approx(own.reserve(argument), abs=1e-4)
        elif step == "slow down":
            own.slow_down(argument)
            shared.slow_down(argument)
        elif own.epoch() < now - 90:
            # The server has forgotten it, as no request waits that long.
            assert shared.epoch() in (0.0, pytest.approx(own.epoch(), abs=1e-4))
        else:
            assert shared.epoch() == pytest.approx(own.epoch(), abs=1e-4)


def test_an_unused_budget_leaves_nothing_on_the_server(
    switch: Switch, budget: NetworkBudget
) -> None:
    """It expires when it is as good as new."""
    budget.slow_down(20.0)
    budget.reserve(60.0)
    switch.time += 20 + 30 + 60
    assert switch.server.show(KEY)[1] is not None
    switch.time += 5
    assert switch.server.show(KEY) == (None, None)


def test_a_clock_that_is_set_back_stops_no_request(switch: Switch, budget: NetworkBudget) -> None:
    """A state from the future is ignored."""
    for _ in range(10):
        budget.reserve(60.0)
    switch.time -= 3600
    assert budget.reserve(60.0).wait <= 0


def test_without_the_server_a_machine_has_a_low_rate(
    switch: Switch, budget: NetworkBudget, caplog: pytest.LogCaptureFixture
) -> None:
    """A tenth, since it does not know the requests of others. This is logged once per outage."""
    with caplog.at_level(logging.DEBUG, "sso_plugin"):
        for _ in range(2):
            switch.is_away = True
            budget.reserve(60.0)
            waits = [budget.reserve(60.0).wait for _ in range(3)]
            assert waits == pytest.approx([0.4, 0.9, 1.4])
            assert budget.epoch() == 0.0
            switch.is_away = False
            switch.time += 60
            assert budget.reserve(60.0).wait <= 0
    assert [record.getMessage() for record in caplog.records] == [
        "This machine sends requests at its own, lower rate: "
        "the store redis://localhost:6379 does not respond"
    ] * 2


def test_a_429_without_the_server_slows_down_this_machine(
    switch: Switch, budget: NetworkBudget
) -> None:
    """The slots that were reserved on the server are void."""
    slot = budget.reserve(60.0)
    switch.is_away = True
    budget.slow_down(5.0)
    assert budget.epoch() != slot.epoch
    assert budget.reserve(60.0).wait == pytest.approx(5.0)


def test_a_429_is_logged_with_the_new_rate(
    budget: NetworkBudget, caplog: pytest.LogCaptureFixture
) -> None:
    """By the process that received it. The others of that moment change nothing."""
    with caplog.at_level(logging.DEBUG, "sso_plugin"):
        budget.slow_down()
        budget.slow_down()
    assert [record.getMessage() for record in caplog.records] == [
        "Throttled (429): now 10.00 requests per second"
    ]
