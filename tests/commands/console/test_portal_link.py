"""The link to a role in the access portal."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest

from sso_plugin.commands.console.pages import InvalidPageError
from sso_plugin.commands.console.portal_link import portal_link
from sso_plugin.commands.credentials_choice import CredentialsChoice
from sso_plugin.errors import ConfigError

if TYPE_CHECKING:
    from world import World

DEV = CredentialsChoice("dev")


def fields(link: str) -> dict[str, str]:
    """Return the parameters of a link."""
    return {name: value for name, [value] in parse_qs(link.partition("?")[2]).items()}


@pytest.mark.parametrize("url", ["{}", "{}/", "{}#", "{}/#/"])
def test_a_link_needs_no_login(world: World, url: str) -> None:
    """It sends no request and holds no secret: the config has all parts of it."""
    start_url = world.emulator.start_url
    world.configure(world.emulator.profile().replace(start_url, url.format(start_url)))
    assert portal_link(DEV, environ={}) == (
        f"{start_url}/#/console?account_id=111111111111&role_name=AdministratorAccess"
    )
    assert len(world.emulator.requests) == 0


def test_a_page_is_a_whole_url(world: World) -> None:
    """It is encoded, so that its own parameters stay together."""
    link = portal_link(DEV, "s3/buckets/b?tab=x#y", environ={})
    assert "%3Ftab%3Dx%26region%3Deu-central-1%23y" in link
    assert fields(link)["destination"] == (
        "https://console.aws.amazon.com/s3/buckets/b?tab=x&region=eu-central-1#y"
    )


def test_a_region_leads_to_its_home_page(world: World) -> None:
    """Otherwise the console opens the last one."""
    found = fields(portal_link(DEV._replace(region="eu-west-3"), environ={}))
    assert found["destination"].endswith("/console/home?region=eu-west-3")


def test_any_role_has_a_link(world: World) -> None:
    """The name of an account is looked up."""
    world.sign_in()
    choice = CredentialsChoice(account="staging", role="AdministratorAccess")
    assert fields(portal_link(choice, environ={}))["account_id"] == "222222222222"


def test_a_page_of_another_host_is_refused(world: World) -> None:
    """Who opens the link trusts the portal."""
    with pytest.raises(InvalidPageError):
        portal_link(DEV, "https://evil.example/", environ={})


def test_a_profile_without_a_role_is_an_error(world: World) -> None:
    """A role chain starts outside of the portal."""
    world.configure(
        world.emulator.profile()
        + "[profile chain]\nrole_arn = arn:aws:iam::111111111111:role/x\nsource_profile = dev\n"
    )
    with pytest.raises(ConfigError, match='The profile "chain" has no role of Identity Center'):
        portal_link(CredentialsChoice("chain"), environ={})


def test_an_issuer_url_has_no_link(world: World) -> None:
    """It names the portal, and is not its address."""
    issuer = "https://identitycenter.amazonaws.com/ssoins-1234567890abcdef"
    world.configure(world.emulator.profile().replace(world.emulator.start_url, issuer))
    with pytest.raises(ConfigError, match=r"Set sso_start_url to the AWS access portal URL\."):
        portal_link(DEV, environ={})
