"""The functions login, logout and status: when a login is needed, and what a logout deletes."""

from __future__ import annotations

import json
import logging
import os
import signal
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from approving_user import ApprovingUser
from caches import KEY
from login_state import cache_files, log_in_by_code, use

import sso_plugin
from sso_plugin import Status
from sso_plugin.signin.configured_login import ConfiguredLogin
from sso_plugin.storage.keys import registration_key

if TYPE_CHECKING:
    from world import World


@pytest.fixture(params=["browser", "device"])
def user(world: World, request: pytest.FixtureRequest) -> ApprovingUser:
    """Return a user who logs in by each of the flows."""
    return ApprovingUser(world, flow=request.param)


def test_a_valid_token_needs_no_login(world: World, user: ApprovingUser) -> None:
    """The user is not asked (aws/aws-cli#6948)."""
    world.sign_in()
    assert user.log_in().state == "usable"
    assert user.prompts == []


def test_a_token_that_can_be_renewed_needs_no_login(world: World, user: ApprovingUser) -> None:
    """The refresh token is used first."""
    world.sign_in(expiresAt="2020-01-01T00:00:00Z")
    assert user.log_in().state == "usable"
    assert user.prompts == []
    assert world.count("CreateToken") == 1


@pytest.mark.long
def test_force_logs_in_even_if_the_token_is_valid(world: World, user: ApprovingUser) -> None:
    """New permissions can need a new token."""
    before = world.sign_in().access_token
    user.log_in(force=True)
    assert json.loads(world.token_file().read_text())["accessToken"] != before
    assert [prompt.reason for prompt in user.prompts] == ["a new login was requested"]


def test_an_sso_session_can_be_logged_in_without_a_profile(
    world: World, user: ApprovingUser
) -> None:
    """All profiles with that sso-session share the login."""
    status = user.log_in(None, sso_session="corp")
    assert status.subject == 'The sso-session "corp"'
    assert world.token_file().exists()


def test_a_start_url_can_be_logged_in_without_a_config(world: World, user: ApprovingUser) -> None:
    """`get_session` can then use it by the same start URL."""
    world.configure("")
    url, region = world.emulator.start_url, world.emulator.region
    status = user.log_in(None, start_url=url, sso_region=region)
    assert status.state == "usable"
    assert status.login_command == f"sso-plugin login --start-url {url} --sso-region {region}"
    assert world.token_file(url).exists()


@pytest.mark.long
def test_a_logout_leaves_nothing(world: World) -> None:
    """Token, registration and role credentials are deleted, and the portal refuses the token."""
    log_in_by_code(world)
    use("dev")
    token = json.loads(world.token_file().read_text())["accessToken"]
    assert len(cache_files(world)) == 3
    assert sso_plugin.logout("dev") == {"corp": True}
    assert cache_files(world) == []
    sso = boto3.Session(profile_name="dev").client("sso")
    with pytest.raises(sso.exceptions.UnauthorizedException):
        sso.list_accounts(accessToken=token)


@pytest.mark.long
def test_a_logout_ends_one_login_only(world: World) -> None:
    """The other stays logged in (aws/aws-cli#10258), and its role credentials stay."""
    world.configure(world.emulator.profile() + world.emulator.profile("two", session_name="second"))
    world.sign_in()
    world.sign_in("alice", "second")
    use("dev")
    use("two")
    sso_plugin.logout("dev")
    assert not world.token_file("corp").exists()
    assert world.token_file("second").exists()
    assert len(world.role_files()) == 1


@pytest.mark.long
def test_role_credentials_of_a_removed_profile_are_deleted_too(world: World) -> None:
    """They came from this login, even if the config does not have the profile any more."""
    world.configure(
        world.emulator.profile()
        + world.emulator.profile("gone")
        .split("\n\n", 1)[1]
        .replace("AdministratorAccess", "ReadOnlyAccess")
    )
    world.sign_in()
    use("gone")
    world.configure(world.emulator.profile())
    assert len(world.role_files()) == 1
    sso_plugin.logout("dev")
    assert world.role_files() == []


@pytest.mark.long
def test_role_credentials_of_the_aws_cli_are_deleted_too(world: World) -> None:
    """Their file name depends on the role only."""
    world.sign_in()
    use("dev")
    for file in (world.home / ".aws/sso-plugin").glob("roles-*"):
        file.unlink()
    sso_plugin.logout("dev")
    assert world.role_files() == []


@pytest.mark.parametrize("all_sessions", [True, False])
def test_files_are_deleted_even_if_the_endpoint_is_invalid(
    world: World, monkeypatch: pytest.MonkeyPatch, *, all_sessions: bool
) -> None:
    """No client can be created, so the token is not revoked at the portal."""
    world.sign_in()
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", "https://[x/")
    profile = None if all_sessions else "dev"
    assert sso_plugin.logout(profile, all_sessions=all_sessions) == {"corp": False}
    assert cache_files(world) == []


def test_files_are_deleted_even_if_the_portal_is_unreachable(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A warning says that the token was not revoked."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", "http://127.0.0.1:9")
    world.sign_in()
    assert sso_plugin.logout("dev") == {"corp": False}
    assert cache_files(world) == []
    assert [record.levelno for record in caplog.records if "sso_plugin" in record.name] == [
        logging.WARNING
    ]


