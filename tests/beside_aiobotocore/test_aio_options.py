"""A session of aiobotocore has the keys and the off switches of a boto3 session."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from aio import keys_of, new_session, until
from aio_ways import ASYNC, SYNC, WAYS, Way, error_of, with_ticks
from botocore.exceptions import InvalidConfigError
from browsers import browser, set_browser
from connect_proxy import Proxy

import sso_plugin
from sso_plugin import ConfigError
from sso_plugin.credentials import refreshable
from sso_plugin.session.aio.credentials import AioSsoCredentials
from sso_plugin.session.plugin import is_enabled
from sso_plugin.web.capabilities import Capabilities

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from world import World

pytestmark = pytest.mark.usefixtures("enabled")

PAST = "2020-01-01T00:00:00Z"
both_ways = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)


def add_to_profile(world: World, *lines: str) -> None:
    """Add keys to the profile ``dev``, which is the last section of the config file."""
    world.configure(world.emulator.profile() + "".join(f"{line}\n" for line in lines))


def add_to_session(world: World, line: str) -> None:
    """Add a key to the section of the sso-session."""
    config = world.emulator.profile()
    world.configure(config.replace("[sso-session corp]\n", f"[sso-session corp]\n{line}\n"))
    assert line in world.config_file.read_text()


def parts_of(session: Any) -> list[str]:
    """Return the classes of the providers of a session, and those of what they provide."""

    async def run() -> Any:
        return await session.get_credentials()

    chain = session.get_component("credential_provider").providers
    tokens = session.get_component("token_provider")._providers
    parts = [*chain, *tokens, asyncio.run(run()), session.get_auth_token()]
    return [f"{type(each).__module__}.{type(each).__name__}" for each in parts]


def switch_off_profile(world: World, _: pytest.MonkeyPatch) -> None:
    add_to_profile(world, "sso_plugin = off")


def switch_off_sso_session(world: World, _: pytest.MonkeyPatch) -> None:
    add_to_session(world, "sso_plugin = off")


def switch_off_environment(_: World, monkeypatch: pytest.MonkeyPatch) -> None:
    sso_plugin.disable()
    monkeypatch.setenv("SSO_PLUGIN", "off")
    sso_plugin.enable()


def switch_off_program(_: World, __: pytest.MonkeyPatch) -> None:
    sso_plugin.disable()


@pytest.mark.parametrize(
    "switch_off",
    [switch_off_profile, switch_off_sso_session, switch_off_environment, switch_off_program],
)
def test_each_off_switch_leaves_a_session_as_it_is(
    world: World, monkeypatch: pytest.MonkeyPatch, switch_off: Callable[..., None]
) -> None:
    """The same providers, credentials and token as without the plugin."""
    world.sign_in()
    sso_plugin.disable()
    stock = parts_of(new_session())
    sso_plugin.enable()
    served = parts_of(new_session())
    switch_off(world, monkeypatch)
    assert parts_of(new_session()) == stock != served
    assert not any("sso_plugin" in each for each in stock)


def test_disable_restores_a_session_that_was_used(world: World) -> None:
    """Its providers. Credentials that are in use are still renewed."""
    world.sign_in()
    session = new_session()
    sso_plugin.disable()
    stock = parts_of(new_session())
    sso_plugin.enable()
    session = new_session()
    used = asyncio.run(session.get_credentials())
    assert "sso_plugin" in str(parts_of(session))
    sso_plugin.disable()
    session._credentials = None
    assert parts_of(session)[:-1] == stock[:-1]
    assert type(used) is AioSsoCredentials
    assert asyncio.run(used.get_frozen_credentials()).access_key


def test_is_enabled_knows_sessions_of_aiobotocore(world: World) -> None:
    """Those that `enable` has changed, together or alone."""
    session = new_session()
    sso_plugin.disable()
    alone = new_session()
    assert [is_enabled(each) for each in (session, alone)] == [False, False]
    sso_plugin.enable(alone)
    assert is_enabled(alone)
    world.sign_in()
    assert type(asyncio.run(alone.get_credentials())) is AioSsoCredentials


@both_ways
def test_an_account_can_be_named(world: World, way: Way) -> None:
    """The name is looked up once; sessions of both kinds read the same files."""
    account = world.emulator.profile().replace("sso_account_id = 111111111111", "")
    world.configure(account + "sso_account_name = Production\n")
    world.sign_in()
    arns = {each.arn(each.session()) for each in (way, SYNC, ASYNC, way)}
    assert len(arns) == 1
    assert (world.count("ListAccounts"), world.count("GetRoleCredentials")) == (1, 1)


@both_ways
@pytest.mark.parametrize(("cache", "files"), [("file", 1), ("memory", 0)])
def test_both_kinds_of_sessions_share_the_cache(
    world: World, way: Way, cache: str, files: int
) -> None:
    """Whichever comes first, in a file or in memory."""
    add_to_profile(world, f"sso_cache = {cache}")
    world.sign_in()
    keys = {each.keys(each.session()) for each in (way, SYNC, ASYNC)}
    assert len(keys) == 1
    assert len(world.role_files()) == files
    assert world.count("GetRoleCredentials") == 1


def make_due(world: World, *options: str) -> str:
    """Put credentials into the cache that are due for renewal; return their access key."""
    add_to_profile(world, *options)
    world.sign_in()
    key = SYNC.keys(SYNC.session()).access_key
    world.make_credentials_due()
    return str(key)


def test_blocking_lets_the_task_that_finds_a_renewal_due_wait(world: World) -> None:
    """Other tasks get the current credentials meanwhile."""
    old = make_due(world, "sso_refresh = blocking")
    world.emulator.faults.add("GetRoleCredentials", kind="hang", times=1)
    session = new_session()

    async def run() -> None:
        first = asyncio.ensure_future(keys_of(session))
        await asyncio.sleep(0.05)
        others = await asyncio.gather(*(keys_of(session) for _ in range(10)))
        assert {each.access_key for each in others} == {old}
        assert not first.done()
        world.emulator.faults.clear()
        assert (await first).access_key != old

    asyncio.run(run())
    assert world.count("GetRoleCredentials") == 2


@pytest.mark.parametrize("refresh", ["background", "blocking"])
def test_valid_credentials_are_used_after_a_failed_renewal(
    world: World, refresh: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The task that has waited for the renewal gets no error."""
    # On a busy machine, all calls may take longer than the first attempt timeout.
    monkeypatch.setattr(refreshable, "attempt_timeout", lambda _: 300.0)
    old = make_due(world, f"sso_refresh = {refresh}")
    world.emulator.faults.add("GetRoleCredentials", status=400)
    session = new_session()

    async def has_failed() -> bool:
        return world.count("GetRoleCredentials") == 2

    async def run() -> None:
        assert {(await keys_of(session)).access_key for _ in range(5)} == {old}
        await until(has_failed)
        assert {(await keys_of(session)).access_key for _ in range(5)} == {old}

    asyncio.run(run())
    assert world.count("GetRoleCredentials") == 2


