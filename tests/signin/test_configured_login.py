"""How a login is found: by a profile, an sso-session, or a start URL alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from login_state import is_revoked, log_in_at_start_url, log_in_by_code, token_in

import sso_plugin
from sso_plugin import ConfigError, PortalError
from sso_plugin.cli import main
from sso_plugin.commands.doctor import diagnose

if TYPE_CHECKING:
    from collections.abc import Callable

    from approving_user import ApprovingUser
    from world import World


def test_the_only_sso_session_is_used_without_a_name(world: World, user: ApprovingUser) -> None:
    """There is nothing to choose."""
    assert user.log_in(None).subject == 'The sso-session "corp"'


def test_a_profile_without_sso_is_an_error(world: World) -> None:
    """The message says what to add to which file."""
    world.configure("[profile plain]\nregion = us-east-1\n")
    with pytest.raises(ConfigError) as caught:
        sso_plugin.login("plain")
    assert str(caught.value) == (
        f'The profile "plain" has no SSO configuration in {world.config_file}. Add sso_session to '
        "it, and a section [sso-session NAME] with sso_start_url and sso_region."
    )


def test_the_error_lists_the_sso_sessions(world: World) -> None:
    """The user can choose one without opening the file."""
    second = world.emulator.profile("other", session_name="second")
    world.configure(world.emulator.profile() + second)
    with pytest.raises(ConfigError, match=r"has 2 sso-sessions\. Add .* one of: corp, second\."):
        sso_plugin.login()
    world.configure(world.emulator.profile() + second + "[profile plain]\nregion = us-east-1\n")
    with pytest.raises(ConfigError, match=r"Or use one of its sso-sessions: corp, second\."):
        sso_plugin.login("plain")


def test_an_sso_session_that_does_not_exist_is_an_error(world: World) -> None:
    """The message has the section to add."""
    with pytest.raises(ConfigError, match=r"Add a section \[sso-session gone\]"):
        sso_plugin.login(sso_session="gone")


def test_a_profile_and_an_sso_session_cannot_be_combined(world: World) -> None:
    """They may contradict each other."""
    with pytest.raises(ConfigError, match=r"Exactly one login is required\. Use a profile"):
        sso_plugin.login("dev", sso_session="corp")


@pytest.fixture
def url(world: World) -> str:
    """Log in by a start URL that is not in the config, and return it."""
    world.configure("")
    log_in_at_start_url(world)
    return world.emulator.start_url


def test_status_takes_a_start_url(url: str) -> None:
    """Even without the region, which is in its token file."""
    status = sso_plugin.status(start_url=url)
    assert (status.state, status.region) == ("usable", "eu-central-1")
    assert status == sso_plugin.status(start_url=url, sso_region="eu-central-1")


@pytest.mark.long
def test_accounts_and_roles_take_a_start_url(url: str) -> None:
    """No config file is needed."""
    names = [account.name for account in sso_plugin.accounts(start_url=url)]
    roles = list(sso_plugin.roles(start_url=url, sso_region="eu-central-1"))
    assert names == ["production", "staging", "sandbox"]
    assert {role.account_name for role in roles} == set(names)


@pytest.mark.long
def test_logout_takes_a_start_url(world: World, url: str) -> None:
    """The token is revoked, and all files are deleted."""
    token = token_in(world, url)
    assert sso_plugin.logout(start_url=url) == {url: True}
    assert is_revoked(world, token)
    assert list((world.home / ".aws/sso/cache").glob("*.json")) == []
    assert sso_plugin.status(start_url=url, sso_region="eu-central-1").state == "login needed"


@pytest.mark.long
def test_a_second_login_needs_no_region(world: World, url: str) -> None:
    """The region of the first login is used."""
    first = token_in(world, url)
    log_in_by_code(world, None, start_url=url, force=True)
    assert token_in(world, url) != first


@pytest.mark.parametrize("content", [None, "{", '{"startUrl": "https://other.awsapps.com/start"}'])
def test_an_unknown_region_is_an_error(world: World, content: str | None) -> None:
    """No token file of this start URL has it. The message has the path of that file."""
    url, file = world.emulator.start_url, world.token_file(world.emulator.start_url)
    file.parent.mkdir(parents=True)
    if content is not None:
        file.write_text(content)
    with pytest.raises(ConfigError) as caught:
        sso_plugin.status(start_url=url)
    assert str(caught.value) == (
        f"The region of {url} is not known: there is no token of this URL in {file}. Add "
        "--sso-region REGION (in Python: sso_region)."
    )


def test_an_invalid_region_in_a_token_file_is_ignored(world: World) -> None:
    """It would be part of the name of the host that gets the token."""
    url = world.emulator.start_url
    world.sign_in(name=url, region="eu-central-1.evil.example.com/")
    with pytest.raises(ConfigError, match="is not known"):
        sso_plugin.status(start_url=url)


@pytest.mark.one_quick_case
@pytest.mark.parametrize("command", ["status", "accounts", "roles", "logout"])
def test_every_command_about_a_login_takes_a_start_url(
    world: World, url: str, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """With the same options as login."""
    assert main([command, "--start-url", url, "--sso-region", "eu-central-1"]) == 0
    assert "sso-plugin:" not in capsys.readouterr().err
    assert (command == "logout") is not world.token_file(url).exists()


@pytest.mark.parametrize("command", ["status", "accounts", "roles", "logout", "login"])
def test_a_region_without_a_start_url_is_an_error(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Otherwise logout would ignore it, and end the login of the current profile."""
    assert main([command, "--sso-region", "eu-central-1"]) == (3 if command == "status" else 1)
    assert "Exactly one login is required" in capsys.readouterr().err


