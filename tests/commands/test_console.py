"""The console: signed in to with the credentials of a role, which nobody else gets to see."""

from __future__ import annotations

import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from sso_plugin.cli import main
from sso_plugin.commands.console.federation import console_url
from sso_plugin.errors import ConfigError, PortalUnreachable, SsoPluginError
from sso_plugin.web.capabilities import Capabilities

if TYPE_CHECKING:
    from world import World


@pytest.fixture(autouse=True)
def _emulated(world: World) -> None:
    """Have somebody signed in; the console's sign-in is at the emulator too."""
    world.sign_in()


def open_page(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        body: bytes = answer.read()
    return body.decode()


def query(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def surrounded(monkeypatch: pytest.MonkeyPatch, no_browser: str | None) -> None:
    monkeypatch.setattr(
        "sso_plugin.cli.console.Capabilities.detect",
        lambda: Capabilities(no_browser=no_browser, has_terminal=False),
    )


def test_the_address_signs_a_browser_in(world: World) -> None:
    """As the role of the profile, on the home page of its region."""
    url = console_url("dev")
    page = open_page(url)
    assert "AdministratorAccess" in page
    assert "111111111111" in page
    found = query(url)
    assert found["Destination"] == (
        f"https://console.aws.amazon.com/console/home?region={world.emulator.region}"
    )
    assert found["Issuer"] == world.emulator.start_url
    assert sorted(found) == ["Action", "Destination", "Issuer", "SigninToken"]


def test_a_role_chain_signs_in_too(world: World) -> None:
    """When it has ended, the console leads to the portal of its source."""
    world.configure(
        world.emulator.profile()
        + "[profile chain]\nrole_arn = arn:aws:iam::111111111111:role/Deploy\n"
        "source_profile = dev\n"
    )
    url = console_url("chain")
    assert "Deploy" in open_page(url)
    assert query(url)["Issuer"] == world.emulator.start_url


def test_the_credentials_travel_in_a_body(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Not in an address, which proxies and servers write down; nor are they in a log of ours."""
    with caplog.at_level("DEBUG", logger="sso_plugin"):
        console_url("dev")
    [request] = [each for each in world.emulator.requests.entries() if "Signin" in each.operation]
    assert "Session" not in str(request.query if hasattr(request, "query") else "")
    secrets = Path(world.role_files()[0]).read_text().split('"')
    assert not any(len(word) > 30 and word in caplog.text for word in secrets)


@pytest.mark.parametrize(
    ("destination", "expected"),
    [
        ("s3", "https://console.aws.amazon.com/s3/home?region=eu-central-1"),
        ("ec2/v2/home", "https://console.aws.amazon.com/ec2/v2/home?region=eu-central-1"),
        ("https://eu-west-1.console.aws.amazon.com/x#y", None),
    ],
)
def test_a_destination_is_a_service_or_an_address(destination: str, expected: str | None) -> None:
    """In the region of the profile."""
    assert query(console_url("dev", destination))["Destination"] == expected or destination


@pytest.mark.parametrize("destination", ["http://x", "S 3", "javascript:alert(1)", "https:///x"])
def test_another_destination_is_refused(destination: str) -> None:
    """One sentence, and no request."""
    with pytest.raises(ConfigError, match="is no page of the console: give an https address"):
        console_url("dev", destination)


@pytest.mark.parametrize(
    ("region", "signin", "console"),
    [
        ("eu-west-1", "signin.aws.amazon.com", "console.aws.amazon.com"),
        ("cn-north-1", "signin.amazonaws.cn", "console.amazonaws.cn"),
        ("us-gov-west-1", "signin.amazonaws-us-gov.com", "console.amazonaws-us-gov.com"),
    ],
)
def test_each_partition_has_a_console_of_its_own(
    world: World, monkeypatch: pytest.MonkeyPatch, region: str, signin: str, console: str
) -> None:
    """The region of Identity Center decides which."""
    world.configure(world.emulator.profile().replace(world.emulator.region, region))
    world.sign_in(region=region)
    asked: list[str] = []

    def send(_session: object, _method: str, url: str, _form: object) -> Any:
        asked.append(url)
        raise SsoPluginError(error_msg="stop")

    monkeypatch.setattr("sso_plugin.commands.console.federation.send", send)
    with pytest.raises(SsoPluginError, match="stop"):
        console_url("dev", environ={})
    assert asked == [f"https://{signin}/federation"]
    monkeypatch.undo()


@pytest.mark.parametrize("region", ["us-iso-east-1", "xx-new-1"])
def test_a_partition_without_a_known_console_is_an_error(world: World, region: str) -> None:
    """Rather than credentials sent to the wrong place."""
    world.configure(world.emulator.profile().replace(world.emulator.region, region))
    world.sign_in(region=region)
    with pytest.raises(ConfigError, match=f"The console of the region {region} is not known"):
        console_url("dev")


def test_credentials_go_over_https_only() -> None:
    """Unless it is to this machine."""
    with pytest.raises(ConfigError, match="to which no credentials can be sent"):
        console_url("dev", environ={"SSO_PLUGIN_SIGNIN_URL": "http://example.com"})


def test_a_refusal_names_the_profile_and_the_mend(world: World) -> None:
    """Nothing of what was sent is in it."""
    world.emulator.faults.add("GetSigninToken", status=400, times=1)
    with pytest.raises(SsoPluginError) as caught:
        console_url("dev")
    assert str(caught.value) == (
        f"The sign-in to the console at {world.emulator.url}/federation refused the credentials "
        'of the profile "dev" (status 400). Check the role with: sso-plugin whoami'
    )
    world.emulator.faults.add("GetSigninToken", status=400, times=1)
    with pytest.raises(SsoPluginError, match="try it with a shorter --duration, or none"):
        console_url("dev", duration=900)


def test_a_sign_in_that_is_not_there_is_an_error() -> None:
    """With what is wrong."""
    environ = {"SSO_PLUGIN_SIGNIN_URL": "http://127.0.0.1:9"}
    with pytest.raises(PortalUnreachable, match="The sign-in to the console cannot be reached"):
        console_url("dev", environ=environ)


def test_long_lived_keys_cannot_sign_in(world: World) -> None:
    """The sentence says what can."""
    world.configure("[profile keys]\naws_access_key_id = AKIA\naws_secret_access_key = x\n")
    with pytest.raises(ConfigError, match='The profile "keys" has long-lived keys'):
        console_url("keys")


def test_the_command_prints_the_address_when_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On standard output and alone there, for another program."""
    surrounded(monkeypatch, None)
    assert main(["console", "-p", "dev", "--print", "--destination", "s3", "--duration", "8h"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert "AdministratorAccess" in open_page(captured.out.strip())


def test_the_command_prints_the_address_where_no_browser_can_be_opened(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the reason, and a warning."""
    surrounded(monkeypatch, "this is an SSH connection")
    assert main(["console", "-p", "dev"]) == 0
    captured = capsys.readouterr()
    assert captured.err == (
        "This is the address, since this is an SSH connection; keep it to yourself:\n"
    )
    assert "AdministratorAccess" in open_page(captured.out.strip())


def test_the_command_opens_a_browser(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And prints nothing that could sign in somebody else."""
    surrounded(monkeypatch, None)
    pages: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda url: pages.append(open_page(url)))
    assert main(["console", "-p", "dev"]) == 0
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "Opening the console in the browser ...\n")
    assert "AdministratorAccess" in pages[0]


def test_the_command_prints_the_address_if_the_browser_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The person can still go there."""
    surrounded(monkeypatch, None)
    monkeypatch.setattr("webbrowser.open", lambda _: False)
    assert main(["console", "-p", "dev"]) == 0
    captured = capsys.readouterr()
    assert "since no browser came for it; keep it to yourself" in captured.err
    assert "SigninToken=" in captured.out


@pytest.mark.parametrize("duration", ["14m", "13h", "x", "900x", "-1", "1e3"])
def test_a_duration_out_of_range_is_refused(
    duration: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the range."""
    assert main(["console", "-p", "dev", f"--duration={duration}"]) == 2
    assert f'"{duration}" is not from 15m to 12h.' in capsys.readouterr().err
