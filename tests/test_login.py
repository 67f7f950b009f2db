"""The login: a person approves, and every program finds the token."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING

import boto3
import pytest
from world import sha1

import sso_plugin
from sso_plugin import ConfigError, LoginFailed, PortalError

if TYPE_CHECKING:
    from collections.abc import Callable

    from world import World


@pytest.fixture
def approve(world: World) -> Callable[[str, str], None]:
    """Be the person who approves in the browser."""
    return lambda _, user_code: world.emulator.approve(user_code, "alice")


def no_time(_: float) -> None:
    """Let no time pass."""


def test_after_a_login_an_unchanged_script_works(
    world: World, approve: Callable[[str, str], None]
) -> None:
    """The whole way: no token, login, role credentials, a signed call."""
    sso_plugin.login("dev", show=approve, sleep=no_time)
    sso_plugin.enable()
    identity = boto3.Session(profile_name="dev").client("sts").get_caller_identity()
    assert identity["Arn"].endswith("/alice")


def test_the_token_file_is_the_one_of_the_aws_cli(
    world: World, approve: Callable[[str, str], None]
) -> None:
    """Its name, its keys, its modes; the refresh token and the registration are in it."""
    sso_plugin.login("dev", show=approve, sleep=no_time)
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


def test_the_registration_is_kept_and_used_again(
    world: World, approve: Callable[[str, str], None]
) -> None:
    """In the file and the form of the AWS CLI, per start URL, region, scopes and session."""
    sso_plugin.login("dev", show=approve, sleep=no_time)
    sso_plugin.login("dev", show=approve, sleep=no_time)
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
    assert sorted(kept) == ["clientId", "clientSecret", "expiresAt", "scopes"]
    assert world.count("RegisterClient") == 1


def test_a_registration_about_to_expire_is_made_anew(
    world: World, approve: Callable[[str, str], None]
) -> None:
    """It must outlive the login."""
    world.emulator.settings.registration = 60
    sso_plugin.login("dev", show=approve, sleep=no_time)
    sso_plugin.login("dev", show=approve, sleep=no_time)
    assert world.count("RegisterClient") == 2


def test_the_person_is_shown_the_page_and_the_code(world: World) -> None:
    """Both, always: the page need not show the code by itself."""
    shown: list[str] = []

    def show(url: str, user_code: str) -> None:
        shown.extend([url, user_code])
        world.emulator.approve(user_code, "alice")

    sso_plugin.login("dev", show=show, sleep=no_time)
    url, user_code = shown
    assert url.startswith(world.emulator.url + "/device")
    assert len(user_code) == 9


def test_by_default_the_person_is_told_on_stderr(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """Standard output is for data."""
    codes: list[str] = []

    def sleep(_: float) -> None:
        [code] = [line.split("code ")[1][:9] for line in told().splitlines() if "code " in line]
        codes.append(code)
        world.emulator.approve(code, "alice")

    def told() -> str:
        captured = capsys.readouterr()
        assert captured.out == ""
        return captured.err

    sso_plugin.login("dev", sleep=sleep)
    assert len(codes) == 1


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

    sso_plugin.login("dev", show=lambda _, code: codes.append(code), sleep=sleep)
    assert pauses == [5, 10, 15, 15]


def test_a_login_that_is_denied_says_so(world: World) -> None:
    """And writes no token."""
    with pytest.raises(LoginFailed) as caught:
        sso_plugin.login("dev", show=lambda _, code: world.emulator.deny(code), sleep=no_time)
    assert str(caught.value) == (
        'The login of the profile "dev" failed: it was denied in the browser'
    )
    assert not world.token_file().exists()


def test_a_login_that_nobody_approves_ends(world: World) -> None:
    """When the portal's time for it is up."""
    with pytest.raises(LoginFailed, match="nobody approved it in time"):
        sso_plugin.login(
            "dev", show=lambda *_: None, sleep=lambda _: world.emulator.clock.advance(200) and None
        )


def test_a_start_url_that_the_portal_does_not_know_is_named(world: World) -> None:
    """With the two keys to check."""
    world.configure(world.emulator.profile().replace("example.awsapps", "typo.awsapps"))
    with pytest.raises(LoginFailed, match=r"Check sso_start_url .*typo.* and sso_region"):
        sso_plugin.login("dev", show=lambda *_: None, sleep=no_time)


def test_a_profile_without_sso_cannot_log_in(world: World) -> None:
    """The message says what to add, and to which file."""
    world.configure("[profile plain]\nregion = us-east-1\n")
    with pytest.raises(ConfigError) as caught:
        sso_plugin.login("plain")
    assert str(caught.value) == (
        f'The profile "plain" has no SSO configuration in {world.config_file}: add sso_session to '
        "it, and a section [sso-session NAME] with sso_start_url and sso_region."
    )


def test_a_portal_that_is_not_there_is_an_error(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence, with the address."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSO_OIDC", "http://127.0.0.1:9")
    with pytest.raises(PortalError, match="cannot be reached"):
        sso_plugin.login("dev")


def test_a_damaged_registration_is_replaced(
    world: World, approve: Callable[[str, str], None]
) -> None:
    """It is no reason to fail."""
    sso_plugin.login("dev", show=approve, sleep=no_time)
    for file in world.token_file().parent.glob("*.json"):
        file.write_text('{"clientId": 7}')
    sso_plugin.login("dev", show=approve, sleep=no_time)
    assert json.loads(world.token_file().read_text())["accessToken"]


def test_a_legacy_profile_logs_in_under_its_start_url(
    world: World, approve: Callable[[str, str], None]
) -> None:
    """Where programs that know no sso-session look."""
    world.configure(world.emulator.profile(legacy=True))
    sso_plugin.login("dev", show=approve, sleep=no_time)
    assert world.token_file(world.emulator.start_url).exists()
    assert sha1(world.emulator.start_url) == world.token_file(world.emulator.start_url).stem
