"""``sso-plugin env``."""

from __future__ import annotations

import click

from sso_plugin.commands.handout import environment_of
from sso_plugin.commands.shells import SHELLS, assignments, detect_shell, recipe

from . import support
from .words import clock_time

__all__ = ["command"]


@support.command(
    'env --profile dev                   # bash, zsh: eval "$(...)"',
    "env --profile dev | source          # fish",
    "env --profile dev | Out-String | Invoke-Expression   # PowerShell",
)
@support.profile_option
@click.option(
    "--shell",
    type=click.Choice(SHELLS),
    help="Default: the shell that called, or else the one in SHELL.",
)
def command(profile: str | None, shell: str | None) -> None:
    """Print the credentials of a profile as lines for a shell: keys, expiration and region.

    The keys are frozen: once they expire, they are of no use. For what runs longer there is
    sso-plugin exec, and any AWS SDK by the profile itself.
    """
    shell = shell or detect_shell()
    given = environment_of(profile)
    support.print_text(assignments(given.variables, shell))
    if given.expires_at:
        support.say(
            f"These keys expire at {clock_time(given.expires_at)} and do not renew themselves; "
            "`sso-plugin exec` renews.",
            "yellow",
        )
    else:
        support.say("These keys do not expire.", "yellow")
    if support.is_terminal():
        support.say(f"To set them here: {recipe(shell)}")
