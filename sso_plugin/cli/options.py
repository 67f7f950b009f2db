"""The options that the commands share, and how a function becomes a command."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from sso_plugin.commands.aws_variables import hidden_profile

if TYPE_CHECKING:
    from collections.abc import Callable

    from .failures import Failures

__all__ = [
    "HELP_NAMES",
    "command",
    "debug_option",
    "json_option",
    "login_options",
    "profile_of",
    "profile_option",
]

HELP_NAMES = ["-h", "--help"]

_EXIT_CODES = "0 done, 1 failed, 2 not understood, 130 stopped by Ctrl-C"


def _set_debug(ctx: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's signature
    failures: Failures | None = ctx.find_root().obj
    if value and failures is not None:
        failures.show_all()


debug_option = click.option(
    "--debug",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_set_debug,
    help="Say what is done and, if it fails, where. Shows no secret.",
)


def _names_of(kind: str) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """Return what completes the names of a kind of section in the config file."""

    def complete(_ctx: click.Context, _param: click.Parameter, begun: str) -> list[str]:
        from botocore.exceptions import BotoCoreError

        from sso_plugin.models import open_session

        try:
            names = open_session().full_config[kind]
        except BotoCoreError:
            # Nobody wants to read of a broken file while typing.
            return []
        return [name for name in names if name.startswith(begun)]

    return complete


profile_option = click.option(
    "--profile",
    "-p",
    metavar="NAME",
    shell_complete=_names_of("profiles"),
    help="A profile of the AWS config file. Default: AWS_PROFILE, or else default.",
)

_session_option = click.option(
    "--sso-session",
    metavar="NAME",
    shell_complete=_names_of("sso_sessions"),
    help="An sso-session of that file, instead of a profile.",
)

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


_start_url_option = click.option("--start-url", metavar="URL", help="A start URL, instead of both.")

_sso_region_option = click.option(
    "--sso-region",
    metavar="REGION",
    help="The region of that start URL. Default: the one in its token file.",
)


def login_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the ways to name a login: the parameters of `ConfiguredLogin.find`."""
    return profile_option(_session_option(_start_url_option(_sso_region_option(function))))


def profile_of(
    profile: str | None, sso_session: str | None, start_url: str | None, sso_region: str | None
) -> str | None:
    """Return the profile that is named; if nothing is, the one that `env` has unset, or None."""
    named = profile or sso_session or start_url or sso_region
    return profile if named else hidden_profile(os.environ)


def command(
    *examples: str, exit_codes: str = _EXIT_CODES, **settings: Any
) -> Callable[[Callable[..., Any]], click.Command]:
    """Make a command of a function whose docstring is the help; its return value is the exit code.

    :param examples: the words of a call without ``sso-plugin``, shown at the end of the help.
    :param settings: further ones of `click.command`.
    """
    lines = "".join(f"\n  sso-plugin {example}" for example in examples)
    epilog = f"\b\nFor example:{lines}\n\nExit codes: {exit_codes}."

    def decorate(function: Callable[..., Any]) -> click.Command:
        make = click.command(None, click.Command, epilog=epilog, **settings)
        return make(debug_option(function))

    return decorate
