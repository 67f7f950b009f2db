"""A login by its start URL alone: looked at, listed and ended like one that the config names."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from quicklogin import login

import sso_plugin
from sso_plugin import ConfigError, PortalError
from sso_plugin.cli import main
from sso_plugin.commands.doctor import diagnose

if TYPE_CHECKING:
    from world import World


@pytest.fixture
def url(world: World) -> str:
    """Log in by a start URL that no profile and no sso-session names, and return it."""
    world.configure("")
    log_in(world)
    return world.emulator.start_url


def log_in(world: World, sso_region: str | None = "eu-central-1") -> None:
    login(
        start_url=world.emulator.start_url,
        sso_region=sso_region,
        flow="device",
        force=True,
        show=lambda prompt: world.emulator.approve(str(prompt.user_code), "alice"),
        open_browser=None,
    )


def is_valid(world: World, token: str) -> bool:
    """Return whether the portal still accepts a token."""
    return world.emulator.state.tokens.find(token) is not None


def token_of(world: World, name: str) -> str:
    return str(json.loads(world.token_file(name).read_text())["accessToken"])


def test_status_takes_a_start_url(url: str) -> None:
    """Without the region too, which its token file names."""
    status = sso_plugin.status(start_url=url)
    assert (status.state, status.region) == ("usable", "eu-central-1")
    assert status == sso_plugin.status(start_url=url, sso_region="eu-central-1")


def test_accounts_and_roles_take_a_start_url(url: str) -> None:
    """What a person has there can be listed without a config file."""
    names = [account.name for account in sso_plugin.accounts(start_url=url)]
    roles = list(sso_plugin.roles(start_url=url, sso_region="eu-central-1"))
    assert names == ["production", "staging", "sandbox"]
    assert {role.account_name for role in roles} == set(names)


def test_logout_takes_a_start_url(world: World, url: str) -> None:
    """The portal ends it, and no file of it stays."""
    token = token_of(world, url)
    assert sso_plugin.logout(start_url=url) == {url: True}
    assert not is_valid(world, token)
    assert list((world.home / ".aws/sso/cache").glob("*.json")) == []
    assert sso_plugin.status(start_url=url, sso_region="eu-central-1").state == "login needed"


def test_a_second_login_needs_no_region(world: World, url: str) -> None:
    """It is the one of the first."""
    first = token_of(world, url)
    log_in(world, sso_region=None)
    assert token_of(world, url) != first


@pytest.mark.parametrize("content", [None, "{", '{"startUrl": "https://other.awsapps.com/start"}'])
def test_a_region_that_is_not_known_has_to_be_given(world: World, content: str | None) -> None:
    """No token file of this start URL says it. The error says where it would be."""
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


def test_a_region_in_a_token_file_is_not_trusted(world: World) -> None:
    """It becomes part of the name of the host that gets the token."""
    url = world.emulator.start_url
    world.sign_in(name=url, region="eu-central-1.evil.example.com/")
    with pytest.raises(ConfigError, match="is not known"):
        sso_plugin.status(start_url=url)


@pytest.mark.parametrize("command", ["status", "accounts", "roles", "logout"])
def test_every_command_about_a_login_takes_a_start_url(
    world: World, url: str, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """By the same options as login."""
    assert main([command, "--start-url", url, "--sso-region", "eu-central-1"]) == 0
    assert "sso-plugin:" not in capsys.readouterr().err
    assert (command == "logout") is not world.token_file(url).exists()


@pytest.mark.parametrize("command", ["status", "accounts", "roles", "logout", "login"])
def test_a_region_alone_names_no_login(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It would be ignored otherwise, and the login of a profile be ended."""
    assert main([command, "--sso-region", "eu-central-1"]) == (3 if command == "status" else 1)
    assert "Name one login" in capsys.readouterr().err


@pytest.mark.usefixtures("url")
def test_all_and_a_start_url_contradict_each_other() -> None:
    """As with the other ways to name a login."""
    assert main(["logout", "--all", "--start-url", "https://example.awsapps.com/start"]) == 2


def test_a_current_profile_that_does_not_exist_does_not_matter(
    world: World, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No profile is needed for a login by its start URL."""
    token = token_of(world, url)
    monkeypatch.setenv("AWS_PROFILE", "gone")
    assert len(list(sso_plugin.accounts(start_url=url))) == 3
    assert sso_plugin.logout(all_sessions=True) == {url: True}
    assert not is_valid(world, token)


def test_doctor_takes_a_start_url(
    world: World, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its files and its portal are looked at, and there is no role to ask for."""
    sso_plugin.enable()
    main(["doctor", "--start-url", url, "--json"])
    found = json.loads(capsys.readouterr().out)["findings"]
    by_check = {each["check"]: each for each in found if each["check"] != "hook"}
    assert {each["status"] for each in by_check.values()} == {"ok"}
    assert list(by_check) == ["versions", "config", "files", "network", "clock"]
    assert by_check["config"]["message"] == f"The start URL {url} is complete."
    assert str(world.token_file(url)) in by_check["files"]["message"]


def test_doctor_takes_an_sso_session(world: World) -> None:
    """With its values, and not those of a profile."""
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
def test_doctor_reports_a_login_that_is_not_there(named: dict[str, str], words: str) -> None:
    """It is what a script would meet."""
    [found] = [each for each in diagnose(**named) if each.check in ("config", "files", "network")]
    assert (found.check, found.status) == ("config", "problem")
    assert words in found.message


def test_an_error_about_a_start_url_names_the_doctor_of_that_login(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it, the doctor would look at the current profile."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", "http://127.0.0.1:9")
    with pytest.raises(PortalError) as caught:
        list(sso_plugin.accounts(start_url=url))
    command = f"Run: sso-plugin doctor --start-url {url} --sso-region eu-central-1"
    assert str(caught.value).endswith(command)


def test_a_role_chain_names_the_profile_that_has_the_login(world: World) -> None:
    """SSO keys of its own would not help: its source profile is what logs in."""
    chain = "[profile chain]\nrole_arn = arn:aws:iam::111111111111:role/R\nsource_profile = dev\n"
    world.configure(f"{world.config_file.read_text()}\n{chain}")
    with pytest.raises(ConfigError, match=r"Name its source profile: --profile dev$"):
        sso_plugin.status("chain")


def test_what_an_sso_session_lacks_is_asked_for_once(world: World) -> None:
    """Its section is named; there is no other place for the key."""
    world.configure("[sso-session half]\nsso_start_url = https://example.awsapps.com/start\n")
    with pytest.raises(ConfigError, match=r'Add it to the sso-session "half" in \S+config\.$'):
        sso_plugin.status(sso_session="half")
