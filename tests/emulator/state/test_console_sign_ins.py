"""Sign-in tokens for the console, without HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sso_plugin.emulator.state.service_errors import ServiceError

if TYPE_CHECKING:
    from sso_plugin.emulator import Emulator
    from sso_plugin.emulator.state.console_sign_ins import ConsoleSignIn

PRODUCTION = "1" * 12


def create(emulator: Emulator, duration: int = 3600) -> ConsoleSignIn:
    """Return a sign-in for new role credentials of alice."""
    issued = emulator.state.issue_role_credentials("alice", PRODUCTION, "ReadOnlyAccess")
    return emulator.state.console_sign_ins.create(
        issued.access_key_id, issued.secret_access_key, issued.session_token, duration
    )


def test_a_token_has_the_caller_of_the_role_credentials(sso_emulator: Emulator) -> None:
    """It works more than once, so that a page can be reloaded."""
    sign_in = create(sso_emulator)

    found = [sso_emulator.state.console_sign_ins.find(sign_in.token) for _ in range(2)]

    assert found == [sign_in, sign_in]
    assert sign_in.caller.account_id == PRODUCTION
    assert sign_in.caller.session_name == "alice"


def test_a_token_is_valid_for_15_minutes(sso_emulator: Emulator) -> None:
    """By the clock of the emulator."""
    sign_in = create(sso_emulator)
    sso_emulator.clock.advance(899)
    assert sso_emulator.state.console_sign_ins.find(sign_in.token)

    sso_emulator.clock.advance(1)

    with pytest.raises(ServiceError, match="has expired"):
        sso_emulator.state.console_sign_ins.find(sign_in.token)


@pytest.mark.parametrize("duration", [900, 43200])
def test_the_limits_of_the_duration_are_valid(sso_emulator: Emulator, duration: int) -> None:
    """15 minutes and 12 hours."""
    assert create(sso_emulator, duration).duration == duration


def test_a_repr_has_no_token(sso_emulator: Emulator) -> None:
    """It does not appear in the output of a test."""
    sign_in = create(sso_emulator)

    assert sign_in.token not in repr(sign_in)
