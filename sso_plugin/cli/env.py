"""``sso-plugin env``."""

from __future__ import annotations

import os

import click

from sso_plugin.commands.aws_variables import undo_variables
from sso_plugin.commands.env.environment import environment_of
from sso_plugin.commands.env.shells import SHELLS, assignments, detect_shell, load_command
from sso_plugin.timestamps import clock_time

from . import options, output

__all__ = ["command"]


@options.command(
    'env --profile dev                   # bash, zsh: eval "$(...)"',
    "env --profile dev | source          # fish",
    "env --profile dev | Out-String | Invoke-Expression   # PowerShell",
    'env --unset                         # bash, zsh: eval "$(...)"',
)
@options.profile_option
@click.option(
    "--shell",
    type=click.Choice(SHELLS),
    help="The shell that reads the output. Default: the parent process, otherwise SHELL.",
)
@click.option(
    "--unset",
    is_flag=True,
    help="Undo: print commands that unset the keys and restore AWS_PROFILE.",
)
def command(*, profile: str | None, shell: str | None, unset: bool) -> None:
    """Print the credentials of a profile as shell commands: keys, expiration and region.

    The commands also unset AWS_PROFILE and other variables that select other credentials.

    The keys are not renewed. For programs that run longer, use sso-plugin exec, or use the
    profile itself.
    """
    shell = shell or detect_shell()
    if unset:
        _print_undo(profile, shell)
        return
    environment = environment_of(profile)
    output.print_text(assignments(environment.variables, shell))
    if environment.expires_at:
        output.say(
            f"These keys expire at {clock_time(environment.expires_at)} and are not renewed. "
            "For longer runs, use `sso-plugin exec`.",
            "yellow",
        )
    else:
        output.say("These keys do not expire.", "yellow")
    output.say(
        "The shell now uses these keys; AWS_PROFILE is unset. To undo: "
        f"{load_command(shell, '--unset')}"
    )
    if output.is_terminal():
        output.say(f"To set them in this shell: {load_command(shell)}")


def _print_undo(profile: str | None, shell: str) -> None:
    if profile is not None:
        raise click.UsageError("--unset cannot be combined with --profile.")
    commands = assignments(undo_variables(os.environ), shell)
    if commands:
        output.print_text(commands)
    else:
        output.say("Nothing to undo: `sso-plugin env` has set nothing in this shell.")
