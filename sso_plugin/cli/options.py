"""Options that several commands have, and the decorator that makes a function a command."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from sso_plugin.commands.aws_variables import login_of_shell

from . import completing
from .help_text import Command, Group
from .output import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from .failures import Failures

__all__ = [
    "HELP_NAMES",
    "check_region",
    "command",
    "debug_option",
    "group",
    "json_option",
    "login_named",
    "login_options",
    "login_way_options",
    "name_argument",
    "profile_option",
    "usage_error",
]

HELP_NAMES = ["-h", "--help"]

_EXIT_CODES = "0 done, 1 failed, 2 usage error, 130 stopped by Ctrl-C"


def _set_debug(ctx: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's signature
    failures: Failures | None = ctx.find_root().obj
    if value and failures is not None:
        failures.enable_debug()


debug_option = click.option(
    "--debug",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_set_debug,
    help="Show debug messages and tracebacks. Secrets are masked.",
)


profile_option = click.option(
    "--profile",
    "-p",
    metavar="NAME",
    shell_complete=completing.profiles,
    help='A profile in the AWS config file. Default: AWS_PROFILE, otherwise "default".',
)

_session_option = click.option(
    "--sso-session",
    metavar="NAME",
    shell_complete=completing.sso_sessions,
    help="An sso-session in the AWS config file, instead of a profile.",
)

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


_start_url_option = click.option(
    "--start-url",
    metavar="URL",
    shell_complete=completing.start_urls,
    help="A start URL, instead of a profile or sso-session.",
)

_sso_region_option = click.option(
    "--sso-region",
    metavar="REGION",
    shell_complete=completing.regions,
    help="The region of the start URL. Default: the region in its token file.",
)


def check_region(_ctx: click.Context, _param: click.Parameter, text: str | None) -> str | None:
    """Return the value of an option that takes a region.

    :raises click.BadParameter: if it cannot be one.
    """
    # Not at the top: help and completion have to be fast.
    from sso_plugin.commands.region_names import region_fault

    if text and (fault := region_fault(text)):
        raise click.BadParameter(fault)
    return text


def login_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that name a login: the parameters of `ConfiguredLogin.find`."""
    return profile_option(_session_option(_start_url_option(_sso_region_option(function))))


_flow_option = click.option(
    "--flow",
    type=click.Choice(["auto", "browser", "device"]),
    default="auto",
    show_default=True,
    help="browser: use a browser on this machine. device: use a code and a browser on any machine. "
    "auto: choose one of them.",
)

_no_browser_option = click.option(
    "--no-browser", is_flag=True, help="Print the link, and do not open a browser."
)

_no_qr_option = click.option("--no-qr", is_flag=True, help="Do not print a QR code.")


def login_way_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say how a person logs in."""
    return _flow_option(_no_browser_option(_no_qr_option(function)))


name_argument = click.argument("name", required=False, shell_complete=completing.logins)
"""A profile or an sso-session, in place of an option; see `login_named`."""


def login_named(
    name: str | None, profile: str | None, sso_session: str | None, *others: str | None
) -> tuple[str | None, str | None]:
    """Return the profile and the sso-session that a command is about: by NAME, or by its options.

    Without both, they are those of a shell with other credentials; see `login_of_shell`.

    :param others: the values of other options that name a login.
    """
    given = any((profile, sso_session, *others))
    if name is None:
        return (profile, sso_session) if given else login_of_shell(os.environ)
    if given:
        raise click.UsageError("NAME cannot be combined with an option that names a login.")
    from sso_plugin.commands.named_login import find_named_login

    found = find_named_login(name)
    if found.note:
        say(found.note)
    return found.profile, found.sso_session


def command(
    *examples: str, exit_codes: str = _EXIT_CODES, **settings: Any
) -> Callable[[Callable[..., Any]], click.Command]:
    """Make a function a command: its docstring is the help, its result the exit code.

    :param examples: calls, without ``sso-plugin``, that are shown at the end of the help.
    :param settings: more parameters of `click.command`.
    """

    def decorate(function: Callable[..., Any]) -> click.Command:
        make = click.command(None, Command, epilog=_epilog(examples, exit_codes), **settings)
        return make(debug_option(function))

    return decorate


def group(
    *examples: str, commands: dict[str, click.Command]
) -> Callable[[Callable[..., Any]], click.Group]:
    """Make a function that does nothing a group of commands: its docstring is the help.

    :param commands: by name.
    """

    def run(ctx: click.Context) -> None:
        if ctx.invoked_subcommand is None:
            raise click.UsageError("Missing command.", ctx)

    def decorate(function: Callable[..., Any]) -> click.Group:
        made = Group(
            callback=click.pass_context(run),
            commands=commands,
            help=function.__doc__,
            epilog=_epilog(examples, _EXIT_CODES),
            invoke_without_command=True,
        )
        return debug_option(made)

    return decorate


def usage_error(text: str) -> click.UsageError:
    """Return an error in the arguments of the command that runs, with a reference to its help."""
    return click.UsageError(text, click.get_current_context(silent=True))


def _epilog(examples: tuple[str, ...], exit_codes: str) -> str:
    lines = "".join(f"\n  sso-plugin {example}" for example in examples)
    return f"\b\nFor example:{lines}\n\nExit codes: {exit_codes}."
