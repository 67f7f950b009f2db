"""A wait ends when the token file has a valid token, or at its deadline."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from botocore.session import Session

from sso_plugin import LoginRequired
from sso_plugin.config.profile import SsoProfile
from sso_plugin.credentials import Login
from sso_plugin.credentials.token_source import TokenSource
from sso_plugin.signin import token_watch
from sso_plugin.signin.token_watch import LoggedIn, TokenWatch
from sso_plugin.storage.file_cache import FileCache

if TYPE_CHECKING:
    from world import World

PAST = "2026-01-31T22:15:00Z"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_watch, "_INTERVAL", 0.01)


def watch(world: World, rejected: str | None = None, timeout: float = 300) -> TokenWatch:
    world.configure(world.emulator.profile() + f"sso_login_timeout = {timeout}\n")
    session = Session(profile="dev")
    profile = SsoProfile.of(session)
    assert profile
    login = Login.of(session, profile)
    return TokenWatch(TokenSource(login), login.required("a reason"), rejected)


def test_a_valid_token_ends_the_wait_before_it_begins(world: World) -> None:
    """Someone may have logged in just now."""
    value = world.sign_in().access_token
    with pytest.raises(LoggedIn) as found:
        watch(world)
    assert found.value.token.value == value


def test_a_new_token_ends_the_wait(world: World) -> None:
    """By any program: it replaces the file."""
    watched = watch(world)
    timer = threading.Timer(0.1, world.sign_in)
    timer.start()
    with pytest.raises(LoggedIn):
        watched.pause(60)
    timer.join()


def test_a_new_token_on_another_machine_ends_the_wait(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store of many machines is asked for it at each look."""
    watched = watch(world)
    # Files of this machine have nothing to pull. A store of many machines does this.
    monkeypatch.setattr(FileCache, "pull", lambda *_: world.sign_in())
    with pytest.raises(LoggedIn):
        watched.pause(60)


def test_a_rejected_token_does_not_end_the_wait(world: World) -> None:
    """The portal would reject it again."""
    rejected = world.sign_in(refreshToken=None).access_token
    watched = watch(world, rejected)
    watched.pause(0.1)
    world.age_token(10)
    watched.pause(0.1)


def test_a_new_token_that_has_expired_is_renewed(world: World) -> None:
    """Its login is valid, and no person is needed."""
    watched = watch(world)
    world.sign_in(expiresAt=PAST)
    with pytest.raises(LoggedIn):
        watched.pause(60)
    assert world.count("CreateToken") == 1


def test_a_new_token_that_cannot_be_renewed_now_is_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The portal may be down for a moment. It is not asked each second."""
    watched = watch(world)
    world.sign_in(expiresAt=PAST)
    world.emulator.faults.add("CreateToken", status=503, times=3)
    while world.count("CreateToken") == 0:
        watched.pause(0.2)
    assert world.count("CreateToken") == 3
    monkeypatch.setattr(watched, "_retry_at", 0.0)
    with pytest.raises(LoggedIn):
        watched.pause(60)


def test_a_token_without_a_login_does_not_end_the_wait(world: World) -> None:
    """It has expired, and has no refresh token. It is read once."""
    watched = watch(world)
    world.sign_in(expiresAt=PAST, refreshToken=None)
    watched.pause(0.1)
    assert world.count("CreateToken") == 0


def test_the_wait_ends_at_its_deadline(world: World) -> None:
    """The error has the first reason, the deadline and the command."""
    watched = watch(world, timeout=0.05)
    with pytest.raises(LoginRequired) as caught:
        watched.pause(60)
    assert str(caught.value).startswith(
        'The profile "dev" needs a login: a reason, and there was no login until 2'
    )
    assert caught.value.fix == "Run: sso-plugin login --profile dev"
