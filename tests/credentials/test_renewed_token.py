"""Tokens for callers that must not block: what they get at once, and when they have to wait."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from tokens import PAST, source_of, stale_token
from world import wait_until

from sso_plugin import LoginRequired, PortalError
from sso_plugin.credentials.renewed_token import RenewedToken
from sso_plugin.portal import service_client

if TYPE_CHECKING:
    from world import World


def test_a_fresh_token_is_at_hand(world: World) -> None:
    """Nothing is started."""
    signed_in = world.sign_in()
    token = RenewedToken(source_of())
    found = token.at_hand()
    assert found is not None
    assert found.value == signed_in.access_token
    assert not token._renewal.is_running


def test_a_valid_token_is_used_while_it_is_renewed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A caller gets the new one after the renewal."""
    # On a busy machine, the request must not be repeated.
    monkeypatch.setattr(service_client, "_READ_TIMEOUT", 300)
    old = stale_token(world)
    world.emulator.faults.add("CreateToken", kind="hang", times=1)
    token = RenewedToken(source_of())
    for _ in range(3):
        found = token.at_hand()
        assert found is not None
        assert found.value == old
    world.emulator.faults.clear()
    wait_until(lambda: (found := token.at_hand()) is not None and found.value != old)
    assert world.count("CreateToken") == 1


def test_after_a_failed_renewal_the_next_one_comes_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until then, callers start no thread."""
    old = stale_token(world)
    world.emulator.faults.add("CreateToken", status=500)
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    token = RenewedToken(source_of())
    token.at_hand()
    token._renewal.wait(60)
    asked = world.count("CreateToken")
    for _ in range(3):
        found = token.at_hand()
        assert found is not None
        assert found.value == old
        assert not token._renewal.is_running
    assert world.count("CreateToken") == asked


def test_a_caller_without_a_valid_token_waits(world: World) -> None:
    """The future has no error."""
    world.sign_in(expiresAt=PAST)
    token = RenewedToken(source_of())
    assert token.at_hand() is None
    future, seconds = token.renew()
    assert (future.result(60), seconds) == (None, None)
    assert token.at_hand(waited=True) is not None


@pytest.mark.parametrize("signed_in", [True, False])
def test_the_result_is_the_error_for_those_that_wait(world: World, *, signed_in: bool) -> None:
    """It is not raised in the thread."""
    if signed_in:
        world.sign_in(expiresAt=PAST)
        world.emulator.faults.add("CreateToken", status=500)
    error = RenewedToken(source_of()).renew()[0].result(60)
    assert isinstance(error, PortalError if signed_in else LoginRequired)
