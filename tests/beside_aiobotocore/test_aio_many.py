"""Many tasks, sessions and processes share one request, and the loop waits for nothing."""

from __future__ import annotations

import asyncio
import gc
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest
from aio import arn_of, audited, forget_sessions, keys_of, new_session, until
from aio_crowd import mixed_crowd
from world import wait_until

from sso_plugin.credentials.background import Background
from sso_plugin.credentials.refreshable import SsoCredentials
from sso_plugin.portal import service_client

if TYPE_CHECKING:
    from world import World

PAST = "2020-01-01T00:00:00Z"

pytestmark = pytest.mark.usefixtures("enabled")


@pytest.mark.long
@pytest.mark.parametrize(("sync", "tasks"), [(0, 20), (10, 10)])
def test_processes_share_one_single_use_refresh_token(world: World, sync: int, tasks: int) -> None:
    """On stock aiobotocore, all processes but two fail."""
    world.emulator.settings.refresh_tokens = "rotate"
    world.sign_in(expiresAt=PAST)
    lines = mixed_crowd(sync, tasks)
    assert [line.rsplit("/", 1)[-1] for line in lines] == ["alice"] * 20
    assert world.count("CreateToken") == 1
    assert world.count("GetRoleCredentials") == 1


@pytest.mark.parametrize("sessions", [1, 100])
def test_tasks_share_one_thread(world: World, sessions: int) -> None:
    """With one session, and with a session each."""
    world.emulator.settings.refresh_tokens = "rotate"
    world.sign_in(expiresAt=PAST)
    used = [new_session() for _ in range(sessions)]

    async def run() -> list[Any]:
        with audited() as audit:
            keys = await asyncio.gather(*(keys_of(used[task % sessions]) for task in range(100)))
        assert audit.started() <= 3
        assert audit.blocking() == []
        return keys

    keys = asyncio.run(run())
    assert len(set(keys)) == 1
    assert (world.count("CreateToken"), world.count("GetRoleCredentials")) == (1, 1)


def test_the_first_use_reads_one_file_on_the_loop(world: World) -> None:
    """All else happens in a thread: locks, other files, the request."""
    world.sign_in()
    session = new_session()

    async def run() -> None:
        await session.get_credentials()
        with audited() as audit:
            await keys_of(session)
        assert audit.opened(".aws") == []  # its status says that it does not exist
        assert audit.blocking() == []

    asyncio.run(run())


WARM = """
import asyncio, sys
import aiobotocore.session, sso_plugin
from aio import audited, keys_of
sso_plugin.enable()

async def run():
    session = aiobotocore.session.AioSession(profile="dev")
    await session.get_credentials()
    with audited() as audit:
        await keys_of(session)
    print(audit.started(), audit.blocking(), len(audit.opened(".aws")))
    names = ("filelock", "sso_plugin.portal", "sso_plugin.credentials.token_source")
    print([name for name in names if name in sys.modules])

asyncio.run(run())
"""


@pytest.mark.long
def test_cached_credentials_start_no_thread(world: World) -> None:
    """One file is read, and nothing is imported that only a request needs."""
    world.sign_in()
    asyncio.run(keys_of(new_session()))
    done = world.run(WARM)
    assert (done.stdout, done.stderr) == ("0 [] 1\n[]\n", "")
    assert world.count("GetRoleCredentials") == 1


