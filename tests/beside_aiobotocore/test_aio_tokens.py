"""Bearer tokens, the client ``sso`` without ``accessToken``, and presigned URLs, beside boto3."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aio import audited, new_session, until
from aio_ways import ASYNC, REGION, SYNC, error_of
from aiobotocore.config import AioConfig
from botocore import UNSIGNED
from botocore.exceptions import ParamValidationError
from botocore.tokens import FrozenAuthToken
from tokens import PAST, stale_token

import sso_plugin
from sso_plugin import ConfigError, LoginRequired, PortalError
from sso_plugin.portal import service_client

if TYPE_CHECKING:
    from world import World

pytestmark = pytest.mark.usefixtures("enabled")


class NotSentError(Exception):
    """Raised by a handler in place of sending a request."""

    def __init__(self, request: Any) -> None:
        super().__init__(request.url)
        self.request = request


def raise_instead(request: Any, **_: Any) -> None:
    raise NotSentError(request)


async def requests_of(session: Any, service: str, operation: str, **options: Any) -> list[Any]:
    """Return the requests of ten calls, which are not sent."""
    parameters = options.pop("parameters", {})
    once = AioConfig(retries={"total_max_attempts": 1})
    made = {"region_name": REGION, "config": once, **options}
    async with session.create_client(service, **made) as client:
        client.meta.events.register(f"before-send.{service}", raise_instead)
        calls = (getattr(client, operation)(**parameters) for _ in range(10))
        found = await asyncio.gather(*calls, return_exceptions=True)
    requests = []
    for each in found:
        assert isinstance(each, NotSentError), each
        requests.append(each.request)
    return requests


def token_in_file(world: World) -> str:
    return str(json.loads(world.token_file().read_text())["accessToken"])


def header_of(request: Any, name: str) -> str:
    value = request.headers[name]
    return bytes.decode(value) if isinstance(value, bytes) else str(value)


def bearer_headers(session: Any) -> set[str]:
    """Return the header ``Authorization`` of ten calls to a service that takes bearer tokens."""
    found = asyncio.run(
        requests_of(session, "codecatalyst", "list_spaces", endpoint_url="https://127.0.0.1:9")
    )
    return {header_of(each, "Authorization") for each in found}


def test_a_bearer_token_is_the_one_of_boto3(world: World) -> None:
    """With the same date, and of the same types."""
    signed_in = world.sign_in()
    token = ASYNC.token(new_session())
    assert token == SYNC.token(SYNC.session())
    assert type(token) is FrozenAuthToken
    assert type(token.token) is str
    assert token.token == signed_in.access_token


def test_ten_tasks_renew_a_bearer_token_once(world: World) -> None:
    """It is sent to the service, and saved for all processes. No role is needed."""
    world.configure(world.emulator.profile(role_name="NotAssigned"))
    world.emulator.settings.refresh_tokens = "rotate"
    world.sign_in(expiresAt=PAST, accessToken="old")
    headers = bearer_headers(new_session())
    assert headers == {f"Bearer {token_in_file(world)}"}
    assert token_in_file(world) != "old"
    assert (world.count("CreateToken"), world.count("GetRoleCredentials")) == (1, 0)


@pytest.mark.parametrize("via", ["token", "sso"])
def test_a_valid_token_that_is_due_makes_no_task_wait(
    world: World, via: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One renewal runs in the background. Its end is seen by later calls."""
    # On a busy machine, the request must not be repeated before all calls have been made.
    monkeypatch.setattr(service_client, "_READ_TIMEOUT", 300)
    old = stale_token(world)
    world.emulator.faults.add("CreateToken", kind="hang")
    session = new_session()

    async def tokens() -> set[str]:
        if via == "token":
            token = session.get_auth_token()
            calls = (token.get_frozen_token() for _ in range(10))
            return {each.token for each in await asyncio.gather(*calls)}
        found = await requests_of(session, "sso", "list_accounts")
        return {header_of(each, "x-amz-sso_bearer_token") for each in found}

    async def is_renewed() -> bool:
        return await tokens() != {old}

    async def run() -> None:
        with audited() as audit:
            assert await tokens() == {old}
        assert "fcntl.flock" not in audit.blocking()
        world.emulator.settings.access_token = 3600
        world.emulator.faults.clear()
        await until(is_renewed)

    asyncio.run(run())
    assert world.count("CreateToken") == 1
    assert token_in_file(world) != old


