"""Errors of botocore as one sentence with a fix."""

from __future__ import annotations

import configparser
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import BotoCoreError, ConfigParseError, ProfileNotFound
from command import run

from sso_plugin.cli.error_text import sentence
from sso_plugin.errors import ConfigError

if TYPE_CHECKING:
    from world import World


NOWHERE = "http://127.0.0.1:9"


CHECK = "Check the network and its proxies, or run: sso-plugin doctor"


@pytest.mark.long
@pytest.mark.parametrize(
    ("words", "service"),
    [
        ("login --profile dev", "SSO_OIDC"),
        ("accounts --profile dev", "SSO"),
        ("roles --profile dev", "SSO"),
        ("env --profile dev", "SSO"),
        ("whoami --profile dev", "SSO"),
        ("credential-process --profile dev", "SSO"),
    ],
)
def test_an_unreachable_portal_is_named(world: World, words: str, service: str) -> None:
    """The message contains its address and a fix."""
    if service == "SSO":
        world.sign_in()
    done = run(*words.split(), **{f"AWS_ENDPOINT_URL_{service}": NOWHERE})
    assert (done.returncode, done.stdout) == (1, "")
    text = done.stderr.splitlines()[-1]
    assert text.startswith('sso-plugin: The profile "dev" cannot reach Identity Center (')
    assert NOWHERE in text
    assert text.endswith("Run: sso-plugin doctor --profile dev")


@pytest.mark.long
def test_an_unreachable_sts_is_named(world: World) -> None:
    """An error of botocore gets a fix too."""
    world.sign_in()
    done = run("whoami", "--profile", "dev", AWS_ENDPOINT_URL_STS=NOWHERE, AWS_MAX_ATTEMPTS="1")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith(f'endpoint URL: "{NOWHERE}/". {CHECK}\n')


def test_an_error_of_this_package_is_not_changed() -> None:
    """It contains its fix."""
    exc = ConfigError(subject="The profile", problem="is wrong", fix="Run: x")
    assert sentence(exc) == "The profile is wrong. Run: x"


def test_an_error_of_botocore_gets_a_fix() -> None:
    """After one full stop, on one line."""
    assert sentence(ProfileNotFound(profile="gone")) == (
        "The config profile (gone) could not be found. Choose one with --profile, or add it to the "
        "AWS config file."
    )


def test_an_error_without_a_known_fix_is_its_message() -> None:
    """Line breaks become spaces."""

    class Unknown(BotoCoreError):
        fmt = "one\n  two"

    assert sentence(Unknown()) == "one two"


def test_an_invalid_config_file_is_reported_with_its_line() -> None:
    """The content of the line may be a secret."""
    parser = configparser.RawConfigParser()
    with pytest.raises(configparser.Error) as caught:
        parser.read_string("[a]\nsecret\n")
    text = sentence(ConfigParseError(path="/x", error=caught.value))
    assert text == "Unable to parse config file: /x. Edit line 2 of that file."


def test_an_operating_system_error_names_the_file() -> None:
    """Without the number of the error."""
    assert sentence(PermissionError(13, "Permission denied", "/x")) == "/x: Permission denied"
    assert sentence(OSError(28, "No space left on device")) == "No space left on device"


def test_an_unexpected_error_is_its_class() -> None:
    """Its message may contain a secret."""
    assert sentence(ZeroDivisionError("secret")) == (
        "ZeroDivisionError: unexpected error. Add --debug to see where it happened."
    )


def test_a_profile_that_does_not_exist_gets_a_suggestion(world: World) -> None:
    """One with a similar name; otherwise the option that names one."""
    missing = "The config profile ({}) could not be found. {}"
    found = sentence(ProfileNotFound(profile="dve"))
    assert found == missing.format("dve", "Did you mean: dev?")
    fix = "Choose one with --profile, or add it to the AWS config file."
    assert sentence(ProfileNotFound(profile="x")) == missing.format("x", fix)
