"""The region that a profile is handed on with, and the partition that its keys stay in."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import boto3
import pytest
from command import run

from sso_plugin.commands.console.federation import console_url
from sso_plugin.commands.profile_credentials import ProfileCredentials
from sso_plugin.commands.regions import region_of
from sso_plugin.errors import SsoPluginError
from sso_plugin.models import open_session

if TYPE_CHECKING:
    from typing import Any

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


@pytest.mark.parametrize(("name", "given", "expected", "partition"), CASES)
def test_a_profile_is_handed_on_with_its_own_region(
    world: World,
    name: str,
    given: tuple[str | None, str | None],
    expected: tuple[str | None, str | None],
    partition: str,
) -> None:
    """Else with that of the environment, and never with one of another partition."""
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
def test_our_own_calls_stay_in_the_partition(world: World, name: str, calls: str) -> None:
    """Also where nothing names a region."""
    world.configure(CONFIG)
    assert region_of(open_session(name), name, {}).calls == calls


def test_a_region_that_is_not_used_is_reported(world: World) -> None:
    """On standard error, with the region that is used."""
    world.configure(world.emulator.profile().rpartition("region = ")[0])
    world.sign_in()
    done = run("env", "--profile", "dev", "--shell", "bash", AWS_DEFAULT_REGION="us-gov-west-1")
    assert "export AWS_DEFAULT_REGION=eu-central-1\n" in done.stdout
    assert done.stderr.splitlines()[0] == (
        "sso-plugin: The region us-gov-west-1 in the environment is not in aws, the partition of "
        'the profile "dev". Using eu-central-1. Set region in the profile.'
    )


def test_a_role_is_assumed_in_the_partition_of_its_source(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By our commands; botocore by itself takes the region of the environment."""
    world.configure(
        world.emulator.profile()
        + "[profile chain]\nrole_arn = arn:aws:iam::111111111111:role/Deploy\n"
        "source_profile = dev\n"
    )
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-gov-west-1")
    session = ProfileCredentials.of("chain").session
    assert session.create_client("sts").meta.region_name == world.emulator.region
    assert boto3.Session(profile_name="chain").region_name == "us-gov-west-1"


@pytest.mark.parametrize(
    ("words", "changes"),
    [
        (["whoami", "--profile", "dev", "--json"], {}),
        (["whoami", "--json"], {"AWS_PROFILE": "dev"}),
    ],
)
def test_whoami_asks_in_the_partition_of_the_profile(
    world: World, words: list[str], changes: dict[str, str]
) -> None:
    """A warning says so."""
    world.configure(world.emulator.profile().rpartition("region = ")[0])
    world.sign_in()
    done = run(*words, AWS_DEFAULT_REGION="cn-north-1", **changes)
    assert json.loads(done.stdout)["account_id"] == "111111111111"
    assert "is not in aws, the partition of" in done.stderr


def test_whoami_asks_by_keys_of_the_environment_in_its_region(world: World) -> None:
    """No profile says anything about these keys."""
    world.sign_in()
    keys, _ = ProfileCredentials.of("dev").fetch()
    done = run(
        "whoami",
        "--json",
        AWS_ACCESS_KEY_ID=str(keys.access_key),
        AWS_SECRET_ACCESS_KEY=str(keys.secret_key),
        AWS_SESSION_TOKEN=str(keys.token),
        AWS_REGION="cn-north-1",
    )
    assert (json.loads(done.stdout)["account_id"], done.stderr) == ("111111111111", "")


def test_a_child_gets_the_region_of_the_profile(world: World) -> None:
    """Also where the environment has another one, and in the config file that it sees."""
    world.sign_in()
    code = (
        "import os, boto3; print(os.environ['AWS_REGION'], os.environ['AWS_DEFAULT_REGION'], "
        "boto3.Session()._session.get_scoped_config()['region'])"
    )
    words = ["exec", "--profile", "dev", "--", sys.executable, "-c", code]
    done = run(*words, AWS_REGION="us-east-1", AWS_DEFAULT_REGION="us-west-2")
    assert done.stdout == "eu-central-1 eu-central-1 eu-central-1\n"


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
def test_keys_are_sent_to_the_console_of_their_partition(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    region: str,
    signin: str,
    elsewhere: str,
    profile: str,
) -> None:
    """Whatever region the environment names."""
    text = world.emulator.profile().replace("eu-central-1", region).rpartition("region = ")[0]
    world.configure(
        f"{text}\n[profile chain]\nrole_arn = arn:aws:iam::111111111111:role/Deploy\n"
        "source_profile = dev\n"
    )
    world.sign_in(region=region)
    asked: list[str] = []

    def send(_session: object, _method: str, url: str, _form: object) -> Any:
        asked.append(url)
        raise SsoPluginError(error_msg="stop")

    monkeypatch.setattr("sso_plugin.commands.console.federation.send", send)
    with pytest.raises(SsoPluginError, match="stop"):
        console_url(profile, environ={"AWS_DEFAULT_REGION": elsewhere})
    assert asked == [f"https://{signin}/federation"]
