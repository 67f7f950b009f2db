"""``sso-plugin env``."""

from __future__ import annotations

import os

import click

from sso_plugin.commands.aws_variables import undo_variables
from sso_plugin.commands.env.formats import FORMATS, SHELL_FORMATS, text_of
from sso_plugin.commands.env.shells import SHELLS, assignments, detect_shell, load_command

from . import options, output
from .credentials_options import CredentialsChoice, credentials_options, given_option
from .times import when

__all__ = ["command", "shell_of", "shell_option"]


shell_option = click.option(
    "--shell",
    type=click.Choice(SHELLS),
    help="The shell that reads the output. Default: the parent process, otherwise SHELL.",
)


def shell_of(shell: str | None, format_name: str | None) -> str | None:
    """Return the shell that reads the output; None for a format that is not for a shell.

    :raises click.UsageError: if both are given.
    """
    if shell and format_name:
        raise options.usage_error("--format cannot be combined with --shell.")
    return SHELL_FORMATS.get(format_name) if format_name else shell or detect_shell()


@options.command(
    'env --profile dev                   # bash, zsh: eval "$(...)"',
    "env --profile dev | source          # fish",
    "env --profile dev | Out-String | Invoke-Expression   # PowerShell",
    'env --unset                         # bash, zsh: eval "$(...)"',
    "env --account staging --role ReadOnlyAccess --format json",
)
@credentials_options
@shell_option
@click.option(
    "--format",
    "format_name",
    type=click.Choice(FORMATS),
    help="The format of the output, instead of --shell. The names are those of `aws configure "
    "export-credentials`, and dotenv and json.",
)
@click.option(
    "--unset",
    is_flag=True,
    help="Undo: print commands that unset the keys and restore AWS_PROFILE.",
)
def command(
    *, choice: CredentialsChoice, shell: str | None, format_name: str | None, unset: bool
) -> None:
    """Print credentials as shell commands: keys, expiration and region.

    The commands also unset AWS_PROFILE and other variables that select other credentials. The
    formats env-no-export, dotenv, json and process are for programs: they only have values.

    The keys are not renewed. For programs that run longer, use sso-plugin exec or sso-plugin
    serve, or use the profile itself.
    """
    read_by = shell_of(shell, format_name)
    if unset:
        _print_undo(choice, read_by)
        return
    # Not at the top: it imports botocore, and completion imports this module.
    from sso_plugin.commands.env.environment import environment_of

    environment = environment_of(choice)
    output.print_text(text_of(environment, read_by, format_name))
    _say_expiry(environment.expires_at)
    if read_by:
        output.say(
            "The shell now uses these keys; AWS_PROFILE is unset. To undo: "
            f"{load_command(read_by, '--unset')}"
        )
    if read_by and output.is_terminal():
        output.say(f"To set them in this shell: {load_command(read_by)}")


def _say_expiry(expires_at: float | None) -> None:
    if expires_at:
        output.say(
            f"These keys expire at {when(expires_at)} and are not renewed. "
            "For longer runs, use `sso-plugin exec`.",
            "warning",
        )
    else:
        output.say("These keys do not expire.", "warning")


def _print_undo(choice: CredentialsChoice, shell: str | None) -> None:
    if given := given_option(choice):
        raise options.usage_error(f"--unset cannot be combined with {given}.")
    if shell is None:
        raise options.usage_error("--unset needs the format of a shell, such as --format env.")
    commands = undo_variables(os.environ)
    if commands:
        output.print_text(assignments(commands, shell))
    else:
        output.say("Nothing to undo: `sso-plugin env` has set nothing in this shell.")