@pytest.mark.usefixtures("url")
def test_all_and_a_start_url_cannot_be_combined() -> None:
    """As with the other options that name a login."""
    assert main(["logout", "--all", "--start-url", "https://example.awsapps.com/start"]) == 2


@pytest.mark.long
def test_a_login_by_start_url_works_with_a_missing_current_profile(
    world: World, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``AWS_PROFILE`` is ignored."""
    token = token_in(world, url)
    monkeypatch.setenv("AWS_PROFILE", "gone")
    assert len(list(sso_plugin.accounts(start_url=url))) == 3
    assert sso_plugin.logout(all_sessions=True) == {url: True}
    assert is_revoked(world, token)


@pytest.mark.long
def test_doctor_takes_a_start_url(
    world: World, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It checks files and portal. There is no role to check."""
    sso_plugin.enable()
    main(["doctor", "--start-url", url, "--json"])
    found = json.loads(capsys.readouterr().out)["findings"]
    by_check = {each["check"]: each for each in found if each["check"] != "hook"}
    assert {each["status"] for each in by_check.values()} == {"ok"}
    assert list(by_check) == ["versions", "config", "files", "network", "clock"]
    assert by_check["config"]["message"] == f"The start URL {url} is complete."
    assert str(world.token_file(url)) in by_check["files"]["message"]


def test_doctor_takes_an_sso_session(world: World) -> None:
    """It checks the values of the sso-session, not those of a profile."""
    text = world.emulator.profile().replace("111111111111", "1").replace("eu-central-1", "'x'", 1)
    world.configure(text)
    found = [each for each in diagnose(sso_session="corp") if each.check == "config"]
    assert [(each.status, each.message.partition(" of ")[0]) for each in found] == [
        ("problem", "sso_region in [sso-session corp]")
    ]


@pytest.mark.parametrize(
    ("named", "words"),
    [
        (
            {"sso_session": "gone"},
            'The specified sso-session does not exist: "gone". Add a section',
        ),
        ({"start_url": "https://x.awsapps.com/start"}, "The region of https://x.awsapps.com/start"),
    ],
)
@pytest.mark.usefixtures("world")
def test_doctor_reports_a_missing_login(named: dict[str, str], words: str) -> None:
    """A script would get the same error."""
    [found] = [each for each in diagnose(**named) if each.check in ("config", "files", "network")]
    assert (found.check, found.status) == ("config", "problem")
    assert words in found.message


def test_an_error_about_a_start_url_has_the_doctor_command_for_it(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the option, doctor would check the current profile."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", "http://127.0.0.1:9")
    with pytest.raises(PortalError) as caught:
        list(sso_plugin.accounts(start_url=url))
    command = f"Run: sso-plugin doctor --start-url {url} --sso-region eu-central-1"
    assert str(caught.value).endswith(command)


def test_the_error_for_a_role_chain_names_its_source_profile(world: World) -> None:
    """Only the source profile has a login."""
    chain = "[profile chain]\nrole_arn = arn:aws:iam::111111111111:role/R\nsource_profile = dev\n"
    world.configure(f"{world.config_file.read_text()}\n{chain}")
    with pytest.raises(ConfigError, match=r"Use its source profile: --profile dev$"):
        sso_plugin.status("chain")


def test_the_error_for_an_incomplete_sso_session_names_the_key_once(world: World) -> None:
    """The key belongs in its section only."""
    world.configure("[sso-session half]\nsso_start_url = https://example.awsapps.com/start\n")
    with pytest.raises(ConfigError, match=r'Add it to the sso-session "half" in \S+config\.$'):
        sso_plugin.status(sso_session="half")


def get_session(start_url: str, sso_region: str) -> object:
    return sso_plugin.get_session(
        account="1" * 12, role="x", start_url=start_url, sso_region=sso_region
    )


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("url", ["https://\ud800", "https://[x/", "-x"])
@pytest.mark.parametrize("use", [sso_plugin.login, get_session])
def test_a_start_url_and_a_region_of_a_caller_are_checked(
    url: str, use: Callable[..., object]
) -> None:
    """Before any request or any file."""
    with pytest.raises(ConfigError, match="is not a valid address"):
        use(start_url=url, sso_region="eu-central-1")
    with pytest.raises(ConfigError, match="is not a valid region"):
        use(start_url="https://example.awsapps.com/start", sso_region="\udcff")
