"""A link that signs in to the AWS console with the credentials of a role."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pages import open_page

from sso_plugin.commands.console.federation import console_url
from sso_plugin.commands.credentials_choice import CredentialsChoice
from sso_plugin.errors import ConfigError, PortalUnreachable, SsoPluginError

if TYPE_CHECKING:
    from typing import Any

    from world import World


@pytest.fixture(autouse=True)
def _signed_in(world: World) -> None:
    """Sign a user in; the emulator also has the sign-in of the console."""
    world.sign_in()


def sign_in_of(monkeypatch: pytest.MonkeyPatch, profile: str, environ: dict[str, str]) -> str:
    """Return the URL to which credentials would be sent. The emulator has only one."""
    urls: list[str] = []

    def send(_session: object, _method: str, url: str, _form: object) -> Any:
        urls.append(url)
        raise SsoPluginError(error_msg="stop")

    monkeypatch.setattr("sso_plugin.commands.console.federation.send", send)
    with pytest.raises(SsoPluginError, match="stop"):
        console_url(CredentialsChoice(profile), environ=environ)
    [url] = urls
    return url


def query(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def test_the_link_signs_a_browser_in(world: World) -> None:
    """With the role of the profile, on the home page of its region."""
    url = console_url(CredentialsChoice("dev"))
    page = open_page(url)
    assert "AdministratorAccess" in page
    assert "111111111111" in page
    found = query(url)
    assert found["Destination"] == (
        f"https://console.aws.amazon.com/console/home?region={world.emulator.region}"
    )
    assert found["Issuer"] == world.emulator.start_url
    assert sorted(found) == ["Action", "Destination", "Issuer", "SigninToken"]


def test_a_role_chain_signs_in(world: World) -> None:
    """At the end of the session the console links to the portal of its source."""
    world.configure(
        world.emulator.profile()
        + "[profile chain]\nrole_arn = arn:aws:iam::111111111111:role/Deploy\n"
        "source_profile = dev\n"
    )
    url = console_url(CredentialsChoice("chain"))
    assert "Deploy" in open_page(url)
    assert query(url)["Issuer"] == world.emulator.start_url


def test_credentials_are_sent_in_the_body(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Not in the URL, which proxies and servers log; nor are they in our logs."""
    with caplog.at_level("DEBUG", logger="sso_plugin"):
        console_url(CredentialsChoice("dev"))
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
def test_a_destination_is_a_service_or_a_url(destination: str, expected: str | None) -> None:
    """In the region of the profile."""
    assert (
        query(console_url(CredentialsChoice("dev"), destination))["Destination"] == expected
        or destination
    )


@pytest.mark.parametrize("destination", ["http://x", "S 3", "javascript:alert(1)", "https:///x"])
def test_an_invalid_destination_is_an_error(destination: str) -> None:
    """One sentence, and no request."""
    with pytest.raises(ConfigError, match=r"is not a page of the console\. Use a service"):
        console_url(CredentialsChoice("dev"), destination)


@pytest.mark.parametrize(
    ("region", "signin"),
    [
        ("eu-west-1", "signin.aws.amazon.com"),
        ("cn-north-1", "signin.amazonaws.cn"),
        ("us-gov-west-1", "signin.amazonaws-us-gov.com"),
    ],
)
def test_each_partition_has_its_own_sign_in(
    world: World, monkeypatch: pytest.MonkeyPatch, region: str, signin: str
) -> None:
    """The region of Identity Center selects it."""
    world.configure(world.emulator.profile().replace(world.emulator.region, region))
    world.sign_in(region=region)
    assert sign_in_of(monkeypatch, "dev", {}) == f"https://{signin}/federation"


@pytest.mark.parametrize("region", ["us-iso-east-1", "xx-new-1"])
def test_a_partition_without_a_known_console_is_an_error(world: World, region: str) -> None:
    """Otherwise credentials could be sent to the wrong host."""
    world.configure(world.emulator.profile().replace(world.emulator.region, region))
    world.sign_in(region=region)
    with pytest.raises(ConfigError, match=f"The console of the region {region} is not known"):
        console_url(CredentialsChoice("dev"))


def test_credentials_are_sent_over_https_only() -> None:
    """Except to this machine."""
    with pytest.raises(ConfigError, match="which is not secure"):
        console_url(
            CredentialsChoice("dev"), environ={"SSO_PLUGIN_SIGNIN_URL": "http://example.com"}
        )


def test_a_refused_sign_in_names_the_profile_and_a_fix(world: World) -> None:
    """The message contains nothing of what was sent."""
    world.emulator.faults.add("GetSigninToken", status=400, times=1)
    with pytest.raises(SsoPluginError) as caught:
        console_url(CredentialsChoice("dev"))
    assert str(caught.value) == (
        f"The sign-in to the console at {world.emulator.url}/federation refused the credentials "
        'of the profile "dev" (status 400). Check the role with: sso-plugin whoami'
    )
    world.emulator.faults.add("GetSigninToken", status=400, times=1)
    with pytest.raises(SsoPluginError, match="use a shorter --duration, or no --duration"):
        console_url(CredentialsChoice("dev"), duration=900)


def test_an_unreachable_sign_in_is_an_error() -> None:
    """With the reason."""
    environ = {"SSO_PLUGIN_SIGNIN_URL": "http://127.0.0.1:9"}
    with pytest.raises(PortalUnreachable, match="The sign-in to the console cannot be reached"):
        console_url(CredentialsChoice("dev"), environ=environ)


def test_long_term_keys_cannot_sign_in(world: World) -> None:
    """The message says to use a role."""
    world.configure("[profile keys]\naws_access_key_id = AKIA\naws_secret_access_key = x\n")
    with pytest.raises(ConfigError, match='The profile "keys" has long-term keys'):
        console_url(CredentialsChoice("keys"))


@pytest.mark.one_quick_case
@pytest.mark.parametrize(
    ("region", "signin"),
    [
        ("eu-west-1", "signin.aws.amazon.com"),
        ("mx-central-1", "signin.aws.amazon.com"),
        ("cn-north-1", "signin.amazonaws.cn"),
        ("eusc-de-east-1", "signin.amazonaws-eusc.eu"),
        ("us-gov-west-1", "signin.amazonaws-us-gov.com"),
    ],
)
@pytest.mark.parametrize("elsewhere", ["us-east-1", "us-gov-east-1"])
@pytest.mark.parametrize("profile", ["dev", "chain"])
def test_credentials_are_sent_to_the_sign_in_of_their_partition(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    region: str,
    signin: str,
    elsewhere: str,
    profile: str,
) -> None:
    """For every region in the environment."""
    text = world.emulator.profile().replace("eu-central-1", region).rpartition("region = ")[0]
    world.configure(
        f"{text}\n[profile chain]\nrole_arn = arn:aws:iam::111111111111:role/Deploy\n"
        "source_profile = dev\n"
    )
    world.sign_in(region=region)
    environ = {"AWS_DEFAULT_REGION": elsewhere}
    assert sign_in_of(monkeypatch, profile, environ) == f"https://{signin}/federation"
