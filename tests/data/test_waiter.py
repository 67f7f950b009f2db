"""The waiter ``role_credentials_available`` retries temporary errors, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import WaiterError
from stock import Client, loader_of, make_client, stock_loader

from sso_plugin.emulator import Emulator, Organization
from sso_plugin.models import add_data_path

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OPERATION = "GetRoleCredentials"
ALICE_HAS = Organization.example().assignments[0]
WANTED = {"accountId": ALICE_HAS.account_id, "roleName": ALICE_HAS.role}


@pytest.fixture(params=["botocore's model", "our model"])
def client(sso_emulator: Emulator, slim_data: Path, request: pytest.FixtureRequest) -> Client:
    """Return a client with our waiter, and with the service model of botocore or our own."""
    use_our_model = request.param == "our model"
    loader = loader_of(slim_data) if use_our_model else stock_loader()
    add_data_path(loader)
    return make_client(loader, "sso", endpoint_url=sso_emulator.url)


def after(attempts: int, act: Callable[[], object]) -> Callable[..., None]:
    """Return a handler that acts once, after so many responses."""
    remaining = iter(range(attempts, 0, -1))

    def handler(**_: Any) -> None:
        if next(remaining, 0) == 1:
            act()

    return handler


def wait(client: Client, token: str, *, attempts: int = 5) -> None:
    """Wait for the role, without a pause between the attempts."""
    client.get_waiter("role_credentials_available").wait(
        accessToken=token, **WANTED, WaiterConfig={"Delay": 0, "MaxAttempts": attempts}
    )


def test_the_waiter_returns_at_once_if_the_role_is_assigned(
    sso_emulator: Emulator, client: Client
) -> None:
    """With one request."""
    wait(client, sso_emulator.sign_in("alice").access_token)

    assert sso_emulator.requests.count(OPERATION) == 1


def test_the_waiter_waits_until_the_role_is_assigned(
    sso_emulator: Emulator, client: Client
) -> None:
    """An administrator assigns the role after the second attempt. The third succeeds."""

    def assign() -> None:
        sso_emulator.assign("bob", ALICE_HAS.account_id, ALICE_HAS.role)

    client.meta.events.register(f"after-call.sso.{OPERATION}", after(2, assign))

    wait(client, sso_emulator.sign_in("bob").access_token)

    assert [request.status for request in sso_emulator.requests] == [403, 403, 200]


@pytest.mark.one_quick_case
@pytest.mark.parametrize("status", [404, 429])
def test_the_waiter_retries(sso_emulator: Emulator, client: Client, status: int) -> None:
    """An unknown account (404) and throttling (429)."""
    sso_emulator.faults.add(OPERATION, status=status, times=2)

    wait(client, sso_emulator.sign_in("alice").access_token)

    assert [request.status for request in sso_emulator.requests] == [status, status, 200]


def test_the_waiter_stops_after_the_given_number_of_attempts(
    sso_emulator: Emulator, client: Client
) -> None:
    """If the role is never assigned."""
    with pytest.raises(WaiterError, match="Max attempts exceeded"):
        wait(client, sso_emulator.sign_in("bob").access_token, attempts=3)

    assert sso_emulator.requests.count(OPERATION) == 3


def test_the_waiter_stops_at_once_if_the_token_is_invalid(
    sso_emulator: Emulator, client: Client
) -> None:
    """The user has to log in again."""
    with pytest.raises(WaiterError, match="UnauthorizedException"):
        wait(client, "no such token")

    assert sso_emulator.requests.count(OPERATION) == 1
