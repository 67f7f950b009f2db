"""A login moves between plain and sealed files, and programs may use both at the same time."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

import pytest
from crowd import crowd
from issued import exposed
from scenario import log_in
from sealed import PAST, PLAIN, configure, expire, login_id, token_file, users
from world import start

import sso_plugin

if TYPE_CHECKING:
    from issued import Issued
    from world import World

pytestmark = [pytest.mark.usefixtures("enabled"), pytest.mark.long]


def log_in_plain(world: World) -> str:
    """Log in with plain files, and return the id of the login."""
    configure(world, **PLAIN)
    log_in(world, "alice")
    assert users(1) == ["alice"]
    return login_id(world)


def renew_plain(world: World) -> None:
    """Let the plain token expire; the next use renews it."""
    world.change_token(expiresAt=PAST)


def exposed_tokens(world: World, issued: Issued) -> list[str]:
    """Return the files with a secret in clear text, except for plain role credentials."""
    return [path for path in exposed(world.home, issued) if not path.startswith(".aws/cli/")]


def test_a_plain_login_is_sealed_by_its_next_renewal(sealed: World, issued: Issued) -> None:
    """Its plain files are deleted. It is the same login: its role credentials stay."""
    login = log_in_plain(sealed)
    configure(sealed, sso_cache="file")
    assert users(2) == ["alice"] * 2
    assert sealed.token_file().exists()
    renew_plain(sealed)
    sso_plugin.login("dev")
    assert (sealed.token_file().exists(), token_file(sealed).exists()) == (False, True)
    assert exposed_tokens(sealed, issued) == []
    assert users(2) == ["alice"] * 2
    assert (login_id(sealed), sealed.count("GetRoleCredentials")) == (login, 1)


def test_a_plain_login_is_sealed_by_the_next_login(sealed: World, issued: Issued) -> None:
    """With all that belongs to it."""
    log_in_plain(sealed)
    configure(sealed)
    log_in(sealed, "alice")
    assert users(1) == ["alice"]
    assert exposed(sealed.home, issued) == []
    assert sealed.role_files() == []


def test_plain_role_credentials_are_sealed_when_they_are_renewed(
    sealed: World, issued: Issued
) -> None:
    """Until then, they are used from the plain file."""
    log_in_plain(sealed)
    renew_plain(sealed)
    configure(sealed)
    sso_plugin.login("dev")
    assert users(1) == ["alice"]
    assert sealed.count("GetRoleCredentials") == 1
    sealed.make_credentials_due()
    sealed.configure(sealed.config_file.read_text() + "sso_refresh = blocking\n")
    assert users(1) == ["alice"]
    assert sealed.count("GetRoleCredentials") == 2
    assert exposed(sealed.home, issued) == []


def test_a_sealed_login_moves_back(sealed: World) -> None:
    """At its next renewal, with its role credentials."""
    log_in(sealed, "alice")
    users(1)
    login = login_id(sealed)
    expire(sealed)
    configure(sealed, **PLAIN)
    assert users(2) == ["alice"] * 2
    sso_plugin.login("dev")
    assert (sealed.token_file().exists(), token_file(sealed).exists()) == (True, False)
    assert users(2) == ["alice"] * 2
    assert (login_id(sealed), sealed.count("GetRoleCredentials")) == (login, 1)


@pytest.mark.parametrize("now_sealed", [True, False])
def test_plain_and_sealed_profiles_share_one_renewal(sealed: World, now_sealed: bool) -> None:  # noqa: FBT001
    """Twenty processes with one sso-session; its refresh token works once."""
    sealed.emulator.settings.refresh_tokens = "rotate-strict"
    configure(sealed, sso_cache="file")
    plain = sealed.emulator.profile("plain", role_name="ReadOnlyAccess").split("\n\n", 1)[1]
    sealed.configure(f"{sealed.config_file.read_text()}\n{plain}sso_key = env\n")
    log_in(sealed, "alice")
    if now_sealed:
        expire(sealed)
    else:
        token_file(sealed).unlink()
        sealed.sign_in(expiresAt=PAST)
    sealed.emulator.requests.clear()
    lines: list[str] = []
    crowds = [
        threading.Thread(target=lambda name=name: lines.extend(crowd(10, profile=name)))
        for name in ("dev", "plain")
    ]
    for each in crowds:
        each.start()
    for each in crowds:
        each.join()
    assert [line.rpartition("/")[2] for line in lines] == ["alice"] * 20
    assert (sealed.count("CreateToken"), sealed.count("GetRoleCredentials")) == (1, 2)
    assert sealed.token_file().exists() != token_file(sealed).exists()


def test_a_newer_login_of_another_program_counts(two: World, sealed: World, issued: Issued) -> None:
    """The AWS CLI writes plain files. The next renewal seals its login."""
    log_in(sealed, "alice")
    assert users(1) == ["alice"]
    sealed.sign_in("bob")
    assert users(2) == ["bob"] * 2
    renew_plain(two)
    sso_plugin.login("dev")
    assert users(1) == ["bob"]
    assert two.count("GetRoleCredentials") == 2
    assert exposed(two.home, issued) == []


def test_an_older_plain_file_does_not_count(two: World, sealed: World) -> None:
    """Such as one that a backup has restored."""
    two.sign_in("bob")
    two.age_token(3600)
    before = two.token_file().read_bytes()
    log_in(sealed, "alice")
    two.token_file().write_bytes(before)
    two.age_token(3600)
    assert users(2) == ["alice"] * 2


KILLED = """
import os, signal, sys
import boto3, sso_plugin
from sso_plugin.storage import documents
from sso_plugin.storage.folder import OpenFolder
where = sys.argv[1]
def kill(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
if where == "before the sealed file":
    OpenFolder.rename = kill
if where == "before the plain file is deleted":
    documents.DocumentFolder.delete = kill
sso_plugin.enable()
boto3.Session(profile_name="dev").client("sts").get_caller_identity()
"""


@pytest.mark.parametrize("then", ["renewal", "login"])
@pytest.mark.parametrize("where", ["before the sealed file", "before the plain file is deleted"])
def test_a_killed_migration_is_completed(
    sealed: World, issued: Issued, where: str, then: str
) -> None:
    """By the next renewal or login. Nothing in clear text is left, in temporary files neither."""
    log_in_plain(sealed)
    renew_plain(sealed)
    for file in sealed.role_files():
        file.unlink()
    configure(sealed)
    process = start(KILLED, where)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    if then == "login":
        log_in(sealed, "alice")
    else:
        assert users(2) == ["alice"] * 2
        expire(sealed)
        sso_plugin.login("dev")
    assert users(2) == ["alice"] * 2
    assert exposed(sealed.home, issued) == []


def test_a_killed_writer_of_a_plain_file_leaves_nothing(sealed: World, issued: Issued) -> None:
    """Its temporary file is deleted when the login moves."""
    log_in_plain(sealed)
    renew_plain(sealed)
    for file in sealed.role_files():
        file.unlink()
    process = start(KILLED, "before the sealed file")
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    configure(sealed)
    log_in(sealed, "alice")
    assert users(1) == ["alice"]
    assert exposed(sealed.home, issued) == []


def test_a_logout_deletes_plain_and_sealed_files(sealed: World, issued: Issued) -> None:
    """Of all settings: the login may have moved."""
    log_in_plain(sealed)
    configure(sealed)
    sso_plugin.logout("dev")
    assert exposed(sealed.home, issued) == []
    assert sealed.count("Logout") == 1
