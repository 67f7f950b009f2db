"""A whole login: which flow is chosen, and what is saved."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING

import boto3
import pytest
from approving_user import ApprovingUser
from world import sha1

import sso_plugin
from sso_plugin.signin.configured_login import ConfiguredLogin
from sso_plugin.signin.sign_in import SignIn, _reason
from sso_plugin.timestamps import clock_time, parse_timestamp
from sso_plugin.web.capabilities import Capabilities

if TYPE_CHECKING:
    from collections.abc import Callable

    from world import World

    from sso_plugin import LoginPrompt
    from sso_plugin.signin.sign_in import FlowName


@pytest.mark.one_quick_case
def test_after_a_login_an_unchanged_script_works(world: World, user: ApprovingUser) -> None:
    """Login, role credentials, a signed call."""
    user.log_in()
    sso_plugin.enable()
    identity = boto3.Session(profile_name="dev").client("sts").get_caller_identity()
    assert identity["Arn"].endswith("/alice")


def test_the_token_file_has_the_form_of_the_aws_cli(world: World, user: ApprovingUser) -> None:
    """Its name, its keys and its modes. It has the refresh token and the registration."""
    user.log_in()
    document = json.loads(world.token_file().read_text())
    assert sorted(document) == [
        "accessToken",
        "clientId",
        "clientSecret",
        "expiresAt",
        "refreshToken",
        "region",
        "registrationExpiresAt",
        "startUrl",
    ]
    assert document["startUrl"] == world.emulator.start_url
    assert document["region"] == world.emulator.region
    assert stat.S_IMODE(world.token_file().stat().st_mode) == 0o600
    assert stat.S_IMODE(world.token_file().parent.stat().st_mode) == 0o700


@pytest.mark.long
def test_two_users_at_one_start_url_have_two_sessions(world: World) -> None:
    """Each sso-session has its own token (boto/botocore#2374)."""
    world.configure(
        world.emulator.profile()
        + world.emulator.profile("other", session_name="second", role_name="ReadOnlyAccess")
    )
    world.emulator.assign("bob", "111111111111", "ReadOnlyAccess")
    ApprovingUser(world, "alice").log_in("dev")
    ApprovingUser(world, "bob").log_in("other")
    sso_plugin.enable()
    arns = [
        boto3.Session(profile_name=name).client("sts").get_caller_identity()["Arn"]
        for name in ("dev", "other")
    ]
    assert [arn.rsplit("/", 1)[1] for arn in arns] == ["alice", "bob"]


def test_a_legacy_profile_logs_in_under_its_start_url(world: World, user: ApprovingUser) -> None:
    """Programs that do not support sso-sessions look there."""
    world.configure(world.emulator.profile(legacy=True))
    user.log_in()
    assert world.token_file(world.emulator.start_url).exists()
    assert sha1(world.emulator.start_url) == world.token_file(world.emulator.start_url).stem


DESKTOP = Capabilities(None, has_terminal=True)
REMOTE = Capabilities("this is an SSH connection", has_terminal=True)
REMOTE_WITH_BROWSER = Capabilities(
    "this is an SSH connection", has_terminal=True, browser_is_set=True
)
OTHER_STDERR = Capabilities("this is a container", has_terminal=False, has_tty=True)
CI_JOB = Capabilities("this is a CI job", has_terminal=False)
WITHOUT_STDERR = Capabilities("this is a CI job", has_terminal=False, has_stderr=False)
WINDOW = Capabilities(None, has_terminal=False, has_stderr=False)


def sign_in_at(place: Capabilities, flow: FlowName) -> SignIn:
    login = ConfiguredLogin.find("dev")
    return SignIn(login.session, login, "a reason", flow, capabilities=place)


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    ("place", "flow", "chosen"),
    [
        (DESKTOP, "auto", "browser"),
        (DESKTOP, "device", "device"),
        (REMOTE, "auto", "device"),
        (REMOTE_WITH_BROWSER, "auto", "device"),
        (REMOTE, "browser", "browser"),
    ],
)
def test_auto_chooses_the_browser_only_where_it_can_call_back(
    place: Capabilities, flow: FlowName, chosen: str
) -> None:
    """A flow that was requested is used anywhere."""
    assert sign_in_at(place, flow).chosen_flow == chosen


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    ("place", "flow", "can_prompt"),
    [
        (DESKTOP, "auto", True),
        (REMOTE, "auto", True),
        (REMOTE_WITH_BROWSER, "auto", True),
        (OTHER_STDERR, "auto", True),
        (CI_JOB, "auto", False),
        (CI_JOB, "device", True),
        (CI_JOB, "browser", True),
        (WITHOUT_STDERR, "auto", False),
        (WITHOUT_STDERR, "device", False),
        (WITHOUT_STDERR, "browser", False),
        (WINDOW, "auto", True),
        (WINDOW, "device", False),
        (WINDOW, "browser", True),
    ],
)
def test_auto_needs_a_reader_and_other_flows_need_a_stderr(
    place: Capabilities, flow: FlowName, *, can_prompt: bool
) -> None:
    """A login that no person can see fails at once, instead of waiting for an approval."""
    assert sign_in_at(place, flow).can_prompt == can_prompt


