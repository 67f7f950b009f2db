"""``sso_login = wait`` in one process: what is said, what is sent, and when it gives up."""

from __future__ import annotations

import json
import logging
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
import pytest
from renewal import wait_for_background
from shared_world import SharedWorld
from waiting_jobs import configure_wait
from world import wait_until

import sso_plugin
from sso_plugin import LoginFailed
from sso_plugin.config.profile import SsoProfile
from sso_plugin.credentials import Login
from sso_plugin.credentials.access_token import AccessToken
from sso_plugin.credentials.token_source import TokenSource
from sso_plugin.portal.responses import Grant
from sso_plugin.signin import token_watch, wait_messages, waiting_login
from sso_plugin.signin.pending_login import SharedLogin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from waiting_jobs import Notifications
    from world import World

    from sso_plugin import LoginNeeded
    from sso_plugin.storage.cache import Hold


@pytest.fixture(autouse=True)
def _quick(world: World, monkeypatch: pytest.MonkeyPatch, enabled: None) -> None:
    monkeypatch.setattr(token_watch, "_INTERVAL", 0.02)
    monkeypatch.setattr(waiting_login, "_INTERVAL", 0.02)
    monkeypatch.setattr(wait_messages, "_said", {})
    world.emulator.settings.poll_interval = 0


@pytest.fixture
def events() -> Iterator[list[LoginNeeded]]:
    """Return what the callbacks of the program get."""
    found: list[LoginNeeded] = []
    remove = sso_plugin.on_login_needed(found.append)
    yield found
    remove()


class Call(threading.Thread):
    """A call in a thread of this process."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.found: Any = None
        self.start()

    def run(self) -> None:
        try:
            credentials = boto3.Session(profile_name="dev").get_credentials()
            assert credentials is not None
            self.found = credentials.get_frozen_credentials().access_key
        except Exception as exc:  # noqa: BLE001 - the test checks it
            self.found = exc

    def result(self) -> Any:
        self.join(60)
        return self.found


def test_a_call_says_once_what_it_waits_for(
    world: World, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """On stderr with the code, in the log without it. Both have the command."""
    notifications = configure_wait(world)
    call, other = Call(), Call()
    code = notifications.wait()["USER_CODE"]
    world.emulator.approve(code, "alice")
    assert call.result().startswith("ASIA")
    assert other.result().startswith("ASIA")
    out, err = capfd.readouterr()
    assert out == ""
    assert err.count("needs a login") == 1
    assert code in err
    assert 'The profile "dev" is logged in as alice until ' in err
    assert "Its calls continue." in err
    logged = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert [text[:32] for text in logged] == [
        'The profile "dev" needs a login:',
        'The profile "dev" is logged in a',
    ]
    assert logged[0].endswith("Run: sso-plugin login --profile dev")
    assert code not in caplog.text


def test_the_notification_has_all_that_a_person_needs(
    world: World, events: list[LoginNeeded]
) -> None:
    """And the callback of the program gets the same."""
    notifications = configure_wait(world, sso_login_timeout="12h")
    call = Call()
    received = notifications.wait()
    world.emulator.approve(received["USER_CODE"], "alice")
    assert call.result().startswith("ASIA")
    assert received["EVENT"] == "login-needed"
    assert received["PROFILE"] == "dev"
    assert received["COMMAND"] == "sso-plugin login --profile dev"
    assert received["URL"].startswith(f"{world.emulator.url}/device")
    assert received["USER_CODE"] in received["MESSAGE"]
    wait_until(lambda: events)
    [event] = events
    assert (event.kind, event.profile_name, event.url) == ("needed", "dev", received["URL"])
    assert event.deadline is not None
    assert 11 * 3600 < event.deadline - time.time() <= 12 * 3600
    assert event.approve_until is not None
    assert 0 < event.approve_until - time.time() <= 600


def test_no_person_is_asked_if_another_process_has_just_logged_in(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had the lock between the last look at the token and the end of that login."""
    configure_wait(world)
    asking = SharedLogin.asking

    @contextmanager
    def asking_after_another(shared: SharedLogin) -> Iterator[Hold]:
        world.sign_in()
        with asking(shared) as may_ask:
            yield may_ask

    monkeypatch.setattr(SharedLogin, "asking", asking_after_another)
    assert Call().result().startswith("ASIA")
    assert world.count("StartDeviceAuthorization") == 0


