"""Options that several commands have, and the decorator that makes a function a command."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from sso_plugin.commands.aws_variables import profile_before_env

if TYPE_CHECKING:
    from collections.abc import Callable

    from .failures import Failures

__all__ = [
    "HELP_NAMES",
    "command",
    "debug_option",
    "group",
    "json_option",
    "login_options",
    "profile_of",
    "profile_option",
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


def _complete_names(kind: str) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """Return a function that completes names of sections of the config file."""

    def complete(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
        from botocore.exceptions import BotoCoreError

        from sso_plugin.models import open_session

        try:
            names = open_session().full_config[kind]
        except BotoCoreError:
            # An error message would end up in the middle of the command line.
            return []
        return [name for name in names if name.startswith(incomplete)]

    return complete


profile_option = click.option(
    "--profile",
    "-p",
    metavar="NAME",
    shell_complete=_complete_names("profiles"),
    help='A profile in the AWS config file. Default: AWS_PROFILE, otherwise "default".',
)

_session_option = click.option(
    "--sso-session",
    metavar="NAME",
    shell_complete=_complete_names("sso_sessions"),
    help="An sso-session in the AWS config file, instead of a profile.",
)

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


_start_url_option = click.option(
    "--start-url", metavar="URL", help="A start URL, instead of a profile or sso-session."
)

_sso_region_option = click.option(
    "--sso-region",
    metavar="REGION",
    help="The region of the start URL. Default: the region in its token file.",
)


def login_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that name a login: the parameters of `ConfiguredLogin.find`."""
    return profile_option(_session_option(_start_url_option(_sso_region_option(function))))


def profile_of(
    profile: str | None, sso_session: str | None, start_url: str | None, sso_region: str | None
) -> str | None:
    """Return the given profile; without any option, the one that `env` has unset, or None."""
    named = profile or sso_session or start_url or sso_region
    return profile if named else profile_before_env(os.environ)


def command(
    *examples: str, exit_codes: str = _EXIT_CODES, **settings: Any
) -> Callable[[Callable[..., Any]], click.Command]:
    """Make a function a command: its docstring is the help, its result the exit code.

    :param examples: calls, without ``sso-plugin``, that are shown at the end of the help.
    :param settings: more parameters of `click.command`.
    """

    def decorate(function: Callable[..., Any]) -> click.Command:
        make = click.command(None, click.Command, epilog=_epilog(examples, exit_codes), **settings)
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
        made = click.Group(
            callback=click.pass_context(run),
            commands=commands,
            help=function.__doc__,
            epilog=_epilog(examples, _EXIT_CODES),
            invoke_without_command=True,
        )
        return debug_option(made)

    return decorate


def _epilog(examples: tuple[str, ...], exit_codes: str) -> str:
    lines = "".join(f"\n  sso-plugin {example}" for example in examples)
    return f"\b\nFor example:{lines}\n\nExit codes: {exit_codes}."
