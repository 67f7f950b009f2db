"""Tokens for the next page of a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from sso_plugin.emulator import Emulator, SignIn

PRODUCTION = "1" * 12


@pytest.mark.parametrize("token", ["unknown", "1-", "-1-abc", "", "é"])
def test_an_invalid_page_token_is_rejected(sso: Any, alice: SignIn, token: str) -> None:
    """Clients cannot forge one."""
    with pytest.raises(sso.exceptions.InvalidRequestException):
        sso.list_accounts(accessToken=alice.access_token, nextToken=token)


def test_a_page_token_of_another_list_is_rejected(
    sso: Any, alice: SignIn, sso_emulator: Emulator
) -> None:
    """A token continues only its own list."""
    sso_emulator.settings.page_size = 1
    token = sso.list_accounts(accessToken=alice.access_token)["nextToken"]

    with pytest.raises(sso.exceptions.InvalidRequestException):
        sso.list_account_roles(
            accessToken=alice.access_token, accountId=PRODUCTION, nextToken=token
        )