@pytest.mark.parametrize("sessions", [1, 50])
def test_a_due_renewal_makes_no_task_wait(
    world: World, sessions: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One thread renews, while all tasks use the current credentials."""
    # On a busy machine, the request must not be repeated before all tasks have run.
    monkeypatch.setattr(service_client, "_READ_TIMEOUT", 300)
    world.sign_in()
    old = asyncio.run(keys_of(new_session()))
    world.make_credentials_due()
    forget_sessions()
    world.emulator.faults.add("GetRoleCredentials", kind="hang")
    used = [new_session() for _ in range(sessions)]

    async def run() -> None:
        with audited() as audit:
            keys = await asyncio.gather(*(keys_of(used[task % sessions]) for task in range(50)))
        assert {each.access_key for each in keys} == {old.access_key}
        assert audit.started() <= 3
        assert audit.blocking() == []
        world.emulator.faults.clear()

        async def is_renewed() -> bool:
            return bool((await keys_of(used[0])).access_key != old.access_key)

        await until(is_renewed)

    asyncio.run(run())
    assert world.count("GetRoleCredentials") == 2


def count_of(kind: type) -> int:
    gc.collect()
    return sum(type(each) is kind for each in gc.get_objects())


@pytest.mark.long
def test_sessions_leave_no_objects(world: World) -> None:
    """A service that makes a session per request runs for weeks."""
    from sso_plugin.session.aio.credentials import AioSsoCredentials
    from sso_plugin.session.aio.twin import Twin

    world.sign_in()
    kinds = (type(new_session()), AioSsoCredentials, SsoCredentials, Twin, Background)

    async def run() -> None:
        for _ in range(400):
            await keys_of(new_session())

    forget_sessions()
    before = [count_of(kind) for kind in kinds]
    asyncio.run(run())
    # A thread holds its objects until it has ended.
    wait_until(lambda: [count_of(kind) for kind in kinds] == before)
    assert world.count("GetRoleCredentials") == 1


def test_sessions_of_one_profile_share_credentials_while_one_exists(world: World) -> None:
    """Another profile, or another setting that the portal call depends on, has its own."""
    world.sign_in()

    async def cores(*sessions: Any) -> set[int]:
        return {id((await session.get_credentials()).core) for session in sessions}

    first, second, other = new_session(), new_session(), new_session()
    other.set_config_variable("ca_bundle", "/nowhere.pem")
    assert len(asyncio.run(cores(first, second))) == 1
    assert len(asyncio.run(cores(first, second, other))) == 2


SECRETS = """
import asyncio, logging, sys
logging.basicConfig(level=logging.DEBUG)
import aiobotocore.session, sso_plugin
from aio import arn_of, keys_of
sso_plugin.enable()

async def run():
    session = aiobotocore.session.AioSession(profile="dev")
    print(*(await keys_of(session))[1:3])
    await arn_of(session)
    async with session.create_client("sso", region_name="us-east-1") as sso:
        await sso.list_accounts()

asyncio.run(run())
"""


@pytest.mark.long
@pytest.mark.parametrize("cached", [False, True])
def test_with_every_logger_at_debug_no_secret_is_logged(world: World, *, cached: bool) -> None:
    """Aiobotocore prints the headers of signed requests, and the bodies of responses."""
    signed_in = world.sign_in(expiresAt=PAST)
    if cached:
        asyncio.run(arn_of(new_session()))
    held = signed_in.cached()
    done = world.run(SECRETS)
    assert done.returncode == 0, done.stderr
    current = world.token_file().read_text(encoding="utf-8")
    secrets = {*done.stdout.split(), *(held[name] for name in ("accessToken", "refreshToken"))}
    assert "x-amz-security-token" in done.stderr
    assert "aiobotocore" in done.stderr
    secrets |= {
        json.loads(current)[name] for name in ("accessToken", "refreshToken", "clientSecret")
    }
    assert [secret for secret in secrets if secret in done.stderr] == []


def test_the_async_code_is_imported_beside_aiobotocore_only(world: World) -> None:
    """A script with boto3 does not pay for it."""
    world.sign_in()
    script = """
import sys, boto3, sso_plugin
sso_plugin.enable()
boto3.Session(profile_name="dev").client("sts").get_caller_identity()
print([name for name in sys.modules if "aio" in name])
"""
    assert world.run(script).stdout == "[]\n"
    assert "aiobotocore" in sys.modules
