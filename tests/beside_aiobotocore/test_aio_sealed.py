"""Async sessions with sealed tokens and roles: the event loop waits for no keyring."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest
from aio import arn_of, audited, forget_sessions, keys_of, new_session, until
from aio_crowd import mixed_crowd
from aio_ways import ASYNC
from issued import exposed, record_issued
from scenario import log_in
from sealed import configure, expire, set_key

from sso_plugin.storage.sealing import sealer
from sso_plugin.storage.sealing.environment import EnvironmentKeys

if TYPE_CHECKING:
    from issued import Issued
    from world import World

    from sso_plugin.storage.sealing.key_source import Keys

pytestmark = pytest.mark.usefixtures("enabled")


@pytest.fixture
def issued(monkeypatch: pytest.MonkeyPatch) -> Issued:
    """Return the secrets that the emulator issues from now on."""
    return record_issued(monkeypatch)


@pytest.fixture
def sealed(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return a world whose profile seals tokens and roles, with a key in the environment."""
    set_key(monkeypatch)
    configure(world)
    return world


@pytest.fixture(params=["locked", "unlocked"])
def asking_threads(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let the key be in a keyring; return the threads that read it."""
    threads: list[str] = []
    read = EnvironmentKeys.read

    def asks_now(_: EnvironmentKeys) -> bool:
        assert threading.current_thread() is not threading.main_thread()
        return bool(request.param == "locked")

    def asked(keys: EnvironmentKeys) -> Keys:
        threads.append(threading.current_thread().name)
        return read(keys)

    monkeypatch.setattr(EnvironmentKeys, "may_ask", True)
    monkeypatch.setattr(EnvironmentKeys, "asks_now", asks_now)
    monkeypatch.setattr(EnvironmentKeys, "read", asked)
    return threads


@pytest.mark.long
@pytest.mark.parametrize(("sync", "tasks"), [(10, 10)])
def test_processes_share_one_single_use_refresh_token(
    sealed: World, issued: Issued, sync: int, tasks: int
) -> None:
    """Sync and async ones."""
    sealed.emulator.settings.refresh_tokens = "rotate-strict"
    log_in(sealed, "alice")
    expire(sealed)
    sealed.emulator.requests.clear()
    lines = mixed_crowd(sync, tasks)
    assert [line.rsplit("/", 1)[-1] for line in lines] == ["alice"] * 20
    assert (sealed.count("CreateToken"), sealed.count("GetRoleCredentials")) == (1, 1)
    assert exposed(sealed.home, issued) == []


def test_tasks_share_one_renewal(sealed: World, issued: Issued) -> None:
    """Nothing blocks the loop."""
    log_in(sealed, "alice")
    expire(sealed)
    sealed.emulator.requests.clear()
    sessions = [new_session() for _ in range(20)]

    async def run() -> list[Any]:
        with audited() as audit:
            keys = await asyncio.gather(*map(keys_of, sessions))
        assert audit.blocking() == []
        return keys

    assert len(set(asyncio.run(run()))) == 1
    assert (sealed.count("CreateToken"), sealed.count("GetRoleCredentials")) == (1, 1)
    assert exposed(sealed.home, issued) == []


def test_sealed_roles_are_opened_at_first_use(sealed: World) -> None:
    """By one read of their file on the loop, without a lock or a request."""
    log_in(sealed, "alice")
    asyncio.run(keys_of(new_session()))
    forget_sessions()
    session = new_session()

    async def run() -> None:
        await session.get_credentials()
        with audited() as audit:
            assert (await arn_of(session)).endswith("/alice")
        assert len(audit.opened("sealed/roles")) == 1
        assert "fcntl.flock" not in audit.blocking()

    asyncio.run(run())
    assert sealed.count("GetRoleCredentials") == 1


def test_a_bearer_token_is_opened(sealed: World) -> None:
    """It is renewed in the background when that is due."""
    sealed.emulator.settings.access_token = 3600
    log_in(sealed, "alice")
    old = ASYNC.token(new_session()).token
    expire(sealed)

    async def renewed() -> bool:
        return bool((await new_session().get_auth_token().get_frozen_token()).token != old)

    asyncio.run(until(renewed))
    assert sealed.count("CreateToken") == 2


@pytest.mark.parametrize("what", ["role", "token"])
def test_the_loop_does_not_wait_for_a_keyring(
    sealed: World, asking_threads: list[str], caplog: pytest.LogCaptureFixture, what: str
) -> None:
    """The key is read in the thread for which the task waits, once. No warning is logged."""
    log_in(sealed, "alice")
    asyncio.run(keys_of(new_session()))
    forget_sessions()
    sealer._sealings.clear()
    asking_threads.clear()
    caplog.clear()
    if what == "role":
        asyncio.run(keys_of(new_session()))
    else:
        ASYNC.token(new_session())
    assert len(asking_threads) == 1
    assert "MainThread" not in asking_threads
    assert (sealed.count("CreateToken"), sealed.count("GetRoleCredentials")) == (1, 1)
    assert [each.message for each in caplog.records if each.levelname != "DEBUG"] == []
