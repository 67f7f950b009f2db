"""Vanity start URLs: followed to the access portal of AWS, and refused if they lead elsewhere."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.session import Session
from caches import own_cache
from long_tests import long
from quick_login import login
from world import World

import sso_plugin
from sso_plugin import ConfigError, LoginFailed
from sso_plugin.commands.doctor import diagnose
from sso_plugin.config.profile import SsoProfile
from sso_plugin.emulator import Emulator, Organization, VanityUrl
from sso_plugin.signin.configured_login import login_for_start_url
from sso_plugin.signin.vanity import PortalRecord, resolve_start_url

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def secure(sso_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Return a world whose portal uses TLS, and redirects vanity URLs."""
    organization = replace(
        Organization.example(),
        vanity_urls=(
            VanityUrl("/vanity"),
            VanityUrl("/get-only", head=False),
            VanityUrl("/far", hops=3),
            VanityUrl("/too-far", hops=9),
            VanityUrl("/elsewhere", leads_to="https://evil.example/start"),
            VanityUrl("/plain", leads_to="http://plain.example/start"),
            VanityUrl("/bucket", leads_to="https://bucket.s3.amazonaws.com/start"),
            VanityUrl("/broken", leads_to="https://[x/"),
            VanityUrl("/user", leads_to="https://corp.awsapps.com@evil.example/start"),
            VanityUrl("/script", leads_to="javascript:alert(1)"),
        ),
    )
    with Emulator(organization, tls=True) as emulator:
        for name, value in emulator.environment().items():
            monkeypatch.setenv(name, value)
        world = World(sso_home, emulator)
        world.configure(emulator.profile())
        yield world


def log_in(world: World, path: str) -> str:
    """Log in by a vanity start URL, at another name of the same machine."""
    url = world.emulator.url.replace("127.0.0.1", "localhost") + path
    world.configure(world.emulator.profile().replace(world.emulator.start_url, url))
    login(
        "dev",
        flow="device",
        show=lambda prompt: world.emulator.approve(str(prompt.user_code), "alice"),
        open_browser=None,
    )
    return url


@pytest.mark.long
@pytest.mark.parametrize("path", ["/get-only", *long("/vanity", "/far")])
def test_a_vanity_start_url_is_followed_to_aws(secure: World, path: str) -> None:
    """By HEAD, or by GET where HEAD is refused. The login then works for an unchanged script."""
    log_in(secure, path)
    sso_plugin.enable()
    identity = boto3.Session(profile_name="dev").client("sts").get_caller_identity()
    assert identity["Arn"].endswith("/alice")


