"""The login: a person approves, and every program finds the token."""

from __future__ import annotations

import json
import re
import stat
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from quicklogin import login
from world import sha1

import sso_plugin
from sso_plugin import ConfigError, LoginFailed, LoginPrompt, PortalError, Status
from sso_plugin.errors import PortalUnreachable
from sso_plugin.signin import flows

if TYPE_CHECKING:
    from world import World

    from sso_plugin.signin.sign_in import FlowName


FLOWS: list[str] = ["browser", "device"]


class Person:
    """Approves what is shown, in whatever flow; counts how often it was asked."""

    def __init__(self, world: World, user: str = "alice", flow: FlowName = "auto") -> None:
        self._world = world
        self._user = user
        self.flow = flow
        self.prompts: list[LoginPrompt] = []
        self.opened: list[str] = []

    def show(self, prompt: LoginPrompt) -> None:
        self.prompts.append(prompt)
        if prompt.user_code:
            self._world.emulator.approve(prompt.user_code, self._user)

    def open_browser(self, url: str) -> bool:
        self.opened.append(url)
        if "/authorize?" in url:
            fetch(self._world.emulator.authorize(url, self._user))
        return True

    def log_in(self, profile: str | None = "dev", **choices: Any) -> Status:
        return login(
            profile,
            **{
                "flow": self.flow,
                "show": self.show,
                "open_browser": self.open_browser,
                **choices,
            },
        )


@pytest.fixture(params=FLOWS)
def person(world: World, request: pytest.FixtureRequest) -> Person:
    """Log in by each of the flows."""
    return Person(world, flow=request.param)


def fetch(url: str) -> str:
    """Be the browser that follows a redirect to the loopback address."""
    with urllib.request.urlopen(url, timeout=10) as answer:
        body: bytes = answer.read()
    return body.decode()


def test_after_a_login_an_unchanged_script_works(world: World, person: Person) -> None:
    """The whole way: no token, login, role credentials, a signed call."""
    person.log_in()
    sso_plugin.enable()
    identity = boto3.Session(profile_name="dev").client("sts").get_caller_identity()
    assert identity["Arn"].endswith("/alice")


def test_the_token_file_is_the_one_of_the_aws_cli(world: World, person: Person) -> None:
    """Its name, its keys, its modes; the refresh token and the registration are in it."""
    person.log_in()
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


def test_the_registration_is_kept_and_used_again(world: World, person: Person) -> None:
    """In the file and the form of the AWS CLI, per start URL, region, scopes and session."""
    person.log_in()
    person.log_in(force=True)
    name = json.dumps(
        {
            "region": world.emulator.region,
            "scopes": ["sso:account:access"],
            "session_name": "corp",
            "startUrl": world.emulator.start_url,
            "tool": "botocore",
        }
    )
    kept = json.loads(world.token_file(name).read_text())
    grant_types = ["grantTypes"] if person.flow == "browser" else []
    assert sorted(kept) == ["clientId", "clientSecret", "expiresAt", *grant_types, "scopes"]
    assert kept.get("grantTypes", []) == (
        ["authorization_code", "refresh_token"] if grant_types else []
    )
    assert world.count("RegisterClient") == 1
    assert len(person.prompts) == 2


def test_a_registration_without_the_grant_of_the_flow_is_made_anew(world: World) -> None:
    """One for the device flow does not serve the browser flow, nor the other way round."""
    for flow in ("device", "browser", "device"):
        Person(world).log_in(flow=flow, force=True)
    assert world.count("RegisterClient") == 3


def test_a_registration_about_to_expire_is_made_anew(world: World, person: Person) -> None:
    """It must outlive the login."""
    world.emulator.settings.registration = 60
    person.log_in()
    person.log_in(force=True)
    assert world.count("RegisterClient") == 2


def test_other_scopes_need_another_registration(world: World, person: Person) -> None:
    """``sso_registration_scopes`` is honoured, in registration and request."""
    person.log_in()
    world.configure(
        world.emulator.profile().replace("sso:account:access", "sso:account:access,x:y")
    )
    person.log_in(force=True)
    assert world.count("RegisterClient") == 2


def test_a_usable_token_means_that_nobody_is_asked(world: World, person: Person) -> None:
    """Log in only if needed (aws/aws-cli#6948)."""
    world.sign_in()
    assert person.log_in().state == "usable"
    assert person.prompts == []


