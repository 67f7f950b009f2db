"""Start URLs as people write them, and the region and name that they stand for."""

from __future__ import annotations

import pytest
from botocore.session import Session
from fixed_server import server
from hypothesis import given
from hypothesis import strategies as st

from sso_plugin import ConfigError
from sso_plugin.commands.configure.start_url import (
    default_name,
    find_region,
    read_start_url,
    region_in,
)
from sso_plugin.web.addresses import parse

CORP = "https://corp.awsapps.com/start"
IN_REGION = "https://ssoins-1234567890abcdef.portal.eu-central-1.app.aws"
GOVCLOUD = "https://start.us-gov-home.awsapps.com/directory/acme"


@pytest.mark.parametrize(
    ("text", "url"),
    [
        (CORP, CORP),
        ("corp", CORP),
        ("Corp.AwsApps.com", CORP),
        ("corp.awsapps.com/start", CORP),
        ("https://corp.awsapps.com", CORP),
        (" https://corp.awsapps.com/start/#/?tab=accounts ", CORP),
        ("d-1234567890", "https://d-1234567890.awsapps.com/start"),
        (f"{IN_REGION}/", IN_REGION),
        (IN_REGION.removeprefix("https://"), IN_REGION),
        (GOVCLOUD, GOVCLOUD),
        ("sso.example.com", "https://sso.example.com"),
        ("http://127.0.0.1:8080/start", "http://127.0.0.1:8080/start"),
        ("http://localhost:8080", "http://localhost:8080"),
    ],
)
def test_a_start_url_is_completed(text: str, url: str) -> None:
    """With its scheme, domain and path. What a browser adds is removed."""
    assert read_start_url(text) == url


@pytest.mark.parametrize(
    "text", ["", "a b", "http://corp.awsapps.com/start", "https://[x/", "https://a@b.c", "x" * 99]
)
def test_other_text_is_refused(text: str) -> None:
    """With an example. Over http, others could change the page of the login."""
    with pytest.raises(ConfigError, match=r"is not a valid start URL.* Use the address of the AWS"):
        read_start_url(text)


@given(st.text())
def test_any_text_is_a_safe_address_or_refused(text: str) -> None:
    """No other exception."""
    try:
        address = parse(read_start_url(text))
    except ConfigError:
        return
    assert address is not None
    assert address.is_safe


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("ssoins-1.portal.us-west-2.app.aws", "us-west-2"),
        ("ssoins-1.portal.cn-north-1.app.amazonwebservices.com.cn", "cn-north-1"),
        ("ssoins-1.portal.eusc-de-east-1.api.amazonwebservices.eu", "eusc-de-east-1"),
        ("ssoins-1.ap-northeast-1.portal.amazonaws.com", "ap-northeast-1"),
        ("ssoins-1.us-gov-west-1.portal.amazonaws.com", "us-gov-west-1"),
        ("ssoins-1.cn-northwest-1.portal.amazonaws.com.cn", "cn-northwest-1"),
        ("start.us-gov-east-1.us-gov-home.awsapps.com", "us-gov-east-1"),
        ("start.cn-north-1.home.awsapps.cn", "cn-north-1"),
        ("start.us-gov-home.awsapps.com", None),
        ("corp.awsapps.com", None),
        ("identitycenter.amazonaws.com", None),
        ("ssoins-1.portal.us-west-2.app.aws.evil.example", None),
        ("ssoins-1.portal.us-west-2.evil.example", None),
        ("eu-central-1.example.com", None),
    ],
)
def test_some_hosts_name_their_region(host: str, region: str | None) -> None:
    """Those of AWS only."""
    assert region_in(f"https://{host}/start") == region


@pytest.mark.parametrize(
    ("url", "name"),
    [
        (CORP, "corp"),
        ("https://d-1234567890.awsapps.com/start", "sso"),
        (IN_REGION, "sso"),
        (GOVCLOUD, "acme"),
        ("https://start.us-gov-home.awsapps.com/directory/d-1234567890", "sso"),
        ("https://identitycenter.amazonaws.com/ssoins-1", "sso"),
        ("https://sso.example.com", "example"),
        ("http://127.0.0.1:8080/start", "sso"),
        ("http://localhost:8080/start", "sso"),
    ],
)
def test_the_name_is_that_of_the_organization(url: str, name: str) -> None:
    """An id or an address is not a name."""
    assert default_name(url) == name


@pytest.mark.parametrize(
    ("page", "region"),
    [
        (b'<head><meta name="region" content="eu-central-1"/></head>', "eu-central-1"),
        (b"<META content='us-gov-west-1'\n name='Region'>", "us-gov-west-1"),
        (b'<meta name="geo.region" content="eu-central-1">', None),
        (b'<meta name="region" content="Bavaria">', None),
        (b"", None),
    ],
)
def test_the_page_of_the_portal_has_the_region(page: bytes, region: str | None) -> None:
    """In a tag ``meta``."""
    with server(body=page) as portal:
        assert find_region(Session(), f"{portal.url}/start") == region


def test_a_redirect_is_followed() -> None:
    """A company's own address leads to a host that names its region. No request is sent there."""
    with server(302, b"", Location=f"{IN_REGION}/") as vanity:
        assert find_region(Session(), vanity.url) == "eu-central-1"


def test_a_redirect_to_an_unsafe_address_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here a proxy would return a page for it."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with (
        server(302, b"", Location="http://plain.example/") as vanity,
        server(body=b'<meta name="region" content="eu-central-1">') as proxy,
    ):
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("http_proxy", proxy.url)
        assert find_region(Session(), vanity.url) is None


@pytest.mark.parametrize("location", ["/", "https://[x/", "ftp://x/"])
def test_a_redirect_that_leads_nowhere_has_no_region(location: str) -> None:
    """Also an endless one."""
    with server(302, b"", Location=location) as vanity:
        assert find_region(Session(), vanity.url) is None


def test_a_portal_that_cannot_be_reached_has_no_region() -> None:
    """The person is asked instead."""
    assert find_region(Session(), "http://127.0.0.1:9/start") is None
