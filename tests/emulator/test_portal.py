"""The portal, asked by the stock `sso` client."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from botocore.exceptions import ClientError

from sso_plugin.emulator import Organization
from sso_plugin.emulator.http.httpd import Server

if TYPE_CHECKING:
    from collections.abc import Callable

    from sso_plugin.emulator import Emulator, SignIn

PRODUCTION, STAGING, SANDBOX = "1" * 12, "2" * 12, "3" * 12


def ask_for_role(
    sso: Any, token: str, account: str = PRODUCTION, role: str = "ReadOnlyAccess"
) -> Any:
    return sso.get_role_credentials(accessToken=token, accountId=account, roleName=role)


def test_role_credentials_expire_in_epoch_milliseconds(
    sso: Any, alice: SignIn, sso_emulator: Emulator
) -> None:
    """GetRoleCredentials answers with four values, the last of them in milliseconds."""
    answer = ask_for_role(sso, alice.access_token)["roleCredentials"]

    assert answer.keys() == {"accessKeyId", "secretAccessKey", "sessionToken", "expiration"}
    assert answer["accessKeyId"].startswith("ASIA")
    assert answer["expiration"] / 1000 == pytest.approx(sso_emulator.clock.now() + 3600, abs=5)


def test_every_request_is_answered_with_new_credentials(sso: Any, alice: SignIn) -> None:
    """The portal does not hand out the same credentials twice."""
    first = ask_for_role(sso, alice.access_token)["roleCredentials"]
    second = ask_for_role(sso, alice.access_token)["roleCredentials"]

    assert first["accessKeyId"] != second["accessKeyId"]


def test_the_lifetime_of_role_credentials_can_be_set(
    sso: Any, alice: SignIn, sso_emulator: Emulator
) -> None:
    """A change of settings counts from the next request."""
    sso_emulator.settings.role_credentials = 30

    answer = ask_for_role(sso, alice.access_token)["roleCredentials"]

    assert answer["expiration"] / 1000 == pytest.approx(sso_emulator.clock.now() + 30, abs=5)


def test_a_role_one_does_not_have_is_forbidden(sso: Any, alice: SignIn) -> None:
    """The service refuses with 403 and an error its model does not know."""
    with pytest.raises(ClientError) as caught:
        ask_for_role(sso, alice.access_token, role="PowerUserAccess")

    assert caught.value.response["Error"]["Code"] == "ForbiddenException"
    assert caught.value.response["Error"]["Message"] == "No access"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_an_account_one_does_not_have_is_forbidden(sso: Any, sso_emulator: Emulator) -> None:
    """Neither credentials nor roles are given away for it."""
    token = sso_emulator.sign_in("bob").access_token

    with pytest.raises(ClientError, match="No access"):
        ask_for_role(sso, token, PRODUCTION)

    with pytest.raises(ClientError, match="No access"):
        sso.list_account_roles(accessToken=token, accountId=PRODUCTION)


def test_a_made_up_token_is_unauthorized(sso: Any) -> None:
    """The modelled exception is raised, with the service's own words."""
    with pytest.raises(
        sso.exceptions.UnauthorizedException, match="Session token not found or invalid"
    ):
        ask_for_role(sso, "made-up")


def test_a_token_dies_when_its_time_is_up(sso: Any, alice: SignIn, sso_emulator: Emulator) -> None:
    """The clock can be advanced past the end of a token."""
    sso_emulator.clock.advance(alice.expires_in - 60)
    ask_for_role(sso, alice.access_token)

    sso_emulator.clock.advance(60)

    with pytest.raises(sso.exceptions.UnauthorizedException):
        ask_for_role(sso, alice.access_token)


def test_logout_revokes_the_token_and_its_refresh_token(sso: Any, oidc: Any, alice: SignIn) -> None:
    """After Logout nothing of this sign-in is of any use."""
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


def test_logout_leaves_other_sign_ins_alone(
    sso: Any, alice: SignIn, sso_emulator: Emulator
) -> None:
    """The same user may be signed in elsewhere."""
    elsewhere = sso_emulator.sign_in("alice")

    sso.logout(accessToken=alice.access_token)

    assert sso.list_accounts(accessToken=elsewhere.access_token)["accountList"]


def test_revoking_a_user_ends_all_sign_ins(sso: Any, sso_emulator: Emulator) -> None:
    """As when an administrator removes somebody."""
    tokens = [sso_emulator.sign_in("alice").access_token for _ in range(2)]
    sso_emulator.revoke("alice")

    for token in tokens:
        with pytest.raises(sso.exceptions.UnauthorizedException):
            sso.list_accounts(accessToken=token)


def test_revoking_a_token_ends_its_sign_in(sso: Any, alice: SignIn, sso_emulator: Emulator) -> None:
    """One token can be revoked from outside, too."""
    sso_emulator.revoke(access_token=alice.access_token)

    with pytest.raises(sso.exceptions.UnauthorizedException):
        sso.list_accounts(accessToken=alice.access_token)


def test_accounts_are_those_with_an_assignment(sso: Any, sso_emulator: Emulator) -> None:
    """ListAccounts tells id, name and e-mail address."""
    answer = sso.list_accounts(accessToken=sso_emulator.sign_in("bob").access_token)

    assert answer["accountList"] == [
        {"accountId": STAGING, "accountName": "staging", "emailAddress": "staging@example.com"},
        {"accountId": SANDBOX, "accountName": "sandbox", "emailAddress": "sandbox@example.com"},
    ]


