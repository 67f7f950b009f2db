"""Assignments, which can change at any time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from emulator_clients import get_role_credentials

if TYPE_CHECKING:
    from sso_plugin.emulator import Emulator, SignIn

PRODUCTION, STAGING, SANDBOX = "1" * 12, "2" * 12, "3" * 12


def test_assignments_change_while_the_emulator_runs(
    sso: Any, alice: SignIn, sso_emulator: Emulator
) -> None:
    """A change applies from the next request."""
    sso_emulator.assign("alice", STAGING, "PowerUserAccess")
    get_role_credentials(sso, alice.access_token, STAGING, "PowerUserAccess")

    sso_emulator.unassign("alice", STAGING, "PowerUserAccess")

    with pytest.raises(ClientError, match="No access"):
        get_role_credentials(sso, alice.access_token, STAGING, "PowerUserAccess")


def test_an_account_without_assignments_is_not_listed(
    sso: Any, alice: SignIn, sso_emulator: Emulator
) -> None:
    """After its last assignment was removed."""
    sso_emulator.unassign("alice", STAGING, "AdministratorAccess")

    response = sso.list_accounts(accessToken=alice.access_token)

    assert [each["accountId"] for each in response["accountList"]] == [PRODUCTION, SANDBOX]
