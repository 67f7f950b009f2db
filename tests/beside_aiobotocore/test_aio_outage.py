"""The portal is down while credentials are valid, and when they expire."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest
from aio import keys_of, new_session

from sso_plugin import PortalError

if TYPE_CHECKING:
    from world import World

pytestmark = pytest.mark.usefixtures("enabled")

LIFETIME = 12
"""Seconds that the credentials are valid. The portal fails soon after they were issued."""


@pytest.mark.long
@pytest.mark.parametrize("new_sessions", [False, True], ids=["one session", "a session each"])
def test_no_task_fails_before_the_credentials_expire(world: World, *, new_sessions: bool) -> None:
    """And the first one after the outage works again."""
    world.sign_in()
    world.emulator.settings.role_credentials = LIFETIME
    session = new_session()
    failed_at: list[float] = []

    async def use() -> Any:
        return await keys_of(new_session() if new_sessions else session)

    async def use_until_it_fails() -> None:
        while not failed_at:
            try:
                await use()
            except PortalError:
                failed_at.append(time.time())
            await asyncio.sleep(0.05)

    async def run() -> None:
        asked_at = time.time()
        first = await use()
        world.emulator.faults.add("*", status=500)
        await asyncio.gather(*(use_until_it_fails() for _ in range(5)))
        assert min(failed_at) >= asked_at + LIFETIME - 1, "one second: expiry has no fractions"
        world.emulator.faults.clear()
        assert (await use()).access_key != first.access_key

    asyncio.run(run())
