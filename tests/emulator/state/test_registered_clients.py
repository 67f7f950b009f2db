"""The registration of OIDC clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from emulator_clients import DeviceLogin, error_description, refresh

if TYPE_CHECKING:
    from collections.abc import Callable

    from sso_plugin.emulator import Emulator, SignIn

    Register = Callable[..., tuple[int, Any]]

START_URL = "https://example.awsapps.com/start"


@pytest.mark.parametrize("scope", ["", "two scopes", 'quo"te'])
def test_an_invalid_scope_is_rejected(oidc: Any, scope: str) -> None:
    """Unknown scopes are accepted."""
    with pytest.raises(oidc.exceptions.InvalidScopeException):
        oidc.register_client(clientName="test", clientType="public", scopes=[scope])


def test_an_unknown_grant_type_cannot_be_registered(register: Register) -> None:
    """The registration fails, not the first use."""
    status, response = register(grantTypes=["password"])

    assert (status, response["error"]) == (400, "unsupported_grant_type")


@pytest.mark.parametrize(
    "uris",
    [
        [],
        ["https://example.com/callback"],
        ["http://192.0.2.1/"],
        ["http://[bad"],
        ["http://127.0.0.1:port/"],
        ["http://me@127.0.0.1/"],
        ["http://127.0.0.1/#here"],
        ["http://127.0.0.1/a\r\nb: c"],
    ],
)
def test_a_redirect_uri_must_be_on_loopback(register: Register, uris: list[str]) -> None:
    """A registration for the authorization code must have one."""
    status, response = register(
        grantTypes=["authorization_code"], redirectUris=uris, issuerUrl=START_URL
    )

    assert (status, response["error"]) == (400, "invalid_redirect_uri")


def test_a_registration_for_the_authorization_code_is_stored(
    register: Register, sso_emulator: Emulator
) -> None:
    """With the parameters of the AWS CLI."""
    status, response = register(
        grantTypes=["authorization_code", "refresh_token"],
        redirectUris=["http://127.0.0.1/oauth/callback"],
        issuerUrl=f"{START_URL}/#",
    )

    stored = sso_emulator.state.clients.find(response["clientId"])
    assert status == 200
    assert stored
    assert stored.name == "test"
    assert stored.grant_types == ("authorization_code", "refresh_token")
    assert stored.redirect_uris == ("http://127.0.0.1/oauth/callback",)
    assert stored.issuer_url == f"{START_URL}/#"


def test_a_client_without_scopes_gets_no_refresh_token(oidc: Any, sso_emulator: Emulator) -> None:
    """As with legacy profiles."""
    device = DeviceLogin(oidc, sso_emulator)
    sso_emulator.approve(device.codes["userCode"])

    assert "refreshToken" not in device.poll()


def test_a_wrong_client_secret_is_rejected(device: DeviceLogin) -> None:
    """The client id is not enough."""
    device.identity["clientSecret"] = "wrong-é"

    with pytest.raises(device.oidc.exceptions.InvalidClientException) as caught:
        device.poll()

    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 401


def test_an_expired_registration_is_rejected(
    oidc: Any, alice: SignIn, sso_emulator: Emulator
) -> None:
    """A refresh needs a valid registration."""
    sso_emulator.clock.advance(90 * 86400)

    with pytest.raises(oidc.exceptions.InvalidClientException) as caught:
        refresh(oidc, alice)

    assert "expired" in error_description(caught)
