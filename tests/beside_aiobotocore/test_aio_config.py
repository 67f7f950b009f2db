"""Requests to Identity Center use the settings of the async session, and such sessions share them.

They are sent by a sync session with the same settings.
"""

from __future__ import annotations

import asyncio
import os
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from aio import new_session
from aio_ways import ASYNC, error_of
from aiobotocore.config import AioConfig
from broken_portals import closed_port
from connect_proxy import Proxy
from world import World

from sso_plugin import PortalError
from sso_plugin.emulator import Emulator
from sso_plugin.session.aio.twin import Twin

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("enabled", "one_attempt")


@pytest.fixture
def one_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send each request once: the pauses between attempts take seconds."""
    monkeypatch.setattr("sso_plugin.portal.client.Portal.attempts", 1)


@pytest.fixture
def secure(sso_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Start a portal that uses TLS, with a certificate of a private CA."""
    with Emulator(tls=True) as emulator:
        for name, value in emulator.environment().items():
            monkeypatch.setenv(name, value)
        world = World(sso_home, emulator)
        world.configure(emulator.profile())
        world.sign_in()
        yield world


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """Start a proxy, and let requests to this machine use one."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    proxy = Proxy()
    yield proxy
    proxy.close()


@pytest.mark.parametrize("place", ["default config", "environment"])
def test_the_proxy_of_the_session_is_used(
    secure: World, proxy: Proxy, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """Options of aiobotocore's own HTTP clients do not matter."""
    session = new_session()
    if place == "environment":
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    else:
        config = AioConfig(proxies={"https": proxy.url}, connector_args={"keepalive_timeout": 5})
        session.set_default_client_config(config)
    assert ASYNC.keys(session).access_key
    assert proxy.asked == [urlsplit(secure.emulator.url).netloc]


@pytest.mark.parametrize("place", ["profile", "environment", "variable of the session"])
def test_the_ca_bundle_of_the_session_is_used(
    secure: World, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """Without one, the certificate is refused."""
    bundle = os.environ["AWS_CA_BUNDLE"]
    if place != "environment":
        monkeypatch.delenv("AWS_CA_BUNDLE")
        assert isinstance(error_of(partial(ASYNC.keys, new_session())), PortalError)
    if place == "profile":
        secure.configure(secure.emulator.profile() + f"ca_bundle = {bundle}\n")
    session = new_session()
    if place.startswith("variable"):
        session.set_config_variable("ca_bundle", bundle)
    assert ASYNC.keys(session).access_key


SERVICES = """
[services local]
sso =
  endpoint_url = {url}
sso_oidc =
  endpoint_url = {url}
"""


def put_endpoint(place: str, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the endpoint of the portal in one place only."""
    url = world.emulator.url
    for name in ("AWS_ENDPOINT_URL_SSO", "AWS_ENDPOINT_URL_SSO_OIDC"):
        monkeypatch.delenv(name)
    if place == "profile":
        world.configure(world.emulator.profile() + f"endpoint_url = {url}\n")
    elif place == "services":
        services = SERVICES.format(url=url)
        world.configure(f"{world.emulator.profile()}services = local\n{services}")
    else:
        monkeypatch.setenv(place, url)


def test_the_environment_has_the_endpoint_of_the_portal(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in botocore. A renewal of the token uses it, too."""
    world.sign_in(expiresAt="2020-01-01T00:00:00Z")
    assert ASYNC.keys(new_session()).access_key
    assert (world.count("CreateToken"), world.count("GetRoleCredentials")) == (1, 1)
    with closed_port() as port:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", f"http://127.0.0.1:{port}")
        for file in world.role_files():
            file.unlink()
        found = error_of(partial(ASYNC.keys, new_session()))
    assert f"http://127.0.0.1:{port}" in str(found)


@pytest.mark.parametrize("place", ["profile", "services", "AWS_ENDPOINT_URL"])
def test_every_place_of_an_endpoint_is_read(
    world: World, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """For the token and for the role credentials."""
    put_endpoint(place, world, monkeypatch)
    world.sign_in(expiresAt="2020-01-01T00:00:00Z")
    assert ASYNC.keys(new_session()).access_key
    assert (world.count("CreateToken"), world.count("GetRoleCredentials")) == (1, 1)


async def cores_of(*sessions: Any) -> int:
    """Return how many different credentials are behind those of some sessions."""
    used = [await session.get_credentials() for session in sessions]
    return len({id(each.core) for each in used})


def test_sessions_with_the_same_settings_share_credentials(world: World) -> None:
    """However they are written. A setting of aiobotocore's own HTTP client does not matter."""
    sessions = [new_session() for _ in range(4)]
    for session, pool in zip(sessions, ({}, {"keepalive_timeout": 5}), strict=False):
        session.set_default_client_config(
            AioConfig(proxies={"https": "http://127.0.0.1:9"}, connector_args=pool)
        )
    assert asyncio.run(cores_of(*sessions[:2])) == 1
    assert asyncio.run(cores_of(*sessions[2:])) == 1
    assert asyncio.run(cores_of(*sessions)) == 2


def change_proxy(session: Any) -> None:
    session.set_default_client_config(AioConfig(proxies={"https": "http://127.0.0.1:9"}))


def change_timeout(session: Any) -> None:
    session.set_default_client_config(AioConfig(read_timeout=7))


def change_bundle(session: Any) -> None:
    session.set_config_variable("ca_bundle", "/nowhere.pem")


def change_region(session: Any) -> None:
    session.set_config_variable("region", "us-west-2")


@pytest.mark.parametrize("change", [change_proxy, change_timeout, change_bundle, change_region])
def test_sessions_with_different_settings_do_not_share_credentials(
    world: World, change: Any
) -> None:
    """Each calls the portal in its own way."""
    plain, changed = new_session(), new_session()
    change(changed)
    assert asyncio.run(cores_of(plain, changed)) == 2


@pytest.mark.parametrize("name", ["AWS_CA_BUNDLE", "HTTPS_PROXY", "AWS_ENDPOINT_URL_SSO", "HOME"])
def test_sessions_in_another_environment_do_not_share_credentials(
    world: World, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A program may change its environment between two sessions."""
    plain = new_session()

    async def run() -> int:
        first = (await plain.get_credentials()).core
        monkeypatch.setenv(name, "http://127.0.0.1:9")
        return len({id(first), id((await new_session().get_credentials()).core)})

    assert asyncio.run(run()) == 2


@pytest.mark.parametrize("change", ["ca_bundle = /nowhere.pem", "services = local"])
def test_a_session_created_after_a_change_of_the_config_uses_the_new_one(
    world: World, change: str
) -> None:
    """As in boto3. An older session keeps its settings."""
    services = SERVICES.format(url=world.emulator.url)

    async def run() -> int:
        first = (await new_session().get_credentials()).core
        world.configure(f"{world.emulator.profile()}{change}\n{services}")
        return len({id(first), id((await new_session().get_credentials()).core)})

    assert asyncio.run(run()) == 2


def test_credentials_of_a_session_do_not_change_with_the_environment(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They belong to the session for its whole life."""
    world.sign_in()
    session = new_session()
    first = ASYNC.keys(session)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", "http://127.0.0.1:9")
    assert ASYNC.keys(session) == first


@pytest.mark.usefixtures("world")
def test_requests_to_the_portal_have_the_user_agent_of_the_session() -> None:
    """A program may have added its name."""
    session = new_session()
    session.user_agent_extra = "program/1"
    twin = Twin(session).open()
    assert twin.user_agent_name == session.user_agent_name
    assert twin.user_agent_extra == "program/1"
