"""Which URLs are valid, which belong to AWS, and which a browser may open."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso_plugin.web.addresses import (
    Address,
    is_aws_host,
    is_aws_url,
    may_be_opened,
    parse,
    secrets_in,
    without_secrets,
)


@pytest.mark.parametrize(
    "host",
    [
        "identitycenter.amazonaws.com",
        "awsapps.com",
        "corp.awsapps.com",
        "start.us-gov-home.awsapps.com",
        "start.home.awsapps.cn",
        "ssoins-1234.portal.eu-central-1.app.aws",
        "start.us-gov-home.amazonaws-us-gov.com",
        "start.us-gov-west-1.amazonaws-us-gov.com",
        "device.sso.eu-central-1.amazonaws.com",
        "oidc.us-gov-west-1.amazonaws.com",
        "portal.sso.cn-north-1.amazonaws.com.cn",
        "oidc.eusc-de-east-1.amazonaws.eu",
        "oidc.us-iso-east-1.c2s.ic.gov",
        "oidc.us-isob-east-1.sc2s.sgov.gov",
        "oidc.eu-isoe-west-1.cloud.adc-e.uk",
        "oidc.us-isof-south-1.csp.hci.ic.gov",
        "oidc.us-east-1.api.aws",
        "portal.sso.cn-north-1.api.amazonwebservices.com.cn",
    ],
)
def test_hosts_of_identity_center_are_known(host: str) -> None:
    """Portals and services of every partition."""
    assert is_aws_host(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "amazonaws.com",
        "bucket.s3.amazonaws.com",
        "evil.amazonaws.com",
        "oidc.amazonaws.com",
        "oidc.bucket.amazonaws.com",
        "x.oidc.eu-central-1.amazonaws.com",
        "oidc.eu-central-1.amazonaws.com.evil.example",
        "oidc.eu-central-1.evil.example",
        "oidc.eu-central-1xamazonaws.com",
        "notawsapps.com",
        "awsapps.com.evil.example",
        "awsapps.com.",
        "aws.amazon.com",
        "bucket.amazonaws-us-gov.com",
        "signin.amazonaws-us-gov.com",
        "ec2.us-east-1.api.aws",
        "oidc.eu-central-1.amazonaws.com\n",
    ],
)
def test_other_hosts_are_not_of_identity_center(host: str) -> None:
    """Every AWS customer can have names below some of these domains."""
    assert not is_aws_host(host)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://Corp.awsapps.com/start", Address("https", "corp.awsapps.com", 443)),
        ("HTTPS://corp.awsapps.com", Address("https", "corp.awsapps.com", 443)),
        ("https://corp.awsapps.com/start#/", Address("https", "corp.awsapps.com", 443)),
        ("http://127.0.0.1:8080/a?b=c&d=%20", Address("http", "127.0.0.1", 8080)),
        ("http://[::1]:8080/", Address("http", "::1", 8080)),
    ],
)
def test_a_valid_url_has_scheme_host_and_port(url: str, expected: Address) -> None:
    """The port has a default."""
    assert parse(url) == expected


INVALID = [
    "",
    "-https://corp.awsapps.com/",
    "--utility-cmd-prefix=touch /tmp/x",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "\\\\host\\share",
    "//corp.awsapps.com/",
    "https:corp.awsapps.com",
    "https:///start",
    "https://corp.awsapps.com@evil.example/",
    "https://evil.example/\\@corp.awsapps.com/",
    "https://evil.example\\@corp.awsapps.com/",
    "https://corp.awsapps.com/ --flag",
    "https://corp.awsapps.com/\x1b[31m",
    "https://corp.awsapps.com/\n",
    "https://corp.awsapps.com/\u202e",
    'https://corp.awsapps.com/"',
    "https://corp.awsapps.com/'",
    "https://corp.awsapps.com/<x>",
    "https://c\u00f6rp.awsapps.com/",
    "https://corp%2eawsapps.com/",
    "https://corp.awsapps.com:0/",
    "https://corp.awsapps.com:99999/",
    "https://corp.awsapps.com:x/",
    "https://corp.awsapps.com:/",
    "https://[x/",
    "https://[x]/",
    "https://[::::]/",
    "https://corp.awsapps.com/" + "x" * 10000,
]


@pytest.mark.parametrize("url", INVALID)
def test_an_invalid_url_is_not_parsed_and_not_opened(url: str) -> None:
    """The result is None, and no ValueError."""
    assert parse(url) is None
    assert not may_be_opened(url, url, "https://corp.awsapps.com/start")


@pytest.mark.long
@given(st.text() | st.text().map("https://{}".format) | st.from_regex(r"https?://\[[^/]*\]?:\S*"))
def test_parsing_never_raises(url: str) -> None:
    """A portal can return any text."""
    assert isinstance(parse(url), Address | None)
    assert isinstance(may_be_opened(url, url), bool)


OWN = ("https://sso.example.com/start", "http://127.0.0.1:8080", "http://plain.example.com/")


@pytest.mark.parametrize(
    "url",
    [
        "https://device.sso.eu-central-1.amazonaws.com/?user_code=AAAA-BBBB",
        "https://corp.awsapps.com/start/#/device?user_code=AAAA-BBBB",
        "https://sso.example.com/other",
        "http://127.0.0.1:8080/device",
    ],
)
def test_pages_of_aws_and_of_the_users_own_hosts_may_be_opened(url: str) -> None:
    """By https. By http only on this machine, at the same port."""
    assert may_be_opened(url, *OWN)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/",
        "https://sub.sso.example.com/",
        "http://corp.awsapps.com/",
        "http://sso.example.com/start",
        "http://plain.example.com/",
        "http://127.0.0.1:8081/device",
        "http://localhost:8080/device",
        "https://bucket.s3.amazonaws.com/",
    ],
)
def test_other_pages_may_not_be_opened(url: str) -> None:
    """Another host, another port of this machine, http on other machines."""
    assert not may_be_opened(url, *OWN)


@pytest.mark.parametrize(
    ("url", "shown", "secrets"),
    [
        ("http://127.0.0.1:9/", "http://127.0.0.1:9", ()),
        ("https://user:hush@sso.example.com/base", "https://sso.example.com/base", ("user:hush@",)),
        (
            "https://a@b@sso.example.com?key=hush#x",
            "https://sso.example.com",
            ("a@b@", "key=hush", "x"),
        ),
        ("https://[::1]:8080/x", "https://[::1]:8080/x", ()),
        ("https://[x/", "an invalid address", ("https://[x/",)),
        ("https://sso.example.com/\x1b[31m\n", "https://sso.example.com/\ufffd[31m", ()),
    ],
)
def test_an_address_is_shown_without_its_secrets(
    url: str, shown: str, secrets: tuple[str, ...]
) -> None:
    """A password in an endpoint is in no message."""
    assert (without_secrets(url), secrets_in(url)) == (shown, secrets)


@pytest.mark.parametrize(
    ("url", "of_aws"),
    [
        ("https://portal.sso.eu-central-1.amazonaws.com", True),
        ("https://oidc.us-gov-west-1.amazonaws.com/", True),
        ("http://portal.sso.eu-central-1.amazonaws.com", False),
        ("https://vpce-1.portal.sso.eu-central-1.vpce.amazonaws.com", False),
        ("https://sso.example.com", False),
    ],
)
def test_urls_of_aws_are_recognized(url: str, *, of_aws: bool) -> None:
    """Messages name other endpoints, but not those of AWS."""
    assert is_aws_url(url) == of_aws
