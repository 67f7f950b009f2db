"""A cache that a program sets on the provider `sso` of a session of aiobotocore."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiobotocore.session
import botocore.session
import pytest

import sso_plugin

if TYPE_CHECKING:
    from world import World


def async_key(cache: dict[str, Any]) -> str:
    """Return the access key of a new async session with that cache."""

    async def load() -> str:
        session = aiobotocore.session.AioSession(profile="dev")
        session.get_component("credential_provider").get_provider("sso").cache = cache
        credentials = await session.get_credentials()
        return str((await credentials.get_frozen_credentials()).access_key)

    return asyncio.run(load())


def sync_key(cache: dict[str, Any]) -> str:
    """Return the access key of a new sync session with that cache."""
    session: Any = botocore.session.Session(profile="dev")
    session.get_component("credential_provider").get_provider("sso").cache = cache
    return str(session.get_credentials().get_frozen_credentials().access_key)


def names_in(cache: dict[str, Any]) -> dict[str, tuple[list[str], set[str]]]:
    """Return what is in a cache, without the values."""
    return {key: (list(each), set(each["Credentials"])) for key, each in cache.items()}


@pytest.mark.usefixtures("enabled")
def test_it_is_filled_as_by_a_sync_session(world: World) -> None:
    """Under the same key, in botocore's form, and without a file."""
    world.sign_in()
    ours: dict[str, Any] = {}
    of_sync: dict[str, Any] = {}
    keys = async_key(ours), sync_key(of_sync)
    assert names_in(ours) == names_in(of_sync)
    assert [list(each) for each in ours.values()] == [["ProviderType", "Credentials"]]
    assert [each["Credentials"]["AccessKeyId"] for each in ours.values()] == [keys[0]]
    assert (world.role_files(), world.count("GetRoleCredentials")) == ([], 2)


@pytest.mark.usefixtures("enabled")
def test_it_is_used_by_the_next_session(world: World) -> None:
    """Async or sync. A session without it does not use it."""
    world.sign_in()
    cache: dict[str, Any] = {}
    first = async_key(cache)
    assert [async_key(cache), sync_key(cache)] == [first] * 2
    assert async_key({}) != first
    assert world.count("GetRoleCredentials") == 2


def test_aiobotocore_and_sso_plugin_use_what_the_other_has_cached(world: World) -> None:
    """The key and the form are those of aiobotocore."""
    world.sign_in()
    of_stock: dict[str, Any] = {}
    ours: dict[str, Any] = {}
    stock = async_key(of_stock)
    sso_plugin.enable()
    assert async_key(of_stock) == stock
    own = async_key(ours)
    sso_plugin.disable()
    assert async_key(ours) == own
    assert (list(of_stock), world.count("GetRoleCredentials")) == (list(ours), 2)