class Recorder:
    """A display that records how a login ended."""

    def __init__(self, show: Callable[[LoginPrompt], object]) -> None:
        self.show = show
        self.ends: list[tuple[str, bool]] = []

    def say(self, text: str) -> None:
        self.ends.append((text, False))

    def report(self, text: str, *, is_logged_in: bool) -> None:
        self.ends.append((text, is_logged_in))


def run(display: Recorder) -> None:
    login = ConfiguredLogin.find("dev")
    SignIn(login.session, login, "a reason", "device", display, None, sleep=lambda _: None).run()


def test_a_login_is_reported_with_its_end(world: World) -> None:
    """The registration of the emulator is valid for 90 days."""
    display = Recorder(lambda prompt: world.emulator.approve(str(prompt.user_code), "alice"))
    run(display)
    ends_at = json.loads(world.token_file().read_text())["registrationExpiresAt"]
    until = clock_time(parse_timestamp(ends_at))
    assert display.ends == [
        (f"Logged in until {until} at the latest; the portal may end it earlier.", True)
    ]


def test_a_login_that_is_denied_is_reported_where_the_prompt_is(world: World) -> None:
    """The error is raised too."""
    display = Recorder(lambda prompt: world.emulator.deny(str(prompt.user_code)))
    with pytest.raises(sso_plugin.LoginFailed):
        run(display)
    assert display.ends == [("The login failed: it was denied in the browser.", False)]


def test_the_report_of_an_outage_is_short() -> None:
    """The error has the details."""
    error = sso_plugin.PortalError(subject="The profile", problem="was refused CreateToken")
    assert _reason(error) == "the portal cannot be reached, or returns an error"


@pytest.mark.parametrize("status", [400, 503])
def test_nothing_is_reported_without_a_prompt(world: World, status: int) -> None:
    """The user has seen nothing of the login yet."""
    world.emulator.faults.add("RegisterClient", status=status)
    display = Recorder(lambda _: pytest.fail("it was shown"))
    with pytest.raises(sso_plugin.SsoPluginError):
        run(display)
    assert display.ends == []


NOTEBOOK = Capabilities(None, has_terminal=False, has_notebook=True)


def run_in_notebook(display: Recorder, flow: FlowName) -> None:
    login = ConfiguredLogin.find("dev")
    sign_in = SignIn(
        login.session, login, "a reason", flow, display, lambda _: False, lambda _: None, NOTEBOOK
    )
    sign_in.run()


def test_auto_uses_a_code_if_no_browser_starts_at_the_kernel(world: World) -> None:
    """The person may be at another machine, where the page of this one does not work."""
    prompts: list[LoginPrompt] = []

    def show(prompt: LoginPrompt) -> None:
        prompts.append(prompt)
        if prompt.user_code:
            world.emulator.approve(prompt.user_code, "alice")

    display = Recorder(show)
    run_in_notebook(display, "auto")
    assert [prompt.user_code is None for prompt in prompts] == [True, False]
    assert not prompts[1].opens_browser
    assert display.ends[0][1]


def test_browser_is_an_error_if_none_starts_at_the_kernel(world: World) -> None:
    """It names the alternative, and the prompt is not left as it was."""
    display = Recorder(lambda _: None)
    with pytest.raises(sso_plugin.LoginRequired) as caught:
        run_in_notebook(display, "browser")
    assert "because none could be started. Set sso_login = device" in str(caught.value)
    assert display.ends == [("The login failed: no browser could be started.", False)]
    assert not world.token_file().exists()