def test_a_token_that_can_be_renewed_means_that_nobody_is_asked(
    world: World, person: Person
) -> None:
    """The refresh token is tried before a person is."""
    world.sign_in(expiresAt="2020-01-01T00:00:00Z")
    assert person.log_in().state == "usable"
    assert person.prompts == []
    assert world.count("CreateToken") == 1


def test_force_logs_in_although_there_is_a_token(world: World, person: Person) -> None:
    """New entitlements need a new token."""
    before = world.sign_in().access_token
    person.log_in(force=True)
    assert json.loads(world.token_file().read_text())["accessToken"] != before
    assert [prompt.reason for prompt in person.prompts] == ["a new one was asked for"]


def test_two_people_on_one_start_url_are_two_sessions(world: World) -> None:
    """Each sso-session has a token of its own (boto/botocore#2374)."""
    world.configure(
        world.emulator.profile()
        + world.emulator.profile("other", session_name="second", role_name="ReadOnlyAccess")
    )
    world.emulator.assign("bob", "111111111111", "ReadOnlyAccess")
    Person(world, "alice").log_in("dev")
    Person(world, "bob").log_in("other")
    sso_plugin.enable()
    arns = [
        boto3.Session(profile_name=name).client("sts").get_caller_identity()["Arn"]
        for name in ("dev", "other")
    ]
    assert [arn.rsplit("/", 1)[1] for arn in arns] == ["alice", "bob"]


def test_an_sso_session_can_be_logged_in_without_a_profile(world: World, person: Person) -> None:
    """One login for all the profiles that name it."""
    status = person.log_in(None, sso_session="corp")
    assert status.subject == 'The sso-session "corp"'
    assert world.token_file().exists()


def test_a_start_url_can_be_logged_in_without_a_config(world: World, person: Person) -> None:
    """What `get_session` needs that was given a start URL."""
    world.configure("")
    url, region = world.emulator.start_url, world.emulator.region
    status = person.log_in(None, start_url=url, sso_region=region)
    assert status.state == "usable"
    assert status.login_command == f"sso-plugin login --start-url {url} --sso-region {region}"
    assert world.token_file(url).exists()


def test_the_only_sso_session_needs_no_name(world: World, person: Person) -> None:
    """Where there is nothing to choose, nothing has to be chosen."""
    assert person.log_in(None).subject == 'The sso-session "corp"'


def test_the_reason_is_shown_before_a_browser_opens(world: World) -> None:
    """Never a browser without a reason given."""
    person = Person(world, flow="browser")
    person.log_in()
    [prompt] = person.prompts
    assert prompt == LoginPrompt(
        'The profile "dev"',
        f"there is no token in {world.token_file()}",
        person.opened[0],
        None,
    )


def test_the_device_page_and_its_code_are_shown_also_when_a_browser_opens(world: World) -> None:
    """Both, always: the page need not show the code by itself."""
    person = Person(world, flow="device")
    person.log_in()
    [prompt] = person.prompts
    assert prompt.url.startswith(world.emulator.url + "/device")
    assert len(str(prompt.user_code)) == 9


def test_the_consent_page_is_asked_for_with_a_challenge_and_a_state(world: World) -> None:
    """PKCE with S256, to the loopback address, and nothing that is secret."""
    person = Person(world, flow="browser")
    person.log_in()
    url = urlsplit(person.opened[0])
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    assert url.path == "/authorize"
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/oauth/callback", query["redirect_uri"])
    assert query["code_challenge_method"] == "S256"
    assert query["scopes"] == "sso:account:access"
    assert len(query["code_challenge"]) == 43
    assert len(query["state"]) >= 32


def test_a_browser_login_that_is_denied_says_so(world: World) -> None:
    """And writes no token."""
    person = Person(world, flow="browser")

    def refuse(url: str) -> None:
        fetch(world.emulator.refuse(url))

    with pytest.raises(LoginFailed) as caught:
        person.log_in(open_browser=refuse)
    assert str(caught.value) == (
        'The profile "dev" was not logged in: it was denied in the browser. '
        "Run: sso-plugin login --profile dev"
    )
    assert not world.token_file().exists()


