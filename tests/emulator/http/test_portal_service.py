"""The service `sso`, called by the stock client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from botocore.exceptions import ClientError
from emulator_clients import get_role_credentials

from sso_plugin.emulator import Organization

if TYPE_CHECKING:
    from collections.abc import Callable

    from sso_plugin.emulator import Emulator, SignIn

PRODUCTION, STAGING, SANDBOX = "1" * 12, "2" * 12, "3" * 12


def test_role_credentials_expire_in_epoch_milliseconds(
    sso: Any, alice: SignIn, sso_emulator: Emulator
) -> None:
    """GetRoleCredentials returns four values. The expiration is in milliseconds."""
    response = get_role_credentials(sso, alice.access_token)["roleCredentials"]

    assert response.keys() == {"accessKeyId", "secretAccessKey", "sessionToken", "expiration"}
    assert response["accessKeyId"].startswith("ASIA")
    assert response["expiration"] / 1000 == pytest.approx(sso_emulator.clock.now() + 3600, abs=5)


def test_every_request_gets_new_credentials(sso: Any, alice: SignIn) -> None:
    """No two responses are the same."""
    first = get_role_credentials(sso, alice.access_token)["roleCredentials"]
    second = get_role_credentials(sso, alice.access_token)["roleCredentials"]

    assert first["accessKeyId"] != second["accessKeyId"]


def test_the_lifetime_of_role_credentials_can_be_set(
    sso: Any, alice: SignIn, sso_emulator: Emulator
) -> None:
    """A changed setting applies from the next request."""
    sso_emulator.settings.role_credentials = 30

    response = get_role_credentials(sso, alice.access_token)["roleCredentials"]

    assert response["expiration"] / 1000 == pytest.approx(sso_emulator.clock.now() + 30, abs=5)


def test_a_role_without_assignment_is_forbidden(sso: Any, alice: SignIn) -> None:
    """With 403 and an error that is not in the model of botocore."""
    with pytest.raises(ClientError) as caught:
        get_role_credentials(sso, alice.access_token, role="PowerUserAccess")

    assert caught.value.response["Error"]["Code"] == "ForbiddenException"
    assert caught.value.response["Error"]["Message"] == "No access"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_an_account_without_assignment_is_forbidden(sso: Any, sso_emulator: Emulator) -> None:
    """For credentials and for the list of roles."""
    token = sso_emulator.sign_in("bob").access_token

    with pytest.raises(ClientError, match="No access"):
        get_role_credentials(sso, token, PRODUCTION)

    with pytest.raises(ClientError, match="No access"):
        sso.list_account_roles(accessToken=token, accountId=PRODUCTION)


def test_an_unknown_token_is_unauthorized(sso: Any) -> None:
    """With the modelled exception and the message of AWS."""
    with pytest.raises(
        sso.exceptions.UnauthorizedException, match="Session token not found or invalid"
    ):
        get_role_credentials(sso, "unknown")


def test_logout_revokes_the_token_and_its_refresh_token(sso: Any, oidc: Any, alice: SignIn) -> None:
    """Neither of them works after Logout."""
    sso.logout(accessToken=alice.access_token)

    with pytest.raises(sso.exceptions.UnauthorizedException):
        sso.list_accounts(accessToken=alice.access_token)

    with pytest.raises(oidc.exceptions.InvalidGrantException):
        oidc.create_token(
            clientId=alice.client_id,
            clientSecret=alice.client_secret,
            grantType="refresh_token",
            refreshToken=alice.refresh_token,
        )


def test_logout_does_not_affect_other_sign_ins(
    sso: Any, alice: SignIn, sso_emulator: Emulator
) -> None:
    """The same user may be signed in elsewhere."""
    elsewhere = sso_emulator.sign_in("alice")

    sso.logout(accessToken=alice.access_token)

    assert sso.list_accounts(accessToken=elsewhere.access_token)["accountList"]


def test_accounts_are_those_with_an_assignment(sso: Any, sso_emulator: Emulator) -> None:
    """ListAccounts returns id, name and e-mail address."""
    response = sso.list_accounts(accessToken=sso_emulator.sign_in("bob").access_token)

    assert response["accountList"] == [
        {"accountId": STAGING, "accountName": "staging", "emailAddress": "staging@example.com"},
        {"accountId": SANDBOX, "accountName": "sandbox", "emailAddress": "sandbox@example.com"},
    ]


def test_roles_are_those_assigned_in_the_account(sso: Any, alice: SignIn) -> None:
    """ListAccountRoles returns role and account."""
    response = sso.list_account_roles(accessToken=alice.access_token, accountId=PRODUCTION)

    assert response["roleList"] == [
        {"roleName": "AdministratorAccess", "accountId": PRODUCTION},
        {"roleName": "ReadOnlyAccess", "accountId": PRODUCTION},
    ]


def test_a_paginator_finds_all_of_a_thousand_accounts(sso: Any, sso_emulator: Emulator) -> None:
    """A page has at most 100 accounts, as with AWS."""
    sso_emulator.reset(Organization.generated(1000))
    pages = sso.get_paginator("list_accounts").paginate(
        accessToken=sso_emulator.sign_in().access_token
    )

    sizes = [len(page["accountList"]) for page in pages]

    assert sizes == [100] * 10
    assert sso_emulator.requests.count("ListAccounts") == 10


def test_a_client_can_set_the_page_size(sso: Any, alice: SignIn) -> None:
    """Also for roles."""
    pages = sso.get_paginator("list_account_roles").paginate(
        accessToken=alice.access_token, accountId=PRODUCTION, PaginationConfig={"PageSize": 1}
    )

    roles = [[each["roleName"] for each in page["roleList"]] for page in pages]

    assert roles == [["AdministratorAccess"], ["ReadOnlyAccess"]]


def test_the_page_size_setting_limits_the_page_size_of_clients(
    sso: Any, alice: SignIn, sso_emulator: Emulator
) -> None:
    """A test of paging needs only few accounts."""
    sso_emulator.settings.page_size = 2

    response = sso.list_accounts(accessToken=alice.access_token, maxResults=100)

    assert len(response["accountList"]) == 2
    assert response["nextToken"]


@pytest.mark.parametrize("size", ["0", "101", "-1", "ten", "²"])
def test_a_page_size_out_of_range_is_rejected(
    alice: SignIn, ask: Callable[..., tuple[int, str]], size: str
) -> None:
    """AWS allows 1 to 100."""
    status, text = ask(
        "GET",
        f"/assignment/accounts?max_result={quote(size)}",
        headers={"x-amz-sso_bearer_token": alice.access_token},
    )

    assert (status, "max_result" in text) == (400, True)


@pytest.mark.parametrize("query", ["role_name=ReadOnlyAccess", f"account_id={PRODUCTION}", ""])
def test_a_missing_parameter_is_an_invalid_request(
    alice: SignIn, ask: Callable[..., tuple[int, str]], query: str
) -> None:
    """The error says so to clients that do not validate."""
    status, text = ask(
        "GET",
        f"/federation/credentials?{query}",
        headers={"x-amz-sso_bearer_token": alice.access_token},
    )

    assert (status, "Missing parameter" in text) == (400, True)
