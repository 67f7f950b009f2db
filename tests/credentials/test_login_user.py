"""A job that waits for logins learns who the user is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from caches import own_cache
from renewal import wait_for_background
from roles import key_of
from tokens import source_of
from world import start

from sso_plugin.credentials import login_user
from sso_plugin.credentials.login_notes import LoginNotes
from sso_plugin.credentials.token_file import TokenFile

if TYPE_CHECKING:
    from world import World


@pytest.fixture
def waiting(world: World) -> World:
    """Return a home directory with a login and ``sso_login = wait``."""
    world.configure(world.emulator.profile() + "sso_login = wait\n")
    world.sign_in()
    return world


def fetch(world: World) -> None:
    """Fetch role credentials as a program does that has none in its cache."""
    for file in world.role_files():
        file.unlink()
    key_of()
    wait_for_background()


def known_user(world: World) -> str | None:
    login = TokenFile(source_of().login).known_login()
    assert login is not None
    return LoginNotes(own_cache(), world.token_file().stem).user_of(login.id)


def test_the_user_is_known_after_the_first_credentials(waiting: World) -> None:
    """One request for each login."""
    for _ in range(3):
        fetch(waiting)
    assert known_user(waiting) == "alice"
    assert waiting.count("GetCallerIdentity") == 1
    waiting.sign_in()
    fetch(waiting)
    assert known_user(waiting) == "alice"
    assert waiting.count("GetCallerIdentity") == 2


def test_other_profiles_do_not_ask(world: World) -> None:
    """Their logins are approved where they are started."""
    world.sign_in()
    fetch(world)
    assert world.count("GetCallerIdentity") == 0


def test_a_failure_breaks_nothing_and_is_tried_again(
    waiting: World, caplog: pytest.LogCaptureFixture
) -> None:
    """At the next credentials."""
    waiting.emulator.faults.add("GetCallerIdentity", status=400, code="AccessDenied")
    with caplog.at_level("DEBUG", "sso_plugin"):
        fetch(waiting)
    assert known_user(waiting) is None
    [record] = [each for each in caplog.records if each.name == login_user.__name__]
    assert (record.levelname, "AccessDenied" in record.getMessage()) == ("DEBUG", True)
    waiting.emulator.faults.clear()
    fetch(waiting)
    assert known_user(waiting) == "alice"


def test_the_region_of_the_portal_is_used_without_another(
    waiting: World, caplog: pytest.LogCaptureFixture
) -> None:
    """A profile need not have one."""
    text = waiting.config_file.read_text()
    waiting.configure("".join(f"{line}\n" for line in text.splitlines() if line[:6] != "region"))
    fetch(waiting)
    assert known_user(waiting) == "alice"


def test_a_user_is_not_noted_for_another_login(
    waiting: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person may log in while STS is called."""
    find_user = login_user._Lesson._find_user

    def replaced(lesson: login_user._Lesson) -> str | None:
        user = find_user(lesson)
        waiting.sign_in("bob")
        source_of().file.origin_of(source_of().fetch())
        return user

    monkeypatch.setattr(login_user._Lesson, "_find_user", replaced)
    fetch(waiting)
    assert waiting.count("GetCallerIdentity") == 1
    assert known_user(waiting) is None


USING = """
import boto3, sso_plugin
sso_plugin.enable()
boto3.Session(profile_name="dev").get_credentials().get_frozen_credentials()
from sso_plugin.credentials import background
for each in list(background._instances):
    each.wait(60)
"""
"""A program that runs a little longer: the end of one waits for a bounded time."""


@pytest.mark.long
def test_many_processes_send_few_requests(waiting: World) -> None:
    """One fetches the credentials, and learns the user."""
    processes = [start(USING) for _ in range(5)]
    assert [process.communicate(timeout=120)[0] for process in processes] == [""] * 5
    assert known_user(waiting) == "alice"
    assert waiting.count("GetCallerIdentity") == waiting.count("GetRoleCredentials") == 1
