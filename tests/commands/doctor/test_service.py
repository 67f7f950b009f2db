"""The check of the provider that serves a profile."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import botocore.credentials
import pytest
from command import run
from findings import findings, unhealthy

if TYPE_CHECKING:
    from world import World


UNSET = "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN"


@pytest.mark.long
def test_keys_in_the_environment_come_before_a_profile_there(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS_PROFILE is set, but not used."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA")
    monkeypatch.setenv("AWS_PROFILE", "dev")
    message = 'The profile "dev" is not used: AWS_ACCESS_KEY_ID in the environment comes first.'
    assert unhealthy(None) == [("problem", message, UNSET)]
    [(status, message, fix)] = unhealthy("dev")
    assert (status, fix) == ("warning", UNSET)
    assert message.startswith(
        "AWS_ACCESS_KEY_ID is set: programs that get the profile from AWS_PROFILE use "
    )


@pytest.mark.long
def test_an_empty_key_in_the_environment_is_ignored(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in botocore."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "")
    monkeypatch.setenv("AWS_PROFILE", "dev")
    assert unhealthy(None) == []
    monkeypatch.setenv("SSO_PLUGIN", "off")
    import botocore.session

    credentials: Any = botocore.session.Session().get_credentials()
    assert credentials.method == "sso"


@pytest.mark.long
def test_a_key_that_differs_from_its_sso_session_is_a_warning(world: World) -> None:
    """Here the profile comes first; the AWS CLI rejects it."""
    profile = world.emulator.profile()
    world.configure(profile.replace("[sso-session corp]", "[sso-session corp]\nsso_login = auto"))
    assert not unhealthy()
    config = world.config_file.read_text().replace(
        "[profile dev]", "[profile dev]\nsso_login = never"
    )
    world.configure(config)
    message = (
        "sso_login is never in the profile and auto in its sso-session: the AWS CLI, and botocore "
        "without sso_plugin, reject this."
    )
    assert unhealthy() == [("warning", message, "Remove sso_login from one of them.")]


def test_keys_in_the_credentials_file_are_a_warning(world: World) -> None:
    """boto3 does not use them, other SDKs do."""
    shared = world.home / ".aws" / "credentials"
    shared.write_text("[dev]\naws_access_key_id = AKIA\naws_secret_access_key = x\n")
    message = (
        f'{shared} also has keys for the profile "dev": boto3 uses SSO, other SDKs use the keys.'
    )
    assert unhealthy() == [("warning", message, f"Remove the section [dev] from {shared}.")]


@pytest.mark.long
@pytest.mark.parametrize("place", ["[profile dev]\n", "[sso-session corp]\n"])
def test_a_disabled_profile_is_a_warning(world: World, place: str) -> None:
    """With the line to remove."""
    world.configure(world.emulator.profile().replace(place, f"{place}sso_plugin = off\n"))
    assert unhealthy() == [
        (
            "warning",
            'The profile "dev" is served by botocore: sso_plugin is off.',
            "Remove sso_plugin = off from the profile, or from its sso-session.",
        )
    ]


@pytest.mark.one_quick_case
@pytest.mark.parametrize(
    ("text", "served_by"),
    [
        ("region = x\n", "the role of the machine, if it has one"),
        ("credential_process = x\n", "a program (credential_process)"),
        ("aws_access_key_id = x\n", "the keys in the config file"),
        ("role_arn = x\ncredential_source = Environment\n", "an assumed role (role_arn)"),
        ("role_arn = x\nweb_identity_token_file = y\n", "a web identity (web_identity_token_file)"),
        pytest.param(
            "login_session = x\n",
            "aws login (login_session)",
            marks=pytest.mark.skipif(
                not hasattr(botocore.credentials, "LoginProvider"), reason="botocore is older"
            ),
        ),
    ],
)
def test_the_provider_of_a_profile_without_sso_is_named(
    world: World, text: str, served_by: str
) -> None:
    """It is a warning, since it may not be intended."""
    world.configure(f"{world.emulator.profile()}\n[profile other]\n{text}")
    statuses = [(status, message) for status, message, _ in unhealthy("other")]
    assert statuses == [
        (
            "warning",
            f'The profile "other" has no Identity Center role; it is served by {served_by}.',
        )
    ]


def test_a_role_chain_names_its_source(world: World) -> None:
    """With the command to check it."""
    chain = "\n[profile chain]\nrole_arn = x\nsource_profile = dev\n"
    world.configure(world.emulator.profile() + chain)
    assert findings("provider", "chain")[0].message == (
        'The profile "chain" assumes a role with the profile "dev": check that one with '
        "sso-plugin doctor --profile dev"
    )


class TestAfterEnv:
    """A shell in which ``env`` set keys."""

    @pytest.mark.long
    def test_keys_set_by_env_can_be_undone(self, world: World) -> None:
        """The fix is ``env --unset``: scripts in this shell use the keys."""
        keys = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "x"}
        note = '{"AWS_PROFILE": ["dev", null]}'
        done = run("doctor", "--json", SHELL="/bin/bash", SSO_PLUGIN_UNDO=note, **keys)
        [found] = [
            (each["message"], each["fix"])
            for each in json.loads(done.stdout)["findings"]
            if each["check"] == "provider"
        ]
        assert found == (
            'The profile "default" has no Identity Center role; it is served by the keys in '
            "the environment (AWS_ACCESS_KEY_ID).",
            'eval "$(sso-plugin env --unset)"',
        )
