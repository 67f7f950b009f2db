"""Requests wait for their slots, and are repeated after a 429."""

from __future__ import annotations

import json
import multiprocessing
import time
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.session import Session
from virtual_server import VirtualServer

import sso_plugin
from sso_plugin import PortalError
from sso_plugin.config.profile import Options, SsoProfile
from sso_plugin.credentials.token_source import TokenSource
from sso_plugin.portal.budget import CacheBudget
from sso_plugin.portal.throttling import budget_of, wait_for_slot
from sso_plugin.signin.configured_login import ConfiguredLogin
from sso_plugin.storage import Stores
from sso_plugin.storage.sealing import KeyUnavailableError

if TYPE_CHECKING:
    from multiprocessing.synchronize import Barrier

    from world import World

    from sso_plugin.emulator import LoggedRequest

SPAWN = multiprocessing.get_context("spawn")
BURST = 3
"""Requests that do not wait."""

PROCESSES = pytest.mark.parametrize("processes", [2, pytest.param(4, marks=pytest.mark.long)])


def test_a_process_without_a_writable_home_has_its_own_budget(world: World) -> None:
    """Its sessions share it."""
    (world.home / ".aws" / "sso-plugin").write_text("in the way of the folder")
    profile = SsoProfile.of(Session(profile="dev"))
    assert profile is not None
    began = time.time()
    for _ in range(BURST + 4):
        wait_for_slot(budget_of(profile, Stores(profile.options)))
    assert time.time() - began >= 4 * 0.05


class TestOfAFleet:
    """The budget of a profile with a store."""

    @pytest.fixture
    def profile(self, world: World) -> SsoProfile:
        profile = SsoProfile.of(Session(profile="dev"))
        assert profile is not None
        return profile

    def test_it_is_on_the_server(self, profile: SsoProfile) -> None:
        """Under one name for all logins at the portal."""
        server = VirtualServer(time.time)
        stores = FleetStores(server, "{sso-plugin}:budget")
        for _ in range(2):
            budget_of(profile, stores).reserve(60.0)
        assert server.show("{sso-plugin}:budget")[1] is not None
        assert list((Path.home() / ".aws").glob("sso-plugin/budget-*")) == []

    def test_without_the_key_a_machine_has_its_own(self, profile: SsoProfile) -> None:
        """A tenth of the rate: two a second."""
        stores = FleetStores(VirtualServer(time.time), None)
        budget = budget_of(profile, stores)
        assert isinstance(budget, CacheBudget)
        now = time.time()
        budget._now = lambda: now
        first = budget.reserve(60.0)
        assert budget.reserve(60.0).wait - first.wait == pytest.approx(0.5, abs=1e-3)


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
        assert document_of(world)["share"] == 1.0

    def test_a_logout_does_not_wait(self, world: World) -> None:
        """It reserves no slot."""
        assert ConfiguredLogin.find("dev").end()
        assert list((world.home / ".aws" / "sso-plugin").glob("budget-*.json")) == []

    def test_the_file_has_four_numbers(self, world: World) -> None:
        """And nothing that identifies a user."""
        self.use_role()
        assert list(document_of(world)) == ["next_at", "resume_at", "share", "written_at"]

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
        # So low that also a slow machine reaches it.
        world.configure(world.emulator.profile() + "sso_requests_per_second = 25\n")
        world.emulator.settings.requests_per_second = 5
        run_together(processes, calls=10)
        found = statuses(world, "ListAccounts")
        assert found.count(200) == 10 * processes
        assert 0 < found.count(429) < 10 * processes


class FleetStores(Stores):
    """The usual places, and a server.

    :param name: that of the budget on the server; None if there is no key.
    """

    def __init__(self, server: VirtualServer, name: str | None) -> None:
        super().__init__(Options())
        self.server = server
        self._name = name

    def name_on_server(self, kind: str) -> str:
        assert kind == "budget"
        if self._name is None:
            raise KeyUnavailableError("SSO_PLUGIN_STORE_KEY is missing")
        return self._name


def run_together(processes: int, calls: int) -> float:
    """List the accounts a number of times in each process. Return when the first one began."""
    barrier = SPAWN.Barrier(processes + 1)
    started = [SPAWN.Process(target=list_accounts, args=(barrier, calls)) for _ in range(processes)]
    for process in started:
        process.start()
    began = time.time()
    barrier.wait(120)
    for process in started:
        process.join(120)
    assert [process.exitcode for process in started] == [0] * processes
    return began


def list_accounts(barrier: Barrier, calls: int) -> None:
    listings = TokenSource(ConfiguredLogin.find("dev")).listings()
    barrier.wait(120)
    for _ in range(calls):
        assert len(list(listings.accounts())) == 3


def served(world: World, operation: str) -> list[LoggedRequest]:
    return sorted(
        (each for each in world.emulator.requests if each.operation == operation),
        key=lambda request: request.time,
    )


def statuses(world: World, operation: str) -> list[int]:
    return [request.status for request in served(world, operation)]


def document_of(world: World) -> dict[str, float]:
    [file] = (world.home / ".aws" / "sso-plugin").glob("budget-*.json")
    document: dict[str, float] = json.loads(file.read_text())
    return document
