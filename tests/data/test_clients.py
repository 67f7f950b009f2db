"""A client with our model returns the same responses and errors as the stock client."""

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
    """Return the emulator after a reset."""
    running.reset()
    return running


@pytest.fixture(scope="module")
def pairs(running: Emulator, slim_data: Path) -> dict[str, Pair]:
    """Return both clients of both services."""
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
def test_both_clients_parse_the_same_responses(
    emulator: Emulator, pairs: dict[str, Pair], operation: str, parameters: Node
) -> None:
    """The values are the same."""
    stock, ours = (
        outcome(client, operation, {"accessToken": emulator.sign_in().access_token, **parameters})
        for client in pairs["sso"]
    )

    assert stock[0] == "answer"
    assert ours == stock


def test_a_sign_in_by_device_code_has_the_same_responses(
    emulator: Emulator, pairs: dict[str, Pair]
) -> None:
    """Register, start, approve, create a token: all responses have the same members and types."""
    stock, ours = ([*sign_in_by_device(emulator, client)] for client in pairs["sso-oidc"])

    assert ours == stock


def sign_in_by_device(emulator: Emulator, client: Client) -> Iterator[Node]:
    """Sign in, and yield the types in each response."""
    registered = client.register_client(clientName="test", clientType="public")
    yield types_in(registered)

    secret = {key: registered[key] for key in ("clientId", "clientSecret")}
    started = client.start_device_authorization(**secret, startUrl=emulator.start_url)
    yield types_in(started)

    emulator.approve(started["userCode"])
    grant = {"grantType": "urn:ietf:params:oauth:grant-type:device_code"}
    yield types_in(client.create_token(**secret, **grant, deviceCode=started["deviceCode"]))


def types_in(response: Node) -> Node:
    """Return the members of a response and their types."""
    return {key: type(value) for key, value in comparable(response).items()}


class ModelledError(NamedTuple):
    """An error that an operation may return, according to the stock model."""

    service: str
    operation: str
    code: str

    @property
    def status(self) -> int:
        """The HTTP status of the error."""
        shape = MODELS[self.service]["shapes"][self.code]
        return int(shape["error"]["httpStatusCode"])


MODELLED_ERRORS = [
    ModelledError(service, operation, error["shape"])
    for service, operation in OPERATIONS
    for error in MODELS[service]["operations"][operation]["errors"]
]


@pytest.mark.one_quick_case
@pytest.mark.parametrize("error", MODELLED_ERRORS, ids=":".join)
def test_every_modelled_error_is_raised_as_the_same_exception(
    emulator: Emulator, pairs: dict[str, Pair], error: ModelledError
) -> None:
    """Both clients have a class for it, and the content is the same."""
    emulator.faults.add(status=error.status, code=error.code, message="A message")
    service, operation, code = error

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
def test_errors_of_the_portal_are_the_same(
    emulator: Emulator, pairs: dict[str, Pair], operation: str, parameters: Node, code: str
) -> None:
    """Also the 403, which is not in the model."""
    complete = {"accessToken": emulator.sign_in().access_token, **parameters}

    stock, ours = (outcome(client, operation, complete) for client in pairs["sso"])

    assert f"({code})" in str(stock[1])
    assert ours == stock
