"""The file with the code that waiting processes share."""

from __future__ import annotations

import os
import stat
import time
from typing import TYPE_CHECKING, Any

import pytest
from botocore.session import Session
from caches import own_cache
from quick_login import login

import sso_plugin
from sso_plugin.config.profile import SsoProfile
from sso_plugin.credentials import Login
from sso_plugin.credentials.token_source import TokenSource
from sso_plugin.portal.responses import DeviceAuthorization, Registration
from sso_plugin.signin.flows import StartedLogin
from sso_plugin.signin.pending_login import PendingLogin, SharedLogin
from sso_plugin.storage.cache import Hold
from sso_plugin.storage.keys import own_key

if TYPE_CHECKING:
    from pathlib import Path

    from world import World

START_URL = "https://corp.awsapps.com/start"


def shared(world: World) -> SharedLogin:
    world.configure(world.emulator.profile())
    session = Session(profile="dev")
    profile = SsoProfile.of(session)
    assert profile
    return SharedLogin(TokenSource(Login.of(session, profile)))


def started(expires_in: float = 600) -> StartedLogin:
    device = "https://device.sso.eu-central-1.amazonaws.com/"
    code = DeviceAuthorization("device", "ABCD-EFGH", device, f"{device}?user_code=1", 600, 5)
    return StartedLogin(
        Registration("client", "secret", time.time() + 9999), code, time.time() + expires_in
    )


def file(world: World) -> Path:
    [found] = (world.home / ".aws/sso-plugin").glob("wait-*.json")
    return found


def test_another_process_continues_with_the_same_code(world: World) -> None:
    """It has all that is needed, except for the time that has passed."""
    begun = shared(world).begin(started(), START_URL, notified=True)
    found = shared(world).load()
    assert found is not None
    assert found.started is not None
    assert begun.started is not None
    assert found.started.registration == begun.started.registration
    assert found.started.authorization.device_code == "device"
    assert 0 < found.started.authorization.expires_in < 600
    assert found.start_url == START_URL


def test_only_the_user_can_read_the_file(world: World) -> None:
    """The device code is a secret."""
    shared(world).begin(started(), START_URL, notified=True)
    assert stat.S_IMODE(file(world).stat().st_mode) == 0o600


def test_one_process_notifies(world: World) -> None:
    """One that has a command, if the process that asks has none."""
    login = shared(world)
    assert not login.claim_notification()
    login.begin(started(), START_URL, notified=False)
    assert shared(world).claim_notification()
    assert not shared(world).claim_notification()
    found = shared(world).load()
    assert found is not None
    assert found.started is not None
    login.begin(started(), START_URL, notified=True)
    assert not shared(world).claim_notification()


def test_one_process_at_a_time_asks(world: World) -> None:
    """The others do not wait for it."""
    with shared(world).asking() as first, shared(world).asking() as second:
        assert (first, second) == (Hold.HELD, Hold.PASSED_BY)


def test_no_person_was_asked_at_first(world: World) -> None:
    """There is no file."""
    assert shared(world).load() is None


@pytest.mark.parametrize("how", ["closed", "expired"])
def test_a_code_that_cannot_be_approved_is_not_replaced(world: World, how: str) -> None:
    """For the same missing login, no person is asked again."""
    login = shared(world)
    login.begin(started(-1 if how == "expired" else 600), START_URL, notified=True)
    if how == "closed":
        login.close()
        assert "device" not in file(world).read_text()
    found = shared(world).load()
    assert found is not None
    assert found.started is None


def test_another_missing_login_is_asked_for(world: World) -> None:
    """The token file has changed: someone had logged in meanwhile."""
    shared(world).close()
    world.sign_in()
    assert shared(world).load() is None


def test_a_token_file_that_was_written_again_is_the_same_missing_login(world: World) -> None:
    """Such as one that is encrypted with a new key. No person is asked again."""
    world.sign_in()
    shared(world).close()
    world.token_file().write_text(world.token_file().read_text() + "\n")
    assert shared(world).load() is not None


def test_after_a_login_the_code_is_deleted(world: World) -> None:
    """So the next missing login is asked for, even without a token file again."""
    login = shared(world)
    login.begin(started(), START_URL, notified=True)
    login.delete()
    assert shared(world).load() is None


def test_a_login_or_a_logout_by_a_command_deletes_the_code(world: World) -> None:
    """The next missing login is another one, although there is no token file again."""
    for _ in range(2):
        shared(world).close()
        login("dev", flow="device", show=lambda prompt: approve(world, prompt), open_browser=None)
        assert list((world.home / ".aws/sso-plugin").glob("wait-*.json")) == []
        own_cache().put(own_key("wait", world.token_file().stem), {"missing": None})
        sso_plugin.logout("dev")
        assert shared(world).load() is None


def approve(world: World, prompt: sso_plugin.LoginPrompt) -> None:
    world.emulator.approve(str(prompt.user_code), "alice")


def test_a_file_server_whose_clock_is_ahead_does_not_cause_a_second_code(world: World) -> None:
    """Its time is that of the file."""
    shared(world).begin(started(), START_URL, notified=True)
    then = time.time() + 300
    os.utime(file(world), (then, then))
    assert shared(world).load() is not None


def test_after_a_day_a_person_is_asked_again(world: World) -> None:
    """A job that runs once a day asks each day."""
    shared(world).close()
    then = time.time() - 25 * 3600
    os.utime(file(world), (then, then))
    assert shared(world).load() is None


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"expiresAt": "soon"},
        {"expiresAt": True},
        {"expiresAt": 9e9, "deviceCode": 1},
        {"expiresAt": 9e9, "deviceCode": "with\nline", "clientId": "x"},
        {"startUrl": ["x"]},
    ],
)
def test_a_damaged_file_counts_as_a_code_that_has_expired(
    world: World, content: dict[str, Any]
) -> None:
    """No code is made up, and no person is asked again."""
    login = shared(world)
    own_cache().put(own_key("wait", world.token_file().stem), {"missing": None, **content})
    assert login.load() == PendingLogin(None, "")
