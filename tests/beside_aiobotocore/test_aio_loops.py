"""Sessions that outlive a loop, are used by several, are cancelled, or are in a forked child."""

from __future__ import annotations

import asyncio
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import uvloop
from aio import arn_of, forget_sessions, keys_of, new_session
from world import wait_until

from sso_plugin.portal import service_client

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from world import World

PAST = "2020-01-01T00:00:00Z"

pytestmark = pytest.mark.usefixtures("enabled")


def run_uvloop(coroutine: Coroutine[Any, Any, Any]) -> Any:
    loop = uvloop.new_event_loop()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.close()


RUNNERS = [asyncio.run, run_uvloop]


@pytest.fixture(params=RUNNERS, ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def portal_waits(world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Make the next GetRoleCredentials hang; the value is a function that ends this."""
    # On a busy machine, the request must not be repeated.
    monkeypatch.setattr(service_client, "_READ_TIMEOUT", 300)
    world.emulator.faults.add("GetRoleCredentials", kind="hang", times=1)
    return world.emulator.faults.clear


def is_asked(world: World) -> bool:
    """Return whether the request that hangs has arrived."""
    return not world.emulator.faults.pending()


async def until_asked(world: World) -> None:
    while not is_asked(world):  # noqa: ASYNC110 - it happens in another thread
        await asyncio.sleep(0.01)


def test_a_session_works_in_one_loop_after_the_other(world: World, run: Any) -> None:
    """On stock aiobotocore, the lock of the credentials belongs to the first loop."""
    world.sign_in()
    session = new_session()

    async def use() -> set[str]:
        return set(await asyncio.gather(*(arn_of(session) for _ in range(3))))

    assert [len(run(use())) for _ in range(3)] == [1, 1, 1]
    assert world.count("GetRoleCredentials") == 1


def test_two_loops_wait_for_one_renewal(
    world: World, run: Any, portal_waits: Callable[[], None]
) -> None:
    """On stock aiobotocore, the second loop waits forever."""
    world.sign_in()
    session = new_session()

    async def use() -> Any:
        return await asyncio.gather(*(keys_of(session) for _ in range(3)))

    with ThreadPoolExecutor(2) as pool:
        results = [pool.submit(run, use()) for _ in range(2)]
        wait_until(lambda: is_asked(world))
        portal_waits()
        keys = [key for result in results for key in result.result(60)]
    assert len(set(keys)) == 1
    assert world.count("GetRoleCredentials") == 1


def test_a_loop_can_be_closed_during_a_renewal(
    world: World,
    run: Any,
    portal_waits: Callable[[], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The renewal goes on, and the next loop gets its result."""
    world.sign_in()
    session = new_session()

    async def give_up() -> None:
        waiting = asyncio.ensure_future(keys_of(session))
        await until_asked(world)
        assert not waiting.done()

    async def use() -> Any:
        waiting = asyncio.ensure_future(keys_of(session))
        await asyncio.sleep(0)
        portal_waits()
        return await waiting

    loop = asyncio.new_event_loop() if run is asyncio.run else uvloop.new_event_loop()
    loop.run_until_complete(give_up())
    left = asyncio.all_tasks(loop)
    loop.close()
    assert run(use()).access_key
    assert world.count("GetRoleCredentials") == 1
    assert caplog.messages == [], "such as an exception when the closed loop is called"
    for task in left:
        task._log_destroy_pending = False  # type: ignore[attr-defined]  # asyncio would print


@pytest.mark.parametrize("cancelled", [[0], [0, 2, 4, 6, 8], list(range(10))], ids=str)
def test_cancelling_a_task_cancels_its_waiting_only(
    world: World, portal_waits: Callable[[], None], cancelled: list[int]
) -> None:
    """The first one has started the renewal. The others, and later ones, get its result."""
    world.sign_in()
    session = new_session()

    async def use() -> list[Any]:
        tasks = [asyncio.ensure_future(keys_of(session)) for _ in range(10)]
        await until_asked(world)
        for number in cancelled:
            tasks[number].cancel()
        results = await asyncio.gather(
            *(tasks[number] for number in cancelled), return_exceptions=True
        )
        assert all(isinstance(result, asyncio.CancelledError) for result in results)
        portal_waits()
        kept = [task for number, task in enumerate(tasks) if number not in cancelled]
        return [*await asyncio.gather(*kept), await keys_of(session)]

    assert len(set(asyncio.run(use()))) == 1
    assert world.count("GetRoleCredentials") == 1


def test_a_full_default_executor_does_not_matter(world: World) -> None:
    """Its threads belong to the program."""
    world.sign_in()
    session = new_session()
    go_on = threading.Event()

    async def use() -> Any:
        loop = asyncio.get_running_loop()
        pool = ThreadPoolExecutor(1)
        loop.set_default_executor(pool)
        busy = loop.run_in_executor(None, go_on.wait, 30)
        try:
            return await keys_of(session)
        finally:
            go_on.set()
            await busy

    assert asyncio.run(use()).access_key


@pytest.mark.parametrize("due", [True, False], ids=["renewal", "first use"])
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_child_that_was_forked_during_a_renewal_works(world: World, *, due: bool) -> None:
    """It has neither the thread of the renewal nor its locks."""
    world.sign_in()
    if due:
        asyncio.run(keys_of(new_session()))
        world.make_credentials_due()
        forget_sessions()
    asked = world.count("GetRoleCredentials")
    world.emulator.faults.add("GetRoleCredentials", kind="hang", times=1)
    session = new_session()

    async def until_forked() -> int:
        waiting = asyncio.ensure_future(keys_of(session))
        await until_asked(world)
        child = os.fork()
        if child == 0:
            os._exit(child_of_fork(session))
        world.emulator.faults.clear()
        await waiting
        return child

    child = asyncio.run(until_forked())
    assert os.waitpid(child, 0)[1] == 0
    assert world.count("GetRoleCredentials") == asked + 1


def child_of_fork(session: Any) -> int:
    """Use a session in a new loop of a forked child; return its exit code."""
    threading.Timer(120, os._exit, (2,)).start()
    try:
        return 0 if asyncio.new_event_loop().run_until_complete(keys_of(session)).token else 1
    except BaseException:  # noqa: BLE001 - the child must not return to the test
        return 1


DEVELOPMENT = """
import asyncio, sys
import aiobotocore.session, sso_plugin
from aio import arn_of
sso_plugin.enable()

async def run():
    session = aiobotocore.session.AioSession(profile="dev")
    print(*set(await asyncio.gather(*(arn_of(session) for _ in range(3)))))

for _ in range(2):
    asyncio.run(run())
"""


@pytest.mark.long
def test_development_mode_prints_nothing(world: World) -> None:
    """No task, socket or coroutine is left. asyncio reports slow steps on a busy machine too."""
    world.sign_in(expiresAt=PAST)
    done = world.run(DEVELOPMENT, PYTHONDEVMODE="1", PYTHONWARNINGS="default")
    lines = done.stderr.splitlines()
    assert [line for line in lines if not line.startswith("Executing <")] == []
    assert done.stdout.count("alice") == 2
