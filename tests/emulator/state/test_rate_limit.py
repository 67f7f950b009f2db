"""The rate limit of the portal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from emulator_clients import list_accounts_status

from sso_plugin.emulator import Emulator
from sso_plugin.emulator.state.emulator_clock import Clock

if TYPE_CHECKING:
    from emulator_clients import MovableTime


@pytest.fixture
def limited(machine_time: MovableTime) -> Any:
    """Run an emulator whose time stands still until a test changes it."""
    with Emulator(clock=Clock(machine_time)) as emulator:
        emulator.settings.requests_per_second = 5
        yield emulator


def portal(session: Any, emulator: Emulator) -> Any:
    return session.create_client(
        "sso", region_name=emulator.region, endpoint_url=emulator.url, config=ONCE
    )


def statuses(client: Any, token: str, count: int) -> list[int]:
    """Send so many requests, and return their statuses."""
    return [list_accounts_status(client, token) for _ in range(count)]


ONCE = Config(retries={"total_max_attempts": 1})


def test_too_many_requests_are_throttled(
    stock_session: Any, limited: Emulator, machine_time: MovableTime
) -> None:
    """The requests of one second at once, then as many as time has passed."""
    client, token = portal(stock_session, limited), limited.sign_in("alice").access_token

    assert statuses(client, token, 7) == [200] * 5 + [429] * 2
    machine_time.now += 0.5
    assert statuses(client, token, 3) == [200, 200, 429]
    machine_time.now += 60
    assert statuses(client, token, 6) == [200] * 5 + [429]


def test_each_user_has_a_rate_limit(stock_session: Any, limited: Emulator) -> None:
    """All tokens of a user share it."""
    client = portal(stock_session, limited)
    alice = [limited.sign_in("alice").access_token for _ in range(2)]

    assert statuses(client, alice[0], 5) == [200] * 5
    assert statuses(client, alice[1], 1) == [429]
    assert statuses(client, limited.sign_in("bob").access_token, 1) == [200]


def test_advancing_the_clock_does_not_change_the_rate_limit(
    stock_session: Any, limited: Emulator
) -> None:
    """It uses the time of the machine."""
    client, token = portal(stock_session, limited), limited.sign_in("alice").access_token
    statuses(client, token, 5)

    limited.clock.advance(60)

    assert statuses(client, token, 1) == [429]


def test_a_throttled_request_can_have_a_retry_after_header(
    stock_session: Any, limited: Emulator
) -> None:
    """If the setting `retry_after` has a value."""
    client, token = portal(stock_session, limited), limited.sign_in("alice").access_token
    statuses(client, token, 5)
    headers = []
    for limited.settings.retry_after in (None, 3):
        with pytest.raises(client.exceptions.TooManyRequestsException) as caught:
            client.list_accounts(accessToken=token)

        headers.append(caught.value.response["ResponseMetadata"]["HTTPHeaders"].get("retry-after"))

    assert headers == [None, "3"]