def test_a_browser_login_that_nobody_approves_ends(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wait is bounded, and leaves no port open."""
    monkeypatch.setattr(flows, "_PATIENCE", 0.1)
    person = Person(world, flow="browser")
    with pytest.raises(LoginFailed, match="nobody approved it in the browser in time"):
        person.log_in(open_browser=person.opened.append)
    redirect = parse_qs(urlsplit(person.opened[0]).query)["redirect_uri"][0]
    with pytest.raises(URLError, match="refused"):
        fetch(redirect)


def test_a_code_that_the_portal_does_not_take_is_no_login(world: World) -> None:
    """The state is right, the code is not: an attacker's, or a stale one."""
    person = Person(world, flow="browser")

    def tamper(url: str) -> None:
        location = world.emulator.authorize(url, "alice")
        fetch(re.sub(r"code=[^&]+", "code=another", location))

    with pytest.raises(LoginFailed, match="InvalidGrantException"):
        person.log_in(open_browser=tamper)
    assert not world.token_file().exists()


def test_by_default_the_person_is_told_on_stderr(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """Standard output is for data."""

    def sleep(_: float) -> None:
        captured = capsys.readouterr()
        assert captured.out == ""
        code = captured.err.split("approve the code ")[1][:9]
        assert captured.err == (
            f'The profile "dev" needs a login: there is no token in {world.token_file()}.\n'
            f"Open this page in any browser:\n\n  {world.emulator.url}/device?user_code={code}\n\n"
            f"and approve the code {code}\nWaiting for the approval ... (Ctrl-C stops)\n"
        )
        world.emulator.approve(code, "alice")

    login("dev", flow="device", open_browser=None, sleep=sleep)
    assert world.token_file().exists()


def test_the_portal_is_asked_at_its_own_pace(world: World) -> None:
    """Its interval, five seconds more after each slow_down (RFC 8628, 3.5)."""
    world.emulator.faults.add("CreateToken", status=400, code="SlowDownException", times=2)
    pauses: list[float] = []
    codes: list[str] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        world.emulator.clock.advance(seconds)
        if len(pauses) == 4:
            world.emulator.approve(codes[0], "alice")

    Person(world).log_in(
        flow="device", show=lambda prompt: codes.append(str(prompt.user_code)), sleep=sleep
    )
    assert pauses == [5, 10, 15, 15]


def test_a_login_that_is_denied_says_so(world: World) -> None:
    """And writes no token."""
    with pytest.raises(LoginFailed) as caught:
        Person(world).log_in(
            flow="device", show=lambda prompt: world.emulator.deny(str(prompt.user_code))
        )
    assert str(caught.value) == (
        'The profile "dev" was not logged in: it was denied in the browser. '
        "Run: sso-plugin login --profile dev"
    )
    assert not world.token_file().exists()


def test_a_login_that_nobody_approves_ends(world: World) -> None:
    """When the portal's time for it is up."""
    with pytest.raises(LoginFailed, match="nobody approved it in time"):
        Person(world).log_in(
            flow="device", show=id, sleep=lambda _: world.emulator.clock.advance(200)
        )


@dataclass
class Waiting:
    """A device login, and the person elsewhere, who approves in the pause of that number if any."""

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
        # botocore makes three attempts of its own where it knows the fault.
        {"kind": "reset", "times": 3},
        {"status": 503, "times": 3},
        {"status": 429, "times": 3},
        {"status": 501, "times": 1},
        {"kind": "page", "times": 1},
        {"kind": "page", "status": 511, "times": 1},
    ],
)
def test_a_device_login_survives_a_fault(world: World, fault: dict[str, Any]) -> None:
    """The person is on the way to the page; they need not begin anew for a moment's outage."""
    world.emulator.faults.add("CreateToken", **fault)
    waiting = Waiting(world, approves_in=3)
    assert waiting.log_in().state == "usable"
    assert waiting.pauses == [5, 10, 5]


def test_a_portal_in_trouble_is_asked_less_and_less(world: World) -> None:
    """Twice the pause each time (RFC 8628, 3.5), but the person does not wait for minutes."""
    world.emulator.faults.add("CreateToken", kind="page", times=4)
    waiting = Waiting(world, approves_in=1)
    waiting.log_in()
    assert waiting.pauses == [5, 10, 20, 30, 30]


