"""The client ``sso`` gets its token by itself, and a bearer token comes from the same login."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ParamValidationError

import sso_plugin
from sso_plugin import ConfigError, LoginRequired

if TYPE_CHECKING:
    from world import World


@pytest.fixture(autouse=True)
def _enabled(_not_enabled: None) -> None:
    sso_plugin.enable()


def test_a_call_without_a_token_gets_that_of_the_session(world: World) -> None:
    """Listing accounts and roles is three lines of ordinary boto3."""
    world.sign_in()
    sso = boto3.Session(profile_name="dev").client("sso")
    pages = sso.get_paginator("list_accounts").paginate()
    accounts = [account["accountName"] for page in pages for account in page["accountList"]]
    roles = sso.list_account_roles(accountId="111111111111")["roleList"]
    assert accounts == ["production", "staging", "sandbox"]
    assert [role["roleName"] for role in roles] == ["AdministratorAccess", "ReadOnlyAccess"]


def test_an_explicit_token_always_wins(world: World) -> None:
    """A token of another user lists that user's accounts."""
    world.sign_in("alice")
    bobs = world.emulator.sign_in("bob").access_token
    sso = boto3.Session(profile_name="dev").client("sso")
    assert sso.list_accounts() != sso.list_accounts(accessToken=bobs)


def test_an_expired_token_is_renewed_first(world: World) -> None:
    """The call is never sent with an expired token."""
    world.sign_in(expiresAt="2020-01-01T00:00:00Z", accessToken="old")
    sso = boto3.Session(profile_name="dev").client("sso")
    assert sso.list_accounts()["accountList"]
    assert world.count("CreateToken") == 1


def test_without_a_login_the_error_has_the_login_command(world: World) -> None:
    """It is not an error about a missing parameter."""
    sso = boto3.Session(profile_name="dev").client("sso")
    with pytest.raises(LoginRequired, match="Run: sso-plugin login --profile dev"):
        sso.list_accounts()


def test_a_profile_without_sso_gets_the_error_of_botocore(world: World) -> None:
    """The parameter is missing, as without sso-plugin."""
    world.configure("[profile dev]\nregion = us-east-1\n")
    sso = boto3.Session(profile_name="dev").client("sso")
    with pytest.raises(ParamValidationError, match="accessToken"):
        sso.list_accounts()


def test_a_profile_that_is_off_gets_the_error_of_botocore(world: World) -> None:
    """``sso_plugin = off`` applies to this client too."""
    world.configure(world.emulator.profile() + "sso_plugin = off\n")
    world.sign_in()
    sso = boto3.Session(profile_name="dev").client("sso")
    with pytest.raises(ParamValidationError, match="accessToken"):
        sso.list_accounts()


def test_a_profile_with_only_a_login_is_enough(world: World) -> None:
    """No account and no role are needed to list them."""
    world.configure(
        world.emulator.profile().replace("sso_account_id", "#").replace("sso_role_name", "#")
    )
    world.sign_in()
    session = boto3.Session(profile_name="dev", aws_access_key_id="A", aws_secret_access_key="B")
    assert session.client("sso").list_accounts()["accountList"]


def requested_url(sso: Any, **parameters: str) -> str:
    """Return the URL of a call, without sending it."""
    urls: list[str] = []

    def answer(request: Any, **_: Any) -> AWSResponse:
        urls.append(request.url)
        return AWSResponse(request.url, 200, {}, _Empty())  # type: ignore[arg-type]

    sso.meta.events.register("before-send.sso", answer)
    sso.list_accounts(**parameters)
    return urls[0].split("?")[0]


class _Empty:
    def stream(self, **_: Any) -> Any:
        return iter([b"{}"])


@pytest.fixture
def _no_endpoints(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in world.emulator.environment():
        monkeypatch.delenv(variable)
    world.sign_in()


@pytest.mark.usefixtures("_no_endpoints")
def test_the_call_is_sent_to_the_region_of_the_token(world: World) -> None:
    """The token is not valid in the region of the profile."""
    sso = boto3.Session(profile_name="dev", region_name="us-east-1").client("sso")
    assert requested_url(sso) == (
        "https://portal.sso.eu-central-1.amazonaws.com/assignment/accounts"
    )


@pytest.mark.usefixtures("_no_endpoints")
def test_a_call_with_an_explicit_token_is_sent_to_the_region_of_its_client(world: World) -> None:
    """A caller with a token knows its region."""
    sso = boto3.Session(profile_name="dev", region_name="us-east-1").client("sso")
    url = requested_url(sso, accessToken="x")
    assert url == "https://portal.sso.us-east-1.amazonaws.com/assignment/accounts"


@pytest.mark.usefixtures("_no_endpoints")
def test_an_endpoint_of_the_client_is_used(world: World) -> None:
    """A proxy or a test server gets the call."""
    sso = boto3.Session(profile_name="dev").client("sso", endpoint_url="http://localhost:9")
    assert requested_url(sso) == "http://localhost:9/assignment/accounts"


def test_a_presigned_url_needs_no_token_and_has_none(world: World) -> None:
    """The token is sent in a header, which is not part of a URL."""
    signed_in = world.sign_in()
    sso = boto3.Session(profile_name="dev").client("sso")
    url = sso.generate_presigned_url("list_accounts", Params={"maxResults": 5})
    assert url.startswith(f"{world.emulator.url}/assignment/accounts?max_result=5")
    assert signed_in.access_token not in url


def test_the_operation_logout_gets_the_token_too(world: World) -> None:
    """As every operation with the parameter accessToken."""
    signed_in = world.sign_in()
    boto3.Session(profile_name="dev").client("sso").logout()
    sso = boto3.Session(profile_name="dev").client("sso")
    with pytest.raises(sso.exceptions.UnauthorizedException):
        sso.list_accounts(accessToken=signed_in.access_token)


def bearer_token(profile: str = "dev") -> Any:
    return boto3.Session(profile_name=profile)._session.get_auth_token()


def test_bearer_tokens_come_from_the_same_file(world: World) -> None:
    """Services with bearer tokens share the login."""
    signed_in = world.sign_in()
    frozen = bearer_token().get_frozen_token()
    assert frozen.token == signed_in.access_token
    assert abs(frozen.expiration.timestamp() - signed_in.expires_at) < 1


def test_bearer_tokens_are_renewed(world: World) -> None:
    """By the refresh token, and saved for all processes."""
    world.sign_in(expiresAt="2020-01-01T00:00:00Z", accessToken="old")
    assert bearer_token().get_frozen_token().token != "old"
    assert world.count("CreateToken") == 1


def test_a_legacy_profile_has_no_bearer_token(world: World) -> None:
    """As with botocore's own provider."""
    world.configure(world.emulator.profile(legacy=True))
    assert bearer_token() is None


def test_an_invalid_profile_is_an_error_of_the_bearer_token_too(world: World) -> None:
    """With the same message as for credentials."""
    world.configure("[profile dev]\nsso_session = gone\n")
    with pytest.raises(ConfigError, match="The specified sso-session does not exist"):
        bearer_token()
