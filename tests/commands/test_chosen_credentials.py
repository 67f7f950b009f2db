"""The credentials of any profile, and when they expire."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import boto3
import pytest

from sso_plugin.commands.chosen_credentials import ChosenCredentials
from sso_plugin.commands.credentials_choice import CredentialsChoice
from sso_plugin.errors import ConfigError
from sso_plugin.timestamps import format_timestamp

if TYPE_CHECKING:
    from world import World


def test_a_role_is_assumed_in_the_partition_of_its_source(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Botocore alone would use the region in the environment."""
    world.configure(
        world.emulator.profile()
        + "[profile chain]\nrole_arn = arn:aws:iam::111111111111:role/Deploy\n"
        "source_profile = dev\n"
    )
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-gov-west-1")
    session = ChosenCredentials.of(CredentialsChoice("chain")).session
    assert session.create_client("sts").meta.region_name == world.emulator.region
    assert boto3.Session(profile_name="chain").region_name == "us-gov-west-1"


STATIC = "[profile static]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = x\n"


def test_credentials_have_their_expiration(world: World) -> None:
    """The one of Identity Center, in epoch seconds."""
    world.sign_in()
    keys, expires_at = ChosenCredentials.of(CredentialsChoice("dev")).fetch()
    [file] = world.role_files()
    cached = json.loads(file.read_text(encoding="utf-8"))["Credentials"]
    assert keys.access_key == cached["AccessKeyId"]
    assert expires_at
    assert format_timestamp(expires_at) == cached["Expiration"]


def test_long_term_keys_do_not_expire(world: World) -> None:
    """Their expiration is None."""
    world.configure(STATIC)
    keys, expires_at = ChosenCredentials.of(CredentialsChoice("static")).fetch()
    assert (keys.access_key, expires_at) == ("AKIDEXAMPLE", None)


def test_keys_in_the_environment_are_not_used(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even if the profile comes from the environment too."""
    world.configure(STATIC)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDOTHER")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "y")
    monkeypatch.setenv("AWS_PROFILE", "static")
    keys, _ = ChosenCredentials.of().fetch()
    assert keys.access_key == "AKIDEXAMPLE"


def test_a_profile_without_credentials_is_an_error(world: World) -> None:
    """`find` returns None instead."""
    world.configure("[profile empty]\nregion = us-east-1\n")
    assert ChosenCredentials.find(CredentialsChoice("empty")) is None
    with pytest.raises(ConfigError, match='The profile "empty" has no credentials'):
        ChosenCredentials.of(CredentialsChoice("empty"))
