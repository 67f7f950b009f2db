"""All machines of a fleet share one number of requests per second."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from fleet import Fleet

pytestmark = [pytest.mark.usefixtures("enabled", "patient"), pytest.mark.long]

RATE = 20


def duration(fleet: Fleet) -> float:
    """Return the seconds between the first and the last listing that the portal has got."""
    times = [each.time for each in fleet.emulator.requests if each.operation == "ListAccounts"]
    return max(times) - min(times)


@pytest.mark.parametrize(("number", "homes"), [(10, 4), (16, 16)])
def test_no_request_of_a_fleet_is_throttled(fleet: Fleet, number: int, homes: int) -> None:
    """The portal accepts twenty per second. How close they come to it is in benchmarks/.

    There are fewer workers than that: if the portal is paused, the requests of all come together.
    """
    fleet.add_homes(homes - len(fleet.homes))
    fleet.emulator.settings.requests_per_second = RATE
    fleet.log_in()
    assert fleet.crowd(number, calls=["accounts"], times=8) == ["8"] * number
    assert fleet.world.count("ListAccounts") == number * 8
    assert fleet.emulator.requests.count("ListAccounts", status=429) == 0


def test_all_machines_slow_down_after_a_throttled_request(fleet: Fleet) -> None:
    """Another program of the user has used up the limit."""
    fleet.log_in()
    fleet.emulator.faults.add("ListAccounts", status=429, code="TooManyRequestsException", times=1)
    assert fleet.crowd(4, calls=["accounts"], times=2) == ["2"] * 4
    assert fleet.emulator.requests.count("ListAccounts", status=429) == 1


def test_without_the_store_each_machine_uses_a_tenth(fleet: Fleet) -> None:
    """Ten machines together stay within the limit of the portal."""
    fleet.configure(sso_requests_per_second="40")
    fleet.log_in()
    fleet.server.kill()
    crowd = fleet.start_crowd(1, homes=fleet.homes[:1], calls=["accounts"], times=8)
    assert crowd.end().results == ["8"]
    # A few requests in a row do not wait.
    assert duration(fleet) >= 4 / 4
