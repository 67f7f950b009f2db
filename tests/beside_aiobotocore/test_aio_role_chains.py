"""A role chain of a session of aiobotocore starts from an SSO profile, as in boto3."""

from __future__ import annotations

import asyncio
import json
import os
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from aio import new_session
from aio_ways import ASYNC, SYNC, Way, error_of

import sso_plugin
from sso_plugin import LoginRequired

if TYPE_CHECKING:
    from world import World

pytestmark = pytest.mark.usefixtures("enabled")

CHAIN = """
[profile chained]
region = eu-central-1
role_arn = arn:aws:iam::111111111111:role/Deploy
source_profile = dev

[profile twice]
region = eu-central-1
role_arn = arn:aws:iam::111111111111:role/Deploy
source_profile = chained
"""
LEGACY = """
[profile dev]
sso_start_url = {start_url}
sso_region = eu-central-1
sso_account_id = 111111111111
sso_role_name = AdministratorAccess
region = eu-central-1
"""


def sources(world: World) -> dict[str, str]:
    """Return the ways to configure the source profile."""
    config = world.emulator.profile()
    named = config.replace("sso_account_id = 111111111111", "sso_account_name = Production")
    return {
        "id": config,
        "name": named,
        "legacy": LEGACY.format(start_url=world.emulator.start_url),
        "memory": config + "sso_cache = memory\n",
        "blocking": config + "sso_refresh = blocking\n",
    }


@pytest.mark.one_quick_case
@pytest.mark.parametrize("source", ["id", "name", "legacy", "memory", "blocking"])
@pytest.mark.parametrize("profile", ["chained", "twice"])
def test_a_role_chain_starts_from_our_credentials(world: World, source: str, profile: str) -> None:
    """With one or more steps, and each way to write the source profile."""
    world.configure(sources(world)[source] + CHAIN)
    world.sign_in(name=world.emulator.start_url if source == "legacy" else "corp")
    found = ASYNC.arn(new_session(profile))
    assert ":assumed-role/Deploy/" in found
    expected = SYNC.arn(SYNC.session(profile))
    assert found.rsplit("/", 1)[0] == expected.rsplit("/", 1)[0]
    assert world.count("GetRoleCredentials") == 1
    assert len(world.role_files()) == (source != "memory")


@pytest.mark.long
def test_ten_tasks_fetch_the_source_once(world: World) -> None:
    """In one session, and in a session each."""
    world.configure(world.emulator.profile() + CHAIN)
    world.sign_in(expiresAt="2020-01-01T00:00:00Z")
    world.emulator.settings.refresh_tokens = "rotate"

    async def run() -> list[str]:
        used = [new_session("chained") for _ in range(5)]
        calls = (ASYNC.acall(used[task % 5], "sts", "get_caller_identity") for task in range(10))
        return [each["Arn"] for each in await asyncio.gather(*calls)]

    assert all(":assumed-role/Deploy/" in each for each in asyncio.run(run()))
    assert world.count("GetRoleCredentials") == 1
    assert world.count("CreateToken") == 1


@pytest.mark.one_quick_case
@pytest.mark.parametrize("state", ["no login", "other role", "invalid option", "off"])
def test_the_error_of_the_source_profile_is_that_of_boto3(world: World, state: str) -> None:
    """Raised at the same moment, with the same text."""
    lines = {"invalid option": "sso_cache = disk\n", "off": "sso_plugin = off\n"}.get(state, "")
    role = "NotAssigned" if state == "other role" else "AdministratorAccess"
    world.configure(world.emulator.profile(role_name=role) + lines + CHAIN)
    if state != "no login":
        world.sign_in()

    def outcome(each: Way, act: str) -> Any:
        session = each.session("chained")
        try:
            if act == "arn":
                return each.arn(session).rsplit("/", 1)[0]
            each.client(session, "sts")
        except Exception as exc:  # noqa: BLE001 - it is compared
            return type(exc).__name__, str(exc)

    for act in ("client", "arn"):
        assert outcome(ASYNC, act) == outcome(SYNC, act)


def test_disable_restores_a_role_chain(world: World) -> None:
    """Neither the providers of the source profile nor the client that assumes the role change."""
    world.configure(world.emulator.profile() + CHAIN)
    session = new_session("chained")
    [provider, *_] = session.get_component("credential_provider").providers
    assert "providers" in vars(provider._profile_provider_builder)
    sso_plugin.disable()
    assert "providers" not in vars(provider._profile_provider_builder)
    assert error_of(partial(ASYNC.arn, session)).__class__ is not LoginRequired


def make_source_bad(world: World) -> None:
    """Put a source into the cache that AWS does not know, fetched 20 minutes ago."""
    [file] = world.role_files()
    document = json.loads(file.read_text())
    document["Credentials"]["AccessKeyId"] = "ASIAUNKNOWN"
    file.write_text(json.dumps(document))
    then = time.time() - 20 * 60
    os.utime(file, (then, then))


@pytest.mark.one_quick_case
@pytest.mark.parametrize("profile", ["chained", "twice"])
def test_a_rejected_source_is_replaced(world: World, profile: str) -> None:
    """Without sso-plugin, the client that assumes the role has fixed keys."""
    world.configure(world.emulator.profile() + CHAIN)
    world.sign_in()
    SYNC.keys(SYNC.session())
    make_source_bad(world)
    assert ":assumed-role/" in ASYNC.arn(new_session(profile))
    assert world.count("GetRoleCredentials") == 2
    assert world.count("AssumeRole") == (2 if profile == "chained" else 3)
