"""The group of all commands. A command is imported only when it is called."""

from __future__ import annotations

import io
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, cast

import click

from sso_plugin import __version__
from sso_plugin.commands.aws_variables import use_own_files
from sso_plugin.signin import wait_option

from . import completing
from .failures import Failures
from .help_text import Group
from .options import HELP_NAMES, debug_option

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["COMMANDS", "app", "run"]

COMMANDS = {
    "login": ("login", "Log in, if needed."),
    "logout": ("logout", "Log out: revoke the token and delete local files."),
    "status": ("status", "Show whether a login is valid."),
    "accounts": ("accounts_and_roles:accounts", "List the accounts in which you have a role."),
    "roles": ("accounts_and_roles:roles", "List your roles."),
    "whoami": ("whoami", "Show whose credentials a profile has."),
    "credential-process": ("credential_process", "Print credentials for another program."),
    "env": ("env", "Print credentials as shell commands."),
    "exec": ("exec_", "Run a command with credentials that are renewed."),
    "serve": ("serve", "Serve credentials to other programs on this machine."),
    "console": ("console", "Open the AWS console as a role."),
    "configure": ("configure", "Write a profile for each of your roles."),
    "store": ("store", "Share one login among many machines."),
    "rotate-key": ("rotate_key", "Make a new encryption key."),
    "doctor": ("doctor", "Find problems, and show how to fix them."),
    "completion": ("completion", "Print a completion script for a shell."),
}
"""For each command: its module, which has an object ``command`` unless another name follows the
colon, and its line in the list of commands."""


_ABOUT_LOGINS = {"login", "logout", "status", "accounts", "roles", "configure", "rotate-key"}
"""Commands that are about the config files of the user, also in a shell of `exec` or `serve`."""


class LazyGroup(Group):
    """A group of commands that imports a command only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command; return None if it does not exist."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        imported = import_module(f".{module}", __package__)
        return cast("click.Command", getattr(imported, attribute or "command"))

    def descriptions(self) -> dict[str, str]:
        """Return the description of each command, without importing the commands."""
        return {name: text for name, (_, text) in COMMANDS.items()}


_EPILOG = """\
Data is printed on standard output, messages on standard error. Set NO_COLOR to disable colors.

Exit codes: 0 done, 1 failed, 2 usage error, 130 stopped by Ctrl-C. The commands status and exec
have other codes; see their help.
"""


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    epilog=_EPILOG,
    context_settings={"help_option_names": HELP_NAMES},
)
@click.version_option(__version__, message="sso-plugin %(version)s")
@debug_option
@click.pass_context
def app(ctx: click.Context) -> None:
    """Log in to AWS IAM Identity Center, and use its accounts, roles and credentials.

    Without a command, shows your logins and the next step.

    \b
    For example:
      sso-plugin configure
      sso-plugin login dev
      sso-plugin status
    """  # noqa: D301 - \b keeps click from joining the lines
    if ctx.invoked_subcommand in {*_ABOUT_LOGINS, None}:
        use_own_files(os.environ)
    if ctx.invoked_subcommand is None:
        from .overview import show_overview

        show_overview()


def run(arguments: Sequence[str]) -> int:
    """Run a command; a failure is printed as one sentence and returned as an exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Print characters that the terminal does not support as escape sequences.
        sys.stdout.reconfigure(errors="backslashreplace")
    wait_option.set_meaning("auto")
    if completing.VARIABLE in os.environ:
        from . import completion_scripts  # noqa: F401 - click finds its classes
    with Failures() as failures:
        failures.code = app.main(
            list(arguments), prog_name="sso-plugin", standalone_mode=False, obj=failures
        )
        # Report a full disk as a failure of the command. Python would report it at exit.
        if sys.stdout is not None:
            sys.stdout.flush()
    return failures.code or 0
