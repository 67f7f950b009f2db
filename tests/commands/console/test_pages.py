"""The pages of the console: services, paths and URLs."""

from __future__ import annotations

import pytest

from sso_plugin.commands.console.pages import InvalidPageError, domain_of, page_url
from sso_plugin.commands.regions import Region
from sso_plugin.errors import ConfigError

CONSOLE = "https://console.aws.amazon.com"


@pytest.mark.parametrize(
    ("destination", "expected"),
    [
        (None, "/console/home?region=eu-west-1"),
        ("s3", "/s3/home?region=eu-west-1"),
        ("/s3", "/s3/home?region=eu-west-1"),
        ("s3/buckets/my.bucket", "/s3/buckets/my.bucket?region=eu-west-1"),
        ("s3/buckets/b?prefix=a/b&tab=x", "/s3/buckets/b?prefix=a/b&tab=x&region=eu-west-1"),
        ("ec2?", "/ec2/home?region=eu-west-1"),
        ("vpc#subnets:", "/vpc/home?region=eu-west-1#subnets:"),
        (
            "cloudwatch/home?region=us-east-2#logsV2:log-groups/log-group/$252Faws",
            "/cloudwatch/home?region=us-east-2#logsV2:log-groups/log-group/$252Faws",
        ),
        (
            "lambda/home#/functions/f?tab=code&region=x",
            "/lambda/home?region=eu-west-1#/functions/f?tab=code&region=x",
        ),
        ("iam/home?subregion=x", "/iam/home?subregion=x&region=eu-west-1"),
    ],
)
def test_a_page_is_in_the_region_unless_it_names_one(destination: str, expected: str) -> None:
    """The parameter is in the query, before the fragment."""
    assert page_url(destination, "eu-west-1", "aws.amazon.com") == f"{CONSOLE}{expected}"


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        ("https://eu-west-1.console.aws.amazon.com/s3/home?x#y", "aws.amazon.com"),
        ("https://quicksight.aws.amazon.com/sn/start", "aws.amazon.com"),
        (
            "https://111111111111-ab12.eu-west-1.console.aws.amazon.com/ec2/home",
            "aws.amazon.com",
        ),
        ("https://console.amazonaws.cn/s3/home", "amazonaws.cn"),
        ("https://console.amazonaws-us-gov.com/s3/home", "amazonaws-us-gov.com"),
    ],
)
def test_a_url_of_the_partition_stays_as_it_is(url: str, domain: str) -> None:
    """Its region, too."""
    assert page_url(url, "eu-west-1", domain) == url


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/s3",
        "https://console.aws.amazon.com.evil.example/",
        "https://evilaws.amazon.com/",
        "https://bucket.s3.amazonaws.com/",
        "https://console.amazonaws.cn/",
        "https://console.aws.amazon.com:x@evil.example/",
        "http://console.aws.amazon.com/",
        "ftp://console.aws.amazon.com/",
        "https://console.aws.amazon.com/a b",
    ],
)
def test_a_url_of_another_host_is_refused(url: str) -> None:
    """Also one of another partition, where the role does not exist."""
    with pytest.raises(InvalidPageError, match="Use a service"):
        page_url(url, "eu-west-1", "aws.amazon.com")


@pytest.mark.parametrize(
    "text", ["", "S 3", "//evil.example/x", "console.aws.amazon.com/s3", "s3/\n", 's3/"x"', "../x"]
)
def test_a_text_that_is_no_page_is_refused(text: str) -> None:
    """The error shows the three forms."""
    with pytest.raises(InvalidPageError, match=r"is not a page of the console\. Use a service"):
        page_url(text, "eu-west-1", "aws.amazon.com")


def test_each_partition_has_its_domain() -> None:
    """An unknown one is an error, so that no credentials are sent to a wrong host."""
    region = Region({}, "cn-north-1", "aws-cn")
    assert domain_of(region) == "amazonaws.cn"
    with pytest.raises(ConfigError, match="The console of the region us-iso-east-1 is not known"):
        domain_of(Region({}, "us-iso-east-1", "aws-iso"))
