"""A client made from our model answers and refuses as the stock client does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from stock import (
    MODELS,
    OPERATIONS,
    Client,
    Pair,
    comparable,
    example_for,
    make_pair,
    make_slim_data,
    outcome,
)

from sso_plugin.emulator import Emulator, Organization
from sso_plugin.models import SERVICES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Node = dict[str, Any]

ACCOUNT = "000000000001"
ROLE = "AdministratorAccess"


@pytest.fixture(scope="module")
def running() -> Iterator[Emulator]:
    """Start an Identity Center with a few accounts."""
    with Emulator(Organization.generated(3)) as emulator:
        yield emulator


@pytest.fixture
def emulator(running: Emulator) -> Emulator:
    """Hand out the emulator as if it had just been started."""
    running.reset()
    return running


@pytest.fixture(scope="module")
def slim_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make botocore's data folder without our services."""
    return make_slim_data(tmp_path_factory.mktemp("slim") / "data")


@pytest.fixture(scope="module")
def pairs(running: Emulator, slim_data: Path) -> dict[str, Pair]:
    """Make both clients of both services."""
    return {name: make_pair(slim_data, name, endpoint_url=running.url) for name in SERVICES}


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("ListAccounts", {}),
        ("ListAccounts", {"maxResults": 2}),
        ("ListAccountRoles", {"accountId": ACCOUNT}),
        ("ListAccountRoles", {"accountId": ACCOUNT, "maxResults": 1}),
        ("GetRoleCredentials", {"accountId": ACCOUNT, "roleName": ROLE}),
        ("Logout", {}),
    ],
)
def test_the_portal_answers_both_alike(
    emulator: Emulator, pairs: dict[str, Pair], operation: str, parameters: Node
) -> None:
    """What the service returns is parsed into the same values."""
    stock, ours = (
        outcome(client, operation, {"accessToken": emulator.sign_in().access_token, **parameters})
        for client in pairs["sso"]
    )

    assert stock[0] == "answer"
    assert ours == stock


def test_a_sign_in_by_device_code_is_the_same(emulator: Emulator, pairs: dict[str, Pair]) -> None:
    """Register, start, approve, exchange: each answer has the same members of the same types."""
    stock, ours = ([*sign_in_by_device(emulator, client)] for client in pairs["sso-oidc"])

    assert ours == stock


def sign_in_by_device(emulator: Emulator, client: Client) -> Iterator[Node]:
    """Sign in, and tell the types of all that is returned on the way."""
    registered = client.register_client(clientName="test", clientType="public")
    yield types_in(registered)

    secret = {key: registered[key] for key in ("clientId", "clientSecret")}
    started = client.start_device_authorization(**secret, startUrl=emulator.start_url)
    yield types_in(started)

    emulator.approve(started["userCode"])
    grant = {"grantType": "urn:ietf:params:oauth:grant-type:device_code"}
    yield types_in(client.create_token(**secret, **grant, deviceCode=started["deviceCode"]))


def types_in(answer: Node) -> Node:
    """Tell the members of an answer and their types."""
    return {key: type(value) for key, value in comparable(answer).items()}


class Refusal(NamedTuple):
    """An error that an operation may end with, according to the stock model."""

    service: str
    operation: str
    code: str

    @property
    def status(self) -> int:
        """The HTTP status that goes with it."""
        shape = MODELS[self.service]["shapes"][self.code]
        return int(shape["error"]["httpStatusCode"])


REFUSALS = [
    Refusal(service, operation, error["shape"])
    for service, operation in OPERATIONS
    for error in MODELS[service]["operations"][operation]["errors"]
]


@pytest.mark.parametrize("refusal", REFUSALS, ids=":".join)
def test_every_modelled_error_is_raised_as_the_same_exception(
    emulator: Emulator, pairs: dict[str, Pair], refusal: Refusal
) -> None:
    """Each error of each operation has its class on both clients, and the same content."""
    emulator.faults.add(status=refusal.status, code=refusal.code, message="As you wished")
    service, operation, code = refusal

    stock, ours = (
        outcome(client, operation, example_for(service, operation)) for client in pairs[service]
    )

    assert stock[0] == code
    assert ours == stock
    assert all(hasattr(client.exceptions, code) for client in pairs[service])


@pytest.mark.parametrize(
    ("operation", "parameters", "code"),
    [
        ("ListAccounts", {"accessToken": "no such token"}, "UnauthorizedException"),
        ("ListAccounts", {"nextToken": "no such page"}, "InvalidRequestException"),
        ("GetRoleCredentials", {"accountId": ACCOUNT, "roleName": "None"}, "ForbiddenException"),
    ],
)
def test_real_refusals_are_the_same(
    emulator: Emulator, pairs: dict[str, Pair], operation: str, parameters: Node, code: str
) -> None:
    """What the portal itself refuses looks the same, the unmodelled 403 included."""
    complete = {"accessToken": emulator.sign_in().access_token, **parameters}

    stock, ours = (outcome(client, operation, complete) for client in pairs["sso"])

    assert f"({code})" in str(stock[1])
    assert ours == stock