@pytest.mark.long
@pytest.mark.one_quick_case
@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/too-far", "there are more than 3 redirects"),
        ("/elsewhere", "cannot be resolved"),
        ("/plain", "http://plain.example/start is not an https address"),
        ("/nothing", "it returns status 404 and no redirect to AWS"),
        ("/bucket", "cannot be resolved"),
        ("/broken", "cannot be resolved"),
        (
            "/user",
            "it redirects to https://corp.awsapps.com@evil.example/start, which is not a valid",
        ),
        ("/script", r"it redirects to javascript:alert\(1\), which is not a valid address"),
    ],
)
def test_a_start_url_that_does_not_lead_to_aws_is_refused(
    secure: World, monkeypatch: pytest.MonkeyPatch, path: str, why: str
) -> None:
    """No login is started at a host that is not of AWS."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    with pytest.raises(LoginFailed, match=why):
        log_in(secure, path)
    assert secure.count("StartDeviceAuthorization") == 0


@pytest.mark.one_quick_case
@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/vanity", "ok", "leads to https://"),
        (
            "/nothing",
            "problem",
            "resolved: it returns status 404 and no redirect to AWS.",
        ),
        ("/user", "problem", "cannot be resolved: it redirects to https://corp.awsapps.com@evil"),
    ],
)
def test_doctor_follows_a_vanity_start_url(
    secure: World, path: str, status: str, words: str
) -> None:
    """A web server that responds is not enough: it must redirect to AWS."""
    url = secure.emulator.url.replace("127.0.0.1", "localhost") + path
    secure.configure(secure.emulator.profile().replace(secure.emulator.start_url, url))
    [found] = [each for each in diagnose("dev") if each.message.startswith(f"The start URL {url}")]
    assert (found.check, found.status) == ("network", status)
    assert words in found.message


def refuse(_: object) -> None:
    pytest.fail("a login was started")


def resolve(url: str, endpoint: str) -> str:
    session = Session()
    profile = SsoProfile(name="dev", start_url=url, region="eu-central-1")
    return resolve_start_url(session, profile, endpoint, own_cache())


@pytest.mark.one_quick_case
@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("https://corp.awsapps.com/start#/", "https://oidc.eu-central-1.amazonaws.com"),
        ("https://sso.example.com/start", "https://sso.example.com:8443/oidc"),
        ("http://127.0.0.1:8080/start", "http://127.0.0.1:8080"),
    ],
)
def test_a_start_url_at_aws_or_at_the_endpoint_is_not_requested(url: str, endpoint: str) -> None:
    """It needs no redirect. http is allowed on this machine only."""
    assert resolve(url, endpoint) == url


@pytest.mark.parametrize("url", ["http://sso.example.com/start", "http://127.0.0.1:8081/start"])
def test_a_start_url_over_http_is_refused(url: str) -> None:
    """Even at the host of the endpoint: other machines could change the response."""
    with pytest.raises(LoginFailed, match="is not an https address"):
        resolve(url, "http://sso.example.com")


@pytest.mark.one_quick_case
@pytest.mark.parametrize(
    "url",
    [
        "https://[x/",
        "https://sso.example.com:99999/",
        "https://sso.example.com:port/",
        "https://corp.awsapps.com@evil.example/",
        "https://sso.example.com/a b",
        "https://sso.example.com/\x1b[31m",
        "sso.example.com",
        "ftp://sso.example.com",
    ],
)
def test_an_invalid_start_url_is_a_config_error_when_a_login_uses_it(
    sso_home: Path, sso_emulator: Emulator, url: str
) -> None:
    """Status still works. The message names the key, the profile and the file."""
    world = World(sso_home, sso_emulator)
    world.configure(world.emulator.profile().replace(world.emulator.start_url, url))
    assert sso_plugin.status("dev").state == "login needed"
    with pytest.raises(ConfigError) as caught:
        sso_plugin.login("dev", show=refuse, open_browser=None)
    shown = url.replace("\x1b", "\ufffd")
    assert str(caught.value) == (
        f'The profile "dev": sso_start_url in {world.config_file} is not a valid address: '
        f'"{shown}". Set it to the address of the AWS access portal, such as '
        "https://example.awsapps.com/start."
    )


def test_the_error_for_an_invalid_start_url_option_names_the_option() -> None:
    """There is no config file to fix."""
    with pytest.raises(ConfigError, match=r"^--start-url is not a valid address: "):
        sso_plugin.login(start_url="https://[x/", sso_region="eu-central-1")


@pytest.mark.long
def test_another_portal_than_at_the_last_login_is_refused(secure: World) -> None:
    """An attacker may have changed the redirect. Logout and login accept the new portal."""
    url = log_in(secure, "/vanity")
    [record] = (secure.home / ".aws/sso-plugin").glob("portal-*.json")
    other = "https://other.awsapps.com/start"
    record.write_text(record.read_text().replace(secure.emulator.start_url, other))
    requests = secure.count("StartDeviceAuthorization")
    with pytest.raises(LoginFailed) as caught:
        sso_plugin.login("dev", force=True, show=refuse, open_browser=None)
    assert str(caught.value) == (
        f'The profile "dev" was not logged in: its start URL {url} now leads to '
        f"{secure.emulator.start_url}, but at the last login led to {other}. If this is "
        "expected, run: sso-plugin logout --profile dev, then log in again."
    )
    assert secure.count("StartDeviceAuthorization") == requests
    sso_plugin.logout("dev")
    assert not record.exists()
    log_in(secure, "/vanity")
    assert secure.emulator.start_url in record.read_text()


@pytest.mark.long
def test_the_same_portal_may_have_another_query(secure: World) -> None:
    """A redirect may add a query that changes each time."""
    log_in(secure, "/vanity")
    [record] = (secure.home / ".aws/sso-plugin").glob("portal-*.json")
    known = f"{secure.emulator.start_url}/?id=1#/"
    record.write_text(record.read_text().replace(secure.emulator.start_url, known))
    token_file = secure.token_file()
    token_file.unlink()
    log_in(secure, "/vanity")
    assert token_file.exists()


def test_a_login_that_fails_records_no_portal(secure: World) -> None:
    """The wrong portal may be the reason why it failed."""
    secure.emulator.faults.add("StartDeviceAuthorization", status=400)
    with pytest.raises(LoginFailed):
        log_in(secure, "/vanity")
    assert not list((secure.home / ".aws/sso-plugin").glob("portal-*.json"))


def test_another_portal_of_a_login_without_a_profile_can_be_accepted(world: World) -> None:
    """The message has the logout command for that start URL, and the command deletes the record."""
    url = "https://sso.example.com/"
    record = PortalRecord(login_for_start_url(url, "eu-central-1"), own_cache())
    record.write("https://other.awsapps.com/start")
    with pytest.raises(LoginFailed) as caught:
        record.check(world.emulator.start_url)
    command = f"run: sso-plugin logout --start-url {url} --sso-region eu-central-1"
    assert command in str(caught.value)
    sso_plugin.logout(start_url=url, sso_region="eu-central-1")
    record.check(world.emulator.start_url)
