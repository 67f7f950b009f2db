"""``sso_login = wait`` in async sessions: a call waits for a login, the event loop does not."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from aio import arn_of, keys_of, new_session, until
from aio_ways import with_ticks
from waiting_jobs import configure_wait

if TYPE_CHECKING:
    from world import World

pytestmark = pytest.mark.usefixtures("enabled")


@pytest.mark.long
def test_all_tasks_continue_when_the_code_is_approved(world: World) -> None:
    """The loop runs other tasks meanwhile, and one notification is sent."""
    notifications = configure_wait(world)

    async def approve() -> None:
        async def is_notified() -> bool:
            return bool(notifications.received)

        await until(is_notified)
        world.emulator.approve(notifications.received[0]["USER_CODE"], "alice")

    async def main() -> tuple[list[str], int]:
        sessions = [new_session() for _ in range(10)]
        approval = asyncio.ensure_future(approve())
        users, ticks = await with_ticks(asyncio.gather(*map(arn_of, sessions)))
        await approval
        return users, ticks

    users, ticks = asyncio.run(main())
    assert {user.rpartition("/")[2] for user in users} == {"alice"}
    assert ticks > 5
    assert len(notifications.received) == 1
    assert world.count("StartDeviceAuthorization") == 1


@pytest.mark.long
def test_a_task_that_waits_can_be_cancelled(world: World) -> None:
    """Another one goes on waiting, and gets the keys after a login by another program."""
    notifications = configure_wait(world)

    async def main() -> str:
        first, other = (asyncio.ensure_future(keys_of(new_session())) for _ in range(2))
        await asyncio.to_thread(notifications.wait)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        world.sign_in()
        return str((await other).access_key)

    assert asyncio.run(main()).startswith("ASIA")


@pytest.mark.long
def test_a_program_ends_while_a_call_waits(world: World) -> None:
    """Its thread does not keep it."""
    configure_wait(world)
    done = world.run(
        f"import asyncio, os, sso_plugin; os.chdir({str(world.home)!r}); sso_plugin.enable()\n"
        "from aiobotocore.session import AioSession\n"
        "async def main():\n"
        "    credentials = await AioSession(profile='dev').get_credentials()\n"
        "    waiting = asyncio.ensure_future(credentials.get_frozen_credentials())\n"
        "    while not os.path.getsize('notified'): await asyncio.sleep(0.05)\n"
        "    await asyncio.wait_for(waiting, 0.5)\n"
        "asyncio.run(main())"
    )
    assert "TimeoutError" in done.stderr.splitlines()[-1]
