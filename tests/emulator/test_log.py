"""The request log: what was asked for, and by whom, without a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sso_plugin.emulator.state.request_log import token_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from sso_plugin.emulator import Emulator, SignIn

PRODUCTION, STAGING = "1" * 12, "2" * 12


def test_requests_are_counted_by_what_they_ask_for(
    sso: Any, alice: SignIn, sso_emulator: Emulator
) -> None:
    """Account, role and status."""
    for account in (PRODUCTION, STAGING):
        sso.get_role_credentials(
            accessToken=alice.access_token, accountId=account, roleName="AdministratorAccess"
        )
    sso.list_account_roles(accessToken=alice.access_token, accountId=STAGING)

    count = sso_emulator.requests.count
    assert count("GetRoleCredentials", role="AdministratorAccess") == 2
    assert count("GetRoleCredentials", role="AdministratorAccess", account_id=STAGING) == 1
    assert count("GetRoleCredentials", role="ReadOnlyAccess") == 0
    assert count(account_id=STAGING, status=200) == 2


def test_requests_are_told_apart_by_their_tokens(
    sso: Any, alice: SignIn, sso_emulator: Emulator
) -> None:
    """By a short id, which does not give the token away."""
    bob = sso_emulator.sign_in("bob")
    for token in (alice.access_token, bob.access_token, bob.access_token):
        sso.list_accounts(accessToken=token)

    assert sso_emulator.requests.count(token=token_id(bob.access_token)) == 2
    for entry in sso_emulator.requests:
        assert len(entry.token or "") == 12
        assert alice.access_token not in repr(entry)


def test_trades_are_told_apart_by_their_grants(
    oidc: Any, alice: SignIn, sso_emulator: Emulator, ask: Callable[..., tuple[int, str]]
) -> None:
    """A refresh is not a login; a body that says nothing is counted all the same."""
    oidc.create_token(
        clientId=alice.client_id,
        clientSecret=alice.client_secret,
        grantType="refresh_token",
        refreshToken=alice.refresh_token,
    )
    for body in ("{", "[]", "{}", '{"grantType": 1}'):
        ask("POST", "/token", form=body)

    assert sso_emulator.requests.count("CreateToken", grant_type="refresh_token") == 1
    assert sso_emulator.requests.count("CreateToken", grant_type=None) == 4


def test_a_misspelt_name_is_not_counted_as_zero(sso_emulator: Emulator) -> None:
    """It would make a test pass for the wrong reason."""
    with pytest.raises(ValueError, match="not logged with 'role_name'"):
        sso_emulator.requests.count("GetRoleCredentials", role_name="AdministratorAccess")
