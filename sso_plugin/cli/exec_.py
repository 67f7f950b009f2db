"""``sso-plugin exec``."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from sso_plugin.commands.exec_.child_process import NotRunError
from sso_plugin.commands.exec_.shell import find_shell
from sso_plugin.printable import inside_sentence

from . import completing, options, output
from .credentials_options import CredentialsChoice, credentials_options

if TYPE_CHECKING:
    from sso_plugin.commands.chosen_credentials import ChosenCredentials

__all__ = ["command"]


@options.command(
    "exec --profile dev -- terraform apply",
    "exec --profile dev -- python nightly.py --all",
    "exec --account staging --role ReadOnlyAccess -- aws s3 ls",
    "exec --profile dev",
    exit_codes="the one of the command, 128+n if signal n ended it, 127 if it does not exist, 126 "
    "if it cannot be run; before it starts: 1 failed, 2 usage error",
    context_settings={"allow_interspersed_args": False},
)
@credentials_options
@click.argument(
    "arguments",
    metavar="[CMD...]",
    nargs=-1,
    type=click.UNPROCESSED,
    shell_complete=completing.words_of_command,
)
def command(*, choice: CredentialsChoice, arguments: tuple[str, ...]) -> int:
    """Run a command with the credentials of a profile or a role, which are renewed while it runs.

    The command gets its credentials from an endpoint on this machine, as AWS SDKs do in a
    container. Its default profile has the settings of the given profile. Signals are forwarded.

    Without a command, start your shell: the program in SHELL. For its prompt, SSO_PLUGIN_PROFILE
    has the name of the profile; SSO_PLUGIN_ACCOUNT and SSO_PLUGIN_ROLE have those of a role.
    """
    # Not at the top: it imports botocore, and completion imports this module.
    from sso_plugin.commands.exec_.execution import run_with_credentials

    words = arguments or (_shell(),)
    try:
        return run_with_credentials(words, choice, begin=_no_message if arguments else _announce)
    except NotRunError as exc:
        output.say(f"{words[0]} cannot be run: {exc}", "problem", prefix="sso-plugin: ")
        return exc.exit_code


def _shell() -> str:
    """Return the user's shell.

    :raises click.UsageError: without a terminal, where it would end at once without an error.
    """
    if not output.is_terminal(sys.stdin):
        raise options.usage_error(
            "Missing command. Without a command, exec starts a shell, which needs a terminal."
        )
    return find_shell()


def _no_message(_: ChosenCredentials) -> None:
    pass


def _announce(chosen: ChosenCredentials) -> None:
    from sso_plugin.commands.exec_.execution import outer_exec

    subject = inside_sentence(chosen.subject)
    outer = outer_exec(os.environ)
    inside = f" It runs inside a shell with those of {outer}." if outer else ""
    output.say(f"This shell has the credentials of {subject}.{inside} To leave it: exit")
