"""aiobotocore with its httpx backend, on trio and on asyncio."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
import trio
from aio import arn_of, audited, keys_of, new_session
from aiobotocore.config import AioConfig
from aiobotocore.httpxsession import HttpxSession

from sso_plugin import LoginRequired
from sso_plugin.session.aio.credentials import AioSsoCredentials

if TYPE_CHECKING:
    from world import World

PAST = "2020-01-01T00:00:00Z"

pytestmark = pytest.mark.usefixtures("enabled")


def httpx_session(profile: str = "dev") -> Any:
    session = new_session(profile)
    session.set_default_client_config(AioConfig(http_session_cls=HttpxSession))
    return session


def run_asyncio(function: Any) -> Any:
    return asyncio.run(function())


@pytest.fixture(params=[trio.run, run_asyncio], ids=["trio", "asyncio"])
def run(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_a_request_is_signed_with_our_credentials(world: World, run: Any) -> None:
    """In one loop after the other, also after a change of the kind of loop."""
    world.sign_in()
    session = httpx_session()

    async def use() -> str:
        assert type(await session.get_credentials()) is AioSsoCredentials
        return await arn_of(session)

    assert [run(use).rsplit("/", 1)[-1] for _ in range(2)] == ["alice"] * 2
    assert asyncio.run(use()).endswith("alice")
    assert world.count("GetRoleCredentials") == 1


def test_tasks_share_one_thread(world: World) -> None:
    """Also on trio, whose own threads are not used."""
    world.emulator.settings.refresh_tokens = "rotate"
    world.sign_in(expiresAt=PAST)
    sessions = [httpx_session() for _ in range(100)]
    keys: list[Any] = []

    async def use(session: Any) -> None:
        keys.append(await keys_of(session))

    async def use_all() -> None:
        with audited() as audit:
            async with trio.open_nursery() as nursery:
                for session in sessions:
                    nursery.start_soon(use, session)
        assert audit.started() <= 3
        assert audit.blocking() == []

    trio.run(use_all)
    assert (len(keys), len(set(keys))) == (100, 1)
    assert (world.count("CreateToken"), world.count("GetRoleCredentials")) == (1, 1)


def test_cancelling_cancels_the_waiting_only(world: World) -> None:
    """A later task gets the result of the renewal."""
    world.sign_in()
    world.emulator.faults.add("GetRoleCredentials", kind="hang", times=1)
    session = httpx_session()

    async def use() -> Any:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(keys_of, session)
            while world.emulator.faults.pending():  # noqa: ASYNC110 - it happens in a thread
                await trio.sleep(0.01)
            nursery.cancel_scope.cancel()
        world.emulator.faults.clear()
        return await keys_of(session)

    assert trio.run(use).access_key
    assert world.count("GetRoleCredentials") == 1


def test_a_loop_can_end_during_a_renewal(world: World) -> None:
    """The renewal finds no loop to report to, and the next loop gets its result."""
    world.sign_in()
    world.emulator.faults.add("GetRoleCredentials", kind="hang", times=1)
    session = httpx_session()

    async def give_up() -> None:
        with trio.move_on_after(0.1):
            await keys_of(session)

    trio.run(give_up)
    world.emulator.faults.clear()
    assert trio.run(keys_of, session).access_key
    assert world.count("GetRoleCredentials") == 1


def test_each_task_gets_its_own_error(world: World) -> None:
    """An exception that several tasks raise would get the frames of all of them."""
    errors: list[Exception] = []
    session = httpx_session()

    async def use() -> None:
        try:
            await keys_of(session)
        except LoginRequired as exc:
            errors.append(exc)

    async def use_all() -> None:
        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(use)

    trio.run(use_all)
    assert len({id(each) for each in errors}) == 5
    assert "sso-plugin login --profile dev" in str(errors[0])
    assert world.count("GetRoleCredentials") == 0


def test_the_client_sso_needs_no_token(world: World, run: Any) -> None:
    """The handler is async on both kinds of loops."""
    world.sign_in()
    session = httpx_session()

    async def use() -> int:
        async with session.create_client("sso", region_name="us-east-1") as sso:
            return len((await sso.list_accounts())["accountList"])

    assert run(use) == 3
