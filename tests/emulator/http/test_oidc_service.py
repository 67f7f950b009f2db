"""The service `sso-oidc`, called by the stock client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from emulator_clients import (
    CALLBACK,
    DEVICE_CODE,
    VERIFIER,
    CodeLogin,
    DeviceLogin,
    error_description,
    redirect_query,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from sso_plugin.emulator import Emulator, SignIn

    Register = Callable[..., tuple[int, Any]]


@pytest.mark.parametrize("name", ["code", "redirectUri", "codeVerifier"])
def test_a_missing_parameter_of_a_code_is_named(login: CodeLogin, name: str) -> None:
    """The error names the parameter."""
    status, error = login.redeem(login.emulator.authorize(login.url()), **{name: ""})

    assert (status, error["error"]) == (400, "invalid_request")
    assert name in error["error_description"]


def test_the_stock_client_can_redeem_a_code(login: CodeLogin, oidc: Any) -> None:
    """If its model has the parameter `codeVerifier`."""
    if (
        "codeVerifier"
        not in oidc.meta.service_model.operation_model("CreateToken").input_shape.members
    ):
        pytest.skip("this botocore is older than the flow")

    token = oidc.create_token(
        clientId=login.client["clientId"],
        clientSecret=login.client["clientSecret"],
        grantType="authorization_code",
        code=redirect_query(login.emulator.authorize(login.url()))["code"],
        redirectUri=CALLBACK,
        codeVerifier=VERIFIER,
    )

    assert token["accessToken"]


def test_a_registration_is_valid_for_ninety_days(oidc: Any, sso_emulator: Emulator) -> None:
    """RegisterClient also returns the two endpoints."""
    response = oidc.register_client(clientName="test", clientType="public")

    assert response["clientSecretExpiresAt"] - response["clientIdIssuedAt"] == 90 * 86400
    assert response["authorizationEndpoint"] == f"{sso_emulator.url}/authorize"
    assert response["tokenEndpoint"] == f"{sso_emulator.url}/token"


def test_only_public_clients_are_registered(oidc: Any) -> None:
    """AWS has no other kind."""
    with pytest.raises(oidc.exceptions.InvalidClientMetadataException):
        oidc.register_client(clientName="test", clientType="confidential")


@pytest.mark.parametrize("issuer", [{}, {"issuerUrl": "https://other.awsapps.com/start"}])
def test_a_registration_for_the_authorization_code_needs_the_start_url(
    register: Register, issuer: dict[str, str]
) -> None:
    """An authorization request does not contain it."""
    status, response = register(
        grantTypes=["authorization_code"], redirectUris=["http://127.0.0.1/"], **issuer
    )

    assert (status, response["error"]) == (400, "invalid_request")


def test_the_device_flow_ends_with_a_token(
    device: DeviceLogin, sso: Any, sso_emulator: Emulator
) -> None:
    """Pending until it is approved, then a token of the user who approved."""
    with pytest.raises(device.oidc.exceptions.AuthorizationPendingException) as caught:
        device.poll()

    assert caught.value.response["error"] == "authorization_pending"

    sso_emulator.approve(device.codes["userCode"], "bob")
    response = device.poll()

    assert response["tokenType"] == "Bearer"
    assert response["expiresIn"] == 8 * 3600
    assert response["refreshToken"]
    assert len(sso.list_accounts(accessToken=response["accessToken"])["accountList"]) == 2


def test_a_device_authorization_has_the_address_of_the_page(
    device: DeviceLogin, sso_emulator: Emulator
) -> None:
    """Both addresses are of the emulator."""
    codes, page = device.codes, f"{sso_emulator.url}/device"

    assert codes["verificationUri"] == page
    assert codes["verificationUriComplete"] == f"{page}?user_code={codes['userCode']}"
    assert (codes["expiresIn"], codes["interval"]) == (600, 5)


def test_a_wrong_start_url_is_an_invalid_request(device: DeviceLogin, oidc: Any) -> None:
    """An organization has one start URL."""
    with pytest.raises(oidc.exceptions.InvalidRequestException):
        oidc.start_device_authorization(
            **device.identity, startUrl="https://other.awsapps.com/start"
        )


def test_a_client_for_other_grants_cannot_start_the_device_flow(
    oidc: Any, register: Register, sso_emulator: Emulator
) -> None:
    """A client can use only the grants that it registered."""
    _, client = register(grantTypes=["refresh_token"])

    with pytest.raises(oidc.exceptions.UnauthorizedClientException):
        oidc.start_device_authorization(
            clientId=client["clientId"],
            clientSecret=client["clientSecret"],
            startUrl=sso_emulator.start_url,
        )


def test_an_unknown_grant_type_is_rejected(oidc: Any, alice: SignIn) -> None:
    """AWS has no other grants."""
    with pytest.raises(oidc.exceptions.UnsupportedGrantTypeException):
        oidc.create_token(
            clientId=alice.client_id, clientSecret=alice.client_secret, grantType="password"
        )


def test_a_grant_without_its_code_is_an_invalid_request(oidc: Any, alice: SignIn) -> None:
    """The error names the missing parameter."""
    with pytest.raises(oidc.exceptions.InvalidRequestException) as caught:
        oidc.create_token(
            clientId=alice.client_id, clientSecret=alice.client_secret, grantType=DEVICE_CODE
        )

    assert "deviceCode" in error_description(caught)
