"""What a process says while its calls wait for a login, and how often."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

import pytest
from botocore.session import Session
from waiting_jobs import configure_wait

from sso_plugin import LoginRequired
from sso_plugin.config.profile import SsoProfile
from sso_plugin.credentials import Login
from sso_plugin.credentials.token_file import TokenFile
from sso_plugin.credentials.token_source import TokenSource
from sso_plugin.portal.responses import DeviceAuthorization, Registration
from sso_plugin.signin import wait_messages
from sso_plugin.signin.flows import StartedLogin
from sso_plugin.signin.pending_login import PendingLogin, SharedLogin
from sso_plugin.signin.token_watch import LoggedIn
from sso_plugin.signin.wait_messages import WaitMessages

if TYPE_CHECKING:
    from waiting_jobs import Notifications
    from world import World

    from sso_plugin import LoginPrompt


@pytest.fixture(autouse=True)
def notifications(world: World, monkeypatch: pytest.MonkeyPatch) -> Notifications:
    """Let the profile wait, and return what ``sso_notify`` gets."""
    monkeypatch.setattr(wait_messages, "_said", {})
    return configure_wait(world)


class Recorder:
    """A display that records its texts, or fails."""

    def __init__(self, error: Exception | None = None) -> None:
        self.texts: list[str] = []
        self._error = error

    def show(self, prompt: LoginPrompt) -> None:
        self.say(f"code {prompt.user_code}")

    def say(self, text: str) -> None:
        if self._error:
            raise self._error
        self.texts.append(text)

    def report(self, text: str, *, is_logged_in: bool) -> None:
        self.texts.append(f"{text} {is_logged_in}")


def messages(display: Recorder) -> tuple[WaitMessages, SharedLogin, Login]:
    """Return the messages of one more call, the login that all share, and the login."""
    session = Session(profile="dev")
    profile = SsoProfile.of(session)
    assert profile
    login = Login.of(session, profile)
    shared = SharedLogin(TokenSource(login))
    return WaitMessages(login, "a reason", shared, time.time() + 60, display), shared, login


def started(world: World) -> StartedLogin:
    page = f"{world.emulator.url}/device"
    code = DeviceAuthorization("device", "ABCD-EFGH", page, f"{page}?user_code=ABCD-EFGH", 600, 5)
    return StartedLogin(Registration("a", "b", time.time() + 9999), code, time.time() + 600)


def test_each_call_after_the_first_is_silent() -> None:
    """Until the first one has ended. It also reports the end."""
    first, second = Recorder(), Recorder()
    with messages(first)[0] as one, messages(second)[0] as other:
        one.announce(None, None)
        other.announce(None, None)
        assert len(first.texts) == 1
        assert first.texts[0].startswith('The profile "dev" needs a login: a reason. Calls wait')
    assert second.texts == []
    messages(second)[0].announce(None, None)
    assert len(second.texts) == 1


def test_the_process_that_asks_shows_the_code_although_another_thread_has_spoken() -> None:
    """A thread that did not ask could not show it."""
    display = Recorder()
    messages(Recorder())[0].announce(None, None)
    asking = messages(display)[0]
    asking.announce(None, lambda: display.say("the code"))
    asking.announce(None, lambda: display.say("the code"))
    assert display.texts == ["the code"]


@pytest.mark.parametrize("user", [None, "bob"])
def test_the_login_is_reported_by_the_call_that_has_spoken(
    world: World, user: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    """With the user, if a code was approved."""
    world.sign_in()
    display, silent = Recorder(), Recorder()
    one, _, login = messages(display)
    token = TokenFile(login).load()
    assert token
    with pytest.raises(LoggedIn), messages(silent)[0]:
        raise LoggedIn(token)
    one.say("Waiting.")
    one.user = user
    with pytest.raises(LoggedIn), one:
        raise LoggedIn(token)
    who = f" as {user}" if user else ""
    assert display.texts[1].startswith(f'The profile "dev" is logged in{who} until ')
    assert silent.texts == []
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2


def test_a_wait_that_fails_is_reported_by_the_call_that_has_spoken() -> None:
    """A notebook would show the link of a login that is over."""
    display = Recorder()
    one, _, login = messages(display)
    one.say("Waiting.")
    required = login.required("there was no login")
    with pytest.raises(LoginRequired), one:
        raise required
    assert display.texts[1] == f"{required} False"


def test_a_process_with_a_command_notifies_for_one_without(
    world: World, notifications: Notifications
) -> None:
    """Once."""
    one, shared, _ = messages(Recorder())
    pending = shared.begin(started(world), world.emulator.start_url, notified=False)
    one.announce(pending, None)
    messages(Recorder())[0].announce(pending, None)
    assert notifications.wait()["USER_CODE"] == "ABCD-EFGH"
    assert not shared.claim_notification()


def test_a_display_that_fails_does_not_end_the_wait(caplog: pytest.LogCaptureFixture) -> None:
    """The reader of standard error may have ended."""
    broken: Any = Recorder(BrokenPipeError(32, "Broken pipe"))
    one, _, _ = messages(broken)
    one.announce(None, lambda: broken.say("the code"))
    one.say("Still waiting.")
    assert "Still waiting." in caplog.text


def test_a_login_without_a_code_has_no_link(world: World, notifications: Notifications) -> None:
    """The command is enough."""
    messages(Recorder())[0].notify(PendingLogin(None, world.emulator.start_url))
    received = notifications.wait()
    assert received["COMMAND"] == "sso-plugin login --profile dev"
    assert "URL" not in received
