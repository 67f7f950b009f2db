"""``sso-plugin env``."""

from __future__ import annotations

import os

import click

from sso_plugin.commands.aws_variables import undone
from sso_plugin.commands.env.environment import environment_of
from sso_plugin.commands.env.shells import SHELLS, assignments, detect_shell, recipe

from . import options, output
from .times import clock_time

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
    help="Default: the shell that called, or else the one in SHELL.",
)
@click.option(
    "--unset", is_flag=True, help="Print the lines that undo this: no keys, AWS_PROFILE as before."
)
def command(*, profile: str | None, shell: str | None, unset: bool) -> None:
    """Print the credentials of a profile as lines for a shell: keys, expiration and region.

    The lines unset AWS_PROFILE and all else that makes a program use other credentials.

    The keys are frozen: once they expire, they are of no use. For what runs longer there is
    sso-plugin exec, and any AWS SDK by the profile itself.
    """
    shell = shell or detect_shell()
    if unset:
        _print_undo(profile, shell)
        return
    given = environment_of(profile)
    output.print_text(assignments(given.variables, shell))
    if given.expires_at:
        output.say(
            f"These keys expire at {clock_time(given.expires_at)} and do not renew themselves; "
            "`sso-plugin exec` renews.",
            "yellow",
        )
    else:
        output.say("These keys do not expire.", "yellow")
    output.say(
        "With these lines the shell uses the keys and no profile: AWS_PROFILE is unset. To undo: "
        f"{recipe(shell, '--unset')}"
    )
    if output.is_terminal():
        output.say(f"To set them here: {recipe(shell)}")


def _print_undo(profile: str | None, shell: str) -> None:
    if profile is not None:
        raise click.UsageError("--unset cannot be combined with --profile.")
    lines = assignments(undone(os.environ), shell)
    if lines:
        output.print_text(lines)
    else:
        output.say("Nothing to undo: `sso-plugin env` has set nothing in this shell.")