def test_a_device_login_ends_by_our_own_count_of_time(world: World) -> None:
    """A portal may say forever that nobody has approved; the last question is at the end."""
    world.emulator.settings.device_code = 17
    world.emulator.faults.add("CreateToken", status=400, code="AuthorizationPendingException")
    waiting = Waiting(world)
    with pytest.raises(LoginFailed, match="nobody approved it in time"):
        waiting.log_in()
    assert waiting.pauses == [5, 5, 5, 2]


def test_a_device_login_without_a_network_ends_with_that_error(world: World) -> None:
    """Perhaps it was approved in time: nobody here can know, so that is not what is said."""
    world.emulator.settings.device_code = 60
    world.emulator.faults.add("CreateToken", kind="page")
    waiting = Waiting(world, approves_in=1)
    with pytest.raises(PortalUnreachable, match="cannot reach Identity Center"):
        waiting.log_in()
    assert waiting.pauses == [5, 10, 20, 25]


def test_a_device_login_at_a_portal_that_fails_to_the_end_says_so(world: World) -> None:
    """With what the portal said last."""
    world.emulator.settings.device_code = 60
    world.emulator.faults.add("CreateToken", status=501, code="Broken", message="Out of order")
    waiting = Waiting(world)
    with pytest.raises(LoginFailed, match="was not logged in: Broken, "):
        waiting.log_in()
    assert waiting.pauses == [5, 10, 20, 25]


def test_a_device_login_that_a_proxy_forbids_ends_at_once(world: World) -> None:
    """What will not be better later is not asked for again."""
    world.emulator.faults.add("CreateToken", status=403, message="Not from here")
    waiting = Waiting(world)
    with pytest.raises(LoginFailed, match="ForbiddenException, "):
        waiting.log_in()
    assert waiting.pauses == [5]


def test_a_start_url_that_the_portal_does_not_know_is_named(world: World) -> None:
    """With the two keys to check (device flow; the browser flow shows it on the page)."""
    world.configure(world.emulator.profile().replace("example.awsapps", "typo.awsapps"))
    with pytest.raises(LoginFailed, match=r"Check sso_start_url .*typo.* and sso_region"):
        Person(world, flow="device").log_in()


def test_a_profile_without_sso_cannot_log_in(world: World) -> None:
    """The message says what to add, and to which file."""
    world.configure("[profile plain]\nregion = us-east-1\n")
    with pytest.raises(ConfigError) as caught:
        sso_plugin.login("plain")
    assert str(caught.value) == (
        f'The profile "plain" has no SSO configuration in {world.config_file}: add sso_session to '
        "it, and a section [sso-session NAME] with sso_start_url and sso_region."
    )


def test_a_choice_of_sso_sessions_is_shown(world: World) -> None:
    """Nobody has to open the file to see what there is."""
    second = world.emulator.profile("other", session_name="second")
    world.configure(world.emulator.profile() + second)
    with pytest.raises(ConfigError, match=r"Or choose one of its sso-sessions: corp, second\."):
        sso_plugin.login()


def test_an_sso_session_that_does_not_exist_is_an_error(world: World) -> None:
    """With the section to add."""
    with pytest.raises(ConfigError, match=r"Add a section \[sso-session gone\]"):
        sso_plugin.login(sso_session="gone")


def test_a_profile_and_a_session_are_one_too_many(world: World) -> None:
    """They may contradict each other."""
    with pytest.raises(ConfigError, match="Name one login: give a profile, or an sso-session"):
        sso_plugin.login("dev", sso_session="corp")


def test_a_portal_that_is_not_there_is_an_error(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence, with the address."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSO_OIDC", "http://127.0.0.1:9")
    with pytest.raises(PortalError, match="cannot reach Identity Center"):
        sso_plugin.login("dev")


def test_a_damaged_registration_is_replaced(world: World, person: Person) -> None:
    """It is no reason to fail."""
    person.log_in()
    for file in world.token_file().parent.glob("*.json"):
        file.write_text('{"clientId": 7}')
    person.log_in()
    assert json.loads(world.token_file().read_text())["accessToken"]


def test_a_legacy_profile_logs_in_under_its_start_url(world: World, person: Person) -> None:
    """Where programs that know no sso-session look."""
    world.configure(world.emulator.profile(legacy=True))
    person.log_in()
    assert world.token_file(world.emulator.start_url).exists()
    assert sha1(world.emulator.start_url) == world.token_file(world.emulator.start_url).stem
