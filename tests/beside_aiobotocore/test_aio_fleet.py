"""Async workers of a fleet share one login with sync ones, and no loop waits for the store."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from aio import arn_of, audited, forget_sessions, keys_of, new_session, until
from fleet import SEALED

from sso_plugin.storage.network import shared_documents

if TYPE_CHECKING:
    from fleet import Fleet

pytestmark = pytest.mark.usefixtures("enabled")

BOTH = ["user", "user_async"]


@pytest.mark.long
@pytest.mark.parametrize("keys", [{}, SEALED], ids=["plain", "sealed"])
def test_sync_and_async_workers_share_one_single_use_refresh_token(
    fleet: Fleet, keys: dict[str, str]
) -> None:
    """Ten of each kind on five homes, with plain or sealed files."""
    fleet.configure(**keys)
    fleet.add_homes(1)
    fleet.emulator.settings.refresh_tokens = "rotate-strict"
    fleet.log_in(expired=True)
    assert fleet.crowd(20, calls=BOTH) == ["alice"] * 20
    assert fleet.counts() == (1, 1)


@pytest.mark.long
def test_async_workers_without_files_use_the_credentials_of_another_machine(fleet: Fleet) -> None:
    """No request to the portal."""
    fleet.log_in()
    asyncio.run(arn_of(new_session()))
    assert fleet.crowd(4, homes=fleet.add_homes(2), calls=["user_async"]) == ["alice"] * 4
    assert fleet.counts() == (0, 1)


@pytest.mark.long
def test_no_loop_waits_for_the_store(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first use, without credentials on this machine, while the store does not respond."""
    # On a busy machine, it must not give up before the pause ends.
    monkeypatch.setattr(shared_documents, "_PATIENCE", 60.0)
    fleet.log_in()
    assert fleet.crowd(1, homes=fleet.homes[1:2]) == ["alice"]
    session = new_session()

    async def run() -> Any:
        await session.get_credentials()
        with audited() as audit:
            with fleet.server.paused():
                waiting = asyncio.ensure_future(keys_of(session))
                await asyncio.sleep(3)
                assert not waiting.done()
            keys = await waiting
        assert audit.blocking() == []
        return keys

    assert asyncio.run(run()).access_key
    assert fleet.world.count("CreateToken") == 0


@pytest.mark.long
def test_a_renewal_in_the_background_makes_no_loop_wait(fleet: Fleet) -> None:
    """The store does not respond, and the current credentials are valid."""
    fleet.log_in()
    old = asyncio.run(keys_of(new_session()))
    fleet.world.make_credentials_due()
    # Otherwise the renewal finds the credentials as they were.
    fleet.server.admin.delete(*fleet.server.admin.keys("*:roles:*"))
    forget_sessions()
    sessions = [new_session() for _ in range(20)]

    async def run() -> None:
        with fleet.server.paused():
            with audited() as audit:
                keys = await asyncio.gather(*map(keys_of, sessions))
            assert {each.access_key for each in keys} == {old.access_key}
            assert audit.blocking() == []

        async def is_renewed() -> bool:
            return bool((await keys_of(sessions[0])).access_key != old.access_key)

        await until(is_renewed)

    asyncio.run(run())
