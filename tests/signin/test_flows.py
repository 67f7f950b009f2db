"""The browser flow and the device flow: approved, denied, timed out, and interrupted."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.parse import parse_qs, urlsplit

import pytest
from approving_user import ApprovingUser, open_page
from long_tests import long
from quick_login import login

import sso_plugin
from sso_plugin import LoginFailed, LoginPrompt, PortalError, Status
from sso_plugin.errors import PortalUnreachable
from sso_plugin.signin import flows

if TYPE_CHECKING:
    from world import World


def test_the_url_of_the_consent_page_has_a_challenge_and_a_state(world: World) -> None:
    """PKCE with S256, a redirect to the loopback address, and no secret but the state."""
    user = ApprovingUser(world, flow="browser")
    user.log_in()
    url = urlsplit(user.opened[0])
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    assert url.path == "/authorize"
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/oauth/callback", query["redirect_uri"])
    assert query["code_challenge_method"] == "S256"
    assert query["scopes"] == "sso:account:access"
    assert len(query["code_challenge"]) == 43
    assert len(query["state"]) >= 32


def test_a_browser_login_that_is_denied_is_reported(world: World) -> None:
    """No token is written."""
    user = ApprovingUser(world, flow="browser")

    def refuse(url: str) -> None:
        open_page(world.emulator.refuse(url))

    with pytest.raises(LoginFailed) as caught:
        user.log_in(open_browser=refuse)
    assert str(caught.value) == (
        'The profile "dev" was not logged in: it was denied in the browser. '
        "Run: sso-plugin login --profile dev"
    )
    assert not world.token_file().exists()


def test_a_browser_login_that_is_not_approved_times_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The port is closed afterwards."""
    monkeypatch.setattr(flows, "_BROWSER_TIMEOUT", 0.1)
    user = ApprovingUser(world, flow="browser")
    with pytest.raises(LoginFailed, match="it was not approved in time"):
        user.log_in(open_browser=user.opened.append)
    redirect = parse_qs(urlsplit(user.opened[0]).query)["redirect_uri"][0]
    with pytest.raises(URLError, match="refused"):
        open_page(redirect)


def test_a_code_that_the_portal_refuses_is_a_failed_login(world: World) -> None:
    """The state is valid, the code is not: it may be an attacker's."""
    user = ApprovingUser(world, flow="browser")

    def tamper(url: str) -> None:
        location = world.emulator.authorize(url, "alice")
        open_page(re.sub(r"code=[^&]+", "code=another", location))

    with pytest.raises(LoginFailed, match="InvalidGrantException"):
        user.log_in(open_browser=tamper)
    assert not world.token_file().exists()


def test_the_portal_sets_the_polling_interval(world: World) -> None:
    """Five seconds more after each slow_down (RFC 8628, 3.5)."""
    world.emulator.faults.add("CreateToken", status=400, code="SlowDownException", times=2)
    pauses: list[float] = []
    codes: list[str] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        world.emulator.clock.advance(seconds)
        if len(pauses) == 4:
            world.emulator.approve(codes[0], "alice")

    ApprovingUser(world).log_in(
        flow="device", show=lambda prompt: codes.append(str(prompt.user_code)), sleep=sleep
    )
    assert pauses == [5, 10, 15, 15]


@pytest.mark.long
def test_a_device_login_that_is_denied_is_reported(world: World) -> None:
    """No token is written."""
    with pytest.raises(LoginFailed) as caught:
        ApprovingUser(world).log_in(
            flow="device", show=lambda prompt: world.emulator.deny(str(prompt.user_code))
        )
    assert str(caught.value) == (
        'The profile "dev" was not logged in: it was denied in the browser. '
        "Run: sso-plugin login --profile dev"
    )
    assert not world.token_file().exists()


def test_a_device_login_that_is_not_approved_times_out(world: World) -> None:
    """When its code expires at the portal."""
    with pytest.raises(LoginFailed, match="it was not approved in time"):
        ApprovingUser(world).log_in(
            flow="device", show=id, sleep=lambda _: world.emulator.clock.advance(200)
        )


