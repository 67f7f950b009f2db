"""Whose credentials a profile has, and the region in which STS is called."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import NoCredentialsError
from command import run

from sso_plugin.commands.profile_credentials import ProfileCredentials
from sso_plugin.commands.whoami import whoami

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


def test_the_identity_is_the_one_of_the_role(world: World) -> None:
    """Without a command line."""
    world.sign_in()
    identity = whoami("dev", {})
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
        whoami(None, {})