@both_ways
def test_a_session_starts_with_credentials_of_the_minimum_lifetime(world: World, way: Way) -> None:
    """Those in the cache expire in ten minutes."""
    old = make_due(world, "sso_minimum_lifetime = 30m")
    assert way.keys(way.session()).access_key != old
    assert world.count("GetRoleCredentials") == 2


@both_ways
def test_cached_credentials_are_used_if_the_portal_issues_no_longer_ones(
    world: World, way: Way
) -> None:
    """Although they do not have the minimum lifetime."""
    old = make_due(world, "sso_minimum_lifetime = 30m")
    world.emulator.faults.add("GetRoleCredentials", status=400)
    assert way.keys(way.session()).access_key == old


@pytest.mark.long
def test_all_sessions_share_the_requests_per_second(world: World) -> None:
    """By one file, which both kinds of sessions use."""
    add_to_profile(world, "sso_requests_per_second = 0.5", "sso_cache = memory")
    world.sign_in()
    ASYNC.keys(ASYNC.session())
    [budget] = (world.home / ".aws/sso-plugin").glob("budget-*.json")
    first = json.loads(budget.read_text())
    world.emulator.assign("alice", "111111111111", "ReadOnlyAccess")
    world.configure(world.config_file.read_text().replace("AdministratorAccess", "ReadOnlyAccess"))
    SYNC.keys(SYNC.session())
    assert json.loads(budget.read_text())["next_at"] >= first["next_at"] + 2


WRONG = {
    "sso_cache": "disk",
    "sso_login": "perhaps",
    "sso_minimum_lifetime": "long",
    "sso_plugin": "maybe",
    "sso_refresh": "never",
    "sso_requests_per_second": "0",
    "sso_use_fips_endpoint": "1",
}


@pytest.mark.one_quick_case
@pytest.mark.parametrize("key", WRONG)
def test_an_invalid_value_is_an_error_when_credentials_are_used(world: World, key: str) -> None:
    """With the text of boto3. A client can be made."""
    add_to_profile(world, f"{key} = {WRONG[key]}")
    world.sign_in()
    both = SYNC, ASYNC
    for way in both:
        way.client(way.session(), "sts")
    for act in ("keys", "arn"):
        expected, found = (error_of(partial(getattr(way, act), way.session())) for way in both)
        assert type(found) is type(expected) is ConfigError
        assert str(found) == str(expected)
        assert key in str(found)


