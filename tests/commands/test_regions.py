"""The region of a profile: its own, and always in the partition of its credentials."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from command import run

from sso_plugin.commands.regions import region_of, region_of_role
from sso_plugin.config.profile import SsoProfile
from sso_plugin.errors import ConfigError
from sso_plugin.models import open_session, open_session_without_profile

if TYPE_CHECKING:
    from world import World


CONFIG = """\
[sso-session west]
sso_start_url = https://example.awsapps.com/start
sso_region = eu-central-1
[sso-session gov]
sso_start_url = https://example.awsapps.com/start
sso_region = us-gov-east-1
[profile west]
sso_session = west
region = eu-west-1
[profile west-without]
sso_session = west
[profile gov]
sso_session = gov
region = us-gov-west-1
[profile gov-without]
sso_session = gov
[profile gov-wrong]
sso_session = gov
region = us-east-1
[profile gov-legacy]
sso_start_url = https://example.awsapps.com/start
sso_region = us-gov-east-1
[profile gov-chain]
role_arn = arn:aws-us-gov:iam::111111111111:role/x
source_profile = gov-without
[profile gov-role]
role_arn = arn:aws-us-gov:iam::111111111111:role/x
credential_source = Environment
[profile china-local]
sso_start_url = https://example.awsapps.cn/start
sso_region = cn-north-1
region = local
[profile static]
aws_access_key_id = AKIDEXAMPLE
aws_secret_access_key = x
"""


BOTH = ("AWS_REGION", "AWS_DEFAULT_REGION")


def regions(*values: str | None) -> dict[str, str | None]:
    return dict(zip(BOTH, values, strict=True))


def environ(*values: str | None) -> dict[str, str]:
    return {name: value for name, value in regions(*values).items() if value is not None}


CASES = [
    # The profile's own region comes first.
    ("west", (None, None), ("eu-west-1", "eu-west-1"), "aws"),
    ("west", ("us-east-1", "us-west-2"), ("eu-west-1", "eu-west-1"), "aws"),
    # Then those of the environment, each by itself.
    ("west-without", (None, None), (None, None), "aws"),
    ("west-without", ("us-east-1", "us-west-2"), ("us-east-1", "us-west-2"), "aws"),
    ("west-without", (None, "us-west-2"), ("us-west-2", "us-west-2"), "aws"),
    ("west-without", ("us-east-1", None), ("us-east-1", "us-east-1"), "aws"),
    ("west-without", ("", "us-west-2"), ("us-west-2", "us-west-2"), "aws"),
    ("west-without", (None, "localhost"), ("localhost", "localhost"), "aws"),
    ("gov", ("us-east-1", "us-east-1"), ("us-gov-west-1", "us-gov-west-1"), "aws-us-gov"),
    # None of another partition.
    ("gov-without", (None, "us-east-1"), ("us-gov-east-1", "us-gov-east-1"), "aws-us-gov"),
    ("gov-without", ("us-gov-west-1", "x"), ("us-gov-west-1", "us-gov-east-1"), "aws-us-gov"),
    ("gov-without", (None, "aws-us-gov-global"), ("aws-us-gov-global",) * 2, "aws-us-gov"),
    ("gov-without", (None, "aws-global"), ("us-gov-east-1", "us-gov-east-1"), "aws-us-gov"),
    ("gov-without", (None, "fips-us-gov-west-1"), ("fips-us-gov-west-1",) * 2, "aws-us-gov"),
    ("gov-wrong", (None, None), ("us-gov-east-1", "us-gov-east-1"), "aws-us-gov"),
    ("gov-legacy", ("cn-north-1", None), ("us-gov-east-1", "us-gov-east-1"), "aws-us-gov"),
    ("gov-chain", ("us-east-1", None), ("us-gov-east-1", "us-gov-east-1"), "aws-us-gov"),
    ("gov-role", (None, "us-east-1"), ("us-gov-west-1", "us-gov-west-1"), "aws-us-gov"),
    ("china-local", (None, None), ("cn-north-1", "cn-north-1"), "aws-cn"),
    ("west-without", (None, "eusc-de-east-1"), ("eu-central-1", "eu-central-1"), "aws"),
    # Where nothing names a partition, the region does.
    ("static", (None, None), (None, None), "aws"),
    ("static", (None, "us-gov-west-1"), ("us-gov-west-1", "us-gov-west-1"), "aws-us-gov"),
    ("static", (None, "localhost"), ("localhost", "localhost"), "aws"),
]


@pytest.mark.one_quick_case
@pytest.mark.parametrize(("name", "given", "expected", "partition"), CASES)
def test_the_region_of_a_profile(
    world: World,
    name: str,
    given: tuple[str | None, str | None],
    expected: tuple[str | None, str | None],
    partition: str,
) -> None:
    """Its own, otherwise the one in the environment, and never one of another partition."""
    world.configure(CONFIG)
    found = region_of(open_session(name), name, environ(*given))
    assert found.variables == regions(*expected)
    assert found.partition == partition


@pytest.mark.parametrize(
    ("name", "calls"),
    [
        ("west", "eu-west-1"),
        ("west-without", "eu-central-1"),
        ("gov-chain", "us-gov-east-1"),
        ("gov-role", "us-gov-west-1"),
        ("static", "us-east-1"),
    ],
)
def test_our_requests_stay_in_the_partition(world: World, name: str, calls: str) -> None:
    """Also if no region is configured."""
    world.configure(CONFIG)
    assert region_of(open_session(name), name, {}).call_region == calls


@pytest.mark.long
def test_a_replaced_region_is_reported(world: World) -> None:
    """On standard error, with the region that is used."""
    world.configure(world.emulator.profile().rpartition("region = ")[0])
    world.sign_in()
    done = run("env", "--profile", "dev", "--shell", "bash", AWS_DEFAULT_REGION="us-gov-west-1")
    assert "export AWS_DEFAULT_REGION=eu-central-1\n" in done.stdout
    assert done.stderr.splitlines()[0] == (
        "sso-plugin: warning: The region us-gov-west-1 in the environment is not in aws, the "
        'partition of the profile "dev". Using eu-central-1. Set region in the profile.'
    )


@pytest.mark.long
def test_a_child_process_gets_the_region_of_the_profile(world: World) -> None:
    """In the variables and in its config file."""
    world.sign_in()
    code = (
        "import os, boto3; print(os.environ['AWS_REGION'], os.environ['AWS_DEFAULT_REGION'], "
        "boto3.Session()._session.get_scoped_config()['region'])"
    )
    words = ["exec", "--profile", "dev", "--", sys.executable, "-c", code]
    done = run(*words, AWS_REGION="us-east-1", AWS_DEFAULT_REGION="us-west-2")
    assert done.stdout == "eu-central-1 eu-central-1 eu-central-1\n"


@pytest.mark.parametrize("name", ["west", "static"])
def test_a_given_region_comes_first(world: World, name: str) -> None:
    """Before that of the profile, and those of the environment."""
    world.configure(CONFIG)
    found = region_of(open_session(name), name, environ("us-east-1", "us-west-2"), "eu-north-1")
    assert found.variables == regions("eu-north-1", "eu-north-1")
    assert found.call_region == "eu-north-1"


def test_a_given_region_of_another_partition_is_an_error(world: World) -> None:
    """Unlike one in the environment, which may be there for other programs."""
    world.configure(CONFIG)
    problem = r'The region us-east-1 is not in aws-us-gov, the partition of the profile "gov"\.'
    with pytest.raises(ConfigError, match=problem):
        region_of(open_session("gov"), "gov", {}, "us-east-1")


class TestRole:
    """The region for a role that no profile describes."""

    def region(self, profile: str | None, *given: str | None) -> dict[str, str | None]:
        session = open_session(profile) if profile else open_session_without_profile()
        login = SsoProfile.login_of(session) or SsoProfile.of_sso_session(session, "west")
        return region_of_role(session, login, environ(*given)).variables

    def test_it_is_that_of_the_profile_that_names_the_login(self, world: World) -> None:
        """Its other settings are used, too."""
        world.configure(CONFIG)
        assert self.region("west", "us-east-1", None) == regions("eu-west-1", "eu-west-1")
        assert self.region("west-without", "us-east-1", None) == regions("us-east-1", "us-east-1")

    def test_without_a_profile_it_is_that_of_the_environment(self, world: World) -> None:
        """Otherwise that of the profile ``default``, as in a script."""
        world.configure(f"{CONFIG}[default]\nregion = ap-south-1\n")
        assert self.region(None, None, "us-east-1") == regions("us-east-1", "us-east-1")
        assert self.region(None, None, None) == regions("ap-south-1", "ap-south-1")
        world.configure(CONFIG)
        assert self.region(None, None, None) == regions(None, None)
