"""The reset of the whole state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sso_plugin.emulator import Emulator, Organization, Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from sso_plugin.emulator import SignIn


def test_reset_restores_everything(
    control: Callable[..., Any], sso: Any, alice: SignIn, sso_emulator: Emulator
) -> None:
    """Tokens, clock, settings, faults, log and assignments."""
    first = sso_emulator.settings.as_dict()
    sso_emulator.clock.advance(1000)
    sso_emulator.settings.access_token = 1
    sso_emulator.faults.add(status=500)
    sso_emulator.unassign("bob", "2" * 12, "ReadOnlyAccess")
    now = sso_emulator.clock.now()

    assert control("POST", "reset") == (200, {})

    assert sso_emulator.clock.now() < now
    assert sso_emulator.settings.as_dict() == first
    assert sso_emulator.state.assignments.roles("bob", "2" * 12) == ["ReadOnlyAccess"]
    with pytest.raises(sso.exceptions.UnauthorizedException):
        sso.list_accounts(accessToken=alice.access_token)


def test_reset_restores_the_settings_of_the_start() -> None:
    """The settings object that was given is not changed."""
    given = Settings(role_credentials=42)
    emulator = Emulator(settings=given)
    emulator.settings.role_credentials = 1

    emulator.reset()

    assert (emulator.settings.role_credentials, given.role_credentials) == (42, 42)


def test_an_organization_given_to_reset_lasts_until_the_next_reset(sso_emulator: Emulator) -> None:
    """One server can serve tests of every size."""
    sso_emulator.reset(Organization.generated(5))
    assert len(sso_emulator.organization.accounts) == 5

    sso_emulator.reset()

    assert len(sso_emulator.organization.accounts) == 3
