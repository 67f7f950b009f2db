"""The group of all commands. Each is imported when it is called, so that none pays for another."""

from __future__ import annotations

import io
import sys
from importlib import import_module
from typing import TYPE_CHECKING, cast

import click
from click.shell_completion import CompletionItem

from sso_plugin import __version__

from .failures import Failures
from .options import HELP_NAMES, debug_option

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["COMMANDS", "app", "run"]

# The module that holds each command, as an object named `command` unless another name follows,
# and what the list of commands says of it.
COMMANDS = {
    "login": ("login", "Log in, if that is needed."),
    "logout": ("logout", "End a login, here and at the portal."),
    "status": ("status", "Tell how things stand with a login."),
    "accounts": ("accounts_and_roles:accounts", "List the accounts that you have a role in."),
    "roles": ("accounts_and_roles:roles", "List the roles that you have."),
    "whoami": ("whoami", "Ask AWS who the credentials of a profile belong to."),
    "credential-process": ("credential_process", "Print credentials for another program."),
    "env": ("env", "Print credentials as lines for a shell."),
    "exec": ("exec_", "Run a command with credentials that renew themselves."),
    "console": ("console", "Open the AWS console as a role."),
    "configure": ("configure", "Write profiles for the accounts and roles that you have."),
    "doctor": ("doctor", "Find out what is wrong, and how to mend it."),
    "completion": ("completion", "Print the completion script of a shell."),
}


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        home = import_module(f".{module}", __package__)
        return cast("click.Command", getattr(home, attribute or "command"))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Offer the commands without importing them."""
        found = [
            CompletionItem(name, help=text)
            for name, (_, text) in COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


_EPILOG = """\
Data is printed on standard output, everything else on standard error. NO_COLOR is respected.

Exit codes: 0 done, 1 failed, 2 not understood, 130 stopped by Ctrl-C. The command status has codes
of its own.
"""


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    epilog=_EPILOG,
    context_settings={"help_option_names": HELP_NAMES, "max_content_width": 100},
)
@click.version_option(__version__, message="sso-plugin %(version)s")
@debug_option
@click.pass_context
def app(ctx: click.Context) -> None:
    """AWS IAM Identity Center: log in, look around, hand credentials on.

    \b
    For example:
      sso-plugin login --profile dev
      sso-plugin status
    """  # noqa: D301 - click's mark for lines that are to stay as they are
    if ctx.invoked_subcommand is None:
        raise click.UsageError("Missing command.", ctx)


def run(words: Sequence[str]) -> int:
    """Run the command in these words; every failure becomes one sentence and an exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A name that the terminal has no letters for is no reason to fail.
        sys.stdout.reconfigure(errors="backslashreplace")
    with Failures() as failures:
        failures.code = app.main(
            list(words), prog_name="sso-plugin", standalone_mode=False, obj=failures
        )
        # A disk that is full is a failure of the command, not of Python's exit.
        sys.stdout.flush()
    return failures.code or 0