@pytest.mark.long
def test_a_logout_without_the_store_says_that_the_login_stays_elsewhere(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token is revoked, and the files of this machine are deleted."""
    world.sign_in()
    monkeypatch.setenv("SSO_PLUGIN_STORE_KEY", KEY)
    monkeypatch.setenv("SSO_PLUGIN_STORE", "redis://127.0.0.1:1")
    with pytest.raises(sso_plugin.SsoPluginError) as caught:
        sso_plugin.logout("dev")
    assert str(caught.value) == (
        "The login was not ended everywhere: the store redis://127.0.0.1:1 cannot be reached: no "
        "server listens there, so the login stays on other machines. Log out again when that is "
        "fixed."
    )
    assert world.count("Logout") == 1
    assert not world.token_file().exists()


def test_a_second_logout_is_not_an_error(world: World) -> None:
    """There is nothing to revoke and nothing to delete."""
    world.sign_in()
    sso_plugin.logout("dev")
    assert sso_plugin.logout("dev") == {"corp": False}


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "usable"),
        ({"expiresAt": "2020-01-01T00:00:00Z"}, "renewable"),
        ({"expiresAt": "2020-01-01T00:00:00Z", "refreshToken": None}, "login needed"),
        (
            {
                "expiresAt": "2020-01-01T00:00:00Z",
                "registrationExpiresAt": "2020-01-01T00:00:00Z",
            },
            "login needed",
        ),
    ],
)
def test_the_status_depends_on_the_token_file_only(
    world: World, changes: dict[str, Any], state: str
) -> None:
    """It makes no network call."""
    signed_in = world.sign_in(**changes)
    found = sso_plugin.status("dev")
    assert found.state == state
    assert (found.renewable_until is not None) == (
        "refreshToken" not in changes and state != "login needed"
    )
    assert len(world.emulator.requests) == 0
    if not changes:
        assert found == Status(
            subject='The profile "dev"',
            start_url=world.emulator.start_url,
            region=world.emulator.region,
            session_name="corp",
            state="usable",
            expires_at=float(int(signed_in.expires_at)),
            renewable_until=float(int(signed_in.registration_expires_at)),
            token_file=str(world.token_file()),
            login_command="sso-plugin login --profile dev",
        )


def test_the_status_without_a_token(world: World) -> None:
    """A login is needed."""
    found = sso_plugin.status(sso_session="corp")
    assert (found.state, found.expires_at, found.renewable_until) == ("login needed", None, None)
    assert found.login_command == "sso-plugin login --sso-session corp"


def secrets_in(world: World) -> dict[str, list[str]]:
    """Return the files below ``.aws`` with secrets, and the names of these."""
    found = {}
    for file in (world.home / ".aws").rglob("*"):
        text = file.read_text(encoding="utf-8") if file.is_file() else ""
        names = ("accessToken", "refreshToken", "clientSecret", "SecretAccessKey", "SessionToken")
        held = [name for name in names if name in text]
        if held:
            found[str(file.relative_to(world.home / ".aws"))] = held
    return found


KILLED = """
import os, signal, sys
from pathlib import Path
def stop(path, target, *, dst_dir_fd=None, **more):
    place = target if dst_dir_fd is None else os.readlink(f"/proc/self/fd/{{dst_dir_fd}}")
    if {folder!r} in str(place):
        os.kill(os.getpid(), signal.SIGKILL)
    return replace(path, target, dst_dir_fd=dst_dir_fd, **more)
replace, os.replace = os.replace, stop
"""
USE = """
import boto3, sso_plugin
sso_plugin.enable()
boto3.Session(profile_name="dev").client("sts").get_caller_identity()
"""
REGISTER = """
from caches import token_cache
token_cache().put({key!r}, {{"clientId": "id", "clientSecret": "hush", "expiresAt": "2099"}})
"""


@pytest.mark.long
@pytest.mark.skipif(os.name == "nt", reason="this system has no such signal")
@pytest.mark.parametrize("file", ["token", "role", "registration"])
def test_a_logout_deletes_what_a_killed_process_was_writing(world: World, file: str) -> None:
    """It was killed with kill -9 after it had written a new file, and before it renamed it."""
    world.sign_in(**({"expiresAt": "2020-01-01T00:00:00Z"} if file == "token" else {}))
    folder = "cli/cache" if file == "role" else "sso/cache"
    key = registration_key(ConfiguredLogin.find("dev").profile)
    code = REGISTER.format(key=key) if file == "registration" else USE
    done = world.run(KILLED.format(folder=folder) + code)
    assert done.returncode == -signal.SIGKILL
    left = [path for path in secrets_in(world) if path.endswith(".tmp")]
    assert [path.rpartition("/")[0] for path in left] == [folder]
    sso_plugin.logout("dev")
    assert secrets_in(world) == {}


@pytest.mark.long
def test_no_secret_is_in_any_file_after_a_logout(world: World) -> None:
    """Including the files that only sso-plugin uses."""
    log_in_by_code(world)
    use("dev")
    assert len(secrets_in(world)) == 3
    sso_plugin.logout("dev")
    assert secrets_in(world) == {}


@pytest.mark.long
@pytest.mark.parametrize("act", ["logout", "login"])
def test_a_crafted_index_can_delete_role_files_only(world: World, act: str) -> None:
    """An entry that cannot be the name of a role file is ignored."""
    world.sign_in()
    use("dev")
    (index,) = (world.home / ".aws/sso-plugin").glob("roles-*.json")
    victim = world.home / ".aws/victim.json"
    victim.write_text("{}")
    key = "0123456789" * 4
    ours = world.role_files()[0].with_name(f"{key}.json")
    ours.write_text("{}")
    document = json.loads(index.read_text())
    crafted = ["../../victim", str(victim.with_suffix("")), "\0", "a" * 5000, "A" * 40, key + "\n"]
    index.write_text(json.dumps({**document, "keys": [*document["keys"], *crafted, 7, key]}))
    if act == "logout":
        sso_plugin.logout("dev")
    else:
        log_in_by_code(world, force=True)
    assert victim.exists()
    assert not ours.exists()
    assert world.role_files() == []
