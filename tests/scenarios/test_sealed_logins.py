"""Sealed tokens and roles: logins, renewals and logouts leave no secret in clear text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from approving_user import ApprovingUser
from caches import KEY
from command import run
from issued import exposed
from scenario import log_in
from sealed import (
    CALL,
    OTHER_KEY,
    configure,
    expire,
    key_id,
    login_id,
    own_folder,
    set_key,
    token_file,
    users,
)
from waiting_jobs import Job, Notifications
from world import wait_until

import sso_plugin

if TYPE_CHECKING:
    from issued import Issued
    from world import World

    from sso_plugin.signin.sign_in import FlowName

pytestmark = [pytest.mark.usefixtures("enabled"), pytest.mark.long]


ENDS_LATE = """
from sso_plugin.credentials import background
background._EXIT_TIMEOUT = 60.0
"""
"""The end of a script waits for a renewal that has begun, also on a busy machine."""


def sealed_files(world: World) -> dict[str, int]:
    """Return how many sealed files there are of each kind."""
    folder = own_folder(world) / "sealed"
    kinds = {each.name: len(list(each.glob("*.json"))) for each in folder.iterdir()}
    return {kind: number for kind, number in kinds.items() if number}


def plain_files(world: World) -> list[str]:
    """Return the files in the folders of the AWS CLI, except for locks."""
    folders = (world.home / ".aws" / name for name in ("sso/cache", "cli/cache"))
    files = [file for folder in folders for file in folder.rglob("*")]
    return [file.name for file in files if file.suffix != ".lock"]


@pytest.mark.parametrize("flow", ["device", "browser"])
def test_a_login_and_its_use_leave_sealed_files_only(
    sealed: World, issued: Issued, flow: FlowName
) -> None:
    """A token, a client registration, and role credentials: each is encrypted."""
    ApprovingUser(sealed, flow=flow).log_in(flow=flow)
    assert users(3) == ["alice"] * 3
    assert sealed.count("GetRoleCredentials") == 1
    assert sealed_files(sealed) == {"tokens": 2, "roles": 1}
    assert plain_files(sealed) == []
    assert exposed(sealed.home, issued) == []


def test_jobs_that_wait_share_a_sealed_code(sealed: World, issued: Issued) -> None:
    """While they wait, the device code is on disk. So is the token, until its user is checked."""
    notifications = Notifications(sealed.home)
    configure(sealed, sso_login="wait", sso_notify=notifications.command)
    jobs = [Job().call() for _ in range(4)]
    code = notifications.wait()["USER_CODE"]
    assert sealed_files(sealed) == {"tokens": 1, "codes": 1}
    assert exposed(sealed.home, issued) == []
    for job in jobs:
        assert job.process.stderr is not None
        assert "needs a login" in job.process.stderr.readline()
    sealed.emulator.approve(code, "alice")
    assert [job.result().rpartition("/")[2] for job in jobs] == ["alice"] * 4
    for job in jobs:
        job.end()
    assert sealed_files(sealed) == {"tokens": 2, "roles": 1}
    assert sealed.count("StartDeviceAuthorization") == 1
    assert exposed(sealed.home, issued) == []


def test_a_job_takes_over_a_sealed_code(sealed: World, issued: Issued) -> None:
    """The one that asked was killed."""
    notifications = Notifications(sealed.home)
    configure(sealed, sso_login="wait", sso_notify=notifications.command)
    first = Job().call()
    code = notifications.wait()["USER_CODE"]
    wait_until(lambda: sealed.count("CreateToken") > 0)
    first.kill()
    second = Job().call()
    sealed.emulator.approve(code, "alice")
    assert second.result().endswith("/alice")
    second.kill()
    assert sealed.count("StartDeviceAuthorization") == 1
    assert exposed(sealed.home, issued) == []


def test_a_renewal_keeps_the_login_and_its_role_credentials(sealed: World, issued: Issued) -> None:
    """The token is renewed for one role; the credentials of the other one stay valid."""
    sealed.emulator.settings.refresh_tokens = "rotate-strict"
    log_in(sealed, "alice")
    users(1)
    login = login_id(sealed)
    expire(sealed)
    sso_plugin.login("dev")
    assert sealed.count("CreateToken") == 2
    assert users(3) == ["alice"] * 3
    assert (login_id(sealed), sealed.count("GetRoleCredentials")) == (login, 1)
    assert plain_files(sealed) == []
    assert exposed(sealed.home, issued) == []


def test_role_credentials_are_renewed_with_a_sealed_token(sealed: World, issued: Issued) -> None:
    """Those in a plain file too: only the token is sealed."""
    configure(sealed, sso_cache="file")
    log_in(sealed, "alice")
    users(1)
    sealed.make_credentials_due()
    done = sealed.run(ENDS_LATE + CALL)
    assert (done.stdout, done.stderr) == ("alice\n", "")
    assert sealed.count("GetRoleCredentials") == 2
    for file in sealed.role_files():
        file.unlink()
    assert users(3) == ["alice"] * 3
    assert sealed.count("GetRoleCredentials") == 3
    assert exposed(sealed.home, issued) == [f".aws/cli/cache/{sealed.role_files()[0].name}"]


def test_with_roles_in_memory_no_file_has_a_secret(sealed: World, issued: Issued) -> None:
    """Each process fetches its own credentials, with the sealed token."""
    configure(sealed, sso_cache="memory")
    log_in(sealed, "alice")
    assert users(2) == ["alice"] * 2
    assert sealed.count("GetRoleCredentials") == 2
    assert sealed_files(sealed) == {"tokens": 2}
    assert exposed(sealed.home, issued) == []


def test_a_logout_deletes_all_sealed_files(sealed: World, issued: Issued) -> None:
    """And revokes the token."""
    log_in(sealed, "alice")
    users(1)
    done = run("logout", "--profile", "dev")
    assert (done.returncode, sealed.count("Logout")) == (0, 1)
    assert sealed_files(sealed) == {}
    assert exposed(sealed.home, issued) == []
    [error] = users(1)
    assert "it has no access token" in error


def test_a_new_key_in_front_seals_the_next_token(
    sealed: World, issued: Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The older one still opens. The login and its role credentials stay."""
    log_in(sealed, "alice")
    users(1)
    login, before = login_id(sealed), key_id(token_file(sealed))
    set_key(monkeypatch, OTHER_KEY, KEY)
    assert users(2) == ["alice"] * 2
    assert key_id(token_file(sealed)) == before
    expire(sealed)
    sso_plugin.login("dev")
    assert key_id(token_file(sealed)) != before
    assert users(2) == ["alice"] * 2
    assert (login_id(sealed), sealed.count("GetRoleCredentials")) == (login, 1)
    assert exposed(sealed.home, issued) == []


def test_a_new_login_replaces_sealed_role_credentials(two: World, sealed: World) -> None:
    """No process uses the credentials of the user before."""
    log_in(sealed, "alice")
    assert users(2) == ["alice"] * 2
    log_in(two, "bob")
    assert sealed_files(two) == {"tokens": 2}
    assert users(2) == ["bob"] * 2
    assert two.count("GetRoleCredentials") == 2


def test_no_command_shows_a_secret_or_the_key(sealed: World, issued: Issued) -> None:
    """The output of debug mode has neither."""
    log_in(sealed, "alice")
    expire(sealed)
    for words in (("status",), ("whoami",), ("doctor",), ("login", "--profile", "dev")):
        done = run("--debug", *words, AWS_PROFILE="dev")
        shown = done.stdout + done.stderr
        assert "Traceback" not in shown
        assert not [piece for piece in (*issued.pieces(), KEY[:20]) if piece in shown]
    [index] = own_folder(sealed).glob("roles-*.json")
    assert "login" in json.loads(index.read_text())