@pytest.mark.parametrize("via", ["token", "sso"])
def test_an_expired_token_and_no_portal_is_the_error_of_boto3(
    world: World, monkeypatch: pytest.MonkeyPatch, via: str
) -> None:
    """For a bearer token and for the client ``sso``."""
    monkeypatch.setattr("sso_plugin.portal.client.Portal.attempts", 1)
    world.sign_in(expiresAt=PAST)
    world.emulator.faults.add("CreateToken", kind="reset")
    if via == "token":
        errors = [error_of(partial(way.token, way.session())) for way in (SYNC, ASYNC)]
    else:
        errors = [
            error_of(partial(way.call, way.session(), "sso", "list_accounts"))
            for way in (SYNC, ASYNC)
        ]
    expected, found = errors
    assert isinstance(found, PortalError)
    assert (type(found), str(found)) == (type(expected), str(expected))


def accounts(response: Any) -> list[str]:
    return [each["accountName"] for each in response["accountList"]]


def test_the_sso_client_gets_the_token_of_the_session(world: World) -> None:
    """Also in a paginator, and for each operation that takes one."""
    signed_in = world.sign_in()

    async def run() -> None:
        async with new_session().create_client("sso", region_name=REGION) as sso:
            pages = sso.get_paginator("list_accounts").paginate()
            names = [name async for page in pages for name in accounts(page)]
            roles = (await sso.list_account_roles(accountId="111111111111"))["roleList"]
            assert names == ["production", "staging", "sandbox"]
            assert [role["roleName"] for role in roles] == [
                "AdministratorAccess",
                "ReadOnlyAccess",
            ]
            await sso.logout()
            with pytest.raises(sso.exceptions.UnauthorizedException):
                await sso.list_accounts(accessToken=signed_in.access_token)

    asyncio.run(run())


def test_the_sso_client_uses_the_newest_login(world: World) -> None:
    """Another process has logged in as another user."""
    world.sign_in("alice")

    async def run() -> list[list[str]]:
        found = []
        async with new_session().create_client("sso", region_name=REGION) as sso:
            for user in ("alice", "bob", "alice"):
                world.sign_in(user)
                found.append(accounts(await sso.list_accounts()))
        return found

    first, second, third = asyncio.run(run())
    assert first == third != second


def test_ten_tasks_of_the_sso_client_renew_the_token_once(world: World) -> None:
    """No request is sent with an expired token."""
    world.emulator.settings.refresh_tokens = "rotate"
    world.sign_in(expiresAt=PAST, accessToken="old")
    found = asyncio.run(requests_of(new_session(), "sso", "list_accounts"))
    assert {header_of(each, "x-amz-sso_bearer_token") for each in found} == {token_in_file(world)}
    assert world.count("CreateToken") == 1


def test_an_explicit_token_always_wins(world: World) -> None:
    """A token of another user lists that user's accounts. No login is needed for it."""
    bobs = world.emulator.sign_in("bob").access_token
    call = partial(ASYNC.call, service="sso", operation="list_accounts")
    explicit = accounts(call(new_session(), parameters={"accessToken": bobs}))
    assert isinstance(error_of(partial(call, new_session())), LoginRequired)
    world.sign_in("alice")
    assert accounts(call(new_session())) != explicit
    assert accounts(call(new_session(), parameters={"accessToken": bobs})) == explicit


PROFILES = {
    "no sso": ("[profile dev]\nregion = us-east-1\n", ParamValidationError),
    "off": ("sso_plugin = off\n", ParamValidationError),
    "no login": ("", LoginRequired),
    "no session": ("[profile dev]\nsso_session = gone\n", ConfigError),
}


