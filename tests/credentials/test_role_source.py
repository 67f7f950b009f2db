"""The source of role credentials: what it imports, reads and requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.session import Session
from caches import role_cache

from sso_plugin.config.profile import SsoProfile
from sso_plugin.credentials import Login
from sso_plugin.credentials.account_names import NamedRoleSource
from sso_plugin.credentials.role_source import RoleSource, role_source_of
from sso_plugin.storage.memory_cache import MemoryCache

if TYPE_CHECKING:
    from world import World

    from sso_plugin.credentials.credential_source import Source
    from sso_plugin.storage.cache import Cache


@pytest.mark.long
def test_prepare_imports_all_that_fetch_needs(world: World) -> None:
    """The caller imports it, so that no fork leaves an import unfinished."""
    world.sign_in()
    script = """
import sys
from botocore.session import Session
from sso_plugin.config.profile import SsoProfile
from caches import role_cache
from sso_plugin.credentials import Login
from sso_plugin.credentials.role_source import role_source_of
session = Session(profile="dev")
profile = SsoProfile.of(session)
source = role_source_of(Login.of(session, profile), role_cache())
session.create_client("sts", region_name="eu-central-1")
source.prepare()
before = set(sys.modules)
source.fetch()
print(*sorted(name for name in set(sys.modules) - before if not name.startswith("encodings")))
"""
    done = world.run(script)
    assert (done.stdout, done.stderr) == ("\n", "")


def source_of(cache: Cache, *, of_login: bool = True) -> Source:
    session = Session(profile="dev")
    profile = SsoProfile.of(session)
    assert profile is not None
    return role_source_of(Login.of(session, profile), cache, of_login=of_login)


def test_load_makes_no_request(world: World) -> None:
    """It returns None if the cache has no credentials."""
    world.sign_in()
    source = source_of(role_cache())
    assert source.load() is None
    assert len(world.emulator.requests) == 0
    fetched = source.fetch()
    loaded = source.load()
    assert loaded is not None
    assert (loaded.keys, loaded.origin) == (fetched.keys, fetched.origin)
    assert world.count("GetRoleCredentials") == 1


def test_fetch_returns_fresh_credentials_of_another_process(world: World) -> None:
    """Also if this process has read the file before: the file has changed since."""
    world.sign_in()
    source = source_of(role_cache())
    assert source.load() is None
    theirs = source_of(role_cache()).fetch()
    assert source.fetch().keys == theirs.keys
    assert world.count("GetRoleCredentials") == 1


def test_a_cache_that_a_caller_has_set_is_read_each_time(world: World) -> None:
    """A mapping may return another document without a sign of the change."""
    world.sign_in()
    mapping: dict[str, dict[str, object]] = {}
    source = source_of(MemoryCache(mapping), of_login=False)
    first = source.fetch()
    [key] = mapping
    held = mapping[key]["Credentials"]
    assert isinstance(held, dict)
    held["AccessKeyId"] = "CHANGED"
    assert first.keys.access_key != "CHANGED"
    assert source.fetch().keys.access_key == "CHANGED"


def test_the_class_of_the_source_depends_on_how_the_account_is_given(world: World) -> None:
    """By id or by name."""
    assert isinstance(source_of(role_cache()), RoleSource)
    by_name = world.emulator.profile().replace("sso_account_id = ", "sso_account_name = ")
    world.configure(by_name)
    assert isinstance(source_of(role_cache()), NamedRoleSource)
