"""The store of a fleet is slow, gone, empty, full or forbidden: valid credentials stay in use."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from scenario import user
from world import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fleet import Crowd, Ended, Fleet

pytestmark = [pytest.mark.usefixtures("enabled"), pytest.mark.long]


class Loop:
    """Workers that make calls until the end, on four homes."""

    def __init__(self, fleet: Fleet, **plan: Any) -> None:
        self._fleet = fleet
        self._stop: Path = fleet.world.home.parent / "stop"
        self._crowd: Crowd = fleet.start_crowd(8, calls=["loop"], stop=str(self._stop), **plan)
        self.wait_for_calls(40)

    def wait_for_calls(self, number: int) -> None:
        """Wait until the workers have made that many further calls."""
        wanted = self._calls() + number
        wait_until(lambda: self._calls() >= wanted, 180)

    def end(self) -> Ended:
        """Return the results of the workers."""
        self._stop.touch()
        return self._crowd.end()

    def _calls(self) -> int:
        return self._fleet.world.count("GetCallerIdentity")


def short_lives(fleet: Fleet, token: float = 8 * 3600) -> None:
    """Let role credentials be renewed every few seconds, and a token after some."""
    settings = fleet.emulator.settings
    settings.refresh_tokens = "rotate-strict"
    # A renewal without the store takes three seconds longer. It begins five before the end.
    settings.access_token, settings.role_credentials = token, 20


PATIENT = """
from sso_plugin.storage.network import server, shared_documents
server._TIMEOUT, shared_documents._PATIENCE = 60.0, 60.0
"""
"""For a store that is there: on a busy machine a reply takes more than a second."""

ROLES_WAIT = """
from sso_plugin.storage.network import shared_documents
shared_documents._PATIENCE = 60.0
"""
"""For a store that comes back: its first replies may be late."""


def test_workers_wait_for_a_store_that_is_paused(fleet: Fleet) -> None:
    """Ten seconds, in which none has credentials. One request of each kind follows."""
    fleet.emulator.settings.refresh_tokens = "rotate-strict"
    fleet.log_in(expired=True)
    with fleet.server.paused():
        crowd = fleet.start_crowd(8, before=ROLES_WAIT)
        crowd.wait_for_release()
        time.sleep(10)
        assert fleet.counts() == (0, 0)
    assert crowd.end().results == ["alice"] * 8
    assert fleet.counts() == (1, 1)


def test_a_store_that_is_paused_during_a_renewal_loses_no_token(fleet: Fleet) -> None:
    """The response of the portal is the only copy of a refresh token that works."""
    fleet.emulator.settings.refresh_tokens = "rotate-strict"
    fleet.log_in(expired=True)
    fleet.emulator.faults.add("CreateToken", kind="hang", times=1)
    crowd = fleet.start_crowd(8)
    wait_until(lambda: not fleet.emulator.faults.pending())
    with fleet.server.paused():
        fleet.emulator.faults.clear()
        time.sleep(10)
    assert crowd.end().results == ["alice"] * 8
    # Without the store, a machine with a valid token asks for credentials by itself.
    assert fleet.world.count("CreateToken") == 1
    assert fleet.world.count("GetRoleCredentials") <= 1 + len(fleet.homes)
    assert fleet.crowd(2, homes=fleet.add_homes(2), before=PATIENT) == ["alice"] * 2


def test_workers_with_credentials_do_not_notice_a_store_that_is_killed(fleet: Fleet) -> None:
    """It is back after seconds without its data, which the machines bring back."""
    short_lives(fleet, 90)
    fleet.log_in()
    loop = Loop(fleet)
    fleet.server.kill()
    loop.wait_for_calls(80)
    fleet.server.restart_empty()
    wait_until(lambda: fleet.world.count("CreateToken"), 180)
    fleet.emulator.settings.access_token = 8 * 3600
    loop.wait_for_calls(40)
    assert loop.end().results == ["alice"] * 8
    assert fleet.spent_twice() == 0
    assert fleet.crowd(2, homes=fleet.add_homes(2), before=PATIENT) == ["alice"] * 2


FORBIDDEN: list[Callable[[Fleet], object]] = [
    lambda fleet: fleet.server.admin.config_set("maxmemory", 1),
    lambda fleet: fleet.server.allow("resetkeys"),
    lambda fleet: fleet.server.allow("-evalsha -eval"),
    lambda fleet: fleet.server.allow("off"),
]


@pytest.mark.parametrize("forbid", FORBIDDEN, ids=["memory", "keys", "commands", "user"])
def test_a_store_that_refuses_writes_leaves_credentials_in_use(
    fleet: Fleet, forbid: Callable[[Fleet], object]
) -> None:
    """Each process says so once. Roles are renewed with the valid token meanwhile."""
    short_lives(fleet)
    fleet.log_in()
    loop = Loop(fleet, before=PATIENT)
    forbid(fleet)
    fleet.server.admin.client_kill_filter(_type="normal", skipme=True)
    requests = fleet.world.count("GetRoleCredentials")
    wait_until(lambda: fleet.world.count("GetRoleCredentials") > requests, 60)
    loop.wait_for_calls(40)
    ended = loop.end()
    assert ended.results == ["alice"] * 8
    lines = [line for line in ended.stderr.splitlines() if fleet.server.url in line]
    assert 1 <= len(lines) <= 8
    assert fleet.spent_twice() == 0


def test_scripts_that_the_server_has_forgotten_are_sent_again(fleet: Fleet) -> None:
    """As after a restart, while the connections of workers stay open."""
    short_lives(fleet)
    fleet.log_in()
    loop = Loop(fleet, before=PATIENT)
    for _ in range(5):
        fleet.server.admin.script_flush()
        loop.wait_for_calls(40)
    ended = loop.end()
    assert (ended.results, ended.stderr) == (["alice"] * 8, "")


IMPATIENT = """
from sso_plugin.credentials import token_source
token_source._STORE_PATIENCE = 3.0
"""


def test_a_worker_without_credentials_names_the_store(fleet: Fleet) -> None:
    """Its error is about the server, not about a login, and can be retried."""
    fleet.log_in()
    fleet.server.kill()
    ended = fleet.start_crowd(2, homes=fleet.add_homes(2), before=IMPATIENT).end()
    for result in ended.results:
        assert result.startswith("StoreUnavailable: ")
        assert fleet.server.url in result
        assert "login" not in result
    assert fleet.counts() == (0, 0)


def test_a_first_login_while_the_store_is_away_is_found_when_it_is_back(fleet: Fleet) -> None:
    """The person's own machine works meanwhile."""
    fleet.server.kill()
    fleet.log_in()
    assert user() == "alice"
    fleet.server.start()
    assert user() == "alice"
    assert fleet.crowd(1, homes=fleet.homes[:1], before=PATIENT) == ["alice"]