@pytest.mark.parametrize("key", ["sso_login", "sso_requests_per_second"])
def test_an_invalid_value_for_a_login_is_an_error_of_the_token_too(world: World, key: str) -> None:
    """A token needs only some keys."""
    add_to_profile(world, f"{key} = {WRONG[key]}")
    world.sign_in()
    expected, found = (error_of(partial(way.token, way.session())) for way in (SYNC, ASYNC))
    assert type(found) is type(expected) is ConfigError
    assert str(found) == str(expected)


@pytest.mark.parametrize(("value", "host"), [("true", "sso-fips"), ("false", "sso")])
def test_the_fips_endpoint_of_the_portal_is_used(
    world: World, monkeypatch: pytest.MonkeyPatch, value: str, host: str
) -> None:
    """A proxy gets the same host from both kinds of sessions, and ends the connection."""
    for name in (*world.emulator.environment(), "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sso_plugin.portal.client.Portal.attempts", 1)
    add_to_profile(world, f"sso_use_fips_endpoint = {value}")
    world.configure(world.config_file.read_text().replace("eu-central-1", "us-east-1"))
    world.sign_in()
    proxy = Proxy(connects=False)
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    expected, found = (error_of(partial(way.keys, way.session())) for way in (SYNC, ASYNC))
    proxy.close()
    assert proxy.asked == [f"portal.{host}.us-east-1.amazonaws.com:443"] * 2
    assert str(found) == str(expected)


@pytest.mark.parametrize(
    "line", ["sso_region = us-east-1", "sso_start_url = https://other.awsapps.com/start"]
)
@pytest.mark.parametrize("act", ["client", "keys"])
def test_a_profile_that_botocore_refuses_fails_at_the_same_moment(
    world: World, line: str, act: str
) -> None:
    """With the first client, as in stock aiobotocore and in boto3, and with the same text."""
    add_to_profile(world, line)
    world.sign_in()

    def refuse(way: Way) -> Exception:
        session = way.session()
        return error_of(lambda: way.client(session, "s3") if act == "client" else way.keys(session))

    expected, found = refuse(SYNC), refuse(ASYNC)
    sso_plugin.disable()
    assert type(refuse(ASYNC)) is InvalidConfigError
    assert isinstance(found, InvalidConfigError)
    assert (type(found), str(found)) == (type(expected), str(expected))


def approve_pending(world: World) -> None:
    for device in world.emulator.state.devices.pending():
        world.emulator.approve(device.user_code, "alice")


def test_a_person_logs_in_by_a_code_while_the_loop_runs(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A task on the loop approves it. Ten tasks wait for the one login."""
    add_to_profile(world, "sso_login = device")
    found = Capabilities("this is an SSH connection", has_terminal=True)
    monkeypatch.setattr(Capabilities, "detect", classmethod(lambda _: found))
    world.emulator.settings.poll_interval = 0
    session = new_session()

    async def approve() -> None:
        while world.count("GetRoleCredentials") == 0:
            approve_pending(world)
            await asyncio.sleep(0.01)

    async def run() -> Any:
        approving = asyncio.ensure_future(approve())
        keys, ticks = await with_ticks(asyncio.gather(*(keys_of(session) for _ in range(10))))
        await approving
        assert ticks > 1
        return keys

    assert len(set(asyncio.run(run()))) == 1
    assert world.count("StartDeviceAuthorization") == 1
    assert "Open this page in any browser on any device:" in capsys.readouterr().err


def test_a_person_logs_in_in_a_browser_while_the_loop_runs(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a thread of ours, not in the one of the loop."""
    add_to_profile(world, "sso_login = browser")
    set_browser(monkeypatch, browser(world, tmp_path))
    for name in ("CI", "SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY", "container"):
        monkeypatch.delenv(name, raising=False)
    session = new_session()
    keys, ticks = asyncio.run(with_ticks(keys_of(session)))
    assert keys.access_key
    assert ticks > 1
    assert world.token_file().exists()


@pytest.mark.one_quick_case
@pytest.mark.parametrize("login", ["never", None])
def test_no_person_is_asked_by_default(world: World, login: str | None) -> None:
    """The error has the command to run."""
    add_to_profile(world, *([f"sso_login = {login}"] if login else []))
    errors = [error_of(partial(way.keys, way.session())) for way in (SYNC, ASYNC)]
    assert [type(each) for each in errors] == [sso_plugin.LoginRequired] * 2
    assert str(errors[0]) == str(errors[1])
    assert world.count("StartDeviceAuthorization") == 0
