"""Programs use the credentials of the newest login."""

from __future__ import annotations

import json
import os
import shutil
import time
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from scenario import log_in, user

import sso_plugin
from sso_plugin import LoginRequired
from sso_plugin.commands.credential_process import process_document

if TYPE_CHECKING:
    from world import World

PAST = "2020-01-01T00:00:00Z"

pytestmark = pytest.mark.usefixtures("enabled")


@pytest.mark.long
@pytest.mark.parametrize("cache", ["file", "memory"])
@pytest.mark.parametrize("how", ["ours", "of the AWS CLI"])
def test_after_a_login_of_bob_a_new_session_acts_as_bob(two: World, how: str, cache: str) -> None:
    """Although the cached credentials of alice have not expired."""
    two.configure(two.emulator.profile() + f"sso_cache = {cache}\n")
    two.sign_in("alice")
    assert user() == "alice"
    if how == "ours":
        log_in(two, "bob")
        assert two.role_files() == []
    else:
        two.sign_in("bob")
    assert [user(), user()] == ["bob", "bob"]
    assert two.count("GetRoleCredentials") == 2


@pytest.mark.long
def test_a_profile_that_names_its_account_follows_the_login(two: World) -> None:
    """The cached account names belong to one user, too."""
    profile = two.emulator.profile().replace("sso_account_id = 111111111111", "")
    two.configure(profile + "sso_account_name = production\n")
    two.sign_in("alice")
    assert [user(), user()] == ["alice", "alice"]
    two.sign_in("bob")
    assert [user(), user()] == ["bob", "bob"]
    assert (two.count("ListAccounts"), two.count("GetRoleCredentials")) == (2, 2)


@pytest.mark.long
def test_a_credential_process_follows_the_login(two: World) -> None:
    """Also when it reads only the file with its earlier result."""
    two.sign_in("alice")
    keys = [process_document("dev")["AccessKeyId"] for _ in range(2)]
    two.sign_in("bob")
    keys += [process_document("dev")["AccessKeyId"] for _ in range(2)]
    assert (keys[0] == keys[1], keys[1] == keys[2], keys[2] == keys[3]) == (True, False, True)
    two.token_file().unlink()
    with pytest.raises(LoginRequired):
        process_document("dev")


@pytest.mark.long
def test_without_a_token_file_a_new_session_needs_a_login(world: World) -> None:
    """As on stock botocore. An expired token does not matter while credentials are valid."""
    world.sign_in()
    user()
    world.change_token(expiresAt=PAST, refreshToken="revoked")
    assert user() == "alice"
    world.token_file().unlink()
    with pytest.raises(LoginRequired, match="it has no access token"):
        user()
    assert world.count("CreateToken") == 0


@pytest.mark.long
def test_our_renewal_of_the_token_keeps_role_credentials(world: World) -> None:
    """The file changes, but the login is the same."""
    world.sign_in()
    user()
    world.change_token(expiresAt=PAST)
    sso_plugin.login("dev")
    assert world.count("CreateToken") == 1
    assert user() == "alice"
    assert world.count("GetRoleCredentials") == 1


@pytest.mark.long
def test_a_renewal_by_another_program_causes_one_fetch(world: World) -> None:
    """It looks like a new login."""
    world.sign_in()
    user()
    world.sign_in()
    assert [user() for _ in range(3)] == ["alice"] * 3
    assert world.count("GetRoleCredentials") == 2


def remove_note(world: World, age: float) -> None:
    """Make the role file look as if the AWS CLI wrote it that many seconds ago."""
    [file] = world.role_files()
    document = json.loads(file.read_text())
    del document["SsoPlugin"]
    file.write_text(json.dumps(document))
    then = time.time() - age
    os.utime(file, (then, then))


@pytest.mark.long
@pytest.mark.parametrize(("age", "fetches"), [(-1, 1), (60, 2)])
def test_a_role_file_without_a_note_is_used_if_it_is_newer_than_the_token(
    world: World, age: float, fetches: int
) -> None:
    """An older one may belong to another login. After one fetch the file has a note."""
    world.sign_in()
    user()
    remove_note(world, age)
    assert [user() for _ in range(3)] == ["alice"] * 3
    assert world.count("GetRoleCredentials") == fetches


@pytest.mark.long
def test_a_role_file_without_a_note_is_used_after_our_renewal(world: World) -> None:
    """The token is newer than the role file, but the login is older."""
    world.sign_in()
    user()
    remove_note(world, 0)
    then = time.time() - 60
    os.utime(world.token_file(), (then, then))
    world.change_token(expiresAt=PAST)
    os.utime(world.token_file(), (then, then))
    sso_plugin.login("dev")
    assert world.count("CreateToken") == 1
    assert user() == "alice"
    assert world.count("GetRoleCredentials") == 1


@pytest.mark.long
def test_a_copied_home_directory_causes_no_fetch(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its files have new dates and inodes, but the same content."""
    world.sign_in()
    user()
    copy = world.home.with_name("copy")
    shutil.copytree(world.home, copy, copy_function=shutil.copyfile)
    for file in copy.rglob("*.json"):
        file.chmod(0o600)
    monkeypatch.setenv("HOME", str(copy))
    assert [user() for _ in range(3)] == ["alice"] * 3
    assert world.count("GetRoleCredentials") == 1


def test_a_cache_that_a_caller_sets_is_used_as_on_stock(two: World) -> None:
    """It has no note of a login, so its credentials are used after any login."""
    two.sign_in("alice")
    mapping: dict[str, Any] = {}

    def key() -> str:
        session: Any = boto3.Session(profile_name="dev")
        core = session._session
        core.get_component("credential_provider").get_provider("sso").cache = mapping
        return str(core.get_credentials().get_frozen_credentials().access_key)

    first = key()
    [document] = mapping.values()
    assert list(document) == ["ProviderType", "Credentials"]
    two.sign_in("bob")
    assert key() == first