def test_a_page_of_another_host_is_not_passed_on(
    world: World, events: list[LoginNeeded], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command or a chat would open it. The notification has the command instead."""
    monkeypatch.setattr(wait_messages, "may_be_opened", lambda *_: False)
    notifications = configure_wait(world)
    call = Call()
    received = notifications.wait()
    assert "URL" not in received
    assert "USER_CODE" not in received
    assert received["COMMAND"] == "sso-plugin login --profile dev"
    world.sign_in()
    assert call.result().startswith("ASIA")
    wait_until(lambda: events)
    assert events[0].url is None


def test_a_portal_that_is_down_is_asked_again(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A job that starts at night does not fail for that. It says so once."""
    monkeypatch.setattr(waiting_login, "attempt_timeout", lambda _: 0.02)
    # On a busy machine, the wait must not be announced before there is a code.
    monkeypatch.setattr(waiting_login, "_ANNOUNCE_AFTER", 600.0)
    notifications = configure_wait(world)
    world.emulator.faults.add("StartDeviceAuthorization", status=503, times=6)
    call = Call()
    world.emulator.approve(notifications.wait()["USER_CODE"], "alice")
    assert call.result().startswith("ASIA")
    assert caplog.text.count("Cannot start a login now, trying again") == 1


def test_settings_with_which_no_login_can_start_are_an_error(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Waiting would not help."""
    monkeypatch.setattr(waiting_login, "attempt_timeout", lambda _: 0.02)
    configure_wait(world)
    world.emulator.faults.add(
        "StartDeviceAuthorization", code="InvalidRequestException", status=400, times=2
    )
    error = Call().result()
    assert isinstance(error, LoginFailed)
    assert "Check sso_start_url" in str(error)


def test_a_client_can_be_created_without_a_login(world: World) -> None:
    """Only a call waits."""
    configure_wait(world)
    session = boto3.Session(profile_name="dev")
    assert session.get_credentials() is not None
    assert session.client("sts").meta.region_name
    assert world.emulator.requests.count() == 0


def test_valid_credentials_stay_in_use(world: World, notified: Callable[[], int]) -> None:
    """A background renewal that needs a login does not wait for one."""
    world.sign_in()
    session = boto3.Session(profile_name="dev")
    first = session.client("sts").get_caller_identity()["Arn"]
    world.change_token(expiresAt="2026-01-31T22:15:00Z", refreshToken=None)
    world.make_credentials_due()
    other = boto3.Session(profile_name="dev").client("sts")
    assert other.get_caller_identity()["Arn"] == first
    wait_for_background()
    assert notified() == 0


@pytest.fixture
def notified(world: World) -> Callable[[], int]:
    """Return a function that counts the notifications."""
    notifications: Notifications = configure_wait(world)
    return lambda: len(notifications.received)


def test_the_token_of_a_process_that_was_killed_is_used(world: World) -> None:
    """A code works once. Its token is kept while its user is checked."""
    configure_wait(world)
    session = botocore.session.Session(profile="dev")
    profile = SsoProfile.of(session)
    assert profile
    login = Login.of(session, profile)
    signed_in = world.emulator.sign_in("alice")
    grant = Grant(signed_in.access_token, None, 3600)
    token = AccessToken.granted(grant, profile, {}, time.time())
    SharedLogin(TokenSource(login)).keep(token, profile.start_url)
    assert Call().result().startswith("ASIA")
    assert json.loads(world.token_file().read_text())["accessToken"] == signed_in.access_token
    assert world.count("StartDeviceAuthorization") == 0


def test_a_callback_may_use_the_profile(world: World) -> None:
    """It waits for the login in a thread of its own."""
    found: list[Any] = []
    remove = sso_plugin.on_login_needed(lambda _: found.append(Call().result()))
    notifications = configure_wait(world)
    call = Call()
    world.emulator.approve(notifications.wait()["USER_CODE"], "alice")
    assert call.result().startswith("ASIA")
    wait_until(lambda: found)
    remove()
    assert found[0].startswith("ASIA")


def test_a_machine_of_many_waits_for_a_login_on_another_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It starts no login, and asks no person."""
    shared = SharedWorld(world, monkeypatch, sso_login="wait")
    profile = SsoProfile.of(botocore.session.Session(profile="dev"))
    assert profile is not None
    tokens = TokenSource(Login.of(botocore.session.Session(profile="dev"), profile))
    call = Call()
    wait_until(lambda: shared.server.calls.count("read token") > 3)
    assert call.found is None
    assert len(world.emulator.requests) == 0
    shared.log_in_elsewhere(tokens)
    assert isinstance(call.result(), str)
    assert world.count("GetRoleCredentials") == 1
    assert world.count("StartDeviceAuthorization") == world.count("CreateToken") == 0
