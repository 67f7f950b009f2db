"""The request log, and how requests are counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sso_plugin.emulator.state.request_log import token_id

if TYPE_CHECKING:
    from sso_plugin.emulator import Emulator, SignIn

PRODUCTION, STAGING = "1" * 12, "2" * 12


def test_requests_are_counted_by_account_role_and_status(
    sso: Any, alice: SignIn, sso_emulator: Emulator
) -> None:
    """Any combination of the fields."""
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


def test_requests_are_counted_by_token(sso: Any, alice: SignIn, sso_emulator: Emulator) -> None:
    """By an id from which the token cannot be derived."""
    bob = sso_emulator.sign_in("bob")
    for token in (alice.access_token, bob.access_token, bob.access_token):
        sso.list_accounts(accessToken=token)

    assert sso_emulator.requests.count(token=token_id(bob.access_token)) == 2
    for entry in sso_emulator.requests:
        assert len(entry.token or "") == 12
        assert alice.access_token not in repr(entry)


def test_a_misspelled_field_is_an_error(sso_emulator: Emulator) -> None:
    """With a count of zero, a test would pass for the wrong reason."""
    with pytest.raises(ValueError, match="has no field 'role_name'"):
        sso_emulator.requests.count("GetRoleCredentials", role_name="AdministratorAccess")