@pytest.mark.parametrize("kind", PROFILES)
def test_the_sso_client_without_a_token_fails_as_in_boto3(world: World, kind: str) -> None:
    """With the same error."""
    text, error = PROFILES[kind]
    world.configure(text if text.startswith("[") else world.emulator.profile() + text)
    expected, found = (
        error_of(partial(way.call, way.session(), "sso", "list_accounts")) for way in (SYNC, ASYNC)
    )
    assert isinstance(found, error)
    assert (type(found), str(found)) == (type(expected), str(expected))


def test_a_profile_with_only_a_login_is_enough(world: World) -> None:
    """No account and no role are needed to list them."""
    config = world.emulator.profile()
    world.configure(config.replace("sso_account_id", "#").replace("sso_role_name", "#"))
    world.sign_in()
    unsigned = AioConfig(signature_version=UNSIGNED)
    assert accounts(ASYNC.call(new_session(), "sso", "list_accounts", config=unsigned))


@pytest.mark.parametrize(
    ("options", "url"),
    [
        ({}, "https://portal.sso.eu-central-1.amazonaws.com"),
        ({"parameters": {"accessToken": "x"}}, "https://portal.sso.us-east-1.amazonaws.com"),
        ({"endpoint_url": "http://localhost:9"}, "http://localhost:9"),
    ],
    ids=["token of the session", "explicit token", "endpoint of the client"],
)
def test_a_call_is_sent_to_the_region_of_its_token(
    world: World, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], url: str
) -> None:
    """A caller with a token knows its region, and a caller with an endpoint wants that one."""
    for variable in world.emulator.environment():
        monkeypatch.delenv(variable)
    world.sign_in()
    made: dict[str, Any] = {"region_name": "us-east-1", **options}
    found = asyncio.run(requests_of(new_session(), "sso", "list_accounts", **made))
    assert {each.url.split("?")[0] for each in found} == {f"{url}/assignment/accounts"}


def presigned(session: Any, service: str, operation: str, parameters: dict[str, Any]) -> str:
    async def run() -> str:
        async with session.create_client(service, region_name=REGION) as client:
            return str(await client.generate_presigned_url(operation, Params=parameters))

    return asyncio.run(run())


def test_a_presigned_url_of_the_sso_client_needs_no_token_and_has_none(world: World) -> None:
    """The token is sent in a header, which is not part of a URL."""
    token = world.sign_in().access_token
    url = presigned(new_session(), "sso", "list_accounts", {"maxResults": 5})
    assert url.startswith(f"{world.emulator.url}/assignment/accounts?max_result=5")
    assert token not in url


def test_a_presigned_url_has_the_current_keys_of_the_role(world: World) -> None:
    """Their access key and session token."""
    world.sign_in()
    session = new_session()
    url = presigned(session, "sts", "get_caller_identity", {})
    values = parse_qs(urlsplit(url).query)
    keys = ASYNC.keys(session)
    assert values["X-Amz-Credential"][0].startswith(keys.access_key)
    assert values["X-Amz-Security-Token"] == [keys.token]
    assert keys == SYNC.keys(SYNC.session())


def test_a_legacy_profile_has_no_bearer_token(world: World) -> None:
    """As with botocore's own provider. The client ``sso`` uses its login."""
    world.configure(world.emulator.profile(legacy=True))
    world.sign_in(name=world.emulator.start_url)
    assert new_session().get_auth_token() is None
    assert accounts(ASYNC.call(new_session(), "sso", "list_accounts"))


def test_a_session_of_get_aio_session_has_the_token_of_its_login(world: World) -> None:
    """Also if AWS_PROFILE names another profile."""
    world.sign_in()
    session = sso_plugin.get_aio_session(
        account="111111111111", role="AdministratorAccess", sso_session="corp", region=REGION
    )
    assert ASYNC.token(session).token == token_in_file(world)
    assert accounts(ASYNC.call(session, "sso", "list_accounts"))
