"""The options that choose credentials, which several commands have."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click
import pytest
from long_tests import long

from sso_plugin.cli import credentials_options, main
from sso_plugin.cli.app import app
from sso_plugin.cli.credentials_options import CredentialsChoice, given_option

if TYPE_CHECKING:
    from world import World

COMMANDS = ["whoami", "env", "exec", "console", "credential-process", "serve"]


@pytest.mark.parametrize("name", COMMANDS)
def test_these_commands_have_the_options(name: str) -> None:
    """With the same names."""
    command = app.get_command(click.Context(app), name)
    assert command
    given = {option for each in command.params for option in each.opts}
    assert {"-p", *credentials_options._OPTIONS.values()} <= given


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--sso-session", "corp"], "--sso-session needs --account."),
        (["--sso-session", "corp", "--role", "x"], "--sso-session needs --account."),
        (
            ["-p", "dev", "--sso-session", "corp", "--account", "x"],
            "--sso-session cannot be combined with --profile.",
        ),
        (["--account", ""], "The value of --account is empty."),
        (["--account", "x", "--role", " "], "The value of --role is empty."),
        (["--region", ""], "The value of --region is empty."),
        (["--region", "eu-centrl"], "is not a valid region. Use one such as eu-central-"),
        *(
            (["--region", text], "is not a valid region. Use one such as ")
            for text in ("EU-WEST-1", "eu-west-1\n", "$(id)")
        ),
    ],
)
def test_options_that_do_not_belong_together_are_a_usage_error(
    words: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before any file is read."""
    assert main(["whoami", *words]) == 2
    error = capsys.readouterr().err
    assert " ".join(problem.split()) in error
    assert error.endswith("See: sso-plugin whoami --help\n")


@pytest.mark.parametrize("name", ["whoami", *long("env", "console", "credential-process")])
def test_a_region_of_another_partition_is_an_error(
    world: World, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The keys would not be valid there."""
    world.sign_in()
    assert main([name, "-p", "dev", "--region", "cn-north-1"]) == 1
    assert capsys.readouterr().err == (
        'sso-plugin: The region cn-north-1 is not in aws, the partition of the profile "dev". Use '
        "a region of aws, such as eu-central-1.\n"
    )


def test_the_first_option_that_was_given() -> None:
    """For messages; an empty choice has none."""
    assert given_option(CredentialsChoice()) is None
    assert given_option(CredentialsChoice(role="x", region="y")) == "--role"


def test_a_role_of_a_credential_process(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """It is cached, as that of a profile."""
    world.sign_in()
    words = ["--account", "staging", "--role", "AdministratorAccess", "--sso-session", "corp"]
    assert main(["credential-process", *words]) == 0
    assert json.loads(capsys.readouterr().out)["AccessKeyId"].startswith("ASIA")
    assert len(world.role_files()) == 1


def test_whoami_of_a_role(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Even if there are keys in the environment."""
    world.sign_in()
    assert main(["whoami", "--account", "staging", "--region", "eu-west-1"]) == 0
    assert capsys.readouterr().out.startswith("account  222222222222\n")