def test_roles_are_those_assigned_in_the_account(sso: Any, alice: SignIn) -> None:
    """ListAccountRoles tells the role and repeats the account."""
    answer = sso.list_account_roles(accessToken=alice.access_token, accountId=PRODUCTION)

    assert answer["roleList"] == [
        {"roleName": "AdministratorAccess", "accountId": PRODUCTION},
        {"roleName": "ReadOnlyAccess", "accountId": PRODUCTION},
    ]


def test_assignments_change_while_the_emulator_runs(
    sso: Any, alice: SignIn, sso_emulator: Emulator
) -> None:
    """An assignment counts, and stops counting, from the next request."""
    sso_emulator.assign("alice", STAGING, "PowerUserAccess")
    ask_for_role(sso, alice.access_token, STAGING, "PowerUserAccess")

    sso_emulator.unassign("alice", STAGING, "PowerUserAccess")

    with pytest.raises(ClientError, match="No access"):
        ask_for_role(sso, alice.access_token, STAGING, "PowerUserAccess")


def test_an_account_without_assignments_disappears(
    sso: Any, alice: SignIn, sso_emulator: Emulator
) -> None:
    """It is listed no more."""
    sso_emulator.unassign("alice", STAGING, "AdministratorAccess")

    answer = sso.list_accounts(accessToken=alice.access_token)

    assert [each["accountId"] for each in answer["accountList"]] == [PRODUCTION, SANDBOX]


def test_a_paginator_finds_all_of_a_thousand_accounts(sso: Any, sso_emulator: Emulator) -> None:
    """Pages are never longer than the service's hundred."""
    sso_emulator.reset(Organization.generated(1000))
    pages = sso.get_paginator("list_accounts").paginate(
        accessToken=sso_emulator.sign_in().access_token
    )

    sizes = [len(page["accountList"]) for page in pages]

    assert sizes == [100] * 10
    assert sso_emulator.requests.count("ListAccounts") == 10


def test_a_paginator_keeps_to_the_page_size_it_asks_for(sso: Any, alice: SignIn) -> None:
    """The limit of a request is honoured, and roles are paged too."""
    pages = sso.get_paginator("list_account_roles").paginate(
        accessToken=alice.access_token, accountId=PRODUCTION, PaginationConfig={"PageSize": 1}
    )

    roles = [[each["roleName"] for each in page["roleList"]] for page in pages]

    assert roles == [["AdministratorAccess"], ["ReadOnlyAccess"]]


def test_the_page_size_of_the_emulator_caps_the_clients(
    sso: Any, alice: SignIn, sso_emulator: Emulator
) -> None:
    """So that a test of paging needs few accounts."""
    sso_emulator.settings.page_size = 2

    answer = sso.list_accounts(accessToken=alice.access_token, maxResults=100)

    assert len(answer["accountList"]) == 2
    assert answer["nextToken"]


@pytest.mark.parametrize("token", ["made-up", "1-", "-1-abc", "", "é"])
def test_a_made_up_page_token_is_refused(sso: Any, alice: SignIn, token: str) -> None:
    """Page tokens cannot be guessed."""
    with pytest.raises(sso.exceptions.InvalidRequestException):
        sso.list_accounts(accessToken=alice.access_token, nextToken=token)


def test_a_page_token_of_another_list_is_refused(
    sso: Any, alice: SignIn, sso_emulator: Emulator
) -> None:
    """A token continues the list it came from and no other."""
    sso_emulator.settings.page_size = 1
    token = sso.list_accounts(accessToken=alice.access_token)["nextToken"]

    with pytest.raises(sso.exceptions.InvalidRequestException):
        sso.list_account_roles(
            accessToken=alice.access_token, accountId=PRODUCTION, nextToken=token
        )


@pytest.mark.parametrize("size", ["0", "101", "-1", "ten", "²"])
def test_a_page_size_out_of_range_is_refused(
    alice: SignIn, ask: Callable[..., tuple[int, str]], size: str
) -> None:
    """The service takes 1 to 100."""
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
    """A client that checks nothing is told what it forgot."""
    status, text = ask(
        "GET",
        f"/federation/credentials?{query}",
        headers={"x-amz-sso_bearer_token": alice.access_token},
    )

    assert (status, "Missing parameter" in text) == (400, True)


def test_the_date_of_answers_is_the_emulators(sso: Any, sso_emulator: Emulator) -> None:
    """A client can learn the server's time from every answer."""
    sso_emulator.clock.advance(86400)

    answer = sso.list_accounts(accessToken=sso_emulator.sign_in().access_token)

    date = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
    assert date.timestamp() == pytest.approx(sso_emulator.clock.now(), abs=5)


def test_a_client_keeps_its_connection(
    sso: Any, alice: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests of one client come over one connection, as with the real service."""
    accepted = []
    accept = Server.get_request

    def counted(server: Server) -> Any:
        accepted.append(server)
        return accept(server)

    monkeypatch.setattr(Server, "get_request", counted)
    for _ in range(5):
        sso.list_accounts(accessToken=alice.access_token)

    assert len(accepted) == 1
