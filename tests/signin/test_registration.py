"""The registration as an OAuth client: cached, checked, and replaced."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from approving_user import ApprovingUser

from sso_plugin.signin.configured_login import ConfiguredLogin
from sso_plugin.signin.registration import Registrations

if TYPE_CHECKING:
    from world import World


@pytest.mark.long
def test_a_registration_is_cached_for_the_next_login(world: World, user: ApprovingUser) -> None:
    """The file has the name and the form of the AWS CLI: by start URL, region, scopes, session."""
    user.log_in()
    user.log_in(force=True)
    name = json.dumps(
        {
            "region": world.emulator.region,
            "scopes": ["sso:account:access"],
            "session_name": "corp",
            "startUrl": world.emulator.start_url,
            "tool": "botocore",
        }
    )
    cached = json.loads(world.token_file(name).read_text())
    grant_types = ["grantTypes"] if user.flow == "browser" else []
    assert sorted(cached) == ["clientId", "clientSecret", "expiresAt", *grant_types, "scopes"]
    assert cached.get("grantTypes", []) == (
        ["authorization_code", "refresh_token"] if grant_types else []
    )
    assert world.count("RegisterClient") == 1
    assert len(user.prompts) == 2


@pytest.mark.long
def test_each_flow_registers_with_its_own_grant_types(world: World) -> None:
    """A registration for the device flow cannot be used for the browser flow, and vice versa."""
    for flow in ("device", "browser", "device"):
        ApprovingUser(world).log_in(flow=flow, force=True)
    assert world.count("RegisterClient") == 3


@pytest.mark.long
def test_a_registration_that_expires_soon_is_replaced(world: World, user: ApprovingUser) -> None:
    """It must be valid until the login has ended."""
    world.emulator.settings.registration = 60
    user.log_in()
    user.log_in(force=True)
    assert world.count("RegisterClient") == 2


@pytest.mark.long
def test_other_scopes_get_another_registration(world: World, user: ApprovingUser) -> None:
    """``sso_registration_scopes`` is part of the registration."""
    user.log_in()
    world.configure(
        world.emulator.profile().replace("sso:account:access", "sso:account:access,x:y")
    )
    user.log_in(force=True)
    assert world.count("RegisterClient") == 2


@pytest.mark.long
def test_a_damaged_registration_is_replaced(world: World, user: ApprovingUser) -> None:
    """The login does not fail."""
    user.log_in()
    for file in world.token_file().parent.glob("*.json"):
        file.write_text('{"clientId": 7}')
    user.log_in()
    assert json.loads(world.token_file().read_text())["accessToken"]


def test_a_date_that_cannot_be_read_is_reported_and_replaced(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """The message names the file."""
    registrations = Registrations(ConfiguredLogin.find("dev"))
    file = world.token_file().with_name(f"{registrations.key}.json")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text('{"clientId": "x", "clientSecret": "y", "expiresAt": "tomorrow"}')
    assert registrations.for_device().client_id != "x"
    assert [message for message in caplog.messages if str(file) in message] != []


def test_a_deleted_registration_is_made_again(world: World) -> None:
    """After the portal has refused it."""
    registrations = Registrations(ConfiguredLogin.find("dev"))
    first = registrations.for_device()
    assert registrations.for_device() == first
    registrations.delete()
    assert registrations.for_device().client_id != first.client_id
    assert world.count("RegisterClient") == 2
