"""Requests for role credentials: how many there are, and the errors that a caller gets."""

from __future__ import annotations

import copy
import pickle
import time
from typing import TYPE_CHECKING

import pytest
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import ClientError, UnauthorizedSSOTokenError
from roles import key_of

from sso_plugin import LoginRequired, NoAccess, PortalError
from sso_plugin.portal.client import Portal
from sso_plugin.storage.file_cache import FileCache

if TYPE_CHECKING:
    from world import World


def test_the_error_for_a_missing_role_names_the_roles_of_the_user(world: World) -> None:
    """It is also the ClientError that botocore raises for status 403."""
    world.configure(world.emulator.profile(role_name="PowerUser"))
    world.sign_in()
    with pytest.raises(NoAccess) as caught:
        key_of()
    assert str(caught.value) == (
        'The profile "dev" asks for the role PowerUser in the account 111111111111, which this '
        "user does not have. Set sso_role_name to one of: AdministratorAccess, ReadOnlyAccess."
    )
    assert isinstance(caught.value, ClientError)
    assert caught.value.response["Error"]["Code"] == "ForbiddenException"
    assert caught.value.operation_name == "GetRoleCredentials"


def test_the_error_for_an_account_without_roles_names_sso_account_id(world: World) -> None:
    """There is no role to name in that account."""
    world.configure(world.emulator.profile(account_id="999999999999"))
    world.sign_in()
    with pytest.raises(NoAccess, match="Set sso_account_id to an account in which the user has"):
        key_of()


def test_a_rejected_token_is_renewed_and_the_request_repeated(world: World) -> None:
    """One more request and no error."""
    world.sign_in(accessToken="revoked")
    key_of()
    assert world.count("CreateToken") == 1
    assert world.count("GetRoleCredentials") == 2


def test_credentials_of_another_machine_are_used(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are pulled under the lock, before a request is sent."""
    world.sign_in()
    key = key_of()
    [file] = world.role_files()
    elsewhere = file.rename(world.home / "elsewhere")
    # Files of this machine have nothing to pull. A store of many machines does this.
    monkeypatch.setattr(
        FileCache, "pull", lambda *_, **__: elsewhere.exists() and elsewhere.rename(file)
    )
    assert key_of() == key
    assert world.count("GetRoleCredentials") == 1


@pytest.mark.long
def test_a_revoked_login_needs_a_login(world: World) -> None:
    """The portal rejects the token and refuses the refresh token."""
    signed_in = world.sign_in()
    world.emulator.revoke(access_token=signed_in.access_token)
    with pytest.raises(LoginRequired, match="Run: sso-plugin login --profile dev") as caught:
        key_of()
    assert isinstance(caught.value, UnauthorizedSSOTokenError)


def test_the_error_for_a_failing_portal_names_the_operation_and_the_reason(world: World) -> None:
    """It can be retried."""
    world.sign_in()
    world.emulator.faults.add("GetRoleCredentials", status=500, code="InternalServerException")
    with pytest.raises(PortalError) as caught:
        key_of()
    assert str(caught.value) == (
        'The profile "dev" was refused GetRoleCredentials by Identity Center (sso in '
        f"eu-central-1, at {world.emulator.url}): InternalServerException, Injected fault. Try "
        "again later, or run: sso-plugin doctor --profile dev"
    )
    assert isinstance(caught.value, ClientError)
    assert caught.value.retryable


def test_credentials_that_have_already_expired_are_an_error(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise AWS would reject them, without an explanation."""
    expired = ReadOnlyCredentials("A", "B", "C"), time.time() - 1
    monkeypatch.setattr(Portal, "get_role_credentials", lambda *_: expired)
    world.sign_in()
    with pytest.raises(PortalError, match="that had already expired"):
        key_of()


def test_an_error_can_be_pickled_and_copied(world: World) -> None:
    """Class, message and attributes stay."""
    world.configure(world.emulator.profile(role_name="PowerUser"))
    world.sign_in()
    with pytest.raises(NoAccess) as caught:
        key_of()
    for twin in (pickle.loads(pickle.dumps(caught.value)), copy.copy(caught.value)):  # noqa: S301
        assert type(twin) is NoAccess
        assert str(twin) == str(caught.value)
        assert twin.response == caught.value.response


def test_a_renewed_token_that_is_rejected_needs_a_login(world: World) -> None:
    """There is one renewal only."""
    world.sign_in()
    world.emulator.faults.add("GetRoleCredentials", status=401)
    with pytest.raises(LoginRequired, match="the portal does not accept its token"):
        key_of()
    assert (world.count("CreateToken"), world.count("GetRoleCredentials")) == (1, 2)


@pytest.mark.long
def test_a_forbidden_role_is_requested_once(world: World) -> None:
    """A new token does not help."""
    world.sign_in()
    world.emulator.faults.add("GetRoleCredentials", status=403)
    world.emulator.faults.add("ListAccountRoles", status=500)
    with pytest.raises(NoAccess, match=r"Check sso_account_id and sso_role_name\.$"):
        key_of()
    assert (world.count("CreateToken"), world.count("GetRoleCredentials")) == (0, 1)
