"""The waiter ``role_credentials_available`` waits for what time may bring, and for nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import WaiterError
from stock import Client, loader_of, make_client, make_slim_data, stock_loader

from sso_plugin.emulator import Emulator, Organization
from sso_plugin.models import add_data_path

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OPERATION = "GetRoleCredentials"
ALICE_HAS = Organization.example().assignments[0]
WANTED = {"accountId": ALICE_HAS.account_id, "roleName": ALICE_HAS.role}


@pytest.fixture(scope="module")
def slim_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make botocore's data folder without our services."""
    return make_slim_data(tmp_path_factory.mktemp("slim") / "data")


@pytest.fixture(params=["botocore's model", "our model"])
def client(sso_emulator: Emulator, slim_data: Path, request: pytest.FixtureRequest) -> Client:
    """Make a client whose waiter is ours, beside a service model of botocore's or our own."""
    own = request.param == "our model"
    loader = loader_of(slim_data) if own else stock_loader()
    add_data_path(loader)
    return make_client(loader, "sso", endpoint_url=sso_emulator.url)


def after(attempts: int, act: Callable[[], object]) -> Callable[..., None]:
    """Make a handler that does something once, after so many calls were answered."""
    left = iter(range(attempts, 0, -1))

    def handler(**_: Any) -> None:
        if next(left, 0) == 1:
            act()

    return handler


def wait(client: Client, token: str, *, attempts: int = 5) -> None:
    """Wait for the role, without pausing between the attempts."""
    client.get_waiter("role_credentials_available").wait(
        accessToken=token, **WANTED, WaiterConfig={"Delay": 0, "MaxAttempts": attempts}
    )


def test_it_returns_at_once_when_the_role_is_there(sso_emulator: Emulator, client: Client) -> None:
    """Nobody waits for what they have."""
    wait(client, sso_emulator.sign_in("alice").access_token)

    assert sso_emulator.requests.count(OPERATION) == 1


def test_it_waits_until_the_role_is_granted(sso_emulator: Emulator, client: Client) -> None:
    """An administrator grants the role after the second refusal; the third attempt gets it."""

    def grant() -> None:
        sso_emulator.assign("bob", ALICE_HAS.account_id, ALICE_HAS.role)

    client.meta.events.register(f"after-call.sso.{OPERATION}", after(2, grant))

    wait(client, sso_emulator.sign_in("bob").access_token)

    assert [request.status for request in sso_emulator.requests] == [403, 403, 200]


@pytest.mark.parametrize("status", [404, 429])
def test_it_waits_out(sso_emulator: Emulator, client: Client, status: int) -> None:
    """An account that is not known yet and a budget that is used up are reasons to ask again."""
    sso_emulator.faults.add(OPERATION, status=status, times=2)

    wait(client, sso_emulator.sign_in("alice").access_token)

    assert [request.status for request in sso_emulator.requests] == [status, status, 200]


def test_it_gives_up_in_the_end(sso_emulator: Emulator, client: Client) -> None:
    """A role that never comes is asked for as often as was wished."""
    with pytest.raises(WaiterError, match="Max attempts exceeded"):
        wait(client, sso_emulator.sign_in("bob").access_token, attempts=3)

    assert sso_emulator.requests.count(OPERATION) == 3


def test_it_gives_up_at_once_when_the_token_is_refused(
    sso_emulator: Emulator, client: Client
) -> None:
    """Time does not mend a token: the user has to sign in."""
    with pytest.raises(WaiterError, match="UnauthorizedException"):
        wait(client, "no such token")

    assert sso_emulator.requests.count(OPERATION) == 1
