"""Whose credentials a profile has, and the region in which STS is called."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import NoCredentialsError
from command import run
from credentials_service import FOR_BOTO3

from sso_plugin.commands.chosen_credentials import ChosenCredentials
from sso_plugin.commands.credentials_choice import CredentialsChoice
from sso_plugin.commands.whoami import whoami
from sso_plugin.errors import ConfigError

if TYPE_CHECKING:
    from world import World


@pytest.mark.long
@pytest.mark.parametrize(
    ("words", "changes"),
    [
        (["whoami", "--profile", "dev", "--json"], {}),
        (["whoami", "--json"], {"AWS_PROFILE": "dev"}),
    ],
)
def test_a_profile_is_checked_in_its_partition(
    world: World, words: list[str], changes: dict[str, str]
) -> None:
    """With a warning about the region in the environment."""
    world.configure(world.emulator.profile().rpartition("region = ")[0])
    world.sign_in()
    done = run(*words, AWS_DEFAULT_REGION="cn-north-1", **changes)
    assert json.loads(done.stdout)["account_id"] == "111111111111"
    assert "is not in aws, the partition of" in done.stderr


@pytest.mark.long
def test_keys_in_the_environment_are_checked_in_its_region(world: World) -> None:
    """No profile names their partition."""
    world.sign_in()
    keys, _ = ChosenCredentials.of(CredentialsChoice("dev")).fetch()
    done = run(
        "whoami",
        "--json",
        AWS_ACCESS_KEY_ID=str(keys.access_key),
        AWS_SECRET_ACCESS_KEY=str(keys.secret_key),
        AWS_SESSION_TOKEN=str(keys.token),
        AWS_REGION="cn-north-1",
    )
    assert (json.loads(done.stdout)["account_id"], done.stderr) == ("111111111111", "")


def test_the_identity_is_the_one_of_the_role(world: World) -> None:
    """Without a command line."""
    world.sign_in()
    identity = whoami(CredentialsChoice("dev"), {})
    assert identity.account_id == "111111111111"
    assert identity.arn.endswith("/alice")
    assert identity.user_id


def test_without_credentials_it_is_an_error_of_botocore(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for a script without a profile."""
    world.configure("")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(NoCredentialsError):
        whoami(environ={})


def test_a_service_that_has_ended_is_an_error(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names the variable, which a shell still has."""
    world.configure("")
    gone = str(world.home / "serve-1/token")
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/credentials")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", gone)
    if FOR_BOTO3:
        pytest.skip("this version of boto3 does not read a token file")
    with pytest.raises(ConfigError) as caught:
        whoami()
    assert str(caught.value) == (
        f"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE is {gone}, which does not exist: its service has "
        "ended. Start sso-plugin serve again, or unset AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE."
    )
