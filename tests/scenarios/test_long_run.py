"""A client that is created once works longer than its credentials are valid."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import boto3
import pytest

import sso_plugin

if TYPE_CHECKING:
    from world import World

LIFETIMES = 6
LIFETIME = 20
"""Seconds: on a busy machine, a renewal takes less than a quarter of it, and a call a fiftieth."""

PAUSE = 0.02
"""Seconds between two calls, which other tests need."""


@pytest.mark.long
def test_a_client_works_for_six_lifetimes_of_its_credentials(world: World) -> None:
    """No call fails, and none is signed with expired keys: STS checks each signature."""
    world.emulator.settings.role_credentials = LIFETIME
    world.emulator.settings.access_token = 3 * LIFETIME
    world.sign_in()
    sso_plugin.enable()
    sts = boto3.Session(profile_name="dev").client("sts")
    end = time.monotonic() + LIFETIMES * LIFETIME
    calls = 0
    while time.monotonic() < end:
        sts.get_caller_identity()
        calls += 1
        time.sleep(PAUSE)
    statuses = {one.status for one in world.emulator.requests if one.operation != "CreateToken"}
    assert statuses == {200}
    assert world.count("GetCallerIdentity") == calls
    assert LIFETIMES <= world.count("GetRoleCredentials") <= 2 * LIFETIMES
    assert LIFETIMES // 3 <= world.count("CreateToken") <= LIFETIMES
