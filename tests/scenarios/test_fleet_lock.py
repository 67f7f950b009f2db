"""A worker is stopped or the store emptied during a renewal: no refresh token is sent twice.

The refresh tokens are single-use: a second use ends the login.
"""

from __future__ import annotations

import os
import random
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest
from world import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from fleet import Fleet

pytestmark = [pytest.mark.usefixtures("enabled", "patient"), pytest.mark.long]

STOPS_ONCE = """
import os, signal
from pathlib import Path
from sso_plugin.portal.client import Portal
real = Portal.create_token
def stopped(*args, **kwargs):
    stop = Path(plan["stopped"])
    if plan["when"] == "before" and not stop.exists():
        stop.write_text(str(os.getpid()))
        os.kill(os.getpid(), signal.SIGSTOP)
    answer = real(*args, **kwargs)
    if plan["when"] == "after" and not stop.exists():
        stop.write_text(str(os.getpid()))
        os.kill(os.getpid(), signal.SIGSTOP)
    return answer
Portal.create_token = stopped
"""


QUICK = """
from sso_plugin.storage.network import lease, remote
lease.LONG_LEASE, remote._SETTLE_TIME = 8.0, 10.0
"""
"""A lock ends soon, and so does the time in which an emptied store collects tokens."""

LESS_QUICK = """
from sso_plugin.storage.network import lease, remote
lease.LONG_LEASE, remote._SETTLE_TIME = 20.0, 25.0
"""
"""The same, but a machine that is paused for seconds comes in time with its newer token."""


class Stopped:
    """The first worker that renews the token, which stops before or after its request."""

    def __init__(self, folder: Path, when: str, before: str = "") -> None:
        self._file = folder / "stopped"
        before += STOPS_ONCE
        self.plan: dict[str, Any] = {"before": before, "stopped": str(self._file), "when": when}

    def wait(self) -> None:
        wait_until(lambda: self._file.exists() and self._file.read_text(), 120)

    def go_on(self) -> None:
        os.kill(int(self._file.read_text()), signal.SIGCONT)


@pytest.mark.parametrize("seconds", [3, 15, 40])
def test_a_stopped_worker_keeps_the_right_to_renew(
    fleet: Fleet, tmp_path: Path, seconds: float
) -> None:
    """It stops between the response of the portal and the write. All others wait."""
    fleet.emulator.settings.refresh_tokens = "rotate-strict"
    fleet.log_in(expired=True)
    stopped = Stopped(tmp_path, "after")
    crowd = fleet.start_crowd(8, **stopped.plan)
    stopped.wait()
    time.sleep(seconds)
    stopped.go_on()
    assert crowd.end().results == ["alice"] * 8
    assert fleet.counts() == (1, 1)


def test_the_renewal_of_a_killed_worker_is_taken_over(fleet: Fleet, tmp_path: Path) -> None:
    """It has not sent its refresh token yet. The others wait until its lease has ended."""
    fleet.emulator.settings.refresh_tokens = "rotate-strict"
    fleet.log_in(expired=True)
    stopped = Stopped(tmp_path, "before", QUICK)
    crowd = fleet.start_crowd(8, **stopped.plan)
    stopped.wait()
    os.kill(int((tmp_path / "stopped").read_text()), signal.SIGKILL)
    assert crowd.end().results == ["alice"] * 7
    assert fleet.counts() == (1, 1)


def spread(fleet: Fleet) -> None:
    """Log in, and let all homes have the token, which has expired afterwards."""
    settings = fleet.emulator.settings
    settings.refresh_tokens = "rotate-strict"
    # The crowd has three quarters of that time before a renewal is due.
    settings.access_token = settings.role_credentials = lifetime = 40
    fleet.log_in()
    assert fleet.crowd(4) == ["alice"] * 4
    assert fleet.world.count("CreateToken") == 0
    settings.access_token, settings.role_credentials = 8 * 3600, 3600
    time.sleep(lifetime)
    fleet.emulator.requests.clear()


def assert_login_kept(fleet: Fleet) -> None:
    """Check that workers have credentials, and that the portal refused no refresh token."""
    assert fleet.spent_twice() == 0
    assert fleet.crowd(4) == ["alice"] * 4
    # A valid token is used without a look at the store. A look sends it, if the store is empty.
    for home in fleet.homes:
        assert fleet.run(home, "import sso_plugin; sso_plugin.status('dev')").returncode == 0
    assert fleet.crowd(2, homes=fleet.add_homes(2)) == ["alice"] * 2
    assert fleet.spent_twice() == 0


def test_a_store_that_is_emptied_before_a_renewal_gets_the_token_back(fleet: Fleet) -> None:
    """All machines have the same copy of it."""
    spread(fleet)
    fleet.server.admin.flushall()
    assert fleet.crowd(8, before=QUICK) == ["alice"] * 8
    assert fleet.world.count("CreateToken") == 1
    assert_login_kept(fleet)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_store_that_is_emptied_during_a_renewal_keeps_the_login(
    fleet: Fleet, tmp_path: Path, when: str
) -> None:
    """One worker is stopped before or after its request; others wait, and more begin to."""
    spread(fleet)
    stopped = Stopped(tmp_path, when)
    crowd = fleet.start_crowd(8, **stopped.plan)
    stopped.wait()
    fleet.server.admin.flushall()
    late = fleet.start_crowd(4)
    late.wait_for_release()
    time.sleep(3)
    stopped.go_on()
    assert crowd.end().results == ["alice"] * 8
    assert late.end().results == ["alice"] * 4
    assert fleet.world.count("CreateToken") == 1
    assert_login_kept(fleet)


def test_a_store_that_is_emptied_after_a_renewal_gets_the_new_token(fleet: Fleet) -> None:
    """The machine that has renewed it has the only refresh token that works."""
    spread(fleet)
    assert fleet.crowd(1, homes=fleet.homes[1:2]) == ["alice"]
    fleet.server.admin.flushall()
    # Without QUICK: the next process of the machine with the new token may start slowly.
    late = fleet.start_crowd(6, homes=[fleet.homes[0], *fleet.homes[2:]])
    late.wait_for_release()
    for file in fleet.homes[1].glob(".aws/cli/cache/*.json"):
        file.unlink()
    assert fleet.crowd(1, homes=fleet.homes[1:2]) == ["alice"]
    assert late.end().results == ["alice"] * 6
    assert fleet.world.count("CreateToken") == 1
    assert_login_kept(fleet)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_store_that_is_emptied_at_any_moment_keeps_the_login(fleet: Fleet, seed: int) -> None:
    """While workers on all machines make calls. Tokens and roles expire after seconds.

    Each machine asks the store more often than once in the time in which it collects tokens.
    """
    settings = fleet.emulator.settings
    settings.refresh_tokens = "rotate-strict"
    settings.access_token, settings.role_credentials = 40, 16
    fleet.log_in()
    assert fleet.crowd(4) == ["alice"] * 4
    stop = fleet.world.home.parent / "stop"
    crowd = fleet.start_crowd(8, calls=["loop"], stop=str(stop), before=LESS_QUICK)
    crowd.wait_for_release()
    chance = random.Random(seed)  # noqa: S311 - to be repeatable
    end = time.time() + 40
    while time.time() < end:
        time.sleep(chance.uniform(1, 10))
        fleet.server.admin.flushall()
    wait_until(lambda: fleet.world.count("CreateToken"), 180)
    stop.touch()
    assert crowd.end().results == ["alice"] * 8
    settings.access_token, settings.role_credentials = 8 * 3600, 3600
    assert_login_kept(fleet)