@dataclass
class DeviceLogin:
    """A device login, and a user who approves it in the pause with that number, if any."""

    world: World
    approves_in: int | None = None
    pauses: list[float] = field(default_factory=list)
    prompts: list[LoginPrompt] = field(default_factory=list)

    def log_in(self) -> Status:
        return login(
            "dev", flow="device", show=self.prompts.append, open_browser=None, sleep=self.sleep
        )

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.world.emulator.clock.advance(seconds)
        if len(self.pauses) == self.approves_in:
            self.world.emulator.approve(str(self.prompts[0].user_code), "alice")


@pytest.mark.parametrize(
    "fault",
    [
        # botocore makes three attempts itself for the errors that it knows.
        {"status": 503, "times": 3},
        {"kind": "page", "times": 1},
        *long({"kind": "reset", "times": 3}, {"status": 429, "times": 3}),
        *long({"status": 501, "times": 1}, {"kind": "page", "status": 511, "times": 1}),
    ],
)
def test_a_device_login_continues_after_a_failed_request(
    world: World, fault: dict[str, Any]
) -> None:
    """The user may be opening the page, and need not start again because of a short outage."""
    world.emulator.faults.add("CreateToken", **fault)
    device_login = DeviceLogin(world, approves_in=3)
    assert device_login.log_in().state == "usable"
    assert device_login.pauses == [5, 10, 5]


def test_failed_requests_double_the_pause(world: World) -> None:
    """Each time (RFC 8628, 3.5), up to 30 seconds, so that the user does not wait for minutes."""
    world.emulator.faults.add("CreateToken", kind="page", times=4)
    device_login = DeviceLogin(world, approves_in=1)
    device_login.log_in()
    assert device_login.pauses == [5, 10, 20, 30, 30]


def test_a_device_login_times_out_even_if_the_portal_never_says_so(world: World) -> None:
    """A portal may return AuthorizationPending forever. The last request is at the end."""
    world.emulator.settings.device_code = 17
    world.emulator.faults.add("CreateToken", status=400, code="AuthorizationPendingException")
    device_login = DeviceLogin(world)
    with pytest.raises(LoginFailed, match="it was not approved in time"):
        device_login.log_in()
    assert device_login.pauses == [5, 5, 5, 2]


def test_a_device_login_without_a_network_raises_the_network_error(world: World) -> None:
    """It may have been approved in time, so the error does not deny that."""
    world.emulator.settings.device_code = 60
    world.emulator.faults.add("CreateToken", kind="page")
    device_login = DeviceLogin(world, approves_in=1)
    with pytest.raises(PortalUnreachable, match="cannot reach Identity Center"):
        device_login.log_in()
    assert device_login.pauses == [5, 10, 20, 25]


def test_a_device_login_at_a_failing_portal_raises_its_last_error(world: World) -> None:
    """The code of the portal is in the message."""
    world.emulator.settings.device_code = 60
    world.emulator.faults.add("CreateToken", status=501, code="Broken", message="Out of order")
    device_login = DeviceLogin(world)
    with pytest.raises(LoginFailed, match="was not logged in: Broken, "):
        device_login.log_in()
    assert device_login.pauses == [5, 10, 20, 25]


def test_a_device_login_that_a_proxy_forbids_fails_at_once(world: World) -> None:
    """An error that is not temporary is not retried."""
    world.emulator.faults.add("CreateToken", status=403, message="Not from here")
    device_login = DeviceLogin(world)
    with pytest.raises(LoginFailed, match="ForbiddenException, "):
        device_login.log_in()
    assert device_login.pauses == [5]


def test_an_unknown_start_url_is_named_in_the_error(world: World) -> None:
    """With the two keys to check. In the browser flow, the page of AWS shows the error."""
    world.configure(world.emulator.profile().replace("example.awsapps", "typo.awsapps"))
    with pytest.raises(LoginFailed, match=r"Check sso_start_url .*typo.* and sso_region"):
        ApprovingUser(world, flow="device").log_in()


def test_an_unreachable_portal_is_an_error(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message has its address."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSO_OIDC", "http://127.0.0.1:9")
    with pytest.raises(PortalError, match="cannot reach Identity Center"):
        sso_plugin.login("dev")
